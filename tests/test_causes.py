"""What a slow weekday is made of: parts that add up, the right main cause, and none where none stands out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.planted import explained
from core import causes as room
from core.causes import causes, expected, felt_staff, mix_shifts

MONDAY = 18_631
DRIVERS = {"volume": "volume", "staff": "staff", "handling": "handle_time", "mix": "mix"}


def days(weeks: int = 10, weekday: int = 2, seed: int = 0, noise: float = 0.03, **factors: float) -> pd.DataFrame:
    """Day values whose waits are mix × load²; ``volume=1.2`` plants 20 % more contacts on the weekday."""
    rng = np.random.default_rng(seed)
    day = MONDAY + np.arange(7 * weeks)
    planted = (day + 3) % 7 == weekday
    base = {"volume": 100.0, "staff": 30.0, "handle_time": 300.0, "mix": 60.0}
    frame = pd.DataFrame({"local_day": day})
    for name, value in base.items():
        frame[name] = value * rng.normal(1, noise, len(day)) * np.where(planted, factors.get(name, 1.0), 1.0)
    load = frame["volume"] * frame["handle_time"] / frame["staff"] / 1000
    frame["value"] = frame["mix"] * load**2 * rng.normal(1, noise, len(day)) * np.where(planted, factors.get("hidden", 1.0), 1.0)
    return frame


@pytest.mark.parametrize(("cause", "factor"), [("volume", 1.2), ("staff", 0.8), ("handling", 1.2), ("mix", 1.3)])
def test_the_main_cause_is_named_and_the_shares_add_up(cause: str, factor: float) -> None:
    """Each planted cause is named alone, has most of the difference, and shares and amounts add up to all of it."""
    found = causes(days(seed=3, **{DRIVERS[cause]: factor}), 2)
    shares = found.parts.set_index("cause")["share"]
    assert found.main == cause
    assert shares[cause] > 0.7
    assert shares.sum() == pytest.approx(1)
    assert found.parts["amount"].sum() == pytest.approx(found.difference)
    row = found.parts.set_index("cause").loc[cause]
    assert row["share_low"] < row["share"] < row["share_high"]
    assert row["ratio_low"] < factor < row["ratio_high"]


def test_a_fast_weekday_is_divided_too() -> None:
    """Fewer contacts on a day make it fast; the share is of a negative difference and still positive."""
    found = causes(days(seed=1, volume=0.75), 2)
    assert found.main == "volume"
    assert found.ratio < 1
    assert found.difference < 0


def test_two_equal_causes_are_not_one_main_cause() -> None:
    """Volume and handling up by the same part: neither stands out."""
    found = causes(days(seed=2, volume=1.15, handle_time=1.15), 2)
    assert found.main == ""
    shares = found.parts.set_index("cause")["share"]
    assert shares["volume"] == pytest.approx(shares["handling"], abs=0.25)


def test_what_none_of_them_explains_stays_unexplained() -> None:
    """A day slow for a reason the log does not hold blames no cause: two per cent more load cannot double a wait."""
    found = causes(days(seed=4, hidden=1.8, noise=0.01), 2)
    assert found.main == "unexplained"
    assert not found.elasticity > room.ELASTICITY_MAX


def test_handling_that_only_follows_the_mix_counts_as_mix() -> None:
    """A day with more of the slow issue has longer handling without anybody working slower."""
    frame = days(seed=5, mix=1.25, handle_time=1.1, noise=0.02)
    frame["mix_handle"] = np.where((frame["local_day"] + 3) % 7 == 2, 330.0, 300.0)
    shares = causes(frame, 2).parts.set_index("cause")["share"]
    assert abs(shares["handling"]) < 0.12
    assert shares["mix"] > 0.8


def test_a_driver_that_was_not_measured_takes_no_part() -> None:
    """Without staff and with gaps in handling there is still a split, over what is known, that adds up."""
    frame = days(seed=6, volume=1.3).drop(columns="staff")
    frame.loc[::5, "handle_time"] = np.nan
    found = causes(frame, 2)
    assert found.parts["cause"].tolist() == ["volume", "handling", "mix", "unexplained"]
    assert found.parts["share"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (days(5, volume=1.3), "too_few_weeks"),
        (days(volume=1.3).assign(value=0.0), "not_positive"),
        (days()[["local_day", "value"]], "no_drivers"),
        (days().assign(value=7.0), "no_difference"),
        (days().head(0), "too_few_weeks"),
    ],
)
def test_what_cannot_be_divided_says_why(frame: pd.DataFrame, reason: str) -> None:
    """Too few weeks, waits of zero, nothing measured, no difference, no days: no parts and a reason."""
    found = causes(frame, 2)
    assert (found.reason, found.main, len(found.parts)) == (reason, "", 0)


def test_the_weekdays_own_slowness_is_not_its_mix() -> None:
    """Everything takes twice as long on the weekday, in the same mix: the mix expects nothing of it."""
    day = np.repeat(MONDAY + np.arange(70), 2)
    slow = np.where((day + 3) % 7 == 2, 2.0, 1.0)
    cells = pd.DataFrame({"local_day": day, "language": np.tile(["en", "fr"], 70), "n": 20.0})
    cells["total"] = cells["n"] * np.tile([10.0, 30.0], 70) * slow
    due = expected(cells, ["language"], 2)
    assert due.to_numpy() == pytest.approx(np.full(70, 20.0))


def test_labels_that_come_more_often_are_listed() -> None:
    """Shares of both sides, the usual figure of each label, and what the shift adds; the largest first."""
    day = np.repeat(MONDAY + np.arange(70), 2)
    mine = (day + 3) % 7 == 2
    french = np.tile([False, True], 70)
    cells = pd.DataFrame({"local_day": day, "language": np.where(french, "fr", "en")})
    cells["n"] = np.where(mine, np.where(french, 60.0, 40.0), np.where(french, 20.0, 80.0))
    cells["total"] = cells["n"] * np.where(french, 30.0, 10.0)
    found = mix_shifts(cells, ["language"], 2)
    french_row = found.set_index("label").loc["fr"]
    assert french_row[["share_day", "share_rest", "usual"]].tolist() == [0.6, 0.2, 30.0]
    assert found["effect"].sum() == pytest.approx(0.4 * 20.0)


def test_felt_staff_halves_with_every_hour() -> None:
    """Half the people in every hour are half the staff; a few missing at noon are felt more than at night."""
    hours = [3, 12]
    arrivals = [0.1 if hour == 3 else 0.9 if hour == 12 else 0.0 for hour in range(24)]
    staffed = pd.DataFrame({"local_day": np.repeat([0, 1, 2], 2), "hour": hours * 3, "hours": [4.0, 4, 2, 2, 4, 2]})
    felt = felt_staff(staffed, arrivals)
    assert felt[1] / felt[0] == pytest.approx(0.5)
    assert felt[2] / felt[0] == pytest.approx(0.5, abs=0.01)


def test_a_whole_shop_that_lacks_staff_on_a_day_and_has_no_roster() -> None:
    """Through the engine: the weekday is found, and missing staff is named from the agents seen at work alone."""
    found = explained(101, ("roster", "messages"))
    assert (found["found"], found["named"]) == (True, "staff")
