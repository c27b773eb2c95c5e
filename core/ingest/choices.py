"""What the user decided about an import: the file that is remembered (``--map M.json``) and the files that come in."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatch
from functools import cached_property
from glob import escape
from pathlib import Path
from typing import Any

from core.errors import InputError, Issue
from core.schema import normal_word

VERSION = 1
ORDERS = ("", "dmy", "mdy", "ymd")


@dataclass(frozen=True)
class InputFile:
    """A file as the user gave it: a name, and its bytes or the path where they lie."""

    name: str
    data: bytes | Path

    @classmethod
    def of(cls, path: Path) -> InputFile:
        """The file at a path, read when it is needed."""
        return cls(path.name, path)

    def read(self) -> bytes:
        """All bytes; a file that is gone is an `InputError`."""
        if isinstance(self.data, bytes):
            return self.data
        with self.open() as opened:
            return opened.read()

    def open(self) -> io.BufferedReader | io.BytesIO:
        """A stream of its bytes; a file that is gone is an `InputError`."""
        if isinstance(self.data, bytes):
            return io.BytesIO(self.data)
        try:
            return self.data.open("rb")
        except OSError as error:
            raise InputError(Issue("file_not_found", "error", file=self.name, value=str(error.strerror))) from error

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of its bytes, computed once."""
        with self.open() as opened:
            return hashlib.file_digest(opened, "sha256").digest()

    @property
    def size(self) -> int:
        """Bytes of the file, 0 when it cannot be found."""
        if isinstance(self.data, bytes):
            return len(self.data)
        return self.data.stat().st_size if self.data.is_file() else 0


@dataclass(frozen=True)
class FileChoice:
    """Decisions for the files whose name fits ``pattern`` (as in ``*.csv``; with a sheet: ``book.xlsx#Sheet1``).

    Args:
        pattern: shell pattern for the file name.
        table: which table it is; empty leaves that to the import.
        columns: field by heading; an empty field means "do not use this column".
        orders: date order by heading (``dmy``, ``mdy``, ``ymd``); the heading ``*`` stands for all columns.
        units: unit of a duration column by heading (``ms``, ``s``, ``min``, ``h``, ``day``; ``mm:ss`` or ``hh:mm`` for clock times),
            ``%`` or ``share`` for a column of shares.
        encoding: how the bytes of a text file are read (``gb18030``, ``big5``, ``utf-8`` …); empty leaves that to the import.
        zones: zone in which a column's stamps without an offset were written, by heading (``*`` for all); else the shop's.
        missing: cells of a column that mean "not known", by heading (``{"等待时长": ("0",)}``).
        values: cells of a column that look like a placeholder and are values, by heading.
        platform: whose export it is, in the user's words; empty leaves that to the layouts known here.
        doubts: what is done with doubtful stamps, by code of the ledger: ``far_from_rest`` → ``keep``; ``half_turned_dates`` → ``keep``,
            ``missing`` or ``turn`` (day and month changed back).
    """

    pattern: str = "*"
    table: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""
    zones: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    platform: str = ""
    doubts: Mapping[str, str] = field(default_factory=dict)

    def silent(self, heading: str) -> frozenset[str]:
        """The words that the user calls missing in a column, as they are compared.

        >>> sorted(FileChoice(missing={"*": ["X"], "A": ["0"]}).silent("A"))
        ['0', 'x']
        """
        return _of_column(self.missing, heading)

    def kept(self, heading: str) -> frozenset[str]:
        """The words that the user calls values of a column, as they are compared."""
        return _of_column(self.values, heading)

    def fits(self, name: str) -> bool:
        """Whether these decisions are about the file of that name.

        >>> FileChoice("*.csv").fits("Shop.CSV")
        True
        """
        return fnmatch(name.lower(), self.pattern.lower())

    def with_(self, more: FileChoice) -> FileChoice:
        """These decisions under the same pattern with others put over them; mappings are merged key by key.

        >>> FileChoice("*", units={"W": "min"}).with_(FileChoice("a*", units={"H": "h"})).units
        {'W': 'min', 'H': 'h'}
        """
        merged = {name: _over(getattr(self, name), getattr(more, name)) for name in self.__dataclass_fields__}
        return FileChoice(**{**merged, "pattern": self.pattern})


def _over(old: Any, new: Any) -> Any:
    return {**old, **new} if isinstance(old, Mapping) else new or old


def _of_column(words: Mapping[str, Sequence[str]], heading: str) -> frozenset[str]:
    return frozenset(normal_word(word) for name in ("*", heading) for word in words.get(name, ()))


@dataclass(frozen=True)
class Choices:
    """Everything a user may decide about an import; the defaults decide nothing.

    Args:
        zone: zone of stamps without an offset, and of the shop's days.
        files: decisions per file pattern; later ones win.
        sender_map: word in a sender column → customer, agent, bot or system.
        value_map: word in another coded column → code, by field (``{"automation": {"A1": "faq"}}``).
        bots: names or ids of agents that are machines; ``None`` lets the import propose them.
        greetings: whether texts recognised as canned greetings are marked as such.
        csat_scale: lowest and highest possible rating; ``None`` lets the values decide.
        roles: name or id of an agent → ``agent`` or ``bot``; what it says of single agents goes before ``bots`` and all proposals.
        keep_duplicates: keep rows that are equal in every cell.
        drop_duplicates: count equal rows once also where no id says that they are the same thing.
        keep_summaries: keep rows of totals and averages as if they were rows like the others.
        fill: field → ``mean``, ``median`` or ``mode``: what its missing values are filled with; empty fills nothing.
        platform: whose exports these decisions are about, so that a saved mapping can be told apart; a file's own word goes first.

    >>> Choices.from_dict(Choices(zone="UTC", csat_scale=(1, 10)).to_dict()).csat_scale
    (1, 10)
    """

    zone: str = "Asia/Shanghai"
    files: tuple[FileChoice, ...] = ()
    sender_map: Mapping[str, str] = field(default_factory=dict)
    value_map: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    bots: tuple[str, ...] | None = None
    greetings: bool = True
    csat_scale: tuple[float, float] | None = None
    keep_duplicates: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    drop_duplicates: bool = False
    keep_summaries: bool = False
    fill: Mapping[str, str] = field(default_factory=dict)
    platform: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with the version of the format."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Choices:
        """Choices from `to_dict`'s data; an unknown key or another version is an `InputError` that names it."""
        if data.get("version", VERSION) != VERSION:
            raise InputError(Issue("mapping_version", "error", value=str(data.get("version"))))
        known = {key: value for key, value in data.items() if key != "version"}
        try:
            files = tuple(FileChoice(**each) for each in known.pop("files", ()))
            return cls(**{**known, "files": files, **_tuples(known)})
        except TypeError as error:
            raise InputError(Issue("mapping_unreadable", "error", value=str(error))) from error

    @classmethod
    def read(cls, path: Path) -> Choices:
        """Choices from a mapping file."""
        try:
            return cls.from_dict(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise InputError(Issue("mapping_unreadable", "error", file=path.name, value=str(error))) from error

    def of(self, name: str) -> FileChoice:
        """All decisions about one file, merged."""
        merged = FileChoice(name, platform=self.platform)
        for each in self.files:
            if each.fits(name):
                merged = merged.with_(each)
        return merged

    def about(self, name: str, more: FileChoice) -> Choices:
        """The same choices with more decided about the file of exactly that name.

        >>> Choices().about("a[1].csv", FileChoice(orders={"Date": "mdy"})).of("a[1].csv").orders
        {'Date': 'mdy'}
        """
        pattern = escape(name)
        before = next((each for each in reversed(self.files) if each.pattern == pattern), FileChoice(pattern))
        others = tuple(each for each in self.files if each.pattern != pattern)
        return replace(self, files=(*others, before.with_(more)))


def _tuples(known: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(known[key]) for key in ("bots", "csat_scale") if known.get(key) is not None}


def digest(files: Sequence[InputFile], choices: Choices) -> str:
    """A digest of all bytes and decisions: the same input gives the same log.

    >>> len(digest([InputFile("a.csv", b"x")], Choices()))
    64
    """
    total = hashlib.sha256(json.dumps(choices.to_dict(), sort_keys=True, ensure_ascii=False).encode())
    for each in files:
        total.update(each.name.encode() + b"\0" + each.digest)
    return total.hexdigest()
