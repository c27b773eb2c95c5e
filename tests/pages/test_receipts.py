"""The card's receipt and page for a talk: the core's figures and words, in both languages, also with a poor log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.receipt import receipt
from core.recompute import Report, conversations
from core.text import Text
from tests.pages.conftest import Open, is_clean, visible

PAGE = "5_compare"
LANGUAGES = ("zh", "en")
TABS = ("tab_receipt", "tab_talk")
POOR = "会话ID,客服,开始时间,首次响应时长(秒)\n" + "".join(
    f"c{i},{'小王' if i % 2 else '小李'},2026-05-{1 + i % 20:02d} 10:{i % 60:02d}:00,{20 + i % 40}\n" for i in range(90)
)


def opened(at: AppTest, language: str, tab: str, agent: str) -> AppTest:
    """The tab of an agent's card."""
    at.session_state[f"card_{language}"] = Text(language)(f"compare.card.{tab}")
    return at.selectbox(key=f"who.{language}").set_value(agent).run()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("agent", ["Tom Baker", "Shen Yi"])
def test_the_tabs_are_in_words(open_page: Open, language: str, tab: str, agent: str) -> None:
    """With and without a grade, with an earlier period."""
    at = opened(open_page(PAGE, language, "sample", period="28d"), language, tab, agent)
    is_clean(at)
    assert at.subheader[0].value == agent


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tab", TABS)
def test_a_poor_log_has_a_receipt_too(open_page: Open, language: str, tab: str) -> None:
    """Id, agent, start and first response only: what is missing is named, nothing breaks."""
    at = open_page("1_data", language)
    at.file_uploader(key="files").upload("poor.csv", POOR.encode(), "text/csv").run()
    at = opened(at.switch_page(f"pages/{PAGE}.py").run(), language, tab, "小王")
    is_clean(at)
    assert any(Text(language)("scores.reason.little_weight") in said for said in visible(at))


@pytest.mark.parametrize("language", LANGUAGES)
def test_with_nothing_loaded_there_is_no_card(open_page: Open, language: str) -> None:
    """The page says what to do instead."""
    at = open_page(PAGE, language)
    is_clean(at)
    assert not at.tabs


def test_a_click_on_a_line_lists_what_it_counts(open_page: Open, reported: Callable[..., Report]) -> None:
    """The formula and exactly the newest conversations of that KPI; customers masked."""
    at = opened(open_page(PAGE, "en", "sample", period="28d"), "en", "tab_receipt", "Tom Baker")
    report = reported(period="28d")
    one = receipt(report, "Tom Baker")
    lines = next(each.value for each in at.dataframe if "Contribution" in each.value)
    assert float(lines["Contribution"].iloc[-1]) == pytest.approx(one.score, abs=0.005)
    row = one.lines["key"].tolist().index("fcr")
    at.session_state["receipt_lines"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    at.run()
    is_clean(at)
    frame = at.dataframe[-1].value
    wanted = conversations(report.measured.observed, report.scenario, of="fcr", agent="Tom Baker")
    assert frame["conversation"].tolist() == wanted["conversation"].tolist()
    assert frame["hit"].sum() / len(frame) == pytest.approx(one.lines["value"].iloc[row])
    assert frame["customer"].str.startswith("#").all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_lead_writes_stands_on_the_card(open_page: Open, language: str) -> None:
    """The words of a grade are kept; an emptied field brings the default back."""
    at = opened(open_page(PAGE, language, "sample"), language, "tab_talk", "Tom Baker")
    at.session_state["fold_actions"] = True
    at.run()
    field = f"action_D_{language}"
    at.text_area(key=field).set_value("Meet on Monday.").run()
    is_clean(at)
    assert any("Meet on Monday." in said for said in visible(at))
    at.text_area(key=field).set_value("").run()
    assert any(Text(language)("card.action.D") in said for said in visible(at))
