"""The back-test against shops whose queue is played out: it agrees where the model is right and names what is wrong where not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.backtest import BAND, Sources, backtest, binomial_band, binomial_deviation, split
from core.staffing import StaffingKnobs
from core.staffing.simulation import poisson_arrivals, simulate_calls

DAY, HOUR, FIRST = 86_400, 3_600, 4
KNOBS = StaffingKnobs(interval_min=60, within_s=60)
FIT, HELD = (FIRST, FIRST + 41), (FIRST + 42, FIRST + 69)


def played_shop(
    agents: int = 4, patience_s: float | None = None, told: int | None = None, later_aht: float = 240.0
) -> Sources:
    """Ten weeks of a call line, 9 to 19 o'clock, whose waits come from the event simulation plus ten seconds to pick up.

    ``told``: agents per day in the roster where it does not say the truth; ``later_aht``: handle time of the last four weeks.
    """
    rng = np.random.default_rng(11)
    day = np.zeros(24)
    day[9:19] = [30, 45, 52, 40, 30, 40, 50, 45, 35, 25]
    arrive = poisson_arrivals(rng, np.tile(day, 70), HOUR)
    late = arrive >= 42 * DAY
    handle = rng.exponential(np.where(late, later_aht, 240.0))
    shifts = [(d * DAY + 9 * HOUR, d * DAY + 19 * HOUR) for d in range(70) for _ in range(agents)]
    patience = None if patience_s is None else rng.exponential(patience_s, arrive.size)
    seen = simulate_calls(arrive, handle, shifts, patience)
    wait = np.where(seen.answered, seen.wait + rng.lognormal(np.log(10), 0.4, arrive.size), np.nan)
    start = (arrive + FIRST * DAY) * 1000
    talk = pd.DataFrame({
        "owner": "a", "customer_started": 1, "holiday_mode": 0, "bot_resolved": 0, "pending": 0, "channel": "phone",
        "local_day": (arrive // DAY).astype(int) + FIRST, "local_minute": (arrive % DAY // 60).astype(int),
        "handle_s": np.where(seen.answered, handle, np.nan), "handle_label": "given", "wait_s": wait,
        "first_human_ms": start + wait * 1000, "last_human_ms": start + wait * 1000, "last_ms": start + wait * 1000,
        "closed_ms": start + (wait + handle) * 1000,
    })  # fmt: skip
    listed = [(d, i) for d in range(70) for i in range(told or agents)]
    roster = pd.DataFrame({
        "agent_id": [f"s{i}" for _, i in listed],
        "start_at": [((FIRST + d) * DAY + 9 * HOUR) * 1000 for d, _ in listed],
        "end_at": [((FIRST + d) * DAY + 19 * HOUR) * 1000 for d, _ in listed],
    })  # fmt: skip
    return Sources(talk, None, roster, "UTC")


def test_it_agrees_where_the_model_is_right() -> None:
    """A line that is what Erlang C says: little bias, most slots in their band, waits as predicted, nothing to doubt."""
    found = backtest(played_shop(agents=6), KNOBS, FIT, HELD)
    assert (found.verdict, found.reason, found.doubt) == ("agrees", "", "")
    assert abs(found.errors["bias"]) < 0.03
    assert found.errors["in_band"] > 0.75
    assert found.errors["mae"] < found.errors["mae_chance"] + 0.03
    assert found.errors["predicted_wait_s"] == pytest.approx(found.errors["actual_wait_s"], rel=0.35)
    bins = found.bins
    assert (bins["predicted"].diff().dropna() > 0).all()
    assert bins["n"].sum() == found.slots["n"].sum() == found.errors["n"]
    assert ((bins["low"] <= bins["actual"]) & (bins["actual"] <= bins["high"])).all()


def test_patience_is_named_where_callers_leave() -> None:
    """Three agents where the model, without patience, sees a queue that grows: off, and patience is what fits better."""
    found = backtest(played_shop(agents=3, patience_s=120), KNOBS, FIT, HELD)
    assert found.verdict == "off"
    assert found.errors["bias"] < -0.05
    assert found.doubt == "patience"
    right = backtest(played_shop(agents=3, patience_s=120), StaffingKnobs(interval_min=60, within_s=60, patience_s=120), FIT, HELD)
    assert abs(right.errors["bias"]) < abs(found.errors["bias"]) / 2


def test_a_wrong_roster_is_seen() -> None:
    """The roster lists five agents, four are there: too good a prediction; fewer staff or longer work fit better."""
    found = backtest(played_shop(agents=4, told=5), KNOBS, FIT, HELD)
    assert found.errors["bias_low"] > 0
    assert found.doubt in {"supply", "handle_time"}
    better = found.doubts[found.doubts["verdict"] == "fits_better"]
    assert {("supply", "0.8"), ("handle_time", "1.25")} & set(zip(better["assumption"], better["value"], strict=True))


def test_work_that_became_longer_is_seen() -> None:
    """The handle time of the predicted weeks is half as long again: off, and longer work is among what fits better."""
    found = backtest(played_shop(agents=5, later_aht=360), KNOBS, FIT, HELD)
    assert found.verdict == "off"
    better = found.doubts[found.doubts["verdict"] == "fits_better"]
    assert "1.5" in set(better.loc[better["assumption"] == "handle_time", "value"])


@pytest.mark.parametrize(
    ("change", "verdict", "reason"),
    [
        ({"fit": (FIRST, FIRST + 6)}, "not_enough_data", "few_earlier_days"),
        ({"fit": HELD, "held": FIT}, "not_enough_data", "few_earlier_days"),
        ({"held": (FIRST + 42, FIRST + 44)}, "not_enough_data", "few_later_days"),
        ({"held": (FIRST + 200, FIRST + 220)}, "not_enough_data", "few_contacts"),
        ({"roster": None}, "cannot_be_judged", "no_supply"),
        ({"handle": None}, "cannot_be_judged", "effort_missing"),
    ],
)
def test_too_little_is_said(change: dict[str, object], verdict: str, reason: str) -> None:
    """Few days, few contacts, an unknown staff or unknown work: a verdict with its reason, no figures."""
    shop = played_shop()
    talk = shop.conversations.assign(handle_s=np.nan) if "handle" in change else shop.conversations
    sources = Sources(talk, None, None if "roster" in change else shop.roster, "UTC")
    found = backtest(sources, KNOBS, change.get("fit", FIT), change.get("held", HELD))  # type: ignore[arg-type]
    assert (found.verdict, found.reason) == (verdict, reason)
    assert found.slots.empty


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 400), st.floats(0.0, 1.0))
def test_band_is_the_binomial_one(n: int, p: float) -> None:
    """The band of a slot has the quantiles SciPy has; the mean deviation is the sum over all outcomes."""
    low, high = binomial_band(np.array([n]), np.array([p]), BAND)
    chance = min(max(p, 1e-12), 1 - 1e-12)
    assert low[0] * n == pytest.approx(stats.binom.ppf(0.05, n, chance), abs=1e-9)
    assert high[0] * n == pytest.approx(stats.binom.ppf(0.95, n, chance), abs=1e-9)
    outcomes = np.arange(n + 1)
    by_hand = (stats.binom.pmf(outcomes, n, chance) * np.abs(outcomes / n - chance)).sum()
    assert binomial_deviation(np.array([n]), np.array([p]))[0] == pytest.approx(by_hand, abs=1e-9)


@given(st.integers(0, 400), st.integers(1, 8))
def test_split_holds_the_last_weeks_out(days: int, weeks: int) -> None:
    """Both parts touch, the later one is whole weeks."""
    fit, held = split(100, 100 + days, weeks)
    assert (held[1], held[1] - held[0] + 1, fit[1] + 1, fit[0]) == (100 + days, 7 * weeks, held[0], 100)
