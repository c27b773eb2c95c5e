"""All or one: what page and command line ask about movements – together or alone, at once, unusual days, in the rush, room to improve.

Every function takes an observed log, a scenario (period, filters, margins) and a KPI of the catalogue, and returns codes and unrounded
numbers; where a question cannot be answered the result says why (``reason``), see `core.slots`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.anomalies import DayRules, Unusual, unusual_days
from core.drivers import Drivers
from core.drivers import drivers as asked
from core.engine import Observed
from core.engine.observe import UNASSIGNED
from core.fair import shrunk
from core.grouped import Grouped, only_days
from core.headroom import Headroom, headroom
from core.metrics import judged_from, metric
from core.period import choose, day_date
from core.recompute import series
from core.rush import Rush, RushRules, in_rush, rush_slots
from core.scenario import Scenario
from core.slots import Slots, scale_of, slots
from core.slowdowns import Slowdowns, SlowRules, slowdowns
from core.systemic import Split, SplitRules, split
from core.trends import EPOCH_WEEKDAY
from core.views import statistics_of


def week_start(scenario: Scenario) -> int:
    """First weekday of a week, 0 Monday.

    >>> week_start(Scenario())
    0
    """
    return 0 if scenario.get("week_start") == "monday" else 6


def systemic(observed: Observed, scenario: Scenario, key: str) -> Split:
    """Does everybody move together or do some agents move on their own? See `core.systemic.split`.

    Raises `ScenarioError` for an unknown metric.
    """
    found = slots(observed, scenario, key)
    if found.reason:
        return Split("cannot_be_judged", reason=found.reason)
    return split(found.rows, SplitRules(found.period, week_start(scenario), share=found.scale == "share"))


def slow_together(observed: Observed, scenario: Scenario, key: str) -> Slowdowns:
    """Hours and days at which most agents were worse than usual at the same time; days alone where the log knows no hours."""
    found = _with_hours(observed, scenario, key)
    if found.reason:
        return Slowdowns(reason=found.reason)
    return slowdowns(found.rows, SlowRules(found.worse, week_start=week_start(scenario)))


def _with_hours(observed: Observed, scenario: Scenario, key: str) -> Slots:
    if only_days(observed.facts.available):
        return slots(observed, scenario, key)
    found = slots(observed, scenario, key, hours=True)
    return slots(observed, scenario, key) if found.reason == "no_dimension" else found


def relative(key: str) -> bool:
    """Whether a KPI's movements are told as parts of itself (durations) rather than in its unit.

    >>> relative("first_response"), relative("fcr")
    (True, False)
    """
    return scale_of(metric(key)) == "log"


def as_change(moved: Any, key: str) -> Any:
    """A movement on the scale of judgement as it is told: durations as a relative change, all else in the KPI's unit.

    >>> round(float(as_change(np.log(1.5), "first_response")), 3), as_change(-0.04, "fcr")
    (0.5, -0.04)
    """
    return np.expm1(moved) if relative(key) else moved


@dataclass(frozen=True)
class Direction:
    """What a movement means: ``worse``, ``better`` or ``higher``/``lower`` where neither is better."""

    code: str

    @classmethod
    def of(cls, moved: float, key: str) -> Direction:
        """The direction of a movement of a KPI.

        >>> Direction.of(0.2, "first_response").code, Direction.of(0.2, "fcr").code
        ('worse', 'better')
        """
        better = metric(key).better
        if not better:
            return cls("higher" if moved > 0 else "lower")
        return cls("better" if moved * better > 0 else "worse")


def week_line(found: Split, key: str) -> pd.DataFrame:
    """The common movement week by week for a chart: x (date), y, low, high as told (see `as_change`), n agents, even (0)."""
    weeks = found.weeks
    dates = pd.to_datetime([day_date(int(day)) for day in weeks["week"]])
    ends = {name: as_change(weeks[column].to_numpy(), key) for name, column in (("y", "effect"), ("low", "low"), ("high", "high"))}
    return pd.DataFrame({"x": dates} | ends | {"n": weeks["agents"].to_numpy(), "even": 0.0})


def steps(found: Split, key: str) -> pd.DataFrame:
    """The agents of a split as told: shift, low and high by `as_change`, since as a date, direction as a code."""
    rows = found.agents.copy()
    rows["direction"] = [Direction.of(moved, key).code for moved in rows["shift"]]
    rows["since"] = [day_date(int(day)) if day >= 0 else None for day in rows["since"]]
    for name in ("shift", "low", "high"):
        rows[name] = as_change(rows[name].to_numpy(dtype=np.float64), key)
    return rows


def slow_rows(found: Slowdowns, key: str) -> pd.DataFrame:
    """Simultaneous slow-downs as told: size, low and high by `as_change`, local_day as ``date``."""
    rows = found.rows.copy()
    rows.insert(1, "date", [day_date(int(day)) for day in rows["local_day"]])
    for name in ("size", "low", "high"):
        rows[name] = as_change(rows[name].to_numpy(dtype=np.float64), key)
    return rows


def unusual(observed: Observed, scenario: Scenario, key: str) -> Unusual:
    """Which days of the shop are unusual for their weekday and the weeks around them? Durations by the day's median."""
    found = metric(key)
    table = series(observed, scenario, (key,), "shop", "date")
    frame = pd.DataFrame({"local_day": table.groups["date"].astype("int64"), "value": table.column(key, statistics_of(found)[0])})
    frame["n"] = table.column(key, "n")
    return unusual_days(frame, DayRules(log=on_ratios(key)))


def day_line(found: Unusual) -> pd.DataFrame:
    """Day values with what is usual for a chart: x (date), y, low, high (outside is unusual), n."""
    days = found.days[found.days["expected"].notna()]
    dates = pd.to_datetime([day_date(int(day)) for day in days["local_day"]])
    return days[["value", "low", "high", "n"]].rename(columns={"value": "y"}).assign(x=dates).reset_index(drop=True)


def unusual_rows(found: Unusual, key: str) -> pd.DataFrame:
    """Unusual days, farthest first, with their date, the share or difference from what is usual, and what it means."""
    rows = found.marked
    rows = rows.iloc[np.argsort(-np.abs(rows["z"].to_numpy()), kind="stable")].reset_index(drop=True)
    rows.insert(0, "date", [day_date(int(day)) for day in rows["local_day"]])
    moved = rows["value"] - rows["expected"]
    return rows.assign(
        beyond=moved / rows["expected"] if on_ratios(key) else moved,
        direction=[Direction.of(each, key).code for each in moved],
    )


def on_ratios(key: str) -> bool:
    """Whether a day of a KPI is told as a part more or less than usual: times, counts and sums.

    >>> on_ratios("conversations"), on_ratios("satisfaction")
    (True, False)
    """
    return metric(key).unit in ("seconds", "count", "per_hour", "money")


def weekdays_of(rows: pd.DataFrame) -> list[int]:
    """Weekday of each row's local_day, 0 Monday.

    >>> weekdays_of(pd.DataFrame({"local_day": [4, 10]}))
    [0, 6]
    """
    return [int(day) for day in (rows["local_day"] + EPOCH_WEEKDAY) % 7]


def step_told(found: Split, key: str) -> dict[str, Any]:
    """The step all have in common as told: shift, low, high by `as_change`, since as a date, direction as a code; empty without one."""
    if found.step is None:
        return {}
    ends = {name: float(as_change(getattr(found.step, name), key)) for name in ("shift", "low", "high")}
    return ends | {"since": day_date(found.step.since), "direction": Direction.of(found.step.shift, key).code}


# --- in the rush ---------------------------------------------------------------------------------------------------------------------


def rush(observed: Observed, scenario: Scenario, key: str) -> Rush:
    """Who is steadier than the others in the hours of the highest load per agent, who gives way? See `core.rush.in_rush`."""
    found = slots(observed, scenario, key, hours=True)
    if found.reason:
        return Rush(reason=found.reason)
    hours, load = rush_slots(_contacts(observed, scenario), _on_duty(observed, scenario))
    return replace(in_rush(found.rows, hours, RushRules(found.worse)), load=load)


def _contacts(observed: Observed, scenario: Scenario) -> pd.DataFrame:
    """Conversations that began, by local_day × hour, whoever owns them; filters hold."""
    grouped = Grouped(observed, scenario, ("date", "hour"), choose(scenario, *observed.days, observed.zone))
    frame = grouped.groups().rename(columns={"date": "local_day"})
    return frame.assign(n=grouped.sum("conversations", "conversations"))


def _on_duty(observed: Observed, scenario: Scenario) -> pd.DataFrame:
    """Agents seen at work, by local_day × hour; where the log shows nobody at work, agents whose conversations began."""
    sql = """SELECT CAST(floor(slot_no / 288) AS BIGINT) AS local_day, CAST(floor((slot_no % 288) / 12) AS BIGINT) AS hour,
      count(DISTINCT agent) AS agents FROM activity GROUP BY 1, 2 ORDER BY 1, 2"""
    seen = observed.facts.frame(sql).astype("int64")
    if len(seen):
        return seen
    grouped = Grouped(observed, scenario, ("agent", "date", "hour"), choose(scenario, *observed.days, observed.zone))
    owned = grouped.groups().rename(columns={"date": "local_day"})
    owned = owned[owned["agent"].astype("str") != UNASSIGNED]
    return owned.groupby(["local_day", "hour"])["agent"].nunique().rename("agents").reset_index()


def rush_rows(found: Rush, key: str) -> pd.DataFrame:
    """Agents in the rush as told: rush and other as figures, change, low, high, shrunken and apart by `as_change`."""
    rows = found.rows.copy()
    for name in ("change", "low", "high", "shrunken"):
        rows[name] = as_change(rows[name].to_numpy(dtype=np.float64), key)
    if relative(key):
        rows[["rush", "other"]] = np.exp(rows[["rush", "other"]].to_numpy(dtype=np.float64))
    return rows


def rush_told(found: Rush, key: str) -> dict[str, float]:
    """What the rush does to all together, as told: change, low, high."""
    return {name: float(as_change(getattr(found, name), key)) for name in ("change", "low", "high")}


# --- room to improve -----------------------------------------------------------------------------------------------------------------


def room(observed: Observed, scenario: Scenario, key: str) -> Headroom:
    """What the shop would gain if agents came up to the common figure; durations by medians. See `core.headroom`."""
    found, better = shrunk(observed, scenario, key), metric(key).better
    reason = "no_better" if not better else "too_few_to_shrink" if found.reason == "too_few_agents" else found.reason
    if reason:
        return Headroom(reason=reason)
    if not found.tau > 0:
        return Headroom(reason="alike")
    baseline = float(np.exp(found.mean)) if found.method.endswith("_log") else found.mean
    weeks = choose(scenario, *observed.days, observed.zone).days / 7
    return headroom(found.rows, baseline, better, weeks, judged_from(metric(key)))


def gain_unit(key: str) -> str:
    """What a gap times cases is: ``cases`` for shares, ``hours`` for durations, empty where it is nothing.

    >>> gain_unit("fcr"), gain_unit("handle_time"), gain_unit("csat_mean")
    ('cases', 'hours', '')
    """
    return {"share": "cases", "seconds": "hours"}.get(metric(key).unit, "")


def room_rows(found: Headroom, key: str) -> pd.DataFrame:
    """Rows of a headroom with gains as they are told: cases or hours a week; NaN where there is nothing to gain or no such unit."""
    rows, per = found.rows.copy(), {"cases": 1.0, "hours": 1 / 3600}.get(gain_unit(key), np.nan)
    for name in ("gain", "gain_low", "gain_high"):
        rows[name] = (rows[name] * per).where(rows["gap"] > 0)
    return rows


def room_bars(found: Headroom) -> pd.DataFrame:
    """Shrunken figures beside the common one, for a chart: agent, value, low, high, n, mean_of_agents, status, placed."""
    rows = found.rows
    frame = rows[["agent", "n", "low", "high"]].assign(value=rows["shrunken"], mean_of_agents=found.baseline)
    return frame.assign(status=np.where(rows["reason"] == "below_minimum", "too_few", "ok"), placed=rows["reason"] == "")


def foremost(rows: pd.DataFrame, most: int = 3) -> pd.DataFrame:
    """Who has most to gain among those whose gap leaves out chance."""
    return rows[rows["told"] & rows["rank"].notna()].head(most)


# --- what goes with satisfaction -----------------------------------------------------------------------------------------------------


def drivers(observed: Observed, scenario: Scenario) -> Drivers:
    """What goes with satisfied ratings, see `core.drivers`."""
    return asked(observed, scenario)


def response(found: Drivers) -> float:
    """Share of the asked who answered; NaN where nobody is known to have been asked.

    >>> response(Drivers(asked=200.0, answered=50.0))
    0.25
    """
    return found.answered / found.asked if found.asked > 0 else float("nan")


def told_apart(rows: pd.DataFrame) -> pd.DataFrame:
    """Associations with evidence."""
    return rows[rows["verdict"].isin(["evidence", "strong_evidence"])]


def seeming(rows: pd.DataFrame) -> pd.DataFrame:
    """Clear crude differences that change sides or vanish among like cases."""
    return rows[(rows["reversed"] | rows["vanishes"]) & ~rows["verdict"].isin(["evidence", "strong_evidence", "not_enough_data"])]
