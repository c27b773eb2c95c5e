"""Periods: whole local days, both ends included; weeks, months, zones."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine import build_facts, observe
from core.engine.hours import split_days
from core.engine.zones import local_day
from core.kpis import kpi_table
from core.period import Period, choose, day_date, day_number, week_of
from core.scenario import Scenario
from tests.strategies import HOUR, as_log, instant, numbered

FIRST, LAST = day_number(date(2026, 3, 2)), day_number(date(2026, 4, 18))


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("all", "2026-03-02"),
        ("7d", "2026-04-12"),
        ("28d", "2026-03-22"),
        ("week", "2026-04-13"),
        ("month", "2026-04-01"),
    ],
)
def test_periods_end_on_the_logs_last_day(kind: str, start: str) -> None:
    """Seven days are seven; the week starts on Monday, the month on its first."""
    found = choose(Scenario.of({"period": kind}), FIRST, LAST, "UTC")
    assert (found.first.isoformat(), found.last.isoformat()) == (start, "2026-04-18")


def test_a_week_may_start_on_sunday() -> None:
    """The switch moves the week's first day by one."""
    found = choose(Scenario.of({"period": "week", "week_start": "sunday"}), FIRST, LAST, "UTC")
    assert found.first.isoformat() == "2026-04-12"


def test_custom_periods_hold_both_ends_and_open_ends_are_the_logs() -> None:
    """From the 3rd to the 5th are three days; without an end, to the last day."""
    assert (
        choose(Scenario.of({"period": "custom", "from": "2026-04-03", "to": "2026-04-05"}), FIRST, LAST, "UTC").days
        == 3
    )
    assert choose(Scenario.of({"period": "custom", "from": "2026-04-03"}), FIRST, LAST, "UTC") == Period(
        day_number(date(2026, 4, 3)), LAST
    )


@given(st.integers(-10_000, 40_000), st.sampled_from(("monday", "sunday")))
def test_the_week_of_a_day_holds_it_and_starts_right(day: int, start: str) -> None:
    """At most six days back, and on the weekday asked for."""
    first = week_of(day, start)
    assert 0 <= day - first <= 6
    assert day_date(first).weekday() == (0 if start == "monday" else 6)


@given(st.integers(0, 40_000), st.integers(0, 60))
def test_the_period_before_touches_and_is_as_long(first: int, days: int) -> None:
    """No day between, none shared."""
    period = Period(first, first + days)
    assert (period.before().last_day + 1, period.before().days) == (period.first_day, period.days)


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Asia/Shanghai", {"2026-04-15": 1, "2026-04-16": 1}),
        ("UTC", {"2026-04-15": 2}),
        ("America/New_York", {"2026-04-15": 2}),
    ],
)
def test_days_are_the_shops_days(zone: str, days: dict[str, int]) -> None:
    """15:59:59 and 16:00:00 UTC: two days in Shanghai, one elsewhere."""
    rows = [
        {"conversation_id": k, "customer_id": k, "sender": "customer", "sent_at": instant(at)}
        for k, at in (("a", "2026-04-15 15:59:59"), ("b", "2026-04-15 16:00:00"))
    ]
    found = kpi_table(observe(build_facts(as_log({"messages": numbered(rows)}, zone))), by=("date",))
    counted = zip(found.groups["date"], found.column("conversations"), strict=True)
    assert {day_date(day).isoformat(): int(n) for day, n in counted} == days


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        ("Europe/Berlin", "2026-03-28 23:00", [23, 1]),  # clocks go forward: the 29th has 23 hours
        ("Europe/Berlin", "2026-10-24 22:00", [24]),  # and back: the 25th has 25
        ("America/New_York", "2026-03-08 05:00", [23, 1]),
        ("Africa/Cairo", "2026-04-22 22:00", [24]),
        ("Africa/Cairo", "2026-04-23 22:00", [23, 1]),  # the clocks change at midnight itself: 00:00 does not exist
        ("Asia/Shanghai", "2026-03-28 16:00", [24]),
    ],
)
def test_a_shift_of_24_hours_is_cut_at_local_midnight(zone: str, night: str, hours: list[float]) -> None:
    """24 hours from local midnight (Cairo: from the clock's first minute), day by day, on the days the clocks change."""
    import numpy as np

    start = instant(f"{night}:00")
    pieces = split_days(np.array([start]), np.array([start + 24 * HOUR]), zone)
    found = pieces.groupby("local_day")["hours"].sum()
    assert found.tolist() == hours
    assert found.index.tolist() == list(range(local_day(start, zone), local_day(start, zone) + len(hours)))
