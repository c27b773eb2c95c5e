"""Figures that were once wrong: the smallest log that showed it, and what the definitions say it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.engine import build_facts, observe
from core.engine.hours import split_days
from core.engine.reviews import score_reviews
from core.kpis import Kpi, KpiTable, kpi_table
from core.metrics import SCORED
from core.scenario import Scenario
from core.scoring import grade, nominal_weights, score_values
from tests.strategies import DAY, HOUR, MINUTE, SECOND, as_log, instant, numbered

START = instant("2026-04-15 02:00:00")
ASK, SAY = {"sender": "customer"}, {"sender": "agent"}
CLOSE, REOPEN = {"sender": "system", "event": "close"}, {"sender": "system", "event": "reopen"}


def said(
    name: str, *lines: tuple[int, dict[str, Any], str | None], customer: str = "C1", **fixed: Any
) -> list[dict[str, Any]]:
    """Message rows: (milliseconds after START, what, agent)."""
    return [
        {"conversation_id": name, "customer_id": customer, "sent_at": START + at, "agent_id": who, **kind, **fixed}
        for at, kind, who in lines
    ]


def table(scenario: Scenario | None = None, by: str = "agent", **tables: list[dict[str, Any]]) -> KpiTable:
    """KPI table of rows."""
    log = as_log({name: numbered(rows) for name, rows in tables.items()}, "Asia/Shanghai")
    return kpi_table(observe(build_facts(log), scenario), scenario, (by,))


def shop(key: str, scenario: Scenario | None = None, **tables: list[dict[str, Any]]) -> Kpi:
    """One figure of the shop."""
    return table(scenario, "shop", **tables).cell(0, key)


def filed(**more: Any) -> dict[str, Any]:
    """A row of a conversation file, answered after a second and closed after a minute."""
    return {"conversation_id": "K", "customer_id": "C1", "agent_id": "Ada", "started_at": START, "first_human_reply_at": START + SECOND,
            "closed_at": START + MINUTE} | more  # fmt: skip


def test_the_last_assignment_owns_not_the_last_in_the_alphabet() -> None:
    """Assigned to Zoe, then to Bo: Bo's conversation (it was Zoe's, the greater name)."""
    rows = said("K", (0, ASK, None), assigned_agent="Zoe") + said("K", (MINUTE, SAY, "Bo"), assigned_agent="Bo")
    assert table(messages=rows).groups["agent"].tolist() == ["Bo"]


@pytest.mark.parametrize(("owner", "name"), [("most", "Zoe"), ("first", "Zoe"), ("last", "Bo")])
def test_owners_with_equal_stamps_follow_the_order_of_the_rows(owner: str, name: str) -> None:
    """Zoe and Bo write in the same millisecond, Zoe first: row order decides (the alphabet did)."""
    rows = said("K", (0, ASK, None), (MINUTE, SAY, "Zoe"), (MINUTE, SAY, "Bo"))
    found = table(Scenario.of({"owner": owner}), messages=rows)
    assert found.cell(found.row(name), "conversations").value == 1


def test_a_reopening_at_the_same_stamp_after_the_close_is_open() -> None:
    """Close and reopening bear one stamp; the row order says it is open, so it is pending, not unanswered."""
    rows = said("K", (0, ASK, None), (MINUTE, CLOSE, None), (MINUTE, REOPEN, None))
    assert shop("pending", messages=rows).value == 1


def test_a_close_on_a_message_row_is_a_kept_stamp() -> None:
    """The horizon is the latest stamp of any kind: a close two days later makes the unanswered no longer pending."""
    rows = said("K", (0, ASK, None)) + said("L", (0, ASK, None), customer="C2", closed_at=START + 2 * DAY)
    assert shop("unanswered", messages=rows).value == 2


def test_a_critical_criterion_fails_a_review_even_without_weight() -> None:
    """A fatal error is often listed with weight 0; the review is 0, not 100."""
    rows = pd.DataFrame(
        {"review": 1, "agent": "Ada", "local_day": 0, "score": [5.0, 0.0], "low": 0.0, "high": 5.0, "weight": [1.0, 0.0],
         "critical": [0, 1], "skipped": 0}
    )  # fmt: skip
    assert score_reviews(rows)["qa_v"].tolist() == [0]


def test_one_human_reply_cannot_be_judged_without_messages() -> None:
    """A conversation file does not say how many replies there were: no observation (it was 0 %)."""
    cell = shop("fcr", Scenario.of({"fcr_rule": "one_reply"}), conversations=[filed()])
    assert (cell.n, cell.reason) == (0, "no_observations")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, (None, 0)),
        ({"reopened": 0}, (1, 1)),
        ({"reopened": 1}, (0, 1)),
        ({"transfers": 1}, (0, 1)),
        ({"transfers": 0, "reopened": 1}, (0, 1)),
    ],
)
def test_closed_once_by_one_agent_reads_what_the_file_knows(
    more: dict[str, int], expected: tuple[float | None, int]
) -> None:
    """Reopened or handed over is no first-contact resolution; a file that says neither is not judged (everything was 100 %)."""
    cell = shop("fcr", Scenario.of({"fcr_rule": "closed_once"}), conversations=[filed(**more)])
    assert (None if np.isnan(cell.value) else cell.value, cell.n) == expected


def test_agents_known_only_from_reviews_are_in_the_sum() -> None:
    """Reviews of an agent without conversations in the period: the agents' reviews add up to the shop's (one was lost)."""
    sheets = [
        {"agent_id": who, "criterion": "tone", "score": 80.0, "reviewed_at": START, "rater": who}
        for who in ("Ada", "Away")
    ]
    rows = {"messages": said("K", (0, ASK, None), (MINUTE, SAY, "Ada")), "reviews": sheets}
    assert table(**rows).column("qa_score", "n").sum() == shop("qa_score", **rows).n == 2


def test_criteria_of_one_review_id_are_one_review() -> None:
    """Two criteria without conversation or date, one review id: one review of 50 (it was two)."""
    sheets = [{"agent_id": "Ada", "criterion": c, "score": s, "review_id": "R"} for c, s in (("a", 100.0), ("b", 0.0))]
    cell = shop("qa_score", messages=said("K", (0, ASK, None), (MINUTE, SAY, "Ada")), reviews=sheets)
    assert (cell.value, cell.n) == (50, 1)


def test_a_night_shift_over_the_spring_change_keeps_its_hours_on_their_days() -> None:
    """Berlin, 29 March 2026, 22:00 to 06:00: two hours and six (an hour too many stood on the 29th's evening before)."""
    start = instant("2026-03-29 20:00:00")
    pieces = split_days(np.array([start - 22 * HOUR]), np.array([start + 8 * HOUR]), "Europe/Berlin")
    assert pieces["hours"].tolist() == [1, 23, 6]


def test_a_greeting_before_the_ask_hides_no_greeting_after_it() -> None:
    """Greeted, asked, greeted a second later: the clock with greetings is a second (it had no value)."""
    hello = {"sender": "agent", "automation": "greeting"}
    rows = said("K", (0, hello, "Ada"), (MINUTE, ASK, None), (MINUTE + SECOND, hello, "Ada"))
    assert shop("first_response_greeted", messages=rows).value == 1


def test_a_speaker_off_the_roster_who_owns_nothing_still_sells() -> None:
    """Bo wrote last before the payment, owns no conversation, answers no ask and is on no roster: Bo's sale (it was nobody's)."""
    rows = said("K", (0, ASK, None), (MINUTE, SAY, "Ada"), (2 * MINUTE, SAY, "Ada"), (3 * MINUTE, SAY, "Bo"))
    rows += said("Z", (30 * DAY, ASK, None), customer="C9")
    bought = [
        {
            "order_id": "o",
            "customer_id": "C1",
            "created_at": START + 4 * MINUTE,
            "paid_at": START + 5 * MINUTE,
            "amount": 9.0,
        }
    ]
    shift = [{"agent_id": "Ada", "start_at": START, "end_at": START + HOUR}]
    found = table(messages=rows, orders=bought, roster=shift)
    assert found.cell(found.row("Bo"), "conversion").value == 1


def test_the_dust_of_binary_sums_decides_no_grade() -> None:
    """0.1 + 0.2 sums of weights make 59.99999999999999 of sixty points: C, as they are shown (it was D); 59.99 stays D."""
    bands = {"A": 90.0, "B": 75.0, "C": 60.0}
    assert [grade(s, bands) for s in (59.99999999999999, 89.99999999999999, 59.99, 89.995)] == ["C", "A", "D", "B"]


def test_half_of_the_weight_is_half_though_binary_sums_fall_short() -> None:
    """The KPIs that remain weigh exactly one half, which sums to 0.49999999999999994, and keep their grade; with less they do not."""
    inside = dict(zip((metric.key for metric in SCORED), (60, 0, 30, 50, 40, 25, 40, 50, 5, 20, 25, 25, 20), strict=True))
    knobs = {f"w_{key}": weight for key, weight in inside.items()} | {"w_efficiency": 30, "w_quality": 30, "w_business": 60}
    usable = np.array([[0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1]], dtype=bool)
    assert nominal_weights(Scenario.of(knobs))[usable[0]].sum() < 0.5
    values = np.array([[Scenario().anchors(metric).target for metric in SCORED]], dtype=np.float64)
    found = [score_values(values, usable, np.array([99.0]), ("Ada",), Scenario.of(knobs | more)) for more in ({}, {"w_efficiency": 31})]
    assert [str(each.grade[0]) for each in found] == ["A", "insufficient_data"]
