"""Values over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from core.annotations import Annotation
from core.charts import axis, notes, theme
from core.charts.chart import LIMIT, Chart, Labels, assemble, template
from core.text import Text

_DRAWN = ("y", "low", "high", "fit_low", "fit_high", "margin_low", "margin_high", "fit", "second", "target", "even", "level")
_DAYS_WITH_YEAR = 300
_TICKS = 12

Ticks = tuple[tuple[int, int, int], ...]
"""Year, month and day of the labels of a time axis."""


def line_with_band(
    frame: pd.DataFrame, labels: Labels, unit: str = "count", height: int = 280, marks: Sequence[Annotation] = ()
) -> Chart:
    """A line with its interval, and where given a fitted line and a target.

    Args:
        frame: one row per point: ``x`` (naive local time or date, or a label in drawing order) and ``y``; optional ``low``
            and ``high`` (band), ``fit`` (straight line) with its band ``fit_low`` and ``fit_high``, ``margin_low`` and ``margin_high``
            (limits), ``second`` (another straight line), ``target``, ``even`` (where nothing differs), ``level`` (a line that may
            step), ``since`` (a date, the same in every row: an upright line where something changed), ``n`` (tooltip), ``series``
            (one line each).
            A missing ``y`` is a gap, not a zero. Of more points than a chart draws the newest are shown, and the note says since when.
        unit: unit of ``y`` as in `Text.value`; durations are in seconds and drawn in the unit that fits.
        marks: named days; those within the time axis stand on it as upright lines.

    >>> weeks = pd.date_range("2026-03-02", periods=3, freq="7D")
    >>> frame = pd.DataFrame({"x": weeks, "y": [60.0, 90.0, 30.0]})
    >>> chart = line_with_band(frame, Labels("en", "Reply time"), "seconds")
    >>> chart.data["y_tip"].tolist()
    ['1 min', '1 min 30 s', '30 s']
    """
    text = labels.text
    frame, labels = _newest(frame.assign(x=_times(frame["x"])), labels)
    frame = notes.noted(frame, marks, text)
    columns = tuple(column for column in (*_DRAWN, "n", "series", "since", "note") if column in frame)
    by = axis.divisor(unit, frame[[c for c in columns if c in _DRAWN]].stack())
    face = (labels.language, labels.x, axis.titled(labels.y, unit, by, text), unit)
    spec = _template(face, by, _kind(frame["x"]), _ticks(frame["x"]), columns)
    data = axis.with_tips(frame, ["y"], unit, text).assign(x_tip=_moments(frame["x"]))
    return assemble("line_with_band", spec, data, labels, height)


def _newest(frame: pd.DataFrame, labels: Labels) -> tuple[pd.DataFrame, Labels]:
    """The newest points a chart has room for, all lines from the same day on; a log of six years has more days than that.

    >>> days = pd.DataFrame({"x": pd.date_range("2020-01-01", periods=2_500), "y": 1.0})
    >>> shown, labels = _newest(days, Labels("en", "Conversations"))
    >>> len(shown), labels.note
    (2000, 'The picture begins on 2021-05-15: there is no room for more points')
    """
    if len(frame) <= LIMIT:
        return frame, labels
    places = frame["x"].drop_duplicates().sort_values() if _kind(frame["x"]) != "label" else frame["x"].drop_duplicates()
    kept = places.tail(max(1, LIMIT // int(frame["x"].value_counts().max())))
    told = labels.text("charts.newest", first=_moments(kept.head(1))[0])
    note = " · ".join(part for part in (told, labels.note) if part)
    return frame[frame["x"].isin(kept)].reset_index(drop=True), replace(labels, note=note)


def _times(x: pd.Series) -> pd.Series:
    """Dates as times, because a browser would take a bare date for midnight in Greenwich."""
    return pd.to_datetime(x) if pd.api.types.infer_dtype(x, skipna=True) == "date" else x


def _kind(x: pd.Series) -> str:
    """How x is drawn: ``label``, ``days`` or ``months``."""
    if not pd.api.types.is_datetime64_dtype(x):
        return "label"
    return "months" if (x.max() - x.min()).days > _DAYS_WITH_YEAR else "days"


def _ticks(x: pd.Series) -> Ticks:
    """Labels stand under points: a week from Monday is not labelled with its Sunday. Empty: the axis decides."""
    if x.empty or _kind(x) != "days" or (x != x.dt.normalize()).any():
        return ()
    days = sorted(x.unique())
    kept = days[:: -(-len(days) // _TICKS)]
    return tuple((day.year, day.month, day.day) for day in map(pd.Timestamp, kept))


def _moments(x: pd.Series) -> list[str]:
    if not pd.api.types.is_datetime64_dtype(x):
        return [str(value) for value in x]
    return list(x.dt.strftime("%Y-%m-%d" if (x == x.dt.normalize()).all() else "%Y-%m-%d %H:%M"))


def _x(kind: str, title: str, ticks: Ticks) -> Any:
    if kind == "label":
        return alt.X(
            "x:O", sort=None, title=title or None, axis=alt.Axis(labelAngle=0, grid=False, labelOverlap="greedy")
        )
    shape = "%Y-%m" if kind == "months" else "%m-%d"
    face: Any = alt.Axis(format=shape, grid=False, labelOverlap="greedy")
    if ticks:
        face.values = [alt.DateTime(year=year, month=month, date=day) for year, month, day in ticks]
    return alt.X("x:T", title=title or None, axis=face)


@lru_cache(maxsize=128)
def _template(face: tuple[str, ...], by: float, kind: str, ticks: Ticks, columns: tuple[str, ...]) -> str:
    language, x, y, unit = face
    drawn = [column for column in _DRAWN if column in columns]
    series = "series" in columns
    base = axis.rows().encode(_x(kind, x, ticks))
    base = base.encode(color=alt.Color("series:N", title=None, legend=alt.Legend(orient="top"))) if series else base
    plain = {} if series else {"color": theme.ACCENT}
    value = alt.Y("y_shown:Q", title=y, scale=alt.Scale(zero=False, nice=True), axis=axis.axis(unit))
    line = base.mark_line(strokeWidth=2, **plain).encode(value)
    points = base.mark_point(filled=True, size=34, opacity=1, **plain).encode(value, tooltip=_tips(language, columns))
    upright = [axis.rows().mark_rule(color=theme.MUTED, strokeWidth=1.5).encode(alt.X("min(since):T"))] if "since" in columns else []
    named = notes.layers(language) if "note" in columns else []
    layers = [*_below(base, plain, y, drawn), *upright, *named, line, points, *_above(base, drawn, Text(language))]
    return template(axis.calculated(alt.layer(*layers), drawn, by))


def _below(base: Any, plain: dict[str, str], y: str, drawn: list[str]) -> list[Any]:
    bands = {"low": ("high", 0.18, plain), "fit_low": ("fit_high", 0.13, {"color": theme.DEFICIT})}
    return [
        base.mark_area(opacity=opacity, **colour).encode(alt.Y(f"{low}_shown:Q", title=y), alt.Y2(f"{high}_shown:Q"))
        for low, (high, opacity, colour) in bands.items()
        if {low, high} <= set(drawn)
    ]


def _above(base: Any, drawn: list[str], text: Text) -> list[Any]:
    fit = base.mark_line(strokeDash=[6, 4], strokeWidth=1.5).encode(alt.Y("fit_shown:Q"))
    target = axis.reference("target_shown", "y", strokeDash=[2, 3], strokeWidth=1.5)
    even = axis.reference("even_shown", "y", strokeDash=[2, 3], strokeWidth=1.5)
    level = base.mark_line(strokeDash=[6, 4], strokeWidth=2, interpolate="step").encode(alt.Y("level_shown:Q"))
    second = base.mark_line(strokeDash=[2, 3], strokeWidth=2).encode(alt.Y("second_shown:Q"))
    edge = base.mark_line(strokeDash=[1, 4], strokeWidth=1.5)
    limits = {name: edge.encode(alt.Y(f"{name}_shown:Q")) for name in ("margin_low", "margin_high")}
    colours = {"margin_low": theme.MUTED, "margin_high": theme.MUTED, "fit": theme.DEFICIT, "second": theme.SECOND}
    colours |= {"target": theme.MUTED, "even": theme.MUTED, "level": theme.DEFICIT}
    known = limits | {"fit": fit, "second": second, "target": target, "even": even, "level": level}
    layers = {part: layer for part, layer in known.items() if part in drawn}
    return axis.named(layers, {part: colours[part] for part in layers}, text)


def _tips(language: str, columns: tuple[str, ...]) -> list[Any]:
    names = ["x_tip", "y_tip"]
    names += ["interval_tip"] if {"low", "high"} <= set(columns) else []
    names += ["n_tip"] if "n" in columns else []
    named = axis.tooltips(Text(language), names)
    return [alt.Tooltip("series:N", title=""), *named] if "series" in columns else named


# --- control charts ----------------------------------------------------------------------------------------------------------

_LIMITS = ("centre", "lower", "upper")


def control_chart(frame: pd.DataFrame, labels: Labels, unit: str = "count", height: int = 340, marks: Sequence[Annotation] = ()) -> Chart:
    """Points in time with their centre line and limits; what lies beyond stands out, a confirmed change is a step.

    Args:
        frame: one row per point: ``x`` (date), ``y``, ``centre``, ``lower``, ``upper`` (NaN where there are no limits), ``beyond``
            (True outside the limits), ``stretch`` (number of the stretch between changes), ``n`` (tooltip).
        unit: unit of ``y``; durations in seconds.
        marks: named days.

    Of more points than a chart draws the newest are shown.

    >>> days = pd.date_range("2026-03-02", periods=3)
    >>> frame = pd.DataFrame({"x": days, "y": [1.0, 2.0, 9.0], "centre": 2.0, "lower": 0.0, "upper": 4.0, "beyond": [False, False, True]})
    >>> control_chart(frame.assign(stretch=0, n=5), Labels("en", "Course")).data["outside"].tolist()
    [nan, nan, 9.0]
    """
    text = labels.text
    frame, labels = _newest(frame, labels)
    frame = notes.noted(frame.assign(outside=frame["y"].where(frame["beyond"])), marks, text)
    by = axis.divisor(unit, frame[["y", *_LIMITS]].stack())
    face = (labels.language, labels.x, axis.titled(labels.y, unit, by, text), unit)
    spec = _controlled(face, by, _kind(frame["x"]), _ticks(frame["x"]), "note" in frame)
    limits = zip(axis.shown(frame, "lower", unit, text), axis.shown(frame, "upper", unit, text), strict=True)
    tips = {"x_tip": _moments(frame["x"]), "limits_tip": [text("charts.interval", low=low, high=high) for low, high in limits]}
    return assemble("control_chart", spec, axis.with_tips(frame, ["y"], unit, text).assign(**tips), labels, height)


@lru_cache(maxsize=64)
def _controlled(face: tuple[str, ...], by: float, kind: str, ticks: Ticks, noted: bool) -> str:
    language, x, y, unit = face
    text = Text(language)
    base = axis.rows().encode(_x(kind, x, ticks))
    value = alt.Y("y_shown:Q", title=y, scale=alt.Scale(zero=False, nice=True), axis=axis.axis(unit))
    tips = axis.tooltips(text, ["x_tip", "y_tip", "limits_tip", "n_tip"])
    line = base.mark_line(strokeWidth=1, opacity=0.55, color=theme.ACCENT).encode(value)
    points = base.mark_point(filled=True, size=30, opacity=1, color=theme.ACCENT).encode(value, tooltip=tips)
    step = {"interpolate": "step"}
    levels = {
        part: base.mark_line(strokeDash=dash, strokeWidth=width, **step).encode(alt.Y(f"{part}_shown:Q"), detail="stretch:N")
        for part, dash, width in (("centre", [1, 0], 2), ("lower", [5, 4], 1.3), ("upper", [5, 4], 1.3))
    }
    outside = base.mark_point(filled=True, size=110, opacity=1, shape="diamond").encode(alt.Y("outside_shown:Q"), tooltip=tips)
    colours = {"centre": theme.SECOND, "upper": theme.MUTED, "outside": theme.DEFICIT}
    lower = levels["lower"].encode(color=alt.value(theme.MUTED))
    named = axis.named({"centre": levels["centre"], "upper": levels["upper"], "outside": outside}, colours, text)
    layers = [*(notes.layers(language) if noted else []), lower, line, points, *named]
    return template(axis.calculated(alt.layer(*layers), ["y", *_LIMITS, "outside"], by))
