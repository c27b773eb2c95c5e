"""The live board itself: a part of the page that reruns by itself at the chosen interval, while everything round it stays still."""

from __future__ import annotations

from contextlib import nullcontext
from html import escape
from time import time
from typing import Any

import streamlit as st

from core.alarms import JUDGED, history_table, lit_at
from core.charts import Labels, today_and_usual
from core.live import LEAST_WEEKS
from core.looking import View, clock, name, viewed
from core.metrics import metric
from core.text import Text
from pages import _session as session
from pages import _widgets as widgets
from pages._parts import heading
from pages._reference import LIVE

THRESHOLDS = tuple(f"{level}_{key}" for key in JUDGED for level in ("warn", "alarm"))
NOW = ("waiting", "longest_wait", "first_response", "within", "busy", "satisfaction")
PEOPLE = ("agents_writing", "active", "concurrency", "contacts_15", "usual_15", "contacts")
TODAY = ("conversations", "first_response", "within_Ns", "unanswered", "pending", "satisfaction")
_COLOURS = {"normal": "green", "warning": "orange", "alarm": "red", "unjudged": "gray"}
_ICONS = {"normal": "check_circle", "warning": "warning", "alarm": "error", "unjudged": "help"}
_WALL = "font-size:{size}rem;line-height:1.1;font-weight:600;white-space:nowrap"


def show(place: Any, text: Text) -> None:
    """The board, looking again at the interval of its knob; paused, it shows the last look."""
    paused = bool(session.remembered("live_paused", False))
    every = None if paused else f"{session.scenario().get('live_every_s'):g}s"
    st.fragment(_board, run_every=every)(place, text, paused)


def _board(place: Any, text: Text, paused: bool) -> None:
    now = int(time() * 1000)
    with st.container(key="live_board"):
        view = session.held("live_view")
        if view is None or not paused:
            view = _looked(view, place, now, text)
        _times(view, now, paused, text)
        _troubles(view, text)
        if view.board is not None:
            (_wall if session.remembered("live_wall", False) else _full)(view, text)


def _looked(before: View | None, place: Any, now: int, text: Text) -> View:
    """One more look; the first one may have much to read and says so."""
    with st.spinner(text("live.page.first_look")) if before is None else nullcontext():
        view = viewed(before, place, session.scenario(), now, session.usual())
    session.hold(live_view=view)
    return view


def _times(view: View, now: int, paused: bool, text: Text) -> None:
    """Data time, time of the look and age, always; and what is to be said about them."""
    if view.board is None:
        st.markdown(text("live.page.no_data_yet", read=clock(view.held.read_ms, _zone(view))))
        return
    zone, age = view.board.zone, view.age_s(now)
    facts = {"asof": clock(view.board.as_of_ms, zone, day=True), "read": clock(view.held.read_ms, zone)}
    old = text("live.page.ahead") if age < -60 else text("live.page.age", age=text.duration(max(age, 0)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {text('live.page.as_of', **facts)}")
        st.badge(old, color="orange" if age < -60 or view.stale(session.scenario()) else "gray", icon=":material/schedule:")
        if view.stale(session.scenario()):
            st.badge(text("live.page.stale", since=clock(view.held.news_ms, zone)), color="orange", icon=":material/history:")
        if paused:
            st.badge(text("live.page.paused"), color="blue", icon=":material/pause:")


def _zone(view: View) -> str:
    """The zone of the data, or the one chosen for them."""
    return view.board.zone if view.board else str(session.remembered("live_zone", session.choices().zone))


def _troubles(view: View, text: Text) -> None:
    """What is wrong with a file, and since when; the last good figures stand below."""
    zone = _zone(view)
    for each in view.held.troubles:
        message, cure = widgets.issue_words(each.issue, text)
        draw = st.info if each.issue.severity == "note" else st.warning
        draw(f"{message} {text('live.page.since', since=clock(each.since_ms, zone))}  \n{cure}", icon=":material/sync_problem:")
    widgets.issues(view.problems)


def _full(view: View, text: Text) -> None:
    with st.grid(3, min_column_width=260, key="live_now"):
        for key in NOW:
            with st.container(border=True, height="stretch"):
                _lamp(view, key, text)
    with st.grid(6, min_column_width=150, key="live_people"):
        for key in PEOPLE:
            found = view.board.figures[key]
            st.metric(_name(key, text), text.value(found.value, found.unit), help=_reason(found.reason, text))
    st.markdown(f"**{text('live.page.today')}**")
    with st.grid(6, min_column_width=150, key="live_today"):
        for key in TODAY:
            with st.container(gap=None):
                _kpi(view, key, text)
    _course(view, text)
    left, right = st.columns(2, gap="large")
    with left:
        _waits(view, text)
    with right:
        _history(view, text)


def _lamp(view: View, key: str, text: Text) -> None:
    """A judged figure: name, value, state in a word with its mark, what it rests on, and where its lamps light."""
    found, state = view.board.figures[key], view.state(key)
    st.metric(_name(key, text), text.value(found.value, found.unit))
    st.badge(text(f"live.state.{state}"), color=_COLOURS[state], icon=f":material/{_ICONS[state]}:")
    st.caption("  \n".join(line for line in (_rests_on(view, key, text), _levels(key, found.unit, text)) if line))


def _rests_on(view: View, key: str, text: Text) -> str:
    found = view.board.figures[key]
    if key == "waiting":
        first = view.board.figures["waiting_first"]
        return text("live.page.of_first", n=text.number(first.value, 0))
    if found.reason:
        return _reason(found.reason, text)
    if key == "busy":
        usual = view.board.figures["usual_15"]
        return text("live.page.usual", usual=text.number(usual.value, 1), days=text.number(usual.n, 0))
    ends = {"low": text.value(found.low, found.unit), "high": text.value(found.high, found.unit)}
    return text("pages.card.interval", n=text.number(found.n, 0), **ends) if widgets.known(found.low) else ""


def _levels(key: str, unit: str, text: Text) -> str:
    """At which figures each level lights and goes out."""
    told = []
    for level in ("warning", "alarm"):
        on, off = lit_at(session.scenario(), key, level)
        if widgets.known(on):
            told.append(text(f"live.page.level.{level}", on=_edge(on, unit, text), off=_edge(off, unit, text)))
    return text("live.comma").join(told)


def _edge(value: float, unit: str, text: Text) -> str:
    return f"{value:g}" if unit in ("count", "ratio") else text.value(value, unit).replace(".0 %", " %")


def _name(key: str, text: Text) -> str:
    return name(key, session.scenario(), text)


def _reason(reason: str, text: Text) -> str:
    """Why a figure is missing or not judged; empty where it is there."""
    facts = {"least": f"{session.scenario().get('live_min_n'):g}", "weeks": LEAST_WEEKS}
    if text.has(f"live.reason.{reason}"):
        return text(f"live.reason.{reason}", **facts)
    return widgets.reason_words(reason, text) if reason else ""


def _kpi(view: View, key: str, text: Text) -> None:
    cell = view.board.today.get(key)
    label = widgets.metric_name(key, text)
    if cell is None or cell.status == "unavailable":
        st.metric(label, text.number(None), help=widgets.reason_words(cell.reason if cell else "", text))
        return
    st.metric(label, widgets.kpi_value(text, cell.value, key), help=widgets.metric_words(key, "what", text))
    told = [text("live.page.median", median=text.duration(cell.median))] if metric(key).unit == "seconds" else []
    told += [text("pages.card.too_few", n=text.number(cell.n, 0), needed=metric(key).min_n)] if cell.status == "too_few" else []
    if metric(key).unit == "share":
        told.append(text("pages.card.interval", n=text.number(cell.n, 0), low=text.share(cell.low), high=text.share(cell.high)))
    st.caption("  \n".join(told))


def _course(view: View, text: Text) -> None:
    note = text("live.page.usual_note", days=view.board.usual_days) if view.board.usual_days >= LEAST_WEEKS else _reason("no_usual", text)
    labels = Labels(text.language, text("live.page.course"), x=text("live.page.clock"), y=text("live.page.contacts"), note=note)
    widgets.show_chart(today_and_usual(view.board.slots, labels), text, key="live_course")


def _waits(view: View, text: Text) -> None:
    st.markdown(f"**{text('live.page.waits')}**")
    if not len(view.board.waits):
        st.caption(text("live.reason.nobody_waits"))
        return
    units = {"conversation": "", "agent": "", "channel": "", "language": "", "category": "", "wait_s": "seconds", "first": ""}
    shown = view.board.waits.head(10)
    shown = shown.assign(first=[text(f"live.page.ask.{each}") for each in shown["first"]])
    config = {key: heading(text(f"live.column.{key}"), unit) for key, unit in units.items()} | {"since_ms": None}
    widgets.table(shown, text, "live_waits", file=view.board.waits, column_config=config)


def _history(view: View, text: Text) -> None:
    st.markdown(f"**{text('live.page.history')}**")
    found = history_table(view.history)
    if not len(found):
        st.caption(text("live.page.no_history"))
        return
    shown = found.assign(
        read=[clock(each.read_ms, view.board.zone) for each in reversed(view.history)],
        as_of=[clock(each.as_of_ms, view.board.zone) for each in reversed(view.history)],
        key=[_name(key, text) for key in found["key"]],
        value=[text.value(each.value, view.board.figures[each.key].unit) for each in reversed(view.history)],
        **{side: [text(f"live.mark.{each}") + text(f"live.state.{each}") for each in found[side]] for side in ("before", "after")},
    )
    config = {key: heading(text(f"live.column.{key}"), "") for key in shown.columns}
    widgets.table(shown, text, "live_history", file=found, column_config=config)


def _wall(view: View, text: Text) -> None:
    """Six figures large enough for the other end of the room; mark and word beside the colour."""
    with st.grid(3, min_column_width=340, key="live_wall_grid"):
        for key in NOW:
            found, state = view.board.figures[key], view.state(key)
            with st.container(border=True, height="stretch"):
                st.markdown(f"### {_name(key, text)}")
                st.html(f'<div style="{_WALL.format(size=6)}">{escape(text.value(found.value, found.unit))}</div>')
                st.markdown(f"## :{_COLOURS[state]}[{text(f'live.mark.{state}')}{text(f'live.state.{state}')}]")
                st.caption(_rests_on(view, key, text))


def definitions(text: Text) -> list[str]:
    """What the board's own figures mean."""
    return [f"**{text(f'live.what.{key}.name')}**: {text(f'live.what.{key}.text')}" for key in LIVE]
