"""A CSV of messages to the cube by the app's own import, against the fastest plain parse of the same file, each in a process of its own.

``python -m benchmarks.csv_to_cube FOLDER [--sizes 1 10] [--repeats 3]`` writes the files (sizes in millions of messages; ``coded`` with
whole numbers for people, channels and languages, ``plain`` with names) in FOLDER if they are not there, checks that the cube of the file
is the cube of the same rows without a file, then runs all sides in turns and prints medians of wall time, CPU time and peak memory. A
plain parse gives typed columns and stops there: nothing is recognised, checked or booked. The ratio is to whichever parse was fastest.
"""

from __future__ import annotations

import importlib
import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.facts import OFFSET_MS, UNITS, ZONE, Used, alone, measured, timed
from benchmarks.make_messages import ensure

ROOM = "benchmarks.csv_to_cube"
KINDS = ("coded", "plain")
PARSERS = ("duckdb", "pyarrow", "polars")
SIDES = ("app", *PARSERS)
COLUMNS = {"customer_id": "Customer", "agent_id": "Agent", "channel": "Channel", "language": "Language"}


def csv_of(folder: Path, size: int, kind: str) -> Path:
    """The file of a size, written unless it is there already: wall-clock stamps of whole seconds, rows in the order of the log."""
    path = folder / f"messages_{size}_{kind}.csv"
    if not path.exists():
        partial = path.with_suffix(".part")
        _connected().execute(f"COPY ({_written(ensure(folder, size), kind)}) TO '{partial}' (HEADER, DELIMITER ',')")
        partial.rename(path)
    return path


def _written(source: Path, kind: str) -> str:
    named = ", ".join(f"{_id(name, kind)} AS {name}" for name in COLUMNS)
    stamp = f"strftime(make_timestamp(({_second()} + {OFFSET_MS}) * 1000), '%Y-%m-%d %H:%M:%S')"
    # Without their ids two messages of the same second may be the same row, and the import books the second as a duplicate.
    return f"""SELECT seq AS message_id, conversation_id, {stamp} AS sent_at, {named}, sender, automation, event
        FROM read_parquet('{source}') ORDER BY seq"""


def _id(name: str, kind: str) -> str:
    """Codes from 1: the import takes a customer called 0 for nobody, as exports do."""
    return f"'{COLUMNS[name]} ' || ({name} + 1)" if kind == "plain" else f"{name} + 1"


def _second() -> str:
    return "(sent_at - sent_at % 1000)"


def _connected() -> Any:
    import duckdb

    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    return con


def app(path: Path) -> pd.DataFrame:
    """The cube of a file by the app's own import."""
    from core.ingest import Choices, InputFile, load

    return cube_of(load([InputFile.of(path)], Choices(zone=ZONE)))


def cube_of(log: Any) -> pd.DataFrame:
    """The cube of a log under the default rules."""
    from core.engine import build_facts
    from core.engine.observe import judged_sql
    from core.engine.runner import sql_text
    from core.scenario import Scenario

    facts = build_facts(log)
    return facts.frame(sql_text("cube").format(judged=judged_sql(facts, Scenario())))


def duckdb(path: Path) -> int:
    """A typed parse into a table."""
    con = _connected()
    con.execute(f"CREATE TABLE parsed AS SELECT * FROM read_csv('{path}', header = true)")
    return int(con.execute("SELECT count(*) FROM parsed").fetchone()[0])


def pyarrow(path: Path) -> int:
    """A typed parse in blocks on all cores."""
    from pyarrow import csv

    return int(csv.read_csv(path).num_rows)


def polars(path: Path) -> int:
    """A typed parse with stamps as stamps."""
    import polars as pl

    return pl.read_csv(path, try_parse_dates=True).height


def totals(cube: pd.DataFrame) -> pd.DataFrame:
    """Every sum of a cube by day and hour: what does not depend on how people and channels are called."""
    return cube.groupby(["local_day", "local_hour"])[[name for name in cube.columns if name.startswith("sum_")]].sum()


def check(folder: Path, size: int, kind: str) -> str:
    """The file's cube is the cube of the rows it was written from; anything else ends the program."""
    from core.log import Log

    columns = ", ".join(f"{name}" for name in ("seq", "conversation_id", *COLUMNS, "sender", "automation", "event"))
    rows = _connected().sql(f"SELECT {columns}, {_second()} AS sent_at FROM read_parquet('{ensure(folder, size)}') ORDER BY seq")
    wanted, found = totals(cube_of(Log("rows", ZONE, {"messages": rows.to_arrow_table()}))), totals(app(csv_of(folder, size, kind)))
    pd.testing.assert_frame_equal(wanted, found, check_dtype=False)
    return f"{kind}: {wanted.size:,} sums of the file's cube are those of its rows, {int(wanted['sum_messages'].sum()):,} messages"


def child(side: str, path: Path) -> Used:
    """The timed work itself, after the imports of the side."""
    for name in {"app": ("core.ingest", "core.engine"), "pyarrow": ("pyarrow.csv",)}.get(side, (side,)):
        importlib.import_module(name)
    work = {"app": app, "duckdb": duckdb, "pyarrow": pyarrow, "polars": polars}[side]
    return measured(lambda: work(path))


def report(size: float, kind: str, medians: dict[str, Used]) -> None:
    """A line a side, and the app's share of the parse that was fastest."""
    for side, used in medians.items():
        print(f"{size:g} M {kind}  {side:<8}", "  ".join(f"{name} {getattr(used, name):8.2f} {unit}" for name, unit in UNITS.items()))
    fastest = min((side for side in medians if side != "app"), key=lambda side: medians[side].wall)
    shares = [f"{name} {getattr(medians['app'], name) / getattr(medians[fastest], name):.2f}" for name in UNITS]
    print(f"{size:g} M {kind}  app/{fastest}, the fastest plain parse:", "  ".join(shares))


def main() -> None:
    """Write, check, then time all sides in turns."""
    if sys.argv[1] == "--child":
        print(json.dumps(asdict(child(sys.argv[2], Path(sys.argv[3])))))
        return
    if sys.argv[1] == "--make":
        print(csv_of(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
        return
    if sys.argv[1] == "--check":
        print(check(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
        return
    words = ArgumentParser(prog=f"python -m {ROOM}", description=__doc__.splitlines()[0])
    words.add_argument("folder", help="where the files lie")
    words.add_argument("--sizes", nargs="+", type=float, default=[10.0], help="millions of messages")
    words.add_argument("--repeats", type=int, default=3)
    words.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    words.add_argument("--no-check", action="store_true", help="do not compare the cubes first")
    asked = words.parse_args()
    for size in asked.sizes:
        for kind in asked.kinds:
            of = (asked.folder, str(round(size * 1e6)), kind)
            path = Path(alone("--make", *of, room=ROOM).strip())
            if not asked.no_check:
                print(alone("--check", *of, room=ROOM), end="", flush=True)
            report(size, kind, timed(path, SIDES, asked.repeats, ROOM))


if __name__ == "__main__":
    main()
