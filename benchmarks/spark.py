"""Facts and cube of a message log on Spark with one and two executors, and on DuckDB by the same way, each in a process of its own.

``python -m benchmarks.spark FOLDER [--sizes 1 10] [--executors 1 2] [--repeats 1] [--partitions 8]`` needs Java and what
requirements-spark.txt names. Masters are ``local-cluster[N,1,1024]``: N worker processes of one core and 1 GB. The log (sizes in millions
of messages, coded ids as text, as they lie in a warehouse) is made in FOLDER if it is not there; every side's cube is compared with the
first one's. Wall time only, without the start of the driver, which is told apart: the work is done by processes that are not ours. On a
machine of few cores two executors share them with the driver, so that this shows what distribution costs, not how it scales.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from argparse import ArgumentParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.facts import ZONE, alone

ROOM = "benchmarks.spark"
KEYS = ["agent", "local_day", "local_hour", "channel", "language"]


def staging(kind: str, path: Path) -> dict[str, str]:
    """The staging SELECTs of the benchmark's log."""
    from core.engine.staging import KIND, SMART

    source = f"parquet.`{path}`" if kind == "spark" else f"read_parquet('{path}')"
    columns = "conversation_id AS conv, seq, sent_at AS sent, customer_id AS m_cust, channel AS m_channel, language AS m_language"
    return {
        "stage_messages": f"SELECT {columns}, agent_id AS m_agent, NULL AS m_polite, {KIND.format(smart=SMART)} AS kind FROM {source}",
        # The last assignment of a conversation: stamps may tie, rows do not.
        "stage_assigned": f"""SELECT conv, agent FROM (SELECT conversation_id AS conv, agent_id AS agent,
            row_number() OVER (PARTITION BY conversation_id ORDER BY sent_at DESC, seq DESC) AS place
            FROM {source} WHERE event = 'assign' AND agent_id IS NOT NULL) AS given WHERE place = 1""",
    }


def work(master: str, path: Path, partitions: int) -> tuple[dict[str, float], pd.DataFrame]:
    """Seconds of the start, of the facts and of the cube, and the cube in one order; an empty master is DuckDB."""
    from core.engine.observe import judged_sql
    from core.engine.runner import sql_text
    from core.scenario import Scenario
    from core.warehouse.build import built
    from core.warehouse.engines import opened

    kind = "spark" if master else "duckdb"
    marks = [time.perf_counter()]
    warehouse = opened(kind, master, **({"partitions": partitions} if master else {}))
    warehouse.rows("SELECT 1 AS n")
    marks.append(time.perf_counter())
    facts = built(warehouse, staging(kind, path), ZONE)
    marks.append(time.perf_counter())
    cube = warehouse.rows(sql_text("cube").format(judged=judged_sql(facts, Scenario())))
    marks.append(time.perf_counter())
    warehouse.close()
    names = ("start", "facts", "cube")
    return dict(zip(names, (end - begin for begin, end in pairwise(marks)), strict=True)), in_order(cube)


def in_order(cube: pd.DataFrame) -> pd.DataFrame:
    """Sums by keys, all whole numbers, in one order whatever the engine's; nobody and nothing are −1."""
    plain = cube.drop(columns=["category", "team", "shift"]).apply(pd.to_numeric)
    plain[KEYS] = plain[KEYS].fillna(-1)
    return plain.fillna(0).astype("int64").sort_values(KEYS, ignore_index=True)


def child(master: str, path: Path, partitions: int, reference: Path) -> dict[str, Any]:
    """One run; the first writes its cube as the reference, the others are compared with it cell by cell."""
    seconds, cube = work(master, path, partitions)
    if not reference.exists():
        cube.to_parquet(reference)
    wanted = pd.read_parquet(reference)
    if len(wanted) != len(cube):
        raise SystemExit(f"{master}: {len(cube):,} cells of the cube, {len(wanted):,} expected")
    differing = sum(int((wanted[name] != cube[name]).sum()) for name in wanted.columns)
    if differing:
        raise SystemExit(f"{master}: {differing:,} of {wanted.size:,} cells differ")
    return {"seconds": seconds, "cells": int(wanted.size)}


def report(size: float, side: str, runs: list[dict[str, Any]], base: float) -> float:
    """A line a side: medians, and how many times the first side's facts and cube."""
    median = {name: statistics.median(run["seconds"][name] for run in runs) for name in runs[0]["seconds"]}
    whole = median["facts"] + median["cube"]
    parts = "  ".join(f"{name} {value:7.2f} s" for name, value in median.items())
    told = f"{runs[0]['cells']:,} cells equal"
    print(f"{size:g} M  {side:<26} facts + cube {whole:7.2f} s  {whole / (base or whole):5.2f} ×   ({parts})   {told}", flush=True)
    return whole


def main() -> None:
    """Every size on every side, in turns of whole sides: a driver takes longer to start than a small log to build."""
    if sys.argv[1] == "--child":
        master, path, partitions, reference = sys.argv[2:]
        print(json.dumps(child(master, Path(path), int(partitions), Path(reference))))
        return
    words = ArgumentParser(prog=f"python -m {ROOM}", description=__doc__.splitlines()[0])
    words.add_argument("folder", help="where the logs lie")
    words.add_argument("--sizes", nargs="+", type=float, default=[1.0], help="millions of messages")
    words.add_argument("--executors", nargs="+", type=int, default=[1, 2])
    words.add_argument("--partitions", type=int, default=8, help="of a shuffle")
    words.add_argument("--repeats", type=int, default=1)
    asked = words.parse_args()
    masters = ["", *(f"local-cluster[{count},1,1024]" for count in asked.executors)]
    for size in asked.sizes:
        path = Path(alone("--make", asked.folder, str(round(size * 1e6))).strip())
        reference = path.with_suffix(".cube.parquet")
        reference.unlink(missing_ok=True)
        base = 0.0
        for master in masters:
            given = ("--child", master, str(path), str(asked.partitions), str(reference))
            runs = [json.loads(alone(*given, room=ROOM).splitlines()[-1]) for _ in range(asked.repeats)]
            whole = report(size, master or "duckdb", runs, base)
            base = base or whole


if __name__ == "__main__":
    main()
