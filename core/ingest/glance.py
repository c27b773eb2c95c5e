"""What a large column of text cannot hold, told from its bytes at a glance: most columns are spared the closer look.

A glance may say "perhaps" of a cell that turns out to be nothing, and never passes over one that is something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SPACE = 0x20
_BEYOND = 0x80


def holds(column: pa.Array, byte: bytes) -> bool:
    """Whether a byte may stand in a text column; False is certain.

    >>> holds(pa.array(["1.0"]), b"."), holds(pa.array(["10"]), b".")
    (True, False)
    """
    written = column.buffers()[2]
    return written is not None and bool((np.frombuffer(written, dtype=np.uint8) == byte[0]).any())


def spans(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of a text column, and where each cell starts in them, with the end of the last one behind.

    >>> written, starts = spans(pa.array(["ab", "", "c"])[1:])
    >>> bytes(written), starts.tolist()
    (b'abc', [2, 2, 3])
    """
    _, starts, written = column.buffers()
    kind = np.int64 if pa.types.is_large_string(column.type) else np.int32
    if starts is None or not len(column):
        return np.zeros(0, dtype=np.uint8), np.zeros(1, dtype=kind)
    places = np.frombuffer(starts, dtype=kind)[column.offset : column.offset + len(column) + 1]
    return np.frombuffer(written or b"", dtype=np.uint8), places


def openings(words: Iterable[str]) -> np.ndarray:
    """The pairs of bytes (256 × 256) with which a cell may begin that is one of the words, in either case and with spaces around it.

    >>> marks = openings(["total", "-"])
    >>> bool(marks[ord("T"), ord("o")]), bool(marks[ord("-"), 0]), bool(marks[ord("S"), ord("2")])
    (True, True, False)
    """
    marks = np.zeros((256, 256), dtype=bool)
    marks[: _SPACE + 1] = marks[_BEYOND:] = True
    for word in words:
        second = word[1:2].encode()[:1] or b"\0"
        for first in {word[0].lower(), word[0].upper()} if word[0].isascii() else ():
            marks[ord(first), _BEYOND:] = True
            marks[ord(first), [ord(second.lower()), ord(second.upper())]] = True
            marks[ord(first), : _SPACE + 1] |= len(word) == 1
    return marks


def perhaps(column: pa.Array, marks: np.ndarray) -> np.ndarray:
    """The places of the cells that begin in one of the marked ways (see `openings`).

    >>> perhaps(pa.array(["S2025", None, "Total", ""]), openings(["total"])).tolist()
    [2]
    """
    written, starts = spans(column)
    if not len(written):
        return np.zeros(0, dtype=np.int64)
    lengths = np.diff(starts)
    last = len(written) - 1
    first = written[np.minimum(starts[:-1], last)]
    second = written[np.minimum(starts[:-1] + 1, last)]
    second[lengths < 2] = 0
    return np.flatnonzero(marks[first, second] & (lengths > 0))


def where(column: pa.Array, marks: np.ndarray, kernel: Callable[[pa.Array], pa.Array]) -> np.ndarray:
    """What a kernel of yes and no says of every cell, asked only of those that begin in one of the marked ways; the others are no.

    >>> where(pa.array(["S2025", "Total"]), openings(["total"]), lambda cells: pc.equal(pc.utf8_lower(cells), "total")).tolist()
    [False, True]
    """
    found = np.zeros(len(column), dtype=bool)
    places = perhaps(column, marks)
    if len(places):
        few = column if len(places) == len(column) else column.take(pa.array(places))
        found[places] = pc.fill_null(kernel(few), False).to_numpy(zero_copy_only=False)
    return found


def loose(column: pa.Array) -> bool:
    """Whether a cell may begin or end with white space; False is certain.

    >>> loose(pa.array(["a b", ""])), loose(pa.array(["a "]))
    (False, True)
    """
    written, starts = spans(column)
    ends = starts[1:][np.diff(starts) > 0]
    begins = starts[:-1][np.diff(starts) > 0]
    return any(bool(((edge <= _SPACE) | (edge >= _BEYOND)).any()) for edge in (written[begins], written[ends - 1]))


def prints(column: pa.Array) -> np.ndarray:
    """A number for every cell that equal cells share and others rarely do, made of the last 32 bytes; missing and empty are 0.

    >>> marks = prints(pa.array(["S1", "S2", None, "", "S1"]))
    >>> bool(marks[0] == marks[4] != marks[1]), marks[2:4].tolist()
    (True, [0, 0])
    """
    if pa.types.is_dictionary(column.type):
        return np.asarray(prints(column.dictionary)[column.indices.to_numpy(zero_copy_only=False)])
    result = np.empty(len(column), dtype=np.uint64)
    for start in range(0, len(column), _SLICE):
        result[start : start + _SLICE] = _prints(column[start : start + _SLICE])
    return result


def _prints(column: pa.Array) -> np.ndarray:
    written, starts = spans(column)
    lengths = np.where(column.is_valid().to_numpy(zero_copy_only=False), np.diff(starts), 0).astype(np.int64)
    padded = np.concatenate([np.zeros(8, dtype=np.uint8), written[starts[0] : starts[-1]]])
    eights = np.ndarray(len(padded) - 7, dtype="<u8", buffer=padded, strides=(1,))
    ends, total = starts[1:].astype(np.int64) - starts[0], lengths.astype(np.uint64)
    for back in range(0, min(int(lengths.max()), _MOST), 8):
        left = np.clip(lengths - back, 0, 8)
        foreign = 8 * (8 - np.maximum(left, 1)).astype(np.uint64)
        total ^= np.where(left > 0, eights[np.maximum(ends - back, 0)] >> foreign, np.uint64(0))
        total *= _ODD
        total ^= total >> np.uint64(29)
    return total


_SLICE = 1 << 14
_MOST = 32
_ODD = np.uint64(0x9E3779B97F4A7C15)
