"""Two tabs of an agent's card: the receipt of the score, and the page for a talk. The words are `core.card`'s; nothing is computed here."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from core import card
from core.recompute import countable
from core.text import Text
from pages import _comparison as comparison
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets


def _voice(text: Text, names: dict[str, str] | None = None) -> card.Voice:
    return card.Voice(text, session.scenario(), names or {})


# --- receipt -----------------------------------------------------------------------------------------------------------------


def receipt(agent: str, key: str, text: Text) -> None:
    """Every line of the score with its formula and conversations, what is left out and missing, source, files."""
    found, voice = session.talk(agent).receipt, _voice(text)
    st.markdown("  \n".join(card.grade_lines(found, voice)))
    if len(found.lines):
        _lines(found, voice, text)
    else:
        st.info(text("card.screen.nothing"), icon=":material/info:")
    st.markdown("  \n".join(card.outside_lines(found, voice)))
    st.caption(card.source_line(found, voice))
    _files(found, voice, text)


def _lines(found: Any, voice: card.Voice, text: Text) -> None:
    st.caption(text("card.screen.pick"))
    picking = {"on_select": "rerun", "selection_mode": "single-row", "height": "content"}
    event = st.dataframe(card.receipt_table(found, voice), key="receipt_lines", hide_index=True, **picking)
    row = parts.clicked_row(event)
    if row is None or row >= len(found.lines):
        return
    line = next(found.lines.iloc[[row]].itertuples())
    st.markdown(f"**{voice.metric(line.key, short=False)}**  \n{card.formula(line, voice)}")
    frame = comparison.talked(session.counted(found.agent, line.key), text)
    said = "counted" if countable(line.key) else "newest"
    st.caption(text(f"card.screen.{said}", metric=voice.metric(line.key), n=len(frame)))
    config = parts.headings("compare", comparison.TALK_UNITS, text)
    widgets.table(frame, text, f"receipt_talks_{line.key}", column_config=config)


def _files(found: Any, voice: card.Voice, text: Text) -> None:
    name = f"receipt_{card.file_name(found.agent)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(text("card.screen.files"), width="content")
        widgets.download("CSV", name, card.named(found.lines, voice))
        widgets.download_file("XLSX", f"{name}.xlsx", lambda: _workbook(card.receipt_sheets(found, voice)))
        widgets.download_file("JSON", f"{name}.json", lambda: _json(found))


def _workbook(sheets: Any) -> bytes:
    from core.exports import xlsx_bytes

    return xlsx_bytes(sheets)


def _json(found: Any) -> bytes:
    from core.command import plain
    from core.receipt import as_dict

    return json.dumps(plain(as_dict(found)), ensure_ascii=False, indent=2).encode()


# --- talk --------------------------------------------------------------------------------------------------------------------


def talk(agent: str, key: str, text: Text) -> None:
    """One page: grade, strengths, what could be better, nearest step, what cannot be said, ratings, what comes next; as files."""
    found, voice = session.talk(agent), _voice(text)
    _grade(found, voice, text)
    left, right = st.columns(2, gap="large")
    with left:
        _list("strengths", card.told_lines(found, 1, voice), text)
    with right:
        _list("weaknesses", card.told_lines(found, -1, voice), text)
    _list("step", card.step_lines(found, voice), text)
    _list("limits", card.limit_lines(found, voice), text)
    _list("ratings", card.rating_lines(found, voice), text)
    grade = found.receipt.grade
    _list("action", _actions(text)[grade].splitlines(), text)
    _rewrite(text)
    _sheets(found, text)


def _grade(found: Any, voice: card.Voice, text: Text) -> None:
    one = found.receipt
    left, right = st.columns(2, gap="large")
    with left:
        _list("grade", card.grade_lines(one, voice), text)
    if found.graded:
        picture = card.interval_chart(one, session.scores().bands, voice)
        with right:
            st.vega_lite_chart(picture.data, picture.spec, key="talk_interval", alt=picture.alt, height=picture.height)


def _list(heading: str, lines: list[str], text: Text) -> None:
    if lines:
        told = "\n".join(f"- {line}" for line in lines)
        st.markdown(f"**{text(f'card.heading.{heading}')}**\n\n{told}")


def _actions(text: Text) -> dict[str, str]:
    kept = {grade: session.remembered(f"action_{grade}_{text.language}") for grade in card.default_actions(text)}
    return {grade: kept[grade] or words for grade, words in card.default_actions(text).items()}


def _rewrite(text: Text) -> None:
    place = parts.fold(text("card.screen.actions"), "actions", "edit_note")
    if not place.open:
        return
    with place:
        st.caption(text("card.screen.actions_help"))
        for grade, words in _actions(text).items():
            label = text("card.screen.action_of", grade=text(f"grades.grade.{grade}"))
            st.text_area(label, height=80, **session.widget(f"action_{grade}_{text.language}", words))


def _sheets(found: Any, text: Text) -> None:
    coded = st.toggle(
        text("card.screen.codes"), help=text("card.screen.codes_help"), **session.widget("codes", session.remembered("codes", False))
    )
    voice = _voice(text, session.codes() if coded else None)
    report, beside, actions = session.report(), session.company(), _actions(text)
    one = card.file_name(voice.agent(found.receipt.agent))
    with st.container(horizontal=True, vertical_alignment="center"):
        bands = report.scores.bands
        widgets.download_file(text("card.screen.sheet"), f"{one}.html", lambda: card.card_html(found, bands, actions, voice))
        together = f"{text('card.screen.all_file')}.zip"
        widgets.download_file(text("card.screen.all"), together, lambda: card.cards_zip(report, beside, actions, voice))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(text("card.screen.pay"), help=text("card.screen.pay_help"), width="content")
        widgets.download_made("CSV", "pay", lambda: card.pay_table(report, beside, voice))
        widgets.download_file("XLSX", "pay.xlsx", lambda: _workbook({text("card.screen.pay"): card.pay_table(report, beside, voice)}))
