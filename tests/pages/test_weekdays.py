"""Weekdays on the Trends page: the main cause in words, bars and table of the core's shares, the way to the roster, and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from core.daysapart import hours_of
from core.recompute import Report
from core.scenario import Scenario
from core.slowdays import slow_day
from core.text import Text
from tests.pages.conftest import Open, charted, is_clean, visible

LANGUAGES = ("zh", "en")
STORY = {"period": "custom", "to": "2026-04-26"}
Reported = Callable[..., Report]


def opened(open_page: Open, language: str, **link: str) -> AppTest:
    """The Trends page at weekdays."""
    at = open_page("6_trends", language, "sample", **link)
    at.segmented_control(key=f"trends_part.{language}").set_value("weekdays").run()
    return at


@pytest.mark.parametrize("language", LANGUAGES)
def test_friday_has_volume_as_its_main_cause(open_page: Open, reported: Reported, language: str) -> None:
    """Sentence and bars say what the core says: volume first, shares that add up; and there is a way to the roster's Friday."""
    at = opened(open_page, language, **STORY)
    is_clean(at)
    text, said = Text(language), " ".join(visible(at))
    found = slow_day(reported().measured.observed, Scenario.of(STORY)).causes
    assert found is not None
    share = found.parts.set_index("cause")["share"]["volume"]
    told = text("causes.sentence.main", cause=text("causes.name.volume"), day="", difference="", ratio="", share="", low="", high="")
    assert told.split("**")[1] in said
    assert text.share(share, 0) in said
    drawn = charted(at.get("vega_lite_chart")[0])
    assert drawn["value"].sum() == pytest.approx(1)
    assert drawn["part"].iloc[0] == text("causes.name.volume")
    label = text("causes.go.staffing", day=text("pages.weekday.4"))
    assert label in [button.label for button in at.button]


def test_a_weekday_chosen_beforehand_is_judged_alone(open_page: Open, reported: Reported) -> None:
    """Wednesday asked for: its own verdict without correction."""
    at = opened(open_page, "en", **STORY)
    at.selectbox(key="finding_day.en").set_value(2).run()
    is_clean(at)
    row = slow_day(reported().measured.observed, Scenario.of(STORY), weekday=2).asked
    said = " ".join(visible(at))
    assert Text("en")("causes.sentence.beforehand", told="")[:20] in said
    assert Text("en").number(row["ratio_to_rest"], 2) in said


def test_tests_and_pairs_stand_in_a_fold(open_page: Open) -> None:
    """Opened: model, Friedman and Kruskal-Wallis in words, and every pair of weekdays."""
    at = opened(open_page, "zh", **STORY)
    at.session_state["fold_weekday_tests"] = True
    at.run()
    is_clean(at)
    assert any(len(table.value) == 21 for table in at.dataframe)
    assert any("Kruskal" in said for said in visible(at))


@pytest.mark.parametrize("link", [{"period": "7d"}, {"period": "28d"}, {"in_agent": "Shen Yi"}])
def test_too_little_says_so(open_page: Open, link: dict[str, str]) -> None:
    """A week, four weeks, six conversations: words, nothing divided, no traceback."""
    at = opened(open_page, "en", **link)
    is_clean(at)
    assert not any(button.label.endswith("Staffing page") for button in at.button)


def test_what_is_no_wait_is_not_divided(open_page: Open) -> None:
    """Satisfaction has a finding and tests, and no shares."""
    at = opened(open_page, "zh", **STORY)
    at.selectbox(key="finding_of.zh").set_value("satisfaction").run()
    is_clean(at)
    assert Text("zh")("causes.name.volume") not in " ".join(visible(at))


@pytest.mark.parametrize("language", LANGUAGES)
def test_hours_and_the_map_of_the_week(open_page: Open, reported: Reported, language: str) -> None:
    """The part on hours: nights are slow in the sample, the map holds the core's cells, the table its hours."""
    at = open_page("6_trends", language, "sample")
    at.segmented_control(key=f"trends_part.{language}").set_value("hours").run()
    is_clean(at)
    found = hours_of(reported().measured.observed, Scenario(), "first_response")
    assert len(at.dataframe[0].value) == len(found.hours)
    drawn = charted(at.get("vega_lite_chart")[0])
    cell = found.week.iloc[30]
    there = (drawn["weekday"] == cell["weekday"]) & (drawn["hour"] == cell["hour"])
    assert drawn.loc[there, "value"].item() == pytest.approx(cell["ratio"])
    assert "00:00–01:00" in " ".join(visible(at))


@pytest.mark.parametrize("language", LANGUAGES)
def test_holidays_and_promotions(open_page: Open, language: str) -> None:
    """Holidays of the zone's country in a table; a promotion named by the user joins them; both can be taken away."""
    at = open_page("6_trends", language, "sample")
    at.segmented_control(key=f"trends_part.{language}").set_value("special").run()
    is_clean(at)
    before = len(at.dataframe[0].value)
    assert any("CN" in name for name in at.dataframe[0].value["name"])
    at.text_input(key="promotion_name").set_value("618")
    at.date_input(key="promotion_first").set_value(date(2026, 4, 13))
    at.date_input(key="promotion_last").set_value(date(2026, 4, 19))
    at.button[0].click().run()
    is_clean(at)
    assert len(at.dataframe[0].value) == before + 4
    at.button(key="gone_618").click().run()
    is_clean(at)
    assert len(at.dataframe[0].value) == before


@pytest.mark.parametrize("part", ["hours", "special"])
def test_a_week_is_too_little_for_hours_and_holidays(open_page: Open, part: str) -> None:
    """Seven days: words, no verdict of evidence, no traceback."""
    at = open_page("6_trends", "en", "sample", period="7d")
    at.segmented_control(key="trends_part.en").set_value(part).run()
    is_clean(at)
