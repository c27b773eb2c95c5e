"""The way from a CSV to the cube gives the cube of the rows that were written, so that its time may be compared with a plain parse."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import csv_to_cube
from benchmarks.csv_to_cube import KINDS, PARSERS, check, csv_of, report
from benchmarks.facts import Used


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_cube_is_that_of_its_rows(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sum by day and hour agrees for codes and for names; a message that the import loses is noticed."""
    assert check(tmp_path, 3_000, kind).endswith(" messages")
    whole = csv_to_cube.app
    monkeypatch.setattr(csv_to_cube, "app", lambda path: whole(path).iloc[1:])
    with pytest.raises(AssertionError):
        check(tmp_path, 3_000, kind)


def test_every_parse_reads_every_row(tmp_path: Path) -> None:
    """The plain parsers find the same number of rows, that of the file."""
    path = csv_of(tmp_path, 3_000, "plain")
    lines = len(path.read_text(encoding="utf-8").splitlines()) - 1
    assert {getattr(csv_to_cube, parser)(path) for parser in PARSERS} == {lines} == {len(pd.read_csv(path))}


def test_the_share_is_of_the_fastest_parse(capsys: pytest.CaptureFixture[str]) -> None:
    """Four seconds beside parses of two and one are four times the fastest."""
    report(1, "plain", {"app": Used(4, 4, 300), "duckdb": Used(2, 1, 100), "pyarrow": Used(1, 2, 200)})
    assert "app/pyarrow, the fastest plain parse: wall 4.00  cpu 2.00  rss 1.50" in capsys.readouterr().out
