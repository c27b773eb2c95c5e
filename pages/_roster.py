"""Moves: what becomes of waits, service, gap and money when shifts, concurrency or target change; and the cheapest few changes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from core import rostering, study, views
from core.errors import KefuError, UnavailableError
from core.recompute import staffing_knobs
from core.scenario import KNOBS, Scenario
from core.staffing.changes import KINDS, Change, Shift, added, dropped, moved, split
from core.staffing.cheapest import Limits
from core.text import Text
from pages import _newweek as newweek
from pages import _parts as parts
from pages import _session as session
from pages import _weekplan as weekplan
from pages import _widgets as widgets

TURNED = ("sl_target", "sl_s", "max_concurrency")
STEP_MIN = 30


def show(text: Text) -> None:
    """The whole part."""
    try:
        demand, team = session.demand(), session.team()
    except UnavailableError as error:
        widgets.issues((error.issue,))
        return
    st.markdown(_today(team, demand, text))
    if demand.supply.label == "none":
        return
    wanted = _wanted(text)
    _edit(team, text)
    _cheapest(demand, team, text)
    used, changes = session.scenario(), _tried()
    volume = session.remembered("plan_volume", "mean")
    now = rostering.today_plan(demand, staffing_knobs(used, volume), team)
    then = rostering.today_plan(demand, staffing_knobs(wanted, volume), team, changes)
    _list(changes, text)
    _figures(rostering.beside(rostering.sums(now, used), rostering.sums(then, wanted)), text)
    _picture(now, then, text)
    _files(team, changes, text)
    newweek.show(demand, team, text)
    lines = [text(f"roster.how.{name}") for name in ("today", "figures", "search", "names", "money")]
    parts.how("roster", ["first_response"], lines, text)


def _today(team: Any, demand: Any, text: Text) -> str:
    return study.today_line(team, text) or text(f"roster.today.{demand.supply.label}")


# --- what is tried -----------------------------------------------------------------------------------------------------------


def _tried() -> tuple[Change, ...]:
    """Changes the reader tries; another log begins without any."""
    digest, changes = session.held("tried", ("", ()))
    log = session.log()
    return changes if log is not None and digest == log.digest else ()


def _keep(changes: Sequence[Change]) -> None:
    log = session.log()
    session.hold(tried=(log.digest if log is not None else "", tuple(changes)))


def _wanted(text: Text) -> Scenario:
    """The settings as they are, and what the reader turns to try."""
    st.markdown(f"**{text('roster.title.settings')}**")
    values = {}
    *columns, last = st.columns(len(TURNED) + 1, vertical_alignment="bottom")
    for column, key in zip(columns, TURNED, strict=True):
        with column:
            values[key] = _slider(key, text)
    with last:
        widgets.knob("wage", text, look="number")
    return Scenario.of({**session.scenario().changed, **values})


def _slider(key: str, text: Text) -> float:
    declared, used = KNOBS[key], session.scenario().get(key)
    name, help_ = widgets.knob_words(declared, text)
    tied = session.widget(f"try_{key}", float(session.remembered(f"try_{key}", used)))
    look = "percent" if declared.unit == "share" else "%.0f"
    label = text("roster.control.tried", knob=name)
    return float(st.slider(label, float(declared.low), float(declared.high), step=float(declared.step), format=look, help=help_, **tied))


def _edit(team: Any, text: Text) -> None:
    """Add, move, split or drop one shift."""
    st.markdown(f"**{text('roster.title.shift')}**")
    words = {kind: text(f"roster.kind.{kind}") for kind in KINDS}
    kinds = KINDS if team.week is not None else ("add",)
    left, *rest = st.columns([2, 2, 3, 2, 2, 2], vertical_alignment="bottom")
    with left:
        kind = parts.choose("try_kind", kinds, text("roster.control.kind"), words.__getitem__)
    change = _added(rest, team, text) if kind == "add" else _changed(kind, rest, team, text)
    with rest[4]:
        st.button(text("roster.control.try"), key="try_it", on_click=_try, args=(change,), disabled=change is None, type="primary")


def _try(change: Change) -> None:
    _keep((*_tried(), change))


def _added(columns: Sequence[Any], team: Any, text: Text) -> Change:
    with columns[0]:
        day = _day("try_to_day", text("roster.control.to_day"), text)
    with columns[1]:
        agents = [*team.languages, ""]
        agent = parts.choose("try_agent", agents, text("roster.control.agent"), lambda name: name or text("roster.control.anybody"))
    with columns[2]:
        start = _time("try_start", text("roster.control.start"), 600, text)
    with columns[3]:
        end = _time("try_end", text("roster.control.end"), 840, text)
    return added(agent, day, start, end)


def _changed(kind: str, columns: Sequence[Any], team: Any, text: Text) -> Change | None:
    shifts = rostering.changed_week(team, _tried())
    with columns[0]:
        day = _day("try_from_day", text("roster.control.from_day"), text)
    options = rostering.shifts_on(shifts, day)
    with columns[1]:
        if not options:
            st.caption(text("roster.control.nobody"))
            return None
        agent, shift = parts.choose("try_shift", options, text("roster.control.shift"), partial(_whose, text=text))
    if kind == "drop":
        return dropped(agent, shift)
    with columns[2]:
        to = _day("try_to_day", text("roster.control.to_day"), text)
    with columns[3]:
        start = _time("try_start", text("roster.control.start"), 600, text)
    return moved(agent, shift, to, start) if kind == "move" else _halved(agent, shift, (to, start))


def _whose(each: tuple[str, Shift], text: Text) -> str:
    return f"{each[0]} · {study.span_words(each[1], text)}"


def _halved(agent: str, shift: Shift, to: tuple[int, int]) -> Change | None:
    """The second half goes elsewhere."""
    try:
        return split(agent, shift, shift.middle, to)
    except KefuError:
        return None


def _day(key: str, label: str, text: Text) -> int:
    names = {day: text(f"pages.weekday.{day}") for day in range(7)}
    return int(parts.choose(key, list(names), label, names.__getitem__, first=4 if "to" in key else 1))


def _time(key: str, label: str, first: int, text: Text) -> int:
    return int(parts.choose(key, list(range(0, 1440, STEP_MIN)), label, views.clock, first=first))


def _list(changes: Sequence[Change], text: Text) -> None:
    if not changes:
        st.caption(text("roster.tried.none"))
        return
    st.markdown("\n".join([text("roster.tried.some", n=len(changes)), "", *(f"- {study.change_words(each, text)}" for each in changes)]))
    with st.container(horizontal=True):
        st.button(text("roster.control.undo"), key="try_undo", on_click=_keep, args=(changes[:-1],), icon=":material/undo:")
        st.button(text("roster.control.clear"), key="try_clear", on_click=_keep, args=((),), icon=":material/delete:")


# --- the cheapest ------------------------------------------------------------------------------------------------------------


def _cheapest(demand: Any, team: Any, text: Text) -> None:
    place = parts.fold(text("roster.title.cheapest"), "cheapest", "auto_fix_high")
    if not place.open:
        return
    with place:
        ask = rostering.Ask(limits=_limits(team, text), languages=newweek.languages("cheap", team, text))
        found = session.fewest_changes(ask)
        told, *lines = study.proposal_lines(found, text)
        st.markdown("\n".join([told, "", *(f"- {line}" for line in lines)]))
        st.button(text("roster.control.take"), key="take_moves", on_click=_keep, args=(found.changes,), disabled=not found.changes)


def _limits(team: Any, text: Text) -> Limits:
    one, two, three = st.columns(3, vertical_alignment="bottom")
    with one:
        most = st.slider(text("roster.control.most"), 0, 30, **session.widget("cheap_most", session.remembered("cheap_most", 6)))
    with two:
        may_split = st.toggle(text("roster.control.split"), **session.widget("cheap_split", session.remembered("cheap_split", True)))
    with three:
        may_add = st.toggle(text("roster.control.add"), **session.widget("cheap_add", session.remembered("cheap_add", team.week is None)))
    return Limits(int(most), bool(may_split), bool(may_add))


# --- what comes of it --------------------------------------------------------------------------------------------------------


def _figures(lines: Sequence[Any], text: Text) -> None:
    st.markdown(f"**{text('roster.title.figures')}**")
    for start in range(0, len(lines), 5):
        for column, line in zip(st.columns(5), lines[start : start + 5], strict=False):
            with column:
                st.metric(text(f"roster.figure.{line.name}"), **_metric(line, text), border=True)
    widgets.download(text("pages.download.csv"), "tried_figures", views.listed([line.row for line in lines]))


def _metric(line: Any, text: Text) -> dict[str, Any]:
    shown = {"value": _value(line.tried, line.unit, text)}
    if not widgets.known(line.change) or line.alike:
        return shown | {"delta": text("roster.figure.same"), "delta_color": "off", "delta_arrow": "off"}
    arrow = "up" if line.change > 0 else "down"
    colour = "normal" if line.good else "inverse"  # the words carry no sign: "normal" is green, "inverse" red
    return shown | {"delta": text("roster.figure.now", now=_value(line.now, line.unit, text)), "delta_arrow": arrow, "delta_color": colour}


def _value(value: float, unit: str, text: Text) -> str:
    if not widgets.known(value):
        return text("roster.figure.endless_wait") if unit == "seconds" else "–"
    return text.number(value) if unit in ("hours", "points") else text.value(value, unit)


def _picture(now: Any, then: Any, text: Text) -> None:
    names = {"then": text("roster.map.then"), "now": text("roster.map.now")}
    which = parts.choose("try_map", list(names), text("roster.map.label"), names.__getitem__, look="pills")
    widgets.show_chart(weekplan.map_chart(now if which == "now" else then, "gap", text, "roster.map.note"), text, key="tried_gap")


def _files(team: Any, changes: Sequence[Change], text: Text) -> None:
    """The week as a file, and whose days differ."""
    shifts = rostering.changed_week(team, changes)
    if not len(shifts):
        return
    differ = rostering.who_changes(team.week.shifts, shifts) if team.week is not None else None
    newweek.files(shifts, differ, team, ("week", text))
