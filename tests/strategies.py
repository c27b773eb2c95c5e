"""Random small logs in which every edge of the definitions is likely: ties, midnights, clock changes, machines, nobody's messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from core.log import Log

Tables = dict[str, list[dict[str, Any]]]
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC", "Asia/Kolkata")
AGENTS = ("Ada", "Bo", "Cy", None)
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
STEPS = (
    0, 0, 1, SECOND, 29_999, 30_000, 30_001, 4 * MINUTE, 5 * MINUTE - 1, 5 * MINUTE, 5 * MINUTE + 1, 15 * MINUTE, HOUR, 6 * HOUR,
    DAY - 1, DAY, DAY + 1, 3 * DAY, 7 * DAY,
)  # fmt: skip
_TEXT = (
    "conversation_id", "customer_id", "sender", "agent_id", "automation", "event", "text", "channel", "assigned_agent", "language",
    "category", "team", "started_by", "order_id", "criterion", "rater", "rater_type", "review_id",
)  # fmt: skip
_FLOAT = ("csat", "handle_s", "wait_s", "amount", "score", "min", "max", "weight", "break_minutes")


def instant(text: str) -> int:
    """UTC milliseconds of an ISO stamp read as UTC.

    >>> instant("1970-01-01 00:00:01")
    1000
    """
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


# hours before the clocks change in Berlin and New York (spring, autumn), and an ordinary Friday evening
ANCHORS = tuple(
    instant(f"{stamp}:00:00")
    for stamp in ("2026-03-28 20", "2026-10-24 20", "2026-03-08 03", "2026-11-01 02", "2026-04-17 15")
)


def as_log(tables: Mapping[str, Sequence[Mapping[str, Any]]], zone: str) -> Log:
    """Rows as a Log, in the staging types of the import."""
    return Log("test", zone, {name: _table(rows) for name, rows in tables.items() if rows})


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: _column(name, [row.get(name) for row in rows]) for name in names}
    columns["seq"] = pa.array([row.get("seq", at) for at, row in enumerate(rows)], pa.int64())
    return pa.table(columns)


def _column(name: str, values: list[Any]) -> pa.Array:
    text = name in _TEXT or any(isinstance(value, str) for value in values)
    return pa.array(values, pa.string() if text else pa.float64() if name in _FLOAT else pa.int64())


def numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their place as ``seq``, the total order of ties."""
    return [{**row, "seq": at} for at, row in enumerate(rows)]


@dataclass(frozen=True)
class Sample:
    """A random log: its tables and its zone."""

    zone: str
    tables: Tables

    @property
    def log(self) -> Log:
        """The same as a Log."""
        return as_log(self.tables, self.zone)


MESSAGES = {
    "ask": {"sender": "customer"},
    "click": {"sender": "customer", "automation": "none", "text": "card"},
    "answer": {"sender": "agent", "automation": "none"},
    "plain": {"sender": "agent"},
    "greet": {"sender": "agent", "automation": "greeting"},
    "away": {"sender": "bot", "automation": "off_hours"},
    "faq": {"sender": "bot", "automation": "faq"},
    "assist": {"sender": "bot", "automation": "assistant"},
    "canned": {"sender": "agent", "automation": "assistant"},
    "bot_hello": {"sender": "bot", "automation": "greeting"},
    "bot": {"sender": "bot"},
    "notice": {"sender": "system"},
    "close": {"sender": "system", "event": "close"},
    "reopen": {"sender": "system", "event": "reopen"},
    "assign": {"sender": "system", "event": "assign"},
}
OPENINGS = (
    ("ask",),
    ("ask",),
    ("click", "faq"),
    ("click", "faq", "ask"),
    ("ask", "greet"),
    ("ask", "away"),
    ("answer",),
    ("greet", "ask"),
    (),
)


@st.composite
def conversation(draw: st.DrawFn, name: str | None, anchor: int) -> list[dict[str, Any]]:
    """Message rows of one conversation; some end with a close, a reopening, a rating."""
    more = draw(st.lists(st.sampled_from((*MESSAGES, "ask", "answer", "answer", "plain")), max_size=6))
    kinds = [*draw(st.sampled_from(OPENINGS)), *more] or ["ask"]
    at = anchor + draw(st.sampled_from((0, 0, MINUTE, HOUR, 4 * HOUR, DAY, 5 * DAY, 7 * DAY)))
    fixed = {
        "customer_id": draw(st.sampled_from(("C1", "C1", "C2", "C3"))),
        "channel": draw(st.sampled_from(("chat", "email", None))),
    }
    fixed |= {
        "category": draw(st.sampled_from(("size", None))),
        "holiday_mode": draw(st.sampled_from((0, 0, 0, 1, None))),
    }
    fixed |= {"resolved": draw(st.sampled_from((0, 1, None))), "complaint": draw(st.sampled_from((0, 1, None)))}
    rows = []
    for kind in kinds:
        at += draw(st.sampled_from(STEPS))
        row = {"conversation_id": name, "sent_at": at, **fixed, **MESSAGES[kind]}
        if row["sender"] == "agent" or kind == "assign":
            row["agent_id"] = draw(st.sampled_from(AGENTS))
        row["csat"] = draw(st.sampled_from((None, None, None, 1.0, 3.0, 4.0, 5.0)))
        row["assigned_agent"] = draw(st.sampled_from((None,) * 8 + AGENTS))
        rows.append(row)
    return rows


@st.composite
def filed(draw: st.DrawFn, name: str | None, anchor: int, talked: bool) -> dict[str, Any]:
    """A row of a conversation file."""
    start = anchor + draw(st.sampled_from((0, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY)))
    row: dict[str, Any] = {"conversation_id": name, "started_at": start, "agent_id": draw(st.sampled_from(AGENTS))}
    row["handle_s"] = draw(st.sampled_from((None, None, 120.0, 33.5)))
    row["transfers"] = draw(st.sampled_from((None, 0, 1)))
    row["reopened"] = draw(st.sampled_from((None, 0, 1)))
    row["survey_sent"] = draw(st.sampled_from((None, None, 0, 1)))
    row["complaint_solved"] = draw(st.sampled_from((None, 0, 1)))
    if talked:
        return row
    row["customer_id"] = draw(st.sampled_from(("C1", "C2", None)))
    row["first_human_reply_at"] = draw(
        st.sampled_from((None, start, start + 30 * SECOND, start + DAY, start + DAY + 1))
    )
    row["wait_s"] = draw(st.sampled_from((None, None, 12.0)))
    row["closed_at"] = draw(st.sampled_from((None, start + DAY, start + 7 * DAY)))
    row["csat"] = draw(st.sampled_from((None, 2.0, 5.0)))
    row["holiday_mode"] = draw(st.sampled_from((0, 0, 1)))
    row["needs_human"] = draw(st.sampled_from((None, 1, 0)))
    row["started_by"] = draw(st.sampled_from((None, "customer", "customer", "agent")))
    row["answered"] = draw(st.sampled_from((None, None, 0, 1)))
    row["resolved"], row["complaint"] = draw(st.sampled_from((0, 1, None))), draw(st.sampled_from((0, 1, None)))
    return row


@st.composite
def order(draw: st.DrawFn, anchor: int) -> dict[str, Any]:
    """An order that may precede, accompany or follow the customer's conversations."""
    made = anchor + draw(st.sampled_from((-4 * DAY, -3 * DAY, -DAY, -1, 0, HOUR, DAY, 2 * DAY, 5 * DAY)))
    return {
        "order_id": "x", "customer_id": draw(st.sampled_from(("C1", "C2", "C3", "C9", None))), "created_at": made,
        "paid_at": draw(st.sampled_from((None, made, made + MINUTE, made + DAY, made + 3 * DAY))),
        "amount": draw(st.sampled_from((None, 10.0, 99.5, 250.0))), "returned": draw(st.sampled_from((0, 0, 1))),
        "disputed": draw(st.sampled_from((None, 0, 1))),
    }  # fmt: skip


@st.composite
def shift(draw: st.DrawFn, anchor: int) -> dict[str, Any]:
    """A shift, often over midnight or a change of clocks."""
    start = (
        anchor
        + draw(st.sampled_from((-DAY, -8 * HOUR, 0, HOUR, DAY, 6 * DAY)))
        + draw(st.sampled_from((0, 1, 37 * MINUTE)))
    )
    return {
        "agent_id": draw(st.sampled_from(("Ada", "Bo", "Cy", "Dee"))), "start_at": start,
        "end_at": start + draw(st.sampled_from((HOUR, 8 * HOUR, 12 * HOUR, 30 * HOUR))),
        "break_minutes": draw(st.sampled_from((None, 0.0, 30.0, 45.0))),
    }  # fmt: skip


@st.composite
def criterion(draw: st.DrawFn, anchor: int) -> dict[str, Any]:
    """One criterion of one review."""
    return {
        "agent_id": draw(st.sampled_from(("Ada", "Bo", "Dee"))), "criterion": "tone",
        "score": draw(st.sampled_from((0.0, 1.0, 3.0, 5.0, 9.0))),
        "min": draw(st.sampled_from((None, 0.0, 1.0))), "max": draw(st.sampled_from((None, 5.0, 10.0))),
        "weight": draw(st.sampled_from((None, 0.0, 1.0, 3.0))), "critical": draw(st.sampled_from((0, 0, 1, None))),
        "not_applicable": draw(st.sampled_from((0, 0, 1, None))), "rater": draw(st.sampled_from(("q1", "q2"))),
        "rater_type": draw(st.sampled_from((None, "qa", "qa", "superior", "self", "peer"))),
        "conversation_id": draw(st.sampled_from((None, "K0", "K1"))), "review_id": draw(st.sampled_from((None, None, "R1", "R2"))),
        "reviewed_at": draw(st.sampled_from((None, anchor + HOUR, anchor + 5 * HOUR, anchor + DAY))),
    }  # fmt: skip


def transfer(anchor: int) -> st.SearchStrategy[dict[str, Any]]:
    """A hand-over of one of the first conversations."""
    stamps = st.sampled_from((anchor, anchor + MINUTE))
    return st.builds(
        lambda k, t: {"conversation_id": f"K{k}", "requested_at": t, "accepted_at": t + 90_000},
        st.integers(0, 5),
        stamps,
    )


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """A whole log: messages, a conversation file or both, with or without ids, and now and then the other tables."""
    anchor = draw(st.sampled_from(ANCHORS))
    kind = draw(st.sampled_from(("ids", "ids", "cut", "both", "file")))
    count = draw(st.integers(1, 6))
    tables: Tables = {}
    if kind != "file":
        talks = [draw(conversation(None if kind == "cut" else f"K{k}", anchor)) for k in range(count)]
        tables["messages"] = numbered(draw(st.permutations([row for talk in talks for row in talk])))
    if kind in ("both", "file"):
        listed = [
            draw(
                filed(
                    draw(st.sampled_from((f"K{k}", f"K{k}", f"L{k}"))) if kind == "both" else f"K{k}",
                    anchor,
                    kind == "both",
                )
            )
            for k in range(count)
        ]
        tables["conversations"] = numbered(listed)
    for name, one in (
        ("orders", order(anchor)),
        ("reviews", criterion(anchor)),
        ("roster", shift(anchor)),
        ("transfers", transfer(anchor)),
    ):
        if draw(st.booleans()):
            tables[name] = numbered(draw(st.lists(one, min_size=1, max_size=6)))
    return Sample(draw(st.sampled_from(ZONES)), tables)
