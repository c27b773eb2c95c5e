"""Before and after on the Trends page: the core's verdict in fixed words, its chart, its table, and what is missing in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from core.changes import Change
from core.recompute import Report, effect_days, effects
from core.scenario import Scenario
from core.text import Text
from tests.pages.conftest import Open, charted, is_clean, visible

LANGUAGES = ("zh", "en")
DAY = date(2026, 4, 27)
WHO = ["Lin Xiao", "Zhao Min", "Liu Yang", "Sun Jie", "Zhou Ting"]
Reported = Callable[..., Report]


def opened(open_page: Open, language: str, day: date = DAY, **link: str) -> AppTest:
    """The Trends page at before and after, with the date set."""
    at = open_page("6_trends", language, "sample", **link)
    at.segmented_control(key=f"trends_part.{language}").set_value("change").run()
    at.date_input(key="change_day").set_value(day).run()
    return at


@pytest.mark.parametrize("language", LANGUAGES)
def test_friday_came_back(open_page: Open, reported: Reported, language: str) -> None:
    """Weekdays of the re-rostering: Friday is named better with its interval, table and chart hold the core's figures."""
    at = opened(open_page, language)
    at.segmented_control(key=f"change_by.{language}").set_value("weekday").run()
    is_clean(at)
    observed = reported().measured.observed
    found = effects(observed, Scenario(), Change(DAY), "first_response", "weekday")
    friday = found[found["group"] == "4"].iloc[0]
    text = Text(language)
    said = " ".join(visible(at))
    assert f"**{text('beforeafter.direction.better')}**" in said
    assert text.number(friday["low"], 2) in said
    table = at.dataframe[-1].value
    assert table["p_adjusted"].to_numpy() == pytest.approx(found["p_adjusted"].to_numpy())
    drawn = charted(at.get("vega_lite_chart")[-1])
    assert drawn["y"].tolist() == effect_days(observed, Scenario(), Change(DAY), "first_response", friday.to_dict())["y"].tolist()
    assert set(drawn["level"].round(6)) == {round(friday["before"], 6), round(friday["after"], 6)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_whole_shop_has_no_comparison_group(open_page: Open, language: str) -> None:
    """Nobody chosen: the shop, its method with the reason, and no word of a cause."""
    at = opened(open_page, language)
    is_clean(at)
    text, said = Text(language), " ".join(visible(at))
    assert text("beforeafter.uncontrolled") in said
    assert text("beforeafter.why.long") in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_chosen_agents_are_compared_with_the_others(open_page: Open, reported: Reported, language: str) -> None:
    """Five agents: together and each alone, against all others, with what was to be expected without any effect."""
    at = opened(open_page, language)
    at.multiselect(key="change_agents").set_value(WHO).run()
    is_clean(at)
    rows = effects(reported().measured.observed, Scenario(), Change(DAY, tuple(WHO)), "first_response")
    table = at.dataframe[-1].value
    assert len(table) == len(rows) == 6
    assert table["p_adjusted"].to_numpy() == pytest.approx(rows["p_adjusted"].to_numpy(), nan_ok=True)
    text, said = Text(language), " ".join(visible(at))
    assert text("beforeafter.why.controls") in said
    assert text("beforeafter.controlled", n_controls=text.number(rows["n_controls"][0], 0)) in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_too_few_days_are_said(open_page: Open, language: str) -> None:
    """A week before the change: shown, not judged, with the days that are needed."""
    at = opened(open_page, language, date(2026, 3, 9))
    is_clean(at)
    assert Text(language)("beforeafter.reason.too_few_days") in " ".join(visible(at))


def test_a_single_day_has_no_before(open_page: Open) -> None:
    """A period of one day cannot be split."""
    at = open_page("6_trends", "en", "sample", period="custom", **{"from": "2026-04-27", "to": "2026-04-27"})
    at.segmented_control(key="trends_part.en").set_value("change").run()
    is_clean(at)
    assert Text("en")("beforeafter.too_short") in visible(at)
