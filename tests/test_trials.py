"""Pilots on the sample: waiting, running, over; the plan; training dates of a file."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from core.__main__ import main
from core.changes import Change, Pilot
from core.errors import InputError, ScenarioError
from core.ingest import InputFile
from core.recompute import effects
from core.scenario import Scenario
from core.scenarios import Book
from core.trials import judge_pilot, judge_training, plan, training_dates
from tests import shop

pytestmark = pytest.mark.usefixtures("read_once")

WHO = ("Lin Xiao", "Zhao Min", "Liu Yang", "Sun Jie", "Zhou Ting")
PILOT = Pilot(Change(date(2026, 4, 27), WHO, None, "training"), "first_response", "lower", 0.1, date(2026, 5, 24), planned=400)


def test_a_pilot_that_is_over_is_decided() -> None:
    """Nothing happened to these five: the gain lies below the margin for sure; the row is that of before and after."""
    trial = judge_pilot(shop.observed(), Scenario(), PILOT)
    row = effects(shop.observed(), Scenario(), PILOT.change, "first_response").iloc[0]
    assert (trial.state, trial.decision.outcome, trial.decision.because) == ("over", "do_not_adopt", "out_of_reach")
    assert trial.row["shift"] == row["shift"]
    assert trial.decision.gain == pytest.approx(-(row["shift"] - row["expected"]))
    assert trial.days_done == trial.days_planned == 28
    assert not trial.short


def test_the_chosen_period_moves_no_verdict() -> None:
    """Whatever period the reader looks at, the pilot keeps its own."""
    cut = Scenario.of({"period": "custom", "from": "2026-05-01", "to": "2026-05-20"})
    rows = [judge_pilot(shop.observed(), scenario, PILOT).row for scenario in (cut, Scenario())]
    assert [(row["shift"], row["low"], row["first_day"], row["last_day"]) for row in rows[:1]] == [
        (row["shift"], row["low"], row["first_day"], row["last_day"]) for row in rows[1:]
    ]


@pytest.mark.parametrize(("changed", "state", "outcome", "because"), [
    ({"end": date(2026, 6, 21)}, "running", "too_early", "not_over"),
    ({"end": None, "planned": 10_000}, "running", "too_early", "not_over"),
    ({"end": None, "planned": 300}, "over", "do_not_adopt", "out_of_reach"),
    ({"least": 5_000}, "over", "not_enough_data", "below_least"),
    ({"change": Change(date(2026, 6, 1), WHO, None, "x"), "end": date(2026, 6, 30)}, "waiting", "too_early", "not_begun"),
    ({"change": Change(date(2026, 3, 2), WHO, None, "x")}, "over", "not_enough_data", "no_before"),
])  # fmt: skip
def test_states(changed: dict, state: str, outcome: str, because: str) -> None:
    """Before the end nothing is decided, however good it looks; without an end the planned cases end it."""
    trial = judge_pilot(shop.observed(), Scenario(), replace(PILOT, **changed))
    assert (trial.state, trial.decision.outcome, trial.decision.because) == (state, outcome, because)


def test_fewer_cases_than_planned_are_said() -> None:
    """Over, but with half of what was planned."""
    assert judge_pilot(shop.observed(), Scenario(), replace(PILOT, planned=5_000)).short


def test_the_plan_follows_the_gain() -> None:
    """Half the gain takes about four times the cases; who is touched sets the pace; no days before give no plan."""
    small, large = (plan(shop.observed(), Scenario(), PILOT.change, "first_response", gain) for gain in (0.1, 0.2))
    assert 3 < small.cases / large.cases < 5
    assert plan(shop.observed(), Scenario(), Change(PILOT.change.day), "first_response", 0.1).weeks < small.weeks
    assert plan(shop.observed(), Scenario(), Change(date(2026, 3, 2)), "first_response", 0.1).reason == "no_data"
    assert plan(shop.observed(), Scenario(), PILOT.change, "satisfaction", 0.03).cases > 1000


def test_training_dates_are_told_by_their_cells() -> None:
    """Any order of columns, any usual date, names that are not in the log and rows without a date counted; nonsense is refused."""
    table = "日期;组;姓名\n2026/4/27;A;Lin Xiao\n2026/5/4;B;zhao min\n;B;Sun Jie\n2026/5/4;B;Nobody\n"
    found = training_dates(InputFile("t.csv", table.encode()), shop.observed().labels["agent"])
    assert dict(found.days) == {"Lin Xiao": 20570, "Zhao Min": 20577}
    assert (found.strangers, found.undated) == (("Nobody",), 1)
    with pytest.raises(InputError):
        training_dates(InputFile("t.csv", b"a,b\n1,2\n3,4\n"), shop.observed().labels["agent"])


def test_training_is_judged_around_each_own_date() -> None:
    """All together first, then each as one family, each with its date; dates without a week on both sides give nothing."""
    days = {name: 20563 + 2 * at for at, name in enumerate(WHO)}
    found = judge_training(shop.observed(), Scenario(), days, "first_response")
    assert found["by"].tolist() == ["agents"] + ["agent"] * 5
    assert found["verdict"].iloc[0] in ("no_evidence", "practically_unchanged")
    assert (found["n_before"].iloc[0], found["method"].iloc[0]) == (5, "rollout")
    assert found["since"].iloc[1:].is_monotonic_increasing
    assert found["family"].iloc[0] == 1
    assert judge_training(shop.observed(), Scenario(), {"Lin Xiao": 1}, "first_response").empty


def test_the_command_judges_plans_books_and_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pilot's file and the book with it give one answer; a table of dates gives the agents; a wrong name is refused."""
    single, book, table = tmp_path / "p.json", tmp_path / "b.yaml", tmp_path / "t.csv"
    single.write_text(json.dumps(PILOT.to_dict()), encoding="utf-8")
    book.write_text(Book(pilots=(PILOT,)).to_yaml(), encoding="utf-8")
    table.write_text("agent,date\nLin Xiao,2026-04-27\n", encoding="utf-8")
    files = [str(path) for path in sorted(shop.FOLDER.glob("*.csv"))]
    asked = ["effects", *files, "--tz", "Asia/Shanghai", "--json"]
    answers = []
    for more in (["--change", str(single)], ["--change", str(book), "--name", "training"]):
        assert main([*asked, *more]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0] == answers[1]
    assert answers[0]["pilot"]["outcome"] == "do_not_adopt"
    assert main([*asked, "--trained", str(table)]) == 0
    assert [row["since"] for row in json.loads(capsys.readouterr().out)["rows"]] == [None, "2026-04-27"]
    with pytest.raises(ScenarioError):
        Book().pilot("x")
    assert main([*asked, "--change", str(book), "--name", "other"]) == 2
