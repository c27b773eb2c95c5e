"""Colours and the look of files: one palette for the screen (`.streamlit/config.toml` repeats it) and for PNG and SVG.

The seven colours of `CATEGORY` keep an OKLab distance of 0.09 or more from each other for normal, deuteranope and
protanope eyes, and a contrast of 2.4 or more on the white and on the dark ground (a test computes both).
"""

from __future__ import annotations

from typing import Any

FONT = "Noto Sans SC"

ACCENT = "#2F7EC4"
SECOND = "#F18902"
DEFICIT = "#D55E00"
MUTED = "#7F8A96"
FAINT = "rgba(127,138,150,0.55)"
"""`MUTED` seen through: paler than it on the white ground and dimmer on the dark one."""

CATEGORY = [ACCENT, SECOND, "#7DB475", "#944E65", "#AA97F3", DEFICIT, MUTED]
SEQUENTIAL = [
    "#EEF4FA", "#D9E7F4", "#BFD7EC", "#A0C4E2", "#7FAFD7", "#5E99CB", "#4183BB", "#2B6CA6", "#1B558A", "#103E69",
]  # fmt: skip
SEQUENTIAL_DARK = SEQUENTIAL[::-1]
DIVERGING = [
    "#A34700", "#C4621C", "#DD8548", "#EDB48C", "#F1E4DA", "#DFE8F1", "#A0C4E2", "#6BA2D2", "#3B7FB9", "#1B558A",
]  # fmt: skip
DIVERGING_DARK = [
    "#F5A367", "#DE8345", "#B9652D", "#84502F", "#453832", "#2A3643", "#2B5580", "#3B77B1", "#5E9BD4", "#93C2EE",
]  # fmt: skip

_INK = "#1C2733"
_GREY = "#55616E"
_GRID = "#E3E8EE"

EXPORT_CONFIG: dict[str, Any] = {
    "background": "#FFFFFF",
    "font": FONT,
    "padding": 14,
    "view": {"stroke": None},
    "title": {
        "font": FONT, "subtitleFont": FONT, "anchor": "start", "fontSize": 15, "fontWeight": "normal", "color": _INK,
        "subtitleFontSize": 11, "subtitleColor": _GREY, "offset": 12, "subtitlePadding": 4,
    },
    "axis": {
        "labelFont": FONT, "titleFont": FONT, "labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal",
        "labelColor": _GREY, "titleColor": _GREY, "gridColor": _GRID, "domain": False, "ticks": False,
        "labelPadding": 6, "titlePadding": 10,
    },
    "legend": {
        "labelFont": FONT, "titleFont": FONT, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal",
        "labelColor": _GREY, "titleColor": _GREY,
    },
    "text": {"font": FONT},
    "range": {"category": CATEGORY, "ramp": SEQUENTIAL, "heatmap": SEQUENTIAL, "diverging": DIVERGING},
}  # fmt: skip
"""The config of every chart that leaves the app as a file; on the screen Streamlit's theme takes its place."""
