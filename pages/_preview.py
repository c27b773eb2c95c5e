"""The first rows of every table, as the file has them and as they were understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.ingest import Choices, InputFile
from core.ingest import preview as first_rows
from core.log import Log
from core.period import day_date
from core.privacy import mask_id, mask_text
from core.schema import table as schema_table
from core.text import Text
from core.views import listed
from pages import _matching as matching
from pages import _session as session

_PERSONAL = ("customer_id",)
_ROWS = 12


def preview(text: Text) -> None:
    """One table, as read and as understood."""
    st.caption(text("pages.data.preview_masked"))
    shown = st.selectbox(
        text("pages.data.preview_pick"),
        previews(session.log()),
        format_func=lambda each: each.file,
        key="previewed",
    )
    st.markdown(f"**{text('pages.data.preview_raw')}**")
    st.dataframe(raw_rows(shown, session.log()), hide_index=True, key="raw_rows")
    st.markdown(f"**{text('pages.data.preview_read')}**")
    st.dataframe(understood_rows(shown, session.log(), text), hide_index=True, key="understood_rows")


@st.cache_resource(max_entries=4, show_spinner=False)
def _previews(digest: str, _files: Sequence[InputFile], _choices: Choices) -> Any:
    return first_rows(_files, _choices, _ROWS)


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
        {matching.field_name(name, text): _understood(name, value, kinds, log) for name, value in row.items() if name in kinds}
        for row in rows
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
