"""A source whose rows stay where they lie: chosen by name, by a small file or by its address; its facts are made there, with a bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.errors import KefuError
from core.text import Text
from pages import _session as session
from pages import _widgets as widgets

if TYPE_CHECKING:
    from core.warehouse.source import SourceFile

_WAYS = ("offered", "file", "address")


def choose(text: Text) -> None:
    """The form; what was chosen is ordered to be looked at in the next run."""
    from core.warehouse.source import offered

    st.markdown(text("source.hint"))
    known = offered()
    ways = _WAYS if known else _WAYS[1:]
    last = session.remembered("far_way", ways[0])
    way = st.segmented_control(
        text("source.how"),
        ways,
        format_func=lambda each: text(f"source.how_{each}"),
        required=True,
        **session.widget("far_way", last if last in ways else ways[0], words=True),
    )
    if way == "offered":
        _offered(known, text)
    elif way == "file":
        _brought(text)
    else:
        _typed(text)


def _offered(known: dict[str, Any], text: Text) -> None:
    from core.warehouse.source import read_path

    name = st.selectbox(text("source.name"), list(known), help=text("source.name_help"), key="far_name")
    if st.button(text("source.use"), type="primary", key="far_use"):
        _ordered(lambda: read_path(known[name]))


def _brought(text: Text) -> None:
    from core.warehouse.source import of_a_visitor, read

    given = st.file_uploader(text("source.file"), type=["toml"], help=text("source.file_help"), key="far_file")
    if given is not None and session.is_new("far_file", given.file_id):
        _ordered(lambda: of_a_visitor(read(given.getvalue(), given.name)))


def _typed(text: Text) -> None:
    from core.warehouse.source import FAR_TABLES, SERVED

    engine = st.selectbox(text("source.engine"), SERVED, key="far_engine")
    placeholder = f"{engine}://user:password@host/shop"
    address = st.text_input(
        text("pages.database.address"), type="password", placeholder=placeholder, help=text("source.address_help"), key="far_address"
    )
    zone = st.text_input(text("source.zone"), "Asia/Shanghai", key="far_zone")
    left, right = st.columns(2)
    tables = {}
    for place, name in enumerate(FAR_TABLES):
        with (left, right)[place % 2]:
            tables[name] = st.text_input(text(f"schema.table.{name}.name"), placeholder="schema.table", key=f"far_table_{name}").strip()
    ready = bool(address.strip() and zone.strip() and (tables["messages"] or tables["conversations"]))
    if st.button(text("source.use"), type="primary", key="far_connect", disabled=not ready):
        _ordered(lambda: _written(engine, address, zone.strip(), {name: there for name, there in tables.items() if there}))


def _written(engine: str, address: str, zone: str, tables: dict[str, str]) -> SourceFile:
    """What was typed, held to what a source file is held to; the address goes nowhere but to the engine."""
    from core.warehouse.source import typed_source

    return typed_source(engine, address, zone, tables)


def _ordered(made: Callable[[], SourceFile]) -> None:
    try:
        session.hold(far_wanted=made(), far_trouble=(), far_off=None)
    except KefuError as error:
        session.hold(far_trouble=(error.issue,), far_off=None)
    st.rerun()


def waiting() -> bool:
    """Whether a source is to be looked at."""
    return session.held("far_wanted") is not None


def _cancel() -> None:
    session.hold(far_off=session.held("far_wanted"), far_wanted=None)


def _resume() -> None:
    session.hold(far_wanted=session.held("far_off"), far_off=None)


def read(text: Text) -> None:
    """Looks at the source and makes its facts, with a bar and a button that calls it off; then the page starts anew."""
    wanted = session.held("far_wanted")
    with st.status(text("source.reading", name=wanted.name), expanded=True):
        bar = st.progress(0.0)
        st.button(text("pages.data.cancel"), key="far_cancel", on_click=_cancel, icon=":material/close:")
        found = session.load_source(wanted, _teller(bar, text))
    session.hold(far_wanted=None, far_trouble=found, far_failed=wanted if found else None)
    if not found:
        session.hold(refused=None, steps=())
    st.rerun()


def _teller(bar: Any, text: Text) -> Callable[[int, int, str], None]:
    def tell(done: int, of: int, table: str) -> None:
        words = text("source.step", done=done, of=of, table=table) if table else text("source.connecting")
        bar.progress(min(done / max(of, 1), 1.0), text=words)

    return tell


def notes(text: Text) -> None:
    """What became of the last attempt where it did not succeed, with a way to try again."""
    trouble = session.held("far_trouble", ())
    if trouble:
        widgets.issues(trouble)
        if session.log() is not None:
            st.caption(text("pages.data.kept"))
    if session.held("far_off") is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(text("pages.data.called_off"), icon=":material/info:")
            st.button(text("pages.data.resume"), key="far_resume", on_click=_resume, icon=":material/refresh:")
    elif trouble and session.held("far_failed") is not None:
        st.button(text("source.again"), key="far_again", on_click=_again, icon=":material/refresh:")
    elif session.far() is not None:
        st.button(text("source.renew"), key="far_renew", on_click=_renew, icon=":material/refresh:")


def _again() -> None:
    session.hold(far_wanted=session.held("far_failed"), far_trouble=())


def _renew() -> None:
    session.hold(far_wanted=session.far(), far_trouble=())
