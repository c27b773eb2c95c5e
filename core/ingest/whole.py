"""What is said about all messages together when they lie in a file: conversations that contradict themselves, rows of two exports.

The same findings as `core.ingest.checks` and `core.ingest.join` have for tables in memory, asked of a Parquet file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.embedded import connect
from core.errors import Issue
from core.ingest.blocks import Blocks
from core.ingest.checks import PER_CONVERSATION

_ROWS = 1_000_000


class Whole:
    """The messages of a log in a Parquet file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns = tuple(pq.read_schema(path).names)
        self._con: duckdb.DuckDBPyConnection = connect()
        place = str(path).replace("'", "''")
        self._con.execute(f"CREATE VIEW messages AS SELECT * FROM read_parquet('{place}')")

    def close(self) -> None:
        """Gives the memory back."""
        self._con.close()

    def _ask(self, sql: str, **seen: pa.Table) -> duckdb.DuckDBPyConnection:
        """The answer, read by a cursor of its own that also sees some tables."""
        cursor = self._con.cursor()
        for name, table in seen.items():
            cursor.register(name, table)
        return cursor.execute(sql)

    def _row(self, sql: str, **seen: pa.Table) -> tuple[Any, ...]:
        return self._ask(sql, **seen).fetchone() or ()

    def conflicts(self, of: Blocks) -> list[Issue]:
        """Values of a conversation that differ between its messages, column by column."""
        headings = {name: of.large.head.headings[place] for name, place in of.large.match.fields.items()}
        named = [name for name in PER_CONVERSATION if name in headings and name in self.columns]
        if "conversation_id" not in self.columns:
            return []
        return [issue for name in named for issue in self._conflict(of, name, headings[name])]

    def _conflict(self, of: Blocks, name: str, heading: str) -> list[Issue]:
        here = f"seq >= {of.starts[0]} AND seq < {of.starts[1]} AND \"{name}\" IS NOT NULL AND conversation_id IS NOT NULL"
        torn = f"""SELECT conversation_id FROM messages WHERE {here} GROUP BY conversation_id HAVING min("{name}") <> max("{name}")"""
        rows = f"SELECT file_row FROM messages WHERE {here} AND conversation_id IN ({torn})"
        count, conversations = self._row(f"SELECT (SELECT count(*) FROM ({rows}) AS r), (SELECT count(*) FROM ({torn}) AS t)")
        if not conversations:
            return []
        numbers = self._ask(f"{rows} ORDER BY file_row LIMIT {_ROWS}").fetchnumpy()["file_row"]
        note = _issue("conflicting_conversation_values", of, (heading, count, numbers), {"conversations": conversations})
        return [replace(note, severity="warning")]

    def conversations(self) -> pa.Array:
        """The distinct ids of conversations."""
        if "conversation_id" not in self.columns:
            return pa.array([], pa.string())
        sql = "SELECT DISTINCT conversation_id FROM messages WHERE conversation_id IS NOT NULL AND conversation_id <> ''"
        return pa.array(self._ask(sql).fetchnumpy()["conversation_id"].tolist(), pa.string())

    def strangers(self, of: Blocks, known: pa.Array, other: str) -> list[Issue]:
        """Messages whose conversation no row of the other table names."""
        if "conversation_id" not in self.columns or not len(known):
            return []
        seen = pa.table({"id": known})
        strange = f"""SELECT conversation_id, file_row FROM messages WHERE conversation_id IS NOT NULL AND seq >= {of.starts[0]}
          AND seq < {of.starts[1]} AND conversation_id NOT IN (SELECT id FROM known)"""
        sums = "count(*), count(DISTINCT conversation_id), min(conversation_id)"
        count, conversations, least = self._row(f"SELECT {sums} FROM ({strange}) AS s", known=seen)
        if not count:
            return []
        rows = f"SELECT file_row FROM ({strange}) AS s ORDER BY file_row LIMIT {_ROWS}"
        numbers = self._ask(rows, known=seen).fetchnumpy()["file_row"]
        note = _issue("orphans", of, ("", count, numbers), {"other": other, "conversations": conversations})
        return [replace(note, value=least)]

    def first_asks(self, ids: pa.Array) -> pa.Table:
        """conversation_id, sent_at_min: the customers' first messages in some conversations."""
        if not {"conversation_id", "sender", "sent_at"} <= set(self.columns):
            return pa.table({"conversation_id": pa.array([], pa.string()), "sent_at_min": pa.array([], pa.int64())})
        found = self._ask(
            """SELECT conversation_id, min(sent_at) AS sent_at_min FROM messages
            WHERE sender = 'customer' AND conversation_id IN (SELECT id FROM asked) GROUP BY conversation_id""",
            asked=pa.table({"id": ids}),
        ).fetchnumpy()
        return pa.table({"conversation_id": pa.array(found["conversation_id"].tolist(), pa.string()), "sent_at_min": found["sent_at_min"]})

    def superseded(self, files: Sequence[Blocks]) -> Mapping[int, np.ndarray]:
        """Rows (``seq``) of each file, by its place, whose message a later export of the same layout holds as well."""
        if "message_id" not in self.columns or len(files) < 2:
            return {}
        last = [self._row(f"SELECT max(sent_at) FROM messages WHERE {_within(each)}")[0] or 0 for each in files]
        newest = [(stamp, place) for place, stamp in enumerate(last)]
        rank = {place: at for at, (_, place) in enumerate(sorted(newest))}
        ranked = " ".join(f"WHEN {_within(each)} THEN {rank[place]}" for place, each in enumerate(files))
        found: dict[int, np.ndarray] = {}
        sql = f"""SELECT seq FROM (SELECT seq, place, max(place) OVER (PARTITION BY message_id) AS newest
          FROM (SELECT seq, message_id, CASE {ranked} END AS place FROM messages WHERE message_id IS NOT NULL) AS placed
          WHERE place IS NOT NULL) AS told WHERE place < newest ORDER BY seq"""
        seqs = self._ask(sql).fetchnumpy()["seq"]
        for place, each in enumerate(files):
            found[place] = np.asarray(seqs[(seqs >= each.starts[0]) & (seqs < each.starts[1])])
        return found

    def without(self, seqs: np.ndarray, path: Path) -> dict[int, int]:
        """Writes the messages without some rows into another file; the row number in its file of each that is left out."""
        told = "SELECT seq, file_row FROM messages WHERE seq IN (SELECT seq FROM gone)"
        rows = self._ask(told, gone=pa.table({"seq": seqs})).fetchall()
        source = pq.ParquetFile(self.path)
        out = pa.array(seqs)
        with pq.ParquetWriter(path, source.schema_arrow) as writer:
            for group in range(source.num_row_groups):
                table = source.read_row_group(group)
                writer.write_table(table.filter(pa.compute.invert(pa.compute.is_in(table.column("seq"), value_set=out))))
        return dict(rows)


def _within(of: Blocks) -> str:
    return f"seq >= {of.starts[0]} AND seq < {of.starts[1]}"


def _issue(code: str, of: Blocks, found: tuple[str, int, np.ndarray], facts: Mapping[str, Any]) -> Issue:
    heading, count, numbers = found
    about: dict[str, Any] = {"row": int(numbers[0]), "rows": int(count), "facts": facts}
    about |= {"examples": tuple(int(row) for row in numbers[:5]), "row_numbers": numbers}
    return Issue(code, "note", "messages", of.large.name, heading, **about)
