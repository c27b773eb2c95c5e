"""Training dates: a table of agent and date, everybody around the own date, and all together."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.changes import Change
from core.errors import KefuError
from core.text import Text
from pages import _beforeafter as beforeafter
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

_LISTED = 8


def show(text: Text) -> None:
    """Load, say what was understood, judge."""
    st.caption(text("pilots.training.intro"))
    file = st.file_uploader(text("pilots.training.upload"), type=["csv", "tsv", "txt", "xlsx"], key="training_file")
    if file is not None:
        session.hold(training=(file.name, file.getvalue()))
    given = session.held("training")
    if given is None:
        st.info(text("pilots.training.none"), icon=":material/upload_file:")
        return
    try:
        found = session.trained(*given)
    except KefuError as error:
        widgets.issues((error.issue,))
        return
    _understood(found, text)
    names = {key: widgets.metric_name(key, text) for key in parts.offered()}
    key = parts.choose("training_metric", list(names), text("pilots.control.metric"), names.__getitem__)
    rows = session.training(found.days, key)
    if rows.empty:
        st.info(text("pilots.training.nothing"), icon=":material/info:")
        return
    _told(rows, key, text)


def _understood(found: Any, text: Text) -> None:
    comma = text("scores.control.comma")
    lines = [text("pilots.training.found", n=len(found.days))]
    lines += [text("pilots.training.strangers", names=comma.join(found.strangers[:_LISTED]))] if found.strangers else []
    lines += [text("pilots.training.undated", n=found.undated)] if found.undated else []
    st.caption(" ".join(lines))


def _told(rows: Any, key: str, text: Text) -> None:
    records = rows.to_dict("records")
    first = records[1]["since"].date()
    st.markdown(beforeafter.sentence(records[0], key, Change(first, ("all",)), text))
    names = {row["group"]: beforeafter.whom(row, text) for row in records[1:]}
    one = parts.choose("training_agent", list(names), text("effects.control.group"), names.__getitem__)
    row = next(row for row in records if row["group"] == one)
    change = Change(row["since"].date(), (one,))
    st.markdown(beforeafter.sentence(row, key, change, text))
    widgets.show_chart(beforeafter.chart(row, key, change, text), text, key="training")
    beforeafter.table(rows, key, text, f"training_{key}")
