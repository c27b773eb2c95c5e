"""What a decision does and how far it decides: counts, edges, groups too close to call, warnings; by hand and against the parts."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core import sensitivity
from core.metrics import GROUPS, SCORED
from core.robustness import Doubt
from core.scenario import Scenario
from core.scoring import INSUFFICIENT, Scores, grade
from core.weights import Card, Space

BANDS = {"A": 90.0, "B": 75.0, "C": 60.0}
KEYS = tuple(metric.key for metric in SCORED)


def scored(points: dict[str, dict[str, float]], nominal: dict[str, float]) -> Scores:
    """Scores of agents with some KPIs, weighted plainly; who has nothing is not graded."""
    weights = np.array([nominal.get(key, 0.0) for key in KEYS])
    found = np.array([[own.get(key, np.nan) for key in KEYS] for own in points.values()])
    used = np.where(np.isnan(found), 0.0, weights)
    shares = used / np.maximum(used.sum(axis=1, keepdims=True), 1e-12)
    parts = shares * np.nan_to_num(found)
    total = np.where(used.any(axis=1), parts.sum(axis=1), np.nan)
    letters = np.array([INSUFFICIENT if np.isnan(one) else grade(float(one), BANDS) for one in total], dtype=object)
    shape, size = np.full(found.shape, np.nan), len(points)
    return Scores(
        names=tuple(points), keys=KEYS, values=shape, points=found, weights=shares, contributions=parts,
        groups=np.full((size, len(GROUPS)), np.nan), score=total, grade=letters, reason=np.full(size, "", dtype=object),
        nominal=weights, bands=BANDS, conversations=np.full(size, 100.0),
    )  # fmt: skip


def unsure(scores: Scores, spread: float, draws: int = 2_000) -> Doubt:
    """Doubt of independent normal scores of one spread."""
    drawn = scores.score + np.random.default_rng(5).normal(scale=spread, size=(draws, len(scores.names)))
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    edges = [np.inf, *BANDS.values(), -np.inf]
    chance = {g: ((drawn < edges[at]) & (drawn >= edges[at + 1])).mean(axis=0) for at, g in enumerate("ABCD")}
    return Doubt(low, high, chance, drawn)


def alone(**scores: float) -> Scores:
    """Agents with one KPI each, which is the whole score."""
    return scored({name: {"satisfaction": value} for name, value in scores.items()}, {"satisfaction": 1.0})


def compared(frame: pd.DataFrame, tau: float = 1.0) -> Any:
    """A what-if of a frame."""
    splits = [name for name in frame.columns if name.startswith("by_") or name == "together"]
    return SimpleNamespace(frame=frame, splits=lambda: splits, agreement={"tau_b": tau})


LEDGER = pd.DataFrame({
    "agent": ["Li", "Wu", "He", "Xu"], "grade_a": ["B", "A", "C", INSUFFICIENT], "grade_b": ["A", "B", "C", INSUFFICIENT],
    "move": [6.0, -2.0, 0.0, np.nan], "by_weight": [4.0, -2.0, 0.0, np.nan], "by_target": [2.0, 0.0, 0.0, np.nan],
    "together": [0.0, 0.0, 0.0, np.nan],
})  # fmt: skip


def test_a_ledger_is_counted() -> None:
    """One up, one down, one winner, one loser, one unmoved; who has no grade is none of them; τ of 0.9 is not yet the same order."""
    found = sensitivity.moves(compared(LEDGER, 0.9))
    assert (found.graded, found.up, found.down, found.winners, found.losers, found.same) == (3, 1, 1, 1, 1, 1)
    assert found.largest == 6.0
    assert not found.same_order
    assert sensitivity.moves(compared(LEDGER, 0.91)).same_order


def test_a_lost_grade_is_a_move_down() -> None:
    """From a grade to none for lack of data."""
    frame = LEDGER.assign(grade_b=["B", INSUFFICIENT, "C", "D"])
    found = sensitivity.moves(compared(frame))
    assert (found.graded, found.up, found.down) == (2, 1, 1)


def test_bars_add_up_and_leave_out_what_does_nothing() -> None:
    """One row per agent and cause, gains first, without agents who stay and causes without effect."""
    rows = sensitivity.cause_rows(compared(LEDGER))
    assert rows["agent"].tolist() == ["Li", "Li", "Wu", "Wu"]
    assert set(rows["cause"]) == {"weight", "target"}
    assert rows.groupby("agent")["change"].sum().to_dict() == {"Li": 6.0, "Wu": -2.0}


def test_parts_of_a_move_add_up_and_weight_handed_on_is_no_gain() -> None:
    """From half and half to all on speed: an agent as good in both gains nothing, a faster one through both KPIs in the right sense."""
    own = {
        "Li": {"fcr": 80.0, "satisfaction": 80.0},
        "Wu": {"fcr": 90.0, "satisfaction": 50.0},
        "He": {"satisfaction": 70.0},
    }
    before, after = scored(own, {"fcr": 0.5, "satisfaction": 0.5}), scored(own, {"fcr": 0.75, "satisfaction": 0.25})
    found: Any = SimpleNamespace(scores_a=before, scores_b=after)
    assert sensitivity.kpi_parts(found, "Li").empty
    assert sensitivity.kpi_parts(found, "He").empty
    assert sensitivity.kpi_parts(found, "nobody").empty
    parts = sensitivity.kpi_parts(found, "Wu").set_index("key")["change"]
    assert parts.to_dict() == pytest.approx({"fcr": 5.0, "satisfaction": 5.0})
    assert parts.sum() == pytest.approx(after.score[1] - before.score[1])


@pytest.mark.parametrize(("score", "other"), [(90.0, "B"), (89.9, "A"), (75.2, "C"), (60.0, "D"), (59.0, "C")])
def test_the_other_side_of_an_edge_is_named(score: float, other: str) -> None:
    """Whoever stands at an edge has the grade behind it as the other one, from above and from below."""
    scores = alone(Li=score)
    found = sensitivity.near_edges(scores, unsure(scores, 1.0))
    assert found["other"].tolist() == [other]
    assert found["grade"].tolist() == [grade(score, BANDS)]


def test_the_nearest_edge_counts_and_the_middle_of_a_band_does_not() -> None:
    """Wide doubt reaches over two edges: the nearer one is named. Far from every edge there is no row."""
    scores = alone(Li=80.0, Wu=99.0)
    found = sensitivity.near_edges(scores, unsure(scores, 4.0))
    assert found[["agent", "edge"]].values.tolist() == [["Li", 75.0]]
    assert sensitivity.near_edges(alone(Li=82.0), unsure(alone(Li=82.0), 0.5)).empty


def test_who_is_far_apart_stands_alone_and_groups_overlap() -> None:
    """Neighbours within noise are a group, a gap ends it; an agent between two others can be in both groups."""
    scores = alone(Li=95.0, Wu=94.9, He=60.0, Xu=59.0, Yu=20.0)
    groups = sensitivity.not_told_apart(scores, unsure(scores, 1.0))
    assert groups == [("Li", "Wu"), ("He", "Xu"), ("Yu",)]
    chain = alone(Li=80.0, Wu=76.0, He=72.0)
    groups = sensitivity.not_told_apart(chain, unsure(chain, 1.6))
    assert groups == [("Li", "Wu"), ("Wu", "He")]
    assert sensitivity.places(groups) == [(1, 2), (2, 3)]


def test_who_has_no_grade_is_in_no_group() -> None:
    """Agents without data are neither alike nor at an edge."""
    scores = scored({"Li": {"satisfaction": 90.0}, "Wu": {}}, {"satisfaction": 1.0})
    doubt = unsure(replace(scores, score=np.array([90.0, 0.0])), 1.0)
    assert sensitivity.not_told_apart(scores, doubt) == [("Li",)]
    assert sensitivity.near_edges(scores, doubt)["agent"].tolist() == ["Li"]


def test_half_of_the_score_is_not_heavy_and_more_is() -> None:
    """The warning begins above one half, counted after missing KPIs have handed their weight on."""
    own = {"Li": {"satisfaction": 80.0, "fcr": 70.0}, "Wu": {"satisfaction": 60.0, "fcr": 90.0}}
    assert sensitivity.heavy(scored(own, {"satisfaction": 0.5, "fcr": 0.5})).empty
    lacking = own | {"He": {"satisfaction": 75.0}}
    found = sensitivity.heavy(scored(lacking, {"satisfaction": 0.5, "fcr": 0.5}))
    assert found["key"].tolist() == ["satisfaction"]
    assert found["effective"].tolist() == pytest.approx([2 / 3])


def test_speed_without_anything_that_shows_its_price() -> None:
    """First response alone is unguarded; with satisfaction beside it it is not; courtesy is no guard."""
    own = {
        "Li": {"first_response": 80.0, "satisfaction": 70.0, "courtesy": 50.0},
        "Wu": {"first_response": 60.0, "satisfaction": 90.0, "courtesy": 40.0},
    }
    assert sensitivity.unguarded(scored(own, {"first_response": 0.6, "courtesy": 0.4}))["key"].tolist() == [
        "first_response"
    ]
    assert sensitivity.unguarded(scored(own, {"first_response": 0.6, "satisfaction": 0.4})).empty


def test_the_tree_adds_up() -> None:
    """Nominal shares, effective shares and what each KPI decides add up to one; an unweighted KPI decides nothing."""
    own = {
        "Li": {"satisfaction": 80.0, "fcr": 70.0},
        "Wu": {"satisfaction": 60.0, "fcr": 90.0},
        "He": {"satisfaction": 95.0, "fcr": 20.0},
    }
    knobs = {f"w_{key}": 0 for key in KEYS} | {
        "w_satisfaction": 50,
        "w_fcr": 50,
        "w_business": 0,
        "w_quality": 40,
        "w_efficiency": 60,
    }
    tree = sensitivity.weight_tree(scored(own, {"satisfaction": 0.4, "fcr": 0.6}), Scenario.of(knobs)).set_index("key")
    assert tree["of_total"].sum() == pytest.approx(1)
    assert tree["effective"].sum() == pytest.approx(1)
    assert tree["decides"].sum() == pytest.approx(1)
    assert tree.loc["conversion", "decides"] == 0
    assert sensitivity.decisive(tree.reset_index()).key == "fcr"  # type: ignore[union-attr]


def test_the_map_marks_the_present_weights_and_shares_add_up() -> None:
    """Exactly one point is the present one, nearest to the group weights; shares of who is first add up to one."""
    points = np.full((2, len(KEYS)), np.nan)
    for at, key in enumerate(("first_response", "satisfaction", "conversion")):
        points[:, KEYS.index(key)] = [(100.0, 0.0, 50.0)[at], (0.0, 100.0, 50.0)[at]]
    nominal = np.zeros(len(KEYS))
    nominal[[KEYS.index(key) for key in ("first_response", "satisfaction", "conversion")]] = 0.6, 0.3, 0.1
    card = Card(("Li", "Wu"), points, nominal, BANDS, np.zeros(2), np.full((2, len(KEYS)), np.nan))
    frame = sensitivity.weight_map(card)
    here = frame[frame["here"]]
    assert here[list(GROUPS)].to_numpy().tolist() == [pytest.approx([0.6, 0.3, 0.1])]
    shares = sensitivity.map_shares(frame, "first")
    assert sum(shares.values()) == pytest.approx(1)
    assert set(shares) == {"Li", "Wu"}


def test_standing_and_chances_agree_with_each_other(reported_sample: Any) -> None:
    """The chance of the present grade is the same in both frames; chances of all grades add up to one for every source of doubt."""
    measured, scores, doubt = reported_sample
    sure = sensitivity.sureness(measured, Scenario(), Space("around"), (500, 40))
    standing = sensitivity.standings(sure, scores, doubt)
    chances = sensitivity.chances(sure, scores, doubt)
    assert chances.groupby(["agent", "source"])["chance"].sum().to_numpy() == pytest.approx(1.0)
    own = chances.merge(standing[["agent", "grade"]], on=["agent", "grade"]).pivot(
        index="agent", columns="source", values="chance"
    )
    for source in sensitivity.SOURCES:
        assert own.loc[standing["agent"], source].tolist() == pytest.approx(standing[source].tolist())
    assert (standing["rank_low"] <= standing["rank_high"]).all()
    assert standing["rank"].tolist() == sorted(standing["rank"])


@pytest.fixture(scope="module")
def reported_sample() -> Any:
    """The sample shop measured and judged under the defaults."""
    from pathlib import Path

    from core.ingest import InputFile, load
    from core.recompute import recompute

    folder = Path(__file__).resolve().parent.parent / "sample_data" / "shop"
    report = recompute(load([InputFile.of(path) for path in sorted(folder.glob("*.csv"))]))
    return report.measured, report.scores, report.doubt
