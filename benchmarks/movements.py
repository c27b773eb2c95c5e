"""All or one: how often nothing is called something, and how often what was planted is found.

    python -m benchmarks.movements --runs 400

Shops of agents × days with single cases behind every figure. Per question: shops where nothing is planted (share of shops in which
anything is told, nominal 5 %), and shops where something is (share in which it is found, and nothing else). Fixed seeds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from core.anomalies import DayRules, unusual_days
from core.associations import associations, contrasts_of
from core.rush import in_rush
from core.slowdowns import SlowRules, slowdowns
from core.systemic import SplitRules, split
from tests.movements import FIRST, hours, period, shop
from tests.test_anomalies import series
from tests.test_associations import cells
from tests.test_rush import busy

DRAWS = 499
TOLD = ["evidence", "strong_evidence"]
Case = tuple[str, str, Callable[[int], bool]]


def judged(seed: int, **planted: Any) -> Any:
    """The split of a simulated shop."""
    rows = shop(np.random.default_rng([seed, 101]), **planted)
    return split(rows, SplitRules(period(planted.get("weeks", 12)), share=planted.get("share", False), draws=DRAWS, seed=seed))


def together(verdict: str, named: tuple[str, ...] = (), **planted: Any) -> Callable[[int], bool]:
    """Whether the split says this and names these."""

    def told(seed: int) -> bool:
        found = judged(seed, **planted)
        return bool(found.verdict == verdict and found.named == named)

    return told


def anything(**planted: Any) -> Callable[[int], bool]:
    """Whether the split calls anything."""
    return lambda seed: judged(seed, **planted).verdict != "neither"


def slow(outage: float, **kind: Any) -> Callable[[int], bool]:
    """Whether any slot is flagged; with an outage, whether its day is and no other."""

    def told(seed: int) -> bool:
        rows = slowdowns(hours(np.random.default_rng([seed, 103]), outage=outage, **kind), SlowRules(draws=DRAWS)).rows
        return bool(len(rows)) and (not outage or set(rows["local_day"]) == {FIRST + 30})

    return told


def day(**planted: Any) -> Callable[[int], bool]:
    """Whether any day is marked; with a spike, whether that day is."""

    def told(seed: int) -> bool:
        marked = unusual_days(series(seed + 1000, **planted), DayRules(log=True, draws=DRAWS)).marked["local_day"].tolist()
        return bool(FIRST + planted.get("days", 84) // 2 in marked if planted.get("spike") else marked)

    return told


def rush(names: list[str] | None, **planted: Any) -> Callable[[int], bool]:
    """Whether anybody is named; with names, whether exactly these are."""

    def told(seed: int) -> bool:
        found = in_rush(*busy(seed + 1000, **planted))
        named = found.named("steadier") + found.named("gives_way")
        return bool(named) if names is None else named == names

    return told


def ratings(found: bool, **planted: Any) -> Callable[[int], bool]:
    """Whether any association is told; with one planted, whether it is."""

    def told(seed: int) -> bool:
        frame: pd.DataFrame = cells(seed + 1000, **planted)
        rows = associations(frame, contrasts_of(frame, ("reply_time",), ("transferred",), {"channel": "channel"}))
        rows = rows[rows["verdict"].isin(TOLD)]
        return "reply_time" in set(rows["driver"]) if found else bool(len(rows))

    return told


CASES: tuple[Case, ...] = (
    ("systemic", "null: 12 agents × 12 weeks", anything()),
    ("systemic", "null, agents' days differ by 30 %", anything(restless=0.3)),
    ("systemic", "null, shares", anything(share=True)),
    ("systemic", "null, 4 agents × 6 weeks", anything(agents=4, weeks=6)),
    ("systemic", "all +22 % → systemic, nobody named", together("systemic", together=0.2)),
    ("systemic", "one +65 % → individual, he alone named", together("individual", ("a00",), alone=0.5)),
    ("systemic", "all −10 points of satisfaction → systemic", together("systemic", together=-0.1, share=True)),
    ("systemic", "both → both, he alone named", together("both", ("a00",), together=0.25, alone=0.7)),
    ("slow at once", "null: hours and days", slow(0.0)),
    ("slow at once", "null, 5 agents, sparse", slow(0.0, agents=5, per_hour=0.5)),
    ("slow at once", "outage of 3 hours, three times as slow", slow(1.1)),
    ("slow at once", "outage of 3 hours, 1.8 times as slow", slow(0.6)),
    ("unusual days", "null, 84 days", day()),
    ("unusual days", "null, neighbours alike 0.3", day(alike=0.3)),
    ("unusual days", "null, neighbours alike 0.6", day(alike=0.6)),
    ("unusual days", "null, 28 days", day(days=28)),
    ("unusual days", "spike of 5 sd", day(spike=0.5)),
    ("unusual days", "spike of 7 sd", day(spike=0.7)),
    ("rush", "null: all slower alike", rush(None)),
    ("rush", "one steady where all are 50 % slower", rush(["a00"], steady=0.0)),
    ("satisfaction", "null", ratings(False)),
    ("satisfaction", "null within agents, good agents slow", ratings(False, mixed=True)),
    ("satisfaction", "−5 points, 4,000 ratings", ratings(True, effect=0.05)),
)


def main() -> None:
    """One line per case: share of shops in which it is told, with its standard error."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--runs", type=int, default=400)
    words.add_argument("--only", default="", help="questions whose name begins so")
    given = words.parse_args()
    print("| question | case | told | ± | ms |\n|---|---|---|---|---|")
    for question, case, told in CASES:
        if not question.startswith(given.only):
            continue
        start = time.process_time()
        share = float(np.mean([told(seed) for seed in range(given.runs)]))
        took = (time.process_time() - start) / given.runs * 1000
        error = np.sqrt(share * (1 - share) / given.runs)
        print(f"| {question} | {case} | {share:.1%} | {error:.1%} | {took:.0f} |", flush=True)


if __name__ == "__main__":
    main()
