"""How far a weight may move: exact breakpoints, checked against a fine grid of the real scoring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.metrics import GROUPS, SCORED
from core.scenario import Scenario
from core.scoring import INSUFFICIENT, grade, score_values
from core.stability import KEYS, Way, grade_stability, order_along, stability, triangle
from core.weights import Card, acceptability, weightings
from tests.test_scoring import at_points, by_group, scored
from tests.test_weights import BANDS, PLACES, card_of, case

FIRST = [KEYS[at] for at in PLACES]
ROWS = st.lists(
    st.lists(st.none() | st.integers(0, 100), min_size=len(SCORED), max_size=len(SCORED)).filter(
        lambda row: sum(one is not None for one in row) > 3
    ),
    min_size=1,
    max_size=4,
)


def wide(rows: list[list[int | None]], part: float = 0.0) -> Card:
    """A card of all KPIs, some missing, under the default weights; the team is the first agent."""
    points = np.array([[np.nan if one is None else float(one) for one in row] for row in rows])
    nominal = np.array([{"efficiency": 0.3, "quality": 0.4, "business": 0.3}[m.group] * m.weight / 100 for m in SCORED])
    team = np.repeat(points[:1], len(points), axis=0)
    return Card(
        tuple(f"agent {at}" for at in range(len(points))), points, nominal, BANDS, np.full(len(points), part), team
    )


def test_one_weight_at_a_time_is_exact(shared: Path) -> None:
    """The winner's and the whole order's interval of each weight, the others in proportion, as rational arithmetic has them."""
    one = case(shared, "w.stability.one_at_a_time")
    card = card_of(one["inputs"]["scores"], one["inputs"]["weights"])
    found = stability(card, FIRST).set_index("key")
    order = np.argsort(-card.totals(card.shares[None])[0]).tolist()
    assert order == one["expected"]["ranking"]
    for wanted in one["expected"]["intervals"]:
        row = found.loc[FIRST[wanted["criterion"]]]
        assert [row["winner_low"], row["winner_high"]] == pytest.approx(wanted["winner_interval"], abs=1e-12)
        assert [row["order_low"], row["order_high"]] == pytest.approx(wanted["ranking_interval"], abs=1e-12)


def test_every_change_of_order_along_a_weight_is_found(shared: Path) -> None:
    """Two criteria: every share at which the order changes, and the order between."""
    one = case(shared, "w.smaa.exact_4x2")
    card = card_of(one["inputs"]["scores"])
    found = order_along(card, FIRST[0])
    assert [0.0, *found["high"]] == pytest.approx(one["expected"]["breakpoints_w1"], abs=1e-12)
    between = [[card.names.index(name) for name in order] for order in found["order"]]
    assert between == one["expected"]["ranking_between"]


@given(ROWS, st.sampled_from((*GROUPS, *KEYS)), st.sampled_from([0.0, 0.3]))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_the_fraction_is_the_score(rows: list[list[int | None]], key: str, part: float) -> None:
    """Wherever the weight stands, the quotient of polynomials is what scoring gives, also with missing KPIs and a team's part."""
    way = Way(wide(rows, part), key)
    for share in (0.07, 0.31, 0.84):
        quotients = [
            np.polynomial.Polynomial(top)(share) / np.polynomial.Polynomial(bottom)(share)
            for top, bottom in way.fractions()
        ]
        assert quotients == pytest.approx(way.scores(share), abs=1e-8)


@given(ROWS, st.sampled_from((*GROUPS, *KEYS)))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_a_grade_stays_inside_its_interval_and_changes_outside(rows: list[list[int | None]], key: str) -> None:
    """A hair inside either end the grade is the present one; a hair outside it is the one that was announced."""
    card = wide(rows)
    way = Way(card, key)
    for row in grade_stability(card, [key]).to_dict("records"):
        at = card.names.index(row["agent"])
        assert row["low"] <= row["now"] + 1e-12
        assert row["now"] <= row["high"] + 1e-12
        for inside, outside, letter in (
            (row["low"] + 1e-7, row["low"] - 1e-7, "below"),
            (row["high"] - 1e-7, row["high"] + 1e-7, "above"),
        ):
            if row["low"] + 1e-6 < row["high"]:
                assert grade(way.scores(inside)[at], BANDS) == row["grade"]
            if row[letter] and row["low"] + 1e-6 < row["high"]:
                assert grade(way.scores(outside)[at], BANDS) in (row[letter], row["grade"])
            if not row[letter]:
                assert outside < 1e-6 or outside > 1 - 1e-6


@given(ROWS, st.sampled_from((*GROUPS, *KEYS)))
@settings(max_examples=30, deadline=None, derandomize=True, database=None)
def test_the_first_stays_first_inside(rows: list[list[int | None]], key: str) -> None:
    """On a grid inside the interval one of today's best is the best; the interval of the order lies inside that of the winner."""
    card = wide(rows)
    way = Way(card, key)
    found = stability(card, [key])
    if not len(found):
        return
    row, now = found.iloc[0], way.scores(way.now)
    best = now >= now.max() - 1e-9
    for share in np.linspace(row["winner_low"], row["winner_high"], 9)[1:-1]:
        scores = way.scores(float(share))
        assert scores[best].max() >= scores.max() - 1e-6
    assert row["winner_low"] <= row["order_low"] + 1e-9
    assert row["order_high"] <= row["winner_high"] + 1e-9


def test_the_triangle_agrees_with_the_scorecard() -> None:
    """At 30/40/30 the map says what the score says; corners are the groups alone."""
    values = np.vstack([by_group(80, 90, 70), by_group(95, 60, 92), by_group(50, 99, 50)])
    found = scored(values)
    table = triangle(Card.of(found), "agent 1", steps=10)
    assert len(table) == 66
    here = table[np.isclose(table["efficiency"], 0.3) & np.isclose(table["quality"], 0.4)].iloc[0]
    assert (here["first"], here["score"], here["grade"]) == ("agent 0", pytest.approx(found.score[1]), found.grade[1])
    corners = {g: table[np.isclose(table[g], 1.0)].iloc[0]["first"] for g in GROUPS}
    assert corners == {"efficiency": "agent 1", "quality": "agent 2", "business": "agent 1"}
    assert (table["rank"] >= 1).all()


def test_the_triangle_keeps_the_rule_of_half_the_weight() -> None:
    """An agent without sales has no grade where business weighs more than half, and nobody is first where nobody has one."""
    usable = np.array([[m.group != "business" for m in SCORED]])
    table = triangle(Card.of(scored(by_group(80, 90, 70), usable)), "agent 0", steps=10)
    none = table["business"] > 0.5 + 1e-9
    assert (table.loc[none, "grade"] == INSUFFICIENT).all()
    assert (table.loc[none, "first"] == "").all()
    assert set(table.loc[~none, "grade"]) == {"A", "B"}


def test_the_triangles_area_is_the_acceptability() -> None:
    """The share of the map on which somebody leads is the first-rank acceptability over all group weights."""
    card = Card.of(scored(np.vstack([by_group(80, 90, 70), by_group(95, 60, 92), by_group(50, 99, 50)])))
    from core.weights import Space

    share = triangle(card, steps=60)["first"].value_counts(normalize=True)
    found = acceptability(card, weightings(card, Space("uniform", "group"))).frame().set_index("agent")["first"]
    assert share.reindex(found.index).tolist() == pytest.approx(found.tolist(), abs=0.03)


def test_a_weight_that_stands_alone_decides_nothing() -> None:
    """With one weighted KPI its share cannot matter: everything stays from 0 to 1."""
    card = card_of([[80.0], [60.0]])
    row = stability(card, [FIRST[0]]).iloc[0]
    assert row[["winner_low", "winner_high", "order_low", "order_high"]].tolist() == [0, 1, 0, 1]


def test_nobody_is_no_error() -> None:
    """Without graded agents there are no intervals and an empty map."""
    nobody = Card.of(
        score_values(
            at_points(*[80.0] * len(SCORED)), np.zeros((1, len(SCORED)), bool), np.zeros(1), ("a",), Scenario()
        )
    )
    assert len(stability(nobody)) == len(grade_stability(nobody)) == 0
    assert set(triangle(nobody, steps=3)["first"]) == {""}
