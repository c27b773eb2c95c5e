"""A parcel: a folder of files that is whole or not there, and is believed only as far as its checksums reach.

It is filled under a name of its own beside its place, flushed, and renamed in one step, so that whoever is killed half-way leaves nothing
that is read. Its manifest names every file with bytes, rows and checksum, and begins with a checksum of itself. A parcel with anything
amiss (a byte, a length, a file too many, somebody else's file, a link) is damaged: it is made anew, never repaired.

Only its owner can read it: folders are 0700, files 0600.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

MANIFEST = "manifest.json"
FORMAT = 1
TEMPORARY = "~"
"""What the name of a parcel that is being made, or removed, begins with."""
_BLOCK = 1 << 22
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)


class DamagedError(Exception):
    """A parcel that cannot be believed; ``file`` says which of its files, or the parcel itself."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file


class TooLargeError(Exception):
    """A parcel that is larger than all that may be kept."""


class _Summed(io.RawIOBase):
    """A file being written: its bytes are counted and summed on their way, so that the sum is of what was meant."""

    _file = -1

    def __init__(self, path: Path, most: int) -> None:
        super().__init__()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._most = most
        self.size = 0
        self.sum = hashlib.blake2b(digest_size=32)

    def writable(self) -> bool:
        """It can be written to, and nothing else."""
        return True

    def tell(self) -> int:
        """How many bytes are written."""
        return self.size

    def write(self, data: Any) -> int:
        """All of the bytes, or an `OSError`; `TooLargeError` once the parcel outgrows what may be kept."""
        left = memoryview(data).cast("B")
        size = len(left)
        if self.size + size > self._most:
            raise TooLargeError
        self.sum.update(left)
        while left:
            left = left[os.write(self._file, left) :]
        self.size += size
        return size

    def close(self) -> None:
        """On disk for good; does nothing the second time."""
        file, self._file = self._file, -1
        try:
            if file >= 0:
                os.fsync(file)
        finally:
            if file >= 0:
                os.close(file)
            super().close()


@dataclass
class Filling:
    """A parcel while it is filled; ``most`` bytes are allowed in all."""

    folder: Path
    most: int
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes so far."""
        return sum(each["bytes"] for each in self.files.values())

    def data(self, name: str, data: bytes) -> None:
        """A file of these bytes."""
        with _Summed(self.folder / name, self.most - self.size) as file:
            file.write(data)
        self._enter(name, file, 0)

    def table(self, name: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch | pa.Table]) -> None:
        """A Parquet file of these batches or tables; one given as a table stays one piece."""
        rows = 0
        with (
            _Summed(self.folder / name, self.most - self.size) as file,
            pq.ParquetWriter(file, schema, compression="zstd", compression_level=1) as writer,
        ):
            for batch in batches:
                table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
                writer.write_table(table, row_group_size=max(len(table), 1))
                rows += len(table)
        self._enter(name, file, rows)

    def lying(self, name: str, path: Path) -> None:
        """A Parquet file that lies on disk already: linked where that goes, else copied."""
        here = self.folder / name
        if path.stat().st_size > self.most - self.size:
            raise TooLargeError
        try:
            os.link(path, here)
        except OSError:
            shutil.copyfile(path, here)
        os.chmod(here, 0o600)
        with _opened(here) as file:
            size, checksum = _sum_of(file)
        self.files[name] = _entry(size, checksum, pq.read_metadata(here).num_rows)
        _flush(here)

    def discard(self) -> None:
        """Leave nothing of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _enter(self, name: str, file: _Summed, rows: int) -> None:
        self.files[name] = _entry(file.size, file.sum.hexdigest(), rows)


def _entry(size: int, checksum: str, rows: int) -> dict[str, Any]:
    return {"bytes": size, "blake2b": checksum, "rows": rows}


@dataclass(frozen=True)
class Parcel:
    """A parcel that was found whole; its files stay open, as they were checked, until it is closed.

    Args:
        folder: where it lies.
        about: what its maker said of it.
        files: its open files by name.
        size: bytes of all of it.
    """

    folder: Path
    about: Mapping[str, Any]
    files: dict[str, BinaryIO]
    size: int

    def data(self, name: str) -> bytes:
        """The bytes of one of its files."""
        self.files[name].seek(0)
        return self.files[name].read()

    def parquet(self, name: str) -> pq.ParquetFile:
        """One of its tables, to be read while the parcel is open."""
        self.files[name].seek(0)
        return pq.ParquetFile(self.files[name])

    def close(self) -> None:
        """Let go of its files."""
        for file in self.files.values():
            file.close()

    def __enter__(self) -> Parcel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def pack(root: Path, name: str, most: int, fill: Callable[[Filling], Mapping[str, Any]]) -> Filling:
    """A parcel under a temporary name below ``root``, whole and flushed; `place` puts it where it is looked for.

    Args:
        root: the folder of all parcels.
        name: what it will be called.
        most: bytes at most.
        fill: puts files into it and gives back what is to be said of it, as plain data.

    Raises:
        OSError: it cannot be written; nothing is left of it.
        TooLargeError: it would be larger than ``most``.
    """
    folder = root / f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}-{name}"
    folder.mkdir(mode=0o700)
    filling = Filling(folder, most)
    try:
        about = fill(filling)
        body = json.dumps({"format": FORMAT, "name": name, "about": about, "files": filling.files})
        filling.data(MANIFEST, f"{digest_of(body.encode())}\n{body}".encode())
        _flush(folder)
    except BaseException:
        filling.discard()
        raise
    return filling


def place(filling: Filling, root: Path, name: str) -> bool:
    """Put a packed parcel where it is looked for; False when somebody else was first, whose parcel then stays."""
    try:
        filling.folder.rename(root / name)
    except OSError as error:
        filling.discard()
        if error.errno not in _TAKEN and not (root / name).is_dir():
            raise
        return False
    _flush(root)
    return True


def manifest(folder: Path) -> dict[str, Any]:
    """What a parcel says of itself, if that is whole; its files are not looked at.

    Raises:
        FileNotFoundError: there is no such parcel.
        DamagedError: it is not to be believed.
    """
    _check_own(folder.lstat(), stat.S_ISDIR, folder.name)
    try:
        with _opened(folder / MANIFEST) as file:
            checksum, _, body = file.read().partition(b"\n")
        found: dict[str, Any] = json.loads(body) if checksum == digest_of(body).encode() else {}
        if found["format"] == FORMAT and found["name"] == folder.name:
            return found
    except (OSError, ValueError, KeyError) as error:
        raise DamagedError(MANIFEST) from error
    raise DamagedError(MANIFEST)


def unpack(folder: Path) -> Parcel:
    """A parcel whose every byte has been checked.

    Raises:
        FileNotFoundError: there is no such parcel.
        DamagedError: anything in it is amiss.
    """
    found = manifest(folder)
    named: dict[str, dict[str, Any]] = found["files"]
    amiss = (set(os.listdir(folder)) - {MANIFEST}) ^ set(named)
    if amiss:
        raise DamagedError(min(amiss))
    parcel = Parcel(folder, found["about"], {}, sum(told["bytes"] for told in named.values()))
    try:
        for name, told in named.items():
            parcel.files[name] = _checked(folder / name, told)
    except DamagedError:
        parcel.close()
        raise
    return parcel


def remove(folder: Path) -> bool:
    """Take a parcel away in one step, then its files; False when it could not be, or is in use by a reader of files that stay on disk."""
    if in_use(folder):
        return False
    away = folder.with_name(f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}-gone")
    try:
        folder.rename(away)
    except OSError:
        return not folder.exists() and not folder.is_symlink()
    _clear(away)
    return True


def sweep(root: Path) -> None:
    """Remove what dead processes have left half made or half removed."""
    for folder in root.glob(f"{TEMPORARY}*"):
        if not _alive(folder.name.removeprefix(TEMPORARY).split("-")[0]):
            _clear(folder)


def _clear(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        with suppress(OSError):
            folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _alive(process: str) -> bool:
    if not process.isdigit():
        return False
    if os.name == "nt":
        return True  # asking there would end the process; what is left goes with the purge
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


# --- in use ------------------------------------------------------------------------------------------------------------------


def hold(folder: Path) -> int:
    """Say that files of a parcel are read where they lie, until the number given back is closed (``os.close``)."""
    file = os.open(folder / MANIFEST, os.O_RDONLY)
    if os.name != "nt":  # there, an open file keeps its folder in place by itself
        import fcntl

        fcntl.flock(file, fcntl.LOCK_SH)
    return file


def in_use(folder: Path) -> bool:
    """Whether any process, this one too, holds a parcel."""
    if os.name == "nt":
        return False
    import fcntl

    try:
        file = os.open(folder / MANIFEST, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


# --- bytes that can be believed ----------------------------------------------------------------------------------------------


def is_closed(found: os.stat_result) -> bool:
    """Whether what was found belongs to this user and nobody else can read or write it; systems without owners always say yes."""
    return os.name == "nt" or (found.st_uid == os.geteuid() and not found.st_mode & 0o077)


def _check_own(found: os.stat_result, kind: Callable[[int], bool], name: str) -> None:
    """It is what it should be, this user's, and closed to others; not a link to something that is."""
    if not kind(found.st_mode) or not is_closed(found):
        raise DamagedError(name)


def _opened(path: Path) -> BinaryIO:
    """A file of this user's own, to be read; no link is followed."""
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    file = os.fdopen(number, "rb")
    try:
        _check_own(os.fstat(number), stat.S_ISREG, path.name)
    except DamagedError:
        file.close()
        raise
    return file


def _checked(path: Path, told: Mapping[str, Any]) -> BinaryIO:
    """A file, if its bytes are those that were written."""
    try:
        file = _opened(path)
        if _sum_of(file) == (told["bytes"], told["blake2b"]):
            return file
        file.close()
    except OSError as error:
        raise DamagedError(path.name) from error
    raise DamagedError(path.name)


def digest_of(data: bytes) -> str:
    """The checksum of some bytes, as it stands in a manifest."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def _sum_of(file: BinaryIO) -> tuple[int, str]:
    """Bytes and checksum of an open file."""
    size, total = 0, hashlib.blake2b(digest_size=32)
    while block := file.read(_BLOCK):
        size += len(block)
        total.update(block)
    return size, total.hexdigest()


def _flush(path: Path) -> None:
    """A file, or the names in a folder, are on disk for good."""
    if os.name == "nt":
        return
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
