"""What looks wrong without being impossible: a time zone nobody works in, columns of two zones, near-duplicates, open rating scales.

Nothing is changed here; each suspicion is a line of the ledger with its count and a cure the user may choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.ingest import dates
from core.ingest.quick import in_threads
from core.ingest.stage import Book

Columns = dict[str, pa.Array]
HOUR = 3_600_000
NIGHT = range(7)
DAY = range(8, 20)
ENOUGH = 50
NEAR = 60_000
_ANSWERED = {"messages": "sent_at", "conversations": "first_human_reply_at"}
_THINGS = {"conversations": "started_at", "orders": "created_at"}


def suspect(columns: Columns, book: Book, zone: str, headings: Mapping[str, str]) -> None:
    """Enters the suspicions about a staged table.

    Args:
        columns: staged columns by name, after the checks.
        book: the accounts of the file.
        zone: the shop's zone.
        headings: heading by column name.
    """
    _night_work(columns, book, zone, headings)
    _near_duplicates(columns, book, zone, headings)
    _many_zeros(columns, book, headings)


def _night_work(columns: Columns, book: Book, zone: str, headings: Mapping[str, str]) -> None:
    """People who answer at night and never by day work in another zone than the one the stamps were taken in."""
    found = answered(columns, book, zone)
    if found is None:
        return
    marks, hours, timed = found
    facts = by_night(hours, timed)
    if facts:
        name = _ANSWERED[book.table]
        facts |= {"zone": zone, "zoned": name in book.zoned}
        book.note("zone_doubtful", "warning", marks, column=headings.get(name, ""), facts=facts)


def answered(columns: Columns, book: Book, zone: str) -> tuple[np.ndarray, np.ndarray, bool] | None:
    """The rows in which a person answered, how many in each hour of the local day, and whether any has a time of day."""
    name = _ANSWERED.get(book.table, "")
    if name not in columns:
        return None
    marks = book.keep & columns[name].is_valid().to_numpy(zero_copy_only=False)
    if book.table == "messages" and "sender" in columns:
        marks &= pc.fill_null(pc.equal(columns["sender"], "agent"), False).to_numpy(zero_copy_only=False)
    millis = columns[name].filter(pa.array(marks)).to_numpy(zero_copy_only=False)
    wall = dates.local_wall(millis, zone)
    hours = np.bincount((wall // HOUR % 24).astype(np.int64), minlength=24)
    return marks, hours, bool((wall % dates.DAY).any())


def by_night(hours: np.ndarray, timed: bool) -> dict[str, Any]:
    """What is said where answers come at night and never by day; empty where all is well, or there are too few."""
    total = hours.sum()
    if total < ENOUGH:
        return {}
    night, day = hours[list(NIGHT)].sum() / total, hours[list(DAY)].sum() / total
    if night < 0.5 or day > 0.2 or not timed:
        return {}
    return {"share": f"{night:.0%}", "hour": int(hours.argmax()), "shift": _shift(hours)}


def _shift(hours: np.ndarray) -> str:
    """Hours by which the stamps would have to move so that most answers fall between 9 and 21 o'clock.

    >>> _shift(np.bincount([3] * 9 + [4] * 9, minlength=24))
    '+11'
    """
    within = [np.roll(hours, move)[9:21].sum() for move in range(24)]
    best = [move for move in range(24) if within[move] == max(within)]
    middle = best[len(best) // 2]
    return f"{middle if middle <= 12 else middle - 24:+d}"


def _near_duplicates(columns: Columns, book: Book, zone: str, headings: Mapping[str, str]) -> None:
    """The same customer within a minute under two ids: listed, never removed."""
    stamp = _THINGS.get(book.table, "")
    key = {"conversations": "conversation_id", "orders": "order_id"}.get(book.table, "")
    if stamp not in columns or "customer_id" not in columns or key not in columns:
        return
    customers, known = columns["customer_id"], columns["customer_id"].is_valid().to_numpy(zero_copy_only=False)
    millis = pc.fill_null(columns[stamp], -1).to_numpy(zero_copy_only=False)
    places = _come_again(customers, np.flatnonzero(book.keep & known & (millis >= 0)), millis)
    places = places[dates.local_wall(millis[places], zone) % dates.DAY != 0]
    codes = _codes(customers, places)
    sorting = np.lexsort((millis[places], codes))
    order = places[sorting]
    near = (np.diff(codes[sorting]) == 0) & (np.diff(millis[order]) < NEAR)
    for name in ("agent_id", "amount", "channel"):
        if name in columns and near.any():
            same = columns[name].take(pa.array(order)).dictionary_encode().indices
            near &= np.diff(pc.fill_null(same, -1).to_numpy(zero_copy_only=False)) == 0
    marks = np.zeros(len(book.keep), dtype=bool)
    marks[order[1:][near]] = True
    book.note("near_duplicates", "note", marks, column=headings.get("customer_id", ""))


def _codes(column: pa.Array, places: np.ndarray) -> np.ndarray:
    """A number for each distinct cell at these places."""
    few = column.take(pa.array(places)).dictionary_encode()
    return np.asarray(few.indices.to_numpy(zero_copy_only=False))


def _come_again(customers: pa.Array, places: np.ndarray, millis: np.ndarray) -> np.ndarray:
    """The places, in their order, of customers who come twice within the time that counts as near."""
    when = millis[places]
    if (np.diff(when) < 0).any():
        places = places[np.argsort(when, kind="stable")]
        when = millis[places]

    def again(part: slice) -> np.ndarray:
        return places[part][_twice(_codes(customers, places[part]), when[part])]

    return np.unique(np.concatenate([places[:0], *in_threads(again, _stretches(when))]))


def _stretches(when: np.ndarray) -> list[slice]:
    """Rows in order of time in overlapping stretches, so that any two that are near stand in one of them together.

    Each is short enough for its customers to be told apart in the cache, and holds several times what counts as near.

    >>> _stretches(np.array([0, 10])), _stretches(np.array([], dtype=np.int64))
    ([slice(0, 2, None)], [])
    """
    stretches, start = [], 0
    while start < len(when):
        end = max(start + dates.SLICE, int(np.searchsorted(when, when[start] + 4 * NEAR)))
        stretches.append(slice(start, min(end, len(when))))
        start = int(np.searchsorted(when, when[end] - NEAR, side="right")) if end < len(when) else len(when)
    return stretches


def _twice(codes: np.ndarray, millis: np.ndarray) -> np.ndarray:
    """Rows of customers who come twice within the time that counts as near; one sort of one number a row finds them."""
    span = int(millis[-1] - millis[0]) + NEAR
    keys = codes.astype(np.int64) * span + (millis - millis[0])
    keys.sort()
    again = np.zeros(int(codes.max()) + 1, dtype=bool)
    again[keys[1:][np.diff(keys) < NEAR] // span] = True
    return np.asarray(again[codes])


def _many_zeros(columns: Columns, book: Book, headings: Mapping[str, str]) -> None:
    """Durations of exactly nothing in many rows are rather a way of writing "not known"."""
    for name in ("wait_s", "handle_s", "resolution_s"):
        if name not in columns:
            continue
        zero = pc.fill_null(pc.equal(columns[name], 0), False).to_numpy(zero_copy_only=False) & book.keep
        filled = columns[name].is_valid().to_numpy(zero_copy_only=False) & book.keep
        if zero.sum() >= 20 and zero.sum() >= 0.2 * filled.sum():
            book.note("many_zeros", "note", zero, column=headings.get(name, ""))
