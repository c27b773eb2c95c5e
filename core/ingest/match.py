"""Headings → fields, and which table a file is: by name first, then by what stands in the cells; always with the evidence.

Nothing that decides a number is guessed in silence: a needed column that only its values point to is taken when exactly one column
fits, and the report says so; an unknown one is left out and listed as unused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache, cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.ingest.choices import FileChoice
from core.ingest.content import Content, Question, by_content
from core.ingest.convert import convert
from core.ingest.dates import looks_dated
from core.ingest.presets import Preset, preset_for
from core.ingest.read import RawTable
from core.log import ColumnMatch
from core.schema import DIRECTORIES, MISSING, SUMMARY, TABLES, Column, Table, codes, loose, normal, normal_word
from core.schema import table as table_of

WINDOW = 10_000
SAMPLE = 500
TYPED = ("instant", "date", "clock", "duration", "number", "share", "rating", "flag", "sender")
PLAUSIBLE = 0.5
SURE = 0.9
CLOSE = 0.75
WIDE = 400
_FIGURES = re.compile(r"\d+")
_OTHERWISE = re.compile(
    r"不|未|非|差评|负|超时|最[长大短小高低慢快]|目标|标准|预计|应[在于]|中位|同比|环比|排名|更新|修改|邀评|机器人|智能|按键"
    r"|dis|\bun|non|negative|target|goal|due|sla|max|min(?!ute)|longest|shortest|median|p9\d|update|modif|expected|bot|rank|change"
    r"|perbarui|kemas ?kini|diubah|batas|cập ?nhật|hạn|แก้ไขล่าสุด|อัปเดต|กำหนด|actualiz|límite|vencim|更新|変更|予定|期限|수정|변경|예정|기한"
)
"""What turns a heading into its opposite, a limit or another statistic: a part of such a heading says nothing about the column."""
NEVER_BY_PART = ("response_rate_24h",)
_SILENT = pa.array(sorted(SUMMARY | MISSING))
"""Labels of summary rows and placeholders say nothing about what a column holds."""


class Sample:
    """A few cells of a column, spread over its first rows, and how well each kind fits them."""

    def __init__(self, column: pa.Array) -> None:
        cells = pc.utf8_trim_whitespace(pc.drop_null(column[:WINDOW]))
        said = pc.invert(pc.is_in(pc.utf8_lower(cells), value_set=_SILENT))
        filled = cells.filter(pc.and_(pc.greater(pc.binary_length(cells), 0), said))
        self.cells: pa.Array = filled.take(pa.array(np.arange(0, len(filled), -(-len(filled) // SAMPLE) or 1)))
        self._fits: dict[str, float] = {}

    @cached_property
    def distinct(self) -> list[str]:
        """The distinct cells of the sample."""
        return [str(cell) for cell in self.cells.unique().to_pylist()]

    def fits(self, kind: str) -> float:
        """Share of the cells that can be read as this kind; 1 for an empty column and for kinds that take any text."""
        if kind not in TYPED or not len(self.cells):
            return 1.0
        if kind not in self._fits:
            self._fits[kind] = self._measure(kind)
        return self._fits[kind]

    def _measure(self, kind: str) -> float:
        if kind in ("instant", "date"):
            return looks_dated(self.cells.to_pylist())
        if kind == "sender":
            return sum(normal_word(cell) in codes("sender") for cell in self.distinct) / len(self.distinct)
        return 1.0 - float(convert(self.cells, kind).bad.mean())


@dataclass(frozen=True)
class Match:
    """What a file was taken for: table, column index of every matched field, evidence, what is lacking, and whose layout it is."""

    table: Table
    fields: Mapping[str, int]
    columns: tuple[ColumnMatch, ...]
    lacking: tuple[tuple[str, ...], ...] = ()
    guessed: tuple[str, ...] = ()
    platform: str = ""
    question: Question | None = None

    @property
    def complete(self) -> bool:
        """Whether every needed column is there and none of them is in question."""
        return not self.lacking and self.question is None


@cache
def aliases(table: Table) -> Mapping[str, tuple[tuple[str, int], ...]]:
    """Fields of a table by normalised heading, each with its rank (0 = the best name of the field)."""
    known: dict[str, list[tuple[str, int]]] = {}
    for column in table.columns:
        for rank, alias in enumerate(column.aliases):
            known.setdefault(normal(alias), []).append((column.name, rank))
    return {heading: tuple(dict.fromkeys(fields)) for heading, fields in known.items()}


@cache
def loose_aliases(table: Table) -> Mapping[str, tuple[tuple[str, int], ...]]:
    """The same by headings whose words of one meaning are one word."""
    known: dict[str, list[tuple[str, int]]] = {}
    for column in table.columns:
        for rank, alias in enumerate(column.aliases):
            if not column.part and _telling(loose(alias)):
                known.setdefault(loose(alias), []).append((column.name, rank))
    return {heading: tuple(dict.fromkeys(fields)) for heading, fields in known.items()}


def _telling(name: str) -> bool:
    """Whether a loose heading says more than "id" or "start"."""
    return len(name) >= (8 if name.isascii() else 3)


def match(raw: RawTable, choice: FileChoice) -> Match:
    """The table and the fields of a file; of several possible tables the one that explains most headings.

    Args:
        raw: the file as read.
        choice: the user's decisions about it; they always win.

    Returns:
        The best match; ``lacking`` names the needed columns that no heading fulfils.
    """
    samples = [Sample(column) for column in raw.head(WINDOW).columns]
    layout = preset_for(raw.headings)
    if layout is not None and choice.table in ("", layout.table):
        return _match_table(raw, table_of(layout.table), choice, samples, layout)
    tables = [t for t in (*TABLES, *DIRECTORIES) if choice.table in ("", t.name)] or list(TABLES)
    found = [_match_table(raw, table, choice, samples) for table in tables]
    best = max(found, key=_rank)
    return (_by_content(raw, choice, samples) if _mute(best) else None) or best


_SAID = {"heading", "heading_like", "heading_part"}
_RUNNERS_UP = {
    "conversation_id": "customer_id", "first_human_reply_at": "closed_at", "closed_at": "first_human_reply_at", "paid_at": "shipped_at",
    "amount": "refunded_amount", "wait_s": "handle_s", "handle_s": "wait_s", "agent_id": "assigned_agent", "start_at": "end_at",
    "sender_id": "customer_id",
}  # fmt: skip
"""What a column that only its cells point to could be instead."""


def _mute(best: Match) -> bool:
    """Whether the headings of a file say too little: a third of them at most, and not what the table needs."""
    named = {column.field for column in best.columns if _SAID & set(column.evidence)}
    told = {column.field for column in best.columns if "user" in column.evidence}
    return bool(best.table.lacking(named | told)) and 3 * len(named) <= len(best.columns) <= _MOST_MUTE


_MOST_MUTE = 60


def _by_content(raw: RawTable, choice: FileChoice, samples: list[Sample]) -> Match | None:
    """The file by its cells; what the user or a heading of the table says stands first."""
    banned = {
        place for place, name in enumerate(raw.headings) if choice.columns.get(name) == "" or name.startswith("_")
    }
    columns = list(raw.head(WINDOW).columns)
    told = {field: raw.headings.index(name) for name, field in choice.columns.items() if field and name in raw.headings}
    read = by_content(columns, told, banned, choice.table)
    if read is None or not read.table:
        return None if read is None else _asked(raw, read, {}, choice.platform)
    named = _match_table(raw, table_of(read.table), choice, samples)
    said = {name: why for name, why in _evidence(named).items() if {*_SAID, "user"} & set(why)}
    if said.keys() - told.keys():
        read = by_content(columns, {name: named.fields[name] for name in said}, banned, read.table) or read
    return _asked(raw, read, said, choice.platform)


def _evidence(found: Match) -> dict[str, tuple[str, ...]]:
    return {column.field: column.evidence for column in found.columns if column.field}


def _asked(raw: RawTable, read: Content, said: Mapping[str, tuple[str, ...]], platform: str) -> Match:
    """A reading by cells as a match; every field of it is said to be a guess."""
    table = table_of(read.table or "conversations")
    fields = {name: place for name, place in read.fields.items() if name in table.by_name()}
    guessed = tuple(name for name in fields if name not in said)
    evidence = {name: ("values", "relation") if name in read.related else ("values",) for name in guessed} | dict(said)
    columns = tuple(
        replace(each, runner_up=read.others.get(place) or (_RUNNERS_UP.get(each.field, "") if each.field in guessed else ""))
        for place, each in enumerate(_column_matches(raw, table, fields, evidence))
    )
    return Match(table, fields, columns, table.lacking(set(fields)), guessed, platform, read.question)


def _rank(found: Match) -> tuple[int, bool, float, int]:
    needed = {name for need in found.table.needs for name in need}
    strength = sum(1.5 if name in needed else 1.0 for name in found.fields)
    weak = sum(0.5 for column in found.columns if column.field and "heading" not in column.evidence)
    order = [t.name for t in (*DIRECTORIES, *reversed(TABLES))].index(found.table.name)
    tie = {"roster": 20, "messages": 19}.get(found.table.name, order)
    certain = not (needed & set(found.guessed)) or found.table.name == "messages"
    return -min(len(found.lacking), 2), certain, strength - weak, tie


@dataclass(frozen=True)
class _Search:
    """One table tried on one file: what is found so far; ``banned`` are the columns the user does not want."""

    raw: RawTable
    table: Table
    samples: list[Sample]
    fields: dict[str, int]
    evidence: dict[str, tuple[str, ...]]
    banned: set[int]


def _match_table(
    raw: RawTable, table: Table, choice: FileChoice, samples: list[Sample], layout: Preset | None = None
) -> Match:
    fields, evidence = _by_user(raw, table, choice)
    banned = {place for place, heading in enumerate(raw.headings) if choice.columns.get(heading) == ""}
    if layout is not None:
        banned |= _by_preset(raw, layout, choice, (fields, evidence))
    search = _Search(raw, table, samples, fields, evidence, banned)
    _by_heading(search)
    _by_synonym(search)
    _by_part(search)
    guessed = _by_values(search)
    _owner_as_agent(table, fields, evidence)
    _rating_as_start(table, fields, evidence)
    _drop_spare_parts(table, fields)
    columns = _column_matches(raw, table, fields, evidence)
    platform = choice.platform or (layout.platform if layout else "")
    return Match(table, fields, columns, table.lacking(set(fields)), guessed, platform)


def _by_user(raw: RawTable, table: Table, choice: FileChoice) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
    known = table.by_name()
    fields = {
        choice.columns[heading]: place
        for place, heading in enumerate(raw.headings)
        if choice.columns.get(heading) in known
    }
    return fields, dict.fromkeys(fields, ("user",))


def _by_preset(
    raw: RawTable, layout: Preset, choice: FileChoice, found: tuple[dict[str, int], dict[str, tuple[str, ...]]]
) -> set[int]:
    """Takes the fields of a platform's layout, where the user has not said otherwise; gives the columns it rules out."""
    fields, evidence = found
    unused = set()
    for place, heading in enumerate(raw.headings):
        field = layout.columns.get(normal(heading))
        if field is None or heading in choice.columns:
            continue
        if not field:
            unused.add(place)
        elif field not in fields:
            fields[field], evidence[field] = place, ("preset",)
    return unused


def _by_heading(search: _Search) -> None:
    known, columns = aliases(search.table), search.table.by_name()
    offers = [
        (columns[name].part, rank, place, name)
        for place, heading in enumerate(search.raw.headings)
        for name, rank in known.get(normal(heading), ())
    ]
    _take(search, offers, PLAUSIBLE, "heading")


def _by_synonym(search: _Search) -> None:
    """Headings in other words of the same meaning; their cells have to agree, where they can."""
    if len(search.raw.headings) > WIDE:
        return
    known = loose_aliases(search.table)
    offers = [
        (False, rank, place, name)
        for place, heading in enumerate(search.raw.headings)
        for name, rank in known.get(loose(heading), ())
        if len(search.samples[place].cells) and name not in NEVER_BY_PART
    ]
    _take(search, offers, SURE, "heading_like")


def _take(search: _Search, offers: list[tuple[bool, int, int, str]], least: float, evidence: str) -> None:
    """Gives every field its best offer (part, rank, place, name) whose cells are of the field's kind."""
    fields, columns = search.fields, search.table.by_name()
    for _, _, place, name in sorted(offers):
        if name in fields or place in fields.values() or place in search.banned:
            continue
        fit = search.samples[place].fits(columns[name].kind)
        if fit >= least or columns[name].kind == "sender":
            fields[name] = place
            sure = columns[name].kind in TYPED and fit >= SURE
            search.evidence[name] = (evidence, "values") if sure else (evidence,)


def _by_part(search: _Search) -> None:
    """A heading that contains a known one, for kinds whose cells can confirm it; tables wider than any log are spared."""
    raw, table, fields = search.raw, search.table, search.fields
    if len(raw.headings) > WIDE:
        return
    for place, heading in enumerate(raw.headings):
        if place in search.banned or place in fields.values() or not len(search.samples[place].cells):
            continue
        for name in _contained(normal(heading), table, fields):
            if search.samples[place].fits(table.column(name).kind) >= SURE:
                fields[name], search.evidence[name] = place, ("heading_part", "values")
                break


def _contained(heading: str, table: Table, taken: Iterable[str]) -> list[str]:
    """Free fields one of whose names is a part of the heading, the longest first; 3 minutes are never 24 hours."""
    found: dict[str, int] = {}
    for alias, names in aliases(table).items():
        enough = len(alias) >= (3 if not alias.isascii() else 6)
        if not (enough and alias in heading) or _FIGURES.findall(alias) != _FIGURES.findall(heading):
            continue
        if not _OTHERWISE.search(heading.replace(alias, " ")):
            for name, _ in names:
                if name not in taken and name not in NEVER_BY_PART and _confirmable(table.column(name)):
                    found[name] = max(found.get(name, 0), len(alias))
    return sorted(found, key=lambda name: -found[name])


def _confirmable(column: Column) -> bool:
    return column.kind in ("instant", "duration", "rating", "share") and not column.part


def _by_values(search: _Search) -> tuple[str, ...]:
    """A needed column that exactly one unused column's cells point to."""
    raw, table, fields = search.raw, search.table, search.fields
    guessed = []
    for need in table.lacking(set(fields)):
        column = table.column(need[0])
        if column.kind not in ("instant", "sender"):
            continue
        fitting = [
            place
            for place in range(len(raw.headings))
            if place not in search.banned
            and place not in fields.values()
            and _points_to(raw.headings[place], search.samples[place], column.kind)
        ]
        if len(fitting) == 1:
            fields[column.name], search.evidence[column.name] = fitting[0], ("values",)
            guessed.append(column.name)
    return tuple(guessed)


def _points_to(heading: str, sample: Sample, kind: str) -> bool:
    """Whether the cells say so by themselves; headings with a leading underscore are a loader's own book-keeping."""
    return (
        not heading.startswith("_") and len(sample.cells) > 0 and len(sample.distinct) > 1 and sample.fits(kind) >= SURE
    )


def _owner_as_agent(table: Table, fields: dict[str, int], evidence: dict[str, tuple[str, ...]]) -> None:
    """A file of conversations that names nobody but the person assigned names its agent so."""
    if table.name == "conversations" and "agent_id" not in fields and "assigned_agent" in fields:
        fields["agent_id"] = fields.pop("assigned_agent")
        evidence["agent_id"] = evidence.pop("assigned_agent")


def _rating_as_start(table: Table, fields: dict[str, int], evidence: dict[str, tuple[str, ...]]) -> None:
    """A report of ratings has no start: the day of the rating stands for it, and the ledger says so."""
    started = {"started_at", "started_date"} & set(fields)
    named = {"agent_id", "conversation_id"} & set(fields)
    if table.name == "conversations" and not started and named and {"csat", "csat_at"} <= set(fields):
        fields["started_at"] = fields.pop("csat_at")
        evidence["started_at"] = ("rating_time",)
        evidence.pop("csat_at", None)


def _drop_spare_parts(table: Table, fields: dict[str, int]) -> None:
    """A date and a time of day serve only where the stamp itself is missing."""
    for need in table.needs:
        stamp = need[0]
        if stamp in fields and table.column(stamp).kind == "instant":
            for part in need[1:]:
                fields.pop(part, None)


def _column_matches(
    raw: RawTable, table: Table, fields: Mapping[str, int], evidence: Mapping[str, tuple[str, ...]]
) -> tuple[ColumnMatch, ...]:
    by_place = {place: name for name, place in fields.items()}
    result = []
    for place, heading in enumerate(raw.headings):
        name = by_place.get(place, "")
        others = [other for other, _ in aliases(table).get(normal(heading), ()) if other != name]
        kind = table.column(name).kind if name else ""
        result.append(ColumnMatch(heading, name, kind, "", evidence.get(name, ()), others[0] if others else ""))
    return tuple(result)


def suggestion(found: Match) -> tuple[str, str]:
    """The missing field and the unused heading that resembles one of its names most; no heading when none does."""
    missing = [name for need in found.lacking for name in need]
    best = (CLOSE, missing[0] if missing else "", "")
    for heading in [column.name for column in found.columns if not column.field][:WIDE]:
        for name in missing:
            for alias in found.table.column(name).aliases:
                ratio = SequenceMatcher(None, normal(alias), normal(heading)).ratio()
                best = max(best, (ratio, name, heading), key=lambda each: each[0])
    return best[1], best[2]
