"""Ways to continue a series of daily counts: last week again, means of weekdays, exponential smoothing, STL and MSTL.

Each gives the means of the days ahead, its own one-step values on the past, and how its uncertainty grows with the distance;
`core.staffing.forecast` measures them against each other on held-out weeks and makes quantiles.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.staffing.queues import FloatArray

WEEK = 7
NAIVE = "seasonal_naive"
MEAN_WEEKS = 8
HOURLY_WEEKS = 8
YEARS_DAYS = 2 * 52 * WEEK
_STL_SEASONAL = 13
_PAIRS_MIN = 14
_STILL = 0.05


@dataclass(frozen=True, eq=False)
class Path:
    """What a model says about the days ahead.

    Args:
        mean: expected counts, one per day ahead.
        growth: variance of each day's error as a multiple of a one-step error's.
        fitted: the model's own one-step value of every past day; NaN where it has none.
        used: parameters it took from the data.
    """

    mean: FloatArray
    growth: FloatArray
    fitted: FloatArray
    used: int

    def noise(self, days: FloatArray, ordinary: np.ndarray) -> float:
        """Variance of a one-step error by the mean (1 is Poisson) over ordinary days, the error of the parameters included.

        A ratio of sums, so that the first days of a shop that just opened do not decide it. NaN with too few days.
        """
        known = ordinary & np.isfinite(self.fitted)
        n, free = int(known.sum()), int(known.sum()) - self.used
        if free < WEEK:
            return np.nan
        squares, level = ((days[known] - self.fitted[known]) ** 2).sum(), np.maximum(self.fitted[known], 1).sum()
        return float(squares / level * n / free * (1 + self.used / n))

    def residuals(self, days: FloatArray) -> FloatArray:
        """One-step errors of the past in units of the root of the mean, days without one left out."""
        known = np.isfinite(self.fitted)
        return np.asarray((days[known] - self.fitted[known]) / np.sqrt(np.maximum(self.fitted[known], 1)))


def last_week(days: FloatArray, horizon: int) -> Path:
    """The seasonal naive model: every day as its weekday was last.

    Its error grows as days several weeks apart really differ in this series: hardly where weeks only scatter around a level, with
    the root of the weeks where the level wanders.
    """
    fitted = np.concatenate([np.full(WEEK, np.nan), days[:-WEEK]])
    return Path(np.resize(days[-WEEK:], horizon), _weekly_growth(days, horizon), fitted, 0)


def _weekly_growth(days: FloatArray, horizon: int) -> FloatArray:
    """Variance of differences k weeks apart by that of one week apart: a straight line through all k, never falling."""
    most = min((len(days) - _PAIRS_MIN) // WEEK, -(-horizon // WEEK))
    weeks = np.arange(horizon) // WEEK + 1.0
    if most < 2:
        return np.asarray(weeks, float)
    apart = np.arange(1, most + 1)
    weight = np.array([len(days) - WEEK * k for k in apart], float)
    spread = np.array([np.mean((days[WEEK * k :] - days[: -WEEK * k]) ** 2) for k in apart])
    middle = np.average(apart, weights=weight)
    level = np.average(spread, weights=weight)
    slope = max(float((weight * (apart - middle) * spread).sum() / (weight * (apart - middle) ** 2).sum()), 0.0)
    first = level + slope * (1 - middle)
    return np.asarray(1 + slope / first * (weeks - 1) if first > slope / 2 else weeks, float)


def weekday_mean(days: FloatArray, horizon: int) -> Path:
    """Every day as its weekday was on average over the last eight weeks.

    >>> weekday_mean(np.array([1.0, 2, 3, 4, 5, 6, 7, 3, 2, 3, 4, 5, 6, 7]), 2).mean.tolist()
    [2.0, 2.0]
    """
    weeks = min(len(days) // WEEK, MEAN_WEEKS)
    recent = days[-weeks * WEEK :].reshape(weeks, WEEK)
    fitted = np.full(len(days), np.nan)
    fitted[-weeks * WEEK :] = np.tile(recent.mean(axis=0), weeks)
    return Path(np.resize(recent.mean(axis=0), horizon), np.ones(horizon), fitted, WEEK)


def smoothed(days: FloatArray, horizon: int, *, trend: bool = False, period: int = WEEK) -> Path:
    """Exponential smoothing with additive seasons (Holt–Winters); with ``trend`` a damped trend as well."""
    found = fit_smoothing(days, period, trend)
    values = found.params
    alpha, gamma = values["smoothing_level"], values["smoothing_seasonal"] if period > 1 else 0.0
    beta, damping = (values["smoothing_trend"], values["damping_trend"]) if trend else (0.0, 0.0)
    ahead = np.arange(1, horizon)
    drift = alpha * beta * np.cumsum(damping**ahead) if trend else 0.0
    weight = alpha + drift + gamma * (ahead % period == 0)
    growth = 1 + np.concatenate([[0.0], np.cumsum(weight**2)])
    used = (period if period > 1 else 1) + (2 if period > 1 else 1) + (3 if trend else 0)
    return Path(np.asarray(found.forecast(horizon), float), growth, np.asarray(found.fittedvalues, float), used)


def fit_smoothing(days: FloatArray, period: int = WEEK, trend: bool = False) -> Any:
    """The fitted additive model of statsmodels: ``sse``, ``aicc``, ``params``, ``forecast``.

    `ExponentialSmoothing` on purpose: `ETSModel` stays in poor optima. With a trend a second start, level nearly fixed, is tried and
    the better fit wins; without one the first start is as good as a grid of them, in a third of the time.
    """
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    seasons = {"seasonal": "add", "seasonal_periods": period} if period > 1 else {}
    shape = {"trend": "add" if trend else None, "damped_trend": trend, **seasons}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ExponentialSmoothing(days, initialization_method="estimated", **shape)
        first = model.fit(use_brute=False)
        if not trend:
            return first
        start = np.concatenate([[_STILL], first.mle_retvals.x[1:]])
        again = model.fit(use_brute=False, start_params=start)
    return again if again.sse < first.sse else first


def decomposed(days: FloatArray, horizon: int, periods: Sequence[int]) -> Path:
    """STL (several periods: MSTL) takes the seasons out, exponential smoothing continues the rest, the last season is repeated."""
    return _continued(days, seasons(days, periods), periods, horizon)


def _continued(days: FloatArray, parts: list[FloatArray], periods: Sequence[int], horizon: int) -> Path:
    whole = np.sum(parts, axis=0)
    rest = smoothed(days - whole, horizon, period=1)
    ahead = np.sum([np.resize(one[-period:], horizon) for one, period in zip(parts, periods, strict=True)], axis=0)
    return Path(rest.mean + ahead, rest.growth, rest.fitted + whole, rest.used + max(periods) - 1)


def seasons(values: FloatArray, periods: Sequence[int]) -> list[FloatArray]:
    """The seasonal parts of a series, one per period: STL for one period, robust against single days; MSTL for several."""
    from statsmodels.tsa.seasonal import MSTL, STL

    if len(periods) == 1:
        return [np.asarray(STL(values, period=periods[0], seasonal=_STL_SEASONAL, robust=True).fit().seasonal)]
    jumps = {"trend_jump": min(periods), "low_pass_jump": min(periods)}  # a fifth of the time, the same to a hundredth of a contact
    found = MSTL(values, periods=tuple(periods), stl_kwargs=jumps).fit().seasonal
    return [np.asarray(found[:, i]) for i in range(len(periods))]


def by_hours(days: FloatArray, horizon: int, hours: FloatArray) -> Path:
    """MSTL with the seasons of the day and of the week on hourly counts, added up to days; with two years of days, week and year."""
    if len(days) >= YEARS_DAYS:
        return decomposed(days, horizon, (WEEK, YEARS_DAYS // 2))
    weekly = np.sum(seasons(hours.ravel(), (24, 24 * WEEK)), axis=0).reshape(-1, 24).sum(axis=1)
    return _continued(days, [weekly], (WEEK,), horizon)


Model = Callable[[FloatArray, FloatArray, int], Path]
MODELS: dict[str, tuple[int, Model]] = {
    NAIVE: (2, lambda days, hours, horizon: last_week(days, horizon)),
    "weekday_mean": (2, lambda days, hours, horizon: weekday_mean(days, horizon)),
    "ets": (3, lambda days, hours, horizon: smoothed(days, horizon)),
    "holt_winters": (4, lambda days, hours, horizon: smoothed(days, horizon, trend=True)),
    "stl": (3, lambda days, hours, horizon: decomposed(days, horizon, (WEEK,))),
    "mstl": (HOURLY_WEEKS, lambda days, hours, horizon: by_hours(days, horizon, hours)),
}
"""Name → whole weeks it needs, and the model; the simplest first."""
_SLOW = ("ets", "holt_winters", "stl", "mstl")


def paths(days: FloatArray, hours: FloatArray, horizon: int) -> dict[str, Path]:
    """Every model the series is long enough for; a series without any variation is only repeated.

    Args:
        days: counts per day, no gaps, at least two weeks.
        hours: the same counts by hour, days × 24.
        horizon: days ahead.
    """
    flat = bool(np.ptp(days) == 0)
    able = [name for name, (weeks, _) in MODELS.items() if len(days) >= weeks * WEEK and not (flat and name in _SLOW)]
    found = {name: MODELS[name][1](days, hours, horizon) for name in able}
    return {name: path for name, path in found.items() if np.isfinite(path.mean).all()}
