"""Shops whose truth is known: a small part of ``benchmarks/coverage.py``, with the same seeds."""

from __future__ import annotations

import pytest

from benchmarks.coverage import coverage


@pytest.mark.parametrize("day_sd", [0.0, 0.2])
def test_score_intervals_hold_the_true_score(day_sd: float) -> None:
    """Ninety-per-cent intervals of 50 shops hold the true score of 84–96 % of the agents, with and without busy days."""
    found = coverage(50, 100, day_sd)
    assert found["graded"] >= 450
    assert 0.84 <= found["covered"] <= 0.96


def test_identical_agents_are_not_told_apart() -> None:
    """In at least 86 % of 50 shops of ten equal agents nobody is told apart; different agents with much data are."""
    assert coverage(50, 100, 0.2, identical=True)["alike"] >= 0.86
    assert coverage(20, 400, 0.0)["alike"] <= 0.1
