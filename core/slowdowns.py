"""Simultaneous slow-downs: hours and days at which most agents were worse than usual at the same time.

One agent's bad hour is his; the same hour bad for nearly all speaks of what they share: system, network, a queue. Each agent's slots
are freed from his level, the hour of day, the weekday and the week, and put in order among his own; a slot's score adds up the places
of the agents who were there. How large the largest of all scores gets by chance is found by drawing each agent's places anew, so the
p of a slot already knows how many slots were looked at (Westfall & Young 1993); hours and days are two families and share the level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from core.fairness import normal_quantile
from core.trends import ALPHA, EPOCH_WEEKDAY, STRONG, week_of

Floats = NDArray[np.float64]
WIDTHS = (1, 2, 3, 4, 6)
COLUMNS = ("kind", "local_day", "hour", "hours", "agents", "worse_agents", "n", "size", "low", "high", "p_adjusted", "verdict")


@dataclass(frozen=True)
class SlowRules:
    """What makes a slot speak.

    Args:
        worse: +1 where higher is worse, −1 where lower is.
        agents_min: agents a slot needs. ``slots_min``: slots an agent needs to have something usual.
        most: share of the agents there that must be worse than usual.
        draws, seed: of the redrawn places. ``week_start``: 0 Monday.
    """

    worse: int = 1
    agents_min: int = 3
    slots_min: int = 8
    most: float = 0.6
    draws: int = 1999
    seed: int = 20_260_402
    week_start: int = 0


@dataclass(frozen=True)
class Slowdowns:
    """Slots at which most were worse at the same time.

    Args:
        rows: one row per such slot, first to last: kind (``hour``, ``day``), local_day, hour (−1 for days), hours (width of the slot),
            agents there, worse_agents,
            n, size with low and high (mean over agents against their usual, on the scale of the figures), p_adjusted, verdict.
        tested: slots looked at, by kind.
        reason: ``too_few_slots`` where no slot has enough agents; else empty.
    """

    rows: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COLUMNS)))
    tested: dict[str, int] = field(default_factory=dict)
    reason: str = ""


def slowdowns(rows: pd.DataFrame, rules: SlowRules | None = None) -> Slowdowns:
    """Which hours and days were bad for most agents at once?

    Args:
        rows: one row per agent × local_day (× hour): agent, local_day, n, total; without hours only days are looked at.

    >>> rng = np.random.default_rng(0)
    >>> rows = pd.DataFrame([(f"a{a}", d) for a in range(8) for d in range(4, 60)], columns=["agent", "local_day"]).assign(n=5.0)
    >>> rows["total"] = 5 * (4 + 0.8 * (rows["local_day"] == 30) + rng.normal(0, 0.3, len(rows)))
    >>> slowdowns(rows).rows[["kind", "local_day", "agents"]].values.tolist()
    [['day', 30, 8]]
    """
    rules = rules or SlowRules()
    if rows.empty:
        return Slowdowns(reason="too_few_slots")
    kinds = {"hour": ["local_day", "hour"]} if "hour" in rows else {}
    kinds["day"] = ["local_day"]
    found, tested = [], {}
    width = _width(rows, rules) if "hour" in rows else 24
    for kind, by in kinds.items():
        rows = rows.assign(hour=rows["hour"] // width * width) if kind == "hour" else rows
        slots = rows.groupby(["agent", *by], observed=True)[["n", "total"]].sum().reset_index()
        table = _scored(slots, by, rules)
        tested[kind] = len(table)
        found.append(table.assign(kind=kind, hours=width if kind == "hour" else 24))
    if not sum(tested.values()):
        return Slowdowns(tested=tested, reason="too_few_slots")
    families = sum(count > 0 for count in tested.values())
    told = pd.concat([part for part in found if len(part)], ignore_index=True)
    told["p_adjusted"] = np.minimum(told["p_adjusted"] * families, 1.0)
    told = told[(told["p_adjusted"] < ALPHA) & (told["worse_agents"] >= rules.most * told["agents"])]
    told = told.assign(verdict=np.where(told["p_adjusted"] < STRONG, "strong_evidence", "evidence"))
    return Slowdowns(told.sort_values(["local_day", "hour"])[list(COLUMNS)].reset_index(drop=True), tested)


def _width(rows: pd.DataFrame, rules: SlowRules) -> int:
    """The narrowest slots of whole hours of which a third have enough agents; a quarter of the day where none are."""
    for width in WIDTHS:
        slots = rows.groupby(["local_day", rows["hour"] // width], observed=True)["agent"].nunique()
        if (slots >= rules.agents_min).mean() >= 1 / 3:
            return width
    return WIDTHS[-1]


def unusual(slots: pd.DataFrame, week_start: int = 0) -> Floats:
    """Figures freed from agent, weekday, hour and week: weighted means taken out by turns.

    >>> slots = pd.DataFrame({"agent": list("aabb"), "local_day": [4, 5, 4, 5], "n": 1.0, "total": [1.0, 2, 3, 4]})
    >>> unusual(slots).round(6).tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    n = slots["n"].to_numpy(dtype=np.float64)
    left: Floats = slots["total"].to_numpy(dtype=np.float64) / n
    day = slots["local_day"].to_numpy(dtype=np.int64)
    keys: list[Any] = [slots["agent"].to_numpy(), (day + EPOCH_WEEKDAY) % 7, week_of(day, week_start)]
    keys += [slots["hour"].to_numpy()] if "hour" in slots else []
    places = [np.unique(key, return_inverse=True)[1] for key in keys]
    weights = [np.bincount(place, n) for place in places]
    for _ in range(12):
        for place, weight in zip(places, weights, strict=True):
            left = np.asarray(left - (np.bincount(place, n * left) / weight)[place], dtype=np.float64)
    return left


def _scored(slots: pd.DataFrame, by: Sequence[str], rules: SlowRules) -> pd.DataFrame:
    """Slots with enough agents: how many were worse, by how much, and the p of the score among the largest by chance."""
    many = slots.groupby("agent", observed=True)["n"].transform("size") >= rules.slots_min
    slots = slots[many].reset_index(drop=True)
    if slots.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    slots = slots.assign(off=unusual(slots, rules.week_start)).sort_values("agent", kind="stable").reset_index(drop=True)
    score, spread = _places(slots, rules.worse)
    first = slots.groupby(by, observed=True).ngroup().to_numpy()
    agents = np.bincount(first)
    kept = agents >= rules.agents_min
    total = np.bincount(first, score) / np.sqrt(agents)
    largest = _largest(slots["agent"].to_numpy(), score, (first, agents, kept), rules)
    frame = slots.groupby(by, observed=True).agg(n=("n", "sum"), size=("off", "mean")).reset_index()
    worse = np.bincount(first, slots["off"].to_numpy() * rules.worse > 0)
    reach = normal_quantile(0.95) * np.sqrt(np.bincount(first, spread**2)) / agents
    beyond = len(largest) - np.searchsorted(np.sort(largest), total - 1e-9)
    frame = frame.assign(agents=agents, worse_agents=worse.astype(np.int64), low=frame["size"] - reach, high=frame["size"] + reach)
    frame = frame.assign(hour=frame.get("hour", -1), p_adjusted=(beyond + 1) / (len(largest) + 1))
    return frame[kept].reset_index(drop=True)


def _places(slots: pd.DataFrame, worse: int) -> tuple[Floats, Floats]:
    """Normal scores of each agent's slots among his own, bad ones high, spread 1; and the spread of his figures."""
    grouped = slots.groupby("agent", observed=True)
    usual_n = grouped["n"].transform("median").to_numpy(dtype=np.float64)
    n = slots["n"].to_numpy(dtype=np.float64)
    sure = slots["off"].to_numpy(dtype=np.float64) * worse * np.sqrt(n / (n + usual_n))
    size = grouped["n"].transform("size").to_numpy(dtype=np.float64)
    score = special.ndtri((_ranks(slots["agent"], sure) - 0.5) / size)
    code = np.unique(slots["agent"].to_numpy(), return_inverse=True)[1]
    power = np.sqrt(np.bincount(code, score**2) / np.bincount(code))[code]
    spread = np.sqrt(np.bincount(code, slots["off"].to_numpy(dtype=np.float64) ** 2) / np.bincount(code))[code]
    return np.divide(score, power, out=np.zeros_like(score), where=power > 0), spread


def _ranks(agent: pd.Series, values: Floats) -> Floats:
    return np.asarray(pd.Series(values).groupby(agent.to_numpy()).rank(method="average"), dtype=np.float64)


def _largest(agent: NDArray[Any], score: Floats, slots: tuple[NDArray[Any], ...], rules: SlowRules) -> Floats:
    """The largest score of all slots when every agent's places are drawn anew, once a draw."""
    slot, agents, kept = slots
    if not kept.any():
        return np.zeros(0)
    _, start, code = np.unique(agent, return_index=True, return_inverse=True)
    size = np.bincount(code)
    rng, root = np.random.default_rng(rules.seed), np.sqrt(agents[kept])
    found = np.empty(rules.draws)
    for draw in range(rules.draws):
        picked = score[start[code] + (rng.random(len(score)) * size[code]).astype(np.int64)]
        found[draw] = (np.bincount(slot, picked)[kept] / root).max()
    return found
