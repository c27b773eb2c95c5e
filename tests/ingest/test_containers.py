"""What tables come in: workbooks with merged cells and pivots, databases, archives; limits and hostile names."""

from __future__ import annotations

import io
import sqlite3
import time
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from core.errors import InputError
from core.ingest import InputFile, archives, load
from core.log import Log


def codes(log: Log) -> dict[str, int]:
    """Rows per issue code."""
    return {issue.code: issue.rows for issue in log.ledger.issues}


def values(log: Log, table: str, name: str) -> list[object]:
    """Values of a staged column."""
    return log.tables[table].column(name).to_pylist()  # type: ignore[union-attr]


def refused(name: str, data: bytes) -> str:
    """The code under which a file is refused."""
    with pytest.raises(InputError) as caught:
        load([InputFile(name, data)])
    return caught.value.issue.code


def test_merged_cells_hold_for_all_their_rows() -> None:
    """A name merged over three days is the agent of three days; a title merged over the columns is no value."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet("日报 & co")
        sheet.merge_range("A1:D1", "客服日报 2024年1月")
        sheet.write_row(1, 0, ["客服", "日期", "接待人数", "满意度"])
        sheet.merge_range("A3:A5", "小李")
        sheet.write(5, 0, "小王")
        for row in range(4):
            sheet.write_row(2 + row, 1, [f"2024-01-0{row + 2}", 30 + row, "90%"])
    log = load([InputFile("a.xlsx", target.getvalue())])
    assert values(log, "agent_days", "agent_id") == ["小李", "小李", "小李", "小王"]
    assert codes(log) == {"preamble": 1, "merged_cells": 2}


def test_pivot_and_summary_sheets_are_passed_over_and_named() -> None:
    """The sheet with the conversations is read; the pivot table and the sums are said to be left out."""
    target = io.BytesIO()
    sheets = {
        "透视表": [["行标签", "计数项:会话ID"], ["小李", 20], ["总计", 20]],
        "汇总": [["客服", "会话数", "满意度"], ["小李", 20, 0.9], ["总计", 20, 0.9]],
        "明细": [["会话ID", "客服", "会话开始时间"], ["1", "小李", "2024-01-02 09:00"]],
    }
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    log = load([InputFile("a.xlsx", target.getvalue())])
    (issue,) = log.ledger.issues
    assert (set(log.tables), issue.code, issue.value) == ({"conversations"}, "sheets_skipped", "透视表, 汇总")


def database(path: Path, wal: bool = False) -> bytes:
    """A database with a log, an empty table, a view and a table of codes."""
    with sqlite3.connect(path) as connection:
        if wal:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            'CREATE TABLE "chat ""log" (conversation_id INTEGER, agent TEXT, started_at INTEGER, csat REAL)'
        )
        connection.execute(
            'INSERT INTO "chat ""log" VALUES (12345678901234567, \'小李\', 1704157200000, 5.0), (2, NULL, 1704160800000, NULL)'
        )
        connection.execute("CREATE TABLE empty_one (a, b)")
        connection.execute("CREATE TABLE codes (k INTEGER, v TEXT)")
        connection.execute("INSERT INTO codes VALUES (1, 'x')")
        connection.execute(
            "CREATE VIEW never AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t"
        )
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize("wal", [False, True])
def test_a_sqlite_file_is_read_table_by_table(tmp_path: Path, wal: bool) -> None:
    """Long ids keep their digits, NULL is missing, views are not run, tables that are no log are named; the file stays as it is."""
    data = database(tmp_path / "a.db", wal)
    log = load([InputFile("a.db", data)])
    assert values(log, "conversations", "conversation_id") == ["12345678901234567", "2"]
    assert values(log, "conversations", "started_at") == [1704157200000, 1704160800000]
    assert values(log, "conversations", "csat") == [5.0, None]
    assert [(report.encoding, report.sheet) for report in log.ledger.files] == [("sqlite", 'chat "log')]
    assert codes(log)["sheets_skipped"] == 1


def test_an_archive_that_unpacks_to_too_much_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size written in the archive decides before anything is unpacked; a workbook is an archive too."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (8 << 20))
    monkeypatch.setattr(archives, "UNPACKED", 1 << 20)
    started = time.perf_counter()
    assert [refused(name, target.getvalue()) for name in ("a.zip", "a.xlsx")] == ["unpacks_too_large"] * 2
    assert time.perf_counter() - started < 1


def test_a_locked_or_damaged_archive_is_named() -> None:
    """A member whose bytes do not fit their check sum is a reason, not a traceback."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", "Agent,Started at\nAnn,2024-01-01 09:00\n")
    data = target.getvalue().replace(b"Ann,2024", b"Ann,2O24", 1)
    assert refused("a.zip", data) == "archive_unreadable"
