"""Trends: is anything changing, and is it more than chance?"""

import streamlit as st

from core.text import Text
from core.views import by_evidence
from pages import _beforeafter as beforeafter
from pages import _board as board
from pages import _closeup as closeup
from pages import _control as control
from pages import _daysapart as daysapart
from pages import _parts as parts
from pages import _periods as periods
from pages import _pilots as pilots
from pages import _session as session
from pages import _systemic as systemic
from pages import _trendlines as trendlines
from pages import _weekdays as weekdays
from pages import _widgets as widgets
from pages._shell import framed


def _controls(text: Text) -> tuple[str, str]:
    with st.container(border=True):
        left, middle, right = st.columns([3, 2, 3], vertical_alignment="bottom")
        with left:
            names = {key: widgets.metric_name(key, text) for key in parts.offered()}
            key = parts.choose("trend_of", list(names), text("effects.control.metric"), names.__getitem__)
        with middle:
            splits = {by: text(f"effects.by.{by}") for by in trendlines.groupings()}
            by = parts.choose("trend_by", list(splits), text("effects.control.by"), splits.__getitem__)
        with right:
            widgets.knob("margin", text)
    return key, by


def _table(verdicts, key: str, by: str, text: Text) -> None:
    config = parts.headings("effects", trendlines.UNITS, text)
    picking = {"on_select": "rerun", "selection_mode": "single-row", "column_config": config}
    name = f"trends_{key}_{by}"
    event = widgets.table(trendlines.table(verdicts, key, by, text), text, name, file=verdicts, **picking)
    row = parts.clicked_row(event)
    session.adopt_pick(f"trend_{by}", f"row_{name}", None if row is None else verdicts["group"].iloc[row])


def _groups(text: Text) -> None:
    key, by = _controls(text)
    found, weekly = session.trends(key, by)
    if weekly.empty:
        st.info(text("effects.sentence.no_weeks"), icon=":material/info:")
        return
    verdicts = by_evidence(found)
    st.markdown(trendlines.family_sentence(verdicts, text))
    looks = {look: text(f"board.small.{look}") for look in ("one", "everyone")}
    look = parts.choose("trend_look", list(looks), text("board.small.look"), looks.__getitem__, look="bare")
    place = st.container()
    _table(verdicts, key, by, text)
    with place:
        if look == "everyone":
            widgets.show_chart(trendlines.everyone(verdicts, weekly, key, by, text), text)
            return
        names = {group: trendlines.group_name(group, by, text) for group in verdicts["group"]}
        group = parts.choose(f"trend_{by}", list(names), text("effects.control.group"), names.__getitem__)
        row = next(row for row in verdicts.itertuples() if row.group == group)
        closeup.show(row, weekly, key, by, text)
    parts.how("trends", [key], trendlines.how_lines(verdicts, key, text), text)


PARTS = {
    "board": board.show, "groups": _groups, "weekdays": weekdays.show, "hours": daysapart.hours, "special": daysapart.special,
    "change": beforeafter.show, "pilots": pilots.show, "periods": periods.show, "course": control.show, "systemic": systemic.show,
}  # fmt: skip


def _body(text: Text) -> None:
    names = {part: text(f"trends.part.{part}") for part in PARTS}
    part = parts.choose("trends_part", list(names), text("pages.data.parts"), names.__getitem__, look="pills")
    PARTS[part](text)


framed()
words = session.text()
widgets.heading("trends", words)
if session.log() is None:
    widgets.empty(words)
elif not parts.nothing_here(words):
    _body(words)
