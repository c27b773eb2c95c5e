"""The trend board on the page: the core's counts in the sentence, one cell a verdict, a click leads to the trend."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core import board as boards
from core.metrics import SCORED
from core.recompute import Report
from core.scenario import Scenario
from core.text import Text
from tests.pages.conftest import Open, charted, is_clean, visible

PAGE = "6_trends"
LANGUAGES = ("zh", "en")
Reported = Callable[..., Report]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentence_and_the_cells_are_the_cores(open_page: Open, reported: Reported, language: str) -> None:
    """How many pass of how many, how many chance gives; as many cells as KPIs × groups; the list is what is worth a look."""
    at = open_page(PAGE, language, "sample")
    is_clean(at)
    rows = boards.board(reported().measured.observed, Scenario(), ("agent",), [each.key for each in SCORED])
    found = boards.tally(rows)
    facts = {name: getattr(found, name) for name in ("passed", "family", "raw", "groups", "keys")}
    told = Text(language)("board.sentence.passed", by_chance=f"{found.by_chance:.0f}", **facts)
    assert any(told in said for said in visible(at))
    drawn = charted(at.get("vega_lite_chart")[0])
    assert len(drawn) == found.cells
    assert set(drawn["verdict"]) == set(rows["told"])
    assert at.dataframe[0].value["group"].tolist() == boards.listed(rows, "look")["group"].tolist()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("by", ["shop", "all"])
def test_other_groupings_and_all_kpis(open_page: Open, language: str, by: str) -> None:
    """The shop alone and everything together, with every KPI: in words, without codes."""
    at = open_page(PAGE, language, "sample")
    at.selectbox(key=f"board_by.{language}").set_value(by)
    at.segmented_control(key=f"board_list.{language}").set_value("everything").run()
    is_clean(at)
    assert len(at.dataframe[0].value) == len(charted(at.get("vega_lite_chart")[0]))


def test_the_button_opens_the_trend(open_page: Open) -> None:
    """From a cell to the trend's own part, with its KPI and group chosen."""
    at = open_page(PAGE, "en", "sample")
    next(button for button in at.button if button.label == Text("en")("board.cell.open")).click().run()
    is_clean(at)
    assert at.selectbox(key="trend_of.en").value == "first_response"
    assert at.selectbox(key="trend_agent.en").value == "Wang Fang"


@pytest.mark.parametrize("language", LANGUAGES)
def test_four_weeks_judge_nothing(open_page: Open, language: str) -> None:
    """Too few weeks: a sentence and slopes, no verdicts, an empty list explained."""
    at = open_page(PAGE, language, "sample", period="28d")
    is_clean(at)
    assert any(Text(language)("effects.sentence.none_judged") in said for said in visible(at))
    assert set(charted(at.get("vega_lite_chart")[0])["tone"]) == {"unjudged"}
    assert not at.dataframe
