"""What is kept on this machine between two starts: how much, which logs, and the buttons that remove it.

Whoever runs the app for themselves sees every log. Where others can connect, file names say something about other visitors: then a visitor
sees their own log by name, all others as a number, and removes only their own; the operator has the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.errors import KefuError
from core.text import Text
from core.watch import at_home
from pages import _session as session
from pages import _widgets as widgets
from pages._parts import fold

if TYPE_CHECKING:
    from core.store.shelf import Kept, Store

_SHOWN = 12


def kept(text: Text) -> None:
    """The fold at the foot of the Data page; its body is worked out only while it is open."""
    try:
        store = session.store()
    except KefuError as error:
        widgets.issues((error.issue,))
        return
    noted = store is not None and store.notes
    place = fold(text("kept.title_noted" if noted else "kept.title"), "kept", "inventory_2")
    if place.open:
        with place:
            st.caption(text("kept.off")) if store is None else _shelf(store, text)


def alone() -> bool:
    """Whether nobody but this machine's user can be looking at the page."""
    return at_home(str(st.get_option("server.address") or ""), dict(st.context.headers))


def _shelf(store: Store, text: Text) -> None:
    found, private = store.kept(), alone()
    st.markdown(text("kept.help"))
    widgets.issues(store.notes)
    if not found:
        st.caption(text("kept.empty"))
        return
    total, limit = (text.megabytes(size) for size in (sum(each.bytes for each in found), store.most_bytes))
    st.markdown(text("kept.sum", n=len(found), size=total, limit=limit) + (text("kept.folder", folder=store.folder) if private else ""))
    log = session.log()
    shown = [each for each in found if private or (log is not None and each.digest == log.digest)]
    for each in shown[:_SHOWN]:
        _entry(each, text)
    if len(found) > len(shown[:_SHOWN]):
        st.caption(text("kept.more", n=len(found) - len(shown[:_SHOWN])))
    if private:
        st.button(text("kept.purge_all"), key="purge_all", on_click=_purge, icon=":material/delete_sweep:")
    if session.held("purge_left"):
        st.caption(text("kept.left", n=session.held("purge_left")))


def _entry(each: Kept, text: Text) -> None:
    """A log: its files, rows, size and times; and the button that removes it."""
    about = {
        "files": text("pages.data.comma").join(each.files[:3] or ("–",)) + ("…" if len(each.files) > 3 else ""),
        "rows": text.number(each.rows, 0),
        "size": text.megabytes(each.bytes),
        "since": _wall(each.since * 1000, each),
        "used": _wall(each.used * 1000, each),
    }
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None):
            st.markdown(text("kept.entry", **about))
            reach = "" if each.horizon_ms is None else text("kept.as_of", at=_wall(each.horizon_ms, each))
            st.caption(reach + text("kept.times", **about))
        name = f"purge_{each.digest[:16]}"
        st.button(text("kept.purge"), key=name, on_click=_purge, args=(each.digest,), icon=":material/delete:", width="content")


def _wall(ms: float, each: Kept) -> str:
    return f"{session.wall(int(ms), each.zone):%Y-%m-%d %H:%M}"


def _purge(digest: str = "") -> None:
    store = session.store()
    if store is not None:
        session.hold(purge_left=store.purge(digest))
