"""The verdicts keep their level on series without anything in them, and find what is planted (small samples, safe bounds)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "benchmarks" / "false_alarms.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """The benchmark as a module: the same figures as the command prints."""
    spec = importlib.util.spec_from_file_location("false_alarms", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("pattern", [False, True])
def test_flat_series_are_rarely_called_a_trend(bench: ModuleType, pattern: bool) -> None:
    """Twenty-six weeks, neighbouring days alike: at most 7 % with p below 0.05; the plain test is far above."""
    rates = bench.trend_rates(600, 182, 0.3, pattern)
    assert rates["verdict"] <= 0.07
    if not pattern:
        assert rates["mann_kendall"] > 0.09


def test_short_flat_series_keep_their_level_too(bench: ModuleType) -> None:
    """Eight weeks: two tests that must agree stay below 7 % even when neighbouring days are much alike."""
    assert bench.trend_rates(600, 56, 0.6, False)["verdict"] <= 0.07


def test_planted_slopes_are_found(bench: ModuleType) -> None:
    """A drift of 0.2 noise sd per week over twenty-six weeks is found in most series."""
    assert bench.trend_rates(200, 182, 0.3, True, slope=0.2 / 7)["verdict"] >= 0.80


@pytest.mark.parametrize(("phi", "tails"), [(0.0, "normal"), (0.3, "t3")])
def test_null_logs_name_no_weekday(bench: ModuleType, phi: float, tails: str) -> None:
    """Without a weekday effect a day is named in at most 7 % of logs, quiet noisy weekends included."""
    assert bench.false_names(150, 8, phi, tails) <= 0.09


def test_a_slow_friday_is_found(bench: ModuleType) -> None:
    """25 % longer Fridays under 10 % noise are named in at least 90 % of logs of eight weeks."""
    assert bench.found_names(80, 8, 0.25)[0] >= 0.90


@pytest.mark.parametrize(("half", "phi"), [(28, 0.0), (28, 0.3), (56, 0.3)])
def test_flat_series_are_rarely_called_changed(bench: ModuleType, half: int, phi: float) -> None:
    """Before and after without a change: about 5 %, also when neighbouring days are alike (8 % over many series, safe bound for few)."""
    assert bench.changed_rates(120, half, phi)["called"] <= 0.12


def test_flat_series_without_a_weekday_pattern(bench: ModuleType) -> None:
    """The same where weekdays are alike."""
    assert bench.changed_rates(80, 28, 0.3, pattern=False)["called"] <= 0.12


@pytest.mark.parametrize("uneven", [1.0, 2.0])
def test_labels_without_effect_are_rarely_called_changed(bench: ModuleType, uneven: float) -> None:
    """Five agents against twenty, also when the five scatter twice as much."""
    assert bench.arms(30, 5, 20, uneven=uneven)["called"] <= 0.17


def test_steps_are_found_and_covered(bench: ModuleType) -> None:
    """A step of two noise sd in eight weeks on each side is found nearly always, and lies in its interval."""
    found = bench.changed_rates(60, 56, 0.0, 2.0)
    assert found["called"] >= 0.95
    assert found["covered"] >= 0.85


@pytest.mark.parametrize("agents", [20, 40])
def test_coaching_without_effect_is_not_called_one(bench: ModuleType, agents: int) -> None:
    """The worst fifth of identical agents gain points by themselves: about what was expected, and hardly ever called evidence."""
    found = bench.coached(40, agents)
    assert found["called"] <= 0.10
    assert found["gain_points"] > 3
    assert abs(found["gain_points"] - found["expected_points"]) < 2


@pytest.mark.parametrize(("days", "phi", "pattern"), [(56, 0.6, True), (91, 0.3, False)])
def test_flat_series_show_no_change_of_level(bench: ModuleType, days: int, phi: float, pattern: bool) -> None:
    """Change points in at most 5 of 100 series without one (few here, a safe bound); a step of 1.5 sd, and there and back, are found."""
    rates = bench.changepoint_rates(100, days, phi, pattern)
    assert rates["alarms"] <= 0.10
    assert rates["strict"] <= 0.03
    if days == 91:
        assert rates["found_1.5"] >= 0.75
        assert rates["there_and_back"] >= 0.6
