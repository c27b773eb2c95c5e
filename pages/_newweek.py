"""A week drawn up anew under rules – days off, breaks, languages – and rosters as files."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core import rostering, views
from core.period import day_date
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

HOURS = (2, 3, 4, 5, 6, 7, 8, 9, 10)
DIFFER_UNITS = {"agent": "", "weekday": "", "before": "", "after": "", "hours": "points"}
MOST_HOLES = 6


def show(demand: Any, team: Any, text: Text) -> None:
    """The fold; the search begins when it is asked for."""
    place = parts.fold(text("roster.title.new"), "newweek", "calendar_add_on")
    if not place.open:
        return
    with place:
        st.caption(text("roster.new.intro", n=len(team.languages)))
        rules = _rules(text)
        ask = rostering.Ask(rules, languages=languages("new", team, text), limit_s=20)
        if st.button(text("roster.control.draw"), key="draw_week", type="primary") or session.held("drawn") == ask:
            session.hold(drawn=ask)
            _told(session.new_week(ask), team, text)


def languages(key: str, team: Any, text: Text) -> bool:
    """Whether speakers are planned; offered where the log has more than one language."""
    if len(team.contacts) < 2:
        return False
    tied = session.widget(f"{key}_languages", session.remembered(f"{key}_languages", False))
    chosen = bool(st.toggle(text("roster.control.languages"), help=text("roster.control.languages_help"), **tied))
    if chosen and team.unknown:
        st.caption(text("roster.new.unknown", n=team.unknown))
    return chosen


def _rules(text: Text) -> Any:
    def minutes(n: int) -> str:
        return text("roster.control.minutes", n=n)

    first, second, third, fourth = st.columns(4, vertical_alignment="bottom")
    with first:
        tied = session.widget("new_lengths", session.remembered("new_lengths", [4, 8]))
        chosen = st.multiselect(text("roster.control.lengths"), HOURS, format_func=lambda n: text("roster.control.hours", n=n), **tied)
    with second:
        off = st.slider(text("roster.control.days_off"), 1, 6, **session.widget("new_off", session.remembered("new_off", 2)))
    with third:
        rest = parts.choose("new_break", (0, 30, 60), text("roster.control.break"), minutes, first=30)
    with fourth:
        every = parts.choose("new_every", (30, 60, 120), text("roster.control.every"), minutes, first=60)
    return rostering.rules_of(chosen, int(every), int(off), int(rest))


def _told(found: Any, team: Any, text: Text) -> None:
    facts = {"under": text.number(found.under_hours), "over": text.number(found.over_hours), "paid": text.number(found.paid_hours)}
    facts |= {"n": len(found.shifts), "agents": found.shifts["agent"].nunique(), "seconds": text.duration(found.seconds)}
    sure = text("roster.sure.proven" if found.optimal else "roster.sure.bound", gap=text.share(found.gap))
    lines = [f"{text('roster.new.found', **facts)} {sure}"]
    if session.scenario().get("wage"):
        lines.append(text("roster.new.cost", cost=text.value(found.cost, "money")))
    if found.short_rests:
        lines.append(text("roster.new.rests", n=found.short_rests))
    holes = found.holes.head(MOST_HOLES)
    if len(holes):
        lines += [text("roster.new.holes", n=len(found.holes)), "", *(f"- {_hole(row, text)}" for row in holes.itertuples())]
    st.markdown("\n".join(lines))
    if len(found.holes):
        widgets.download(text("pages.download.csv"), "holes", found.holes)
    differ = rostering.who_changes(team.week.shifts, found.shifts) if team.week is not None else None
    files(found.shifts, differ, team, ("new", text))


def _hole(row: Any, text: Text) -> str:
    facts = {"weekday": text(f"pages.weekday.{row.weekday}"), "start": views.clock(row.start), "end": views.clock(row.end)}
    skill = text("roster.new.skill", language=parts.member(row.skill, text)) if row.skill else ""
    return f"{text('roster.new.hole', hours=text.number(row.hours), skill=skill, **facts)} {text(f'roster.reason.{row.reason}')}"


# --- files -------------------------------------------------------------------------------------------------------------------


def files(shifts: Any, differ: Any, team: Any, about: tuple[str, Text]) -> None:
    """The week as CSV (can be imported again), workbook and calendar, for a week to be chosen; whose days differ from today's."""
    key, text = about
    st.markdown(f"**{text('roster.title.files')}**")
    first = day_date(team.next_monday)
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    with left:
        tied = session.widget(f"{key}_monday", session.remembered(f"{key}_monday", first))
        day = st.date_input(text("roster.control.week"), format="YYYY-MM-DD", **tied) or first
    dated = rostering.dated(shifts, rostering.monday_of(day), team.zone)
    table = _differ(differ, text) if differ is not None else None
    with right, st.container(horizontal=True):
        for kind in ("csv", "xlsx", "ics"):
            make = partial(_made, kind, dated, table, (team.zone, text))
            widgets.download_file(text(f"roster.file.{kind}"), f"roster_{key}.{kind}", make)
    if table is None or not len(table):
        st.caption(text("roster.differ.none"))
        return
    st.markdown(text("roster.differ.some", n=len(table), agents=differ["agent"].nunique()))
    config = parts.headings("roster", DIFFER_UNITS, text)
    widgets.table(table, text, f"differ_{key}", file=differ, column_config=config, **parts.roomy(table))


def _differ(differ: Any, text: Text) -> Any:
    off = text("roster.differ.off")
    return differ.assign(
        weekday=[text(f"pages.weekday.{day}") for day in differ["weekday"]],
        before=[each or off for each in differ["before"]],
        after=[each or off for each in differ["after"]],
    )


def _made(kind: str, dated: Any, table: Any, where: tuple[str, Text]) -> bytes:
    from core.exports import roster_csv, roster_ics, roster_xlsx

    zone, text = where
    if kind == "ics":
        return roster_ics(dated, zone, text)
    if kind == "csv":
        return roster_csv(dated, text)
    words = {name: text(f"roster.column.{name}") for name in DIFFER_UNITS}
    return roster_xlsx(dated, {} if table is None else {text("roster.file.differ"): table.rename(columns=words)}, text)
