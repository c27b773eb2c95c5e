"""Archives: what is inside, unpacked one member at a time within one budget, however deep archives stand in archives."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from core.errors import InputError, Issue

UNPACKED = 1 << 30
MOST_MEMBERS = 2000
DEEPEST = 3
_RATIO = 1032  # deflate cannot do better
_TROUBLE = (
    zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, EOFError, OSError, NotImplementedError, IndexError,
)  # fmt: skip


def members(
    name: str, data: bytes, depth: int = 1, code: str = "archive_unreadable"
) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """The files inside an archive, by its own account; one that would unpack to more than the limit is refused unread.

    Raises:
        InputError: no archive, too large, too many members, or archives inside archives too deep.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _TROUBLE as error:
        raise InputError(Issue(code, "error", file=name, value=str(error)[:80])) from error
    inside = [member for member in archive.infolist() if not member.is_dir() and "__MACOSX" not in member.filename]
    if sum(member.file_size for member in inside) > UNPACKED or depth > DEEPEST:
        raise InputError(Issue("unpacks_too_large", "error", file=name, facts={"limit": UNPACKED >> 20}))
    _limit_members(name, len(inside))
    return archive, inside


def _limit_members(name: str, count: int) -> None:
    if count > MOST_MEMBERS:
        raise InputError(Issue("too_many_members", "error", file=name, rows=count, facts={"limit": MOST_MEMBERS}))


def unpacked(name: str, data: bytes) -> Iterator[tuple[str, bytes | Issue]]:
    """Name and bytes of every file inside, archives inside opened too; a member that cannot be unpacked comes as its issue.

    Paths are names only: ``../../x.csv`` is ``x.csv``, and nothing is ever written.

    Raises:
        InputError: everything together would unpack to more than the limit.
    """
    left, count = UNPACKED, 0
    waiting = [(name, data, 1)]
    while waiting:
        outer, packed, depth = waiting.pop(0)
        archive, inside = members(outer, packed, depth)
        count += len(inside)
        _limit_members(name, count)
        for member in inside:
            shown = member.filename.replace("\\", "/").rsplit("/", 1)[-1]
            content = _content(outer, archive, member)
            left -= 0 if isinstance(content, Issue) else len(content)
            if left < 0:
                raise InputError(Issue("unpacks_too_large", "error", file=name, facts={"limit": UNPACKED >> 20}))
            if isinstance(content, bytes) and shown.lower().endswith(".zip") and content[:2] == b"PK":
                waiting.append((shown, content, depth + 1))
            else:
                yield shown, content


def _content(name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | Issue:
    try:
        return archive.read(member)
    except _TROUBLE as error:
        return Issue("archive_unreadable", "error", file=name, value=str(error)[:80])


def check(name: str, data: bytes) -> None:
    """Refuses a workbook that unpacks to more than it says: a small one cannot, a larger one is read through once.

    Raises:
        InputError: too large, or its members are not what the archive says.
    """
    archive, inside = members(name, data, code="workbook_unreadable")
    if sum(member.compress_size for member in inside) * _RATIO <= UNPACKED:
        return
    try:
        broken = archive.testzip()
    except _TROUBLE as error:
        broken = str(error)
    if broken is not None:
        raise InputError(Issue("workbook_unreadable", "error", file=name, value=broken[:80]))


def gunzipped(name: str, data: bytes) -> bytes:
    """The file inside a gzip file; one that was cut off gives what can be read.

    Raises:
        InputError: no gzip, or more than the limit.
    """
    stream = zlib.decompressobj(31)
    try:
        content = stream.decompress(data, UNPACKED + 1)
    except zlib.error as error:
        raise InputError(Issue("archive_unreadable", "error", file=name, value=str(error)[:80])) from error
    if len(content) > UNPACKED:
        raise InputError(Issue("unpacks_too_large", "error", file=name, facts={"limit": UNPACKED >> 20}))
    return content
