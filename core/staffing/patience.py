"""Waiting before an answer when contacts give up: Erlang A (M/M/n+M).

The wait that a contact with endless patience would have (the virtual wait) has the density
``λ π exp((λ/θ)(1 - exp(-θt)) - n μ t)``; every figure is an integral of it, taken by Gauss–Legendre between the points
where the density no longer matters. Finite at any load: those who leave keep the queue short.

Four meanings of "service level" are in use and all four are returned; the project's own is
``answered_within_t_of_offered``.

Source: C. Palm (1946); F. Baccelli & G. Hebuterne (1981); A. Mandelbaum & S. Zeltyn (2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.staffing.queues import FloatArray, check_share, erlang_b, required_agents, shaped

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
# The density is cut where it is exp(-45) ≈ 3e-20 of its peak.
_CUT = 45.0


@dataclass(frozen=True, eq=False)
class ErlangA:
    """What Erlang A says about a queue or an array of queues; times in the unit of the input.

    ``abandoned_within_t`` counts leavers who would have been reached within T; leavers who would have waited longer
    than T stay in the denominator of ``sl_excl_short_abandons``, so that a long queue cannot hide behind them.
    """

    prob_wait: Any
    prob_abandon: Any
    mean_wait: Any
    mean_queue: Any
    occupancy: Any
    answered_within_t_of_offered: Any
    virtual_wait_le_t: Any
    answered_within_t_of_answered: Any
    abandoned_within_t: Any
    sl_excl_short_abandons: Any


@dataclass(frozen=True, eq=False)
class _Density:
    """The unnormalised density of the virtual wait: arrivals, service capacity, rate of giving up."""

    arrivals: FloatArray
    capacity: FloatArray
    leaving: FloatArray

    def exponent(self, t: FloatArray) -> FloatArray:
        return -self.arrivals * np.expm1(-self.leaving * t) / self.leaving - self.capacity * t

    def peak(self) -> FloatArray:
        ratio = self.arrivals / self.capacity
        return np.asarray(np.where(ratio > 1, np.log(np.maximum(ratio, 1.0)) / self.leaving, 0.0))

    def edge(self, inside: FloatArray, outside: FloatArray) -> FloatArray:
        """The time between two bounds where the density has fallen to nothing, by halving."""
        floor = self.exponent(self.peak()) - _CUT
        for _ in range(50):
            middle = 0.5 * (inside + outside)
            lost = self.exponent(middle) < floor
            inside, outside = np.where(lost, inside, middle), np.where(lost, middle, outside)
        return outside

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        peak = self.peak()
        far = 1 / self.capacity
        floor = self.exponent(peak) - _CUT
        while np.any(short := self.exponent(peak + far) > floor):
            far = np.where(short, 2 * far, far)
        start = np.where(self.exponent(np.zeros_like(peak)) < floor, self.edge(peak, np.zeros_like(peak)), 0.0)
        return start, self.edge(peak, peak + far)

    def moments(self, start: FloatArray, end: FloatArray) -> tuple[FloatArray, FloatArray]:
        """∫ density and ∫ density · P(still patient) between two times, relative to the density's peak."""
        half = 0.5 * (end - start)[..., None]
        t = start[..., None] + half * (1 + _NODES)
        wide = _Density(self.arrivals[..., None], self.capacity[..., None], self.leaving[..., None])
        mass = np.exp(wide.exponent(t) - self.exponent(self.peak())[..., None]) * _WEIGHTS * half
        return mass.sum(axis=-1), (mass * np.exp(-wide.leaving * t)).sum(axis=-1)


def erlang_a(
    arrivals: ArrayLike, aht: ArrayLike, patience: ArrayLike, agents: ArrayLike, within: ArrayLike
) -> ErlangA:
    """Erlang A for queues whose contacts leave after an exponential patience.

    Args:
        arrivals: contacts per unit of time (> 0).
        aht: mean handle time, same unit.
        patience: mean patience, same unit. Logged abandonments alone make it look too long.
        agents: whole agents present (≥ 1).
        within: the T of "answered within T".

    Returns:
        An :class:`ErlangA` of numbers, or of arrays where an argument is one.

    >>> queue = erlang_a(20, 1, 1, 22, 0.25)
    >>> round(float(queue.answered_within_t_of_offered), 6), round(float(queue.prob_abandon), 6)
    (0.900288, 0.048975)
    """
    rate, aht_, mean_patience, n, t = shaped(arrivals, aht, patience, agents, within)
    density = _Density(rate, n / aht_, 1 / mean_patience)
    start, end = density.bounds()
    cut = np.clip(t, start, end)
    early, early_patient = density.moments(start, cut)
    late, late_patient = density.moments(cut, end)
    # Relative to the peak, P(no wait) shrinks by exp(-peak): only the ratio of the two matters.
    free = np.exp(-density.exponent(density.peak())) / (rate * np.asarray(erlang_b(rate * aht_, n - 1)))
    total = free + early + late
    wait, abandon = (early + late) / total, (early + late - early_patient - late_patient) / total
    answered = (free + early_patient) / total
    left = (early - early_patient) / total
    mean_wait = abandon * mean_patience
    figures = (
        wait, abandon, mean_wait, rate * mean_wait, rate * aht_ * (1 - abandon) / n,
        answered, 1 - late / total, answered / (1 - abandon), left, answered / (1 - left),
    )  # fmt: skip
    return ErlangA(*(np.asarray(figure)[()] for figure in figures))


def required_agents_patience(
    arrivals: ArrayLike, aht: ArrayLike, patience: float, within: ArrayLike, target: float, *, max_occupancy: float = 1
) -> Any:
    """Fewest agents that answer the target share of offered contacts within T when contacts give up (Erlang A).

    Halving between one agent and what Erlang C asks for, which is never fewer.

    Returns:
        Whole agents present, 0 where nothing arrives; never more than Erlang C.

    Raises:
        ScenarioError: target or occupancy outside 0–1.

    >>> required_agents_patience([0, 6, 24, 48], 1, 2, 20 / 60, 0.8).tolist()
    [0, 8, 24, 46]
    """
    check_share("max_occupancy", max_occupancy)
    rate, aht_, soon = shaped(arrivals, aht, within)
    most = np.asarray(required_agents(rate * aht_, aht_, soon, target, max_occupancy))
    low, high = np.minimum(most, 1), most.copy()
    safe_rate = np.where(rate > 0, rate, 1.0)
    while np.any(low < high):
        middle = np.maximum((low + high) // 2, 1)
        queue = erlang_a(safe_rate, aht_, patience, middle, soon)
        met = (queue.answered_within_t_of_offered >= target) & (queue.occupancy <= max_occupancy + 1e-12)
        searching = low < high
        high = np.where(searching & met, middle, high)
        low = np.where(searching & ~met, middle + 1, low)
    return high[()]
