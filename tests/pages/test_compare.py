"""Compare agents: raw figures with intervals, what chance would do, and an agent's card."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.recompute import Report
from core.spotchecks import SUSPECTS
from core.text import Text
from core.views import exclusions, standing
from tests.pages.conftest import Open, charted, is_clean, visible

PAGE = "5_compare"
LANGUAGES = ("zh", "en")
Reported = Callable[..., Report]


@pytest.mark.parametrize("language", LANGUAGES)
def test_chart_and_table_hold_the_cores_figures(open_page: Open, reported: Reported, language: str) -> None:
    """Median first response of everybody with its interval, the shop's own median as the line, in one order."""
    at = open_page(PAGE, language, "sample")
    is_clean(at)
    agents, shop = reported().measured.agents, reported().measured.shop
    frame = charted(at.get("vega_lite_chart")[0]).set_index("agent")
    for name, row in frame.iterrows():
        cell = agents.cell(agents.row(name), "first_response")
        assert (row["value"], row["low"], row["high"]) == pytest.approx((cell.median, cell.median_low, cell.median_high), nan_ok=True)
        assert row["shop"] == shop.cell(0, "first_response").median
    assert at.dataframe[0].value["agent"].tolist() == standing(agents, shop, "first_response", "median")["agent"].tolist()


def test_the_sentence_says_how_many_differ_and_how_many_would_by_chance(open_page: Open, reported: Reported) -> None:
    """Counts of the sentence are those of the core; chance is 5 % of the judged."""
    at = open_page(PAGE, "en", "sample")
    at.selectbox(key="compare_by.en").set_value("satisfaction").run()
    is_clean(at)
    measured = reported().measured
    found = exclusions(standing(measured.agents, measured.shop, "satisfaction"), 1)
    said = next(each for each in visible(at) if "by chance" in each)
    assert f": {found.outside} of {found.judged} (" in said
    assert f"about {found.by_chance:.1f} would" in said


def test_too_few_are_grey_and_stand_below(open_page: Open) -> None:
    """Six ratings are no rank: drawn last, marked, without a finding."""
    at = open_page(PAGE, "en", "sample")
    at.selectbox(key="compare_by.en").set_value("satisfaction").run()
    frame = charted(at.get("vega_lite_chart")[0]).set_index("agent")
    few = frame[frame["status"] == "too_few"]
    assert len(few)
    assert (few["tone"] == "plain").all()
    assert list(frame.index[-len(few) :]) == list(few.index)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tab", ["tab_kpis", "tab_score", "tab_trend", "tab_talks"])
def test_an_agents_card_is_in_words(open_page: Open, language: str, tab: str) -> None:
    """Each part of the card runs for the fast-but-empty agent, in both languages, without codes."""
    at = open_page(PAGE, language, "sample")
    at.session_state[f"card_{language}"] = Text(language)(f"compare.card.{tab}")
    at.selectbox(key=f"who.{language}").set_value("Tom Baker").run()
    is_clean(at)
    assert at.subheader[0].value == "Tom Baker"


def test_conversations_show_no_customer_in_the_clear(open_page: Open) -> None:
    """The newest conversations are the agent's, and customers are masked."""
    at = open_page(PAGE, "en", "sample")
    at.session_state["card_en"] = "Newest conversations"
    at.selectbox(key="who.en").set_value("Tom Baker").run()
    frame = at.dataframe[-1].value
    assert len(frame) == 200
    assert frame["customer"].str.startswith("#").all()
    assert frame["started"].is_monotonic_decreasing


def test_a_click_in_the_table_opens_the_agent(open_page: Open) -> None:
    """Picking a row opens the card of the agent in that row; a later choice by name wins again."""
    at = open_page(PAGE, "en", "sample")
    wanted = at.dataframe[0].value["agent"].iloc[3]
    at.session_state["compare_first_response_median_table"] = {"selection": {"rows": [3], "columns": [], "cells": []}}
    at.run()
    assert at.subheader[0].value == wanted
    at.selectbox(key="who.en").set_value("Tom Baker").run()
    assert at.subheader[0].value == "Tom Baker"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_selection_without_conversations_says_so(open_page: Open, language: str) -> None:
    """A filter that fits nobody gives a sentence with the way back, no table and no error."""
    at = open_page(PAGE, language, "sample", in_agent="Nobody")
    is_clean(at)
    assert Text(language)("compare.sentence.empty") in [each.value for each in at.info]
    assert not at.dataframe


@pytest.mark.parametrize("language", LANGUAGES)
def test_spot_checks_are_drawn_and_have_a_sheet(open_page: Open, language: str) -> None:
    """The sample of the seed stands there in words with a sheet to download; another seed draws others; without criteria no sheet."""
    text = Text(language)
    at = open_page(PAGE, language, "sample")
    at.button_group(key=f"compare_part.{language}").set_value("spots").run()
    is_clean(at)
    shown = at.dataframe[0].value
    assert shown["customer"].str.startswith("#").all()
    assert set(shown["drawn_for"]) == {text(f"spots.reason.{code}") for code in ("random", *SUSPECTS)}
    at.number_input(key="spots_seed").set_value(2).run()
    is_clean(at)
    assert set(at.dataframe[0].value["conversation"]) != set(shown["conversation"])
    at.text_input(key=f"spots_criteria_{language}").set_value(" ").run()
    assert text("spots.sheet.no_criteria") in [each.value for each in at.warning]


@pytest.mark.parametrize(("period", "ranked"), [("all", True), ("28d", False)])
def test_a_card_gives_no_rank_where_scores_order_nobody(open_page: Open, period: str, ranked: bool) -> None:
    """Twelve weeks tell people apart and give a rank; four weeks do not."""
    at = open_page(PAGE, "en", "sample", period=period)
    at.selectbox(key="who.en").set_value("Tom Baker").run()
    is_clean(at)
    assert any(each.startswith("Score ") and ("· rank " in each) == ranked for each in visible(at))


@pytest.mark.parametrize("language", LANGUAGES)
def test_daily_figures_without_their_n_have_nothing_to_compare_and_say_so(open_page: Open, language: str) -> None:
    """Platform figures per agent and day that come without an n are never pooled: a sentence, not a broken page."""
    rows = [f"{agent},2024-03-{day:02d},{day + 5},0.9,30\n" for agent in "AB" for day in range(1, 15)]
    at = open_page("1_data", language)
    file = "agent,date,conversations,satisfaction,first_response\n" + "".join(rows)
    at.file_uploader(key="files").upload("days.csv", file.encode(), "text/csv").run()
    at.switch_page(f"pages/{PAGE}.py").run()
    is_clean(at)
    assert Text(language)("fair.none.pair") in [each.value for each in at.info]
