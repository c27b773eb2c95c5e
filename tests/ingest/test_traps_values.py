"""Traps in cells and headings, one row each: the small file, what the log holds, and what the ledger says about it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from core.errors import InputError
from core.ingest import Choices, FileChoice, InputFile, answers, load
from core.log import Log
from core.recompute import recompute


def log_of(text: str, choices: Choices | None = None) -> Log:
    """A log of one text file."""
    return load([InputFile("a.csv", text.encode())], choices)


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    """UTC milliseconds of a local time."""
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def codes(log: Log) -> set[str]:
    """The codes of the ledger."""
    return {issue.code for issue in log.ledger.issues}


def one(log: Log, name: str, table: str = "conversations") -> list[object]:
    """Values of a staged column."""
    return log.tables[table].column(name).to_pylist()  # type: ignore[union-attr]


def starts(*cells: str) -> str:
    """Conversations that begin at the given cells."""
    return "Agent\tStarted at\n" + "".join(f"Ann\t{cell}\n" for cell in cells)


def beside(heading: str, *cells: str) -> str:
    """Conversations with one column more."""
    return f"Agent\tStarted at\t{heading}\n" + "".join(
        f"Ann\t2024-01-02 {9 + n // 60:02d}:{n % 60:02d}:00\t{cell}\n" for n, cell in enumerate(cells)
    )


def days(heading: str, *cells: str) -> str:
    """Agent-days with one column more."""
    return f"客服昵称\t日期\t接待人数\t{heading}\n" + "".join(
        f"小李\t2024-01-{n:02d}\t9\t{cell}\n" for n, cell in enumerate(cells, 2)
    )


NINE = at("2024-03-05 09:05")
STAMPS = {
    "yymmdd": (("240305 09:05",), [NINE], set()),
    "several spellings": (("2024-03-05 09:05", "Mar 5, 2024 9:05 AM", "2024年3月5日 9时5分", "20240305090500"), [NINE] * 4, set()),
    "epoch as float and scientific": (("1709600700.0", "1.709600700E9"), [NINE] * 2, set()),
    "epoch micro": (("1709600700000000",), [NINE], set()),
    "epoch that lost digits": (("1.7096E+12", "1.7097E+12"), [at("2024-03-05"), at("2024-03-06")], {"stamps_lost_digits", "date_only"}),
    "two offsets": (("2024-03-05T09:05:00+08:00", "2024-03-05T01:05:00Z"), [NINE] * 2, set()),
    "offsets on some": (("2024-03-05T01:05:00Z", "2024-03-05T09:05:00"), [NINE] * 2, {"offsets_on_some"}),
    "zone in words": (("2024-03-05 09:05 UTC+8", "2024-03-05 09:05 CST"), [NINE] * 2, {"zone_name_open", "offsets_on_some"}),
    "halves of the day": (("2024-03-05 上午9:05", "2024/3/5 9:05 AM", "2024年3月5日早上9点5分", "05-Mar-2024 09:05 a.m."), [NINE] * 4, set()),  # noqa: E501
    "Thai years": (("01/03/2567 09:05", "15/03/2567 09:05"), [at("2024-03-01 09:05"), at("2024-03-15 09:05")], {"thai_years"}),
    "Vietnamese halves of the day": (("05/03/2024 9:05 SA", "15/03/2024 2:05 CH"), [NINE, at("2024-03-15 14:05")], set()),
    "Japanese weekdays": (("2024年3月5日(火) 9:05", "2024/3/5（火） 09:05"), [NINE] * 2, set()),
    "Korean halves of the day": (("2024-03-05 오전 9:05",), [NINE], set()),
    "month names": (("5. März 2024 09:05", "5 mars 2024 09:05", "5 de marzo de 2024 9:05", "5-3月-24 09:05"), [NINE] * 4, set()),
    "two-digit years": (("13/03/24 09:05", "05/03/24 09:05"), [at("2024-03-13 09:05"), NINE], {"ambiguous_date_order"}),
    "Excel serials": (("45356.378472222", "45356.5"), [NINE, at("2024-03-05 12:00")], set()),
    "the end of a day": (("2024-03-04 24:00:00", "2024-03-05 09:05:00"), [at("2024-03-05"), NINE], set()),
    "no stamp": (("0000-00-00 00:00:00", "2024-03-05 09:05"), [NINE], {"placeholder", "missing_key"}),
    "1970": (("1970-01-01 08:00:00", "2024-03-05 09:05"), [NINE], {"before_2000"}),
    "far future": (("2099-03-05 09:05", "2024-03-05 09:05", "2024-03-05 09:05:30"), [NINE, NINE + 30_000], {"far_from_rest"}),
    "open order": (("03/04/2024 09:05", "05/06/2024 09:05"), [at("2024-04-03 09:05"), at("2024-06-05 09:05")], {"ambiguous_date_order"}),
    "half turned by a spreadsheet": (
        (*(f"2024-{n:02d}-03 09:05" for n in range(1, 6)), *(f"{n}/03/2024 09:05" for n in range(13, 18))),
        [*(at(f"2024-{n:02d}-03 09:05") for n in range(1, 6)), *(at(f"2024-03-{n} 09:05") for n in range(13, 18))],
        {"half_turned_dates"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("trap", STAMPS)
def test_stamps(trap: str) -> None:
    """Each spelling gives the millisecond it means, and doubts are in the ledger."""
    cells, expected, said = STAMPS[trap]
    log = log_of(starts(*cells), Choices(keep_duplicates=True))
    assert one(log, "started_at") == expected
    assert codes(log) - {"possible_duplicates"} == said


CELLS = {
    "minutes and seconds": ("首次响应时长", ("2分30秒", "1h 5m", "7小时41分52秒", "PT2M30S"), "wait_s", [150, 3900, 27712, 150], set()),
    "clock durations": ("首次响应时长", ("0:02:30", "02:30"), "wait_s", [150, 150], set()),
    "clock that may be hours": ("首次响应时长", ("02:30", "01:10"), "wait_s", [150, 70], {"clock_doubtful"}),
    "clock of hours": ("Wait time (hh:mm)", ("02:30",), "wait_s", [9000], set()),
    "Excel parts of a day": ("首次响应时长", ("0.0017361111", "0.0034722222"), "wait_s", [150, 300], set()),
    "a unit of another language in the heading": ("First response (menit)", ("2.5", "1"), "wait_s", [150, 60], set()),
    "units of other languages": ("首次响应时长", ("1 phút 5 giây", "2 menit", "1นาที 5วินาที", "1시간 5분"), "wait_s",
                                 [65, 120, 65, 3900], set()),
    "ratings of other languages": ("CSAT", ("5점", "4 bintang", "1 điểm"), "csat", [5, 4, 1], set()),
    "ids kept as text by a sign": ("Conversation ID", ("'0012", "`0013", "7"), "conversation_id", ["0012", "0013", "7"], set()),
    "days and hours": ("Handling time", ("5 days 3 hours", "1.02:03:04"), "handle_s", [442800, 93784], set()),
    "unit in the heading": ("AHT (min)", ("2.5", "1"), "handle_s", [150, 60], set()),
    "milliseconds": ("首次响应时长(ms)", ("1500", "20"), "wait_s", [1.5, 0.02], set()),
    "placeholders are counted": ("首次响应时长（秒）", ("-", "无", "-", "5"), "wait_s", [None, None, None, 5], {"placeholder"}),
    "stars": ("CSAT", ("★★★★☆", "4 stars", "4星", "4 / 5"), "csat", [4] * 4, set()),
    "words": ("CSAT", ("好评", "中评", "差评"), "csat", [5, 3, 1], {"csat_words"}),
    "figure and word": ("CSAT", ("5 - 非常满意", "3（一般）", "goodwithcomment"), "csat", [5, 3, 5], set()),
    "per cent": ("CSAT", ("80%", "100%"), "csat", [4.2, 5], {"csat_scale"}),
    "of ten": ("CSAT", ("10 / 10", "1 / 10", "4 / 10"), "csat", [5, 1, 1 + 3 * 4 / 9], {"csat_scale"}),
    "a scale nobody names": ("CSAT", ("7", "9"), "csat", [1 + 6 * 4 / 9, 1 + 8 * 4 / 9], {"scale_doubtful"}),
    "steps of twenty": ("CSAT", ("20", "60", "100"), "csat", [1.8, 3.4, 5], {"scale_doubtful"}),
    "ids": ("Conversation ID", ("0012", "360006965034.0", "7"), "conversation_id", ["0012", "360006965034", "7"], set()),
    "ids that lost digits": ("Conversation ID", ("1.0E+17", "2.0E+17"), "conversation_id", ["1.0E+17", "2.0E+17"], {"ids_lost_digits"}),
    "ids of fifteen digits and noughts": ("Conversation ID", tuple(f"70001234567890{n}00000" for n in range(3)), "conversation_id",
                                          [f"70001234567890{n}00000" for n in range(3)], {"ids_lost_digits"}),
    "flags": ("是否解决", ("√", "×", "不是", "是"), "resolved", [1, 0, 0, 1], set()),
}  # fmt: skip


@pytest.mark.parametrize("trap", CELLS)
def test_cells(trap: str) -> None:
    """Durations, ratings, ids and flags as they are meant, with every doubt in the ledger."""
    heading, cells, field, expected, said = CELLS[trap]
    log = log_of(beside(heading, *cells))
    assert one(log, field) == (
        pytest.approx(expected) if None not in expected and field != "conversation_id" else expected
    )
    assert codes(log) == said


FIGURES = {
    "separators and signs": ("成交金额", ("￥1,234.50", "1234.5元", "１，２３４．５", "1.2万", "(1,234)", "1,234-", "1.2E+3", "1,2,3"),
                             "amount", [1234.5, 1234.5, 1234.5, 12000, -1234, -1234, 1200, None], {"unknown_value"}),
    "decimal commas": ("成交金额", ("1.234,56", "1 234,5", "99,00"), "amount", [1234.56, 1234.5, 99], set()),
    "per cents with a small one": ("转化率", ("98", "1", "0.5"), "conversion", [0.98, 0.01, 0.005], set()),
    "per cents or shares": ("转化率(%)", ("0.5", "0.8"), "conversion", [0.5, 0.8], {"share_doubtful"}),
    "written per cents": ("转化率", ("12.5%", "１％"), "conversion", [0.125, 0.01], set()),
}  # fmt: skip


FIGURES |= {
    "points between thousands": ("成交金额", ("150.000", "75.500", "1.250.000"), "amount", [150000, 75500, 1250000], set()),
    "sums of three digits behind the point throughout": ("成交金额", ("150.000", "75.500", "9.000"), "amount", [150000, 75500, 9000],
                                                         {"points_doubtful"}),
    "weights of three digits behind the point": ("在线小时", ("7.125", "7.250", "7.500"), "hours", [7.125, 7.25, 7.5], set()),
}  # fmt: skip


@pytest.mark.parametrize("trap", FIGURES)
def test_figures(trap: str) -> None:
    """Numbers in the spelling of any country; what is grouped in no known way is no number."""
    heading, cells, field, expected, said = FIGURES[trap]
    log = log_of(days(heading, *cells))
    found = one(log, field, "agent_days")
    assert [None if value is None else round(value, 9) for value in found] == expected  # type: ignore[call-overload]
    assert codes(log) == said


def test_a_wait_that_agrees_with_its_stamps_in_minutes_is_in_minutes() -> None:
    """Without a unit, durations beside start and reply are read in the unit that makes them agree."""
    rows = "".join(f"Ann,2024-01-02 09:00:00,2024-01-02 09:{n:02d}:00,{n}\n" for n in range(2, 9))
    log = log_of("Agent,Started at,First human reply at,Wait time\n" + rows, Choices(keep_duplicates=True))
    assert one(log, "wait_s") == [60.0 * n for n in range(2, 9)]
    assert "unit_from_stamps" in codes(log)


def test_the_user_decides_what_is_missing_and_what_is_a_value() -> None:
    """Words the user calls missing are, in whatever spelling; words the user calls values stay."""
    text = beside("Handling time", "0:00:00", "90", "0").replace("Ann", "无")
    told = FileChoice("*", missing={"Handling time": ["0:00:00"]}, values={"Agent": ["无"]})
    log = log_of(text, Choices(files=(told,)))
    assert one(log, "handle_s") == [None, 90.0, None]
    assert one(log, "agent_id") == ["无"] * 3
    assert one(log_of(text), "agent_id") == [None] * 3


def test_local_times_that_do_not_exist_are_said_also_of_two_columns() -> None:
    """A clock change falls on a date and a time of day in two columns."""
    text = "Agent,Date,Time\nAnn,2024-03-31,02:30\nBob,2024-10-27,02:30\nAnn,2024-06-01,12:00\n"
    log = log_of(text, Choices(zone="Europe/Berlin"))
    assert codes(log) == {"doubled_local_time", "skipped_local_time"}


def test_dates_alone_make_no_hours_and_no_durations() -> None:
    """Counts and ratings are there; hours and response times are unavailable, and say that only dates were given."""
    rows = "".join(
        f"{n},c{n},Ann,2024-01-{n % 28 + 1:02d},2024-01-{n % 28 + 1:02d},2024-01-{n % 28 + 2:02d},5\n"
        for n in range(60)
    )
    log = log_of("Conversation ID,Customer ID,Agent,Started at,First human reply at,Closed at,CSAT\n" + rows)
    measured = recompute(log).measured
    cells = {
        key: measured.shop.cell(0, key)
        for key in ("conversations", "satisfaction", "first_response", "response_rate_24h", "resolution_time")
    }
    assert [cells[key].value for key in ("conversations", "satisfaction")] == [60, 1.0]
    assert {cells[key].reason for key in ("first_response", "response_rate_24h", "resolution_time")} == {"date_only"}
    assert len(measured.heat.groups) == 0
    assert {each.reason for each in answers(log) if each.capability in ("hours", "response", "staffing")} == {
        "date_only"
    }


def test_a_date_among_stamps_makes_no_duration() -> None:
    """A reply known to the day only, among replies with a time, is an answer at an unknown time."""
    log = log_of(
        "Agent,Started at,First human reply at\nAnn,2024-01-02 09:00,2024-01-03\nBob,2024-01-02 09:00,2024-01-02 09:01\n"
    )
    assert one(log, "first_human_reply_at") == [None, at("2024-01-02 09:01")]
    assert (one(log, "reply_time_lost"), codes(log)) == ([1, 0], {"partly_dated"})


def test_messages_without_a_time_of_day_are_refused() -> None:
    """Messages that have dates only can be put in no order."""
    with pytest.raises(InputError) as caught:
        log_of("会话ID,发送时间,发送方\n1,2024-01-01,客户\n1,2024-01-02,客服\n")
    assert (caught.value.issue.code, caught.value.issue.column) == ("messages_without_clock", "发送时间")


HEADINGS = {
    "会话创建时间,首响,客服昵称,买家ID,评价分值": ("2024-01-02 09:00,35,小李,b1,5", "started_at wait_s agent_id customer_id csat"),
    "进线时间,坐席工号,访客编号,首次应答时刻,离线时间": ("2024/1/2 9:00,1001,v1,2024/1/2 9:01,2024/1/2 9:10",
                                       "started_at agent_id customer_id first_human_reply_at closed_at"),
    "Chat started (local),Assignee name,Time to first reply (s),Customer rating": ("2024-01-02 09:00,Ann,35,5", "started_at agent_id wait_s csat"),  # noqa: E501
    "Ref,Opened on,Handled by agent,First answer,Closed on": ("1,2024-01-02 09:00,Ann,2024-01-02 09:05,2024-01-02 10:00",
                                                             "conversation_id started_at agent_id first_human_reply_at closed_at"),
    "會話編號,客服暱稱,會話建立時間,首次回覆時間,滿意度評分": ("1,小李,2024-01-02 09:00,2024-01-02 09:01,5",
                                          "conversation_id agent_id started_at first_human_reply_at csat"),
    "對話編號,傳送時間,傳送者,客服人員,訊息內容": ("1,2024-01-02 09:00:00,顧客,,在嗎", "conversation_id sent_at sender agent_id text"),
    "会话流水,发送时刻,消息发送角色,接待员": ("1,2024-01-02 09:00:00,买家,", "conversation_id sent_at sender agent_id"),
    "chat_ref,msg_ts,who,operator_name,msg_body": ("1,1704157200000,visitor,,hi", "conversation_id sent_at sender agent_id text"),
    "数据日期,客服花名,当日接待会话数,平均首响(秒),好评占比": ("2024-01-02,小李,35,12,96%", "date agent_id conversations first_response satisfaction"),  # noqa: E501
    "Report day,Team member,Chats taken,Satisfaction %": ("2024-01-02,Ann,35,96", "date agent_id conversations satisfaction"),
    "Employee,Shift begins,Shift ends": ("Ann,2024-01-02 09:00,2024-01-02 18:00", "agent_id start_at end_at"),
    "交易编号,买家账号名,拍下日期,付款时刻,实付款(元)": ("1,b1,2024-01-02 09:00,2024-01-02 09:05,99.5", "order_id customer_id created_at paid_at amount"),  # noqa: E501
    "被检坐席,检查项目,项得分,项满分": ("小李,服务态度,18,20", "agent_id criterion score max"),
    "会话号,转出坐席,转入坐席,转接发起": ("1,小李,小王,2024-01-02 09:00:00", "conversation_id from_agent to_agent requested_at"),
    "工单流水号,提单时间,处理坐席,首次处理时间,办结时间": ("1,2024-01-02 09:00,小李,2024-01-02 09:30,2024-01-02 12:00",
                                        "conversation_id started_at agent_id first_human_reply_at closed_at"),
    "通话流水号,呼入时间,接听坐席,振铃时长(秒),满意度按键": ("1,2024-01-02 09:00:00,1001,8,1", "conversation_id started_at agent_id wait_s -"),  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize("headings", HEADINGS)
def test_headings_in_unfamiliar_wording(headings: str) -> None:
    """Exports as other shops name their columns; a pressed key is not taken for a rating."""
    row, fields = HEADINGS[headings]
    (report,) = log_of(f"{headings}\n{row}\n").ledger.files
    assert [match.field or "-" for match in report.columns] == fields.split()


def test_headings_that_say_nothing_are_asked_about() -> None:
    """Columns named col_1 … stop the import with a question that lists them."""
    rows = "".join(f"{n},A{n % 3},2024-01-02 09:{n:02d}:00,{n % 5 + 1}\n" for n in range(30))
    with pytest.raises(InputError) as caught:
        log_of("col_1,col_2,col_3,col_4\n" + rows)
    assert (caught.value.issue.code, caught.value.issue.column) == ("content_column", "col_2")
    assert "col_1, col_2, col_3, col_4" in caught.value.issue.facts["headings"]
