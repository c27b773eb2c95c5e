"""Today by quarter of an hour beside what is usual."""

from __future__ import annotations

from functools import lru_cache

import altair as alt
import pandas as pd

from core.charts import axis, theme
from core.charts.chart import Chart, Labels, assemble, template
from core.text import Text


def today_and_usual(frame: pd.DataFrame, labels: Labels, height: int = 240) -> Chart:
    """Contacts of today as steps, the usual of the same weekday as a dashed line in the band of its least and most.

    Args:
        frame: one row a slot: ``minute`` of the day, ``contacts`` (missing where the slot is still to come), ``usual``, ``usual_low``,
            ``usual_high`` (missing where too little is known).

    >>> slots = pd.DataFrame({"minute": [600, 615], "contacts": [4.0, None], "usual": 3.0, "usual_low": 1.0, "usual_high": 6.0})
    >>> today_and_usual(slots, Labels("en", "Contacts today")).data["slot_tip"].tolist()
    ['10:00', '10:15']
    """
    text = labels.text
    clocks = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in frame["minute"].astype(int)]
    tips = {"slot_tip": clocks, "hour": frame["minute"] / 60}
    tips |= {f"{name}_tip": axis.shown(frame, name, unit, text) for name, unit in (("contacts", "count"), ("usual", "number"))}
    data = frame.assign(**tips)
    return assemble("today_and_usual", _template(labels.language, labels.x, labels.y), data, labels, height)


@lru_cache(maxsize=16)
def _template(language: str, x: str, y: str) -> str:
    text = Text(language)
    face = alt.Axis(values=list(range(0, 25, 3)), labelExpr="(datum.value < 10 ? '0' : '') + datum.value + ':00'", grid=False)
    base = axis.rows().encode(alt.X("hour:Q", title=x or None, scale=alt.Scale(domain=[0, 24]), axis=face))
    tips = axis.tooltips(text, ["slot_tip", "contacts_tip", "usual_tip"])
    band = base.mark_area(opacity=0.16, color=theme.MUTED, interpolate="step-after").encode(
        alt.Y("usual_low:Q", title=y), alt.Y2("usual_high:Q")
    )
    usual = base.mark_line(strokeDash=[5, 4], strokeWidth=2, interpolate="step-after").encode(alt.Y("usual:Q", title=y))
    value = alt.Y("contacts:Q", title=y, axis=axis.axis("count"))
    today = base.mark_line(strokeWidth=3, interpolate="step-after").encode(value, tooltip=tips)
    colours = {"usual": theme.MUTED, "today": theme.ACCENT}
    return template(alt.layer(band, *axis.named({"usual": usual, "today": today}, colours, text)))
