"""Methods: everything declared is explained, and can be found."""

from __future__ import annotations

import pytest

from core.metrics import METRICS
from core.rules import RULE_SETS
from core.scenario import KNOBS
from core.text import Text
from tests.pages.conftest import Open, is_clean, visible

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
