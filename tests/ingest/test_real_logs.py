"""Logs as found in public repositories import without a mapping and give the figures computed independently of the project."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from core.ingest import InputFile, load
from core.log import Log

CHAT = ("chat_log", "conversation", "customer_service", "work_time", "service_group", "access")


@cache
def _log(folder: Path, names: tuple[str, ...]) -> Log:
    return load([InputFile.of(folder / name) for name in names])


def frame(log: Log, table: str) -> pd.DataFrame:
    """A staging table as a frame."""
    return log.tables[table].to_pandas()  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def figures(shared: Path) -> dict:
    """The figures of plain pandas."""
    return json.loads((shared / "data" / "expected.json").read_text("utf-8"))


def rows_of(log: Log, code: str) -> int:
    """Rows under an issue code."""
    return sum(issue.rows for issue in log.ledger.issues if issue.code == code)


def test_shopzilla(shared: Path, figures: dict) -> None:
    """Day-first stamps, 635 lost times in the ledger, response times and ratings to the last digit."""
    expected = figures["shopzilla"]
    log = _log(shared / "data" / "shopzilla", ("Customer_support_data_20pct.csv",))
    table = frame(log, "conversations")
    minutes = (table.first_human_reply_at - table.started_at).dropna() / 60_000
    assert len(table) == expected["rows"]
    assert rows_of(log, "lost_time") == table.reply_time_lost.sum() == expected["negative_and_responded_midnight"]
    assert (len(minutes), minutes.median(), round(minutes.mean(), 4), round(minutes.quantile(0.9), 1)) == (
        expected["response_min_nonneg"]["n"], 6.0, expected["response_min_nonneg"]["mean"], 399.4,
    )  # fmt: skip
    assert round(table.csat.mean(), 4) == expected["csat"]["mean"]
    assert table.agent_id.nunique() == expected["agents"]
    assert table.team.nunique() == expected["supervisors"]
    assert set(table.channel) == set(expected["csat_by_channel_name"])
    assert set(table.tenure) == set(expected["csat_by_Tenure Bucket"])
    assert table.handle_s.count() == expected["handling_time"]["n"]


def test_call_center(shared: Path, figures: dict) -> None:
    """Date text and Excel time cells are joined, clock times are durations, unanswered calls have no wait."""
    expected = figures["pwc_call_center"]
    log = _log(shared / "data" / "pwc_call_center", ("01 Call-Center-Dataset.xlsx",))
    table = frame(log, "conversations")
    local = pd.to_datetime(table.started_at, unit="ms", utc=True).dt.tz_convert("Asia/Shanghai")
    assert [str(local.min())[:19], str(local.max())[:19]] == expected["range"]
    assert table.answered.sum() == expected["answered"][0]
    assert table.resolved.sum() == expected["resolved"][0]
    assert (round(table.wait_s.mean(), 4), table.wait_s.count()) == (expected["speed"]["mean"], expected["speed"]["n"])
    assert round(table.handle_s.mean(), 4) == expected["talk_seconds"]["mean"]
    assert round(table.csat.mean(), 4) == expected["rating"]["mean"]
    assert (table.is_call == 1).all()
    assert table.groupby("agent_id").size().to_dict() == {
        name: row["calls"] for name, row in expected["agents"].items()
    }


@pytest.mark.parametrize(
    "names", [CHAT, CHAT[:1], (CHAT[0], CHAT[2])], ids=["all files", "messages alone", "with staff"]
)
@pytest.mark.parametrize(
    ("canned", "n", "median"), [(True, 104, 1.311), (False, 89, 1.419)], ids=["with greetings", "without"]
)
def test_chat(shared: Path, names: tuple[str, ...], canned: bool, n: int, median: float) -> None:
    """The bot is no agent; the human first response has these figures with and without canned greetings."""
    log = _log(shared / "data" / "chat_cn", tuple(f"{name}.csv" for name in names))
    table = frame(log, "messages").sort_values(["sent_at", "seq"])
    counts = ("none", "greeting") if canned else ("none",)
    asked = table[table.sender == "customer"].groupby("conversation_id").sent_at.min()
    human = table[(table.sender == "agent") & table.automation.isin(counts)]
    after = human[human.sent_at >= human.conversation_id.map(asked)]
    seconds = (after.groupby("conversation_id").sent_at.min() - asked).dropna() / 1000
    assert (len(seconds), round(seconds.median(), 3)) == (n, median)


def test_chat_files_together(shared: Path, figures: dict) -> None:
    """Conversations, names, teams, sessions and the bogus stamp of 1970."""
    expected = figures["chat_cn"]
    log = _log(shared / "data" / "chat_cn", tuple(f"{name}.csv" for name in CHAT))
    messages, conversations, roster = (frame(log, name) for name in ("messages", "conversations", "roster"))
    assert len(messages) + rows_of(log, "before_2000") == expected["messages"]
    assert set(messages.agent_id.dropna()) <= {"李四", "张三", "王五", "李名", "赵六"}
    assert len(conversations) == expected["conversations"]
    assert conversations.csat.count() == 9
    assert len(roster) + rows_of(log, "open_ended_shift") == expected["work_time_sessions"]
    hours = (roster.end_at - roster.start_at).groupby(roster.agent_id).sum() / 3_600_000
    assert round(hours["李四"], 4) == expected["work_time_hours_per_agent"]["1"]


def test_orders(shared: Path, figures: dict) -> None:
    """Month-first stamps; stages out of order are noted and kept."""
    expected = figures["olist"]["orders_mdY_4998"]
    log = _log(shared / "data" / "olist", ("orders_mdY_4998.csv",))
    table = frame(log, "orders")
    hours = (table.completed_at - table.created_at).dropna() / 3_600_000
    assert len(table) == expected["rows"]
    assert round(hours.median(), 4) == expected["purchase_to_customer_h"]["median"]
    assert rows_of(log, "stage_out_of_order") == expected["approved_to_carrier_h"]["negative"]


def test_tweets(shared: Path, figures: dict) -> None:
    """5,000 records despite bare returns; threads from reply links."""
    expected = figures["twcs"]
    table = frame(_log(shared / "data" / "twcs", ("twcs_first5000.csv",)), "messages")
    assert len(table) == expected["rows"]
    assert (table.sender == "customer").sum() == expected["inbound"]["True"]
    assert table.agent_id.nunique() == expected["brands"]


def test_tickets(shared: Path) -> None:
    """Of a platform's raw tables the tickets are a log; the others are named with what they lack."""
    folder = shared / "data" / "zendesk_tables"
    log = _log(folder, tuple(sorted(path.name for path in folder.glob("*.csv"))))
    table = frame(log, "conversations")
    assert len(table) == 10
    assert all(len(agent) <= 12 and "." not in agent for agent in table.agent_id.dropna())
    assert {report.file for report in log.ledger.files} == {path.name for path in folder.glob("*.csv")}
