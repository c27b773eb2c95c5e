"""Facts and cube of a message log: the engine against vectorised pandas on the same Parquet file, each in a process of its own.

``python -m benchmarks.facts FOLDER [SIZE] [REPEATS]`` makes the log in FOLDER if it is not there, compares every cell of both results
once, then runs both sides alternately and prints medians of wall time, CPU time and peak memory with their ratios. Imports are not
timed; their memory counts. Ratios carry over between machines, seconds do not.
"""

from __future__ import annotations

import importlib
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.make_messages import ensure

ZONE, OFFSET_MS = "Asia/Shanghai", 8 * 3_600_000
ROOT = Path(__file__).resolve().parent.parent
SIDES = ("engine", "pandas")
GOALS = {"wall": 1.0, "rss": 0.6}
KEYS = {
    "conversations": ["conv"], "turns": ["conv", "turn_no"], "activity": ["agent", "slot_no"],
    "cube": ["agent", "local_day", "local_hour", "channel", "language"],
}  # fmt: skip
Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Used:
    """What one run took: seconds of wall and CPU, peak memory in MB."""

    wall: float
    cpu: float
    rss: float


def engine(path: Path) -> tuple[Any, pd.DataFrame]:
    """Facts and the cube of the default rule set by the engine."""
    from core.engine import build_facts
    from core.engine.observe import judged_sql
    from core.engine.runner import sql_text
    from core.log import Log
    from core.scenario import Scenario

    facts = build_facts(Log("bench", ZONE, {"messages": path}))
    judged = judged_sql(facts, Scenario())
    return facts, facts.frame(sql_text("cube").format(judged=judged))


def peer(path: Path, rules: dict[str, int]) -> tuple[Frames, pd.DataFrame]:
    """The same by pandas."""
    from benchmarks import facts_pandas

    facts = facts_pandas.facts(path, OFFSET_MS)
    return facts, facts_pandas.cube(facts["conversations"], rules)


def rules_of(path: Path) -> dict[str, int]:
    """The default rule set as numbers; the horizon is the log's last stamp."""
    import pyarrow.parquet as pq

    from core.rules import rule_set
    from core.scenario import Scenario

    scenario = Scenario()
    file = pq.ParquetFile(path)
    at = file.schema_arrow.get_field_index("sent_at")
    horizon = max(
        file.metadata.row_group(group).column(at).statistics.max for group in range(file.metadata.num_row_groups)
    )
    hours, days = scenario.get("fcr_h") * 3_600_000, scenario.get("repeat_d") * 86_400_000
    smart = int(rule_set(scenario.get("rules")).smart_counts)
    rules = {
        "window_ms": scenario.window_ms,
        "within_ms": scenario.get("within_s") * 1000,
        "fcr_ms": hours,
        "repeat_ms": days,
    }
    return {name: int(value) for name, value in {**rules, "smart_counts": smart, "horizon_ms": horizon}.items()}


def frames(side: str, path: Path) -> Frames:
    """All results of a side as frames, for comparing."""
    if side == "pandas":
        found, cube = peer(path, rules_of(path))
        return {**found, "cube": cube}
    facts, cube = engine(path)
    cube.columns = [name.removeprefix("sum_") for name in cube.columns]
    return {name: facts.frame(f"SELECT * FROM {name}") for name in KEYS if name != "cube"} | {"cube": cube}


def differing(ours: Frames, theirs: Frames) -> tuple[int, list[str]]:
    """How many cells were compared, and ``table.column: n`` of those that differ. What the log cannot say must be one constant."""
    cells, found = 0, []
    for table, keys in KEYS.items():
        left, right = _ordered(ours[table], keys), _ordered(theirs[table], keys)
        if len(left) != len(right):
            found.append(f"{table}: {len(left)} and {len(right)} rows")
            continue
        for column in left.columns:
            other = right[column] if column in right else np.full(len(left), left[column].iloc[0])
            same = (left[column] == other) | (np.isnan(left[column]) & np.isnan(other))
            cells += len(left)
            found += [f"{table}.{column}: {int((~same).sum())}"] if not same.all() else []
        found += [f"{table}.{column}: the engine lacks it" for column in right.columns if column not in left]
    return cells, found


def _ordered(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Numbers only, in the order of the keys; a missing code or stamp is NaN, a missing sum 0."""
    plain = {name: pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan) for name, column in frame.items()}
    codes = {"agent", "cust", "channel", "language", "assigned", "owner_most", "owner_first", "owner_last"}
    for name, column in plain.items():
        if name in codes:
            column[column == -1] = np.nan
        elif name.endswith("_ms") and "local_hour" in plain:
            plain[name] = np.nan_to_num(column)
    return pd.DataFrame(plain).sort_values(keys).reset_index(drop=True)


def alone(*words: str) -> str:
    """The output of a run in a process of its own. The parent stays small: a child's peak memory starts at its parent's size."""
    command = [sys.executable, "-m", "benchmarks.facts", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


def run(side: str, path: Path) -> Used:
    """One side once."""
    return Used(**json.loads(alone("--child", side, str(path))))


def child(side: str, path: Path) -> Used:
    """The timed work itself, after the imports of the side."""
    importlib.import_module("core.engine" if side == "engine" else "benchmarks.facts_pandas")
    rules = rules_of(path)
    wall, cpu = time.perf_counter(), time.process_time()
    kept = engine(path) if side == "engine" else peer(path, rules)
    used = time.perf_counter() - wall, time.process_time() - cpu
    assert len(kept[1]) > 0
    return Used(*used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def check(path: Path) -> None:
    """Compare both sides' results; a differing cell ends the program."""
    cells, found = differing(frames("engine", path), frames("pandas", path))
    print(f"{cells:,} cells compared, {len(found)} columns differ {found or ''}")
    if found:
        raise SystemExit(1)


def report(runs: dict[str, list[Used]]) -> None:
    """Medians, ratios and whether the goals are met."""
    for name, unit in (("wall", "s"), ("cpu", "s"), ("rss", "MB")):
        ours, theirs = (statistics.median(getattr(one, name) for one in runs[side]) for side in SIDES)
        each = "  ".join(f"{getattr(a, name):.1f}/{getattr(b, name):.1f}" for a, b in zip(*runs.values(), strict=True))
        goal = f"  goal ≤ {GOALS[name]}: {'met' if ours / theirs <= GOALS[name] else 'MISSED'}" if name in GOALS else ""
        print(
            f"{name:<5} engine {ours:9.2f} {unit}  pandas {theirs:9.2f} {unit}  ratio {ours / theirs:.2f}{goal}   [{each}]"
        )


def main() -> None:
    """Compare, then time both sides alternately."""
    if sys.argv[1] == "--child":
        print(json.dumps(asdict(child(sys.argv[2], Path(sys.argv[3])))))
        return
    if sys.argv[1] == "--make":
        print(ensure(Path(sys.argv[2]), int(sys.argv[3])))
        return
    if sys.argv[1] == "--check":
        check(Path(sys.argv[2]))
        return
    size, repeats = (
        int(given or usual) for given, usual in zip([*sys.argv[2:4], "", ""], (10_000_000, 3), strict=False)
    )
    path = Path(alone("--make", sys.argv[1], str(size)).strip())
    print(alone("--check", str(path)), end="")
    runs: dict[str, list[Used]] = {side: [] for side in SIDES}
    for _ in range(repeats):
        for side in SIDES:
            runs[side].append(run(side, path))
    report(runs)


if __name__ == "__main__":
    main()
