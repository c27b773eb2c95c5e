"""Runs facts.sql once per log and slow knobs; keeps the result in an embedded database that many readers share."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from core.embedded import connect, in_words, shortage
from core.engine.instance import Database, instance
from core.engine.packed import Gathered, gathered
from core.engine.staging import available, cut_ids, register, stage
from core.engine.zones import local_case, transitions
from core.errors import InputError, Issue
from core.ingest.progress import Progress, Steps, watched
from core.log import Log

__all__ = ["Facts", "SlowKnobs", "build_facts", "connect", "cut_conversations", "localised", "sql_text", "statements"]


@dataclass(frozen=True)
class SlowKnobs:
    """What facts depend on besides the log itself: the silence that ends a conversation where there are no ids (hours)."""

    gap_h: float = 24.0


@dataclass(frozen=True)
class Facts:
    """Conversations and turns with every clock, in an embedded database; knows no rule set.

    Args:
        log: the log they were made of.
        base: the database that holds the tables; readers take `cursor`.
        available: ``table.column`` of everything the log really holds.
        horizon_ms: latest kept stamp of the whole log, the same for every filter.
        first_day, last_day: local days of the first and last conversation start.
        extendable: whether `core.engine.append` can add rows to them.
    """

    log: Log
    base: Database
    available: frozenset[str]
    horizon_ms: int
    first_day: int
    last_day: int
    extendable: bool = field(default=False, kw_only=True)

    @classmethod
    def of(cls, log: Log, base: Database, con: duckdb.DuckDBPyConnection, extendable: bool = False) -> Facts:
        """The facts that a database holds, staging and all; ``con`` sees the log's tables too."""
        by_conversation = log.has("messages") or log.has("conversations")
        source, column = ("conversations", "local_day") if by_conversation else ("raw_agent_days", '"date"')
        days = con.execute(f"SELECT min({column}), max({column}) FROM {source}").fetchone() or (None, None)
        if days[0] is None:
            raise InputError(Issue("no_conversations", "error", facts={"tables": ", ".join(log.tables)}))
        return cls(log, base, available(log), _span(con, log)[1], int(days[0]), int(days[1]), extendable=extendable)

    @property
    def zone(self) -> str:
        """The shop's zone."""
        return self.log.zone

    @property
    def near(self) -> bool:
        """Whether single conversations are at hand; where the log lies elsewhere (`core.warehouse.far`), only sums come."""
        return True

    def cursor(self, **seen: Any) -> duckdb.DuckDBPyConnection:
        """A reader's own cursor, for one query or a few that belong together; ``seen`` are further tables that it alone sees."""
        return self.base.cursor(**seen)

    def frame(self, sql: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        """Rows of a SELECT of sums or of small tables, read through a cursor of its own so that readers never share one."""
        with in_words(self.base.owner.allowed):
            return self.cursor().execute(sql, list(values)).df()

    def cases(self, sql: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        """Rows of a SELECT of single conversations or messages, as many as there are."""
        return self.frame(sql, values)

    def listed(self, sql: str, most: int) -> pd.DataFrame:
        """At most so many rows of single conversations, to be shown."""
        return self.frame(f"{sql} LIMIT {int(most)}")

    def gathered(self, selects: Sequence[str], words: Collection[str]) -> Gathered:
        """The rows of a cube, of several SELECTs together; ``words`` are the columns that are labels."""
        with in_words(self.base.owner.allowed):
            return gathered(self.cursor(), " UNION ALL ".join(selects), words)

    def text(self, column: str) -> str:
        """The SQL of an id or label as text: it may be coded."""
        return f"CAST({column} AS VARCHAR)"

    def nothing(self, code: str) -> str:
        """The SQL of a missing text, integer or number."""
        return f"CAST(NULL AS {_TYPES[code]})"

    def literal(self, value: str) -> str:
        """A text as the engine reads it in a statement."""
        return "'" + value.replace("'", "''") + "'"

    def arrays(self, sql: str) -> dict[str, Any]:
        """Columns of a SELECT as NumPy arrays."""
        with in_words(self.base.owner.allowed):
            return dict(self.cursor().execute(sql).fetchnumpy())


_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE"}


def sql_text(name: str) -> str:
    """A definition from its file without its comments, e.g. ``sql_text("cube")``."""
    text = resources.files("core.engine").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


def statements(text: str) -> list[str]:
    r"""The steps of a definition file: split at lines that hold only a semicolon.

    >>> statements("-- a step\nSELECT 1\n;\nSELECT 2\n;\n")
    ['-- a step\nSELECT 1', 'SELECT 2']
    """
    return [step.strip() for step in re.split(r"^;\s*$", text, flags=re.MULTILINE) if step.strip()]


def localised(text: str, changes: tuple[tuple[int, int], ...]) -> str:
    """The definition with ``{local(x)}`` as the wall-clock CASE of the shop's zone."""
    return re.sub(r"\{local\((\w+)\)\}", lambda found: local_case(found[1], changes), text)


def made(step: str) -> str:
    """The table that a step makes; empty for one that drops.

    >>> made("CREATE TABLE said AS SELECT 1"), made("DROP TABLE said")
    ('said', '')
    """
    found = re.match(r"CREATE TABLE (\w+) AS", step)
    return found[1] if found else ""


BETWEEN = ("said", "spoken", "agents", "owners", "effort", "placed")
"""Intermediate tables that facts keep when they are to be extended."""
STAGED = ("stage_attributes", "stage_assigned", "stage_conversations", "stage_transfers")
"""Staging tables by conversation, of which the same holds."""


def build_facts(log: Log, slow: SlowKnobs | None = None, progress: Progress | None = None, *, extendable: bool = False) -> Facts:
    """Facts of a log: one row per conversation and one per turn, every clock in UTC milliseconds.

    Args:
        log: the log.
        slow: what facts depend on besides.
        progress: called some ten times a second, in the caller's thread, with (work done, work in all, the step at hand, 0); raise from it
            to cancel, which takes about half a second. `core.ingest.progress.remaining` estimates the rest.
        extendable: keep what `core.engine.append.appended` needs; about twice the memory.

    Raises:
        InputError: the log holds neither messages nor conversations, or memory or temporary disk do not suffice.
    """
    if log.elsewhere is not None:
        found: Facts = log.elsewhere(slow or SlowKnobs())
        return found
    if not any(log.has(table) for table in ("messages", "conversations", "agent_days")):
        raise InputError(Issue("no_conversations", "error", facts={"tables": ", ".join(log.tables)}))
    base = instance().database()
    con = base.cursor()
    steps = _Interrupting(con, {name: share for name, share in _SHARES.items() if progress})
    work = partial(_built, log, slow or SlowKnobs(), (base, con), steps, extendable)
    try:
        return work() if progress is None else watched(work, steps, progress)
    except (duckdb.Error, MemoryError, OSError) as error:
        base.close()
        raise shortage(error, base.owner.allowed) or error from error


_SHARES = {
    "staging": 5, "numbered": 35, "said": 15, "asks": 5, "humans": 3, "turns": 7, "spoken": 12, "agents": 3, "effort": 12, "activity": 2,
    "owners": 3, "placed": 5, "follow": 4, "again": 4, "conversations": 15,
}  # fmt: skip
"""About how long each step takes against the others."""


class _Interrupting(Steps):
    """The account of the steps; cancelling stops the one that runs."""

    def __init__(self, con: duckdb.DuckDBPyConnection, sizes: Mapping[str, int]) -> None:
        super().__init__(sizes)
        self._con = con

    def cancel(self) -> None:
        """Ends the work at once."""
        super().cancel()
        self._con.interrupt()


def _built(log: Log, slow: SlowKnobs, at: tuple[Database, duckdb.DuckDBPyConnection], steps: Steps, extendable: bool) -> Facts:
    base, con = at
    stage(con, log, int(slow.gap_h * 3_600_000))
    steps.at("staging", 1.0)
    first_ms, last_ms = _span(con, log)
    # Whose sale an order is depends on who wrote last before it was paid, so with orders one intermediate table stays.
    kept = {f"DROP TABLE {name}" for name in (BETWEEN if extendable else ("spoken",) if log.has("orders") else ())}
    for step in statements(localised(sql_text("facts"), transitions(log.zone, first_ms, last_ms))):
        if step not in kept:
            steps.at(made(step), 0.0)
            con.execute(step)
            steps.at(made(step), 1.0)
    return Facts.of(log, base, con, extendable)


def cut_conversations(log: Log, slow: SlowKnobs | None = None) -> pa.Array:
    """The conversation of every message of a log that is cut by silence, in the order of ``seq``; the cut is the one the facts have."""
    base = instance().database()
    con = base.cursor()
    register(con, log)
    gap_ms = int((slow or SlowKnobs()).gap_h * 3_600_000)
    found = con.execute(cut_ids(log, gap_ms)).df()["cut_id"]
    base.close()
    return pa.array(found, pa.string(), from_pandas=True)


def _span(con: duckdb.DuckDBPyConnection, log: Log) -> tuple[int, int]:
    """First and last kept stamp: messages, starts, closes."""
    row = con.execute(sql_text("span")).fetchone()
    if (row is None or row[0] is None) and log.has("agent_days"):
        row = con.execute('SELECT min("date") * 86400000, (max("date") + 1) * 86400000 FROM raw_agent_days').fetchone()
    if row is None or row[0] is None:
        raise InputError(Issue("no_conversations", "error"))
    return int(row[0]), int(row[1])
