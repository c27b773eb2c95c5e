"""Core results → tidy frames for tables and charts, so that no page computes anything.

Codes and unrounded numbers only: words come at the edge. Every function is pure and small; each frame is one row per thing it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.effects import reference_days
from core.engine.observe import UNASSIGNED
from core.errors import Issue
from core.fairness import normal_quantile
from core.kpis import KpiTable
from core.levels import Level
from core.log import FileReport
from core.metrics import GROUPS, SCORED, Anchors, Metric, metric
from core.robustness import Doubt, alike
from core.scenario import Scenario
from core.scoring import DUST, GRADES, INSUFFICIENT, Scores, changes, nominal_weights, shown
from core.staffing import StaffingResult, erlang_c_queue, positions, required_agents
from core.trends import EPOCH_WEEKDAY, week_first_day, week_of

ORDER = (
    "strong_evidence", "evidence", "some_evidence", "practically_unchanged", "no_evidence", "cannot_be_judged", "not_enough_data",
)  # fmt: skip
"""Verdicts from the one that says most to the one that says least."""
EVIDENCE = ORDER[:3]
BY_CHANCE = 0.05  # of true 95 % intervals leave out what they are beside
SURE = 0.8
"""A grade below this probability is said to be unsure."""
_MOST_DRAWN = 20_000_000
HEAT = ("gap", "required", "supplied", "contacts")


def listed(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows in words as a table; a row may leave out what it does not have.

    >>> listed([{"a": "x"}, {"a": "y", "b": "z"}]).shape
    (2, 2)
    """
    return pd.DataFrame(list(rows))


def ledger_rows(reports: Sequence[FileReport]) -> pd.DataFrame:
    """Every affected row of every ledger line: its line (as in the ledger, from 1), file, problem, column and row in the file.

    Lines that are not about single rows, and lines that know examples only, have the rows they know.

    >>> issue = Issue("bad_date", file="a.csv", column="Date", rows=2, row_numbers=np.array([3, 9]))
    >>> ledger_rows([FileReport("conversations", "a.csv", issues=(issue,))])["row"].tolist()
    [3, 9]
    """
    issues = [issue for report in reports for issue in report.issues]
    rows = [_rows_of(issue) for issue in issues]
    counts = [len(each) for each in rows]
    about = {
        "line": np.arange(1, len(issues) + 1),
        "file": [issue.file for issue in issues],
        "code": [issue.code for issue in issues],
        "column": [issue.column for issue in issues],
    }
    frame = pd.DataFrame(about).loc[np.repeat(np.arange(len(issues)), counts)].reset_index(drop=True)
    return frame.assign(row=np.concatenate([np.zeros(0, dtype=np.int64), *rows]))


def _rows_of(issue: Issue) -> NDArray[np.int64]:
    if issue.row_numbers is not None:
        return issue.row_numbers
    return np.array(issue.examples or ((issue.row,) if issue.row else ()), dtype=np.int64)


def charted(frame: pd.DataFrame, weight: Sequence[float] | pd.Series, most: int = 40) -> pd.DataFrame:
    """The rows a chart has room for: those with the largest weight, in the order they had.

    >>> charted(pd.DataFrame({"agent": ["a", "b", "c"]}), [1, 3, 2], most=2)["agent"].tolist()
    ['b', 'c']
    """
    if len(frame) <= most:
        return frame
    kept = np.argsort(-np.asarray(weight, dtype=np.float64), kind="stable")[:most]
    return frame.iloc[np.sort(kept)]


def telling(frame: pd.DataFrame) -> pd.Series:
    """How much a row of `standing` has to say: told apart from the shop first, then enough data, then n."""
    told = frame["side"].isin(["above", "below"]) & (frame["status"] == "ok")
    return told * 2e9 + (frame["status"] == "ok") * 1e9 + frame["n"].fillna(0)


def unanswerable(table: KpiTable, scenario: Scenario) -> dict[str, float]:
    """The turns that leave a scorecard with what a log can answer: weight 0 for each scored KPI, and group, the shop has no figure for.

    Empty when nothing would change.
    """
    absent = {m.key for m in SCORED if table.cell(0, m.key).status == "unavailable"}
    groups = [group for group in GROUPS if {m.key for m in SCORED if m.group == group} <= absent]
    turns = {f"w_{name}": 0.0 for name in (*sorted(absent), *groups)}
    return {key: value for key, value in turns.items() if scenario.get(key) != value}


def told_changes(changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The changes against the period before with evidence, in KPIs that have a good side: ``better`` and ``worse``.

    >>> changes = pd.DataFrame({"key": ["satisfaction", "conversations"], "verdict": "evidence", "difference": [-0.1, 20.0]})
    >>> {side: list(rows["key"]) for side, rows in told_changes(changes).items()}
    {'better': [], 'worse': ['satisfaction']}
    """
    gain = changes["difference"] * np.array([metric(key).better for key in changes["key"]])
    told = changes["verdict"].isin(EVIDENCE)
    return {"better": changes[told & (gain > 0)], "worse": changes[told & (gain < 0)]}


# --- ledger ------------------------------------------------------------------------------------------------------------------


def ranges(numbers: Any) -> str:
    """Row numbers in order as text, neighbours as ranges.

    >>> ranges(np.array([9, 3, 7, 8])), ranges(None)
    ('3, 7-9', '')
    """
    if numbers is None or not len(numbers):
        return ""
    rows = np.unique(numbers)
    cuts = np.flatnonzero(np.diff(rows) > 1)
    starts, ends = rows[np.r_[0, cuts + 1]], rows[np.r_[cuts, len(rows) - 1]]
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts.tolist(), ends.tolist(), strict=True))


# --- scores ------------------------------------------------------------------------------------------------------------------


def group_shares(scenario: Scenario) -> dict[str, float]:
    """Each group's share of the total as its weights stand; NaN when all of them are 0.

    >>> group_shares(Scenario.of({"w_efficiency": 3, "w_quality": 4, "w_business": 3}))
    {'efficiency': 0.3, 'quality': 0.4, 'business': 0.3}
    """
    raw = {group: float(scenario.get(f"w_{group}")) for group in GROUPS}
    total = sum(raw.values())
    return {group: weight / total if total else float("nan") for group, weight in raw.items()}


def kpi_shares(scenario: Scenario) -> pd.DataFrame:
    """One row per scored KPI: key, group, weight as set, share of its group, share of the total score.

    >>> float(kpi_shares(Scenario()).set_index("key").loc["satisfaction", "of_total"])
    0.2
    """
    frame = pd.DataFrame({"key": [m.key for m in SCORED], "group": [m.group for m in SCORED]})
    frame["weight"] = [float(scenario.get(f"w_{m.key}")) for m in SCORED]
    whole = frame.groupby("group")["weight"].transform("sum")
    frame["of_group"] = frame["weight"] / whole.where(whole > 0)
    return frame.assign(of_total=nominal_weights(scenario))


def scorecard(before: Scores, after: Scores, unsure: Doubt | None) -> pd.DataFrame:
    """One row per graded agent, best first: scores, interval, grade, its probability, ranks, change and its main cause.

    Columns: agent, score, low, high, grade, probability, grade_before, rank, rank_before, score_before, change, cause, cause_points.
    ``cause`` is empty where nothing changed. Agents without a grade stand in `ungraded`. Without a doubt low, high and probability are NaN.
    """
    moved, known = changes(before, after), unsure.probability if unsure else {}
    low, high = (unsure.low, unsure.high) if unsure else (np.full(len(after.names), np.nan),) * 2
    chance = [float(known[g][at]) if g in known else np.nan for at, g in enumerate(after.grade)]
    columns = {"agent": np.array(after.names, dtype=object), "score": after.score, "low": low, "high": high, "grade": after.grade}
    columns |= {"probability": np.array(chance), "grade_before": moved["grade_a"], "rank": moved["rank_b"], "rank_before": moved["rank_a"]}
    columns |= {"score_before": moved["score_a"], "change": moved["change"]}
    columns |= {"cause": np.where(np.abs(moved["cause_points"]) > 1e-9, moved["cause"], ""), "cause_points": moved["cause_points"]}
    graded = [at for at, g in enumerate(after.grade) if g != INSUFFICIENT]
    order = sorted(graded, key=lambda at: (-after.score[at], after.names[at]))
    return pd.DataFrame({name: column[order] for name, column in columns.items()})


def ungraded(scores: Scores) -> pd.DataFrame:
    """Who has no grade and why: agent, conversations, kpis used, weight of them (share of the nominal weight), reason."""
    used = ~np.isnan(scores.points)
    frame = pd.DataFrame({"agent": scores.names, "conversations": scores.conversations, "kpis_used": used.sum(axis=1)})
    frame["weight_left"] = np.where(used, scores.nominal, 0.0).sum(axis=1)
    frame["reason"] = scores.reason
    return frame[scores.grade == INSUFFICIENT].sort_values("agent").reset_index(drop=True)


def truncated(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The frame with scores as they are shown: cut after one decimal, never rounded up.

    >>> truncated(pd.DataFrame({"score": [89.995, float("nan")]}), ["score"])["score"].tolist()
    [89.9, nan]
    """
    return frame.assign(**{name: [v if np.isnan(v) else shown(v) for v in frame[name]] for name in columns})


def as_read(card: pd.DataFrame) -> pd.DataFrame:
    """A scorecard as it is read: scores cut after one decimal, probabilities in per cent."""
    cut = truncated(card, ("score", "low", "high", "score_before"))
    return cut.assign(probability=100 * card["probability"])


def score_arrows(card: pd.DataFrame, bands: dict[str, float]) -> pd.DataFrame:
    """A scorecard as the arrows chart wants it; who had no grade before starts where the arrow ends."""
    frame = card[["agent", "low", "high"]].assign(
        baseline=card["score_before"].fillna(card["score"]), whatif=card["score"]
    )
    frame = frame.assign(grade_baseline=card["grade_before"], grade_whatif=card["grade"])
    return frame.assign(**{f"band_{name.lower()}": low for name, low in bands.items()})


def distribution(before: Scores, after: Scores | None = None) -> pd.DataFrame:
    """How many agents hold each grade under one or both scenarios: scenario, grade, agents, share."""
    both = (("baseline", before), ("whatif", after))
    rows = [
        {"scenario": name, "grade": row.grade, "agents": row.number, "share": row.share}
        for name, found in both
        if found is not None
        for row in found.holding()
    ]
    return pd.DataFrame(rows)


def causes(before: Scores, after: Scores, agent: str) -> list[tuple[str, float]]:
    """What changed an agent's score: key and change in points, largest first; the changes add up to the change of the score."""
    at = after.names.index(agent)
    change = after.contributions[at] - before.contributions[at]
    order = np.argsort(-np.abs(change), kind="stable")
    return [(after.keys[at], float(change[at])) for at in order if abs(change[at]) > 1e-9]


def regraded(card: pd.DataFrame) -> pd.DataFrame:
    """The rows of a scorecard whose grade differs from before, largest change first."""
    moved = card[card["grade"] != card["grade_before"]]
    return moved.sort_values("change", key=lambda column: -column.abs(), kind="stable").reset_index(drop=True)


@dataclass(frozen=True)
class Standing:
    """What a scorecard says in one sentence.

    ``graded`` agents have a grade, ``insufficient`` have none; ``grades`` counts each; for ``unsure`` the grade is less than 80 % sure;
    ``up`` and ``down`` change grade against the baseline; ``largest`` is the largest change of a score in points.
    """

    graded: int
    insufficient: int
    grades: dict[str, int]
    unsure: int
    up: int
    down: int
    largest: float


def summary(card: pd.DataFrame, scores: Scores) -> Standing:
    """Count a scorecard; a better grade is one that comes earlier in A, B, C, D, and none at all comes last."""
    place = {grade: at for at, grade in enumerate((*GRADES, INSUFFICIENT))}
    now, then = ([place[grade] for grade in card[name]] for name in ("grade", "grade_before"))
    change = card["change"].abs().to_numpy()
    largest = float(np.nanmax(change)) if (~np.isnan(change)).any() else 0.0
    grades = {grade: now.count(at) for grade, at in place.items() if grade in GRADES}
    up, down = (sum(1 for a, b in zip(*pair, strict=True) if a < b) for pair in ((now, then), (then, now)))
    unsure = int((card["probability"].to_numpy() < SURE).sum())
    return Standing(len(card), len(scores.names) - len(card), grades, unsure, up, down, largest)


def parts(scores: Scores, agent: str) -> pd.DataFrame:
    """What an agent's score is made of; contributions add up to the score.

    Columns: key, group, value (as it counts), points, weight, contribution, measured (before it was laid beside like cases), possible.
    """
    at = scores.names.index(agent)
    frame = pd.DataFrame({"key": scores.keys, "group": [metric(key).group for key in scores.keys]})
    for name in ("values", "points", "weights", "contributions"):
        frame[name.removesuffix("s")] = getattr(scores, name)[at]
    frame["measured"] = scores.values[at] if scores.measured is None else scores.measured[at]
    frame["possible"] = 100 * frame["weight"]
    return frame[frame["point"].notna()].rename(columns={"point": "points"}).reset_index(drop=True)


def unused(table: KpiTable, scores: Scores, agent: str) -> pd.DataFrame:
    """The scored KPIs an agent is not judged by: key, group, n, min_n, status (unavailable or too_few), reason."""
    row, at = table.row(agent), scores.names.index(agent)
    rows = [
        {"key": key, "group": metric(key).group, "n": table.cell(row, key).n, "min_n": metric(key).min_n}
        | {"status": table.cell(row, key).status, "reason": table.cell(row, key).reason}
        for key, points in zip(scores.keys, scores.points[at], strict=True)
        if np.isnan(points)
    ]
    return pd.DataFrame(rows, columns=["key", "group", "n", "min_n", "status", "reason"])


def group_scores(scores: Scores, agent: str) -> dict[str, float]:
    """An agent's score by group; NaN where the group is empty."""
    at = scores.names.index(agent)
    return {group: float(scores.groups[at, column]) for column, group in enumerate(GROUPS)}


@dataclass(frozen=True)
class Apart:
    """Which scores can be told apart: ``told`` of all ``pairs`` of graded agents; ``alike`` names for each those who cannot."""

    told: int
    pairs: int
    alike: dict[str, tuple[str, ...]]


def apart(scores: Scores, unsure: Doubt) -> Apart:
    """Compare every two graded agents, all pairs as one family (`core.robustness.alike`)."""
    graded = np.flatnonzero(scores.grade != INSUFFICIENT)
    pairs = len(graded) * (len(graded) - 1) // 2
    # memory is draws × pairs: a crowd is judged with fewer draws
    draws = max(200, _MOST_DRAWN // max(pairs, 1))
    same = alike(scores.score[graded], unsure.drawn[:draws, graded])
    names = [scores.names[at] for at in graded]
    others = {name: tuple(names[j] for j in np.flatnonzero(same[i]) if j != i) for i, name in enumerate(names)}
    return Apart(pairs - sum(map(len, others.values())) // 2, pairs, others)


def attainment(table: KpiTable, scenario: Scenario, level: Level | None = None) -> pd.DataFrame:
    """How far everybody is with every scored KPI's target: one row per agent × scored KPI the shop has a figure for.

    Columns: agent, key, value, low, high, n, target, passing, share (of the target reached: value ÷ target, or target ÷ value where less
    is better; NaN at 0), status: ``reached`` or ``missed`` where the whole 95 % interval says so, ``reached_unsure`` or
    ``missed_unsure`` where only the figure does, ``below_pass`` where the whole interval misses pass as well, ``too_few``,
    ``unavailable``. With a ``level`` of these rows target and pass are each agent's own: what counts as the scenario's beside like cases.
    """
    people = [row for row, name in enumerate(table.groups["agent"]) if name != UNASSIGNED]
    there = [m for m in SCORED if (table.status[people, table.place(m.key)] != "unavailable").any()]
    rows = [_attained(table, row, m, _goal(m, scenario, level, row)) for row in people for m in there]
    return pd.DataFrame(rows, columns=["agent", "key", "value", "low", "high", "n", "target", "passing", "share", "status"])


@dataclass(frozen=True)
class Attained:
    """Of ``judged`` agents with enough data ``reached`` the target, ``sure`` of them with the whole interval; ``below`` miss pass."""

    judged: int
    reached: int
    sure: int
    below: int


def attained_by(everything: pd.DataFrame, key: str) -> pd.DataFrame:
    """The rows of `attainment` for one KPI, best first; who cannot be judged stands below."""
    frame = everything[everything["key"] == key]
    judged = ~frame["status"].isin(["too_few", "unavailable"])
    order = np.lexsort((frame["agent"], -metric(key).better * frame["value"].fillna(0), ~judged))
    return frame.iloc[order].reset_index(drop=True)


def attained(frame: pd.DataFrame) -> Attained:
    """Count the rows of one KPI.

    >>> attained(pd.DataFrame({"status": ["reached", "reached_unsure", "below_pass", "too_few"]}))
    Attained(judged=3, reached=2, sure=1, below=1)
    """
    status = frame["status"]
    judged = int((~status.isin(["too_few", "unavailable"])).sum())
    reached = int(status.isin(["reached", "reached_unsure"]).sum())
    return Attained(judged, reached, int((status == "reached").sum()), int((status == "below_pass").sum()))


def _goal(declared: Metric, scenario: Scenario, level: Level | None, row: int) -> Anchors:
    goal = scenario.anchors(declared)
    if level is None:
        return goal
    at = SCORED.index(declared)
    return Anchors(*(level.own(row, at, value) for value in (goal.target, goal.passing, goal.floor)))


def label_targets(level: Level | None, key: str, scenario: Scenario) -> pd.DataFrame | None:
    """What a KPI's target and pass come to for each label alone: label, level, n, target, passing; most cases first.

    None without a level; empty where fewer than two labels have one. A label that is not known has no level (NaN) and the common target.
    """
    if level is None:
        return None
    rows = level.labels[(level.labels["key"] == key) & (level.labels["n"] > 0)]
    if rows["known"].sum() < 2:
        return rows.head(0)
    goal = scenario.anchors(metric(key))
    own = {name: (getattr(goal, name) - rows["shift"]) / rows["factor"] for name in ("target", "passing")}
    frame = rows.assign(level=rows["value"].where(rows["known"]), **own).sort_values("n", ascending=False, kind="stable")
    return frame[["label", "level", "n", "target", "passing"]].reset_index(drop=True)


def _attained(table: KpiTable, row: int, declared: Metric, goal: Anchors) -> dict[str, Any]:
    cell = table.cell(row, declared.key)
    value, low, high = (getattr(cell, name) for name in _ends(declared.statistic))
    top, bottom = (value, goal.target) if declared.better > 0 else (goal.target, value)
    facts = {"agent": str(table.groups["agent"].iloc[row]), "key": declared.key, "value": value, "low": low, "high": high, "n": cell.n}
    facts |= {"target": goal.target, "passing": goal.passing, "share": top / bottom if bottom > 0 else float("nan")}
    return facts | {"status": cell.status if cell.status != "ok" else _reached((value, low, high), goal, declared.better)}


def _reached(figure: tuple[float, float, float], goal: Anchors, better: int) -> str:
    value, low, high = (better * (each - goal.target) for each in figure)
    worst, best = min(low, high), max(low, high)
    if value >= -DUST:
        return "reached" if worst >= -DUST else "reached_unsure"
    if not best < -DUST:
        return "missed_unsure"
    beyond = max(better * (each - goal.passing) for each in figure[1:])
    return "below_pass" if beyond < -DUST else "missed"


# --- agents side by side -----------------------------------------------------------------------------------------------------


def statistics_of(declared: Metric) -> tuple[str, ...]:
    """The statistics a KPI can be compared by; durations begin with the median, which one forgotten conversation cannot move.

    >>> statistics_of(metric("first_response")), statistics_of(metric("fcr"))
    (('median', 'value'), ('value',))
    """
    return ("median", "value") if declared.unit == "seconds" and declared.measure.values else ("value",)


def _ends(statistic: str) -> tuple[str, str, str]:
    return ("median", "median_low", "median_high") if statistic == "median" else ("value", "low", "high")


def standing(agents: KpiTable, shop: KpiTable, key: str, statistic: str = "value") -> pd.DataFrame:
    """One row per person: agent, value, low, high, n, status, reason, shop, difference, side.

    ``side`` is ``above`` or ``below`` where the 95 % interval leaves out the shop's figure, ``inside`` where it does not, and empty where
    there are too few observations or no interval. Persons without the figure are last.
    """
    names = _ends(statistic)
    frame = pd.DataFrame({"agent": agents.groups[agents.by[0]].astype("str")})
    for name, column in zip(("value", "low", "high", "n"), (*names, "n"), strict=True):
        frame[name] = agents.column(key, column)
    place = agents.place(key)
    frame["status"], frame["reason"] = agents.status[:, place], agents.reason[:, place]
    frame["shop"] = float(shop.column(key, statistic)[0])
    frame["difference"] = frame["value"] - frame["shop"]
    frame["side"] = _sides(frame)
    frame = frame[frame["agent"] != UNASSIGNED]
    return _ranked_last(frame, metric(key).better)


def _sides(frame: pd.DataFrame) -> Any:
    judged = (frame["status"] == "ok") & frame[["low", "high", "shop"]].notna().all(axis=1)
    above, below = frame["low"] > frame["shop"], frame["high"] < frame["shop"]
    return np.select([~judged, above, below], ["", "above", "below"], "inside")


def _ranked_last(frame: pd.DataFrame, better: int) -> pd.DataFrame:
    """Best first; too few observations after them, without a place in the order; no figure last."""
    rank = frame["status"].map({"ok": 0, "too_few": 1}).fillna(2)
    order = np.lexsort(
        (frame["agent"], -better * frame["value"].fillna(0) if better else -frame["value"].fillna(0), rank)
    )
    return frame.iloc[order].reset_index(drop=True)


@dataclass(frozen=True)
class Exclusions:
    """How many intervals leave out the shop's figure, how many would by chance alone, and how many do so as a family.

    ``judged`` intervals; ``outside`` of them exclude the shop at 95 %; ``by_chance`` = 5 % of judged; ``family`` exclude it also when
    each interval is widened so that all of them together are right in 95 % of cases (Bonferroni).
    """

    judged: int
    outside: int
    better: int
    worse: int
    by_chance: float
    family: int


def exclusions(frame: pd.DataFrame, better: int) -> Exclusions:
    """Count what `standing` found, in the direction of the KPI (0: neither is better)."""
    judged = frame[frame["side"] != ""]
    above, below = (judged["side"] == "above").sum(), (judged["side"] == "below").sum()
    good, bad = (above, below) if better >= 0 else (below, above)
    wider = normal_quantile(1 - 0.05 / max(len(judged), 1)) / normal_quantile(0.95)
    reach = np.where(judged["difference"] > 0, judged["value"] - judged["low"], judged["high"] - judged["value"])
    family = int((judged["difference"].abs() > reach * wider).sum())
    return Exclusions(len(judged), int(above + below), int(good), int(bad), BY_CHANCE * len(judged), family)


def against_shop(agents: KpiTable, shop: KpiTable, agent: str) -> pd.DataFrame:
    """Every KPI of one agent beside the shop's: key, group, statistic, value, low, high, n, shop, side, status, reason, label."""
    row = agents.row(agent)
    order = sorted(agents.metrics, key=lambda m: (m.group == "volume", not m.scored))
    frame = pd.concat([_beside(agents, shop, row, m) for m in order], ignore_index=True)
    return frame.assign(side=_sides(frame))


@dataclass(frozen=True)
class Differing:
    """KPIs of one agent that exclude the shop's figure: their ``rows``, how many were ``judged``, how many would by chance alone."""

    rows: pd.DataFrame
    judged: int
    by_chance: float


def differing(card: pd.DataFrame) -> Differing:
    """Which rows of `against_shop` can be told apart from the shop's; counts say nothing here.

    >>> card = pd.DataFrame({"group": ["quality", "quality", "volume"], "side": ["above", "inside", "above"]})
    >>> len(differing(card).rows), differing(card).by_chance
    (1, 0.1)
    """
    judged = card[(card["side"] != "") & (card["group"] != "volume")]
    return Differing(judged[judged["side"] != "inside"], len(judged), BY_CHANCE * len(judged))


def _beside(agents: KpiTable, shop: KpiTable, row: int, declared: Metric) -> pd.DataFrame:
    statistic = statistics_of(declared)[0]
    cell = agents.cell(row, declared.key)
    facts = {"key": declared.key, "group": declared.group, "statistic": statistic, "better": declared.better}
    facts |= {name: getattr(cell, end) for name, end in zip(("value", "low", "high"), _ends(statistic), strict=True)}
    # One agent's count is a part of the shop's: beside each other they say nothing.
    whole = float("nan") if declared.group == "volume" else float(shop.column(declared.key, statistic)[0])
    facts |= {"n": cell.n, "shop": whole}
    return pd.DataFrame([facts | {"status": cell.status, "reason": cell.reason, "label": cell.label}])


def readable(conversations: pd.DataFrame) -> pd.DataFrame:
    """Conversations for reading: the start as date and clock of the shop, one outcome code instead of five flags."""
    minute = conversations["local_minute"].astype("int64")
    day = pd.to_datetime(conversations["local_day"].astype("int64"), unit="D")
    flags = ("bot_resolved", "answered", "late", "pending", "unanswered")
    outcome = np.select([conversations[flag].fillna(0).astype(bool) for flag in flags], flags, "other")
    frame = conversations.assign(started=day + pd.to_timedelta(minute, unit="min"), outcome=outcome)
    kept = [
        "conversation",
        "started",
        "customer",
        "channel",
        "language",
        "category",
        "first_response_s",
        "resolution_s",
        "handle_s",
    ]
    return frame[[*kept, "rating", "outcome", *(name for name in ("hit",) if name in frame)]]


# --- trends ------------------------------------------------------------------------------------------------------------------


def by_evidence(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Trend verdicts, those that say most first, within a verdict by p and name."""
    rank = verdicts["verdict"].map({code: at for at, code in enumerate(ORDER)})
    return verdicts.iloc[np.lexsort((verdicts["group"], verdicts["p"].fillna(2), rank))].reset_index(drop=True)


@dataclass(frozen=True)
class Passed:
    """Of ``family`` tests: ``passed`` after Holm's correction, ``raw`` with p < 0.05 each alone, ``by_chance`` expected of them."""

    groups: int
    family: int
    passed: int
    raw: int
    by_chance: float


def passed(verdicts: pd.DataFrame) -> Passed:
    """How many trends survive the correction, and how many would be called by chance without it.

    >>> passed(pd.DataFrame({"p": [0.001, 0.04, 0.5, float("nan")], "p_adjusted": [0.003, 0.08, 0.5, float("nan")]}))
    Passed(groups=4, family=3, passed=1, raw=2, by_chance=0.15000000000000002)
    """
    family = int(verdicts["p"].notna().sum())
    low = [int((verdicts[name] < 0.05).sum()) for name in ("p_adjusted", "p")]
    return Passed(len(verdicts), family, low[0], low[1], 0.05 * family)


def fitted(weekly: pd.DataFrame, slope: float) -> pd.DataFrame:
    """One group's weeks as the line chart wants them, with the Theil–Sen line through the medians: x, y, low, high, n, fit.

    Weeks without a value are gaps. ``fit`` is absent where there is no slope.
    """
    frame = _whole_weeks(weekly)
    if np.isnan(slope) or frame["y"].notna().sum() < 2:
        return frame
    at = np.arange(len(frame), dtype=np.float64)
    seen = frame["y"].notna().to_numpy()
    middle = np.median(frame["y"].to_numpy()[seen]) - slope * np.median(at[seen])
    return frame.assign(fit=middle + slope * at)


def dated(frame: pd.DataFrame, name: str, week_start: int = 0) -> pd.DataFrame:
    """Values of days (``local_day``) or numbered weeks (``week``) for reading: date, value, n, newest first.

    >>> dated(pd.DataFrame({"local_day": [4], "value": [1.5], "n": [2]}), "local_day")["date"].tolist()
    ['1970-01-05']
    """
    days = week_first_day(frame[name], week_start) if name == "week" else frame[name].to_numpy()
    dates = pd.to_datetime(days, unit="D").strftime("%Y-%m-%d")
    return frame.assign(date=dates)[["date", "value", "n"]].sort_values("date", ascending=False).reset_index(drop=True)


def everyone(verdicts: pd.DataFrame, weekly: pd.DataFrame, room: int) -> tuple[pd.DataFrame, int]:
    """Weeks and Theil–Sen lines of ``room`` groups, those that say most first (group, x, y, fit), and how many are left out."""
    names = by_evidence(verdicts)["group"].tolist()
    slopes = dict(zip(verdicts["group"], verdicts["slope_per_week"], strict=True))
    shown = [name for name in names if (weekly["group"] == name).any()]
    parts = [fitted(weekly[weekly["group"] == name], slopes[name]).assign(group=name) for name in shown[:room]]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"group": [], "x": [], "y": []})
    return frame.reindex(columns=["group", "x", "y", "fit"]), max(len(shown) - room, 0)


def _whole_weeks(weekly: pd.DataFrame) -> pd.DataFrame:
    frame = weekly.sort_values("date").rename(columns={"date": "x", "value": "y"})[["x", "y", "low", "high", "n"]]
    if frame.empty:
        return frame
    every = pd.date_range(frame["x"].min(), frame["x"].max(), freq="7D", name="x")
    return frame.set_index("x").reindex(every).reset_index()


# --- staffing ----------------------------------------------------------------------------------------------------------------


def week_map(result: StaffingResult, what: str, slot_min: int) -> pd.DataFrame:
    """One figure of the plan per weekday × slot for the map: weekday, hour (number of the slot in the day), value, n (dates)."""
    slots = result.slots
    frame = pd.DataFrame(
        {"weekday": slots["weekday"], "hour": slots["start"] // slot_min, "value": slots[what], "n": slots["n_days"]}
    )
    return frame.astype({"value": "float64"})


def day_plan(result: StaffingResult, weekday: int) -> pd.DataFrame:
    """One weekday in time order: slot ("09:00"), required, supplied, contacts, service_level; closed slots at both ends are left out."""
    day = result.slots[result.slots["weekday"] == weekday].sort_values("start")
    used = np.flatnonzero(((day["contacts"] > 0) | (day["supplied"] > 0)).to_numpy())
    day = day.iloc[used[0] : used[-1] + 1] if len(used) else day.iloc[:0]
    frame = day[["required", "supplied", "contacts", "service_level"]].astype("float64")
    return frame.assign(slot=[clock(minute) for minute in day["start"]]).reset_index(drop=True)


def clock(minute: float) -> str:
    """A minute of the day as the clock shows it; the end of the day is 24:00.

    >>> clock(570), clock(1440)
    ('09:30', '24:00')
    """
    return f"{int(minute) // 60:02d}:{int(minute) % 60:02d}"


def likeliest(weekdays: pd.DataFrame) -> int:
    """The weekday that says most: strongest verdict, then smallest p; -1 when none could be judged."""
    judged = weekdays[weekdays["p"].notna()]
    if judged.empty:
        return -1
    rank = judged["verdict"].map({code: at for at, code in enumerate(ORDER)})
    return int(judged["weekday"].iloc[np.lexsort((judged["p"], rank))[0]])


def family_of(rows: pd.DataFrame) -> int:
    """How many rows were tested together."""
    return int(rows["p_adjusted"].notna().sum()) if len(rows) else 0


def told_first(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    """Rows that differ by evidence, smallest p first."""
    passed = rows[rows["verdict"].isin(["evidence", "strong_evidence"])] if len(rows) else rows
    return passed.sort_values("p").to_dict("records") if len(passed) else []


def judged_ends(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Both ends of the intervals; missing where there are too few days to judge, since two days can span any ratio.

    >>> two = pd.DataFrame({"verdict": ["evidence", "not_enough_data"], "low": [1.1, 0.0], "high": [1.3, 1e10]})
    >>> [end.isna().tolist() for end in judged_ends(two)]
    [[False, True], [False, True]]
    """
    judged = rows["verdict"] != "not_enough_data"
    return rows["low"].where(judged), rows["high"].where(judged)


def cell_map(week: pd.DataFrame, what: str) -> pd.DataFrame:
    """Cells of the week for a map: weekday, hour, value (``ratio`` or ``value``), n."""
    n = week["n"].where(week["reason"] != "too_few_cases", 0.0)
    return pd.DataFrame({"weekday": week["weekday"], "hour": week["hour"], "value": week[what], "n": n})


def by_share(parts: pd.DataFrame, main: str) -> list[dict[Any, Any]]:
    """Parts of a difference, the main cause first (without one: the largest), the others by size."""
    order = parts.assign(first=parts["cause"] == main).sort_values(["first", "share"], ascending=False, kind="stable")
    return order.drop(columns="first").to_dict("records")


def share_rows(parts: pd.DataFrame, main: str, names: Sequence[str]) -> pd.DataFrame:
    """Parts of a difference for a chart, causes by size and the unexplained last: part, value, low, high, tone."""
    tone = np.select([parts["cause"] == "unexplained", parts["cause"] == main], ["rest", "main"], "plain")
    frame = pd.DataFrame({"part": list(names), "value": parts["share"], "low": parts["share_low"], "high": parts["share_high"]})
    return frame.assign(tone=tone, last=tone == "rest").sort_values(["last", "value"], ascending=[True, False]).drop(columns="last")


def risen(shifts: pd.DataFrame, most: int = 2) -> list[dict[Any, Any]]:
    """The labels that come more often on a weekday and add most to its expected value."""
    up = shifts[(shifts["share_day"] > shifts["share_rest"]) & (shifts["effect"] > 0)] if len(shifts) else shifts
    return up.head(most).to_dict("records")


def weekday_by_week(days: pd.DataFrame, weekday: int, week_start: int = 0) -> pd.DataFrame:
    """How a weekday stood to its reference days in each week: x (first day of the week), y (ratio). Weeks without either are left out.

    >>> days = pd.DataFrame({"local_day": [4, 5, 6], "value": [10.0, 20.0, 30.0], "n": 1})
    >>> weekday_by_week(days, 2)["y"].tolist()
    [2.0]
    """
    number = week_of(days["local_day"].to_numpy(), week_start)
    of_day = (days["local_day"].to_numpy() + EPOCH_WEEKDAY) % 7
    own = days["value"].where(of_day == weekday).groupby(number).mean()
    rest = days["value"].where(np.isin(of_day, reference_days(weekday))).groupby(number).mean()
    ratio = (own / rest).dropna()
    first = week_first_day(ratio.index.to_numpy(), week_start)
    return pd.DataFrame({"x": pd.to_datetime(first, unit="D").as_unit("us"), "y": ratio.to_numpy()})


def short_slots(result: StaffingResult, weekday: int) -> pd.DataFrame:
    """Where people are missing on a weekday, neighbouring slots joined: start, end (minutes of the day), gap (agents, at most)."""
    day = result.slots[result.slots["weekday"] == weekday].sort_values("start")
    lacking = day[day["gap"] < 0]
    minutes = int(result.slots["start"].drop_duplicates().sort_values().diff().min()) if len(result.slots) > 1 else 60
    run = (lacking["start"].diff() != minutes).cumsum()
    found = lacking.groupby(run).agg(start=("start", "min"), last=("start", "max"), gap=("gap", "min"))
    return found.assign(end=found["last"] + minutes, gap=-found["gap"])[["start", "end", "gap"]].reset_index(drop=True)


def short_hours(result: StaffingResult, weekday: int) -> float:
    """Agent-hours missing on a weekday; hours to spare do not make up for them."""
    slots = result.slots
    minutes = int(slots["start"].drop_duplicates().sort_values().diff().min()) if len(slots) > 1 else 60
    return float(-slots.loc[(slots["weekday"] == weekday) & (slots["gap"] < 0), "gap"].sum() * minutes / 60)


def agent_hours(result: StaffingResult, what: str) -> float:
    """Agent-hours per week of a column of the plan; unknown slots add nothing."""
    starts = np.sort(result.slots["start"].unique())
    return float(result.slots[what].sum() * (starts[1] - starts[0]) / 60)


def busiest_weekday(result: StaffingResult) -> int:
    """The weekday that lacks most agent-hours; where none lacks any, the one that needs most."""
    short = (-result.slots["gap"]).clip(lower=0).fillna(0).groupby(result.slots["weekday"]).sum()
    need = result.slots.groupby("weekday")["required"].sum()
    return int((short if short.max() > 0 else need).idxmax())


SMALL_POOL = 5


def small_pool(result: StaffingResult) -> Any:
    """The busiest slot that needs fewer than ``SMALL_POOL`` agents, where one agent more or less decides; None without one."""
    few = result.slots[(result.slots["required"] > 0) & (result.slots["required"] < SMALL_POOL)]
    return next(few.sort_values("contacts", ascending=False, kind="stable").itertuples(), None)


def tightest(result: StaffingResult, n: int = 3) -> pd.DataFrame:
    """The slots with the lowest predicted service level among those with contacts, supply and need, tightest first."""
    served = result.slots[(result.slots["contacts"] > 0) & (result.slots["supplied"] > 0)]
    return served.sort_values(["service_level", "contacts"], ascending=[True, False], kind="stable").head(n)


@dataclass(frozen=True)
class Calculated:
    """Erlang C for one interval: load, needed agents (NaN-free), positions, and one row per staff level around the need."""

    load: float
    agents: int
    positions: int
    levels: pd.DataFrame

    @property
    def at_need(self) -> pd.Series:
        """The row of the agents needed; of one agent where nothing arrives."""
        return self.levels.set_index("agents").loc[max(self.agents, 1)]


def erlang_levels(
    arrivals: float, interval_min: float, aht_s: float, within_s: float, goal: tuple[float, float, float]
) -> Calculated:
    """What Erlang C says for staff levels around the need; ``goal`` is target, highest occupancy, shrinkage.

    Levels: agents, service_level, prob_wait, asa (seconds, infinite where the queue grows), occupancy, stable.

    >>> found = erlang_levels(100, 30, 180, 20, (0.8, 0.85, 0.3))
    >>> found.agents, found.positions, round(found.load, 3), round(float(found.levels.set_index("agents").loc[14, "service_level"]), 5)
    (14, 20, 10.0, 0.88835)
    """
    target, occupancy, shrinkage = goal
    rate = arrivals / (interval_min * 60)
    need = int(required_agents(rate * aht_s, aht_s, within_s, target, occupancy))
    agents = np.arange(max(need - 3, 1), need + 4)
    queue = erlang_c_queue(rate, aht_s, agents, within_s)
    columns = {name: getattr(queue, name) for name in ("service_level", "prob_wait", "asa", "occupancy", "stable")}
    return Calculated(rate * aht_s, need, int(positions(need, shrinkage)), pd.DataFrame({"agents": agents, **columns}))
