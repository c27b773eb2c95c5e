"""What was planted is found by the same functions as the app's, and where nothing was planted nothing is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.planted import look
from core.engine import Observed, build_facts, observe
from core.ingest import InputFile, load
from core.recompute import judge, measure, trends, weekdays
from core.scenario import Scenario
from core.scoring import INSUFFICIENT
from core.slowdays import slow_day
from sample_data.generate import Story, null_story, other_story

SHOP = Path(__file__).resolve().parent.parent / "sample_data" / "shop"
STORY = Story()
CALLED = ("evidence", "strong_evidence")


@pytest.fixture(scope="module")
def seen() -> Observed:
    """The committed sample shop, read from its files."""
    return observe(build_facts(load([InputFile.of(path) for path in sorted(SHOP.glob("*.csv"))])))


def test_the_slow_weekday_is_named_with_its_ratio_and_its_cause(seen):
    """In the story's weeks Friday alone is named, 1.25 ± 0.02; volume per hour of duty is up, handling and mix are not."""
    found, drivers = weekdays(seen, Scenario.of({"period": "custom", "to": "2026-04-26"}))
    assert found.named == (STORY.weekday,)
    assert found.weekdays["ratio_to_rest"][STORY.weekday] == pytest.approx(1.25, abs=0.02)
    verdict = drivers.set_index("driver")["verdict"]
    assert verdict["volume"] in CALLED
    assert verdict["contacts_per_staff_hour"] in CALLED
    assert verdict["handle_time"] not in CALLED
    assert verdict["mix"] not in CALLED


def test_fridays_main_cause_is_volume_and_not_handling(seen):
    """The difference of the slow weekday divides into volume, with an interval, and next to nothing of anything else."""
    found = slow_day(seen, Scenario.of({"period": "custom", "to": "2026-04-26"})).causes
    rows = found.parts.set_index("cause")
    assert (found.weekday, found.main) == (STORY.weekday, "volume")
    assert found.ratio == pytest.approx(1.25, abs=0.03)
    assert rows.loc["volume", "share_low"] > 0.6
    assert rows.loc["handling", "share_low"] < 0 < rows.loc["handling", "share_high"]
    assert abs(rows.loc[["staff", "handling", "mix"], "share"]).max() < 0.2


def test_after_the_change_no_weekday_is_named(seen):
    """The four weeks after the re-rostering are too few to judge, and nothing is claimed."""
    assert weekdays(seen, Scenario.of({"period": "custom", "from": "2026-04-27"}))[0].named == ()


def test_the_two_agents_who_change_are_called_and_nobody_else(seen):
    """One gets faster, one slower; both pass after correction over all agents."""
    verdicts = trends(seen, Scenario(), "first_response")
    called = verdicts[verdicts["verdict"].isin(CALLED)].set_index("group")["direction"].to_dict()
    assert called == {STORY.improving: "down", STORY.declining: "up"}


def test_the_thin_agent_has_no_grade_and_the_fast_but_empty_one_is_at_the_end(seen):
    """Six conversations are no grade; quick empty replies win no quality."""
    scores, _ = judge(measure(seen), Scenario())
    grades = dict(zip(scores.names, scores.grade, strict=True))
    assert grades[STORY.thin] == INSUFFICIENT
    frame = scores.frame()
    assert frame.loc[frame["agent"] == STORY.fast_empty, "quality"].item() == frame["quality"].min()
    measured = measure(seen).agents
    row = measured.row(STORY.fast_empty)
    assert measured.column("first_response", "median")[row] == min(measured.column("first_response", "median")[:-1])


@pytest.mark.parametrize("seed", [3, 11])
def test_another_weekday_size_and_agents_are_found_too(seed):
    """Nothing in the code knows Friday or a name."""
    story = other_story(seed)
    found = look(story)
    assert story.weekday in found.story_weekdays
    assert found.agents.get(story.improving) == "down"
    assert found.agents.get(story.declining) == "up"


@pytest.mark.parametrize("seed", [1, 2])
def test_a_shop_in_which_nothing_was_planted_is_quiet(seed):
    """No weekday is named and no agent's trend is called."""
    found = look(null_story(seed))
    assert found.weekdays == ()
    assert found.agents == {}
