"""Data: what is kept on this machine, who sees what of it, and the buttons that remove it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ingest import InputFile, load
from core.store.shelf import Store
from core.text import Text
from tests.pages.conftest import Open, is_clean, visible

ROWS = b"Agent,Started at,CSAT\n" + b"".join(b"Ann,2024-01-%02d 09:00,5\n" % day for day in range(1, 29))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Two logs that an earlier start has kept."""
    found = Store(tmp_path, 10**9)
    for name in ("june.csv", "july.csv"):
        found.keep_log(load([InputFile(name, ROWS)]))
    found.settle()
    monkeypatch.setattr("pages._session.store", lambda: found)
    return found


def test_what_is_kept_is_shown_and_removed(open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, rows and size of each log; a button removes one of them, another all; then the page says that nothing is kept."""
    monkeypatch.setattr("pages._keeping.alone", lambda: True)
    at = open_page("1_data", "en")
    assert not any("june.csv" in each for each in visible(at))
    at.session_state["fold_kept"] = True
    at.run()
    is_clean(at)
    assert any("**june.csv** · 28 rows" in each for each in visible(at))
    (june,) = [each.digest for each in store.kept() if each.files == ("june.csv",)]
    at.button(key=f"purge_{june[:16]}").click().run()
    assert [each.files for each in store.kept()] == [("july.csv",)]
    assert not any("june.csv" in each for each in visible(at))
    at.button(key="purge_all").click().run()
    is_clean(at)
    assert store.kept() == ()
    assert Text("en")("kept.empty") in visible(at)


def test_a_visitor_among_others_sees_no_names(open_page: Open, store: Store) -> None:
    """Where a visitor may be anybody, file names of other logs, the folder and the button for all are not shown."""
    at = open_page("1_data", "zh")
    at.session_state["fold_kept"] = True
    at.run()
    is_clean(at)
    said = visible(at)
    assert not any("june.csv" in each or str(store.folder) in each for each in said)
    assert Text("zh")("kept.more", n=2) in said
    assert Text("zh")("kept.purge_all") not in [each.label for each in at.button]
