"""Forecast errors, quantiles of counts and models against reference answers, and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.staffing.accuracy import (
    autocorrelation,
    coverage,
    diebold_mariano,
    errors,
    ljung_box,
    naive_scale,
    pinball,
    seasonal_naive,
    winkler,
)
from core.staffing.counts import at_least, count_quantile, dispersion, spread_quantile
from core.staffing.models import fit_smoothing, seasons
from tests.reference import case


def test_autocorrelation_and_ljung_box_match_the_reference(shared: Path) -> None:
    """Lags 1–14 with divisor n, Q(10) and its p-value."""
    given, expected, off = case(shared, "fc.acf_ljungbox")
    assert autocorrelation(given["x"], 14).tolist() == pytest.approx(expected["acf_1_14"], **off)
    assert list(ljung_box(given["x"], 10)) == pytest.approx([expected["Q10"], expected["p"]], **off)


def test_exponential_smoothing_reaches_the_reference_optimum(shared: Path) -> None:
    """Log-likelihood at least that of R less 0.5, and means of the next year within 2 %."""
    given, expected, _ = case(shared, "fc.ets_ana.usaccdeaths")
    y = np.asarray(given["y"], float)
    found = fit_smoothing(y, given["period"])
    likelihood = -len(y) / 2 * np.log(found.sse)
    assert likelihood >= expected["loglik"] - 0.5
    parameters = given["period"] + 3  # two smoothing parameters, level and free seasons, the variance
    aicc = -2 * likelihood + 2 * parameters + 2 * parameters * (parameters + 1) / (len(y) - parameters - 1)
    assert aicc == pytest.approx(expected["aicc"], rel=0.02)
    assert np.asarray(found.forecast(12)).tolist() == pytest.approx(expected["mean"], rel=0.02)


def test_mase_by_hand_and_no_mape_with_zeros(shared: Path) -> None:
    """Scale, mean absolute error and MASE of the worked example; with a zero to be forecast there is no MAPE."""
    given, expected, off = case(shared, "fc.mase.hand")
    scale = naive_scale(given["train"], given["period"])
    found = errors(given["test"], given["forecast"], scale)
    assert [scale, found.mae, found.mase] == pytest.approx([expected[name] for name in ("scale", "mae", "mase")], **off)
    assert np.isnan(errors([*given["test"][:-1], 0], given["forecast"], scale).mape)


def test_quantiles_of_counts_match_the_reference(shared: Path) -> None:
    """50, 80, 90 and 95 % of Poisson and negative binomial counts are the smallest whole numbers that hold."""
    given, expected, _ = case(shared, "fc.peak.count_quantiles")
    for name, theta in (("poisson", np.inf), ("negbin", given["theta"])):
        found = np.stack([count_quantile(given["mean"], theta, share) for share in given["probs"]], axis=1)
        assert found.tolist() == expected[name]


def test_pinball_coverage_and_winkler_match_the_reference(shared: Path) -> None:
    """Losses at 10, 50 and 90 %, coverage of the band and interval score."""
    given, expected, off = case(shared, "fc.pinball_coverage_winkler")
    y, low, high = given["y"], given["q10"], given["q90"]
    found = {f"pinball_{share}": pinball(y, given[f"q{share}"], share / 100) for share in (10, 50, 90)}
    found |= {"coverage_80": coverage(y, low, high), "winkler_80": winkler(y, low, high, 0.8)}
    assert found == pytest.approx(expected, **off)


def test_the_seasonal_naive_forecast_matches_the_reference(shared: Path) -> None:
    """Last season again, normal intervals by the in-sample error, and its errors on the year that followed."""
    given, expected, off = case(shared, "fc.seasonal_naive.usaccdeaths")
    found = seasonal_naive(given["train"], 12, given["period"])
    assert found.mean.tolist() == pytest.approx(expected["mean"], **off)
    for level in given["levels"]:
        low, high = found.interval(level / 100)
        assert low.tolist() == pytest.approx(expected[f"lower_{level}"], **off)
        assert high.tolist() == pytest.approx(expected[f"upper_{level}"], **off)
    wrong = errors(given["test"], found.mean, naive_scale(given["train"], given["period"]))
    assert [wrong.mae, wrong.rmse, wrong.mape, wrong.mase] == pytest.approx(
        [expected[name] for name in ("MAE", "RMSE", "MAPE", "MASE")], **off
    )


def test_stl_matches_the_reference(shared: Path) -> None:
    """Seasonal and trend of the decomposition that the models use, with the reference's own settings."""
    from statsmodels.tsa.seasonal import STL

    given, expected, off = case(shared, "fc.stl.nottem")
    shape = {name: given[name] for name in given if name not in ("y", "inner_iter", "outer_iter")}
    found = STL(np.asarray(given["y"], float), **shape).fit(given["inner_iter"], given["outer_iter"])
    for part in ("seasonal", "trend"):
        for end, taken in (("first24", slice(24)), ("last12", slice(-12, None))):
            assert getattr(found, part)[taken].tolist() == pytest.approx(expected[f"{part}_{end}"], **off)


def test_a_season_of_the_models_is_a_season() -> None:
    """A pure weekly pattern is found as it is, the rest is level."""
    y = np.tile([3.0, 4, 5, 6, 9, 2, 1], 12)
    (season,) = seasons(y, (7,))
    assert season[:7] == pytest.approx(y[:7] - y[:7].mean(), abs=1e-6)


@pytest.mark.parametrize("theta", [5.0, 20.0, np.inf])
def test_over_dispersion_is_measured(theta: float) -> None:
    """Index and θ of simulated weeks come back; Poisson shows none, and its p-value is no small one."""
    rng = np.random.default_rng(7)
    mean = np.resize([30.0, 40, 50, 60, 70, 20, 10], 7 * 200)[:, None]
    busy = rng.gamma(theta, 1 / theta, mean.shape) if np.isfinite(theta) else 1.0
    found = dispersion(rng.poisson(mean * busy), np.arange(len(mean)) % 7)
    assert found.index == pytest.approx(1 + 40 / theta, rel=0.15)
    assert (0.8 * theta < found.theta < 1.25 * theta) if np.isfinite(theta) else found.theta > 500
    assert (found.p < 1e-6) == np.isfinite(theta)


def test_too_few_or_empty_counts_have_no_dispersion() -> None:
    """One date per weekday, or no contact at all, says nothing."""
    assert np.isnan(dispersion(np.ones((7, 3), int), np.arange(7)).index)
    assert np.isnan(dispersion(np.zeros((28, 3), int), np.arange(28) % 7).index)


def test_equal_counts_have_no_scatter() -> None:
    """Counts that never vary: index 0, θ infinite."""
    found = dispersion(np.full((28, 1), 5), np.arange(28) % 7)
    assert (found.index, found.theta) == (0.0, np.inf)


def test_quantiles_follow_mean_and_variance() -> None:
    """More variance is a wider band; none is the mean itself; a mean of 0 is 0."""
    mean = np.full(3, 80.0)
    low, high = (spread_quantile(mean, np.array([0.0, 80.0, 400.0]), share) for share in (0.1, 0.9))
    assert (low[0], high[0]) == (80, 80)
    assert high[2] - low[2] > high[1] - low[1] > 0
    assert spread_quantile(np.zeros(1), np.zeros(1), 0.9).tolist() == [0.0]


def test_tail_probabilities_add_up() -> None:
    """P(count ≥ k) falls from 1 at 0, and its steps are the probabilities of the counts."""
    tail = at_least(np.arange(200), 12.0, 4.0)
    assert tail[0] == 1.0
    assert (np.diff(tail) < 0).all()
    assert -np.diff(tail) @ np.arange(199) == pytest.approx(12.0, rel=1e-3)


def test_what_does_not_exist_is_missing() -> None:
    """Constant series, no values and too short series give NaN, never a number or an error."""
    assert np.isnan(autocorrelation([2, 2, 2], 2)).all()
    assert np.isnan(ljung_box([1, 2], 5)[0])
    assert np.isnan(errors([], [], 1.0).mae)
    assert np.isnan(errors([1, 1], [1, 1], 0.0).mase)
    assert np.isnan(pinball([], [], 0.5))
    assert np.isnan(diebold_mariano([1, 2], [1, 2])[1])
    with pytest.raises(ValueError, match="season"):
        seasonal_naive([1, 2, 3], 2, 7)


def test_diebold_mariano_holds_its_level() -> None:
    """Two equally good forecasts with losses that hang together over days: called better in about 5 % of cases."""
    rng = np.random.default_rng(3)
    shocks = rng.normal(size=(600, 67))
    gain = sum(shocks[:, lag : lag + 60] * 0.6**lag for lag in range(7))
    called = [diebold_mariano(np.zeros(60), row, 7)[1] < 0.05 for row in gain]
    assert 0.03 < np.mean(called) < 0.10
    assert diebold_mariano(np.ones(5), np.ones(5))[1] == 1.0
