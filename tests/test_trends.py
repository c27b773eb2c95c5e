"""Trend tests against reference answers, their invariances, and what the verdicts do at the edges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from core import slopes, trends

MONDAY = 18_628 + 3  # a Monday in 2021


def case(shared: Path, name: str) -> dict[str, Any]:
    """One reference case by its id."""
    cases = json.loads((shared / "reference" / "reference_cases_open.json").read_text(encoding="utf-8"))["cases"]
    return next(found for found in cases if found["id"] == name)


def numbers(values: list[float | None]) -> np.ndarray:
    """A JSON list as floats, null as NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def assert_answers(got: dict[str, Any], reference: dict[str, Any]) -> None:
    """Every expected figure that the answer names agrees within the case's own tolerance."""
    expected, tolerance = reference["expected"], reference["tolerance"]
    assert set(got) == set(expected), set(got) ^ set(expected)
    for key, value in got.items():
        np.testing.assert_allclose(value, expected[key], rtol=tolerance["rel"], atol=tolerance["abs"], err_msg=key)


NAMES = {"s": "S", "var_s": "var_S", "z": "Z", "p": "p_two_sided", "tau_a": "tau_a", "tau_b": "tau_b", "n": "n"}


def answer(found: trends.MannKendall, *fields: str) -> dict[str, float]:
    """The named fields of a result under the names of the reference file."""
    return {NAMES[field]: getattr(found, field) for field in fields}


@pytest.mark.parametrize("name", ["heavy_ties_csat", "lynx", "nile", "precipgl"])
def test_mann_kendall_gives_reference_answers(shared: Path, name: str) -> None:
    """Score, tie-corrected variance, z, p and both taus agree with R."""
    reference = case(shared, f"trend.mk.{name}")
    found = trends.mann_kendall(numbers(reference["inputs"]["x"]))
    assert_answers(answer(found, "n", "s", "var_s", "z", "p", "tau_a", "tau_b"), reference)


@pytest.mark.parametrize(("name", "lags"), [("hamedrao.nile", None), ("hamedrao_lag3.nile", 3)])
def test_hamed_rao_gives_reference_answers(shared: Path, name: str, lags: int | None) -> None:
    """The variance factor counts significant autocorrelations of the detrended ranks only."""
    reference = case(shared, f"trend.{name}")
    found = trends.hamed_rao(numbers(reference["inputs"]["x"]), lags=lags)
    got = answer(found, "z", "p") | {"n_over_nstar": found.factor, "slope": found.slope}
    assert_answers(got | {"var_S_corrected": found.var_s}, reference)


def test_hamed_rao_with_gaps_and_ties(shared: Path) -> None:
    """Missing values and many ties at zero do not break the correction."""
    reference = case(shared, "trend.hamedrao.pymk_suite_lag3")
    found = trends.hamed_rao(numbers(reference["inputs"]["x"]), lags=3)
    assert_answers(answer(found, "s", "z", "p") | {"var_S_corrected": found.var_s}, reference)


def test_yue_wang_gives_reference_answers(shared: Path) -> None:
    """The AR(1) effective sample size agrees with R."""
    reference = case(shared, "trend.yuewang_lag1.nile")
    found = trends.yue_wang(numbers(reference["inputs"]["x"]))
    got = answer(found, "z", "p") | {"n_over_nstar": found.factor, "slope": found.slope}
    assert_answers(got | {"var_S_corrected": found.var_s}, reference)


def test_prewhitening_gives_reference_answers(shared: Path) -> None:
    """Pre-whitening uses the lag-1 autocorrelation of the series itself."""
    reference = case(shared, "trend.prewhitening.nile")
    assert_answers(answer(trends.prewhitened(numbers(reference["inputs"]["x"])), "z", "p", "s", "var_s"), reference)


def test_trend_free_prewhitening_gives_reference_answers(shared: Path) -> None:
    """The trend-free variant puts the Sen line back after whitening."""
    reference = case(shared, "trend.tfpw.nile")
    x = numbers(reference["inputs"]["x"])
    found = trends.prewhitened(x, trend_free=True)
    got = answer(found, "z", "p", "s", "var_s") | {
        "slope_new": found.slope,
        "slope_original": trends.theil_sen(x).slope,
    }
    assert_answers(got, reference)


def test_multiplicity_gives_reference_answers(shared: Path) -> None:
    """All five adjustments agree with R and reject as the paper does."""
    reference = case(shared, "trend.multiplicity.bh1995")
    p, alpha = numbers(reference["inputs"]["p"]), reference["inputs"]["alpha"]
    methods = {"bonferroni": "bonferroni", "holm": "holm", "hochberg": "hochberg", "BH": "bh", "BY": "by"}
    got: dict[str, Any] = {name: trends.adjust(p, method) for name, method in methods.items()}
    got |= {f"n_reject_{name}": (got[name] < alpha).sum() for name in ("bonferroni", "BH")}
    assert_answers(got, reference)


def test_least_squares_with_robust_error_gives_reference_answers(shared: Path) -> None:
    """Plain and Newey-West standard errors agree with R's sandwich."""
    reference = case(shared, "trend.ols.hac84")
    found = trends.ols_trend(numbers(reference["inputs"]["y"]), maxlags=reference["inputs"]["maxlags"])
    assert_answers({"slope": found.slope, "se_ols": found.se_ols, "se_hac": found.se_hac}, reference)


@pytest.mark.parametrize("name", ["pymk_suite_missing", "weekday84"])
def test_seasonal_test_gives_reference_answers(shared: Path, name: str) -> None:
    """Independent seasons, with gaps and ties, agree with R; so does the seasonal slope."""
    reference = case(shared, f"trend.seasonal.{name}")
    table = numbers(reference["inputs"]["x"]).reshape(-1, reference["inputs"]["period"])
    found = trends.seasonal_mann_kendall(table)
    got = answer(found, "s", "var_s", "z", "p") | {"seasonal_sen_slope": trends.seasonal_slope(table)}
    if "tau_pooled" in reference["expected"]:
        got["tau_pooled"] = found.tau_a
    assert_answers(got, reference)


def test_correlated_seasonal_test_gives_reference_answers(shared: Path) -> None:
    """Dropping cycles with gaps and no continuity correction reproduces the package's answer."""
    reference = case(shared, "trend.seasonal.pymk_suite_correlated")
    table = numbers(reference["inputs"]["x"]).reshape(-1, reference["inputs"]["period"])
    found = trends.hirsch_slack(table, gaps="complete", continuity=False)
    assert_answers(answer(found, "s", "var_s", "z", "p"), reference)


def test_sen_slope_gives_reference_answers(shared: Path) -> None:
    """Slope, interval and intercept agree with R."""
    reference = case(shared, "trend.sen.maxau_s")
    x = numbers(reference["inputs"]["x"])
    found = trends.theil_sen(x, level=reference["inputs"]["conf_level"])
    got = {"slope": found.slope, "ci_trend_package": [found.low, found.high], "intercept_conover": found.intercept}
    got |= {"n_slopes": len(x) * (len(x) - 1) // 2}
    got["intercept_median_residual"] = np.median(x - found.slope * np.arange(len(x)))
    assert_answers(got, reference)


# invariances

series = st.integers(3, 40).flatmap(lambda n: arrays(np.float64, n, elements=st.integers(-50, 50).map(float)))


def brute_score(x: np.ndarray) -> float:
    """S by its definition."""
    return float(np.triu(np.sign(x[None, :] - x[:, None]), 1).sum())


@settings(max_examples=60, deadline=None)
@given(series)
def test_fast_score_is_the_definition(x: np.ndarray) -> None:
    """The O(n log n) score equals the sum over all pairs, and the stacked one too."""
    assert slopes.kendall_score(x) == brute_score(x) == trends.seasonal_mann_kendall(x[:, None]).s


@settings(max_examples=60, deadline=None)
@given(series)
def test_reversing_time_flips_the_score(x: np.ndarray) -> None:
    """Backwards, a rise is a fall of the same strength."""
    forward, backward = trends.mann_kendall(x), trends.mann_kendall(x[::-1])
    assert (forward.s, forward.var_s) == (-backward.s, backward.var_s)
    np.testing.assert_equal(forward.p, backward.p)


@settings(max_examples=60, deadline=None)
@given(series, st.integers(-1000, 1000))
def test_adding_a_constant_changes_nothing(x: np.ndarray, shift: int) -> None:
    """Level is not trend; neither test nor slope see it."""
    assert trends.mann_kendall(x + shift).s == trends.mann_kendall(x).s
    assert trends.theil_sen(x + shift).slope == pytest.approx(trends.theil_sen(x).slope)


@settings(max_examples=60, deadline=None)
@given(series)
def test_monotone_transforms_leave_the_test_alone(x: np.ndarray) -> None:
    """Seconds or logarithms of seconds: the same evidence."""
    np.testing.assert_equal(trends.mann_kendall(np.arctan(x / 20)).p, trends.mann_kendall(x).p)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.floats(0, 1) | st.just(float("nan")), max_size=30), st.sampled_from(["holm", "bh", "by", "hochberg"])
)
def test_adjusted_p_values_are_larger_and_in_the_same_order(raw: list[float], method: Any) -> None:
    """Adjusting never makes a finding stronger nor swaps two findings; NaN stays NaN and out of the family."""
    p = np.array(raw, dtype=float)
    adjusted = trends.adjust(p, method)
    kept = ~np.isnan(p)
    assert (np.isnan(adjusted) == ~kept).all()
    assert (adjusted[kept] >= p[kept]).all()
    assert (np.diff(adjusted[kept][np.argsort(p[kept], kind="stable")]) >= 0).all()
    np.testing.assert_array_equal(trends.adjust(p[kept], method), adjusted[kept])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_hirsch_slack_variance_of_one_season_is_the_tie_corrected_one(seed: int) -> None:
    """With one season and gaps the general covariance formula is the plain variance of what is there."""
    rng = np.random.default_rng(seed)
    x = np.where(rng.random(15) < 0.2, np.nan, rng.integers(0, 6, 15).astype(float))
    plain = trends.mann_kendall(x)
    blocked = trends.hirsch_slack(x[:, None])
    assert (blocked.s, blocked.n) == (plain.s, plain.n)
    assert blocked.var_s == pytest.approx(plain.var_s)


def test_hirsch_slack_covariance_is_the_published_sum() -> None:
    """Score and variance equal a literal double loop over seasons, gaps by the mid-rank rule."""
    rng = np.random.default_rng(5)
    table = np.where(rng.random((9, 3)) < 0.1, np.nan, rng.normal(size=(9, 3)).round(1))
    size = (~np.isnan(table)).sum(axis=0)
    rank = np.where(np.isnan(table), (size + 1) / 2, stats.rankdata(table, axis=0, nan_policy="omit"))
    total = 0.0
    for g in range(3):
        for h in range(3):
            pairs = [
                np.nan_to_num(np.sign((table[j, g] - table[i, g]) * (table[j, h] - table[i, h])))
                for i in range(9)
                for j in range(i + 1, 9)
            ]
            total += (sum(pairs) + 4 * (rank[:, g] * rank[:, h]).sum() - 9 * (size[g] + 1) * (size[h] + 1)) / 3
    assert trends.hirsch_slack(table).var_s == pytest.approx(total)


def test_one_gap_does_not_cost_a_week() -> None:
    """The mid-rank rule keeps the six other days of a week with a gap; the complete rule does not."""
    table = np.arange(70.0).reshape(10, 7)
    table[4, 2] = np.nan
    assert trends.hirsch_slack(table).n == 69
    assert trends.hirsch_slack(table, gaps="complete").n == 63


# slopes


@pytest.mark.parametrize("n", [12, 60])
def test_sen_interval_agrees_with_scipy(n: int) -> None:
    """Slope and both ends are SciPy's, days with gaps included."""
    rng = np.random.default_rng(n)
    y, x = rng.normal(size=n).round(1), np.sort(rng.choice(200, n, replace=False)).astype(float)
    ours, theirs = trends.theil_sen(y, x), stats.theilslopes(y, x, 0.95, method="separate")
    expected = (theirs.slope, theirs.low_slope, theirs.high_slope, theirs.intercept)
    assert (ours.slope, ours.low, ours.high, ours.intercept) == pytest.approx(expected)


def test_bisection_finds_the_same_slopes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path for long series gives the same slope and ends as listing all pairs."""
    rng = np.random.default_rng(1)
    y = 0.01 * np.arange(301) + rng.normal(size=301)
    listed = trends.theil_sen(y)
    monkeypatch.setattr(trends, "LARGEST_PAIRWISE", 100)
    bisected = trends.theil_sen(y)
    assert (bisected.slope, bisected.low, bisected.high) == pytest.approx((listed.slope, listed.low, listed.high))


def test_interval_out_of_reach_is_missing_not_narrow() -> None:
    """Four values cannot give a 95 % interval; the ends are missing and the reason says so."""
    found = trends.theil_sen([1, 3, 2, 5])
    assert np.isnan(found.low)
    assert np.isnan(found.high)
    assert found.reason == "interval_out_of_reach"


def test_exact_p_is_the_permutation_distribution() -> None:
    """Five ascending values: two of 120 orders are as extreme."""
    assert trends.mann_kendall([1, 2, 3, 4, 5], method="exact").p == pytest.approx(2 / 120)
    with pytest.raises(ValueError, match="without ties"):
        trends.mann_kendall([1, 1, 2], method="exact")


@pytest.mark.parametrize("n", range(3, 11))
def test_exact_p_is_scipys(n: int) -> None:
    """Few values without ties: the counted orders give SciPy's exact Kendall p; ``auto`` takes them, with ties the normal law."""
    x = np.random.default_rng(n).permutation(n).astype(float)
    expected = stats.kendalltau(np.arange(n), x, method="exact").pvalue
    assert trends.mann_kendall(x, method="auto").p == pytest.approx(expected)
    x[0] = x[1]
    assert trends.mann_kendall(x, method="auto").p == trends.mann_kendall(x).p


def test_exact_p_in_a_table_of_many() -> None:
    """Ten weeks give the exact p, eleven the normal one, ten with a tie the normal one."""
    frames = [table(np.repeat(np.random.default_rng(5).permutation(n) * 10.0, 7) + 0.01 * np.tile(np.arange(7), n), n) for n in (10, 11)]
    tied = np.repeat([1.0, 5, 3, 3, 8, 2, 9, 4, 7, 6], 7) + 0.01 * np.tile(np.arange(7), 10)
    for frame, method in ((frames[0], "exact"), (frames[1], "normal"), (table(tied, 12), "normal")):
        weeks = trends.pool(frame)[1]["value"].to_numpy()
        expected = trends.mann_kendall(np.round(weeks, 6), method=method).p
        assert trends.trend_verdicts(frame).iloc[0]["p_weekly"] == pytest.approx(expected)


def test_p_stays_positive_far_out() -> None:
    """A very strong trend has a tiny p, not zero."""
    assert 0 < trends.mann_kendall(np.arange(200.0)).p < 1e-80


def test_constant_series_has_no_p() -> None:
    """Without variance there is no test, and the reason says so."""
    found = trends.mann_kendall([2.0] * 12)
    assert np.isnan(found.p)
    assert found.reason == "zero_variance"


# verdicts


def table(values: np.ndarray, group: Any = "a", count: int = 10, start: int = MONDAY) -> pd.DataFrame:
    """Day values of one group as totals and counts; NaN is a day without a row."""
    frame = pd.DataFrame({"group": group, "local_day": start + np.arange(len(values)), "total": values * count})
    return frame.assign(count=count).dropna()


def noisy(weeks: int, drift: float = 0.0, seed: int = 0) -> np.ndarray:
    """Day values around 100 with 5 % noise and a drift per week."""
    days = np.arange(7 * weeks)
    return 100 + drift * days / 7 + np.random.default_rng(seed).normal(0, 5, len(days))


def test_week_values_are_pooled_not_averaged() -> None:
    """A week of 1 chat at 100 s and 99 chats at 0 s has the value 1 s."""
    daily = pd.DataFrame({"group": "a", "local_day": [MONDAY, MONDAY + 1], "total": [100.0, 0.0], "count": [1, 99]})
    assert trends.pool(daily)[1]["value"].tolist() == [1.0]


def test_a_clear_rise_is_found_with_its_slope() -> None:
    """Three seconds a week over twelve weeks: evidence, upwards, the truth inside the interval."""
    found = trends.trend_verdicts(table(noisy(12, drift=3.0))).iloc[0]
    assert found["verdict"] == "strong_evidence"
    assert found["direction"] == "up"
    assert found["low"] < 3.0 < found["high"]
    assert found["p"] == max(found["p_weekly"], found["p_blocked"])


def test_seven_weeks_give_a_preliminary_slope_and_no_verdict() -> None:
    """Below the minimum there is a slope to look at but no test and no family."""
    found = trends.trend_verdicts(table(noisy(7, drift=9.0))).iloc[0]
    assert found["verdict"] == "not_enough_data"
    assert found["preliminary"]
    assert np.isnan(found["p"])
    assert np.isfinite(found["slope_per_week"])
    assert (found["family"], found["reason"]) == (0, "too_few_weeks")


def test_partial_weeks_do_not_count() -> None:
    """Eight weeks that start on a Wednesday hold seven full ones."""
    found = trends.trend_verdicts(table(noisy(8), start=MONDAY + 2)).iloc[0]
    assert found["n_weeks"] == 7
    assert trends.trend_verdicts(table(noisy(8), start=MONDAY + 2), week_start=2).iloc[0]["n_weeks"] == 8


def test_few_observations_are_not_judged_and_not_in_the_family() -> None:
    """A part-timer with one chat a week neither gets a verdict nor costs the others their evidence."""
    rare = np.full(84, np.nan)
    rare[::7] = 100.0
    both = pd.concat([table(noisy(12, 3.0)), table(rare, group="b", count=1)])
    found = trends.trend_verdicts(both).set_index("group")
    assert found.loc["b", ["verdict", "reason"]].tolist() == ["not_enough_data", "too_few_observations"]
    assert found.loc["a", "family"] == 1
    assert found.loc["a", "p_adjusted"] == found.loc["a", "p"]


def test_constant_series_cannot_be_judged() -> None:
    """Satisfaction of 100 % every day has no variance to test."""
    found = trends.trend_verdicts(table(np.ones(70))).iloc[0]
    assert (found["verdict"], found["reason"]) == ("cannot_be_judged", "zero_variance")


def test_small_change_is_practically_unchanged_even_with_evidence() -> None:
    """A certain rise of 2 % lies inside ±10 %: unchanged wins; a margin of 1 % lets evidence through."""
    values = 100 + 2 * np.arange(84) / 84 + np.random.default_rng(3).normal(0, 0.2, 84)
    assert trends.trend_verdicts(table(values)).iloc[0]["verdict"] == "practically_unchanged"
    assert trends.trend_verdicts(table(values), margin=0.01).iloc[0]["verdict"] == "strong_evidence"


def test_absolute_margin_is_in_units_of_the_value() -> None:
    """Two seconds are inside a margin of three seconds and outside one of one second."""
    values = 100 + 2 * np.arange(84) / 84 + np.random.default_rng(3).normal(0, 0.2, 84)
    assert trends.trend_verdicts(table(values), margin=3, relative=False).iloc[0]["verdict"] == "practically_unchanged"
    assert trends.trend_verdicts(table(values), margin=1, relative=False).iloc[0]["verdict"] == "strong_evidence"


def test_holm_over_all_groups() -> None:
    """The family is the groups judged; adjusted p-values are Holm's."""
    daily = pd.concat([table(noisy(10, drift, seed), group=seed) for seed, drift in enumerate([0, 0, 1.5, 3])])
    found = trends.trend_verdicts(daily)
    assert found["family"].tolist() == [4] * 4
    np.testing.assert_allclose(found["p_adjusted"], trends.adjust(found["p"]))


def test_values_given_instead_of_totals() -> None:
    """Medians come as day and week values of their own and give the same verdict where they are the same numbers."""
    daily = table(noisy(10, 2.0))
    days, weeks = trends.pool(daily)
    pd.testing.assert_frame_equal(trends.trend_verdicts(days, weeks), trends.trend_verdicts(daily))


def test_scaling_total_and_count_changes_nothing_but_n() -> None:
    """Ten times the chats at the same speed: the same verdict."""
    once, tenfold = trends.trend_verdicts(table(noisy(9))), trends.trend_verdicts(table(noisy(9), count=100))
    pd.testing.assert_frame_equal(once.drop(columns="n"), tenfold.drop(columns="n"), check_exact=False)


def test_stacked_tests_equal_the_single_ones() -> None:
    """A group's p-values in a table of many are those of the two single tests."""
    values = noisy(9, 1.0, seed=8)
    values[[5, 17, 18]] = np.nan
    found = trends.trend_verdicts(pd.concat([table(noisy(9)), table(values, group="b")])).iloc[1]
    grid = values.reshape(9, 7)
    assert found["p_weekly"] == pytest.approx(trends.mann_kendall(np.nanmean(grid, axis=1), method="exact").p)
    assert found["p_blocked"] == pytest.approx(trends.hirsch_slack(grid).p)
    slope = trends.theil_sen(np.nanmean(grid, axis=1))
    assert (found["low"], found["high"]) == pytest.approx((slope.low, slope.high))


def test_empty_weeks_are_gaps() -> None:
    """Two weeks of leave keep their place in time: the slope is per calendar week."""
    values = 100.0 + np.repeat(np.arange(12), 7) + np.tile(np.arange(7), 12) * 0.01
    values[28:42] = np.nan
    found = trends.trend_verdicts(table(values)).iloc[0]
    assert found["n_weeks"] == 10
    assert found["slope_per_week"] == pytest.approx(1.0)


def test_unusable_tables_are_refused() -> None:
    """Missing columns, missing values and double days are errors, not wrong answers."""
    daily = table(noisy(9))
    with pytest.raises(ValueError, match="lacks count"):
        trends.trend_verdicts(daily.drop(columns="count"))
    with pytest.raises(ValueError, match="missing values"):
        trends.trend_verdicts(daily.assign(total=np.nan))
    with pytest.raises(ValueError, match="more than one row"):
        trends.trend_verdicts(pd.concat([daily, daily.head(1)]))


def test_nothing_in_nothing_out() -> None:
    """An empty table gives an empty result with the same columns."""
    empty = trends.trend_verdicts(table(noisy(9)).head(0))
    assert len(empty) == 0
    assert "verdict" in empty.columns


def test_days_without_observations_only() -> None:
    """A group whose every day has count 0 is there and is not judged."""
    found = trends.trend_verdicts(table(np.zeros(70)).assign(count=0)).iloc[0]
    assert (found["verdict"], found["n_weeks"]) == ("not_enough_data", 0)
