"""How far an import is: bytes and rows so far, what remains, and how it is cancelled.

The work runs in a thread of its own and keeps account in `Steps`; the caller's thread looks at the account a few times a second and
tells it. So the caller may draw and cancel in its own thread, whatever the work is busy with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

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
