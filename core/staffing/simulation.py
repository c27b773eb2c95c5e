"""A day of contacts played out one by one, for what no formula covers: changing arrivals, a backlog, any length of work.

Calls: first come, first served, one at a time, by the agent who is free first; a caller whose patience ends leaves.
Chats: an agent holds up to K; each of j chats moves on at 1 / aht[j] of a chat a second (limited processor sharing), a new
chat goes to the least loaded agent and stays there; who finds every place taken queues, and leaves when patience ends.
Agents come and go: at the end of a shift an agent takes nothing new and finishes what is open.

Nothing here is random: arrivals, work and patience come in as arrays, drawn by the caller from a seeded generator.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.staffing.queues import FloatArray, out_of_range

Staff = int | Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Simulated:
    """What became of each contact, in order of arrival.

    ``wait``: seconds until the answer, of a leaver until it left, infinite where nobody ever came. ``answered``: whether
    somebody answered. ``served``: seconds with an agent, NaN where nobody answered.
    """

    wait: FloatArray
    answered: NDArray[np.bool_]
    served: FloatArray

    def within(self, seconds: float) -> NDArray[np.bool_]:
        """Which contacts were answered within so many seconds.

        >>> Simulated(np.array([5.0, 5.0]), np.array([True, False]), np.array([60.0, np.nan])).within(20).tolist()
        [True, False]
        """
        return np.asarray(self.answered & (self.wait <= seconds))


def poisson_arrivals(rng: np.random.Generator, per_slot: ArrayLike, slot_s: float) -> FloatArray:
    """Moments of arrival in seconds, rising: as many in each slot as a Poisson draw says, evenly likely inside it.

    >>> seen = poisson_arrivals(np.random.default_rng(1), [100, 0, 300], 60)
    >>> bool((np.diff(seen) >= 0).all()), int(((seen >= 60) & (seen < 120)).sum())
    (True, 0)
    """
    counts = rng.poisson(np.asarray(per_slot, float))
    slot = np.repeat(np.arange(counts.size), counts)
    return np.sort((slot + rng.random(slot.size)) * slot_s)


def lognormal_work(rng: np.random.Generator, n: int, variation: float = 1.0) -> FloatArray:
    """Log-normal amounts of work with mean 1 and the given coefficient of variation.

    >>> work = lognormal_work(np.random.default_rng(1), 100_000, 0.8)
    >>> round(float(work.mean()), 2), round(float(work.std()), 1)
    (1.0, 0.8)
    """
    spread = np.log1p(variation**2)
    return rng.lognormal(-spread / 2, np.sqrt(spread), n)


def _shifts(staff: Staff) -> list[tuple[float, float]]:
    if isinstance(staff, (int, np.integer)):
        if staff < 0:
            raise out_of_range("staff", staff, 0, np.inf)
        return [(-np.inf, np.inf)] * int(staff)
    return [(float(begin), float(end)) for begin, end in staff if end > begin]


def simulate_calls(
    arrive: ArrayLike, handle: ArrayLike, staff: Staff, patience: ArrayLike | None = None
) -> Simulated:
    """Contacts served one at a time, first come first served.

    Args:
        arrive: seconds, rising.
        handle: seconds of work of each contact.
        staff: a number of agents, or (begin, end) in seconds of each shift.
        patience: seconds each contact waits at most; None = nobody leaves.

    Returns:
        A :class:`Simulated`. With nobody on shift any more the wait is infinite, or the patience.

    Raises:
        ScenarioError: a negative number of agents.

    >>> seen = simulate_calls([0, 1, 2], [10, 10, 10], 1, [99, 99, 5])
    >>> seen.wait.tolist(), seen.answered.tolist()
    ([0.0, 9.0, 5.0], [True, True, False])
    >>> simulate_calls([0, 50], [10, 10], [(20, 40), (100, 200)]).wait.tolist()
    [20.0, 50.0]
    """
    free = _shifts(staff)
    heapify(free)
    came, work = np.asarray(arrive, float), np.asarray(handle, float)
    limits = repeat(np.inf) if patience is None else np.asarray(patience, float).tolist()
    waits, answered = [], []
    for now, takes, limit in zip(came.tolist(), work.tolist(), limits, strict=False):
        while free and (free[0][0] if free[0][0] > now else now) >= free[0][1]:
            heappop(free)
        since, until = free[0] if free else (np.inf, np.inf)
        wait = since - now if since > now else 0.0
        if wait > limit or not free:
            waits.append(limit)
            answered.append(False)
            continue
        heapreplace(free, (now + wait + takes, until))
        waits.append(wait)
        answered.append(True)
    reached = np.array(answered, bool)
    return Simulated(np.array(waits, float), reached, np.where(reached, work, np.nan))


class _Floor:
    """Agents with several chats each: how far each chat is, who has a place, and what happens next."""

    __slots__ = ("at", "chats", "clock", "events", "marks", "on", "open", "pace")

    def __init__(self, pace: list[float], shifts: list[tuple[float, float]]) -> None:
        n = len(shifts)
        self.pace = pace
        self.clock, self.at, self.marks = [0.0] * n, [0.0] * n, [0] * n
        self.chats: list[list[tuple[float, int]]] = [[] for _ in range(n)]
        self.on = [begin == -np.inf for begin, _ in shifts]
        self.open: list[dict[int, None]] = [{} for _ in pace]
        self.open[0] = {agent: None for agent in range(n) if self.on[agent]}
        # (when, agent, mark): a mark of -1 is the begin of a shift, -2 its end, else the chat that ends unless outdated.
        self.events = [(begin, agent, -1) for agent, (begin, _) in enumerate(shifts) if begin > -np.inf]
        self.events += [(end, agent, -2) for agent, (_, end) in enumerate(shifts) if end < np.inf]
        heapify(self.events)

    def least_loaded(self) -> int:
        """An agent on shift with the fewest chats and a place to spare; -1 without one."""
        for agents in self.open[:-1]:
            if agents:
                return next(iter(agents))
        return -1

    def advance(self, agent: int, now: float) -> None:
        """Move an agent's chats on to now; each has come as far as the agent's own clock."""
        self.clock[agent] += (now - self.at[agent]) * self.pace[len(self.chats[agent])]
        self.at[agent] = now

    def changed(self, agent: int, before: int, now: float) -> None:
        """Book an agent under its new number of chats, and when the next of them will end."""
        chats = self.chats[agent]
        if self.on[agent]:
            self.open[before].pop(agent, None)
            self.open[len(chats)][agent] = None
        self.marks[agent] += 1
        if chats:
            left = (chats[0][0] - self.clock[agent]) / self.pace[len(chats)]
            heappush(self.events, (now + (left if left > 0 else 0.0), agent, self.marks[agent]))

    def take(self, agent: int, contact: int, work: float, now: float) -> None:
        """An agent takes one more chat."""
        self.advance(agent, now)
        before = len(self.chats[agent])
        heappush(self.chats[agent], (self.clock[agent] + work, contact))
        self.changed(agent, before, now)

    def next_change(self) -> tuple[float, int]:
        """Carry out the next event: when, and the contact that ended, -1 where a shift began or ended or nothing did."""
        now, agent, mark = heappop(self.events)
        before = len(self.chats[agent])
        if mark == -2:
            self.on[agent] = False
            self.open[before].pop(agent, None)
        elif mark == -1:
            self.on[agent] = True
            self.open[before][agent] = None
        elif mark == self.marks[agent]:
            self.advance(agent, now)
            contact = heappop(self.chats[agent])[1]
            self.changed(agent, before, now)
            return now, contact
        return now, -1


@dataclass(eq=False)
class _Line:
    """Contacts on their way through the floor: who waits, and what became of each."""

    floor: _Floor
    came: list[float]
    work: list[float]
    limit: list[float]
    waiting: deque[int]
    begun: list[float]
    ended: list[float]

    def hand_out(self, now: float) -> None:
        """Give those who still wait to agents with a place, first come first served."""
        while self.waiting and (agent := self.floor.least_loaded()) >= 0:
            contact = self.waiting.popleft()
            if now - self.came[contact] <= self.limit[contact]:
                self.begun[contact] = now
                self.floor.take(agent, contact, self.work[contact], now)

    def until(self, moment: float) -> None:
        """Everything that happens before a moment."""
        events = self.floor.events
        while events and events[0][0] <= moment:
            now, contact = self.floor.next_change()
            if contact >= 0:
                self.ended[contact] = now
            if self.waiting:
                self.hand_out(now)


def simulate_chats(
    arrive: ArrayLike,
    work: ArrayLike,
    aht: Sequence[float] | FloatArray,
    staff: Staff,
    patience: ArrayLike | None = None,
) -> Simulated:
    """Chats served several at a time, least loaded agent first, without moving a chat once it has an agent.

    Args:
        arrive: seconds, rising.
        work: amount of each chat, mean 1: a chat of 1 that stays at concurrency j takes ``aht[j-1]`` seconds.
        aht: mean seconds of a chat at concurrency 1 … K.
        staff: a number of agents, or (begin, end) in seconds of each shift.
        patience: seconds each contact waits at most; None = nobody leaves.

    Returns:
        A :class:`Simulated`.

    >>> seen = simulate_chats([0, 0, 0], [1, 1, 1], [10, 15], 1)
    >>> seen.wait.tolist(), seen.served.tolist()
    ([0.0, 0.0, 15.0], [15.0, 15.0, 10.0])
    """
    curve = np.asarray(aht, float)
    if not curve.size or not np.all(curve > 0):
        raise out_of_range("aht", curve.tolist(), 0, np.inf)
    came, amount = np.asarray(arrive, float), np.asarray(work, float)
    limit = np.full(came.size, np.inf) if patience is None else np.asarray(patience, float)
    floor = _Floor([0.0, *(1 / curve).tolist()], _shifts(staff))
    never: list[float] = [np.inf] * came.size
    line = _Line(floor, came.tolist(), amount.tolist(), limit.tolist(), deque(), never, never.copy())
    for contact, now in enumerate(line.came):
        line.until(now)
        line.waiting.append(contact)
        line.hand_out(now)
    line.until(np.finfo(float).max)
    return _outcome(came, limit, line)


def _outcome(came: FloatArray, limit: FloatArray, line: _Line) -> Simulated:
    begun: Any = np.array(line.begun)
    answered = np.isfinite(begun)
    with np.errstate(invalid="ignore"):
        served = np.where(answered, np.array(line.ended) - begun, np.nan)
    return Simulated(np.where(answered, begun - came, limit), answered, served)
