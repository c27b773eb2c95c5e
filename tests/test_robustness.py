"""How sure a grade is: probabilities that are probabilities, intervals that hold the score, and the same doubt tomorrow."""

from __future__ import annotations

import numpy as np
import pytest

from core.kpis import KpiTable, kpi_table
from core.metrics import SCORED
from core.resampling import redrawn
from core.robustness import Doubt, alike, doubt, reliability
from core.scenario import Scenario
from core.scoring import INSUFFICIENT, Scores, blend, persons, score
from tests import shop


@pytest.fixture(scope="module")
def people() -> KpiTable:
    """Agents of the sample shop."""
    return persons(kpi_table(shop.observed()))


@pytest.fixture(scope="module")
def judged(people: KpiTable) -> tuple[Scores, Doubt]:
    """Scores and doubt under the defaults."""
    scores = score(people)
    return scores, doubt(scores, Scenario(), redrawn(shop.observed(), Scenario(), people))


def test_probabilities_sum_to_one(judged: tuple[Scores, Doubt]) -> None:
    """A, B, C and D are all there is; who has no grade has no probability."""
    scores, found = judged
    total = sum(found.probability.values())
    graded = scores.grade != INSUFFICIENT
    assert graded.sum() > 5
    assert total[graded] == pytest.approx(1)
    assert np.isnan(total[~graded]).all()


def test_the_interval_holds_the_score_nearly_always(judged: tuple[Scores, Doubt]) -> None:
    """At least nine graded agents of ten have their score inside their 90 % interval, and no interval is empty."""
    scores, found = judged
    graded = scores.grade != INSUFFICIENT
    inside = (found.low <= scores.score) & (scores.score <= found.high)
    assert inside[graded].mean() >= 0.9
    assert (found.high - found.low)[graded].min() > 0


def test_the_likeliest_grade_is_usually_the_given_one(judged: tuple[Scores, Doubt]) -> None:
    """Doubt agrees with the grade where it is small: any grade with a probability over 90 % is the grade given."""
    scores, found = judged
    for letter, chance in found.probability.items():
        assert set(scores.grade[np.nan_to_num(chance) > 0.9]) <= {letter}


def test_who_has_no_scored_team_keeps_the_whole_doubt(judged: tuple[Scores, Doubt], people: KpiTable) -> None:
    """A part from the team narrows the interval of those who have a team; the others' score and interval stay as they are."""
    scores, alone = judged
    teams = score(kpi_table(shop.observed(), by=("team",)))
    with_team, without = scores.names[0], scores.names[1]
    mixed = blend(scores, teams, {with_team: teams.names[0]}, 0.5)
    found = doubt(mixed, Scenario.of({"team_share": 50}), redrawn(shop.observed(), Scenario(), people))
    reach = [both.high - both.low for both in (alone, found)]
    places = [scores.names.index(name) for name in (with_team, without)]
    assert reach[1][places[0]] == pytest.approx(0.5 * reach[0][places[0]])
    assert reach[1][places[1]] == reach[0][places[1]]


def test_the_same_seed_gives_the_same_doubt(people: KpiTable, judged: tuple[Scores, Doubt]) -> None:
    """Twice the same; another seed, another draw of nearly the same."""
    again = doubt(judged[0], Scenario(), redrawn(shop.observed(), Scenario(), people))
    assert np.array_equal(again.low, judged[1].low, equal_nan=True)
    one, two = (redrawn(shop.observed(), Scenario(), people, 400, seed) for seed in (1, 2))
    assert not np.array_equal(one, two, equal_nan=True)
    usable = ~np.isnan(one).any(axis=0)
    spread = np.maximum(one.std(axis=0), two.std(axis=0))[usable]
    assert (np.abs(one.mean(axis=0) - two.mean(axis=0))[usable] <= 0.4 * spread + 1e-12).all()


def test_draws_reach_as_far_as_the_interval(people: KpiTable) -> None:
    """2.5 % and 97.5 % of the draws lie near the KPI's own 95 % interval, or a little outside it where days differ."""
    drawn = redrawn(shop.observed(), Scenario(), people, 4000)
    at = [metric.key for metric in SCORED].index("satisfaction")
    row = int(np.argmax(people.column("satisfaction", "n")))
    low, high = np.quantile(drawn[:, row, at], [0.025, 0.975])
    cell = people.cell(row, "satisfaction")
    reach = cell.high - cell.low
    assert cell.low - 0.3 * reach <= low <= cell.low + 0.05 * reach
    assert cell.high - 0.05 * reach <= high <= cell.high + 0.3 * reach


def test_moving_a_band_moves_the_probability(people: KpiTable, judged: tuple[Scores, Doubt]) -> None:
    """A lower bar for A makes nobody's A less likely."""
    lower = Scenario.of({"band_a": 80})
    found = doubt(score(people, lower), lower, redrawn(shop.observed(), lower, people))
    before, after = judged[1].probability["A"], found.probability["A"]
    known = ~np.isnan(before)
    assert (after[known] >= before[known]).all()
    assert (after[known] > before[known]).any()


def test_who_is_told_apart_stands_apart_the_other_way_round_too() -> None:
    """Being alike is mutual, everybody is like himself, and a row without a score is like nobody."""
    rng = np.random.default_rng(3)
    score = np.array([90.0, 89.0, 70.0, np.nan])
    found = alike(score, score + rng.normal(size=(400, 4)))
    assert (found == found.T).all()
    assert found.diagonal().tolist() == [True, True, True, False]
    assert found[0].tolist() == [True, True, False, False]


def test_a_score_that_can_only_fall_is_still_alike_to_a_lower_one() -> None:
    """Of the better score counts how far it may fall: a full mark on few answers is not told apart from a little less."""
    rng = np.random.default_rng(5)
    fall = -np.abs(rng.normal(0, 8, size=2000))
    small = rng.normal(0, 0.5, size=2000)
    score = np.array([100.0, 94.0])
    assert alike(score, np.column_stack([100 + fall, 94 + small])).all()
    assert not alike(score, np.column_stack([100 + small, 94 + small[::-1]]))[0, 1]


def _scores_of(score: list[float], spread: float, common: float = 0.0) -> tuple[Scores, Doubt]:
    """Graded people with these scores whose draws scatter by ``spread`` each and by ``common`` together."""
    rng, values = np.random.default_rng(3), np.array(score)
    drawn = values + spread * rng.normal(size=(4000, len(score))) + common * rng.normal(size=(4000, 1))
    blank = np.zeros((len(score), 0))
    grades = np.array(["B"] * len(score), dtype=object)
    names = tuple(str(at) for at in range(len(score)))
    scores = Scores(names, (), blank, blank, blank, blank, blank, values, grades, grades, blank, {}, values)
    return scores, Doubt(values, values, {}, drawn)


@pytest.mark.parametrize(
    ("spread", "common", "value", "longer"),
    [(1.0, 0.0, 0.9, 1.0), (2.0, 0.0, 0.6, 7 / 3 * 2 / 3), (2.0, 5.0, 0.6, 7 / 3 * 2 / 3), (4.0, 0.0, 0.0, np.inf)],
)
def test_reliability_is_the_share_that_is_no_sampling_error(spread: float, common: float, value: float, longer: float) -> None:
    """Scores 70, 72, 74, 76, 78 vary by 10: errors of 1, 2 and 4 points leave 0.9, 0.6 and nothing; what all share costs nothing."""
    found = reliability(*_scores_of([70, 72, 74, 76, 78], spread, common))
    assert found.value == pytest.approx(value, abs=0.02)
    assert found.longer == pytest.approx(longer, rel=0.06)
    assert found.low <= found.value <= found.high
    assert found.orderable == (value >= 0.7)


def test_reliability_without_differences_or_people_has_a_reason() -> None:
    """Two people and equal scores give no figure, only a reason; who has no grade does not count."""
    assert reliability(*_scores_of([70, 80], 1.0)).reason == "too_few_agents"
    assert reliability(*_scores_of([70, 70, 70], 1.0)).reason == "no_differences"
    scores, found = _scores_of([70, 75, 80], 1.0)
    scores.grade[0] = INSUFFICIENT
    assert reliability(scores, found).rows == 2


def test_fewer_weeks_are_less_reliable(people: KpiTable, judged: tuple[Scores, Doubt]) -> None:
    """Twelve weeks of the sample order people; four weeks fall just short of it, and ask for a little more."""
    assert reliability(*judged).orderable
    short = Scenario.of({"period": "28d"})
    table = persons(kpi_table(shop.observed(), short))
    scores = score(table, short)
    found = reliability(scores, doubt(scores, short, redrawn(shop.observed(), short, table)))
    assert 0.5 < found.value < 0.7
    assert 1 < found.longer < 2


def test_what_is_said_to_come_back_does_come_back() -> None:
    """The first six weeks of the sample say which share of the differences would come back; the next six agree with them to that extent."""
    halves = []
    for first, last in (("2026-03-02", "2026-04-12"), ("2026-04-13", "2026-05-24")):
        scenario = Scenario.of({"period": "custom", "from": first, "to": last})
        table = persons(kpi_table(shop.observed(), scenario))
        scores = score(table, scenario)
        halves.append((scores, reliability(scores, doubt(scores, scenario, redrawn(shop.observed(), scenario, table)))))
    (one, said), (two, _) = halves
    both = [name for name in one.names if name in two.names]
    then, now = (np.array([scores.score[scores.names.index(name)] for name in both]) for scores in (one, two))
    there = ~np.isnan(then + now)
    assert there.sum() > 20
    assert np.corrcoef(then[there], now[there])[0, 1] == pytest.approx(said.value, abs=0.1)
    assert 0.75 < said.value < 0.9
