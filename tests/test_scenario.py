"""Knobs and scenarios: what a user decided survives every road, and nothing is taken silently."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ScenarioError
from core.scenario import KNOBS, Scenario


def _value(key: str) -> st.SearchStrategy:
    knob = KNOBS[key]
    kinds = {
        "number": st.floats(knob.low, knob.high), "choice": st.sampled_from(knob.options or ("",)), "flag": st.booleans(),
        "spans": st.sampled_from(["", "2026-11-11", "2026-11-01..2026-11-11 2026-12-12"]),
        "choices": st.lists(st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=5), max_size=3),
        "date": st.dates(date(2000, 1, 1), date(2099, 1, 1)),
    }  # fmt: skip
    return kinds[knob.kind]


SETTINGS = st.dictionaries(st.sampled_from(sorted(KNOBS)), st.none(), max_size=6).flatmap(
    lambda keys: st.fixed_dictionaries({key: _value(key) for key in keys})
)


@given(SETTINGS)
@settings(max_examples=80, deadline=None, derandomize=True, database=None)
def test_a_scenario_survives_dict_json_and_yaml(values: dict) -> None:
    """Written and read again it is the same scenario with the same identity."""
    import yaml

    scenario = Scenario.of(values)
    for back in (
        scenario.to_dict(),
        json.loads(json.dumps(scenario.to_dict())),
        yaml.safe_load(yaml.safe_dump(scenario.to_dict(), allow_unicode=True)),
    ):
        read = Scenario.from_dict(back)
        assert read == scenario
        assert read.key == scenario.key
    assert hash(scenario.key) == hash(Scenario.of(values).key)


def test_defaults_are_not_kept() -> None:
    """A knob put to its default is no change."""
    assert Scenario.of({"w_quality": 40, "in_team": []}) == Scenario()


def test_unknown_knobs_are_refused_with_a_hint() -> None:
    """A misspelt knob is named, with the nearest known one."""
    with pytest.raises(ScenarioError) as refused:
        Scenario.of({"w_qualty": 50})
    assert (refused.value.issue.code, refused.value.issue.facts["hint"]) == ("unknown_knob", "w_quality")


@pytest.mark.parametrize(
    ("key", "value"),
    [("w_quality", -1), ("w_quality", 101), ("w_quality", "many"), ("w_quality", float("nan")), ("fcr_rule", "luck"),
     ("from", "31.12.2026"), ("repeat_same_issue", "maybe"), ("band_a", float("inf"))],
)  # fmt: skip
def test_values_out_of_bounds_are_refused_not_clamped(key: str, value: object) -> None:
    """The refusal names the knob and what is allowed."""
    with pytest.raises(ScenarioError) as refused:
        Scenario.of({key: value})
    assert refused.value.issue.facts["knob"] == key
    assert refused.value.issue.facts["allowed"]


@pytest.mark.parametrize("data", [{"version": 99, "knobs": {}}, {}, [], "text", {"version": 1, "knobs": [1]}])
def test_files_of_another_kind_are_refused(data: object) -> None:
    """No version, another version or no mapping is no scenario file."""
    with pytest.raises(ScenarioError) as refused:
        Scenario.from_dict(data)  # type: ignore[arg-type]
    assert refused.value.issue.code == "bad_scenario_file"


def test_bands_must_fall() -> None:
    """A above B above C, strictly; `problems` lists it beside anchors out of order."""
    bad = Scenario.of({"band_b": 95, "pass_fcr": 0.2})
    with pytest.raises(ScenarioError):
        bad.bands()
    assert {issue.code for issue in bad.problems()} == {"bands_out_of_order", "anchors_out_of_order"}
    assert Scenario().problems() == ()


def test_the_window_is_the_rule_sets_unless_set() -> None:
    """24 h, 12 h with the other rule set, and whatever the knob says."""
    hours = [
        Scenario.of(values).window_ms / 3_600_000
        for values in ({}, {"rules": "tiktok_12h"}, {"rules": "tiktok_12h", "window_h": 3})
    ]
    assert hours == [24, 12, 3]


def test_a_part_holds_only_its_rooms() -> None:
    """What a cached step depends on is what it is given."""
    scenario = Scenario.of({"w_quality": 50, "fcr_h": 24, "in_team": ["South"]})
    assert set(scenario.part("rules", "filter").changed) == {"fcr_h", "in_team"}


def test_a_period_that_ends_before_it_starts_is_refused():
    """Both dates are named; nothing is silently empty."""
    backwards = Scenario.of({"period": "custom", "from": "2026-05-01", "to": "2026-03-01"})
    assert [issue.code for issue in backwards.problems()] == ["period_backwards"]
    with pytest.raises(ScenarioError, match="period_backwards"):
        backwards.dates()
