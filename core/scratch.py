"""A folder on temporary disk that belongs to this process alone, and is gone when the process is.

A process holds a lock on a file in its folder as long as it lives, so that whoever starts later can tell the folders of the dead, even
of those that were killed, and on a disk that several machines or containers share, where a number of a process says nothing.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
import time
import weakref
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO
from weakref import WeakValueDictionary

PREFIX = "kefulens-"
_LOCK = "alive"
_YOUNG_S = 60
"""A folder without a lock may be one that is being made."""


_MAKING = Lock()


def scratch(parent: Path) -> Path:
    """The folder of the running process below ``parent``, made at the first call and removed at exit; those of dead processes go at once.

    Raises `OSError` where nothing can be written there.
    """
    with _MAKING:
        return _made(parent)


@cache
def _made(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    sweep(parent)
    folder, lock = _own(parent)
    atexit.register(_leave, folder, lock, os.getpid())
    return folder


def _own(parent: Path) -> tuple[Path, IO[str]]:
    """A new folder and its lock. Another process that sweeps may have met the lock before it was taken; then another folder is made."""
    for last in (False, False, True):  # some disks know no locks
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
        try:
            lock = (folder / _LOCK).open("w", encoding="utf-8")
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if (_locked(lock) and (folder / _LOCK).exists()) or last:
            break
        lock.close()
    return folder, lock


_KEEPING = Lock()
_held: WeakValueDictionary[tuple[Path, str], Path] = WeakValueDictionary()


class _HeldPath(type(Path())):  # type: ignore[misc]
    """A path that can tell when nobody holds it any more."""


def kept(parent: Path, data: bytes) -> Path:
    """A file of this content in the process' folder, there as long as somebody holds the path given back; equal content lies there once.

    Raises `OSError` where it cannot be written.
    """
    digest = hashlib.sha256(data).hexdigest()
    with _KEEPING:
        found = _held.get((parent, digest))
        if found is None:
            handle, name = tempfile.mkstemp(prefix=f"{digest[:16]}-", dir=scratch(parent))
            found = _HeldPath(name)
            weakref.finalize(found, _forget, name).atexit = False
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            _held[parent, digest] = found
        return found


def _forget(name: str) -> None:
    with suppress(OSError):
        Path(name).unlink()


def sweep(parent: Path) -> list[Path]:
    """Remove the folders below ``parent`` whose processes are gone; gives back which."""
    return [folder for folder in sorted(parent.glob(f"{PREFIX}[0-9]*-*")) if folder.is_dir() and _swept(folder)]


def _swept(folder: Path) -> bool:
    """Removes a folder whose lock nobody holds; one without a lock is given a minute to get it. Those of other users are let be.

    The lock is held meanwhile, so that a process which has just made the folder cannot take it for its own.
    """
    try:
        with (folder / _LOCK).open("r+", encoding="utf-8") as lock:
            if not _locked(lock):
                return False
            shutil.rmtree(folder, ignore_errors=True)
    except FileNotFoundError:
        if not _old(folder):
            return False
    except OSError:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _old(folder: Path) -> bool:
    with suppress(OSError):
        return time.time() - folder.stat().st_mtime > _YOUNG_S
    return False


def _locked(file: IO[str]) -> bool:
    """Take the lock of a file, for as long as it is open; False where another process has it."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _leave(folder: Path, lock: IO[str], owner: int) -> None:
    """Remove the folder; a forked child leaves its parent's alone."""
    if os.getpid() == owner:
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)
