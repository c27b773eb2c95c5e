"""What a difference is made of: one bar per part, its interval across it."""

from __future__ import annotations

from functools import lru_cache

import altair as alt
import pandas as pd

from core.charts import axis, theme
from core.charts.chart import Chart, Labels, assemble, template
from core.text import Text


def share_bars(frame: pd.DataFrame, labels: Labels) -> Chart:
    """Parts of a difference as bars that add up to 100 %; what works against it lies left of zero; thin lines are intervals.

    Args:
        frame: one row per part in the order they are drawn: ``part`` (in words), ``value`` (share, 0–1 or beyond), ``low``, ``high``;
            ``tone``: ``main`` for the main cause, ``rest`` for what nothing explains, else ``plain``.

    >>> frame = pd.DataFrame({"part": ["volume"], "value": [0.9], "low": [0.7], "high": [1.1], "tone": ["main"]})
    >>> share_bars(frame, Labels("en", "Friday")).data["value_tip"].tolist()
    ['90.0 %']
    """
    text = labels.text
    data = axis.with_tips(frame, ["value"], "share", text)
    return assemble("share_bars", _bars(labels.language, labels.x), data, labels, axis.rows_height(len(data)))


_TONES = {"main": theme.ACCENT, "plain": theme.SECOND, "rest": theme.FAINT}


@lru_cache(maxsize=16)
def _bars(language: str, x: str) -> str:
    base = axis.rows().encode(axis.names("part"), tooltip=axis.tooltips(Text(language), ["part", "value_tip", "interval_tip"]))
    bars = base.mark_bar(height=14, cornerRadiusEnd=2).encode(
        alt.X("value:Q", title=x, axis=axis.axis("share")),
        color=alt.Color("tone:N", scale=alt.Scale(domain=list(_TONES), range=list(_TONES.values())), legend=None),
    )
    ends = base.mark_rule(strokeWidth=1.5, color=theme.MUTED).encode(alt.X("low:Q", title=x), alt.X2("high:Q"))
    return template(alt.layer(bars, ends))
