"""Named scenarios: presets that are what they say, differences in order, seasons that fall on the right days, files that come back."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings

from core.annotations import Annotation
from core.errors import ScenarioError
from core.metrics import SCORED
from core.scenario import KNOBS, Scenario, written
from core.scenarios import CAUSES, Book, Season, Stretch, cause_of, diff, presets, weighted_by
from core.scoring import nominal_weights
from core.text import LANGUAGES, Text
from tests.test_scenario import SETTINGS


def shares(name: str) -> dict[str, float]:
    """What each KPI weighs under a preset, without those that weigh nothing."""
    weights = nominal_weights(presets()[name])
    return {m.key: float(weight) for m, weight in zip(SCORED, weights, strict=True) if weight > 0}


def test_presets_are_what_they_say() -> None:
    """Standard is the default, the small team has three KPIs at a third each, equal gives each KPI of the default card the same."""
    assert presets()["standard"] == Scenario()
    assert shares("small_team") == pytest.approx({"first_response": 1 / 3, "fcr": 1 / 3, "satisfaction": 1 / 3})
    weighted = [m.key for m in SCORED if m.weight]
    assert shares("equal") == pytest.approx({key: 1 / len(weighted) for key in weighted})
    assert {"conversion", "aov"} <= set(shares("presale"))
    assert not {"conversion", "aov"} & set(shares("aftersale"))


@pytest.mark.parametrize("name", presets())
def test_presets_can_be_used_and_have_a_name(name: str) -> None:
    """Each preset only weighs, is valid, gives no KPI more than half, and is named in both languages."""
    preset = presets()[name]
    assert preset.problems() == ()
    assert {cause_of(key) for key in preset.changed} <= {"weight"}
    assert max(shares(name).values()) <= 0.5
    assert sum(shares(name).values()) == pytest.approx(1)
    assert all(Text(language)(f"whatif.preset.{name}") for language in LANGUAGES)


def test_a_preset_leaves_the_rest_alone() -> None:
    """Weights are the preset's, also those it leaves at their default; filters and bands stay."""
    found = weighted_by(presets()["presale"], Scenario.of({"w_courtesy": 90, "band_a": 85, "in_team": ["South"]}))
    assert (found.get("w_courtesy"), found.get("band_a"), found.get("in_team")) == (10, 85, ("South",))
    assert diff(weighted_by(presets()["standard"], Scenario.of({"w_quality": 3})), Scenario()) == ()


def test_every_cause_is_named_and_every_scoring_knob_has_one() -> None:
    """Kinds of decision have words; only staffing, trend, calendar and live knobs have none."""
    assert {cause_of(key) for key in KNOBS} == {*CAUSES, ""}
    assert {KNOBS[key].room for key in KNOBS if not cause_of(key)} == {"staffing", "trend", "calendar", "live"}
    assert all(Text(language)(f"whatif.cause.{cause}") for language in LANGUAGES for cause in CAUSES)


@given(SETTINGS, SETTINGS)
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_a_difference_leads_from_one_to_the_other(one: dict, other: dict) -> None:
    """Setting the changed knobs of the one to the values of the other gives the other; order is that of the declaration."""
    a, b = Scenario.of(one), Scenario.of(other)
    changes = diff(a, b)
    values = {key: a.get(key) for key in a.changed} | {change.knob: change.b for change in changes}
    assert Scenario.of(values) == b
    places = [list(KNOBS).index(change.knob) for change in changes]
    assert places == sorted(places)
    assert diff(a, a) == ()


@given(SETTINGS)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_a_scenario_survives_a_link_and_a_book(values: dict) -> None:
    """Text of a link and YAML of a book give the very same scenario, to the last digit."""
    scenario = Scenario.of(values)
    link = {key: written(value) for key, value in scenario.changed.items()}
    read = {key: found if KNOBS[key].kind == "choices" else found[0] for key, found in link.items()}
    assert Scenario.of(read) == scenario
    book = Book(
        {"大促": scenario, "2026": Scenario()}, (Season("大促", "11-01", "11-12"), Season("2026", "2026-01-01"))
    )
    assert Book.from_yaml(book.to_yaml()) == book


def test_the_later_season_wins_and_days_are_whole() -> None:
    """Everyday weights, two weeks of double eleven each year, new weights from June: stretches follow each other without a gap."""
    book = Book(
        {"old": Scenario(), "new": Scenario.of({"w_quality": 50}), "sale": presets()["promotion"]},
        (Season("old", "2026-01-01"), Season("new", "2026-06-01"), Season("sale", "11-01", "11-12")),
    )
    assert book.stretches(date(2025, 12, 30), date(2026, 11, 13)) == (
        Stretch("", date(2025, 12, 30), date(2025, 12, 31)),
        Stretch("old", date(2026, 1, 1), date(2026, 5, 31)),
        Stretch("new", date(2026, 6, 1), date(2026, 10, 31)),
        Stretch("sale", date(2026, 11, 1), date(2026, 11, 12)),
        Stretch("new", date(2026, 11, 13), date(2026, 11, 13)),
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [("", ""), ("2026-02-30", ""), ("11-01", ""), ("11-01", "2026-11-12"), ("2026-05-02", "2026-05-01"), ("soon", "")],
)
def test_seasons_that_mean_nothing_are_refused(start: str, end: str) -> None:
    """No start, no such day, mixed forms, backwards, every year without an end."""
    with pytest.raises(ScenarioError, match="bad_season"):
        Season("a", start, end)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("version: 9\nscenarios: {}", "bad_scenario_book"),
        ("a: [", "bad_scenario_book"),
        ("version: 1\nscenarios: [1]", "bad_scenario_book"),
        ("version: 1\nscenarios: {a: 3}", "bad_scenario_book"),
        ("version: 1\nscenarios: {a: {w_qualty: 3}}", "unknown_knob"),
        ("version: 1\nscenarios: {sale: {}}\nseasons: [{scenario: sail, from: 11-01, to: 11-02}]", "unknown_scenario"),
    ],
)
def test_files_that_are_no_book_are_refused(text: str, code: str) -> None:
    """Another version, broken YAML, something else than tables, unknown knobs, a season of nothing: each says what was found."""
    with pytest.raises(ScenarioError) as refused:
        Book.from_yaml(text)
    assert refused.value.issue.code == code


def test_named_days_live_in_the_book() -> None:
    """They survive the file and every other change of the book, stand in calendar order, and joining does not double them."""
    named = (Annotation(date(2026, 4, 27), "换班"), Annotation(date(2026, 11, 1), "双十一", date(2026, 11, 11)))
    book = Book({"a": Scenario()}, (Season("a", "2026-01-01"),)).noted(*reversed(named))
    assert book.annotations == named
    assert Book.from_yaml(book.to_yaml()) == book
    changed = (book.with_scenario("b", Scenario()), book.renamed("a", "c"), book.without("a"), book.joined(book), Book().joined(book))
    assert [one.annotations for one in changed] == [named] * 5
    assert "annotations" not in Book().to_yaml()


@pytest.mark.parametrize(
    "line",
    ["{date: soon, name: a}", "{name: a}", "{date: 2026-05-01, name: ' '}", "{date: 2026-05-02, to: 2026-05-01, name: a}"],
)
def test_named_days_that_mean_nothing_are_refused(line: str) -> None:
    """No day, no such day, no name, backwards."""
    with pytest.raises(ScenarioError, match="bad_annotation"):
        Book.from_yaml(f"version: 1\nscenarios: {{}}\nannotations: [{line}]")


def test_a_book_grows() -> None:
    """Saving under a name adds or replaces; the old book stays as it was."""
    book = Book().with_scenario("a", Scenario())
    assert book.with_scenario("a", presets()["equal"]).named("a") == presets()["equal"]
    assert book.named("a") == Scenario()
