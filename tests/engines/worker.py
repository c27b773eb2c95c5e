"""One engine in a process of its own: every staged log of a folder, compared with the reference, a line of JSON each.

``python -m tests.engines.worker KIND ADDRESS LOGS REFERENCE LABEL``; with an empty LABEL the results are written to REFERENCE.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.warehouse.engines import opened
from tests.engines.logs import found
from tests.engines.parity import RULES, compared, read, saved, tables

SMALL: dict[str, dict[str, Any]] = {"spark": {"partitions": 2}, "spark_connect": {"partitions": 2}}
"""Options for small logs."""
FEW = 3
"""Rule sets that Spark is asked, where a question takes a second however small the log."""


def main(kind: str, address: str, logs: Path, reference: Path, label: str) -> None:
    """All logs, one session each; ``label`` names the engine, an empty one makes the reference."""
    options = SMALL.get(kind, {}) | ({"scratch": str(reference.parent)} if kind == "spark_connect" else {})
    rules = FEW if kind in SMALL else len(RULES)
    for log in found(logs):
        begun = time.monotonic()
        warehouse = opened(kind, address, **options)
        results = tables(warehouse, log, rules)
        version = str(warehouse.rows("SELECT version() AS v")["v"][0])
        warehouse.close()
        place = reference / log.folder.name
        if not label:
            saved(results, place)
            continue
        line = asdict(compared(label, log.name, read(place, rules), results))
        sys.stdout.write(json.dumps(line | {"seconds": round(time.monotonic() - begun, 1), "version": version}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # drivers warn of each other's versions; what they answer is what is compared
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5])
