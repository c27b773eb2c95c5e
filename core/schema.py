"""The tables a log may hold, declared once: every column with its kind, its bounds and the headings people give it.

Import, mapping table, methods page and "what this log can answer" are derived from `TABLES`. What a column means stands
in the locale files (``schema.column.<name>.name``, ``.help``); the headings other people use stand in ``headings.toml``,
the words in their cells in ``cells.toml``.

>>> table("messages").column("sent_at").kind
'instant'
>>> [t.name for t in TABLES]
['messages', 'conversations', 'agent_days', 'roster', 'orders', 'reviews', 'transfers']
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

KINDS = (
    "id", "text", "category", "instant", "date", "clock", "duration", "number", "share", "flag", "rating",
    "sender", "automation", "event", "channel", "rater_type",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: canonical name.
        kind: one of `KINDS`; decides how cells are converted and which type the staging column has.
        aliases: headings people use, best first; compared through `normal`.
        low: smallest admissible value, in the unit of the kind; None for no bound.
        high: largest admissible value.
        part: True for a column that only helps to make another (a date apart from its time); it is not staged.
    """

    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    part: bool = False


@dataclass(frozen=True)
class Table:
    """One grain. ``needs`` is a tuple of alternatives: of each inner tuple at least one column has to be there.

    >>> table("messages").lacking({"sent_at", "sender"})
    (('conversation_id', 'customer_id', 'message_id'),)
    """

    name: str
    columns: tuple[Column, ...]
    needs: tuple[tuple[str, ...], ...] = field(default=())
    keys: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """The column of that name; a `KeyError` names the table."""
        found = self.by_name().get(name)
        if found is None:
            raise KeyError(f"{self.name} has no column {name}")
        return found

    def by_name(self) -> Mapping[str, Column]:
        """All columns by name."""
        return {column.name: column for column in self.columns}

    def lacking(self, present: set[str]) -> tuple[tuple[str, ...], ...]:
        """The needs that none of the present columns fulfils."""
        return tuple(need for need in self.needs if not present.intersection(need))


_BRACKETS = re.compile(r"[((\[【][^))\]】]*[))\]】]")
_SEPARATORS = re.compile(r"[\s_\-./\\:;,'\"?!#*|]+")


_TRADITIONAL = str.maketrans(
    "會話編號開時間結發滿評價響應單買賣顧戶質檢轉數週訊員類別問題處關閉總計覆復創職組團隊訂額實際設備語種優級狀態機器當級項標權滯協議聯繫電郵進線來詢雙維據統區國選擇長績賬個條筆總匯與時點鐘須說無負責營業歡樂節內詞記錄後圖載動錢運費寶貝訴為幫辦啟構產簡體諮夠離稱暱帳傳寫該鈴掛斷專幾嗎麼這還從眾銷購貨擊顯視頻審憶註執認證對鍵",
    "会话编号开时间结发满评价响应单买卖顾户质检转数周讯员类别问题处关闭总计复复创职组团队订额实际设备语种优级状态机器当级项标权滞协议联系电邮进线来询双维据统区国选择长绩账个条笔总汇与时点钟须说无负责营业欢乐节内词记录后图载动钱运费宝贝诉为帮办启构产简体咨够离称昵账传写该铃挂断专几吗么这还从众销购货击显视频审忆注执认证对键",
)
"""Traditional characters of headings and coded words; both spellings are one word."""


@cache
def normal(heading: str) -> str:
    """A heading without case, width, spaces, punctuation and bracketed remarks.

    >>> normal("會話編號"), normal("開始時間")
    ('会话编号', '开始时间')
    >>> normal("Issue_reported at"), normal("首次响应时长(秒)"), normal("Ａgent")
    ('issuereportedat', '首次响应时长', 'agent')
    """
    plain = unicodedata.normalize("NFKC", heading).strip().lower().translate(_TRADITIONAL)
    bare = _BRACKETS.sub("", plain) or plain
    return _SEPARATORS.sub("", bare)


_SYNONYMS = (
    ("客服", r"客服人员|客服专员|接待员|坐席人员|坐席|座席|员工|专员|接线员|商家客服|人工客服"),
    ("客户", r"顾客|用户|买家|访客|会员|消费者|咨询者|咨询人|来访者"),
    ("会话", r"对话|咨询单|咨询|工单|来电|通话|接待|服务单"),
    ("时间", r"时刻|时点|日期时间"),
    ("时长", r"用时|耗时|所用时间|花费时间"),
    ("评分", r"评价分值|评价得分|评价分数|评分值|评价分|打分|得分|评星|星级|分值|满意度|满意程度"),
    ("名称", r"名字|姓名|花名|昵称|称呼|账号名|名"),
    ("id", r"编号|流水号|流水|单号|序号|标识|工号|号码|号"),
    ("响应", r"应答|回复|回应|答复"),
    ("开始", r"发起|创建|建立|接入|进线|进入|呼入|提交|提单|建单"),
    ("结束", r"关闭|完结|办结|挂机|挂断|离线|结单|关单"),
    ("agent", r"assignee|representative|operator|staffmember|teammember|staff|rep(?=name|id|$)"),
    ("customer", r"visitor|client|buyer|shopper|contact|requester|user(?=id|name)"),
    ("conversation", r"chatsession|session|dialogue|dialog|thread|ticket|case|call|chat"),
    ("started", r"opened|created|begins|began|begin|starts|logged|received|start(?!ed)"),
    ("closed", r"ended|ends|finished|completed|hungup|end(?=time|date|at|$)"),
    ("reply", r"response|answer|touch"),
    ("rating", r"score|csat"),
    ("", r"(?<=[a-z])(?:datetime|time|date|at|on|ref|reference)$"),
)


_PATTERNS = tuple((word, re.compile(others)) for word, others in _SYNONYMS)


@cache
def loose(heading: str) -> str:
    """A heading in which words of one meaning are one word: what colleagues elsewhere call the same thing.

    >>> loose("坐席工号") == loose("客服编号"), loose("Chat started (local)") == loose("Conversation opened at")
    (True, True)
    """
    name = normal(heading)
    for word, others in _PATTERNS:
        name = others.sub(word, name)
    return name


_FOLDER = Path(__file__).parent
_HEADINGS: Mapping[str, Mapping[str, list[str]]] = tomllib.loads((_FOLDER / "headings.toml").read_text("utf-8"))
WORDS: Mapping[str, Mapping[str, list[str]]] = tomllib.loads((_FOLDER / "cells.toml").read_text("utf-8"))
"""Words in cells by kind and code; ``marks`` holds words that mean "not rated", "summary row" and "missing"."""


def _c(table_name: str, name: str, kind: str, low: float | None = None, high: float | None = None) -> Column:
    known = _HEADINGS.get(table_name, {}).get(name) or _HEADINGS["common"].get(name, [])
    return Column(name, kind, tuple(dict.fromkeys((name, *known))), low, high)


def _part(table_name: str, name: str, kind: str) -> Column:
    return replace(_c(table_name, name, kind), part=True)


def _of_conversation(table_name: str) -> tuple[Column, ...]:
    """What is true of a whole conversation; it may stand in its own row or on every message of it."""
    return (
        _c(table_name, "assigned_agent", "id"),
        _c(table_name, "csat", "rating", 0, 100),
        _c(table_name, "csat_at", "instant"),
        _c(table_name, "survey_sent", "flag"),
        _c(table_name, "resolved", "flag"),
        _c(table_name, "reopened", "flag"),
        _c(table_name, "transfers", "number", 0, 1000),
        _c(table_name, "category", "category"),
        _c(table_name, "subcategory", "category"),
        _c(table_name, "priority", "category"),
        _c(table_name, "team", "category"),
        _c(table_name, "shift", "category"),
        _c(table_name, "region", "category"),
        _c(table_name, "tenure", "category"),
        _c(table_name, "holiday_mode", "flag"),
        _c(table_name, "needs_human", "flag"),
        _c(table_name, "complaint", "flag"),
        _c(table_name, "complaint_solved", "flag"),
        _c(table_name, "order_id", "id"),
        _c(table_name, "product_category", "category"),
        _c(table_name, "customer_city", "category"),
    )


_MESSAGES = Table(
    "messages",
    (
        _c("messages", "conversation_id", "id"),
        _c("messages", "customer_id", "id"),
        _c("messages", "sent_at", "instant"),
        _c("messages", "sender", "sender"),
        _c("messages", "agent_id", "id"),
        _part("messages", "agent_name", "category"),
        _c("messages", "automation", "automation"),
        _c("messages", "event", "event"),
        _c("messages", "text", "text"),
        _c("messages", "content_type", "category"),
        _c("messages", "channel", "channel"),
        _c("messages", "language", "category"),
        _c("messages", "message_id", "id"),
        _c("messages", "reply_to", "id"),
        _part("messages", "sender_id", "id"),
        _part("messages", "receiver_id", "id"),
        _part("messages", "from_customer", "flag"),
        _c("messages", "public", "flag"),
        _part("messages", "sent_date", "date"),
        _part("messages", "sent_time", "clock"),
        *_of_conversation("messages"),
        _c("messages", "closed_at", "instant"),
        _c("messages", "started_at", "instant"),
    ),
    needs=(("conversation_id", "customer_id", "message_id"), ("sent_at", "sent_date"), ("sender", "from_customer")),
    keys=("conversation_id", "customer_id", "message_id"),
)
_CONVERSATIONS = Table(
    "conversations",
    (
        _c("conversations", "conversation_id", "id"),
        _c("conversations", "customer_id", "id"),
        _c("conversations", "agent_id", "id"),
        _part("conversations", "agent_name", "category"),
        _c("conversations", "started_at", "instant"),
        _c("conversations", "first_human_reply_at", "instant"),
        _c("conversations", "closed_at", "instant"),
        _c("conversations", "first_closed_at", "instant"),
        *_of_conversation("conversations"),
        _c("conversations", "answered", "flag"),
        _c("conversations", "wait_s", "duration", 0),
        _c("conversations", "handle_s", "duration", 0),
        _c("conversations", "resolution_s", "duration", 0),
        _c("conversations", "channel", "channel"),
        _c("conversations", "language", "category"),
        _c("conversations", "started_by", "sender"),
        _c("conversations", "text", "text"),
        _c("conversations", "bot_resolved", "flag"),
        _c("conversations", "complaint_at", "instant"),
        _c("conversations", "status", "category"),
        _c("conversations", "item_price", "number", 0),
        _part("conversations", "started_date", "date"),
        _part("conversations", "started_clock", "clock"),
        _part("conversations", "updated_at", "instant"),
        _part("conversations", "by_agent", "flag"),
    ),
    needs=(("agent_id",), ("started_at", "started_date")),
    keys=("conversation_id", "customer_id", "order_id"),
)
_AGENT_DAYS = Table(
    "agent_days",
    (
        _c("agent_days", "agent_id", "id"),
        _part("agent_days", "agent_name", "category"),
        _c("agent_days", "date", "date"),
        _c("agent_days", "conversations", "number", 0),
        _c("agent_days", "team", "category"),
        _c("agent_days", "shift", "category"),
        _c("agent_days", "channel", "channel"),
        _c("agent_days", "messages", "number", 0),
        _c("agent_days", "answered", "number", 0),
        _c("agent_days", "unanswered", "number", 0),
        _c("agent_days", "first_response", "duration", 0),
        _c("agent_days", "first_response_n", "number", 0),
        _c("agent_days", "reply_time", "duration", 0),
        _c("agent_days", "reply_time_n", "number", 0),
        _c("agent_days", "resolution_time", "duration", 0),
        _c("agent_days", "handle_time", "duration", 0),
        _c("agent_days", "response_rate_24h", "share", 0, 1),
        _c("agent_days", "within_3min", "share", 0, 1),
        _c("agent_days", "within_30s", "share", 0, 1),
        _c("agent_days", "satisfaction", "share", 0, 1),
        _c("agent_days", "csat_mean", "number", 0, 100),
        _c("agent_days", "rated", "number", 0),
        _c("agent_days", "satisfied", "number", 0),
        _c("agent_days", "fcr", "share", 0, 1),
        _c("agent_days", "resolved_rate", "share", 0, 1),
        _c("agent_days", "resolved", "number", 0),
        _c("agent_days", "transfers", "number", 0),
        _c("agent_days", "transfer_rate", "share", 0, 1),
        _c("agent_days", "complaints", "number", 0),
        _c("agent_days", "online_s", "duration", 0),
        _c("agent_days", "hours", "number", 0),
        _c("agent_days", "orders", "number", 0),
        _c("agent_days", "inquirers", "number", 0),
        _c("agent_days", "amount", "number"),
        _c("agent_days", "conversion", "share", 0, 1),
        _c("agent_days", "aov", "number", 0),
        _c("agent_days", "return_rate", "share", 0, 1),
        _c("agent_days", "qa_score", "number", 0),
    ),
    needs=(("agent_id",), ("date",), ("conversations",)),
    keys=("agent_id", "date"),
)
_ROSTER = Table(
    "roster",
    (
        _c("roster", "agent_id", "id"),
        _part("roster", "agent_name", "category"),
        _c("roster", "start_at", "instant"),
        _c("roster", "end_at", "instant"),
        _c("roster", "team", "category"),
        _c("roster", "break_minutes", "number", 0, 1440),
        _c("roster", "activity", "category"),
        _c("roster", "shift", "category"),
        _part("roster", "start_date", "date"),
        _part("roster", "end_date", "date"),
        _part("roster", "start_clock", "clock"),
        _part("roster", "end_clock", "clock"),
    ),
    needs=(("agent_id",), ("start_at", "start_clock"), ("end_at", "end_clock")),
    keys=("agent_id", "start_at"),
)
_ORDERS = Table(
    "orders",
    (
        _c("orders", "order_id", "id"),
        _c("orders", "customer_id", "id"),
        _c("orders", "created_at", "instant"),
        _c("orders", "confirmed_at", "instant"),
        _c("orders", "paid_at", "instant"),
        _c("orders", "shipped_at", "instant"),
        _c("orders", "completed_at", "instant"),
        _c("orders", "amount", "number", 0),
        _c("orders", "refunded_amount", "number", 0),
        _c("orders", "refunded_at", "instant"),
        _c("orders", "agent_id", "id"),
        _part("orders", "agent_name", "category"),
        _c("orders", "returned", "flag"),
        _c("orders", "disputed", "flag"),
        _c("orders", "status", "category"),
        _c("orders", "channel", "channel"),
    ),
    needs=(("order_id",), ("created_at",)),
    keys=("order_id",),
)
_REVIEWS = Table(
    "reviews",
    (
        _c("reviews", "agent_id", "id"),
        _part("reviews", "agent_name", "category"),
        _c("reviews", "criterion", "category"),
        _c("reviews", "score", "number"),
        _c("reviews", "conversation_id", "id"),
        _c("reviews", "rater", "id"),
        _c("reviews", "rater_type", "rater_type"),
        _c("reviews", "min", "number"),
        _c("reviews", "max", "number"),
        _c("reviews", "weight", "number", 0),
        _c("reviews", "critical", "flag"),
        _c("reviews", "not_applicable", "flag"),
        _c("reviews", "reviewed_at", "instant"),
        _c("reviews", "review_id", "id"),
    ),
    needs=(("agent_id",), ("criterion",), ("score",)),
    keys=("review_id", "conversation_id"),
)
_TRANSFERS = Table(
    "transfers",
    (
        _c("transfers", "conversation_id", "id"),
        _c("transfers", "requested_at", "instant"),
        _c("transfers", "accepted_at", "instant"),
        _c("transfers", "from_agent", "id"),
        _c("transfers", "to_agent", "id"),
        _c("transfers", "to_team", "category"),
        _c("transfers", "reason", "category"),
    ),
    needs=(("conversation_id",), ("requested_at",), ("from_agent", "to_agent", "to_team", "accepted_at")),
    keys=("conversation_id",),
)

TABLES: tuple[Table, ...] = (_MESSAGES, _CONVERSATIONS, _AGENT_DAYS, _ROSTER, _ORDERS, _REVIEWS, _TRANSFERS)
"""The seven grains of `definitions.md` §1, each declared once."""

PEOPLE = Table(
    "people",
    (
        _c("people", "person_id", "id"),
        _c("people", "name", "category"),
        _c("people", "nickname", "category"),
        _c("people", "role", "sender"),
        _c("people", "group_id", "id"),
        _c("people", "auto_message", "text"),
    ),
    needs=(("person_id",), ("name",), ("nickname", "role", "group_id", "auto_message")),
    keys=("person_id",),
)
GROUPS = Table(
    "groups",
    (
        _c("groups", "group_id", "id"),
        _c("groups", "name", "category"),
    ),
    needs=(("group_id",), ("name",)),
    keys=("group_id",),
)
DIRECTORIES: tuple[Table, ...] = (PEOPLE, GROUPS)
"""Files that say who is who; they are joined into the other tables and never staged themselves."""


@cache
def table(name: str) -> Table:
    """The table of that name, directories included; a `KeyError` lists what exists."""
    found = {t.name: t for t in (*TABLES, *DIRECTORIES)}
    if name not in found:
        raise KeyError(f"no table {name}; known: {', '.join(found)}")
    return found[name]


def staged(name: str) -> tuple[Column, ...]:
    """The columns of a table that a staging table may hold, parts left out.

    >>> "sent_date" in {c.name for c in staged("messages")}
    False
    """
    return tuple(column for column in table(name).columns if not column.part)


UNRATED = frozenset(WORDS["marks"]["unrated"])
SUMMARY = frozenset(WORDS["marks"]["summary"])
MISSING = frozenset(WORDS["marks"]["missing"])


def normal_word(cell: str) -> str:
    """A cell as it is compared with word lists.

    >>> normal_word(" End-User ")
    'end-user'
    """
    return unicodedata.normalize("NFKC", cell).strip().lower().translate(_TRADITIONAL)


@cache
def codes(kind: str) -> Mapping[str, str]:
    """Every known word of a coded kind with its code.

    >>> codes("sender")["买家"], codes("flag")["未解决"]
    ('customer', '0')
    """
    return {word: code for code, words in WORDS.get(kind, {}).items() for word in words}
