"""Files → Log: each trap as a small file with its expected tables and ledger."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from core.errors import InputError
from core.ingest import Choices, FileChoice, InputFile, answers, explain, inspect, load, preview
from core.log import Log
from core.text import LANGUAGES, Text

HEAD = "Conversation ID,Agent,Started at,First human reply at,Closed at,CSAT\n"


def log_of(text: str, choices: Choices | None = None, name: str = "a.csv") -> Log:
    """A log of one text file."""
    return load([InputFile(name, text.encode())], choices)


def column(log: Log, table: str, name: str) -> list[object]:
    """Values of a staged column."""
    return log.tables[table].column(name).to_pylist()  # type: ignore[union-attr]


def codes(log: Log) -> dict[str, int]:
    """Rows per issue code."""
    return {issue.code: issue.rows for issue in log.ledger.issues}


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    """UTC milliseconds of a local time."""
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def balanced(log: Log) -> bool:
    """Whether every report's rows add up and the kept ones are in the table."""
    reports = log.ledger.files
    kept = {table: sum(r.rows_kept for r in reports if r.table == table) for table in log.tables}
    adds = all(r.rows_read == r.rows_kept + r.rows_dropped for r in reports)
    return adds and kept == {name: table.num_rows for name, table in log.tables.items()}  # type: ignore[union-attr]


def test_conversations_in_english() -> None:
    """Headings are matched, stamps are shop time, ids keep their zeros, and rows carry their place."""
    log = log_of(HEAD + "007,Ann,2024-01-01 09:00,2024-01-01 09:01,2024-01-01 09:30,5\n")
    assert column(log, "conversations", "conversation_id") == ["007"]
    assert column(log, "conversations", "first_human_reply_at") == [at("2024-01-01 09:01")]
    assert (column(log, "conversations", "seq"), column(log, "conversations", "file_row")) == ([0], [2])
    assert log.ledger.issues == ()


def test_the_zone_is_the_shops() -> None:
    """Naive stamps are taken in the chosen zone, stamps with an offset are not."""
    text = "Agent,Started at\nAnn,2024-01-01 09:00\nBob,2024-01-01T09:00:00Z\n"
    log = log_of(text, Choices(zone="Europe/Berlin"))
    assert column(log, "conversations", "started_at") == [
        at("2024-01-01 09:00", "Europe/Berlin"),
        at("2024-01-01 09:00", "UTC"),
    ]


def test_messages_in_chinese() -> None:
    """Chinese headings and words: senders, automation, events, flags, ratings."""
    text = (
        "会话ID,买家,发送时间,发送方,客服,自动回复类型,事件,消息内容,满意度,假期模式\n"
        "1,张三,2024-01-01 09:00:00,买家,,,,在吗,,否\n"
        "1,张三,2024-01-01 09:00:01,机器人,,智能助手,,请选择问题,,否\n"
        "1,张三,2024-01-01 09:00:05,客服,小李,人工,,您好,,否\n"
        "1,张三,2024-01-01 09:10:00,系统,小李,,关闭,,很满意,否\n"
    )
    log = log_of(text)
    assert column(log, "messages", "sender") == ["customer", "bot", "agent", "system"]
    assert column(log, "messages", "automation") == ["none", "assistant", "none", "none"]
    assert column(log, "messages", "event") == [None, None, None, "close"]
    assert column(log, "messages", "csat") == [None, None, None, 5.0]
    assert column(log, "messages", "holiday_mode") == [0, 0, 0, 0]
    assert codes(log) == {}


def test_unknown_senders_are_asked_for_never_guessed() -> None:
    """A sender word nobody explained stops the file and names words, row and count; a sender map cures it."""
    text = "会话ID,发送时间,发送方\n1,2024-01-01 09:00,甲方\n1,2024-01-01 09:01,客服\n1,2024-01-01 09:02,甲方\n"
    with pytest.raises(InputError) as caught:
        log_of(text)
    issue = caught.value.issue
    assert (issue.code, issue.column, issue.row, issue.rows, issue.value) == ("unknown_sender", "发送方", 2, 2, "甲方")
    log = log_of(text, Choices(sender_map={"甲方": "customer"}))
    assert column(log, "messages", "sender") == ["customer", "agent", "customer"]


def test_sender_names_that_are_the_rows_agent_or_customer() -> None:
    """Where the sender column holds names, the agent and customer columns of the row explain them."""
    text = "会话ID,买家,客服,发送时间,发送人\n1,阿花,小李,2024-01-01 09:00,阿花\n1,阿花,小李,2024-01-01 09:01,小李\n"
    assert column(log_of(text), "messages", "sender") == ["customer", "agent"]


@pytest.mark.parametrize(
    ("rows", "code", "field", "values"),
    [
        ("1,Ann,2024-01-02 09:00,2024-01-02 00:00,,5\n2,Ann,2024-01-02 09:00,2024-01-02 09:01,,5\n", "lost_time",
         "first_human_reply_at", [None, at("2024-01-02 09:01")]),
        ("1,Ann,2024-01-02 09:00,2024-01-02 08:59,,5\n", "reply_before_start", "first_human_reply_at", [None]),
        ("1,Ann,2024-01-02 09:00,,2024-01-02 08:00,5\n", "closed_before_start", "closed_at", [None]),
        ("1,Ann,2024-01-02 09:00,,soon,5\n2,Ann,2024-01-02 09:00,,2024-01-02 09:05,5\n", "bad_date", "closed_at",
         [None, at("2024-01-02 09:05")]),
        ("1,Ann,2024-01-02 09:00,,1970-01-01 00:00,5\n", "before_2000", "closed_at", [None]),
        ("1,Ann,2024-01-02 09:00,,,7\n" + "".join(f"{i},Ann,2024-01-02 09:00,,,5\n" for i in range(2, 40)), "out_of_range",
         "csat", [None] + [5.0] * 38),
        ("1,Ann,2024-01-02 09:00,,,great-ish\n2,Ann,2024-01-02 09:00,,,5\n", "unknown_value", "csat", [None, 5.0]),
        ("1,,2024-01-02 09:00,,,5\n", "agent_missing", "agent_id", [None]),
        ("1,Ann,2024-01-02 09:00,,,-\n2,Ann,2024-01-02 09:00,,,3\n", "placeholder", "csat", [None, 3.0]),
    ],
)  # fmt: skip
def test_doubtful_cells_become_missing_and_are_booked(rows: str, code: str, field: str, values: list[object]) -> None:
    """The row stays, the cell is missing, the ledger says how many."""
    log = log_of(HEAD + rows)
    assert column(log, "conversations", field) == values
    assert codes(log)[code] == 1
    assert balanced(log)


def test_lost_times_are_marked_as_answered() -> None:
    """A conversation whose reply lost its time was answered at an unknown time."""
    rows = "1,Ann,2024-01-02 09:00,2024-01-02 00:00,,5\n2,Ann,2024-01-02 09:00,,,5\n3,Ann,2024-01-02 09:00,2024-01-02 09:02,,5\n"
    assert column(log_of(HEAD + rows), "conversations", "reply_time_lost") == [1, 0, 0]


@pytest.mark.parametrize(
    ("rows", "code", "kept"),
    [
        ("1,Ann,2024-01-02 09:00,,,5\n1,Ann,2024-01-02 09:00,,,5\n", "exact_duplicate_rows", 1),
        ("1,Ann,2024-01-02 09:00,,,5\n2,Ann,soon,,,4\n3,Ann,2024-01-02 10:00,,,4\n", "bad_date", 2),
        ("1,Ann,2024-01-02 09:00,,,5\n2,Ann,,,,4\n", "missing_key", 1),
        ("1,Ann,2024-01-02 09:00,,,5\n合计,,,,,4\n", "summary_row", 1),
        ("1,Ann,2024-01-02 09:00,,,5\n2,Bob,2024-01-02\n", "unreadable_row", 1),
    ],
)
def test_rows_that_cannot_count_are_dropped_and_booked(rows: str, code: str, kept: int) -> None:
    """Read = kept + dropped, with the reason."""
    log = log_of(HEAD + rows)
    assert log.tables["conversations"].num_rows == kept  # type: ignore[union-attr]
    assert codes(log)[code] == 1
    assert balanced(log)


def test_a_repeated_id_keeps_the_row_rated_last() -> None:
    """Of two rows for one conversation the later rating wins, wherever it stands."""
    rows = "".join(f"{i},Ann,2024-01-0{i % 9 + 1} 09:00,4,2024-01-12 10:00\n" for i in range(2, 20))
    log = log_of(
        "Conversation ID,Agent,Started at,CSAT,CSAT at\n1,Ann,2024-01-02 09:00,5,2024-01-04 10:00\n"
        "1,Ann,2024-01-02 09:00,2,2024-01-03 10:00\n" + rows
    )
    assert column(log, "conversations", "csat")[0] == 5.0
    assert codes(log)["repeated_key"] == 1


def test_equal_rows_without_an_id_are_kept() -> None:
    """Without ids two equal rows may be two conversations: they stay, with a note."""
    log = log_of("Agent,Date,Time,CSAT\nAnn,2024-01-02,09:00,5\nAnn,2024-01-02,09:00,5\n")
    assert log.tables["conversations"].num_rows == 2  # type: ignore[union-attr]
    assert codes(log) == {"possible_duplicates": 1}


def test_a_file_loaded_twice_counts_once() -> None:
    """Rows of an overlapping export are counted under the file that came first."""
    first = HEAD + "1,Ann,2024-01-02 09:00,,,5\n2,Ann,2024-01-02 10:00,,,4\n"
    second = HEAD + "2,Ann,2024-01-02 10:00,,,4\n3,Ann,2024-01-02 11:00,,,3\n"
    log = load([InputFile("a.csv", first.encode()), InputFile("b.csv", second.encode())])
    assert column(log, "conversations", "conversation_id") == ["1", "2", "3"]
    assert column(log, "conversations", "seq") == [0, 1, 3]
    assert codes(log) == {"already_loaded": 1}
    assert balanced(log)


def test_day_first_is_taken_from_the_column_that_shows_it() -> None:
    """A column that does not settle the order follows one that does, with a note."""
    log = log_of("Agent,Started at,Closed at\nAnn,13/02/2024 09:00,\nAnn,01/02/2024 09:00,01/02/2024 10:00\n")
    assert column(log, "conversations", "closed_at") == [None, at("2024-02-01 10:00")]
    assert set(codes(log)) == {"date_order_from_other_column"}


def test_a_column_of_clear_stamps_settles_an_open_one() -> None:
    """Replies written 03/04 lie beside starts of 4 March: the month comes first, with a note and no question."""
    log = log_of(
        "Agent,Started at,First human reply at\nAnn,2024-03-04 09:00,03/04/2024 09:05\nAnn,2024-03-05 09:00,03/05/2024 09:05\n"
    )
    assert column(log, "conversations", "first_human_reply_at")[0] == at("2024-03-04 09:05")
    assert set(codes(log)) == {"date_order_from_other_column"}


def test_an_open_date_order_is_asked_and_can_be_answered() -> None:
    """Where no value settles day and month, the ledger asks; the answer is followed."""
    text = "Agent,Started at\nAnn,03/04/2024 09:00\nBob,05/06/2024 09:00\n"
    log = log_of(text)
    (issue,) = log.ledger.issues
    assert (issue.code, issue.severity, issue.facts["options"]) == ("ambiguous_date_order", "warning", "dmy/mdy")
    other = log_of(text, Choices(files=(FileChoice("*", orders={"*": "mdy"}),)))
    assert column(other, "conversations", "started_at")[0] == at("2024-03-04 09:00")
    assert other.ledger.issues == ()


def test_the_tighter_order_is_taken_for_an_open_column() -> None:
    """Twelve days that would otherwise be scattered over twelve months are twelve days; the question stays."""
    rows = "".join(f"Ann,{day}/8/2024 09:00\n" for day in range(1, 13))
    log = log_of("Agent,Started at\n" + rows)
    assert column(log, "conversations", "started_at")[0] == at("2024-08-01 09:00")
    other = log_of("Agent,Started at\n" + "".join(f"Ann,8/{day}/2024 09:00\n" for day in range(1, 13)))
    assert column(other, "conversations", "started_at")[0] == at("2024-08-01 09:00")
    assert codes(other) == {"ambiguous_date_order": 12}


def test_date_and_time_in_two_columns_are_joined() -> None:
    """A date beside a time of day is one stamp."""
    log = log_of("客服,日期,时间,通话时长\n小李,2024-01-02,09:05:01,2分30秒\n")
    assert column(log, "conversations", "started_at") == [at("2024-01-02 09:05:01")]
    assert column(log, "conversations", "handle_s") == [150.0]
    assert column(log, "conversations", "is_call") == [1]


def test_dates_without_time_give_no_response_time() -> None:
    """A reply known to the day only is no clock: the column is not used, and the ledger says why."""
    log = log_of("Agent,Started at,First human reply at\nAnn,2024-01-02,2024-01-03\n")
    assert not log.has("conversations", "first_human_reply_at")
    assert codes(log) == {"date_only": 1}


def test_what_nobody_answered_has_no_wait() -> None:
    """Filled-in waits of unanswered calls are set missing."""
    log = log_of(
        "Call Id,Agent,Started at,Answered (Y/N),Speed of answer in seconds\n1,Ann,2024-01-02 09:00,N,68\n2,Ann,2024-01-02 09:00,Y,20\n"
    )
    assert column(log, "conversations", "wait_s") == [None, 20.0]
    assert codes(log) == {"value_of_unanswered": 1}


def test_durations_take_their_unit_from_the_heading() -> None:
    """Minutes in the heading are minutes; a choice overrides it."""
    text = "客服,开始时间,首次响应时长(分钟)\n小李,2024-01-02 09:00,1.5\n"
    assert column(log_of(text), "conversations", "wait_s") == [90.0]
    choice = Choices(files=(FileChoice("a.csv", units={"首次响应时长(分钟)": "s"}),))
    assert column(log_of(text, choice), "conversations", "wait_s") == [1.5]


def test_ratings_on_another_scale_are_brought_to_five() -> None:
    """Ratings up to 10 are scaled, and the ledger says from what."""
    log = log_of(
        "Agent,Started at,CSAT\n" + "".join(f"Ann,2024-01-02 09:0{i},{v}\n" for i, v in enumerate([1, 10, 7, 8]))
    )
    assert column(log, "conversations", "csat") == pytest.approx([1, 5, 1 + 6 * 4 / 9, 1 + 7 * 4 / 9])
    (issue,) = log.ledger.issues
    assert (issue.code, issue.facts) == ("csat_scale", {"low": "1", "high": "10"})


def test_values_of_a_conversation_that_disagree_are_listed() -> None:
    """A rating that differs between messages of one conversation is noted with the conversations it is in."""
    text = (
        "会话ID,发送时间,发送方,评分\n1,2024-01-01 09:00,客户,5\n1,2024-01-01 09:01,客服,4\n2,2024-01-01 09:01,客服,4\n"
    )
    (issue,) = log_of(text).ledger.issues
    assert (issue.code, issue.rows, issue.facts["conversations"]) == ("conflicting_conversation_values", 2, 1)


def test_agent_days_and_roster() -> None:
    """Daily figures as platforms export them; shifts that pass midnight end on the next day."""
    days = "日期,客服昵称,接待人数,平均响应时长,满意度,3分钟回复率\n2024-01-02,小李,35,1分20秒,96.5%,88%\n合计,,35,,,\n"
    shifts = "客服,日期,上班时间,下班时间\n小李,2024-01-02,22:00,06:00\n"
    log = load([InputFile("d.csv", days.encode()), InputFile("r.csv", shifts.encode())])
    assert column(log, "agent_days", "date") == [19724]
    assert column(log, "agent_days", "reply_time") == [80.0]
    assert column(log, "agent_days", "satisfaction") == pytest.approx([0.965])
    assert column(log, "roster", "end_at") == [at("2024-01-03 06:00")]
    assert balanced(log)


def test_sessions_without_an_end_are_left_out() -> None:
    """An open-ended log-in is no shift."""
    log = log_of("service_id,start_time,end_time\n1,1500533736282,1500533798477\n1,1500533798920,\n")
    assert log.tables["roster"].num_rows == 1  # type: ignore[union-attr]
    assert codes(log) == {"open_ended_shift": 1}


def test_reviews_keep_what_does_not_apply() -> None:
    """A criterion without a score stays only where it is marked as not applicable."""
    log = log_of("Agent,Criterion,Score,Not applicable\nAnn,greeting,5,no\nAnn,accuracy,,yes\nAnn,tone,,no\n")
    assert column(log, "reviews", "criterion") == ["greeting", "accuracy"]


def test_people_join_names_teams_and_machines() -> None:
    """A directory gives names and teams; an agent called a bot is one, its answers are the assistant's."""
    chat = (
        "conversation_id,sender_id,receiver_id,content,time,from_client\n"
        "1,9,1,hi,1500097538209,1\n1,0,9,auto,1500097538309,0\n1,1,9,Welcome all,1500097539209,0\n"
    )
    staff = "service_id,name,group_id,nickname,auto_message\n0,智能客服,1,智能客服,\n1,李四,2,小李,Welcome all\n"
    groups = "group_id,name\n1,A组\n2,B组\n"
    log = load([InputFile(n, t.encode()) for n, t in (("c.csv", chat), ("s.csv", staff), ("g.csv", groups))])
    assert column(log, "messages", "sender") == ["customer", "bot", "agent"]
    assert column(log, "messages", "agent_id") == [None, None, "李四"]
    assert column(log, "messages", "team") == [None, None, "B组"]
    assert column(log, "messages", "automation") == ["none", "assistant", "greeting"]
    assert codes(log)["bot_found"] == 1


def test_canned_greetings_need_wording_and_repetition() -> None:
    """An opening with an offer of help counts as canned from the third time; a plain hello never does; the choice undoes it."""
    rows = []
    for number in range(4):
        rows.append(f"{number},2024-01-01 09:00:0{number},客服,您好，请问有什么可以帮您")
        rows.append(f"{number},2024-01-01 09:01:0{number},客服,你好")
    text = "会话ID,发送时间,发送方,内容\n" + "\n".join(rows) + "\n"
    assert column(log_of(text), "messages", "automation").count("greeting") == 4
    assert column(log_of(text, Choices(greetings=False)), "messages", "automation").count("greeting") == 0


def test_threads_are_made_from_reply_links() -> None:
    """Messages without conversation ids but with reply links form one conversation per thread."""
    text = (
        "tweet_id,author_id,inbound,created_at,text,in_response_to_tweet_id\n1,shop,False,2024-01-01 09:01,hi,2.0\n"
        "2,c1,True,2024-01-01 09:00,help,\n3,c2,True,2024-01-01 09:00,other,\n"
    )
    log = log_of(text)
    conversations = column(log, "messages", "conversation_id")
    assert conversations[0] == conversations[1] != conversations[2]
    assert column(log, "messages", "agent_id") == ["shop", None, None]


def test_missing_columns_are_named_with_the_likeliest_heading() -> None:
    """What is missing, what is there, and which heading was probably meant."""
    with pytest.raises(InputError) as caught:
        log_of("Conversation ID,Agnet name,Started at,CSAT,Topic\n1,Ann,2024-01-01 09:00,5,x\n")
    issue = caught.value.issue
    assert (issue.code, issue.table) == ("missing_columns_like", "conversations")
    assert (issue.facts["missing"], issue.facts["like"]) == ("agent_id", "Agnet name")
    cured = log_of(
        "Conversation ID,Agnet name,Started at,CSAT,Topic\n1,Ann,2024-01-01 09:00,5,x\n",
        Choices(files=(FileChoice("*.csv", columns={"Agnet name": "agent_id"}),)),
    )
    assert column(cured, "conversations", "agent_id") == ["Ann"]
    assert {m.name: m.evidence for m in cured.ledger.files[0].columns}["Agnet name"] == ("user",)


def test_a_column_can_be_switched_off() -> None:
    """An empty field in the mapping leaves a column out."""
    choice = Choices(files=(FileChoice("*", columns={"CSAT": ""}),))
    assert not log_of(HEAD + "1,Ann,2024-01-02 09:00,,,5\n", choice).has("conversations", "csat")


def test_one_bad_file_does_not_cost_the_others() -> None:
    """A broken file beside a good one is an error in the ledger; the good one is loaded."""
    good = HEAD + "1,Ann,2024-01-02 09:00,,,5\n"
    log = load([InputFile("bad.xlsx", b"PK\x03\x04no"), InputFile("a.csv", good.encode())])
    assert [(i.code, i.severity, i.file) for i in log.ledger.issues] == [("workbook_unreadable", "error", "bad.xlsx")]
    assert log.tables["conversations"].num_rows == 1  # type: ignore[union-attr]


def test_matches_carry_evidence_and_unused_columns_are_listed() -> None:
    """Every heading is in the report: with field and evidence, or unused."""
    report = inspect([InputFile("a.csv", b"Agent,Started at,Shoe size\nAnn,2024-01-02 09:00,43\n")]).files[0]
    assert [(m.name, m.field, m.kind) for m in report.columns] == [
        ("Agent", "agent_id", "id"), ("Started at", "started_at", "instant"), ("Shoe size", "", ""),
    ]  # fmt: skip
    assert report.columns[1].evidence == ("heading", "values")
    assert (report.columns[1].format, report.separator, report.encoding) == ("ymd", ",", "utf-8")


def test_preview_shows_both_sides() -> None:
    """The first rows as they stand in the file and as they were understood."""
    (shown,) = preview([InputFile("a.csv", (HEAD + "1,Ann,2024-01-02 09:00,,,5\n").encode())])
    assert shown.raw == (("1", "Ann", "2024-01-02 09:00", "", "", "5"),)
    assert shown.understood.column("csat").to_pylist() == [5.0]


def test_progress_ends_at_all_bytes_and_can_cancel() -> None:
    """Progress rises to the whole; an exception from it reaches the caller."""
    steps: list[tuple[int, int, str, int]] = []
    file = InputFile("a.csv", (HEAD + "1,Ann,2024-01-02 09:00,,,5\n").encode())
    load([file], progress=lambda *step: steps.append(step))
    assert steps[-1] == (file.size, file.size, "a.csv", 1)
    assert [step[0] for step in steps] == sorted(step[0] for step in steps)

    def cancel(done: int, total: int, name: str, rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load([file], progress=cancel)


def test_the_digest_follows_bytes_and_choices() -> None:
    """Same bytes and choices, same digest; another zone, another one."""
    text = HEAD + "1,Ann,2024-01-02 09:00,,,5\n"
    assert log_of(text).digest == log_of(text).digest != log_of(text, Choices(zone="UTC")).digest


def test_answers_name_what_is_lacking() -> None:
    """Capabilities follow from filled columns; an empty column is a missing one."""
    log = log_of("Agent,Started at,CSAT,Customer ID\nAnn,2024-01-02 09:00,5,\n")
    found = {answer.capability: answer for answer in answers(log)}
    assert found["satisfaction"].possible
    assert (found["fcr"].possible, found["fcr"].reason) == (False, "column_missing")
    assert (found["quality"].possible, found["quality"].reason) == (False, "table_missing")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_reads_as_a_sentence(language: str) -> None:
    """Message and cure name file, row and value in the reader's language, field names included."""
    with pytest.raises(InputError) as caught:
        log_of("会话ID,发送时间,发送方\n1,2024-01-01 09:00,甲方\n")
    message, cure = explain(caught.value.issue, Text(language))
    assert all(part in message for part in ("a.csv", "甲方", "2"))
    assert "{" not in message + cure
    assert cure


EXPORTS = {
    "tickets with UTC in the heading": (
        "Id,Requester,Assignee,Group,Created at (UTC),First reply time in minutes,Satisfaction Score\n"
        "1,a@b.c,Ann,G,2024-01-02 03:04,12.5,Good\n",
        "conversations",
        {"started_at": at("2024-01-02 11:04"), "wait_s": 750.0, "csat": 5.0, "customer_id": "a@b.c", "team": "G"},
    ),
    "agent-days of a Chinese platform": (
        "客服昵称,日期,人工会话量,3分钟人工回复率,平均首次响应时长(秒),满意度,客单价\n小李,2024-01-02,35,98.2%,12.3,96%,¥120.5\n",
        "agent_days",
        {"conversations": 35.0, "within_3min": 0.982, "first_response": 12.3, "satisfaction": 0.96, "aov": 120.5},
    ),
    "a reply column of stamps": (
        "会话编号,客服账号,进线时间,首次响应时间,评价星级\n1,kf1,2024/1/2 9:05,2024/1/2 9:06,5星\n",
        "conversations",
        {"first_human_reply_at": at("2024-01-02 09:06"), "csat": 5.0},
    ),
    "the same heading with durations": (
        "会话编号,客服账号,进线时间,首次响应时间,评价星级\n1,kf1,2024/1/2 9:05,35秒,满意\n",
        "conversations",
        {"wait_s": 35.0, "csat": 4.0},
    ),
    "calls with date and time apart": (
        "Call ID,Call Date,Call Time,Agent Name,Wait Time,Talk Time,Answered\n1,01/25/2024,09:05:00 PM,Ann,0:00:35,0:05:10,Yes\n",
        "conversations",
        {"started_at": at("2024-01-25 21:05"), "wait_s": 35.0, "handle_s": 310.0, "answered": 1, "is_call": 1},
    ),
    "orders with currency signs": (
        '订单编号,买家昵称,下单时间,付款时间,实付金额\n1,aa,2024-01-02 10:00,2024-01-02 10:05,"¥1,299.00"\n',
        "orders",
        {"amount": 1299.0, "paid_at": at("2024-01-02 10:05")},
    ),
    "a roster with names": (
        "姓名,日期,班次,上班时间,下班时间\n小李,2024-01-02,早班,08:00,17:00\n",
        "roster",
        {"agent_id": "小李", "start_at": at("2024-01-02 08:00"), "end_at": at("2024-01-02 17:00"), "shift": "早班"},
    ),
}


@pytest.mark.parametrize("export", EXPORTS)
def test_exports_as_platforms_write_them(export: str) -> None:
    """Common layouts are understood without a mapping: table, units, words, currency, zone."""
    text, table, expected = EXPORTS[export]
    row = log_of(text).tables[table].to_pylist()[0]  # type: ignore[union-attr]
    assert {name: row.get(name) for name in expected} == pytest.approx(expected)


def test_figures_in_a_heading_are_part_of_its_meaning() -> None:
    """A rate within seven minutes is not taken for another rate because the words agree."""
    log = log_of("客服昵称,日期,接待人数,7分钟回复率\n小李,2024-01-02,35,98.2%\n")
    assert set(log.columns("agent_days")) == {"agent_id", "date", "conversations", "seq", "file_row"}
