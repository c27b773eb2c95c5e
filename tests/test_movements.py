"""Movements on the command line and over the sample: the same figures as the core's, for every KPI, in every state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import movements
from core.__main__ import main
from core.drivers import rated_cells
from core.engine import build_facts, observe
from core.engine.observe import UNASSIGNED
from core.ingest import Choices, InputFile, load
from core.kpis import kpi_table
from core.scenario import Scenario
from core.scoring import persons
from tests.shop import FOLDER, observed

pytestmark = pytest.mark.usefixtures("read_once")

FILE = str(FOLDER / "conversations.csv")
KINDS = ("conversations", "first_response", "fcr", "csat_mean", "qa_score", "handled_per_hour", "conversion", "transfer_time")


@pytest.fixture(autouse=True)
def _read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands see the sample that is read already."""
    monkeypatch.setattr("core.command._observed", lambda words: (observed(), Scenario()))


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """What a command prints as JSON."""
    assert main([*words, FILE, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_systemic_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Verdict, names, shares that add up to one, weeks, slots and days."""
    found = answer(capsys, "systemic", "--metric", "first_response")
    assert set(found["named"]) == {"Chen Wei", "Wang Fang"}
    assert sum(part["share"] for part in found["parts"].values()) == pytest.approx(1)
    assert len(found["weeks"]) == 12
    assert found["unusual_days"]["family"] == 84
    assert found["slow_together"]["rows"] == []


def test_the_other_three_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Room ranks who gains most first; the rush names nobody; drivers give 27 comparisons with the response rate."""
    room = answer(capsys, "room", "--metric", "fcr")
    assert (room["rows"][0]["agent"], room["rows"][0]["rank"], room["gain_unit"]) == ("Tom Baker", 1, "cases")
    rush = answer(capsys, "rush", "--metric", "first_response")
    assert (rush["steadier"], rush["gives_way"]) == ([], [])
    drivers = answer(capsys, "drivers")
    assert len(drivers["rows"]) == drivers["family"] == 27
    assert drivers["response"] == pytest.approx(drivers["answered"] / drivers["asked"])


@pytest.mark.parametrize("key", KINDS)
def test_every_kpi_has_an_answer_or_a_reason(key: str) -> None:
    """No kind of KPI breaks a question; without an answer there is a reason."""
    seen, scenario = observed(), Scenario()
    found = movements.systemic(seen, scenario, key)
    assert bool(found.reason) == (found.verdict in ("not_enough_data", "cannot_be_judged"))
    days = movements.unusual(seen, scenario, key)
    assert days.reason or len(movements.day_line(days)) == days.family
    rush, room = movements.rush(seen, scenario, key), movements.room(seen, scenario, key)
    assert rush.reason or rush.family > 0
    assert room.reason or room.rows["rank"].notna().sum() <= len(room.rows)


def test_rated_cells_hold_every_rating_once() -> None:
    """The bins add up to the rated conversations of the catalogue's own table."""
    cells, cuts = rated_cells(observed(), Scenario())
    people = persons(kpi_table(observed(), Scenario(), ("agent",), keys=("satisfaction",)))
    own = cells[cells["agent"] != UNASSIGNED].groupby("agent")[["rated", "satisfied"]].sum()
    theirs = dict(zip(people.groups["agent"], people.column("satisfaction", "n"), strict=True))
    assert own["rated"].to_dict() == {name: n for name, n in theirs.items() if n}
    whole = np.nansum(people.column("satisfaction") * people.column("satisfaction", "n"))
    assert own["satisfied"].sum() == pytest.approx(whole)
    assert set(cells["first_response"].dropna()) == {0.0, 1.0}
    known = cells.dropna(subset=["first_response"])
    slow = known.loc[known["first_response"] == 1, "rated"].sum() / known["rated"].sum()
    assert slow == pytest.approx(0.5, abs=0.02)
    assert np.isfinite(list(cuts.values())).all()


def test_filters_hold() -> None:
    """Drivers of one channel see its ratings only and do not compare channels."""
    found = movements.drivers(observed(), Scenario.of({"in_channel": ["chat"]}))
    assert found.rated < movements.drivers(observed(), Scenario()).rated
    assert "channel" not in set(found.rows["driver"])


def test_a_log_of_calls_without_messages_has_a_rush_too(shared: Path) -> None:
    """Calls only: agents at work are those whose calls began; the quarter of busiest hours is found, agents are compared."""
    log = load([InputFile.of(shared / "data" / "pwc_call_center" / "01 Call-Center-Dataset.xlsx")], Choices(zone="Asia/Shanghai"))
    found = movements.rush(observe(build_facts(log)), Scenario(), "satisfaction")
    assert not found.reason
    assert 0.1 < found.slots[0] / found.slots[1] < 0.5
    assert found.family == 8


def test_a_day_has_too_few_ratings() -> None:
    """One day: no comparison has thirty ratings on both sides, and that is said."""
    day = Scenario.of({"period": "custom", "from": "2026-04-27", "to": "2026-04-27"})
    assert movements.drivers(observed(), day).reason == "too_few_ratings"
