"""All or one on the Trends page: the core's answers in fixed words, tables with the core's figures, and what is missing in words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core import movements
from core.recompute import Report
from core.scenario import Scenario
from core.text import Text
from core.text import words as locale_words
from tests.pages.conftest import Open, charted, is_clean, visible

LANGUAGES = ("zh", "en")
Reported = Callable[..., Report]


def opened(open_page: Open, language: str, question: str = "together", **link: str) -> AppTest:
    """The Trends page at all or one, with the question chosen."""
    at = open_page("6_trends", language, "sample", **link)
    at.segmented_control(key=f"trends_part.{language}").set_value("systemic").run()
    if question != "together":
        at.segmented_control(key=f"moves_asked.{language}").set_value(question).run()
    return at


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_two_planted_agents_are_named(open_page: Open, reported: Reported, language: str) -> None:
    """First response: who moves alone is named in the sentence, table and chart hold the core's figures."""
    at = opened(open_page, language)
    is_clean(at)
    found = movements.systemic(reported().measured.observed, Scenario(), "first_response")
    assert set(found.named) == {"Chen Wei", "Wang Fang"}
    said = " ".join(visible(at))
    assert all(f"**{name}**" in said for name in found.named)
    assert at.dataframe[-1].value["p_adjusted"].to_numpy() == pytest.approx(found.agents["p_adjusted"].to_numpy())
    drawn = charted(at.get("vega_lite_chart")[-1])
    assert drawn["y"].to_numpy() == pytest.approx(movements.week_line(found, "first_response")["y"].to_numpy())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("question", ["at_once", "unusual"])
def test_nothing_found_is_said_in_words(open_page: Open, language: str, question: str) -> None:
    """The sample has neither a simultaneous slow-down nor an unusual day of first responses."""
    at = opened(open_page, language, question)
    is_clean(at)
    words = Text(language)
    facts = {"what": words("metrics.first_response.name")}
    start = words(f"systemic.{question}.none", **facts | {"hours": "", "days": "", "family": ""}).split("：")[0].split(":")[0]
    assert any(line.startswith(start) for line in visible(at))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("question", "last", "reason"),
    [("together", "2026-03-20", "too_few_weeks"), ("unusual", "2026-03-10", "too_few_days")],
)
def test_a_short_period_is_too_little(open_page: Open, language: str, question: str, last: str, reason: str) -> None:
    """Less than four weeks, less than 21 days: a sentence, no figure."""
    at = opened(open_page, language, question, period="custom", **{"from": "2026-03-02", "to": last})
    is_clean(at)
    assert Text(language)(f"systemic.reason.{reason}") in visible(at)


def test_one_agent_alone_cannot_be_told_from_all(open_page: Open) -> None:
    """One agent filtered: not enough to tell all from one, in words."""
    for question, reason in (("together", "too_few_agents"), ("at_once", "too_few_slots")):
        at = opened(open_page, "en", question, in_agent="Lin Xiao")
        is_clean(at)
        assert Text("en")(f"systemic.reason.{reason}") in visible(at)


def test_a_kpi_of_sums_is_refused_in_words(open_page: Open) -> None:
    """Contacts per hour know no single cases."""
    at = opened(open_page, "en")
    at.selectbox(key="moves_of.en").set_value("handled_per_hour").run()
    is_clean(at)
    assert Text("en")("systemic.reason.no_cases") in visible(at)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rush_of_the_sample_names_nobody(open_page: Open, reported: Reported, language: str) -> None:
    """The table holds the core's figures; nobody is named and the sentence says so."""
    at = opened(open_page, language, "rush")
    is_clean(at)
    found = movements.rush(reported().measured.observed, Scenario(), "first_response")
    assert Text(language)("systemic.rush.nobody", family=found.family) in " ".join(visible(at))
    assert at.dataframe[-1].value["p_adjusted"].to_numpy() == pytest.approx(found.rows["p_adjusted"].to_numpy())


@pytest.mark.parametrize("language", LANGUAGES)
def test_room_for_fcr_names_who_gains_most(open_page: Open, reported: Reported, language: str) -> None:
    """FCR: the agent of the empty answers with cases a week and interval; ranks as the core has them."""
    at = opened(open_page, language, "room")
    at.selectbox(key=f"moves_of.{language}").set_value("fcr").run()
    is_clean(at)
    rows = movements.room_rows(movements.room(reported().measured.observed, Scenario(), "fcr"), "fcr")
    said = " ".join(visible(at))
    assert "**Tom Baker**" in said
    assert Text(language).number(rows["gain"][0], 2) in said
    assert at.dataframe[-1].value["rank"].to_numpy() == pytest.approx(rows["rank"].to_numpy(), nan_ok=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_goes_with_satisfaction_claims_no_cause(open_page: Open, reported: Reported, language: str) -> None:
    """Every comparison with intervals, the caveat of silent customers, and no word of a cause anywhere."""
    at = opened(open_page, language, "ratings")
    is_clean(at)
    found = movements.drivers(reported().measured.observed, Scenario())
    assert len(at.dataframe[-1].value) == len(found.rows) == found.family
    assert at.dataframe[-1].value["odds"].to_numpy() == pytest.approx(found.rows["odds"].to_numpy(), nan_ok=True)
    words = [line for key, line in locale_words(language).items() if key.startswith("systemic.")]
    assert [line for line in words if re.search(r"\bcaus|because|导致|造成|因为", line)] == []


@pytest.mark.parametrize("question", ["rush", "room", "ratings"])
def test_one_agent_has_nobody_beside_him(open_page: Open, question: str) -> None:
    """One agent filtered: the questions about agents say that there are too few; ratings of one agent still compare."""
    at = opened(open_page, "en", question, in_agent="Lin Xiao")
    is_clean(at)
    reason = {"rush": "too_few_in_rush", "room": "too_few_to_shrink"}.get(question)
    if reason:
        assert Text("en")(f"systemic.reason.{reason}") in visible(at)


@pytest.mark.parametrize("question", ["together", "at_once", "unusual", "rush", "room", "ratings"])
def test_one_day_is_too_little_for_everything(open_page: Open, question: str) -> None:
    """A period of one day: a sentence or a table, never a traceback."""
    is_clean(opened(open_page, "zh", question, period="custom", **{"from": "2026-04-27", "to": "2026-04-27"}))
