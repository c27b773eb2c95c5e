"""Redrawn days in closed form: agreeing with days that are really redrawn, day by day and figure by figure."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from core.engine import Observed, build_facts, observe
from core.grouped import Grouped
from core.kpis import KpiTable, kpi_table
from core.log import Log
from core.metrics import SCORED, metric
from core.resampling import influences, redrawn
from core.scenario import Scenario
from core.scoring import persons
from tests import shop

KEYS = [each.key for each in SCORED]
DAY_MS, FIRST, DAYS, A_DAY = 86_400_000, 19_723, 60, 12


@cache
def observed(busy: float) -> Observed:
    """Two agents over sixty days; on a busy day all waits are longer and ratings are worse."""
    rng = np.random.default_rng(11)
    day = np.repeat(np.arange(DAYS), 2 * A_DAY)
    bad = rng.normal(0, busy, DAYS)[day]
    log_wait = np.log(80) + bad + rng.normal(0, 0.8, len(day))
    start = (FIRST + day) * DAY_MS + 3_600_000 * 2 + rng.integers(0, 3_600_000, len(day))
    liked = rng.random(len(day)) < 1 / (1 + np.exp(-1.5 + bad))
    table = pa.table({
        "seq": np.arange(len(day)), "file_row": np.arange(len(day)), "conversation_id": [str(each) for each in range(len(day))],
        "agent_id": ["Ann", "Bo"] * (len(day) // 2), "started_at": start,
        "first_human_reply_at": start + (np.exp(log_wait) * 1000).astype(np.int64), "csat": np.where(liked, 5.0, 1.0),
    })  # fmt: skip
    return observe(build_facts(Log(f"busy {busy}", "Asia/Shanghai", {"conversations": table})))


def table_of(seen: Observed) -> KpiTable:
    """Its KPI table by agent."""
    return persons(kpi_table(seen))


def brute(seen: Observed, key: str, draws: int = 1500) -> NDArray[np.float64]:
    """Ann's figure with days really drawn with replacement and every observation counted again."""
    found, rng = metric(key), np.random.default_rng(2)
    view = Grouped(seen, Scenario(), ("agent",), table_of(seen).period)
    chosen = rng.multinomial(DAYS, np.full(DAYS, 1 / DAYS), draws)
    if found.statistic == "median":
        groups, values, day = view.singles_by_block(found.measure.source, found.measure.values, DAYS)
        mine = groups == 0
        return np.array([np.median(np.repeat(values[mine], often[day[mine]])) for often in chosen])
    cells, sums = view.by_block(found.measure.source, found.measure.columns, DAYS)
    total, count = (np.bincount(cells[cells < DAYS], column[cells < DAYS], DAYS) for column in sums)
    return np.asarray((chosen @ total) / (chosen @ count))


@pytest.mark.parametrize("key", ["first_response", "satisfaction", "response_rate_24h"])
@pytest.mark.parametrize("busy", [0.0, 0.6])
def test_draws_spread_as_redrawn_days_do(key: str, busy: float) -> None:
    """Standard deviation over the draws within a fifth of the brute force, with and without busy days."""
    seen = observed(busy)
    drawn = redrawn(seen, Scenario(), table_of(seen), 4000)[:, 0, KEYS.index(key)]
    wanted = brute(seen, key).std()
    if wanted == 0:  # everybody was answered: only Wilson knows that this may be luck
        assert 0 < drawn.std() < 0.01
    else:
        assert drawn.std() == pytest.approx(wanted, rel=0.2)


def test_what_suffers_on_the_same_days_moves_together() -> None:
    """Long waits and bad ratings of the same days come in the same draws; without busy days they do not."""
    wait, liked = KEYS.index("first_response"), KEYS.index("satisfaction")
    for busy, low, high in ((0.6, -1.0, -0.4), (0.0, -0.35, 0.35)):
        drawn = redrawn(observed(busy), Scenario(), table_of(observed(busy)), 2000)
        assert low <= np.corrcoef(drawn[:, 0, wait], drawn[:, 0, liked])[0, 1] <= high


def test_agents_share_their_days() -> None:
    """A busy day is one for both agents."""
    seen = observed(0.6)
    drawn = redrawn(seen, Scenario(), table_of(seen), 2000)[:, :, KEYS.index("first_response")]
    assert np.corrcoef(drawn, rowvar=False)[0, 1] > 0.5


def test_the_days_of_a_figure_add_up_to_nothing() -> None:
    """What single days did to a figure cancels out, for every agent and KPI of the sample shop."""
    table = persons(kpi_table(shop.observed()))
    found = influences(shop.observed(), Scenario(), table)
    assert found.shape[:2] == (len(table), len(SCORED))
    assert np.abs(found).sum() > 0
    assert np.abs(found.sum(axis=2)).max() <= 1e-6 * np.abs(found).sum(axis=2).max()


def test_a_draw_is_the_same_whatever_else_is_in_the_table() -> None:
    """Filters narrow the rows, not the figures of those who stay: a table of one team is redrawn without an error."""
    team = shop.observed().labels["team"][0]
    scenario = Scenario.of({"in_team": (team,)})
    table = persons(kpi_table(shop.observed(), scenario))
    drawn = redrawn(shop.observed(), scenario, table, 50)
    usable = np.array([[cell == "ok" for cell in row] for row in table.status[:, [table.place(key) for key in KEYS]]])
    assert drawn.shape == (50, len(table), len(SCORED))
    assert np.isfinite(drawn[:, usable]).all()
