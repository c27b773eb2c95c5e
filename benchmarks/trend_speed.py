"""Trend verdicts against pymannkendall: many short series, and one very long one in time and memory.

``python -m benchmarks.trend_speed``. The peer is no requirement of the app: ``pip install pymannkendall``. Both run in the same
environment, in turns; CPU seconds, medians. Memory is the peak a run allocates on top of what was there (tracemalloc), each in a process
of its own.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.false_alarms import daily_table
from core.trends import mann_kendall, theil_sen, trend_verdicts

Floats = NDArray[np.float64]
SERIES, DAYS, LONG, RUNS = 1_600, 90, 20_000, 5
TITLES = {
    "many": f"{SERIES:,} series of {DAYS} days, verdicts against the peer's test and slope",
    "long": f"Mann-Kendall and Sen's slope at n = {LONG:,}",
}
GOALS = {"many": 5.0, "long": 5.0, "memory": 100.0}


def peer(x: Floats) -> tuple[float, float]:
    """The peer's plain test, which also gives Sen's slope: p and slope."""
    try:
        import pymannkendall
    except ImportError:
        raise SystemExit("the peer is missing: pip install pymannkendall") from None
    found = pymannkendall.original_test(x)
    return float(found.p), float(found.slope)


def ours(x: Floats) -> tuple[float, float]:
    """The same two figures of one series."""
    return mann_kendall(x).p, theil_sen(x).slope


def taken(work: Callable[[], object]) -> float:
    """CPU seconds of one run."""
    began = time.process_time()
    work()
    return time.process_time() - began


def many(series: int = SERIES, days: int = DAYS, runs: int = RUNS) -> tuple[float, float]:
    """Seconds for verdicts of many series (two tests, slope, interval, family) and for the peer's one test and slope of each."""
    values = 20 + np.random.default_rng(1).normal(size=(series, days))
    table = daily_table(values)
    pairs = [(taken(lambda: trend_verdicts(table)), taken(lambda: [peer(row) for row in values])) for _ in range(runs)]
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    return mine, other


def long(n: int = LONG, runs: int = 3) -> tuple[float, float]:
    """Seconds for Mann-Kendall and Sen's slope of one long series, after checking that both sides say the same."""
    x = np.random.default_rng(2).normal(size=n)
    (p, slope), (their_p, their_slope) = ours(x), peer(x)
    assert np.isclose(p, their_p, rtol=1e-6), (p, their_p)
    assert np.isclose(slope, their_slope, rtol=1e-9, atol=1e-15), (slope, their_slope)
    pairs = [(taken(lambda: ours(x)), taken(lambda: peer(x))) for _ in range(runs)]
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    return mine, other


def peak(work: Callable[[Floats], object], n: int) -> int:
    """Bytes one run allocates at most, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return int(pool.apply(_peak, (work, n)))


def _peak(work: Callable[[Floats], object], n: int) -> int:
    x = np.random.default_rng(2).normal(size=n)
    work(x[:50])  # imports and caches are not what is measured
    tracemalloc.start()
    work(x)
    return tracemalloc.get_traced_memory()[1]


def main() -> None:
    """Time all and print the ratios."""
    peer(np.arange(20.0))
    for name, (mine, other) in {"many": many(), "long": long()}.items():
        print(f"{TITLES[name]}: CPU {mine:.3f} s, peer {other:.2f} s, ratio {other / mine:.1f} (goal {GOALS[name]:g})")
    small, large = peak(ours, LONG), peak(peer, LONG)
    print(f"the same, peak memory: {small / 1e6:.1f} MB, peer {large / 1e6:,.0f} MB, ratio {large / small:.0f} (goal {GOALS['memory']:g})")


if __name__ == "__main__":
    main()
