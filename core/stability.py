"""How far one weight may move before the order or a grade changes, and who is first where on the triangle of group weights.

A weight moves from 0 to 1 of the whole score while all others keep their proportions. Along that way every score is a quotient of
polynomials (a straight line for an agent who lacks nothing), so the points where two scores meet or a score meets a band are roots: exact,
not searched. Weights are shares of the whole score, 0–1, as `core.scoring.nominal_weights` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.polynomial import polynomial as poly
from numpy.typing import NDArray

from core.metrics import GROUPS, SCORED
from core.scoring import DUST, INSUFFICIENT, enough_weight, grade
from core.weights import Card, spread_inside

Floats = NDArray[np.float64]
Coefficients = NDArray[Any]
Fraction = tuple[Coefficients, Coefficients]
"""Numerator and denominator, coefficients from the constant upwards."""
KEYS = tuple(metric.key for metric in SCORED)
_MEMBERS = [[at for at, metric in enumerate(SCORED) if metric.group == group] for group in GROUPS]
_ONE: Coefficients = np.ones(1)


class Way:
    """All weightings in which one weight (a KPI's or a group's) moves from 0 to 1 and the others keep their proportions.

    Attributes:
        now: the weight's present share. start, step: the weighting at share t is start + t × step.
    """

    def __init__(self, card: Card, key: str) -> None:
        self.card, self.key = card, key
        whole = card.nominal.sum()
        nominal = card.nominal / whole if whole > 0 else card.nominal
        moved = np.array(
            [metric.group == key for metric in SCORED] if key in GROUPS else [each == key for each in KEYS]
        )
        self.now = float(nominal[moved].sum())
        inside = nominal[moved] / self.now if self.now > 0 else np.full(int(moved.sum()), 1 / moved.sum())
        own, rest = np.zeros(len(KEYS)), np.where(moved, 0.0, nominal)
        own[moved] = inside
        # what weighs alone cannot hand weight to others: it stays alone
        self.start = rest / rest.sum() if rest.sum() > 0 else own
        self.step = own - self.start

    def scores(self, share: float) -> Floats:
        """Every agent's score when the weight has this share."""
        return self.card.totals((self.start + share * self.step)[None])[0]

    def fractions(self) -> list[Fraction]:
        """Every agent's score as a fraction of polynomials in the share."""
        return [self._fraction(at) for at in range(len(self.card))]

    def _fraction(self, at: int) -> Fraction:
        own, part = self._of(self.card.points[at]), float(self.card.part[at])
        if not part:
            return own
        team = self._of(self.card.team[at])
        mine, theirs = poly.polymul(own[0] * (1 - part), team[1]), poly.polymul(team[0] * part, own[1])
        return poly.polyadd(mine, theirs), poly.polymul(own[1], team[1])

    def _of(self, points: Floats) -> Fraction:
        """Weighted mean over the groups of the weighted means inside them, as scoring has it when KPIs are missing."""
        usable, known = ~np.isnan(points), np.nan_to_num(points)
        top: Coefficients = np.zeros(1)
        bottom: Coefficients = _ONE
        whole: Coefficients = np.zeros(1)
        for member in _MEMBERS:
            of_group, left = self._sum(member, np.ones(len(KEYS))), self._sum(member, usable)
            if not left.any():
                continue
            earned, below = _shortened(of_group, left, self._sum(member, known))
            top = poly.polyadd(poly.polymul(top, below), poly.polymul(earned, bottom))
            bottom = poly.polymul(bottom, below)
            whole = poly.polyadd(whole, of_group)
        return top, poly.polymul(bottom, whole)

    def _sum(self, member: Sequence[int], factor: NDArray[Any]) -> Floats:
        return np.array([(self.start[member] * factor[member]).sum(), (self.step[member] * factor[member]).sum()])


def _shortened(of_group: Floats, left: Floats, earned: Floats) -> Fraction:
    """``of_group × earned / left``; where both weights move in proportion their quotient is a number and the way stays straight."""
    if abs(of_group[0] * left[1] - of_group[1] * left[0]) <= 1e-15:
        at = int(np.argmax(np.abs(left)))
        return earned * (of_group[at] / left[at]), _ONE
    return poly.polymul(of_group, earned), left


def roots(top: Coefficients, scale: float) -> list[float]:
    """Real roots between 0 and 1; coefficients that are dust beside ``scale`` count as zero.

    >>> roots(np.array([-1.0, 4.0, 0.0]), 1.0)
    [0.25]
    """
    kept = poly.polytrim(np.where(np.abs(top) <= 1e-13 * scale, 0.0, top))
    if len(kept) < 2:
        return []
    found = [complex(-kept[0] / kept[1])] if len(kept) == 2 else [complex(root) for root in poly.polyroots(kept)]
    return sorted(root.real for root in found if abs(root.imag) < 1e-9 and 0 < root.real < 1)


def _meet(one: Fraction, other: Fraction) -> list[float]:
    """Shares at which two scores are equal."""
    left: Coefficients = poly.polymul(one[0], other[1])
    right: Coefficients = poly.polymul(other[0], one[1])
    return roots(poly.polysub(left, right), max(float(np.abs(left).max()), float(np.abs(right).max()), 1e-300))


def _cells(breaks: Iterable[float], now: float) -> list[float]:
    ends = sorted({0.0, 1.0, now, *breaks})
    return [ends[0]] + [here for before, here in pairwise(ends) if here - before > 1e-12]


def _stays(breaks: Iterable[float], holds: Callable[[float], bool], now: float) -> tuple[float, float]:
    """The stretch of shares around the present one in which something holds; it can only end at a break."""
    ends = _cells(breaks, now)
    low = high = min(ends, key=lambda end: abs(end - now))
    for end in [end for end in ends if end > high]:
        if not holds((high + end) / 2):
            break
        high = end
    for end in [end for end in reversed(ends) if end < low]:
        if not holds((low + end) / 2):
            break
        low = end
    return low, high


def stability(card: Card, keys: Sequence[str] = (*GROUPS, *KEYS)) -> pd.DataFrame:
    """Within which shares of each weight the first stays first, and the whole order stays.

    One row per weight that anybody on the card can be scored on: key, kind (``group`` or ``kpi``), now, winner_low, winner_high, order_low,
    order_high; shares of the whole score, 0–1. Where several are first now, one of them has to stay first. Agents with equal scores have
    no order that could change. Empty without agents.
    """
    rows = [_steady(Way(card, key)) for key in keys if len(card) and _matters(card, key)]
    return pd.DataFrame(rows, columns=["key", "kind", "now", "winner_low", "winner_high", "order_low", "order_high"])


def _matters(card: Card, key: str) -> bool:
    at = [at for at, metric in enumerate(SCORED) if key in (metric.key, metric.group)]
    return bool((~np.isnan(card.points[:, at])).any())


def _steady(way: Way) -> dict[str, Any]:
    now, found = way.scores(way.now), way.fractions()
    best = np.flatnonzero(now >= now.max() - DUST)
    order = np.argsort(-now, kind="stable")
    others = [at for at in range(len(now)) if at not in best]
    winner = _stays(
        [share for one in best for other in others for share in _meet(found[one], found[other])],
        lambda share: bool((scores := way.scores(share))[best].max() >= np.nanmax(scores) - DUST),
        way.now,
    )
    whole = _stays(
        [share for one, other in pairwise(order) for share in _meet(found[one], found[other])],
        lambda share: bool((np.diff(way.scores(share)[order]) <= DUST).all()),
        way.now,
    )
    kind = "group" if way.key in GROUPS else "kpi"
    return {"key": way.key, "kind": kind, "now": way.now} | dict(
        zip(("winner_low", "winner_high", "order_low", "order_high"), (*winner, *whole), strict=True)
    )


def grade_stability(card: Card, keys: Sequence[str] = (*GROUPS, *KEYS)) -> pd.DataFrame:
    """Within which shares of each weight each agent keeps the grade, and which grade waits on either side.

    One row per agent × weight: agent, grade, key, now, low, high, below, above; ``below`` and ``above`` are empty where the grade stays to
    the end.
    """
    rows = []
    for way in (Way(card, key) for key in keys if len(card) and _matters(card, key)):
        now, found = way.scores(way.now), way.fractions()
        rows += [_kept(way, at, grade(float(now[at]), dict(card.bands)), found[at]) for at in range(len(card))]
    return pd.DataFrame(rows, columns=["agent", "grade", "key", "now", "low", "high", "below", "above"])


def _kept(way: Way, at: int, letter: str, found: Fraction) -> dict[str, Any]:
    bands = dict(way.card.bands)

    def at_share(share: float) -> str:
        return grade(float(way.scores(share)[at]), bands)

    breaks = sorted(share for low in bands.values() for share in _meet(found, (np.array([low]), _ONE)))
    low, high = _stays(breaks, lambda share: at_share(share) == letter, way.now)
    ends = [0.0, *breaks, 1.0]
    below = max((end for end in ends if end < low - 1e-12), default=low)
    above = min((end for end in ends if end > high + 1e-12), default=high)
    beyond = [at_share((low + below) / 2) if low > below else "", at_share((high + above) / 2) if above > high else ""]
    return {
        "agent": way.card.names[at], "grade": letter, "key": way.key, "now": way.now,
        "low": low, "high": high, "below": beyond[0], "above": beyond[1],
    }  # fmt: skip


def order_along(card: Card, key: str) -> pd.DataFrame:
    """The order of the agents all along one weight: one row per stretch without a change: low, high, order (names, best first).

    For up to some dozens of agents: every pair is looked at. Called by no page: the whole line of a published example, of which the pages
    show the ends nearest to where a weight stands.
    """
    way = Way(card, key)
    found = way.fractions()
    breaks = [share for one, other in combinations(found, 2) for share in _meet(one, other)]
    rows: list[dict[str, object]] = []
    for low, high in pairwise(_cells(breaks, 0.0)):
        order = tuple(card.names[at] for at in np.argsort(-way.scores((low + high) / 2), kind="stable"))
        if rows and rows[-1]["order"] == order:
            rows[-1]["high"] = high
        else:
            rows.append({"low": low, "high": high, "order": order})
    return pd.DataFrame(rows, columns=["low", "high", "order"])


def triangle(card: Card, agent: str = "", steps: int = 20) -> pd.DataFrame:
    """The map of the three group weights: who is first, and how one agent fares, at every point of a grid.

    One row per point: efficiency, quality, business (shares, multiples of 1 / steps), first (name; empty where nobody has a grade), tied
    (how many share the first place), lead (points ahead of the next), and for ``agent`` score, grade, rank. Grades follow the rule of the
    scorecard at every point: who keeps less than half of the weight there has ``insufficient_data`` and no rank.
    """
    one, other = np.divmod(np.arange((steps + 1) ** 2), steps + 1)
    inside = one + other <= steps
    of_group = np.column_stack([one, other, steps - one - other])[inside] / steps
    nominal = spread_inside(of_group, card.nominal)
    left = nominal @ (~np.isnan(card.points)).T
    total = np.where(enough_weight(left), card.totals(nominal), np.nan)
    frame = pd.DataFrame(of_group, columns=list(GROUPS))
    frame["first"], frame["tied"], frame["lead"] = _leaders(card, total)
    if agent:
        own = total[:, card.names.index(agent)]
        ahead = (np.nan_to_num(total, nan=-np.inf) > own[:, None] + DUST).sum(axis=1) + 1.0
        frame["score"], frame["rank"] = own, np.where(np.isnan(own), np.nan, ahead)
        frame["grade"] = [INSUFFICIENT if np.isnan(score) else grade(float(score), dict(card.bands)) for score in own]
    return frame


def _leaders(card: Card, total: Floats) -> tuple[list[str], NDArray[np.int64], Floats]:
    known = np.nan_to_num(total, nan=-np.inf)
    best = known.max(axis=1, initial=-np.inf)
    leads = (known >= best[:, None] - DUST) & ~np.isnan(total)
    behind = np.where(leads, -np.inf, known).max(axis=1, initial=-np.inf)
    names = [card.names[int(row.argmax())] if row.any() else "" for row in leads]
    lead = np.where(np.isfinite(best) & np.isfinite(behind), best - np.where(np.isfinite(behind), behind, 0.0), np.nan)
    return names, leads.sum(axis=1), lead
