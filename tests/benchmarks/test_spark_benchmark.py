"""The far way of the Spark benchmark gives the engine's own cube, and a side whose cube differs is not timed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.facts import engine
from benchmarks.make_messages import path_of, write
from benchmarks.spark import child, in_order, report


def test_the_far_way_gives_the_engines_cube_and_a_difference_ends_it(tmp_path: Path) -> None:
    """The first side writes the reference, which is the cube of the near way; one changed cell is an end with its number."""
    path, reference = path_of(tmp_path, 3_000), tmp_path / "cube.parquet"
    write(path, 3_000, 4)
    assert child("", path, 2, reference)["cells"] > 10_000
    wanted, near = pd.read_parquet(reference), in_order(engine(path)[1])
    pd.testing.assert_frame_equal(near, wanted, check_dtype=False)
    wanted.loc[3, "sum_messages"] += 1
    wanted.to_parquet(reference)
    with pytest.raises(SystemExit, match="1 of"):
        child("", path, 2, reference)


def test_sides_are_told_as_multiples_of_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Facts and cube count, the start of a driver does not."""
    runs = [{"seconds": {"start": 9.0, "facts": 3.0, "cube": 1.0}, "cells": 10}]
    assert report(1, "duckdb", runs, 0.0) == 4
    report(1, "local-cluster[1,1,1024]", [{"seconds": {"start": 9.0, "facts": 30.0, "cube": 10.0}, "cells": 10}], 4.0)
    assert "10.00 ×" in capsys.readouterr().out
