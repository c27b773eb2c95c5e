"""A roster as files: a table that can be imported again, a workbook with what changes for whom, a calendar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from hashlib import sha256

import pandas as pd

from core.exports.tables import csv_bytes, xlsx_bytes
from core.text import Text

_WALL = "%Y-%m-%d %H:%M"


def roster_table(dated: pd.DataFrame, text: Text) -> pd.DataFrame:
    """Shifts with headings that the import knows: agent, start, end on the shop's wall clock, minutes of break.

    Args:
        dated: agent, start, end (aware datetimes), break_minutes.
    """
    walls = {side: [stamp.strftime(_WALL) for stamp in dated[side]] for side in ("start", "end")}
    frame = pd.DataFrame({"agent": dated["agent"], **walls, "break_minutes": dated["break_minutes"].astype("int64")})
    return frame.rename(columns={name: text(f"roster.file.{name}") for name in frame.columns})


def roster_csv(dated: pd.DataFrame, text: Text) -> bytes:
    r"""The table as CSV.

    >>> from zoneinfo import ZoneInfo
    >>> at = [datetime(2026, 3, 6, hour, tzinfo=ZoneInfo("Asia/Shanghai")) for hour in (10, 12)]
    >>> shifts = pd.DataFrame({"agent": ["a"], "start": [at[0]], "end": [at[1]], "break_minutes": [0]})
    >>> roster_csv(shifts, Text("en")).decode("utf-8-sig").splitlines()[1]
    'a,2026-03-06 10:00,2026-03-06 12:00,0'
    """
    return csv_bytes(roster_table(dated, text))


def roster_xlsx(dated: pd.DataFrame, more: Mapping[str, pd.DataFrame], text: Text) -> bytes:
    """The table and further sheets (name in words → table) as one workbook."""
    return xlsx_bytes({text("roster.file.sheet"): roster_table(dated, text), **more})


def roster_ics(dated: pd.DataFrame, zone: str, text: Text) -> bytes:
    """The shifts as a calendar (RFC 5545), one event each, in the shop's zone with its clock changes; the same shifts give the
    same bytes.
    """
    from icalendar import Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//KefuLens//roster//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-timezone", zone)
    for row in dated.itertuples():
        event = Event()
        event.add("summary", text("roster.file.event", agent=row.agent))
        event.add("dtstart", row.start)
        event.add("dtend", row.end)
        event.add("dtstamp", _stamp(row.start))
        event.add("uid", f"{sha256(f'{row.agent}|{row.start}|{row.end}'.encode()).hexdigest()[:24]}@kefulens")
        if row.break_minutes:
            event.add("description", text("roster.file.break", n=row.break_minutes))
        calendar.add_component(event)
    if len(dated):
        calendar.add_missing_timezones()
    made: bytes = calendar.to_ical()
    return made


def _stamp(start: datetime) -> datetime:
    """When an event was made: midnight of its day, as files made of the same figures are the same."""
    from zoneinfo import ZoneInfo

    return datetime.combine(start.date(), time(), tzinfo=ZoneInfo("UTC"))
