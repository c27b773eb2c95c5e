"""Durations in buckets: how far an order statistic can be off, that nothing is lost, and that weights are what repetition is."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from core.engine.histograms import KEYS, STEPS, bucket, histogram
from core.fairness import quantile_interval_by


def rows_of(values: np.ndarray) -> pd.DataFrame:
    """The histogram of values that lie in three cells, by the engine."""
    agents = np.array(["a", "b", "c"])[np.arange(len(values)) % 3]
    given = pd.DataFrame({"agent": agents, "local_day": 20_000, "local_minute": 600, "wait_ms": values})
    for name in (name for name in KEYS if name not in ("agent", "local_day", "local_hour")):
        given[name] = "x"
    with duckdb.connect() as con:
        return con.execute(histogram("SELECT * FROM given", "wait_ms")).df()


@pytest.mark.parametrize("spread", [0.3, 1.0, 2.5])
def test_order_statistics_are_close(spread: float) -> None:
    """Median, its interval and p90 of a thousand waits, put together from three cells, are within 0.4 % of the exact ones."""
    values = np.random.default_rng(7).lognormal(11, spread, 1000).astype(np.int64)
    found = rows_of(values)
    means = (found["sum_ms"] / found["seen"]).to_numpy()
    order = np.argsort(means, kind="stable")
    exact = np.sort(values)
    for q in (0.5, 0.9):
        one = quantile_interval_by(np.zeros(1000), exact, q)[1][0]
        other = quantile_interval_by(np.zeros(len(means)), means[order], q, weights=found["seen"].to_numpy()[order])[1][0]
        assert other.n == one.n
        for a, b in ((one.value, other.value), (one.low, other.low), (one.high, other.high)):
            assert abs(b - a) <= a / STEPS
    assert found["seen"].sum() == 1000
    assert found["sum_ms"].sum() == values.sum()


def test_short_waits_are_exact_and_missing_ones_are_none() -> None:
    """Below half a second every millisecond has its own bucket; zero is a wait, missing is none; seventy years have a bucket."""
    values = pd.array([0, 1, 511, 512, 513, 2**41 + 5, None, None, None], dtype="Int64")
    found = rows_of(values)
    assert sorted(found["bucket_ms"].tolist())[:4] == [0, 1, 511, 512]
    assert found["seen"].sum() == 6


def test_buckets_are_narrow_and_in_order() -> None:
    """A bucket's lower end is not above its values, and less than 1/256 of itself below them."""
    values = np.unique(np.r_[np.arange(3000), 2 ** np.arange(9, 41), 2 ** np.arange(9, 41) - 1, 3 * 2 ** np.arange(9, 39) + 7])
    with duckdb.connect() as con:
        given = pd.DataFrame({"t": values})
        assert len(given)
        low = con.execute(f"SELECT {bucket('t')} AS low FROM given ORDER BY t").df()["low"].to_numpy()
    assert (np.diff(low) >= 0).all()
    assert (low <= values).all()
    assert ((values - low) * STEPS <= low).all()


def test_weights_are_repetitions() -> None:
    """Rows with weights give what each value written out as often would give, group by group."""
    rng = np.random.default_rng(3)
    groups, weights = np.sort(rng.integers(0, 5, 60)), rng.integers(1, 9, 60)
    values = np.concatenate([np.sort(rng.normal(50, 9, n)) for n in np.bincount(groups)])
    for q in (0.1, 0.5, 0.9):
        labels, found = quantile_interval_by(groups, values, q, weights=weights)
        plain, exact = quantile_interval_by(np.repeat(groups, weights), np.repeat(values, weights), q)
        assert labels.tolist() == plain.tolist()
        for name in ("value", "low", "high", "n"):
            np.testing.assert_array_equal(getattr(found, name), getattr(exact, name))
