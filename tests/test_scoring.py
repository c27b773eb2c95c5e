"""Points, groups, scores, grades: the arithmetic a person's pay may hang on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ScenarioError
from core.metrics import GROUPS, SCORED, Anchors, metric
from core.scenario import Scenario, ordered
from core.scoring import (
    INSUFFICIENT,
    Scores,
    blend,
    compare,
    grade,
    nominal_weights,
    points,
    score_values,
    shown,
)

BANDS = {"A": 90.0, "B": 75.0, "C": 60.0}
EVERY = len(SCORED)
GROUP_OF = np.array([GROUPS.index(found.group) for found in SCORED])


def at_points(*wanted: float) -> np.ndarray:
    """Values that earn the wanted points under the default anchors, one per scored KPI."""
    columns = []
    for found, earned in zip(SCORED, wanted, strict=True):
        anchors = found.anchors or Anchors(0, 0, 0)
        low, high, base = (
            (anchors.floor, anchors.passing, 0.0) if earned < 60 else (anchors.passing, anchors.target, 60.0)
        )
        columns.append(low + (high - low) * (earned - base) / (60 if earned < 60 else 40))
    return np.array([columns])


def scored(values: np.ndarray, usable: np.ndarray | None = None, conversations: float = 100, **knobs: float) -> Scores:
    """Scores of one or more agents from the values themselves."""
    usable = np.ones(values.shape, dtype=bool) if usable is None else usable
    names = tuple(f"agent {at}" for at in range(len(values)))
    return score_values(values, usable, np.full(len(values), conversations), names, Scenario.of(knobs))


def by_group(efficiency: float, quality: float, business: float) -> np.ndarray:
    """Values whose groups score as given."""
    return at_points(*np.array([efficiency, quality, business])[GROUP_OF])


def test_eighty_ninety_seventy_is_eighty_one() -> None:
    """The definitions' example, 30/40/30."""
    found = scored(by_group(80, 90, 70))
    assert found.groups[0].tolist() == pytest.approx([80, 90, 70])
    assert found.score[0] == pytest.approx(81)
    assert found.grade.tolist() == ["B"]


@pytest.mark.parametrize(
    ("score", "letter"),
    [(100, "A"), (90, "A"), (89.995, "B"), (75, "B"), (74.99, "C"), (60, "C"), (59.99, "D"), (0, "D")],
)
def test_bands_are_half_open_on_the_unrounded_score(score: float, letter: str) -> None:
    """89.995 is B although it looks like 90 when rounded."""
    assert grade(score, BANDS) == letter


@pytest.mark.parametrize(
    ("score", "text"), [(89.995, 89.9), (89.999, 89.9), (90.0, 90.0), (59.99, 59.9), (81.0, 81.0), (0.04, 0.0)]
)
def test_shown_scores_are_cut_never_rounded_up(score: float, text: float) -> None:
    """What is shown never promises the next grade."""
    assert shown(score) == text


@given(
    st.lists(st.integers(1, 100), min_size=EVERY, max_size=EVERY),
    st.lists(st.booleans(), min_size=EVERY, max_size=EVERY),
)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_pass_everywhere_is_a_pass(weights: list[int], used: list[bool]) -> None:
    """Whatever the weights and whatever is missing, sixty points in every KPI are grade C, and are shown as 60."""
    knobs = {f"w_{found.key}": float(weight) for found, weight in zip(SCORED, weights, strict=True)}
    found = scored(at_points(*[60.0] * EVERY), np.array([used]), **knobs)
    assert found.grade[0] in ("C", INSUFFICIENT)
    if found.grade[0] == "C":
        assert shown(float(found.score[0])) == 60.0


@given(
    st.lists(st.floats(0, 100), min_size=EVERY, max_size=EVERY), st.lists(st.booleans(), min_size=EVERY, max_size=EVERY)
)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_contributions_add_up_and_weights_are_whole(earned: list[float], used: list[bool]) -> None:
    """Contributions sum to the score, weights to one; the score is the weighted mean of the groups that are not empty."""
    found = scored(at_points(*earned), np.array([used]))
    if not any(used):
        assert np.isnan(found.score[0])
        return
    assert found.contributions.sum() == pytest.approx(found.score[0])
    assert found.weights.sum() == pytest.approx(1)
    held = {group: value for group, value in zip(GROUPS, found.groups[0], strict=True) if not np.isnan(value)}
    weights = [{"efficiency": 30, "quality": 40, "business": 30}[group] for group in held]
    assert np.average(list(held.values()), weights=weights) == pytest.approx(found.score[0])


@given(st.lists(st.floats(0, 100), min_size=EVERY, max_size=EVERY), st.integers(0, EVERY - 1), st.floats(0, 100))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_a_better_kpi_never_lowers_the_score(earned: list[float], at: int, gain: float) -> None:
    """Moving one KPI in its good direction moves the score up or not at all."""
    before = at_points(*earned)
    after = before.copy()
    anchors = SCORED[at].anchors or Anchors(0, 0, 0)
    after[0, at] += SCORED[at].better * gain * abs(anchors.target - anchors.floor) / 50
    assert scored(after).score[0] >= scored(before).score[0] - 1e-9


@given(st.floats(0.05, 3))
@settings(max_examples=20, deadline=None, derandomize=True, database=None)
def test_scaling_all_weights_changes_nothing(factor: float) -> None:
    """3/4/3 is 30/40/30; so is any multiple, between groups and inside a group."""
    values = at_points(*np.linspace(5, 95, EVERY))
    groups = {
        "w_efficiency": 30 * factor,
        "w_quality": 40 * factor if factor <= 2.5 else 100,
        "w_business": 30 * factor,
    }
    if factor > 2.5:
        groups = {"w_efficiency": 3.0, "w_quality": 4.0, "w_business": 3.0}
    inside = {f"w_{found.key}": found.weight / 4 for found in SCORED if found.group == "quality"}
    assert scored(values, None, 100, **groups, **inside).score[0] == pytest.approx(scored(values).score[0])


def test_nominal_weights_are_shares_of_the_whole() -> None:
    """They sum to one, and each group has its share."""
    nominal = nominal_weights(Scenario())
    assert nominal.sum() == pytest.approx(1)
    assert [nominal[at == GROUP_OF].sum() for at in range(3)] == pytest.approx([0.3, 0.4, 0.3])


def test_a_missing_kpi_leaves_its_group_and_the_group_keeps_its_weight() -> None:
    """Without quality reviews the other quality KPIs carry the 40 %: the score stays the same where they earn the same."""
    usable = np.array([[found.key != "qa_score" for found in SCORED]])
    found = scored(by_group(80, 90, 70), usable)
    assert found.score[0] == pytest.approx(81)
    assert np.isnan(found.points[0, [m.key for m in SCORED].index("qa_score")])


def test_an_empty_group_leaves_the_total() -> None:
    """No sales file: 80 and 90 at 30 : 40."""
    usable = np.array([[found.group != "business" for found in SCORED]])
    found = scored(by_group(80, 90, 70), usable)
    assert found.score[0] == pytest.approx((30 * 80 + 40 * 90) / 70)
    assert np.isnan(found.groups[0, 2])


@pytest.mark.parametrize(
    ("kept", "letter", "reason"),
    [
        ("efficiency quality", "B", ""),
        ("efficiency", INSUFFICIENT, "little_weight"),
        ("quality", INSUFFICIENT, "little_weight"),
        ("", INSUFFICIENT, "nothing_scored"),
    ],
)
def test_less_than_half_the_weight_is_no_grade(kept: str, letter: str, reason: str) -> None:
    """30 % or 40 % of the nominal weight is not enough, 70 % is."""
    usable = np.array([[found.group in kept.split() for found in SCORED]])
    found = scored(by_group(80, 90, 70), usable)
    assert (found.grade[0], found.reason[0]) == (letter, reason)


def test_exactly_half_the_weight_is_enough() -> None:
    """Half is not less than half."""
    usable = np.array([[found.group != "quality" for found in SCORED]])
    found = scored(by_group(80, 90, 70), usable, w_efficiency=25, w_quality=50, w_business=25)
    assert (found.score[0], found.grade[0]) == (pytest.approx(75), "B")


@pytest.mark.parametrize(("conversations", "letter"), [(19, INSUFFICIENT), (20, "B")])
def test_fewer_than_twenty_conversations_are_no_grade(conversations: int, letter: str) -> None:
    """The score is kept, the grade is not given."""
    found = scored(by_group(80, 90, 70), None, conversations)
    assert found.grade[0] == letter
    assert found.score[0] == pytest.approx(81)


@pytest.mark.parametrize(
    "knobs", [{"pass_fcr": 0.85}, {"pass_fcr": 0.9}, {"floor_first_response": 120}, {"target_first_response": 130}]
)
def test_anchors_out_of_order_are_refused(knobs: dict[str, float]) -> None:
    """Target, pass and floor must be strictly ordered in the KPI's direction."""
    with pytest.raises(ScenarioError) as refused:
        scored(by_group(80, 90, 70), **knobs)
    assert refused.value.issue.code == "anchors_out_of_order"


def test_points_are_linear_between_and_clipped_outside() -> None:
    """First response in seconds: 30 is 100, 75 is 80, 120 is 60, 360 is 30, 600 and more is 0, less than 30 stays 100."""
    anchors = metric("first_response").anchors or Anchors(0, 0, 0)
    found = points(np.array([10.0, 30, 75, 120, 360, 600, 9999, np.nan]), anchors)
    assert found[:-1].tolist() == [100, 100, 80, 60, 30, 0, 0]
    assert np.isnan(found[-1])
    assert all(ordered(m.anchors, m.better) for m in SCORED if m.anchors)


def test_a_comparison_explains_every_point() -> None:
    """The change is the sum of the KPIs' changes, and its largest part is named."""
    before = scored(by_group(80, 90, 70))
    after = scored(by_group(80, 90, 70), w_quality=100)
    found = compare(before, after)
    assert found["change"][0] == pytest.approx(after.score[0] - before.score[0])
    assert found["cause"][0] == "satisfaction"
    assert (found["rank_a"][0], found["moved"][0]) == (1, False)


def test_the_distribution_counts_everybody_and_shares_the_graded() -> None:
    """One A, one D, one without a grade: shares of two, counts of three."""
    found = scored(np.vstack([by_group(95, 95, 95), by_group(10, 10, 10), by_group(80, 80, 80)]))
    found = replace(found, grade=np.array(["A", "D", INSUFFICIENT], dtype=object))
    table = found.distribution().set_index("grade")
    assert table["count"].to_dict() == {"A": 1, "B": 0, "C": 0, "D": 1, INSUFFICIENT: 1}
    assert table["share"]["A"] == 0.5


def test_a_share_of_the_team_adds_up_and_leaves_the_ungraded_ungraded():
    """With half the score from the team each score lies midway, its contributions add up, and a person without a grade stays without."""
    values = np.full((2, len(SCORED)), np.nan)
    values[:, 0] = [30.0, 600.0]  # first response at target and at floor
    usable = ~np.isnan(values)
    people = score_values(values, usable, np.array([50.0, 5.0]), ("a", "b"), Scenario())
    teams = score_values(np.where(usable[:1], 120.0, np.nan), usable[:1], np.array([100.0]), ("t",), Scenario())
    mixed = blend(people, teams, {"a": "t", "b": "t"}, 0.5)
    assert mixed.score.tolist() == [80.0, 30.0]
    assert np.allclose(mixed.contributions.sum(axis=1), mixed.score)
    assert mixed.reason.tolist() == people.reason.tolist()
