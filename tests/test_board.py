"""The trend board: one family over everything on it, counted as it is shown, and every cell the verdict of its own series."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from core import board as boards
from core import recompute
from core.__main__ import main
from core.closeup import closeups
from core.errors import ScenarioError
from core.scenario import Scenario
from core.trends import adjust
from tests.shop import FOLDER, observed

pytestmark = pytest.mark.usefixtures("read_once")

KEYS = ("first_response", "satisfaction", "conversations")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Three KPIs of all agents, teams and the shop of the sample."""
    return boards.board(observed(), Scenario(), ("agent", "team", "shop"), KEYS)


def test_all_cells_are_one_family(rows: pd.DataFrame) -> None:
    """Holm and Benjamini–Hochberg go over every test on the board; the family's size stands in each row."""
    judged = rows["p"].notna()
    assert set(rows["family"]) == {int(judged.sum())}
    np.testing.assert_allclose(rows["p_adjusted"], adjust(rows["p"]))
    np.testing.assert_allclose(rows["q"], adjust(rows["p"], "bh"))
    assert (rows["q"][judged] <= rows["p_adjusted"][judged]).all()


@pytest.mark.parametrize("by", ["agent", "shop"])
@pytest.mark.parametrize("key", KEYS)
def test_a_cell_is_the_trend_of_its_series(rows: pd.DataFrame, by: str, key: str) -> None:
    """Slope, interval and both p-values are those of the KPI's own page; only the family differs."""
    alone = recompute.trends(observed(), Scenario(), key, by).set_index("group").sort_index()
    mine = rows[(rows["by"] == by) & (rows["key"] == key)].set_index("group").sort_index()
    same = ["slope_per_week", "low", "high", "change", "p_weekly", "p_blocked", "p", "n_weeks", "n", "statistic", "reason"]
    pd.testing.assert_frame_equal(mine[same], alone[same], check_names=False)
    np.testing.assert_allclose(mine["p_in_kpi"], alone["p_adjusted"])


def test_the_tally_counts_what_stands_there(rows: pd.DataFrame) -> None:
    """Passed, raw, by chance and worth a look are counts of the rows; more asked means more expected by chance."""
    found = boards.tally(rows)
    assert found.cells == len(rows)
    assert found.by_chance == pytest.approx(0.05 * found.family)
    assert found.passed <= found.raw
    assert found.passed <= found.worth_a_look + int((rows["verdict"] == "practically_unchanged").sum())
    assert [len(boards.listed(rows, rule)) for rule in ("look", "alone", "everything")] == [found.worth_a_look, found.raw, found.cells]


def test_a_larger_board_demands_more() -> None:
    """The planted agent passes among the agents of one KPI and not among many KPIs: the same p, another family."""
    small = boards.board(observed(), Scenario(), ("agent",), ("first_response",))
    large = boards.board(observed(), Scenario(), ("agent",))
    one, other = (boards.cell(each, "agent", "Wang Fang", "first_response") for each in (small, large))
    assert (one.verdict, one.sense, one.p) == ("evidence", "worse", other.p)
    assert one.family < other.family
    assert other.verdict == "some_evidence"


def test_sense_follows_the_kpi() -> None:
    """Faster is better, slower is worse; a KPI without a good side only moves."""
    frame = pd.DataFrame({"key": ["first_response", "satisfaction", "conversations", "fcr"], "verdict": ["evidence"] * 3 + ["no_evidence"]})
    assert boards.senses(frame.assign(direction=["down", "down", "up", "up"])).tolist() == ["better", "worse", "moving", ""]


def test_a_picture_keeps_whole_groups(rows: pd.DataFrame) -> None:
    """With little room the groups that say most are drawn with all their KPIs, and the rest is counted."""
    shown, left = boards.drawn(rows, 10)
    names = shown[["by", "group"]].drop_duplicates()
    assert len(shown) <= 10
    assert len(names) + left == boards.tally(rows).groups
    assert names["group"].iloc[0] == rows["group"].iloc[0]


def test_unknown_kpis_and_groupings_are_refused() -> None:
    """A slip of the pen is an error with a hint, not an empty board."""
    with pytest.raises(ScenarioError):
        boards.board(observed(), Scenario(), ("agent",), ("first_respons",))
    with pytest.raises(ScenarioError):
        boards.board(observed(), Scenario(), ("agnet",), KEYS)


def test_a_period_without_a_week_is_an_empty_family() -> None:
    """Three days: nothing can be tested, the tally says so."""
    scenario = Scenario.of({"period": "custom", "from": "2026-03-03", "to": "2026-03-05"})
    assert boards.tally(boards.board(observed(), scenario, ("agent",), KEYS)).family == 0


def test_a_team_without_conversations_has_zero_and_an_agent_a_gap() -> None:
    """Counts of a team's empty day are 0; an agent's day off is no day with zero conversations."""
    daily, weekly = (recompute.series(observed(), Scenario(), ("conversations",), "team", unit) for unit in ("date", "week"))
    days, weeks = recompute.trend_values(daily, weekly, "conversations", "team")
    assert (days.groupby("group").size() == daily.period.days).all()
    assert weeks["value"].sum() == pytest.approx(days["value"].sum())
    daily, weekly = (recompute.series(observed(), Scenario(), ("conversations",), "agent", unit) for unit in ("date", "week"))
    days, _ = recompute.trend_values(daily, weekly, "conversations", "agent")
    assert len(days) < days["group"].nunique() * daily.period.days


def test_the_command_line_gives_board_and_closeups(capsys: pytest.CaptureFixture[str]) -> None:
    """``trends --board`` prints the page's family and tally; ``trends`` what each verdict rests on; contract's names stay."""
    files = [str(file) for file in sorted(FOLDER.glob("*.csv"))]
    words = [*files, "--tz", "Asia/Shanghai", "--json"]
    assert main(["trends", "--board", "--by", "agent,shop", "--metric", "first_response,satisfaction", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = boards.board(observed(), Scenario(), ("agent", "shop"), ("first_response", "satisfaction"))
    assert found["tally"]["family"] == boards.tally(rows).family
    given = np.array([row["p_adjusted"] for row in found["rows"]], dtype=float)
    np.testing.assert_allclose(given, rows["p_adjusted"])
    assert main(["trends", "--by", "team", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    close = closeups(observed(), Scenario(), "first_response", "team").set_index("group")
    for row in found["rows"]:
        assert {"slope_per_week", "low", "high", "p", "p_adjusted", "verdict", "method", "n_weeks", "reason"} <= set(row)
        weeks = close.loc[row["by"]["team"], "power_weeks"]
        assert row["power_weeks"] == (weeks if np.isfinite(weeks) else None)
