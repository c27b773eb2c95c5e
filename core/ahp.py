"""Weights from comparing two KPIs at a time (analytic hierarchy process), and whether the comparisons agree with each other.

"How many times more important is a than b" is answered on Saaty's scale 1–9 (1/9–1). Weights are the principal eigenvector; the
consistency ratio says how far the answers are from agreeing, beside answers given by chance. The comparison that disagrees most with all
others is named, with what the others imply.

Source: Saaty 1977 and 1987 (random indices for 3–15 items); Harker 1987 for comparisons that were not made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import Issue, ScenarioError

Floats = NDArray[np.float64]
SCALE = (1 / 9, 9.0)
LIMIT = 0.10
"""Consistency ratio up to which comparisons are good enough (Saaty)."""
RANDOM_INDEX = (0.0, 0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
"""Mean consistency index of random comparisons, by number of items (Saaty 1987); beyond 15 the value for 15."""


@dataclass(frozen=True)
class Comparison:
    """Two items: ``given`` says how many times more important a is than b, ``implied`` what the other comparisons say."""

    a: str
    b: str
    given: float
    implied: float


@dataclass(frozen=True)
class Compared:
    """Weights out of pairwise comparisons.

    Args:
        weights: item → weight; they sum to 1.
        ratio: consistency ratio; 0 with two items, who cannot contradict each other.
        consistent: ratio of 0.1 or less.
        reconsider: the comparison that disagrees most with all others; None where all agree to the last digit.
    """

    weights: Mapping[str, float]
    ratio: float
    consistent: bool
    reconsider: Comparison | None

    def knobs(self) -> dict[str, float]:
        """The weights as settings of a scenario whose items are keys of groups or KPIs: ``w_<item>`` → 0–100."""
        return {f"w_{item}": 100 * weight for item, weight in self.weights.items()}


def compared(items: Sequence[str], more_important: Mapping[tuple[str, str], float]) -> Compared:
    """Weights of items from pairwise comparisons.

    Args:
        items: what is weighed, two or more.
        more_important: (a, b) → how many times more important a is than b, 1/9–9; each pair once, either way round. Pairs may be missing
            as long as every item hangs together with every other through some comparisons.

    Raises `ScenarioError` for a value off the scale, an item that is not listed, a pair given twice, or items nothing connects.

    >>> found = compared(("quality", "speed", "sales"), {("quality", "speed"): 2, ("quality", "sales"): 4, ("speed", "sales"): 2})
    >>> {item: round(weight, 4) for item, weight in found.weights.items()}, round(found.ratio, 9)
    ({'quality': 0.5714, 'speed': 0.2857, 'sales': 0.1429}, 0.0)
    """
    table = _table(items, more_important)
    weights, largest = _principal(table)
    count = len(items)
    index = max((largest - count) / (count - 1), 0.0) if count > 1 else 0.0
    random = RANDOM_INDEX[min(count, len(RANDOM_INDEX) - 1)]
    ratio = index / random if random else 0.0
    named = dict(zip(items, weights.tolist(), strict=True))
    return Compared(named, ratio, ratio <= LIMIT, _worst(items, table, weights))


def _principal(table: Floats) -> tuple[Floats, float]:
    """Principal eigenvector, summing to 1, and its eigenvalue."""
    # a pair that was not compared stands on the diagonal instead (Harker): the eigenvector fills the gap
    filled = np.where(np.isnan(table), 0.0, table)
    np.fill_diagonal(filled, 1.0 + np.isnan(table).sum(axis=1))
    values, vectors = np.linalg.eig(filled)
    at = int(np.argmax(values.real))
    weights = np.abs(vectors[:, at].real)
    return weights / weights.sum(), float(values[at].real)


def _table(items: Sequence[str], more_important: Mapping[tuple[str, str], float]) -> Floats:
    """Square table of ratios, NaN where a pair was not compared."""
    place = {item: at for at, item in enumerate(items)}
    table = np.full((len(items), len(items)), np.nan)
    np.fill_diagonal(table, 1.0)
    for (a, b), times in more_important.items():
        _check(place, table, (a, b), times)
        table[place[a], place[b]], table[place[b], place[a]] = times, 1 / times
    if not _connected(table):
        raise _refusal("comparisons_apart", ", ".join(items))
    return table


def _check(place: Mapping[str, int], table: Floats, pair: tuple[str, str], times: float) -> None:
    named = " : ".join(pair)
    if pair[0] not in place or pair[1] not in place or pair[0] == pair[1]:
        raise _refusal("comparison_unknown", named)
    if not np.isnan(table[place[pair[0]], place[pair[1]]]):
        raise _refusal("comparison_twice", named)
    if not SCALE[0] - 1e-9 <= times <= SCALE[1] + 1e-9:
        raise _refusal("comparison_off_scale", f"{named} = {times:g}")


def _refusal(code: str, value: str) -> ScenarioError:
    return ScenarioError(Issue(code, "error", value=value))


def _connected(table: Floats) -> bool:
    reached = np.zeros(len(table), dtype=bool)
    reached[:1] = True
    for _ in range(len(table)):
        reached |= (~np.isnan(table[reached])).any(axis=0)
    return bool(reached.all())


def _worst(items: Sequence[str], table: Floats, weights: Floats) -> Comparison | None:
    implied = weights[:, None] / weights
    apart = np.triu(np.nan_to_num(np.abs(np.log(table / implied))), 1)
    if apart.max(initial=0.0) < 1e-9:
        return None
    a, b = divmod(int(apart.argmax()), len(items))
    others = table.copy()
    others[a, b] = others[b, a] = np.nan
    weights = _principal(others)[0] if _connected(others) else weights
    return Comparison(items[a], items[b], float(table[a, b]), float(weights[a] / weights[b]))
