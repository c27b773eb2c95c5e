"""How often the verdicts cry wolf on series without anything in them, and how often they find what was planted.

    python benchmarks/false_alarms.py --series 2000

Prints seven tables. Trends: share of flat series with p < 0.05, per test, and of rising series found. Weekdays: share of
logs without a weekday effect in which any weekday is named, and of logs with one in which it is named. Before and after: share of
series without a change that are called changed, and of changed ones found. Coaching: share of shops of identical agents whose worst
fifth were "coached" without any effect and are called changed, and what they gained all the same. Arms: share of shops in which agents
who merely had the label are called changed against the others. Rollouts: the same for training on several days. Change points: share
of series without a change in which one is found, and of planted ones found. Fixed seeds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.beforeafter import EffectRules, expectations, judge_agents, judge_days
from core.changepoints import PRICE, find_changes, weekday_pattern
from core.course import STRICT
from core.effects import weekday_finding
from core.fairness import wilson
from core.rollouts import Rollout, exposures, judge_rollout
from core.trends import EPOCH_WEEKDAY, Floats, hamed_rao, mann_kendall, trend_verdicts, yue_wang

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


def changed_rates(series: int, half: int, phi: float, step: float = 0.0, pattern: bool = True) -> dict[str, float]:
    """Share of series of twice ``half`` days that are called changed at a p below 0.05, and whose interval holds ``step`` (noise sd)."""
    rng = np.random.default_rng([SEED, half, round(10 * phi), 7, pattern])
    days = MONDAY + np.arange(2 * half)
    weekly = np.resize(PATTERN, 2 * half) if pattern else 0.0
    values = 20 + noise(rng, series, 2 * half, phi) + weekly + step * (np.arange(2 * half) >= half)
    rules = EffectRules(MONDAY + half)
    found = [judge_days(pd.DataFrame({"local_day": days, "value": row, "n": 20}), rules) for row in values]
    covered = [one.low <= step <= one.high for one in found]
    return {"called": float(np.mean([one.p < 0.05 for one in found])), "covered": float(np.mean(covered))}


def coached(series: int, agents: int, per_day: int = 3, level: float = 0.85) -> dict[str, float]:
    """Identical agents, the worst fifth "coached" without effect: how often called changed, their gain in points and what was expected.

    Four weeks on each side with ``per_day`` ratings an agent a day.
    Shops with fewer than five coached agents judge the coached agents' days against the others' days.
    """
    rng = np.random.default_rng([SEED, agents, per_day])
    worst = agents // 5
    found = [_coached(rng, agents, worst, per_day, level) for _ in range(series)]
    called, gain, due = (float(np.mean(part)) for part in zip(*found, strict=True))
    return {"called": called, "gain_points": 100 * gain, "expected_points": 100 * due}


def _coached(rng: np.random.Generator, agents: int, worst: int, per_day: int, level: float) -> tuple[bool, float, float]:
    days = 28
    hits = rng.binomial(per_day, level, (agents, 2 * days)).astype(np.float64)
    size = days * per_day
    before, after = hits[:, :days].sum(axis=1), hits[:, days:].sum(axis=1)
    ends = wilson(before, np.full(agents, size))
    frame = pd.DataFrame({"before": before / size, "after": after / size, "before_se": (ends.high - ends.low) / (2 * 1.959964)})
    frame = expectations(frame).assign(touched=np.argsort(np.argsort(before, kind="stable")) < worst)
    touched = frame["touched"].to_numpy()
    if worst >= 5:
        one = judge_agents(frame)
    else:
        own, others = (
            pd.DataFrame({"local_day": MONDAY + np.arange(2 * days), "value": hits[who].mean(axis=0) / per_day, "n": per_day * who.sum()})
            for who in (touched, ~touched)
        )
        due, most = (float(frame[name][touched].mean()) for name in ("expected", "expected_most"))
        one = judge_days(own, EffectRules(MONDAY + days, share=True), others, (due, most))
    gain = float((frame["after"] - frame["before"])[touched].mean())
    return bool(one.p < 0.05), gain, one.expected


def arms(series: int, touched: int, others: int, effect: float = 0.0, uneven: float = 1.0) -> dict[str, float]:
    """Agents who really differ, a common move of the whole shop, some of them with a change of ``effect`` (in sd of an agent's move).

    ``uneven``: how many times as much the touched agents' figures scatter. Returns the share called changed and of intervals that hold it.
    """
    rng = np.random.default_rng([SEED, touched, others, round(10 * uneven)])
    found = [judge_agents(_arms(rng, touched, others, effect, uneven)) for _ in range(series)]
    covered = [one.low <= effect <= one.high for one in found]
    return {"called": float(np.mean([one.p < 0.05 for one in found])), "covered": float(np.mean(covered))}


def _arms(rng: np.random.Generator, touched: int, others: int, effect: float, uneven: float) -> pd.DataFrame:
    here = np.arange(touched + others) < touched
    own = 50 + 5 * rng.normal(size=len(here))
    error = np.where(here, uneven, 1.0) / np.sqrt(2)
    before, after = (own + error * rng.normal(size=len(here)) + move for move in (0.0, 3 + effect * here))
    frame = pd.DataFrame({"touched": here, "before": before, "after": after, "before_se": error})
    return expectations(frame)


def rolled_out(series: int, agents: int, trained: int, dates: int, worst: bool = False) -> dict[str, float]:
    """Agents trained without effect on one of several days, while the shop drifts; ``worst``: those with the lowest figures are sent.

    Nine weeks with 20 ratings a week of identical agents (``worst``), or agents who really differ.
    """
    rng = np.random.default_rng([SEED, agents, trained, dates, worst])
    found = [judge_rollout(_rolled_out(rng, agents, trained, dates, worst)) for _ in range(series)]
    covered = [one.low - one.explained[1] <= 0 <= one.high - one.explained[0] for one in found]
    return {"called": float(np.mean([one.p < 0.05 for one in found])), "covered": float(np.mean(covered))}


def _rolled_out(rng: np.random.Generator, agents: int, trained: int, dates: int, worst: bool) -> Rollout:
    days = np.array([28 + 7 * at for at in range(dates)])
    spans = [(int(day) - 28, int(day) - 1, int(day), int(day) + 27) for day in days]
    length, error = int(days[-1]) + 28, 1.0 * np.sqrt(28)
    level = 50 + (0.0 if worst else 5.0) * rng.normal(size=(agents, 1))
    values = level + np.cumsum(rng.normal(0, 0.3, length)) + error * rng.normal(size=(agents, length))
    before, after = (np.stack([values[:, span[at] : span[at + 1] + 1].mean(axis=1) for span in spans], axis=1) for at in (0, 2))
    order = np.argsort(before[:, 0]) if worst else rng.permutation(agents)
    own = np.full(agents, -1)
    own[order[:trained]] = rng.integers(0, dates, trained)
    due = [expectations(pd.DataFrame({"before": column, "before_se": 1.0})) for column in before.T]
    expected, most = (np.column_stack([frame[name] for frame in due]) for name in ("expected", "expected_most"))
    return Rollout(before, after, expected, most, own, exposures(days, spans))


def rollout_report(series: int) -> pd.DataFrame:
    """One row per way to train: one day or three, at random or the lowest figures."""
    cells = [(20, 8, 1, False), (20, 8, 3, False), (20, 6, 1, True), (30, 8, 3, True)]
    return pd.DataFrame([
        {"agents": agents, "trained": trained, "dates": dates, "lowest": worst, **rolled_out(series, agents, trained, dates, worst)}
        for agents, trained, dates, worst in cells
    ])  # fmt: skip


def before_after_report(series: int) -> pd.DataFrame:
    """One row per length × autocorrelation × pattern: false alarms, coverage, and how often steps of 1 and 1.5 noise sd are found."""
    rows = []
    for half in (14, 28, 56):
        for phi in (0.0, 0.3, 0.6):
            for pattern in (False, True):
                row = {"days": f"{half}+{half}", "phi": phi, "pattern": pattern, **changed_rates(series, half, phi, pattern=pattern)}
                steps = (1.0, 1.5) if pattern else ()
                row |= {f"found_{step}": changed_rates(max(series // 4, 2), half, phi, step)["called"] for step in steps}
                rows.append(row)
    return pd.DataFrame(rows)


def coaching_report(series: int) -> pd.DataFrame:
    """One row per number of identical agents × ratings a day."""
    sizes = [(agents, per_day) for agents in (20, 40) for per_day in (1, 3, 7)]
    return pd.DataFrame([
        {"agents": agents, "coached": agents // 5, "ratings": 28 * per_day, **coached(series, agents, per_day)} for agents, per_day in sizes
    ])  # fmt: skip


def arms_report(series: int) -> pd.DataFrame:
    """One row per sizes of the two arms × unevenness: false alarms, coverage, and how often an effect of 1.5 sd of a move is found."""
    rows = []
    for touched, others in ((5, 5), (5, 20), (10, 10), (8, 32)):
        for uneven in (1.0, 2.0):
            flat, power = arms(series, touched, others, uneven=uneven), arms(max(series // 4, 2), touched, others, 1.5, uneven)
            rows.append({"touched": touched, "others": others, "uneven": uneven, **flat, "found_1.5": power["called"]})
    return pd.DataFrame(rows)


def stepped(values: Floats, price: float = PRICE) -> list[Floats]:
    """Days (counted from 0) of the changes found in each series, the weekday pattern taken out as the course of a figure does."""
    day = MONDAY + np.arange(values.shape[1])
    plain = values - weekday_pattern(day, values)[:, (day + EPOCH_WEEKDAY) % 7]
    return [find_changes(day, row, price=price).steps["local_day"].to_numpy(np.float64) - MONDAY for row in plain]


def changepoint_rates(series: int, days: int, phi: float, pattern: bool) -> dict[str, float]:
    """Share of series without a change in which one is found, at the plain and at the strict price; then how often planted ones are found.

    ``found_1`` and ``found_1.5``: a lasting step of so many noise sd at a third of the period; ``near``: the larger one within seven days
    of its place; ``there_and_back``: three sd for two weeks. A quarter of the series for the planted ones.
    """
    rng = np.random.default_rng([SEED, days, round(10 * phi), pattern, 11])
    values = noise(rng, series, days, phi) + (np.resize(PATTERN, days) if pattern else 0.0)
    alarms = np.array([len(found) > 0 for found in stepped(values)])
    strict = sum(len(found) > 0 for found in stepped(values[alarms], STRICT)) if alarms.any() else 0
    few, at, cut = values[: max(series // 4, 2)], np.arange(days), days // 3
    one, large, back = (stepped(few + shape) for shape in (1.0 * (at >= cut), 1.5 * (at >= cut), 3.0 * ((at >= cut) & (at < cut + 14))))
    near = [bool((np.abs(found - cut) <= 7).any()) for found in large]
    shares = {name: float(np.mean([len(found) > 0 for found in each])) for name, each in (("found_1", one), ("found_1.5", large))}
    alone = {"near": float(np.mean(near)), "there_and_back": float(np.mean([len(found) > 1 for found in back]))}
    return {"alarms": float(alarms.mean()), "strict": strict / series} | shares | alone


def changepoint_report(series: int) -> pd.DataFrame:
    """One row per length × autocorrelation × pattern."""
    cells = [(days, phi, pattern) for days in (56, 91) for phi in (0.0, 0.3, 0.6) for pattern in (False, True)]
    names = ("days", "phi", "pattern")
    return pd.DataFrame([dict(zip(names, cell, strict=True)) | changepoint_rates(series, *cell) for cell in cells])


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=2000, help="series per cell (weekday cells use a quarter)")
    names = ("trends", "weekdays", "changes", "coaching", "arms", "rollouts", "changepoints")
    parser.add_argument("--only", choices=names, help="one table alone")
    words = parser.parse_args()
    series = words.series
    few = max(series // 4, 2)
    tables: dict[str, tuple[str, Callable[[], pd.DataFrame]]] = {
        "trends": (
            f"Trends: share with p < 0.05, {series} flat series per cell; power at 0.012 noise sd per day",
            lambda: trend_report(series),
        ),
        "weekdays": (f"Weekdays: share of {few} logs in which a weekday is named", lambda: weekday_report(few)),
        "changes": (
            f"Before and after: share of {series} flat series called changed",
            lambda: before_after_report(series),
        ),
        "coaching": (f"Coaching without effect: share of {series} shops called changed", lambda: coaching_report(series)),
        "arms": (f"Agents with and without a change: share of {few} shops called changed", lambda: arms_report(few)),
        "changepoints": (
            f"Change points: share of {series} series without a change in which one is found; planted ones in a quarter of them",
            lambda: changepoint_report(series),
        ),
        "rollouts": (
            f"Training dates without effect: share of {max(few // 4, 2)} shops called changed",
            lambda: rollout_report(max(few // 4, 2)),
        ),
    }
    with pd.option_context("display.width", 200, "display.max_columns", 30):
        for title, report in [tables[words.only]] if words.only else tables.values():
            print(f"{title}\n{report().round(3).to_string(index=False)}\n")


if __name__ == "__main__":
    main()
