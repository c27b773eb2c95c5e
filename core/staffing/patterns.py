"""Shift patterns: which shifts may be worked, which slots of a week they cover, and the fewest people that cover a week.

A week is a circle of 10,080 local minutes from Monday 00:00: a shift over midnight, also from Sunday to Monday, is no
special case. Cover is a share of a slot, so a shift may begin or pause inside one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from core.staffing.queues import FloatArray, IntArray, out_of_range

WEEK_MIN = 10_080
DAY_MIN = 1_440


@dataclass(frozen=True)
class ShiftRules:
    """Which shifts may be planned; minutes, of the local day where a time is meant.

    Args:
        lengths_min: lengths to choose from, 30 minutes to 14 hours, multiples of 15.
        start_every_min: shifts begin at multiples of this, 15, 30, 60 or 120.
        earliest, latest: first and last minute of the day at which a shift may begin.
        days_off: days off per week of everybody, 1–6.
        together: days off stand together (Sunday and Monday do).
        break_min, break_after_min: a shift longer than the second has one break of the first length, inside its middle
            half; 0 = no break. Breaks are paid.
        rest_min: minutes between the end of a shift and the beginning of the next day's.

    Raises:
        ScenarioError: a rule outside its bounds.

    >>> ShiftRules(lengths_min=(240,), start_every_min=120, earliest=480, latest=720).starts
    (480, 600, 720)
    """

    lengths_min: tuple[int, ...] = (240, 480)
    start_every_min: int = 60
    earliest: int = 0
    latest: int = DAY_MIN - 1
    days_off: int = 2
    together: bool = True
    break_min: int = 30
    break_after_min: int = 360
    rest_min: int = 660

    def __post_init__(self) -> None:
        if not self.lengths_min:
            raise out_of_range("lengths_min", "", 30, 840)
        for length in self.lengths_min:
            if not 30 <= length <= 840 or length % 15:
                raise out_of_range("lengths_min", length, 30, 840)
        if self.start_every_min not in (15, 30, 60, 120):
            raise out_of_range("start_every_min", self.start_every_min, 15, 120)
        bounds = {"earliest": (0, DAY_MIN - 1), "latest": (self.earliest, DAY_MIN - 1), "days_off": (1, 6)}
        for name, (low, high) in (bounds | {"break_min": (0, 120), "break_after_min": (0, 840), "rest_min": (0, 960)}).items():
            if not low <= getattr(self, name) <= high:
                raise out_of_range(name, getattr(self, name), low, high)

    @property
    def starts(self) -> tuple[int, ...]:
        """Minutes of the day at which a shift may begin."""
        return tuple(m for m in range(0, DAY_MIN, self.start_every_min) if self.earliest <= m <= self.latest)

    @property
    def shifts(self) -> tuple[tuple[int, int], ...]:
        """Every shift of a day: start in minutes and length."""
        return tuple((start, length) for length in self.lengths_min for start in self.starts)

    def pauses(self, length: int) -> tuple[int, ...]:
        """Minutes after the start at which the break of a shift may begin; empty when it has none.

        >>> ShiftRules(lengths_min=(480,)).pauses(480)
        (120, 150, 180, 210, 240, 270, 300, 330)
        """
        if not self.break_min or length <= self.break_after_min:
            return ()
        return tuple(range(length // 4, length * 3 // 4 - self.break_min + 1, max(30, self.break_min)))


def covered(start: int, length: int, interval: int) -> FloatArray:
    """Share of each slot of the week that a stretch from a minute of the week covers; goes round the week's end.

    >>> covered(10_050, 60, 30)[[0, 1, 334, 335]].tolist()
    [1.0, 0.0, 0.0, 1.0]
    """
    minutes = np.zeros(WEEK_MIN)
    minutes[np.arange(start, start + length) % WEEK_MIN] = 1
    return minutes.reshape(-1, interval).mean(axis=1)


def day_patterns(days_on: int, together: bool = True) -> np.ndarray:
    """Weekdays worked, one row per pattern (7 columns, Monday first); with days off together or anyhow.

    >>> day_patterns(5).shape, day_patterns(5, together=False).shape
    ((7, 7), (21, 7))
    >>> day_patterns(5)[0].astype(int).tolist()
    [1, 1, 1, 1, 1, 0, 0]
    """
    if not 1 <= days_on <= 7:
        raise out_of_range("days_on", days_on, 1, 7)
    if days_on == 7:
        return np.ones((1, 7), bool)
    if together:
        return np.stack([np.isin((np.arange(7) - first) % 7, np.arange(days_on)) for first in range(7)])
    return np.stack([np.isin(np.arange(7), on) for on in combinations(range(7), days_on)])


@dataclass(frozen=True, eq=False)
class StaffCover:
    """Fewest people: how many work each pattern, their sum, the bound of the relaxed problem, and whether it is proven.

    ``uncovered``: positions of the requirement that no pattern covers; then there is no answer and ``staff`` is −1.
    """

    counts: IntArray
    staff: int
    lp_bound: float
    optimal: bool
    uncovered: tuple[int, ...] = ()


def least_staff(required: ArrayLike, patterns: ArrayLike, limit_s: float = 10.0) -> StaffCover:
    """Fewest people whose patterns cover a requirement everywhere (set covering, HiGHS).

    Args:
        required: people needed per day or slot, ≥ 0.
        patterns: one row per pattern, what it covers per day or slot (0–1).
        limit_s: seconds to search at most; then the best found is given and ``optimal`` is False.

    Source: Dantzig (1954); the example is the post office of Winston, Operations Research.

    >>> found = least_staff([17, 13, 15, 19, 14, 16, 11], day_patterns(5))
    >>> found.staff, round(found.lp_bound, 4), found.optimal
    (23, 22.3333, True)
    >>> least_staff([1, 1], [[1, 0]]).uncovered
    (1,)
    """
    need, rows = np.asarray(required, float), np.atleast_2d(np.asarray(patterns, float))
    holes = np.flatnonzero((need > 0) & (rows.max(axis=0) <= 0))
    if holes.size:
        return StaffCover(np.zeros(len(rows), np.int64), -1, float("nan"), False, tuple(holes.tolist()))
    ones = np.ones(len(rows))
    bound = float(linprog(ones, A_ub=-rows.T, b_ub=-need, method="highs").fun)
    found = milp(
        ones,
        constraints=LinearConstraint(rows.T, need, np.inf),
        integrality=ones,
        bounds=Bounds(0, np.inf),
        options={"time_limit": limit_s},
    )
    if found.x is None:
        return StaffCover(np.zeros(len(rows), np.int64), -1, bound, False)
    counts = np.round(found.x).astype(np.int64)
    return StaffCover(counts, int(counts.sum()), bound, found.status == 0)
