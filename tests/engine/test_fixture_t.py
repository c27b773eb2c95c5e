"""Fixture T of the definitions, to the second."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.engine import build_facts, observe
from core.ingest import Choices, InputFile, load
from core.kpis import KpiTable, kpi_table
from core.log import Log
from core.scenario import Scenario

FILE = Path(__file__).resolve().parents[2] / "sample_data" / "fixture_t.csv"


@pytest.fixture(scope="module")
def log() -> Log:
    """The committed file, read by the real import."""
    return load([InputFile.of(FILE)], Choices(zone="Asia/Shanghai"))


@pytest.fixture(scope="module")
def shop(log: Log) -> KpiTable:
    """Figures of the whole shop."""
    return kpi_table(observe(build_facts(log)), by=("shop",))


@pytest.mark.parametrize(
    ("key", "count"),
    [
        ("conversations", 9),
        ("bot_resolved", 1),
        ("needs_human", 8),
        ("answered_24h_human", 5),
        ("late", 1),
        ("unanswered", 2),
        ("pending", 0),
    ],
)
def test_counts(shop: KpiTable, key: str, count: int) -> None:
    """Nine conversations: five answered, one by the machine, one late, two never."""
    assert shop.cell(0, key).value == count


def test_holiday_mode_stands_apart(shop: KpiTable) -> None:
    """The tenth, in holiday mode, is counted beside the nine."""
    assert shop.sums["holiday_mode"].tolist() == [1]


@pytest.mark.parametrize(
    ("key", "value", "n"),
    [("response_rate_24h", 6 / 9, 9), ("human_response_rate_24h", 0.625, 8), ("satisfaction", 0.5, 4)],
)
def test_rates(shop: KpiTable, key: str, value: float, n: int) -> None:
    """66.67 % answered, 62.5 % by persons, two of four ratings are good."""
    assert (shop.cell(0, key).value, shop.cell(0, key).n) == (value, n)


def test_first_response_to_the_second(shop: KpiTable) -> None:
    """Mean 1011 minutes, median 1409.5 minutes, over six."""
    cell = shop.cell(0, "first_response")
    assert (cell.value, cell.median, cell.n) == (1011 * 60, 1409.5 * 60, 6)


@pytest.mark.parametrize(("hours", "answered", "late"), [(0.1, 2, 4), (12, 2, 4), (23, 3, 3), (24, 5, 1), (30, 6, 0)])
def test_the_window_is_inclusive(log: Log, hours: float, answered: int, late: int) -> None:
    """A reply at exactly the window's end is in time: 23 h, 24:00:00 and 30 h each let one more in."""
    table = kpi_table(observe(build_facts(log), Scenario.of({"window_h": hours})), by=("shop",))
    assert (table.cell(0, "answered_24h_human").value, table.cell(0, "late").value) == (answered, late)


def test_twelve_hours_leave_the_machines_work_out(log: Log) -> None:
    """The 12-hour rule set knows eight conversations, of which two are answered in time."""
    table = kpi_table(observe(build_facts(log), Scenario.of({"rules": "tiktok_12h"})), by=("shop",))
    cell = table.cell(0, "response_rate_24h")
    assert (cell.value, cell.n) == (2 / 8, 8)
