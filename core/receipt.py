"""The receipt of a score: everything it was made of, so that the person it is about can check it, line by line.

Lines add up to the score. What was left out, what is missing, how sure it is, what the same person had before, and the nearest steps to the
next grade stand beside it; the digests say from which data and which settings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.kpis import KpiTable
from core.metrics import BY_KEY, SCORED, Anchors
from core.recompute import Report, compared, estimate_of, level_of
from core.scenario import Scenario
from core.scoring import DUST, GRADES, INSUFFICIENT, Scores, effective_weights, nominal_weights
from core.views import parts, unused

Floats = NDArray[np.float64]
_LEFT_OUT = ("bot_resolved", "holiday_mode", "agent_started", "pending", "unanswered")


@dataclass(frozen=True)
class Receipt:
    """One agent's score, opened.

    Args:
        score, low, high, level: the score with its interval, which is NaN without a grade.
        grade, probability: what it is and how likely each is.
        reason: why there is no grade; empty otherwise.
        lines: one row per KPI that counts: key, group, statistic, value, low, high, n, counted (the value beside the level of like cases,
            else the value), target, passing, floor, points, nominal, weight, contribution, label. Contributions add up to ``own``.
        own, team: the part of the score from the own figures and from the team's (0 without a team share); they add up to the score.
        left_out: one row per reason: what, n conversations of the agent outside response figures (counted, not judged).
        missing: one row per scored KPI that does not count: key, group, n, min_n, status, reason.
        past: one row per scored KPI (the statistic that is scored) against the period before, as `core.recompute.compared`; empty where
            the log does not reach back.
        steps: see `nearest_steps`.
        conversations, rules, first, last, zone: what was looked at.
        scenario_digest, data_digest: short digests of the settings that matter for a score, and of the files and import decisions.
    """

    agent: str
    score: float
    low: float
    high: float
    level: float
    grade: str
    probability: dict[str, float]
    reason: str
    lines: pd.DataFrame
    own: float
    team: float
    left_out: pd.DataFrame
    missing: pd.DataFrame
    past: pd.DataFrame
    steps: pd.DataFrame
    conversations: int
    rules: str
    first: str
    last: str
    zone: str
    scenario_digest: str
    data_digest: str


def receipt(report: Report, agent: str) -> Receipt:
    """The receipt of one agent. Raises ValueError for an agent without a row in the scores."""
    measured, scores, unsure, scenario = report.measured, report.scores, report.doubt, report.scenario
    at, row = scores.names.index(agent), measured.agents.row(agent)
    lines = _lines(report, agent)
    total, own = float(scores.score[at]), float(lines["contribution"].sum())
    period = measured.period
    return Receipt(
        agent, total, float(unsure.low[at]), float(unsure.high[at]), unsure.level, str(scores.grade[at]),
        {grade: float(share[at]) for grade, share in unsure.probability.items()}, str(scores.reason[at]), lines,
        own, total - own if not np.isnan(total) and _shared(scenario) else 0.0,
        _left_out(measured.agents, row), unused(measured.agents, scores, agent), _past(report, agent), nearest_steps(report, agent),
        round(float(scores.conversations[at])), str(scenario.get("rules")), str(period.first), str(period.last),
        period.zone,
        scenario_digest(scenario), measured.observed.facts.log.digest[:12],
    )  # fmt: skip


def scenario_digest(scenario: Scenario) -> str:
    """Twelve letters that name the settings a score depends on: the same settings, the same letters.

    >>> scenario_digest(Scenario()) == scenario_digest(Scenario.of({"sl_target": 0.9})) != scenario_digest(Scenario.of({"w_quality": 50}))
    True
    """
    rooms = ("facts", "rules", "filter", "period", "group_weight", "weight", "anchor", "band")
    told = json.dumps(scenario.part(*rooms).to_dict(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _shared(scenario: Scenario) -> bool:
    return bool(scenario.get("team_share") > 0)


def _lines(report: Report, agent: str) -> pd.DataFrame:
    """The KPIs that count with their own figures; with a team share the weights are those of the own part."""
    table, row = report.measured.agents, report.measured.agents.row(agent)
    nominal = dict(zip((m.key for m in SCORED), nominal_weights(report.scenario), strict=True))
    frame = parts(report.scores, agent)
    part = _own_part(report, agent)
    rows = []
    for line in frame.itertuples():
        declared, cell = BY_KEY[line.key], table.cell(row, line.key)
        middle = declared.statistic == "median"
        anchors: Anchors = report.scenario.anchors(declared)
        rows.append({
            "key": line.key, "group": line.group, "statistic": declared.statistic, "value": line.measured,
            "low": cell.median_low if middle else cell.low, "high": cell.median_high if middle else cell.high, "n": cell.n,
            "counted": line.value, "target": anchors.target, "passing": anchors.passing, "floor": anchors.floor, "points": line.points,
            "nominal": nominal[line.key], "weight": part[line.key], "contribution": part[line.key] * line.points, "label": cell.label,
        })  # fmt: skip
    columns = (
        "key", "group", "statistic", "value", "low", "high", "n", "counted", "target", "passing", "floor", "points", "nominal", "weight",
        "contribution", "label",
    )  # fmt: skip
    return pd.DataFrame(rows, columns=list(columns))


def _own_part(report: Report, agent: str) -> dict[str, float]:
    """Weight of each KPI's own points in the score: the team's part taken off."""
    scores, at = report.scores, report.scores.names.index(agent)
    usable = ~np.isnan(scores.points[at : at + 1])
    alone = effective_weights(usable, nominal_weights(report.scenario))[0]
    own = 1.0 - report.scenario.get("team_share") / 100 if _blended(report, at, alone) else 1.0
    return dict(zip(scores.keys, alone * own, strict=True))


def _blended(report: Report, at: int, alone: Floats) -> bool:
    """Whether a team's score went into this one; a person without a scored team keeps the own score."""
    points = np.nan_to_num(report.scores.points[at])
    return _shared(report.scenario) and abs(float(report.scores.score[at]) - float(alone @ points)) > DUST


def _left_out(table: KpiTable, row: int) -> pd.DataFrame:
    rows = [{"what": name, "n": round(float(table.sums[name][row]))} for name in _LEFT_OUT if name in table.sums]
    return pd.DataFrame(rows, columns=["what", "n"])


def _past(report: Report, agent: str) -> pd.DataFrame:
    measured, before = report.measured, report.measured.agents_before
    if before is None:
        return pd.DataFrame()
    rows = measured.agents.row(agent), before.row(agent)
    if min(rows) < 0:
        return pd.DataFrame()
    pairs = {
        m.key: tuple(estimate_of(table, row, m.key, m.statistic) for table, row in zip((measured.agents, before), rows, strict=True))
        for m in SCORED
    }
    return compared({key: (now, then) for key, (now, then) in pairs.items()})


def nearest_steps(report: Report, agent: str) -> pd.DataFrame:
    """What one KPI alone would have to be for the next better grade, easiest first: one row per KPI that counts.

    Columns: key, value, needed (NaN where the KPI alone cannot do it), aim (the same on the safe side of what is shown, see `aim`), gain
    (points of the score at the target), missing (points to the next grade), wanted (that grade), peers (share of the other agents with
    this KPI who already reach ``aim``), before (own figure of the period before). Easiest is what most peers reach; what nobody reaches
    stands last. Empty for the best grade and without one.
    """
    scores, scenario = report.scores, report.scenario
    at = scores.names.index(agent)
    grade = str(scores.grade[at])
    columns = ["key", "value", "needed", "aim", "gain", "missing", "wanted", "peers", "before"]
    if grade in (INSUFFICIENT, GRADES[0]):
        return pd.DataFrame(columns=columns)
    wanted = GRADES[GRADES.index(grade) - 1]
    missing = scenario.bands()[wanted] - float(scores.score[at])
    past = _past(report, agent)
    before = dict(zip(past["key"], past["before"], strict=True)) if len(past) else {}
    rows = [_step(report, at, key, weight, missing) for key, weight in _own_part(report, agent).items() if weight > 0]
    frame = pd.DataFrame(rows).assign(missing=missing, wanted=wanted)
    frame["before"] = [before.get(key, np.nan) for key in frame["key"]]
    order = frame["peers"].fillna(-1)
    return frame.assign(order=order).sort_values(["order", "gain"], ascending=False, kind="stable")[columns].reset_index(drop=True)


def _step(report: Report, at: int, key: str, weight: float, missing: float) -> dict[str, object]:
    scores, place = report.scores, report.scores.keys.index(key)
    anchors = report.scenario.anchors(BY_KEY[key])
    now, better = float(scores.points[at, place]), BY_KEY[key].better
    points, scale = now + missing / weight, [anchors.floor, anchors.passing, anchors.target]
    alone = float(np.interp(points, [0.0, 60.0, 100.0], scale))
    level, metric_at = level_of(report.measured, report.scenario, report.measured.people), SCORED.index(BY_KEY[key])
    if level is not None:
        alone = level.own(at, metric_at, alone)
    needed = alone if points <= 100 else np.nan
    safe = aim(needed, BY_KEY[key].unit, better)
    counted = safe if level is None else safe * level.factor[at, metric_at] + level.shift[at, metric_at]
    others = np.delete(scores.values[:, place], at)
    others = others[~np.isnan(np.delete(scores.points[:, place], at))]
    reached = np.nan if np.isnan(needed) or not len(others) else float(np.mean(better * (others - counted) >= -DUST))
    row: dict[str, object] = {"key": key, "value": _measured(scores, at, place), "needed": needed, "aim": safe}
    return row | {"gain": weight * (100 - now), "peers": reached}


def _measured(scores: Scores, at: int, place: int) -> float:
    return float((scores.values if scores.measured is None else scores.measured)[at, place])


_STEPS = {"share": 0.001, "points": 0.1, "per_hour": 0.1, "rating": 0.01, "ratio": 0.01, "money": 0.01}


def aim(needed: float, unit: str, better: int) -> float:
    """A needed figure rounded to what is shown, towards the better side: who reaches what is written reaches what is needed.

    >>> aim(65.8, "seconds", -1), aim(0.1689, "share", 1), aim(4.12, "per_hour", 1), aim(7325.0, "seconds", -1)
    (65.0, 0.169, 4.2, 7320.0)
    """
    step = _STEPS.get(unit, 1.0)
    if unit == "seconds":
        step = 0.1 if needed < 9.5 else 1.0 if needed < 3600 else 60.0
    whole = np.ceil(needed / step - DUST) if better > 0 else np.floor(needed / step + DUST)
    return float(round(whole * step, 9))


def as_dict(found: Receipt) -> dict[str, object]:
    """The receipt as plain names and values, tables as lists of rows; NaN is still NaN."""
    values = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return {name: _rows(value) if isinstance(value, pd.DataFrame) else value for name, value in values.items()}


def _rows(frame: pd.DataFrame) -> list[dict[Hashable, object]]:
    return frame.to_dict("records")
