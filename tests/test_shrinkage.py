"""Shrinkage: reference answers, the likelihood at its maximum, coverage of the intervals, and no order from noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core import shrinkage
from tests.reference import case


def test_batting_averages_shrink_as_published(shared: Path) -> None:
    """James–Stein on the eighteen batting averages of 1970: grand mean, factor and all estimates."""
    given_, want, tolerance = case(shared, "cmp.eb.efron_morris")
    share = np.array(given_["hits"]) / given_["n"]
    mean, kept, found = shrinkage.james_stein(share, share.mean() * (1 - share.mean()) / given_["n"])
    assert mean == pytest.approx(want["grand_mean"], **tolerance)
    assert kept == pytest.approx(want["shrink_factor"], **tolerance)
    assert found.tolist() == pytest.approx(want["estimates"], **tolerance)


def test_rat_tumours_by_moments(shared: Path) -> None:
    """α, β and the posterior of a new group of 14 agree with the textbook."""
    given_, want, tolerance = case(shared, "cmp.eb_betabinomial.rats_moments")
    a, b = shrinkage.beta_moments(given_["x"], given_["n"])
    assert [a, b] == pytest.approx([want["alpha"], want["beta"]], **tolerance)
    found = (a + given_["new_x"]) / (a + b + given_["new_n"])
    assert found == pytest.approx(want["posterior_mean"], **tolerance)


def test_the_likelihood_is_at_its_maximum(shared: Path) -> None:
    """Around the fitted α and β of the rats no other pair is likelier (log likelihood of another library)."""
    given_, _, _ = case(shared, "cmp.eb_betabinomial.rats_moments")
    x, n = np.array(given_["x"]), np.array(given_["n"])
    a, b = shrinkage.beta_binomial(x, n)
    best = stats.betabinom.logpmf(x, n, a, b).sum()
    around = [(a * (1 + i), b * (1 + j)) for i in (-0.02, -1e-3, 0, 1e-3, 0.02) for j in (-0.02, -1e-3, 0, 1e-3, 0.02)]
    assert all(stats.betabinom.logpmf(x, n, *pair).sum() <= best + 1e-9 for pair in around)


def test_eight_schools_shrink_all_the_way(shared: Path) -> None:
    """No spread between schools: every school gets the mean, whatever the estimator of τ²."""
    given_, want, tolerance = case(shared, "cmp.eb_normal.eight_schools")
    assert [shrinkage.between(given_["y"], given_["se"], m) for m in ("dl", "pm", "reml")] == [0.0, 0.0, 0.0]
    found = shrinkage.shrink_means(given_["y"], given_["se"], np.full(8, 30), method="dl")
    assert found.value.tolist() == pytest.approx(want["shrunken"], **tolerance)
    half = stats.norm.ppf(0.975) * want["se_mu"]
    assert (found.high - found.value).tolist() == pytest.approx([half] * 8, rel=1e-9)


def test_the_three_estimators_on_thirteen_vaccine_trials() -> None:
    """Published values for the BCG trials (four decimals of y and v): REML 0.313, Paule–Mandel 0.318, DerSimonian–Laird 0.308."""
    y = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.012, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173]
    v = [0.3256, 0.1946, 0.4154, 0.02, 0.0512, 0.0069, 0.223, 0.004, 0.0564, 0.073, 0.0124, 0.5325, 0.0714]
    found = [shrinkage.between(y, np.sqrt(v), method) for method in ("reml", "pm", "dl")]
    assert found == pytest.approx([0.3132, 0.3181, 0.3088], abs=0.0006)
    with pytest.raises(ValueError, match="must be one of"):
        shrinkage.between(y, np.sqrt(v), "ml")


def test_a_picked_low_figure_comes_back_by_itself(shared: Path) -> None:
    """Reliability and the expected second figure of an agent picked for a low first one."""
    given_, want, tolerance = case(shared, "bal.regression_to_mean.expected")
    reliable = shrinkage.reliability(given_["p"] * (1 - given_["p"]), given_["n"], given_["tau"])
    assert reliable.tolist() == pytest.approx(want["reliability"], **tolerance)
    second = shrinkage.expected_second(given_["observed_first"], given_["mean"], reliable)
    assert second.tolist() == pytest.approx(want["expected_second"], **tolerance)
    gain = (second - given_["observed_first"]).tolist()
    assert gain == pytest.approx(want["expected_gain_without_any_effect"], **tolerance)


def test_the_bootstrap_of_a_median_has_a_closed_form(shared: Path) -> None:
    """Weights of the order statistics, mean, standard error and percentiles of the endless bootstrap."""
    given_, want, tolerance = case(shared, "cmp.median_bootstrap.exact_distribution")
    values = np.array(given_["x"], dtype=float)
    weight = shrinkage.median_weights(len(values))
    assert weight.tolist() == pytest.approx(want["prob_of_each_order_stat"], **tolerance)
    assert weight @ values == pytest.approx(want["boot_mean"], **tolerance)
    assert shrinkage.median_error(values) == pytest.approx(want["boot_se"], **tolerance)
    ends = values[np.searchsorted(weight.cumsum(), [0.025, 0.975])]
    assert ends.tolist() == [want["percentile_2.5"], want["percentile_97.5"]]


@pytest.mark.parametrize(("tau", "n"), [(0.05, 119), (0.04, 186), (0.03, 331)])
def test_ratings_needed_before_anyone_is_put_in_an_order(tau: float, n: int) -> None:
    """At 85 % satisfied, reliability 0.7 needs so many ratings."""
    assert round(shrinkage.needed_n(0.85 * 0.15, tau)) == pytest.approx(n, abs=1)


def test_intervals_hold_the_truth_about_as_often_as_promised() -> None:
    """Forty agents with true shares from a beta: 95 % intervals hold 93–97 % of the truths, and beat the raw shares."""
    rng = np.random.default_rng(11)
    held, closer = [], []
    for _ in range(40):
        truth, n = rng.beta(40, 8, 40), rng.integers(15, 150, 40)
        hits = rng.binomial(n, truth)
        found = shrinkage.shrink_shares(hits, n)
        held.append(((found.low <= truth) & (truth <= found.high)).mean())
        closer.append(((found.value - truth) ** 2).sum() < ((hits / n - truth) ** 2).sum())
    assert 0.92 < np.mean(held) < 0.98
    assert np.mean(closer) > 0.9


def test_equal_agents_are_never_put_in_an_order() -> None:
    """Forty equal agents with 100 ratings: nobody reaches reliability 0.7 in any of thirty shops."""
    rng = np.random.default_rng(5)
    n = np.full(40, 100)
    assert not any(shrinkage.shrink_shares(rng.binomial(n, 0.85), n).orderable.any() for _ in range(30))


def test_agents_who_differ_much_are_put_in_an_order() -> None:
    """A spread of 10 points and 300 ratings each are enough for all."""
    rng = np.random.default_rng(6)
    n = np.full(40, 300)
    found = shrinkage.shrink_shares(rng.binomial(n, np.clip(rng.normal(0.75, 0.1, 40), 0.05, 0.99)), n)
    assert found.orderable.all()
    assert found.tau == pytest.approx(0.1, abs=0.035)
    assert found.needed_n < 300


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 80), st.integers(1, 80)), min_size=5, max_size=12))
def test_a_shrunken_share_lies_between_the_raw_one_and_the_mean(pairs: list[tuple[int, int]]) -> None:
    """Never beyond either, and inside its own interval."""
    n = np.array([size for _, size in pairs])
    hits = np.minimum([hit for hit, _ in pairs], n)
    found = shrinkage.shrink_shares(hits, n)
    ends = np.sort(np.stack([hits / n, np.full(len(n), found.mean)]), axis=0)
    assert ((ends[0] - 1e-6 <= found.value) & (found.value <= ends[1] + 1e-6)).all()
    assert ((found.reliability >= 0) & (found.reliability <= 1)).all()


def test_too_few_agents_and_missing_figures_say_so() -> None:
    """Four agents carry no spread; an agent without observations has no figure, the others do."""
    assert shrinkage.shrink_shares([1, 2, 3, 4], [9, 9, 9, 9]).reason == "too_few_agents"
    assert shrinkage.shrink_means([1.0, np.nan], [1.0, 1.0], [9, 9]).reason == "too_few_agents"
    found = shrinkage.shrink_shares([5, 8, 9, 4, 7, 0], [10, 10, 10, 10, 10, 0])
    assert np.isnan([found.value[-1], found.low[-1], found.reliability[-1]]).all()
    assert not np.isnan(found.value[:-1]).any()
    means = shrinkage.shrink_means([1.0, 2.0, 3.0, 4.0, 9.0, np.nan], np.full(6, 0.5), np.full(6, 30))
    assert np.isnan(means.value[-1])
    assert means.value[4] < 9
    with pytest.raises(ValueError, match="exceed"):
        shrinkage.beta_binomial([3], [2])


def test_all_or_nothing_shares_do_not_break_the_fit() -> None:
    """Nobody satisfied, or everybody: no spread, everyone at the mean."""
    for hits, mean in ((np.zeros(6), 0.0), (np.full(6, 20), 1.0)):
        found = shrinkage.shrink_shares(hits, np.full(6, 20))
        assert found.tau == 0
        assert found.value == pytest.approx(np.full(6, mean), abs=1e-5)
