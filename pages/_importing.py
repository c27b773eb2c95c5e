"""What the Data page shows of an import, and what it makes of the corrections: ledger and matches in, tables in words out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core.errors import Issue
from core.ingest import Choices, FileChoice, InputFile, answers, preview
from core.log import FileReport, Log
from core.period import day_date
from core.privacy import mask_id, mask_text
from core.schema import table as schema_table
from core.text import Text
from core.views import listed
from pages import _session as session
from pages import _widgets as widgets

ZONES = (
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore", "Asia/Bangkok", "Asia/Jakarta", "Asia/Kuala_Lumpur", "Asia/Manila",
    "Asia/Ho_Chi_Minh", "Asia/Tokyo", "Asia/Seoul", "Asia/Dubai", "Asia/Kolkata", "Europe/London", "Europe/Berlin", "Europe/Paris",
    "Europe/Madrid", "Europe/Rome", "Europe/Moscow", "America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo",
    "America/Mexico_City", "Australia/Sydney", "UTC",
)  # fmt: skip
TYPES = ["csv", "tsv", "txt", "xlsx", "xlsm", "parquet", "json", "jsonl", "ndjson", "zip", "db", "sqlite", "sqlite3"]
_PERSONAL = ("customer_id",)
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_ROWS = 12


# --- in ----------------------------------------------------------------------------------------------------------------------


def upload(text: Text) -> None:
    """Files, the sample or a mapping file in; what is new is read at once, with a bar."""
    st.markdown(text("pages.data.upload_hint"))
    given = st.file_uploader(
        text("pages.data.upload"),
        type=TYPES,
        accept_multiple_files=True,
        help=text("pages.data.upload_help"),
        key="files",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            text("pages.data.sample"), help=text("pages.data.sample_help"), key="sample", icon=":material/science:"
        ):
            _read(text, partial(session.load_sample, "shop"))
        with st.popover(text("pages.data.mapping_load"), icon=":material/rule:"):
            mapping = st.file_uploader(
                text("pages.data.mapping_load"), type=["json"], key="mapping", label_visibility="collapsed"
            )
    if mapping is not None and session.is_new("mapping", mapping.file_id):
        decided = session.mapping(mapping.name, mapping.getvalue())
        if decided is not None:
            _read(text, partial(session.load_uploads, given, decided=decided))
    if given and session.is_new("files", tuple(file.file_id for file in given)):
        _read(text, partial(session.load_uploads, given))


def _read(text: Text, load: Callable) -> None:
    with st.status(text("pages.data.reading"), expanded=True) as status:
        bar = st.progress(0.0)
        found = load(progress=lambda done, of, name: bar.progress(min(done / max(of, 1), 1.0), text=name))
        status.update(
            label=text("pages.data.read_failed" if found else "pages.data.read_done"),
            state="error" if found else "complete",
        )
    if not found:
        st.rerun()


# --- what became of it -------------------------------------------------------------------------------------------------------


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


def ledger(found: Sequence[FileReport], text: Text) -> Any:
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


# --- columns -----------------------------------------------------------------------------------------------------------------


def _columns(report: FileReport, text: Text) -> Any:
    """One row per heading: the field it was taken for and why."""
    return listed([
        {
            "heading": match.name,
            "field": match.field,
            "kind": text(f"schema.kind.{match.kind}") if match.kind else "–",
            "format": _format(match.format, text),
            "evidence": text("pages.data.comma").join(text(f"ingest.evidence.{each}") for each in match.evidence) or "–",
            "runner_up": field_name(match.runner_up, text) if match.runner_up else "–",
        }
        for match in report.columns
    ])  # fmt: skip


def _format(code: str, text: Text) -> str:
    """A date order or a unit in words; any other format as the import names it."""
    known = next((key for key in (f"ingest.order.{code}", f"ingest.unit.{code}") if text.has(key)), "")
    return text(known) if known else code or "–"


def field_name(field: str, text: Text) -> str:
    """A field of the schema in words."""
    if not field:
        return text("ingest.page.unused")
    return text(f"schema.column.{field}.name") if text.has(f"schema.column.{field}.name") else field


def _editor(report: FileReport, text: Text) -> Any:
    """The matches as a table whose field can be corrected; returns it as edited."""
    fields = ["", *(column.name for column in schema_table(report.table).columns)]
    frame = _columns(report, text)
    config: dict[str, Any] = {
        name: st.column_config.TextColumn(text(f"pages.column.{name}"), disabled=True) for name in frame.columns
    }
    config["field"] = st.column_config.SelectboxColumn(
        text("pages.column.field"), options=fields, format_func=lambda field: field_name(field, text)
    )
    return st.data_editor(
        frame, column_config=config, hide_index=True, width="stretch", key=f"columns_{report.file}_{report.table}"
    )


def _corrected(report: FileReport, edited: Any, decided: Choices, zone: str) -> Choices:
    """The decisions with another zone and the fields that were changed in the table."""
    decided = replace(decided, zone=zone)
    found = {match.name: match.field for match in report.columns}
    fields = (field or "" for field in edited["field"])
    wanted = {
        heading: field for heading, field in zip(edited["heading"], fields, strict=True) if found[heading] != field
    }
    if not wanted:
        return decided
    name = f"{report.file}#{report.sheet}" if report.sheet and "#" not in report.file else report.file
    return replace(decided, files=(*decided.files, FileChoice(name, report.table, wanted)))


def matching(text: Text) -> None:
    """Which column is what, editable; zone; apply and read again; the mapping file."""
    st.caption(text("pages.data.matching_help"))
    found = [report for report in session.log().ledger.files if report.columns]
    report = st.selectbox(
        text("pages.column.file"), found, format_func=lambda each: f"{each.file} {each.sheet}", key="matched_file"
    )
    edited = _editor(report, text)
    zone = st.selectbox(
        text("pages.data.zone"),
        ZONES,
        help=text("pages.data.zone_help"),
        accept_new_options=True,
        **session.zone_widget(),
    )
    with st.container(horizontal=True):
        if st.button(text("pages.data.apply"), type="primary", key="apply", icon=":material/refresh:"):
            decided = _corrected(report, edited, session.choices(), zone)
            _read(text, partial(session.load_uploads, (), decided=decided))
        widgets.download_text(text("pages.data.mapping_save"), "mapping.json", session.mapping_file)


# --- preview and answers -----------------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=4, show_spinner=False)
def _previews(digest: str, _files: Sequence[InputFile], _choices: Choices) -> Any:
    return preview(_files, _choices, _ROWS)


def previews(log: Log) -> Any:
    """The first rows of every table, read once a log."""
    return _previews(log.digest, session.files(), session.choices())


def raw_rows(shown: Any, log: Log) -> Any:
    """A preview as the file has it; customers and contacts masked."""
    personal = {match.name for match in shown.columns if match.field in _PERSONAL}
    return listed([
        {head: _masked(cell, head in personal, log) for head, cell in zip(shown.headings, row, strict=True)} for row in shown.raw
    ])  # fmt: skip


def understood_rows(shown: Any, log: Log, text: Text) -> Any:
    """A preview as it was understood: field names in words, instants as local time, durations in seconds."""
    rows = shown.understood.to_pylist()
    kinds = {column.name: column.kind for column in schema_table(shown.table).columns}
    return listed([
        {field_name(name, text): _understood(name, value, kinds, log) for name, value in row.items() if name in kinds} for row in rows
    ])  # fmt: skip


def _understood(name: str, value: Any, kinds: dict[str, str], log: Log) -> str:
    if value is None:
        return "–"
    if kinds[name] == "instant":
        return f"{session.wall(value, log.zone):%Y-%m-%d %H:%M:%S}"
    if kinds[name] == "date":
        return day_date(value).isoformat()
    return str(_masked(value, name in _PERSONAL, log))


def _masked(value: Any, personal: bool, log: Log) -> Any:
    if not isinstance(value, str):
        return value
    return mask_id(value, log.digest) if personal else mask_text(value)


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
        either.join(f"{text(f'schema.table.{table}.name')} · {field_name(field, text)}" for table, field in need)
        for need in lacking
    )
