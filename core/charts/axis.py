"""Axes, tooltips and the other things that every drawing needs in the same way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from core.text import Text

_SECONDS = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"), (1.0, "second"))
_LEAST_SHOWN = 3
_LINE, _AXIS, _LEGEND = 24, 76, 56


def rows() -> Any:
    """A drawing without data: the frame arrives later."""
    return alt.Chart(alt.NamedData("rows"))


def divisor(unit: str, values: pd.Series) -> float:
    """By how much an axis divides its values: durations are shown in the largest unit that fits three times.

    >>> divisor("seconds", pd.Series([40.0, 100.0])), divisor("seconds", pd.Series([400.0]))
    (1.0, 60.0)
    """
    if unit != "seconds":
        return 1.0
    largest = values.abs().max()
    return next((size for size, _ in _SECONDS if largest >= _LEAST_SHOWN * size), 1.0)


def titled(title: str, unit: str, divided_by: float, text: Text) -> str:
    """An axis title with its unit: ``Median first response (min)``."""
    if unit == "seconds":
        name = text("units." + dict(_SECONDS)[divided_by])
    else:
        name = text(f"charts.unit.{unit}") if text.has(f"charts.unit.{unit}") else ""
    return text("charts.with_unit", title=title, unit=name) if name else title


def axis(unit: str, **more: Any) -> Any:
    """A quantitative axis: shares in per cent, everything else with thousands separators and no needless zeros."""
    return alt.Axis(format=number_format(unit), tickCount=8, **more)


def number_format(unit: str) -> str:
    """How numbers of a unit stand at axes and legends."""
    return "~%" if unit == "share" else ",~f"


def calculated(drawing: Any, columns: Sequence[str], divided_by: float) -> Any:
    """The drawing with ``<column>_shown``: the values in the axis's unit. The frame itself keeps the base unit."""
    for column in columns:
        drawing = drawing.transform_calculate(**{f"{column}_shown": _divided(column, divided_by)})
    return drawing


def _divided(column: str, divided_by: float) -> str:
    # Null must stay null: in an expression null / 60 is 0, and a missing day would be drawn as a zero.
    return f"isValid(datum.{column}) ? datum.{column} / {divided_by:g} : null"


def tooltips(text: Text, columns: Sequence[str]) -> list[Any]:
    """Tooltips of text columns, each under its word ``charts.tip.<column>``."""
    return [alt.Tooltip(f"{column}:N", title=text(f"charts.tip.{column}")) for column in columns]


def shown(frame: pd.DataFrame, column: str, unit: str, text: Text) -> list[str]:
    """A column as a reader sees it, for tooltips."""
    return [text.value(float(value), unit) for value in frame[column]]


def interval_shown(frame: pd.DataFrame, unit: str, text: Text) -> list[str]:
    """``low`` and ``high`` as a reader sees them; a dash where there is no interval."""
    pairs = zip(shown(frame, "low", unit, text), shown(frame, "high", unit, text), strict=True)
    return [text("charts.interval", low=low, high=high) for low, high in pairs]


def with_tips(frame: pd.DataFrame, columns: Sequence[str], unit: str, text: Text) -> pd.DataFrame:
    """The frame with text columns for its tooltips: value, interval, and n where it has them."""
    tips = {f"{column}_tip": shown(frame, column, unit, text) for column in columns}
    if {"low", "high"} <= set(frame.columns):
        tips["interval_tip"] = interval_shown(frame, unit, text)
    if "n" in frame:
        tips["n_tip"] = shown(frame, "n", "count", text)
    return frame.assign(**tips)


def reference(column: str, direction: str, **mark: Any) -> Any:
    """A line across the chart at a value every row repeats (a target, a band), so that moving it changes data only."""
    encoding = alt.X(f"mean({column}):Q") if direction == "x" else alt.Y(f"mean({column}):Q")
    return rows().mark_rule(**mark).encode(encoding)


def named(layers: Mapping[str, Any], colours: Mapping[str, str], text: Text) -> list[Any]:
    """Layers by part, each in its colour and with its line ``charts.part.<part>`` in a legend above the drawing."""
    words = {part: text(f"charts.part.{part}") for part in layers}
    scale = alt.Scale(domain=list(words.values()), range=[colours[part] for part in layers])
    colour = alt.Color("part_shown:N", scale=scale, title=None, legend=alt.Legend(orient="top"))
    quoted = {part: json.dumps(word, ensure_ascii=False) for part, word in words.items()}
    return [layer.transform_calculate(part_shown=quoted[part]).encode(color=colour) for part, layer in layers.items()]


def names(field: str) -> Any:
    """One line per name, in the order of the frame (which is sorted by number, not by name); no name is left out."""
    face = alt.Axis(labelLimit=220, labelOverlap=False, labelFlush=False)
    return alt.Y(f"{field}:N", sort=None, title=None, axis=face)


def picked(drawing: Any, field: str) -> Any:
    """The drawing with a click selection named ``pick`` on a field."""
    return drawing.add_params(alt.selection_point(name="pick", fields=[field]))


def beside(points: Any, text: str, colour: str) -> Any:
    """Names beside points, for those that have one in the column ``label``; the others are an empty text."""
    return points.mark_text(align="left", dx=9, dy=1, fontSize=11, color=colour).encode(text=f"{text}:N")


def rising(frame: pd.DataFrame, column: str, ascending: bool) -> pd.DataFrame:
    """The frame in drawing order; missing values last, ties in the order they came."""
    return frame.sort_values(column, ascending=ascending, na_position="last", kind="stable")


def rows_height(count: int, legend: bool = False) -> int:
    """Height in pixels of a chart with one line per row, its axis and, above it, its legend."""
    return _LINE * max(count, 2) + _AXIS + (_LEGEND if legend else 0)
