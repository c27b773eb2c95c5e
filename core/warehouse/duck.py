"""DuckDB: a database file that is only read, or nothing but what SELECTs name (Parquet, CSV)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import duckdb
import pandas as pd
import pyarrow as pa

from core.embedded import connect
from core.errors import InputError, Issue
from core.warehouse.answers import frame, refused
from core.warehouse.engines import MOST_ROWS
from core.warehouse.stamps import code_of, quoted, wall_as_utc

_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "small": "SMALLINT"}
Found = TypeVar("Found")


def opened(kind: str, address: str) -> Duck:
    """A database file, opened for reading; an empty address opens none."""
    return Duck(kind, address)


class Duck:
    """The embedded engine with a database of its own in memory; the user's file is attached read-only and searched second."""

    def __init__(self, kind: str, address: str) -> None:
        path = Path(address)
        if address and not path.is_file():
            raise InputError(Issue("source_no_database", "error", file=path.name, value=path.name))
        self.kind, self.name = kind, f"duckdb://{path.name if address else ''}"
        self.con = connect()
        if address:
            place = str(path.resolve()).replace("'", "''")
            self._asked(lambda: self.con.execute(f"ATTACH '{place}' AS source (READ_ONLY)"))
            self.con.execute("SET search_path = 'memory.main,source.main'")

    def rows(self, select: str, most: int = MOST_ROWS) -> pd.DataFrame:
        """See `Warehouse`."""
        return frame(self._asked(lambda: self._fetched(select, most)), most, self.name)

    def _fetched(self, select: str, most: int) -> pa.Table:
        return self.con.sql(select).limit(most + 1).to_arrow_table()

    def keep(self, name: str, select: str) -> None:
        """See `Warehouse`."""
        self._asked(lambda: self.con.execute(f"CREATE OR REPLACE TABLE {_own(name)} AS {select}"))

    def drop(self, name: str) -> None:
        """See `Warehouse`."""
        self._asked(lambda: self.con.execute(f"DROP TABLE IF EXISTS {_own(name)}"))

    def columns(self, table: str) -> Mapping[str, str]:
        """See `Warehouse`."""
        found = self._asked(lambda: self.con.execute(f"DESCRIBE SELECT * FROM {quoted(table)}").fetchall())
        return {str(row[0]): code_of(str(row[1])) for row in found}

    def quoted(self, name: str) -> str:
        """See `Warehouse`."""
        return quoted(name)

    def typed(self, expression: str, code: str) -> str:
        """See `Warehouse`."""
        return f"CAST({expression} AS {_TYPES[code]})"

    def stamp_ms(self, column: str, kind: str, zone: str) -> str:
        """See `Warehouse`."""
        if kind == "stamp_tz":
            return f"epoch_ms({column})"
        return wall_as_utc(f"epoch_ms(CAST({column} AS TIMESTAMP))", zone)

    def cancel(self) -> None:
        """See `Warehouse`."""
        self.con.interrupt()

    def close(self) -> None:
        """See `Warehouse`."""
        self.con.close()

    def _asked(self, question: Callable[[], Found]) -> Found:
        try:
            return question()
        except duckdb.Error as error:
            raise refused(error, self.name) from None


def _own(name: str) -> str:
    """A table of the database in memory, never one of the user's file."""
    return f"memory.main.{quoted(name)}"
