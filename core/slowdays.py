"""A log's slow weekdays and what their slowness is made of: from observed conversations to `core.causes`.

Only waits are divided: load (volume × handling ÷ staff) makes people wait, it does not make them dissatisfied in a known way. For other
KPIs the drivers of a day stand side by side (`core.recompute.weekdays`) and nothing is divided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from core.causes import Causes, causes, expected, felt_staff, mix_shifts, present_hours
from core.effects import WeekdayFinding, asked_beforehand
from core.engine import Observed
from core.engine.hours import staffed_hours
from core.engine.observe import judged_sql
from core.grouped import only_days
from core.kpis import kpi_table
from core.metrics import metric
from core.period import choose
from core.ranks import Omnibus, dunn, homogeneity, kruskal
from core.recompute import day_drivers, day_values, narrowed, weekdays
from core.scenario import Scenario
from core.trends import EPOCH_WEEKDAY, week_of

WAITS = ("first_response", "reply_time", "resolution_time", "first_resolution_time")
MIXED_BY = ("channel", "language", "category")
SHIFTS_SHOWN = 6


@dataclass(frozen=True)
class SlowDay:
    """What a log says about its weekdays, and how the difference of the strongest one divides.

    Args:
        finding: which weekday differs, how much, how sure.
        drivers: what else differs on that day, each for itself; empty when none is named.
        causes: how its difference divides; None when no weekday is named or the KPI is no wait.
        shifts: labels that come more or less often on that day, as `core.causes.mix_shifts`; empty without causes.
        days: the rows behind: one per calendar day with value, n and every driver.
        asked: the row of a weekday that was chosen beforehand, tested alone; empty when none was.
        pairs: which weekdays differ from which (Dunn) on day values over their week's mean.
        omnibus: Kruskal–Wallis on the same values; for shares chi-square over all cases of each weekday instead.
    """

    finding: WeekdayFinding
    drivers: pd.DataFrame
    causes: Causes | None
    shifts: pd.DataFrame
    days: pd.DataFrame
    asked: Mapping[str, Any] = field(default_factory=dict)
    pairs: pd.DataFrame = field(default_factory=pd.DataFrame)
    omnibus: Omnibus | None = None


def slow_day(observed: Observed, scenario: Scenario, key: str = "first_response", weekday: int = -1) -> SlowDay:
    """Which weekday differs in a KPI's day values, and what its difference is made of.

    ``weekday`` (0 Monday) explains that day whether it is named or not; -1 takes the strongest named one.
    Raises `ScenarioError` for an unknown metric.
    """
    finding, drivers = weekdays(observed, scenario, key)
    days = day_values(observed, scenario, key)
    asked = weekday if weekday >= 0 else next(iter(finding.named), -1)
    start = 0 if scenario.get("week_start") == "monday" else 6
    seen = SlowDay(finding, drivers, None, pd.DataFrame(), days, **_other_tests(days, key, start))
    if asked < 0 or days.empty:
        return seen
    if weekday >= 0:
        rules = {"margin": scenario.get("margin"), "week_start": start}
        seen = replace(seen, asked=asked_beforehand(days, weekday, **rules))
    known = day_drivers(observed, scenario, key).drop(columns=["mix", "contacts_per_staff_hour"], errors="ignore")
    days = days.merge(known, on="local_day", how="left")
    days["staff"] = _felt(observed, scenario, days)
    dimensions = [name for name in MIXED_BY if len(observed.labels[name]) > 1]
    shifts = pd.DataFrame()
    for name, of in (("mix", key), ("mix_handle", "handle_time")):
        cells = _cells(observed, scenario, of, dimensions)
        if len(cells):
            days = days.merge(expected(cells, dimensions, asked).rename(name), on="local_day", how="left")
            shifts = mix_shifts(cells, dimensions, asked).head(SHIFTS_SHOWN) if of == key else shifts
    split = causes(days, asked, week_start=start) if key in WAITS else None
    return replace(seen, causes=split, shifts=shifts, days=days)


def _other_tests(days: pd.DataFrame, key: str, week_start: int) -> dict[str, Any]:
    """Second opinions on all weekdays: ranks of values over their week's mean, so that a busy week is no busy weekday."""
    weekday = (days["local_day"].to_numpy(np.int64) + EPOCH_WEEKDAY) % 7
    week = week_of(days["local_day"].to_numpy(np.int64), week_start)
    level = days["value"].groupby(week).transform("mean")
    aligned = (days["value"] / level.where(level > 0)).to_numpy(np.float64)
    pairs = dunn(aligned, weekday)
    if metric(key).measure.kind != "share":
        return {"pairs": pairs, "omnibus": kruskal(aligned, weekday)}
    hits, cases = (np.bincount(weekday, weights=weights, minlength=7) for weights in (days["value"] * days["n"], days["n"]))
    return {"pairs": pairs, "omnibus": homogeneity(hits, cases - hits)}


def _felt(observed: Observed, scenario: Scenario, days: pd.DataFrame) -> pd.Series:
    """Staff per day as customers meet it: from the roster, else from the hours between the agents' signs of work; NaN without either."""
    if only_days(observed.facts.available):
        return days["staff"] if "staff" in days else pd.Series(np.nan, days.index)
    staffed = staffed_hours(observed.facts)
    staffed = staffed if len(staffed) else _at_work(observed, scenario)
    if staffed.empty:
        return pd.Series(np.nan, days.index)
    period = choose(scenario, *observed.days, observed.zone)
    table = kpi_table(observed, scenario, ("hour",), period, ("conversations",))
    arrivals = np.zeros(24)
    arrivals[table.groups["hour"].to_numpy(np.int64)] = table.column("conversations")
    return days["local_day"].map(felt_staff(staffed, arrivals))


def _at_work(observed: Observed, scenario: Scenario) -> pd.DataFrame:
    """Agents at work by local day and hour (``hours``) as their messages and conversations show; nobody where these lie elsewhere."""
    if not observed.facts.near:
        return pd.DataFrame()
    tests, values = narrowed(observed, scenario)
    sql = f"""WITH mine AS (SELECT agent, local_day, local_minute // 60 AS hour FROM ({judged_sql(observed.facts, scenario)}) AS j
        WHERE {tests} AND handled = 1 AND agent IS NOT NULL)
      SELECT DISTINCT * FROM (SELECT * FROM mine UNION ALL
        SELECT agent, CAST(floor(slot_no / 288) AS BIGINT), CAST(slot_no % 288 // 12 AS BIGINT) FROM activity
        WHERE agent IN (SELECT agent FROM mine)) AS seen"""
    rows = observed.facts.cases(sql, values)
    return present_hours(rows) if len(rows) else pd.DataFrame()


def _cells(observed: Observed, scenario: Scenario, key: str, dimensions: list[str]) -> pd.DataFrame:
    """One row per day × combination of labels: n and total of a KPI; empty where the log knows no labels or not the KPI."""
    if not dimensions:
        return pd.DataFrame()
    period = choose(scenario, *observed.days, observed.zone)
    table = kpi_table(observed, scenario, (*dimensions, "date"), period, (key,))
    frame = table.groups.rename(columns={"date": "local_day"}).assign(n=table.column(key, "n"), value=table.column(key))
    frame = frame[(frame["n"] > 0) & frame["value"].notna()]
    return frame.assign(total=frame["n"] * frame["value"]).drop(columns="value").reset_index(drop=True)
