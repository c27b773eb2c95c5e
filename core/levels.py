"""Like with like: a scored figure beside the level of the same language, channel, shift or issue.

Who answers in a language in which everybody needs longer is not worse for it. Each label has its own level (the figure of all its cases);
an agent's mix of labels has a level of its own, and the figure is moved by what that mix is worth: times and ratios in proportion, shares
and points by the difference. It is the same as giving every label a target of its own, as far from the shop's as its level is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.engine import Observed
from core.engine.observe import UNKNOWN
from core.kpis import KpiTable, kpi_table
from core.metrics import SCORED, Metric, judged_from
from core.scenario import Scenario

Floats = NDArray[np.float64]
NONE = "none"
ADDED = {"share": (0.0, 1.0), "points": (0.0, 100.0), "rating": (-np.inf, np.inf)}
"""Units whose levels differ by an amount, with the bounds of the unit; all others differ in proportion."""


@dataclass(frozen=True)
class Level:
    """What the labels of a dimension make of each figure.

    Args:
        factor, shift: rows of the table × scored metrics; 1 and 0 where nothing is known.
        labels: one row per label × scored metric: label, key, value, n, known (enough cases to be a level), factor and shift of a row
            that has this label's cases alone.
    """

    factor: Floats
    shift: Floats
    labels: pd.DataFrame

    def applied(self, values: Floats) -> Floats:
        """Values as they count, … × rows × scored metrics; a share stays a share."""
        found = values * self.factor + self.shift
        for at, each in enumerate(SCORED):
            low, high = ADDED.get(each.unit, (-np.inf, np.inf))
            found[..., at] = np.clip(found[..., at], low, high)
        return found

    def own(self, row: int, at: int, value: float) -> float:
        """The row's own figure that counts as ``value``: the way back."""
        return float((value - self.shift[row, at]) / self.factor[row, at])


class Levels:
    """Levels of one log, period and filter, each made when first asked for."""

    def __init__(self, observed: Observed, scenario: Scenario) -> None:
        self._observed, self._scenario = observed, scenario
        self._known: dict[tuple[str, ...], Level] = {}

    def of(self, table: KpiTable, dimension: str) -> Level | None:
        """The level of every row's mix of a dimension; None for ``none`` and where the rows are that dimension."""
        if dimension == NONE or dimension in table.by:
            return None
        key = (*table.by, dimension)
        if key not in self._known:
            self._known[key] = self._made(table, dimension)
        return self._known[key]

    def _made(self, table: KpiTable, dimension: str) -> Level:
        keys = [each.key for each in SCORED]
        ask: Callable[..., KpiTable] = lambda by: kpi_table(self._observed, self._scenario, by, table.period, keys)  # noqa: E731
        return level(table, ask((*table.by, dimension)), ask((dimension,)))


def level(table: KpiTable, cells: KpiTable, labels: KpiTable) -> Level:
    """Levels from figures by row and label and by label.

    Args:
        table: the rows. cells: figures by the same grouping × the dimension. labels: figures by the dimension alone.

    A label with fewer cases than are judged (30 for shares, 50 for times) has the level of all others together, as have cases without
    a label. Where fewer than two labels are known, or the figure does not know the dimension, nothing moves.
    """
    place = pd.MultiIndex.from_frame(table.groups.astype("str"))
    at = place.get_indexer(pd.MultiIndex.from_frame(cells.groups[list(table.by)].astype("str")))
    named = labels.groups[labels.by[0]].astype("str")
    of = pd.Index(named).get_indexer(cells.groups[labels.by[0]].astype("str"))
    found = [_one(each, table, (cells, at, of), (labels, named.to_numpy() != UNKNOWN)) for each in SCORED]
    told = [frame.assign(label=named.to_numpy(), key=each.key) for each, (_, _, frame) in zip(SCORED, found, strict=True)]
    return Level(
        np.column_stack([one[0] for one in found]), np.column_stack([one[1] for one in found]),
        pd.concat(told, ignore_index=True)[["label", "key", "value", "n", "known", "factor", "shift"]],
    )  # fmt: skip


def _one(
    each: Metric,
    table: KpiTable,
    cells: tuple[KpiTable, NDArray[np.int64], NDArray[np.int64]],
    labelled: tuple[KpiTable, NDArray[np.bool_]],
) -> tuple[Floats, Floats, pd.DataFrame]:
    """Factor and shift of every row for one metric, and its labels."""
    labels, named = labelled
    shown = labels.column(each.key, each.statistic)
    n = np.nan_to_num(labels.column(each.key, "n"))
    known = named & (n >= judged_from(each)) & ~np.isnan(shown)
    frame = pd.DataFrame({"value": shown, "n": n, "known": known, "factor": 1.0, "shift": 0.0})
    rows = len(table)
    if known.sum() < 2:
        return np.ones(rows), np.zeros(rows), frame
    whole = float(np.average(shown[known], weights=n[known]))
    by_label = np.where(known, shown, whole)
    table_cells, at, of = cells
    cases = np.nan_to_num(table_cells.column(each.key, "n"))
    hit = (at >= 0) & (of >= 0)
    total = np.bincount(at[hit], cases[hit], rows)
    mix = np.divide(np.bincount(at[hit], (cases * by_label[of])[hit], rows), total, out=np.full(rows, whole), where=total > 0)
    factor, shift = _moves(each, whole, mix)
    frame["factor"], frame["shift"] = _moves(each, whole, by_label)
    return factor, shift, frame


def _moves(each: Metric, whole: float, mix: Floats) -> tuple[Floats, Floats]:
    if each.unit in ADDED:
        return np.ones(len(mix)), whole - mix
    positive = (mix > 0) & (whole > 0)
    return np.divide(whole, mix, out=np.ones(len(mix)), where=positive), np.zeros(len(mix))
