"""What to do about a line of the import's book: questions with their answers as buttons, one-click cures, and the way back from each."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from core.errors import Issue
from core.ingest.cures import cures
from core.log import FileReport
from core.text import Text
from pages import _loading as loading
from pages import _widgets as widgets

QUESTIONS = (
    "zone_doubtful", "zones_differ", "ambiguous_date_order", "clock_doubtful", "share_doubtful",
    "unit_from_stamps", "scale_doubtful", "encoding_doubtful", "bot_suspected",
)  # fmt: skip
"""Lines where the import took one of several readings that change the figures: the reader decides."""
_ONCE_A_FILE = ("zone_doubtful", "ambiguous_date_order")
"""One answer settles every column of the file."""
_ASKED_AT_ONCE = 3
_ANSWERS = 4


def questions(text: Text) -> None:
    """The open questions, above all else: what was assumed, and the other readings as buttons."""
    found = list(_open())
    if not found:
        return
    st.markdown(f"##### {text('pages.data.questions', n=len(found))}")
    for report, issue in found[:_ASKED_AT_ONCE]:
        with st.container(border=True):
            st.markdown(f":material/help: {widgets.issue_words(issue, text)[0]}")
            with st.container(horizontal=True):
                _buttons(issue, report, text, "ask")
                st.button(
                    text("pages.data.keep_reading"),
                    key=f"ask_keep_{_mark(issue)}",
                    on_click=loading.settle,
                    args=(_mark(issue),),
                    type="tertiary",
                )
    if len(found) > _ASKED_AT_ONCE:
        st.caption(text("pages.data.questions_more", n=len(found) - _ASKED_AT_ONCE))


def _open() -> Iterator[tuple[FileReport, Issue]]:
    """Questions that were not answered, those that move the most figures first, each once."""
    found = [(report, issue) for report in loading.reports() for issue in report.issues if issue.code in QUESTIONS]
    seen: set[str] = set()
    for report, issue in sorted(found, key=lambda line: QUESTIONS.index(line[1].code)):
        mark = _mark(issue)
        if mark not in seen and not loading.settled(mark) and cures(issue, loading.decided(), report):
            seen.add(mark)
            yield report, issue


def _mark(issue: Issue) -> str:
    """What a question is known by, over several readings of the same files."""
    column = "" if issue.code in _ONCE_A_FILE else f"{issue.column} {issue.value}"
    return "·".join((issue.code, issue.file, column))


def cure_buttons(issue: Issue, text: Text, key: str) -> None:
    """A button for each one-click cure of a line; none where only the source can cure it."""
    report = next((each for each in loading.reports() if any(issue is line for line in each.issues)), None)
    if cures(issue, loading.decided(), report):
        with st.container(horizontal=True):
            _buttons(issue, report, text, key)


def _buttons(issue: Issue, report: FileReport | None, text: Text, key: str) -> None:
    for at, cure in enumerate(cures(issue, loading.decided(), report)[:_ANSWERS]):
        name = "_".join((key, loading.stamp(), _mark(issue), str(issue.row), str(at)))
        st.button(cure.words(text), key=name, on_click=loading.apply, args=(cure,), icon=":material/healing:")


def applied(text: Text) -> None:
    """What was changed by hand or by a button, each with the way back to before it."""
    made = loading.applied()
    if not made:
        return
    st.markdown(f"**{text('pages.data.applied')}**")
    for at, step in enumerate(made):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(step.cure.words(text) if step.cure else text("pages.data.applied_by_hand"), width="content")
            st.button(
                text("pages.data.undo"),
                key=f"undo_{loading.stamp()}_{at}",
                on_click=loading.undo,
                args=(at,),
                type="tertiary",
                icon=":material/undo:",
                help=text("pages.data.undo_help"),
            )

