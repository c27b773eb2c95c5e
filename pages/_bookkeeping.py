"""The import's book in words: how each file was read, what became of its rows, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.errors import Issue
from core.log import FileReport
from core.text import Text
from core.views import listed
from pages import _session as session
from pages import _widgets as widgets

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


def ledger(text: Text) -> None:
    """Files and problems as tables, both downloadable."""
    files = session.log().ledger.files
    st.markdown(f"{text('pages.data.ledger_help')} {balance(files, text)}")
    widgets.table(reports(files, text), text, "reports")
    found = problems(files, text)
    if len(found):
        st.table(worded(found, text))
        widgets.download(text("pages.download.csv"), "ledger", found)
    else:
        st.success(text("pages.data.ledger_clean"))


def reports(found: Sequence[FileReport], text: Text) -> Any:
    """One row per table of a file: how it was read and what became of its rows."""
    return listed([_report(report, text) for report in found])


def _report(report: FileReport, text: Text) -> dict[str, Any]:
    separator = _SEPARATORS.get(report.separator, "")
    return {
        "file": report.file,
        "table": text(f"schema.table.{report.table}.name") if report.table else "–",
        "encoding": report.encoding,
        "separator": text(f"pages.separator.{separator}") if separator else report.separator or "–",
        "sheet": report.sheet or "–",
        "rows_read": report.rows_read,
        "rows_kept": report.rows_kept,
        "rows_dropped": report.rows_dropped,
    }


def problems(found: Sequence[FileReport], text: Text) -> Any:
    """One row per problem: what happened to how many rows, and the cure; the whole ledger stays downloadable."""
    return listed([_entry(issue, text) for report in found for issue in report.issues])


def worded(frame: Any, text: Text) -> Any:
    """A table with its headings in words, for a static view that shows long sentences whole."""
    words = {name: text(f"pages.column.{name}") for name in frame.columns}
    return frame.astype("object").where(frame.notna(), "–").rename(columns=words).set_index(words["file"])


def _entry(issue: Issue, text: Text) -> dict[str, Any]:
    message, cure = widgets.issue_words(issue, text)
    return {
        "file": issue.file,
        "severity": text(f"ingest.severity.{issue.severity}"),
        "message": message,
        "rows": issue.rows,
        "row": issue.row or None,
        "cure": cure,
    }


def balance(found: Sequence[FileReport], text: Text) -> str:
    """Read, kept and dropped rows of the whole import."""
    total = {
        name: text.number(sum(getattr(report, f"rows_{name}") for report in found), 0)
        for name in ("read", "kept", "dropped")
    }
    return text("pages.data.ledger_sum", **total)
