"""Staging files where an engine can read them: the SELECT of each, as a user's mapping would be one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.warehouse.build import STAGING
from tests.engines.logs import Staged

_POSTGRES = {"text": "TEXT", "integer": "BIGINT", "number": "DOUBLE PRECISION", "small": "SMALLINT"}


def reading(warehouse: Any, log: Staged) -> dict[str, str]:
    """Staging table → SELECT on this engine."""
    how = {"duckdb": _duckdb, "postgresql": _postgres, "clickhouse": _clickhouse}.get(warehouse.kind, _spark)
    return {table: how(warehouse, table, path) for table, path in log.files().items()}


def _duckdb(warehouse: Any, table: str, path: Path) -> str:
    return f"SELECT {', '.join(STAGING[table])} FROM read_parquet('{path}')"


def _spark(warehouse: Any, table: str, path: Path) -> str:
    return f"SELECT {', '.join(STAGING[table])} FROM parquet.`{path}`"


def _clickhouse(warehouse: Any, table: str, path: Path) -> str:
    return f"SELECT {', '.join(STAGING[table])} FROM file('{path}', Parquet)"


def _postgres(warehouse: Any, table: str, path: Path) -> str:
    """PostgreSQL reads no files of ours: the rows are copied into a table of its own."""
    columns = ", ".join(f"{name} {_POSTGRES[code]}" for name, code in STAGING[table].items())
    warehouse.con.execute("CREATE SCHEMA IF NOT EXISTS given")
    warehouse.con.execute(f"DROP TABLE IF EXISTS given.{table}")
    warehouse.con.execute(f"CREATE TABLE given.{table} ({columns})")
    rows: pa.Table = pq.read_table(path, columns=list(STAGING[table]))
    with warehouse.con.cursor().copy(f"COPY given.{table} FROM STDIN") as copy:
        for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            copy.write_row(row)
    return f"SELECT {', '.join(STAGING[table])} FROM given.{table}"
