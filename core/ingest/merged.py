"""What the XML of a workbook's sheets says beyond their cells.

Merged cells: the value of a merged block stands in its first cell only; here every row of the block gets it. Extent: a sheet is read
as a full rectangle, so one stray cell in the last corner would ask for more memory than any machine has.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape

import numpy as np
import pyarrow as pa

_SHEET = re.compile(r"<sheet\b[^>]*>")
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
_RELATION = re.compile(r"<Relationship\b[^>]*>")
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d+)"')
_WIDE = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{2,3})\d+"[^/>]*>')
_PART = 8 << 20
_OVERLAP = 2048
_LETTERS = 26
Block = tuple[int, int, int, int]


@dataclass(frozen=True)
class Extent:
    """Blocks taller than one row (first row, last row, first column, last column, all from 0), and the cells of the full rectangle."""

    blocks: Sequence[Block] = ()
    cells: int = 0


def extents(data: bytes) -> Mapping[str, Extent]:
    """What each sheet of an XLSX file spans, by name. Nothing for other files."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        book = archive.read("xl/workbook.xml").decode("utf-8", errors="replace")
        relations = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", errors="replace")
        targets = {
            each["Id"]: each["Target"] for each in map(_attributes, _RELATION.findall(relations)) if "Id" in each
        }
        sheets = [_attributes(each) for each in _SHEET.findall(book)]
        return {
            each["name"]: _of_sheet(archive, targets.get(each.get("r:id", ""), "")) for each in sheets if "name" in each
        }
    except (
        KeyError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
        RuntimeError,
        EOFError,
        OSError,
        IndexError,
        NotImplementedError,
    ):
        return {}


def _attributes(tag: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}


def _of_sheet(archive: zipfile.ZipFile, target: str) -> Extent:
    if not target:
        return Extent()
    merged: set[tuple[bytes, ...]] = set()
    last, wide = 0, _LETTERS
    for part in _parts(archive, target.lstrip("/") if target.startswith("/") else f"xl/{target}"):
        merged |= set(_MERGE.findall(part))
        last = max(last, max(map(int, _ROW.findall(part)), default=0))
        wide = max(wide, max((_column(each) + 1 for each in set(_WIDE.findall(part))), default=0))
    every = [(int(top) - 1, int(bottom) - 1, _column(left), _column(right)) for left, top, right, bottom in merged]
    return Extent(sorted(block for block in every if block[1] > block[0]), last * wide)


def _parts(archive: zipfile.ZipFile, path: str) -> Iterator[bytes]:
    """A member in pieces that overlap, so that nothing is lost at a seam and memory stays small."""
    tail = b""
    with archive.open(path) as stream:
        while part := stream.read(_PART):
            yield tail + part
            tail = part[-_OVERLAP:]


def _column(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * _LETTERS + letter - 64
    return place - 1


def fill(columns: Sequence[pa.Array], found: Sequence[Block]) -> tuple[list[pa.Array], int]:
    """The columns with the value of each block in all its rows, and how many cells were filled.

    >>> columns, filled = fill([pa.array(["Ann", None, None])], [(0, 1, 0, 0)])
    >>> columns[0].to_pylist(), filled
    (['Ann', 'Ann', None], 1)
    """
    changed: dict[int, np.ndarray] = {}
    filled = 0
    for top, bottom, left, right in found:
        for place in range(left, min(right + 1, len(columns))):
            cells = changed.setdefault(place, columns[place].to_numpy(zero_copy_only=False).astype(object))
            below = slice(top + 1, min(bottom + 1, len(cells)))
            if left == right and top < len(cells) and cells[top]:
                filled += len(cells[below])
                cells[below] = cells[top]
    return [
        pa.array(changed[at], pa.string(), from_pandas=True) if at in changed else column
        for at, column in enumerate(columns)
    ], filled
