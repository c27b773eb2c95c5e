"""Two selections side by side: two periods, or two groups over one period. Every KPI in one table, judged as one family (Holm).

Like is compared with like: days are the observations, weekdays weigh alike on both sides, neighbouring days may resemble each other.
Periods need not follow each other and no running line is taken off: the question is whether they differ, not whether something stepped in.

How much of a difference comes from other cases instead of other work is said beside it: cases are cut by channel, language and
issue; the part of the difference that remains when every such situation keeps its own figure is ``mix`` (Kitagawa 1955, both periods'
figures and shares weighing alike). It speaks of means and shares, not of medians.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from core.beforeafter import DAYS_MIN, EffectRules, Shift, judge_levels, judge_paired, verdicts
from core.changes import refused
from core.engine import Observed
from core.kpis import KpiTable, kpi_table
from core.metrics import METRICS, Metric, metric
from core.period import Period, choose, day_date, day_number
from core.recompute import trend_margin
from core.scenario import DIMENSIONS, Scenario
from core.views import statistics_of

CYCLES = {"previous": 0, "four_weeks": 28, "year": 364}
"""Spans that can be named instead of dated; days back, whole weeks so that weekdays meet (0: right before)."""
MIX_BY = ("channel", "language", "category")
Group = Mapping[str, Sequence[str]]
_NOTED = ("lengths_differ", "not_whole_weeks", "outside_log", "short")


@dataclass(frozen=True)
class Span:
    """Whole local days, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, words: str) -> Span:
        """A span as it is written: ``2026-03-02:2026-03-29``. Raises `ScenarioError` for anything else.

        >>> Span.of("2026-03-02:2026-03-29").days
        28
        """
        try:
            first, last = (date.fromisoformat(part.strip()) for part in words.split(":"))
        except ValueError as error:
            raise refused(words, "periods", "YYYY-MM-DD:YYYY-MM-DD") from error
        if last < first:
            raise refused(words, "periods", "YYYY-MM-DD:YYYY-MM-DD")
        return cls(first, last)

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def back(self, cycle: str) -> Span:
        """The span of the same length that many days earlier, on the same weekdays (`CYCLES`); ``previous``: the nearest without overlap.

        >>> Span.of("2026-04-27:2026-05-03").back("previous"), Span.of("2026-04-27:2026-04-28").back("year").first
        (Span(first=datetime.date(2026, 4, 20), last=datetime.date(2026, 4, 26)), datetime.date(2025, 4, 28))
        """
        step = max(CYCLES[cycle], -(-self.days // 7) * 7)
        return Span(self.first - timedelta(days=step), self.last - timedelta(days=step))


@dataclass(frozen=True)
class Compared:
    """Two selections side by side.

    Args:
        rows: one row per KPI the log can give: key, statistic, figure_before, figure_after (pooled, as on every card), cases_before,
            cases_after, and the fields of `core.beforeafter.verdicts` (``before``, ``after``: day values, like weekdays weighing alike; for
            groups ``before`` is the second group), and mix, mix_share (of the pooled means' difference), mix_by (dimensions).
        notes: codes of what limits the comparison: ``lengths_differ``, ``not_whole_weeks``, ``outside_log``, ``short``.
        spans: what was compared, cut to the log's days; for groups the same one twice.
    """

    rows: pd.DataFrame
    notes: tuple[str, ...]
    spans: tuple[Span, Span]


def compare_spans(observed: Observed, scenario: Scenario, one: Span, other: Span, keys: Sequence[str] = ()) -> Compared:
    """Two periods under the scenario's filters and rules; the earlier one is ``before``. Its own period plays no part.

    Raises `ScenarioError` for spans that share days or lie outside the log, and for unknown KPIs.
    """
    asked = sorted((one, other), key=lambda each: each.first)
    if asked[1].first <= asked[0].last:
        raise refused(f"{asked[1].first}", "periods", f"{asked[0].last + timedelta(days=1)} –")
    cut = [_cut(each, observed) for each in asked]
    sides = [_Side.of(observed, scenario, each, keys) for each in cut]
    start = day_number(cut[1].first)
    found = [
        judge_levels(pd.concat([side.days(each) for side in sides], ignore_index=True), _rules(each, scenario, start))
        for each in _there(keys, sides)
    ]
    notes = _notes(asked, cut)
    return Compared(_rows(found, [_rules(each, scenario, start) for each in _there(keys, sides)], sides, keys), notes, (cut[0], cut[1]))


def compare_groups(
    observed: Observed, scenario: Scenario, first: Group, second: Group, keys: Sequence[str] = ()
) -> Compared:
    """Two groups over the scenario's period, day by day: ``after`` is the first group's figure, ``before`` the second's.

    Args:
        first, second: dimension → names, e.g. ``{"team": ["South"]}`` or ``{"agent": ["Lin Xiao", "Hu Bin"]}``; the scenario's other
            filters hold. Raises `ScenarioError` for an unknown dimension, an empty group and groups that share somebody.
    """
    period = choose(scenario, *observed.days, observed.zone)
    span = _cut(Span(period.first, period.last), observed)
    _apart(first, second)
    sides = [_Side.of(observed, _narrowed(scenario, each), span, keys) for each in (second, first)]
    rules = [_rules(each, scenario, 0) for each in _there(keys, sides)]
    found = [judge_paired(sides[1].days(each), sides[0].days(each), rule) for each, rule in zip(_there(keys, sides), rules, strict=True)]
    notes = ("short",) if span.days < DAYS_MIN else ()
    return Compared(_rows(found, rules, sides, keys), notes, (span, span))


def _apart(first: Group, second: Group) -> None:
    for group in (first, second):
        if not group or not all(group.values()) or set(group) - set(DIMENSIONS):
            raise refused(", ".join(group), "group", ", ".join(DIMENSIONS))
    shared = [name for key in first for name in first[key] if name in second.get(key, ())]
    if set(first) == set(second) and shared:
        raise refused(shared[0], "group", "apart")


def _narrowed(scenario: Scenario, group: Group) -> Scenario:
    return Scenario(dict(scenario.changed) | {f"in_{name}": tuple(names) for name, names in group.items()})


def _cut(span: Span, observed: Observed) -> Span:
    """The days of a span that the log holds; refuses a span that holds none of them."""
    first, last = (day_date(number) for number in observed.days)
    kept = max(span.first, first), min(span.last, last)
    if kept[1] < kept[0]:
        raise refused(f"{span.first}:{span.last}", "periods", f"{first} – {last}")
    return Span(*kept)


def _notes(asked: Sequence[Span], cut: Sequence[Span]) -> tuple[str, ...]:
    said = {
        "lengths_differ": cut[0].days != cut[1].days, "not_whole_weeks": any(each.days % 7 for each in cut),
        "outside_log": list(asked) != list(cut), "short": min(each.days for each in cut) < DAYS_MIN,
    }  # fmt: skip
    return tuple(code for code in _NOTED if said[code])


def _rules(key: str, scenario: Scenario, day: int) -> EffectRules:
    found = metric(key)
    margin, relative = trend_margin(found, scenario)
    return EffectRules(day, margin, relative, found.better, found.measure.kind == "share")


@dataclass(frozen=True)
class _Side:
    """One selection's figures: pooled, by day, and by situation."""

    span: Span
    whole: KpiTable
    daily: KpiTable
    cells: KpiTable
    mixed_by: tuple[str, ...]

    @classmethod
    def of(cls, observed: Observed, scenario: Scenario, span: Span, keys: Sequence[str] = ()) -> _Side:
        period = Period(day_number(span.first), day_number(span.last), observed.zone)
        known = tuple(name for name in MIX_BY if len(observed.labels[name]) > 1)
        whole, daily, cells = (kpi_table(observed, scenario, by, period, keys) for by in (("shop",), ("date",), known or ("shop",)))
        return cls(span, whole, daily, cells, known)

    def has(self, key: str) -> bool:
        """Whether the selection has a figure."""
        return len(self.whole) > 0 and self.whole.cell(0, key).status != "unavailable"

    def days(self, key: str) -> pd.DataFrame:
        """Day values; days without a conversation count as 0 for counts only."""
        value = self.daily.column(key, statistics_of(metric(key))[0])
        days = self.daily.groups["date"].to_numpy(dtype=np.int64)
        frame = pd.DataFrame({"local_day": days, "value": value, "n": self.daily.column(key, "n")})
        if metric(key).measure.kind != "count":
            return frame[frame["value"].notna()]
        every = np.arange(day_number(self.span.first), day_number(self.span.last) + 1)
        return frame.set_index("local_day").reindex(every, fill_value=0.0).rename_axis("local_day").reset_index()

    def situations(self, key: str) -> pd.DataFrame:
        """Cases and their figure by channel, language and issue."""
        frame = self.cells.groups.assign(n=self.cells.column(key, "n"), value=self.cells.column(key))
        return frame[(frame["n"] > 0) & frame["value"].notna()].set_index(list(self.cells.by))[["n", "value"]]


def _there(keys: Sequence[str], sides: Sequence[_Side]) -> list[str]:
    wanted = [metric(key).key for key in keys] or [each.key for each in METRICS]
    return [key for key in wanted if all(side.has(key) for side in sides)]


def _rows(found: list[Shift], rules: list[EffectRules], sides: Sequence[_Side], keys: Sequence[str]) -> pd.DataFrame:
    there = _there(keys, sides)
    rows = verdicts(found, rules)
    rows.insert(0, "key", there)
    figures: dict[str, Any] = {"statistic": [statistics_of(metric(key))[0] for key in there]}
    for name, side in zip(("before", "after"), sides, strict=True):
        figures[f"figure_{name}"] = [_figure(side, metric(key)) for key in there]
        figures[f"cases_{name}"] = [float(side.whole.column(key, "n")[0]) for key in there]
    mixes = [_mix(sides, metric(key)) for key in there]
    figures |= {"mix": [each[0] for each in mixes], "mix_share": [each[1] for each in mixes]}
    return rows.assign(**figures, mix_by=["+".join(sides[0].mixed_by) if not np.isnan(each[0]) else "" for each in mixes])


def _figure(side: _Side, found: Metric) -> float:
    """The pooled figure; counts per day, so that periods of different lengths can be set beside each other."""
    value = float(side.whole.column(found.key, statistics_of(found)[0])[0])
    return value / side.span.days if found.measure.kind == "count" else value


def _mix(sides: Sequence[_Side], found: Metric) -> tuple[float, float]:
    if not sides[0].mixed_by or found.measure.kind not in ("share", "mean"):
        return np.nan, np.nan
    return mix_part(*(side.situations(found.key) for side in sides))


def mix_part(before: pd.DataFrame, after: pd.DataFrame) -> tuple[float, float]:
    """How much of the difference of two pooled means comes from other cases, and which share of it; NaN without cases or difference.

    Args:
        before, after: one row per situation (index): n, value. A situation that only one side has is taken to have the same figure on the
            other, so all that it moves is mix.

    >>> old = pd.DataFrame({"n": [80, 20], "value": [10.0, 60.0]}, index=["zh", "en"])
    >>> new = pd.DataFrame({"n": [50, 50], "value": [10.0, 60.0]}, index=["zh", "en"])
    >>> mix_part(old, new)
    (15.0, 1.0)
    """
    both = before.add_suffix("_0").join(after.add_suffix("_1"), how="outer")
    n = both[["n_0", "n_1"]].fillna(0.0).to_numpy(dtype=np.float64)
    value = both[["value_0", "value_1"]].to_numpy(dtype=np.float64)
    if not len(both) or (n.sum(axis=0) <= 0).any():
        return np.nan, np.nan
    value = np.where(np.isnan(value), value[:, ::-1], value)
    part = n / n.sum(axis=0)
    mix = float(((part[:, 1] - part[:, 0]) * value.mean(axis=1)).sum())
    whole = float((part[:, 1] * value[:, 1]).sum() - (part[:, 0] * value[:, 0]).sum())
    tiny = abs(whole) <= 1e-12 * max(float(np.abs(value).max()), 1e-300)
    return mix, np.nan if tiny else mix / whole


def days_of_spans(observed: Observed, scenario: Scenario, spans: tuple[Span, Span], key: str, names: tuple[str, str]) -> pd.DataFrame:
    """Day values of two periods for a chart, the earlier one moved onto the later one's dates: x (date), y, n, series (of ``names``)."""
    moved = day_number(spans[1].first) - day_number(spans[0].first)
    sides = [_Side.of(observed, scenario, span, (key,)).days(key) for span in spans]
    shifted = [sides[0].assign(local_day=sides[0]["local_day"] + moved), sides[1]]
    return _drawn(shifted, names)


def days_of_groups(observed: Observed, scenario: Scenario, groups: tuple[Group, Group], key: str, names: tuple[str, str]) -> pd.DataFrame:
    """Day values of two groups for a chart: x (date), y, n, series (of ``names``, in the order of ``groups``)."""
    period = choose(scenario, *observed.days, observed.zone)
    span = _cut(Span(period.first, period.last), observed)
    return _drawn([_Side.of(observed, _narrowed(scenario, each), span, (key,)).days(key) for each in groups], names)


def _drawn(sides: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    frame = pd.concat([side.assign(series=name) for side, name in zip(sides, names, strict=True)], ignore_index=True)
    dates = pd.to_datetime([day_date(int(day)) for day in frame["local_day"]])
    return pd.DataFrame({"x": dates, "y": frame["value"], "n": frame["n"], "series": frame["series"]})


def told(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of reading: those told apart first, by p, then the others."""
    sure = rows["verdict"].isin(["evidence", "strong_evidence"])
    return rows.assign(_sure=~sure).sort_values(["_sure", "p"], kind="stable").drop(columns="_sure").reset_index(drop=True)


def differing(rows: pd.DataFrame) -> list[str]:
    """KPIs with evidence after correction, surest first."""
    found = told(rows)
    return found.loc[found["verdict"].isin(["evidence", "strong_evidence"]), "key"].tolist()


def latest(observed_days: tuple[int, int], weeks: int = 4) -> Span:
    """The last whole weeks of a log that leave as many before them; at least one day.

    >>> latest((20514, 20597)).days, latest((20514, 20520)).days
    (28, 3)
    """
    first, last = observed_days
    half = (last - first + 1) // 2
    days = min(7 * weeks, half - half % 7 if half >= 7 else max(half, 1))
    return Span(day_date(last - days + 1), day_date(last))
