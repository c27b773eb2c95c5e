r"""Tables that back-ends write as HTML or as the XML of spreadsheets of 2003 and call ``.xls``: rows of text, nothing followed or run.

Declarations and entities of a file's own are refused, scripts and styles are skipped, and there is an end to how many cells it may blow
up to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from xml.parsers import expat

import pyarrow as pa

from core.errors import InputError, Issue

MOST_CELLS = 50_000_000
WIDEST = 1000
DEEPEST = 20
_HTML = re.compile(
    rb"(?:<!--.*?-->|<\?xml[^>]*>|\s)*<(?:!doctype html|html|head|meta|body|style|table|div|center|title)\b",
    re.IGNORECASE | re.DOTALL,
)
_SHEETS = re.compile(rb"<(?:\w+:)?workbook\b[^>]*urn:schemas-microsoft-com:office:spreadsheet", re.IGNORECASE)
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w-]+)""", re.IGNORECASE)
_SILENT = ("script", "style", "head", "title")
_FAR = 1 << 16
_SPACE = re.compile(r"[ \t\r\n\xa0]+")


def markup(data: bytes) -> str:
    """``html``, ``sheets`` (XML of spreadsheets of 2003), or empty for other files.

    >>> markup(b"<table><tr><td>1"), markup(b"Agent,CSAT")
    ('html', '')
    """
    start = data[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"").lstrip()
    if not start.startswith(b"<"):
        return ""
    if _SHEETS.search(start):
        return "sheets"
    return "html" if _HTML.match(start) or b"<table" in data[:_FAR].lower() else ""


def charset(data: bytes) -> str:
    """The encoding that a file names itself; empty where it names none, or one that it is not in."""
    named = _CHARSET.search(data[:4096])
    try:
        name = named[1].decode("ascii") if named else ""
        data.decode(name or "ascii")
    except (LookupError, UnicodeDecodeError):
        return ""
    return name


@dataclass
class Grid:
    """Rows of cells as they come; a cell that reaches over several rows stands in each of them."""

    file: str
    name: str = ""
    rows: list[list[str]] = field(default_factory=list)
    above: dict[int, tuple[str, int]] = field(default_factory=dict)
    below: dict[int, tuple[str, int]] = field(default_factory=dict)
    cells: int = 0

    def row(self, number: int = 0) -> None:
        """Begins the next row, or that of a number where rows were left out."""
        gap = min(max(number - 1 - len(self.rows), 0), WIDEST)
        self.rows += [[] for _ in range(gap + 1)]
        self.above, self.below = self.below, {}
        self._from_above()

    def cell(self, text: str, across: int = 1, down: int = 1, at: int = 0) -> None:
        """Puts a cell behind the last one, or at the column of a number."""
        if not self.rows:
            self.row()
        row = self.rows[-1]
        row += [""] * min(max(at - 1 - len(row), 0), WIDEST)
        if down > 1:
            self.below[len(row)] = (text, down - 1)
        row += [text, *[""] * (min(max(across, 1), WIDEST) - 1)]
        self.cells += min(max(across, 1), WIDEST)
        self._from_above()
        if self.cells > MOST_CELLS:
            facts = {"limit": MOST_CELLS}
            raise InputError(
                Issue("sheet_too_large", "error", file=self.file, rows=self.cells, value=self.name, facts=facts)
            )

    def _from_above(self) -> None:
        row = self.rows[-1]
        while (reach := self.above.pop(len(row), None)) is not None:
            text, left = reach
            if left > 1:
                self.below[len(row)] = (text, left - 1)
            row.append(text)
            self.cells += 1

    def columns(self) -> list[pa.Array]:
        """The cells column by column; short rows are filled up."""
        width = max((len(row) for row in self.rows), default=0)
        filled = [row + [""] * (width - len(row)) for row in self.rows]
        return [pa.array([row[place] or None for row in filled], pa.string()) for place in range(width)]


def html_tables(name: str, text: str) -> list[Grid]:
    """The tables of a page, tables within tables apart.

    >>> [grid.rows for grid in html_tables("a", "<table><tr><th rowspan=2>A<th>B<tr><td>1&amp;2</table>")]
    [[['A', 'B'], ['A', '1&2']]]
    """
    page = _Page(name)
    page.feed(text)
    page.close()
    page.finish()
    return page.tables


class _Page(HTMLParser):
    """Collects the cells of the tables of a page; end tags may be missing."""

    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.name = name
        self.tables: list[Grid] = []
        self.open: list[tuple[Grid, list[str] | None, dict[str, str]]] = []
        self.silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent = self.silent or tag
        elif tag == "table" and len(self.open) < DEEPEST:
            grid = Grid(self.name, str(len(self.tables) + 1))
            self.tables.append(grid)
            self.open.append((grid, None, {}))
        elif not self.open:
            return
        elif tag == "tr":
            self._end_cell()
            self.open[-1][0].row()
        elif tag in ("td", "th"):
            self._end_cell()
            self.open[-1] = (self.open[-1][0], [], {key: value or "" for key, value in attrs})
        elif tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.silent:
            self.silent = ""
        elif tag in ("td", "th", "tr"):
            self._end_cell()
        elif tag == "table" and self.open:
            self._end_cell()
            self.open.pop()

    def handle_data(self, data: str) -> None:
        words = self.open[-1][1] if self.open and not self.silent else None
        if words is not None:
            words.append(data if data == "\n" else _SPACE.sub(" ", data))

    def finish(self) -> None:
        """Ends what the file left open."""
        while self.open:
            self._end_cell()
            self.open.pop()

    def _end_cell(self) -> None:
        if not self.open:
            return
        grid, words, about = self.open[-1]
        if words is not None:
            text = about.get("x:num") or "".join(words).strip()
            grid.cell(text, _count(about.get("colspan")), _count(about.get("rowspan")))
            self.open[-1] = (grid, None, {})


def _count(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 8 else 1


def sheet_tables(name: str, text: str) -> list[Grid]:
    """The sheets of a workbook in the XML of 2003.

    Raises:
        InputError: ``workbook_unreadable`` where the XML is broken, declares anything, or is something else.
    """
    reader = expat.ParserCreate(namespace_separator=" ")
    book = _Book(name)
    reader.buffer_text = True
    reader.StartElementHandler, reader.EndElementHandler = book.start, book.end
    reader.CharacterDataHandler = book.text
    reader.StartDoctypeDeclHandler = reader.EntityDeclHandler = book.declared
    try:
        reader.Parse(text, True)
    except expat.ExpatError as error:
        raise InputError(Issue("workbook_unreadable", "error", file=name, value=str(error)[:80])) from error
    return book.sheets


class _Book:
    """Collects the cells of the sheets of a workbook."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sheets: list[Grid] = []
        self.words: list[str] | None = None
        self.cell: dict[str, str] = {}
        self.said = ""

    def declared(self, *_: object) -> None:
        """Nothing may be declared: that is how a small file becomes a large one, or another."""
        raise InputError(Issue("workbook_unreadable", "error", file=self.name, value="<!DOCTYPE"))

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        tag = tag.rpartition(" ")[2]
        about = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        if tag == "Worksheet":
            self.sheets.append(Grid(self.name, about.get("Name", str(len(self.sheets) + 1))))
        elif tag == "Row" and self.sheets:
            self.sheets[-1].row(_count(about.get("Index")) if "Index" in about else 0)
        elif tag == "Cell":
            self.cell, self.said = about, ""
        elif tag == "Data":
            self.words = []

    def text(self, data: str) -> None:
        """Text of an element."""
        if self.words is not None:
            self.words.append(data)

    def end(self, tag: str) -> None:
        """An element ends."""
        tag = tag.rpartition(" ")[2]
        if tag == "Data" and self.words is not None:
            self.said, self.words = "".join(self.words).strip(), None
        elif tag == "Cell" and self.sheets:
            about = self.cell
            at = _count(about.get("Index")) if "Index" in about else 0
            across, down = (_count(about[key]) + 1 if key in about else 1 for key in ("MergeAcross", "MergeDown"))
            self.sheets[-1].cell(self.said, across, down, at)
