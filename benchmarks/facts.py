"""Facts and cube of a message log: the engine against hand-written NumPy, vectorised pandas and Polars, each in a process of its own.

``python -m benchmarks.facts FOLDER [--sizes 1 10 50] [--repeats 3] [--sides engine numpy pandas polars]`` makes the logs (sizes in millions
of messages) in FOLDER if they are not there, compares every cell of each side with the engine's once, then runs all sides in turns and
prints medians of wall time, CPU time and peak memory, the engine's ratios, and with several sizes the power of the size that each grows
with (1 is in proportion). Imports are not timed; their memory counts. Ratios carry over between machines, seconds do not.
"""

from __future__ import annotations

import importlib
import itertools
import json
import math
import resource
import statistics
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.make_messages import ensure

ZONE, OFFSET_MS = "Asia/Shanghai", 8 * 3_600_000
ROOT = Path(__file__).resolve().parent.parent
SIDES = ("engine", "numpy", "pandas", "polars")
# What the engine may take of what a peer takes: the floor's time is out of reach of a general engine, a data frame's is not.
GOALS = {("numpy", "wall"): 1.4, ("pandas", "wall"): 1.0, ("pandas", "rss"): 0.6}
UNITS = {"wall": "s", "cpu": "s", "rss": "MB"}
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


def peer(side: str, path: Path, rules: dict[str, int]) -> tuple[dict[str, Any], Any]:
    """The same by one of the others."""
    by = importlib.import_module(f"benchmarks.facts_{side}")
    facts = by.facts(path, OFFSET_MS)
    return facts, by.cube(facts["conversations"], rules)


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
    if side != "engine":
        found, cube = peer(side, path, rules_of(path))
        return {name: framed(table) for name, table in {**found, "cube": cube}.items()}
    facts, cube = engine(path)
    cube.columns = [name.removeprefix("sum_") for name in cube.columns]
    return {name: facts.frame(f"SELECT * FROM {name}") for name in KEYS if name != "cube"} | {"cube": cube}


def framed(table: Any) -> pd.DataFrame:
    """A peer's table as a frame of pandas: its own, arrays of whole numbers by name with one number for nothing, or a frame of Polars."""
    if isinstance(table, dict):
        nothing = np.iinfo(np.int64).min
        return pd.DataFrame({name: np.where(each == nothing, np.nan, each) for name, each in table.items()})
    return table if isinstance(table, pd.DataFrame) else table.to_pandas()


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
    plain = {name: pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan, copy=True) for name, column in frame.items()}
    codes = {"agent", "cust", "channel", "language", "assigned", "owner_most", "owner_first", "owner_last"}
    for name, column in plain.items():
        if name in codes:
            column[column == -1] = np.nan
        elif name.endswith("_ms") and "local_hour" in plain:
            plain[name] = np.nan_to_num(column)
    return pd.DataFrame(plain).sort_values(keys).reset_index(drop=True)


def alone(*words: str, room: str = "benchmarks.facts") -> str:
    """The output of a run in a process of its own. The parent stays small: a child's peak memory starts at its parent's size."""
    command = [sys.executable, "-m", room, *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


def run(side: str, path: Path, room: str = "benchmarks.facts") -> Used:
    """One side once."""
    return Used(**json.loads(alone("--child", side, str(path), room=room)))


def child(side: str, path: Path) -> Used:
    """The timed work itself, after the imports of the side."""
    importlib.import_module("core.engine" if side == "engine" else f"benchmarks.facts_{side}")
    rules = rules_of(path)
    return measured(lambda: engine(path) if side == "engine" else peer(side, path, rules))


def measured(work: Callable[[], Any]) -> Used:
    """What a piece of work takes; its result is kept until memory is read."""
    wall, cpu = time.perf_counter(), time.process_time()
    kept = work()
    used = time.perf_counter() - wall, time.process_time() - cpu
    assert kept is not None
    return Used(*used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def check(side: str, path: Path) -> str:
    """Compare a side's results with the engine's; a differing cell ends the program."""
    cells, found = differing(frames("engine", path), frames(side, path))
    if found:
        raise SystemExit(f"{side}: {found}")
    return f"{side}: {cells:,} cells compared with the engine's, none differs"


def timed(path: Path, sides: Sequence[str], repeats: int, room: str = "benchmarks.facts") -> dict[str, Used]:
    """The median of each figure by side; sides take turns, so that a busy moment meets all of them."""
    runs: dict[str, list[Used]] = {side: [] for side in sides}
    for _ in range(repeats):
        for side in sides:
            runs[side].append(run(side, path, room))
    return {
        side: Used(*(statistics.median(getattr(one, name) for one in all_of) for name in UNITS)) for side, all_of in runs.items()
    }


def report(size: float, medians: dict[str, Used]) -> None:
    """A line a side: medians, and the engine's share of each."""
    ours = medians.get("engine")
    for side, used in medians.items():
        parts = [f"{name} {getattr(used, name):8.2f} {unit}" for name, unit in UNITS.items()]
        if ours and side != "engine":
            parts += [_ratio(side, name, getattr(ours, name) / getattr(used, name)) for name in UNITS]
        print(f"{size:g} M  {side:<7}", "  ".join(parts))


def _ratio(side: str, name: str, ratio: float) -> str:
    goal = GOALS.get((side, name))
    judged = "" if goal is None else f" (goal ≤ {goal}: {'met' if ratio <= goal else 'MISSED'})"
    return f"engine/{side} {name} {ratio:.2f}{judged}"


def growth(found: dict[float, dict[str, Used]]) -> None:
    """From each size to the next: the power of the number of messages that time and memory grow with."""
    sizes = sorted(found)
    for small, large in itertools.pairwise(sizes):
        for side in found[small]:
            powers = [
                f"{name} ^{math.log(getattr(found[large][side], name) / getattr(found[small][side], name)) / math.log(large / small):.2f}"
                for name in UNITS
            ]
            print(f"{small:g} M → {large:g} M  {side:<7}", "  ".join(powers))


def main() -> None:
    """Compare, then time all sides in turns."""
    if sys.argv[1] == "--child":
        print(json.dumps(asdict(child(sys.argv[2], Path(sys.argv[3])))))
        return
    if sys.argv[1] == "--make":
        print(ensure(Path(sys.argv[2]), int(sys.argv[3])))
        return
    if sys.argv[1] == "--check":
        print(check(sys.argv[2], Path(sys.argv[3])))
        return
    words = ArgumentParser(prog="python -m benchmarks.facts", description=__doc__.splitlines()[0])
    words.add_argument("folder", help="where the logs lie")
    words.add_argument("--sizes", nargs="+", type=float, default=[10.0], help="millions of messages")
    words.add_argument("--repeats", type=int, default=3)
    words.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES)
    words.add_argument("--no-check", action="store_true", help="do not compare cells first (they need several times the memory)")
    asked = words.parse_args()
    found: dict[float, dict[str, Used]] = {}
    for size in asked.sizes:
        path = Path(alone("--make", asked.folder, str(round(size * 1e6))).strip())
        for side in () if asked.no_check else [each for each in asked.sides if each != "engine"]:
            print(alone("--check", side, str(path)), end="", flush=True)
        found[size] = timed(path, asked.sides, asked.repeats)
        report(size, found[size])
    growth(found)


if __name__ == "__main__":
    main()
