"""A log's roster and what becomes of it: the Friday story closes, files come back as they went, nights, clock changes, no roster."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from icalendar import Calendar

from core import rostering
from core.__main__ import main
from core.exports import roster_csv, roster_ics, roster_xlsx
from core.ingest import Choices, InputFile, load
from core.recompute import demand, staffing_knobs
from core.scenario import Scenario
from core.staffing import plan
from core.staffing.changes import WEEK_COLUMNS, added
from core.staffing.cheapest import Limits
from core.study import study, study_html
from core.text import Text
from tests.shop import FOLDER, observed

pytestmark = pytest.mark.usefixtures("read_once")

WEEKS = {"period": "custom", "to": "2026-04-26"}
FILES = [str(file) for file in sorted(FOLDER.glob("*.csv"))]


@pytest.fixture(scope="module")
def shop() -> tuple[Any, Any, Scenario]:
    """Demand and team of the sample's weeks before its roster changed."""
    scenario = Scenario.of(WEEKS | {"wage": 30})
    return demand(observed(), scenario), rostering.team(observed(), scenario), scenario


def shifts(*rows: tuple[str, int, int, int, int]) -> pd.DataFrame:
    """Shifts of a week."""
    return pd.DataFrame(list(rows), columns=list(WEEK_COLUMNS))


def test_the_friday_gap_closes(shop: tuple[Any, Any, Scenario]) -> None:
    """The gap lies where it was planted; a proven set of at most six changes brings shifts to Friday and leaves no hour missing."""
    measured, team, scenario = shop
    knobs = staffing_knobs(scenario)
    before = rostering.today_plan(measured, knobs, team)
    lacking = before.slots[before.slots["gap"] < 0]
    hours = (-lacking["gap"]).groupby(lacking["weekday"]).sum()
    assert hours.idxmax() == 4
    assert hours[4] >= 0.8 * hours.sum()
    found = rostering.fewest_changes(measured, knobs, team, rostering.Ask(), scenario)
    assert found.optimal
    assert len(found.changes) <= 6
    assert (found.under_before, found.under_hours) == (pytest.approx(before.under_hours), pytest.approx(0.0))
    to_friday = sum(shift.hours for change in found.changes for shift in change.after if shift.weekday == 4)
    assert to_friday >= hours[4]
    after = rostering.today_plan(measured, knobs, team, found.changes)
    now, then = rostering.sums(before, scenario), rostering.sums(after, scenario)
    assert (then.under, then.supplied, then.cost) == (pytest.approx(0), pytest.approx(now.supplied), pytest.approx(now.cost))
    assert then.answered > now.answered
    assert then.wait_s < now.wait_s
    assert all(change.clash != "overlap" for change in found.changes)


def test_nothing_tried_is_the_plan_itself(shop: tuple[Any, Any, Scenario]) -> None:
    """Where the roster is the same every week, today's week is what the week plan shows."""
    measured, team, scenario = shop
    today, week = (f(measured, staffing_knobs(scenario)) for f in (lambda d, k: rostering.today_plan(d, k, team), plan))
    assert today.slots["supplied"].to_numpy() == pytest.approx(week.slots["supplied"].to_numpy())
    assert today.slots["wait_s"].to_numpy() == pytest.approx(week.slots["wait_s"].to_numpy(), nan_ok=True)


def test_languages_come_from_the_log(shop: tuple[Any, Any, Scenario]) -> None:
    """Agents speak what they answered often; the work of a language is its share of the hour's need and all shares make it up."""
    measured, team, scenario = shop
    assert "ja" in team.languages["Yuki Tanaka"]
    assert team.week is not None
    need = rostering.need_of(plan(measured, staffing_knobs(scenario)), team, languages=True)
    busy = sum(team.contacts.values()) > 0
    total = sum(np.asarray(part) for part in need.skills.values())
    assert total[busy] == pytest.approx(need.agents[busy])
    few = rostering.Ask(languages=True, limits=Limits(2), limit_s=5)
    assert rostering.fewest_changes(measured, staffing_knobs(scenario), team, few, scenario).under_hours <= 8


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin"])
def test_the_roster_file_comes_back_as_it_went(language: str, zone: str) -> None:
    """Exported shifts are imported as a roster with the same instants, nights and the week of a clock change included."""
    week = shifts(("Lin", 0, 540, 1020, 30), ("王芳", 5, 1320, 1800, 60), ("Ma", 6, 480, 720, 0))
    monday = rostering.monday_of(date(2026, 3, 23))
    dated = rostering.dated(week, monday, zone)
    log = load([InputFile("roster.csv", roster_csv(dated, Text(language)))], Choices(zone=zone))
    back = log.tables["roster"].to_pandas().sort_values("start_at")
    assert back["agent_id"].tolist() == ["Lin", "王芳", "Ma"]
    for side in ("start", "end"):
        assert back[f"{side}_at"].astype("int64").tolist() == [int(stamp.timestamp() * 1000) for stamp in dated[side]]
    assert back["break_minutes"].astype(float).tolist() == [30, 60, 0]


def test_the_calendar_keeps_the_wall_clock() -> None:
    """A night over the change of clocks: times on the wall stay, the instants are right, the zone is described, bytes repeat."""
    week = shifts(("Lin", 5, 1320, 1800, 30), ("Ma", 0, 480, 720, 0))
    dated = rostering.dated(week, rostering.monday_of(date(2026, 3, 23)), "Europe/Berlin")
    made = roster_ics(dated, "Europe/Berlin", Text("en"))
    calendar = Calendar.from_ical(made)
    night = next(event for event in calendar.walk("VEVENT") if "Lin" in event["summary"])
    start, end = night.decoded("dtstart"), night.decoded("dtend")
    assert (f"{start:%m-%d %H:%M}", f"{end:%m-%d %H:%M}") == ("03-28 22:00", "03-29 06:00")
    assert end.timestamp() - start.timestamp() == 7 * 3600
    assert len(calendar.walk("VTIMEZONE")) == 1
    assert made == roster_ics(dated, "Europe/Berlin", Text("en"))
    assert len({str(event["uid"]) for event in calendar.walk("VEVENT")}) == 2


def test_the_workbook_has_the_week_and_who_changes() -> None:
    """Two sheets with headings in words."""
    week, today = shifts(("Lin", 4, 540, 660, 0)), shifts(("Lin", 1, 540, 660, 0))
    differ = rostering.who_changes(today, week)
    made = roster_xlsx(rostering.dated(week, 4, "UTC"), {"x": differ}, Text("en"))
    from fastexcel import read_excel

    book = read_excel(made)
    assert book.sheet_names == ["Roster", "x"]
    assert book.load_sheet("Roster").to_pandas()["Start at"].tolist() == ["1970-01-09 09:00"]
    assert differ["hours"].tolist() == [-2.0, 2.0]


def without(*tables: str) -> list[InputFile]:
    """The sample's files but some."""
    return [InputFile.of(path) for path in sorted(FOLDER.glob("*.csv")) if path.stem not in tables]


def test_without_a_roster_seen_activity_stands_for_it() -> None:
    """No roster: no week, agents of the log, shifts can only be added, and they close what is missing."""
    from core.engine import build_facts, observe
    from core.recompute import slow_knobs

    scenario = Scenario.of(WEEKS)
    log = load(without("roster", "orders", "reviews", "transfers"), Choices(zone="Asia/Shanghai"))
    seen = observe(build_facts(log, slow_knobs(scenario)), scenario)
    measured, team = demand(seen, scenario), rostering.team(seen, scenario)
    assert (measured.supply.label, team.week, len(team.languages)) == ("proxy", None, 24)
    knobs = staffing_knobs(scenario)
    assert rostering.fewest_changes(measured, knobs, team, rostering.Ask(limits=Limits(3)), scenario).changes == ()
    ask = rostering.Ask(rostering.rules_of([4], 60, 2, 0), Limits(3, may_add=True), limit_s=5)
    found = rostering.fewest_changes(measured, knobs, team, ask, scenario)
    assert {change.kind for change in found.changes} == {"add"}
    assert found.under_hours < found.under_before
    more = rostering.today_plan(measured, knobs, team, [added("", 4, 600, 840)])
    assert more.facts["supply_label"] == "proxy"
    page = study_html(study(measured, team, scenario), Text("en")).decode()
    assert Text("en")("study.moves.no_roster") in page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_study_says_what_the_plan_says(shop: tuple[Any, Any, Scenario], language: str) -> None:
    """Demand, need, supply, gap in hours and money, worst slots, changes, doubts, assumptions: one page, nothing from elsewhere."""
    measured, team, scenario = shop
    found = study(measured, team, scenario)
    page = study_html(found, Text(language)).decode()
    text = Text(language)
    assert text("staffing.gap.hours", under=text.number(8.0), over=text.number(13.0)) in page
    assert text.value(240.0, "money") in page
    for name in ("demand", "gap", "map", "worst", "moves", "doubt", "assumed"):
        assert text(f"study.heading.{name}") in page
    assert text("pages.weekday.4") in page
    assert found.busy_sums.under > found.sums.under
    assert "<svg" in page
    assert "://" not in page.replace("http://www.w3.org", "")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample as it was read once; commands then differ by their words alone."""
    from core import command

    monkeypatch.setattr(command, "_observed", lambda words: (observed(), command.scenario_of(words)))


@pytest.mark.usefixtures("read")
@pytest.mark.parametrize("words", [("--to", "2026-04-26"), ("--new", "--lengths", "240", "--start-every", "120"), ("--changes", "0")])
def test_the_command_keeps_its_contract(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Shifts with agent, start and end, cost, missing hours, proof or bound."""
    assert main(["roster", *FILES, "--tz", "Asia/Shanghai", "--json", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"shifts", "cost", "gap_hours", "optimal", "bound"} <= set(found)
    assert {"agent", "start", "end"} <= set(found["shifts"][0])
    assert found["optimal"]
    assert found["bound"] <= found["value"] + 1e-6
    assert pd.Timestamp(found["shifts"][0]["start"]).utcoffset() == pd.Timedelta(hours=8)
    paid = sum((pd.Timestamp(row["end"]) - pd.Timestamp(row["start"])).total_seconds() for row in found["shifts"]) / 3600
    assert paid == pytest.approx(found["paid_hours"])
    if words[0] == "--changes":
        assert found["changes"] == []
        assert found["gap_hours"]["under"] == pytest.approx(found["before"]["under"])


@pytest.mark.usefixtures("read")
def test_the_command_writes_the_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page of the app is a file of the command line."""
    target = tmp_path / "study.html"
    assert main(["study", *FILES, "--tz", "Asia/Shanghai", "--json", "--lang", "zh", "-o", str(target)]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == len(target.read_bytes())
    assert Text("zh")("study.title") in target.read_text("utf-8")
    assert io.BytesIO(target.read_bytes()).read(15) == b"<!doctype html>"
