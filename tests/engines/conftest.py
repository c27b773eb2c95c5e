"""Only `python3 run.py test engines` runs these: other engines take minutes to install and to start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.engines.logs import logs, staged
from tests.engines.places import Outcome, Place, asked
from tests.sources.conftest import QUOTED, server

__all__ = ["server"]
ASKED = os.environ.get("KEFULENS_TEST_ENGINES") == "1"
collect_ignore_glob = [] if ASKED else ["test_*.py"]
SEED = int(os.environ.get("KEFULENS_TEST_SEED", "7"))
_OUTCOMES: dict[str, Outcome] = {}


@pytest.fixture(scope="session")
def outcomes() -> dict[str, Outcome]:
    """What each engine gave, for the table at the end."""
    return _OUTCOMES


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of staged logs, and the folder of what DuckDB made of them."""
    root = tmp_path_factory.mktemp("engines")
    for number, (name, log) in enumerate(logs(SEED)):
        staged(name, log, root / "logs" / f"{number:02d}")
    made = asked(Place("duckdb"), (root / "logs", root / "reference"), "", 300)
    assert not made.lines, made.lines
    assert not made.reason, made.reason
    root.chmod(0o755)
    return root / "logs", root / "reference"


@pytest.fixture
def postgres(server: str) -> str:
    """Address of a PostgreSQL of our own."""
    return f"postgresql://owner:{QUOTED}@{server}/shop"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The parity table: engines × logs, cells compared, differing; and what was skipped and why."""
    if not _OUTCOMES:
        return
    terminalreporter.section("parity")
    for label, outcome in _OUTCOMES.items():
        for line in outcome.lines:
            terminalreporter.write_line(
                f"{label:<14} {line['log']:<32} {line['cells']:>9,} cells {line['differing']:>3} differing {line['seconds']:>6.1f} s"
            )
        total = sum(line["cells"] for line in outcome.lines)
        version = next((line["version"].split(" on ")[0] for line in outcome.lines if "version" in line), "")
        wrong = sum(line["differing"] for line in outcome.lines)
        ending = f"; {outcome.reason}" if outcome.reason else ""
        terminalreporter.write_line(f"{label:<14} {len(outcome.lines)} logs, {total:,} cells, {wrong} differing ({version}){ending}")
