"""Trends: is a series going somewhere, how fast, and may one say so?

``trend_verdicts`` is the door: one row per group × day in, one verdict per group out. Two tests must agree, because
each alone is fooled by something: Mann-Kendall on weekly values, and the Mann-Kendall test blocked by weekday with the
Hirsch-Slack covariance on day values. Both keep their level when days resemble their neighbours. p is the larger one.

The other tests stand here to be compared with the literature; none of them decides a verdict.

===========================  =====================================================================================
``mann_kendall``             plain test; wrong in 12–15 % of flat series once days resemble their neighbours
``seasonal_mann_kendall``    one score per season (weekday), seasons independent
``hirsch_slack``             the same with the covariance between seasons: the one to use on day values
``hamed_rao``                variance inflated by the rank autocorrelation; ≤ 3 lags is the advanced view
``yue_wang``                 AR(1) formula only, never below 1; the all-lag version finds trends in half of pure noise
``prewhitened``              lag-1 pre-whitening; ``trend_free=True`` is worse than doing nothing and only for checks
===========================  =====================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from core.fairness import normal_quantile
from core.regression import least_squares
from core.slopes import kendall_score, slopes_by_place, tie_sum

Floats = NDArray[np.float64]
Gaps = Literal["midrank", "complete"]

EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
METHOD = "weekly_mann_kendall+weekday_hirsch_slack"
ALPHA, STRONG = 0.05, 0.005
LARGEST_EXACT = 10  # values; above, or with ties, the normal law of the score is right enough
LARGEST_PAIRWISE = 2000  # above this, listing all pairs costs more memory than a page may take
_CELLS = 4_000_000  # signs held at once while many groups are tested


@dataclass(frozen=True)
class MannKendall:
    """Result of a test of the Mann-Kendall family.

    Args:
        n: values used.
        s: score, pairs that rise minus pairs that fall.
        var_s: variance of the score without trend, ties and correction included.
        z: standardised score; NaN when it does not exist.
        p: two-sided p-value.
        tau_a: score over all pairs.
        tau_b: score over the pairs without ties.
        factor: what the variance was multiplied with because of autocorrelation (n / n*).
        slope: Theil-Sen slope where the test needs one, else NaN.
        reason: ``too_few_values``, ``zero_variance`` or ``negative_variance`` where there is no p; else empty.
    """

    n: int
    s: float
    var_s: float
    z: float
    p: float
    tau_a: float
    tau_b: float = np.nan
    factor: float = 1.0
    slope: float = np.nan
    reason: str = ""


# ---------------------------------------------------------------------------------------------------------------------
# scores and their variance


def _score_variance(values: Floats) -> float:
    n = len(values)
    return (n * (n - 1) * (2 * n + 5) - tie_sum(values, True)) / 18


def _z(s: Floats | float, var_s: Floats | float, continuity: bool = True) -> Floats:
    """Standardised score; NaN where the variance is not positive. A score of zero is z = 0."""
    score, variance = np.asarray(s, dtype=np.float64), np.asarray(var_s, dtype=np.float64)
    shrunk = np.sign(score) * np.maximum(np.abs(score) - continuity, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(variance > 0, shrunk / np.sqrt(np.maximum(variance, 0)), np.nan), dtype=np.float64)


def _two_sided(z: Floats) -> Floats:
    """Two-sided normal p-value that stays positive far out, where 2·(1 − cdf) would be 0."""
    return np.asarray(2 * special.ndtr(-np.abs(z)), dtype=np.float64)


def _variance_reason(var_s: float, n: int) -> str:
    if n < 2:
        return "too_few_values"
    return "" if var_s > 0 else "zero_variance" if var_s == 0 else "negative_variance"


def _present(x: ArrayLike) -> tuple[Floats, Floats]:
    """Values that exist and their positions in time."""
    values = np.asarray(x, dtype=np.float64)
    at = np.flatnonzero(~np.isnan(values))
    return values[at], at.astype(np.float64)


def mann_kendall(x: ArrayLike, method: Literal["normal", "exact", "auto"] = "normal") -> MannKendall:
    """Mann-Kendall test of a series in time order; NaN is left out.

    ``normal``: tie-corrected variance, continuity correction. ``exact``: the permutation distribution, for at most ten
    values without ties; else ValueError. ``auto``: exact where it can be, else normal. A constant
    series has no p and the reason ``zero_variance``.
    Source: Mann 1945; Kendall 1975.

    >>> found = mann_kendall([3, 1, 4, 6, 5, 9, 8])
    >>> found.s, round(found.p, 4)
    (15, 0.0355)
    """
    values, _ = _present(x)
    n, s, var_s = len(values), kendall_score(values), _score_variance(values)
    z = float(_z(s, var_s))
    exactly = n <= LARGEST_EXACT and n > 1 and not tie_sum(values, False)
    if method == "exact" and not exactly:
        raise ValueError("the exact test needs two to ten values without ties.")
    normal = float(_two_sided(np.asarray(z)))
    p = float(_exact_tails(n)[abs(s)]) if exactly and method != "normal" else normal
    pairs, tied = n * (n - 1) / 2, tie_sum(values, False)
    tau_a = s / pairs if pairs else np.nan
    tau_b = s / np.sqrt(pairs * (pairs - tied)) if pairs > tied else np.nan
    return MannKendall(n, s, var_s, z, p, tau_a, float(tau_b), reason=_variance_reason(var_s, n))


@lru_cache(maxsize=LARGEST_EXACT + 1)
def _exact_tails(n: int) -> Floats:
    """P(|S| ≥ s) at place s when all orders of n different values are equally likely (Kendall 1975, by counting inversions)."""
    orders = np.ones(1)
    for size in range(2, n + 1):
        orders = np.convolve(orders, np.ones(size))
    scores = np.abs(n * (n - 1) // 2 - 2 * np.arange(len(orders)))
    weights = np.bincount(scores, orders)
    return np.asarray(weights[::-1].cumsum()[::-1] / orders.sum(), dtype=np.float64)


def _scores(values: Floats) -> tuple[Floats, Floats]:
    """Scores and their covariance for a stack of tables (groups × cycles × seasons) with gaps as NaN.

    Gaps by the mid-rank rule of Hirsch & Slack 1984: a pair with a gap scores nothing, a missing value gets the middle
    rank of its season. Returns S (groups × seasons) and the covariance (groups × seasons × seasons); the diagonal is
    the tie-corrected variance.
    """
    groups, cycles, seasons = values.shape
    step = max(1, _CELLS // max(1, cycles * cycles * seasons))
    parts = [_scores_at_once(values[at : at + step]) for at in range(0, groups, step)]
    if not parts:
        return np.empty((0, seasons)), np.empty((0, seasons, seasons))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _scores_at_once(values: Floats) -> tuple[Floats, Floats]:
    groups, cycles, seasons = values.shape
    with np.errstate(invalid="ignore"):
        later = values[:, None, :, :] - values[:, :, None, :]
        signs = np.nan_to_num(np.sign(later)).astype(np.float32)  # [group, i, j, season] = sign(x_j − x_i)
    above = signs.sum(axis=2, dtype=np.float64)  # values above minus values below each one
    upper = np.triu(np.ones((cycles, cycles), dtype=np.float32), 1)
    s = np.einsum("gijd,ij->gd", signs, upper, dtype=np.float64)
    size = (~np.isnan(values)).sum(axis=1).astype(np.float64)
    rank = (size[:, None, :] + 1 - above) / 2
    flat = signs.reshape(groups, cycles * cycles, seasons)
    concordance = np.matmul(flat.transpose(0, 2, 1), flat).astype(np.float64) / 2
    products = np.matmul(rank.transpose(0, 2, 1), rank)
    middle = (size[:, :, None] + 1) * (size[:, None, :] + 1)
    return s, (concordance + 4 * products - cycles * middle) / 3


# ---------------------------------------------------------------------------------------------------------------------
# seasonal tests


def _seasonal(table: ArrayLike, correlated: bool, continuity: bool) -> MannKendall:
    values = np.asarray(table, dtype=np.float64)
    s, covariance = _scores(values[None])
    size = (~np.isnan(values)).sum(axis=0)
    score = float(s.sum())
    var_s = float(covariance.sum() if correlated else np.trace(covariance[0]))
    pairs = float((size * (size - 1) / 2).sum())
    z = float(_z(score, var_s, continuity))
    tau = score / pairs if pairs else np.nan
    reason = "too_few_values" if not pairs else _variance_reason(var_s, 2)
    return MannKendall(int(size.sum()), score, var_s, z, float(_two_sided(np.asarray(z))), tau, reason=reason)


def seasonal_mann_kendall(table: ArrayLike) -> MannKendall:
    """Seasonal Mann-Kendall test of a table (cycles × seasons, e.g. weeks × weekdays), seasons taken as independent.

    Gaps are NaN and leave out one value of one season. ``tau_a`` is the score over all pairs of all seasons.
    Source: Hirsch, Slack & Smith 1982.

    >>> seasonal_mann_kendall([[1, 5], [2, 6], [3, 7]]).s
    6.0
    """
    return _seasonal(table, correlated=False, continuity=True)


def hirsch_slack(table: ArrayLike, gaps: Gaps = "midrank", continuity: bool = True) -> MannKendall:
    """Seasonal Mann-Kendall test with the covariance between seasons estimated from the ranks.

    ``gaps="midrank"`` keeps every value of a cycle with a gap (a missing value takes the middle rank of its season);
    ``gaps="complete"`` drops every cycle with a gap, as some packages do. The estimated variance can come out negative
    in very short tables: then there is no p and the reason is ``negative_variance``.
    Source: Hirsch & Slack 1984; Dietz & Killeen 1981.

    >>> table = [[1, 5], [2, np.nan], [3, 7], [5, 8]]
    >>> hirsch_slack(table).s, hirsch_slack(table, gaps="complete").s
    (9.0, 6.0)
    """
    values = np.asarray(table, dtype=np.float64)
    kept = values[~np.isnan(values).any(axis=1)] if gaps == "complete" else values
    return _seasonal(kept, correlated=True, continuity=continuity)


def seasonal_slope(table: ArrayLike) -> float:
    """Median of all slopes between values of the same season, per cycle (per week in a weeks × weekdays table).

    >>> seasonal_slope([[1, 10], [2, 12], [3, 14]])
    1.5
    """
    values = np.asarray(table, dtype=np.float64)
    first, second = np.triu_indices(len(values), 1)
    slopes = (values[second] - values[first]) / (second - first)[:, None]
    kept = slopes[~np.isnan(slopes)]
    return float(np.median(kept)) if len(kept) else np.nan


# ---------------------------------------------------------------------------------------------------------------------
# corrections for autocorrelation, for comparison with the literature


def autocorrelation(x: ArrayLike, lags: int) -> Floats:
    """Sample autocorrelation at lags 1..lags, one common mean and variance.

    >>> autocorrelation([1, 2, 1, 2], 1).tolist()
    [-0.75]
    """
    values = np.asarray(x, dtype=np.float64)
    centred = values - values.mean()
    power = float(centred @ centred)
    return np.array([centred[lag:] @ centred[:-lag] / power if power else np.nan for lag in range(1, lags + 1)])


def _inflated(plain: MannKendall, factor: float, slope: float) -> MannKendall:
    var_s = plain.var_s * factor
    z = float(_z(plain.s, var_s))
    reason = plain.reason or _variance_reason(var_s, plain.n)
    return replace(
        plain, var_s=var_s, z=z, p=float(_two_sided(np.asarray(z))), factor=factor, slope=slope, reason=reason
    )


def _detrended(x: ArrayLike) -> tuple[Floats, float]:
    """The values without their Sen line, gaps closed up, and the slope."""
    values, at = _present(x)
    slope = theil_sen(values, at).slope
    return values - slope * np.arange(1, len(values) + 1), slope


def hamed_rao(x: ArrayLike, lags: int | None = None, floor: float | None = None) -> MannKendall:
    """Mann-Kendall test with the variance corrected by the significant autocorrelations of the detrended ranks.

    ``lags`` limits how many lags are looked at (3 with ``floor=1`` is the advanced view; all lags go wrong on series
    with a strong weekly pattern). The factor can be negative; then there is no p and the reason is
    ``negative_variance``. Source: Hamed & Rao 1998.

    >>> found = hamed_rao([3, 1, 4, 6, 5, 9, 8, 7, 9, 12], lags=3, floor=1.0)
    >>> found.factor >= 1
    True
    """
    plain = mann_kendall(x)
    residuals, slope = _detrended(x)
    n = plain.n
    lag = np.arange(1, min(lags or n - 1, n - 1) + 1)
    rho = autocorrelation(stats.rankdata(residuals), len(lag))
    counted = np.where(np.abs(rho) > normal_quantile(0.95) / np.sqrt(n), rho, 0.0)
    factor = 1 + 2 / (n * (n - 1) * (n - 2)) * float(((n - lag) * (n - lag - 1) * (n - lag - 2) * counted).sum())
    return _inflated(plain, factor if floor is None else max(factor, floor), slope)


def yue_wang(x: ArrayLike, floor: float = 1.0) -> MannKendall:
    """Mann-Kendall test with the effective sample size of an AR(1) process; never more optimistic than the plain test.

    r is the lag-1 autocorrelation of the detrended series and n/n* = 1 + 2 (1 − 1/n) r / (1 − r): the geometric sum of
    Yue & Wang's AR(1) formula as the reference implementation evaluates it, within 1 % of the exact finite sum for
    n ≥ 50 and on the careful side. Source: Yue & Wang 2004.

    >>> yue_wang([1, 3, 2, 4, 3, 5, 4, 6]).factor
    1.0
    """
    plain = mann_kendall(x)
    residuals, slope = _detrended(x)
    r = float(autocorrelation(residuals, 1)[0])
    factor = 1 + 2 * (1 - 1 / plain.n) * r / (1 - r)
    return _inflated(plain, max(factor, floor), slope)


def prewhitened(x: ArrayLike, trend_free: bool = False) -> MannKendall:
    """Mann-Kendall test after taking out the lag-1 autocorrelation; uses n − 1 values, gaps closed up.

    ``trend_free`` takes the Sen line out first and puts it back afterwards; it is wrong in 15–40 % of autocorrelated
    flat series and stands here only to be compared with. ``slope`` is the slope of the tested series.
    Source: Kulkarni & von Storch 1995; Yue et al. 2002.

    >>> prewhitened([1, 3, 2, 4, 3, 5, 4, 6]).n
    7
    """
    values, _ = _present(x)
    base, slope = _detrended(x) if trend_free else (values, 0.0)
    r = float(autocorrelation(base, 1)[0])
    blended = base[1:] - r * base[:-1] + slope * np.arange(2, len(values) + 1)
    return replace(mann_kendall(blended), slope=theil_sen(blended).slope)


# ---------------------------------------------------------------------------------------------------------------------
# slopes


@dataclass(frozen=True)
class Slope:
    """A slope per unit of x with its interval; ``reason`` says why a part is missing."""

    slope: float
    low: float
    high: float
    intercept: float
    n: int
    reason: str = ""


def _slope_ranks(n_slopes: Floats, sigma: Floats, level: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places (0-based) of the two slopes around the true one, by inverting Kendall's test; may be out of reach."""
    half = normal_quantile(level) * sigma
    low = np.round((n_slopes - half) / 2).astype(np.int64) - 1
    return low, np.round((n_slopes + half) / 2).astype(np.int64)


def theil_sen(y: ArrayLike, x: ArrayLike | None = None, level: float = 0.95) -> Slope:
    """Median of all pairwise slopes with Sen's interval; x ascending (default 0, 1, 2 …), NaN in y is left out.

    The intercept is median(y) − slope · median(x). Up to 2,000 values all pairs are listed; beyond that the same order
    statistics are found by counting (`core.slopes`), in O(n log n) time and O(n) memory.
    Too few values for the level give NaN ends and ``interval_out_of_reach``. Source: Sen 1968.

    >>> found = theil_sen([1, 2, 3, 5, 5, 6, 7, 9])
    >>> found.slope, found.low, round(found.high, 3)
    (1.0, 1.0, 1.333)
    """
    values = np.asarray(y, dtype=np.float64)
    at = np.arange(len(values), dtype=np.float64) if x is None else np.asarray(x, dtype=np.float64)
    kept = ~np.isnan(values)
    values, at, n = values[kept], at[kept], int(kept.sum())
    if n < 2:
        return Slope(np.nan, np.nan, np.nan, np.nan, n, "too_few_values")
    if (np.diff(at) <= 0).any():
        raise ValueError("x must ascend.")
    pairs = n * (n - 1) // 2
    low, high = (int(rank) for rank in _slope_ranks(np.asarray(float(pairs)), np.sqrt(_score_variance(values)), level))
    ranks = np.array([(pairs - 1) // 2, pairs // 2, low, high])
    found = np.where((ranks >= 0) & (ranks < pairs), _slopes_at(values, at, np.clip(ranks, 0, pairs - 1)), np.nan)
    slope = float(found[:2].mean())
    reason = "interval_out_of_reach" if np.isnan(found[2:]).any() else ""
    return Slope(slope, float(found[2]), float(found[3]), float(np.median(values) - slope * np.median(at)), n, reason)


def _slopes_at(y: Floats, x: Floats, ranks: NDArray[np.int64]) -> Floats:
    """The pairwise slopes at the given places of their ascending order."""
    if len(y) > LARGEST_PAIRWISE:
        return slopes_by_place(y, x, ranks)
    first, second = np.triu_indices(len(y), 1)
    return np.asarray(np.sort((y[second] - y[first]) / (x[second] - x[first]))[ranks], dtype=np.float64)


@dataclass(frozen=True)
class OlsTrend:
    """Least-squares slope with its plain and its autocorrelation-robust (Newey-West) standard error."""

    slope: float
    intercept: float
    se_ols: float
    se_hac: float
    n: int


def ols_trend(y: ArrayLike, x: ArrayLike | None = None, maxlags: int = 7) -> OlsTrend:
    """Least-squares line with Newey-West errors: Bartlett weights over ``maxlags``, small-sample factor n / (n − 2).

    NaN in y is left out. Raises ValueError below three values. Source: Newey & West 1987.

    >>> found = ols_trend([1, 3, 2, 5, 4], maxlags=1)
    >>> found.slope, round(found.se_ols, 4)
    (0.8, 0.3464)
    """
    values = np.asarray(y, dtype=np.float64)
    at = np.arange(len(values), dtype=np.float64) if x is None else np.asarray(x, dtype=np.float64)
    kept = ~np.isnan(values)
    design = np.column_stack([np.ones(kept.sum()), at[kept]])
    if len(design) < 3:
        raise ValueError("a line with an error needs at least three values.")
    fit = least_squares(design, values[kept], maxlags)
    slope, errors = float(fit.coefficients[1]), (float(fit.se[1]), float(fit.se_hac_small[1]))
    return OlsTrend(slope, float(fit.coefficients[0]), *errors, len(design))


# ---------------------------------------------------------------------------------------------------------------------
# many tests at once


Adjustment = Literal["holm", "bh", "by", "bonferroni", "hochberg"]


def adjust(p: ArrayLike, method: Adjustment = "holm") -> Floats:
    """P-values adjusted for the size of their family. NaN is no test: it is left out of the family and stays NaN.

    Holm, Hochberg and Bonferroni bound the chance of any false finding; BH and BY the share of false ones among the
    findings. Source: Holm 1979; Hochberg 1988; Benjamini & Hochberg 1995; Benjamini & Yekutieli 2001.

    >>> adjust([0.01, np.nan, 0.04]).tolist()
    [0.02, nan, 0.04]
    """
    raw = np.asarray(p, dtype=np.float64)
    kept = np.flatnonzero(~np.isnan(raw))
    adjusted = np.full(raw.shape, np.nan)
    if len(kept):
        order = kept[np.argsort(raw[kept], kind="stable")]
        adjusted[order] = _adjust_sorted(raw[order], method)
    return adjusted


def _adjust_sorted(ascending: Floats, method: Adjustment) -> Floats:
    m = len(ascending)
    place = np.arange(1, m + 1)
    harmonic = (1 / place).sum()
    factors = {
        "bonferroni": np.full(m, float(m)),
        "holm": m - place + 1.0,
        "hochberg": m - place + 1.0,
        "bh": m / place,
        "by": harmonic * m / place,
    }
    if method not in factors:
        raise ValueError(f"method == {method!r}, must be one of {', '.join(factors)}.")
    scaled = np.minimum(ascending * factors[method], 1.0)
    if method in ("holm", "bonferroni"):
        return np.asarray(np.maximum.accumulate(scaled), dtype=np.float64)
    return np.asarray(np.minimum.accumulate(scaled[::-1])[::-1], dtype=np.float64)


# ---------------------------------------------------------------------------------------------------------------------
# verdicts


def verdict_codes(p: ArrayLike, p_adjusted: ArrayLike, unchanged: ArrayLike, enough: ArrayLike) -> NDArray[np.str_]:
    """Verdict code per test; NaN p means that the statistic does not exist.

    >>> verdict_codes([0.001, 0.03, 0.2, np.nan], [0.002, 0.06, 0.2, np.nan], [False] * 4, [True] * 4).tolist()
    ['strong_evidence', 'some_evidence', 'no_evidence', 'cannot_be_judged']
    """
    raw, adjusted = np.asarray(p, dtype=np.float64), np.asarray(p_adjusted, dtype=np.float64)
    rules = [
        (~np.asarray(enough, dtype=bool), "not_enough_data"),
        (np.isnan(raw), "cannot_be_judged"),
        (np.asarray(unchanged, dtype=bool), "practically_unchanged"),
        (adjusted < STRONG, "strong_evidence"),
        (adjusted < ALPHA, "evidence"),
        (raw < ALPHA, "some_evidence"),
    ]
    return np.select([rule[0] for rule in rules], [rule[1] for rule in rules], "no_evidence").astype(str)


def one_family(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Verdicts of several calls of `trend_verdicts` judged anew as one family, with ``q`` (Benjamini-Hochberg) beside Holm's p.

    Holm decides the verdict: whatever has consequences. ``q`` < 0.05 is "worth a look": of such a list one in twenty is expected to be
    false.

    >>> rows = pd.DataFrame({"p": [0.01, 0.02, 0.04], "verdict": ["evidence", "practically_unchanged", "evidence"]})
    >>> found = one_family(rows)
    >>> found["verdict"].tolist(), found["p_adjusted"].tolist(), found["q"].round(3).tolist()
    (['evidence', 'practically_unchanged', 'evidence'], [0.03, 0.04, 0.04], [0.03, 0.03, 0.04])
    """
    p_adjusted = adjust(verdicts["p"])
    unchanged, enough = verdicts["verdict"] == "practically_unchanged", verdicts["verdict"] != "not_enough_data"
    codes = verdict_codes(verdicts["p"], p_adjusted, unchanged, enough)
    family = int(verdicts["p"].notna().sum())
    return verdicts.assign(p_adjusted=p_adjusted, q=adjust(verdicts["p"], "bh"), verdict=codes, family=family)


def week_of(local_day: ArrayLike, week_start: int = 0) -> NDArray[np.int64]:
    """Number of the week a local day falls in; weeks start on ``week_start`` (0 Monday … 6 Sunday).

    >>> week_of([4, 10, 11]).tolist()
    [1, 1, 2]
    """
    return np.asarray((np.asarray(local_day, dtype=np.int64) + EPOCH_WEEKDAY - week_start) // 7, dtype=np.int64)


def week_first_day(week: ArrayLike, week_start: int = 0) -> NDArray[np.int64]:
    """First local day of a week; the inverse of ``week_of``.

    >>> week_first_day(1).tolist()
    4
    """
    return np.asarray(np.asarray(week, dtype=np.int64) * 7 - EPOCH_WEEKDAY + week_start, dtype=np.int64)


def pool(daily: pd.DataFrame, week_start: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Day values and week values from totals and counts: value = total / count, pooled, never a mean of means.

    Args:
        daily: one row per group × calendar day: group, local_day, total, count. Rows with count 0 are gaps.
        week_start: first weekday of a week, 0 Monday.

    Returns:
        Day values (group, local_day, value, n) and week values (group, week, value, n); n is the sum of counts.

    >>> days, weeks = pool(pd.DataFrame({"group": "a", "local_day": [4, 5], "total": [10.0, 2.0], "count": [1, 3]}))
    >>> days["value"].round(2).tolist(), weeks["value"].tolist()
    ([10.0, 0.67], [3.0])
    """
    seen = daily[daily["count"] > 0]
    days = seen[["group", "local_day"]].assign(value=seen["total"] / seen["count"], n=seen["count"])
    sums = (
        seen.assign(week=week_of(seen["local_day"], week_start))
        .groupby(["group", "week"], observed=True, as_index=False)[["total", "count"]]
        .sum()
    )
    return days, sums[["group", "week"]].assign(value=sums["total"] / sums["count"], n=sums["count"])


@dataclass(frozen=True)
class TrendRules:
    """What a trend needs before it is judged, and what counts as a change.

    Args:
        margin: largest change over the whole period that is practically none: of the median weekly value
            (0.10 is ±10 %), or in units of the value with ``relative=False`` (0.03 is ±3 points of a share).
        relative: see margin.
        weeks_min: full weeks with data that a verdict needs.
        week_n_min: observations an average week needs.
        week_start: first weekday, 0 Monday.
        period: first and last local day, both included; ``trend_verdicts`` takes those of the table by default.
    """

    margin: float = 0.10
    relative: bool = True
    weeks_min: int = 8
    week_n_min: float = 5.0
    week_start: int = 0
    period: tuple[int, int] = (0, -1)


@dataclass(frozen=True)
class _Calendar:
    """Values on the full weeks of the period: days (groups × weeks × 7), weeks (groups × weeks), their n."""

    groups: NDArray[Any]
    days: Floats
    weeks: Floats
    n: Floats


def _calendar(days: pd.DataFrame, weeks: pd.DataFrame, groups: NDArray[Any], rules: TrendRules) -> _Calendar:
    first = int(week_of(rules.period[0] + 6, rules.week_start))
    last = int(week_of(rules.period[1] + 1, rules.week_start))  # exclusive: the week after the last full one
    span = max(last - first, 0)
    day_grid = np.full((len(groups), span, 7), np.nan)
    week_grid, n = np.full((len(groups), span), np.nan), np.zeros((len(groups), span))
    day_week = week_of(days["local_day"], rules.week_start) - first
    inside = (day_week >= 0) & (day_week < span)
    row, column = _rows(days["group"], groups)[inside], day_week[inside]
    weekday = (days["local_day"].to_numpy(np.int64) + EPOCH_WEEKDAY - rules.week_start)[inside] % 7
    day_grid[row, column, weekday] = days["value"].to_numpy(np.float64)[inside]
    at = weeks["week"].to_numpy(np.int64) - first
    inside = (at >= 0) & (at < span)
    row = _rows(weeks["group"], groups)[inside]
    week_grid[row, at[inside]] = weeks["value"].to_numpy(np.float64)[inside]
    n[row, at[inside]] = weeks["n"].to_numpy(np.float64)[inside]
    return _Calendar(groups, day_grid, week_grid, np.where(np.isnan(week_grid), 0.0, n))


def _rows(column: pd.Series, groups: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(pd.Index(groups).get_indexer(pd.Index(column)), dtype=np.int64)


def _checked(daily: pd.DataFrame, needed: tuple[str, ...]) -> None:
    missing = [name for name in needed if name not in daily.columns]
    if missing:
        raise ValueError(f"the table lacks {', '.join(missing)}; it has {', '.join(map(str, daily.columns))}.")
    if daily[list(needed)].isna().any(axis=None):
        raise ValueError(f"{', '.join(needed)} must not hold missing values; leave out days without observations.")
    keys = [name for name in ("group", "local_day", "week") if name in needed]
    if daily.duplicated(keys).any():
        raise ValueError(f"more than one row per {' × '.join(keys)}.")


def trend_verdicts(daily: pd.DataFrame, weekly: pd.DataFrame | None = None, **choices: Any) -> pd.DataFrame:
    """One trend verdict per group (agent, team, shop): slope, interval, two tests, one family.

    Only full weeks of the period count. Two tests are made: Mann-Kendall on week values (exact for at most ten without ties) and
    Hirsch-Slack blocked by weekday on day values; p is the larger, adjusted by Holm over all groups that could be judged. The slope is
    Theil-Sen's on week values with a 95 % interval. ``change`` is slope × weeks between the first and the last week
    with data, relative to the median week (see ``TrendRules.margin``): when its 90 % interval lies inside the margin
    the verdict is ``practically_unchanged``, whatever p says. Fewer than ``weeks_min`` weeks with data, or fewer than
    ``week_n_min`` observations in an average week, give ``not_enough_data`` and a slope marked ``preliminary``; such a
    group is not part of the family. A series without variance ``cannot_be_judged``.

    Args:
        daily: one row per group × calendar day: group, local_day, total, count. Days without a row are gaps. With
            ``weekly`` given: group, local_day, value instead (for medians, which cannot be pooled from days).
        weekly: one row per group × week: group, week (as ``week_of`` counts), value, n.
        **choices: any field of ``TrendRules``: margin, relative, weeks_min, week_n_min, week_start, period.

    Returns:
        One row per group: group, slope_per_week, low, high, change, change_low, change_high (the 90 % interval),
        p_weekly, p_blocked, p, p_adjusted, verdict, direction (up, down, none), below_margin, preliminary, method,
        n_weeks, n, family, reason.

    >>> day = np.arange(4, 4 + 70)
    >>> table = pd.DataFrame({"group": "a", "local_day": day, "total": 100.0 + day + day % 5, "count": 1})
    >>> found = trend_verdicts(table, week_n_min=1).iloc[0]
    >>> found["verdict"], float(found["slope_per_week"]), int(found["n_weeks"])
    ('strong_evidence', 7.0, 10)
    """
    _checked(daily, ("group", "local_day", "total", "count") if weekly is None else ("group", "local_day", "value"))
    day_span = (int(daily["local_day"].min()), int(daily["local_day"].max())) if len(daily) else (0, -1)
    rules = TrendRules(**{"period": day_span, **choices})
    if weekly is None:
        days, weeks = pool(daily, rules.week_start)
    else:
        _checked(weekly, ("group", "week", "value", "n"))
        days, weeks = daily, weekly
    groups = np.asarray(sorted(pd.unique(daily["group"])), dtype=object)
    return _judge(_calendar(days, weeks, groups, rules), rules)


def _judge(calendar: _Calendar, rules: TrendRules) -> pd.DataFrame:
    n_weeks = (~np.isnan(calendar.weeks)).sum(axis=1)
    n = calendar.n.sum(axis=1)
    weeks_enough = n_weeks >= rules.weeks_min
    enough = weeks_enough & (n >= rules.week_n_min * np.maximum(n_weeks, 1))
    slopes = _week_slopes(calendar.weeks)
    *tests, why = _two_tests(calendar)
    p_weekly, p_blocked = (np.where(enough, each, np.nan) for each in tests)
    p = np.maximum(p_weekly, p_blocked)
    p_adjusted = adjust(p)
    change = _changes(calendar.weeks, slopes, rules)
    unchanged = (change[1] > -rules.margin) & (change[2] < rules.margin)
    short = np.where(weeks_enough, "too_few_observations", "too_few_weeks")
    return pd.DataFrame(
        {
            "group": calendar.groups,
            "slope_per_week": slopes[0],
            "low": slopes[1],
            "high": slopes[2],
            "change": change[0],
            "change_low": change[1],
            "change_high": change[2],
            "p_weekly": p_weekly,
            "p_blocked": p_blocked,
            "p": p,
            "p_adjusted": p_adjusted,
            "verdict": verdict_codes(p, p_adjusted, unchanged, enough),
            "direction": np.select([slopes[0] > 0, slopes[0] < 0], ["up", "down"], "none"),
            "below_margin": np.abs(change[0]) < rules.margin,
            "preliminary": ~enough,
            "method": METHOD,
            "n_weeks": n_weeks,
            "n": n,
            "family": int((~np.isnan(p)).sum()),
            "reason": np.where(enough, why, short),
        }
    )


def _two_tests(calendar: _Calendar) -> tuple[Floats, Floats, NDArray[np.str_]]:
    """Both p-values per group and the reason where one of them does not exist."""
    week_s, week_var = _scores(calendar.weeks[:, :, None])
    day_s, day_cov = _scores(calendar.days)
    var_weekly, var_blocked = week_var[:, 0, 0], day_cov.sum(axis=(1, 2))
    p_weekly = _weekly_p(week_s[:, 0], var_weekly, (~np.isnan(calendar.weeks)).sum(axis=1))
    p_blocked = _two_sided(_z(day_s.sum(axis=1), var_blocked))
    flat = np.isclose(var_weekly, 0) | np.isclose(var_blocked, 0)
    reason = np.where(flat, "zero_variance", np.where(var_blocked < 0, "negative_variance", ""))
    return np.where(flat, np.nan, p_weekly), np.where(flat, np.nan, p_blocked), reason.astype(str)


def _weekly_p(s: Floats, var_s: Floats, n: NDArray[np.int64]) -> Floats:
    """Two-sided p per group, exact for at most ten weeks without ties."""
    p = _two_sided(_z(s, var_s))
    for size in range(2, LARGEST_EXACT + 1):
        here = (n == size) & np.isclose(var_s, size * (size - 1) * (2 * size + 5) / 18)
        p[here] = _exact_tails(size)[np.abs(s[here]).astype(np.int64)]
    return p


def _week_slopes(weeks: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Theil-Sen slope per week for all groups, its 95 % ends, its 90 % ends (for the equivalence check)."""
    first, second = np.triu_indices(weeks.shape[1], 1)
    slopes = np.sort((weeks[:, second] - weeks[:, first]) / (second - first), axis=1)  # NaN goes last
    pairs = (~np.isnan(slopes)).sum(axis=1)
    sigma = np.sqrt(np.maximum(_scores(weeks[:, :, None])[1][:, 0, 0], 0.0))
    middle = (_at(slopes, (pairs - 1) // 2, pairs) + _at(slopes, pairs // 2, pairs)) / 2
    wide, narrow = (_slope_ranks(pairs.astype(np.float64), sigma, level) for level in (0.95, 0.90))
    low, high, low90, high90 = (_at(slopes, rank, pairs) for rank in (*wide, *narrow))
    return middle, low, high, low90, high90


def _at(ascending: Floats, rank: NDArray[np.int64], size: NDArray[np.int64]) -> Floats:
    """The value at a place of each row; NaN where the row does not reach so far."""
    if not ascending.shape[1]:
        return np.full(len(ascending), np.nan)
    inside = np.clip(rank, 0, np.maximum(size - 1, 0))
    return np.where((rank >= 0) & (rank < size), ascending[np.arange(len(ascending)), inside], np.nan)


def _changes(weeks: Floats, slopes: tuple[Floats, ...], rules: TrendRules) -> tuple[Floats, Floats, Floats]:
    """Fitted change over the observed weeks with its 90 % ends, in the unit of the margin."""
    seen = ~np.isnan(weeks)
    span = np.array([np.ptp(np.flatnonzero(row)) if row.any() else 0 for row in seen], dtype=np.float64)
    base = np.array([np.median(row[kept]) if kept.any() else np.nan for row, kept in zip(weeks, seen, strict=True)])
    scale = np.where(base == 0, np.nan, np.abs(base)) if rules.relative else 1.0
    return slopes[0] * span / scale, slopes[3] * span / scale, slopes[4] * span / scale
