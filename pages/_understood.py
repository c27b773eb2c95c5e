"""What an import was understood as, in a few lines, and what can be answered from it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.ingest import answers
from core.log import Log
from core.text import Text
from pages import _matching as matching
from pages import _session as session

_FILES_SHOWN = 8


def summary(text: Text) -> None:
    """Conversations, days, agents and zone; which file is what; what can be answered; and the way to the first figures."""
    with st.container(border=True, key="understood"):
        st.markdown(f"#### {text('pages.data.understood')}")
        st.markdown(text("pages.data.understood_line", **_about(text)))
        st.markdown("\n".join(f"- {line}" for line in _files(text)))
        can, cannot = can_answer(session.log(), text)
        comma = text("pages.data.comma")
        st.caption(text("pages.data.understood_can", n=len(can), m=len(cannot), names=comma.join(can)))
        if st.button(text("pages.data.go_overview"), type="primary", key="go_overview", icon=":material/dashboard:"):
            st.switch_page("pages/2_overview.py")


def _about(text: Text) -> dict[str, str]:
    return session.loaded_facts(text) | {"agents": text.number(session.agents_of_log(), 0)}


def _files(text: Text) -> list[str]:
    """A line for each table of a file: its name, what it was taken for, rows."""
    reports = session.log().ledger.files
    lines = [
        text(
            "pages.data.understood_file",
            file=" · ".join(filter(None, (report.file, report.sheet))),
            table=text(f"schema.table.{report.table}.name") if report.table else text("pages.data.table_open"),
            kept=text.number(report.rows_kept, 0),
            read=text.number(report.rows_read, 0),
        )
        for report in reports[:_FILES_SHOWN]
    ]
    more = len(reports) - len(lines)
    return [*lines, text("pages.data.understood_more", n=more)] if more else lines


def can_answer(log: Log, text: Text) -> tuple[list[str], list[str]]:
    """What the log can answer, and what it cannot with the columns it would take."""
    can, cannot = [], []
    for answer in answers(log):
        name = text(f"ingest.capability.{answer.capability}")
        if answer.possible:
            can.append(name)
        else:
            cannot.append(
                f"**{name}** — {text(f'ingest.reason.{answer.reason}', columns=_lacking(answer.lacking, text))}"
            )
    return can, cannot


def _lacking(lacking: Any, text: Text) -> str:
    either = text("pages.data.answers_or")
    return text("pages.data.answers_and").join(
        either.join(f"{text(f'schema.table.{table}.name')} · {matching.field_name(field, text)}" for table, field in need)
        for need in lacking
    )


def can_and_cannot(text: Text) -> None:
    """Two lists: what the log can answer, and what it cannot with the columns it would take."""
    can, cannot = can_answer(session.log(), text)
    left, right = st.columns(2)
    left.markdown(f"**{text('pages.data.answers_can', n=len(can))}**\n\n" + "\n".join(f"- {each}" for each in can))
    right.markdown(
        f"**{text('pages.data.answers_cannot', n=len(cannot))}**\n\n" + "\n".join(f"- {each}" for each in cannot)
    )
    if not cannot:
        right.caption(text("pages.data.answers_all"))
