"""One log on one engine → every table that the definitions give; and two such results, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.engine.observe import judged_sql
from core.engine.runner import sql_text
from core.scenario import Scenario
from core.warehouse.build import FACTS, Built, built
from core.warehouse.engines import Warehouse
from tests.engines.loading import reading
from tests.engines.logs import Staged

RULES = (
    {}, {"rules": "taobao_3min", "owner": "most"}, {"rules": "jd_30s", "owner": "last", "fcr_rule": "closed_once"},
    {"rules": "zendesk", "owner": "first", "fcr_rule": "one_reply", "repeat_same_issue": True},
    {"rules": "chatwoot", "fcr_rule": "resolved_15min"}, {"rules": "tiktok_12h", "fcr_rule": "customer_says"},
)  # fmt: skip
"""Knobs that facts are asked with: every clock, owner and rule of first-contact resolution at least once."""
Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Compared:
    """Cells of one log on one engine against the reference; ``first`` is an example of what differs."""

    engine: str
    log: str
    cells: int
    differing: int
    first: str = ""


def tables(warehouse: Warehouse, log: Staged, rules: int = len(RULES)) -> Tables:
    """Facts, and cube, ratings and sums of turns under the first so many rule sets of `RULES`; ``name#3`` is under the fourth."""
    facts = built(warehouse, reading(warehouse, log), log.zone)
    found = {name: warehouse.rows(f"SELECT * FROM {name}") for name in FACTS}
    for number, knobs in enumerate(RULES[:rules]):
        found |= {f"{name}#{number}": rows for name, rows in asked(facts, knobs).items() if name != "turns" or not number}
    found["reach"] = pd.DataFrame([[facts.first_ms, facts.horizon_ms, facts.first_day, facts.last_day]], columns=list("abcd"))
    return found


def asked(facts: Built, knobs: dict[str, Any]) -> Tables:
    """The cube, the ratings, the turns and their sums under one rule set."""
    judged = judged_sql(facts, Scenario.of(knobs))
    selects = {name: sql_text(name).format(judged=judged) for name in ("cube", "ratings", "turns")}
    selects["replies"] = sql_text("replies").format(turns=selects["turns"])
    return {name: facts.warehouse.rows(select) for name, select in selects.items()}


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in one order; numbers as floats (whole ones stay exact), text in quotation marks, what is missing as neither."""
    cells = pd.DataFrame({name: _cells(rows[name]) for name in rows.columns})
    return cells.sort_values(list(cells.columns), ignore_index=True)


def _cells(column: pd.Series) -> Any:
    known = column.notna()
    if not known.any() or pd.api.types.is_numeric_dtype(column):
        return column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(known, "“" + column.astype("object").astype(str) + "”", "")


def _wrong(one: pd.Series, two: pd.Series) -> Any:
    """Which cells differ; a column of numbers differs from one of text altogether."""
    if one.dtype != two.dtype:
        return np.ones(len(one), dtype=bool)
    a, b = one.to_numpy(), two.to_numpy()
    return (a != b) & ~(pd.isna(a) & pd.isna(b))


def compared(engine: str, log: str, mine: Tables, other: Tables) -> Compared:
    """Every cell of every table; a missing table, column or row counts as all its cells."""
    cells = differing = 0
    first = ""
    for name, wanted in mine.items():
        given = other.get(name, pd.DataFrame())
        cells += wanted.size
        if list(given.columns) != list(wanted.columns) or len(given) != len(wanted):
            differing += max(wanted.size, 1)
            first = first or f"{name}: {given.shape} for {wanted.shape}, {set(given.columns) ^ set(wanted.columns)}"
            continue
        one, two = in_order(wanted), in_order(given)
        for column in one.columns:
            wrong = _wrong(one[column], two[column])
            differing += int(wrong.sum())
            if wrong.any() and not first:
                at = int(wrong.argmax())
                first = f"{name}.{column} row {at}: {two[column][at]} for {one[column][at]}"
    return Compared(engine, log, cells, differing, first)


def saved(found: Tables, folder: Path) -> None:
    """The tables as files, for another process."""
    folder.mkdir(parents=True)
    for name, rows in found.items():
        rows.to_parquet(folder / f"{name}.parquet")


def read(folder: Path, rules: int = len(RULES)) -> Tables:
    """What `saved` wrote, of the first so many rule sets."""
    names = {each.stem: each for each in sorted(folder.glob("*.parquet"))}
    return {name: pd.read_parquet(each) for name, each in names.items() if int(f"0{name.partition('#')[2]}") < rules}
