"""Waiting before an answer when one agent holds several chats at once.

An agent with j chats is neither j agents nor one agent who is j times as fast: every chat slows down. The mean time of
a chat at concurrency j (``aht[j-1]``) comes from the log; chats go to the least loaded agent; a contact waits only when
every agent holds K chats. That is a birth–death chain, solved exactly; it equals Erlang C for K = 1 and Erlang C with
K times as many agents when nothing slows down.

The limit of a team is ``agents · K / aht[K]``: at or above it the queue grows without limit and ``stable`` is False.

Source: limited processor sharing, J. Luo & J. Zhang (2013), T. Tezcan & J. Zhang (2014).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.scenario import MEANINGS
from core.staffing.patience import check_meaning, line_of_leavers
from core.staffing.queues import FloatArray, IntArray, check_share, fewest_that, out_of_range, shaped


@dataclass(frozen=True, eq=False)
class ChatPool:
    """What the concurrency model says about one team or an array of teams; times in the unit of the input.

    ``effective_aht`` is the time a chat spends with an agent: a wait that only moved into the chat shows there.
    ``prob_abandon`` is 0 unless contacts have a patience; then ``asa`` is the mean wait of all, leavers included.
    """

    stable: Any
    prob_wait: Any
    asa: Any
    service_level: Any
    mean_chats_in_service: Any
    mean_concurrency: Any
    slot_occupancy: Any
    prob_all_idle: Any
    effective_aht: Any
    prob_abandon: Any = 0.0


def useful_concurrency(aht: Sequence[float] | FloatArray) -> int:
    """The most chats worth holding: the last j before chats per hour, j / aht[j], fall.

    >>> useful_concurrency([6, 8, 11])
    3
    >>> useful_concurrency([6, 8, 13])
    2
    """
    pace = np.arange(1, len(aht) + 1) / np.asarray(aht, float)
    falls = np.flatnonzero(np.diff(pace) < -1e-9 * pace[:-1])
    return int(falls[0]) + 1 if falls.size else len(pace)


def _curve(aht: Sequence[float] | FloatArray) -> FloatArray:
    curve = np.asarray(aht, float)
    if curve.ndim != 1 or not curve.size or not np.all(curve > 0):
        raise out_of_range("aht", list(np.atleast_1d(curve)), 0, np.inf)
    return curve


def _completions(aht: FloatArray, agents: int) -> FloatArray:
    """Chats finished per unit of time with 1 … agents·K chats spread as evenly as they go."""
    chats = np.arange(1, agents * aht.size + 1)
    each, extra = np.divmod(chats, agents)
    pace = np.append(np.arange(aht.size + 1) / np.append(1.0, aht), 0.0)
    return np.asarray(extra * pace[each + 1] + (agents - extra) * pace[each])


def _chain(arrivals: FloatArray, aht: FloatArray, agents: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P(wait), mean chats in service and P(all idle) of stable teams of one size; one entry per arrival rate."""
    rates = _completions(aht, agents)
    chats = np.arange(rates.size + 1)
    log_work = np.append(0.0, np.cumsum(np.log(rates)))
    weights = np.log(np.maximum(arrivals, 1e-250))[:, None] * chats - log_work
    weights = np.exp(weights - weights.max(axis=1, keepdims=True))
    weights[:, -1] /= 1 - arrivals / rates[-1]
    weights /= weights.sum(axis=1, keepdims=True)
    return weights[:, -1], weights @ chats, weights[:, 0]


def _by_team_size(arrivals: FloatArray, aht: FloatArray, agents: IntArray) -> FloatArray:
    """P(wait), mean chats, P(all idle) as three rows, teams of one size solved together."""
    found = np.empty((3, arrivals.size))
    found[:] = np.array([[1.0], [0.0], [0.0]])
    found[1] = agents * aht.size
    stable = arrivals * aht[-1] < agents * aht.size
    for size in np.unique(agents[stable]):
        rows = np.flatnonzero(stable & (agents == size))
        found[:, rows] = _chain(arrivals[rows], aht, int(size))
    return found


def chat_pool(
    arrivals_per_min: ArrayLike,
    aht_min: Sequence[float] | FloatArray,
    agents: ArrayLike,
    awt_min: ArrayLike,
    patience_min: ArrayLike | None = None,
    *,
    meaning: str = MEANINGS[0],
) -> ChatPool:
    """The concurrency model for teams that hold up to K = ``len(aht_min)`` chats per agent.

    Args:
        arrivals_per_min: chats per minute (any unit of time, the same in all arguments).
        aht_min: mean time of a chat while its agent holds 1, 2, … K chats, taken as given; see
            :func:`useful_concurrency` for the K worth having.
        agents: whole agents present.
        awt_min: the T of "answered within T" of the contacts offered.
        patience_min: mean patience of contacts in the queue; None = nobody leaves, and a team can be unstable.
        meaning: which of ``MEANINGS`` ``service_level`` is, of contacts that leave; without patience they are all one.

    Returns:
        A :class:`ChatPool` of numbers, or of arrays where arrivals, agents or T are arrays. An unstable team has
        ``service_level`` 0, ``prob_wait`` 1 and an infinite ``asa``.

    >>> pool = chat_pool(3, [6, 8, 11], 12, 0.5)
    >>> round(float(pool.service_level), 6), round(float(pool.effective_aht), 4)
    (0.75531, 9.3318)
    >>> bool(chat_pool(3, [6, 8, 11], 11, 0.5).stable)
    False
    """
    aht = _curve(aht_min)
    arrays = shaped(arrivals_per_min, agents, awt_min, 1.0 if patience_min is None else patience_min)
    rate, size, within, patience = (np.atleast_1d(x).ravel() for x in arrays)
    if patience_min is not None:
        found = _impatient(rate, aht, size.astype(np.int64), within, (patience, meaning))
        return ChatPool(*(figure.reshape(arrays[0].shape)[()] for figure in found))
    wait, chats, idle = _by_team_size(rate, aht, size.astype(np.int64))
    spare = size * aht.size / aht[-1] - rate
    stable = (spare > 0) | (rate <= 0)
    wait = np.where(rate > 0, wait, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        asa = np.where(stable, np.where(rate > 0, wait / spare, 0.0), np.inf)
        each = np.where(size > 0, chats / size, 0.0)
        time = np.where(stable, np.where(rate > 1e-200, chats / rate, aht[0]), aht[-1])
    level = np.where(stable, 1 - wait * np.exp(-np.maximum(spare, 0) * within), 0.0)
    figures = (stable, wait, asa, level, chats, each, each / aht.size, idle, time)
    return ChatPool(*(figure.reshape(arrays[0].shape)[()] for figure in figures))


def _places(rate: FloatArray, aht: FloatArray, agents: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """While not every place is taken: P(one only is free), mean chats, P(all idle); one entry per arrival rate."""
    rates = _completions(aht, agents)
    log_work = np.append(0.0, np.cumsum(np.log(rates[:-1])))
    chats = np.arange(rates.size)
    weights = np.log(np.maximum(rate, 1e-250))[:, None] * chats - log_work
    weights = np.exp(weights - weights.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights[:, -1], weights @ chats, weights[:, 0]


def _impatient(
    rate: FloatArray, aht: FloatArray, agents: IntArray, within: FloatArray, leaving: tuple[FloatArray, str]
) -> tuple[FloatArray, ...]:
    """The figures of a :class:`ChatPool` when contacts in the queue leave; nobody there answers nobody."""
    patience, meaning = leaving
    check_meaning(meaning)
    if not np.all(patience > 0):
        raise out_of_range("patience", float(np.min(patience)), 0, np.inf)
    full = np.maximum(agents, 1) * aht.size
    part = np.empty((3, rate.size))
    for size in np.unique(agents):
        rows = np.flatnonzero(agents == size)
        part[:, rows] = _places(rate[rows], aht, max(int(size), 1))
    last, chats, idle = part
    found = line_of_leavers(np.maximum(rate, 1e-250), full / aht[-1], patience, last, within)
    there = agents > 0
    wait = np.where(rate > 0, np.where(there, found.wait, 1.0), 0.0)
    abandon = np.where(rate > 0, np.where(there, found.abandon, 1.0), 0.0)
    held = np.where(there, (1 - wait) * chats + wait * full, 0.0)
    gone = np.maximum(rate * (1 - abandon), 1e-250)
    time = np.where(there & (rate > 1e-200), held / gone, aht[0])
    level = np.where(rate > 0, np.where(there, found.level(meaning), 0.0), 1.0)
    each = held / np.maximum(agents, 1)
    stable = np.ones(rate.size, bool)
    figures = (stable, wait, abandon * patience, level, held, each, each / aht.size, idle * (1 - wait), time, abandon)
    return tuple(np.asarray(figure) for figure in figures)


def required_chat_agents(
    arrivals: ArrayLike,
    aht: Sequence[float] | FloatArray,
    within: ArrayLike,
    target: float,
    max_occupancy: float = 1.0,
    *,
    patience: ArrayLike | None = None,
    meaning: str = MEANINGS[0],
) -> Any:
    """Fewest agents that answer the target share of chats within T, concurrency capped where more chats slow the team.

    Args:
        arrivals: chats per unit of time, number or array (one per slot).
        aht: mean time of a chat at concurrency 1 … K, same unit of time.
        within: T, same unit; broadcast against the arrivals.
        target: share to answer within T, above 0 and below 1.
        max_occupancy: highest share of the chat places in use on average.
        patience: mean patience, same unit; None = nobody leaves. Never raises the requirement.
        meaning: which of ``MEANINGS`` the target is about, see :func:`chat_pool`.

    Returns:
        Whole agents present, 0 where nothing arrives.

    Raises:
        ScenarioError: target or occupancy outside 0–1, or a time that is not positive.

    >>> required_chat_agents([0, 0.1, 3], [6, 8, 11], 0.5, 0.75).tolist()
    [0, 1, 12]
    """
    check_share("target", target, 1 - 1e-12)
    check_share("max_occupancy", max_occupancy)
    curve = _curve(aht)[: useful_concurrency(aht)]
    rate, soon = shaped(arrivals, within)
    flat, within_flat = np.atleast_1d(rate).ravel(), np.atleast_1d(soon).ravel()
    agents = _fewest_chat_agents(flat, curve, max_occupancy)
    goal = (within_flat, target, max_occupancy)
    _climb(agents, flat, curve, goal)
    if patience is not None:
        limit = np.broadcast_to(np.asarray(patience, float), rate.shape).ravel()
        agents = fewest_that(
            lambda n, rows: _met(n, flat[rows], curve, (within_flat[rows], *goal[1:]), (limit[rows], meaning)), agents
        )
    return agents.reshape(rate.shape)[()]


def _met(
    agents: Any,
    rate: FloatArray,
    curve: FloatArray,
    goal: tuple[FloatArray, float, float],
    leaving: tuple[FloatArray | None, str] = (None, MEANINGS[0]),
) -> Any:
    """Which teams answer the target share within T and are not busier than they may be."""
    within, target, max_occupancy = goal
    pool = chat_pool(rate, curve, agents, within, leaving[0], meaning=leaving[1])
    return (pool.service_level >= target) & (pool.slot_occupancy <= max_occupancy + 1e-12)


def _fewest_chat_agents(rate: FloatArray, curve: FloatArray, max_occupancy: float) -> IntArray:
    """First stable team; no chat is shorter than alone, which bounds the places in use from below."""
    stable = np.floor(rate * curve[-1] / curve.size) + 1
    by_places = np.ceil(np.round(rate * curve.min() / (curve.size * max_occupancy), 9))
    return np.asarray(np.where(rate > 0, np.maximum(stable, by_places), 0), np.int64)


def _climb(agents: IntArray, rate: FloatArray, curve: FloatArray, goal: tuple[FloatArray, float, float]) -> None:
    """Raise ``agents`` in place until every slot meets the goal (T, target, highest occupancy)."""
    open_rows = np.flatnonzero(agents > 0)
    while open_rows.size:
        size = agents[open_rows].min()
        rows = open_rows[agents[open_rows] == size]
        met = _met(size, rate[rows], curve, (goal[0][rows], *goal[1:]))
        agents[rows[~met]] += 1
        open_rows = np.setdiff1d(open_rows, rows[met], assume_unique=True)
