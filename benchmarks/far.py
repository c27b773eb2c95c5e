"""A log that stays where it lies: how long the source works, how many bytes come back, and what reading it here would take.

``python -m benchmarks.far FOLDER [--size 1000000]`` makes the log in FOLDER if it is not there, puts a view of it into a DuckDB file and
asks that file as a source (with ``--source FILE.toml`` another one, for instance a PostgreSQL or a cluster of your own). Bytes are those of
the answers as columns in memory, before a network packs them; the log's are those of its Parquet file.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from benchmarks.make_messages import ensure
from core.engine import build_facts, observe
from core.warehouse.engines import MOST_ROWS, opened
from core.warehouse.far import far_log
from core.warehouse.source import SourceFile, read_path

FIELDS = ("seq", "conversation_id", "sent_at", "customer_id", "agent_id", "channel", "language", "sender", "automation", "event")


@dataclass
class Weighed:
    """An engine whose answers are weighed."""

    real: Any
    answers: int = 0
    rows_back: int = 0
    bytes_back: int = field(default=0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def rows(self, select: str, most: int = MOST_ROWS) -> pd.DataFrame:
        """Asks, and weighs the answer."""
        found: pd.DataFrame = self.real.rows(select, most)
        self.answers, self.rows_back = self.answers + 1, self.rows_back + len(found)
        self.bytes_back += int(found.memory_usage(deep=True, index=False).sum())
        return found


def sample(folder: Path, size: int) -> tuple[SourceFile, int]:
    """A source over a made log, and the log's bytes."""
    path, place = ensure(folder, size), folder / f"far_{size}.duckdb"
    place.unlink(missing_ok=True)
    with duckdb.connect(str(place)) as con:
        con.execute(f"CREATE VIEW messages AS SELECT * FROM read_parquet('{path}')")
    columns = {"messages": {name: name for name in FIELDS}}
    return SourceFile("duckdb", str(place), "Asia/Shanghai", {"messages": "messages"}, columns, name="made"), path.stat().st_size


def measured(source: SourceFile) -> dict[str, float]:
    """Seconds of the three steps, and what came back."""
    engines: list[Weighed] = []

    def weighed(kind: str, address: str) -> Weighed:
        engines.append(Weighed(opened(kind, address)))
        return engines[-1]

    marks = [time.perf_counter()]
    log = far_log(source, opener=weighed)
    marks.append(time.perf_counter())
    facts = build_facts(log)
    marks.append(time.perf_counter())
    observed = observe(facts)
    marks.append(time.perf_counter())
    seconds = {name: marks[place + 1] - marks[place] for place, name in enumerate(("look", "facts", "cubes"))}
    used = engines[0]
    back = {"answers": used.answers, "rows": used.rows_back, "bytes": used.bytes_back, "cells": len(observed.sources["conversations"].cube)}
    return seconds | back | {"read": sum(report.rows_read for report in log.ledger.files)}


def main(words: Namespace) -> None:
    """Measures and prints a line."""
    source, size = (read_path(Path(words.source)), 0) if words.source else sample(Path(words.folder), words.size)
    found = measured(source)
    steps = ", ".join(f"{name} {found[name]:.1f} s" for name in ("look", "facts", "cubes"))
    print(f"{source.engine}: {found['read']:,.0f} rows there; {steps}")
    share = f" ({found['bytes'] / size:.1%} of the log's Parquet file)" if size else ""
    print(f"came back: {found['answers']:.0f} answers, {found['rows']:,.0f} rows, {found['bytes'] / 1e6:.1f} MB{share}")


if __name__ == "__main__":
    arguments = ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", default=".")
    arguments.add_argument("--size", type=int, default=1_000_000)
    arguments.add_argument("--source", default="")
    main(arguments.parse_args())
