"""A receipt that can be checked: lines add up, digests name data and settings, steps really give the next grade."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from core.metrics import BY_KEY
from core.receipt import Receipt, nearest_steps, receipt, scenario_digest
from core.recompute import Report, judge, measure
from core.scenario import Scenario
from core.scoring import GRADES, INSUFFICIENT, points
from tests import shop


@cache
def report(share: float = 0.0, period: str = "28d") -> Report:
    """The sample shop, with or without a share from the team."""
    scenario = Scenario.of({"team_share": share, "period": period})
    measured = measure(shop.observed(), scenario)
    return Report(measured, *judge(measured, scenario), scenario)


def every(share: float = 0.0) -> list[Receipt]:
    """Receipts of all who have a score."""
    found = report(share)
    return [receipt(found, name) for name, score in zip(found.scores.names, found.scores.score, strict=True) if not np.isnan(score)]


@pytest.mark.parametrize("share", [0.0, 30.0])
def test_lines_and_team_part_add_up_to_the_score(share: float) -> None:
    """Own contributions and the team's part are the score, for everybody; each line is points × weight."""
    for one in every(share):
        assert one.own + one.team == pytest.approx(one.score, abs=1e-9)
        assert one.lines["contribution"].sum() == pytest.approx(one.own)
        assert (one.lines["points"] * one.lines["weight"]).to_numpy() == pytest.approx(one.lines["contribution"].to_numpy())
    assert any(one.team > 0 for one in every(30.0))
    assert all(one.team == 0 for one in every())


def test_points_follow_from_the_value_and_the_anchors_on_the_line() -> None:
    """Who has the receipt can compute the points by hand."""
    for one in every():
        for line in one.lines.itertuples():
            anchors = report().scenario.anchors(BY_KEY[line.key])
            assert (line.target, line.passing, line.floor) == (anchors.target, anchors.passing, anchors.floor)
            assert points(np.array([line.value]), anchors)[0] == pytest.approx(line.points)


def test_a_step_gives_the_next_grade_and_nothing_less_does() -> None:
    """With the needed value the score is exactly at the band; KPIs that cannot do it alone say so."""
    tried = 0
    for one in every():
        if one.grade in (INSUFFICIENT, "A"):
            assert one.steps.empty
            continue
        weight = dict(zip(one.lines["key"], one.lines["weight"], strict=True))
        now = dict(zip(one.lines["key"], one.lines["points"], strict=True))
        for step in one.steps.itertuples():
            assert step.wanted == GRADES[GRADES.index(one.grade) - 1]
            if np.isnan(step.needed):
                assert step.gain < step.missing + 1e-9
                continue
            then = points(np.array([step.needed]), report().scenario.anchors(BY_KEY[step.key]))[0]
            assert one.score + weight[step.key] * (then - now[step.key]) == pytest.approx(report().scenario.bands()[step.wanted])
            tried += 1
    assert tried > 10


def test_the_easiest_step_is_the_one_most_peers_reach() -> None:
    """Steps come with the share of others who are there already, largest first."""
    for one in every():
        peers = one.steps["peers"].fillna(-1).to_numpy() if len(one.steps) else np.zeros(0)
        assert (np.diff(peers) <= 0).all()


def test_the_past_is_the_same_statistic_a_period_earlier() -> None:
    """Median against median, and the family is the KPIs that could be compared."""
    one = next(each for each in every() if len(each.past))
    line = one.lines[one.lines["key"] == "first_response"].iloc[0]
    row = one.past[one.past["key"] == "first_response"].iloc[0]
    assert row["now"] == line["value"]
    assert row["family"] == (one.past["verdict"] != "not_enough_data").sum()


def test_without_an_earlier_period_there_is_no_past() -> None:
    """The whole log has nothing before it: an empty table, and steps without a past figure."""
    found = report(0.0, "all")
    one = receipt(found, found.scores.names[0])
    assert one.past.empty
    assert nearest_steps(found, found.scores.names[0])["before"].isna().all()


def test_digests_change_with_settings_that_matter_only() -> None:
    """Another weight is another digest; a staffing knob is not."""
    base = scenario_digest(Scenario())
    assert scenario_digest(Scenario.of({"sl_s": 30})) == base
    assert scenario_digest(Scenario.of({"in_team": ("A",)})) != base != scenario_digest(Scenario.of({"target_fcr": 0.9}))
    assert every()[0].data_digest == shop.log().digest[:12]


def test_who_has_no_grade_has_a_receipt_that_says_why() -> None:
    """Shen Yi has too few conversations: no grade, the reason, no steps."""
    found = report(0.0, "all")
    ungraded = [name for name, grade in zip(found.scores.names, found.scores.grade, strict=True) if grade == INSUFFICIENT]
    assert ungraded
    one = receipt(found, ungraded[0])
    assert (one.grade, one.steps.empty) == (INSUFFICIENT, True)
    assert one.reason
