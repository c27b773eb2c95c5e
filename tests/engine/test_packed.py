"""Narrow columns give the same numbers as wide ones, batch by batch."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from core.engine import packed
from core.engine.packed import gathered

ROWS = """SELECT CASE WHEN range % 5 = 0 THEN NULL ELSE range % 7 END AS agent, CAST(range % 3 AS VARCHAR) AS team,
  CASE WHEN range % 11 = 0 THEN NULL ELSE range * 40 END AS wait_ms, range AS n, CASE WHEN range % 2 = 0 THEN range / 4.0 END AS rating
  FROM range(10000) ORDER BY range"""


@pytest.mark.parametrize("batch", [64, 1 << 18])
def test_batches_of_any_size_give_every_cell(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels of codes, holes and widths survive however many batches a result comes in."""
    monkeypatch.setattr(packed, "BATCH", batch)
    con = duckdb.connect()
    found = gathered(con, ROWS, ("agent", "team"))
    at = np.arange(10_000)
    assert found.words["agent"].as_codes([str(code) for code in range(7)], 7).tolist() == np.where(at % 5 == 0, 7, at % 7).tolist()
    np.testing.assert_array_equal(found.numbers["wait_ms"].over(1000).floats(), np.where(at % 11 == 0, np.nan, at * 40 / 1000))
    np.testing.assert_array_equal(found.numbers["rating"].floats(), np.where(at % 2 == 0, at / 4, np.nan))
    assert found.numbers["n"].kept.dtype == np.int16
    assert found.numbers["wait_ms"].filled().ints().sum() == sum(each * 40 for each in range(10_000) if each % 11)


def test_an_empty_result_has_its_columns() -> None:
    """A SELECT without rows still names labels and numbers."""
    found = gathered(duckdb.connect(), ROWS.replace("10000", "0"), ("agent",))
    assert len(found.words["agent"].codes) == 0
    assert len(found.numbers["n"].floats()) == 0
