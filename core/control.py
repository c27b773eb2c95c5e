"""Control charts: which points lie outside what the process does by itself?

==================  ==================================================================================================
``xmr``             single values: limits from moving ranges; for medians of days
``xbar``            means of samples: limits from the ranges within samples
``c_chart``         counts of equal exposure
``p_chart``         shares; every point has limits for its own size
``u_chart``         counts per exposure (an hour worked, a weekday's usual volume)
``laney``           p or u with the spread between points in it: where n is large the plain ones flag nearly every point
==================  ==================================================================================================

Limits need `POINTS_MIN` points and stay until a change is confirmed (`segmented`). They are honest for independent points only: where
neighbouring days resemble each other, points fall outside by chance; `by_chance` says on how many charts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import integrate, special

from core.changepoints import weekday_pattern
from core.trends import EPOCH_WEEKDAY, Floats

Marked = NDArray[np.bool_]

POINTS_MIN = 20
SIGMAS = 3.0
D2 = 1.128
"""Mean range of two values in standard deviations (`mean_range`)."""
RULES = ("beyond", "two_of_three", "four_of_five", "eight_in_a_row", "six_steady")
"""Run rules: Western Electric's four zone rules and Nelson's steady rise or fall."""


@dataclass(frozen=True)
class ControlChart:
    """Points with their limits.

    Args:
        kind: ``xmr``, ``xbar``, ``c``, ``p``, ``u``, ``p_laney`` or ``u_laney``.
        values: one per point; NaN is a gap.
        centre, lower, upper, sigma: one per point; NaN where there are no limits. ``sigma`` is the standard error of the point.
        sigma_z: by what the spread between points exceeds the one within them (Laney charts), else 1.
        base: points the limits were made from.
        reason: ``too_few_points`` or ``zero_variance`` where there are no limits; else empty.
    """

    kind: str
    values: Floats
    centre: Floats
    lower: Floats
    upper: Floats
    sigma: Floats
    sigma_z: float
    base: int
    reason: str = ""

    @property
    def z(self) -> Floats:
        """Distance from the centre in standard errors; NaN where there is none."""
        return np.asarray((self.values - self.centre) / np.where(self.sigma > 0, self.sigma, np.nan), dtype=np.float64)

    @property
    def beyond(self) -> Marked:
        """Which points lie outside their limits."""
        return np.asarray((self.values > self.upper) | (self.values < self.lower), dtype=bool)


def _chart(
    kind: str, values: Floats, centre: float, sigma: Floats | float, *, base: int, bounds: tuple[float, float] = (-np.inf, np.inf)
) -> ControlChart:
    errors = np.broadcast_to(np.asarray(sigma, dtype=np.float64), values.shape).copy()
    lower, upper = (np.clip(centre + side * SIGMAS * errors, *bounds) for side in (-1, 1))
    return ControlChart(kind, values, np.full(len(values), centre), lower, upper, errors, 1.0, base)


def _used(values: Floats, base: ArrayLike | None) -> Marked:
    """The points the limits are made from: those that exist and are not left out."""
    known = ~np.isnan(values)
    return known if base is None else known & np.asarray(base, dtype=bool)


def _ranges(values: Floats) -> float:
    """Mean moving range of neighbouring values; NaN for fewer than two."""
    return float(np.abs(np.diff(values)).mean()) if len(values) > 1 else np.nan


def xmr(x: ArrayLike, base: ArrayLike | None = None) -> ControlChart:
    """Single values with limits from the mean moving range / 1.128. NaN is a gap that a moving range spans.

    ``base``: which points make the limits (True for those); all without.
    Source: Shewhart 1931; NIST/SEMATECH e-Handbook 6.3.2.2.

    >>> chart = xmr([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    >>> [round(float(line[0]), 4) for line in (chart.centre, chart.upper, chart.lower)]
    [50.81, 55.8041, 45.8159]
    """
    values = np.asarray(x, dtype=np.float64)
    used = values[_used(values, base)]
    return _chart("xmr", values, float(used.mean()) if len(used) else np.nan, _ranges(used) / D2, base=len(used))


@cache
def mean_range(n: int) -> float:
    """Mean range of n normal values in standard deviations: the constant d₂, with the three digits that handbooks and programs use.

    >>> mean_range(2), mean_range(5)
    (1.128, 2.326)
    """
    if n < 2:
        return float("nan")
    inner: Callable[[float], float] = lambda t: 1 - special.ndtr(t) ** n - special.ndtr(-t) ** n  # noqa: E731
    return round(float(2 * integrate.quad(inner, 0, 12)[0]), 3)


def xbar(samples: ArrayLike, base: ArrayLike | None = None) -> ControlChart:
    """Means of samples (points × values; NaN where a sample is smaller), σ from the ranges within samples of two values or more.

    The centre is the mean of all values. Source: Montgomery 1991; qcc's UWAVE-R.

    >>> chart = xbar([[1.0, 3.0], [2.0, 4.0], [3.0, 5.0]])
    >>> [round(float(line[0]), 3) for line in (chart.centre, chart.upper)]
    [3.0, 6.761]
    """
    table = np.asarray(samples, dtype=np.float64)
    size = (~np.isnan(table)).sum(axis=1)
    filled = np.ma.masked_invalid(table)
    values = np.asarray(filled.mean(axis=1).filled(np.nan), dtype=np.float64)
    used = _used(values, base)
    several = used & (size > 1)
    spread = np.asarray(np.ma.ptp(filled, axis=1).filled(np.nan))[several] / [mean_range(int(n)) for n in size[several]]
    sigma = float(spread.mean()) if several.any() else np.nan
    centre = float(np.average(values[used], weights=size[used])) if used.any() else np.nan
    return _chart("xbar", values, centre, sigma / np.sqrt(np.maximum(size, 1)), base=int(used.sum()))


def c_chart(counts: ArrayLike, base: ArrayLike | None = None) -> ControlChart:
    """Counts of equal exposure; limits not below 0. Source: NIST/SEMATECH e-Handbook 6.3.3.1.

    >>> chart = c_chart([16, 14, 28, 16, 12])
    >>> [round(float(line[0]), 2) for line in (chart.centre, chart.upper)]
    [17.2, 29.64]
    """
    values = np.asarray(counts, dtype=np.float64)
    return replace(u_chart(values, np.ones(len(values)), base), kind="c")


def u_chart(counts: ArrayLike, exposure: ArrayLike, base: ArrayLike | None = None) -> ControlChart:
    """Counts per exposure with limits for each point's own exposure, not below 0. A point without exposure is a gap.

    >>> chart = u_chart([4, 9, 20], [1, 2, 4])
    >>> round(float(chart.centre[0]), 3), chart.upper.round(2).tolist()
    (4.714, [11.23, 9.32, 7.97])
    """
    return _rate("u", counts, exposure, base, np.inf)


def p_chart(hits: ArrayLike, n: ArrayLike, base: ArrayLike | None = None) -> ControlChart:
    """Shares with limits for each point's own n, within 0 and 1. A point without cases is a gap. Source: Montgomery 1991.

    >>> chart = p_chart([12, 15, 8], 50)
    >>> [round(float(line[0]), 4) for line in (chart.centre, chart.upper)]
    [0.2333, 0.4128]
    """
    return _rate("p", hits, n, base, 1.0)


def _rate(kind: str, hits: ArrayLike, size: ArrayLike, base: ArrayLike | None, most: float) -> ControlChart:
    found = np.asarray(hits, dtype=np.float64)
    of = np.broadcast_to(np.asarray(size, dtype=np.float64), found.shape)
    of = np.where(of > 0, of, np.nan)
    values = found / of
    used = _used(values, base)
    centre = float(found[used].sum() / of[used].sum()) if used.any() else np.nan
    variance = centre * (1 - centre) if kind == "p" else centre
    return _chart(kind, values, centre, np.sqrt(variance / of), bounds=(0.0, most), base=int(used.sum()))


def laney(chart: ControlChart, base: ArrayLike | None = None) -> ControlChart:
    """A p or u chart whose limits hold the spread between points: σ of each point × σ_z, the mean moving range of z / 1.128.

    σ_z near 1: the plain chart was right; far above it: the points differ by more than their size explains.
    Source: Laney 2002.

    >>> plain = p_chart([900, 940, 905, 935], 1000)
    >>> round(laney(plain).sigma_z, 2)
    3.62
    """
    z = chart.z
    ratio = _ranges(z[_used(z, base)]) / D2
    bounds = (0.0, 1.0 if chart.kind == "p" else np.inf)
    centre = float(chart.centre[0]) if len(z) else np.nan
    wider = _chart(f"{chart.kind}_laney", chart.values, centre, chart.sigma * ratio, bounds=bounds, base=chart.base)
    return replace(wider, sigma_z=ratio)


# --- run rules ---------------------------------------------------------------------------------------------------------------


def runs(z: ArrayLike, rules: Sequence[str] = RULES) -> dict[str, Marked]:
    """Which points complete a pattern, by rule; ``z`` in standard errors, gaps closed up, one row per chart where it has two dimensions.

    ``beyond``: outside 3; ``two_of_three`` of the last points outside 2 on one side; ``four_of_five`` outside 1; ``eight_in_a_row`` on one
    side; ``six_steady``: each above (or below) the one before. A pattern ends in the point that is marked.
    Source: Western Electric 1956; Nelson 1984.

    >>> {rule: np.flatnonzero(hit).tolist() for rule, hit in runs([0, 2.1, 2.2, 0.5, 3.2]).items() if hit.any()}
    {'beyond': [4], 'two_of_three': [2, 4]}
    """
    values = np.asarray(z, dtype=np.float64)
    unknown = set(rules) - set(RULES)
    if unknown:
        raise ValueError(f"rules == {sorted(unknown)}, must be among {', '.join(RULES)}.")
    return {rule: _RULES[rule](values) for rule in rules}


def _beyond(z: Floats) -> Marked:
    return np.asarray(np.abs(z) > SIGMAS, dtype=bool)


def _zone(bound: float, least: int, window: int) -> Callable[[Floats], Marked]:
    """At least ``least`` of the last ``window`` points beyond a bound on the side on which the last one is."""

    def found(z: Floats) -> Marked:
        sides = (z > bound, z < -bound)
        return np.asarray(np.logical_or.reduce([side & (_last(side, window) >= least) for side in sides]), dtype=bool)

    return found


def _last(hit: Marked, window: int) -> NDArray[np.int64]:
    """How many of the last ``window`` places are hit, fewer at the start."""
    total = np.concatenate([np.zeros((*hit.shape[:-1], window), dtype=np.int64), np.cumsum(hit, axis=-1)], axis=-1)
    return np.asarray(total[..., window:] - total[..., : hit.shape[-1]], dtype=np.int64)


def _steady(z: Floats) -> Marked:
    step = np.diff(z, axis=-1, prepend=np.nan)
    return np.asarray((_last(step > 0, 5) == 5) | (_last(step < 0, 5) == 5), dtype=bool)


_RULES: dict[str, Callable[[Floats], Marked]] = {
    "beyond": _beyond,
    "two_of_three": _zone(2.0, 2, 3),
    "four_of_five": _zone(1.0, 4, 5),
    "eight_in_a_row": _zone(0.0, 8, 8),
    "six_steady": _steady,
}


def by_chance(points: int, phi: float, rules: Sequence[str] = ("beyond",), weekdays: bool = False, series: int = 1000) -> float:
    """Share of XmR charts of pure noise on which a rule marks a point: ``points`` values, each resembling the one before by ``phi``.

    Simulated with a fixed seed, so the same question has the same answer; ``weekdays``: a weekday pattern was taken from the values first.

    >>> round(by_chance(90, 0.0), 1), round(by_chance(90, 0.3), 1)
    (0.2, 0.6)
    """
    z = _noise_z(points, round(phi, 2), weekdays, series)
    return float(np.logical_or.reduce(list(runs(z, rules).values())).any(axis=1).mean())


@cache
def _noise_z(points: int, phi: float, weekdays: bool, series: int) -> Floats:
    rng = np.random.default_rng([20_241_122, points, round(100 * phi)])
    noise = rng.normal(size=(series, points))
    for at in range(1, points):
        noise[:, at] = phi * noise[:, at - 1] + np.sqrt(1 - phi**2) * noise[:, at]
    if weekdays:
        day = np.arange(points)
        noise = noise - weekday_pattern(day, noise)[:, (day + EPOCH_WEEKDAY) % 7]
    sigma = np.abs(np.diff(noise, axis=1)).mean(axis=1) / D2
    return np.asarray((noise - noise.mean(axis=1, keepdims=True)) / sigma[:, None], dtype=np.float64)


# --- limits that change with the process -------------------------------------------------------------------------------------


def segmented(chart: Callable[[slice], ControlChart], changes: Sequence[int], points: int) -> tuple[ControlChart, ...]:
    """One chart per stretch between confirmed changes: limits are made anew there and nowhere else.

    A stretch of fewer than `POINTS_MIN` points has its centre and no limits (``too_few_points``); one in which nothing varies has none
    either (``zero_variance``).

    >>> x = np.r_[np.arange(24) % 2, 10 + np.arange(8) % 2]
    >>> [(part.base, part.reason) for part in segmented(lambda part: xmr(x[part]), [24], 32)]
    [(24, ''), (8, 'too_few_points')]
    """
    edges = [0, *changes, points]
    return tuple(_limited(chart(slice(start, end))) for start, end in pairwise(edges))


def _limited(chart: ControlChart) -> ControlChart:
    few = chart.base < POINTS_MIN
    if not few and np.nanmax(chart.sigma, initial=0.0) > 0:
        return chart
    nothing = np.full(len(chart.values), np.nan)
    reason = "too_few_points" if few else "zero_variance"
    return replace(chart, lower=nothing, upper=nothing, sigma=nothing, sigma_z=np.nan, reason=reason)
