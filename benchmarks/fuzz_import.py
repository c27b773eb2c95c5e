"""Damaged and hostile files through the import: nothing but a log whose rows add up or a reason in both languages may come out.

    python -m benchmarks.fuzz_import --files 20000 --seed 1

Every file is a valid log in a random shape (table, language, separator, encoding, line ends, container). Half of them have cells
replaced by hostile values, rows cut, columns shuffled or taken out; half have their bytes flipped, cut, doubled, inserted, swapped
or read in another encoding. Where bytes are left alone the number of records is known, and kept + dropped must equal it. Each file
runs in a process of its own kind, which is ended after ten seconds. Any number of a run can be made again from seed and number.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import io
import json
import multiprocessing
import random
import sqlite3
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from core.errors import InputError, Issue
from core.ingest import InputFile, explain, load
from core.text import LANGUAGES, Text

PATIENCE_S = 10.0
PROCESSES = 2
MEMORY = 6 << 30
HEADINGS = {
    "conversations": (
        ("Conversation ID", "Agent", "Customer ID", "Started at", "First human reply at", "Closed at", "CSAT", "Text"),
        ("会话ID", "客服", "客户ID", "会话开始时间", "首次人工回复时间", "会话结束时间", "满意度评分", "内容"),
    ),
    "messages": (
        ("Conversation ID", "Agent", "Customer ID", "Sent at", "Sender", "Text"),
        ("会话ID", "客服", "客户ID", "发送时间", "发送方", "内容"),
    ),
    "orders": (
        ("Order ID", "Customer ID", "Created at", "Paid at", "Amount"),
        ("订单编号", "买家昵称", "下单时间", "付款时间", "实付金额"),
    ),
    "agent_days": (
        ("Date", "Agent", "Conversations", "Average first response time", "Satisfaction rate"),
        ("日期", "客服", "接待人数", "平均响应时长", "满意度"),
    ),
}
HOSTILE = (
    "", " ", "-", "NULL", "nan", "1e999", "-0", "=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "<script>alert(1)</script>", '"', '""', "'",
    "\n", "\r", "\r\n", "a\nb", "a\rb", 'a "b\nc" d', ",", ";", "\t", "|", "\0", "\x1a", "\x1f", "\ufeff", "\u202e", "\u200b", "\u3000",
    "😀", "e\u0301", "9" * 400, "x" * 70_000, "-1", "0", "1970-01-01", "9999-12-31 23:59:59", "0000-00-00", "2024-02-30", "31/12/2024",
    "12:61", "24:00", "2024-03-10 02:30", "合计", "总计:", "Total", "客服", "Agent", "日期", "CSAT", "١٢٣", "１２３", "½", "∞", "#REF!",
    "#DIV/0!", "TRUE", "{}", "[]", '{"value": 1}', "%s", "{0}", "{file}", "../../etc/passwd", "0x1F", "1,234.56", "1.234,56", "1e400",
    "-9223372036854775809", "18446744073709551616", "4102444800000", "1704067200", "45292.5", "\\", "\\u0000", "&lt;", "&x;", "--", "''",
)  # fmt: skip
TYPED = (
    None, True, 1e400, float("nan"), -0.0, 1e-320, 10**30, 2**63, "\ud800", [], {}, [1, [2]], {"a": {"b": 1}}, {"value": None},
)  # fmt: skip
STORED = (None, 1e400, -0.0, 2**62, 1, b"", b"\xff\x00")
MADE = dt.datetime(2024, 1, 2, 3, 4, 6)
ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
STAMPS = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y年%m月%d日 %H:%M:%S", "ms")


@dataclass(frozen=True)
class Case:
    """One file to import, and how many records it holds where that is known (-1 where it is not)."""

    name: str
    data: bytes
    records: int


@dataclass(frozen=True)
class Outcome:
    """What became of a file: ``loaded``, the code of a refusal, or what should never be; and after how long."""

    code: str
    seconds: float
    number: int = 0
    name: str = ""

    @property
    def bad(self) -> bool:
        """Whether this must never happen."""
        return self.code.startswith("!")


# ── making files ─────────────────────────────────────────────────────────────────────────────────────────────────────


def make(seed: int, number: int) -> Case:
    """The file of that number, always the same.

    >>> make(1, 7) == make(1, 7)
    True
    """
    dice = random.Random(f"{seed}/{number}")  # noqa: S311
    table = dice.choice(list(HEADINGS))
    headings = list(HEADINGS[table][dice.random() < 0.5])
    rows = _rows(dice, table, dice.randrange(1, 60))
    if dice.random() < 0.5:
        headings, rows = _mutated(dice, headings, rows)
    name, data = dice.choice(CONTAINERS)(dice, headings, rows)
    if dice.random() < 0.5:
        return Case(name, _damaged(dice, data), -1)
    return Case(name, data, len(rows))


def _rows(dice: random.Random, table: str, count: int) -> list[list[str]]:
    form = dice.choice(STAMPS)
    made: list[list[str]] = []
    for number in range(count):
        at = [
            _stamp(1_704_157_200 + number * 3700 + later, form)
            for later in (0, dice.randrange(3, 900), dice.randrange(900, 9000))
        ]
        agent, customer = dice.choice(("小李", "小王", "Ann", "Bob")), f"c{dice.randrange(30)}"
        text = dice.choice(("您好，请问什么时候发货", "好的，谢谢", "Where is my order?", "déjà vu", ""))
        made.append(
            {
                "conversations": [f"K{number:04d}", agent, customer, *at, dice.choice(("", "5", "4", "1")), text],
                "messages": [
                    f"K{number // 4:04d}",
                    agent,
                    customer,
                    at[0],
                    dice.choice(("客户", "客服")),
                    f"{text}{number}",
                ],
                "orders": [f"0{number:012d}", customer, *at[:2], f"{dice.randrange(1, 9000) / 100:.2f}"],
                "agent_days": [
                    _stamp(1_704_157_200 + number * 86_400, "%Y-%m-%d"),
                    agent,
                    str(dice.randrange(1, 90)),
                    "85",
                    "96.5%",
                ],
            }[table]
        )
    return made


def _stamp(seconds: int, form: str) -> str:
    return str(seconds * 1000) if form == "ms" else time.strftime(form, time.gmtime(seconds))


def _mutated(dice: random.Random, headings: list[str], rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Hostile cells, cut rows, shuffled columns; every row keeps a cell that is not blank."""
    for _ in range(dice.randrange(1, 12)):
        row = dice.choice(rows)
        row[dice.randrange(len(row))] = dice.choice(HOSTILE)
    if dice.random() < 0.2:
        place = dice.randrange(len(headings))
        for row in rows:
            row[place] = dice.choice(HOSTILE)
    if dice.random() < 0.3:
        order = dice.sample(range(len(headings)), len(headings) - (dice.random() < 0.2))
        headings, rows = [headings[at] for at in order], [[row[at] for at in order] for row in rows]
    for row in rows:
        if not any(cell.isalnum() for cell in row):
            row[0] = "K"
    return headings, rows[: dice.randrange(1, len(rows) + 1)]


def _damaged(dice: random.Random, data: bytes) -> bytes:
    raw = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 5, 40))):
        place = dice.randrange(len(raw) + 1)
        _DAMAGES[dice.randrange(len(_DAMAGES))](dice, raw, place)
    return bytes(raw)


def _flip(dice: random.Random, raw: bytearray, place: int) -> None:
    if place < len(raw):
        raw[place] ^= 1 << dice.randrange(8)


def _cut(dice: random.Random, raw: bytearray, place: int) -> None:
    del raw[place : len(raw) if dice.random() < 0.2 else place + dice.randrange(1, 60)]


def _double(dice: random.Random, raw: bytearray, place: int) -> None:
    raw[place:place] = raw[place : place + dice.randrange(1, 300)]


def _insert(dice: random.Random, raw: bytearray, place: int) -> None:
    word = dice.choice(HOSTILE)[:400].encode(dice.choice(ENCODINGS), errors="replace")
    raw[place:place] = word if dice.random() < 0.7 else dice.randbytes(dice.randrange(1, 9))


def _recode(dice: random.Random, raw: bytearray, place: int) -> None:
    read, write = dice.choice(ENCODINGS), dice.choice(ENCODINGS)
    raw[place:] = bytes(raw[place:]).decode(read, errors="replace").encode(write, errors="replace")


_DAMAGES: tuple[Callable[[random.Random, bytearray, int], None], ...] = (_flip, _flip, _cut, _double, _insert, _recode)


# ── containers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _text(dice: random.Random, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, bytes]:
    separator, end = dice.choice(",,;\t|"), dice.choice(("\n", "\n", "\r\n", "\r"))
    every = dice.random() < 0.2
    lines = (separator.join(_quoted(cell, separator, every) for cell in row) for row in (headings, *rows))
    text = end.join(lines) + end * (dice.random() < 0.8)
    return dice.choice(("a.csv", "a.txt", "a.tsv", "a.xls")), text.encode(dice.choice(ENCODINGS), errors="replace")


def _quoted(cell: str, separator: str, every: bool) -> str:
    if every or any(each in cell for each in (separator, '"', "\n", "\r")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _json(dice: random.Random, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, bytes]:
    wrapped = dice.random() < 0.2
    records = [
        {heading: {"value": cell} if wrapped else cell for heading, cell in zip(headings, row, strict=True)}
        for row in _typed(dice, rows, TYPED)
    ]
    text = dice.choice(
        (
            lambda: json.dumps(records, ensure_ascii=dice.random() < 0.5),
            lambda: json.dumps({"ok": True, "data": {"rows": records}}),
            lambda: "\n".join(json.dumps(record, ensure_ascii=False) for record in records),
        )
    )()
    return dice.choice(("a.json", "a.jsonl", "a.txt")), text.encode(errors="replace")


def _typed(dice: random.Random, rows: Sequence[Sequence[Any]], values: Sequence[Any]) -> list[list[Any]]:
    """Rows of which some cells are no text, in a third of the files."""
    copied = [list(row) for row in rows]
    for _ in range(dice.randrange(1, 6) if dice.random() < 0.3 else 0):
        row = dice.choice(copied)
        row[dice.randrange(len(row))] = dice.choice(values)
    return copied


def _workbook(dice: random.Random, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, bytes]:
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.set_properties({"created": MADE})
        if dice.random() < 0.3:
            book.add_worksheet("说明").write_string(0, 0, "导出说明")
        sheet = book.add_worksheet("明细")
        for at, row in enumerate((headings, *rows)):
            for place, cell in enumerate(row):
                sheet.write_string(at, place, cell[:32_000])
    return dice.choice(("a.xlsx", "a.xlsm", "a.csv")), target.getvalue()


def _parquet(dice: random.Random, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = io.BytesIO()
    columns = {heading: pa.array([row[at] for row in rows]) for at, heading in enumerate(headings)}
    if dice.random() < 0.5:
        values, kind = dice.choice(_column_types())
        columns[dice.choice(headings)] = pa.array([values] * len(rows), kind)
    pq.write_table(pa.table(columns), target)
    return "a.parquet", target.getvalue()


def _column_types() -> list[tuple[Any, Any]]:
    """A value and a type for a column that is no text."""
    import pyarrow as pa

    stamp = dt.datetime(2024, 1, 2, 3, 4, 5, 678)
    return [
        (stamp, pa.timestamp("ns", "UTC")), (stamp, pa.timestamp("us")), (stamp.date(), pa.date32()), (stamp.time(), pa.time64("us")),
        (dt.timedelta(seconds=3.5), pa.duration("us")), (float("nan"), pa.float64()), (Decimal("1.50"), pa.decimal128(9, 2)),
        ([1, 2], pa.list_(pa.int64())), ({"a": 1}, pa.struct({"a": pa.int64()})), (b"\xff", pa.binary()), (None, pa.string()),
        (None, pa.null()), ("Ann", pa.large_string()), (True, pa.bool_()), (7, pa.uint64()),
    ]  # fmt: skip


def _database(dice: random.Random, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, bytes]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            f"CREATE TABLE chats ({', '.join(json.dumps(heading, ensure_ascii=False) for heading in headings)})"
        )
        connection.executemany(
            f"INSERT INTO chats VALUES ({', '.join('?' * len(headings))})", _typed(dice, rows, STORED)
        )
        connection.commit()
        return "a.db", connection.serialize()


def _packed(dice: random.Random, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, bytes]:
    name, data = dice.choice((_text, _text, _json, _workbook, _packed))(dice, headings, rows)
    if dice.random() < 0.2:
        return f"{name}.gz", gzip.compress(data, mtime=0)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", dice.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        archive.writestr(_entry(archive, f"../{name}"), data)
        archive.writestr(_entry(archive, "readme.txt"), "notes\n")
    return "a.zip", target.getvalue()


def _entry(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """An entry stamped with a day of its own: the clock must not be in the file."""
    entry = zipfile.ZipInfo(name, MADE.timetuple()[:6])
    entry.compress_type = archive.compression
    return entry


CONTAINERS = (_text, _text, _text, _text, _json, _workbook, _parquet, _database, _packed)


# ── judging ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def judge(case: Case) -> str:
    """``loaded``, the code under which the file was refused, or what must never be, marked with ``!``."""
    try:
        log = load([InputFile(case.name, case.data)])
    except InputError as error:
        return error.issue.code if _worded(error.issue) else f"!no words for {error.issue.code}"
    except Exception as error:  # noqa: BLE001 - any other exception is what is looked for
        return f"!{type(error).__name__}"
    reports = log.ledger.files
    wordless = [issue.code for issue in log.ledger.issues if not _worded(issue)]
    if wordless:
        return f"!no words for {wordless[0]}"
    if any(report.rows_read != report.rows_kept + report.rows_dropped for report in reports):
        return "!rows do not add up"
    read = sum(report.rows_read for report in reports)
    return "loaded" if case.records in (-1, read) else "!records lost" if read < case.records else "!records made up"


_WORDS = {language: Text(language) for language in LANGUAGES}


def _worded(issue: Issue) -> bool:
    return all(all(explain(issue, text)) for text in _WORDS.values())


# ── running ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _work(pipe: Connection, seed: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    while True:
        number = pipe.recv()
        case = make(seed, number)
        started = time.perf_counter()
        pipe.send((judge(case), time.perf_counter() - started, case.name))


class _Worker:
    """A process that is asked about one file at a time, and replaced when it dies or hangs."""

    def __init__(self, seed: int) -> None:
        self.seed, self.number, self.since = seed, -1, 0.0
        self.pipe, far = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_work, args=(far, seed), daemon=True)
        self._process.start()
        far.close()

    def ask(self, number: int) -> None:
        """Hands over the number of the next file."""
        self.number, self.since = number, time.perf_counter()
        self.pipe.send(number)

    def answer(self) -> Outcome:
        """What became of it."""
        try:
            code, seconds, name = self.pipe.recv()
        except EOFError:
            code, seconds, name = "!process died", time.perf_counter() - self.since, make(self.seed, self.number).name
        return Outcome(code, seconds, self.number, name)

    @property
    def hangs(self) -> bool:
        """Whether the file takes longer than anybody waits."""
        return time.perf_counter() - self.since > PATIENCE_S

    def end(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.join()


def run(files: int, seed: int) -> Iterator[Outcome]:
    """The outcome of every file, as they come."""
    numbers = iter(range(files))
    workers = [_Worker(seed) for _ in range(PROCESSES)]
    for worker in list(workers):
        _next(worker, workers, numbers)
    while workers:
        ready = wait([worker.pipe for worker in workers], timeout=1.0)
        for worker in [each for each in workers if each.pipe in ready or each.hangs]:
            found = worker.answer() if worker.pipe in ready else Outcome("!hangs", PATIENCE_S, worker.number)
            yield found
            if found.code in ("!hangs", "!process died"):
                worker.end()
                workers.remove(worker)
                worker = _Worker(seed)  # noqa: PLW2901
                workers.append(worker)
            _next(worker, workers, numbers)


def _next(worker: _Worker, workers: list[_Worker], numbers: Iterator[int]) -> None:
    number = next(numbers, None)
    if number is not None:
        worker.ask(number)
        return
    worker.end()
    workers.remove(worker)


def main() -> int:
    """Runs the files and prints what became of them; 1 when something happened that must never."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--files", type=int, default=20_000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--keep", type=Path, help="folder for the files that something bad happened to")
    given = words.parse_args()
    started = time.perf_counter()
    outcomes = []
    for found in run(given.files, given.seed):
        outcomes.append(found)
        if found.bad:
            print(f"{found.code}: file {found.number} of seed {given.seed} ({found.name})", flush=True)
            if given.keep:
                (given.keep / f"{given.seed}-{found.number}-{found.name}").write_bytes(
                    make(given.seed, found.number).data
                )
    _show(outcomes, time.perf_counter() - started)
    return int(any(found.bad for found in outcomes))


def _show(outcomes: Sequence[Outcome], seconds: float) -> None:
    slowest = max(outcomes, key=lambda found: found.seconds)
    print(
        f"files {len(outcomes):,}   seconds {seconds:.0f}   slowest {slowest.seconds:.2f} s (file {slowest.number}, {slowest.name})"
    )
    for code, count in Counter(found.code for found in outcomes).most_common():
        print(f"{count:>8,}  {count / len(outcomes):6.1%}  {code}")


if __name__ == "__main__":
    sys.exit(main())
