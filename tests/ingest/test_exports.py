"""Exports as platforms write them: which table, which fields, which values; what cannot be understood is named."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.ingest import Choices, FileChoice, InputFile, load
from core.ingest.presets import preset_for, presets
from core.log import Log
from core.schema import table


def log_of(text: str, choices: Choices | None = None, name: str = "a.csv") -> Log:
    """A log of one text file."""
    return load([InputFile(name, text.encode())], choices)


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    """UTC milliseconds of a local time."""
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def codes(log: Log) -> dict[str, int]:
    """Rows per issue code."""
    return {issue.code: issue.rows for issue in log.ledger.issues}


DAY = 19724
EXPORTS = {
    "千牛 agent-days: 旺旺 is the agent": (
        "日期,旺旺,咨询人数,接待人数,转出人数,未回复人数,回复率,首次响应(秒),平均响应(秒),平均接待时长\n"
        "2024-01-02,店铺:小李,35,34,2,1,97.1%,8.5,25.3,5分30秒\n2024-01-02,店铺:小王,30,30,2,0,100%,9.5,20.3,4分30秒\n"
        "店铺汇总值,,65,64,4,1,,,,\n店铺平均值,,32.5,32,2,0.5,,9,22.8,\n",
        "agent_days",
        2,
        {"agent_id": "店铺:小李", "date": DAY, "conversations": 34, "unanswered": 1, "first_response": 8.5, "reply_time": 25.3,
         "handle_time": 330},
    ),
    "赤兔 agent-days": (
        "旺旺昵称,日期,咨询人数,接待人数,询单人数,销售额,销售人数,客单价,询单->最终付款成功率,平均响应(秒),首次响应(秒)\n"
        "小李,2024/1/2,35,34,20,1234.5,10,123.45,50%,25.3,8.5\n合计,,35,34,20,1234.5,10,123.45,50%,,\n",
        "agent_days",
        1,
        {"agent_id": "小李", "conversations": 34, "inquirers": 20, "amount": 1234.5, "orders": 10, "aov": 123.45, "conversion": 0.5},
    ),
    "抖音飞鸽 agent-days": (
        "日期,客服昵称,客服账号,接待会话量,平均首响时长,平均响应时长,3分钟人工回复率,首次响应率,会话满意度,不满意会话量,询单转化率,成交金额\n"
        "2024-01-02,小王,kf2,80,1分23秒,30秒,90%,95%,--,0,12.5%,￥1.2万\n均值,,,80,,,,,,,,\n汇总,,,80,,,,,,,,\n",
        "agent_days",
        1,
        {"agent_id": "小王", "conversations": 80, "first_response": 83, "reply_time": 30, "within_3min": 0.9, "satisfaction": None,
         "response_rate_24h": None, "conversion": 0.125, "amount": 12000},
    ),
    "快手 agent-days with yymmdd days": (
        "客服名称,统计日期,接待人数,3分钟回复率,平均回复时长,好评率,不服务率,客单价\n小李,20240102,35,98.2%,1分23秒,95%,1.2%,120.5\n",
        "agent_days",
        1,
        {"agent_id": "小李", "date": DAY, "within_3min": 0.982, "reply_time": 83, "satisfaction": 0.95, "aov": 120.5},
    ),
    "京东 agent-days: 满意 is a count": (
        "客服,日期,咨询量,接待量,30秒应答率,平均响应时间,首次平均响应时间,满意率,评价量,非常满意,满意,一般,不满意,非常不满意,咨询出库转化率\n"
        "jd_小李,2024-01-02,35,34,96.10%,18.2秒,9秒,97%,20,15,3,1,1,0,21%\n",
        "agent_days",
        1,
        {"conversations": 34, "within_30s": 0.961, "reply_time": 18.2, "first_response": 9, "satisfaction": 0.97, "rated": 20,
         "conversion": 0.21},
    ),
    "小红书 agent-days": (
        "客服姓名,日期,接待量,3min回复率,首响时长,平均响应时长,好评率,差评率,转人工率\n小李,2024-01-02,35,95%,15s,22s,91%,2%,40%\n",
        "agent_days",
        1,
        {"within_3min": 0.95, "first_response": 15, "reply_time": 22, "satisfaction": 0.91},
    ),
    "天猫 agent-days where only the dissatisfied are given": (
        "日期,客服,接待人数,平均首次响应时长,不满意率,最长响应时长\n2024/01/02,小李,35,12秒,1%,5分\n",
        "agent_days",
        1,
        {"first_response": 12, "satisfaction": None, "reply_time": None},
    ),
    "拼多多 agent-days": (
        "客服账号,日期,咨询人数,接待人数,平均人工响应时长,3分钟人工回复率(8-23点),30秒应答率,最终成团人数,询单转化率,客服销售额\n"
        "pdd1,2024-01-02,35,34,45秒,98%,90%,10,33.3%,1234.00元\n",
        "agent_days",
        1,
        {"conversations": 34, "reply_time": 45, "within_3min": 0.98, "within_30s": 0.9, "orders": 10, "conversion": 0.333, "amount": 1234},
    ),
    "TikTok Shop agent-days": (
        "Agent,Date,Sessions handled,24-hour response rate,Average first response time,Satisfaction rate,Dissatisfaction rate\n"
        "ann@x.c,2024-01-02,35,98.5%,5 min 30 s,88%,4%\n",
        "agent_days",
        1,
        {"conversations": 35, "response_rate_24h": 0.985, "first_response": 330, "satisfaction": 0.88},
    ),
    "agent-days with decimal commas": (
        "date;agent;conversations;avg response time;revenue\n02.01.2024;Ann;1.234;1,5;1.234,56\n15.01.2024;Bob;200;2,5;99,00\n",
        "agent_days",
        2,
        {"date": DAY, "conversations": 1234, "reply_time": 1.5, "amount": 1234.56},
    ),
    "抖音飞鸽 messages: ids of twenty digits": (
        "会话ID,用户昵称,客服昵称,发送方,消息内容,消息时间,消息类型\n70001234567890123456,张,小李,用户,在吗,2024-01-02 09:00:00,文本\n"
        "70001234567890123456,张,小李,机器人,您好,2024-01-02 09:00:01,文本\n",
        "messages",
        2,
        {"conversation_id": "70001234567890123456", "customer_id": "张", "sender": "customer", "content_type": "文本"},
    ),
    "旺旺 messages whose sender is a name": (
        "买家旺旺,客服旺旺,时间,发送者,内容\ntb123,店铺:小李,2024-01-02 09:00:20,店铺:小李,在的亲\n"
        "tb123,店铺:小李,2024-01-02 09:00:00,tb123,在吗\n",
        "messages",
        2,
        {"customer_id": "tb123", "agent_id": "店铺:小李", "sender": "agent", "sent_at": at("2024-01-02 09:00:20")},
    ),
    "抖音飞鸽 conversations": (
        "会话ID,用户昵称,接待客服,会话开始时间,会话结束时间,首次响应时长(秒),平均响应时长(秒),满意度评价,是否解决,会话标签\n"
        "7001,王,小李,2024-01-02 10:00:00,2024-01-02 10:20:00,15,20,不满意,否,售前\n",
        "conversations",
        1,
        {"started_at": at("2024-01-02 10:00"), "wait_s": 15, "csat": 2, "resolved": 0, "category": "售前"},
    ),
    "京东 conversations": (
        "会话ID,顾客账号,客服账号,进线时间,首次响应时间,会话结束时间,会话类型,满意度,订单编号\n"
        "1,jd1,kf1,2024-01-02 09:00:00,2024-01-02 09:00:20,2024-01-02 09:10:00,售前,未评价,012345678901\n",
        "conversations",
        1,
        {"customer_id": "jd1", "first_human_reply_at": at("2024-01-02 09:00:20"), "csat": None, "order_id": "012345678901"},
    ),
    "Chatwoot conversations": (
        "Conversation ID,Inbox,Contact,Assignee,Status,Created at,First reply at,Resolved at,Labels\n"
        "12,Website,Lee,Ann,resolved,2024-01-02 03:04:05 UTC,2024-01-02 03:05:05 UTC,2024-01-02 04:00:00 UTC,refund\n",
        "conversations",
        1,
        {"agent_id": "Ann", "started_at": at("2024-01-02 11:04:05"), "closed_at": at("2024-01-02 12:00"), "category": None},
    ),
    "Zendesk tickets": (
        "ID,Subject,Status,Requester id,Assignee,Group,Created at,Updated at,Solved at,First reply time in minutes,"
        "First resolution time in minutes,Full resolution time in minutes,Satisfaction Score,Via\n"
        "1,Where,solved,360006965034,Ann,G,2024-01-02 03:04,2024-01-02 05:04,2024-01-02 05:04,12,60,120,Good,Web\n"
        "2,Why,open,360006965035,Bob,G,2024-01-02 03:04,2024-01-02 05:04,,,,,Offered,Email\n",
        "conversations",
        2,
        {"customer_id": "360006965034", "wait_s": 720, "resolution_s": 7200, "csat": 5, "team": "G"},
    ),
    "Intercom conversations": (
        "Conversation ID,Conversation started at (UTC),Currently assigned teammate name,First teammate reply at (UTC),"
        "First response time (seconds),Time to close (seconds),Conversation rating,Channel,User ID\n"
        "215,2024-01-02 03:04,Ann,2024-01-02 03:05,60,3600,5,Chat,u1\n",
        "conversations",
        1,
        {"agent_id": "Ann", "started_at": at("2024-01-02 11:04"), "first_human_reply_at": at("2024-01-02 11:05"), "resolution_s": 3600},
    ),
    "Gorgias tickets: those opened by an agent": (
        "Ticket id,Created by agent,Creation date,First response date,Closed date,First response time (s),Resolution time (s),"
        "Assignee name,Team name,Initial channel,Survey score,Customer email\n"
        "2,True,2024-01-02 05:04:05,,,,,Bob,T,email,,a@b.c\n1,False,2024-01-02 03:04:05,2024-01-02 03:05:05,,60,,Ann,T,chat,5,a@b.c\n",
        "conversations",
        2,
        {"started_by": "agent", "started_at": at("2024-01-02 05:04:05"), "channel": "email", "customer_id": "a@b.c"},
    ),
    "Freshdesk tickets": (
        "Ticket ID,Status,Source,Agent,Group,Created time,Resolved time,Initial response time,Time tracked,First response time (in hrs),"
        "Survey results,Full name,Contact ID\n"
        "7,Closed,Email,No Agent,Sup,2024-01-02 09:00:00,2024-01-02 12:00:00,2024-01-02 09:30:00,00:10,00:30:00,Extremely Happy,Lee,77\n",
        "conversations",
        1,
        {"agent_id": None, "first_human_reply_at": at("2024-01-02 09:30"), "wait_s": 1800, "csat": 5, "customer_id": "77",
         "handle_s": None},
    ),
    "Help Scout conversations": (
        "Number,Customer,Assigned To,Mailbox,Created At,Closed At,First Response Time (min),Happiness Rating\n"
        "1,Lee,Ann,Support,01/13/2024 9:00 AM,01/13/2024 10:00 AM,12,Not Good\n",
        "conversations",
        1,
        {"agent_id": "Ann", "started_at": at("2024-01-13 09:00"), "wait_s": 720, "csat": 1, "channel": "Support"},
    ),
    "Salesforce cases": (
        "Case Number,Case Owner,Date/Time Opened,Date/Time Closed,Case Origin,Contact Name,Type\n"
        "00001026,Ann,1/13/2024 9:00 AM,1/13/2024 11:00 AM,Email,Lee,Problem\n",
        "conversations",
        1,
        {"conversation_id": "00001026", "agent_id": "Ann", "closed_at": at("2024-01-13 11:00"), "category": "Problem"},
    ),
    "LiveChat chats": (
        "Chat ID,Chat start date,Chat end date,Agent name,Visitor name,First response time,Chat duration in seconds,Rating\n"
        "PJ2,2024-01-02 10:00:00,2024-01-02 10:10:00,Ann,Kim,12,600,not rated\n",
        "conversations",
        1,
        {"customer_id": "Kim", "closed_at": at("2024-01-02 10:10"), "handle_s": 600, "csat": None},
    ),
    "淘宝 orders: ids wrapped as formulas": (
        "订单编号,买家会员名,买家实际支付金额,订单状态,订单创建时间,订单付款时间,确认收货时间,退款金额\n"
        '"=""0234567890123456789""",tb1,199.00,交易成功,2024-01-02 10:00:00,2024-01-02 10:01:00,2024-01-05 10:00:00,0.00\n',
        "orders",
        1,
        {"order_id": "0234567890123456789", "customer_id": "tb1", "amount": 199, "paid_at": at("2024-01-02 10:01")},
    ),
    "Shopify orders: Name is the order": (
        "Name,Email,Financial Status,Paid at,Fulfilled at,Total,Created at,Refunded Amount\n"
        "#1001,a@b.c,paid,2024-01-02 10:00:00 +0800,,100.00,2024-01-02 09:59:00 +0800,0.00\n",
        "orders",
        1,
        {"order_id": "#1001", "customer_id": "a@b.c", "created_at": at("2024-01-02 09:59"), "amount": 100},
    ),
    "班表 with clock times over midnight": (
        "姓名,日期,上班,下班,休息(分钟)\n小王,2024-01-02,22:00,次日06:00,30\n小张,2024-01-02,18:00,02:00,30\n",
        "roster",
        2,
        {"agent_id": "小王", "start_at": at("2024-01-02 22:00"), "end_at": at("2024-01-03 06:00"), "break_minutes": 30},
    ),
    "a roster in English": (
        "Employee,Shift date,Shift start time,Shift end time,Break (min)\nBob,01/14/2024,10:00 PM,6:00 AM,30\n",
        "roster",
        1,
        {"agent_id": "Bob", "start_at": at("2024-01-14 22:00"), "end_at": at("2024-01-15 06:00")},
    ),
    "班表 with both ends in one cell": (
        "客服,日期,班次时间\n小王,2024-01-02,22:00-06:00\n小张,2024-01-02,休\n",
        "roster",
        1,
        {"agent_id": "小王", "start_at": at("2024-01-02 22:00"), "end_at": at("2024-01-03 06:00")},
    ),
    "班表 with one column per day": (
        "姓名,2024-01-01,2024-01-02,2024-01-03\n小李,休,09:00-18:00,09:00-18:00\n小王,22:00-06:00,休,休\n",
        "roster",
        3,
        {"agent_id": "小王", "start_at": at("2024-01-01 22:00"), "end_at": at("2024-01-02 06:00")},
    ),
    "质检 with nothing but a total": (
        "质检日期,被质检客服,会话ID,质检员,质检得分\n2024-01-02,小李,K1,老王,92\n",
        "reviews",
        1,
        {"agent_id": "小李", "criterion": "质检得分", "score": 92, "rater": "老王", "conversation_id": "K1"},
    ),
    "QA with a column per criterion": (
        "Review date,Agent,Ticket ID,Reviewer,Greeting (10),Accuracy (50),Tone (40),Total score\n2024-01-02,Ann,K1,Max,9,45,35,89\n",
        "reviews",
        3,
        {"agent_id": "Ann", "criterion": "Greeting", "score": 9, "max": 10, "rater": "Max"},
    ),
    "a case log": (
        "case_id,event,timestamp,agent,topic\n1,created,2024-01-02 09:00:00,,refund\n1,assigned,2024-01-02 09:01:00,Ann,\n"
        "1,responded,2024-01-02 09:05:00,Ann,\n1,resolved,2024-01-02 10:00:00,Ann,\n1,reopened,2024-01-02 11:00:00,,\n"
        "1,resolved,2024-01-02 12:00:00,Bob,\n2,created,2024-01-02 11:00:00,,\n2,assigned,2024-01-02 11:01:00,Bob,\n",
        "conversations",
        2,
        {"conversation_id": "1", "agent_id": "Bob", "started_at": at("2024-01-02 09:00"), "first_closed_at": at("2024-01-02 10:00"),
         "first_human_reply_at": at("2024-01-02 09:05"), "closed_at": at("2024-01-02 12:00"), "reopened": 1, "category": "refund"},
    ),
    "states of tickets: the newest counts": (
        "ticket_id,updated_at,created_at,assignee,status\n1,2024-01-02 12:00:00,2024-01-02 09:00:00,Bob,solved\n"
        "1,2024-01-02 09:00:00,2024-01-02 09:00:00,Ann,open\n2,2024-01-02 09:30:00,2024-01-02 09:30:00,Ann,open\n",
        "conversations",
        2,
        {"conversation_id": "1", "agent_id": "Bob", "status": "solved"},
    ),
}  # fmt: skip
JSONS = {
    "Zendesk": (
        '{"tickets":[{"id":1,"created_at":"2024-01-02T03:04:05Z","requester_id":360006965034,"assignee_id":360006965099,'
        '"via":{"channel":"web"},"satisfaction_rating":{"score":"good"}},{"id":2,"created_at":"2024-01-03T03:04:05Z",'
        '"requester_id":360006965035,"assignee_id":null,"via":{"channel":"email"},"satisfaction_rating":null}],"count":2}',
        {"conversation_id": "1", "customer_id": "360006965034", "agent_id": "360006965099", "csat": 5, "channel": "web"},
    ),
    "Intercom": (
        '[{"type":"conversation","id":"215","created_at":1704164645,"admin_assignee_id":814860,"state":"closed","statistics":'
        '{"first_admin_reply_at":1704164705,"last_close_at":1704168245},"conversation_rating":{"rating":5}},'
        '{"type":"conversation","id":"216","created_at":1704264645,"admin_assignee_id":814861,"statistics":{"first_admin_reply_at":null}}]',
        {"conversation_id": "215", "agent_id": "814860", "first_human_reply_at": 1704164705000, "closed_at": 1704168245000, "csat": 5},
    ),
}  # fmt: skip


@pytest.mark.parametrize("export", EXPORTS)
def test_an_export_is_understood_without_a_mapping(export: str) -> None:
    """Table, rows, and in the first row the named fields with their values in the schema's units; None for what is not there."""
    text, name, rows, expected = EXPORTS[export]
    log = log_of(text)
    assert set(log.tables) == {name}
    kept = log.tables[name].to_pylist()  # type: ignore[union-attr]
    assert len(kept) == rows
    row = next(each for each in kept if each.get("agent_id") == expected.get("agent_id", each.get("agent_id")))
    assert {field: row.get(field) for field in expected} == pytest.approx(expected)
    assert all(report.rows_read == report.rows_kept + report.rows_dropped for report in log.ledger.files)


@pytest.mark.parametrize("export", JSONS)
def test_an_export_in_json_is_understood(export: str) -> None:
    """Nested fields of two interfaces, one of them empty where the other rows have an object."""
    text, expected = JSONS[export]
    row = log_of(text, name="a.json").tables["conversations"].to_pylist()[0]  # type: ignore[union-attr]
    assert {field: row.get(field) for field in expected} == expected


REFUSED = {
    "a summary of the whole period": (
        "Agents report\nReporting period 01-Jan-2024 to 31-Jan-2024\n\nAgent name,Conversations assigned,Avg. first response time\n"
        "Ann,35,80\n",
        "period_summary",
    ),
    "a summary by month": ("月份,客服,接待量,满意度\n2024-01,小李,350,96%\n2024-02,小李,340,95%\n", "period_summary"),
    "names of shifts": (
        "姓名,2024-01-01,2024-01-02,2024-01-03\n小李,早班,早班,休\n小王,晚班,休,晚班\n",
        "shift_names_only",
    ),
    "criteria without full marks": (
        "日期,客服,质检员,服务态度,业务知识\n2024-01-02,小李,老王,20,30\n",
        "criteria_without_maximum",
    ),
}


@pytest.mark.parametrize("export", REFUSED)
def test_what_cannot_be_used_is_named(export: str) -> None:
    """A shape that would need guessing is refused with its own reason, not taken for something else."""
    text, code = REFUSED[export]
    with pytest.raises(InputError) as caught:
        log_of(text)
    assert caught.value.issue.code == code


def test_names_of_shifts_can_be_given_their_hours() -> None:
    """The mapping file explains what an early shift is."""
    text = REFUSED["names of shifts"][0]
    hours = {"shift_hours": {"早班": "09:00-18:00", "晚班": "18:00-02:00"}}
    log = log_of(text, Choices(value_map=hours))
    rows = log.tables["roster"].to_pylist()  # type: ignore[union-attr]
    assert [(row["agent_id"], row["shift"]) for row in rows] == [
        ("小李", "早班"),
        ("小王", "晚班"),
        ("小李", "早班"),
        ("小王", "晚班"),
    ]
    assert rows[1]["end_at"] == at("2024-01-02 02:00")
    assert codes(log)["day_off"] == 2


def test_a_report_of_ratings_stands_on_the_day_of_the_rating() -> None:
    """Without a start the time of the rating stands in, with a warning."""
    log = log_of(
        "Contact name,Contact email,Agent name,Inbox,Conversation ID,Rating,Feedback comment,Recorded date\n"
        "Lee,l@x.com,Ann,Website,12,5,great,2024-01-02 10:00\n"
    )
    (row,) = log.tables["conversations"].to_pylist()  # type: ignore[union-attr]
    assert (row["started_at"], row["csat"], row["customer_id"]) == (at("2024-01-02 10:00"), 5.0, "l@x.com")
    assert codes(log) == {"start_from_rating": 1}


@pytest.mark.parametrize("preset", presets(), ids=lambda each: each.key)
def test_presets_name_known_fields_and_where_they_come_from(preset) -> None:  # type: ignore[no-untyped-def]
    """Every field of a preset is in its table; platform, market, date and source are said; its own headings call it up."""
    assert set(preset.columns.values()) - {""} <= set(table(preset.table).by_name())
    assert all((preset.platform, preset.market, preset.date, preset.source))
    assert preset_for(sorted(preset.signature)) == preset


def test_the_users_mapping_wins_over_a_preset() -> None:
    """What the user says about a heading holds even where a platform's layout says otherwise."""
    text = EXPORTS["Shopify orders: Name is the order"][0]
    choice = Choices(files=(FileChoice("*", columns={"Email": "", "Total": "refunded_amount"}),))
    (row,) = log_of(text, choice).tables["orders"].to_pylist()  # type: ignore[union-attr]
    assert (row["order_id"], row["refunded_amount"], "customer_id" in row, "amount" in row) == (
        "#1001",
        100.0,
        False,
        False,
    )


def test_an_order_with_several_articles_is_one_order() -> None:
    """Rows of one order are put together: values that stand in one row only are kept, amounts of articles add up with a warning."""
    head = "Order ID,Customer ID,Created at,Paid at,Amount\n"
    once = log_of(head + "1,a,2024-01-02 10:00,2024-01-02 10:05,30\n1,a,2024-01-02 10:00,,\n2,b,2024-01-03 10:00,,5\n")
    rows = once.tables["orders"].to_pylist()  # type: ignore[union-attr]
    assert [(row["order_id"], row["amount"], row.get("paid_at")) for row in rows] == [
        ("1", 30, at("2024-01-02 10:05")),
        ("2", 5, None),
    ]
    assert codes(once) == {"line_items": 1}
    each = log_of(head + "1,a,2024-01-02 10:00,,10\n2,b,2024-01-03 10:00,,5\n1,a,2024-01-02 10:00,,20\n")
    assert [row["amount"] for row in each.tables["orders"].to_pylist()] == [30, 5]  # type: ignore[union-attr]
    assert codes(each) == {"line_items_summed": 1}


def test_headings_in_the_middle_are_no_row() -> None:
    """Parts pasted below each other bring their headings along."""
    log = log_of("日期,客服,接待人数\n2024-01-02,小李,35\n日期,客服,接待人数\n2024-01-03,小王,30\n")
    assert [row["agent_id"] for row in log.tables["agent_days"].to_pylist()] == ["小李", "小王"]  # type: ignore[union-attr]
    assert codes(log) == {"repeated_headings": 1}


def test_spreadsheet_durations_are_parts_of_a_day() -> None:
    """0.000983796 in a column of durations is 85 seconds, not a millisecond."""
    log = log_of(
        "日期,客服,接待人数,平均响应时长\n2024-01-02,小李,35,0.000983796296\n2024-01-02,小王,30,0.00115740741\n"
    )
    times = log.tables["agent_days"].column("reply_time").to_pylist()  # type: ignore[union-attr]
    assert times == pytest.approx([85, 100], abs=1e-3)


def test_traditional_headings_and_words_are_the_same_words() -> None:
    """Exports from Taiwan and Hong Kong need no mapping."""
    log = log_of("會話編號,客服,會話開始時間,首次回復時間,滿意度\n1,小李,2024-01-02 09:00,2024-01-02 09:05,滿意\n")
    (row,) = log.tables["conversations"].to_pylist()  # type: ignore[union-attr]
    assert (row["conversation_id"], row["first_human_reply_at"], row["csat"]) == ("1", at("2024-01-02 09:05"), 4.0)


@pytest.mark.parametrize("day", ["240102", "2024-01-02~2024-01-02", "2024-01-02 至 2024-01-02", "2024年1月2日"])
def test_days_as_reports_write_them(day: str) -> None:
    """Two-digit years without separators and periods of one day are that day."""
    log = log_of(f"日期,客服,接待人数\n{day},小李,35\n")
    assert log.tables["agent_days"].column("date").to_pylist() == [DAY]  # type: ignore[union-attr]


def test_a_period_of_a_month_is_no_day() -> None:
    """A row for a whole month is refused as a summary."""
    with pytest.raises(InputError) as caught:
        log_of("日期,客服,接待量\n2024-01-01~2024-01-31,小李,300\n2024-01-01~2024-01-31,小王,310\n")
    assert caught.value.issue.code == "period_summary"


def test_ids_that_lost_their_digits_are_pointed_out() -> None:
    """1.23457E+18 is no id any more."""
    log = log_of("订单编号,下单时间,实付金额\n1.23457E+18,2024-01-02 09:00,1\n1.23457E+18,2024-01-03 09:00,2\n")
    assert codes(log)["ids_lost_digits"] == 2


def test_a_chat_written_as_text_is_not_called_broken_json() -> None:
    """Lines that begin with a bracket are named for what they are: no table with headings."""
    with pytest.raises(InputError) as caught:
        log_of("[02/01/2024, 09:00:12] Lee: hi there\n[02/01/2024, 09:01:12] Ann: hello\n", name="chat.txt")
    assert caught.value.issue.code != "json_unreadable"


INSERTED = (
    "客服",
    "日期",
    "2024-01-02",
    "09:00-18:00",
    "合计",
    "created",
    "质检员",
    "总分",
    "Agent",
    "",
    "-",
    "=1",
    "1e999",
    "CSAT",
    '"',
    "\n",
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(EXPORTS) + sorted(REFUSED)), st.data())
def test_damaged_exports_are_accounted_for_or_refused(export: str, data: st.DataObject) -> None:
    """Words put in, bytes overwritten: a log whose rows add up or a reason, never another error."""
    raw = bytearray((EXPORTS.get(export) or REFUSED[export])[0].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        word = data.draw(
            st.one_of(st.binary(max_size=4), st.sampled_from(INSERTED).map(lambda text: f",{text},".encode()))
        )
        raw[place : place + data.draw(st.integers(0, 3))] = word
    try:
        log = load([InputFile("a.csv", bytes(raw))])
    except InputError:
        return
    assert all(report.rows_read == report.rows_kept + report.rows_dropped for report in log.ledger.files)


def test_a_review_sheet_whose_rows_are_all_broken_is_refused() -> None:
    """Nothing is turned where no row could be read."""
    with pytest.raises(InputError):
        log_of("质检日期,被质检客服,会话ID,质检员,质检得分\n2024-01-02,小李,K1\n")
