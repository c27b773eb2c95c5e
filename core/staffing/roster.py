"""A week's roster: who works when, with days off, breaks and skills, at the least cost of missing and paid hours.

People with the same skills are alike, so the problem is solved for counts – how many of them work which shift on which
days – by HiGHS (`scipy.optimize.milp`), and names come afterwards. Day patterns, the shifts of a day and the breaks inside
them are counts of their own, tied by sums; that is far smaller than one count for every whole week anybody could work. The
answer says whether it is proven best, or the bound below which no roster can get.

Source: set covering by Dantzig (1954); breaks as counts of their own by Aykin (1996).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, vstack

from core.staffing.covering import Need, Prices, Search, Side, Terms, bound_block, cheapest_cover
from core.staffing.gap import cover_hours
from core.staffing.names import name_shifts, short_rests
from core.staffing.patterns import DAY_MIN, ShiftRules, covered, day_patterns
from core.staffing.queues import FloatArray, IntArray, positions

SHIFT_COLUMNS = ("agent", "weekday", "start", "end", "break_start", "break_minutes")
HOLE_COLUMNS = ("weekday", "start", "end", "skill", "hours", "reason")
DUST = 1e-6


@dataclass(frozen=True, eq=False)
class Crew:
    """Who can work: agent → skills (languages), and the shifts of today's week (columns as :attr:`Roster.shifts`) if any.

    Skills nobody asks for do not matter; an agent without any serves what needs none.
    """

    skills: Mapping[str, Sequence[str]]
    today: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class Roster:
    """A week's roster and what is known about it.

    ``shifts``: one row per agent × day (agent, weekday, start, end, break_start in minutes of the day, may exceed 1,440;
    −1 without a break; break_minutes). ``supplied``: 7 × slots, breaks and shrinkage taken off. ``cost``: paid hours × wage.
    ``under_hours``/``over_hours`` per week, never netted. ``value`` is what was minimised (money), ``bound`` what no
    roster under these rules can be below, ``gap`` their distance as a share of the value; ``optimal`` when proven.
    ``holes``: stretches that stay short (weekday, start, end, skill or "", hours, reason). ``short_rests``: how many times
    the wanted rest is not kept.
    """

    shifts: pd.DataFrame
    supplied: FloatArray
    cost: float
    under_hours: float
    over_hours: float
    value: float
    bound: float
    gap: float
    optimal: bool
    holes: pd.DataFrame
    seconds: float
    limit_s: float
    short_rests: int = 0

    @property
    def paid_hours(self) -> float:
        """Hours from start to end of all shifts."""
        return float((self.shifts["end"] - self.shifts["start"]).sum() / 60)


@dataclass(frozen=True, eq=False)
class _Grid:
    """The counts to be found for people who are alike: day patterns, duties (day × shift), breaks (day × shift × place).

    ``present`` (slots × columns) is what each adds to the slots of the week, ``hours`` what it costs in paid hours; the
    rows of ``low`` ≤ ``rows`` · counts ≤ 0 say that nobody works on a day off, that everybody has the break, and that
    nobody begins again before the rest is over.
    """

    rules: ShiftRules
    days: np.ndarray
    duties: IntArray
    breaks: IntArray
    present: csr_array
    hours: FloatArray
    rows: csr_array
    low: FloatArray

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.days) + len(self.duties) + len(self.breaks)


@dataclass(frozen=True)
class _Group:
    """People who speak the same of the wanted skills."""

    people: tuple[str, ...]
    skills: tuple[str, ...]


def _useful(rules: ShiftRules, need: Need) -> list[tuple[int, int]]:
    """Shifts (start, length) that touch a time of day at which somebody is needed."""
    parts = [np.nan_to_num(np.asarray(part, float)).max(axis=0) for part in (need.agents, *need.skills.values())]
    wanted = np.tile(np.maximum.reduce(parts), 7) > 0
    return [each for each in rules.shifts if (covered(*each, need.interval) * wanted).any()]


def _grid(rules: ShiftRules, need: Need) -> _Grid:
    days = day_patterns(7 - rules.days_off, rules.together)
    shifts = [(day, start, length) for day in range(7) for start, length in _useful(rules, need)]
    places = [(at, pause) for at, (_, _, length) in enumerate(shifts) for pause in rules.pauses(length)]
    duties, breaks = np.array(shifts, np.int64).reshape(-1, 3), np.array(places, np.int64).reshape(-1, 2)
    begin = duties[:, 0] * DAY_MIN + duties[:, 1]
    work = [covered(int(at), int(length), need.interval) for at, length in zip(begin, duties[:, 2], strict=True)]
    rest = [-covered(int(begin[at]) + pause, rules.break_min, need.interval) for at, pause in places]
    present = csr_array(np.array([*np.zeros((len(days), 7 * DAY_MIN // need.interval)), *work, *rest]).T)
    hours = np.concatenate([np.zeros(len(days)), duties[:, 2] / 60, np.zeros(len(breaks))])
    parts = (_on_duty(days, duties), _rested(days, duties, rules.rest_min), _paused(len(days), duties, breaks))
    rows = np.vstack([np.pad(part, ((0, 0), (0, len(hours) - part.shape[1]))) for part in parts])
    low = np.repeat([-np.inf, -np.inf, 0.0], [len(part) for part in parts])
    return _Grid(rules, days, duties, breaks, present, hours, csr_array(rows), low)


def _on_duty(days: np.ndarray, duties: IntArray) -> FloatArray:
    """One row per weekday: duties − people whose pattern works on it ≤ 0."""
    return np.hstack([-days.T.astype(float), duties[:, 0] == np.arange(7)[:, None]])


def _rested(days: np.ndarray, duties: IntArray, rest_min: int) -> FloatArray:
    """One row per late end of a weekday: whoever ends so late or later is nobody who begins too early on the next day."""
    rows = []
    end = duties[:, 1] + duties[:, 2]
    for day in range(7):
        today, tomorrow = duties[:, 0] == day, duties[:, 0] == (day + 1) % 7
        either = -(days[:, day] | days[:, (day + 1) % 7]).astype(float)
        for late in np.unique(end[today]):
            early = tomorrow & (duties[:, 1] + DAY_MIN < late + rest_min)
            if early.any():
                rows.append(np.append(either, (today & (end >= late)) | early))
    return np.array(rows).reshape(-1, len(days) + len(duties))


def _paused(offset: int, duties: IntArray, breaks: IntArray) -> FloatArray:
    """One row per duty with a break: people on it − breaks placed = 0."""
    paused = np.unique(breaks[:, 0])
    placed = (breaks[:, 0] == paused[:, None]).astype(float)
    return np.hstack([np.zeros((len(paused), offset)), np.eye(len(duties))[paused], -placed])


def _groups(staff: Mapping[str, Sequence[str]], need: Need) -> list[_Group]:
    """People who are alike, as far as the week asks for their skills."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for agent, skills in staff.items():
        alike.setdefault(tuple(sorted(set(skills) & set(need.skills))), []).append(agent)
    return [_Group(tuple(people), skills) for skills, people in sorted(alike.items())]


def _own_rows(grid: _Grid, people: int) -> tuple[csr_array, FloatArray, FloatArray]:
    """Nobody beyond the people there are, and the rules that bind a group."""
    head = np.zeros((1, grid.size))
    head[0, : len(grid.days)] = 1
    high = np.append(float(people), np.zeros(grid.rows.shape[0]))
    return csr_array(vstack([csr_array(head), grid.rows])), np.append(0.0, grid.low), high


def best_roster(crew: Crew, need: Need, terms: Terms | None = None) -> Roster:
    """The week's roster with the least money for work, missing hours and needless hours.

    Args:
        crew: people with their skills; with today's shifts, names are given so that people keep what they have.
        need: agents per weekday × slot, and the work that needs a skill.
        terms: shifts, breaks, days off and rest; wage and what a missing or needless hour is worth; shrinkage, seconds.

    Returns:
        A :class:`Roster`. What cannot be covered is not an error: it stands in ``holes`` with its reason (``no_shift``:
        no allowed shift reaches the hour; ``no_speaker``: nobody has the skill; ``no_people``: everybody works all days
        the rules allow; ``price``: covering it costs more than it is worth, or breaks
        the rules of rest and days off).

    Raises:
        ScenarioError: a rule, price or share outside its bounds.

    >>> week = np.zeros((7, 24))
    >>> week[:5, 9:17] = 2
    >>> found = best_roster(Crew({"a": [], "b": [], "c": []}), Need(week), Terms(ShiftRules((480,), break_min=0)))
    >>> found.optimal, found.paid_hours, found.under_hours
    (True, 80.0, 0.0)
    """
    terms = terms or Terms()
    rules, prices, search = terms.shifts, terms.prices, terms.search
    positions(1, search.shrinkage)
    began = time.perf_counter()
    groups, grid = _groups(crew.skills, need), _grid(rules, need)
    if not groups or not len(grid.duties):
        return _nobody(need, prices, "no_people" if not groups else "no_shift", search)
    bound = bound_block([_own_rows(grid, len(group.people)) for group in groups])
    present, nobody = grid.present * (1 - search.shrinkage), np.zeros(need.line().size)
    sides = [Side(present, grid.hours * prices.unit, group.skills, nobody) for group in groups]
    found = cheapest_cover(sides, need, nobody, [bound], (prices, search))
    if not found.counts:  # the clock ran out before anything was found; nobody at work is always allowed
        return _nobody(need, prices, "time", search)
    counts = np.stack(found.counts).astype(np.int64)
    supplied = np.asarray(present @ counts.sum(axis=0))
    shifts = pd.concat([_named(grid, group, row, crew.today) for group, row in zip(groups, counts, strict=True)], ignore_index=True)
    hours = cover_hours(need.line(), supplied, need.interval / 60)
    work = float((grid.hours * counts).sum())
    return Roster(
        shifts,
        supplied.reshape(7, -1),
        work * prices.wage,
        hours.under,
        hours.over,
        found.value,
        found.bound,
        found.gap,
        found.optimal,
        _holes(need, found.lacks, _why(grid, groups, counts, need)),
        time.perf_counter() - began,
        search.limit_s,
        short_rests(shifts, rules.rest_min),
    )


def _nobody(need: Need, prices: Prices, reason: str, search: Search) -> Roster:
    """The roster of a week in which nobody can work."""
    hours = float(need.line().sum() * need.interval / 60)
    lacks = {"": need.line()} | {skill: need.line(skill) for skill in need.skills}
    why = {skill: np.full(need.line().size, reason, dtype=object) for skill in lacks}
    value = hours * prices.missing
    empty = pd.DataFrame(columns=list(SHIFT_COLUMNS))
    gap = 1.0 if reason == "time" else 0.0
    bound = 0.0 if reason == "time" else value
    nobody = np.zeros(np.shape(need.agents))
    holes = _holes(need, lacks, why)
    return Roster(empty, nobody, 0.0, hours, 0.0, value, bound, gap, reason != "time", holes, 0.0, search.limit_s)


# --- what stays short, and why -----------------------------------------------------------------------------------------------


def _why(grid: _Grid, groups: Sequence[_Group], counts: IntArray, need: Need) -> dict[str, np.ndarray]:
    """Per skill the reason why a slot stays short, should it do so."""
    on = slice(len(grid.days), len(grid.days) + len(grid.duties))
    reached = np.asarray(grid.present[:, on].max(axis=1).todense()).ravel() > 0
    duties = counts[:, on] @ (grid.duties[:, :1] == np.arange(7))
    left = np.array([len(group.people) for group in groups])[:, None] - duties
    left[duties.sum(axis=1) >= [len(group.people) * grid.days.sum(axis=1).max() for group in groups]] = 0
    reasons = {}
    for skill in ("", *need.skills):
        able = np.array([not skill or skill in group.skills for group in groups])
        spare = np.where(left[able].sum(axis=0) > 0, "price", "no_people").repeat(np.shape(need.agents)[1])
        reasons[skill] = np.where(reached, spare if able.any() else "no_speaker", "no_shift").astype(object)
    return reasons


def _holes(need: Need, lacks: Mapping[str, FloatArray], why: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Stretches of one weekday, skill and reason; hours are agent-hours, most first."""
    rows, width = [], np.shape(need.agents)[1]
    for skill, lack in lacks.items():
        for day, (line, reasons) in enumerate(zip(lack.reshape(7, width), why[skill].reshape(7, width), strict=True)):
            short = line > DUST
            edge = np.flatnonzero(short[1:] & ((reasons[1:] != reasons[:-1]) | ~short[:-1])) + 1
            starts = np.concatenate([np.flatnonzero(short[:1]), edge])
            for start in starts:
                rest = np.flatnonzero(~short[start:] | (reasons[start:] != reasons[start]))
                end = start + (rest[0] if rest.size else width - start)
                hours = float(line[start:end].sum() * need.interval / 60)
                rows.append((day, start * need.interval, end * need.interval, skill, hours, reasons[start]))
    frame = pd.DataFrame(rows, columns=list(HOLE_COLUMNS))
    return frame.sort_values(["hours", "weekday", "start"], ascending=[False, True, True], kind="stable").reset_index(drop=True)


# --- names -------------------------------------------------------------------------------------------------------------------


def _named(grid: _Grid, group: _Group, counts: IntArray, today: pd.DataFrame | None) -> pd.DataFrame:
    """One row per agent × day of a group, each with its break."""
    days, duties = len(grid.days), len(grid.duties)
    patterns = grid.days[np.repeat(np.arange(days), counts[:days])]
    worked = np.repeat(grid.duties, counts[days : days + duties], axis=0)
    rows = name_shifts(group.people, patterns, worked, grid.rules.rest_min, today)
    waiting: dict[tuple[int, ...], list[int]] = {}
    for (at, pause), n in zip(grid.breaks, counts[days + duties :], strict=True):
        waiting.setdefault(tuple(grid.duties[at].tolist()), []).extend([int(pause)] * int(n))
    keys = zip(rows["weekday"], rows["start"], rows["end"] - rows["start"], strict=True)
    pauses = [waiting[key].pop() if waiting.get(key) else -1 for key in keys]
    begin = [start + pause if pause >= 0 else -1 for start, pause in zip(rows["start"], pauses, strict=True)]
    return rows.assign(break_start=begin, break_minutes=[grid.rules.break_min * (pause >= 0) for pause in pauses])
