"""Intervals: what every figure of the house carries beside its value.

========================  ==========================================================================
kind of figure            interval
========================  ==========================================================================
share                     ``wilson``: score interval, right at small n and at 0 and 1
count, rate               ``byar``: Poisson count by Byar's approximation
median, any quantile      ``quantile_interval``: two of the values themselves, free of any distribution
mean, ratio of sums       ``clustered_ratio``: days are the blocks, as chats of one day are not independent
difference of two         ``difference`` (any two of the above), ``newcombe`` (shares), ``welch`` (two samples)
========================  ==========================================================================

A figure that does not exist is NaN and says why (``reason``); it is never zero. Nothing is rounded.

Reasons: ``no_data`` (nothing observed), ``zero_denominator``, ``too_few_values`` (no value is extreme enough to be a
bound), ``too_few_clusters`` (a single day has no spread between days).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]
MIN_CLUSTERS = 2


@dataclass(frozen=True)
class Estimate:
    """One figure with its interval.

    Args:
        value: the point estimate; NaN when it does not exist.
        low: lower end of the interval; NaN when it does not exist.
        high: upper end.
        n: observations behind the value.
        method: code of the interval, e.g. ``"wilson"``.
        reason: why a part is missing; empty when nothing is.
    """

    value: float
    low: float
    high: float
    n: float
    method: str
    reason: str = ""


@dataclass(frozen=True)
class Estimates:
    """The same for many groups at once: arrays of equal length, one method.

    >>> wilson(np.array([0, 8]), np.array([0, 10]))[1].value
    0.8
    """

    value: Floats
    low: Floats
    high: Floats
    n: Floats
    method: str
    reason: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, row: int) -> Estimate:
        value, low, high, n = (float(column[row]) for column in (self.value, self.low, self.high, self.n))
        return Estimate(value, low, high, n, self.method, str(self.reason[row]))

    def frame(self) -> pd.DataFrame:
        """One row per group: value, low, high, n, reason."""
        columns = {"value": self.value, "low": self.low, "high": self.high, "n": self.n}
        return pd.DataFrame({**columns, "reason": self.reason.astype(object)})


def normal_quantile(level: float) -> float:
    """Two-sided standard normal quantile, 1.959964 for 0.95.

    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    if not 0 < level < 1:
        raise ValueError(f"level == {level}, must lie between 0 and 1.")
    return float(special.ndtri((1 + level) / 2))


def _numbers(name: str, values: ArrayLike) -> Floats:
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if np.isnan(array).any():
        raise ValueError(f"{name} holds missing values; leave them out before counting.")
    if (array < 0).any():
        raise ValueError(f"{name} holds negative values.")
    return array


def _pack(columns: tuple[Floats, Floats, Floats, Floats], method: str, reason: NDArray[Any], *inputs: Any) -> Any:
    """Scalars in, one Estimate out; arrays in, Estimates out."""
    many = Estimates(*columns, method, reason.astype(str))
    return many if any(np.ndim(given) for given in inputs) else many[0]


@overload
def wilson(hits: float, n: float, level: float = 0.95) -> Estimate: ...
@overload
def wilson(hits: NDArray[Any], n: NDArray[Any], level: float = 0.95) -> Estimates: ...
def wilson(hits: Any, n: Any, level: float = 0.95) -> Any:
    """Share ``hits / n`` with Wilson's score interval; scalars or arrays.

    ``n == 0`` gives NaN and the reason ``no_data``. With no hits the lower end is exactly 0, with all hits the upper
    end exactly 1. Raises ValueError on missing or negative input and where hits exceed n.
    Source: Wilson 1927; Newcombe 1998, method 3.

    >>> share = wilson(81, 263)
    >>> round(share.low, 4), round(share.high, 4)
    (0.2553, 0.3662)
    """
    hit, size = np.broadcast_arrays(_numbers("hits", hits), _numbers("n", n))
    if (hit > size).any():
        raise ValueError("hits exceed n.")
    z = normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hit / size
        centre = (hit + z * z / 2) / (size + z * z)
        half = z * np.sqrt(hit * (size - hit) / size + z * z / 4) / (size + z * z)
    low = np.where(size == 0, np.nan, np.where(hit == 0, 0.0, np.minimum(centre - half, share)))
    high = np.where(size == 0, np.nan, np.where(hit == size, 1.0, np.maximum(centre + half, share)))
    return _pack((share, low, high, size), "wilson", np.where(size == 0, "no_data", ""), hits, n)


@overload
def byar(count: float, exposure: float = 1.0, level: float = 0.95) -> Estimate: ...
@overload
def byar(count: NDArray[Any], exposure: Any = 1.0, level: float = 0.95) -> Estimates: ...
def byar(count: Any, exposure: Any = 1.0, level: float = 0.95) -> Any:
    """Poisson count per exposure with Byar's interval; scalars or arrays; n is the count.

    Exposure 0 gives NaN and the reason ``zero_denominator``. Source: Breslow & Day 1987, eq. 2.13.

    >>> rate = byar(3)
    >>> round(rate.low, 3), round(rate.high, 3)
    (0.603, 8.765)
    """
    seen, base = np.broadcast_arrays(_numbers("count", count), _numbers("exposure", exposure))
    z = normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(seen == 0, 0.0, seen * (1 - 1 / (9 * seen) - z / (3 * np.sqrt(seen))) ** 3)
        high = (seen + 1) * (1 - 1 / (9 * (seen + 1)) + z / (3 * np.sqrt(seen + 1))) ** 3
        columns = tuple(np.where(base == 0, np.nan, part / base) for part in (seen, np.maximum(low, 0.0), high))
    reason = np.where(base == 0, "zero_denominator", "")
    return _pack((columns[0], columns[1], columns[2], seen), "byar", reason, count, exposure)


def upper_tail(seen: Floats, mean: Floats, variance: Floats) -> Floats:
    """Chance of so many or more, for a count with this mean and variance below the mean: that of the matching binomial.

    1 where nothing was seen or expected, 0 beyond the most that binomial can give.

    >>> upper_tail(np.array([8.0]), np.array([5.0]), np.array([2.5])).round(4).tolist()
    [0.0547]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(1 - variance / mean, 1e-9, 1 - 1e-9)
        cases = mean / share
        inside = special.betainc(np.maximum(seen, 1e-9), np.maximum(cases - seen + 1, 1e-9), share)
        found = np.where(seen >= cases + 1, 0.0, inside)
    return np.where((seen > 0) & (mean > 0), found, 1.0)


def quantile_ranks(n: ArrayLike, q: float, level: float = 0.95) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places (0-based, ascending) of the two values that enclose the q-quantile; −1 where none is far enough out.

    Conservative: each side misses with at most half of ``1 − level``. Lets a database pick the two values itself.

    >>> low, high = quantile_ranks([5, 20], 0.5)
    >>> low.tolist(), high.tolist()
    ([-1, 5], [-1, 14])
    """
    from scipy.stats import binom

    size = np.atleast_1d(np.asarray(n, dtype=np.int64))
    tail = (1 - level) / 2
    low = binom.ppf(tail, np.maximum(size, 1), q).astype(np.int64) - 1
    high = binom.ppf(1 - tail, np.maximum(size, 1), q).astype(np.int64)
    return np.where((size > 0) & (low >= 0), low, -1), np.where((size > 0) & (high < size), high, -1)


def quantile_interval(sorted_values: ArrayLike, q: float = 0.5, level: float = 0.95) -> Estimate:
    """Quantile of values in ascending order with its order-statistic interval.

    The value is the linear (type 7) quantile; the ends are two of the values, not interpolated, so the interval covers
    with at least ``level`` whatever the distribution. A side for which no value is extreme enough is NaN with the
    reason ``too_few_values`` (a median needs n ≥ 6 at 95 %). Raises ValueError on missing values or wrong order.

    >>> quantile_interval(range(1, 21))
    Estimate(value=10.5, low=6.0, high=15.0, n=20.0, method='order_statistics', reason='')
    """
    values = np.asarray(sorted_values, dtype=np.float64)
    if not len(values):
        return Estimate(np.nan, np.nan, np.nan, 0.0, "order_statistics", "no_data")
    return quantile_interval_by(np.zeros(len(values), dtype=np.int64), values, q, level)[1][0]


def quantile_interval_by(
    groups: ArrayLike, values: ArrayLike, q: float = 0.5, level: float = 0.95, weights: ArrayLike | None = None
) -> tuple[NDArray[Any], Estimates]:
    """``quantile_interval`` for many groups: rows ordered by group, values ascending within each group.

    ``weights``: how many observations each row stands for (whole numbers from 1, as in a histogram); None: one each.
    Returns the groups in order of appearance and their estimates. Raises ValueError where the order is wrong.

    >>> labels, found = quantile_interval_by(["a"] * 7 + ["b"], [1, 2, 3, 4, 5, 6, 7, 9])
    >>> labels.tolist(), found.value.tolist(), found.reason.tolist()
    (['a', 'b'], [4.0, 9.0], ['', 'too_few_values'])
    >>> quantile_interval_by(["a", "a"], [1, 2], weights=[9, 3])[1].value.tolist()
    [1.0]
    """
    keys, data = np.asarray(groups), np.asarray(values, dtype=np.float64)
    if np.isnan(data).any():
        raise ValueError("values hold missing values; leave them out before counting.")
    rows = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    inside = np.ones(len(data), dtype=bool)
    inside[rows] = False
    if (np.diff(data)[inside[1:]] < 0).any():
        raise ValueError("values must ascend within each group.")
    ends_at = np.arange(1, len(data) + 1) if weights is None else np.cumsum(np.asarray(weights).astype(np.int64))
    starts = np.r_[0, ends_at[rows[1:] - 1]]
    size = np.diff(np.r_[starts, ends_at[-1:]])

    def placed(place: NDArray[np.int64]) -> Floats:
        return data[place if weights is None else np.searchsorted(ends_at, place, side="right")]

    low, high = quantile_ranks(size, q, level)
    ends = [np.where(rank < 0, np.nan, placed(starts + np.maximum(rank, 0))) for rank in (low, high)]
    reason = np.where((low < 0) | (high < 0), "too_few_values", "")
    place = (size - 1) * q
    below = np.floor(place).astype(np.int64)
    lower, upper = placed(starts + below), placed(starts + np.minimum(below + 1, size - 1))
    value = np.asarray(lower + (place - below) * (upper - lower), dtype=np.float64)
    columns = (value, ends[0], ends[1], size.astype(np.float64))
    return keys[rows], Estimates(*columns, "order_statistics", reason.astype(str))


def clustered_ratio(totals: ArrayLike, counts: ArrayLike, level: float = 0.95) -> Estimate:
    """Ratio of sums (a mean, when counts are counts) with days as blocks: one total and one count per day.

    The closed form of the day-blocked bootstrap: linearised variance of the ratio between days, t quantile with
    days − 1 degrees of freedom. Days with neither total nor count say nothing and are left out. n is the sum of counts.
    One day gives the value, NaN ends and ``too_few_clusters``; no counts give NaN and ``no_data``.
    Raises ValueError on missing input. Source: Cochran 1977, ch. 6; Miglioretti & Heagerty 2007 for the t quantile.

    >>> found = clustered_ratio([10, 30, 20], [1, 2, 1])
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (15.0, 5.68, 24.32)
    """
    labels, many = clustered_ratio_by(np.zeros(np.size(totals), dtype=np.int64), totals, counts, level)
    return many[0] if len(labels) else Estimate(np.nan, np.nan, np.nan, 0.0, "day_clustered", "no_data")


def clustered_ratio_by(
    groups: ArrayLike, totals: ArrayLike, counts: ArrayLike, level: float = 0.95
) -> tuple[NDArray[Any], Estimates]:
    """``clustered_ratio`` for many groups: one row per group × day, in any order.

    Returns the groups, sorted, and their estimates.

    >>> labels, found = clustered_ratio_by(["b", "a", "a"], [5, 10, 30], [1, 1, 2])
    >>> labels.tolist(), found.value.round(2).tolist(), found.reason.tolist()
    (['a', 'b'], [13.33, 5.0], ['', 'too_few_clusters'])
    """
    labels, ratio, error, base, clusters = clustered_errors(groups, totals, counts)
    t = special.stdtrit(np.maximum(clusters - 1, 1), (1 + level) / 2)
    half = error * t
    reason = np.where(base == 0, "no_data", np.where(clusters < MIN_CLUSTERS, "too_few_clusters", ""))
    return labels, Estimates(ratio, ratio - half, ratio + half, base, "day_clustered", reason.astype(str))


def clustered_errors(
    groups: ArrayLike, totals: ArrayLike, counts: ArrayLike
) -> tuple[NDArray[Any], Floats, Floats, Floats, Floats]:
    """What ``clustered_ratio_by`` is made of: groups, ratio, its standard error, sum of counts, and blocks per group.

    The error of a single block is NaN.

    >>> labels, ratio, error, base, blocks = clustered_errors(["a", "a", "b"], [10, 30, 5], [1, 2, 1])
    >>> error.round(2).tolist(), blocks.tolist()
    ([2.22, nan], [2.0, 1.0])
    """
    total, count = np.asarray(totals, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if np.isnan(total).any() or np.isnan(count).any():
        raise ValueError("totals and counts must not hold missing values.")
    labels, group = np.unique(np.asarray(groups), return_inverse=True)

    def summed(weights: Floats) -> Floats:
        return np.bincount(group, weights=weights, minlength=len(labels)).astype(np.float64)

    base, clusters = summed(count), summed(((total != 0) | (count != 0)).astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(base == 0, np.nan, summed(total) / base)
        spread = summed((total - np.nan_to_num(ratio)[group] * count) ** 2)
        error = np.sqrt(spread * clusters / (clusters - 1)) / np.abs(base)
    return labels, ratio, np.where(clusters >= MIN_CLUSTERS, error, np.nan), base, clusters


def day_blocked_bootstrap(
    totals: ArrayLike, counts: ArrayLike, level: float = 0.95, draws: int = 4000, seed: int = 20240101
) -> Estimate:
    """The check of ``clustered_ratio``: whole days drawn with replacement, percentile interval, fixed seed.

    >>> found = day_blocked_bootstrap([10, 30, 20] * 10, [1, 2, 1] * 10)
    >>> found.value, abs(found.low - clustered_ratio([10, 30, 20] * 10, [1, 2, 1] * 10).low) < 0.2
    (15.0, True)
    """
    total, count = np.asarray(totals, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(total), np.full(len(total), 1 / len(total)), size=draws)
    ratios = (weights @ total) / (weights @ count)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(total.sum() / count.sum()), float(low), float(high), float(count.sum()), "day_bootstrap")


def difference(after: Estimate, before: Estimate) -> Estimate:
    """``after − before`` with an interval made from the two intervals (both of the same level, independent samples).

    Each distance from value to end is treated as that side's own uncertainty (MOVER), so skewed intervals keep their
    skew. For two Wilson shares this is Newcombe's method 10. n is the smaller of the two. A missing part stays missing.
    Source: Zou & Donner 2008.

    >>> found = difference(wilson(56, 70), wilson(48, 80))
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    shift = after.value - before.value
    low = shift - np.hypot(after.value - after.low, before.high - before.value)
    high = shift + np.hypot(after.high - after.value, before.value - before.low)
    return Estimate(
        shift, float(low), float(high), min(after.n, before.n), f"mover_{after.method}", after.reason or before.reason
    )


def newcombe(hits_after: float, n_after: float, hits_before: float, n_before: float, level: float = 0.95) -> Estimate:
    """Difference of two shares, after − before, by Newcombe's hybrid score interval (method 10).

    >>> round(newcombe(9, 10, 3, 10).low, 4)
    0.1705
    """
    return difference(wilson(hits_after, n_after, level), wilson(hits_before, n_before, level))


def welch(after: ArrayLike, before: ArrayLike, level: float = 0.95) -> Estimate:
    """Difference of two means, after − before, for two independent samples of unequal spread.

    For values per chat use ``difference`` of two ``clustered_ratio`` instead: chats of a day are not independent.
    Fewer than two values on a side give NaN ends and ``too_few_values``; no values ``no_data``.

    >>> found = welch([5, 6, 7, 8], [1, 2, 3])
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (4.5, 2.268, 6.732)
    """
    sides = [np.asarray(side, dtype=np.float64) for side in (after, before)]
    if any(np.isnan(side).any() for side in sides):
        raise ValueError("samples must not hold missing values.")
    size = min(len(side) for side in sides)
    if size < 2:
        shift = sides[0].mean() - sides[1].mean() if size else np.nan
        return Estimate(float(shift), np.nan, np.nan, size, "welch", "too_few_values" if size else "no_data")
    parts = np.array([side.var(ddof=1) / len(side) for side in sides])
    se = np.sqrt(parts.sum())
    freedom = parts.sum() ** 2 / (parts**2 / [len(side) - 1 for side in sides]).sum() if se else 1.0
    shift, half = sides[0].mean() - sides[1].mean(), se * special.stdtrit(freedom, (1 + level) / 2)
    return Estimate(float(shift), float(shift - half), float(shift + half), size, "welch")
