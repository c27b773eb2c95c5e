"""Who asked, who bought, whose sale it was, what came back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.commerce import Orders, Visits, Voices, sales
from core.engine import build_facts, observe
from core.kpis import KpiTable, kpi_table
from core.scenario import Scenario
from tests.strategies import DAY, HOUR, MINUTE, as_log, instant, numbered

START = instant("2026-04-15 02:00:00")


def talk(customer: str, *lines: tuple[float, str | None], day: float = 0, name: str = "") -> list[dict[str, Any]]:
    """A conversation: (minutes after START, agent or None for the customer)."""
    key = name or f"K-{customer}-{day}"
    return [
        {"conversation_id": key, "customer_id": customer, "sent_at": START + round(day * DAY) + round(at * MINUTE), "agent_id": who,
         "sender": "agent" if who else "customer"}
        for at, who in lines
    ]  # fmt: skip


def order(customer: str, created: float, paid: float | None, amount: float = 100, **more: Any) -> dict[str, Any]:
    """An order: minutes after START."""
    at = None if paid is None else START + round(paid * MINUTE)
    return {
        "order_id": "o",
        "customer_id": customer,
        "created_at": START + round(created * MINUTE),
        "paid_at": at,
        "amount": float(amount),
    } | more


HORIZON = talk("late", (0, None), day=40)


def table(messages: list[dict[str, Any]], orders: list[dict[str, Any]], scenario: Scenario | None = None) -> KpiTable:
    """KPIs by agent."""
    log = as_log({"messages": numbered([*messages, *HORIZON]), "orders": numbered(orders)}, "Asia/Shanghai")
    return kpi_table(observe(build_facts(log), scenario), scenario)


def cells(found: KpiTable, key: str) -> dict[str, tuple[float, float]]:
    """Agent → (value, n) where there is an n."""
    rows = {name: found.cell(row, key) for row, name in enumerate(found.groups["agent"])}
    return {name: (cell.value, cell.n) for name, cell in rows.items() if cell.n}


@pytest.mark.parametrize(
    ("placed", "inquirer"), [(-1, False), (-3 * 24 * 60, False), (-3 * 24 * 60 - 0.001, True), (0, True)]
)
def test_an_own_order_in_the_three_days_before_is_no_inquiry(placed: float, inquirer: bool) -> None:
    """An order a minute or exactly three days before the start makes the customer no inquirer; a moment earlier does not."""
    found = cells(
        table(talk("C1", (0, None), (1, "Ada")), [order("C1", placed, None), order("C9", 0, 5)]), "conversion"
    )
    assert ("Ada" in found) is inquirer


@pytest.mark.parametrize(
    ("paid", "converted"), [(-1, 0), (0, 1), (5 * 24 * 60, 1), (5 * 24 * 60 + 0.001, 0), (None, 0)]
)
def test_the_window_runs_from_the_last_conversation(paid: float | None, converted: int) -> None:
    """Two conversations two days apart: paid from the first start to three days after the second start, inclusive."""
    talks = talk("C1", (0, None), (1, "Ada")) + talk("C1", (0, None), (1, "Ada"), day=2)
    found = cells(table(talks, [order("C1", 0, paid), order("C9", 0, 5)]), "conversion")
    assert found == {
        "unassigned" if paid == 0 else "Ada": (converted, 1)
    }  # paid at the first word: nobody had answered yet


def test_customers_whose_window_is_open_are_pending() -> None:
    """The newest customer, three days not yet over at the horizon, is neither a success nor a failure."""
    talks = talk("C1", (0, None), (1, "Ada")) + talk("C2", (0, None), (1, "Ada"), day=2.999) + talk("C3", (0, None), day=3)
    log = as_log(
        {"messages": numbered(talks), "orders": numbered([order("C1", 2, 3), order("C2", 4320, 4325)])},
        "UTC",
    )  # fmt: skip
    cell = kpi_table(observe(build_facts(log)), by=("shop",)).cell(0, "conversion")
    assert (cell.value, cell.n) == (1, 1)


def test_a_sale_belongs_to_the_last_person_before_the_payment() -> None:
    """Ada owns the conversation, Bo wrote last before it was paid, Cy only thanked afterwards: Bo's sale and Bo's order value."""
    talks = talk("C1", (0, None), (1, "Ada"), (2, "Ada"), (3, "Ada"), (4, "Bo"), (9, "Cy"))
    found = table(talks, [order("C1", 5, 6, 80)])
    assert cells(found, "conversion") == {"Bo": (1, 1)}
    assert cells(found, "aov_amount") == {"Bo": (80, 1)}
    assert found.cell(found.row("Ada"), "conversations").value == 1


def test_who_did_not_buy_stands_with_the_owner_of_the_last_conversation() -> None:
    """No order: the inquirer counts against the last owner, not against the first."""
    found = table(talk("C1", (0, None), (1, "Ada")) + talk("C1", (0, None), (1, "Bo"), day=1), [order("C9", 0, 5)])
    assert cells(found, "conversion") == {"Bo": (0, 1)}


def test_a_sale_before_any_person_wrote_is_nobodys() -> None:
    """Paid after the question and before the first human word: a buyer, and nobody's merit."""
    found = table(talk("C1", (0, None), (10, "Ada")), [order("C1", 1, 2)])
    assert cells(found, "conversion") == {"unassigned": (1, 1)}


def test_order_value_returns_and_disputes() -> None:
    """Two buyers with three assisted orders: 150 and 50 a buyer, value against the shop's 100, one of three returned, none disputed."""
    talks = talk("C1", (0, None), (1, "Ada")) + talk("C2", (0, None), (1, "Bo"))
    bought = [
        order("C1", 2, 3, 90, returned=1, disputed=0),
        order("C1", 60, 61, 60, returned=0),
        order("C2", 2, 3, 50, returned=0),
    ]
    found = table(talks, bought)
    assert cells(found, "aov_amount") == {"Ada": (150, 1), "Bo": (50, 1)}
    assert cells(found, "aov") == {"Ada": (1.5, 1), "Bo": (0.5, 1)}
    assert cells(found, "return_rate") == {"Ada": (0.5, 2), "Bo": (0, 1)}
    assert cells(found, "dispute_rate")["Ada"] == (0, 2)


def test_orders_without_an_amount_are_sales_of_unknown_value() -> None:
    """They convert; they lower nobody's order value; where nothing has a value there is no ratio to the shop."""
    talks = talk("C1", (0, None), (1, "Ada")) + talk("C2", (0, None), (1, "Bo"))
    found = table(talks, [order("C1", 2, 3, 90), {**order("C2", 2, 3), "amount": None}])
    assert cells(found, "conversion") == {"Ada": (1, 1), "Bo": (1, 1)}
    assert cells(found, "aov_amount") == {"Ada": (90, 1)}
    assert cells(found, "aov") == {"Ada": (1, 1)}
    assert cells(table(talks, [order("C1", 2, 3, 0)]), "aov") == {}


def test_a_refund_is_a_return_where_no_column_says_so() -> None:
    """Without a column for returns the date of a refund stands for one."""
    found = table(talk("C1", (0, None), (1, "Ada")), [order("C1", 2, 3, refunded_at=START + DAY), order("C1", 4, 5)])
    assert cells(found, "return_rate") == {"Ada": (0.5, 2)}


def test_the_period_is_part_of_the_unit() -> None:
    """Asked in two weeks, bought in the second: two inquiries week by week, one over both."""
    talks = talk("C1", (0, None), (1, "Ada")) + talk("C1", (0, None), (1, "Ada"), day=10)
    log = as_log(
        {"messages": numbered([*talks, *HORIZON]), "orders": numbered([order("C1", 14_410, 14_415)])}, "Asia/Shanghai"
    )
    observed = observe(build_facts(log))
    weeks = [
        {"period": "custom", "from": a, "to": b}
        for a, b in (("2026-04-15", "2026-04-21"), ("2026-04-22", "2026-04-28"), ("2026-04-15", "2026-04-28"))
    ]
    found = [kpi_table(observed, Scenario.of(week), ("shop",)).cell(0, "conversion") for week in weeks]
    assert [(cell.value, cell.n) for cell in found] == [(0, 1), (1, 1), (1, 1)]


def test_nobody_asked_nobody_bought() -> None:
    """Orders without a single visitor are no error: empty sums."""
    none, some = np.array([], dtype=np.int64), np.array([0], dtype=np.int64)
    found = sales(
        Visits(none, none, none),
        Voices(none, none, none),
        Orders(some - 1, some, some, some * 1.0, some * 1.0, some * 1.0),
        HOUR,
        DAY,
    )
    assert (len(found.row), found.pending, float(found.sums["inquirers"].sum())) == (0, 0, 0)


def test_a_period_without_visitors_is_unavailable_not_an_error() -> None:
    """Days on which only agents opened conversations: conversion has no observations."""
    log = as_log(
        {"messages": numbered(talk("C1", (0, "Ada"), (5, None))), "orders": numbered([order("C1", 1, 2)])}, "UTC"
    )
    cell = kpi_table(observe(build_facts(log)), by=("shop",)).cell(0, "conversion")
    assert cell.reason == "no_observations"
