"""How much the weights decide: who is first, who is A, under all weightings that somebody might defend (SMAA).

A single ranking hides that another reasonable weighting gives another one. Here weightings are drawn by the thousand, each scores every
agent as `core.scoring` does (a KPI an agent lacks hands its weight to the others of its group), and shares of weightings are counted. With
redrawn KPI values the sample's doubt goes through the same loop.

Source: Lahdelma & Salminen 2001 (SMAA-2); Barron & Barrett 1996 (ordered weights); Tervonen & Lahdelma 2007 (sampling).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.metrics import GROUPS, SCORED
from core.robustness import around
from core.scenario import Scenario
from core.scoring import DUST, GRADES, INSUFFICIENT, Scores, effective_weights, points, team_part

Floats = NDArray[np.float64]
SPACES = ("uniform", "ordered", "around")
LEVELS = ("kpi", "group")
WEIGHTINGS = 10_000
MOST_EXACT = 10
"""Agents up to whom areas are computed instead of drawn: pairs of agents cut the triangle into many cells."""
DECIDED = 0.5
"""Below this share of weightings nobody's first place is decided by the data."""
_CELLS = 30_000
_SEED = 20_260_102


@dataclass(frozen=True)
class Card:
    """What is weighed: the points of all graded agents, and the weights they are under now.

    Whether somebody has a grade at all is decided under the present weights; who has none is not on the card.

    Args:
        names: label per agent.
        points: 0–100, agents × scored metrics, NaN where not used.
        nominal: present share of each metric, as `core.scoring.nominal_weights`.
        bands: lower ends of A, B, C.
        part: part of each agent's score that comes from the team, 0–1.
        team: points of each agent's team, in the same shape.
        drawn: points of redrawn KPI values, draws × agents × metrics; None where the sample is taken as it is.
    """

    names: tuple[str, ...]
    points: Floats
    nominal: Floats
    bands: Mapping[str, float]
    part: Floats
    team: Floats
    drawn: Floats | None = None

    @classmethod
    def of(
        cls, scores: Scores, teams: Scores | None = None, team_of: Mapping[str, str] | None = None, share: float = 0
    ) -> Card:
        """The card of scores; teams and ``share`` (0–1) where a part of each score comes from the team."""
        rows = np.flatnonzero(scores.grade != INSUFFICIENT)
        part, team = np.zeros(len(rows)), np.full((len(rows), len(SCORED)), np.nan)
        if teams is not None and share:
            at, found = team_part(scores, teams, team_of or {}, share)
            part, team = found[rows], teams.points[at[rows]]
        names = tuple(scores.names[row] for row in rows)
        return cls(names, scores.points[rows], scores.nominal, scores.bands, part, team)

    def __len__(self) -> int:
        return len(self.names)

    def pick(self, rows: Sequence[int]) -> Card:
        """The card of some agents."""
        at = list(rows)
        drawn = None if self.drawn is None else self.drawn[:, at]
        names = tuple(self.names[row] for row in at)
        return replace(self, names=names, points=self.points[at], part=self.part[at], team=self.team[at], drawn=drawn)

    @property
    def shares(self) -> Floats:
        """Present shares of the metrics that anybody on the card has; they sum to 1."""
        has = np.any(~np.isnan(self.points), axis=0) if len(self) else np.ones(len(SCORED), dtype=bool)
        return effective_weights(np.array([has]), self.nominal)[0]

    def totals(self, shares: Floats) -> Floats:
        """Scores under many weightings: weightings × metrics → weightings × agents; NaN where all weight lies on what is missing."""
        own = self._own(shares)
        return own if not self.part.any() else own * (1 - self.part) + self.part * np.nan_to_num(self._team(shares))

    @cached_property
    def _own(self) -> _Weighing:
        return _Weighing(self.points)

    @cached_property
    def _team(self) -> _Weighing:
        return _Weighing(self.team)


def drawn_points(drawn: Floats, scores: Scores, scenario: Scenario) -> Floats:
    """Points of redrawn KPI values (`core.resampling.redrawn`) of the graded agents, as `Card.drawn` takes them."""
    rows = np.flatnonzero(scores.grade != INSUFFICIENT)
    columns = [points(drawn[:, rows, at], scenario.anchors(metric)) for at, metric in enumerate(SCORED)]
    return np.where(np.isnan(scores.points[rows]), np.nan, np.stack(columns, axis=2))


class _Weighing:
    """Agents' points, sorted by which KPIs they have, so that one matrix product scores all who have the same."""

    def __init__(self, found: Floats) -> None:
        rows, twin = np.unique(np.nan_to_num(found, nan=-1.0), axis=0, return_inverse=True)
        patterns, of = np.unique(rows >= 0, axis=0, return_inverse=True)
        self.alone = len(patterns) == 1 and len(rows) == len(found)
        self.rows = found if self.alone else rows
        self.parts = [(pattern, np.flatnonzero(of.ravel() == at)) for at, pattern in enumerate(patterns)]
        self.twin = twin.ravel()

    def __call__(self, shares: Floats) -> Floats:
        """Weightings × metrics → weightings × agents; agents with the same points get the very same numbers, so that they tie."""
        products = [_product(shares, pattern, self.rows[at]) for pattern, at in self.parts]
        if self.alone:
            return products[0]
        total = np.empty((len(shares), len(self.rows)))
        for product, (_, at) in zip(products, self.parts, strict=True):
            total[:, at] = product
        return total[:, self.twin]


def weighed(found: Floats, shares: Floats) -> Floats:
    """Weighted points as `core.scoring.score` has them: agents × metrics and weightings × metrics → weightings × agents."""
    return _Weighing(found)(shares)


def _product(shares: Floats, pattern: NDArray[np.bool_], rows: Floats) -> Floats:
    lacking = shares[:, ~pattern].any()
    weights = effective_weights(pattern[None], shares) if lacking else shares
    total = weights[:, pattern] @ rows[:, pattern].T
    if lacking:
        total[~weights.any(axis=1)] = np.nan
    return np.asarray(total)


# --- weightings --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Space:
    """Which weightings somebody might defend.

    Args:
        kind: ``uniform`` (every weighting is as likely as any other), ``ordered`` (the present order of importance stays; equal ones may
            part either way) or ``around`` (each share within ± ``spread`` of its present one).
        level: ``kpi`` (every KPI's share is open) or ``group`` (the shares of the three groups; inside a group nothing moves).
        spread: for ``around``: 0.2 is ± 20 %.
    """

    kind: str = "uniform"
    level: str = "kpi"
    spread: float = 0.2


def weightings(card: Card, space: Space | None = None, size: int = WEIGHTINGS, seed: int = _SEED) -> Floats:
    """Weightings to try, size × scored metrics; each row sums to 1; what nobody on the card has keeps weight 0.

    >>> card = Card((), np.zeros((0, len(SCORED))), np.full(len(SCORED), 1 / len(SCORED)), {}, np.zeros(0), np.zeros((0, len(SCORED))))
    >>> weightings(card, size=3).sum(axis=1).round(9).tolist()
    [1.0, 1.0, 1.0]
    """
    rng, space = np.random.default_rng(seed), space or Space()
    present = card.shares
    if space.level == "kpi":
        return _drawn(present, space, size, rng)
    return spread_inside(_drawn(by_group(present), space, size, rng), present)


_MEMBER = np.array([[metric.group == group for metric in SCORED] for group in GROUPS], dtype=np.float64)


def by_group(shares: Floats) -> Floats:
    """Shares of the three groups: … × metrics → … × groups."""
    return np.asarray(shares @ _MEMBER.T)


def spread_inside(of_group: Floats, present: Floats) -> Floats:
    """Shares of the groups handed to their metrics in the present proportions: … × groups → … × metrics."""
    inside = np.divide(present, by_group(present) @ _MEMBER, out=np.zeros_like(present), where=present > 0)
    return np.asarray(of_group @ _MEMBER * inside)


def _drawn(present: Floats, space: Space, size: int, rng: np.random.Generator) -> Floats:
    used = np.flatnonzero(present > 0)
    found = np.zeros((size, len(present)))
    if space.kind == "around":
        part = present[used] * rng.uniform(1 - space.spread, 1 + space.spread, (size, len(used)))
    else:
        part = rng.exponential(size=(size, len(used)))
    if space.kind == "ordered":
        # equal importance is no order: chance decides in each draw which of the equals is the greater
        place = np.lexsort((rng.random(part.shape), np.broadcast_to(-np.round(present[used], 12), part.shape)), axis=1)
        np.put_along_axis(part, place, -np.sort(-part, axis=1), axis=1)
    found[:, used] = part / part.sum(axis=1, keepdims=True) if len(used) else part
    return found


# --- acceptability -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Acceptability:
    """What holds under which share of the weightings.

    Args:
        names: agents, as on the card.
        ranks: agents × places, each row and each column sums to 1; agents that tie share their places.
        grades: grade → share per agent.
        weightings: how many were tried; 0 where areas were computed exactly. draws: redrawn samples behind each, 1 without.
    """

    names: tuple[str, ...]
    ranks: Floats
    grades: Mapping[str, Floats]
    weightings: int
    draws: int = 1

    @property
    def decided(self) -> bool:
        """Whether anybody is first under at least half of the weightings."""
        return bool(len(self.names) and self.ranks[:, 0].max() >= DECIDED - DUST)

    @property
    def error(self) -> float:
        """Standard error that a share near one half has from drawing; 0 when exact."""
        return 0.5 / self.weightings**0.5 if self.weightings else 0.0

    def rank_range(self, level: float = 0.9) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Best and worst place (1 is best) that hold the middle ``level`` of the weightings."""
        reached = np.cumsum(self.ranks, axis=1)
        tail = (1 - level) / 2
        return (reached <= tail - DUST).sum(axis=1) + 1, (reached < 1 - tail - DUST).sum(axis=1) + 1

    def frame(self, level: float = 0.9) -> pd.DataFrame:
        """One row per agent: agent, first (share of weightings), rank_low, rank_high (middle ``level``), and A–D (shares)."""
        low, high = self.rank_range(level)
        first = self.ranks[:, :1].sum(axis=1)
        frame = pd.DataFrame({"agent": self.names, "first": first, "rank_low": low, "rank_high": high})
        return frame.assign(**dict(self.grades))


def acceptability(card: Card, shares: Floats) -> Acceptability:
    """Rank acceptability and grade probability under weightings (`weightings`), with the sample's doubt where the card holds draws.

    Example: ``acceptability(card, weightings(card, Space("around"))).grades["A"]``.
    """
    size, tried = len(card), 0
    places, reached = np.zeros((size, size)), np.zeros((len(card.bands), size))
    for _, total in _scored(card, shares):
        places += _places(total)
        reached += [(total >= low - DUST).sum(axis=0, dtype=np.int32) for low in card.bands.values()]
        tried += len(total)
    above = np.vstack([np.zeros(size), reached / max(tried, 1), np.ones(size)])
    grades = dict(zip(GRADES, np.diff(above, axis=0), strict=True))
    draws = 1 if card.drawn is None else len(card.drawn)
    return Acceptability(card.names, places / max(tried, 1), grades, len(shares), draws)


def beats(card: Card, shares: Floats) -> Floats:
    """Share of weightings in which the agent of the row scores higher than that of the column; a tie counts half; 0 on the diagonal.

    Called by no page: a published measure, by which the drawing of weightings is compared with exact areas.
    """
    won, tried = np.zeros((len(card), len(card))), 0
    for _, total in _scored(card, shares):
        for at in range(len(card)):
            ahead = total[:, at, None] - total
            won[at] += np.count_nonzero(ahead > DUST, axis=0) + 0.5 * np.count_nonzero(np.abs(ahead) <= DUST, axis=0)
        tried += len(total)
    np.fill_diagonal(won, 0.0)
    return won / max(tried, 1)


def central(card: Card, shares: Floats) -> Floats:
    """Which weighting speaks for each agent: the mean of those under which the agent is first, agents × metrics; NaN for who never is.

    Called by no page: a published measure, as `beats`.
    """
    first, summed = np.zeros((len(card), 1)), np.zeros((len(card), shares.shape[1]))
    for part, total in _scored(card, shares):
        best = total >= total.max(axis=1, keepdims=True) - DUST
        won = (best / best.sum(axis=1, keepdims=True)).T
        first, summed = first + won.sum(axis=1, keepdims=True), summed + won @ part
    return np.divide(summed, first, out=np.full_like(summed, np.nan), where=first > 0)


def _scored(card: Card, shares: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Weightings and the scores under them, in pieces that stay in the cache; with draws one weighting at a time over all draws."""
    if not len(card):
        return
    if card.drawn is not None:
        for row in shares:
            yield np.broadcast_to(row, (len(card.drawn), len(row))), _redrawn(card, card.drawn, row)
        return
    step = max(_CELLS // len(card), 1)
    for start in range(0, len(shares), step):
        part = shares[start : start + step]
        total = card.totals(part)
        total[np.isnan(total)] = -1.0  # who has nothing that still weighs comes last
        yield part, total


def _redrawn(card: Card, drawn: Floats, row: Floats) -> Floats:
    """Scores of every draw under one weighting, draws × agents: just as `core.robustness.doubt` has them."""
    weights = effective_weights(~np.isnan(card.points), row)
    total = np.einsum("dak,ak->da", np.nan_to_num(drawn), weights)
    return around(card.totals(row[None])[0], total, 1 - card.part)


def _places(total: Floats) -> Floats:
    """How often each agent took each place, agents × places; who ties shares the places: weightings × agents → agents × agents."""
    size = total.shape[1]
    # score and agent packed in one whole number: sorting these is faster than sorting places, and DUST is the unit in which scores tie
    scaled = total * (1 / DUST)
    key = np.rint(scaled, out=scaled).astype(np.int64)
    bits = (size * size).bit_length()
    key <<= bits
    key += np.arange(size) * size
    key.sort(axis=1)
    joined = (key[:, 1:] ^ key[:, :-1]) < (1 << bits)
    cell = np.bitwise_and(key, (1 << bits) - 1, out=key)
    if not joined.any():
        return _counted(cell)
    tied = joined.any(axis=1)
    return _counted(cell[~tied]) + _shared_places(cell[tied] // size, joined[tied])


def _counted(cell: NDArray[np.int64]) -> Floats:
    """Places of agents × size in ascending order of score: weightings × places → agents × places, best place first."""
    size = cell.shape[1]
    cell += np.arange(size - 1, -1, -1)
    return np.bincount(cell.ravel(), minlength=size * size).reshape(size, size).astype(np.float64)


def _shared_places(order: NDArray[np.int64], joined: NDArray[np.bool_]) -> Floats:
    """The same with ties: an agent of a run of m equal scores takes each of its m places 1/m times."""
    rows, size = order.shape
    at = np.arange(size)
    edge = np.ones((rows, 1), dtype=bool)
    start = np.maximum.accumulate(np.where(np.hstack([edge, ~joined]), at, 0), axis=1)
    end = np.minimum.accumulate(np.where(np.hstack([~joined, edge]), at, size)[:, ::-1], axis=1)[:, ::-1] + 1
    share = (1.0 / (end - start)).ravel()
    steps = [np.bincount((order * (size + 1) + cut).ravel(), share, size * (size + 1)) for cut in (start, end)]
    return np.cumsum((steps[0] - steps[1]).reshape(size, size + 1), axis=1)[:, -2::-1]


def robust(card: Card, space: Space | None = None, size: int = WEIGHTINGS) -> Acceptability:
    """Acceptability under a space of weightings: as exact areas where that is possible (the group weights of few agents), else drawn."""
    space = space or Space()
    return _exactly(card, space) or acceptability(card, weightings(card, space, size))


def _exactly(card: Card, space: Space) -> Acceptability | None:
    of_group = by_group(card.shares)
    used = np.flatnonzero(of_group > 0)
    criteria = np.array([card.totals(spread_inside(row[None], card.shares))[0] for row in np.eye(len(GROUPS))[used]]).T
    plain = space.level == "group" and space.kind != "around" and card.drawn is None and not card.part.any()
    if not plain or not 0 < len(card) <= MOST_EXACT or np.isnan(criteria).any():
        return None
    order = of_group[used].tolist() if space.kind == "ordered" else []
    grades = _exact_grades(criteria, order, list(card.bands.values()))
    return Acceptability(card.names, exact(criteria, order)[0], dict(zip(GRADES, grades, strict=True)), 0)


def _exact_grades(criteria: Floats, order: Sequence[float], lows: Sequence[float]) -> Floats:
    """Share of the weightings under which each agent has each grade, grades × agents."""
    region = _ordered_region(np.asarray(order, dtype=np.float64))
    reached = np.array([[_above(region, row - low + DUST) for row in criteria] for low in lows])
    return -np.diff(np.vstack([np.zeros(len(criteria)), reached, np.ones(len(criteria))])[::-1], axis=0)[::-1]


def _above(region: Floats, line: Floats) -> float:
    """Share of a region on which a line is not negative."""
    full = np.concatenate([line, np.zeros(3 - len(line))])
    return sum(_area(piece) for piece in _cut(region, full) if (piece @ full).sum() >= 0) / _area(region)


# --- exact areas for two or three criteria ------------------------------------------------------------------------------------


def exact(criteria: Floats, order: Sequence[float] = ()) -> tuple[Floats, Floats, Floats]:
    """The same without drawing, for few agents and two or three criteria: areas of the triangle of weightings.

    Args:
        criteria: points, agents × criteria.
        order: importance of the criteria; a more important one never weighs less. Empty: all weightings.

    Returns:
        rank acceptability (agents × places), pairwise winning share (agents × agents) and central weightings (agents × criteria).

    >>> ranked, ahead, _ = exact(np.array([[1.0, 0.0], [0.0, 1.0]]))
    >>> ranked.tolist(), ahead.tolist()
    ([[0.5, 0.5], [0.5, 0.5]], [[0.0, 0.5], [0.5, 0.0]])
    """
    size, count = criteria.shape
    # a third criterion in which all are equal changes no order
    full = np.hstack([criteria, np.zeros((size, 3 - count))])
    cells = [_ordered_region(np.asarray(order, dtype=np.float64))]
    for one in range(size):
        for other in range(one):
            cells = [piece for cell in cells for piece in _cut(cell, full[one] - full[other])]
    area = np.array([_area(cell) for cell in cells])
    area /= area.sum()
    centre = np.array([_centroid(cell) for cell in cells])
    total = centre @ full.T
    ranked = sum(share * _places(row[None]) for share, row in zip(area, total, strict=True))
    ahead = total[:, :, None] - total[:, None, :]
    won = np.tensordot(area, (ahead > DUST) + 0.5 * (np.abs(ahead) <= DUST), axes=1)
    np.fill_diagonal(won, 0.0)
    best = (total >= total.max(axis=1, keepdims=True) - DUST) * area[:, None]
    with np.errstate(invalid="ignore"):
        middle = (best.T @ centre) / best.sum(axis=0)[:, None]
    return np.asarray(ranked), won, middle[:, :count]


def _ordered_region(order: Floats) -> Floats:
    region = np.eye(3)
    for one in range(len(order)):
        for other in range(len(order)):
            if order[one] > order[other]:
                above = np.zeros(3)
                above[one], above[other] = 1.0, -1.0
                region = next(piece for piece in _cut(region, above) if (piece @ above).max() > DUST)
    return region


def _cut(cell: Floats, line: Floats) -> list[Floats]:
    """A convex cell of the triangle split by the weightings under which ``line`` is zero."""
    side = cell @ line
    side = np.where(np.abs(side) <= 1e-13 * max(float(np.abs(line).max()), 1e-300), 0.0, side)
    if (side >= 0).all() or (side <= 0).all():
        return [cell]
    after, beyond = np.roll(cell, -1, axis=0), np.roll(side, -1)
    pieces: tuple[list[Floats], list[Floats]] = ([], [])
    for here, there, s, t in zip(cell, after, side, beyond, strict=True):
        for piece, sign in zip(pieces, (1, -1), strict=True):
            if sign * s >= 0:
                piece.append(here)
            if s * t < 0:
                piece.append(here + (there - here) * (s / (s - t)))
    return [np.array(piece) for piece in pieces]


def _triangles(cell: Floats) -> tuple[Floats, Floats]:
    """The fan of triangles from the first corner: their areas and their centres."""
    one, two, three = cell[0], cell[1:-1], cell[2:]
    a, b = (two - one)[:, :2], (three - one)[:, :2]
    return np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2, (one + two + three) / 3


def _area(cell: Floats) -> float:
    return float(_triangles(cell)[0].sum())


def _centroid(cell: Floats) -> Floats:
    area, centre = _triangles(cell)
    return np.asarray(area @ centre / area.sum()) if area.sum() > 0 else cell.mean(axis=0)
