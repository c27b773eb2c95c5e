"""Unusual days: which day values lie so far from what is usual that chance does not make one like it in such a series?

A day is compared with its weekday (median) and with the weeks around it (running median), on the log scale for durations and counts.
How far the farthest of all days gets by chance depends on the number of days, on weekdays, on the medians taken out and on how alike
neighbouring days are, so it is simulated: the same calendar, the same steps, noise with the autocorrelation seen. A day's p therefore
already knows how many days were looked at. Days of few cases may lie farther out.

Sources: Rousseeuw & Croux 1993 (median absolute deviation); Westfall & Young 1993 (the largest of many).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.trends import ALPHA, EPOCH_WEEKDAY, STRONG

Floats = NDArray[np.float64]
WINDOW = 21
_COLUMNS = ("local_day", "value", "n", "expected", "low", "high", "z", "p_adjusted", "verdict")
_ALIKE_MOST = 0.8
_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class DayRules:
    """What days need.

    Args:
        days_min: days with a value that are needed. ``n_min``: cases a day needs to be judged.
        log: whether the values are judged on the log scale (durations, counts).
        draws, seed: of the simulated series.
    """

    days_min: int = 21
    n_min: float = 5.0
    log: bool = False
    draws: int = 1999
    seed: int = 20_260_403


@dataclass(frozen=True)
class Unusual:
    """Day values and what is unusual about them.

    Args:
        days: one row per day: local_day, value, n, expected (usual for the weekday and the weeks around), low, high (a day outside is
            unusual; one such day in 20 series without any), z (robust), p_adjusted (over all days), verdict (``no_evidence``,
            ``evidence``, ``strong_evidence``; ``not_enough_data`` for days of few cases).
        autocorrelation: of neighbouring days, taken into account. ``family``: days judged.
        reason: ``too_few_days``, ``zero_variance``; else empty.
    """

    days: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_COLUMNS)))
    autocorrelation: float = np.nan
    family: int = 0
    reason: str = ""

    @property
    def marked(self) -> pd.DataFrame:
        """The unusual days."""
        return self.days[self.days["verdict"].isin(["evidence", "strong_evidence"])].reset_index(drop=True)


def unusual_days(daily: pd.DataFrame, rules: DayRules | None = None) -> Unusual:
    """Which days are unusual for their weekday and the weeks around them?

    Args:
        daily: one row per day: local_day, value, n. Days without a value are left out.

    >>> day = np.arange(4, 4 + 84)
    >>> value = 100 + 10 * (day % 7 == 1) + np.random.default_rng(2).normal(0, 4, 84) + 40 * (day == 50)
    >>> unusual_days(pd.DataFrame({"local_day": day, "value": value, "n": 60.0})).marked["local_day"].tolist()
    [50]
    """
    rules = rules or DayRules()
    frame = daily[daily["value"].notna()].sort_values("local_day", kind="stable").reset_index(drop=True)
    judged = frame["n"] >= rules.n_min
    if rules.log:
        judged &= frame["value"] > 0
    used = frame[judged].reset_index(drop=True)
    if len(used) < rules.days_min:
        return Unusual(reason="too_few_days")
    values = used["value"].to_numpy(dtype=np.float64)
    y = np.log(values) if rules.log else values
    weekday = ((used["local_day"] + EPOCH_WEEKDAY) % 7).to_numpy()
    n = used["n"].to_numpy(dtype=np.float64)
    wide = np.ones(len(n)) if rules.log and np.array_equal(n, values) else np.sqrt((np.median(n) / n + 1) / 2)
    off, usual = _freed(y[None], weekday)
    scale = float(_scale(off / wide)[0, 0])
    if not scale > 1e-9 * max(float(np.abs(y).max()), 1e-300):
        return Unusual(reason="zero_variance")
    alike = _alike(y, weekday, used["local_day"].to_numpy())
    largest = np.sort(_largest(len(y), weekday, alike, rules))
    z = off[0] / wide / scale
    p = (len(largest) - np.searchsorted(largest, np.abs(z) - 1e-12) + 1) / (len(largest) + 1)
    reach = float(np.quantile(largest, 1 - ALPHA)) * scale * wide
    ends = [np.exp(part) if rules.log else part for part in (usual[0], usual[0] - reach, usual[0] + reach)]
    verdict = np.select([p < STRONG, p < ALPHA], ["strong_evidence", "evidence"], "no_evidence")
    used = used.assign(expected=ends[0], low=ends[1], high=ends[2], z=z, p_adjusted=p, verdict=verdict)
    rest = frame[~judged].assign(verdict="not_enough_data")
    days = pd.concat([used, rest], ignore_index=True).sort_values("local_day", kind="stable").reset_index(drop=True)
    return Unusual(days[list(_COLUMNS)], alike, len(used))


def _freed(series: Floats, weekday: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Series (one a row) without weekday medians and the running median; and what was taken out."""
    centre = np.median(series, axis=1, keepdims=True)
    of_day = np.zeros_like(series)
    for day in np.unique(weekday):
        here = weekday == day
        of_day[:, here] = np.median(series[:, here], axis=1, keepdims=True) - centre
    level = _running(series - of_day)
    return series - of_day - level, of_day + level


def _running(series: Floats) -> Floats:
    """Median of the days around each day; at the ends the nearest full window."""
    width = min(WINDOW, series.shape[1])
    windows = np.median(sliding_window_view(series, width, axis=1), axis=2)
    place = np.clip(np.arange(series.shape[1]) - width // 2, 0, windows.shape[1] - 1)
    return np.asarray(windows[:, place], dtype=np.float64)


def _scale(off: Floats) -> Floats:
    return np.asarray(1.482602218505602 * np.median(np.abs(off), axis=1, keepdims=True), dtype=np.float64)


def _alike(y: Floats, weekday: NDArray[np.int64], day: NDArray[np.int64]) -> float:
    """Autocorrelation of neighbouring days by their ranks, 0 … 0.8, with the usual correction of its bias downwards."""
    of_day = np.zeros_like(y)
    for one in np.unique(weekday):
        of_day[weekday == one] = np.median(y[weekday == one])
    rank = np.argsort(np.argsort(y - of_day, kind="stable"), kind="stable") - (len(y) - 1) / 2
    next_day = np.diff(day) == 1
    if next_day.sum() < 3:
        return 0.0
    raw = float((rank[1:] * rank[:-1])[next_day].mean() / (rank**2).mean())
    return float(np.clip(raw + (1 + 7 * max(raw, 0.0)) / len(y), 0.0, _ALIKE_MOST))


def _largest(size: int, weekday: NDArray[np.int64], alike: float, rules: DayRules) -> Floats:
    """The farthest day of each simulated series without anything unusual."""
    rng = np.random.default_rng(rules.seed)
    step = max(1, _AT_ONCE // (size * WINDOW))
    found = [_farthest(rng, (min(step, rules.draws - at), size), weekday, alike) for at in range(0, rules.draws, step)]
    return np.concatenate(found)


def _farthest(rng: np.random.Generator, shape: tuple[int, int], weekday: NDArray[np.int64], alike: float) -> Floats:
    noise = rng.normal(size=shape)
    noise[:, 0] /= np.sqrt(1 - alike**2)
    for at in range(1, shape[1]):
        noise[:, at] += alike * noise[:, at - 1]
    off, _ = _freed(noise, weekday)
    return np.asarray((np.abs(off) / _scale(off)).max(axis=1), dtype=np.float64)
