"""A chart as PNG or SVG: template and frame of the screen, the look of files, the shipped font; nothing is fetched."""

from __future__ import annotations

import json
from typing import Any

from core.charts.chart import Chart
from core.charts.font import register
from core.charts.theme import EXPORT_CONFIG

WIDTH = 760
_HEADING = 64
_OFFLINE: list[str] = []


def png(chart: Chart, scale: float = 2.0) -> bytes:
    """The chart as a PNG, `WIDTH` pixels wide times ``scale``, on white, with title and note.

    >>> import pandas as pd
    >>> from core.charts import Labels, gap_chart
    >>> day = pd.DataFrame({"slot": ["09:00"], "required": [2.0], "supplied": [1.0]})
    >>> png(gap_chart(day, Labels("zh", "周五人手")))[1:4]
    b'PNG'
    """
    import vl_convert

    register()
    return vl_convert.vegalite_to_png(complete(chart), scale=scale, config=EXPORT_CONFIG, allowed_base_urls=_OFFLINE)


def svg(chart: Chart, width: int = WIDTH) -> str:
    """The chart as SVG, ``width`` pixels wide; its letters stay text and take the reader's font where the shipped one is absent."""
    import vl_convert

    register()
    return vl_convert.vegalite_to_svg(complete(chart, width), config=EXPORT_CONFIG, allowed_base_urls=_OFFLINE)


def complete(chart: Chart, width: int = WIDTH) -> dict[str, Any]:
    """The whole Vega-Lite spec of a chart: template, data, title, note and a width."""
    values = json.loads(chart.data.to_json(orient="records", date_format="iso"))
    title = {"title": {"text": chart.title, "subtitle": chart.note}} if chart.title else {}
    if "facet" in chart.spec:  # small pictures have sizes of their own
        return chart.spec | title | {"data": {"name": "rows", "values": values}}
    height = chart.height + (_HEADING if title else 0)
    size = {"width": width, "height": height, "autosize": {"type": "fit", "contains": "padding"}}
    return chart.spec | title | size | {"data": {"name": "rows", "values": values}}
