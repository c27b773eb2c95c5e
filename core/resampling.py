"""The sample's doubt of many KPIs at once: whole days of the shop redrawn, in closed form.

Redrawing days and adding up again is, to first order, a weighted sum of what each day did to each figure. So no row is read again: a
draw is one normal weight per day, shared by all agents and KPIs, and a matrix product. KPIs that suffer on the same days move together,
as they do when days are really redrawn; how far each one moves is its own interval's business.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.engine.observe import Observed
from core.grouped import Grouped
from core.kpis import KpiTable
from core.metrics import SCORED, Metric
from core.scenario import Scenario

Floats = NDArray[np.float64]
DRAWS, FEWEST_DRAWS, MOST_CELLS = 1000, 200, 400_000
"""A thousand draws; fewer for more than 400 rows, so that a shop of a thousand agents takes no more memory than one of four hundred."""
MOST_BLOCKS = 120
LEAST_BLOCKS = 10
SEED = 20_260_101
_REACH = 1.959964


def redrawn(observed: Observed, scenario: Scenario, table: KpiTable, draws: int = 0, seed: int = SEED) -> Floats:
    """Redrawn values of the scored KPIs, draws × rows of the table × scored metrics; NaN where the KPI has no value.

    Args:
        observed, scenario: what the table was made from; its period, filters and grouping count.
        table: figures with their 95 % intervals.
        draws: how often the days are redrawn; 0 lets the number of rows decide, see `draws_for`.
        seed: fixed, so that the same log and scenario give the same doubt.

    Around its value a KPI reaches as far as its own interval does on that side (1.96 standard deviations); shares and medians, whose
    intervals take conversations as independent, reach further where days differ more than chance allows (design effect, at least 1).
    Fewer than ten days: no design effect.
    """
    influence = influences(observed, scenario, table)
    draws = draws or draws_for(len(table))
    normal = np.random.default_rng(seed).standard_normal
    size = np.sqrt((influence**2).sum(axis=2))
    unit = np.divide(influence, size[:, :, None], out=np.zeros_like(influence), where=size[:, :, None] > 0)
    rows, metrics, blocks = unit.shape
    moved = (normal((draws, blocks)) @ unit.reshape(rows * metrics, blocks).T).reshape(draws, rows, metrics)
    still = size == 0
    moved[:, still] = normal((draws, int(still.sum())))
    return _around(table, moved * np.sqrt(_design_effects(table, influence)))


def draws_for(rows: int) -> int:
    """How many draws so many rows get.

    >>> draws_for(25), draws_for(1000), draws_for(100_000)
    (1000, 400, 200)
    """
    return min(DRAWS, max(FEWEST_DRAWS, MOST_CELLS // max(rows, 1)))


def _around(table: KpiTable, moved: Floats) -> Floats:
    for at, metric in enumerate(SCORED):
        place = table.place(metric.key)
        names = ("median", "median_low", "median_high") if metric.statistic == "median" else ("value", "low", "high")
        value, low, high = (table.numbers[name][:, place] for name in names)
        up, down = np.nan_to_num((high - value) / _REACH), np.nan_to_num((value - low) / _REACH)
        column = moved[:, :, at]
        moved[:, :, at] = value + np.where(column > 0, up, down) * column
    return moved


def influences(
    observed: Observed, scenario: Scenario, table: KpiTable, metrics: Sequence[Metric] = SCORED
) -> Floats:
    """What each day (or block of days, where there are more than 120) did to each figure: rows of the table × metrics × blocks.

    For a figure T / N a day counts T_d − (T / N) × N_d; for a median the observations above it minus half of the day's. In units of the
    numerator, not divided by N. Zero where a figure has no observations; each figure's days add up to zero.
    """
    view = Grouped(observed, scenario, table.by, table.period)
    keys = {name: at for at, name in enumerate(zip(*(view.groups()[name] for name in table.by), strict=True))}
    rows = np.array([keys[name] for name in zip(*(table.groups[name] for name in table.by), strict=True)], dtype=np.int64)
    found = np.zeros((len(rows), len(metrics), min(table.period.days, MOST_BLOCKS)))
    for at, metric in enumerate(metrics):
        if (table.status[:, table.place(metric.key)] != "unavailable").any():
            found[:, at] = _influence(view, metric)[rows]
    return found


def _influence(view: Grouped, metric: Metric) -> Floats:
    if metric.statistic == "median":
        return _of_median(view, metric)
    cells, sums = view.by_block(metric.measure.source, metric.measure.columns, MOST_BLOCKS)
    total, count = (_spread(view, cells, column) for column in sums)
    whole = count.sum(axis=1, keepdims=True)
    ratio = np.divide(total.sum(axis=1, keepdims=True), whole, out=np.zeros_like(whole), where=whole > 0)
    return np.asarray(total - ratio * count, dtype=np.float64)


def _of_median(view: Grouped, metric: Metric) -> Floats:
    groups, values, blocks = view.singles_by_block(metric.measure.source, metric.measure.values, MOST_BLOCKS)
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]]) if len(groups) else np.zeros(0, dtype=np.int64)
    size = np.diff(np.r_[starts, len(groups)])
    middle = np.repeat((values[starts + (size - 1) // 2] + values[starts + size // 2]) / 2, size)
    signs = np.sign(values - middle) / 2
    signs -= np.repeat(np.add.reduceat(signs, starts) / size, size) if len(starts) else 0.0
    return _spread(view, groups * _blocks(view) + blocks, signs)


def _spread(view: Grouped, cells: NDArray[np.int64], column: Floats) -> Floats:
    blocks = _blocks(view)
    shape = (len(view.order), blocks)
    return np.bincount(cells, weights=column, minlength=shape[0] * blocks).astype(np.float64).reshape(shape)


def _blocks(view: Grouped) -> int:
    return min(view.period.days, MOST_BLOCKS)


def _design_effects(table: KpiTable, influence: Floats) -> Floats:
    """Variance between days over the variance independent conversations would have; 1 where the interval is day-blocked already."""
    found = np.ones(influence.shape[:2])
    for at, metric in enumerate(SCORED):
        place = table.place(metric.key)
        n, share = table.numbers["n"][:, place], table.numbers["value"][:, place]
        median = metric.statistic == "median"
        if not median and metric.measure.kind != "share":
            continue
        independent = n / 4 if median else n * share * (1 - share)
        used = (influence[:, at] != 0).sum(axis=1)
        between = (influence[:, at] ** 2).sum(axis=1) * used / np.maximum(used - 1, 1)
        known = (used >= LEAST_BLOCKS) & (np.nan_to_num(independent) > 0)
        found[known, at] = np.maximum(between[known] / independent[known], 1.0)
    return found
