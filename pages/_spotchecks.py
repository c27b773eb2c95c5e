"""The Compare page's spot checks: which conversations a person should read, and the sheet for it."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.spotchecks import ABOUT, REVIEW, counted, listed_criteria, review_sheet
from core.text import Text
from pages import _fairness as fairness
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

UNITS = {
    "agent": "", "conversation": "", "drawn_for": "", "started": "when", "customer": "", "channel": "", "language": "", "category": "",
    "first_response_s": "count", "rating": "count", "outcome": "",
}  # fmt: skip


def spotchecks(text: Text) -> None:
    """A seeded sample per agent, what it was drawn for, and the sheet to be filled in."""
    fairness.heading("spots", text)
    per_agent, seed, pointed = _controls(text)
    drawn = session.spotchecks(per_agent, seed, pointed)
    if drawn.empty:
        st.info(text("spots.none"), icon=":material/info:")
        return
    st.markdown(_said(drawn, per_agent, seed, text))
    config = parts.headings("compare", {name: unit for name, unit in UNITS.items() if name != "drawn_for"}, text)
    config["drawn_for"] = st.column_config.Column(text("spots.column.drawn_for"))
    widgets.table(_table(drawn, text), text, "spotchecks", file=drawn, column_config=config, height=420)
    _sheet(drawn, text)
    fairness.how("spots", [], text)


def _controls(text: Text) -> tuple[int, int, float]:
    with st.container(border=True):
        one, two, three = st.columns([2, 2, 3], vertical_alignment="bottom", gap="large")
        with one:
            per_agent = st.number_input(text("spots.control.per_agent"), 1, 100, step=1, **_tied("per_agent", 5))
        with two:
            help_ = text("spots.control.seed_help")
            seed = st.number_input(text("spots.control.seed"), 0, 999_999_999, step=1, help=help_, **_tied("seed", 1))
        with three:
            help_ = text("spots.control.pointed_help")
            pointed = st.slider(text("spots.control.pointed"), 0.0, 1.0, step=0.1, format="percent", help=help_, **_tied("pointed", 0.4))
    return int(per_agent), int(seed), float(pointed)


def _tied(name: str, start: Any) -> dict[str, Any]:
    return session.widget(f"spots_{name}", session.remembered(f"spots_{name}", start))


def _said(drawn: Any, per_agent: int, seed: int, text: Text) -> str:
    """How many were drawn for what, and what may be made of them."""
    found = counted(drawn, per_agent)
    named = [text(f"spots.reason_n.{name}", n=n) for name, n in found.reasons.items() if n]
    facts = {"n": text.number(found.conversations, 0), "agents": found.agents, "seed": seed}
    lines = [text("spots.said.drawn", list=text("scores.control.comma").join(named), **facts)]
    if found.short:
        lines.append(text("spots.said.short", n=found.short, least=per_agent))
    if found.reasons["random"] < found.conversations:
        lines.append(text("spots.said.pointed"))
    return "  \n".join(lines)


def _table(drawn: Any, text: Text) -> Any:
    return _worded(drawn, text)[list(UNITS)]


def _worded(drawn: Any, text: Text) -> Any:
    """Codes as words."""
    named = {"drawn_for": "spots.reason", "outcome": "compare.outcome"}
    return drawn.assign(**{name: [text(f"{room}.{code}") for code in drawn[name]] for name, room in named.items()})


def _sheet(drawn: Any, text: Text) -> None:
    st.markdown(f"**{text('spots.sheet.title')}**  \n{text('spots.sheet.what')}")
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        given = st.text_input(text("spots.sheet.criteria"), **_tied(f"criteria_{text.language}", text("spots.sheet.usual")))
    with right:
        highest = st.number_input(text("spots.sheet.highest"), 1.0, 1000.0, step=1.0, format="%.0f", **_tied("highest", 5.0))
    criteria = listed_criteria(given or "")
    if not criteria:
        st.warning(text("spots.sheet.no_criteria"), icon=":material/warning:")
        return
    headings = {name: text(f"spots.heading.{name}") for name in (*REVIEW, *ABOUT)}
    filled = partial(review_sheet, _worded(drawn, text), criteria, highest, headings)
    widgets.download_made(text("spots.sheet.download"), "review_sheet", filled)
