"""Steady in the rush: who holds is named, who gives way is named, and where all slow alike nobody is."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest

from core import rush as room
from core.rush import RushRules, in_rush, rush_slots
from tests.movements import FIRST


def busy(seed: int, *, agents: int = 10, days: int = 56, slower: float = 0.4, steady: float = 0.4) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cases of agents in eight hours, the last two the rush: all slower by ``slower``, the first by ``steady``; uneasy days for all."""
    rng = np.random.default_rng([seed, 5])
    cells = [(f"a{at:02d}", day, hour) for at in range(agents) for day in range(FIRST, FIRST + days) for hour in range(9, 17)]
    rows = pd.DataFrame(cells, columns=["agent", "local_day", "hour"])
    rows["n"] = rng.poisson(1.2, len(rows)).astype(float)
    rows = rows[rows["n"] > 0].reset_index(drop=True)
    here = (rows["hour"] >= 15).to_numpy()
    moved = np.where(rows["agent"] == "a00", steady, slower) * here + rng.normal(0, 0.1, days)[rows["local_day"] - FIRST]
    rows["total"] = rows["n"] * (4 + moved) + rng.normal(0, 0.7, len(rows)) * np.sqrt(rows["n"])
    slots = rows[["local_day", "hour"]].drop_duplicates().assign(rush=lambda each: each["hour"] >= 15)
    return rows, slots


def test_examples_hold() -> None:
    """The examples in the module give what they say."""
    result = doctest.testmod(room)
    assert (result.failed, result.attempted >= 2) == (0, True)


def test_figures_on_paper() -> None:
    """Two days, rush 10 and 14 against 4 and 6: change 7, with days as blocks an error of 1."""
    part = pd.DataFrame({"local_day": [1, 1, 2, 2], "rush": [True, False] * 2, "n": 1.0, "total": [10.0, 4.0, 14.0, 6.0]})
    found = room._agent("a", part, RushRules(n_min=1, days_min=2))
    assert found["rush"] - found["other"] == 7.0
    # influences: day one −2/2 + 1/2 = −0.5, day two +0.5; √((0.25 + 0.25) · 2 / 1) = 1
    assert found["error"] == pytest.approx(1.0)


def test_the_planted_steady_agent_is_named() -> None:
    """All half slower in the rush but one: that one is steadier than the others, and nobody else is named."""
    found = in_rush(*busy(1, steady=0.0))
    assert found.named("steadier") == ["a00"]
    assert found.named("gives_way") == []
    assert found.low < 0.4 < found.high + 0.05


def test_who_gives_way_more_is_named() -> None:
    """One agent twice as slow in the rush as all others."""
    found = in_rush(*busy(2, steady=0.9))
    assert found.named("gives_way") == ["a00"]
    assert found.rows["agent"].iloc[-1] == "a00"


def test_where_higher_is_better_a_fall_is_giving_way() -> None:
    """The same figures of a KPI of which more is better: who falls less is steadier."""
    rows, slots = busy(3, slower=-0.5, steady=0.0)
    assert in_rush(rows, slots, RushRules(worse=-1)).named("steadier") == ["a00"]


def test_a_rush_that_slows_all_alike_names_nobody() -> None:
    """Thirty teams of equal agents: hardly ever is anybody named."""
    named = [found.named("steadier") + found.named("gives_way") for found in (in_rush(*busy(at)) for at in range(30))]
    assert sum(bool(names) for names in named) <= 3


def test_rush_hours_are_those_of_the_highest_load_per_agent() -> None:
    """Ten contacts for five agents are no rush, six for one are; hours without anybody at work do not count."""
    contacts = pd.DataFrame({"local_day": 4, "hour": [8, 9, 10, 11, 12], "n": [9, 10, 6, 2, 2]})
    on_duty = pd.DataFrame({"local_day": 4, "hour": [9, 10, 11, 12], "agents": [5, 1, 1, 1]})
    slots, load = rush_slots(contacts, on_duty)
    assert slots.loc[slots["rush"], "hour"].tolist() == [10]
    assert load == pytest.approx(3.0)


def test_equal_loads_have_no_rush() -> None:
    """Every hour alike: there is no rush to look at."""
    contacts = pd.DataFrame({"local_day": 4, "hour": range(8), "n": 3})
    slots, _ = rush_slots(contacts, contacts.rename(columns={"n": "agents"}))
    assert in_rush(pd.DataFrame(columns=["agent", "local_day", "hour", "n", "total"]), slots).reason == "no_rush"


@pytest.mark.parametrize(("agents", "days", "reason"), [(2, 56, "too_few_in_rush"), (10, 5, "too_few_in_rush")])
def test_too_little_is_said(agents: int, days: int, reason: str) -> None:
    """Two agents or five days are not enough."""
    assert in_rush(*busy(1, agents=agents, days=days)).reason == reason


def test_without_scatter_nobody_is_judged() -> None:
    """All cases equal: no error, no p, no name."""
    rows, slots = busy(1)
    found = in_rush(rows.assign(total=rows["n"] * 4), slots)
    assert found.named("steadier") + found.named("gives_way") == []
