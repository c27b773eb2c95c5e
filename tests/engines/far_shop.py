"""The sample shop at a source of one engine against the same files: every KPI and grouping, cell by cell, and the rows behind a figure.

``python -m tests.engines.far_shop KIND ADDRESS FOLDER`` writes the shop's tables into FOLDER as Parquet (once), makes them known to the
engine, and prints a line of JSON: cells compared, differing (counts and sums beyond the last digit, medians beyond their bucket), seconds.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import duckdb

from core.engine import build_facts, observe
from core.ingest import Choices, InputFile, load
from core.kpis import kpi_table
from core.recompute import conversations
from core.scenario import Scenario
from core.warehouse.engines import Warehouse, opened
from core.warehouse.far import far_log
from core.warehouse.source import SourceFile
from tests import shop
from tests.engines.worker import SMALL
from tests.warehouse import farshop

RULES = ("tiktok_24h", "taobao_3min", "zendesk")


def tables(folder: Path) -> dict[str, dict[str, str]]:
    """The mapping of the shop's tables, which lie in the folder as Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "shop.duckdb"
    place.unlink(missing_ok=True)
    columns = farshop.written(place)
    with duckdb.connect(str(place)) as con:
        for name in columns:
            con.execute(f"COPY {name} TO '{folder / name}.parquet' (FORMAT parquet)")
    return columns


def known(warehouse: Any, name: str, path: Path) -> None:
    """Makes a Parquet file a table that the engine's sessions see."""
    if warehouse.kind == "clickhouse":
        made = f"CREATE TABLE IF NOT EXISTS {name} ENGINE = MergeTree ORDER BY tuple()"
        warehouse._session.run(f"{made} AS SELECT * FROM file('{path}', Parquet)")
    if warehouse.kind.startswith("spark"):
        warehouse._session.read.parquet(str(path)).createOrReplaceTempView(name)


def main(kind: str, address: str, folder: Path) -> None:
    """Compares, and prints what was found."""
    begun = time.monotonic()
    columns = tables(folder)

    def prepared(kind: str, address: str) -> Warehouse:
        warehouse = opened(kind, address, **SMALL.get(kind, {}))
        for name in columns:
            known(warehouse, name, folder / f"{name}.parquet")
        return warehouse

    place = str(folder / "shop.duckdb") if kind == "duckdb" else address
    source = SourceFile(kind, place, "Asia/Shanghai", {name: name for name in columns}, columns, stamps="UTC", name=kind)
    far = build_facts(far_log(source, opener=prepared))
    files = [InputFile.of(file) for file in sorted(shop.FOLDER.glob("*.csv")) if file.name != "orders.csv"]
    near = build_facts(load(files, Choices(zone="Asia/Shanghai")))
    cells = differing = 0
    for rules in RULES:
        scenario = Scenario.of({"rules": rules})
        one, other = observe(near, scenario), observe(far, scenario)
        apart = farshop.differing(one, other)
        quantile = apart["number"].isin(["median", "median_low", "median_high", "p90"])
        differing += int(((apart["apart"] > 0.004) | ~quantile & (apart["apart"] > 1e-12)).sum())
        cells += sum(each.size for by in farshop.GROUPINGS for each in kpi_table(one, by=by).numbers.values())
    listed = [conversations(each, Scenario(), 50, of="satisfaction")["start_ms"].tolist() for each in (observe(near), observe(far))]
    found = {"engine": kind, "cells": cells, "differing": differing, "listed": listed[0] == listed[1]}
    sys.stdout.write(json.dumps(found | {"seconds": round(time.monotonic() - begun, 1)}) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
