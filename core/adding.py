"""A loaded log takes in further files: only these are read, and rows that stand already in the log count once.

Every file is understood by itself (`core.ingest.load`), so a further one can be read alone wherever what files have in common can be
settled without the cells of those before: the same kinds of tables in the same layouts, no directory of people, conversations that carry
their id, and no row that says something else about a thing that is there. Then the log is, cell by cell and with its ledger, that of all
files read at once. In every other case all of them are read at once, and `Added.how` says why.

What the ledger says of tables beside each other (rows whose conversation stands in no other table, starts that differ from the first
message) is looked up anew in the whole log, for the files before too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.engine import Facts, SlowKnobs, build_facts
from core.engine.append import appended, outlive, together
from core.engine.instance import instance
from core.engine.staging import show
from core.errors import InputError
from core.ingest.choices import Choices, InputFile, digest
from core.ingest.join import HOMES, SAME_SESSION
from core.ingest.progress import Progress
from core.ingest.stage import Book
from core.log import ColumnMatch, FileReport, Ledger, Log, Source
from core.schema import DIRECTORIES

KEYS = {
    "messages": ("conversation_id", "sent_at"), "conversations": ("conversation_id",), "transfers": ("conversation_id", "requested_at"),
    "reviews": ("review_id",), "orders": ("order_id",), "roster": ("agent_id", "start_at"), "agent_days": ("agent_id", "date"),
}  # fmt: skip
"""Columns that tell which thing a row is about, where it has no ``message_id``."""
_OWN = ("seq", "file_row")
_DIRECTORIES = frozenset(each.name for each in DIRECTORIES)
_BETWEEN_TABLES = frozenset({"orphans", "start_differs"})
Read = Callable[[Sequence[InputFile]], Log]


class _NotAloneError(Exception):
    """Why a file cannot be read without those before it: a code of ``adding.why``."""


@dataclass(frozen=True)
class Loaded:
    """A log and the files it was read from."""

    log: Log
    files: tuple[InputFile, ...]


@dataclass(frozen=True)
class Added:
    """A log with further files.

    Args:
        log: the log of all files.
        how: ``"appended"``, or why all files were read at once: ``by_silence``, ``filled``, ``directories``, ``other_table``,
            ``other_layout``, ``refused``, ``other_version``.
        rows: new rows that count, where they were appended.
        more: the further rows by themselves; None where all files were read.
        since: the first ``seq`` of the new rows in each table.
        before: digest of the log before.
    """

    log: Log
    how: str
    rows: int = 0
    more: Log | None = None
    since: Mapping[str, int] = field(default_factory=dict)
    before: str = ""

    def facts(self, known: Facts | None, slow: SlowKnobs, progress: Progress | None = None) -> Facts:
        """The facts of the log: those known of the log before with the new rows, else built, and ready for the next rows.

        Raises:
            InputError: as `core.engine.build_facts`.
        """
        if self.more is None:
            return build_facts(self.log, slow, progress)
        # What does not fit beside the facts that are there, or with all that the next rows need, may fit by itself, or is refused in words.
        if known is not None and known.extendable and known.log.digest == self.before:
            with suppress(duckdb.Error, MemoryError, OSError):
                return appended(known, self.more, slow, (self.log, self.since))
        try:
            return build_facts(self.log, slow, progress, extendable=True)
        except InputError as error:
            if error.issue.code not in ("memory_full", "temp_full"):
                raise
        return build_facts(self.log, slow, progress)


def added(before: Loaded, files: Sequence[InputFile], choices: Choices, read: Read) -> Added:
    r"""A log with further files in it; equal to what ``read`` makes of all of them.

    Args:
        before: what is loaded, read with the same choices.
        files: the further files.
        choices: the decisions of the import.
        read: makes a log of files, such as `core.ingest.load` with these choices.

    Raises:
        InputError: all files were read at once, and none of them could be loaded.

    >>> from core.ingest import load
    >>> monday = InputFile("mon.csv", b"Conversation ID,Sent at,Sender,Agent ID\n1,2024-01-01 09:00,customer,\n")
    >>> tuesday = InputFile("tue.csv", b"Conversation ID,Sent at,Sender,Agent ID\n1,2024-01-02 09:00,agent,Ann\n")
    >>> found = added(Loaded(load([monday]), (monday,)), [tuesday], Choices(), load)
    >>> found.how, found.log.tables["messages"].column("seq").to_pylist()
    ('appended', [0, 1])
    """
    everything = (*before.files, *files)
    try:
        return _appended(before.log, _alone(before.log, files, choices, read), digest(everything, choices))
    except _NotAloneError as why:
        return Added(read(everything), str(why))


def _alone(log: Log, files: Sequence[InputFile], choices: Choices, read: Read) -> Log:
    """The further files by themselves, if that is what they are beside the others."""
    _refuse_if(choices.fill, "filled")
    _refuse_if(log.cut_by_silence, "by_silence")
    _refuse_if({each.table for each in log.ledger.files} & _DIRECTORIES, "directories")
    try:
        piece = read(files)
    except InputError as error:
        raise _NotAloneError("refused") from error
    _refuse_if(piece.ledger.errors, "refused")
    _refuse_if(piece.cut_by_silence, "by_silence")
    for report in piece.ledger.files:
        _check_layout(report, log.ledger)
    return piece


def _refuse_if(amiss: object, why: str) -> None:
    if amiss:
        raise _NotAloneError(why)


def _check_layout(report: FileReport, ledger: Ledger) -> None:
    """Whether all files of the same table have the headings of this one, taken for the same fields in the same formats."""
    like = [each for each in ledger.files if each.table == report.table and each.rows_kept]
    _refuse_if(report.table in _DIRECTORIES, "directories")
    _refuse_if(report.table not in KEYS or not like, "other_table")
    _refuse_if(any(_layout(each) != _layout(report) for each in like), "other_layout")


def _layout(report: FileReport) -> tuple[tuple[str, str, str, str], ...]:
    return tuple((each.name, each.field, each.kind, each.format) for each in report.columns)


def _appended(log: Log, piece: Log, whole: str) -> Added:
    again = {name: _standing(log, piece, name) for name in piece.tables}
    tables = {name: _without(source, again[name]) for name, source in piece.tables.items()}
    lines = tuple(_booked(each, piece, again[each.table]) for each in piece.ledger.files)
    more = replace(piece, tables=tables, ledger=Ledger(lines))
    outlive(more, piece)
    grown, since = together(log, more, whole)
    grown = _between_tables(grown)
    return Added(grown, "appended", sum(each.rows_kept for each in lines), more, since, log.digest)


def _standing(log: Log, piece: Log, name: str) -> np.ndarray:
    """``seq`` of the new rows that equal one of the log, in every column; refuses where one says otherwise about the same thing."""
    key = ("message_id",) if piece.has(name, "message_id") and log.has(name, "message_id") else KEYS[name]
    _refuse_if(not set(key) <= set(piece.columns(name)) & set(log.columns(name)), "other_layout")
    columns = sorted({*piece.columns(name), *log.columns(name)} - set(_OWN))
    base = instance().database()
    con = base.cursor()
    try:
        show(con, "held", log.tables[name])
        show(con, "fresh", piece.tables[name])
        con.execute(f"CREATE TEMP TABLE near AS SELECT * FROM held AS o SEMI JOIN fresh AS n ON {_alike(key, 'n')}")
        given = _with_all(columns, piece.columns(name)), _with_all(columns, log.columns(name))
        same = f"SELECT n.seq FROM ({given[0]} FROM fresh) AS n SEMI JOIN ({given[1]} FROM near) AS o ON {_alike(columns, 'n')}"
        about = f"SELECT n.seq FROM fresh AS n SEMI JOIN near AS o ON {_alike(key, 'n')}"
        found, alike = (np.sort(con.execute(each).fetchnumpy()["seq"]) for each in (same, about))
    except duckdb.Error as error:
        raise _NotAloneError("other_layout") from error
    finally:
        con.close()
        base.close()
    _refuse_if(len(np.setdiff1d(alike, found)), "other_version")
    _refuse_if(len(found) and any(not each.field for each in _lines(piece, name)), "other_version")
    return np.asarray(found)


def _lines(piece: Log, name: str) -> Iterator[ColumnMatch]:
    """Columns of the files of a table, as they were matched."""
    return (column for each in piece.ledger.files if each.table == name for column in each.columns)


def _alike(columns: Sequence[str], new: str) -> str:
    return " AND ".join(f'{new}."{each}" IS NOT DISTINCT FROM o."{each}"' for each in columns)


def _with_all(columns: Sequence[str], there: Sequence[str]) -> str:
    """A SELECT of columns, of which those that are not there are empty."""
    shown = (f'"{each}"' if each in there else f'NULL AS "{each}"' for each in columns)
    return f"SELECT seq, {', '.join(shown)}"


def _without(source: Source, seqs: np.ndarray) -> Source:
    """A table without some rows; one on disk is not written again for that."""
    if not len(seqs):
        return source
    if not isinstance(source, pa.Table):
        raise _NotAloneError("other_version")
    return source.filter(pc.invert(pc.is_in(source.column("seq"), value_set=pa.array(seqs))))


def _booked(report: FileReport, piece: Log, again: np.ndarray) -> FileReport:
    """A file's line with the rows that stand in the log already; read = kept + dropped as before."""
    source = piece.tables.get(report.table)
    mine = again[(again >= report.seqs[0]) & (again < report.seqs[1])]
    if not len(mine) or not isinstance(source, pa.Table):
        return report
    rows = source.filter(pc.is_in(source.column("seq"), value_set=pa.array(mine))).column("file_row").to_numpy()
    book = _book(report, rows)
    book.drop("already_loaded", book.keep)
    kept, dropped = report.rows_kept - len(rows), report.rows_dropped + len(rows)
    return replace(report, rows_kept=kept, rows_dropped=dropped, issues=(*report.issues, *book.issues))


def _book(report: FileReport, rows: np.ndarray) -> Book:
    """The accounts of some rows of a file."""
    name = f"{report.file}#{report.sheet}" if report.sheet else report.file
    return Book(name, report.table, rows, np.ones(len(rows), dtype=bool))


# --- tables beside each other ------------------------------------------------------------------------------------------------


def _between_tables(log: Log) -> Log:
    """The log with what its ledger says of tables beside each other made anew, as `core.ingest.join` and `core.ingest.load` do."""
    base = instance().database()
    con = base.cursor()
    named = [name for name in SAME_SESSION if log.has(name, "conversation_id")]
    for name in named:
        show(con, f"all_{name}", log.tables[name])
    lines = [replace(each, issues=tuple(i for i in each.issues if i.code not in _BETWEEN_TABLES)) for each in log.ledger.files]
    if len(named) > 1:
        filled = {name for name in named if con.execute(f"SELECT 1 FROM all_{name} WHERE conversation_id <> '' LIMIT 1").fetchone()}
        for name in filled:
            homes = [home for home in HOMES.get(name, ()) if home in filled]
            lines = [_with_orphans(each, con, homes) if homes and each.table == name else each for each in lines]
    if {"messages", "conversations"} <= set(named):
        lines = _with_other_starts(lines, con, log)
    con.close()
    base.close()
    replaced = replace(log, ledger=Ledger(tuple(lines)))
    outlive(replaced, log)
    return replaced


def _with_orphans(report: FileReport, con: duckdb.DuckDBPyConnection, homes: Sequence[str]) -> FileReport:
    known = " UNION ALL ".join(f"SELECT conversation_id FROM all_{home} WHERE conversation_id <> ''" for home in homes)
    found = con.execute(
        f"""SELECT file_row, conversation_id FROM all_{report.table} AS o ANTI JOIN ({known}) AS k ON o.conversation_id = k.conversation_id
        WHERE o.conversation_id IS NOT NULL AND o.seq >= ? AND o.seq < ? ORDER BY o.seq""",
        list(report.seqs),
    ).df()
    if not len(found):
        return report
    names, book = set(found["conversation_id"]), _book(report, found["file_row"].to_numpy())
    book.note("orphans", "note", book.keep, value=min(names), facts={"other": homes[0], "conversations": len(names)})
    return replace(report, issues=(*report.issues, *book.issues))


def _with_other_starts(lines: list[FileReport], con: duckdb.DuckDBPyConnection, log: Log) -> list[FileReport]:
    """Conversations whose given start is not the customer's first message are said of the first file of conversations."""
    asked = "coalesce(c.started_by <> 'agent', TRUE)" if log.has("conversations", "started_by") else "TRUE"
    rows = con.execute(
        f"""SELECT c.file_row FROM all_conversations AS c JOIN (
          SELECT conversation_id, min(sent_at) AS first FROM all_messages WHERE sender = 'customer' GROUP BY conversation_id
        ) AS m ON c.conversation_id = m.conversation_id WHERE c.started_at <> m.first AND {asked} ORDER BY c.file_row"""
    ).fetchnumpy()["file_row"]
    at = next(place for place, each in enumerate(lines) if each.table == "conversations" and each.rows_kept)
    if len(rows):
        column = next((each.name for each in lines[at].columns if each.field == "started_at"), "")
        book = _book(lines[at], np.asarray(rows))
        book.note("start_differs", "note", book.keep, column=column)
        lines[at] = replace(lines[at], issues=(*lines[at].issues, *book.issues))
    return lines
