"""Funnel plots: limits against published figures and by hand, dispersion, and how often chance alone is called out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.funnel import between_variance, dispersion, exact_limit, score_limits, share_funnel
from tests.reference import case


@pytest.mark.parametrize(("level", "name"), [(0.95, "95"), (0.998, "99.8")])
def test_score_limits_give_published_answers(shared: Path, level: float, name: str) -> None:
    """Limits from the normal approximation agree with the public-health spreadsheet, in per cent and cut at 0 and 100."""
    given_, want, tolerance = case(shared, "cmp.funnel.phe_proportion")
    low, high = score_limits(given_["target"], given_["population"], level)
    assert (100 * low).tolist() == pytest.approx(want[f"lower_{name}"], **tolerance)
    assert (100 * high).tolist() == pytest.approx(want[f"upper_{name}"], **tolerance)


def test_exact_limits_by_hand() -> None:
    """Four at one half: P(R ≤ 0) = 1/16, P(R ≤ 1) = 5/16. For p = 3/16: r = 1, α = (5 − 3)/4 = 1/2, limit (1 − 1/2)/4."""
    assert exact_limit(0.5, 4, 3 / 16).item() == pytest.approx(0.125)
    assert exact_limit(0.5, 4, 1 / 16 + 1e-12).item() == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=80, deadline=None)
@given(st.floats(0.02, 0.98), st.integers(1, 3000), st.sampled_from([0.001, 0.025, 0.975, 0.999]))
def test_exact_limits_stay_within_what_a_share_can_be(target: float, n: int, p: float) -> None:
    """A limit lies between 0 and 1, on its own side of the middle, and not more than one count from the quantile."""
    limit = exact_limit(target, n, p).item()
    assert 0 <= limit <= 1
    assert abs(limit * n - stats.binom.ppf(p, n, target)) <= 1 + 1e-9


def test_exact_and_normal_limits_meet_when_there_is_much_data() -> None:
    """At n = 100,000 the two differ by less than a thousandth, for shares and for rates."""
    low, high = score_limits(0.3, 100_000)
    assert exact_limit(0.3, 100_000, 0.025).item() == pytest.approx(low.item(), abs=1e-4)
    assert exact_limit(0.3, 100_000, 0.975).item() == pytest.approx(high.item(), abs=1e-4)
    assert exact_limit(3.0, 10_000, 0.975, "poisson").item() == pytest.approx(3 + 1.96 * np.sqrt(3 / 10_000), abs=1e-3)


def test_dispersion_is_what_is_left_after_the_ends_are_pulled_in() -> None:
    """Ten z-scores by hand: the two outer tenths move to their quantiles; τ² follows from φ and the weights."""
    z = np.arange(-5, 6, dtype=float)
    assert dispersion(z) == pytest.approx((np.clip(z, -4, 4) ** 2).mean())
    assert between_variance(2.0, np.full(11, 0.1)) == pytest.approx((22 - 10) / (1100 - 100))
    assert between_variance(0.5, np.full(11, 0.1)) == 0.0
    assert np.isnan(dispersion([]))


def test_chance_alone_is_called_out_as_often_as_promised() -> None:
    """Equal agents: about 5 % outside 95 %, about 0.2 % outside 99.8 %; the funnel itself says so in agents."""
    rng = np.random.default_rng(20_240_601)
    watch = look = judged = 0
    for _ in range(60):
        n = rng.integers(40, 400, 40)
        found = share_funnel([str(i) for i in range(40)], rng.binomial(n, 0.85), n)
        assert found.method == "exact_binomial"
        judged += found.judged
        watch += sum(found.rows["verdict"].isin(["watch", "look_into"]))
        look += (found.rows["verdict"] == "look_into").sum()
    assert 0.035 < watch / judged < 0.065
    assert look / judged < 0.006
    assert found.expected_watch == pytest.approx(2.0)
    assert found.expected_look == pytest.approx(0.08)


def test_agents_who_differ_widen_the_funnel_and_it_says_so() -> None:
    """With a spread of 6 points between agents and 400 ratings each the limits are widened; few are called out."""
    rng = np.random.default_rng(7)
    n = np.full(60, 400)
    found = share_funnel([str(i) for i in range(60)], rng.binomial(n, np.clip(rng.normal(0.8, 0.06, 60), 0, 1)), n)
    assert found.method == "overdispersed"
    assert found.phi > 1.5
    assert found.tau == pytest.approx(0.06, abs=0.025)
    raw = np.abs(found.rows["value"] - found.target) > 3.09 * np.sqrt(0.8 * 0.2 / 400)
    assert (found.rows["verdict"] == "look_into").sum() <= 3
    assert raw.sum() > 10
    assert ((found.rows["high_95"] - found.target) > (exact_limit(found.target, 400, 0.975) - found.target)).all()


def test_a_truly_different_agent_is_found() -> None:
    """One of thirty at 60 % where all others are at 85 %: look into it, whatever the others do."""
    hits, n = np.full(30, 170), np.full(30, 200)
    hits[3] = 120
    found = share_funnel([str(i) for i in range(30)], hits, n)
    assert found.rows["verdict"].tolist() == ["look_into" if i == 3 else "within" for i in range(30)]
    assert found.rows.loc[3, "side"] == "below"
    assert found.rows.loc[3, "p_adjusted"] < 1e-6


def test_few_observations_have_no_colour_and_nothing_has_no_funnel() -> None:
    """Below 30 ratings there is no verdict; no ratings at all give a reason; a rate needs five expected events."""
    found = share_funnel(["a", "b"], [0, 90], [29, 100])
    assert found.rows["verdict"].tolist()[0] == "not_enough_data"
    assert np.isnan(found.rows.loc[0, "p"])
    assert np.isnan(found.phi)
    assert share_funnel(["a"], [0], [0]).reason == "no_data"
    rare = share_funnel(list("ab"), [2, 30], [3.0, 20.0], kind="poisson")
    assert rare.rows["verdict"].tolist() == ["not_enough_data", "within"]
    with pytest.raises(ValueError, match="between 0 and n"):
        share_funnel(["a"], [3], [2])


def test_the_curve_runs_through_the_agents_limits() -> None:
    """The drawn limits are those the verdicts use: read off at an agent's n they are the same."""
    n = np.array([40, 120, 300, 500, 800, 1000])
    found = share_funnel(list("abcdef"), (0.8 * n).astype(int), n)
    read = np.interp(found.rows["n"], found.curve["n"], found.curve["low_998"])
    assert read == pytest.approx(found.rows["low_998"].to_numpy(), abs=0.004)
    assert len(found.curve) <= 121


def test_a_likely_count_is_never_outside() -> None:
    """Everybody at 100 %, and 30 of 30 where that happens to two in five: inside; the limit of all is 1."""
    whole = share_funnel(list("abcdef"), [40] * 6, [40] * 6)
    assert set(whole.rows["verdict"]) == {"within"}
    near = share_funnel(list("abcdefgh"), [30, 30, 30, 29, 29, 28, 29, 30], [30] * 8)
    assert set(near.rows["verdict"]) == {"within"}
    assert (near.rows["high_95"] == 1).all()
    alone = share_funnel(["a"], [50], [60])
    assert alone.rows["verdict"].tolist() == ["within"]
