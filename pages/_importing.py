"""What comes in: files, the sample or a mapping file, read with a bar that can be called off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.ingest.progress import Teller
from core.text import Text
from pages import _database as database
from pages import _far as far
from pages import _loading as loading
from pages import _matching as matching
from pages import _remedies as remedies
from pages import _session as session
from pages import _widgets as widgets
from pages._parts import fold

_TOLD_SINGLY = 2


def upload(text: Text) -> None:
    """The box for files, the sample, a mapping file; what is new is ordered to be read."""
    if session.log() is None:
        st.markdown(text("pages.data.upload_hint"))
    joining = _joining(text)
    given = widgets.upload_box("files", text)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            text("pages.data.sample"), help=text("pages.data.sample_help"), key="sample", icon=":material/science:"
        ):
            loading.order_sample()
        with st.popover(text("pages.data.mapping_load"), icon=":material/rule:"):
            mapping = st.file_uploader(
                text("pages.data.mapping_load"), type=["json"], key="mapping", label_visibility="collapsed"
            )
        with st.popover(text("pages.database.open"), icon=":material/database:"):
            database.connect(text)
        with st.popover(text("source.open"), icon=":material/cloud:"):
            far.choose(text)
    if mapping is not None and session.is_new("mapping", mapping.file_id):
        decided = session.mapping(mapping.name, mapping.getvalue())
        if decided is not None:
            loading.order_again(decided)
            if not loading.waiting():
                st.toast(text("pages.data.mapping_kept"), icon=":material/rule:")
    if given and session.is_new("files", tuple(file.file_id for file in given)):
        loading.order_uploads(given, joining)


def _joining(text: Text) -> str:
    """Whether further files take the place of those loaded or join them; asked only where there are any."""
    if session.source() != "files":
        return "replace"
    known = loading.JOINING
    return st.segmented_control(
        text("pages.data.joining"),
        known,
        format_func=lambda way: text(f"pages.data.joining_{way}"),
        required=True,
        help=text("pages.data.joining_help"),
        **session.widget("joining", session.remembered("joining", known[0]), words=True),
    )


def read(text: Text) -> None:
    """Reads what was ordered, with a bar and a button that calls it off; then the page starts anew."""
    with st.status(text("pages.data.reading"), expanded=True):
        bar = st.progress(0.0)
        st.button(text("pages.data.cancel"), key="cancel", on_click=loading.cancel, icon=":material/close:")
        loading.run(_teller(bar, text))
    st.rerun()


def _teller(bar: Any, text: Text) -> Callable[..., None]:
    """What moves the bar and says how many rows are read and about how long the rest takes."""
    teller = Teller(text)

    def tell(done: int, of: int, name: str, rows: int) -> None:
        words = teller.reading(done, of, name, rows) if name else teller.facts(done, of)
        bar.progress(min(done / max(of, 1), 1.0), text=words)

    return tell


def notes(text: Text) -> None:
    """What became of the last attempt where it did not succeed: cancelled, or refused with the reason and the way out."""
    if loading.called_off():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(text("pages.data.called_off"), icon=":material/info:")
            st.button(text("pages.data.resume"), key="resume", on_click=loading.resume, icon=":material/refresh:")
    if session.import_trouble():
        _refused(text)
    elif session.log() is not None:
        _left_out(text)
        _taken_in(text)


def _taken_in(text: Text) -> None:
    """What became of files that joined those that were loaded: read alone, or with all the others and why."""
    told = session.held("added")
    if told is not None and told.log.digest == session.log().digest:
        alone = told.how == "appended"
        about = {"n": text.number(told.rows, 0)} if alone else {"why": text(f"adding.why.{told.how}")}
        st.info(text("adding.appended" if alone else "adding.whole", **about), icon=":material/playlist_add_check:")


def _left_out(text: Text) -> None:
    """Files that could not be used beside others that could: one by one, or in one sentence where there are many."""
    errors = session.log().ledger.errors
    if len(errors) <= _TOLD_SINGLY:
        widgets.issues(errors)
        return
    names = text("pages.data.comma").join(dict.fromkeys(issue.file for issue in errors))
    st.warning(text("pages.data.left_out", n=len(errors), names=names), icon=":material/warning:")


def _refused(text: Text) -> None:
    for issue in session.import_trouble():
        widgets.issues((issue,))
        remedies.cure_buttons(issue, text, "refused")
    remedies.applied(text)
    if any(report.columns for report in loading.reports()):
        place = fold(text("pages.data.mend"), "mend", "table_edit")
        if place.open:
            with place:
                matching.matching(text)
    if session.log() is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(text("pages.data.kept"))
            st.button(text("pages.data.give_up"), key="give_up", on_click=loading.give_up)
