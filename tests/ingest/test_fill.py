"""Missing values are filled on request only, marked, counted, and never where a value would say that something took place."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InputError
from core.ingest import Choices, InputFile, explain, load
from core.log import Log
from core.text import LANGUAGES, Text

TALK = (
    "Conversation ID,Agent,Started at,Answered,Wait (s),Handle time (s),CSAT,Category\n"
    "1,Ann,2024-03-04 09:00,yes,10,100,5,returns\n2,Ann,2024-03-04 10:00,yes,,300,4,returns\n3,Bob,2024-03-04 11:00,no,,,,\n"
    "4,Bob,2024-03-04 12:00,yes,30,,1,price\n5,Bob,2024-03-04 13:00,yes,50,200,5,\n"
)
CHAT = (
    "会话ID,买家,发送时间,发送方,客服,满意度\n1,b1,2024-03-04 09:00:00,买家,,\n1,b1,2024-03-04 09:00:30,客服,小李,5\n"
    "2,b2,2024-03-04 10:00:00,买家,,\n2,b2,2024-03-04 10:00:30,客服,小李,\n3,b3,2024-03-04 11:00:00,买家,,2\n"
    "3,b3,2024-03-04 11:00:30,客服,小李,4\n"
)


def log_of(text: str, **fill: str) -> Log:
    """A log of one file with filling."""
    return load([InputFile("a.csv", text.encode())], Choices(fill=fill))


def column(log: Log, name: str, table: str = "conversations") -> list[Any]:
    """The values of a column."""
    return log.tables[table].column(name).to_pylist()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("field", "way", "values", "filled"),
    [
        ("csat", "mean", [5, 4, 3.75, 1, 5], [0, 0, 1, 0, 0]),
        ("csat", "median", [5, 4, 4.5, 1, 5], [0, 0, 1, 0, 0]),
        ("csat", "mode", [5, 4, 5, 1, 5], [0, 0, 1, 0, 0]),
        ("category", "mode", ["returns", "returns", "returns", "price", "returns"], [0, 0, 1, 0, 1]),
        ("wait_s", "median", [10, 30, None, 30, 50], [0, 1, 0, 0, 0]),  # conversation 3 was never answered
        ("handle_s", "mean", [100, 300, None, 200, 200], [0, 0, 0, 1, 0]),
    ],
)
def test_what_is_filled(field: str, way: str, values: list[Any], filled: list[int]) -> None:
    """Values by hand; each guess is marked and counted with its row."""
    log = log_of(TALK, **{field: way})
    assert column(log, field) == values
    assert column(log, f"{field}_filled") == filled
    (issue,) = [each for each in log.ledger.issues if each.code == "filled"]
    assert issue.rows == sum(filled)
    assert issue.row_numbers.tolist() == [place + 2 for place, mark in enumerate(filled) if mark]  # type: ignore[union-attr]


def test_nothing_is_filled_unless_asked_for() -> None:
    """The default leaves what is missing missing and has no marks."""
    log = log_of(TALK)
    assert column(log, "csat") == [5, 4, None, 1, 5]
    assert not [name for name in log.columns("conversations") if name.endswith("_filled")]


def test_on_messages_a_conversation_is_filled_once() -> None:
    """Ratings of messages: the last of conversation 1 and 3 are 5 and 4, so conversation 2 gets 4.5 on its first row."""
    log = log_of(CHAT, csat="mean")
    assert column(log, "csat", "messages") == [None, 5, 4.5, None, 2, 4]
    assert sum(column(log, "csat_filled", "messages")) == 1


def test_what_cannot_be_told_apart_is_not_filled() -> None:
    """A missing wait may mean never answered: without a column that says so nothing is filled, and the ledger says why."""
    log = log_of(
        "Conversation ID,Agent,Started at,Wait (s)\n1,Ann,2024-03-04 09:00,10\n2,Ann,2024-03-04 10:00,\n", wait_s="mean"
    )
    assert column(log, "wait_s") == [10, None]
    (issue,) = log.ledger.issues
    assert (issue.code, issue.facts["needed"]) == ("fill_impossible", "answered")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("field", "way"), [("agent_id", "mode"), ("started_at", "mean"), ("category", "mean"), ("nonsense", "mode")]
)
def test_what_makes_no_sense_is_refused(field: str, way: str, language: str) -> None:
    """Ids, times and made-up names are never filled, categories have no mean: the import stops with a sentence."""
    with pytest.raises(InputError) as caught:
        log_of(TALK, **{field: way})
    assert caught.value.issue.code == "fill_refused"
    assert "{" not in " ".join(explain(caught.value.issue, Text(language)))


def test_two_files_are_filled_with_one_value() -> None:
    """The mean is that of the whole log, not of each file."""
    head, *rows = TALK.splitlines(keepends=True)
    files = [
        InputFile("a.csv", (head + "".join(rows[:2])).encode()),
        InputFile("b.csv", (head + "".join(rows[2:])).encode()),
    ]
    log = load(files, Choices(fill={"csat": "mean"}))
    assert column(log, "csat") == [5, 4, 3.75, 1, 5]
