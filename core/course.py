"""The course of a figure: its control chart, its change points and its early warning, for the shop or for every group.

The figure decides its chart: shares a Laney p′ chart, counts and rates a Laney u′ chart, everything else (medians of durations, mean
ratings, money) an XmR chart. Days stand there with their weekday pattern taken out: shares and values less what the weekday adds, counts
and rates divided by what it multiplies. Changes are looked for, and drifts watched, in days; the chart may show days or whole weeks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.changepoints import DAYS_MIN, Changes, find_changes, weekday_pattern
from core.control import POINTS_MIN, RULES, ControlChart, by_chance, laney, p_chart, runs, segmented, u_chart, xmr
from core.earlywarning import DRIFTS, Watch, promise, watch
from core.engine import Observed
from core.engine.observe import UNASSIGNED
from core.errors import Issue, ScenarioError, did_you_mean
from core.kpis import KpiTable
from core.metrics import Metric, metric
from core.period import day_date
from core.recompute import series
from core.scenario import Scenario
from core.trends import EPOCH_WEEKDAY, Floats

UNITS = ("day", "week")
STRICT = 6.0
"""Price of a change where many groups are looked at together; at it at most 7 of 1,000 series without a change show one."""


@dataclass(frozen=True)
class Points:
    """A figure's points: when, the value, and for shares and rates what it is made of.

    Args:
        day: local day (first day of the week).
        value: the figure of the day, weekday pattern taken out where ``adjusted``.
        raw: the figure as it was.
        size: cases of a share, exposure of a rate; 1 elsewhere.
        n: observations.
        adjusted: whether a weekday pattern was taken out.
    """

    day: np.ndarray
    value: Floats
    raw: Floats
    size: Floats
    n: Floats
    adjusted: bool = False


@dataclass(frozen=True)
class Course:
    """One group's chart, changes and warning.

    Args:
        group: the group's name; ``shop`` for the whole shop.
        chart: ``p_laney``, ``u_laney`` or ``xmr``.
        points: one row per point: local_day, x (date), value, raw, n, centre, lower, upper, sigma, beyond, signals (names of the rules
            that a point completes, with commas), stretch (which stretch between changes it belongs to).
        changes: confirmed steps (of the days).
        watch: early warning (of the days).
        sigma_z: of the last stretch with limits; NaN for XmR charts and without limits.
        adjusted: whether the points stand without their weekday pattern.
        verdict: ``evidence`` of a change, ``some_evidence`` (among many groups it would not survive), ``no_evidence``,
            ``not_enough_data`` or ``cannot_be_judged``.
        reason: ``too_few_points`` (no limits), ``too_few_days`` (no search for changes), ``zero_variance``; else empty.
    """

    group: str
    chart: str
    points: pd.DataFrame
    changes: Changes
    watch: Watch
    sigma_z: float
    adjusted: bool
    verdict: str
    reason: str

    @property
    def phi(self) -> float:
        """Resemblance of neighbouring days; 0 where it is not known."""
        return 0.0 if np.isnan(self.changes.phi) else self.changes.phi

    @property
    def limited(self) -> int:
        """Points that have limits."""
        return int(self.points["upper"].notna().sum())

    @property
    def unseen(self) -> float:
        """Size of a lasting step in the middle of the period that would be missed every other time; NaN where none was looked for."""
        return 2 * float(np.sqrt(self.changes.penalty / self.changes.n)) if self.changes.n else np.nan

    @property
    def chance(self) -> Mapping[str, float]:
        """Share of charts of this length without any change that show a point beyond their limits, and any signal of all rules."""
        if not self.limited:
            return {"beyond": np.nan, "signals": np.nan}
        rules = {"beyond": ("beyond",), "signals": RULES}
        return {name: by_chance(self.limited, round(self.phi, 1), each, self.adjusted) for name, each in rules.items()}


def chart_of(found: Metric) -> str:
    """Which chart a figure has.

    >>> [chart_of(metric(key)) for key in ("satisfaction", "conversations", "handled_per_hour", "first_response", "csat_mean")]
    ['p_laney', 'u_laney', 'u_laney', 'xmr', 'xmr']
    """
    if found.measure.kind == "share":
        return "p_laney"
    return "u_laney" if found.measure.kind == "count" or found.unit == "per_hour" else "xmr"


def courses(observed: Observed, scenario: Scenario, key: str, by: str = "shop", unit: str = "day") -> tuple[Course, ...]:
    """The course of a figure over the period, one per group in the order of their names.

    ``unit``: whether the chart shows days or whole weeks. Groups are one family: with more than one, a change that the strict price
    does not confirm is ``some_evidence``. Raises `ScenarioError` for an unknown metric, grouping or unit.
    """
    if unit not in UNITS:
        facts = {"hint": did_you_mean(unit, UNITS), "known": ", ".join(UNITS)}
        raise ScenarioError(Issue("unknown_grouping", "error", value=unit, facts=facts))
    found = metric(key)
    days = _by_group(series(observed, scenario, (key,), by, "date"), found, by, "date")
    weeks = _by_group(series(observed, scenario, (key,), by, "week"), found, by, "week") if unit == "week" else {}
    start = 0 if scenario.get("week_start") == "monday" else 6
    family = len(days)
    return tuple(
        _course(group, chart_of(found), (points, weeks.get(group, _cut(points, slice(0))) if unit == "week" else None), (family, start))
        for group, points in days.items()
    )


def _by_group(table: KpiTable, found: Metric, by: str, unit: str) -> dict[str, Points]:
    """Points of each group, in the order of time; nobody's conversations are no group."""
    names = table.groups[by].astype("str").to_numpy() if by != "shop" else np.full(len(table), "shop")
    frame = pd.DataFrame({"group": names, "day": table.groups[unit].to_numpy(dtype=np.int64)})
    statistic = "median" if found.unit == "seconds" and found.measure.values else "value"
    frame["value"], frame["n"] = table.column(found.key, statistic), table.column(found.key, "n")
    frame["size"] = _size(frame, found)
    if unit == "week":
        frame = frame[(frame["day"] >= table.period.first_day) & (frame["day"] + 6 <= table.period.last_day)]
    if found.measure.kind == "count" and by != "agent" and len(frame):
        frame = _whole(frame, table, unit)
    frame = frame[frame["value"].notna() & (frame["size"] > 0) & (frame["group"] != UNASSIGNED)].sort_values(["group", "day"])
    return {str(group): _points(rows) for group, rows in frame.groupby("group", sort=True)}


def _size(frame: pd.DataFrame, found: Metric) -> Floats:
    """Cases of a share, hours of a rate; 1 elsewhere."""
    if found.measure.kind == "share":
        return frame["n"].to_numpy(dtype=np.float64)
    if chart_of(found) == "xmr" or found.measure.kind == "count":
        return np.ones(len(frame))
    return np.asarray(frame["n"] / frame["value"].where(frame["value"] > 0), dtype=np.float64)


def _whole(frame: pd.DataFrame, table: KpiTable, unit: str) -> pd.DataFrame:
    """Days without a conversation count 0, unless the figure is missing altogether; an agent's day off is no day with none."""
    step = 7 if unit == "week" else 1
    first = int(frame["day"].min()) if unit == "week" else table.period.first_day
    days = np.arange(first, table.period.last_day + 1 - (step - 1), step)
    known = frame.loc[frame["value"].notna(), "group"].unique()
    every = pd.MultiIndex.from_product([known, days], names=["group", "day"])
    filled = frame.set_index(["group", "day"]).reindex(every)
    return filled.assign(size=1.0, value=filled["value"].fillna(0.0), n=filled["n"].fillna(0.0)).reset_index()


def _points(rows: pd.DataFrame) -> Points:
    day, value, size, n = (rows[name].to_numpy() for name in ("day", "value", "size", "n"))
    return Points(day.astype(np.int64), value.astype(np.float64), value.astype(np.float64), size.astype(np.float64), n.astype(np.float64))


def _cut(points: Points, part: slice) -> Points:
    return replace(points, day=points.day[part], value=points.value[part], raw=points.raw[part], size=points.size[part], n=points.n[part])


def without_weekdays(points: Points, chart: str) -> Points:
    """The points without their weekday pattern; as they are where there are fewer than four of each weekday."""
    if len(points.day) < DAYS_MIN:
        return points
    weekday = (points.day + EPOCH_WEEKDAY) % 7
    if chart == "u_laney":
        times = np.maximum(weekday_pattern(points.day, points.raw, ratio=True), 0.01)[weekday]
        return replace(points, value=points.raw / times, size=points.size * times, adjusted=True)
    value = points.raw - weekday_pattern(points.day, points.raw)[weekday]
    return replace(points, value=np.clip(value, 0.0, 1.0) if chart == "p_laney" else value, adjusted=True)


def _maker(points: Points, chart: str) -> Callable[[slice], ControlChart]:
    """The chart of a stretch of points."""
    if chart == "xmr":
        return lambda part: xmr(points.value[part])
    plain = p_chart if chart == "p_laney" else u_chart
    return lambda part: laney(plain(points.value[part] * points.size[part], points.size[part]))


def _course(group: str, chart: str, seen: tuple[Points, Points | None], rules: tuple[int, int]) -> Course:
    family, start = rules
    days = without_weekdays(seen[0], chart)
    weights = None if chart == "xmr" else days.size
    found = find_changes(days.day, days.value, weights, week_start=start)
    shown = days if seen[1] is None else seen[1]
    begins = found.steps["local_day"].to_numpy(dtype=np.int64) - (0 if seen[1] is None else 3)
    cuts = [int(at) for at in np.unique(np.searchsorted(shown.day, begins)) if 0 < at < len(shown.day)]
    parts = segmented(_maker(shown, chart), cuts, len(shown.day))
    limited = [part for part in parts if not part.reason]
    verdict, reason = _verdict(found, len(days.day), [part.reason for part in parts])
    if verdict == "evidence" and family > 1 and not len(find_changes(days.day, days.value, weights, price=STRICT).steps):
        verdict = "some_evidence"
    warned = watch(*_latest(seen[0], found, weights if chart != "u_laney" else seen[0].size))
    sigma_z = limited[-1].sigma_z if limited and chart != "xmr" else np.nan
    return Course(group, chart, _table(shown, parts), found, warned, sigma_z, shown.adjusted, verdict, reason)


def _verdict(found: Changes, days: int, reasons: list[str]) -> tuple[str, str]:
    """What the days say of a change; the reason may also be that the chart's own points have no limits."""
    if days < POINTS_MIN:
        return "not_enough_data", "too_few_points"
    if found.reason:
        return ("cannot_be_judged" if found.reason == "zero_variance" else "not_enough_data"), found.reason
    return ("evidence" if len(found.steps) else "no_evidence"), ("" if "" in reasons else reasons[-1])


def _latest(points: Points, found: Changes, weights: Floats | None) -> tuple[Any, Any, Any]:
    """The days since the last confirmed change: a new level needs a new baseline."""
    since = int(found.steps["local_day"].iloc[-1]) if len(found.steps) else -(10**9)
    kept = points.day >= since
    return points.day[kept], points.raw[kept], None if weights is None else weights[kept]


def _table(points: Points, parts: tuple[ControlChart, ...]) -> pd.DataFrame:
    frame = pd.DataFrame({"local_day": points.day, "value": points.value, "raw": points.raw, "n": points.n})
    frame.insert(1, "x", pd.to_datetime([day_date(int(day)) for day in points.day]))
    for name in ("centre", "lower", "upper", "sigma"):
        frame[name] = np.concatenate([getattr(part, name) for part in parts]) if len(frame) else np.zeros(0)
    frame["beyond"] = np.concatenate([part.beyond for part in parts]) if len(frame) else np.zeros(0, dtype=bool)
    marks: list[str] = []
    for part in parts:
        hits = runs(part.z)
        marks += [",".join(rule for rule in RULES if hits[rule][at]) for at in range(len(part.values))]
    frame["signals"] = pd.Series(marks, dtype="str")
    frame["stretch"] = np.repeat(np.arange(len(parts)), [len(part.values) for part in parts])
    return frame


# --- for tables and the command line -----------------------------------------------------------------------------------------


def warned(found: Watch) -> dict[str, Any]:
    """The early warning in plain figures, with what was measured for such a baseline: days between false alarms, and for each drift (in
    standard deviations of a day per week) its size in the figure's unit, delay and lead in days and the share of series in time.
    """
    row: dict[str, Any] = {name: getattr(found, name) for name in ("state", "direction", "base", "watched", "sd")}
    row |= {"by": list(found.by), "since": day_date(found.since) if found.since >= 0 else None}
    if not found.watched:
        return row | {"false_alarm_days": None, "drifts": {}}
    known = promise(found.base, found.phi)
    drifts = {f"{drift:g}": {"per_week": drift * found.sd} | dict(known["drift"][f"{drift:g}"]) for drift in DRIFTS}
    return row | {"false_alarm_days": known["false_alarm_days"], "drifts": drifts}


def summary(found: tuple[Course, ...]) -> pd.DataFrame:
    """One row per course.

    Columns: group, chart, verdict, n, centre, lower, upper (of the last point), sigma_z, beyond and signals (how many points), phi,
    chance_beyond and chance_signals (`Course.chance`), changes (how many), of the last change week (date), before, after, shift, low and
    high; warning (state), reason, family (how many courses were looked at).
    """
    return pd.DataFrame([_summed(one) | {"family": len(found)} for one in found])


_LAST = ("before", "after", "shift", "low", "high")


def _summed(one: Course) -> dict[str, Any]:
    points, chance = one.points, one.chance
    row: dict[str, Any] = {"group": one.group, "chart": one.chart, "verdict": one.verdict, "n": len(points)}
    row |= {name: float(points[name].iloc[-1]) if len(points) else np.nan for name in ("centre", "lower", "upper")}
    row |= {"sigma_z": one.sigma_z, "beyond": int(points["beyond"].sum()), "signals": int((points["signals"] != "").sum())}
    row |= {"phi": one.changes.phi, "chance_beyond": chance["beyond"], "chance_signals": chance["signals"]}
    row |= {"changes": len(one.changes.steps)}
    last = one.changes.steps.iloc[-1] if len(one.changes.steps) else None
    row |= {"week": None if last is None else day_date(int(last["week"]))}
    row |= {name: np.nan if last is None else float(last[name]) for name in _LAST}
    return row | {"warning": one.watch.state, "reason": one.reason}


def steps(found: tuple[Course, ...]) -> pd.DataFrame:
    """One row per confirmed change: group, week (date), before, after, shift, low, high, n_before, n_after."""
    rows = [
        {"group": one.group, "week": day_date(int(step["week"]))} | {name: step[name] for name in (*_LAST, "n_before", "n_after")}
        for one in found
        for step in one.changes.steps.to_dict("records")
    ]
    return pd.DataFrame(rows, columns=["group", "week", *_LAST, "n_before", "n_after"])


FALSE_ALARMS = 0.05
"""Largest share of series without a change in which one is found (``benchmarks/false_alarms.py --only changepoints``)."""


@dataclass(frozen=True)
class Tally:
    """How many courses could be judged, how many changed, how many at most would by chance, how many had too few data."""

    judged: int
    changed: int
    by_chance: float
    left: int


def tally(found: tuple[Course, ...]) -> Tally:
    """What a family of courses shows, and what chance would."""
    judged = [one for one in found if one.verdict in ("evidence", "some_evidence", "no_evidence")]
    changed = sum(len(one.changes.steps) > 0 for one in judged)
    return Tally(len(judged), changed, FALSE_ALARMS * len(judged), len(found) - len(judged))


def leading(found: tuple[Course, ...]) -> int:
    """The course that says most: the largest change for its interval, else the most points beyond; the first of equals."""
    worth = [(len(one.changes.steps) > 0, _strength(one.changes), int(one.points["beyond"].sum())) for one in found]
    return worth.index(max(worth))


def _strength(changes: Changes) -> float:
    if not len(changes.steps):
        return 0.0
    return float((changes.steps["shift"].abs() / (changes.steps["high"] - changes.steps["low"])).max())


def drawn(one: Course) -> pd.DataFrame:
    """The points of a course as `core.charts.control_chart` takes them; the newest where there are more than a chart draws."""
    return one.points.rename(columns={"value": "y"})[-2000:].reset_index(drop=True)
