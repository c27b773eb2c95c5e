"""Files too large for memory → tables of text cells block by block, as often as wanted: regular text tables and Parquet.

What a block holds is what `core.ingest.read` would hold of the same rows, with the same row numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from core.errors import InputError, Issue
from core.ingest import quick, read
from core.ingest.choices import Choices, InputFile
from core.ingest.encoding import confidence
from core.ingest.kinds import kind
from core.ingest.origin import Origin
from core.ingest.read import RawTable

BLOCK_ROWS = 100_000
"""Rows of a block; the decisions about a file are made on its first rows (`core.ingest.blocks.HEAD_ROWS`), however large a block is."""
Seen = Callable[[int, int], object]


@dataclass
class Stream:
    """A file that is read in blocks.

    ``empty`` is the table without rows: name, headings, encoding. `ended` says, once all was read, what was set aside on the way.
    """

    file: InputFile
    empty: RawTable

    def blocks(self, seen: Seen, places: Sequence[int] | None = None) -> Iterator[RawTable]:
        """The rows in order; with ``places`` only these columns are read and all others are empty."""
        raise NotImplementedError

    def ended(self) -> RawTable:
        """The table without rows, with the notes about the whole file and how many rows were rejected; after all blocks were read."""
        return self.empty


def opened(file: InputFile, choices: Choices) -> Stream | None:
    """A stream of the file; None where it has to be read as a whole.

    Raises:
        InputError: the file is gone, or its first rows cannot be understood.
    """
    with file.open() as source:
        start = source.read(quick.HEAD)
    if kind(file.name, start) == "parquet":
        return _ParquetStream.of(file)
    found = read.regular(file, start, choices)
    return None if found is None else _TextStream(file, found.empty, found)


@dataclass
class _TextStream(Stream):
    found: read.Regular

    def blocks(self, seen: Seen, places: Sequence[int] | None = None) -> Iterator[RawTable]:
        self._rejects: list[tuple[int, str, int]] = []
        self._blank: list[np.ndarray] = []
        layout, first = self.found.layout, self.found.layout.header + 2
        stream = quick.Streamed(self.file, self.found.form, seen, BLOCK_ROWS, places)
        try:
            for columns, odd, last in stream:
                self._rejects += [read.rejected(layout, number, text) for number, text in odd]
                # The parser runs ahead: some of the rows it refused may lie in a later block.
                rows = read.row_numbers(len(columns[0]), first, [each for each in self._rejects if each[0] >= first])
                first = int(rows[-1]) + 1 if len(rows) else first
                yield self._block(columns, rows, last)
        except quick.IrregularError as error:
            raise InputError(Issue("irregular_large_file", "error", file=self.file.name, row=first)) from error
        self._continued = stream.continued

    def _block(self, columns: list[pa.Array], rows: np.ndarray, last: bool) -> RawTable:
        columns, rows, blank = read.without_blank([read.plain_cells(column) for column in columns], rows)
        self._blank.append(blank)
        self._below: list[tuple[int, str, int]] = []
        if last:
            self._rejects, below = read.split_footer(self._rejects, int(rows[-1]) if len(rows) else 0, self.empty.separator)
            columns, rows, under = read.without_footer(columns, rows)
            self._below = [*under, *below]
        return replace(self.empty, columns=quick.Cells(columns), rows=rows)

    def ended(self) -> RawTable:
        name = self.file.name
        rejects, blank = read.split_blank(self._rejects, np.concatenate([np.zeros(0, np.int64), *self._blank]), self.empty.separator)
        notes = [*self.found.issues, *read.reject_issues(name, rejects), *read.blank_note(name, blank)]
        notes += read.footer_note(name, self._below)
        sure = confidence(self._continued) if self.found.unsure else self.empty.encoding_confidence
        rejected = sum(lines for _, _, lines in [*rejects, *self._below])
        return replace(self.empty, rejected=rejected, issues=tuple(notes), encoding_confidence=sure)


@dataclass
class _ParquetStream(Stream):
    @classmethod
    def of(cls, file: InputFile) -> _ParquetStream:
        """The stream, after a look at the schema."""
        from pyarrow import parquet

        try:
            with file.open() as source:
                found = parquet.ParquetFile(source)
                headings = read.unique_headings(found.schema_arrow.names, len(found.schema_arrow.names))
                origin, rows = Origin.of(found.metadata.metadata), found.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise InputError(Issue("parquet_unreadable", "error", file=file.name, value=str(error)[:80])) from error
        if not rows:
            raise InputError(Issue("no_rows", "error", file=file.name, facts={"headings": ", ".join(headings)}))
        system, notes = (origin.system, origin.issues(file.name)) if origin else ("parquet", ())
        return cls(file, RawTable(file.name, headings, quick.Cells([]), np.zeros(0, np.int64), system, issues=notes))

    def blocks(self, seen: Seen, places: Sequence[int] | None = None) -> Iterator[RawTable]:
        from pyarrow import parquet

        width, first = len(self.empty.headings), 2
        with self.file.open() as source:
            found = parquet.ParquetFile(source)
            wanted = sorted(set(range(width) if places is None else places))
            names = [found.schema_arrow.names[place] for place in wanted]
            total = found.metadata.num_rows
            for batch in found.iter_batches(BLOCK_ROWS, columns=names, use_threads=False):
                nothing = pa.nulls(batch.num_rows, pa.string())
                given = dict(zip(wanted, batch.columns, strict=True))
                columns = [read.as_text(given[place]) if place in given else nothing for place in range(width)]
                rows = np.arange(first, first + batch.num_rows, dtype=np.int64)
                first += batch.num_rows
                seen(self.file.size * (first - 2) // max(total, 1), first - 2)
                yield replace(self.empty, columns=quick.Cells(columns), rows=rows)
