"""One matched file → one staging table: typed columns, and a book entry for every cell and row that did not make it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InputError, Issue
from core.ingest import dates, glance, quick
from core.ingest.choices import Choices, FileChoice
from core.ingest.convert import (
    Converted,
    Reading,
    clock_parts,
    convert,
    counted,
    per_cents,
    rating_scale,
    unit_of,
)
from core.ingest.match import Match
from core.ingest.quick import in_threads
from core.ingest.read import RawTable
from core.log import ColumnMatch
from core.schema import SUMMARY, UNRATED, Column, normal, normal_word
from core.schema import codes as word_codes

BOGUS = int(np.datetime64("2000-01-01", "ms").astype(np.int64))
FUTURE = int(np.datetime64("2100-01-01", "ms").astype(np.int64))
FAR_YEARS = 8
STAMPS = ("instant", "date")
SAMPLE = 5000
FIGURES = ("number", "share", "duration", "rating")
_FRACTION = re.compile(r"^0\.\d{6,}$|^0(\.0)?$|^\d(\.\d+)?e-0?[1-6]$", re.IGNORECASE)
_SUMMARY_LABEL = (
    r"^(店铺|全店|全部|所有|团队|小组|部门|本页|当页|整体|客服)?(汇总|合计|总计|小计|均值|平均值?)(值|行|数据|数)?\s*([::((].*)?$"
    r"|^整体$|^(grand|sub|overall|team|shop|store|page)?[ -]?(totals?|averages?|avg|sum|summary)\s*([::((].*)?$"
)
_SUMMARY_STARTS = (
    "店铺", "全店", "全部", "所有", "团队", "小组", "部门", "本页", "当页", "整体", "客服", "汇总", "合计", "总计", "小计", "均值", "平均",
    "gr", "su", "ov", "te", "sh", "st", "pa", "to", "av", "-t", "-a", "-s",
)  # fmt: skip
"""The first two characters of everything that `_SUMMARY_LABEL` fits."""
_LABELS = glance.openings([*SUMMARY, *_SUMMARY_STARTS])
_UTC = re.compile(r"(?<![A-Za-z])(utc|gmt)(?![A-Za-z+\-±0-9])", re.IGNORECASE)
CALL_HEADINGS = (
    "call id",
    "通话id",
    "avgtalkduration",
    "talk time",
    "talk duration",
    "call duration",
    "speed of answer",
    "通话时长",
)


@dataclass
class Book:
    """The accounts of one file while it is staged: which rows are kept, why the others are not, what was changed in cells.

    ``zoned`` names the stamps that say their own distance from UTC.
    """

    file: str
    table: str
    rows: np.ndarray
    keep: np.ndarray
    issues: list[Issue] = field(default_factory=list)
    zoned: set[str] = field(default_factory=set)
    scale: tuple[float, float] | None = None
    """The scale that the ratings of the file name themselves."""

    def note(self, code: str, severity: str, marks: np.ndarray, **about: Any) -> None:
        """Enters an issue for the marked rows; nothing happens when none is marked."""
        places = np.flatnonzero(marks)
        if not len(places):
            return
        numbers = np.asarray(self.rows[places])
        examples = tuple(int(row) for row in numbers[:5])
        about = {"table": self.table, "file": self.file, "row": examples[0], "rows": len(places), **about}
        self.issues.append(Issue(code, severity, examples=examples, row_numbers=numbers, **about))

    def drop(self, code: str, marks: np.ndarray, severity: str = "warning", **about: Any) -> None:
        """Sets the marked rows aside; a row counts under the first reason that met it."""
        marks = marks & self.keep
        self.note(code, severity, marks, **about)
        self.keep &= ~marks


@dataclass(frozen=True)
class Staged:
    """A file in the columns of its table (parts included), all rows still there; ``book.keep`` says which stay."""

    raw: RawTable
    match: Match
    columns: dict[str, pa.Array]
    book: Book
    formats: Mapping[str, str]

    def matches(self) -> tuple[ColumnMatch, ...]:
        """The column matches with the format each column turned out to have."""
        return tuple(replace(each, format=self.formats.get(each.field, "")) for each in self.match.columns)


def stage(
    raw: RawTable, found: Match, choices: Choices, choice: FileChoice, once: bool = False, *, again: np.ndarray | None = None
) -> Staged:
    """Converts every matched column of a file.

    Args:
        raw: the file as read.
        found: what its headings mean.
        choices: the user's decisions for the whole import.
        choice: those for this file.
        once: the cells as read are not asked for again, and are freed; those that say who sent a message stay.
        again: which rows equal an earlier one, where the caller knows; else they are looked for.

    Raises:
        InputError: the sender column holds words that nobody explained.
    """
    book = Book(raw.name, found.table.name, raw.rows, np.ones(len(raw.rows), dtype=bool))
    _drop_repeated_headings(raw, found, book)
    if not choices.keep_summaries:
        _drop_summaries(raw, found, book)
    if not choices.keep_duplicates:
        _drop_duplicates(raw, found, book, (repeats(raw, found) if again is None else again, choices.drop_duplicates))
    columns: dict[str, pa.Array] = {}
    formats: dict[str, str] = {}
    bare: dict[str, tuple[np.ndarray, str]] = {}
    given, raw = raw, _silenced(raw, found, choice, book)
    commas = _decimal_commas(raw, found)
    plain = {name: place for name, place in found.fields.items() if found.table.column(name).kind not in STAMPS}
    converted = in_threads(
        lambda name: _converted(raw, found.table.column(name), plain[name], (choices, choice, commas)), list(plain)
    )
    for (name, place), (done, unit) in zip(plain.items(), converted, strict=True):
        column = found.table.column(name)
        heading = raw.headings[place]
        if unit.endswith("?"):
            _note_doubtful_unit(raw.columns[place], heading, unit.removesuffix("?"), book)
        if column.kind == "id":
            _note_lost_digits(done.values, heading, book)
        if name == "csat":
            book.scale = rating_scale(pc.drop_null(raw.columns[place]).unique()[:200].to_pylist())
            _note_rating_words(raw.kept[place], heading, choices.value_map.get("csat", {}), book)
        columns[name] = _accounted(raw, column, place, done, book)
        formats[name] = unit.removesuffix("?") if column.kind in ("duration", "share") else ""
        if column.kind == "duration" and unit == "s":
            bare[name] = _bare_figures(raw.kept[place])
    sender = {found.fields.get("sender", -1)}
    _forget(given, sender | set(found.fields.values()) - set(plain.values()), once)
    _stamps(raw, found, choices, choice, _Out(columns, formats, book, bare))
    _call_log(raw, found, columns)
    _forget(given, sender, once)
    quick.give_back()
    return Staged(given, found, columns, book, formats)


def _forget(raw: RawTable, but: Collection[int], once: bool) -> None:
    if once and isinstance(raw.columns, quick.Cells):
        raw.columns.forget(but)


def _converted(
    raw: RawTable, column: Column, place: int, decided: tuple[Choices, FileChoice, bool]
) -> tuple[Converted, str]:
    """The values of a column other than stamps, and the unit of its bare numbers."""
    choices, choice, commas = decided
    heading = raw.headings[place]
    words = choices.sender_map if column.kind == "sender" else choices.value_map.get(column.name, {})
    cells = _with_points(raw.columns[place]) if commas and column.kind in FIGURES else raw.kept[place]
    unit = choice.units.get(heading) or _unit(cells, column.kind, heading)
    if column.kind == "number":
        unit = choice.units.get(heading) or grouped_by_points(cells, sums=column.name in SUMS)
        cells = pc.replace_substring(quick.text(cells), ".", "") if unit.startswith("1.000") else cells
    reading = Reading(unit.removesuffix("?"), {normal_word(word): words[word] for word in words}, choice.kept(heading))
    done = convert(cells, column.kind, reading)
    if column.name == "customer_id":
        done = _without_nobody(done, reading.keep)
    return _as_missing(done, column.kind, reading, choice.missing.get(heading, ())), unit


def _silenced(raw: RawTable, found: Match, choice: FileChoice, book: Book) -> RawTable:
    """The file without the words that the user calls missing."""
    if not choice.missing:
        return raw
    columns = list(raw.columns)
    for place in found.fields.values():
        words = choice.silent(raw.headings[place])
        cells = pc.drop_null(columns[place]).unique().to_pylist() if words else []
        silent = pa.array([cell for cell in cells if normal_word(cell) in words], pa.string())
        if len(silent):
            marks = pc.is_in(columns[place], value_set=silent)
            counts = counted(columns[place].filter(marks))
            note_placeholders(
                book, raw.headings[place], counts, pc.fill_null(marks, False).to_numpy(zero_copy_only=False)
            )
            columns[place] = pc.if_else(marks, pa.scalar(None, pa.string()), columns[place])
    return replace(raw, columns=tuple(columns))


def _unit(cells: pa.Array, kind: str, heading: str) -> str:
    """Unit of a column's bare figures, or of its clock times; a question mark behind it where nothing in the file settles it."""
    if kind == "share":
        return _per_cent(cells, heading)
    if kind != "duration":
        return ""
    parts = clock_parts(quick.words(cells), heading)
    unit = unit_of(heading)
    if parts and unit == "s":
        return parts
    return "day" if unit == "s" and day_fractions(quick.text(cells[:SAMPLE])) else unit


def _per_cent(cells: pa.Array, heading: str) -> str:
    cells = quick.words(cells)
    if per_cents(cells):
        return "%"
    bare = pc.match_substring_regex(cells, r"^\s*(?:0?\.\d+|[01](?:\.0+)?)\s*$")
    return "share?" if _PER_CENT.search(heading) and pc.any(bare).as_py() else ""


_PER_CENT = re.compile(r"[%％]|percent", re.IGNORECASE)


def _note_doubtful_unit(cells: pa.Array, heading: str, unit: str, book: Book) -> None:
    """A column that can be read in two ways far apart: 02:30 as minutes or hours, 0.5 under a heading of per cents."""
    code, pattern, other = _DOUBTS[unit]
    marks = pc.fill_null(pc.match_substring_regex(cells, pattern), False)
    about = {"column": heading, "value": str(cells.filter(marks)[0].as_py()), "facts": {"unit": unit, "units": other}}
    book.note(code, "warning", marks.to_numpy(zero_copy_only=False), **about)


_DOUBTS = {
    "share": ("share_doubtful", r"^[\d.\s]+$", "%"),
    "mm:ss": ("clock_doubtful", r"^\s*\d+:\d{1,2}\s*$", "hh:mm"),
    "1.000": ("points_doubtful", r"\.\d{3}\D*$", "0.001"),
}


def _note_lost_digits(ids: pa.Array, heading: str, book: Book) -> None:
    """Ids that a spreadsheet has turned into 1.23E+18, or into a number of fifteen digits and noughts, have lost digits for good."""
    if not glance.holds(ids, b"+") and (pc.max(pc.binary_length(ids)).as_py() or 0) < 17:
        return
    marks = pc.fill_null(pc.match_substring_regex(ids, r"^\d(\.\d+)?[eE]\+\d{2}$"), False)
    long = pc.fill_null(pc.match_substring_regex(ids, r"^\d{17,22}$"), False)
    noughts = pc.fill_null(pc.match_substring_regex(ids, r"^\d{15}00+$"), False)
    count = pc.sum(noughts).as_py() or 0
    if count >= 3 and count == pc.sum(long).as_py():
        marks = pc.or_(marks, noughts)
    shown = ids.filter(marks)
    if len(shown):
        about = {"column": heading, "value": str(shown[0].as_py())}
        book.note("ids_lost_digits", "warning", marks.to_numpy(zero_copy_only=False), **about)


_NOBODY = frozenset({"0", "匿名", "匿名用户", "游客", "anonymous", "unknown", "未知", "guest"})
_NOBODYS = glance.openings(_NOBODY)


def _without_nobody(done: Converted, keep: frozenset[str]) -> Converted:
    """Customers called 0 or anonymous are nobody in particular: missing, not one very loyal customer."""
    nobody = pa.array(sorted(_NOBODY - keep), pa.string())
    found = glance.where(done.values, _NOBODYS, lambda cells: pc.is_in(pc.utf8_lower(cells), value_set=nobody))
    if not found.any():
        return done
    marks = pa.array(found)
    values = pc.if_else(marks, pa.scalar(None, pa.string()), done.values)
    return replace(done, values=values, placeholders={**done.placeholders, **counted(done.values.filter(marks))})


def _note_rating_words(column: pa.Array, heading: str, words: Mapping[str, str], book: Book) -> None:
    """Ratings in words that are not the usual five: how they were taken is said, so that it can be changed."""
    known = word_codes("rating")
    said = {normal_word(word) for word in words}
    cells = [str(cell) for cell in pc.drop_null(column).unique()[:200].to_pylist()]
    found = {cell.strip(): known[normal_word(cell)] for cell in cells if normal_word(cell) in known}
    if len(found) < 2 or len(set(found.values())) == 5 or {normal_word(word) for word in found} <= said:
        return
    shown = ", ".join(f"{word} = {code}" for word, code in sorted(found.items(), key=lambda each: -int(each[1])))
    severity = "note" if set(found.values()) == {"5", "1"} else "warning"
    marks = pc.is_in(pc.utf8_trim_whitespace(quick.text(column)), value_set=pa.array(list(found)))
    book.note(
        "csat_words", severity, pc.fill_null(marks, False).to_numpy(zero_copy_only=False), column=heading, value=shown
    )


def _decimal_commas(raw: RawTable, found: Match) -> bool:
    """Whether a file writes 1.234,56: some figure has a decimal comma behind points and none has a decimal point."""
    places = [place for name, place in found.fields.items() if found.table.column(name).kind in FIGURES]
    cells = pa.chunked_array([quick.text(raw.kept[place][:SAMPLE]) for place in places], pa.string())
    if not len(cells):
        return False
    commas = pc.match_substring_regex(cells, r"^-?\d{1,3}(\.\d{3})*,\d{1,2}\s*[%€]?$|^-?\d+,\d{1,2}\s*[%€]?$")
    points = pc.match_substring_regex(cells, r"\d\.\d{1,2}\s*[%€$]?$|,\d{3}\.\d|\d\.\d{4,}")
    return bool(pc.any(commas).as_py()) and not pc.any(points).as_py()


def grouped_by_points(column: pa.Array, sums: bool) -> str:
    """Whether points stand between thousands: ``1.000`` where one cell has two of them, ``1.000?`` where each of several sums has three
    digits behind its own, empty where they do not.

    >>> grouped_by_points(pa.array(["150.000", "1.250.000"]), False), grouped_by_points(pa.array(["1.250", "12.5"]), True)
    ('1.000', '')
    >>> grouped_by_points(pa.array(["150.000", "75.500", "9.000"]), True), grouped_by_points(pa.array(["7.125", "7.250"]), False)
    ('1.000?', '')
    """
    cells = pc.drop_null(quick.words(column))
    pointed = cells.filter(pc.match_substring(cells, "."))
    if not len(pointed) or not pc.all(pc.match_substring_regex(pointed, r"^\D*\d{1,3}(?:\.\d{3})+\D*$")).as_py():
        return ""
    if pc.any(pc.match_substring_regex(pointed, r"\.\d{3}\.\d{3}")).as_py():
        return "1.000"
    return "1.000?" if sums and len(pointed.unique()) >= 3 and len(pointed) >= 0.5 * len(cells) else ""


SUMS = ("amount", "refunded_amount", "item_price")


def _with_points(column: pa.Array) -> pa.Array:
    """Figures of 1.234,56 written as 1234.56; other cells as they are."""
    figure = pc.match_substring_regex(column, r"^\s*-?[\d.]+(,\d+)?\s*[%€]?\s*$")
    plain = pc.replace_substring(pc.replace_substring(column, ".", ""), ",", ".")
    return pc.if_else(pc.fill_null(figure, False), plain, column)


def day_fractions(column: pa.Array) -> bool:
    """Whether a column of durations holds parts of a day, as spreadsheets keep them: 0.000983796 is 85 seconds.

    >>> day_fractions(pa.array(["0.000983796296", "0.00115740741"])), day_fractions(pa.array(["0.5", "12"]))
    (True, False)
    """
    cells = [cell for cell in pc.drop_null(column[:SAMPLE]).unique().to_pylist() if cell.strip()]
    figures = [float(cell) for cell in cells if _FRACTION.match(cell.strip())]
    if len(figures) < 2 or len(figures) < 0.9 * len(cells):
        return False
    seconds = np.array(figures) * 86400
    return bool((np.abs(seconds - np.round(seconds)) < 2e-3).all())


@dataclass(frozen=True)
class _Out:
    columns: dict[str, pa.Array]
    formats: dict[str, str]
    book: Book
    bare: Mapping[str, tuple[np.ndarray, str]] = field(default_factory=dict)
    """Rows with bare figures, and the first of these, of durations whose heading names no unit."""


def _drop_repeated_headings(raw: RawTable, found: Match, book: Book) -> None:
    """Exports put together by hand repeat their headings between the parts."""
    marks = np.ones(len(raw.rows), dtype=bool)
    for place in sorted(found.fields.values(), key=lambda each: not pa.types.is_dictionary(raw.kept[each].type)):
        if marks.any():
            heading = raw.headings[place].strip()
            same = quick.by_word(raw.kept[place], partial(_equal_to, heading))
            marks &= pc.fill_null(same, False).to_numpy(zero_copy_only=False)
    book.drop("repeated_headings", marks, "note")


def _equal_to(word: str, cells: pa.Array) -> pa.Array:
    return pc.equal(pc.utf8_trim_whitespace(cells), word)


def _drop_summaries(raw: RawTable, found: Match, book: Book) -> None:
    labels = [
        found.fields[name]
        for name in ("agent_id", "agent_name", "date", "order_id", "conversation_id")
        if name in found.fields
    ]
    if found.table.name == "messages" or not labels:
        return
    for place in {0, *labels}:
        marks = pc.fill_null(quick.by_word(raw.kept[place], _sums_up), False).to_numpy(zero_copy_only=False)
        if marks.any():
            shown = str(raw.columns[place][int(np.flatnonzero(marks)[0])].as_py())
            book.drop("summary_row", marks, "note", column=raw.headings[place], value=shown)


def _sums_up(cells: pa.Array) -> pa.Array:
    """Which cells call their row a total or a mean."""
    return pa.array(glance.where(cells, _LABELS, _is_label))


def _is_label(cells: pa.Array) -> pa.Array:
    cells = pc.utf8_lower(pc.utf8_trim_whitespace(cells))
    return pc.is_in(cells, value_set=pa.array([*sorted(SUMMARY), *_like_summary(cells)]))


def _like_summary(cells: pa.Array) -> list[str]:
    """The distinct short cells that read like the label of a total or an average; only those that begin like one are looked at."""
    begins = pc.is_in(pc.utf8_slice_codeunits(cells, 0, 2), value_set=pa.array(_SUMMARY_STARTS))
    words = cells.filter(pc.fill_null(pc.and_(pc.less_equal(pc.utf8_length(cells), 24), begins), False)).unique()
    return [str(word) for word in words.filter(pc.match_substring_regex(words, _SUMMARY_LABEL)).to_pylist()]


def row_digests(raw: RawTable) -> np.ndarray:
    """A 64-bit digest of each row's cells; columns without a heading (a running index) are left out."""
    import pandas as pd

    total = np.zeros(len(raw.rows), dtype=np.uint64)
    nameless = sum(heading.startswith("#") for heading in raw.headings)
    for heading, column in zip(raw.headings, raw.kept, strict=True):
        if heading.startswith("#") and 2 * nameless < len(raw.headings):
            continue
        encoded = _codes(column)
        cells = np.array(encoded.dictionary.to_pylist(), dtype=object)
        hashed = pd.util.hash_array(cells, categorize=False)
        total = total * np.uint64(1_000_003) + hashed[encoded.indices.to_numpy(zero_copy_only=False)]
    return total


def _codes(column: pa.Array) -> pa.DictionaryArray:
    """A column as codes of its distinct cells; a missing cell is an empty one."""
    return column if pa.types.is_dictionary(column.type) else pc.fill_null(column, "").dictionary_encode()


def all_differ(column: pa.Array) -> bool:
    """Whether no cell stands twice; a column in rising or falling order, as ids mostly are, tells it at a glance.

    >>> all_differ(pa.array(["a", "b", "c"])), all_differ(pa.array(["b", "a", "b"]))
    (True, False)
    """
    if len(column) and not column.null_count and not pa.types.is_dictionary(column.type):
        later, earlier = column[1:], column[:-1]
        if any(pc.all(compare(later, earlier)).as_py() for compare in (pc.greater, pc.less)):
            return True
    return bool(len(column.unique()) == len(column) - column.null_count + (column.null_count > 0))


def has_identity(found: Match) -> bool:
    """Whether equal rows must be the same thing: the file names its conversations, orders or messages."""
    return bool({"message_id", "conversation_id", "order_id", "review_id", "customer_id"} & set(found.fields))


def telling(found: Match) -> list[int]:
    """The columns, three at most, in which equal rows must be equal: ids and stamps."""
    return [found.fields[name] for name in _TELLING if name in found.fields][:3] or list(found.fields.values())[:2]


def looks_of(raw: RawTable, places: Sequence[int]) -> np.ndarray:
    """A number for each row that equal rows share and others rarely do."""
    looks = np.zeros(len(raw.rows), dtype=np.uint64)
    for place in places:
        looks *= np.uint64(1_000_003)
        looks += glance.prints(raw.kept[place])
    return looks


def repeats(raw: RawTable, found: Match) -> np.ndarray:
    """Rows equal to an earlier one; whole rows are compared only where ids and stamps already look alike."""
    places_told = telling(found)
    again = np.zeros(len(raw.rows), dtype=bool)
    if all_differ(raw.kept[places_told[0]]):
        return again
    looks = looks_of(raw, places_told)
    ranked = np.sort(looks)
    places = np.flatnonzero(np.isin(looks, ranked[1:][ranked[1:] == ranked[:-1]]))
    if len(places):
        few = pa.array(places)
        part = replace(raw, columns=quick.Cells([column.take(few) for column in raw.kept]), rows=raw.rows[places])
        _, first = np.unique(row_digests(part), return_index=True)
        again[np.delete(places, first)] = True
    return again


_TELLING = (
    "message_id", "conversation_id", "order_id", "review_id", "sent_at", "started_at", "created_at", "date", "customer_id", "agent_id",
)  # fmt: skip


def _drop_duplicates(raw: RawTable, found: Match, book: Book, known: tuple[np.ndarray, bool]) -> None:
    again, always = known
    if always or has_identity(found) or found.table.name in ("agent_days", "roster"):
        book.drop("exact_duplicate_rows", again)
    else:
        book.note("possible_duplicates", "note", again)


def _accounted(raw: RawTable, column: Column, place: int, done: Converted, book: Book) -> pa.Array:
    """The values of a column with every cell that could not be used entered in the book."""
    if column.name == "sender":
        return done.values
    _note_cells(raw, column, place, done, book)
    return _bounded(raw, column, place, done.values, book)


def _as_missing(done: Converted, kind: str, reading: Reading, words: Sequence[str]) -> Converted:
    """A column without the values that the user calls missing, however they are written: 0 is 0:00:00 too."""
    same = convert(pa.array(words, pa.string()), kind, reading).values.drop_null()
    if not len(same):
        return done
    empty = pc.fill_null(pc.is_in(done.values, value_set=same), False)
    counts = {**done.placeholders, words[0]: done.placeholders.get(words[0], 0) + (pc.sum(empty).as_py() or 0)}
    return replace(done, values=pc.if_else(empty, pa.scalar(None, done.values.type), done.values), placeholders=counts)


def _note_cells(raw: RawTable, column: Column, place: int, done: Converted, book: Book) -> None:
    heading = raw.headings[place]
    bad = done.bad & book.keep
    if bad.any():
        shown = str(raw.columns[place][int(np.flatnonzero(bad)[0])].as_py())
        book.note("unknown_value", "warning", bad, column=heading, value=shown)
    if done.placeholders:
        note_placeholders(book, heading, done.placeholders, _placeholders(raw.columns[place], done), column.kind)


def note_placeholders(book: Book, heading: str, counts: Mapping[str, int], marks: np.ndarray, kind: str = "") -> None:
    """Enters the words of a column that were taken for "nothing", each with its count: a proposal the user can decline."""
    ranked = sorted(counts.items(), key=lambda each: -each[1])
    words = [f"{word.strip()} × {count}" for word, count in ranked if normal_word(word) not in UNRATED]
    facts = {"kind": kind, "words": ", ".join(words[:8])}
    book.note("placeholder", "note", marks, column=heading, value=ranked[0][0] if ranked else "", facts=facts)


def _placeholders(cells: pa.Array, done: Converted) -> np.ndarray:
    """The rows whose cell holds a word for "not known"; "not rated" is an answer of its own and no placeholder."""
    said = pc.and_(pc.is_null(done.values), pc.greater(pc.binary_length(pc.utf8_trim_whitespace(cells)), 0))
    marks = np.asarray(pc.fill_null(said, False).to_numpy(zero_copy_only=False)) & ~done.bad
    words = cells.filter(pa.array(marks)).dictionary_encode()
    unrated = np.array([normal_word(cell) in UNRATED for cell in words.dictionary.to_pylist()], dtype=bool)
    marks[np.flatnonzero(marks)[unrated[words.indices.to_numpy(zero_copy_only=False)]]] = False
    return np.asarray(marks)


def _bounded(raw: RawTable, column: Column, place: int, values: pa.Array, book: Book) -> pa.Array:
    if column.low is None and column.high is None:
        return values
    numbers = values.to_numpy(zero_copy_only=False)
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    outside = (numbers < low) | (numbers > high)
    if not outside.any():
        return values
    shown = str(raw.columns[place][int(np.flatnonzero(outside)[0])].as_py())
    book.note("out_of_range", "warning", outside, column=raw.headings[place], value=shown)
    return pa.array(np.where(outside, np.nan, numbers), from_pandas=True)


def _call_log(raw: RawTable, found: Match, columns: dict[str, pa.Array]) -> None:
    """Marks the rows of a call log: nobody can answer a call later, so these conversations are never pending."""
    if found.table.name != "conversations":
        return
    headings = [raw.headings[place].strip().lower() for place in found.fields.values()]
    if any(heading.startswith(CALL_HEADINGS) for heading in headings):
        columns["is_call"] = pa.array(np.ones(len(raw.rows), dtype=np.int8))
    elif "channel" in columns and "phone" in (words := columns["channel"].unique().to_pylist()) and words:
        columns["is_call"] = pc.fill_null(pc.equal(columns["channel"], "phone"), False).cast(pa.int8())


# ── stamps ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _stamps(raw: RawTable, found: Match, choices: Choices, choice: FileChoice, out: _Out) -> None:
    of_time = {name: place for name, place in found.fields.items() if found.table.column(name).kind in STAMPS}
    read = in_threads(lambda name: dates.scan(raw.kept[of_time[name]]), list(of_time))
    scanned = dict(zip(of_time, read, strict=True))
    orders = _orders(raw, found, choice, scanned, out.book)
    _note_spellings(raw, found, scanned, choice, out.book)
    scanned = {name: _settled(stamps, choice) for name, stamps in scanned.items()}
    zones = {name: _zone(raw.headings[found.fields[name]], choice, choices.zone) for name in scanned}
    timed = in_threads(lambda name: dates.instants(scanned[name], orders[name], zones[name]), list(scanned))
    done = dict(zip(scanned, timed, strict=True))
    for name, column in done.items():
        heading = raw.headings[found.fields[name]]
        spelling = "+".join(scanned[name].spelling)
        far = _far(column) if choice.doubts.get("far_from_rest") != "keep" else np.zeros(len(column.valid), dtype=bool)
        good = column.valid & (column.millis >= BOGUS) & (column.millis < FUTURE) & ~far
        dated = column.dated and bool(good.any())
        out.formats[name] = " ".join(part for part in (spelling, orders[name], "date" if dated else "") if part)
        if np.isfinite(scanned[name].offset).any() or _UTC.search(heading):
            out.book.zoned.add(name)
        _note_stamps(raw, (found, name), column, far, out.book)
        if found.table.column(name).kind == "date":
            out.columns[name] = _local_days(column, choices.zone)
        else:
            out.columns[name] = pa.array(column.millis, mask=~good)
            if dated:
                out.book.note("date_only", "note", column.valid, column=heading)
    _merge_clock(found, choices.zone, out)
    _note_thai_years(raw, found, scanned, out)
    _note_partly_dated(raw, found, scanned, out)
    _drop_dated_clocks(raw, found, out)
    _units_from_stamps(raw, found, choice, out)
    _note_assumed_units(raw, found, choice, out)
    _drop_without_stamp(raw, found, out)


def _note_spellings(
    raw: RawTable, found: Match, scanned: Mapping[str, dates.Stamps], choice: FileChoice, book: Book
) -> None:
    """What the spelling of a column leaves open: rounded numbers, zone names of several zones, offsets on some stamps only."""
    for name, stamps in scanned.items():
        heading, cells = raw.headings[found.fields[name]], raw.columns[found.fields[name]]
        if "rounded" in stamps.spelling:
            _note_like(book, "stamps_lost_digits", cells, r"[eE]\+?\d", heading)
        if stamps.clocks is None and not {heading, "*"} & set(choice.zones):
            _note_like(book, "zone_name_open", cells, dates.UNCLEAR_ZONE, heading)
        own = np.isfinite(stamps.offset)
        bare = np.isfinite(stamps.clock) & ~own & (np.isfinite(stamps.day) | np.isfinite(stamps.abc[:, 0]))
        if own.any() and bare.any():
            book.note("offsets_on_some", "warning", stamps.rows(bare), column=heading)
        if half_turned(stamps) and choice.doubts.get("half_turned_dates", "missing") == "missing":
            book.note("half_turned_dates", "warning", stamps.rows(np.isfinite(stamps.day)), column=heading)


def _note_like(book: Book, code: str, cells: pa.Array, pattern: str, heading: str) -> None:
    marks = pc.fill_null(pc.match_substring_regex(cells, pattern), False)
    if pc.any(marks).as_py():
        shown = str(cells.filter(marks)[0].as_py())
        book.note(code, "warning", marks.to_numpy(zero_copy_only=False), column=heading, value=shown)


def half_turned(stamps: dates.Stamps) -> bool:
    """Whether a spreadsheet of the other country has turned 03/04 into a date of the wrong month and left 13/04 as text."""
    written = np.isfinite(stamps.abc[:, 0])
    clear = np.isfinite(stamps.day)
    if stamps.used[written].sum() < 5 or stamps.used[clear].sum() < 5:
        return False
    first, second = stamps.abc[written, 0], stamps.abc[written, 1]
    _, _, of_month = dates.calendar(stamps.day[clear])
    return bool(((first > 12).all() or (second > 12).all()) and (of_month <= 12).all())


def _settled(stamps: dates.Stamps, choice: FileChoice) -> dates.Stamps:
    """The stamps with the dates that a spreadsheet has turned taken out or turned back, as the user says."""
    way = choice.doubts.get("half_turned_dates", "keep")
    if way == "keep" or not half_turned(stamps):
        return stamps
    if way == "turn":
        return replace(stamps, day=dates.turned(stamps.day))
    return replace(stamps, codes=np.where(stamps.rows(np.isfinite(stamps.day)), -1, stamps.codes))


def _zone(heading: str, choice: FileChoice, zone: str) -> str:
    """The zone of a column: what the user says, UTC where its heading says so, else the shop's.

    >>> _zone("Created at (UTC)", FileChoice(), "Asia/Shanghai"), _zone("Created at (UTC+8)", FileChoice(), "Asia/Shanghai")
    ('UTC', 'Asia/Shanghai')
    """
    wanted = choice.zones.get(heading) or choice.zones.get("*", "")
    return wanted or ("UTC" if _UTC.search(heading) else zone)


def _orders(
    raw: RawTable, found: Match, choice: FileChoice, scanned: Mapping[str, dates.Stamps], book: Book
) -> dict[str, str]:
    possible = {name: dates.possible_orders(stamps) for name, stamps in scanned.items()}
    decided = {options[0] for options in possible.values() if len(options) == 1}
    result = {}
    for name, options in possible.items():
        heading = raw.headings[found.fields[name]]
        wanted = choice.orders.get(heading) or choice.orders.get("*", "")
        if wanted and options:
            result[name] = wanted
        elif len(options) <= 1:
            result[name] = options[0] if options else ""
        else:
            near = _nearest(options, scanned[name], [scanned[other] for other in possible if not possible[other]])
            shared = [order for order in options if order in decided]
            result[name] = shared[0] if len(shared) == 1 else near or _tightest(options, scanned[name])
            _ask_order(book, scanned[name], heading, result[name], (options, len(shared) == 1 or bool(near)))
    return result


def _nearest(options: Sequence[str], stamps: dates.Stamps, clear: Sequence[dates.Stamps]) -> str:
    """The order that puts the dates next to those of a column whose spelling is clear; empty when none is clearly nearer."""
    for other in clear:
        known = (stamps.codes >= 0) & (other.codes >= 0)
        if not known.any() or not np.isfinite(other.day).any():
            continue
        beside = other.day[other.codes[known]]
        days = {order: dates.order_days(stamps, order)[stamps.codes[known]] for order in options}
        gaps = {order: _median_gap(days[order], beside) for order in options}
        best = min(options, key=lambda order: gaps[order])
        if min(gap for order, gap in gaps.items() if order != best) > 3 * gaps[best] + 3 and np.isfinite(gaps[best]):
            return best
    return ""


def _median_gap(days: np.ndarray, others: np.ndarray) -> float:
    gaps = np.abs(days - others)
    gaps = gaps[np.isfinite(gaps)]
    return float(np.median(gaps)) if len(gaps) else float("inf")


def _tightest(options: Sequence[str], stamps: dates.Stamps) -> str:
    """The order under which the dates lie closest together, where that is clear; else the first."""
    spreads = {order: dates.spread(stamps, order) for order in options}
    tight = min(options, key=lambda order: spreads[order])
    others = [spreads[order] for order in options if order != tight]
    return tight if others and min(others) > 3 * max(spreads[tight], 1.0) else options[0]


def _ask_order(book: Book, stamps: dates.Stamps, heading: str, order: str, facts: tuple[Sequence[str], bool]) -> None:
    options, settled = facts
    marks = np.zeros(len(book.rows), dtype=bool)
    open_cells = np.isfinite(stamps.abc[:, 0])
    known = stamps.codes >= 0
    marks[known] = open_cells[stamps.codes[known]]
    code = "date_order_from_other_column" if settled else "ambiguous_date_order"
    about = {"order": order, "options": "/".join(options)}
    book.note(code, "note" if settled else "warning", marks, column=heading, facts=about)


def _note_stamps(
    raw: RawTable, about: tuple[Match, str], column: dates.Instants, far: np.ndarray, book: Book
) -> None:
    found, name = about
    place = found.fields[name]
    heading = raw.headings[place]
    unreadable = column.filled & ~column.valid
    if unreadable.any():
        blank = unreadable & _blank(raw.columns[place])
        unreadable &= ~blank
        _note_blank_stamps(raw.columns[place], heading, blank, book)
    needed = any(name == need[0] for need in found.table.needs)
    bogus = column.valid & ((column.millis < BOGUS) | (column.millis >= FUTURE))
    enter = book.drop if needed else _change(book)
    for code, marks in (("bad_date", unreadable), ("before_2000", bogus), ("far_from_rest", far)):
        if marks.any():
            shown = str(raw.columns[place][int(np.flatnonzero(marks)[0])].as_py())
            enter(code, marks, column=heading, value=shown)
    for code, marks in (("doubled_local_time", column.doubled), ("skipped_local_time", column.skipped)):
        book.note(code, "note", marks, column=heading)


def _far(column: dates.Instants) -> np.ndarray:
    """Single stamps many years from all others: a typing error or a default, which would stretch every period and horizon."""
    good = column.valid & (column.millis >= BOGUS) & (column.millis < FUTURE)
    nothing, far_off = np.zeros(len(good), dtype=bool), FAR_YEARS * 366 * dates.DAY
    first, last = column.millis.min(where=good, initial=FUTURE), column.millis.max(where=good, initial=BOGUS)
    if good.sum() < 3 or last - first <= far_off:
        return nothing
    gap = np.abs(column.millis - np.median(column.millis[good]))
    far = good & (gap > far_off)
    return far if far.sum() <= max(1, 0.02 * good.sum()) else nothing


def _note_blank_stamps(column: pa.Array, heading: str, blank: np.ndarray, book: Book) -> None:
    counts = {cell: n for cell, n in counted(pc.drop_null(column.filter(pa.array(blank)))).items() if cell.strip()}
    if counts:
        written = pc.is_in(column, value_set=pa.array(list(counts))).to_numpy(zero_copy_only=False)
        note_placeholders(book, heading, counts, blank & written)


def _blank(column: pa.Array) -> np.ndarray:
    """Cells that say nothing: empty, a placeholder, or a clock at nought where a stamp should be."""
    nought = pc.fill_null(pc.match_substring_regex(column, r"^\s*0?0(:00){1,2}\s*$|^\s*0\s*$"), False)
    empty = convert(column, "id").values.is_null()
    return np.asarray(pc.or_(empty, nought).to_numpy(zero_copy_only=False))


def _change(book: Book) -> Any:
    def enter(code: str, marks: np.ndarray, **about: Any) -> None:
        book.note(code, "warning", marks & book.keep, **about)

    return enter


def _local_days(column: dates.Instants, zone: str) -> pa.Array:
    days = np.floor_divide(dates.local_wall(column.millis, zone), dates.DAY)
    return pa.array(days.astype(np.int64), mask=~column.valid)


_MERGED = {
    "messages": (("sent_at", "sent_date", "sent_time"),),
    "conversations": (("started_at", "started_date", "started_clock"),),
    "roster": (("start_at", "start_date", "start_clock"), ("end_at", "end_date", "end_clock")),
}


def _merge_clock(found: Match, zone: str, out: _Out) -> None:
    """Date and time of day in two columns → one stamp; a shift that ends before it starts ends on the next day."""
    columns = out.columns
    for stamp, day, clock in _MERGED.get(found.table.name, ()):
        date = columns.pop(day, None)
        date = columns.get("start_date_kept", date) if date is None and day == "end_date" else date
        hours = columns.pop(clock, None)
        if date is None or stamp in columns:
            continue
        if day == "start_date":
            columns["start_date_kept"] = date
        columns[stamp] = _joined(date, hours, zone, out.book, _heading_of(found, day))
        if hours is None:
            out.formats[stamp] = "date"
            out.book.note("date_only", "note", np.ones(len(out.book.rows), dtype=bool), column=_heading_of(found, day))
    columns.pop("start_date_kept", None)
    if found.table.name == "roster" and {"start_at", "end_at"} <= set(columns):
        columns["end_at"] = _past_midnight(columns["start_at"], columns["end_at"], "end_clock" in found.fields)


def _heading_of(found: Match, field: str) -> str:
    return next((column.name for column in found.columns if column.field == field), field)


def _joined(date: pa.Array, clock: pa.Array | None, zone: str, book: Book, heading: str) -> pa.Array:
    days = date.to_numpy(zero_copy_only=False)
    seconds = np.zeros(len(days)) if clock is None else clock.to_numpy(zero_copy_only=False)
    good = np.isfinite(days) & np.isfinite(seconds)
    wall = np.where(good, days * dates.DAY + np.round(seconds * 1000), 0).astype(np.int64)
    utc, doubled, skipped = dates.to_utc(wall, zone)
    for code, marks in (("doubled_local_time", doubled), ("skipped_local_time", skipped)):
        if clock is not None:
            book.note(code, "note", marks & good, column=heading)
    return pa.array(utc, mask=~good)


def _past_midnight(start: pa.Array, end: pa.Array, by_clock: bool) -> pa.Array:
    if not by_clock:
        return end
    return pc.if_else(pc.less_equal(end, start), pc.add(end, dates.DAY), end)


CLOCKS = ("started_at", "first_human_reply_at", "closed_at", "first_closed_at")


def _drop_dated_clocks(raw: RawTable, found: Match, out: _Out) -> None:
    """An elapsed time needs two times of day: stamps without one are kept as days, and no duration is made of them.

    What was a date alone throughout is marked (``started_at_dated`` …), so that figures can give that as their reason.
    """
    dated = [name for name in CLOCKS if out.formats.get(name, "").endswith("date")]
    if (
        found.table.name == "messages"
        and out.formats.get("sent_at", "").endswith("date")
        and _several(out.columns["sent_at"])
    ):
        place = found.fields.get("sent_at", found.fields.get("sent_date", 0))
        raise refuse("messages_without_clock", out.book, column=raw.headings[place], rows=len(raw.rows))
    if found.table.name != "conversations":
        return
    for name in CLOCKS:
        if name in out.columns and (name in dated or "started_at" in dated):
            out.columns[f"{name}_dated"] = pa.array(np.ones(len(raw.rows), dtype=np.int8))
            if name != "started_at":
                del out.columns[name]


def _several(column: pa.Array) -> bool:
    return len(column) - column.null_count > 1


_THAI = r"(^|\D)2(5\d|6[0-3])\d(\D|$)"


def _note_thai_years(raw: RawTable, found: Match, scanned: Mapping[str, dates.Stamps], out: _Out) -> None:
    """Years of the Thai calendar (2567 is 2024) were brought to the common one: said, though nothing else would make sense."""
    for name, stamps in scanned.items():
        place = found.fields[name]
        if any(each.startswith(("epoch", "excel")) for each in stamps.spelling):
            continue
        seen = quick.text(raw.kept[place][:SAMPLE])
        hits = seen.filter(pc.fill_null(pc.match_substring_regex(seen, _THAI), False))
        if len(hits):
            marks = pc.fill_null(pc.match_substring_regex(quick.text(raw.kept[place]), _THAI), False)
            marks = marks.to_numpy(zero_copy_only=False)
            out.book.note("thai_years", "note", marks, column=raw.headings[place], value=str(hits[0].as_py()))


def _note_partly_dated(raw: RawTable, found: Match, scanned: Mapping[str, dates.Stamps], out: _Out) -> None:
    """Single dates among stamps: midnight would be a time nobody wrote, so no duration starts or ends there."""
    lost = {}
    for name, stamps in scanned.items():
        bare = stamps.without_time
        spelled = not any(each.startswith(("epoch", "excel")) for each in stamps.spelling)
        if bare.any() and spelled and name in CLOCKS and not out.formats[name].endswith("date"):
            lost[name] = bare
            out.book.note("partly_dated", "warning", lost[name], column=raw.headings[found.fields[name]])
    start = lost.get("started_at", np.zeros(len(raw.rows), dtype=bool))
    for name in CLOCKS[1:]:
        marks = lost.get(name, start) | start
        if name in out.columns and marks.any():
            _lose(out.columns, name, marks)


def _lose(columns: dict[str, pa.Array], name: str, marks: np.ndarray) -> None:
    """Takes single stamps out of a column; a conversation whose reply lost its time was answered all the same."""
    filled = columns[name].is_valid().to_numpy(zero_copy_only=False)
    columns[name] = pc.if_else(pa.array(marks), pa.scalar(None, columns[name].type), columns[name])
    if name == "first_human_reply_at":
        columns["reply_time_lost"] = pa.array((marks & filled).astype(np.int8))


_STAMPED = {"wait_s": "first_human_reply_at", "resolution_s": "closed_at"}
_FACTORS = {"min": 60.0, "h": 3600.0, "day": 86400.0, "ms": 0.001}


def _units_from_stamps(raw: RawTable, found: Match, choice: FileChoice, out: _Out) -> None:
    """Durations without a unit beside the stamps they are made of: where they differ by 60, they are minutes."""
    for name, until in _STAMPED.items():
        if not {name, until, "started_at"} <= set(out.columns):
            continue
        heading = raw.headings[found.fields[name]]
        open_unit = (
            out.formats[name] in ("s", "mm:ss") and heading not in choice.units and not _NAMES_SECONDS.search(heading)
        )
        unit = _fitting_unit(*(_floats(out.columns[each]) for each in ("started_at", until, name))) if open_unit else ""
        if unit:
            factor = _FACTORS[unit]
            out.columns[name] = pa.array(_floats(out.columns[name]) * factor, from_pandas=True)
            facts = {"unit": "hh:mm" if out.formats[name] == "mm:ss" else unit, "factor": f"{factor:g}"}
            out.book.issues[:] = [
                each for each in out.book.issues if (each.code, each.column) != ("clock_doubtful", heading)
            ]
            out.formats[name] = facts["unit"]
            rows = int(out.columns[name].is_valid().sum().as_py())
            out.book.issues.append(
                Issue("unit_from_stamps", "warning", found.table.name, raw.name, heading, rows=rows, facts=facts)
            )


def _note_assumed_units(raw: RawTable, found: Match, choice: FileChoice, out: _Out) -> None:
    """Bare figures whose unit nothing says are seconds: said once for all such columns, with the figure a reader can judge by."""
    evidence = {column.field: column.evidence for column in found.columns}
    names = [
        name
        for name, place in found.fields.items()
        if name in out.bare
        and out.formats.get(name) == "s"
        and "preset" not in evidence[name]
        and normal(raw.headings[place]) != normal(name)
        and not (_NAMES_SECONDS.search(raw.headings[place]) or raw.headings[place] in choice.units)
    ]
    marks = {name: out.bare[name][0] & out.book.keep for name in names}
    open_ones = [name for name in names if (_floats(out.columns[name])[marks[name]] > 0).any()]
    if open_ones:
        headings = [raw.headings[found.fields[name]] for name in open_ones]
        shown = out.bare[open_ones[0]][1]
        about = {"columns": headings, "unit": "s", "units": "s/min/ms"}
        rows = np.logical_or.reduce([marks[name] for name in open_ones])
        out.book.note("unit_assumed", "note", rows, column=", ".join(headings), value=shown, facts=about)


def _bare_figures(cells: pa.Array) -> tuple[np.ndarray, str]:
    bare = quick.by_word(cells, partial(pc.match_substring_regex, pattern=r"^\s*\d+(?:[.,]\d+)?\s*$"))
    marks = np.asarray(pc.fill_null(bare, False).to_numpy(zero_copy_only=False))
    return marks, str(cells[int(marks.argmax())].as_py()) if marks.any() else ""


_NAMES_SECONDS = re.compile(r"秒|sec|[((]s[))]|_s$|detik|saat|วินาที|giây|segundo|초", re.IGNORECASE)


def _floats(column: pa.Array) -> np.ndarray:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))


def _fitting_unit(start: np.ndarray, until: np.ndarray, given: np.ndarray) -> str:
    """The unit that makes durations agree with their stamps; empty where seconds do, or nothing does."""
    elapsed = (until - start) / 1000
    good = np.isfinite(elapsed) & (elapsed > 0) & (given > 0)
    if good.sum() < 3:
        return ""
    ratio = elapsed[good] / given[good]
    return next((unit for unit, factor in _FACTORS.items() if np.mean(np.abs(ratio / factor - 1) < 0.34) >= 0.8), "")


def _drop_without_stamp(raw: RawTable, found: Match, out: _Out) -> None:
    for need in found.table.needs:
        name = need[0]
        if name in out.columns and _is_key(found, name):
            empty = out.columns[name].is_null().to_numpy(zero_copy_only=False)
            place = next((found.fields[each] for each in need if each in found.fields), None)
            heading = raw.headings[place] if place is not None else name
            open_end = found.table.name == "roster" and name == "end_at"
            out.book.drop("open_ended_shift" if open_end else "missing_key", empty, column=heading)


def _is_key(found: Match, name: str) -> bool:
    """Whether a row without this value says nothing; an agent may be missing, scores and ids of messages are checked apart."""
    spared = {"messages": ("conversation_id", "sender"), "conversations": ("agent_id",), "reviews": ("score",)}
    alternatives = {"transfers": ("from_agent",)}
    return name not in (*spared.get(found.table.name, ()), *alternatives.get(found.table.name, ()))


def refuse(code: str, book: Book, **about: Any) -> InputError:
    """The error that sets a whole file aside."""
    return InputError(Issue(code, "error", table=book.table, file=book.file, **about))
