"""Every figure twice: by the engine, and by the independent oracle in plain SQL (see tests/oracle.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from core.engine.observe import FCR_RULES, OWNERS
from core.errors import InputError
from tests import shop
from tests.engine.comparing import Comparison, compare
from tests.strategies import Sample, samples

FUZZ = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


SWITCHES = st.fixed_dictionaries(
    {
        "fcr_rule": st.sampled_from(FCR_RULES), "owner": st.sampled_from(OWNERS), "repeat_same_issue": st.booleans(),
        "fcr_h": st.sampled_from((24, 72, 168)), "repeat_d": st.sampled_from((1, 3, 7)), "conversion_d": st.sampled_from((1, 3, 7)),
        "within_s": st.sampled_from((1, 30, 600)),
    }
)  # fmt: skip


def _compared(sample: Sample, **rules: Any) -> Comparison:
    """The comparison; logs of nothing but notices hold no conversation and are refused by the engine: another sample, please."""
    try:
        return compare(sample.tables, sample.zone, **rules)
    except InputError as error:
        assume(error.issue.code != "no_conversations")
        raise


@given(samples())
@FUZZ
def test_random_logs_give_the_oracles_figures(sample: Sample) -> None:
    """Every KPI of every agent and of the shop is the oracle's, on logs full of edges, in zones with and without clock changes."""
    found = _compared(sample)
    assert not found.differences
    assert found.cells > 30


@given(samples(), SWITCHES)
@FUZZ
def test_every_switch_gives_the_oracles_figures(sample: Sample, switches: dict[str, Any]) -> None:
    """The same under every rule of first-contact resolution, every owner, and other windows."""
    assert not _compared(sample, **switches).differences


def test_the_sample_shop_gives_the_oracles_figures() -> None:
    """All KPIs of all agents of the sample shop, read by the real import, are the oracle's."""
    log = shop.log()
    tables = {name: table.to_pylist() for name, table in log.tables.items() if not isinstance(table, Path)}
    found = compare(tables, log.zone, log=log)
    assert not found.differences
    assert found.cells > 800


def test_messages_alone_give_the_oracles_figures() -> None:
    """Messages without the conversation file, and without their conversation ids (cut where 24 hours are silent)."""
    rows = shop.log().tables["messages"].slice(0, 6000).to_pylist()  # type: ignore[union-attr]
    assert not compare({"messages": rows}, "Asia/Shanghai").differences
    assert not compare({"messages": [{**row, "conversation_id": None} for row in rows]}, "Asia/Shanghai").differences
