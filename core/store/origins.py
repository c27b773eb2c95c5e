"""By what something kept was made: once a definition, the import, a library or the rules of a time zone change, it is made anew."""

from __future__ import annotations

import hashlib
import sys
import zoneinfo
from functools import cache
from importlib import metadata, resources
from pathlib import Path

ROOMS = ("ingest", "engine", "store")
"""Rooms of core whose every file has its part in a log or its facts."""
FILES = (
    "errors.py", "log.py", "schema.py", "rules.py", "scenario.py", "limits.py", "commerce.py", "scratch.py", "embedded.py",
    "cells.toml", "courtesy.toml", "headings.toml",
)  # fmt: skip
"""Files of core beside those rooms."""
LIBRARIES = ("duckdb", "pyarrow", "numpy", "pandas", "fastexcel", "tzdata")
_CORE = Path(__file__).resolve().parent.parent


def sources(core: Path = _CORE) -> list[Path]:
    """Every file of the project that decides what a log and its facts are."""
    rooms = [path for name in ROOMS for path in (core / name).rglob("*") if path.suffix in (".py", ".sql", ".toml", ".json")]
    return sorted([*rooms, *(core / name for name in FILES if (core / name).is_file())])


@cache
def fingerprint(core: Path = _CORE) -> str:
    """A digest of those files, of the libraries' versions and of this Python's; line endings do not matter.

    >>> len(fingerprint())
    32
    """
    total = hashlib.blake2b(repr(sys.version_info[:2]).encode(), digest_size=16)
    for path in sources(core):
        total.update(path.relative_to(core).as_posix().encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    for name in LIBRARIES:
        total.update(f"{name} {_version(name)}\0".encode())
    return total.hexdigest()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


@cache
def zone_rules(zone: str) -> str:
    """A digest of a time zone's rules as this machine knows them; empty where it knows no such zone.

    >>> zone_rules("Asia/Shanghai") == zone_rules("Asia/Shanghai") != zone_rules("Europe/Berlin")
    True
    """
    try:
        zoneinfo.ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return ""
    for folder in zoneinfo.TZPATH:
        found = Path(folder, *zone.split("/"))
        if found.is_file():
            return hashlib.blake2b(found.read_bytes(), digest_size=16).hexdigest()
    packed = resources.files("tzdata").joinpath("zoneinfo", *zone.split("/"))
    return hashlib.blake2b(packed.read_bytes(), digest_size=16).hexdigest()
