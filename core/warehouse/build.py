"""Facts on a warehouse: facts.sql step by step, each SELECT as it stands in the file, over staging that the caller describes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from core.engine.runner import localised, sql_text, statements
from core.engine.zones import transitions
from core.errors import InputError, Issue, KefuError
from core.warehouse.engines import Warehouse

Progress = Callable[[int, int, str], None]
STAGING: Mapping[str, Mapping[str, str]] = {
    "stage_messages": {
        "conv": "text", "seq": "integer", "sent": "integer", "m_cust": "text", "m_channel": "text", "m_language": "text",
        "m_agent": "text", "m_polite": "small", "kind": "small",
    },
    "stage_attributes": {
        "conv": "text", "category": "text", "priority": "text", "team": "text", "shift": "text", "order_id": "text", "holiday": "small",
        "survey_sent": "small", "resolved": "small", "complaint": "small", "complaint_solved": "small", "transfers": "small",
        "reopened": "small", "assigned": "text", "close_ms": "integer", "first_close_ms": "integer", "csat": "number",
    },
    "stage_assigned": {"conv": "text", "agent": "text"},
    "stage_conversations": {
        "conv": "text", "cust": "text", "channel": "text", "language": "text", "category": "text", "priority": "text", "team": "text",
        "shift": "text", "order_id": "text", "holiday": "small", "survey_sent": "small", "resolved": "small", "complaint": "small",
        "complaint_solved": "small", "transfers": "small", "reopened": "small", "first_close_ms": "integer", "close_ms": "integer",
        "assigned": "text", "start_ms": "integer", "first_human_ms": "integer", "transfers_listed": "small", "answered": "small",
        "reply_lost": "small", "needs_human": "small", "customer_started": "small", "handle_ms": "integer", "csat": "number",
        "is_call": "small",
    },
    "stage_transfers": {"conv": "text", "n_transfers": "integer"},
}  # fmt: skip
"""Staging tables that facts.sql reads: column → what it holds (see `Warehouse.typed`). Kinds of messages are in facts.sql's head."""
FACTS = ("conversations", "turns", "activity")
"""Tables that are there when the facts are made."""
_STEP = re.compile(r"(CREATE TABLE (?P<made>\w+) AS\s+(?P<select>.*))|(DROP TABLE (?P<gone>\w+))", re.DOTALL)


@dataclass(frozen=True)
class Built:
    """Facts that lie in a warehouse under their plain names (see `FACTS`).

    Args:
        warehouse: where they lie; its session owns them.
        zone: the shop's zone.
        first_ms, horizon_ms: earliest and latest stamp of the whole log.
        first_day, last_day: local days of the first and last conversation start.
    """

    warehouse: Warehouse
    zone: str
    first_ms: int
    horizon_ms: int
    first_day: int
    last_day: int


@dataclass(frozen=True)
class _Step:
    """One statement of facts.sql: a table made by a SELECT, or, with an empty one, dropped."""

    table: str
    select: str


def built(warehouse: Warehouse, staging: Mapping[str, str], zone: str, progress: Progress | None = None) -> Built:
    """Makes the facts of a log where it lies.

    Args:
        warehouse: an open engine; facts it held before are replaced.
        staging: name in `STAGING` → SELECT of all its columns, which are cast to their types; a table that is left out is empty. Each
            is run once, so that all that follows sees the same rows. A conversation stands once in each of the other tables, and every
            (sent, seq) of it once.
        zone: the shop's zone.
        progress: called with (steps done, steps, table) before each step; raise from it to cancel.

    Raises:
        InputError: what the engine answered, or ``no_conversations``. Nothing half-built stays.
    """
    held: set[str] = set()
    steps = _parsed(sql_text("facts"))
    many = len(STAGING) + len(steps)

    def run(number: int, table: str, select: str) -> None:
        if progress:
            progress(number, many, table)
        warehouse.keep(table, select)
        held.add(table)

    try:
        for table in (*FACTS, *STAGING):
            warehouse.drop(table)
        for number, table in enumerate(STAGING):
            run(number, table, shaped(warehouse, table, staging[table]) if table in staging else empty(warehouse, table))
        first_ms, horizon_ms = _span(warehouse)
        changes = transitions(zone, first_ms, horizon_ms)
        for number, step in enumerate(steps, len(STAGING)):
            if step.select:
                run(number, step.table, localised(step.select, changes))
            else:
                warehouse.drop(step.table)
                held.discard(step.table)
        days = _days(warehouse)
        for table in STAGING:
            warehouse.drop(table)
    except BaseException:
        for table in held:
            with suppress(KefuError):
                warehouse.drop(table)
        raise
    return Built(warehouse, zone, first_ms, horizon_ms, *days)


def empty(warehouse: Warehouse, table: str) -> str:
    """A SELECT of no rows with the columns of a staging table.

    >>> from core.warehouse.engines import opened
    >>> empty(opened("duckdb", ""), "stage_transfers")
    'SELECT CAST(NULL AS VARCHAR) AS conv, CAST(NULL AS BIGINT) AS n_transfers WHERE 1 = 0'
    """
    columns = ", ".join(f"{warehouse.typed('NULL', code)} AS {name}" for name, code in STAGING[table].items())
    return f"SELECT {columns} WHERE 1 = 0"


def shaped(warehouse: Warehouse, table: str, select: str) -> str:
    """The caller's SELECT with every column in its type and free to be null: an outer join finds no 0 where nothing is known."""
    columns = ", ".join(f"{warehouse.typed(f'given.{name}', code)} AS {name}" for name, code in STAGING[table].items())
    return f"SELECT {columns} FROM ({select}) AS given"


def _parsed(text: str) -> list[_Step]:
    """The statements of a definition: what they make, and the SELECT as it stands."""
    found = [_STEP.fullmatch(statement) for statement in statements(text)]
    return [_Step(step["made"] or step["gone"], step["select"] or "") for step in found if step]


def _span(warehouse: Warehouse) -> tuple[int, int]:
    found = warehouse.rows(sql_text("span")).iloc[0]
    if found["first_ms"] != found["first_ms"] or found["first_ms"] is None:
        raise InputError(Issue("no_conversations", "error"))
    return int(found["first_ms"]), int(found["horizon_ms"])


def _days(warehouse: Warehouse) -> tuple[int, int]:
    found = warehouse.rows("SELECT min(local_day) AS d1, max(local_day) AS d2, count(*) AS n FROM conversations").iloc[0]
    if not found["n"]:
        raise InputError(Issue("no_conversations", "error"))
    return int(found["d1"]), int(found["d2"])
