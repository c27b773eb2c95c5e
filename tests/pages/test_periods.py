"""Periods and groups on the Trends page: the core's rows in words, what cannot be compared is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from core.metrics import SCORED
from core.recompute import Report
from core.scenario import Scenario
from core.spans import Span, compare_spans, told
from core.text import Text
from tests.pages.conftest import Open, charted, is_clean, visible

LANGUAGES = ("zh", "en")
Reported = Callable[..., Report]


def opened(open_page: Open, language: str, **link: str) -> AppTest:
    """The Trends page at periods and groups."""
    at = open_page("6_trends", language, "sample", **link)
    return at.segmented_control(key=f"trends_part.{language}").set_value("periods").run()


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_periods_stand_in_one_table(open_page: Open, reported: Reported, language: str) -> None:
    """The last four weeks against the four before: the core's p, no cause, both lines in the chart."""
    at = opened(open_page, language)
    is_clean(at)
    keys = tuple(each.key for each in SCORED)
    spans = Span.of("2026-04-27:2026-05-24"), Span.of("2026-03-30:2026-04-26")
    rows = told(compare_spans(reported().measured.observed, Scenario(), *spans, keys).rows)
    table = at.dataframe[-1].value
    assert table["p_adjusted"].to_numpy() == pytest.approx(rows["p_adjusted"].to_numpy(), nan_ok=True)
    assert Text(language)("spans.no_cause.periods") in " ".join(visible(at))
    assert charted(at.get("vega_lite_chart")[-1])["series"].nunique() == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_compared_is_said(open_page: Open, language: str) -> None:
    """A year earlier the log had not begun; a few days are shown, not judged."""
    at = opened(open_page, language)
    at.selectbox(key=f"spans_cycle.{language}").set_value("year").run()
    is_clean(at)
    text = Text(language)
    assert text("spans.refused", first="2026-03-02", last="2026-05-24") in [said.value for said in at.info]
    at.selectbox(key=f"spans_cycle.{language}").set_value("previous").run()
    at.date_input(key="spans_this").set_value((date(2026, 5, 18), date(2026, 5, 24))).run()
    is_clean(at)
    assert text("spans.note.short") in " ".join(visible(at))


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_groups(open_page: Open, language: str) -> None:
    """Teams against each other, day by day; with one side empty it is asked for."""
    at = opened(open_page, language)
    at.segmented_control(key=f"spans_kind.{language}").set_value("groups").run()
    is_clean(at)
    text = Text(language)
    assert text("beforeafter.why.paired") in " ".join(visible(at))
    at.multiselect(key="spans_first_team").set_value([]).run()
    is_clean(at)
    assert text("spans.half_chosen") in [said.value for said in at.info]


def test_a_single_day_is_not_judged(open_page: Open) -> None:
    """One day in the period: groups are shown without a verdict."""
    at = opened(open_page, "en", period="custom", **{"from": "2026-04-27", "to": "2026-04-27"})
    at.segmented_control(key="spans_kind.en").set_value("groups").run()
    is_clean(at)
