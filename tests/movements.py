"""Simulated shops for questions about movements: agents × days with sums of single cases."""

from __future__ import annotations

import numpy as np
import pandas as pd

FIRST = 4
"""1970-01-05, a Monday."""


def period(weeks: int) -> tuple[int, int]:
    """First and last local day of so many whole weeks."""
    return FIRST, FIRST + 7 * weeks - 1


def shop(
    rng: np.random.Generator, *, agents: int = 12, weeks: int = 12, per_day: float = 6.0, together: float = 0.0, alone: float = 0.0,
    restless: float = 0.0, share: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Agent × day sums: in the second half all move by ``together``, the first agent by ``alone`` besides.

    Single cases are logs with spread 0.7, or hits with ``share``; ``restless`` is the spread of an agent's days beyond that.
    """
    days = 7 * weeks
    n = rng.poisson(per_day * rng.uniform(0.5, 1.5, agents)[:, None], (agents, days)).astype(float)
    n[0] = rng.poisson(per_day, days)
    level = rng.uniform(0.75, 0.92, agents) if share else rng.normal(4, 0.3, agents)
    later = np.arange(days) >= days // 2
    middle = level[:, None] + together * later + rng.normal(0, 1, (agents, days)) * restless
    middle[0] += alone * later
    agent, day = np.nonzero(n > 0)
    cases, mean = n[agent, day], middle[agent, day]
    if share:
        total = rng.binomial(cases.astype(int), mean.clip(0, 1)).astype(float)
        square = total
    else:
        total = cases * mean + rng.normal(0, 0.7, len(cases)) * np.sqrt(cases)
        square = total**2 / cases + 0.49 * np.where(cases > 1, rng.chisquare(np.maximum(cases - 1, 1)), 0.0)
    names = np.array([f"a{at:02d}" for at in range(agents)])[agent]
    return pd.DataFrame({"agent": names, "local_day": day + FIRST, "n": cases, "total": total, "square": square})


def hours(rng: np.random.Generator, *, agents: int = 12, days: int = 56, per_hour: float = 1.5, outage: float = 0.0) -> pd.DataFrame:
    """Agent × day × hour sums of logs, 9 to 21 o'clock, slower at noon and on Fridays; an outage on day 30 from 12 to 15 o'clock."""
    parts = []
    for at in range(agents):
        n = rng.poisson(per_hour, (days, 12))
        day, hour = np.nonzero(n)
        cases = n[day, hour].astype(float)
        middle = 4 + 0.2 * np.sin(hour / 3) + 0.1 * (day % 7 == 4) + outage * ((day == 30) & (hour >= 3) & (hour < 6))
        total = cases * middle + rng.normal(0, 0.7, len(cases)) * np.sqrt(cases)
        parts.append(pd.DataFrame({"agent": f"a{at:02d}", "local_day": day + FIRST, "hour": hour + 9, "n": cases, "total": total}))
    return pd.concat(parts, ignore_index=True).assign(square=lambda rows: rows["total"] ** 2 / rows["n"])
