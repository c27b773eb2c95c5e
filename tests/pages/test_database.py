"""The form for a database: tables are listed and read, refusals come in words, the password is nowhere."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.text import Text
from tests.pages.conftest import Open, is_clean, visible


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of a shop with twenty conversations and a roster, as the operator of the server gives it."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as made, made:
        made.execute("CREATE TABLE talks (Agent, [Started at], [First human reply at], CSAT)")
        rows = [(who, f"2024-01-{day:02d} 09:00", f"2024-01-{day:02d} 09:01", 5) for who in ("Ann", "Bob") for day in range(1, 11)]
        made.executemany("INSERT INTO talks VALUES (?, ?, ?, ?)", rows)
        made.execute("CREATE TABLE shifts (Agent, [Start at], [End at])")
        made.execute("INSERT INTO shifts VALUES ('Ann', '2024-01-01 09:00', '2024-01-01 18:00')")
    monkeypatch.setenv("KEFULENS_SHOP", f"sqlite:///{tmp_path}/shop.db")
    return "env:KEFULENS_SHOP"


def connected(open_page: Open, language: str, address: str) -> AppTest:
    """The page after the address was given and the tables were asked for."""
    at = open_page("1_data", language)
    at.text_input(key="db_address").set_value(address).run()
    return at.button(key="db_look").click().run()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_tables_are_read_like_files(open_page: Open, language: str, address: str) -> None:
    """Two tables become one log that can be read again with other decisions and joined by a file."""
    at = connected(open_page, language, address)
    at.multiselect(key="db_tables").set_value(["talks", "shifts"]).run()
    at.button(key="db_read").click().run()
    is_clean(at)
    names = [file.name for file in at.session_state["_files"]]
    assert names == ["sqlite://shop.db/talks", "sqlite://shop.db/shifts"]
    assert set(at.session_state["_log"].tables) == {"conversations", "roster"}
    at.segmented_control(key=f"joining.{language}").set_value("add").run()
    at.file_uploader(key="files").upload("more.csv", b"Agent,Started at\nCid,2024-02-01 10:00\n", "text/csv").run()
    assert len(at.session_state["_files"]) == 3
    assert at.session_state["_log"].tables["conversations"].num_rows == 21


def test_a_query_is_read(open_page: Open, address: str) -> None:
    """The result of a SELECT is a log as well; a statement that writes is refused in words and loses nothing."""
    at = connected(open_page, "en", address)
    at.segmented_control(key="db_how.en").set_value("query").run()
    at.text_area(key="db_query").set_value("SELECT * FROM talks WHERE Agent = 'Ann'").run()
    at.button(key="db_read").click().run()
    assert at.session_state["_log"].tables["conversations"].num_rows == 10
    at.text_area(key="db_query").set_value("DROP TABLE talks").run()
    at.button(key="db_read").click().run()
    is_clean(at)
    assert any("DROP" in each.value for each in at.error)
    assert at.session_state["_log"].tables["conversations"].num_rows == 10


@pytest.mark.parametrize("typed", ["sqlite:////etc/shop.db", "sqlite:///{folder}/shop.db", "env:SHOP_SECRET", "postgresql:///shop"])
def test_what_belongs_to_the_server_stays_there(
    open_page: Open, address: str, typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a file of the server nor a variable that was not meant for visitors is opened; the way out is said."""
    monkeypatch.setenv("SHOP_SECRET", f"sqlite:///{tmp_path}/shop.db")
    at = connected(open_page, "en", typed.format(folder=tmp_path))
    is_clean(at)
    (said,) = [each.value for each in at.error]
    assert ("Upload the database file" in said) != ("begins with KEFULENS_" in said)
    assert not [each for each in at.multiselect if each.key == "db_tables"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_wrong_address_is_explained_without_its_secret(open_page: Open, language: str) -> None:
    """What cannot be connected says so; the password is not on the page and not in the link."""
    at = connected(open_page, language, "postgresql://owner:s3cret@127.0.0.1:1/shop")
    is_clean(at)
    assert len(at.error) == 1
    assert not any("s3cret" in each for each in visible(at))
    assert "s3cret" not in str(at.query_params)
    assert at.text_input(key="db_address").label == Text(language)("pages.database.address")
