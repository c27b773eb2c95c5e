"""Weekday findings: what is named, what is not, and the figures beside the name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import effects

MONDAY = 18_631


def log(weeks: int, seed: int = 0, noise: float = 0.05, **bumps: float) -> pd.DataFrame:
    """Day values around 100 s; ``d4=1.25`` makes every Friday 25 % longer."""
    day = np.arange(7 * weeks)
    value = 100 * (1 + np.random.default_rng(seed).normal(0, noise, len(day)))
    for name, factor in bumps.items():
        value[day % 7 == int(name[1])] *= factor
    return pd.DataFrame({"local_day": MONDAY + day, "value": value, "n": 40})


@pytest.mark.parametrize("weekday", range(5))
@pytest.mark.parametrize("factor", [1.25, 0.75])
def test_any_planted_workday_is_named_alone(weekday: int, factor: float) -> None:
    """Whichever workday differs, slower or faster, it and only it is named, with its ratio."""
    found = effects.weekday_finding(log(10, seed=100 + weekday, **{f"d{weekday}": factor}))
    row = found.weekdays.iloc[weekday]
    assert found.named == (weekday,)
    assert row["ratio_to_rest"] == pytest.approx(factor, rel=0.06)
    assert row["p_adjusted"] < 0.01
    assert found.p < 0.01


def test_interval_of_the_ratio_covers() -> None:
    """The true ratio lies in the 95 % interval in about that share of logs, also when weeks differ in level."""
    inside = 0
    for seed in range(300):
        grid = log(9, seed=seed, noise=0.1, d4=1.25)["value"].to_numpy().reshape(9, 7)
        grid = grid * np.random.default_rng(seed).uniform(0.7, 1.3, (9, 1))
        found = effects.contrast(grid, 4, effects.reference_days(4)).ratio
        inside += found.low < 1.25 < found.high
    assert 0.91 <= inside / 300 <= 0.985


def test_a_planted_weekend_day_is_named() -> None:
    """A slow Sunday is compared with all other days."""
    assert effects.weekday_finding(log(12, seed=3, d6=1.3)).named == (6,)


def test_eight_weeks_of_the_friday_story_are_enough() -> None:
    """25 % longer Fridays in eight weeks: ratio 1.25 ± 0.03 and a corrected p below 0.01."""
    found = effects.weekday_finding(log(8, seed=1, noise=0.04, d4=1.25))
    assert found.named == (4,)
    assert found.weekdays["ratio_to_rest"].iloc[4] == pytest.approx(1.25, abs=0.03)
    assert found.weekdays["p_adjusted"].iloc[4] < 0.01


def test_ratio_to_rest_is_the_definition() -> None:
    """A workday against the other workdays, a weekend day against all others; means of day values."""
    daily = log(9, seed=5)
    weekday = (daily["local_day"] + 3) % 7
    table = effects.weekday_finding(daily).weekdays.set_index("weekday")
    workdays = daily[(weekday < 5) & (weekday != 2)]["value"].mean()
    assert table.loc[2, "ratio_to_rest"] == pytest.approx(daily[weekday == 2]["value"].mean() / workdays)
    assert table.loc[6, "ratio_to_rest"] == pytest.approx(
        daily[weekday == 6]["value"].mean() / daily[weekday != 6]["value"].mean()
    )
    assert table["n"].tolist() == [360.0] * 7


def test_two_odd_days_are_both_named() -> None:
    """The second one is found after the first is set aside."""
    assert set(effects.weekday_finding(log(12, seed=2, d0=1.3, d4=1.6)).named) == {0, 4}


def test_a_small_difference_is_within_the_margin() -> None:
    """Fridays 3 % longer without much noise: certain, and practically the same."""
    found = effects.weekday_finding(log(12, noise=0.01, d4=1.03))
    assert found.weekdays["verdict"].iloc[4] == "practically_unchanged"
    assert found.named == ()
    assert effects.weekday_finding(log(12, noise=0.01, d4=1.03), margin=0.01).named == (4,)


def test_busy_weeks_are_not_busy_weekdays() -> None:
    """Weeks of very different level hide a Friday from plain comparisons, not from blocked ones."""
    daily = log(10, seed=4, d4=1.25)
    daily["value"] *= np.repeat(np.random.default_rng(0).uniform(1, 4, 10), 7)
    assert effects.weekday_finding(daily).named == (4,)


def test_seven_weeks_are_not_enough() -> None:
    """Below eight of each weekday there are figures and no verdict."""
    found = effects.weekday_finding(log(7, d4=1.5))
    assert (found.verdict, found.reason, found.named) == ("not_enough_data", "too_few_days", ())
    assert found.weekdays["ratio_to_rest"].iloc[4] > 1.3
    assert (found.weekdays["verdict"] == "not_enough_data").all()


def test_closed_sundays_are_no_gap_in_the_others() -> None:
    """A shop closed on Sundays is judged on the six days it has; Sunday says why it has none."""
    daily = log(10, d4=1.25)
    found = effects.weekday_finding(daily[(daily["local_day"] + 3) % 7 != 6])
    assert found.named == (4,)
    assert found.complete_weeks == 10
    assert found.weekdays[["n_days", "verdict", "reason"]].iloc[6].tolist() == [0, "not_enough_data", "closed"]


def test_holidays_do_not_cost_their_week() -> None:
    """Single missing days leave the rest of the week in the comparison."""
    daily = log(11, d4=1.25).drop([3, 22, 40])
    found = effects.weekday_finding(daily)
    assert found.named == (4,)
    assert (found.n_weeks, found.complete_weeks) == (11, 8)


def test_equal_values_are_unchanged_not_an_error() -> None:
    """The same value every day: every ratio is 1, nothing is named, Friedman's p does not exist."""
    found = effects.weekday_finding(log(9, noise=0.0))
    assert found.named == ()
    assert np.isnan(found.p_friedman)
    assert (found.weekdays["verdict"] == "practically_unchanged").all()


def test_zero_everywhere_has_no_ratio() -> None:
    """A complaint rate of zero every day has no ratio; nothing is named."""
    found = effects.weekday_finding(log(9).assign(value=0.0))
    assert found.weekdays["ratio_to_rest"].isna().all()
    assert found.named == ()


def test_empty_log() -> None:
    """No days: seven rows without figures, not enough data."""
    found = effects.weekday_finding(log(8).head(0))
    assert found.verdict == "not_enough_data"
    assert found.weekdays["mean"].isna().all()


def test_same_seed_same_p() -> None:
    """The deals are seeded: the same log gives the same finding."""
    first, again = (effects.weekday_finding(log(9, d4=1.1)) for _ in range(2))
    pd.testing.assert_frame_equal(first.weekdays, again.weekdays)


def test_unusable_tables_are_refused() -> None:
    """Missing values and double days are errors."""
    with pytest.raises(ValueError, match="missing values"):
        effects.weekday_finding(log(8).assign(value=np.nan))
    with pytest.raises(ValueError, match="more than one row"):
        effects.weekday_finding(pd.concat([log(8), log(8).head(1)]))


def test_within_week_deals_give_the_exact_answer(shared: Path) -> None:
    """Three weeks of three days: the last day's p is the exact enumeration's; with fewer deals than there are, near it."""
    cases = json.loads((shared / "reference" / "reference_cases_open.json").read_text(encoding="utf-8"))["cases"]
    case = next(found for found in cases if found["id"] == "weekday.permutation.within_week_exact")
    p = effects.within_week_permutation(np.array(case["inputs"]["weeks_by_day"], dtype=float), relative=False)
    assert p[2] == pytest.approx(case["expected"]["p_two_sided_within_week"], rel=1e-12)
    assert p[2] == pytest.approx(case["expected"]["p_two_sided_rotation"], rel=1e-12)
    many = effects.within_week_permutation(np.array(case["inputs"]["weeks_by_day"], dtype=float), draws=26)
    assert many[2] == pytest.approx(p[2], abs=0.06)


def test_superiority_gives_reference_answer(shared: Path) -> None:
    """The chance that a Friday exceeds another day agrees with R."""
    cases = json.loads((shared / "reference" / "reference_cases_open.json").read_text(encoding="utf-8"))["cases"]
    case = next(found for found in cases if found["id"] == "weekday.friday_vs_rest.effect")
    got = effects.superiority(case["inputs"]["friday"], case["inputs"]["rest"])
    assert got == pytest.approx(case["expected"]["prob_superiority"])
    assert np.isnan(effects.superiority([], [1.0]))


def test_friday_is_decomposed_into_volume_and_staff() -> None:
    """More contacts, the same staff, more contacts per staff, handling and mix as on other days."""
    daily = log(10, seed=6, noise=0.03)
    friday = (daily["local_day"] + 3) % 7 == 4
    rng = np.random.default_rng(9)
    volume = (100 + 40 * friday) * (1 + rng.normal(0, 0.05, len(daily)))
    drivers = pd.DataFrame({"local_day": daily["local_day"], "volume": volume, "staff": 5.0})
    drivers = drivers.assign(contacts_per_staff=volume / 5, handle_time=daily["value"])
    found = effects.decompose(drivers, 4).set_index("driver")
    assert found["verdict"].tolist() == [
        "strong_evidence",
        "practically_unchanged",
        "strong_evidence",
        "practically_unchanged",
    ]
    assert found.loc["volume", "ratio"] == pytest.approx(1.4, abs=0.05)
    assert found.loc["volume", "direction"] == "up"
    assert found.loc["staff", ["low", "high"]].tolist() == [1.0, 1.0]


def test_a_driver_that_was_not_measured_has_no_verdict() -> None:
    """A driver without values on that weekday is not enough data; the others are judged without it."""
    drivers = log(9, d4=1.4).drop(columns="n").rename(columns={"value": "volume"}).assign(staff=np.nan)
    found = effects.decompose(drivers, 4).set_index("driver")
    assert found.loc["staff", "verdict"] == "not_enough_data"
    assert found.loc["volume", "p_adjusted"] == found.loc["volume", "p"]
    assert effects.decompose(drivers[["local_day"]], 4).empty
