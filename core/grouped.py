"""A period, filters and a grouping laid over the cubes: what KPI tables, and the doubt of their figures, are summed from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.engine.observe import WEIGHT, Cube, Observed, Source
from core.engine.packed import narrow
from core.engine.tensor import undivided
from core.period import Period, week_of
from core.scenario import DIMENSIONS, Scenario

Floats = NDArray[np.float64]
_TEXT = frozenset(DIMENSIONS)
_MOST_PLACES = 1 << 20


class Grouped:
    """A period, filters and a grouping laid over the sources; each source is cut and grouped once."""

    def __init__(self, observed: Observed, scenario: Scenario, by: tuple[str, ...], period: Period) -> None:
        self.observed, self.scenario, self.by, self.period = observed, scenario, by, period
        self.filters = {name: scenario.get(f"in_{name}") for name in DIMENSIONS if scenario.get(f"in_{name}")}
        self._sources: dict[str, Source | None] = {}
        self._cubes: dict[str, Cube] = {}
        self._sums: dict[tuple[str, str], Floats] = {}
        self._places: dict[tuple[str, str], tuple[NDArray[np.int64], NDArray[np.bool_]]] = {}
        self.hourless = "hour" in by and only_days(observed.facts.available)
        self.order = self._groups()

    def source(self, name: str) -> Source | None:
        """A source with all its dimensions, cut to period and filters; None as in `whole`."""
        found = self.whole(name)
        return found and Source(*(part.pick(self._kept(part)) if len(part) else part for part in (found.cube, found.values)))

    def whole(self, name: str) -> Source | None:
        """A source as it is before period and filters; None where the log lacks it or it lacks a dimension asked for."""
        if name not in self._sources:
            found = self.observed.source(name, self.period.first_day, self.period.last_day)
            asked = (*self.by, *self.filters)
            lacks = found is None or self.hourless or not all(_has(found.cube, dimension) for dimension in asked)
            self._sources[name] = None if lacks else found
        return self._sources[name]

    def cube(self, name: str) -> Cube | None:
        """A source's sums by the dimensions that count, cut to period and filters, once."""
        source = self.whole(name)
        if source is None:
            return None
        if name not in self._cubes:
            cube = source.by({*map(_axis, self.by), *self.filters})
            self._cubes[name] = cube.pick(self._kept(cube)) if len(cube) else cube
        return self._cubes[name]

    def _kept(self, cube: Cube) -> NDArray[np.bool_]:
        """Which rows lie in the period and pass the filters."""
        days = cube.codes["day"]
        keep: NDArray[np.bool_] = (days >= self.period.first_day) & (days <= self.period.last_day)
        for dimension, wanted in self.filters.items():
            passing = np.array([label in wanted for label in self.observed.labels[dimension]])
            keep &= passing[cube.codes[dimension]] if dimension in cube.codes else False
        return keep

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
        cubes = [self.cube(name) for name in (*self.observed.sources, "sales")]
        found = [self._key(cube) for cube in cubes if cube is not None]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)

    def place(self, name: str, part: str = "cube") -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Group row of each row of a source's cube, or of its values, and whether it belongs to any group."""
        if (name, part) not in self._places:
            source, cube = self.whole(name), self.cube(name)
            if source is None or cube is None:
                return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
            rows = cube if part == "cube" else source.values
            at, hit = self._placed(rows)
            self._places[name, part] = at, hit if part == "cube" or not len(rows) else hit & self._kept(rows)
        return self._places[name, part]

    def _placed(self, cube: Cube) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        if not len(self.order) or not len(cube):
            return np.zeros(len(cube), dtype=np.int64), np.zeros(len(cube), dtype=bool)
        if self.by == ("shop",):
            return np.zeros(len(cube), dtype=np.int64), np.ones(len(cube), dtype=bool)
        keys = self._key(cube)
        span = int(self.order[-1]) + 1
        if span <= _MOST_PLACES:
            place = np.full(span + 1, -1, dtype=np.int64)
            place[self.order] = np.arange(len(self.order))
            at = place[np.minimum(keys, span)]
            return np.maximum(at, 0), at >= 0
        at = np.minimum(np.searchsorted(self.order, keys), len(self.order) - 1)
        return at, self.order[at] == keys

    def sum(self, name: str, column: str) -> Floats:
        """A measure column summed per group."""
        if (name, column) not in self._sums:
            cube = self.cube(name)
            if cube is None:
                return np.full(len(self.order), np.nan)
            at, hit = self.place(name)
            values, divisor = undivided(cube, column)
            self._sums[name, column] = np.bincount(at[hit], values[hit], len(self.order)).astype(np.float64) / divisor
        return self._sums[name, column]

    def daily(self, name: str, columns: Sequence[str]) -> tuple[NDArray[np.int64], list[Floats]]:
        """Measure columns summed per group × day: groups of the rows and the sums."""
        cells, sums = self.by_block(name, columns, self.period.days)
        return cells // self.period.days, sums

    def by_block(self, name: str, columns: Sequence[str], most: int) -> tuple[NDArray[np.int64], list[Floats]]:
        """Measure columns summed per group × block of days, at most ``most`` blocks: cells (group × blocks + block) and the sums."""
        cube = self.cube(name)
        if cube is None:
            return np.zeros(0, dtype=np.int64), [np.zeros(0) for _ in columns]
        at, hit = self.place(name)
        cell = at[hit] * min(self.period.days, most) + self._block(cube.codes["day"][hit], most)
        used, inverse = np.unique(cell, return_inverse=True)
        sums = []
        for column in columns:
            values, divisor = undivided(cube, column)
            sums.append(np.bincount(inverse, values[hit], len(used)).astype(np.float64) / divisor)
        return used, sums

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
        source = self.whole(name)
        if source is None or column not in source.values.numbers:
            return np.zeros(0, dtype=np.int64), np.zeros(0), None, np.zeros(0, dtype=np.int64)
        at, hit = self.place(name, "values")
        rows = source.ascending(column)
        rows = rows[hit[rows]]
        groups = at[rows]
        if len(self.order) > 1:
            by_group = np.argsort(narrow(groups), kind="stable")
            rows, groups = rows[by_group], groups[by_group]
        days = self._block(source.values.codes["day"][rows], most) if most > 1 else np.zeros(len(rows), dtype=np.int64)
        values = source.values.numbers
        return groups, values[column][rows], values[WEIGHT][rows] if WEIGHT in values else None, days

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
        cube = self.cube("conversations")
        return {name: self.sum("conversations", name) for name in cube.numbers} if cube is not None else {}


def only_days(available: frozenset[str]) -> bool:
    """Whether the log knows on which day conversations began, but not at what time.

    >>> only_days(frozenset({"conversations.started_at", "conversations.started_at_dated"}))
    True
    """
    return "conversations.started_at_dated" in available and "messages.sent_at" not in available


def _has(cube: Cube, dimension: str) -> bool:
    return dimension == "shop" or _axis(dimension) in cube.codes


def _axis(dimension: str) -> str:
    """The dimension of the cubes that a grouping is made from."""
    return {"weekday": "day", "date": "day", "week": "day"}.get(dimension, dimension)


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
