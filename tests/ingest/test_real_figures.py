"""Every figure that plain pandas computed independently from the public logs comes out of the import as well."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.ingest import InputFile, load

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CHAT = ("chat_log", "conversation", "customer_service", "work_time", "service_group", "access")


@pytest.fixture(scope="module")
def figures(shared: Path) -> dict[str, Any]:
    """The figures of plain pandas."""
    return dict(json.loads((shared / "data" / "expected.json").read_text("utf-8")))


@cache
def staged(folder: Path, names: tuple[str, ...], table: str) -> pd.DataFrame:
    """A staging table of a public log."""
    return load([InputFile.of(folder / name) for name in names]).tables[table].to_pandas()  # type: ignore[union-attr]


def local(millis: pd.Series, zone: str = "Asia/Shanghai") -> pd.Series:
    """Wall-clock times."""
    return pd.to_datetime(millis, unit="ms", utc=True).dt.tz_convert(zone)


def assert_described(values: pd.Series, expected: dict[str, Any]) -> None:
    """Count, mean, median, p90, smallest and largest, as far as they are given, to four digits."""
    values = values.dropna()
    found = {"n": len(values), "mean": values.mean(), "median": values.median(), "p90": values.quantile(0.9)}
    found |= {"min": values.min(), "max": values.max(), "negative": int((values < 0).sum())}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=6e-5), name


def assert_clock(stamps: pd.Series, expected: dict[str, Any]) -> None:
    """Counts per weekday and per hour of the day."""
    days = stamps.dt.day_of_week.value_counts()
    assert {DAYS[day]: int(n) for day, n in days.items()} == expected["per_weekday"]
    hours = stamps.dt.hour.value_counts()
    assert {str(hour): int(n) for hour, n in hours.items()} == expected["per_hour"]


def assert_means(table: pd.DataFrame, by: str, expected: dict[str, Sequence[float]]) -> None:
    """Number of ratings and mean rating by a column; the expected ones may be the largest groups only."""
    found = table.groupby(by)["csat"].agg(["size", "mean"])
    for name, (n, mean) in expected.items():
        assert found.loc[name, "size"] == n
        assert found.loc[name, "mean"] == pytest.approx(mean, abs=6e-5)


# ── a shop's ratings ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def shop(shared: Path) -> pd.DataFrame:
    """One conversation a row with its wait in minutes; the zone shifts nothing, stamps and zone are the shop's."""
    table = staged(shared / "data" / "shopzilla", ("Customer_support_data_20pct.csv",), "conversations")
    minutes = (table.first_human_reply_at - table.started_at) / 60_000
    return table.assign(minutes=minutes, at=local(table.started_at))


def test_shop_waits(shop: pd.DataFrame, figures: dict[str, Any]) -> None:
    """Waits of the whole shop, per weekday and per agent; those whose time was lost are left out."""
    expected = figures["shopzilla"]
    assert_described(shop.minutes, expected["response_min_nonneg"])
    assert (shop.minutes == 0).sum() == expected["response_zero"]
    assert (shop.minutes > 1440).sum() == expected["response_gt_24h"]
    medians = shop.groupby(shop["at"].dt.day_of_week)["minutes"].median()
    assert {DAYS[day]: value for day, value in medians.items()} == expected["median_response_min_per_weekday_nonneg"]
    agents = shop.dropna(subset="minutes").groupby("agent_id")["minutes"].agg(["size", "median"])
    for side in ("fastest", "slowest"):
        for name, n, median in expected["agent_median_response_n20"][side]:
            assert agents.loc[name].tolist() == [n, median]


def test_shop_volume(shop: pd.DataFrame, figures: dict[str, Any]) -> None:
    """Starts by weekday and hour, the range, conversations per agent."""
    expected = figures["shopzilla"]
    assert_clock(shop["at"], expected["reported_wh"])
    assert [str(shop["at"].min())[:19], str(shop["at"].max())[:19]] == expected["reported"]
    counts = shop["agent_id"].value_counts()
    assert {name: int(counts[name]) for name in expected["agent_n"]["max"]} == expected["agent_n"]["max"]
    assert (counts.median(), (counts < 10).sum()) == (expected["agent_n"]["median"], expected["agent_n"]["n_lt_10"])


def test_shop_ratings(shop: pd.DataFrame, figures: dict[str, Any]) -> None:
    """Ratings over all, by five columns and by agent."""
    expected = figures["shopzilla"]
    assert {f"{value:g}": int(n) for value, n in shop["csat"].value_counts().items()} == expected["csat"]["dist"]
    assert (shop["csat"] >= 4).mean() == pytest.approx(expected["csat"]["share_4_5"], abs=6e-5)
    columns = {
        "channel": "channel_name", "category": "category", "tenure": "Tenure Bucket", "shift": "Agent Shift", "team": "Supervisor",
    }  # fmt: skip
    for column, heading in columns.items():
        assert_means(shop, column, expected[f"csat_by_{heading}"])
    agents = shop.groupby("agent_id")["csat"].agg(["size", "mean"])
    for least in ("csat_agents_n10", "csat_agents_n1"):
        assert (agents["size"] >= expected[least]["min_n"]).sum() == expected[least]["agents_with_min_n"]
        for name, n, mean in expected[least]["top"] + expected[least]["bottom"]:
            assert agents.loc[name].tolist() == [n, pytest.approx(mean, abs=6e-5)]


def test_shop_other_columns(shop: pd.DataFrame, figures: dict[str, Any]) -> None:
    """Prices, handling times, remarks and orders."""
    expected = figures["shopzilla"]
    assert_described(shop["item_price"], expected["item_price"])
    assert_described(shop["handle_s"], expected["handling_time"])
    assert shop["text"].count() == expected["remarks"]["n"]
    assert (shop["order_id"].count(), shop["order_id"].nunique()) == (
        expected["orders"]["with_order"], expected["orders"]["distinct"],
    )  # fmt: skip


# ── a call centre ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_calls(shared: Path, figures: dict[str, Any]) -> None:
    """Waits, talk, ratings, volume by hour, weekday, month and topic, and all of it per agent."""
    expected = figures["pwc_call_center"]
    calls = staged(shared / "data" / "pwc_call_center", ("01 Call-Center-Dataset.xlsx",), "conversations")
    calls = calls.assign(at=local(calls.started_at))
    for column, name in (("wait_s", "speed"), ("handle_s", "talk_seconds"), ("csat", "rating")):
        assert_described(calls[column], expected[name])
    assert_clock(calls["at"], expected["wh"])
    assert calls["at"].dt.strftime("%Y-%m").value_counts().to_dict() == expected["per_month"]
    assert calls["category"].value_counts().to_dict() == expected["topics"]
    medians = calls.groupby(calls["at"].dt.day_of_week)["wait_s"].median()
    assert {DAYS[day]: value for day, value in medians.items()} == expected["median_speed_per_weekday"]
    assert (calls["wait_s"].dropna() <= 20).mean() == pytest.approx(
        expected["answer_le_20s_share_of_answered"], abs=6e-5
    )
    sums = calls.groupby("agent_id").agg(
        calls=("started_at", "size"), answered=("answered", "sum"), resolved=("resolved", "sum"), speed=("wait_s", "mean"),
        talk=("handle_s", "mean"), rating=("csat", "mean"),
    )  # fmt: skip
    for name, row in expected["agents"].items():
        assert sums.loc[name].to_dict() == pytest.approx(row, abs=6e-5)


# ── threads of a public network ──────────────────────────────────────────────────────────────────────────────────────


def test_tweets(shared: Path, figures: dict[str, Any]) -> None:
    """Threads, their size, customers, brands, first responses and the reply times of every brand with thirty."""
    expected = figures["twcs"]
    tweets = staged(shared / "data" / "twcs", ("twcs_first5000.csv",), "messages")
    tweets = tweets.assign(at=local(tweets.sent_at, "UTC"))
    threads = tweets.groupby("conversation_id").size()
    assert (len(threads), threads.max()) == (expected["conversations"], expected["largest_conversation"])
    inbound = tweets[tweets.sender == "customer"]
    assert inbound.customer_id.nunique() == expected["customers"]
    assert [str(tweets["at"].min()), str(tweets["at"].max())] == expected["range"]
    assert_clock(inbound["at"], expected["inbound_wh_utc"])
    brands = tweets[tweets.sender == "agent"]
    assert {name: int((brands.agent_id == name).sum()) for name in expected["top_brands"]} == expected["top_brands"]
    first = (brands.groupby("conversation_id").sent_at.min() - inbound.groupby("conversation_id").sent_at.min()) / 1000
    assert_described(first, expected["first_response_sec_per_conversation"])
    assert (first < 0).sum() == expected["first_response_negative"]
    several = (brands.groupby("conversation_id").agent_id.nunique() > 1).sum()
    assert several == expected["conversations_with_more_than_one_brand"]
    links = tweets.reply_to.dropna()
    assert (~links.isin(tweets.message_id)).sum() == expected["orphans_reply_to_missing"]
    asked = inbound.set_index("message_id").sent_at
    replies = brands.assign(seconds=(brands.sent_at - brands.reply_to.map(asked)) / 1000).dropna(subset="seconds")
    assert_described(replies.seconds, expected["reply_seconds"])
    medians = replies.groupby("agent_id")["seconds"].agg(["size", "median"])
    assert {name: row.tolist() for name, row in medians[medians["size"] >= 30].iterrows()} == expected[
        "brand_median_reply_sec_n30"
    ]


# ── a chat ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_chat(shared: Path, figures: dict[str, Any]) -> None:
    """Messages by hour, durations, ratings and conversations per person; the machine's conversations are nobody's."""
    expected = figures["chat_cn"]
    names = tuple(f"{name}.csv" for name in CHAT)
    folder = shared / "data" / "chat_cn"
    messages, talks, shifts = (staged(folder, names, table) for table in ("messages", "conversations", "roster"))
    assert_clock(local(messages.sent_at), expected["message_wh_shanghai"])
    seconds = (talks.closed_at - talks.started_at) / 1000
    assert_described(seconds, expected["duration_sec"])
    assert (seconds > 86_400).sum() == expected["duration_gt_1d"]
    people = {key: name for key, name, _ in expected["agents"]}
    owned = talks.agent_id.value_counts()
    scores = talks.groupby("agent_id")["csat"].agg(["count", "mean"])
    for key, n in expected["conversations_per_agent"].items():
        if key == "0":
            assert talks.agent_id.isna().sum() == n
            continue
        assert owned[people[int(key)]] == n
        assert scores.loc[people[int(key)]].tolist() == expected["mean_score_per_agent"][key]
    rated = talks.csat.value_counts(dropna=False)
    assert {str(value): int(n) for value, n in rated.items()} == expected["rated"]
    hours = (shifts.end_at - shifts.start_at).groupby(shifts.agent_id).sum() / 3_600_000
    for key, total in expected["work_time_hours_per_agent"].items():
        assert hours[people[int(key)]] == pytest.approx(total, abs=6e-5)
    starts = local(talks.started_at)
    assert [str(starts.min()), str(starts.max())] == expected["range_conversation_start"]
    # The only message of one conversation bears the stamp of 1970 and is left out.
    assert messages.conversation_id.nunique() == expected["conversations_with_messages"] - 1


# ── orders ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_orders(shared: Path, figures: dict[str, Any]) -> None:
    """Every stage of an order with its share missing, volume by hour and weekday, the range."""
    expected = figures["olist"]["orders_mdY_4998"]
    orders = staged(shared / "data" / "olist", ("orders_mdY_4998.csv",), "orders")
    at = local(orders.created_at)
    assert [str(at.min())[:19], str(at.max())[:19]] == expected["range"]
    assert_clock(at, expected["wh"])
    assert orders["status"].value_counts().to_dict() == expected["status"]
    stages = {"purchase": "created_at", "approved": "confirmed_at", "carrier": "shipped_at", "customer": "completed_at"}
    for one, other in (
        ("purchase", "approved"),
        ("approved", "carrier"),
        ("carrier", "customer"),
        ("purchase", "customer"),
    ):
        hours = (orders[stages[other]] - orders[stages[one]]) / 3_600_000
        assert_described(hours, expected[f"{one}_to_{other}_h"])
