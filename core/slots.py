"""Who did what when: sums of a KPI per agent × day (× hour), on the scale on which movements are judged.

Durations are judged on the log scale (a difference of 0.1 is about 10 %), shares and points as they are. Only single cases know how
much chance there is in a sum, so a KPI without them (counts, ratios of sums) has no slots and says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.engine import Observed
from core.engine.observe import UNASSIGNED
from core.grouped import Grouped
from core.kpis import missing
from core.metrics import Metric, metric
from core.period import choose
from core.scenario import Scenario

Floats = NDArray[np.float64]
LEAST_SECONDS = 0.5


@dataclass(frozen=True)
class Slots:
    """Sums of single cases.

    Args:
        rows: one row per agent × local_day (× hour): n, total and square (sum of squares) on the scale; empty with a reason.
        scale: ``log`` (durations), ``share`` or ``plain``.
        worse: +1 where higher is worse, −1 where lower is.
        period: first and last local day.
        reason: ``missing_columns``, ``no_dimension`` (the figure does not know agents or hours), ``no_cases`` (no single cases),
            ``no_better`` (neither high nor low is better), ``no_data``.
    """

    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    scale: str = "plain"
    worse: int = 1
    period: tuple[int, int] = (0, -1)
    reason: str = ""


def slots(observed: Observed, scenario: Scenario, key: str, hours: bool = False) -> Slots:
    """Sums of a KPI per agent × day, with ``hours`` per agent × day × hour; without the row of nobody.

    Raises `ScenarioError` for an unknown metric.
    """
    found = metric(key)
    period = choose(scenario, *observed.days, observed.zone)
    empty = Slots(scale=scale_of(found), worse=-found.better, period=(period.first_day, period.last_day))
    reason = _why_not(found, observed.facts.available)
    by = ("agent", "date", "hour") if hours else ("agent", "date")
    grouped = Grouped(observed, scenario, by, period)
    if not reason and grouped.whole(found.measure.source) is None:
        reason = "no_dimension"
    if reason:
        return Slots(scale=empty.scale, worse=empty.worse, period=empty.period, reason=reason)
    frame = grouped.groups().rename(columns={"date": "local_day"})
    frame["n"], frame["total"], frame["square"] = _sums(grouped, found)
    frame = frame[(frame["n"] > 0) & (frame["agent"].astype("str") != UNASSIGNED)].reset_index(drop=True)
    return Slots(frame, empty.scale, empty.worse, empty.period, "" if len(frame) else "no_data")


def scale_of(found: Metric) -> str:
    """The scale a KPI's movements are judged on.

    >>> scale_of(metric("first_response")), scale_of(metric("fcr")), scale_of(metric("csat_mean"))
    ('log', 'share', 'plain')
    """
    if found.measure.kind == "share":
        return "share"
    return "log" if found.unit == "seconds" else "plain"


def _why_not(found: Metric, available: frozenset[str]) -> str:
    if missing(found, available):
        return "missing_columns"
    if not found.better:
        return "no_better"
    return "" if found.measure.kind == "share" or found.measure.values else "no_cases"


def _sums(grouped: Grouped, found: Metric) -> tuple[Floats, Floats, Floats]:
    measure = found.measure
    if measure.kind == "share":
        hits, n = (grouped.sum(measure.source, column) for column in measure.columns)
        return n, hits, hits
    groups, values = grouped.singles(measure.source, measure.values)
    scaled = np.log(np.maximum(values, LEAST_SECONDS)) if scale_of(found) == "log" else values
    weights = (np.ones(len(scaled)), scaled, scaled**2)
    n, total, square = (np.bincount(groups, each, len(grouped.order)).astype(np.float64) for each in weights)
    return n, total, square
