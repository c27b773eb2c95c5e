"""Weights from pairwise comparisons: published examples, answers that agree, and the one to reconsider."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ahp import RANDOM_INDEX, compared
from core.errors import ScenarioError
from core.scenario import Scenario
from core.text import LANGUAGES, Text

WEIGHTS = st.lists(st.floats(1, 8.9), min_size=2, max_size=7)


@given(WEIGHTS)
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_answers_that_agree_give_back_their_weights(weights: list[float]) -> None:
    """Comparisons made from weights have ratio 0, nothing to reconsider, and the weights come out, also with only a chain of them."""
    items = [f"k{at}" for at in range(len(weights))]
    whole = {(a, b): weights[items.index(a)] / weights[items.index(b)] for a, b in combinations(items, 2)}
    chain = {pair: times for pair, times in whole.items() if int(pair[1][1]) - int(pair[0][1]) == 1}
    for answers in (whole, chain):
        found = compared(items, answers)
        assert list(found.weights.values()) == pytest.approx([w / sum(weights) for w in weights], rel=1e-6)
        assert found.ratio == pytest.approx(0, abs=1e-7)
        assert found.consistent
    assert compared(items, whole).reconsider is None


def test_a_textbook_example() -> None:
    """1, 3, 5 / 1, 3 / 1: largest eigenvalue 3.0385, weights .637 .258 .105, ratio .033."""
    found = compared(("a", "b", "c"), {("a", "b"): 3, ("a", "c"): 5, ("b", "c"): 3})
    assert list(found.weights.values()) == pytest.approx([0.6370, 0.2583, 0.1047], abs=5e-5)
    assert found.ratio == pytest.approx((3.03851 - 3) / 2 / 0.58, abs=1e-4)
    assert found.consistent


def test_weights_become_a_scenario() -> None:
    """Comparing the three groups gives group weights in the same proportions."""
    found = compared(("quality", "efficiency", "business"), {("quality", "efficiency"): 2, ("quality", "business"): 2})
    scenario = Scenario.of(found.knobs())
    assert [scenario.get(f"w_{group}") for group in ("quality", "efficiency", "business")] == pytest.approx(
        [50, 25, 25]
    )


def test_the_contradiction_is_named() -> None:
    """Everything agrees but one answer turned round: the ratio is above 0.1 and that pair is to be reconsidered."""
    weights = {"csat": 8.0, "speed": 4.0, "fcr": 2.0, "sales": 1.0}
    answers = {(a, b): weights[a] / weights[b] for a, b in combinations(weights, 2)} | {("csat", "sales"): 1 / 8}
    found = compared(tuple(weights), answers)
    assert found.ratio > 0.1
    assert not found.consistent
    assert found.reconsider is not None
    assert (found.reconsider.a, found.reconsider.b, found.reconsider.given) == ("csat", "sales", 1 / 8)
    assert found.reconsider.implied == pytest.approx(8)


@given(
    st.lists(st.sampled_from([1 / 9, 1 / 5, 1 / 3, 1.0, 3.0, 5.0, 9.0]), min_size=6, max_size=6),
    st.permutations(range(4)),
)
@settings(max_examples=50, deadline=None, derandomize=True, database=None)
def test_the_order_of_the_items_changes_nothing(answers: list[float], order: list[int]) -> None:
    """Listed otherwise, the weights and the ratio are the same; weights are positive and sum to one."""
    items = ["a", "b", "c", "d"]
    given_ = dict(zip(combinations(items, 2), answers, strict=True))
    one, other = compared(items, given_), compared([items[at] for at in order], given_)
    assert other.ratio == pytest.approx(one.ratio, abs=1e-9)
    assert {k: pytest.approx(v, abs=1e-9) for k, v in one.weights.items()} == dict(other.weights)
    assert sum(one.weights.values()) == pytest.approx(1)
    assert min(one.weights.values()) > 0


def test_answers_by_chance_have_the_random_index() -> None:
    """The table of random indices is the mean inconsistency of random answers: 4 items within a few per cent."""
    rng, items = np.random.default_rng(4), ("a", "b", "c", "d")
    scale = np.array([*range(1, 10), *(1 / n for n in range(2, 10))])
    ratios = [
        compared(items, dict(zip(combinations(items, 2), rng.choice(scale, 6), strict=True))).ratio for _ in range(1500)
    ]
    assert np.mean(ratios) == pytest.approx(1, abs=0.08)
    assert all(a <= b or abs(a - b) < 0.05 for a, b in pairwise(RANDOM_INDEX))


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({("a", "b"): 12, ("b", "c"): 1}, "comparison_off_scale"),
        ({("a", "b"): 2, ("b", "a"): 0.5, ("b", "c"): 1}, "comparison_twice"),
        ({("a", "x"): 2}, "comparison_unknown"),
        ({("a", "a"): 1}, "comparison_unknown"),
        ({("a", "b"): 2}, "comparisons_apart"),
    ],
)
def test_answers_that_mean_nothing_are_refused(answers: dict, code: str) -> None:
    """Off the scale, twice, about something else, or too few to connect all items; each refusal has words."""
    with pytest.raises(ScenarioError) as refused:
        compared(("a", "b", "c"), answers)
    assert refused.value.issue.code == code
    for language in LANGUAGES:
        text = Text(language)
        assert text(f"issues.{code}.message", value="a : b")
        assert text(f"issues.{code}.cure")
