"""What lies behind a trend: planted noise, gaps and season come back, the second line is statsmodels' own, the rows are the verdict's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.false_alarms import noise as autocorrelated
from core import closeup, recompute
from core.scenario import Scenario
from core.views import fitted
from tests.shop import observed

MONDAY = 18_631


def close(values: np.ndarray) -> dict[str, float]:
    """What lies behind day values from a Monday on; NaN is a day without a value."""
    days = pd.DataFrame({"local_day": MONDAY + np.arange(len(values)), "value": values, "n": 9.0}).dropna()
    weeks = pd.Series(values).groupby(np.arange(len(values)) // 7).mean().dropna()
    return closeup._of(days, pd.DataFrame({"week": weeks.index, "value": weeks.to_numpy(), "n": 9.0}))


def test_noise_and_autocorrelation_are_recovered() -> None:
    """A year of AR(1) noise of sd 2 with a weekday pattern and a slope: both figures come back, the pattern apart."""
    rng = np.random.default_rng(3)
    days = np.arange(364)
    values = 50 + 2 * autocorrelated(rng, 1, 364, 0.4)[0] + np.resize([6.0, 0, 0, 0, 0, 0, -6], 364) + 0.3 * days / 7
    found = close(values)
    assert found["noise_day"] == pytest.approx(2.0, rel=0.15)
    assert found["autocorrelation"] == pytest.approx(0.4, abs=0.12)
    assert found["pattern"] == pytest.approx(np.var([6, 0, 0, 0, 0, 0, -6]) / (np.var([6, 0, 0, 0, 0, 0, -6]) + 4), abs=0.08)


def test_gaps_ties_and_runs_are_counted() -> None:
    """Every third day missing, three of ten weeks equal: as on paper."""
    values = np.repeat([1.0, 2, 3, 3, 3, 4, 5, 6, 7, 8], 7) + 0.0
    values[2::3] = np.nan
    found = close(values)
    assert found["gaps"] == pytest.approx(23 / 70)
    assert found["ties"] == pytest.approx(3 / 45)
    assert found["alike"] == pytest.approx(0.3)


def test_the_second_line_is_statsmodels() -> None:
    """Least squares over weekday levels with Newey–West errors agrees with statsmodels, ends included."""
    api = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed")
    rng = np.random.default_rng(8)
    values = 30 + autocorrelated(rng, 1, 84, 0.3)[0] + 0.02 * np.arange(84)
    day = MONDAY + np.arange(84)
    design = np.column_stack([(day - day.mean()) / 7, *((day + 3) % 7 == number for number in range(7))]).astype(float)
    fit = api.OLS(values, design).fit(cov_type="HAC", cov_kwds={"maxlags": 7, "use_correction": True}, use_t=True)
    found = close(values)
    assert (found["hac_slope"], found["hac_low"], found["hac_high"]) == pytest.approx((fit.params[0], *fit.conf_int()[0]))
    plain = api.OLS(values, design).fit().conf_int()[0]
    assert (found["ols_low"], found["ols_high"]) == pytest.approx(tuple(plain))


def test_constant_and_short_series_have_no_numbers() -> None:
    """All values equal, or two weeks: NaN where nothing can be said, no error."""
    flat = close(np.full(70, 5.0))
    assert np.isnan([flat["power_weeks"], flat["power_now"], flat["slope_seen"]]).all()
    assert flat["alike"] == 1
    short = close(np.arange(14.0))
    assert np.isnan([short["noise_week"], short["power_weeks"], short["hac_slope"]]).all()


@pytest.mark.parametrize("by", ["agent", "shop"])
def test_every_trend_has_its_closeup(by: str) -> None:
    """One row per group that has day values; the rows behind are those of the verdict's full weeks."""
    found = closeup.closeups(observed(), Scenario(), "first_response", by)
    verdicts = recompute.trends(observed(), Scenario(), "first_response", by)
    assert set(found["group"]) <= set(verdicts["group"])
    assert len(found) >= len(verdicts) - 1
    _, weeks = closeup.values(observed(), Scenario(), "first_response", by)
    counts = weeks.groupby("group").size()
    judged = verdicts.set_index("group")["n_weeks"]
    assert (counts == judged[counts.index]).all()


def test_season_and_long_run_are_found_and_add_up() -> None:
    """A planted weekday season and slope come back; the parts add up to the values; bridged days stay missing."""
    days = np.arange(140)
    rng = np.random.default_rng(2)
    values = 20 + 0.05 * days + np.resize([4.0, 0, 0, 0, 0, -2, -2], 140) + rng.normal(0, 0.3, 140)
    kept = np.setdiff1d(days, [30, 31, 90])
    found = closeup.season(kept, values[kept])
    parts = found.days[["trend", "week", "rest"]].sum(axis=1)
    seen = found.days["value"].notna()
    np.testing.assert_allclose(parts[seen], found.days["value"][seen])
    assert (~seen).sum() == 3
    assert found.filled == pytest.approx(3 / 140)
    assert found.strength > 0.9
    high, low = closeup.extremes(found)
    assert high == ((0 + 3) % 7, pytest.approx(4.0, abs=0.4))
    assert low[1] == pytest.approx(-2.0, abs=0.4)
    assert np.diff(found.days["trend"]).mean() == pytest.approx(0.05, abs=0.01)


def test_two_years_have_a_yearly_season() -> None:
    """With two full years the year is taken out too; with less it is not looked for."""
    days = np.arange(740)
    values = 20 + 5 * np.sin(2 * np.pi * days / 365) + np.resize([2.0, 0, 0, 0, 0, 0, -2], 740)
    found = closeup.season(days, values)
    assert np.corrcoef(found.days["year"], np.sin(2 * np.pi * days / 365))[0, 1] > 0.95
    assert "year" not in closeup.season(days[:400], values[:400]).days
    assert len(closeup.adjusted(found)) <= 107


def test_too_little_is_not_taken_apart() -> None:
    """Two weeks, or every other day missing: a reason instead of a season."""
    assert closeup.season(np.arange(14), np.arange(14.0)).reason == "too_few_days"
    assert closeup.season(np.arange(0, 80, 2), np.arange(40.0)).reason == "too_many_gaps"


def test_band_and_margin_pass_through_the_middle() -> None:
    """The fans are lines of the interval's slopes and of the largest change that is practically none."""
    row = next(pd.DataFrame({"low": [1.0], "high": [3.0]}).itertuples())
    weeks = pd.DataFrame({"date": pd.date_range("2026-03-02", periods=5, freq="7D"), "value": [10.0, 12, 14, 16, 18]})
    frame = closeup.fanned(fitted(weeks.assign(n=9, low=0.0, high=0.0), 2.0), row, 0.10, True)
    assert frame["fit_low"].tolist() == [12.0, 13, 14, 15, 16]
    assert frame["fit_high"].tolist() == [8.0, 11, 14, 17, 20]
    assert frame["margin_high"].iloc[-1] - frame["margin_high"].iloc[0] == pytest.approx(1.4)
