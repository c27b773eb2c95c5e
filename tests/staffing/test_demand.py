"""Arrivals, effort, measured concurrency and supply."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UnavailableError
from core.staffing import arrivals, chat_times, measure_concurrency, measure_demand, roster_supply, seen_supply
from core.staffing.concurrency import ASYNC_S, IDLE_S, MIN_ENDS, pooled_non_decreasing, spans
from core.staffing.demand import slot_counts

MONDAY = 4


def talks(**columns: object) -> pd.DataFrame:
    """Conversations with sensible defaults in every column that the test does not name."""
    rows = max(len(value) if isinstance(value, list | np.ndarray) else 1 for value in columns.values())
    plain = {
        "owner": "a", "customer_started": 1, "holiday_mode": 0, "bot_resolved": 0, "local_day": MONDAY,
        "local_minute": 600, "handle_s": 60.0, "handle_label": "given", "first_human_ms": 1e8,
        "last_human_ms": 1e8, "last_ms": 1e8, "closed_ms": np.nan, "channel": "chat",
    }  # fmt: skip
    return pd.DataFrame(plain | columns, index=range(rows))


def utc_ms(*parts: int) -> int:
    """Milliseconds of a UTC wall time."""
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


def day_of(*parts: int) -> int:
    """Local day number of a date."""
    return utc_ms(*parts) // 86_400_000


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1439)), min_size=1, max_size=60),
    st.sampled_from([15, 30, 60]),
)
@settings(max_examples=40, deadline=None)
def test_quarters_sum_to_hours_to_days_to_the_total(stamps: list[tuple[int, int]], interval: int) -> None:
    """Slot totals of any interval add up to the contacts, and means times dates to totals."""
    frame = talks(local_day=np.array([d for d, _ in stamps]), local_minute=np.array([m for _, m in stamps]))
    demand = measure_demand(frame, zone="UTC", period=(0, 20))
    table = arrivals(demand, interval)
    assert table["total"].sum() == len(stamps) == demand.facts["contacts"]
    assert (table["mean"] * table["n_days"]).sum() == pytest.approx(len(stamps))
    hours, days = slot_counts(demand.groups[0], 60), slot_counts(demand.groups[0], interval)
    np.testing.assert_array_equal(hours.sum(axis=1), days.sum(axis=1))


def test_days_without_contacts_count_as_zero() -> None:
    """Four Mondays, contacts on one of them: mean a quarter, spread and quantiles see the zeros."""
    table = arrivals(measure_demand(talks(local_day=[4] * 8), zone="UTC", period=(4, 31)), 60)
    row = table[(table["weekday"] == 0) & (table["start"] == 600)].iloc[0]
    assert (row["n_days"], row["total"], row["mean"], row["p50"]) == (4, 8, 2.0, 0.0)
    assert row["sd"] == pytest.approx(4.0)
    assert row["p90"] == pytest.approx(np.quantile([0, 0, 0, 8], 0.9))


def test_who_needs_nobody_stands_aside_and_is_counted() -> None:
    """Agent-started, holiday-mode and bot-solved conversations are no arrivals; each is counted once."""
    frame = talks(
        customer_started=np.array([1, 0, 1, 1]), holiday_mode=np.array([0, 1, 1, 0]), bot_resolved=np.array([0, 0, 1, 1])
    )
    facts = measure_demand(frame, zone="UTC", period=(4, 10)).facts
    assert [facts[key] for key in ("contacts", "agent_started", "holiday_mode", "bot_resolved")] == [1, 1, 1, 1]


def test_days_outside_the_period_do_not_count() -> None:
    """Only whole local days of the period are read, both ends included."""
    demand = measure_demand(talks(local_day=np.array([3, 4, 10, 11])), zone="UTC", period=(4, 10))
    assert demand.facts["contacts"] == 2
    assert demand.n_days.tolist() == [1] * 7


def test_missing_column_is_named() -> None:
    """A log without a needed column is unavailable, with the column's name."""
    with pytest.raises(UnavailableError) as refused:
        measure_demand(talks(handle_s=[1.0]).drop(columns="handle_s"))
    assert refused.value.issue.column == "handle_s"


def test_span_is_capped_by_idle_time_and_lengthened_to_the_effort() -> None:
    """A close long after the last human message is cut; a one-message conversation lasts as long as its effort."""
    late = talks(first_human_ms=[1e8], closed_ms=[1e8 + 9e6], handle_s=[0.0])
    assert spans(late)["end"].iloc[0] == 1e8 + IDLE_S * 1000
    short = spans(talks(handle_s=[45.0])).iloc[0]
    assert short["end"] - short["begin"] == 45_000


def test_correspondence_is_left_out_and_counted() -> None:
    """Human messages more than two hours apart are no chat."""
    seen = measure_concurrency(talks(last_human_ms=[1e8 + ASYNC_S * 1000 + 1], last_ms=[1e8 + ASYNC_S * 1000 + 1]))
    assert (seen.left_out, seen.n, seen.measured) == (1, 0, False)
    assert np.isnan(seen.mean)


def test_concurrency_is_the_time_average_while_busy() -> None:
    """One hour alone, one hour with two chats, an idle hour, another agent's chat: (1 + 2 + 1) / 3."""
    hour = 3.6e6
    begin, end = np.array([0, hour, 4 * hour]), np.array([2 * hour, 2 * hour, 5 * hour])
    frame = talks(owner=["a", "a", "b"], first_human_ms=begin, last_human_ms=end, last_ms=end)
    seen = measure_concurrency(frame)
    assert seen.mean == pytest.approx(4 / 3)
    assert seen.open_s.tolist() == [7200, 3600]
    assert seen.by_agent.set_index("agent_id")["mean"].to_dict() == pytest.approx({"a": 1.5, "b": 1.0})


def test_back_to_back_conversations_do_not_overlap() -> None:
    """A chat that starts when another ends makes no concurrency of two."""
    begin = np.array([0.0, 6e5, 1.2e6])
    frame = talks(first_human_ms=begin, last_human_ms=begin + 6e5, last_ms=begin + 6e5)
    assert measure_concurrency(frame).mean == 1.0


def simulated_pool(rates: list[float], curve: list[float], seed: int) -> pd.DataFrame:
    """Chats of one agent with known mean times at concurrency j: exponential race of arrivals and ends."""
    rng = np.random.default_rng(seed)
    now, open_since, rows = 0.0, [], []
    for rate in rates:
        open_now = len(open_since)
        ends = open_now / curve[open_now - 1] if open_now else 0.0
        arrive = rate if open_now < len(curve) else 0.0
        now += rng.exponential(1 / (ends + arrive))
        if rng.random() < arrive / (ends + arrive):
            open_since.append(now)
        else:
            rows.append((open_since.pop(rng.integers(open_now)), now))
    begin, end = (np.array(column) * 1000 for column in zip(*rows, strict=True))
    return talks(first_human_ms=begin, last_human_ms=end, last_ms=end, handle_s=np.full(len(rows), np.nan))


def test_chat_times_recover_the_planted_slowdown() -> None:
    """From simulated chats with mean times 200, 260 and 360 s the curve comes back within 5 %."""
    curve = [200.0, 260.0, 360.0]
    seen = measure_concurrency(simulated_pool([1 / 100] * 30_000, curve, seed=3))
    found = chat_times(seen, 1.0, 8, effort_binds=True)
    np.testing.assert_allclose(found, curve, rtol=0.05)
    assert np.all(seen.ends[:3] > MIN_ENDS)


def test_chat_times_fall_back_to_one_at_a_time() -> None:
    """With too few ended chats, j chats take j times the effort each."""
    seen = measure_concurrency(talks(handle_s=[100.0]))
    assert chat_times(seen, 100.0, 3, effort_binds=False).tolist() == [100.0, 200.0, 300.0]


def test_effort_binds_the_curve_from_below() -> None:
    """Nobody finishes more than one effort of work per effort: aht[j] is at least j times an own-work effort."""
    seen = measure_concurrency(simulated_pool([1 / 100] * 8_000, [200.0, 200.0], seed=5))
    bound = chat_times(seen, 150.0, 8, effort_binds=True)
    assert bound[1] == pytest.approx(300.0)
    assert chat_times(seen, 150.0, 8, effort_binds=False)[1] < 230


@given(st.lists(st.tuples(st.floats(1, 1e4), st.integers(1, 500)), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_pooled_curve_never_falls_and_keeps_the_total(pairs: list[tuple[float, int]]) -> None:
    """Pooling neighbours gives a non-decreasing curve whose weighted total is the original one."""
    totals, counts = (np.array(column, float) for column in zip(*pairs, strict=True))
    curve = pooled_non_decreasing(totals, counts)
    assert np.all(np.diff(curve) >= -1e-9)
    assert curve @ counts == pytest.approx(totals.sum())


def test_shift_over_midnight_lands_on_both_days() -> None:
    """Monday 22:00 to Tuesday 02:00 is one agent for two hours on each day."""
    begin = utc_ms(2024, 1, 1, 22)
    shifts = pd.DataFrame({"agent_id": ["a"], "start_at": [begin], "end_at": [begin + 4 * 3_600_000]})
    long = pd.concat([shifts, shifts.assign(agent_id="b", start_at=begin + 86_400_000, end_at=begin + 86_400_001)])
    agents = roster_supply(long, (day_of(2024, 1, 1), day_of(2024, 1, 7)), "UTC").agents[60]
    assert agents[0, 21:].tolist() == [0, 1, 1]
    assert agents[1, :3].tolist() == [1, 1, 0]


def test_clock_changes_neither_lose_nor_double_agents() -> None:
    """A shift across the spring and the autumn change is one agent in every existing hour of both Sundays."""
    zone, shifts, period = "Europe/Berlin", [], (day_of(2024, 3, 31), day_of(2024, 10, 27))
    for month, day in ((3, 31), (10, 27)):
        start = utc_ms(2024, month, day) - (1 if month == 3 else 2) * 3_600_000
        shifts.append({"agent_id": "a", "start_at": start, "end_at": start + 12 * 3_600_000, "break_minutes": None})
    for shift, bounds in zip(shifts, ((period[0], period[0]), (period[1], period[1])), strict=True):
        agents = roster_supply(pd.DataFrame([shift]), bounds, zone).agents[60][6]
        missing = np.isnan(agents)
        assert missing.sum() == (1 if bounds[0] == period[0] else 0)
        assert set(agents[~missing][:8]) == {1.0}


def test_half_a_slot_is_half_an_agent_and_breaks_spread() -> None:
    """09:15–10:15 with a 15-minute break in hourly slots: 0.75 · 0.75 and 0.25 · 0.75."""
    begin = utc_ms(2024, 1, 1, 9, 15)
    shifts = pd.DataFrame({"agent_id": ["a"], "start_at": [begin], "end_at": [begin + 3_600_000], "break_minutes": [15]})
    twice = pd.concat([shifts, shifts])
    agents = roster_supply(twice, (day_of(2024, 1, 1), day_of(2024, 1, 1)), "UTC").agents[60]
    assert agents[0, 9:11].tolist() == [0.75 * 0.75, 0.25 * 0.75]


def test_roster_averages_over_its_dates() -> None:
    """Two agents on one Monday and one on the next are 1.5 agents; dates beyond the roster are unknown."""
    first, week = utc_ms(2024, 1, 1, 9), 7 * 86_400_000
    rows = [("a", first), ("b", first), ("a", first + week)]
    shifts = pd.DataFrame([{"agent_id": who, "start_at": at, "end_at": at + 3_600_000} for who, at in rows])
    agents = roster_supply(shifts, (day_of(2024, 1, 1), day_of(2024, 1, 28)), "UTC").agents[60]
    assert agents[0, 9] == 1.5
    assert agents[6, 9] == 0


def test_seen_agents_count_once_per_slot() -> None:
    """Two five-minute marks of an agent in one slot are one agent; two dates are averaged, the empty one as 0."""
    marks = pd.DataFrame({"agent_id": ["a", "a", "b"], "local_day": [4, 4, 4], "slot": [120, 122, 125]})
    supply = seen_supply(marks, (4, 17))
    assert supply.label == "proxy"
    assert supply.agents[60][0, 10] == 1.0
    assert supply.agents[15][0, 40:42].tolist() == [0.5, 0.5]
    assert seen_supply(marks.head(0), (4, 10)).agents[30].sum() == 0
