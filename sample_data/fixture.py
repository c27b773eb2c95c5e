"""Fixture T of the definitions: ten conversations whose figures are known by hand."""

from __future__ import annotations

import pandas as pd

WEDNESDAY, SATURDAY = pd.Timestamp("2026-04-15 10:00:00"), pd.Timestamp("2026-04-18 23:30:00")
HORIZON = pd.Timestamp("2026-04-30 10:00:00")
# conversation, customer, start, agent, opening, minute of the follow-up, minute of the first human reply, stars
CASES = (
    ("S1", "C1", WEDNESDAY, "Ada", "text", None, 5, 5),
    ("S2", "C2", WEDNESDAY, None, "faq", None, None, None),
    ("S3", "C3", WEDNESDAY, "Ada", "faq", 10, 1380, 4),
    ("S4", "C4", WEDNESDAY, "Bo", "faq", 10, 1800, 2),
    ("S5", "C5", WEDNESDAY, None, "text", None, None, None),
    ("S6", "C6", WEDNESDAY, "Bo", "greeting", None, None, None),
    ("S7", "C7", SATURDAY, "Ada", "text", None, 1439, None),
    ("S8", "C1", WEDNESDAY + pd.Timedelta(hours=5), "Bo", "text", None, 2, 3),
    ("S9", "C9", WEDNESDAY, "Ada", "holiday", None, 30, None),
    ("S10", "C10", WEDNESDAY, "Bo", "off_hours", None, 1440, None),
)
AUTOMATIC = {
    "faq": ("bot", "faq", "You find this in our question list."),
    "greeting": ("agent", "greeting", "Hello, how can we help?"),
    "off_hours": ("bot", "off_hours", "We are closed and will answer as soon as we are back."),
}
EXPECTED = {
    "conversations": 9, "conversations_with_holiday_mode": 10, "holiday_mode": 1, "bot_resolved": 1, "needs_human": 8,
    "answered": 5, "answered_within_window": 6, "late": 1, "unanswered": 2, "pending": 0, "response_rate_24h": 6 / 9,
    "human_response_rate_24h": 5 / 8, "satisfied": 2, "rated": 4, "satisfaction": 0.5,
    "first_response_mean_s": 1011.0 * 60, "first_response_median_s": 1409.5 * 60, "first_response_n": 6,
}  # fmt: skip


def fixture_t() -> pd.DataFrame:
    """Message rows; csat and holiday_mode stand on every row of their conversation.

    A close event two weeks later sets the horizon without adding a conversation.

    >>> fixture_t()["conversation_id"].nunique()
    10
    """
    rows = [row for case in CASES for row in _rows(case)]
    rows.append(_row("S5", "C5", HORIZON, "system", event="close", content_type=None))
    return pd.DataFrame(rows)


def _row(conversation: str, customer: str, at: pd.Timestamp, sender: str, **more: object) -> dict[str, object]:
    known = {
        "agent_id": None,
        "automation": "none",
        "event": None,
        "content_type": "text",
        "text": None,
        "csat": None,
        "holiday_mode": False,
    }
    return {"conversation_id": conversation, "customer_id": customer, "sent_at": at, "sender": sender} | known | more


def _rows(case: tuple) -> list[dict[str, object]]:
    name, customer, start, agent, opening, more, reply, stars = case
    fixed = {"csat": stars, "holiday_mode": opening == "holiday"}
    card = "faq_click" if opening == "faq" else "text"
    rows = [_row(name, customer, start, "customer", text="Where is my order?", content_type=card, **fixed)]
    if opening in AUTOMATIC:
        sender, code, words = AUTOMATIC[opening]
        whose = agent if sender == "agent" else None
        at = start + pd.Timedelta(seconds=1)
        rows.append(_row(name, customer, at, sender, agent_id=whose, automation=code, text=words, **fixed))
    if more is not None:
        at = start + pd.Timedelta(minutes=more)
        rows.append(_row(name, customer, at, "customer", text="That does not help me.", **fixed))
    if reply is not None:
        at = start + pd.Timedelta(minutes=reply)
        rows.append(_row(name, customer, at, "agent", agent_id=agent, text="It is on its way.", **fixed))
    return rows
