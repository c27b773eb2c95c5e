"""Slopes by place without listing all pairs: the same ones as listing them, whatever ties, gaps and tails there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import slopes
from core.trends import theil_sen


def listed(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """All pairwise slopes in order."""
    first, second = np.triu_indices(len(y), 1)
    return np.sort((y[second] - y[first]) / (x[second] - x[first]))


@pytest.mark.parametrize("kind", ["normal", "cauchy", "trend", "lattice", "halves", "steps", "constant"])
def test_places_are_those_of_the_list(kind: str) -> None:
    """Smooth, heavy-tailed, rising, tied and constant series, days with gaps: first, last, quartiles, middle."""
    rng = np.random.default_rng(7)
    n = 700
    y = {
        "normal": rng.normal(size=n),
        "cauchy": rng.standard_cauchy(n),
        "trend": 0.3 * np.arange(n) + rng.normal(size=n),
        "lattice": rng.integers(0, 4, n).astype(float),
        "halves": rng.integers(0, 60, n) / 2,
        "steps": np.repeat([1.0, 5.0], n // 2),
        "constant": np.ones(n),
    }[kind]
    x = np.sort(rng.choice(2 * n, n, replace=False)).astype(float)
    every = listed(y, x)
    places = np.array([0, 1, len(every) // 4, (len(every) - 1) // 2, len(every) // 2, len(every) - 1])
    np.testing.assert_allclose(slopes.slopes_by_place(y, x, places), every[places], rtol=1e-9, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=3, max_size=25), st.data())
def test_any_place_of_any_short_series(values: list[int], data: st.DataObject) -> None:
    """Small integers with many ties: every place is right."""
    y = np.array(values, dtype=float)
    every = listed(y, np.arange(len(y)))
    place = data.draw(st.integers(0, len(every) - 1))
    assert slopes.slopes_by_place(y, np.arange(float(len(y))), np.array([place]))[0] == pytest.approx(every[place], abs=1e-12)


def test_a_long_series_needs_little_memory() -> None:
    """Six thousand values have eighteen million pairs; the slope and its ends come in a few megabytes and hold the least-squares one."""
    import tracemalloc

    y = 0.001 * np.arange(6000) + np.random.default_rng(2).normal(size=6000)
    tracemalloc.start()
    found = theil_sen(y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.low < np.polyfit(np.arange(6000), y, 1)[0] < found.high
    assert peak < 12e6
