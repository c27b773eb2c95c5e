"""Weekday effects: is one weekday different, by how much, and what comes with it?

``weekday_finding`` works on day values (one number per calendar day), never on pooled chats: twenty thousand chats make
every Friday "significant". Weeks are the blocks, so a busy week cannot pass for a busy weekday.

A weekday is named only when two things agree:

1. the values of each week, dealt out to its days at random, rarely put as much on that day (workdays are dealt among
   workdays, because weekends have another volume and so another spread; a weekend day must pass a t test over weeks
   as well), Holm over all weekdays: the smallest adjusted p answers "do weekdays differ at all?";
2. the interval of its ratio to the rest, with weeks as blocks, leaves out 1.

Friedman's test over complete weeks stands beside it as a second opinion. It decides nothing: with eight weeks it finds
a weekday that is 20 % slower in two of three logs, the deals in nine of ten, both at the same rate of false alarms.

After a day is named it is set aside and the others are compared among themselves, so that a slow Friday does not make
Monday look fast. ``decompose`` asks what else differs on a named day: volume, staff, contacts per staff, handling, mix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from core.fairness import Estimate
from core.trends import ALPHA, EPOCH_WEEKDAY, Floats, adjust, verdict_codes, week_of

WORKDAYS = (0, 1, 2, 3, 4)
COMPARED_MIN = 3  # with two days left nobody can say which of them is the odd one
TEST = "within_week_permutation"


@dataclass(frozen=True)
class WeekdayRules:
    """What a weekday needs before it is judged.

    Args:
        days_min: days with a value each weekday needs; a weekday below is not judged.
        margin: a ratio within 1 ± margin (90 % interval) is practically unchanged.
        draws: random deals of the permutation test.
        seed: seed of the deals; the same seed gives the same p.
        week_start: first weekday of a week, 0 Monday.
    """

    days_min: int = 8
    margin: float = 0.10
    draws: int = 19_999
    seed: int = 20_240_105
    week_start: int = 0


@dataclass(frozen=True)
class WeekdayFinding:
    """What the weekdays of a log say.

    Args:
        test: code of the omnibus test, ``within_week_permutation``.
        p: omnibus p-value, "do weekdays differ at all?": the smallest Holm-adjusted one; NaN when it does not exist.
        p_friedman: Friedman's p over the weeks without gaps, as a second opinion.
        verdict: verdict code of the omnibus question: the strongest verdict of a weekday.
        named: weekdays (0 Monday) that differ from the rest by evidence, strongest first.
        n_weeks: weeks with data; ``complete_weeks`` of them enter Friedman's test.
        weekdays: one row per weekday 0–6: weekday, n_days, n, mean, ratio_to_rest, low, high, difference,
            difference_low, difference_high, superiority, p, p_adjusted, verdict, reason.
        family: weekdays tested together (size of the Holm family).
        reason: why there is no verdict; empty when there is one.
    """

    test: str
    p: float
    p_friedman: float
    verdict: str
    named: tuple[int, ...]
    n_weeks: int
    complete_weeks: int
    weekdays: pd.DataFrame
    family: int
    reason: str = ""


@dataclass(frozen=True)
class Contrast:
    """One weekday against its reference days, weeks as blocks.

    Args:
        ratio: ratio of the two means of day values, 95 % interval; n is the number of weeks.
        ratio90: the same with a 90 % interval, for the equivalence check.
        difference: the difference in units of the value, 95 % interval.
        p: two-sided p-value of "no difference", t test over weeks.
    """

    ratio: Estimate
    ratio90: Estimate
    difference: Estimate
    p: float

    def inside(self, margin: float) -> bool:
        """Whether the 90 % interval of the ratio lies within 1 ± margin."""
        return self.ratio90.low > 1 - margin and self.ratio90.high < 1 + margin


def _absent(reason: str, weeks: float = 0) -> Estimate:
    return Estimate(np.nan, np.nan, np.nan, weeks, "week_clustered", reason)


def reference_days(weekday: int, days: ArrayLike = range(7)) -> list[int]:
    """The days a weekday is compared with: the other workdays for a workday, all other days for a weekend day.

    >>> reference_days(4), reference_days(5)
    ([0, 1, 2, 3], [0, 1, 2, 3, 4, 6])
    """
    rest = [int(day) for day in np.asarray(days) if day != weekday]
    return [day for day in rest if day in WORKDAYS] if weekday in WORKDAYS else rest


def week_grid(local_day: ArrayLike, values: ArrayLike, week_start: int = 0) -> Floats:
    """Day values as a table of weeks × weekdays (column 0 is Monday), gaps NaN. Two values for a day are an error.

    >>> week_grid([4, 5, 11], [1.0, 2.0, 3.0])[:, :2].tolist()
    [[1.0, 2.0], [3.0, nan]]
    """
    day = np.asarray(local_day, dtype=np.int64)
    if len(np.unique(day)) < len(day):
        raise ValueError("more than one row per local_day.")
    if not len(day):
        return np.empty((0, 7))
    week = week_of(day, week_start) - week_of(day, week_start).min()
    grid = np.full((int(week.max()) + 1, 7), np.nan)
    grid[week, (day + EPOCH_WEEKDAY) % 7] = np.asarray(values, dtype=np.float64)
    return np.asarray(grid[~np.isnan(grid).all(axis=1)], dtype=np.float64)


def contrast(grid: Floats, weekday: int, rest: list[int]) -> Contrast:
    """Mean of a weekday's day values against the mean of the other days' values, with intervals over weeks.

    Both means are taken over all days; their ratio and difference are linearised per week, so whatever a week does to
    all its days cancels, and days of one week may resemble each other. t quantile with weeks − 1 degrees of freedom;
    the interval of the ratio is made on the log scale. Means that are not positive have no ratio.

    >>> found = contrast(np.array([[1.0, 2.2], [1.2, 2.2], [0.8, 1.9]]), 1, [0]).ratio
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (2.1, 1.5, 2.94)
    """
    own, others = grid[:, [weekday]], grid[:, rest]
    if np.isnan(own).all() or np.isnan(others).all():
        return Contrast(_absent("no_data"), _absent("no_data"), _absent("no_data"), np.nan)
    kept = ~np.isnan(np.hstack([own, others])).all(axis=1)
    mean_own, share_own = _mean_by_week(own[kept])
    mean_rest, share_rest = _mean_by_week(others[kept])
    shift, shift_error = mean_own - mean_rest, _week_error(share_own - share_rest)
    t = _t_quantiles(weeks := int(kept.sum()))
    ends = (shift - t[0] * shift_error, shift + t[0] * shift_error)
    difference = Estimate(shift, *ends, weeks, "week_clustered")
    if min(mean_own, mean_rest) <= 0:
        none = _absent("not_positive", weeks)
        return Contrast(none, none, difference, _t_p(shift, shift_error, weeks))
    ratio, error = mean_own / mean_rest, _week_error(share_own / mean_own - share_rest / mean_rest)
    factors = [float(np.exp(quantile * error)) for quantile in t]
    wide, narrow = (Estimate(ratio, ratio / f, ratio * f, weeks, "week_clustered") for f in factors)
    return Contrast(wide, narrow, difference, _t_p(float(np.log(ratio)), error, weeks))


def _t_quantiles(weeks: int) -> tuple[float, float]:
    """For 95 % and 90 % intervals over this many weeks."""
    return float(special.stdtrit(max(weeks - 1, 1), 0.975)), float(special.stdtrit(max(weeks - 1, 1), 0.95))


def _mean_by_week(values: Floats) -> tuple[float, Floats]:
    """Mean over all days and each week's share in its error."""
    seen = ~np.isnan(values)
    mean = float(np.nanmean(values))
    return mean, (np.nansum(values, axis=1) - mean * seen.sum(axis=1)) / seen.sum()


def _week_error(influence: Floats) -> float:
    weeks = len(influence)
    return float(np.sqrt((influence**2).sum() * weeks / (weeks - 1))) if weeks > 1 else np.nan


def _t_p(effect: float, error: float, weeks: int) -> float:
    if np.isnan(error) or error > 0:
        return float(2 * special.stdtr(weeks - 1, -abs(effect / error))) if error > 0 else np.nan
    # the same difference every week has no error to divide by: the sign test is what is left
    return float(0.5 ** (weeks - 1)) if effect else 1.0


def within_week_permutation(grid: Floats, draws: int = 19_999, seed: int = 20_240_105, relative: bool = True) -> Floats:
    """P-value per day of a table (weeks × days): is its mean too far from the others' for values dealt at random?

    The values of each week are dealt out to the days of that week that have one; weeks count relative to their own
    mean (absolute where a week's mean is not positive, or without ``relative``). Two-sided: deals at least as far out on
    either side, counted as (b + 1) / (draws + 1); where there are no more deals than ``draws``, all of them are counted and p is exact.
    A gap leaves the week with the days it has. Turning each week's values round instead of dealing them gives the same p: either way
    each of a week's values is equally likely on a given day.

    >>> within_week_permutation(np.array([[10.0, 12, 15], [9, 11, 16], [12, 10, 14]])).round(4).tolist()
    [0.2593, 0.4815, 0.037]
    """
    centre = np.nanmean(grid, axis=1, keepdims=True)
    scale = centre if relative and (centre > 0).all() else 1.0
    aligned = (grid - centre) / scale
    seen = ~np.isnan(grid)
    packed = np.take_along_axis(aligned, np.argsort(~seen, axis=1, kind="stable"), axis=1)
    size = seen.sum(axis=1)
    # which value a given day gets is uniform over its week, so one pick per week serves every day
    every = float(np.prod(size.astype(np.float64))) if len(size) else 1.0
    exact = every <= draws
    if exact:
        picks = np.indices(tuple(int(days) for days in size)).reshape(len(size), -1).T
    else:
        picks = (np.random.default_rng(seed).random((draws, len(grid))) * size).astype(np.int64)
    dealt = np.take_along_axis(packed.T, picks, axis=0) @ seen.astype(np.float64)
    observed = np.abs(np.nansum(aligned, axis=0))
    beyond = (np.abs(dealt) >= observed - 1e-12 * (1 + observed)).sum(axis=0)
    return np.where(seen.any(axis=0), beyond / every if exact else (beyond + 1) / (draws + 1), np.nan)


def superiority(a: ArrayLike, b: ArrayLike) -> float:
    """Probability that a random value of ``a`` is larger than a random one of ``b``; ties count half.

    >>> superiority([3, 4], [1, 3])
    0.875
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if not len(first) or not len(second):
        return np.nan
    ranks = stats.rankdata(np.concatenate([first, second]))[: len(first)]
    return float((ranks.sum() - len(first) * (len(first) + 1) / 2) / (len(first) * len(second)))


def friedman(grid: Floats) -> tuple[float, int]:
    """Friedman's p-value over the weeks without gaps, and how many those are; NaN when it does not exist.

    >>> p, weeks = friedman(np.array([[1.0, 2, 3], [1, 2, 3], [1, 2, np.nan], [1, 2, 4]]))
    >>> round(p, 3), weeks
    (0.05, 3)
    """
    complete = grid[~np.isnan(grid).any(axis=1)]
    constant = len(complete) == 0 or (complete == complete[:, :1]).all()
    if constant or len(complete) < 2 or grid.shape[1] < COMPARED_MIN:
        return np.nan, len(complete)
    return float(stats.friedmanchisquare(*complete.T).pvalue), len(complete)


@dataclass(frozen=True)
class _DayTests:
    """Per weekday: p, Holm-adjusted p and the contrast it was tested by; the days found, strongest first."""

    p: Floats
    p_adjusted: Floats
    contrasts: list[Contrast]
    found: tuple[int, ...]


def _step_down(grid: Floats, judged: list[int], rules: WeekdayRules) -> _DayTests:
    """Name the strongest day, set it aside, compare the rest among themselves, until nothing stands out."""
    p, p_adjusted = np.full(7, np.nan), np.full(7, np.nan)
    tested = [contrast(grid, day, []) for day in range(7)]
    left, found, floor = list(judged), [], 0.0
    while left:
        for day in left:
            tested[day] = contrast(grid, day, reference_days(day, left))
        p[left] = _day_p(grid, left, rules)
        p_adjusted[left] = np.fmax(adjust(p[left]), floor)
        best = min(left, key=lambda day: (np.nan_to_num(p[day], nan=2.0), np.nan_to_num(tested[day].p, nan=2.0)))
        if not (p_adjusted[best] < ALPHA and tested[best].p < ALPHA):
            break
        found.append(best)
        floor = float(p_adjusted[best])
        left.remove(best)
    p_adjusted[np.isnan(p)] = np.nan
    return _DayTests(p, p_adjusted, tested, tuple(found))


def _day_p(grid: Floats, days: list[int], rules: WeekdayRules) -> Floats:
    """Unadjusted p of each day among the given ones."""
    work = [day for day in days if day in WORKDAYS]
    weekend = [day for day in days if day not in WORKDAYS]
    p = dict(zip(work, _dealt_p(grid[:, work], rules), strict=True))
    p |= {day: contrast(grid, day, reference_days(day, days)).p for day in weekend}
    if any(p[day] < ALPHA for day in weekend):
        dealt = dict(zip(days, _dealt_p(grid[:, days], rules), strict=True))
        p |= {day: max(dealt[day], p[day]) for day in weekend}
    return np.array([p[day] for day in days])


def _dealt_p(block: Floats, rules: WeekdayRules) -> Floats:
    if block.shape[1] < COMPARED_MIN:
        return np.full(block.shape[1], np.nan)
    return within_week_permutation(block[(~np.isnan(block)).sum(axis=1) > 1], rules.draws, rules.seed)


def weekday_finding(daily: pd.DataFrame, **choices: Any) -> WeekdayFinding:
    """Which weekdays differ from the rest, by how much, how sure.

    ``ratio_to_rest`` is the mean of the weekday's day values over the mean of the other workdays' day values (for a
    weekend day: of all other days), with a 95 % interval over weeks; ``difference`` is the same in units of the value;
    ``superiority`` the chance that a random such day exceeds a random reference day. ``p`` and the verdict compare a
    day with the days not named before it. Weekdays with fewer than ``days_min`` values are shown and not judged
    (``not_enough_data``); fewer than three judged weekdays judge nothing. Weekdays a shop is closed on have n_days 0.

    Args:
        daily: one row per calendar day with a value: local_day, value (mean of the day), n (observations behind it).
        **choices: any field of ``WeekdayRules``: days_min, margin, draws, seed, week_start.

    >>> day = np.arange(4, 4 + 70)
    >>> value = 100.0 + 30 * (day % 7 == 1) + np.random.default_rng(0).normal(0, 5, 70)  # 1970-01-09 was a Friday
    >>> found = weekday_finding(pd.DataFrame({"local_day": day, "value": value, "n": 40}))
    >>> found.named, found.verdict, found.weekdays["verdict"].tolist()[:2]
    ((4,), 'strong_evidence', ['practically_unchanged', 'practically_unchanged'])
    """
    rules = WeekdayRules(**choices)
    if daily[["local_day", "value", "n"]].isna().any(axis=None):
        raise ValueError("local_day, value and n must not hold missing values; leave out days without a value.")
    grid = week_grid(daily["local_day"], daily["value"], rules.week_start)
    n_days = (~np.isnan(grid)).sum(axis=0)
    judged = [day for day in range(7) if n_days[day] >= rules.days_min]
    judged = judged if len(judged) >= COMPARED_MIN else []
    p_friedman, complete = friedman(grid[:, judged])
    contrasts = [contrast(grid, day, reference_days(day)) for day in range(7)]
    tests = _step_down(grid, judged, rules)
    p_omnibus = _smallest(tests.p_adjusted)
    p_adjusted = _gated(tests)
    table = _weekday_table(daily, grid, contrasts)
    unchanged = [each.inside(rules.margin) for each in tests.contrasts]
    verdicts = verdict_codes(tests.p, p_adjusted, unchanged, np.isin(np.arange(7), judged))
    table = table.assign(p=tests.p, p_adjusted=p_adjusted, verdict=verdicts, reason=_reasons(verdicts, n_days, grid))
    named = tuple(day for day in tests.found if verdicts[day] in ("evidence", "strong_evidence"))
    verdict = _overall(verdicts, judged)
    family = int((~np.isnan(tests.p)).sum())
    reason = "" if judged else "too_few_days"
    return WeekdayFinding(TEST, p_omnibus, p_friedman, verdict, named, len(grid), complete, table, family, reason)


def asked_beforehand(daily: pd.DataFrame, weekday: int, **choices: Any) -> dict[str, Any]:
    """One weekday against its reference days, chosen before anybody looked: one test, so nothing is corrected for.

    p is the larger of the deals' within weeks and the t test's over weeks: both must agree.

    Args:
        daily: as in `weekday_finding`.
        weekday: 0 Monday.
        **choices: any field of ``WeekdayRules``.

    Returns:
        The row of that weekday as in ``WeekdayFinding.weekdays``; ``p_adjusted`` is ``p``.

    >>> day = np.arange(4, 4 + 70)
    >>> value = 100.0 + 30 * (day % 7 == 1) + np.random.default_rng(0).normal(0, 5, 70)
    >>> found = asked_beforehand(pd.DataFrame({"local_day": day, "value": value, "n": 40}), 4)
    >>> found["verdict"], round(found["ratio_to_rest"], 1)
    ('strong_evidence', 1.3)
    """
    rules = WeekdayRules(**choices)
    grid = week_grid(daily["local_day"], daily["value"], rules.week_start)
    tested = contrast(grid, weekday, reference_days(weekday))
    row: dict[str, Any] = _weekday_table(daily, grid, [contrast(grid, d, reference_days(d)) for d in range(7)]).iloc[weekday].to_dict()
    there = [day for day in (weekday, *reference_days(weekday)) if not np.isnan(grid[:, day]).all()]
    p = max(float(_day_p(grid, there, rules)[0]), tested.p) if weekday in there and len(there) >= COMPARED_MIN else np.nan
    enough = np.array([row["n_days"] >= rules.days_min])
    verdict = str(verdict_codes(np.array([p]), np.array([p]), [tested.inside(rules.margin)], enough)[0])
    reason = _reasons(np.array([verdict]), np.array([int(row["n_days"])]), grid)[0]
    return row | {"weekday": weekday, "p": p, "p_adjusted": p, "verdict": verdict, "reason": str(reason)}


def _smallest(p: Floats) -> float:
    return float(np.nanmin(p)) if not np.isnan(p).all() else np.nan


def _gated(tests: _DayTests) -> Floats:
    """Adjusted p per weekday, lifted to that of its interval where the interval holds 1."""
    interval = np.array([each.p for each in tests.contrasts])
    return np.where(interval < ALPHA, tests.p_adjusted, np.fmax(tests.p_adjusted, interval) + 0 * tests.p)


def _weekday_table(daily: pd.DataFrame, grid: Floats, contrasts: list[Contrast]) -> pd.DataFrame:
    weekday = (daily["local_day"].to_numpy(np.int64) + EPOCH_WEEKDAY) % 7
    n_days = (~np.isnan(grid)).sum(axis=0)
    columns: dict[str, NDArray[Any] | list[Any]] = {
        "weekday": np.arange(7),
        "n_days": n_days,
        "n": np.bincount(weekday, weights=daily["n"].to_numpy(np.float64), minlength=7),
        "mean": np.nansum(grid, axis=0) / np.where(n_days, n_days, np.nan),
    }
    for name, field in (("ratio_to_rest", "value"), ("low", "low"), ("high", "high")):
        columns[name] = [getattr(each.ratio, field) for each in contrasts]
    for name, field in (("difference", "value"), ("difference_low", "low"), ("difference_high", "high")):
        columns[name] = [getattr(each.difference, field) for each in contrasts]
    columns["superiority"] = [
        superiority(_known(grid[:, [day]]), _known(grid[:, reference_days(day)])) for day in range(7)
    ]
    return pd.DataFrame(columns)


def _known(values: Floats) -> Floats:
    return np.asarray(values[~np.isnan(values)], dtype=np.float64)


def _reasons(verdicts: NDArray[np.str_], n_days: NDArray[np.int64], grid: Floats) -> NDArray[np.str_]:
    flat = not len(grid) or np.nanmax(grid) == np.nanmin(grid)
    stuck = "zero_variance" if flat else "too_few_weekdays"
    rules = [
        (n_days == 0, "closed"),
        (verdicts == "not_enough_data", "too_few_days"),
        (verdicts == "cannot_be_judged", stuck),
    ]
    return np.select([rule[0] for rule in rules], [rule[1] for rule in rules], "").astype(str)


def _overall(verdicts: NDArray[np.str_], judged: list[int]) -> str:
    order = ["strong_evidence", "evidence", "some_evidence", "no_evidence", "practically_unchanged"]
    seen = {str(verdicts[day]) for day in judged}
    return next((code for code in order if code in seen), "cannot_be_judged" if judged else "not_enough_data")


def decompose(daily_drivers: pd.DataFrame, weekday: int, **choices: Any) -> pd.DataFrame:
    """What else differs on a weekday: each driver's ratio to the rest, its interval, and whether it differs.

    One contrast that was chosen beforehand (the named day), so Holm runs over the drivers only.

    Args:
        daily_drivers: one row per calendar day: local_day and one column per driver, e.g. volume, staff,
            contacts_per_staff, handle_time, mix_index. NaN where a day has no such figure.
        weekday: the named weekday, 0 Monday.
        **choices: any field of ``WeekdayRules``.

    Returns:
        One row per driver: driver, n_days, mean, ratio, low, high, p, p_adjusted, verdict, direction (up, down, none).

    >>> day = np.arange(4, 4 + 70)
    >>> noise = np.random.default_rng(1).normal(0, 2, (70, 2))
    >>> drivers = pd.DataFrame({"local_day": day, "volume": 100 + 40 * (day % 7 == 1) + noise[:, 0], "handle": 60 + noise[:, 1]})
    >>> found = decompose(drivers, weekday=4)
    >>> found["verdict"].tolist()
    ['strong_evidence', 'practically_unchanged']
    """
    rules = WeekdayRules(**choices)
    rows = [
        _driver(week_grid(daily_drivers["local_day"], daily_drivers[name], rules.week_start), name, weekday, rules)
        for name in daily_drivers.columns
        if name != "local_day"
    ]
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    table["p_adjusted"] = adjust(table["p"])
    enough = table["n_days"] >= rules.days_min
    table["verdict"] = verdict_codes(table["p"], table["p_adjusted"], table.pop("unchanged"), enough)
    table["direction"] = np.select([table["ratio"] > 1, table["ratio"] < 1], ["up", "down"], "none")
    return table


def _driver(grid: Floats, name: str, weekday: int, rules: WeekdayRules) -> dict[str, Any]:
    found = contrast(grid, weekday, reference_days(weekday))
    values = _known(grid[:, [weekday]])
    present = [day for day in (weekday, *reference_days(weekday)) if not np.isnan(grid[:, day]).all()]
    return {
        "driver": name,
        "n_days": len(values),
        "mean": float(values.mean()) if len(values) else np.nan,
        "ratio": found.ratio.value,
        "low": found.ratio.low,
        "high": found.ratio.high,
        "p": _day_p(grid, present, rules)[0] if len(values) else np.nan,
        "unchanged": found.inside(rules.margin),
    }
