"""Facts on a Spark of two executors, one of which is killed on the way; in a process of its own, for the driver lives in it.

``python -m tests.engines.killed LOG REFERENCE`` prints what the build gave, and what the next one did.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import warnings
from pathlib import Path

from core.errors import InputError
from core.warehouse.build import built
from core.warehouse.engines import opened
from core.warehouse.spark import Spark
from tests.engines.loading import reading
from tests.engines.logs import found
from tests.engines.parity import compared, read, tables


def executors(application: str) -> list[int]:
    """Processes of the executors of one application, and of no other."""
    pids = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if application.encode() in words and b"--executor-id" in words:
            pids.append(int(path.parent.name))
    return sorted(pids)


def main(folder: Path, reference: Path) -> dict[str, object]:
    """One build with a death in it, and one without."""
    log = next(each for each in found(folder.parent) if each.folder == folder)
    warehouse = opened("spark", "local-cluster[2,1,1024]", partitions=2)
    assert isinstance(warehouse, Spark)
    application = warehouse.session.sparkContext.applicationId
    dead: list[int] = []

    def kill() -> None:
        pid = executors(application)[0]
        os.kill(pid, signal.SIGKILL)
        dead.append(pid)

    def progress(done: int, of: int, table: str) -> None:
        if table == "said":
            threading.Timer(0.3, kill).start()

    wanted = read(reference, 1)
    first = "equal"
    try:
        built(warehouse, reading(warehouse, log), log.zone, progress)
        facts = {name: warehouse.rows(f"SELECT * FROM {name}") for name in ("conversations", "turns", "activity")}
        same = compared("Spark", log.name, {name: wanted[name] for name in facts}, facts)
        first = "equal" if not same.differing else same.first
    except InputError as refused:
        first = refused.issue.code
    warehouse.close()
    again = opened("spark", "local-cluster[2,1,1024]", partitions=2)
    last = compared("Spark", log.name, wanted, tables(again, log, 1))
    again.close()
    return {"killed": len(dead), "first": first, "again": last.differing}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))) + "\n")
