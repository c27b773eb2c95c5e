"""The course part of the Trends page: chart, verdict and warning are the core's, named days stand on every chart, too little is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from core.annotations import Annotation
from core.course import courses, summary
from core.recompute import Report
from core.scenario import Scenario
from core.scenarios import Book
from core.text import Text
from tests.pages.conftest import Open, charted, is_clean, visible

LANGUAGES = ("zh", "en")
Reported = Callable[..., Report]


def opened(open_page: Open, language: str, **link: str) -> AppTest:
    """The Trends page at the course."""
    at = open_page("6_trends", language, "sample", **link)
    return at.segmented_control(key=f"trends_part.{language}").set_value("course").run()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_is_the_cores(open_page: Open, reported: Reported, language: str) -> None:
    """The shop's first response: points, centre and limits as computed; no change, with what could stay unseen; what a warning is worth."""
    at = opened(open_page, language)
    is_clean(at)
    one = courses(reported().measured.observed, Scenario(), "first_response")[0]
    drawn = charted(at.get("vega_lite_chart")[-1])
    for shown, held in (("y", "value"), ("centre", "centre"), ("lower", "lower"), ("upper", "upper")):
        assert drawn[shown].to_numpy() == pytest.approx(one.points[held].to_numpy(), nan_ok=True)
    text, said = Text(language), " ".join(visible(at))
    assert text("control.warning.quiet", watched=one.watch.watched, base=one.watch.base) in said
    assert text.duration(one.unseen) in said
    assert text.share(one.chance["beyond"], 0) in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_agents_are_a_family(open_page: Open, reported: Reported, language: str) -> None:
    """By agent: the planted two have a change, the sentence says how many chance would give, the table is the core's."""
    at = opened(open_page, language)
    at.selectbox(key=f"course_by.{language}").set_value("agent").run()
    is_clean(at)
    found = summary(courses(reported().measured.observed, Scenario(), "first_response", "agent"))
    assert set(found.loc[found["changes"] > 0, "group"]) == {"Chen Wei", "Wang Fang"}
    table = next(each.value for each in at.dataframe if "sigma_z" in each.value)
    assert table["group"].tolist() == found["group"].tolist()
    assert table["changes"].tolist() == found["changes"].tolist()
    text, said = Text(language), " ".join(visible(at))
    judged = int(found["verdict"].isin(["evidence", "some_evidence", "no_evidence"]).sum())
    assert text("control.sentence.family", n=2, judged=judged, by_chance=text.number(0.05 * judged), left=len(found) - judged) in said
    chosen = at.selectbox(key=f"course_agent.{language}")
    chosen.set_value("Shen Yi").run()
    is_clean(at)
    assert text("control.reason.too_few_points") in " ".join(visible(at))


@pytest.mark.parametrize(("unit", "key"), [("week", "satisfaction"), ("day", "conversations"), ("day", "handled_per_hour")])
def test_every_kind_of_chart_is_shown(open_page: Open, unit: str, key: str) -> None:
    """Shares, counts and rates, days and weeks: clean pages; twelve weeks have no limits and it is said."""
    at = opened(open_page, "en")
    at.selectbox(key="course_of.en").set_value(key).run()
    at.segmented_control(key="course_unit.en").set_value(unit).run()
    is_clean(at)
    said = " ".join(visible(at))
    assert (Text("en")("control.limits.none") in said) == (unit == "week")


def test_three_weeks_have_limits_and_no_search(open_page: Open) -> None:
    """21 days: limits, but changes need 28; ten days: neither."""
    text = Text("en")
    at = opened(open_page, "en", period="custom", **{"from": "2026-03-02", "to": "2026-03-22"})
    is_clean(at)
    assert text("control.reason.too_few_days") in " ".join(visible(at))
    at = opened(open_page, "en", period="custom", **{"from": "2026-03-02", "to": "2026-03-11"})
    is_clean(at)
    said = " ".join(visible(at))
    assert text("control.reason.too_few_points") in said
    assert text("control.warning.not_enough_data") in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_named_days_stand_on_every_time_axis(open_page: Open, language: str) -> None:
    """A day added on the page is in the book and on the charts of course, trends, before and after, overview; removed, it is gone."""
    at = opened(open_page, language)
    at.session_state["fold_notes"] = True
    at.run()
    at.text_input(key="note_name").set_value("换班").run()
    at.date_input(key="note_day").set_value(date(2026, 4, 27)).run()
    at.button(key="add_note").click().run()
    is_clean(at)
    assert at.session_state["_book"].annotations == (Annotation(date(2026, 4, 27), "换班"),)
    for part in ("course", "groups", "change", "weekdays"):
        at.segmented_control(key=f"trends_part.{language}").set_value(part).run()
        is_clean(at)
        assert charted(at.get("vega_lite_chart")[-1])["note"].tolist()[0] == "换班", part
    at.switch_page("pages/2_overview.py").run()
    assert any("note" in charted(each) for each in at.get("vega_lite_chart"))
    assert Book.from_yaml(at.session_state["_book"].to_yaml()) == at.session_state["_book"]
    at.switch_page("pages/6_trends.py").run()
    at.segmented_control(key=f"trends_part.{language}").set_value("course").run()
    at.session_state["fold_notes"] = True
    at.run()
    at.button(key="remove_note").click().run()
    assert at.session_state["_book"].annotations == ()


def test_a_day_without_a_name_is_refused_in_words(open_page: Open) -> None:
    """Nothing is kept, and the page says what is missing."""
    at = opened(open_page, "en")
    at.session_state["fold_notes"] = True
    at.run()
    at.button(key="add_note").click().run()
    is_clean(at)
    assert Text("en")("issues.bad_annotation.cure") in at.error[0].value
