"""Messages larger than memory: files read in blocks, every block staged like a small file, all together one Parquet file.

A file is read twice. First what only the whole of it says: rows that stand twice, the order of day and month, the scale of the ratings,
texts that come word for word again and again, names of agents. Then block by block, with these decisions kept. Decisions that a small
file leaves to its first rows (which column is what) are made on as many rows here. What a later block contradicts is refused in words.

Only messages grow that large. Other tables, and shapes that must be seen whole (workbooks, threads of replies), are read as ever.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.embedded import temp_full
from core.errors import InputError, Issue
from core.ingest import checks, dates, people, suspicions
from core.ingest.choices import Choices, FileChoice, InputFile
from core.ingest.convert import Reading, convert, rating_scale
from core.ingest.fill import ways
from core.ingest.match import Match, match
from core.ingest.progress import Steps
from core.ingest.quick import Cells, give_back, text
from core.ingest.read import RawTable
from core.ingest.shape import reshaped
from core.ingest.stage import STAMPS, Staged, has_identity, looks_of, row_digests, telling
from core.ingest.stream import Stream
from core.ingest.stream import opened as opened_stream
from core.limits import Limits
from core.log import FileReport
from core.schema import normal_word

FACTOR = 5
"""Memory that reading a file as a whole takes at most, as a multiple of its size."""
LEAST = 16 << 20
"""Files smaller than this do not make a log large."""
HEAD_ROWS = 60_000
"""Rows on which the decisions about a file are made: as many as the import of a small file looks at."""
MOST_NUMBERED = 1_000_000
"""Rows of an issue that are listed one by one."""
_SURVEY = 0.35
"""Share of the reading that the first pass takes."""
_RETOLD = ("conflicting_conversation_values", "zone_doubtful")
"""Notes about all rows together, which a block cannot tell."""
StageOne = Callable[..., Staged | FileReport]


@dataclass(frozen=True)
class Large:
    """A file of messages that is read in blocks: its first rows, and what they were taken for."""

    stream: Stream
    head: RawTable
    match: Match

    @property
    def name(self) -> str:
        """Its name."""
        return self.stream.file.name

    def column(self, block: RawTable, field_name: str) -> pa.Array | None:
        """A block's cells of a field; None where the file lacks it."""
        place = self.match.fields.get(field_name)
        return None if place is None else block.kept[place]


def in_blocks(files: Sequence[InputFile], allowed: Limits) -> bool:
    """Whether these files together are more than memory holds."""
    return FACTOR * sum(file.size for file in files if file.size >= LEAST) > allowed.memory


def opened(file: InputFile, choices: Choices) -> Large | None:
    """The file, where it is of messages and can be read in blocks; None for every other.

    Raises:
        InputError: its first rows cannot be read.
    """
    stream = opened_stream(file, choices)
    head = None if stream is None else _head(stream)
    if stream is None or head is None or reshaped(head, choices) is not head:
        return None
    found = match(head, choices.of(head.name))
    named = set(found.fields)
    threads = {"message_id", "reply_to"} <= named and "conversation_id" not in named
    filled = any(ways("messages", name) for name in choices.fill)
    return Large(stream, head, found) if found.table.name == "messages" and not (threads or filled) else None


def _head(stream: Stream) -> RawTable | None:
    """The first rows of a file."""
    parts: list[RawTable] = []
    for block in stream.blocks(lambda done, rows: None):
        parts.append(block)
        if sum(len(part.rows) for part in parts) >= HEAD_ROWS:
            break
    if not sum(len(part.rows) for part in parts):
        return None
    rows = np.concatenate([part.rows for part in parts])[:HEAD_ROWS]
    few = pa.array(np.arange(len(rows)))
    columns = [pa.concat_arrays([text(part.kept[place]) for part in parts]).take(few) for place in range(len(parts[0].headings))]
    head = replace(parts[0], columns=Cells(columns), rows=rows)
    del parts, columns
    give_back()
    return head


# ── what only the whole file says ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Survey:
    """What the first pass found: a file with the looks of all rows, decisions for the second pass, and notes about them."""

    looks: Path
    choices: Choices
    whole: people.WholeFile
    notes: tuple[Issue, ...] = ()


@dataclass
class _Surveyor:
    """The first pass over a file."""

    large: Large
    start: Staged
    looks: Any
    orders: dict[str, Counter[str]] = field(default_factory=dict)
    open_cells: Counter[str] = field(default_factory=Counter)
    ratings: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    rows: dict[str, int] = field(default_factory=dict)

    def places(self) -> list[int]:
        """The columns that have to be seen."""
        fields = self.large.match.fields
        wanted = [fields[name] for name in self._open()]
        wanted += [fields[name] for name in ("csat", "text") if name in fields]
        if {"agent_id", "agent_name"} <= set(fields):
            wanted += [fields["agent_id"], fields["agent_name"]]
        return [*wanted, *telling(self.large.match)]

    def _open(self) -> list[str]:
        """Stamps whose order of day and month is not in their spelling."""
        spelled = {name: self.start.formats.get(name, "").split(" ")[0].split("+") for name in self.large.match.fields}
        return [name for name, spelling in spelled.items() if "abc" in spelling]

    def see(self, block: RawTable) -> None:
        """Takes a block in."""
        self.looks.write(looks_of(block, telling(self.large.match)).tobytes())
        for name in self._open():
            stamps = dates.scan(block.kept[self.large.match.fields[name]])
            cells, used = np.isfinite(stamps.abc[:, 0]), stamps.used
            counts = self.orders.setdefault(name, Counter())
            counts.update({order: int(used[cells & np.isfinite(dates.order_days(stamps, order))].sum()) for order in dates.ORDERS})
            self.open_cells[name] += int(used[cells].sum())
            self._mark(name, block, stamps.rows(cells))
        ratings, texts = self.large.column(block, "csat"), self.large.column(block, "text")
        if ratings is not None:
            self.ratings.update(_counts(ratings))
            said = pc.greater(pc.binary_length(pc.utf8_trim_whitespace(text(ratings))), 0)
            self._mark("csat", block, pc.fill_null(said, False).to_numpy(zero_copy_only=False))
        if texts is not None:
            cells = convert(texts, "text").values
            self.texts.update({cell: n for cell, n in _counts(cells).items() if people.hands_over(cell) or people.is_lost(cell)})
        if {"agent_id", "agent_name"} <= set(self.large.match.fields):
            self._name(block)

    def _mark(self, name: str, block: RawTable, marks: np.ndarray) -> None:
        """Keeps the first row that says something."""
        if name not in self.rows and marks.any():
            self.rows[name] = int(block.rows[int(marks.argmax())])

    def _name(self, block: RawTable) -> None:
        names = {name: convert(block.kept[self.large.match.fields[name]], kind).values for name, kind in _NAMED.items()}
        pairs = pa.table(names).group_by(list(names)).aggregate([]).to_pydict()
        self.pairs.update((one, other) for one, other in zip(*pairs.values(), strict=True) if one is not None and other is not None)


_NAMED = {"agent_id": "id", "agent_name": "category"}


def _counts(cells: pa.Array) -> dict[str, int]:
    counted = pc.value_counts(pc.drop_null(text(cells)))
    return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))


def survey(large: Large, start: Staged, choices: Choices, at: tuple[Path, Steps]) -> Survey:
    """The first pass over a file.

    Args:
        large: the file.
        start: its first rows, staged.
        choices: the user's decisions.
        at: a folder for what does not fit into memory, and the account of the import.

    Raises:
        CancelledError: the import was called off.
    """
    folder, steps = at
    path = folder / f"looks-{len(list(folder.glob('looks-*')))}"
    with path.open("wb") as looks:
        surveyor = _Surveyor(large, start, looks)
        for block in large.stream.blocks(_telling_steps(large, steps, (0.0, _SURVEY)), surveyor.places()):
            surveyor.see(block)
            give_back()
    return _decided(surveyor, choices, path)


def _telling_steps(large: Large, steps: Steps, span: tuple[float, float]) -> Callable[[int, int], None]:
    low, high = span
    size = max(large.stream.file.size, 1)
    return lambda done, rows: steps.at(large.name, low + (high - low) * min(done / size, 1.0), rows)


SORTED_AT_ONCE = 1 << 24


def twice(files: Sequence[tuple[Large, Survey]]) -> dict[tuple[str, ...], np.ndarray]:
    """The looks that more than one row has, sorted, by the headings of the files; the files of looks are removed."""
    layouts = dict.fromkeys(large.head.headings for large, _ in files)
    found = {layout: _twice([seen.looks for large, seen in files if large.head.headings == layout]) for layout in layouts}
    for _, seen in files:
        seen.looks.unlink()
    return found


def _twice(paths: Sequence[Path]) -> np.ndarray:
    """The numbers that stand more than once in files of numbers; sorted part by part, so that few of them are in memory."""
    looks = [np.memmap(path, dtype=np.uint64, mode="r") for path in paths if path.stat().st_size]
    parts = -(-sum(map(len, looks)) // SORTED_AT_ONCE)
    found = [np.zeros(0, dtype=np.uint64)]
    for part in range(parts):
        pieces = (each[at : at + SORTED_AT_ONCE] for each in looks for at in range(0, len(each), SORTED_AT_ONCE))
        own = np.sort(np.concatenate([piece[_hashed(piece) % parts == part] for piece in pieces]))
        found.append(np.unique(own[1:][own[1:] == own[:-1]]))
    return np.sort(np.concatenate(found))


def _hashed(looks: np.ndarray) -> np.ndarray:
    return np.asarray(looks * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)).astype(np.int64)


def _decided(surveyor: _Surveyor, choices: Choices, looks: Path) -> Survey:
    large, notes = surveyor.large, []
    orders: dict[str, str] = {}
    for name, counts in surveyor.orders.items():
        heading = large.head.headings[large.match.fields[name]]
        order, note = _order(surveyor, name, counts)
        orders[heading] = choices.of(large.name).orders.get(heading) or choices.of(large.name).orders.get("*", "") or order
        notes += [replace(note, file=large.name, column=heading)] if note and orders[heading] == order else []
    scale, doubt = _scale(surveyor.ratings, choices)
    if doubt is not None:
        notes.append(replace(doubt, file=large.name, row=surveyor.rows["csat"], column=large.head.headings[large.match.fields["csat"]]))
    decided = replace(choices.about(large.name, FileChoice(orders=orders)), csat_scale=scale)
    return Survey(looks, decided, _whole(surveyor), tuple(notes))


def _order(surveyor: _Surveyor, name: str, counts: Counter[str]) -> tuple[str, Issue | None]:
    """The order of day and month that most cells of the whole column allow; where several do, what the first rows were taken for."""
    options = [order for order in dates.ORDERS if counts[order] == max(counts.values())]
    taken = next((word for word in surveyor.start.formats.get(name, "").split()[1:] if word in options), options[0])
    if len(options) == 1:
        return taken, None
    facts = {"order": taken, "options": "/".join(options)}
    return taken, Issue("ambiguous_date_order", "warning", "messages", row=surveyor.rows[name], rows=surveyor.open_cells[name], facts=facts)


def _scale(ratings: Counter[str], choices: Choices) -> tuple[tuple[float, float] | None, Issue | None]:
    """The scale of all ratings, and what is said where it stays open."""
    if choices.csat_scale or not ratings:
        return choices.csat_scale, None
    words = pa.array(list(ratings), pa.string())
    own = choices.value_map.get("csat", {})
    values = convert(words, "rating", Reading("", {normal_word(word): own[word] for word in own})).values
    known = values.to_numpy(zero_copy_only=False)
    times = np.array(list(ratings.values()))
    named = rating_scale([str(word) for word in list(ratings)[:200]])
    good = np.isfinite(known)
    share = min(1.0, MOST_NUMBERED / max(int(times[good].sum()), 1))
    seen = np.repeat(known[good], np.maximum(times[good] * share, 1).astype(np.int64))
    scale = named or checks.rating_span(seen)
    others = () if named else checks.other_scales(seen, scale)
    if not others:
        return scale, None
    facts = {"low": f"{scale[0]:g}", "high": f"{scale[1]:g}", "alternatives": ", ".join(f"{a:g}–{b:g}" for a, b in others)}
    facts |= {"least": f"{seen.min():g}", "most": f"{seen.max():g}"}
    return scale, Issue("scale_doubtful", "warning", "messages", rows=int(times[good].sum()), facts=facts)


def _whole(surveyor: _Surveyor) -> people.WholeFile:
    import pandas as pd

    often = [cell for cell, n in surveyor.texts.items() if n >= people.REPEATED]
    leads = frozenset(cell for cell in often if people.hands_over(cell))
    lost = frozenset(cell for cell in often if people.is_lost(cell))
    names = people.one_to_one(pd.DataFrame(sorted(surveyor.pairs), columns=["id", "name"])) if surveyor.pairs else {}
    return people.WholeFile(names, leads, lost, _instant(surveyor))


def _instant(surveyor: _Surveyor) -> frozenset[str]:
    large, columns = surveyor.large, dict(surveyor.start.columns)
    ids = large.column(large.head, "agent_id")
    if ids is not None:
        columns["agent_id"] = convert(ids, "id").values
    if "agent_id" not in columns:
        return frozenset()
    return frozenset(people.instant(columns, people.ENOUGH_ANSWERS, 0.8) | ({"0"} & people.instant(columns, 5, 0.6)))


# ── block by block ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Notes:
    """The notes of many blocks as those of one file."""

    found: dict[tuple[str, str, str], Issue] = field(default_factory=dict)

    def add(self, issues: Iterable[Issue]) -> None:
        """Takes in the notes of a block: counts add up, the first example stays."""
        for issue in issues:
            key = (issue.code, issue.severity, issue.column)
            before = self.found.get(key)
            self.found[key] = issue if before is None else _together(before, issue)


def _together(one: Issue, other: Issue) -> Issue:
    numbers = [each.row_numbers for each in (one, other) if each.row_numbers is not None]
    listed = np.concatenate(numbers)[:MOST_NUMBERED] if numbers else None
    facts = dict(one.facts)
    if "bots" in facts:
        facts["bots"] = sorted({*facts["bots"], *other.facts.get("bots", ())})
    value = ", ".join(facts["bots"]) if "bots" in facts else one.value
    examples = (*one.examples, *other.examples)[:5]
    return replace(one, rows=one.rows + other.rows, examples=examples, row_numbers=listed, facts=facts, value=value)


@dataclass
class Blocks:
    """A file after its second pass: the parts it was written to, and its accounts."""

    large: Large
    ended: RawTable
    first: Staged
    notes: Notes = field(default_factory=Notes)
    paths: list[Path] = field(default_factory=list)
    starts: tuple[int, int] = (0, 0)
    kept: int = 0
    size: int = 0
    gone: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    canned: Counter[str] = field(default_factory=Counter)
    hours: np.ndarray = field(default_factory=lambda: np.zeros(24, dtype=np.int64))
    timed: bool = False
    zoned: bool = False

    @property
    def greetings(self) -> frozenset[str]:
        """Texts of agents that stand word for word so often that nobody types them each time."""
        return frozenset(cell for cell, n in self.canned.items() if n >= people.REPEATED)

    def late(self, zone: str) -> None:
        """The notes that only all rows together give."""
        facts = suspicions.by_night(self.hours, self.timed)
        if facts:
            place = self.large.match.fields.get("sent_at")
            heading = "" if place is None else self.large.head.headings[place]
            about: dict[str, Any] = {"rows": int(self.hours.sum()), "facts": facts | {"zone": zone, "zoned": self.zoned}}
            self.notes.add([Issue("zone_doubtful", "warning", "messages", self.large.name, heading, **about)])

    def supersede(self, seqs: np.ndarray) -> None:
        """Some rows (by ``seq``) count in a later export."""
        self.gone = seqs
        self.kept -= len(seqs)

    def number_superseded(self, rows: Mapping[int, int]) -> None:
        """Books them with their row numbers in the file."""
        numbers = np.array([rows[seq] for seq in self.gone.tolist()], dtype=np.int64)
        if len(numbers):
            note = Issue("superseded", "note", "messages", self.large.name, row=int(numbers[0]), rows=len(numbers))
            self.notes.add([replace(note, examples=tuple(numbers[:5].tolist()), row_numbers=numbers)])

    def report(self) -> FileReport:
        """Its line in the ledger."""
        raw = self.ended
        total = self.starts[1] - self.starts[0] + raw.rejected
        notes = (*(replace(issue, table="messages") for issue in raw.issues), *self.notes.found.values())
        return FileReport(
            "messages", raw.file, raw.encoding, raw.separator, raw.sheet, total, self.kept, total - self.kept, self.first.matches(),
            notes, raw.encoding_confidence, self.starts, self.large.match.platform,
        )  # fmt: skip


_NOTHING = np.zeros(0, dtype=np.uint64)


@dataclass
class Known:
    """Looks of rows that may stand twice, and digests of such rows: those earlier files kept, those of this one, those it keeps."""

    twice: np.ndarray
    before: np.ndarray
    here: np.ndarray = field(default_factory=lambda: _NOTHING)
    kept: np.ndarray = field(default_factory=lambda: _NOTHING)

    def next_file(self) -> None:
        """What this file keeps, an earlier one has kept from now on."""
        self.before, self.here, self.kept = np.union1d(self.before, self.kept), _NOTHING, _NOTHING

    def add(self, digests: np.ndarray, keep: np.ndarray) -> None:
        """Takes in a block's digests, 0 where a row stands once."""
        told = digests > 0
        self.here = np.union1d(self.here, digests[told])
        self.kept = np.union1d(self.kept, digests[told & keep])


@dataclass(frozen=True)
class Second:
    """The second pass over the files: how a block is staged and turned into a table, and where its parts go."""

    stage_one: StageOne
    piece: Callable[[Staged, int], pa.Table]
    folder: Path
    allowed: Limits
    steps: Steps
    zone: str

    def read(self, large: Large, found: Survey, who: people.Directory, seen: Known, start: int) -> Blocks:
        """A file's blocks, staged and written; ``seen`` is told of their rows.

        Raises:
            InputError: a block contradicts what the file was taken for.
            CancelledError: the import was called off.
        """
        who = replace(who, whole=found.whole)
        done: Blocks | None = None
        for block in large.stream.blocks(_telling_steps(large, self.steps, (_SURVEY, 0.97))):
            part, digests = self._staged(block, (large, found, who), seen)
            done = done or Blocks(large, large.stream.empty, part, starts=(start, start))
            self._enter(done, part)
            seen.add(digests, part.book.keep)
        if done is None:
            raise InputError(Issue("no_rows", "error", file=large.name, facts={"headings": ", ".join(large.head.headings)}))
        done.ended = large.stream.ended()
        done.notes.add(found.notes)
        return done

    def _staged(self, block: RawTable, about: tuple[Large, Survey, people.Directory], seen: Known) -> tuple[Staged, np.ndarray]:
        """A block staged, and the digests of its rows that may stand twice (0 for all others)."""
        large, found, who = about
        digests = _digests(block, large, seen.twice)
        told = np.flatnonzero(digests)
        again = np.zeros(len(block.rows), dtype=bool)
        if len(told):
            _, first = np.unique(digests[told], return_index=True)
            again[np.delete(told, first)] = True
            again |= (digests > 0) & np.isin(digests, seen.here)
        again &= not found.choices.keep_duplicates
        part = self.stage_one(block, large.match, found.choices, who, False, again=again)
        if isinstance(part, FileReport):
            raise InputError(part.issues[-1])
        _agreed(part, large, found.choices)
        if len(seen.before) and has_identity(large.match):
            part.book.drop("already_loaded", (digests > 0) & np.isin(digests, seen.before))
        return part, digests

    def _enter(self, done: Blocks, part: Staged) -> None:
        """Writes a block and keeps its accounts."""
        hours = suspicions.answered(part.columns, part.book, self.zone)
        if hours is not None:
            done.hours += hours[1]
            done.timed |= hours[2]
        done.zoned |= "sent_at" in part.book.zoned
        done.canned.update(_openings(part.columns))
        done.notes.add(issue for issue in part.book.issues if issue.code not in _RETOLD)
        table = self.piece(part, done.starts[1])
        path = self.folder / f"part-{done.starts[1]:012d}.parquet"
        pq.write_table(table, path)
        done.paths.append(path)
        done.size += path.stat().st_size
        if done.size > self.allowed.temp:
            raise temp_full(self.allowed)
        done.kept += table.num_rows
        done.starts = (done.starts[0], done.starts[1] + len(part.raw.rows))


def _digests(block: RawTable, large: Large, twice: np.ndarray) -> np.ndarray:
    digests = np.zeros(len(block.rows), dtype=np.uint64)
    if len(twice):
        places = np.flatnonzero(np.isin(looks_of(block, telling(large.match)), twice))
        few = pa.array(places)
        part = replace(block, columns=Cells([column.take(few) for column in block.kept]), rows=block.rows[places])
        digests[places] = np.maximum(row_digests(part), np.uint64(1))
    return digests


def _agreed(part: Staged, large: Large, choices: Choices) -> None:
    """Refuses a block whose dates are written in an order that nobody decided."""
    orders = choices.of(large.name).orders
    for name, place in large.match.fields.items():
        heading = large.head.headings[place]
        if large.match.table.column(name).kind not in STAMPS or {heading, "*"} & set(orders):
            continue
        found = next((word for word in part.formats.get(name, "").split()[1:] if word in dates.ORDERS), "")
        if found:
            cells = part.raw.columns[place]
            at = int(np.argmax(dates.scan(cells).rows(np.isfinite(dates.scan(cells).abc[:, 0]))))
            about: dict[str, Any] = {"row": int(part.raw.rows[at]), "value": str(cells[at].as_py()), "facts": {"order": found}}
            raise InputError(Issue("block_contradicts", "error", "messages", large.name, heading, **about))


def _openings(columns: Mapping[str, pa.Array]) -> dict[str, int]:
    """How often agents wrote each text that offers help."""
    if "text" not in columns or "sender" not in columns:
        return {}
    said = columns["text"].filter(pc.fill_null(pc.equal(columns["sender"], "agent"), False))
    return {cell: n for cell, n in _counts(said).items() if people.greets(cell)}


# ── one file of all parts ────────────────────────────────────────────────────────────────────────────────────────────


def assembled(done: Sequence[Blocks], path: Path, greet: bool) -> Path:
    """All parts as one Parquet file, a row group a part; canned greetings are marked now that they are known. The parts are removed."""
    schema = pa.unify_schemas([pq.read_schema(part) for each in done for part in each.paths])
    last = [name for name in ("seq", "file_row") if name in schema.names]
    schema = pa.schema([schema.field(name) for name in (*(name for name in schema.names if name not in last), *last)])
    with pq.ParquetWriter(path, schema) as writer:
        for each in done:
            for part in each.paths:
                writer.write_table(_completed(pq.read_table(part, use_threads=False), schema, each, greet))
                part.unlink()
                give_back()
    return path


def _completed(table: pa.Table, schema: pa.Schema, of: Blocks, greet: bool) -> pa.Table:
    if greet and of.greetings and {"text", "sender", "automation"} <= set(table.column_names):
        table = _greeted(table, of)
    columns = [
        table.column(column.name).cast(column.type) if column.name in table.column_names else pa.nulls(table.num_rows, column.type)
        for column in schema
    ]
    return pa.table(columns, schema=schema)


def _greeted(table: pa.Table, of: Blocks) -> pa.Table:
    canned = pc.is_in(table.column("text"), value_set=pa.array(sorted(of.greetings), pa.string()))
    plain = pc.and_(pc.equal(table.column("sender"), "agent"), pc.equal(table.column("automation"), "none"))
    marks = pc.fill_null(pc.and_(canned, plain), False)
    hits = pc.sum(marks).as_py() or 0
    if not hits:
        return table
    rows = table.column("file_row").filter(marks).to_numpy()
    shown = str(table.column("text").filter(marks)[0].as_py())[:60]
    note = Issue("canned_greeting", "note", "messages", of.large.name, row=int(rows[0]), rows=hits, value=shown)
    of.notes.add([replace(note, examples=tuple(rows[:5].tolist()), row_numbers=rows)])
    place = table.column_names.index("automation")
    return table.set_column(place, "automation", pc.if_else(marks, "greeting", table.column("automation")))


def removed(folder: Path) -> None:
    """Removes a folder of parts."""
    shutil.rmtree(folder, ignore_errors=True)
