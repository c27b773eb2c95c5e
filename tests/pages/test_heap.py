"""What is put aside for the garbage collector, and what is not."""

from __future__ import annotations

import gc
import weakref

from pages import _heap as heap


class _Ring:
    """An object that names itself: only the collector can take it away."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_there_is_put_aside_and_what_comes_later_is_collected() -> None:
    """After a page the collector has only what came since to look at; a ring made later goes at the next collection."""
    heap.settle()
    assert gc.get_freeze_count() > 10_000
    later = _Ring()
    gone = weakref.ref(later)
    del later
    gc.collect()
    assert gone() is None


def test_a_ring_put_aside_goes_when_modules_are_put_aside_anew() -> None:
    """What was put aside while in use is looked at once more the next time, so nothing stays for good."""
    used = _Ring()
    gone = weakref.ref(used)
    heap._settled(-1, 0)
    del used
    gc.collect()
    assert gone() is not None
    heap._settled(-2, 0)
    assert gone() is None


def test_without_new_modules_nothing_is_done_again(monkeypatch) -> None:
    """A second page pays nothing: everything is put aside once for the modules that are loaded."""
    heap.settle()
    monkeypatch.setattr(gc, "collect", lambda: (_ for _ in ()).throw(AssertionError("collected again")))
    heap.settle()
