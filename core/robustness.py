"""How sure a grade is: the sample's doubt carried through KPIs, points and score.

A draw redraws whole days for all KPIs and agents at once (`core.resampling`), scores what comes out under the scenario, and the draws'
spread is the score's interval, centred on the score. Fixed seed: the same log and scenario give the same doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from core.metrics import SCORED
from core.scenario import Scenario
from core.scoring import DUST, GRADES, INSUFFICIENT, Scores, effective_weights, nominal_weights, points

Floats = NDArray[np.float64]
LEVEL = 0.90
ORDERABLE = 0.7
"""Below this reliability nobody is put in an order (Adams, RAND TR-653)."""


@dataclass(frozen=True)
class Doubt:
    """Interval of each score and probability of each grade; one entry per row of the scores.

    NaN where the row has no grade. ``level`` is the interval's coverage; ``drawn`` holds every draw's scores (draws × rows), which are
    comparable between rows: a draw is one set of days for all.
    """

    low: Floats
    high: Floats
    probability: Mapping[str, Floats]
    drawn: Floats
    level: float = LEVEL

    @property
    def draws(self) -> int:
        """How often the days were redrawn."""
        return len(self.drawn)


def doubt(scores: Scores, scenario: Scenario, drawn: Floats) -> Doubt:
    """Score every draw under the scenario.

    Args:
        scores: of the same rows under the same scenario.
        drawn: redrawn values of the scored KPIs (`core.resampling.redrawn`): they do not depend on weights, targets and bands.

    A share taken from the team's score is taken as known: only the own part is redrawn.
    """
    total = redrawn_scores(scores, scenario, drawn)
    graded = scores.grade != INSUFFICIENT
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(total, [tail, 1 - tail], axis=0)
    edges = [np.inf, *(low - DUST for low in scenario.bands().values()), -np.inf]
    shares = {g: ((total < edges[i]) & (total >= edges[i + 1])).mean(axis=0) for i, g in enumerate(GRADES)}
    hide = np.where(graded, 1.0, np.nan)
    return Doubt(low * hide, high * hide, {grade: share * hide for grade, share in shares.items()}, total)


def redrawn_scores(scores: Scores, scenario: Scenario, drawn: Floats) -> Floats:
    """The score of every row in every draw, draws × rows; NaN where the row has no score."""
    usable = ~np.isnan(scores.points)
    weights = effective_weights(usable, nominal_weights(scenario))
    total = np.zeros(drawn.shape[:2])
    for at, metric in ((at, metric) for at, metric in enumerate(SCORED) if weights[:, at].any()):
        total += weights[:, at] * np.nan_to_num(points(drawn[:, :, at], scenario.anchors(metric)))
    return around(scores.score, total, 1 - scores.team_part)


def around(score: Floats, total: Floats, own: Floats | float = 1.0) -> Floats:
    """Scores of draws laid around the score itself: draws × rows, within 0–100.

    Points end at 100 and 0, which pulls the draws of a good score down: only their spread counts, and of it the part that is the own.
    """
    return np.asarray(np.clip(score + (total - np.median(total, axis=0)) * own, 0.0, 100.0), dtype=np.float64)


@dataclass(frozen=True)
class Reliability:
    """How far the differences between scores are the people's own and would come back with other weeks.

    ``value`` is the share of the scores' variance that is no sampling error, 0–1, with ``low``, ``high`` (90 %); NaN with a reason
    (``too_few_agents``, ``no_differences``) where there is nothing to share out. ``rows``: how many have a grade. ``longer``: how many
    times as long a period would reach 0.7 (1 where it is reached, inf where nothing comes back).
    """

    value: float
    low: float
    high: float
    rows: int
    longer: float
    reason: str = ""

    @property
    def orderable(self) -> bool:
        """Whether people may be put in an order by their score."""
        return self.value >= ORDERABLE


def reliability(scores: Scores, found: Doubt, level: float = LEVEL) -> Reliability:
    """1 − variance that the sample alone gives the differences / variance seen between the graded, never below 0.

    A day that moves everybody alike costs nothing: what counts is how far redrawn scores part from each other. The interval takes scores
    as normal, the length by Spearman and Brown. From three graded people on. Source: Adams 2009 (RAND TR-653); Brown 1910.
    """
    graded = np.flatnonzero(scores.grade != INSUFFICIENT)
    nothing = Reliability(float("nan"), float("nan"), float("nan"), len(graded), float("nan"), "too_few_agents")
    if len(graded) < 3:
        return nothing
    seen = float(scores.score[graded].var(ddof=1))
    if seen <= DUST:
        return replace(nothing, reason="no_differences")
    drawn = found.drawn[:, graded]
    sampling = float((drawn - drawn.mean(axis=0)).var(axis=1, ddof=1).mean())
    free = len(graded) - 1
    ends = [special.chdtri(free, tail) / free for tail in ((1 - level) / 2, (1 + level) / 2)]
    value, low, high = (max(0.0, float(1 - sampling / seen * part)) for part in (1.0, *ends))
    longer = max(1.0, ORDERABLE / (1 - ORDERABLE) * (1 - value) / value) if value else float("inf")
    return Reliability(value, low, high, len(graded), longer)


def alike(score: Floats, drawn: Floats, level: float = 0.98) -> NDArray[np.bool_]:
    """Which rows cannot be told apart: rows × rows, true where the difference of two scores may be none.

    Args:
        score: one score per row; NaN is alike to nobody.
        drawn: scores of every draw, draws × rows.
        level: of all pairs together: with identical rows, in at most ``1 − level`` of logs any two are told apart.

    Of a difference counts how far the better score may fall and the worse one rise (MOVER); the yardstick is the largest standardised
    difference of all pairs in a draw (simultaneous, like Tukey's range, for correlated and unequally sure scores).

    >>> rng = np.random.default_rng(1)
    >>> alike(np.array([80.0, 80.5, 60.0]), np.array([80.0, 80.5, 60.0]) + rng.normal(size=(500, 3))).tolist()
    [[True, True, False], [True, True, False], [False, False, True]]
    """
    known = np.flatnonzero(~np.isnan(score))
    found = np.zeros((len(score), len(score)), dtype=bool)
    if len(known) > 1:
        found[np.ix_(known, known)] = _within(score[known], drawn[:, known] - np.median(drawn[:, known], axis=0), level)
    found[known, known] = True
    return found


def _within(score: Floats, moved: Floats, level: float) -> NDArray[np.bool_]:
    """Pairs whose difference stays within the yardstick, all rows known."""
    shared = np.cov(moved, rowvar=False)
    spread = np.sqrt(np.diag(shared))
    together = np.divide(shared, np.outer(spread, spread), out=np.zeros_like(shared), where=np.outer(spread, spread) > 0)
    down, up = (np.sqrt(2 * (np.clip(moved * side, 0, None) ** 2).mean(axis=0)) for side in (-1, 1))
    above = score[:, None] >= score
    better, worse = np.where(above, down[:, None], down), np.where(above, up, up[:, None])
    size = np.sqrt(np.maximum(better**2 + worse**2 - 2 * together * better * worse, DUST))
    apart = np.sqrt(np.maximum(np.add.outer(spread**2, spread**2) - 2 * shared, 0.0))
    return np.asarray(np.abs(score[:, None] - score) <= _yardstick(moved, apart, level) * size)


def _yardstick(moved: Floats, apart: Floats, level: float) -> float:
    """The largest standardised difference of any pair in a draw, exceeded in ``1 − level`` of the draws; one row against all at a time."""
    largest = np.zeros(len(moved))
    for at in range(moved.shape[1] - 1):
        gaps = np.abs(moved[:, at + 1 :] - moved[:, at : at + 1]) / np.maximum(apart[at, at + 1 :], DUST)
        np.maximum(largest, gaps.max(axis=1), out=largest)
    return float(np.quantile(largest, level))
