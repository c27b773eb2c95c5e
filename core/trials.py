"""Pilots and training dates judged on a log: what was planned, how far it is, what the rule says.

A pilot is looked at from its first day to its end, against up to twelve weeks before (or its own length, when longer), under the
scenario's filters and rules; the scenario's own period plays no part, so that nobody moves the window until the figures please.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from core.beforeafter import EffectRules, settled, verdicts, windows
from core.changes import Change, Decision, Pilot, decide, relative
from core.engine import Observed
from core.errors import InputError, Issue
from core.ingest import InputFile
from core.ingest.dates import order_days, possible_orders, scan
from core.ingest.read import RawTable, read
from core.kpis import kpi_table
from core.metrics import metric
from core.period import Period, day_date, day_number
from core.planner import case_of, needed
from core.recompute import Seen, effects, trend_margin
from core.rollouts import NEVER, Rollout, exposures, judge_rollout
from core.scenario import Scenario
from core.views import statistics_of

BEFORE_MOST = 84
AROUND = 42
"""Days on each side of an agent's own date."""
WEEKS, WEEKS_MOST = 4.0, 52.0
_SIDE_MIN = 7


@dataclass(frozen=True)
class Plan:
    """What the planner asks for: cases on each side and weeks of the groups touched, at 80 % power; None and NaN where it cannot say."""

    cases: int | None
    weeks: float
    reason: str = ""


@dataclass(frozen=True)
class Trial:
    """A pilot as far as it is.

    Args:
        pilot: the plan. ``row``: the judged row of `core.recompute.effects` (all touched together); empty before there is anything.
        decision: what the rule says.
        state: ``waiting`` (the log ends before the first day), ``running`` or ``over``.
        cases_before, cases_after: cases of the KPI of those touched; ``days_done``, ``days_planned`` (NaN: no end).
        short: whether it is over with fewer cases than were planned.
        change: as it was judged; days of the log that were compared stand in the row.
    """

    pilot: Pilot
    row: Mapping[str, Any]
    decision: Decision
    state: str
    cases_before: int
    cases_after: int
    days_done: int
    days_planned: float
    short: bool


def plan(observed: Observed, scenario: Scenario, change: Change, key: str, gain: float) -> Plan:
    """Cases on each side until a ``gain`` (margin as in `Pilot`, to either side) would be seen, from the days before the change.

    >>> Plan(None, float("nan"), "no_data").cases is None
    True
    """
    first = observed.days[0]
    until = min(day_number(change.day) - 1, observed.days[1])
    if until <= first or not gain > 0:
        return Plan(None, float("nan"), "no_data")
    before = _over(_of(scenario, change.agents), max(first, until - BEFORE_MOST + 1), until)
    case = case_of(observed, before, key, "periods")
    found = metric(key)
    if case.reason:
        return Plan(None, float("nan"), case.reason)
    size = gain * case.level if relative(found) and case.scale == "plain" else gain
    wanted = needed(case, (found.better or 1) * size)
    other = needed(case, -(found.better or 1) * size) if np.isnan(wanted.first) else wanted
    if not np.isfinite(other.first):
        return Plan(None, float("nan"), "out_of_range")
    return Plan(int(other.first), float(other.weeks))


def judge_pilot(observed: Observed, scenario: Scenario, pilot: Pilot) -> Trial:
    """How far a pilot is and what its rule says. Raises `ScenarioError` for agents the log does not know."""
    start, (first, last) = day_number(pilot.change.day), observed.days
    end = day_number(pilot.end) if pilot.end else last
    until, length = min(end, last), (float(end - start + 1) if pilot.end else float("nan"))
    since = max(first, start - max(BEFORE_MOST, int(np.nan_to_num(length))))
    seen = _of(scenario, pilot.change.agents)
    counts = [_cases(observed, seen, pilot.metric, *side) for side in ((since, start - 1), (start, until))]
    nothing = Decision("too_early", "not_begun", np.nan, np.nan)
    base = Trial(pilot, {}, nothing, "waiting", counts[0], counts[1], max(until - start + 1, 0), length, False)
    if start > last:
        return base
    if start <= first:
        return replace(base, decision=Decision("not_enough_data", "no_before", np.nan, np.nan), state="over")
    row = effects(observed, _over(scenario, since, until), pilot.change, pilot.metric).iloc[0].to_dict()
    final = last >= end if pilot.end else counts[1] >= (pilot.planned or np.inf)
    short = final and pilot.planned is not None and min(counts) < pilot.planned
    found = decide(pilot, row, min(counts), final)
    return replace(base, row=row, decision=found, state="over" if final else "running", short=short)


def _of(scenario: Scenario, agents: Sequence[str]) -> Scenario:
    return Scenario(dict(scenario.changed) | {"in_agent": tuple(agents)}) if agents else scenario


def _over(scenario: Scenario, first: int, last: int) -> Scenario:
    return Scenario(dict(scenario.changed) | {"period": "custom", "from": day_date(first), "to": day_date(last)})


def _cases(observed: Observed, scenario: Scenario, key: str, first: int, last: int) -> int:
    if last < first:
        return 0
    table = kpi_table(observed, scenario, ("shop",), Period(first, last, observed.zone), (key,))
    return int(np.nan_to_num(table.column(key, "n")[0])) if len(table) else 0


# --- training dates ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trained:
    """Training dates as a file gave them.

    Args:
        days: agent of the log → first day after the training (the last one where a file names several).
        strangers: names the log does not know; ``undated``: rows without a date that can be read.
    """

    days: Mapping[str, int]
    strangers: tuple[str, ...] = ()
    undated: int = 0


def training_dates(file: InputFile, agents: Sequence[str]) -> Trained:
    r"""Agent and date of a table (CSV, Excel, …); which column is which is told by its cells. Raises `InputError` without such columns.

    >>> found = training_dates(InputFile("t.csv", "who,when\nLin,2026-04-27\nHu,27.04.2026\nX,\n".encode()), ["Lin", "Hu"])
    >>> sorted(found.days), found.strangers, found.undated
    (['Hu', 'Lin'], ('X',), 1)
    """
    known = {name.strip().casefold(): name for name in agents}
    for table in read(file):
        cells = [["" if cell is None else str(cell).strip() for cell in column.to_pylist()] for column in table.columns]
        hits = [sum(cell.casefold() in known for cell in column) for column in cells]
        dated = [_dates(table, at) for at in range(len(cells))]
        readable = [int(np.isfinite(each).sum()) for each in dated]
        if max(hits, default=0) and max(readable):
            who, when = int(np.argmax(hits)), int(np.argmax(readable))
            return _trained(cells[who], dated[when].tolist(), known)
    raise InputError(Issue("no_training_dates", "error", file=file.name))


def _dates(table: RawTable, at: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    stamps = scan(table.columns[at])
    orders = possible_orders(stamps)
    days = np.append(order_days(stamps, orders[0] if orders else "ymd"), np.nan)
    return np.asarray(days[stamps.codes], dtype=np.float64)


def _trained(names: Sequence[str], days: Sequence[float], known: Mapping[str, str]) -> Trained:
    pairs = [(name, day) for name, day in zip(names, days, strict=True) if name]
    strangers = tuple(dict.fromkeys(name for name, _ in pairs if name.casefold() not in known))
    undated = sum(not np.isfinite(day) for _, day in pairs)
    found = sorted((day, known[name.casefold()]) for name, day in pairs if np.isfinite(day) and name.casefold() in known)
    return Trained({name: int(day) for day, name in found}, strangers, undated)


def judge_training(observed: Observed, scenario: Scenario, days: Mapping[str, int], key: str) -> pd.DataFrame:
    """Every trained agent around the own date against untouched ones, and all together (first row, `core.rollouts`).

    Args:
        days: agent → first day after the training. Four weeks on each side of it, less where the log ends.

    Returns:
        Rows as `core.recompute.effects` (by ``agents``, then ``agent``), with since (the own date; NaT for all together). The single agents
        are one family (Holm), all together are judged alone. Empty where no date leaves a week on both sides.
    """
    dates = sorted({day for day in days.values() if day - observed.days[0] >= _SIDE_MIN and observed.days[1] - day + 1 >= _SIDE_MIN})
    if not dates:
        return pd.DataFrame()
    spans = [_around(day, observed.days) for day in dates]
    exposure = exposures(np.array(dates, dtype=np.int64), spans)
    seen = [Seen(observed, _over(scenario, span[0], span[3]), key, _rules(key, scenario, span[2])) for span in spans]
    people = [each.people() for each in seen]
    names = sorted(set().union(*(frame.index for frame in people)))
    own = np.array([dates.index(days[name]) if days.get(name) in dates else NEVER for name in names], dtype=np.int64)
    lost = np.array([name in days and days[name] not in dates for name in names])
    grids = {part: np.column_stack([frame[part].reindex(names).to_numpy(dtype=np.float64) for frame in people]) for part in
             ("before", "after", "expected", "expected_most")}  # fmt: skip
    grids["after"][lost] = np.nan  # trained at a time that cannot be judged: no control either
    rules = _rules(key, scenario, dates[0])
    together = verdicts([judge_rollout(Rollout(**grids, own=own, exposure=exposure))], rules)
    together.insert(0, "group", "all")
    controls = [_clean_at(names, own, row, lost) for row in exposure]
    alone = [_alone(observed, seen[k].scenario, key, _with(days, day), controls[k]) for k, day in enumerate(dates)]
    singles = pd.concat(alone, ignore_index=True)
    singles = settled(singles, [rules.better] * len(singles))
    together = together.assign(by="agents", n_controls=together["n_after"], equal_start=np.nan, n_equal_start=0)
    found = pd.concat([together, singles], ignore_index=True)
    since = [pd.NaT, *(pd.Timestamp(day_date(days[name])) for name in singles["group"])]
    return found.assign(key=key, statistic=statistics_of(metric(key))[0], since=since)


def _around(day: int, log: tuple[int, int]) -> tuple[int, int, int, int]:
    before, after = windows(day, max(log[0], day - AROUND), min(log[1], day + AROUND - 1))
    return (*before, *after)


def _rules(key: str, scenario: Scenario, day: int) -> EffectRules:
    found = metric(key)
    margin, wide = trend_margin(found, scenario)
    return EffectRules(day, margin, wide, found.better, found.measure.kind == "share")


def _with(days: Mapping[str, int], day: int) -> Change:
    return Change(day_date(day), tuple(name for name, own in days.items() if own == day))


def _clean_at(names: Sequence[str], own: Any, exposure: Any, lost: Any) -> tuple[str, ...]:
    """Who is untouched over the days around one date."""
    return tuple(name for at, name in enumerate(names) if exposure[own[at]] == 0 and not lost[at] and name != "unassigned")


def _alone(observed: Observed, scenario: Scenario, key: str, change: Change, controls: tuple[str, ...]) -> pd.DataFrame:
    rows = effects(observed, scenario, replace(change, controls=controls), key, "agent")
    return rows[rows["by"] == "agent"].drop(columns=["p_adjusted", "family", "verdict", "direction", "needed"])


def last_day(change: Change, weeks: float) -> date:
    """The last day of so many whole weeks from a change on; four where nobody knows better or it would take a year.

    >>> from datetime import date
    >>> last_day(Change(date(2026, 4, 27)), 2.0)
    datetime.date(2026, 5, 10)
    """
    return change.day + timedelta(days=7 * int(np.ceil(weeks if 0 < weeks <= WEEKS_MOST else WEEKS)) - 1)
