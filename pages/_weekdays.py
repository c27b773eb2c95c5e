"""Weekdays: which day differs, and what else differs on it. Nothing is computed here, only picked and worded."""

from __future__ import annotations

import streamlit as st

from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

FINDINGS = ("first_response", "reply_time", "handle_time", "satisfaction", "conversations")


def show(text: Text) -> None:
    """The finding of a KPI: sentence, drivers, table of the weekdays, picture of the weeks."""
    key = widgets.choose_metric("finding_of", FINDINGS, text("plan.control.finding"), text)
    finding, drivers, days = session.weekdays(key)
    left, right = st.columns([6, 5], gap="large")
    with left:
        st.markdown(trendlines.weekday_sentence(finding, key, text))
        st.markdown(trendlines.driver_sentence(drivers, text))
        st.caption(trendlines.omnibus(finding, text))
        config = parts.headings("effects", trendlines.DAY_UNITS, text)
        raw = finding.weekdays
        widgets.table(trendlines.weekday_table(finding, key, text), text, f"weekdays_{key}", file=raw, column_config=config)
    with right:
        picture = trendlines.weekday_chart(finding, days, text)
        if picture is not None:
            widgets.show_chart(picture, text, key="weekday_weeks")


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
