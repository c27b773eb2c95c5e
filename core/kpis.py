"""The KPI table: every figure of the catalogue for any grouping, with its interval, its n and, where it is missing, the reason.

One row is one group (an agent, a team, a weekday × hour …); one column is one KPI. Sums come from the cubes and pool exactly; medians and
p90 from the observations. Cards, charts, tables, files, reports and the command line all read this one table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.engine.observe import UNASSIGNED, Observed
from core.errors import Issue, ScenarioError, did_you_mean
from core.fairness import byar, clustered_ratio_by, quantile_interval_by, wilson
from core.grouped import Grouped
from core.metrics import METRICS, Metric
from core.period import Period, choose
from core.scenario import Scenario

Floats = NDArray[np.float64]
BY = ("shop", "agent", "team", "channel", "language", "category", "shift", "weekday", "hour", "date", "week")
_COLUMNS = ("value", "n", "low", "high", "median", "median_low", "median_high", "p90")


@dataclass(frozen=True)
class Kpi:
    """One figure: value with its interval, n, median and p90 where single observations exist, and the reason where it is missing."""

    value: float
    n: float
    low: float
    high: float
    median: float
    median_low: float
    median_high: float
    p90: float
    status: str
    label: str
    reason: str


@dataclass(frozen=True)
class KpiTable:
    """Figures of every metric for every group.

    Args:
        by: what the groups are, e.g. ``("agent",)``.
        groups: one row per group, columns as in ``by``: labels for text dimensions, numbers for days, weekdays and hours.
        metrics: the catalogue entries, in column order.
        numbers: column name → array groups × metrics (value, n, low, high, median, median_low, median_high, p90).
        status: ``ok``, ``too_few`` (n below the metric's minimum) or ``unavailable``, groups × metrics.
        reason: code of why, groups × metrics, empty when ok.
        label: ``given``, ``estimated`` or ``proxy`` per metric.
        sums: measure column → array of sums per group, for pooling and for day series.
    """

    by: tuple[str, ...]
    groups: pd.DataFrame
    metrics: tuple[Metric, ...]
    numbers: Mapping[str, Floats]
    status: NDArray[np.object_]
    reason: NDArray[np.object_]
    label: tuple[str, ...]
    period: Period
    sums: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def keys(self) -> tuple[str, ...]:
        """Metric keys in column order."""
        return tuple(metric.key for metric in self.metrics)

    def place(self, key: str) -> int:
        """Column of a metric; an unknown key is refused with the nearest known one."""
        if key not in self.keys:
            raise ScenarioError(
                Issue(
                    "unknown_metric",
                    "error",
                    value=key,
                    facts={"hint": did_you_mean(key, self.keys), "known": ", ".join(self.keys)},
                )
            )
        return self.keys.index(key)

    def column(self, key: str, name: str = "value") -> Floats:
        """One number of one metric for every group."""
        return self.numbers[name][:, self.place(key)]

    def cell(self, row: int, key: str) -> Kpi:
        """One figure with everything that belongs to it."""
        at = self.place(key)
        found = {name: float(self.numbers[name][row, at]) for name in _COLUMNS}
        return Kpi(**found, status=str(self.status[row, at]), label=self.label[at], reason=str(self.reason[row, at]))

    def row(self, *group: Any) -> int:
        """Row of a group; -1 when there is none."""
        hit = np.ones(len(self), dtype=bool)
        for name, wanted in zip(self.by, group, strict=True):
            hit &= (self.groups[name] == wanted).to_numpy()
        return int(np.flatnonzero(hit)[0]) if hit.any() else -1

    def frame(self, keys: Sequence[str] = ()) -> pd.DataFrame:
        """Long table: one row per group × metric with all numbers, status, label and reason."""
        places = [self.place(key) for key in keys] if keys else list(range(len(self.metrics)))
        size, wide = len(self), len(places)
        long = self.groups.loc[self.groups.index.repeat(wide)].reset_index(drop=True)
        long["key"] = np.tile(np.array([self.keys[at] for at in places], dtype=object), size)
        for name in _COLUMNS:
            long[name] = self.numbers[name][:, places].ravel()
        long["status"], long["reason"] = self.status[:, places].ravel(), self.reason[:, places].ravel()
        long["label"] = np.tile(np.array([self.label[at] for at in places], dtype=object), size)
        return long


def kpi_table(
    observed: Observed,
    scenario: Scenario | None = None,
    by: Sequence[str] = ("agent",),
    period: Period | None = None,
    keys: Sequence[str] = (),
    *,
    singles: bool = True,
) -> KpiTable:
    """Figures of every metric (or those of ``keys``) by any grouping, within the scenario's period and filters.

    Without ``singles`` no single value is read, and there are no medians and p90.

    Groups are those that have conversations (or turns, reviews, sales, hours) in the period; a figure whose columns the log lacks is
    ``unavailable`` with the reason, never zero. Rows are in the order of their labels. Raises `ScenarioError` for an unknown grouping.
    """
    scenario = scenario or Scenario()
    unknown = [name for name in by if name not in BY]
    if unknown:
        raise ScenarioError(
            Issue(
                "unknown_grouping",
                "error",
                value=unknown[0],
                facts={"hint": did_you_mean(unknown[0], BY), "known": ", ".join(BY)},
            )
        )
    period = period or choose(scenario, *observed.days, observed.zone)
    view = Grouped(observed, scenario, tuple(by), period)
    metrics = tuple(metric for metric in METRICS if metric.key in keys) if keys else METRICS
    columns = [_column(view, metric, singles) for metric in metrics]
    numbers = {name: np.column_stack([column.numbers[name] for column in columns]) for name in _COLUMNS}
    status = np.column_stack([column.status for column in columns])
    reason = np.column_stack([column.reason for column in columns])
    labels = tuple(column.label for column in columns)
    return KpiTable(tuple(by), view.groups(), metrics, numbers, status, reason, labels, period, view.all_sums())


@dataclass(frozen=True)
class _Column:
    numbers: dict[str, Floats]
    status: NDArray[np.object_]
    reason: NDArray[np.object_]
    label: str


def missing(metric: Metric, available: frozenset[str]) -> tuple[str, ...]:
    """Columns a metric would need and the log lacks; empty when one alternative is complete.

    >>> from core.metrics import metric
    >>> missing(metric("qa_score"), frozenset())
    ('reviews.score',)
    """
    lacks = [tuple(column for column in needs if column not in available) for needs in metric.needs]
    return min(lacks, key=len) if lacks else ()


def why_missing(metric: Metric, available: frozenset[str]) -> str:
    """Reason of a metric without its columns: ``date_only`` where they are there but hold days, not times of day.

    >>> from core.metrics import metric
    >>> why_missing(metric("resolution_time"), frozenset({"conversations.closed_at_dated"}))
    'date_only'
    """
    dated = {name.removesuffix("_dated") for name in available if name.endswith("_dated")}
    as_days = any(dated & set(needs) and set(needs) <= available | dated for needs in metric.needs)
    return "date_only" if as_days else "missing_columns"


def _column(view: Grouped, metric: Metric, singles: bool) -> _Column:
    lacks = missing(metric, view.observed.facts.available)
    if lacks and view.observed.given is not None and metric.key in view.observed.given.numbers:
        return _as_given(view, metric)
    if lacks:
        return _unavailable(
            len(view.order), "needs " + ", ".join(lacks), why_missing(metric, view.observed.facts.available)
        )
    measure = metric.measure
    if view.whole(measure.source) is None:
        return _unavailable(len(view.order), "", "date_only" if view.hourless else "no_dimension")
    numbers = _KINDS[measure.kind](view, metric)
    numbers |= _quantiles(view, metric if singles else None, len(view.order))
    n, value = numbers["n"], numbers["value"]
    empty = (n <= 0) | np.isnan(value) if measure.denominator else np.zeros(len(n), dtype=bool)
    few = ~empty & (n < metric.min_n)
    status = np.where(empty, "unavailable", np.where(few, "too_few", "ok")).astype(object)
    reason = np.where(empty, "no_observations", np.where(few, "below_minimum", "")).astype(object)
    label = view.observed.labelled.get(measure.numerator, "given")
    return _Column(numbers, status, reason, label)


def _unavailable(size: int, _detail: str, reason: str) -> _Column:
    numbers = {name: np.full(size, np.nan) for name in _COLUMNS}
    numbers["n"] = np.zeros(size)
    return _Column(numbers, np.full(size, "unavailable", dtype=object), np.full(size, reason, dtype=object), "given")


def _as_given(view: Grouped, metric: Metric) -> _Column:
    """A figure per agent and day that came without an n: shown where the group is one agent and one day, else ``no_n``."""
    column = _unavailable(len(view.order), "", "no_n")
    if {"agent", "date"} <= set(view.by):
        keys, values = view.given(metric.key)
        at = np.searchsorted(view.order, keys)
        column.numbers["value"][at] = values
        column.status[at] = np.where(np.isnan(values), "unavailable", "too_few")
    return column


def _count(view: Grouped, metric: Metric) -> dict[str, Floats]:
    found = view.sum(metric.measure.source, metric.measure.numerator)
    interval = byar(found)
    return {"value": found, "n": found, "low": interval.low, "high": interval.high}


def _share(view: Grouped, metric: Metric) -> dict[str, Floats]:
    hits, of = (view.sum(metric.measure.source, column) for column in metric.measure.columns)
    interval = wilson(hits, of)
    return {"value": interval.value, "n": of, "low": interval.low, "high": interval.high}


def _clustered(view: Grouped, metric: Metric) -> dict[str, Floats]:
    groups, (totals, counts) = view.daily(metric.measure.source, metric.measure.columns)
    size = len(view.order)
    found = {name: np.full(size, np.nan) for name in ("value", "low", "high")}
    if len(groups):
        labels, estimate = clustered_ratio_by(groups, totals, counts)
        for name, column in found.items():
            column[labels] = getattr(estimate, name)
    # none of these can be below zero, and points end at 100: an interval that says so would only look odd
    found["low"] = np.maximum(found["low"], 0.0)
    found["high"] = np.minimum(found["high"], 100.0) if metric.unit == "points" else found["high"]
    found["n"] = np.bincount(groups, weights=counts, minlength=size).astype(np.float64)
    if metric.measure.kind == "ratio":
        found["n"] = view.sum(
            metric.measure.source, metric.measure.numerator if metric.unit == "per_hour" else metric.measure.denominator
        )
    return found


def _quantiles(view: Grouped, metric: Metric | None, size: int) -> dict[str, Floats]:
    found = {name: np.full(size, np.nan) for name in ("median", "median_low", "median_high", "p90")}
    if metric is None or not metric.measure.values:
        return found
    groups, values, weights = view.weighed(metric.measure.source, metric.measure.values)
    if len(values):
        labels, median = quantile_interval_by(groups, values, 0.5, weights=weights)
        found["median"][labels], found["median_low"][labels], found["median_high"][labels] = (
            median.value,
            median.low,
            median.high,
        )
        found["p90"][labels] = quantile_interval_by(groups, values, 0.9, weights=weights)[1].value
    return found


_KINDS = {"count": _count, "share": _share, "mean": _clustered, "ratio": _clustered}
__all__ = ["BY", "UNASSIGNED", "Kpi", "KpiTable", "kpi_table", "missing"]
