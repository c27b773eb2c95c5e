"""Pairs of agents: tests against another library, error rates on equal agents, letters that say exactly what the tests say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.effects import superiority
from core.fairness import newcombe, quantile_interval
from core.pairs import (
    PairRules,
    Sides,
    all_pairs,
    conditional_odds,
    fisher,
    letters,
    needed_share,
    shares_of,
    superiority_test,
    until_decidable,
)
from tests.reference import case

TOLD = ("evidence", "strong_evidence")


def medians_of(samples: list[np.ndarray], days: int = 0) -> Sides:
    """Agents with single cases; ``days`` 0: every case on a day of its own."""
    found = [quantile_interval(np.sort(sample)) for sample in samples]
    value, low, high, n = (np.array([getattr(one, name) for one in found]) for name in ("value", "low", "high", "n"))
    lies = tuple(np.arange(len(sample)) % (days or len(sample)) for sample in samples)
    return Sides(tuple(str(at) for at in range(len(samples))), value, low, high, n, cases=tuple(samples), days=lies)


def test_selective_surveys_by_fishers_test(shared: Path) -> None:
    """90 of 100 quick chats asked, 40 of 100 long ones: the exact p agrees with R."""
    given_, want, tolerance = case(shared, "bal.selective_survey")
    quick, long = given_["sent_quick"] + given_["not_sent_quick"], given_["sent_long"] + given_["not_sent_long"]
    found = fisher(given_["sent_quick"], quick, given_["sent_long"], long, "exact")
    assert found.item() == pytest.approx(want["p"], **tolerance)
    odds = (given_["sent_quick"] * given_["not_sent_long"]) / (given_["not_sent_quick"] * given_["sent_long"])
    assert odds == pytest.approx(want["or_sample"])
    conditional = conditional_odds(given_["sent_quick"], quick, given_["sent_long"], long)
    table = [[given_["sent_quick"], given_["not_sent_quick"]], [given_["sent_long"], given_["not_sent_long"]]]
    assert conditional == pytest.approx(stats.contingency.odds_ratio(table).statistic, rel=1e-10)
    assert conditional == pytest.approx(want["or_conditional_mle"], rel=2e-4), "R's root finder stops at 1.2e-4"


def test_a_pair_of_shares_carries_newcombes_interval() -> None:
    """Difference and interval of a row are those of the two shares alone."""
    row = all_pairs(shares_of(["a", "b"], [56, 48], [70, 80])).iloc[0]
    want = newcombe(56, 70, 48, 80)
    assert [row["difference"], row["low"], row["high"]] == pytest.approx([want.value, want.low, want.high])
    assert row["superiority"] == pytest.approx(0.6)
    assert row["family"] == 1


def test_superiority_agrees_with_brunner_and_munzel_on_days_of_one_case() -> None:
    """With every case on a day of its own, estimate and p agree with another library's test, ties included."""
    rng = np.random.default_rng(2)
    a, b = np.sort(rng.integers(0, 30, 45)).astype(float), np.sort(rng.integers(4, 40, 60)).astype(float)
    found = superiority_test(a, np.arange(45), b, np.arange(60))
    assert found[0] == pytest.approx(superiority(a, b))
    assert found[3] == pytest.approx(stats.brunnermunzel(a, b).pvalue, rel=1e-9)
    assert found[1] < found[0] < found[2]


def test_days_as_blocks_hold_the_level_where_single_cases_do_not() -> None:
    """Equal agents whose days are good or bad: about 5 % of pairs pass with days as blocks, far more without."""
    rng = np.random.default_rng(20_240_801)
    blocked, single, day = 0, 0, np.arange(200) % 20
    for _ in range(250):
        values = [rng.normal(0, 1, 200) + rng.normal(0, 0.6, 20)[day] for _ in range(2)]
        order = [np.argsort(value) for value in values]
        a, b = (value[at] for value, at in zip(values, order, strict=True))
        blocked += superiority_test(a, day[order[0]], b, day[order[1]])[3] < 0.05
        single += superiority_test(a, np.arange(200), b, np.arange(200))[3] < 0.05
    assert blocked / 250 < 0.085
    assert single / 250 > 0.2


def test_ten_equal_agents_are_not_told_apart() -> None:
    """45 pairs of equal agents: at most 5 % of teams have any pair with evidence, for shares and for medians."""
    rng = np.random.default_rng(13)
    wrong = 0
    for _ in range(40):
        pairs = all_pairs(shares_of([str(i) for i in range(10)], rng.binomial(120, 0.85, 10), np.full(10, 120)))
        assert pairs["family"].iloc[0] == 45
        wrong += pairs["verdict"].isin(TOLD).any()
    assert wrong <= 5
    samples = [rng.lognormal(4, 0.7, 150) for _ in range(10)]
    assert not all_pairs(medians_of(samples), PairRules(50, 5.0, -1))["verdict"].isin(TOLD).any()


def test_the_faster_agent_is_ahead() -> None:
    """Half the time, 200 cases each: strong evidence, the lower median is ahead, and superiority says how often."""
    rng = np.random.default_rng(1)
    samples = [rng.lognormal(np.log(60), 0.7, 200), rng.lognormal(np.log(30), 0.7, 200)]
    row = all_pairs(medians_of(samples, days=20), PairRules(50, 5.0, better=-1)).iloc[0]
    assert (row["verdict"], row["ahead"]) == ("strong_evidence", "b")
    assert row["superiority"] == pytest.approx(stats.norm.cdf(np.log(2) / (0.7 * np.sqrt(2))), abs=0.06)
    assert row["low"] < 30 < row["high"]


def test_equal_shares_with_much_data_are_practically_the_same() -> None:
    """80.0 % and 80.2 % of 20,000 each lie inside three points; of 20 each there is not enough data."""
    row = all_pairs(shares_of(["a", "b"], [16_000, 16_040], [20_000, 20_000])).iloc[0]
    assert row["verdict"] == "practically_unchanged"
    assert all_pairs(shares_of(["a", "b"], [16, 17], [20, 20])).iloc[0]["verdict"] == "not_enough_data"


def test_figures_with_only_an_interval_are_judged_by_it() -> None:
    """Means: the p of a pair is that of its interval; an interval that just touches 0 has p = 0.05."""
    sides = Sides(("a", "b"), np.array([3.0, 0.0]), np.array([3 - 1.8, -2.4]), np.array([3 + 1.8, 2.4]), np.array([60.0, 60.0]))
    row = all_pairs(sides, PairRules(30, 0.1)).iloc[0]
    assert [row["low"], row["p"]] == pytest.approx([0.0, 0.05], abs=1e-6)


def test_so_many_more_ratings_really_decide() -> None:
    """At the n the planner names, 80 % of samples with the seen difference have p < 0.05."""
    need = int(np.ceil(needed_share(0.85, 0.75)))
    rng = np.random.default_rng(4)
    a, b = rng.binomial(need, 0.85, 4000), rng.binomial(need, 0.75, 4000)
    assert (fisher(a, np.full(4000, need), b, np.full(4000, need)) < 0.05).mean() == pytest.approx(0.8, abs=0.03)
    row = all_pairs(shares_of(["a", "b"], [45, 40], [50, 60])).iloc[0]
    found = until_decidable(row, tests=45)
    assert found.needed > until_decidable(row).needed
    assert found.more_a - found.more_b == 10


def test_growth_of_medians_until_they_are_told_apart() -> None:
    """A p of 0.05 is 1.96 errors: 80 % power needs (2.80 / 1.96)² times the cases."""
    row = all_pairs(medians_of([np.arange(60.0), np.arange(60.0) + 5])).iloc[0].copy()
    row["p"] = 0.05
    assert until_decidable(row, is_share=False).needed == pytest.approx(60 * (2.8016 / 1.96) ** 2, rel=1e-3)


@settings(max_examples=80, deadline=None)
@given(st.integers(2, 9), st.randoms(use_true_random=False))
def test_letters_are_shared_exactly_by_those_not_told_apart(size: int, chance: object) -> None:
    """For any set of pairs told apart; everybody has a letter."""
    names = [f"n{at}" for at in range(size)]
    every = [(a, b) for at, a in enumerate(names) for b in names[at + 1 :]]
    told = [pair for pair in every if chance.random() < 0.4]  # type: ignore[attr-defined]
    found = letters(names, told)
    assert all(found.values())
    assert all((not set(found[a]) & set(found[b])) == ((a, b) in told) for a, b in every)


def test_two_hundred_agents_in_four_classes_have_four_letters() -> None:
    """Letters stay few where the tests make classes, and are refused where they would say nothing."""
    names = [str(at) for at in range(200)]
    told = [(a, b) for i, a in enumerate(names) for j, b in enumerate(names) if i < j and i // 50 != j // 50]
    assert len(set(letters(names, told).values())) == 4
    crossing = [(str(2 * at), str(2 * at + 1)) for at in range(12)]
    with pytest.raises(ValueError, match="say nothing"):
        letters([str(at) for at in range(24)], crossing)
