"""Changes of today's roster: what a reader tries (add, move, split, drop a shift), and the cheapest few that close the gap.

Today's week is the latest whole week of the roster; without a roster, the agents seen working stand for it and only shifts can
be added. Times are minutes of the local day; a shift past midnight ends above 1,440.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from core.staffing.demand import Demand
from core.staffing.patterns import DAY_MIN, WEEK_MIN, covered
from core.staffing.planning import StaffingResult
from core.staffing.queues import FloatArray, out_of_range
from core.staffing.supply import INTERVALS, Supply, weekday_of

WEEK_COLUMNS = ("agent", "weekday", "start", "end", "break_minutes")
KINDS = ("move", "split", "add", "drop")


@dataclass(frozen=True, order=True)
class Shift:
    """One shift of somebody: weekday, start and end in minutes of that day, minutes of break in it."""

    weekday: int
    start: int
    end: int
    break_minutes: int = 0

    @property
    def hours(self) -> float:
        """Hours from start to end."""
        return (self.end - self.start) / 60

    @property
    def middle(self) -> int:
        """The quarter hour nearest to the middle, from below."""
        return self.start + (self.end - self.start) // 30 * 15

    @property
    def end_clock(self) -> int:
        """The end as the clock shows it: 24:00 stays, what is past it belongs to the next day."""
        return self.end if self.end <= DAY_MIN else self.end - DAY_MIN

    def cover(self, interval: int) -> FloatArray:
        """Agents it gives to every slot of the week, its break spread evenly, as today's supply counts it.

        >>> float(Shift(0, 540, 1020, 60).cover(60).sum())
        7.0
        """
        length = self.end - self.start
        share = max(1 - self.break_minutes / length, 0.0) if length > 0 else 0.0
        return covered(self.weekday * DAY_MIN + self.start, length, interval) * share


@dataclass(frozen=True)
class Change:
    """Somebody's shift of today (None = a new one) and what it becomes (nothing = dropped).

    ``clash`` tells why nobody could be named: "" fine, "overlap", "days" or "rest".
    """

    kind: str
    agent: str
    before: Shift | None
    after: tuple[Shift, ...]
    clash: str = ""


def moved(agent: str, shift: Shift, weekday: int, start: int) -> Change:
    """A shift at another time, as long as before.

    >>> moved("a", Shift(1, 600, 720), 4, 840).after
    (Shift(weekday=4, start=840, end=960, break_minutes=0),)
    """
    return Change("move", agent, shift, (Shift(weekday, start, start + shift.end - shift.start, shift.break_minutes),))


def split(agent: str, shift: Shift, at: int, to: tuple[int, int]) -> Change:
    """A shift cut at a minute of its day: the first part stays, the second goes to a weekday and minute; no break is left.

    >>> split("a", Shift(1, 600, 840), 660, (4, 900)).after
    (Shift(weekday=1, start=600, end=660, break_minutes=0), Shift(weekday=4, start=900, end=1080, break_minutes=0))
    """
    if not shift.start < at < shift.end:
        raise out_of_range("split_at", at, shift.start, shift.end)
    return Change("split", agent, shift, (Shift(shift.weekday, shift.start, at), Shift(*to, to[1] + shift.end - at)))


def added(agent: str, weekday: int, start: int, end: int) -> Change:
    """One more shift; an end at or before its start is on the next day.

    >>> added("a", 4, 1320, 120).after[0].hours
    4.0
    """
    return Change("add", agent, None, (Shift(weekday, start, end if end > start else end + DAY_MIN),))


def dropped(agent: str, shift: Shift) -> Change:
    """A shift that is no longer worked."""
    return Change("drop", agent, shift, ())


def apply(shifts: pd.DataFrame, changes: Sequence[Change]) -> pd.DataFrame:
    """Today's shifts after changes, in the same columns; a change of a shift that is not there only adds.

    >>> today = pd.DataFrame([("a", 1, 600, 720, 0)], columns=list(WEEK_COLUMNS))
    >>> apply(today, [moved("a", Shift(1, 600, 720), 4, 840)]).to_numpy().tolist()
    [['a', 4, 840, 960, 0]]
    """
    rows = [tuple(row) for row in shifts[list(WEEK_COLUMNS)].itertuples(index=False, name=None)]
    for change in changes:
        if change.before is not None and (change.agent, *astuple(change.before)) in rows:
            rows.remove((change.agent, *astuple(change.before)))
        rows += [(change.agent, *astuple(shift)) for shift in change.after]
    frame = pd.DataFrame(sorted(rows, key=lambda row: (*row[1:], row[0])), columns=list(WEEK_COLUMNS))
    return frame.astype(dict.fromkeys(WEEK_COLUMNS[1:], "int64"))


def difference(changes: Sequence[Change], interval: int) -> FloatArray:
    """Agents that changes add to or take from every slot, 7 × slots.

    >>> moving = difference([moved("a", Shift(1, 600, 720), 4, 840)], 60)
    >>> moving.sum(axis=1).tolist()
    [0.0, -2.0, 0.0, 0.0, 2.0, 0.0, 0.0]
    """
    total = np.zeros(WEEK_MIN // interval)
    for change in changes:
        total += sum((shift.cover(interval) for shift in change.after), np.zeros_like(total))
        if change.before is not None:
            total -= change.before.cover(interval)
    return total.reshape(7, -1)


def tried(demand: Demand, week: Week | None, changes: Sequence[Change], shrinkage: float = 0.0) -> Demand:
    """The measured week with today's roster and changes to it as its supply, to be planned with.

    Args:
        demand: from `measure_demand`.
        week: today's week; None (no roster): changes are made to the agents seen working, and the label stays "proxy".
        changes: none give today's week itself.
        shrinkage: agents seen working have shrunk already, so a shift added to them shrinks here; a roster shrinks when it
            is planned.

    Returns:
        The same demand with another supply; without any supply there is nothing to change and it comes back as it is.
    """
    if week is None and demand.supply.label == "none":
        return demand
    factor = 1 - shrinkage if week is None else 1.0
    base = {i: demand.supply.agents[i] if week is None else week.supply(i) for i in INTERVALS}
    agents = {i: np.maximum(base[i] + factor * difference(changes, i), 0) for i in INTERVALS}
    return replace(demand, supply=Supply(demand.supply.label if week is None else "given", agents))


# --- today's week ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Week:
    """Today's week: ``monday`` (local day since 1970), one row per shift (agent, weekday, start, end, break_minutes), and the
    weekdays the roster knows (a week at the edge of a roster has days about which nothing is known).
    """

    monday: int
    shifts: pd.DataFrame
    known: tuple[bool, ...] = (True,) * 7

    def supply(self, interval: int) -> FloatArray:
        """Agents on shift, 7 × slots; NaN on days the roster does not know."""
        total = np.zeros(WEEK_MIN // interval)
        for row in self.shifts[list(WEEK_COLUMNS[1:])].itertuples(index=False, name=None):
            total += Shift(*(int(each) for each in row)).cover(interval)
        return np.where(np.array(self.known)[:, None], total.reshape(7, -1), np.nan)


def latest_week(roster: pd.DataFrame | None, period: tuple[int, int], zone: str) -> Week | None:
    """The latest Monday-to-Sunday week of a roster inside a period.

    Args:
        roster: one row per shift (agent_id, start_at, end_at in UTC ms, break_minutes or missing).
        period: first and last local day, both included.
        zone: the shop's zone name.

    Returns:
        None without a roster in the period. A week the period or the roster cuts is taken only when there is no whole one.

    >>> monday = 4 * 86_400_000
    >>> shifts = pd.DataFrame({"agent_id": ["a"], "start_at": [monday + 22 * 3_600_000], "end_at": [monday + 30 * 3_600_000]})
    >>> latest_week(shifts, (4, 10), "UTC").shifts.to_numpy().tolist()
    [['a', 0, 1320, 1800, 0]]
    """
    if roster is None or roster.empty:
        return None
    found = _local(roster.drop_duplicates(["agent_id", "start_at", "end_at"]), zone)
    found = found[found["day"].between(*period)]
    if found.empty:
        return None
    monday = found["day"] - weekday_of(found["day"].to_numpy(np.int64))
    first, last = max(period[0], int(found["day"].min())), min(period[1], int(found["day"].max()))
    whole = monday[(monday >= first) & (monday + 6 <= last)]
    chosen = int(whole.max() if len(whole) else monday.max())
    rows = found[monday == chosen].sort_values(["day", "start", "end", "agent"], kind="stable")
    known = tuple(first <= day <= last for day in range(chosen, chosen + 7))
    return Week(chosen, rows.assign(weekday=rows["day"] - chosen)[list(WEEK_COLUMNS)].reset_index(drop=True), known)


def _local(roster: pd.DataFrame, zone: str) -> pd.DataFrame:
    """Shifts with the local day they begin on, and start and end by the clock on the wall."""
    walls = {}
    for side in ("start_at", "end_at"):
        wall = pd.to_datetime(roster[side].astype("int64"), unit="ms", utc=True).dt.tz_convert(ZoneInfo(zone)).dt.tz_localize(None)
        walls[side] = wall.astype("datetime64[ms]").astype("int64").to_numpy() // 60_000
    day = walls["start_at"] // DAY_MIN
    breaks = roster["break_minutes"].fillna(0) if "break_minutes" in roster else pd.Series(0, roster.index)
    frame = {"agent": roster["agent_id"].astype(str), "day": day, "start": walls["start_at"] - day * DAY_MIN}
    frame |= {"end": walls["end_at"] - day * DAY_MIN, "break_minutes": breaks.astype("int64")}
    return pd.DataFrame(frame)




# --- what comes of it --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What a week's plan comes to, per week.

    ``needed``, ``supplied``, ``under``, ``over`` in agent-hours (never netted), ``under_cost`` and ``over_cost`` × wage,
    ``cost`` wages of the supplied hours; ``answered`` share of all contacts that are answered in time, ``wait_s`` mean seconds
    until an answer over the contacts of slots whose queue is stable, ``endless`` contacts of the other slots. NaN where
    supply is unknown.
    """

    needed: float
    supplied: float
    under: float
    over: float
    under_cost: float
    over_cost: float
    cost: float
    answered: float
    wait_s: float
    endless: float


def outcome(result: StaffingResult, wage: float, shrinkage: float = 0.0) -> Outcome:
    """Sum a plan up in hours, money, service and waits; a given roster is paid for the hours that shrink away, too.

    >>> slots = pd.DataFrame({"start": [0, 60], "required": [2.0, 1.0], "supplied": [1.0, 2.0], "service_level": [0.5, 1.0],
    ...     "wait_s": [30.0, 0.0], "planned_contacts": [30.0, 10.0]})
    >>> week = outcome(StaffingResult(slots, 1.0, 1.0, pd.DataFrame()), 30.0)
    >>> week.answered, week.wait_s, week.under_cost, week.cost
    (0.625, 22.5, 30.0, 90.0)
    """
    slots = result.slots
    hour = float(np.diff(np.sort(slots["start"].unique())).min()) / 60
    contacts = slots["planned_contacts"].to_numpy(float)
    level, wait = slots["service_level"].to_numpy(float), slots["wait_s"].to_numpy(float)
    known = np.isfinite(level) & (contacts > 0)
    steady = known & np.isfinite(wait)
    total = float(contacts[known].sum())
    unknown = bool(np.isnan(result.under_hours))
    supplied = float("nan") if unknown else float(np.nansum(slots["supplied"]) * hour)
    paid = supplied / (1 - shrinkage) if result.facts.get("supply_label") == "given" else supplied
    return Outcome(
        float(np.nansum(slots["required"]) * hour),
        supplied,
        result.under_hours,
        result.over_hours,
        result.under_hours * wage,
        result.over_hours * wage,
        paid * wage,
        float((level[known] * contacts[known]).sum() / total) if total else float("nan"),
        float((wait[steady] * contacts[steady]).sum() / contacts[steady].sum()) if steady.any() else float("nan"),
        float(contacts[known & ~steady].sum()),
    )
