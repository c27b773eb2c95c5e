"""A database as a source: its address, the tables or a query, a limit; what comes is read like a file that was dropped in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.errors import KefuError
from core.text import Text
from pages import _loading as loading
from pages import _session as session
from pages import _widgets as widgets

if TYPE_CHECKING:
    from core.ingest.source import Wanted

LIMITS = (1_000, 1_000_000, 5_000_000)
_HOW = ("tables", "query")


def connect(text: Text) -> None:
    """The form; what was fetched is ordered to be read. The address stays in this visitor's session, for the live board to ask again."""
    st.markdown(text("pages.database.hint"))
    address = st.text_input(
        text("pages.database.address"),
        type="password",
        placeholder="postgresql://user:password@host:5432/shop",
        help=text("pages.database.address_help"),
        key="db_address",
    )
    if st.button(text("pages.database.look"), key="db_look", icon=":material/database:", disabled=not address.strip()):
        _told(lambda: session.hold(db_found=(address, _tables(address))))
    known, found = session.held("db_found", ("", ()))
    if known and known == address:
        _question(address, found, text)


def _tables(address: str) -> tuple[str, ...]:
    from core.ingest.source import of_visitor, tables

    return tables(of_visitor(address))


def _question(address: str, found: tuple[str, ...], text: Text) -> None:
    how = st.segmented_control(
        text("pages.database.how"),
        _HOW,
        format_func=lambda each: text(f"pages.database.how_{each}"),
        required=True,
        **session.widget("db_how", session.remembered("db_how", _HOW[0]), words=True),
    )
    limit = st.number_input(
        text("pages.database.limit"), 1, LIMITS[2], LIMITS[1], LIMITS[0], help=text("pages.database.limit_help"), key="db_limit"
    )
    wanted = _picked(found, text, int(limit)) if how == "tables" else _written(text, int(limit))
    if st.button(text("pages.database.read"), type="primary", key="db_read", disabled=not wanted):
        _told(lambda: _fetched(address, wanted, text))


def _picked(found: tuple[str, ...], text: Text, limit: int) -> list[Wanted]:
    from core.ingest.source import Wanted

    names = st.multiselect(text("pages.database.how_tables"), found, help=text("pages.database.tables_help"), key="db_tables")
    return [Wanted(table=name, limit=limit) for name in names]


def _written(text: Text, limit: int) -> list[Wanted]:
    from core.ingest.source import Wanted

    query = st.text_area(
        text("pages.database.how_query"), placeholder="SELECT … FROM …", help=text("pages.database.query_help"), key="db_query"
    )
    return [Wanted(query=query, limit=limit)] if query.strip() else []


def _fetched(address: str, wanted: list[Wanted], text: Text) -> None:
    """Fetches one after the other; a click on cancel, or anywhere else, ends it and closes the connection."""
    from core.ingest.source import fetch, of_visitor

    with st.status(text("pages.data.reading"), expanded=True):
        bar = st.progress(0.0)
        st.button(text("pages.data.cancel"), key="db_cancel", icon=":material/close:")
        rows = _rows(bar, text)
        fresh = [fetch(of_visitor(address), each, rows) for each in wanted]
    session.hold(db_asked=(address, tuple(wanted)))
    known = loading.JOINING[0]
    loading.order_files(fresh, session.remembered("joining", known) if session.source() == "files" else known)


def _rows(bar: Any, text: Text) -> Callable[[int, int, str], None]:
    return lambda done, of, name: bar.progress(
        min(done / of, 1.0), text=text("pages.database.rows", file=name, rows=text.number(done, 0))
    )


def _told(act: Callable[[], None]) -> None:
    """Does it, or says in words why it could not be done; what is loaded stays."""
    try:
        act()
    except KefuError as error:
        widgets.issues((error.issue,))
