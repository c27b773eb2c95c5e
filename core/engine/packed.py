"""Columns of millions of rows, kept as narrow as their values are and given out in full width one at a time.

A cube of a large log has some fifty columns; as 64-bit numbers they would be ten times the figures they hold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

BATCH = 1 << 18
"""Rows fetched at a time."""
_WIDTHS = (np.int8, np.int16, np.int32)


@dataclass(frozen=True)
class Column:
    """Numbers as they are kept: ``kept / divisor``; with ``holes`` the least value of the kept type means "missing"."""

    kept: NDArray[Any]
    divisor: int = 1
    holes: bool = False

    @classmethod
    def of(cls, values: NDArray[Any]) -> Column:
        """Whole numbers as narrow as they are, fractions as they stand.

        >>> Column.of(np.array([1, 200])).kept.dtype, Column.of(np.array([0.5])).kept.dtype
        (dtype('int16'), dtype('float64'))
        """
        return cls(narrow(values) if values.dtype.kind in "iu" else values)

    def floats(self) -> NDArray[np.float64]:
        """The numbers; NaN where one is missing."""
        found: NDArray[np.float64] = self.kept.astype(np.float64)
        if self.divisor != 1:
            found /= self.divisor
        if self.holes:
            found[self.kept == np.iinfo(self.kept.dtype).min] = np.nan
        return found

    def ints(self) -> NDArray[np.int64]:
        """The numbers of a column without holes or fractions."""
        return self.kept.astype(np.int64)

    def pick(self, rows: NDArray[Any]) -> Column:
        """Some of the rows."""
        return replace(self, kept=self.kept[rows])

    def over(self, divisor: int) -> Column:
        """The numbers divided.

        >>> Column(np.array([1500], dtype=np.int16)).over(1000).floats().tolist()
        [1.5]
        """
        return replace(self, divisor=self.divisor * divisor) if self.kept.dtype.kind == "i" else Column(self.floats() / divisor)

    def filled(self) -> Column:
        """The numbers with nought where one is missing."""
        if self.kept.dtype.kind == "f":
            return Column(np.nan_to_num(self.kept, copy=True), self.divisor)
        return Column(np.where(self.kept == np.iinfo(self.kept.dtype).min, 0, self.kept), self.divisor) if self.holes else self


def narrow(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the narrowest type that holds them; its least value is left free for "missing".

    >>> narrow(np.array([0, 127])).dtype, narrow(np.array([-128])).dtype
    (dtype('int8'), dtype('int16'))
    """
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    fitting = (width for width in _WIDTHS if np.iinfo(width).min < low and high <= np.iinfo(width).max)
    return values.astype(next(fitting, np.int64), copy=False)


class Packed(Mapping[str, NDArray[Any]]):
    """Columns by name; each is widened when it is asked for and kept by nobody.

    >>> packed = Packed({"day": Column.of(np.array([20000, 20001]))}, whole=True)
    >>> packed["day"].dtype, packed.pick(np.array([False, True]))["day"].tolist()
    (dtype('int64'), [20001])
    """

    def __init__(self, columns: Mapping[str, Column], whole: bool, picked: NDArray[np.int64] | None = None) -> None:
        self.columns, self._whole, self._picked = columns, whole, picked

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.column(name).ints() if self._whole else self.column(name).floats()

    def column(self, name: str) -> Column:
        """A column as it is kept."""
        return self.columns[name] if self._picked is None else self.columns[name].pick(self._picked)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def rows(self) -> int:
        """How many rows each column has."""
        if self._picked is not None:
            return len(self._picked)
        return len(next(iter(self.columns.values())).kept) if self.columns else 0

    def pick(self, rows: NDArray[Any]) -> Packed:
        """Some of the rows of every column; each is picked when it is asked for."""
        places = np.flatnonzero(rows) if rows.dtype == bool else rows
        return Packed(self.columns, self._whole, places if self._picked is None else self._picked[places])


@dataclass(frozen=True)
class Words:
    """A text column as codes into its distinct words, −1 where it is missing."""

    words: tuple[str, ...]
    codes: NDArray[Any]

    def as_codes(self, labels: Sequence[str], rest: int) -> NDArray[Any]:
        """Codes into other labels, as narrow as these allow; ``rest`` for what is missing or not among them.

        >>> Words(("b", "a"), np.array([0, 1, -1])).as_codes(("a", "b", "unknown"), 2).tolist()
        [1, 0, 2]
        """
        place = {label: code for code, label in enumerate(labels)}
        known = np.array([*(place.get(word, rest) for word in self.words), rest], dtype=np.int64)
        return narrow(known)[self.codes]


@dataclass(frozen=True)
class Gathered:
    """The result of a SELECT: text as `Words`, numbers as `Column`."""

    words: Mapping[str, Words]
    numbers: Mapping[str, Column]

    def __contains__(self, name: object) -> bool:
        return name in self.words or name in self.numbers

    def pick(self, rows: NDArray[Any]) -> Gathered:
        """Some of the rows."""
        words = {name: replace(each, codes=each.codes[rows]) for name, each in self.words.items()}
        return Gathered(words, {name: each.pick(rows) for name, each in self.numbers.items()})

    def without(self, *names: str) -> Gathered:
        """All columns but some."""
        words = {name: each for name, each in self.words.items() if name not in names}
        return Gathered(words, {name: each for name, each in self.numbers.items() if name not in names})


def gathered(con: duckdb.DuckDBPyConnection, sql: str, words: Collection[str]) -> Gathered:
    """Rows of a SELECT, fetched batch by batch through a cursor of their own, so that they are never there at full width.

    Args:
        con: whose tables are read.
        sql: the SELECT.
        words: columns that are labels, whatever their type; all others are numbers.
    """
    reader = con.sql(sql).to_arrow_reader(BATCH)
    return put_together(reader.schema.names, reader, words)


def put_together(names: Sequence[str], batches: Iterable[pa.RecordBatch], words: Collection[str]) -> Gathered:
    """Batches of columns of these names; ``words`` as in `gathered`."""
    texts: dict[str, _Growing] = {name: _Growing() for name in names if name in words}
    pieces: dict[str, list[Column]] = {name: [_piece(pa.nulls(0, pa.int8()))] for name in names if name not in words}
    for batch in batches:
        for name, growing in texts.items():
            growing.add(batch.column(name))
        for name, parts in pieces.items():
            parts.append(_piece(batch.column(name)))
    return Gathered({name: texts.pop(name).done() for name in list(texts)}, {name: _joined(pieces.pop(name)) for name in list(pieces)})


class _Growing:
    """A text column whose words are numbered as they come."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._pieces: list[NDArray[Any]] = [np.zeros(0, dtype=np.int8)]

    def add(self, cells: pa.Array) -> None:
        """Takes a batch in; a coded label is the text of its number."""
        encoded = cells.dictionary_encode()
        found = [self._known.setdefault(str(word), len(self._known)) for word in encoded.dictionary.to_pylist()]
        place = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
        self._pieces.append(narrow(np.array([*found, -1], dtype=np.int64)[place]))

    def done(self) -> Words:
        """The whole column."""
        return Words(tuple(self._known), np.concatenate(self._pieces))


def _piece(cells: pa.Array) -> Column:
    if pa.types.is_decimal(cells.type) or not (pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type)):
        cells = cells.cast(pa.float64())
    if pa.types.is_floating(cells.type):
        return Column(cells.to_numpy(zero_copy_only=False).astype(np.float64, copy=False))
    if not cells.null_count:
        return Column(narrow(cells.to_numpy(zero_copy_only=False)))
    empty = cells.is_null().to_numpy(zero_copy_only=False)
    kept = narrow(pc.fill_null(cells, 0).to_numpy(zero_copy_only=False)).copy()
    kept[empty] = np.iinfo(kept.dtype).min
    return Column(kept, holes=True)


def _joined(pieces: list[Column]) -> Column:
    """The pieces as one column; their holes become those of the widest type."""
    widest = np.result_type(*(piece.kept.dtype for piece in pieces))
    holes = any(piece.holes for piece in pieces)
    if widest.kind == "f":
        return Column(np.concatenate([piece.floats() for piece in pieces]))
    kept = []
    while pieces:
        piece = pieces.pop(0)
        wide = piece.kept.astype(widest, copy=False)
        if piece.holes and piece.kept.dtype != widest:
            wide[piece.kept == np.iinfo(piece.kept.dtype).min] = np.iinfo(widest).min
        kept.append(wide)
    return Column(np.concatenate(kept), holes=holes)
