"""Case mix: reference answers, a table worked by hand, Simpson's paradox, and how often chance alone is called out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.casemix import MixRules, compare_within, indirect, mantel_haenszel, standardise
from tests.reference import case

SHARE = MixRules(kind="share", judged_from=30, margin=0.03)


def cells_of(rows: list[tuple[str, str, int, int]]) -> pd.DataFrame:
    """Agent, language, cases, hits; all on one day."""
    return pd.DataFrame(rows, columns=["agent", "language", "n", "total"]).assign(day=0)


def logged(rng: np.random.Generator, agents: int, cases: int, slower: float = 1.0) -> pd.DataFrame:
    """Response seconds of agents with unlike mixes of three languages over 40 days; agent 0 takes ``slower`` times as long."""
    agent = rng.integers(0, agents, agents * cases)
    leaning = rng.dirichlet(np.ones(3) * 2, agents)
    language = (rng.random(len(agent))[:, None] > leaning[agent].cumsum(axis=1)).sum(axis=1).clip(0, 2)
    value = rng.lognormal(np.log(np.array([40, 70, 110])[language]), 0.6) * np.where(agent == 0, slower, 1.0)
    frame = pd.DataFrame({"agent": agent.astype(str), "language": language, "day": rng.integers(0, 40, len(agent))})
    frame = frame.assign(n=1.0, total=value, square=value**2)
    return frame.groupby(["agent", "language", "day"]).sum().reset_index()


def test_cancer_deaths_by_age_give_published_answers(shared: Path) -> None:
    """Observed, expected, O/E with interval, and adjusted rate of the classic age-adjusted comparison."""
    given_, want, tolerance = case(shared, "cmp.indirect_standardisation.selvin")
    found = indirect(given_["count"], given_["pop"], given_["std_count"], given_["std_pop"])
    assert [found.observed, found.expected, found.ratio] == pytest.approx([want["observed"], want["expected"], want["oe"]], **tolerance)
    assert [found.low, found.high] == pytest.approx(want["oe_ci_lognormal"], **tolerance)
    assert found.adjusted == pytest.approx(want["adjusted_rate"], **tolerance)


def test_admissions_reverse_within_departments(shared: Path) -> None:
    """Raw odds 1.84 for men, 0.90 within departments: the disagreement is flagged; all figures agree with R."""
    given_, want, tolerance = case(shared, "bal.simpson.ucb")
    tables = [given_[name] for name in ("admit_male", "reject_male", "admit_female", "reject_female")]
    found = mantel_haenszel(*tables)
    assert [found.crude_odds, found.odds] == pytest.approx([want["crude_or"], want["mh_or"]], **tolerance)
    assert [found.low, found.high] == pytest.approx(want["ci"], **tolerance)
    assert [found.chi2, found.p] == pytest.approx([want["mh_chi2_cc"], want["mh_p_cc"]], **tolerance)
    assert mantel_haenszel(*tables, corrected=False).chi2 == pytest.approx(want["mh_chi2_nocc"], **tolerance)
    assert found.reversed


def test_expected_figures_by_hand() -> None:
    """A's 20 easy cases are expected at the others' 80 %, A's 30 hard ones at their 50 %: 31 of 50 expected, 33 seen."""
    cells = cells_of([("A", "en", 20, 18), ("A", "ja", 30, 15), ("B", "en", 40, 32), ("B", "ja", 20, 10), ("C", "en", 10, 8)])
    found = standardise(cells, SHARE)
    row = found.rows.set_index("agent").loc["A"]
    assert row["expected"] == pytest.approx((20 * 40 / 50 + 30 * 10 / 20) / 50)
    assert row["difference"] == pytest.approx(33 / 50 - 31 / 50)
    assert row["adjusted"] == pytest.approx(found.overall + 0.04)
    assert row["low"] < 0.04 < row["high"]
    assert found.dimensions == ("language",)
    assert found.merged["cases"].sum() == 120


def test_a_small_situation_is_merged_upward_and_says_so() -> None:
    """Nine cases of others at an hour are too few; the situation without the hour takes over."""
    rows = [("A", "en", 9, 50), ("B", "en", 9, 9), ("B", "en", 10, 90), ("A", "en", 10, 50)]
    cells = pd.DataFrame(rows, columns=["agent", "language", "hour", "n"]).assign(day=0)
    cells = pd.concat([cells, cells.assign(language="ja")]).assign(total=lambda frame: frame["n"] // 2)
    found = standardise(cells, SHARE)
    levels = found.merged.set_index("level")["cases"]
    assert levels["language"] == 100
    assert levels["hour+language"] == levels.sum() - 100
    assert levels[""] == 0


def test_nobody_else_speaks_it_so_nobody_is_compared() -> None:
    """Most of A's cases are in a language nobody else serves: raw figure only, no adjusted one, no verdict."""
    cells = cells_of([("A", "fi", 80, 40), ("A", "en", 20, 10), ("B", "en", 90, 60), ("C", "en", 90, 60)])
    row = standardise(cells, SHARE).rows.set_index("agent").loc["A"]
    assert row["overlap"] == pytest.approx(0.2)
    assert (row["verdict"], row["reason"], row["value"]) == ("cannot_be_judged", "no_overlap", 0.5)
    assert np.isnan([row["adjusted"], row["low"], row["p"]]).all()


def test_too_few_cases_and_no_dimension_say_so() -> None:
    """29 cases have no verdict; a log in one language, or with one agent, has no mix to hold anybody against."""
    cells = cells_of([("A", "en", 20, 9), ("A", "ja", 9, 9), ("B", "en", 90, 60), ("B", "ja", 90, 60)])
    row = standardise(cells, SHARE).rows.set_index("agent").loc["A"]
    assert (row["verdict"], row["reason"]) == ("not_enough_data", "below_minimum")
    assert standardise(cells.assign(language="en"), SHARE).reason == "no_dimensions"
    assert standardise(cells[cells["agent"] == "B"], SHARE).reason == "too_few_agents"


def test_one_extreme_colleague_is_nobodys_reference() -> None:
    """Seven equal agents and one who takes a third of the time: the seven are not made to look slow."""
    cells = logged(np.random.default_rng(3), 8, 200, slower=0.33)
    found = standardise(cells)
    rows = found.rows.set_index("agent")
    assert found.left_out == ("0",)
    assert rows.loc["0", "verdict"] == "strong_evidence"
    assert rows.loc["0", "ratio"] == pytest.approx(0.33, abs=0.06)
    assert rows.drop("0")["ratio"].mean() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("kind", ["mean", "share", "rare"])
def test_equal_agents_with_unlike_mixes_are_left_in_peace(kind: str) -> None:
    """Equal skill, unlike mixes: at most 1 shop of 20 has anybody called out after correction; 95 % intervals hold 1 (or 0)."""
    rng = np.random.default_rng(20_240_701)
    called, held, level = 0, [], {"share": 0.85, "rare": 0.05}.get(kind, 0.0)
    for _ in range(40):
        cells = logged(rng, 12, 120)
        if kind != "mean":
            chance = np.clip(level + np.array([0.03, 0.0, -0.02])[cells["language"]], 0, 1)
            cells = cells.assign(total=rng.binomial(cells["n"].astype(int), chance))
        found = standardise(cells, MixRules() if kind == "mean" else SHARE)
        called += found.rows["verdict"].isin(["evidence", "strong_evidence"]).any()
        middle = 1.0 if found.effect == "ratio" else 0.0
        held.append(((found.rows["low"] <= middle) & (middle <= found.rows["high"])).mean())
    assert called <= 5
    assert 0.925 < np.mean(held) <= 0.99


def test_simpsons_pair_is_found_and_others_are_not() -> None:
    """A is better on easy and on hard cases but worse in total; equal C and D differ in neither."""
    cells = cells_of([
        ("A", "easy", 400, 360), ("A", "hard", 1600, 960), ("B", "easy", 1600, 1360), ("B", "hard", 400, 200),
        ("C", "easy", 100, 85), ("C", "hard", 100, 55), ("D", "easy", 100, 85), ("D", "hard", 100, 55),
    ])  # fmt: skip
    found = compare_within(cells, ["language"], "share").set_index(["a", "b"])
    pair = found.loc[("A", "B")]
    assert pair["crude"] == pytest.approx(0.66 - 0.78)
    assert pair["within"] == pytest.approx(0.05 / 2 + 0.10 / 2)
    assert pair["finding"] == "reversed"
    assert found.loc[("C", "D"), "finding"] == "same"
    assert found.loc[("C", "D"), "within"] == pytest.approx(0.0)


def test_agents_who_never_meet_the_same_case_are_not_compared() -> None:
    """No situation in common: no difference within, and it is said."""
    found = compare_within(cells_of([("A", "en", 50, 40), ("B", "ja", 50, 20)]), ["language"], "share").iloc[0]
    assert (found["finding"], found["overlap"]) == ("cannot_be_judged", 0.0)
    assert np.isnan(found["within"])


def test_the_difference_within_of_means_agrees_with_a_regression_on_strata() -> None:
    """With weights n_a·n_b/(n_a + n_b) it is the agent's coefficient of an ordinary regression on situation and agent."""
    rng = np.random.default_rng(8)
    agent, stratum = rng.integers(0, 2, 300), rng.integers(0, 4, 300)
    value = 5.0 * stratum + 2.0 * agent + rng.normal(0, 1, 300)
    cells = pd.DataFrame({"agent": agent.astype(str), "language": stratum, "n": 1.0, "total": value, "square": value**2})
    design = np.column_stack([agent, *(stratum == s for s in range(4))]).astype(float)
    slope, inside, *_ = np.linalg.lstsq(design, value, rcond=None)
    found = compare_within(cells, ["language"]).iloc[0]
    assert found["within"] == pytest.approx(-slope[0])
    error = np.sqrt(inside[0] / (300 - 5) * np.linalg.inv(design.T @ design)[0, 0])
    assert (found["within_high"] - found["within_low"]) / 2 == pytest.approx(stats.norm.ppf(0.975) * error, rel=0.02)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=6, max_size=6), st.permutations(range(6)))
def test_the_order_of_rows_and_the_names_of_strata_do_not_matter(counts: list[tuple[int, int]], order: list[int]) -> None:
    """Shuffled rows and renamed languages give the same figures."""
    rows = [("ABC"[at % 3], "xy"[at // 3], n, min(hits, n)) for at, (n, hits) in enumerate(counts)]
    one = standardise(cells_of(rows), SHARE).rows
    other = standardise(cells_of([(a, {"x": "zz", "y": "aa"}[s], n, t) for a, s, n, t in (rows[at] for at in order)]), SHARE).rows
    pd.testing.assert_frame_equal(one, other)


def test_equal_waits_on_every_day_are_no_difference_and_no_warning() -> None:
    """Six agents, thirty days, every wait 30 s: all are as expected, and nobody is told apart."""
    rows = [(agent, day, language) for agent in "ABCDEF" for day in range(30) for language in ("zh", "en")]
    cells = pd.DataFrame(rows, columns=["agent", "day", "language"]).assign(n=2.0, total=60.0, square=1800.0)
    found = standardise(cells).rows
    assert (found["ratio"] == 1).all()
    assert not found["verdict"].isin(["evidence", "strong_evidence", "some_evidence"]).any()
    pairs = compare_within(cells, ("language",))
    assert set(pairs["finding"]) == {"same"}
