"""The cheapest few changes of today's roster: at most k shifts moved, split in two or added, chosen by HiGHS.

Shifts of one length by people who speak the same are alike: how many leave which place and how many come to which is found
first, proven or with its bound; who goes where follows, so that nobody works twice at once, more days than allowed, or
without the rest between two days where that can be had.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from core.staffing.changes import Change, Shift, difference
from core.staffing.covering import Block, Need, Prices, Search, Side, Terms, bound_block, cheapest_cover
from core.staffing.gap import cover_hours
from core.staffing.patterns import DAY_MIN, WEEK_MIN, ShiftRules
from core.staffing.queues import FloatArray, IntArray, out_of_range
from core.staffing.roster import Crew

LEAST_PART = 120
"""Nobody comes in for less: halves of a split shift are at least this long."""
CHANGE = 0.1
"""What a change must be worth, in wages: without it, changes that help nobody would be made."""


@dataclass(frozen=True)
class Limits:
    """How far today's roster may be changed: at most ``most`` changes; shifts may be split, and added, or only moved."""

    most: int = 6
    may_split: bool = True
    may_add: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.most <= 200:
            raise out_of_range("most", self.most, 0, 200)


@dataclass(frozen=True, eq=False)
class Proposal:
    """The cheapest changes, and how sure that is.

    ``supplied``: 7 × slots after them; ``under_hours``/``over_hours`` of the week after them, ``under_before``/
    ``over_before`` without. ``value`` (money) is what was minimised, ``bound`` what no such set can be below, ``gap`` their
    distance as a share of the value.
    """

    changes: tuple[Change, ...]
    supplied: FloatArray
    under_hours: float
    over_hours: float
    under_before: float
    over_before: float
    added_cost: float
    value: float
    bound: float
    gap: float
    optimal: bool
    seconds: float


_Type = tuple[int, int]
"""Length and minutes of break: shifts of one type can take each other's places."""


@dataclass(frozen=True, eq=False)
class _Group:
    """Choices of people who speak the same: shifts they may leave (each as a whole, or split), places they may come to.

    ``left``/``n_left``: distinct shifts of today and how many work them. ``come`` and ``extra`` are places for moved and for
    added shifts. Columns in this order: moved, split, come, extra.
    """

    people: tuple[str, ...]
    skills: tuple[str, ...]
    left: tuple[Shift, ...]
    n_left: IntArray
    come: tuple[Shift, ...]
    extra: tuple[Shift, ...]
    may_split: bool

    @property
    def size(self) -> int:
        return 2 * len(self.left) + len(self.come) + len(self.extra)

    def cut(self, found: FloatArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Whole counts of its columns: moved, split, come, extra."""
        edges = np.cumsum([len(self.left), len(self.left), len(self.come)])
        moved, halved, come, extra = np.split(np.round(found).astype(np.int64), edges)
        return moved, halved, come, extra


def cheapest_changes(crew: Crew, need: Need, supplied: FloatArray, limits: Limits, terms: Terms | None = None) -> Proposal:
    """At most k changes of today's week that leave the least money for missing hours, needless hours and added work.

    Args:
        crew: people, skills and today's shifts; without shifts only additions are possible.
        need: agents per weekday × slot, and the work that needs a skill.
        supplied: agents there today, 7 × slots, as measured; NaN is nobody.
        limits: how many changes, and of which kind.
        terms: where a shift may begin, lengths of added ones, days on, rest; what hours are worth; shrinkage, seconds.

    Returns:
        A :class:`Proposal`; without need or without anything to change it has no changes.

    >>> week, have = np.ones((7, 24)), np.ones((7, 24))
    >>> week[4, 14:17], have[1, 14:17] = 2, 2
    >>> today = pd.DataFrame([("a", 1, 840, 1020, 0)], columns=["agent", "weekday", "start", "end", "break_minutes"])
    >>> found = cheapest_changes(Crew({"a": []}, today), Need(week), have, Limits())
    >>> found.changes[0].after, found.under_before, found.under_hours
    ((Shift(weekday=4, start=840, end=1020, break_minutes=0),), 3.0, 0.0)
    """
    began, terms = time.perf_counter(), terms or Terms()
    rules, prices, search = terms.shifts, terms.prices, terms.search
    have = np.nan_to_num(np.asarray(supplied, float))
    groups = _groups(crew, need, rules, limits)
    blocks = [bound_block([_own_rows(group) for group in groups]), _at_most(groups, limits.most)] if groups else []
    sides = _sides(groups, need, (prices, search))
    found = cheapest_cover(sides, need, have.ravel(), blocks, (prices, search)) if groups else None
    pairs = zip(groups, found.counts, strict=True) if found and found.counts else ()
    changes = tuple(change for group, counts in pairs for change in _named(group, counts, crew, rules))
    factor = 1 - search.shrinkage
    after = have + factor * difference(changes, need.interval)
    before, now = (cover_hours(need.line(), each.ravel(), need.interval / 60) for each in (have, after))
    paid = sum(shift.hours for change in changes if change.kind == "add" for shift in change.after) * prices.wage
    spent = time.perf_counter() - began
    sure = (found.value, found.bound, found.gap, found.optimal) if found and found.counts else (np.nan, np.nan, np.nan, False)
    return Proposal(changes, after, now.under, now.over, before.under, before.over, paid, *sure, spent)



def _type(shift: Shift) -> _Type:
    return shift.end - shift.start, shift.break_minutes


def _half(shift: Shift) -> _Type | None:
    """What each half of a split shift is; None where it is too short."""
    half = (shift.end - shift.start) // 2
    return (half, 0) if half >= LEAST_PART and half % 15 == 0 else None


def _groups(crew: Crew, need: Need, rules: ShiftRules, limits: Limits) -> list[_Group]:
    """People with the same wanted skills and what may become of their shifts."""
    today = crew.today if crew.today is not None else pd.DataFrame(columns=["agent"])
    skills = dict.fromkeys(today["agent"], ()) | dict(crew.skills)
    alike: dict[tuple[str, ...], list[str]] = {}
    for agent, spoken in skills.items():
        alike.setdefault(tuple(sorted(set(spoken) & set(need.skills))), []).append(agent)
    return [_group(tuple(people), spoken, today, (rules, limits)) for spoken, people in sorted(alike.items())]


def _group(people: tuple[str, ...], skills: tuple[str, ...], today: pd.DataFrame, how: tuple[ShiftRules, Limits]) -> _Group:
    rules, limits = how
    shifts = [shift for agent, shift in shifts_of(today) if agent in set(people)]
    left = tuple(sorted(set(shifts)))
    types = {_type(shift) for shift in left}
    if limits.may_split:
        types |= {half for shift in left if (half := _half(shift))}
    starts = sorted({*rules.starts, *(shift.start % DAY_MIN for shift in left)})
    days = [(day, start) for day in range(7) for start in starts]
    come = tuple(Shift(day, start, start + length, rest) for length, rest in sorted(types) for day, start in days)
    new = rules.lengths_min if limits.may_add else ()
    extra = tuple(Shift(day, start, start + length) for length in new for day in range(7) for start in rules.starts)
    return _Group(people, skills, left, np.array([shifts.count(each) for each in left], np.int64), come, extra, limits.may_split)


def shifts_of(week: pd.DataFrame) -> list[tuple[str, Shift]]:
    """Agent and shift of every row of a week.

    >>> shifts_of(pd.DataFrame([("a", 1, 600, 720, 0)], columns=["agent", "weekday", "start", "end", "break_minutes"]))
    [('a', Shift(weekday=1, start=600, end=720, break_minutes=0))]
    """
    if week.empty:
        return []
    columns = ["agent", "weekday", "start", "end", "break_minutes"]
    return [(str(row[0]), Shift(*(int(each) for each in row[1:]))) for row in week[columns].itertuples(index=False, name=None)]


# --- how many leave which place and come to which ----------------------------------------------------------------------------


def _presence(group: _Group, interval: int) -> csr_array:
    """What each column of a group adds to every slot of the week (slots × columns)."""
    away = [-shift.cover(interval) for shift in group.left]
    there = [shift.cover(interval) for shift in (*group.come, *group.extra)]
    nothing = np.zeros((0, WEEK_MIN // interval))
    return csr_array(np.vstack([nothing, *away, *away, *there]).T)


def _own_rows(group: _Group) -> tuple[csr_array, FloatArray, FloatArray]:
    """Nobody leaves who is not there; of every type as many come as leave; what is too short is not split."""
    n, rest = len(group.left), len(group.come) + len(group.extra)
    there = np.hstack([np.eye(n), np.eye(n), np.zeros((n, rest))])
    types = sorted({_type(shift) for shift in group.come})
    come = np.array([[float(_type(shift) == each) for shift in group.come] for each in types]).reshape(len(types), len(group.come))
    whole = np.array([[float(_type(shift) == each) for shift in group.left] for each in types]).reshape(len(types), n)
    halves = np.array([[2.0 * (_half(shift) == each) for shift in group.left] for each in types]).reshape(len(types), n)
    balance = np.hstack([whole, halves, -come, np.zeros((len(types), len(group.extra)))])
    long = np.array([float(group.may_split and _half(shift) is not None) for shift in group.left])
    never = np.hstack([np.zeros((n, n)), np.diag(1 - long), np.zeros((n, rest))])
    rows = np.vstack([there, balance, never])
    high = np.concatenate([group.n_left, np.zeros(len(types) + n)]).astype(float)
    return csr_array(rows), np.zeros(len(rows)), high


def _sides(groups: Sequence[_Group], need: Need, how: tuple[Prices, Search]) -> list[Side]:
    """The groups as the covering problem takes them; who is there today matters for skills."""
    prices, search = how
    factor, sides = 1 - search.shrinkage, []
    for group in groups:
        there = sum((n * shift.cover(need.interval) for shift, n in zip(group.left, group.n_left, strict=True)), np.zeros(need.line().size))
        hours = np.array([shift.hours for shift in group.extra])
        cost = np.concatenate([np.full(2 * len(group.left), CHANGE), np.zeros(len(group.come)), hours + CHANGE]) * prices.unit
        sides.append(Side(_presence(group, need.interval) * factor, cost, group.skills, there * factor))
    return sides


def _at_most(groups: Sequence[_Group], most: int) -> Block:
    """Every shift that leaves its place or is new is a change."""
    ones = [[1.0] * (2 * len(group.left)) + [0.0] * len(group.come) + [1.0] * len(group.extra) for group in groups]
    return {"count": csr_array(np.concatenate(ones)[None, :])}, np.zeros(1), np.array([float(most)])


# --- who goes where ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Choice:
    """Who may fill which place: shifts of today by person, places to fill, and what each pairing costs in trouble."""

    own: Sequence[tuple[str, Shift]]
    places: Sequence[Shift]
    whole: np.ndarray
    half: np.ndarray
    trouble: FloatArray


def _named(group: _Group, found: FloatArray, crew: Crew, rules: ShiftRules) -> list[Change]:
    """The counts of a group as changes of people."""
    left, halved, come, extra = group.cut(found)
    week = shifts_of(crew.today) if crew.today is not None else []
    gone = {shift for shift, n in zip(group.left, left + halved, strict=True) if n}
    own = [(agent, shift) for agent, shift in week if agent in set(group.people) and shift in gone]
    places = [shift for shift, n in zip(group.come, come, strict=True) for _ in range(n)]
    changes = _paired(group, _choice(own, places, week, rules), (left, halved)) if places else []
    return [*changes, *_extra(group, extra, [*week, *_now(changes)], rules)]


def _choice(own: Sequence[tuple[str, Shift]], places: Sequence[Shift], week: Sequence[tuple[str, Shift]], rules: ShiftRules) -> _Choice:
    whole = np.array([[_type(shift) == _type(place) for place in places] for _, shift in own])
    half = np.array([[_half(shift) == _type(place) for place in places] for _, shift in own])
    trouble = np.zeros(whole.shape)
    for row, (agent, shift) in enumerate(own):
        others = [each for who, each in week if who == agent]
        others.remove(shift)
        for at, place in enumerate(places):
            away = abs(place.start - shift.start) / DAY_MIN + 0.1 * (place.weekday != shift.weekday)
            trouble[row, at] = _WORSE[clash(place, others, rules)] + away
    return _Choice(own, places, whole, half, trouble)


_WORSE = {"": 0.0, "rest": 10.0, "days": 30.0, "overlap": 100.0}


def clash(place: Shift, others: Sequence[Shift], rules: ShiftRules) -> str:
    """What speaks against somebody with other shifts taking a place: "overlap", "days" (too many), "rest", or "".

    >>> clash(Shift(4, 840, 960), [Shift(4, 900, 1000)], ShiftRules()), clash(Shift(4, 840, 960), [], ShiftRules())
    ('overlap', '')
    """
    begin, end = place.weekday * DAY_MIN + place.start, place.weekday * DAY_MIN + place.end
    near = [WEEK_MIN]
    for other in others:
        start, stop = other.weekday * DAY_MIN + other.start, other.weekday * DAY_MIN + other.end
        for turn in (-WEEK_MIN, 0, WEEK_MIN):
            apart = max(start + turn - end, begin - stop - turn)
            if apart < 0:
                return "overlap"
            if other.weekday != place.weekday:
                near.append(apart)
    if len({place.weekday, *(other.weekday for other in others)}) > 7 - rules.days_off:
        return "days"
    return "rest" if min(near) < rules.rest_min else ""


def _paired(group: _Group, choice: _Choice, counts: tuple[IntArray, IntArray]) -> list[Change]:
    """The pairing with the least trouble, as changes; as many of each shift as were counted."""
    n, m = choice.whole.shape
    pairs = [(row, at) for row in range(n) for at in range(m) if choice.whole[row, at] or choice.half[row, at]]
    whole = np.array([choice.whole[pair] for pair in pairs], float)
    rows, columns = np.array(pairs).T
    # Columns: pairs as a whole, pairs as halves, and per shift whether it is split.
    to = (columns == np.arange(m)[:, None]).astype(float)
    by = (rows == np.arange(n)[:, None]).astype(float)
    kind = np.array([[shift == each for _, shift in choice.own] for each in group.left], float)
    as_half = np.array([choice.half[pair] for pair in pairs], float)
    filled = np.hstack([to * whole, to * as_half, np.zeros((m, n))])
    parts = np.hstack([np.zeros((n, len(pairs))), by * as_half, -2 * np.eye(n)])
    once = np.hstack([by * whole, np.zeros((n, len(pairs))), np.eye(n)])
    left = np.hstack([kind @ (by * whole), np.zeros((len(kind), len(pairs) + n))])
    halved = np.hstack([np.zeros((len(kind), 2 * len(pairs))), kind])
    low = np.concatenate([np.ones(m), np.zeros(n), np.zeros(n), *counts]).astype(float)
    high = np.concatenate([np.ones(m), np.zeros(n), np.ones(n), *counts]).astype(float)
    trouble = np.array([choice.trouble[pair] for pair in pairs])
    cost = np.concatenate([trouble, trouble, np.zeros(n)])
    found = milp(
        cost,
        constraints=LinearConstraint(np.vstack([filled, parts, once, left, halved]), low, high),
        integrality=np.ones(cost.size),
        bounds=Bounds(0, 1),
        options={"time_limit": 5.0},
    )
    taken = np.round(found.x[: len(pairs)] + found.x[len(pairs) : 2 * len(pairs)]).astype(bool)
    return [_change(choice, row, columns[taken & (rows == row)]) for row in np.unique(rows[taken])]


def _change(choice: _Choice, row: int, columns: IntArray) -> Change:
    agent, shift = choice.own[row]
    worst = max((choice.trouble[row, at] for at in columns), default=0.0)
    trouble = next(code for code in ("overlap", "days", "rest", "") if worst >= _WORSE[code])
    return Change("move" if len(columns) == 1 else "split", agent, shift, tuple(sorted(choice.places[at] for at in columns)), trouble)


def _now(changes: Sequence[Change]) -> list[tuple[str, Shift]]:
    return [(change.agent, shift) for change in changes for shift in change.after]


def _extra(group: _Group, counts: IntArray, week: Sequence[tuple[str, Shift]], rules: ShiftRules) -> list[Change]:
    """Added shifts go to whoever can take them with the fewest hours so far; nobody fit: the least unfit."""
    load = {agent: [shift for who, shift in week if who == agent] for agent in group.people}
    changes = []
    for place in [shift for shift, n in zip(group.extra, counts, strict=True) for _ in range(n)]:
        trouble = {agent: clash(place, shifts, rules) for agent, shifts in load.items()}
        agent = min(load, key=lambda each: (_WORSE[trouble[each]], sum(shift.hours for shift in load[each])))
        load[agent].append(place)
        changes.append(Change("add", agent, None, (place,), trouble[agent]))
    return changes
