"""A log read in blocks is the log read at once: same rows, same accounts, same figures; what cannot be is refused in words."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from core.engine import build_facts, observe
from core.errors import InputError
from core.ingest import Choices, InputFile, blocks, load, quick, stream
from core.ingest.explain import explain
from core.ingest.progress import CancelledError
from core.log import FileReport, Log
from core.text import Text

SAMPLE = Path(__file__).resolve().parent.parent.parent / "sample_data" / "shop"
HEAD = "conversation_id,message_id,sent_at,sender,agent_id,agent_name,text,csat,customer_id\n"


@contextmanager
def small_blocks(rows: int, head: int = 60_000) -> Iterator[None]:
    """Everything is large, and a block is small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "in_blocks", lambda files, allowed: True)
        patch.setattr(stream, "BLOCK_ROWS", rows)
        patch.setattr(quick, "BLOCK", min(rows, 1 << 14) * 5)
        patch.setattr(blocks, "HEAD_ROWS", head)
        patch.setattr(blocks, "SORTED_AT_ONCE", 1000)
        yield


def rows(log: Log, table: str) -> pa.Table:
    """A table of the log, wherever it lies."""
    source = log.tables[table]
    return pq.read_table(source) if isinstance(source, Path) else source


def accounts(report: FileReport) -> dict[str, Any]:
    """Everything the ledger says of a file, in an order of its own."""
    notes = sorted((i.code, i.severity, i.column, i.rows, i.row, i.value, str(dict(i.facts))) for i in report.issues)
    fields = ("table", "file", "encoding", "separator", "rows_read", "rows_kept", "rows_dropped", "seqs", "encoding_confidence", "columns")
    return {name: getattr(report, name) for name in fields} | {"notes": notes}


def same_both_ways(files: Sequence[InputFile], size: int, choices: Choices | None = None) -> tuple[Log, Log]:
    """Both logs, after every cell and account of them was compared."""
    whole = load(files, choices)
    with small_blocks(size):
        parts = load(files, choices)
    assert isinstance(parts.tables["messages"], Path)
    assert set(whole.tables) == set(parts.tables)
    for name in whole.tables:
        one, other = rows(whole, name), rows(parts, name)
        assert one.column_names == other.column_names
        assert all(one.column(each).combine_chunks().equals(other.column(each).combine_chunks()) for each in one.column_names), name
    assert [accounts(each) for each in whole.ledger.files] == [accounts(each) for each in parts.ledger.files]
    assert parts.digest == whole.digest
    return whole, parts


def line(at: int, **cells: str) -> str:
    """A message, one a minute, ten a conversation."""
    usual = {
        "conversation_id": f"c{at // 10}",
        "message_id": f"m{at}",
        "sent_at": f"2024-03-{1 + at // 600:02d} 09:{at // 10 % 60:02d}:{at % 10:02d}",
        "sender": "agent" if at % 2 else "customer",
        "agent_id": f"a{at % 3}" if at % 2 else "",
        "agent_name": f"Ann {at % 3}" if at % 2 else "",
        "text": f"text {at}",
        "csat": "",
        "customer_id": f"u{at // 30}",
    }
    return ",".join({**usual, **cells}.values()) + "\n"


def csv_file(lines: Sequence[str], name: str = "a.csv") -> InputFile:
    """A file of such lines."""
    return InputFile(name, (HEAD + "".join(lines)).encode())


def test_the_sample_shop_is_the_same_in_blocks() -> None:
    """All tables, all accounts and every figure of the agents agree, and the facts read the file where it lies."""
    logs = same_both_ways([InputFile.of(SAMPLE / name) for name in ("messages.csv", "conversations.csv")], 25_000)
    one, other = (observe(build_facts(log)) for log in logs)
    assert one.labels == other.labels
    for name, source in one.sources.items():
        for mine, theirs in ((source.cube.codes, other.sources[name].cube.codes), (source.cube.numbers, other.sources[name].cube.numbers)):
            assert set(mine) == set(theirs)
            for key, column in mine.items():
                np.testing.assert_array_equal(column, theirs[key])


def test_what_only_the_whole_file_says_is_found_across_blocks() -> None:
    """Rows that stand twice, canned texts, a scale, names and torn conversations, each told by rows of different blocks."""
    lines = [line(at, csat=str(1 + at % 10) if at > 1500 else "") for at in range(2000)]
    for at in (101, 901, 1701):
        lines[at] = line(at, text="您好，请问有什么可以帮您？")
        lines[at + 10] = line(at + 10, text="正在为您转接人工客服，请稍候")
        lines[at + 20] = "only,three,cells\n"
        lines[at + 30] = lines[31]
        lines[at + 40] = ",,,,,,,,\n"
    lines[1999] = line(1999, conversation_id="c1", customer_id="somebody else")
    whole, parts = same_both_ways([csv_file(lines)], 300)
    codes = {issue.code for issue in parts.ledger.issues}
    assert {"exact_duplicate_rows", "canned_greeting", "hand_over_text", "csat_scale", "conflicting_conversation_values"} <= codes
    assert {"unreadable_row", "blank_rows"} <= codes
    assert "Ann 1" in rows(parts, "messages").column("agent_id").to_pylist()
    assert rows(whole, "messages").num_rows < 2000


@pytest.mark.parametrize("way", ["gb18030", "tsv", "parquet"])
def test_encodings_and_formats(way: str) -> None:
    """Chinese bytes, tabs and Parquet come out the same."""
    data = (HEAD + "".join(line(at, text="您好，在吗") for at in range(900))).encode()
    if way == "gb18030":
        file = InputFile("a.csv", data.decode().encode("gb18030"))
    elif way == "tsv":
        file = InputFile("a.tsv", data.replace(b",", b"\t"))
    else:
        out = io.BytesIO()
        pq.write_table(pyarrow.csv.read_csv(io.BytesIO(data)), out)
        file = InputFile("a.parquet", out.getvalue())
    same_both_ways([file], 250)


def test_two_exports_that_overlap_count_once() -> None:
    """Equal rows of a second file of the layout count in the first; of two versions the later export counts."""
    first = [line(at) for at in range(800)]
    second = [line(at, text="edited" if at == 650 else f"text {at}") for at in range(600, 1400)]
    _, parts = same_both_ways([csv_file(first), csv_file(second, "b.csv")], 250)
    codes = {issue.code: issue.rows for issue in parts.ledger.issues}
    assert codes["already_loaded"] == 199
    assert codes["superseded"] == 1
    assert all(report.rows_read == report.rows_kept + report.rows_dropped for report in parts.ledger.files)


def test_the_order_of_day_and_month_is_decided_by_the_whole_file() -> None:
    """A day above twelve in the last block decides for all blocks."""
    lines = [line(at, sent_at=f"{1 + at // 200:02d}/03/2024 09:{at % 60:02d}") for at in range(1999)]
    same_both_ways([csv_file([*lines, line(1999, sent_at="25/03/2024 10:00")])], 400)
    _, parts = same_both_ways([csv_file(lines)], 400)
    assert "ambiguous_date_order" in {issue.code for issue in parts.ledger.issues}


def refused(lines: Sequence[str], head: int) -> FileReport:
    """How a file is refused that is read in blocks of 200 rows."""
    with small_blocks(200, head), pytest.raises(InputError) as caught:
        load([csv_file(lines)])
    return caught.value.reports[-1]  # type: ignore[attr-defined]


def test_a_later_block_that_contradicts_is_refused_in_words() -> None:
    """Dates of another spelling, or senders nobody explained, are told with column and row; nothing is loaded."""
    plain = [line(at) for at in range(1000)]
    turned = [line(at, sent_at="03/04/2024 10:00") for at in range(1000, 1400)]
    issue = refused([*plain, *turned], 100).issues[-1]
    assert (issue.code, issue.column, issue.value) == ("block_contradicts", "sent_at", "03/04/2024 10:00")
    for language in ("zh", "en"):
        assert "03/04/2024 10:00" in " ".join(explain(issue, Text(language)))
    assert refused([*plain, line(1000, sender="Zorro")], 100).issues[-1].code == "unknown_sender"


def test_a_quote_that_is_never_closed_is_refused() -> None:
    """What cannot be read block by block is not guessed."""
    assert refused([*(line(at) for at in range(900)), line(900, text='"open'), line(901)], 100).issues[-1].code == "irregular_large_file"


def test_cancelled_or_refused_nothing_is_left_behind(tmp_path: Path) -> None:
    """Parts go when the import is called off, when a file is refused and when the disk is full; the next try works."""

    def call_off(done: int, of: int, name: str, seen: int) -> None:
        if done > of / 2:
            raise CancelledError

    with small_blocks(1000):
        with pytest.raises(CancelledError):
            load([csv_file([line(at) for at in range(20_000)])], None, call_off, tmp_path)
        until = monotonic() + 20
        while any(tmp_path.iterdir()) and monotonic() < until:
            sleep(0.02)
        with pytest.raises(InputError):
            load([csv_file([*(line(at) for at in range(900)), line(900, sender="Zorro")])], None, None, tmp_path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KEFULENS_TEMP_LIMIT", "1KB")
            with pytest.raises(InputError) as full:
                load([csv_file([line(at) for at in range(900)])], None, None, tmp_path)
        assert full.value.issue.code == "temp_full"
        assert all(str(tempfile.gettempdir()) in explain(full.value.issue, Text(language))[0] for language in ("zh", "en"))
        assert not any(tmp_path.iterdir())
        log = load([csv_file([line(at) for at in range(900)])], None, None, tmp_path)
    assert [path.name for path in tmp_path.rglob("*.parquet")] == ["messages.parquet"]
    assert rows(log, "messages").num_rows == 900
