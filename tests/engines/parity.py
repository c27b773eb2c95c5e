"""One log on one engine → every table that the definitions give; and two such results, cell by cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def tables(warehouse: Warehouse, log: Staged) -> Tables:
    """Facts, and cube, ratings and turns under every rule set of `RULES`."""
    facts = built(warehouse, reading(warehouse, log), log.zone)
    found = {name: warehouse.rows(f"SELECT * FROM {name}") for name in FACTS}
    for knobs in RULES:
        found |= {f"{name} {knobs}": rows for name, rows in asked(facts, knobs).items()}
    found["reach"] = pd.DataFrame([[facts.first_ms, facts.horizon_ms, facts.first_day, facts.last_day]])
    return found


def asked(facts: Built, knobs: dict[str, Any]) -> Tables:
    """The cube, the ratings, the turns and their sums under one rule set."""
    judged = judged_sql(facts, Scenario.of(knobs))
    selects = {name: sql_text(name).format(judged=judged) for name in ("cube", "ratings", "turns")}
    selects["replies"] = sql_text("replies").format(turns=selects["turns"])
    return {name: facts.warehouse.rows(select) for name, select in selects.items()}


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in one order, every cell a text or None, whole numbers without a fraction; nothing is rounded."""
    cells = pd.DataFrame({name: [_cell(value) for value in rows[name]] for name in rows.columns}, dtype=object)
    return cells.sort_values(list(cells.columns), key=lambda column: column.map(str), ignore_index=True)


def _cell(value: Any) -> str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        return f"“{value}”"
    return str(int(value)) if float(value).is_integer() else repr(float(value))


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
        wrong = (one != two) & ~(one.isna() & two.isna())
        differing += int(wrong.to_numpy().sum())
        if wrong.to_numpy().any() and not first:
            at, column = next((at, column) for column in one.columns for at in range(len(one)) if wrong[column][at])
            first = f"{name}.{column} row {at}: {two[column][at]} for {one[column][at]}"
    return Compared(engine, log, cells, differing, first)


def saved(found: Tables, folder: Path) -> None:
    """The tables as files, for another process."""
    folder.mkdir(parents=True)
    for number, (name, rows) in enumerate(found.items()):
        rows.rename(columns=str).to_parquet(folder / f"{number}.parquet")
        (folder / f"{number}.txt").write_text(name, "utf-8")


def read(folder: Path) -> Tables:
    """What `saved` wrote."""
    return {each.read_text("utf-8"): pd.read_parquet(each.with_suffix(".parquet")) for each in sorted(folder.glob("*.txt"))}
