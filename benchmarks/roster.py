"""A week's roster of 60 agents with days off, breaks and three languages: proven best, or how far from the bound, and the seconds.

    python -m benchmarks.roster [--agents 60] [--seconds 25] [--seeds 3]

Demand is made up with fixed seeds: two peaks a day, a busy Friday, hours on and off by a tenth; a fifth of the work needs
English, an eighth Japanese. Every fourth agent speaks English, every sixth Japanese. The second part gives the same team
today's roster (the solved week for a flat demand) and asks for the cheapest ten changes.
"""

from __future__ import annotations

import argparse
import os

import numpy as np

from core.staffing.cheapest import Limits, cheapest_changes
from core.staffing.covering import Need, Prices, Search, Terms
from core.staffing.patterns import ShiftRules
from core.staffing.roster import Crew, best_roster

PATTERNS = {
    "8 h, starts 06–18 every hour": ShiftRules(lengths_min=(480,), earliest=360, latest=1080),
    "4 and 8 h, any hour": ShiftRules(lengths_min=(240, 480)),
}


def demand(seed: int, scale: float = 15.0, spread: float = 0.1) -> Need:
    """Agents per weekday × hour, and the part of it that needs a language."""
    rng, hour = np.random.default_rng(seed), np.arange(24)
    shape = np.exp(-(((hour - 11) / 3) ** 2)) + 1.1 * np.exp(-(((hour - 20) / 3) ** 2)) + 0.1
    day = np.array([1, 1, 1, 1.05, 1.35, 0.9, 0.85])
    agents = np.ceil(day[:, None] * shape * scale * (1 + spread * rng.normal(size=(7, 24)))).clip(0)
    return Need(agents, {"en": agents / 5, "ja": agents / 8})


def team(agents: int) -> dict[str, list[str]]:
    """Agent → languages."""
    return {f"agent {i:02d}": ["zh"] + ["en"] * (i % 4 == 0) + ["ja"] * (i % 6 == 1) for i in range(agents)}


def main() -> None:
    """Solve and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--seeds", type=int, default=3)
    words = parser.parse_args()
    print(f"{words.agents} agents, 2 days off together, 30 min break, zh/en/ja; load {os.getloadavg()[0]:.1f}")
    for name, rules in PATTERNS.items():
        for seed in range(words.seeds):
            terms = Terms(rules, Prices(30.0), Search(limit_s=words.seconds))
            found = best_roster(Crew(team(words.agents)), demand(seed), terms)
            sure = "proven" if found.optimal else f"gap {found.gap:.2%}"
            line = f"{name:30} seed {seed}: {sure:10} {found.seconds:5.1f} s, {len(found.shifts)} shifts, {found.paid_hours:.0f} h"
            print(f"{line}, {found.under_hours:.1f} h short, {found.over_hours:.1f} h over, short rests {found.short_rests}")
    flat = best_roster(Crew(team(words.agents)), Need(np.full((7, 24), 8.0)), Terms(search=Search(limit_s=words.seconds)))
    for seed in range(words.seeds):
        crew, need = Crew(team(words.agents), flat.shifts), demand(seed)
        found = cheapest_changes(crew, need, flat.supplied, Limits(10), Terms(search=Search(limit_s=words.seconds)))
        sure = "proven" if found.optimal else f"gap {found.gap:.2%}"
        line = f"{'at most 10 changes':30} seed {seed}: {sure:10} {found.seconds:5.1f} s, {len(found.changes)} changes"
        print(f"{line}, short {found.under_before:.1f} → {found.under_hours:.1f} h")


if __name__ == "__main__":
    main()
