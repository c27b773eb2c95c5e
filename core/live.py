"""The live board: what is waiting now, how the last minutes and today go, beside what is usual at this time of the week.

All figures are as of the latest stamp in the data, never of the clock on the wall. Figures of today are those of `core.kpis` with today as
the period; figures of the last minutes are summed from the same judged conversations. Only what today needs is built anew at a look
(`recent`): the rows since midnight and whatever else belongs to the conversations in them.

New here, and defined here:

- ``waiting``: asks without an answer now. An ask is an open turn of the facts (the first customer message after the last human one) of a
  customer-started conversation that is neither closed, nor solved by the bot, nor under holiday mode, and not older than ``live_give_up_h``
  (then nobody counts on an answer any more, or "thanks" was the last word). Logs without messages: conversations without a reply, likewise.
- ``longest_wait``: data time minus the stamp of the oldest of these asks.
- ``agents_writing``: agents with a message in the five-minute slots of the last 15 minutes (this one and the two before).
- ``active``: conversations with a human message, a message in the last 15 minutes, and not closed; ``concurrency``: ``active`` per agent
  writing.
- ``contacts_15``: conversations that customers started in the last 15 minutes; ``usual_15``: the mean of the same 15 minutes of the same
  weekday in up to eight weeks before, given four; ``busy``: their ratio, judged from ``live_min_n`` usual or actual contacts on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.engine import Facts, build_facts, observe
from core.engine.agent_days import only_agent_days
from core.engine.observe import judged_sql
from core.engine.zones import DAY_MS, local_day, offset_ms
from core.errors import Issue, UnavailableError
from core.fairness import quantile_interval, wilson
from core.grouped import only_days
from core.growing import in_memory
from core.kpis import Kpi, kpi_table
from core.log import Log
from core.period import Period
from core.privacy import mask_cut
from core.recompute import filtered, slow_knobs
from core.scenario import Scenario

TODAY = (
    "conversations", "needs_human", "answered_24h_human", "late", "unanswered", "pending", "first_response", "reply_time", "within_Ns",
    "satisfaction", "csat_mean",
)  # fmt: skip
"""KPIs of today on the board, by their key in the catalogue."""
SLOT_MIN, FIVE_MIN, DAY_MIN = 15, 5, 1440
LEAST_WEEKS, MOST_WEEKS = 4, 8
_MIN_MS = 60_000
_NAN = float("nan")
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Figure:
    """One figure: value with its interval and n; ``reason`` is empty, ``too_few`` (shown, not judged) or why there is no value."""

    key: str
    value: float
    unit: str
    n: float = _NAN
    low: float = _NAN
    high: float = _NAN
    reason: str = ""

    @property
    def judged(self) -> float:
        """The value where a threshold may judge it, else NaN."""
        return self.value if not self.reason else _NAN


@dataclass(frozen=True)
class Past:
    """When conversations began before: minutes since 1970-01-01 on the shop's clocks, in order; and the last day known to its end."""

    starts: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    first_day: int = 0
    last_day: int = -1

    def weekdays_before(self, day: int) -> list[int]:
        """The days of the same weekday in the weeks before that the log knows, newest first, at most eight."""
        days = (day - 7 * back for back in range(1, MOST_WEEKS + 1))
        return [each for each in days if self.first_day <= each <= self.last_day]

    def between(self, after: Any, until: Any) -> Any:
        """How many began later than minute ``after`` and not later than ``until``; numbers or arrays."""
        return np.searchsorted(self.starts, until, "right") - np.searchsorted(self.starts, after, "right")


@dataclass(frozen=True)
class Board:
    """The board at one moment of the data.

    Args:
        as_of_ms: latest stamp of the data, UTC ms; ``zone`` and ``day`` (local days since 1970) say what today is.
        figures: everything that stands on the board, by key.
        today: KPI of the catalogue → its cell of the KPI table, for today.
        slots: one row a quarter of an hour of today: minute, contacts (NaN for what is still to come), usual, usual_low, usual_high
            (mean, least and most of the same weekday; NaN where too little is known).
        waits: one row an open ask, longest first: conversation, agent, channel, language, category, since_ms, wait_s,
            first (1: nobody has answered yet).
        usual_days: how many days the usual rests on.
    """

    as_of_ms: int
    zone: str
    day: int
    figures: dict[str, Figure]
    today: dict[str, Kpi]
    slots: pd.DataFrame
    waits: pd.DataFrame
    usual_days: int

    def values(self) -> dict[str, float]:
        """What thresholds judge: figures that are there and rest on enough."""
        return {key: figure.judged for key, figure in self.figures.items()}


def board(log: Log, scenario: Scenario | None = None, past: Past | None = None) -> Board:
    """The board of a log under a scenario's rules, filters and live knobs; its period plays no part.

    Args:
        past: what is usual, from `past_of`; without it the figures that need it say so.

    Raises:
        UnavailableError: the log knows days but no times of day.
        InputError: it holds no conversation.
    """
    scenario = scenario or Scenario()
    facts = build_facts(recent(log, scenario), slow_knobs(scenario))
    try:
        return _board(facts, log, scenario, past or Past())
    finally:
        facts.base.close()


def _board(facts: Facts, log: Log, scenario: Scenario, past: Past) -> Board:
    if only_days(facts.available) or only_agent_days(facts):
        raise UnavailableError(Issue("live_days_only", "error", table="conversations"))
    observed = observe(facts, scenario)
    now = facts.horizon_ms
    today = local_day(now, facts.zone)
    asked = _of_day(scenario, today)
    table = kpi_table(observed, asked, ("shop",), Period(today, today, facts.zone), TODAY)
    cells = {key: table.cell(0, key) for key in TODAY} if len(table) else {}
    seen = _judged(asked, facts)
    waits = _waits(seen, facts, scenario, log.digest)
    minute = (now + offset_ms(facts.zone, now)) // _MIN_MS
    slots, usual_days = _slots(seen, past, int(minute))
    figures = [
        *_waiting(waits), *_people(seen, facts, scenario, int(minute)), *_lately(seen, scenario, now),
        *_against_usual(seen, past, scenario, int(minute)), *(_of_kpi(key, cells[key]) for key in cells),
    ]  # fmt: skip
    return Board(now, facts.zone, today, {each.key: each for each in figures}, cells, slots, waits, usual_days)


def _of_day(scenario: Scenario, day: int) -> Scenario:
    """The scenario with one day as its period."""
    from core.period import day_date

    period = {"period": "custom", "from": day_date(day), "to": day_date(day)}
    return Scenario.of({key: value for key, value in scenario.changed.items() if key not in period} | period)


# ── what today needs ─────────────────────────────────────────────────────────────────────────────────────────────────


def recent(log: Log, scenario: Scenario) -> Log:
    """The part of a log that today rests on: conversations with a row since midnight (or since the oldest ask that counts), whole.

    Figures of today from it are those from the whole log.
    """
    tables = {name: in_memory(log, name) for name in ("messages", "conversations") if log.has(name)}
    if not tables:
        return log
    stamps = {name: _last_stamps(table, name) for name, table in tables.items()}
    now = max(int(pc.max(each).as_py() or 0) for each in stamps.values())
    back = max(float(scenario.get("live_give_up_h")) * 3_600_000, float(scenario.get("live_window_min")) * _MIN_MS)
    since = min(_midnight(now, log.zone), now - int(back)) - DAY_MS // 8
    late = {name: pc.fill_null(pc.greater_equal(each, since), False) for name, each in stamps.items()}
    kept = {name: table.filter(_whole(name, tables, late)) for name, table in tables.items()}
    beside = {name: log.tables[name] for name in ("roster",) if log.has(name)}
    return Log(log.digest, log.zone, {**{name: table for name, table in kept.items() if table.num_rows}, **beside}, log.ledger)


def _midnight(now: int, zone: str) -> int:
    """The instant at which the local day of another one began, or an hour or so before where the clocks change."""
    return local_day(now, zone) * DAY_MS - offset_ms(zone, now)


def _last_stamps(table: pa.Table, name: str) -> Any:
    """The latest stamp that each row names."""
    found = [table.column(each) for each in _STAMPS[name] if each in table.column_names]
    if "started_at" in table.column_names and name == "conversations":
        spans = [table.column(each) for each in ("wait_s", "resolution_s") if each in table.column_names]
        found += [pc.add(table.column("started_at"), pc.round(pc.multiply(each, 1000.0)).cast(pa.int64())) for each in spans]
    return pc.max_element_wise(*found)


_STAMPS = {"messages": ("sent_at", "closed_at"), "conversations": ("started_at", "first_human_reply_at", "first_closed_at", "closed_at")}


def _whole(name: str, tables: dict[str, pa.Table], late: dict[str, Any]) -> Any:
    """Rows that are late, or belong to a conversation with a late row; without ids, to a customer with one."""
    marks, table = late[name], tables[name]
    for key in ("conversation_id", "customer_id"):
        if key not in table.column_names:
            continue
        named = [tables[each].filter(late[each]).column(key) for each in tables if key in tables[each].column_names]
        wanted = pa.chunked_array([chunk for column in named for chunk in column.chunks], type=table.schema.field(key).type).unique()
        marks = pc.or_(marks, pc.is_in(table.column(key), value_set=wanted))
        if name == "conversations" or table.column(key).null_count == 0:
            break
    return marks


# ── the conversations of now ─────────────────────────────────────────────────────────────────────────────────────────


def _judged(scenario: Scenario, facts: Facts) -> pd.DataFrame:
    """One row per conversation under the filters, whatever its day: judged clocks and flags, and the facts that tell what goes on."""
    return facts.cases(f"SELECT * FROM {_seen(scenario, facts)}")


def _seen(scenario: Scenario, facts: Facts) -> str:
    """The same as the end of a SELECT."""
    team = f"LEFT JOIN {_TEAMS} ON j.agent = r.agent_id" if "roster.team" in facts.available else ""
    names = {name: facts.text(f"j.{name}") for name in ("conv", "agent", "channel", "language", "category", "team", "shift")}
    names |= {"team": f"coalesce({names['team']}, r.team)"} if team else {}
    labels = ", ".join(f"{sql} AS {name}" for name, sql in names.items())
    return f"""(SELECT {labels}, j.start_ms, j.conversations, j.bot_resolved, j.first_response_ms, j.first_response_n, j.within_hit,
      j.within_of, j.local_day * {DAY_MIN} + j.local_minute AS minute, c.closed, c.replied, c.has_messages, c.n_human, c.last_ms
      FROM ({judged_sql(facts, scenario)}) AS j JOIN conversations AS c ON j.conv = c.conv {team}) AS seen
      WHERE {filtered(facts, scenario)}"""


_TEAMS = "(SELECT agent_id, max(team) AS team FROM raw_roster WHERE team IS NOT NULL GROUP BY agent_id) AS r"


def _waits(seen: pd.DataFrame, facts: Facts, scenario: Scenario, digest: str) -> pd.DataFrame:
    """Open asks, longest first."""
    open_ = seen[(seen["conversations"] == 1) & (seen["bot_resolved"] == 0) & (seen["closed"] == 0)]
    turns = facts.cases("SELECT CAST(conv AS VARCHAR) AS conv, turn_no, ask_ms FROM turns WHERE answer_ms IS NULL")
    asked = open_.merge(turns, on="conv")
    bare = open_[(open_["has_messages"] == 0) & (open_["replied"] == 0)].assign(turn_no=0, ask_ms=lambda rows: rows["start_ms"])
    rows = pd.concat([asked, bare], ignore_index=True)
    rows["wait_s"] = (facts.horizon_ms - rows["ask_ms"]) / 1000
    rows = rows[rows["wait_s"] <= float(scenario.get("live_give_up_h")) * 3600].sort_values(["wait_s", "conv"], ascending=[False, True])
    named = rows[["agent", "channel", "language", "category"]].reset_index(drop=True)
    clocks = rows[["ask_ms", "wait_s"]].reset_index(drop=True).rename(columns={"ask_ms": "since_ms"})
    found = pd.concat([named, clocks], axis=1)
    found.insert(0, "conversation", [mask_cut(each, digest) for each in rows["conv"]])
    return found.assign(first=(rows["turn_no"] == 0).to_numpy().astype(int))


def _waiting(waits: pd.DataFrame) -> list[Figure]:
    n = float(len(waits))
    longest = float(waits["wait_s"].max()) if n else _NAN
    return [
        Figure("waiting", n, "count", n), Figure("waiting_first", float(waits["first"].sum()), "count", n),
        Figure("longest_wait", longest, "seconds", n, reason="" if n else "nobody_waits"),
    ]  # fmt: skip


def _people(seen: pd.DataFrame, facts: Facts, scenario: Scenario, minute: int) -> list[Figure]:
    """Who wrote in the last quarter of an hour, and how many conversations each of them has at once."""
    if "messages.sent_at" not in facts.available:
        return [Figure(key, _NAN, "count", reason="no_messages") for key in ("agents_writing", "active", "concurrency")]
    last = minute // FIVE_MIN
    wrote = "SELECT DISTINCT CAST(agent AS VARCHAR) AS agent FROM activity WHERE slot_no > ? AND slot_no <= ?"
    agents = set(facts.frame(wrote, [last - SLOT_MIN // FIVE_MIN, last])["agent"])
    if scenario.get("in_agent") or scenario.get("in_team"):
        agents &= set(seen["agent"].dropna())
    going = (seen["closed"] == 0) & (seen["n_human"] > 0) & (seen["last_ms"] > facts.horizon_ms - SLOT_MIN * _MIN_MS)
    active, n = float(going.sum()), float(len(agents))
    return [
        Figure("agents_writing", n, "count", n), Figure("active", active, "count", active),
        Figure("concurrency", active / n if n else _NAN, "ratio", n, reason="" if n else "nobody_writes"),
    ]  # fmt: skip


def _lately(seen: pd.DataFrame, scenario: Scenario, now: int) -> list[Figure]:
    """The last minutes, by when conversations began: how many, median and mean of the first response, and the share answered in time."""
    rows = seen[(seen["start_ms"] > now - float(scenario.get("live_window_min")) * _MIN_MS) & (seen["conversations"] == 1)]
    waits = np.sort(rows.loc[rows["first_response_n"] == 1, "first_response_ms"].to_numpy(dtype=np.float64) / 1000)
    least = float(scenario.get("live_min_n"))
    n, of, hits = float(len(waits)), float(rows["within_of"].sum()), float(rows["within_hit"].sum())
    median = quantile_interval(waits, 0.5) if n else None
    part = wilson(hits, of)
    mean = float(waits.mean()) if n else _NAN
    ends = (median.value, median.low, median.high) if median else (_NAN, _NAN, _NAN)
    return [
        Figure("contacts", float(len(rows)), "count", float(len(rows))),
        Figure("first_response", ends[0], "seconds", n, ends[1], ends[2], _enough(n, least)),
        Figure("first_response_mean", mean, "seconds", n, reason=_enough(n, least)),
        Figure("within", part.value if of else _NAN, "share", of, part.low, part.high, _enough(of, least)),
    ]  # fmt: skip


def _enough(n: float, least: float) -> str:
    return "no_cases" if not n else "too_few" if n < least else ""


def _of_kpi(key: str, cell: Kpi) -> Figure:
    from core.metrics import metric

    reason = {"ok": "", "too_few": "too_few"}.get(cell.status, cell.reason or "no_cases")
    name = key if key == "satisfaction" else f"today_{key}"
    return Figure(name, cell.value, metric(key).unit, cell.n, cell.low, cell.high, reason)


# ── what is usual ────────────────────────────────────────────────────────────────────────────────────────────────────


def past_of(facts: Facts, scenario: Scenario) -> Past:
    """When conversations began, from the facts of a whole log, under the scenario's rules and filters; made once a log.

    The last day counts only if the log goes beyond it.
    """
    rows = facts.frame(f"SELECT minute, count(*) AS n FROM {_seen(scenario, facts)} AND conversations = 1 GROUP BY minute")
    minutes, n = (rows[name].to_numpy(dtype=np.int64) for name in ("minute", "n"))
    starts = np.sort(np.repeat(minutes, n))
    return Past(starts, facts.first_day, local_day(facts.horizon_ms, facts.zone) - 1)


def own_past(log: Log, scenario: Scenario) -> Past:
    """What is usual by the watched log itself; nothing where it does not go back four weeks."""
    stamps = [pc.min_max(_last_stamps(in_memory(log, name), name)).as_py() for name in ("messages", "conversations") if log.has(name)]
    if not stamps or max(each["max"] for each in stamps) - min(each["min"] for each in stamps) < 7 * (LEAST_WEEKS - 1) * DAY_MS:
        return Past()
    facts = build_facts(log, slow_knobs(scenario))
    try:
        return past_of(facts, scenario)
    finally:
        facts.base.close()


def better(day: int, pasts: Sequence[Past]) -> Past:
    """The past that knows most of the weekdays before a day; of equals the first."""
    return max(pasts, key=lambda each: len(each.weekdays_before(day)), default=Past())


def _slots(seen: pd.DataFrame, past: Past, minute: int) -> tuple[pd.DataFrame, int]:
    """Contacts of today by quarter of an hour, and of the same weekday before."""
    today = minute // DAY_MIN
    starts = np.arange(0, DAY_MIN, SLOT_MIN)
    begun = seen.loc[(seen["conversations"] == 1) & (seen["minute"] // DAY_MIN == today), "minute"].to_numpy(dtype=np.int64) % DAY_MIN
    contacts = np.bincount(begun // SLOT_MIN, minlength=len(starts)).astype(np.float64)
    contacts[starts > minute % DAY_MIN] = np.nan
    days = past.weekdays_before(today)
    frame = pd.DataFrame({"minute": starts, "contacts": contacts, "usual": _NAN, "usual_low": _NAN, "usual_high": _NAN})
    if len(days) >= LEAST_WEEKS:
        froms = np.array(days)[:, None] * DAY_MIN + starts[None, :]
        counts = past.between(froms - 1, froms + SLOT_MIN - 1)
        frame["usual"], frame["usual_low"], frame["usual_high"] = counts.mean(axis=0), counts.min(axis=0), counts.max(axis=0)
    return frame, len(days)


def _against_usual(seen: pd.DataFrame, past: Past, scenario: Scenario, minute: int) -> list[Figure]:
    """Contacts of the last 15 minutes beside the same minutes of the same weekday in the weeks before."""
    counted = seen.loc[seen["conversations"] == 1, "minute"]
    contacts = float(((counted > minute - SLOT_MIN) & (counted <= minute)).sum())
    days = np.array(past.weekdays_before(minute // DAY_MIN), dtype=np.int64)
    ends = days * DAY_MIN + minute % DAY_MIN
    usual = float(past.between(ends - SLOT_MIN, ends).mean()) if len(days) >= LEAST_WEEKS else _NAN
    unknown, few = math.isnan(usual), max(contacts, usual) < float(scenario.get("live_min_n"))
    reason = "no_usual" if unknown else "too_few" if few else "" if usual > 0 else "no_cases"
    return [
        Figure("contacts_15", contacts, "count", contacts),
        Figure("usual_15", usual, "number", float(len(days)), reason="no_usual" if unknown else ""),
        Figure("busy", contacts / usual if usual > 0 else _NAN, "ratio", contacts, reason=reason),
    ]  # fmt: skip
