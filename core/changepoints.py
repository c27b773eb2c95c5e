"""Change points: did a series move to another level, around which week, and by how much?

``find_changes`` is the door: values of days in, steps out. Levels are found exactly (`segment`: the least squared distance plus a price per
change); the price decides how often noise is called a change. Textbook prices do so in 10 to 99 of 100 series; the one used here, from the
residuals around the best single split and their resemblance from day to day, in at most 5 (``benchmarks/false_alarms.py --only
changepoints``). The week of a step is known better than its day: say "around the week of".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from core.trends import EPOCH_WEEKDAY, Floats, week_first_day, week_of

Days = NDArray[np.int64]

DAYS_MIN = 28
"""Days with a value below which no change point is looked for: four of each weekday."""
SEGMENT_MIN = 7
PRICE = 3.0
"""Price of a change in units of log n × variance; a test of the false alarms holds it."""
_HIDDEN = 11.0
"""Levels, splits and weekdays are fitted to the same days, which hides some of their resemblance; the simulation sets how much."""
_RELATED = 0.9
"""Largest resemblance of neighbouring days that the price is made for."""


# --- exact segmentation ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Segmentation:
    """A series cut into levels.

    Args:
        changes: where a new level starts: the index of its first value, i.e. how many values lie before it.
        means: the level of each part, one more than changes.
        cost: squared distances from the levels plus the penalty per change.
    """

    changes: tuple[int, ...]
    means: tuple[float, ...]
    cost: float


def segment(x: ArrayLike, penalty: float, min_size: int = 1, weights: ArrayLike | None = None) -> Segmentation:
    """The levels with the smallest squared distance plus ``penalty`` per change: the exact optimum over all segmentations.

    Args:
        x: values in time order, none missing.
        penalty: price of one change in squared units, 0 or more.
        min_size: values a level needs at least; a series shorter than twice that has no change.
        weights: how much each value counts, e.g. its number of observations; equal without.

    Of equally good segmentations the one whose last level starts earliest. An empty series has neither levels nor cost. Raises ValueError
    for missing values, a negative or missing penalty and a ``min_size`` below 1.
    Source: Jackson et al. 2005 (optimal partitioning); Killick, Fearnhead & Eckley 2012 (pruning).

    >>> segment([1, 1, 1, 5, 5, 2, 2, 2], penalty=1)
    Segmentation(changes=(3, 5), means=(1.0, 5.0, 2.0), cost=2.0)
    """
    values, weight = _series(x, weights)
    if not penalty >= 0 or min_size < 1:
        raise ValueError(f"penalty == {penalty}, min_size == {min_size}; must be >= 0 and >= 1.")
    if not len(values):
        return Segmentation((), (), 0.0)
    spread = _Spread(values, weight)
    last, cost = _optimum(spread, penalty, min_size)
    changes: list[int] = []
    at = int(last[len(values)])
    while at > 0:
        changes.append(at)
        at = int(last[at])
    edges = [0, *reversed(changes), len(values)]
    means = tuple(spread.mean(start, end) for start, end in pairwise(edges))
    return Segmentation(tuple(edges[1:-1]), means, cost)


def _series(x: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats]:
    values = np.asarray(x, dtype=np.float64)
    weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    if np.isnan(values).any() or not (weight > 0).all() or len(weight) != len(values):
        raise ValueError("values must not be missing, and every value needs a positive weight.")
    return values, weight


class _Spread:
    """Squared distance of any stretch from its own mean, by running sums."""

    def __init__(self, values: Floats, weight: Floats) -> None:
        self._centre = float(np.average(values, weights=weight))  # sums of squares of large numbers lose their digits
        centred = values - self._centre
        self.w, self.x, self.xx = (np.concatenate([[0.0], np.cumsum(part)]) for part in (weight, weight * centred, weight * centred**2))

    def cost(self, start: Days | int, end: Days | int) -> Floats:
        total = self.x[end] - self.x[start]
        return np.asarray(np.maximum(self.xx[end] - self.xx[start] - total**2 / (self.w[end] - self.w[start]), 0.0), dtype=np.float64)

    def mean(self, start: int, end: int) -> float:
        return float(self._centre + (self.x[end] - self.x[start]) / (self.w[end] - self.w[start]))


def _optimum(spread: _Spread, penalty: float, min_size: int) -> tuple[Days, float]:
    """Start of the last level of the best segmentation of every beginning of the series, and the cost of the whole."""
    n = len(spread.w) - 1
    best, last = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int64)
    best[0] = -penalty
    starts, until = np.zeros(1, dtype=np.int64), np.full(1, n)  # a start stays until an end after which it cannot win any more
    for end in range(min_size, n + 1):
        if end >= 2 * min_size:
            starts, until = np.append(starts, end - min_size), np.append(until, n)
        kept = until >= end
        starts, until = starts[kept], until[kept]
        costs = best[starts] + spread.cost(starts, end)
        at = int(np.argmin(costs))
        best[end], last[end] = costs[at] + penalty, starts[at]
        # a new level may start at this end only ``min_size`` later; till then a start that lost here may still be needed
        until = np.where(costs > best[end], np.minimum(until, end + min_size - 1), until)
    whole = float(best[n]) if n >= min_size else float(spread.cost(0, n))
    return last, whole


def best_split(x: ArrayLike, min_size: int = 1, weights: ArrayLike | None = None) -> int:
    """Where one change fits best: how many values lie before it; 0 where the series is too short for two parts.

    >>> best_split([1, 2, 1, 8, 9, 8])
    3
    """
    values, weight = _series(x, weights)
    n = len(values)
    if n < 2 * min_size:
        return 0
    spread = _Spread(values, weight)
    at = np.arange(min_size, n - min_size + 1)
    return int(at[np.argmin(spread.cost(0, at) + spread.cost(at, n))])


def _best_pair(spread: _Spread, min_size: int) -> tuple[int, ...]:
    """Where two changes fit best; none where the series is too short for three parts."""
    n = len(spread.w) - 1
    found: tuple[int, ...] = ()
    least = np.inf
    for second in range(2 * min_size, n - min_size + 1):
        first = np.arange(min_size, second - min_size + 1)
        costs = spread.cost(0, first) + spread.cost(first, second)
        at = int(np.argmin(costs))
        if (whole := float(costs[at] + spread.cost(second, n))) < least:
            least, found = whole, (int(first[at]), second)
    return found


# --- Pettitt -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pettitt:
    """Rank test of one change of level.

    Args:
        n: values used.
        k: largest excess of ranks before a place over those after it, without sign.
        p: approximate two-sided p-value, at most 1; NaN for fewer than two values and where all values are equal.
        change: how many values lie before the likeliest place; 0 without one.
        reason: ``too_few_values`` or ``zero_variance`` where there is no p; else empty.
    """

    n: int
    k: float
    p: float
    change: int
    reason: str = ""


def pettitt(x: ArrayLike) -> Pettitt:
    """Pettitt's test for one change of level at an unknown place; NaN is left out, ties take mid-ranks.

    For independent values: where neighbours resemble each other it calls changes that are none, and `find_changes` is the one to ask.
    Source: Pettitt 1979.

    >>> found = pettitt([1, 3, 2, 2, 1, 8, 9, 7, 9, 8])
    >>> found.k, found.change, round(found.p, 3)
    (25.0, 5, 0.066)
    """
    values = np.asarray(x, dtype=np.float64)
    values = values[~np.isnan(values)]
    n = len(values)
    if n < 2 or np.ptp(values) == 0:
        return Pettitt(n, 0.0, np.nan, 0, "too_few_values" if n < 2 else "zero_variance")
    excess = 2 * np.cumsum(stats.rankdata(values)) - np.arange(1, n + 1) * (n + 1)
    at = int(np.argmax(np.abs(excess)))
    k = float(abs(excess[at]))
    return Pettitt(n, k, float(min(1.0, 2 * np.exp(-6 * k**2 / (n**3 + n**2)))), at + 1)


# --- weekday patterns --------------------------------------------------------------------------------------------------------


def weekday_pattern(local_day: ArrayLike, values: ArrayLike, ratio: bool = False) -> Floats:
    """What each weekday (Monday first) stands above the level of its week, or with ``ratio`` how many times it is that level.

    Medians of the distances from a running seven-day level, so that a step of the whole series does not become a weekday pattern.
    Centred: the weekdays that occur add up to 0 (have the mean 1). Weekdays without values are 0 (1). Several series of the same days
    (one per row) have a pattern each.

    >>> day = np.arange(4, 4 + 28)
    >>> weekday_pattern(day, 10 + (day % 7 == 4) * 7.0).round(2).tolist()
    [6.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0]
    """
    day, value = np.asarray(local_day, dtype=np.int64), np.asarray(values, dtype=np.float64)
    weekday = (day + EPOCH_WEEKDAY) % 7
    pattern = np.zeros((*value.shape[:-1], 7))
    for _ in range(2 if len(day) else 0):  # the second time gaps no longer tilt the running level
        level = _running(day, value / (1 + pattern[..., weekday]) if ratio else value - pattern[..., weekday])
        pattern = _centred(weekday, value / np.where(level > 0, level, np.nan) - 1 if ratio else value - level)
    return pattern + ratio


def _running(day: Days, value: Floats) -> Floats:
    """Mean of the seven days around each one; at the ends of the first and the last seven."""
    grid = np.full((*value.shape[:-1], max(int(day[-1] - day[0]) + 1, 7) + 1), np.nan)
    grid[..., day - day[0] + 1] = value
    total, count = (np.cumsum(part, axis=-1) for part in (np.nan_to_num(grid), ~np.isnan(grid)))
    start = np.clip(day - day[0] - 3, 0, grid.shape[-1] - 8)
    return np.asarray((total[..., start + 7] - total[..., start]) / (count[..., start + 7] - count[..., start]), dtype=np.float64)


def _centred(weekday: Days, distance: Floats) -> Floats:
    """Median distance by weekday, less the mean of those that occur."""
    occurs = [bool((weekday == one).any()) for one in range(7)]
    found = np.zeros((*distance.shape[:-1], 7))
    for one in np.flatnonzero(occurs):
        found[..., one] = np.median(np.nan_to_num(distance[..., weekday == one]), axis=-1)
    return np.asarray(np.where(occurs, found - found[..., occurs].mean(axis=-1, keepdims=True), 0.0), dtype=np.float64)


# --- the finding -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Changes:
    """Steps of a series.

    Args:
        steps: one row per step: local_day (first day of the new level), week (first day of its week), before, after, shift, low, high
            (95 % interval of the shift), n_before, n_after.
        phi: resemblance of neighbouring days (lag-1 autocorrelation) around the levels, 0 or more.
        penalty: price of a change that was used.
        level: the level of every value, steps and all; NaN where nothing was looked for.
        n: values used.
        reason: ``too_few_days`` or ``zero_variance`` where nothing was looked for; else empty.
    """

    steps: pd.DataFrame
    phi: float
    penalty: float
    level: Floats
    n: int
    reason: str = ""


STEPS = ("local_day", "week", "before", "after", "shift", "low", "high", "n_before", "n_after")


def find_changes(local_day: ArrayLike, values: ArrayLike, weights: ArrayLike | None = None, **choices: float) -> Changes:
    """The steps of a series of day (or week) values from which the weekday pattern was taken.

    Price of a change: 3 · log n · v · (1 + φ)/(1 − φ), v and φ being variance and lag-1 autocorrelation of the residuals around the two
    best splits, φ corrected for what fitting hides; levels of seven days or more. The interval of a shift is for the place that was found.

    Args:
        local_day: day of each value, rising.
        values: day values, none missing.
        weights: how much each day counts; equal without.
        **choices: ``days_min`` (28), ``segment_min`` (7), ``price`` (3), ``week_start`` (0).

    >>> day = np.arange(4, 60)
    >>> found = find_changes(day, 10 + 3 * (day >= 32) + day % 2)
    >>> found.steps[["local_day", "before", "after"]].to_numpy().tolist()
    [[32.0, 10.5, 13.5]]
    """
    day, n = np.asarray(local_day, dtype=np.int64), len(np.asarray(values))
    value, weight = _series(values, weights)
    few = n < choices.get("days_min", DAYS_MIN)
    if few or np.ptp(value) == 0:
        return Changes(pd.DataFrame(columns=list(STEPS)), np.nan, np.nan, np.full(n, np.nan), n, "too_few_days" if few else "zero_variance")
    size = int(choices.get("segment_min", SEGMENT_MIN))
    weight = weight / weight.mean()
    related, variance = residual_noise((day, value, weight), [0, *_best_pair(_Spread(value, weight), size), n], _HIDDEN)
    price = choices.get("price", PRICE) * np.log(n) * max(variance, 1e-12 * np.ptp(value) ** 2)
    penalty = price * (1 + related) / (1 - related)
    found = segment(value, penalty, size, weight)
    edges = [0, *found.changes, n]
    phi, _ = residual_noise((day, value, weight), edges, len(found.means))
    level = np.repeat(found.means, np.diff(edges))
    steps = _steps(day, edges, found.means, (level, value, weight), phi)
    start = int(choices.get("week_start", 0))
    steps["week"] = week_first_day(week_of(steps["local_day"], start), start)
    return Changes(steps[list(STEPS)], phi, float(penalty), level, n)


def residual_noise(parts: tuple[Days, Floats, Floats], edges: list[int], hidden: float) -> tuple[float, float]:
    """Autocorrelation of next days, with what fitting hid of it added, and variance, of the residuals around levels."""
    day, value, weight = parts
    levels = [np.average(value[start:end], weights=weight[start:end]) for start, end in pairwise(edges)]
    scaled = (value - np.repeat(levels, np.diff(edges))) * np.sqrt(weight)
    power = float(scaled @ scaled)
    next_to = np.diff(day) == np.median(np.diff(day))
    pairs = float((scaled[1:] * scaled[:-1])[next_to].sum()) * (len(day) - 1) / max(int(next_to.sum()), 1)
    seen = pairs / power if power else 0.0
    phi = seen + hidden * (1 + 3 * seen) / len(value)
    return float(np.clip(phi, 0.0, _RELATED)), power / max(len(value) - len(levels), 1)


def _steps(day: Days, edges: list[int], means: tuple[float, ...], parts: tuple[Floats, Floats, Floats], phi: float) -> pd.DataFrame:
    level, value, weight = parts
    free = max(len(value) - len(means), 1)
    variance = float((weight * (value - level) ** 2).sum()) / free
    mass = np.array([weight[start:end].sum() for start, end in pairwise(edges)])
    stretched = (1 + phi) / (1 - phi)
    error = np.sqrt(variance * stretched * (1 / mass[:-1] + 1 / mass[1:]))
    reach = stats.t.ppf(0.975, max(free / stretched, 1)) * error
    before, after = np.array(means[:-1]), np.array(means[1:])
    shift, size = after - before, np.diff(edges)
    columns = {"local_day": day[edges[1:-1]], "before": before, "after": after, "shift": shift, "low": shift - reach, "high": shift + reach}
    return pd.DataFrame(columns | {"n_before": size[:-1], "n_after": size[1:]})
