"""Frames and counts of the fair comparison: orders, directions and sides come out as they are read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core import comparisons, fair
from core.dialects import flips
from core.engine import Observed, build_facts, observe
from core.fair import Shrinkage
from core.ingest import Choices, InputFile, load
from core.metrics import METRICS
from core.scenario import Scenario
from tests import shop


@pytest.fixture(scope="module")
def seen() -> Observed:
    """The sample shop."""
    return shop.observed()


def _standing(names: str, status: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"agent": list(names), "value": np.linspace(0.9, 0.5, len(names)), "status": status})


def test_who_is_not_reliable_enough_stands_below_by_name() -> None:
    """Placed agents keep their order, the others follow by name, then too few, then nobody's figure."""
    frame = _standing("dbacef", ["ok", "ok", "ok", "ok", "too_few", "unavailable"])
    rows = pd.DataFrame({"agent": list("dbacef"), "shrunken": 0.7, "reliability": [0.6, 0.8, 0.5, 0.9, 0.9, np.nan]})
    rows["orderable"] = rows["reliability"].fillna(0) >= 0.7
    found = comparisons.ordered(frame, Shrinkage(rows, 0.7, 0.1, 50.0, "beta_binomial"))
    assert found["agent"].tolist() == ["b", "c", "a", "d", "e", "f"]
    assert found["placed"].tolist() == [True, True, False, False, False, False]


def test_without_reliability_the_order_stays() -> None:
    """Fewer than five agents: everybody with enough data is placed as before."""
    none = Shrinkage(pd.DataFrame(), np.nan, np.nan, np.nan, "", "too_few_agents")
    found = comparisons.ordered(_standing("ba", ["ok", "ok"]), none)
    assert (found["agent"].tolist(), found["placed"].all()) == (["b", "a"], True)


@pytest.mark.parametrize(("better", "front"), [(-1, "a"), (1, "b")])
def test_a_swap_is_told_from_who_is_ahead_on_the_same_work(better: int, front: str) -> None:
    """Lower is better or higher is better: the front one's differences carry their sign and ends in order."""
    raw = {"crude": 10.0, "crude_low": 3.0, "crude_high": 17.0}
    within = {"within": -16.0, "within_low": -25.0, "within_high": -8.0}
    pair = {"a": "a", "b": "b", "overlap": 1.0, "finding": "reversed"} | raw | within
    found = comparisons.flipped(pd.DataFrame([pair]), better).iloc[0]
    assert found["front"] == front
    assert better * found["within"] > 0 > better * found["raw"]
    assert found["raw_low"] < found["raw"] < found["raw_high"]
    assert found["within_low"] < found["within"] < found["within_high"]


def test_the_same_work_has_no_interval_from_too_few(seen: Observed) -> None:
    """Six conversations keep raw and adjusted figures, without interval, and stand below the judged."""
    rows = comparisons.mix_rows(fair.mixed(seen, Scenario(), "first_response"))
    few = rows[rows["status"] == "too_few"]
    assert few["low"].isna().all()
    assert rows["agent"].tolist()[-len(few) :] == few["agent"].tolist()
    assert rows.iloc[0]["agent"] == "Deng Yu"
    assert "Deng Yu" in comparisons.excused(rows, -1)["agent"].tolist()


def test_a_pair_on_the_same_work_is_turned_as_it_was_asked(seen: Observed) -> None:
    """B − A is minus A − B, ends swapped; the chance to be better adds up to one."""
    one, other = (fair.duel(seen, Scenario(), "first_response", *pair) for pair in (("Lin Xiao", "Zhao Min"), ("Zhao Min", "Lin Xiao")))
    here, there = comparisons.within_pair(one), comparisons.within_pair(other)
    assert here is not None
    assert there is not None
    assert here["within"] == pytest.approx(-there["within"])
    assert (here["within_low"], here["within_high"]) == pytest.approx((-there["within_high"], -there["within_low"]))
    assert comparisons.chance_better(one.row, -1)[0] + comparisons.chance_better(other.row, -1)[0] == pytest.approx(1)


def test_every_speed_on_the_plane_has_a_counterpart() -> None:
    """What may be laid beside quality is what the catalogue declares."""
    assert comparisons.paired() == tuple(m.key for m in METRICS if m.counter)


def test_counts_of_flips_are_the_flips(seen: Observed) -> None:
    """Causes and sides add up to all conversations that flip; waits are compared where a platform knows no rate."""
    found = flips(seen, Scenario(), "tiktok_24h", "taobao_3min")
    counted = comparisons.flip_counts(found)
    assert counted["n"].sum() == len(found)
    assert set(counted.loc[counted["cause"] == "left_out", "side"]) == {"a", "b"}
    waits = flips(seen, Scenario(), "gorgias", "chatwoot")
    assert set(waits["outcome_a"]) <= {"timed", "no_wait", "left_out"}
    assert (waits["cause"] == "clock").any()
    same = waits[(waits["outcome_a"] == "timed") & (waits["outcome_b"] == "timed")]
    assert not np.isclose(same["wait_a"], same["wait_b"]).any()


def test_conversations_made_of_customers_are_masked_in_the_flips() -> None:
    """A log without conversation ids: no customer stands in a flip in the clear."""
    rows = "".join(f"alice{n},customer,2024-03-05 10:{n:02d}:00,\nalice{n},agent,2024-03-05 10:{n + 5:02d}:00,Ann\n" for n in range(20))
    text = "customer_id,sender,sent_at,agent_id\n" + rows
    log = load([InputFile("m.csv", text.encode())], Choices(zone="Asia/Shanghai"))
    found = flips(observe(build_facts(log)), Scenario(), "tiktok_24h", "jd_30s")
    assert len(found) == 20
    assert not found["conversation"].str.contains("alice").any()
