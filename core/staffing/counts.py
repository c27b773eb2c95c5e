"""How counts scatter: over-dispersion of arrivals, and quantiles of a count to come.

Arrivals of a shop scatter more than a Poisson process with the same mean: whole days are busier or quieter for reasons the
week does not know. The negative binomial adds that: variance = mean + mean² / θ; θ = ∞ is Poisson.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from core.staffing.queues import FloatArray, IntArray

_TINY = 1e-9


@dataclass(frozen=True)
class Dispersion:
    """How far counts scatter around their means.

    Args:
        index: Pearson's χ² by its degrees of freedom; 1 is Poisson, 2 means twice the variance. NaN without two dates.
        theta: size of the negative binomial; infinite where nothing exceeds Poisson.
        cells: cells (weekday × column) with contacts on at least two dates.
        p: one-sided p-value of "no more than Poisson".
    """

    index: float
    theta: float
    cells: int
    p: float


def dispersion(counts: IntArray, weekdays: IntArray) -> Dispersion:
    """Over-dispersion of counts (dates × columns) around the mean of their weekday and column, pooled over all cells.

    θ is by moments with both bias terms taken out; weekdays with one date and cells without contacts say nothing.

    >>> rng = np.random.default_rng(1)
    >>> found = dispersion(rng.negative_binomial(20, 20 / 70, (700, 1)), np.arange(700) % 7)
    >>> round(found.index, 1), 15 < found.theta < 27, found.cells
    (3.8, True, 7)
    """
    parts = [_cells(counts[weekdays == day]) for day in np.unique(weekdays)]
    mean, variance, n = (np.concatenate([part[i] for part in parts]) if parts else np.empty(0) for i in range(3))
    used = (n > 1) & (mean > 0)
    if not used.any():
        return Dispersion(np.nan, np.nan, 0, np.nan)
    mean, variance, free = mean[used], variance[used], n[used] - 1
    index = float((free * variance / mean).sum() / free.sum())
    # The variance of a Poisson cell's Pearson sum is 2·df + df/mean: small means scatter more than χ² allows.
    spread = float(np.sqrt((2 * free + free / mean).sum())) / free.sum()
    excess = float((free * (variance - mean)).sum())
    squares = float((free * np.maximum(mean**2 - variance / (free + 1), 0)).sum())
    theta = squares / excess if excess > _TINY * squares else np.inf
    return Dispersion(index, theta, int(used.sum()), float(special.ndtr(-(index - 1) / spread)))


def _cells(rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    n = np.full(rows.shape[1], float(len(rows)))
    variance = rows.var(axis=0, ddof=1) if len(rows) > 1 else np.full(rows.shape[1], np.nan)
    return rows.mean(axis=0), np.asarray(variance, float), n


def count_quantile(mean: ArrayLike, theta: ArrayLike, share: float) -> FloatArray:
    """Smallest count that a negative binomial stays at or below with probability ``share``; θ = ∞ is Poisson.

    >>> count_quantile([4.2, 12], 20, 0.8).tolist(), count_quantile([4.2, 12], np.inf, 0.8).tolist()
    ([6.0, 16.0], [6.0, 15.0])
    """
    mean, theta = np.broadcast_arrays(np.asarray(mean, float), np.asarray(theta, float))
    plain = ~np.isfinite(theta) | (mean <= 0)
    size = np.where(plain, 1.0, theta)
    wide = stats.nbinom.ppf(share, size, size / (size + np.where(plain, 1.0, mean)))
    return np.where(plain, stats.poisson.ppf(share, np.maximum(mean, 0)), wide)


def spread_quantile(mean: FloatArray, variance: FloatArray, share: float) -> FloatArray:
    """Quantile of a count by its mean and variance.

    Negative binomial above Poisson's variance; below it a rounded normal where the mean is large enough for one, else Poisson.

    >>> spread_quantile(np.array([100.0, 100.0]), np.array([100.0, 25.0]), 0.9).tolist()
    [113.0, 106.0]
    """
    mean, variance = np.broadcast_arrays(mean, variance)
    over = variance > mean * (1 + _TINY)
    theta = np.where(over, mean**2 / np.where(over, variance - mean, 1.0), np.inf)
    counted = count_quantile(mean, theta, share)
    narrow = (variance < mean * (1 - _TINY)) & (mean >= _NORMAL_FROM)
    normal = np.maximum(np.round(mean + special.ndtri(share) * np.sqrt(np.maximum(variance, 0))), 0)
    return np.where(narrow, normal, counted)


_NORMAL_FROM = 10


def at_least(count: ArrayLike, mean: ArrayLike, theta: ArrayLike) -> FloatArray:
    """P(a count ≥ ``count``) for a negative binomial; θ = ∞ is Poisson.

    >>> at_least(10, 4.0, [np.inf, 2.0]).round(3).tolist()
    [0.008, 0.075]
    """
    count, mean, theta = np.broadcast_arrays(*(np.asarray(each, float) for each in (count, mean, theta)))
    plain = ~np.isfinite(theta)
    size = np.where(plain, 1.0, theta)
    wide = stats.nbinom.sf(count - 1, size, size / (size + np.where(plain, 1.0, mean)))
    return np.where(plain, stats.poisson.sf(count - 1, mean), wide)
