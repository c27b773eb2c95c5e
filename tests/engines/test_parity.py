"""The same definitions on every engine, from the same random logs: every cell the same as on DuckDB."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engines.places import LABELS, Outcome, Place, asked, connect_server, lacking, old_duckdb, spark_environment

BUDGET_S = float(os.environ.get("KEFULENS_TEST_ENGINES_SECONDS", "1200"))
"""For all engines together: whoever is not done by then is named, with what was compared."""
_BEGUN = time.monotonic()


def _place(label: str, request: pytest.FixtureRequest, stack: ExitStack, folder: Path) -> Place:
    if label.startswith("DuckDB"):
        return Place("duckdb", "", {"PYTHONPATH": str(old_duckdb())} if label != LABELS[0] else {})
    if label == "PostgreSQL":
        return Place("postgresql", request.getfixturevalue("postgres"))
    if label == "ClickHouse":
        return Place("clickhouse")
    if label == "Spark":
        return Place("spark", "local-cluster[2,1,1024]", spark_environment())
    return Place("spark_connect", stack.enter_context(connect_server(folder)), spark_environment())


@pytest.mark.parametrize("label", LABELS)
def test_every_cell_is_the_same(
    label: str, request: pytest.FixtureRequest, paths: tuple[Path, Path], outcomes: dict[str, Outcome], tmp_path: Path
) -> None:
    """Facts, cubes, ratings and turns of every log and rule set: no cell differs from DuckDB's."""
    missing = lacking(label)
    if missing:
        outcomes[label] = Outcome(reason=missing)
        pytest.skip(missing)
    left = max(BUDGET_S - (time.monotonic() - _BEGUN), 30)
    share = left / 2 if label == "Spark" else left
    outcomes[label] = Outcome(reason="it did not start")
    with ExitStack() as stack:
        outcome = outcomes[label] = asked(_place(label, request, stack, tmp_path), paths, label, share)
    wrong = [(line["log"], line["differing"], line["first"]) for line in outcome.lines if line["differing"]]
    assert wrong == []
    if outcome.reason:
        pytest.skip(f"{len(outcome.lines)} logs the same, the others {outcome.reason}")
    assert len(outcome.lines) == len(list(paths[0].iterdir()))
    assert all(line["cells"] > 50 for line in outcome.lines)
