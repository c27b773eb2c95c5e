"""Scores and what-if: who gets which grade, and what would another weighting change?"""

import streamlit as st

from core.metrics import GROUPS, SCORED, metric
from core.text import Text
from pages import _indicators as indicators
from pages import _parts as parts
from pages import _scorecards as scorecards
from pages import _session as session
from pages import _targets as targets
from pages import _weightings as weightings
from pages import _widgets as widgets
from pages._shell import alone, framed

MOST_LINES = 8


def _knobs(text: Text) -> None:
    with st.container(border=True):
        for column, group in zip(st.columns(len(GROUPS)), GROUPS, strict=True):
            with column:
                widgets.knob(f"w_{group}", text)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(scorecards.shares_line(text))
            words = {name: text(f"scores.control.{name}") for name in DRAWERS}
            opened = parts.choose_or_not("scores_drawer", list(words), text("scores.control.more"), words.__getitem__)
            shown = session.widget("with_doubt", scorecards.with_doubt())
            st.toggle(text("scores.control.doubt"), help=text("scores.control.doubt_help"), **shown)
            widgets.reset(session.SCORING_ROOMS, text)
        turns, absent = scorecards.unanswerable(text)
        if absent:
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                st.caption(text("scores.control.absent", list=absent))
                st.button(
                    text("scores.control.only_known"),
                    key="only_known",
                    on_click=session.turn,
                    args=(turns,),
                    type="tertiary",
                )
        for line in (*scorecards.spoiled(text), *weightings.warnings(session.scores(), text)):
            st.warning(line, icon=":material/warning:")
        if opened:
            DRAWERS[opened](text)


def _weights(text: Text) -> None:
    lines = scorecards.kpi_share_lines(text)
    st.caption(text("scores.control.kpis_help"))
    for column, group in zip(st.columns(len(GROUPS), gap="large"), GROUPS, strict=True):
        with column:
            st.markdown(f"**{text(f'grades.group.{group}')}**")
            for key in scorecards.scored_keys(group):
                widgets.knob(f"w_{key}", text, compact=True)
                st.caption(lines[key])


def _anchors(text: Text) -> None:
    st.caption(text("scores.control.anchors_help"))
    columns = st.columns([2, 1, 1, 1], vertical_alignment="bottom")
    with columns[0]:
        names = {each.key: widgets.metric_name(each.key, text) for each in SCORED}
        key = parts.choose("anchor_of", list(names), text("scores.control.anchors_pick"), names.__getitem__)
    for column, name in zip(columns[1:], ("target", "pass", "floor"), strict=True):
        with column:
            widgets.knob(f"{name}_{key}", text)
    st.caption(text("scores.control.anchors_unit", unit=text(f"scores.unit.{metric(key).unit}")))
    targets.levels(key, text)


def _bands(text: Text) -> None:
    for column, name in zip(
        st.columns(5, gap="medium"), ("band_a", "band_b", "band_c", "min_conversations", "team_share"), strict=True
    ):
        with column:
            widgets.knob(name, text)


DRAWERS = {"kpis": _weights, "anchors": _anchors, "bands": _bands, "system": indicators.system}


def _insufficient(text: Text) -> None:
    lines = scorecards.ungraded_lines(text)
    if not lines:
        return
    st.markdown(f"**{text('scores.table.insufficient', n=len(lines))}**")
    st.caption("  \n".join(lines[:MOST_LINES]))
    if len(lines) > MOST_LINES:
        with st.expander(text("scores.sentence.more", n=len(lines) - MOST_LINES)):
            st.caption("  \n".join(lines[MOST_LINES:]))


def _one_agent(text: Text) -> None:
    place = parts.fold(text("scores.table.one"), "one", "person_search")
    if not place.open:
        return
    with place:
        agent = parts.choose("who", session.scores().names, text("scores.table.who"), str)
        st.markdown("  \n".join(scorecards.part_lines(agent, text)))
        frame, raw = scorecards.parts_table(agent, text)
        if len(raw):
            widgets.show_chart(scorecards.parts_chart(agent, text), text, key="score_parts")
            config = parts.headings("scores", scorecards.PART_UNITS, text)
            widgets.table(frame, text, "score_parts_table", file=raw, column_config=config)


def _body(text: Text) -> None:
    if not session.scores().names:
        st.info(text("compare.sentence.nobody"), icon=":material/person_off:")
        return
    _knobs(text)
    card = scorecards.card()
    st.markdown(f"{scorecards.standing_sentence(card, text)}  \n{scorecards.change_sentence(card, text)}")
    if len(card):
        left, right = st.columns([3, 2], gap="large")
        with left:
            widgets.show_chart(scorecards.arrows_chart(card, text), text, key="scores")
        with right:
            widgets.show_chart(scorecards.grades_chart(text), text, key="grades")
            st.markdown(scorecards.moved_lines(card, text))
            _insufficient(text)
        st.markdown(f"**{text('scores.table.title')}**")
        st.caption(scorecards.apart_sentence(text))
        config = parts.headings("scores", scorecards.UNITS, text)
        widgets.table(scorecards.shown_card(card, text), text, "scorecard", file=card, column_config=config)
    else:
        _insufficient(text)
    _one_agent(text)
    targets.draw(text)
    parts.how("scores", [each.key for each in SCORED], scorecards.how_lines(text), text)


framed()
words = session.text()
widgets.heading("scores", words)
if session.log() is None:
    widgets.empty(words)
elif not parts.nothing_here(words):
    alone(_body, words)
