"""PostgreSQL: one connection whose temporary tables hold the steps; the server drops them when the connection ends, however it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import pandas as pd
import psycopg
import pyarrow as pa

from core.ingest.source import called, located
from core.warehouse.answers import frame, refused
from core.warehouse.engines import MOST_ROWS
from core.warehouse.stamps import code_of, quoted, wall_as_utc

CONNECT_SECONDS = 10
_TYPES = {"text": "TEXT", "integer": "BIGINT", "number": "DOUBLE PRECISION", "small": "SMALLINT"}
_ARROW = {"integer": pa.int64(), "number": pa.float64(), "flag": pa.bool_(), "text": pa.string()}
Found = TypeVar("Found")


def opened(kind: str, address: str) -> Postgres:
    """A connection; the address may be ``env:NAME``."""
    return Postgres(kind, address)


class Postgres:
    """One session. It needs SELECT on the log's tables and TEMP on the database, and no setting."""

    def __init__(self, kind: str, address: str) -> None:
        place = located(address)
        self.kind, self.name, self._secret = kind, called(place), str(place.password or "")
        target = place.set(drivername="postgresql").render_as_string(hide_password=False)
        keys: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "client_encoding": "utf8", "autocommit": True}
        self.con = self._asked(lambda: psycopg.connect(target, **keys))

    def rows(self, select: str, most: int = MOST_ROWS) -> pd.DataFrame:
        """See `Warehouse`."""
        return frame(self._asked(lambda: self._fetched(select, most)), most, self.name)

    def _fetched(self, select: str, most: int) -> pa.Table:
        with self.con.transaction(), self.con.cursor("bounded") as cursor:  # a cursor on the server: no more than asked for travels
            cursor.execute(select.encode())
            found = cursor.fetchmany(most + 1)
            heads = [(column.name, code_of(column.type_display)) for column in cursor.description or ()]
        cells = zip(*found, strict=True) if found else ([] for _ in heads)
        columns = {name: _column(code, values) for (name, code), values in zip(heads, cells, strict=True)}
        return pa.table(columns)

    def keep(self, name: str, select: str) -> None:
        """See `Warehouse`."""
        self.drop(name)
        self._asked(lambda: self.con.execute(f"CREATE TEMPORARY TABLE {quoted(name)} AS {select}".encode()))
        self._asked(lambda: self.con.execute(f"ANALYZE {_own(name)}".encode()))

    def drop(self, name: str) -> None:
        """See `Warehouse`."""
        self._asked(lambda: self.con.execute(f"DROP TABLE IF EXISTS {_own(name)}".encode()))

    def columns(self, table: str) -> Mapping[str, str]:
        """See `Warehouse`."""
        found = self._asked(lambda: self.con.execute(f"SELECT * FROM {quoted(table)} LIMIT 0".encode()))
        return {column.name: code_of(column.type_display) for column in found.description or ()}

    def quoted(self, name: str) -> str:
        """See `Warehouse`."""
        return quoted(name)

    def typed(self, expression: str, code: str) -> str:
        """See `Warehouse`."""
        return f"CAST({expression} AS {_TYPES[code]})"

    def stamp_ms(self, column: str, kind: str, zone: str) -> str:
        """See `Warehouse`."""
        known = f"CAST(floor(extract(epoch FROM {column}) * 1000) AS BIGINT)"
        return known if kind == "stamp_tz" else wall_as_utc(known, zone)

    def cancel(self) -> None:
        """See `Warehouse`."""
        with suppress(psycopg.Error):
            self.con.cancel_safe()

    def close(self) -> None:
        """See `Warehouse`."""
        self.con.close()

    def _asked(self, question: Callable[[], Found]) -> Found:
        try:
            return question()
        except psycopg.Error as error:
            raise refused(error, self.name, self._secret) from None


def _own(name: str) -> str:
    """A temporary table of this session, never one of the user's."""
    return f"pg_temp.{quoted(name)}"


def _column(code: str, values: Any) -> pa.Array:
    kind = _ARROW.get(code)
    if code == "number":
        values = [None if value is None else float(value) for value in values]
    elif code == "text":
        values = [None if value is None else str(value) for value in values]
    return pa.array(list(values), kind)
