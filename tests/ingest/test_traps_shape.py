"""One row per trap of shape: a hand-made file, the rows the log must hold, and the lines the ledger must have, all by count."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.ingest import Choices, InputFile, answers, explain, load
from core.log import Log
from core.recompute import recompute
from core.text import LANGUAGES, Text
from core.views import ledger_rows

CHAT = "会话ID,买家,发送时间,发送方,客服\n"
TALK = "Conversation ID,Agent,Customer,Started at,First human reply at,Closed at,Wait (s),CSAT\n"
DAYS = "日期,客服,接待人数,平均响应时长(秒)\n"
ANN = "1,Ann,c1,2024-03-04 09:00:00,2024-03-04 09:01:00,2024-03-04 09:30:00,60,5\n"
BOB = "2,Bob,c2,2024-03-04 10:00:00,2024-03-04 10:01:00,2024-03-04 10:30:00,60,4\n"
LI, WANG = "2024-03-04,小李,30,20\n", "2024-03-04,小王,20,30\n"
SESSION = (
    "session_id,customer_id,sent_at,sender,agent,text\ns1,c1,2024-03-04 09:00:00,customer,,hi\ns1,c1,2024-03-04 09:00:20,agent,Ann,yes\n"
    "s2,c2,2024-03-04 10:00:00,customer,,hi\ns2,c2,2024-03-04 10:01:00,agent,Bob,yes\n"
)
ACTIONS = (
    "session_id,requested_at,from_agent,to_agent,accepted_at\ns2,2024-03-04 10:02:00,Bob,Ann,2024-03-04 10:03:00\n"
    "s9,2024-03-04 10:02:00,Bob,Ann,2024-03-04 10:03:00\n"
)
SYSTEM = (
    "session_id,agent,started_at,closed_at,channel\ns1,Ann,2024-03-04 09:00:00,2024-03-04 09:30:00,web\n"
    "s2,Bob,2024-03-04 10:00:00,2024-03-04 10:30:00,app\ns3,Bob,2024-03-04 11:00:00,2024-03-04 11:30:00,app\n"
)
FEEDBACK = "session_id,rating,rated_at\ns1,5,2024-03-04 09:40:00\ns2,3,2024-03-04 10:40:00\ns8,1,2024-03-04 10:40:00\n"


def talks(count: int, start: str = "2024-03-{d:02d} 10:11:00", reply: str = "2024-03-{d:02d} 10:12:00") -> str:
    """So many conversations on as many days of March."""
    rows = (f"{d},Ann,c{d},{start.format(d=d)},{reply.format(d=d)},,,5\n" for d in range(1, count + 1))
    return TALK + "".join(rows)


def many(count: int) -> str:
    """So many conversations, several a day."""
    rows = (f"{n},Ann,c{n},2024-03-{n % 28 + 1:02d} 1{n % 10}:00:00,,,,5\n" for n in range(count))
    return TALK + "".join(rows)


@dataclass(frozen=True)
class Trap:
    """Files by name; rows by table; rows by code of the ledger."""

    files: dict[str, str]
    rows: dict[str, int]
    codes: dict[str, int] = field(default_factory=dict)
    choices: Choices = field(default_factory=Choices)


def one(text: str, rows: dict[str, int], codes: dict[str, int] | None = None, **choices: Any) -> Trap:
    """A trap of a single file."""
    return Trap({"a.csv": text}, rows, codes or {}, Choices(**choices))


LABELS = (
    "店铺汇总值", "平均值", "合计", "总计", "小计", "均值", "全店合计", "本页合计", "团队平均", "合计(3人)", "汇总", "整体", "Total",
    "Grand Total", "Grand total:", "Sub-total", "Subtotal", "Totals", "Average", "Overall", "Sum", "All agents", "Total (3 agents)",
)  # fmt: skip
TRAPS = {
    "messages": one(CHAT + "1,b1,2024-03-04 09:00:00,买家,\n1,b1,2024-03-04 09:00:30,客服,小李\n", {"messages": 2}),
    "conversations": one(TALK + ANN + BOB, {"conversations": 2}),
    "agent-days": one(DAYS + LI + WANG, {"agent_days": 2}),
    "a row of units below the headings": one(
        "日期,客服,接待人数,平均响应时长,在线时长\n,,人,秒,小时\n" + LI.strip() + ",8\n", {"agent_days": 1}, {"unit_row": 1}
    ),
    "a date and a time of day, and both once more": one(
        "客服,进线日期,进线时间,结束日期,结束时间,满意度\n小李,2024-03-01,23:58:00,2024-03-02,00:10:00,5\n", {"conversations": 1}
    ),
    "days of agents in Thai": one(
        "วันที่,พนักงาน,จำนวนแชท,เวลาตอบกลับเฉลี่ย (วินาที)\n01/03/2567,สมชาย,30,20\n15/03/2567,สมชาย,31,21\n", {"agent_days": 2},
        {"thai_years": 2},
    ),
    "a case log of events": one(
        "case id,activity,timestamp,resource\n1,create,2024-03-04 09:00,\n1,assign,2024-03-04 09:05,小李\n"
        "1,reply,2024-03-04 09:10,小李\n1,close,2024-03-04 10:00,小李\n2,create,2024-03-04 11:00,\n2,assign,soon,小王\n"
        ",close,2024-03-04 11:00,小王\n2,close,2024-03-04 12:00,小王\n",
        {"conversations": 2},
        {"events_merged": 4, "missing_key": 1, "bad_date": 1},
    ),
    "versions, the latest wins": one(
        "工单号,客服,创建时间,更新时间,状态\nT1,小李,2024-03-04 09:00,2024-03-04 09:10,open\n"
        "T1,小王,2024-03-04 09:00,2024-03-04 10:10,closed\nT2,小李,2024-03-04 11:00,2024-03-04 11:10,open\n",
        {"conversations": 2},
        {"older_version": 1},
    ),
    "totals kept by choice": one(DAYS + LI + "2024-03-04,合计,30,20\n", {"agent_days": 2}, keep_summaries=True),
    "a day without its agent": one(DAYS + LI + "2024-03-04,,50,25\n", {"agent_days": 1}, {"missing_key": 1}),
    "machine by name": one(
        CHAT + "1,b1,2024-03-04 09:00:00,买家,\n1,b1,2024-03-04 09:00:01,客服,智能客服\n1,b1,2024-03-04 09:00:30,客服,小李\n",
        {"messages": 3},
        {"bot_found": 1},
    ),
    "machine by the user's word": one(
        CHAT + "1,b1,2024-03-04 09:00:00,买家,\n1,b1,2024-03-04 09:00:01,客服,小安\n",
        {"messages": 2},
        {"bot_found": 1},
        roles={"小安": "bot"},
    ),
    "person by the user's word": one(
        TALK + ANN.replace("Ann", "Robot Li"), {"conversations": 1}, {}, roles={"Robot Li": "agent"}
    ),
    "threads from reply links": one(
        "tweet_id,author_id,inbound,created_at,text,in_response_to_tweet_id\n1,c1,True,2024-03-04 09:00:00,hi,\n"
        "2,Shop,False,2024-03-04 09:05:00,yes,1\n3,c1,True,2024-03-04 09:06:00,thanks,2\n9,c2,True,2024-03-04 10:00:00,hi,\n",
        {"messages": 4},
        {"threads_from_replies": 0},
    ),
    "four tables by session id": Trap(
        {"text.csv": SESSION, "actions.csv": ACTIONS, "system.csv": SYSTEM, "feedback.csv": FEEDBACK},
        {"messages": 4, "transfers": 2, "conversations": 4},
        {"orphans": 3, "joined_by_id": 2, "start_from_rating": 3},
    ),
    "ratings beside messages alone": Trap(
        {"text.csv": SESSION, "feedback.csv": FEEDBACK},
        {"messages": 4, "conversations": 3},
        {"orphans": 1, "start_from_rating": 3, "start_differs": 2},
    ),
    "two overlapping exports of messages": Trap(
        {
            "a.csv": CHAT + "1,b1,2024-03-04 09:00:00,买家,\n1,b1,2024-03-04 09:00:30,客服,小李\n",
            "b.csv": CHAT + "1,b1,2024-03-04 09:00:30,客服,小李\n2,b2,2024-03-05 09:00:00,买家,\n",
        },
        {"messages": 3},
        {"already_loaded": 1},
    ),
    "two overlapping exports of conversations": Trap(
        {"a.csv": TALK + ANN + BOB, "b.csv": TALK + BOB + BOB.replace("2,Bob,c2", "3,Bob,c3", 1)},
        {"conversations": 3},
        {"already_loaded": 1},
    ),
    "the same file twice": Trap({"a.csv": TALK + ANN + BOB, "b.csv": TALK + ANN + BOB}, {"conversations": 2}, {"already_loaded": 2}),
    "equal rows": one(TALK + ANN + ANN + BOB, {"conversations": 2}, {"exact_duplicate_rows": 1}),
    "equal rows kept by choice": one(
        "Agent,Customer,Started at\n" + "Ann,c1,2024-03-04 09:00\n" * 2, {"conversations": 2}, keep_duplicates=True
    ),
    "equal rows under one id count once all the same": one(
        TALK + ANN + ANN, {"conversations": 1}, {"older_version": 1}, keep_duplicates=True
    ),
    "equal rows without ids": one("Agent,Started at\n" + "Ann,2024-03-04 09:00\n" * 3, {"conversations": 3}, {"possible_duplicates": 2}),
    "equal rows without ids, dropped by choice": one(
        "Agent,Started at\n" + "Ann,2024-03-04 09:00\n" * 3,
        {"conversations": 1},
        {"exact_duplicate_rows": 2},
        drop_duplicates=True,
    ),
    "near-duplicates stay": one(
        TALK + ANN + ANN.replace("1,", "7,", 1).replace("09:00:00", "09:00:20"), {"conversations": 2}, {"near_duplicates": 1}
    ),
    "negative waits": one(TALK + ANN.replace(",60,5", ",-60,5"), {"conversations": 1}, {"out_of_range": 1}),
    "a far future": one(TALK + ANN + BOB.replace("2024", "2124"), {"conversations": 1}, {"before_2000": 1}),
    "a wrong year": one(many(60) + "99,Ann,c99,2034-03-04 09:00:00,,,,5\n", {"conversations": 60}, {"far_from_rest": 1}),
    "a shop that paused for years": one(
        many(60) + many(60).replace("2024", "2026").partition("\n")[2].replace(",Ann,c", "x,Ann,d"), {"conversations": 120}, {}
    ),
    "1970": one(
        TALK + ANN + BOB.replace("2024-03-04 10:00:00", "1970-01-01 08:00:00"), {"conversations": 1}, {"before_2000": 1}
    ),
    "a reply at the zero of time": one(
        TALK + ANN.replace("2024-03-04 09:01:00", "1970-01-01 08:00:00") + BOB, {"conversations": 2}, {"before_2000": 1}
    ),
    "an end before its start": one(
        TALK + ANN.replace("2024-03-04 09:30:00", "2024-03-04 08:30:00"), {"conversations": 1}, {"closed_before_start": 1}
    ),
    "all replies at midnight": one(talks(28, reply="2024-03-{d:02d} 00:00:00"), {"conversations": 28}, {"date_only": 28}),
    "one reply at midnight": one(
        talks(9) + "10,Ann,c10,2024-03-10 10:00:00,2024-03-10 00:00:00,,,5\n", {"conversations": 10}, {"lost_time": 1}
    ),
    "nobody answers by day": one(
        CHAT + "".join(
            f"{n},b{n},2024-03-{n % 28 + 1:02d} 03:{n % 50:02d}:00,买家,\n{n},b{n},2024-03-{n % 28 + 1:02d} 03:{n % 50:02d}:40,客服,小李\n"
            for n in range(60)
        ),
        {"messages": 120},
        {"zone_doubtful": 60},
    ),
}  # fmt: skip
TRAPS |= {
    f"{label} as a day": one(DAYS + LI + WANG + f"{label},,50,25\n", {"agent_days": 2}, {"summary_row": 1})
    for label in LABELS
}
TRAPS |= {
    f"{label} on top": one(DAYS + f"2024-03-04,{label},50,25\n" + LI, {"agent_days": 1}, {"summary_row": 1})
    for label in LABELS
}


def loaded(trap: Trap) -> Log:
    """The log of a trap."""
    return load([InputFile(name, text.encode()) for name, text in trap.files.items()], trap.choices)


@functools.cache
def trapped(name: str) -> Log:
    """The log of a trap of the list."""
    return loaded(TRAPS[name])


def codes(log: Log) -> dict[str, int]:
    """Rows by code."""
    found: dict[str, int] = {}
    for issue in log.ledger.issues:
        found[issue.code] = found.get(issue.code, 0) + issue.rows
    return found


@pytest.mark.parametrize("name", TRAPS)
def test_trap(name: str) -> None:
    """The log holds the rows it should, the ledger the lines it should and no other, and the books balance."""
    trap, log = TRAPS[name], trapped(name)
    assert {table: source.num_rows for table, source in log.tables.items()} == trap.rows  # type: ignore[union-attr]
    assert codes(log) == trap.codes
    _balance(log)


def _balance(log: Log) -> None:
    """Read = kept + dropped in every report, and every row that is not in the log stands in a line of the ledger."""
    for report in log.ledger.files:
        assert report.rows_read == report.rows_kept + report.rows_dropped
        assert all(i.row_numbers is None or len(i.row_numbers) == i.rows for i in report.issues)
        named = {int(row) for i in report.issues if i.row_numbers is not None for row in i.row_numbers}
        table = log.tables[report.table].to_pandas()  # type: ignore[union-attr]
        mine = table[(table["seq"] >= report.seqs[0]) & (table["seq"] < report.seqs[1])]
        missing = set(range(2, report.rows_read + 2)) - set(mine["file_row"])
        assert len(mine) == report.rows_kept
        assert missing <= named
    rows = ledger_rows(log.ledger.files)
    assert len(rows) >= sum(i.rows for i in log.ledger.issues if i.row_numbers is not None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_every_trap_has_words(language: str) -> None:
    """No code without a sentence, no sentence with a gap."""
    text = Text(language)
    for name in TRAPS:
        for issue in trapped(name).ledger.issues:
            said = " ".join(explain(issue, text))
            assert text.has(f"issues.{issue.code}.message"), issue.code
            assert "{" not in said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("月份,客服,接待人数,平均响应时长\n2024-03,小李,30,20\n2024-03,小王,20,30\n", "月份"),
        ("日期,客服,接待人数,平均响应时长\n2024-03,小李,30,20\n2024-04,小李,20,30\n", "2024-03"),
        ("客服,接待人数,平均响应时长,满意度\n小李,30,20,0.9\n小王,20,30,0.8\n", "–"),
    ],
    ids=["month by heading", "month by cell", "no period at all"],
)
def test_figures_of_a_whole_month_are_refused(text: str, shown: str) -> None:
    """Averages of a month cannot be averaged again: the file is refused and says what was found."""
    with pytest.raises(InputError) as caught:
        load([InputFile("a.csv", text.encode())])
    assert (caught.value.issue.code, caught.value.issue.value) == ("period_summary", shown)


def test_thirty_seven_planted_duplicates() -> None:
    """Of 537 rows 37 are planted repeats: they leave, and nothing else does."""
    rows = [
        f"{n},Ann,c{n % 90},2024-03-{n % 28 + 1:02d} {n % 24:02d}:{n % 60:02d}:00,,,,{n % 5 + 1}\n" for n in range(500)
    ]
    planted = np.random.default_rng(5).choice(500, 37, replace=False)
    text = TALK + "".join(rows) + "".join(rows[n] for n in planted)
    log = load([InputFile("a.csv", text.encode())])
    assert codes(log)["exact_duplicate_rows"] == 37
    assert sorted(log.tables["conversations"].column("conversation_id").to_pylist(), key=int) == [
        str(n) for n in range(500)
    ]  # type: ignore[union-attr]


def test_a_thread_the_shop_begins_is_kept_out_of_response_times() -> None:
    """The shop writes first in one of two conversations: one counts, its first response is 30 s."""
    text = CHAT + (
        "1,b1,2024-03-04 09:00:00,客服,小李\n1,b1,2024-03-04 09:01:00,买家,\n1,b1,2024-03-04 09:05:00,客服,小李\n"
        "2,b2,2024-03-04 10:00:00,买家,\n2,b2,2024-03-04 10:00:30,客服,小李\n"
    )
    shop = recompute(loaded(one(text, {}))).measured.shop
    assert (shop.cell(0, "conversations").value, shop.cell(0, "first_response").value) == (1, 30)


def test_dates_without_a_time_answer_no_question_about_hours() -> None:
    """Starts all at midnight count days and no hours, and the log says why."""
    log = loaded(one(talks(28, start="2024-03-{d:02d} 00:00:00"), {}))
    found = {answer.capability: answer for answer in answers(log)}
    assert (found["volume"].possible, found["hours"].possible, found["hours"].reason) == (True, False, "date_only")


def test_overlapping_exports_give_the_union_whatever_the_order() -> None:
    """Two exports of one shop that overlap by a week hold each conversation once, in either order."""
    head, *lines = many(60).splitlines(keepends=True)
    files = {"a.csv": head + "".join(lines[:40]), "b.csv": head + "".join(lines[20:])}
    both = [loaded(Trap(dict(order), {})) for order in (files.items(), reversed(files.items()))]
    for log in both:
        ids = log.tables["conversations"].column("conversation_id").to_pylist()  # type: ignore[union-attr]
        assert sorted(ids, key=int) == [str(n) for n in range(60)]
        assert codes(log) == {"already_loaded": 20}
