"""A database by its address as a source: one table or one SELECT → a file like any other, in Parquet.

Nothing is ever written: PostgreSQL reads in a READ ONLY transaction, SQLite opens its file read-only, and every statement of the
user is first held against `core.ingest.statement`. Other databases have that check alone; give the app an account that can only read.
Values come as the text a person would have written, stamps with a zone in UTC, so that all that follows is the way of every file.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.errors import InputError, Issue, did_you_mean
from core.ingest.cells import cell_text
from core.ingest.choices import InputFile
from core.ingest.origin import Origin
from core.ingest.read import unique_headings
from core.ingest.refusals import refusal
from core.ingest.statement import reading

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, CursorResult, Engine

Progress = Callable[[int, int, str], None]
CHUNK = 10_000
CONNECT_SECONDS = 10
MOST_ROWS = 5_000_000
_DRIVERS = {
    "postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql",
}  # fmt: skip
_PACKAGES = {"psycopg": "psycopg[binary]", "MySQLdb": "mysqlclient", "pymssql": "pymssql", "cx_Oracle": "cx_Oracle"}
_SYSTEM_SCHEMAS = {"information_schema", "mysql", "performance_schema", "sys", "pg_catalog"}
_OF_PATTERNS = re.compile(r"[*?\[\]#\s]")


@dataclass(frozen=True)
class Wanted:
    """What to fetch: a ``table`` (``schema.table`` outside the usual schema) or a ``query``.

    Args:
        table: its name as `tables` gives it.
        query: one SELECT.
        limit: rows at most; a result that is longer is cut and the ledger says so.
        seconds: how long the database may take altogether.
    """

    table: str = ""
    query: str = ""
    limit: int = 1_000_000
    seconds: float = 300.0


def tables(address: str | URL) -> tuple[str, ...]:
    """Tables and views that can be fetched, those outside the usual schema as ``schema.table``.

    Raises:
        InputError: no such database, wrong password, driver missing …, as in `fetch`.
    """
    place = located(address)
    with _connected(place, called(place), CONNECT_SECONDS * 3) as connection:
        return tuple(_tables(connection))


def fetch(address: str | URL, wanted: Wanted, progress: Progress | None = None) -> InputFile:
    """The table or the result of the query as a Parquet file, named after the place it came from and never after a password.

    Args:
        address: ``postgresql://user:password@host/database``, ``sqlite:///path`` … or ``env:NAME`` for an address that stands in an
            environment variable.
        wanted: table or query, and the limits.
        progress: called with (rows so far, row limit, name) after every chunk; raise from it to cancel.

    Raises:
        InputError: an address, table, column or statement that does not hold; a password, host or driver that is missing; a time-out;
            a connection that was cut. Its issue says which and what would cure it.
    """
    if bool(wanted.table) == bool(wanted.query.strip()):
        raise InputError(Issue("source_nothing_asked", "error"))
    if not 1 <= wanted.limit <= MOST_ROWS:
        raise InputError(Issue("source_bad_limit", "error", value=str(wanted.limit), facts={"limit": MOST_ROWS}))
    place = located(address)
    query = reading(wanted.query) if wanted.query else ""
    name = called(place, wanted)
    with (
        _connected(place, name, wanted.seconds) as connection,
        closing(_asked(connection, query) if query else _whole(connection, wanted.table, name)) as result,
    ):
        return InputFile(name, _parquet(result, wanted, progress, (place.get_backend_name(), name)))


# ── the address ──────────────────────────────────────────────────────────────────────────────────────────────────────


def located(address: str | URL, environment: Mapping[str, str] = os.environ) -> URL:
    """The address taken apart; ``env:NAME`` is looked up.

    >>> located("env:SHOP_DB", {"SHOP_DB": "postgres://shop:secret@db.example/shop"})
    postgresql+psycopg://shop:***@db.example/shop
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    if not isinstance(address, str):
        return address
    text = address.strip()
    if text.startswith("env:"):
        variable = text.removeprefix("env:").strip()
        if not environment.get(variable, "").strip():
            raise InputError(Issue("source_no_variable", "error", value=variable))
        text = environment[variable].strip()
    try:
        place = make_url(text)
    except (ArgumentError, ValueError):
        raise InputError(Issue("source_bad_address", "error")) from None
    return place.set(drivername=_DRIVERS.get(place.drivername, place.drivername)).difference_update_query(["plugin"])


def of_visitor(address: str, environment: Mapping[str, str] = os.environ) -> URL:
    """The address as a visitor of a shared page may use it: nothing that belongs to the server and was not meant for visitors.

    Variables of the environment only where their name says that they are (``KEFULENS_…``; what stands in them is the operator's choice);
    else a database on a host, with a password of one's own, and no parameter that opens a file.

    Raises:
        InputError: a file on the server, another variable, no password; its issue says what is possible instead.

    >>> of_visitor("env:KEFULENS_SHOP", {"KEFULENS_SHOP": "sqlite:////data/shop.db"})
    sqlite:////data/shop.db
    >>> of_visitor("postgresql://shop:secret@db.example/shop?passfile=/etc/passwd&sslmode=require")
    postgresql+psycopg://shop:***@db.example/shop?sslmode=require
    """
    text = address.strip()
    if text.startswith("env:"):
        variable = text.removeprefix("env:").strip()
        if not variable.startswith(OPEN_VARIABLES):
            raise InputError(Issue("source_variable_closed", "error", value=variable, facts={"prefix": OPEN_VARIABLES}))
        return located(text, environment)
    place = located(text, {})
    if not place.host or place.get_backend_name() == "sqlite":
        raise InputError(Issue("source_file_closed", "error", value=place.get_backend_name()))
    if not place.password:
        raise InputError(Issue("source_password", "error", file=called(place), value="–"))
    return place.set(query={name: value for name, value in place.query.items() if name in _HARMLESS})


OPEN_VARIABLES = "KEFULENS_"
_HARMLESS = {"sslmode", "charset", "connect_timeout", "application_name", "secure"}


def called(place: URL, wanted: Wanted | None = None) -> str:
    """What the ledger and the mapping file call this source: kind, host, database and table, or a mark of the query.

    >>> called(located("postgresql://shop:secret@db.example/shop"), Wanted("messages"))
    'postgresql://db.example/shop/messages'
    >>> called(located("sqlite:////data/shop.db"), Wanted(query="SELECT 1"))
    'sqlite://shop.db/query-e004ebd5'
    """
    parts = [place.host or "", Path(place.database or "").name]
    if wanted:
        digest = hashlib.sha256(" ".join(wanted.query.split()).encode()).hexdigest()
        parts.append(wanted.table or f"query-{digest[:8]}")
    return _OF_PATTERNS.sub("_", f"{place.get_backend_name()}://" + "/".join(part for part in parts if part))


# ── the connection ───────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _connected(place: URL, name: str, seconds: float) -> Iterator[Connection]:
    """A connection that only reads; whatever the database or its driver raises comes out as an `InputError` without secrets."""
    from sqlalchemy.exc import SQLAlchemyError

    engine = _engine(place, name, seconds)
    try:
        with engine.connect() as connection:
            _read_only(connection, seconds)
            yield connection
    except SQLAlchemyError as error:
        raise InputError(refusal(error, place, name)) from None
    finally:
        engine.dispose()


def _engine(place: URL, name: str, seconds: float) -> Engine:
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import NoSuchModuleError

    if place.get_backend_name() == "sqlite":
        return create_engine("sqlite://", creator=lambda: _sqlite(place, name, seconds), poolclass=NullPool)
    timeout = {"connect_timeout": CONNECT_SECONDS}
    encoding = {"client_encoding": "utf8"} if place.get_driver_name() == "psycopg" else {}
    known = place.get_driver_name() in ("psycopg", "psycopg2", "pymysql", "mysqldb")
    try:
        return create_engine(place, poolclass=NullPool, connect_args={**timeout, **encoding} if known else {})
    except NoSuchModuleError:
        raise InputError(Issue("source_unknown_kind", "error", value=place.drivername)) from None
    except ModuleNotFoundError as error:
        missing = str(error.name)
        facts = {"package": _PACKAGES.get(missing, missing)}
        raise InputError(Issue("source_no_driver", "error", file=name, value=place.drivername, facts=facts)) from None


def _sqlite(place: URL, name: str, seconds: float) -> sqlite3.Connection:
    """The file opened read-only and asked for no longer than allowed."""
    path = Path(place.database or "")
    if not path.is_file():
        raise InputError(Issue("source_no_database", "error", file=name, value=path.name))
    opened = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    opened.execute("PRAGMA query_only = ON")
    opened.execute("PRAGMA trusted_schema = OFF")
    opened.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
    end = time.monotonic() + seconds
    opened.set_progress_handler(lambda: int(time.monotonic() > end), 10_000)
    return opened


def _read_only(connection: Connection, seconds: float) -> None:
    if connection.dialect.name != "postgresql":
        return
    from sqlalchemy import func, select

    connection.execution_options(postgresql_readonly=True)
    connection.execute(select(func.set_config("statement_timeout", str(max(1, round(seconds * 1000))), True)))


# ── the question ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _tables(connection: Connection) -> dict[str, tuple[str | None, str]]:
    """Schema and name of every table and view by the name it is picked by."""
    from sqlalchemy import inspect

    looking = inspect(connection)
    usual = looking.default_schema_name
    found: dict[str, tuple[str | None, str]] = {}
    for schema in sorted(looking.get_schema_names(), key=lambda each: (each != usual, each)):
        if schema not in _SYSTEM_SCHEMAS:
            for name in sorted([*looking.get_table_names(schema), *looking.get_view_names(schema)]):
                found[name if schema == usual else f"{schema}.{name}"] = (schema, name)
    return found


def _whole(connection: Connection, wanted: str, name: str) -> CursorResult[Any]:
    from sqlalchemy import Select, literal_column, select, table

    known = _tables(connection)
    if wanted not in known:
        facts = {"like": did_you_mean(wanted, known) or ", ".join(list(known)[:8])}
        raise InputError(Issue("source_unknown_table", "error", file=name, value=wanted, facts=facts))
    schema, plain = known[wanted]
    everything: Select[Any] = select(literal_column("*")).select_from(table(plain, schema=schema))
    return connection.execution_options(yield_per=CHUNK).execute(everything)


def _asked(connection: Connection, query: str) -> CursorResult[Any]:
    """The user's SELECT as it stands: without parameters, a percent sign or a colon in it is only that."""
    return connection.execution_options(yield_per=CHUNK, no_parameters=True).exec_driver_sql(query)


# ── the answer ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _parquet(result: CursorResult[Any], wanted: Wanted, progress: Progress | None, about: tuple[str, str]) -> bytes:
    """The rows chunk by chunk as text columns, never more of them in memory than a chunk; what was cut or left out is noted inside."""
    from pyarrow import parquet

    system, name = about
    keys = list(result.keys())
    headings = unique_headings(keys, len(keys))
    schema = pa.schema([(heading, pa.string()) for heading in headings])
    binary: set[str] = set()
    held = io.BytesIO()
    done = 0
    with parquet.ParquetWriter(held, schema, compression="zstd") as writer:
        for rows in _chunks(result, wanted, name):
            writer.write_batch(_batch(rows, schema, binary))
            done += len(rows)
            if progress:
                progress(done, wanted.limit, name)
        cut = wanted.limit if done == wanted.limit and result.fetchone() is not None else 0
        writer.add_key_value_metadata(Origin(system, cut, tuple(sorted(binary))).note())
    return held.getvalue()


def _chunks(result: CursorResult[Any], wanted: Wanted, name: str) -> Iterator[Sequence[Any]]:
    end = time.monotonic() + wanted.seconds
    left = wanted.limit
    while left and (rows := result.fetchmany(min(CHUNK, left))):
        yield rows
        left -= len(rows)
        if time.monotonic() > end:
            raise InputError(Issue("source_timeout", "error", file=name, value=f"{wanted.seconds:g} s"))


def _batch(rows: Sequence[Any], schema: pa.Schema, binary: set[str]) -> pa.RecordBatch:
    columns = []
    for heading, cells in zip(schema.names, zip(*rows, strict=True), strict=True):
        if any(isinstance(cell, bytes | bytearray | memoryview) for cell in cells):
            binary.add(heading)
        columns.append(pa.array([cell_text(cell) for cell in cells], pa.string()))
    return pa.RecordBatch.from_arrays(columns, schema=schema)
