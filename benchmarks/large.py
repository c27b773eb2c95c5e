"""Large logs on one machine: import → facts → cube → KPI table within a memory limit, each size in a process of its own.

``python -m benchmarks.large FOLDER [SIZE …] [--memory 3GB] [--csv]`` makes the logs in FOLDER if they are not there: coded Parquet, which
is scanned where it lies, or with ``--csv`` text, which is imported in blocks. Prints wall and CPU seconds, peak memory of the process, what
was spilled to disk at most, and the cost of a million messages, so that one sees whether it grows with the log.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.make_messages import ensure
from core.limits import size as bytes_of

ROOT = Path(__file__).resolve().parent.parent
ZONE = "Asia/Shanghai"
SIZES = (1_000_000, 10_000_000, 50_000_000)
STEPS = ("import", "facts", "cube", "table")


def csv_of(path: Path) -> Path:
    """The same log as text, as an export would hold it: stamps of the shop's clock, words for codes."""
    import duckdb

    found = path.with_suffix(".csv")
    if not found.exists():
        part = found.with_suffix(".part")
        con = duckdb.connect()
        con.execute("SET preserve_insertion_order = true")
        con.execute("SET memory_limit = '2GB'")
        con.execute(
            f"""COPY (SELECT 'c' || conversation_id AS conversation_id, 'm' || seq AS message_id,
              strftime(make_timestamp(sent_at * 1000 + 28800000000), '%Y-%m-%d %H:%M:%S.%g') AS sent_at, sender,
              'u' || customer_id AS customer_id, 'agent ' || agent_id AS agent_id, 'channel ' || channel AS channel,
              'language ' || language AS language, automation, event
            FROM read_parquet('{path}')) TO '{part}' (HEADER, DELIMITER ',')"""
        )
        part.rename(found)
    return found


@contextmanager
def watching(folder: Path, seen: dict[str, int]) -> Iterator[None]:
    """Notes the most that lies below a folder at a time."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.25):
            total = 0
            for path in folder.rglob("*"):
                try:
                    total += path.stat().st_size if path.is_file() else 0
                except OSError:
                    continue
            seen["spilled"] = max(seen.get("spilled", 0), total)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def child(path: Path) -> dict[str, Any]:
    """The whole way once: seconds of each step, peak memory, spilled bytes."""
    from core.engine import build_facts, observe
    from core.ingest import InputFile, load
    from core.kpis import kpi_table
    from core.log import Log

    spilled: dict[str, int] = {}
    marks, cpu = [time.perf_counter()], time.process_time()
    with watching(Path(os.environ["KEFULENS_TEMP"]), spilled):
        log = load([InputFile.of(path)]) if path.suffix == ".csv" else Log(path.name, ZONE, {"messages": path})
        marks.append(time.perf_counter())
        facts = build_facts(log)
        marks.append(time.perf_counter())
        observed = observe(facts)
        marks.append(time.perf_counter())
        table = kpi_table(observed)
        marks.append(time.perf_counter())
    assert len(table) > 1
    steps = {name: later - earlier for name, earlier, later in zip(STEPS, marks, marks[1:], strict=False)}
    used = {"wall": marks[-1] - marks[0], "cpu": time.process_time() - cpu}
    used["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return used | {"spilled": spilled.get("spilled", 0) / 1e6, "steps": steps, "conversations": int(table.sums["conversations"].sum())}


def alone(*words: str, **environment: str) -> str:
    """The output of a run in a process of its own; this one stays small, since a child's peak memory starts at its parent's size."""
    command = [sys.executable, "-m", "benchmarks.large", *words]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **environment})
    return run.stdout


def one(folder: Path, size: int, memory: str, as_csv: bool) -> dict[str, Any]:
    """One size."""
    path = alone("--make", str(folder), str(size), *(["--csv"] if as_csv else [])).strip()
    temp = folder / "temp"
    temp.mkdir(exist_ok=True)
    return dict(json.loads(alone("--child", path, KEFULENS_MEMORY=memory, KEFULENS_TEMP=str(temp), KEFULENS_CACHE="")))


def main() -> None:
    """One line a size."""
    if sys.argv[1] == "--child":
        print(json.dumps(child(Path(sys.argv[2]))))
        return
    if sys.argv[1] == "--make":
        path = ensure(Path(sys.argv[2]), int(sys.argv[3]))
        print(csv_of(path) if "--csv" in sys.argv else path)
        return
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("folder", type=Path)
    words.add_argument("sizes", nargs="*", type=int)
    words.add_argument("--memory", default="3GB")
    words.add_argument("--csv", action="store_true")
    given = words.parse_args()
    limit = bytes_of(given.memory) / 1e6
    print(f"within {given.memory}; {'CSV, imported in blocks where it is large' if given.csv else 'coded Parquet, scanned where it lies'}")
    for size in given.sizes or SIZES:
        found = one(given.folder, size, given.memory, given.csv)
        steps = "  ".join(f"{name} {seconds:.1f}" for name, seconds in found["steps"].items())
        each = 1e6 / size
        peak = found["rss"] * 1.048576
        print(
            f"{size:>11,}  wall {found['wall']:7.1f} s ({steps})  cpu {found['cpu']:7.1f} s  peak {peak:6.0f} MB"
            f" ({'within' if peak <= limit else 'ABOVE'} the limit)  spilled {found['spilled']:6.0f} MB"
            f"  per million: wall {found['wall'] * each:.2f} s, cpu {found['cpu'] * each:.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
