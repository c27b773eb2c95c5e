"""Why is a weekday slow? Its distance from the other days, split into volume, staff, handling, mix and what none of them explains.

Two steps, both on the log scale, so that parts add up whatever their size:

1. **Mix** by standardisation. Each channel × language × issue has its own usual wait on the reference days; the waits one would expect
   from the weekday's mix alone, over those expected from the reference days' mix, are the mix's part.
2. **Load** = volume × handling ÷ staff, for what is left. log load is a sum, so each of the three takes the part its own ratio has in
   it; handling counts within the same mix, and what the mix does to handling is the mix's. How strongly waits answer to load is not
   assumed but taken from the weekday itself (its *elasticity*: 1 % more load, so many % more wait), up to ``ELASTICITY_MAX``:
   two per cent more load cannot explain a doubled wait, and what is beyond stays unexplained.

The weekday's own difference decides how strongly load acts, so the parts say how the difference *divides*, not that load is its cause.
Intervals come from drawing weeks anew. A main cause is named only when it leads in nearly all of these draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from core.effects import reference_days, week_grid
from core.trends import EPOCH_WEEKDAY, Floats

CAUSES = ("volume", "staff", "handling", "mix")
LOAD = ("volume", "staff", "handle_time")
ELASTICITY_MAX = 5.0
WEEKS_MIN = 6
SHARE_MIN = 0.4
LEADS_MIN = 0.85
DRAWS = 1_999
STAFF_LEAST = 0.25
PAUSE_MAX = 3
SHRINK = 20.0  # conversations' worth of belief in "channel, language and issue act one by one"


@dataclass(frozen=True)
class Causes:
    """How a weekday's difference from its reference days divides.

    Args:
        weekday: 0 Monday … 6.
        ratio: mean of the weekday's day values over the mean of the reference days' day values.
        difference: the same as a difference, in the unit of the value.
        elasticity: per cent more wait for one per cent more load that the split uses; NaN where load explains nothing.
        main: the main cause (one of `CAUSES`), or ``unexplained``, or empty when no single one stands out.
        reason: why there is no split; empty when there is one.
        parts: one row per cause and ``unexplained``: cause, ratio (of what is measured; NaN for unexplained), ratio_low, ratio_high,
            share (of the difference; the shares add up to 1), share_low, share_high (95 %, drawn weeks), amount (unit of the value;
            adds up to ``difference``), leads (part of the draws in which it is the largest).
        n_weeks: weeks drawn.
    """

    weekday: int
    ratio: float
    difference: float
    elasticity: float
    main: str
    reason: str
    parts: pd.DataFrame
    n_weeks: int = 0


@dataclass(frozen=True)
class _Logs:
    """Log ratios of a weekday to its reference days, one value per draw (the first is the log as it is)."""

    value: Floats
    driver: dict[str, Floats] = field(default_factory=dict)

    def of(self, name: str) -> Floats:
        """A driver's log ratio; zero where it was not measured, so that it explains nothing."""
        return self.driver.get(name, np.zeros(len(self.value)))


def causes(days: pd.DataFrame, weekday: int, *, week_start: int = 0, seed: int = 20_240_105) -> Causes:
    """Divide a weekday's difference from its reference days among volume, staff, handling, mix and the unexplained.

    Args:
        days: one row per calendar day: local_day, value (mean wait of the day), and any of volume, staff (hours), handle_time,
            mix (wait expected from the day's mix), mix_handle (handling expected from it). NaN where a day has no such figure.
        weekday: the weekday to be explained, 0 Monday.
        week_start: first weekday of a week.
        seed: of the drawn weeks.

    Returns:
        `Causes`; without parts and with a reason (``too_few_weeks``, ``not_positive``, ``no_difference``, ``no_drivers``) where
        nothing can be divided.

    >>> day = np.arange(4, 4 + 70)
    >>> friday = day % 7 == 1
    >>> noise = np.random.default_rng(0).normal(1, 0.02, (2, 70))
    >>> found = causes(pd.DataFrame({"local_day": day, "value": 50 * noise[0] * (1 + 0.3 * friday),
    ...     "volume": 90 * noise[1] * (1 + 0.2 * friday), "staff": 34.0}), weekday=4)
    >>> found.main, round(float(found.parts["share"].sum()), 6)
    ('volume', 1.0)
    """
    days = days[days["value"].notna()]
    names = [name for name in (*LOAD, "mix", "mix_handle") if name in days and days[name].notna().any()]
    grids = {name: _grid(days, name, week_start) for name in ["value", *names]}
    blank = Causes(weekday, np.nan, np.nan, np.nan, "", "", _no_parts())
    weeks = len(grids["value"])
    own = int((~np.isnan(grids["value"][:, weekday])).sum())
    if own < WEEKS_MIN:
        return _refused(blank, "too_few_weeks")
    if not names:
        return _refused(blank, "no_drivers")
    drawn = _drawn(weeks, seed)
    means = {name: _means(grid, weekday, drawn) for name, grid in grids.items()}
    if any(not (mean[0][0] > 0 and mean[1][0] > 0) for mean in means.values()):
        return _refused(blank, "not_positive")
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = {name: np.log(own_mean / rest) for name, (own_mean, rest) in means.items()}
    if logs["value"][0] == 0:
        return _refused(blank, "no_difference")
    difference = float(means["value"][0][0] - means["value"][1][0])
    return _divided(_Logs(logs.pop("value"), logs), weekday, difference, weeks)


def _grid(days: pd.DataFrame, name: str, week_start: int) -> Floats:
    """A driver's day values as weeks × weekdays; the same weeks for every driver, whatever it lacks."""
    known = week_grid(days["local_day"], np.arange(len(days), dtype=np.float64), week_start)
    place = np.nan_to_num(known, nan=0.0).astype(np.int64)
    values = days[name].to_numpy(np.float64)
    return np.where(np.isnan(known), np.nan, values[place] if len(values) else np.nan)


def _refused(blank: Causes, reason: str) -> Causes:
    return Causes(blank.weekday, np.nan, np.nan, np.nan, "", reason, blank.parts)


def _no_parts() -> pd.DataFrame:
    columns = ("ratio", "ratio_low", "ratio_high", "share", "share_low", "share_high", "amount", "leads")
    return pd.DataFrame({"cause": pd.Series(dtype="str")} | {name: pd.Series(dtype="float64") for name in columns})


def _drawn(weeks: int, seed: int) -> Floats:
    """How often each week counts: once in the first row, as drawn in the others."""
    picks = np.random.default_rng(seed).multinomial(weeks, np.full(weeks, 1 / weeks), DRAWS)
    return np.vstack([np.ones(weeks), picks]).astype(np.float64)


def _means(grid: Floats, weekday: int, drawn: Floats) -> tuple[Floats, Floats]:
    """Mean over the weekday's days and over its reference days, per draw."""
    found = []
    for days in ([weekday], reference_days(weekday)):
        block = grid[:, days]
        with np.errstate(invalid="ignore", divide="ignore"):
            found.append((drawn @ np.nansum(block, axis=1)) / (drawn @ (~np.isnan(block)).sum(axis=1)))
    return found[0], found[1]


def _divided(logs: _Logs, weekday: int, difference: float, weeks: int) -> Causes:
    elasticity, parts = _parts(logs)
    known = {"volume": "volume", "staff": "staff", "handling": "handle_time", "mix": "mix"}
    rows = []
    leading = _leading(parts, logs.value)
    for place, cause in enumerate((*CAUSES, "unexplained")):
        if cause != "unexplained" and known[cause] not in logs.driver:
            continue
        share = parts[place] / logs.value
        own = _own_ratio(logs, cause)
        rows.append(
            {"cause": cause, "ratio": own[0], "ratio_low": _quantile(own, 0.025), "ratio_high": _quantile(own, 0.975),
             "share": share[0], "share_low": _quantile(share, 0.025), "share_high": _quantile(share, 0.975),
             "amount": difference * share[0], "leads": float((leading == place).mean())}
        )  # fmt: skip
    table = pd.DataFrame(rows)
    used = float(elasticity[0]) if elasticity[0] > 0 else np.nan
    return Causes(weekday, float(np.exp(logs.value[0])), difference, used, _main(table), "", table, weeks)


def _quantile(values: Floats, level: float) -> float:
    finite = values[1:][np.isfinite(values[1:])]
    return float(np.quantile(finite, level)) if len(finite) else np.nan


def _own_ratio(logs: _Logs, cause: str) -> Floats:
    """What was measured of a cause, as a ratio of the weekday to the rest; handling within the same mix."""
    if cause == "unexplained":
        return np.full(len(logs.value), np.nan)
    if cause == "handling":
        return np.asarray(np.exp(logs.of("handle_time") - logs.of("mix_handle")), dtype=np.float64)
    return np.asarray(np.exp(logs.of(cause)), dtype=np.float64)


def _parts(logs: _Logs) -> tuple[Floats, Floats]:
    """The elasticity per draw, and the parts of the log ratio (causes and unexplained × draws)."""
    own_handling = logs.of("handle_time") - logs.of("mix_handle") * ("handle_time" in logs.driver)
    mix_handling = logs.of("handle_time") - own_handling
    load = logs.of("volume") - logs.of("staff") + logs.of("handle_time")
    left = logs.value - logs.of("mix")
    with np.errstate(invalid="ignore", divide="ignore"):
        elasticity = np.clip(np.nan_to_num(left / load, nan=0.0, posinf=0.0, neginf=0.0), 0.0, ELASTICITY_MAX)
    told = np.array(
        [
            elasticity * logs.of("volume"),
            -elasticity * logs.of("staff"),
            elasticity * own_handling,
            logs.of("mix") + elasticity * mix_handling,
        ]
    )
    return elasticity, np.vstack([told, logs.value - told.sum(axis=0)])


def _leading(parts: Floats, value: Floats) -> NDArray[np.int64]:
    """Per draw, which part goes furthest in the direction of the difference itself."""
    toward = parts[:, 1:] * np.sign(value[0])
    return np.asarray(np.argmax(np.where(np.isnan(toward), -np.inf, toward), axis=0), dtype=np.int64)


def _main(parts: pd.DataFrame) -> str:
    """The part that leads in nearly every draw, is a good part of the difference and surely not nothing; else empty."""
    best = parts.loc[parts["share"].idxmax()]
    stands = best["leads"] >= LEADS_MIN and best["share"] >= SHARE_MIN and best["share_low"] > 0
    return str(best["cause"]) if stands else ""


# --- staff ---------------------------------------------------------------------------------------------------------------------


def felt_staff(staffed: pd.DataFrame, arrivals: ArrayLike) -> pd.Series:
    """Staff of each day as its customers meet it: hours in which many write weigh more than quiet ones.

    Four hours missing at noon are felt more than four at night. With the usual share of customers per hour, w, and the staff there, s,
    a customer meets Σ w·w/s contacts per staff; its inverse is a number of staff that halves when every hour's staff halves. An hour
    without staff in which customers write counts as ``STAFF_LEAST``.

    Args:
        staffed: one row per local_day × hour (0–23): hours worked in it.
        arrivals: usual contacts per hour of the day, 24 numbers.

    Returns:
        One number per local_day; only its ratios between days mean something.

    >>> staffed = pd.DataFrame({"local_day": [0, 0, 1, 1], "hour": [3, 12, 3, 12], "hours": [1.0, 4, 4, 1]})
    >>> felt_staff(staffed, [0.1 if hour == 3 else 0.9 if hour == 12 else 0 for hour in range(24)]).round(2).tolist()
    [3.86, 1.01]
    """
    weight = np.nan_to_num(np.asarray(arrivals, dtype=np.float64))
    weight = weight / max(weight.sum(), 1e-12)
    table = staffed.pivot_table(index="local_day", columns="hour", values="hours", aggfunc="sum").reindex(columns=range(24))
    people = np.maximum(np.nan_to_num(table.to_numpy(np.float64)), STAFF_LEAST)
    return pd.Series(1 / (weight**2 / people).sum(axis=1) * (weight**2).sum(), index=table.index, name="staff")


def present_hours(seen: pd.DataFrame) -> pd.DataFrame:
    """How many agents were at work in each hour, from the hours in which they were seen: a proxy where there is no roster.

    Between two signs of work on a day an agent was there, unless they lie more than ``PAUSE_MAX`` hours apart: a quiet hour of somebody
    on duty is not an hour without staff, and a busy day does not look better staffed than a quiet one.

    Args:
        seen: one row per agent × local_day × hour with a sign of work.

    >>> present_hours(pd.DataFrame({"agent": ["a", "a"], "local_day": [0, 0], "hour": [9, 11]}))["hour"].tolist()
    [9, 10, 11]
    """
    rows = seen.drop_duplicates(["agent", "local_day", "hour"]).sort_values(["agent", "local_day", "hour"])
    step = rows.groupby(["agent", "local_day"])["hour"].shift(-1) - rows["hour"]
    stay = np.where(step <= PAUSE_MAX, step, 1).astype(np.int64)
    row = np.repeat(np.arange(len(rows)), stay)
    after = np.arange(row.size) - np.repeat(np.cumsum(stay) - stay, stay)
    frame = pd.DataFrame({"local_day": rows["local_day"].to_numpy()[row], "hour": rows["hour"].to_numpy()[row] + after})
    return frame.groupby(["local_day", "hour"]).size().rename("hours").astype("float64").reset_index()


# --- mix -----------------------------------------------------------------------------------------------------------------------


def expected(cells: pd.DataFrame, dimensions: Sequence[str], weekday: int) -> pd.Series:
    """Day values one would expect from each day's mix alone, at what each combination usually has on the reference days.

    A combination's usual figure is its own on the reference days, drawn towards that of "channel, language and issue act one by one"
    where it has few cases. The weekday's own figures play no part, so its slowness cannot pass for its mix.

    Args:
        cells: one row per day × combination: local_day, the dimensions, n, total (sum of the values).
        dimensions: columns that make a combination.
        weekday: the weekday to be explained, 0 Monday.

    Returns:
        The expected value per local_day; NaN where there are no cases.

    >>> cells = pd.DataFrame({"local_day": [4, 4, 5, 5], "language": ["en", "fr"] * 2, "n": [100.0, 100, 50, 150]})
    >>> cells["total"] = cells["n"] * [10, 30, 10, 30]
    >>> expected(cells, ["language"], weekday=4).round(1).tolist()  # day 4 was a Monday: 20 on average; Tuesday has more French
    [20.0, 25.0]
    """
    rates = usual(cells, dimensions, weekday)
    joined = cells.merge(rates, on=list(dimensions), how="left")
    joined["due"] = joined["n"] * joined["rate"]
    days = joined.groupby("local_day")[["due", "n"]].sum()
    return (days["due"] / days["n"].where(days["n"] > 0)).rename("expected")


def usual(cells: pd.DataFrame, dimensions: Sequence[str], weekday: int) -> pd.DataFrame:
    """The usual figure (``rate``) of every combination that occurs, from the reference days of a weekday."""
    of = (cells["local_day"].to_numpy() + EPOCH_WEEKDAY) % 7
    names = list(dimensions)
    everything = cells[names].drop_duplicates().reset_index(drop=True)
    seen = cells[np.isin(of, reference_days(weekday))].groupby(names, observed=True)[["n", "total"]].sum()
    known = everything.merge(seen.reset_index(), on=names, how="left").fillna({"n": 0.0, "total": 0.0})
    alone = _one_by_one(known, names)
    known["rate"] = (known["total"] + SHRINK * alone) / (known["n"] + SHRINK)
    return known[[*names, "rate"]]


def _one_by_one(known: pd.DataFrame, names: Sequence[str], rounds: int = 12) -> Floats:
    """Rates as a product of one factor per label, so fitted that every label's total comes out right."""
    n, total = known["n"].to_numpy(np.float64), known["total"].to_numpy(np.float64)
    rate = np.full(len(known), total.sum() / max(n.sum(), 1e-12))
    codes = [known[name].astype("category").cat.codes.to_numpy() for name in names]
    for _ in range(rounds):
        for code in codes:
            seen, due = np.bincount(code, total), np.bincount(code, n * rate)
            rate = rate * np.where(due > 0, seen / np.where(due > 0, due, 1.0), 1.0)[code]
    return np.asarray(rate, dtype=np.float64)


def mix_shifts(cells: pd.DataFrame, dimensions: Sequence[str], weekday: int) -> pd.DataFrame:
    """Which labels come more or less often on the weekday, and what each is usually like.

    Returns:
        One row per dimension × label: dimension, label, share_day, share_rest, usual (the label's figure on the reference days),
        effect (what its changed share adds to the day's expected value, in the unit of the value); largest effect first.
    """
    of = (cells["local_day"].to_numpy() + EPOCH_WEEKDAY) % 7
    own, rest = cells[of == weekday], cells[np.isin(of, reference_days(weekday))]
    overall = rest["total"].sum() / max(rest["n"].sum(), 1e-12)
    rows = []
    for name in dimensions:
        mine, theirs = (frame.groupby(name, observed=True)[["n", "total"]].sum() for frame in (own, rest))
        both = theirs.join(mine[["n"]].rename(columns={"n": "day"}), how="outer").fillna(0.0)
        shares = {"share_day": both["day"] / max(both["day"].sum(), 1e-12), "share_rest": both["n"] / max(both["n"].sum(), 1e-12)}
        found = both.assign(**shares, usual=both["total"] / both["n"].where(both["n"] > 0), dimension=name, label=both.index)
        rows.append(found.assign(effect=(found["share_day"] - found["share_rest"]) * (found["usual"] - overall)))
    columns = ["dimension", "label", "share_day", "share_rest", "usual", "effect"]
    frame = pd.concat(rows)[columns] if rows else pd.DataFrame(columns=columns)
    return frame.sort_values("effect", key=np.abs, ascending=False, ignore_index=True)
