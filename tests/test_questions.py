"""Questions about speed: what is planted is asked about, what is chance is not, and what cannot be asked says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.fairness import upper_tail
from core.questions import bunched, bunching, caliper, outstanding, picking, resolution, selective
from tests.reference import case

FAMILIES_TRIED = 60
NAMES = [f"n{at}" for at in range(20)]


def counts(hits: object, n: object, **more: object) -> pd.DataFrame:
    """One row per agent."""
    return pd.DataFrame({"agent": NAMES, "hits": hits, "n": n, **more})


def raised(families: list[bool]) -> float:
    """Share of families in which somebody is asked about."""
    return sum(families) / len(families)


def test_the_caliper_test_gives_reference_answers(shared: Path) -> None:
    """33 just inside and 27 just outside: share, Wilson's interval and exact p agree with R."""
    given_, want, tolerance = case(shared, "bal.bunching_threshold_null")
    share, p = bunched([given_["just_inside"]], [given_["just_outside"]])
    assert [share.item(), p.item()] == pytest.approx([want["share"], want["p_greater"]], **tolerance)


@settings(max_examples=60)
@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.5, 0.9))
def test_the_caliper_test_is_the_binomial_test(inside: int, outside: int, expected: float) -> None:
    """For any counts and expected share; without any, no share and no p."""
    share, p = bunched([inside], [outside], expected)
    if inside + outside == 0:
        assert np.isnan([share.item(), p.item()]).all()
    else:
        assert p.item() == pytest.approx(stats.binomtest(inside, inside + outside, expected, "greater").pvalue, rel=1e-9)


@settings(max_examples=60)
@given(st.integers(1, 80), st.floats(0.05, 0.95), st.integers(0, 80))
def test_the_matched_tail_is_the_binomials_own(n: int, share: float, seen: int) -> None:
    """For a plain binomial the matched tail is exact."""
    found = upper_tail(np.array([float(min(seen, n))]), np.array([n * share]), np.array([n * share * (1 - share)])).item()
    assert found == pytest.approx(stats.binom.sf(min(seen, n) - 1, n, share), abs=1e-6)


def test_the_matched_tail_is_near_the_sum_of_hypergeometrics() -> None:
    """Thirty small strata: within a quarter of the simulated tail, down to three in a thousand."""
    rng = np.random.default_rng(5)
    own, easy, offered = rng.integers(1, 4, 30), rng.integers(1, 5, 30), rng.integers(8, 12, 30)
    draws = sum(rng.hypergeometric(e, o - e, s, 200_000) for e, o, s in zip(easy, offered, own, strict=True))
    share = easy / offered
    mean, spread = (own * share).sum(), (own * share * (1 - share) * (offered - own) / (offered - 1)).sum()
    for seen in (mean + 3, mean + 5, mean + 8):
        want = (draws >= np.ceil(seen)).mean()
        assert want * 0.75 < upper_tail(np.array([np.ceil(seen)]), np.array([mean]), np.array([spread])).item() < want * 1.25


def test_chance_raises_no_question_in_nineteen_of_twenty_families() -> None:
    """Twenty equal agents, each family on its own: outstanding shares (common and rare), surveys, easy cases, bunching."""
    rng = np.random.default_rng(20_240_901)
    n = rng.integers(40, 200, 20)
    found: dict[str, list[bool]] = {name: [] for name in ("common", "rare", "surveys", "easy", "targets")}
    for _ in range(FAMILIES_TRIED):
        found["common"].append(len(outstanding("x", counts(rng.binomial(n, 0.3), n), least=0.0).asked) > 0)
        found["rare"].append(len(outstanding("x", counts(rng.binomial(n, 0.02), n), least=0.0).asked) > 0)
        sides = pd.DataFrame({"agent": NAMES, "good": n, "bad": n})
        sides = sides.assign(asked_good=rng.binomial(n, 0.5), asked_bad=rng.binomial(n, 0.45))
        found["surveys"].append(len(selective(sides, least=0.0).asked) > 0)
        size = rng.integers(0, 3, (20, 60))
        cells = pd.DataFrame({"agent": np.repeat(NAMES, 60), "situation": np.tile(np.arange(60), 20), "n": size.ravel()})
        chance = np.tile(rng.beta(4, 4, 60), 20)
        found["easy"].append(len(picking(cells.assign(easy=rng.binomial(cells["n"], chance)), least=0.0).asked) > 0)
        cases = pd.DataFrame({"agent": rng.choice(NAMES, 6000), "value": rng.lognormal(np.log(55), 0.6, 6000).round()})
        found["targets"].append(len(bunching(cases, (30.0, 120.0), least=0.0).asked) > 0)
    assert {name: raised(families) for name, families in found.items() if raised(families) > 0.05} == {}


def test_agents_who_differ_anyway_are_not_all_asked_about() -> None:
    """A spread of ten points between agents is how this team is; only who stands out of it is asked about."""
    rng = np.random.default_rng(9)
    n = np.full(20, 300)
    asked = 0
    for _ in range(40):
        share = np.clip(rng.normal(0.4, 0.1, 20), 0.02, 0.95)
        asked += len(outstanding("x", counts(rng.binomial(n, share), n)).asked)
    assert asked <= 8
    share = np.clip(rng.normal(0.3, 0.04, 20), 0.02, 0.95)
    share[7] = 0.8
    assert outstanding("x", counts(rng.binomial(n, share), n)).asked["agent"].tolist() == ["n7"]


def test_strata_keep_a_mix_from_becoming_a_question() -> None:
    """In one stratum everybody has 60 %, in the other 10 %: who works only in the first is not asked about."""
    rng = np.random.default_rng(2)
    rows = [(name, stratum, 100) for name in NAMES for stratum in (0, 1) if name != "n3" or stratum == 0]
    frame = pd.DataFrame(rows, columns=["agent", "stratum", "n"])
    frame["hits"] = rng.binomial(frame["n"], np.where(frame["stratum"] == 0, 0.6, 0.1))
    found = outstanding("x", frame)
    assert not found.rows["asked"].any()
    assert found.rows.set_index("agent").loc["n3", "team"] == pytest.approx(0.6, abs=0.03)
    pooled = frame.groupby("agent")[["hits", "n"]].sum().reset_index()
    assert outstanding("x", pooled).asked["agent"].tolist() == ["n3"]


def test_replies_just_inside_a_target_are_asked_about() -> None:
    """One agent answers in 28 s whatever would have taken 31–36: that agent and that target, with a share far above the expected."""
    rng = np.random.default_rng(3)
    cases = pd.DataFrame({"agent": rng.choice(NAMES, 8000), "value": rng.lognormal(np.log(45), 0.6, 8000)})
    late = (cases["agent"] == "n4") & cases["value"].between(30, 38)
    cases.loc[late, "value"] = 28.0
    found = bunching(cases, (30.0, 120.0))
    assert found.asked[["agent", "about"]].to_numpy().tolist() == [["n4", "30"]]
    assert found.family > 20
    row = found.asked.iloc[0]
    assert 0.1 < row["low"] < row["difference"] <= row["high"]


def test_stamps_in_whole_minutes_say_nothing_about_thirty_seconds() -> None:
    """Too coarse for the target: not asked, and said; a target of half an hour can still be asked about."""
    rng = np.random.default_rng(4)
    cases = pd.DataFrame({"agent": rng.choice(NAMES, 3000), "value": rng.integers(1, 60, 3000) * 60.0})
    assert resolution(cases["value"].to_numpy()) == 60
    assert bunching(cases, (30.0, 180.0)).reason == "too_coarse"
    assert bunching(cases, (30.0, 1800.0)).rows["about"].unique().tolist() == ["1800"]


def test_a_steep_slope_is_no_bunching() -> None:
    """Where counts fall steeply through the target, more lie inside than outside: expected, from the windows beyond."""
    values = stats.expon.ppf(np.linspace(0, 1, 20_001)[1:-1], scale=30.0)
    inside, outside, expected = caliper(values, 100.0, 20.0)
    assert inside / (inside + outside) == pytest.approx(expected, abs=0.01)
    assert expected > 0.6


def test_who_asks_only_the_quick_customers_is_asked_about() -> None:
    """90 of 100 quick and 40 of 100 long ones, colleagues 60 and 58: the difference of 50 points against their two."""
    rows = pd.DataFrame({"agent": NAMES, "asked_good": 60, "good": 100, "asked_bad": 58, "bad": 100})
    rows.loc[5, ["asked_good", "asked_bad"]] = [90, 40]
    found = selective(rows)
    row = found.asked.iloc[0]
    assert found.asked["agent"].tolist() == ["n5"]
    assert [row["share"], row["team"]] == pytest.approx([0.5, 0.02])
    natural = rows.assign(asked_good=80, asked_bad=40)
    assert not selective(natural).rows["asked"].any()


def test_who_takes_the_easy_cases_of_the_hour_is_asked_about() -> None:
    """Four of five easy when half were easy, in the very hours of the others."""
    rng = np.random.default_rng(6)
    rows = []
    for hour in range(150):
        present = rng.choice(NAMES, 4, replace=False)
        rows += [(name, hour, 1, rng.random() < (0.9 if name == "n0" else 0.45)) for name in [*present, "n0"]]
    cells = pd.DataFrame(rows, columns=["agent", "situation", "n", "easy"]).groupby(["agent", "situation"]).sum().reset_index()
    found = picking(cells)
    assert found.asked["agent"].tolist() == ["n0"]
    alone = cells.assign(situation=np.arange(len(cells)))
    assert picking(alone).reason == "too_few_agents"


def test_too_little_to_ask_says_so() -> None:
    """Nine cases each, or a single agent: no question, and the reason."""
    assert outstanding("x", counts(3, 9)).reason == "too_few_agents"
    assert outstanding("x", pd.DataFrame({"agent": ["a"], "hits": [5], "n": [50]})).reason == "too_few_agents"
    assert selective(pd.DataFrame({"agent": ["a", "b"], "asked_good": 1, "good": 2, "asked_bad": 1, "bad": 2})).reason == "too_few_agents"
    assert len(outstanding("x", counts(3, 9)).asked) == 0
