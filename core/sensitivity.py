"""What a decision about weights, targets and bands does, and how far the decision itself decides, as tidy frames for tables and pictures.

Three sources of doubt stand side by side: the sample's (would the same work, measured again, give the same grade), the weights' (would
another defensible weighting), and both together. Codes and unrounded numbers only; words come at the edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.metrics import GROUPS, SCORED
from core.overlap import importance, mean_weights
from core.recompute import Measured, card_of
from core.robustness import Doubt, alike
from core.scenario import Scenario
from core.scoring import DUST, GRADES, INSUFFICIENT, Scores
from core.stability import triangle
from core.views import kpi_shares
from core.weights import WEIGHTINGS, Acceptability, Card, Space, acceptability, by_group, robust, weightings
from core.whatif import WhatIf

Floats = NDArray[np.float64]
MET = 200
"""How many weightings meet the redrawn sample."""
HEAVY = 0.5
"""Above this share of the score one KPI alone decides (H29)."""
SAME_ORDER = 0.9
"""Above this Kendall τ two rankings are called the same order."""
_HASTE = ("satisfaction", "fcr", "complaint_rate", "qa_score", "peer_review")
_PRESSURE = ("return_rate", "complaint_rate", "satisfaction")
COUNTER = {each.key: _HASTE for each in SCORED if each.counter} | dict.fromkeys(("conversion", "aov"), _PRESSURE)
"""KPIs that can be bought at a customer's cost, each with those in which the cost would show."""


# --- who moves ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moves:
    """A what-if in figures: graded on both sides, grades up and down, winners, losers, unmoved, largest move in points, Kendall τ-b."""

    graded: int
    up: int
    down: int
    winners: int
    losers: int
    same: int
    largest: float
    tau: float

    @property
    def same_order(self) -> bool:
        """Whether the two rankings count as one (τ above 0.9)."""
        return self.tau > SAME_ORDER


def moves(found: WhatIf) -> Moves:
    """Count a what-if; a grade gained or lost for lack of data counts as a move, no score on a side is neither won nor lost."""
    place = {grade: at for at, grade in enumerate((*GRADES, INSUFFICIENT))}
    frame = found.frame
    step = frame["grade_a"].map(place) - frame["grade_b"].map(place)
    graded = int(((frame["grade_a"] != INSUFFICIENT) & (frame["grade_b"] != INSUFFICIENT)).sum())
    known = frame["move"].dropna()
    up, down, won, lost, same = (
        int(each.sum()) for each in (step > 0, step < 0, known > DUST, known < -DUST, known.abs() <= DUST)
    )
    largest = float(known.abs().max()) if len(known) else 0.0
    return Moves(graded, up, down, won, lost, same, largest, found.agreement["tau_b"])


def causes_shown(found: WhatIf) -> list[str]:
    """The columns of a what-if that add up to the move, without ``together`` where everything could be split."""
    return [name for name in found.splits() if name != "together" or (found.frame[name].abs() > DUST).any()]


def cause_rows(found: WhatIf, most: int = 40) -> pd.DataFrame:
    """What `core.charts.cause_bars` draws: one row per agent × cause, largest gain first: agent, cause, change, move.

    The ``most`` agents with the largest moves who have a grade on either side and moved at all; ``cause`` is a code of
    `core.scenarios.CAUSES` or ``together``. Causes without any effect are left out.
    """
    either = (found.frame["grade_a"] != INSUFFICIENT) | (found.frame["grade_b"] != INSUFFICIENT)
    frame = found.frame[either & (found.frame["move"].abs() > DUST)].head(most)
    frame = frame.sort_values(["move", "agent"], ascending=[False, True], kind="stable")
    names = [name for name in causes_shown(found) if (frame[name].abs() > DUST).any()]
    rows = frame.melt(["agent", "move"], names, "cause", "change").assign(
        order=np.tile(np.arange(len(frame)), len(names))
    )
    rows["cause"] = rows["cause"].str.removeprefix("by_")
    return rows.sort_values("order", kind="stable")[["agent", "cause", "change", "move"]].reset_index(drop=True)


def kpi_parts(found: WhatIf, agent: str) -> pd.DataFrame:
    """Through which KPIs a score moved: key and change in points, largest first; the changes add up to the move.

    A KPI that weighs more than before lifts the score where the agent is better in it than on the whole, and lowers it where worse: each
    part is measured from the agent's own score of A, not from 0, so that weight merely handed from one KPI to another is no gain.
    Empty where the agent has no score on a side.
    """
    sides = (found.scores_a, found.scores_b)
    if any(agent not in side.names for side in sides):
        return pd.DataFrame({"key": [], "change": []})
    rows = [side.names.index(agent) for side in sides]
    start = float(sides[0].score[rows[0]])
    above = [side.contributions[row] - side.weights[row] * start for side, row in zip(sides, rows, strict=True)]
    change = above[1] - above[0]
    order = [at for at in np.argsort(-np.abs(change), kind="stable") if abs(change[at]) > DUST]
    return pd.DataFrame({"key": [sides[1].keys[at] for at in order], "change": change[order]})


# --- how sure ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sureness:
    """What holds under which share of the weightings of a space.

    Args:
        card: who is weighed. weights: with the sample as it is. both: with the redrawn sample behind each weighting.
    """

    card: Card
    weights: Acceptability
    both: Acceptability


def sureness(
    measured: Measured, scenario: Scenario, space: Space | None = None, sizes: tuple[int, int] = (WEIGHTINGS, MET)
) -> Sureness:
    """Acceptability of ranks and grades under a space of weightings, without and with the sample's doubt.

    Args:
        sizes: how many weightings are tried, and how many of those meet the redrawn sample.
    """
    card, space = card_of(measured, scenario), space or Space()
    both = acceptability(card_of(measured, scenario, measured.drawn), weightings(card, space, sizes[1]))
    return Sureness(card, robust(card, space, sizes[0]), both)


@dataclass(frozen=True)
class Leader:
    """Who is first under most weightings, and under which share of them; no name without agents."""

    agent: str
    share: float


def leader(found: Acceptability) -> Leader:
    """Who is first most often.

    >>> leader(Acceptability(("Li", "Wu"), np.array([[0.3, 0.7], [0.7, 0.3]]), {}, 100))
    Leader(agent='Wu', share=0.7)
    """
    if not found.names:
        return Leader("", float("nan"))
    at = int(found.ranks[:, 0].argmax())
    return Leader(found.names[at], float(found.ranks[at, 0]))


SOURCES = ("data", "weights", "both")


def chances(sure: Sureness, scores: Scores, doubt: Doubt) -> pd.DataFrame:
    """One row per graded agent × source of doubt × grade, best score first: agent, source (see `SOURCES`), grade, chance 0–1."""
    rows = _rows(sure, scores)
    parts = {
        "data": {grade: shares[rows] for grade, shares in doubt.probability.items()},
        "weights": dict(sure.weights.grades), "both": dict(sure.both.grades),
    }  # fmt: skip
    order = np.argsort(-scores.score[rows], kind="stable")
    frames = [
        pd.DataFrame(
            {"agent": [sure.card.names[at] for at in order], "source": source, "grade": grade, "chance": shares[order]}
        )
        for source, found in parts.items()
        for grade, shares in found.items()
    ]
    frame = pd.concat(frames, ignore_index=True)
    place = {sure.card.names[at]: number for number, at in enumerate(order)}
    return frame.sort_values("agent", key=lambda names: names.map(place), kind="stable").reset_index(drop=True)


def standings(sure: Sureness, scores: Scores, doubt: Doubt) -> pd.DataFrame:
    """One row per graded agent, best score first: how sure the present grade and place are.

    Columns: agent, score, low, high (the sample's interval), grade, data, weights, both (chance of the present grade from each source of
    doubt), first (share of weightings in which the agent is first), rank, rank_low, rank_high (middle 90 % of the weightings).
    """
    rows = _rows(sure, scores)
    grade = scores.grade[rows]
    frame = sure.weights.frame()[["agent", "first", "rank_low", "rank_high"]]
    frame = frame.assign(score=scores.score[rows], low=doubt.low[rows], high=doubt.high[rows], grade=grade)
    for source, found in (
        ("data", {g: p[rows] for g, p in doubt.probability.items()}),
        ("weights", sure.weights.grades),
        ("both", sure.both.grades),
    ):
        frame[source] = [float(found[letter][at]) for at, letter in enumerate(grade)]
    frame["rank"] = frame["score"].rank(ascending=False, method="min")
    names = ["agent", "score", "low", "high", "grade", *SOURCES, "first", "rank", "rank_low", "rank_high"]
    return frame.sort_values(["score", "agent"], ascending=[False, True], kind="stable")[names].reset_index(drop=True)


def _rows(sure: Sureness, scores: Scores) -> NDArray[np.int64]:
    place = {name: at for at, name in enumerate(scores.names)}
    return np.array([place[name] for name in sure.card.names], dtype=np.int64)


def not_told_apart(scores: Scores, doubt: Doubt) -> list[tuple[str, ...]]:
    """Groups of graded agents, best first, of whom no two can be told apart; neighbours in the order of scores, groups may overlap.

    Agents who can be told apart from both neighbours stand alone. See `core.robustness.alike`.
    """
    graded = scores.grade != INSUFFICIENT
    same = alike(np.where(graded, scores.score, np.nan), doubt.drawn)
    order = [int(at) for at in np.argsort(-np.nan_to_num(scores.score, nan=-1.0), kind="stable") if graded[at]]
    found: list[tuple[str, ...]] = []
    reached = 0
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and same[order[end], order[start:end]].all():
            end += 1
        if end > reached:
            found.append(tuple(scores.names[at] for at in order[start:end]))
            reached = end
    return found


def near_edges(scores: Scores, doubt: Doubt) -> pd.DataFrame:
    """Who might as well have another grade: graded agents whose interval reaches over the edge of a band, closest first.

    Columns: agent, score, low, high, grade, edge (the nearest such), other (the grade behind it), distance (points from the edge),
    chance (of the present grade).
    """
    edges = list(scores.bands.values())
    rows: list[dict[str, Any]] = []
    for at in np.flatnonzero(scores.grade != INSUFFICIENT):
        score, low, high, letter = (
            float(scores.score[at]),
            float(doubt.low[at]),
            float(doubt.high[at]),
            str(scores.grade[at]),
        )
        crossed = [edge for edge in edges if low < edge - DUST <= high]
        if crossed:
            edge = min(crossed, key=lambda each: abs(each - score))
            place = edges.index(edge)
            other = GRADES[place] if score < edge - DUST else GRADES[place + 1]
            rows.append({
                "agent": scores.names[at], "score": score, "low": low, "high": high, "grade": letter, "edge": edge, "other": other,
                "distance": abs(score - edge), "chance": float(doubt.probability[letter][at]),
            })  # fmt: skip
    columns = ["agent", "score", "low", "high", "grade", "edge", "other", "distance", "chance"]
    return pd.DataFrame(rows, columns=columns).sort_values(["distance", "agent"]).reset_index(drop=True)


# --- weights -----------------------------------------------------------------------------------------------------------------


def weight_tree(scores: Scores, scenario: Scenario) -> pd.DataFrame:
    """The scorecard as a tree, one row per scored KPI: key, group, weight as set, of_group, of_total (both nominal), effective, decides.

    ``effective`` and ``decides`` as in `core.overlap.importance`; a KPI without weight has effective 0 and decides nothing.
    """
    found = importance(scores)[["key", "effective", "decides"]]
    tree = kpi_shares(scenario).merge(found, on="key", how="left")
    return tree.fillna({"effective": 0.0, "decides": 0.0}) if len(found) else tree


@dataclass(frozen=True)
class Decisive:
    """The KPI that makes most of the difference between scores: its key, effective weight, and part of the spread."""

    key: str
    effective: float
    decides: float


def decisive(tree: pd.DataFrame) -> Decisive | None:
    """The KPI of a `weight_tree` that decides most; None where nothing can be said."""
    if tree["decides"].isna().all() or not (tree["decides"] > 0).any():
        return None
    row = tree.loc[tree["decides"].idxmax()]
    return Decisive(str(row["key"]), float(row["effective"]), float(row["decides"]))


def heavy(scores: Scores) -> pd.DataFrame:
    """KPIs that alone make up more than half of the graded agents' scores (H29): key, nominal, effective; heaviest first."""
    nominal = dict(zip(scores.keys, scores.nominal.tolist(), strict=True))
    rows = [(key, nominal[key], weight) for key, weight in mean_weights(scores).items() if weight > HEAVY + DUST]
    return pd.DataFrame(sorted(rows, key=lambda row: -row[2]), columns=["key", "nominal", "effective"])


def unguarded(scores: Scores) -> pd.DataFrame:
    """KPIs that can be bought at the customer's cost while nothing that would show it weighs (H29): key, effective, counter (keys).

    >>> sorted(set(COUNTER) & {"satisfaction", "fcr"})
    []
    """
    weight = mean_weights(scores)
    rows = [
        {"key": key, "effective": weight[key], "counter": counter}
        for key, counter in COUNTER.items()
        if weight.get(key, 0.0) > DUST and not any(weight.get(other, 0.0) > DUST for other in counter)
    ]
    return pd.DataFrame(rows, columns=["key", "effective", "counter"])


def weight_map(card: Card, agent: str = "", steps: int = 20) -> pd.DataFrame:
    """The map of group weights as `core.stability.triangle`, with ``here``: true at the point nearest to the present weights."""
    frame = triangle(card, agent, steps)
    apart = ((frame[list(GROUPS)].to_numpy() - by_group(card.nominal / card.nominal.sum())) ** 2).sum(axis=1)
    return frame.assign(here=np.arange(len(frame)) == apart.argmin())


def reaches(steady: pd.DataFrame, kind: str, of: str = "winner") -> pd.DataFrame:
    """Rows of `core.stability.stability` of one kind (``group``, ``kpi``) as ranges: key, low, now, high; widest last.

    ``of``: ``winner`` (the first stays first) or ``order`` (the whole order stays).
    """
    kept = steady[steady["kind"] == kind]
    return pd.DataFrame(
        {"key": kept["key"], "low": kept[f"{of}_low"], "now": kept["now"], "high": kept[f"{of}_high"]}
    ).reset_index(drop=True)


def grade_reaches(every: pd.DataFrame, agent: str, kind: str) -> pd.DataFrame:
    """Rows of `core.stability.grade_stability` of one agent and one kind of weight (``group``, ``kpi``), in their order."""
    of_kind = every["key"].isin(GROUPS) == (kind == "group")
    return every[(every["agent"] == agent) & of_kind].reset_index(drop=True)


TIGHT = 0.05
"""A weight that may move by less than this share of the score, on either side, leaves little room."""


def tight(rows: pd.DataFrame) -> int:
    """How many of some ranges (low, now, high) end within five points of the score's hundred on a side where they end at all.

    >>> tight(pd.DataFrame({"low": [0.0, 0.28], "now": [0.04, 0.3], "high": [0.5, 1.0]}))
    1
    """
    below = (rows["now"] - rows["low"] < TIGHT) & (rows["low"] > DUST)
    above = (rows["high"] - rows["now"] < TIGHT) & (rows["high"] < 1 - DUST)
    return int((below | above).sum())


def shaky(standing: pd.DataFrame) -> dict[str, list[str]]:
    """For each source of doubt the agents of `standings` whose present grade is not even as likely as all others together."""
    return {source: list(standing["agent"][standing[source] < 0.5]) for source in SOURCES}


def places(groups: list[tuple[str, ...]]) -> list[tuple[int, int]]:
    """First and last place of each group of `not_told_apart`.

    >>> places([("Li", "Wu"), ("Wu", "He")])
    [(1, 2), (2, 3)]
    """
    order = list(dict.fromkeys(name for names in groups for name in names))
    return [(order.index(names[0]) + 1, order.index(names[-1]) + 1) for names in groups]


def map_shares(weights: pd.DataFrame, of: str) -> dict[str, float]:
    """Which share of the points of a map (`weight_map`) holds what, largest first; ``of`` is ``first`` or ``grade``."""
    return {str(name): float(share) for name, share in weights[of].value_counts(normalize=True).items()}


def swings(turns: pd.DataFrame, most: int = 14) -> pd.DataFrame:
    """The widest turns of `core.turning.tornado` as ranges of the score: knob, low, now, high (points), at_low, at_high (settings)."""
    kept = turns.head(most)
    return pd.DataFrame({
        "knob": kept["knob"], "low": kept["score_low"], "now": kept["score"], "high": kept["score_high"],
        "at_low": kept["low"], "at_high": kept["high"],
    })  # fmt: skip


def letter(scores: Scores, agent: str) -> str:
    """An agent's grade."""
    return str(scores.grade[scores.names.index(agent)])


def flips(turns: pd.DataFrame, now: str) -> int:
    """How many of the knobs of `core.turning.tornado` alone give another grade than the present one."""
    other = [turns[side].ne("") & turns[side].ne(now) for side in ("grade_low", "grade_high")]
    return int((other[0] | other[1]).sum())


STRONG = 0.7
"""From this correlation on two KPIs are called two names for much the same thing."""


def strong(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs of `core.overlap.doubles` that rise together: correlation of 0.7 or more whose interval leaves out 0."""
    return pairs[(pairs["r"] >= STRONG) & (pairs["low"] > 0)].reset_index(drop=True)
