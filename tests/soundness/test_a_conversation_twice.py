"""A conversation file that names an id twice once counted the conversation twice, and multiplied whatever was joined to it."""

from __future__ import annotations

import pyarrow as pa

from core.engine import build_facts, observe
from core.kpis import kpi_table
from core.log import Log

HOUR = 3_600_000


def test_an_id_that_stands_twice_is_one_conversation_and_the_last_row_counts():
    """Two rows of one id are one conversation, with what the later row says."""
    table = pa.table(
        {
            "conversation_id": ["a", "a", "b"],
            "agent_id": ["x", "x", "y"],
            "started_at": [HOUR] * 3,
            "csat": [1.0, 5.0, 4.0],
            "seq": [0, 1, 2],
        }
    )
    shop = kpi_table(observe(build_facts(Log("d", "UTC", {"conversations": table}))), by=("shop",))
    assert shop.cell(0, "conversations").value == 2
    assert shop.cell(0, "csat_mean").value == 4.5
