"""The smallest turn of one knob: what is promised holds when the knob is really turned, and less does not do."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from core.metrics import BY_KEY
from core.recompute import Recalled, Tables, score_of
from core.scenario import KNOBS, Scenario
from core.scoring import GRADES, INSUFFICIENT
from core.turning import KINDS, smallest, tornado, undo
from core.whatif import whatif
from tests import shop


@cache
def recalled() -> Recalled:
    """The sample shop under any scenario."""
    return Recalled(shop.log())


def tables(scenario: Scenario) -> Tables:
    """Its figures."""
    return recalled().tables(scenario)


def grade_with(scenario: Scenario, knob: str, value: float, agent: str) -> str:
    """The agent's grade when the knob is really there."""
    scores = recalled().scores(Scenario.of({**scenario.changed, knob: value}))
    return str(scores.grade[scores.names.index(agent)])


def next_grade(scenario: Scenario) -> pd.DataFrame:
    """The smallest turns that give each agent below A the next better grade."""
    scores = recalled().scores(scenario)
    better = dict(zip(GRADES[1:], GRADES, strict=False))
    wanted = {name: better[letter] for name, letter in zip(scores.names, scores.grade, strict=True) if letter in better}
    return smallest(tables(scenario), scenario, wanted)


@pytest.fixture(params=[0, 40], ids=["alone", "with the team"])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    """Other weights, without and with a part of the score from the team."""
    return Scenario.of({"w_quality": 55, "target_fcr": 0.9, "team_share": request.param})


def test_the_next_grade_is_reached_there_and_not_before(scenario: Scenario) -> None:
    """With the knob at the promised place the grade is the better one; a hair less and it is not; the setting is on the knob's steps."""
    found = next_grade(scenario)
    done = found[found["knob"] != ""]
    assert len(done) > 10
    assert set(done["kind"]) == set(KINDS)
    for row in done.itertuples():
        assert grade_with(scenario, row.knob, row.to, row.agent) == row.wanted
        hair = row.to - np.sign(row.to - row.now) * 1e-6 * max(abs(row.now), 1e-3)
        assert grade_with(scenario, row.knob, hair, row.agent) == row.grade
        if not np.isnan(row.setting):
            knob = KNOBS[row.knob]
            assert grade_with(scenario, row.knob, row.setting, row.agent) == row.wanted
            steps = (row.setting - knob.low) / knob.step
            assert steps == pytest.approx(round(steps), abs=1e-6)
            assert abs(row.setting - row.now) <= abs(row.to - row.now) + knob.step + 1e-9


def test_nothing_smaller_of_the_same_kind_does_it() -> None:
    """No group weight turned by less of the whole score gives the grade: looked for on every whole setting of the three knobs."""
    scenario = Scenario()
    found = next_grade(scenario)
    row = found[(found["kind"] == "group_weight") & (found["knob"] != "")].iloc[0]
    for group in ("efficiency", "quality", "business"):
        for value in range(101):
            if grade_with(scenario, f"w_{group}", value, row["agent"]) == row["wanted"]:
                weights = {
                    g: (value if g == group else scenario.get(f"w_{g}")) for g in ("efficiency", "quality", "business")
                }
                whole = sum(weights.values())
                moved = sum(abs(w / whole - scenario.get(f"w_{g}") / 100) for g, w in weights.items()) / 2
                assert moved >= row["size"] - 1e-9


def test_a_what_if_is_undone(scenario: Scenario) -> None:
    """Who lost or won a grade gets it back by one knob of B, or is told that none of its kind does it."""
    found = whatif(recalled().scores, Scenario(), scenario)
    table = undo(tables(scenario), found)
    graded = found.moved[found.moved["grade_a"].isin(GRADES) & found.moved["grade_b"].isin(GRADES)]
    assert set(table["agent"]) == set(graded["agent"])
    assert len(table) == 3 * len(graded) > 0
    for row in table.itertuples():
        if row.knob:
            assert grade_with(scenario, row.knob, row.to, row.agent) == row.wanted
        else:
            assert row.reason == "none_within_bounds"
            assert pd.isna(row.to)


def test_what_cannot_be_is_said() -> None:
    """An A for the lowest score is out of reach of any single target; who has no grade and who has it already are not listed."""
    scenario = Scenario()
    scores = recalled().scores(scenario)
    graded = np.flatnonzero(scores.grade != INSUFFICIENT)
    worst = scores.names[graded[np.argmin(scores.score[graded])]]
    found = smallest(tables(scenario), scenario, {worst: "A"})
    assert (found["reason"] == "none_within_bounds").any()
    none = [name for name, letter in zip(scores.names, scores.grade, strict=True) if letter == INSUFFICIENT]
    same = {
        name: str(letter) for name, letter in zip(scores.names, scores.grade, strict=True) if letter != INSUFFICIENT
    }
    assert len(smallest(tables(scenario), scenario, same | dict.fromkeys(none, "A"))) == 0


def test_targets_stay_on_the_good_side_of_pass() -> None:
    """No target is promised that the scorecard would refuse."""
    scenario = Scenario()
    found = next_grade(scenario)
    for row in found[(found["kind"] == "anchor") & (found["knob"] != "")].itertuples():
        metric = BY_KEY[KNOBS[row.knob].metric]
        assert (row.to - scenario.anchors(metric).passing) * metric.better > 0


def test_the_tornado_is_the_score_itself() -> None:
    """Each bar's ends are the scores with that knob alone turned; the widest bar comes first; weights of nothing have no bar."""
    scenario = Scenario.of({"w_quality": 55})
    scores = score_of(tables(scenario), scenario)
    agent = scores.names[int(np.nanargmax(scores.score))]
    found = tornado(tables(scenario), scenario, agent)
    assert found["swing"].is_monotonic_decreasing
    for row in found.head(6).itertuples():
        for side in ("low", "high"):
            other = Scenario.of({**scenario.changed, row.knob: getattr(row, side)})
            if not other.problems():
                assert getattr(row, f"score_{side}") == recalled().scores(other).score[scores.names.index(agent)]
    assert (found["low"] <= found["now"]).all()
    assert (found["high"] >= found["now"]).all()
