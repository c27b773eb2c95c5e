"""Changes and pilots: plain values come back, what cannot be meant is refused, the rule of decision says what it says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core.changes import OUTCOMES, Change, Pilot, decide
from core.errors import ScenarioError
from core.scenarios import Book

PLAN: dict[str, Any] = {
    "name": "训练", "hypothesis": "shorter waits", "metric": "first_response", "date": "2026-04-27", "end": "2026-05-24",
    "agents": ["Lin Xiao", "Hu Bin"], "margin": 0.1, "planned": 300,
}  # fmt: skip
ROW = {"before": 60.0, "shift": -9.0, "low90": -13.0, "high90": -5.0, "expected": float("nan"), "verdict": "evidence"}


def test_a_pilot_survives_the_book() -> None:
    """Written and read, with and without controls and an end; scenarios are not needed; the same name is replaced, not doubled."""
    for more in ({}, {"controls": "none"}, {"controls": ["Sun Jie"]}, {"end": None}, {"direction": "higher", "least": 5}):
        book = Book(pilots=(Pilot.of(PLAN | more),))
        assert Book.from_yaml(book.to_yaml()) == book
        assert book.joined(book) == book
    assert Book.from_yaml(Book().to_yaml()).pilots == ()
    assert book.pilot("训练").change.agents == ("Lin Xiao", "Hu Bin")
    assert book.without_pilot("训练") == Book()
    with pytest.raises(ScenarioError):
        book.pilot("other")


@pytest.mark.parametrize("wrong", [
    {"name": ""}, {"date": "27.4."}, {"end": "2026-04-01"}, {"end": None, "planned": None}, {"metric": "speed"}, {"margin": None},
    {"margin": -1}, {"margin": "nan"}, {"planned": 0}, {"least": "x"}, {"direction": "up"}, {"metric": "conversations"}, {"colour": "red"},
    {"controls": ["Hu Bin"]}, {"agents": [], "controls": ["Hu Bin"]},
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    """No name, no date, an end before the start or none at all, an unknown KPI, no margin, no direction where none is better."""
    with pytest.raises(ScenarioError):
        Pilot.of(PLAN | wrong)


@pytest.mark.parametrize(("row", "outcome", "because"), [
    ({}, "adopt", "gain"),
    ({"verdict": "strong_evidence"}, "adopt", "gain"),
    ({"shift": -4.0}, "do_not_adopt", "too_small"),
    ({"shift": 9.0, "low90": 5.0, "high90": 13.0}, "do_not_adopt", "wrong_way"),
    ({"verdict": "no_evidence"}, "no_evidence", "open"),
    ({"verdict": "no_evidence", "low90": -5.0}, "do_not_adopt", "out_of_reach"),
    ({"verdict": "not_enough_data"}, "not_enough_data", "not_enough_data"),
    ({"verdict": "cannot_be_judged"}, "cannot_be_judged", "cannot_be_judged"),
    ({"expected": -5.0}, "do_not_adopt", "too_small"),
])  # fmt: skip
def test_the_rule(row: dict[str, Any], outcome: str, because: str) -> None:
    """Each branch of the rule; what regression gives does not count as gain; before the end nothing is decided."""
    found = decide(Pilot.of(PLAN), ROW | row, 200, True)
    assert (found.outcome, found.because) == (outcome, because)
    assert found.outcome in OUTCOMES
    assert found.margin == pytest.approx(6.0)
    assert decide(Pilot.of(PLAN), ROW | row, 200, False).outcome == "too_early"
    assert decide(Pilot.of(PLAN), ROW | row, 29, True).outcome == "not_enough_data"


def test_shares_are_wanted_higher_by_points() -> None:
    """The margin of a share is in points, of a duration a part of its level."""
    pilot = Pilot(Change(date(2026, 4, 27), name="x"), "satisfaction", "higher", 0.03, date(2026, 5, 24))
    row = {"before": 0.8, "shift": 0.04, "low90": 0.01, "high90": 0.07, "expected": float("nan"), "verdict": "evidence"}
    found = decide(pilot, row, 100, True)
    assert (found.outcome, found.margin, found.gain) == ("adopt", 0.03, pytest.approx(0.04))
