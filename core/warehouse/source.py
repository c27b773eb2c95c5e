"""source.toml: which engine, where, which of its tables and columns, and what zone; never a password.

::

    name = "Warehouse"                 # what it is called; else the file's name
    engine = "postgresql"              # one of `core.warehouse.engines.KINDS`
    address = "env:KEFULENS_WAREHOUSE" # or an address without a password
    zone = "Asia/Shanghai"             # the shop's days and hours
    stamps = "UTC"                     # zone of stamps that have none; else the shop's

    [tables]                           # table of the schema = table there
    messages = "cs.chat_message"
    conversations = "cs.ticket"

    [columns.messages]                 # field = column there; a table without a mapping is matched by its headings
    sent_at = "created_time"
    seq = "id"                         # what orders messages of one stamp

    [values.sender]                    # word there = code, for coded columns
    "buyer" = "customer"

    [units.messages]                   # s, ms, us of stamps that are numbers; ms, s, min, h of durations
    sent_at = "ms"
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import InputError, Issue, did_you_mean
from core.ingest.source import OPEN_VARIABLES, located, of_visitor
from core.schema import staged
from core.warehouse.engines import KINDS

FAR_TABLES = ("messages", "conversations", "transfers", "roster", "reviews")
"""What can stay at a source. Orders and agent-days are small enough to be loaded."""
FOLDER = "KEFULENS_SOURCES"
"""Variable that names the folder whose source files every visitor is offered."""
SERVED = ("postgresql", "clickhouse")
"""Engines that a visitor may reach by an address and a password of their own; all others could touch the server itself."""
EXTRA_FIELDS = {"messages": ("seq",), "conversations": ("seq",)}
STAMP_UNITS = {"s": 1000.0, "ms": 1.0, "us": 0.001}
DURATION_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_KEYS = ("name", "engine", "address", "zone", "stamps", "tables", "columns", "values", "units")
_MAPPINGS = ("tables", "columns", "values", "units")
_SECRET = re.compile(r"://[^/?#\s]*:[^/?#\s]+@|(?:^|[?&;\s])\w*(?:password|passwd|pwd|secret|token|key)\s*=", re.IGNORECASE)


@dataclass(frozen=True)
class SourceFile:
    """What a source file says, checked as far as it can be without the engine.

    Args:
        engine: kind of engine.
        address: its address, or ``env:NAME``.
        zone: the shop's zone.
        tables: table of the schema → table there.
        columns: table → field → column there; a table that is missing is matched by its headings.
        values: field → word there → code.
        units: table → field → unit.
        stamps: zone of stamps without one; empty: the shop's.
        name: what it is called.
    """

    engine: str
    address: str
    zone: str
    tables: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    stamps: str = ""
    name: str = ""

    @property
    def stamps_zone(self) -> str:
        """The zone of stamps without one."""
        return self.stamps or self.zone

    def resolved(self, environment: Mapping[str, str] = os.environ) -> str:
        """The address itself; ``env:NAME`` is looked up.

        Raises:
            InputError: the variable is not set.
        """
        if not self.address.startswith("env:"):
            return self.address
        variable = self.address.removeprefix("env:").strip()
        if not environment.get(variable, "").strip():
            raise InputError(Issue("source_no_variable", "error", file=self.name, value=variable))
        return environment[variable].strip()


def read(data: bytes, name: str) -> SourceFile:
    r"""A source file from its bytes.

    Raises:
        InputError: ``far_bad_file`` (no TOML, or a value of the wrong kind), ``far_unknown_key``, ``far_password``,
            ``engine_unknown_kind``, ``unknown_zone``, ``far_no_tables``, ``far_unknown_table``, ``far_table_near``, ``far_unknown_field``.

    >>> found = read(b'engine = "duckdb"\nzone = "Asia/Shanghai"\n[tables]\nmessages = "chat"\n', "shop.toml")
    >>> found.name, found.tables["messages"], found.stamps_zone
    ('shop', 'chat', 'Asia/Shanghai')
    """
    told = _parsed(data, name)
    for key in told:
        if key not in _KEYS:
            secret = _SECRET.search(f"{key}=")
            raise _wrong("far_password" if secret else "far_unknown_key", name, "" if secret else key, _KEYS)
    plain = {key: _text(told, key, name) for key in ("name", "engine", "address", "zone", "stamps")}
    mappings = {key: _mapping(told, key, name) for key in _MAPPINGS}
    plain["name"] = plain["name"] or Path(name).stem
    everything: dict[str, Any] = plain | mappings
    source = SourceFile(**everything)
    _checked(source, name)
    return source


def read_path(path: Path) -> SourceFile:
    """A source file at a path; one that is not there is an `InputError`."""
    try:
        return read(path.read_bytes(), path.name)
    except OSError as error:
        raise InputError(Issue("file_not_found", "error", file=path.name, value=str(error.strerror))) from None


def offered(environment: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Source files by name that the operator offers every visitor: those of the folder that ``KEFULENS_SOURCES`` names."""
    folder = Path(environment.get(FOLDER, "").strip() or "/dev/null")
    return {path.stem: path for path in sorted(folder.glob("*.toml"))} if folder.is_dir() else {}


def of_a_visitor(source: SourceFile) -> SourceFile:
    """A source that a visitor of a shared page brought along: nothing that belongs to the server and was not meant for visitors.

    Only variables whose name says that visitors may use them: a file may hold no password, and an address without one would go with
    what the server itself is trusted with.

    Raises:
        InputError: ``source_variable_closed`` or ``far_address_closed``.
    """
    if not source.address.startswith("env:"):
        raise InputError(Issue("far_address_closed", "error", file=source.name, value=source.engine, facts={"prefix": OPEN_VARIABLES}))
    variable = source.address.removeprefix("env:").strip()
    if not variable.startswith(OPEN_VARIABLES):
        raise InputError(Issue("source_variable_closed", "error", value=variable, facts={"prefix": OPEN_VARIABLES}))
    return source


def typed_address(engine: str, address: str) -> str:
    """An address that a visitor typed, as far as one may be used: an open variable, or a served engine with a password of their own.

    >>> typed_address("postgresql", "postgresql://shop:secret@db.example/shop?passfile=/etc/passwd")
    'postgresql://shop:secret@db.example/shop'
    """
    text = address.strip()
    if text.startswith("env:"):
        of_visitor(text)
        return text
    if engine not in SERVED:
        raise InputError(Issue("far_address_closed", "error", value=engine, facts={"prefix": OPEN_VARIABLES}))
    kind = text.partition("://")[0].partition("+")[0]
    place = of_visitor(text).set(drivername=kind)
    return place.render_as_string(hide_password=False)


def place_of(source: SourceFile, environment: Mapping[str, str] = os.environ) -> str:
    """What a source is called in the ledger: kind and host or file, never a secret."""
    address = source.resolved(environment)
    try:
        place = located(address, {})
    except InputError:
        return source.engine
    return f"{source.engine}://{place.host or Path(place.database or '').name}"


# ── what may stand in the file ───────────────────────────────────────────────────────────────────────────────────────


def _wrong(code: str, file: str, value: str, known: tuple[str, ...] = (), **about: Any) -> InputError:
    facts = {"known": ", ".join(known), "like": did_you_mean(value, known) or ", ".join(known[:8])}
    return InputError(Issue(code, "error", file=file, value=value, facts=facts, **about))


def _parsed(data: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong("far_bad_file", name, str(error).splitlines()[0][:120]) from None


def _text(told: Mapping[str, Any], key: str, name: str) -> str:
    value = told.get(key, "")
    if not isinstance(value, str):
        raise _wrong("far_bad_file", name, key)
    return value.strip()


def _mapping(told: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
    """A table of texts, or of tables of texts."""
    found = told.get(key, {})
    deep = key != "tables"
    parts = list(found.values()) if isinstance(found, dict) else [None]
    for part in parts if deep else [found]:
        if not isinstance(part, dict) or not all(isinstance(value, str) for value in part.values()):
            raise _wrong("far_bad_file", name, f"[{key}]")
    return dict(found)


def _checked(source: SourceFile, name: str) -> None:
    if _SECRET.search(source.address):
        raise _wrong("far_password", name, "")
    if source.engine not in KINDS:
        raise _wrong("engine_unknown_kind", name, source.engine, KINDS)
    for zone in {source.zone, source.stamps_zone}:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise InputError(Issue("unknown_zone", "error", file=name, value=zone)) from None
    _checked_tables(source, name)


def _checked_tables(source: SourceFile, name: str) -> None:
    for table in source.tables:
        if table in ("orders", "agent_days"):
            raise _wrong("far_table_near", name, table)
        if table not in FAR_TABLES:
            raise _wrong("far_unknown_table", name, table, FAR_TABLES)
    if not {"messages", "conversations"} & set(source.tables):
        raise _wrong("far_no_tables", name, "")
    for part in ("columns", "units"):
        for table, fields in getattr(source, part).items():
            if table not in source.tables:
                raise _wrong("far_unknown_table", name, table, tuple(source.tables))
            for each in fields:
                if each not in known_fields(table):
                    raise _wrong("far_unknown_field", name, each, known_fields(table), table=table)


def known_fields(table: str) -> tuple[str, ...]:
    """Fields of a table that a column may be mapped to."""
    return (*(column.name for column in staged(table)), *EXTRA_FIELDS.get(table, ()))


def typed_source(engine: str, address: str, zone: str, tables: Mapping[str, str]) -> SourceFile:
    """What a visitor typed, as a source; its columns are matched by their headings.

    Raises:
        InputError: as `typed_address` and `read`.
    """
    source = SourceFile(engine, typed_address(engine, address), zone, tables)
    name = place_of(source)
    _checked(replace(source, address="", name=name), name)
    return replace(source, name=name)
