"""Ten thousand weightings of 200 agents: the chunked loop against one weighting at a time.

``python -m benchmarks.smaa``. Both count who takes which place and who reaches which grade, 200 agents × 6 KPIs × 10,000 weightings, and
the same numbers come out. Median CPU seconds of seven runs each, taken in turns, after one warm-up.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.metrics import SCORED
from core.weights import Card, acceptability, weightings

AGENTS, KPIS, WEIGHTINGS, RUNS, GOAL = 200, 6, 10_000, 7, 3.0
BANDS = {"A": 90.0, "B": 75.0, "C": 60.0}
Floats = NDArray[np.float64]


def card(agents: int = AGENTS, kpis: int = KPIS, seed: int = 3) -> Card:
    """Agents with points in the first KPIs of each group in turn."""
    rng = np.random.default_rng(seed)
    used = rng.permutation(len(SCORED))[:kpis]
    points, nominal = np.full((agents, len(SCORED)), np.nan), np.zeros(len(SCORED))
    points[:, used], nominal[used] = rng.uniform(30, 100, (agents, kpis)), 1 / kpis
    names = tuple(f"agent {at}" for at in range(agents))
    return Card(names, points, nominal, BANDS, np.zeros(agents), np.full(points.shape, np.nan))


def one_by_one(card: Card, shares: Floats) -> tuple[Floats, Floats]:
    """Places and grades by a loop over the weightings, each a matrix product and a sort."""
    used = card.nominal > 0
    points, weights = card.points[:, used], shares[:, used]
    places, reached = np.zeros((len(card), len(card))), np.zeros((3, len(card)))
    column = np.arange(len(card))
    edges = np.array(list(card.bands.values()))[:, None]
    for row in weights:
        total = points @ row
        places[np.argsort(-total), column] += 1
        reached += total >= edges
    return places / len(weights), reached / len(weights)


def taken(work: Callable[[Card, Floats], object], given: Card, shares: Floats) -> float:
    """CPU seconds of one run."""
    began = time.process_time()
    work(given, shares)
    return time.process_time() - began


def main() -> None:
    """Time both and print the ratio."""
    given = card()
    shares = weightings(given, size=WEIGHTINGS)
    ours, (places, reached) = acceptability(given, shares), one_by_one(given, shares)
    assert np.allclose(ours.ranks, places)
    assert np.allclose(ours.grades["A"], reached[0])
    runs = [(taken(acceptability, given, shares), taken(one_by_one, given, shares)) for _ in range(RUNS)]
    chunked, loop = (statistics.median(side) for side in zip(*runs, strict=True))
    print(f"{AGENTS} agents × {KPIS} KPIs × {WEIGHTINGS:,} weightings, median CPU of {RUNS}")
    print(f"chunked {chunked:.3f} s, one by one {loop:.3f} s, ratio {loop / chunked:.1f} (goal {GOAL:g})")


if __name__ == "__main__":
    main()
