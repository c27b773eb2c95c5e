"""Waiting before an answer when one agent serves one contact at a time: Erlang B and Erlang C.

All functions take numbers or arrays and broadcast: a whole week of slots times a range of staff levels is one call.
Loads are in erlang (arrivals per second × handle seconds). They hold from 0 to 100,000 erlang: an overstaffed slot
gives a probability of waiting that tends to 0, an overloaded one says ``stable = False`` and never shows a finite wait.

Service level everywhere in this module: answered within T, as a share of the contacts offered; nobody leaves the queue.

Source: A. K. Erlang (1917); Erlang B in closed form as Poisson density over Poisson distribution, with C. Loader's
(2000) deviance form of the density so that no large logarithms cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc, gammaln

from core.errors import Issue, ScenarioError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Below this the Poisson distribution function is about to underflow and the series takes over.
_SMALLEST = 1e-280
_HALF_LOG_TWO_PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True, eq=False)
class ErlangC:
    """What Erlang C says about one queue or about an array of queues; times are in seconds.

    An unstable queue (load ≥ agents) has ``prob_wait`` 1, ``service_level`` 0, ``occupancy`` 1 and infinite waits.
    """

    offered_load: Any
    prob_wait: Any
    service_level: Any
    asa: Any
    occupancy: Any
    mean_queue: Any
    wait_p90_all: Any
    stable: Any


def out_of_range(name: str, value: object, low: float, high: float) -> ScenarioError:
    """The error of a staffing number outside its bounds, naming the number and the bounds."""
    facts = {"low": low, "high": high}
    return ScenarioError(Issue("staffing_out_of_range", "error", column=name, value=str(value), facts=facts))


def check_share(name: str, value: float, high: float = 1.0) -> None:
    """Refuse a share that is not above 0 and at most ``high``.

    >>> check_share("target", 0.8)
    """
    if not 0 < value <= high:
        raise out_of_range(name, value, 0, high)


def shaped(*values: ArrayLike) -> tuple[FloatArray, ...]:
    """Numbers and arrays as float arrays of one common shape.

    >>> [x.tolist() for x in shaped(1, [2, 3])]
    [[1.0, 1.0], [2.0, 3.0]]
    """
    return tuple(np.broadcast_arrays(*(np.asarray(value, float) for value in values)))


def _stirling_error(count: FloatArray) -> FloatArray:
    """log(n!) minus Stirling's formula; the series where the direct difference would cancel."""
    safe = np.maximum(count, 1.0)
    square = safe * safe
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / safe
    direct = gammaln(safe + 1) - (safe + 0.5) * np.log(safe) + safe - _HALF_LOG_TWO_PI
    return np.asarray(np.where(safe > 16, series, direct))


def _poisson_density(count: FloatArray, load: FloatArray) -> FloatArray:
    """P(exactly ``count`` busy) of a Poisson variable, stable for large counts; loads must be positive."""
    safe = np.maximum(count, 1.0)
    excess = (load - safe) / safe
    deviance = safe * (excess - np.log1p(excess))
    density = np.exp(-_stirling_error(safe) - deviance - _HALF_LOG_TWO_PI - 0.5 * np.log(safe))
    return np.asarray(np.where(count < 1, np.exp(-load), density))


def _blocked_series(load: FloatArray, agents: FloatArray) -> FloatArray:
    """Erlang B of a hopelessly overloaded group: 1/B = 1 + n/a + n(n-1)/a² + …, whose terms fall quickly."""
    term = np.ones_like(load)
    total = term.copy()
    left = agents.copy()
    while np.any(term > 1e-17 * total):
        term = term * np.maximum(left, 0.0) / load
        total += term
        left -= 1
    return 1 / total


def erlang_b(load: ArrayLike, agents: ArrayLike) -> Any:
    """Probability that all ``agents`` are busy when blocked contacts leave.

    Args:
        load: offered load in erlang, number or array.
        agents: whole number of agents, number or array; broadcast against the load.

    Returns:
        A number for numbers, else an array of the broadcast shape. Load 0 gives 0 (1 with no agents).

    >>> round(float(erlang_b(10, 14)), 6)
    0.056819
    >>> erlang_b([1e5, 0.0], [100000, 0]).round(6).tolist()
    [0.002519, 1.0]
    """
    a, n = shaped(load, agents)
    busy = np.maximum(a, np.finfo(float).tiny)
    reached = gammaincc(n + 1, busy)
    with np.errstate(divide="ignore", invalid="ignore"):
        blocked = np.where(n > 0, _poisson_density(n, busy) / reached, 1.0)
    lost = (reached < _SMALLEST) & (n > 0)
    if np.any(lost):
        blocked = np.array(blocked)
        blocked[lost] = _blocked_series(np.atleast_1d(busy)[np.atleast_1d(lost)], np.atleast_1d(n)[np.atleast_1d(lost)])
    return np.where((a <= 0) & (n > 0), 0.0, blocked)[()]


def _waiting(blocked: FloatArray, load: FloatArray, agents: FloatArray) -> FloatArray:
    """Erlang C from Erlang B; 1 where the queue has no limit."""
    used = load / np.maximum(agents, 1.0)
    return np.asarray(np.where(load < agents, blocked / (1 - np.minimum(used, 1 - 1e-16) * (1 - blocked)), 1.0))


def erlang_c(load: ArrayLike, agents: ArrayLike) -> Any:
    """Probability that a contact waits when nobody leaves the queue.

    Args:
        load: offered load in erlang, number or array.
        agents: agents present, number or array; broadcast against the load.

    Returns:
        A number for numbers, else an array. 1 where load ≥ agents (the queue grows without limit), 0 without arrivals.

    >>> round(float(erlang_c(10, 14)), 6)
    0.174132
    >>> erlang_c([10.0, 0.0], [10, 3]).tolist()
    [1.0, 0.0]
    """
    a, n = shaped(load, agents)
    stable = a < n
    blocked = erlang_b(np.where(stable, a, 0.0), np.where(stable, n, 1.0))
    return np.where(a > 0, _waiting(np.asarray(blocked), a, n), 0.0)[()]


def erlang_c_surface(load: ArrayLike, max_agents: int) -> FloatArray:
    """P(wait) of every load at every staff level, by the recursion 1/B(n) = 1 + n/a · 1/B(n-1).

    Args:
        load: offered loads in erlang, one per slot.
        max_agents: highest staff level.

    Returns:
        Array slots × ``max_agents``; column ``i`` is ``i + 1`` agents. 1 where the queue is unstable.

    >>> erlang_c_surface([10.0], 14)[0, [9, 13]].round(6).tolist()
    [1.0, 0.174132]
    """
    a = np.atleast_1d(np.asarray(load, float))
    levels = np.arange(1, max_agents + 1, dtype=float)
    steps = levels[:, None] / np.maximum(a, 1e-300)
    inverse = np.empty((max_agents, a.size))
    last = np.ones(a.size)
    with np.errstate(over="ignore"):
        for level, step in enumerate(steps):
            last = np.multiply(step, last, out=inverse[level])
            last += 1
    used = a / levels[:, None]
    # 1/C = 1/B · (1 - a/n) + a/n; below the load the first term would be negative, and everybody waits.
    inverse *= np.maximum(1 - used, 0)
    inverse += np.minimum(used, 1)
    return np.asarray(np.reciprocal(inverse).T)


def erlang_c_queue(arrivals_per_s: ArrayLike, aht_s: ArrayLike, agents: ArrayLike, within_s: ArrayLike) -> ErlangC:
    """Everything Erlang C says about queues of patient contacts.

    Args:
        arrivals_per_s: contacts per second.
        aht_s: mean handle time in seconds.
        agents: agents present.
        within_s: the T of "answered within T", in seconds.

    Returns:
        An :class:`ErlangC` of numbers (or arrays where an argument is one). ``wait_p90_all`` is the 90th percentile
        of the wait of all contacts, those that do not wait included.

    >>> queue = erlang_c_queue(100 / 1800, 180, 14, 20)
    >>> round(float(queue.service_level), 5), round(float(queue.occupancy), 4), bool(queue.stable)
    (0.88835, 0.7143, True)
    >>> bool(erlang_c_queue(1, 180, 100, 20).stable)
    False
    """
    rate, aht, n, within = shaped(arrivals_per_s, aht_s, agents, within_s)
    load = rate * aht
    stable = (load < n) | (load <= 0)
    wait = np.asarray(erlang_c(load, n))
    leave = np.where(stable & (aht > 0), np.maximum(n - load, 0) / np.where(aht > 0, aht, 1), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        asa = np.where(load > 0, wait / leave, 0.0)
        longest = np.where(wait > 0.1, np.log(np.maximum(wait, 0.1) * 10) / leave, 0.0)
        used = np.where(load > 0, np.minimum(load / n, 1.0), 0.0)
    level = np.where(stable, 1 - wait * np.exp(-leave * within), 0.0)
    queue = np.where(load > 0, rate * asa, 0.0)
    figures = (load, wait, level, asa, used, queue, np.where(stable, longest, np.inf), stable)
    return ErlangC(*(np.asarray(figure)[()] for figure in figures))


def fewest_agents(load: FloatArray, max_occupancy: float) -> IntArray:
    """The smallest staff that is stable and not busier than ``max_occupancy``; nothing to do needs nobody.

    >>> fewest_agents(np.array([0.0, 10.0, 10.5]), 0.7).tolist()
    [0, 15, 15]
    """
    by_occupancy = np.ceil(np.round(load / max_occupancy, 9))
    return np.asarray(np.where(load > 0, np.maximum(np.floor(load) + 1, by_occupancy), 0), np.int64)


def required_agents(
    load: ArrayLike, aht_s: ArrayLike, within_s: ArrayLike, target: float, max_occupancy: float = 1.0
) -> Any:
    """Fewest agents that answer the target share of offered contacts within T (Erlang C).

    The search starts at ``floor(load) + 1``, the first stable staff, and climbs by the Erlang B recursion, all slots
    at once.

    Args:
        load: offered load in erlang, number or array.
        aht_s: mean handle seconds.
        within_s: T in seconds.
        target: share to answer within T, above 0 and below 1.
        max_occupancy: highest share of time an agent may be busy.

    Returns:
        Whole agents present (see :func:`positions` for the roster), 0 where nothing arrives.

    Raises:
        ScenarioError: target or occupancy outside 0–1.

    >>> int(required_agents(10, 180, 20, 0.8, 0.85))
    14
    >>> required_agents([0, 0.5, 10], 360, 120, 0.5).tolist()
    [0, 1, 11]
    """
    check_share("target", target, 1 - 1e-12)
    check_share("max_occupancy", max_occupancy)
    arrays = shaped(load, aht_s, within_s)
    a, aht, within = (np.atleast_1d(x).ravel() for x in arrays)
    agents = fewest_agents(a, max_occupancy)
    _climb(agents, a, within / np.where(aht > 0, aht, 1.0), target)
    return agents.reshape(arrays[0].shape)[()]


def _climb(agents: IntArray, load: FloatArray, patience: FloatArray, target: float) -> None:
    """Raise ``agents`` in place until every slot meets the target; ``patience`` is T in handle times."""
    rows = np.flatnonzero(agents > 0)
    a, within = load[rows], patience[rows]
    n = agents[rows].astype(float)
    with np.errstate(divide="ignore", over="ignore"):
        inverse = 1 / np.atleast_1d(erlang_b(a, n))
        while rows.size:
            used = a / n
            short = np.exp((a - n) * within) / (inverse * (1 - used) + used) > 1 - target
            agents[rows[~short]] = n[~short]
            rows, a, within, n, inverse = (x[short] for x in (rows, a, within, n, inverse))
            n += 1
            inverse = 1 + inverse * n / a


def fewest_that(met: Callable[[IntArray, IntArray], Any], most: IntArray) -> IntArray:
    """Fewest agents between one and ``most`` that meet a goal which more agents never miss, by halving.

    Args:
        met: told agents and the rows they are for, which of them meet the goal.
        most: a staff per row that is known to meet it.

    >>> fewest_that(lambda agents, rows: agents >= np.array([3, 1])[rows], np.array([9, 4])).tolist()
    [3, 1]
    """
    low, high = np.minimum(most, 1), most.copy()
    while (rows := np.flatnonzero(low < high)).size:
        middle = (low[rows] + high[rows]) // 2
        enough = np.asarray(met(middle, rows), bool)
        high[rows] = np.where(enough, middle, high[rows])
        low[rows] = np.where(enough, low[rows], middle + 1)
    return low


def positions(agents: ArrayLike, shrinkage: float) -> Any:
    """Positions to roster so that ``agents`` are present when a share ``shrinkage`` of paid time is lost.

    Rounded to nine digits before rounding up: 21 / 0.7 is 30 positions, not the 31 that binary fractions suggest.

    Raises:
        ScenarioError: shrinkage below 0 or not below 1.

    >>> int(positions(14, 0.3)), int(positions(21, 0.3))
    (20, 30)
    """
    if not 0 <= shrinkage < 1:
        raise out_of_range("shrinkage", shrinkage, 0, 1)
    net = np.asarray(agents, float) / (1 - shrinkage)
    return np.ceil(np.round(net, 9)).astype(np.int64)[()]
