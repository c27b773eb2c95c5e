"""A change that reached agents on different days: what is planted is found, a common move is none, one date is the plain comparison."""

from __future__ import annotations

import numpy as np
import pytest

from core.rollouts import NEVER, Rollout, exposures, judge_rollout

DAYS = np.array([100, 120])
SPANS = [(day - 28, day - 1, day, day + 27) for day in DAYS]


def team(effect: float, reached: int = 8, seed: int = 0, dates: int = 2) -> Rollout:
    """Twenty agents who differ, a shop that drifts, some reached on one of two days."""
    rng = np.random.default_rng(seed)
    own = np.full(20, NEVER)
    own[:reached] = np.arange(reached) % dates
    values = 50 + 5 * rng.normal(size=(20, 1)) + np.cumsum(rng.normal(0, 0.3, 200)) + rng.normal(0, 3, (20, 200))
    for agent in range(reached):
        values[agent, DAYS[own[agent]] :] += effect
    spans = SPANS[:dates]
    before, after = (np.stack([values[:, s[at] : s[at + 1] + 1].mean(axis=1) for s in spans], axis=1) for at in (0, 2))
    return Rollout(before, after, np.zeros_like(before), np.zeros_like(before), own, exposures(DAYS[:dates], spans))


def test_what_is_planted_is_found_with_its_size() -> None:
    """Three seconds more from each agent's own date on, while the whole shop drifts."""
    found = judge_rollout(team(3.0))
    assert found.p < 0.01
    assert found.low < 3 < found.high
    assert (found.n_before, found.n_after, found.unit) == (8, 12, "agents")


def test_nothing_is_not_found() -> None:
    """Trained without effect: rarely called, the interval holds 0."""
    ps = [judge_rollout(team(0.0, seed=seed)) for seed in range(1, 5)]
    assert sum(found.p < 0.05 for found in ps) <= 1


def test_what_was_to_be_expected_is_taken_off() -> None:
    """A gain no larger than regression to the mean gives is no evidence."""
    given = team(3.0)
    due = np.where(given.own[:, None] == NEVER, 0.0, 3.0) * np.ones((1, 2))
    found = judge_rollout(Rollout(given.before, given.after, due, due, given.own, given.exposure))
    assert found.p > 0.05
    assert found.expected == pytest.approx(3.0)


def test_few_agents_have_an_estimate_and_no_verdict() -> None:
    """Four trained, or nobody untouched: no p; without figures around the own date an agent counts on no side."""
    assert judge_rollout(team(3.0, reached=4)).reason == "too_few_agents"
    given = team(3.0)
    given.after[0, given.own[0]] = np.nan
    assert judge_rollout(given).n_before == 7
    everybody = team(3.0, reached=20, dates=1)
    assert (judge_rollout(everybody).reason, judge_rollout(everybody).n_after) == ("too_few_agents", 0)


def test_exposure_of_overlapping_windows() -> None:
    """Somebody trained inside another's window is no clean control, somebody trained long before is."""
    found = exposures(np.array([100, 107, 200]), [(93, 99, 100, 106), (100, 106, 107, 113), (193, 199, 200, 206)])
    assert found[0].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert found[1].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert exposures(np.array([100, 103]), [(93, 99, 100, 106), (96, 102, 103, 109)])[1].tolist() == pytest.approx([4 / 7, 1, 0])
