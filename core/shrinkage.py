"""Empirical Bayes: what an agent's figure is worth once it is known how much agents differ at all.

An extreme figure from few observations is mostly luck. Its best guess lies nearer to the mean of all agents; how near says the
reliability τ²/(τ² + σ²/n), the share of the spread between agents that is not chance. Below 0.7 agents are not put in an order.

Shares use a beta-binomial fitted by maximum likelihood, means and log-medians the normal-normal model with τ² by REML (Paule–Mandel
and DerSimonian–Laird for comparison). The interval takes the fitted spread as known and, in the normal model, the mean as estimated.

Sources: Efron & Morris 1975, 1977; Morris 1983; Paule & Mandel 1982; Viechtbauer 2005; Adams 2009 (RAND TR-653) for the 0.7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from core.fairness import normal_quantile

Floats = NDArray[np.float64]
RELIABLE = 0.7
MIN_AGENTS = 5
_ENDLESS = 1e7


@dataclass(frozen=True)
class Shrunk:
    """Agents' figures drawn towards their common mean.

    Args:
        value: shrunken figure per agent; NaN without observations.
        low, high: its interval.
        reliability: 0…1 per agent; NaN without observations.
        mean: the common mean.
        tau: standard deviation between agents.
        needed_n: observations an agent needs for reliability 0.7; inf when agents do not differ.
        method: ``beta_binomial`` or ``normal_reml``.
        reason: ``too_few_agents`` when there are fewer than five with observations; then all figures are NaN.
    """

    value: Floats
    low: Floats
    high: Floats
    reliability: Floats
    mean: float
    tau: float
    needed_n: float
    method: str
    reason: str = ""

    @property
    def orderable(self) -> NDArray[np.bool_]:
        """Which agents may be put in an order: reliability of at least 0.7."""
        return np.nan_to_num(self.reliability) >= RELIABLE


def reliability(variance: ArrayLike, n: ArrayLike, tau: float) -> Floats:
    """τ² / (τ² + variance / n): how much of the spread between agents is not chance.

    >>> reliability(0.85 * 0.15, [20, 60, 200], 0.04).round(3).tolist()
    [0.201, 0.43, 0.715]
    """
    size = np.asarray(n, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(size > 0, tau**2 / (tau**2 + np.asarray(variance) / size), np.nan)
    return np.asarray(np.where(np.asarray(tau) == 0, np.where(size > 0, 0.0, np.nan), found), dtype=np.float64)


def needed_n(variance: float, tau: float, wanted: float = RELIABLE) -> float:
    """Observations until an agent's figure has the wanted reliability; inf when agents do not differ.

    >>> round(needed_n(0.85 * 0.15, 0.05)), needed_n(0.1, 0.0)
    (119, inf)
    """
    return float(wanted / (1 - wanted) * variance / tau**2) if tau > 0 else float("inf")


def expected_second(first: ArrayLike, mean: float, reliable: ArrayLike) -> Floats:
    """What an agent picked for a first figure shows next time when nothing is done: mean + reliability × (first − mean).

    >>> expected_second(0.75, 0.85, [0.2]).round(3).tolist()
    [0.83]
    """
    return np.asarray(mean + np.asarray(reliable, dtype=np.float64) * (np.asarray(first, dtype=np.float64) - mean), dtype=np.float64)


# --- shares ------------------------------------------------------------------------------------------------------------------


def beta_binomial(hits: ArrayLike, n: ArrayLike) -> tuple[float, float]:
    """Maximum likelihood α and β of a beta-binomial; both very large (sum 1e7) when the agents do not differ at all.

    Agents without observations say nothing. Raises ValueError for hits above n.

    >>> a, b = beta_binomial([0, 4, 18, 3, 20, 10], [20] * 6)
    >>> round(a, 2), round(b, 2)
    (0.39, 0.42)
    """
    hit, size = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if (hit > size).any():
        raise ValueError("hits exceed n.")
    hit, size = hit[size > 0], size[size > 0]
    pooled = float(hit.sum() / size.sum()) if len(hit) else float("nan")
    if not 0 < pooled < 1:
        return _ENDLESS * pooled, _ENDLESS * (1 - pooled)

    def loss(place: Floats) -> float:
        mean, total = special.expit(place[0]), np.exp(place[1])
        a, b = mean * total, (1 - mean) * total
        return float(-(special.betaln(hit + a, size - hit + b) - special.betaln(a, b)).sum())

    def at(log_total: float) -> tuple[float, float]:
        best = optimize.minimize_scalar(
            lambda logit: loss(np.array([logit, log_total])), bracket=(special.logit(pooled) - 0.1, special.logit(pooled) + 0.1)
        )
        return float(best.fun), float(best.x)

    grid = np.linspace(-3, 12, 16)
    start = min(grid, key=lambda log_total: at(float(log_total))[0])
    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000}
    found = optimize.minimize(loss, [at(float(start))[1], start], method="Nelder-Mead", options=options)
    chance = float(-(hit * np.log(pooled) + (size - hit) * np.log1p(-pooled)).sum())
    if found.x[1] > np.log(_ENDLESS) - 4 or found.fun >= chance - 1e-7:
        return _ENDLESS * pooled, _ENDLESS * (1 - pooled)
    mean, total = float(special.expit(found.x[0])), float(np.exp(found.x[1]))
    return mean * total, (1 - mean) * total


def beta_moments(hits: ArrayLike, n: ArrayLike) -> tuple[float, float]:
    """α and β from mean and variance of the raw shares; ignores that shares of few are noisy (Gelman et al., BDA 5.1).

    Called by no page: the textbook's rougher fit, with which `beta_binomial` is compared.

    >>> [round(part, 2) for part in beta_moments([1, 3, 5], [10, 10, 10])]
    [1.27, 2.97]
    """
    share = np.asarray(hits, dtype=np.float64) / np.asarray(n, dtype=np.float64)
    mean, spread = float(share.mean()), float(share.var(ddof=1))
    total = mean * (1 - mean) / spread - 1
    return mean * total, (1 - mean) * total


def shrink_shares(hits: ArrayLike, n: ArrayLike, level: float = 0.95) -> Shrunk:
    """Beta-binomial shrinkage of agents' shares: posterior mean and equal-tailed interval per agent.

    >>> found = shrink_shares([45, 96, 70, 99, 80, 2], [50, 100, 100, 100, 100, 2])
    >>> found.value.round(2).tolist(), found.orderable.tolist()
    ([0.9, 0.95, 0.71, 0.98, 0.81, 0.9], [True, True, True, True, True, False])
    """
    hit, size = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if (size > 0).sum() < MIN_AGENTS:
        return _none(len(size), "beta_binomial")
    a, b = beta_binomial(hit, size)
    mean, tail = a / (a + b), (1 - level) / 2
    tau = float(np.sqrt(mean * (1 - mean) / (a + b + 1))) if a + b < _ENDLESS / 2 else 0.0
    known = np.where(size > 0, 1.0, np.nan)
    ends = [mean * known, mean * known]
    if tau:
        ends = [special.betaincinv(a + hit, b + size - hit, q) * known for q in (tail, 1 - tail)]
    value = (a + hit) / (a + b + size) * known
    variance = mean * (1 - mean)
    return Shrunk(value, ends[0], ends[1], reliability(variance, size, tau), mean, tau, needed_n(variance, tau), "beta_binomial")


def _none(size: int, method: str) -> Shrunk:
    gone, nan = np.full(size, np.nan), float("nan")
    return Shrunk(gone, gone, gone, gone, nan, nan, nan, method, "too_few_agents")


# --- means and log-medians -----------------------------------------------------------------------------------------------------


def between(y: ArrayLike, se: ArrayLike, method: str = "reml") -> float:
    """τ²: variance between true figures given estimates and their standard errors; never below 0.

    ``reml`` restricted maximum likelihood, ``pm`` Paule–Mandel, ``dl`` DerSimonian–Laird. Raises ValueError for another method.

    >>> [round(between([1, 2, 4, 8], [1, 1, 1, 1], method), 3) for method in ("reml", "pm", "dl")]
    [8.583, 8.583, 8.583]
    """
    value, variance = np.asarray(y, dtype=np.float64), np.asarray(se, dtype=np.float64) ** 2
    weight = 1 / variance
    free = len(value) - 1
    if method == "dl":
        q = float((weight * (value - (weight * value).sum() / weight.sum()) ** 2).sum())
        return max(0.0, (q - free) / float(weight.sum() - (weight**2).sum() / weight.sum()))
    if method not in ("reml", "pm"):
        raise ValueError(f"method == {method!r}, must be one of reml, pm, dl.")

    def surplus(tau2: float) -> float:
        w = 1 / (variance + tau2)
        off = (value - (w * value).sum() / w.sum()) ** 2
        return float((w * off).sum() - free) if method == "pm" else float((w**2 * off).sum() - w.sum() + (w**2).sum() / w.sum())

    if free < 1 or surplus(0.0) <= 0:
        return 0.0
    top = float(max(value.var(), variance.min())) or 1.0
    while surplus(top) > 0:
        top *= 4
    return float(optimize.brentq(surplus, 0.0, top, xtol=1e-14, rtol=1e-13))


def least_between(y: ArrayLike, se: ArrayLike, level: float = 0.9) -> float:
    """Lower bound of τ² (one-sided): the Q-profile of estimates and their standard errors; 0 where chance alone explains their spread.

    Source: Viechtbauer 2007.

    >>> least_between([1, 2, 4, 8], [1, 1, 1, 1]) < between([1, 2, 4, 8], [1, 1, 1, 1]), least_between([1, 2, 1, 2], [1, 1, 1, 1])
    (True, 0.0)
    """
    value, variance = np.asarray(y, dtype=np.float64), np.asarray(se, dtype=np.float64) ** 2
    reach = float(special.chdtri(len(value) - 1, 1 - level))

    def surplus(tau2: float) -> float:
        w = 1 / (variance + tau2)
        return float((w * (value - (w * value).sum() / w.sum()) ** 2).sum()) - reach

    return float(optimize.brentq(surplus, 0.0, float(np.ptp(value)) ** 2 * len(value))) if surplus(0.0) > 0 else 0.0


def shrink_means(y: ArrayLike, se: ArrayLike, n: ArrayLike, level: float = 0.95, method: str = "reml") -> Shrunk:
    """Normal-normal shrinkage of estimates with standard errors; NaN marks agents without a figure.

    >>> found = shrink_means([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18], [30] * 8)
    >>> found.value.round(2).tolist()[:2], found.tau, found.needed_n
    ([7.69, 7.69], 0.0, inf)
    """
    value, error, size = (np.asarray(part, dtype=np.float64) for part in (y, se, n))
    usable = ~np.isnan(value) & (np.nan_to_num(error) > 0)
    if usable.sum() < MIN_AGENTS:
        return _none(len(value), f"normal_{method}")
    tau2 = between(value[usable], error[usable], method)
    weight = 1 / (error[usable] ** 2 + tau2)
    mean = float((weight * value[usable]).sum() / weight.sum())
    variance = np.where(usable, error**2, np.nan)
    kept = tau2 / (tau2 + variance)
    z, spread = normal_quantile(level), np.sqrt(kept * variance + (1 - kept) ** 2 / weight.sum())
    centre = mean + kept * (value - mean)
    one = float(np.median((variance * size)[usable]))
    return Shrunk(centre, centre - z * spread, centre + z * spread, kept, mean, float(np.sqrt(tau2)),
                  needed_n(one, float(np.sqrt(tau2))), f"normal_{method}")  # fmt: skip


def james_stein(y: ArrayLike, variance: float) -> tuple[float, float, Floats]:
    """Positive-part James–Stein towards the grand mean: mean, how much of each distance is kept, estimates (Efron & Morris 1977).

    Called by no page: the published beginning of what `shrink_means` does with unequal errors.

    >>> james_stein([1.0, 2.0, 3.0, 4.0, 5.0], 1.0)[1]
    0.8
    """
    value = np.asarray(y, dtype=np.float64)
    mean = float(value.mean())
    kept = max(0.0, 1 - (len(value) - 3) * variance / float(((value - mean) ** 2).sum()))
    return mean, kept, mean + kept * (value - mean)


# --- the error of a median -------------------------------------------------------------------------------------------------------


def median_weights(n: int) -> Floats:
    """Probability that the bootstrap median of n values is the k-th smallest, k = 1 … n (Efron 1979; Maritz & Jarrett 1978).

    >>> median_weights(3).round(4).tolist()
    [0.2593, 0.4815, 0.2593]
    """
    half = (n + 1) / 2
    return np.diff(special.betainc(half, half, np.arange(n + 1) / n))


def median_error(sorted_values: ArrayLike) -> float:
    """Standard error of a median: the closed form of the bootstrap with endless replicates; NaN below two values.

    >>> round(median_error(range(1, 22)), 3)
    2.208
    """
    values = np.asarray(sorted_values, dtype=np.float64)
    if len(values) < 2:
        return float("nan")
    weight = median_weights(len(values))
    centre = float(weight @ values)
    return float(np.sqrt(weight @ (values - centre) ** 2))
