"""How long one must watch: the chance that a trend of a given size is seen, and the weeks it takes.

Both tests of a verdict are followed: Mann-Kendall on week values by the exact mean and variance of its score under a straight trend, the
test blocked by weekday by the same mean and by the covariance that a trend and the noise of neighbouring days put between weekdays (a
trend makes the weekdays look alike, which is why this test asks for more weeks than the other). Chances by the normal law; against
simulated verdicts they are right to about ten points (`benchmarks/false_alarms.py` simulates, a test compares).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from core.fairness import normal_quantile

Floats = NDArray[np.float64]
POWER, LEVEL = 0.8, 0.95
MOST_WEEKS = 260
LEAST_WEEKS = 8
_LONG = 60


@dataclass(frozen=True)
class Noise:
    """How a series scatters around its line.

    Args:
        week, day: sd of week values and of day values. ``phi``: autocorrelation of neighbouring days.
        presence: for each weekday the part of the weeks in which it has a value.
    """

    week: float
    day: float
    phi: float
    presence: tuple[float, ...] = (1.0,) * 7


def weekly_chance(slope: float, weeks: int, level: float = LEVEL) -> float:
    """Chance that Mann-Kendall on week values sees a slope (in noise sd of a week, per week) at a level; independent normal noise.

    >>> [round(weekly_chance(slope, weeks), 2) for slope, weeks in ((0.3, 8), (0.2, 12), (0.2, 16), (0.1, 26))]
    [0.24, 0.48, 0.88, 0.95]
    """
    mean, variance = _score_moments(round(abs(slope), 6), weeks)
    null = weeks * (weeks - 1) * (2 * weeks + 5) / 18
    return _beyond(mean, np.sqrt(variance), 1 + normal_quantile(level) * np.sqrt(null), 2.0)


def _beyond(mean: float, sd: float, bar: float, step: float) -> float:
    """P(score ≥ bar) by the normal law; scores come in steps."""
    reached = step * np.ceil(bar / step)
    return float(special.ndtr((mean - reached + step / 2) / max(sd, 1e-9)))


@lru_cache(maxsize=4096)
def _score_moments(slope: float, n: int) -> tuple[float, float]:
    """Mean and variance of Kendall's score under a straight trend with independent normal noise of sd 1.

    In long series a slope that is just seen is so small that the variance is that without trend.
    """
    lag = np.arange(1, n)
    rise = special.ndtr(lag * slope / np.sqrt(2))
    mean = float(((n - lag) * (2 * rise - 1)).sum())
    own = float(((n - lag) * 4 * rise * (1 - rise)).sum())
    if n > _LONG:
        return mean, n * (n - 1) * (2 * n + 5) / 18
    first, second = np.meshgrid(lag, lag, indexing="ij")
    triples = np.maximum(n - first - second, 0)
    here = triples > 0
    a, b = first[here] * slope / np.sqrt(2), second[here] * slope / np.sqrt(2)
    shared = _joint(a, a + b, 0.5) + _joint(a, b, -0.5) + _joint(a + b, b, 0.5)
    return mean, own + 2 * float((triples[here] * shared).sum())


def _joint(a: Floats, b: Floats, rho: float) -> Floats:
    """Covariance of the signs of two normal differences with means a and b and correlation rho (Owen 1956)."""
    root = np.sqrt(1 - rho**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.where(a > 0, (b / a - rho) / root, np.inf)
        other = np.where(b > 0, (a / b - rho) / root, np.inf)
    both = (special.ndtr(a) + special.ndtr(b)) / 2 - special.owens_t(a, one) - special.owens_t(b, other)
    flat = (a == 0) & (b == 0)
    both = np.where(flat, 0.25 + np.arcsin(rho) / (2 * np.pi), both)
    return np.asarray(4 * (both - special.ndtr(a) * special.ndtr(b)), dtype=np.float64)


def blocked_chance(slope: float, noise: Noise, weeks: int, level: float = LEVEL) -> float:
    """Chance that the test blocked by weekday sees a slope per week.

    >>> always = Noise(1.0, 1.0, 0.3)
    >>> blocked_chance(0.0, always, 12) < 0.05 < blocked_chance(0.08, always, 26)
    True
    """
    steep = abs(slope) / noise.day
    mean, one = _score_moments(round(steep, 6), weeks)
    null = weeks * (weeks - 1) * (2 * weeks + 5) / 18
    trend = steep**2 * (weeks**2 - 1) / 12
    there = np.array(noise.presence)
    gap = np.abs(np.subtract.outer(np.arange(7), np.arange(7)))
    near = np.sign(noise.phi) ** gap * np.abs(noise.phi) ** gap
    # A gap costs the pairs it is in: of a score its part squared, of a variance cubed, between two weekdays both parts squared.
    both = np.where(gap == 0, np.outer(there, there) ** 1.5, np.outer(there, there) ** 2)
    seen, true = (float((both * _rank_correlation(rho)).sum()) for rho in ((near + trend) / (1 + trend), near))
    return _beyond(
        float((there**2).sum()) * mean, np.sqrt(one * max(true, 0.1)), 1 + normal_quantile(level) * np.sqrt(null * max(seen, 0.1)), 1.0
    )


def _rank_correlation(rho: Floats) -> Floats:
    """Spearman's correlation of two normal series."""
    return np.asarray(6 / np.pi * np.arcsin(rho / 2), dtype=np.float64)


def chance(slope: float, noise: Noise, weeks: int, level: float = LEVEL) -> float:
    """Chance that both tests see a slope per week after so many weeks.

    With values on every day the tests stand and fall together: it is that of the one that sees less. The fewer days have a value, the
    more each goes its own way, and the nearer it is to the product.

    >>> round(chance(0.5, Noise(1.0, 2.0, 0.0), 26), 2)
    1.0
    """
    if not noise.week > 0 or not noise.day > 0:
        return float("nan")
    one, other = weekly_chance(slope / noise.week, weeks, level), blocked_chance(slope, noise, weeks, level)
    together = float(np.mean(noise.presence))
    return together * min(one, other) + (1 - together) * one * other


def weeks_needed(slope: float, noise: Noise, power: float = POWER, level: float = LEVEL) -> float:
    """Weeks after which a slope is seen with a chance of ``power``; infinite beyond five years, NaN without noise or slope.

    >>> weeks_needed(0.2, Noise(1.0, 2.0, 0.0)), weeks_needed(0.0, Noise(1.0, 2.0, 0.0))
    (16.0, nan)
    """
    if not noise.week > 0 or not noise.day > 0 or not abs(slope) > 0:
        return float("nan")
    low, high = LEAST_WEEKS - 1, MOST_WEEKS
    if chance(slope, noise, high, level) < power:
        return float("inf")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if chance(slope, noise, middle, level) >= power else (middle, high)
    return float(high)


def slope_seen(noise: Noise, weeks: int, power: float = POWER, level: float = LEVEL) -> float:
    """The smallest slope per week that so many weeks show with a chance of ``power``; NaN without noise.

    >>> slope = slope_seen(Noise(1.0, 2.0, 0.0), 16)
    >>> round(chance(slope, Noise(1.0, 2.0, 0.0), 16), 2)
    0.8
    """
    if not noise.week > 0 or not noise.day > 0:
        return float("nan")
    low, high = 0.0, 3 * max(noise.week, noise.day)
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (low, middle) if chance(middle, noise, weeks, level) >= power else (middle, high)
    return high
