"""SQLite files → tables of text cells: every table of the file is one, as every sheet of a workbook is. Nothing is ever written."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np
import pyarrow as pa

from core.errors import InputError, Issue
from core.ingest.cells import cell_text

MAGIC = b"SQLite format 3\0"
_WRITE_AHEAD = slice(18, 20)


def tables(name: str, data: bytes) -> list[tuple[str, tuple[str, ...], list[pa.Array]]]:
    """Name, headings and columns of every table with rows; views are not run.

    Args:
        name: the file's name, for the issue.
        data: the whole file; it is opened in memory, so the file itself is never touched.

    Raises:
        InputError: the bytes are no database that SQLite can read.
    """
    copy = bytearray(data)
    copy[_WRITE_AHEAD] = b"\1\1"  # a copy in memory has no write-ahead log
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(bytes(copy))
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA query_only = ON")
            connection.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
            return [found for table in _names(connection) if (found := _table(connection, table)) is not None]
    except (sqlite3.Error, ValueError) as error:
        raise InputError(Issue("database_unreadable", "error", file=name, value=str(error)[:80])) from error


def _names(connection: sqlite3.Connection) -> Sequence[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
    )
    return [str(row[0]) for row in rows]


def _table(connection: sqlite3.Connection, table: str) -> tuple[str, tuple[str, ...], list[pa.Array]] | None:
    quoted = table.replace('"', '""')
    cursor = connection.execute(f'SELECT * FROM "{quoted}"')
    headings = tuple(str(column[0]) for column in cursor.description)
    columns: list[list[str | None]] = [[] for _ in headings]
    while rows := cursor.fetchmany(50_000):
        for place, cells in enumerate(zip(*rows, strict=True)):
            columns[place].extend(_text(cell) for cell in cells)
    if not columns or not columns[0]:
        return None
    return table, headings, [pa.array(column, pa.string()) for column in columns]


def _text(value: Any) -> str | None:
    return None if isinstance(value, bytes) else cell_text(value)


def row_numbers(column: pa.Array) -> np.ndarray:
    """Rows as a spreadsheet would count them below a row of headings."""
    return np.arange(2, len(column) + 2, dtype=np.int64)
