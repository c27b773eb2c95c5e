"""How much data a question takes: textbook sizes, the log's own pace, and plans that keep what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import ScenarioError
from core.kpis import kpi_table
from core.metrics import metric
from core.pairs import fisher
from core.planner import QUESTIONS, Case, case_of, example, needed, scale_of, usual_change
from core.scenario import Scenario
from tests import shop


@pytest.mark.parametrize(
    ("level", "change", "per_period"), [(0.85, 0.02, 4720), (0.85, 0.05, 681), (0.85, 0.08, 233), (0.90, 0.05, 424)]
)
def test_shares_per_period(level: float, change: float, per_period: int) -> None:
    """Sample sizes of a share at 80 % power, as the literature's arcsine formula has them."""
    found = needed(Case("satisfaction", "periods", "share", level, float("nan"), per_week=100), change)
    assert (found.first, found.second) == (per_period, per_period)
    assert found.weeks == np.ceil(per_period / 100)


@pytest.mark.parametrize(("tests", "fridays", "others"), [(1, 198, 792), (5, 294, 1176)])
def test_a_quarter_longer_on_fridays(tests: int, fridays: int, others: int) -> None:
    """+25 % on Fridays at a log-sd of 1: sessions on Fridays and on the four other days, alone and among five tests."""
    found = needed(Case("first_response", "weekday", "log", 60.0, 1.0, per_week=50, part=0.2), 0.25, tests)
    assert (found.first, found.second) == (fridays, others)
    assert found.weeks == np.ceil(fridays / 10)


def test_a_weekday_is_never_judged_from_fewer_than_eight() -> None:
    """A busy shop gathers the cases in one Friday, and waits for eight all the same."""
    busy = Case("first_response", "weekday", "log", 60.0, 1.0, per_week=5000, part=0.2)
    assert needed(busy, 0.25).weeks == 8


def test_restless_days_and_smaller_differences_cost_more() -> None:
    """Twice the design effect is twice the data; half the difference about four times; more tests more; the other way round agrees."""
    case = example("satisfaction", "periods")
    one = needed(case, 0.05)
    assert needed(replace(case, design=2.0), 0.05).first == pytest.approx(2 * one.first, abs=1)
    assert needed(case, 0.025).first == pytest.approx(4 * one.first, rel=0.1)
    assert needed(case, 0.05, tests=10).first > 1.5 * one.first
    assert needed(replace(case, weeks=2 * one.first / case.per_week), 0.05).smallest == pytest.approx(0.05, rel=0.01)


def test_what_cannot_be_has_no_plan() -> None:
    """A share above 100 % is refused with NaN, no change is never seen, and below the least cases nothing is judged."""
    case = example("satisfaction", "agents")
    assert np.isnan(needed(case, 0.2).first)
    assert needed(case, 0.0).first == np.inf
    assert needed(case, 0.149).first == case.least == 30


def test_the_plan_keeps_its_promise() -> None:
    """So many ratings of two agents at 85 % and 93 % are told apart by the app's own test in about 80 % of logs."""
    n = int(needed(Case("satisfaction", "agents", "share", 0.85, float("nan")), 0.08).first)
    rng = np.random.default_rng(5)
    p = fisher(rng.binomial(n, 0.85, 2000), np.full(2000, n), rng.binomial(n, 0.93, 2000), np.full(2000, n))
    assert 0.77 < (p < 0.05).mean() < 0.85


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_log_says_level_and_pace(question: str) -> None:
    """Level and cases per week are those of the KPI table; one in three to four conversations is rated; a Friday is a fifth of a week."""
    case = case_of(shop.observed(), Scenario(), "satisfaction", question)
    table = kpi_table(shop.observed(), Scenario(), ("shop",))
    cell = table.cell(0, "satisfaction")
    assert case.level == pytest.approx(cell.value, abs=0.001)
    assert case.weeks == 12
    if question == "agents":
        assert case.per_week < cell.n / 12 / 20
    else:
        assert case.per_week == pytest.approx(cell.n / 12, rel=0.01)
    assert 0.25 < case.per_conversation < 0.35
    assert (case.part == 0.5) == (question != "weekday")
    assert 0.15 < case.part <= 0.5


def test_durations_are_planned_on_the_log_scale_with_the_logs_own_spread() -> None:
    """The level is the shop's median; days of the shop are restless, and an agent's less so."""
    table = kpi_table(shop.observed(), Scenario(), ("shop",))
    shops = case_of(shop.observed(), Scenario(), "first_response", "periods")
    assert shops.level == pytest.approx(table.cell(0, "first_response").median, rel=0.01)
    assert 0.4 < shops.spread < 0.9
    assert shops.design > case_of(shop.observed(), Scenario(), "first_response", "agents").design >= 1


def test_what_the_log_cannot_say_has_a_reason() -> None:
    """Counts are no figures to compare; transfers belong to the queue; words nobody knows are refused."""
    assert case_of(shop.observed(), Scenario(), "conversations").reason == "not_a_rate"
    assert case_of(shop.observed(), Scenario(), "transfer_time").reason == "no_data"
    with pytest.raises(ScenarioError):
        case_of(shop.observed(), Scenario(), "satisfaction", "forever")
    with pytest.raises(ScenarioError):
        case_of(shop.observed(), Scenario(), "no_such")


@pytest.mark.parametrize(("key", "size"), [("satisfaction", 0.03), ("first_response", -0.1), ("qa_score", 3.0)])
def test_the_change_offered_is_the_margin_to_the_better(key: str, size: float) -> None:
    """Three points of a share, a tenth of a duration, three points of a quality score."""
    case = example(key, "periods")
    assert usual_change(case, Scenario()) == pytest.approx(size)
    assert scale_of(metric(key)) == case.scale
