"""Erlang B, C, A and the chat model against reference answers, identities and orderings."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ScenarioError
from core.staffing import (
    chat_pool,
    cover_hours,
    erlang_a,
    erlang_b,
    erlang_c,
    erlang_c_queue,
    erlang_c_surface,
    positions,
    required_agents,
    required_agents_patience,
    required_chat_agents,
    useful_concurrency,
)

ERLANG_C_CASES = ("st.erlangc.koole_7_5", "st.erlangc.tanner_360", "st.erlangc.pyworkforce_occupancy_bound")
CHAT_CASES = ("st.chat.k1_equals_erlang_c", "st.chat.no_slowdown_equals_more_servers", "st.chat.slowdown_3")
ERLANG_A_CASES = (
    "st.erlanga.patience_equals_service",
    "st.erlanga.patient_limit",
    "st.erlanga.pyworkforce_snapshot",
)


@pytest.fixture(scope="module")
def cases(shared: Path) -> dict[str, dict[str, Any]]:
    """Reference cases of the staffing area by id."""
    listed = json.loads((shared / "reference" / "reference_cases_open.json").read_text(encoding="utf-8"))["cases"]
    return {case["id"]: case for case in listed if case["area"] == "7_staffing"}


def close(got: object, case: dict[str, Any], key: str) -> None:
    """Assert one expected figure within the case's own tolerance."""
    tolerance = case["tolerance"]
    np.testing.assert_allclose(
        np.asarray(got, float), np.asarray(case["expected"][key], float), rtol=tolerance["rel"], atol=tolerance["abs"]
    )


def compare(result: object, case: dict[str, Any], skip: tuple[str, ...] = ()) -> None:
    """Assert every expected figure that the result has under the same name, and that none is left unread."""
    keys = [key for key in case["expected"] if key not in skip]
    assert keys
    for key in keys:
        close(getattr(result, key), case, key)


@pytest.mark.parametrize("name", ERLANG_C_CASES)
def test_erlang_c_meets_the_reference(cases: dict[str, dict[str, Any]], name: str) -> None:
    """Every published and 40-digit Erlang C figure is met, in seconds and in minutes."""
    case, unit = cases[name], "s" if "aht_s" in cases[name]["inputs"] else "min"
    given_ = case["inputs"]
    queue = erlang_c_queue(given_[f"arrivals_per_{unit}"], given_[f"aht_{unit}"], given_["agents"], given_[f"awt_{unit}"])
    compare(queue, case, skip=("raw_positions", "positions"))


def test_occupancy_bound_and_positions_meet_the_reference(cases: dict[str, dict[str, Any]]) -> None:
    """The occupancy cap decides the raw staff and shrinkage the positions."""
    case = cases["st.erlangc.pyworkforce_occupancy_bound"]
    given_ = case["inputs"]
    raw = required_agents(
        given_["arrivals_per_min"] * given_["aht_min"],
        given_["aht_min"],
        given_["awt_min"],
        given_["target_sl"],
        given_["max_occupancy"],
    )
    assert raw == case["expected"]["raw_positions"]
    assert positions(raw, given_["shrinkage"]) == case["expected"]["positions"]


def test_overstaffed_probability_tends_to_zero(cases: dict[str, dict[str, Any]]) -> None:
    """A hopelessly overstaffed slot has a tiny or zero probability of waiting, never NaN."""
    case = cases["st.erlangc.overstaffed_underflow"]
    close(erlang_c(case["inputs"]["load"], case["inputs"]["agents"]), case, "erlang_c")


@pytest.mark.parametrize("name", CHAT_CASES)
def test_chat_model_meets_the_reference(cases: dict[str, dict[str, Any]], name: str) -> None:
    """Every figure of the concurrency model agrees with 40-digit arithmetic."""
    compare(chat_pool(**cases[name]["inputs"]), cases[name], skip=("erlang_c", "erlang_c_27"))


@pytest.mark.parametrize("name", ERLANG_A_CASES)
def test_erlang_a_meets_the_reference(cases: dict[str, dict[str, Any]], name: str) -> None:
    """Erlang A agrees with closed forms and 40-digit quadrature in all four service levels."""
    given_ = cases[name]["inputs"]
    queue = erlang_a(*(given_[key] for key in ("arrivals_per_min", "aht_min", "patience_min", "agents", "awt_min")))
    compare(queue, cases[name], skip=("service_level",))
    if "service_level" in cases[name]["expected"]:
        close(queue.answered_within_t_of_offered, cases[name], "service_level")


def test_required_slots_start_at_the_first_stable_staff(cases: dict[str, dict[str, Any]]) -> None:
    """A lenient target does not overshoot, and no arrivals need nobody."""
    case = cases["st.required.slots_lenient"]
    given_ = case["inputs"]
    load = np.array(given_["arrivals_per_hour"]) * given_["aht_s"] / 3600
    close(required_agents(load, given_["aht_s"], given_["awt_s"], given_["target"]), case, "agents")


def test_required_with_patience_meets_the_reference(cases: dict[str, dict[str, Any]]) -> None:
    """Patience lowers the requirement exactly as brute force says."""
    case = cases["st.required.erlang_a_vs_c"]
    given_ = case["inputs"]
    rate, within = np.array(given_["arrivals_per_min"]), given_["awt_s"] / 60
    close(required_agents_patience(rate, 1, given_["patience_min"], within, given_["target"]), case, "agents_erlang_a")
    close(required_agents(rate, 1, within, given_["target"]), case, "agents_erlang_c")


def test_gap_hours_meet_the_reference(cases: dict[str, dict[str, Any]]) -> None:
    """Under- and over-cover are summed apart."""
    case = cases["st.gap.agent_hours"]
    given_ = case["inputs"]
    net = np.array(given_["rostered"]) * (1 - given_["shrinkage"])
    hours = cover_hours(given_["required"], net, given_["slot_hours"])
    close(hours.under, case, "under_hours")
    close(hours.over, case, "over_hours")
    close(hours.over - hours.under, case, "net_difference_hours")


def test_worked_example_of_the_definitions() -> None:
    """100 contacts in 30 minutes, 180 s each: 10 erlang, 14 agents, 20 positions, service level 0.88835."""
    load = 100 * 180 / 1800
    agents = required_agents(load, 180, 20, 0.8, 0.85)
    queue = erlang_c_queue(100 / 1800, 180, agents, 20)
    assert (load, agents, positions(agents, 0.3)) == (10, 14, 20)
    assert queue.service_level == pytest.approx(0.88835, abs=5e-6)
    assert queue.prob_wait == pytest.approx(0.174132, abs=5e-7)
    assert queue.occupancy == pytest.approx(0.7143, abs=5e-5)


def test_closed_form_equals_the_recursion_up_to_100_000_erlang() -> None:
    """The closed form of Erlang B stays within 1e-11 of the recursion, and never overflows."""
    for load in (0.5, 10.0, 2000.0, 100_000.0):
        inverse, agents = 1.0, round(load * 1.02) + 5
        for n in range(1, agents + 1):
            inverse = 1 + n / load * inverse
        assert erlang_b(load, agents) == pytest.approx(1 / inverse, rel=1e-11)


def test_overloaded_erlang_b_approaches_the_lost_share() -> None:
    """Far above the staff the blocked share tends to 1 - agents / load without underflow to NaN."""
    assert erlang_b(1e5, 10) == pytest.approx(1 - 10 / 1e5, rel=1e-6)
    assert erlang_b([1e5, 3.0], [0, 0]).tolist() == [1.0, 1.0]


def test_unstable_queue_says_so() -> None:
    """At load = agents there is no steady state: not stable, infinite wait, nothing answered in time."""
    queue = erlang_c_queue(1.0, [10.0, 10.0], [10, 9], 20)
    assert not queue.stable.any()
    assert np.isinf(queue.asa).all()
    assert np.isinf(queue.mean_queue).all()
    assert queue.service_level.tolist() == [0.0, 0.0]


def test_nothing_arrives() -> None:
    """No arrivals: nobody is needed, nobody waits, nothing is unstable."""
    queue = erlang_c_queue(0.0, 180.0, 0, 20)
    assert bool(queue.stable)
    assert (queue.prob_wait, queue.asa, queue.mean_queue, queue.occupancy) == (0, 0, 0, 0)
    assert required_agents(0.0, 180, 20, 0.8) == 0
    assert required_chat_agents(0.0, [60.0, 90.0], 20, 0.8) == 0
    assert chat_pool(0.0, [6.0, 8.0], 0, 0.5).stable


def test_surface_equals_the_closed_form() -> None:
    """The recursion surface and the closed form are the same numbers."""
    load = np.array([0.0, 0.4, 7.0, 31.5, 180.0])
    closed = erlang_c(load[:, None], np.arange(1, 201))
    np.testing.assert_allclose(erlang_c_surface(load, 200), closed, rtol=1e-10, atol=1e-14)


def test_positions_are_not_inflated_by_binary_fractions() -> None:
    """21 agents at 30 % shrinkage are 30 positions, not 31."""
    assert positions([14, 21, 0], 0.3).tolist() == [20, 30, 0]


@pytest.mark.parametrize(
    "call",
    [
        lambda: required_agents(1.0, 60, 20, 1.0),
        lambda: required_agents(1.0, 60, 20, 0.8, 0.0),
        lambda: positions(1, 1.0),
        lambda: chat_pool(1.0, [6.0, 0.0], 3, 0.5),
        lambda: required_agents_patience(1.0, 1, 2, 0.3, 0.8, max_occupancy=1.5),
    ],
)
def test_numbers_outside_their_bounds_are_refused(call: Any) -> None:
    """An impossible target, occupancy, shrinkage or handle time is an error that names the number."""
    with pytest.raises(ScenarioError) as refused:
        call()
    assert refused.value.issue.code == "staffing_out_of_range"
    assert refused.value.issue.column in {"target", "max_occupancy", "shrinkage", "aht"}


def test_chat_capacity_limit_is_exact() -> None:
    """The team holds up to, and not at, agents · K / aht[K]."""
    assert chat_pool(3.2, [6, 8, 11], 12, 0.5).stable
    assert not chat_pool(12 * 3 / 11, [6, 8, 11], 12, 0.5).stable
    assert chat_pool(12 * 3 / 11, [6, 8, 11], 12, 0.5).service_level == 0


def test_concurrency_is_capped_where_it_stops_paying() -> None:
    """A third chat that slows the team down is never planned."""
    assert useful_concurrency([6, 8, 13]) == 2
    capped = required_chat_agents(3.0, [6, 8, 13], 0.5, 0.8)
    assert capped == required_chat_agents(3.0, [6, 8], 0.5, 0.8)


def test_chat_need_lies_between_the_two_wrong_answers() -> None:
    """One-chat Erlang C asks for more than the chat model, the divided handle time for fewer than a stable team."""
    rate, curve = 3.0, [6.0, 8.0, 11.0]
    chats = required_chat_agents(rate, curve, 0.5, 0.75)
    divided = required_agents(rate * curve[0] / 3, curve[0] / 3, 0.5, 0.75)
    assert divided < chats < required_agents(rate * curve[0], curve[0], 0.5, 0.75)
    assert not chat_pool(rate, curve, divided, 0.5).stable


def test_required_chat_agents_is_minimal() -> None:
    """One agent fewer misses the target or the occupancy, in every slot."""
    rate, curve = np.array([0.2, 1.0, 4.0, 15.0]), [5.0, 6.5, 9.0, 12.0]
    need = required_chat_agents(rate, curve, 0.5, 0.8, 0.85)
    met, fewer = (chat_pool(rate, curve, agents, 0.5) for agents in (need, need - 1))
    assert np.all((met.service_level >= 0.8) & (met.slot_occupancy <= 0.85))
    assert np.all((fewer.service_level < 0.8) | (fewer.slot_occupancy > 0.85))


def test_erlang_a_is_finite_where_erlang_c_is_not() -> None:
    """Overload with patience: the queue is finite, all arrivals are either answered or gone."""
    queue = erlang_a(12.0, 1.0, 2.0, 10, 0.3)
    assert math.isfinite(queue.mean_wait)
    assert queue.occupancy * 10 == pytest.approx(12 * (1 - queue.prob_abandon))
    assert queue.prob_abandon > 1 - 10 / 12


loads = st.floats(0.01, 400)
rates = st.floats(0.05, 20)


@given(loads, st.integers(1, 500), st.floats(0, 300), st.floats(10, 2000))
@settings(max_examples=80, deadline=None)
def test_more_agents_never_lower_the_service_level(load: float, agents: int, within: float, aht: float) -> None:
    """Erlang C: one agent more never answers fewer contacts in time."""
    queue = erlang_c_queue(load / aht, aht, [agents, agents + 1], within)
    assert queue.service_level[1] >= queue.service_level[0] - 1e-12


@given(loads, loads, st.floats(0.3, 0.99), st.floats(0.5, 1))
@settings(max_examples=80, deadline=None)
def test_more_load_never_needs_fewer_agents(first: float, second: float, target: float, occupancy: float) -> None:
    """Erlang C: the requirement rises with the load, is stable, and is the smallest that meets the target."""
    load = np.sort([first, second])
    need = required_agents(load, 180, 20, target, occupancy)
    assert need[0] <= need[1]
    assert np.all(erlang_c_queue(load / 180, 180, need, 20).service_level >= target - 1e-9)
    fewer = erlang_c_queue(load / 180, 180, np.maximum(need - 1, 0), 20)
    assert np.all((fewer.service_level < target + 1e-9) | (load / np.maximum(need - 1, 1e-9) > occupancy - 1e-9))


@given(rates, st.floats(0.5, 20), st.integers(1, 60), st.floats(0, 3))
@settings(max_examples=60, deadline=None)
def test_one_chat_is_erlang_c(rate: float, aht: float, agents: int, within: float) -> None:
    """The chat model with K = 1 is Erlang C, stable or not."""
    pool, queue = chat_pool(rate, [aht], agents, within), erlang_c_queue(rate, aht, agents, within)
    assert bool(pool.stable) == bool(queue.stable)
    assert pool.service_level == pytest.approx(queue.service_level, rel=1e-7, abs=1e-9)
    assert pool.prob_wait == pytest.approx(queue.prob_wait, rel=1e-7, abs=1e-9)


@given(rates, st.floats(0.5, 20), st.integers(1, 20), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_no_slowdown_is_as_many_servers(rate: float, aht: float, agents: int, chats: int) -> None:
    """Chats that do not slow down make K times as many servers."""
    pool, queue = chat_pool(rate, [aht] * chats, agents, 0.5), erlang_c_queue(rate, aht, agents * chats, 0.5)
    assert pool.service_level == pytest.approx(queue.service_level, rel=1e-7, abs=1e-9)


@given(rates, st.lists(st.floats(0, 3), min_size=0, max_size=4), st.integers(1, 25))
@settings(max_examples=60, deadline=None)
def test_more_chat_agents_never_lower_the_service_level(rate: float, slower: list[float], agents: int) -> None:
    """Chat model: one agent more never answers fewer in time, while chats per hour do not fall with concurrency."""
    curve = np.cumsum([4.0, *slower])
    curve = curve[: useful_concurrency(curve)]
    pool = chat_pool(rate, curve, [agents, agents + 1], 0.5)
    assert pool.service_level[1] >= pool.service_level[0] - 1e-9


@given(rates, rates, st.floats(0.3, 0.97))
@settings(max_examples=40, deadline=None)
def test_more_chats_never_need_fewer_agents(first: float, second: float, target: float) -> None:
    """Chat model: the requirement rises with the arrivals."""
    need = required_chat_agents(np.sort([first, second]), [5.0, 6.0, 8.0], 0.5, target, 0.9)
    assert need[0] <= need[1]
