"""The page for a talk: comparisons in the right direction, doubt that travels with the grade, nothing claimed that was not tested."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from core.metrics import BY_KEY, SCORED
from core.recompute import Report, judge, measure
from core.scenario import Scenario
from core.scoring import GRADES, INSUFFICIENT, grade
from core.talk import FIRM, Company, Talk, company, payroll, talk
from core.views import SURE
from tests import shop


@cache
def told(period: str = "28d") -> tuple[Report, Company]:
    """The sample shop and what its cards share."""
    scenario = Scenario.of({"period": period})
    measured = measure(shop.observed(), scenario)
    report = Report(measured, *judge(measured, scenario), scenario)
    return report, company(report)


@cache
def everybody(period: str = "28d") -> tuple[Talk, ...]:
    """All pages."""
    report, beside = told(period)
    return tuple(talk(report, agent, beside) for agent in report.scores.names)


def test_strengths_are_on_the_good_side_and_firm() -> None:
    """A way is told only with evidence after correction, and its sign is the KPI's own good direction."""
    seen = 0
    for one in everybody():
        for row in one.peers.itertuples():
            if row.way:
                assert row.verdict in FIRM
                assert np.sign(row.value - row.expected) * BY_KEY[row.key].better == row.way
                assert row.low <= row.change <= row.high
                seen += 1
            if row.expected > 0 and row.effect == "ratio":
                assert row.change == pytest.approx(row.value / row.expected - 1)
        for row in one.past.itertuples():
            assert row.way == 0 or (row.verdict in FIRM and np.sign(row.difference) * BY_KEY[row.key].better == row.way)
    assert seen >= 5


def test_the_planted_fast_but_empty_agent_is_fast_and_not_good() -> None:
    """Tom Baker: first response is a strength, first-contact resolution and courtesy are not."""
    one = next(each for each in everybody() if each.receipt.agent == "Tom Baker")
    ways = dict(zip(one.peers["key"], one.peers["way"], strict=True))
    assert (ways["first_response"], ways["fcr"], ways["courtesy"]) == (1, -1, -1)


def test_only_kpis_that_count_are_on_the_page() -> None:
    """What does not count for the grade is no strength and no weakness."""
    for one in everybody():
        lines = set(one.receipt.lines["key"])
        assert set(one.peers["key"]) == lines
        assert set(one.past["key"]) <= lines


def test_what_cannot_be_said_follows_from_the_figures() -> None:
    """Wide, unsure, alike and few stand exactly where interval, probability, pairs and missing KPIs say so."""
    report, beside = told()
    for one in everybody():
        codes = {limit.code: limit.facts for limit in one.limits}
        if one.receipt.grade == INSUFFICIENT:
            assert codes["no_grade"]["reason"] == one.receipt.reason
            continue
        ends = [grade(end, report.scores.bands) for end in (one.receipt.low, one.receipt.high)]
        assert ("wide" in codes) == (ends[0] != ends[1])
        assert ("unsure" in codes) == (one.receipt.probability[one.receipt.grade] < SURE)
        assert codes.get("alike", {"n": 0})["n"] == len(beside.apart.alike[one.receipt.agent])
        heaviest = report.scores.weights[report.scores.names.index(one.receipt.agent)].max()
        assert ("one_kpi" in codes) == (heaviest > 0.5)
        nominal = dict(zip(report.scores.keys, report.scores.nominal, strict=True))
        lost = sum(nominal[key] for key in one.receipt.missing["key"])
        assert codes.get("few", {"share": 0.0})["share"] == pytest.approx(lost)


def test_a_log_without_an_earlier_period_is_not_the_agents_fault() -> None:
    """Over the whole log nobody has a past; over four weeks only who did not work before."""
    assert all("no_past" in {limit.code for limit in one.limits} for one in everybody("all"))
    codes = {one.receipt.agent: {limit.code for limit in one.limits} for one in everybody()}
    assert not any("no_past" in each for each in codes.values())
    assert "new" in codes["Shen Yi"]


def test_no_grade_leaves_for_pay_without_its_doubt() -> None:
    """Probabilities sum to one, the interval holds the score, warnings are those of the card; without a grade there is no score."""
    report, beside = told()
    frame = payroll(report, beside)
    assert frame["agent"].tolist() == sorted(report.scores.names)
    graded = frame[frame["grade"] != INSUFFICIENT]
    assert graded[[f"p_{letter}" for letter in GRADES]].sum(axis=1).to_numpy() == pytest.approx(np.ones(len(graded)))
    assert ((graded["low"] <= graded["score"]) & (graded["score"] <= graded["high"])).all()
    rest = frame[frame["grade"] == INSUFFICIENT]
    assert rest["score"].isna().all()
    assert all("no_grade" in codes for codes in rest["warnings"])
    cards = {one.receipt.agent: {limit.code for limit in one.limits} for one in everybody()}
    for row in frame.itertuples():
        assert set(row.warnings) == cards[row.agent] & {"no_grade", "wide", "unsure", "one_kpi", "alike", "few"}


def test_ratings_are_those_of_the_period() -> None:
    """Four weeks hold fewer sheets than the whole log, and nobody has sheets from outside."""
    few, all_ = (told(period)[1].ratings for period in ("28d", "all"))
    assert 0 < few.persons < all_.persons
    assert set(told()[1].mixes) == {each.key for each in SCORED}


def test_a_kpi_that_decides_alone_is_named() -> None:
    """With business at ten times the other groups, conversion makes up most of a score, and the page says for whom."""
    knobs = {"period": "28d", "w_business": 100, "w_quality": 20, "w_efficiency": 10}
    scenario = Scenario.of(knobs)
    measured = told()[0].measured
    report = Report(measured, *judge(measured, scenario), scenario)
    beside = company(report)
    found = {agent: {limit.code: limit.facts for limit in talk(report, agent, beside).limits} for agent in report.scores.names}
    named = {agent: codes["one_kpi"] for agent, codes in found.items() if "one_kpi" in codes}
    assert named
    assert {facts["key"] for facts in named.values()} == {"conversion"}
    assert all(facts["share"] > 0.5 for facts in named.values())
