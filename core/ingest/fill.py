"""Missing values filled by mean, median or mode: off unless asked for, every filled cell marked and counted.

A filled value is a guess that looks like a fact, so only figures and categories of conversations are filled, and nothing that would say
an event took place: a wait is filled only where the conversation is known to be answered, a time to the solution only where it is solved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InputError, Issue
from core.ingest.choices import Choices
from core.ingest.stage import Staged
from core.schema import table

WAYS = ("mean", "median", "mode")
TABLES = ("conversations", "messages")
_WAYS_OF: Mapping[str, tuple[str, ...]] = {
    "rating": WAYS, "duration": ("mean", "median"), "category": ("mode",), "channel": ("mode",),
}  # fmt: skip
_OF_MESSAGES = ("content_type", "channel", "language")
"""Columns of single messages; a conversation's value stands on its rows and is filled once a conversation."""
_HAPPENED = {"wait_s": "answered", "resolution_s": "resolved"}
"""A figure of something that took place, and the flag that says it did."""


def ways(table_name: str, field: str) -> tuple[str, ...]:
    """How a field may be filled; empty where a filled value would be an invention.

    >>> ways("conversations", "csat"), ways("conversations", "handle_s"), ways("conversations", "agent_id")
    (('mean', 'median', 'mode'), ('mean', 'median'), ())
    """
    column = table(table_name).by_name().get(field) if table_name in TABLES else None
    if column is None or (table_name == "messages" and field in _OF_MESSAGES):
        return ()
    return () if column.part else _WAYS_OF.get(column.kind, ())


def refuse_unfillable(choices: Choices) -> None:
    """Raises `InputError` for a field that is never filled, or not in that way; the issue names what can be."""
    for field, way in choices.fill.items():
        if not any(way in ways(name, field) for name in TABLES):
            known = sorted(
                {column.name for name in TABLES for column in table(name).columns if ways(name, column.name)}
            )
            allowed = "/".join(dict.fromkeys(each for name in TABLES for each in ways(name, field)))
            facts = {"way": way, "ways": allowed or "–", "known": ", ".join(known)}
            raise InputError(Issue("fill_refused", "error", value=field, facts=facts))


def fill(parts: Sequence[Staged], choices: Choices) -> None:
    """Fills, in place, the kept rows of staged files; ``<field>_filled`` is 1 where a value is a guess."""
    for field, way in choices.fill.items():
        for name in TABLES:
            same = [part for part in parts if part.book.table == name and field in part.columns]
            if same and way in ways(name, field):
                _fill(same, field, way)


def _fill(parts: Sequence[Staged], field: str, way: str) -> None:
    holes = [_holes(part, field) for part in parts]
    lacking = [part for part, marks in zip(parts, holes, strict=True) if marks is None]
    for part in lacking:
        about: dict[str, Any] = {
            "column": _heading(part, field),
            "facts": {"field": field, "needed": _needed(part, field)},
        }
        part.book.issues.append(Issue("fill_impossible", "warning", part.book.table, part.book.file, **about))
    value = _middle([_seen(part, field) for part in parts], way)
    if value is None:
        return
    for part, marks in zip(parts, holes, strict=True):
        if marks is not None and marks.any():
            _enter(part, field, marks, (way, value))


def _enter(part: Staged, field: str, marks: np.ndarray, found: tuple[str, Any]) -> None:
    way, value = found
    column = part.columns[field]
    part.columns[field] = pc.if_else(pa.array(marks), pa.scalar(value, column.type), column)
    part.columns[f"{field}_filled"] = pa.array(marks.astype(np.int8))
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    facts = {"field": field, "way": way}
    part.book.note("filled", "warning", marks, column=_heading(part, field), value=shown, facts=facts)


def _heading(part: Staged, field: str) -> str:
    return part.raw.headings[part.match.fields[field]] if field in part.match.fields else field


def _needed(part: Staged, field: str) -> str:
    return "conversation_id" if part.book.table == "messages" else _HAPPENED.get(field, "")


def _holes(part: Staged, field: str) -> np.ndarray | None:
    """Kept rows to be filled; None where the file cannot say which are."""
    if part.book.table == "messages":
        return _first_of_silent(part, field)
    holes = part.columns[field].is_null().to_numpy(zero_copy_only=False) & part.book.keep
    flag = _HAPPENED.get(field, "")
    if flag and flag not in part.columns:
        return None
    took_place = _equals(part, flag, 1) if flag else ~_equals(part, "answered", 0) if field == "handle_s" else True
    return np.asarray(holes & took_place)


def _equals(part: Staged, flag: str, value: int) -> np.ndarray:
    if flag not in part.columns:
        return np.zeros(len(part.book.keep), dtype=bool)
    return np.asarray(pc.fill_null(pc.equal(part.columns[flag], value), False).to_numpy(zero_copy_only=False))


def _first_of_silent(part: Staged, field: str) -> np.ndarray | None:
    """The first row of every conversation none of whose rows says anything."""
    codes = _conversation(part)
    if codes is None:
        return None
    said = part.columns[field].is_valid().to_numpy(zero_copy_only=False) & part.book.keep & (codes >= 0)
    silent = part.book.keep & (codes >= 0) & ~np.isin(codes, codes[said])
    places = np.flatnonzero(silent)
    firsts = places[np.unique(codes[places], return_index=True)[1]]
    marks: np.ndarray = np.isin(np.arange(len(codes)), firsts)
    return marks


def _conversation(part: Staged) -> np.ndarray | None:
    column = part.columns.get("conversation_id")
    if column is None:
        return None
    return np.asarray(pc.fill_null(column.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False))


def _seen(part: Staged, field: str) -> pa.Array:
    """The values that are there, one a conversation: of several on its messages the last."""
    column = part.columns[field]
    places = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False) & part.book.keep)
    codes = _conversation(part) if part.book.table == "messages" else None
    if codes is not None and len(places):
        backwards = places[::-1]
        places = backwards[np.unique(codes[backwards], return_index=True)[1]]
    return column.take(pa.array(places))


def _middle(seen: Sequence[pa.Array], way: str) -> Any:
    """Mean, median or the most frequent value (of equally frequent ones the smallest); None where nothing is seen."""
    values = pa.chunked_array(seen)
    if not len(values):
        return None
    if way == "mode":
        counts = sorted(
            (-each["counts"], each["values"]) for each in values.combine_chunks().value_counts().to_pylist()
        )
        return counts[0][1]
    numbers = values.to_numpy()
    return float(np.mean(numbers) if way == "mean" else np.median(numbers))
