"""Rosters: the fewest people, the cheapest week, today's roster and its changes, names, nights, and what cannot be covered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ScenarioError
from core.staffing import cover_hours, measure_demand, plan
from core.staffing.changes import Shift, added, apply, difference, dropped, latest_week, moved, outcome, split, tried
from core.staffing.cheapest import Limits, cheapest_changes, shifts_of
from core.staffing.covering import Need, Prices, Search, Terms
from core.staffing.names import short_rests
from core.staffing.patterns import ShiftRules, covered, day_patterns, least_staff
from core.staffing.roster import Crew, best_roster
from tests import reference
from tests.staffing.test_planning import contacts

HOUR = 3_600_000
TODAY = ["agent", "weekday", "start", "end", "break_minutes"]


def hours(per_day: dict[int, tuple[int, int, float]]) -> np.ndarray:
    """A week of hours: weekday → first hour, last hour (excluded), agents."""
    week = np.zeros((7, 24))
    for day, (first, last, agents) in per_day.items():
        week[day, first:last] = agents
    return week


def test_post_office(shared: Path) -> None:
    """Fewest people for five days on and two off, with the bound of the relaxed problem (Winston)."""
    inputs, expected, tolerance = reference.case(shared, "st.roster.winston_postoffice")
    found = least_staff(inputs["required_mon_to_sun"], day_patterns(5))
    assert (found.staff, found.optimal) == (expected["min_staff"], True)
    assert found.lp_bound == pytest.approx(expected["lp_bound"], **tolerance)
    assert np.all(found.counts @ day_patterns(5) >= inputs["required_mon_to_sun"])


def test_gap_hours(shared: Path) -> None:
    """Under- and over-cover in agent-hours, never netted."""
    inputs, expected, tolerance = reference.case(shared, "st.gap.agent_hours")
    net = np.array(inputs["rostered"]) * (1 - inputs["shrinkage"])
    found = cover_hours(inputs["required"], net, inputs["slot_hours"])
    assert net == pytest.approx(expected["net"], **tolerance)
    assert (found.under, found.over) == pytest.approx((expected["under_hours"], expected["over_hours"]), **tolerance)
    assert found.over - found.under == pytest.approx(expected["net_difference_hours"], **tolerance)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 30), min_size=7, max_size=7), st.integers(1, 7))
def test_fewest_people_cover_every_day(required: list[int], days_on: int) -> None:
    """Any requirement is covered, never by fewer people than the relaxed bound or a day's need."""
    found = least_staff(required, day_patterns(days_on))
    assert found.optimal
    assert np.all(found.counts @ day_patterns(days_on) >= required)
    assert found.staff >= max(found.lp_bound - 1e-6, *required)


def test_a_shift_over_sunday_midnight_begins_the_week() -> None:
    """The week is a circle: Sunday 22:00 for four hours covers Monday's first two."""
    week = covered(6 * 1440 + 22 * 60, 240, 60).reshape(7, 24)
    assert (week[6, 22:].tolist(), week[0, :3].tolist(), week.sum()) == ([1, 1], [1, 1, 0], 4)


def test_a_roster_keeps_its_rules() -> None:
    """Days off, one shift a day, breaks inside, enough rest; the figures are those of the shifts themselves."""
    need = Need(np.tile(np.where((np.arange(24) >= 8) & (np.arange(24) < 22), 3.0, 0), (7, 1)))
    rules = ShiftRules(lengths_min=(480,), earliest=360, latest=900, break_min=60)
    found = best_roster(Crew({f"p{i}": [] for i in range(12)}), need, Terms(rules, Prices(30), Search(limit_s=10)))
    shifts = found.shifts
    assert not shifts.duplicated(["agent", "weekday"]).any()
    assert shifts.groupby("agent").size().max() <= 5
    off = [sorted(set(range(7)) - set(rows["weekday"])) for _, rows in shifts.groupby("agent")]
    assert all(any((day + 1) % 7 in free for day in free) for free in off)
    assert (shifts["break_start"] >= shifts["start"] + 120).all()
    assert (shifts["break_start"] + 60 <= shifts["end"] - 120).all()
    assert found.cost == pytest.approx(30 * (shifts["end"] - shifts["start"]).sum() / 60)
    supplied = np.zeros(168)
    for row in shifts.itertuples():
        supplied += covered(row.weekday * 1440 + row.start, row.end - row.start, 60)
        supplied -= covered(row.weekday * 1440 + row.break_start, 60, 60)
    assert found.supplied.ravel() == pytest.approx(supplied)
    assert found.under_hours == pytest.approx(np.maximum(need.line() - supplied, 0).sum())
    assert found.bound <= found.value + 1e-6
    assert short_rests(shifts, rules.rest_min) == found.short_rests


def test_the_smallest_roster_is_known() -> None:
    """Two at work on seven days with two days off each take three people and fourteen duties."""
    found = best_roster(Crew({f"p{i}": [] for i in range(5)}), Need(hours(dict.fromkeys(range(7), (9, 17, 2)))),
                        Terms(ShiftRules((480,), break_min=0)))  # fmt: skip
    assert (found.optimal, len(found.shifts), found.under_hours, found.over_hours) == (True, 14, 0.0, 0.0)


def test_an_english_speaker_does_not_cover_japanese() -> None:
    """Work in a language is covered by its speakers, each for one language at a time; who has no known language serves the rest."""
    need = Need(hours({0: (9, 13, 3)}), {"ja": hours({0: (9, 13, 1)}), "en": hours({0: (9, 13, 1)})})
    rules = Terms(ShiftRules((240,), break_min=0))
    both = best_roster(Crew({"a": ["ja", "en"], "b": ["zh"], "c": []}), need, rules)
    assert both.under_hours == 0
    assert both.holes["skill"].isin(["ja", "en"]).all()
    assert both.holes["hours"].sum() == pytest.approx(4)
    assert set(both.holes["reason"]) == {"no_people"}
    none = best_roster(Crew({"a": ["en"], "b": ["zh"], "c": []}), need, rules)
    assert none.holes[["skill", "hours", "reason"]].to_numpy().tolist() == [["ja", 4.0, "no_speaker"]]
    assert best_roster(Crew({"a": ["en"], "b": ["ja"], "c": []}), need, rules).holes.empty


@pytest.mark.parametrize(
    ("crew", "rules", "prices", "reason"),
    [
        ({"a": []}, ShiftRules((240,), earliest=540, latest=540, break_min=0), Prices(), "no_shift"),
        ({}, ShiftRules(), Prices(), "no_people"),
        ({"a": []}, ShiftRules((240,), break_min=0, days_off=6), Prices(), "no_people"),
        ({"a": []}, ShiftRules((240,), break_min=0), Prices(under=0.5), "price"),
    ],
)
def test_what_cannot_be_covered_has_a_reason(crew: dict[str, list[str]], rules: ShiftRules, prices: Prices, reason: str) -> None:
    """No allowed shift, nobody left, or dearer than it is worth: the hours stay short and say why."""
    found = best_roster(Crew(crew), Need(hours({0: (18, 22, 1), 3: (18, 22, 1)})), Terms(rules, prices))
    assert found.optimal
    assert reason in set(found.holes["reason"])
    assert found.under_hours == pytest.approx(found.holes["hours"].sum())


def test_rules_outside_their_bounds_are_refused() -> None:
    """Lengths, grid, days off, prices and shrinkage name their bounds."""
    for wrong in ({"lengths_min": ()}, {"lengths_min": (10,)}, {"start_every_min": 7}, {"days_off": 7}, {"earliest": 900, "latest": 60}):
        with pytest.raises(ScenarioError):
            ShiftRules(**wrong)
    with pytest.raises(ScenarioError):
        Prices(wage=-1)
    with pytest.raises(ScenarioError):
        Limits(-1)
    with pytest.raises(ScenarioError):
        best_roster(Crew({"a": []}), Need(hours({})), Terms(search=Search(shrinkage=1.0)))


def friday() -> tuple[Crew, Need, np.ndarray]:
    """Two too many on Tuesday, two too few on Friday at the same hours."""
    rows = [("a", 1, 840, 1020, 0), ("b", 1, 840, 1020, 0), ("c", 1, 840, 1020, 0), ("c", 4, 840, 1020, 0), ("d", 4, 600, 840, 0)]
    today = pd.DataFrame(rows, columns=TODAY)
    need = hours({1: (14, 17, 1), 4: (14, 17, 3)})
    need[4, 10:14] = 1
    have = sum((shift.cover(60) for _, shift in shifts_of(today)), np.zeros(168)).reshape(7, 24)
    return Crew({agent: [] for agent in "abcd"}, today), Need(need), have


@pytest.mark.parametrize(("most", "left"), [(0, 6.0), (1, 3.0), (2, 0.0), (6, 0.0)])
def test_at_most_k_changes(most: int, left: float) -> None:
    """Each change closes what it can, never more changes than allowed, and nobody works twice at once."""
    crew, need, have = friday()
    found = cheapest_changes(crew, need, have, Limits(most))
    assert len(found.changes) == min(most, 2)
    assert (found.under_before, found.under_hours, found.optimal) == (6.0, left, True)
    assert all(change.before.weekday == 1 and change.after[0].weekday == 4 and not change.clash for change in found.changes)
    assert "c" not in {change.agent for change in found.changes}
    after = apply(crew.today, found.changes)
    assert sum((shift.cover(60) for _, shift in shifts_of(after)), np.zeros(168)) == pytest.approx(found.supplied.ravel())


def test_a_shift_is_split_only_where_it_may() -> None:
    """Half of a long shift closes a short hole; without splitting nothing that helps fits."""
    today = pd.DataFrame([("a", 0, 600, 840, 0), ("b", 0, 600, 720, 0)], columns=TODAY)
    need, have = Need(hours({0: (10, 12, 2), 2: (10, 12, 1)})), hours({0: (10, 14, 1)})
    have[0, 10:12] = 2
    crew = Crew({"a": [], "b": []}, today)
    apart = cheapest_changes(crew, need, have, Limits(1))
    assert (apart.changes[0].kind, apart.changes[0].agent, apart.under_hours) == ("split", "a", 0.0)
    whole = cheapest_changes(crew, need, have, Limits(1, may_split=False))
    assert all(change.kind == "move" for change in whole.changes)
    assert whole.under_hours > 0


def test_changes_may_need_more_people() -> None:
    """Where nothing is to spare a shift is added, paid for, to whoever has the fewest hours; not when only moves are allowed."""
    today = pd.DataFrame([("a", 0, 600, 840, 0)], columns=TODAY)
    need = hours({0: (10, 14, 1), 3: (10, 14, 1)})
    crew = Crew({"a": [], "b": []}, today)
    terms = Terms(ShiftRules((240,)), Prices(30))
    found = cheapest_changes(crew, Need(need), hours({0: (10, 14, 1)}), Limits(2, may_add=True), terms)
    assert [(c.kind, c.agent, c.after) for c in found.changes] == [("add", "b", (Shift(3, 600, 840),))]
    assert (found.added_cost, found.under_hours) == (120.0, 0.0)
    assert cheapest_changes(crew, Need(need), hours({0: (10, 14, 1)}), Limits(2), terms).changes == ()


def test_without_a_roster_only_shifts_can_be_added() -> None:
    """No shifts of today: nothing to move, additions to agents who were seen."""
    found = cheapest_changes(Crew({"a": []}), Need(hours({3: (10, 14, 1)})), hours({}), Limits(2, may_add=True), Terms(ShiftRules((240,))))
    assert [change.kind for change in found.changes] == ["add"]
    assert cheapest_changes(Crew({}), Need(hours({3: (10, 14, 1)})), hours({}), Limits(2)).changes == ()


def test_todays_week_is_the_latest_whole_one() -> None:
    """Nights stay one shift that ends past midnight; a clock change keeps the times on the wall; a cut week knows its days."""
    berlin = [pd.Timestamp(text, tz="Europe/Berlin").value // 1_000_000 for text in ("2026-03-28 22:00", "2026-03-29 06:00")]
    first = 20_535  # Monday 2026-03-23; clocks go forward on the 29th
    rows = [{"agent_id": "n", "start_at": berlin[0], "end_at": berlin[1]}]
    eight = [(first + day) * 24 * HOUR + 8 * HOUR for day in range(9)]
    rows += [{"agent_id": "d", "start_at": at, "end_at": at + 4 * HOUR} for at in eight]
    roster = pd.DataFrame(rows)
    week = latest_week(roster, (first, first + 8), "Europe/Berlin")
    assert (week.monday, week.known, len(week.shifts)) == (first, (True,) * 7, 8)
    assert ["n", 5, 1320, 1800, 0] in week.shifts.to_numpy().tolist()
    assert ["d", 6, 600, 840, 0] in week.shifts.to_numpy().tolist()  # 08:00 UTC is 10:00 after the change
    cut = latest_week(roster, (first + 7, first + 8), "Europe/Berlin")
    assert cut.known == (True, True, *(False,) * 5)
    assert np.isnan(cut.supply(60)[2]).all()
    assert latest_week(roster, (0, 5), "UTC") is None
    assert latest_week(None, (0, 5), "UTC") is None


def test_what_is_tried_is_what_the_plan_shows() -> None:
    """Add, move, split and drop change the supply by their hours, and under-cover, waits and wages follow."""
    week = latest_week(pd.DataFrame([{"agent_id": "a", "start_at": (4 * 24 + 9) * HOUR, "end_at": (4 * 24 + 17) * HOUR}]), (4, 10), "UTC")
    demand = measure_demand(pd.concat([contacts(day, 10, 60) for day in (4, 8)]), zone="UTC", period=(4, 10))
    shift = Shift(0, 540, 1020)
    before = outcome(plan(tried(demand, week, ())), 20.0)
    assert (before.supplied, before.cost) == (8.0, 160.0)
    more = outcome(plan(tried(demand, week, [added("b", 0, 600, 660)] * 6)), 20.0)
    assert (more.supplied, more.cost) == (14.0, 280.0)
    assert more.under < before.under
    assert more.answered > before.answered
    assert outcome(plan(tried(demand, week, [dropped("a", shift)])), 20.0).supplied == 0
    assert difference([moved("a", shift, 4, 540)], 30).sum() == 0
    assert difference([split("a", shift, 720, (4, 600))], 15).sum(axis=1).tolist() == [-20, 0, 0, 0, 20, 0, 0]
    with pytest.raises(ScenarioError):
        split("a", shift, 1020, (4, 600))
    nobody = measure_demand(contacts(4, 10, 60), zone="UTC", period=(4, 10))
    assert tried(nobody, None, [added("b", 4, 600, 660)]) is nobody
    assert np.isnan(outcome(plan(nobody), 20.0).supplied)


def test_waits_follow_the_staff() -> None:
    """One more agent never lengthens the mean wait; a queue without limit has an infinite one and is counted apart."""
    demand = measure_demand(contacts(4, 10, 60), zone="UTC", period=(4, 10))
    day = latest_week(pd.DataFrame([{"agent_id": "a", "start_at": (4 * 24 + 10) * HOUR, "end_at": (4 * 24 + 11) * HOUR}]), (4, 10), "UTC")
    found = [outcome(plan(tried(demand, day, [added(f"b{i}", 0, 600, 660) for i in range(n)])), 1.0) for n in (0, 2, 3, 5)]
    assert found[0].endless == 60
    assert np.isnan(found[0].wait_s)
    assert found[1].wait_s > found[2].wait_s > found[3].wait_s > 0
    assert found[3].endless == 0
