"""What columns hold on any engine, and wall clocks as instants: one reading of a zone for all engines, whatever each of them would do."""

from __future__ import annotations

import itertools
import re
import time
from functools import cache

from core.engine.zones import DAY_MS, transitions

OLDEST_MS = 946_684_800_000
"""2000-01-01: stamps before it are read with the offset the zone had then."""
_WRAPPED = re.compile(r"^(?:nullable|lowcardinality)\((.*)\)$")
_CODES = (
    ("flag", r"bool"),
    ("stamp_tz", r"timestamp.*with time zone|timestamptz|timestamp_ltz|^datetime"),
    ("stamp", r"timestamp"),
    ("date", r"^date"),
    ("integer", r"int|^long|^short|^byte|^serial|^decimal\(\d+, ?0\)"),
    ("number", r"decimal|numeric|float|double|real"),
)


def code_of(kind: str) -> str:
    """The code of a column's type as an engine writes it.

    >>> [code_of(kind) for kind in ("LowCardinality(Nullable(String))", "timestamp without time zone", "DateTime64(3, 'UTC')", "Int16")]
    ['text', 'stamp', 'stamp_tz', 'integer']
    """
    word = kind.strip().lower()
    while found := _WRAPPED.match(word):
        word = found[1]
    return next((code for code, words in _CODES if re.search(words, word)), "text")


def quoted(name: str, mark: str = '"') -> str:
    """A name as it stands in a SELECT; every part of ``schema.table`` in its own marks.

    >>> quoted('shop.messages'), quoted('a"b')
    ('"shop"."messages"', '"a""b"')
    """
    return ".".join(mark + part.replace(mark, mark * 2) + mark for part in name.split("."))


def wall_as_utc(wall: str, zone: str) -> str:
    """SQL for a wall clock in milliseconds as UTC milliseconds.

    >>> wall_as_utc("w", "Asia/Shanghai")
    '(w - 28800000)'
    >>> wall_as_utc("w", "Europe/Berlin").startswith("(CASE WHEN w >= ")
    True
    """
    cases, first = _cases(zone)
    if not cases:
        return f"({wall} - {first})"
    later = " ".join(
        f"WHEN {wall} >= {start} THEN {f'{wall} - {shift}' if whole is None else whole}" for start, shift, whole in cases
    )
    return f"(CASE {later} ELSE {wall} - {first} END)"


@cache
def _cases(zone: str) -> tuple[tuple[tuple[int, int, int | None], ...], int]:
    """Newest first: from which wall clock on which offset holds, or which single instant is meant (an hour that does not exist)."""
    changes = transitions(zone, OLDEST_MS, int(time.time() * 1000) + 400 * DAY_MS)
    found: list[tuple[int, int, int | None]] = []
    for (_, before), (at, after) in itertools.pairwise(changes):
        if after > before:
            found.append((at + before, 0, at))
        found.append((at + max(before, after), after, None))
    return tuple(reversed(found)), changes[0][1]
