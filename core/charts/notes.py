"""Named days on a time axis: one layer for every chart that has one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from core.annotations import Annotation
from core.charts import axis, theme
from core.text import Text

_HEIGHTS = 3
"""Names of neighbouring days stand on so many lines in turn, so that they do not cover each other."""
COLUMNS = ("note_x", "note", "note_row", "note_late", "note_tip")


def noted(frame: pd.DataFrame, marks: Sequence[Annotation], text: Text) -> pd.DataFrame:
    """The frame of a chart over time with the named days that fall into it, one a row in columns of their own.

    A frame without room for all of them (more names than rows) and one whose ``x`` is no time keep what they can.

    >>> from datetime import date
    >>> weeks = pd.DataFrame({"x": pd.date_range("2026-03-02", periods=3, freq="7D")})
    >>> noted(weeks, [Annotation(date(2026, 3, 5), "sale"), Annotation(date(2027, 1, 1), "later")], Text("en"))["note"].tolist()
    ['sale', '', '']
    """
    if not pd.api.types.is_datetime64_dtype(frame["x"]) or frame["x"].isna().all():
        return frame
    first, last = frame["x"].min(), frame["x"].max()
    days = [pd.Timestamp(mark.day) for mark in marks]
    shown = [(mark, day) for mark, day in zip(marks, days, strict=True) if first <= day <= last + _step(frame["x"])][: len(frame)]
    if not shown:
        return frame
    rest = len(frame) - len(shown)
    names = [_name(mark, text) for mark, _ in shown]
    middle = first + (last - first) * 2 / 3
    columns = {
        "note_x": pd.DatetimeIndex([day for _, day in shown]).append(pd.DatetimeIndex([pd.NaT] * rest)),
        "note": [*names, *[""] * rest],
        "note_row": np.arange(len(frame)) % _HEIGHTS,
        "note_late": [*(day > middle for _, day in shown), *[False] * rest],
        "note_tip": [*(str(mark.day) for mark, _ in shown), *[""] * rest],
    }
    return frame.assign(**columns)


def _step(x: pd.Series) -> pd.Timedelta:
    """How far the last point reaches: a week where points are weeks."""
    gaps = x.drop_duplicates().sort_values().diff().dropna()
    return gaps.median() if len(gaps) else pd.Timedelta(0)


def _name(mark: Annotation, text: Text) -> str:
    return text("charts.until", name=mark.name, last=f"{mark.last:%m-%d}") if mark.last else mark.name


def layers(language: str) -> list[Any]:
    """An upright line for each named day and its name beside it, at the top."""
    base = axis.rows().transform_filter("isValid(datum.note_x)").encode(alt.X("note_x:T", title=None))
    tips = axis.tooltips(Text(language), ["note_tip", "note"])
    rule = base.mark_rule(color=theme.MUTED, strokeDash=[3, 3], strokeWidth=1.2).encode(tooltip=tips)
    beside = {
        "align": alt.expr("datum.note_late ? 'right' : 'left'"), "dx": alt.expr("datum.note_late ? -4 : 4"),
        "y": alt.expr(f"6 + 14 * (datum.note_row % {_HEIGHTS})"),
    }  # fmt: skip
    name = base.mark_text(fontSize=11, color=theme.MUTED, limit=160, baseline="middle", **beside).encode(text="note:N", tooltip=tips)
    return [rule, name]
