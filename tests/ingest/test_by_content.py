"""Files whose headings say nothing, or that have none: the same log as with headings, a question, or a polite refusal."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

import pytest

from core.errors import InputError
from core.ingest import Choices, InputFile, explain, load
from core.ingest.content import LEAST
from core.ingest.cures import cures
from core.log import Log
from core.text import LANGUAGES, Text

ROWS = 120
Rows = tuple[list[str], list[list[str]]]
START = dt.datetime(2024, 3, 4, 9, 0)
NAMES = {"zh": ("小李", "王芳", "张伟"), "en": ("Ann", "Bob Lee", "Chen")}
SIDES = {"zh": ("买家", "客服"), "en": ("customer", "agent")}
SAYS = {
    "zh": ("您好，请问这件什么时候发货？", "亲，今天就发哦~"),
    "en": ("Hi, when will you ship my order?", "We ship it today, thank you."),
}
HEADS = {
    "messages": {"zh": "会话ID,买家ID,发送时间,发送方,客服,内容", "en": "Conversation ID,Customer ID,Sent at,Sender,Agent,Text"},
    "conversations": {
        "zh": "会话ID,客户ID,客服,会话开始时间,首次回复时间,会话结束时间,满意度",
        "en": "Conversation ID,Customer ID,Agent,Started at,First reply at,Closed at,CSAT",
    },
    "orders": {"zh": "订单号,买家ID,下单时间,付款时间,订单金额,订单状态", "en": "Order ID,Buyer ID,Created at,Paid at,Amount,Order status"},
    "roster": {"zh": "客服,上班时间,下班时间", "en": "Agent,Shift start,Shift end"},
}  # fmt: skip


def dice_of(seed: int) -> random.Random:
    """Dice that fall the same way every time."""
    return random.Random(seed)  # noqa: S311


def stamp(moment: dt.datetime) -> str:
    """A stamp as exports write it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def messages(language: str) -> list[list[str]]:
    """Three messages a conversation, two conversations a customer."""
    dice, rows = dice_of(1), []
    for n in range(ROWS // 3):
        begin = START + dt.timedelta(hours=5 * n)
        for step, side in enumerate((0, 1, 0)):
            agent = dice.choice(NAMES[language]) if side else ""
            moment = stamp(begin + dt.timedelta(seconds=40 * step))
            rows.append(
                [f"S{n}", f"u{n % 30:03d}", moment, SIDES[language][side], agent, SAYS[language][side] + str(n * 3 + step)]
            )
    return rows


def conversations(language: str) -> list[list[str]]:
    """Start, first reply and end; most are rated."""
    dice, rows = dice_of(2), []
    for n in range(ROWS):
        begin = START + dt.timedelta(minutes=47 * n)
        reply = begin + dt.timedelta(seconds=dice.randint(5, 300))
        end = reply + dt.timedelta(seconds=dice.randint(60, 900))
        rated = str(dice.randint(1, 5)) if n % 3 else ""
        rows.append([f"C{n:05d}", f"u{n % 70:03d}", dice.choice(NAMES[language]), stamp(begin), stamp(reply), stamp(end), rated])
    return rows


def orders(language: str) -> list[list[str]]:
    """Orders paid within the hour."""
    dice, rows = dice_of(3), []
    states = {"zh": ("交易成功", "已发货", "退款成功 已退款"), "en": ("completed", "shipped", "refunded")}[language]
    for n in range(ROWS):
        begin = START + dt.timedelta(minutes=91 * n)
        paid = begin + dt.timedelta(seconds=dice.randint(20, 900))
        amount = f"{dice.randint(900, 90_000) / 100:.2f}"
        rows.append([f"E2024{n:08d}", f"u{n % 70:03d}", stamp(begin), stamp(paid), amount, dice.choice(states)])
    return rows


def roster(language: str) -> list[list[str]]:
    """A shift of eight hours per person and day."""
    rows = []
    for day in range(ROWS // 3):
        for at, name in enumerate(NAMES[language]):
            begin = START + dt.timedelta(days=day, hours=at)
            rows.append([name, stamp(begin), stamp(begin + dt.timedelta(hours=8))])
    return rows


MAKERS: dict[str, Callable[[str], list[list[str]]]] = {
    "messages": messages, "conversations": conversations, "orders": orders, "roster": roster,
}  # fmt: skip
MUTE: dict[str, Callable[[int], list[str] | None]] = {
    "col_n": lambda width: [f"col_{n + 1}" for n in range(width)],
    "letters": lambda width: [chr(65 + n) for n in range(width)],
    "Unnamed: n": lambda width: [f"Unnamed: {n}" for n in range(width)],
    "字段n": lambda width: [f"字段{n + 1}" for n in range(width)],
    "numbers": lambda width: [str(n) for n in range(width)],
    "a language nobody here reads": lambda width: ["აბგ", "დევ", "ზთი", "კლმ", "ნოპ", "ჟრს", "ტუფ"][:width],
    "no headings at all": lambda width: None,
}
CASES = [(table, language, mute) for table in MAKERS for language in LANGUAGES for mute in MUTE]


def file(head: list[str] | None, rows: list[list[str]]) -> InputFile:
    """A text table."""
    lines = [head, *rows] if head else rows
    return InputFile("a.csv", "\n".join("\t".join(line) for line in lines).encode())


def values(log: Log, table: str) -> dict[str, list[object]]:
    """What a table of the log holds, without the places of its rows in the file."""
    source = log.tables[table].to_pydict()  # type: ignore[union-attr]
    return {name: column for name, column in source.items() if name not in ("file_row", "seq")}


@pytest.mark.parametrize(("table", "language", "mute"), CASES, ids=map("-".join, CASES))
def test_a_file_without_telling_headings_gives_the_same_log(table: str, language: str, mute: str) -> None:
    """Every value is that of the file with headings; every field is said to be a guess; read = kept + dropped."""
    rows = MAKERS[table](language)
    width = len(rows[0])
    told = load([file(HEADS[table][language].split(","), rows)])
    guessed = load([file(MUTE[mute](width), rows)])
    assert values(guessed, table) == values(told, table)
    (report,) = guessed.ledger.files
    assert report.rows_read == report.rows_kept + report.rows_dropped == len(rows)
    fields = {column.field for column in report.columns if column.field}
    assert {issue.value for issue in report.issues if issue.code == "matched_by_values"} == fields
    assert all("values" in column.evidence for column in report.columns if column.field)
    assert ("headless" in {issue.code for issue in report.issues}) == (mute == "no headings at all")


def without(rows: list[list[str]], *places: int) -> list[list[str]]:
    """Rows without some of their columns."""
    return [[cell for place, cell in enumerate(row) if place not in places] for row in rows]


def days() -> list[list[str]]:
    """Counts per person and day."""
    dice = dice_of(4)
    return [
        [name, (START + dt.timedelta(days=day)).strftime("%Y-%m-%d"), str(dice.randint(20, 90)), str(dice.randint(1, 19))]
        for day in range(30)
        for name in NAMES["zh"]
    ]


ASKED: dict[str, tuple[list[list[str]], str, set[tuple[str, str]]]] = {
    "a second stamp is the reply or the end": (
        without(conversations("zh"), 4), "content_field",
        {("first_human_reply_at", "col_5"), ("closed_at", "col_5")},
    ),
    "two columns of names": (
        [[*row, NAMES["zh"][n * 7 % 3]] for n, row in enumerate(conversations("zh"))], "content_column",
        {("agent_id", "col_3"), ("agent_id", "col_8")},
    ),
    "codes that may be people": (
        [[*row[:2], f"A{n % 4}", *row[3:]] for n, row in enumerate(conversations("zh"))], "content_column", {("agent_id", "col_3")},
    ),
    "two stamps in no order": (
        [[*row[:3], *(row[3:5] if n % 2 else row[4:2:-1]), *row[6:]] for n, row in enumerate(conversations("en"))], "content_column",
        {("started_at", "col_4"), ("started_at", "col_5")},
    ),
    "names and a stamp, nothing more": (
        without(conversations("en"), 1, 4, 5, 6), "content_table", {("", "")},
    ),
    "two sums": (
        [[*row, f"{7 * n % 900 + 1}.50"] for n, row in enumerate(orders("zh"))], "content_column",
        {("amount", "col_5"), ("amount", "col_7")},
    ),
    "counts per day": (days(), "content_column", {("conversations", "col_3"), ("conversations", "col_4")}),
    "two ratings": (
        [[*row, str(n * 5 % 7 % 5 + 1)] for n, row in enumerate(conversations("zh"))], "content_column",
        {("csat", "col_7"), ("csat", "col_8")},
    ),
    "a key that is a person or a talk": (
        [[f"k{n // 3 % 35}", *row[2:]] for n, row in enumerate(messages("zh"))], "content_field",
        {("conversation_id", "col_1"), ("customer_id", "col_1")},
    ),
}  # fmt: skip


def refused(rows: list[list[str]], choices: Choices | None = None) -> InputError:
    """The error of a file that is not loaded."""
    with pytest.raises(InputError) as caught:
        load([file([f"col_{n + 1}" for n in range(len(rows[0]))], rows)], choices)
    return caught.value


@pytest.mark.parametrize("name", ASKED)
def test_where_two_readings_are_near_the_file_is_a_question(name: str) -> None:
    """Nothing is loaded; the readings are answers to click, in words of both languages, and the first settles it."""
    rows, code, readings = ASKED[name]
    issue = refused(rows).issue
    assert issue.code == code
    assert {(each["field"], each["column"]) for each in issue.facts["readings"]} == readings
    answers = cures(issue, Choices())
    assert len(answers) == len(issue.facts["readings"])
    for language in LANGUAGES:
        said = " ".join((*explain(issue, Text(language)), *(cure.words(Text(language)) for cure in answers)))
        assert "{" not in said
        assert "col_1" in said
    log = load([file([f"col_{n + 1}" for n in range(len(rows[0]))], rows)], answers[0].choices)
    (report,) = log.ledger.files
    assert report.rows_read == report.rows_kept + report.rows_dropped


def nothing(dice: random.Random) -> list[str]:
    """Words of nothing in particular."""
    return ["".join(dice.choices("abcdefghijklmnop", k=6)) for _ in range(5)]


@pytest.mark.parametrize("head", [["a", "b", "c", "d", "e"], None])
def test_words_that_say_nothing_are_refused(head: list[str] | None) -> None:
    """Random words are no log, with and without a row that could be headings."""
    dice = dice_of(5)
    with pytest.raises(InputError) as caught:
        load([file(head, [nothing(dice) for _ in range(ROWS)])])
    assert caught.value.issue.code == "unknown_table"


def test_figures_that_say_nothing_are_refused() -> None:
    """Numbers alone are no log either."""
    dice = dice_of(6)
    rows = [[str(dice.randint(0, 9999)) for _ in range(5)] for _ in range(ROWS)]
    assert refused(rows).issue.code == "unknown_table"
    with pytest.raises(InputError) as caught:
        load([file(None, rows)])
    assert (caught.value.issue.code, caught.value.issue.row) == ("no_header", 1)


def test_a_handful_of_rows_shows_no_pattern() -> None:
    """Below the least number of rows nothing is guessed."""
    assert refused(conversations("zh")[: LEAST - 1]).issue.code == "unknown_table"


def test_equal_cells_without_headings_do_not_make_equal_rows() -> None:
    """Rows that differ in one column only stay two rows though no column has a name."""
    rows = messages("zh")
    twins = [*rows, [*rows[-1][:5], "另一句话，也在同一秒"]]
    log = load([file(["Unnamed: 0"] * 6, twins)])
    assert log.tables["messages"].num_rows == len(twins)  # type: ignore[union-attr]
