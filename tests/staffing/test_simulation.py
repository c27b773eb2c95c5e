"""The event simulation against arithmetic on paper, against the queue models, and against itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.queue_models import GOALS, KINDS, differences
from core.errors import ScenarioError
from core.scenario import MEANINGS
from core.staffing import chat_pool, erlang_a, erlang_c_queue, required_agents_patience, required_chat_agents
from core.staffing.simulation import lognormal_work, poisson_arrivals, simulate_calls, simulate_chats
from tests.reference import case


def test_mmc_simulation_meets_the_reference(shared: Path) -> None:
    """Twenty runs of 20,000 customers, 2,000 of them warm-up, agree with Erlang C within four standard errors."""
    inputs, expected, _ = case(shared, "st.simulation.mmc_check")
    rng = np.random.default_rng(20)
    levels, waits = [], []
    for _ in range(20):
        arrive = np.cumsum(rng.exponential(1 / inputs["arrivals_per_min"], 20_000))
        seen = simulate_calls(arrive, rng.exponential(inputs["aht_min"], 20_000), inputs["agents"])
        levels.append(seen.within(inputs["awt_min"])[2_000:].mean())
        waits.append(seen.wait[2_000:].mean())
    for runs, name in ((levels, "service_level"), (waits, "asa")):
        assert abs(np.mean(runs) - expected[name]) < 4 * np.std(runs, ddof=1) / np.sqrt(20), name


def test_models_predict_the_simulation_in_random_slots() -> None:
    """Calls within 2 points and chats within 4, with and without patience, in a small draw of the benchmark's slots."""
    for kind, rows in differences(slots=16, seed=3, contacts=20_000, most=80_000).items():
        assert kind in KINDS
        assert np.abs(rows[:, 0]).max() <= GOALS[kind.split()[0]], kind


def test_one_chat_at_a_time_is_a_call() -> None:
    """The chat floor with one place per agent gives each contact the wait of the call queue, with and without patience."""
    rng = np.random.default_rng(4)
    arrive, work = np.cumsum(rng.exponential(30, 3_000)), rng.exponential(1, 3_000)
    for patience in (None, rng.exponential(60, 3_000)):
        calls = simulate_calls(arrive, work * 100, 3, patience)
        chats = simulate_chats(arrive, work, [100.0], 3, patience)
        assert chats.answered.tolist() == calls.answered.tolist()
        assert chats.wait == pytest.approx(calls.wait, abs=1e-6)
        assert chats.served[chats.answered] == pytest.approx(calls.served[calls.answered], abs=1e-6)


def test_backlog_waits_for_the_next_shift() -> None:
    """Who comes while nobody is there is answered when a shift begins, in order; an ended shift takes nobody new."""
    shifts = [(100.0, 130.0), (500.0, 600.0)]
    calls = simulate_calls([0, 10, 129, 131], [20, 20, 40, 5], shifts)
    assert calls.wait.tolist() == [100, 110, 371, 409]
    chats = simulate_chats([0, 10, 40, 131], [1, 1, 1, 1], [20.0, 20.0], shifts)
    assert chats.wait.tolist() == [100, 90, 80, 369]
    assert chats.served.tolist() == [20, 20, 20, 20]


def test_nobody_ever_comes() -> None:
    """Without any agent waits are endless, or end with patience; nobody is answered."""
    for play in (simulate_calls, lambda *given: simulate_chats(*given[:2], [10.0, 15.0], *given[2:])):
        endless = play([0.0, 1.0], [1.0, 1.0], 0)
        assert not endless.answered.any()
        assert np.isinf(endless.wait).all()
        left = play([0.0, 1.0], [1.0, 1.0], 0, [5.0, 7.0])
        assert left.wait.tolist() == [5, 7]
    assert simulate_calls([], [], 3).wait.size == 0
    with pytest.raises(ScenarioError):
        simulate_calls([0.0], [1.0], -1)
    with pytest.raises(ScenarioError):
        simulate_chats([0.0], [1.0], [], 1)


def test_drawn_arrivals_and_work_have_their_means() -> None:
    """Poisson counts per slot, log-normal work of mean 1; the same seed draws the same."""
    rates = np.array([0.0, 4_000.0, 1_000.0])
    arrive = poisson_arrivals(np.random.default_rng(1), rates, 900)
    counts = np.bincount((arrive // 900).astype(int), minlength=3)
    assert np.all(np.abs(counts - rates) <= 4 * np.sqrt(rates))
    assert lognormal_work(np.random.default_rng(2), 100_000, 1.0).mean() == pytest.approx(1, abs=0.02)
    assert arrive.tolist() == poisson_arrivals(np.random.default_rng(1), rates, 900).tolist()


def birth_death(rate: float, aht: float, patience: float, agents: int) -> tuple[float, float]:
    """P(wait) and P(abandon) of calls with patience, summed state by state."""
    states = np.arange(1, 3_000)
    leaving = np.minimum(states, agents) / aht + np.maximum(states - agents, 0) / patience
    logs = np.append(0.0, np.cumsum(np.log(rate / leaving)))
    weight = np.exp(logs - logs.max())
    weight /= weight.sum()
    queue = np.maximum(np.arange(weight.size) - agents, 0)
    return float(weight[agents:].sum()), float((weight * queue).sum() / patience / rate)


@pytest.mark.parametrize("patience", [1e-6, 1e-4, 0.01, 0.1, 0.5, 1, 10])
@pytest.mark.parametrize(("rate", "aht", "agents"), [(10 / 3, 3, 14), (0.05, 6, 1), (50, 6, 2), (300, 1, 280)])
def test_erlang_a_holds_at_any_patience(rate: float, aht: float, agents: int, patience: float) -> None:
    """Very short patience and hopeless overload are as exact as the ordinary case."""
    found = erlang_a(rate, aht, patience, agents, 0.3)
    assert (found.prob_wait, found.prob_abandon) == pytest.approx(birth_death(rate, aht, patience, agents), abs=1e-8)


def test_erlang_a_without_contacts_or_agents() -> None:
    """Nobody waits where nobody comes; where nobody is there, everybody leaves."""
    found = erlang_a([0, 5], 1, 2, [3, 0], 0.5)
    assert found.prob_wait.tolist() == [0, 1]
    assert found.prob_abandon.tolist() == [0, 1]
    assert found.answered_within_t_of_offered.tolist() == [1, 0]
    for wrong in ({"patience": 0.0}, {"aht": -1.0}):
        with pytest.raises(ScenarioError):
            erlang_a(**({"arrivals": 1, "aht": 1, "patience": 1, "agents": 1, "within": 1} | wrong))


def test_meaning_of_the_service_level_changes_the_need() -> None:
    """Leaving short abandons out asks for no more agents than counting them; all four meanings meet their own target."""
    need = {m: int(required_agents_patience(20, 1, 1, 0.25, 0.8, meaning=m)) for m in MEANINGS}
    for meaning, agents in need.items():
        assert getattr(erlang_a(20, 1, 1, agents, 0.25), meaning) >= 0.8
        assert getattr(erlang_a(20, 1, 1, agents - 1, 0.25), meaning) < 0.8
    assert min(need.values()) < need["answered_within_t_of_offered"] == max(need.values())
    with pytest.raises(ScenarioError):
        required_agents_patience(20, 1, 1, 0.25, 0.8, meaning="else")


@settings(deadline=None, max_examples=40)
@given(st.floats(0.01, 50), st.floats(0.5, 20), st.integers(1, 40), st.floats(0.05, 30), st.floats(0, 5))
def test_impatient_chat_with_one_place_is_erlang_a(
    rate: float, aht: float, agents: int, patience: float, within: float
) -> None:
    """The chat model with patience and K = 1 is Erlang A."""
    pool, queue = chat_pool(rate, [aht], agents, within, patience), erlang_a(rate, aht, patience, agents, within)
    got = (pool.prob_wait, pool.prob_abandon, pool.service_level, pool.slot_occupancy, pool.asa)
    expected = (queue.prob_wait, queue.prob_abandon, queue.answered_within_t_of_offered, queue.occupancy, queue.mean_wait)
    assert got == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_endless_patience_is_the_plain_chat_model() -> None:
    """With a very long patience the figures are those of chats that never leave; a short one lets an overload stand."""
    patient, plain = chat_pool(3, [6, 8, 11], 12, 0.5, 1e7), chat_pool(3, [6, 8, 11], 12, 0.5)
    assert patient.service_level == pytest.approx(plain.service_level, abs=1e-4)
    assert patient.effective_aht == pytest.approx(plain.effective_aht, rel=1e-4)
    overloaded = chat_pool(3, [6, 8, 11], [0, 5], 0.5, 2.0)
    assert overloaded.stable.all()
    assert overloaded.service_level[0] == 0
    assert 0 < overloaded.service_level[1] < 0.2
    with pytest.raises(ScenarioError):
        chat_pool(3, [6.0], 5, 0.5, 0.0)


def test_patience_never_raises_the_need_of_chats() -> None:
    """Fewest chat agents with patience: minimal, and never more than without."""
    rate = np.array([0.0, 0.1, 3.0, 12.0])
    plain, short = (required_chat_agents(rate, [6, 8, 11], 0.5, 0.8, patience=p) for p in (None, 2.0))
    assert np.all(short <= plain)
    busy = short[1:]
    assert np.all(chat_pool(rate[1:], [6, 8, 11], busy, 0.5, 2.0).service_level >= 0.8)
    assert np.all(chat_pool(rate[1:], [6, 8, 11], busy - 1, 0.5, 2.0).service_level < 0.8)


def test_stationary_formulas_miss_a_changing_day() -> None:
    """With a peak shorter than the handle time the simulated day is not the row of hours Erlang C sees."""
    rng = np.random.default_rng(9)
    rates = np.array([30.0, 30, 150, 30, 30, 30])
    levels = []
    for _ in range(40):
        arrive = poisson_arrivals(rng, rates, 900)
        seen = simulate_calls(arrive, rng.exponential(900, arrive.size), 60)
        after = (arrive >= 2_700) & (arrive < 3_600)
        levels.append(seen.within(20)[after].mean())
    alone = erlang_c_queue(30 / 900, 900, 60, 20).service_level
    assert alone > 0.99
    assert np.mean(levels) < 0.9
