"""The scenario desk: named scenarios, which of them are compared, what differs between them. Only picked and worded here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from core import views
from core.errors import ScenarioError
from core.scenario import KNOBS, Scenario
from core.scenarios import diff, presets, weighted_by
from core.text import Text
from pages import _parts as parts
from pages import _seasons as seasons
from pages import _session as session
from pages import _weightings as weightings
from pages import _widgets as widgets

LONGEST_NAME = 40
DIFFERENCES = {"knob": "", "cause": "", "from": "", "to": "", "also": ""}


# --- which scenarios there are -----------------------------------------------------------------------------------------------


def codes() -> list[str]:
    """Every scenario that can be picked: the present settings, the defaults, presets, saved ones."""
    saved = [f"saved:{name}" for name in session.book().scenarios]
    return ["now", "default", *saved, *(f"preset:{name}" for name in presets())]


def scenario_of(code: str) -> Scenario:
    """The scenario behind a code; a preset is the present scenario under other weights."""
    kind, _, name = code.partition(":")
    if kind == "saved":
        return session.book().named(name)
    if kind == "preset":
        return weighted_by(presets()[name], session.scenario())
    return session.baseline() if kind == "default" else session.scenario()


def name_of(code: str, text: Text) -> str:
    """A scenario's name as it is shown."""
    kind, _, name = code.partition(":")
    if kind == "saved":
        return name
    return text(f"whatif.preset.{name}" if kind == "preset" else f"whatif.scenario.{kind}")


@dataclass(frozen=True)
class Sides:
    """The codes of the scenarios that are compared; ``also`` is empty where only two are."""

    a: str
    b: str
    also: str = ""


def sides(place: str, text: Text) -> Sides:
    """The row in which a reader picks from, to and a third scenario; ``place`` is the part of the page it stands on."""
    offered, named = codes(), {code: name_of(code, text) for code in codes()}
    start = "now" if session.scenario().part(*session.SCORING_ROOMS).changed else "preset:small_team"
    with st.container(border=True):
        columns = st.columns(3)
        with columns[0]:
            a = parts.choose("side_a", offered, text("whatif.side.a"), named.__getitem__, first="default", place=place)
        with columns[1]:
            b = parts.choose("side_b", offered, text("whatif.side.b"), named.__getitem__, first=start, place=place)
        with columns[2]:
            nobody = {"": text("whatif.side.none")} | named
            also = parts.choose("side_c", ["", *offered], text("whatif.side.c"), nobody.__getitem__, place=place)
    return Sides(a, b, also)


def usable(text: Text, *chosen: str) -> bool:
    """Whether scenarios can be scored; if not, says what is wrong with which."""
    fine = True
    for code in dict.fromkeys(code for code in chosen if code):
        found = scenario_of(code).problems()
        if found:
            st.error(text("whatif.side.broken", name=name_of(code, text)), icon=":material/error:")
            widgets.issues(found)
            fine = False
    return fine


# --- the desk ----------------------------------------------------------------------------------------------------------------


def desk(text: Text) -> None:
    """Named scenarios, weights as a tree, what differs, weights out of comparisons, seasons."""
    _library(text)
    weightings.tree(text)
    _differences(text)
    weightings.pairwise(text)
    seasons.seasons(text)


def _library(text: Text) -> None:
    with st.container(border=True):
        st.markdown(changed_sentence(text))
        left, right = st.columns(2, gap="large")
        with left:
            _save(text)
        with right:
            _shelf(text)
        widgets.issues(session.held("book_trouble", ()))


def changed_sentence(text: Text) -> str:
    """How the present settings stand to the defaults."""
    turned = len(diff(session.baseline(), session.scenario()))
    return text("whatif.desk.turned", n=turned) if turned else text("whatif.desk.unturned")


def _save(text: Text) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = _name_field("scenario_name", "", text("whatif.desk.name"), text("whatif.desk.name_hint"))
        if st.button(text("whatif.desk.save"), key="save_scenario", icon=":material/bookmark_add:"):
            _saved(name, text)
    with st.container(horizontal=True):
        back = session.steps_back()
        st.button(
            text("whatif.desk.undo"),
            key="undo",
            icon=":material/undo:",
            on_click=session.undo,
            disabled=not back,
            type="tertiary",
        )
        widgets.reset(session.SCORING_ROOMS, text)
        with st.popover(text("whatif.desk.link"), icon=":material/link:", type="tertiary"):
            st.caption(text("whatif.desk.link_help"))
            st.code(session.link(), language=None, wrap_lines=True)


def _name_field(key: str, value: str, label: str, hint: str = "") -> str:
    tied = session.widget(key, session.remembered(key, value))
    return str(st.text_input(label, max_chars=LONGEST_NAME, placeholder=hint or None, **tied)).strip()


def _saved(name: str, text: Text) -> None:
    if not name:
        st.warning(text("whatif.desk.nameless"), icon=":material/edit:")
        return
    session.keep_book(session.book().with_scenario(name, session.scenario()))
    session.hold(book_trouble=())
    st.toast(text("whatif.desk.saved", name=name), icon=":material/bookmark_added:")
    st.rerun()


def _shelf(text: Text) -> None:
    named = {code: name_of(code, text) for code in codes() if code != "now"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        code = parts.choose(
            "shelf", list(named), text("whatif.desk.shelf"), named.__getitem__, first="preset:small_team"
        )
        st.button(
            text("whatif.desk.take"),
            key="take_scenario",
            icon=":material/check:",
            on_click=session.take,
            args=(scenario_of(code),),
        )
    with st.container(horizontal=True):
        if code.startswith("saved:"):
            _manage(code.removeprefix("saved:"), text)
        _files(text)


def _manage(name: str, text: Text) -> None:
    with st.popover(text("whatif.desk.manage"), icon=":material/edit:", type="tertiary"):
        new = _name_field(f"rename_{name}", name, text("whatif.desk.new_name"))
        with st.container(horizontal=True):
            if st.button(text("whatif.desk.rename"), key="rename_scenario", disabled=not new or new == name):
                _renamed(name, new)
            st.button(text("whatif.desk.copy"), key="copy_scenario", on_click=_copy, args=(name,))
            st.button(text("whatif.desk.delete"), key="delete_scenario", on_click=_delete, args=(name,))


def _renamed(name: str, new: str) -> None:
    try:
        session.keep_book(session.book().renamed(name, new))
    except ScenarioError as error:
        session.hold(book_trouble=(error.issue,))
    else:
        session.hold(book_trouble=())
        session.choose_instead(f"saved:{name}", f"saved:{new}")
    st.rerun()


def _copy(name: str) -> None:
    book = session.book()
    session.keep_book(book.with_scenario(book.free_name(name), book.named(name)))


def _delete(name: str) -> None:
    session.keep_book(session.book().without(name))


def _files(text: Text) -> None:
    with st.popover(text("whatif.desk.open"), icon=":material/folder_open:", type="tertiary"):
        st.caption(text("whatif.desk.open_help"))
        given = st.file_uploader(
            text("whatif.desk.file"), type=["yaml", "yml"], key="book_file", label_visibility="collapsed"
        )
    if given and session.is_new("book_file", given.file_id):
        session.hold(book_trouble=session.read_book(given.name, given.getvalue()))
        st.rerun()
    if session.book().scenarios:
        book = session.book()
        widgets.download_text(text("whatif.desk.download"), "scenarios.yaml", book.to_yaml)


def _differences(text: Text) -> None:
    st.markdown(f"**{text('whatif.desk.differences')}**")
    chosen = sides("desk", text)
    rows = difference_rows(chosen, text)
    if not rows:
        st.info(text("whatif.side.same"), icon=":material/drag_handle:")
        return
    config = parts.headings("whatif", DIFFERENCES, text)
    config = {name: each for name, each in config.items() if name != "also" or chosen.also}
    widgets.table(views.listed(rows), text, "scenario_differences", column_config=config, **parts.roomy(rows))


def difference_rows(chosen: Sides, text: Text) -> list[dict[str, Any]]:
    """One row per knob that any two of the scenarios set differently."""
    there = {"from": scenario_of(chosen.a), "to": scenario_of(chosen.b)}
    if chosen.also:
        there["also"] = scenario_of(chosen.also)
    turned = {change.knob: change.cause for other in there.values() for change in diff(there["from"], other)}
    return [
        {"knob": widgets.knob_words(KNOBS[key], text)[0], "cause": text(f"whatif.cause.{turned[key] or 'none'}")}
        | {side: setting(key, scenario.get(key), text) for side, scenario in there.items()}
        for key in KNOBS
        if key in turned
    ]


def setting(key: str, value: Any, text: Text) -> str:
    """A knob's setting as it is read."""
    knob = KNOBS[key]
    if knob.kind == "number":
        return widgets.kpi_value(text, float(value), knob.metric) if knob.room == "anchor" else f"{value:.4g}"
    if knob.kind == "flag":
        return text(f"whatif.setting.{'yes' if value else 'no'}")
    if knob.kind == "choice":
        return widgets.option_name(knob, value, text)
    if knob.kind == "choices":
        return text("scores.control.comma").join(value) or text("pages.frame.everything")
    return value.isoformat() if isinstance(value, date) else "–"


def how_lines(part: str, text: Text) -> list[str]:
    """How a part of the page comes about."""
    return [text(f"whatif.how.{part}_{at}") for at in range(1, 9) if text.has(f"whatif.how.{part}_{at}")]
