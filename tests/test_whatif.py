"""What-if: every point of a move has a cause, winners and losers are counted, old periods are judged by old and new weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.metrics import SCORED
from core.recompute import Recalled, judge, main_of, measure
from core.scenario import Scenario
from core.scenarios import Book, Season, presets
from core.scoring import INSUFFICIENT, Scores, score_values
from core.whatif import WhatIf, gains, history, whatif
from tests import shop
from tests.test_scoring import at_points

RICH = {
    "w_quality": 70.0,
    "target_first_response": 60.0,
    "band_a": 80.0,
    "team_share": 20.0,
    "fcr_rule": "one_reply",
    "min_conversations": 260.0,
}


@cache
def recalled() -> Recalled:
    """The sample shop under any scenario."""
    return Recalled(shop.log())


def by_hand(rows: list[list[float]]) -> Callable[[Scenario], Scores]:
    """Scores of made-up agents under any scenario."""
    values = np.vstack([at_points(*row) for row in rows])
    names = tuple(f"agent {at}" for at in range(len(rows)))
    usable = np.ones(values.shape, dtype=bool)
    return lambda scenario: score_values(values, usable, np.full(len(rows), 100.0), names, scenario)


def test_recalled_scores_are_the_reports() -> None:
    """The lean way to scores gives what the report has, team share included, and reads nothing twice."""
    scenario = Scenario.of({"team_share": 30, "in_channel": ["chat"], "fcr_h": 24})
    lean = recalled().scores(scenario)
    whole = judge(measure(recalled().observed(scenario), scenario), scenario)[0]
    assert lean.names == whole.names
    assert np.array_equal(lean.score, whole.score, equal_nan=True)
    assert lean.grade.tolist() == whole.grade.tolist()
    assert recalled().tables(scenario) is recalled().tables(Scenario.of({**scenario.changed, "w_quality": 3}))


@pytest.fixture(scope="module")
def rich() -> object:
    """A what-if in which six kinds of decision differ."""
    return whatif(recalled().scores, Scenario(), Scenario.of(RICH))


def test_causes_add_up_to_the_move(rich) -> None:
    """Weights, targets, rule and team share carry the whole move; band and minimum move no score."""
    assert rich.causes == ("weight", "target", "band", "minimum", "team", "rule")
    assert rich.splits() == ["by_weight", "by_target", "by_team", "by_rule", "together"]
    frame = rich.frame[rich.frame["move"].notna()]
    assert len(frame) > 20
    assert frame[rich.splits()].sum(axis=1).to_numpy() == pytest.approx(frame["move"].to_numpy(), abs=1e-12)
    assert (frame["score_b"] - frame["score_a"]).to_numpy() == pytest.approx(frame["move"].to_numpy(), abs=0)
    assert (frame[rich.splits()].abs() > 0).sum().drop("together").min() > 0


def test_who_turns_the_same_knobs_back_gets_the_opposite(rich) -> None:
    """B → A is A → B with every cause turned round: the split depends on no order."""
    back = whatif(recalled().scores, rich.b, rich.a).frame.set_index("agent")
    there = rich.frame.set_index("agent")
    for name in rich.splits():
        assert back.loc[there.index, name].to_numpy() == pytest.approx(-there[name].to_numpy(), abs=1e-9, nan_ok=True)


def test_two_causes_are_split_as_on_paper() -> None:
    """Half of what a cause does first and half of what it does last: four scores, two parts."""
    rows = [[95.0 if m.group == "quality" else 70.0 for m in SCORED]]
    scored = by_hand(rows)
    weight, target = {"w_quality": 80}, {"target_satisfaction": 0.99}
    none, one, other, both = (float(scored(Scenario.of(k)).score[0]) for k in ({}, weight, target, weight | target))
    found = whatif(scored, Scenario(), Scenario.of(weight | target)).frame.iloc[0]
    assert found["by_weight"] == pytest.approx(((one - none) + (both - other)) / 2, abs=1e-9)
    assert found["by_target"] == pytest.approx(((other - none) + (both - one)) / 2, abs=1e-9)
    assert found["by_target"] < 0 < found["by_weight"]


# what a made-up agent has under each mixture of three kinds of decision: weights (w), targets (t), a filter (f)
GAME = {"": 50.0, "w": 56.0, "t": 53.0, "f": 50.0, "wt": 65.0, "wf": 56.0, "tf": 59.0, "wtf": 74.0}


def test_three_causes_are_split_as_on_paper() -> None:
    """First and last place count a third each, the two ways to be in the middle a sixth each.

    w: 6/3 + (12 + 6)/6 + 15/3 = 10. t: 3/3 + (9 + 9)/6 + 18/3 = 10. f: 0/3 + (0 + 6)/6 + 9/3 = 4. Together 24 = 74 - 50.
    """
    plain = by_hand([[70.0] * len(SCORED)])(Scenario())

    def scored(scenario: Scenario) -> Scores:
        knobs = {"w": "w_quality", "t": "target_satisfaction", "f": "in_team"}
        taken = "".join(name for name, knob in knobs.items() if knob in scenario.changed)
        return replace(plain, score=np.array([GAME[taken]]))

    b = Scenario.of({"w_quality": 80, "target_satisfaction": 0.99, "in_team": ["South"]})
    found = whatif(scored, Scenario(), b).frame.iloc[0]
    assert found[["by_weight", "by_target", "by_filter", "together"]].tolist() == pytest.approx([10, 10, 4, 0], abs=1e-12)


def test_one_cause_carries_all() -> None:
    """Where only weights differ, they are the move, and nothing differs from itself."""
    found = whatif(recalled().scores, Scenario(), presets()["aftersale"])
    assert found.splits() == ["by_weight", "together"]
    assert np.allclose(found.frame["by_weight"], found.frame["move"], equal_nan=True)
    same = whatif(recalled().scores, Scenario(), Scenario.of({"margin": 0.2}))
    assert (same.causes, same.splits(), len(same.moved)) == ((), ["together"], 0)
    assert same.frame["move"].abs().max() == 0
    assert same.agreement["tau_b"] == 1


def test_grade_causes_are_what_they_say() -> None:
    """A lower bar alone lifts the grade; taking it back alone takes the grade back; weights did nothing."""
    scored = by_hand([[85.0] * len(SCORED), [50.0] * len(SCORED)])
    found = whatif(scored, Scenario(), Scenario.of({"band_a": 80, "w_quality": 50})).frame.set_index("agent")
    assert (found.loc["agent 0", "grade_a"], found.loc["agent 0", "grade_b"]) == ("B", "A")
    assert found.loc["agent 0", ["alone", "needed"]].tolist() == [("band",), ("band",)]
    assert found.loc["agent 1", ["alone", "needed"]].tolist() == [(), ()]


def test_a_grade_may_need_two_causes() -> None:
    """Weights and bar together make an A that neither makes alone; taking back either undoes it."""
    rows = [[95.0 if m.group == "quality" else 80.0 for m in SCORED]]
    found = whatif(by_hand(rows), Scenario(), Scenario.of({"band_a": 87.5, "w_quality": 80})).frame
    assert (found["grade_b"][0], found["alone"][0], found["needed"][0]) == ("A", (), ("weight", "band"))


def test_whoever_is_not_scored_everywhere_keeps_the_move_in_one_piece() -> None:
    """An agent who has a score under A and B, but not under a mixture, has a move that nobody can split."""
    values, usable = at_points(*[70.0] * len(SCORED)), np.ones((1, len(SCORED)), dtype=bool)

    def scored(scenario: Scenario) -> Scores:
        torn = bool(scenario.get("in_team")) != (scenario.get("period") == "7d")
        shift = 0.05 if scenario.get("in_team") else 0.0
        return score_values(values - shift, usable & (not torn), np.array([100.0]), ("a",), scenario)

    found = whatif(scored, Scenario(), Scenario.of({"in_team": ["South"], "period": "7d"})).frame
    assert found[["by_period", "by_filter"]].iloc[0].tolist() == [0, 0]
    assert found["together"][0] == pytest.approx(found["move"][0])
    assert found["move"][0] != 0


@given(
    st.lists(st.lists(st.floats(0, 100), min_size=len(SCORED), max_size=len(SCORED)), min_size=1, max_size=4),
    st.fixed_dictionaries({
        "w_quality": st.floats(1, 100), "w_fcr": st.floats(0, 100), "target_first_response": st.floats(0, 110), "band_b": st.floats(61, 89),
    }),
)  # fmt: skip
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_causes_add_up_for_any_agents(rows: list[list[float]], knobs: dict[str, float]) -> None:
    """Whatever the points and the knobs, the parts sum to the move, and a cause without effect has exactly none."""
    found = whatif(by_hand(rows), Scenario(), Scenario.of(knobs))
    total = found.frame[found.splits()].sum(axis=1)
    assert total.to_numpy() == pytest.approx((found.frame["score_b"] - found.frame["score_a"]).to_numpy(), abs=1e-9)
    still = found.frame["move"].abs() < 1e-12
    assert set(found.frame["agent"]) == {f"agent {at}" for at in range(len(rows))}
    assert (found.frame.loc[still, "grade_a"].isin(["A", "B", "C", "D"])).all()


def test_winners_and_losers_are_counted_once(rich) -> None:
    """Everybody with two scores is in one team, up, down or the same; the mean move is the agents' own."""
    for dimension in ("team", "shift", "language"):
        of = main_of(shop.observed(), Scenario(), dimension)
        table = gains(rich, of)
        both = rich.frame[rich.frame["move"].notna()]
        assert table["n"].sum() == len(both)
        assert (table["up"] + table["down"] + table["same"] == table["n"]).all()
        assert (table["mean_move"] * table["n"]).sum() == pytest.approx(both["move"].sum())
        letters = both["grade_a"] != INSUFFICIENT
        assert table["grades_up"].sum() + table["grades_down"].sum() <= letters.sum()


def test_winners_and_losers_by_hand() -> None:
    """North: one up a grade, one down two; South: one up without a grade, one unmoved; who has one score only is in no row."""
    frame = pd.DataFrame({
        "agent": list("abcdef"), "grade_a": ["B", "A", "C", "D", "B", "A"], "grade_b": ["A", "C", "C", "D", INSUFFICIENT, "A"],
        "move": [8.0, -20.0, 1.0, 0.0, np.nan, -3.0],
    })  # fmt: skip
    none = score_values(np.zeros((0, len(SCORED))), np.zeros((0, len(SCORED)), dtype=bool), np.zeros(0), (), Scenario())
    found = WhatIf(Scenario(), Scenario(), (), (), none, none, frame)
    table = gains(found, {"a": "North", "b": "North", "c": "South", "d": "South", "e": "South"}).set_index("group")
    columns = ["n", "up", "down", "same", "mean_move", "grades_up", "grades_down"]
    assert table.loc["North", columns].tolist() == [2, 1, 1, 0, -6.0, 1, 1]
    assert table.loc["South", columns].tolist() == [2, 1, 0, 1, 0.5, 0, 0]
    assert table.loc["", columns].tolist() == [1, 0, 1, 0, -3.0, 0, 0]


def test_old_periods_are_judged_by_old_and_new_weights() -> None:
    """Two seasons: each stretch has the scores of its own weights on its own days, and of the new weights on the same days."""
    first, last = recalled().observed(Scenario()).days
    from core.period import day_date

    start, middle, end = day_date(first), day_date(first + 20), day_date(last)
    book = Book(
        {"old": Scenario(), "sale": presets()["promotion"]},
        (Season("old", start.isoformat()), Season("sale", middle.isoformat())),
    )
    new = Scenario.of({"w_quality": 80})
    found = history(recalled().scores, book, (start, end), new)
    assert found[["name", "first", "last"]].drop_duplicates().to_numpy().tolist() == [
        ["old", start, middle - timedelta(days=1)],
        ["sale", middle, end],
    ]
    days = {"period": "custom", "from": middle, "to": end}
    own, under = (recalled().scores(Scenario.of({**each.changed, **days})) for each in (presets()["promotion"], new))
    before = history(recalled().scores, book, (start - timedelta(days=9), start - timedelta(days=1)), new)
    assert len(before) == len(history(recalled().scores, book, (end, start), new)) == 0
    late = found[found["name"] == "sale"].set_index("agent")
    assert late.loc[list(own.names), "score_own"].to_numpy() == pytest.approx(own.score, nan_ok=True)
    assert late.loc[list(under.names), "score_new"].to_numpy() == pytest.approx(under.score, nan_ok=True)


def test_of_nobody_there_is_no_gain() -> None:
    """A log in which nobody has a score on both sides gives groups without rows, not a refusal."""
    def nobody(scenario: Scenario) -> Scores:
        values = np.zeros((0, len(SCORED)))
        return score_values(values, values > 0, np.zeros(0), (), scenario)

    found = whatif(nobody, Scenario(), Scenario.of({"w_quality": 60}))
    assert gains(found, {}).empty
