"""Who was there: agents per weekday and slot, from the roster, or from the agents seen working (a labelled proxy).

Shifts and the period are both cut at quarter hours in UTC and each piece is placed by its local wall time, so a shift
over midnight, a clock change and half a slot need no special case: agents = agent-seconds / clock-seconds, pooled over
the dates of a weekday. Breaks lower a shift evenly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from core.staffing.queues import FloatArray, IntArray

QUARTER_MS = 15 * 60 * 1000
QUARTERS = 96
INTERVALS = (15, 30, 60)


@dataclass(frozen=True, eq=False)
class Supply:
    """Mean agents present: ``agents[interval]`` is 7 weekdays × slots (NaN where the period lacks the weekday).

    ``label`` is "given" (roster), "proxy" (agents seen working) or "none".
    """

    label: str
    agents: Mapping[int, FloatArray] = field(default_factory=dict)


def weekday_of(local_day: IntArray) -> IntArray:
    """Weekday of days since 1970-01-01, 0 = Monday.

    >>> weekday_of(np.array([0, 4])).tolist()
    [3, 0]
    """
    return (local_day + 3) % 7


def _midnight_ms(local_day: int, zone: str) -> int:
    day = date.fromordinal(_EPOCH + local_day)
    return round(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def _local_day(stamp_ms: float, zone: str) -> int:
    local = datetime.fromtimestamp(stamp_ms / 1000, ZoneInfo(zone)).date()
    return local.toordinal() - _EPOCH


_EPOCH = date(1970, 1, 1).toordinal()


def quarter_seconds(begin: FloatArray, end: FloatArray, weight: FloatArray, zone: str) -> FloatArray:
    """Weighted seconds that intervals cover, as 7 weekdays × 96 quarter hours of local wall time.

    >>> midnight = 4 * 86_400_000.0  # a Monday in UTC
    >>> covered = quarter_seconds(np.array([midnight]), np.array([midnight + 1_350_000]), np.array([1.0]), "UTC")
    >>> covered[0, :3].tolist()
    [900.0, 450.0, 0.0]
    """
    first, last = np.floor(begin / QUARTER_MS).astype(np.int64), np.ceil(end / QUARTER_MS).astype(np.int64)
    pieces = np.maximum(last - first, 0)
    row = np.repeat(np.arange(len(begin)), pieces)
    start = (first[row] + np.arange(row.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)) * QUARTER_MS
    seconds = (np.minimum(end[row], start + QUARTER_MS) - np.maximum(begin[row], start)) / 1000
    local = pd.to_datetime(start, unit="ms", utc=True).tz_convert(zone)
    cell = local.day_of_week * QUARTERS + (local.hour * 60 + local.minute) // 15
    return np.bincount(cell, weights=seconds * weight[row], minlength=7 * QUARTERS).astype(float).reshape(7, QUARTERS)


def _per_interval(numerator: FloatArray, denominator: FloatArray, interval: int) -> FloatArray:
    """Ratio of sums per slot; NaN where the denominator is empty."""
    shape = (7, 1440 // interval, interval // 15)
    below = denominator.reshape(shape).sum(axis=2)
    above = numerator.reshape(shape).sum(axis=2)
    return np.asarray(np.divide(above, below, out=np.full_like(below, np.nan), where=below > 0))


def roster_supply(roster: pd.DataFrame, period: tuple[int, int], zone: str) -> Supply:
    """Agents on shift per weekday and slot, averaged over the dates the roster covers in the period; label "given".

    A roster covers the dates on which its first to its last shift start; dates outside are unknown, not unstaffed.

    Args:
        roster: one row per shift (agent_id, start_at, end_at in UTC ms, break_minutes or missing).
        period: first and last local day, both included.
        zone: the shop's zone name.

    Returns:
        A :class:`Supply`. A shift entered twice counts once; breaks longer than the shift leave nothing.

    >>> monday = 4 * 86_400_000
    >>> shifts = pd.DataFrame({"agent_id": ["a"], "start_at": [monday + 9 * 3_600_000],
    ...     "end_at": [monday + 17 * 3_600_000], "break_minutes": [60]})
    >>> agents = roster_supply(shifts, (4, 10), "UTC").agents[60]
    >>> agents[0, 8:11].tolist(), agents[1, 9].tolist()
    ([0.0, 0.875, 0.875], nan)
    """
    shifts = roster.drop_duplicates(["agent_id", "start_at", "end_at"])
    start, end = shifts["start_at"].to_numpy(float), shifts["end_at"].to_numpy(float)
    first, last = (_local_day(stamp, zone) for stamp in (start.min(), start.max()))
    opened, closed = _midnight_ms(max(period[0], first), zone), _midnight_ms(min(period[1], last) + 1, zone)
    breaks = shifts.get("break_minutes", pd.Series(0.0, shifts.index)).to_numpy(float, na_value=0.0)
    weight = np.clip(1 - np.nan_to_num(breaks) * 60_000 / np.maximum(end - start, 1.0), 0, 1)
    present = quarter_seconds(np.maximum(start, opened), np.minimum(end, closed), weight, zone)
    clock = quarter_seconds(np.array([opened], float), np.array([closed], float), np.ones(1), zone)
    return Supply("given", {interval: _per_interval(present, clock, interval) for interval in INTERVALS})


def seen_supply(activity: pd.DataFrame, period: tuple[int, int]) -> Supply:
    """Agents who wrote at least one message in the slot, averaged over the dates of the period; label "proxy".

    An agent who was there and had nothing to write is not seen: the proxy is a lower bound in quiet slots.

    Args:
        activity: one row per agent × local_day × five-minute slot (agent_id, local_day, slot 0–287).
        period: first and last local day, both included.

    >>> seen = pd.DataFrame({"agent_id": ["a", "a", "b"], "local_day": [4, 4, 4], "slot": [108, 109, 110]})
    >>> seen_supply(seen, (4, 4)).agents[60][0, 8:10].tolist()
    [0.0, 2.0]
    """
    inside = activity[activity["local_day"].between(*period)]
    dates = np.bincount(weekday_of(np.arange(period[0], period[1] + 1)), minlength=7).astype(float)
    return Supply("proxy", {interval: _seen(inside, dates, interval) for interval in INTERVALS})


def _seen(inside: pd.DataFrame, dates: FloatArray, interval: int) -> FloatArray:
    slots = 1440 // interval
    place = inside["local_day"].to_numpy(np.int64) * slots + inside["slot"].to_numpy(np.int64) * 5 // interval
    agent = pd.factorize(inside["agent_id"])[0].astype(np.int64)
    place = np.unique(np.stack([agent, place]), axis=1)[1] if place.size else place
    cell = weekday_of(place // slots) * slots + place % slots
    total = np.bincount(cell, minlength=7 * slots).reshape(7, slots)
    return np.asarray(np.divide(total, dates[:, None], out=np.full((7, slots), np.nan), where=dates[:, None] > 0))


def measure_supply(
    roster: pd.DataFrame | None, activity: pd.DataFrame | None, period: tuple[int, int], zone: str
) -> Supply:
    """Supply from the roster where it touches the period, else from the agents seen working, else label "none".

    >>> measure_supply(None, None, (0, 6), "UTC").label
    'none'
    """
    if roster is not None and len(roster):
        given = roster_supply(roster, period, zone)
        if np.nansum(given.agents[60]) > 0:
            return given
    if activity is not None and len(activity):
        return seen_supply(activity, period)
    return Supply("none")
