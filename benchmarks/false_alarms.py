"""How often the verdicts cry wolf on series without anything in them, and how often they find what was planted.

    python benchmarks/false_alarms.py --series 2000

Prints two tables. Trends: share of flat series with p < 0.05, per test, and of rising series found. Weekdays: share of
logs without a weekday effect in which any weekday is named, and of logs with one in which it is named. Fixed seeds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.effects import weekday_finding
from core.trends import Floats, hamed_rao, mann_kendall, trend_verdicts, yue_wang

MONDAY = 4  # 1970-01-05
SEED = 20_240_501
PATTERN = np.array([1.5, 0.5, 0.0, 0.0, 0.5, -1.0, -1.5])  # a strong weekday pattern, in sd of the noise
VOLUME = np.array([60, 55, 50, 50, 60, 20, 12])  # chats per weekday: quiet weekends have noisier day values


def noise(rng: np.random.Generator, series: int, days: int, phi: float, tails: str = "normal") -> Floats:
    """AR(1) noise with unit variance, one row per series; ``tails`` normal or t3."""
    shocks = (
        rng.standard_t(3, (series, days + 50)) / np.sqrt(3) if tails == "t3" else rng.normal(size=(series, days + 50))
    )
    out = np.zeros_like(shocks)
    out[:, 0] = shocks[:, 0]
    for day in range(1, days + 50):
        out[:, day] = phi * out[:, day - 1] + np.sqrt(1 - phi**2) * shocks[:, day]
    return np.asarray(out[:, 50:], dtype=np.float64)


def daily_table(values: Floats) -> pd.DataFrame:
    """Series as the groups of one table: one row per series × day, ten observations a day."""
    series, days = values.shape
    return pd.DataFrame(
        {
            "group": np.repeat(np.arange(series), days),
            "local_day": np.tile(MONDAY + np.arange(days), series),
            "total": values.ravel() * 10,
            "count": 10,
        }
    )


def trend_rates(series: int, days: int, phi: float, pattern: bool, slope: float = 0.0) -> dict[str, float]:
    """Share of series with p < 0.05 per test; ``verdict`` needs both default tests. Slope in noise sd per day."""
    rng = np.random.default_rng([SEED, days, round(10 * phi), pattern])
    values = noise(rng, series, days, phi) + slope * np.arange(days)
    values = 20 + values + (np.resize(PATTERN, days) if pattern else 0.0)
    found = trend_verdicts(daily_table(values))
    single: dict[str, Callable[[Floats], float]] = {
        "mann_kendall": lambda x: mann_kendall(x).p,
        "hamed_rao_3": lambda x: hamed_rao(x, lags=3, floor=1.0).p,
        "yue_wang": lambda x: yue_wang(x).p,
    }
    few = values[: min(series, 500)]
    rates = {name: float(np.mean([test(row) < 0.05 for row in few])) for name, test in single.items()}
    rates |= {"weekly": float((found["p_weekly"] < 0.05).mean()), "blocked": float((found["p_blocked"] < 0.05).mean())}
    return rates | {"verdict": float((found["p"] < 0.05).mean())}


def weekday_values(series: int, weeks: int, phi: float, tails: str, volume: bool) -> Floats:
    """Relative day values around 1 with 10 % noise on a workday; with ``volume`` noisier on quiet weekends."""
    rng = np.random.default_rng([SEED, weeks, round(10 * phi), tails == "t3", volume])
    spread = 0.10 * (np.sqrt(VOLUME[0] / VOLUME) if volume else np.ones(7))
    return 1 + noise(rng, series, 7 * weeks, phi, tails) * np.resize(spread, 7 * weeks)


def named_days(values: Floats) -> list[tuple[int, ...]]:
    """Named weekdays per series."""
    days = MONDAY + np.arange(values.shape[1])
    return [weekday_finding(pd.DataFrame({"local_day": days, "value": row, "n": 40})).named for row in values]


def false_names(series: int, weeks: int, phi: float, tails: str = "normal", volume: bool = True) -> float:
    """Share of logs without a weekday effect in which a weekday is named."""
    return float(np.mean([bool(named) for named in named_days(weekday_values(series, weeks, phi, tails, volume))]))


def found_names(series: int, weeks: int, effect: float, weekday: int = 4, phi: float = 0.0) -> tuple[float, float]:
    """Share of logs in which the planted weekday is named, and in which it alone is."""
    values = weekday_values(series, weeks, phi, "normal", volume=True)
    values[:, weekday::7] *= 1 + effect
    named = named_days(values)
    return float(np.mean([weekday in days for days in named])), float(np.mean([days == (weekday,) for days in named]))


def trend_report(series: int) -> pd.DataFrame:
    """One row per length × autocorrelation × pattern: false alarms, then the power of the verdict."""
    rows = []
    for days in (56, 91, 182):
        for phi in (0.0, 0.3, 0.6):
            for pattern in (False, True):
                rates = trend_rates(series, days, phi, pattern)
                power = trend_rates(min(series, 500), days, phi, pattern, slope=0.012)["verdict"]
                rows.append({"days": days, "phi": phi, "pattern": pattern, **rates, "power": power})
    return pd.DataFrame(rows)


def weekday_report(series: int) -> pd.DataFrame:
    """One row per number of weeks × noise: false names and how often a planted Friday is found."""
    rows = []
    for weeks in (8, 12, 26):
        for phi, tails in ((0.0, "normal"), (0.3, "normal"), (0.3, "t3")):
            row = {"weeks": weeks, "phi": phi, "tails": tails, "named_on_null": false_names(series, weeks, phi, tails)}
            row["null_equal_days"] = false_names(series, weeks, phi, tails, volume=False)
            if tails == "normal":
                row |= {f"found_{100 * e:.0f}": found_names(series // 2, weeks, e, phi=phi)[0] for e in (0.20, 0.25)}
                row["alone_25"] = found_names(series // 2, weeks, 0.25, phi=phi)[1]
                row["saturday_25"] = found_names(series // 2, weeks, 0.25, weekday=5, phi=phi)[0]
            rows.append(row)
    return pd.DataFrame(rows)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=2000, help="series per cell (weekday cells use a quarter)")
    series = parser.parse_args().series
    with pd.option_context("display.width", 200, "display.max_columns", 30):
        print(f"Trends: share with p < 0.05, {series} flat series per cell; power at 0.012 noise sd per day")
        print(trend_report(series).round(3).to_string(index=False))
        print(f"\nWeekdays: share of {series // 4} logs in which a weekday is named")
        print(weekday_report(max(series // 4, 2)).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
