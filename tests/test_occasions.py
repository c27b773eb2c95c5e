"""Holidays, make-up days and promotions: which days, compared with which, and how sure."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from core.annotations import Annotation
from core.errors import ScenarioError
from core.occasions import OccasionRules, compare, country_of, occasions, public_days
from core.period import day_number
from core.scenarios import Book

MONDAY = 18_631


def days(weeks: int = 12, seed: int = 0, phi: float = 0.0) -> pd.DataFrame:
    """Day values around 100 with slow Wednesdays; ``phi`` makes neighbours alike."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 1, 7 * weeks)
    for at in range(1, len(noise)):
        noise[at] = phi * noise[at - 1] + np.sqrt(1 - phi**2) * noise[at]
    day = MONDAY + np.arange(7 * weeks)
    return pd.DataFrame({"local_day": day, "value": 100 * np.exp(0.08 * noise + 0.3 * (np.arange(len(day)) % 7 == 2)), "n": 40})


def promoted(*spans: tuple[str, int, int]) -> pd.DataFrame:
    """Promotions by name, first and last day of the log (0 is a Monday), without holidays."""
    named = [(name, MONDAY + first, MONDAY + last) for name, first, last in spans]
    return occasions(public_days([], MONDAY, MONDAY), named)


def test_a_promotion_is_compared_with_like_weekdays() -> None:
    """A slow Wednesday is no effect of a promotion on it; three times the volume is, with the truth in the interval."""
    frame = days()
    quiet = compare(frame, promoted(("quiet", 30, 30))).iloc[0]  # a Wednesday
    assert quiet["verdict"] not in ("evidence", "strong_evidence")
    frame.loc[35:38, "value"] *= 3
    loud = compare(frame, promoted(("loud", 35, 38))).iloc[0]
    assert (loud["verdict"], loud["direction"], loud["n_days"]) == ("strong_evidence", "up", 4)
    assert loud["low"] < 3 < loud["high"]


def test_one_special_day_is_not_another_ones_ordinary_day() -> None:
    """Two promotions in a row: neither serves as the other's comparison."""
    frame = days()
    frame.loc[28:41, "value"] *= 2
    found = compare(frame, promoted(("a", 28, 34), ("b", 35, 41)))
    assert found["ratio"].to_numpy() == pytest.approx([2, 2], rel=0.15)
    assert found["p_adjusted"].notna().sum() == 2


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_false_alarms_stay_near_the_level(phi: float) -> None:
    """Promotions without any effect are called in about one of twenty, also when days resemble their neighbours."""
    wrong = [compare(days(12, seed, phi), promoted(("x", 38, 42)))["p"].iloc[0] < 0.05 for seed in range(80)]
    assert np.mean(wrong) < 0.14


def test_values_with_zeros_are_compared_as_differences() -> None:
    """A day of nothing has no logarithm: the difference is told, not a ratio."""
    frame = days()
    frame.loc[10, "value"] = 0.0
    row = compare(frame, promoted(("x", 36, 37)), OccasionRules(relative=True)).iloc[0]
    assert row["scale"] == "difference"
    assert np.isnan(row["ratio"])
    assert row["low"] < row["difference"] < row["high"]


@pytest.mark.parametrize(
    ("weeks", "span", "reason"), [(2, (3, 3), "too_few_alike"), (12, (200, 203), "not_in_log"), (12, (0, 83), "too_few_alike")]
)
def test_what_cannot_be_compared_says_why(weeks: int, span: tuple[int, int], reason: str) -> None:
    """Two weeks of log, days outside it, a promotion all the time: a reason, not a verdict."""
    row = compare(days(weeks), promoted(("x", *span))).iloc[0]
    assert (row["verdict"], row["reason"]) == ("not_enough_data", reason)


def test_equal_values_are_no_evidence() -> None:
    """Nothing moves: no p, no warning."""
    row = compare(days().assign(value=5.0), promoted(("x", 36, 37))).iloc[0]
    assert row["verdict"] not in ("evidence", "strong_evidence")


def test_chinese_make_up_days_are_known() -> None:
    """May 2026: five days of Labour Day as one occasion, and Saturday the 9th is a working day."""
    found = public_days(["CN"], day_number(date(2026, 4, 30)), day_number(date(2026, 5, 31)), "zh")
    special = occasions(found, [])
    assert special.groupby("kind")["local_day"].apply(list).to_dict() == {
        "holiday": [day_number(date(2026, 5, day)) for day in range(1, 6)],
        "makeup": [day_number(date(2026, 5, 9))],
    }
    assert set(special.loc[special["kind"] == "holiday", "name"]) == {"劳动节"}


def test_countries_come_from_the_zone_or_by_code() -> None:
    """Two countries on one day are two rows; a zone names its country; an unknown code is refused with a hint."""
    first = day_number(date(2026, 12, 25))
    assert public_days(["DE", "US"], first, first)["country"].tolist() == ["DE", "US"]
    assert (country_of("America/New_York"), country_of("Nowhere/Else")) == ("US", "")
    with pytest.raises(ScenarioError):
        public_days(["XX"], first, first)


def test_promotions_live_in_the_book() -> None:
    """Written to the file and read back; one of the same name is replaced; gone when taken out."""
    book = Book().promoted(Annotation(date(2026, 6, 1), "618", date(2026, 6, 18)), Annotation(date(2026, 3, 8), "spring"))
    again = Book.from_yaml(book.to_yaml())
    assert again.promotions == book.promoted().promotions
    assert [each.name for each in again.promotions] == ["spring", "618"]
    assert [each.name for each in again.without_promotion("618").promotions] == ["spring"]
