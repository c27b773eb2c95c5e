"""The way through the import: read all files, match them, join who is who, stage, check, put together."""

from __future__ import annotations

import re
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.embedded import shortage, temporary
from core.errors import InputError, Issue
from core.ingest import blocks, checks, people, quick
from core.ingest.choices import Choices, InputFile, digest
from core.ingest.content import Question
from core.ingest.fill import fill, refuse_unfillable, ways
from core.ingest.join import join, note_strangers
from core.ingest.match import Match, match, suggestion
from core.ingest.progress import Progress, Steps, watched
from core.ingest.read import RawTable, read
from core.ingest.shape import reshaped
from core.ingest.stage import CLOCKS, Staged, stage
from core.ingest.suspicions import suspect
from core.limits import Limits, limits
from core.log import ColumnMatch, FileReport, Ledger, Log, Source
from core.schema import DIRECTORIES, normal, staged, table

READING = 0.5
"""Share of an import that is spent on reading; the rest is understanding."""
EXTRA = {"reply_time_lost": pa.int8(), "is_call": pa.int8()} | {f"{name}_dated": pa.int8() for name in CLOCKS}
_TYPES = {
    "instant": pa.int64(), "date": pa.int64(), "flag": pa.int8(), "duration": pa.float64(), "number": pa.float64(),
    "share": pa.float64(), "rating": pa.float64(),
}  # fmt: skip


@dataclass(frozen=True)
class Preview:
    """The first rows of one table of one file, as read (``raw``) and as understood (``understood``, canonical columns)."""

    table: str
    file: str
    headings: tuple[str, ...]
    raw: tuple[tuple[str, ...], ...]
    columns: tuple[ColumnMatch, ...]
    understood: pa.Table
    rows: int


class RefusedError(InputError):
    """No file holds a log that can be counted; ``reports`` say how each was read, so that its columns can be named by hand."""

    def __init__(self, issue: Issue, reports: tuple[FileReport, ...]) -> None:
        super().__init__(issue)
        self.reports = reports


@dataclass(frozen=True)
class _Read:
    """A file after reading and matching: its tables, or the issue that stopped it."""

    name: str
    tables: tuple[tuple[RawTable, Match], ...] = ()
    problem: Issue | None = None


def load(
    files: Sequence[InputFile], choices: Choices | None = None, progress: Progress | None = None, folder: Path | None = None
) -> Log:
    r"""Reads files into a Log.

    Args:
        files: what the user handed in; several files of one kind are put together, directories are joined in.
        choices: the user's decisions; none are needed for a file whose headings speak for themselves.
        progress: called some ten times a second, in the caller's thread, with (bytes done, bytes in all, file at hand, rows
            read so far); raise from it to cancel. `core.ingest.progress.remaining` estimates the rest.
        folder: where messages that are more than memory holds are written to, and kept; without, they lie on temporary disk as long
            as somebody holds the log (see `core.ingest.blocks`).

    Returns:
        The staging tables (only columns that are there, plus ``seq`` and ``file_row``) and the ledger.

    Raises:
        InputError: nothing could be loaded; its issue says which file, what was found, and what would cure it. It is a
            `RefusedError` when the files could be opened. A file that fails beside others that do not is reported in the ledger instead.

    >>> log = load([InputFile("a.csv", "Agent,Started at,CSAT\nAnn,2024-01-01 09:00,5\n".encode())])
    >>> log.tables["conversations"].column("csat").to_pylist()
    [5.0]
    """
    steps = Steps({file.name: file.size for file in files})
    work = partial(_import, files, choices or Choices(), steps, folder=folder)
    log, _ = work() if progress is None else watched(work, steps, progress)
    return log


def inspect(files: Sequence[InputFile], choices: Choices | None = None) -> Ledger:
    """The ledger alone: what each file was taken for and what became of its rows."""
    return load(files, choices).ledger


def preview(files: Sequence[InputFile], choices: Choices | None = None, rows: int = 20) -> tuple[Preview, ...]:
    """The first rows of every table, as read and as understood; dates are decided over the whole column as in `load`."""
    _, parts = _import(files, choices or Choices(), Steps({}), cells=True)
    return tuple(_preview(part, rows) for part in parts)


def _import(
    files: Sequence[InputFile], choices: Choices, steps: Steps, cells: bool = False, folder: Path | None = None
) -> tuple[Log, list[Staged]]:
    """The log, and the files it is made of, with their cells as read where these are wanted."""
    if not files:
        raise InputError(Issue("no_files", "error"))
    quick.use_plain_memory()
    _check_zone(choices)
    refuse_unfillable(choices)
    allowed = limits()
    with ThreadPoolExecutor(1) as beside:
        whole = beside.submit(digest, files, choices)
        if blocks.in_blocks(files, allowed):
            found = [_opened_large(file, choices, steps) for file in files]
            if any(isinstance(one, blocks.Large) for one in found):
                return _LargeImport(choices, steps, allowed, cells).run(found, whole.result, folder)
        parts, reports = _parts(files, choices, steps, cells)
    if not parts:
        raise RefusedError(_worst(reports), tuple(each for each in reports if isinstance(each, FileReport)))
    join(parts)
    fill(parts, choices)
    tables = {name: _table(name, [part for part in parts if part.book.table == name]) for name in _names(parts)}
    _note_starts(parts, tables)
    starts = _starts(parts)
    ledger = Ledger(tuple(_line(each, starts) for each in reports))
    return Log(whole.result(), choices.zone, tables, ledger), parts


@dataclass(frozen=True)
class _LargeImport:
    """An import of which messages are read in blocks; everything else is read as ever, beside them."""

    choices: Choices
    steps: Steps
    allowed: Limits
    cells: bool

    def run(
        self, found: Sequence[_Read | blocks.Large], whole: Callable[[], str], folder: Path | None
    ) -> tuple[Log, list[Staged]]:
        """The log with its messages in a Parquet file, and the parts in memory (for a preview: the first rows of large files too)."""
        known = [one if isinstance(one, _Read) else _Read(one.name, ((one.head, one.match),)) for one in found]
        who = people.directory([each for one in known for each in one.tables], self.choices)
        if self.cells:
            stage_one = partial(_stage_one, choices=self.choices, who=who, once=False)
            parts, _ = _stage_all(known, known, (self.choices, self.steps), stage_one)
            return Log(whole(), self.choices.zone, {}), parts
        room = temporary("log-", self.allowed) if folder is None else Path(tempfile.mkdtemp(prefix="log-", dir=folder))
        try:
            log, parts = self._read(found, (known, who), (whole, room))
        except BaseException as error:
            blocks.removed(room)
            raise shortage(error, self.allowed) or error from error
        if folder is None:
            weakref.finalize(log, blocks.removed, room)
        return log, parts

    def _read(
        self,
        found: Sequence[_Read | blocks.Large],
        beside: tuple[Sequence[_Read], people.Directory],
        at: tuple[Callable[[], str], Path],
    ) -> tuple[Log, list[Staged]]:
        (known, who), (whole, room) = beside, at
        second = blocks.Second(_stage_one, _piece, room, self.allowed, self.steps, self.choices.zone)
        parts: list[Staged] = []
        reports: list[Staged | FileReport | blocks.Blocks] = []
        surveyed = {id(one): self._survey(one, who, room) for one in found if isinstance(one, blocks.Large)}
        pairs = [(one, seen) for one in found if isinstance(one, blocks.Large) and isinstance(seen := surveyed[id(one)], blocks.Survey)]
        known_rows = {layout: blocks.Known(looks, looks[:0]) for layout, looks in blocks.twice(pairs).items()}
        start = 0
        for one in found:
            if isinstance(one, blocks.Large):
                seen = surveyed[id(one)]
                done = self._one(one, seen, second, (who, known_rows, start)) if isinstance(seen, blocks.Survey) else seen
                start = done.starts[1] if isinstance(done, blocks.Blocks) else start
                reports.append(done)
            else:
                stage_one = partial(_stage_one, choices=self.choices, who=who, once=False)
                own, said = _stage_all([one], known, (self.choices, self.steps), stage_one)
                parts += [part for part in own if part.book.table != "messages"]
                reports += [_beside_large(each) if isinstance(each, Staged) and each.book.table == "messages" else each for each in said]
        large = [each for each in reports if isinstance(each, blocks.Blocks)]
        if not (large or parts):
            plain = [each for each in reports if not isinstance(each, blocks.Blocks)]
            raise RefusedError(_worst(plain), tuple(each for each in plain if isinstance(each, FileReport)))
        join(parts)
        fill(parts, self.choices)
        tables: dict[str, Source] = {"messages": self._messages(large, parts, room)} if large else {}
        tables |= {name: _table(name, [part for part in parts if part.book.table == name]) for name in _names(parts)}
        starts = _starts(parts)
        ledger = Ledger(tuple(_line(each, starts) for each in reports))
        return Log(whole(), self.choices.zone, tables, ledger), parts

    def _survey(self, large: blocks.Large, who: people.Directory, room: Path) -> blocks.Survey | FileReport:
        """What the whole of a large file says, or why it was refused."""
        start = _stage_one(large.head, large.match, self.choices, who, False)
        if isinstance(start, FileReport):
            return _refused(large.stream.empty, large.match, start.issues[-1])
        try:
            return blocks.survey(large, start, self.choices, (room, self.steps))
        except InputError as error:
            return _refused(large.stream.empty, large.match, error.issue)

    def _one(
        self,
        large: blocks.Large,
        found: blocks.Survey,
        second: blocks.Second,
        at: tuple[people.Directory, Mapping[tuple[str, ...], blocks.Known], int],
    ) -> blocks.Blocks | FileReport:
        """A large file read in blocks, or why it was refused."""
        who, known, start = at
        seen = known[large.head.headings]
        try:
            done = second.read(large, found, who, seen, start)
        except InputError as error:
            if error.issue.code in ("temp_full", "memory_full"):
                raise
            return _refused(large.stream.empty, large.match, error.issue)
        seen.next_file()
        return done

    def _messages(self, large: Sequence[blocks.Blocks], parts: Sequence[Staged], room: Path) -> Path:
        """The messages in one file, and what is said of all of them together."""
        from core.ingest.whole import Whole

        path = blocks.assembled(large, room / "messages.parquet", self.choices.greetings)
        messages = Whole(path)
        for each in large:
            each.notes.add(messages.conflicts(each))
            each.late(self.choices.zone)
        path = _without_superseded(messages, large, room)
        if path != messages.path:
            messages.close()
            messages = Whole(path)
        _note_homes(messages, large, parts)
        messages.close()
        for each in large:
            self.steps.at(each.large.name, 1.0)
        return path


def _without_superseded(messages: Any, large: Sequence[blocks.Blocks], room: Path) -> Path:
    """The messages without those that a later export of the same layout holds as well."""
    gone: list[np.ndarray] = []
    for layout in dict.fromkeys(each.large.head.headings for each in large):
        same = [each for each in large if each.large.head.headings == layout]
        for place, seqs in messages.superseded(same).items():
            if len(seqs):
                same[place].supersede(seqs)
                gone.append(seqs)
    if not gone:
        return Path(messages.path)
    path = room / "messages-once.parquet"
    rows = messages.without(np.concatenate(gone), path)
    for each in large:
        each.number_superseded(rows)
    messages.path.unlink()
    return path


def _note_homes(messages: Any, large: Sequence[blocks.Blocks], parts: Sequence[Staged]) -> None:
    """Rows whose conversation no row of the other table names, and starts that differ from the first message."""
    given = [part for part in parts if part.book.table == "conversations" and "conversation_id" in part.columns]
    ids = messages.conversations()
    if given:
        known = pa.chunked_array([part.columns["conversation_id"].filter(pa.array(part.book.keep)) for part in given]).unique().drop_null()
        for each in large:
            each.notes.add(messages.strangers(each, known, "conversations"))
        if len(ids):
            table = _table("conversations", given)
            _note_other_starts(given, table, messages.first_asks(table.column("conversation_id").unique().drop_null()))
    note_strangers(parts, ids)


def _beside_large(part: Staged) -> FileReport:
    issue = Issue("beside_large_messages", "error", "messages", part.raw.name, rows=len(part.raw.rows))
    return _refused(part.raw, part.match, issue)


def _line(each: Staged | FileReport | blocks.Blocks, starts: Mapping[int, int]) -> FileReport:
    """A file's line in the ledger."""
    if isinstance(each, blocks.Blocks):
        return each.report()
    return _report(each, starts[id(each)]) if isinstance(each, Staged) else _mild(each)


def _opened_large(file: InputFile, choices: Choices, steps: Steps) -> _Read | blocks.Large:
    """A file of messages to be read in blocks, or a file as read."""
    steps.at(file.name, 0.0)
    try:
        large = blocks.opened(file, choices)
    except InputError:
        large = None  # the whole reading says why
    return _open(file, choices, steps) if large is None else large


def _parts(
    files: Sequence[InputFile], choices: Choices, steps: Steps, cells: bool
) -> tuple[list[Staged], list[Staged | FileReport]]:
    found = [_open(file, choices, steps) for file in files]
    tables = [each for one in found for each in one.tables]
    who = people.directory(tables, choices)
    stage_one = partial(_stage_one, choices=choices, who=who, once=len(tables) == 1 and not cells)
    return _stage_all(found, found, (choices, steps), stage_one)


def _check_zone(choices: Choices) -> None:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(choices.zone)
    except (KeyError, ValueError, OSError) as error:
        raise InputError(Issue("unknown_zone", "error", value=choices.zone)) from error


def _open(file: InputFile, choices: Choices, steps: Steps) -> _Read:
    steps.at(file.name, 0.0)
    try:
        found = read(file, choices, lambda done, rows: steps.at(file.name, READING * done / max(file.size, 1), rows))
        steps.at(file.name, READING, sum(len(table.rows) for table in found))
        tables, refused = _matched(found, choices)
    except InputError as error:
        return _Read(file.name, problem=error.issue)
    complete = tuple(each for each in tables if each[1].complete)
    if refused and not complete:
        return _Read(file.name, problem=refused[0])
    if not complete:
        return _Read(file.name, tables[:1])
    return _Read(
        file.name, _with_skipped(file.name, complete, [each for each in found if each.name not in _used(complete)])
    )


def _used(tables: Sequence[tuple[RawTable, Match]]) -> set[str]:
    return {raw.name for raw, _ in tables}


def _with_skipped(
    name: str, complete: tuple[tuple[RawTable, Match], ...], skipped: Sequence[RawTable]
) -> tuple[tuple[RawTable, Match], ...]:
    """The tables that hold a log; the first of them says which sheets, tables or members were passed over."""
    if not skipped:
        return complete
    shown = ", ".join(each.sheet or each.file for each in skipped[:8])
    note = Issue("sheets_skipped", "note", file=name, rows=sum(len(each.rows) for each in skipped), value=shown)
    (raw, found), *others = complete
    return ((replace(raw, issues=(*raw.issues, note)), found), *others)


def _matched(found: Sequence[RawTable], choices: Choices) -> tuple[tuple[tuple[RawTable, Match], ...], list[Issue]]:
    """Every table with its match; those whose shape cannot be turned are given as issues."""
    tables, refused = [], []
    for raw in found:
        try:
            turned = reshaped(raw, choices)
            tables.append((turned, match(turned, choices.of(raw.name))))
        except InputError as error:
            refused.append(error.issue)
    return tuple(tables), refused


def _stage_all(
    found: Sequence[_Read],
    known: Sequence[_Read],
    about: tuple[Choices, Steps],
    stage_one: Callable[[RawTable, Match], Staged | FileReport],
) -> tuple[list[Staged], list[Staged | FileReport]]:
    """Stages files one after the other; ``known`` are all files of the import."""
    choices, steps = about
    parts: list[Staged] = []
    reports: list[Staged | FileReport] = []
    for one in found:
        if one.problem is not None:
            reports.append(FileReport("", one.name, issues=(one.problem,)))
        for number, (raw, matched) in enumerate(one.tables, start=1):
            steps.at(one.name, READING + (1 - READING) * (number - 1) / len(one.tables))
            done = stage_one(raw, _of_sessions(raw, matched, choices, _names_sessions(known, raw)))
            reports.append(done)
            if isinstance(done, Staged):
                parts.append(done)
        steps.at(one.name, 1.0)
    return parts, reports


def _names_sessions(found: Sequence[_Read], but: RawTable) -> bool:
    """Whether another file names the conversations its rows belong to."""
    tables = [(raw, matched) for one in found for raw, matched in one.tables if raw is not but]
    return any(
        matched.complete and matched.table.name in ("messages", "conversations") and "conversation_id" in matched.fields
        for _, matched in tables
    )


def _of_sessions(raw: RawTable, found: Match, choices: Choices, others: bool) -> Match:
    """Ratings by session id alone are conversations where another file says whose they are: the agent stands there."""
    if found.complete or not others or choices.of(raw.name).table:
        return found
    rated = match(raw, replace(choices.of(raw.name), table="conversations"))
    missing = {need[0] for need in rated.lacking}
    if not {"conversation_id", "csat"} <= set(rated.fields) or not missing <= {"agent_id"}:
        return found
    return replace(rated, lacking=())


def _stage_one(
    raw: RawTable, found: Match, choices: Choices, who: people.Directory, once: bool, *, again: np.ndarray | None = None
) -> Staged | FileReport:
    found = people.authored(raw, found, who)
    if not found.complete:
        return _refused(raw, found, _missing_columns(raw, found))
    if found.table in DIRECTORIES:
        return _directory_report(raw, found)
    try:
        part = stage(raw, found, choices, choices.of(raw.name), once, again=again)
        _understand(part, choices, who)
    except InputError as error:
        return _refused(raw, found, error.issue)
    for name in found.guessed:
        place = found.fields[name]
        part.book.issues.append(
            Issue("matched_by_values", "warning", found.table.name, raw.name, raw.headings[place], value=name)
        )
    for column in found.columns:
        if "rating_time" in column.evidence:
            rows = len(raw.rows)
            part.book.issues.append(
                Issue("start_from_rating", "warning", found.table.name, raw.name, column.name, rows=rows)
            )
    return part


def _understand(part: Staged, choices: Choices, who: people.Directory) -> None:
    columns, book = part.columns, part.book
    if book.table == "messages":
        people.name_senders(columns, part.raw, part.match, book, who)
        people.hide_internal(columns, book)
        if people.thread(columns):
            book.issues.append(Issue("threads_from_replies", "note", book.table, book.file))
        people.mark_machines(columns, who, choices, book)
        people.mark_automation(columns, who, choices, book)
    elif book.table == "conversations":
        _started_by(columns)
        if not {"agent_id", "agent_name"} & set(columns):
            columns["agent_id"] = pa.nulls(len(part.raw.rows), pa.string())
        people.free_machines(columns, who, choices, book)
    people.name_agents(columns, who)
    headings = {name: part.raw.headings[place] for name, place in part.match.fields.items()}
    checks.check(columns, book, choices, headings)
    suspect(columns, book, choices.zone, headings)


def _started_by(columns: dict[str, pa.Array]) -> None:
    """Tickets that a platform marks as opened by an agent are started by one."""
    mark = columns.pop("by_agent", None)
    if mark is not None and "started_by" not in columns:
        columns["started_by"] = pc.if_else(
            pc.equal(mark, 1), "agent", pc.if_else(pc.equal(mark, 0), "customer", pa.scalar(None, pa.string()))
        )


def _open_question(raw: RawTable, found: Match, asked: Question) -> Issue:
    """The readings that lie near each other, each as an answer to choose."""
    readings = [
        {"table": each.table, "field": each.field, "column": raw.headings[each.place] if each.place >= 0 else ""}
        for each in asked.options
    ]
    listed = {name: ", ".join(dict.fromkeys(each[name] for each in readings)) for name in ("table", "field", "column")}
    facts = {"headings": ", ".join(raw.headings[:30]), "tables": listed["table"], "either": listed["field"], "readings": readings}
    return Issue(asked.code, "error", "", raw.name, listed["column"], row=1, facts=facts)


def _missing_columns(raw: RawTable, found: Match) -> Issue:
    if found.question is not None:
        return _open_question(raw, found, found.question)
    missing = [need[0] for need in found.lacking]
    if found.table.name == "agent_days" and missing == ["date"] and len(found.fields) >= 2:
        return _undated(raw, found)
    field, heading = suggestion(found)
    unknown = (
        found.table in DIRECTORIES
        or not found.fields
        or (len(missing) == len(found.table.needs) and len(found.fields) < 3)
    )
    facts = {
        "missing": ", ".join(missing), "fields": missing, "headings": ", ".join(raw.headings[:30]), "like": heading, "like_field": field,
    }  # fmt: skip
    bare = next((each for each in raw.issues if each.code == "headless"), None)
    if unknown and bare is not None:
        return Issue("no_header", "error", file=raw.name, row=bare.row, value=bare.value)
    code = "unknown_table" if unknown else "missing_columns_like" if heading else "missing_columns"
    return Issue(code, "error", "" if unknown else found.table.name, raw.name, missing[0], row=1, facts=facts)


_MONTH = re.compile(r"^(19|20)\d\d\s*[-/.年]\s*(0?[1-9]|1[0-2])月?$")
_MONTH_HEADINGS = frozenset(
    map(normal, ("月份", "月", "统计月份", "month", "week", "周", "统计周", "周次", "季度", "quarter"))
)


def _undated(raw: RawTable, found: Match) -> Issue:
    """Figures of a whole period: neither an agent's day nor a conversation."""
    period = next((heading for heading in raw.headings if normal(heading) in _MONTH_HEADINGS), _month_cell(raw))
    return Issue("period_summary", "error", found.table.name, raw.name, period, rows=len(raw.rows), value=period)


def _month_cell(raw: RawTable) -> str:
    """A cell that names a month, where no heading does."""
    cells = (str(cell) for column in raw.columns for cell in pc.drop_null(column[:3]).to_pylist())
    return next((cell for cell in cells if _MONTH.match(cell.strip())), "–")


def _refused(raw: RawTable, found: Match, issue: Issue) -> FileReport:
    rows = len(raw.rows) + raw.rejected
    return FileReport(
        issue.table,
        raw.file,
        raw.encoding,
        raw.separator,
        raw.sheet,
        rows,
        0,
        rows,
        found.columns,
        (*raw.issues, issue),
        raw.encoding_confidence,
        platform=found.platform,
    )


def _directory_report(raw: RawTable, found: Match) -> FileReport:
    rows = len(raw.rows) + raw.rejected
    note = Issue("directory_joined", "note", found.table.name, raw.name, rows=len(raw.rows))
    return FileReport(
        found.table.name, raw.file, raw.encoding, raw.separator, raw.sheet, rows, len(raw.rows), raw.rejected,
        found.columns, (*raw.issues, note), raw.encoding_confidence, platform=found.platform,
    )  # fmt: skip


def _worst(reports: Sequence[Staged | FileReport]) -> Issue:
    issues = [issue for each in reports if isinstance(each, FileReport) for issue in each.issues]
    errors = [issue for issue in issues if issue.severity == "error"]
    return errors[0] if errors else Issue("only_directories", "error", file=", ".join(_files(reports)))


def _mild(report: FileReport) -> FileReport:
    """Beside files that were loaded, one that is no log at all (a list of codes, say) is no error."""
    issues = [replace(each, severity="warning") if each.code == "unknown_table" else each for each in report.issues]
    return replace(report, issues=tuple(issues))


def _files(reports: Sequence[Staged | FileReport]) -> Iterator[str]:
    return (each.file for each in reports if isinstance(each, FileReport))


def _note_starts(parts: Sequence[Staged], tables: Mapping[str, pa.Table]) -> None:
    """Counts conversations whose given start differs from the customer's first message, which is the one that counts."""
    if not {"messages", "conversations"} <= set(tables):
        return
    messages, given = tables["messages"], tables["conversations"]
    if "conversation_id" not in messages.column_names or "conversation_id" not in given.column_names:
        return
    asked = messages.filter(pc.equal(messages.column("sender"), "customer")).group_by("conversation_id")
    _note_other_starts(parts, given, asked.aggregate([("sent_at", "min")]))


def _note_other_starts(parts: Sequence[Staged], given: pa.Table, first: pa.Table) -> None:
    """The same from the customers' first messages: conversation_id, sent_at_min."""
    if "started_by" in given.column_names:
        given = given.filter(pc.fill_null(pc.not_equal(given.column("started_by"), "agent"), True))
    both = given.select(["conversation_id", "started_at", "file_row"]).join(first, "conversation_id", join_type="inner")
    late = both.filter(pc.not_equal(both.column("started_at"), both.column("sent_at_min")))
    part = next(part for part in parts if part.book.table == "conversations")
    if late.num_rows:
        rows = tuple(sorted(late.column("file_row").to_pylist())[:5])
        name = part.raw.headings[part.match.fields["started_at"]] if "started_at" in part.match.fields else ""
        numbers = np.sort(late.column("file_row").to_numpy())
        about = {"column": name, "row": rows[0], "rows": late.num_rows, "examples": rows, "row_numbers": numbers}
        part.book.issues.append(Issue("start_differs", "note", "conversations", part.raw.name, **about))


def _starts(parts: Sequence[Staged]) -> dict[int, int]:
    """The first ``seq`` of each part within its table, by the part's identity."""
    starts: dict[int, int] = {}
    ends: dict[str, int] = {}
    for part in parts:
        starts[id(part)] = ends.get(part.book.table, 0)
        ends[part.book.table] = starts[id(part)] + len(part.raw.rows)
    return starts


def _report(part: Staged, start: int) -> FileReport:
    raw, book = part.raw, part.book
    kept = int(book.keep.sum())
    read_rows = len(raw.rows) + raw.rejected
    return FileReport(
        book.table, raw.file, raw.encoding, raw.separator, raw.sheet, read_rows, kept, read_rows - kept,
        part.matches(), (*(replace(issue, table=book.table) for issue in raw.issues), *book.issues),
        raw.encoding_confidence, (start, start + len(raw.rows)), part.match.platform,
    )  # fmt: skip


def _names(parts: Sequence[Staged]) -> list[str]:
    return list(dict.fromkeys(part.book.table for part in parts))


def _table(name: str, parts: Sequence[Staged]) -> pa.Table:
    pieces, start = [], 0
    for part in parts:
        piece = _piece(part, start)
        start += len(part.raw.rows)
        pieces.append(piece)
    return pa.concat_tables(pieces, promote_options="default").combine_chunks()


def _piece(part: Staged, start: int) -> pa.Table:
    columns = {name: part.columns[name].cast(kind) for name, kind in _schema(part.book.table) if name in part.columns}
    columns["seq"] = pa.array(np.arange(start, start + len(part.raw.rows), dtype=np.int64))
    columns["file_row"] = pa.array(part.raw.rows)
    return pa.table(columns) if part.book.keep.all() else pa.table(columns).filter(pa.array(part.book.keep))


def _schema(name: str) -> list[tuple[str, Any]]:
    extra = list(EXTRA.items()) if name == "conversations" else []
    extra += [(f"{column.name}_filled", pa.int8()) for column in staged(name) if ways(name, column.name)]
    made = [("team", pa.string())] if "team" not in table(name).by_name() else []
    return [(column.name, _TYPES.get(column.kind, pa.string())) for column in staged(name)] + extra + made


def _preview(part: Staged, rows: int) -> Preview:
    head = part.raw.head(rows)
    cells = [column.to_pylist() for column in head.columns]
    raw = tuple(tuple(cell or "" for cell in row) for row in zip(*cells, strict=True))
    piece = _piece(part, 0).slice(0, rows)
    return Preview(part.book.table, part.raw.name, part.raw.headings, raw, part.matches(), piece, len(part.raw.rows))
