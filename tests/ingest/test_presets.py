"""Exports of the platforms, in Chinese and in English: each comes in without a mapping, and the ledger says whose it is.

The rows are made by hand; where the headings come from stands in each preset's `source`.
"""

from __future__ import annotations

import json

import pytest

from core.errors import InputError
from core.ingest import Choices, FileChoice, InputFile, load
from core.ingest.presets import preset_for, presets
from core.log import Log
from core.schema import table
from tests.ingest.test_exports import DAY, at

FOUND = "conversations"
DAYS = "agent_days"


def utc(text: str) -> int:
    """UTC milliseconds of a time in UTC."""
    return at(text, "UTC")


CSAT_EN = (
    "Agent Name,Rating,Feedback Comment,Contact Name,Contact Email Address,Contact Phone Number,Link to the conversation,Recorded date\n"
    "Ann Lee (ann@shop.example),5,Great,Kim,kim@x.example,+15550100,https://chat.example/app/accounts/1/conversations/12,"
    "2024-01-02 03:04:05 UTC\n"
    "Bob Ray (bob@shop.example),2,,Lou,lou@x.example,,https://chat.example/app/accounts/1/conversations/13,2024-01-03 03:04:05 UTC\n"
    "Reporting period 2024-01-01 to 2024-01-31\n"
)
CSAT_ZH = (
    "客服名称,评分,意见反馈,联系人名称,联系人邮箱地址,联系人电话号码,链接到会话,录制日期\n"
    "小李 (li@shop.example),5,很好,王,w@x.example,,https://chat.example/app/accounts/1/conversations/12,2024-01-02 03:04:05 UTC\n"
    "小王 (wang@shop.example),2,,张,z@x.example,,https://chat.example/app/accounts/1/conversations/13,2024-01-03 03:04:05 UTC\n"
    "报告周期 2024-01-01 至 2024-01-31\n"
)
# platform: file name, text, table, rows, platform named, fields of the first row
EXPORTS = {
    "TikTok Shop agents": (
        "a.csv",
        "Agent,Date,Sessions handled,12-hour response rate,24-hour response rate,Average first response time,Average response time,"
        "Chat satisfaction rate,Dissatisfaction rate\nann@x.example,2024-01-02,35,91%,98.5%,5 min 30 s,2 min,88%,4%\n",
        DAYS, 1, "TikTok Shop",
        {"conversations": 35, "response_rate_24h": 0.985, "first_response": 330, "reply_time": 120, "satisfaction": 0.88},
    ),
    "TikTok Shop 客服": (
        "a.csv",
        "客服,日期,接待会话数,12小时回复率,24小时回复率,平均首次响应时长,平均响应时长,会话满意率\nann,2024-01-02,35,91%,98.5%,330秒,120秒,88%\n",
        DAYS, 1, "TikTok Shop",
        {"conversations": 35, "response_rate_24h": 0.985, "first_response": 330, "reply_time": 120, "satisfaction": 0.88},
    ),
    "抖音飞鸽 客服": (
        "a.csv",
        "日期,客服昵称,客服账号,接待会话量,3分钟人工回复率,平均首响时长,平均响应时长,会话不满意率,会话满意度,人工不服务率\n"
        "2024-01-02,小王,kf2,80,90%,1分23秒,30秒,3%,92%,1%\n",
        DAYS, 1, "抖音飞鸽",
        {"agent_id": "小王", "conversations": 80, "within_3min": 0.9, "first_response": 83, "reply_time": 30, "satisfaction": 0.92},
    ),
    "快手 客服": (
        "a.csv",
        "统计日期,客服昵称,接待人数,人工3分钟回复率,平均回复时长,客服好评率,人工不服务率\n20240102,小李,35,98.2%,1分23秒,95%,1.2%\n",
        DAYS, 1, "快手小店",
        {"date": DAY, "within_3min": 0.982, "reply_time": 83, "satisfaction": 0.95},
    ),
    "天猫 生意参谋 客服": (
        "a.csv",
        "统计日期,旺旺昵称,咨询人数,接待人数,3分钟人工响应率,平均人工响应时长(秒),客服满意度,客服销售额,询单转化率\n"
        "2024-01-02,店铺:小李,40,35,97%,22.5,96%,1234.50,25%\n",
        DAYS, 1, "天猫/生意参谋",
        {"agent_id": "店铺:小李", "conversations": 35, "within_3min": 0.97, "reply_time": 22.5, "satisfaction": 0.96, "amount": 1234.5},
    ),
    "京东 客服": (
        "a.csv",
        "客服,日期,咨询量,接待量,首次30秒应答率,平均响应时间,满意率,评价量,非常满意,满意,一般,不满意,非常不满意\n"
        "jd_小李,2024-01-02,35,34,96.10%,18.2秒,97%,20,15,3,1,1,0\n",
        DAYS, 1, "京东咚咚",
        {"conversations": 34, "within_30s": 0.961, "reply_time": 18.2, "satisfaction": 0.97, "rated": 20},
    ),
    "小红书 千帆 客服": (
        "a.csv",
        "日期,客服昵称,接待量,3分钟人工回复率,平均响应时长,好评率,差评率,转人工率\n2024-01-02,小李,35,95%,22s,91%,2%,40%\n",
        DAYS, 1, "小红书千帆",
        {"within_3min": 0.95, "reply_time": 22, "satisfaction": 0.91},
    ),
    "千牛 客服": (
        "a.csv",
        "日期,旺旺,咨询人数,接待人数,回复率,首次响应(秒),平均响应(秒)\n2024-01-02,店铺:小李,35,34,97.1%,8.5,25.3\n",
        DAYS, 1, "千牛/赤兔",
        {"agent_id": "店铺:小李", "conversations": 34, "first_response": 8.5, "reply_time": 25.3},
    ),
    "赤兔 客服": (
        "a.csv",
        "旺旺昵称,日期,咨询人数,接待人数,询单人数,销售额,询单->最终付款成功率,平均响应(秒),首次响应(秒)\n小李,2024/1/2,35,34,20,1234.5,50%,25.3,8.5\n",
        DAYS, 1, "千牛/赤兔",
        {"agent_id": "小李", "conversations": 34, "inquirers": 20, "amount": 1234.5, "conversion": 0.5},
    ),
    "Chatwoot satisfaction": (
        "csat.csv", CSAT_EN, FOUND, 2, "Chatwoot",
        {"agent_id": "Ann Lee (ann@shop.example)", "started_at": utc("2024-01-02 03:04:05"), "csat": 5, "customer_id": "kim@x.example",
         "conversation_id": "https://chat.example/app/accounts/1/conversations/12"},
    ),
    "Chatwoot 满意度": (
        "csat.csv", CSAT_ZH, FOUND, 2, "Chatwoot",
        {"agent_id": "小李 (li@shop.example)", "started_at": utc("2024-01-02 03:04:05"), "csat": 5, "customer_id": "w@x.example",
         "conversation_id": "https://chat.example/app/accounts/1/conversations/12"},
    ),
    "Chatwoot conversations": (
        "a.json",
        json.dumps({"data": {"meta": {"all_count": 2}, "payload": [
            {"id": 12, "inbox_id": 3, "status": "resolved", "created_at": 1704164645, "first_reply_created_at": 1704164705,
             "last_activity_at": 1704168245, "labels": ["refund"],
             "meta": {"sender": {"id": 7, "name": "Kim"}, "assignee": {"id": 1, "name": "Ann"}, "channel": "Channel::WebWidget"}},
            {"id": 14, "inbox_id": 3, "status": "open", "created_at": 1704264645, "first_reply_created_at": 1704264745,
             "last_activity_at": 1704264745, "labels": [], "meta": {"sender": {"id": 8, "name": "Lou"},
              "assignee": {"id": 2, "name": "Bob"},
                                                                   "channel": "Channel::Email"}},
            {"id": 13, "inbox_id": 3, "status": "open", "created_at": 1704264645, "first_reply_created_at": 0,
             "last_activity_at": 1704264645,
             "labels": [], "meta": {"sender": {"id": 8, "name": "Lou"}, "assignee": {"id": 2, "name": "Bob"},
                                    "channel": "Channel::WebWidget"}}]}}),
        FOUND, 3, "Chatwoot",
        {"conversation_id": "12", "agent_id": "Ann", "started_at": 1704164645000,
         "first_human_reply_at": 1704164705000, "customer_id": "7"},
    ),
    "Zendesk tickets": (
        "a.json",
        json.dumps({"tickets": [
            {"id": 1, "created_at": "2024-01-02T03:04:05Z", "requester_id": 36, "submitter_id": 36, "assignee_id": 99, "group_id": 5,
             "status": "solved", "via": {"channel": "web"}, "satisfaction_rating": {"score": "good"}},
            {"id": 2, "created_at": "2024-01-03T03:04:05Z", "requester_id": 37, "submitter_id": 37, "assignee_id": None, "group_id": 5,
             "status": "new", "via": {"channel": "email"}, "satisfaction_rating": None}], "count": 2}),
        FOUND, 2, "Zendesk",
        {"conversation_id": "1", "customer_id": "36", "agent_id": "99", "csat": 5, "channel": "web",
         "started_at": utc("2024-01-02 03:04:05")},
    ),
    "Intercom conversations": (
        "a.json",
        json.dumps({"type": "conversation.list", "conversations": [
            {"type": "conversation", "id": "215", "created_at": 1704164645, "admin_assignee_id": 814860, "team_assignee_id": 5,
             "state": "closed", "statistics": {"time_to_admin_reply": 60, "first_admin_reply_at": 1704164705, "last_close_at": 1704168245,
                                               "count_reopens": 0}, "conversation_rating": {"rating": 5}},
            {"type": "conversation", "id": "216", "created_at": 1704264645, "admin_assignee_id": 814861, "team_assignee_id": 5,
             "state": "open", "statistics": {"time_to_admin_reply": None, "first_admin_reply_at": None}, "conversation_rating": None}]}),
        FOUND, 2, "Intercom",
        {"conversation_id": "215", "agent_id": "814860", "first_human_reply_at": 1704164705000, "closed_at": 1704168245000, "csat": 5},
    ),
    "Gorgias tickets": (
        "a.csv",
        "Ticket id,Created by agent,Creation date,First response date,Closed date,First response time (s),Resolution time (s),"
        "Assignee name,Team name,Initial channel,Survey score,Customer email\n"
        "1,False,2024-01-02 03:04:05,2024-01-02 03:05:05,,60,,Ann,T,chat,5,a@b.example\n",
        FOUND, 1, "Gorgias",
        {"agent_id": "Ann", "started_at": at("2024-01-02 03:04:05"), "wait_s": 60, "csat": 5, "channel": "chat",
         "customer_id": "a@b.example"},
    ),
    "Gorgias tickets of the interface": (
        "a.json",
        json.dumps({"object": "list", "data": [
            {"id": 1, "status": "closed", "channel": "chat", "from_agent": False, "created_datetime": "2024-01-02T03:04:05+00:00",
             "closed_datetime": "2024-01-02T04:04:05+00:00", "assignee_user": {"id": 9, "email": "ann@x.example"},
             "customer": {"id": 7, "email": "kim@x.example"}},
            {"id": 2, "status": "open", "channel": "email", "from_agent": True, "created_datetime": "2024-01-03T03:04:05+00:00",
             "closed_datetime": None, "assignee_user": {"id": 8, "email": "bob@x.example"}, "customer": {"id": 6,
              "email": "l@x.example"}}]}),
        FOUND, 2, "Gorgias",
        {"conversation_id": "1", "agent_id": "ann@x.example", "started_at": utc("2024-01-02 03:04:05"),
         "closed_at": utc("2024-01-02 04:04:05"), "customer_id": "7", "channel": "chat"},
    ),
    "Freshdesk tickets": (
        "a.csv",
        "Ticket ID,Status,Source,Agent,Group,Created time,Resolved time,Initial response time,Time tracked,First response time (in hrs),"
        "Survey results,Full name,Contact ID\n"
        "7,Closed,Email,Ann,Sup,2024-01-02 09:00:00,2024-01-02 12:00:00,2024-01-02 09:30:00,00:10,00:30:00,Extremely Happy,Lee,77\n",
        FOUND, 1, "Freshdesk",
        {"agent_id": "Ann", "first_human_reply_at": at("2024-01-02 09:30"), "wait_s": 1800, "csat": 5, "customer_id": "77"},
    ),
    "Freshdesk tickets of the interface": (
        "a.json",
        json.dumps([
            {"id": 20, "created_at": "2024-01-02T03:04:05Z", "responder_id": 4, "requester_id": 1, "group_id": 3, "source": 2, "status": 5,
             "priority": 1, "stats": {"first_responded_at": "2024-01-02T03:05:05Z", "resolved_at": "2024-01-02T04:00:00Z",
                                      "closed_at": "2024-01-02T05:00:00Z", "agent_responded_at": "2024-01-02T03:09:05Z"}},
            {"id": 21, "created_at": "2024-01-03T03:04:05Z", "responder_id": 5, "requester_id": 2, "group_id": 3, "source": 1, "status": 2,
             "priority": 1, "stats": {"first_responded_at": None, "resolved_at": None, "closed_at": None, "agent_responded_at": None}}]),
        FOUND, 2, "Freshdesk",
        {"conversation_id": "20", "agent_id": "4", "customer_id": "1", "started_at": utc("2024-01-02 03:04:05"),
         "first_human_reply_at": utc("2024-01-02 03:05:05")},
    ),
    "Shopify orders": (
        "a.csv",
        "Name,Email,Financial Status,Paid at,Fulfilled at,Total,Created at,Refunded Amount\n"
        "#1001,a@b.example,paid,2024-01-02 10:00:00 +0800,,100.00,2024-01-02 09:59:00 +0800,0.00\n",
        "orders", 1, "Shopify",
        {"order_id": "#1001", "customer_id": "a@b.example", "created_at": at("2024-01-02 09:59"), "amount": 100},
    ),
}  # fmt: skip


def kept(log: Log, name: str) -> list[dict]:
    """Rows of a table of the log."""
    return log.tables[name].to_pylist()  # type: ignore[union-attr]


@pytest.mark.parametrize("export", EXPORTS)
def test_a_platforms_export_comes_in_without_a_mapping(export: str) -> None:
    """Table, rows, values in the schema's units, and the platform's name in the ledger."""
    name, text, wanted, rows, platform, expected = EXPORTS[export]
    log = load([InputFile(name, text.encode())])
    assert set(log.tables) == {wanted}
    found = kept(log, wanted)
    assert len(found) == rows
    assert {field: found[0].get(field) for field in expected} == pytest.approx(expected)
    (report,) = log.ledger.files
    assert report.platform == platform
    assert report.rows_read == report.rows_kept + report.rows_dropped


COMMENTS = (
    "id,_fivetran_synced,body,created,facebook_comment,public,ticket_id,tweet,user_id,voice_comment\n"
    "11,,Where is it?,2024-01-02 03:04:05,FALSE,TRUE,1,FALSE,36,FALSE\n12,,On its way,2024-01-02 03:05:05,FALSE,TRUE,1,FALSE,99,FALSE\n"
    "13,,Check the stock first,2024-01-02 03:04:40,FALSE,FALSE,1,FALSE,99,FALSE\n"
)
USERS = "id,name,email,role,active\n36,Kim,kim@x.example,end-user,TRUE\n99,Ann,ann@x.example,agent,TRUE\n"


def test_comments_and_users_become_messages() -> None:
    """Who wrote is told by the table of users; a remark among colleagues is no answer to the customer."""
    files = [InputFile("comments.csv", COMMENTS.encode()), InputFile("users.csv", USERS.encode())]
    log = load(files, Choices(zone="UTC"))
    said = {row["text"]: row["sender"] for row in kept(log, "messages")}
    assert (said.pop("Where is it?"), said.pop("On its way")) == ("customer", "agent")
    assert set(said.values()) <= {"system"}
    assert [report.platform for report in log.ledger.files] == ["Zendesk", ""]


def test_a_first_reply_of_nobody_is_missing() -> None:
    """Chatwoot writes 0 where nobody has replied; that is no reply in 1970."""
    name, text, *_ = EXPORTS["Chatwoot conversations"]
    rows = kept(load([InputFile(name, text.encode())]), "conversations")
    assert [row["first_human_reply_at"] for row in rows] == [1704164705000, 1704264745000, None]


def test_a_ticket_opened_by_an_agent_is_the_agents() -> None:
    """Gorgias says who wrote first; such a ticket waits for no reply."""
    name, text, *_ = EXPORTS["Gorgias tickets of the interface"]
    assert [row["started_by"] for row in kept(load([InputFile(name, text.encode())]), "conversations")] == ["customer", "agent"]


REPORTS = {
    "en": "Reporting period 2024-01-01 to 2024-01-31\n\nAgent name,Assigned conversations,Avg first response time,Avg resolution time,"
    "Online time,Busy time\nAnn,35,80,3600,100,20\n",
    "zh": "报告周期 2024-01-01 至 2024-01-31\n\n客服名称,分配的对话数量,平均首次响应时间,平均解决时间,已解决的数量,平均客户等待时间\n"
    "小李,35,80,3600,30,20\n",
}


@pytest.mark.parametrize("language", REPORTS)
def test_a_report_over_a_whole_period_is_refused_with_its_reason(language: str) -> None:
    """Chatwoot's report on agents has no day and no conversation: it cannot be counted, and the reader is told why."""
    with pytest.raises(InputError) as caught:
        load([InputFile("agents.csv", REPORTS[language].encode())])
    assert caught.value.issue.code == "period_summary"


@pytest.mark.parametrize("preset", presets(), ids=lambda each: each.key)
def test_a_preset_is_called_up_by_its_own_headings_only(preset) -> None:  # type: ignore[no-untyped-def]
    """Its signature finds it, its fields exist, its origin is said; two presets never claim one signature."""
    assert preset_for(sorted(preset.signature)) == preset
    assert set(preset.columns.values()) - {""} <= set(table(preset.table).by_name())
    assert len(preset.source) > 20
    assert [each.key for each in presets() if each.signature == preset.signature] == [preset.key]


def test_a_saved_platform_names_an_unknown_export() -> None:
    """A mapping carries the platform in the user's words, for all files or for one; it survives saving."""
    text = b"Who,When\nAnn,2024-01-02 09:00\n"
    columns = {"Who": "agent_id", "When": "started_at"}
    one, other = FileChoice("a*.csv", "conversations", columns), FileChoice("b*.csv", "conversations", columns, platform="Shopee")
    again = Choices.from_dict(json.loads(json.dumps(Choices(platform="Lazada", files=(one, other)).to_dict())))
    log = load([InputFile("a1.csv", text), InputFile("b1.csv", text.replace(b"Ann", b"Bob"))], again)
    assert [report.platform for report in log.ledger.files] == ["Lazada", "Shopee"]


def test_a_corrected_column_leaves_the_layout_in_force() -> None:
    """Saying which table it is, as the page does with a correction, does not undo what the platform's layout rules out."""
    _, text, *_ = EXPORTS["京东 客服"]
    choice = FileChoice("*", "agent_days", {"评价量": ""})
    (row,) = kept(load([InputFile("a.csv", text.encode())], Choices(files=(choice,))), "agent_days")
    assert (row["satisfaction"], row.get("rated"), row["within_30s"]) == (0.97, None, 0.961)
