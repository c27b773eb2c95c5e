"""Impossible, doubtful and contradictory values of a staged table: set missing or noted, never silently kept or lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.ingest import dates, quick
from core.ingest.choices import Choices
from core.ingest.stage import Book, all_differ

PER_CONVERSATION = (
    "csat",
    "holiday_mode",
    "team",
    "category",
    "order_id",
    "priority",
    "shift",
    "region",
    "assigned_agent",
    "channel",
    "customer_id",
)
Columns = dict[str, pa.Array]


def check(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    """Runs the checks of the book's table over its columns, in place.

    Args:
        columns: staged columns by name; offending cells become missing.
        book: the accounts of the file.
        choices: zone and rating scale.
        headings: heading by column name, for the issues.
    """
    if "csat" in columns:
        _ratings(columns, book, choices, headings)
    for each in _CHECKS.get(book.table, ()):
        each(columns, book, choices, headings)


def _numbers(column: pa.Array) -> np.ndarray:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))


def _void(column: pa.Array, marks: np.ndarray) -> pa.Array:
    return pc.if_else(pa.array(marks), pa.scalar(None, column.type), column)


def _before(columns: Columns, later: str, earlier: str) -> np.ndarray | None:
    if later not in columns or earlier not in columns:
        return None
    return np.asarray(pc.fill_null(pc.less(columns[later], columns[earlier]), False).to_numpy(zero_copy_only=False))


def _replies(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    """A reply before the start has no time: lost where the clock shows midnight sharp, else impossible."""
    early = _before(columns, "first_human_reply_at", "started_at")
    if early is None or not early.any():
        return
    reply = columns["first_human_reply_at"]
    millis = pc.fill_null(reply, 0).to_numpy(zero_copy_only=False)
    midnight = dates.local_wall(millis, choices.zone) % dates.DAY == 0
    heading = headings.get("first_human_reply_at", "")
    _note_two_zones(columns, book, early, heading)
    lost, wrong = early & midnight & book.keep, early & ~midnight & book.keep
    book.note("lost_time", "warning", lost, column=heading)
    book.note("reply_before_start", "warning", wrong, column=heading)
    columns["first_human_reply_at"] = _void(reply, early)
    if lost.any():
        before = columns.get("reply_time_lost")
        lost = lost if before is None else lost | (_numbers(before) > 0)
        columns["reply_time_lost"] = pa.array(lost.astype(np.int8))


def _note_two_zones(columns: Columns, book: Book, early: np.ndarray, heading: str) -> None:
    """Replies that nearly all lie whole half hours before their start come from a column of another zone."""
    both = _numbers(columns["started_at"]) - _numbers(columns["first_human_reply_at"])
    seen = np.isfinite(both) & book.keep
    if seen.sum() < 20 or (early & seen).sum() < 0.8 * seen.sum():
        return
    hours = np.ceil(np.quantile(both[seen], 0.9) / 1_800_000) / 2
    facts = {"hours": f"{hours:g}"}
    book.note("zones_differ", "warning", early & book.keep, column=heading, facts=facts)


def _closes(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    for name in ("closed_at", "first_closed_at"):
        early = _before(columns, name, "started_at")
        if early is not None and early.any():
            book.note("closed_before_start", "warning", early & book.keep, column=headings.get(name, ""))
            columns[name] = _void(columns[name], early)


def _calls(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    """What nobody answered has no wait, no handling time."""
    if "answered" not in columns:
        return
    unanswered = np.asarray(pc.fill_null(pc.equal(columns["answered"], 0), False).to_numpy(zero_copy_only=False))
    for name in ("wait_s", "handle_s"):
        if name in columns:
            filled = unanswered & columns[name].is_valid().to_numpy(zero_copy_only=False)
            book.note("value_of_unanswered", "warning", filled & book.keep, column=headings.get(name, ""))
            columns[name] = _void(columns[name], filled)


def _agents(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    if "agent_id" not in headings:
        return
    empty = columns["agent_id"].is_null().to_numpy(zero_copy_only=False)
    book.note("agent_missing", "note", empty & book.keep, column=headings.get("agent_id", ""))


def _shifts(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    backwards = _before(columns, "end_at", "start_at")
    if backwards is not None:
        book.drop("shift_ends_before_start", backwards, column=headings.get("end_at", ""))


def _orders(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    """Stages out of order are noted and kept: shops really stamp them so."""
    for later, earlier in (("paid_at", "created_at"), ("shipped_at", "confirmed_at"), ("completed_at", "shipped_at")):
        early = _before(columns, later, earlier)
        if early is not None:
            book.note("stage_out_of_order", "note", early & book.keep, column=headings.get(later, ""))


def _keys(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    """One row per conversation or order: a repeated id keeps its newest version, else the row rated last, else its last row."""
    key = {"conversations": "conversation_id", "orders": "order_id"}[book.table]
    updated = columns.pop("updated_at", None)
    if key not in columns or all_differ(columns[key]):
        return
    frame = pd.DataFrame({"id": columns[key].to_numpy(zero_copy_only=False)}, dtype="object")[book.keep]
    if frame["id"].dropna().is_unique:
        return
    newest = updated if updated is not None else columns.get("csat_at")
    frame["newest"] = 0.0 if newest is None else _numbers(newest)[book.keep]
    frame["start"] = _numbers(columns["started_at" if book.table == "conversations" else "created_at"])[book.keep]
    frame = frame.sort_values("newest", kind="stable", na_position="first")
    again = frame["id"].notna() & frame["id"].duplicated(keep="last")
    marks = np.zeros(len(book.keep), dtype=bool)
    marks[again.index[again]] = True
    if book.table == "orders" and _same_start(frame):
        _line_items(columns, frame, book, headings)
    elif again.mean() <= 0.2:
        book.drop("repeated_key", marks, column=headings.get(key, ""))
    elif _same_start(frame):
        book.drop("older_version", marks, "note", column=headings.get(key, ""))
    else:
        book.note("id_is_no_key", "warning", marks, column=headings.get(key, ""))
        columns.pop(key) if book.table == "conversations" else None


def _line_items(columns: Columns, frame: pd.DataFrame, book: Book, headings: Mapping[str, str]) -> None:
    """One row per article of an order: put together; amounts that differ within an order are of the articles and add up."""
    rows = np.sort(frame.index.to_numpy())
    order = frame["id"].where(frame["id"].notna(), [f"\0{row}" for row in frame.index]).reindex(rows).to_numpy()
    summed = ""
    for name, column in columns.items():
        full = pd.Series(column.to_pylist(), dtype="object")
        groups = full.loc[rows].groupby(order, sort=False)
        if name in ("amount", "refunded_amount") and bool((groups.nunique() > 1).any()):
            full.loc[rows] = full.loc[rows].astype("float64").groupby(order, sort=False).transform("sum")
            summed = headings.get(name, name)
        else:
            full.loc[rows] = groups.transform("first")
        columns[name] = pa.array(full.to_list(), column.type, from_pandas=True)
    again = np.zeros(len(book.keep), dtype=bool)
    again[rows[pd.Series(order).duplicated().to_numpy()]] = True
    heading = headings.get("order_id", "")
    if summed:
        book.drop("line_items_summed", again, column=heading, value=summed)
    else:
        book.drop("line_items", again, "note", column=heading)


def _same_start(frame: pd.DataFrame) -> bool:
    """Whether rows of one id nearly always start at the same time: then they are states of one thing, not several things."""
    starts = frame.dropna(subset=["id", "start"]).groupby("id", observed=True)["start"].nunique()
    return len(starts) > 0 and bool((starts == 1).mean() >= 0.95)


def _scores(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    """A criterion without a score says nothing unless it is marked as not applicable."""
    empty = columns["score"].is_null().to_numpy(zero_copy_only=False)
    if "not_applicable" in columns:
        spared = pc.fill_null(pc.equal(columns["not_applicable"], 1), False)
        empty = empty & ~spared.to_numpy(zero_copy_only=False)
    book.drop("missing_key", empty, column=headings.get("score", ""))


def _conflicts(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    """Values of the conversation that differ between its messages."""
    if "conversation_id" not in columns:
        return
    conversation = quick.numbered(columns["conversation_id"])
    for name in PER_CONVERSATION:
        if name not in columns or name not in headings:
            continue
        values = quick.numbered(columns[name])
        said = np.flatnonzero((conversation >= 0) & (values >= 0) & book.keep)
        first = np.full(int(conversation.max(initial=-1)) + 1, -1, dtype=values.dtype)
        first[conversation[said[::-1]]] = values[said[::-1]]
        other = said[values[said] != first[conversation[said]]]
        if len(other):
            torn = np.zeros(len(first), dtype=bool)
            torn[conversation[other]] = True
            marks = np.zeros(len(book.keep), dtype=bool)
            marks[said[torn[conversation[said]]]] = True
            facts = {"conversations": int(torn.sum())}
            book.note("conflicting_conversation_values", "warning", marks, column=headings[name], facts=facts)


def _nameless(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    """Messages of a person without an id: they count for the shop and for nobody."""
    if "agent_id" not in columns:
        return
    person = pc.fill_null(pc.equal(columns["sender"], "agent"), False).to_numpy(zero_copy_only=False)
    empty = columns["agent_id"].is_null().to_numpy(zero_copy_only=False)
    book.note("agent_missing", "note", person & empty & book.keep, column=headings.get("agent_id", ""))


def _no_key(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    keys = [columns[name] for name in ("conversation_id", "customer_id") if name in columns]
    if not keys:
        return
    empty = np.ones(len(book.keep), dtype=bool)
    for key in keys:
        empty &= key.is_null().to_numpy(zero_copy_only=False)
    book.drop("missing_key", empty, column=headings.get("conversation_id", headings.get("customer_id", "")))


def _ratings(columns: Columns, book: Book, choices: Choices, headings: Mapping[str, str]) -> None:
    """Ratings on 1–5: other scales are brought there, and the ledger says so; what lies outside is missing."""
    values = _numbers(columns["csat"])
    seen = values[np.isfinite(values) & book.keep]
    heading = headings.get("csat", "")
    named = choices.csat_scale or book.scale
    low, high = named or rating_span(seen)
    others = () if named else other_scales(seen, (low, high))
    if others:
        facts = {"low": f"{low:g}", "high": f"{high:g}", "alternatives": ", ".join(f"{a:g}–{b:g}" for a, b in others)}
        facts |= {"least": f"{seen.min():g}", "most": f"{seen.max():g}"}
        book.note("scale_doubtful", "warning", np.isfinite(values) & book.keep, column=heading, facts=facts)
    outside = (values < low) | (values > high)
    book.note("out_of_range", "warning", outside & book.keep, column=heading, value=_first(values, outside))
    values = np.where(outside, np.nan, values)
    if (low, high) != (1, 5) and len(seen) and not others:
        facts = {"low": f"{low:g}", "high": f"{high:g}"}
        book.note("csat_scale", "warning", np.isfinite(values) & book.keep, column=heading, facts=facts)
    if (low, high) != (1, 5):
        values = 1 + (values - low) * 4 / (high - low)
    columns["csat"] = pa.array(values, from_pandas=True)


def _first(values: np.ndarray, marks: np.ndarray) -> str:
    return f"{values[np.flatnonzero(marks)[0]]:g}" if marks.any() else ""


def rating_span(seen: np.ndarray) -> tuple[float, float]:
    """The scale that the values show: 1–5, 1–10, 0–10, 0–100, or 0/1 for bad and good.

    >>> rating_span(np.array([1.0, 5.0, 3.0])), rating_span(np.array([7.0, 9.0])), rating_span(np.array([80.0]))
    ((1.0, 5.0), (1.0, 10.0), (0.0, 100.0))
    """
    if not len(seen):
        return 1.0, 5.0
    if len(seen) >= 10 and set(np.unique(seen)) == {0.0, 1.0}:
        return 0.0, 1.0
    top = np.quantile(seen, 0.95)
    if top <= 5:
        return 1.0, 5.0
    return (0.0 if (seen == 0).any() else 1.0, 10.0) if top <= 10 else (0.0, 100.0)


def other_scales(seen: np.ndarray, taken: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """The other scales that the values fit as well; none where both ends of the scale taken were seen, or too few ratings to ask.

    >>> other_scales(np.array([7.0, 9.0]), (1.0, 10.0)), other_scales(np.array([1.0, 10.0]), (1.0, 10.0))
    (((0.0, 10.0),), ())
    >>> other_scales(np.repeat([20.0, 60.0, 100.0], 9), (0.0, 100.0)), other_scales(np.repeat([1.0, 3.0], 10), (1.0, 5.0))
    (((20.0, 100.0),), ((1.0, 3.0),))
    """
    whole = len(seen) > 0 and bool((seen == np.round(seen)).all())
    if not whole:
        return ()
    least, most = float(seen.min()), float(seen.max())
    if taken == (0.0, 1.0):
        return ((1.0, 5.0),)
    if taken == (1.0, 5.0):
        return ((max(least, 0.0) if least < 1 else 1.0, most),) if len(seen) >= 20 and 1 < most < 5 else ()
    if taken == (1.0, 10.0):
        return () if least == 1 else ((0.0, 10.0),)
    return ((20.0, 100.0),) if taken == (0.0, 100.0) and least >= 20 and bool((seen % 20 == 0).all()) else ()


_Check = Callable[[Columns, Book, Choices, Mapping[str, str]], Any]
_CHECKS: Mapping[str, tuple[_Check, ...]] = {
    "conversations": (_keys, _replies, _closes, _calls, _agents),
    "messages": (_no_key, _nameless, _conflicts),
    "reviews": (_scores,),
    "roster": (_shifts,),
    "orders": (_keys, _orders),
}
