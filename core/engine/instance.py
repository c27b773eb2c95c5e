"""The embedded engine of this process: one instance, whose limits of memory and temporary disk hold for everybody together.

Every log has an in-memory database of its own in it, so that equal names never meet, and every reader a cursor of its own:

    Instance            one a process and set of limits (`instance`)
      Database          one a log and slow knobs; gone when nobody holds it any more
        cursor()        one a query; cancelling or closing it ends nobody else's
"""

from __future__ import annotations

import atexit
import weakref
from contextlib import suppress
from functools import cache
from itertools import count
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa

from core.embedded import connect
from core.limits import Limits, limits

_STARTING = Lock()


def instance(allowed: Limits | None = None) -> Instance:
    """The instance of this process under some limits, those of the environment by default; started at the first call."""
    with _STARTING:
        return _started(allowed or limits())


@cache
def _started(allowed: Limits) -> Instance:
    return Instance(allowed)


class Instance:
    """An embedded engine that never asks the network for anything and stays within its memory and temporary disk."""

    def __init__(self, allowed: Limits) -> None:
        self.allowed = allowed
        self._con = connect(allowed)
        self._numbers = count()
        self._left: SimpleQueue[str] = SimpleQueue()
        atexit.register(self._end)

    def _end(self) -> None:
        """Let go of the engine before the interpreter ends: what is held longer makes it complain."""
        self._con.close()
        del self._con

    def database(self) -> Database:
        """A new, empty database in memory.

        >>> one, other = instance().database(), instance().database()
        >>> _ = one.cursor().execute("CREATE TABLE t AS SELECT 1 AS x"), other.cursor().execute("CREATE TABLE t AS SELECT 2 AS x")
        >>> one.cursor().execute("SELECT x FROM t").fetchall(), other.cursor().execute("SELECT x FROM t").fetchall()
        ([(1,)], [(2,)])
        """
        name = f"log_{next(self._numbers)}"
        self.cursor().execute(f"ATTACH ':memory:' AS {name}")
        return Database(self, name)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor that stands in no log's database; what was left meanwhile is removed first."""
        with suppress(Empty):
            while True:
                self._con.cursor().execute(f"DETACH DATABASE IF EXISTS {self._left.get_nowait()}")
        return self._con.cursor()

    def leave(self, name: str) -> None:
        """Have a database removed with the next cursor; may be called from anywhere, even while another query runs in this thread."""
        self._left.put(name)


class Database:
    """A log's own database in the instance; its memory is given back when nobody holds this object any more, or by `close`."""

    def __init__(self, owner: Instance, name: str) -> None:
        self.owner, self.name = owner, name
        self._end = weakref.finalize(self, owner.leave, name)
        self._end.atexit = False

    def cursor(self, **seen: pa.Table | Any) -> duckdb.DuckDBPyConnection:
        """A reader's own cursor: plain names are this database's. ``seen`` are tables held in memory that this cursor alone sees as well.

        >>> base = instance().database()
        >>> base.cursor(given=pa.table({"x": [1, 2]})).execute("SELECT sum(x) FROM given").fetchall()
        [(3,)]
        """
        cursor = self.owner.cursor()
        cursor.execute(f"USE {self.name}")
        for name, table in seen.items():
            cursor.register(name, table)
        return cursor

    def close(self) -> None:
        """Give the memory back now; whoever still reads is refused."""
        if self._end.detach():
            self.owner.leave(self.name)
            self.owner.cursor().close()
