"""Scores and what-if: figures of the core, live shares, moves of a slider, knobs out of order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.recompute import Report
from core.robustness import reliability
from core.scoring import INSUFFICIENT, shown
from core.text import Text
from tests.pages.conftest import Open, charted, is_clean, visible

PAGE = "3_scores"
LANGUAGES = ("zh", "en")
Reported = Callable[..., Report]


def table(at: Any) -> Any:
    """The scorecard on the page, by agent."""
    return at.dataframe[0].value.set_index("agent")


@pytest.mark.parametrize("language", LANGUAGES)
def test_scores_and_grades_are_those_of_the_core(open_page: Open, reported: Reported, language: str) -> None:
    """Score (cut after one decimal), grade, interval and rank of everybody with a grade; the others stand apart."""
    at = open_page(PAGE, language, "sample")
    is_clean(at)
    report, rows = reported(), table(at)
    graded = [at_ for at_, grade in enumerate(report.scores.grade) if grade != INSUFFICIENT]
    assert sorted(rows.index) == sorted(report.scores.names[at_] for at_ in graded)
    for at_ in graded:
        row = rows.loc[report.scores.names[at_]]
        assert row["score"] == shown(report.scores.score[at_])
        assert row["grade"] == report.scores.grade[at_]
        assert row["low"] == shown(report.doubt.low[at_])
        assert row["probability"] == pytest.approx(100 * report.doubt.probability[row["grade"]][at_])
    assert "Shen Yi" not in rows.index
    assert any("Shen Yi" in said for said in visible(at))


@pytest.mark.parametrize("weights", [(30, 40, 30), (3, 4, 3)])
def test_shares_stand_beside_the_weights(open_page: Open, reported: Reported, weights: tuple[int, int, int]) -> None:
    """30/40/30 and 3/4/3 are shown as the same shares and give the same scores."""
    named = dict(zip(("w_efficiency", "w_quality", "w_business"), map(str, weights), strict=True))
    at = open_page(PAGE, "en", "sample", **named)
    assert any("Efficiency 30 %, Quality 40 %, Business 30 %" in said for said in visible(at))
    scores = reported().scores
    expected = {name: shown(s) for name, s in zip(scores.names, scores.score, strict=True)}
    assert all(row["score"] == expected[name] for name, row in table(at).iterrows())


def test_a_slider_changes_scores_grades_and_says_who_and_why(open_page: Open, reported: Reported) -> None:
    """Quality alone: everybody's score is the core's, old and new grade stand side by side, causes are named."""
    at = open_page(PAGE, "en", "sample")
    at.slider(key="w_efficiency").set_value(90.0).run()
    is_clean(at)
    before, after = reported(), reported(w_efficiency=90)
    rows = table(at)
    moved = 0
    for name, old, new, grade_a, grade_b in zip(
        after.scores.names, before.scores.score, after.scores.score, before.scores.grade, after.scores.grade, strict=True
    ):
        if grade_b == INSUFFICIENT:
            continue
        assert rows.loc[name, "score"] == shown(new)
        assert rows.loc[name, "change"] == pytest.approx(new - old)
        assert rows.loc[name, "grade"] == (grade_a if grade_a == grade_b else f"{grade_a} → {grade_b}")
        moved += grade_a != grade_b
    assert moved > 0
    assert any(f"Changes of grade against the defaults: {moved} " in said for said in visible(at))


def test_the_chart_holds_the_same_scores(open_page: Open, reported: Reported) -> None:
    """The arrows start at the default score and end at the new one, unrounded."""
    at = open_page(PAGE, "zh", "sample", w_business="90")
    frame = charted(at.get("vega_lite_chart")[0]).set_index("agent")
    before, after = reported().scores, reported(w_business=90).scores
    for name, old, new in zip(before.names, before.score, after.score, strict=True):
        if name in frame.index:
            assert (frame.loc[name, "baseline"], frame.loc[name, "whatif"]) == pytest.approx((old, new))


@pytest.mark.parametrize("language", LANGUAGES)
def test_knobs_out_of_order_say_so_and_the_default_is_used(open_page: Open, reported: Reported, language: str) -> None:
    """A target worse than pass is refused at the knob; scores are those of the default."""
    at = open_page(PAGE, language, "sample", target_first_response="300")
    is_clean(at)
    name = Text(language)("metrics.first_response.name")
    assert any(name in each.value for each in at.warning)
    expected = dict(zip(reported().scores.names, reported().scores.score, strict=True))
    assert all(row["score"] == shown(expected[agent]) for agent, row in table(at).iterrows())


def test_bands_out_of_order_say_so(open_page: Open) -> None:
    """B above A is refused and the default bands are named."""
    at = open_page(PAGE, "en", "sample", band_b="95")
    assert any("90 / 75 / 60" in each.value for each in at.warning)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("drawer", ["kpis", "anchors", "bands"])
def test_every_drawer_opens(open_page: Open, language: str, drawer: str) -> None:
    """Weights, anchors and bands are drawn in words when they are asked for, and only then."""
    at = open_page(PAGE, language, "sample")
    closed = len(at.slider) + len(at.number_input)
    at.segmented_control(key=f"scores_drawer.{language}").set_value(drawer).run()
    is_clean(at)
    assert len(at.slider) + len(at.number_input) > closed


def test_reset_brings_the_defaults_back(open_page: Open) -> None:
    """After a reset all weights are at their defaults and nobody has moved."""
    at = open_page(PAGE, "en", "sample", w_quality="90")
    at.button(key="reset_group_weight_weight_anchor_band").click().run()
    assert at.slider(key="w_quality").value == 40
    assert (table(at)["change"] == 0).all()


def test_no_weight_at_all_grades_nobody(open_page: Open) -> None:
    """Three zeros: the page says that there is nothing to score."""
    at = open_page(PAGE, "en", "sample", w_quality="0", w_efficiency="0", w_business="0")
    is_clean(at)
    assert not at.dataframe
    assert any("nothing to score" in said for said in visible(at))


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_agent_opens(open_page: Open, reported: Reported, language: str) -> None:
    """The parts of an agent's score add up to it; what is not scored says why."""
    at = open_page(PAGE, language, "sample")
    at.session_state["fold_one"] = True
    at.run()
    at.selectbox(key=f"who.{language}").set_value("Gao Ning").run()
    is_clean(at)
    parts = at.dataframe[1].value
    scores = reported().scores
    assert parts["contribution"].sum() == pytest.approx(scores.score[scores.names.index("Gao Ning")])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_selection_without_conversations_says_so(open_page: Open, language: str) -> None:
    """A filter that fits nobody gives a sentence with the way back, no table and no error."""
    at = open_page(PAGE, language, "sample", in_agent="Nobody")
    is_clean(at)
    assert Text(language)("compare.sentence.empty") in [each.value for each in at.info]
    assert not at.dataframe


@pytest.mark.parametrize("language", LANGUAGES)
def test_doubt_can_be_switched_off(open_page: Open, language: str) -> None:
    """Without it scores and grades stay, intervals and probabilities are gone, and the page says so; nothing claims to be sure."""
    at = open_page(PAGE, language, "sample")
    before = table(at)
    at.toggle(key="with_doubt").set_value(False).run()
    is_clean(at)
    after = table(at)
    assert after["score"].tolist() == before["score"].tolist()
    assert {"low", "high", "probability"} & set(after.columns) == set()
    said = "\n".join(visible(at))
    assert Text(language)("scores.sentence.no_doubt") in said
    assert Text(language)("scores.sentence.sure") not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_below_seventy_per_cent_nobody_is_ranked(open_page: Open, reported: Reported, language: str) -> None:
    """Twelve weeks show ranks and how far differences would come back; four weeks say that this is too little and show no ranks."""
    text = Text(language)
    at = open_page(PAGE, language, "sample")
    found = reliability(reported().scores, reported().doubt)
    share = text.share(found.value)
    assert any(share in said and text("scores.reliable.unordered") not in said for said in visible(at))
    assert "rank" in at.dataframe[0].value
    at = open_page(PAGE, language, "sample", period="28d")
    is_clean(at)
    assert any(text("scores.reliable.unordered") in said for said in visible(at))
    assert not {"rank", "rank_before"} & set(at.dataframe[0].value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_drawer_says_what_the_system_lacks(open_page: Open, language: str) -> None:
    """With the defaults everything is covered; without weight on quality reviews communication is named as counting for nothing."""
    text = Text(language)
    for knobs, said in (({}, text("indicators.said.complete")), ({"w_qa_score": "0"}, text("indicators.dimension.communication"))):
        at = open_page(PAGE, language, "sample", **knobs)
        at.button_group(key=f"scores_drawer.{language}").set_value("system").run()
        is_clean(at)
        assert any(said in each for each in visible(at))
        assert len(at.dataframe[0].value) == 4
        assert len(at.dataframe[1].value) == 3
