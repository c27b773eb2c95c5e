"""A log kept up to date: what a watched folder or source holds, read once and then only as far as it changed.

`refreshed` looks at a folder and gives the log as it is now, or the last good one with the reason why nothing newer can be shown. New lines
of a file are imported by themselves, after the last lines before them, so that the import has something to go by; they join the log only
where they were surely understood as the whole file would be (`_joined` says when). In every other case everything is imported anew. So the
log is always what `core.ingest.load` makes of the same complete lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InputError, Issue
from core.ingest import Choices, FileChoice, InputFile, load
from core.ingest.choices import digest
from core.ingest.people import REPEATED, may_be_canned
from core.limits import limits
from core.log import FileReport, Ledger, Log
from core.watch import Found, Look, Seen, look, part

CONTEXT = 256 << 10
"""Bytes of known lines that stand before new ones when these are imported."""
IN_MEMORY = 64 << 20
PATIENCE = 2
"""Looks for which a file that holds less, but newer rows, may still be a copy under way; then it is a log that began anew."""
_DAY_MS = 86_400_000
_ALONE = frozenset({"messages", "conversations"})
_FROM_THE_WHOLE = frozenset({"threads_from_replies", "id_is_no_key", "scale_doubtful", "half_turned_dates", "older_version"})
"""Findings of the import that rest on all rows together: such files are read as a whole."""
_KEYS = {"messages": "message_id", "conversations": "conversation_id"}
_OWN = ("seq", "file_row")
_STAMP = {"messages": "sent_at", "conversations": "started_at"}
_PIECES = 64


@dataclass(frozen=True)
class Trouble:
    """A problem of a look, and since which look (wall clock, ms) it lasts."""

    issue: Issue
    since_ms: int


@dataclass(frozen=True)
class Held:
    """What is known of a watched place after a look.

    Args:
        log: the last good log; None until there was one.
        seen: the files it rests on, by name.
        tried: the files as the last look saw them.
        troubles: what is wrong now, each with its beginning; empty when all is well.
        read_ms, news_ms: wall clock of the last look, and of the last one that brought new rows.
        how: what the last look did: ``same``, ``appended``, ``whole``, or ``kept`` (nothing newer can be shown).
        version: grows with every new log.
        looks: how many there were.
        waits: for how many looks in a row a file that is being written over has been waited for.
    """

    log: Log | None = None
    seen: Mapping[str, Seen] = field(default_factory=dict)
    tried: Mapping[str, Seen] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    read_ms: int = 0
    news_ms: int = 0
    how: str = "same"
    version: int = 0
    looks: int = 0
    waits: int = 0

    @property
    def rows(self) -> int:
        """Rows that count."""
        return rows_of(self.log)


def rows_of(log: Log | None) -> int:
    """Rows of all tables of a log that is in memory; 0 without one."""
    if log is None:
        return 0
    return sum(table.num_rows for table in log.tables.values() if isinstance(table, pa.Table))


def refreshed(before: Held, folder: Path, choices: Choices, now_ms: int) -> Held:
    """The watched folder after one more look; never raises for what lies there.

    Args:
        before: what was known; ``Held()`` at first.
        now_ms: wall clock.
    """
    found = look(folder, before.seen, before.tried or None, now_ms)
    tried = {each.seen.name: each.seen for each in found.files}
    looked = replace(before, read_ms=now_ms, tried=tried, looks=before.looks + 1)
    unused = before.log.ledger.errors if before.log else ()
    if not found.changed:
        nothing = () if before.log or found.issues else (_nothing(folder),)
        return _settled(before, replace(looked, how="same"), (*found.issues, *unused, *nothing))
    if _tried_already(before, found):
        kept = tuple(each.issue for each in before.troubles if each.issue.code != "live_file_gone")
        return _settled(before, replace(looked, how="kept"), (*found.issues, *(each for each in kept if each not in found.issues)))
    grown = _grown(before, folder, found, choices)
    if grown is not None:
        return _settled(before, _with_log(looked, grown, found, "appended"), (*found.issues, *unused))
    return _reread(before, looked, found, (folder, choices))


def refetched(before: Held, fetch: Callable[[], Sequence[InputFile]], choices: Choices, now_ms: int) -> Held:
    """The same for a source that is asked anew at every look, such as a database; an answer equal to the last changes nothing."""
    looked = replace(before, read_ms=now_ms, looks=before.looks + 1)
    try:
        files = fetch()
        if before.log is not None and before.log.digest == digest(files, choices):
            return _settled(before, replace(looked, how="same"), ())
        log = load(files, choices)
    except InputError as error:
        return _settled(before, replace(looked, how="kept"), (error.issue,))
    return _settled(before, _with_log(looked, log, Look(), "whole"), ())


def _nothing(folder: Path) -> Issue:
    return Issue("live_nothing", "note", file=folder.name)


def _settled(before: Held, after: Held, issues: Sequence[Issue]) -> Held:
    """The outcome with its problems; one that was there before keeps its beginning."""
    since = {(each.issue.code, each.issue.file): each.since_ms for each in before.troubles}
    unique = {(each.code, each.file): each for each in issues}
    return replace(after, troubles=tuple(Trouble(each, since.get(key, after.read_ms)) for key, each in unique.items()))


def _tried_already(before: Held, found: Look) -> bool:
    """Whether the same files were refused at the look before and nobody touched them since."""
    if before.how != "kept" or {each.seen.name for each in found.files} != set(before.tried):
        return False
    waited = any(each.issue.code == "live_replaced" for each in before.troubles)
    return not waited and all(each.seen.same_as(before.tried[each.seen.name]) for each in found.files)


def _with_log(looked: Held, log: Log, found: Look, how: str) -> Held:
    news = log.digest != looked.log.digest if looked.log else True
    seen = {each.seen.name: each.seen for each in found.files}
    gone = {name: each for name, each in looked.seen.items() if name not in seen and how == "appended"}
    return replace(
        looked, log=log, seen={**gone, **seen}, how=how, version=looked.version + 1, news_ms=looked.read_ms if news else looked.news_ms
    )


# ── everything anew ──────────────────────────────────────────────────────────────────────────────────────────────────


def _reread(before: Held, looked: Held, found: Look, where: tuple[Path, Choices]) -> Held:
    """All files imported anew; where that says less than what is shown and the files are still being written, that stays."""
    folder, choices = where
    try:
        log = _loaded(folder, found, choices)
        worse = _worse(before, log, found)
        looked = replace(looked, waits=before.waits + 1 if any(each.code == "live_replaced" for each in worse) else 0)
    except OSError as error:
        worse = (Issue("live_unreadable", "warning", file=folder.name, value=str(error.strerror or error)),)
    except InputError as error:
        worse = (error.issue,)
    if worse:
        return _settled(before, replace(looked, how="kept"), (*found.issues, *worse))
    return _settled(before, _with_log(looked, log, found, "whole"), (*found.issues, *log.ledger.errors))


def _loaded(folder: Path, found: Look, choices: Choices) -> Log:
    import tempfile

    with tempfile.TemporaryDirectory(dir=limits().temp_folder, prefix="kefulens-live-") as place:
        taken = [_taken(folder / each.seen.name, each.seen.used, Path(place)) for each in found.files if each.seen.used]
        return load(taken, choices)


def _taken(path: Path, used: int, place: Path) -> InputFile:
    """The complete lines of a file as they are now, whatever is written meanwhile; large ones by way of the disk."""
    if used <= IN_MEMORY:
        return InputFile(path.name, part(path, 0, used))
    target = place / path.name
    with target.open("wb") as copy:
        for start in range(0, used, IN_MEMORY):
            copy.write(part(path, start, min(start + IN_MEMORY, used)))
    return InputFile(path.name, target)


def _worse(before: Held, log: Log, found: Look) -> tuple[Issue, ...]:
    """Why a new reading is not shown yet: a file that was good cannot be understood, or a file is just being written over."""
    if before.log is None:
        return ()
    good = {report.file.split("#")[0] for report in before.log.ledger.files if report.table}
    spoiled = tuple(issue for issue in log.ledger.errors if issue.file.split("#")[0] in good)
    if spoiled:
        return spoiled
    moving = [each.seen.name for each in found.files if each.kind == "new" and not each.seen.settled and each.seen.name in before.seen]
    older = latest(log) < latest(before.log)
    less = older or (rows_of(log) < rows_of(before.log) and before.waits < PATIENCE)
    return tuple(Issue("live_replaced", "warning", file=name) for name in moving) if less else ()


def latest(log: Log) -> int:
    """The latest stamp of messages and conversations, UTC ms; 0 without any."""
    stamps = [in_memory(log, table).column(column) for table, column in _STAMP.items() if log.has(table, column)]
    return max((pc.max(each).as_py() or 0 for each in stamps), default=0)


def in_memory(log: Log, name: str) -> pa.Table:
    """A table of a log, read in where it lies on disk."""
    source = log.tables[name]
    if isinstance(source, Path):
        import pyarrow.parquet as pq

        return pq.read_table(source)
    return source


# ── new lines alone ──────────────────────────────────────────────────────────────────────────────────────────────────


def _grown(before: Held, folder: Path, found: Look, choices: Choices) -> Log | None:
    """The log with the new lines of all files that grew; None where something else changed too, or in doubt."""
    changed = [each for each in found.files if each.kind != "same"]
    if before.log is None or any(each.kind != "grown" for each in changed):
        return None
    log: Log | None = before.log
    for each in changed:
        log = log and _appended(log, folder / each.seen.name, each, (before.seen[each.seen.name], choices))
    return log


def _appended(log: Log, path: Path, grown: Found, known: tuple[Seen, Choices]) -> Log | None:
    """The log with a file's new lines in it; None unless they surely mean what they mean in the whole file."""
    seen, choices = known
    reports = [each for each in log.ledger.files if each.file == path.name]
    if len(reports) != 1 or not _can_be_read_alone(log, reports[0], choices):
        return None
    report = reports[0]
    try:
        head, context, before = _lines_before(path, seen.used)
        told = _pinned(log, report, choices)
        piece = load([InputFile(path.name, head + context + grown.fresh)], told) if told else None
    except (InputError, OSError):
        return None
    if piece is None or not _understood_alike(report, piece):
        return None
    rows = in_memory(piece, report.table)
    fresh = rows.filter(pc.greater(rows.column("file_row"), before))
    return _joined(log, report, (piece, fresh, before), grown.fresh)


def _can_be_read_alone(log: Log, report: FileReport, choices: Choices) -> bool:
    """Whether a row of this file means the same whatever the other rows are, as far as the import can tell beforehand."""
    fields = {each.field for each in report.columns}
    last = [each.file for each in log.ledger.files if each.table == report.table][-1] == report.file
    alone = report.table in _ALONE and last and not choices.fill and not {"agent_name", "updated_at"} & fields
    directories = any(each.table in ("people", "groups") for each in log.ledger.files)
    return alone and not directories and not _FROM_THE_WHOLE & {each.code for each in report.issues}


def _lines_before(path: Path, used: int) -> tuple[bytes, bytes, int]:
    """The heading line, the last known lines, and the number of the last of them as the import will count it.

    Raises:
        InputError: nothing tells where a line begins.
    """
    lines_only = path.name.lower().endswith((".jsonl", ".ndjson"))
    start = part(path, 0, min(used, CONTEXT))
    head = b"" if lines_only else start[: start.find(b"\n") + 1]
    if not (lines_only or head) or head.count(b'"') % 2:
        raise InputError(Issue("live_unreadable", file=path.name))
    begin = max(len(head), used - CONTEXT)
    context = part(path, begin, used)
    if begin > len(head):
        context = context[context.find(b"\n") + 1 :]
    if not lines_only and context.count(b'"') % 2:
        context = b""
    return head, context, _records(context, quoted=not lines_only) + (0 if lines_only else 1)


def _records(lines: bytes, *, quoted: bool) -> int:
    """How many records these lines are: a line break inside quotes ends none."""
    if not quoted or b'"' not in lines:
        return lines.count(b"\n")
    return sum(piece.count(b"\n") for piece in lines.split(b'"')[::2])


def _pinned(log: Log, report: FileReport, choices: Choices) -> Choices | None:
    """The decisions under which the file was read, with everything said aloud that its rows had decided."""
    columns = {each.name: each.field for each in report.columns}
    orders = {each.name: each.format for each in report.columns if each.format in ("dmy", "mdy", "ymd")}
    units = {each.name: each.format for each in report.columns if each.kind == "duration" and each.format}
    pinned = FileChoice(report.file, table=report.table, columns=columns, orders=orders, units=units, encoding=report.encoding)
    told = replace(choices, files=(*choices.files, pinned))
    if "csat" not in columns.values() or choices.csat_scale:
        return told
    return replace(told, csat_scale=_scale(log, report))


def _scale(log: Log, report: FileReport) -> tuple[float, float]:
    """The rating scale that the file's rows turned out to have."""
    named = [each.facts for each in report.issues if each.code == "csat_scale"]
    return (float(named[0]["low"]), float(named[0]["high"])) if named else (1.0, 5.0)


def _understood_alike(report: FileReport, piece: Log) -> bool:
    """Whether the new lines became the same columns of the same table, in the same formats."""
    if len(piece.ledger.files) != 1 or piece.ledger.errors or report.table not in piece.tables:
        return False
    given = piece.ledger.files[0]
    formats = {each.field: each.format for each in report.columns}
    same = {each.field: each.kind for each in given.columns} == {each.field: each.kind for each in report.columns}
    noticed = {each.code for each in given.issues} & _FROM_THE_WHOLE
    return same and not noticed and all(each.format in ("", formats[each.field]) for each in given.columns)


def _joined(log: Log, report: FileReport, new: tuple[Log, pa.Table, int], lines: bytes) -> Log | None:
    """The log with the new rows at its end, unless they repeat, replace or are explained by rows that are there."""
    piece, fresh, before = new
    old = in_memory(log, report.table)
    if fresh.num_rows and not all(sure(old, fresh, report.table) for sure in (_in_span, _all_new, _canned_alike, _known_scale, _no_nought)):
        return None
    first = (pc.max(old.column("seq")).as_py() or 0) + 1
    rows = report.rows_read + (0 if report.file.lower().endswith((".jsonl", ".ndjson")) else 1)
    numbered = {"seq": pa.array(range(first, first + fresh.num_rows), pa.int64())}
    numbered["file_row"] = pc.add(fresh.column("file_row"), rows - before).cast(old.schema.field("file_row").type)
    for name, values in numbered.items():
        fresh = fresh.set_column(fresh.column_names.index(name), name, values)
    joined = pa.concat_tables([old, fresh], promote_options="default")
    if joined.column("seq").num_chunks > _PIECES:
        joined = joined.combine_chunks()
    return Log(
        hashlib.sha256(log.digest.encode() + lines).hexdigest(), log.zone, {**log.tables, report.table: joined},
        _booked(log.ledger, report, piece.ledger.files[0].rows_read - (before - rows + report.rows_read), fresh.num_rows),
    )  # fmt: skip


def _booked(ledger: Ledger, report: FileReport, read: int, kept: int) -> Ledger:
    """The ledger with the new rows booked."""
    told = replace(
        report, rows_read=report.rows_read + read, rows_kept=report.rows_kept + kept, rows_dropped=report.rows_dropped + read - kept,
        seqs=(report.seqs[0], report.seqs[1] + read),
    )  # fmt: skip
    return Ledger(tuple(told if each is report else each for each in ledger.files))


def _in_span(old: pa.Table, fresh: pa.Table, name: str) -> bool:
    """Whether the stamps lie where the file's other rows do, so that none would be called far from the rest."""
    ends, new = (pc.min_max(each.column(_STAMP[name])).as_py() for each in (old, fresh))
    return bool(ends["min"] is not None and ends["min"] - _DAY_MS <= new["min"] and new["max"] <= ends["max"] + 31 * _DAY_MS)


def _all_new(old: pa.Table, fresh: pa.Table, name: str) -> bool:
    """Whether no new row has the key of, or equals, a row that is there; what becomes of such rows is for the whole import to say."""
    key = _KEYS[name]
    if key in fresh.column_names and pc.any(pc.is_in(old.column(key), value_set=fresh.column(key).drop_null())).as_py():
        return False
    near = old.filter(pc.is_in(old.column(_STAMP[name]), value_set=fresh.column(_STAMP[name])))
    shared = [column for column in fresh.column_names if column in near.column_names and column not in _OWN]
    merged = near.select(shared).to_pandas().merge(fresh.select(shared).to_pandas(), on=shared) if near.num_rows else near
    return len(merged) == 0 and fresh.select(shared).group_by(shared).aggregate([]).num_rows == fresh.num_rows


def _known_scale(old: pa.Table, fresh: pa.Table, _name: str) -> bool:
    """Whether the file had ratings before, so that their scale is settled; or has none now."""
    if "csat" not in fresh.column_names or "csat" not in old.column_names:
        return True
    had, has = (each.null_count < len(each) for each in (table.column("csat") for table in (old, fresh)))
    return had or not has


def _no_nought(_old: pa.Table, fresh: pa.Table, _name: str) -> bool:
    """Whether no agent is called 0: how fast that one answers in all rows says whether it is a machine."""
    return "agent_id" not in fresh.column_names or not pc.any(pc.equal(fresh.column("agent_id"), "0")).as_py()


def _canned_alike(old: pa.Table, fresh: pa.Table, _name: str) -> bool:
    """Whether texts that machines send were taken for that here as there; the import tells them by how often they stand."""
    if "text" not in fresh.column_names or "sender" not in fresh.column_names:
        return True
    texts = [each for each in pc.unique(fresh.column("text").drop_null()).to_pylist() if may_be_canned(each)]
    known = old.filter(pc.is_in(old.column("text"), value_set=pa.array(texts, pa.string()))) if texts else old.slice(0, 0)
    seen = [_marks(table) for table in (known, fresh)]
    return all(_agree(seen[0].get(each), seen[1].get(each)) for each in texts)


def _marks(table: pa.Table) -> dict[str, tuple[int, int]]:
    """Text → how often agents or systems say it, and how often that was taken for a machine's."""
    names = ("text", "sender", "automation")
    columns = [table.column(name).to_pylist() if name in table.column_names else [None] * table.num_rows for name in names]
    found: dict[str, tuple[int, int]] = {}
    for text, sender, automation in zip(*columns, strict=True):
        said, machine = found.get(text, (0, 0))
        if sender != "customer":
            found[text] = (said + 1, machine + int(sender == "system" or automation == "greeting"))
    return found


def _agree(old: Any, new: Any) -> bool:
    if not old or not new:
        return True
    if not old[1] and not new[1]:
        return old[0] + new[0] < REPEATED or old[0] >= REPEATED
    return bool(old[1] and new[1])
