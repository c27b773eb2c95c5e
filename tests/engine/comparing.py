"""Engine against oracle: every KPI of every agent and of the shop, cell by cell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.engine import build_facts, observe
from core.kpis import Kpi, KpiTable, kpi_table
from core.log import Log
from core.scenario import Scenario
from tests.oracle import Figure, Rows, Rules, figures
from tests.strategies import as_log

UNCOMPARED = frozenset({"courtesy", "transfer_time", "peer_review"})
"""Word lists and hand-over times have tests of their own by hand."""
WHOLE_MS = 0.0005
"""The engine keeps effort in whole milliseconds per conversation; everything else agrees to 1e-9."""


@dataclass(frozen=True)
class Comparison:
    """Cells compared and the ones that differ, as text."""

    cells: int
    differences: tuple[str, ...]


def compare(tables: Mapping[str, Rows], zone: str, log: Log | None = None, **rules: Any) -> Comparison:
    """Both roads from the same rows; ``rules`` are those of the oracle, given to the engine as knobs."""
    observed = observe(build_facts(log or as_log(tables, zone)), Scenario.of(_knobs(rules)))
    wanted = figures(tables, zone, Rules(**rules))
    tables_of = {"shop": kpi_table(observed, by=("shop",)), "agent": kpi_table(observed)}
    who = ["shop", *sorted({*wanted, *tables_of["agent"].groups["agent"]} - {"shop"})]
    return _all(who, tables_of, wanted)


def _knobs(rules: Mapping[str, Any]) -> dict[str, Any]:
    names = {"fcr_rule", "fcr_h", "repeat_d", "repeat_same_issue", "owner", "conversion_d", "within_s"}
    return {name: value for name, value in rules.items() if name in names}


def _all(who: list[str], of: Mapping[str, KpiTable], wanted: Mapping[str, Mapping[str, Figure]]) -> Comparison:
    cells, found = 0, []
    for name in who:
        table = of["shop"] if name == "shop" else of["agent"]
        row = 0 if name == "shop" else table.row(name)
        if row < 0:
            found += [f"{name}: no row, yet {key} {figure}" for key, figure in wanted[name].items() if figure.n]
            continue
        for metric in table.metrics:
            cell = table.cell(row, metric.key)
            if metric.key in UNCOMPARED or cell.reason == "missing_columns":
                continue
            nothing = Figure(0.0 if metric.measure.kind == "count" else None, 0)
            figure = wanted.get(name, {}).get(metric.key, nothing)
            cells += 1
            if not _agree(cell, figure, metric.key, bool(metric.measure.values)):
                found.append(f"{name} {metric.key}: engine {cell}, oracle {figure}")
    return Comparison(cells, tuple(found))


def _agree(cell: Kpi, figure: Figure, key: str, quantiles: bool) -> bool:
    if not _same(cell.value, figure.value, key):
        return False
    if figure.value is None:
        return True
    if abs(cell.n - figure.n) > 1e-9:
        return False
    return not quantiles or (_same(cell.median, figure.median, key) and _same(cell.p90, figure.p90, key))


def _same(engine: float, oracle: float | None, key: str) -> bool:
    if oracle is None or math.isnan(engine):
        return oracle is None and math.isnan(engine)
    slack = WHOLE_MS if key == "handle_time" else 1e-9 * max(1.0, abs(oracle))
    return abs(engine - oracle) <= slack
