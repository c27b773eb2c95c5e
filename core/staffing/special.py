"""Days that are not usual: public holidays and promotions, kept apart and measured against like weekdays.

What a kind of day did is a ratio to the usual contacts of the same weekdays around it. One past event says what happened then and
nothing about the next one; from two events on the next gets the mean ratio, with an interval from how the events differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy import special as functions

from core.scenario import spans
from core.staffing.counts import dispersion
from core.staffing.queues import IntArray

WEEK = 7
KINDS = ("holiday", "promotion")
EVENTS_MIN = 2
_NEAR = 8
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Effect:
    """What days of one kind did: contacts on them by those usual for their weekdays.

    Args:
        kind: "holiday" or "promotion".
        events: runs of days in a row; ``days`` in all.
        observed, expected: contacts on these days, and usual ones.
        ratio, low, high: with its 95 % interval (quasi-Poisson): what happened on these days.
        next_ratio, next_low, next_high: what the next such event may bring, 80 %; NaN below two events.
        doubt: coefficient of variation of the next event's ratio.
    """

    kind: str
    events: int
    days: int
    observed: int
    expected: float
    ratio: float
    low: float
    high: float
    next_ratio: float = np.nan
    next_low: float = np.nan
    next_high: float = np.nan
    doubt: float = np.nan


def ordinary_days(first_day: int, days: int, special: Mapping[int, tuple[str, str]]) -> np.ndarray:
    """Which days of a period are not special.

    >>> ordinary_days(10, 3, {11: ("promotion", "")}).tolist()
    [True, False, True]
    """
    return np.array([day not in special for day in range(first_day, first_day + days)], dtype=bool)


def effects(days: IntArray, first_day: int, special: Mapping[int, tuple[str, str]]) -> tuple[Effect, ...]:
    """What each kind of special day within the period did; kinds without a day, or without like days beside it, are left out.

    >>> week = [10, 10, 10, 10, 10, 5, 5]
    >>> found = effects(np.array(week * 3 + [30] + week[1:]), 0, {21: ("promotion", "sale")})[0]
    >>> found.ratio, found.events, found.next_ratio
    (3.0, 1, nan)
    """
    ordinary = ordinary_days(first_day, len(days), special)
    weekdays = np.arange(len(days)) % WEEK
    index = dispersion(days[ordinary][:, None], weekdays[ordinary]).index
    noise = max(index, 1.0) if np.isfinite(index) else 1.0
    found = []
    for kind in KINDS:
        own = np.array([special.get(first_day + at, ("", ""))[0] == kind for at in range(len(days))], dtype=bool)
        runs = _runs(np.flatnonzero(own))
        parts = [(int(days[run].sum()), _usual(days, ordinary, run), len(run)) for run in runs]
        parts = [part for part in parts if part[1] > 0]
        if parts:
            found.append(_effect(kind, parts, noise))
    return tuple(found)


def _runs(at: IntArray) -> list[IntArray]:
    return [run for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(run)]


def _usual(days: IntArray, ordinary: np.ndarray, run: IntArray) -> float:
    """Usual contacts on a run of days: for each the mean of the nearest ordinary days of its weekday."""
    total = 0.0
    for at in run:
        like = np.flatnonzero(ordinary & (np.arange(len(days)) % WEEK == at % WEEK))
        near = like[np.argsort(np.abs(like - at), kind="stable")][:_NEAR]
        total += float(days[near].mean()) if len(near) else np.nan
    return total


def _effect(kind: str, parts: list[tuple[int, float, int]], noise: float) -> Effect:
    observed, expected, days = (sum(part[i] for part in parts) for i in range(3))
    ratio = observed / expected
    # Both the days themselves and the like days beside them scatter.
    half = functions.ndtri(0.975) * np.sqrt(noise * (1 / max(observed, 0.5) + 1 / (expected * _NEAR)))
    low, high = ratio * np.exp(-half), ratio * np.exp(half)
    base = Effect(kind, len(parts), int(days), int(observed), float(expected), ratio, float(low), float(high))
    return base if len(parts) < EVENTS_MIN else _with_next(base, parts, noise)


def _with_next(base: Effect, parts: list[tuple[int, float, int]], noise: float) -> Effect:
    """The next event by how the past ones differ, on the log scale, never surer than their own counts allow."""
    logs = np.log([max(observed, 0.5) / expected for observed, expected, _ in parts])
    n = len(logs)
    least = float(np.mean([noise / max(observed, 0.5) for observed, _, _ in parts]))
    spread = float(np.sqrt(max(logs.var(ddof=1), least) * (1 + 1 / n)))
    middle, half = float(logs.mean()), float(functions.stdtrit(n - 1, 0.9)) * spread
    values = {name: getattr(base, name) for name in base.__dataclass_fields__}
    doubt = half / float(functions.ndtri(0.9))
    ends = {"next_low": float(np.exp(middle - half)), "next_high": float(np.exp(middle + half))}
    return Effect(**(values | ends | {"next_ratio": float(np.exp(middle)), "doubt": doubt}))


def next_effect(found: Iterable[Effect], kind: str) -> tuple[float, float]:
    """Ratio and its coefficient of variation for a coming day of a kind; (1, 0) where nothing usable is known."""
    for each in found:
        if each.kind == kind and np.isfinite(each.next_ratio):
            return each.next_ratio, each.doubt
    return 1.0, 0.0


def effect_table(found: Iterable[Effect]) -> pd.DataFrame:
    """Effects as a table, one row per kind."""
    return pd.DataFrame([{name: getattr(each, name) for name in Effect.__dataclass_fields__} for each in found])


def promotions(words: str) -> dict[int, tuple[str, str]]:
    """Promotion days from dates and spans, as the knob of that name has them.

    >>> sorted(promotions("1970-01-03 1970-01-05..1970-01-06"))
    [2, 4, 5]
    """
    found: dict[int, tuple[str, str]] = {}
    for first, last in spans(words):
        name = first.isoformat() if first == last else f"{first.isoformat()}..{last.isoformat()}"
        found |= dict.fromkeys(range((first - _EPOCH).days, (last - _EPOCH).days + 1), ("promotion", name))
    return found
