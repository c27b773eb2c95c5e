"""Several groups at once: do they differ at all, and which differ from which? Ranks for values, counts for shares.

For weekdays these stand beside the deals within weeks (`core.effects`), which know that busy weeks are busy on all days; on values without
such blocks they are the usual choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from core.trends import Floats, adjust


@dataclass(frozen=True)
class Omnibus:
    """One test over all groups.

    Args:
        statistic: H of Kruskal–Wallis (corrected for ties) or chi-square.
        df: degrees of freedom.
        p: p-value; NaN where the test does not exist (one group, all values equal).
        effects: sizes of the effect: ``epsilon2`` and ``eta2`` after Kruskal–Wallis, ``cramers_v`` for shares.
        n: observations.
    """

    statistic: float
    df: int
    p: float
    effects: dict[str, float]
    n: int


@dataclass(frozen=True)
class _Ranked:
    """Mean rank and size per group, in the order of the sorted labels; ``ties`` is Σ(t³ − t) over tied values."""

    labels: NDArray[Any]
    mean: Floats
    size: Floats
    ties: float

    @property
    def n(self) -> float:
        return float(self.size.sum())

    @property
    def variance(self) -> float:
        """Of one rank, less what ties take from it."""
        return (self.n * (self.n + 1) - self.ties / (self.n - 1)) / 12 if self.n > 1 else 0.0


def _ranked(values: ArrayLike, groups: Sequence[Any]) -> _Ranked:
    x = np.asarray(values, dtype=np.float64)
    # pandas tells labels apart by hashing: sorting a thousand strings would cost more than the rest of the test
    codes, found = pd.factorize(np.asarray(groups), sort=True)
    known = ~np.isnan(x) & (codes >= 0)
    x, codes = x[known], codes[known]
    order = np.argsort(x, kind="stable")
    ordered = x[order]
    edges = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])) if len(x) else np.zeros(1, np.int64)
    count = np.diff(edges)
    ranks = np.empty(len(x))
    ranks[order] = np.repeat(edges[:-1] + (count + 1) / 2, count)
    size = np.bincount(codes, minlength=len(found)).astype(np.float64)
    kept = size > 0
    total = np.bincount(codes, ranks, len(found))
    ties = float((count.astype(np.float64) ** 3 - count).sum())
    return _Ranked(np.asarray(found)[kept], total[kept] / size[kept], size[kept], ties)


def kruskal(values: ArrayLike, groups: Sequence[Any]) -> Omnibus:
    """Kruskal–Wallis with its correction for ties; ε² = H (n + 1) / (n² − 1), η² = (H − k + 1) / (n − k).

    Missing values are left out. One group, or values that are all equal, have no p.

    >>> found = kruskal([2.9, 3, 2.5, 2.6, 3.2, 3.8, 2.7, 4, 2.4, 2.8, 3.4, 3.7, 2.2, 2], list("aaaaabbbbccccc"))
    >>> round(found.statistic, 5), found.df, round(found.p, 2)
    (0.77143, 2, 0.68)
    """
    ranked = _ranked(values, groups)
    n, k = ranked.n, len(ranked.size)
    if k < 2 or ranked.variance <= 0:
        return Omnibus(np.nan, max(k - 1, 0), np.nan, {"epsilon2": np.nan, "eta2": np.nan}, int(n))
    spread = float((ranked.size * (ranked.mean - (n + 1) / 2) ** 2).sum())
    # the rank variance holds n (n + 1) / 12, so this is 12 / (n (n + 1)) Σ nᵢ (r̄ᵢ − r̄)², ties taken out
    statistic = spread / ranked.variance
    effects = {"epsilon2": statistic * (n + 1) / (n * n - 1), "eta2": (statistic - k + 1) / (n - k) if n > k else np.nan}
    return Omnibus(statistic, k - 1, float(special.chdtrc(k - 1, statistic)), effects, int(n))


def dunn(values: ArrayLike, groups: Sequence[Any]) -> pd.DataFrame:
    """Which groups differ from which: Dunn's z from the ranks of all groups together, corrected for ties.

    Args:
        values: one number per observation; missing ones are left out.
        groups: the group of each.

    Returns:
        One row per pair, labels sorted: a, b, z (positive: a above b), p (two-sided), p_holm, p_bh, n_a, n_b, effect (chance that a
        random value of a is above one of b, from the mean ranks of all groups), direction (``above``, ``below``, ``equal``).
        Empty with fewer than two groups; z and p are NaN where all values are equal.

    >>> found = dunn([31, 28, 35, 40, 22, 27, 30, 25, 33, 45, 50, 38, 29, 36, 48], list("aaaaabbbbbccccc"))
    >>> found[["a", "b"]].to_numpy().tolist(), found["z"].round(4).tolist()
    ([['a', 'b'], ['a', 'c'], ['b', 'c']], [0.0707, -1.5556, -1.6263])
    """
    ranked = _ranked(values, groups)
    i, j = np.triu_indices(len(ranked.size), 1)
    gap = ranked.mean[i] - ranked.mean[j]
    error = np.sqrt(ranked.variance * (1 / ranked.size[i] + 1 / ranked.size[j]))
    z = np.divide(gap, error, out=np.full(len(gap), np.nan), where=error > 0)
    p = 2 * special.ndtr(-np.abs(z))
    columns: dict[str, Any] = {"a": ranked.labels[i], "b": ranked.labels[j], "z": z, "p": p}
    columns |= {"p_holm": adjust(p), "p_bh": adjust(p, "bh")} if len(p) else {"p_holm": p, "p_bh": p}
    columns |= {"n_a": ranked.size[i].astype(np.int64), "n_b": ranked.size[j].astype(np.int64)}
    columns |= {"effect": 0.5 + gap / ranked.n if len(gap) else gap}
    columns["direction"] = np.select([gap > 0, gap < 0], ["above", "below"], "equal")
    return pd.DataFrame(columns)


def homogeneity(hits: ArrayLike, misses: ArrayLike) -> Omnibus:
    """Do shares differ between groups? Pearson's chi-square without continuity correction, and Cramér's V.

    Groups without any case are left out. Without hits or without misses there is nothing to test.

    >>> found = homogeneity([120, 110, 130, 125, 90, 80], [12, 15, 10, 11, 22, 9])
    >>> round(found.statistic, 3), found.df, round(found.p, 4), round(found.effects["cramers_v"], 4)
    (12.741, 5, 0.0259, 0.1318)
    """
    table = np.array([np.asarray(hits, dtype=np.float64), np.asarray(misses, dtype=np.float64)])
    table = table[:, table.sum(axis=0) > 0]
    n, df = float(table.sum()), max(table.shape[1] - 1, 0)
    if df < 1 or (table.sum(axis=1) <= 0).any():
        return Omnibus(np.nan, df, np.nan, {"cramers_v": np.nan}, int(n))
    due = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / n
    statistic = float(((table - due) ** 2 / due).sum())
    return Omnibus(statistic, df, float(stats.chi2.sf(statistic, df)), {"cramers_v": float(np.sqrt(statistic / n))}, int(n))
