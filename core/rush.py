"""Steady in the rush: whose figures hold when the shop's load per agent is highest, and whose give way more than the others'?

Rush slots are the quarter of all hours with the most contacts per agent at work. Each agent's change from other hours to rush hours has
an error with days as blocks; it is compared with the change of all others, one Holm family over agents, so that a rush that slows everybody
names nobody. Small samples are drawn towards the common change (`core.shrinkage`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from core.fairness import normal_quantile
from core.shrinkage import between, shrink_means
from core.trends import adjust, verdict_codes

Floats = NDArray[np.float64]
TOLD = ("evidence", "strong_evidence")


@dataclass(frozen=True)
class RushRules:
    """What a comparison of rush and other hours needs.

    Args:
        worse: +1 where higher is worse. ``top``: share of hours that are the rush. ``n_min``, ``days_min``: cases and days on each
            side; ``agents_min``: agents with both.
    """

    worse: int = 1
    top: float = 0.25
    n_min: float = 20.0
    days_min: int = 8
    agents_min: int = 3


@dataclass(frozen=True)
class Rush:
    """Agents in the rush against themselves in other hours.

    Args:
        rows: one row per agent, steadiest first: agent, n_rush, n_other, rush, other (means on the scale), change with low and high,
            shrunken, apart (change less the others' change; worse is positive), p, p_adjusted, verdict, standing (``steadier``,
            ``gives_way`` or empty).
        change, low, high: of all agents together, on the scale. ``tau``: spread of true changes between agents.
        load: contacts per agent and hour from which on it is the rush. ``slots``: rush hours and all hours.
        reason: ``too_few_in_rush``, ``no_rush``; else empty.
    """

    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    change: float = np.nan
    low: float = np.nan
    high: float = np.nan
    tau: float = np.nan
    load: float = np.nan
    slots: tuple[int, int] = (0, 0)
    reason: str = ""

    @property
    def family(self) -> int:
        """How many agents were tested."""
        return int(self.rows["p"].notna().sum()) if len(self.rows) else 0

    def named(self, standing: str) -> list[str]:
        """Agents told apart, ``steadier`` or ``gives_way``."""
        return [str(name) for name in self.rows.loc[self.rows["standing"] == standing, "agent"]] if len(self.rows) else []


def rush_slots(contacts: pd.DataFrame, on_duty: pd.DataFrame, top: float = 0.25) -> tuple[pd.DataFrame, float]:
    """Which hours are the rush, and from which load on.

    Args:
        contacts: one row per local_day × hour: n contacts that began. ``on_duty``: the same with agents at work.

    >>> slots, load = rush_slots(pd.DataFrame({"local_day": 4, "hour": [9, 10, 11, 12], "n": [2, 4, 9, 2]}),
    ...     pd.DataFrame({"local_day": 4, "hour": [9, 10, 11], "agents": [1, 2, 1]}))
    >>> slots["rush"].tolist(), load
    ([False, False, True], 5.5)
    """
    slots = contacts.merge(on_duty, on=["local_day", "hour"])
    slots = slots[(slots["n"] > 0) & (slots["agents"] > 0)].reset_index(drop=True)
    if slots.empty:
        return slots.assign(rush=pd.Series(dtype=bool)), float("nan")
    load = (slots["n"] / slots["agents"]).to_numpy(dtype=np.float64)
    edge = float(np.quantile(load, 1 - top))
    rush = load > edge if (load >= edge).mean() > 2 * top else load >= edge
    return slots.assign(rush=rush), edge


def in_rush(rows: pd.DataFrame, slots: pd.DataFrame, rules: RushRules | None = None) -> Rush:
    """Who is steadier in the rush than the others, who gives way more?

    Args:
        rows: one row per agent × local_day × hour: n, total. ``slots``: one row per local_day × hour with ``rush``.

    >>> rng = np.random.default_rng(0)
    >>> cells = [(f"a{a}", d, h) for a in range(8) for d in range(4, 46) for h in (9, 14)]
    >>> rows = pd.DataFrame(cells, columns=["agent", "local_day", "hour"]).assign(n=4.0)
    >>> slower = 0.5 * (rows["hour"] == 14) * (rows["agent"] != "a3")
    >>> rows["total"] = 4 * (4 + slower + rng.normal(0, 0.3, len(rows)))
    >>> slots = rows[["local_day", "hour"]].drop_duplicates().assign(rush=lambda each: each["hour"] == 14)
    >>> in_rush(rows, slots).named("steadier")
    ['a3']
    """
    rules = rules or RushRules()
    counted = (int(slots["rush"].sum()), len(slots)) if len(slots) else (0, 0)
    if not 0 < counted[0] < counted[1]:
        return Rush(slots=counted, reason="no_rush")
    rows = rows.merge(slots[["local_day", "hour", "rush"]], on=["local_day", "hour"])
    found = [_agent(str(name), part, rules) for name, part in rows.groupby("agent", observed=True)]
    frame = pd.DataFrame([each for each in found if each])
    if len(frame) < rules.agents_min:
        return Rush(slots=counted, reason="too_few_in_rush")
    return _compared(frame, rules, counted)


def _agent(name: str, part: pd.DataFrame, rules: RushRules) -> dict[str, Any]:
    """An agent's means in and outside the rush and the error of their difference, days as blocks; empty with too few."""
    n, total = part["n"].to_numpy(dtype=np.float64), part["total"].to_numpy(dtype=np.float64)
    here, day = part["rush"].to_numpy(dtype=bool), np.unique(part["local_day"].to_numpy(), return_inverse=True)[1]
    sums = [float(n[side].sum()) for side in (here, ~here)]
    days = [len(np.unique(day[side])) for side in (here, ~here)]
    if min(sums) < rules.n_min or min(days) < rules.days_min:
        return {}
    rush, other = (float(total[side].sum() / size) for side, size in zip((here, ~here), sums, strict=True))
    off = np.where(here, (total - n * rush) / sums[0], -(total - n * other) / sums[1])
    blocks = np.bincount(day, off)
    error = float(np.sqrt((blocks**2).sum() * len(blocks) / (len(blocks) - 1)))
    return {"agent": name, "n_rush": sums[0], "n_other": sums[1], "rush": rush, "other": other, "error": error, "free": min(days) - 1}


def _compared(frame: pd.DataFrame, rules: RushRules, counted: tuple[int, int]) -> Rush:
    frame["change"] = frame["rush"] - frame["other"]
    fine = frame["error"].to_numpy() > 0
    change, error = frame["change"].to_numpy(), frame["error"].to_numpy()
    tau2 = between(change[fine], error[fine]) if fine.sum() > 1 else 0.0
    weight = np.where(fine, 1 / (np.where(fine, error, 1.0) ** 2 + tau2), 0.0)
    whole = float(weight.sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        others = ((weight * change).sum() - weight * change) / (whole - weight)
        spread = np.sqrt(error**2 + 1 / (whole - weight))
        p = np.where(fine & (whole > weight), 2 * special.stdtr(frame["free"].to_numpy(), -np.abs(change - others) / spread), np.nan)
    p_adjusted = adjust(p)
    verdict = verdict_codes(p, p_adjusted, np.zeros(len(p), dtype=bool), np.ones(len(p), dtype=bool))
    apart = (change - others) * rules.worse
    told = np.isin(verdict, TOLD)
    standing = np.select([told & (apart < 0), told & (apart > 0)], ["steadier", "gives_way"], "")
    drawn = shrink_means(change, np.where(fine, error, np.nan), frame["n_rush"].to_numpy())
    reach = normal_quantile(0.95)
    frame = frame.assign(low=change - reach * error, high=change + reach * error, shrunken=drawn.value, apart=apart, p=p,
                         p_adjusted=p_adjusted, verdict=verdict, standing=standing)  # fmt: skip
    mean, mean_error = (float((weight * change).sum() / whole), float(whole**-0.5)) if whole > 0 else (np.nan, np.nan)
    rows = frame.drop(columns=["error", "free"]).sort_values("apart", kind="stable").reset_index(drop=True)
    return Rush(rows, mean, mean - reach * mean_error, mean + reach * mean_error, float(np.sqrt(tau2)), slots=counted)
