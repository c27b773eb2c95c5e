"""Logs and their facts, kept between two starts by the digest of what they were made of.

A log is kept as its staging tables and its ledger, facts as their tables; both as Parquet, in one parcel each (`core.store.parcels`):

    log-<digest>              bytes and decisions of the import → tables, zone, ledger
    facts-<digest>-<knobs>    those and the slow knobs → conversations, turns, activity …

Nothing kept is believed: a parcel is used when every byte of it is as it was written, and when it was made by the very definitions,
libraries and time zone rules that would make it now. Else it is dropped, and the files are read as if nothing had been there. Whatever
goes wrong here never stops a figure; it leaves a note.

Writing happens beside the caller's work and after a moment, one parcel after the other. When all of it outgrows the limit, the logs
unused for longest go first, each with its facts.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import Any

import duckdb
import pyarrow as pa

from core.engine import Facts, SlowKnobs
from core.errors import Issue
from core.ingest.choices import Choices, InputFile, digest
from core.limits import Limits, limits
from core.log import Log
from core.store.contents import facts_from, facts_name, fill_facts, fill_log, log_from
from core.store.origins import fingerprint, zone_rules
from core.store.parcels import (
    MANIFEST,
    DamagedError,
    Filling,
    Parcel,
    TooLargeError,
    in_use,
    is_closed,
    manifest,
    pack,
    place,
    remove,
    sweep,
    unpack,
)

LEAST = 1_000_000
"""Bytes of files in all from which a log is kept: a smaller one is read as fast as it is looked up, and leaves nothing on disk."""
AFTER_S = 3.0
"""Seconds that writing waits, so that the figures which somebody waits for come first."""
_FACTS_EACH = 2
"""Facts kept of one log: those of the slow knobs last used."""
_NOTES = 20
_NAME = re.compile(r"(?:log|facts)-([0-9a-f]{16,128})(?:-[0-9a-f]{16})?")
_GOES_WRONG = (OSError, pa.ArrowException, duckdb.Error, MemoryError, ValueError, KeyError, TypeError, IndexError)
"""What reading or writing a parcel may end with where a disk, a library or somebody else had a part in it."""


class _OutdatedError(Exception):
    """A parcel that other definitions, libraries or time zone rules have made."""


@dataclass(frozen=True)
class Kept:
    """A log that is kept, with its facts.

    Args:
        digest: of the files' bytes and the decisions.
        files: names of the files.
        rows: rows of its tables.
        bytes: on disk, facts included.
        since, used: when it was kept and last read, in seconds since 1970.
        zone: the shop's zone.
        horizon_ms: its latest kept stamp, where facts are kept.
        facts: how many facts are kept of it (one for each setting of the slow knobs).
    """

    digest: str
    files: tuple[str, ...]
    rows: int
    bytes: int
    since: float
    used: float
    zone: str
    horizon_ms: int | None = None
    facts: int = 0


@dataclass(frozen=True)
class _Order:
    """A parcel to be written: its name, what fills it, and the files on disk that go into it as they are."""

    name: str
    fill: Callable[[Filling], Mapping[str, Any]]
    on_disk: tuple[Path, ...] = ()


class Store:
    """Logs and facts in a folder of this user's own, within a limit.

    Args:
        folder: where; a folder below it is made, closed to other users.
        most_bytes: on disk, in all.
        made_by: what stands for the definitions and libraries at work; those of this process unless told otherwise.
    """

    def __init__(self, folder: Path, most_bytes: int, made_by: str = "") -> None:
        self.folder, self.most_bytes = folder, most_bytes
        self._root = folder / "kept"
        self._made_by = made_by or fingerprint()
        self._notes: deque[Issue] = deque(maxlen=_NOTES)
        self._known: set[str] = set()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="kept")
        self._pending: list[Future[None]] = []
        self._lock = Lock()
        self._hurried = Event()
        self._given_up = False

    @property
    def notes(self) -> tuple[Issue, ...]:
        """What went wrong so far with what is kept: dropped, or not kept, and why; the newest last."""
        return tuple(self._notes)

    # --- in and out --------------------------------------------------------------------------------------------------------

    def log(self, digest: str) -> Log | None:
        """The log of this digest as it was when it was kept; None where it is not kept, or not to be believed."""
        found: Log | None = self._read(f"log-{digest}", log_from)
        if found is not None:
            self._known.add(digest)
        return found

    def facts(self, log: Log, slow: SlowKnobs | None = None, *, extendable: bool = False) -> Facts | None:
        """The facts of a log under slow knobs, in an engine of their own; None where they are not kept, or not to be believed.

        With ``extendable`` they come with what further rows need (`core.adding`), which is kept of logs that were added to; else None.
        """
        make = partial(facts_from, log, extendable=extendable)
        found: Facts | None = self._read(facts_name(log.digest, slow or SlowKnobs()), make)
        return found

    def keep_log(self, log: Log) -> None:
        """Keep a log, beside whatever the caller does next; `settle` waits for it."""
        self._known.add(log.digest)
        on_disk = tuple(source for source in log.tables.values() if isinstance(source, Path))
        self._later(_Order(f"log-{log.digest}", partial(fill_log, log), on_disk))

    def keep_facts(self, facts: Facts, slow: SlowKnobs | None = None) -> None:
        """Keep facts, beside whatever the caller does next; `settle` waits for it."""
        self._later(_Order(facts_name(facts.log.digest, slow or SlowKnobs()), partial(fill_facts, facts)))

    def knows(self, digest: str) -> bool:
        """Whether a log came from here, or was to be kept, while this program runs."""
        return digest in self._known

    def settle(self) -> None:
        """Have everything written that was to be kept, and wait until it is."""
        self._hurried.set()
        wait(self._pending)
        self._hurried.clear()

    def give_up(self) -> None:
        """Keep nothing more that is not being written already: somebody wants to leave."""
        self._given_up = True
        self._hurried.set()

    # --- what is there -----------------------------------------------------------------------------------------------------

    def kept(self) -> tuple[Kept, ...]:
        """Every log that is kept, the one used last first; what is not to be believed is dropped on the way."""
        found = [self._told(digest, folders) for digest, folders in self._groups().items()]
        return tuple(sorted((each for each in found if each is not None), key=lambda each: -each.used))

    def purge(self, digest: str = "") -> int:
        """Remove what is kept of a log, or of all, for good: while this program runs nothing more is kept of it unless it is read again.

        Gives back how many logs stayed, since their files are being read.
        """
        self.settle()
        groups = {name: folders for name, folders in self._groups().items() if digest in ("", name)}
        self._known -= set(groups)
        left = sum(not self._drop(folders) for folders in groups.values())
        if not digest:
            sweep(self._root)
        return left

    def tidy(self) -> None:
        """Remove what killed processes have left, and what is above the limit."""
        sweep(self._root)
        with suppress(TooLargeError, OSError):  # what is above it may be in use just now; it goes when it is not
            self._make_room(0, "")

    def _groups(self) -> dict[str, list[Path]]:
        """The parcels of each log, the logs unused for longest first."""
        found: dict[str, list[Path]] = {}
        if self._closed():
            for folder in self._root.iterdir():
                named = _NAME.fullmatch(folder.name)
                if named:
                    found.setdefault(named[1], []).append(folder)
        return dict(sorted(found.items(), key=lambda each: max(_used(folder) for folder in each[1])))

    def _told(self, digest: str, folders: Sequence[Path]) -> Kept | None:
        told = {}
        for folder in folders:
            try:
                told[folder.name] = manifest(folder)
            except FileNotFoundError:
                continue
            except (DamagedError, OSError) as error:
                self._set_aside(folder, error)
        about = [each["about"] for each in told.values()]
        logs = [each for each in about if "names" in each]
        facts = [each for each in about if "horizon_ms" in each]
        if not about:
            return None
        size = sum(_bytes(folder) for folder in folders)
        used, since = max(map(_used, folders)), min(float(each["since"]) for each in about)
        log = logs[0] if logs else {"names": (), "rows": 0, "zone": about[0]["zone"]}
        horizon = max((int(each["horizon_ms"]) for each in facts), default=None)
        return Kept(digest, tuple(log["names"]), log["rows"], size, since, used, log["zone"], horizon, len(facts))

    # --- how ---------------------------------------------------------------------------------------------------------------

    def _closed(self) -> bool:
        """Whether the folder is there and this user's alone; one of this user's that stands open is closed."""
        try:
            found = self._root.lstat()
            if stat.S_ISDIR(found.st_mode) and not is_closed(found):
                self._root.chmod(0o700)
                found = self._root.lstat()
        except FileNotFoundError:
            return False
        except OSError:
            pass
        safe = stat.S_ISDIR(found.st_mode) and is_closed(found)
        if not safe:
            self._note("kept_folder_unsafe", file=str(self._root))
        return safe

    def _read(self, name: str, make: Callable[[Parcel], Any]) -> Any:
        folder = self._root / name
        if not self._closed():
            return None
        try:
            with unpack(folder) as parcel:
                self._check(parcel.about)
                found = make(parcel)
        except FileNotFoundError:
            return None
        except (DamagedError, _OutdatedError, *_GOES_WRONG) as error:
            self._set_aside(folder, error)
            return None
        _touch(folder)
        return found

    def _check(self, about: Mapping[str, Any]) -> None:
        if about["made_by"] != self._made_by or about["zone_rules"] != zone_rules(about["zone"]):
            raise _OutdatedError

    def _set_aside(self, folder: Path, error: Exception) -> None:
        if isinstance(error, _OutdatedError):
            self._note("kept_outdated", file=folder.name)
        else:
            about = getattr(error, "file", "") or getattr(error, "strerror", "") or type(error).__name__
            self._note("kept_damaged", file=folder.name, value=about)
        remove(folder)

    def _note(self, code: str, **about: Any) -> None:
        issue = Issue(code, "note", **about)
        if issue not in self._notes:
            self._notes.append(issue)

    def _later(self, order: _Order) -> None:
        if not _NAME.fullmatch(order.name):
            return
        with self._lock:
            self._pending = [each for each in self._pending if not each.done()]
            self._pending.append(self._writer.submit(self._keep, order, time.monotonic() + AFTER_S))

    def _keep(self, order: _Order, at: float) -> None:
        self._hurried.wait(max(at - time.monotonic(), 0))
        if self._given_up:
            return
        try:
            self._write(order)
        except TooLargeError:
            self._note("kept_too_large", file=str(self._root), value=f"{self.most_bytes / 1e6:.0f} MB")
        except _GOES_WRONG as error:
            self._note("not_kept", file=str(self._root), value=getattr(error, "strerror", "") or type(error).__name__)

    def _write(self, order: _Order) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._closed() or (self._root / order.name).exists():
            return
        log = order.name.split("-")[1]
        self._make_room(sum(path.stat().st_size for path in order.on_disk), log)
        filling = pack(self._root, order.name, self.most_bytes, partial(self._signed, order))
        try:
            self._make_room(filling.size, log)
        except BaseException:
            filling.discard()
            raise
        place(filling, self._root, order.name)
        facts = [folder for folder in self._groups().get(log, []) if folder.name.startswith("facts-")]
        for folder in sorted(facts, key=_used)[:-_FACTS_EACH]:
            remove(folder)

    def _signed(self, order: _Order, filling: Filling) -> dict[str, Any]:
        return {**order.fill(filling), "made_by": self._made_by, "since": time.time()}

    def _make_room(self, needed: int, but: str) -> None:
        """Drop the logs unused for longest until so many bytes fit; one log is spared. `TooLargeError` when they do not."""
        groups = self._groups()
        sizes = {name: sum(map(_bytes, folders)) for name, folders in groups.items()}
        total = sum(sizes.values()) + needed
        for name, folders in groups.items():
            if total > self.most_bytes and name != but and self._drop(folders):
                total -= sizes[name]
        if total > self.most_bytes:
            raise TooLargeError

    def _drop(self, folders: Sequence[Path]) -> bool:
        """Remove all parcels of a log, or none where one is being read."""
        return not any(map(in_use, folders)) and all(list(map(remove, folders)))


# --- on disk -----------------------------------------------------------------------------------------------------------------


def _used(folder: Path) -> float:
    """When a parcel was last read, in seconds since 1970; one that is gone was never."""
    try:
        return (folder / MANIFEST).lstat().st_mtime
    except OSError:
        return 0.0


def _touch(folder: Path) -> None:
    with suppress(OSError):
        os.utime(folder / MANIFEST)


def _bytes(folder: Path) -> int:
    """Bytes of a parcel on disk; nought for one that is gone."""
    try:
        return sum(file.stat(follow_symlinks=False).st_size for file in os.scandir(folder))
    except OSError:
        return 0


# --- for those who ask -------------------------------------------------------------------------------------------------------


def opened(allowed: Limits | None = None) -> Store | None:
    """The store that the environment allows; None where it asks to keep nothing.

    Raises:
        InputError: a limit that is none.

    >>> opened(Limits(cache_folder=None)) is None
    True
    """
    allowed = allowed or limits()
    if allowed.cache_folder is None or allowed.cache <= 0:
        return None
    store = Store(allowed.cache_folder, allowed.cache)
    store.tidy()
    return store


def log_of(store: Store | None, files: Sequence[InputFile], choices: Choices, read: Callable[[], Log]) -> Log:
    """The log of files and decisions: as it was kept, else as ``read`` reads it, and then it is kept.

    Without a store, and for files so small that keeping them saves nothing (`LEAST`), it is always read.
    """
    if store is None or sum(file.size for file in files) < LEAST:
        return read()
    wanted = digest(files, choices)
    found = store.log(wanted)
    if found is None:
        found = read()
        if found.digest == wanted:
            store.keep_log(found)
    return found


def facts_of(store: Store | None, log: Log, slow: SlowKnobs, build: Callable[[], Facts]) -> Facts:
    """The facts of a log: as they were kept, else as ``build`` builds them, and then they are kept.

    Without a store, and of a log that it knows nothing of, they are always built.
    """
    if store is None or not store.knows(log.digest):
        return build()
    found = store.facts(log, slow)
    if found is None:
        found = build()
        store.keep_facts(found, slow)
    return found
