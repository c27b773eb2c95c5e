"""The sample shop as tables of a database file, and its log by a source file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from core.engine import Observed
from core.kpis import KpiTable, kpi_table
from core.schema import table
from core.warehouse.source import FAR_TABLES, SourceFile, known_fields
from tests import shop

ELSEWHERE = ("courtesy",)
"""KPIs that need what people wrote."""
GROUPINGS = (("shop",), ("agent",), ("team", "language"), ("weekday", "hour"))


def written(path: Path) -> dict[str, dict[str, str]]:
    """The shop's tables in a DuckDB file, stamps as UTC wall clocks; the mapping field → column of each."""
    columns: dict[str, dict[str, str]] = {}
    with duckdb.connect(str(path)) as con:
        for name in FAR_TABLES:
            given = shop.log().tables[name]
            kinds = table(name).by_name()
            kept = [each for each in given.column_names if each in known_fields(name) and each != "text"]
            stamps = {each for each in kept if each in kinds and kinds[each].kind == "instant"}
            cells = {each: f'make_timestamp("{each}" * 1000)' if each in stamps else f'"{each}"' for each in kept}
            picked = ", ".join(f'{cell} AS "{heading(each)}"' for each, cell in cells.items())
            con.register("given", given)
            con.execute(f"CREATE TABLE {name} AS SELECT {picked} FROM given ORDER BY seq")
            con.unregister("given")
            columns[name] = {each: heading(each) for each in kept}
    return columns


def heading(field: str) -> str:
    """What a column is called there."""
    return field.replace("_", " ").capitalize()


def source(path: Path, columns: Mapping[str, Mapping[str, str]]) -> SourceFile:
    """What a source file about these tables says."""
    return SourceFile("duckdb", str(path), "Asia/Shanghai", {name: name for name in columns}, columns, stamps="UTC", name="Warehouse")


def differing(near: Observed, far: Observed, skip: tuple[str, ...] = ELSEWHERE) -> pd.DataFrame:
    """Cells that are not equal to the last digit: by, number, metric, and the largest difference as a part of the figure."""
    rows = [
        {"by": by, "number": number, "metric": key, "apart": apart}
        for by in GROUPINGS
        for number, key, apart in _apart(kpi_table(near, by=by), kpi_table(far, by=by))
        if key not in skip
    ]
    return pd.DataFrame(rows, columns=["by", "number", "metric", "apart"])


def _apart(one: KpiTable, other: KpiTable) -> list[tuple[str, str, float]]:
    assert one.groups.equals(other.groups)
    found = []
    for number in one.numbers:
        for place, key in enumerate(one.keys):
            a, b = one.numbers[number][:, place], other.numbers[number][:, place]
            assert (np.isnan(a) == np.isnan(b)).all() or key in ELSEWHERE, (number, key)
            wrong = (a != b) & ~np.isnan(a)
            if wrong.any():
                found.append((number, key, float(np.max(np.abs(b[wrong] - a[wrong]) / np.abs(a[wrong])))))
    return found
