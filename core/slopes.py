"""Pairs of a long series: its Mann-Kendall score, and any of its pairwise slopes by place, without listing all pairs.

Twenty thousand values have two hundred million pairs. The score counts them by merge sort; a slope is found by narrowing a bracket with
such counts until few pairs are left in it, and only those are listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]
_LISTED = 4  # pairs listed at the end, per value
_SAMPLED = 20_000
_STEPS = 90  # halvings after which two floats are neighbours
_FURTHEST = 3_000
_OFF_CENTRE = 0.487_130_551  # a cut that is itself a slope would leave open on which side its pairs lie; halves of round numbers often are


def kendall_score(x: ArrayLike) -> int:
    """Mann-Kendall S of a series without gaps, in O(n log n).

    >>> kendall_score([1, 2, 3, 2])
    3
    """
    values = np.asarray(x, dtype=np.float64)
    n = len(values)
    ties = tie_sum(values, False)
    pairs = n * (n - 1) // 2
    if pairs <= ties:
        return 0
    # SciPy counts discordant pairs by merge sort; only its tau is right for a trend, its p-value is not Mann-Kendall's
    tau = stats.kendalltau(np.arange(n), values, method="asymptotic").statistic
    return round(float(tau * np.sqrt(float(pairs) * float(pairs - ties))))


def tie_sum(values: Floats, five: bool) -> int:
    """Sum over tied groups of t(t−1)/2, or of t(t−1)(2t+5) with ``five``.

    >>> tie_sum(np.array([1.0, 1.0, 1.0, 2.0]), False), tie_sum(np.array([1.0, 1.0]), True)
    (3, 18)
    """
    counts = np.unique(values, return_counts=True)[1]
    tied = counts[counts > 1].astype(object)
    return int(sum(t * (t - 1) * (2 * t + 5) if five else t * (t - 1) // 2 for t in tied))


def slopes_by_place(y: Floats, x: Floats, places: NDArray[np.int64]) -> Floats:
    """The pairwise slopes at the given places (from 0) of their ascending order; x ascends, both without gaps.

    >>> slopes_by_place(np.array([0.0, 1.0, 4.0, 2.0]), np.arange(4.0), np.array([0, 5])).tolist()
    [-2.0, 3.0]
    """
    known = _Pairs(np.asarray(y, dtype=np.float64), np.asarray(x, dtype=np.float64))
    return np.array([known.slope(int(place)) for place in places])


@dataclass(frozen=True)
class _Bracket:
    """Two slopes and how many pairs lie below each; ties count half."""

    low: float
    high: float
    below_low: float
    below_high: float

    @property
    def inside(self) -> float:
        return self.below_high - self.below_low


class _Pairs:
    """The pairs of one series; remembers what it listed last, because the two middle places are neighbours."""

    def __init__(self, y: Floats, x: Floats) -> None:
        self.y, self.x, self.pairs = y, x, len(y) * (len(y) - 1) // 2
        self.flat = tie_sum(y, False)
        self.below_flat = self.below(0.0) - self.flat / 2
        self.first, self.listed = 0, np.zeros(0)

    def below(self, slope: float) -> float:
        """Pairs that rise less than a slope; those that rise just so count half."""
        return (self.pairs - kendall_score(self.y - slope * self.x)) / 2

    def slope(self, place: int) -> float:
        """The slope at a place."""
        if self.below_flat <= place < self.below_flat + self.flat:
            return 0.0
        if not self.first <= place < self.first + len(self.listed):
            bracket = self._narrowed(place)
            self.first, self.listed = int(bracket.below_low), self._inside(bracket)
            if not self.first <= place < self.first + len(self.listed):  # many pairs rise alike: the bracket has become one number
                return (bracket.low + bracket.high) / 2
        return float(self.listed[place - self.first])

    def _narrowed(self, place: int) -> _Bracket:
        neighbours = np.diff(self.y) / np.diff(self.x)  # every slope is a mean of neighbouring ones
        found = _Bracket(float(neighbours.min()) - 1.0, float(neighbours.max()) + 1.0, 0.0, float(self.pairs))
        for guess in self._guesses(place):
            found = self._cut(found, guess, place)
        for step in range(_STEPS):
            middle = found.low + _OFF_CENTRE * (found.high - found.low)
            if found.inside <= _LISTED * len(self.y) or not found.low < middle < found.high:
                break
            for guess in (middle,) if step % 4 == 3 else _around(found, place, len(self.y)):
                found = self._cut(found, guess, place)
        return found

    def _cut(self, bracket: _Bracket, slope: float, place: int) -> _Bracket:
        if not bracket.low < slope < bracket.high:
            return bracket
        below = self.below(slope)
        if below > place:
            return _Bracket(bracket.low, slope, bracket.below_low, below)
        return _Bracket(slope, bracket.high, below, bracket.below_high)

    def _guesses(self, place: int) -> Iterator[float]:
        """Slopes a little below and above, from a drawn sample of pairs; they decide about speed only."""
        rng = np.random.default_rng(len(self.y))
        one, other = rng.integers(0, len(self.y), (2, _SAMPLED))
        one, other = one[one != other], other[one != other]
        drawn = np.sort((self.y[one] - self.y[other]) / (self.x[one] - self.x[other]))
        share = place / self.pairs
        spread = 4 * np.sqrt(share * (1 - share) / len(drawn)) + 2 / len(drawn)
        for edge in (share - spread, share + spread):
            at = int(np.clip(edge * len(drawn), 0, len(drawn) - 2))
            yield float(drawn[at] + _OFF_CENTRE * (drawn[at + 1] - drawn[at] + 1e-7 * (drawn[-1] - drawn[0])))

    def _inside(self, bracket: _Bracket) -> Floats:
        """All slopes of a narrow bracket in order; empty when they are too many or rounding blurs which belong to it."""
        wanted = round(bracket.inside)
        if wanted > _LISTED * len(self.y) or bracket.below_low % 1 or bracket.below_high % 1:
            return np.zeros(0)
        order = np.argsort(self.y - bracket.low * self.x, kind="stable")
        later, y, x = (self.y - bracket.high * self.x)[order], self.y[order], self.x[order]
        found, size = [], 0
        for gap in range(1, min(len(y), _FURTHEST)):
            at = np.flatnonzero(later[gap:] < later[:-gap])
            size += len(at)
            found.append((y[at + gap] - y[at]) / (x[at + gap] - x[at]))
            if size >= wanted:
                break
        return np.sort(np.concatenate(found)) if size == wanted else np.zeros(0)


def _around(bracket: _Bracket, place: int, n: int) -> tuple[float, float]:
    """Where the place would lie if slopes were spread evenly, and a little on both sides of it."""
    share = (place + 0.5 - bracket.below_low) / bracket.inside
    margin = max(0.5 * _LISTED * n / bracket.inside / 2, 0.004)
    low, high = (min(max(edge, 1e-6), 1 - 1e-6) for edge in (share - margin, share + margin))
    width = bracket.high - bracket.low
    return bracket.low + low * width, bracket.low + high * width
