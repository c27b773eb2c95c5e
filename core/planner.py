"""How much data a question takes: cases, conversations and weeks until a difference that matters would be seen.

==========  ==============================================  ===================================================================
question    what is set against what                        pace
==========  ==============================================  ===================================================================
agents      one agent against another                       the middle agent's cases per week
periods     the shop before against the shop after          the shop's; each period takes that long
weekday     one weekday against the rest of the week        the shop's; the weekday has its own part of the cases
==========  ==============================================  ===================================================================

Shares are planned on the arcsine scale, durations as ratios on the log scale with the log's own spread, everything else by the spread that
its day-blocked interval implies. Cases of one day are not independent: the design effect of days multiplies what is needed.

Sources: Cohen 1988 (arcsine); Kish 1965 (design effect); weekdays are judged from eight of each on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engine import Observed
from core.engine.observe import UNASSIGNED
from core.errors import Issue, ScenarioError
from core.fairness import clustered_errors
from core.grouped import Grouped
from core.kpis import missing
from core.metrics import Metric, judged_from, metric
from core.pairs import POWER, needed_cases, seen_effect, share_effect
from core.period import choose
from core.recompute import trend_margin
from core.scenario import Scenario
from core.trends import EPOCH_WEEKDAY

Floats = NDArray[np.float64]
QUESTIONS = ("agents", "periods", "weekday")
LEAST_WEEKDAYS = 8
LEAST_DAYS = 10
SHORTEST = 0.5
"""Seconds: what came at once counts as half a second on the log scale."""


@dataclass(frozen=True)
class Case:
    """What a plan starts from; everything may be replaced by what one expects instead.

    Args:
        key: KPI. question: one of `QUESTIONS`.
        scale: ``share`` (change in points), ``log`` (durations; change as a part of the level) or ``plain`` (change in the KPI's unit).
        level: the figure now. spread: standard deviation of one case: of logs for durations, NaN for shares (their level says it).
        design: how many times as much data as independent cases would need, because days differ; at least 1.
        per_week: cases a week: of one agent, or of the shop.
        per_conversation: cases per conversation (of ratings: the part that is rated).
        part: part of the cases that lie in the first group: the weekday's, else one half.
        weeks: how long the log's period is.
        least: cases below which nothing is judged whatever the plan says.
        reason: why the log gives nothing: ``missing_columns``, ``not_a_rate``, ``no_dimension``, ``no_data``; empty when it does.
    """

    key: str
    question: str
    scale: str
    level: float
    spread: float
    design: float = 1.0
    per_week: float = float("nan")
    per_conversation: float = 1.0
    part: float = 0.5
    weeks: float = float("nan")
    least: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Need:
    """What a change takes to be seen with the power asked for; inf when nothing changes, NaN when the level cannot change so far.

    ``first``, ``second``: cases of the first group (an agent, a period, the weekday) and of the second; ``conversations`` of the first;
    ``weeks``: how long that takes (for a weekday: how many of them). ``smallest``: the change that the log's own period would show.
    """

    first: float
    second: float
    conversations: float
    weeks: float
    smallest: float


def needed(case: Case, change: float, tests: int = 1, power: float = POWER) -> Need:
    """Cases and weeks until ``change`` would be seen in ``power`` of all cases, α = 0.05 / tests.

    >>> [needed(Case("satisfaction", "periods", "share", 0.85, float("nan")), change).first for change in (0.02, 0.05, 0.08)]
    [4720.0, 681.0, 233.0]
    >>> friday = needed(Case("first_response", "weekday", "log", 60, 1.0, part=0.2), 0.25)
    >>> friday.first, friday.second
    (198.0, 792.0)
    """
    effect = _effect(case, change)
    found = seen_effect(case.per_week * case.weeks * _sides(case) / case.design, tests, case.part, power)
    smallest = _change(case, found, np.sign(change))
    if np.isnan(effect):
        return Need(effect, effect, effect, effect, smallest)
    first = max(float(np.ceil(needed_cases(effect, tests, case.part, power) * case.part * case.design)), case.least)
    second = float(np.ceil(first * (1 - case.part) / case.part))
    weeks = float(np.ceil(first / (case.per_week * (case.part if case.question == "weekday" else 1.0))))
    weeks = max(weeks, float(LEAST_WEEKDAYS)) if case.question == "weekday" else weeks
    return Need(first, second, float(np.ceil(first / case.per_conversation)), weeks, smallest)


def _sides(case: Case) -> float:
    """How many paces gather at once: the two agents', the shop's, or the shop's halved between two periods."""
    return {"agents": 2.0, "periods": 1.0, "weekday": 1.0}[case.question]


def _effect(case: Case, change: float) -> float:
    """A change in standard deviations of one case."""
    if case.scale == "share":
        there = case.level + change
        return share_effect(case.level, there) if 0 <= there <= 1 else float("nan")
    if case.scale == "log":
        return abs(float(np.log1p(change))) / case.spread if change > -1 else float("nan")
    return abs(change) / case.spread


def _change(case: Case, effect: float, sign: float) -> float:
    """The change that is so many standard deviations wide; NaN where the scale ends before."""
    if case.scale == "share":
        angle = np.arcsin(np.sqrt(case.level)) + sign * effect / 2
        return float(np.sin(angle) ** 2 - case.level) if 0 <= angle <= np.pi / 2 else float("nan")
    return float(np.expm1(sign * effect * case.spread) if case.scale == "log" else sign * effect * case.spread)


def example(key: str, question: str) -> Case:
    """A case without a log: the level that passes, a log-sd of 1, a hundred independent cases a week. Raises as `case_of`.

    >>> example("satisfaction", "periods").level, example("first_response", "weekday").spread
    (0.85, 1.0)
    """
    found = _known(metric(key), question)
    level = found.anchors.passing if found.anchors else found.low + 0.8 * (found.high - found.low)
    spread = {"share": float("nan"), "log": 1.0}.get(scale_of(found), level / 5)
    part = 1 / 7 if question == "weekday" else 0.5
    return Case(key, question, scale_of(found), level, spread, per_week=100.0, part=part, weeks=12.0, least=judged_from(found))


def judged_least(key: str) -> int:
    """Cases below which a KPI is not judged whatever a plan says.

    >>> judged_least("first_response")
    50
    """
    return int(judged_from(metric(key)))


def usual_change(case: Case, scenario: Scenario) -> float:
    """The smallest change that matters under the scenario's margins, on the case's scale and to the better."""
    found = metric(case.key)
    margin, relative = trend_margin(found, scenario)
    size = margin * case.level if relative and case.scale == "plain" else margin
    return float((found.better or 1) * size)


def scale_of(found: Metric) -> str:
    """On which scale a KPI is planned.

    >>> [scale_of(metric(key)) for key in ("satisfaction", "first_response", "qa_score")]
    ['share', 'log', 'plain']
    """
    if found.measure.kind == "share":
        return "share"
    return "log" if found.unit == "seconds" and found.measure.values else "plain"


def _known(found: Metric, question: str) -> Metric:
    if question not in QUESTIONS:
        raise ScenarioError(Issue("bad_knob", "error", value=question, facts={"knob": "question", "allowed": ", ".join(QUESTIONS)}))
    return found


def case_of(observed: Observed, scenario: Scenario, key: str, question: str = "agents", weekday: int = 4) -> Case:
    """What the log says about a KPI before a question is planned: level, spread, pace and design effect of the period and filters.

    ``weekday`` (0 Monday … 6) is used by the question of that name. Raises `ScenarioError` for an unknown KPI or question.
    """
    found = _known(metric(key), question)
    period = choose(scenario, *observed.days, observed.zone)
    view = Grouped(observed, scenario, ("agent" if question == "agents" else "shop",), period)
    reason = _absent(view, found, observed)
    if not reason:
        groups, days, top, bottom = _by_day(view, found)
        reason = "" if len(groups) else "no_data"
    if reason:
        return replace(example(key, question), reason=reason, per_week=float("nan"), weeks=period.days / 7)
    cases = np.bincount(groups, bottom).astype(np.float64)
    weekdays = _weekday(view, days)
    part = float(bottom[weekdays == weekday].sum() / bottom.sum()) if question == "weekday" else 0.5
    # What one weekday has to tell must not count as restless days: weekdays are compared within themselves.
    alike = weekdays if question == "weekday" else groups
    spread, design = _scatter(scale_of(found), clustered_errors(alike, top, bottom), _variances(view, found, question))
    return Case(
        key, question, scale_of(found), _level(view, found, top, bottom), spread, design,
        per_week=float(np.median(cases[cases > 0])) * 7 / period.days, per_conversation=_per_conversation(view, bottom), part=part,
        weeks=period.days / 7, least=judged_from(found), reason="" if 0 < part < 1 else "no_data",
    )  # fmt: skip


def _absent(view: Grouped, found: Metric, observed: Observed) -> str:
    if missing(found, observed.facts.available):
        return "missing_columns"
    if not found.measure.denominator:
        return "not_a_rate"
    return "" if view.whole(found.measure.source) is not None else "no_dimension"


def _people(view: Grouped) -> NDArray[np.bool_]:
    """Which groups are somebody."""
    labels = view.groups()
    found = labels["agent"].to_numpy(dtype=str) != UNASSIGNED if "agent" in labels else np.ones(len(labels), dtype=bool)
    return np.asarray(found, dtype=bool)


def _by_day(view: Grouped, found: Metric) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
    """Per group × day with cases: group, day of the period, numerator (of durations: sum of logs) and cases."""
    if scale_of(found) == "log":
        at, logs, day = _logs(view, found)
        cells, place = np.unique(at * view.period.days + day, return_inverse=True)
        sums = [np.bincount(place, weight, len(cells)).astype(np.float64) for weight in (logs, np.ones(len(logs)))]
    else:
        cells, sums = view.by_block(found.measure.source, found.measure.columns, view.period.days)
    (top, bottom), groups = sums, cells // view.period.days
    kept = (bottom > 0) & _people(view)[groups]
    return groups[kept], cells[kept] % view.period.days, top[kept], bottom[kept]


def _logs(view: Grouped, found: Metric) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
    groups, values, days = view.singles_by_block(found.measure.source, found.measure.values, view.period.days)
    return groups, np.log(np.maximum(values, SHORTEST)), days


def _level(view: Grouped, found: Metric, top: Floats, bottom: Floats) -> float:
    if scale_of(found) != "log":
        return float(top.sum() / bottom.sum())
    groups, logs, _ = _logs(view, found)
    return float(np.exp(np.median(logs[_people(view)[groups]])))


def _weekday(view: Grouped, days: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray((view.period.first_day + days + EPOCH_WEEKDAY) % 7, dtype=np.int64)


def _scatter(scale: str, clustered: tuple[NDArray[Any], Floats, Floats, Floats, Floats], variances: Floats) -> tuple[float, float]:
    """Spread of one case and design effect of days: those of the middle group. ``variances`` of logs, per group."""
    _, ratio, error, n, days = clustered
    if scale == "plain":
        return _middle(error * np.sqrt(n)), 1.0
    variance = ratio * (1 - ratio) if scale == "share" else variances
    with np.errstate(divide="ignore", invalid="ignore"):
        design = np.where((days >= LEAST_DAYS) & (variance > 0), error**2 / (variance / n), np.nan)
    spread = float("nan") if scale == "share" else _middle(np.sqrt(variance))
    return spread, float(np.fmax(1.0, _middle(design)))


def _middle(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _variances(view: Grouped, found: Metric, question: str) -> Floats:
    """Variance of the logs of each group (for weekdays: of each weekday) that has cases, in order; empty for other scales."""
    if scale_of(found) != "log":
        return np.zeros(0)
    groups, logs, days = _logs(view, found)
    kept = _people(view)[groups]
    label = (_weekday(view, days) if question == "weekday" else groups)[kept]
    _, place, size = np.unique(label, return_inverse=True, return_counts=True)
    off = logs[kept] - (np.bincount(place, logs[kept]) / size)[place]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(size > 1, np.bincount(place, off**2) / (size - 1), np.nan), dtype=np.float64)


def _per_conversation(view: Grouped, bottom: Floats) -> float:
    if view.whole("conversations") is None:
        return 1.0
    whole = float(view.sum("conversations", "conversations")[_people(view)].sum())
    return float(bottom.sum() / whole) if whole > 0 else 1.0
