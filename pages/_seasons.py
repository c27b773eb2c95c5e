"""Which scenario holds when, and old periods under old and new weights. Nothing is computed here, only picked and worded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import streamlit as st

from core import views
from core.errors import KefuError
from core.scenarios import Book, Season
from core.text import Text
from core.whatif import history
from pages import _parts as parts
from pages import _scorecards as scorecards
from pages import _session as session
from pages import _widgets as widgets

SEASONS = {"scenario": "", "from": "", "to": "", "how_often": ""}
HISTORY = {
    "scenario": "", "first": "", "last": "", "agent": "", "score_own": "points", "grade_own": "", "score_new": "points", "grade_new": "",
    "move": "points",
}  # fmt: skip


def seasons(text: Text) -> None:
    """Scenarios with the days on which they hold, and what they make of the log's past."""
    place = parts.fold(text("whatif.season.title"), "seasons", "date_range")
    if not place.open:
        return
    with place:
        st.markdown(text("whatif.season.what"))
        book = session.book()
        if not book.scenarios:
            st.info(text("whatif.season.no_scenario"), icon=":material/bookmark_add:")
            return
        _add(book, text)
        widgets.issues(session.held("season_trouble", ()))
        if book.seasons:
            _listed(book, text)
            _history(book, text)


def _add(book: Book, text: Text) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = parts.choose("season_of", list(book.scenarios), text("whatif.season.scenario"), str)
        first = _day("season_from", text("whatif.season.first"))
        last = _day("season_to", text("whatif.season.last"))
        yearly = st.toggle(
            text("whatif.season.yearly"), **session.widget("season_yearly", session.remembered("season_yearly", True))
        )
        if st.button(text("whatif.season.add"), key="add_season", icon=":material/add:"):
            _added(book, (name, _edge(first, yearly), _edge(last, yearly)))


def _day(key: str, label: str) -> date | None:
    found: date | None = st.date_input(
        label, value=None, format="YYYY-MM-DD", **session.widget(key, session.remembered(key))
    )
    return found


def _edge(day: date | None, yearly: bool) -> str:
    return "" if day is None else f"{day:%m-%d}" if yearly else day.isoformat()


def _added(book: Book, season: tuple[str, str, str]) -> None:
    try:
        session.keep_book(replace(book, seasons=(*book.seasons, Season(*season))))
        session.hold(season_trouble=())
    except KefuError as error:
        session.hold(season_trouble=(error.issue,))
    st.rerun()


def _listed(book: Book, text: Text) -> None:
    rows = [_row(season, text) for season in book.seasons]
    st.dataframe(
        views.listed(rows),
        hide_index=True,
        width="stretch",
        column_config=parts.headings("whatif", SEASONS, text),
        key="seasons",
    )
    st.caption(text("whatif.season.last_wins"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        named = {at: " · ".join(row.values()) for at, row in enumerate(rows)}
        at = parts.choose("season_at", list(named), text("whatif.season.which"), named.__getitem__)
        kept = replace(book, seasons=tuple(season for place, season in enumerate(book.seasons) if place != at))
        st.button(text("whatif.season.remove"), key="remove_season", on_click=session.keep_book, args=(kept,))


def _row(season: Season, text: Text) -> dict[str, str]:
    yearly = len(season.start) <= len("MM-DD")
    return {
        "scenario": season.scenario,
        "from": season.start,
        "to": season.end or text("whatif.season.open_end"),
        "how_often": text(f"whatif.season.{'every_year' if yearly else 'once'}"),
    }


def _history(book: Book, text: Text) -> None:
    first, last = session.days_of_log()
    if first is None or last is None:
        return
    st.markdown(f"**{text('whatif.season.history')}**")
    st.caption(text("whatif.season.history_help", first=first, last=last))
    under = session.scenario()
    used = (under, *book.scenarios.values())
    with st.spinner(text("whatif.busy")):
        raw = session.answer(
            ("history", book.to_yaml()), used, lambda: history(session.recalled().scores, book, (first, last), under)
        )
    config = parts.headings("whatif", HISTORY, text)
    widgets.table(_history_rows(raw, text), text, "history", file=raw, column_config=config)


def _history_rows(raw: Any, text: Text) -> Any:
    cut = views.truncated(raw, ("score_own", "score_new"))
    names = [name or text("whatif.season.none_holds") for name in raw["name"]]
    grades = {side: [scorecards.grade_name(code, text) for code in raw[side]] for side in ("grade_own", "grade_new")}
    days = {side: [str(day) for day in raw[side]] for side in ("first", "last")}
    return cut.assign(scenario=names, **grades, **days)[list(HISTORY)]
