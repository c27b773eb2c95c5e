"""A log's hours and special days: from observed conversations to `core.hourly` and `core.occasions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from core.annotations import Annotation
from core.engine import Observed
from core.grouped import only_days
from core.hourly import HourRules, hours, week_cells
from core.kpis import kpi_table
from core.metrics import metric
from core.occasions import OccasionRules, country_of, effects_of, known_countries, occasions, public_days, verdicts
from core.period import choose, day_number
from core.recompute import day_values, trend_margin
from core.scenario import Scenario, spans

POOLED = ("count", "share", "mean")


@dataclass(frozen=True)
class Hours:
    """Which hours differ: one row per hour, one per weekday × hour, and why there are none (``no_times``, ``no_pool``, ``no_data``)."""

    hours: pd.DataFrame
    week: pd.DataFrame
    reason: str = ""


def hours_of(observed: Observed, scenario: Scenario, key: str) -> Hours:
    """Which hours of the day, and which cells of the week, differ in a KPI (see `core.hourly`).

    Raises `ScenarioError` for an unknown metric.
    """
    found, none = metric(key), pd.DataFrame()
    if only_days(observed.facts.available):
        return Hours(none, none, "no_times")
    if found.measure.kind not in POOLED:
        return Hours(none, none, "no_pool")
    period = choose(scenario, *observed.days, observed.zone)
    table = kpi_table(observed, scenario, ("date", "hour"), period, (key,))
    cells = table.groups.rename(columns={"date": "local_day"}).astype("int64").assign(n=table.column(key, "n"), value=table.column(key))
    cells = cells[(cells["n"] > 0) & cells["value"].notna()]
    if cells.empty:
        return Hours(none, none, "no_data")
    if found.measure.kind == "count":
        cells = _open_hours(cells)
    margin, relative = trend_margin(found, scenario)
    rules = HourRules(margin=margin, relative=relative, **({"n_min": 8, "cell_min": 8} if found.measure.kind == "count" else {}))
    cells = cells.assign(total=cells["n"] * cells["value"])
    return Hours(hours(cells, rules), week_cells(cells, rules))


def _open_hours(cells: pd.DataFrame) -> pd.DataFrame:
    """Counts with a row for every hour in which anybody ever writes, on every day between the first and the last: none is a zero."""
    days = range(int(cells["local_day"].min()), int(cells["local_day"].max()) + 1)
    every = pd.MultiIndex.from_product([days, sorted(cells["hour"].unique())], names=["local_day", "hour"])
    return cells.set_index(["local_day", "hour"])[["value"]].reindex(every, fill_value=0.0).reset_index().assign(n=1.0)


def countries(observed: Observed, scenario: Scenario) -> tuple[str, ...]:
    """The countries whose public holidays count: those chosen, else that of the shop's zone."""
    own = country_of(observed.zone)
    return tuple(scenario.get("countries")) or ((own,) if own in known_countries() else ())


def special_days(
    observed: Observed, scenario: Scenario, keys: Sequence[str], promotions: Sequence[Annotation] = (), language: str = "en"
) -> pd.DataFrame:
    """Public holidays, make-up days and promotions of the period against ordinary days of the same weekday, as one family over all KPIs.

    Returns:
        Rows as `core.occasions.compare` with ``key`` first; empty where no special day lies in the period.

    Raises `ScenarioError` for an unknown metric or country.
    """
    period = choose(scenario, *observed.days, observed.zone)
    public = public_days(countries(observed, scenario), period.first_day, period.last_day, language)
    named = [(each.name, day_number(each.day), day_number(each.last or each.day)) for each in promotions]
    named += [(first.isoformat(), *edges) for first, edges in _dated(scenario) if edges not in [one[1:] for one in named]]
    within = [one for one in named if one[2] >= period.first_day and one[1] <= period.last_day]
    special = occasions(public, within)
    frames = []
    for key in keys if len(special) else ():
        margin, relative = trend_margin(metric(key), scenario)
        found = effects_of(days_of(observed, scenario, key), special, OccasionRules(margin=margin, relative=relative))
        found.insert(0, "key", key)
        frames.append(found)
    return verdicts(pd.concat(frames, ignore_index=True)) if frames else pd.DataFrame()


def _dated(scenario: Scenario) -> list[tuple[date, tuple[int, int]]]:
    """The scenario's own promotion days, which have no name but their date."""
    return [(first, (day_number(first), day_number(last))) for first, last in spans(scenario.get("promotions"))]


def days_of(observed: Observed, scenario: Scenario, key: str) -> pd.DataFrame:
    """Day values of a KPI; of counts every day of the period, none being zero."""
    days = day_values(observed, scenario, key)
    if metric(key).measure.kind != "count" or days.empty:
        return days
    period = choose(scenario, *observed.days, observed.zone)
    first, last = max(period.first_day, observed.days[0]), min(period.last_day, observed.days[1])
    whole = days.set_index("local_day").reindex(np.arange(first, last + 1), fill_value=0.0)
    return whole.rename_axis("local_day").reset_index()
