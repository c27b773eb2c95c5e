"""A log's own roster and what could become of it: today's week, the cheapest changes, a week drawn up anew, what was tried.

Joins the plan of the week (`core.staffing.plan`) with people: who speaks what comes from the conversations they answered, who
works when from the roster. Nothing here decides; it proposes, with proof or with the bound below which nothing can get.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from core.engine import Observed
from core.engine.observe import UNKNOWN
from core.period import choose, day_date, day_number
from core.recompute import contacts_of, roster_of
from core.scenario import Scenario
from core.staffing import Demand, StaffingKnobs, StaffingResult, plan
from core.staffing.changes import WEEK_COLUMNS, Change, Outcome, Shift, Week, apply, latest_week, outcome, tried
from core.staffing.cheapest import Limits, Proposal, cheapest_changes, shifts_of
from core.staffing.covering import Need, Prices, Search, Terms
from core.staffing.patterns import ShiftRules
from core.staffing.queues import FloatArray
from core.staffing.roster import Crew, Roster, best_roster

MIN_SPOKEN = 5
MIN_LANGUAGE = 0.02
"""Languages with a smaller share of the contacts are served by whoever can; the share's own doubt would decide."""


@dataclass(frozen=True, eq=False)
class Team:
    """Who there is: today's week (None without a roster), agent → languages answered at least five times, and contacts per
    weekday × hour by language (7 × 24 counts) of the languages that matter.
    """

    zone: str
    last_day: int
    week: Week | None
    languages: Mapping[str, tuple[str, ...]]
    contacts: Mapping[str, FloatArray]

    @property
    def unknown(self) -> int:
        """Agents of whom no language is known: they are planned for what needs none."""
        return sum(not spoken for spoken in self.languages.values())

    @property
    def next_monday(self) -> int:
        """Local day of the first Monday after the log: the week a proposal is for."""
        return self.last_day + 1 + (-(self.last_day + 1) - 3) % 7


def team(observed: Observed, scenario: Scenario) -> Team:
    """Agents of the roster, else of the log, with their languages (slow half)."""
    contacts, people = contacts_of(observed, scenario)
    period = choose(scenario, *observed.days, observed.zone)
    days = (period.first_day, period.last_day)
    week = latest_week(roster_of(observed, people), days, observed.zone)
    inside = contacts[contacts["local_day"].between(*days)]
    named = inside[inside["language"].notna() & (inside["language"] != UNKNOWN)]
    spoken = named.groupby(["owner", "language"]).size()
    able = spoken[spoken >= MIN_SPOKEN].index.to_frame(index=False).groupby("owner")["language"].agg(tuple)
    agents = sorted(set(week.shifts["agent"]) if week is not None else set(inside["owner"].dropna()))
    asked = named[(named["customer_started"] == 1) & (named["holiday_mode"] != 1) & (named["bot_resolved"] != 1)]
    share = asked["language"].value_counts(normalize=True)
    wanted = [str(each) for each in share[share >= MIN_LANGUAGE].index]
    by_language = {each: _per_hour(asked[asked["language"] == each]) for each in wanted}
    return Team(observed.zone, days[1], week, {agent: tuple(able.get(agent, ())) for agent in agents}, by_language)


def _per_hour(contacts: pd.DataFrame) -> FloatArray:
    cell = (contacts["local_day"].to_numpy(np.int64) + 3) % 7 * 24 + contacts["local_minute"].to_numpy(np.int64) // 60
    return np.bincount(cell, minlength=168).reshape(7, 24).astype(float)


def rules_of(hours: Sequence[float], start_every_min: int, days_off: int, break_min: int) -> ShiftRules:
    """Rules from lengths in hours; without any length, eight hours.

    >>> rules_of([4.0], 60, 2, 30).lengths_min
    (240,)
    """
    lengths = tuple(int(60 * length) for length in hours) or (480,)
    return ShiftRules(lengths, start_every_min, days_off=days_off, break_min=break_min)


@dataclass(frozen=True)
class Ask:
    """What is asked of a proposal.

    Args:
        rules: shifts that may be worked.
        limits: how many changes of today's roster, and of which kind.
        languages: plan speakers for the work in each language.
        under: what a missing hour is worth, in wages.
        limit_s: seconds to search at most.
    """

    rules: ShiftRules = field(default_factory=ShiftRules)
    limits: Limits = field(default_factory=Limits)
    languages: bool = False
    under: float = 20.0
    limit_s: float = 10.0

    def terms(self, scenario: Scenario, given: bool) -> Terms:
        """With the wage and shrinkage of a scenario; only a given roster shrinks."""
        prices = Prices(scenario.get("wage"), self.under)
        return Terms(self.rules, prices, Search(scenario.get("shrinkage"), self.limit_s))


def need_of(result: StaffingResult, who: Team, languages: bool = False) -> Need:
    """The week's requirement as rosters take it; the work of a language is its share of the contacts of the hour.

    A share of an hour without contacts in any known language is nothing.
    """
    slots = result.slots.sort_values(["weekday", "start"], kind="stable")
    agents = slots["required"].to_numpy(float).reshape(7, -1)
    if not languages:
        return Need(agents)
    total = np.maximum(sum(who.contacts.values(), np.zeros((7, 24))), 1e-9)
    width = agents.shape[1] // 24 or 1
    shares = {name: np.repeat(counts / total, width, axis=1) for name, counts in who.contacts.items()}
    return Need(agents, {name: np.nan_to_num(agents) * share for name, share in shares.items()})


def today_plan(demand: Demand, knobs: StaffingKnobs, who: Team, changes: Sequence[Change] = ()) -> StaffingResult:
    """The week under today's roster and what is tried with it (without a roster: under the agents seen working)."""
    return plan(tried(demand, who.week, changes, knobs.shrinkage), knobs)


def sums(result: StaffingResult, scenario: Scenario) -> Outcome:
    """Hours, money, service and waits of a plan under a scenario's wage."""
    return outcome(result, scenario.get("wage"), scenario.get("shrinkage"))


def fewest_changes(demand: Demand, knobs: StaffingKnobs, who: Team, ask: Ask, scenario: Scenario) -> Proposal:
    """The cheapest changes of today's week; without a roster only shifts can be added to the agents seen working."""
    result = today_plan(demand, knobs, who)
    slots = result.slots.sort_values(["weekday", "start"], kind="stable")
    supplied = slots["supplied"].to_numpy(float).reshape(7, -1)
    need = need_of(result, who, ask.languages)
    known = Need(np.where(np.isfinite(supplied), need.agents, np.nan), need.skills)
    crew = Crew(who.languages, who.week.shifts if who.week is not None else None)
    return cheapest_changes(crew, known, supplied, ask.limits, ask.terms(scenario, who.week is not None))


def new_week(demand: Demand, knobs: StaffingKnobs, who: Team, ask: Ask, scenario: Scenario) -> Roster:
    """A week drawn up anew for the same people; names keep their days and times where they can."""
    need = need_of(plan(demand, knobs), who, ask.languages)
    crew = Crew(who.languages, who.week.shifts if who.week is not None else None)
    return best_roster(crew, need, ask.terms(scenario, True))


def changed_week(who: Team, changes: Sequence[Change]) -> pd.DataFrame:
    """Today's shifts after changes (agent, weekday, start, end, break_minutes)."""
    today = who.week.shifts if who.week is not None else pd.DataFrame(columns=list(WEEK_COLUMNS))
    return apply(today, changes)


def dated(shifts: pd.DataFrame, monday: int, zone: str) -> pd.DataFrame:
    """Shifts of a week as dates and times in the shop's zone, a clock change included: the times on the wall stay.

    Args:
        shifts: agent, weekday, start, end (minutes of the day), break_minutes.
        monday: local day (since 1970-01-01) of the week's Monday.
        zone: the shop's zone name.

    Returns:
        One row per shift in time order: agent, start, end (aware datetimes), break_minutes.

    >>> rows = pd.DataFrame([("a", 5, 1320, 1800, 0)], columns=list(WEEK_COLUMNS))
    >>> night = dated(rows, 20_535, "Europe/Berlin").iloc[0]
    >>> night["start"].isoformat(), night["end"].isoformat()
    ('2026-03-28T22:00:00+01:00', '2026-03-29T06:00:00+02:00')
    """
    rows = [
        (row.agent, _at(monday + row.weekday, row.start, zone), _at(monday + row.weekday, row.end, zone), int(row.break_minutes))
        for row in shifts.sort_values(["weekday", "start", "end", "agent"], kind="stable").itertuples()
    ]
    return pd.DataFrame(rows, columns=["agent", "start", "end", "break_minutes"], dtype=object)


def _at(day: int, minute: int, zone: str) -> datetime:
    midnight = datetime.combine(day_date(day), datetime.min.time())
    return (midnight + timedelta(minutes=int(minute))).replace(tzinfo=ZoneInfo(zone))


def who_changes(today: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Whose days differ: one row per agent × weekday with the times before and after ("10:00–12:00", several with commas).

    >>> today = pd.DataFrame([("a", 1, 600, 720, 0)], columns=list(WEEK_COLUMNS))
    >>> after = pd.DataFrame([("a", 4, 840, 1500, 0)], columns=list(WEEK_COLUMNS))
    >>> who_changes(today, after).to_numpy().tolist()
    [['a', 1, '10:00–12:00', '', -2.0], ['a', 4, '', '14:00–01:00', 11.0]]
    """
    sides = [_days(frame) for frame in (today, after)]
    keys = sorted({*sides[0], *sides[1]})
    rows = [(*key, *(sides[i].get(key, ("", 0.0))[0] for i in (0, 1)), _hours(sides, key)) for key in keys]
    changed = [row for row in rows if row[2] != row[3]]
    return pd.DataFrame(changed, columns=["agent", "weekday", "before", "after", "hours"])


def _hours(sides: Sequence[Mapping[tuple[str, int], tuple[str, float]]], key: tuple[str, int]) -> float:
    before, after = (side.get(key, ("", 0.0))[1] for side in sides)
    return after - before


def _days(frame: pd.DataFrame) -> dict[tuple[str, int], tuple[str, float]]:
    found: dict[tuple[str, int], tuple[str, float]] = {}
    for row in frame.sort_values(["start", "end"], kind="stable").itertuples():
        key = (str(row.agent), int(row.weekday))
        words, hours = found.get(key, ("", 0.0))
        piece = f"{_clock(row.start)}–{_clock(row.end)}"
        found[key] = f"{words}, {piece}" if words else piece, hours + (row.end - row.start) / 60
    return found


def _clock(minute: int) -> str:
    return f"{int(minute) // 60 % 24:02d}:{int(minute) % 60:02d}"


def monday_of(day: date) -> int:
    """Local day of the Monday of a date's week.

    >>> monday_of(date(1970, 1, 6))
    4
    """
    return day_number(day) - day.weekday()


def change_rows(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Changes as plain rows: kind, agent, what the shift was and what it becomes (minutes of the weekday), and what speaks against it.

    >>> change_rows([Change("drop", "a", Shift(1, 600, 720), ())])[0]["from_start"]
    600
    """
    return [_change_row(change, after) for change in changes for after in change.after or (None,)]


def _change_row(change: Change, after: Shift | None) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": change.kind, "agent": change.agent}
    for side, shift in (("from", change.before), ("to", after)):
        row |= {f"{side}_{name}": getattr(shift, name, None) for name in ("weekday", "start", "end")}
    return row | {"hours": after.hours if after else -(change.before.hours if change.before else 0.0), "clash": change.clash}


@dataclass(frozen=True)
class Line:
    """One figure of the week beside what it becomes: name, unit, both values, the change, and +1 or −1 for which way is better."""

    name: str
    unit: str
    now: float
    tried: float
    better: int

    @property
    def change(self) -> float:
        """What is tried minus now; NaN where either is unknown."""
        return self.tried - self.now

    @property
    def alike(self) -> bool:
        """Whether both are the same but for rounding of the arithmetic."""
        return abs(self.change) < 1e-9

    @property
    def good(self) -> bool:
        """Whether the change is for the better."""
        return self.change * self.better > 0

    @property
    def row(self) -> dict[str, Any]:
        """The figure for a file."""
        return {"figure": self.name, "unit": self.unit, "now": self.now, "tried": self.tried, "change": self.change}


_LINES = {
    "under": ("hours", -1), "over": ("hours", -1), "needed": ("hours", -1), "supplied": ("hours", -1), "answered": ("share", 1),
    "wait_s": ("seconds", -1), "endless": ("points", -1), "cost": ("money", -1), "under_cost": ("money", -1), "over_cost": ("money", -1),
}  # fmt: skip


def beside(now: Outcome, tried_out: Outcome) -> list[Line]:
    """Figures of two weeks beside each other, those of money only where a wage is known, endless queues only where there are any.

    >>> week = Outcome(10.0, 9.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.8, 20.0, 0.0)
    >>> [line.name for line in beside(week, week)]
    ['under', 'over', 'needed', 'supplied', 'answered', 'wait_s']
    """
    found = [Line(name, unit, getattr(now, name), getattr(tried_out, name), better) for name, (unit, better) in _LINES.items()]
    priced = now.cost > 0 or tried_out.cost > 0
    left_out = set() if priced else {"cost", "under_cost", "over_cost"}
    left_out |= set() if now.endless > 0 or tried_out.endless > 0 else {"endless"}
    return [line for line in found if line.name not in left_out]


def shifts_on(shifts: pd.DataFrame, weekday: int) -> list[tuple[str, Shift]]:
    """Agent and shift of one weekday, in time order.

    >>> shifts_on(pd.DataFrame([("a", 1, 600, 720, 0)], columns=list(WEEK_COLUMNS)), 1)
    [('a', Shift(weekday=1, start=600, end=720, break_minutes=0))]
    """
    return shifts_of(shifts[shifts["weekday"] == weekday])
