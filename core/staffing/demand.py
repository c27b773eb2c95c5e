"""What arrived and how much work it was: the slow, measured half of staffing.

Arrivals are contacts a person has to answer: customer-started, not in holiday mode, not solved by smart reception.
They are counted per local day and quarter hour; every day of the period counts, a day without contacts as 0, so
quarters add up to hours, hours to days, days to the total. Agent-started conversations stand aside: nobody waits there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.errors import Issue, UnavailableError
from core.staffing.concurrency import Concurrency, measure_concurrency
from core.staffing.queues import FloatArray, IntArray
from core.staffing.supply import QUARTERS, Supply, measure_supply, quarter_seconds, weekday_of

VOICE_CHANNELS = frozenset({"phone", "voice", "call"})
MIN_EFFORT_N = 20
VOLUMES = ("mean", "p50", "p80", "p90")
_NEEDED = ("owner", "customer_started", "holiday_mode", "local_day", "local_minute", "bot_resolved", "handle_s")


@dataclass(frozen=True, eq=False)
class Group:
    """Contacts served the same way: ``name`` is "voice" or "chat".

    ``counts`` is days × 96 quarter hours, ``effort_sum`` (seconds) and ``effort_n`` are 7 weekdays × 96.
    """

    name: str
    counts: IntArray
    effort_sum: FloatArray
    effort_n: FloatArray

    @property
    def mean_effort(self) -> float:
        """Mean handle seconds of all contacts with a known effort; NaN without any."""
        n = self.effort_n.sum()
        return float(self.effort_sum.sum() / n) if n else float("nan")


@dataclass(frozen=True, eq=False)
class Demand:
    """The measured half: arrivals, effort, concurrency and supply of one period of whole local days."""

    period: tuple[int, int]
    groups: tuple[Group, ...]
    concurrency: Concurrency
    open_by_quarter: FloatArray
    chats_by_quarter: FloatArray
    supply: Supply
    facts: Mapping[str, Any]

    @property
    def weekdays(self) -> IntArray:
        """Weekday of every day of the period, 0 = Monday."""
        return weekday_of(np.arange(self.period[0], self.period[1] + 1))

    @property
    def n_days(self) -> IntArray:
        """How many dates of each weekday the period has."""
        return np.bincount(self.weekdays, minlength=7).astype(np.int64)


def contacts_of(conversations: pd.DataFrame, period: tuple[int, int]) -> pd.DataFrame:
    """The conversations of some days that wait for a person; see :func:`measure_demand` for the columns."""
    return _contacts(conversations, period)[0]


def _contacts(conversations: pd.DataFrame, period: tuple[int, int]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Conversations that wait for a person, and how many stand aside for which reason (first reason wins)."""
    inside = conversations[conversations["local_day"].between(*period)]
    agent_started = inside["customer_started"].to_numpy() == 0
    holiday = ~agent_started & (inside["holiday_mode"].to_numpy() == 1)
    solved = ~agent_started & ~holiday & (inside["bot_resolved"].to_numpy() == 1)
    kept = inside[~(agent_started | holiday | solved)]
    aside = {"agent_started": agent_started, "holiday_mode": holiday, "bot_resolved": solved}
    return kept, {"contacts": len(kept)} | {key: int(rows.sum()) for key, rows in aside.items()}


def _group(name: str, contacts: pd.DataFrame, period: tuple[int, int]) -> Group:
    day = contacts["local_day"].to_numpy(np.int64)
    quarter = contacts["local_minute"].to_numpy(np.int64) // 15
    days = period[1] - period[0] + 1
    counts = np.bincount((day - period[0]) * QUARTERS + quarter, minlength=days * QUARTERS).reshape(days, QUARTERS)
    effort = contacts["handle_s"].to_numpy(float, na_value=np.nan)
    known = np.isfinite(effort)
    cell = (weekday_of(day) * QUARTERS + quarter)[known]
    sums = np.bincount(cell, weights=effort[known], minlength=7 * QUARTERS).astype(float).reshape(7, QUARTERS)
    n = np.bincount(cell, minlength=7 * QUARTERS).astype(float).reshape(7, QUARTERS)
    return Group(name, counts, sums, n)


def _groups(contacts: pd.DataFrame, period: tuple[int, int]) -> tuple[Group, ...]:
    voice = _is_voice(contacts)
    parts = (("voice", contacts[voice]), ("chat", contacts[~voice]))
    return tuple(_group(name, rows, period) for name, rows in parts if len(rows))


def _is_voice(conversations: pd.DataFrame) -> pd.Series:
    """Calls by their channel, or as the log marks them (``is_call``)."""
    nothing = pd.Series(False, index=conversations.index)
    marked = conversations.get("is_call", nothing).fillna(0).astype(bool)
    return conversations.get("channel", nothing).isin(VOICE_CHANNELS) | marked


def _overlap_by_quarter(seen: Concurrency, zone: str) -> tuple[FloatArray, FloatArray]:
    """Seconds with at least one open conversation, and conversation-seconds, per weekday × quarter hour."""
    busy = seen.segments[(seen.segments["open"] > 0) & (seen.segments["seconds"] > 0)]
    end = busy["until_ms"].to_numpy(float)
    begin = end - busy["seconds"].to_numpy(float) * 1000
    count = busy["open"].to_numpy(float)
    return quarter_seconds(begin, end, np.ones_like(count), zone), quarter_seconds(begin, end, count, zone)


def _period(conversations: pd.DataFrame, period: tuple[int, int] | None) -> tuple[int, int]:
    if period is not None:
        return period
    if conversations.empty:
        raise UnavailableError(Issue("staffing_no_contacts", "error", table="conversations"))
    return int(conversations["local_day"].min()), int(conversations["local_day"].max())


def measure_demand(
    conversations: pd.DataFrame,
    activity: pd.DataFrame | None = None,
    roster: pd.DataFrame | None = None,
    *,
    zone: str = "Asia/Shanghai",
    period: tuple[int, int] | None = None,
) -> Demand:
    """Measure arrivals, effort, concurrency and supply once; :func:`core.staffing.plan` then runs at slider speed.

    Args:
        conversations: one row per conversation (owner, customer_started, holiday_mode, bot_resolved, local_day,
            local_minute, handle_s in seconds, first_human_ms, last_human_ms, last_ms, closed_ms, channel …).
        activity: one row per agent × local_day × five-minute slot with a human message.
        roster: one row per shift.
        zone: the shop's zone name.
        period: first and last local day, both included; default the days of the log.

    Returns:
        A frozen :class:`Demand`. A log without contacts in the period gives zeros, never an error.

    Raises:
        UnavailableError: no conversations and no period, or a needed column is missing (its name is in the issue).

    >>> talk = pd.DataFrame({"owner": ["a"], "customer_started": [1], "holiday_mode": [0], "bot_resolved": [0],
    ...     "local_day": [4], "local_minute": [540], "handle_s": [60.0], "first_human_ms": [4.0e8],
    ...     "last_human_ms": [4.0e8], "last_ms": [4.0e8], "closed_ms": [None], "channel": ["chat"]})
    >>> measured = measure_demand(talk, zone="UTC", period=(4, 10))
    >>> int(measured.groups[0].counts.sum()), measured.n_days.tolist()
    (1, [1, 1, 1, 1, 1, 1, 1])
    """
    missing = [column for column in _NEEDED if column not in conversations]
    if missing:
        raise UnavailableError(Issue("staffing_column_missing", "error", table="conversations", column=missing[0]))
    days = _period(conversations, period)
    contacts, counts = _contacts(conversations, days)
    inside = conversations[conversations["local_day"].between(*days)]
    seen = measure_concurrency(inside[~_is_voice(inside)])
    busy, chats = _overlap_by_quarter(seen, zone)
    facts = counts | {"zone": zone, "handle_label": _handle_label(contacts), "min_effort_n": MIN_EFFORT_N}
    supply = measure_supply(roster, activity, days, zone)
    return Demand(days, _groups(contacts, days), seen, busy, chats, supply, facts)


def _handle_label(contacts: pd.DataFrame) -> str:
    """Where effort comes from: given, estimated, mixed, or missing."""
    known = contacts[contacts["handle_s"].notna()]
    if known.empty:
        return "missing"
    labels = set(known["handle_label"].dropna()) if "handle_label" in known else {"given"}
    return labels.pop() if len(labels) == 1 else "mixed"


def slot_counts(group: Group, interval: int) -> IntArray:
    """Contacts per day of the period × slot of ``interval`` minutes; sums are those of the quarter hours."""
    days = group.counts.shape[0]
    return np.asarray(group.counts.reshape(days, 1440 // interval, interval // 15).sum(axis=2))


def total_counts(demand: Demand) -> IntArray:
    """Contacts of all groups per day of the period × quarter hour."""
    empty = np.zeros((len(demand.weekdays), QUARTERS), np.int64)
    return np.asarray(sum((group.counts for group in demand.groups), empty))


def known_days(demand: Demand, first: int, last: int) -> Demand:
    """The measured half without days before the log or after it: a period may reach further than anybody recorded.

    Only arrivals are cut; effort, concurrency and supply have nothing there.
    """
    start, end = max(demand.period[0], first), min(demand.period[1], last)
    if (start, end) == demand.period or start > end:
        return demand
    kept = slice(start - demand.period[0], end - demand.period[0] + 1)
    return replace(demand, period=(start, end), groups=tuple(replace(each, counts=each.counts[kept]) for each in demand.groups))


UNFINISHED = 0.1


def unfinished(demand: Demand, minute: int) -> bool:
    """Whether a last day that is known up to a minute of the day lacks more than a tenth of what other days have by its end.

    A log exported at noon would else pass for a quiet day. With one day there is nothing to tell it from.

    >>> talk = pd.DataFrame({"owner": "a", "customer_started": 1, "holiday_mode": 0, "bot_resolved": 0, "local_day": [4, 4, 5],
    ...     "local_minute": [600, 900, 600], "handle_s": 60.0, "first_human_ms": 4.0e8, "last_human_ms": 4.0e8, "last_ms": 4.0e8,
    ...     "closed_ms": None})
    >>> measured = measure_demand(talk, zone="UTC", period=(4, 5))
    >>> unfinished(measured, 620), unfinished(measured, 1000)
    (True, False)
    """
    usual = total_counts(demand)[:-1].sum(axis=0)
    return bool(usual[minute // 15 + 1 :].sum() > UNFINISHED * usual.sum())


def volume(counts: IntArray, weekdays: IntArray, statistic: str) -> FloatArray:
    """Contacts of a slot over the dates of each weekday: the mean or a quantile (linear, type 7), 7 × slots.

    >>> volume(np.array([[1], [3]]), np.array([0, 0]), "mean")[:2].tolist()
    [[2.0], [nan]]
    """
    found = np.full((7, counts.shape[1]), np.nan)
    for weekday in np.unique(weekdays):
        rows = counts[weekdays == weekday]
        found[weekday] = rows.mean(axis=0) if statistic == "mean" else np.quantile(rows, _QUANTILE[statistic], axis=0)
    return found


_QUANTILE = {"p50": 0.5, "p80": 0.8, "p90": 0.9}


def arrivals(demand: Demand, interval: int) -> pd.DataFrame:
    """Arrivals with their spread over weeks: one row per weekday × slot.

    Returns:
        weekday, start (minute), n_days, total, mean, sd (NaN below two dates), p50, p80, p90; contacts per date.

    >>> talk = pd.DataFrame({"owner": ["a", "a"], "customer_started": 1, "holiday_mode": 0, "bot_resolved": 0,
    ...     "local_day": [4, 11], "local_minute": [5, 20], "handle_s": 60.0, "first_human_ms": 4.0e8,
    ...     "last_human_ms": 4.0e8, "last_ms": 4.0e8, "closed_ms": None})
    >>> arrivals(measure_demand(talk, period=(4, 17)), 60).loc[0, ["n_days", "total", "mean"]].tolist()
    [2.0, 2.0, 1.0]
    """
    slots = 1440 // interval
    empty = np.zeros((len(demand.weekdays), slots), np.int64)
    counts = sum((slot_counts(group, interval) for group in demand.groups), empty)
    statistics = {key: volume(counts, demand.weekdays, key).ravel() for key in VOLUMES}
    spread, total = np.full((7, slots), np.nan), np.zeros((7, slots), np.int64)
    for weekday in range(7):
        rows = counts[demand.weekdays == weekday]
        total[weekday] = rows.sum(axis=0)
        spread[weekday] = rows.std(axis=0, ddof=1) if len(rows) > 1 else np.nan
    grid = {
        "weekday": np.repeat(np.arange(7), slots),
        "start": np.tile(np.arange(slots) * interval, 7),
        "n_days": np.repeat(demand.n_days, slots),
        "total": total.ravel(),
        "mean": statistics.pop("mean"),
        "sd": spread.ravel(),
    }
    return pd.DataFrame(grid | statistics)
