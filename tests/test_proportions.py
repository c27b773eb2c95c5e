"""Intervals of shares and counts under their own names, against reference answers and against what they promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.fairness import byar, wilson
from core.proportions import constrained, garwood, share_difference, share_interval
from tests.reference import case

METHODS = ("wilson", "wilson_cc", "clopper_pearson", "jeffreys", "agresti_coull")
DIFFERENCES = ("newcombe", "wald", "agresti_caffo", "miettinen_nurminen", "mee")


@pytest.mark.parametrize("name", ["newcombe_0_20", "newcombe_81_263"])
@pytest.mark.parametrize("method", METHODS)
def test_one_share_gives_reference_answers(shared: Path, name: str, method: str) -> None:
    """All five intervals of one share agree with R and with Newcombe's table."""
    given_, want, tolerance = case(shared, f"cmp.proportion_ci.{name}")
    found = share_interval(given_["x"], given_["n"], method, given_["conf"])
    assert [found.low, found.high] == pytest.approx(want[method], **tolerance)


@pytest.mark.parametrize("method", DIFFERENCES)
def test_difference_of_two_shares_gives_reference_answers(shared: Path, method: str) -> None:
    """All five intervals of a difference agree with R and with Newcombe's table."""
    given_, want, tolerance = case(shared, "cmp.diff_proportions.newcombe_56_70_48_80")
    found = share_difference(given_["x1"], given_["n1"], given_["x2"], given_["n2"], method=method)
    assert [found.value, found.low, found.high] == pytest.approx([want["diff"], *want[method]], **tolerance)


@pytest.mark.parametrize("count", [0, 3])
def test_counts_give_reference_answers(shared: Path, count: int) -> None:
    """The exact interval of a Poisson count and Byar's agree with R."""
    _, want, tolerance = case(shared, f"cmp.poisson_ci.{count}")
    for name, found in (("garwood", garwood(count)), ("byar", byar(count))):
        assert [found.low, found.high] == pytest.approx(want[name], **tolerance)


def test_a_perfect_score_against_a_poor_one_has_an_interval() -> None:
    """9 of 10 against 3 of 10, at which a well-known library raises, and 10 of 10 against 0 of 10."""
    found = share_difference(9, 10, 3, 10, method="miettinen_nurminen")
    assert 0.1 < found.low < 0.6 < found.high < 0.9
    whole = share_difference(10, 10, 0, 10, method="mee")
    assert (whole.value, whole.high) == (1.0, 1.0)
    assert whole.low > 0.5


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 40), st.integers(1, 40), st.sampled_from(DIFFERENCES))
def test_turning_the_two_round_turns_the_interval_round(x: int, n: int, y: int, m: int, method: str) -> None:
    """Both directions are mirror images and hold the seen difference (Agresti and Caffo's is centred elsewhere)."""
    x, y = min(x, n), min(y, m)
    one = share_difference(x, n, y, m, method=method)
    other = share_difference(y, m, x, n, method=method)
    assert [one.low, one.high] == pytest.approx([-other.high, -other.low], abs=1e-7)
    assert method == "agresti_caffo" or one.low - 1e-9 <= one.value <= one.high + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(1, 60), st.sampled_from(METHODS[:4]))
def test_a_share_and_its_complement_mirror_each_other(x: int, n: int, method: str) -> None:
    """The interval of the misses is the mirrored interval of the hits, and holds the share."""
    hits = min(x, n)
    one, other = share_interval(hits, n, method), share_interval(n - hits, n, method)
    assert [one.low, one.high] == pytest.approx([1 - other.high, 1 - other.low], abs=1e-9)
    assert one.low <= one.value <= one.high


def test_exact_intervals_cover_at_least_what_they_promise() -> None:
    """Clopper–Pearson holds the true share in at least 95 % of all samples, for every share tried."""
    n = 25
    ends = [share_interval(x, n, "clopper_pearson") for x in range(n + 1)]
    for share in np.linspace(0.02, 0.98, 25):
        chance = stats.binom.pmf(np.arange(n + 1), n, share)
        assert sum(p for p, found in zip(chance, ends, strict=True) if found.low <= share <= found.high) >= 0.95


def test_without_data_or_method_it_is_said() -> None:
    """No cases give NaN and the reason; a method nobody knows is refused."""
    assert share_interval(0, 0, "jeffreys").reason == "no_data"
    assert share_difference(0, 0, 1, 2, method="mee").reason == "no_data"
    assert share_interval(3, 7, "wilson") == wilson(3, 7)
    with pytest.raises(ValueError, match="must be one of"):
        share_interval(1, 2, "bayes")
    with pytest.raises(ValueError, match="must be one of"):
        share_difference(1, 2, 1, 2, method="score")


def test_the_constrained_likelihood_is_at_its_maximum() -> None:
    """No other pair of shares at that distance is likelier."""

    def likelihood(p: float) -> float:
        return float(stats.binom.logpmf(7, 10, p) + stats.binom.logpmf(3, 12, p - 0.1))

    best = constrained(7, 10, 3, 12, 0.1)
    assert all(likelihood(best) >= likelihood(p) for p in np.linspace(0.11, 0.99, 200))
