"""Funnel plots: every agent's share against the limits that chance alone draws around the shop's share.

Limits of a share are exact binomial quantiles, interpolated between two counts so that they are smooth in n (Spiegelhalter 2005, A.1.1);
limits of a rate are the same of the Poisson distribution. Agents differ for reasons that nobody logged: where the spread of the whole
funnel is clearly larger than chance (φ > 1.5 after winsorising), the limits are widened by the additive variance τ² and say so. An
over-dispersed funnel means case mix that was not measured, not many bad agents.

Inside 95 % is ``within``, outside it ``watch``, outside 99.8 % ``look_into``; fewer observations than the minimum are ``not_enough_data``.
Of m judged agents 0.05·m lie outside 95 % by chance alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from core.fairness import normal_quantile
from core.trends import adjust

Floats = NDArray[np.float64]
WATCH, LOOK = 0.95, 0.998
OVERDISPERSED = 1.5
COLOUR_FROM = 30
EVENTS_FROM = 5.0
TRIM = 0.1
MIN_AGENTS = 5


@dataclass(frozen=True)
class Funnel:
    """A funnel plot as data.

    Args:
        target: the share or rate of all together, the middle of the funnel.
        rows: one row per agent: agent, hits, n, value, low_95, high_95, low_998, high_998, z, p, p_adjusted (BH), side, verdict.
        curve: limits for drawing, one row per n: n, low_95, high_95, low_998, high_998.
        phi: winsorised dispersion of the z-scores; 1 is chance alone.
        tau: standard deviation between agents used to widen the limits; 0 when they are not widened.
        method: ``exact_binomial``, ``exact_poisson`` or ``overdispersed``.
        judged: agents with enough data.
        expected_watch, expected_look: how many of them lie outside 95 % and 99.8 % by chance alone.
        reason: why there is no funnel; empty when there is one.
    """

    target: float
    rows: pd.DataFrame
    curve: pd.DataFrame
    phi: float
    tau: float
    method: str
    judged: int = 0
    expected_watch: float = 0.0
    expected_look: float = 0.0
    reason: str = ""
    counts: dict[str, int] = field(default_factory=dict)


def exact_limit(target: ArrayLike, n: ArrayLike, p: float, kind: str = "binomial") -> Floats:
    """The value below which a share (or rate per exposure) lies with probability ``p`` when the truth is ``target``.

    Source: Spiegelhalter 2005 (Stat Med 24:1185), appendix A.1.1.

    >>> exact_limit(0.85, [20, 200], 0.025).round(4).tolist()
    [0.6534, 0.7963]
    """
    share, size = np.broadcast_arrays(np.asarray(target, dtype=np.float64), np.asarray(n, dtype=np.float64))
    from scipy import stats

    chance: Any = stats.binom(size, share) if kind == "binomial" else stats.poisson(size * share)
    count = np.maximum(chance.ppf(p), 0.0)
    reached, before = chance.cdf(count), chance.cdf(count - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        back = np.where(reached > before, (reached - p) / (reached - before), 0.0)
        limit = np.maximum(count - back, 0.0) / size
    if kind == "binomial" and p > 0.5:  # all of them: no count lies above, so neither does a limit below
        limit = np.where(count >= size, 1.0, limit)
    return np.asarray(np.where(size > 0, limit, np.nan), dtype=np.float64)


def score_limits(target: ArrayLike, n: ArrayLike, level: float = WATCH, tau: float = 0.0) -> tuple[Floats, Floats]:
    """Limits from the normal approximation, cut at 0 and 1: where Wilson's interval would just hold the target.

    ``tau`` widens them by a standard deviation between agents. Called by no page: public-health spreadsheets draw these, and
    `exact_limit`, which we draw, comes to them with much data.

    >>> [ends.round(4).tolist() for ends in score_limits(0.8, [25, 100])]
    [[0.6432, 0.7216], [0.9568, 0.8784]]
    """
    share, size = np.asarray(target, dtype=np.float64), np.asarray(n, dtype=np.float64)
    half = normal_quantile(level) * np.sqrt(share * (1 - share) / size + tau**2)
    return np.clip(share - half, 0, 1), np.clip(share + half, 0, 1)


def dispersion(z: ArrayLike, trim: float = TRIM) -> float:
    """φ: mean square of the z-scores after pulling the outer ``trim`` on each side in to the quantile there. NaN is left out.

    >>> round(dispersion([-1, 1, -1, 1, 50]), 3)
    185.632
    """
    known = np.asarray(z, dtype=np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        return float("nan")
    low, high = np.quantile(known, [trim, 1 - trim])
    return float((np.clip(known, low, high) ** 2).mean())


def between_variance(phi: float, errors: ArrayLike) -> float:
    """τ²: the variance between agents that explains a dispersion φ, by the method of moments; 0 when there is none.

    ``errors`` are the agents' standard errors at the target. Source: Spiegelhalter 2005, after DerSimonian & Laird.

    >>> round(between_variance(2.0, [0.1] * 11), 4)
    0.012
    """
    weight = 1 / np.asarray(errors, dtype=np.float64) ** 2
    agents = len(weight)
    if agents < 2 or agents * phi < agents - 1:
        return 0.0
    return float((agents * phi - (agents - 1)) / (weight.sum() - (weight**2).sum() / weight.sum()))


def share_funnel(agents: Sequence[str], hits: ArrayLike, n: ArrayLike, kind: str = "binomial", least: float = COLOUR_FROM) -> Funnel:
    """The funnel of a share (``binomial``) or of a rate per exposure (``poisson``) over agents.

    The target is the pooled figure of all agents given. An agent is judged from ``least`` observations on (shares) or from five
    expected events (rates). Fewer than five judged agents leave φ at NaN and the limits as chance draws them. Nothing observed
    at all gives empty tables and the reason ``no_data``. Raises ValueError for hits above n (shares) and negative counts.

    >>> found = share_funnel(list("abcdef"), [81, 85, 79, 84, 68, 3], [100, 100, 100, 100, 100, 4])
    >>> found.rows["verdict"].tolist()
    ['within', 'within', 'within', 'within', 'watch', 'not_enough_data']
    """
    hit, size = (np.asarray(part, dtype=np.float64) for part in (hits, n))
    if (hit < 0).any() or (kind == "binomial" and (hit > size).any()):
        raise ValueError("hits must lie between 0 and n.")
    total = size.sum()
    target = float(hit.sum() / total) if total else float("nan")
    if not total:
        return Funnel(target, pd.DataFrame(), pd.DataFrame(), float("nan"), 0.0, f"exact_{kind}", reason="no_data")
    enough = (size >= least) if kind == "binomial" else (size * target >= EVENTS_FROM)
    variance = target * (1 - target) if kind == "binomial" else target
    with np.errstate(divide="ignore", invalid="ignore"):
        value, error = hit / size, np.sqrt(variance / size)
        z = np.where(error > 0, (value - target) / error, np.nan)
    phi = dispersion(z[enough]) if enough.sum() >= MIN_AGENTS else float("nan")
    tau = np.sqrt(between_variance(phi, error[enough])) if phi > OVERDISPERSED else 0.0
    rows = pd.DataFrame({"agent": list(agents), "hits": hit, "n": size, "value": value})
    rows = pd.concat([rows, _limits(target, size, kind, tau)], axis=1)
    rows["z"] = z * error / np.sqrt(error**2 + tau**2)
    rows["p"] = np.where(enough, _p(hit, size, target, kind) if tau == 0 else 2 * special.ndtr(-np.abs(rows["z"])), np.nan)
    rows["p_adjusted"] = adjust(rows["p"], "bh")
    rows["side"] = np.select([value > target, value < target], ["above", "below"], "")
    rows["verdict"] = _verdicts(rows, enough)
    judged = int(enough.sum())
    named = {str(code): int(count) for code, count in rows["verdict"].value_counts().items()}
    method = "overdispersed" if tau else f"exact_{kind}"
    chance = ((1 - WATCH) * judged, (1 - LOOK) * judged)
    return Funnel(target, rows, _curve(target, size, kind, tau), phi, float(tau), method, judged, *chance, counts=named)


def _limits(target: float, n: Floats, kind: str, tau: float) -> pd.DataFrame:
    """Both pairs of limits, exact where chance alone rules and widened where it does not; never outside what a figure can be."""
    top = 1.0 if kind == "binomial" else np.inf
    variance = target * (1 - target) if kind == "binomial" else target
    found: dict[str, Floats] = {}
    for name, level in (("95", WATCH), ("998", LOOK)):
        tail = (1 - level) / 2
        ends = [exact_limit(target, n, p, kind) for p in (tail, 1 - tail)]
        if tau:
            with np.errstate(divide="ignore"):
                widened = np.sqrt(1 + tau**2 / (variance / n))
            ends = [target + (end - target) * widened for end in ends]
        found |= {f"low_{name}": np.clip(ends[0], 0, top), f"high_{name}": np.clip(ends[1], 0, top)}
    return pd.DataFrame(found)


def _p(hits: Floats, n: Floats, target: float, kind: str) -> Floats:
    """Two-sided p: twice the smaller tail, half of the seen count itself counted (mid-p), as the interpolated limits do."""
    from scipy import stats

    chance: Any = stats.binom(n, target) if kind == "binomial" else stats.poisson(n * target)
    here = chance.pmf(hits)
    smaller = np.minimum(chance.cdf(hits) - here / 2, chance.sf(hits - 1) - here / 2)
    return np.asarray(np.minimum(2 * smaller, 1.0), dtype=np.float64)


def _verdicts(rows: pd.DataFrame, enough: NDArray[np.bool_]) -> NDArray[Any]:
    # Limits are interpolated between two counts: a count that is still likely may lie beyond one, and is not outside for that.
    levels = {"998": 1 - LOOK, "95": 1 - WATCH}
    far, out = (
        ((rows["value"] < rows[f"low_{name}"]) | (rows["value"] > rows[f"high_{name}"])) & (rows["p"] < tail)
        for name, tail in levels.items()
    )
    return np.select([~enough, far, out], ["not_enough_data", "look_into", "watch"], "within").astype(object)


def _curve(target: float, n: Floats, kind: str, tau: float, points: int = 120) -> pd.DataFrame:
    """Limits over the range of n, denser where they bend."""
    top = max(float(n.max()), 10.0)
    low = 1.0 if kind == "binomial" else max(top / 1000, 1e-9)
    grid = np.unique(np.geomspace(low, top * 1.05, points).round() if kind == "binomial" else np.geomspace(low, top * 1.05, points))
    return pd.concat([pd.DataFrame({"n": grid}), _limits(target, grid, kind, tau)], axis=1)
