"""Methods: everything declared is explained, and can be found."""

from __future__ import annotations

import pytest

from core.metrics import METRICS
from core.planner import QUESTIONS, case_of, example, needed, usual_change
from core.rules import RULE_SETS
from core.scenario import KNOBS, Scenario
from core.text import Text
from tests.pages.conftest import Open, is_clean, visible
from tests.shop import observed

LANGUAGES = ("zh", "en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["nothing", "sample", "broken"])
def test_every_declaration_is_explained(open_page: Open, language: str, state: str) -> None:
    """Metrics, knobs and rule sets stand there with or without data."""
    at = open_page("8_methods", language, state)
    is_clean(at)
    said, text = "\n".join(visible(at)), Text(language)
    assert all(text(f"metrics.{metric.key}.what", n="30") in said for metric in METRICS)
    assert all(f"`{key}`" in said for key in KNOBS)
    assert all(text(f"rules.{rule.key}.text") in said for rule in RULE_SETS)


@pytest.mark.parametrize(
    ("language", "word", "found", "gone"),
    [("zh", "威尔逊", "", "Wilson"), ("zh", "Wilson", "Wilson", "Holm"), ("en", "fcr", "First contact", "Wilson")],
)
def test_search_narrows(open_page: Open, language: str, word: str, found: str, gone: str) -> None:
    """The box keeps the entries that hold the word; a word nobody used is told."""
    at = open_page("8_methods", language)
    at.text_input(key="search").set_value(word).run()
    is_clean(at)
    titles = " ".join(each.value for each in at.subheader)
    assert found in titles
    assert gone not in titles
    assert bool(titles.strip()) == bool(found)


def test_defaults_are_those_of_the_declarations(open_page: Open) -> None:
    """Target, pass and floor of a scored metric come from the catalogue."""
    said = "\n".join(visible(open_page("8_methods", "en")))
    assert "100 points at 95.0 %, pass at 85.0 %, 0 points at 60.0 %" in said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["nothing", "sample"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_calculator_says_how_much_data_it_takes(open_page: Open, language: str, state: str, question: str) -> None:
    """Every question has its answer in words, with the log's own numbers or, without one, with an example."""
    at = open_page("8_methods", language, state)
    at.session_state["fold_planner"] = True
    at.run()
    at.button_group(key=f"plan_question.{language}").set_value(question).run()
    is_clean(at)
    text = Text(language)
    key = at.selectbox(key=f"plan_metric.{language}").value
    case = example(key, question) if state == "nothing" else case_of(observed(), Scenario(), key, question)
    weeks = text.number(needed(case, usual_change(case, Scenario())).weeks, 0)
    said = visible(at)
    assert any(f"**{weeks} " in each for each in said)
    assert (text("planner.source.example") in said) == (state == "nothing")


def test_the_calculator_follows_its_numbers(open_page: Open) -> None:
    """85 to 93 % takes 233 ratings in each period; seven comparisons take more."""
    at = open_page("8_methods", "en")
    at.session_state["fold_planner"] = True
    at.run()
    at.selectbox(key="plan_metric.en").set_value("satisfaction").run()
    at.button_group(key="plan_question.en").set_value("periods").run()
    at.slider(key="plan_change_satisfaction_periods_").set_value(0.08).run()
    is_clean(at)
    assert any("**233 cases in each**" in each for each in visible(at))
    at.number_input(key="plan_tests").set_value(7).run()
    assert any("7 comparisons" in each for each in visible(at))
    at.slider(key="plan_change_satisfaction_periods_").set_value(0.3).run()
    assert Text("en")("planner.answer.out_of_range") in visible(at)
