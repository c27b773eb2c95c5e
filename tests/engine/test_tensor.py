"""The dense way to a figure and the way over rows give the same figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.engine import Cube, Observed, Source, tensor
from core.engine.packed import Column, Packed
from core.engine.tensor import Rolled, Tensor
from core.kpis import KpiTable, kpi_table
from core.scenario import Scenario
from tests import shop

ASKED: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("agent",), {}),
    (("shop",), {"in_channel": ["chat"], "in_language": ["en", "zh"]}),
    (("agent", "team"), {"in_agent": ["Ana", "Bo", "Chen"]}),
    (("weekday", "hour"), {"in_category": ["returns"]}),
    (("date",), {"from": "2026-03-10", "to": "2026-04-02", "period": "own"}),
    (("language", "week"), {}),
)


def afresh(observed: Observed) -> Observed:
    """The same log, with nothing added up yet."""
    return replace(observed, sources={name: Source(found.cube, found.values) for name, found in observed.sources.items()})


def tables(observed: Observed) -> list[KpiTable]:
    """Every question of the list."""
    return [kpi_table(observed, scenario_of(observed, knobs), by) for by, knobs in ASKED]


def scenario_of(observed: Observed, knobs: Mapping[str, Any]) -> Scenario:
    """The knobs with labels that the log has."""
    known = {
        key: [label for label in value if label in observed.labels[key[3:]]] or list(observed.labels[key[3:]][:2])
        for key, value in knobs.items()
        if key.startswith("in_")
    }
    rest = {key: value for key, value in knobs.items() if key in ("from", "to")}
    return Scenario.of(known | rest)


def test_dense_and_sparse_are_one_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure, interval and sum of the sample shop, six groupings with filters and periods: whole numbers equal to the last bit."""
    found = {}
    for way, least in (("rows", 10**9), ("dense", 0)):
        monkeypatch.setattr(tensor, "FEWEST_ROWS", least)
        found[way] = tables(afresh(shop.observed()))
    cells = 0
    for rows, dense in zip(found["rows"], found["dense"], strict=True):
        assert rows.groups.equals(dense.groups)
        assert (rows.status == dense.status).all()
        for name, column in rows.sums.items():
            np.testing.assert_array_equal(column, dense.sums[name])
        for name, column in rows.numbers.items():
            np.testing.assert_allclose(column, dense.numbers[name], rtol=1e-12, atol=0)
            cells += int((~np.isnan(column)).sum())
    assert cells > 5000


def test_a_filter_reads_cells_not_rows() -> None:
    """Forty thousand rows become as many cells as agents × days; another period or filter makes nothing new."""
    rng = np.random.default_rng(1)
    codes = {"agent": rng.integers(0, 5, 40_000), "day": rng.integers(20_000, 20_010, 40_000), "hour": rng.integers(0, 24, 40_000)}
    waits = rng.integers(-1, 10**6, 40_000)
    kept = np.where(waits < 0, np.iinfo(np.int32).min, waits).astype(np.int32)
    packed = Packed({"wait_s": Column(kept, 1000, holes=True)}, whole=False)
    cube = Cube(Packed({name: Column.of(each) for name, each in codes.items()}, whole=True), packed)
    rolled = Rolled(cube)
    few = rolled.by({"agent"})
    assert len(few) == 50
    assert rolled.by(("agent", "day")) is few
    wanted = [int(waits[(codes["agent"] == agent) & (waits >= 0)].sum()) / 1000 for agent in range(5)]
    whole = rolled.by(set())
    assert len(whole) == 10
    totals, divisor = tensor.undivided(few, "wait_s")
    assert (np.bincount(few.codes["agent"], totals) / divisor).tolist() == wanted
    assert tensor.undivided(whole, "wait_s")[0].sum() == totals.sum()


def test_too_many_dimensions_stay_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the product of the dimensions is too large, or no smaller than the rows, the rows are read as they are."""
    codes = {name: np.arange(30_000) % size for name, size in (("agent", 400), ("day", 300), ("hour", 24))}
    cube = Cube(codes, {"n": np.ones(30_000)})
    assert Rolled(cube).by({"agent"}) is cube
    assert len(Rolled(cube).by({"hour"})) == 600
    monkeypatch.setattr(tensor, "MOST_NUMBERS", 1000)
    assert Rolled(cube).by({"hour"}) is cube


def test_empty_cells_are_no_groups() -> None:
    """A cell nobody worked in is not there, rather than there with nought."""
    cube = Cube({"agent": np.array([0, 2]), "day": np.array([7, 9])}, {"n": np.array([1.0, np.nan])})
    codes, numbers = Tensor.of(cube, {"agent": (0, 3), "day": (7, 3)}).codes_and_numbers()
    assert codes["agent"].tolist() == [0, 2]
    assert codes["day"].tolist() == [7, 9]
    assert numbers["n"].tolist() == [1.0, 0.0]
