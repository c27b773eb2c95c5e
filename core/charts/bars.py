"""Agents side by side: values with intervals, grades, and where the points of a score come from."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from core.charts import axis, theme
from core.charts.chart import Chart, Labels, assemble, template
from core.text import Text

GRADES = ("A", "B", "C", "D", "insufficient_data")
SCENARIOS = ("baseline", "whatif")
_LINES = {"target": theme.DEFICIT, "shop": theme.SECOND, "mean_of_agents": theme.SECOND}
_TONES = {"plain": theme.MUTED, "better": theme.ACCENT, "worse": theme.DEFICIT}
_TOO_FEW = "datum.status === 'too_few'"


def bars_with_interval(frame: pd.DataFrame, labels: Labels, unit: str = "count", ascending: bool = False) -> Chart:
    """One line per agent: the value as a point, its interval as a bar, the target as a rule; grey where n is too small.

    Args:
        frame: one row per agent: ``agent`` (shown name), ``value``; optional ``low``, ``high``, ``n``,
            ``target``, ``shop`` (the shop's own figure) and ``mean_of_agents``, the same in every row; ``status`` (``ok`` or ``too_few``);
            ``tone`` (``plain``, ``better``, ``worse``): what the interval says against the shop; ``placed``: who may be put in an
            order, the others stand below in the order they come.
            Too few observations have no place in the order and stand below; missing values keep their line, empty.
        unit: unit of ``value``; durations in seconds.
        ascending: the smallest on top, for KPIs where less is better.

    A click selects: ``event["selection"]["pick"]`` holds ``agent``.

    >>> frame = pd.DataFrame({"agent": ["Li", "Wu"], "value": [0.8, 0.9], "status": ["ok", "too_few"]})
    >>> bars_with_interval(frame, Labels("en", "Satisfaction"), "share").data["agent"].tolist()
    ['Li', 'Wu']
    """
    text = labels.text
    data = _with_interval(frame)
    by = axis.divisor(unit, data[["value", "high"]].stack())
    extra = tuple(column for column in ("n", *_LINES, "tone") if column in frame)
    spec = _intervals(labels.language, axis.titled(labels.x, unit, by, text), unit, by, extra)
    data = _placed(data, axis.rising(data, "value", ascending))
    data = axis.with_tips(data, ["value"], unit, text)
    data["status_tip"] = [text(f"charts.status.{code}") for code in data["status"]]
    return assemble("bars_with_interval", spec, data, labels, axis.rows_height(len(data), bool(set(_LINES) & set(extra))))


def _placed(given: pd.DataFrame, rising: pd.DataFrame) -> pd.DataFrame:
    """Who is placed in the order of values, then the unplaced as they were given, then too few observations."""
    few = rising["status"] == "too_few"
    first = rising["placed"].astype(bool) & ~few if "placed" in rising else ~few
    rest = given[~given["placed"].astype(bool) & (given["status"] != "too_few")] if "placed" in given else rising[:0]
    return pd.concat([rising[first], rest, rising[few]])


def _with_interval(frame: pd.DataFrame) -> pd.DataFrame:
    absent = {column: float("nan") for column in ("low", "high") if column not in frame}
    status = {} if "status" in frame else {"status": "ok"}
    return frame.assign(**absent, **status)


def _tone(told: bool) -> Any:
    if not told:
        return alt.value(theme.ACCENT)
    scale = alt.Scale(domain=list(_TONES), range=list(_TONES.values()))
    return alt.Color("tone:N", scale=scale, legend=None)


@lru_cache(maxsize=128)
def _intervals(language: str, x: str, unit: str, by: float, extra: tuple[str, ...]) -> str:
    text = Text(language)
    colour = alt.condition(_TOO_FEW, alt.value(theme.FAINT), _tone("tone" in extra))
    tips = ["agent", "value_tip", "interval_tip", *(["n_tip"] if "n" in extra else []), "status_tip"]
    named = axis.rows().encode(axis.names("agent"), tooltip=axis.tooltips(text, tips))
    base = named.encode(color=colour)
    scale = alt.Scale(zero=False, nice=True)
    bar = base.mark_bar(height=5, opacity=0.35, cornerRadius=2).encode(
        alt.X("low_shown:Q", title=x, scale=scale, axis=axis.axis(unit)), alt.X2("high_shown:Q")
    )
    point = base.mark_point(filled=True, size=70, opacity=1).encode(alt.X("value_shown:Q", title=x, scale=scale))
    # Marks without a value are left out together with their name; these, which nobody sees, keep every line.
    lines = named.mark_tick(opacity=0)
    layers = [lines, bar, axis.picked(point, "agent")]
    drawn = ["value", "low", "high"]
    lines = [line for line in _LINES if line in extra]
    if lines:
        drawn += lines
        rules = {line: axis.reference(f"{line}_shown", "x", strokeDash=[4, 3], strokeWidth=1.5) for line in lines}
        layers += axis.named(rules, _LINES, text)
    drawing = axis.calculated(alt.layer(*layers), drawn, by)
    # Tones of agents and names of lines are two scales; as one, the lines would lose their legend.
    return template(drawing.resolve_scale(color="independent") if "tone" in extra else drawing)


def grade_distribution(frame: pd.DataFrame, labels: Labels, height: int = 240) -> Chart:
    """How many agents have each grade, before and after a change.

    Args:
        frame: one row per ``scenario`` (``baseline``, ``whatif``) and ``grade`` (`GRADES`), with ``agents``;
            grades without agents may be absent and are drawn as zero. One scenario alone is fine.

    >>> frame = pd.DataFrame({"scenario": ["baseline"], "grade": ["B"], "agents": [3]})
    >>> grade_distribution(frame, Labels("en", "Grades")).data["agents"].tolist()
    [0, 3, 0, 0, 0]
    """
    text = labels.text
    scenarios = [name for name in SCENARIOS if name in set(frame["scenario"])]
    counts = {(scenario, grade): 0 for scenario in scenarios for grade in GRADES}
    for scenario, grade, agents in zip(frame["scenario"], frame["grade"], frame["agents"], strict=True):
        counts[scenario, grade] += agents
    columns = {
        "scenario": [scenario for scenario, _ in counts],
        "grade": [grade for _, grade in counts],
        "agents": list(counts.values()),
        "scenario_tip": [text(f"charts.scenario.{scenario}") for scenario, _ in counts],
        "grade_tip": [_grade(grade, text) for _, grade in counts],
        "agents_tip": [text.value(float(agents), "count") for agents in counts.values()],
    }
    spec = _grades(labels.language, labels.x, labels.y, tuple(scenarios))
    return assemble("grade_distribution", spec, pd.DataFrame(columns), labels, height)


def _grade(code: str, text: Text) -> str:
    return text("charts.insufficient_data") if code == "insufficient_data" else code


@lru_cache(maxsize=32)
def _grades(language: str, x: str, y: str, scenarios: tuple[str, ...]) -> str:
    text = Text(language)
    names = [text(f"charts.scenario.{code}") for code in scenarios]
    colours = alt.Scale(domain=names, range=[theme.MUTED, theme.ACCENT][-len(names) :])
    legend = alt.Legend(orient="top") if len(names) > 1 else None
    bars = axis.rows().mark_bar(cornerRadiusEnd=2).encode(
        alt.X("grade_tip:N", sort=None, title=x or None, axis=alt.Axis(labelAngle=0)),
        alt.Y("agents:Q", title=y, axis=alt.Axis(format="d", tickMinStep=1)),
        xOffset=alt.XOffset("scenario_tip:N", sort=names),
        color=alt.Color("scenario_tip:N", scale=colours, title=None, legend=legend),
        tooltip=axis.tooltips(text, ["scenario_tip", "grade_tip", "agents_tip"]),
    )  # fmt: skip
    return template(bars)


def contribution_bars(frame: pd.DataFrame, labels: Labels) -> Chart:
    """Scores as the sum of their parts: one stacked line per agent, one segment per KPI, one colour per group.

    Args:
        frame: one row per agent and KPI: ``agent``, ``part`` and ``group`` (shown names), ``points`` (what the KPI
            adds to the score). The best score stands on top; a KPI without points is absent.

    >>> frame = pd.DataFrame({"agent": ["Li", "Li", "Wu"], "part": ["CSAT", "FCR", "CSAT"], "group": "Quality"})
    >>> contribution_bars(frame.assign(points=[40.0, 20.0, 70.0]), Labels("en", "Score")).data["score"].tolist()
    [70.0, 60.0, 60.0]
    """
    text = labels.text
    data = frame.assign(score=frame.groupby("agent", observed=True)["points"].transform("sum"))
    data = axis.rising(data, "score", ascending=False).assign(order=range(len(data)))
    data = axis.with_tips(data, ["points", "score"], "points", text)
    spec = _stacked(labels.language, axis.titled(labels.x, "points", 1.0, text))
    return assemble("contribution_bars", spec, data, labels, axis.rows_height(data["agent"].nunique(), legend=True))


@lru_cache(maxsize=32)
def _stacked(language: str, x: str) -> str:
    bars = axis.rows().mark_bar(height=14, stroke="rgba(255, 255, 255, 0.55)", strokeWidth=0.8).encode(
        axis.names("agent"),
        alt.X("points:Q", title=x, stack=True, axis=axis.axis("points")),
        color=alt.Color("group:N", sort=None, title=None, legend=alt.Legend(orient="top", symbolStrokeWidth=0)),
        order=alt.Order("order:Q"),
        tooltip=axis.tooltips(Text(language), ["agent", "group", "part", "points_tip", "score_tip"]),
    )  # fmt: skip
    return template(axis.picked(bars, "agent"))


def contribution_parts(frame: pd.DataFrame, labels: Labels) -> Chart:
    """One agent's score: what each KPI brought, over what it could have brought.

    Args:
        frame: one row per KPI, in the order of the scorecard: ``part`` and ``group`` (shown names), ``points``,
            ``possible``.
    """
    text = labels.text
    data = axis.with_tips(frame, ["points", "possible"], "points", text)
    spec = _earned(labels.language, axis.titled(labels.x, "points", 1.0, text))
    return assemble("contribution_parts", spec, data, labels, axis.rows_height(len(data), legend=True))


@lru_cache(maxsize=32)
def _earned(language: str, x: str) -> str:
    tips = axis.tooltips(Text(language), ["group", "part", "points_tip", "possible_tip"])
    base = axis.rows().encode(axis.names("part"), tooltip=tips)
    frame_bar = base.mark_bar(height=14, color=theme.FAINT, opacity=0.45, cornerRadiusEnd=2).encode(
        alt.X("possible:Q", title=x)
    )
    earned = base.mark_bar(height=14, cornerRadiusEnd=2).encode(
        alt.X("points:Q", title=x, axis=axis.axis("points")),
        color=alt.Color("group:N", sort=None, title=None, legend=alt.Legend(orient="top")),
    )
    return template(alt.layer(frame_bar, earned))


def contribution_changes(frame: pd.DataFrame, labels: Labels) -> Chart:
    """Why a score changed: what each cause added or took; the bars add up to the change.

    Args:
        frame: one row per cause: ``part`` (shown name), ``change`` in points; the largest gain stands on top.
    """
    text = labels.text
    data = axis.with_tips(axis.rising(frame, "change", ascending=False), ["change"], "points", text)
    spec = _changes(labels.language, axis.titled(labels.x, "points", 1.0, text))
    return assemble("contribution_changes", spec, data, labels, axis.rows_height(len(data)))


@lru_cache(maxsize=32)
def _changes(language: str, x: str) -> str:
    bars = axis.rows().mark_bar(height=14, cornerRadiusEnd=2).encode(
        axis.names("part"),
        alt.X("change:Q", title=x, axis=axis.axis("points")),
        color=alt.condition("datum.change < 0", alt.value(theme.DEFICIT), alt.value(theme.ACCENT)),
        tooltip=axis.tooltips(Text(language), ["part", "change_tip"]),
    )  # fmt: skip
    return template(bars)
