"""Bytes → tables of text cells, exactly as the file has them, each row with its spreadsheet row number.

Nothing is interpreted here beyond encoding, separator, header row and sheet. Rows that do not fit the table are counted, never lost.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InputError, Issue
from core.ingest import archives, database, merged, quick
from core.ingest.cells import cell_text
from core.ingest.choices import Choices, InputFile
from core.ingest.encoding import SAMPLE, Decoded, confidence, decode, settled_by
from core.ingest.kinds import kind
from core.ingest.markup import charset, html_tables, markup, sheet_tables
from core.ingest.origin import Origin
from core.schema import DIRECTORIES, TABLES, normal

SEPARATORS = (",", "\t", ";", "|")
LARGEST = 2 << 30
MOST_ROWS = 20_000_000
MOST_CELLS = 50_000_000
LONGEST_HEADING = 200
MOST_FOOTER = 5
BARE_RETURN = "\ue00d"
_LINE_BREAKS = re.compile(rb"\r(?!\n)")
_DAY_HEADING = re.compile(r"^\d{4}(?:[-/.]\d{1,2}[-/.]\d{1,2}|年\d{1,2}月\d{1,2}日)(?: 00:00(?::00)?)?$")
_JSON_START = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])")
_LONE = re.compile(r"\\\\|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[dD][89a-fA-F][\da-fA-F]{2}")
_SENTENCE = re.compile(r"[^\W\d_]{2,}.*[\s::]|[\u4e00-\u9fff]{3,}|^共\s*\d")
_QUOTED = re.compile(r'"[^"]*"')
_SAYS_LOCKED = re.compile("password", re.IGNORECASE)
_NOTHING = b"\0 \t\r\n\xef\xbb\xbf"
_QUOTED_FORMULA = r'^="([^"]*)"$'
_SPOKEN_STAMP = re.compile(r"^\d{4}年\d{1,2}月\d{1,2}日\s*\d")
_DATA_CELL = re.compile(r"^(?=.*\d)[\s\d.,:/+%TZ\-]+$")


@dataclass(frozen=True)
class RawTable:
    """One table of one file as text.

    ``columns`` are string arrays of equal length (None or "" where a cell is empty); ``rows`` are spreadsheet row numbers;
    ``rejected`` counts the rows that could not be read and ``issues`` say which; ``encoding_confidence`` (0–1) is computed in `encoding`.
    """

    file: str
    headings: tuple[str, ...]
    columns: Sequence[pa.Array]
    rows: np.ndarray
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    rejected: int = 0
    issues: tuple[Issue, ...] = field(default=())
    encoding_confidence: float = 1.0

    @property
    def name(self) -> str:
        """File name, with the sheet where there is one."""
        return f"{self.file}#{self.sheet}" if self.sheet else self.file

    def head(self, rows: int) -> RawTable:
        """The first rows only."""
        return replace(self, columns=quick.Cells([c[:rows] for c in self.kept]), rows=self.rows[:rows])

    @property
    def kept(self) -> Sequence[pa.Array]:
        """The columns as they are kept: text, or codes of few distinct words (see `core.ingest.quick`)."""
        return quick.kept(self.columns)


def read(
    file: InputFile, choices: Choices | None = None, seen: quick.Seen = lambda done, rows: None
) -> tuple[RawTable, ...]:
    """Every table of a file. The kind is decided by its first bytes, then by its name.

    Args:
        file: the file as the user gave it.
        choices: the user's decisions; of them only the encoding matters here.
        seen: called with the bytes and lines read so far while a large file is read; may raise.

    Raises:
        InputError: empty, binary, broken or password-protected file; the issue says which.
    """
    if file.size > LARGEST:
        facts = {"limit": LARGEST >> 20, "size": file.size >> 20}
        raise InputError(Issue("file_too_large", "error", file=file.name, facts=facts))
    quickly = _quickly(file, choices or Choices(), seen)
    tables = _thoroughly(file, choices or Choices()) if quickly is None else (quickly,)
    rows = sum(len(table.rows) for table in tables)
    if rows > MOST_ROWS:
        raise InputError(Issue("too_many_rows", "error", file=file.name, rows=rows, facts={"limit": MOST_ROWS}))
    return tables


def _thoroughly(file: InputFile, choices: Choices) -> tuple[RawTable, ...]:
    data = file.read()
    if not data[:4096].strip(_NOTHING) and not data.strip(_NOTHING):
        raise InputError(Issue("empty_file", "error", file=file.name))
    return _reader(file.name, data)(file.name, data, choices)


def _reader(name: str, data: bytes) -> Callable[[str, bytes, Choices], tuple[RawTable, ...]]:
    container = {
        "workbook": _read_workbook, "zip": _read_zip, "gzip": _read_gzip, "parquet": _read_parquet, "sqlite": _read_database,
    }.get(kind(name, data))  # fmt: skip
    if container is not None:
        return container
    if markup(data):
        return _read_markup
    ending = name.rsplit(".", 1)[-1].lower()
    if ending in ("json", "jsonl", "ndjson") or _JSON_START.match(data[:4096]):
        return _read_json
    return _read_text


# ── text tables ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Layout:
    separator: str
    header: int
    lines: int
    headings: tuple[str, ...]
    bare: str = ""
    """The first row as it stands, where no row holds headings."""


def _read_text(name: str, data: bytes, choices: Choices) -> tuple[RawTable, ...]:
    decoded = decode(name, data, choices.of(name).encoding)
    text = _line_ends(decoded.text.lstrip("\ufeff"))
    layout = _layout(name, text)
    columns, rows, rejects = _cells(text, _as_it_stands(data, text, decoded), layout)
    if BARE_RETURN in text:
        columns = [pc.replace_substring(column, BARE_RETURN, "\n") for column in columns]
    return (_text_table(name, decoded, layout, (columns, rows, rejects)),)


def _text_table(name: str, decoded: Decoded, layout: _Layout, cells: _Cells) -> RawTable:
    """The cells of a text file without what is no row, and the notes about that."""
    columns, rows, rejects = cells
    columns, rows, blank = without_blank([plain_cells(column) for column in columns], rows)
    rejects, blank = split_blank(rejects, blank, layout.separator)
    rejects, below = split_footer(rejects, int(rows[-1]) if len(rows) else 0, layout.separator)
    columns, rows, last = without_footer(columns, rows)
    below = [*last, *below]
    notes = [*decoded.issues, *_header_notes(name, layout), *reject_issues(name, rejects), *blank_note(name, blank)]
    notes += footer_note(name, below)
    gone = sum(lines for _, _, lines in [*rejects, *below])
    if not len(rows) and not gone:
        raise InputError(Issue("no_rows", "error", file=name, facts={"headings": ", ".join(layout.headings)}))
    table = RawTable(name, layout.headings, quick.Cells(columns), rows, decoded.encoding, layout.separator)
    return replace(table, rejected=gone, issues=tuple(notes), encoding_confidence=decoded.confidence)


@dataclass(frozen=True)
class Regular:
    """A large and regular text table by its first megabyte: layout and form, the notes on its head, the table without rows.

    ``unsure``: how sure its encoding is depends on the rest of the file.
    """

    layout: _Layout
    form: quick.Form
    issues: tuple[Issue, ...]
    empty: RawTable
    unsure: bool


def regular(file: InputFile, start: bytes, choices: Choices) -> Regular | None:
    """What the first bytes of a text table say about it; None for every other file.

    Raises:
        InputError: the bytes cannot be read, or hold no headings.
    """
    found = _head(file, start, choices)
    if found is None:
        return None
    decoded, layout, form, _ = found
    unsure = not choices.of(file.name).encoding and decoded.encoding == "utf-8"
    empty = RawTable(file.name, layout.headings, quick.Cells([]), np.zeros(0, np.int64), decoded.encoding, layout.separator)
    notes = (*decoded.issues, *_header_notes(file.name, layout))
    return Regular(layout, form, notes, replace(empty, encoding_confidence=decoded.confidence), unsure)


def _head(file: InputFile, start: bytes, choices: Choices) -> tuple[Decoded, _Layout, quick.Form, str] | None:
    if _reader(file.name, start) is not _read_text or not start.strip(_NOTHING):
        return None
    wanted = choices.of(file.name).encoding
    decoded = decode(file.name, start, wanted)
    if decoded.encoding not in quick.CODECS or not (wanted or len(start) < quick.HEAD or settled_by(start, decoded.encoding)):
        return None
    text = _line_ends(decoded.text.lstrip("\ufeff").removesuffix("\r"))
    if _window(text) > len(text) and len(start) >= quick.HEAD:
        return None
    layout = _layout(file.name, text)
    return decoded, layout, quick.Form(decoded.encoding, layout.separator, layout.lines, len(layout.headings)), text


def _quickly(file: InputFile, choices: Choices, seen: quick.Seen) -> RawTable | None:
    """A large and regular text table, read in blocks; None for every other file."""
    if file.size <= quick.HEAD:
        return None
    with file.open() as opened:
        found = _head(file, opened.read(quick.HEAD), choices)
    if found is None:
        return None
    decoded, layout, form, text = found
    parsed = quick.parse(file, form, text.split("\n", layout.lines)[-1].encode(errors="replace"), seen)
    if parsed is None:
        return None
    if not choices.of(file.name).encoding and decoded.encoding == "utf-8":
        decoded = replace(decoded, confidence=confidence(parsed.continued))
    columns = list(parsed.columns.kept)
    rejects = [rejected(layout, number, row) for number, row in parsed.odd]
    rows = row_numbers(len(columns[0]), layout.header + 2, rejects)
    return _text_table(file.name, decoded, layout, (columns, rows, rejects))


def _as_it_stands(data: bytes, text: str, decoded: Decoded) -> bytes:
    """The bytes themselves where they are the text to the last character, so that a large file is not encoded anew; else nothing."""
    undamaged = decoded.encoding == "utf-8" and not decoded.issues and not (b"\r" in data or b"\0" in data)
    whole = undamaged and text != "" and data.endswith(text[-1].encode("utf-8", errors="replace"))
    return data if whole and not data.startswith(codecs.BOM_UTF8) else b""


def _line_ends(text: str) -> str:
    if "\r" not in text:
        return text
    text = text.replace("\r\n", "\n")
    outside = _QUOTED.sub("", text[:SAMPLE])
    return text.replace("\r", BARE_RETURN if outside.count("\n") >= outside.count("\r") and "\n" in text else "\n")


def _window(text: str) -> int:
    """How much of a text its layout is judged by."""
    return max(SAMPLE, 2 * text.find("\n") + SAMPLE)


def _sample(text: str, separator: str) -> list[tuple[list[str], int]]:
    """The first records with the number of the physical line each ends on."""
    window = _window(text)
    csv.field_size_limit(max(csv.field_size_limit(), window))
    source = csv.reader(io.StringIO(text[:window], newline=""), delimiter=separator)
    records: list[tuple[list[str], int]] = []
    try:
        for record in source:
            records.append((record, source.line_num))
            if len(records) >= 300:
                break
    except csv.Error:
        return records
    cut = len(text) > window and len(records) > 1 and len(records) < 300
    return records[:-1] if cut else records


def _layout(name: str, text: str) -> _Layout:
    samples = {separator: _sample(text, separator) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda each: _regularity([record for record, _ in samples[each]]))
    records = samples[separator]
    header = header_row([record for record, _ in records])
    if header < 0:
        return _headless(name, separator, records)
    width = max(len(records[header][0]), _usual_width([record for record, _ in records[header + 1 :]]))
    names = _with_above([record for record, _ in records], header)
    return _Layout(separator, header, records[header][1], unique_headings(names, width))


def _headless(name: str, separator: str, records: list[tuple[list[str], int]]) -> _Layout:
    """The layout of a table that begins with its first row; its columns are called A, B, C …, as in a spreadsheet."""
    plain = [record for record, _ in records]
    first, width = first_full(plain), _usual_width(plain)
    if first < 0 or width < 3:
        shown = separator.join(plain[0])[:80] if plain else ""
        raise InputError(Issue("no_header", "error", file=name, row=1, value=shown))
    lines = records[first - 1][1] if first else 0
    return _Layout(separator, first - 1, lines, letters(width), separator.join(plain[first])[:80])


def letters(width: int) -> tuple[str, ...]:
    """What a spreadsheet calls its columns.

    >>> letters(28)[0], letters(28)[25:]
    ('A', ('Z', 'AA', 'AB'))
    """
    return tuple(
        (chr(64 + place // 26) if place >= 26 else "") + chr(65 + place % 26) for place in range(min(width, 702))
    )


def _usual_width(records: Sequence[Sequence[str]]) -> int:
    widths = Counter(len(record) for record in records if any(record))
    return widths.most_common(1)[0][0] if widths else 0


def _regularity(records: Sequence[Sequence[str]]) -> tuple[float, int]:
    widths = Counter(len(record) for record in records if record and any(record))
    if not widths:
        return 0.0, 0
    width, count = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    return (count / sum(widths.values()) if width > 1 else 0.0), width


KNOWN_HEADINGS = frozenset(
    normal(alias) for table in (*TABLES, *DIRECTORIES) for column in table.columns for alias in column.aliases
)


def header_row(records: Sequence[Sequence[Any]]) -> int:
    """Index of the row that holds the headings: of the first 30, the one with most known headings, else the first full row of words.

    >>> header_row([["Report 2024", "", ""], [], ["Agent", "CSAT", "Topic"], ["Ann", "5", "x"]])
    2
    """
    best, most = -1, 0
    width = _usual_width([[str(cell or "") for cell in record] for record in records])
    for index, record in enumerate(records[:30]):
        cells = [str(cell) for cell in record if cell]
        known = sum(normal(cell) in KNOWN_HEADINGS for cell in cells) - 2 * sum(
            bool(_DATA_CELL.match(c)) for c in cells
        )
        if known > most and (known > 1 or width <= 2):
            best, most = index, known
    calendar = next((index for index, record in enumerate(records[:30]) if _is_calendar(record)), -1)
    if calendar >= 0 and most < 3:
        return calendar
    words = _first_words(records, width)
    return _lower_heading(records, best if best >= 0 and (words < 0 or best <= words or most > 2) else words)


def is_day(heading: str) -> bool:
    """Whether a heading is a calendar day.

    >>> is_day("2024-01-31"), is_day("2024年1月31日"), is_day("31")
    (True, True, False)
    """
    return bool(_DAY_HEADING.match(heading.strip()))


def _is_calendar(record: Sequence[Any]) -> bool:
    """A row of headings in which a person's column is followed by one column per day."""
    cells = [str(cell) for cell in record if cell not in (None, "")]
    days = [cell for cell in cells if is_day(cell)]
    return len(days) >= 3 and len(days) == len(set(days)) and 0 < len(cells) - len(days) <= 4 and not is_day(cells[0])


def _lower_heading(records: Sequence[Sequence[Any]], header: int) -> int:
    """The row below, where it holds the headings that the row found only groups; else the row found.

    >>> _lower_heading([["Date", "Agent", "Figures", ""], ["", "", "Avg first response", "Satisfaction"], ["1", "a", "2", "3"]], 0)
    1
    """
    if not 0 <= header < len(records) - 1:
        return header
    pairs = list(zip(records[header], records[header + 1], strict=False))
    below = [str(cell) for _, cell in pairs if cell]
    grouped = any(cell and not name for name, cell in pairs) and any(name and not cell for name, cell in pairs)
    named = sum(normal(cell) in KNOWN_HEADINGS for cell in below)
    apart = not any(name and cell and normal(str(name)) in KNOWN_HEADINGS for name, cell in pairs)
    return header + 1 if grouped and apart and named >= max(1, len(below) / 2) else header


def _with_above(records: Sequence[Sequence[Any]], header: int) -> list[Any]:
    """The headings; where the row above groups some of them, those it names alone are its own.

    >>> _with_above([["Date", "Agent", "Figures", ""], ["", "", "Mean", "Share"]], 1)
    ['Date', 'Agent', 'Mean', 'Share']
    """
    names = list(records[header])
    above = list(records[header - 1]) if header else []
    if all(names) or sum(bool(cell) for cell in above) < 2 or any(_DATA_CELL.match(str(cell)) for cell in above if cell):
        return names
    return [name or (above[place] if place < len(above) else name) for place, name in enumerate(names)]


def _first_words(records: Sequence[Sequence[Any]], width: int) -> int:
    index = first_full(records, width)
    cells = [str(cell) for cell in records[index] if cell not in (None, "")] if index >= 0 else []
    counted = any(cells == [str(number + start) for number in range(len(cells))] for start in (0, 1))
    below = [str(cell) for record in records[index + 1 : index + 2] for cell in record if cell]
    data = any(_DATA_CELL.match(cell) or _SPOKEN_STAMP.match(cell) for cell in cells)
    return -1 if data and not (counted and not all(map(_DATA_CELL.match, below))) else index


def first_full(records: Sequence[Sequence[Any]], width: int = 0) -> int:
    """Index of the first row of which at least half is filled; -1 without one."""
    width = width or _usual_width([[str(cell or "") for cell in record] for record in records])
    for index, record in enumerate(records[:30]):
        if sum(cell not in (None, "") for cell in record) >= max(1, (width + 1) // 2):
            return index
    return -1


def unique_headings(cells: Sequence[Any], width: int) -> tuple[str, ...]:
    """Headings made different from one another; a column without one is called by its place.

    >>> unique_headings(["", "Agent", "Agent"], 4)
    ('#1', 'Agent', 'Agent (2)', '#4')
    """
    seen: Counter[str] = Counter()
    result = []
    for place in range(width):
        cell = str(cells[place] or "").strip()[:LONGEST_HEADING] if place < len(cells) else ""
        heading = f"#{place + 1}" if not cell or cell.startswith("Unnamed:") else cell
        seen[heading] += 1
        result.append(heading if seen[heading] == 1 else f"{heading} ({seen[heading]})")
    return tuple(result)


_Reject = tuple[int, str, int]
_Cells = tuple[list[pa.Array], np.ndarray, list[_Reject]]


def _cells(text: str, as_it_stands: bytes, layout: _Layout) -> _Cells:
    """The cells of a text table; its bytes are used where they already are what the parser wants."""
    try:
        columns, rows, rejects = _fast_cells(as_it_stands or text.encode("utf-8", errors="replace"), layout)
    except pa.ArrowInvalid:
        columns, rows, rejects = _slow_cells(text, layout)
    if text.count('"') % 2:
        columns, rows, rejects = _without_open_end((columns, rows, rejects), text, layout.separator)
    return columns, rows, rejects


def _fast_cells(data: bytes, layout: _Layout) -> _Cells:
    import pyarrow.csv as arrow_csv

    names = [f"f{place}" for place in range(len(layout.headings))]
    rejects: list[_Reject] = []

    def reject(row: Any) -> str:
        rejects.append(rejected(layout, row.number or 0, row.text))
        return "skip"

    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(
            use_threads=False, column_names=names, skip_rows=layout.lines, block_size=min(len(data) + 1, 1 << 30)
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=layout.separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=reject
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
        ),
    )
    columns = [quick.one_piece(table.column(name)) for name in names]
    return columns, row_numbers(table.num_rows, layout.header + 2, rejects), rejects


def rejected(layout: _Layout, number: int, text: str) -> _Reject:
    """A row of another width, by the number that the parser gives it."""
    lines = text.count("\n") + 1 if text.count('"') % 2 else 1
    return number - layout.lines + layout.header + 1, text[:80], lines


def row_numbers(kept: int, first: int, rejects: Sequence[_Reject]) -> np.ndarray:
    """The numbers of so many rows from the first on, past those that were rejected.

    >>> row_numbers(3, 2, [(3, "a,b,c", 1)]).tolist()
    [2, 4, 5]
    """
    numbers = np.arange(first, first + kept + len(rejects), dtype=np.int64)
    gone = np.array([number for number, _, _ in rejects], dtype=np.int64)
    left = numbers[~np.isin(numbers, gone)]
    return left[:kept]


def _slow_cells(text: str, layout: _Layout) -> _Cells:
    """The csv module's reading, for files that the fast parser refuses."""
    width = len(layout.headings)
    kept: list[list[str]] = []
    rows: list[int] = []
    rejects: list[_Reject] = []
    for number, record in enumerate(_records(text, layout), start=1):
        if number <= layout.header + 1:
            continue
        if len(record) == width or not any(record):
            kept.append(record if len(record) == width else [""] * width)
            rows.append(number)
        else:
            rejects.append((number, layout.separator.join(record)[:80], 1))
    columns = [pa.array([record[place] for record in kept], pa.string()) for place in range(width)]
    return columns, np.array(rows, dtype=np.int64), rejects


def _records(text: str, layout: _Layout) -> Iterator[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    return csv.reader(io.StringIO(text, newline=""), delimiter=layout.separator)


def _open_end(text: str, separator: str) -> bool:
    r"""Whether the last line ends inside a quoted cell: the file was cut there.

    >>> _open_end('a,b\n1,"x', ","), _open_end('a,b\n1,"x"', ","), _open_end('a,b\n1,5" wide', ",")
    (True, False, False)
    """
    last = text[text.rfind("\n") + 1 :]
    apart = re.escape(separator)
    closed = re.sub(rf'(^|{apart})"(?:[^"]|"")*"(?={apart}|$)', r"\1", last)
    return re.search(rf'(?:^|{apart})"', closed) is not None


def _without_open_end(cells: _Cells, text: str, separator: str) -> _Cells:
    """Sets the last record aside when a quote that was never closed swallowed the lines after it, or the end of the file."""
    columns, rows, rejects = cells
    if not len(rows):
        return columns, rows, rejects
    last = [column[-1].as_py() or "" for column in columns]
    lines = sum(cell.count("\n") for cell in last)
    cut = _open_end(text, separator) and not any(number > rows[-1] for number, _, _ in rejects)
    if (not lines or "\n" not in last[-1]) and not cut:
        return columns, rows, rejects
    swallowed = len([line for line in last[-1].split("\n")[1:] if line.strip()]) + 1
    shown = separator.join(last)[:80].replace("\n", " ")
    rejects = [*rejects, (int(rows[-1]), shown, swallowed)]
    return [column[:-1] for column in columns], rows[:-1], rejects


def plain_cells(column: pa.Array) -> pa.Array:
    """Cells that exports write as ``="00123"`` so that a spreadsheet keeps them as text, without that wrapping."""
    if not pc.any(quick.by_word(column, partial(pc.starts_with, pattern='="'))).as_py():
        return column
    return pc.replace_substring_regex(quick.text(column), _QUOTED_FORMULA, r"\1")


def without_blank(columns: list[pa.Array], rows: np.ndarray) -> tuple[list[pa.Array], np.ndarray, np.ndarray]:
    """Columns and row numbers without the rows that have no cell, and the numbers of these."""
    filled = np.zeros(len(rows), dtype=bool)
    for column in sorted(columns, key=lambda each: not pa.types.is_dictionary(each.type)):
        filled |= pc.fill_null(quick.by_word(column, _says), False).to_numpy(zero_copy_only=False)
        if filled.all():
            return columns, rows, rows[:0]
    mask = pa.array(filled)
    return [column.filter(mask) for column in columns], rows[filled], rows[~filled]


def _says(cells: pa.Array) -> pa.Array:
    return pc.greater(pc.binary_length(pc.utf8_trim_whitespace(cells)), 0)


def blank_note(name: str, blank: np.ndarray) -> tuple[Issue, ...]:
    """A note on rows without any cell; they are not counted as rows."""
    if not len(blank):
        return ()
    examples = tuple(int(row) for row in blank[:5])
    about: dict[str, Any] = {"row": examples[0], "rows": len(blank), "examples": examples, "row_numbers": blank}
    return (Issue("blank_rows", "note", file=name, **about),)


def split_blank(rejects: list[_Reject], blank: np.ndarray, separator: str) -> tuple[list[_Reject], np.ndarray]:
    """Lines of blanks and separators alone are blank rows, however many separators they have."""
    empty = [number for number, shown, _ in rejects if not shown.strip(" \t\u3000" + separator)]
    if not empty:
        return rejects, blank
    return [each for each in rejects if each[0] not in empty], np.sort(np.append(blank, empty))


def split_footer(rejects: list[_Reject], last: int, separator: str) -> tuple[list[_Reject], list[_Reject]]:
    """Lines below the last row that are a sentence ("Generated by …") apart from rows that are broken."""
    below = [each for each in rejects if each[0] > last and separator not in each[1] and _SENTENCE.search(each[1])]
    return [each for each in rejects if each not in below], below


def without_footer(columns: list[pa.Array], rows: np.ndarray) -> tuple[list[pa.Array], np.ndarray, list[_Reject]]:
    """The same where the exporter padded the line to the table's width: its only cell is the first one."""
    gone: list[_Reject] = []
    while len(columns) > 2 and len(gone) < min(len(rows), MOST_FOOTER):
        first, *others = [(column[-1 - len(gone)].as_py() or "").strip() for column in columns]
        if any(others) or not _SENTENCE.search(first):
            break
        gone.insert(0, (int(rows[-1 - len(gone)]), first[:80], 1))
    kept = len(rows) - len(gone)
    return [column[:kept] for column in columns], rows[:kept], gone


def footer_note(name: str, below: Sequence[_Reject]) -> tuple[Issue, ...]:
    """A note on sentences below the table; they count as rows that were read and set aside."""
    if not below:
        return ()
    numbers = np.array([row for row, _, _ in below], dtype=np.int64)
    about: dict[str, Any] = {"rows": len(below), "value": below[0][1], "row_numbers": numbers}
    return (Issue("footer", "note", file=name, row=below[0][0], examples=tuple(numbers[:5].tolist()), **about),)


def _header_notes(name: str, layout: _Layout) -> tuple[Issue, ...]:
    above = layout.header + bool(layout.bare)
    notes = [Issue("preamble", "note", file=name, row=above + 1, rows=above)] if above else []
    if layout.bare:
        notes.append(Issue("headless", "warning", file=name, row=above + 1, value=layout.bare))
    return tuple(notes)


def reject_issues(name: str, rejects: Sequence[_Reject]) -> tuple[Issue, ...]:
    """A warning of the rows that are no rows of the table."""
    if not rejects:
        return ()
    number, shown, _ = rejects[0]
    examples = tuple(row for row, _, _ in rejects[:5])
    total = sum(lines for _, _, lines in rejects)
    numbers = np.array([row + line for row, _, lines in rejects for line in range(lines)], dtype=np.int64)
    about: dict[str, Any] = {"row": number, "rows": total, "value": shown, "examples": examples, "row_numbers": numbers}
    return (Issue("unreadable_row", "warning", file=name, **about),)


# ── workbooks ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_workbook(name: str, data: bytes, _: Choices) -> tuple[RawTable, ...]:
    import fastexcel

    if data[:2] == b"PK":
        archives.check(name, data)
    spans = merged.extents(data)
    for sheet, span in spans.items():
        if span.cells > MOST_CELLS:
            facts = {"limit": MOST_CELLS}
            raise InputError(Issue("sheet_too_large", "error", file=name, rows=span.cells, value=sheet, facts=facts))
    try:
        book = fastexcel.read_excel(data)
        sheets = [(sheet, _sheet_columns(book, sheet)) for sheet in book.sheet_names]
    except Exception as error:
        said = str(error).split("\n")[0][:80]
        locked = _SAYS_LOCKED.search(str(error))
        raise InputError(
            Issue("workbook_locked" if locked else "workbook_unreadable", "error", file=name, value=said)
        ) from error
    several = len(sheets) > 1
    blocks = {sheet: span.blocks for sheet, span in spans.items()}
    tables = [_sheet(name, sheet if several else "", columns, blocks.get(sheet, ())) for sheet, columns in sheets]
    found = tuple(table for table in tables if table is not None)
    if not found:
        raise InputError(Issue("empty_file", "error", file=name))
    return found


def _read_markup(name: str, data: bytes, choices: Choices) -> tuple[RawTable, ...]:
    """A page or the XML of 2003, whatever it is called: every table of it that has headings and rows."""
    decoded = decode(name, data, choices.of(name).encoding or charset(data))
    language = {"sheets": "XML", "html": "HTML"}[markup(data)]
    grids = (sheet_tables if language == "XML" else html_tables)(name, decoded.text.lstrip("\ufeff"))
    filled = [grid for grid in grids if len(grid.rows) > 1]
    several = len(filled) > 1
    tables = [_sheet(name, grid.name if several else "", grid.columns()) for grid in filled]
    found = [table for table in tables if table is not None]
    if not found:
        raise InputError(Issue("not_a_table", "error", file=name, value=language))
    found[0] = replace(found[0], issues=(*decoded.issues, *found[0].issues))
    return tuple(
        replace(table, encoding=decoded.encoding, encoding_confidence=decoded.confidence) for table in found
    )


def _sheet_columns(book: Any, sheet: str) -> list[pa.Array]:
    loaded = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
    batch = loaded.to_arrow()
    return [column.cast(pa.string()) for column in batch.columns]


def _sheet(name: str, sheet: str, columns: list[pa.Array], blocks: Sequence[merged.Block] = ()) -> RawTable | None:
    if not columns or not len(columns[0]):
        return None
    columns, filled = merged.fill(columns, blocks)
    records = [list(record) for record in zip(*(column[:300].to_pylist() for column in columns), strict=True)]
    layout = _sheet_layout(records, len(columns))
    if layout is None:
        return None
    header, headings = layout.header, layout.headings
    rows = np.arange(header + 2, len(columns[0]) + 1, dtype=np.int64)
    body, rows, blank = without_blank([column[header + 1 :] for column in columns], rows)
    body, rows, below = without_footer(body, rows)
    if not len(rows):
        return None
    notes = [
        *footer_note(name, below),
        *blank_note(name, blank),
        *_header_notes(name, layout),
    ]
    if filled:
        notes.append(Issue("merged_cells", "note", file=name, rows=filled))
    return RawTable(name, headings, tuple(body), rows, "xlsx", "", sheet, len(below), tuple(notes))


def _sheet_layout(records: list[list[Any]], width: int) -> _Layout | None:
    """Where the headings of a sheet stand, if anywhere; None for a sheet that is no table."""
    header = header_row(records)
    if header >= 0:
        named = sum(bool(cell) for cell in records[header]) >= 2
        return _Layout("", header, header + 1, unique_headings(_with_above(records, header), width)) if named else None
    first = first_full(records)
    if first < 0 or width < 3 or len(records) - first < MOST_FOOTER:
        return None
    shown = ", ".join(str(cell or "") for cell in records[first])[:80]
    return _Layout("", first - 1, first, letters(width), shown)


# ── ZIP, Parquet, JSON ───────────────────────────────────────────────────────────────────────────────────────────────


def _read_zip(name: str, data: bytes, choices: Choices) -> tuple[RawTable, ...]:
    """All tables inside; what holds none is named with its reason, and is an error only when nothing else is there."""
    tables: list[RawTable] = []
    problems: list[Issue] = []
    for shown, inside in archives.unpacked(name, data):
        if isinstance(inside, Issue):
            problems.append(inside)
        elif inside.strip(_NOTHING):
            try:
                tables += _reader(shown, inside)(shown, inside, choices)
            except InputError as error:
                problems.append(error.issue)
    if not tables:
        raise InputError(problems[0] if problems else Issue("empty_file", "error", file=name))
    milder = tuple(replace(issue, severity="warning") for issue in problems)
    tables[0] = replace(tables[0], issues=(*tables[0].issues, *milder))
    return tuple(tables)


def _read_gzip(name: str, data: bytes, choices: Choices) -> tuple[RawTable, ...]:
    inside = archives.gunzipped(name, data)
    shown = name.removesuffix(".gz")
    if inside.startswith(b"\x1f\x8b"):
        raise InputError(Issue("unpacks_too_large", "error", file=name, facts={"limit": archives.UNPACKED >> 20}))
    return _reader(shown, inside)(shown, inside, choices)


def _read_database(name: str, data: bytes, _: Choices) -> tuple[RawTable, ...]:
    found = database.tables(name, data)
    if not found:
        raise InputError(Issue("no_rows", "error", file=name, facts={"headings": ""}))
    return tuple(
        RawTable(
            name,
            unique_headings(headings, len(headings)),
            tuple(columns),
            database.row_numbers(columns[0]),
            "sqlite",
            sheet=table,
        )
        for table, headings, columns in found
    )


def _read_parquet(name: str, data: bytes, _: Choices) -> tuple[RawTable, ...]:
    from pyarrow import parquet

    try:
        table = parquet.read_table(pa.BufferReader(data))
        columns = tuple(as_text(quick.one_piece(column)) for column in table.columns)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(Issue("parquet_unreadable", "error", file=name, value=str(error)[:80])) from error
    rows = np.arange(2, table.num_rows + 2, dtype=np.int64)
    if not table.num_rows:
        raise InputError(Issue("no_rows", "error", file=name, facts={"headings": ", ".join(table.column_names)}))
    headings = unique_headings(table.column_names, table.num_columns)
    origin = Origin.of(parquet.read_metadata(pa.BufferReader(data)).metadata)
    if origin is None:
        return (RawTable(name, headings, columns, rows, "parquet"),)
    return (RawTable(name, headings, columns, rows, origin.system, issues=origin.issues(name)),)


def as_text(column: pa.Array) -> pa.Array:
    """A typed column as the text a person would have written; whole floats lose their ``.0``.

    >>> as_text(pa.array([12.0, None, 1.5])).to_pylist()
    ['12', None, '1.5']
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.dictionary_decode())
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
        return pc.replace_substring_regex(column.cast(pa.string()), r"\.0+$", "")
    if pa.types.is_timestamp(kind):
        millis = column.cast(pa.timestamp("ms", kind.tz), safe=False)
        spelled = millis.cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp("ms")) if kind.tz else millis
        return pc.binary_join_element_wise(spelled.cast(pa.string()), pa.scalar("Z" if kind.tz else ""), "")
    if pa.types.is_nested(kind):
        return pa.array(
            [
                None if cell is None else json.dumps(cell, ensure_ascii=False, default=str)
                for cell in column.to_pylist()
            ],
            pa.string(),
        )
    if pa.types.is_duration(kind):
        return pa.array(
            [None if cell is None else f"{cell.total_seconds()} s" for cell in column.to_pylist()], pa.string()
        )
    return _valid_text(column.cast(pa.string(), safe=False))


def _valid_text(column: pa.Array) -> pa.Array:
    """Text whose bytes are UTF-8, which Parquet promises and does not check; what is not is replaced."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        cells = column.cast(pa.binary()).to_pylist()
        return pa.array(
            [None if cell is None else cell.decode("utf-8", errors="replace") for cell in cells], pa.string()
        )
    return column


def _read_json(name: str, data: bytes, choices: Choices) -> tuple[RawTable, ...]:
    decoded = decode(name, data, choices.of(name).encoding)
    rejects: list[_Reject] = []
    records = _json_records(name, decoded.text.lstrip("\ufeff"), rejects)
    decoded = replace(decoded, text="")
    try:
        return (_json_table(name, decoded, records, rejects),)
    except RecursionError as error:
        raise InputError(Issue("json_unreadable", "error", file=name, value="[[[")) from error


def _json_table(
    name: str, decoded: Decoded, records: Iterator[tuple[int, dict[str, Any]]], rejects: Sequence[_Reject]
) -> RawTable:
    gathered = _Gathered()
    while block := list(islice(records, BLOCK)):
        gathered.add(block)
    if not gathered.rows:
        raise InputError(Issue("no_rows", "error", file=name, facts={"headings": ""}))
    headings, columns = gathered.filled()
    rows = np.concatenate(gathered.rows)
    table = RawTable(name, headings, columns, rows, decoded.encoding, encoding_confidence=decoded.confidence)
    return replace(table, rejected=len(rejects), issues=(*decoded.issues, *reject_issues(name, rejects)))


BLOCK = 5000
"""Records that are held as such at a time; the rest of a file waits as text or is in columns already."""


class _Gathered:
    """Columns of text in the order in which their headings first come, put together from blocks of records."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray] = []
        self._pieces: dict[str, list[pa.Array]] = {}
        self._size = 0

    def add(self, block: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Takes in numbered records."""
        flat = [_flat(record) for _, record in block]
        shapes = dict.fromkeys(map(tuple, flat))
        for heading in chain.from_iterable(shapes):
            self._pieces.setdefault(heading, [pa.nulls(self._size, pa.string())])
        for heading, pieces in self._pieces.items():
            pieces.append(pa.array([record.get(heading) for record in flat], pa.string()))
        self.rows.append(np.array([number for number, _ in block], dtype=np.int64))
        self._size += len(block)

    def filled(self) -> tuple[tuple[str, ...], tuple[pa.Array, ...]]:
        """All columns, without those that are only the empty form of a nested field (``a: null`` beside ``a.b``)."""
        nested = {name[:place] for name in self._pieces for place in range(len(name)) if name[place] == "."}
        columns = {name: pa.concat_arrays(self._pieces.pop(name)) for name in list(self._pieces)}
        kept = [name for name, column in columns.items() if name not in nested or pc.any(_written(column)).as_py()]
        return tuple(kept), tuple(columns[name] for name in kept)


def _written(column: pa.Array) -> pa.Array:
    return pc.greater(pc.binary_length(column), 0)


def _json_records(name: str, text: str, rejects: list[_Reject]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered records; what is none is entered among the rejects on the way."""
    text = _LONE.sub(lambda hit: "\ufffd" if len(hit[0]) == 6 else hit[0], text) if "\\" in text else text
    try:
        whole = _JSON.decode(text)
    except ValueError as error:
        yield from _json_lines(name, text, rejects, error)
        return
    rows = _longest_list(whole)
    if not rows and isinstance(whole, dict):
        rows = [whole]
    for number, row in enumerate(rows, start=1):
        if isinstance(row, dict):
            yield number, row
        else:
            rejects.append((number, str(row)[:80], 1))


_JSON = json.JSONDecoder(parse_int=str)


def _json_lines(
    name: str, text: str, rejects: list[_Reject], error: ValueError
) -> Iterator[tuple[int, dict[str, Any]]]:
    good = 0
    for number, line in enumerate(_lines(text), start=1):
        if line.strip():
            record = _json_line(line)
            if record is None:
                rejects.append((number, line[:80], 1))
            else:
                good += 1
                yield number, record
    if not good:
        raise InputError(Issue("json_unreadable", "error", file=name, value=str(error)[:80])) from error


def _lines(text: str) -> Iterator[str]:
    """The lines of a text one by one, so that they are never all there beside it."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def _json_line(line: str) -> dict[str, Any] | None:
    try:
        record = _JSON.decode(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _longest_list(node: Any) -> list[Any]:
    if isinstance(node, list):
        return node
    if not isinstance(node, dict):
        return []
    lists = [_longest_list(child) for child in node.values() if isinstance(child, dict | list)]
    return max((each for each in lists if each and isinstance(each[0], dict)), key=len, default=[])


_PLAIN = frozenset((str, type(None)))


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, str | None]:
    if not prefix and _PLAIN.issuperset(map(type, record.values())):
        return record
    result: dict[str, str | None] = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and set(value) == {"value"}:
            result[name] = cell_text(value["value"])
        elif isinstance(value, dict) and prefix.count(".") < 3:
            result.update(_flat(value, f"{name}."))
        else:
            result[name] = cell_text(value)
    return result
