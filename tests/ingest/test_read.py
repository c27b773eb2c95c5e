"""Bytes → tables of text: encodings, separators, header rows, broken rows, sheets."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from core.ingest import read as reading
from core.ingest.choices import InputFile
from core.ingest.encoding import decode
from core.ingest.read import RawTable, header_row, read, unique_headings

ROWS = [["会话ID", "客服", "内容"], ["K1", "小李", "您好，在吗"], ["K2", "小王", "好的"]]


def one(name: str, data: bytes) -> RawTable:
    """The only table of a file."""
    (table,) = read(InputFile(name, data))
    return table


def cells(table: RawTable) -> list[list[str]]:
    """Rows of a table as text."""
    return [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]


def text_of(rows: list[list[str]], separator: str = ",", end: str = "\n") -> str:
    """Rows as a text table."""
    return end.join(separator.join(row) for row in rows) + end


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    """A workbook with these sheets."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return target.getvalue()


def test_a_character_cut_off_at_the_end_does_not_change_the_encoding() -> None:
    """A file that stops in the middle of a character is still UTF-8."""
    data = text_of(ROWS).encode()[:-2]
    assert decode("a.csv", data).encoding == "utf-8"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(separator: str, end: str) -> None:
    """Comma, semicolon, tab and bar with three kinds of line ends give the same cells."""
    table = one("a.txt", text_of(ROWS, separator, end).encode())
    assert (table.separator, cells(table)) == (separator, ROWS[1:])


def test_rows_that_do_not_fit_are_counted_with_number_and_value() -> None:
    """Ragged rows are set aside, named, and read = kept + rejected."""
    table = one("a.csv", b"Agent,CSAT,Topic\nAnn,5,x\nBob,4\nCid,3,y\nDan,2,z,zz\n")
    assert table.rows.tolist() == [2, 4]
    assert table.rejected == 2
    (issue,) = table.issues
    assert (issue.code, issue.row, issue.rows, issue.value, issue.examples) == ("unreadable_row", 3, 2, "Bob,4", (3, 5))


@pytest.mark.parametrize(
    ("tail", "rejected"),
    [(b'Bob,"4,x\nCid,3,y\n', 2), (b'Bob,4,"x\nCid,3,y\n', 2), (b"Bob,4", 1)],
    ids=["middle", "last", "cut"],
)
def test_a_record_that_never_ends_is_not_swallowed_in_silence(tail: bytes, rejected: int) -> None:
    """A quote that is never closed, or a file cut off in a row, costs only the rows concerned, and they are counted."""
    table = one("a.csv", b"Agent,CSAT,Topic\nAnn,5,x\n" + tail)
    assert cells(table) == [["Ann", "5", "x"]]
    assert table.rejected == rejected


def test_blank_rows_are_no_rows() -> None:
    """Blank lines, and lines of separators alone, are passed over with a note; row numbers stay the file's."""
    table = one("a.csv", b"Agent,CSAT,Topic\n\nAnn,5,x\n,,\nBob,4,y\n\n")
    assert table.rows.tolist() == [3, 5]
    assert [(i.code, i.rows) for i in table.issues] == [("blank_rows", 3)]


def test_rows_above_the_headings_are_skipped() -> None:
    """A title and a period above the headings do not become headings."""
    table = one("a.csv", "客服数据报表,,\n统计周期 2024-01-01 至 2024-01-31,,\n客服,评分,会话ID\n小李,5,K1\n".encode())
    assert table.headings == ("客服", "评分", "会话ID")
    assert table.rows.tolist() == [4]
    assert [(i.code, i.row) for i in table.issues] == [("preamble", 3)]


def test_headings_are_told_apart() -> None:
    """Duplicates are numbered, unnamed columns are called by their place."""
    assert unique_headings(["Unnamed: 0", "Agent", "Agent", ""], 4) == ("#1", "Agent", "Agent (2)", "#4")


def test_a_data_row_with_a_known_word_is_no_header() -> None:
    """A row of values is not taken for headings because one cell happens to be a known heading."""
    rows = [
        ["sla_policy_id", "metric", "priority", "target"],
        ["1", "reply", "medium", "60"],
        ["2", "priority", "channel", "70"],
    ]
    assert header_row(rows) == 0


def test_the_data_sheet_is_chosen_and_cells_keep_their_kind() -> None:
    """A cover sheet is passed over; numbers lose no digits, long ids gain no exponent, formulas are not run."""
    data = workbook(
        {"封面": [["说明"]], "明细": [["会话ID", "客服", "评分"], [123456789012345, "小李", 5], ["00012", "=1+1", 4.5]]}
    )
    table = one("a.xlsx", data)
    assert (table.sheet, table.encoding) == ("明细", "xlsx")
    assert cells(table)[0] == ["123456789012345", "小李", "5"]
    assert cells(table)[1][0] == "00012"
    assert cells(table)[1][1] in ("0", "")


def test_several_sheets_are_several_tables() -> None:
    """Each sheet that looks like a table is one."""
    data = workbook({"A": [["会话ID", "客服"], ["K1", "a"]], "B": [["订单号", "下单时间"], ["S1", "2024-01-01"]]})
    assert [table.name for table in read(InputFile("a.xlsx", data))] == ["a.xlsx#A", "a.xlsx#B"]


def test_parquet_gives_text_as_a_person_would_write_it() -> None:
    """Whole floats lose .0, stamps are spelled out, zones are kept, missing stays missing."""
    stamps = pa.array([1_704_067_200_000, None], pa.timestamp("ms", "Asia/Shanghai"))
    target = io.BytesIO()
    pq.write_table(pa.table({"conversation_id": [12.0, None], "started_at": stamps, "resolved": [True, False]}), target)
    table = one("a.parquet", target.getvalue())
    assert cells(table) == [["12", "2024-01-01 00:00:00.000Z", "true"], [None, None, "false"]]


@pytest.mark.parametrize(
    "wrap",
    [json.dumps, lambda rows: json.dumps({"meta": {"n": 2}, "data": {"items": rows}}),
     lambda rows: "\n".join(json.dumps(row) for row in rows)],
    ids=["list", "list inside", "lines"],
)  # fmt: skip
def test_json_in_three_shapes(wrap: object) -> None:
    """A list, a list inside an object, and one object a line give the same table; nested fields get dotted names."""
    rows = [
        {"id": 1, "agent": {"name": "Ann"}, "score": {"value": 5}},
        {"id": 2, "agent": {"name": "Bob"}, "score": None},
    ]
    table = one("a.json", wrap(rows).encode())  # type: ignore[operator]
    assert table.headings == ("id", "agent.name", "score")
    assert cells(table) == [["1", "Ann", "5"], ["2", "Bob", None]]


@pytest.mark.parametrize("block", [1, 2, 5000])
def test_json_lines_are_gathered_in_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headings that come late, nested fields that are empty at first and broken lines give one table, whatever is held at a time."""
    monkeypatch.setattr(reading, "BLOCK", block)
    lines = ['{"id": 1, "agent": null}', "{", '{"id": 2, "agent": {"name": "Bob"}}', "", '{"note": "x", "id": 3}']
    table = one("a.jsonl", "\n".join(lines).encode())
    assert table.headings == ("id", "agent.name", "note")
    assert cells(table) == [["1", None, None], ["2", "Bob", None], ["3", None, "x"]]
    assert (table.rows.tolist(), table.rejected) == ([1, 3, 5], 1)


def test_a_broken_json_line_costs_one_row() -> None:
    """Lines that are no object are counted, the others are read."""
    table = one("a.jsonl", b'{"agent": "Ann", "csat": 5}\n{"agent": "Bo\n{"agent": "Cid", "csat": 4}\n')
    assert (table.rows.tolist(), table.rejected, table.issues[0].row) == ([1, 3], 1, 2)
