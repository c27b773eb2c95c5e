"""Fair comparison of agents: what page, command line and export all call.

Every function takes an observed log, a scenario (period, filters, margins) and a KPI of the catalogue, and returns codes and unrounded
numbers. ``unassigned`` is nobody and is never compared. Where a figure cannot be compared the result says why (``reason``):
``missing_columns``, ``no_dimension`` (the figure does not know agents), ``not_a_share`` (funnel), ``not_a_rate`` (counts), ``no_cases``
(only sums, no single cases), ``no_dimensions`` (nothing that differs), ``too_few_agents``, ``no_data``.

Minimum rules: a share has an interval from 10 cases, a verdict from 30; a duration is compared from 50; nobody is put in an order below
reliability 0.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from core.casemix import FIRM, MERGED_FIRST, Mixed, MixRules, compare_within, standardise
from core.engine import Observed
from core.engine.habits import CASES, handed_over, pasted_replies, reopened, short_replies, surveyed, written
from core.engine.habits import behind as list_cases
from core.engine.observe import UNASSIGNED, WEIGHT, judged_sql
from core.fairness import clustered_errors, clustered_ratio_by, quantile_interval_by
from core.funnel import Funnel, share_funnel
from core.grouped import Grouped
from core.kpis import KpiTable, kpi_table, missing
from core.metrics import TIMES_FROM, judged_from, metric
from core.nonresponse import comparable, panel
from core.pairs import Decidable, PairRules, Sides, all_pairs, letters, shares_of, until_decidable
from core.period import choose
from core.questions import FAMILIES, Family, bunching, outstanding, picking, selective, unanswerable
from core.recompute import conversations, narrowed, slow_knobs, trend_margin
from core.scenario import Scenario
from core.shrinkage import Shrunk, median_error, shrink_means, shrink_shares
from core.trends import adjust
from core.views import statistics_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shrinkage:
    """Shrunken figures of agents.

    ``rows``: one row per agent: agent, n, value (the catalogue's figure), shrunken, low, high, reliability, orderable. ``mean`` and ``tau``
    are the common figure and the spread between agents (for medians on the log scale); ``needed_n`` cases for reliability 0.7.
    """

    rows: pd.DataFrame
    mean: float
    tau: float
    needed_n: float
    method: str
    reason: str = ""


@dataclass(frozen=True)
class Pairs:
    """All pairs of agents.

    ``rows`` as `core.pairs.all_pairs`, with ``reason`` (``response_rates_differ`` where two response rates are more than ten points apart);
    ``letters``: agent → compact letters, best first (empty when they would say nothing); ``family``: how many pairs were tested.
    """

    rows: pd.DataFrame
    letters: dict[str, str]
    family: int
    reason: str = ""


@dataclass(frozen=True)
class Duel:
    """One pair asked for by name.

    ``row`` as in `Pairs.rows`, a family of one; ``decidable``: how many more cases until it is decided; ``whole_team``: the same when the
    pair was picked after looking at all pairs. ``within``: the pair in the situations both have met (one row of `reversals`, or empty).
    """

    row: pd.Series
    decidable: Decidable
    whole_team: Decidable
    within: pd.DataFrame
    reason: str = ""


@dataclass(frozen=True)
class Fair:
    """Everything about one KPI: funnel, shrinkage, case mix, reversals, pairs."""

    key: str
    funnel: Funnel
    shrunk: Shrinkage
    mixed: Mixed
    reversals: pd.DataFrame
    pairs: Pairs


def fair(observed: Observed, scenario: Scenario, key: str) -> Fair:
    """All views of one KPI. Raises `ScenarioError` for an unknown metric, as every function here does."""
    return Fair(
        key, funnel(observed, scenario, key), shrunk(observed, scenario, key), mixed(observed, scenario, key),
        reversals(observed, scenario, key), pairs(observed, scenario, key),
    )  # fmt: skip


class _People:
    """The sums and single cases of a KPI by agent within a scenario; without the row of nobody."""

    def __init__(self, observed: Observed, scenario: Scenario, key: str) -> None:
        self.found = metric(key)
        self.measure = self.found.measure
        self.reason = "missing_columns" if missing(self.found, observed.facts.available) else ""
        self.period = choose(scenario, *observed.days, observed.zone)
        self.grouped = Grouped(observed, scenario, ("agent",), self.period)
        labels = self.grouped.groups()["agent"].to_numpy(dtype=str) if len(self.grouped.order) else np.array([], dtype=str)
        self.kept = np.flatnonzero(labels != UNASSIGNED)
        self.names = [str(name) for name in labels[self.kept]]
        if not self.reason and self.grouped.whole(self.measure.source) is None:
            self.reason = "no_dimension"
        if not self.reason and not self.names:
            self.reason = "no_data"

    @property
    def incomparable(self) -> str:
        """Why agents cannot be compared by it: a bare count says how long somebody worked."""
        return self.reason or ("" if self.measure.denominator else "not_a_rate")

    def sums(self) -> tuple[Floats, Floats]:
        """Numerator and denominator per agent."""
        top, bottom = (self.grouped.sum(self.measure.source, column) for column in self.measure.columns)
        return top[self.kept], bottom[self.kept]

    def cases(self) -> list[tuple[Floats, NDArray[np.int64]]]:
        """Each agent's single values, ascending, and the days they lie on."""
        groups, values, days = self.grouped.singles_by_block(self.measure.source, self.measure.values, self.period.days)
        return [(values[groups == at], days[groups == at]) for at in self.kept]

    def daily(self) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Numerator and denominator per agent × day: place of the agent, and both."""
        groups, (top, bottom) = self.grouped.daily(self.measure.source, self.measure.columns)
        places = np.searchsorted(self.kept, groups)
        hit = np.isin(groups, self.kept)
        return places[hit], top[hit], bottom[hit]


# --- one KPI, all agents ---------------------------------------------------------------------------------------------------------------


def funnel(observed: Observed, scenario: Scenario, key: str) -> Funnel:
    """The funnel of a share (binomial) or of a rate per hour (Poisson) over agents; other figures: ``not_a_share``."""
    people = _People(observed, scenario, key)
    kind = {"share": "binomial"}.get(people.measure.kind, "poisson" if people.found.unit == "per_hour" else "")
    reason = people.reason or ("" if kind else "not_a_share")
    if reason:
        return Funnel(float("nan"), pd.DataFrame(), pd.DataFrame(), float("nan"), 0.0, "", reason=reason)
    top, bottom = people.sums()
    return share_funnel(people.names, top, bottom, kind=kind, least=judged_from(people.found))


def shrunk(observed: Observed, scenario: Scenario, key: str) -> Shrinkage:
    """Every agent's figure drawn towards the common one by its reliability: shares, medians (on the log scale), means and ratios."""
    people = _People(observed, scenario, key)
    if people.incomparable:
        return Shrinkage(pd.DataFrame(), np.nan, np.nan, np.nan, "", people.incomparable)
    if people.measure.kind == "share":
        hits, n = people.sums()
        found, value = shrink_shares(hits, n), np.divide(hits, n, out=np.full(len(n), np.nan), where=n > 0)
    elif statistics_of(people.found)[0] == "median":
        found, value, n = _shrunk_medians(people)
    else:
        found, value, n = _shrunk_means(people)
    rows = pd.DataFrame({"agent": people.names, "n": n, "value": value, "shrunken": found.value, "low": found.low, "high": found.high})
    rows = rows.assign(reliability=found.reliability, orderable=found.orderable)
    return Shrinkage(rows, found.mean, found.tau, found.needed_n, found.method, found.reason)


def _shrunk_medians(people: _People) -> tuple[Shrunk, Floats, Floats]:
    cases = [np.log(np.maximum(values, 0.5)) for values, _ in people.cases()]
    n = np.array([len(values) for values in cases], dtype=np.float64)
    logs = np.array([np.median(values) if len(values) else np.nan for values in cases])
    error = np.array([median_error(values) for values in cases]) * np.sqrt(_design_effects(people))
    found = shrink_means(logs, np.where(n >= 6, error, np.nan), n)
    seconds = [np.exp(part) for part in (found.value, found.low, found.high)]
    medians = np.array([np.median(values) if len(values) else np.nan for values, _ in people.cases()])
    shown = replace(found, value=seconds[0], low=seconds[1], high=seconds[2], method=f"{found.method}_log")
    return shown, medians, n


def _design_effects(people: _People) -> Floats:
    """How much more days differ than chance allows, from the mean of logs: variance with days as blocks over the plain one, at least 1."""
    found = np.ones(len(people.names))
    for at, (values, days) in enumerate(people.cases()):
        logs = np.log(np.maximum(values, 0.5))
        if len(np.unique(days)) < 10 or not logs.std():
            continue
        place = np.unique(days, return_inverse=True)[1]
        blocks = clustered_errors(np.zeros(place.max() + 1), np.bincount(place, logs), np.bincount(place))[2][0]
        found[at] = max(1.0, float(blocks**2 / (logs.var(ddof=1) / len(logs))))
    return found


def _shrunk_means(people: _People) -> tuple[Shrunk, Floats, Floats]:
    places, top, bottom = people.daily()
    size = len(people.names)
    value, error, n = np.full(size, np.nan), np.full(size, np.nan), np.zeros(size)
    if len(places):
        at, ratio, errors, base, _ = clustered_errors(places, top, bottom)
        value[at], error[at], n[at] = ratio, errors, base
    return shrink_means(value, error, n), value, n


def _cells(observed: Observed, scenario: Scenario, people: _People) -> pd.DataFrame:
    """Agent × day × dimensions with n, total and, for means, the sum of squares."""
    source = people.grouped.source(people.measure.source)
    if source is None:
        return pd.DataFrame()
    labels = np.array(observed.labels["agent"], dtype=object)
    if people.measure.kind == "share":
        cube = source.cube
        numbers = {name: cube.numbers[column] for name, column in zip(("total", "n"), people.measure.columns, strict=True)}
    else:
        known = ~np.isnan(source.values.numbers[people.measure.values])
        cube = source.values.pick(known)
        values = cube.numbers[people.measure.values]
        n = cube.numbers.get(WEIGHT, np.ones(len(values)))
        numbers = {"n": n, "total": n * values, "square": n * values**2}
    kept = ["agent", "day", *(name for name in MERGED_FIRST if name in cube.codes)]
    frame = pd.DataFrame({name: cube.codes[name] for name in kept} | numbers)
    frame = frame[frame["n"] > 0].groupby(kept, sort=True).sum().reset_index()
    frame["agent"] = labels[frame["agent"].to_numpy()]
    return frame[frame["agent"] != UNASSIGNED].reset_index(drop=True)


def _mixable(people: _People) -> str:
    """Why a KPI cannot be standardised; empty when it can."""
    single = people.measure.kind == "mean" and people.measure.values
    return people.reason or ("" if people.measure.kind == "share" or single else "no_cases")


def _mix_rules(people: _People, scenario: Scenario) -> MixRules:
    margin = trend_margin(people.found, scenario)[0]
    kind = "share" if people.measure.kind == "share" else "mean"
    return MixRules(kind, judged_from(people.found), margin if kind == "share" else float(scenario.get("margin")))


def mixed(observed: Observed, scenario: Scenario, key: str) -> Mixed:
    """Every agent against colleagues on the agent's own mix of language, channel, shift, issue and hour; raw and adjusted together."""
    people = _People(observed, scenario, key)
    reason = _mixable(people)
    cells = pd.DataFrame() if reason else _cells(observed, scenario, people)
    if reason or cells.empty:
        return Mixed(pd.DataFrame(), pd.DataFrame(), float("nan"), "", (), 0, reason=reason or "no_data")
    return standardise(cells, _mix_rules(people, scenario))


def reversals(observed: Observed, scenario: Scenario, key: str, names: Sequence[str] = ()) -> pd.DataFrame:
    """Pairs raw and within shared situations (language × channel × shift); ``finding`` says which order flips. Empty without dimensions.

    Only agents with enough cases, or only those named; columns as `core.casemix.compare_within`.
    """
    people = _People(observed, scenario, key)
    if _mixable(people):
        return pd.DataFrame()
    cells = _cells(observed, scenario, people)
    firm = [name for name in FIRM if name in cells and cells[name].nunique() > 1]
    if not firm:
        return pd.DataFrame()
    cells = cells[cells.groupby("agent")["n"].transform("sum") >= judged_from(people.found)]
    cells = cells[cells["agent"].isin(names)] if names else cells
    if cells["agent"].nunique() < 2:
        return pd.DataFrame()
    return compare_within(cells, firm, "share" if people.measure.kind == "share" else "mean")


def baselines(observed: Observed, scenario: Scenario, key: str, dimension: str = "language") -> pd.DataFrame:
    """Every agent beside the shop's own figure of the same language, shift, channel, issue or team.

    One row per label × agent: the dimension, agent, n, value, low, high, status, baseline, baseline_n, difference, ratio. Durations are
    medians.
    """
    found = metric(key)
    names = ("median", "median_low", "median_high") if statistics_of(found)[0] == "median" else ("value", "low", "high")
    agents, shop = (kpi_table(observed, scenario, by, keys=(key,)) for by in ((dimension, "agent"), (dimension,)))
    frame = agents.groups.assign(n=agents.column(key, "n"), status=agents.status[:, 0])
    for name, column in zip(("value", "low", "high"), names, strict=True):
        frame[name] = agents.column(key, column)
    base = shop.groups.assign(baseline=shop.column(key, names[0]), baseline_n=shop.column(key, "n"))
    frame = frame[(frame["agent"] != UNASSIGNED) & (frame["n"] > 0)].merge(base, on=dimension)
    return frame.assign(difference=frame["value"] - frame["baseline"], ratio=frame["value"] / frame["baseline"]).reset_index(drop=True)


# --- pairs -------------------------------------------------------------------------------------------------------------------------------


def _sides(people: _People) -> Sides:
    names = tuple(people.names)
    if people.measure.kind == "share":
        return shares_of(names, *people.sums())
    size = len(names)
    value, low, high, n = (np.full(size, np.nan) for _ in range(4))
    if statistics_of(people.found)[0] == "median":
        cases = people.cases()
        n = np.array([len(values) for values, _ in cases], dtype=np.float64)
        groups, values = np.repeat(np.arange(size), n.astype(int)), np.concatenate([values for values, _ in cases])
        at, found = quantile_interval_by(groups, values) if len(values) else (np.array([], dtype=int), None)
        if found is not None:
            value[at], low[at], high[at] = found.value, found.low, found.high
        return Sides(names, value, low, high, n, cases=tuple(v for v, _ in cases), days=tuple(d for _, d in cases))
    places, top, bottom = people.daily()
    if len(places):
        at, estimate = clustered_ratio_by(places, top, bottom)
        value[at], low[at], high[at], n[at] = estimate.value, estimate.low, estimate.high, estimate.n
    return Sides(names, value, low, high, np.nan_to_num(n))


def _pair_rules(people: _People, sides: Sides, scenario: Scenario) -> PairRules:
    margin, relative = trend_margin(people.found, scenario)
    middle = float(np.nanmedian(sides.value)) if np.isfinite(sides.value).any() else 0.0
    return PairRules(judged_from(people.found), margin * (middle if relative else 1.0), people.found.better)


def pairs(observed: Observed, scenario: Scenario, key: str) -> Pairs:
    """All pairs of agents as one family, and letters of who cannot be told apart."""
    people = _People(observed, scenario, key)
    if people.incomparable:
        return Pairs(pd.DataFrame(), {}, 0, people.incomparable)
    if len(people.names) < 2:
        return Pairs(pd.DataFrame(), {}, 0, "too_few_agents")
    sides = _sides(people)
    rows = all_pairs(sides, _pair_rules(people, sides, scenario)).assign(reason="")
    rows = _response_rule(rows, observed, scenario) if people.measure.source == "ratings" else rows
    told = rows[rows["verdict"].isin(["evidence", "strong_evidence"])]
    enough = sides.n >= judged_from(people.found)
    order = np.lexsort((np.array(sides.names), -(people.found.better or 1) * np.nan_to_num(sides.value)))
    named = [sides.names[at] for at in order if enough[at]]
    return Pairs(rows, _letters(named, told), int(rows["family"].iloc[0]))


def _letters(names: Sequence[str], told: pd.DataFrame) -> dict[str, str]:
    try:
        return letters(names, list(zip(told["a"], told["b"], strict=True)))
    except ValueError:  # more groups than a reader could use
        return {}


def _response_rule(rows: pd.DataFrame, observed: Observed, scenario: Scenario) -> pd.DataFrame:
    """Scores of agents whose customers answer at clearly different rates are not compared."""
    known = csat(observed, scenario)
    if known.empty:  # a log of daily sums does not say who was asked
        return rows
    rates = known.set_index("agent")["response"]
    near = comparable(rows["a"].map(rates), rows["b"].map(rates))
    judged = ~rows["verdict"].isin(["not_enough_data"])
    rows.loc[judged & ~near, ["verdict", "ahead", "reason"]] = ["cannot_be_judged", "", "response_rates_differ"]
    return rows


def duel(observed: Observed, scenario: Scenario, key: str, a: str, b: str) -> Duel:
    """Is A better than B: one pair named beforehand. Unknown names give an empty row and ``no_data``."""
    people = _People(observed, scenario, key)
    nothing = Decidable(float("nan"), float("nan"), float("nan"))
    if people.incomparable or not {a, b} <= set(people.names) or a == b:
        return Duel(pd.Series(dtype=object), nothing, nothing, pd.DataFrame(), people.incomparable or "no_data")
    sides = _sides(people)
    at = [people.names.index(name) for name in (a, b)]
    picked = Sides(
        (a, b), sides.value[at], sides.low[at], sides.high[at], sides.n[at], None if sides.hits is None else sides.hits[at],
        tuple(sides.cases[one] for one in at) if sides.cases else (), tuple(sides.days[one] for one in at) if sides.days else (),
    )  # fmt: skip
    rows = all_pairs(picked, _pair_rules(people, sides, scenario)).assign(reason="")
    rows = _response_rule(rows, observed, scenario) if people.measure.source == "ratings" else rows
    team = int((sides.n >= judged_from(people.found)).sum())
    share = people.measure.kind == "share"
    plans = [until_decidable(rows.iloc[0], tests, share) for tests in (1, max(team * (team - 1) // 2, 1))]
    return Duel(rows.iloc[0], plans[0], plans[1], reversals(observed, scenario, key, (a, b)))


# --- ratings that were not given -------------------------------------------------------------------------------------------------------


def csat(observed: Observed, scenario: Scenario, by: str = "agent", gap: float = 0.0) -> pd.DataFrame:
    """Coverage, bounds and the what-if of silent customers per agent, language, …; empty when there are no ratings.

    ``gap``: how much less often silent customers are satisfied (share). Columns as `core.nonresponse.panel`.
    """
    if missing(metric("satisfaction"), observed.facts.available) or missing(metric("csat_coverage"), observed.facts.available):
        return pd.DataFrame()
    period = choose(scenario, *observed.days, observed.zone)
    grouped = Grouped(observed, scenario, (by,), period)
    good, said = grouped.sum("ratings", "satisfied"), grouped.sum("ratings", "rated")
    could, did = (grouped.sum("conversations", column) for column in ("could_be_rated", "rated_of_asked"))
    counts = grouped.groups().assign(satisfied=good, answered=said, asked=could + said - did)
    counts = counts[(counts[by] != UNASSIGNED) & (counts["asked"] > 0)] if by == "agent" else counts[counts["asked"] > 0]
    return panel(counts.fillna({"satisfied": 0.0, "answered": 0.0}), gap)


# --- counter-metrics and questions -------------------------------------------------------------------------------------------------------


def plane(observed: Observed, scenario: Scenario, key: str = "first_response") -> pd.DataFrame:
    """A speed KPI beside its counterparts: is speed bought with quality?

    One row per agent: agent; for the speed KPI and each counterpart (``speed``, ``quality``, ``again``) the value with _low, _high, _n and
    the colleagues' figure _team; p (the larger one-sided p of "faster" and of "worse", smallest counterpart doubled), p_adjusted (Holm),
    asked: faster than colleagues while satisfaction is lower or repeats are more. Empty for a metric without counterparts.
    """
    if not metric(key).counter:
        return pd.DataFrame()
    names = ("speed", "quality", "again")
    table = kpi_table(observed, scenario, ("agent",), keys=(key, *metric(key).counter))
    rows = table.groups["agent"] != UNASSIGNED
    frame = pd.DataFrame({"agent": table.groups["agent"][rows].astype("str").to_numpy()})
    told = zip(names, (key, *metric(key).counter), strict=False)
    worse = {name: _seen(frame, table, rows.to_numpy(), name, which) for name, which in told}
    enough = frame["speed_n"] >= judged_from(metric(key))
    harm = np.fmin(1.0, 2 * np.fmin(worse["quality"], worse.get("again", np.full(len(frame), np.nan))))
    frame["p"] = np.where(enough, np.maximum(1 - worse["speed"], harm), np.nan)
    frame["p_adjusted"] = adjust(frame["p"])
    return frame.assign(asked=frame["p_adjusted"] < 0.05)


def _seen(frame: pd.DataFrame, table: KpiTable, rows: NDArray[np.bool_], name: str, key: str) -> Floats:
    """Adds one KPI's columns; returns the one-sided p of "worse than the agents' weighted middle", from the figure's own interval."""
    found = metric(key)
    columns = ("median", "median_low", "median_high") if statistics_of(found)[0] == "median" else ("value", "low", "high")
    for end, column in zip(("", "_low", "_high", "_n"), (*columns, "n"), strict=True):
        frame[f"{name}{end}"] = table.column(key, column)[rows]
    few = frame[f"{name}_n"] < min(judged_from(found), found.min_n)
    others = _middle_of_others(frame[name].where(~few).to_numpy(), frame[f"{name}_n"].to_numpy())
    frame[f"{name}_team"] = others
    value, low, high = (frame[f"{name}{end}"].to_numpy() for end in ("", "_low", "_high"))
    reach = np.where(value > others, value - low, high - value) / special.ndtri(0.975)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(reach > 0, (value - others) / reach, np.sign(value - others) * 8)
    return np.where(few | np.isnan(value) | np.isnan(others), np.nan, special.ndtr(found.better * z))


def _middle_of_others(value: Floats, n: Floats) -> Floats:
    """Per agent the mean of all others' figures, weighted by their n."""
    weight = np.where(np.isnan(value), 0.0, n)
    total = np.nan_to_num(value) * weight
    rest = weight.sum() - weight
    return np.divide(total.sum() - total, rest, out=np.full(len(value), np.nan), where=rest > 0)


def questions(observed: Observed, scenario: Scenario, families: Sequence[str] = FAMILIES) -> tuple[Family, ...]:
    """Every family of questions about the period and filters, in order; a family the log cannot answer says which columns it lacks.

    ``selective_survey`` comes twice: by length and by outcome.
    """
    return tuple(found for key in families for found in _ASKED[key](_Asking(observed, scenario)))


@dataclass(frozen=True)
class _Asking:
    """A log and a scenario as the families want them: which columns there are, and the chosen conversations as SQL."""

    observed: Observed
    scenario: Scenario

    def lacks(self, *needs: str) -> tuple[str, ...]:
        """Columns that are not in the log; ``a|b`` is met by either."""
        return tuple(name for name in needs if not set(name.split("|")) & self.observed.facts.available)

    @property
    def chosen(self) -> tuple[str, list[Any]]:
        """The conversations of period and filters as a SELECT and its values."""
        tests, values = narrowed(self.observed, self.scenario)
        return f"SELECT * FROM ({judged_sql(self.observed.facts, self.scenario)}) AS judged WHERE {tests}", values

    def counted(self, count: Any, *more: Any) -> pd.DataFrame:
        """What a function of `core.engine.habits` counts, by agent."""
        return count(self.observed.facts, *self.chosen, *more)

    @property
    def gap_ms(self) -> int:
        """The silence that ends a conversation without an id."""
        return int(slow_knobs(self.scenario).gap_h * 3_600_000)


_TEXT = ("messages.text", "messages.agent_id", "messages.sender")


def behind(observed: Observed, scenario: Scenario, family: str, agent: str, limit: int = 200) -> pd.DataFrame:
    """The newest conversations a question is about, as `core.recompute.conversations`: those counted, or else all of the agent's."""
    if family not in CASES:
        return conversations(observed, scenario, limit, agent=agent)
    asking = _Asking(observed, scenario)
    chosen, values = asking.chosen
    counted = CASES[family](observed.facts, chosen, asking.gap_ms)
    return conversations(observed, scenario, limit, only=list_cases(observed.facts, counted, values, agent))


def _bunching(asking: _Asking) -> list[Family]:
    people = _People(asking.observed, asking.scenario, "first_response")
    if people.reason:
        return [unanswerable("bunching", people.reason, missing(people.found, asking.observed.facts.available))]
    cases = people.cases()
    sizes = [len(values) for values, _ in cases]
    if not sum(sizes):
        return [unanswerable("bunching", "no_data")]
    frame = pd.DataFrame({"agent": np.repeat(people.names, sizes), "value": np.concatenate([values for values, _ in cases])})
    anchors = asking.scenario.anchors(people.found)
    return [bunching(frame, (float(asking.scenario.get("within_s")), anchors.target, anchors.passing))]


def _counted(key: str, needs: tuple[str, ...], count: Any, *, text: bool = False) -> Any:
    def ask(asking: _Asking) -> list[Family]:
        lacks = asking.lacks(*needs)
        if lacks:
            return [unanswerable(key, "missing_columns", lacks)]
        rows = asking.counted(count, asking.gap_ms) if text else asking.counted(count)
        return [outstanding(key, rows)]

    return ask


def _surveys(asking: _Asking) -> list[Family]:
    if asking.lacks("conversations.csat|messages.csat"):
        return [unanswerable("selective_survey", "missing_columns", ("conversations.csat",))]
    sent = not asking.lacks("conversations.survey_sent|messages.survey_sent")
    rows = asking.counted(surveyed, sent)
    sides = {"length": ("quick", "long"), "outcome": ("calm", "trouble")}
    return [
        selective(rows.rename(columns={f"asked_{good}": "asked_good", good: "good", f"asked_{bad}": "asked_bad", bad: "bad"}), about=about)
        for about, (good, bad) in sides.items()
    ]


def _easy(asking: _Asking) -> list[Family]:
    observed, scenario = asking.observed, asking.scenario
    lacks = asking.lacks("conversations.category|messages.category")
    grouped = Grouped(observed, scenario, ("agent",), choose(scenario, *observed.days, observed.zone))
    source = grouped.source("conversations")
    if lacks or source is None or not {"category", "hour"} <= set(source.cube.codes) or len(observed.labels["category"]) < 3:
        return [unanswerable("easy_cases", "missing_columns" if lacks else "no_dimension", lacks)]
    codes, numbers = source.cube.codes, source.cube.numbers
    frame = pd.DataFrame({name: codes[name] for name in ("agent", "day", "hour", "language", "channel", "category")})
    frame = frame.assign(n=numbers["handled"], handle_s=numbers["handle_s"], handle_n=numbers["handle_n"])
    frame = frame[(frame["n"] > 0) & (frame["agent"] != len(observed.labels["agent"]) - 1)]
    effort = frame.groupby("category")[["handle_s", "handle_n", "n"]].sum()
    effort = effort.assign(mean=effort["handle_s"] / effort["handle_n"]).sort_values("mean")
    easy = effort.index[effort["n"].cumsum() <= effort["n"].sum() / 2]
    if not len(easy) or len(easy) == len(effort):
        return [unanswerable("easy_cases", "no_dimension")]
    frame["easy"] = frame["n"] * frame["category"].isin(easy)
    frame["situation"] = frame.groupby(["day", "hour", "language", "channel"]).ngroup()
    cells = frame.groupby(["agent", "situation"])[["easy", "n"]].sum().reset_index()
    return [picking(cells.assign(agent=np.array(observed.labels["agent"], dtype=object)[cells["agent"].to_numpy()]))]


_CLOSED = ("messages.event|messages.closed_at|conversations.closed_at",)
_ASKED: dict[str, Any] = {
    "bunching": _bunching,
    "empty_first_reply": _counted("empty_first_reply", _TEXT, short_replies, text=True),
    "pasted": _counted("pasted", _TEXT, pasted_replies, text=True),
    "reopened": _counted("reopened", (*_CLOSED, "messages.customer_id|conversations.customer_id|conversations.reopened"), reopened),
    "handed_over": _counted("handed_over", ("messages.agent_id", "messages.sender", "messages.csat|conversations.csat"), handed_over),
    "selective_survey": _surveys,
    "easy_cases": _easy,
}


# --- per hundred characters ----------------------------------------------------------------------------------------------------------


def per_length(observed: Observed, scenario: Scenario) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Handling time per 100 characters written, per agent × language, beside the language's own figure; and the columns that are missing.

    Languages need different numbers of characters to say the same. One row per agent × language: agent, language, n, characters (per
    conversation), value (seconds per 100 characters), low, high (days as blocks), baseline, ratio, status. Empty with the missing columns
    where the log has no texts.
    """
    asking = _Asking(observed, scenario)
    lacks = asking.lacks(*_TEXT)
    if lacks:
        return pd.DataFrame(), lacks
    rows = asking.counted(written, asking.gap_ms)
    if rows.empty:
        return pd.DataFrame(), ()
    rows["hundreds"] = rows["characters"] / 100
    key = rows["agent"] + "\0" + rows["language"]
    at, found = clustered_ratio_by(key, rows["handle_s"], rows["hundreds"])
    frame = rows.groupby(["agent", "language"])[["n", "characters", "handle_s"]].sum().reset_index()
    order = np.searchsorted(at, (frame["agent"] + "\0" + frame["language"]).to_numpy(dtype=str))
    whole = frame.groupby("language")[["handle_s", "characters"]].transform("sum")
    baseline = 100 * whole["handle_s"] / whole["characters"]
    frame = frame.assign(value=found.value[order], low=found.low[order], high=found.high[order], baseline=baseline)
    frame = frame.assign(characters=frame["characters"] / frame["n"], ratio=frame["value"] / baseline)
    frame["status"] = np.where(frame["n"] >= TIMES_FROM, "ok", "too_few")
    return frame[frame["agent"] != UNASSIGNED].drop(columns="handle_s").reset_index(drop=True), ()
