"""Peaks: found where planted, not called where nothing is, special days no yardstick."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.forecasts import MONDAY, demand_of, quarters
from core.staffing.peaks import find_peaks, yardstick


@pytest.mark.parametrize("interval", [30, 60])
def test_a_planted_peak_is_found_where_it_is(interval: int) -> None:
    """Two hours of one day get fifty more each: one period with its day and clock, the right ratio, and nothing else."""
    rng = np.random.default_rng(1)
    counts = quarters("negative_binomial", rng, 12)
    counts[40, 56:64] += rng.poisson(12, 8)
    found = find_peaks(demand_of(counts), interval).periods
    assert len(found) == 1
    row = found.iloc[0]
    assert (row["local_day"], row["weekday"], row["start"], row["end"]) == (MONDAY + 40, 5, 840, 960)
    assert row["observed"] == counts[40, 56:64].sum()
    assert row["ratio"] > 3
    assert row["p_adjusted"] < 0.001


def test_a_planted_day_is_found() -> None:
    """A day with three times its contacts is a peak as a whole."""
    counts = quarters("poisson", np.random.default_rng(2), 10)
    counts[30] *= 3
    found = find_peaks(demand_of(counts), 60).days
    assert found["local_day"].tolist() == [MONDAY + 30]
    assert found["ratio"].iloc[0] == pytest.approx(3, rel=0.25)


def test_busy_days_are_no_peaks_but_poisson_calls_them() -> None:
    """Twenty shops whose days scatter more than Poisson: two families at 5 % each call at most four of them, Poisson most."""
    called, plain = 0, 0
    for seed in range(20):
        found = find_peaks(demand_of(quarters("negative_binomial", np.random.default_rng(1000 + seed), 10)), 60)
        called += len(found.periods) + len(found.days) > 0
        plain += found.facts["poisson_slots"] + found.facts["poisson_days"] > 0
        assert found.by_day.theta < 100
        assert found.by_day.index > 2
    assert called <= 4
    assert plain >= 12


def test_the_own_day_is_left_out() -> None:
    """A day's yardstick does not move when that day gets busier; the others' does."""
    counts = quarters("poisson", np.random.default_rng(3), 8).reshape(56, 24, 4).sum(axis=2)
    weekdays, ordinary = np.arange(56) % 7, np.ones(56, bool)
    more = counts.copy()
    more[10] += 100
    before, after = (yardstick(each, weekdays, ordinary) for each in (counts, more))
    assert before[0][10].tolist() == after[0][10].tolist()
    assert before[1][10] == pytest.approx(after[1][10])
    assert (after[0][17] > before[0][17]).all()


def test_named_days_are_judged_but_no_yardstick() -> None:
    """A promotion is found as a peak and carries its name; the same weekday beside it is judged as if it had not been."""
    counts = quarters("poisson", np.random.default_rng(4), 8)
    counts[24] *= 4
    found = find_peaks(demand_of(counts), 60, {MONDAY + 24: ("promotion", "sale")})
    assert found.days["name_of"].tolist() == ["sale"]
    plain = find_peaks(demand_of(np.delete(counts, np.s_[21:28], axis=0)), 60)
    assert found.by_day.index == pytest.approx(plain.by_day.index, rel=0.5)


@pytest.mark.parametrize("weeks", [1, 4])
def test_too_few_dates_are_not_judged(weeks: int) -> None:
    """Below five dates of a weekday no slot is tested, and the reason is given."""
    found = find_peaks(demand_of(quarters("poisson", np.random.default_rng(5), weeks)), 60)
    assert found.reason == "too_few_dates"
    assert found.periods.empty
    assert found.facts["slots"] == 0


def test_an_hour_that_never_had_a_contact_is_no_wonder_at_its_first() -> None:
    """One contact at night, where there never was one, is no peak."""
    counts = quarters("poisson", np.random.default_rng(6), 12)
    counts[:, :24] = 0
    counts[33, 8] = 1
    assert find_peaks(demand_of(counts), 60).periods.empty
