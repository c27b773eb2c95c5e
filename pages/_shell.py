"""The frame round every page: page settings, navigation, language, what is loaded, period and filters.

Every page starts with ``from pages._shell import framed`` and ``framed()``. A folder named ``pages`` beside ``app.py`` makes Streamlit run
a deep-linked page of a fresh server by itself, without ``app.py``; then `framed` runs the whole app and ends the lone run. The same
happens at every page switch of AppTest.

A new page: one line in `PAGES`, words under ``pages.<url_path>.title`` and ``pages.<url_path>.question``, and the file. Pages whose file
is not there are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from core.errors import KefuError
from core.scenario import KNOBS
from core.text import LANGUAGES, Text
from pages import _heap as heap
from pages import _session as session
from pages import _widgets as widgets

ROOT = Path(__file__).resolve().parent.parent

# section -> (file, url path, icon); titles come from the locale files
PAGES = {
    "start": (("1_data", "data", "upload_file"), ("2_overview", "overview", "dashboard"), ("9_live", "live", "monitor_heart")),
    "people": (("3_scores", "scores", "tune"), ("4_whatif", "whatif", "alt_route"), ("5_compare", "compare", "groups")),
    "time": (("6_trends", "trends", "timeline"), ("7_staffing", "staffing", "calendar_view_week")),
    "reference": (("8_methods", "methods", "menu_book"),),
}
DEFAULT = "overview"
# Whoever waits for the interpreter gets it after this long; by default after 5 ms. A page asks for it dozens of times, so beside another
# visitor's heavy work this is what its reader waits for; the work itself takes no longer.
SWITCH_S = 0.001
sys.setswitchinterval(SWITCH_S)


def framed() -> None:
    """First call of every page: does nothing inside the frame; run alone, runs the app and stops the lone run."""
    if not session.framed_now():
        run_app()
        st.stop()


def run_app() -> None:
    """The frame, then the page."""
    session.framed_now(True)
    session.sweep()
    try:
        session.adopt_link()
        text = session.text()
        st.set_page_config(
            page_title=text("pages.app.name"), page_icon=str(ROOT / "static" / "icon.png"), layout="wide"
        )
        page = st.navigation(
            _sections(text)
        )  # the front page also answers to its own name, hidden: Streamlit gives it none
        with st.sidebar:
            text = _language()
            _about_the_log(text)
            st.caption(text("pages.frame.link_hint"))
        session.publish_link()
        _tell_trouble()
        page.run()
    except KefuError as error:  # what a log that stays at its source cannot be asked, or a connection that was cut, wherever a page asks
        widgets.issues((error.issue,))
    finally:
        session.framed_now(False)
        heap.settle()


def _tell_trouble() -> None:
    """What of the link or the knobs could not be used, above the page."""
    found = session.trouble()
    session.hold(trouble=found)
    widgets.issues(found)


def alone(body: Callable[[Text], None], text: Text) -> None:
    """Draw the part of a page that runs by itself when its own widgets move: nothing round it depends on them.

    Where it does after all, because a knob is out of order and the frame says so, everything runs.
    """
    st.fragment(_guarded)(body, text)


def _guarded(body: Callable[[Text], None], text: Text) -> None:
    if not session.framed_now():
        session.framed_now(False)
        if session.trouble() != session.held("trouble"):
            st.rerun()
    try:
        body(text)
    except KefuError as error:
        widgets.issues((error.issue,))
    finally:
        heap.collect()


def _sections(text: Text) -> dict[str, list[st.Page]]:
    found = {}
    for section, pages in PAGES.items():
        there = [_page(text, *page) for page in pages if (ROOT / "pages" / f"{page[0]}.py").exists()]
        there += [_page(text, *page, visibility="hidden") for page in pages if page[1] == DEFAULT]
        if there:
            found[text(f"pages.section.{section}")] = there
    return found


def _page(text: Text, file: str, path: str, icon: str, **how: Any) -> st.Page:
    words = {"title": text(f"pages.{path}.title"), "help": text(f"pages.{path}.question")}
    front = path == DEFAULT and not how
    where = {"url_path": "front", "default": True} if front else {"url_path": path}
    return st.Page(f"pages/{file}.py", icon=f":material/{icon}:", **where, **words, **how)


def _language() -> Text:
    names = {code: Text(code)("pages.frame.language_name") for code in LANGUAGES}
    st.segmented_control(
        "语言 / Language",
        LANGUAGES,
        format_func=lambda code: names[code],
        required=True,
        label_visibility="collapsed",
        **session.widget("lang", session.language()),
    )
    return session.text()


def _about_the_log(text: Text) -> None:
    """What is loaded, period and filters; where its source does not answer any more, that is said and the page goes on."""
    try:
        _loaded(text)
        _period_and_filters(text)
    except KefuError as error:
        widgets.issues((error.issue,))


def _loaded(text: Text) -> None:
    if session.log() is None:
        st.info(text("pages.frame.nothing_loaded"), icon=":material/info:")
        return
    st.markdown(widgets.loaded_line(text))
    if session.far() is not None:
        st.caption(text("source.stays"))


def _period_and_filters(text: Text) -> None:
    if session.log() is None:
        return
    widgets.knob("period", text)
    if session.scenario().get("period") == "custom":
        widgets.knob("from", text)
        widgets.knob("to", text)
    chosen = widgets.chosen_filters()
    with st.expander(text("pages.frame.filters", n=chosen), icon=":material/filter_alt:"):
        widgets.filter_knobs(text)
        widgets.reset(("period", "filter"), text)
    turned = len(session.scenario().part("rules", "facts").changed)
    rules = st.expander(
        text("pages.frame.rules", n=turned), icon=":material/rule:", on_change="rerun", key="rules_open"
    )
    if rules.open:
        with rules:
            _rules(text)


def _rules(text: Text) -> None:
    """Whose clock, which windows, whose conversation: the fast definitions; the silence only where a log needs it."""
    for key, declared in KNOBS.items():
        if declared.room == "rules" or (declared.room == "facts" and session.log().cut_by_silence):
            widgets.knob(key, text, "number")
    widgets.knob("week_start", text)
    widgets.reset(("rules", "facts"), text)
