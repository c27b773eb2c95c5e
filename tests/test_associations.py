"""What goes with a yes: hand-computed strata, statsmodels beside ours, reversals, families."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest
from scipy import special

from core import associations as room
from core.associations import associations, contrasts_of, stratified


def cells(seed: int, *, effect: float = 0.0, mixed: bool = False, n: int = 4000) -> pd.DataFrame:
    """Rated conversations of ten agents: slow ones satisfied less by ``effect``; ``mixed``: good agents are the slow ones."""
    rng = np.random.default_rng([seed, 3])
    agent = rng.integers(0, 10, n)
    slow = rng.random(n) < (0.15 + 0.07 * agent if mixed else 0.5)
    chance = (0.6 + 0.035 * agent if mixed else 0.85) - effect * slow
    yes = rng.random(n) < chance
    channel = rng.choice(["chat", "email", "call"], n)
    frame = pd.DataFrame({"agent": agent, "channel": channel, "reply_time": slow.astype(float)})
    frame["transferred"] = (rng.random(n) < 0.2).astype(float)
    frame = frame.assign(rated=1.0, satisfied=yes.astype(float), asked=2.0, answered=1.0)
    return frame.groupby(["agent", "channel", "reply_time", "transferred"])[["rated", "satisfied", "asked", "answered"]].sum().reset_index()


def judged(frame: pd.DataFrame) -> pd.DataFrame:
    """All contrasts of a table of cells."""
    return associations(frame, contrasts_of(frame, ("reply_time",), ("transferred",), {"channel": "channel"}))


def test_examples_hold() -> None:
    """The examples in the module give what they say."""
    result = doctest.testmod(room)
    assert (result.failed, result.attempted >= 2) == (0, True)


def test_two_strata_on_paper() -> None:
    """8/10 v 6/10 and 30/40 v 20/40: weights 5 and 20, difference (5 × 0.2 + 20 × 0.25) / 25 = 0.24."""
    having = np.array([True, False, True, False])
    found = stratified(np.array([0, 0, 1, 1]), having, np.array([8.0, 6.0, 30.0, 20.0]), np.array([10.0, 10.0, 40.0, 40.0]))
    assert found.difference == pytest.approx(0.24)
    # odds (8·4/20 + 30·20/80) / (2·6/20 + 10·20/80) = 9.1 / 3.1; 38 hits among those with, 32 expected: 6² over the spread
    assert found.odds == pytest.approx(9.1 / 3.1)
    spread = 10 * 10 * 14 * 6 / (400 * 19) + 40 * 40 * 50 * 30 / (6400 * 79)
    assert found.p == pytest.approx(special.chdtrc(1, 36 / spread))


def test_statsmodels_finds_the_same_odds_and_test() -> None:
    """Odds ratio, its interval and the test of many small strata as the library has them."""
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    rng = np.random.default_rng(1)
    n = rng.integers(3, 30, (12, 2))
    hits = rng.binomial(n, [0.7, 0.6])
    theirs = tables.StratifiedTable([[[h[0], m[0] - h[0]], [h[1], m[1] - h[1]]] for h, m in zip(hits, n, strict=True)])
    ours = stratified(np.repeat(np.arange(12), 2), np.tile([True, False], 12), hits.ravel().astype(float), n.ravel().astype(float))
    assert ours.odds == pytest.approx(theirs.oddsratio_pooled)
    assert (ours.odds_low, ours.odds_high) == pytest.approx(theirs.oddsratio_pooled_confint())
    assert ours.p == pytest.approx(theirs.test_null_odds(correction=False).pvalue)


def test_a_stratum_without_a_like_says_nothing() -> None:
    """A stratum with one side only changes no figure but the share of informative cases."""
    args = (np.array([0, 0]), np.array([True, False]), np.array([8.0, 6.0]), np.array([10.0, 10.0]))
    more = (np.array([0, 0, 1]), np.array([True, False, True]), np.array([8.0, 6.0, 5.0]), np.array([10.0, 10.0, 20.0]))
    one, other = stratified(*args), stratified(*more)
    assert (one.difference, one.odds, one.p) == (other.difference, other.odds, other.p)
    assert (one.informative, other.informative) == (1.0, 0.5)


def test_a_planted_association_is_found_with_its_size() -> None:
    """Slow replies ten points less satisfied: evidence, the truth in the interval, nothing else told."""
    found = judged(cells(1, effect=0.1))
    row = found.iloc[0]
    assert (row["driver"], row["level"], row["verdict"]) == ("reply_time", "above", "strong_evidence")
    assert row["within_low"] < -0.1 < row["within_high"]
    assert not found["verdict"].iloc[1:].isin(["evidence", "strong_evidence"]).any()


def test_a_mixture_of_agents_is_seen_through() -> None:
    """Good agents are slow: crudely slow goes with satisfied, within the same agent against it; flagged and told the right way."""
    row = judged(cells(2, effect=0.05, mixed=True, n=12_000)).set_index("driver").loc["reply_time"]
    assert row["crude"] > 0
    assert row["within"] < 0
    assert row["reversed"]


def test_a_difference_that_is_all_mixture_vanishes() -> None:
    """The same without any association inside agents: clear crudely, nothing within; no evidence."""
    row = judged(cells(3, mixed=True)).set_index("driver").loc["reply_time"]
    assert row["crude_low"] > 0
    assert row["vanishes"]
    assert row["verdict"] not in ("evidence", "strong_evidence")


def test_nothing_planted_tells_nothing() -> None:
    """Sixty tables without associations: anything is told in at most six."""
    told = [judged(cells(at, n=1500))["verdict"].isin(["evidence", "strong_evidence"]).any() for at in range(60)]
    assert sum(told) <= 6


def test_response_rates_stand_beside() -> None:
    """Sides that answer surveys unlike are flagged: 80 % against 50 %."""
    frame = cells(4)
    frame.loc[frame["reply_time"] == 1, "answered"] = frame["asked"] * 0.8
    row = judged(frame).set_index("driver").loc["reply_time"]
    assert (round(row["response_with"], 2), round(row["response_without"], 2), bool(row["uneven"])) == (0.8, 0.5, True)


def test_few_answers_are_not_judged_and_count_in_no_family() -> None:
    """Twenty answers: shown with intervals, no p, no verdict."""
    found = judged(cells(5, n=40))
    assert set(found["verdict"]) == {"not_enough_data"}
    assert found["p_adjusted"].isna().all()


def test_one_sided_columns_give_no_contrast() -> None:
    """All transferred, one channel, nothing known: nothing to compare."""
    frame = cells(6).assign(transferred=1.0, channel="chat", reply_time=np.nan)
    assert contrasts_of(frame, ("reply_time",), ("transferred",), {"channel": "channel"}) == []
    assert judged(frame).empty
