"""Overview: how was the service in this period, what changed, and when is it busiest?"""

import streamlit as st

from core.text import Text
from pages import _pictures as pictures
from pages import _session as session
from pages import _widgets as widgets
from pages._shell import framed

CARDS = (
    "conversations",
    "first_response",
    "response_rate_24h",
    "satisfaction",
    "fcr",
    "handle_time",
    "reply_time",
    "handled_per_hour",
)
BY_DAY = ("conversations", "first_response", "response_rate_24h", "satisfaction", "handle_time")


def _body(text: Text) -> None:
    st.markdown(pictures.counts_sentence(text))
    widgets.kpi_cards(CARDS, text)
    st.markdown(pictures.changes_sentence(text))
    left, right = st.columns(2)
    with left:
        key = widgets.choose_metric("by_day", BY_DAY, text("pages.overview.daily_choice"), text)
        widgets.show_chart(pictures.by_day(key, text), text, key="by_day")
    with right:
        key = widgets.choose_metric("by_hour", BY_DAY, text("pages.overview.week_choice"), text)
        widgets.show_chart(pictures.by_hour(key, text), text, key="by_hour")
        st.caption(pictures.busiest_sentence(text))
    with st.expander(text("pages.overview.table"), icon=":material/table:"):
        shown, raw = pictures.all_figures(text)
        widgets.table(shown, text, "figures", file=raw)
    widgets.how_computed(CARDS, text)


framed()
words = session.text()
widgets.heading("overview", words)
if session.log() is None:
    widgets.empty(words)
elif widgets.has_conversations(words):
    _body(words)
