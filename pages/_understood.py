"""What an import was understood as, in a few lines, and what can be answered from it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.ingest import answers
from core.log import FileReport, Log
from core.text import Text
from pages import _matching as matching
from pages import _session as session

_FILES_SHOWN = 8


def summary(text: Text) -> None:
    """Conversations, days, agents and zone; which file is what; what can be answered; and the way to the first figures."""
    with st.container(border=True, key="understood"):
        st.subheader(text("pages.data.understood"), anchor=False)
        st.markdown(text("pages.data.understood_line", **_about(text)))
        st.markdown("\n".join(f"- {line}" for line in _files(text)))
        can, cannot = can_answer(session.log(), text)
        said = text("pages.data.understood_can", n=len(can), names=text("pages.data.comma").join(can))
        st.caption(said + (text("pages.data.understood_cannot", n=len(cannot)) if cannot else ""))
        if st.button(text("pages.data.go_overview"), type="primary", key="go_overview", icon=":material/dashboard:"):
            st.switch_page("pages/2_overview.py")


def _about(text: Text) -> dict[str, str]:
    return session.loaded_facts(text) | {"agents": text.number(session.agents_of_log(), 0)}


def _files(text: Text) -> list[str]:
    """A line for each table that is used: file, what it was taken for, rows; one line for those that are not."""
    reports = session.log().ledger.files
    used = [report for report in reports if report.rows_kept]
    unused = [_name(report) for report in reports if not report.rows_kept]
    lines = [
        text(
            "pages.data.understood_file",
            file=_name(report),
            table=text(f"schema.table.{report.table}.name"),
            kept=text.number(report.rows_kept, 0),
            read=text.number(report.rows_read, 0),
        )
        for report in used[:_FILES_SHOWN]
    ]
    if len(used) > len(lines):
        lines.append(text("pages.data.understood_more", n=len(used) - len(lines)))
    if unused:
        names = text("pages.data.comma").join(unused)
        lines.append(text("pages.data.understood_unused", n=len(unused), names=names))
    return lines


def _name(report: FileReport) -> str:
    return " · ".join(filter(None, (report.file, report.sheet)))


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
