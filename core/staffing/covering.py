"""One covering problem for rosters and for changes: counts of choices cover a week of slots at the least money.

A choice adds to the slots it covers. Whoever wants skills covered gives each person's time to one skill at a time; what is
missing and what is needless is bought at a price, so there is always an answer. HiGHS solves it (`scipy.optimize.milp`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_diag, csr_array, eye_array, hstack, kron, vstack

from core.staffing.patterns import DAY_MIN, ShiftRules
from core.staffing.queues import FloatArray, out_of_range


@dataclass(frozen=True)
class Prices:
    """What the search weighs, in money: an agent-hour of work, and what a missing or needless one is worth in wages.

    >>> Prices(wage=30).missing
    600.0
    """

    wage: float = 1.0
    under: float = 20.0
    over: float = 0.1

    def __post_init__(self) -> None:
        for name, low in (("wage", 0), ("under", 0), ("over", 0)):
            if not low <= getattr(self, name) < 1e9:
                raise out_of_range(name, getattr(self, name), low, 1e9)

    @property
    def unit(self) -> float:
        """The wage, or 1 where work costs nothing: missing hours still matter."""
        return self.wage or 1.0

    @property
    def missing(self) -> float:
        """Price of an agent-hour below the requirement."""
        return self.under * self.unit

    @property
    def needless(self) -> float:
        """Price of an agent-hour above the requirement, besides its wage."""
        return self.over * self.unit


@dataclass(frozen=True, eq=False)
class Need:
    """What a week asks for: agents per weekday × slot, and of these the work that only speakers of a skill can do.

    ``agents`` is 7 × slots; NaN needs nobody. ``skills``: name → agents' worth of work, same shape, need not be whole.
    """

    agents: FloatArray
    skills: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def interval(self) -> int:
        """Minutes of a slot."""
        return DAY_MIN // np.shape(self.agents)[1]

    def line(self, skill: str = "") -> FloatArray:
        """The week as one line of slots; unknown is nobody."""
        return np.nan_to_num(np.asarray(self.skills[skill] if skill else self.agents, float)).ravel()


@dataclass(frozen=True)
class Search:
    """How to search: share of rostered time that is lost, seconds at most, and how near to the bound is near enough."""

    shrinkage: float = 0.0
    limit_s: float = 25.0
    near: float = 1e-4


@dataclass(frozen=True)
class Terms:
    """What a plan goes by: shifts that may be worked, prices, and how to search."""

    shifts: ShiftRules = field(default_factory=ShiftRules)
    prices: Prices = field(default_factory=Prices)
    search: Search = field(default_factory=Search)


@dataclass(frozen=True, eq=False)
class Side:
    """One group of alike people: what each of their choices adds to every slot (slots × choices), what it costs, the skills
    they share, and who of them is there before any choice (agents per slot; it matters only where skills are wanted).
    """

    present: csr_array
    cost: FloatArray
    skills: tuple[str, ...]
    there: FloatArray


Block = tuple[Mapping[str, csr_array], FloatArray, FloatArray]
"""Rows of a problem: its parts by kind of column, lower and upper ends."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Counts of every group's choices, agents short per slot ("": altogether, else by skill), value, bound, and whether proven.

    ``counts`` is empty when the clock ran out before anything was found.
    """

    counts: tuple[FloatArray, ...]
    lacks: Mapping[str, FloatArray]
    value: float
    bound: float
    optimal: bool

    @property
    def gap(self) -> float:
        """Distance of value and bound as a share of the value."""
        return max(self.value - self.bound, 0.0) / max(abs(self.value), 1e-9)


def cheapest_cover(
    sides: Sequence[Side], need: Need, have: FloatArray, blocks: Sequence[Block], how: tuple[Prices, Search]
) -> Answer:
    """Solve it: counts of choices that leave the least money for work, missing and needless hours.

    Args:
        sides: the groups and their choices; all counts are whole.
        need: agents per slot, and the work that needs a skill.
        have: agents there before any choice, one per slot of the week.
        blocks: further rows over the choices (``"count"``) of all groups side by side.
        how: prices and limits of the search.

    >>> side = Side(csr_array(np.ones((168, 1))), np.array([1.0]), (), np.zeros(168))
    >>> found = cheapest_cover([side], Need(np.full((7, 24), 2.0)), np.zeros(168), [], (Prices(), Search()))
    >>> found.counts[0].tolist(), found.value, found.optimal
    ([2.0], 2.0, True)
    """
    prices, search = how
    slots, hour = need.line().size, need.interval / 60
    sizes = [side.cost.size for side in sides]
    gives = sum(len(side.skills) for side in sides)
    widths = {"count": sum(sizes), "give": gives * slots, "lack": len(need.skills) * slots, "short": slots, "spare": slots}
    edges = np.cumsum([0, *widths.values()])
    at = {name: slice(int(a), int(b)) for name, a, b in zip(widths, edges[:-1], edges[1:], strict=True)}
    cost = np.zeros(int(edges[-1]))
    cost[at["count"]] = np.concatenate([side.cost for side in sides])
    cost[at["lack"]] = cost[at["short"]] = prices.missing * hour
    cost[at["spare"]] = prices.needless * hour
    every = [*_cover(sides, need, have), *_skilled(sides, need), *blocks]
    rows = csr_array(vstack([_wide(parts, widths, len(low)) for parts, low, _ in every]))
    low, high = (np.concatenate([block[side] for block in every]) for side in (1, 2))
    whole = (np.arange(cost.size) < widths["count"]).astype(float)
    found = _searched(cost, LinearConstraint(rows, low, high), whole, search)
    return _answer(found, sizes, need, at)


def _searched(cost: FloatArray, rows: LinearConstraint, whole: FloatArray, search: Search) -> Any:
    """The best found in the time. Where the whole problem is not solved in half of it, the rest goes to a smaller one: only the
    choices that the relaxed problem uses. Its answers are answers of the whole; the bound stays that of the whole.
    """
    half = {"time_limit": search.limit_s * 0.5, "mip_rel_gap": search.near}
    found = milp(cost, constraints=rows, integrality=whole, bounds=Bounds(0, np.inf), options=half)
    if found.status != _OUT_OF_TIME:
        return found
    relaxed = milp(cost, constraints=rows, bounds=Bounds(0, np.inf))
    if relaxed.x is None:
        return found
    used = np.where((whole > 0) & (relaxed.x < _UNUSED), 0.0, np.inf)
    less = milp(cost, constraints=rows, integrality=whole, bounds=Bounds(0, used), options=half)
    if less.x is None or (found.x is not None and found.fun <= less.fun):
        return found
    bound = relaxed.fun if found.mip_dual_bound is None else max(found.mip_dual_bound, relaxed.fun)
    less.mip_dual_bound, less.status = bound, _OUT_OF_TIME
    if less.fun - bound <= search.near * abs(less.fun):
        less.status = 0
    return less


_OUT_OF_TIME = 1
_UNUSED = 1e-7


def _answer(found: Any, sizes: Sequence[int], need: Need, at: Mapping[str, slice]) -> Answer:
    if found.x is None:
        return Answer((), {}, float("nan"), float("nan"), False)
    counts = np.split(np.round(found.x[at["count"]]), np.cumsum(sizes)[:-1])
    by_skill = found.x[at["lack"]].reshape(len(need.skills), need.line().size)
    lacks = {"": found.x[at["short"]]} | dict(zip(need.skills, by_skill, strict=True))
    bound = found.mip_dual_bound if found.mip_dual_bound is not None else found.fun
    return Answer(tuple(counts), lacks, float(found.fun), float(bound), found.status == 0)


def _wide(parts: Mapping[str, csr_array], widths: Mapping[str, int], height: int) -> csr_array:
    return hstack([parts.get(name, csr_array((height, width))) for name, width in widths.items()])


def bound_block(each: Sequence[tuple[csr_array, FloatArray, FloatArray]]) -> Block:
    """Rows that bind every group on its own (rows, lower, upper ends), as one block."""
    rows, low, high = zip(*each, strict=True)
    return {"count": csr_array(block_diag(rows))}, np.concatenate(low), np.concatenate(high)


def _cover(sides: Sequence[Side], need: Need, have: FloatArray) -> list[Block]:
    """Everybody together covers the week."""
    eye, line = csr_array(eye_array(have.size)), need.line() - have
    return [({"count": hstack([side.present for side in sides]), "short": eye, "spare": -eye}, line, line)]


def _skilled(sides: Sequence[Side], need: Need) -> list[Block]:
    """Speakers cover the work of their skills, each of them for one skill at a time."""
    slots, names = need.line().size, list(need.skills)
    eye, free = csr_array(eye_array(slots)), np.full(slots, np.inf)
    gives = [(giver, skill) for giver, side in enumerate(sides) for skill in side.skills]
    blocks: list[Block] = []
    for giver, side in enumerate(sides):
        if side.skills:
            mine = hstack([side.present if who == giver else csr_array(other.present.shape) for who, other in enumerate(sides)])
            spoken = kron(np.array([[-1.0 * (who == giver) for who, _ in gives]]), eye)
            blocks.append(({"count": mine, "give": spoken}, -side.there, free))
    for at, skill in enumerate(names):
        lack = kron(np.eye(len(names))[[at]], eye)
        taken = {"give": kron(np.array([[1.0 * (what == skill) for _, what in gives]]), eye)} if gives else {}
        blocks.append(({"lack": lack, **taken}, need.line(skill), free))
    return blocks
