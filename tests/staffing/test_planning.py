"""The plan of a week: requirement, supply, gap, moves, caveats, words, speed."""

from __future__ import annotations

import dataclasses
import re
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ScenarioError
from core.staffing import StaffingKnobs, measure_demand, moves, plan, positions, staffing_table, worst_slots
from core.text import Text, words

MONDAY, FRIDAY = 4, 8
CONTRACT = [
    "weekday", "start", "contacts", "aht_s", "concurrency", "load_erlang", "required", "supplied", "gap",
    "service_level", "occupancy", "model", "supply_label", "n_days",
]  # fmt: skip


def contacts(day: int, hour: int, n: int, **columns: object) -> pd.DataFrame:
    """``n`` contacts spread evenly over one hour of a UTC day, answered at once, two minutes of work."""
    start = (day * 24 + hour) * 3_600_000 + np.arange(n) * 3_600_000 // n
    plain = {
        "owner": "a", "customer_started": 1, "holiday_mode": 0, "bot_resolved": 0, "local_day": day,
        "local_minute": hour * 60 + np.arange(n) * 60 // n, "handle_s": 120.0, "handle_label": "given",
        "first_human_ms": start.astype(float), "last_human_ms": start + 120_000.0, "last_ms": start + 120_000.0,
        "closed_ms": np.nan, "channel": "phone",
    }  # fmt: skip
    return pd.DataFrame(plain | columns)


def shift(day: int, begin: int, end: int, agents: int) -> pd.DataFrame:
    """Shifts of several agents on one UTC day."""
    hour = 3_600_000
    rows = [{"agent_id": f"s{i}", "start_at": (day * 24 + begin) * hour, "end_at": (day * 24 + end) * hour}
            for i in range(agents)]  # fmt: skip
    return pd.DataFrame(rows)


def friday_case() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Quiet Tuesday, busy Friday, the same roster on all days."""
    days = [contacts(day, hour, 240 if day == FRIDAY else 60) for day in range(4, 11) for hour in range(10, 16)]
    return pd.concat(days), pd.concat([shift(day, 10, 16, 7) for day in range(4, 11)])


def test_contract_columns_and_row_order() -> None:
    """One row per weekday × slot with the promised columns; the first weekday is the knob's."""
    result = staffing_table(contacts(MONDAY, 9, 60), knobs=StaffingKnobs(week_start=6), zone="UTC", period=(4, 10))
    assert list(result.slots.columns[: len(CONTRACT)]) == CONTRACT
    assert len(result.slots) == 7 * 48
    assert result.slots["weekday"].drop_duplicates().tolist() == [6, 0, 1, 2, 3, 4, 5]
    assert result.slots["start"].tolist()[:3] == [0, 30, 60]


def test_worked_example_as_a_plan() -> None:
    """100 calls in half an hour, 180 s: 10 erlang, 14 agents, 20 positions, the service level of the definitions."""
    calls = contacts(MONDAY, 9, 200, handle_s=180.0)
    knobs = StaffingKnobs(within_s=20, shrinkage=0.3)
    result = staffing_table(calls, None, shift(MONDAY, 9, 10, 20), knobs, zone="UTC", period=(4, 10))
    row = result.slots.set_index(["weekday", "start"]).loc[(0, 540)]
    assert (row["contacts"], row["load_erlang"], row["required"], row["positions"]) == (100, 10, 14, 20)
    assert row["supplied"] == pytest.approx(14)
    assert row["service_level"] == pytest.approx(0.88835, abs=5e-6)
    assert row["occupancy"] == pytest.approx(0.7143, abs=5e-5)
    assert row["state"] == "met"


def test_friday_gets_the_moves() -> None:
    """The same roster on all days lacks agents only on Friday; the moves go there and leave every giver covered."""
    log, roster = friday_case()
    result = staffing_table(log, None, roster, StaffingKnobs(interval_min=60), zone="UTC", period=(4, 10))
    lacking = result.slots[result.slots["gap"] < 0]
    assert set(lacking["weekday"]) == {4}
    assert set(result.moves["to_weekday"]) == {4}
    assert set(result.moves["from_weekday"]) <= {0, 1, 2, 3, 5, 6}
    assert result.moves["hours"].sum() == pytest.approx(result.under_hours)
    assert worst_slots(result).iloc[0]["weekday"] == 4


def test_under_and_over_are_never_netted() -> None:
    """Friday's missing hours stay although the other days have more to spare."""
    log, roster = friday_case()
    result = staffing_table(log, None, roster, StaffingKnobs(interval_min=60), zone="UTC", period=(4, 10))
    gap = result.slots["gap"]
    assert result.under_hours == pytest.approx(-gap[gap < 0].sum())
    assert result.over_hours == pytest.approx(gap[gap > 0].sum())
    assert 0 < result.under_hours < result.over_hours


@given(st.integers(0, 2**32 - 1), st.sampled_from([15, 30, 60]))
@settings(max_examples=25, deadline=None)
def test_moves_are_real_on_both_sides(seed: int, interval: int) -> None:
    """After all moves no giver is below its need or empty, and no taker got more than it lacked, rounded."""
    rng = np.random.default_rng(seed)
    slots = 1440 // interval
    required = np.repeat(rng.integers(0, 6, (7, 12)), slots // 12, axis=1).astype(float)
    supplied = np.repeat(rng.integers(0, 6, (7, 12)), slots // 12, axis=1) + rng.choice([0, 0.25])
    after = supplied.copy()
    table = moves(required, supplied, interval)
    for move in table.itertuples():
        after[move.from_weekday, move.from_start // interval : move.from_end // interval] -= move.agents
        after[move.to_weekday, move.to_start // interval : move.to_end // interval] += move.agents
        assert move.from_end - move.from_start == move.to_end - move.to_start >= 60
        assert move.hours == pytest.approx(move.agents * (move.to_end - move.to_start) / 60)
    gave, took = after < supplied, after > supplied
    assert np.all(after[gave] >= np.maximum(required[gave], 1))
    assert np.all(supplied[took] < required[took])
    assert np.all(after[took] <= required[took] + 0.5)
    assert after.sum() == pytest.approx(supplied.sum())


def test_no_giver_no_move() -> None:
    """A deficit everywhere, or unknown supply, proposes nothing, with the columns in place."""
    empty = moves(np.full((7, 24), 3.0), np.full((7, 24), 2.0), 60)
    unknown = moves(np.full((7, 24), 3.0), np.full((7, 24), np.nan), 60)
    assert len(empty) == len(unknown) == 0
    assert list(empty.columns)[-3:] == ["agents", "hours", "basis"]


def test_chats_use_the_chat_model_and_calls_erlang() -> None:
    """Each channel group has its own model; where both have contacts the agents add up and the row says mixed."""
    chats = contacts(MONDAY, 9, 60, channel="chat")
    both = pd.concat([chats, contacts(MONDAY, 9, 60), contacts(MONDAY, 11, 60)])
    knobs = StaffingKnobs(interval_min=60)
    where = {"zone": "UTC", "period": (4, 10)}
    apart = [staffing_table(log, knobs=knobs, **where).slots for log in (chats, contacts(MONDAY, 9, 60))]
    result = staffing_table(both, knobs=knobs, **where)
    assert result.slots.loc[[9, 11], "model"].tolist() == ["mixed", "erlang_c"]
    assert result.slots.loc[9, "required"] == sum(table.loc[9, "required"] for table in apart)
    assert apart[0].loc[9, "model"] == "chat"
    assert "groups_summed" in result.reasons


def test_forced_erlang_c_on_chats_is_said() -> None:
    """Erlang C for chats is possible only by choice, and the result says what that means."""
    knobs = StaffingKnobs(model="erlang_c")
    result = staffing_table(contacts(MONDAY, 9, 60, channel="chat"), knobs=knobs, zone="UTC", period=(4, 10))
    assert "erlang_c_for_chat" in result.reasons


def test_patience_never_raises_the_requirement() -> None:
    """Callers who give up need no more agents than callers who never do."""
    demand = measure_demand(contacts(MONDAY, 9, 400), zone="UTC", period=(4, 10))
    patient, leaving = (plan(demand, StaffingKnobs(patience_s=value, max_occupancy=1)) for value in (None, 60.0))
    assert np.all(leaving.slots["required"] <= patient.slots["required"])
    assert leaving.slots["required"].sum() < patient.slots["required"].sum()
    assert leaving.facts["models"] == ("erlang_a",)


def test_supply_between_two_whole_numbers_lies_between_their_levels() -> None:
    """2.5 agents on average predict the mean of the service levels at 2 and at 3."""
    log = contacts(MONDAY, 9, 40)
    knobs = StaffingKnobs(interval_min=60)

    def level(first: int, second: int) -> float:
        roster = pd.concat([shift(4, 9, 10, first), shift(11, 9, 10, second)])
        twice = pd.concat([log, contacts(11, 9, 40)])
        return staffing_table(twice, None, roster, knobs, zone="UTC", period=(4, 17)).slots.loc[9, "service_level"]

    assert level(2, 3) == pytest.approx((level(2, 2) + level(3, 3)) / 2)


def test_nobody_there_is_shown_as_such() -> None:
    """Contacts without anybody present: state nobody, nothing answered, a reason, no agent blamed."""
    roster = pd.concat([shift(MONDAY, 12, 13, 1), shift(10, 12, 13, 1)])
    result = staffing_table(contacts(MONDAY, 9, 10), None, roster, StaffingKnobs(interval_min=60), zone="UTC",
                            period=(4, 10))  # fmt: skip
    row = result.slots.loc[9]
    assert (row["state"], row["service_level"], row["supplied"]) == ("nobody", 0.0, 0.0)
    assert "nobody_there" in result.reasons


def test_closed_hours_need_nobody_and_are_said() -> None:
    """Contacts outside opening hours stay visible, need nobody, and are counted."""
    knobs = StaffingKnobs(interval_min=60, open_from=600, open_to=1320)
    result = staffing_table(contacts(MONDAY, 9, 10), knobs=knobs, zone="UTC", period=(4, 10))
    row = result.slots.loc[9]
    assert (row["contacts"], row["required"], row["state"]) == (10, 0, "closed")
    assert result.facts["outside_contacts"] == 10
    night = StaffingKnobs(interval_min=60, open_from=1320, open_to=600)
    assert staffing_table(contacts(MONDAY, 9, 10), knobs=night, zone="UTC", period=(4, 10)).slots.loc[9, "required"] > 0


def test_missing_is_missing_zero_is_zero() -> None:
    """A weekday outside the period is NaN, a slot without contacts needs 0, no supply means no gap."""
    result = staffing_table(contacts(MONDAY, 9, 10), knobs=StaffingKnobs(interval_min=60), zone="UTC", period=(4, 5))
    assert result.slots.loc[8, "required"] == 0
    assert result.slots.query("weekday == 3")[["contacts", "required", "load_erlang"]].isna().all().all()
    assert np.isnan([result.under_hours, result.over_hours]).all()
    assert {"weekday_missing", "no_supply"} <= set(result.reasons)


def test_unknown_effort_gives_no_requirement() -> None:
    """Contacts without any handle time: the requirement is missing, not zero, and the reason is given."""
    result = staffing_table(contacts(MONDAY, 9, 10, handle_s=np.nan), zone="UTC", period=(4, 10))
    rows = result.slots[result.slots["contacts"] > 0]
    assert rows["required"].isna().all()
    assert "effort_missing" in result.reasons


def test_chats_of_nobody_in_particular_have_no_requirement_either() -> None:
    """Without an owner no chat's length is measured: the plan says that effort is missing, it does not refuse."""
    table = contacts(0, 10, 30, channel="chat").assign(owner=None, handle_s=np.nan)
    result = plan(measure_demand(table, zone="UTC", period=(0, 6)))
    assert "effort_missing" in result.reasons
    assert result.slots["service_level"].isna().all()


def test_nothing_needs_nobody() -> None:
    """A period without contacts is a plan of zeros with a reason."""
    result = staffing_table(contacts(MONDAY, 9, 10, bot_resolved=1), zone="UTC", period=(4, 10))
    assert result.slots["required"].sum() == 0
    assert "no_contacts" in result.reasons


def test_effort_is_pooled_and_falls_back_where_thin() -> None:
    """A slot with 20 contacts uses its own mean, a thinner one the shop's, flagged."""
    log = pd.concat([contacts(MONDAY, 9, 20, handle_s=100.0), contacts(MONDAY, 10, 5, handle_s=600.0)])
    slots = staffing_table(log, knobs=StaffingKnobs(interval_min=60), zone="UTC", period=(4, 10)).slots
    assert slots.loc[9, "aht_s"] == 100
    assert slots.loc[10, "aht_s"] == pytest.approx((20 * 100 + 5 * 600) / 25)
    assert slots.loc[[9, 10], "aht_shop_wide"].tolist() == [False, True]


def test_busier_weeks_need_no_fewer_agents() -> None:
    """Planning for P90 of the weeks asks for at least as many as for the middle week."""
    log = pd.concat([contacts(4 + 7 * week, 9, n) for week, n in enumerate((20, 60, 200))])
    demand = measure_demand(log, zone="UTC", period=(4, 24))
    middle, busy = (plan(demand, StaffingKnobs(volume=name)).slots["required"] for name in ("p50", "p90"))
    assert np.all(busy >= middle)
    assert busy.sum() > middle.sum()


def test_seen_agents_are_not_shrunk_again() -> None:
    """Shrinkage lowers a given roster and never the agents seen working; positions follow it in both."""
    marks = pd.DataFrame({"agent_id": ["a", "b"], "local_day": MONDAY, "slot": 108})
    knobs = StaffingKnobs(interval_min=60, shrinkage=0.5)
    seen = staffing_table(contacts(MONDAY, 9, 60), marks, None, knobs, zone="UTC", period=(4, 10)).slots.loc[9]
    given_ = staffing_table(contacts(MONDAY, 9, 60), marks, shift(MONDAY, 9, 10, 2), knobs, zone="UTC", period=(4, 10))
    assert (seen["supplied"], seen["supply_label"]) == (2, "proxy")
    assert (given_.slots.loc[9, "supplied"], given_.slots.loc[9, "supply_label"]) == (1, "given")
    assert seen["positions"] == positions(seen["required"], 0.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [("interval_min", 20), ("target", 1.0), ("max_occupancy", 0), ("shrinkage", 1.0), ("model", "erlang_x"),
     ("max_concurrency", 0), ("week_start", 7), ("volume", "max"), ("within_s", -1), ("patience_s", 0.0)],
)  # fmt: skip
def test_knobs_refuse_values_outside_their_bounds(name: str, value: object) -> None:
    """Every knob outside its bounds is refused by name; knobs are frozen."""
    with pytest.raises(ScenarioError) as refused:
        StaffingKnobs(**{name: value})  # type: ignore[arg-type]
    assert refused.value.issue.column == name
    with pytest.raises(dataclasses.FrozenInstanceError):
        StaffingKnobs().target = 0.5  # type: ignore[misc]


def test_every_reason_and_state_has_words_whose_facts_exist() -> None:
    """Each reason code a plan can give has a sentence in both languages, filled from the facts alone."""
    log, roster = friday_case()
    result = staffing_table(log, None, roster, zone="UTC", period=(4, 10))
    for language in ("zh", "en"):
        text = Text(language)
        codes = [key.rsplit(".", 1)[1] for key in words(language) if key.startswith("staffing.reasons.")]
        assert set(result.reasons) <= set(codes)
        for code in codes:
            sentence = text(f"staffing.reasons.{code}", **result.facts)
            assert not re.search(r"[{}]", sentence)
        assert all(text.has(f"staffing.column.{name}") for name in CONTRACT)
        assert all(text.has(f"staffing.state.{state}") for state in result.slots["state"].unique())


def test_locales_have_the_same_keys_and_placeholders() -> None:
    """Both languages say the same things with the same facts."""
    keys = {lang: {k: v for k, v in words(lang).items() if k.startswith("staffing.")} for lang in ("zh", "en")}
    assert keys["zh"].keys() == keys["en"].keys()
    for key, sentence in keys["zh"].items():
        assert set(re.findall(r"{(\w+)", sentence)) == set(re.findall(r"{(\w+)", keys["en"][key])), key


def test_plan_runs_at_slider_speed() -> None:
    """A quarter-hour week from 100,000 measured conversations is planned in well under 300 ms."""
    rng = np.random.default_rng(1)
    n = 100_000
    start = rng.integers(0, 84 * 86_400, n) * 1000.0
    end = start + rng.gamma(2, 150, n) * 1000
    log = pd.DataFrame({
        "owner": pd.Series(rng.integers(0, 25, n)).astype(str), "customer_started": 1, "holiday_mode": 0,
        "bot_resolved": 0, "local_day": (start // 86_400_000).astype(int),
        "local_minute": (start % 86_400_000 // 60_000).astype(int), "handle_s": (end - start) / 2000,
        "handle_label": "estimated", "first_human_ms": start, "last_human_ms": end, "last_ms": end,
        "closed_ms": np.nan, "channel": np.where(rng.random(n) < 0.1, "phone", "chat"),
    })  # fmt: skip
    demand = measure_demand(log, zone="UTC")
    assert demand.facts["contacts"] == n
    began = time.process_time()
    result = plan(demand, StaffingKnobs(interval_min=15))
    assert time.process_time() - began < 0.3
    assert len(result.slots) == 672


def well_staffed(weeks: int, friday: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weeks of Poisson contacts under a roster with plenty of agents; Friday's volume is multiplied."""
    rng = np.random.default_rng(seed)
    days = range(4, 4 + 7 * weeks)
    busy = [contacts(d, h, rng.poisson(10 * (friday if d % 7 == 1 else 1))) for d in days for h in range(10, 16)]
    return pd.concat(busy), pd.concat([shift(d, 10, 16, 8) for d in days])


def test_busy_weekday_without_a_deficit_still_gets_moves() -> None:
    """Enough agents everywhere, yet Friday carries 60 % more per agent: balancing moves go to Friday, within the roster."""
    log, roster = well_staffed(8, 1.6, seed=2)
    result = staffing_table(log, None, roster, StaffingKnobs(interval_min=60), zone="UTC", period=(4, 59))
    assert result.under_hours == 0
    assert set(result.moves["to_weekday"]) == {4}
    assert set(result.moves["basis"]) == {"balance"}
    assert (result.moves["from_start"] == result.moves["to_start"]).all()


def test_even_weekdays_get_no_moves() -> None:
    """Without a planted weekday, at most one of ten seeds proposes a move."""
    named = 0
    for seed in range(10):
        log, roster = well_staffed(6, 1.0, seed)
        result = staffing_table(log, None, roster, StaffingKnobs(interval_min=60), zone="UTC", period=(4, 45))
        named += len(result.moves) > 0
    assert named <= 1
