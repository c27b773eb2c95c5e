"""A table of the engine in the schema's fields: which column is which, and the SQL that makes a value of it as the import would.

Coded columns are converted through their distinct words, as the import does: those few words come here, are understood by the same
functions, and go back as a CASE. Where the file does not say which column is which, the import's matcher is asked with the columns'
names and a few rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from core.engine.staging import ATTRIBUTES
from core.errors import InputError, Issue, KefuError, did_you_mean
from core.ingest.cells import cell_text
from core.ingest.checks import rating_span
from core.ingest.choices import FileChoice
from core.ingest.convert import Reading, convert
from core.ingest.match import Match, match, suggestion
from core.ingest.read import RawTable
from core.ingest.stage import BOGUS, CLOCKS, FUTURE
from core.log import ColumnMatch
from core.schema import MISSING, Column, Table, normal_word
from core.schema import table as table_of
from core.warehouse.engines import Warehouse
from core.warehouse.source import DURATION_UNITS, STAMP_UNITS, SourceFile

SAMPLE = 200
"""Rows that are looked at where the file does not say which column is which."""
MOST_WORDS = 2000
"""Distinct words of a coded column that are fetched."""
_OF_BOTH = frozenset({"csat", "channel", "language", "customer_id", "conversation_id", "agent_id", "seq", *ATTRIBUTES})
READ: Mapping[str, frozenset[str]] = {
    "messages": _OF_BOTH | {"sent_at", "sender", "automation", "event", "message_id", "public"},
    "conversations": _OF_BOTH
    | {"started_at", "first_human_reply_at", "wait_s", "resolution_s", "handle_s", "answered", "started_by", "needs_human", "csat_at"},
    "transfers": frozenset({"conversation_id", "requested_at", "accepted_at"}),
    "roster": frozenset({"agent_id", "start_at", "end_at", "team", "break_minutes"}),
    "reviews": frozenset(column.name for column in table_of("reviews").columns if not column.part),
}
"""Fields that some figure needs; what people wrote is not among them and stays where it is."""
_CODED = ("sender", "automation", "event", "channel", "rater_type", "flag", "category")
_STAMPED = ("stamp", "stamp_tz", "date")
_COUNTED = ("integer", "number")
_ESCAPING = ("clickhouse", "spark", "spark_connect")


@dataclass(frozen=True)
class Mapped:
    """A table of the engine in the schema's fields.

    Args:
        table: table of the schema.
        place: the table there, quoted.
        fields: field → SQL over a row there.
        matches: what each column there was taken for.
        issues: what was guessed, assumed or left out.
        dated: stamps that are days without a time.
        whole_seq: whether ``seq`` is a whole number that orders rows by itself.
    """

    table: str
    place: str
    fields: Mapping[str, str]
    matches: tuple[ColumnMatch, ...]
    issues: tuple[Issue, ...] = ()
    dated: frozenset[str] = field(default_factory=frozenset)
    whole_seq: bool = False

    def has(self, *names: str) -> bool:
        """Whether all these fields are there."""
        return set(names) <= set(self.fields)

    def select(self) -> str:
        """A SELECT of the rows that can be used, every field as ``v_<field>``."""
        columns = ", ".join(f"{sql} AS v_{name}" for name, sql in self.fields.items())
        return f"SELECT * FROM (SELECT {columns} FROM {self.place}) AS given WHERE {_USABLE[self.table](self)}"


def _started(_: Mapped) -> str:
    return _within("started_at")


def _worked(_: Mapped) -> str:
    return "v_agent_id IS NOT NULL AND v_end_at >= v_start_at"


def _handed(_: Mapped) -> str:
    return "v_conversation_id IS NOT NULL AND v_requested_at IS NOT NULL"


def _within(name: str) -> str:
    return f"v_{name} >= {BOGUS} AND v_{name} < {FUTURE}"


def _keyed(found: Mapped) -> str:
    keys = [f"v_{name} IS NOT NULL" for name in ("conversation_id", "customer_id") if found.has(name)]
    return f"{_within('sent_at')} AND ({' OR '.join(keys)})"


def _scored(found: Mapped) -> str:
    spared = " OR v_not_applicable = 1" if found.has("not_applicable") else ""
    return f"v_agent_id IS NOT NULL AND (v_score IS NOT NULL{spared})"


_USABLE = {
    "messages": _keyed,
    "conversations": _started,
    "roster": _worked,
    "reviews": _scored,
    "transfers": _handed,
}
"""Which rows the import would keep."""


def literal(kind: str, value: str) -> str:
    r"""A text as an engine reads it in a statement.

    >>> literal("postgresql", "O'Hara \\"), literal("clickhouse", "O'Hara \\")
    ("'O''Hara \\'", "'O\\'Hara \\\\'")
    """
    if kind in _ESCAPING:
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "'" + value.replace("'", "''") + "'"


def mapped(warehouse: Warehouse, source: SourceFile, table: str) -> Mapped:
    """A table of the source in the schema's fields.

    Raises:
        InputError: ``far_no_table``, ``far_no_column``, ``far_bad_kind``, ``far_unknown_words`` (senders that nobody explained),
            ``missing_columns``, ``messages_without_clock``; or what the engine answered.
    """
    there = source.tables[table]
    codes = _columns(warehouse, source, there)
    if table in source.columns:
        chosen = dict(source.columns[table])
        for column in chosen.values():
            if column not in codes:
                facts = {"like": did_you_mean(column, codes) or ", ".join(list(codes)[:12])}
                raise InputError(Issue("far_no_column", "error", table, source.name, column, value=there, facts=facts))
        matches = tuple(_told(name, chosen, table) for name in codes)
        issues: tuple[Issue, ...] = ()
    else:
        chosen, matches, issues = _guessed(warehouse, source, table, codes)
    lacking = table_of(table).lacking(set(chosen))
    if lacking:
        raise InputError(_missing(source, table, codes, lacking))
    return _Mapper(warehouse, source, table, codes).made(chosen, matches, issues)


def _columns(warehouse: Warehouse, source: SourceFile, there: str) -> Mapping[str, str]:
    try:
        return warehouse.columns(there)
    except InputError as error:
        if error.issue.code != "source_no_table":
            raise
    known = _tables(warehouse)
    short = {name.rpartition(".")[2]: name for name in known}
    like = did_you_mean(there, known) or short.get(did_you_mean(there.rpartition(".")[2], short), "") or ", ".join(known[:8])
    raise InputError(Issue("far_no_table", "error", file=source.name, value=there, facts={"like": like or "–"}))


def _tables(warehouse: Warehouse) -> list[str]:
    """Tables that this session sees, as far as the engine tells."""
    hidden = "('pg_catalog', 'information_schema', 'INFORMATION_SCHEMA', 'system')"
    with suppress(KefuError):
        listed = f"SELECT table_schema AS s, table_name AS t FROM information_schema.tables WHERE table_schema NOT IN {hidden}"
        found = warehouse.rows(listed, most=20_000)
        plain = ("public", "main", "default")
        return sorted(t if s in plain else f"{s}.{t}" for s, t in found.itertuples(index=False, name=None))
    with suppress(KefuError):
        return sorted(str(name) for name in warehouse.rows("SHOW TABLES", most=20_000)["tableName"])
    return []


def _told(name: str, chosen: Mapping[str, str], table: str) -> ColumnMatch:
    known = table_of(table).by_name()
    of_column = next((each for each, column in chosen.items() if column == name), "")
    kind = known[of_column].kind if of_column in known else ""
    return ColumnMatch(name, of_column, kind, "", ("mapping",) if of_column else ())


def _guessed(
    warehouse: Warehouse, source: SourceFile, table: str, codes: Mapping[str, str]
) -> tuple[dict[str, str], tuple[ColumnMatch, ...], tuple[Issue, ...]]:
    """Fields by the import's matcher; what helps to make a field only in files is left aside."""
    found = match(_sampled(warehouse, source, table, codes), FileChoice(table=table))
    schema = found.table.by_name()
    headings = list(codes)
    fields = {name: headings[place] for name, place in found.fields.items()}
    chosen = {name: column for name, column in fields.items() if not schema[name].part and name != "text"}
    if "agent_id" not in chosen and "agent_name" in fields:
        chosen["agent_id"] = fields["agent_name"]
    matches = tuple(each if each.field in chosen else replace(each, field="") for each in found.columns)
    shown = ", ".join(f"{name} = {column}" for name, column in chosen.items())
    return chosen, matches, (Issue("far_matched", "note", table, source.name, value=shown),)


def _sampled(warehouse: Warehouse, source: SourceFile, table: str, codes: Mapping[str, str]) -> RawTable:
    listed = ", ".join(warehouse.quoted(name) for name in codes)
    rows = warehouse.rows(f"SELECT {listed} FROM {warehouse.quoted(source.tables[table])} LIMIT {SAMPLE}", most=SAMPLE)
    cells = [pa.array([cell_text(cell) for cell in rows[name].astype(object)], pa.string()) for name in rows.columns]
    return RawTable(source.name, tuple(codes), cells, np.arange(2, len(rows) + 2))


def _missing(source: SourceFile, table: str, codes: Mapping[str, str], lacking: Sequence[Sequence[str]]) -> Issue:
    missing = [need[0] for need in lacking]
    headings = tuple(codes)
    columns = tuple(ColumnMatch(name, "", "") for name in headings)
    like_field, like = suggestion(Match(table_of(table), {}, columns, tuple(tuple(need) for need in lacking)))
    facts = {"missing": ", ".join(missing), "fields": missing, "headings": ", ".join(headings[:30]), "like": like, "like_field": like_field}
    code = "missing_columns_like" if like else "missing_columns"
    return Issue(code, "error", table, f"{source.name}: {source.tables[table]}", missing[0], row=1, facts=facts)


class _Mapper:
    """Makes the SQL of one table's fields."""

    def __init__(self, warehouse: Warehouse, source: SourceFile, table: str, codes: Mapping[str, str]) -> None:
        self.warehouse, self.source, self.codes = warehouse, source, codes
        self.table: Table = table_of(table)
        self.place = warehouse.quoted(source.tables[table])
        self.issues: list[Issue] = []
        self.words: dict[str, dict[str, int] | None] = {}

    def made(self, chosen: Mapping[str, str], matches: tuple[ColumnMatch, ...], issues: tuple[Issue, ...]) -> Mapped:
        """The table with every field that can be made."""
        schema = self.table.by_name()
        dated = frozenset(name for name, column in chosen.items() if self.codes[column] == "date" and name in (*CLOCKS, "sent_at"))
        if "sent_at" in dated:
            raise self._wrong("messages_without_clock", chosen["sent_at"])
        late = set(CLOCKS[1:]) if "started_at" in dated else dated - {"started_at"}
        fields = {}
        used = {name: column for name, column in chosen.items() if name in READ[self.table.name] - late}
        self._look([column for name, column in used.items() if name != "seq" and self._worded(schema[name], column)])
        for name, column in used.items():
            told = self.table.name in self.source.columns
            sql = self._seq(column) if name == "seq" else self._expression(schema[name], column, told=told)
            if sql:
                fields[name] = sql
        whole = "seq" in chosen and self.codes[chosen["seq"]] == "integer"
        return Mapped(self.table.name, self.place, fields, matches, (*issues, *self.issues), dated, whole)

    def _wrong(self, code: str, column: str, **about: Any) -> InputError:
        return InputError(Issue(code, "error", self.table.name, self.source.name, column, **about))

    def _note(self, code: str, severity: str, column: str, **about: Any) -> None:
        self.issues.append(Issue(code, severity, self.table.name, self.source.name, column, **about))

    def _seq(self, column: str) -> str:
        quoted = self.warehouse.quoted(column)
        return self.warehouse.typed(quoted, "integer" if self.codes[column] == "integer" else "text")

    def _text(self, column: str) -> str:
        return self.warehouse.typed(self.warehouse.quoted(column), "text")

    def _literal(self, value: str) -> str:
        return literal(self.warehouse.kind, value)

    def _expression(self, known: Column, column: str, *, told: bool) -> str:
        """The SQL of a field; empty where a guessed column holds another kind."""
        code = self.codes[column]
        ways = (
            (("instant",), (*_STAMPED, *_COUNTED), self._stamp), (("number", "duration", "share"), (*_COUNTED, "flag"), self._number),
            (("rating",), (*_COUNTED, "text"), self._rating), (("flag",), ("flag",), self._flag),
            (_CODED, ("text", *_COUNTED), self._coded), (("id", "text"), ("text", *_COUNTED, "flag", "date"), self._id),
        )  # fmt: skip
        way = next((way for kinds, codes, way in ways if known.kind in kinds and code in codes), None)
        if way is not None:
            return way(known, column)
        about = {"value": code, "facts": {"field": known.name, "kind": known.kind}}
        if told or any(known.name == need[0] for need in self.table.needs):
            raise self._wrong("far_bad_kind", column, **about)
        self._note("far_bad_kind", "warning", column, **about)
        return ""

    def _flag(self, _: Column, column: str) -> str:
        quoted = self.warehouse.quoted(column)
        return self.warehouse.typed(f"CASE WHEN {quoted} THEN 1 WHEN NOT {quoted} THEN 0 END", "small")

    def _stamp(self, known: Column, column: str) -> str:
        quoted, code = self.warehouse.quoted(column), self.codes[column]
        if code in _STAMPED:
            return self.warehouse.stamp_ms(quoted, code, self.source.stamps_zone)
        factor = STAMP_UNITS.get(self.source.units.get(self.table.name, {}).get(known.name, ""), 0.0) or self._magnitude(quoted)
        return self.warehouse.typed(f"round({self.warehouse.typed(quoted, 'number')} * {factor})", "integer")

    def _magnitude(self, quoted: str) -> float:
        """Seconds, milli- or microseconds since 1970, by the largest stamp."""
        top = self.warehouse.rows(f"SELECT max({quoted}) AS top_stamp FROM {self.place}", most=1)["top_stamp"].iloc[0]
        return 1000.0 if top is None or not float(top) > 1e11 else 1.0 if float(top) < 1e14 else 0.001

    def _number(self, known: Column, column: str) -> str:
        unit = self.source.units.get(self.table.name, {}).get(known.name, "s")
        factor = DURATION_UNITS.get(unit, 1.0) if known.kind == "duration" else 1.0
        figure = self.warehouse.typed(self.warehouse.quoted(column), "number")
        figure = figure if factor == 1.0 else f"{figure} * {factor}"
        bounds = [f"({figure}) {sign} {end}" for sign, end in ((">=", known.low), ("<=", known.high)) if end is not None]
        return f"CASE WHEN {' AND '.join(bounds)} THEN {figure} END" if bounds else figure

    def _id(self, _: Column, column: str) -> str:
        """Ids as text; empty ones and placeholders are missing."""
        text = self._text(column)
        if self.codes[column] != "text":
            return text
        silent = ", ".join(self._literal(word) for word in sorted(MISSING | {""}))
        return f"CASE WHEN lower(trim({text})) IN ({silent}) THEN {self.warehouse.typed('NULL', 'text')} ELSE trim({text}) END"

    def _worded(self, known: Column, column: str) -> bool:
        """Whether a column is understood through its distinct words."""
        code = self.codes[column]
        return code in ("text", *_COUNTED) and (known.kind in _CODED or known.kind == "rating")

    def _look(self, columns: Sequence[str]) -> None:
        """Fetches the distinct words of several columns in one question; where some column has too many, in one for each."""
        try:
            self._fetch(columns, MOST_WORDS)
        except InputError as error:
            if error.issue.code != "engine_too_many_rows":
                raise
            if len(columns) == 1:
                self.words[columns[0]] = None
                return
            for column in columns:
                self._look([column])

    def _fetch(self, columns: Sequence[str], most: int) -> None:
        if not columns:
            return
        texts = [self._text(column) for column in columns]
        asked = " UNION ALL ".join(
            f"SELECT {number} AS far_place, {text} AS far_word, count(*) AS far_n FROM {self.place} GROUP BY {text}"
            for number, text in enumerate(texts)
        )
        found = self.warehouse.rows(asked, most=most)
        self.words |= {column: {} for column in columns}
        for place, word, n in found.itertuples(index=False, name=None):
            words = self.words[columns[int(place)]]
            if isinstance(word, str) and words is not None:
                words[word] = int(n)

    def _coded(self, known: Column, column: str) -> str:
        seen = self.words.get(column)
        if seen is None:
            return self._id(known, column) if known.kind in ("category", "channel") else ""
        done = convert(pa.array(list(seen), pa.string()), known.kind, self._reading(known))
        unknown = {word: n for (word, n), bad in zip(seen.items(), done.bad, strict=True) if bad}
        if unknown:
            self._unexplained(known, column, unknown)
        values = dict(zip(seen, done.values.to_pylist(), strict=True))
        if known.kind == "flag":
            return self._case(column, {word: None if value is None else str(int(value)) for word, value in values.items()}, "small")
        if all(value == word for word, value in values.items()):
            return self._text(column)
        return self._case(column, {word: None if value is None else self._literal(str(value)) for word, value in values.items()}, "text")

    def _reading(self, known: Column) -> Reading:
        words = self.source.values.get(known.name, {})
        return Reading(words={normal_word(word): code for word, code in words.items()})

    def _unexplained(self, known: Column, column: str, unknown: Mapping[str, int]) -> None:
        shown = ", ".join(sorted(unknown, key=lambda word: -unknown[word])[:8])
        about = {"value": shown, "rows": sum(unknown.values()), "facts": {"field": known.name}}
        if known.kind == "sender":
            raise self._wrong("far_unknown_words", column, **about)
        self._note("far_unknown_words", "warning", column, **about)

    def _case(self, column: str, words: Mapping[str, str | None], code: str) -> str:
        """The words of a column as what they mean."""
        known = " ".join(f"WHEN {self._literal(word)} THEN {value}" for word, value in words.items() if value is not None)
        return self.warehouse.typed(f"CASE {self._text(column)} {known} END" if known else "NULL", code)

    def _rating(self, known: Column, column: str) -> str:
        """Ratings on 1–5, other scales brought there as the import does."""
        seen = self.words.get(column)
        if seen is None:
            return self.warehouse.typed(self.warehouse.quoted(column), "number") if self.codes[column] in _COUNTED else ""
        done = convert(pa.array(list(seen), pa.string()), "rating", self._reading(known))
        figures = np.asarray(done.values.cast(pa.float64()).to_numpy(zero_copy_only=False))
        counts = np.array(list(seen.values()), dtype=np.float64)
        times = np.ceil(counts * 100_000 / max(counts.sum(), 1)).astype(np.int64)
        known_ones = np.isfinite(figures)
        low, high = rating_span(np.repeat(figures[known_ones], times[known_ones]))
        if (low, high) != (1, 5):
            self._note("csat_scale", "warning", column, rows=int(counts[known_ones].sum()), facts={"low": f"{low:g}", "high": f"{high:g}"})
        inside = known_ones & (figures >= low) & (figures <= high)
        stars = 1 + (figures - low) * 4 / (high - low)
        words = {word: repr(float(star)) if fits else None for word, star, fits in zip(seen, stars, inside, strict=True)}
        return self._case(column, words, "number")
