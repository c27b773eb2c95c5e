"""The indicator system: every KPI has its place, gaps are named, and the goals' shares add up."""

from __future__ import annotations

import pytest

from core.indicators import KINDS, coverage, indicators
from core.ingest import InputFile, load
from core.metrics import ASPECTS, GOALS, METRICS
from core.recompute import recompute
from core.scenario import Scenario
from core.text import LANGUAGES, Text
from tests import shop

FEW = b"Conversation ID,Agent,Started at,First reply at\n" + b"".join(
    b"c%d,Ann,2026-03-%02d 09:00:00,2026-03-%02d 09:01:00\n" % (n, n % 28 + 1, n % 28 + 1) for n in range(60)
)


def test_every_kpi_has_its_place() -> None:
    """Whatever is no mere count serves a goal; dimensions and goals are known ones and named in both languages."""
    for metric in METRICS:
        assert (metric.goal == "") == (metric.group == "volume"), metric.key
        assert metric.goal in ("", *GOALS)
        assert metric.dimension in ("", *ASPECTS)
        assert not (metric.group == "business" and metric.dimension)
    for language in LANGUAGES:
        assert all(Text(language)(f"indicators.{kind}.{name}") for kind, names in KINDS.items() for name in names)


def test_the_goals_shares_add_up() -> None:
    """By default the customer has 0.3·70 % + 0.4, revenue 0.3, cost the rest; in effect the shares of the sample add up to 1 as well."""
    report = recompute(shop.log(), Scenario())
    goals = coverage(indicators(report.measured.shop, report.scores), "goal").set_index("name")
    assert goals["share"].to_dict() == pytest.approx({"customer": 0.3 * 0.7 + 0.4, "revenue": 0.3, "cost": 0.3 * 0.3})
    assert goals["effective"].sum() == pytest.approx(1)
    assert set(goals["status"]) == {"covered"}


def test_what_lacks_weight_or_data_is_said() -> None:
    """Quality review without weight leaves communication to be weighed; a log of waits knows neither attitude nor revenue."""
    report = recompute(shop.log(), Scenario.of({"w_qa_score": 0}))
    found = coverage(indicators(report.measured.shop, report.scores), "dimension").set_index("name")
    assert found.loc["communication", "status"] == "not_weighed"
    assert "qa_score" in found.loc["communication", "unweighed"]
    assert found.loc["communication", "share"] == 0
    report = recompute(load([InputFile("few.csv", FEW)]), Scenario())
    found = indicators(report.measured.shop, report.scores)
    states = {kind: coverage(found, kind).set_index("name")["status"].to_dict() for kind in KINDS}
    assert states["dimension"] == {"attitude": "no_data", "knowledge": "no_data", "communication": "no_data", "efficiency": "covered"}
    assert states["goal"]["revenue"] == "no_data"
    assert found["effective"].isna().all()


def test_neither_weight_nor_data_is_missing() -> None:
    """Where the weight is taken away and the log has nothing, the dimension is missing."""
    report = recompute(load([InputFile("few.csv", FEW)]), Scenario.of({"w_qa_score": 0}))
    found = coverage(indicators(report.measured.shop, report.scores), "dimension").set_index("name")
    assert found.loc["communication", "status"] == "missing"
