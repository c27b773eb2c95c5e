"""Like with like: figures beside the level of the same language, and what scores, doubt, receipts and targets make of them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from core import views
from core.engine import build_facts, observe
from core.ingest import Choices, InputFile, load
from core.kpis import KpiTable
from core.levels import Level, level
from core.metrics import SCORED, metric
from core.period import Period
from core.receipt import receipt
from core.recompute import Recalled, Report, judge, level_of, measure, score_of
from core.scenario import Scenario
from core.whatif import whatif

HEAD = "Conversation id,Agent,Language,Started at,First human reply at,Closed at,Satisfaction score"
# (agent, language, seconds to the first reply): Japanese takes twice as long whoever answers
WORK = (("Ann", "en", 40), ("Bea", "ja", 80), ("Cyd", "en", 40), ("Dai", "ja", 80), ("Eva", "en", 60), ("Eva", "ja", 120))
PLAIN = Scenario.of({"w_business": 0})  # the log knows no orders: with their weight nobody would have a grade
JUST = Scenario.of({"w_business": 0, "level_by": "language"})
SPEED = [each.key for each in SCORED].index("first_response")


def rows() -> list[str]:
    """Sixty conversations of each kind of work over thirty days."""
    start, found = pd.Timestamp("2026-03-02 09:00"), []
    for kind, (agent, language, wait) in enumerate(WORK):
        for number in range(60):
            at = start + pd.Timedelta(days=number % 30, minutes=7 * kind + 90 * (number // 30))
            reply = at + pd.Timedelta(seconds=wait + number % 3 - 1)
            close = reply + pd.Timedelta(minutes=5)
            found.append(f"T{kind}-{number},{agent},{language},{at},{reply},{close},{5 if number % 4 else 3}")
    return found


@cache
def recalled() -> Recalled:
    """The shop of two languages."""
    return Recalled(load([InputFile("a.csv", "\n".join([HEAD, *rows(), ""]).encode())], Choices(zone="UTC")))


@cache
def report(scenario: Scenario = JUST) -> Report:
    """Its report."""
    measured = measure(observe(build_facts(recalled().log)), Scenario())
    return Report(measured, *judge(measured, scenario), scenario)


def points_of(scenario: Scenario) -> dict[str, float]:
    """Agent → points of the first response."""
    scores = recalled().scores(scenario)
    return dict(zip(scores.names, scores.points[:, SPEED], strict=True))


def test_languages_alike_beside_their_own_level() -> None:
    """Who answers Japanese as fast as Japanese is answered has the points of who answers English so; without levels fewer."""
    raw, just = points_of(PLAIN), points_of(JUST)
    assert raw["Ann"] > raw["Bea"] + 10
    assert just["Ann"] == pytest.approx(just["Bea"], abs=1)


def test_slow_in_every_language_stays_slow() -> None:
    """A mix of languages explains nothing of Eva, who takes half as long again in each."""
    just = points_of(JUST)
    assert just["Eva"] < just["Ann"] - 5


def test_levels_by_hand() -> None:
    """Medians of 180 English and 180 Japanese cases: each label's level, and the common one weighted by cases."""
    measured = report().measured
    level = level_of(measured, JUST, measured.people)
    assert level is not None
    told = level.labels[level.labels["key"] == "first_response"].set_index("label")
    assert told["n"].to_dict() == {"en": 180.0, "ja": 180.0}
    common = (told.loc["en", "value"] + told.loc["ja", "value"]) / 2
    assert told["factor"].to_dict() == pytest.approx({"en": common / told.loc["en", "value"], "ja": common / told.loc["ja", "value"]})
    at = {name: row for row, name in enumerate(measured.people.groups["agent"])}
    assert level.factor[at["Eva"], SPEED] == pytest.approx(1.0)
    assert level.factor[at["Ann"], SPEED] == pytest.approx(told.loc["en", "factor"])


def test_nothing_moves_without_a_level() -> None:
    """By shift, which this log does not know, every figure counts as measured."""
    plain, other = (recalled().scores(Scenario.of(knobs)) for knobs in ({}, {"level_by": "shift"}))
    assert other.score == pytest.approx(plain.score, nan_ok=True)
    assert plain.measured is None


def test_doubt_is_laid_around_the_moved_figure() -> None:
    """Ann and Bea are as sure as each other, and the intervals hold the scores."""
    found = report()
    at = {name: row for row, name in enumerate(found.scores.names)}
    assert found.doubt.low[at["Ann"]] <= found.scores.score[at["Ann"]] <= found.doubt.high[at["Ann"]]
    assert found.doubt.low[at["Bea"]] == pytest.approx(found.doubt.low[at["Ann"]], abs=1.5)


def test_the_receipt_shows_both_figures() -> None:
    """Measured and counted stand side by side; the lines still add up to the score, and steps are in the agent's own seconds."""
    found = receipt(report(), "Bea")
    line = found.lines.set_index("key").loc["first_response"]
    assert line["value"] == pytest.approx(80.0, abs=1)
    assert line["counted"] < 75
    assert found.lines["contribution"].sum() == pytest.approx(found.score)
    assert found.steps.set_index("key").loc["first_response", "value"] == pytest.approx(80.0, abs=1)


def test_targets_of_labels_and_agents_mean_the_same() -> None:
    """Bea, who has Japanese cases alone, has the target of Japanese; it counts as the common one."""
    measured = report().measured
    level = level_of(measured, JUST, measured.people)
    labels = views.label_targets(level, "first_response", JUST)
    assert labels is not None
    japanese = labels.set_index("label").loc["ja", "target"]
    own = views.attainment(measured.people, JUST, level).set_index(["agent", "key"])
    assert own.loc[("Bea", "first_response"), "target"] == pytest.approx(japanese)
    common = JUST.anchors(metric("first_response")).target
    assert japanese > common > labels.set_index("label").loc["en", "target"]


def test_the_move_is_a_decision_about_targets() -> None:
    """Switching levels on is one cause, and all of each move."""
    found = whatif(recalled().scores, PLAIN, JUST)
    assert found.causes == ("target",)
    assert found.frame["by_target"].to_numpy() == pytest.approx(found.frame["move"].to_numpy())


def test_teams_are_laid_beside_their_own_mix() -> None:
    """With a share of the team's score nothing breaks: one team, whose mix is the shop's, moves nobody."""
    measured = report().measured
    both = score_of(measured, Scenario.of({"level_by": "language", "team_share": 50}))
    assert np.isfinite(both.score).all()


def figures(by: tuple[str, ...], rows: list[tuple[object, ...]], key: str) -> KpiTable:
    """A table of one figure: labels, cases and value per row; all other figures are unknown."""
    blank = np.full((len(rows), len(SCORED)), np.nan)
    at = [each.key for each in SCORED].index(key)
    n, value = blank.copy(), blank.copy()
    n[:, at], value[:, at] = [row[-2] for row in rows], [row[-1] for row in rows]
    groups = pd.DataFrame([row[:-2] for row in rows], columns=list(by))
    none = np.full(blank.shape, "", dtype=object)
    return KpiTable(by, groups, SCORED, {"n": n, "value": value, "median": value}, none, none, ("",) * len(SCORED), Period(0, 6, "UTC"))


def laid(key: str, labels: list[tuple[object, ...]], cells: list[tuple[object, ...]]) -> tuple[Level, int]:
    """Levels of two agents, and the place of the figure."""
    people = figures(("agent",), [("Ann", 1, 1.0), ("Bea", 1, 1.0)], key)
    found = level(people, figures(("agent", "language"), cells, key), figures(("language",), labels, key))
    return found, [each.key for each in SCORED].index(key)


def test_a_time_level_by_hand() -> None:
    """All: (300·40 + 100·80) / 400 = 50; a mix of 20 English and 60 Japanese cases: 70; labels below 50 cases or unnamed: 50."""
    labels = [("en", 300, 40.0), ("ja", 100, 80.0), ("fr", 49, 500.0), ("unknown", 90, 5.0)]
    cells = [("Ann", "en", 20, 1.0), ("Ann", "ja", 60, 1.0), ("Bea", "fr", 30, 1.0), ("Bea", "unknown", 30, 1.0), ("Bea", "ja", 60, 1.0)]
    found, at = laid("first_response", labels, cells)
    assert found.factor[:, at].tolist() == pytest.approx([50 / 70, 50 / 65])
    told = found.labels[found.labels["key"] == "first_response"].set_index("label")
    assert told["known"].to_dict() == {"en": True, "ja": True, "fr": False, "unknown": False}
    assert told["factor"].to_dict() == pytest.approx({"en": 1.25, "ja": 0.625, "fr": 1.0, "unknown": 1.0})
    assert found.own(0, at, 50.0) == pytest.approx(70.0)


def test_a_share_level_by_hand() -> None:
    """All: (30·0.9 + 90·0.5) / 120 = 0.6; a share moves by the difference, both ways, and stays a share."""
    cells = [("Ann", "en", 9, 1.0), ("Ann", "ja", 3, 1.0), ("Bea", "ja", 9, 1.0)]
    found, at = laid("satisfaction", [("en", 30, 0.9), ("ja", 90, 0.5)], cells)
    assert found.shift[:, at].tolist() == pytest.approx([-0.2, 0.1])
    values = np.full((2, len(SCORED)), 0.95)
    assert found.applied(values)[:, at].tolist() == pytest.approx([0.75, 1.0])
    assert found.applied(values * 0)[0, at] == 0.0
    assert found.own(0, at, 0.75) == pytest.approx(0.95)


def test_one_label_is_no_level() -> None:
    """29 ratings make no level of a share, and a single level compares with nothing."""
    found, at = laid("satisfaction", [("en", 29, 0.9), ("ja", 90, 0.5)], [("Ann", "en", 9, 1.0), ("Bea", "ja", 9, 1.0)])
    assert found.shift[:, at].tolist() == [0.0, 0.0]
