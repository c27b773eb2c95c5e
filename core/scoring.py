"""Points → groups → score → grade; contributions that add up to the score (definitions §4).

All of it is arithmetic on the KPI table's arrays: moving a slider calls `score` again and touches no log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.engine.observe import UNASSIGNED
from core.kpis import KpiTable
from core.levels import Level
from core.metrics import GROUPS, SCORED, Anchors
from core.scenario import Scenario

Floats = NDArray[np.float64]
GRADES = ("A", "B", "C", "D")
INSUFFICIENT = "insufficient_data"
MIN_WEIGHT_LEFT = 0.5
DUST = 1e-9
"""What sums of binary fractions may lose: every KPI exactly at pass is 60 points, though the sum may come out as 59.99999999999999."""


class Holding(NamedTuple):
    """How many rows hold a grade, and which share of the graded that is."""

    grade: str
    number: int
    share: float


@dataclass(frozen=True)
class Scores:
    """Scores of one row per agent (or team) under one scenario.

    Args:
        names: label per row. keys: scored metrics, in column order.
        values: the statistic that is scored, rows × metrics. points: 0–100, NaN where not used.
        weights: effective weight of each metric in the row's score (sums to 1 over used ones).
        contributions: weights × points; a row's contributions add up to its score.
        groups: rows × efficiency, quality, business, NaN where a group is empty.
        score: unrounded; NaN where nothing could be scored. grade: A–D or ``insufficient_data``.
        reason: why there is no grade: ``few_conversations``, ``little_weight``, ``nothing_scored`` or empty.
        nominal: normalised nominal weight per metric (sums to 1).
        bands: lower ends of A, B, C.
        team_part: part of each score that comes from the team's, 0–1.
        measured: the statistic before it was laid beside the level of like cases; None where nothing was.
    """

    names: tuple[str, ...]
    keys: tuple[str, ...]
    values: Floats
    points: Floats
    weights: Floats
    contributions: Floats
    groups: Floats
    score: Floats
    grade: NDArray[np.object_]
    reason: NDArray[np.object_]
    nominal: Floats
    bands: dict[str, float]
    conversations: Floats
    team_part: Floats | float = 0.0
    measured: Floats | None = None

    def frame(self) -> pd.DataFrame:
        """One row per agent: score, grade, reason, the three groups, conversations; best first, ungraded last."""
        frame = pd.DataFrame({"agent": self.names, "score": self.score, "grade": self.grade, "reason": self.reason})
        for at, group in enumerate(GROUPS):
            frame[group] = self.groups[:, at]
        frame["conversations"] = self.conversations
        graded = frame["grade"] != INSUFFICIENT
        order = np.lexsort((frame["agent"], -frame["score"].fillna(-1), ~graded))
        return frame.iloc[order].reset_index(drop=True)

    def distribution(self) -> pd.DataFrame:
        """How many rows hold each grade: grade, count, share (of the graded); insufficient data last, without a share."""
        return pd.DataFrame(self.holding(), columns=["grade", "count", "share"])

    def holding(self) -> list[Holding]:
        """The same, one a grade."""
        counts = {grade: int((self.grade == grade).sum()) for grade in (*GRADES, INSUFFICIENT)}
        graded = sum(counts[grade] for grade in GRADES)
        shares = [counts[g] / graded if graded and g != INSUFFICIENT else float("nan") for g in counts]
        return [Holding(*each) for each in zip(counts, counts.values(), shares, strict=True)]


def points(values: Floats, anchors: Anchors) -> Floats:
    """0 at floor, 60 at pass, 100 at target, linear between, clipped outside; missing stays missing.

    >>> points(np.array([30.0, 120.0, 600.0, 75.0]), Anchors(30, 120, 600)).tolist()
    [100.0, 60.0, 0.0, 80.0]
    """
    rising = anchors.target > anchors.floor
    xs = [anchors.floor, anchors.passing, anchors.target]
    at = values if rising else -values
    return np.asarray(np.interp(at, xs if rising else [-x for x in xs], [0.0, 60.0, 100.0]), dtype=np.float64)


def grade(score: float, bands: dict[str, float]) -> str:
    """Grade of an unrounded score; bands are half-open from below.

    >>> [grade(s, {"A": 90, "B": 75, "C": 60}) for s in (90, 89.995, 75, 74.99, 60, 59.99)]
    ['A', 'B', 'B', 'C', 'C', 'D']
    """
    return next((name for name, low in bands.items() if score >= low - DUST), "D")


def shown(score: float) -> float:
    """A score as it is shown: truncated to one decimal, never rounded up.

    >>> shown(89.995)
    89.9
    """
    return float(np.floor((score + DUST) * 10) / 10)


def nominal_weights(scenario: Scenario) -> Floats:
    """Normalised nominal weight of each scored metric: its share of its group × the group's share of the total."""
    inside = np.array([[scenario.get(f"w_{metric.key}") for metric in SCORED]], dtype=np.float64)
    of_group = np.array([[scenario.get(f"w_{group}") for group in GROUPS]], dtype=np.float64)
    return nominal_of(inside, of_group)[0]


def nominal_of(inside: Floats, of_group: Floats) -> Floats:
    """The same from the weights themselves: rows × scored metrics and rows × groups → rows × scored metrics.

    A group without weighted metrics keeps its share to itself; without any weight all are 0.
    """
    weights = np.zeros(inside.shape)
    total = of_group.sum(axis=1)
    for at, group in enumerate(GROUPS):
        member = _members(group)
        whole = inside[:, member].sum(axis=1)
        factor = np.divide(of_group[:, at], whole * total, out=np.zeros(len(weights)), where=(whole > 0) & (total > 0))
        weights[:, member] = inside[:, member] * factor[:, None]
    return weights


def score(table: KpiTable, scenario: Scenario | None = None, level: Level | None = None) -> Scores:
    """Score every row of a KPI table by agent (or team) under a scenario; with a ``level`` figures are laid beside like cases first.

    A KPI that is unavailable or below its minimum n leaves numerator and denominator of its group; the group keeps its weight; an
    empty group leaves the total. Less than half the nominal weight left, or too few conversations: ``insufficient_data``.
    Raises `ScenarioError` when anchors or bands are out of order.
    """
    scenario = scenario or Scenario()
    values, usable = scored_values(table)
    counted = values if level is None else level.applied(values)
    found = score_values(counted, usable, table.column("conversations"), _names(table), scenario)
    return found if level is None else replace(found, measured=values)


def scored_values(table: KpiTable) -> tuple[Floats, NDArray[np.bool_]]:
    """Rows × scored metrics: the statistic that is scored, and whether it may be."""
    values = np.column_stack([table.column(metric.key, metric.statistic) for metric in SCORED])
    usable = np.column_stack([table.status[:, table.place(metric.key)] == "ok" for metric in SCORED]) & ~np.isnan(
        values
    )
    return values, usable


def score_values(
    values: Floats, usable: NDArray[np.bool_], conversations: Floats, names: tuple[str, ...], scenario: Scenario
) -> Scores:
    """The same from arrays: what resampling and what-if call thousands of times."""
    anchors = [scenario.anchors(metric) for metric in SCORED]
    found = np.column_stack([points(values[:, at], anchors[at]) for at in range(len(SCORED))])
    found = np.where(usable, found, np.nan)
    nominal = nominal_weights(scenario)
    weights = effective_weights(usable, nominal)
    contributions = np.where(usable, weights * np.nan_to_num(found), 0.0)
    total = np.where(weights.sum(axis=1) > 0, contributions.sum(axis=1), np.nan)
    bands = scenario.bands()
    reason = _reasons(usable, nominal, conversations, total, scenario)
    grades = np.array(
        [INSUFFICIENT if why else grade(s, bands) for s, why in zip(total, reason, strict=True)], dtype=object
    )
    groups = _group_scores(found, usable, scenario)
    keys = tuple(metric.key for metric in SCORED)
    return Scores(
        names, keys, values, found, weights, contributions, groups, total, grades, reason, nominal, bands, conversations
    )


def effective_weights(usable: NDArray[np.bool_], nominal: Floats) -> Floats:
    """Weights that are left once unusable KPIs have gone: inside the group first, then between groups; each row sums to 1 or 0.

    Args:
        usable: rows × scored metrics. nominal: shares per scored metric, one for all rows or rows × metrics.
    """
    usable, nominal = np.broadcast_arrays(usable, nominal)
    weights = np.zeros(usable.shape)
    for group in GROUPS:
        member = _members(group)
        part = np.where(usable[:, member], nominal[:, member], 0.0)
        whole = part.sum(axis=1, keepdims=True)
        of_group = nominal[:, member].sum(axis=1, keepdims=True)
        weights[:, member] = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0) * of_group
    total = weights.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(weights, total, out=np.zeros_like(weights), where=total > 0), dtype=np.float64)


def team_part(
    scores: Scores, teams: Scores, team_of: Mapping[str, str], share: float
) -> tuple[NDArray[np.int64], Floats]:
    """Which row of the teams each person belongs to, and the part of the score that comes from it; 0 without a scored team."""
    place = {name: at for at, name in enumerate(teams.names) if not np.isnan(teams.score[at])}
    at = np.array([place.get(team_of.get(name, ""), -1) for name in scores.names], dtype=np.int64)
    return at, np.where((at >= 0) & ~np.isnan(scores.score), share, 0.0)


def blend(scores: Scores, teams: Scores, team_of: Mapping[str, str], share: float) -> Scores:
    """A part of each score from the team's own score; contributions still add up.

    Args:
        scores: of persons. teams: of teams, scored by the same rules. team_of: person → team.
        share: part that comes from the team, 0–1. A person without a scored team keeps the own score.

    The own data still decide whether there is a grade at all.
    """
    at, part = team_part(scores, teams, team_of, share)
    if not part.any():
        return scores
    own, theirs = (1 - part)[:, None], part[:, None]
    contributions = own * scores.contributions + theirs * teams.contributions[at]
    total = np.where(np.isnan(scores.score), np.nan, contributions.sum(axis=1))
    grades = np.array(
        [INSUFFICIENT if why else grade(one, scores.bands) for one, why in zip(total, scores.reason, strict=True)],
        dtype=object,
    )
    weights = own * scores.weights + theirs * teams.weights[at]
    return replace(scores, contributions=contributions, score=total, grade=grades, weights=weights, team_part=part)


def changes(baseline: Scores, what_if: Scores) -> dict[str, Any]:
    """What `compare` says, column by column, one entry per agent in the order of the scores."""
    delta = what_if.contributions - baseline.contributions
    cause = np.argmax(np.abs(delta), axis=1) if delta.size else np.zeros(0, dtype=int)
    return {
        "agent": baseline.names,
        "score_a": baseline.score,
        "score_b": what_if.score,
        "grade_a": baseline.grade,
        "grade_b": what_if.grade,
        "rank_a": ranks(baseline),
        "rank_b": ranks(what_if),
        "change": what_if.score - baseline.score,
        "cause": np.array(what_if.keys, dtype=object)[cause],
        "cause_points": delta[np.arange(len(cause)), cause],
        "moved": baseline.grade != what_if.grade,
    }


def compare(baseline: Scores, what_if: Scores) -> pd.DataFrame:
    """Who moves between two scenarios: one row per agent with both scores, grades, ranks, the change and its largest cause.

    ``cause`` is the KPI whose contribution changed most and ``cause_points`` by how much; all KPIs' changes add up to ``change``.
    """
    frame = pd.DataFrame(changes(baseline, what_if))
    return frame.sort_values(["change", "agent"], ascending=[False, True], key=_sortable).reset_index(drop=True)


def _sortable(column: pd.Series) -> pd.Series:
    return column.fillna(0) if column.name == "change" else column


def ranks(scores: Scores) -> Floats:
    """Rank among the graded, 1 is best, ties share; NaN for the ungraded."""
    graded = pd.Series(scores.score).where(scores.grade != INSUFFICIENT)
    return np.asarray(graded.rank(ascending=False, method="min"), dtype=np.float64)


def _members(group: str) -> list[int]:
    return [at for at, metric in enumerate(SCORED) if metric.group == group]


def _group_scores(found: Floats, usable: NDArray[np.bool_], scenario: Scenario) -> Floats:
    columns = []
    inside = np.array([scenario.get(f"w_{metric.key}") for metric in SCORED], dtype=np.float64)
    for group in GROUPS:
        member = _members(group)
        weight = np.where(usable[:, member], inside[member], 0.0)
        whole = weight.sum(axis=1)
        earned = (weight * np.nan_to_num(found[:, member])).sum(axis=1)
        columns.append(np.divide(earned, whole, out=np.full(len(whole), np.nan), where=whole > 0))
    return np.column_stack(columns)


def enough_weight(left: Floats) -> NDArray[np.bool_]:
    """Whether the nominal weight of the KPIs that remain carries a grade: half of it does, though binary fractions may sum to less.

    >>> enough_weight(np.array([0.49999999999999994, 0.4999])).tolist()
    [True, False]
    """
    return np.asarray(left >= MIN_WEIGHT_LEFT - DUST)


def _reasons(
    usable: NDArray[np.bool_], nominal: Floats, conversations: Floats, total: Floats, scenario: Scenario
) -> NDArray[np.object_]:
    left = np.where(usable, nominal, 0.0).sum(axis=1)
    few = conversations < scenario.get("min_conversations")
    reason = np.where(
        np.isnan(total),
        "nothing_scored",
        np.where(few, "few_conversations", np.where(enough_weight(left), "", "little_weight")),
    )
    return reason.astype(object)


def _names(table: KpiTable) -> tuple[str, ...]:
    return tuple(str(name) for name in table.groups[table.by[0]])


def persons(table: KpiTable) -> KpiTable:
    """The table without the row of conversations that belong to nobody: that row is counted, never graded."""
    keep = (table.groups[table.by[0]] != UNASSIGNED).to_numpy()
    numbers = {name: column[keep] for name, column in table.numbers.items()}
    sums = {name: column[keep] for name, column in table.sums.items()}
    groups = table.groups[keep].reset_index(drop=True)
    return KpiTable(
        table.by,
        groups,
        table.metrics,
        numbers,
        table.status[keep],
        table.reason[keep],
        table.label,
        table.period,
        sums,
    )
