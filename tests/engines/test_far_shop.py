"""The sample shop at a source: every figure that of the files, and every page opens; each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.text import LANGUAGES
from tests.engines.far_pages import PARTS
from tests.engines.places import ROOT, lacking

SECONDS = 300
"""A process that has not ended by then hangs: on two free cores each of them takes less than half a minute."""


def said(*words: str) -> str:
    """What a program of this folder prints."""
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(("label", "kind"), [("DuckDB 2", "duckdb"), ("ClickHouse", "clickhouse")])
def test_every_figure_is_that_of_the_files(label: str, kind: str, tmp_path: Path) -> None:
    """KPIs by every grouping under three rule sets: counts and sums to the last digit, medians within their bucket; the same rows listed.

    PostgreSQL is compared by `tests.sources.test_far_postgres`; Spark takes minutes for each rule set, its facts are in the parity table.
    """
    missing = lacking(label)
    if missing:
        pytest.skip(missing)
    found = json.loads(said("tests.engines.far_shop", kind, "", str(tmp_path)).splitlines()[-1])
    assert (found["engine"], found["differing"], found["listed"]) == (kind, 0, True)
    assert found["cells"] > 100_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens(language: str) -> None:
    """Figures, or words; never a traceback: each page and each part of it says something."""
    lines = said("tests.engines.far_pages", language).splitlines()
    assert len(lines) == sum(len(parts) or 1 for _, parts in PARTS.values())
    assert all(int(line.split(": ", 1)[1].split(" ")[0]) > 10 for line in lines)
