"""The Scores page's drawer on the indicator system: what is covered, what is missing, and which goal the weights serve."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.indicators import KINDS, coverage, indicators
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

UNITS = {"name": "", "status": "", "share": "share", "effective": "share", "scored": ""}
KPI_UNITS = {"metric": "", "dimension": "", "goal": "", "data": "", "share": "share", "effective": "share"}


def system(text: Text) -> None:
    """Dimensions and goals beside each other, what is missing in words, and every KPI with its place."""
    found = indicators(session.measured().shop, session.scores())
    st.caption(text("indicators.intro"))
    lines = [line for kind in KINDS for line in _gaps(coverage(found, kind), kind, text)]
    st.markdown("  \n".join(lines or [text("indicators.said.complete")]))
    for column, kind in zip(st.columns(len(KINDS), gap="large"), KINDS, strict=True):
        with column:
            st.markdown(f"**{text(f'indicators.kind.{kind}')}**")
            covered = coverage(found, kind)
            config = parts.headings("indicators", UNITS, text)
            widgets.table(_table(covered, kind, text), text, f"covered_{kind}", file=covered, column_config=config)
    st.caption(text("indicators.note.effective"))
    config = parts.headings("indicators", KPI_UNITS, text)
    widgets.table(_kpis(found, text), text, "indicator_system", file=found, column_config=config, height=320)


def _gaps(covered: Any, kind: str, text: Text) -> list[str]:
    """What is not covered, and why."""
    return [_gap(row, kind, text) for row in covered[covered["status"] != "covered"].itertuples()]


def _gap(row: Any, kind: str, text: Text) -> str:
    listed = _named(row.lacking if row.status == "no_data" else row.unweighed, text)
    return text(f"indicators.said.{row.status}", name=text(f"indicators.{kind}.{row.name}"), list=listed)


def _named(keys: Any, text: Text) -> str:
    return text("scores.control.comma").join(widgets.metric_name(key, text, short=True) for key in keys)


def _table(covered: Any, kind: str, text: Text) -> Any:
    words = {"name": [text(f"indicators.{kind}.{name}") for name in covered["name"]]}
    words["status"] = [text(f"indicators.status.{status}") for status in covered["status"]]
    words["scored"] = [_named(keys, text) or "–" for keys in covered["scored"]]
    return covered.assign(**words)[list(UNITS)]


def _kpis(found: Any, text: Text) -> Any:
    words = {"metric": [widgets.metric_name(key, text, short=True) for key in found["key"]]}
    words |= {kind: [text(f"indicators.{kind}.{name or 'none'}") for name in found[kind]] for kind in KINDS}
    words["data"] = [text(f"indicators.data.{str(there).lower()}") for there in found["data"]]
    return found.assign(**words)[list(KPI_UNITS)]
