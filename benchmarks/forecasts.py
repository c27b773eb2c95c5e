"""How often the 80 % band of the forecast holds what comes, when the naive forecast is kept, and what peaks are called.

    python -m benchmarks.forecasts --shops 24 --logs 200

Simulated shops of sixteen weeks with the weeks after them: Poisson, negative binomial, a trend, a level that jumps by a third, and
weekdays that wander from week to week (there last week's figures are the best forecast there is). Fixed seeds. Prints one line per
kind of shop, then the peaks: called where nothing is, and the planted one found.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from core.staffing.demand import Demand, Group
from core.staffing.forecast import Fitted, Outlook, fit_forecast, outlook
from core.staffing.models import NAIVE
from core.staffing.peaks import find_peaks
from core.staffing.supply import Supply

SEED = 20_261_122
MONDAY = 20_451
WEEKS, AHEAD = 16, 4
WEEKDAYS = np.array([1.0, 0.95, 0.95, 1.05, 1.35, 0.8, 0.75])
HOURS = np.array([0.2] * 7 + [1, 3, 6, 8, 8, 5, 5, 7, 8, 7, 6, 5, 5, 6, 5, 3, 1])
KINDS = ("poisson", "negative_binomial", "trend", "jump", "wander", "quiet")


def levels(kind: str, rng: np.random.Generator, days: int) -> np.ndarray:
    """Expected contacts per day."""
    at = np.arange(days)
    base = 90 * WEEKDAYS[at % 7]
    if kind == "trend":
        return base * (1 + 0.04 * at / 7)
    if kind == "jump":
        return base * np.where(at >= 7 * (WEEKS - 5), 1.33, 1.0)
    if kind == "wander":
        steps = rng.normal(0, 0.18, (days // 7, 7)).cumsum(axis=0)
        return base * np.exp(np.clip(steps, -1.5, 1.5)).ravel()
    return base * 0.12 if kind == "quiet" else base


def quarters(kind: str, rng: np.random.Generator, weeks: int = WEEKS + AHEAD) -> np.ndarray:
    """Contacts per day × quarter hour; the negative binomial shop has busy days (θ = 20)."""
    mean = levels(kind, rng, weeks * 7)
    if kind in ("negative_binomial", "trend", "jump"):
        mean = mean * rng.gamma(20, 1 / 20, len(mean))
    shape = np.repeat(HOURS / HOURS.sum() / 4, 4)
    return rng.poisson(mean[:, None] * shape)


def demand_of(counts: np.ndarray) -> Demand:
    """A measured half with arrivals only."""
    period = (MONDAY, MONDAY + len(counts) - 1)
    nothing = np.zeros((7, 96))
    group = Group("chat", counts, nothing, nothing)
    return Demand(period, (group,), None, nothing, nothing, Supply("none"), {"contacts": int(counts.sum())})


def shops(kind: str, number: int) -> Iterator[tuple[np.ndarray, Fitted, Outlook]]:
    """What came after, the fitted models and the forecast of simulated shops."""
    for shop in range(number):
        rng = np.random.default_rng([SEED, KINDS.index(kind), shop])
        counts = quarters(kind, rng)
        fitted = fit_forecast(demand_of(counts[: WEEKS * 7]))
        yield counts[WEEKS * 7 :], fitted, outlook(fitted, AHEAD, 60)


def judged(came: np.ndarray, found: Outlook) -> dict[str, float]:
    """Coverage by day and by slot, claimed coverage, errors of the shown and of the naive forecast on what came."""
    days, hours = came.sum(axis=1), came.reshape(len(came), 24, 4).sum(axis=2).ravel()
    inside = (days >= found.days["p10"]) & (days <= found.days["p90"])
    inside_slots = (hours >= found.slots["p10"]) & (hours <= found.slots["p90"])
    return {
        "days": float(inside.mean()), "slots": float(inside_slots.mean()), "claimed": found.backtest["coverage_80"],
        "mae": float((days - found.days["p50"]).abs().mean()), "kept": float(found.model == NAIVE),
    }  # fmt: skip


def line(kind: str, number: int) -> dict[str, float]:
    """Means over the shops of a kind; ``ratio`` is the shown forecast's error on the weeks that came by the naive one's."""
    rows, naive = [], []
    for came, fitted, found in shops(kind, number):
        rows.append(judged(came, found))
        naive.append(float(np.abs(came.sum(axis=1) - np.resize(fitted.usual[-7:], len(came))).mean()))
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    return means | {"ratio": means.pop("mae") / float(np.mean(naive))}


def peak_rates(number: int) -> dict[str, float]:
    """Share of shops without a peak in which one is called (negative binomial, and by Poisson), and planted ones found."""
    called = {"negative_binomial": 0, "poisson": 0, "poisson_yardstick": 0}
    found = 0
    for shop in range(number):
        rng = np.random.default_rng([SEED, 99, shop])
        for kind in ("poisson", "negative_binomial"):
            counts = quarters(kind, rng, 12)
            answer = find_peaks(demand_of(counts), 60)
            called[kind] += bool(len(answer.periods))
            called["poisson_yardstick"] += kind == "negative_binomial" and answer.facts["poisson_slots"] > 0
        counts[40, 56:64] += rng.poisson(12, 8)  # the NB shop: two hours of about eight contacts get fifty more each
        answer = find_peaks(demand_of(counts), 60).periods
        found += bool(((answer["local_day"] == MONDAY + 40) & (answer["start"] <= 840) & (answer["end"] >= 960)).any())
    return {name: count / number for name, count in called.items()} | {"planted": found / number}


def main() -> None:
    """Print the tables."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--shops", type=int, default=24, help="shops of each kind")
    ask.add_argument("--logs", type=int, default=200, help="logs for the peaks")
    ask.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS)
    words = ask.parse_args()
    print("kind               80 % band: days  slots  claimed   naive kept   error by naive's")
    for kind in words.kinds:
        row = line(kind, words.shops)
        cells = f"{row['days']:15.3f} {row['slots']:6.3f} {row['claimed']:8.3f} {row['kept']:12.2f} {row['ratio']:18.2f}"
        print(f"{kind:18} {cells}", flush=True)
    if not words.logs:
        return
    rates = peak_rates(words.logs)
    print("peaks called where nothing is: " + ", ".join(f"{name} {rate:.3f}" for name, rate in rates.items() if name != "planted"))
    print(f"planted peak found: {rates['planted']:.3f}")


if __name__ == "__main__":
    main()
