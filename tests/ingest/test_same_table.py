"""One table written in many ways is one log; nothing is lost in silence."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.ingest import InputFile, load
from core.log import Log

HEADINGS = {
    "en": ("Conversation ID", "Agent", "Started at", "First human reply at", "CSAT", "Text"),
    "zh": ("会话编号", "接待客服", "会话开始时间", "首次人工回复时间", "满意度评分", "内容"),
}
FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S+08:00",
)
WRITINGS = st.tuples(
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(FORMATS),
    st.sampled_from(list(HEADINGS)),
)
TEXTS = st.text(st.sampled_from("你好请问发货了吗 abc,;|\t\"'\n-"), max_size=12)
ROW = st.tuples(
    st.integers(0, 80 * 86400),
    st.one_of(st.none(), st.integers(1, 5000)),
    st.one_of(st.none(), st.integers(1, 5)),
    st.sampled_from(["小李", "小王", "Ann"]),
    TEXTS,
)
START = dt.datetime(2024, 1, 13, 8)


def written(rows: list[tuple], way: tuple[str, str, str, str, str]) -> bytes:
    """The rows as a file in one of the ways."""
    encoding, separator, end, stamp, language = way
    target = io.StringIO(newline="")
    out = csv.writer(target, delimiter=separator, lineterminator=end)
    out.writerow(HEADINGS[language])
    for number, (second, wait, rating, agent, text) in enumerate(rows):
        start = START + dt.timedelta(seconds=second)
        reply = "" if wait is None else (start + dt.timedelta(seconds=wait)).strftime(stamp)
        out.writerow([f"K{number}", agent, start.strftime(stamp), reply, "" if rating is None else rating, text])
    return target.getvalue().encode(encoding)


def staged(data: bytes) -> pa.Table:
    """The conversations of a file."""
    table = load([InputFile("a.csv", data)]).tables["conversations"]
    assert isinstance(table, pa.Table)
    return table


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12), WRITINGS)
def test_the_writing_does_not_matter(rows: list[tuple], way: tuple[str, str, str, str, str]) -> None:
    """Encoding, separator, line end, date order and language of the headings change nothing in the staging table."""
    anchors = [(0, 60, 5, "小李", "好的"), (20 * 86400, 60, 4, "小王", "谢谢")]
    plain = staged(written([*anchors, *rows], ("utf-8", ",", "\n", FORMATS[0], "en")))
    other = staged(written([*anchors, *rows], way))
    assert other.column_names == plain.column_names
    assert other.equals(plain)
    seconds = [second for second, *_ in [*anchors, *rows]]
    first = round(START.replace(tzinfo=dt.timezone(dt.timedelta(hours=8))).timestamp() * 1000)
    assert plain.column("started_at").to_pylist() == [first + 1000 * second for second in seconds]


def accounts(log: Log) -> bool:
    """Whether what was read equals what was kept and dropped, and what was kept is there."""
    kept = sum(report.rows_kept for report in log.ledger.files)
    there = sum(table.num_rows for table in log.tables.values() if isinstance(table, pa.Table))
    return kept == there and all(r.rows_read == r.rows_kept + r.rows_dropped for r in log.ledger.files)


def refused_or_balanced(data: bytes) -> bool:
    """Whether a file is either refused with an issue or accounted for to the last row; any other error is raised."""
    try:
        return accounts(load([InputFile("a.csv", data)]))
    except InputError as error:
        return bool(error.issue.code)


CELL = st.one_of(
    st.sampled_from(["", "-", "5", "Ann", "2024-01-02 09:00", "soon", "1970-01-01", "合计", "1e999", "=1+1"]),
    st.text(max_size=6),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(CELL, min_size=1, max_size=7), max_size=8))
def test_read_is_kept_plus_dropped(rows: list[list[str]]) -> None:
    """Whatever stands under the headings, the accounts add up or the file is refused with an issue."""
    target = io.StringIO(newline="")
    out = csv.writer(target)
    out.writerow(HEADINGS["en"])
    out.writerows(rows)
    assert refused_or_balanced(target.getvalue().encode("utf-8", "surrogatepass"))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_never_break_the_import(data: st.DataObject) -> None:
    """Cut, overwritten or inserted bytes give a log with balanced accounts or an issue, never another error."""
    raw = bytearray(
        written([(i * 3600, 60, 5, "小李", 'a "quoted" text, 你好') for i in range(6)], data.draw(WRITINGS))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    assert refused_or_balanced(bytes(raw))
