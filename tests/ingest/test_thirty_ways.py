"""The same two hundred conversations written in thirty ways give the same KPIs to the last digit."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from core.command import plain
from core.engine import build_facts, observe
from core.ingest import InputFile, load
from core.kpis import kpi_table
from core.recompute import slow_knobs
from core.scenario import Scenario

ENGLISH = (
    "Conversation ID",
    "Customer ID",
    "Agent",
    "Started at",
    "First human reply at",
    "Closed at",
    "CSAT",
    "Channel",
    "Text",
)
CHINESE = (
    "会话编号",
    "买家昵称",
    "接待客服",
    "会话开始时间",
    "首次人工回复时间",
    "结束时间",
    "满意度评分",
    "渠道",
    "备注",
)
ISO = "%Y-%m-%d %H:%M:%S"
ZONE = ZoneInfo("Asia/Shanghai")


@cache
def conversations() -> tuple[tuple[Any, ...], ...]:
    """Two hundred conversations over five weeks, some unanswered, some unrated, ids with leading zeros."""
    dice = random.Random(20240113)  # noqa: S311
    rows = []
    for number in range(200):
        start = dt.datetime(2024, 1, 13, 8) + dt.timedelta(seconds=dice.randrange(35 * 86_400))
        reply = start + dt.timedelta(seconds=dice.randrange(3, 7200)) if dice.random() < 0.9 else None
        close = start + dt.timedelta(seconds=dice.randrange(7200, 90_000)) if reply and dice.random() < 0.8 else None
        rating = dice.choice((1, 2, 3, 4, 5, 5, 5)) if close and dice.random() < 0.6 else None
        text = dice.choice(("发货了吗", "好的, 谢谢", "a; b | c", '他说"好"', "", "两\n行", "tab\there"))
        agent = dice.choice(("小李", "小王", "Ann"))
        rows.append(
            (
                f"00{number:04d}",
                f"c{number % 70}",
                agent,
                start,
                reply,
                close,
                rating,
                dice.choice(("chat", "phone")),
                text,
            )
        )
    return tuple(rows)


@dataclass(frozen=True)
class Way:
    """How a table of text is written."""

    encoding: str = "utf-8"
    separator: str = ","
    stamp: str = ISO
    headings: tuple[str, ...] = ENGLISH
    end: str = "\n"
    before: str = ""
    after: str = ""
    quoting: int = csv.QUOTE_MINIMAL
    stars: Callable[[int], str] = str


def cells(row: tuple[Any, ...], way: Way) -> list[str]:
    """A conversation as text cells."""
    shown = [
        _stamp(cell, way.stamp) if isinstance(cell, dt.datetime) else "" if cell is None else str(cell) for cell in row
    ]
    shown[6] = "" if row[6] is None else way.stars(row[6])
    return shown


def _stamp(moment: dt.datetime, form: str) -> str:
    aware = moment.replace(tzinfo=ZONE)
    if form in ("s", "ms"):
        return str(round(aware.timestamp() * (1000 if form == "ms" else 1)))
    if form == "serial":
        since = moment - dt.datetime(1899, 12, 30)
        return repr(since.days + since.seconds / 86_400)
    if form == "utc":
        return aware.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return aware.strftime(form)


def text_table(way: Way) -> bytes:
    """All conversations as a text table."""
    target = io.StringIO(newline="")
    target.write(way.before)
    out = csv.writer(target, delimiter=way.separator, lineterminator=way.end, quoting=way.quoting)  # type: ignore[arg-type]
    out.writerow(way.headings)
    out.writerows(cells(row, way) for row in conversations())
    target.write(way.after)
    return target.getvalue().encode(way.encoding)


def workbook(real_dates: bool, extra: bool, title: bool = False) -> bytes:
    """All conversations as a workbook, with real dates or text, beside other sheets, below a title."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        if extra:
            book.add_worksheet("说明").write(0, 0, "导出说明")
        sheet = book.add_worksheet("明细")
        moment = book.add_format({"num_format": "yyyy/m/d h:mm:ss"})
        first = 2 if title else 0
        if title:
            sheet.merge_range("A1:I1", "客服会话明细")
        sheet.write_row(first, 0, CHINESE)
        for number, row in enumerate(conversations(), start=first + 1):
            for place, cell in enumerate(row):
                if isinstance(cell, dt.datetime) and real_dates:
                    sheet.write_datetime(number, place, cell, moment)
                elif cell is not None:
                    sheet.write(number, place, cell.strftime(ISO) if isinstance(cell, dt.datetime) else cell)
        if extra:
            pivot = book.add_worksheet("透视表")
            pivot.write_row(0, 0, ["行标签", "计数"])
            pivot.write_row(1, 0, ["小李", 3])
    return target.getvalue()


def records(nested: bool) -> list[dict[str, Any]]:
    """All conversations as objects."""
    rows = [dict(zip(ENGLISH, cells(row, Way()), strict=True)) for row in conversations()]
    for row, given in zip(rows, conversations(), strict=True):
        row["CSAT"] = {"value": given[6]} if nested else given[6]  # type: ignore[assignment]
    return rows


def parquet() -> bytes:
    """All conversations as Parquet with typed columns."""
    kinds = [pa.string()] * 3 + [pa.timestamp("ms", "Asia/Shanghai")] * 3 + [pa.float64(), pa.string(), pa.string()]
    aware = [
        [cell.replace(tzinfo=ZONE) if isinstance(cell, dt.datetime) else cell for cell in row]
        for row in conversations()
    ]
    table = pa.table(
        {
            name: pa.array(column, kind)
            for name, column, kind in zip(ENGLISH, zip(*aware, strict=True), kinds, strict=True)
        }
    )
    target = io.BytesIO()
    pq.write_table(table, target)
    return target.getvalue()


def archive() -> list[InputFile]:
    """Two halves in an archive."""
    lines = text_table(Way(quoting=csv.QUOTE_ALL, headings=CHINESE))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("导出/会话.csv", lines)
    return [InputFile("a.zip", target.getvalue())]


def halves(overlap: int) -> list[InputFile]:
    """Two exports, the second beginning before the first ends."""
    ordered = sorted(conversations(), key=lambda row: row[3])
    files = []
    for name, part in (("a", ordered[: 100 + overlap]), ("b", ordered[100:])):
        target = io.StringIO(newline="")
        out = csv.writer(target)
        out.writerow(ENGLISH)
        out.writerows(cells(row, Way()) for row in part)
        files.append(InputFile(f"{name}.csv", target.getvalue().encode()))
    return files


def apart() -> list[InputFile]:
    """Dates and times of the start in two columns."""
    target = io.StringIO(newline="")
    out = csv.writer(target)
    out.writerow(("会话编号", "买家昵称", "接待客服", "日期", "时间", *CHINESE[4:]))
    for row in conversations():
        plain_cells = cells(row, Way())
        out.writerow([*plain_cells[:3], row[3].strftime("%Y/%m/%d"), row[3].strftime("%H:%M:%S"), *plain_cells[4:]])
    return [InputFile("a.csv", target.getvalue().encode("gb18030"))]


def database(folder: Path) -> list[InputFile]:
    """A table of a database, with stamps as milliseconds."""
    path = folder / "a.sqlite"
    with sqlite3.connect(path) as connection:
        names = ", ".join(f'"{name}"' for name in ENGLISH)
        connection.execute(f"CREATE TABLE chats ({names})")
        connection.executemany(
            f"INSERT INTO chats VALUES ({', '.join('?' * len(ENGLISH))})",
            [[None if cell == "" else cell for cell in cells(row, Way(stamp="ms"))] for row in conversations()],
        )
    connection.close()
    return [InputFile.of(path)]


STARS = {number: "★" * number + "☆" * (5 - number) for number in range(1, 6)}
WORDS = {5: "非常满意", 4: "满意", 3: "一般", 2: "不满意", 1: "非常不满意"}
TEXTS = {
    "UTF-8 with a mark": Way("utf-8-sig"),
    "GBK, Chinese headings": Way("gbk", headings=CHINESE),
    "GB18030, semicolons": Way("gb18030", ";", headings=CHINESE),
    "UTF-16 with tabs": Way("utf-16", "\t", headings=CHINESE),
    "UTF-16 without a mark": Way("utf-16-le", "\t"),
    "tabs, CRLF": Way(separator="\t", end="\r\n"),
    "bars": Way(separator="|"),
    "semicolons, day first": Way(separator=";", stamp="%d/%m/%Y %H:%M:%S"),
    "day first with points": Way(stamp="%d.%m.%Y %H:%M:%S"),
    "month first": Way(stamp="%m/%d/%Y %H:%M:%S"),
    "month first with halves of the day": Way(stamp="%m/%d/%Y %I:%M:%S %p", end="\r\n"),
    "short years, month in letters": Way(stamp="%d-%b-%y %H:%M:%S"),
    "month in letters first": Way(stamp="%b %d, %Y %H:%M:%S"),
    "年月日": Way(stamp="%Y年%m月%d日 %H:%M:%S", headings=CHINESE),
    "年月日 with 时分秒": Way("gb18030", stamp="%Y年%m月%d日 %H时%M分%S秒", headings=CHINESE),
    "compact": Way(stamp="%Y%m%d%H%M%S"),
    "ISO with offset": Way(stamp="%Y-%m-%dT%H:%M:%S+08:00"),
    "UTC with Z": Way(stamp="utc"),
    "Twitter's stamps": Way(stamp="%a %b %d %H:%M:%S +0800 %Y"),
    "epoch seconds": Way(stamp="s"),
    "epoch milliseconds": Way(stamp="ms", headings=CHINESE),
    "spreadsheet serials": Way(stamp="serial"),
    "all cells quoted, bars": Way(separator="|", quoting=csv.QUOTE_ALL),
    "a report above": Way(before="客服数据报表,,,,,,,,\n统计周期 2024-01-13 至 2024-02-16,,,,,,,,\n", headings=CHINESE),
    "sums and blank lines below": Way(headings=CHINESE, after="\n合计,,,,,,4.1,,\n平均值,,,,,,4.1,,\n,,,,,,,,\n"),
    "stars for ratings": Way(stars=STARS.__getitem__),
    "words for ratings": Way("gb18030", headings=CHINESE, stars=WORDS.__getitem__),
}
OTHERS: dict[str, Callable[[Path], list[InputFile]]] = {
    "a workbook of real dates": lambda _: [InputFile("a.xlsx", workbook(True, False))],
    "a workbook of text beside other sheets": lambda _: [InputFile("a.xlsx", workbook(False, True))],
    "a workbook below a merged title": lambda _: [InputFile("a.xlsx", workbook(True, True, title=True))],
    "a JSON list": lambda _: [InputFile("a.json", json.dumps(records(False), ensure_ascii=False).encode())],
    "a JSON list inside": lambda _: [
        InputFile("a.json", json.dumps({"ok": True, "data": {"rows": records(True)}}).encode())
    ],
    "JSON lines": lambda _: [
        InputFile("a.jsonl", "\n".join(json.dumps(row) for row in records(False)).encode("utf-8-sig"))
    ],
    "Parquet": lambda _: [InputFile("a.parquet", parquet())],
    "SQLite": database,
    "an archive": lambda _: archive(),
    "two exports in a row": lambda _: halves(0),
    "two exports that overlap": lambda _: halves(40),
    "date and time apart": lambda _: apart(),
}
WAYS: dict[str, Callable[[Path], list[InputFile]]] = {
    **{name: lambda _, way=way: [InputFile("a.csv", text_table(way))] for name, way in TEXTS.items()},  # type: ignore[misc]
    **OTHERS,
}


def figures(files: list[InputFile]) -> str:
    """Every KPI of the shop and of each agent, as exact text."""
    scenario = Scenario()
    observed = observe(build_facts(load(files), slow_knobs(scenario)), scenario)
    shown: dict[str, Any] = {}
    for by in (("shop",), ("agent",)):
        table = kpi_table(observed, scenario, by)
        for at in range(len(table)):
            name = "/".join(str(cell) for cell in table.groups.iloc[at])
            shown[name] = {
                metric.key: [
                    table.cell(at, metric.key).value,
                    table.cell(at, metric.key).n,
                    table.cell(at, metric.key).median,
                ]
                for metric in table.metrics
            }
    return json.dumps(plain(shown), sort_keys=True, ensure_ascii=False)


@cache
def plain_figures() -> str:
    """The figures of the plainest way."""
    return figures([InputFile("a.csv", text_table(Way()))])


def test_the_plain_file_holds_what_was_written() -> None:
    """The figures that all ways are held against agree with a count by hand."""
    shop = json.loads(plain_figures())["shop"]
    rated = [row[6] for row in conversations() if row[6] is not None]
    waits = sorted((row[4] - row[3]).total_seconds() for row in conversations() if row[4] is not None)
    middle = len(waits) // 2
    assert shop["conversations"][0] == 200
    assert shop["csat_mean"][0] == pytest.approx(sum(rated) / len(rated), rel=1e-12)
    assert shop["first_response"][1] == len(waits)
    assert shop["first_response"][2] == (waits[middle] if len(waits) % 2 else (waits[middle - 1] + waits[middle]) / 2)


@pytest.mark.parametrize("way", WAYS)
def test_the_way_of_writing_changes_no_figure(way: str, tmp_path: Path) -> None:
    """Encodings, separators, date orders, headings, sheets, containers and line ends: equal to the last digit."""
    assert figures(WAYS[way](tmp_path)) == plain_figures()


def test_there_are_at_least_thirty() -> None:
    """As many as promised."""
    assert len(WAYS) >= 30
