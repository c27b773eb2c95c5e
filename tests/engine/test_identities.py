"""What must hold for any log: parts add up to wholes, and the order of rows says nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from core.engine import Observed, build_facts, observe
from core.engine.zones import midnight_after, offset_ms
from core.errors import InputError
from core.kpis import KpiTable, kpi_table
from core.metrics import METRICS
from core.period import Period
from core.scenario import Scenario
from tests.strategies import ANCHORS, HOUR, ZONES, Sample, as_log, samples

FUZZ = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
PARTS = ("answered_24h_human", "late", "unanswered", "pending", "bot_resolved")


def _observed(sample: Sample, scenario: Scenario | None = None) -> Observed:
    try:
        return observe(build_facts(sample.log), scenario)
    except InputError:
        assume(False)
        raise


def _totals(table: KpiTable) -> dict[str, float]:
    """Numerators and denominators behind every figure, summed over the table's rows."""
    found = {name: float(values.sum()) for name, values in table.sums.items()}
    for metric in METRICS:
        if metric.measure.source != "sales" or metric.measure.kind == "share":
            found[f"n {metric.key}"] = float(np.nansum(table.column(metric.key, "n")))
    return found


@given(samples(), st.sampled_from((0.5, 3, 12, 24, 48, 168)))
@FUZZ
def test_answered_late_unanswered_pending_and_solved_are_all(sample: Sample, hours: float) -> None:
    """For any window and every row: answered + late + unanswered + pending + bot_resolved = conversations."""
    table = kpi_table(_observed(sample, Scenario.of({"window_h": hours})))
    sums = {"answered_24h_human": "answered"}
    parts = np.sum([table.sums[sums.get(key, key)] for key in PARTS], axis=0)
    assert len(table) > 0
    assert parts.tolist() == table.sums["conversations"].tolist()


@given(
    samples(),
    st.sampled_from(
        (Scenario(), Scenario.of({"in_channel": ["chat"]}), Scenario.of({"in_agent": ["Ada", "unassigned"]}))
    ),
)
@FUZZ
def test_parts_sum_to_the_shop(sample: Sample, scenario: Scenario) -> None:
    """Agents and nobody sum to the shop; hours to days, days to weeks, weekdays to the total, whatever the filter."""
    observed = _observed(sample)
    whole = kpi_table(observed, scenario, ("shop",))
    for by in (
        ("agent",),
        ("team",),
        ("channel",),
        ("weekday",),
        ("weekday", "hour"),
        ("date",),
        ("week",),
        ("date", "hour", "agent"),
    ):
        part = kpi_table(observed, scenario, by)
        for name, values in part.sums.items():
            assert values.sum() == pytest.approx(whole.sums[name].sum(), abs=1e-6), (by, name)
    agents, shop = _totals(kpi_table(observed, scenario, ("agent",))), _totals(whole)
    assert agents == pytest.approx(shop, abs=1e-6)


@given(samples())
@FUZZ
def test_filters_partition(sample: Sample) -> None:
    """Each agent alone, added up, is the shop; a filter to an agent gives that agent's row."""
    observed = _observed(sample)
    table = kpi_table(observed)
    for row, name in enumerate(table.groups["agent"]):
        alone = kpi_table(observed, Scenario.of({"in_agent": [name]}), ("shop",))
        for column, values in alone.sums.items():
            assert values[0] == table.sums[column][row], (name, column)


@given(samples(), st.integers(0, 99))
@FUZZ
def test_the_order_of_rows_says_nothing(sample: Sample, seed: int) -> None:
    """Shuffled rows, with their numbers, give the same figures."""
    tables = {name: random.Random(seed).sample(rows, len(rows)) for name, rows in sample.tables.items()}  # noqa: S311
    first = kpi_table(_observed(sample))
    second = kpi_table(observe(build_facts(as_log(tables, sample.zone))))
    assert first.groups.equals(second.groups)
    for name in ("value", "n", "median", "p90"):
        np.testing.assert_allclose(first.numbers[name], second.numbers[name], rtol=1e-12)


@given(samples())
@FUZZ
def test_days_one_by_one_are_the_period(sample: Sample) -> None:
    """Counts of single-day periods add up to the whole period's; a figure's period is both days included."""
    observed = _observed(sample)
    first, last = observed.days
    whole = kpi_table(observed, by=("shop",))
    days = [kpi_table(observed, None, ("shop",), Period(day, day, sample.zone)) for day in range(first, last + 1)]
    for key in ("conversations", "messages", *PARTS):
        total = sum(np.nan_to_num(day.column(key)[0]) for day in days)
        assert total == np.nan_to_num(whole.column(key)[0])


@given(
    st.sampled_from((*ZONES, "Africa/Cairo", "America/Santiago", "Australia/Lord_Howe")),
    st.sampled_from(ANCHORS),
    st.integers(-90, 90),
)
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_the_next_midnight_is_the_first_instant_of_the_next_day(zone: str, anchor: int, hours: int) -> None:
    """The millisecond before is another day, also where the clocks change that day or at midnight."""
    instant = anchor + hours * HOUR
    found = midnight_after(instant, zone)

    def day(at: int) -> int:
        return (at + offset_ms(zone, at)) // 86_400_000

    assert day(found) == day(instant) + 1
    assert day(found - 1) == day(instant)
