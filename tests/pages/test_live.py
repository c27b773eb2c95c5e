"""The live board on its page: what may be watched, the core's figures, and what is said when something is wrong."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from time import time

import pytest

from core import live
from core.ingest import Choices, InputFile, load
from core.ingest.source import Wanted
from core.looking import clock, name
from core.scenario import Scenario
from core.text import Text
from tests.pages.conftest import Open, cards, charted, is_clean, visible
from tests.test_live import MESSAGES

PAGE, LANGUAGES = "9_live", ("zh", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_to_watch_says_how(open_page: Open, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """Without a folder of the operator, and not surely at the machine itself, the page asks for nothing and says who can do what."""
    monkeypatch.delenv("KEFULENS_WATCH", raising=False)
    at = open_page(PAGE, language)
    is_clean(at)
    assert any("KEFULENS_WATCH" in said for said in visible(at))
    assert not at.text_input


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_board_is_the_cores(open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, language: str) -> None:
    """Figures, data time and course are those of the core; a torn line changes nothing, a broken file is named and the figures stay."""
    monkeypatch.setenv("KEFULENS_WATCH", str(tmp_path))
    path, text, knobs = tmp_path / "log.csv", Text(language), {"live_min_n": 2, "live_looks": 1, "alarm_longest_wait": 400}
    path.write_text(MESSAGES + "late,u9,2026-05-04 14:2", "utf-8")
    at = open_page(PAGE, language, **{key: str(value) for key, value in knobs.items()})
    is_clean(at)
    scenario, zone = Scenario.of(knobs), "Asia/Shanghai"
    want = live.board(load([InputFile("log.csv", MESSAGES.encode())], Choices()), scenario)
    shown = cards(at)
    for key in ("waiting", "longest_wait", "first_response", "within", "agents_writing", "contacts_15"):
        assert shown[name(key, scenario, text)] == text.value(want.figures[key].value, want.figures[key].unit)
    said = visible(at)
    assert any(clock(want.as_of_ms, zone, day=True) in each for each in said)
    assert charted(at.get("vega_lite_chart")[0])["contacts"].sum() == want.slots["contacts"].sum()
    assert any(text("live.state.alarm") in str(each) for each in at.dataframe[-1].value.to_numpy().ravel())
    path.write_text("just,nonsense\n1,2\n", "utf-8")
    monkeypatch.setattr("pages._liveboard.time", lambda: time() + 10)
    at.toggle(key="live_wall").set_value(True).run()
    is_clean(at)
    assert any("log.csv" in each.value for each in at.warning)
    assert any(clock(want.as_of_ms, zone, day=True) in each for each in visible(at))


def test_the_loaded_database_is_asked_again(open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What was asked on the Data page is asked anew at a look: a row more is a row more on the board; a lost table keeps the figures."""
    address, rows = tmp_path / "shop.db", [line.split(",") for line in MESSAGES.splitlines()]
    with closing(connect(address)) as base, base:
        base.execute(f"CREATE TABLE messages ({', '.join(json.dumps(each) for each in rows[0])})")
        base.executemany(f"INSERT INTO messages VALUES ({', '.join('?' * len(rows[0]))})", rows[1:])
    monkeypatch.setenv("KEFULENS_SHOP", f"sqlite:///{address}")
    monkeypatch.delenv("KEFULENS_WATCH", raising=False)
    at = open_page("8_methods", "en")
    at.session_state["_held_db_asked"] = ("env:KEFULENS_SHOP", (Wanted(table="messages"),))
    at.switch_page(f"pages/{PAGE}.py").run()
    is_clean(at)
    waiting = name("waiting", Scenario(), Text("en"))
    assert cards(at)[waiting] == "2"
    for more, shown, warned in (("INSERT INTO messages VALUES ('n','u7','2026-05-04 13:59:30','customer','','','','chat')", "3", 0),
                                ("DROP TABLE messages", "3", 1)):  # fmt: skip
        with closing(connect(address)) as base, base:
            base.execute(more)
        later = time() + (10 if warned == 0 else 20)
        monkeypatch.setattr("pages._liveboard.time", lambda later=later: later)
        at.run()
        is_clean(at)
        assert (cards(at)[waiting], len(at.warning)) == (shown, warned)
