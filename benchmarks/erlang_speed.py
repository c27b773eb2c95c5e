"""Staffing formulas over a week and an event simulation: the project against pyworkforce, simpy and a plain Python loop.

Run ``python -m benchmarks.erlang_speed``. Prints CPU milliseconds (best of several) and ratios; the answers are compared first.
The peers are optional: without one its lines say so. pyworkforce has Erlang A from 0.5.4 on, which wants Python 3.12. Ratios,
not milliseconds, carry over between machines.
"""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable

import numpy as np

from core.staffing import erlang_c_surface, required_agents, required_agents_patience
from core.staffing.simulation import simulate_calls

AHT_S, WITHIN_S, TARGET, LEVELS = 180.0, 20.0, 0.8, 200
LOADS = np.random.default_rng(7).gamma(2.0, 5.0, 168)
# Python numbers for the loops: NumPy scalars would make them look slower than they are.
PLAIN = [float(load) for load in LOADS]
GOALS = {"need": 4, "surface": 100, "patience": 30, "simulation": 10}
PATIENCE_S, CUSTOMERS, SERVERS = 300.0, 100_000, 11


def best_ms(work: Callable[[], object], repeats: int) -> float:
    """Best CPU time of several runs in milliseconds."""
    taken = []
    for _ in range(repeats):
        began = time.process_time_ns()
        work()
        taken.append(time.process_time_ns() - began)
    return max(min(taken), 1) / 1e6


def many(work: Callable[[], object], times: int) -> Callable[[], object]:
    """A run long enough for the clock: the same work several times."""
    return lambda: [work() for _ in range(times)]


def loop_wait(load: float, agents: int) -> float:
    """Erlang C of one slot by the recursion, in plain Python."""
    if load >= agents:
        return 1.0
    inverse = 1.0
    for n in range(1, agents + 1):
        inverse = 1 + n / load * inverse
    used = load / agents
    return 1 / (inverse * (1 - used) + used)


def loop_need(load: float) -> int:
    """Fewest agents of one slot, in plain Python."""
    agents = math.floor(load) + 1
    while 1 - loop_wait(load, agents) * math.exp(-(agents - load) * WITHIN_S / AHT_S) < TARGET:
        agents += 1
    return agents


def peer_need(load: float) -> int:
    """Fewest agents of one slot by pyworkforce."""
    from pyworkforce.queuing import ErlangC

    queue = ErlangC(transactions=load, asa=WITHIN_S / 60, aht=AHT_S / 60, interval=AHT_S / 60, shrinkage=0.0)
    return int(queue.required_positions(service_level=TARGET, max_occupancy=1.0)["raw_positions"])


def peer_surface() -> list[list[float]]:
    """P(wait) of every slot at every staff level by pyworkforce, staff above the load."""
    from pyworkforce.queuing import ErlangC

    queues = [ErlangC(transactions=a, asa=WITHIN_S / 60, aht=AHT_S / 60, interval=AHT_S / 60) for a in PLAIN]
    levels = [range(math.floor(a) + 1, LEVELS + 1) for a in PLAIN]
    return [[queue.waiting_probability(n) for n in range_] for queue, range_ in zip(queues, levels, strict=True)]


def peer_patience() -> list[int]:
    """Fewest agents of every slot by pyworkforce's Erlang A, all of them the same question."""
    from pyworkforce.queuing import ErlangA

    minute = {"asa": WITHIN_S / 60, "aht": AHT_S / 60, "interval": AHT_S / 60, "patience": PATIENCE_S / 60}
    queues = [ErlangA(transactions=load, shrinkage=0.0, **minute) for load in PLAIN]
    return [int(q.required_positions(service_level=TARGET, max_occupancy=1.0)["raw_positions"]) for q in queues]


def day(seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Arrivals and handle times of an M/M/c queue with 9 erlang."""
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.exponential(20, CUSTOMERS)), rng.exponential(180, CUSTOMERS)


def peer_simulation(arrive: list[float], handle: list[float]) -> list[float]:
    """Waits of the same customers in simpy."""
    import simpy

    world, waits = simpy.Environment(), []
    desk = simpy.Resource(world, SERVERS)

    def customer(takes: float):
        came = world.now
        with desk.request() as turn:
            yield turn
            waits.append(world.now - came)
            yield world.timeout(takes)

    def source():
        for at, takes in zip(arrive, handle, strict=True):
            yield world.timeout(at - world.now)
            world.process(customer(takes))

    world.process(source())
    world.run()
    return waits


def simulation() -> None:
    """An M/M/c queue played out, against simpy."""
    if importlib.util.find_spec("simpy") is None:
        print("simpy: skipped, it is not installed (pip install simpy)")
        return
    arrive, handle = day()
    lists = arrive.tolist(), handle.tolist()
    np.testing.assert_allclose(simulate_calls(arrive, handle, SERVERS).wait, peer_simulation(*lists), atol=1e-6)
    ours, theirs = (best_ms(work, 3) for work in (lambda: simulate_calls(arrive, handle, SERVERS), lambda: peer_simulation(*lists)))
    print(line(f"M/M/{SERVERS}, {CUSTOMERS:,} customers", ours, "simpy", theirs, GOALS["simulation"]))


def patience(ours: float, need: np.ndarray) -> None:
    """Erlang A, agents needed, against pyworkforce where it has it."""
    import pyworkforce.queuing

    if not hasattr(pyworkforce.queuing, "ErlangA"):
        print("Erlang A: this pyworkforce has none (pip install 'pyworkforce>=0.5.4' on Python 3.12 or later)")
        return
    theirs = peer_patience()
    print(f"pyworkforce differs in {sum(a != b for a, b in zip(need, theirs, strict=True))} of {need.size} slots (Erlang A)")
    print(line("Erlang A, agents needed per slot", ours, "pyworkforce", best_ms(peer_patience, 1), GOALS["patience"]))


def line(task: str, ours: float, name: str, theirs: float, goal: float = 0) -> str:
    """One line of the report."""
    verdict = f"  (goal ≥ {goal:g}×: {'met' if theirs / ours >= goal else 'MISSED'})" if goal else ""
    return f"{task:<34}{ours:>9.3f} ms   {name:<12}{theirs:>10.2f} ms   {theirs / ours:>7.1f}×{verdict}"


def main() -> None:
    """Compare answers, then times."""
    need = required_agents(LOADS, AHT_S, WITHIN_S, TARGET)
    surface = erlang_c_surface(LOADS, LEVELS)
    assert need.tolist() == [loop_need(a) for a in PLAIN]
    np.testing.assert_allclose(surface[3], [loop_wait(PLAIN[3], n + 1) for n in range(LEVELS)], rtol=1e-9)

    ours_need = best_ms(many(lambda: required_agents(LOADS, AHT_S, WITHIN_S, TARGET), 50), 9) / 50
    ours_surface = best_ms(many(lambda: erlang_c_surface(LOADS, LEVELS), 20), 9) / 20
    rates = LOADS / AHT_S
    impatient = required_agents_patience(rates, AHT_S, PATIENCE_S, WITHIN_S, TARGET)
    ours_patience = best_ms(lambda: required_agents_patience(rates, AHT_S, PATIENCE_S, WITHIN_S, TARGET), 5)
    print(f"Erlang C, {LOADS.size} slots, mean load {LOADS.mean():.1f} erlang; Erlang A need {ours_patience:.1f} ms")
    simulation()
    print(line("agents needed per slot", ours_need, "plain loop", best_ms(lambda: [loop_need(a) for a in PLAIN], 5)))
    whole = best_ms(lambda: [[loop_wait(a, n) for n in range(1, LEVELS + 1)] for a in PLAIN], 1)
    print(line(f"surface × {LEVELS} staff levels", ours_surface, "plain loop", whole))
    if importlib.util.find_spec("pyworkforce") is None:
        print("pyworkforce: skipped, it is not installed (pip install pyworkforce)")
        return
    differing = [(round(a, 3), int(n), peer_need(a)) for a, n in zip(PLAIN, need, strict=True) if peer_need(a) != n]
    print(f"pyworkforce differs in {len(differing)} of {LOADS.size} slots (load, ours, theirs): {differing[:3]}")
    peers = best_ms(lambda: [peer_need(a) for a in PLAIN], 5)
    print(line("agents needed per slot", ours_need, "pyworkforce", peers, GOALS["need"]))
    print(
        line(
            f"surface × {LEVELS} staff levels", ours_surface, "pyworkforce", best_ms(peer_surface, 2), GOALS["surface"]
        )
    )
    patience(ours_patience, impatient)


if __name__ == "__main__":
    main()
