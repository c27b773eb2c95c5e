"""Weekdays on the Trends page: the main cause in words, bars and table of the core's shares, the way to the roster, and what is missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

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
