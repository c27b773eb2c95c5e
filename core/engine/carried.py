"""Facts out of the embedded engine and in again, table by table, so that they outlive the process that made them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from core.engine.instance import instance
from core.engine.runner import BETWEEN, STAGED, Facts
from core.engine.staging import available, register
from core.log import Log

_BATCH = 200_000
_OF_THE_LOG = ("raw_", "stage_")
"""Tables that are a log's own columns again, or of use only while facts are made."""


def carried(facts: Facts) -> dict[str, pa.RecordBatchReader]:
    """The tables of facts by name, each to be read once, batch by batch; a log's own tables are not among them."""
    cursor = facts.cursor()
    rows = cursor.execute(
        """SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema = current_schema()
        AND table_catalog = current_database() ORDER BY table_name"""
    ).fetchall()
    more = for_more(facts)
    names = [str(name) for (name,) in rows if name in more or not str(name).startswith(_OF_THE_LOG)]
    return {name: facts.cursor().sql(f'SELECT * FROM "{name}"').to_arrow_reader(_BATCH) for name in names}


def for_more(facts: Facts) -> tuple[str, ...]:
    """Those tables that only further rows need (`core.engine.append`); none where the facts are not to be extended."""
    needed = ("spoken",) if facts.log.has("orders") else ()
    return tuple(name for name in (*BETWEEN, *STAGED) if name not in needed) if facts.extendable else ()


def restored(log: Log, tables: Mapping[str, tuple[pa.Schema, Iterator[pa.RecordBatch]]], about: Mapping[str, int]) -> Facts:
    """Facts of a log from the tables that `carried` gave.

    Args:
        log: the log they were made of.
        tables: schema and batches by name.
        about: ``horizon_ms``, ``first_day``, ``last_day`` as the facts had them.

    They can be extended where `for_more` of those facts is among the tables.

    Raises:
        duckdb.Error, pyarrow.ArrowException, OSError: a table cannot be read.

    >>> from core.engine import build_facts
    >>> log = Log("d", "UTC", {"conversations": pa.table({"seq": [0], "started_at": [0], "agent_id": ["Ann"]})})
    >>> facts = build_facts(log)
    >>> kept = {name: (reader.schema, iter(reader)) for name, reader in carried(facts).items()}
    >>> again = restored(log, kept, {"horizon_ms": 0, "first_day": 0, "last_day": 0})
    >>> again.frame("SELECT count(*) AS n FROM conversations")["n"].tolist()
    [1]
    """
    base = instance().database()
    con = base.cursor()
    register(con, log)
    for name, (schema, batches) in tables.items():
        con.register("carried", pa.RecordBatchReader.from_batches(schema, batches))
        con.execute(f'CREATE TABLE "{name}" AS SELECT * FROM carried')
        con.unregister("carried")
    extendable = {*BETWEEN, *STAGED} <= set(tables)
    return Facts(log, base, available(log), about["horizon_ms"], about["first_day"], about["last_day"], extendable=extendable)
