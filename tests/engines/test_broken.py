"""What breaks in the middle of a build: a clear refusal or the right numbers, nothing left behind, and the next try works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from core.errors import InputError
from core.text import Text
from core.warehouse.build import FACTS, STAGING, built
from core.warehouse.engines import opened
from tests.engines.loading import reading
from tests.engines.logs import Staged, found
from tests.engines.parity import compared, read, tables
from tests.engines.places import ROOT, lacking, spark_environment


@pytest.fixture(scope="module")
def log(paths: tuple[Path, Path]) -> Staged:
    """A log with messages and a file."""
    return next(log for log in found(paths[0]) if log.name.startswith("both"))


def test_a_connection_cut_in_the_middle_leaves_nothing(log: Staged, paths: tuple[Path, Path], postgres: str) -> None:
    """PostgreSQL ends the session while facts are made: said in words, no table stays, and the next try gives every cell."""
    import psycopg

    warehouse = opened("postgresql", postgres)
    staging = reading(warehouse, log)
    pid = int(warehouse.rows("SELECT pg_backend_pid() AS pid")["pid"][0])

    def cut(done: int, of: int, table: str) -> None:
        if table == "owners":
            with psycopg.connect(postgres) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [pid])
            time.sleep(0.5)

    with pytest.raises(InputError) as refused:
        built(warehouse, staging, log.zone, cut)
    issue = refused.value.issue
    assert issue.code == "engine_cut"
    assert "s3cr" not in issue.value
    for language in ("zh", "en"):
        for part in ("message", "cure"):
            assert "{" not in Text(language)(f"issues.engine_cut.{part}", file=issue.file, value=issue.value)
    warehouse.close()
    again = opened("postgresql", postgres)
    steps = ", ".join(f"'{name}'" for name in (*FACTS, *STAGING, "numbered", "said", "agents"))
    left = again.rows(f"SELECT relname FROM pg_class WHERE relpersistence = 't' AND relname IN ({steps})")
    assert left.empty
    result = compared("PostgreSQL", log.name, read(paths[1] / log.folder.name, 1), tables(again, log, 1))
    again.close()
    assert (result.differing, result.first) == (0, "")
    assert result.cells > 1000


def test_an_executor_killed_in_the_middle_changes_no_number(log: Staged, paths: tuple[Path, Path]) -> None:
    """Spark loses an executor while facts are made: the build ends with every cell right or says so, and the next one is right."""
    missing = lacking("Spark")
    if missing or not Path("/proc").is_dir():
        pytest.skip(missing or "processes cannot be looked up here")
    command = [sys.executable, "-m", "tests.engines.killed", str(log.folder), str(paths[1] / log.folder.name)]
    done, environment = None, os.environ | spark_environment()
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False)
    if done is None:
        pytest.skip("Spark was not done within 500 s")
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.strip().splitlines()[-1])
    assert said["killed"] >= 1
    assert said["first"] in ("equal", "engine_cut", "engine_failed")
    assert said["again"] == 0
