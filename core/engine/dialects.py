"""Rule sets that count otherwise than the board does, as SQL over the facts: their own clock, their own rate, and why a row is left out."""

from __future__ import annotations

from typing import Protocol

from core.engine.zones import local_case, transitions
from core.rules import RuleSet

LEFT_OUT = ("", "agent_started", "holiday_mode", "bot_resolved", "outside_hours", "pending", "unanswered")
"""Why a conversation is in no rate of a rule set, by code; ``unanswered`` only where the rule set knows no rate."""
_DAY = 86_400_000
_LATER = "CASE WHEN {b} > {a} THEN {b} ELSE {a} END"
_STARTS = {
    "handed": _LATER.format(
        a=_LATER.format(a="c.start_ms", b="c.handed_ms"),
        b="coalesce(c.early_reopen_ms, c.start_ms)",
    ),
}
_STOPS = {
    "any": "c.any_reply_ms",
    "agent_second": "CASE WHEN c.customer_started = 1 THEN c.first_human_ms ELSE c.second_human_ms END",
}


class Reach(Protocol):
    """What a rule set must know of facts, wherever they lie: their zone, their last stamp, their first local day."""

    @property
    def zone(self) -> str:
        """The shop's zone."""

    @property
    def horizon_ms(self) -> int:
        """Latest kept stamp of the whole log."""

    @property
    def first_day(self) -> int:
        """Local day of the first conversation start."""


def dialect_sql(rule: RuleSet, facts: Reach) -> str:
    """A SELECT of one row per conversation: own_conv, own_out (code, see `LEFT_OUT`), own_of, own_hits (turns or 0/1), own_ms, own_n.

    ``own_ms`` is the wait in milliseconds; for turns the sum of the capped waits of ``own_n`` answered turns. Null where there is none.
    """
    return _turns(rule, facts) if rule.clock == "turn" else _conversations(rule, facts.horizon_ms)


def _conversations(rule: RuleSet, horizon_ms: int) -> str:
    window = round(rule.window_h * 3_600_000)
    start, stop = _STARTS.get(rule.clock, "c.start_ms"), _STOPS.get(rule.clock, "c.first_human_ms")
    # on the board smart reception has answered, and a reply whose time was lost was one
    given = "smart_solved = 1 OR (replied = 1 AND wait_ms IS NULL)" if rule.board else "1 = 0"
    return f"""SELECT own_conv, own_out, CASE WHEN own_out = 0 THEN 1 ELSE 0 END AS own_of,
      CASE WHEN own_out = 0 AND (wait_ms <= {window} OR {given}) THEN 1 ELSE 0 END AS own_hits,
      CASE WHEN counted = 1 THEN wait_ms END AS own_ms, CASE WHEN counted = 1 AND wait_ms IS NOT NULL THEN 1 ELSE 0 END AS own_n
    FROM (SELECT own_conv, wait_ms, smart_solved, replied, {_reasons(rule, window, horizon_ms)} AS own_out,
      CASE WHEN {_uncounted(rule)} THEN 0 ELSE 1 END AS counted
      FROM (SELECT c.*, c.conv AS own_conv, CASE WHEN {stop} >= {start} THEN {stop} - {start} END AS wait_ms FROM conversations AS c) AS c
    ) AS timed"""


def _uncounted(rule: RuleSet) -> str:
    """Which conversations a clock never looks at."""
    tests = ["c.holiday = 1 AND c.customer_started = 1" if rule.board else "1 = 0"]
    if rule.clock != "agent_second":
        tests.append("c.customer_started = 0")
    if rule.board:
        tests.append("c.smart_solved = 1")
    if rule.hours:
        tests.append(_outside(rule.hours))
    return " OR ".join(f"({test})" for test in tests)


def _reasons(rule: RuleSet, window: int, horizon_ms: int) -> str:
    cases = ["WHEN c.customer_started = 0 THEN 1"] if rule.clock != "agent_second" else []
    if rule.board:
        cases.append("WHEN c.holiday = 1 THEN 2")
    if not rule.smart_counts:
        cases.append("WHEN c.smart_solved = 1 THEN 3")
    if rule.hours:
        cases.append(f"WHEN {_outside(rule.hours)} THEN 4")
    if not rule.rated:
        cases.append("WHEN c.wait_ms IS NULL THEN 6")
    elif rule.board:
        waiting = "c.smart_solved = 0 AND c.replied = 0 AND c.is_call = 0"
        cases.append(f"WHEN {waiting} AND c.closed = 0 AND {horizon_ms} - c.start_ms < {window} THEN 5")
    else:
        cases.append(f"WHEN c.wait_ms IS NULL AND c.closed = 0 AND {horizon_ms} - c.start_ms < {window} THEN 5")
    return f"CASE {' '.join(cases)} ELSE 0 END"


def _outside(hours: tuple[int, int]) -> str:
    return f"c.local_minute < {hours[0] * 60} OR c.local_minute >= {hours[1] * 60}"


def _turns(rule: RuleSet, facts: Reach) -> str:
    # a conversation may outlast a clock change, so each turn asks the zone for itself
    changes = transitions(facts.zone, (facts.first_day - 1) * _DAY, facts.horizon_ms)
    asked, answered = (local_case(column, changes) for column in ("t.ask_ms", "coalesce(t.answer_ms, t.ask_ms)"))
    window, cap = round(rule.window_h * 3_600_000), round((rule.cap_s or 1e9) * 1000)
    first, last = rule.hours or (0, 24)
    base = "CASE WHEN c.customer_started = 0 THEN 1 WHEN c.holiday = 1 THEN 2 WHEN c.smart_solved = 1 THEN 3 ELSE 0 END"
    return f"""SELECT conv AS own_conv,
      CASE WHEN max(base) > 0 THEN max(base) WHEN max(fits) = 0 THEN 4 WHEN max(fits * ripe) = 0 THEN 5 ELSE 0 END AS own_out,
      CAST(sum(CASE WHEN base = 0 THEN fits * ripe ELSE 0 END) AS INTEGER) AS own_of,
      CAST(sum(CASE WHEN base = 0 AND fits = 1 AND wait_ms <= {window} THEN 1 ELSE 0 END) AS INTEGER) AS own_hits,
      nullif(CAST(coalesce(sum(CASE WHEN base = 0 AND fits = 1 AND wait_ms > {cap} THEN {cap}
        WHEN base = 0 AND fits = 1 THEN wait_ms END), -1) AS BIGINT), -1) AS own_ms,
      CAST(sum(CASE WHEN base = 0 AND fits = 1 AND wait_ms IS NOT NULL THEN 1 ELSE 0 END) AS INTEGER) AS own_n
    FROM (SELECT conv, base, wait_ms,
      CASE WHEN mod(ask_local, {_DAY}) < {first * 3_600_000} OR mod(ask_local, {_DAY}) >= {last * 3_600_000} THEN 0
        WHEN ask_local - mod(ask_local, {_DAY}) <> answer_local - mod(answer_local, {_DAY}) THEN 0 ELSE 1 END AS fits,
      CASE WHEN wait_ms IS NULL AND closed = 0 AND {facts.horizon_ms} - ask_ms < {window} THEN 0 ELSE 1 END AS ripe
      FROM (SELECT c.conv AS conv, c.closed, {base} AS base, t.ask_ms, t.answer_ms - t.ask_ms AS wait_ms,
        {asked} AS ask_local, {answered} AS answer_local
        FROM turns AS t JOIN conversations AS c ON t.conv = c.conv) AS placed
    ) AS judged GROUP BY conv"""


NONE_OF_THEM = """SELECT conv AS own_conv, 0 AS own_out, 0 AS own_of, 0 AS own_hits, nullif(start_ms, -1) AS own_ms, 0 AS own_n
  FROM conversations WHERE 1 = 0"""
