"""Reading and safety, trap by trap: a small file by hand, the rows and values it must give, what the ledger must say.

One row of `TRAPS` a trap; for every one read = kept + dropped. `REFUSED` are files that hold no log: what, where and cure are said.
"""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from core.errors import InputError
from core.ingest import Choices, FileChoice, InputFile, archives, explain, load
from core.ingest import read as reading
from core.log import Log
from core.text import LANGUAGES, Text

HEAD = "Conversation ID,Agent,Started at,Text\n"
TWO = HEAD + "1,Ann,2024-01-02 09:01,x\n2,Bob,2024-01-02 09:02,y\n"
ZH = "会话ID,客服,会话开始时间,内容\n1,小李,2024-01-02 09:01,您好，请问发货了吗\n2,小王,2024-01-02 09:02,好的谢谢\n"
TW = "會話ID,客服,會話開始時間,內容\n1,小李,2024-01-02 09:01,請問訂單什麼時間可以到\n2,小王,2024-01-02 09:02,好的謝謝\n"
HK = ZH.replace("您好，请问发货了吗", "唔該，我嘅訂單幾時到呀").replace("好的谢谢", "咗未呀")
ONE = TWO.replace("09:01,x", '09:01,"one\rtwo"')
LONG = TWO.replace("09:01,x", f"09:01,{'x' * (1 << 20)}")
TEXTS = {"text": ["x", "y"]}
ZH_TEXTS = {"text": ["您好，请问发货了吗", "好的谢谢"], "agent_id": ["小李", "小王"]}
TW_TEXTS = {"text": ["請問訂單什麼時間可以到", "好的謝謝"], "agent_id": ["小李", "小王"]}


@dataclass(frozen=True)
class Trap:
    """A file, and what becomes of it: values by column of the one table, rows set aside, codes of the ledger with their rows."""

    data: bytes
    values: dict[str, list[object]]
    codes: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    name: str = "a.csv"
    encoding: str = ""
    table: str = "conversations"


def packed(*members: tuple[str, bytes | str], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these members."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", kind) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return target.getvalue()


def workbook(sheets: dict[str, list[list[str]]]) -> bytes:
    """A workbook of text cells."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for place, cell in enumerate(row):
                    sheet.write_string(at, place, cell)
    return target.getvalue()


def rows_of(text: str) -> list[list[str]]:
    """Lines of a table as cells."""
    return [line.split(",") for line in text.strip("\n").split("\n")]


def changed(book: bytes, member: str, change: Callable[[bytes], bytes]) -> bytes:
    """An archive with one of its members changed."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return packed(*((n, change(archive.read(n)) if n == member else archive.read(n)) for n in archive.namelist()))


def with_macros(book: bytes) -> bytes:
    """A workbook with a project of macros that would run when it is opened."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    return packed(("xl/vbaProject.bin", OLE + b"Auto_Open"), *members)


def parquet(texts: pa.Array) -> bytes:
    """Two conversations with these texts as Parquet."""
    target = io.BytesIO()
    columns = dict(
        zip(rows_of(HEAD)[0], (["1", "2"], ["Ann", "Bob"], ["2024-01-02 09:01", "2024-01-02 09:02"]), strict=False)
    )
    pq.write_table(pa.table({**columns, "Text": texts}), target)
    return target.getvalue()


def stamped(zone: str | None) -> bytes:
    """Two conversations whose starts are finer than a millisecond, as data frames write them."""
    target = io.BytesIO()
    starts = pa.array([1_704_164_645_678_901_234, 1_704_164_705_678_901_234]).cast(pa.timestamp("ns", zone))
    pq.write_table(pa.table({"Agent": ["Ann", "Bob"], "Started at": starts}), target)
    return target.getvalue()


def sqlite() -> bytes:
    """Two conversations in a database beside a table of codes."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute('CREATE TABLE chats ("Conversation ID" INTEGER, Agent TEXT, "Started at" TEXT, Text BLOB)')
        connection.executemany("INSERT INTO chats VALUES (?, ?, ?, ?)", rows_of(TWO)[1:])
        connection.commit()
        return bytes(connection.serialize())


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
RECORDS = [dict(zip(rows_of(TWO)[0], row, strict=True)) for row in rows_of(TWO)[1:]]
DOCTYPE = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY e SYSTEM "file:///etc/passwd">]>'
BOOK = workbook({"Log": rows_of(TWO)})

TRAPS = {
    # encodings
    "UTF-8": Trap(ZH.encode(), ZH_TEXTS, encoding="utf-8"),
    "UTF-8 with a mark": Trap(ZH.encode("utf-8-sig"), ZH_TEXTS, encoding="utf-8-sig"),
    "GBK": Trap(ZH.encode("gbk"), ZH_TEXTS, encoding="gb18030"),
    "GB18030 beyond GBK": Trap(
        ZH.replace("谢谢", "谢谢😀").encode("gb18030"), {"text": ["您好，请问发货了吗", "好的谢谢😀"]}, encoding="gb18030"
    ),
    "Big5": Trap(TW.encode("big5"), TW_TEXTS, encoding="big5"),
    "traditional characters in GBK are not Big5": Trap(TW.encode("gbk"), TW_TEXTS, encoding="gb18030"),
    "Big5 of Hong Kong": Trap(
        TW.replace("好的謝謝", "咗未呀嘅").encode("big5hkscs"), {"text": ["請問訂單什麼時間可以到", "咗未呀嘅"]}, encoding="big5"
    ),
    "UTF-16 with a mark": Trap(ZH.encode("utf-16"), ZH_TEXTS, encoding="utf-16"),
    "UTF-16, big end first, with a mark": Trap(b"\xfe\xff" + ZH.encode("utf-16-be"), ZH_TEXTS, encoding="utf-16"),
    "UTF-16 without a mark": Trap(ZH.encode("utf-16-le"), ZH_TEXTS, encoding="utf-16-le"),
    "UTF-16, big end first, without a mark": Trap(TW.encode("utf-16-be"), TW_TEXTS, encoding="utf-16-be"),
    "cp1252": Trap(
        (HEAD + "1,Renée,2024-01-02 09:01,déjà vu – 5 €\n").encode("cp1252"),
        {"agent_id": ["Renée"], "text": ["déjà vu – 5 €"]}, encoding="cp1252",
    ),
    "one letter does not settle cp1252": Trap(
        (HEAD + "1,Renée,2024-01-02 09:01,x\n").encode("cp1252"), {"agent_id": ["Renée"]}, {"encoding_doubtful": 0}, encoding="cp1252"
    ),
    "UTF-8 with a byte that does not belong": Trap(
        ZH.encode().replace("好的".encode(), "好".encode() + b"\xe7\x9a"), {"text": ["您好，请问发货了吗", "好\ufffd谢谢"]},
        {"broken_characters": 1}, encoding="utf-8",
    ),
    "GBK below a thousand lines of ASCII": Trap(
        (HEAD + "".join(f"{n},Ann,2024-01-02 09:01,{'x' * 200}\n" for n in range(1100))).encode()
        + "z,小李,2024-01-02 09:01,好\n".encode("gbk"),
        {"agent_id": ["Ann"] * 1100 + ["小李"]}, encoding="gb18030",
    ),
    "zero characters inside cells": Trap(
        (HEAD + f"1,Ann\0,2024-01-02 09:01,x\0{'y' * 200}\n").encode(), {"agent_id": ["Ann"], "text": [f"x{'y' * 200}"]}
    ),
    # lines and separators
    "semicolons": Trap(TWO.replace(",", ";").encode(), TEXTS),
    "tabs": Trap(TWO.replace(",", "\t").encode(), TEXTS),
    "bars": Trap(TWO.replace(",", "|").encode(), TEXTS),
    "CRLF": Trap(TWO.replace("\n", "\r\n").encode(), TEXTS),
    "bare CR as line end": Trap(TWO.replace("\n", "\r").encode(), TEXTS),
    "bare CR in a quoted text": Trap(ONE.encode(), {"text": ["one\ntwo", "y"]}),
    "bare CR in a quoted text, lines end in CRLF": Trap(
        ONE.replace("\n", "\r\n").encode(), {"text": ["one\ntwo", "y"]}
    ),
    "bare CR as line end, LF in a quoted text": Trap(
        TWO.replace("\n", "\r").replace("09:01,x", '09:01,"one\ntwo"').encode(), {"text": ["one\ntwo", "y"]}
    ),
    "bare CR as line end and in a quoted text": Trap(ONE.replace("\n", "\r").encode(), {"text": ["one\ntwo", "y"]}),
    "a quoted line break": Trap(TWO.replace("09:01,x", '09:01,"one\n""two"", three"').encode(), {"text": ['one\n"two", three', "y"]}),
    "a last record that was cut off": Trap((TWO + "3,Ann,2024-01-").encode(), TEXTS, {"unreadable_row": 1}, 1),
    "a last record cut off inside a quoted text": Trap((TWO + '3,"Ann,2024-01-').encode(), TEXTS, {"unreadable_row": 1}, 1),
    "a last record cut off inside its last, quoted cell": Trap(
        (TWO + '3,Ann,2024-01-02 09:03,"half a sen').encode(), TEXTS, {"unreadable_row": 1}, 1
    ),
    "a last record cut off inside a quoted cell of two lines": Trap(
        (TWO + '3,Ann,2024-01-02 09:03,"one line\nhalf a sen').encode(), TEXTS, {"unreadable_row": 2}, 2
    ),
    "an inch in the last cell": Trap((TWO + '3,Ann,2024-01-02 09:03,5" wide').encode(), {"text": ["x", "y", '5" wide']}),
    "no line end after the last record": Trap(TWO.rstrip("\n").encode(), TEXTS),
    # above, below and between
    "a title above, headings in row 2": Trap(("客服报表\n" + TWO).encode(), TEXTS, {"preamble": 1}),
    "a period above, headings in row 4": Trap(
        ("Agents report\nReporting period 2024-01-01 to 2024-01-31\n\n" + TWO).encode(), TEXTS, {"preamble": 3}
    ),
    "sep= for a spreadsheet": Trap(("sep=,\n" + TWO).encode(), TEXTS, {"preamble": 1}),
    "two rows of headings, a title above": Trap(
        "客服绩效,,,\n日期,客服,接待数据,\n,,接待人数,平均首响(秒)\n2024-03-04,小李 🌸,35人,12.5秒\n2024-03-04,小王,0,15\n".encode(),
        {"agent_id": ["小李 🌸", "小王"], "conversations": [35, 0], "first_response": [12.5, 15]}, {"preamble": 2}, table="agent_days",
    ),
    "totals and a remark below": Trap(
        (TWO + "Total,2,,\n\nGenerated by the shop on 2024-02-01\n").encode(), TEXTS, {"blank_rows": 1, "footer": 1, "summary_row": 1}, 2
    ),
    "a remark below, padded": Trap((TWO + "导出时间：2024-02-01,,,\n共2条,,,\n").encode(), TEXTS, {"footer": 2}, 2),
    "blank rows in the middle and at the end": Trap(
        TWO.replace("\n2,", "\n\n,,,\n \n2,").encode() + b"\n\n", TEXTS, {"blank_rows": 5}
    ),
    "the same heading twice": Trap(b"Agent,Agent,Started at\nAnn,x,2024-01-02 09:01\n", {"agent_id": ["Ann"]}),
    "a running index without a heading": Trap(
        b",Agent,Started at\n0,Ann,2024-01-02 09:01\n1,Bob,2024-01-02 09:02\n", {"agent_id": ["Ann", "Bob"]}
    ),
    "a separator too many in every row": Trap(TWO.replace("x\n", "x,\n").replace("y\n", "y,\n").encode(), TEXTS),
    # containers
    "a workbook whose log is not the first sheet": Trap(
        workbook({"透视表": [["行标签", "计数项:会话ID"], ["Ann", "1"]], "说明": [["导出说明"]], "明细": rows_of(TWO)}), TEXTS,
        {"sheets_skipped": 1}, name="a.xlsx",
    ),
    "a workbook with a remark below": Trap(
        workbook({"Log": [*rows_of(TWO), ["Generated by the shop"]]}), TEXTS, {"footer": 1}, 1, name="a.xlsx"
    ),
    "a workbook that is called CSV": Trap(BOOK, TEXTS),
    "a workbook with macros": Trap(with_macros(BOOK), TEXTS, name="a.xlsm"),
    "an archive of three files, one an image": Trap(
        packed(("导出/a.csv", TWO), ("logo.png", b"\x89PNG\r\n\x1a\n\0\0\0"), ("../../b.csv", HEAD + "3,Cid,2024-01-02 09:03,z\n")),
        {"text": ["x", "y", "z"]}, {"not_a_table": 0}, name="a.zip",
    ),
    "an archive in an archive": Trap(packed(("in.zip", packed(("a.csv", TWO)))), TEXTS, name="a.zip"),
    "an archive that is called CSV": Trap(packed(("a.csv", TWO)), TEXTS),
    "gzip": Trap(gzip.compress(TWO.encode()), TEXTS, name="a.csv.gz"),
    "a member that is damaged costs only itself": Trap(
        packed(("a.csv", TWO), ("b.csv", "Agent,Zoe"), kind=zipfile.ZIP_STORED).replace(b"Agent,Zoe", b"Agent,Z0e", 1), TEXTS,
        {"archive_unreadable": 0}, name="a.zip",
    ),
    "JSON: a list": Trap(json.dumps(RECORDS).encode(), TEXTS, name="a.json"),
    "JSON: a list inside": Trap(json.dumps({"ok": 1, "data": {"rows": RECORDS}}).encode(), TEXTS, name="a.json"),
    "JSON lines": Trap("\n".join(json.dumps(each) for each in RECORDS).encode(), TEXTS, name="a.jsonl"),
    "JSON: cells with a value inside": Trap(
        json.dumps([{key: {"value": cell} for key, cell in each.items()} for each in RECORDS]).encode(), TEXTS, name="a.json"
    ),
    "JSON: an id of five thousand digits, half a character, no number": Trap(
        b'[{"conversation_id":' + b"9" * 5000 + b',"agent":"A\\ud800","started_at":"2024-01-02 09:01","csat":NaN}]',
        {"conversation_id": ["9" * 5000], "agent_id": ["A\ufffd"], "csat": [None]}, name="a.json",
    ),
    "Parquet": Trap(parquet(pa.array(["x", "y"])), TEXTS, name="a.parquet"),
    "Parquet with bytes that are no text": Trap(
        parquet(pa.array([b"x\xff", b"y"]).view(pa.string())), {"text": ["x\ufffd", "y"]}, name="a.parquet"
    ),
    "Parquet with stamps to the billionth of a second": Trap(
        stamped("Asia/Shanghai"), {"started_at": [1_704_164_645_678, 1_704_164_705_678]}, name="a.parquet"
    ),
    "Parquet with stamps to the billionth of a second and no zone": Trap(
        stamped(None), {"started_at": [1_704_135_845_678, 1_704_135_905_678]}, name="a.parquet"
    ),
    "SQLite": Trap(sqlite(), TEXTS, name="a.db"),
    # hostile
    "formulas are text": Trap(
        (HEAD + "=cmd|calc,@SUM(A1),2024-01-02 09:01,+1+1\n").encode(),
        {"conversation_id": ["=cmd|calc"], "agent_id": ["@SUM(A1)"], "text": ["+1+1"]},
    ),
    "a heading of a megabyte": Trap(
        f"Agent,Started at,{'x' * (1 << 20)}\nAnn,2024-01-02 09:01,y\n".encode(), {"agent_id": ["Ann"]}
    ),
    "a heading that is a script": Trap(b"Agent,Started at,<script>alert(1)</script>\nAnn,2024-01-02 09:01,y\n", {"agent_id": ["Ann"]}),
    "a text of a megabyte": Trap(LONG.encode(), {"text": ["x" * (1 << 20), "y"]}),
}  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_gives_its_rows_and_its_ledger(trap: str) -> None:
    """Values, codes with their rows, the encoding; read = kept + dropped."""
    case = TRAPS[trap]
    log = load([InputFile(case.name, case.data)])
    assert list(log.tables) == [case.table]
    for column, values in case.values.items():
        assert log.tables[case.table].column(column).to_pylist() == values  # type: ignore[union-attr]
    assert {issue.code: issue.rows for issue in log.ledger.issues} == case.codes
    reports = log.ledger.files
    kept = sum(report.rows_kept for report in reports)
    assert kept == log.tables[case.table].num_rows  # type: ignore[union-attr]
    assert (sum(report.rows_read for report in reports), sum(r.rows_dropped for r in reports)) == (
        kept + case.dropped,
        case.dropped,
    )
    if case.encoding:
        assert reports[0].encoding == case.encoding
    assert (reports[0].encoding_confidence < 0.9) == ("encoding_doubtful" in case.codes)


def lying(data: bytes, size: int) -> bytes:
    """An archive whose directory says that its last member has another size."""
    place = data.rindex(b"PK\x01\x02")
    return data[: place + 24] + size.to_bytes(4, "little") + data[place + 28 :]


def stray(column: int) -> bytes:
    """A workbook with one cell far below and to the right of its log."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet("明细")
        for at, row in enumerate(rows_of(TWO)):
            sheet.write_row(at, 0, row)
        sheet.write(1_048_575, column, "x")
    return target.getvalue()


def deep(levels: int) -> bytes:
    """Archives within archives."""
    data = packed(("a.csv", TWO))
    for _ in range(levels):
        data = packed(("in.zip", data))
    return data


REFUSED = {
    "empty": ("a.csv", b"", "empty_file"),
    "blank": ("a.csv", b"\xef\xbb\xbf\r\n \n", "empty_file"),
    "an archive of nothing": ("a.zip", packed(("a.csv", "")), "empty_file"),
    "headings without rows": ("a.csv", HEAD.encode(), "no_rows"),
    "rows without headings": ("a.csv", b"1,2,3\n4,5,6\n", "no_header"),
    "bytes of a program": ("a.bin", bytes(range(32)) * 40, "binary_file"),
    "a PDF called CSV": ("a.csv", b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", "not_a_table"),
    "an image called CSV": ("a.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(64), "not_a_table"),
    "a photograph called XLSX": ("a.xlsx", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(64), "not_a_table"),
    "a letter called XLSX": ("a.xlsx", packed(("[Content_Types].xml", "<x/>"), ("word/document.xml", "<x/>")), "not_a_table"),
    "RAR": ("a.zip", b"Rar!\x1a\x07\x01\x00" + bytes(64), "not_a_table"),
    "a workbook behind a password": (
        "a.xlsx", OLE + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + bytes(500), "workbook_locked",
    ),
    "an Excel file of 1990": ("a.xls", b"\x09\x00\x04\x00\x02\x00\x10\x00" + bytes(64), "old_workbook"),
    "an OLE file that is no workbook": ("a.xls", OLE + bytes(1000), "workbook_unreadable"),
    "a broken workbook": ("a.xlsx", b"PK\x03\x04 broken", "workbook_unreadable"),
    "a broken archive": ("a.zip", b"PK\x03\x04 broken", "archive_unreadable"),
    "broken Parquet": ("a.parquet", b"PAR1 broken", "parquet_unreadable"),
    "Parquet whose headings are no text": (
        "a.parquet", parquet(pa.array(["x", "y"])).replace(b"Agent", b"Agen\xe5"), "parquet_unreadable",
    ),
    "a broken database": ("a.db", b"SQLite format 3\0" + b"x" * 4000, "database_unreadable"),
    "broken JSON": ("a.json", b'{"a": ', "json_unreadable"),
    "JSON of a hundred thousand brackets": ("a.json", b"[" * 100_000, "json_unreadable"),
    "JSON as deep as the sea": ("a.json", b'{"a":' * 900 + b"1" + b"}" * 900, "json_unreadable"),
    "JSON without rows": ("a.json", b"[]", "no_rows"),
    "one cell in the last corner of a sheet": ("a.xlsx", stray(16_383), "sheet_too_large"),
    "an archive that says it holds a gigabyte": ("a.zip", lying(packed(("a.csv", TWO)), 2 << 30), "unpacks_too_large"),
    "archives within archives within archives": ("a.zip", deep(4), "unpacks_too_large"),
    "an archive of more files than anybody packs": ("a.zip", packed(*((f"{n}.csv", "") for n in range(2001))), "too_many_members"),
    "gzip in gzip": ("a.gz", gzip.compress(gzip.compress(TWO.encode())), "unpacks_too_large"),
    "ten thousand headings that are scripts": (
        "a.csv", (",".join(f"<script>alert({n})</script>" for n in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n").encode(),
        "unknown_table",
    ),
}  # fmt: skip


@pytest.mark.parametrize("trap", REFUSED)
def test_what_holds_no_log_is_refused_with_what_where_and_cure(trap: str) -> None:
    """The code fits, the file is named, message and cure are sentences in both languages without a gap left open."""
    name, data, code = REFUSED[trap]
    with pytest.raises(InputError) as caught:
        load([InputFile(name, data)])
    assert (caught.value.issue.code, caught.value.issue.severity) == (code, "error")
    for language in LANGUAGES:
        message, cure = explain(caught.value.issue, Text(language))
        assert caught.value.issue.file in message
        assert cure
        assert "{" not in message + cure


@pytest.mark.parametrize("entity", [b"&b;", b"&e;"])
def test_entities_of_a_workbook_are_not_followed(entity: bytes) -> None:
    """Neither does laughter multiply nor is a file of this machine read: the workbook is refused."""
    book = changed(
        BOOK,
        "xl/sharedStrings.xml",
        lambda xml: xml.replace(b"<sst", DOCTYPE + b"<sst", 1).replace(b">x<", b">" + entity + b"<"),
    )
    with pytest.raises(InputError) as caught:
        load([InputFile("a.xlsx", book)])
    assert caught.value.issue.code == "workbook_unreadable"


def test_a_workbook_that_unpacks_to_more_than_it_says_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes that lie are found out before the reader of workbooks sees the file."""
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    big = packed(*members, ("xl/bomb.xml", b" " * (4 << 20)))
    monkeypatch.setattr(archives, "UNPACKED", 1 << 20)
    with pytest.raises(InputError) as caught:
        load([InputFile("a.xlsx", lying(big, 100))])
    assert caught.value.issue.code == "workbook_unreadable"


def test_unpacking_stops_at_the_budget_of_all_members_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many archives that are each small enough are too much together; gzip stops in the middle."""
    inner = packed(("a.csv", b"0" * (300 << 10)))
    monkeypatch.setattr(archives, "UNPACKED", 1 << 20)
    for name, data in (
        ("a.zip", packed(*((f"{n}.zip", inner) for n in range(9)))),
        ("a.gz", gzip.compress(b"0" * (4 << 20))),
    ):
        with pytest.raises(InputError) as caught:
            load([InputFile(name, data)])
        assert caught.value.issue.code == "unpacks_too_large"


def test_limits_are_said_in_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many bytes or rows are refused with the limit."""
    for name, limit, code in (("MOST_ROWS", 1, "too_many_rows"), ("LARGEST", 10, "file_too_large")):
        monkeypatch.setattr(reading, name, limit)
        with pytest.raises(InputError) as caught:
            load([InputFile("a.csv", TWO.encode())])
        assert caught.value.issue.code == code
        assert "limit" in caught.value.issue.facts


def doubtful(choices: Choices | None = None) -> Log:
    """A Latin name of one letter that Chinese bytes could mean too."""
    return load([InputFile("a.csv", (HEAD + "1,Renée,2024-01-02 09:01,x\n").encode("cp1252"))], choices)


def test_a_doubtful_encoding_names_the_runner_up_and_yields_to_a_choice() -> None:
    """The warning says how sure and what else; with the user's word there is no doubt, right or wrong."""
    (issue,) = doubtful().ledger.issues
    assert (issue.code, issue.value, issue.facts) == (
        "encoding_doubtful",
        "cp1252",
        {"share": "75%", "runner_up": "gb18030"},
    )
    assert doubtful().ledger.files[0].encoding_confidence == pytest.approx(0.754, abs=0.001)
    told = doubtful(Choices(files=(FileChoice("*.csv", encoding="GBK"),)))
    assert (told.ledger.files[0].encoding, told.ledger.files[0].encoding_confidence) == ("gb18030", 1.0)
    assert told.tables["conversations"].column("agent_id").to_pylist() == ["Ren閑"]  # type: ignore[union-attr]
    with pytest.raises(InputError) as caught:
        doubtful(Choices(files=(FileChoice("*", encoding="klingon"),)))
    assert (caught.value.issue.code, caught.value.issue.value) == ("unknown_encoding", "klingon")


def test_gzip_cut_off_gives_what_can_be_read() -> None:
    """A download that broke off is read as far as it goes, and the broken row is counted."""
    whole = HEAD + "".join(f"{n},Ann,2024-01-02 09:01,{zlib.crc32(bytes(n))}\n" for n in range(400))
    log = load([InputFile("a.csv.gz", gzip.compress(whole.encode())[:2000])])
    (report,) = log.ledger.files
    assert 100 < report.rows_kept < 400
    assert report.rows_read == report.rows_kept + report.rows_dropped
