"""What another decision changes, for whom, and why: scenario A → scenario B on the same log.

A ledger line per agent: both scores, ranks and grades, and the move split among the kinds of decision that differ (weights, targets, rules,
period …). The split is Shapley's: each cause's mean effect over all orders in which the causes could have been decided, so it depends on no
order and adds up to the move. Source: Shapley 1953; Shorrocks 2013 for decompositions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import factorial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.overlap import agreement
from core.scenario import Scenario
from core.scenarios import CAUSES, Book, Change, cause_of, diff
from core.scoring import DUST, GRADES, INSUFFICIENT, Scores, ranks

Floats = NDArray[np.float64]
Scored = Callable[[Scenario], Scores]
GRADE_ONLY = ("band", "minimum")
"""Causes that can move a grade and never a score."""


@dataclass(frozen=True)
class WhatIf:
    """What changes from scenario ``a`` to scenario ``b``.

    Args:
        changed: the knobs that differ. causes: kinds of decision among them that can move scores or grades.
        scores_a, scores_b: the scores themselves.
        frame: one row per agent of either side, largest move first: agent, score_a, score_b, rank_a, rank_b, grade_a, grade_b, move, one
            column ``by_<cause>`` per cause that can move scores (they add up to ``move``), ``together`` (the part that cannot be split:
            the whole move where some mixture of the two scenarios leaves the agent without a score, else 0), ``alone`` (causes each of
            which alone would change the grade of A), ``needed`` (causes each of which, taken back alone, gives the grade of A again).
    """

    a: Scenario
    b: Scenario
    changed: tuple[Change, ...]
    causes: tuple[str, ...]
    scores_a: Scores
    scores_b: Scores
    frame: pd.DataFrame

    @property
    def moved(self) -> pd.DataFrame:
        """The agents whose grade differs."""
        return self.frame[self.frame["grade_a"] != self.frame["grade_b"]].reset_index(drop=True)

    @property
    def agreement(self) -> dict[str, float]:
        """Kendall's τ of the two rankings, see `core.overlap.kendall`; above 0.9 it is the same order."""
        return agreement(self.scores_a, self.scores_b)

    def splits(self) -> list[str]:
        """The columns that add up to the move."""
        return [name for name in self.frame.columns if name.startswith("by_") or name == "together"]


def whatif(scored: Scored, a: Scenario, b: Scenario) -> WhatIf:
    """Compare two scenarios agent by agent.

    Args:
        scored: scores under a scenario, e.g. `core.recompute.Recalled.scores`; asked for at most 2^k mixtures of a and b, k causes.
    """
    changed = diff(a, b)
    causes = tuple(cause for cause in CAUSES if any(change.cause == cause for change in changed))
    movers = tuple(cause for cause in causes if cause not in GRADE_ONLY)
    sides = scored(a), scored(b)
    names = tuple(dict.fromkeys((*sides[0].names, *sides[1].names)))
    mixtures = [_aligned(scored(_mixture(a, b, _chosen(movers, at))), names) for at in range(2 ** len(movers))]
    frame = _both_sides(sides, names)
    parts, together = _shapley(np.array(mixtures), frame["move"].to_numpy())
    for cause, part in zip(movers, parts, strict=True):
        frame[f"by_{cause}"] = part
    frame["together"] = together
    frame["alone"] = _turning(frame, "grade_a", [scored(_mixture(a, b, (cause,))) for cause in causes], causes, False)
    others = [tuple(other for other in causes if other != cause) for cause in causes]
    frame["needed"] = _turning(frame, "grade_a", [scored(_mixture(a, b, rest)) for rest in others], causes, True)
    order = np.lexsort((frame["agent"], -frame["move"].abs().fillna(-1)))
    return WhatIf(a, b, changed, causes, *sides, frame.iloc[order].reset_index(drop=True))


def _chosen(causes: Sequence[str], bits: int) -> tuple[str, ...]:
    return tuple(cause for at, cause in enumerate(causes) if bits >> at & 1)


def _mixture(a: Scenario, b: Scenario, causes: Sequence[str]) -> Scenario:
    """Scenario a with the decisions of some kinds taken from b."""
    kept = {key: value for key, value in a.changed.items() if cause_of(key) not in causes}
    taken = {key: value for key, value in b.changed.items() if cause_of(key) in causes}
    return Scenario(dict(sorted((kept | taken).items())))


def _aligned(scores: Scores, names: Sequence[str]) -> Floats:
    known = dict(zip(scores.names, scores.score, strict=True))
    return np.array([known.get(name, np.nan) for name in names], dtype=np.float64)


def _both_sides(sides: tuple[Scores, Scores], names: Sequence[str]) -> pd.DataFrame:
    frame = pd.DataFrame({"agent": list(names)})
    for name, found in (("score", "score"), ("rank", ""), ("grade", "grade")):
        for letter, scores in zip("ab", sides, strict=True):
            column = getattr(scores, found) if found else ranks(scores)
            known = dict(zip(scores.names, column, strict=True))
            frame[f"{name}_{letter}"] = [known.get(each, INSUFFICIENT if name == "grade" else np.nan) for each in names]
    return frame.assign(move=frame["score_b"] - frame["score_a"])


def _shapley(mixtures: Floats, move: Floats) -> tuple[list[Floats], Floats]:
    """Each cause's part of the move, and what cannot be split.

    Args:
        mixtures: 2^k × agents; bit i of the row says whether cause i is taken from b.
    """
    count = len(mixtures).bit_length() - 1
    rows = np.arange(len(mixtures))
    sizes = np.array([int(row).bit_count() for row in rows])
    parts = np.zeros((count, mixtures.shape[1]))
    for cause in range(count):
        without = rows[(rows >> cause & 1) == 0]
        weight = np.array([factorial(size) * factorial(count - size - 1) / factorial(count) for size in sizes[without]])
        parts[cause] = weight @ (mixtures[without | 1 << cause] - mixtures[without])
    torn = np.isnan(mixtures).any(axis=0) | (count == 0)
    parts[:, torn] = np.where(np.isnan(move[torn]), np.nan, 0.0)
    together = np.where(torn, move, 0.0)
    return list(_tidy(parts, np.where(torn, np.nan, move))), together


def _tidy(parts: Floats, move: Floats) -> Floats:
    """Without dust: what is no effect is zero, and the largest part takes what binary sums lose."""
    clean = np.where(np.abs(parts) < DUST, 0.0, parts)
    for at in np.flatnonzero(~np.isnan(move) & clean.any(axis=0)):
        largest = int(np.argmax(np.abs(clean[:, at])))
        clean[largest, at] += move[at] - clean[:, at].sum()
    return clean


def _turning(
    frame: pd.DataFrame, of: str, found: Sequence[Scores], causes: Sequence[str], same: bool
) -> list[tuple[str, ...]]:
    """Per agent whose grade differs, the causes under whose mixture the grade is (``same``) or is not that of a column."""
    letters = [dict(zip(scores.names, scores.grade, strict=True)) for scores in found]
    turned = (frame["grade_a"] != frame["grade_b"]).to_numpy()
    return [
        tuple(
            cause
            for cause, known in zip(causes, letters, strict=True)
            if (known.get(agent, INSUFFICIENT) == letter) == same
        )
        if differs
        else ()
        for agent, letter, differs in zip(frame["agent"], frame[of], turned, strict=True)
    ]


def gains(found: WhatIf, group_of: Mapping[str, str]) -> pd.DataFrame:
    """Who gains and who loses by team, shift or language: one row per group: group, n, up, down, same, mean_move, grades_up, grades_down.

    Args:
        group_of: agent → group, e.g. `core.recompute.main_of`. ``mean_move`` is the mean over the n agents who have a score on both sides.
    """
    frame = found.frame[found.frame["move"].notna()]
    order = {letter: at for at, letter in enumerate(GRADES)}
    # of nobody at all a map is text, which has no difference
    step = frame["grade_a"].map(order).astype("float64") - frame["grade_b"].map(order).astype("float64")
    rows = pd.DataFrame({
        "group": [group_of.get(agent, "") for agent in frame["agent"]], "n": 1,
        "up": frame["move"] > DUST, "down": frame["move"] < -DUST, "same": frame["move"].abs() <= DUST,
        "mean_move": frame["move"], "grades_up": step > 0, "grades_down": step < 0,
    })  # fmt: skip
    how = {name: "mean" if name == "mean_move" else "sum" for name in rows.columns if name != "group"}
    return rows.groupby("group", observed=True).agg(how).reset_index()


def history(scored: Scored, book: Book, days: tuple[date, date], under: Scenario) -> pd.DataFrame:
    """Old periods under their own weights and under new ones: one row per agent × stretch of days with one scenario of the book.

    Columns: name (of the scenario that applied; empty where none did: then the defaults), first, last, agent, score_own, grade_own,
    score_new, grade_new, move. ``days``: first and last day, both included. Both sides see the filters and rules of ``under``; only the
    decisions of the scorecard are the book's. Stretches without conversations have no rows.
    """
    rows = []
    for stretch in book.stretches(*days):
        named = book.named(stretch.name) if stretch.name else Scenario()
        own = _mixture(under, named, ("weight", "target", "band", "minimum", "team"))
        edges = {"period": "custom", "from": stretch.first, "to": stretch.last}
        sides = tuple(scored(Scenario.of({**side.changed, **edges})) for side in (own, under))
        names = tuple(dict.fromkeys((*sides[0].names, *sides[1].names)))
        frame = _both_sides((sides[0], sides[1]), names)
        frame.insert(0, "name", stretch.name)
        rows.append(frame.assign(first=stretch.first, last=stretch.last))
    renamed = {f"{name}_{a}": f"{name}_{b}" for name in ("score", "grade") for a, b in (("a", "own"), ("b", "new"))}
    columns = ["name", "first", "last", "agent", "score_own", "grade_own", "score_new", "grade_new", "move"]
    return (
        pd.concat(rows, ignore_index=True).rename(columns=renamed)[columns] if rows else pd.DataFrame(columns=columns)
    )
