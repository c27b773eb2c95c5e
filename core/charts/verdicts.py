"""Trend verdicts as pictures: the board of all KPIs × groups, and every group's trend in a small picture of its own."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from core.charts import axis, theme
from core.charts.chart import LIMIT, Chart, Labels, assemble, template
from core.text import Text

TONES = ("better", "worse", "moving", "unchanged", "open", "unjudged")
"""What a cell says: towards or away from where the KPI should go, neither, practically unchanged, no evidence, not judged."""
_COLOURS = [theme.ACCENT, theme.DEFICIT, "#AA97F3", "#7DB475", theme.FAINT, theme.FAINT]
_SURE = {
    "strong_evidence": 1.0, "evidence": 0.85, "worth_a_look": 0.6, "some_evidence": 0.3, "practically_unchanged": 0.28, "no_evidence": 0.14,
}  # fmt: skip
_SIGNS = {"up": "↑", "down": "↓", "none": "–"}
_PANEL = (214, 96)
PANELS_ABREAST = 4


def toned(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Verdicts with what a picture needs: ``tone``, ``sure`` (how strongly it is coloured) and ``sign`` (an arrow, ≈ or ·).

    >>> rows = pd.DataFrame({"verdict": ["evidence", "no_evidence"], "sense": ["worse", ""], "direction": ["up", "down"]})
    >>> toned(rows)[["tone", "sign"]].to_numpy().tolist()
    [['worse', '↑'], ['open', '']]
    """
    rows = list(zip(verdicts["verdict"], verdicts["sense"], verdicts["direction"], strict=True))
    tones = [sense or _QUIET.get(verdict, "open") for verdict, sense, _ in rows]
    signs = [_SIGNS[direction] if sense else _MARKS.get(verdict, "") for verdict, sense, direction in rows]
    return verdicts.assign(tone=tones, sign=signs, sure=[_SURE.get(verdict, 0.0) for verdict, _, _ in rows])


_QUIET = {"practically_unchanged": "unchanged", "not_enough_data": "unjudged", "cannot_be_judged": "unjudged"}
_MARKS = {"practically_unchanged": "≈", "not_enough_data": "·", "cannot_be_judged": "·"}


def verdict_board(frame: pd.DataFrame, labels: Labels) -> Chart:
    """KPIs across, groups down, one cell a verdict; a click selects ``cell`` in ``pick``.

    Args:
        frame: one row per cell in drawing order: ``cell`` (its name for the click), ``group``, ``metric`` (in words), ``verdict``,
            ``sense``, ``direction`` (codes, see `core.board`), ``verdict_tip``, ``slope_tip``, ``p_tip`` (in words).

    Raises ValueError above 2,000 cells.
    """
    spec = _board(labels.language)
    return assemble("verdict_board", spec, toned(frame), labels, axis.rows_height(frame["group"].nunique(), legend=True) + 70)


def _tone(text: Text, symbol: float) -> Any:
    words = [text(f"board.tone.{tone}") for tone in TONES]
    legend = alt.Legend(orient="top", symbolOpacity=1, symbolStrokeWidth=symbol)
    return alt.Color("tone_shown:N", scale=alt.Scale(domain=words, range=_COLOURS), title=None, legend=legend)


def _toned(drawing: Any, text: Text) -> Any:
    """The drawing with each tone's word, for the legend."""
    names = {tone: text(f"board.tone.{tone}") for tone in TONES}
    return drawing.transform_calculate(tone_shown=f"({json.dumps(names, ensure_ascii=False)})[datum.tone]")


@lru_cache(maxsize=8)
def _board(language: str) -> str:
    text = Text(language)
    across = alt.X("metric:N", sort=None, title=None, axis=alt.Axis(labelAngle=-45, orient="top", labelLimit=150, labelOverlap=False))
    base = axis.rows().encode(across, axis.names("group"))
    tips = [alt.Tooltip("group:N", title=""), alt.Tooltip("metric:N", title="")]
    tips += axis.tooltips(text, ["verdict_tip", "slope_tip", "p_tip"])
    cells = base.mark_rect(cornerRadius=3, stroke=theme.FAINT, strokeOpacity=0.25).encode(
        _tone(text, 0), opacity=alt.Opacity("sure:Q", scale=alt.Scale(domain=[0, 1], range=[0.03, 1]), legend=None), tooltip=tips
    )
    signs = base.mark_text(fontSize=13, color=theme.MUTED).encode(text="sign:N").transform_filter("datum.sure < 0.5")
    strong = base.mark_text(fontSize=14, fontWeight="bold", color="white").encode(text="sign:N").transform_filter("datum.sure >= 0.5")
    return template(_toned(alt.layer(axis.picked(cells, "cell"), signs, strong), text))


def small_multiples(frame: pd.DataFrame, labels: Labels, unit: str) -> Chart:
    """Every group's weeks and Theil–Sen line in a small picture of its own, all on the same axes.

    Args:
        frame: one row per group × week, groups in drawing order: ``group`` (in words), ``x`` (date), ``y``, ``fit`` (NaN without a line),
            ``tone`` (of `TONES`).
        unit: unit of ``y``; durations in seconds.

    Raises ValueError above 2,000 rows.
    """
    text = labels.text
    by = axis.divisor(unit, frame[["y", "fit"]].stack())
    data = axis.with_tips(frame, ["y"], unit, text)
    days = pd.to_datetime(frame["x"])
    data = data.assign(x=days, x_tip=days.dt.strftime("%Y-%m-%d"), place=pd.factorize(frame["group"])[0])
    spec = _panels((labels.language, axis.titled(labels.y, unit, by, text), unit), by)
    rows = -(-int(frame["group"].nunique()) // PANELS_ABREAST)
    found = assemble("small_multiples", spec, data, labels, rows * (_PANEL[1] + 46) + 80)
    found.spec.pop("height")  # each picture has its own
    return found


def room_for(weeks: int) -> int:
    """How many groups small pictures have room for.

    >>> room_for(12), room_for(104)
    (40, 19)
    """
    return max(1, min(40, LIMIT // max(weeks, 1)))


@lru_cache(maxsize=32)
def _panels(face: tuple[str, str, str], by: float) -> str:
    language, title, unit = face
    text = Text(language)
    across = alt.Axis(format="%m-%d", grid=False, tickCount=3, labelOverlap="greedy")
    upward = alt.Axis(format=axis.number_format(unit), tickCount=4)
    base = axis.rows().encode(alt.X("x:T", title=None, axis=across))
    place = alt.Y("y_shown:Q", title=None, scale=alt.Scale(zero=False, nice=True), axis=upward)
    tips = axis.tooltips(text, ["x_tip", "y_tip"])
    points = base.mark_point(filled=True, size=22, opacity=0.9, color=theme.MUTED).encode(place, tooltip=tips)
    line = base.mark_line(strokeWidth=2.5).encode(alt.Y("fit_shown:Q"), _tone(text, 3))
    drawing = alt.layer(points, line).properties(width=_PANEL[0], height=_PANEL[1])
    looks: dict[str, Any] = {"titleFontSize": 12, "titleFontWeight": "normal", "titleAnchor": "start"}
    header = alt.Header(labelFontSize=12, labelLimit=_PANEL[0], labelAnchor="start", **looks)
    facet = alt.Facet("group:N", sort=alt.EncodingSortField("place", op="min"), title=title, header=header)
    panels = _toned(axis.calculated(drawing.facet(facet, columns=PANELS_ABREAST), ["y", "fit"], by), text)
    return template(panels)
