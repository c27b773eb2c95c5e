"""The week as a picture: a weekday × hour map, and one day's people against the work."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from core.charts import axis, theme
from core.charts.chart import Chart, Labels, assemble, template
from core.text import Text

WEEKDAYS = range(7)
_HEIGHT = 310


def heatmap(
    frame: pd.DataFrame, labels: Labels, unit: str = "count", n_min: int = 0, diverging: bool = False, *, slot_min: int = 60
) -> Chart:
    """A value per weekday and hour; cells with fewer than ``n_min`` observations are grey, hours without any are empty.

    Args:
        frame: one row per cell: ``weekday`` (0 = Monday), ``hour`` (0–23), ``value``; optional ``n`` (for ``n_min``).
            Absent cells are added as missing, between the first and the last hour of the frame.
        unit: unit of ``value``; durations in seconds.
        n_min: smallest n that is coloured.
        diverging: zero is the neutral middle (a gap: below is missing, above is spare).
        slot_min: minutes of a column; below 60, ``hour`` is the number of the slot in the day.

    >>> frame = pd.DataFrame({"weekday": [0, 6], "hour": [9, 10], "value": [5.0, 7.0], "n": [50, 3]})
    >>> chart = heatmap(frame, Labels("en", "Conversations"), n_min=20)
    >>> len(chart.data), chart.data["state"].value_counts().to_dict()
    (14, {'empty': 12, 'ok': 1, 'too_few': 1})
    """
    text = labels.text
    data = _whole_week(frame)
    by = axis.divisor(unit, data["value"])
    data["state"] = _states(data, n_min)
    data = axis.with_tips(data, ["value"], unit, text)
    data["weekday_tip"] = [text(f"charts.weekday.{day}") for day in data["weekday"]]
    data["hour_tip"] = [_slot_words(int(hour), slot_min, text) for hour in data["hour"]]
    spec = _map(labels.language, axis.titled(labels.y, unit, by, text), unit, by, (diverging, "n" in data, slot_min))
    return assemble("heatmap", spec, data, labels, _HEIGHT)


def _whole_week(frame: pd.DataFrame) -> pd.DataFrame:
    hours = range(int(frame["hour"].min()), int(frame["hour"].max()) + 1) if len(frame) else range(24)
    every = pd.MultiIndex.from_product([WEEKDAYS, hours], names=["weekday", "hour"])
    return frame.set_index(["weekday", "hour"]).reindex(every).reset_index()


def _states(data: pd.DataFrame, n_min: int) -> list[str]:
    n = data["n"] if "n" in data else pd.Series(float(n_min), index=data.index)
    known = zip(data["value"].notna(), n.fillna(0) >= n_min, strict=True)
    return [("ok" if enough else "too_few") if there else "empty" for there, enough in known]


def _slot_words(slot: int, slot_min: int, text: Text) -> str:
    if slot_min == 60:
        return text("charts.hour_tip", hour=f"{slot:02d}")
    start = slot * slot_min
    return "–".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in (start, start + slot_min))


def _weekday_words(text: Text) -> str:
    """A Vega expression that turns 0–6 into names: the data keep the number, so that the order is the week's."""
    names = ", ".join(f"'{text(f'charts.weekday.{day}')}'" for day in WEEKDAYS)
    return f"[{names}][datum.value]"


def _slot_axis(slot_min: int) -> dict[str, Any]:
    """Slots shorter than an hour are labelled with the hour that begins there."""
    return {} if slot_min == 60 else {"labelExpr": f"datum.value * {slot_min} % 60 ? '' : datum.value * {slot_min} / 60"}


@lru_cache(maxsize=64)
def _map(language: str, title: str, unit: str, by: float, shape: tuple[bool, bool, int]) -> str:
    text = Text(language)
    diverging, with_n, slot_min = shape
    tips = axis.tooltips(text, ["weekday_tip", "hour_tip", "value_tip", *(["n_tip"] if with_n else [])])
    base = axis.rows().encode(
        alt.X("hour:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", **_slot_axis(slot_min))),
        alt.Y(
            "weekday:O", title=None, axis=alt.Axis(labelExpr=_weekday_words(text), labelOverlap=False, labelFlush=False)
        ),
        tooltip=tips,
    )
    # The default way between two hues goes round the colour circle and would tint the neutral middle.
    scale = alt.Scale(domainMid=0, interpolate="rgb") if diverging else alt.Scale(zero=unit == "count")
    legend = alt.Legend(
        title=title or None,
        titleLimit=0,
        orient="top",
        format=axis.number_format(unit),
        labelExpr="isFinite(datum.value) ? datum.label : ''",  # a week without values has no range
        gradientLength=200,
        gradientThickness=10,
    )
    coloured = base.mark_rect(cornerRadius=2).encode(alt.Color("value_shown:Q", scale=scale, legend=legend))
    thin = base.mark_rect(cornerRadius=2, color=theme.FAINT, opacity=0.5)
    empty = base.mark_rect(opacity=0)
    layers = {"empty": empty, "too_few": thin, "ok": coloured}
    drawing = alt.layer(*(layer.transform_filter(f"datum.state === '{state}'") for state, layer in layers.items()))
    return template(axis.calculated(drawing, ["value"], by))


def gap_chart(frame: pd.DataFrame, labels: Labels, height: int = 280) -> Chart:
    """People there and people needed over one day: bars of supply, a mark at the need, the missing part between them.

    Args:
        frame: one row per slot in time order: ``slot`` (``"09:00"``), ``required``, ``supplied`` in people;
            a closed slot has both missing.

    >>> frame = pd.DataFrame({"slot": ["09:00", "09:30"], "required": [5.0, 3.0], "supplied": [4.0, 4.0]})
    >>> gap_chart(frame, Labels("en", "Friday")).data["gap"].tolist()
    [-1.0, 1.0]
    """
    text = labels.text
    data = frame.assign(gap=frame["supplied"] - frame["required"])
    names = {"supplied_tip": "supplied", "required_tip": "required", "gap_tip": "gap"}
    data = data.assign(**{tip: [text.number(value) for value in data[column]] for tip, column in names.items()})
    return assemble("gap_chart", _gap(labels.language, labels.x, labels.y), data, labels, height)


@lru_cache(maxsize=32)
def _gap(language: str, x: str, y: str) -> str:
    text = Text(language)
    colours = {"supplied": theme.ACCENT, "deficit": theme.DEFICIT, "required": theme.MUTED}
    base = axis.rows().encode(
        alt.X(
            "slot:O", sort=None, title=x or None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy", labelBound=True)
        ),
        tooltip=axis.tooltips(text, ["slot", "supplied_tip", "required_tip", "gap_tip"]),
    )
    supply = base.mark_bar(opacity=0.55).encode(alt.Y("supplied:Q", title=y))
    missing = base.mark_bar(opacity=0.85).encode(alt.Y("supplied:Q", title=y), alt.Y2("required:Q"))
    needed = base.mark_tick(thickness=3).encode(alt.Y("required:Q", title=y))
    layers = {"supplied": supply, "deficit": missing.transform_filter("datum.gap < 0"), "required": needed}
    return template(alt.layer(*axis.named(layers, colours, text)))
