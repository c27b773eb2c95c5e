"""Worked hours per agent and local day: from the roster minus breaks, else the distinct clock hours with a human message (a proxy)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.engine.runner import Facts
from core.engine.zones import local_day, midnight_after

HOUR_MS = 3_600_000
QUARTER_MS = 900_000


def worked_hours(facts: Facts) -> pd.DataFrame:
    """One row per agent × local day: agent, local_day, hours. Shifts over midnight are split; breaks are spread over the shift."""
    if {"roster.start_at", "roster.end_at"} <= facts.available:
        return _from_roster(facts)
    hour = "CAST((slot_no - mod(slot_no, 12)) / 12 AS BIGINT)"
    rows = facts.frame(f"SELECT agent, {hour} AS hour_no FROM activity GROUP BY agent, {hour}")
    seen = pd.DataFrame({"agent": rows["agent"], "local_day": rows["hour_no"].astype("int64") // 24})
    return seen.groupby(["agent", "local_day"]).size().rename("hours").astype("float64").reset_index()


def staffed_hours(facts: Facts) -> pd.DataFrame:
    """Worked hours of the roster by local day and hour (local_day, hour, hours); empty where the log has no roster."""
    if not {"roster.start_at", "roster.end_at"} <= facts.available:
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in ("local_day", "hour", "hours")})
    rows, share = _shifts(facts)
    start, end = (rows[name].to_numpy(np.int64) for name in ("start_at", "end_at"))
    first = start // QUARTER_MS
    pieces = -(-end // QUARTER_MS) - first
    row = np.repeat(np.arange(len(rows)), pieces)
    at = (first[row] + np.arange(row.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)) * QUARTER_MS
    worked = (np.minimum(end[row], at + QUARTER_MS) - np.maximum(start[row], at)) / HOUR_MS * share[row]
    local = pd.to_datetime(at, unit="ms", utc=True).tz_convert(facts.zone).tz_localize(None)
    days = (local.normalize() - pd.Timestamp(1970, 1, 1)).days
    found = pd.DataFrame({"local_day": days, "hour": local.hour, "hours": worked})
    return found.groupby(["local_day", "hour"])["hours"].sum().reset_index()


def _from_roster(facts: Facts) -> pd.DataFrame:
    rows, share = _shifts(facts)
    pieces = split_days(rows["start_at"].to_numpy(), rows["end_at"].to_numpy(), facts.zone)
    pieces["hours"] *= share[pieces["row"]]
    pieces["agent"] = rows["agent"].to_numpy()[pieces["row"]]
    return pieces.groupby(["agent", "local_day"])["hours"].sum().reset_index()


def _shifts(facts: Facts) -> tuple[pd.DataFrame, np.ndarray]:
    """Shifts of named agents, and the part of each that is left after its breaks."""
    breaks = "coalesce(break_minutes, 0)" if "roster.break_minutes" in facts.available else "0"
    rows = facts.frame(
        f"SELECT agent_id AS agent, start_at, end_at, {breaks} AS rest FROM raw_roster WHERE end_at > start_at AND agent_id IS NOT NULL"
    )
    length = (rows["end_at"] - rows["start_at"]).to_numpy(dtype=np.float64)
    return rows, np.clip(1 - rows["rest"].to_numpy(dtype=np.float64) * 60_000 / length, 0, 1)


def split_days(starts: np.ndarray, ends: np.ndarray, zone: str) -> pd.DataFrame:
    """Intervals of UTC milliseconds cut at local midnights: row, local_day, hours.

    >>> split_days(np.array([0]), np.array([10 * HOUR_MS]), "Asia/Shanghai")["hours"].tolist()
    [10.0]
    """
    rows: list[tuple[int, int, float]] = []
    for row, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        at = start
        while at < end:
            day = local_day(at, zone)
            until = min(end, midnight_after(at, zone))
            rows.append((row, day, (until - at) / HOUR_MS))
            at = until
    return pd.DataFrame(rows, columns=["row", "local_day", "hours"]).astype({"row": "int64", "local_day": "int64"})
