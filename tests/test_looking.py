"""A watched place shared by its viewers: one look for all, bounded shelves, lamps and history of each viewer."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.growing import Held, refreshed
from core.ingest import Choices
from core.live import Past
from core.looking import BOARDS, Place, told, viewed
from core.scenario import Scenario
from tests.test_live import MESSAGES

CHOICES = Choices(zone="UTC")


def place(folder: Path, looks: list[int]) -> Place:
    """A place that notes when it is looked at."""

    def take(held: Held, now: int) -> Held:
        looks.append(now)
        return refreshed(held, folder, CHOICES, now)

    return Place(take)


def test_many_viewers_share_one_look(tmp_path: Path) -> None:
    """Ten threads at one moment look once and see one board; half an interval later the place is looked at again."""
    (tmp_path / "log.csv").write_text(MESSAGES, "utf-8")
    looks: list[int] = []
    shared, scenario, seen = place(tmp_path, looks), Scenario(), []
    threads = [threading.Thread(target=lambda: seen.append(viewed(None, shared, scenario, 1000))) for _ in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert looks == [1000]
    assert len({id(each.board) for each in seen}) == 1
    assert viewed(seen[0], shared, scenario, 2000) is seen[0]
    viewed(seen[0], shared, scenario, 3500)
    assert looks == [1000, 3500]


def test_shelves_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many knobs its viewers turn, a place keeps no more boards than the shelf holds, and counts the past once."""
    monkeypatch.setattr("core.looking.board", lambda *_: object())
    (tmp_path / "log.csv").write_text(MESSAGES, "utf-8")
    shared = place(tmp_path, [])
    held = shared.look(0, 1000)
    boards = [shared.board(held, Scenario.of({"live_window_min": 5 + at}), Past()) for at in range(BOARDS + 5)]
    assert len({id(each) for each in boards}) == BOARDS + 5
    assert shared.board(held, Scenario.of({"live_window_min": 4 + BOARDS + 5})) is boards[-1]
    assert (len(shared._boards), len(shared._pasts)) == (BOARDS, 1)


def test_a_viewer_has_lamps_history_and_an_idea_of_age(tmp_path: Path) -> None:
    """A lamp lights at the second look, with an entry; unchanged data grow old and are said to be; a lost folder keeps board and lamps."""
    (tmp_path / "log.csv").write_text(MESSAGES, "utf-8")
    shared = place(tmp_path, [])
    scenario = Scenario.of({"live_looks": 2, "alarm_longest_wait": 300, "live_stale": 2, "live_every_s": 2})
    first = viewed(None, shared, scenario, 0)
    second = viewed(first, shared, scenario, 2000)
    assert [each.lights["longest_wait"].state for each in (first, second)] == ["normal", "alarm"]
    assert [second.state(key) for key in ("waiting", "longest_wait", "satisfaction")] == ["normal", "alarm", "unjudged"]
    assert [(each.key, each.after, each.value) for each in second.history] == [("longest_wait", "alarm", 480.0)]
    third = viewed(second, shared, scenario, 6000)
    assert [each.stale(scenario) for each in (second, third)] == [False, True]
    assert second.board is not None
    assert third.age_s(second.board.as_of_ms + 60_000) == 60
    tmp_path.rename(tmp_path.with_name("elsewhere"))
    lost = viewed(third, shared, scenario, 9000)
    values = told(lost, scenario, 9000)
    assert (lost.board, lost.lights["longest_wait"].state) == (third.board, "alarm")
    assert [each["code"] for each in values["troubles"]] == ["live_folder_gone"]
    assert values["figures"]["longest_wait"]["state"] == "alarm"
    shared.anew()
    gone = viewed(lost, shared, scenario, 9100)
    assert (gone.board, gone.problems, [each.issue.code for each in gone.held.troubles]) == (None, (), ["live_folder_gone"])
