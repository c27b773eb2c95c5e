"""One trend from close by: what its tests lean on, how long one must watch, a second line, and its season.

Nothing here decides a verdict. It opens a verdict up: noise and autocorrelation, gaps, ties, the weekday pattern; the weeks a slope of
this size needs to be seen; least squares with Newey-West errors as a second view; the day values taken apart into weekday season, long
run and rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from core.engine import Observed
from core.metrics import metric
from core.recompute import series, trend_values
from core.regression import least_squares
from core.scenario import Scenario
from core.seeing import Noise, chance, slope_seen, weeks_needed
from core.trends import EPOCH_WEEKDAY, theil_sen, week_of

Floats = NDArray[np.float64]
HAC_LAGS = 7
DAYS_LEAST = 21
WEEK, YEAR = 7, 365
_MOST_FILLED = 0.25
CHECKS = {"weeks": (8.0, np.inf), "autocorrelation": (-1.0, 0.6), "gaps": (0.0, 0.7), "ties": (0.0, 0.25), "alike": (0.0, 0.5)}
"""What a verdict leans on, and between which numbers its tests are known to hold: weeks with data, autocorrelation of neighbouring days,
part of the days without a value, part of the pairs of weeks that are equal, longest run of equal weeks as a part of all."""


def closeups(observed: Observed, scenario: Scenario, key: str, by: str = "agent") -> pd.DataFrame:
    """What lies behind each trend of a KPI, one row per group of `core.recompute.trends`.

    Columns: group; ``noise_week``, ``noise_day`` (sd around the line) and ``autocorrelation`` (of neighbouring days, weekday pattern and
    line taken out); ``power_weeks`` (weeks after which both tests see a slope of this size in 80 % of cases at 5 %; infinite beyond five
    years), ``power_now`` (that chance with the weeks there are), ``slope_seen`` (the slope per week that these weeks show in 80 %);
    ``hac_slope``, ``hac_low``, ``hac_high`` (least squares on day values with weekday levels, Newey-West over 7 days, 95 %), ``ols_low``,
    ``ols_high`` (the same with plain errors); ``gaps``, ``ties``, ``alike`` (see `CHECKS`), ``pattern`` (part of the day values' scatter
    that the weekday explains), ``n_days``. Missing is NaN.
    """
    days, weeks = values(observed, scenario, key, by)
    per_day, per_week = dict(list(days.groupby("group"))), dict(list(weeks.groupby("group")))
    rows = [{"group": name, **_of(per_day[name], per_week[name])} for name in sorted(per_day) if name in per_week]
    return pd.DataFrame(rows)


def values(observed: Observed, scenario: Scenario, key: str, by: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Day values (group, local_day, value, n) and week values (group, week, value, n) of the full weeks of the period."""
    tables = [series(observed, scenario, (metric(key).key,), by, unit) for unit in ("date", "week")]
    days, weeks = trend_values(tables[0], tables[1], key, by)
    start, period = 0 if scenario.get("week_start") == "monday" else 6, tables[0].period
    first, last = int(week_of(period.first_day + 6, start)), int(week_of(period.last_day + 1, start))
    day_week = week_of(days["local_day"], start)
    return days[(day_week >= first) & (day_week < last)], weeks[(weeks["week"] >= first) & (weeks["week"] < last)]


def _of(days: pd.DataFrame, weeks: pd.DataFrame) -> dict[str, float]:
    at, week = weeks["week"].to_numpy(dtype=np.float64), weeks["value"].to_numpy(dtype=np.float64)
    slope = theil_sen(week, at).slope if len(week) > 1 else np.nan
    day = days["local_day"].to_numpy(dtype=np.int64)
    value = days["value"].to_numpy(dtype=np.float64)
    left = value - slope / 7 * (day - day.mean())
    weekday = (day + EPOCH_WEEKDAY) % 7
    level = pd.Series(left).groupby(weekday).transform("mean").to_numpy()
    noise = _noise(week - slope * (at - at.mean()), left - level, day)
    span = float(day.max() - day.min() + 1)
    noise = replace(noise, presence=tuple(min(1.0, 7 * float((weekday == number).sum()) / max(span, 7)) for number in range(7)))
    n_weeks = len(week)
    found = {"noise_week": noise.week, "noise_day": noise.day, "autocorrelation": noise.phi}
    found |= {"power_weeks": weeks_needed(slope, noise), "power_now": chance(slope, noise, n_weeks) if n_weeks >= 8 else np.nan}
    found |= {"slope_seen": slope_seen(noise, n_weeks) if n_weeks >= 8 else np.nan, **_line(day, value, weekday)}
    scatter = float(np.var(left))
    pairs = n_weeks * (n_weeks - 1) / 2
    tied = sum(t * (t - 1) / 2 for t in np.unique(week, return_counts=True)[1])
    return found | {
        "gaps": 1 - len(day) / span, "ties": tied / pairs if pairs else np.nan, "alike": _longest_run(week) / max(n_weeks, 1),
        "pattern": float(np.var(level)) / scatter if scatter > 0 else np.nan, "n_days": float(len(day)),
    }  # fmt: skip


def _noise(weeks: Floats, days: Floats, day: NDArray[np.int64]) -> Noise:
    """Scatter around the line; neighbours in time only where both days have a value."""
    if len(weeks) < 4 or len(days) < DAYS_LEAST:
        return Noise(np.nan, np.nan, np.nan)
    week, spread = float(np.std(weeks, ddof=2)), float(np.std(days, ddof=min(8, len(days) - 1)))
    grid = np.full(int(day.max() - day.min()) + 1, np.nan)
    grid[day - day.min()] = days
    if not spread > 1e-9 * max(1.0, float(np.abs(days).max())):
        return Noise(week, spread, np.nan)
    pairs = grid[1:] * grid[:-1]
    phi = float(np.nanmean(pairs) / np.nanvar(grid)) if (~np.isnan(pairs)).sum() > 5 else 0.0
    return Noise(week, spread, float(np.clip(phi + (1 + 3 * phi) / len(days), -0.9, 0.9)))


def _line(day: NDArray[np.int64], value: Floats, weekday: NDArray[np.int64]) -> dict[str, float]:
    """Least squares over weekday levels: slope per week with plain and Newey-West ends."""
    kept = [number for number in range(7) if (weekday == number).any()]
    design = np.column_stack([(day - day.mean()) / 7.0, *(weekday == number for number in kept)]).astype(np.float64)
    names = ("hac_slope", "hac_low", "hac_high", "ols_low", "ols_high")
    if len(day) < max(DAYS_LEAST, design.shape[1] + 2):
        return dict.fromkeys(names, np.nan)
    fit = least_squares(design, value, HAC_LAGS)
    slope, reach = float(fit.coefficients[0]), float(special.stdtrit(len(day) - design.shape[1], 0.975))
    robust, plain = reach * float(fit.se_hac_small[0]), reach * float(fit.se[0])
    return dict(zip(names, (slope, slope - robust, slope + robust, slope - plain, slope + plain), strict=True))


def _longest_run(values: Floats) -> int:
    """Most neighbours that are the same."""
    edges = np.flatnonzero(np.diff(values) != 0)
    return int(np.diff(np.concatenate([[-1], edges, [len(values) - 1]])).max()) if len(values) else 0


def checks(row: Any, n_weeks: float) -> list[tuple[str, float, bool]]:
    """What the verdict leans on: code, number, and whether it lies where the tests are known to hold. Unknown numbers are left out."""
    numbers = {"weeks": float(n_weeks)} | {name: float(getattr(row, name)) for name in CHECKS if name != "weeks"}
    known = {name: number for name, number in numbers.items() if not np.isnan(number)}
    return [(name, number, bool(CHECKS[name][0] <= number <= CHECKS[name][1])) for name, number in known.items()]


def fanned(weeks: pd.DataFrame, row: Any, margin: float, relative: bool) -> pd.DataFrame:
    """A chart's weeks (`core.views.fitted`) with the band of the slope and the margin, both as lines through the fitted line's middle.

    Adds ``fit_low`` and ``fit_high`` (slopes at the ends of the 95 % interval) and ``margin_low``, ``margin_high`` (the steepest lines
    that would still be practically unchanged over the weeks with data). Unchanged where there is no line.
    """
    if "fit" not in weeks or np.isnan(row.low):
        return weeks
    at, seen = np.arange(len(weeks), dtype=np.float64), weeks["y"].notna().to_numpy()
    middle = float(np.median(at[seen]))
    level = float(np.median(weeks["y"].to_numpy()[seen]))
    steepest = margin * (abs(level) if relative else 1.0) / max(float(np.ptp(at[seen])), 1.0)
    slopes = {"fit_low": row.low, "fit_high": row.high, "margin_low": -steepest, "margin_high": steepest}
    return weeks.assign(**{name: level + slope * (at - middle) for name, slope in slopes.items()})


def second_line(weeks: pd.DataFrame, slope: float) -> pd.DataFrame:
    """A chart's weeks with the least-squares slope as ``second``, through the middle of the weeks' values."""
    if np.isnan(slope) or weeks["y"].notna().sum() < 2:
        return weeks
    at, seen = np.arange(len(weeks), dtype=np.float64), weeks["y"].notna().to_numpy()
    return weeks.assign(second=weeks["y"].mean() + slope * (at - at[seen].mean()))


# --- season, long run, rest --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Season:
    """Day values taken apart.

    Args:
        days: one row per calendar day: local_day, value (NaN where there was none), trend, week (weekday season), year (yearly season,
            only in logs of two years and more), rest. value = trend + week + year + rest where there is a value.
        filled: part of the days that had no value and were bridged. ``strength``: of the weekday season, 0 none to 1 all.
        reason: ``too_few_days`` or ``too_many_gaps`` where there is nothing; else empty.
    """

    days: pd.DataFrame
    filled: float
    strength: float
    reason: str = ""


def season(day: NDArray[np.int64], value: Floats) -> Season:
    """Weekday season, long run and rest of day values by STL (robust); with two full years a yearly season too (MSTL).

    Missing days are bridged by their weekday's median on a straight line between neighbours, and said so. Fewer than three weeks, or
    more than a quarter of the days missing, are not taken apart. Source: Cleveland et al. 1990; Bandara, Hyndman & Bergmeir 2021.

    >>> days = np.arange(70)
    >>> found = season(days, 10.0 + 0.1 * days + np.tile([3.0, 0, 0, 0, 0, 0, -3.0], 10))
    >>> found.days["week"].round(1).tolist()[0], round(found.strength, 2)
    (3.0, 1.0)
    """
    empty = pd.DataFrame({name: np.zeros(0) for name in ("local_day", "value", "trend", "week", "rest")})
    if len(day) < DAYS_LEAST:
        return Season(empty, np.nan, np.nan, "too_few_days")
    whole = np.arange(day.min(), day.max() + 1)
    seen = pd.Series(value, index=day).reindex(whole)
    filled = float(seen.isna().mean())
    if filled > _MOST_FILLED:
        return Season(empty, filled, np.nan, "too_many_gaps")
    weekday = pd.Series((whole + EPOCH_WEEKDAY) % WEEK, index=whole)
    level = (seen - seen.median()).groupby(weekday).transform("median").fillna(0.0)
    bridged = (seen - level).interpolate(limit_direction="both") + level
    parts = _apart(bridged.to_numpy(dtype=np.float64))
    rest, week = parts["rest"], parts["week"]
    spread = float(np.var(rest + week))
    strength = max(0.0, 1 - float(np.var(rest)) / spread) if spread > 0 else 0.0
    frame = pd.DataFrame({"local_day": whole, "value": seen.to_numpy(dtype=np.float64), **parts})
    return Season(frame, filled, strength)


def _apart(values: Floats) -> dict[str, Floats]:
    from statsmodels.tsa.seasonal import MSTL, STL

    if len(values) >= 2 * YEAR:
        found = MSTL(values, periods=(WEEK, YEAR), stl_kwargs={"robust": True, "seasonal_deg": 0}).fit()
        week, year = found.seasonal.T
        return {"trend": found.trend, "week": week, "year": year, "rest": found.resid}
    found = STL(values, period=WEEK, seasonal=13, robust=True).fit()
    return {"trend": found.trend, "week": found.seasonal, "rest": found.resid}


def adjusted(found: Season, most: int = 700) -> pd.DataFrame:
    """Day values without their seasons beside the long run, for a chart: x (date), y, level; whole weeks' means where days are too many."""
    days = found.days
    season = days["week"] + days.get("year", 0.0)
    frame = pd.DataFrame({"x": pd.to_datetime(days["local_day"], unit="D").astype("datetime64[us]"), "y": days["value"] - season})
    frame["level"] = days["trend"]
    if len(frame) <= most:
        return frame
    return frame.groupby((days["local_day"] // WEEK).to_numpy()).agg({"x": "min", "y": "mean", "level": "mean"}).reset_index(drop=True)


def extremes(found: Season) -> tuple[tuple[int, float], tuple[int, float]]:
    """The weekday with the highest and the one with the lowest part of the weekday season, each with its mean."""
    weekday = ((found.days["local_day"].astype("int64") + EPOCH_WEEKDAY) % WEEK).to_numpy()
    mean = found.days["week"].groupby(weekday).mean()
    return (int(mean.idxmax()), float(mean.max())), (int(mean.idxmin()), float(mean.min()))
