"""A cube added up along the dimensions that a question leaves out: a dense array, made once, however often it is asked.

A period or a filter reads a few thousand cells of it, whatever the log. Sums of whole numbers (counts, milliseconds) are the same in any
order; sums of fractions (amounts, given scores) are added row by row into the cells first and cell by cell then, which may differ in the
last digit from adding rows alone.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.engine.packed import Column, Packed

if TYPE_CHECKING:
    from core.engine.observe import Cube

Floats = NDArray[np.float64]
MOST_NUMBERS = 8_000_000
"""A tensor takes at most this many numbers of eight bytes; a product of dimensions beyond it stays a list of rows."""
FEWEST_ROWS = 20_000
"""Shorter lists are read as fast as they are."""
MOST_KEPT = 8
_ALWAYS = "day"


@dataclass(frozen=True)
class Tensor:
    """Sums of a cube, dense.

    Args:
        axes: dimension → its first code and how many; the order of the axes.
        rows: how many rows of the cube lie in each cell; 0 where there is nothing.
        sums: column → its sum in each cell, not yet divided.
        divisors: column → what its sums are divided by.
    """

    axes: Mapping[str, tuple[int, int]]
    rows: Floats
    sums: Mapping[str, Floats]
    divisors: Mapping[str, int]

    @classmethod
    def of(cls, cube: Cube, axes: Mapping[str, tuple[int, int]]) -> Tensor:
        """Add a cube's rows up into cells of some of its dimensions."""
        shape = tuple(size for _, size in axes.values())
        cell = np.zeros(len(cube), dtype=np.int64)
        for name, (first, size) in axes.items():
            cell = cell * size + (cube.codes[name] - first)
        cells = int(np.prod(shape, dtype=np.int64))

        def added(weights: Floats | None) -> Floats:
            return np.bincount(cell, weights, cells).astype(np.float64).reshape(shape)

        sums, divisors = {}, {}
        for name in cube.numbers:  # one column at a time: together at full width they are the largest thing in the process
            values, divisors[name] = undivided(cube, name)
            sums[name] = added(values)
            del values
        return cls(axes, added(None), sums, divisors)

    def by(self, names: Collection[str]) -> Tensor:
        """The same by fewer dimensions."""
        left_out = tuple(place for place, name in enumerate(self.axes) if name not in names)
        if not left_out:
            return self
        axes = {name: ends for name, ends in self.axes.items() if name in names}
        sums = {name: np.asarray(column.sum(axis=left_out)) for name, column in self.sums.items()}
        return Tensor(axes, np.asarray(self.rows.sum(axis=left_out)), sums, self.divisors)

    def codes_and_numbers(self) -> tuple[Packed, Packed]:
        """The cells that hold anything, as a cube's codes and numbers."""
        used = np.flatnonzero(self.rows)
        places = np.unravel_index(used, self.rows.shape)
        codes = {
            name: Column.of(place.astype(np.int64) + first)
            for (name, (first, _)), place in zip(self.axes.items(), places, strict=True)
        }
        numbers = {name: Column(column.ravel()[used], self.divisors[name]) for name, column in self.sums.items()}
        return Packed(codes, whole=True), Packed(numbers, whole=False)


def undivided(cube: Cube, name: str) -> tuple[Floats, int]:
    """A column as it is kept, nought where it is missing, and what its sum is divided by: milliseconds add up exactly, seconds do not."""
    if not isinstance(cube.numbers, Packed):
        return np.nan_to_num(cube.numbers[name]), 1
    column = cube.numbers.column(name).filled()
    return column.kept.astype(np.float64), column.divisor


class Rolled:
    """A cube, and what it is when only some of its dimensions count; each made when it is first asked for.

    >>> from core.engine.observe import Cube
    >>> day, agent = np.arange(40_000) % 10, np.arange(40_000) % 3
    >>> cube = Cube({"agent": agent, "day": day, "hour": day}, {"n": np.ones(40_000)})
    >>> rolled = Rolled(cube).by({"agent"})
    >>> sorted(rolled.codes), len(rolled), float(rolled.numbers["n"].sum())
    (['agent', 'day'], 30, 40000.0)
    """

    def __init__(self, cube: Cube) -> None:
        self._cube, self._lock = cube, Lock()
        self._ends: dict[str, tuple[int, int]] = {}
        self._known: dict[tuple[str, ...], Cube] = {}
        self._base: Tensor | None = None

    def by(self, names: Collection[str]) -> Cube:
        """The cube by these dimensions and the day; the cube itself where that is no smaller."""
        if len(self._cube) < FEWEST_ROWS:
            return self._cube
        wanted = tuple(name for name in self._cube.codes if name in names or name == _ALWAYS)
        with self._lock:
            if wanted not in self._known:
                self._known[wanted] = self._made(wanted)
            for old in list(self._known)[:-MOST_KEPT]:
                del self._known[old]
            return self._known[wanted]

    def _made(self, wanted: tuple[str, ...]) -> Cube:
        if not self._fits(wanted):
            return self._cube
        hourless = tuple(name for name in self._cube.codes if name != "hour")
        if "hour" in wanted or not self._fits(hourless):
            tensor = Tensor.of(self._cube, self._axes(wanted))
        else:
            self._base = self._base or Tensor.of(self._cube, self._axes(hourless))
            tensor = self._base.by(wanted)
        return type(self._cube)(*tensor.codes_and_numbers())

    def _axes(self, names: Collection[str]) -> dict[str, tuple[int, int]]:
        """First code and length of some dimensions."""
        for name in names:
            if name not in self._ends:
                codes = self._cube.codes[name]
                self._ends[name] = int(codes.min()), int(codes.max() - codes.min()) + 1
        return {name: self._ends[name] for name in names}

    def _fits(self, names: Collection[str]) -> bool:
        """Whether a tensor of these dimensions is smaller than the rows, and small enough."""
        cells = math.prod(size for _, size in self._axes(names).values())
        return cells < len(self._cube) and cells * len(self._cube.numbers) <= MOST_NUMBERS
