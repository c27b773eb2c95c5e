"""Which engines there are, what each must be able to do, and how one is opened.

An engine is asked in SELECTs only. What it keeps while facts are made are temporary tables of this session: nobody else sees them,
nothing of the user's is written, and closing the warehouse (or losing it) leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol

import pandas as pd

from core.errors import InputError, Issue, did_you_mean

MOST_ROWS = 2_000_000
"""Rows that may come back at once, unless somebody asks for fewer or more."""
CODES = ("text", "integer", "number", "flag", "stamp", "stamp_tz", "date")
"""What a column holds, for every engine alike; ``stamp`` is a wall clock, ``stamp_tz`` an instant."""


class Warehouse(Protocol):
    """An engine that holds a log; one build of facts at a time, from any thread but not from two at once.

    Every method raises `InputError` with an issue of what the engine said (``engine_…`` or ``source_…``), never a password.
    """

    kind: str
    name: str
    """What it is called in issues and in the ledger; never a secret."""

    def rows(self, select: str, most: int = MOST_ROWS) -> pd.DataFrame:
        """The result of a SELECT; ``engine_too_many_rows`` when there is more than ``most``. Whole numbers with gaps come as floats."""

    def keep(self, name: str, select: str) -> None:
        """The result of a SELECT as a table of this session under its plain name; one of that name before is replaced."""

    def drop(self, name: str) -> None:
        """Forgets a table that `keep` made; a table of the user's is never touched."""

    def columns(self, table: str) -> Mapping[str, str]:
        """Columns of a table or view by name, each with one of `CODES`; ``schema.table`` outside the usual schema."""

    def quoted(self, name: str) -> str:
        """A column's or table's name as it stands in a SELECT; a dot parts schema and table only in ``columns`` and here with tables."""

    def typed(self, expression: str, code: str) -> str:
        """An expression as ``text``, ``integer`` (64 bit), ``number`` or ``small`` (a flag as 0/1), null staying null."""

    def stamp_ms(self, column: str, kind: str, zone: str) -> str:
        """A quoted column as UTC milliseconds: ``stamp`` and ``date`` are read in ``zone``, ``stamp_tz`` knows its own.

        An hour that comes twice is the first one, an hour that does not exist is the moment of the change: as in the import.
        """

    def cancel(self) -> None:
        """Stops what runs, from another thread; the call that ran raises ``engine_cancelled``."""

    def close(self) -> None:
        """Ends the session with all it kept; a second call does nothing."""


_ADAPTERS = {
    "duckdb": ("core.warehouse.duck", "duckdb", "duckdb>=1.5.6,<3"),
    "postgresql": ("core.warehouse.postgres", "psycopg", "psycopg[binary]>=3.2,<4"),
    "clickhouse": ("core.warehouse.clickhouse", "chdb", "chdb>=4.4,<5"),
    "spark": ("core.warehouse.spark", "py4j", "pyspark>=4.1,<5"),
    "spark_connect": ("core.warehouse.spark", "grpc", "pyspark[connect]>=4.1,<5"),
}
_SERVERS = {"clickhouse": ("core.warehouse.clickhouse", "clickhouse_connect", "clickhouse-connect>=0.9")}
"""What is needed instead where an address is given."""
"""Kind → module of the adapter, module of the driver, what pip is told when the driver is missing."""
KINDS = tuple(_ADAPTERS)


def opened(kind: str, address: str, **options: Any) -> Warehouse:
    """An engine by its kind and address.

    Args:
        kind: one of `KINDS`.
        address: for DuckDB a file (read-only) or nothing, for PostgreSQL ``postgresql://…``, for ClickHouse ``clickhouse://…`` or nothing
            (embedded), for Spark a master, for Spark Connect ``sc://…``; ``env:NAME`` names an environment variable that holds it.
        options: what the adapter's class takes beside the address.

    Raises:
        InputError: ``engine_unknown_kind``, ``engine_no_driver`` (its facts name what pip installs), or what the engine answered.

    >>> warehouse = opened("duckdb", "")
    >>> warehouse.keep("two", "SELECT 1 AS n UNION ALL SELECT 2")
    >>> int(warehouse.rows("SELECT sum(n) AS total FROM two")["total"][0])
    3
    >>> warehouse.close()
    """
    if kind not in _ADAPTERS:
        facts = {"known": ", ".join(KINDS), "like": did_you_mean(kind, KINDS)}
        raise InputError(Issue("engine_unknown_kind", "error", value=kind, facts=facts))
    adapter, driver, package = _SERVERS.get(kind, _ADAPTERS[kind]) if address.strip() else _ADAPTERS[kind]
    try:
        import_module(driver)
    except ModuleNotFoundError:
        raise InputError(Issue("engine_no_driver", "error", value=kind, facts={"package": package})) from None
    found: Warehouse = import_module(adapter).opened(kind, address, **options)
    return found
