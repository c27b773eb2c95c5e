"""One day's append to the facts of a log against building all of them anew, each in a process of its own; every cell is compared.

``python -m benchmarks.append FOLDER [SIZE]`` makes SIZE messages (and one day more) in FOLDER if they are not there, and prints wall time,
CPU time and peak memory of both ways with their ratio. Seconds are the machine's, the ratio carries over.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.make_messages import AGENTS, DAY_MS, DAYS, FIRST_MS, PER_CONVERSATION, day, ensure

ROOT = Path(__file__).resolve().parent.parent
ZONE = "Asia/Shanghai"
TABLES = {"conversations": "conv", "turns": "conv, turn_no", "activity": "agent, slot_no"}
CONTINUED = 0.02
"""Part of the new day's messages that belong to conversations of the log."""


def new_day(folder: Path, size: int) -> Path:
    """One day after the log's last, a few of whose messages continue its conversations."""
    path = folder / f"day_after_{size}.parquet"
    if path.exists():
        return path
    last = pq.ParquetFile(ensure(folder, size)).read_row_group(DAYS - 1)
    rng = np.random.default_rng(size)
    first = pc.max(last.column("conversation_id")).as_py() + 1
    count = max(round(size / PER_CONVERSATION / DAYS), 1)
    table = day(rng, FIRST_MS + DAYS * DAY_MS, np.arange(first, first + count), max(round(first * 0.55), 1), 0)
    ids = table.column("conversation_id").to_numpy().copy()
    again = rng.random(len(ids)) < CONTINUED
    ids[again] = rng.choice(last.column("conversation_id").to_numpy(), int(again.sum()))
    place = table.column_names.index("conversation_id")
    pq.write_table(table.set_column(place, "conversation_id", pa.array(ids)), path)
    return path


def child(way: str, folder: Path, size: int) -> dict[str, Any]:
    """One way, timed: seconds, MB, and the number of conversations."""
    from core.engine import build_facts
    from core.engine.append import appended, together
    from core.log import Log

    log, more = (Log(path.name, ZONE, {"messages": path}) for path in (ensure(folder, size), new_day(folder, size)))
    before = build_facts(log, extendable=True) if way != "full" else None
    both = together(log, more)[0] if way == "full" else None
    wall, cpu = time.perf_counter(), time.process_time()
    facts = appended(before, more) if before is not None else build_facts(both)  # type: ignore[arg-type]
    used = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    used["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if way == "check":
        whole = build_facts(together(log, more)[0])
        used["differing"] = sum(_differing(facts, whole, name, keys) for name, keys in TABLES.items())
    return used | {"conversations": int(facts.frame("SELECT count(*) AS n FROM conversations")["n"][0])}


def _differing(one: Any, other: Any, name: str, keys: str) -> int:
    """Cells that differ between two facts' tables."""
    sides = [facts.cursor().sql(f"SELECT * FROM {name} ORDER BY {keys}").to_arrow_table() for facts in (one, other)]
    if sides[0].num_rows != sides[1].num_rows:
        return abs(sides[0].num_rows - sides[1].num_rows)
    return sum(not sides[0].column(column).equals(sides[1].column(column)) for column in sides[0].column_names)


def alone(way: str, folder: Path, size: int) -> dict[str, Any]:
    """A way in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.append", "--child", way, str(folder), str(size)]
    return dict(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout))


def main() -> None:
    """Compare, then time both ways."""
    if sys.argv[1] == "--child":
        print(json.dumps(child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))))
        return
    folder, size = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    new_day(folder, size)
    checked = alone("check", folder, size)
    print(f"{size:,} messages, {checked['conversations']:,} conversations, {AGENTS} agents: {checked['differing']} columns or rows differ")
    both = {way: alone(way, folder, size) for way in ("append", "full")}
    for name, unit in (("wall", "s"), ("cpu", "s"), ("rss", "MB")):
        ours, theirs = both["append"][name], both["full"][name]
        print(f"{name:<5} append {ours:9.2f} {unit}  full {theirs:9.2f} {unit}  ratio {ours / theirs:.2f}")
    if checked["differing"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
