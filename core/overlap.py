"""Do two rankings agree, and do two KPIs say the same thing twice?

A KPI that copies another counts double, whatever its weight says; a weight says what a KPI is worth, its share of the scores' spread
what it decides.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.scoring import DUST, INSUFFICIENT, Scores, ranks

Floats = NDArray[np.float64]


def kendall(rank_a: Floats, rank_b: Floats) -> dict[str, float]:
    """Agreement of two rankings: pairs in the same and in opposite order, τ-a and τ-b (corrected for ties); NaN ranks are left out.

    Above 0.9 two rankings are called the same order. NaN where fewer than two agents have both ranks or one ranking is all ties.

    >>> kendall(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]))["tau_b"]
    0.3333333333333333
    """
    both = ~np.isnan(rank_a) & ~np.isnan(rank_b)
    at = np.triu_indices(int(both.sum()), 1)
    one, other = (np.sign(rank[both][:, None] - rank[both])[at] for rank in (rank_a, rank_b))
    same, opposite = float((one * other > 0).sum()), float((one * other < 0).sum())
    pairs, untied = len(one), np.sqrt(np.abs(one).sum() * np.abs(other).sum())
    tau = {"tau_a": same - opposite, "tau_b": same - opposite}
    of = {"tau_a": float(pairs), "tau_b": float(untied)}
    shares = {name: tau[name] / of[name] if of[name] else float("nan") for name in tau}
    return {"concordant": same, "discordant": opposite, "n": float(both.sum())} | shares


def agreement(a: Scores, b: Scores) -> dict[str, float]:
    """`kendall` of the ranks that two scenarios give to the agents both of them grade."""
    place = {name: at for at, name in enumerate(b.names)}
    kept = [(at, place[name]) for at, name in enumerate(a.names) if name in place]
    rows = np.array(kept, dtype=np.int64).reshape(-1, 2)
    return kendall(ranks(a)[rows[:, 0]], ranks(b)[rows[:, 1]])


def doubles(scores: Scores, minimum: int = 8) -> pd.DataFrame:
    """Which KPIs say the same thing twice: one row per pair of weighted KPIs, strongest correlation first.

    Columns: a, b, r (Pearson, of points over the graded agents who have both), low, high (95 %, Fisher), n, weight (nominal shares of both
    together). Pairs with fewer than ``minimum`` agents or a KPI without spread have NaN.
    """
    rows = scores.points[scores.grade != INSUFFICIENT]
    used = (
        np.flatnonzero((scores.nominal > 0) & ~np.isnan(rows).all(axis=0)) if len(rows) else np.zeros(0, dtype=np.int64)
    )
    pairs = [(one, other) for at, one in enumerate(used) for other in used[at + 1 :]]
    found = [
        {"a": scores.keys[one], "b": scores.keys[other]}
        | _correlation(rows[:, one], rows[:, other], minimum)
        | {"weight": scores.nominal[one] + scores.nominal[other]}
        for one, other in pairs
    ]
    frame = pd.DataFrame(found, columns=["a", "b", "r", "low", "high", "n", "weight"])
    return frame.sort_values("r", key=lambda r: -r.abs(), kind="stable").reset_index(drop=True)


def _correlation(one: Floats, other: Floats, minimum: int) -> dict[str, float]:
    both = ~np.isnan(one) & ~np.isnan(other)
    x, y, n = one[both], other[both], int(both.sum())
    if n < max(minimum, 4) or np.ptp(x) <= DUST or np.ptp(y) <= DUST:
        return {"r": np.nan, "low": np.nan, "high": np.nan, "n": n}
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))
    half = 1.959964 / np.sqrt(n - 3)
    z = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15))
    return {"r": r, "low": float(np.tanh(z - half)), "high": float(np.tanh(z + half)), "n": n}


def importance(scores: Scores) -> pd.DataFrame:
    """What each KPI is said to weigh and what it decides: key, nominal, effective, decides; one row per weighted KPI.

    ``effective``: mean share in the graded agents' scores once missing KPIs have gone. ``decides``: the KPI's share of the spread of the
    scores (covariance of its contribution with the score over the score's variance); sums to 1, is negative for a KPI that evens out what
    the others spread. NaN with fewer than two agents or no spread. Source: Paruolo, Saisana & Saltelli 2013.
    """
    rows = scores.grade != INSUFFICIENT
    parts, total = scores.contributions[rows], scores.score[rows]
    spread = float(total.var()) if rows.sum() > 1 else 0.0
    lone = (
        ((parts - parts.mean(axis=0)) * (total - total.mean())[:, None]).mean(axis=0) / spread
        if spread > DUST
        else np.nan
    )
    frame = pd.DataFrame({"key": scores.keys, "nominal": scores.nominal, "effective": _effective(scores), "decides": lone})
    return frame[frame["nominal"] > 0].reset_index(drop=True)


def mean_weights(scores: Scores) -> dict[str, float]:
    """Only what `importance` calls effective, by KPI."""
    pairs = zip(scores.keys, _effective(scores).tolist(), scores.nominal, strict=True)
    return {key: weight for key, weight, nominal in pairs if nominal > 0}


def _effective(scores: Scores) -> Floats:
    rows = scores.grade != INSUFFICIENT
    return scores.weights[rows].mean(axis=0) if rows.any() else np.full(len(scores.keys), np.nan)
