"""What stands in a parcel: a log with its ledger, or the tables of facts."""

from __future__ import annotations

import hashlib
import json
import os
import weakref
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.engine import Facts, SlowKnobs
from core.engine.carried import carried, for_more, restored
from core.log import Log, Source
from core.store import books
from core.store.origins import zone_rules
from core.store.parcels import Filling, Parcel, hold


def fill_log(log: Log, filling: Filling) -> dict[str, Any]:
    """Put a log into a parcel; gives back what is to be said of it.

    Raises:
        TypeError: its ledger holds something that plain data cannot say.
    """
    data, rows = books.written(log.ledger)
    filling.data("ledger.json", json.dumps(data).encode())
    filling.table("rows.parquet", rows.schema, [rows])
    kinds = {name: _fill_table(filling, f"table-{name}.parquet", source) for name, source in log.tables.items()}
    names = list(dict.fromkeys(report.file for report in log.ledger.files))
    counted = sum(filling.files[f"table-{name}.parquet"]["rows"] for name in kinds)
    return {
        "digest": log.digest, "zone": log.zone, "zone_rules": zone_rules(log.zone), "tables": kinds, "names": names, "rows": counted,
    }  # fmt: skip


def _fill_table(filling: Filling, name: str, source: Source) -> str:
    """A staging table; says whether it is to be held in memory again or read where it lies."""
    if isinstance(source, Path):
        filling.lying(name, source)
        return "file"
    filling.table(name, source.schema, [source])
    return "memory"


def log_from(parcel: Parcel) -> Log:
    """The log of a parcel. Its tables are in memory; those that lay on disk lie in the parcel, which is held as long as the log is."""
    about = parcel.about
    ledger = books.read(json.loads(parcel.data("ledger.json")), parcel.parquet("rows.parquet").read())
    tables: dict[str, Source] = {name: _table_from(parcel, f"table-{name}.parquet", kind) for name, kind in about["tables"].items()}
    log = Log(about["digest"], about["zone"], tables, ledger)
    if "file" in about["tables"].values():
        weakref.finalize(log, os.close, hold(parcel.folder))
    return log


def _table_from(parcel: Parcel, name: str, kind: str) -> Source:
    if kind == "file":
        return parcel.folder / name
    return parcel.parquet(name).read().combine_chunks()


def facts_name(digest: str, slow: SlowKnobs) -> str:
    """What the parcel of a log's facts under slow knobs is called."""
    knobs = hashlib.blake2b(repr(sorted(asdict(slow).items())).encode(), digest_size=8).hexdigest()
    return f"facts-{digest}-{knobs}"


def fill_facts(facts: Facts, filling: Filling) -> dict[str, Any]:
    """Put facts into a parcel; gives back what is to be said of them."""
    tables = carried(facts)
    for name, reader in tables.items():
        filling.table(f"table-{name}.parquet", reader.schema, reader)
    ends = {name: getattr(facts, name) for name in ("horizon_ms", "first_day", "last_day")}
    about = {"digest": facts.log.digest, "zone": facts.zone, "zone_rules": zone_rules(facts.zone)}
    return about | {"tables": list(tables), "for_more": list(for_more(facts)), **ends}


def facts_from(log: Log, parcel: Parcel, extendable: bool = False) -> Facts | None:
    """The facts of a parcel, in the embedded engine; with ``extendable`` also what further rows need, None where that is not kept."""
    more = set(parcel.about["for_more"])
    if extendable and not more:
        return None
    tables = {}
    for name in parcel.about["tables"] if extendable else [name for name in parcel.about["tables"] if name not in more]:
        file = parcel.parquet(f"table-{name}.parquet")
        tables[name] = (file.schema_arrow, file.iter_batches())
    return restored(log, tables, parcel.about)
