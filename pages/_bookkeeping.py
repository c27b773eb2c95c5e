"""The import's book in words: how each file was read, what became of its rows, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.errors import Issue
from core.log import FileReport
from core.metrics import metric
from core.text import Text
from core.views import ledger_rows, listed, ranges
from pages import _remedies as remedies
from pages import _session as session
from pages import _widgets as widgets
from pages._parts import choose, fold

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


_SEVERITIES = ("error", "warning", "note")
_LINES_SHOWN = 60


def ledger(text: Text) -> None:
    """Files and problems, each problem with its cures; what was changed; what the lines do to the figures; everything downloadable."""
    files = session.log().ledger.files
    st.markdown(f"{text('pages.data.ledger_help')} {balance(files, text)}")
    widgets.table(reports(files, text), text, "reports", {"encoding_confidence": "share"})
    remedies.applied(text)
    found = session.log().ledger.issues
    if not found:
        st.success(text("pages.data.ledger_clean"))
        return
    _lines(found, text)
    with st.container(horizontal=True):
        widgets.download_made(text("pages.data.ledger_save"), "ledger", lambda: problems(files, text))
        widgets.download_made(text("pages.data.rows_save"), "ledger_rows", lambda: ledger_rows(files))
    if session.far() is not None:
        return
    place = fold(text("pages.data.effects"), "effects", "difference")
    if place.open:
        with place:
            _effects(found, text)


def _lines(found: Sequence[Issue], text: Text) -> None:
    """The problems of one severity, worst first unless the reader says otherwise."""
    counts = {name: sum(1 for issue in found if issue.severity == name) for name in _SEVERITIES}
    there = [name for name in _SEVERITIES if counts[name]]
    shown = choose(
        "severity",
        there,
        text("pages.column.severity"),
        lambda name: text("pages.data.severity", name=text(f"ingest.severity.{name}"), n=counts[name]),
        look="pills",
    )
    lines = [(at, issue) for at, issue in enumerate(found, 1) if issue.severity == shown]
    for at, issue in lines[:_LINES_SHOWN]:
        message, cure = widgets.issue_words(issue, text)
        with st.container(border=True, gap="xsmall"):
            st.markdown(text("pages.data.numbered", n=at, words=message))
            st.caption(cure)
            if session.far() is None:
                remedies.cure_buttons(issue, text, f"line_{at}")
    if len(lines) > _LINES_SHOWN:
        st.caption(text("pages.data.lines_more", n=len(lines) - _LINES_SHOWN))


def _effects(found: Sequence[Issue], text: Text) -> None:
    """What each line does to each KPI: with its rows, without them, the difference; lines without effect in one sentence."""
    st.caption(text("pages.data.effects_help"))
    bar = st.progress(0.0)
    frame = session.consequences(lambda done, of: bar.progress(done / of, text=text("pages.data.effects_busy", n=done)))
    bar.empty()
    rows = [_effect(row, found[row.line - 1], text) for row in frame.itertuples() if row.status == "ok"]
    if rows:
        widgets.table(listed(rows), text, "effects", {"rows": "count"}, file=frame)
    for code, lines in _without_effect(frame).items():
        numbers = text("pages.data.comma").join(str(line) for line in lines)
        st.caption(text("pages.data.effects_none", why=text(f"ingest.effect.{code}"), lines=numbers))


def _effect(row: Any, issue: Issue, text: Text) -> dict[str, Any]:
    return {
        "line": row.line,
        "rows": row.rows,
        "metric": widgets.metric_name(row.key, text),
        "with_rows": widgets.kpi_value(text, row.with_value, row.key),
        "without_rows": widgets.kpi_value(text, row.without_value, row.key),
        "difference": widgets.signed(metric(row.key), row.difference, text),
        "shown": text(f"ingest.effect.{row.now}"),
        "message": widgets.issue_words(issue, text)[0],
    }


def _without_effect(frame: Any) -> dict[str, list[int]]:
    """Reason → lines that change no figure or cannot be weighed."""
    found: dict[str, list[int]] = {}
    for row in frame.itertuples():
        if row.status != "ok":
            found.setdefault(row.reason or row.status, []).append(row.line)
    return found


def reports(found: Sequence[FileReport], text: Text) -> Any:
    """One row per table of a file: how it was read and what became of its rows."""
    return listed([_report(report, text) for report in found])


def _report(report: FileReport, text: Text) -> dict[str, Any]:
    separator = _SEPARATORS.get(report.separator, "")
    return {
        "file": report.file,
        "table": text(f"schema.table.{report.table}.name") if report.table else "–",
        "platform": report.platform or "–",
        "encoding": report.encoding or "–",
        "encoding_confidence": report.encoding_confidence if report.encoding else None,
        "separator": text(f"pages.separator.{separator}") if separator else report.separator or "–",
        "sheet": report.sheet or "–",
        "rows_read": report.rows_read,
        "rows_kept": report.rows_kept,
        "rows_dropped": report.rows_dropped,
    }


def problems(found: Sequence[FileReport], text: Text) -> Any:
    """One row per problem: what happened to how many rows, and the cure; the whole ledger stays downloadable."""
    issues = (issue for report in found for issue in report.issues)
    return listed([_entry(line, issue, text) for line, issue in enumerate(issues, 1)])


def _entry(line: int, issue: Issue, text: Text) -> dict[str, Any]:
    message, cure = widgets.issue_words(issue, text)
    return {
        "line": line,
        "file": issue.file,
        "severity": text(f"ingest.severity.{issue.severity}"),
        "message": message,
        "rows": issue.rows,
        "row_numbers": ranges(issue.row_numbers) or str(issue.row or ""),
        "cure": cure,
    }


def balance(found: Sequence[FileReport], text: Text) -> str:
    """Read, kept and dropped rows of the whole import."""
    total = {
        name: text.number(sum(getattr(report, f"rows_{name}") for report in found), 0)
        for name in ("read", "kept", "dropped")
    }
    return text("pages.data.ledger_sum", **total)
