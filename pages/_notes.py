"""Named days: what happened when, kept with the saved scenarios and shown on every chart over time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.annotations import LONGEST, Annotation
from core.errors import KefuError
from core.text import Text
from core.views import listed
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

COLUMNS = {"day": "", "last": "", "name": ""}


def fold(text: Text) -> None:
    """Add a named day, see those that are there, take one away."""
    place = parts.fold(text("control.notes.title"), "notes", "event_note")
    if not place.open:
        return
    with place:
        st.markdown(text("control.notes.what"))
        _add(text)
        widgets.issues(session.held("note_trouble", ()))
        if session.annotations():
            _listed(text)


def _add(text: Text) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kept = session.widget("note_name", session.remembered("note_name", ""))
        name = st.text_input(text("control.notes.name"), max_chars=LONGEST, **kept)
        day, last = (
            st.date_input(text(f"control.notes.{edge}"), value=None, format="YYYY-MM-DD", **session.widget(key, session.remembered(key)))
            for edge, key in (("day", "note_day"), ("last", "note_last"))
        )
        if st.button(text("control.notes.add"), key="add_note", icon=":material/add:"):
            _added({"name": name, "date": day, "to": last})


def _added(given: dict[str, Any]) -> None:
    try:
        session.keep_book(session.book().noted(Annotation.of(given)))
        session.hold(note_trouble=())
    except KefuError as error:
        session.hold(note_trouble=(error.issue,))
    st.rerun()


def _listed(text: Text) -> None:
    book = session.book()
    rows = [{"day": str(each.day), "last": str(each.last or ""), "name": each.name} for each in book.annotations]
    st.dataframe(listed(rows), hide_index=True, width="stretch", column_config=parts.headings("control", COLUMNS, text), key="notes")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        named = {at: f"{row['day']} · {row['name']}" for at, row in enumerate(rows)}
        at = parts.choose("note_at", list(named), text("control.notes.which"), named.__getitem__)
        kept = replace(book, annotations=tuple(each for place, each in enumerate(book.annotations) if place != at))
        st.button(text("control.notes.remove"), key="remove_note", on_click=session.keep_book, args=(kept,))
        widgets.download_text(text("whatif.desk.download"), "named_days.yaml", book.to_yaml)
