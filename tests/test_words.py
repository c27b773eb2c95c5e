"""Words: everything declared has a name and an explanation in both languages, with equal keys and placeholders."""

from __future__ import annotations

import string

import pytest

from core.metrics import GROUPS, METRICS
from core.rules import RULE_SETS
from core.scenario import KNOBS
from core.text import LANGUAGES, Text, words

PARTS = ("name", "short", "what", "formula", "left_out", "advice", "others")


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_metric_has_all_its_words(language: str) -> None:
    """Name, short name, explanation, formula, exclusions, advice and other definitions stand for each KPI, filled in."""
    text = Text(language)
    for metric in METRICS:
        for part in PARTS:
            sentence = text(f"metrics.{metric.key}.{part}", n="30")
            assert sentence.strip(), (metric.key, part)
            assert "{" not in sentence, (metric.key, part)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_metric_words_without_a_metric(language: str) -> None:
    """A KPI that left the catalogue leaves no words behind."""
    named = {key.split(".")[1] for key in words(language) if key.startswith("metrics.")}
    assert named == {metric.key for metric in METRICS}


@pytest.mark.parametrize("language", LANGUAGES)
def test_weak_kpis_come_with_advice(language: str) -> None:
    """Every scored KPI says what to do when it is weak."""
    text = Text(language)
    scored = [metric.key for metric in METRICS if metric.scored]
    assert [key for key in scored if len(text(f"metrics.{key}.advice", n="30")) < 10] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_groups_and_rule_sets_are_named(language: str) -> None:
    """Groups of the score and rule sets have names, rule sets a text."""
    text = Text(language)
    assert all(text(f"grades.group.{group}") for group in (*GROUPS, "volume"))
    assert all(text(f"rules.{rule.key}.{part}") for rule in RULE_SETS for part in ("name", "text"))


def test_both_languages_say_the_same_things() -> None:
    """Both languages have equal keys, equal placeholders, and no empty sentence."""
    zh, en = words("zh"), words("en")
    assert set(zh) == set(en)
    assert [key for key in zh if _places(zh[key]) != _places(en[key])] == []
    assert [key for key in zh if not zh[key].strip() or not en[key].strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_knob_has_name_help_and_option_words(language: str) -> None:
    """Metric knobs are named after their metric, all others by themselves; every option of a choice has a word."""
    from pages._widgets import knob_words, option_name

    text = Text(language)
    for knob in KNOBS.values():
        name, help_ = knob_words(knob, text)
        assert name.strip()
        assert len(help_) > len(name) / 2
        assert "{" not in name + help_
        assert all(option_name(knob, code, text) != code for code in knob.options), knob.key


@pytest.mark.parametrize("language", LANGUAGES)
def test_metric_knobs_are_told_apart(language: str) -> None:
    """No two knobs carry the same name in the same room."""
    from pages._widgets import knob_words

    named = [(knob.room, knob_words(knob, Text(language))[0]) for knob in KNOBS.values()]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_p_value_brings_its_own_sign(language: str) -> None:
    """A p-value is written with its sign ("= 0.03", "< 0.0001"): a sentence that writes one, too, would show two."""
    assert [key for key, sentence in words(language).items() if "= {p}" in sentence] == []
