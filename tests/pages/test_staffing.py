"""Staffing: the plan of the core under the page's knobs, the weekday finding, the calculator."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core import recompute
from core.recompute import Report, staffing_knobs
from core.scenario import Scenario
from core.staffing import plan
from core.text import Text
from core.views import agent_hours
from tests.pages.conftest import Open, charted, is_clean, visible

PAGE = "7_staffing"
LANGUAGES = ("zh", "en")
Reported = Callable[..., Report]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("knobs", [{}, {"sl_target": "0.95", "sl_s": "20", "slot_min": "30"}], ids=["defaults", "turned"])
def test_the_map_holds_the_cores_plan(open_page: Open, reported: Reported, language: str, knobs: dict[str, str]) -> None:
    """Each cell is the plan's gap under the same knobs; the sentence has its hours."""
    at = open_page(PAGE, language, "sample", **knobs)
    is_clean(at)
    scenario = Scenario.of(knobs)
    result = plan(recompute.demand(reported().measured.observed, scenario), staffing_knobs(scenario))
    cells = charted(at.get("vega_lite_chart")[0]).set_index(["weekday", "hour"])["value"]
    slots = result.slots.assign(hour=result.slots["start"] // int(scenario.get("slot_min"))).set_index(["weekday", "hour"])
    assert cells.sort_index().to_numpy() == pytest.approx(slots["gap"].sort_index().to_numpy())
    needed = Text(language).number(agent_hours(result, "required"))
    assert any(needed in said for said in visible(at))


def test_a_harder_goal_needs_more(open_page: Open) -> None:
    """Moving the service level up never lowers what is needed."""
    at = open_page(PAGE, "en", "sample")
    at.segmented_control(key="plan_map.en").set_value("required").run()
    before = charted(at.get("vega_lite_chart")[0])["value"].sum()
    at.slider(key="sl_target").set_value(0.99)
    at.slider(key="sl_s").set_value(5.0).run()
    is_clean(at)
    assert charted(at.get("vega_lite_chart")[0])["value"].sum() > before


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_weekday_finding_is_that_of_the_core(open_page: Open, reported: Reported, language: str) -> None:
    """In the weeks before the roster changed Friday is named, with its ratio and its drivers."""
    period = {"period": "custom", "to": "2026-04-26"}
    at = open_page(PAGE, language, "sample", **period)
    is_clean(at)
    found, drivers = recompute.weekdays(reported().measured.observed, Scenario.of(period), "first_response")
    assert found.named == (4,)
    text = Text(language)
    ratio = text.number(found.weekdays.set_index("weekday").loc[4, "ratio_to_rest"], 2)
    assert any(text("pages.weekday.4") in said and ratio in said for said in visible(at))
    volume = text.number(drivers.set_index("driver").loc["volume", "ratio"], 2)
    assert any(text("effects.driver.volume") in said and volume in said for said in visible(at))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fold", ["staffing", "slots", "erlang", "how_staffing"])
def test_every_fold_opens_in_words(open_page: Open, language: str, fold: str) -> None:
    """More settings, all slots, the calculator and how it is computed run when opened, without codes."""
    at = open_page(PAGE, language, "sample")
    at.session_state[f"fold_{fold}"] = True
    at.run()
    is_clean(at)


def test_the_calculator_gives_the_reference_case(open_page: Open) -> None:
    """100 calls in 30 minutes of 180 s, 80 % in 20 s, occupancy 85 %, shrinkage 30 %: 14 agents, 20 positions, 88.8 %."""
    at = open_page(PAGE, "en", "sample")
    at.session_state["fold_erlang"] = True
    at.run()
    said = next(each for each in visible(at) if "erlang needs" in each)
    assert "10.00 erlang needs 14 agents" in said
    assert "20 positions" in said
    assert "88.8 %" in said


def test_a_filtered_page_stays_whole(open_page: Open) -> None:
    """One channel alone is planned without an error or a code on the page."""
    at = open_page(PAGE, "en", "sample", in_channel="email")
    is_clean(at)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_selection_without_conversations_says_so(open_page: Open, language: str) -> None:
    """A filter that fits nobody gives a sentence with the way back, no table and no error."""
    at = open_page(PAGE, language, "sample", in_agent="Nobody")
    is_clean(at)
    assert Text(language)("compare.sentence.empty") in [each.value for each in at.info]
    assert not at.dataframe
