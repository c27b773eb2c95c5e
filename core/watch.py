"""What lies in a watched folder, look by look: which files are there, which grew, and which bytes of them are new and complete.

Nothing is interpreted here. A text file is used up to its last complete line: a half-written one is left for the next look. A file that
only grew gives the new lines alone; it is recognised by a digest of the bytes that were used before. Everything else that changed is to be
read anew. A file that cannot be read, or that is gone, is named with its problem and changes nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import InputError, Issue

LINES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")
"""Endings of files that grow line by line."""
ENDINGS = (*LINES, ".json", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".parquet", ".zip", ".gz", ".db", ".sqlite", ".sqlite3")
MOST_FILES = 200
WHOLE = 32 << 20
"""Up to so many bytes the used part of a file is compared whole; of a larger one its head and its tail."""
_PART = 1 << 20
AT_REST_MS = 600_000
"""A last line without an end counts as complete in a file that nobody touched for so long."""
STRAY_MS = 60_000
"""A quotation mark that is not closed in a file that nobody touched for so long was no opening one."""
_TORN_LINES = 64
_WIDE = (b"\xff\xfe", b"\xfe\xff")
VARIABLE = "KEFULENS_WATCH"
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Seen:
    """A file as it was at a look: size, time of change and identity; how many bytes are complete lines, and their digest.

    ``settled``: it was the same at the look before.
    """

    name: str
    size: int
    changed_ns: int
    identity: int
    used: int = 0
    digest: bytes = b""
    settled: bool = False

    def same_as(self, other: Seen | None) -> bool:
        """Whether nobody touched the file in between."""
        return other is not None and (self.size, self.changed_ns, self.identity) == (other.size, other.changed_ns, other.identity)


@dataclass(frozen=True)
class Found:
    """One file at a look: ``same``, ``grown`` (``fresh`` holds the new complete lines) or ``new`` (to be read as a whole)."""

    seen: Seen
    kind: str
    fresh: bytes = b""


@dataclass(frozen=True)
class Look:
    """What a look found: files that could be read, and issues of those that could not or that are gone."""

    files: tuple[Found, ...] = ()
    issues: tuple[Issue, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything is to be read."""
        return any(each.kind != "same" for each in self.files)


def look(folder: Path, known: Mapping[str, Seen], before: Mapping[str, Seen] | None = None, now_ms: int = 0) -> Look:
    r"""What lies in the folder now.

    Args:
        known: the files that the present figures rest on, by name.
        before: the files as the last look saw them (default: ``known``); who has not changed since is settled.
        now_ms: wall clock, for the age of files without an end to their last line; 0 leaves that line for later.

    Never raises for what lies there: a folder or file that is gone, locked or unreadable is an issue.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> _ = (place / "a.csv").write_bytes(b"h\n1\n2")
    >>> first = look(place, {}); [(each.kind, each.seen.used) for each in first.files]
    [('new', 4)]
    >>> _ = (place / "a.csv").write_bytes(b"h\n1\n23\n4")
    >>> look(place, {"a.csv": first.files[0].seen}).files[0].fresh
    b'23\n'
    """
    try:
        names = watched_names(folder)
    except OSError as error:
        return Look(issues=(Issue("live_folder_gone", "warning", file=str(folder), value=str(error.strerror or error)),))
    issues = [Issue("live_file_gone", "warning", file=name) for name in known if name not in names]
    if len(names) > MOST_FILES:
        issues.append(Issue("live_too_many", "warning", file=folder.name, rows=len(names), facts={"most": MOST_FILES}))
    files = []
    for name in names[:MOST_FILES]:
        try:
            files.append(_found(folder / name, known.get(name), (before or known).get(name), now_ms))
        except OSError as error:
            issues.append(Issue("live_unreadable", "warning", file=name, value=str(error.strerror or error)))
    return Look(tuple(files), tuple(issues))


def watched_names(folder: Path) -> list[str]:
    """Files of the folder that can hold a log, by name; hidden ones and those of programs at work are passed over."""
    with os.scandir(folder) as entries:
        names = [each.name for each in entries if each.is_file()]
    return sorted(name for name in names if not name.startswith((".", "~$")) and name.lower().endswith(ENDINGS))


def _found(path: Path, known: Seen | None, before: Seen | None, now_ms: int) -> Found:
    now = _stat(path)
    now = replace(now, settled=now.same_as(before))
    rest = now_ms - now.changed_ns // 1_000_000 if now_ms else 0
    if known is not None and now.same_as(known) and (known.used == now.size or not _by_lines(path)):
        return Found(replace(known, settled=True), "same")
    if not _by_lines(path):
        return Found(replace(now, used=now.size, digest=b""), "new")
    fresh = _growth(path, known, now, rest)
    if fresh is not None and known is not None:
        seen = replace(now, used=known.used + len(fresh))
        seen = replace(seen, digest=digest_of(path, seen.used) if fresh else known.digest)
        return Found(seen, "grown" if fresh else "same", fresh)
    used = complete(path, 0, now.size, rest)
    return Found(replace(now, used=used, digest=digest_of(path, used)), "new")


def _stat(path: Path) -> Seen:
    found = path.stat()
    return Seen(path.name, found.st_size, found.st_mtime_ns, found.st_ino)


def _by_lines(path: Path) -> bool:
    return path.name.lower().endswith(LINES)


def _growth(path: Path, known: Seen | None, now: Seen, rest: int) -> bytes | None:
    """The new complete lines of a file that only grew; None when it was not known, or is another file now."""
    if known is None or not known.used or now.size < known.used:
        return None
    if not now.same_as(known) and known.digest != digest_of(path, known.used):
        return None
    if _wide(path) or not _ends_a_line(path, known.used):
        return None
    end = complete(path, known.used, now.size, rest)
    return part(path, known.used, end)


def _wide(path: Path) -> bool:
    """Whether a character takes two bytes, so that lines cannot be told by one."""
    return part(path, 0, 2) in _WIDE


def _ends_a_line(path: Path, at: int) -> bool:
    return part(path, at - 1, at) in (b"\n", b"\r")


def part(path: Path, start: int, end: int) -> bytes:
    """The bytes of a file from ``start`` to ``end``.

    Raises:
        OSError: the file is gone, locked, or shorter than that by now.
    """
    with path.open("rb") as opened:
        opened.seek(start)
        data = opened.read(max(end - start, 0))
    if len(data) != max(end - start, 0):
        raise OSError(0, f"{path.name} < {end} B")
    return data


def complete(path: Path, start: int, size: int, rest: int = 0) -> int:
    """Where the last complete line of a file ends; a line break inside quotes ends none.

    Args:
        start: where a line begins.
        rest: for how many ms nobody has written. After a minute a quotation mark that is never closed is a stray one; after ten
            what stands there without an end is complete.
    """
    if rest > AT_REST_MS:
        return size
    tail = max(start, size - WHOLE)
    data = part(path, tail - tail % 2, size)
    if _wide(path):
        return tail - tail % 2 + _last_wide_end(data)
    data = data[tail % 2 :]
    last = data.rfind(b"\n") + 1
    if not path.name.lower().endswith((".csv", ".tsv", ".txt")) or tail > start:
        return tail + last
    closed = _closed(data, last)
    stray = rest > STRAY_MS or data.count(b"\n", closed, last) > _TORN_LINES
    return tail + (last if stray else closed)


def _last_wide_end(data: bytes) -> int:
    """Where the last line ends whose characters take two bytes, in either order."""
    at = len(data) - len(data) % 2
    while at > 0 and data[at - 2 : at] not in (b"\n\0", b"\0\n"):
        at -= 2
    return at


def _closed(data: bytes, last: int) -> int:
    """The last line end at or before ``last`` up to which every quotation mark is closed."""
    quotes = data.count(b'"', 0, last)
    while quotes % 2 and last:
        earlier = data.rfind(b"\n", 0, last - 1) + 1
        quotes -= data.count(b'"', earlier, last)
        last = earlier
    return last


def digest_of(path: Path, used: int) -> bytes:
    """A digest of the first ``used`` bytes; of more than 32 MB only of the first and the last of them."""
    total = hashlib.blake2b(str(used).encode(), digest_size=16)
    for start, end in ((0, used),) if used <= WHOLE else ((0, _PART), (used - _PART, used)):
        total.update(part(path, start, end))
    return total.digest()


# ── which folders may be watched ─────────────────────────────────────────────────────────────────────────────────────


def allowed(environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The folders that whoever runs the app lets everybody watch: ``KEFULENS_WATCH``, separated as in ``PATH``.

    >>> len(allowed({"KEFULENS_WATCH": os.pathsep.join(["/logs/chat", "/logs/tickets"])}))
    2
    """
    given = environment.get(VARIABLE, "").split(os.pathsep)
    return tuple(Path(each.strip()) for each in given if each.strip())


def at_home(address: str, headers: Mapping[str, str]) -> bool:
    """Whether the visitor sits at the very machine, so that naming any folder tells nothing new.

    Only where the server listens on loopback alone, the browser's own address line (``Origin``) and the host asked for are loopback too,
    and nothing says that a proxy passed the request on. Whatever is not known counts against it.

    Args:
        address: what the server listens on.
        headers: of the visitor's connection.

    >>> local = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}
    >>> at_home("127.0.0.1", local), at_home("0.0.0.0", local), at_home("127.0.0.1", local | {"X-Forwarded-For": "10.0.0.9"})
    (True, False, False)
    >>> at_home("127.0.0.1", {"Host": "127.0.0.1:8501", "Origin": "https://shop.example"}), at_home("127.0.0.1", {})
    (False, False)
    """
    given = {name.lower(): value for name, value in headers.items()}
    if address not in _LOOPBACK or any(name in given for name in _FORWARDED):
        return False
    hosts = (urlsplit(f"//{given.get('host', '')}").hostname, urlsplit(given.get("origin", "")).hostname)
    return all(host in _LOOPBACK for host in hosts)


def permitted(wanted: str, folders: Sequence[Path], *, home: bool) -> Path:
    """The folder a visitor may watch.

    Raises:
        InputError: it is none of those allowed, and the visitor may not name one; nothing is said about whether it exists.
    """
    chosen = Path(wanted.strip()).expanduser() if home else Path(wanted)
    if chosen in folders or (home and wanted.strip()):
        return chosen
    raise InputError(Issue("live_not_allowed", "error", value=wanted, facts={"variable": VARIABLE}))
