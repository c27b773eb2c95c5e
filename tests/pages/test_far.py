"""A source whose rows stay: chosen by name or file, refused in words, and what was loaded before stays."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from core.errors import InputError, Issue
from core.text import Text
from pages import _far
from tests.pages.conftest import Open, is_clean, visible

TALK = """CREATE TABLE talk AS SELECT 'c' || n AS "Conversation ID", 'u' || n AS "Customer ID", w.who AS "Sender",
  CASE WHEN w.who = 'agent' THEN 'Ann' END AS "Agent ID",
  TIMESTAMP '2026-01-05 09:00:00' + INTERVAL (n) HOUR + INTERVAL (w.late) SECOND AS "Sent at"
  FROM range(60) AS t(n) CROSS JOIN (VALUES ('customer', 0), ('agent', 40)) AS w(who, late)"""
SOURCE = """engine = "duckdb"
address = "env:KEFULENS_FAR"
zone = "Asia/Shanghai"
[tables]
messages = "{table}"
"""


@pytest.fixture(autouse=True)
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two source files, one of which names a table that is not there."""
    with duckdb.connect(str(tmp_path / "far.duckdb")) as con:
        con.execute(TALK)
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "Bad.toml").write_text(SOURCE.format(table="tlak"), "utf-8")
    (folder / "Shop.toml").write_text(SOURCE.format(table="talk"), "utf-8")
    monkeypatch.setenv("KEFULENS_SOURCES", str(folder))
    monkeypatch.setenv("KEFULENS_FAR", str(tmp_path / "far.duckdb"))
    return folder


def test_a_source_by_name_and_a_bad_one_after_it(open_page: Open) -> None:
    """The figures come, "as of" is shown, rows stay; a source that fails is told with the near name and the first one stays."""
    at = open_page("1_data", "zh")
    at.selectbox(key="far_name").set_value("Shop").run()
    at.button(key="far_use").click().run()
    is_clean(at)
    log = at.session_state["_log"]
    assert log.elsewhere is not None
    assert at.session_state["_far"].name == "Shop"
    said = " ".join(visible(at))
    assert "60" in said
    assert Text("zh")("source.stays") in said
    assert "2026-01-07 20:00" in said
    at.selectbox(key="far_name").set_value("Bad").run()
    at.button(key="far_use").click().run()
    is_clean(at)
    assert "talk" in " ".join(visible(at))
    assert at.session_state["_log"] is log


def test_a_visitors_file_may_not_reach_the_server(open_page: Open, sources: Path) -> None:
    """A source file brought along that names a file of the server is refused in words; nothing is loaded."""
    at = open_page("1_data", "en")
    at.segmented_control(key="far_way.en").set_value("file").run()
    closed = SOURCE.format(table="talk").replace("env:KEFULENS_FAR", str(sources.parent / "far.duckdb"))
    at.file_uploader(key="far_file").upload("mine.toml", closed.encode(), "application/toml").run()
    is_clean(at)
    assert "KEFULENS_" in " ".join(visible(at))
    assert "_log" not in at.session_state


def test_what_fails_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal is kept with the source it is about, so that one click tries it again."""
    held: dict = {"far_wanted": type("Wanted", (), {"name": "Shop"})()}
    monkeypatch.setattr(_far.session, "hold", lambda **what: held.update(what))
    monkeypatch.setattr(_far.session, "held", lambda name, default=None: held.get(name, default))

    def refuse() -> None:
        raise InputError(Issue("far_password", "error", file="a.toml"))

    monkeypatch.setattr(_far.st, "rerun", lambda: None)
    _far._ordered(refuse)
    assert held["far_trouble"][0].code == "far_password"
    held["far_failed"] = "Shop"
    _far._again()
    assert held["far_wanted"] == "Shop"
