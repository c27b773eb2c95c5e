"""What a decision about weights, targets and bands does, and how far the decision itself decides: causes, probabilities, maps, reaches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from core.charts import axis, theme
from core.charts.chart import Chart, Labels, assemble, template
from core.text import Text

GRADE_COLOURS = {"A": theme.CATEGORY[0], "B": theme.CATEGORY[2], "C": theme.CATEGORY[1], "D": theme.CATEGORY[5]}
_SIDE = 0.8660254


def cause_bars(frame: pd.DataFrame, labels: Labels) -> Chart:
    """Who moves between two scenarios and why: one line per agent, a segment per cause, losses left and gains right of zero.

    Args:
        frame: one row per agent × cause: ``agent``, ``part`` (the cause in words), ``change`` in points, ``move`` (their sum, the same in
            the agent's rows; drawn as a dot). Agents stand in the order of the frame.

    >>> frame = pd.DataFrame({"agent": ["Li", "Li"], "part": ["weights", "targets"], "change": [2.0, -0.5], "move": 1.5})
    >>> cause_bars(frame, Labels("en", "Who moves")).data["change_tip"].tolist()
    ['2.0', '-0.5']
    """
    text = labels.text
    data = axis.with_tips(frame, ["change", "move"], "points", text)
    spec = _causes(labels.language, axis.titled(labels.x, "points", 1.0, text))
    return assemble("cause_bars", spec, data, labels, axis.rows_height(data["agent"].nunique(), legend=True))


@lru_cache(maxsize=32)
def _causes(language: str, x: str) -> str:
    text = Text(language)
    base = axis.rows().encode(axis.names("agent"))
    bars = base.mark_bar(height=14, stroke="rgba(255, 255, 255, 0.55)", strokeWidth=0.8).encode(
        alt.X("change:Q", title=x, stack=True, axis=axis.axis("points")),
        color=alt.Color("part:N", sort=None, title=None, legend=alt.Legend(orient="top", symbolStrokeWidth=0)),
        tooltip=axis.tooltips(text, ["agent", "part", "change_tip", "move_tip"]),
    )
    dot = base.mark_point(filled=True, size=46, opacity=1, color=theme.MUTED).encode(alt.X("mean(move):Q", title=x))
    return template(alt.layer(axis.picked(bars, "agent"), dot))


def grade_chances(frame: pd.DataFrame, labels: Labels) -> Chart:
    """How likely each grade is for each agent: one line per agent, its parts add up to 100 %.

    Args:
        frame: one row per agent × grade: ``agent``, ``grade`` (A–D), ``chance`` 0–1; agents in the order of the frame. With a column
            ``facet`` (words) each agent has one thin bar for each, e.g. the sample's doubt above that of the weights.

    >>> frame = pd.DataFrame({"agent": ["Li", "Li"], "grade": ["A", "B"], "chance": [0.9, 0.1]})
    >>> grade_chances(frame, Labels("en", "How sure")).data["chance_tip"].tolist()
    ['90.0 %', '10.0 %']
    """
    text = labels.text
    data = axis.with_tips(frame, ["chance"], "share", text)
    facets = tuple(dict.fromkeys(frame["facet"])) if "facet" in frame else ()
    data = data.assign(facet=frame["facet"] if facets else "")
    spec = _chances(labels.language, labels.x, facets)
    lines = data["agent"].nunique() * (_THIN if len(facets) > 1 else 1)
    return assemble("grade_chances", spec, data, labels, axis.rows_height(round(lines), legend=True))


_THIN = 1.5
"""Room of an agent's thin bars, in lines."""


@lru_cache(maxsize=32)
def _chances(language: str, x: str, facets: tuple[str, ...]) -> str:
    scale = alt.Scale(domain=list(GRADE_COLOURS), range=list(GRADE_COLOURS.values()))
    several = len(facets) > 1
    size = {} if several else {"height": 14}
    bars = axis.rows().mark_bar(stroke="rgba(255, 255, 255, 0.55)", strokeWidth=0.0 if several else 0.8, **size).encode(
        axis.names("agent"),
        alt.X("sum(chance):Q", title=x or None, stack=True, scale=alt.Scale(domain=[0, 1]), axis=axis.axis("share")),
        color=alt.Color("grade:N", scale=scale, title=None, legend=alt.Legend(orient="top", symbolStrokeWidth=0)),
        order=alt.Order("grade:N"),
        tooltip=axis.tooltips(Text(language), ["agent", "grade", "chance_tip"]),
    )  # fmt: skip
    if several:
        offset = alt.YOffset("facet:N", sort=list(facets), scale=alt.Scale(paddingInner=0.12))
        tips = axis.tooltips(Text(language), ["agent", "facet", "grade", "chance_tip"])
        lines = axis.names("agent")
        lines.scale = alt.Scale(paddingInner=0.3)
        return template(axis.picked(bars.encode(y=lines, yOffset=offset, opacity=_opacity(facets), tooltip=tips), "agent"))
    return template(axis.picked(bars, "agent"))


def _opacity(facets: Sequence[str]) -> Any:
    """The first picture full, the others paler: which is which stands in a legend."""
    scale = alt.Scale(domain=list(facets), range=[1.0, 0.7, 0.45][: len(facets)])
    return alt.Opacity("facet:N", scale=scale, title=None, legend=alt.Legend(orient="top"))


def weight_triangle(frame: pd.DataFrame, labels: Labels, corners: tuple[str, str, str]) -> Chart:
    """The map of three weights: each point one weighting, coloured by what holds there; each corner is all weight on one group.

    Args:
        frame: one row per point: ``efficiency``, ``quality``, ``business`` (shares), ``holds`` (words: who is first, or the grade),
            ``tip`` (what stands beside it in the tooltip); optional ``here`` (True for the present weights).
        corners: the groups' names: bottom left, bottom right, top.

    >>> frame = pd.DataFrame({"efficiency": [1.0, 0.0], "quality": [0.0, 1.0], "business": [0.0, 0.0], "holds": ["Li", "Wu"], "tip": "–"})
    >>> weight_triangle(frame, Labels("en", "Who is first"), ("Efficiency", "Quality", "Business")).data["across"].tolist()
    [0.0, 1.0]
    """
    text = labels.text
    here = frame.get("here", False)
    data = frame.assign(across=frame["quality"] + frame["business"] / 2, up=frame["business"] * _SIDE, here=here)
    tips = [text("charts.weights", **{g: text.share(float(row[g])) for g in _GROUPS}) for _, row in data.iterrows()]
    spec = _triangle(labels.language, corners, set(frame["holds"]) <= set(GRADE_COLOURS))
    return assemble("weight_triangle", spec, data.assign(weights_tip=tips), labels, 420)


_GROUPS = ("efficiency", "quality", "business")


@lru_cache(maxsize=64)
def _triangle(language: str, corners: tuple[str, str, str], graded: bool) -> str:
    grades = alt.Scale(domain=list(GRADE_COLOURS), range=list(GRADE_COLOURS.values()))
    colour = {"scale": grades} if graded else {"sort": None}
    empty = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    x = alt.X("across:Q", title=None, scale=alt.Scale(domain=[-0.12, 1.12], nice=False), axis=empty)
    y = alt.Y("up:Q", title=None, scale=alt.Scale(domain=[-0.1, 0.97], nice=False), axis=empty)
    points = axis.rows().mark_point(filled=True, shape="circle", size=150, opacity=0.9).encode(
        x, y,
        color=alt.Color("holds:N", **colour, title=None, legend=alt.Legend(orient="right")),
        tooltip=[alt.Tooltip("weights_tip:N", title=""), alt.Tooltip("holds:N", title=""), alt.Tooltip("tip:N", title="")],
    )  # fmt: skip
    now = axis.rows().transform_filter("datum.here").mark_point(size=330, strokeWidth=3, color=theme.DEFICIT, shape="diamond").encode(x, y)
    places = ((corners[0], "min(across)", 0.0, 14), (corners[1], "max(across)", 0.0, 14), (corners[2], "mean(across)", 0.88, -6))
    return template(alt.layer(points, now, *(_corner(*place) for place in places)))


def _corner(name: str, across: str, up: float, dy: int) -> Any:
    return axis.rows().transform_aggregate(c="mean(across)", least="min(across)", most="max(across)").transform_calculate(
        at={"min(across)": "datum.least", "max(across)": "datum.most", "mean(across)": "(datum.least + datum.most) / 2"}[across],
        high=str(up), name=json.dumps(name, ensure_ascii=False),
    ).mark_text(dy=dy, fontWeight="bold", color=theme.MUTED).encode(alt.X("at:Q"), alt.Y("high:Q"), text="name:N")  # fmt: skip


def reach_bars(frame: pd.DataFrame, labels: Labels, unit: str = "points") -> Chart:
    """How far something reaches on either side of where it stands now: turns of single knobs, or the range of a weight.

    Args:
        frame: one row per line, in drawing order: ``part`` (words), ``low``, ``now``, ``high``; optional ``tip`` (words).

    >>> frame = pd.DataFrame({"part": ["CSAT"], "low": [70.0], "now": [72.0], "high": [75.0]})
    >>> reach_bars(frame, Labels("en", "One at a time")).data["interval_tip"].tolist()
    ['70.0 to 75.0']
    """
    text = labels.text
    data = axis.with_tips(frame.assign(tip=frame.get("tip", "")), ["now"], unit, text)
    spec = _reaches(labels.language, axis.titled(labels.x, unit, 1.0, text), unit)
    return assemble("reach_bars", spec, data, labels, axis.rows_height(len(data)))


@lru_cache(maxsize=32)
def _reaches(language: str, x: str, unit: str) -> str:
    tips = [*axis.tooltips(Text(language), ["part", "now_tip", "interval_tip"]), alt.Tooltip("tip:N", title="")]
    base = axis.rows().encode(axis.names("part"), tooltip=tips)
    scale = alt.Scale(zero=False, nice=True, padding=8)
    low = base.mark_bar(height=12, color=theme.SECOND, opacity=0.75).encode(
        alt.X("low:Q", title=x, scale=scale, axis=axis.axis(unit)), alt.X2("now:Q")
    )
    high = base.mark_bar(height=12, color=theme.ACCENT, opacity=0.75).encode(alt.X("now:Q", title=x), alt.X2("high:Q"))
    now = base.mark_tick(thickness=2, size=18, color=theme.MUTED).encode(alt.X("now:Q", title=x))
    return template(alt.layer(low, high, now))
