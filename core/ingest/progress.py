"""How far an import is: bytes and rows so far, what remains, and how it is cancelled.

The work runs in a thread of its own and keeps account in `Steps`; the caller's thread looks at the account a few times a second and
tells it. So the caller may draw and cancel in its own thread, whatever the work is busy with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from time import monotonic
from typing import TypeVar

from core.text import Text

EVERY = 0.1
"""Seconds between two reports."""
SILENT = 1.0
"""Seconds before an estimate is worth saying."""

Progress = Callable[[int, int, str, int], object]
T = TypeVar("T")


class CancelledError(Exception):
    """The import was called off."""


def remaining(done: int, total: int, elapsed: float) -> float | None:
    """Seconds an import still needs at its pace so far; nothing is said in the first second and before anything is done.

    >>> remaining(30, 120, 2.0), remaining(30, 120, 0.9), remaining(0, 120, 5.0)
    (6.0, None, None)
    """
    if elapsed < SILENT or done <= 0:
        return None
    return elapsed * max(total - done, 0) / done


class Steps:
    """The account of an import: each file's share of work done and its rows so far."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        self._shares: dict[str, float] = {}
        self._rows: dict[str, int] = {}
        self._name = ""
        self._cancelled = Event()

    def at(self, name: str, share: float, rows: int = 0) -> None:
        """The named file is done to this share; so many of its rows are read.

        Raises:
            CancelledError: the import has been called off.
        """
        if self._cancelled.is_set():
            raise CancelledError
        self._name = name
        self._shares[name] = max(share, self._shares.get(name, 0.0))
        self._rows[name] = rows or self._rows.get(name, 0)

    def cancel(self) -> None:
        """The next step of the work raises `CancelledError`."""
        self._cancelled.set()

    def tell(self, progress: Progress) -> None:
        """Reports bytes done, bytes in all, the file at hand and the rows read so far."""
        done = sum(self._sizes.get(name, 0) * share for name, share in list(self._shares.items()))
        progress(round(done), sum(self._sizes.values()), self._name, sum(list(self._rows.values())))


def watched(work: Callable[[], T], steps: Steps, progress: Progress) -> T:
    """The result of the work, or its error, while the caller's thread tells how far it is.

    An exception from ``progress`` cancels: it reaches the caller at once, and the work ends at its next step.
    """
    pool = ThreadPoolExecutor(1, "import")
    coming = pool.submit(work)
    pool.shutdown(wait=False)
    try:
        while not wait([coming], EVERY).done:
            steps.tell(progress)
        result = coming.result()
        steps.tell(progress)
    except BaseException:
        steps.cancel()
        raise
    return result


class Teller:
    """Puts an account into words: how much is read, or how much of the figures is worked out, and about how long the rest takes.

    >>> from core.text import Text
    >>> Teller(Text("en")).reading(5_000_000, 20_000_000, "a.csv", 1200)
    'a.csv: 1,200 rows, 5.0 of 20.0 MB'
    """

    def __init__(self, text: Text) -> None:
        self._text, self._began, self._last = text, monotonic(), 0

    def reading(self, done: int, of: int, name: str, rows: int) -> str:
        """Bytes done, bytes in all, the file at hand and the rows read so far."""
        words = self._text("progress.reading", file=name, rows=f"{rows:,}", done=f"{done / 1e6:.1f}", of=f"{of / 1e6:.1f}")
        return self._timed(words, done, of)

    def facts(self, done: int, of: int) -> str:
        """The same for the steps that make facts, whose account has no bytes."""
        return self._timed(self._text("progress.facts", share=f"{done / max(of, 1):.0%}"), done, of)

    def _timed(self, words: str, done: int, of: int) -> str:
        if done < self._last:
            self._began = monotonic()
        self._last = done
        left = remaining(done, of, monotonic() - self._began)
        return words if left is None else words + self._text("progress.left", seconds=f"{left:.0f}")
