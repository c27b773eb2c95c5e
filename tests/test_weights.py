"""What the weights decide: exact answers where there are any, shares that are shares, and nobody ranked by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kpis import kpi_table
from core.metrics import SCORED
from core.overlap import agreement, doubles, importance, kendall
from core.resampling import redrawn
from core.robustness import doubt
from core.scenario import Scenario
from core.scoring import GRADES, INSUFFICIENT, Scores, persons, score
from core.weights import (
    Card,
    Space,
    acceptability,
    beats,
    by_group,
    central,
    drawn_points,
    exact,
    robust,
    weighed,
    weightings,
)
from tests import shop
from tests.test_scoring import at_points, scored

BANDS = {"A": 90.0, "B": 75.0, "C": 60.0}
PLACES = [
    next(at for at, m in enumerate(SCORED) if m.group == group) for group in ("efficiency", "quality", "business")
]
POINTS = st.lists(st.lists(st.integers(0, 100), min_size=4, max_size=4), min_size=2, max_size=6)


def case(shared: Path, name: str) -> dict[str, Any]:
    """One reference case."""
    cases = json.loads((shared / "reference" / "reference_cases_open.json").read_text(encoding="utf-8"))["cases"]
    return next(one for one in cases if one["id"] == name)


def card_of(criteria: Any, weights: Any = None) -> Card:
    """A card whose first criterion is an efficiency KPI, the second a quality KPI, the third a business KPI; more fill what is left."""
    criteria = np.asarray(criteria, dtype=np.float64)
    places = (PLACES + [at for at in range(len(SCORED)) if at not in PLACES])[: criteria.shape[1]]
    weights = np.ones(len(places)) if weights is None else np.asarray(weights, dtype=np.float64)
    points, nominal = np.full((len(criteria), len(SCORED)), np.nan), np.zeros(len(SCORED))
    points[:, places], nominal[places] = criteria, weights / weights.sum()
    names = tuple(f"agent {at}" for at in range(len(criteria)))
    return Card(names, points, nominal, BANDS, np.zeros(len(names)), np.full(points.shape, np.nan))


@pytest.fixture(scope="module")
def judged() -> Scores:
    """Scores of the sample shop under the defaults."""
    return score(persons(kpi_table(shop.observed())))


def test_areas_of_three_ordered_criteria_are_exact(shared: Path) -> None:
    """Rank acceptability, winning shares and central weightings as rational areas, with w1 ≥ w2 ≥ w3."""
    one = case(shared, "w.smaa.ordinal_weights")
    ranked, ahead, middle = exact(np.array(one["inputs"]["scores"]), order=(3, 2, 1))
    assert ranked == pytest.approx(np.array(one["expected"]["rank_acceptability"]), abs=1e-12)
    assert ahead == pytest.approx(np.array(one["expected"]["pairwise_winning"]), abs=1e-12)
    wanted = [[np.nan] * 3 if row is None else row for row in one["expected"]["central_weights"]]
    assert middle == pytest.approx(np.array(wanted), abs=1e-9, nan_ok=True)
    assert exact(np.array([[1.0, 1, 1]]), (3, 2, 1))[2][0] == pytest.approx(one["expected"]["roc_weights"], abs=1e-12)


def test_sampling_agrees_with_the_exact_areas(shared: Path) -> None:
    """Ten thousand draws come within four standard errors of the areas: ranks, winning shares and the centroid of the ordered region."""
    one = case(shared, "w.smaa.ordinal_weights")
    card = card_of(one["inputs"]["scores"], (3, 2, 1))
    shares = weightings(card, Space("ordered"))
    found = acceptability(card, shares)
    assert found.ranks == pytest.approx(np.array(one["expected"]["rank_acceptability"]), abs=4 * found.error)
    assert beats(card, shares) == pytest.approx(np.array(one["expected"]["pairwise_winning"]), abs=4 * found.error)
    assert shares[:, PLACES].mean(axis=0) == pytest.approx(one["expected"]["roc_weights"], abs=0.01)
    assert central(card, shares)[0, PLACES] == pytest.approx(one["expected"]["central_weights"][0], abs=0.01)


def test_two_criteria_are_exact(shared: Path) -> None:
    """Four agents, two criteria: rank acceptability to the last digit."""
    one = case(shared, "w.smaa.exact_4x2")
    found = exact(np.array(one["inputs"]["scores"]))[0]
    assert found == pytest.approx(np.array(one["expected"]["rank_acceptability"]), abs=1e-12)


def test_identical_agents_share_their_places(shared: Path) -> None:
    """Two agents with the same points have the same acceptabilities, not the order of their names."""
    one = case(shared, "w.smaa.ties_identical_agents")
    card = card_of(one["inputs"]["scores"])
    for ranked in (exact(np.array(one["inputs"]["scores"]))[0], acceptability(card, weightings(card)).ranks):
        assert ranked[0] == pytest.approx(ranked[1], abs=1e-12)
        assert ranked[:2, 0].sum() == pytest.approx(one["expected"]["first_rank_of_pair_total"], abs=0.02)
    assert exact(np.array(one["inputs"]["scores"]))[0][:2, 0].sum() == pytest.approx(0.625, abs=1e-12)


def test_rankings_with_ties_are_compared(shared: Path) -> None:
    """Kendall's τ-a and τ-b, concordant and discordant pairs."""
    one = case(shared, "w.kendall.scenarios_ties")
    found = kendall(np.array(one["inputs"]["rank_a"]), np.array(one["inputs"]["rank_b"], dtype=float))
    assert {name: found[name] for name in one["expected"]} == pytest.approx(one["expected"], rel=1e-9)


def test_another_agent_turns_nobody_round(shared: Path) -> None:
    """Fixed anchors: adding a slow agent leaves the scores and the order of the others, which min–max over the shown agents would not."""
    one = case(shared, "w.minmax.rank_reversal")
    agents = {**one["inputs"]["agents"], **one["inputs"]["added"]}
    keys = [m.key for m in SCORED]
    values, usable = np.full((len(agents), len(keys)), np.nan), np.zeros((len(agents), len(keys)), dtype=bool)
    for row, (wait, rating) in enumerate(agents.values()):
        for key, value in (("first_response", wait), ("satisfaction", rating / 5)):
            values[row, keys.index(key)], usable[row, keys.index(key)] = value, True
    every, before = scored(values, usable), scored(values[:3], usable[:3])
    assert every.score[:3].tolist() == before.score.tolist()
    low, high = values[:, [0]].min(), values[:, [0]].max()
    swung = 0.5 * (high - values[:, 0]) / (high - low) + 0.5 * (np.array([a[1] for a in agents.values()]) - 4.0) / 0.9
    assert swung == pytest.approx(list(one["expected"]["after"].values()), abs=1e-12)
    assert np.argsort(-swung[:3]).tolist() == [2, 1, 0]


@given(POINTS, st.sampled_from(["uniform", "ordered", "around"]), st.sampled_from(["kpi", "group"]))
@settings(max_examples=30, deadline=None, derandomize=True, database=None)
def test_shares_are_shares(criteria: list[list[int]], kind: str, level: str) -> None:
    """Each agent takes some place and each place is taken; the grades' shares sum to one; weightings sum to one and none is negative."""
    card = card_of(criteria)
    shares = weightings(card, Space(kind, level), 200)
    found = acceptability(card, shares)
    assert shares.sum(axis=1) == pytest.approx(1)
    assert shares.min() >= 0
    assert found.ranks.sum(axis=0) == pytest.approx(1)
    assert found.ranks.sum(axis=1) == pytest.approx(1)
    assert sum(found.grades.values()) == pytest.approx(1)
    ahead = beats(card, shares)
    assert ahead + ahead.T + np.eye(len(card)) == pytest.approx(1)


@given(POINTS, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None, derandomize=True, database=None)
def test_the_order_of_the_rows_changes_nothing(criteria: list[list[int]], chance: Any) -> None:
    """Shuffled agents keep their acceptabilities; agents with the same points have the same."""
    order = list(range(len(criteria)))
    chance.shuffle(order)
    card, mixed = card_of(criteria), card_of([criteria[at] for at in order])
    shares = weightings(card, size=300)
    one, other = acceptability(card, shares), acceptability(mixed, shares)
    assert one.ranks[order] == pytest.approx(other.ranks, abs=1e-9)
    for letter in GRADES:
        assert one.grades[letter][order].tolist() == other.grades[letter].tolist()
    for at, row in enumerate(criteria):
        twin = criteria.index(row)
        assert one.ranks[at] == pytest.approx(one.ranks[twin], abs=1e-9)


@given(
    st.lists(
        st.lists(st.none() | st.integers(0, 100), min_size=len(SCORED), max_size=len(SCORED)), min_size=1, max_size=4
    ),
    st.lists(st.integers(0, 10), min_size=len(SCORED), max_size=len(SCORED)).filter(any),
)
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_a_weighting_scores_as_scoring_does(rows: list[list[int | None]], weights: list[int]) -> None:
    """Missing KPIs hand their weight on inside the group, empty groups leave: the same score as the scenario with these shares gives."""
    points = np.array([[np.nan if one is None else float(one) for one in row] for row in rows])
    shares = np.array(weights, dtype=float) / sum(weights)
    of_group = by_group(shares)
    knobs = {f"w_{m.key}": 100 * share for m, share in zip(SCORED, shares, strict=True)}
    knobs |= {f"w_{g}": 100 * w for g, w in zip(("efficiency", "quality", "business"), of_group, strict=True)}
    values = np.vstack([at_points(*np.nan_to_num(row)) for row in points])
    found = scored(values, ~np.isnan(points), **knobs)
    assert weighed(points, shares[None])[0] == pytest.approx(found.score, abs=1e-9, nan_ok=True)


def test_ordered_weightings_keep_the_order_and_part_the_equal() -> None:
    """30/40/30: quality is never below the others, which are above each other about as often."""
    card = card_of([[1, 2, 3], [3, 2, 1]], (30, 40, 30))
    shares = weightings(card, Space("ordered", "group"))[:, PLACES]
    assert (shares[:, 1] >= shares[:, [0, 2]].max(axis=1) - 1e-12).all()
    assert (shares[:, 0] > shares[:, 2]).mean() == pytest.approx(0.5, abs=0.02)


def test_around_stays_around() -> None:
    """Within ± 20 % before the shares are made to sum to one; no spread is the present weighting."""
    card = card_of([[1, 2, 3], [3, 2, 1]], (30, 40, 30))
    shares = weightings(card, Space("around", spread=0.2), 500)[:, PLACES]
    ratio = shares / np.array([0.3, 0.4, 0.3])
    assert (ratio.max(axis=1) / ratio.min(axis=1)).max() <= 1.2 / 0.8 + 1e-9
    still = weightings(card, Space("around", spread=0.0), 3)[:, PLACES]
    assert still == pytest.approx(np.array([[0.3, 0.4, 0.3]] * 3))


def test_rank_ranges_hold_the_middle() -> None:
    """An agent ahead of all others is first in every weighting; who never meets another keeps the place."""
    card = card_of([[90, 90], [50, 50], [10, 10]])
    found = acceptability(card, weightings(card, size=100))
    assert [column.tolist() for column in found.rank_range()] == [[1, 2, 3], [1, 2, 3]]
    assert found.decided
    even = card_of(np.eye(3) * 100)
    assert not acceptability(even, weightings(even)).decided


def test_the_samples_doubt_goes_through_the_same_loop(judged: Scores) -> None:
    """Under the present weights alone, the shares with redrawn KPIs are the grade probabilities of the score itself."""
    people = persons(kpi_table(shop.observed()))
    drawn = redrawn(shop.observed(), Scenario(), people, 200)
    unsure = doubt(judged, Scenario(), drawn)
    card = Card.of(judged)
    both = Card(
        card.names, card.points, card.nominal, card.bands, card.part, card.team, drawn_points(drawn, judged, Scenario())
    )
    found = acceptability(both, card.shares[None])
    graded = judged.grade != INSUFFICIENT
    for letter in GRADES:
        assert found.grades[letter] == pytest.approx(unsure.probability[letter][graded], abs=1e-12)
    wider = acceptability(both, weightings(card, Space("around"), 20))
    assert sum(wider.grades.values()) == pytest.approx(1)
    assert wider.draws == len(drawn)


def test_the_present_weighting_gives_the_present_score(judged: Scores) -> None:
    """The card's own shares score everybody as the scenario does, also where the log lacks whole KPIs."""
    card = Card.of(judged)
    assert card.totals(card.shares[None])[0] == pytest.approx(judged.score[judged.grade != INSUFFICIENT], abs=1e-9)


def test_nobody_graded_is_no_error() -> None:
    """An empty card has no ranks and no shares, and decides nothing."""
    nobody = Card.of(scored(at_points(*[80.0] * len(SCORED)), None, 3))
    found = acceptability(nobody, weightings(nobody, size=10))
    assert (found.ranks.shape, found.decided, len(found.frame())) == ((0, 0), False, 0)


def test_two_kpis_that_say_the_same_are_found() -> None:
    """A KPI that copies another correlates at 1 with it; importances sum to one."""
    rng = np.random.default_rng(5)
    earned = rng.uniform(10, 90, (30, len(SCORED)))
    earned[:, 1] = earned[:, 0]
    found = scored(np.vstack([at_points(*row) for row in earned]))
    pairs = doubles(found)
    assert (pairs["a"][0], pairs["b"][0]) == (SCORED[0].key, SCORED[1].key)
    assert pairs["r"][0] == pytest.approx(1)
    assert (pairs["low"].dropna() <= pairs["r"].dropna()).all()
    assert importance(found)["decides"].sum() == pytest.approx(1)
    assert importance(found)["effective"].sum() == pytest.approx(1)
    assert doubles(scored(at_points(*[50.0] * len(SCORED))))["r"].isna().all()


def test_two_scenarios_are_compared_by_their_ranks(judged: Scores) -> None:
    """The same scenario agrees with itself; a very different one agrees less."""
    other = score(
        persons(kpi_table(shop.observed())), Scenario.of({"w_efficiency": 100, "w_quality": 0, "w_business": 0})
    )
    assert agreement(judged, judged)["tau_b"] == 1
    assert agreement(judged, other)["tau_b"] < 0.9


@given(
    st.lists(st.lists(st.integers(0, 100), min_size=3, max_size=3), min_size=1, max_size=5),
    st.sampled_from(["uniform", "ordered"]),
    st.sampled_from([(30, 40, 30), (50, 30, 20), (1, 1, 0)]),
)
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
def test_exact_areas_and_drawn_shares_agree(criteria: list[list[int]], kind: str, weights: tuple[int, ...]) -> None:
    """For few agents the group weights are areas; five thousand draws of the same come within four standard errors."""
    card, space = card_of(criteria, weights), Space(kind, "group")
    sure, drawn = robust(card, space), acceptability(card, weightings(card, space, 5000))
    assert (sure.weightings, sure.error) == (0, 0)
    assert sure.ranks == pytest.approx(drawn.ranks, abs=4 * drawn.error)
    for letter in GRADES:
        assert sure.grades[letter] == pytest.approx(drawn.grades[letter], abs=4 * drawn.error)
    assert sum(sure.grades.values()) == pytest.approx(1)


def test_areas_are_drawn_where_they_cannot_be_computed() -> None:
    """KPI weights, weights around the present ones, many agents: drawn, with the error said."""
    rows = np.random.default_rng(1).uniform(0, 100, (11, 3))
    assert robust(card_of(rows), Space("uniform", "group"), 100).weightings == 100
    assert robust(card_of(rows[:3]), Space("uniform", "kpi"), 100).weightings == 100
    assert robust(card_of(rows[:3]), Space("around", "group"), 100).error == 0.05


@given(POINTS, st.integers(0, 3), st.integers(1, 100))
@settings(max_examples=30, deadline=None, derandomize=True, database=None)
def test_more_points_never_cost_a_place(criteria: list[list[int]], at: int, gain: int) -> None:
    """With one KPI of the first agent better, no place or better grade is reached under fewer weightings."""
    better = [
        [min(100, one + gain) if (row, column) == (0, at) else one for column, one in enumerate(line)]
        for row, line in enumerate(criteria)
    ]
    shares = weightings(card_of(criteria), size=300)
    before, after = acceptability(card_of(criteria), shares), acceptability(card_of(better), shares)
    assert (np.cumsum(after.ranks[0]) >= np.cumsum(before.ranks[0]) - 1e-9).all()
    reached = [np.cumsum([found.grades[letter][0] for letter in GRADES]) for found in (before, after)]
    assert (reached[1] >= reached[0] - 1e-9).all()
