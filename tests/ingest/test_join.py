"""Several files → one log: nothing counts twice, rows about one thing are put together."""

from __future__ import annotations

from core.ingest import InputFile, load
from core.log import Log

HEAD = "Conversation ID,Agent,Started at,Closed at,CSAT\n"
FIRST = HEAD + "1,Ann,2024-01-02 09:00,2024-01-02 09:30,5\n2,Ann,2024-01-02 10:00,,\n"
LATER = HEAD + "2,Bob,2024-01-02 10:00,2024-01-02 12:00,3\n3,Ann,2024-01-03 11:00,,\n"


def log_of(**files: str) -> Log:
    """A log of several text files, in order."""
    return load([InputFile(f"{name}.csv", text.encode()) for name, text in files.items()])


def rows(log: Log, table: str, *fields: str) -> list[tuple[object, ...]]:
    """The rows of a table, sorted."""
    return sorted(tuple(row.get(field) for field in fields) for row in log.tables[table].to_pylist())  # type: ignore[union-attr]


def codes(log: Log) -> dict[str, int]:
    """Rows per issue code."""
    return {issue.code: issue.rows for issue in log.ledger.issues}


def test_the_later_export_has_the_say() -> None:
    """A conversation that both exports hold counts once, as the later one has it, whichever was handed in first."""
    for log in (log_of(a=FIRST, b=LATER), log_of(b=LATER, a=FIRST)):
        assert rows(log, "conversations", "conversation_id", "agent_id") == [("1", "Ann"), ("2", "Bob"), ("3", "Ann")]
        assert codes(log) == {"superseded": 1}
        assert sum(report.rows_kept for report in log.ledger.files) == 3


def test_agents_days_of_two_exports_count_once() -> None:
    """Days that stand in two exports are one day each; equal rows and corrected ones alike."""
    head = "日期,客服,接待人数,满意度\n"
    log = log_of(
        a=head + "2024-01-02,小李,35,90%\n2024-01-03,小李,30,90%\n",
        b=head + "2024-01-02,小李,35,90%\n2024-01-03,小李,33,91%\n2024-01-04,小李,20,92%\n",
    )
    assert rows(log, "agent_days", "date", "conversations") == [(19724, 35), (19725, 33), (19726, 20)]
    assert codes(log) == {"already_loaded": 1, "superseded": 1}


def test_a_report_of_ratings_joins_the_conversations() -> None:
    """The rating goes to the conversation of the same id, which keeps its own start; a rating without one stays a row."""
    ratings = "Conversation ID,Agent name,Rating,Recorded date\n2,Ann,4,2024-01-05 10:00\n9,Ann,1,2024-01-06 10:00\n"
    plain = (
        "Conversation ID,Agent,Started at,Closed at\n1,Ann,2024-01-02 09:00,\n2,Ann,2024-01-02 10:00,2024-01-02 11:00\n"
    )
    log = log_of(a=ratings, b=plain)
    found = rows(log, "conversations", "conversation_id", "csat")
    assert found == [("1", None), ("2", 4.0), ("9", 1.0)]
    two = next(row for row in log.tables["conversations"].to_pylist() if row["conversation_id"] == "2")  # type: ignore[union-attr]
    assert two["csat_at"] - two["started_at"] == 3 * 86_400_000
    assert codes(log)["joined_by_id"] == 1


def test_days_of_two_platforms_tools_are_one_day() -> None:
    """Service figures from one tool and sales from another are put together by agent and day, not added."""
    log = log_of(
        a="日期,客服,接待人数,平均响应时长\n2024-01-02,小李,35,20秒\n",
        b="日期,旺旺,接待人数,销售额\n2024-01-02,小李,34,1200\n",
    )
    assert rows(log, "agent_days", "agent_id", "conversations", "reply_time", "amount") == [("小李", 35, 20, 1200)]
    assert codes(log) == {"joined_by_id": 1}


def test_the_same_order_in_both_orders_of_files() -> None:
    """The order in which files are handed in changes nothing where they overlap."""
    one, other = log_of(a=FIRST, b=LATER), log_of(b=LATER, a=FIRST)
    fields = ("conversation_id", "agent_id", "closed_at", "csat")
    assert rows(one, "conversations", *fields) == rows(other, "conversations", *fields)


def test_comments_and_users_become_messages() -> None:
    """Comments that name only their author are messages once the users are there; internal notes are no reply."""
    users = "id,name,role,alias\n7,Arthur,agent,\n8,Eve,end-user,\n"
    comments = (
        "id,body,created,public,ticket_id,user_id\n1,help,2024-01-02 09:00,TRUE,K1,8\n2,hm,2024-01-02 09:05,FALSE,K1,7\n"
        "3,done,2024-01-02 09:10,TRUE,K1,7\n4,who,2024-01-02 09:12,TRUE,K1,99\n"
    )
    log = log_of(users=users, comments=comments)
    assert rows(log, "messages", "sent_at", "sender", "agent_id", "customer_id")[0][1:] == ("customer", None, "8")
    assert [row[1] for row in rows(log, "messages", "sent_at", "sender")] == ["customer", "system", "agent"]
    assert codes(log) == {"directory_joined": 2, "internal_note": 1, "sender_missing": 1}
