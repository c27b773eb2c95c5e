"""A period, filters and a grouping laid over the cubes: what KPI tables, and the doubt of their figures, are summed from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.engine.observe import WEIGHT, Cube, Observed, Source
from core.period import Period, week_of
from core.scenario import DIMENSIONS, Scenario

Floats = NDArray[np.float64]
_TEXT = frozenset(DIMENSIONS)


class Grouped:
    """A period, filters and a grouping laid over the sources; each source is cut and grouped once."""

    def __init__(self, observed: Observed, scenario: Scenario, by: tuple[str, ...], period: Period) -> None:
        self.observed, self.scenario, self.by, self.period = observed, scenario, by, period
        self.filters = {name: scenario.get(f"in_{name}") for name in DIMENSIONS if scenario.get(f"in_{name}")}
        self._sources: dict[str, Source | None] = {}
        self._keys: dict[tuple[str, str], NDArray[np.int64]] = {}
        self._places: dict[tuple[str, str], tuple[NDArray[np.int64], NDArray[np.bool_]]] = {}
        self.hourless = "hour" in by and only_days(observed.facts.available)
        self.order = self._groups()

    def source(self, name: str) -> Source | None:
        """A source cut to period and filters, once; None where the log lacks it or it lacks a dimension asked for."""
        if name not in self._sources:
            self._sources[name] = self._cut(name)
        return self._sources[name]

    def _cut(self, name: str) -> Source | None:
        found = self.observed.source(name, self.period.first_day, self.period.last_day)
        asked = (*self.by, *self.filters)
        if found is None or self.hourless or not all(_has(found.cube, dimension) for dimension in asked):
            return None
        parts = []
        for cube in (found.cube, found.values):
            keep = np.ones(len(cube), dtype=bool)
            for dimension, wanted in self.filters.items():
                codes = [i for i, label in enumerate(self.observed.labels[dimension]) if label in wanted]
                keep &= np.isin(cube.codes[dimension], codes) if dimension in cube.codes else False
            parts.append(cube.pick(keep) if len(cube) else cube)
        self._keys |= {(name, part): self._key(cube) for part, cube in zip(("cube", "values"), parts, strict=True)}
        return Source(*parts)

    def _key(self, cube: Cube) -> NDArray[np.int64]:
        """One integer per row that names its group."""
        key = np.zeros(len(cube), dtype=np.int64)
        for name in self.by:
            codes = _codes(cube, name, self.scenario.get("week_start"))
            key = key * _size(self.observed, name) + codes
        return key

    def _groups(self) -> NDArray[np.int64]:
        if self.by == ("shop",):
            return np.zeros(1, dtype=np.int64)
        found = [self._keys[name, "cube"] for name in (*self.observed.sources, "sales") if self.source(name) is not None]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)

    def place(self, name: str, part: str = "cube") -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Group row of each source row, and whether it belongs to any group."""
        if (name, part) not in self._places:
            keys = self._keys[name, part]
            at = np.minimum(np.searchsorted(self.order, keys), max(len(self.order) - 1, 0))
            hit = self.order[at] == keys if len(self.order) else np.zeros(len(keys), dtype=bool)
            self._places[name, part] = at, hit
        return self._places[name, part]

    def sum(self, name: str, column: str) -> Floats:
        """A measure column summed per group."""
        source = self.source(name)
        if source is None:
            return np.full(len(self.order), np.nan)
        at, hit = self.place(name)
        return np.bincount(
            at[hit], weights=np.nan_to_num(source.cube.numbers[column][hit]), minlength=len(self.order)
        ).astype(np.float64)

    def daily(self, name: str, columns: Sequence[str]) -> tuple[NDArray[np.int64], list[Floats]]:
        """Measure columns summed per group × day: groups of the rows and the sums."""
        cells, sums = self.by_block(name, columns, self.period.days)
        return cells // self.period.days, sums

    def by_block(self, name: str, columns: Sequence[str], most: int) -> tuple[NDArray[np.int64], list[Floats]]:
        """Measure columns summed per group × block of days, at most ``most`` blocks: cells (group × blocks + block) and the sums."""
        source = self.source(name)
        if source is None:
            return np.zeros(0, dtype=np.int64), [np.zeros(0) for _ in columns]
        at, hit = self.place(name)
        cell = at[hit] * min(self.period.days, most) + self._block(source.cube.codes["day"][hit], most)
        used, inverse = np.unique(cell, return_inverse=True)
        sums = [
            np.bincount(inverse, weights=np.nan_to_num(source.cube.numbers[c][hit]), minlength=len(used))
            for c in columns
        ]
        return used, [np.asarray(column, dtype=np.float64) for column in sums]

    def _block(self, days: NDArray[np.int64], most: int) -> NDArray[np.int64]:
        """Consecutive days as blocks of nearly equal length."""
        since, whole = days - self.period.first_day, self.period.days
        return np.asarray(since if whole <= most else since * most // whole, dtype=np.int64)

    def singles(self, name: str, column: str) -> tuple[NDArray[np.int64], Floats]:
        """Single observations ordered by group and value: their groups and the values."""
        groups, values, _ = self.singles_by_block(name, column, 1)
        return groups, values

    def weighed(self, name: str, column: str) -> tuple[NDArray[np.int64], Floats, Floats | None]:
        """Observations ordered by group and value: groups, values, and how many each row stands for; None: each for itself."""
        return self._ordered(name, column, 1)[:3]

    def singles_by_block(
        self, name: str, column: str, most: int
    ) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
        """Single observations ordered by group and value: groups, values, and the block of days each lies in.

        Rows of a histogram come as often as they were seen.
        """
        groups, values, weights, blocks = self._ordered(name, column, most)
        if weights is None:
            return groups, values, blocks
        times = weights.astype(np.int64)
        return np.repeat(groups, times), np.repeat(values, times), np.repeat(blocks, times)

    def _ordered(
        self, name: str, column: str, most: int
    ) -> tuple[NDArray[np.int64], Floats, Floats | None, NDArray[np.int64]]:
        source = self.source(name)
        if source is None or column not in source.values.numbers:
            return np.zeros(0, dtype=np.int64), np.zeros(0), None, np.zeros(0, dtype=np.int64)
        at, hit = self.place(name, "values")
        values = source.values.numbers[column]
        hit = hit & ~np.isnan(values)
        order = np.lexsort((values[hit], at[hit]))
        weights = source.values.numbers[WEIGHT][hit][order] if WEIGHT in source.values.numbers else None
        return at[hit][order], values[hit][order], weights, self._block(source.values.codes["day"][hit], most)[order]

    def given(self, key: str) -> tuple[NDArray[np.int64], Floats]:
        """Figures that came without an n: the group of each row that lies in one, and the figure."""
        cube = self.observed.given
        if cube is None or not all(_has(cube, name) for name in self.by):
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        keys = self._key(cube)
        hit = np.isin(keys, self.order)
        return keys[hit], cube.numbers[key][hit]

    def groups(self) -> pd.DataFrame:
        """The groups as labels and numbers."""
        rest, columns = self.order.copy(), {}
        for name in reversed(self.by):
            size = _size(self.observed, name)
            columns[name], rest = rest % size, rest // size
        return pd.DataFrame({name: _labels(self.observed, name, columns[name]) for name in self.by})

    def all_sums(self) -> dict[str, Floats]:
        """Every conversation column summed per group."""
        source = self.source("conversations")
        return {name: self.sum("conversations", name) for name in source.cube.numbers} if source else {}


def only_days(available: frozenset[str]) -> bool:
    """Whether the log knows on which day conversations began, but not at what time.

    >>> only_days(frozenset({"conversations.started_at", "conversations.started_at_dated"}))
    True
    """
    return "conversations.started_at_dated" in available and "messages.sent_at" not in available


def _has(cube: Cube, dimension: str) -> bool:
    return (
        dimension == "shop" or {"weekday": "day", "date": "day", "week": "day"}.get(dimension, dimension) in cube.codes
    )


def _codes(cube: Cube, name: str, week_start: str) -> NDArray[np.int64]:
    if name == "shop":
        return np.zeros(len(cube), dtype=np.int64)
    if name not in ("weekday", "date", "week"):
        return cube.codes[name]
    day = cube.codes["day"]
    found = (day + 3) % 7 if name == "weekday" else week_of(day, week_start) if name == "week" else day
    return np.asarray(found, dtype=np.int64)


def _size(observed: Observed, name: str) -> int:
    return len(observed.labels[name]) if name in _TEXT else {"shop": 1, "weekday": 7, "hour": 24}.get(name, 100_000)


def _labels(observed: Observed, name: str, codes: NDArray[np.int64]) -> Any:
    if name in _TEXT:
        return np.array(observed.labels[name], dtype=object)[codes]
    return np.array(["shop"] * len(codes), dtype=object) if name == "shop" else codes
