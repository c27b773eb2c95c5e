"""What a file is by its first bytes, whatever its name says; kinds that hold no table are refused by their name."""

from __future__ import annotations

import io
import re
import zipfile

from core.errors import InputError, Issue
from core.ingest import database

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_LOCKED_1997 = re.compile(rb"\x09\x08\x10\x00\x00\x06.{14}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)
"""The beginning of a workbook of 1997 whose next record says that the rest is encrypted."""
_STARTS = (
    (b"PAR1", "parquet"), (database.MAGIC, "sqlite"), (b"\x1f\x8b\x08", "gzip"), (_COMPOUND, "workbook"),
    (b"\x09\x00\x04\x00", "biff"), (b"\x09\x02\x06\x00", "biff"), (b"\x09\x04\x06\x00", "biff"),
)  # fmt: skip
_FOREIGN = (
    (b"%PDF", "PDF"), (b"\x89PNG\r\n", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"GIF8", "GIF"), (b"BM\x00", "BMP"),
    (b"Rar!", "RAR"), (b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"{\\rtf", "RTF"),
    (b"MZ", "EXE"), (b"\x7fELF", "ELF"), (b"RIFF", "RIFF"), (b"ID3", "MP3"),
)  # fmt: skip
_DOCUMENTS = {"word/document.xml": "Word", "ppt/presentation.xml": "PowerPoint"}


def kind(name: str, data: bytes) -> str:
    """``text`` or the container: workbook, zip, gzip, parquet, sqlite.

    Raises:
        InputError: an image, a document, a locked or an outdated workbook: nothing that holds a table.

    >>> kind("a.csv", b"Agent,CSAT"), kind("a.csv", b"PAR1...")
    ('text', 'parquet')
    """
    found = next((kind for start, kind in _STARTS if data.startswith(start)), "")
    if found == "biff":
        raise InputError(Issue("old_workbook", "error", file=name))
    if found == "workbook" and (_LOCKED in data or _LOCKED_1997.search(data)):
        raise InputError(Issue("workbook_locked", "error", file=name))
    if data.startswith(b"PK\x03\x04"):
        return _packed(name, data)
    if not found:
        _refuse_foreign(name, data)
    return found or "text"


def _refuse_foreign(name: str, data: bytes) -> None:
    foreign = next((kind for start, kind in _FOREIGN if data.startswith(start)), "")
    if foreign and (foreign in ("PDF", "RTF") or _is_binary(data[:4096])):
        raise InputError(Issue("not_a_table", "error", file=name, value=foreign))


def _is_binary(sample: bytes) -> bool:
    """Whether bytes beyond the mark are no text, so that a table whose first heading is "MZ" or "ID3" stays one."""
    return any(byte < 9 for byte in sample) or b"\xff" in sample


def _packed(name: str, data: bytes) -> str:
    """A workbook is an archive with a workbook inside; one that cannot be opened is what its ending says."""
    try:
        inside = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError):
        return "zip" if name.lower().endswith(".zip") else "workbook"
    document = next((_DOCUMENTS[each] for each in inside if each in _DOCUMENTS), "")
    if document:
        raise InputError(Issue("not_a_table", "error", file=name, value=document))
    books = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}
    return "workbook" if books & set(inside) or "[Content_Types].xml" in inside else "zip"
