"""Periods: whole local days, both ends included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from core.scenario import Scenario

EPOCH = date(1970, 1, 1)
_OPEN = 10**6


def day_number(day: date) -> int:
    """Days since 1970-01-01.

    >>> day_number(date(1970, 1, 2))
    1
    """
    return (day - EPOCH).days


def day_date(number: int) -> date:
    """The date of a day number.

    >>> day_date(1)
    datetime.date(1970, 1, 2)
    """
    return EPOCH + timedelta(days=int(number))


def week_of(number: Any, week_start: str = "monday") -> Any:
    """Day number of the first day of the week a day lies in; a number or an array.

    >>> day_date(week_of(day_number(date(2026, 11, 21)))).isoformat()
    '2026-11-16'
    """
    return number - (number + (3 if week_start == "monday" else 4)) % 7


@dataclass(frozen=True)
class Period:
    """Local days first_day … last_day, both included, in the shop's zone; conversations are placed by their start."""

    first_day: int
    last_day: int
    zone: str = "UTC"
    anchor: str = "start"

    @property
    def days(self) -> int:
        """How many days."""
        return self.last_day - self.first_day + 1

    @property
    def first(self) -> date:
        """First date."""
        return day_date(self.first_day)

    @property
    def last(self) -> date:
        """Last date."""
        return day_date(self.last_day)

    def before(self) -> Period:
        """The period of the same length that ends the day before this one starts.

        >>> Period(10, 16).before()
        Period(first_day=3, last_day=9, zone='UTC', anchor='start')
        """
        return Period(self.first_day - self.days, self.first_day - 1, self.zone, self.anchor)


def choose(scenario: Scenario, first_day: int, last_day: int, zone: str) -> Period:
    """The scenario's period within a log that runs from first_day to last_day.

    ``7d``/``28d`` end on the log's last day; ``week`` and ``month`` are the calendar ones that hold it; ``custom`` takes from/to, an
    open end is the log's own.

    >>> choose(Scenario.of({"period": "7d"}), 0, 27, "UTC").first_day
    21
    """
    kind = scenario.get("period")
    if kind == "custom":
        start, end = scenario.dates()
        return Period(day_number(start) if start else first_day, day_number(end) if end else last_day, zone)
    starts = {
        "all": first_day,
        "7d": last_day - 6,
        "28d": last_day - 27,
        "week": week_of(last_day, scenario.get("week_start")),
        "month": day_number(day_date(last_day).replace(day=1)),
    }
    return Period(starts[kind], last_day, zone)
