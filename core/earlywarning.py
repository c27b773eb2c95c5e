"""Early warning: is a level beginning to drift, before it reaches the limits of its chart?

Two running sums watch the days after a baseline: CUSUM (what the days are above, or below, the baseline by more than `SLACK`) and
EWMA (a mean that forgets). Both look at residuals: weekday pattern, mean and spread are the baseline's own, and the spread is that
of sums of days that resemble each other, σ·√((1 + φ)/(1 − φ)), so that one pair of limits serves every φ.

The limits and what they cost (days between false alarms) and give (days a drift is seen before its level reaches three standard
deviations) are measured, not derived: ``python benchmarks/early_warning.py --write`` makes ``earlywarning.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.changepoints import Days, residual_noise, weekday_pattern
from core.trends import EPOCH_WEEKDAY, Floats

BASES = (56, 28)
"""Days of a baseline, the longest that leaves `WATCHED_MIN` days to be watched."""
WATCHED_MIN = 7
SLACK = 0.25
FORGETS = 0.1
_FARTHEST = 3.0  # what one day may count: an outage is no drift
_FULL = 1.5  # how many times its limit a CUSUM may hold, so that it comes back when the level does
DRIFTS = (0.25, 0.5, 1.0)
"""Drifts the table knows, in standard deviations of a day per week."""
_FITTED = 2.0  # the mean and seven weekdays hide some of the resemblance of days; set so that false alarms hardly depend on it
_FILE = Path(__file__).parent / "earlywarning.toml"


@dataclass(frozen=True)
class Watch:
    """What the two sums say.

    Args:
        state: ``quiet``, ``warned`` (a sum is beyond its limit on the last day), ``eased`` (it was and is no more), or ``not_enough_data``.
        by: which sums are (or were) beyond: ``cusum``, ``ewma``; none while quiet.
        direction: ``up``, ``down`` or empty.
        since: day of the first warning; -1 without one.
        base: days of the baseline; 0 where there are too few.
        watched: days after it.
        phi: resemblance of neighbouring days in the baseline, 0 or more.
        sd: standard deviation of a day in the baseline, weekday pattern taken out.
        level: what the sums compare with.
        days: the watched days.
        cusum_up, cusum_down, ewma: the sums on each of them, in the limits' units.
    """

    state: str
    by: tuple[str, ...]
    direction: str
    since: int
    base: int
    watched: int
    phi: float
    sd: float
    level: float
    days: Days
    cusum_up: Floats
    cusum_down: Floats
    ewma: Floats


@dataclass(frozen=True)
class Baseline:
    """What a baseline says of a day: its level, the weekday's share, its spread and how days resemble each other."""

    level: float
    pattern: Floats
    sd: float
    phi: float

    @classmethod
    def of(cls, local_day: ArrayLike, values: ArrayLike, weights: ArrayLike | None = None) -> Baseline:
        """The baseline of some days; ``weights`` say how much each counts."""
        day, value = np.asarray(local_day, dtype=np.int64), np.asarray(values, dtype=np.float64)
        weight = np.ones(len(value)) if weights is None else np.asarray(weights, dtype=np.float64)
        pattern = weekday_pattern(day, value)
        plain = value - pattern[(day + EPOCH_WEEKDAY) % 7]
        phi, variance = residual_noise((day, plain, weight), [0, len(day)], _FITTED)
        return cls(float(np.average(plain, weights=weight)), pattern, float(np.sqrt(variance)), phi)

    def distance(self, local_day: ArrayLike, values: ArrayLike, weights: ArrayLike | None = None) -> Floats:
        """How far each day lies from the baseline, in standard deviations of a sum of such days."""
        day, value = np.asarray(local_day, dtype=np.int64), np.asarray(values, dtype=np.float64)
        weight = np.ones(len(value)) if weights is None else np.asarray(weights, dtype=np.float64)
        longer = self.sd * np.sqrt((1 + self.phi) / (1 - self.phi))
        return np.asarray((value - self.pattern[(day + EPOCH_WEEKDAY) % 7] - self.level) * np.sqrt(weight) / longer, dtype=np.float64)


def sums(distance: ArrayLike, most: float = np.inf) -> dict[str, Floats]:
    """CUSUM up, CUSUM down and EWMA after each day; along the last axis, so that many series go at once.

    One day counts three standard deviations at most; a CUSUM holds ``most`` at most.

    >>> {name: sum_.round(2).tolist() for name, sum_ in sums([1.0, 1.0, -1.0]).items()}
    {'up': [0.75, 1.5, 0.25], 'down': [0.0, 0.0, 0.75], 'ewma': [0.1, 0.19, 0.07]}
    """
    z = np.clip(np.asarray(distance, dtype=np.float64), -_FARTHEST, _FARTHEST)
    found = {name: np.zeros_like(z) for name in ("up", "down", "ewma")}
    up = down = mean = np.zeros(z.shape[:-1])
    for at in range(z.shape[-1]):
        up, down = np.clip(up + z[..., at] - SLACK, 0.0, most), np.clip(down - z[..., at] - SLACK, 0.0, most)
        mean = mean + FORGETS * (z[..., at] - mean)
        found["up"][..., at], found["down"][..., at], found["ewma"][..., at] = up, down, mean
    return found


@cache
def measured() -> Mapping[str, Any]:
    """The table the benchmark wrote: limits per baseline, and rows of what they cost and give."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def promise(base: int, phi: float) -> Mapping[str, Any]:
    """The measured row of a baseline for the nearest resemblance of days: ``false_alarm_days``, and ``delay`` and ``lead`` per drift.

    >>> row = promise(56, 0.25)
    >>> row["phi"], sorted(row["drift"]["0.5"])
    (0.3, ['delay', 'found', 'lead'])
    """
    rows = [row for row in measured()["row"] if row["base"] == base]
    return min(rows, key=lambda row: abs(row["phi"] - phi))


def watch(local_day: ArrayLike, values: ArrayLike, weights: ArrayLike | None = None) -> Watch:
    """Watch a series: the first 56 (or 28) values are the baseline, the sums run over the rest.

    Fewer than 28 + 7 values, and a baseline without spread, are ``not_enough_data``. Values must not be missing.

    >>> day = np.arange(4, 4 + 84)
    >>> drifting = 10 + np.sin(7.0 * day) + np.maximum(day - 60, 0) * 0.2
    >>> found = watch(day, drifting)
    >>> found.state, found.direction, found.base, found.watched
    ('warned', 'up', 56, 28)
    """
    day, value = np.asarray(local_day, dtype=np.int64), np.asarray(values, dtype=np.float64)
    weight = np.ones(len(value)) if weights is None else np.asarray(weights, dtype=np.float64)
    weight = weight / weight.mean() if len(weight) else weight
    base = next((size for size in BASES if len(value) >= size + WATCHED_MIN), 0)
    nothing = np.zeros(0)
    if not base:
        return Watch("not_enough_data", (), "", -1, 0, 0, np.nan, np.nan, np.nan, day[:0], nothing, nothing, nothing)
    known = Baseline.of(day[:base], value[:base], weight[:base])
    if not known.sd > 0:
        return Watch("not_enough_data", (), "", -1, base, 0, np.nan, 0.0, known.level, day[:0], nothing, nothing, nothing)
    limits = measured()["limits"][str(base)]
    found = sums(known.distance(day[base:], value[base:], weight[base:]), _FULL * limits["cusum"])
    told = _told(found, limits, day[base:])
    return Watch(
        *told, base, len(value) - base, known.phi, known.sd, known.level, day[base:], found["up"], found["down"], found["ewma"]
    )  # fmt: skip


def _told(found: Mapping[str, Floats], limits: Mapping[str, float], day: Days) -> tuple[str, tuple[str, ...], str, int]:
    """State, sums, direction and day of the first warning."""
    rising = {"cusum": found["up"] > limits["cusum"], "ewma": found["ewma"] > limits["ewma"]}
    falling = {"cusum": found["down"] > limits["cusum"], "ewma": found["ewma"] < -limits["ewma"]}
    sides = {name: np.logical_or.reduce(list(hits.values())) for name, hits in (("up", rising), ("down", falling))}
    beyond = sides["up"] | sides["down"]
    if not beyond.any():
        return "quiet", (), "", -1
    now = bool(beyond[-1])
    at = len(day) - 1 if now else int(np.flatnonzero(beyond)[-1])
    direction = "up" if sides["up"][at] else "down"
    by = tuple(name for name, hit in (rising if direction == "up" else falling).items() if hit[at])
    return "warned" if now else "eased", by, direction, int(day[np.flatnonzero(beyond)[0]])
