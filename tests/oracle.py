"""The second opinion: every figure once more, in plain SQL for sqlite, written from the definitions and from nothing else.

It reads the same staging tables as the engine (lists of rows) and shares no line with it: other engine, other shape of query
(positions inside a conversation, correlated look-ups, joins of intervals instead of running windows). Slow and plain on purpose.

Readings where the definitions are silent stand in ``READINGS``; the tests compare under them, and they are listed for the reader.
"""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Rows = Sequence[Mapping[str, Any]]

READINGS = (
    "a machine's message without an automation word is an assistant's answer (the import writes it so)",
    "the agent of a conversation row is its assigned agent where no assigned agent is named",
    "the agent's own last message, for effort, is the one in the same conversation",
    "a contact at the very millisecond of a conversation's end is not a contact after it",
    "holiday-mode conversations take part in effort, handled and next contacts, and in no other figure",
    "an unanswered conversation without a later contact counts as resolved at first contact",
    "a complaint column's empty cells are no complaints",
    "an agent without any worked hour in the whole log is left out of handled per hour; one with hours on other days only counts with 0",
    "an order's own agent column is not asked: the last person who wrote before the first payment is the sale's owner",
    "a customer who bought nothing stands with the owner of the last conversation",
    "superiors' reviews count in the quality score, the person's own, peers' and customers' do not",
)

COLUMNS = {
    "messages": "conversation_id customer_id sent_at sender agent_id automation event text channel seq csat holiday_mode "
    "assigned_agent resolved complaint complaint_solved survey_sent category closed_at",
    "conversations": "conversation_id customer_id agent_id assigned_agent started_at first_human_reply_at closed_at first_closed_at "
    "csat survey_sent resolved complaint complaint_solved transfers reopened handle_s wait_s channel category holiday_mode needs_human "
    "started_by answered seq",
    "orders": "order_id customer_id created_at paid_at amount refunded_at returned disputed seq",
    "reviews": "agent_id criterion score conversation_id rater rater_type min max weight critical not_applicable reviewed_at "
    "review_id seq",
    "roster": "agent_id start_at end_at break_minutes seq",
    "transfers": "conversation_id requested_at accepted_at seq",
}


@dataclass(frozen=True)
class Rules:
    """The switches a figure may depend on, in the definitions' defaults."""

    window_s: float = 86_400
    within_s: float = 30
    fcr_rule: str = "no_repeat"
    fcr_h: float = 168
    repeat_d: float = 7
    repeat_same_issue: bool = False
    owner: str = "auto"
    conversion_d: float = 3
    gap_h: float = 24


@dataclass(frozen=True)
class Figure:
    """One figure: value (None where it does not exist), its n, and median and p90 where single values exist."""

    value: float | None
    n: float
    median: float | None = None
    p90: float | None = None


def figures(
    tables: Mapping[str, Rows], zone: str, rules: Rules | None = None, period: tuple[int, int] | None = None
) -> dict[str, dict[str, Figure]]:
    """Agent (``unassigned`` for nobody, ``shop`` for all) → KPI → figure, of the conversations started in the period.

    ``period`` are local days, both included; without it, the days of the first and the last start.
    """
    base = database(tables, zone, rules or Rules())
    return base.figures(period)


def database(tables: Mapping[str, Rows], zone: str, rules: Rules) -> Oracle:
    """The tables loaded and judged; ask it for figures."""
    return Oracle(tables, zone, rules)


class Oracle:
    """A sqlite database with the raw tables, one row per conversation (``j``), per turn, per spoken message."""

    def __init__(self, tables: Mapping[str, Rows], zone: str, rules: Rules) -> None:
        self.rules, self.zone = rules, ZoneInfo(zone)
        self.db = sqlite3.connect(":memory:")
        self.db.row_factory = sqlite3.Row
        self.db.create_function("local_day", 1, self.local_day, deterministic=True)
        self.db.create_function("local_clock_hour", 1, self.local_clock_hour, deterministic=True)
        self.has = {
            f"{name}.{column}"
            for name, rows in tables.items()
            for row in rows
            for column, value in row.items()
            if value is not None
        }
        for name, columns in COLUMNS.items():
            self._fill(name, columns.split(), tables.get(name, ()))
        for step in (CUT, TALKS, SPOKEN, KNOWN, CLOCKS, OWNED, JUDGED):
            values = self._values()
            self.db.executescript(step.format(**values))

    def _fill(self, name: str, columns: list[str], rows: Rows) -> None:
        listed = ", ".join(f'"{column}"' for column in columns)
        self.db.execute(f"CREATE TABLE {name} ({listed})")
        marks = ", ".join("?" * len(columns))
        values = [[row.get(column) for column in columns] for row in rows]
        self.db.executemany(f"INSERT INTO {name} VALUES ({marks})", values)

    def _values(self) -> dict[str, Any]:
        rules = self.rules
        return {
            "gap": int(rules.gap_h * 3_600_000), "window": int(rules.window_s * 1000), "within": int(rules.within_s * 1000),
            "fcr": int(rules.fcr_h * 3_600_000), "repeat": int(rules.repeat_d * 86_400_000), "sale": int(rules.conversion_d * 86_400_000),
            "fcr_rule": rules.fcr_rule, "owner": rules.owner, "same_issue": int(rules.repeat_same_issue),
            "has_transfers": int("transfers.requested_at" in self.has),
        }  # fmt: skip

    def _wall(self, instant: int) -> datetime:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)).astimezone(self.zone)

    def local_day(self, instant: int | None) -> int | None:
        """Days since 1970-01-01 on the shop's calendar."""
        return None if instant is None else self._wall(instant).date().toordinal() - datetime(1970, 1, 1).toordinal()

    def local_clock_hour(self, instant: int) -> str:
        """Date and hour on the shop's clock."""
        return self._wall(instant).strftime("%Y-%m-%d %H")

    def midnight(self, day: int) -> int:
        """The first instant of a local day, found by looking: the earliest millisecond whose local day is not before it."""
        low, high = (day - 2) * 86_400_000, (day + 2) * 86_400_000
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if (self.local_day(middle) or 0) < day else (low, middle)
        return high

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Rows of a SELECT."""
        return self.db.execute(sql, values).fetchall()

    def days(self) -> tuple[int, int]:
        """Local days of the first and the last conversation start."""
        found = self.rows("SELECT min(local_day(start)) AS a, max(local_day(start)) AS b FROM j")[0]
        return found["a"], found["b"]

    def figures(self, period: tuple[int, int] | None = None) -> dict[str, dict[str, Figure]]:
        """Figures of every agent and of the shop."""
        first, last = period or self.days()
        self.db.executescript(f"""
          DROP TABLE IF EXISTS p;
          CREATE TABLE p AS SELECT * FROM j WHERE local_day(start) BETWEEN {first} AND {last};
          CREATE INDEX p_conv ON p(conv);""")  # an index goes with its table
        cells: dict[str, dict[str, Figure]] = {}
        for key, of in (self._of_conversations() | self._of_people(first, last)).items():
            for agent, figure in of.items():
                cells.setdefault(agent, {})[key] = figure
        for key, sql in COUNTS.items():
            for row in self.rows(sql):
                cells.setdefault(row["who"], {})[key] = Figure(row["total"], row["total"])
        return cells

    def _of_conversations(self) -> dict[str, dict[str, Figure]]:
        found = {key: self._shares(sql.format(**self._values())) for key, sql in SHARES.items()}
        found |= {key: self._means(sql) for key, sql in MEANS.items()}
        return found

    def _of_people(self, first: int, last: int) -> dict[str, dict[str, Figure]]:
        found = {"handled_per_hour": self._handled_per_hour(first, last)}
        found["qa_score"] = self._means(QA.format(first=first, last=last, fallback=self.days()[0]))
        self.db.executescript(INQUIRERS.format(first=first, last=last, **self._values()))
        return found | {key: self._shares(sql) for key, sql in SALE_SHARES.items()} | self._order_values()

    def _shares(self, sql: str) -> dict[str, Figure]:
        """Hits over chances, by agent and for the shop; SQL gives who, hit, chance per observation."""
        query = f"""WITH o AS ({sql}) SELECT coalesce(who, 'unassigned') AS who, sum(hit) AS hits, sum(chance) AS n FROM o GROUP BY 1
          UNION ALL SELECT 'shop', sum(hit), sum(chance) FROM o"""
        return {
            row["who"]: Figure(row["hits"] / row["n"] if row["n"] else None, row["n"] or 0) for row in self.rows(query)
        }

    def _means(self, sql: str) -> dict[str, Figure]:
        """Mean, n, median and p90 of single values; SQL gives who and value."""
        values: dict[str, list[float]] = {}
        for row in self.rows(sql):
            for who in ("shop", row["who"] or "unassigned"):
                values.setdefault(who, []).append(row["value"])
        return {
            who: Figure(statistics.fmean(v), len(v), quantile(v, 0.5), quantile(v, 0.9)) for who, v in values.items()
        }

    def _handled_per_hour(self, first: int, last: int) -> dict[str, Figure]:
        hours = (
            self._roster_hours(first, last)
            if {"roster.start_at", "roster.end_at"} <= self.has
            else self._clock_hours(first, last)
        )
        handled = {
            row["agent"]: row["n"]
            for row in self.rows("SELECT agent, sum(replied) AS n FROM p WHERE agent IS NOT NULL GROUP BY 1")
        }
        who = set(hours)
        found = {agent: _ratio(handled.get(agent, 0), hours[agent]) for agent in who}
        found["shop"] = _ratio(sum(handled.get(agent, 0) for agent in who), sum(hours.values()))
        return found

    def _roster_hours(self, first: int, last: int) -> dict[str, float]:
        opens, ends = self.midnight(first), self.midnight(last + 1)
        rows = self.rows(f"""SELECT agent_id, sum(max(0, min(end_at, {ends}) - max(start_at, {opens})) / 3600000.0
          * max(0, 1 - coalesce(break_minutes, 0) * 60000.0 / (end_at - start_at))) AS hours
          FROM roster WHERE end_at > start_at AND agent_id IS NOT NULL AND end_at > {opens} AND start_at < {ends} GROUP BY 1""")
        known = {
            row["agent_id"]: 0.0
            for row in self.rows(
                "SELECT DISTINCT agent_id FROM roster WHERE agent_id IS NOT NULL AND end_at > start_at"
            )
        }
        return known | {row["agent_id"]: row["hours"] for row in rows}

    def _clock_hours(self, first: int, last: int) -> dict[str, float]:
        rows = self.rows(f"""SELECT agent, count(DISTINCT local_clock_hour(sent)) AS hours FROM spoken
          WHERE agent IS NOT NULL AND local_day(sent) BETWEEN {first} AND {last} GROUP BY 1""")
        known = {row["agent"]: 0 for row in self.rows("SELECT DISTINCT agent FROM spoken WHERE agent IS NOT NULL")}
        return known | {row["agent"]: row["hours"] for row in rows}

    def _order_values(self) -> dict[str, dict[str, Figure]]:
        rows = self.rows("""SELECT coalesce(who, 'unassigned') AS who, sum(value) AS value, sum(valued) AS buyers FROM inquirers GROUP BY 1
          UNION ALL SELECT 'shop', sum(value), sum(valued) FROM inquirers""")
        amount = {
            row["who"]: Figure(row["value"] / row["buyers"] if row["buyers"] else None, row["buyers"] or 0)
            for row in rows
        }
        shop = amount["shop"].value
        if not shop:
            return {"aov": {}, "aov_amount": amount}
        relative = {
            who: Figure(f.value / shop if f.value is not None else None, f.n) for who, f in amount.items()
        }
        return {"aov": relative, "aov_amount": amount}


def _ratio(total: float, of: float) -> Figure:
    return Figure(total / of if of else None, total)


def quantile(values: Sequence[float], share: float) -> float:
    """Linear quantile (type 7) by the textbook.

    >>> quantile([1, 2, 3, 4], 0.5)
    2.5
    """
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


# A log without conversation ids is cut per customer and channel where the silence is longer than the gap.
CUT = """
CREATE TABLE cut AS
WITH loose AS (SELECT rowid AS r, * FROM messages WHERE conversation_id IS NULL AND sent_at IS NOT NULL),
marks AS (SELECT r, customer_id, channel, sent_at, seq, CASE WHEN sent_at - lag(sent_at) OVER w > {gap} THEN 1 ELSE 0 END AS fresh
  FROM loose WINDOW w AS (PARTITION BY customer_id, channel ORDER BY sent_at, seq)),
named AS (SELECT r, 'cut|' || coalesce(customer_id, '') || '|' || coalesce(channel, '') || '|' ||
  (1 + sum(fresh) OVER (PARTITION BY customer_id, channel ORDER BY sent_at, seq ROWS UNBOUNDED PRECEDING)) AS conv FROM marks)
SELECT coalesce(x.conversation_id, named.conv) AS conv, x.*,
  coalesce(event, '') = '' AND sender = 'customer' AS cust,
  coalesce(event, '') = '' AND sender = 'agent' AND coalesce(automation, 'none') = 'none' AS human,
  coalesce(event, '') = '' AND sender IN ('agent', 'bot') AND (automation IN ('faq', 'assistant')
    OR sender = 'bot' AND coalesce(automation, 'none') = 'none') AS smart,
  coalesce(event, '') = '' AND sender <> 'system' AS talk,
  coalesce(event, '') = '' AND sender <> 'system' AND coalesce(automation, 'none') NOT IN ('greeting', 'off_hours') AS matters,
  row_number() OVER (PARTITION BY coalesce(x.conversation_id, named.conv) ORDER BY sent_at, seq) AS pos
FROM messages AS x LEFT JOIN named ON named.r = x.rowid WHERE x.sent_at IS NOT NULL;
CREATE UNIQUE INDEX cut_pos ON cut(conv, pos);
CREATE INDEX cut_human ON cut(conv, pos, sent_at, agent_id) WHERE human;
CREATE INDEX cut_assign ON cut(conv, pos) WHERE event = 'assign' AND agent_id IS NOT NULL;
CREATE INDEX cut_assigned ON cut(conv, pos) WHERE assigned_agent IS NOT NULL;
CREATE INDEX cut_csat ON cut(conv, pos) WHERE csat IS NOT NULL;
CREATE INDEX transfers_conv ON transfers(conversation_id);
CREATE INDEX orders_customer ON orders(customer_id, paid_at, created_at);
"""
TALKS = """
CREATE TABLE talks AS
SELECT conv, count(*) AS rows_seen, sum(talk) AS said, min(CASE WHEN talk THEN sent_at END) AS first_at,
  max(CASE WHEN talk THEN sent_at END) AS last_at,
  min(CASE WHEN cust THEN pos END) AS c1, min(CASE WHEN human THEN pos END) AS h1, max(CASE WHEN cust THEN pos END) AS c_last,
  sum(human) AS n_human, count(DISTINCT CASE WHEN human THEN agent_id END) AS n_people,
  max(CASE WHEN talk OR 1 THEN customer_id END) AS customer, max(category) AS category,
  sum(event IS 'close') AS n_close, min(CASE WHEN event = 'close' THEN sent_at END) AS close_first,
  max(CASE WHEN event = 'close' THEN sent_at END) AS close_last,
  max(CASE WHEN event = 'close' THEN pos END) AS close_pos, max(CASE WHEN event = 'reopen' THEN pos END) AS reopen_pos,
  max(CASE WHEN event = 'reopen' THEN sent_at END) AS reopen_at,
  max(holiday_mode) AS holiday, max(resolved) AS resolved, max(complaint) AS complaint, max(complaint_solved) AS complaint_solved,
  max(survey_sent) AS survey_sent, max(closed_at) AS closed_at
FROM cut GROUP BY conv;
CREATE UNIQUE INDEX talks_conv ON talks(conv);
"""
# Every human message: the ask it answers, the agent's own last word, and how many of the agent's conversations are open around it.
SPOKEN = """
CREATE TABLE people AS SELECT DISTINCT agent_id AS agent, cut.conv, first_at, last_at
  FROM cut JOIN talks ON talks.conv = cut.conv WHERE human AND agent_id IS NOT NULL;
CREATE INDEX people_agent ON people(agent, first_at);
CREATE TABLE spoken AS
SELECT conv, pos, agent_id AS agent, sent_at AS sent,
  (SELECT max(b.pos) FROM cut AS b WHERE b.conv = a.conv AND b.human AND b.pos < a.pos) AS said_pos,
  (SELECT max(b.sent_at) FROM cut AS b WHERE b.conv = a.conv AND b.human AND b.pos < a.pos AND b.agent_id IS a.agent_id) AS own_at,
  (SELECT count(*) FROM people AS w WHERE w.agent = a.agent_id AND w.first_at <= a.sent_at AND w.last_at >= a.sent_at) AS open_now
FROM cut AS a WHERE human;
CREATE TABLE answers AS
SELECT s.*, (SELECT min(sent_at) FROM cut AS b WHERE b.conv = s.conv AND b.cust AND b.pos < s.pos AND b.pos > coalesce(s.said_pos,
  0)) AS ask_at
FROM spoken AS s;
CREATE INDEX answers_conv ON answers(conv, pos);
CREATE TABLE efforts AS
SELECT conv, sum(min(300000, coalesce(sent - max(coalesce(own_at, ask_at), coalesce(ask_at, own_at)), 0)) * 1.0 / max(open_now,
  1)) AS handle
FROM answers GROUP BY conv;
CREATE UNIQUE INDEX efforts_conv ON efforts(conv);
"""
KNOWN = """
CREATE TABLE filed AS SELECT coalesce(conversation_id, 'row|' || seq) AS conv, * FROM conversations;
CREATE UNIQUE INDEX filed_conv ON filed(conv);
CREATE TABLE known AS SELECT conv FROM talks WHERE said > 0 UNION SELECT conv FROM filed;
"""
CLOCKS = """
CREATE TABLE clocks AS
SELECT k.conv, coalesce(t.said, 0) > 0 AS talked, coalesce(t.said, 0) AS said, coalesce(t.n_human, 0) AS n_human,
  coalesce(t.n_people, 0) AS n_people,
  coalesce(t.n_close, 0) AS n_close, coalesce(t.customer, f.customer_id) AS customer, coalesce(f.category, t.category) AS category,
  CASE WHEN t.said > 0 THEN t.c1 IS NOT NULL AND t.c1 < coalesce(t.h1, 1000000) ELSE coalesce(f.started_by,
    '') <> 'agent' END AS by_customer,
  CASE WHEN t.said > 0 AND t.c1 < coalesce(t.h1, 1000000) THEN (SELECT sent_at FROM cut WHERE conv = k.conv AND pos = t.c1)
    WHEN t.said > 0 THEN t.first_at ELSE f.started_at END AS start,
  CASE WHEN t.said > 0 THEN (SELECT sent_at FROM cut WHERE conv = k.conv AND pos = t.h1)
    WHEN f.answered = 0 THEN NULL ELSE coalesce(f.first_human_reply_at, f.started_at + round(f.wait_s * 1000)) END AS human,
  CASE WHEN t.said > 0 THEN t.n_human > 0 ELSE coalesce(f.answered,
    f.first_human_reply_at IS NOT NULL OR f.wait_s IS NOT NULL) END AS replied,
  CASE WHEN t.said > 0 THEN coalesce((SELECT b.smart AND b.pos > t.c_last FROM cut AS b WHERE b.conv = k.conv AND b.matters
      AND b.pos < coalesce(t.h1, 1000000) ORDER BY b.pos DESC LIMIT 1), 0) AND t.c1 IS NOT NULL
    ELSE coalesce(f.needs_human = 0, 0) END AS machine,
  coalesce(t.close_last, f.closed_at, t.closed_at) AS close_last, coalesce(t.close_first, f.first_closed_at) AS close_first,
  CASE WHEN t.close_last IS NOT NULL THEN coalesce(t.reopen_pos, 0) < t.close_pos
    WHEN coalesce(f.closed_at, t.closed_at) IS NOT NULL THEN coalesce(t.reopen_at, -1) <= coalesce(f.closed_at,
    t.closed_at) ELSE 0 END AS closed,
  (SELECT min(b.sent_at) FROM cut AS b WHERE b.conv = k.conv AND b.pos > t.c1 AND b.pos < coalesce(t.h1, 1000000) AND b.sender = 'agent'
    AND coalesce(b.event, '') = '' AND b.automation = 'greeting') AS greeted,
  coalesce(t.last_at, f.first_human_reply_at, CASE WHEN f.wait_s IS NOT NULL AND coalesce(f.answered, 1) <> 0
    THEN f.started_at + round(f.wait_s * 1000) END, f.started_at) AS last_at,
  coalesce(f.holiday_mode, t.holiday, 0) AS holiday, coalesce(f.survey_sent, t.survey_sent) AS survey_sent,
  coalesce(f.resolved, t.resolved) AS resolved, coalesce(f.complaint, t.complaint) AS complaint,
  coalesce(f.complaint_solved, t.complaint_solved) AS complaint_solved, f.reopened AS reopened,
  coalesce(f.csat, (SELECT csat FROM cut WHERE conv = k.conv AND csat IS NOT NULL ORDER BY pos DESC LIMIT 1)) AS csat,
  CASE WHEN f.handle_s IS NOT NULL THEN f.handle_s * 1000 WHEN t.n_human > 0 THEN e.handle END AS handle,
  coalesce((SELECT nullif(count(*), 0) FROM transfers AS x WHERE x.conversation_id = k.conv), f.transfers,
    CASE WHEN t.n_people > 1 THEN t.n_people - 1 WHEN t.n_human > 0 THEN 0 END,
    CASE WHEN {has_transfers} AND coalesce(t.said, 0) = 0 THEN 0 END) AS transfers,
  (SELECT agent_id FROM cut WHERE conv = k.conv AND event = 'assign'
    AND agent_id IS NOT NULL ORDER BY pos DESC LIMIT 1) AS assigned_event,
  coalesce(f.assigned_agent, f.agent_id) AS assigned_file,
  (SELECT assigned_agent FROM cut WHERE conv = k.conv AND assigned_agent IS NOT NULL ORDER BY pos DESC LIMIT 1) AS assigned_rows
FROM known AS k LEFT JOIN talks AS t ON t.conv = k.conv LEFT JOIN filed AS f ON f.conv = k.conv LEFT JOIN efforts AS e ON e.conv = k.conv;
DELETE FROM clocks WHERE start IS NULL;
CREATE UNIQUE INDEX clocks_conv ON clocks(conv);
"""
OWNED = """
CREATE TABLE shares AS SELECT conv, agent, count(*) AS n, min(pos) AS p1, max(pos) AS p2 FROM spoken
  WHERE agent IS NOT NULL GROUP BY conv, agent;
CREATE INDEX shares_conv ON shares(conv);
CREATE TABLE owned AS
SELECT c.*, (SELECT agent FROM shares AS s WHERE s.conv = c.conv ORDER BY n DESC, p1 LIMIT 1) AS most,
  (SELECT agent FROM shares AS s WHERE s.conv = c.conv ORDER BY p1 LIMIT 1) AS by_first,
  (SELECT agent FROM shares AS s WHERE s.conv = c.conv ORDER BY p2 DESC LIMIT 1) AS by_last,
  coalesce(assigned_event, assigned_file, assigned_rows) AS assigned,
  coalesce(close_last, last_at, start) AS ended
FROM clocks AS c;
CREATE INDEX owned_customer ON owned(customer, start);
CREATE TABLE horizon AS SELECT max(at) AS at FROM (SELECT max(sent_at) AS at FROM messages UNION ALL SELECT max(started_at)
  FROM conversations
  UNION ALL SELECT max(closed_at) FROM conversations UNION ALL SELECT max(first_human_reply_at)
    FROM conversations UNION ALL SELECT max(closed_at) FROM messages
  UNION ALL SELECT max(CASE WHEN coalesce(answered, 1) <> 0 THEN started_at + round(wait_s * 1000) END) FROM conversations);
"""
JUDGED = """
CREATE TABLE flagged AS
SELECT o.*, by_customer AND NOT holiday AS mine, by_customer AND NOT holiday AND machine AS bot, by_customer AND NOT holiday
  AND NOT machine AS asks,
  CASE '{owner}' WHEN 'first' THEN coalesce(by_first, assigned) WHEN 'last' THEN coalesce(by_last, assigned)
    WHEN 'most' THEN coalesce(most, assigned) ELSE coalesce(assigned, most) END AS agent,
  CASE WHEN human >= start THEN human - start END AS clock,
  NOT replied AND NOT closed AND (SELECT at FROM horizon) - start < {window} AS young, (SELECT at FROM horizon) AS horizon
FROM owned AS o;
CREATE TABLE j AS
SELECT *, asks AND replied AND coalesce(clock <= {window}, 1) AS answered, asks AND replied AND coalesce(clock > {window}, 0) AS late,
  asks AND NOT replied AND NOT young AS unanswered, asks AND young AS pending,
  CASE '{fcr_rule}' WHEN 'no_repeat' THEN asks AND customer IS NOT NULL AND ended + {fcr} <= horizon
    WHEN 'customer_says' THEN asks AND resolved IS NOT NULL WHEN 'one_reply' THEN asks AND n_human > 0
    WHEN 'closed_once' THEN asks AND closed AND (talked OR reopened IS NOT NULL OR transfers IS NOT NULL) ELSE asks
    AND closed END AS fcr_of,
  CASE '{fcr_rule}' WHEN 'no_repeat' THEN NOT EXISTS (SELECT 1 FROM owned AS x WHERE x.customer = f.customer AND x.by_customer
    AND x.conv <> f.conv
      AND x.start > f.ended AND x.start <= f.ended + {fcr})
    WHEN 'customer_says' THEN resolved = 1 WHEN 'one_reply' THEN n_human = 1
    WHEN 'closed_once' THEN n_close <= 1 AND n_people <= 1 AND coalesce(reopened, 0) = 0 AND coalesce(transfers,
    0) = 0 ELSE close_last - start <= 900000 END AS fcr_hit,
  mine AND customer IS NOT NULL AND start + {repeat} <= horizon AND (NOT {same_issue} OR category IS NOT NULL) AS repeat_of,
  EXISTS (SELECT 1 FROM owned AS x WHERE x.customer = f.customer AND x.by_customer AND x.start <= f.start + {repeat}
    AND (x.start > f.start OR x.start = f.start AND x.conv > f.conv) AND (NOT {same_issue} OR x.category = f.category)) AS repeated,
  mine AND NOT bot AND coalesce(survey_sent, closed OR horizon - start >= {window}) AS ratable
FROM flagged AS f;
"""
_MINE = "FROM p WHERE mine"
SHARES = {
    "response_rate_24h": f"SELECT agent AS who, answered OR bot AS hit, NOT pending AS chance {_MINE}",
    "human_response_rate_24h": "SELECT agent AS who, answered AS hit, 1 AS chance FROM p WHERE asks AND NOT pending",
    "within_Ns": "SELECT agent AS who, coalesce(clock <= {within}, 0) AS hit, 1 AS chance FROM p WHERE asks AND NOT pending "
    "AND (clock IS NOT NULL OR NOT replied)",
    "within_Ns_answered": "SELECT agent AS who, clock <= {within} AS hit, 1 AS chance FROM p WHERE asks AND clock IS NOT NULL",
    "fcr": "SELECT agent AS who, fcr_hit AS hit, 1 AS chance FROM p WHERE fcr_of",
    "repeat_rate": "SELECT agent AS who, repeated AS hit, 1 AS chance FROM p WHERE repeat_of",
    "resolved_rate": f"SELECT agent AS who, resolved = 1 AS hit, 1 AS chance {_MINE} AND resolved IS NOT NULL",
    "resolved_rate_answered": f"SELECT agent AS who, resolved = 1 AS hit, 1 AS chance {_MINE} AND resolved IS NOT NULL AND replied",
    "transfer_rate": f"SELECT agent AS who, transfers > 0 AS hit, 1 AS chance {_MINE} AND replied AND transfers IS NOT NULL",
    "satisfaction": f"SELECT CASE WHEN NOT bot THEN agent END AS who, csat >= 4 AS hit, 1 AS chance {_MINE} AND csat IS NOT NULL",
    "csat_coverage": "SELECT agent AS who, csat IS NOT NULL AS hit, 1 AS chance FROM p WHERE ratable",
    "complaint_rate": f"SELECT agent AS who, coalesce(complaint, 0) AS hit, 1 AS chance {_MINE}",
    "complaint_solved": f"SELECT agent AS who, complaint_solved AS hit, 1 AS chance {_MINE} AND complaint = 1 "
    "AND complaint_solved IS NOT NULL",
}
MEANS = {
    "first_response": "SELECT agent AS who, clock / 1000.0 AS value FROM p WHERE asks AND clock IS NOT NULL",
    "reply_time": "SELECT a.agent AS who, (a.sent - a.ask_at) / 1000.0 AS value FROM answers AS a JOIN p ON p.conv = a.conv "
    "WHERE p.mine AND a.ask_at IS NOT NULL AND a.said_pos IS NOT NULL",
    "first_response_greeted": "SELECT agent AS who, (coalesce(greeted, human) - start) / 1000.0 AS value FROM p "
    "WHERE asks AND (greeted IS NOT NULL OR clock IS NOT NULL)",
    "resolution_time": f"SELECT agent AS who, (close_last - start) / 1000.0 AS value {_MINE} AND close_last >= start",
    "first_resolution_time": f"SELECT agent AS who, (close_first - start) / 1000.0 AS value {_MINE} AND close_first >= start",
    "handle_time": "SELECT agent AS who, handle / 1000.0 AS value FROM p WHERE handle IS NOT NULL",
    "csat_mean": f"SELECT CASE WHEN NOT bot THEN agent END AS who, csat AS value {_MINE} AND csat IS NOT NULL",
}


def _count(flag: str) -> str:
    return f"""SELECT coalesce(agent, 'unassigned') AS who, sum({flag}) AS total FROM p GROUP BY 1
      UNION ALL SELECT 'shop', coalesce(sum({flag}), 0) FROM p"""


COUNTS: dict[str, str] = {
    "conversations": _count("mine"), "messages": _count("said"), "bot_resolved": _count("bot"), "needs_human": _count("asks"),
    "answered_24h_human": _count("answered"), "late": _count("late"), "unanswered": _count("unanswered"), "pending": _count("pending"),
    "holiday_mode": _count("by_customer AND holiday"),
}  # fmt: skip
QA = """
WITH lines AS (SELECT agent_id AS who, coalesce(review_id, CASE WHEN conversation_id IS NOT NULL OR reviewed_at IS NOT NULL
      THEN coalesce(conversation_id, '') || '/' || coalesce(rater, '') || '/' || coalesce(rater_type, 'qa') || '/' || coalesce(reviewed_at,
      '') ELSE 'line ' || seq END) AS review,
    score, coalesce(min, 0) AS low, coalesce(max, 100) AS high, coalesce(weight, 1) AS w, coalesce(critical, 0) AS critical,
    coalesce(local_day(reviewed_at), {fallback}) AS day
  FROM reviews WHERE coalesce(rater_type, 'qa') IN ('qa', 'superior') AND coalesce(not_applicable, 0) = 0 AND score IS NOT NULL
    AND agent_id IS NOT NULL),
good AS (SELECT * FROM lines WHERE high > low AND w >= 0),
done AS (SELECT who, review, day, max(critical AND score <= low) AS failed, sum(w) AS weight,
    sum(w * min(1, max(0, (score - low) * 1.0 / (high - low)))) AS points FROM good GROUP BY who, review, day)
SELECT who, CASE WHEN failed THEN 0 ELSE 100.0 * points / weight END AS value FROM done
WHERE day BETWEEN {first} AND {last} AND (failed OR weight > 0)
"""
# One row per customer who asked in the period. An order has one owner: the last person who wrote to the customer before it was paid.
INQUIRERS = """
DROP TABLE IF EXISTS asked; DROP TABLE IF EXISTS inquirers; DROP TABLE IF EXISTS voices;
CREATE TABLE asked AS SELECT customer, min(start) AS opened, max(start) AS last FROM p WHERE mine
  AND customer IS NOT NULL GROUP BY customer;
CREATE TABLE voices AS
  SELECT p.customer, s.sent AS at, s.agent, s.pos FROM spoken AS s JOIN p ON p.conv = s.conv WHERE p.mine
  UNION ALL SELECT customer, coalesce(human, start), agent, 0 FROM p WHERE mine AND NOT talked AND replied;
CREATE INDEX voices_customer ON voices(customer, at);
DROP TABLE IF EXISTS settled; DROP TABLE IF EXISTS bought;
CREATE TABLE settled AS SELECT * FROM asked AS a WHERE last + {sale} <= (SELECT at FROM horizon)
    AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.customer_id = a.customer AND o.created_at < a.opened
    AND o.created_at >= a.opened - {sale});
CREATE TABLE bought AS SELECT s.customer, o.* FROM settled AS s JOIN orders AS o ON o.customer_id = s.customer
  AND o.paid_at BETWEEN s.opened AND s.last + {sale};
CREATE INDEX bought_customer ON bought(customer);
CREATE INDEX p_customer ON p(customer);
CREATE TABLE inquirers AS
SELECT s.customer, EXISTS (SELECT 1 FROM bought AS b WHERE b.customer = s.customer) AS buyer,
  (SELECT coalesce(sum(amount), 0) FROM bought AS b WHERE b.customer = s.customer) AS value,
  EXISTS (SELECT 1 FROM bought AS b WHERE b.customer = s.customer AND amount IS NOT NULL) AS valued,
  (SELECT count(*) FROM bought AS b WHERE b.customer = s.customer) AS orders,
  (SELECT coalesce(sum(coalesce(returned, CASE WHEN (SELECT max(returned)
    FROM orders) IS NULL THEN refunded_at IS NOT NULL ELSE 0 END)), 0)
    FROM bought AS b WHERE b.customer = s.customer) AS returned,
  (SELECT coalesce(sum(coalesce(disputed, 0)), 0) FROM bought AS b WHERE b.customer = s.customer) AS disputed,
  CASE WHEN EXISTS (SELECT 1 FROM bought AS b WHERE b.customer = s.customer) THEN
    (SELECT v.agent FROM voices AS v WHERE v.customer = s.customer AND v.at <= (SELECT min(paid_at) FROM bought AS b
    WHERE b.customer = s.customer)
      ORDER BY v.at DESC, v.pos DESC LIMIT 1)
  ELSE (SELECT agent FROM p WHERE p.customer = s.customer AND p.mine ORDER BY start DESC, conv DESC LIMIT 1) END AS who
FROM settled AS s;
"""
SALE_SHARES = {
    "conversion": "SELECT who, buyer AS hit, 1 AS chance FROM inquirers",
    "return_rate": "SELECT who, returned AS hit, orders AS chance FROM inquirers WHERE orders > 0",
    "dispute_rate": "SELECT who, disputed AS hit, orders AS chance FROM inquirers WHERE orders > 0",
}
