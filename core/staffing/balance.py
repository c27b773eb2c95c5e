"""Which weekdays carry more contacts per agent than the others, when no slot lacks anybody outright.

A team can have enough agents by every queue formula and still answer later on its busiest weekday. Agents are then moved
between weekdays at the same time of day, one whole agent at a time, only while the giving day stays less loaded than the
taking day was, and only towards weekdays whose load is beyond chance (t test of its dates, Bonferroni over the weekdays).
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr

from core.staffing.queues import FloatArray, IntArray

MIN_DATES = 4
MIN_EXCESS = 1.1
LEVEL = 0.05


def overloaded_weekdays(daily: IntArray, weekdays: IntArray, supplied: FloatArray) -> tuple[FloatArray, np.ndarray]:
    """Mean contacts per date of each weekday, and which weekdays carry more than their share of the staff.

    Args:
        daily: contacts per date.
        weekdays: weekday of each date.
        supplied: agents present, 7 weekdays × slots.

    Returns:
        Two arrays of seven. A weekday is overloaded when its contacts exceed what its share of the agent-hours would
        carry by at least 10 % and by more than chance; below ``MIN_DATES`` dates or without staff never.

    >>> daily = np.array([50, 52, 48, 51, 90, 49, 50] * 6) + np.arange(42) % 4
    >>> mean, over = overloaded_weekdays(daily, np.arange(42) % 7, np.ones((7, 24)))
    >>> np.flatnonzero(over).tolist()
    [4]
    """
    dates = [daily[weekdays == weekday] for weekday in range(7)]
    n = np.array([len(rows) for rows in dates])
    mean = np.array([rows.mean() if len(rows) else 0.0 for rows in dates])
    spread = np.array([rows.std(ddof=1) if len(rows) > 1 else np.inf for rows in dates])
    staff = np.nan_to_num(supplied).sum(axis=1)
    if n.min() < MIN_DATES or staff.min() <= 0:
        return mean, np.zeros(7, bool)
    carried = mean.sum() * staff / staff.sum()
    t = (mean - carried) / np.maximum(spread / np.sqrt(n), 1e-9)
    return mean, np.asarray((stdtr(n - 1, -t) * 7 < LEVEL) & (mean >= MIN_EXCESS * carried))


def swaps(load: FloatArray, agents: FloatArray, least: FloatArray, takers: np.ndarray) -> IntArray:
    """Agents to add (+) or take away (−) on each weekday at one time of day.

    Args:
        load: contacts per date of each weekday.
        agents: agents present on each weekday.
        least: agents each weekday must keep.
        takers: weekdays that may receive; the others may give.

    >>> swaps(np.array([8.0, 8, 12]), np.array([4.0, 4, 4]), np.ones(3), np.array([False, False, True])).tolist()
    [-1, 0, 1]
    """
    now, change = agents.copy(), np.zeros(len(agents), np.int64)
    while True:
        after = np.where(~takers & (now - 1 >= least) & (now > 1), load / np.maximum(now - 1, 1e-9), np.inf)
        before = np.where(takers, load / np.maximum(now, 1e-9), -np.inf)
        giver, taker = int(np.argmin(after)), int(np.argmax(before))
        if not after[giver] < before[taker]:
            return change
        for weekday, step in ((giver, -1), (taker, 1)):
            now[weekday] += step
            change[weekday] += step


def balancing(
    daily: IntArray, weekdays: IntArray, required: FloatArray, supplied: FloatArray
) -> tuple[IntArray, IntArray]:
    """Whole agents that overloaded weekdays should get and the others can give, each 7 weekdays × slots.

    >>> short, spare = balancing(np.full(42, 9), np.arange(42) % 7, np.ones((7, 24)), np.full((7, 24), 3.0))
    >>> int(short.sum()), int(spare.sum())
    (0, 0)
    """
    load, takers = overloaded_weekdays(daily, weekdays, supplied)
    if not takers.any():
        nothing = np.zeros(supplied.shape, np.int64)
        return nothing, nothing.copy()
    least = np.maximum(np.nan_to_num(required), 1)
    agents = np.nan_to_num(supplied)
    slots = range(supplied.shape[1])
    change = np.stack([swaps(load, agents[:, slot], least[:, slot], takers) for slot in slots], axis=1)
    return np.maximum(change, 0), np.maximum(-change, 0)
