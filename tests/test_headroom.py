"""Room to improve: gaps of shrunken figures times volume, ranked only where they may be."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest

from core import headroom as room
from core import movements
from core.headroom import headroom
from core.metrics import metric
from core.scenario import Scenario
from core.shrinkage import shrink_shares
from tests import shop


def of_shares(hits: list[float], n: list[float]) -> pd.DataFrame:
    """Shrunken shares of agents as the room takes them."""
    found = shrink_shares(hits, n)
    names = [f"a{at}" for at in range(len(n))]
    frame = pd.DataFrame({"agent": names, "n": n, "value": np.array(hits) / np.array(n), "shrunken": found.value})
    return frame.assign(low=found.low, high=found.high, reliability=found.reliability, orderable=found.orderable)


def test_examples_hold() -> None:
    """The examples in the modules give what they say."""
    for module, least in ((room, 2), (movements, 6)):
        result = doctest.testmod(module)
        assert (result.failed, result.attempted >= least) == (0, True)


def test_volume_comes_before_a_large_gap_of_few() -> None:
    """A small gap of a thousand cases gains more than a large one of fifty; both are told, three of ten cases are not ranked."""
    hits, n = [700.0, 25, 940, 950, 945, 930, 3], [1000.0, 50, 1000, 1000, 1000, 1000, 10]
    found = headroom(of_shares(hits, n), 0.9, 1, 10, 30).rows.set_index("agent")
    assert found.loc["a0", "rank"] == 1
    assert found.loc["a1", "rank"] == 2
    assert np.isnan(found.loc["a6", "rank"])
    assert found.loc["a6", "reason"] == "below_minimum"
    assert not found.loc["a6", "told"]


def test_lower_is_better_turns_the_gap() -> None:
    """Of a repeat rate the high ones have room; those below the baseline have none and no rank."""
    frame = of_shares([300.0, 50, 60, 55, 45], [1000.0] * 5)
    found = headroom(frame, 0.1, -1, 5, 30).rows
    assert found["agent"].iloc[0] == "a0"
    assert found["gain"].iloc[0] == pytest.approx((found["shrunken"].iloc[0] - 0.1) * 200)
    assert found.loc[found["gap"] <= 0, "rank"].isna().all()


def test_the_sample_has_its_fast_and_empty_agent_on_top() -> None:
    """FCR of the sample: the agent with empty answers has most room, about seven cases a week; the gap is the shrunken one."""
    found = movements.room(shop.observed(), Scenario(), "fcr")
    rows = movements.room_rows(found, "fcr")
    assert movements.foremost(rows)["agent"].tolist() == ["Tom Baker"]
    top = rows.iloc[0]
    assert top["gain"] == pytest.approx((found.baseline - top["shrunken"]) * top["n"] / 12)
    assert top["gain_low"] < top["gain"] < top["gain_high"]
    assert (rows.loc[rows["rank"].notna(), "n"] >= 30).all()


@pytest.mark.parametrize(("key", "reason"), [("conversations", "no_better"), ("transfer_time", "no_data")])
def test_what_has_no_gap_says_why(key: str, reason: str) -> None:
    """Counts are neither good nor bad; a figure without agents has none to compare."""
    found = movements.room(shop.observed(), Scenario(), key)
    assert found.reason in (reason, "too_few_to_shrink")
    assert found.rows.empty
    assert metric(key).key == key
