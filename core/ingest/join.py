"""Several files → one log: what two files both hold counts once, rows about one thing are put together, the rest is said.

- rows that are equal in two files of one layout count in the first
- of two versions of one thing in two files of one layout the one in the later export counts
- rows of two layouts about one conversation, order or agent's day are put together (a report of ratings beside the conversations)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.ingest.stage import Staged, has_identity, row_digests

KEYS: Mapping[str, tuple[str, ...]] = {
    "conversations": ("conversation_id",),
    "orders": ("order_id",),
    "messages": ("message_id",),
    "agent_days": ("agent_id", "date", "channel", "shift"),
}
MERGED = ("conversations", "orders", "agent_days")
_STAMP = {"conversations": "started_at", "orders": "created_at", "messages": "sent_at", "agent_days": "date"}


def join(parts: Sequence[Staged]) -> None:
    """Settles, in place, what several staged files have in common; every row that no longer counts is booked."""
    _drop_equal(parts)
    for table, key in KEYS.items():
        same = [part for part in parts if part.book.table == table and key[0] in part.columns]
        _drop_older(same, key)
        if table in MERGED:
            _put_together(same, key)
    _note_orphans(parts)


def _drop_equal(parts: Sequence[Staged]) -> None:
    """Rows that an earlier file of the same layout already held are dropped from the later one."""
    seen: dict[tuple[str, tuple[str, ...]], np.ndarray] = {}
    layouts = [(part.book.table, part.raw.headings) for part in parts]
    for part, layout in zip(parts, layouts, strict=True):
        if layouts.count(layout) < 2 or not (has_identity(part.match) or part.book.table in ("agent_days", "roster")):
            continue
        digests = row_digests(part.raw)
        before = seen.get(layout, digests[:0])
        part.book.drop("already_loaded", np.isin(digests, before))
        seen[layout] = np.concatenate([before, digests[part.book.keep]])


def _keys(part: Staged, key: Sequence[str]) -> pd.Series:
    """One text per row that says which thing it is about; missing where the row is not kept or has no id."""
    names = [name for name in key if name in part.columns]
    columns = [part.columns[name].cast(pa.string()) for name in names]
    joined = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, "\t", null_handling="replace")
    keys = pd.Series(joined.to_numpy(zero_copy_only=False), dtype="object")
    return keys.where(part.book.keep & columns[0].is_valid().to_numpy(zero_copy_only=False), None)


def _newest(part: Staged) -> int:
    stamps = part.columns.get(_STAMP[part.book.table])
    last = pc.max(stamps).as_py() if stamps is not None else None
    return int(last) if last is not None else 0


def _drop_older(parts: Sequence[Staged], key: Sequence[str]) -> None:
    """Of two files of one layout the later export has the say about a thing that both name."""
    for layout in dict.fromkeys(part.raw.headings for part in parts):
        same = [part for part in parts if part.raw.headings == layout]
        newest_last = [
            same[place] for place in sorted(range(len(same)), key=lambda place: (_newest(same[place]), place))
        ]
        known: set[str] = set()
        for part in reversed(newest_last) if len(same) > 1 else ():
            keys = _keys(part, key)
            part.book.drop("superseded", keys.isin(known).to_numpy(), "note")
            known |= set(keys.dropna())


def _put_together(parts: Sequence[Staged], key: Sequence[str]) -> None:
    """Rows of another layout about the same thing fill what the fullest file does not say."""
    if len({part.raw.headings for part in parts}) < 2:
        return
    fullest_first = sorted(parts, key=lambda part: (_of_ratings(part), -len(part.columns)))
    for place, part in enumerate(fullest_first):
        for earlier in fullest_first[:place]:
            if earlier.raw.headings != part.raw.headings:
                _fill(earlier, part, key)


def _of_ratings(part: Staged) -> bool:
    return any("rating_time" in column.evidence for column in part.match.columns)


def _fill(target: Staged, source: Staged, key: Sequence[str]) -> None:
    shared = [name for name in key if name in target.columns and name in source.columns]
    theirs, own = _keys(source, shared), _keys(target, shared)
    if not theirs.dropna().is_unique or not own.dropna().is_unique:
        return
    places = pd.Series(theirs.dropna().index, index=theirs.dropna())
    taken = own.map(places)
    if not taken.notna().any():
        return
    index = pa.array(taken.to_numpy(dtype="float64"), from_pandas=True).cast(pa.int64())
    for name, column in source.columns.items():
        field = "csat_at" if name == "started_at" and _of_ratings(source) else name
        theirs_here = column.take(index)
        had = target.columns.get(field)
        target.columns[field] = theirs_here if had is None else pc.coalesce(had, theirs_here.cast(had.type))
    source.book.drop("joined_by_id", theirs.isin(set(own.dropna())).to_numpy(), "note")


def _note_orphans(parts: Sequence[Staged]) -> None:
    """Rows whose conversation no row of the other table names are counted, and kept."""
    named = [part for part in parts if part.book.table in SAME_SESSION and "conversation_id" in part.columns]
    if len({part.book.table for part in named}) < 2:
        return
    ids = {name: _ids([part for part in named if part.book.table == name]) for name in SAME_SESSION}
    for part in named:
        homes = [name for name in HOMES.get(part.book.table, ()) if len(ids[name])]
        if homes and len(ids[part.book.table]):
            _note_strangers(part, pa.chunked_array([ids[name] for name in homes]), homes[0])


SAME_SESSION = ("messages", "conversations", "transfers", "reviews")
HOMES: Mapping[str, tuple[str, ...]] = {
    "messages": ("conversations",), "conversations": ("messages",), "transfers": ("conversations", "messages"),
    "reviews": ("conversations", "messages"),
}  # fmt: skip
"""Where the conversation of a row should be found again."""


def note_strangers(parts: Sequence[Staged], messages: pa.Array) -> None:
    """Counts rows whose conversation the messages do not name, where these lie in a file: of them only the ids are at hand."""
    named = [part for part in parts if part.book.table in SAME_SESSION and "conversation_id" in part.columns]
    ids = {name: _ids([part for part in named if part.book.table == name]) for name in SAME_SESSION} | {"messages": messages}
    for part in named:
        homes = [name for name in HOMES.get(part.book.table, ()) if len(ids[name])]
        if "messages" in homes and len(ids[part.book.table]):
            part.book.issues[:] = [issue for issue in part.book.issues if issue.code != "orphans"]
            _note_strangers(part, pa.chunked_array([ids[name] for name in homes]), homes[0])


def _note_strangers(part: Staged, known: pa.ChunkedArray, other: str) -> None:
    column = part.columns["conversation_id"]
    strange = pc.and_(pc.is_valid(column), pc.invert(pc.is_in(column, value_set=known)))
    marks = strange.to_numpy(zero_copy_only=False) & part.book.keep
    names = column.filter(pa.array(marks)).unique().to_pylist()
    if names:
        facts = {"other": other, "conversations": len(names)}
        part.book.note("orphans", "note", marks, value=min(names), facts=facts)


def _ids(parts: Sequence[Staged]) -> pa.Array:
    """The distinct ids of conversations in the kept rows."""
    kept = [part.columns["conversation_id"].filter(pa.array(part.book.keep)) for part in parts]
    ids = pc.drop_null(pa.chunked_array(kept, pa.string()).unique())
    return ids.filter(pc.not_equal(ids, ""))
