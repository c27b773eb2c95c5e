"""One engine in a process of its own: every staged log of a folder, compared with the reference, a line of JSON each.

``python -m tests.engines.worker KIND ADDRESS LOGS REFERENCE LABEL``; with ``-`` as REFERENCE's label the results are written there.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import KefuError
from core.warehouse.engines import opened
from tests.engines.logs import found
from tests.engines.parity import compared, read, saved, tables

SMALL: dict[str, dict[str, Any]] = {"spark": {"partitions": 2}, "spark_connect": {"partitions": 2}}
"""Options for small logs."""


def main(kind: str, address: str, logs: Path, reference: Path, label: str) -> None:
    """All logs, one session each; ``label`` names the engine, an empty one makes the reference."""
    options = SMALL.get(kind, {}) | ({"scratch": str(reference.parent)} if kind == "spark_connect" else {})
    for log in found(logs):
        begun = time.monotonic()
        warehouse = opened(kind, address, **options)
        results = tables(warehouse, log)
        warehouse.close()
        place = reference / log.folder.name
        if not label:
            saved(results, place)
            continue
        line = asdict(compared(label, log.name, read(place), results)) | {"seconds": round(time.monotonic() - begun, 1)}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # drivers warn of each other's versions; what they answer is what is compared
    try:
        main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5])
    except KefuError as refused:
        sys.stdout.write(json.dumps({"refused": refused.issue.code, "value": refused.issue.value}) + "\n")
        sys.exit(3)
