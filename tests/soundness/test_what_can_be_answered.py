"""What the Data page promises is what the KPI table gives."""

from __future__ import annotations

from core.engine import build_facts, observe
from core.ingest import InputFile, answers, load
from core.kpis import kpi_table

MESSAGES = """conversation_id,sender,sent_at,agent_id
c1,customer,2024-03-05 10:00:00,
c1,agent,2024-03-05 10:01:00,Ann
c1,agent,2024-03-05 10:02:00,Bo
"""


def test_transfers_seen_in_messages_can_be_answered() -> None:
    """Two agents in one conversation are a transfer: the rate has a value, so the page may not say that transfers cannot be answered."""
    log = load([InputFile("m.csv", MESSAGES.encode())])
    assert {each.capability: each.possible for each in answers(log)}["transfers"]
    assert kpi_table(observe(build_facts(log)), by=("shop",)).cell(0, "transfer_rate").value == 1
