"""A chart: a data-free Vega-Lite template, the tidy frame it draws, and the words around it.

Templates are built with Altair once per set of words and kept as text: what changes with a slider is the frame alone,
and the same pair of template and frame goes to the screen, to a PNG and to a report
(`docs/decisions/0002-charts-are-data-free-templates.md`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from core.text import Text

LIMIT = 2_000
"""Rows a chart may draw; above it the browser needs seconds and shows ink instead of a picture."""


@dataclass(frozen=True)
class Chart:
    """What a page shows and a file holds.

    Args:
        key: stable name, for the widget and the file.
        spec: Vega-Lite v6 without data, config and title; the frame is its only data set.
        data: tidy, one row per mark, plain column names, values unrounded and in the base unit (seconds, shares 0–1).
        height: pixels.
        alt: the picture in words, for readers who do not see it.
        title, note: heading, and period, zone and n below it. They stand outside the template, because a template that
            changes is drawn anew; `core.exports` writes them into files.
    """

    key: str
    spec: dict[str, Any]
    data: pd.DataFrame
    height: int
    alt: str
    title: str = ""
    note: str = ""


@dataclass(frozen=True)
class Labels:
    """The words of one chart in one language: title with unit, axes, a note with period, zone and n.

    ``alt`` defaults to title and note.
    """

    language: str
    title: str
    x: str = ""
    y: str = ""
    note: str = ""
    alt: str = ""

    @property
    def text(self) -> Text:
        """The words of the language."""
        return Text(self.language)


def template(drawing: Any) -> str:
    """An Altair drawing as text without what belongs to the screen or to the data."""
    spec = drawing.to_dict()
    # Altair repeats the data set in each layer; a layer with data of its own would not see the transforms of the whole.
    inner = spec.get("spec", spec)  # of a facet
    for part in (spec, inner, *inner.get("layer", [])):
        for key in ("config", "data", "datasets", "$schema"):
            part.pop(key, None)
    return json.dumps(spec, ensure_ascii=False)


def fullest(points: pd.DataFrame, enough: pd.Series, labels: Labels, room: int = LIMIT) -> tuple[pd.DataFrame, Labels]:
    """The points a plane has room for, in their order: those with enough data first, then those with most (``n``); the note says so.

    >>> points = pd.DataFrame({"agent": ["Li", "Wu", "Xu"], "n": [3.0, 40.0, 8.0]})
    >>> shown, labels = fullest(points, points["n"] >= 20, Labels("en", "Funnel"), room=2)
    >>> shown["agent"].tolist(), labels.note.split(":")[0]
    (['Wu', 'Xu'], 'The picture has room for 2 of 3')
    """
    if len(points) <= room:
        return points, labels
    size = points["n"] if "n" in points else pd.Series(0.0, index=points.index)
    order = pd.DataFrame({"enough": enough, "n": size}).sort_values(["enough", "n"], ascending=False, kind="stable")
    told = labels.text("charts.fullest", shown=f"{room:,}", all=f"{len(points):,}")
    note = " · ".join(part for part in (told, labels.note) if part)
    return points.loc[order.index[:room].sort_values()], replace(labels, note=note)


def assemble(key: str, spec: str, data: pd.DataFrame, labels: Labels, height: int) -> Chart:
    """Template and frame become a chart.

    Raises:
        ValueError: for more than `LIMIT` rows; aggregate first.
    """
    if len(data) > LIMIT:
        raise ValueError(f"{key}: {len(data)} rows, must be <= {LIMIT}; aggregate before drawing")
    alt = labels.alt or ". ".join(part for part in (labels.title, labels.note) if part)
    sized = json.loads(spec) | {"height": height}
    return Chart(key, sized, data.reset_index(drop=True), height, alt, labels.title, labels.note)
