"""Large text files: the quick way gives what the thorough one gives, or stands back."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core.ingest import Choices, InputFile, load, quick
from core.ingest import dates as stamps_of
from core.ingest.choices import FileChoice
from core.ingest.progress import Steps, remaining, watched
from core.ingest.read import RawTable, read

ROWS = 40_000
KINDS = ("物流", "退货")
HEAD = "会话ID,客服,开始时间,结束时间,满意度,问题分类,客户ID\n"


def rows(stamp: Callable[[int], str], rows_wanted: int = ROWS, odd: str = "") -> str:
    """A conversation file long enough for the quick way; ``odd`` is written in the middle."""
    lines = _lines(stamp, rows_wanted)
    return HEAD + "".join(lines[: rows_wanted // 2]) + odd + "".join(lines[rows_wanted // 2 :])


@cache
def _lines(stamp: Callable[[int], str], rows_wanted: int) -> list[str]:
    return [
        f"S{n:08d},客服{n % 7},{stamp(n)},{stamp(n + 400) if n % 9 else ''},{n % 6 or ''},{KINDS[n % 2]},b{n * 7919 % 9973}\n"
        for n in range(rows_wanted)
    ]


def iso(seconds: int) -> str:
    """2025-01-31 08:05:00."""
    return str(np.datetime64("2025-01-01T00:00:00") + np.timedelta64(seconds * 7, "s")).replace("T", " ")


def day_first(seconds: int) -> str:
    """31/1/2025 8:05."""
    date, clock = iso(seconds).split(" ")
    year, month, day = date.split("-")
    return f"{int(day)}/{int(month)}/{year} {int(clock[:2])}{clock[2:5]}"


def both_ways(data: bytes, monkeypatch: pytest.MonkeyPatch, wanted: str = "") -> tuple[RawTable, RawTable, bool]:
    """The table read as it comes and read thoroughly, and whether the first went the quick way."""
    file, choices = InputFile("a.csv", data), Choices(files=(FileChoice(encoding=wanted),))
    used: list[bool] = []
    parse = quick.parse

    def noted(*given: object) -> quick.Parsed | None:
        found = parse(*given)  # type: ignore[arg-type]
        used.append(found is not None)
        return found

    monkeypatch.setattr(quick, "parse", noted)
    (first,) = read(file, choices)
    monkeypatch.setattr(quick, "HEAD", 1 << 40)
    (second,) = read(file, choices)
    return first, second, used == [True]


def same(first: RawTable, second: RawTable) -> bool:
    """Equal in everything that a reader may see."""
    cells = all(one.equals(other) for one, other in zip(first.columns, second.columns, strict=True))
    facts = ("headings", "encoding", "separator", "rejected", "encoding_confidence")
    codes = [(issue.code, issue.rows, issue.row) for issue in first.issues]
    return (
        cells
        and bool((first.rows == second.rows).all())
        and all(getattr(first, fact) == getattr(second, fact) for fact in facts)
        and codes == [(issue.code, issue.rows, issue.row) for issue in second.issues]
    )


REGULAR = {
    "plain": rows(iso).encode(),
    "mark": rows(iso).encode("utf-8-sig"),
    "gb18030": rows(day_first).encode("gb18030"),
    "windows line ends": rows(iso).replace("\n", "\r\n").encode(),
    "quotes late": rows(iso, odd='S9,"客服\n一",2025-01-01 00:00:00,,5,物流,b1\n').encode(),
    "formula cells": rows(iso, odd='="0012",客服1,2025-01-01 00:00:00,,5,物流,b1\n').encode(),
    "empty rows": rows(iso, odd=",,,,,,\n").encode(),
    "preamble": ("导出报表,,,,,,\n" + rows(iso)).encode(),
    "NUL bytes": rows(iso, odd="S9\0,客服1,2025-01-01 00:00:00,,5,物流,b1\n").encode(),
    "a short row": rows(iso, odd="S9,客服1\n").encode(),
    "rows of other widths": (
        "导出报表,,,,,,\n" + rows(iso, odd='S9,"客\n服\n1",x\n\n,,,,,,,,\nS9,a,b\nS9,1,2,3,4,5,6,7,8\n')
    ).encode(),
    "rows of other widths in gb18030": (rows(day_first, odd="S9,客服1\n") + "共 9 条\n").encode("gb18030"),
    "semicolons": rows(iso).replace(",", ";").encode(),
}
IRREGULAR = {
    "a bare return": rows(iso, odd="S9,客\r服,2025-01-01 00:00:00,,5,物流,b1\n").encode(),
    "an open quote": rows(iso).encode() + '"S9,客服1,2025-01-01 00:00:00,,5,物流,b1\n'.encode(),
    "damaged UTF-8": rows(iso).encode() + b"S9,\xff\xfe,2025-01-01 00:00:00,,5,x,b1\n",
    "damaged GB18030": rows(iso).encode("gb18030") + b"S9,\xff\xff,2025-01-01 00:00:00,,5,x,b1\n",
}


@pytest.mark.parametrize("name", REGULAR)
def test_the_quick_way_reads_what_the_thorough_one_reads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells, row numbers, notes and encoding are equal to the last one, and the quick way was taken."""
    first, second, quickly = both_ways(REGULAR[name], monkeypatch)
    assert quickly
    assert same(first, second)
    assert len(first.rows) >= ROWS


@pytest.mark.parametrize("name", IRREGULAR)
def test_what_is_irregular_is_read_thoroughly(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One odd row or byte, wherever it stands, and the thorough reading counts it."""
    first, second, quickly = both_ways(IRREGULAR[name], monkeypatch)
    assert not quickly
    assert same(first, second)


def test_the_wanted_encoding_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's word decides in the quick way too."""
    first, second, quickly = both_ways(rows(iso).encode("big5", errors="replace"), monkeypatch, "big5")
    assert quickly
    assert same(first, second)
    assert first.encoding == "big5"


@pytest.mark.parametrize("stamp", [iso, day_first])
def test_a_log_is_the_same_from_text_and_from_codes(
    stamp: Callable[[int], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The whole import gives one table, one ledger and one digest, from a path read in blocks and from bytes read whole."""
    path = tmp_path / "a.csv"
    path.write_bytes(rows(stamp).encode())
    first = load([InputFile.of(path)])
    monkeypatch.setattr(quick, "HEAD", 1 << 40)
    monkeypatch.setattr(stamps_of, "MANY", 1 << 40)
    second = load([InputFile("a.csv", path.read_bytes())])
    assert first.digest == second.digest
    assert first.tables["conversations"].equals(second.tables["conversations"])  # type: ignore[arg-type]
    assert [issue.code for issue in first.ledger.issues] == [issue.code for issue in second.ledger.issues]


def test_what_remains_is_told_after_a_second() -> None:
    """The estimate follows the pace so far, and is silent while there is none."""
    assert remaining(50, 100, 4.0) == 4.0
    assert remaining(100, 100, 4.0) == 0.0
    assert remaining(50, 100, 0.5) is None
    assert remaining(0, 100, 4.0) is None


def test_progress_counts_rows_in_the_callers_thread() -> None:
    """Every report comes in the caller's thread; the last one has all bytes and exactly all rows."""
    file = InputFile("a.csv", rows(iso).encode())
    told: list[tuple[int, int, str, int]] = []
    threads: set[int] = set()

    def tell(*step: int) -> None:
        threads.add(threading.get_ident())
        told.append(step)  # type: ignore[arg-type]

    load([file], progress=tell)
    assert threads == {threading.get_ident()}
    assert told[-1] == (file.size, file.size, "a.csv", ROWS)


def test_a_cancel_reaches_the_caller_at_once_and_ends_the_work() -> None:
    """The caller waits for no step of the work; the work ends at its next step."""
    steps, ended = Steps({"a": 100}), threading.Event()

    def work() -> None:
        try:
            for share in range(1000):
                steps.at("a", share / 1000)
                time.sleep(0.01)
        finally:
            ended.set()

    def cancel(done: int, total: int, name: str, read_rows: int) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        watched(work, steps, cancel)
    assert time.monotonic() - began < 1.0
    assert ended.wait(1.0)


def test_a_cancel_leaves_the_log_that_was_loaded() -> None:
    """What an earlier import gave is untouched by one that is called off, and the same files can be read again."""
    loaded = load([InputFile("a.csv", rows(iso, 100).encode())])

    def cancel(*step: int) -> None:
        raise KeyboardInterrupt

    other = InputFile("b.csv", rows(iso).encode())
    with pytest.raises(KeyboardInterrupt):
        load([other], progress=cancel)
    assert loaded.tables["conversations"].num_rows == 100  # type: ignore[union-attr]
    assert load([other]).tables["conversations"].num_rows == ROWS  # type: ignore[union-attr]


def test_cells_nobody_asks_for_again_are_freed() -> None:
    """Of a single large file only the log stays; for a preview, and beside a second file, its cells stay as well."""
    file = InputFile("a.csv", rows(iso).encode())
    importing = sys.modules["core.ingest.load"]
    (alone,) = importing._import([file], Choices(), Steps({}))[1]
    (shown,) = importing._import([file], Choices(), Steps({}), cells=True)[1]
    beside = importing._import(
        [file, InputFile("b.csv", HEAD.encode() + b"S9,x,2025-02-01 10:00,,,,b\n")], Choices(), Steps({})
    )[1]
    assert {len(column) for column in alone.raw.columns} == {0}
    assert {len(column) for column in (*shown.raw.columns, *beside[0].raw.columns)} == {ROWS}
    assert all(alone.columns[name].equals(column) for name, column in shown.columns.items())
