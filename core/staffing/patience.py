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
from numpy.typing import ArrayLike, NDArray

from core.scenario import MEANINGS
from core.staffing.queues import (
    FloatArray,
    IntArray,
    check_share,
    erlang_b,
    fewest_that,
    out_of_range,
    required_agents,
    shaped,
)

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
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

    def parts(self, within: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """∫ density and ∫ density · P(still patient) up to T and from T on, relative to the density's peak.

        Taken piece by piece: a sharp peak or a short patience would fall between the nodes of one long piece.
        """
        start, end = self.bounds()
        cut, peak = np.clip(within, start, end), self.peak()
        short = _CUT / self.leaving
        edges = [np.clip(edge, start, end) for edge in (cut, short / 10, short, peak, 2 * peak - start)]
        points = np.sort(np.stack([start, *edges, end]), axis=0)
        whole, patient = self.moments(points[:-1], points[1:])
        early = points[1:] <= cut
        sums = ((x * side).sum(axis=0) for side in (early, ~early) for x in (whole, patient))
        before, before_patient, after, after_patient = sums
        return before, before_patient, after, after_patient

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
        arrivals: contacts per unit of time. Without any nobody waits.
        aht: mean handle time, same unit (> 0).
        patience: mean patience, same unit (> 0). Logged abandonments alone make it look too long.
        agents: whole agents present. With none everybody leaves.
        within: the T of "answered within T".

    Returns:
        An :class:`ErlangA` of numbers, or of arrays where an argument is one.

    Raises:
        ScenarioError: a handle time or a patience that is not positive.

    >>> queue = erlang_a(20, 1, 1, 22, 0.25)
    >>> round(float(queue.answered_within_t_of_offered), 6), round(float(queue.prob_abandon), 6)
    (0.900288, 0.048975)
    """
    rate, aht_, mean_patience, n, t = shaped(arrivals, aht, patience, agents, within)
    _check_positive(aht=aht_, patience=mean_patience)
    busy, staff = np.where(rate > 0, rate, 1.0), np.maximum(n, 1)
    found = line_of_leavers(busy, staff / aht_, mean_patience, np.asarray(erlang_b(busy * aht_, staff - 1)), t)
    found = found.where(n > 0, Leavers(*(np.asarray(x) for x in (1.0, 1.0, 0.0, 0.0, 0.0))))
    found = found.where(rate > 0, Leavers(*(np.asarray(x) for x in (0.0, 0.0, 1.0, 1.0, 0.0))))
    mean_wait = found.abandon * mean_patience
    figures = (
        found.wait, found.abandon, mean_wait, rate * mean_wait, rate * aht_ * (1 - found.abandon) / staff,
        found.answered, found.reached, found.of_answered, found.left, found.excluding,
    )  # fmt: skip
    return ErlangA(*(np.asarray(figure)[()] for figure in figures))


def _check_positive(**values: FloatArray) -> None:
    for name, value in values.items():
        if not np.all(value > 0):
            raise out_of_range(name, float(np.min(value)), 0, np.inf)


@dataclass(frozen=True, eq=False)
class Leavers:
    """Shares of the contacts offered: wait, give up, answered in T, reached in T had they stayed, left before T."""

    wait: FloatArray
    abandon: FloatArray
    answered: FloatArray
    reached: FloatArray
    left: FloatArray

    def where(self, kept: NDArray[np.bool_], other: Leavers) -> Leavers:
        """These shares where ``kept``, the other ones elsewhere."""
        names = ("wait", "abandon", "answered", "reached", "left")
        return Leavers(*(np.where(kept, getattr(self, name), getattr(other, name)) for name in names))

    def level(self, meaning: str) -> FloatArray:
        """The service level in one of its four ``MEANINGS``."""
        names = ("answered", "of_answered", "reached", "excluding")
        found: FloatArray = getattr(self, names[MEANINGS.index(meaning)])
        return found

    @property
    def of_answered(self) -> FloatArray:
        """Answered in T out of those who were answered; 0 where nobody was."""
        return self.answered / np.maximum(1 - self.abandon, 1e-300)

    @property
    def excluding(self) -> FloatArray:
        """Answered in T out of those who did not leave within T; 0 where everybody did."""
        return self.answered / np.maximum(1 - self.left, 1e-300)


def line_of_leavers(
    rate: FloatArray, capacity: FloatArray, patience: FloatArray, last_place: FloatArray, within: FloatArray
) -> Leavers:
    """A queue whose contacts leave after an exponential patience, in front of any service with a constant full speed.

    Args:
        rate: contacts per unit of time (> 0).
        capacity: contacts finished per unit of time while every place is taken.
        patience: mean patience.
        last_place: probability that one place only is free, given that not all are taken (Erlang B of one agent fewer
            for calls).
        within: the T of "answered within T".

    >>> one = [np.array([x]) for x in (20.0, 22.0, 1.0, float(erlang_b(20, 21)), 0.25)]
    >>> line_of_leavers(*one).answered.round(6).tolist()
    [0.900288]
    """
    density = _Density(rate, capacity, 1 / patience)
    early, early_patient, late, late_patient = density.parts(within)
    # Relative to the peak, P(no wait) shrinks by exp(-peak): only the ratio of the two matters.
    with np.errstate(divide="ignore"):
        free = np.exp(-density.exponent(density.peak())) / (rate * last_place)
        share = np.where(np.isfinite(free), 1 / (free + early + late), 0.0)
    waits = (early + late) * share
    abandon = (early + late - early_patient - late_patient) * share
    return Leavers(
        waits, abandon, 1 - waits + early_patient * share, 1 - late * share, (early - early_patient) * share
    )


def required_agents_patience(
    arrivals: ArrayLike,
    aht: ArrayLike,
    patience: float,
    within: ArrayLike,
    target: float,
    *,
    max_occupancy: float = 1,
    meaning: str = MEANINGS[0],
) -> Any:
    """Fewest agents that answer the target share within T when contacts give up (Erlang A).

    Halving between one agent and what Erlang C asks for, which is never fewer.

    Args:
        arrivals, aht, patience, within: as :func:`erlang_a`.
        target: share to answer within T.
        max_occupancy: highest share of time an agent may be busy.
        meaning: which of ``MEANINGS`` the target is about; the default counts leavers as not answered.

    Returns:
        Whole agents present, 0 where nothing arrives; never more than Erlang C.

    Raises:
        ScenarioError: target or occupancy outside 0–1, an unknown meaning, a patience that is not positive.

    >>> required_agents_patience([0, 6, 24, 48], 1, 2, 20 / 60, 0.8).tolist()
    [0, 8, 24, 46]
    """
    check_share("max_occupancy", max_occupancy)
    check_meaning(meaning)
    rate, aht_, soon = shaped(arrivals, aht, within)
    most = np.asarray(required_agents(rate * aht_, aht_, soon, target, max_occupancy))
    busy = np.flatnonzero(most.ravel() > 0)
    each, takes, t = (x.ravel()[busy] for x in (rate, aht_, soon))

    def met(agents: IntArray, rows: IntArray) -> Any:
        queue = erlang_a(each[rows], takes[rows], patience, agents, t[rows])
        return (getattr(queue, meaning) >= target) & (queue.occupancy <= max_occupancy + 1e-12)

    needed = np.zeros(most.size, np.int64)
    needed[busy] = fewest_that(met, most.ravel()[busy])
    return needed.reshape(most.shape)[()]


def check_meaning(meaning: str) -> None:
    """Refuse a meaning of the service level that is not one of ``MEANINGS``.

    >>> check_meaning("virtual_wait_le_t")
    """
    if meaning not in MEANINGS:
        raise out_of_range("meaning", meaning, 0, len(MEANINGS))
