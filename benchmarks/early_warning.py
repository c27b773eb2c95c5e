"""What the early warning costs and gives: days between false alarms, days a drift is seen before its level reaches three sd.

    python benchmarks/early_warning.py --series 4000 --write

Finds the limits of both sums for each baseline, so that false alarms come every `EVERY` days at φ = 0.3, measures them at other φ,
and plants drifts of 0.25, 0.5 and 1 sd per week that start on the first watched day. Weekday pattern in all series. ``--write`` puts
the table into ``core/earlywarning.toml``. Fixed seeds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.false_alarms import MONDAY, PATTERN, noise
from core.earlywarning import BASES, DRIFTS, Baseline, sums
from core.trends import Floats

SEED = 20_241_123
EVERY = 200
HORIZON = 182
PHIS = (0.0, 0.3, 0.6)
LIMIT = 3.0
FILE = Path(__file__).resolve().parent.parent / "core" / "earlywarning.toml"


def watched(series: int, base: int, phi: float, drift: float = 0.0) -> dict[str, Floats]:
    """The sums over half a year after a baseline, one row per series; ``drift`` in sd of a day per week."""
    rng = np.random.default_rng([SEED, base, round(10 * phi)])
    day = MONDAY + np.arange(base + HORIZON)
    values = noise(rng, series, len(day), phi) + np.resize(PATTERN, len(day))
    values[:, base:] += drift / 7 * np.arange(1, HORIZON + 1)
    return sums(np.array([Baseline.of(day[:base], row[:base]).distance(day[base:], row[base:]) for row in values]))


def first_alarm(found: dict[str, Floats], limits: dict[str, float]) -> Floats:
    """Days until a sum is beyond its limit; infinite where it never is."""
    beyond = (np.maximum(found["up"], found["down"]) > limits["cusum"]) | (np.abs(found["ewma"]) > limits["ewma"])
    return np.where(beyond.any(axis=1), beyond.argmax(axis=1) + 1.0, np.inf)


def days_between(alarms: Floats) -> float:
    """Watched days per first alarm."""
    return float(np.minimum(alarms, HORIZON).sum() / max(int(np.isfinite(alarms).sum()), 1))


def limits_of(found: dict[str, Floats]) -> dict[str, float]:
    """Limits at which both sums together warn every `EVERY` days and each of them alone equally often."""
    low, high = 50.0, 5000.0
    for _ in range(30):
        middle = np.sqrt(low * high)
        limits = {"cusum": _alone(np.maximum(found["up"], found["down"]), middle), "ewma": _alone(np.abs(found["ewma"]), middle)}
        low, high = (middle, high) if days_between(first_alarm(found, limits)) < EVERY else (low, middle)
    return {name: float(np.ceil(100 * limit) / 100) for name, limit in limits.items()}


def _alone(sum_: Floats, every: float) -> float:
    """The limit at which one sum alone warns every so many days."""
    low, high = 0.0, float(sum_.max())
    for _ in range(40):
        middle = (low + high) / 2
        beyond = sum_ > middle
        alarms = np.where(beyond.any(axis=1), beyond.argmax(axis=1) + 1.0, np.inf)
        low, high = (middle, high) if days_between(alarms) < every else (low, middle)
    return high


def row(series: int, base: int, phi: float, limits: dict[str, float]) -> dict[str, Any]:
    """One line of the table."""
    quiet = first_alarm(watched(series, base, phi), limits)
    drifts = {}
    for drift in DRIFTS:
        alarms = first_alarm(watched(series, base, phi, drift), limits)
        reached = LIMIT / drift * 7
        drifts[f"{drift:g}"] = {
            "delay": round(float(np.median(alarms))), "lead": round(reached - float(np.median(alarms))),
            "found": round(float((alarms < reached).mean()), 3),
        }  # fmt: skip
    return {"base": base, "phi": phi, "false_alarm_days": round(days_between(quiet)), "drift": drifts}


def table(series: int) -> dict[str, Any]:
    """Limits and rows."""
    limits = {str(base): limits_of(watched(series, base, 0.3)) for base in BASES}
    return {"limits": limits, "row": [row(series, base, phi, limits[str(base)]) for base in BASES for phi in PHIS]}


def written(found: dict[str, Any], series: int) -> str:
    """The table as TOML."""
    lines = [f"# python benchmarks/early_warning.py --series {series} --write"]
    for base, limits in found["limits"].items():
        lines += ["", f"[limits.{base}]", *(f"{name} = {limit}" for name, limit in limits.items())]
    for one in found["row"]:
        lines += ["", "[[row]]", *(f"{name} = {one[name]}" for name in ("base", "phi", "false_alarm_days"))]
        for drift, facts in one["drift"].items():
            lines.append(f'drift."{drift}" = {{ {", ".join(f"{name} = {value}" for name, value in facts.items())} }}')
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table, and keep it where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=4000, help="series per line")
    parser.add_argument("--write", action="store_true", help="put it into core/earlywarning.toml")
    words = parser.parse_args()
    found = written(table(words.series), words.series)
    print(found)
    if words.write:
        FILE.write_text(found, encoding="utf-8")


if __name__ == "__main__":
    main()
