"""Systemic or individual: hand-computed tables, planted shifts of all and of one, and nothing where nothing is."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest

from core import systemic
from core.systemic import SplitRules, additive, split, weekly_grid
from tests.movements import FIRST, period, shop

ALL_EQUAL = shop(np.random.default_rng(1)).assign(total=lambda rows: rows["n"] * 4, square=lambda rows: rows["n"] * 16)


def judged(rows: pd.DataFrame, weeks: int = 12, share: bool = False, seed: int = 1) -> systemic.Split:
    """The split of simulated weeks."""
    return split(rows, SplitRules(period(weeks), share=share, draws=499, seed=seed))


def test_examples_hold() -> None:
    """The examples in the module give what they say."""
    result = doctest.testmod(systemic)
    assert (result.failed, result.attempted >= 4) == (0, True)


def test_additive_fit_on_paper() -> None:
    """Two agents, two weeks, one gap: agents 1.5 and 3.5 apart, the second week 1 above the first."""
    level, common = additive(np.array([[1.0, 2.0], [np.nan, 4.0]]), np.array([[1.0, 1.0], [0.0, 1.0]]))
    assert (common[1] - common[0]).round(9) == 1.0
    assert (level[1] - level[0]).round(9) == 2.0


def test_weekly_figures_and_errors_on_paper() -> None:
    """Hits 8 of 10 and 6 of 10 on two days of a week: 14 of 20, with the binomial variance of nearly the same share."""
    days = [FIRST, FIRST + 1]
    rows = pd.concat(
        [pd.DataFrame({"agent": name, "local_day": days * 4, "n": 10.0, "total": [8.0, 6.0] * 4}) for name in "abc"], ignore_index=True
    )
    rows["local_day"] = [FIRST + 7 * week + day for _ in range(3) for week in range(4) for day in (0, 1)]
    grid, restless = weekly_grid(rows.assign(square=rows["total"]), SplitRules(period(4), share=True))
    assert grid.value == pytest.approx(np.full((3, 4), 0.7))
    own = (56 + 2 * 0.7) / 82
    assert restless == 0.0
    assert grid.error2 == pytest.approx(np.full((3, 4), own * (1 - own) / 20))


def test_variances_add_up_on_paper() -> None:
    """Without any error a balanced table gives the sums of squares of the textbook's two-way layout."""
    value = np.array([[1.0, 3.0, 2.0], [2.0, 4.0, 6.0]])
    grid = systemic.Grid(np.array(["a", "b"]), np.arange(3) * 7, value, np.full((2, 3), 1e-12), np.ones((2, 3)))
    rest, weeks, agents = systemic._layout(grid, np.ones((2, 3))).ss
    # agents 2 and 4, weeks 1.5, 3.5, 4: rest ±0.5, ±0.5, ∓1 → 3; weeks 2 × (2.25 + 0.25 + 1) = 7; agents 3 × 2 = 6
    assert (rest, weeks, agents) == pytest.approx((3.0, 7.0, 6.0))


def test_all_worse_from_a_week_on_is_systemic() -> None:
    """Everybody 25 % slower from week 7 on: systemic, the turn at that week, its size inside the interval, nobody named."""
    found = judged(shop(np.random.default_rng(13), together=0.22))
    assert (found.verdict, found.named) == ("systemic", ())
    assert found.step is not None
    assert found.step.since == FIRST + 42
    assert found.step.low < 0.22 < found.step.high
    assert found.same_side[0] >= 10
    share = found.parts.set_index("part")["share"]
    assert share["team"] > share["own"]


def test_one_worse_is_individual_and_named() -> None:
    """One agent 60 % slower from week 7 on: individual, named with week and size; the others are not."""
    found = judged(shop(np.random.default_rng(4), alone=0.5))
    assert (found.verdict, found.named) == ("individual", ("a00",))
    row = found.agents.iloc[0]
    assert row["agent"] == "a00"
    assert abs(row["since"] - (FIRST + 42)) <= 7
    assert row["low"] < 0.5 < row["high"]


def test_both_at_once_are_told_apart() -> None:
    """All worse and one much worse: both, and only that one is named."""
    found = judged(shop(np.random.default_rng(5), together=0.25, alone=0.7))
    assert (found.verdict, found.named) == ("both", ("a00",))


def test_shares_are_judged_too() -> None:
    """Satisfaction of all falls by ten points: systemic."""
    found = judged(shop(np.random.default_rng(6), together=-0.1, share=True), share=True)
    assert (found.verdict, found.named) == ("systemic", ())


def test_equal_weeks_name_nothing() -> None:
    """Twenty-five shops without movements, some with restless days of agents: neither in nearly all."""
    found = [judged(shop(np.random.default_rng([at, 9]), restless=0.3 * (at % 2)), seed=at).verdict for at in range(25)]
    assert found.count("neither") >= 23


def test_restless_days_of_agents_are_errors_not_movements() -> None:
    """Agents' days that differ by 0.3 are found as such."""
    found = judged(shop(np.random.default_rng(8), restless=0.3))
    assert found.restless == pytest.approx(0.3, abs=0.06)


def test_the_order_of_rows_changes_nothing() -> None:
    """Shuffled rows give the same answer."""
    rows = shop(np.random.default_rng(4), alone=0.5)
    one, other = judged(rows), judged(rows.sample(frac=1, random_state=1))
    assert (one.verdict, one.named) == (other.verdict, other.named)
    assert one.p_adjusted == pytest.approx(other.p_adjusted)


@pytest.mark.parametrize(
    ("rows", "weeks", "verdict", "reason"),
    [
        (pd.DataFrame(columns=["agent", "local_day", "n", "total", "square"]), 12, "not_enough_data", "too_few_cases"),
        (shop(np.random.default_rng(1), agents=2), 12, "not_enough_data", "too_few_agents"),
        (shop(np.random.default_rng(1), weeks=3), 3, "not_enough_data", "too_few_weeks"),
        (shop(np.random.default_rng(1), weeks=1), 1, "not_enough_data", "too_few_weeks"),
        (shop(np.random.default_rng(1), per_day=0.1), 12, "not_enough_data", "too_few_cases"),
        (ALL_EQUAL, 12, "cannot_be_judged", "zero_variance"),
    ],
)
def test_too_little_is_said(rows: pd.DataFrame, weeks: int, verdict: str, reason: str) -> None:
    """Nothing, two agents, three weeks, hardly any cases, all values equal: a reason instead of a verdict."""
    found = judged(rows, weeks)
    assert (found.verdict, found.reason) == (verdict, reason)
