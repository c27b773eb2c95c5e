"""Two samples, or one sample twice: by how much did values move, and is it more than chance?

Rank tests with the shift they belong to, exact wherever the values are few (also with ties, where the usual exact tables are wrong),
and the tests of pairs and shares that readers know from other programs. Before and after uses ``hodges_lehmann`` and ``relabelled``;
``mann_whitney``, ``signed_rank``, ``mcnemar`` and ``two_shares`` are called by no page: they tie the ranks, exact counts and shares used
here to published answers.

====================  ==========================================================================================================
two samples           ``mann_whitney``, ``hodges_lehmann`` (interval by inverting that test), ``exact_sum_p``, ``relabelled``
one sample twice      ``signed_rank`` with the pseudo-median (exact, or as R with ties and zeros), ``mcnemar`` for yes and no
two shares            ``two_shares``: the z test without continuity correction
====================  ==========================================================================================================

Sources: Hodges & Lehmann 1963; Hollander & Wolfe 1999; McNemar 1947; Ernst 2004 (Stat Sci 19:676) for permutation intervals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from core.fairness import Estimate, normal_quantile

Floats = NDArray[np.float64]
EXACT_UP_TO = 20_000  # ways to deal out labels that are all looked at; beyond, so many are drawn
_HALVED_UP_TO = 32  # values whose subsets are counted in two halves
SEED = 20_260_427


@dataclass(frozen=True)
class MannWhitney:
    """Mann–Whitney's test of ``a`` against ``b``.

    Args:
        u: pairs in which a exceeds b, ties half.
        superiority: u over all pairs.
        p: normal approximation with tie and continuity correction; ``p_plain`` without the latter.
        p_exact: all ways to deal out the values, ties as they are; NaN above 32 values.
    """

    u: float
    superiority: float
    p: float
    p_plain: float
    p_exact: float


def mann_whitney(a: ArrayLike, b: ArrayLike) -> MannWhitney:
    """Rank test of two independent samples without missing values; all values equal give NaN.

    >>> found = mann_whitney([4, 5, 6, 7], [1, 2, 3])
    >>> found.u, round(found.p_exact, 4)
    (12.0, 0.0571)
    """
    first, second = (np.asarray(side, dtype=np.float64) for side in (a, b))
    n, m = len(first), len(second)
    ranks = stats.rankdata(np.concatenate([first, second]))
    u = float(ranks[:n].sum() - n * (n + 1) / 2)
    sigma = _rank_sigma(ranks, n)
    far = abs(u - n * m / 2)
    p, plain = (2 * float(special.ndtr(-max(far - off, 0.0) / sigma)) if sigma > 0 else np.nan for off in (0.5, 0.0))
    exact = exact_sum_p(ranks, n) if n + m <= _HALVED_UP_TO and sigma > 0 else np.nan
    return MannWhitney(u, u / (n * m), p, plain, exact)


def _rank_sigma(ranks: Floats, n: int) -> float:
    """Standard deviation of the rank sum of n of these values, ties included."""
    size = len(ranks)
    _, ties = np.unique(ranks, return_counts=True)
    spread = size + 1 - float((ties.astype(np.float64) ** 3 - ties).sum()) / (size * (size - 1))
    return float(np.sqrt(max(n * (size - n) / 12 * spread, 0.0)))


def exact_sum_p(values: ArrayLike, n: int) -> float:
    """Share of all ways to pick n of the values whose sum is as far from its mean as that of the first n: the exact permutation p.

    Ranks give Mann–Whitney's test, the values themselves the test of the means. Counted in two halves, so 32 values are possible.

    >>> round(exact_sum_p([4, 5, 6, 1, 2, 3], 3), 3)
    0.1
    """
    all_values = np.asarray(values, dtype=np.float64)
    centred = all_values - all_values.mean()
    seen = abs(float(centred[:n].sum()))
    slack = 1e-9 * max(float(np.abs(centred).sum()), 1e-300)
    middle = len(centred) // 2
    left, right = (_subset_sums(half) for half in (centred[:middle], centred[middle:]))
    beyond = sum(_far_pairs(left[k], np.sort(right[n - k]), seen - slack) for k in left if n - k in right)
    return beyond / comb(len(centred), n)


def _subset_sums(values: Floats) -> dict[int, Floats]:
    """Sums of all subsets, by how many values they hold."""
    picks = (np.arange(2 ** len(values))[:, None] >> np.arange(len(values))) & 1
    sums, size = picks @ values, picks.sum(axis=1)
    return {k: sums[size == k] for k in range(len(values) + 1)}


def _far_pairs(left: Floats, right: Floats, reach: float) -> int:
    above = len(right) - np.searchsorted(right, reach - left, "left")
    below = np.searchsorted(right, -reach - left, "right")
    return int(np.minimum(above + below, len(right)).sum())


def hodges_lehmann(a: ArrayLike, b: ArrayLike, level: float = 0.95, inflation: float = 1.0) -> Estimate:
    """Median of all differences a − b, with the interval that inverts Mann–Whitney's test.

    Exact quantiles of the rank sum below 50 values a side without ties, else the normal approximation with ties. ``inflation`` (≥ 1)
    multiplies the variance of the rank sum where neighbouring values are alike; then the approximation is used. Too few values for the
    level give NaN ends and ``interval_out_of_reach``; an empty side ``no_data``.

    >>> found = hodges_lehmann([4, 5, 6, 7, 8], [1, 2, 3, 9])
    >>> found.value, found.low, found.high
    (3.0, -4.0, 6.0)
    """
    first, second = (np.asarray(side, dtype=np.float64) for side in (a, b))
    n, m = len(first), len(second)
    if not n or not m:
        return Estimate(np.nan, np.nan, np.nan, 0, "hodges_lehmann", "no_data")
    gaps = np.sort((first[:, None] - second[None, :]).ravel())
    both = np.concatenate([first, second])
    tied = len(np.unique(both)) < len(both)
    if max(n, m) < 50 and not tied and inflation <= 1:
        rank = _rank_sum_quantile(n, m, (1 - level) / 2)
    else:
        reach = normal_quantile(level) * _rank_sigma(stats.rankdata(both), n) * np.sqrt(max(inflation, 1.0))
        rank = int(np.floor(n * m / 2 - reach))
    if rank < 1:
        return Estimate(float(np.median(gaps)), np.nan, np.nan, min(n, m), "hodges_lehmann", "interval_out_of_reach")
    return Estimate(float(np.median(gaps)), float(gaps[rank - 1]), float(gaps[-rank]), min(n, m), "hodges_lehmann")


def _rank_sum_quantile(n: int, m: int, tail: float) -> int:
    """Smallest u with P(U ≤ u) ≥ tail, as R's ``qwilcox`` has it; 0 where even the most extreme order is not rare enough."""
    ways = np.ones(1)
    for k in range(1, n + 1):  # the Gaussian binomial, factor by factor
        ways = _divided(np.convolve(ways, _sparse(m + k)), k)
    below = np.cumsum(ways) / ways.sum()
    return int(np.searchsorted(below, tail * (1 - 1e-12), "left"))


def _sparse(power: int) -> Floats:
    out = np.zeros(power + 1)
    out[0], out[-1] = 1.0, -1.0
    return out


def _divided(top: Floats, power: int) -> Floats:
    """A polynomial over 1 − q^power, which divides it."""
    out = top.copy()
    for at in range(power, len(out)):
        out[at] += out[at - power]
    return out[: len(out) - power]


def signed_rank(differences: ArrayLike, level: float = 0.95) -> tuple[float, float, Estimate]:
    """Wilcoxon's signed-rank test of paired differences: V, two-sided p, and the pseudo-median with its interval.

    Exact below 50 differences without ties and zeros; else zeros are left out and the normal approximation with tie and continuity
    correction is used, as R has it. No difference at all gives NaN and ``no_data``.

    >>> v, p, middle = signed_rank([1, 2, 3, 4, 5, -0.5])
    >>> v, p, middle.value
    (20.0, 0.0625, 2.5)
    >>> [round(part, 4) for part in signed_rank([1, 1, 2, -1, 0, 3])[:2]]
    [13.0, 0.1696]
    """
    given = np.asarray(differences, dtype=np.float64)
    gaps = given[given != 0]
    size = len(gaps)
    if not size:
        return float("nan"), float("nan"), Estimate(np.nan, np.nan, np.nan, 0, "signed_rank", "no_data")
    v = float(stats.rankdata(np.abs(gaps))[gaps > 0].sum())
    i, j = np.triu_indices(size)
    walsh = np.sort((gaps[i] + gaps[j]) / 2)
    exact = size < 50 and size == len(given) and len(np.unique(np.abs(gaps))) == size
    p, rank = _signed_exact(v, size, level) if exact else _signed_normal(v, gaps, level)
    ends = (float(walsh[rank - 1]), float(walsh[-rank])) if rank > 0 else (np.nan, np.nan)
    return v, p, Estimate(float(np.median(walsh)), *ends, size, "signed_rank", "" if rank > 0 else "interval_out_of_reach")


def _signed_exact(v: float, size: int, level: float) -> tuple[float, int]:
    """p, and which Walsh mean from the end bounds the interval."""
    ways = np.ones(1)
    for rank in range(1, size + 1):
        ways = np.convolve(ways, np.concatenate([[1.0], np.zeros(rank - 1), [1.0]]))
    below = np.cumsum(ways) / ways.sum()
    p = min(1.0, 2 * float(min(below[int(v)], 1 - below[int(v) - 1] if v else 1.0)))
    return p, int(np.searchsorted(below, (1 - level) / 2 * (1 - 1e-12), "left"))


def _signed_normal(v: float, gaps: Floats, level: float) -> tuple[float, int]:
    size = len(gaps)
    ties = np.unique(np.abs(gaps), return_counts=True)[1].astype(np.float64)
    sigma = float(np.sqrt(size * (size + 1) * (2 * size + 1) / 24 - (ties**3 - ties).sum() / 48))
    off = v - size * (size + 1) / 4
    p = min(1.0, 2 * float(special.ndtr(-max(abs(off) - 0.5, 0.0) / sigma)))
    return p, int(np.floor(size * (size + 1) / 4 - normal_quantile(level) * sigma))


def walsh_middle(values: ArrayLike) -> float:
    """Pseudo-median: the median of the means of all pairs, each value with itself included.

    >>> walsh_middle([1, 2, 9])
    3.5
    """
    x = np.asarray(values, dtype=np.float64)
    i, j = np.triu_indices(len(x))
    return float(np.median((x[i] + x[j]) / 2))


def mcnemar(yes_no: int, no_yes: int) -> tuple[float, float, float]:
    """Paired yes and no: χ² with continuity correction, its p, and the exact p; only those who changed their mind count.

    >>> [round(part, 4) for part in mcnemar(10, 3)]
    [2.7692, 0.0961, 0.0923]
    """
    moved = yes_no + no_yes
    if not moved:
        return float("nan"), float("nan"), float("nan")
    chi2 = max(abs(yes_no - no_yes) - 1, 0) ** 2 / moved
    return chi2, float(special.chdtrc(1, chi2)), float(stats.binomtest(yes_no, moved).pvalue)


def two_shares(hits_a: float, n_a: float, hits_b: float, n_b: float) -> tuple[float, float]:
    """χ² of two shares and its p, without continuity correction; n may be effective sizes. NaN where nothing varies.

    >>> [round(part, 4) for part in two_shares(9, 10, 3, 10)]
    [7.5, 0.0062]
    """
    pooled = (hits_a + hits_b) / (n_a + n_b)
    variance = pooled * (1 - pooled) * (1 / n_a + 1 / n_b)
    if variance <= 0:
        return float("nan"), float("nan")
    chi2 = (hits_a / n_a - hits_b / n_b) ** 2 / variance
    return float(chi2), float(special.chdtrc(1, chi2))


# --- labels dealt out anew ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Relabelled:
    """Difference of two means judged by dealing out the labels anew.

    Args:
        shift: mean of a − mean of b. ``low``, ``high``: 95 %, ``low90``, ``high90``: 90 %; NaN where so few cannot give one.
        p: two-sided p, the largest over the range of nulls. ``ways``: arrangements looked at. ``exact``: whether those are all.
    """

    shift: float
    low: float
    high: float
    low90: float
    high90: float
    p: float
    ways: int
    exact: bool


def relabelled(a: ArrayLike, b: ArrayLike, nulls: tuple[float, ...] = (0.0,)) -> Relabelled:
    """Do the means of ``a`` and ``b`` differ by an amount outside the range of ``nulls``? All ways to deal out labels, or 20,000.

    What is compared over the deals is Welch's t, not the bare difference: exact where only the level may differ, and it keeps its level
    when the smaller side scatters more (5 against 20 with twice the spread: the bare difference cries wolf in 17 %). p is the larger of
    the range's ends, 1 inside it. The interval holds every shift the same test does not reject. Missing values are not allowed.

    >>> found = relabelled([5, 6, 7, 8, 9, 10], [1, 2, 3, 4, 2, 3])
    >>> found.shift, round(found.low, 3), round(found.high, 3), round(found.p, 4), found.ways
    (5.0, 3.0, 7.0, 0.0022, 924)
    """
    first, second = (np.asarray(side, dtype=np.float64) for side in (a, b))
    centre = float(second.mean())  # a common level changes nothing and would cost digits of the squares
    first, second = first - centre, second - centre
    dealt = _Dealt.of(first, second)
    shift = float(first.mean() - second.mean())

    def p_of(d: float) -> float:
        far = dealt.far(d)
        return float(far.mean()) if dealt.exact else float((far.sum() + 1) / (len(far) + 1))

    reach = 4 * float(np.ptp(np.concatenate([first, second]))) + 1e-9 * max(abs(shift), 1e-300)
    p = 1.0 if min(nulls) < shift < max(nulls) else max(map(p_of, nulls))
    low, high, low90, high90 = (edge(p_of, shift, sign * reach, tail) for tail in (0.05, 0.10) for sign in (-1, 1))
    return Relabelled(shift, low, high, low90, high90, p, len(dealt.sums), dealt.exact)


@dataclass(frozen=True)
class _Dealt:
    """Every deal's sums, so that its t under any true shift d (taken off the first side's own values) needs no new deal.

    Args:
        sums, squares: of the values a deal calls ``a``. ``own``, ``moved``: sum and number of the first side's values among them.
        n, m: sizes. ``total``, ``total_squares``, ``total_own``: of all values, and of the first side's.
    """

    sums: Floats
    squares: Floats
    own: Floats
    moved: Floats
    n: int
    m: int
    total: float
    total_squares: float
    total_own: float
    exact: bool
    seen: tuple[float, float, float]

    @classmethod
    def of(cls, first: Floats, second: Floats) -> _Dealt:
        values, n, m = np.concatenate([first, second]), len(first), len(second)
        picks, exact = _arrangements(n + m, n)
        sums, squares, own = picks @ values, picks @ values**2, picks[:, :n] @ first
        totals = float(values.sum()), float((values**2).sum()), float(first.sum())
        seen = (totals[2], float((first**2).sum()), float(n))
        return cls(sums, squares, own, picks[:, :n].sum(axis=1).astype(np.float64), n, m, *totals, exact, seen)

    def far(self, d: float) -> NDArray[np.bool_]:
        """Which deals lie as far out as what was seen, were the true shift d."""
        there, here = self._t(self.sums, self.squares, self.own, self.moved, d), self._seen(d)
        return np.asarray(there >= here * (1 - 1e-9), dtype=bool)

    def _seen(self, d: float) -> float:
        own, squares, n = (np.array([part]) for part in self.seen)
        return float(self._t(own, squares, own, n, d)[0])

    def _t(self, sums: Floats, squares: Floats, own: Floats, moved: Floats, d: float) -> Floats:
        """Welch's |t|; no scatter on both sides gives infinity, or 0 where the means are equal too."""
        s, q = sums - d * moved, squares - 2 * d * own + d**2 * moved
        rest, rest_q = self.total - d * self.n - s, self.total_squares - 2 * d * self.total_own + d**2 * self.n - q
        scatter = sum(np.maximum(x2 - x**2 / k, 0.0) / (k * max(k - 1, 1)) for x, x2, k in ((s, q, self.n), (rest, rest_q, self.m)))
        gap = np.abs(s / self.n - rest / self.m)
        size = self.total_squares + d**2 * self.n
        gap, scatter = np.where(gap**2 > 1e-18 * size, gap, 0.0), np.where(scatter > 1e-18 * size, scatter, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(gap > 0, gap / np.sqrt(scatter), 0.0), dtype=np.float64)


def _arrangements(size: int, n: int) -> tuple[NDArray[np.int8], bool]:
    """Which values are called ``a``, one row per arrangement; whether these are all."""
    if comb(size, n) <= EXACT_UP_TO:
        rows = np.array(list(combinations(range(size), n)), dtype=np.int64)
        picks = np.zeros((len(rows), size), dtype=np.int8)
        np.put_along_axis(picks, rows, np.int8(1), axis=1)
        return picks, True
    order = np.random.default_rng(SEED).random((EXACT_UP_TO - 1, size)).argsort(axis=1)
    return (order < n).astype(np.int8), False


def edge(p_of: Callable[[float], float], shift: float, reach: float, tail: float) -> float:
    """Where, going from the shift outwards, the test begins to reject; NaN when it never does."""
    inside, outside = shift, shift + reach
    if p_of(outside) > tail:
        return float("nan")
    for _ in range(22):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if p_of(middle) > tail else (inside, middle)
    return (inside + outside) / 2
