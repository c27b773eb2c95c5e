"""Live: what is waiting now, and how does today go?"""

import streamlit as st

from core.text import Text
from pages import _liveboard as liveboard
from pages import _parts as parts
from pages import _session as session
from pages import _watching as watching
from pages import _widgets as widgets
from pages._shell import framed

KNOBS = ("live_window_min", "live_give_up_h", "live_min_n", "live_stale", "live_looks", "live_band")


def _lamps(text: Text) -> None:
    """Where the lamps light, and what the figures of “now” are about."""
    place = parts.fold(text("live.page.lamps"), "live_lamps", "notifications_active")
    if not place.open:
        return
    with place:
        columns = st.columns(3)
        for at, key in enumerate((*liveboard.THRESHOLDS, *KNOBS)):
            with columns[at % 3]:
                widgets.knob(key, text, look="number")
        widgets.reset(("live",), text)


def _definitions(text: Text) -> None:
    place = parts.fold(text("pages.how.title"), "how_live", "functions")
    if not place.open:
        return
    with place:
        st.markdown("\n".join(f"- {each}" for each in liveboard.definitions(text)))
        st.page_link("pages/8_methods.py", label=text("pages.how.more"), icon=":material/menu_book:")


framed()
words = session.text()
st.title(words("pages.live.title"), anchor=False)
st.markdown(words("pages.live.question"))
watched = watching.chosen(words)
if watched is not None:
    liveboard.show(watched, words)
    _lamps(words)
_definitions(words)
