"""A slider move against reading the log again: re-scoring 200 agents, and building the facts of a million messages.

``python -m benchmarks.rescoring FOLDER`` makes the log in FOLDER if it is not there. The scorecard holds fewer than 25 KPIs, so the table
is widened by rows until it has as many cells as 200 agents × 25 KPIs. Every run moves a weight, so that nothing can be remembered.
Best of many for the short work, median of three for the long one; CPU seconds, since other programs may be running.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.facts import ZONE
from benchmarks.make_messages import ensure
from core.engine import build_facts, observe
from core.kpis import KpiTable, kpi_table
from core.log import Log
from core.metrics import SCORED
from core.resampling import DRAWS, Floats
from core.robustness import doubt
from core.scenario import Scenario
from core.scoring import persons, score, scored_values

AGENTS, KPIS, MESSAGES, MOVES = 200, 25, 1_000_000, 40
GOAL = 0.01


def card(table: KpiTable, rows: int, seed: int = 3) -> KpiTable:
    """A table of so many agents in which every KPI has a value round its target, an interval and enough observations."""
    rng = np.random.default_rng(seed)
    shape = (rows, len(table.metrics))
    numbers = {name: np.full(shape, np.nan) for name in table.numbers} | {"n": np.full(shape, 500.0)}
    for metric in SCORED:
        at, ends = table.place(metric.key), metric.anchors
        assert ends is not None
        numbers["value"][:, at] = ends.passing + (ends.target - ends.passing) * rng.normal(0.5, 0.6, rows)
    numbers["value"][:, table.place("conversations")] = 500.0
    spread = np.abs(numbers["value"]) * 0.05
    for name, shift in (("median", 0), ("low", -1), ("median_low", -1), ("high", 1), ("median_high", 1)):
        numbers[name] = numbers["value"] + shift * spread
    groups = pd.DataFrame({"agent": [f"agent {number}" for number in range(rows)]})
    status, reason = np.full(shape, "ok", dtype=object), np.full(shape, "", dtype=object)
    return replace(table, groups=groups, numbers=numbers, status=status, reason=reason, sums={})


def taken(work: Callable[[Scenario], object], scenarios: list[Scenario]) -> float:
    """Best CPU seconds of one piece of work over some scenarios."""
    spent = []
    for scenario in scenarios:
        began = time.process_time()
        work(scenario)
        spent.append(time.process_time() - began)
    return min(spent)


def main() -> None:
    """Time both and print the ratio."""
    log = Log("bench", ZONE, {"messages": ensure(Path(sys.argv[1]), MESSAGES)})
    building = []
    for _ in range(3):
        began = time.process_time()
        facts = build_facts(log)
        building.append(time.process_time() - began)
    long = statistics.median(building)
    observed = observe(facts)
    table = persons(kpi_table(observed, Scenario(), ("agent",)))
    scenarios = [Scenario.of({"w_efficiency": 1 + move}) for move in range(MOVES)]
    print(f"facts of {MESSAGES:,} messages: {long:.2f} s CPU (median of 3)")
    for rows, what in (
        (AGENTS, f"{AGENTS} agents × {len(SCORED)} KPIs"),
        (math.ceil(AGENTS * KPIS / len(SCORED)), f"{AGENTS} × {KPIS} cells"),
    ):
        wide = card(table, rows)
        alone = taken(lambda scenario, wide=wide: score(wide, scenario), scenarios)
        verdict = "met" if alone / long <= GOAL else "MISSED"
        print(f"scores and grades, {what}: {alone * 1e3:.2f} ms, ratio {alone / long:.4f} (goal ≤ {GOAL}: {verdict})")
        values = scored_values(wide)[0]
        drawn = values * np.random.default_rng(4).normal(1, 0.03, (DRAWS, *values.shape))

        def with_doubt(scenario: Scenario, wide: KpiTable = wide, drawn: Floats = drawn) -> object:
            return doubt(score(wide, scenario), scenario, drawn)

        both = taken(with_doubt, scenarios[:8])
        print(f"  with the doubt of every grade, {DRAWS} draws: {both * 1e3:.1f} ms, ratio {both / long:.4f}")


if __name__ == "__main__":
    main()
