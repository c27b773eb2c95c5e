"""Who rates whom how: agreement by hand, persons with too few ratings, and sheets of other raters left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.agreement import agreement, krippendorff_alpha
from core.engine import build_facts, observe
from core.engine.reviews import rated_by
from core.ingest import Choices, InputFile, load
from core.kpis import kpi_table

SHEETS = """Agent,Criterion,Score,Max,Rater type,Reviewed at
Ann,tone,4,5,自评,2024-03-05
Ann,tone,3,5,上级,2024-03-05
Ann,tone,5,5,同事,2024-03-06
Ann,tone,1,5,质检,2024-03-06
Bo,tone,2,5,peer,2024-03-05
"""
TALKS = "Agent,Started at,First reply\nAnn,2024-03-05 10:00,2024-03-05 10:01\nBo,2024-03-06 10:00,2024-03-06 10:01\n"


def test_raters_in_words_are_told_apart() -> None:
    """Self, superior and colleague make the 360 rating, quality reviewers and superiors the QA score; nobody is lost."""
    log = load([InputFile("r.csv", SHEETS.encode()), InputFile("c.csv", TALKS.encode())], Choices(zone="Asia/Shanghai"))
    facts = build_facts(log)
    table = kpi_table(observe(facts))
    row = table.row("Ann")
    assert (table.cell(row, "peer_review").value, table.cell(row, "peer_review").n) == (pytest.approx(80), 3)
    assert (table.cell(row, "qa_score").value, table.cell(row, "qa_score").n) == (pytest.approx(40), 2)
    found = rated_by(facts)
    assert sorted(found["rater_type"]) == ["peer", "peer", "self", "superior"]
    ann = agreement(found).rows.set_index("agent").loc["Ann"]
    assert (ann["self"], ann["others"], ann["others_n"]) == (pytest.approx(80), pytest.approx(80), 2)
    assert np.isnan(ann["gap"])


def test_alpha_of_the_textbook_numbers() -> None:
    """Two raters, twelve persons, one off by one now and then: Do and De worked out by hand."""
    first = [1, 2, 3, 3, 2, 1, 4, 1, 2, 5, 3, 4]
    second = [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 3, 3]
    units = np.tile(np.arange(12), 2)
    values = np.array(first + second, dtype=float)
    observed = np.mean((np.array(first) - np.array(second)) ** 2.0)
    pairs = (values[:, None] - values[None, :]) ** 2
    expected = pairs.sum() / (24 * 23)
    assert krippendorff_alpha(units, values) == pytest.approx(1 - observed / expected)


def test_alpha_with_unequal_numbers_of_ratings() -> None:
    """Pairs within a person weigh 1 / (ratings − 1), and a person rated once is left out."""
    units, values = ["a", "a", "a", "b", "b", "c"], [1.0, 2.0, 3.0, 7.0, 9.0, 100.0]
    kept = np.array(values[:5])
    observed = ((1 + 4 + 1) * 2 / 2 + 4 * 2 / 1) / 5
    expected = ((kept[:, None] - kept[None, :]) ** 2).sum() / (5 * 4)
    assert krippendorff_alpha(units, values) == pytest.approx(1 - observed / expected)


def test_gap_between_self_and_others_has_an_interval() -> None:
    """Who rates himself ten points higher is seen once there are three ratings on both sides."""
    rng = np.random.default_rng(1)
    rows = [("Ann", "self", 90 + rng.normal()) for _ in range(4)] + [("Ann", "peer", 80 + rng.normal()) for _ in range(6)]
    found = agreement(pd.DataFrame(rows, columns=["agent", "rater_type", "value"])).rows.iloc[0]
    assert found["gap_low"] < 10 < found["gap_high"]
    assert found["gap_low"] > 5


def test_few_persons_have_no_alpha() -> None:
    """Below five persons agreement is not stated."""
    frame = pd.DataFrame({"agent": ["a", "a"], "rater_type": ["self", "peer"], "value": [1.0, 2.0]})
    assert np.isnan(agreement(frame).alpha)
    assert agreement(frame.iloc[:0]).rows.empty
