"""The early warning: sums as on paper, limits that cost what the table says, drifts seen in time, too little data said."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import early_warning as bench
from core.earlywarning import BASES, DRIFTS, Baseline, measured, promise, sums, watch
from core.trends import Floats

MONDAY = 18_631


def days(n: int) -> np.ndarray:
    """Days from a Monday."""
    return MONDAY + np.arange(n)


def quiet(n: int, seed: int = 4) -> Floats:
    """Noise around 100 with a weekday pattern."""
    return 100 + np.random.default_rng(seed).normal(size=n) + np.resize([3.0, 0, 0, 0, 0, -2, -1], n)


def test_sums_are_those_of_the_textbook() -> None:
    """CUSUM adds what exceeds the slack and never falls below 0; EWMA is the weighted mean of all days; many series go at once."""
    z = np.array([0.5, 1.25, -3.0, 0.25])
    found = sums(z)
    assert found["up"].tolist() == [0.25, 1.25, 0.0, 0.0]
    assert found["down"].tolist() == [0.0, 0.0, 2.75, 2.25]
    assert found["ewma"][-1] == pytest.approx(sum(0.1 * 0.9 ** (3 - at) * z[at] for at in range(4)))
    assert sums(np.array([z, -z]))["down"][1].tolist() == found["up"].tolist()


@pytest.mark.parametrize(("n", "base"), [(34, 0), (35, 28), (62, 28), (63, 56), (200, 56)])
def test_the_baseline_is_as_long_as_it_can_be(n: int, base: int) -> None:
    """28 + 7 days at least, 56 days where seven are left to be watched."""
    found = watch(days(n), quiet(n))
    assert (found.base, found.watched) == (base, n - base if base else 0)
    assert (found.state == "not_enough_data") == (base == 0)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_drift_is_seen_and_named(sign: int) -> None:
    """Half a sd a week from the 57th day: warned on the last day, in its direction, days before three sd are reached."""
    value = quiet(98) + sign * 0.5 / 7 * np.maximum(np.arange(98) - 55, 0)
    found = watch(days(98), value)
    assert (found.state, found.direction) == ("warned", "up" if sign > 0 else "down")
    assert 7 < found.since - (MONDAY + 56) < 42
    assert set(found.by) <= {"cusum", "ewma"}
    assert found.sd == pytest.approx(1.0, abs=0.25)


def test_what_went_away_has_eased_and_one_day_is_no_drift() -> None:
    """Three weeks two sd up and back: the warning is past, its day is kept; a single day twelve sd away raises none."""
    at = np.arange(140)
    found = watch(days(140), quiet(140, 8) + 2.0 * ((at >= 60) & (at < 81)))
    assert (found.state, found.direction) == ("eased", "up")
    assert MONDAY + 60 < found.since < MONDAY + 75
    outage = watch(days(80), quiet(80) + 12.0 * (at[:80] == 60))
    assert (outage.state, outage.since, outage.by, outage.direction) == ("quiet", -1, (), "")


def test_equal_days_cannot_be_watched() -> None:
    """Without spread there is no distance."""
    assert watch(days(70), np.full(70, 5.0)).state == "not_enough_data"


def test_units_and_weights() -> None:
    """Another unit gives the same sums; a day that counts four times lies twice as far away; equal weights are none."""
    value = quiet(80)
    plain, scaled, weighed = watch(days(80), value), watch(days(80), 60 * value - 7), watch(days(80), value, np.full(80, 3.0))
    np.testing.assert_allclose(plain.cusum_up, scaled.cusum_up)
    np.testing.assert_allclose(plain.ewma, weighed.ewma)
    known = Baseline.of(days(56), value[:56])
    np.testing.assert_allclose(known.distance(days(5), value[:5], np.full(5, 4.0)), 2 * known.distance(days(5), value[:5]))


def test_the_table_is_whole() -> None:
    """Limits for every baseline; a row for each baseline and φ, a figure for every drift; the nearest φ is taken."""
    table = measured()
    assert set(table["limits"]) == {str(base) for base in BASES}
    assert {(row["base"], row["phi"]) for row in table["row"]} == {(base, phi) for base in BASES for phi in bench.PHIS}
    assert all(set(row["drift"]) == {f"{drift:g}" for drift in DRIFTS} for row in table["row"])
    assert promise(28, 0.44)["phi"] == 0.3
    assert promise(56, 0.9)["phi"] == 0.6


@pytest.mark.parametrize(("base", "phi"), [(56, 0.3), (28, 0.0)])
def test_the_table_says_what_the_simulation_gives(base: int, phi: float) -> None:
    """A small part of the benchmark again: false alarms within a third of the written ones, delays within three days."""
    written = promise(base, phi)
    found = bench.row(150, base, phi, measured()["limits"][str(base)])
    assert found["false_alarm_days"] == pytest.approx(written["false_alarm_days"], rel=0.34)
    assert found["drift"]["0.5"]["delay"] == pytest.approx(written["drift"]["0.5"]["delay"], abs=3)
    assert found["drift"]["0.5"]["lead"] > 10
