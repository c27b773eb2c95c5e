"""Merged cells of a workbook: the value of a merged block stands in its first cell only; here every row of the block gets it."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from html import unescape

import numpy as np
import pyarrow as pa

_SHEET = re.compile(r"<sheet\b[^>]*>")
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
_RELATION = re.compile(r"<Relationship\b[^>]*>")
_MERGE = re.compile(r'<mergeCell\b[^>]*\bref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
LARGEST = 200 << 20
Block = tuple[int, int, int, int]


def blocks(data: bytes) -> Mapping[str, list[Block]]:
    """Blocks taller than one row by sheet: first row, last row, first column, last column, all from 0. Nothing for other files."""
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
    except (KeyError, ValueError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError):
        return {}


def _attributes(tag: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}


def _of_sheet(archive: zipfile.ZipFile, target: str) -> list[Block]:
    path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    if not target or archive.getinfo(path).file_size > LARGEST:
        return []
    found = _MERGE.findall(archive.read(path).decode("utf-8", errors="replace"))
    every = [(int(top) - 1, int(bottom) - 1, _column(left), _column(right)) for left, top, right, bottom in found]
    return [block for block in every if block[1] > block[0]]


def _column(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
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
