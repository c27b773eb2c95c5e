"""HTML and the XML of 2003 called ``.xls``, and real workbooks of that time: read as data, nothing in them followed."""

from __future__ import annotations

import struct

import pytest

from core.errors import InputError
from core.ingest import InputFile, load
from core.ingest import markup as reading
from core.ingest.markup import Grid, html_tables, sheet_tables
from core.log import Log

ROWS = [
    ["会话ID", "客服", "会话开始时间", "内容"],
    ["1", "小李", "2024-01-02 09:01:00", "您好"],
    ["2", "小王", "2024-01-02 09:02:00", "在 & 吗"],
]
SPACE = "urn:schemas-microsoft-com:office:spreadsheet"
WANTED = {"conversation_id": ["1", "2"], "agent_id": ["小李", "小王"], "text": ["您好", "在 & 吗"]}
META = '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta http-equiv="Content-Type" content="text/html; charset=%s">'
STYLE = "<style>td {mso-number-format:'\\@';}</style></head><body>"


def cells(row: list[str], tag: str) -> str:
    """A row of a table of a page."""
    return "<tr>" + "".join(f"<{tag} class=xl24>{cell.replace('&', '&amp;')}</{tag}>" for cell in row) + "</tr>"


def table(rows: list[list[str]] = ROWS) -> str:
    """A table of a page."""
    return "<table border=1>" + cells(rows[0], "th") + "".join(cells(row, "td") for row in rows[1:]) + "</table>"


def xml(rows: list[list[str]] = ROWS, before: str = "") -> str:
    """A workbook in the XML of 2003."""
    spelled = [[f'<Cell><Data ss:Type="String">{cell.replace("&", "&amp;")}</Data></Cell>' for cell in row] for row in rows]
    body = "".join(f"<Row>{''.join(row)}</Row>" for row in spelled)
    return (
        f'<?xml version="1.0"?>{before}<?mso-application progid="Excel.Sheet"?><Workbook xmlns="{SPACE}" xmlns:ss="{SPACE}">'
        f'<Worksheet ss:Name="明细"><Table>{body}</Table></Worksheet></Workbook>'
    )


SPARSE = xml().replace("<Row><Cell><Data ss:Type=\"String\">2<", "<Row ss:Index=\"9\"><Cell><Data ss:Type=\"String\">2<")
FILES = {
    "a bare table": table().encode(),
    "a page of Excel in UTF-8": (META % "utf-8" + STYLE + table() + "</body></html>").encode(),
    "a page in GB2312 that says so": (META % "gb2312" + STYLE + table()).encode("gb18030"),
    "a page in GB2312 that says UTF-8": (META % "utf-8" + STYLE + table()).encode("gb18030"),
    "a page with a mark": table().encode("utf-8-sig"),
    "a page in UTF-16": ("<html>" + table()).encode("utf-16"),
    "a title above and a remark below": ("<h1>报表</h1><table><tr><td colspan=4>会话明细</td></tr>" + table()[16:]).encode(),
    "tags in capitals, none closed": "".join(
        ["<TABLE>", *("<TR>" + "".join(f"<TD>{cell.replace('&', '&amp;')}" for cell in row) for row in ROWS)]
    ).encode(),
    "a table inside a table that only arranges": f"<table><tr><td>{table()}</td></tr></table>".encode(),
    "numbers as Excel keeps them": table().replace("<td class=xl24>1<", '<td x:num="1">1.00E+00<').encode(),
    "a script beside": ("<html><script>document.write('<table><tr><td>x')</script>" + table()).encode(),
    "XML of 2003": xml().encode(),
    "XML of 2003 in GB18030 that says so": xml().replace('"1.0"', '"1.0" encoding="gb2312"').encode("gb2312"),
    "XML of 2003 with rows left out": SPARSE.encode(),
}  # fmt: skip


def log_of(data: bytes, name: str = "导出.xls") -> Log:
    """The log of a file."""
    return load([InputFile(name, data)])


@pytest.mark.parametrize("name", FILES)
def test_what_back_ends_call_xls_is_read(name: str) -> None:
    """The same rows as in a text file; read = kept + dropped."""
    log = log_of(FILES[name])
    for column, values in WANTED.items():
        assert log.tables["conversations"].column(column).to_pylist() == values  # type: ignore[union-attr]
    (report,) = log.ledger.files
    assert report.rows_read == report.rows_kept + report.rows_dropped


def test_cells_over_several_rows_stand_in_each() -> None:
    """Two rows of headings and an agent over two of his conversations."""
    page = (
        "<table><tr><th rowspan=2>客服</th><th colspan=2>会话</th></tr><tr><th>会话ID</th><th>会话开始时间</th></tr>"
        "<tr><td rowspan=2>小李</td><td>1</td><td>2024-01-02 09:01</td></tr><tr><td>2</td><td>2024-01-02 09:02</td></tr></table>"
    )
    log = log_of(page.encode())
    assert log.tables["conversations"].column("agent_id").to_pylist() == ["小李"] * 2  # type: ignore[union-attr]
    assert log.tables["conversations"].column("conversation_id").to_pylist() == ["1", "2"]  # type: ignore[union-attr]


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
REFUSED = {
    "a page to log in": ("<!DOCTYPE html><html><body><form>请登录</form></body></html>", "not_a_table"),
    "XML that declares entities": (xml(before=BOMB), "workbook_unreadable"),
    "XML that asks for another file": (xml(before='<!DOCTYPE x SYSTEM "file:///etc/passwd">'), "workbook_unreadable"),
    "XML that breaks off": (xml()[:-40], "workbook_unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_is_refused(name: str) -> None:
    """Pages without a table, and XML that wants more than to be read."""
    page, code = REFUSED[name]
    with pytest.raises(InputError) as caught:
        log_of(page.encode())
    assert caught.value.issue.code == code


def test_a_small_page_does_not_become_a_large_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells over a million rows and columns cost what their rows cost; there is an end to cells."""
    (grid,) = html_tables("a", '<table><tr><td rowspan=9999999 colspan=9999999>x<td>y<tr><td>z</table>')
    assert (len(grid.rows), max(map(len, grid.rows))) == (2, reading.WIDEST + 1)
    (sheet,) = sheet_tables("a", xml().replace("<Row>", '<Row ss:Index="9999999">', 1))
    assert len(sheet.rows) <= reading.WIDEST + 3
    monkeypatch.setattr(reading, "MOST_CELLS", 100)
    with pytest.raises(InputError) as caught:
        html_tables("a", "<table>" + "<tr><td>x</td></tr>" * 101)
    assert caught.value.issue.code == "sheet_too_large"
    assert Grid("a").columns() == []


# ── workbooks of 1997 ────────────────────────────────────────────────────────────────────────────────────────────────


def record(kind: int, body: bytes = b"") -> bytes:
    """A record of BIFF8."""
    return struct.pack("<HH", kind, len(body)) + body


def biff8(rows: list[list[str]], locked: bool = False) -> bytes:
    """The stream of a workbook of one sheet with text cells."""
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0x0DBB, 1996, 0, 6))
    lock = record(0x2F, struct.pack("<HHH", 1, 1, 1) + bytes(48)) if locked else b""
    name = "明细".encode("utf-16-le")
    sheet_at = len(begin) + len(lock) + 4 + 8 + len(name) + 4
    listed = record(0x85, struct.pack("<IBBBB", sheet_at, 0, 0, len(name) // 2, 1) + name)
    body = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0x0DBB, 1996, 0, 6))
    body += record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, len(rows[0]), 0))
    for at, row in enumerate(rows):
        for place, cell in enumerate(row):
            body += record(0x204, struct.pack("<HHHHB", at, place, 0, len(cell), 1) + cell.encode("utf-16-le"))
    return begin + lock + listed + record(0x0A) + body + record(0x0A)


def compound(stream: bytes) -> bytes:
    """A compound file with nothing but a workbook."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    free, end, fat = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    chain = [fat, end, *range(3, sectors + 2), end]
    table_of_sectors = struct.pack("<128I", *chain, *[free] * (128 - len(chain)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *[free] * 108)

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        spelled = (name + "\0").encode("utf-16-le")
        shape = struct.pack("<HBBIII", len(spelled), kind, 1, free, free, child)
        return spelled.ljust(64, b"\0") + shape + bytes(36) + struct.pack("<IQ", start, size)

    empty = bytes(66) + struct.pack("<BBIII", 0, 1, free, free, free) + bytes(48)
    directory = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(stream)) + empty * 2
    return header + table_of_sectors + directory + stream


def test_a_real_workbook_of_1997_is_read() -> None:
    """A binary ``.xls`` gives the same rows."""
    log = log_of(compound(biff8(ROWS)))
    for column, values in WANTED.items():
        assert log.tables["conversations"].column(column).to_pylist() == values  # type: ignore[union-attr]


def test_a_locked_workbook_of_1997_asks_for_the_password_to_be_removed() -> None:
    """Its reader says that it is behind a password, and so does the issue."""
    with pytest.raises(InputError) as caught:
        log_of(compound(biff8(ROWS, locked=True)))
    assert caught.value.issue.code == "workbook_locked"
