"""An embedded database with limits of its own; whoever wants one for a log's figures asks `core.engine.instance`."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from core.errors import InputError, Issue
from core.limits import Limits, limits
from core.scratch import scratch


def connect(allowed: Limits | None = None) -> duckdb.DuckDBPyConnection:
    """A database in memory that never asks the network for anything and stays within its memory and temporary disk.

    Raises:
        InputError: there is no temporary disk.
    """
    allowed = allowed or limits()
    con = duckdb.connect(":memory:")
    con.execute("SET enable_progress_bar = false")
    con.execute("SET autoinstall_known_extensions = false")
    con.execute(f"SET memory_limit = '{allowed.engine_memory}B'")
    con.execute("SET temp_directory = ?", [str(temporary("engine-", allowed))])
    con.execute(f"SET max_temp_directory_size = '{allowed.temp}B'")
    con.execute("SET preserve_insertion_order = false")
    return con


def temporary(prefix: str, allowed: Limits) -> Path:
    """A new folder on temporary disk, below that of the process.

    Raises:
        InputError: the disk is full, or the folder cannot be written to.
    """
    try:
        return Path(tempfile.mkdtemp(prefix=prefix, dir=scratch(allowed.temp_folder)))
    except OSError as error:
        facts = {"reason": error.strerror or type(error).__name__}
        unusable = Issue("temp_unusable", "error", column="KEFULENS_TEMP", value=str(allowed.temp_folder), facts=facts)
        raise shortage(error, allowed) or InputError(unusable) from error


def shortage(error: BaseException, allowed: Limits) -> InputError | None:
    """What to tell a user where memory or temporary disk ran out; None where the error is another one.

    >>> shortage(OSError(28, "No space left on device"), Limits()).issue.code
    'temp_full'
    >>> shortage(ValueError("x"), Limits()) is None
    True
    """
    said = str(error)
    of_disk = "No space left" in said or "max_temp_directory_size" in said or (isinstance(error, OSError) and error.errno in _FULL)
    if isinstance(error, (OSError, duckdb.Error)) and of_disk:
        return temp_full(allowed)
    if isinstance(error, (MemoryError, duckdb.OutOfMemoryException, pa.ArrowMemoryError)):
        facts = {"limit": f"{allowed.memory / 1e9:g}"}
        return InputError(Issue("memory_full", "error", column="KEFULENS_MEMORY", facts=facts))
    return None


@contextmanager
def in_words(allowed: Limits) -> Iterator[None]:
    """A question to the engine that runs out of memory or temporary disk is refused in words.

    Raises:
        InputError: it did; any other error as it is.

    >>> with in_words(Limits()):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
    core.errors.InputError: ...
    """
    try:
        yield
    except (duckdb.Error, MemoryError, OSError) as error:
        found = shortage(error, allowed)
        if found is None:
            raise
        raise found from error


_FULL = (errno.ENOSPC, errno.EDQUOT)


def temp_full(allowed: Limits) -> InputError:
    """Temporary disk is full, or its limit is reached."""
    try:
        free = shutil.disk_usage(allowed.temp_folder).free
    except OSError:
        free = 0
    facts = {"limit": f"{allowed.temp / 1e9:g}", "free": f"{free / 1e9:.1f}"}
    return InputError(Issue("temp_full", "error", column="KEFULENS_TEMP", value=str(allowed.temp_folder), facts=facts))
