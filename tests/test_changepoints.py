"""Change points against exact answers, brute force and another program, and what a step in a shop's days becomes."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import changepoints
from core.changepoints import best_split, find_changes, pettitt, segment, weekday_pattern
from tests.reference import case

MONDAY = 18_631


def test_steps_without_noise_are_found_exactly(shared: Path) -> None:
    """Three levels by construction."""
    given_, want, _ = case(shared, "cp.noiseless_steps")
    assert list(segment(given_["x"], given_["penalty"], given_["min_size"]).changes) == want["change_points"]


def test_the_nile_changes_in_1898(shared: Path) -> None:
    """Change, levels and penalised cost agree with the exact programme in R, the best single split with strucchange."""
    given_, want, tolerance = case(shared, "cp.pelt_l2.nile")
    found = segment(given_["x"], given_["penalty"], given_["min_size"])
    assert list(found.changes) == want["change_points"]
    assert found.cost == pytest.approx(want["total_penalised_cost"], **tolerance)
    assert list(found.means) == pytest.approx(want["segment_means"], **tolerance)
    assert best_split(given_["x"]) == want["strucchange_break_1"]


def test_pettitt_gives_the_reference_answer(shared: Path) -> None:
    """Statistic, approximate p and place agree with R's trend package."""
    given_, want, tolerance = case(shared, "cp.pettitt.maxau")
    found = pettitt(given_["x"])
    assert [found.k, found.p, found.change] == pytest.approx([want["K"], want["p_approx"], want["change_index"]], **tolerance)


def test_pettitt_at_its_edges() -> None:
    """Nothing, one value and equal values have no p and say why; a missing value is left out; p is at most 1."""
    reasons = [pettitt(x).reason for x in ([], [1.0], [2.0, 2.0, 2.0])]
    assert reasons == ["too_few_values", "too_few_values", "zero_variance"]
    assert pettitt([1.0, np.nan, 2.0, 8.0]) == pettitt([1.0, 2.0, 8.0])
    assert pettitt([1.0, 2.0]).p == 1.0


def brute(x: np.ndarray, penalty: float, min_size: int) -> float:
    """The smallest penalised cost over all segmentations, tried one by one."""
    n = len(x)
    best = np.inf
    for k in range(max(n // min_size, 1)):
        for cuts in combinations(range(1, n), k):
            edges = [0, *cuts, n]
            parts = [x[a:b] for a, b in pairwise(edges)]
            if k == 0 or min(map(len, parts)) >= min_size:
                best = min(best, sum(float(((part - part.mean()) ** 2).sum()) for part in parts) + k * penalty)
    return best


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=11), st.integers(1, 4), st.sampled_from([0.5, 2.0, 9.0]))
@settings(max_examples=120, deadline=None, derandomize=True, database=None)
def test_no_segmentation_is_better(values: list[int], min_size: int, penalty: float) -> None:
    """Against all segmentations of short series: the smallest cost, which is that of the levels named, and every level is long enough."""
    x = np.array(values, dtype=float)
    found = segment(x, penalty, min_size)
    assert found.cost == pytest.approx(brute(x, penalty, min_size), abs=1e-9)
    edges = [0, *found.changes, len(x)]
    level = np.repeat(found.means, np.diff(edges))
    assert found.cost == pytest.approx(((x - level) ** 2).sum() + penalty * len(found.changes), abs=1e-9)
    assert not found.changes or min(np.diff(edges)) >= min_size


@pytest.mark.parametrize(("n", "min_size"), [(60, 2), (200, 7), (365, 7)])
def test_another_program_finds_the_same(n: int, min_size: int) -> None:
    """KernelCPD of ruptures, where it is installed: the same changes on noisy steps."""
    ruptures = pytest.importorskip("ruptures")
    rng = np.random.default_rng(n)
    x = rng.normal(size=n) + 2.5 * ((np.arange(n) // (n // 4)) % 2)
    for penalty in (3.0, 8.0, 20.0):
        theirs = ruptures.KernelCPD(kernel="linear", min_size=min_size).fit(x[:, None]).predict(pen=penalty)
        assert list(segment(x, penalty, min_size).changes) == theirs[:-1]


def test_weights_count_as_repeats() -> None:
    """A value of weight three stands for three equal values."""
    x, weight = np.array([1.0, 2.0, 1.0, 7.0, 6.0]), np.array([1, 3, 2, 1, 4])
    found, whole = segment(x, 4.0, weights=weight), segment(np.repeat(x, weight), 4.0)
    assert found.cost == pytest.approx(whole.cost)
    assert found.means == pytest.approx(whole.means)


def test_large_numbers_lose_no_digits() -> None:
    """A small step on a large level is found as on a small one."""
    x = np.r_[np.zeros(20), np.ones(20)]
    assert segment(x + 1e8, 0.5).changes == (20,)


@pytest.mark.parametrize(("x", "penalty", "size"), [([1.0, np.nan], 1.0, 1), ([1.0], -1.0, 1), ([1.0], np.nan, 1), ([1.0], 1.0, 0)])
def test_what_cannot_be_segmented_is_refused(x: list[float], penalty: float, size: int) -> None:
    """Missing values, a negative or missing penalty, levels of nothing."""
    with pytest.raises(ValueError, match="must"):
        segment(x, penalty, size)


def test_short_and_empty_series_have_no_change() -> None:
    """Fewer values than two levels need: one level, or none."""
    assert segment([], 1.0) == changepoints.Segmentation((), (), 0.0)
    assert segment([1.0, 9.0, 2.0], 0.1, min_size=2).changes == ()
    assert best_split([1.0, 9.0, 2.0], min_size=2) == 0


def week_days(n: int) -> np.ndarray:
    """Days from a Monday."""
    return MONDAY + np.arange(n)


@pytest.mark.parametrize("cut", [42, 45, 60])
def test_a_step_does_not_become_a_weekday_pattern(cut: int) -> None:
    """Thirteen weeks with a step in mid-week: the pattern is the one planted, to a tenth of the step, with gaps too."""
    planted = np.array([3.0, 1.0, 0.0, 0.0, 1.0, -2.0, -3.0])
    day = week_days(91)
    values = planted[(day + 3) % 7] + 2.0 * (np.arange(91) >= cut)
    kept = np.delete(np.arange(91), [5, 6, 30, 31, 32, 77])
    for part in (slice(None), kept):
        np.testing.assert_allclose(weekday_pattern(day[part], values[part]), planted, atol=0.2)


def test_ratios_of_weekdays_are_ratios() -> None:
    """Volume that grows keeps its weekday ratios; the pattern has the mean 1; a weekday that never occurs is 1."""
    planted = np.array([1.5, 1.2, 1.0, 1.0, 1.3, 0.6, 0.4])
    day = week_days(84)
    volume = planted[(day + 3) % 7] * np.linspace(100, 160, 84)
    np.testing.assert_allclose(weekday_pattern(day, volume, ratio=True), planted, rtol=0.02)
    open_ = (day + 3) % 7 < 6
    pattern = weekday_pattern(day[open_], volume[open_], ratio=True)
    assert pattern[6] == 1.0
    assert pattern[:6].mean() == pytest.approx(1.0)


def test_many_series_have_the_patterns_they_have_alone() -> None:
    """Rows are independent of each other, with gaps and as ratios."""
    day = np.delete(week_days(40), [3, 17])
    table = np.random.default_rng(1).gamma(20, 1, (3, len(day)))
    for ratio in (False, True):
        alone = [weekday_pattern(day, row, ratio) for row in table]
        np.testing.assert_allclose(weekday_pattern(day, table, ratio), alone)
    assert weekday_pattern([], []).tolist() == [0.0] * 7


def test_a_step_is_found_with_its_size() -> None:
    """Twelve weeks, two sd up after seven: one step near its day, interval around the truth, week named by its Monday."""
    rng = np.random.default_rng(11)
    day = week_days(84)
    found = find_changes(day, 50 + rng.normal(size=84) + 2.0 * (np.arange(84) >= 49))
    assert len(found.steps) == 1
    step = found.steps.iloc[0]
    assert abs(step["local_day"] - (MONDAY + 49)) <= 3
    assert step["low"] < 2.0 < step["high"]
    assert (step["week"] - MONDAY) % 7 == 0
    assert 0 <= step["local_day"] - step["week"] < 7
    assert found.level[0] == step["before"]
    assert (step["n_before"] + step["n_after"], found.n, found.reason) == (84, 84, "")


def test_a_change_there_and_back_is_two() -> None:
    """Four sd up for three weeks and back: two steps of opposite sign."""
    rng = np.random.default_rng(2)
    at = np.arange(91)
    found = find_changes(week_days(91), rng.normal(size=91) + 4.0 * ((at >= 35) & (at < 56)))
    assert np.sign(found.steps["shift"]).tolist() == [1, -1]


def test_what_cannot_be_looked_at_says_why() -> None:
    """27 days are too few, equal days cannot be judged; both have no step and no level."""
    short, flat = find_changes(week_days(27), np.arange(27.0)), find_changes(week_days(60), np.full(60, 3.0))
    assert (short.reason, flat.reason) == ("too_few_days", "zero_variance")
    assert (len(short.steps), len(flat.steps)) == (0, 0)
    assert np.isnan(short.level).all()


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_units_do_not_matter(factor: float) -> None:
    """Seconds or days: the same steps, scaled."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=70) + 3.0 * (np.arange(70) >= 30)
    plain, scaled = find_changes(week_days(70), x), find_changes(week_days(70), factor * x + 7 * factor)
    assert scaled.steps["local_day"].tolist() == plain.steps["local_day"].tolist()
    np.testing.assert_allclose(scaled.steps["shift"], factor * plain.steps["shift"])
    assert scaled.phi == pytest.approx(plain.phi)
