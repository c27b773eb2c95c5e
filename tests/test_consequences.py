"""What a ledger line does to the figures, against figures worked out by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from core.consequences import COLUMNS, consequences
from core.ingest import Choices, InputFile, load
from core.views import ledger_rows, ranges

HEAD = "Conversation ID,Agent,Customer,Started at,First reply at,CSAT\n"
FOUR = (
    "1,Ann,c1,2024-01-02 09:00:00,2024-01-02 09:01:00,5\n"
    "2,Ann,c2,2024-01-02 10:00:00,2024-01-02 10:03:00,4\n"
    "3,Bob,c3,2024-01-02 11:00:00,2024-01-02 10:00:00,1\n"
    "4,Bob,c4,2024-01-02 12:00:00,2024-01-02 12:02:00,\n"
)


def effects(text: str, choices: Choices | None = None, name: str = "a.csv") -> pd.DataFrame:
    """The consequences of one text file."""
    choices = choices or Choices()
    files = [InputFile(name, text.encode())]
    return consequences(files, choices, load(files, choices))


def figures(frame: pd.DataFrame, code: str, key: str) -> tuple[float, float, float, float]:
    """With, without and both n of a KPI under a ledger line."""
    (row,) = frame[(frame["code"] == code) & (frame["key"] == key)].to_dict("records")
    assert row["difference"] == pytest.approx(row["with_value"] - row["without_value"], nan_ok=True)
    return row["with_value"], row["without_value"], row["n_with"], row["n_without"]


def status(frame: pd.DataFrame, code: str) -> tuple[str, str]:
    """Status and reason of a line without figures."""
    (row,) = frame[frame["code"] == code].to_dict("records")
    assert row["key"] == ""
    return row["status"], row["reason"]


def test_doubtful_rows_are_taken_out_with_their_conversation() -> None:
    """Conversation 3 is answered before it starts: with it satisfaction is 2/3, without it 2/2."""
    frame = effects(HEAD + FOUR)
    assert list(frame.columns) == list(COLUMNS)
    assert figures(frame, "reply_before_start", "satisfaction") == (pytest.approx(2 / 3), 1.0, 3, 2)
    assert figures(frame, "reply_before_start", "csat_mean") == (pytest.approx(10 / 3), 4.5, 3, 2)
    assert figures(frame, "reply_before_start", "conversations")[:2] == (4, 3)
    assert set(frame["conversations"]) == {1}
    assert "first_response" not in set(frame["key"])  # its clock is unknown, so it is in no mean


def test_dropped_duplicates_against_kept_ones() -> None:
    """A row without ids that the user lets count once: with it three ratings, without it two."""
    rows = "Agent,Started at,Customer,CSAT\nAnn,2024-01-02 09:00,c1,5\nAnn,2024-01-02 10:00,c2,1\nAnn,2024-01-02 09:00,c1,5\n"
    frame = effects(rows)
    assert figures(frame, "exact_duplicate_rows", "csat_mean") == (pytest.approx(11 / 3), 3.0, 3, 2)
    assert set(frame["now"]) == {"without"}


def test_summary_rows_against_kept_ones() -> None:
    """A row of totals counted like an agent adds its rating and its conversation."""
    frame = effects(HEAD + FOUR + "9,合计,,2024-01-02 13:00,,2\n")
    assert figures(frame, "summary_row", "csat_mean") == (3.0, pytest.approx(10 / 3), 4, 3)
    assert figures(frame, "summary_row", "conversations")[:2] == (5, 4)


def test_a_machine_against_the_same_taken_for_a_person() -> None:
    """A bot that answers at once makes the first response 5 s; without it the person's 60 s stands."""
    text = (
        "会话ID,买家,发送时间,发送方,客服\n1,b1,2024-01-02 10:00:00,买家,\n1,b1,2024-01-02 10:00:05,客服,小机器人\n"
        "1,b1,2024-01-02 10:00:30,买家,\n1,b1,2024-01-02 10:01:00,客服,小李\n"
    )
    frame = effects(text)
    assert figures(frame, "bot_found", "first_response")[:2] == (5.0, 60.0)
    assert set(frame[frame["code"] == "bot_found"]["conversations"]) == {1}


def test_filled_values_against_empty_ones() -> None:
    """Filling the missing rating of conversation 4 with the mean of 5, 4 and 1 adds an observation and no conversation."""
    frame = effects(HEAD + FOUR, Choices(fill={"csat": "mean"}))
    assert figures(frame, "filled", "csat_mean") == (pytest.approx(10 / 3), pytest.approx(10 / 3), 4, 3)
    assert figures(frame, "filled", "satisfaction") == (0.5, pytest.approx(2 / 3), 4, 3)
    assert "conversations" not in set(frame[frame["code"] == "filled"]["key"])


def test_an_assumed_unit_is_about_the_values_not_the_conversations() -> None:
    """A handling time without a unit: without its two values no handling time is left, and satisfaction and counts stay as they are."""
    head = HEAD.replace("CSAT", "Handle time,CSAT")
    text = head + "1,Ann,c1,2024-01-02 09:00:00,2024-01-02 09:01:00,100,5\n2,Ann,c2,2024-01-02 10:00:00,2024-01-02 10:03:00,300,4\n"
    frame = effects(text)
    about = frame[frame["code"] == "unit_assumed"]
    with_value, without_value, *_ = figures(frame, "unit_assumed", "handle_time")
    assert with_value == 200
    assert without_value != 200
    assert not {"conversations", "first_response", "satisfaction"} & set(about["key"])


def test_rows_nobody_can_read_have_a_share_and_no_figure() -> None:
    """Of five rows one has no readable start: a fifth of the file is in no figure, and none is invented."""
    frame = effects(HEAD + FOUR + "5,Ann,c5,soon,,5\n")
    assert status(frame, "bad_date") == ("not_computed", "unknown_rows")
    assert frame[frame["code"] == "bad_date"]["share"].tolist() == [0.2]
    assert frame[frame["code"] == "bad_date"]["with_value"].isna().all()


def test_lines_that_take_everything_or_nothing() -> None:
    """A line about every row leaves nothing to compare; rows that stand elsewhere take nothing away."""
    frame = effects("Conversation ID,Agent,Started at,CSAT\n1,Ann,2024-01-02,5\n2,Ann,2024-01-03,4\n")
    assert status(frame, "date_only") == ("not_computed", "all_rows")
    later = effects(HEAD + FOUR + "4,Bob,c4,2024-01-02 12:00:00,2024-01-02 12:05:00,\n")
    assert status(later, "repeated_key") == ("not_computed", "counted_elsewhere")


def test_messages_take_their_whole_conversation_along() -> None:
    """One message without an agent is doubtful; what is left out is the conversation, whether it has an id or is cut by silence."""
    rows = (
        "{id}b1,2024-01-02 10:00:00,买家,\n{id}b1,2024-01-02 10:00:40,客服,\n"
        "{other}b2,2024-01-02 11:00:00,买家,\n{other}b2,2024-01-02 11:00:20,客服,小李\n"
    )
    for head, one, two in (("会话ID,", "1,", "2,"), ("", "", "")):
        frame = effects(f"{head}买家,发送时间,发送方,客服\n" + rows.format(id=one, other=two))
        assert figures(frame, "agent_missing", "first_response")[:2] == (30.0, 20.0)
        assert figures(frame, "agent_missing", "messages")[:2] == (4, 2)


def test_other_tables_lose_the_rows_themselves() -> None:
    """Orders out of order leave alone: the conversations stay."""
    orders = (
        "订单编号,买家,下单时间,付款时间,金额\n"
        "o1,c1,2024-01-02 13:00,2024-01-02 12:50,100\no2,c2,2024-01-02 14:00,2024-01-02 14:01,50\n"
    )
    later = "5,Ann,c9,2024-01-20 12:00:00,2024-01-20 12:02:00,\n"  # old enough that the purchases have had their days
    files = [InputFile("a.csv", (HEAD + FOUR + later).encode()), InputFile("o.csv", orders.encode())]
    frame = consequences(files, Choices(), load(files))
    mine = frame[frame["code"] == "stage_out_of_order"]
    assert "conversations" not in set(mine["key"])
    assert mine["conversations"].isna().all()
    assert figures(frame, "stage_out_of_order", "aov_amount")[:2] == (75.0, 50.0)


def test_the_ledger_as_tables() -> None:
    """A line names its rows as ranges, and the table has one row per affected row of every line."""
    log = load([InputFile("a.csv", (HEAD + FOUR + "x,,,,,\n5,Ann,c5,soon,,5\n6,Ann,c6,later,,5\n").encode())])
    issues = [issue for report in log.ledger.files for issue in report.issues]
    rows = ledger_rows(log.ledger.files)
    (bad,) = [issue for issue in issues if issue.code == "bad_date"]
    assert (bad.rows, ranges(bad.row_numbers)) == (2, "7-8")
    assert rows[rows["code"] == "bad_date"]["row"].tolist() == [7, 8]
    assert len(rows) == sum(issue.rows for issue in issues)
