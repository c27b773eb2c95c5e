"""The two sides of the facts benchmark give the same cells, so that their times may be compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.facts import differing, frames
from benchmarks.make_messages import path_of, write


@pytest.mark.parametrize("seed", [1, 2])
def test_engine_and_pandas_agree_in_every_cell(tmp_path: Path, seed: int) -> None:
    """Conversations, turns, activity and cube of a synthetic log are the same numbers from the engine and from pandas."""
    path = path_of(tmp_path, 6_000)
    write(path, 6_000, seed)
    cells, found = differing(frames("engine", path), frames("pandas", path))
    assert not found
    assert cells > 40_000


def test_a_changed_cell_is_noticed(tmp_path: Path) -> None:
    """The comparison is not blind: one clock moved by a millisecond is reported with its column."""
    path = path_of(tmp_path, 3_000)
    write(path, 3_000, 3)
    ours, theirs = frames("engine", path), frames("pandas", path)
    theirs["turns"].loc[5, "ask_ms"] += 1
    assert differing(ours, theirs)[1] == ["turns.ask_ms: 1"]
