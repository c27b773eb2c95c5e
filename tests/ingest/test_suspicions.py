"""What looks wrong without being impossible is said with its count, and nothing is changed."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from core.errors import Issue
from core.ingest import Choices, InputFile, dates, explain, load, suspicions
from core.log import Log
from core.text import LANGUAGES, Text


def log_of(text: str, choices: Choices | None = None) -> Log:
    """A log of one text file."""
    return load([InputFile("a.csv", text.encode())], choices)


def found(log: Log, code: str) -> list[Issue]:
    """The issues of a code."""
    return [issue for issue in log.ledger.issues if issue.code == code]


def chat(hour: int) -> str:
    """Sixty conversations asked and answered around an hour of the day."""
    lines = ["会话ID,买家,发送时间,发送方,客服"]
    for number in range(60):
        asked = dt.datetime(2024, 1, 2, hour) + dt.timedelta(days=number // 4, minutes=number % 50)
        lines += [
            f"{number},b{number},{asked},买家,",
            f"{number},b{number},{asked + dt.timedelta(seconds=40)},客服,小李",
        ]
    return "\n".join(lines) + "\n"


def test_people_who_only_work_at_night_are_in_another_zone() -> None:
    """All replies at three in the morning: the ledger doubts the zone and says by how much; by day it does not."""
    (issue,) = found(log_of(chat(3)), "zone_doubtful")
    assert (issue.rows, issue.facts["hour"], issue.facts["share"]) == (60, 3, "100%")
    assert found(log_of(chat(14)), "zone_doubtful") == []
    cured = log_of(chat(3), Choices(zone="America/Los_Angeles"))
    assert found(
        cured, "zone_doubtful"
    )  # naive stamps stay at three o'clock in any zone: only their source can say more
    moved = log_of(chat(3).replace(",客服,", "Z,客服,").replace(",买家,\n", "Z,买家,\n"))
    assert found(moved, "zone_doubtful") == []


def test_columns_of_two_zones_are_told_apart_from_single_errors() -> None:
    """Replies eight hours before their start throughout are a matter of zones; one such reply is not."""
    lines = [f"{n},Ann,2024-01-{n:02d} 17:00:00,2024-01-{n:02d} 09:00:30" for n in range(2, 30)]
    head = "Conversation ID,Agent,Started at,First human reply at\n"
    (issue,) = found(log_of(head + "\n".join(lines) + "\n"), "zones_differ")
    assert (issue.rows, issue.facts["hours"]) == (28, "8")
    good = [line.replace("09:00:30", "17:00:30") for line in lines[1:]]
    assert found(log_of(head + "\n".join([lines[0], *good]) + "\n"), "zones_differ") == []


def test_near_duplicates_are_listed_and_kept() -> None:
    """The same customer and agent within a minute under two ids is listed; another agent or another hour is not."""
    log = log_of(
        "Conversation ID,Customer ID,Agent,Started at\n1,c,Ann,2024-01-02 09:00:00\n2,c,Ann,2024-01-02 09:00:30\n"
        "3,c,Bob,2024-01-02 09:00:40\n4,c,Ann,2024-01-02 10:00:00\n5,d,Ann,2024-01-02 09:00:10\n"
    )
    (issue,) = found(log, "near_duplicates")
    assert (issue.rows, issue.examples, log.tables["conversations"].num_rows) == (1, (3,), 5)  # type: ignore[union-attr]


def test_nobody_is_no_loyal_customer() -> None:
    """Customers called 0 or anonymous are missing, with their count."""
    log = log_of(
        "Conversation ID,Customer ID,Agent,Started at\n1,0,Ann,2024-01-02 09:00\n2,匿名用户,Ann,2024-01-02 10:00\n"
        "3,007,Ann,2024-01-02 11:00\n"
    )
    assert log.tables["conversations"].column("customer_id").to_pylist() == [None, None, "007"]  # type: ignore[union-attr]
    (issue,) = found(log, "placeholder")
    assert (issue.rows, issue.value) == (2, "0")


def test_a_clock_at_nought_is_no_stamp() -> None:
    """0:00:00 or 0000-00-00 where a stamp should be means that there is none."""
    log = log_of(
        "Conversation ID,Agent,Started at,Closed at\n1,Ann,2024-01-02 09:00,0:00:00\n2,Ann,2024-01-02 09:00,0000-00-00 00:00:00\n"
        "3,Ann,2024-01-02 09:00,2024-01-02 09:30\n4,Ann,2024-01-02 09:00,2024-01-02 09:30\n"
    )
    assert log.tables["conversations"].column("closed_at").to_pylist()[:2] == [None, None]  # type: ignore[union-attr]
    assert found(log, "bad_date") == []


@pytest.mark.parametrize(
    ("words", "severity", "values"),
    [
        (("满意", "一般", "不满意"), "warning", [4, 3, 2]),
        (("Good", "Bad"), "note", [5, 1]),
        (("非常满意", "满意", "一般", "不满意", "非常不满意"), "", [5, 4, 3, 2, 1]),
    ],
)
def test_ratings_in_words_say_how_they_were_taken(words: tuple[str, ...], severity: str, values: list[float]) -> None:
    """Five words are clear; three or two are translated and the translation is shown; a mapping changes it and ends the question."""
    text = "Conversation ID,Agent,Started at,CSAT\n" + "".join(
        f"{n},Ann,2024-01-02 09:0{n},{word}\n" for n, word in enumerate(words)
    )
    log = log_of(text)
    assert log.tables["conversations"].column("csat").to_pylist() == values  # type: ignore[union-attr]
    assert [issue.severity for issue in found(log, "csat_words")] == ([severity] if severity else [])
    own = log_of(
        text,
        Choices(
            value_map={
                "csat": {word: str(5 - 2 * n) for n, word in enumerate(words[:3])} | dict.fromkeys(words[3:], "1")
            }
        ),
    )
    assert own.tables["conversations"].column("csat").to_pylist()[:2] == [5, 3]  # type: ignore[union-attr]
    assert found(own, "csat_words") == []


def test_a_scale_that_never_reaches_five_is_asked_about() -> None:
    """Thirty ratings of one to three may be a scale of three: said, taken as 1–5, settled by the choice."""
    text = "Conversation ID,Agent,Started at,CSAT\n" + "".join(
        f"{n},Ann,2024-01-02 09:{n:02d},{n % 3 + 1}\n" for n in range(30)
    )
    (issue,) = found(log_of(text), "scale_doubtful")
    assert (issue.rows, issue.facts["alternatives"]) == (30, "1–3")
    settled = log_of(text, Choices(csat_scale=(1, 3)))
    assert set(settled.tables["conversations"].column("csat").to_pylist()) == {1.0, 3.0, 5.0}  # type: ignore[union-attr]
    assert found(settled, "scale_doubtful") == []


def test_many_durations_of_nothing_are_pointed_out() -> None:
    """Zeros in a fifth of the rows are said; they still count as zero."""
    rows = "".join(f"{n},Ann,2024-01-02 09:{n:02d},{'0:00:00' if n % 2 else '0:01:00'}\n" for n in range(50))
    log = log_of("Conversation ID,Agent,Started at,Handling time\n" + rows)
    (issue,) = found(log, "many_zeros")
    assert issue.rows == 25
    assert log.tables["conversations"].column("handle_s").null_count == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_suspicion_reads_as_a_sentence_with_a_cure(language: str) -> None:
    """All facts of a doubted zone stand in the words."""
    (issue,) = found(log_of(chat(3)), "zone_doubtful")
    message, cure = explain(issue, Text(language))
    assert all(part in message for part in ("a.csv", "100%", "3", "Asia/Shanghai"))
    assert issue.facts["shift"] in cure


@pytest.mark.parametrize("span", [1, 59_999, 300_000, 20_000_000, 5_000_000_000])
@pytest.mark.parametrize("ordered", [True, False])
def test_customers_who_come_again_are_found_in_any_stretch(
    span: int, ordered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the rows are cut into stretches of time, every pair of one customer within a minute is found, and no other customer."""
    monkeypatch.setattr(dates, "SLICE", 16)
    rng = np.random.default_rng(span)
    millis = rng.integers(0, span, 400) // 1000 * 1000
    millis = np.sort(millis) if ordered else millis
    names = [f"b{n}" for n in rng.integers(0, 40 if span > 300_000 else 300, 400)]
    places = np.flatnonzero(rng.random(400) < 0.9)
    alike = np.array([[names[one] == names[other] for other in places] for one in places])
    near = alike & (np.abs(millis[places][:, None] - millis[places][None, :]) < suspicions.NEAR)
    found = suspicions._come_again(pa.array(names), places, millis)
    again = {names[place] for place in places[near.sum(axis=1) > 1]}
    assert found.tolist() == sorted(set(found.tolist()))
    assert set(places[near.sum(axis=1) > 1]) <= set(found)
    assert {names[place] for place in found} == again
