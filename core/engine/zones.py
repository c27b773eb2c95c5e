"""A shop's zone as integers: which offset holds from which instant on."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

DAY_MS = 86_400_000


def offset_ms(zone: str, instant_ms: int) -> int:
    """Offset of the zone's wall clock from UTC at an instant.

    >>> offset_ms("Asia/Shanghai", 0) // 3_600_000
    8
    """
    moment = datetime.fromtimestamp(instant_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    delta = moment.utcoffset()
    return int(delta.total_seconds() * 1000) if delta else 0


def transitions(zone: str, first_ms: int, last_ms: int) -> tuple[tuple[int, int], ...]:
    """(from instant, offset) pairs that cover the span; the first pair's instant is the span's start.

    >>> len(transitions("Europe/Berlin", 1_700_000_000_000, 1_720_000_000_000))
    2
    """
    found = [(first_ms, offset_ms(zone, first_ms))]
    at = first_ms
    while at < last_ms:
        ahead = min(at + 7 * DAY_MS, last_ms)
        if offset_ms(zone, ahead) != found[-1][1]:
            found.append(_change(zone, at, ahead))
        at = ahead
    return tuple(found)


def _change(zone: str, before: int, after: int) -> tuple[int, int]:
    start = offset_ms(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if offset_ms(zone, middle) == start else (before, middle)
    return after, offset_ms(zone, after)


def midnight_after(instant_ms: int, zone: str) -> int:
    """The first instant of the next local day; the clocks may change on the way, even at midnight itself.

    >>> midnight = 1_774_738_800_000  # of 29 March 2026 in Berlin, a day of 23 hours
    >>> (midnight_after(midnight, "Europe/Berlin") - midnight) // 3_600_000
    23
    """
    wall = (local_day(instant_ms, zone) + 1) * DAY_MS
    by_old = wall - offset_ms(zone, instant_ms)
    by_new = wall - offset_ms(zone, by_old)
    found = [at for at in sorted({by_new, by_old}) if at > instant_ms and at + offset_ms(zone, at) >= wall]
    return found[0] if found else max(by_new, by_old)


def local_case(column: str, changes: tuple[tuple[int, int], ...]) -> str:
    """SQL for a column as shop wall-clock milliseconds.

    >>> local_case("t", ((0, 5), (100, 9)))
    '(t + CASE WHEN t >= 100 THEN 9 ELSE 5 END)'
    """
    later = "".join(f" WHEN {column} >= {at} THEN {shift}" for at, shift in reversed(changes[1:]))
    first = changes[0][1]
    return f"({column} + CASE{later} ELSE {first} END)" if later else f"({column} + {first})"


def local_day(instant_ms: int, zone: str) -> int:
    """Days since 1970-01-01 on the shop's calendar.

    >>> local_day(0, "Asia/Shanghai")
    0
    """
    return (instant_ms + offset_ms(zone, instant_ms)) // DAY_MS
