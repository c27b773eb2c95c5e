"""A log that stays where it lies: its facts are made there, and only sums, histograms and a few listed rows come back.

`far_log` looks at the source (columns, words, counts) and gives a `Log` without rows; `core.engine.build_facts` then makes `FarFacts` of
it, on which cubes, scores, trends and what-if work as on any other. What reads single conversations is refused in words.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from threading import Lock, Thread
from typing import Any, NoReturn, cast

import pandas as pd
import pyarrow as pa

from core.engine.histograms import KEYS
from core.engine.packed import Gathered, put_together
from core.engine.runner import Facts, SlowKnobs
from core.errors import InputError, Issue, KefuError, UnavailableError
from core.log import FileReport, Ledger, Log
from core.warehouse.build import Built, Progress, built
from core.warehouse.engines import Warehouse, opened
from core.warehouse.mapping import Mapped, literal, mapped
from core.warehouse.selects import Staging, bots
from core.warehouse.source import SourceFile, place_of

MOST_CELLS = 2_000_000
"""Rows of a cube, a histogram or a small table that may come back."""
MOST_LISTED = 1000
"""Rows of single conversations that may come back, to be shown."""
MOST_BOTS = 5000
SMALL = ("transfers", "roster", "reviews")
"""Tables that are kept in the session in the schema's columns, for sums over them."""
_STAMPS = {"messages": "sent_at", "conversations": "started_at"}

Opener = Callable[[str, str], Warehouse]


class Line:
    """The session that holds a log's facts: one question at a time, whoever asks; when it was cut, another one can take its place."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self._asking = Lock()
        self._end = weakref.finalize(self, warehouse.close)

    def asked(self, sql: str, most: int) -> pd.DataFrame:
        """A bounded result."""
        with self._asking:
            return self.warehouse.rows(sql, most)

    def take(self, other: Line) -> None:
        """Goes on with another session that holds the same facts; the old one is closed."""
        with self._asking:
            self._end()
            other._end.detach()
            self.warehouse = other.warehouse
            self._end = weakref.finalize(self, self.warehouse.close)


@dataclass(frozen=True)
class FarFacts(Facts):
    """Facts that lie in a warehouse."""

    line: Line

    @property
    def warehouse(self) -> Warehouse:
        """Where the facts lie."""
        return self.line.warehouse

    @property
    def near(self) -> bool:
        """Single conversations are not at hand."""
        return False

    def cursor(self, **_seen: Any) -> NoReturn:
        """There is no embedded engine behind these facts: who asks for a cursor reads single rows, and those stay."""
        raise rows_stay(self.log)

    def frame(self, sql: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        """Rows of a SELECT of sums or of small tables, at most `MOST_CELLS`."""
        if values:
            raise rows_stay(self.log)
        return self.line.asked(sql, MOST_CELLS)

    def cases(self, sql: str, values: Sequence[Any] = ()) -> NoReturn:
        """Single conversations stay where they lie."""
        raise rows_stay(self.log)

    def listed(self, sql: str, most: int) -> pd.DataFrame:
        """At most so many rows of single conversations, and never more than `MOST_LISTED`."""
        bound = min(int(most), MOST_LISTED)
        found = self.line.asked(f"{sql} LIMIT {bound}", bound)
        exact = [name for name in found if found[name].dtype == object and any(isinstance(cell, Decimal) for cell in found[name])]
        return found.astype(dict.fromkeys(exact, "float64"))

    def gathered(self, selects: Sequence[str], words: Collection[str]) -> Gathered:
        """The rows of a cube in one order on every engine: sums of seconds depend on it in the last digit."""
        found = pd.concat([self.frame(sql) for sql in selects], ignore_index=True) if len(selects) > 1 else self.frame(selects[0])
        keys = [name for name in KEYS if name in found]
        table = pa.Table.from_pandas(found.sort_values(keys, kind="stable") if keys else found, preserve_index=False)
        for place, name in enumerate(table.column_names):
            table = table.set_column(place, name, _as_near(table.column(place), name in words))
        return put_together(table.column_names, table.to_batches(), words)

    def text(self, column: str) -> str:
        """Ids and labels are text at a source."""
        return column

    def literal(self, value: str) -> str:
        """A text as the engine reads it."""
        return literal(self.warehouse.kind, value)

    def nothing(self, code: str) -> str:
        """The SQL of a missing text, integer or number."""
        return self.warehouse.typed("NULL", code)


def _as_near(column: pa.ChunkedArray, word: bool) -> pa.ChunkedArray:
    """A label as text, a whole number as one even where the engine's answer made a fraction of it because of gaps."""
    if word:
        return column.cast(pa.string())
    with suppress(pa.ArrowInvalid):
        return column.cast(pa.int64()) if pa.types.is_floating(column.type) else column
    return column


def rows_stay(log: Log) -> UnavailableError:
    """The refusal of a question that reads single conversations."""
    return UnavailableError(Issue("far_rows_stay", "error", file=cast(_Elsewhere, log.elsewhere).source.name))


def is_far(log: Log | None) -> bool:
    """Whether a log stays where it lies.

    >>> is_far(Log("d", "UTC", {}))
    False
    """
    return log is not None and log.elsewhere is not None


@dataclass(frozen=True)
class _Seen:
    """What one look at a table told: rows in all, usable ones, values per field, latest stamp."""

    rows: int
    kept: int
    filled: Mapping[str, int]
    latest: int


def far_log(source: SourceFile, progress: Progress | None = None, opener: Opener = opened) -> Log:
    """The log of a source, without its rows; its facts are made when they are asked for.

    Args:
        source: what the source file says.
        progress: called with (tables looked at, tables, name); raise from it to cancel.
        opener: opens the engine.

    Raises:
        InputError: whatever `core.warehouse.mapping.mapped` and the engine refuse, and ``far_empty``.
    """
    warehouse = opener(source.engine, source.resolved())
    try:
        return _looked_at(source, warehouse, progress, opener)
    except BaseException:
        warehouse.close()
        raise


def _looked_at(source: SourceFile, warehouse: Warehouse, progress: Progress | None, opener: Opener) -> Log:
    tables: dict[str, Mapped] = {}
    seen: dict[str, _Seen] = {}
    for number, name in enumerate(source.tables):
        if progress:
            progress(number, len(source.tables), source.tables[name])
        tables[name] = mapped(warehouse, source, name)
        seen[name] = _counted(warehouse, tables[name])
    if not any(seen[name].kept for name in _STAMPS if name in seen):
        raise InputError(Issue("far_empty", "error", file=source.name, value=", ".join(source.tables.values())))
    nameless = frozenset(name for name in _STAMPS if name in tables and seen[name].filled.get("conversation_id", 0) < seen[name].kept)
    making = _Elsewhere(source, tables, nameless, _machines(warehouse, tables), _available(tables, seen), opener, [warehouse])
    ledger = Ledger(tuple(_report(source, tables[name], seen[name]) for name in tables))
    log = Log(_digest(source, seen), source.zone, _shapes(making.available), ledger, making)
    making.log.append(log)
    return log


def _counted(warehouse: Warehouse, found: Mapped) -> _Seen:
    counts = "".join(f", count(v_{name}) AS n_{name}" for name in found.fields)
    stamp = _STAMPS.get(found.table)
    latest = f", max(v_{stamp}) AS far_latest" if stamp else ""
    row = warehouse.rows(f"SELECT count(*) AS far_kept{counts}{latest} FROM ({found.select()}) AS usable", most=1).iloc[0]
    rows = int(warehouse.rows(f"SELECT count(*) AS far_rows FROM {found.place}", most=1)["far_rows"].iloc[0])
    kept = int(row["far_kept"])
    filled = {name: int(row[f"n_{name}"]) for name in found.fields}
    return _Seen(rows, kept, filled, int(row["far_latest"]) if stamp and kept else 0)


def _machines(warehouse: Warehouse, tables: Mapping[str, Mapped]) -> tuple[str, ...]:
    messages = tables.get("messages")
    if messages is None or "conversations" not in tables or not messages.has("agent_id"):
        return ()
    return tuple(str(agent) for agent in warehouse.rows(bots(messages), most=MOST_BOTS)["agent"])


def _available(tables: Mapping[str, Mapped], seen: Mapping[str, _Seen]) -> frozenset[str]:
    filled = {f"{table}.{name}" for table in tables for name, n in seen[table].filled.items() if n}
    dated = {f"{table}.{name}_dated" for table, found in tables.items() for name in found.dated}
    return frozenset(filled | dated | ({"reviews.seq"} if "reviews" in tables else set()))


def _shapes(available: Collection[str]) -> dict[str, pa.Table]:
    """Tables without rows: which columns are there."""
    names = sorted(each.partition(".")[::2] for each in available)
    return {table: pa.table({name: pa.nulls(0) for of, name in names if of == table}) for table in dict(names)}


def _digest(source: SourceFile, seen: Mapping[str, _Seen]) -> str:
    """The same for the same source with the same rows, as far as counts and the latest stamp tell."""
    told = (source.engine, place_of(source), source.zone, source.stamps, *(sorted(dict(part).items()) for part in _parts(source)), seen)
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _parts(source: SourceFile) -> tuple[Mapping[str, Any], ...]:
    return source.tables, source.columns, source.values, source.units


def _report(source: SourceFile, found: Mapped, seen: _Seen) -> FileReport:
    name = f"{source.name}: {source.tables[found.table]}"
    issues = [replace(issue, file=name) for issue in found.issues]
    if found.table == "messages":
        issues.append(Issue("far_text_stays", "note", found.table, name))
        if not found.has("seq") and not found.has("message_id"):
            issues.append(Issue("far_no_order", "note", found.table, name))
    if seen.rows > seen.kept:
        issues.append(Issue("far_unusable", "warning", found.table, name, rows=seen.rows - seen.kept))
    return FileReport(
        found.table, name, rows_read=seen.rows, rows_kept=seen.kept, rows_dropped=seen.rows - seen.kept, columns=found.matches,
        issues=tuple(issues), platform=source.engine,
    )  # fmt: skip


@dataclass(frozen=True)
class _Elsewhere:
    """Makes the facts of a far log; the session that looked at it makes the first ones, each later one has a session of its own."""

    source: SourceFile
    tables: Mapping[str, Mapped]
    nameless: frozenset[str]
    bots: tuple[str, ...]
    available: frozenset[str]
    opener: Opener
    ready: list[Warehouse]
    log: list[Log] = field(default_factory=list, repr=False)

    def __call__(self, slow: SlowKnobs, progress: Progress | None = None) -> FarFacts:
        warehouse = self.ready.pop() if self.ready else self.opener(self.source.engine, self.source.resolved())
        try:
            made = self._built(warehouse, slow, progress)
        except BaseException:
            warehouse.close()
            raise
        days = (made.first_day, made.last_day)
        return FarFacts(self.log[0], cast(Any, None), self.available, made.horizon_ms, *days, Line(warehouse))

    def _built(self, warehouse: Warehouse, slow: SlowKnobs, progress: Progress | None) -> Built:
        staging = Staging(warehouse, self.tables, int(slow.gap_h * 3_600_000), self.nameless, self.bots)
        # first, since the facts' own names stand before the user's in this session
        for name in SMALL:
            if name in self.tables:
                warehouse.keep(f"raw_{name}", _plain(warehouse, self.tables[name]))
        return built(warehouse, staging.selects(), self.source.zone, progress)


def _plain(warehouse: Warehouse, found: Mapped) -> str:
    columns = {name: f"v_{name}" for name in found.fields}
    if found.table == "reviews":
        columns["seq"] = warehouse.typed("row_number() OVER (ORDER BY v_agent_id, v_criterion)", "integer")
        for name in {"conversation_id", "review_id"} & columns.keys():  # which sheet is which is enough: ids stay
            number = warehouse.typed(f"dense_rank() OVER (ORDER BY v_{name})", "text")
            columns[name] = f"CASE WHEN v_{name} IS NOT NULL THEN {number} END"
    return f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in columns.items())} FROM ({found.select()}) AS usable"


# ── somebody waits ───────────────────────────────────────────────────────────────────────────────────────────────────


def load_far(source: SourceFile, slow: SlowKnobs, tell: Callable[[int, int, str], None], pause: float = 0.2) -> tuple[Log, Facts]:
    """A source's log and facts, made in a thread of their own while the caller's is told how far they are.

    Args:
        source: what the source file says.
        slow: what facts depend on besides.
        tell: called every ``pause`` seconds in the caller's thread with (steps done, steps, table); what it raises cancels what runs.

    Raises:
        KefuError: as `far_log`; or whatever ``tell`` raised.
    """
    work = _Work(source, slow)
    thread = Thread(target=work.run, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            tell(*work.at)
            thread.join(pause)
    except BaseException:
        work.stop()
        raise
    if work.error is not None:
        raise work.error
    return work.found[0]


class _Work:
    """One loading in a thread: how far it is, what came of it."""

    def __init__(self, source: SourceFile, slow: SlowKnobs) -> None:
        self.source, self.slow = source, slow
        self.at: tuple[int, int, str] = (0, 1, "")
        self.found: list[tuple[Log, Facts]] = []
        self.error: KefuError | None = None
        self._open: list[Warehouse] = []
        self._stopped = False

    def run(self) -> None:
        """Looks at the source and makes the facts."""
        try:
            log = far_log(self.source, self._tell, self._opened)
            making = cast(_Elsewhere, log.elsewhere)
            self.found.append((log, making(self.slow, self._tell)))
        except KefuError as error:
            self.error = error

    def _opened(self, kind: str, address: str) -> Warehouse:
        warehouse = opened(kind, address)
        self._open.append(warehouse)
        return warehouse

    def _tell(self, done: int, of: int, name: str) -> None:
        if self._stopped:
            raise InputError(Issue("engine_cancelled", "error", file=self.source.name))
        self.at = (done, of, name)

    def stop(self) -> None:
        """Cancels what runs; the thread ends with it and closes its session."""
        self._stopped = True
        for warehouse in self._open:
            warehouse.cancel()
