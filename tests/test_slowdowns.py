"""Simultaneous slow-downs: a planted outage is found with its hours, equal hours flag nothing."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest

from core import slowdowns as room
from core.slowdowns import SlowRules, slowdowns, unusual
from tests.movements import FIRST, hours

QUICK = SlowRules(draws=399)


def test_examples_hold() -> None:
    """The examples in the module give what they say."""
    result = doctest.testmod(room)
    assert (result.failed, result.attempted >= 2) == (0, True)


def test_a_planted_outage_is_found_with_its_hours() -> None:
    """Three hours of one day three times as slow for all: these hours and no others, with a size near the truth."""
    found = slowdowns(hours(np.random.default_rng(1), outage=1.1), QUICK).rows
    at = found[found["kind"] == "hour"]
    assert set(at["local_day"]) == {FIRST + 30}
    assert set(at["hour"]) <= {12, 13, 14}
    assert len(at) >= 2
    assert (at["worse_agents"] >= 0.6 * at["agents"]).all()
    assert (at["low"] > 0).all()
    assert at["size"].mean() == pytest.approx(1.1, abs=0.3)


def test_better_hours_are_no_slow_downs() -> None:
    """All faster for three hours: nothing; where higher is better the same hours are bad."""
    rows = hours(np.random.default_rng(1), outage=-1.1)
    assert slowdowns(rows, QUICK).rows.empty
    assert not slowdowns(rows, SlowRules(worse=-1, draws=399)).rows.empty


def test_ordinary_hours_flag_nothing() -> None:
    """Twenty shops with noon and Friday patterns but no outage: at most one flags anything."""
    found = [slowdowns(hours(np.random.default_rng([at, 2]), agents=8, days=42), QUICK).rows for at in range(20)]
    assert sum(len(rows) > 0 for rows in found) <= 1


def test_patterns_are_taken_out() -> None:
    """What agents, weekdays, hours and weeks add leaves nothing behind."""
    slots = [(f"a{at}", day, hour) for at in range(3) for day in range(FIRST, FIRST + 21) for hour in range(9, 12)]
    rows = pd.DataFrame(slots, columns=["agent", "local_day", "hour"])
    level = rows["agent"].map({"a0": 1.0, "a1": 2.0, "a2": 4.0}) + 0.5 * (rows["local_day"] % 7 == 1) + 0.1 * rows["hour"]
    rows = rows.assign(n=2.0, total=2 * (level + 0.3 * (rows["local_day"] >= FIRST + 7)))
    assert np.abs(unusual(rows)).max() < 1e-9


def test_days_alone_where_there_are_no_hours() -> None:
    """A log of days: days are looked at, hours are not tested."""
    rows = hours(np.random.default_rng(1), outage=0.0).groupby(["agent", "local_day"])[["n", "total"]].sum().reset_index()
    rows.loc[rows["local_day"] == FIRST + 20, "total"] += rows["n"]
    found = slowdowns(rows, QUICK)
    assert found.rows["local_day"].tolist() == [FIRST + 20]
    assert set(found.tested) == {"day"}


@pytest.mark.parametrize("agents", [0, 1, 2])
def test_two_agents_are_not_most(agents: int) -> None:
    """Nobody, one or two agents: too few, no verdict."""
    rows = hours(np.random.default_rng(1), agents=agents) if agents else pd.DataFrame(columns=["agent", "local_day", "hour", "n", "total"])
    assert slowdowns(rows, QUICK).reason == "too_few_slots"


def test_equal_values_flag_nothing() -> None:
    """Every case alike: no places, no flags, no warning."""
    rows = hours(np.random.default_rng(1)).assign(total=lambda rows: rows["n"] * 3)
    assert slowdowns(rows, QUICK).rows.empty
