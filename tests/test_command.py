"""The command line's what-if and robustness: the contract's names, sums that hold, refusals in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core import fair
from core.__main__ import main
from core.scenario import Scenario
from tests.shop import FOLDER, observed

pytestmark = pytest.mark.usefixtures("read_once")

FILES = [str(file) for file in sorted(FOLDER.glob("*.csv"))]


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """What a command prints as JSON."""
    assert main([*words, *FILES, "--tz", "Asia/Shanghai", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_causes_add_up_to_the_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two files that differ in weights, a target, a band and a rule: each agent's causes sum to score_b − score_a."""
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    a.write_text("version: 1\nknobs: {w_quality: 35}\n", "utf-8")
    knobs = "{w_quality: 70, target_first_response: 60, band_a: 85, fcr_h: 24}"
    b.write_text(f"version: 1\nknobs: {knobs}\n", "utf-8")
    found = answer(capsys, "whatif", str(a), str(b))
    scored = [row for row in found["rows"] if row["score_a"] is not None and row["score_b"] is not None]
    assert len(scored) > 20
    for row in scored:
        assert set(row["causes"]) == {"weight", "target", "rule"}
        assert sum(row["causes"].values()) == pytest.approx(row["score_b"] - row["score_a"], abs=1e-9)
        assert {row["grade_a"], row["grade_b"]} <= {"A", "B", "C", "D", None}
    assert [each["knob"] for each in found["changed"]] == ["fcr_h", "w_quality", "target_first_response", "band_a"]
    assert sum(group["n"] for group in found["groups"]) == len(scored)
    moved = [row["agent"] for row in scored if row["grade_a"] != row["grade_b"] and row["grade_a"] and row["grade_b"]]
    assert moved
    assert {row["agent"] for row in found["undo"]} == set(moved)


def test_a_preset_stands_for_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Names of presets are taken where files are; a scenario against itself changes nothing."""
    found = answer(capsys, "whatif", "standard", "standard", "--by", "shift")
    assert (found["changed"], found["undo"], found["by"]) == ([], [], "shift")
    assert {row["move"] for row in found["rows"]} == {0}


@pytest.mark.parametrize("words", [("--level", "group"), ("--weights", "around", "--spread", "0.1")])
def test_acceptabilities_are_shares(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Every agent takes some place and every place is taken; grades' shares sum to one; now lies in each weight's interval."""
    found = answer(capsys, "robustness", *words, "--weightings", "500", "--with-draws", "5")
    graded = [row for row in found["rows"] if row["rank_acceptability"] is not None]
    assert len(graded) > 20
    for row in graded:
        for share in (row, row["with_sample"]):
            assert sum(share["rank_acceptability"]) == pytest.approx(1)
            assert sum(share["grade_probability"].values()) == pytest.approx(1)
        assert 1 <= row["rank_low"] <= row["rank_high"] <= len(graded)
    places = [sum(row["rank_acceptability"][at] for row in graded) for at in range(len(graded))]
    assert places == pytest.approx([1] * len(graded))
    ungraded = [row for row in found["rows"] if row["rank_acceptability"] is None]
    assert all(row["reason"] for row in ungraded)
    for spans in (found["stability"], found["group_stability"]):
        assert spans
        assert all(0 <= span["low"] <= span["now"] <= span["high"] <= 1 for span in spans.values())


def test_the_score_says_how_sure_each_grade_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is a grade, its probabilities sum to one and it is the likeliest of clear ones; where there is none, they are null."""
    found = answer(capsys, "score")
    for row in found["rows"]:
        chances = row["grade_probability"]
        if row["grade"] is None:
            assert set(chances.values()) == {None}
        else:
            assert sum(chances.values()) == pytest.approx(1)
            assert chances[row["grade"]] > 0.1
    sure = found["reliability"]
    assert 0.7 < sure["low"] < sure["value"] < sure["high"] < 1
    assert (sure["orderable"], sure["longer"], sure["reason"]) == (True, 1, None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("whatif", "standard", "no_such.yaml"), "no_such.yaml"),
        (("robustness", "--spread", "2"), "spread"),
        (("robustness", "--weightings", "0"), "weightings"),
    ],
)
def test_wrong_words_are_one_line(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file and a number out of bounds end with 2 and one line that names it."""
    assert main([*words, *FILES]) == 2
    line = capsys.readouterr().err
    assert said in line
    assert line.count("\n") == 1


def test_fair_comparison_is_the_pages_own(capsys: pytest.CaptureFixture[str]) -> None:
    """One row per agent with raw, adjusted and shrunken figures; the planted pair is the one reversal; pairs name their family."""
    found = answer(capsys, "fair", "--metric", "first_response")
    want = fair.mixed(observed(), Scenario(), "first_response").rows.set_index("agent")
    for row in found["rows"]:
        assert row["mixed"]["ratio"] == pytest.approx(want.loc[row["agent"], "ratio"])
    assert [{row["a"], row["b"]} for row in found["reversals"]] == [{"Yuki Tanaka", "Ma Rui"}]
    assert found["pairs"]["family"] == 276
    assert found["funnel"]["reason"] == "not_a_share"


def test_questions_come_with_their_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    """Who is asked about stands first; every family says how many tests it made."""
    found = answer(capsys, "questions")
    assert {row["agent"] for row in found["rows"] if row["asked"]} == {"Tom Baker"}
    assert found["rows"][0]["asked"]
    assert all(row["tests"] > 10 and row["reason"] is None for row in found["families"])


def test_the_planner_says_how_long_to_wait(capsys: pytest.CaptureFixture[str]) -> None:
    """The log's pace and what the change asked for takes; without a change, the margin that counts."""
    found = answer(capsys, "planner", "--metric", "satisfaction", "--question", "periods", "--change", "0.05")
    assert found["now"]["per_week"] == pytest.approx(187.7, abs=0.1)
    assert found["need"]["first"] == found["need"]["second"] > 600
    found = answer(capsys, "planner", "--metric", "first_response", "--question", "weekday", "--tests", "7")
    assert (found["change"], found["weekday"], found["need"]["weeks"]) == (-0.1, 4, pytest.approx(13, abs=4))


def test_the_receipt_adds_up_on_the_command_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Own lines and the team's part are the score; the next step names a share of colleagues."""
    found = answer(capsys, "receipt", "--agent", "Deng Yu")
    assert sum(line["contribution"] for line in found["lines"]) + found["team"] == pytest.approx(found["score"])
    assert found["agent"] == "Deng Yu"
    assert {"key", "needed", "aim", "peers"} <= set(found["steps"][0])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_card_is_written_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str) -> None:
    """One HTML page in the language asked for; it says how large it is."""
    target = tmp_path / "card.html"
    found = answer(capsys, "card", "--agent", "Tom Baker", "-o", str(target), "--lang", language)
    page = target.read_text("utf-8")
    assert found == {"file": str(target), "bytes": target.stat().st_size, "agents": 1}
    assert f'lang="{language}"' in page
    assert "Tom Baker" in page


WRONG = [("receipt", "--agent", "Tom Bakr"), ("card", "--agent", "Tom Bakr", "-o", "x.html"), ("card", "-o", "x.html")]


@pytest.mark.parametrize("words", WRONG)
def test_an_unknown_agent_is_refused_with_a_guess(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """One line that names the likely one, exit 2, no file."""
    assert main([*words, *FILES, "--tz", "Asia/Shanghai"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "Tom Baker" in told
    assert not Path("x.html").exists()


def test_a_card_that_cannot_be_written_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not there is one line, not a traceback."""
    target = str(tmp_path / "nowhere" / "card.html")
    assert main(["card", "--agent", "Tom Baker", "-o", target, *FILES, "--tz", "Asia/Shanghai"]) == 2
    assert "card.html" in capsys.readouterr().err


def test_spot_checks_are_drawn_by_their_seed(capsys: pytest.CaptureFixture[str]) -> None:
    """Two per agent, twice the same; customers masked, reasons counted."""
    one, two = (answer(capsys, "spotchecks", "--per-agent", "2", "--seed", "9", "--pointed", "0.5") for _ in range(2))
    assert one == two
    assert len(one["rows"]) == sum(one["reasons"].values()) > 40
    assert all(row["customer"].startswith("#") for row in one["rows"])


def test_effects_keep_the_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A change from a file and from options gives the contract's names; shop, weekdays, named agents; wrong dates in one line."""
    names = {"by", "before", "after", "shift", "low", "high", "p", "p_adjusted", "verdict", "method", "expected_without_effect", "reason"}
    found = answer(capsys, "effects", "--date", "2026-04-27", "--by", "weekday")
    assert all(names <= set(row) for row in found["rows"])
    assert [row["by"]["weekday"] for row in found["rows"] if row["direction"] == "better"] == [4]
    change = tmp_path / "change.yaml"
    change.write_text("date: 2026-04-27\nagents: [Lin Xiao, Hu Bin]\nname: training\n", "utf-8")
    found = answer(capsys, "effects", "--change", str(change), "--controls", "none", "--metric", "handle_time")
    assert found["change"]["name"] == "training"
    assert [row["by"] for row in found["rows"]] == [{"agents": ["Lin Xiao", "Hu Bin"]}, {"agent": "Lin Xiao"}, {"agent": "Hu Bin"}]
    assert found["rows"][0]["n_controls"] == 0
    assert main(["effects", *FILES, "--tz", "Asia/Shanghai"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_course_is_the_pages_own(capsys: pytest.CaptureFixture[str]) -> None:
    """By agent: the two planted ones changed, one row a group with its warning, points with limits; weeks are weeks."""
    found = answer(capsys, "control", "--metric", "first_response", "--by", "agent")
    changed = {row["by"]["agent"] for row in found["rows"] if row["changes"]}
    assert changed == {"Chen Wei", "Wang Fang"} == {row["by"]["agent"] for row in found["changes"]}
    assert {row["warning"]["state"] for row in found["rows"]} >= {"quiet", "not_enough_data"}
    assert sum(row["n"] for row in found["rows"]) == len(found["points"])
    weeks = answer(capsys, "control", "--metric", "satisfaction", "--unit", "week")
    assert [point["n"] > 50 for point in weeks["points"]] == [True] * 12
    assert weeks["rows"][0]["reason"] == "too_few_points"


def test_the_forecast_keeps_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    """Two weeks of hours with their quantiles, a back-test against last week's figures, days that are the sums of hours."""
    found = answer(capsys, "forecast", "--weeks", "2")
    assert len(found["slots"]) == 14 * 24
    assert {"date", "start", "p10", "p50", "p90"} <= set(found["slots"][0])
    assert all(row["p10"] <= row["p50"] <= row["p90"] for row in [*found["slots"], *found["days"]])
    told = found["backtest"]
    assert {"mase", "coverage_80", "pinball", "naive_mase"} <= set(told)
    assert (told["mase"] < told["naive_mase"]) == (found["model"] != "seasonal_naive")
    assert 0.6 <= told["coverage_80"] <= 1
    hours = sum(row["mean"] for row in found["slots"] if row["date"] == found["days"][0]["date"])
    assert hours == pytest.approx(found["days"][0]["mean"])
    assert found["peaks"]["slots"] == 84 * 24


def test_the_plan_can_be_made_for_what_is_to_come(capsys: pytest.CaptureFixture[str]) -> None:
    """For a very busy coming week more is planned for than the past mean, which stays what it was; quiet hours stay quiet."""
    found = answer(capsys, "staffing", "--ahead", "1", "--volume", "p90")["slots"]
    contacts, planned = (sum(row[name] for row in found) for name in ("contacts", "planned_contacts"))
    assert contacts * 7 == pytest.approx(6875 / 12 * 7)
    assert 1.2 * contacts < planned < 2.5 * contacts


def test_a_log_of_some_days_has_no_forecast(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten days: one line that says how many are needed, exit 2."""
    assert main(["forecast", *FILES, "--tz", "Asia/Shanghai", "--to", "2026-03-11"]) == 2
    assert "14" in capsys.readouterr().err


def test_a_weekdays_difference_divides_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The decomposition names the main cause and shares that add up; one weekday asked beforehand is a family of its own."""
    found = answer(capsys, "weekdays", "--to", "2026-04-26", "--weekday", "4")
    split = found["decomposition"]
    assert (split["main_cause"], split["weekday"]) == ("volume", 4)
    assert sum(row["share"] for row in split["shares"]) == pytest.approx(1)
    assert split["volume"]["verdict"] == "strong_evidence"
    assert found["asked"]["p_adjusted"] == found["asked"]["p"] < 0.01
    assert len(found["pairs"]) == 21


def test_hours_holidays_and_promotions_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Hours with their family, cells of the week; holidays of a chosen country and a named promotion with dates."""
    found = answer(capsys, "weekdays", "--hours")
    assert found["family"]["hours"] == len(found["rows"]) == 20
    assert {"weekday", "hour", "ratio", "low", "high", "verdict"} <= set(found["week"][0])
    found = answer(capsys, "weekdays", "--holidays", "--countries", "DE", "--promotion", "618:2026-04-13:2026-04-19")
    assert found["countries"] == ["DE"]
    last = found["rows"][-1]
    assert (last["kind"], last["name"], last["first_day"], last["last_day"]) == ("promotion", "618", "2026-04-13", "2026-04-19")
