"""How sure a grade is: the sample's doubt carried through KPIs, points and score.

Every KPI already carries its interval: day-blocked for means and rates, Wilson for shares, order statistics for medians. A draw
takes each KPI around its value with just that reach on each side, scores it under the scenario, and the draws' spread is the score's
interval, centred on the score. KPIs are drawn independently of each other. Fixed seed: the same log and scenario give the same doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.kpis import KpiTable
from core.metrics import SCORED
from core.scenario import Scenario
from core.scoring import DUST, GRADES, INSUFFICIENT, Scores, effective_weights, nominal_weights, points

Floats = NDArray[np.float64]
DRAWS = 400
LEVEL = 0.90
_SEED = 20_260_101


@dataclass(frozen=True)
class Doubt:
    """Interval of each score and probability of each grade; one entry per row of the scores.

    NaN where the row has no grade. ``level`` is the interval's coverage, ``draws`` how often the sample was redrawn.
    """

    low: Floats
    high: Floats
    probability: Mapping[str, Floats] = field(default_factory=dict)
    level: float = LEVEL
    draws: int = DRAWS


def doubt(table: KpiTable, scores: Scores, scenario: Scenario, drawn: Floats | None = None) -> Doubt:
    """Redraw every scored KPI of a table by agent and score each draw under the scenario.

    ``drawn`` are the table's redrawn values where they are at hand: they do not depend on weights, targets and bands.
    A share taken from the team's score is taken as known: only the own part is redrawn.
    """
    drawn = draws_of(table) if drawn is None else drawn
    usable = ~np.isnan(scores.points)
    weights = effective_weights(usable, scenario, nominal_weights(scenario))
    total = np.zeros(drawn.shape[:2])
    for at, metric in ((at, metric) for at, metric in enumerate(SCORED) if weights[:, at].any()):
        total += weights[:, at] * np.nan_to_num(points(drawn[:, :, at], scenario.anchors(metric)))
    # points end at 100 and 0, which pulls the draws of a good score down: their spread counts, around the score itself
    spread = (total - np.median(total, axis=0)) * (1 - scenario.get("team_share") / 100)
    total = np.clip(scores.score + spread, 0.0, 100.0)
    graded = scores.grade != INSUFFICIENT
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(total, [tail, 1 - tail], axis=0)
    edges = [np.inf, *(low - DUST for low in scenario.bands().values()), -np.inf]
    shares = {g: ((total < edges[i]) & (total >= edges[i + 1])).mean(axis=0) for i, g in enumerate(GRADES)}
    hide = np.where(graded, 1.0, np.nan)
    return Doubt(low * hide, high * hide, {grade: share * hide for grade, share in shares.items()}, LEVEL, DRAWS)


def draws_of(table: KpiTable, draws: int = DRAWS, seed: int = _SEED) -> Floats:
    """Redrawn values, draws × rows × scored metrics; NaN where the KPI is not usable.

    Each KPI is drawn as a two-piece normal around its value whose halves reach as far as its own 95 % interval does on that side.
    """
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((draws, len(table), len(SCORED)))
    found = np.full(normal.shape, np.nan)
    for at, metric in enumerate(SCORED):
        place = table.place(metric.key)
        names = ("median", "median_low", "median_high") if metric.statistic == "median" else ("value", "low", "high")
        value, low, high = (table.numbers[name][:, place] for name in names)
        found[:, :, at] = _around(value, low, high, normal[:, :, at])
    return found


def _around(value: Floats, low: Floats, high: Floats, normal: Floats) -> Floats:
    """Draws whose upper and lower halves have the interval's own reach (1.96 standard deviations each side)."""
    up = np.nan_to_num((high - value) / 1.959964)
    down = np.nan_to_num((value - low) / 1.959964)
    return np.asarray(value + np.where(normal > 0, up, down) * normal, dtype=np.float64)
