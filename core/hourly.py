"""Which hours of the day differ, and where in the week: pooled figures with days as blocks.

An hour's figure pools all its cases (never a mean of means). Days are the blocks: what a day does to all its hours cancels when an hour
is compared with the other hours of the same days, and a cell of the week is compared with the same hour on the reference weekdays.
Intervals linearise the ratio of sums per day; Holm runs over the hours judged, and over the cells judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from core.effects import reference_days
from core.trends import ALPHA, EPOCH_WEEKDAY, Floats, adjust, verdict_codes


@dataclass(frozen=True)
class HourRules:
    """What an hour or a cell of the week needs before it is judged.

    Args:
        days_min: days with a case.
        n_min: cases of an hour; ``cell_min`` of a cell of the week.
        margin: a difference within it (90 % interval) is practically unchanged; of the ratio, or in the unit of the value.
        relative: whether the margin is one of the ratio.
    """

    days_min: int = 8
    n_min: int = 50
    cell_min: int = 20
    margin: float = 0.10
    relative: bool = True


@dataclass(frozen=True)
class _Side:
    """Totals and cases per day of what is compared."""

    total: Floats
    n: Floats

    @property
    def rate(self) -> float:
        return float(self.total.sum() / self.n.sum()) if self.n.sum() > 0 else np.nan

    @property
    def days(self) -> int:
        return int((self.n > 0).sum())

    @property
    def influence(self) -> Floats:
        """What each day adds to the error of the rate."""
        return (self.total - self.rate * self.n) / self.n.sum()


def hours(cells: pd.DataFrame, rules: HourRules | None = None) -> pd.DataFrame:
    """Each hour of the day against the other hours of the same days.

    Args:
        cells: one row per local_day × hour (0–23) with cases: n, total (sum of the values). For counts a row per open hour: n 1.
        rules: what an hour needs.

    Returns:
        One row per hour that has cases: hour, n, n_days, value, rest, ratio, low, high (95 %), difference, difference_low,
        difference_high, p, p_adjusted, verdict, direction, reason.

    >>> rng = np.random.default_rng(0)
    >>> cells = pd.DataFrame({"local_day": np.repeat(range(30), 3), "hour": [9, 10, 11] * 30, "n": 10.0})
    >>> cells["total"] = cells["n"] * (50 + 30 * (cells["hour"] == 10) + rng.normal(0, 5, 90))
    >>> hours(cells)["verdict"].tolist()[1]
    'strong_evidence'
    """
    rules = rules or HourRules()
    _, total, n = _grid(cells)
    day_total, day_n = total.sum(axis=1), n.sum(axis=1)
    rows = []
    for hour in np.flatnonzero(n.sum(axis=0) > 0):
        own, rest = _Side(total[:, hour], n[:, hour]), _Side(day_total - total[:, hour], day_n - n[:, hour])
        rows.append({"hour": int(hour)} | _compared(own, rest, rules, paired=True))
    return _judged(rows, rules, rules.n_min)


def week_cells(cells: pd.DataFrame, rules: HourRules | None = None) -> pd.DataFrame:
    """Each weekday × hour against the same hour on its reference days (the other workdays; for a weekend day all others).

    The strongest cell of an hour is then set aside and the others are compared without it, so that a slow Wednesday noon does not make
    Sunday noon look fast. Args and columns as `hours`, with ``weekday`` (0 Monday) first.
    """
    rules = rules or HourRules()
    first = _week_pass(cells, rules, {})
    passed = first[first["p_adjusted"] < ALPHA] if len(first) else first
    if not len(passed):
        return first
    strongest = passed.sort_values("p").drop_duplicates("hour")
    return _week_pass(cells, rules, dict(zip(strongest["hour"], strongest["weekday"], strict=True)))


def _week_pass(cells: pd.DataFrame, rules: HourRules, aside: Mapping[int, int]) -> pd.DataFrame:
    """All cells once; ``aside`` is the weekday that is nobody's reference in an hour."""
    days, total, n = _grid(cells)
    weekday = (days + EPOCH_WEEKDAY) % 7
    rows = []
    for day in range(7):
        mine = weekday == day
        for hour in np.flatnonzero(n[mine].sum(axis=0) > 0):
            kept = [other for other in reference_days(day) if other != aside.get(int(hour))]
            others = np.isin(weekday, kept)
            own, rest = _Side(total[mine, hour], n[mine, hour]), _Side(total[others, hour], n[others, hour])
            rows.append({"weekday": day, "hour": int(hour)} | _compared(own, rest, rules, paired=False))
    return _judged(rows, rules, rules.cell_min)


def _grid(cells: pd.DataFrame) -> tuple[Any, Floats, Floats]:
    """Days, and their totals and cases by hour."""
    days, place = np.unique(cells["local_day"].to_numpy(np.int64), return_inverse=True)
    hour = cells["hour"].to_numpy(np.int64)
    shape = (len(days), 24)
    total, n = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (place, hour), cells["total"].to_numpy(np.float64))
    np.add.at(n, (place, hour), cells["n"].to_numpy(np.float64))
    return days, total, n


def _compared(own: _Side, rest: _Side, rules: HourRules, *, paired: bool) -> dict[str, Any]:
    """Ratio and difference of two rates with their intervals and p."""
    row: dict[str, Any] = {"n": float(own.n.sum()), "n_days": own.days, "value": own.rate, "rest": rest.rate}
    shift, ratio = own.rate - rest.rate, own.rate / rest.rate if rest.rate > 0 else np.nan
    row |= dict.fromkeys(("ratio", "low", "high", "difference", "difference_low", "difference_high", "p"), np.nan)
    row |= {"ratio": ratio, "difference": shift, "unchanged": False}
    if min(own.days, rest.days) < 2 or not np.isfinite(shift):
        return row
    error, df = _error(own, rest, paired, relative=False)
    t, t90 = (float(special.stdtrit(df, level)) for level in (0.975, 0.95))
    row |= {"difference_low": shift - t * error, "difference_high": shift + t * error}
    inside = max(abs(shift - t90 * error), abs(shift + t90 * error)) < rules.margin
    p = 2 * float(special.stdtr(df, -abs(shift / error))) if error > 0 else np.nan
    if np.isfinite(ratio) and ratio > 0:
        log_error, df = _error(own, rest, paired, relative=True)
        row |= {"low": ratio * np.exp(-t * log_error), "high": ratio * np.exp(t * log_error)}
        if rules.relative:
            ends = ratio * np.exp(np.array([-t90, t90]) * log_error)
            inside = bool(np.abs(ends - 1).max() < rules.margin)
            p = 2 * float(special.stdtr(df, -abs(np.log(ratio) / log_error))) if log_error > 0 else np.nan
    return row | {"p": p, "unchanged": inside}


def _error(own: _Side, rest: _Side, paired: bool, relative: bool) -> tuple[float, float]:
    """Standard error of the difference of two rates (of their logarithms where relative), and its degrees of freedom.

    The same days: from what each day adds to the difference. Different days: both sides scatter alike per case, because a dozen days
    alone tell too little of their scatter. Waits are skewed: days that happen to be quick look calm too, and would pass for sure.
    """
    scale = (own.rate, rest.rate) if relative else (1.0, 1.0)
    if paired:
        size = own.days
        apart = own.influence / scale[0] - rest.influence / scale[1]
        return float(np.sqrt((apart**2).sum() * size / (size - 1))), size - 1.0
    sides = list(zip((own, rest), scale, strict=True))
    scatter = sum(float((((side.total - side.rate * side.n) / by) ** 2 / np.maximum(side.n, 1)).sum()) for side, by in sides)
    df = own.days + rest.days - 2.0
    return float(np.sqrt(scatter / df * sum(1 / side.n.sum() for side, _ in sides))), df


def _judged(rows: list[dict[str, Any]], rules: HourRules, n_min: int) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    enough = ((frame["n"] >= n_min) & (frame["n_days"] >= rules.days_min)).to_numpy()
    p = frame["p"].where(enough)
    frame["p_adjusted"] = adjust(p)
    frame["verdict"] = verdict_codes(p.to_numpy(), frame["p_adjusted"].to_numpy(), frame.pop("unchanged"), enough)
    frame["direction"] = np.select([frame["difference"] > 0, frame["difference"] < 0], ["up", "down"], "none")
    frame["reason"] = np.select([~enough, frame["verdict"] == "cannot_be_judged"], ["too_few_cases", "zero_variance"], "")
    return frame
