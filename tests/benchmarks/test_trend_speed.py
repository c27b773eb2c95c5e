"""The comparison with pymannkendall: both sides say the same, and a small run is quicker."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import trend_speed as bench
from core.trends import mann_kendall, seasonal_mann_kendall, theil_sen

pymannkendall = pytest.importorskip("pymannkendall", reason="the peer is not installed")


def test_both_sides_say_the_same_and_ours_is_quicker() -> None:
    """A few hundred series and one of three thousand values: equal p and slope (checked inside), less CPU time."""
    mine, other = bench.many(series=300, runs=1)
    assert mine < other
    mine, other = bench.long(n=3_000, runs=1)
    assert mine < other


@pytest.mark.parametrize("seed", range(4))
def test_ties_and_gaps_as_the_peer_has_them(seed: int) -> None:
    """Score, variance, p and slope of tied series, with and without gaps, are the peer's."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 8, 60).astype(float) + 0.05 * np.arange(60).round()
    x[rng.random(60) < 0.1 * (seed % 2)] = np.nan
    theirs, mine = pymannkendall.original_test(x), mann_kendall(x)
    assert (mine.s, mine.var_s, mine.z) == pytest.approx((theirs.s, theirs.var_s, theirs.z))
    assert mine.p == pytest.approx(theirs.p)
    full = x[~np.isnan(x)]
    assert theil_sen(full).slope == pytest.approx(pymannkendall.sens_slope(full).slope)
    by_week = pymannkendall.seasonal_test(x[:56], period=7)
    blocked = seasonal_mann_kendall(x[:56].reshape(8, 7))
    assert (blocked.s, blocked.var_s, blocked.p) == pytest.approx((by_week.s, by_week.var_s, by_week.p))
