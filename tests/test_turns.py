"""Who does heavy work waits for a turn, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.turns import Shelf, Turns


def test_no_more_than_so_many_at_once() -> None:
    """Eight ask at once, two turns: never more than two are at work, and all have been."""
    turns, at_work, most, lock = Turns(2), [0], [0], threading.Lock()

    def work(_: int) -> int:
        with turns.taken():
            with lock:
                at_work[0] += 1
                most[0] = max(most[0], at_work[0])
            time.sleep(0.01)
            with lock:
                at_work[0] -= 1
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 8
    assert most == [2]
    assert not turns.full


def test_who_waits_can_go() -> None:
    """Waiting is ended by what the caller raises; the turn that was not taken is not given back."""
    turns = Turns(1)

    def called_off() -> None:
        raise KeyboardInterrupt

    with turns.taken():
        assert turns.full
        with ThreadPoolExecutor(1) as other, pytest.raises(KeyboardInterrupt):
            other.submit(lambda: turns.taken(called_off).__enter__()).result()
    with turns.taken():
        assert turns.full
    assert not turns.full


def test_a_failure_gives_the_turn_back() -> None:
    """An analysis that fails leaves its turn to the next."""
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.taken():
        raise ZeroDivisionError
    with turns.taken():
        assert turns.full


def test_a_thing_is_made_once_for_all() -> None:
    """Eight ask for the same at once: it is made once, and all have it; a maker who fails leaves it to the next."""
    shelf, made = Shelf[list[int]](2), []

    def make() -> list[int]:
        made.append(1)
        time.sleep(0.02)
        if len(made) == 1:
            raise ZeroDivisionError
        return [7]

    def ask(_: int) -> list[int] | None:
        try:
            return shelf.once("log", make)
        except ZeroDivisionError:
            return None

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert len(made) == 2
    assert found.count(None) == 1
    assert len({id(each) for each in found if each is not None}) == 1
