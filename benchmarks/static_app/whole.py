"""The other peer of `benchmarks.slider_large`: the whole Scores page – every slider, sentence, chart, table and button – ready made.

``FRAMES`` names a folder with the files that `benchmarks.slider` makes: ``<value>.json`` holds the page at a
slider value as nested blocks, ``<value>_<number>.parquet`` and ``table_<value>_<number>.parquet`` its data. It computes nothing, and, as in
the app, only the body of the page runs when a slider moves.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

FOLDER = Path(os.environ["FRAMES"])
KNOB = os.environ["KNOB"]


@st.cache_resource
def ready() -> tuple[list[dict[str, Any]], dict[int, list[dict[str, Any]]], dict[str, pd.DataFrame]]:
    """Specs, the page by slider value, and every frame by its file's name."""
    charts = json.loads((FOLDER / "charts.json").read_text(encoding="utf-8"))
    pages = {int(path.stem): json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json") if path.stem.isdigit()}
    return charts, pages, {path.stem: pd.read_parquet(path) for path in FOLDER.glob("*.parquet")}


class Drawn:
    """One drawing of a page."""

    def __init__(self, value: int) -> None:
        self.value, self.charts, self.tables, self.names = value, count(), count(), count()

    def all(self, nodes: list[dict[str, Any]]) -> None:
        """Elements and blocks in their order."""
        for node in nodes:
            inside = node.get("inside", [])
            if inside and inside[0]["kind"] == "column":
                for place, column in zip(st.columns([each["weight"] for each in inside], gap="large"), inside, strict=True):
                    with place:
                        self.all(column["inside"])
            elif "inside" in node:
                with st.expander(node["label"]) if node["kind"] == "expander" else st.container(horizontal=node["horizontal"]):
                    self.all(inside)
            else:
                DRAW[node["kind"]](self, node, f"{node.get('key') or 'no'}_{next(self.names)}")

    def chart(self, _node: dict[str, Any], key: str) -> None:
        """The next chart."""
        at = next(self.charts)
        spec = specs[at]
        st.vega_lite_chart(frames[f"{self.value}_{at}"], spec["spec"], key=key, width="stretch", height=spec["height"])

    def table(self, _node: dict[str, Any], key: str) -> None:
        """The next table."""
        st.dataframe(frames[f"table_{self.value}_{next(self.tables)}"], key=key, hide_index=True, width="stretch")

    def slider(self, node: dict[str, Any], key: str) -> None:
        """A slider; one of them moves the page."""
        first, last, step = node["range"]
        at = {"key": KNOB} if node["key"] == KNOB else {"key": key, "value": node["value"]}
        st.slider(node["label"], first, last, step=step, **at)


DRAW: dict[str, Callable[[Drawn, dict[str, Any], str], Any]] = {
    "title": lambda _, node, key: st.title(node["value"]),
    "markdown": lambda _, node, key: st.markdown(node["value"]),
    "caption": lambda _, node, key: st.caption(node["value"]),
    "warning": lambda _, node, key: st.warning(node["value"]),
    "slider": Drawn.slider,
    "toggle": lambda _, node, key: st.toggle(node["label"], value=node["value"], key=key),
    "button_group": lambda _, node, key: st.segmented_control("more", node["options"], label_visibility="collapsed", key=key),
    "button": lambda _, node, key: st.button(node["label"], key=key),
    "download_button": lambda _, node, key: st.download_button(node["label"], bytes, "file", key=key, on_click="ignore", type="tertiary"),
    "vega_lite_chart": Drawn.chart,
    "dataframe": Drawn.table,
}


@st.fragment
def body() -> None:
    """The page at the slider's value."""
    value = int(st.session_state.setdefault(KNOB, float(min(pages))))
    Drawn(value).all(pages[value])


st.set_page_config(layout="wide")
specs, pages, frames = ready()
body()
