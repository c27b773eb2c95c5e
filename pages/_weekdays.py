"""Weekdays: which day differs, and what its difference is made of. Nothing is computed here, only picked and worded."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.text import Text
from pages import _causes as causes
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

FINDINGS = ("first_response", "reply_time", "handle_time", "satisfaction", "conversations")


def show(text: Text) -> None:
    """The finding of a KPI: sentence, what the difference is made of, table of the weekdays, picture of the weeks, tests and rows."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        key = widgets.choose_metric("finding_of", FINDINGS, text("plan.control.finding"), text)
    with right:
        names = {-1: text("causes.control.strongest")} | {day: trendlines.day_name(day, text) for day in range(7)}
        day = parts.choose("finding_day", list(names), text("causes.control.weekday"), names.__getitem__)
    seen = session.slow_day(key, day)
    left, right = st.columns([6, 5], gap="large")
    with left:
        _told(seen, key, text)
    with right:
        causes.bars(seen, text)
        picture = trendlines.weekday_chart(seen.finding, seen.days, text, day)
        if picture is not None:
            widgets.show_chart(picture, text, key="weekday_weeks")
    config = parts.headings("effects", trendlines.DAY_UNITS, text)
    raw = seen.finding.weekdays
    widgets.table(trendlines.weekday_table(seen.finding, key, text), text, f"weekdays_{key}", file=raw, column_config=config)
    causes.how(seen, key, text)


def _told(seen: Any, key: str, text: Text) -> None:
    asked = trendlines.asked_sentence(seen, key, text) if seen.asked else ""
    st.markdown(text("causes.sentence.beforehand", told=asked) if asked else trendlines.weekday_sentence(seen.finding, key, text))
    split = causes.sentence(seen, key, text)
    st.markdown(split or trendlines.driver_sentence(seen.drivers, text))
    causes.staffing(seen, text)
    causes.parts_table(seen, key, text)
    widgets.download(text("causes.go.rows"), f"weekday_rows_{key}", seen.days)


def one_sentence(text: Text) -> None:
    """The finding of the first of these KPIs that the log knows, with the way to all of it."""
    key = next((each for each in FINDINGS if each in parts.offered()), "")
    if not key:
        return
    finding, drivers, _ = session.weekdays(key)
    st.subheader(text("effects.weekday.title"), anchor=False)
    st.markdown(trendlines.weekday_sentence(finding, key, text))
    st.markdown(trendlines.driver_sentence(drivers, text))
    st.page_link("pages/6_trends.py", label=text("effects.weekday.all"), icon=":material/calendar_view_week:")
