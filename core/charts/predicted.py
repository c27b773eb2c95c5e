"""What was predicted against what happened."""

from __future__ import annotations

from functools import lru_cache

import altair as alt
import pandas as pd

from core.charts import axis, theme
from core.charts.chart import Chart, Labels, assemble, template
from core.text import Text


def calibration(bins: pd.DataFrame, slots: pd.DataFrame, labels: Labels) -> Chart:
    """Predicted and actual shares: slots as small grey points, groups of them with the interval of what happened.

    On the diagonal a prediction is right; a group whose interval misses it is off.

    Args:
        bins: one row per group: ``predicted``, ``actual``, ``low``, ``high``, ``n``.
        slots: one row per slot: ``predicted``, ``actual``, ``n``.

    >>> bins = pd.DataFrame({"predicted": [0.6], "actual": [0.5], "low": [0.4], "high": [0.6], "n": [90]})
    >>> calibration(bins, bins[["predicted", "actual", "n"]], Labels("en", "Calibration")).data["group"].tolist()
    ['slot', 'bin', 'line', 'line']
    """
    text = labels.text
    parts = [slots[["predicted", "actual", "n"]].assign(group="slot"), bins.assign(group="bin")]
    data = axis.with_tips(pd.concat(parts, ignore_index=True), ["predicted", "actual"], "share", text)
    line = pd.DataFrame({"predicted": [0.0, 1.0], "actual": [0.0, 1.0], "group": "line"})
    data = pd.concat([data, line], ignore_index=True)
    spec = _calibration(labels.language, axis.titled(labels.x, "share", 1.0, text), axis.titled(labels.y, "share", 1.0, text))
    return assemble("calibration", spec, data, labels, 380)


@lru_cache(maxsize=8)
def _calibration(language: str, x: str, y: str) -> str:
    scale = alt.Scale(domain=[0, 1])
    across = alt.X("predicted:Q", title=x, scale=scale, axis=axis.axis("share"))
    up = alt.Y("actual:Q", title=y, scale=scale, axis=axis.axis("share"))

    def of(group: str) -> alt.Chart:
        return axis.rows().transform_filter(f"datum.group === '{group}'")

    tips = axis.tooltips(Text(language), ["predicted_tip", "actual_tip", "interval_tip", "n_tip"])
    line = of("line").mark_line(color=theme.MUTED, strokeDash=[4, 3], strokeWidth=1.2).encode(across, up)
    size = alt.Size("n:Q", scale=alt.Scale(range=[10, 90]), legend=None)
    dots = of("slot").mark_point(filled=True, color=theme.FAINT, opacity=0.4).encode(across, up, size=size)
    reach = of("bin").mark_rule(color=theme.ACCENT, strokeWidth=2).encode(across, alt.Y("low:Q", title=y, scale=scale), alt.Y2("high:Q"))
    points = of("bin").mark_point(filled=True, size=110, opacity=1, color=theme.ACCENT).encode(across, up, tooltip=tips)
    return template(alt.layer(dots, line, reach, points))
