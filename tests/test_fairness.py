"""Intervals against reference answers and other libraries, their coverage, and what happens without data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core import fairness


def expected(shared: Path, name: str) -> dict[str, Any]:
    """Expected figures of one reference case."""
    cases = json.loads((shared / "reference" / "reference_cases_open.json").read_text(encoding="utf-8"))["cases"]
    return next(found["expected"] for found in cases if found["id"] == name)


@pytest.mark.parametrize(("hits", "n"), [(81, 263), (0, 20)])
def test_wilson_gives_reference_answers(shared: Path, hits: int, n: int) -> None:
    """Wilson's interval agrees with R to nine digits."""
    found = fairness.wilson(hits, n)
    want = expected(shared, f"cmp.proportion_ci.newcombe_{hits}_{n}")["wilson"]
    assert [found.low, found.high] == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("count", [0, 3])
def test_byar_gives_reference_answers(shared: Path, count: int) -> None:
    """Byar's interval agrees with R."""
    found = fairness.byar(count)
    assert [found.low, found.high] == pytest.approx(expected(shared, f"cmp.poisson_ci.{count}")["byar"], abs=1e-9)


def test_difference_of_shares_gives_reference_answers(shared: Path) -> None:
    """Newcombe's method 10 falls out of the general difference of two intervals."""
    want = expected(shared, "cmp.diff_proportions.newcombe_56_70_48_80")
    found = fairness.newcombe(56, 70, 48, 80)
    assert [found.value, found.low, found.high] == pytest.approx([want["diff"], *want["newcombe"]], rel=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.floats(0.5, 0.999))
def test_wilson_lies_in_the_unit_interval_and_holds_the_share(hits: int, n: int, level: float) -> None:
    """0 ≤ low ≤ share ≤ high ≤ 1 for every count and level."""
    found = fairness.wilson(min(hits, n), n, level)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_no_hits_and_all_hits_reach_the_ends() -> None:
    """Nothing of twenty has the lower end 0 exactly; all of twenty the upper end 1."""
    assert fairness.wilson(0, 20).low == 0
    assert fairness.wilson(20, 20).high == 1


def test_share_of_nothing_does_not_exist() -> None:
    """No cases: no share, no interval, and the reason; never zero."""
    found = fairness.wilson(0, 0)
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.reason == "no_data"


def test_arrays_and_scalars_agree() -> None:
    """The array form is the scalar form per row, also as a table."""
    hits, n = np.array([0, 3, 9]), np.array([5, 7, 9])
    many = fairness.wilson(hits, n)
    assert [many[i] for i in range(len(many))] == [fairness.wilson(*pair) for pair in zip(hits, n, strict=True)]
    assert many.frame()["value"].tolist() == (hits / n).tolist()


@pytest.mark.parametrize("call", [lambda: fairness.wilson(np.nan, 3), lambda: fairness.wilson(-1, 3)])
def test_missing_and_negative_counts_are_refused(call: Any) -> None:
    """A count that is missing or negative is an error of the caller."""
    with pytest.raises(ValueError, match="hits holds"):
        call()
    with pytest.raises(ValueError, match="exceed"):
        fairness.wilson(4, 3)


def test_rate_per_exposure() -> None:
    """Counts per exposure scale value and ends alike; no exposure has no rate."""
    per_day, total = fairness.byar(12, 4), fairness.byar(12)
    assert [per_day.value, per_day.low, per_day.high] == pytest.approx([3, total.low / 4, total.high / 4])
    assert fairness.byar(3, 0).reason == "zero_denominator"


@pytest.mark.parametrize(("n", "q"), [(6, 0.5), (25, 0.5), (200, 0.5), (120, 0.9), (60, 0.9)])
def test_quantile_interval_covers_exactly_enough(n: int, q: float) -> None:
    """The two places cover with at least 95 % by the binomial law; one place nearer would not on each side."""
    low, high = (int(rank[0]) for rank in fairness.quantile_ranks(n, q))
    below = stats.binom(n, q)
    assert below.cdf(low) <= 0.025
    assert below.sf(high) <= 0.025
    assert min(below.cdf(low + 1), below.sf(high - 1)) > 0.025


def test_quantile_is_linear_and_ends_are_values() -> None:
    """The value is NumPy's default quantile; the ends are members of the sample."""
    values = np.sort(np.random.default_rng(0).exponential(size=83))
    for q in (0.25, 0.5, 0.9):
        found = fairness.quantile_interval(values, q)
        assert found.value == pytest.approx(np.quantile(values, q))
        assert {found.low, found.high} <= set(values)


def test_too_few_values_have_no_median_interval() -> None:
    """Five values cannot enclose the median at 95 %; six can."""
    assert fairness.quantile_interval([1, 2, 3, 4, 5]).reason == "too_few_values"
    assert fairness.quantile_interval([1, 2, 3, 4, 5, 6]).reason == ""
    assert fairness.quantile_interval([]).reason == "no_data"


def test_unsorted_values_are_refused() -> None:
    """Values must ascend within a group; a drop between groups is fine."""
    with pytest.raises(ValueError, match="ascend"):
        fairness.quantile_interval([2, 1])
    assert fairness.quantile_interval_by([0, 1], [2.0, 1.0])[1].value.tolist() == [2.0, 1.0]


def days(n_days: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Totals and counts of days whose level differs from day to day."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(5, 60, n_days)
    level = rng.normal(100, 15, n_days)
    return rng.normal(level * counts, 30 * np.sqrt(counts)), counts


@pytest.mark.parametrize("seed", range(4))
def test_closed_form_equals_the_day_blocked_bootstrap(seed: int) -> None:
    """The two intervals agree within a few per cent of their length."""
    totals, counts = days(60, seed)
    closed, drawn = fairness.clustered_ratio(totals, counts), fairness.day_blocked_bootstrap(totals, counts)
    assert closed.value == pytest.approx(drawn.value)
    length = drawn.high - drawn.low
    assert [closed.low, closed.high] == pytest.approx([drawn.low, drawn.high], abs=0.08 * length)


def test_day_blocks_cover_where_single_chats_do_not() -> None:
    """With days that differ, 95 % intervals by day cover about that; taking chats as independent covers far less."""
    inside, naive = 0, 0
    for seed in range(600):
        totals, counts = days(30, seed)
        found = fairness.clustered_ratio(totals, counts)
        inside += found.low <= 100 <= found.high
        naive += abs(found.value - 100) < 1.96 * np.sqrt(30**2 + 15**2) / np.sqrt(counts.sum())
    assert 0.915 <= inside / 600 <= 0.975
    assert naive / 600 < 0.75


def test_many_groups_are_each_their_own() -> None:
    """The grouped form equals the single form for every group, in any row order."""
    totals, counts = days(90, 7)
    groups = np.random.default_rng(1).integers(0, 5, 90)
    labels, many = fairness.clustered_ratio_by(groups, totals, counts)
    for row, label in enumerate(labels):
        own = groups == label
        single = fairness.clustered_ratio(totals[own], counts[own])
        assert many[row].value == pytest.approx(single.value)
        assert many[row].low == pytest.approx(single.low)


def test_one_day_has_a_value_and_no_interval() -> None:
    """A single day shows no spread between days; no day shows nothing; empty days do not count as days."""
    single = fairness.clustered_ratio([10.0, 0.0], [2, 0])
    assert (single.value, single.reason) == (5.0, "too_few_clusters")
    assert np.isnan(single.low)
    assert fairness.clustered_ratio([], []).reason == "no_data"
    assert fairness.clustered_ratio([0.0], [0]).reason == "no_data"
    with pytest.raises(ValueError, match="missing"):
        fairness.clustered_ratio([np.nan], [1])


@settings(deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_scaling_totals_and_counts_leaves_the_value(seed: int, factor: float) -> None:
    """A ratio does not know the unit both sides share."""
    totals, counts = days(12, seed)
    once, scaled = fairness.clustered_ratio(totals, counts), fairness.clustered_ratio(totals * factor, counts * factor)
    assert [scaled.value, scaled.low, scaled.high] == pytest.approx([once.value, once.low, once.high])


def test_welch_agrees_with_scipy() -> None:
    """Difference of means with unequal spread is SciPy's Welch interval."""
    rng = np.random.default_rng(2)
    after, before = rng.normal(3, 1, 12), rng.normal(2, 4, 30)
    found, theirs = fairness.welch(after, before), stats.ttest_ind(after, before, equal_var=False).confidence_interval()
    assert [found.low, found.high] == pytest.approx([theirs.low, theirs.high])
    assert fairness.welch([1.0], [2.0, 3.0]).reason == "too_few_values"
    assert fairness.welch([], [2.0, 3.0]).reason == "no_data"


def test_difference_of_incomplete_figures_says_why() -> None:
    """A difference with a side that has no interval keeps the value and the reason."""
    found = fairness.difference(fairness.clustered_ratio([10.0], [2]), fairness.clustered_ratio([3.0, 5.0], [1, 1]))
    assert (found.value, found.reason) == (1.0, "too_few_clusters")
    assert np.isnan(found.low)


def test_level_outside_zero_and_one_is_refused() -> None:
    """A level of 95 instead of 0.95 is an error, not an infinite interval."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        fairness.wilson(1, 2, level=95)
