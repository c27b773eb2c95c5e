"""Two hundred random slots: the service level a queue model predicts against an event simulation of the same slot.

Run ``python -m benchmarks.queue_models [--slots 200] [--seed 6] [--contacts 60000]``. A quarter each: calls without and with
patience, chats without and with patience. Without patience the load stays below the staff. Calls last exponentially long;
chats are log-normal in every second slot, exponential in the others, and are never moved from one agent to another, while
the model spreads them anew at every change. A slot is played out with four times as many contacts until chance leaves at most
0.4 points in it. Prints the differences in points, per kind, and that chance.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np

from core.staffing import chat_pool, erlang_a, erlang_c_queue
from core.staffing.simulation import Simulated, lognormal_work, simulate_calls, simulate_chats

GOALS = {"calls": 2.0, "chats": 4.0}
KINDS = ("calls", "calls with patience", "chats", "chats with patience")
WARM_UP, BLOCKS, PRECISION, MOST = 0.1, 20, 0.004, 300_000


@dataclass(frozen=True)
class Slot:
    """One random slot: seconds, contacts per second; ``aht`` has one entry for calls."""

    kind: str
    rate: float
    aht: tuple[float, ...]
    agents: int
    within: float
    patience: float | None
    variation: float | None


def random_slot(kind: str, rng: np.random.Generator, lognormal: bool) -> Slot:
    """A slot as a shop may have it: 1–60 agents, from idle to full, with patience up to a quarter beyond full."""
    agents = int(np.rint(np.exp(rng.uniform(0, np.log(60)))))
    alone = float(rng.uniform(90, 600))
    slower = np.cumprod(np.append(1.0, rng.uniform(1.0, 1.35, rng.integers(1, 4)))) if "chats" in kind else np.ones(1)
    pace = np.arange(1, slower.size + 1) / slower
    aht = alone * slower[: int(np.argmax(pace)) + 1]
    impatient = "patience" in kind
    load = rng.uniform(0.4, 1.25 if impatient else 0.95)
    rate = load * agents * aht.size / aht[-1]
    patience = float(rng.uniform(0.3, 4) * alone) if impatient else None
    return Slot(kind, rate, tuple(aht), agents, float(rng.choice([10, 20, 30, 60, 120])), patience, 1.0 if lognormal else None)


def predicted(slot: Slot) -> float:
    """Service level by the model."""
    if "chats" in slot.kind:
        return float(chat_pool(slot.rate, slot.aht, slot.agents, slot.within, slot.patience).service_level)
    if slot.patience is None:
        return float(erlang_c_queue(slot.rate, slot.aht[0], slot.agents, slot.within).service_level)
    return float(erlang_a(slot.rate, slot.aht[0], slot.patience, slot.agents, slot.within).answered_within_t_of_offered)


def simulated(slot: Slot, contacts: int, rng: np.random.Generator) -> Simulated:
    """The same slot played out, all contacts in a row."""
    arrive = np.cumsum(rng.exponential(1 / slot.rate, contacts))
    patience = None if slot.patience is None else rng.exponential(slot.patience, contacts)
    work = rng.exponential(1, contacts) if slot.variation is None else lognormal_work(rng, contacts, slot.variation)
    if "chats" in slot.kind:
        return simulate_chats(arrive, work, slot.aht, slot.agents, patience)
    return simulate_calls(arrive, work * slot.aht[0], slot.agents, patience)


def level_of(seen: Simulated, within: float) -> tuple[float, float]:
    """Service level after the warm-up and its standard error from the means of blocks."""
    inside = seen.within(within)[int(WARM_UP * seen.wait.size) :]
    blocks = [block.mean() for block in np.array_split(inside, BLOCKS)]
    return float(inside.mean()), float(np.std(blocks, ddof=1) / np.sqrt(BLOCKS))


def played(slot: Slot, contacts: int, most: int, rng: np.random.Generator) -> tuple[float, float]:
    """Service level of the simulation, with as many contacts as it takes to know it."""
    while True:
        level, error = level_of(simulated(slot, contacts, rng), slot.within)
        if error <= PRECISION or contacts >= most:
            return level, error
        contacts *= 4


def differences(slots: int, seed: int, contacts: int, most: int = MOST) -> dict[str, np.ndarray]:
    """Per kind one row a slot: predicted minus simulated and the standard error, in points."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for at in range(slots):
        kind = KINDS[at % len(KINDS)]
        slot = random_slot(kind, rng, lognormal="chats" in kind and at // len(KINDS) % 2 == 0)
        level, error = played(slot, contacts, most, rng)
        found[kind].append((100 * (predicted(slot) - level), 100 * error))
    return {kind: np.array(rows) for kind, rows in found.items()}


def main() -> None:
    """Simulate, compare, print."""
    words = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("slots", 200), ("seed", 6), ("contacts", 60_000)):
        words.add_argument(f"--{name}", type=int, default=usual)
    asked = words.parse_args()
    began = time.process_time()
    print(f"{'':<22}{'slots':>6}{'mean':>8}{'mean |.|':>10}{'worst':>8}{'error':>8}   points; goal")
    for kind, rows in differences(asked.slots, asked.seed, asked.contacts).items():
        off, goal = rows[:, 0], GOALS[kind.split()[0]]
        missed = int((np.abs(off) > goal).sum())
        figures = f"{len(rows):>6}{off.mean():>8.2f}{np.abs(off).mean():>10.2f}{np.abs(off).max():>8.2f}{rows[:, 1].mean():>8.2f}"
        print(f"{kind:<22}{figures}   ≤ {goal:g}: {'met' if not missed else f'MISSED in {missed}'}")
    print(f"{asked.contacts:,} contacts a slot and more where needed, {time.process_time() - began:.0f} s of CPU")


if __name__ == "__main__":
    main()
