"""What the live board watches: a folder that whoever runs the app allows, at the very machine any folder, or the database that was loaded.

Whose folders may be named is decided in `core.watch`; a place is shared by all visitors who watch the same under the same decisions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import KefuError
from core.text import Text
from core.watch import VARIABLE, allowed, permitted
from pages import _session as session
from pages import _widgets as widgets
from pages._keeping import alone
from pages._matching import ZONES
from pages._parts import choose

WAYS = ("folder", "typed", "database")
_HELD = "live_view"


def chosen(text: Text) -> Any:
    """The place that is watched; None where there is none yet, and the page says what to do."""
    folders, home, asked = allowed(), alone(), session.held("db_asked")
    ways = [way for way, there in zip(WAYS, (folders, home, asked), strict=True) if there]
    if not ways:
        st.info(text("live.page.none_allowed", variable=VARIABLE), icon=":material/folder_off:")
        return None
    with st.container(border=True):
        return _place(ways, folders, text)


def _place(ways: Sequence[str], folders: Sequence[Path], text: Text) -> Any:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        way = choose("live_way", list(ways), text("live.page.what"), lambda each: text(f"live.page.way.{each}"), look="pills")
        wanted = _WAYS[way](folders, text)
    with right, st.container(horizontal=True, vertical_alignment="bottom"):
        widgets.knob("live_every_s", text, look="number")
        for key in ("paused", "wall"):
            st.toggle(text(f"live.page.{key}_switch"), **session.widget(f"live_{key}", session.remembered(f"live_{key}", False)))
    if not wanted:
        st.caption(text(f"live.page.hint.{way}"))
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        own = session.choices().zone
        zone = choose("live_zone", list(dict.fromkeys((own, *ZONES))), text("live.page.zone"), str)
        found = _watched(way, wanted, folders, zone)
        if found is not None:
            st.button(
                text("live.page.anew"), key="live_anew", help=text("live.page.anew_help"), icon=":material/refresh:", type="tertiary",
                on_click=_anew, args=(found,),
            )  # fmt: skip
    st.caption(text("live.page.read_as"))
    return found


def _anew(place: Any) -> None:
    """Start over: everything is read, lights and their history begin anew."""
    place.anew()
    session.hold(live_view=None)


def _folder(folders: Sequence[Path], text: Text) -> str:
    names = {str(each): each.name or str(each) for each in folders}
    return str(choose("live_folder", list(names), text("live.page.folder"), names.__getitem__))


def _typed(_folders: Sequence[Path], text: Text) -> str:
    tied = session.widget("live_typed", session.remembered("live_typed", ""))
    return str(st.text_input(text("live.page.typed"), placeholder="/data/chats", help=text("live.page.typed_help"), **tied)).strip()


def _database(_folders: Sequence[Path], text: Text) -> Any:
    asked = session.held("db_asked")
    st.caption(text("live.page.database", n=len(asked[1])))
    return asked


_WAYS = {"folder": _folder, "typed": _typed, "database": _database}


def _watched(way: str, wanted: Any, folders: Sequence[Path], zone: str) -> Any:
    """The place under the decisions of the Data page, in the zone chosen here; a refusal is said."""
    decided = replace(session.choices(), zone=zone)
    marks = [way, str(wanted), json.dumps(decided.to_dict(), sort_keys=True)]
    mark = hashlib.sha256("\0".join(marks).encode()).hexdigest()
    try:
        take = _asking(wanted, decided) if way == "database" else _looking(permitted(wanted, folders, home=way == "typed"), decided)
    except KefuError as error:
        widgets.issues((error.issue,))
        return None
    if session.held("live_mark") != mark:
        session.hold(live_mark=mark, live_view=None)
    return session.watched(mark, take)


def _looking(folder: Path, decided: Any) -> Any:
    from core.growing import refreshed

    return lambda held, now: refreshed(held, folder, decided, now)


def _asking(asked: Any, decided: Any) -> Any:
    """The database is asked the same again as on the Data page."""
    from core.growing import refetched
    from core.ingest.source import fetch, of_visitor

    address, wanted = asked
    return lambda held, now: refetched(held, lambda: [fetch(of_visitor(address), each) for each in wanted], decided, now)
