"""Contacts to come: models on held-out weeks, the naive forecast as fallback, bands, special days, slots."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.forecasts import MONDAY, demand_of, judged, quarters
from core.errors import UnavailableError
from core.staffing.demand import known_days, unfinished
from core.staffing.forecast import ORIGINS_MIN, Fitted, day_profile, fit_forecast, outlook, usual_days
from core.staffing.models import MODELS, NAIVE, last_week, paths, smoothed
from core.staffing.special import effects, next_effect, promotions

SHAPE = np.repeat([0.0] * 8 + [1.0] * 12 + [0.0] * 4, 4) / 48


def shop(days: np.ndarray, seed: int = 0, special: dict[int, tuple[str, str]] | None = None) -> Fitted:
    """A shop with these expected contacts per day, Poisson over its open hours."""
    counts = np.random.default_rng(seed).poisson(np.asarray(days, float)[:, None] * SHAPE)
    return fit_forecast(demand_of(counts), special)


@pytest.fixture(scope="module")
def regular() -> Fitted:
    """Sixteen weeks of an ordinary shop; four more come."""
    return fit_forecast(demand_of(quarters("negative_binomial", np.random.default_rng(5), 20)[: 16 * 7]))


@pytest.mark.parametrize("weeks", [1, 4, 8])
def test_a_regular_shop_beats_last_weeks_figures(regular: Fitted, weeks: int) -> None:
    """Days scatter around a weekday pattern: another model than the naive one is shown, with what it gained; quantiles are in order."""
    found = outlook(regular, weeks, 60)
    assert found.model != NAIVE
    assert found.reason == ""
    told = found.backtest
    assert told["mase"] < told["naive_mase"]
    assert told["gain"] == pytest.approx(1 - told["mase"] / told["naive_mase"])
    assert told["origins"] >= ORIGINS_MIN
    assert 0.65 <= told["coverage_80"] <= 0.95
    assert len(found.days) == 7 * weeks
    assert len(found.slots) == 7 * weeks * 24
    for frame in (found.days, found.slots):
        assert (frame["p10"] <= frame["p50"]).all()
        assert (frame["p50"] <= frame["p80"]).all()
        assert (frame["p80"] <= frame["p90"]).all()
    assert found.days["local_day"].iloc[0] == MONDAY + 16 * 7


@pytest.mark.parametrize("interval", [15, 30, 60])
def test_slots_add_up_to_their_days(regular: Fitted, interval: int) -> None:
    """Expected contacts of a day's slots sum to the day's, for every slot length."""
    found = outlook(regular, 2, interval)
    sums = found.slots.groupby("local_day")["mean"].sum().to_numpy()
    assert sums == pytest.approx(found.days["mean"].to_numpy())


def test_wandering_weekdays_keep_the_naive_forecast_and_say_so() -> None:
    """Each weekday steps at random from week to week: nothing beats last week's figures, so they are what is shown."""
    rng = np.random.default_rng(11)
    days = (100 + rng.normal(0, 25, (11, 7)).cumsum(axis=0)).clip(15).ravel()
    fitted = shop(days)
    found = outlook(fitted, 2)
    assert (found.model, found.reason) == (NAIVE, "not_better")
    assert found.days["p50"].to_numpy() == pytest.approx(np.resize(fitted.usual[-7:], 14))
    assert found.backtest["mase"] == found.backtest["naive_mase"]


@pytest.mark.parametrize("weeks", [2, 3])
def test_a_short_log_gives_last_weeks_figures_without_a_back_test(weeks: int) -> None:
    """Two or three weeks: a forecast, the reason, and no figure about its quality."""
    found = outlook(shop(np.tile([50.0, 40, 40, 40, 60, 20, 10], weeks)), 4)
    assert (found.model, found.reason) == (NAIVE, "too_few_origins")
    assert np.isnan(found.backtest["mase"])
    assert found.held.empty
    assert len(found.days) == 28


def test_a_distance_the_log_cannot_test_is_not_claimed(regular: Fitted) -> None:
    """Nine weeks can be tested three weeks ahead but not four."""
    nine = fit_forecast(demand_of(regular.counts[:63]))
    assert outlook(nine, 4).reason == "too_few_origins"
    assert outlook(nine, 3).reason != "too_few_origins"
    assert outlook(nine, 3).facts["testable_weeks"] == 3


@pytest.mark.parametrize("days", [1, 13])
def test_less_than_two_weeks_is_refused_with_the_figures(days: int) -> None:
    """The error says how many days there are and how many are needed."""
    with pytest.raises(UnavailableError) as caught:
        shop(np.full(days, 30.0))
    assert caught.value.issue.code == "forecast_too_short"
    assert caught.value.issue.facts == {"days": days, "needed": 14}


def test_no_contact_at_all_is_refused() -> None:
    """Nothing to forecast from nothing."""
    with pytest.raises(UnavailableError):
        shop(np.zeros(40))


def test_the_same_count_every_day_is_repeated() -> None:
    """No scatter: the same count again, and nothing is called better."""
    counts = np.zeros((42, 96), int)
    counts[:, 40] = 7
    found = outlook(fit_forecast(demand_of(counts)), 1)
    assert found.model == NAIVE
    assert set(found.days["p50"]) == {7.0}


def test_a_closed_weekday_stays_closed() -> None:
    """Sundays without a contact are forecast as 0, band included."""
    found = outlook(shop(np.tile([50.0, 45, 40, 45, 60, 30, 0], 6)), 2).days
    assert (found.loc[found["weekday"] == 6, ["p10", "p50", "p90"]] <= 1).all().all()


def test_the_band_holds_on_weeks_that_nobody_has_seen(regular: Fitted) -> None:
    """The four weeks that came: most of their days lie within the band, and hours likewise (the benchmark tries hundreds of shops)."""
    came = quarters("negative_binomial", np.random.default_rng(5), 20)[16 * 7 :]
    row = judged(came, outlook(regular, 4, 60))
    assert 0.6 <= row["days"] <= 1
    assert 0.78 <= row["slots"] <= 0.98


def test_a_trend_is_followed() -> None:
    """Contacts grow by four a week: the fourth week ahead is forecast above the last one seen, unlike by the naive model."""
    fitted = shop(60 + 4 * np.arange(84) / 7, seed=2)
    found = outlook(fitted, 4)
    assert found.model != NAIVE
    assert found.days["mean"].iloc[-7:].mean() > fitted.usual[-7:].mean()


def test_models_start_when_they_can() -> None:
    """With two weeks last week and means, with eight weeks all; a flat series is only repeated."""
    rng = np.random.default_rng(1)
    hours = rng.poisson(3, (70, 24)).astype(float)
    assert list(paths(hours[:14].sum(axis=1), hours[:14], 7)) == [NAIVE, "weekday_mean"]
    assert list(paths(hours.sum(axis=1), hours, 7)) == list(MODELS)
    assert list(paths(np.full(70, 5.0), hours, 7)) == [NAIVE, "weekday_mean"]


def test_the_naive_error_grows_as_the_series_wanders() -> None:
    """Weeks that scatter around a level: hardly; weeks that step at random: about with the number of weeks."""
    rng = np.random.default_rng(9)
    still = last_week(rng.normal(100, 10, 700), 56).growth
    restless = last_week((100 + rng.normal(0, 10, (100, 7)).cumsum(axis=0)).ravel(), 56).growth
    assert still[-1] < 1.3
    assert restless[-1] > 4
    assert (np.diff(restless) >= 0).all()


def test_smoothing_grows_with_its_own_parameters() -> None:
    """A level that wanders has a wider band later; the first day is one step."""
    rng = np.random.default_rng(4)
    path = smoothed(100 + rng.normal(0, 4, 140).cumsum() + rng.normal(0, 1, 140), 28)
    assert path.growth[0] == 1.0
    assert path.growth[-1] > 5


def test_weekdays_share_their_profile_only_when_they_are_alike() -> None:
    """Equal shapes are pooled; a weekend with its own shape keeps it."""
    rng = np.random.default_rng(2)
    early, late = np.repeat([0.2, 0.05], 4), np.repeat([0.05, 0.2], 4)
    weekdays = np.arange(84) % 7
    alike = day_profile(rng.poisson(200 * np.tile(early, (84, 1))), weekdays)
    assert np.ptp(alike, axis=0).max() < 0.01
    other = day_profile(rng.poisson(200 * np.where(weekdays[:, None] >= 5, late, early)), weekdays)
    assert other[5, -1] > 0.17
    assert other[0, -1] < 0.08
    assert other.sum(axis=1) == pytest.approx(np.ones(7))
    assert day_profile(np.zeros((7, 4), int), np.arange(7)).tolist() == [[0.25] * 4] * 7


def test_special_days_do_not_bend_the_usual_ones() -> None:
    """A promotion with five times the contacts is set apart: neither the next week nor the back-test sees it."""
    days = np.tile([50.0, 50, 50, 50, 70, 30, 30], 9)
    days[-10:-7] *= 5
    apart = {MONDAY + 63 - back: ("promotion", "sale") for back in (10, 9, 8)}
    with_it, without = outlook(shop(days, 3), 2), outlook(shop(days, 3, apart), 2)
    assert without.backtest["mase"] < with_it.backtest["mase"]
    assert without.facts["special_days"] == 3
    assert not set(without.held["local_day"]) & set(apart)


def test_one_past_promotion_says_nothing_about_the_next() -> None:
    """What it did is told with its interval; the coming one is only named. Two past ones give a ratio and a wider band."""
    base = np.tile([50.0] * 7, 8)
    base[20] *= 3
    one = {MONDAY + 20: ("promotion", "a"), MONDAY + 58: ("promotion", "next")}
    first = shop(base, 5, one)
    effect = first.effects[0]
    assert effect.low < 3 < effect.high
    assert np.isnan(effect.next_ratio)
    assert next_effect(first.effects, "promotion") == (1.0, 0.0)
    base[40] *= 2.5
    second = shop(base, 5, one | {MONDAY + 40: ("promotion", "b")})
    days = outlook(second, 1).days.set_index("local_day")
    assert days.loc[MONDAY + 58, "kind"] == "promotion"
    assert days.loc[MONDAY + 58, "p50"] > 2 * days.loc[MONDAY + 57, "p50"]
    width = days["p90"] - days["p10"]
    assert width[MONDAY + 58] > 3 * width[MONDAY + 57]


def test_effects_need_like_days_beside_them() -> None:
    """A kind that covers every day of a weekday has nothing to be compared with and is left out."""
    everything = dict.fromkeys(range(14), ("holiday", ""))
    assert effects(np.full(14, 9), 0, everything) == ()
    assert usual_days(np.full(14, 9), np.zeros(14, bool)).tolist() == [9.0] * 14


def test_promotions_are_read() -> None:
    """Dates and spans in words."""
    assert len(promotions("2026-11-01..2026-11-11 2026-12-12")) == 12
    assert promotions("") == {}


def test_a_log_that_breaks_off_at_noon_leaves_the_day_out() -> None:
    """The last day known until noon is no quiet day; known until the evening it stays."""
    counts = np.random.default_rng(8).poisson(np.full(21, 60.0)[:, None] * SHAPE)
    demand = demand_of(counts)
    assert unfinished(demand, 12 * 60)
    assert not unfinished(demand, 20 * 60)
    kept = known_days(demand, MONDAY, MONDAY + 19)
    assert kept.period == (MONDAY, MONDAY + 19)
    assert len(fit_forecast(kept).counts) == 20
