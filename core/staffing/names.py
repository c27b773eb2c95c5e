"""Who works which shift: names for the counts of a roster, so that people keep their days and times and rest in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from core.staffing.patterns import DAY_MIN, WEEK_MIN
from core.staffing.queues import FloatArray, IntArray

TIRED = 1e6
_Ends = dict[str, tuple[int, int]]
"""Agent → start and end of the latest shift, minutes of the week."""


def name_shifts(
    people: Sequence[str], patterns: np.ndarray, duties: IntArray, rest_min: int, today: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Give every duty to somebody whose day pattern works on its weekday.

    Args:
        people: names, at least as many as patterns.
        patterns: one row per person at work: weekdays on (7 columns).
        duties: one row per duty: weekday, start in minutes, length; on no weekday more than patterns work.
        rest_min: minutes wanted between two shifts; kept wherever the duties allow.
        today: shifts of today's week (agent, weekday, start, end): people keep theirs where they can.

    Returns:
        One row per duty: agent, weekday, start, end (minutes of the day, over 1,440 past midnight).

    >>> on = np.ones((2, 7), bool)
    >>> named = name_shifts(["a", "b"], on, np.array([[0, 540, 480], [1, 540, 480], [0, 780, 480]]), 660)
    >>> named.to_csv(index=False, header=False).split()
    ['a,0,540,1020', 'b,0,780,1260', 'a,1,540,1020']
    """
    old = {} if today is None else {str(agent): rows for agent, rows in today.groupby("agent", sort=False)}
    working = _days_of(people, patterns, old)
    ends: _Ends = {}
    rows: list[tuple[str, int, int, int]] = []
    for _ in range(2):  # the second time Sunday is known when Monday is given out
        ends = {agent: (start - WEEK_MIN, end - WEEK_MIN) for agent, (start, end) in ends.items()}
        rows = [row for day in range(7) for row in _one_day(day, working, duties[duties[:, 0] == day], (rest_min, ends, old))]
    return pd.DataFrame(rows, columns=["agent", "weekday", "start", "end"])


def _days_of(people: Sequence[str], patterns: np.ndarray, old: Mapping[str, pd.DataFrame]) -> dict[str, np.ndarray]:
    """Person → weekdays on: everybody gets the pattern most like the days of today."""
    worked = np.array([np.isin(np.arange(7), old[agent]["weekday"]) if agent in old else np.zeros(7, bool) for agent in people])
    unlike = (worked[:, None, :] != patterns[None, :, :]).sum(axis=2) if len(patterns) else np.zeros((len(people), 0))
    who, which = linear_sum_assignment(unlike)
    return {people[person]: patterns[pattern] for person, pattern in zip(who, which, strict=True)}


def _one_day(
    day: int, working: Mapping[str, np.ndarray], duties: IntArray, known: tuple[int, _Ends, Mapping[str, pd.DataFrame]]
) -> list[tuple[str, int, int, int]]:
    """The duties of one weekday given out; ``ends`` is kept up to date."""
    rest_min, ends, old = known
    people = [agent for agent, on in working.items() if on[day]]
    price = np.zeros((len(people), len(duties)))
    for row, agent in enumerate(people):
        price[row] = _strain(duties, ends.get(agent), rest_min) - _kept(duties, old.get(agent))
    rows = []
    for row, at in zip(*linear_sum_assignment(price), strict=True):
        _, start, length = (int(each) for each in duties[at])
        ends[people[row]] = day * DAY_MIN + start, day * DAY_MIN + start + length
        rows.append((people[row], day, start, start + length))
    return sorted(rows, key=lambda each: each[2])


def _strain(duties: IntArray, last: tuple[int, int] | None, rest_min: int) -> FloatArray:
    """Minutes by which a duty begins at another time than the latest one; very much where the rest is too short."""
    if last is None:
        return np.zeros(len(duties))
    begin = duties[:, 0] * DAY_MIN + duties[:, 1]
    return np.abs(duties[:, 1] - last[0] % DAY_MIN) / 4 + TIRED * (begin < last[1] + rest_min)


def _kept(duties: IntArray, old: pd.DataFrame | None) -> FloatArray:
    """Minutes of a duty that lie inside the person's shifts of today."""
    kept = np.zeros(len(duties))
    if old is None:
        return kept
    begin = duties[:, 0] * DAY_MIN + duties[:, 1]
    for weekday, start, end in old[["weekday", "start", "end"]].itertuples(index=False, name=None):
        at = weekday * DAY_MIN
        kept += np.clip(np.minimum(begin + duties[:, 2], at + end) - np.maximum(begin, at + start), 0, None)
    return kept


def short_rests(shifts: pd.DataFrame, rest_min: int) -> int:
    """How many times somebody begins again before the rest is over; the week goes round.

    >>> shifts = pd.DataFrame({"agent": "a", "weekday": [0, 1], "start": [840, 420], "end": [1320, 900]})
    >>> short_rests(shifts, 660)
    1
    """
    count = 0
    for _, rows in shifts.groupby("agent"):
        begin = np.sort((rows["weekday"] * DAY_MIN + rows["start"]).to_numpy())
        end = np.sort((rows["weekday"] * DAY_MIN + rows["end"]).to_numpy())
        count += int((np.append(begin[1:], begin[0] + WEEK_MIN) - end < rest_min).sum())
    return count
