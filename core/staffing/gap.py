"""Requirement against supply: under-cover and over-cover kept apart, and which agent-hours could move.

A surplus on Tuesday does not answer a customer on Friday, so the two are never netted. Moves are proposed only where
both sides are real: the giver keeps what it needs and at least one agent, the taker lacks at least half an agent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from core.staffing.queues import FloatArray, IntArray

MOVE_COLUMNS = (
    "from_weekday", "from_start", "from_end", "to_weekday", "to_start", "to_end", "agents", "hours", "basis",
)  # fmt: skip
# Nobody comes in for less; evening out a day is worth a bigger piece of a shift than a real hole.
MIN_MOVE_MIN = {"deficit": 60, "balance": 120}
MAX_MOVE_MIN = 480
MAX_MOVES = 60


@dataclass(frozen=True)
class CoverHours:
    """Agent-hours missing and agent-hours too many, each ≥ 0 and never netted."""

    under: float
    over: float


def cover_hours(required: ArrayLike, supplied: ArrayLike, slot_hours: float) -> CoverHours:
    """Under- and over-cover of slots in agent-hours; slots where either side is unknown add to neither.

    >>> cover_hours([4, 5], [4.5, 4.0], 0.5)
    CoverHours(under=0.5, over=0.25)
    """
    gap = np.asarray(supplied, float) - np.asarray(required, float)
    under, over = np.nansum(np.maximum(-gap, 0)), np.nansum(np.maximum(gap, 0))
    return CoverHours(float(under * slot_hours), float(over * slot_hours))


@dataclass(frozen=True)
class _Run:
    """Slots ``start`` to ``end`` (excluded) of one weekday, with the agents that they hold in total."""

    weekday: int
    start: int
    end: int
    agents: int

    @property
    def length(self) -> int:
        return self.end - self.start


def _runs(whole: IntArray) -> list[_Run]:
    """Unbroken stretches with at least one whole agent, weekday by weekday."""
    found = []
    for weekday, row in enumerate(whole):
        edges = np.flatnonzero(np.diff(np.concatenate(([False], row > 0, [False]))))
        found += [_Run(weekday, int(a), int(b), int(row[a:b].sum())) for a, b in edges.reshape(-1, 2)]
    return found


def _window(run: _Run, length: int, near: int) -> int:
    """Start of the stretch of ``length`` inside the run that lies nearest to a slot of the day."""
    return min(max(near, run.start), run.end - length)


def _proposals(short: IntArray, spare: IntArray, limits: tuple[int, int]) -> Iterator[tuple[int, ...]]:
    """One agent at a time: the worst stretch takes from the giver that covers most of it, same time of day first."""
    least, most = limits
    while True:
        takers = [run for run in _runs(short) if run.length >= least]
        givers = [run for run in _runs(spare) if run.length >= least]
        if not takers or not givers:
            return
        taker = max(takers, key=lambda run: (run.agents, -run.weekday, -run.start))
        giver = max(givers, key=lambda run: (*_fit(run, taker, most), run.agents))
        length = min(giver.length, taker.length, most)
        to = _window(taker, length, giver.start)
        start = _window(giver, length, to)
        short[taker.weekday, to : to + length] -= 1
        spare[giver.weekday, start : start + length] -= 1
        yield giver.weekday, start, taker.weekday, to, length


def _fit(giver: _Run, taker: _Run, most: int) -> tuple[int, int]:
    """How much of the taker the giver can cover, and how much of that at the same time of day."""
    same_time = min(giver.end, taker.end) - max(giver.start, taker.start)
    return min(giver.length, taker.length, most), min(max(same_time, 0), most)


def moves(required: FloatArray, supplied: FloatArray, interval_min: int) -> pd.DataFrame:
    """Greedy proposal of agent-hours to move from slots with a surplus to slots with a deficit.

    Args:
        required: whole agents, 7 weekdays × slots.
        supplied: agents present, same shape; NaN (unknown) neither gives nor takes.
        interval_min: minutes of a slot.

    Returns:
        One row per move: from_weekday, from_start, from_end, to_weekday, to_start, to_end (minutes of the day), agents,
        hours (agents × length), basis "deficit". Empty when there is no giver or no taker. A move is 1–8 hours.

    >>> need, have = np.ones((7, 24)), np.ones((7, 24))
    >>> need[4, 14:17], have[1, 14:17] = 3, 3
    >>> print(moves(need, have, 60).to_csv(index=False, header=False).strip())
    1,840,1020,4,840,1020,2,6.0,deficit
    """
    gap = np.nan_to_num(supplied - required)
    spare = np.minimum(np.floor(gap + 1e-9), np.floor(np.nan_to_num(supplied) + 1e-9) - 1).clip(min=0).astype(np.int64)
    short = np.floor(0.5 - gap).clip(min=0).astype(np.int64)
    return propose(short, spare, interval_min, "deficit")


def propose(short: IntArray, spare: IntArray, interval_min: int, basis: str) -> pd.DataFrame:
    """Pair slots that should get whole agents with slots that can give them; columns as :func:`moves`.

    Args:
        short, spare: whole agents wanted and on offer, 7 weekdays × slots; left unchanged.
        interval_min: minutes of a slot.
        basis: why: "deficit" (below the requirement) or "balance" (a weekday with more contacts per agent).

    >>> propose(np.zeros((7, 24), int), np.ones((7, 24), int), 60, "balance").empty
    True
    """
    limits = (MIN_MOVE_MIN[basis] // interval_min, MAX_MOVE_MIN // interval_min)
    steps = [step for step, _ in zip(_proposals(short.copy(), spare.copy(), limits), range(MAX_MOVES), strict=False)]
    rows = pd.DataFrame(steps, columns=["from_weekday", "from_slot", "to_weekday", "to_slot", "length"], dtype=np.int64)
    merged = rows.groupby(list(rows.columns), sort=False).size().rename("agents").reset_index()
    return _as_minutes(merged.assign(basis=basis), interval_min)


def _as_minutes(merged: pd.DataFrame, interval_min: int) -> pd.DataFrame:
    minutes = merged["length"] * interval_min
    table = merged.assign(
        from_start=merged["from_slot"] * interval_min,
        from_end=merged["from_slot"] * interval_min + minutes,
        to_start=merged["to_slot"] * interval_min,
        to_end=merged["to_slot"] * interval_min + minutes,
        hours=merged["agents"] * minutes / 60,
    )
    return table[list(MOVE_COLUMNS)]
