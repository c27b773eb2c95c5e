"""The Moves part: what is tried shows at once, the cheapest changes close the gap, files, and logs without a roster."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core import recompute, rostering
from core.recompute import Report, staffing_knobs
from core.scenario import Scenario
from core.staffing.cheapest import Limits
from core.text import Text
from tests.pages.conftest import Open, cards, is_clean, visible

PAGE = "7_staffing"
WEEKS = {"period": "custom", "to": "2026-04-26"}
Reported = Callable[..., Report]


def opened(open_page: Open, language: str, **link: str):
    """The Staffing page at its Moves part."""
    at = open_page(PAGE, language, "sample", **link)
    return at.segmented_control(key=f"staffing_part.{language}").set_value("moves").run()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_cheapest_changes_close_the_friday_gap(open_page: Open, reported: Reported, language: str) -> None:
    """The figures are the core's; the proposal moves shifts to Friday and, taken over, the page shows its hours."""
    at = opened(open_page, language, **WEEKS)
    is_clean(at)
    text = Text(language)
    scenario = Scenario.of(WEEKS)
    observed = reported(**WEEKS).measured.observed
    demand, team = recompute.demand(observed, scenario), rostering.team(observed, scenario)
    found = rostering.fewest_changes(demand, staffing_knobs(scenario), team, rostering.Ask(limits=Limits(6)), scenario)
    assert (round(found.under_before, 6), round(found.under_hours, 6), found.optimal) == (8.0, 0.0, True)
    assert 4 in {shift.weekday for change in found.changes for shift in change.after}
    assert cards(at)[text("roster.figure.under")] == text.number(found.under_before)
    at.session_state["fold_cheapest"] = True
    at.run()
    is_clean(at)
    at.button(key="take_moves").click().run()
    is_clean(at)
    assert cards(at)[text("roster.figure.under")] == text.number(found.under_hours)
    assert any(text("roster.tried.some", n=len(found.changes)) in said for said in visible(at))
    at.button(key="try_clear").click().run()
    assert cards(at)[text("roster.figure.under")] == text.number(found.under_before)
