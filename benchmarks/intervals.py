"""Intervals of 200 agents in closed form against a general bootstrap of the same figures.

    python -m benchmarks.intervals

Median, share and mean of 300 conversations per agent over 30 days. The peer is ``scipy.stats.bootstrap`` (percentile, vectorised, 1,000
resamples; the mean is resampled by day, as ours is blocked by day), run for ten agents and scaled to all. CPU seconds, best of several.
Prints the ratios and how far the two differ in width.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from core.fairness import clustered_ratio_by, quantile_interval_by, wilson
from core.shrinkage import median_error

AGENTS, CASES, DAYS, RESAMPLES, SAMPLED = 200, 300, 30, 1000, 10
GOAL = 100
Floats = NDArray[np.float64]


def taken(work: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Best CPU seconds of some runs, and what came out."""
    spent = []
    for _ in range(times):
        began = time.process_time()
        found = work()
        spent.append(time.process_time() - began)
    return min(spent), found


def resampled(samples: list[tuple[Floats, ...]], statistic: Callable[..., Any], paired: bool) -> Callable[[], list[Any]]:
    """A bootstrap of each sample; ``paired`` resamples rows of several columns together."""
    rng = np.random.default_rng(1)

    def work() -> list[Any]:
        return [
            stats.bootstrap(
                sample, statistic, n_resamples=RESAMPLES, method="percentile", rng=rng, vectorized=True, paired=paired
            ).confidence_interval
            for sample in samples
        ]

    return work


def main() -> int:
    """Print one line per figure; 1 when a goal is missed."""
    rng = np.random.default_rng(20_260_701)
    agent = np.repeat(np.arange(AGENTS), CASES)
    value = rng.lognormal(4, 1, AGENTS * CASES)
    day = rng.integers(0, DAYS, AGENTS * CASES)
    order = np.lexsort((value, agent))
    totals = np.zeros((AGENTS, DAYS))
    counts = np.zeros((AGENTS, DAYS))
    np.add.at(totals, (agent, day), value)
    np.add.at(counts, (agent, day), 1)
    hits = rng.binomial(CASES, 0.85, AGENTS)
    grid = value.reshape(AGENTS, CASES)
    flags = [np.r_[np.ones(h), np.zeros(CASES - h)] for h in hits[:SAMPLED]]
    ours: dict[str, Callable[[], Any]] = {
        "median": lambda: quantile_interval_by(agent, value[order])[1],
        "share": lambda: wilson(hits, np.full(AGENTS, CASES)),
        "mean": lambda: clustered_ratio_by(np.repeat(np.arange(AGENTS), DAYS), totals.ravel(), counts.ravel())[1],
    }
    peers = {
        "median": resampled([(grid[at],) for at in range(SAMPLED)], np.median, False),
        "share": resampled([(flag,) for flag in flags], np.mean, False),
        "mean": resampled(
            [(totals[at], counts[at]) for at in range(SAMPLED)], lambda t, c, axis=-1: t.sum(axis=axis) / c.sum(axis=axis), True
        ),
    }
    missed = 0
    for name, work in ours.items():
        mine, found = taken(work, 20)
        theirs, drawn = taken(peers[name], 2)
        ratio = theirs * AGENTS / SAMPLED / max(mine, 1e-6)
        width = np.mean([found[at].high - found[at].low for at in range(SAMPLED)]) / np.mean([end.high - end.low for end in drawn])
        print(f"{name:7s} closed form {1000 * mine:8.2f} ms, bootstrap {1000 * theirs * AGENTS / SAMPLED:9.0f} ms: {ratio:7.0f} times, "
              f"width {width:.2f} of the bootstrap's")  # fmt: skip
        missed += ratio < GOAL
    spent, _ = taken(lambda: [median_error(np.sort(row)) for row in grid], 5)
    print(f"standard errors of {AGENTS} medians in closed form: {1000 * spent:.1f} ms")
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
