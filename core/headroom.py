"""Room to improve: what would the shop gain if an agent came up to the common figure?

The gap is that of the shrunken figure (`core.shrinkage`), so that luck in few cases promises nothing, times the agent's cases a week.
Ranked are agents with enough cases whose figure is reliable enough to be put in an order; for the others the gap stands without a rank.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

COLUMNS = (
    "agent", "n", "per_week", "value", "shrunken", "low", "high", "gap", "gap_low", "gap_high", "gain", "gain_low", "gain_high", "shop",
    "reliability", "rank", "told", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Headroom:
    """Gaps to the common figure.

    Args:
        rows: one row per agent, most to gain first: agent, n, per_week (cases), value, shrunken with low and high, gap (how much worse
            than the baseline; negative where better) with gap_low and gap_high, gain (gap × cases a week) with gain_low and
            gain_high, shop (by how much the shop's figure would improve), reliability, rank (from 1; NaN without one), told (whether
            the interval leaves out 0), reason (``below_minimum``, ``unreliable`` or empty).
        baseline: the common figure of all agents. ``weeks``: length of the period.
        reason: why there are no gaps at all; else empty.
    """

    rows: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COLUMNS)))
    baseline: float = np.nan
    weeks: float = np.nan
    reason: str = ""


def headroom(shrunk: pd.DataFrame, baseline: float, better: int, weeks: float, least: float) -> Headroom:
    """Gaps of shrunken figures to the baseline, times volume.

    Args:
        shrunk: one row per agent: agent, n, value, shrunken, low, high, reliability, orderable. ``better``: +1 where higher is better.
        least: cases an agent needs to be ranked.

    >>> shrunk = pd.DataFrame({"agent": ["a", "b", "c"], "n": [100.0, 400.0, 10.0], "value": [0.6, 0.75, 0.3],
    ...     "shrunken": [0.7, 0.76, 0.78], "low": [0.6, 0.7, 0.6],
    ...     "high": [0.78, 0.81, 0.9], "reliability": [0.8, 0.9, 0.2], "orderable": [True, True, False]})
    >>> found = headroom(shrunk, 0.8, 1, 10, 30).rows
    >>> found[["agent", "gap", "gain", "rank"]].round(2).values.tolist()
    [['b', 0.04, 1.6, 1.0], ['a', 0.1, 1.0, 2.0], ['c', 0.02, 0.02, nan]]
    """
    frame = shrunk[shrunk["shrunken"].notna()].reset_index(drop=True)
    gaps = [(baseline - frame[name]) * better for name in ("shrunken", "low", "high")]
    per_week = frame["n"] / weeks
    ends = (np.minimum(gaps[1], gaps[2]), np.maximum(gaps[1], gaps[2]))
    frame = frame.assign(per_week=per_week, gap=gaps[0], gap_low=ends[0], gap_high=ends[1])
    frame = frame.assign(gain=gaps[0] * per_week, gain_low=ends[0] * per_week, gain_high=ends[1] * per_week)
    enough = frame["n"] >= least
    frame["reason"] = np.select([~enough, ~frame["orderable"].astype(bool)], ["below_minimum", "unreliable"], "")
    frame["told"] = enough & (frame["gap_low"] > 0)
    frame["shop"] = frame["gap"] * frame["n"] / shrunk["n"].sum()
    ranked = (frame["reason"] == "") & (frame["gap"] > 0)
    frame["rank"] = frame["gain"].where(ranked).rank(ascending=False, method="min")
    order = frame.assign(last=~ranked).sort_values(["last", "gain"], ascending=[True, False], kind="stable")
    return Headroom(order[list(COLUMNS)].reset_index(drop=True), baseline, weeks)
