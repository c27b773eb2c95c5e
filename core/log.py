"""A Log: the tables a user handed in, in the project's own columns and types, and the ledger of what happened to each row.

Types inside (whatever the file had): ids and text are strings; instants are integer UTC milliseconds; dates are integer local days
since 1970-01-01; durations are seconds; flags are 0/1; everything may be null, and null means "not known".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from core.errors import Issue

Source: TypeAlias = pa.Table | Path
"""A staging table: in memory, or a Parquet file that the engine scans where it lies."""


def nulls(source: Source, column: str) -> tuple[int, int]:
    """How many cells of a column are empty, and how many rows there are; a file that does not say is taken to be full.

    >>> nulls(pa.table({"a": [1, None]}), "a")
    (1, 2)
    """
    if isinstance(source, pa.Table):
        return source.column(column).null_count, source.num_rows
    import pyarrow.parquet as pq

    found = pq.read_metadata(source)
    at = found.schema.to_arrow_schema().get_field_index(column)
    parts = [found.row_group(group).column(at).statistics for group in range(found.num_row_groups)]
    return sum(part.null_count for part in parts if part is not None and part.has_null_count), found.num_rows


@dataclass(frozen=True)
class ColumnMatch:
    """Which field a heading was taken for, and why.

    ``evidence`` are codes (``"heading"``, ``"values"``, ``"mapping"``, ``"user"``); ``runner_up`` is the second best field or empty.
    """

    name: str
    field: str
    kind: str
    format: str = ""
    evidence: tuple[str, ...] = ()
    runner_up: str = ""


@dataclass(frozen=True)
class FileReport:
    """One table of one file: how it was read and what became of its rows. ``rows_read == rows_kept + rows_dropped``.

    ``encoding_confidence``: 0–1, how sure the encoding is; 1 where the bytes or the user settle it, or where the format has none.
    ``seqs`` is the half-open range of ``seq`` that its rows have in the log's table: with a row number of the file (``file_row``) it
    finds the row again, since several files may stand in one table.
    ``platform``: whose export it is, where the layout or the user says so; else empty.
    """

    table: str
    file: str
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    rows_read: int = 0
    rows_kept: int = 0
    rows_dropped: int = 0
    columns: tuple[ColumnMatch, ...] = ()
    issues: tuple[Issue, ...] = ()
    encoding_confidence: float = 1.0
    seqs: tuple[int, int] = (0, 0)
    platform: str = ""


@dataclass(frozen=True)
class Ledger:
    """The book of the import: one report a file and table; read, kept and dropped add up."""

    files: tuple[FileReport, ...] = ()

    @property
    def issues(self) -> tuple[Issue, ...]:
        """All issues of all files, in order."""
        return tuple(issue for report in self.files for issue in report.issues)

    @property
    def errors(self) -> tuple[Issue, ...]:
        """What kept a file, or what it held, out altogether: to be said aloud, not only in the book."""
        return tuple(issue for issue in self.issues if issue.severity == "error")


@dataclass(frozen=True)
class Log:
    """What was loaded: staging tables by name (see `core.schema`), the shop's zone, the ledger, a digest of bytes and choices.

    ``elsewhere`` makes the facts of a log whose rows stay where they lie, from the slow knobs; such a log has no tables.
    """

    digest: str
    zone: str
    tables: Mapping[str, Source]
    ledger: Ledger = field(default_factory=Ledger)
    elsewhere: Callable[[Any], Any] | None = field(default=None, compare=False, repr=False)

    def has(self, table: str, column: str = "") -> bool:
        """Whether a table, or a column of it, was handed in.

        >>> Log("d", "UTC", {"messages": pa.table({"sent_at": [1]})}).has("messages", "sent_at")
        True
        """
        if table not in self.tables:
            return False
        return not column or column in self.columns(table)

    @property
    def cut_by_silence(self) -> bool:
        """Whether conversations must be cut from messages, because not every message names its conversation."""
        source = self.tables.get("messages")
        if source is None:
            return False
        return not self.has("messages", "conversation_id") or nulls(source, "conversation_id")[0] > 0

    def columns(self, table: str) -> tuple[str, ...]:
        """Names of a table's columns; empty when the table is absent."""
        source = self.tables.get(table)
        if source is None:
            return ()
        if isinstance(source, Path):
            import pyarrow.parquet as pq

            return tuple(pq.read_schema(source).names)
        return tuple(source.column_names)
