"""Before and after: the method follows the data, what is planted is found, what chance and regression do is not called an effect."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.beforeafter import (
    EffectRules,
    alike,
    equal_start,
    expectations,
    judge_agents,
    judge_days,
    judge_weekdays,
    verdicts,
    windows,
)
from core.changes import Change
from core.errors import ScenarioError
from core.kpis import kpi_table
from core.recompute import effect_days, effects
from core.scenario import Scenario
from tests import shop
from tests.reference import case

DAY = 18_631 + 56  # a Monday
REROSTERED = Change(date(2026, 4, 27))
WHO = ("Lin Xiao", "Zhao Min", "Liu Yang", "Sun Jie", "Zhou Ting")


def log(before: int, after: int, step: float = 0.0, slope: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Day values around 60 with slow Mondays; a step on the day, a slope all the time."""
    day = DAY + np.arange(-before, after)
    value = 60 + 10 * (day % 7 == DAY % 7) + np.random.default_rng(seed).normal(0, 3, len(day)) + step * (day >= DAY) + slope * (day - DAY)
    return pd.DataFrame({"local_day": day, "value": value, "n": 30})


@pytest.mark.parametrize(("half", "method"), [(13, "hodges_lehmann"), (14, "welch"), (27, "welch"), (28, "its")])
def test_the_method_follows_the_days(half: int, method: str) -> None:
    """14 days on each side for Welch, 28 for the interrupted series, fewer for none; the step lies in the interval."""
    found = judge_days(log(half, half, step=-12, seed=half), EffectRules(DAY))
    assert found.method == method
    assert found.low < -12 < found.high
    assert np.isnan(found.p) == (half < 14)
    assert verdicts([found], EffectRules(DAY, better=-1))["verdict"][0] == ("not_enough_data" if half < 14 else "strong_evidence")


def test_a_line_that_ran_before_is_no_step() -> None:
    """Figures that fell all the time are lower afterwards, and that is not the change's doing."""
    found = judge_days(log(42, 42, slope=-0.3), EffectRules(DAY))
    assert found.after < found.before - 10
    assert found.p > 0.05


def test_unequal_weekdays_do_not_pass_for_a_change() -> None:
    """Mondays that only one side has are left out; a side with more slow Mondays is not slower."""
    days = log(20, 15)
    days.loc[days["local_day"] % 7 == DAY % 7, "value"] += 200
    found = judge_days(days, EffectRules(DAY))
    assert abs(found.shift) < 5
    only_after = days[(days["local_day"] >= DAY) | (days["local_day"] % 7 != DAY % 7)]
    assert (alike(only_after, DAY)["local_day"] % 7 != DAY % 7).all()


def test_what_happens_to_all_is_taken_off() -> None:
    """A step that untouched agents have too is none."""
    own, others = log(30, 30, step=20, seed=1), log(30, 30, step=20, seed=2)
    assert judge_days(own, EffectRules(DAY)).p < 0.001
    against = judge_days(own, EffectRules(DAY), others)
    assert against.p > 0.05
    assert against.after - against.before > 15


@pytest.mark.parametrize("half", [20, 40])
def test_shares_are_judged_by_their_counts(half: int) -> None:
    """A share that rose by ten points is found, below 28 days by Newcombe; a constant one cannot be judged."""
    rng = np.random.default_rng(half)
    day = DAY + np.arange(-half, half)
    days = pd.DataFrame({"local_day": day, "value": rng.binomial(40, np.where(day < DAY, 0.8, 0.9)) / 40, "n": 40})
    found = judge_days(days, EffectRules(DAY, share=True))
    assert found.method == ("newcombe" if half < 28 else "its")
    assert found.p < 0.01
    assert found.low < 0.1 < found.high
    flat = judge_days(days.assign(value=0.8), EffectRules(DAY, share=True))
    assert (flat.reason, verdicts([flat], EffectRules(DAY))["verdict"][0]) == ("zero_variance", "cannot_be_judged")


def test_difference_in_differences_of_means(shared: Path) -> None:
    """Minimum wages: the treated's change less the others', as published."""
    given, wanted, near = case(shared, "ba.did.card_krueger")
    spread = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    frame = pd.DataFrame({
        "touched": np.repeat([True, False], 5), "expected": 0.0, "expected_most": 0.0,
        "before": np.repeat([given["treated_before"], given["control_before"]], 5),
        "after": np.concatenate([given["treated_after"] + spread, given["control_after"] + spread]),
    })  # fmt: skip
    found = judge_agents(frame)
    assert found.shift == pytest.approx(wanted["did"], **near)
    assert found.method == "did"
    assert np.hypot(given["se_change_treated"], given["se_change_control"]) == pytest.approx(wanted["se"], **near)


def test_regression_to_the_mean_is_expected_and_not_called_an_effect() -> None:
    """The worst eight of forty identical agents gain points without any effect; that gain is what was expected."""
    rng = np.random.default_rng(3)
    before, after = rng.binomial(60, 0.85, (2, 40)) / 60
    frame = pd.DataFrame({"before": before, "after": after, "before_se": 0.046})
    frame = expectations(frame).assign(touched=np.argsort(np.argsort(before, kind="stable")) < 8)
    found = judge_agents(frame)
    assert found.after - found.before > 0.03
    assert found.expected > 0.04
    assert found.p > 0.05
    assert expectations(frame[:4])["expected"].isna().all()


def test_equal_starting_values() -> None:
    """Only untouched agents near the touched ones' start are shown beside them."""
    frame = pd.DataFrame({"touched": [True, True, False, False], "before": [10.0, 12, 11, 40], "after": [20.0, 20, 15, 40]})
    assert equal_start(frame) == (4.0, 1)
    assert equal_start(frame[frame["touched"]])[1] == 0


def test_a_friday_that_came_back_is_the_only_one() -> None:
    """The weekday that changed is named; the others, in whose reference it stood, are not."""
    day = 18_631 + np.arange(84)
    value = 100 * (1 + np.random.default_rng(2).normal(0, 0.04, 84)) * np.where((day % 7 == 1) & (day < 18_631 + 56), 1.25, 1.0)
    found = judge_weekdays(pd.DataFrame({"local_day": day, "value": value, "n": 40}), EffectRules(DAY))
    rows = verdicts(list(found.values()), EffectRules(DAY, better=-1))
    assert dict(zip(found, rows["direction"], strict=True)) == {d: "better" if d == 4 else "" for d in range(7)}


def test_periods_are_whole_weeks_next_to_the_change() -> None:
    """Odd days are left out far from the change, never near it."""
    assert windows(100, 91, 100) == ((93, 99), (100, 100))


def test_a_change_is_read_or_refused() -> None:
    """Files and words give the same change; what cannot be understood is refused."""
    assert Change.of({"date": date(2026, 4, 27), "agents": ["a"], "controls": "none"}) == Change(date(2026, 4, 27), ("a",), ())
    for wrong in ({"date": "27.4."}, {}, {"date": "2026-04-27", "who": "a"}, {"date": "2026-04-27", "controls": "a"},
                  {"date": "2026-04-27", "agents": "a,b", "controls": "b"}):  # fmt: skip
        with pytest.raises(ScenarioError):
            Change.of(wrong)


def test_the_sample_friday_is_judged_better() -> None:
    """After the re-rostering Friday's first response came back to the other days', with an interval; nothing else is called."""
    rows = effects(shop.observed(), Scenario(), REROSTERED, "first_response", "weekday")
    friday = rows[rows["group"] == "4"].iloc[0]
    assert (friday["verdict"], friday["direction"]) == ("evidence", "better")
    assert friday["low"] < friday["shift"] < friday["high"] < 0
    assert (friday["before"], friday["after"]) == (pytest.approx(1.25, abs=0.01), pytest.approx(1.02, abs=0.01))
    assert rows.loc[rows["group"] != "4", "direction"].eq("").all()
    points = effect_days(shop.observed(), Scenario(), REROSTERED, "first_response", friday.to_dict())
    assert points.loc[points["x"] < points["since"], "y"].mean() == pytest.approx(friday["before"])


def test_equal_agents_of_the_sample_are_not_called_changed() -> None:
    """Five agents nothing happened to, against all others: no evidence, with what was to be expected beside it."""
    rows = effects(shop.observed(), Scenario(), Change(date(2026, 4, 27), WHO), "first_response")
    together = rows.iloc[0]
    assert (together["by"], together["method"], together["verdict"]) == ("agents", "did", "no_evidence")
    assert rows["by"].tolist() == ["agents"] + ["agent"] * 5
    assert not np.isnan(together["expected"])
    first = kpi_table(shop.observed(), Scenario.of({"period": "custom", "from": "2026-03-02", "to": "2026-04-26"}), ("agent",))
    figures = [first.column("first_response", "median")[first.row(name)] for name in WHO]
    assert together["before"] == pytest.approx(np.mean(figures))


@pytest.mark.parametrize("change", [Change(date(2026, 3, 2)), Change(date(2027, 1, 1)), Change(date(2026, 4, 27), ("Nobody",))])
def test_what_is_not_in_the_log_is_refused(change: Change) -> None:
    """A day without a before, a day after the log, an agent nobody knows."""
    with pytest.raises(ScenarioError):
        effects(shop.observed(), Scenario(), change, "first_response")


def test_counts_compare_days_not_totals() -> None:
    """Conversations a day, however long the sides are."""
    row = effects(shop.observed(), Scenario(), REROSTERED, "conversations").iloc[0]
    assert 80 < row["before"] < 120
    assert abs(row["after"] - row["before"]) < 20


@pytest.mark.parametrize("day", [date(2026, 3, 3), date(2026, 5, 24)])
def test_weekdays_at_the_edge_of_the_log_are_not_judged(day: date) -> None:
    """A side of a single day: every weekday is shown with too few weeks; nothing to judge gives no row."""
    rows = effects(shop.observed(), Scenario(), Change(day), "first_response", "weekday")
    assert len(rows) == 7
    assert set(rows["verdict"]) == {"not_enough_data"}
    assert set(rows["reason"]) == {"too_few_weeks"}
    assert verdicts([], EffectRules(DAY)).empty
