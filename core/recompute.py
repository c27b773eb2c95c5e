"""Log × Scenario → Report. A what-if is the same function called with another scenario; there is no second path to a number.

The slow half (`measure`: figures of a period) and the fast half (`judge`: points, scores, grades) are apart, so that a slider that only
changes weights, anchors or bands touches no row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.engine import Facts, Observed, SlowKnobs, build_facts, observe
from core.engine.observe import TEXT_DIMENSIONS, UNASSIGNED, UNKNOWN, judged_sql
from core.errors import Issue, ScenarioError, UnavailableError, did_you_mean
from core.fairness import Estimate, difference, normal_quantile
from core.grouped import only_days
from core.kpis import KpiTable, kpi_table
from core.levels import Level, Levels
from core.log import Log
from core.metrics import METRICS, SCORED, Metric, metric
from core.period import Period, choose, day_date, day_number
from core.resampling import redrawn
from core.robustness import Doubt, doubt
from core.scenario import DIMENSIONS, Scenario
from core.scoring import Scores, blend, persons, score
from core.weights import Card, drawn_points

if TYPE_CHECKING:
    from core.annotations import Annotation
    from core.backtest import Backtest
    from core.beforeafter import EffectRules
    from core.changes import Change
    from core.effects import WeekdayFinding
    from core.staffing import Demand, Fitted, Peaks, StaffingKnobs

COUNTS = ("conversations", "bot_resolved", "needs_human", "answered", "late", "unanswered", "pending", "holiday_mode")


@dataclass(frozen=True)
class Measured:
    """The slow half: every figure of a period.

    Args:
        asked: the scenario whose rules, period and filters were measured; weights, targets and bands play no part.
        period: whole local days, zone and anchor.
        agents, teams, shop: KPI tables of the period.
        team_of: agent → the team most of the agent's conversations belong to.
        before: the shop in the preceding period of the same length; None when the log does not reach back that far.
        changes: one row per metric: key, now, before, difference, low, high, verdict, n_now, n_before, family.
        counts: conversations, bot_resolved, needs_human, answered, late, unanswered, pending, holiday_mode of the shop; None where
            the log cannot tell.
        daily: one row per day of the period: local_day, date, and one column per metric key (NaN where there is nothing).
        heat: KPI table by weekday × hour, without medians and p90.
    """

    observed: Observed
    asked: Scenario
    period: Period
    agents: KpiTable
    teams: KpiTable
    team_of: dict[str, str]
    shop: KpiTable
    before: KpiTable | None
    changes: pd.DataFrame
    counts: dict[str, int | None]
    daily: pd.DataFrame
    heat: KpiTable

    @cached_property
    def people(self) -> KpiTable:
        """The agents without the row of conversations that belong to nobody."""
        return persons(self.agents)

    @cached_property
    def levels(self) -> Levels:
        """Levels of like cases, for scenarios that judge beside them."""
        return Levels(self.observed, self.asked)

    @cached_property
    def drawn(self) -> NDArray[np.float64]:
        """The people's KPIs redrawn within their intervals: what every scenario's doubt is made from."""
        return redrawn(self.observed, self.asked, self.people)

    @cached_property
    def agents_before(self) -> KpiTable | None:
        """The agents' scored KPIs in the period before; None when the log does not reach back that far."""
        earlier = self.period.before()
        if earlier.first_day < self.observed.days[0]:
            return None
        return kpi_table(self.observed, self.asked, ("agent",), earlier, [each.key for each in SCORED])


@dataclass(frozen=True)
class Report:
    """Everything that is shown: what was measured, and how the scenario judges it."""

    measured: Measured
    scores: Scores
    doubt: Doubt
    scenario: Scenario


def recompute(log: Log, scenario: Scenario | None = None, facts: Facts | None = None) -> Report:
    """The whole way from a log to its report under a scenario."""
    scenario = scenario or Scenario()
    observed = observe(facts or build_facts(log, slow_knobs(scenario)), scenario)
    measured = measure(observed, scenario)
    scores, unsure = judge(measured, scenario)
    return Report(measured, scores, unsure, scenario)


def slow_knobs(scenario: Scenario) -> SlowKnobs:
    """What facts depend on besides the log itself."""
    return SlowKnobs(gap_h=float(scenario.get("gap_h")))


def judge(measured: Measured, scenario: Scenario) -> tuple[Scores, Doubt]:
    """The fast half with its doubt: scores of persons, and how sure each grade is."""
    scores = score_of(measured, scenario)
    return scores, doubt_of(measured, scores, scenario)


def doubt_of(measured: Measured, scores: Scores, scenario: Scenario) -> Doubt:
    """How sure the scores of these persons under this scenario are."""
    return doubt(scores, scenario, leveled(measured, scenario, measured.drawn))


def leveled(tables: Judged, scenario: Scenario, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of the persons' scored KPIs, … × persons × metrics, as the scenario counts them: beside like cases or as they are."""
    found = level_of(tables, scenario, tables.people)
    return values if found is None else found.applied(values)


def level_of(tables: Judged, scenario: Scenario, table: KpiTable) -> Level | None:
    """The level that a table's rows are laid beside under the scenario; None where they count as measured."""
    return tables.levels.of(table, scenario.get("level_by"))


class Judged(Protocol):
    """What scores are made from: KPI tables of persons and teams, and who belongs to which team."""

    @property
    def people(self) -> KpiTable:
        """Persons, without the row of nobody."""

    @property
    def teams(self) -> KpiTable:
        """Teams."""

    @property
    def team_of(self) -> dict[str, str]:
        """Person → team."""

    @property
    def levels(self) -> Levels:
        """Levels of like cases."""


def score_of(tables: Judged, scenario: Scenario) -> Scores:
    """The fast half alone: scores of persons, a share of them from the team's where the scenario says so."""
    scores, share = _scored(tables, scenario, tables.people), scenario.get("team_share") / 100
    return blend(scores, _scored(tables, scenario, tables.teams), tables.team_of, share) if share else scores


def _scored(tables: Judged, scenario: Scenario, table: KpiTable) -> Scores:
    return score(table, scenario, level_of(tables, scenario, table))


def card_of(tables: Judged, scenario: Scenario, drawn: NDArray[np.float64] | None = None) -> Card:
    """The graded agents' points and weights, for `core.weights` and `core.stability`.

    ``drawn`` (`Measured.drawn`) puts the sample's doubt on the card.
    """
    scores, share = score_of(tables, scenario), scenario.get("team_share") / 100
    card = Card.of(scores, _scored(tables, scenario, tables.teams) if share else None, tables.team_of, share)
    return card if drawn is None else replace(card, drawn=drawn_points(leveled(tables, scenario, drawn), scores, scenario))


@dataclass(frozen=True)
class Tables:
    """The figures that scores need, and no others."""

    people: KpiTable
    teams: KpiTable
    team_of: dict[str, str]
    levels: Levels


class Recalled:
    """Scores of one log under any scenario; what scenarios have in common is made once and remembered.

    A what-if asks for dozens of mixtures of two scenarios, of which only few differ in what is slow. Whoever has the facts already, passes
    ``observed``; then none are built here.
    """

    def __init__(self, log: Log, observed: Callable[[Scenario], Observed] | None = None) -> None:
        self.log, self._seen = log, observed
        self._known: dict[tuple[Any, ...], Any] = {}

    def facts(self, scenario: Scenario) -> Facts:
        """Facts under the scenario's slow knobs."""
        return self._once("facts", scenario.part("facts"), lambda seen: build_facts(self.log, slow_knobs(seen)))

    def observed(self, scenario: Scenario) -> Observed:
        """Facts under the scenario's rules."""
        if self._seen:
            return self._seen(scenario.part("facts", "rules"))
        return self._once("observed", scenario.part("facts", "rules"), lambda seen: observe(self.facts(seen), seen))

    def tables(self, scenario: Scenario) -> Tables:
        """Figures of the scenario's period and filters."""
        return self._once("tables", scenario.part("facts", "rules", "period", "filter"), self._tables)

    def scores(self, scenario: Scenario) -> Scores:
        """Scores, as `judge` has them."""
        return score_of(self.tables(scenario), scenario)

    def _tables(self, scenario: Scenario) -> Tables:
        observed = self.observed(scenario)
        period = choose(scenario, *observed.days, observed.zone)
        keys = ("conversations", *(each.key for each in SCORED))
        people, teams = (kpi_table(observed, scenario, (by,), period, keys) for by in ("agent", "team"))
        return Tables(persons(people), teams, main_of(observed, scenario, "team"), Levels(observed, scenario))

    def _once(self, name: str, seen: Scenario, make: Callable[[Scenario], Any]) -> Any:
        key = (name, seen.key)
        if key not in self._known:
            self._known[key] = make(seen)
        return self._known[key]


def measure(observed: Observed, scenario: Scenario | None = None) -> Measured:
    """Figures of the scenario's period and filters: per agent, team, shop, day and weekday × hour, and against the period before."""
    scenario = scenario or Scenario()
    period = choose(scenario, *observed.days, observed.zone)
    tables = {name: kpi_table(observed, scenario, by, period, singles=name not in _SUMMED) for name, by in _TABLES.items()}
    earlier = period.before()
    before = kpi_table(observed, scenario, ("shop",), earlier) if earlier.first_day >= observed.days[0] else None
    shop = tables["shop"]
    counts = counts_of(shop)
    daily = _daily(tables["daily"], period)
    agents, teams, heat = (tables[name] for name in ("agents", "teams", "heat"))
    team_of = main_of(observed, scenario, "team")
    found = changes(shop, before)
    return Measured(
        observed, scenario, period, agents, teams, team_of, shop, before, found, counts, daily, heat
    )  # fmt: skip


def main_of(observed: Observed, scenario: Scenario, dimension: str) -> dict[str, str]:
    """Agent → the team (shift, language …) that most of the agent's conversations in the period belong to."""
    period = choose(scenario, *observed.days, observed.zone)
    table = kpi_table(observed, scenario, ("agent", dimension), period, ("conversations",))
    frame = table.groups.assign(n=table.column("conversations")).sort_values(["n", dimension], kind="stable")
    return dict(zip(frame["agent"].astype("str"), frame[dimension].astype("str"), strict=True))


_TABLES: dict[str, tuple[str, ...]] = {
    "agents": ("agent",), "teams": ("team",), "shop": ("shop",), "daily": ("date",), "heat": ("weekday", "hour"),
}  # fmt: skip


_SUMMED = ("daily", "heat")
"""Tables whose charts show figures and their n, no medians."""


def counts_of(shop: KpiTable) -> dict[str, int | None]:
    """The shop's counts; None where the log cannot tell them (a log of ratings alone knows no unanswered ones)."""
    key_of = {"answered": "answered_24h_human", "holiday_mode": "conversations"}
    known = {name: shop.cell(0, key_of.get(name, name)).status != "unavailable" for name in COUNTS}
    return {name: round(float(shop.sums[name][0])) if known[name] and name in shop.sums else None for name in COUNTS}


def _daily(table: KpiTable, period: Period) -> pd.DataFrame:
    """One row per calendar day: a day without conversations counts 0 conversations and has no other figure."""
    days = np.arange(period.first_day, period.last_day + 1)
    frame = pd.DataFrame(
        table.numbers["value"], columns=list(table.keys), index=table.groups["date"].to_numpy(dtype=np.int64)
    ).reindex(days)
    for known in [m for m in METRICS if m.measure.kind == "count"]:
        if not (table.reason[:, table.place(known.key)] == "missing_columns").any():
            frame[known.key] = frame[known.key].fillna(0.0)
    frame.insert(0, "date", pd.to_datetime([day_date(day) for day in days.tolist()]))
    return frame.rename_axis("local_day").reset_index()


def changes(now: KpiTable, before: KpiTable | None) -> pd.DataFrame:
    """Each figure against the period before: difference with its 95 % interval and a verdict that knows how many were compared.

    ``evidence``: the interval still excludes 0 at the level of the whole family (Bonferroni); ``some_evidence``: only on its own;
    ``not_enough_data``: below the minimum n on either side. A count's verdict compares Poisson counts of periods of equal length.
    """
    pairs = {m.key: (_estimate(now, 0, m.key), _estimate(before, 0, m.key)) for m in METRICS}
    return compared(pairs)


def compared(pairs: Mapping[str, tuple[Estimate, Estimate]]) -> pd.DataFrame:
    """Figures against earlier ones, one row per key, one family: see `changes`. An estimate with a reason is not compared."""
    family = sum(not now.reason and not before.reason for now, before in pairs.values())
    return pd.DataFrame([_change(key, now, before, family) for key, (now, before) in pairs.items()])


def _change(key: str, now: Estimate, before: Estimate, family: int) -> dict[str, Any]:
    row = {"key": key, "now": now.value, "before": before.value, "n_now": now.n, "n_before": before.n}
    row |= {"difference": now.value - before.value, "low": np.nan, "high": np.nan}
    if now.reason or before.reason:
        return row | {"verdict": "not_enough_data", "family": family}
    found = difference(now, before)
    return row | {"low": found.low, "high": found.high, "verdict": _change_verdict(found, family), "family": family}


def _estimate(table: KpiTable | None, row: int, key: str) -> Estimate:
    if table is None:
        return Estimate(np.nan, np.nan, np.nan, 0.0, "interval", "no_period")
    return estimate_of(table, row, key)


def estimate_of(table: KpiTable, row: int, key: str, statistic: str = "value") -> Estimate:
    """A figure of a table with its interval; the reason tells why it may not be used, e.g. ``too_few``."""
    cell = table.cell(row, key)
    ends = (cell.median, cell.median_low, cell.median_high) if statistic == "median" else (cell.value, cell.low, cell.high)
    return Estimate(*ends, cell.n, "interval", "" if cell.status == "ok" else cell.status)


def _change_verdict(found: Estimate, family: int) -> str:
    if np.isnan(found.low) or np.isnan(found.high):
        return "cannot_be_judged"
    wider = normal_quantile(1 - 0.05 / max(family, 1)) / normal_quantile(0.95)
    reach = (found.value - found.low) if found.value > 0 else (found.high - found.value)
    if abs(found.value) > reach * wider:
        return "evidence"
    return "some_evidence" if abs(found.value) > reach else "no_evidence"


def series(observed: Observed, scenario: Scenario, keys: Sequence[str], by: str, unit: str) -> KpiTable:
    """Figures of a few metrics for groups per ``date`` or ``week`` within the period and filters: what trends look at."""
    groups = (unit,) if by == "shop" else (by, unit)
    return kpi_table(observed, scenario, groups, choose(scenario, *observed.days, observed.zone), keys)


def _statistic(found: Metric) -> str:
    """Trends of durations look at medians, which a single forgotten conversation cannot move; all else at the figure itself."""
    return "median" if found.unit == "seconds" and found.measure.values else "value"


def _long(table: KpiTable, key: str, by: str, unit: str, name: str) -> pd.DataFrame:
    values = table.column(key, _statistic(metric(key)))
    group = table.groups[by].astype("str") if by != "shop" else pd.Series(["shop"] * len(table), dtype="str")
    frame = pd.DataFrame(
        {"group": group.to_numpy(), name: table.groups[unit].to_numpy(), "value": values, "n": table.column(key, "n")}
    )
    return frame[frame["value"].notna()].reset_index(drop=True)


def _with_zeros(frame: pd.DataFrame, name: str, every: NDArray[np.int64]) -> pd.DataFrame:
    """Counts of every day or week: a day without conversations has none, it is not missing."""
    cells = pd.MultiIndex.from_product([sorted(frame["group"].unique()), every], names=["group", name])
    whole = frame.set_index(["group", name]).reindex(cells).reset_index()
    return whole.fillna({"value": 0.0, "n": 0.0})


def trend_margin(found: Metric, scenario: Scenario) -> tuple[float, bool]:
    """The change over the period that is practically none, and whether it is relative to the median week (else in the metric's unit).

    >>> from core.metrics import metric
    >>> trend_margin(metric("handle_time"), Scenario()), trend_margin(metric("fcr"), Scenario())
    ((0.1, True), (0.03, False))
    """
    relative = found.unit not in ("share", "points")
    return scenario.get("margin") * (1 if relative else (100 if found.unit == "points" else 1) * 0.3), relative


def trends(observed: Observed, scenario: Scenario, key: str, by: str = "agent") -> pd.DataFrame:
    """One trend verdict per group (definitions §6): two tests that must agree, Holm over the groups, slope per week with interval.

    Durations are judged on medians per day and week, shares and rates on pooled figures. A team's, channel's or the shop's days without
    conversations count zero conversations; an agent's are days off and stay gaps. Rows as `core.trends.trend_verdicts`, with
    ``statistic`` saying which was used. Raises `ScenarioError` for an unknown metric.
    """
    daily, weekly = (series(observed, scenario, (metric(key).key,), by, unit) for unit in ("date", "week"))
    return trends_of(daily, weekly, scenario, (key,), by)


def trends_of(daily: KpiTable, weekly: KpiTable, scenario: Scenario, keys: Sequence[str], by: str) -> pd.DataFrame:
    """`trends` of metrics that share a margin, from the tables of `series` by date and by week; all rows are one family."""
    from core.trends import trend_verdicts

    pairs = [trend_values(daily, weekly, key, by) for key in keys]
    days, weeks = (
        pd.concat([pair[part].assign(group=_CELL.join((key, "")) + pair[part]["group"]) for key, pair in zip(keys, pairs, strict=True)])
        for part in (0, 1)
    )
    margin, relative = trend_margin(metric(keys[0]), scenario)
    rules = {"margin": margin, "relative": relative, "week_start": _week_start(scenario)}
    verdicts = trend_verdicts(days, weeks, period=(daily.period.first_day, daily.period.last_day), **rules)
    names = verdicts["group"].astype("str").str.partition(_CELL)
    statistics = {key: _statistic(metric(key)) for key in keys}
    return verdicts.assign(group=names[2], statistic=names[0].map(statistics), key=names[0])


_CELL = "\x1f"  # between a metric and a group while both are judged in one table


def trend_values(daily: KpiTable, weekly: KpiTable, key: str, by: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a trend is judged on: day values (group, local_day, value, n) and week values (group, week, value, n); nobody's are left out."""
    from core.trends import week_first_day
    from core.trends import week_of as week_number

    days, weeks = _long(daily, key, by, "date", "local_day"), _long(weekly, key, by, "week", "week")
    start = int(weeks["week"].iloc[0] + 3) % 7 if len(weeks) else 0
    if metric(key).measure.kind == "count" and by != "agent":
        every = np.arange(daily.period.first_day, daily.period.last_day + 1)
        days = _with_zeros(days, "local_day", every)
        weeks = _with_zeros(weeks, "week", week_first_day(np.unique(week_number(every, start)), start))
    weeks["week"] = week_number(weeks["week"].to_numpy(), start)
    return days[days["group"] != UNASSIGNED], weeks[weeks["group"] != UNASSIGNED]


def _week_start(scenario: Scenario) -> int:
    return 0 if scenario.get("week_start") == "monday" else 6


def weekly(observed: Observed, scenario: Scenario, key: str, by: str = "agent") -> pd.DataFrame:
    """The points behind a trend, one row per group × whole week of the period: group, week (first day), date, value, low, high, n."""
    table = series(observed, scenario, (key,), by, "week")
    return weeks_shown(table, key, by)


def weeks_shown(table: KpiTable, key: str, by: str) -> pd.DataFrame:
    """`weekly` from a table of `series` by week; a count's week without conversations is zero, as in `trends`."""
    statistic = _statistic(metric(key))
    ends = ("median_low", "median_high") if statistic == "median" else ("low", "high")
    group = table.groups[by].astype("str") if by != "shop" else "shop"
    frame = pd.DataFrame({"group": group, "week": table.groups["week"]})
    for name, column in zip(("value", "low", "high", "n"), (statistic, *ends, "n"), strict=True):
        frame[name] = table.column(key, column)
    whole = (frame["week"] >= table.period.first_day) & (frame["week"] + 6 <= table.period.last_day)
    frame = frame[whole & (frame["group"] != UNASSIGNED)]
    if metric(key).measure.kind == "count" and by != "agent" and len(frame):
        frame = _with_zeros(frame, "week", np.arange(frame["week"].min(), frame["week"].max() + 1, 7))
    return frame.assign(date=pd.to_datetime([day_date(int(week)) for week in frame["week"]])).reset_index(drop=True)


def day_values(observed: Observed, scenario: Scenario, key: str) -> pd.DataFrame:
    """One row per calendar day of the shop: local_day, value (the day's own figure), n."""
    table = series(observed, scenario, (key,), "shop", "date")
    frame = pd.DataFrame(
        {"local_day": table.groups["date"].astype("int64"), "value": table.column(key), "n": table.column(key, "n")}
    )
    return frame[frame["value"].notna()].reset_index(drop=True)


def weekdays(
    observed: Observed, scenario: Scenario, key: str = "first_response"
) -> tuple[WeekdayFinding, pd.DataFrame]:
    """Which weekday differs in a metric's day values, and what else differs on the strongest such day.

    Returns the finding and the drivers' table (empty when no weekday is named): volume, staff, contacts per staff, handling and mix, each
    with its ratio to the rest, interval and verdict (see `core.effects.decompose`).
    """
    from core.effects import decompose, weekday_finding

    start = 0 if scenario.get("week_start") == "monday" else 6
    found = weekday_finding(day_values(observed, scenario, key), margin=scenario.get("margin"), week_start=start)
    if not found.named:
        return found, pd.DataFrame()
    drivers = day_drivers(observed, scenario, key)
    return found, decompose(drivers, found.named[0], margin=scenario.get("margin"), week_start=start)


def day_drivers(observed: Observed, scenario: Scenario, key: str) -> pd.DataFrame:
    """One row per calendar day: what can make a day slow. NaN where the log cannot say.

    ``volume`` conversations; ``staff`` agents at work (worked hours); ``contacts_per_staff_hour``; ``handle_time`` mean effort; ``mix`` the
    figure one would expect from the day's channels × languages × issues at each combination's own overall figure.
    """
    table = series(observed, scenario, ("conversations", "handle_time", "handled_per_hour"), "shop", "date")
    hours = table.column("handled_per_hour", "n") / table.column("handled_per_hour")
    frame = pd.DataFrame(
        {"local_day": table.groups["date"].astype("int64"), "volume": table.sums["conversations"], "staff": hours}
    )
    frame["contacts_per_staff_hour"] = frame["volume"] / frame["staff"]
    frame["handle_time"] = table.column("handle_time")
    return frame.merge(_mix(observed, scenario, key), on="local_day", how="left").dropna(axis="columns", how="all")


def _mix(observed: Observed, scenario: Scenario, key: str) -> pd.DataFrame:
    """Expected day value from the day's mix alone: Σ n × the combination's overall figure / Σ n."""
    known = [name for name in ("channel", "language", "category") if len(observed.labels[name]) > 1]
    if not known:
        return pd.DataFrame({"local_day": pd.Series(dtype="int64")})
    period = choose(scenario, *observed.days, observed.zone)
    table = kpi_table(observed, scenario, (*known, "date"), period, (key,))
    frame = table.groups.assign(n=table.column(key, "n"), value=table.column(key))
    frame = frame[frame["n"] > 0].assign(total=lambda rows: rows["n"] * rows["value"])
    whole = frame.groupby(known)[["total", "n"]].transform("sum")
    frame["expected"] = frame["n"] * whole["total"] / whole["n"]
    days = frame.groupby("date")[["expected", "n"]].sum()
    return (days["expected"] / days["n"]).rename("mix").rename_axis("local_day").reset_index()


# --- before and after --------------------------------------------------------------------------------------------------------------


def effects(observed: Observed, scenario: Scenario, change: Change, key: str, by: str = "") -> pd.DataFrame:
    """Are a metric's figures different since a change, by how much, and is that more than chance (see `core.beforeafter`)?

    ``by``: ``shop`` judges those with the change together; ``agent`` them together and each alone (default where agents are named);
    ``weekday`` each weekday of them against its reference days of the same week. Durations are judged on medians per day, weekdays on
    ratios of daily means. Named agents are compared with untouched ones (``change.controls``; None: everybody else).

    Returns:
        One row per group as `core.beforeafter.verdicts`, and by (``shop``, ``agents`` together, ``agent``, ``weekday``), group, statistic,
        first_day, last_day (what was compared), n_controls, equal_start and n_equal_start (change of untouched agents who started where
        these did). Agents and weekdays are one family each; all together are judged on their own.

    Raises `ScenarioError` for an unknown metric, split or agent and for a day outside the log's period.
    """
    from core.beforeafter import EffectRules, judge_weekdays, verdicts, windows

    found, asked = metric(key), _asked(observed, change, by)
    period = choose(scenario, *observed.days, observed.zone)
    day = day_number(change.day)
    if not period.first_day < day <= period.last_day:
        facts = {"knob": "date", "allowed": f"{day_date(period.first_day + 1)} – {period.last}"}
        raise ScenarioError(Issue("bad_knob", "error", value=str(change.day), facts=facts))
    margin, relative = trend_margin(found, scenario)
    rules = EffectRules(day, margin, relative, found.better, found.measure.kind == "share")
    before, after = windows(day, period.first_day, period.last_day)
    seen = Seen(observed, _within(scenario, before[0], after[1]), key, rules)
    if asked == "weekday":
        start = 0 if scenario.get("week_start") == "monday" else 6
        shifts = judge_weekdays(day_values(observed, seen.of(change.agents), key), replace(rules, share=False), start)
        rows = verdicts(list(shifts.values()), replace(rules, relative=True, margin=scenario.get("margin")))
        rows.insert(0, "group", [str(number) for number in shifts])
        rows = rows.assign(by="weekday", statistic="ratio", n_controls=0, equal_start=np.nan, n_equal_start=0)
    else:
        rows = _effects(seen, change, asked).assign(statistic=_statistic(found))
    return rows.assign(key=key, first_day=before[0], last_day=after[1])


def _asked(observed: Observed, change: Change, by: str) -> str:
    """How the change is split; refuses splits and agents that are not there."""
    from core.beforeafter import SPLITS

    asked = by or ("agent" if change.agents else "shop")
    if asked not in SPLITS:
        facts = {"hint": did_you_mean(asked, SPLITS), "known": ", ".join(SPLITS)}
        raise ScenarioError(Issue("unknown_grouping", "error", value=asked, facts=facts))
    known = observed.labels["agent"]
    for name in (*change.agents, *(change.controls or ())):
        if name not in known:
            near = did_you_mean(name, known) or ", ".join(known)
            raise ScenarioError(Issue("agent_unknown", "error", value=name, facts={"agents": near}))
    return asked


def _within(scenario: Scenario, first: int, last: int) -> Scenario:
    return Scenario(dict(scenario.changed) | {"period": "custom", "from": day_date(first), "to": day_date(last)})


@dataclass(frozen=True)
class Seen:
    """One metric over the whole weeks on both sides of a change."""

    observed: Observed
    scenario: Scenario
    key: str
    rules: EffectRules

    def of(self, agents: Sequence[str]) -> Scenario:
        """The scenario for some agents; for all where none are named."""
        return Scenario(dict(self.scenario.changed) | {"in_agent": tuple(agents)}) if agents else self.scenario

    def days(self, agents: Sequence[str]) -> pd.DataFrame:
        """Day values of some agents together; counts per agent."""
        found = _long(series(self.observed, self.of(agents), (self.key,), "shop", "date"), self.key, "shop", "date", "local_day")
        if metric(self.key).measure.kind != "count":
            return found
        found["value"] /= max(len(agents), 1)
        period = choose(self.scenario, *self.observed.days, self.observed.zone)
        whole = np.arange(period.first_day, period.last_day + 1)
        filled = found.set_index("local_day")[["value", "n"]].reindex(whole, fill_value=0.0)
        return filled.rename_axis("local_day").reset_index()

    def people(self) -> pd.DataFrame:
        """One row per agent with enough on both sides: before, after (pooled figures), before_se, expected, expected_most."""
        from core.beforeafter import expectations

        period = choose(self.scenario, *self.observed.days, self.observed.zone)
        cut = self.rules.day
        sides = [(period.first_day, cut - 1), (cut, period.last_day)]
        before, after = (self._figures(replace(period, first_day=first, last_day=last)) for first, last in sides)
        both = before.join(after[["value"]].rename(columns={"value": "after"}), how="inner").rename(columns={"value": "before"})
        return expectations(both.rename(columns={"se": "before_se"}))

    def _figures(self, period: Period) -> pd.DataFrame:
        """Pooled figures and their errors, by agent; counts per day."""
        table = persons(kpi_table(self.observed, self.scenario, ("agent",), period, (self.key,)))
        statistic = _statistic(metric(self.key))
        per = period.days if metric(self.key).measure.kind == "count" else 1
        ends = ("median_low", "median_high") if statistic == "median" else ("low", "high")
        value, low, high = (table.column(self.key, name) / per for name in (statistic, *ends))
        frame = pd.DataFrame({"value": value, "se": (high - low) / (2 * normal_quantile(0.95))}, index=table.groups["agent"].astype("str"))
        fine = (table.status[:, table.place(self.key)] == "ok") & frame["value"].notna().to_numpy()
        return frame[fine & (frame["se"] > 0).to_numpy()]


def _effects(seen: Seen, change: Change, by: str) -> pd.DataFrame:
    """Those with the change together, and each alone where asked for."""
    from core.beforeafter import ARM_MIN, equal_start, judge_agents, judge_days, verdicts

    if not change.agents:
        whole = verdicts([judge_days(seen.days(()), seen.rules)], seen.rules)
        return whole.assign(by="shop", group="shop", n_controls=0, equal_start=np.nan, n_equal_start=0)
    people = seen.people()
    others = set(people.index) - set(change.agents) if change.controls is None else set(change.controls)
    untouched = sorted(others - {UNASSIGNED})
    touched = [name for name in change.agents if name in people.index]
    both = people.assign(touched=people.index.isin(change.agents))[people.index.isin([*change.agents, *untouched])]
    arms = min(len(touched), int((~both["touched"]).sum()))
    against = seen.days(untouched) if untouched else None
    due = people[["expected", "expected_most"]].reindex(list(change.agents))
    by_days = partial(judge_days, rules=seen.rules, controls=against)
    together = judge_agents(both) if arms >= ARM_MIN else by_days(seen.days(change.agents), expected=tuple(due.mean()))
    start = equal_start(both)
    rows = [_compared(verdicts([together], seen.rules), "agents", [", ".join(change.agents)], untouched, start)]
    if by == "agent":
        own = _by_agent(seen, change.agents)
        alone = [by_days(own[name], expected=tuple(due.loc[name])) for name in change.agents]
        rows.append(_compared(verdicts(alone, seen.rules), "agent", list(change.agents), untouched, (np.nan, 0)))
    return pd.concat(rows, ignore_index=True)


def _compared(rows: pd.DataFrame, by: str, groups: list[str], controls: Sequence[str], start: tuple[float, int]) -> pd.DataFrame:
    rows.insert(0, "group", groups)
    return rows.assign(by=by, n_controls=len(controls), equal_start=start[0], n_equal_start=start[1])


def effect_days(observed: Observed, scenario: Scenario, change: Change, key: str, row: Mapping[str, Any]) -> pd.DataFrame:
    """The values behind a row of `effects`, for a chart: x (date), y, n, level (of its side) and since (the change's date).

    Days over the whole weeks that were compared; for a weekday one ratio per week, at the day itself.
    """
    from core.beforeafter import EffectRules, weekday_ratios

    day = day_number(change.day)
    seen = Seen(observed, _within(scenario, int(row["first_day"]), int(row["last_day"])), key, EffectRules(day))
    if row["by"] == "weekday":
        frame = weekday_ratios(day_values(observed, seen.of(change.agents), key), int(row["group"]))
    else:
        frame = _by_agent(seen, [row["group"]])[row["group"]] if row["by"] == "agent" else seen.days(change.agents)
    after = frame["local_day"].to_numpy() >= day
    dates = pd.to_datetime([day_date(int(number)) for number in frame["local_day"]])
    level = np.where(after, row["after"], row["before"])
    shown = {"x": dates, "y": frame["value"].to_numpy(), "n": frame["n"].to_numpy(), "level": level}
    return pd.DataFrame(shown).assign(since=pd.Timestamp(change.day))


def _by_agent(seen: Seen, agents: Sequence[str]) -> dict[str, pd.DataFrame]:
    frame = _long(series(seen.observed, seen.of(agents), (seen.key,), "agent", "date"), seen.key, "agent", "date", "local_day")
    return {name: frame[frame["group"] == name].drop(columns="group") for name in agents}


def conversations(
    observed: Observed, scenario: Scenario, limit: int = 200, of: str = "", *, only: Sequence[str] | None = None, **where: str
) -> pd.DataFrame:
    """The newest conversations behind a figure, at most ``limit``: ids, clocks and flags; customers masked for the log.

    The scenario's period and filters hold; ``where`` narrows further by text dimensions, e.g. ``agent="Lin Xiao"`` or
    ``agent="unassigned"``. Teams are those the conversations themselves name. ``of`` names a KPI: where `countable` knows which
    conversations it counts, only those come, with ``hit`` (1 or 0 for shares, else missing). ``only`` narrows to conversations named by id.
    """
    from core.privacy import mask_cut, mask_id

    frame, key = _judged_rows(observed, scenario, limit, of, where, only=only), observed.facts.log.digest
    frame["customer"] = [mask_id(str(one), key) if isinstance(one, str) else None for one in frame.pop("buyer")]
    frame["conversation"] = [mask_cut(one, key) for one in frame["conversation"]]
    return frame


_COUNTED = {
    "first_response_n": "first_response_n = 1", "response_of": "response_of = 1", "human_of": "human_of = 1", "within_of": "within_of = 1",
    "clocked": "clocked = 1", "fcr_of": "fcr_of = 1", "repeat_of": "repeat_of = 1", "resolved_of": "resolved_of = 1",
    "transfer_of": "transfer_of = 1", "rated": "rated = 1 AND bot_resolved = 0", "complaint_of": "complaint_of = 1",
    "courtesy_of": "courtesy_of = 1", "handle_n": "effort_ms IS NOT NULL", "resolution_n": "resolution_ms IS NOT NULL",
    "hours": "handled = 1",
}  # fmt: skip
"""Column of the cube that counts a KPI's cases → which conversations those are."""
_HITS = {
    "responded": "responded", "answered": "answered", "within": "within_hit", "fcr_hits": "fcr_hit", "repeat_hits": "repeat_hit",
    "resolved": "resolved_hit", "transferred": "transferred", "satisfied": "satisfied", "complaints": "complaints",
    "courteous": "courteous",
}  # fmt: skip


def countable(key: str) -> bool:
    """Whether the conversations a KPI counts can be listed one by one; reply gaps, sales and reviews are no conversations.

    >>> countable("fcr"), countable("reply_time"), countable("conversion")
    (True, False, False)
    """
    return metric(key).measure.denominator in _COUNTED


def _judged_rows(
    observed: Observed, scenario: Scenario, limit: int, of: str, where: dict[str, str], *, only: Sequence[str] | None = None
) -> pd.DataFrame:
    facts = observed.facts
    tests, _ = narrowed(observed, scenario, **where)
    if only is not None:
        tests += f" AND {_among(facts, facts.text('conv'), only)}"
    hit = ""
    if of and countable(of):
        measure = metric(of).measure
        tests += f" AND {_COUNTED[measure.denominator]}"
        hit = f", {_HITS.get(measure.numerator, facts.nothing('integer'))} AS hit"
    sql = f"""SELECT {facts.text("conv")} AS conversation, {facts.text("cust")} AS buyer, agent, start_ms, local_day, local_minute,
      channel, language, category, first_response_ms / 1000.0 AS first_response_s, resolution_ms / 1000.0 AS resolution_s,
      effort_ms / 1000.0 AS handle_s, rating, answered, late, unanswered, pending, bot_resolved{hit}
      FROM ({judged_sql(facts, scenario)}) AS j WHERE {tests} ORDER BY start_ms DESC, conv"""
    return facts.listed(sql, limit)


def narrowed(observed: Observed, scenario: Scenario, **where: str) -> tuple[str, list[Any]]:
    """The scenario's period and filters, and further labels of text dimensions, as a condition on judged rows and its values.

    The condition is plain SQL for any engine; it needs no values of its own.
    """
    period = choose(scenario, *observed.days, observed.zone)
    days = f"local_day BETWEEN {int(period.first_day)} AND {int(period.last_day)}"
    return f"{days} AND {filtered(observed.facts, scenario, **where)}", []


def filtered(facts: Facts, scenario: Scenario, **where: str) -> str:
    """The scenario's filters alone, whatever the day, as a condition on rows with the text dimensions; it needs no values."""
    wanted = [(name, list(scenario.get(f"in_{name}"))) for name in DIMENSIONS if scenario.get(f"in_{name}")]
    wanted += [(name, [label]) for name, label in where.items() if name in TEXT_DIMENSIONS]
    tests = [_among(facts, f"coalesce({facts.text(name)}, '{_rest(name)}')", labels) for name, labels in wanted]
    return " AND ".join(["1 = 1", *tests])


def _among(facts: Facts, expression: str, labels: Sequence[str]) -> str:
    return f"{expression} IN ({', '.join(facts.literal(str(label)) for label in labels) or 'NULL'})"


def _rest(dimension: str) -> str:
    """The label under which a dimension's missing values stand in every table."""
    return UNASSIGNED if dimension == "agent" else UNKNOWN


def demand(observed: Observed, scenario: Scenario) -> Demand:
    """What staffing plans with: arrivals, effort, concurrency and supply of the period and filters (slow half of staffing).

    Raises `UnavailableError` where the log knows days but no times of day.
    """
    from core.staffing import measure_demand

    if only_days(observed.facts.available):
        raise UnavailableError(Issue("staffing_days_only", "error", table="conversations"))
    period = choose(scenario, *observed.days, observed.zone)
    days = (period.first_day, period.last_day)
    return measure_demand(*_tables(observed, scenario), zone=observed.zone, period=days)


def backtest(observed: Observed, scenario: Scenario, weeks: int | None = None) -> Backtest:
    """What the earlier weeks of the period predict for its last ones, against what happened; see `core.backtest.backtest`.

    ``weeks``: how many are held out; None = a third of the period, at most four.

    Raises `UnavailableError` where the log knows days but no times of day.
    """
    from core.backtest import Sources, split
    from core.backtest import backtest as held_against

    if only_days(observed.facts.available):
        raise UnavailableError(Issue("staffing_days_only", "error", table="conversations"))
    period = choose(scenario, *observed.days, observed.zone)
    sources = Sources(*_tables(observed, scenario), observed.zone)
    return held_against(sources, staffing_knobs(scenario), *split(period.first_day, period.last_day, weeks))


def _tables(observed: Observed, scenario: Scenario) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Contacts, agents seen writing and roster, under the filters."""
    contacts, people = contacts_of(observed, scenario)
    roster = roster_of(observed, people)
    seen = observed.facts.cases(
        "SELECT agent AS agent_id, CAST(floor(slot_no / 288) AS BIGINT) AS local_day, slot_no % 288 AS slot FROM activity"
    )
    return contacts, seen if people is None else seen[seen["agent_id"].isin(people)], roster


def forecast(
    observed: Observed, scenario: Scenario, measured: Demand | None = None, promotions: Sequence[Annotation] = ()
) -> Fitted:
    """Every forecasting model fitted to the contacts of the period and filters (slow half of `core.staffing.outlook`).

    The forecast starts the day after the period, or after the log where that ends before; a last day that the log breaks off in the
    middle of is left out. ``measured``: from `demand`, when at hand. ``promotions``: named ones, besides the scenario's own dates.
    """
    from core.staffing import fit_forecast

    known = _whole_days(observed, measured or demand(observed, scenario))
    return fit_forecast(known, special_days(scenario, *known.period, promotions))


def peaks(observed: Observed, scenario: Scenario, measured: Demand | None = None, promotions: Sequence[Annotation] = ()) -> Peaks:
    """Slots and days of the period with more contacts than their weekday explains; arguments as of `forecast`."""
    from core.staffing import find_peaks

    known = _whole_days(observed, measured or demand(observed, scenario))
    return find_peaks(known, int(scenario.get("slot_min")), special_days(scenario, *known.period, promotions))


def _whole_days(observed: Observed, measured: Demand) -> Demand:
    """The measured half over days that the log knows from end to end."""
    from core.staffing import known_days, unfinished

    first, last = observed.days
    known = known_days(measured, first, last)
    end = datetime.fromtimestamp(observed.facts.horizon_ms / 1000, ZoneInfo(observed.zone))
    broken = known.period[1] == last == day_number(end.date()) and unfinished(known, end.hour * 60 + end.minute)
    return known_days(known, first, last - 1) if broken else known


def special_days(scenario: Scenario, first_day: int, last_day: int, named: Sequence[Annotation] = ()) -> dict[int, tuple[str, str]]:
    """Local day → (kind, name) of holidays and promotions between two days and eight weeks beyond; a promotion wins over a holiday.

    ``named``: promotions that have a name; they win over the scenario's own, which have but a date. Holidays are those of
    `core.occasions.public_days`, in the country's own language. Raises `ScenarioError` for an unknown country.

    >>> special_days(Scenario.of({"promotions": "1970-01-03"}), 0, 10)
    {2: ('promotion', '1970-01-03')}
    """
    from core.occasions import public_days
    from core.staffing.special import promotions

    public = public_days(scenario.get("countries"), first_day, last_day + _AHEAD_DAYS, "")
    closed = public[public["kind"] == "holiday"]
    holidays = {int(day): ("holiday", name) for day, name in zip(closed["local_day"], closed["name"], strict=True)}
    told = {day: ("promotion", each.name) for each in named for day in range(day_number(each.day), day_number(each.last or each.day) + 1)}
    return holidays | promotions(scenario.get("promotions")) | told


_AHEAD_DAYS = 56


def staffing_knobs(scenario: Scenario, volume: str = "mean") -> StaffingKnobs:
    """The scenario's staffing knobs as the planner takes them; ``volume`` says how busy a week the plan must carry.

    >>> staffing_knobs(Scenario.of({"sl_s": 30})).within_s
    30.0
    """
    from core.staffing import StaffingKnobs

    return StaffingKnobs(
        interval_min=int(scenario.get("slot_min")),
        target=scenario.get("sl_target"),
        within_s=scenario.get("sl_s"),
        max_occupancy=scenario.get("max_occupancy"),
        shrinkage=scenario.get("shrinkage"),
        max_concurrency=int(scenario.get("max_concurrency")),
        patience_s=scenario.get("patience_s") or None,
        meaning=scenario.get("sl_meaning"),
        wage=scenario.get("wage"),
        week_start=0 if scenario.get("week_start") == "monday" else 6,
        volume=volume,
    )


def contacts_of(observed: Observed, scenario: Scenario) -> tuple[pd.DataFrame, set[str] | None]:
    """Every conversation inside the filters as staffing takes it, and whose shifts and activity count where people are filtered."""
    judged = judged_sql(observed.facts, scenario)
    frame = observed.facts.cases(
        f"""SELECT CAST(c.conv AS VARCHAR) AS conversation_id, CAST(j.agent AS VARCHAR) AS owner, c.customer_started,
        c.holiday AS holiday_mode, j.bot_resolved, j.pending, c.local_day, c.local_minute, c.handle_ms / 1000.0 AS handle_s,
        CASE WHEN c.handle_given = 1 THEN 'given' ELSE 'estimated' END AS handle_label,
        c.start_ms AS started_ms, c.first_human_ms, c.last_human_ms, c.first_ms, c.last_ms, c.last_close_ms AS closed_ms, c.is_call,
        (c.first_human_ms - c.start_ms) / 1000.0 AS wait_s, j.agent, j.channel, j.language, j.category, j.team, j.shift
        FROM conversations AS c JOIN ({judged}) AS j ON c.conv = j.conv"""
    )
    for name in DIMENSIONS:
        wanted = scenario.get(f"in_{name}")
        if wanted:
            frame = frame[frame[name].fillna(_rest(name)).isin(wanted)]
    narrowed = scenario.get("in_team") or scenario.get("in_agent")
    return frame.reset_index(drop=True), set(frame["owner"].dropna()) if narrowed else None


def roster_of(observed: Observed, people: set[str] | None) -> pd.DataFrame | None:
    """The roster's shifts, of some people or of all; None without a roster."""
    if not {"roster.start_at", "roster.end_at"} <= observed.facts.available:
        return None
    breaks = (
        "break_minutes"
        if "roster.break_minutes" in observed.facts.available
        else "CAST(NULL AS DOUBLE) AS break_minutes"
    )
    roster = observed.facts.frame(
        f"SELECT agent_id, start_at, end_at, {breaks} FROM raw_roster WHERE end_at > start_at"
    )
    return roster if people is None else roster[roster["agent_id"].isin(people)]
