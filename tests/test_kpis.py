"""Hand tables: small logs whose figures can be added up on paper."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.engine import build_facts, observe
from core.engine.reviews import score_reviews
from core.errors import ScenarioError
from core.kpis import Kpi, KpiTable, kpi_table, missing
from core.log import Log
from core.metrics import METRICS, metric
from core.scenario import Scenario
from tests.strategies import DAY, HOUR, MINUTE, SECOND, as_log, instant, numbered

START = instant("2026-04-15 02:00:00")  # 10:00 in Shanghai, a Wednesday
ASK, SAY = {"sender": "customer"}, {"sender": "agent"}
CLOSE, REOPEN = {"sender": "system", "event": "close"}, {"sender": "system", "event": "reopen"}


def said(
    conversation: str, *lines: tuple[float, dict[str, Any], str | None], customer: str = "C1", **fixed: Any
) -> list[dict[str, Any]]:
    """Message rows of a conversation: (seconds after the start of the fixture, what, agent)."""
    return [
        {
            "conversation_id": conversation,
            "customer_id": customer,
            "sent_at": START + round(at * 1000),
            "agent_id": who,
            **kind,
            **fixed,
        }
        for at, kind, who in lines
    ]


def table(
    scenario: Scenario | None = None, by: tuple[str, ...] = ("agent",), **tables: list[dict[str, Any]]
) -> KpiTable:
    """KPI table of rows."""
    log = as_log({name: numbered(rows) for name, rows in tables.items()}, "Asia/Shanghai")
    return kpi_table(observe(build_facts(log), scenario), scenario, by)


def shop(key: str, scenario: Scenario | None = None, **tables: list[dict[str, Any]]) -> Kpi:
    """One figure of the shop."""
    return table(scenario, ("shop",), **tables).cell(0, key)


LATER = said("Z", (40 * 86_400, ASK, None), customer="C99")
"""A contact six weeks later: the horizon."""


# ---------------------------------------------------------------- reviews
def _review(points: list[tuple[float, float, int]], name: int) -> pd.DataFrame:
    """(score of 10, weight, critical) per criterion."""
    frame = pd.DataFrame(points, columns=["score", "weight", "critical"])
    return frame.assign(review=name, agent="Ada", local_day=0, low=0.0, high=10.0, skipped=0)


def test_reviews_of_the_definitions() -> None:
    """Five reviews of 100, 9.91, 63.96, 90.99 and 0 (a failed critical criterion) have the mean 52.97."""
    sheets = [
        [(10, 1, 0), (10, 3, 1)], [(0.991, 1, 0), (0.991, 2, 0)], [(6.396, 5, 0)], [(9.099, 1, 0), (9.099, 1, 1)], [(10, 9, 0), (0, 1, 1)],
    ]  # fmt: skip
    scored = score_reviews(
        pd.concat([_review([tuple(map(float, p)) for p in sheet], at) for at, sheet in enumerate(sheets)])
    )  # type: ignore[misc]
    assert scored["qa_v"].tolist() == pytest.approx([100, 9.91, 63.96, 90.99, 0])
    assert round(scored["qa_v"].mean(), 2) == 52.97


def test_a_review_weighs_its_criteria_and_leaves_out_what_does_not_apply() -> None:
    """(4−0)/(5−0)·1 + (3−1)/(5−1)·3 over 4, the third criterion set aside: 57.5."""
    rows = pd.DataFrame(
        {"review": 1, "agent": "Ada", "local_day": 0, "score": [4.0, 3.0, 0.0], "low": [0.0, 1.0, 0.0], "high": [5.0, 5.0, 5.0],
         "weight": [1.0, 3.0, 9.0], "critical": [0, 0, 1], "skipped": [0, 0, 1]}
    )  # fmt: skip
    assert score_reviews(rows)["qa_v"].tolist() == pytest.approx([57.5])


def test_the_quality_score_is_the_mean_of_reviews_not_of_criteria() -> None:
    """One review of three criteria at 100 and one of a single criterion at 0 make 50."""
    rows = [
        {"agent_id": "Ada", "criterion": c, "score": 100.0, "review_id": "R1", "conversation_id": "K1"} for c in "abc"
    ]
    rows += [{"agent_id": "Ada", "criterion": "a", "score": 0.0, "review_id": "R2", "conversation_id": "K1"}]
    cell = shop("qa_score", messages=said("K1", (0, ASK, None), (5, SAY, "Ada")), reviews=rows)
    assert (cell.value, cell.n, cell.status) == (50, 2, "too_few")


# ---------------------------------------------------------------- handled per hour
def _twenty_four() -> list[dict[str, Any]]:
    return [
        row
        for k in range(24)
        for row in said(f"K{k}", (k * 600, ASK, None), (k * 600 + 30, SAY, "Ada"), customer=f"C{k}")
    ]


def test_handled_per_roster_hour() -> None:
    """24 conversations in 6.5 rostered hours with half an hour of break: 4.0 an hour, given."""
    shift = {"agent_id": "Ada", "start_at": START, "end_at": START + 6 * HOUR + 30 * MINUTE, "break_minutes": 30.0}
    cell = shop("handled_per_hour", messages=_twenty_four(), roster=[shift])
    assert (cell.value, cell.n, cell.label) == (4.0, 24, "given")


def test_handled_per_hour_seen() -> None:
    """Without a roster the distinct clock hours with a message stand for it: 24 in four hours, labelled proxy."""
    cell = shop("handled_per_hour", messages=_twenty_four())
    assert (cell.value, cell.label) == (6.0, "proxy")


def test_shifts_are_clipped_to_the_period() -> None:
    """A shift over midnight counts in the period only to midnight (the log's one day ends there): 1 conversation in 4 hours."""
    shift = {"agent_id": "Ada", "start_at": START + 10 * HOUR, "end_at": START + 18 * HOUR}
    talk = said("K1", (0, ASK, None), (5, SAY, "Ada"))
    assert shop("handled_per_hour", messages=talk, roster=[shift]).value == 0.25


def test_a_rostered_agent_without_conversations_is_a_row() -> None:
    """Eight hours and nobody served is 0 an hour, and the agent's hours are in the shop's."""
    shifts = [{"agent_id": name, "start_at": START, "end_at": START + 8 * HOUR} for name in ("Ada", "Idle")]
    found = table(messages=said("K1", (0, ASK, None), (5, SAY, "Ada")), roster=shifts)
    assert found.cell(found.row("Idle"), "handled_per_hour").value == 0
    assert found.cell(found.row("Idle"), "conversations").value == 0
    assert math.isnan(found.cell(found.row("Idle"), "first_response").value)
    assert shop("handled_per_hour", messages=said("K1", (0, ASK, None), (5, SAY, "Ada")), roster=shifts).value == 1 / 16


# ---------------------------------------------------------------- ratings
def test_ratings() -> None:
    """Ratings 5, 4, 2 and 3: half are satisfied, the mean is 3.5."""
    talks = [
        row
        for k, stars in enumerate((5, 4, 2, 3))
        for row in said(f"K{k}", (0, ASK, None), (9, SAY, "Ada"), csat=float(stars))
    ]
    assert shop("satisfaction", messages=talks).value == 0.5
    assert shop("csat_mean", messages=talks).value == 3.5


def test_the_last_rating_of_a_conversation_wins() -> None:
    """Five stars, then two: not satisfied."""
    talk = said("K1", (0, ASK, None), (9, SAY, "Ada"), csat=5.0) + said("K1", (99, ASK, None), csat=2.0)
    assert shop("csat_mean", messages=talk).value == 2


def test_ratings_of_the_machine_are_nobodys() -> None:
    """A rated conversation that smart reception solved counts for the shop and for unassigned, even when it was assigned."""
    talk = said("K1", (0, ASK, None), (1, {"sender": "bot", "automation": "faq"}, None), csat=5.0, assigned_agent="Ada")
    found = table(messages=talk)
    assert found.cell(found.row("unassigned"), "satisfaction").n == 1
    assert found.cell(found.row("Ada"), "satisfaction").n == 0


# ---------------------------------------------------------------- first contact resolution
FIVE = [
    *said("once", (0, ASK, None), (60, SAY, "Ada"), (300, CLOSE, None), customer="C1", resolved=1),
    *said("again", (0, ASK, None), (60, SAY, "Ada"), (70, SAY, "Ada"), (3600, CLOSE, None), customer="C2", resolved=0),
    *said(
        "return",
        (2 * 86_400, ASK, None),
        (2 * 86_400 + 9, SAY, "Bo"),
        (2 * 86_400 + 99, CLOSE, None),
        customer="C2",
        resolved=1,
    ),
    *said(
        "twice", (0, ASK, None), (5, SAY, "Bo"), (9, CLOSE, None), (20, REOPEN, None), (60, CLOSE, None), customer="C3"
    ),
    *said("two", (0, ASK, None), (5, SAY, "Ada"), (9, SAY, "Bo"), (899, CLOSE, None), customer="C4"),
    *said("open", (0, ASK, None), (5, SAY, "Ada"), customer="C5"),
    *said("bot", (0, ASK, None), (1, {"sender": "bot", "automation": "faq"}, None), customer="C6"),
]


@pytest.mark.parametrize(
    ("rule", "hits", "of"),
    [
        ("no_repeat", 5, 6),  # only "again" is followed, after 47 h; the late contact at the horizon is pending
        ("customer_says", 2, 3),  # three say anything, two say solved
        ("one_reply", 4, 6),  # "again" and "two" took two messages
        ("closed_once", 3, 5),  # "twice" was closed twice, "two" had two people, "open" was never closed
        ("resolved_15min", 4, 5),  # "again" took an hour
    ],
)
def test_five_rules_of_first_contact_resolution(rule: str, hits: int, of: int) -> None:
    """Each rule on the same six conversations that needed a person; the machine's is out, the youngest is pending."""
    cell = shop("fcr", Scenario.of({"fcr_rule": rule}), messages=[*FIVE, *LATER])
    assert (round(cell.value * cell.n), cell.n) == (hits, of)


@pytest.mark.parametrize(("hours", "hits"), [(46, 6), (47, 5), (48, 5)])
def test_the_window_of_first_contact_resolution_runs_from_the_close(hours: int, hits: int) -> None:
    """Closed after an hour, back after 48 hours: within 47 hours, inclusive."""
    cell = shop("fcr", Scenario.of({"fcr_h": hours}), messages=[*FIVE, *LATER])
    assert (round(cell.value * cell.n), cell.n) == (hits, 6)


def test_first_contact_resolution_waits_for_its_window() -> None:
    """Younger than the window at the horizon is pending, never a success: nothing to show, and the reason."""
    cell = shop("fcr", messages=said("K1", (0, ASK, None), (5, SAY, "Ada")))
    assert (math.isnan(cell.value), cell.reason) == (True, "no_observations")


def test_no_customers_no_first_contact_resolution() -> None:
    """Without customer ids the figure is unavailable, not zero."""
    talk = said("K1", (0, ASK, None), (5, SAY, "Ada"), customer=None)  # type: ignore[arg-type]
    assert shop("fcr", messages=talk).reason == "missing_columns"


# ---------------------------------------------------------------- handle time
def test_effort_of_two_interleaved_conversations() -> None:
    """Ada answers A and B in turn; every gap is capped at five minutes and shared by the conversations open at that moment."""
    talks = [
        *said("A", (0, ASK, None), (60, SAY, "Ada"), (200, ASK, None), (260, SAY, "Ada"), customer="C1"),
        *said("B", (100, ASK, None), (220, SAY, "Ada"), (900, SAY, "Ada"), customer="C2"),
    ]
    # A: 60 s alone; 260 − 200 = 60 s with B open: 30. B: 220 − 100 = 120 s with A open: 60; 680 s → 300 s alone.
    cell = shop("handle_time", messages=talks)
    assert (cell.value, cell.median, cell.label) == ((60 + 30 + 60 + 300) / 2, (90 + 360) / 2, "estimated")


def test_a_given_handling_time_wins_row_by_row() -> None:
    """A has 100 s from the file, B keeps its estimate of 120 s; a conversation only the file handled counts with what it gives."""
    talks = said("A", (0, ASK, None), (60, SAY, "Ada")) + said("B", (900, ASK, None), (1020, SAY, "Ada"), customer="C2")
    talks += said("D", (0, ASK, None), customer="C3")
    filed = [
        {"conversation_id": k, "started_at": START, "agent_id": "Ada", "handle_s": s}
        for k, s in (("A", 100.0), ("B", None), ("D", 20.0))
    ]
    cell = shop("handle_time", messages=talks, conversations=filed)
    assert (cell.value, cell.n) == (80, 3)


# ---------------------------------------------------------------- turns, within, transfers, courtesy, complaints
def test_turns_after_the_first_reply_belong_to_who_answers() -> None:
    """Three asks and a machine's word make one turn of 90 s, Bo's; an open turn is in no figure; the first response is none of them."""
    talk = said(
        "K", (0, ASK, None), (10, SAY, "Ada"), (100, ASK, None), (120, {"sender": "bot", "automation": "assistant"}, None),
        (150, ASK, None), (190, SAY, "Bo"), (195, SAY, "Bo"), (400, ASK, None),
    )  # fmt: skip
    found = table(messages=talk)
    bo, ada = (found.cell(found.row(name), "reply_time") for name in ("Bo", "Ada"))
    assert (bo.value, bo.n, ada.n) == (90, 1, 0)


def test_within_is_inclusive_and_counts_the_unanswered() -> None:
    """30.000 s is within 30 s, 30.001 s is not, never is not: one of three; among the answered one of two."""
    talks = said("A", (0, ASK, None), (30, SAY, "Ada")) + said("B", (0, ASK, None), (30.001, SAY, "Ada"), customer="C2")
    talks += said("D", (0, ASK, None), customer="C3") + LATER
    cell = shop("within_Ns", messages=talks)
    assert (cell.value, cell.n) == (pytest.approx(1 / 3), 3)
    assert shop("within_Ns_answered", messages=talks).value == 0.5


def test_courtesy_judges_words_only_where_there_are_words() -> None:
    """A thank-you counts, a curt answer does not, a picture without text is not judged."""
    talks = said("A", (0, ASK, None), (5, SAY, "Ada"), text="Thank you!") + said(
        "B", (0, ASK, None), (5, SAY, "Ada"), text="No."
    )
    cell = shop("courtesy", messages=[*talks, *said("P", (0, ASK, None), (5, SAY, "Ada"), text=None)])
    assert (cell.value, cell.n) == (0.5, 2)


def test_conversations_that_the_transfers_do_not_list_were_not_handed_over() -> None:
    """A conversation file beside a file of hand-overs: one of four, not one of one."""
    filed = [
        {"conversation_id": f"K{k}", "started_at": START, "agent_id": "Ada", "first_human_reply_at": START + SECOND}
        for k in range(4)
    ]
    moved = [{"conversation_id": "K0", "requested_at": START, "accepted_at": START + 90 * SECOND}]
    cell = shop("transfer_rate", conversations=filed, transfers=moved)
    assert (cell.value, cell.n) == (0.25, 4)
    assert shop("transfer_time", conversations=filed, transfers=moved).value == 90


def test_repeat_rate_counts_who_comes_back_within_the_window() -> None:
    """Seven days to the millisecond is a repeat, a millisecond more is none; the young are pending."""
    starts = [("C1", 0), ("C1", 7 * DAY), ("C2", 0), ("C2", 7 * DAY + 1)]
    talks = [row for who, at in starts for row in said(f"{who} {at}", (at / 1000, ASK, None), customer=who)]
    cell = shop("repeat_rate", messages=[*talks, *LATER])
    assert (cell.value, cell.n) == (0.25, 4)


def test_the_same_issue_must_be_known() -> None:
    """With the switch on, a conversation without a category can neither repeat an issue nor fail to."""
    talks = [row for k in range(2) for row in said(f"n{k}", (k * 60, ASK, None), customer="C1", category=None)]
    talks += [row for k in range(2) for row in said(f"s{k}", (k * 60, ASK, None), customer="C2", category="size")]
    cell = shop("repeat_rate", Scenario.of({"repeat_same_issue": True}), messages=[*talks, *LATER])
    assert (cell.value, cell.n) == (0.5, 2)


# ---------------------------------------------------------------- the table itself
def test_young_conversations_are_pending() -> None:
    """No reply, open and less than 24 h old is pending; exactly 24 h old, or closed, is unanswered."""
    talks = said("old", (0, ASK, None)) + said("shut", (86_000, ASK, None), (86_100, CLOSE, None), customer="C2")
    talks += said("young", (0.001, ASK, None), customer="C3") + said("edge", (86_400, ASK, None), customer="C4")
    found = table(by=("shop",), messages=talks)
    assert (found.cell(0, "pending").value, found.cell(0, "unanswered").value) == (2, 2)


def test_missing_columns_are_named_and_never_zero() -> None:
    """Without ratings satisfaction is unavailable with the reason; `missing` names the column that would help."""
    cell = shop("satisfaction", messages=said("K1", (0, ASK, None)))
    assert (math.isnan(cell.value), cell.status, cell.reason) == (True, "unavailable", "missing_columns")
    assert missing(metric("satisfaction"), frozenset()) in (("messages.csat",), ("conversations.csat",))


def test_too_few_are_shown_and_marked() -> None:
    """A figure below its minimum n keeps its value and says so."""
    cell = shop("first_response", messages=said("K1", (0, ASK, None), (5, SAY, "Ada")))
    assert (cell.value, cell.status, cell.reason) == (5, "too_few", "below_minimum")


def test_unknown_groupings_and_metrics_are_refused_with_a_hint() -> None:
    """A slip of the pen is answered with the nearest known word."""
    with pytest.raises(ScenarioError) as refused:
        table(by=("agnet",), messages=said("K1", (0, ASK, None)))
    assert refused.value.issue.facts["hint"] == "agent"
    with pytest.raises(ScenarioError) as unknown:
        shop("satisfction", messages=said("K1", (0, ASK, None)))
    assert unknown.value.issue.facts["hint"] == "satisfaction"


def test_the_long_table_is_the_wide_one() -> None:
    """`frame` holds the same numbers, one row per group and metric, in the catalogue's order."""
    found = table(messages=_twenty_four())
    long = found.frame(["first_response", "fcr"])
    assert long["key"].tolist() == ["first_response", "fcr"]
    assert long["value"].iloc[0] == found.cell(0, "first_response").value
    assert len(found.frame()) == len(METRICS)


def test_a_median_of_agents_is_never_formed() -> None:
    """The shop's mean and median are of conversations: 10 × 10 s by Ada and 1 × 120 s by Bo make 20 s and 10 s, not 65 s."""
    talks = [row for k in range(10) for row in said(f"A{k}", (k, ASK, None), (k + 10, SAY, "Ada"), customer=f"C{k}")]
    cell = shop("first_response", messages=[*talks, *said("B", (0, ASK, None), (120, SAY, "Bo"), customer="D")])
    assert (cell.value, cell.median) == (20, 10)
    assert np.isclose(cell.p90, 10)


def test_a_files_own_resolution_time_feeds_the_figure_where_there_is_no_close():
    """A ticket file that only says how long it took gives resolution_time."""
    table = pa.table(
        {
            "conversation_id": ["a", "b"],
            "agent_id": ["x", "x"],
            "started_at": [0, 0],
            "resolution_s": [60.0, 120.0],
            "seq": [0, 1],
        }
    )
    shop = kpi_table(observe(build_facts(Log("d", "UTC", {"conversations": table}))), by=("shop",))
    assert shop.cell(0, "resolution_time").value == 90.0
