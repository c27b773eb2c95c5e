"""The peer of `benchmarks.slider`: one slider and the Scores page's charts, ready made for every value. It computes nothing.

``FRAMES`` names a folder with ``charts.json`` (specs and heights) and ``<value>_<number>.parquet`` (the data of chart number at a value).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

FOLDER = Path(os.environ["FRAMES"])


@st.cache_resource
def ready() -> tuple[list[dict[str, Any]], dict[tuple[int, int], pd.DataFrame]]:
    """Specs, and every frame by slider value and chart."""
    charts = json.loads((FOLDER / "charts.json").read_text(encoding="utf-8"))
    places = [tuple(int(part) for part in path.stem.split("_")) for path in FOLDER.glob("[0-9]*.parquet")]
    return charts, {(value, at): pd.read_parquet(FOLDER / f"{value}_{at}.parquet") for value, at in places}


st.set_page_config(layout="wide")
specs, frames = ready()
values = sorted({value for value, _ in frames})
value = st.slider("weight", values[0], values[-1], values[0])
st.markdown(f"weight {value}")
for at, (column, chart) in enumerate(zip(st.columns([3, 2], gap="large"), specs, strict=True)):
    with column:
        st.vega_lite_chart(frames[value, at], chart["spec"], key=f"chart_{at}", width="stretch", height=chart["height"])
