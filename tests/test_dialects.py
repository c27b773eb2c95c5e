"""The same log under several rule sets: golden turns, one definition with the KPI table, and flips that say why."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from core.dialects import flips, side_by_side
from core.engine import Observed, build_facts, observe
from core.engine.dialects import LEFT_OUT
from core.errors import InputError
from core.ingest import Choices, InputFile, load
from core.kpis import kpi_table
from core.rules import RULE_SETS
from core.scenario import Scenario
from tests import shop
from tests.strategies import Sample, as_log, samples

FIXTURE_T = Path(__file__).resolve().parents[1] / "sample_data" / "fixture_t.csv"
LATER = "horizon,customer,2024-03-20 12:00:00,\n"


def seen(*conversations: tuple[str, ...]) -> Observed:
    """Conversations as ``"c 10:10:15"`` (customer), ``"a …"`` (agent), ``"b …"`` (bot); a last one two weeks later sets the horizon."""
    rows = []
    for number, messages in enumerate(conversations):
        for each in messages:
            who, moment = each.split()
            sender = {"c": "customer", "a": "agent", "b": "bot"}[who]
            rows.append(f"k{number},{sender},2024-03-05 {moment},{'Ann' if who == 'a' else ''}\n")
    text = "conversation_id,sender,sent_at,agent_id\n" + "".join(rows) + LATER
    return observe(build_facts(load([InputFile("m.csv", text.encode())], Choices(zone="Asia/Shanghai"))))


def figure(observed: Observed, key: str) -> tuple[int, int]:
    """Hits and denominator of a rule set on the fifth of March."""
    day = Scenario.of({"period": "custom", "from": "2024-03-05", "to": "2024-03-05"})
    row = side_by_side(observed, day, [key]).iloc[0]
    return int(row["hits"]), int(row["of"])


def asks(count: int) -> tuple[str, ...]:
    """So many questions within three minutes and no answer."""
    first = datetime(2024, 3, 5, 10, 0)
    return tuple(f"c {first + timedelta(seconds=15 * each):%H:%M:%S}" for each in range(count))


@pytest.mark.parametrize(
    ("messages", "wanted"),
    [
        (("c 10:10:15", "c 10:15:20", "a 10:18:10"), (0, 1)),
        (("c 10:10:15", "c 10:15:20", "a 10:18:10", "c 10:18:30", "a 10:19:00"), (1, 2)),
        (asks(10), (0, 1)),
        (("c 10:00:00", "a 10:03:00"), (1, 1)),
        (("c 10:00:00", "a 10:03:01"), (0, 1)),
        (("c 07:59:59", "a 08:00:10"), (0, 0)),
        (("c 22:59:59", "a 23:01:00"), (1, 1)),
        (("c 23:00:00", "a 23:01:00"), (0, 0)),
        (("c 10:00:00", "b 10:00:01", "c 10:01:00", "a 10:02:00"), (1, 1)),
    ],
)
def test_golden_turns_of_taobao(messages: tuple[str, ...], wanted: tuple[int, int]) -> None:
    """A repeated ask does not restart the clock, the window is inclusive, only turns of 08:00–23:00 count, bots answer nothing."""
    assert figure(seen(messages), "taobao_3min") == wanted


@pytest.mark.parametrize(
    ("messages", "wanted"),
    [
        (("c 10:00:00", "b 10:00:02", "a 10:05:00"), (1, 1)),
        (("c 10:00:00", "a 10:00:30"), (1, 1)),
        (("c 10:00:00", "a 10:00:31"), (0, 1)),
        (("c 08:59:59", "a 09:00:01"), (0, 0)),
        (("c 09:00:00",), (0, 1)),
    ],
)
def test_golden_cases_of_jd(messages: tuple[str, ...], wanted: tuple[int, int]) -> None:
    """The first reply of any kind stops the clock, thirty seconds inclusive, nights are left out."""
    assert figure(seen(messages), "jd_30s") == wanted


def test_clocks_of_the_help_desks() -> None:
    """Zendesk takes the second message of an agent who began, Gorgias leaves it out, Chatwoot counts from the bot's last message."""
    observed = seen(("c 10:00:00", "b 10:04:00", "c 10:04:30", "a 10:05:00"), ("a 11:00:00", "c 11:10:00", "a 11:20:00"))
    day = Scenario.of({"period": "custom", "from": "2024-03-05", "to": "2024-03-05"})
    found = side_by_side(observed, day, ["zendesk", "gorgias", "chatwoot"]).set_index("rules")
    assert found["wait"].tolist() == [(300 + 1200) / 2, 300, 60]
    assert found["wait_n"].tolist() == [2, 1, 1]
    assert found["agent_started"].tolist() == [0, 1, 1]


def test_a_wait_of_a_turn_counts_ten_minutes_at_most() -> None:
    """Twenty minutes count ten in the mean of the 3-minute rule."""
    day = Scenario.of({"period": "custom", "from": "2024-03-05", "to": "2024-03-05"})
    assert side_by_side(seen(("c 10:00:00", "a 10:20:00")), day, ["taobao_3min"])["wait"].tolist() == [600]


@cache
def fixture_t() -> Observed:
    """Fixture T under the default rules."""
    return observe(build_facts(load([InputFile.of(FIXTURE_T)], Choices(zone="Asia/Shanghai"))))


@pytest.mark.parametrize("rules", [each.key for each in RULE_SETS])
@pytest.mark.parametrize("log", ["fixture", "sample"])
def test_the_panel_says_what_the_kpi_table_says(rules: str, log: str) -> None:
    """Rate, its n and, where a wait is one per conversation, the wait agree with the KPI table under that rule set."""
    usual = fixture_t() if log == "fixture" else shop.observed()
    scenario = Scenario.of({"rules": rules})
    table = kpi_table(observe(usual.facts, scenario), scenario, ("shop",))
    row = side_by_side(usual, Scenario(), [rules]).iloc[0]
    declared = next(each for each in RULE_SETS if each.key == rules)
    if declared.rated:
        rate = table.cell(0, "response_rate_24h")
        assert (rate.value, rate.n, rate.low) == (pytest.approx(row["rate"]), row["of"], pytest.approx(row["low"]))
    if declared.clock != "turn":
        wait = table.cell(0, "first_response")
        assert (wait.n, getattr(wait, {"mean": "value"}.get(declared.statistic, "median"))) == (row["wait_n"], pytest.approx(row["wait"]))


def test_flips_say_which_rule_moved_them() -> None:
    """Fixture T under the board and under JD: a longer wait than 30 s, a bot's answer in time, a night that does not count."""
    found = flips(fixture_t(), Scenario(), "tiktok_24h", "jd_30s").set_index("conversation")
    assert found["cause"].to_dict() == {
        "S1": "window", "S4": "clock", "S6": "clock", "S7": "left_out", "S8": "window", "S9": "left_out",
    }  # fmt: skip
    assert found.loc["S7", "out_b"] == "outside_hours"
    assert found.loc["S9", "out_a"] == "holiday_mode"


def test_a_rule_set_never_flips_against_itself() -> None:
    """No conversation is judged differently by the same rules."""
    assert all(flips(shop.observed(), Scenario(), each.key, each.key).empty for each in RULE_SETS)


def test_every_conversation_is_counted_or_left_out_for_one_reason() -> None:
    """By conversations, those that count and those left out add up."""
    found = side_by_side(shop.observed(), Scenario(), [each.key for each in RULE_SETS if each.clock != "turn"])
    left = found[["agent_started", "holiday_mode", "bot_resolved", "outside_hours", "pending", "unanswered"]].sum(axis=1)
    assert (found["of"] + left == found["conversations"]).all()


def test_turns_need_messages() -> None:
    """A file of conversations has no turns: no rate, and the reason."""
    text = "Agent,Started at,First reply\nAnn,2024-03-05 10:00,2024-03-05 10:01\n"
    row = side_by_side(observe(build_facts(load([InputFile("c.csv", text.encode())]))), Scenario(), ["taobao_3min"]).iloc[0]
    assert (row["reason"], row["rate"] != row["rate"]) == ("needs_messages", True)


@pytest.mark.parametrize(
    ("start", "ask", "wanted"), [("2024-03-30", "2024-03-31 21:30", (1, 1)), ("2024-10-26", "2024-10-27 21:30", (2, 2))]
)
def test_a_turn_after_a_clock_change_is_placed_by_its_own_hour(start: str, ask: str, wanted: tuple[int, int]) -> None:
    """Berlin in spring: 21:30 UTC is 23:30 by the new clock, outside 08–23 (by the old one 22:30); in autumn it is 22:30, inside."""
    text = "conversation_id,sender,sent_at,agent_id\n" + "".join(
        f"k,{who},{moment}:00Z,{'Ann' if who == 'agent' else ''}\n"
        for who, moment in (("customer", f"{start} 12:00"), ("agent", f"{start} 12:01"), ("customer", ask), ("agent", f"{ask[:-2]}31"))
    )
    observed = observe(build_facts(load([InputFile("m.csv", text.encode())], Choices(zone="Europe/Berlin"))))
    row = side_by_side(observed, Scenario(), ["taobao_3min"]).iloc[0]
    assert (row["hits"], row["of"]) == wanted


def test_chatwoot_counts_from_the_reopening_before_the_answer_though_another_follows() -> None:
    """Asked at 10:00, reopened at 10:20, answered at 10:25, reopened once more at 11:00: five minutes, not twenty-five."""
    rows = [("customer", "10:00", "", ""), ("system", "10:10", "", "close"), ("system", "10:20", "", "reopen")]
    rows += [("agent", "10:25", "Ann", ""), ("system", "10:30", "", "close"), ("system", "11:00", "", "reopen")]
    lines = [f"k,{who},2024-03-05 {at}:00,{name},{event}\n" for who, at, name, event in rows]
    text = "conversation_id,sender,sent_at,agent_id,event\n" + "".join(lines)
    observed = observe(build_facts(load([InputFile("m.csv", text.encode())], Choices(zone="Asia/Shanghai"))))
    assert side_by_side(observed, Scenario(), ["chatwoot"])["wait"].tolist() == [300]


def test_within_thirty_seconds_is_of_the_answered_whatever_clock_a_platform_reads() -> None:
    """At 08:30 and at 10:00, both answered after five seconds: two of two, though JD leaves the first out of its own figures."""
    scenario = Scenario.of({"rules": "jd_30s"})
    facts = seen(("c 08:30:00", "a 08:30:05"), ("c 10:00:00", "a 10:00:05")).facts
    table = kpi_table(observe(facts, scenario), scenario, ("shop",))
    assert [(table.cell(0, key).value, table.cell(0, key).n) for key in ("within_Ns_answered", "first_response")] == [(1, 2), (5, 1)]


@settings(max_examples=5, deadline=None, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(samples())
def test_rule_sets_pool_over_agents_and_know_no_order_of_rows(sample: Sample) -> None:
    """The shop is the sum of its agents and of nobody, and rows in another order are the same log."""
    try:
        observed = observe(build_facts(sample.log))
    except InputError:
        assume(False)
    whole = side_by_side(observed, Scenario())
    counted = ["hits", "of", "wait_n", "conversations", *(why for why in LEFT_OUT if why)]
    parts = [side_by_side(observed, Scenario.of({"in_agent": [agent]}))[counted] for agent in observed.labels["agent"]]
    pd.testing.assert_frame_equal(sum(parts[1:], parts[0]), whole[counted], check_dtype=False)
    turned = as_log({name: rows[::-1] for name, rows in sample.tables.items()}, sample.zone)
    pd.testing.assert_frame_equal(side_by_side(observe(build_facts(turned)), Scenario()), whole)
