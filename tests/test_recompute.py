"""One function from log and scenario to report; every table of the report tells the same numbers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from core.annotations import Annotation
from core.engine import Facts, Observed
from core.kpis import kpi_table
from core.metrics import METRICS
from core.occasions import public_days
from core.period import choose, day_date, day_number
from core.recompute import Report, conversations, countable, judge, measure, recompute, series, special_days
from core.scenario import Scenario
from core.scoring import INSUFFICIENT
from tests import shop

COUNTS = [metric.key for metric in METRICS if metric.group == "volume"]


@pytest.fixture(scope="module")
def facts() -> Facts:
    """The sample shop."""
    return shop.facts()


@pytest.fixture(scope="module")
def observed() -> Observed:
    """The sample shop under the default rules."""
    return shop.observed()


@pytest.fixture(scope="module")
def report(facts: Facts) -> Report:
    """The report under the defaults."""
    return recompute(facts.log, Scenario(), facts)


def test_agents_days_and_hours_add_up_to_the_card(report: Report) -> None:
    """Counts of agents, of days and of weekday × hour are the shop's counts."""
    measured = report.measured
    for key in COUNTS:
        whole = measured.shop.cell(0, key).value
        assert np.nansum(measured.agents.column(key)) == whole, key
        assert measured.daily[key].sum() == whole, key
        if measured.heat.cell(0, key).reason != "no_dimension":
            assert np.nansum(measured.heat.column(key)) == whole, key


def test_the_daily_table_has_every_day(report: Report) -> None:
    """One row per calendar day, none twice, none missing."""
    days = report.measured.daily["local_day"].to_numpy()
    period = report.measured.period
    assert days.tolist() == list(range(period.first_day, period.last_day + 1))


def test_the_fast_half_is_the_whole_way(facts: Facts, observed: Observed) -> None:
    """Judging what was measured under other weights gives what the whole way under them gives."""
    what_if = Scenario.of({"w_quality": 80, "pass_fcr": 0.6, "band_a": 88})
    fast, _ = judge(measure(observed, Scenario()), what_if)
    slow = recompute(facts.log, what_if, facts).scores
    assert fast.names == slow.names
    np.testing.assert_allclose(fast.score, slow.score, rtol=1e-12)
    assert fast.grade.tolist() == slow.grade.tolist()


def test_nobody_is_graded_but_persons(report: Report) -> None:
    """The row of unassigned conversations is in the table and not on the list of grades."""
    assert "unassigned" in set(report.measured.agents.groups["agent"])
    assert "unassigned" not in report.scores.names
    assert (report.scores.grade != INSUFFICIENT).sum() > 5


def test_changes_compare_equal_periods(observed: Observed) -> None:
    """The last seven days against the seven before: now and before are the KPI tables' own figures, the difference theirs."""
    week = Scenario.of({"period": "7d"})
    found = measure(observed, week)
    assert found.before is not None
    assert found.before.period.last_day == found.period.first_day - 1
    changes = found.changes.set_index("key")
    for key in ("conversations", "satisfaction", "first_response"):
        now, before = found.shop.cell(0, key).value, found.before.cell(0, key).value
        assert (changes.loc[key, "now"], changes.loc[key, "before"]) == (now, before)
        assert changes.loc[key, "difference"] == now - before
        if changes.loc[key, "verdict"] != "not_enough_data":
            assert changes.loc[key, "low"] <= now - before <= changes.loc[key, "high"]


def test_a_log_without_an_earlier_period_has_no_before(report: Report) -> None:
    """The whole log has nothing before it: no comparison, and no verdict."""
    assert report.measured.before is None
    assert set(report.measured.changes["verdict"]) == {"not_enough_data"}


def test_the_list_behind_a_figure_is_as_long_as_the_figure(observed: Observed) -> None:
    """Conversations of an agent in the list are those the table counts, holiday mode and agent-started ones beside them."""
    table = kpi_table(observed)
    name = table.groups["agent"][0]
    listed = conversations(observed, Scenario(), 10_000, agent=name)
    row = table.row(name)
    sums = {key: values[row] for key, values in table.sums.items()}
    assert len(listed) == sums["conversations"] + sums["holiday_mode"] + sums["agent_started"]
    assert listed["answered"].sum() == sums["answered"]
    assert listed["first_response_s"].mean() == pytest.approx(table.cell(row, "first_response").value)


@pytest.mark.parametrize("agent", ["Lin Xiao", "unassigned"])
@pytest.mark.parametrize(
    "filters", [{}, {"in_channel": ["chat"]}, {"in_language": ["en", "fr"], "in_channel": ["chat"]}, {"period": "7d"}]
)
def test_the_list_follows_the_filters_of_the_figure(observed: Observed, agent: str, filters: dict[str, object]) -> None:
    """Whatever narrows the table narrows the list behind it, for persons and for nobody's conversations."""
    scenario = Scenario.of(filters)
    period = choose(scenario, *observed.days, observed.zone)
    table = kpi_table(observed, scenario, period=period)
    row = table.row(agent)
    parts = sum(table.sums[key][row] for key in ("conversations", "holiday_mode", "agent_started")) if row >= 0 else 0
    assert len(conversations(observed, scenario, 10_000, agent=agent)) == parts
    assert parts > 0


def test_a_series_pools_to_the_table(observed: Observed) -> None:
    """Numerators and denominators of weeks are those of the whole: Σ value × n / Σ n is the figure."""
    weeks = series(observed, Scenario(), ("satisfaction", "first_response"), "shop", "week")
    whole = kpi_table(observed, by=("shop",))
    for key in ("satisfaction", "first_response"):
        value, n = weeks.column(key), weeks.column(key, "n")
        known = n > 0
        assert (value[known] * n[known]).sum() / n.sum() == pytest.approx(whole.cell(0, key).value)


def test_filters_reach_every_part_of_the_report(observed: Observed) -> None:
    """Filtered to one channel, agents, days and card tell that channel's number, and channels add up to the shop."""
    channels = [name for name in observed.labels["channel"] if name != "unknown"]
    found = {name: measure(observed, Scenario.of({"in_channel": [name]})) for name in channels[:2]}
    by_channel = kpi_table(observed, by=("channel",))
    for name, measured in found.items():
        wanted = by_channel.cell(by_channel.row(name), "conversations").value
        assert measured.shop.cell(0, "conversations").value == wanted
        assert measured.daily["conversations"].sum() == wanted
        assert np.nansum(measured.agents.column("conversations")) == wanted


@pytest.mark.parametrize("key", [metric.key for metric in METRICS if countable(metric.key)])
def test_the_conversations_of_a_kpi_are_those_it_counts(key: str) -> None:
    """Listed one by one they are the figure's n, and those that hit are its numerator, for every agent."""
    observed, scenario = shop.observed(), Scenario.of({"period": "28d"})
    table = kpi_table(observed, scenario, ("agent",), choose(scenario, *observed.days, observed.zone), (key,))
    listed = conversations(observed, scenario, 100_000, of=key)
    share = table.metrics[0].measure.kind == "share"
    for row, name in enumerate(table.groups["agent"]):
        own, cell = listed[listed["agent"] == name], table.cell(row, key)
        if name != "unassigned" and cell.n > 0:
            assert len(own) == cell.n
            assert own["hit"].sum() == (pytest.approx(cell.value * cell.n) if share else 0)


def test_the_forecast_knows_the_holidays_and_promotions_that_trends_know() -> None:
    """Bridged weekend days of a holiday count as in the comparison of special days; a promotion's name wins over its bare date."""
    edges = day_number(date(2026, 2, 10)), day_number(date(2026, 2, 26))
    sale = Annotation(date(2026, 3, 7), "spring sale", date(2026, 3, 8))
    used = Scenario.of({"countries": ("CN",), "promotions": "2026-03-08 2026-03-20"})
    found = special_days(used, *edges, [sale])
    public = public_days(("CN",), edges[0], edges[1] + 56, "zh")
    closed = public.loc[public["kind"] == "holiday", ["local_day", "name"]].itertuples(index=False, name=None)
    assert {day: name for day, (kind, name) in found.items() if kind == "holiday"} == dict(closed)
    promoted = {str(day_date(day)): name for day, (kind, name) in found.items() if kind == "promotion"}
    assert promoted == {"2026-03-07": "spring sale", "2026-03-08": "spring sale", "2026-03-20": "2026-03-20"}
