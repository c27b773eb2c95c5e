"""Heavy analyses take turns, so that many visitors' at once do not slow everybody's page down.

What only moves a slider never asks for a turn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

_LOOK_S = 0.1
T = TypeVar("T")


class Turns:
    """So many at once; the others wait, and can be called off while they do.

    >>> turns = Turns(1)
    >>> with turns.taken(), turns.taken():
    ...     turns.full
    True
    >>> turns.full
    False
    """

    def __init__(self, at_once: int) -> None:
        self._free, self._own = threading.Semaphore(at_once), threading.local()
        self._left, self._counting = at_once, threading.Lock()

    @property
    def full(self) -> bool:
        """Whether whoever comes now has to wait."""
        return self._left <= 0

    @contextmanager
    def taken(self, waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
        """A turn for the block; one within another is the same turn.

        Args:
            waiting: called several times a second until the turn comes; whatever it raises ends the waiting.
        """
        if getattr(self._own, "has", False):
            yield
            return
        while not self._free.acquire(timeout=_LOOK_S):
            waiting()
        self._count(-1)
        self._own.has = True
        try:
            yield
        finally:
            self._own.has = False
            self._count(1)
            self._free.release()

    def _count(self, change: int) -> None:
        with self._counting:
            self._left += change


class Seldom:
    """Something that is done at most once in so many seconds, by whoever comes by then.

    >>> done = []
    >>> often, seldom = Seldom(0, lambda: done.append("often")), Seldom(3600, lambda: done.append("seldom"))
    >>> for _ in range(2):
    ...     often.pass_by()
    ...     seldom.pass_by()
    >>> done
    ['often', 'often']
    """

    def __init__(self, seconds: float, do: Callable[[], object]) -> None:
        self._seconds, self._do, self._last = seconds, do, time.monotonic()

    def pass_by(self) -> None:
        """Do it if its time has come."""
        now = time.monotonic()
        if now - self._last >= self._seconds:
            self._last = now
            self._do()


class Shelf(Generic[T]):
    """Things that are made once for all who ask, the last few of them kept.

    >>> shelf = Shelf[str](2)
    >>> [shelf.once(key, lambda: key.upper()) for key in ("a", "b", "a", "c")]
    ['A', 'B', 'A', 'C']
    >>> sorted(shelf)
    ['a', 'c']
    """

    def __init__(self, most: int) -> None:
        self._most, self._known, self._guard = most, dict[str, T](), threading.Lock()
        self._making: dict[str, threading.Lock] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._known))

    def once(self, key: str, make: Callable[[], T], waiting: Callable[[], object] = lambda: None) -> T:
        """What stands under a key; made by the first who asks, for whom the others wait. A maker who fails leaves it to the next.

        ``waiting`` as in `Turns.taken`.
        """
        with self._guard:
            making = self._making.setdefault(key, threading.Lock())
        while not making.acquire(timeout=_LOOK_S):
            waiting()
        try:
            found = self._known[key] if key in self._known else make()
            with self._guard:
                self._known.pop(key, None)
                self._known[key] = found
                for old in list(self._known)[: -self._most]:
                    del self._known[old]
                    self._making.pop(old, None)
            return found
        finally:
            making.release()
