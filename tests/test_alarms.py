"""Lamps with hysteresis: laws that hold for every course of figures, and one course by hand."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from core.alarms import (
    JUDGED,
    MOST_ENTRIES,
    Entry,
    Lamp,
    Light,
    Threshold,
    changes,
    history_table,
    judged,
    lit_at,
    noted,
    stepped,
    thresholds,
)
from core.scenario import Scenario

LIMIT = st.builds(lambda off, width, looks: Threshold(off + width, off, looks), st.floats(0, 50), st.floats(0.5, 50), st.integers(1, 4))
COURSE = st.lists(st.one_of(st.floats(0, 120), st.just(math.nan)), max_size=30)
FEW = settings(max_examples=40, deadline=None)


def run(values: list[float], limit: Threshold, lamp: Lamp | None = None) -> list[Lamp]:
    """The lamp after each look."""
    lamp, seen = lamp or Lamp(), []
    for value in values:
        lamp = stepped(lamp, value, limit)
        seen.append(lamp)
    return seen


@FEW
@given(LIMIT, st.lists(st.floats(0.001, 0.999), max_size=30), st.booleans())
def test_nothing_flickers_inside_the_band(limit: Threshold, places: list[float], lit: bool) -> None:
    """Between the two thresholds a lamp keeps its state, whichever it is, and counts nothing."""
    inside = [limit.off + place * (limit.on - limit.off) for place in places]
    inside = [value for value in inside if limit.off < value < limit.on]
    assert set(run(inside, limit, Lamp(lit))) <= {Lamp(lit)}


@FEW
@given(LIMIT, COURSE, COURSE)
def test_worse_figures_never_light_less(limit: Threshold, values: list[float], more: list[float]) -> None:
    """Where every figure is at least as bad, the lamp is lit whenever it is lit for the better course."""
    better = [value for value in values if not math.isnan(value)]
    worse = [value + (0 if math.isnan(extra) else extra) for value, extra in zip(better, [*more, *[0.0] * 30], strict=False)]
    assert all(b.lit or not a.lit for a, b in zip(run(better, limit), run(worse, limit), strict=True))


@FEW
@given(LIMIT, COURSE, COURSE)
def test_only_state_and_counter_are_remembered(limit: Threshold, first: list[float], then: list[float]) -> None:
    """What comes after depends on the last lamp alone, not on how it came about; the counter stays below the looks asked for."""
    whole = run([*first, *then], limit)
    last = run(first, limit)[-1] if first else Lamp()
    assert whole[len(first) :] == run(then, limit, last)
    assert all(lamp.looks < limit.looks for lamp in whole)


@FEW
@given(LIMIT, COURSE)
def test_a_change_takes_so_many_looks_in_a_row(limit: Threshold, values: list[float]) -> None:
    """A lamp changes exactly when the last ``looks`` figures all lie beyond the threshold of the other state."""
    lamps = [Lamp(), *run(values, limit)]
    for at in range(1, len(lamps)):
        if lamps[at].lit != lamps[at - 1].lit:
            last = values[max(0, at - limit.looks) : at]
            assert len(last) == limit.looks
            beyond = [v >= limit.on for v in last] if lamps[at].lit else [math.isnan(v) or v <= limit.off for v in last]
            assert all(beyond)


@FEW
@given(st.lists(st.dictionaries(st.sampled_from(JUDGED), st.floats(0, 400)), max_size=12), st.integers(1, 3))
def test_an_alarm_is_a_warning_too(courses: list[dict[str, float]], looks: int) -> None:
    """Whatever the figures, no alarm lamp is lit without its warning lamp."""
    scenario, lights = Scenario.of({"live_looks": looks}), {}
    for values in courses:
        lights = judged(lights, values, scenario)
        assert all(light.warning.lit or not light.alarm.lit for light in lights.values())


def test_a_course_by_hand() -> None:
    """Two looks, warning at 5 (out at 4), alarm at 10 (out at 8): each change comes with the second look beyond, a missing figure calms."""
    scenario, lights, states = Scenario.of({"live_looks": 2, "live_band": 0.2}), {}, []
    history: tuple[Entry, ...] = ()
    for at, value in enumerate([5, 4.5, 5, 6, 12, 9, 11, 10, 9, 8, 8, 5, 4, math.nan]):
        fresh = judged(lights, {"waiting": value}, scenario)
        history = noted(history, changes(lights, fresh, {"waiting": value}, (at, 1000 * at)))
        lights = fresh
        states.append(lights["waiting"].state)
    calm, warn, alarm = "normal", "warning", "alarm"
    assert states == [calm, calm, calm, warn, warn, warn, warn, alarm, alarm, alarm, warn, warn, warn, calm]
    told = [(each.as_of_ms, each.before, each.after) for each in history]
    assert told == [(3, calm, warn), (7, warn, alarm), (10, alarm, warn), (13, warn, calm)]
    table = history_table(history)
    assert table["after"].tolist() == [calm, warn, alarm, warn]
    assert table["read"].iloc[0] == "1970-01-01T00:00:13Z"


def test_shares_are_judged_by_what_is_missing() -> None:
    """80 % warns and 60 % alarms; they go out at 84 % and 68 %; 0 switches a level off; a warning set beyond its alarm lights with it."""
    usual = Scenario()
    assert [round(each, 6) for each in lit_at(usual, "within", "warning")] == [0.8, 0.84]
    assert [round(each, 6) for each in lit_at(usual, "within", "alarm")] == [0.6, 0.68]
    off = Scenario.of({"warn_within": 0, "alarm_busy": 0, "warn_waiting": 50})
    assert math.isnan(lit_at(off, "within", "warning")[0])
    assert thresholds(off, "waiting")[0].on == 10
    lights = judged({}, {"within": 0.7, "busy": 99.0}, Scenario.of({"live_looks": 1, "alarm_busy": 0, "warn_within": 0}))
    assert (lights["within"].state, lights["busy"].state) == ("normal", "warning")
    assert Light(alarm=Lamp(True)).state == "alarm"


def test_the_history_is_bounded() -> None:
    """Of many changes the last 500 stay."""
    many = [Entry(at, at, "waiting", "normal", "alarm", 1.0) for at in range(MOST_ENTRIES + 20)]
    assert noted((), many)[0].as_of_ms == 20
    assert len(noted(many[:MOST_ENTRIES], many[MOST_ENTRIES:])) == MOST_ENTRIES
