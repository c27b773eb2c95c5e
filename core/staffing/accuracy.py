"""How good a forecast was: its errors against last week's figures, its quantiles and its band against what came.

MASE divides by the in-sample error of the seasonal naive forecast (Hyndman & Koehler 2006): below 1 is better than repeating the
last season was on the training data. MAPE does not exist where something to be forecast is 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from core.staffing.queues import FloatArray

BAND = 0.8


@dataclass(frozen=True)
class Errors:
    """Errors of a point forecast; NaN where a figure does not exist.

    ``scale`` is the mean absolute in-sample error of the seasonal naive forecast, ``wape`` the sum of absolute errors by the sum of
    what came, ``mape`` in per cent and only where nothing is 0.
    """

    mae: float
    rmse: float
    mape: float
    wape: float
    mase: float
    scale: float


@dataclass(frozen=True, eq=False)
class Naive:
    """The seasonal naive forecast: the last season again, with normal intervals by the in-sample error ``sd``."""

    mean: FloatArray
    sd: FloatArray

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Both ends of a prediction interval.

        >>> ends = seasonal_naive(np.array([1.0, 5.0, 2.0, 4.0]), 3, 2).interval(0.8)
        >>> ends[0].round(2).tolist(), ends[1].round(2).tolist()
        ([0.72, 2.72, 0.19], [3.28, 5.28, 3.81])
        """
        half = special.ndtri((1 + level) / 2) * self.sd
        return self.mean - half, self.mean + half


def seasonal_naive(train: ArrayLike, horizon: int, period: int) -> Naive:
    """Repeat the last season; the error grows with the square root of the seasons ahead.

    Raises:
        ValueError: less than one season and one value more.
    """
    y = np.asarray(train, float)
    if len(y) <= period:
        raise ValueError(f"{len(y)} values, must be > one season of {period}.")
    error = np.sqrt(np.nanmean((y[period:] - y[:-period]) ** 2))
    return Naive(np.resize(y[-period:], horizon), error * np.sqrt(np.arange(horizon) // period + 1))


def naive_scale(train: ArrayLike, period: int) -> float:
    """Mean absolute in-sample error of the seasonal naive forecast; NaN with one season or less.

    >>> naive_scale([1, 5, 2, 3], 2)
    1.5
    """
    y = np.asarray(train, float)
    return float(np.nanmean(np.abs(y[period:] - y[:-period]))) if len(y) > period else np.nan


def errors(actual: ArrayLike, forecast: ArrayLike, scale: float) -> Errors:
    """Errors of a point forecast; ``scale`` as from `naive_scale`.

    >>> errors([2, 0], [1, 1], 2.0)
    Errors(mae=1.0, rmse=1.0, mape=nan, wape=1.0, mase=0.5, scale=2.0)
    """
    y, off = np.asarray(actual, float), np.asarray(actual, float) - np.asarray(forecast, float)
    if not len(y):
        return Errors(np.nan, np.nan, np.nan, np.nan, np.nan, scale)
    mae, total = float(np.abs(off).mean()), float(np.abs(y).sum())
    mape = float((np.abs(off) / np.abs(y)).mean() * 100) if np.all(y != 0) else np.nan
    wape = float(np.abs(off).sum() / total) if total else np.nan
    return Errors(mae, float(np.sqrt((off**2).mean())), mape, wape, mae / scale if scale > 0 else np.nan, scale)


def pinball(actual: ArrayLike, quantile: ArrayLike, share: float) -> float:
    """Mean pinball loss of a forecast quantile; NaN without values.

    >>> round(pinball([10, 20], [12, 12], 0.9), 3)
    3.7
    """
    off = np.asarray(actual, float) - np.asarray(quantile, float)
    return float(np.maximum(share * off, (share - 1) * off).mean()) if off.size else np.nan


def coverage(actual: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of values inside the band, both ends included; NaN without values.

    >>> coverage([1, 2, 9], [0, 2, 0], [2, 2, 8]).__round__(2)
    0.67
    """
    y = np.asarray(actual, float)
    return float(((y >= np.asarray(low)) & (y <= np.asarray(high))).mean()) if y.size else np.nan


def winkler(actual: ArrayLike, low: ArrayLike, high: ArrayLike, level: float = BAND) -> float:
    """Mean interval score: the width, and what lies outside times 2 / (1 − level); smaller is better.

    >>> winkler([1, 9], [0, 0], [2, 8], 0.8)
    10.0
    """
    y, low, high = (np.asarray(each, float) for each in (actual, low, high))
    outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return float((high - low + 2 / (1 - level) * outside).mean()) if y.size else np.nan


def autocorrelation(values: ArrayLike, lags: int) -> FloatArray:
    """Autocorrelation at lags 1 … ``lags`` (divisor n); NaN where nothing varies or the lag reaches beyond the series.

    >>> autocorrelation([1, -1, 1, -1], 2).tolist()
    [-0.75, 0.5]
    """
    x = np.asarray(values, float)
    x = x - x.mean() if len(x) else x
    total = float(x @ x)
    found = np.full(lags, np.nan)
    for lag in range(1, min(lags, len(x) - 1) + 1):
        found[lag - 1] = float(x[lag:] @ x[:-lag]) / total if total > 0 else np.nan
    return found


def ljung_box(values: ArrayLike, lags: int, used: int = 0) -> tuple[float, float]:
    """Ljung-Box statistic over ``lags`` and its p-value; ``used`` parameters lower the degrees of freedom.

    >>> [round(each, 3) for each in ljung_box([1, -1, 1, -1, 1, -1], 1)]
    [6.667, 0.01]
    """
    x = np.asarray(values, float)
    r = autocorrelation(x, lags)
    q = float(len(x) * (len(x) + 2) * (r**2 / (len(x) - np.arange(1, lags + 1))).sum()) if len(x) > lags else np.nan
    return q, float(special.chdtrc(max(lags - used, 1), q))


def diebold_mariano(loss: ArrayLike, other: ArrayLike, lags: int = 0) -> tuple[float, float]:
    """Mean by which a forecast's losses are below another's, and the one-sided p-value of "no better".

    One loss per date, in order; ``lags`` of autocorrelation are allowed for (Bartlett weights), t quantile with n − 1 degrees of
    freedom. NaN below three dates; p = 1 where the two never differ.

    >>> gain, p = diebold_mariano([1, 1, 2, 1, 1], [2, 2, 2, 3, 2])
    >>> gain, round(p, 3)
    (1.0, 0.017)
    """
    gain = np.asarray(other, float) - np.asarray(loss, float)
    n = len(gain)
    if n < 3:
        return np.nan, np.nan
    mean, off = float(gain.mean()), gain - gain.mean()
    variance = float(off @ off) / n
    for lag in range(1, min(lags, n - 1) + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(off[lag:] @ off[:-lag]) / n
    if variance <= 0:
        return mean, 0.0 if mean > 0 else 1.0
    return mean, float(special.stdtr(n - 1, -mean / np.sqrt(variance / (n - 1))))
