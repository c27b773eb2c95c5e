"""Large, regular text tables → columns of text: parsed block by block in all threads, few distinct words kept as codes.

Rows of another width are counted, at the price of a second reading in one thread. What is not regular otherwise is refused (None) and
left to the thorough reading of `core.ingest.read`: a bare carriage return, a quote that is never closed, bytes that are not the encoding.
Both ways give the same cells.
"""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, TypeVar, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.ingest.choices import InputFile

HEAD = 1 << 20
BLOCK = 1 << 20
FEW = 0.1
"""Columns with at most this share of distinct cells in the head of a file are kept as codes."""
CODECS = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "gb18030": "gb18030", "big5": "big5hkscs", "cp1252": "cp1252"}
CERTAIN = 48
"""So many bytes beyond ASCII make valid UTF-8 certain to the last digit of a float."""

T = TypeVar("T")
R = TypeVar("R")
Seen = Callable[[int, int], object]


class Cells(Sequence[pa.Array]):
    """Columns of text cells. Those of few distinct words are kept as codes; taken out by place, every column is text.

    >>> cells = Cells([pa.array(["a", "b"]), pa.array(["x", "x"]).dictionary_encode()])
    >>> [str(column.type) for column in cells], str(cells.kept[1].type)
    (['string', 'string'], 'dictionary<values=string, indices=int32, ordered=0>')
    """

    def __init__(self, kept: Sequence[pa.Array]) -> None:
        self.kept = tuple(kept)

    def __len__(self) -> int:
        return len(self.kept)

    @overload
    def __getitem__(self, place: int) -> pa.Array: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[pa.Array, ...]: ...
    def __getitem__(self, place: int | slice) -> pa.Array | tuple[pa.Array, ...]:
        return text(self.kept[place]) if isinstance(place, int) else tuple(map(text, self.kept[place]))

    def __iter__(self) -> Iterator[pa.Array]:
        return map(text, self.kept)

    def forget(self, but: Collection[int] = ()) -> None:
        """Frees the columns, save a few: nobody will ask for their cells again."""
        gone = pa.nulls(0, pa.string())
        self.kept = tuple(column if place in but else gone for place, column in enumerate(self.kept))


def text(column: pa.Array) -> pa.Array:
    """A column as text, however it is kept."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def words(column: pa.Array) -> pa.Array:
    """The words a column is made of: its distinct ones where it is kept as codes, else all of its cells."""
    return column.dictionary if pa.types.is_dictionary(column.type) else column


def kept(columns: Sequence[pa.Array]) -> Sequence[pa.Array]:
    """Columns as they are kept: codes stay codes."""
    return columns.kept if isinstance(columns, Cells) else columns


def by_word(column: pa.Array, kernel: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """What a kernel makes of every cell, computed once a word where the column is kept as codes.

    >>> import pyarrow.compute as pc
    >>> by_word(pa.array(["a", "b", "a"]).dictionary_encode(), pc.utf8_upper).to_pylist()
    ['A', 'B', 'A']
    """
    if not pa.types.is_dictionary(column.type):
        return kernel(column)
    return kernel(column.dictionary).take(column.indices)


def numbered(column: pa.Array) -> np.ndarray:
    """A number for each distinct cell of a column, row by row, -1 for missing; a column in order, as ids mostly are, is not looked up.

    >>> numbered(pa.array(["a", "a", "b"])).tolist(), numbered(pa.array(["b", None, "b"])).tolist()
    ([0, 0, 1], [0, -1, 0])
    """
    if len(column) and not column.null_count and not pa.types.is_dictionary(column.type):
        later, earlier = column[1:], column[:-1]
        if pc.all(pc.greater_equal(later, earlier)).as_py() is not False:
            steps = pc.not_equal(later, earlier).to_numpy(zero_copy_only=False)
            return np.concatenate([[0], np.cumsum(steps, dtype=np.int32)])
    codes = column.dictionary_encode().indices
    return np.asarray(pc.fill_null(codes, -1).to_numpy(zero_copy_only=False))


def use_plain_memory() -> None:
    """Arrow takes its memory from the system, for this process and from now on: its own reserves keep a third more than they use,
    and their columns are made no faster.
    """
    pa.set_memory_pool(pa.system_memory_pool())


def give_back() -> None:
    """Memory that Arrow holds in reserve goes back to the system, so that the next step does not come on top of it."""
    pa.default_memory_pool().release_unused()


def in_threads(work: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """The results for all things, in their order; the work is done side by side.

    >>> in_threads(abs, [-1, 2])
    [1, 2]
    """
    with ThreadPoolExecutor(min(len(things), os.cpu_count() or 1) or 1) as pool:
        return list(pool.map(work, things))


@dataclass(frozen=True)
class Form:
    """How a text table is written: encoding, separator, lines above its first row, columns."""

    encoding: str
    separator: str
    lines: int
    width: int


class IrregularError(Exception):
    """The file needs the thorough reading."""


class _Quoted(Exception):
    """There are quotes: rows may go over several lines."""


class _Source(io.RawIOBase):
    """The bytes of a file as UTF-8 with plain line ends, on their way to the parser."""

    def __init__(self, file: BinaryIO, form: Form, quoted: bool, seen: Seen) -> None:
        self._file, self._quoted, self._seen = file, quoted, seen
        codec = CODECS[form.encoding]
        self._decoder = None if codec == "utf-8" else codecs.getincrementaldecoder(codec)()
        self._rest = self._held = b""
        self._lines = 0.0
        self.bytes = self.quotes = self.beyond = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes; nothing at the end."""
        while len(self._rest) < size:
            chunk = self._file.read(size)
            self.bytes += len(chunk)
            self._lines = self._lines or chunk.count(b"\n") / max(len(chunk), 1)
            self._seen(self.bytes, round(self.bytes * self._lines))
            self._rest += self._regular(chunk)
            if not chunk or (self._rest and not self._decoder):
                break
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    def _regular(self, chunk: bytes) -> bytes:
        if self._decoder:
            text = self._decoder.decode(chunk, final=not chunk)
            chunk = text.encode()
            if "\ufffd" in text:
                raise IrregularError
        elif self.beyond < CERTAIN and not chunk.isascii():
            self.beyond += len(chunk.translate(None, _LEADING))
        if b"\0" in chunk:
            chunk = chunk.replace(b"\0", b"")
        if self._held or b"\r" in chunk:
            chunk = self._line_ends(chunk)
        if b'"' in chunk:
            self.quotes += chunk.count(b'"')
            if not self._quoted:
                raise _Quoted
        return chunk

    def _line_ends(self, chunk: bytes) -> bytes:
        """Plain line ends; a carriage return at the end of a chunk waits for what follows it."""
        chunk, last = self._held + chunk, not chunk
        self._held = b"\r" if chunk.endswith(b"\r") and not last else b""
        chunk = chunk[: len(chunk) - len(self._held)].replace(b"\r\n", b"\n")
        if b"\r" in chunk:
            raise IrregularError
        return chunk


_LEADING = bytes(byte for byte in range(256) if byte & 0xC0 != 0x80)


@dataclass(frozen=True)
class Parsed:
    """Columns of a text table, and how many bytes of it only continue a character (counted up to `CERTAIN`).

    ``odd`` are the rows of another width, which are in no column: the parser's number of each and its text.
    """

    columns: Cells
    continued: int
    odd: tuple[tuple[int, str], ...] = ()


def parse(file: InputFile, form: Form, head: bytes, seen: Seen) -> Parsed | None:
    """The cells of a large text table; None where only the thorough reading does it justice.

    Args:
        file: the file; it is read once, in blocks, never whole.
        form: how it is written.
        head: its first bytes as UTF-8 with plain line ends, from the first row on: they say which columns have few words.
        seen: called with the bytes read so far and about how many lines that is; may raise.
    """
    try:
        few = _few(head, form)
        try:
            return _parsed(file, form, few, seen, _Way(b'"' in head))
        except (_Quoted, pa.ArrowInvalid):
            return _in_one_thread(file, form, few, seen)
    except (IrregularError, UnicodeError, pa.ArrowInvalid):
        return None
    finally:
        give_back()


class Streamed(Iterator[tuple[list[pa.Array], list[tuple[int, str]], bool]]):
    """The cells of a text table in blocks of about so many rows: columns, rows of another width up to there, whether it is the last.

    Args:
        file, form, seen: as in `parse`.
        rows: of a block.
        places: the columns that are wanted; all others are empty.

    Raises `IrregularError` where only the thorough reading does the table justice.
    """

    continued = 0

    def __init__(self, file: InputFile, form: Form, seen: Seen, rows: int, places: Collection[int] | None = None) -> None:
        self._odd: list[tuple[int, str]] = []
        self._blocks = self._read(file, form, seen, (rows, range(form.width) if places is None else sorted(set(places))))

    def __next__(self) -> tuple[list[pa.Array], list[tuple[int, str]], bool]:
        return next(self._blocks)

    def _noted(self, row: Any) -> str:
        self._odd.append((row.number, row.text))
        return "skip"

    def _read(
        self, file: InputFile, form: Form, seen: Seen, wanted: tuple[int, Sequence[int]]
    ) -> Iterator[tuple[list[pa.Array], list[tuple[int, str]], bool]]:
        size, places = wanted
        held: list[pa.RecordBatch] = []
        try:
            with file.open() as opened:
                source = _Source(opened, form, True, seen)
                for batch in _batches(source, form, places, self._noted):
                    if sum(each.num_rows for each in held) >= size:
                        yield self._block(held, form, False)
                        held = []
                    held.append(batch)
                if source.quotes % 2:
                    raise IrregularError
                self.continued = source.beyond
            yield self._block(held, form, True)
        except (pa.ArrowInvalid, UnicodeError) as error:
            raise IrregularError from error

    def _block(self, held: list[pa.RecordBatch], form: Form, last: bool) -> tuple[list[pa.Array], list[tuple[int, str]], bool]:
        odd, self._odd = self._odd, []
        table = pa.Table.from_batches(held) if held else pa.table({f"f{place}": pa.nulls(0, pa.string()) for place in range(form.width)})
        nothing = pa.nulls(table.num_rows, pa.string())
        names = [f"f{place}" for place in range(form.width)]
        return [one_piece(table.column(name)) if name in table.column_names else nothing for name in names], odd, last


def _batches(source: Any, form: Form, places: Sequence[int], noted: Callable[[Any], str]) -> Iterator[pa.RecordBatch]:
    import pyarrow.csv as arrow_csv

    names = [f"f{place}" for place in range(form.width)]
    reader = arrow_csv.open_csv(
        source,
        arrow_csv.ReadOptions(column_names=names, skip_rows=form.lines, block_size=2 * BLOCK, use_threads=False),
        arrow_csv.ParseOptions(delimiter=form.separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=noted),
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, include_columns=[names[place] for place in places]
        ),
    )
    yield from reader


@dataclass(frozen=True)
class _Way:
    """How the parser goes: whether rows may go over several lines, and what is asked about a row of another width (in one thread)."""

    quoted: bool
    odd: Callable[[Any], str] | None = None


def _in_one_thread(file: InputFile, form: Form, few: Sequence[bool], seen: Seen) -> Parsed:
    """The table with quotes in it; where rows of another width stand in the way, once more in one thread, which alone can number them."""
    odd: list[tuple[int, str]] = []

    def noted(row: Any) -> str:
        odd.append((row.number, row.text))
        return "skip"

    try:
        return _parsed(file, form, few, seen, _Way(True))
    except pa.ArrowInvalid:
        return replace(_parsed(file, form, few, seen, _Way(True, noted)), odd=tuple(odd))


def _parsed(file: InputFile, form: Form, few: Sequence[bool], seen: Seen, way: _Way) -> Parsed:
    words, plain = pa.dictionary(pa.int32(), pa.string()), pa.string()
    with file.open() as opened:
        source = _Source(opened, form, way.quoted, seen)
        table = _table(source, form, [words if each else plain for each in few], way)
    if source.quotes % 2:
        raise IrregularError
    pieces = dict(enumerate(table.columns))
    del table
    give_back()
    return Parsed(Cells(in_threads(lambda place: one_piece(pieces.pop(place)), list(pieces))), source.beyond)


def one_piece(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; what it was made of is freed where nobody else holds it."""
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _few(head: bytes, form: Form) -> list[bool]:
    """Which columns have few distinct words, judged by the head of the file."""
    whole = head[: head.rfind(b"\n") + 1]
    table = _table(io.BytesIO(whole), replace(form, lines=0), [pa.string()] * form.width, _Way(True, lambda _: "skip"))
    return [len(column.unique()) <= FEW * len(column) for column in table.columns]


def _table(source: Any, form: Form, types: Sequence[pa.DataType], way: _Way) -> pa.Table:
    import pyarrow.csv as arrow_csv

    names = [f"f{place}" for place in range(form.width)]
    return arrow_csv.read_csv(
        source,
        arrow_csv.ReadOptions(column_names=names, skip_rows=form.lines, block_size=BLOCK, use_threads=way.odd is None),
        arrow_csv.ParseOptions(
            delimiter=form.separator,
            newlines_in_values=way.quoted,
            ignore_empty_lines=False,
            invalid_row_handler=way.odd,
        ),
        arrow_csv.ConvertOptions(column_types=dict(zip(names, types, strict=True)), strings_can_be_null=False),
    )
