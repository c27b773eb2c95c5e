"""What a log can and cannot answer: every capability with the columns it needs, and what is lacking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from core.log import Log

Need = tuple[tuple[str, str], ...]
"""Alternatives: one of these (table, column) pairs has to be there."""

CAPABILITIES: Mapping[str, tuple[tuple[Need, ...], ...]] = {
    "volume": (((("messages", "sent_at"), ("conversations", "started_at"), ("agent_days", "conversations")),),),
    "hours": (((("messages", "sent_at"), ("conversations", "started_at")),),),
    "response": ((
        (
            ("messages", "sent_at"), ("conversations", "first_human_reply_at"), ("conversations", "wait_s"),
            ("agent_days", "first_response"),
        ),
    ),),
    "reply_time": (((("messages", "sent_at"), ("agent_days", "reply_time")),),),
    "resolution": ((
        (
            ("messages", "event"), ("messages", "closed_at"), ("conversations", "closed_at"),
            ("agent_days", "resolution_time"),
        ),
    ),),
    "handling": (((("messages", "sent_at"), ("conversations", "handle_s"), ("agent_days", "handle_time")),),),
    "satisfaction": (((("messages", "csat"), ("conversations", "csat"), ("agent_days", "satisfaction"), ("agent_days", "csat_mean")),),),
    "fcr": (((("messages", "customer_id"), ("conversations", "customer_id")),),),
    "resolved": (((("conversations", "resolved"), ("messages", "resolved"), ("agent_days", "resolved")),),),
    "automation": (((("messages", "automation"),),),),
    "complaints": (((("conversations", "complaint"), ("messages", "complaint"), ("agent_days", "complaints")),),),
    # where messages name who wrote them, a change of agent is a transfer
    "transfers": (
        ((("transfers", "requested_at"), ("conversations", "transfers"), ("agent_days", "transfers")),),
        ((("messages", "agent_id"),), (("messages", "sender"),)),
    ),
    "quality": (((("reviews", "score"), ("agent_days", "qa_score")),),),
    "sales": (
        ((("orders", "order_id"),), (("messages", "customer_id"), ("conversations", "customer_id"))),
        ((("agent_days", "conversion"),),),
    ),
    "staffing": (
        ((("messages", "sent_at"), ("conversations", "started_at")), (("roster", "start_at"), ("messages", "sent_at"))),
    ),
    "texts": (((("messages", "text"), ("conversations", "text")),),),
}  # fmt: skip
"""Capability → ways to it; each way is a tuple of needs that must all be met."""


@dataclass(frozen=True)
class Answer:
    """Whether a capability is there. ``lacking`` holds, for the easiest way, the alternatives of each need that is not met."""

    capability: str
    possible: bool
    reason: str = ""
    lacking: tuple[Need, ...] = ()


def answers(log: Log) -> tuple[Answer, ...]:
    """All capabilities in order: words stand under ``ingest.capability.<key>``, reasons under ``ingest.reason.<code>``.

    >>> log = Log("d", "UTC", {"conversations": pa.table({"started_at": [1], "agent_id": ["a"]})})
    >>> {a.capability: a.possible for a in answers(log)}["satisfaction"]
    False
    """
    return tuple(_answer(log, name, ways) for name, ways in CAPABILITIES.items())


def _answer(log: Log, name: str, ways: tuple[tuple[Need, ...], ...]) -> Answer:
    if name in ("hours", "staffing") and log.has("conversations", "started_at_dated") and not log.has("messages"):
        return Answer(name, False, "date_only", ((("conversations", "started_at"),),))
    if name == "staffing" and log.elsewhere is not None:
        return Answer(name, False, "rows_stay")
    unmet = [tuple(need for need in way if not _met(log, need)) for way in ways]
    easiest = min(unmet, key=len)
    if not easiest:
        return Answer(name, True)
    tables = {table for need in easiest for table, _ in need}
    dated = any(log.has(table, f"{column}_dated") for need in easiest for table, column in need)
    reason = "date_only" if dated else "column_missing" if any(log.has(table) for table in tables) else "table_missing"
    return Answer(name, False, reason, easiest)


def _met(log: Log, need: Need) -> bool:
    return any(log.has(table, column) and _filled(log, table, column) for table, column in need)


def _filled(log: Log, table: str, column: str) -> bool:
    source = log.tables[table]
    if not isinstance(source, pa.Table):
        return True
    values = source.column(column)
    return len(values) == 0 or values.null_count < len(values)
