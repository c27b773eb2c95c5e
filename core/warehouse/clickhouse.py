"""ClickHouse: embedded (`chdb`) over files, or a server by its address; steps are temporary tables of the session."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import pandas as pd
import pyarrow as pa

from core.errors import InputError, Issue
from core.ingest.source import called, located
from core.limits import limits
from core.scratch import scratch
from core.warehouse.answers import frame, refused
from core.warehouse.engines import MOST_ROWS
from core.warehouse.stamps import code_of, quoted, wall_as_utc

SESSION_SECONDS = 3600
"""How long a server keeps the temporary tables of a session that asks nothing."""
_TYPES = {"text": "Nullable(String)", "integer": "Nullable(Int64)", "number": "Nullable(Float64)", "small": "Nullable(Int16)"}
Found = TypeVar("Found")


class _Session(Protocol):
    """One session of an engine in this process or of a server."""

    def table(self, select: str) -> pa.Table: ...

    def run(self, statement: str) -> None: ...

    def cancel(self) -> None: ...

    def close(self) -> None: ...


def opened(kind: str, address: str) -> ClickHouse:
    """No address opens the embedded engine, ``clickhouse://user:password@host:8443/database?secure=true`` (or ``env:NAME``) a server."""
    if not address.strip():
        return ClickHouse(kind, "clickhouse://", _Embedded())
    place = located(address)
    name, secret = called(place), str(place.password or "")
    try:
        return ClickHouse(kind, name, _Server(place), secret)
    except Exception as error:  # noqa: BLE001 - the client raises errors of its own, of its transport and of the server
        raise refused(error, name, secret) from None


class ClickHouse:
    """One session. A server's user needs SELECT on the log's tables and CREATE TEMPORARY TABLE; no setting."""

    def __init__(self, kind: str, name: str, session: _Session, secret: str = "") -> None:
        self.kind, self.name, self._session, self._secret = kind, name, session, secret

    def rows(self, select: str, most: int = MOST_ROWS) -> pd.DataFrame:
        """See `Warehouse`."""
        return frame(self._asked(lambda: self._session.table(f"SELECT * FROM ({select}) AS answer LIMIT {most + 1}")), most, self.name)

    def keep(self, name: str, select: str) -> None:
        """See `Warehouse`."""
        self.drop(name)
        self._asked(lambda: self._session.run(f"CREATE TEMPORARY TABLE {quoted(name)} ENGINE = MergeTree ORDER BY tuple() AS {select}"))

    def drop(self, name: str) -> None:
        """See `Warehouse`."""
        self._asked(lambda: self._session.run(f"DROP TEMPORARY TABLE IF EXISTS {quoted(name)}"))

    def columns(self, table: str) -> Mapping[str, str]:
        """See `Warehouse`."""
        found = self._asked(lambda: self._session.table(f"DESCRIBE TABLE {quoted(table)}").select(["name", "type"]))
        return {name: code_of(kind) for name, kind in zip(*(column.to_pylist() for column in found.columns), strict=True)}

    def quoted(self, name: str) -> str:
        """See `Warehouse`."""
        return quoted(name)

    def typed(self, expression: str, code: str) -> str:
        """See `Warehouse`."""
        return f"CAST({expression} AS {_TYPES[code]})"

    def stamp_ms(self, column: str, kind: str, zone: str) -> str:
        """See `Warehouse`; a column of this engine is always an instant, as a wall clock it counts as it is shown."""
        if kind == "stamp_tz":
            return f"toUnixTimestamp64Milli(toDateTime64({column}, 3, 'UTC'))"
        return wall_as_utc(f"toUnixTimestamp64Milli(toDateTime64(toString({column}), 3, 'UTC'))", zone)

    def cancel(self) -> None:
        """See `Warehouse`; the embedded engine stops after the step it is in."""
        with suppress(Exception):
            self._session.cancel()

    def close(self) -> None:
        """See `Warehouse`."""
        with suppress(Exception):
            self._session.close()

    def _asked(self, question: Callable[[], Found]) -> Found:
        try:
            return question()
        except Exception as error:  # noqa: BLE001 - see `opened`
            raise refused(error, self.name, self._secret) from None


class _Embedded:
    """The engine in this process, with a folder of its own that goes with it."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="clickhouse-", dir=scratch(limits().temp_folder))
        self._session = import_module("chdb.session").Session(self._folder)
        self._stopped = False

    def table(self, select: str) -> pa.Table:
        """The result, read in one piece."""
        return self._query(select, "ArrowTable")

    def run(self, statement: str) -> None:
        """A statement without a result."""
        self._query(statement, "CSV")

    def _query(self, statement: str, how: str) -> Any:
        if self._stopped:
            self._stopped = False
            raise InputError(Issue("engine_cancelled", "error", file="clickhouse://"))
        return self._session.query(statement, how)

    def cancel(self) -> None:
        """The next statement is refused."""
        self._stopped = True

    def close(self) -> None:
        """Ends the engine and removes its folder."""
        self._session.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Server:
    """A session of a server by HTTP."""

    def __init__(self, place: Any) -> None:
        client = import_module("clickhouse_connect").get_client
        secure = str(place.query.get("secure", "")).lower() in ("1", "true", "yes")
        keys = {"host": place.host, "username": place.username or "default", "password": place.password or ""}
        keys |= {"database": place.database or "default", "secure": secure, "session_id": f"kefulens-{uuid4().hex}"}
        self._keys = keys | ({"port": place.port} if place.port else {})
        self._client = client(**self._keys, settings={"session_timeout": SESSION_SECONDS})
        self._client_of = client
        self._running = ""

    def table(self, select: str) -> pa.Table:
        """The result in Arrow."""
        self._running = uuid4().hex
        return self._client.query_arrow(select, settings={"query_id": self._running}, use_strings=True)

    def run(self, statement: str) -> None:
        """A statement without a result."""
        self._running = uuid4().hex
        self._client.command(statement, settings={"query_id": self._running})

    def cancel(self) -> None:
        """Another session ends the query that runs."""
        keys = {name: value for name, value in self._keys.items() if name != "session_id"}
        self._client_of(**keys).command(f"KILL QUERY WHERE query_id = '{self._running}' ASYNC")

    def close(self) -> None:
        """The server forgets the session's tables when it times out, the steps themselves were dropped before."""
        self._client.close()
