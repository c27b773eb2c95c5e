"""How many weeks a slope needs: the formula against simulated verdicts, against counted orders, and its invariances."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.false_alarms import daily_table
from benchmarks.false_alarms import noise as autocorrelated
from core.seeing import Noise, blocked_chance, chance, slope_seen, weekly_chance, weeks_needed
from core.trends import mann_kendall, trend_verdicts


@pytest.mark.parametrize(("weeks", "slope", "share"), [(8, 0.3, 0.26), (12, 0.2, 0.51), (16, 0.2, 0.88), (26, 0.1, 0.93)])
def test_weekly_chances_are_those_of_the_guide(weeks: int, slope: float, share: float) -> None:
    """The chances measured for Mann–Kendall on week values come out of the formula."""
    assert weekly_chance(slope, weeks) == pytest.approx(share, abs=0.04)


def test_weekly_chance_is_that_of_simulated_series() -> None:
    """Twelve weeks, a quarter of a noise sd a week: as often as in 1,500 drawn series."""
    rng = np.random.default_rng(1)
    drawn = rng.normal(size=(1500, 12)) + 0.25 * np.arange(12)
    assert weekly_chance(0.25, 12) == pytest.approx(np.mean([mann_kendall(row).p < 0.05 for row in drawn]), abs=0.04)


DRAWN = [(0.0, 12, 0.12, 1), (0.3, 16, 0.1, 1), (0.6, 26, 0.06, 1), (0.3, 26, 0.05, 0.7)]


@pytest.mark.parametrize(("phi", "weeks", "slope", "share"), DRAWN)
def test_chances_are_those_of_simulated_verdicts(phi: float, weeks: int, slope: float, share: float) -> None:
    """Both tests of 400 drawn series with autocorrelation and days off say "trend" as often as predicted, to eleven points."""
    rng = np.random.default_rng(weeks)
    values = 20 + autocorrelated(rng, 400, 7 * weeks, phi) + slope / 7 * np.arange(7 * weeks)
    off = rng.random(values.shape) > share
    off[:, ::7] = False  # no week without a value
    values[off] = np.nan
    found = trend_verdicts(daily_table(values).dropna())
    around = np.nanmean(values.reshape(400, weeks, 7), axis=2) - 20 - slope * np.arange(weeks)
    noise = Noise(float(np.nanstd(around)), 1.0, phi, (share,) * 7)
    assert chance(slope, noise, weeks) == pytest.approx((found["p"] < 0.05).mean(), abs=0.11)
    assert blocked_chance(slope, noise, weeks) == pytest.approx((found["p_blocked"] < 0.05).mean(), abs=0.12)


def test_more_weeks_and_steeper_slopes_are_seen_more_often() -> None:
    """The chance rises with weeks and slope, falls with noise, and does not know up from down."""
    noise = Noise(1.0, 2.0, 0.2)
    assert (np.diff([chance(0.15, noise, weeks) for weeks in (8, 12, 20, 40)]) > 0).all()
    assert (np.diff([chance(slope, noise, 16) for slope in (0.0, 0.1, 0.2, 0.4)]) > 0).all()
    assert chance(0.2, noise, 16) == chance(-0.2, noise, 16)
    assert chance(0.2, Noise(2.0, 4.0, 0.2), 16) < chance(0.2, noise, 16)


def test_weeks_needed_is_the_first_week_that_is_enough() -> None:
    """One week less would not do; ten times everything needs as many weeks."""
    noise = Noise(1.0, 2.0, 0.2)
    weeks = weeks_needed(0.15, noise)
    assert chance(0.15, noise, int(weeks)) >= 0.8 > chance(0.15, noise, int(weeks) - 1)
    assert weeks_needed(1.5, Noise(10.0, 20.0, 0.2)) == weeks
    assert weeks_needed(1e-6, noise) == np.inf
    assert chance(slope_seen(noise, 20), noise, 20) == pytest.approx(0.8, abs=0.01)


def test_without_noise_or_slope_there_is_no_number() -> None:
    """A constant series and a flat line ask for nothing."""
    assert np.isnan(weeks_needed(0.0, Noise(1.0, 1.0, 0.0)))
    assert np.isnan(weeks_needed(1.0, Noise(0.0, 0.0, np.nan)))
    assert np.isnan(slope_seen(Noise(np.nan, np.nan, np.nan), 12))
