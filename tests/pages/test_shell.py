"""The frame: language, link, navigation and what a page file may hold."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from core.recompute import Report
from tests.pages.conftest import ROOT, Open, is_clean, visible

PAGES = sorted((ROOT / "pages").glob("*.py"))
SCRIPTS = [page for page in PAGES if page.name[0].isdigit()]


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_compute_nothing(path: Path) -> None:
    """No file of the pages imports pandas or NumPy: figures come from the core."""
    assert _imported(path) & {"pandas", "numpy", "scipy", "duckdb"} == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_page_asks_for_the_frame(path: Path) -> None:
    """Each page calls the guard, holds no session state of its own and fits on two screens."""
    source = path.read_text(encoding="utf-8")
    assert "framed()" in source
    assert "session_state" not in source
    assert len(source.splitlines()) <= 150


@pytest.mark.parametrize("path", [page for page in PAGES if page.stem != "_session"], ids=lambda path: path.stem)
def test_session_state_lives_in_one_room(path: Path) -> None:
    """Session state, query parameters and caches of figures stand in `_session` alone."""
    source = path.read_text(encoding="utf-8")
    assert "st.session_state[" not in source
    assert "st.query_params" not in source


@pytest.mark.parametrize(("language", "title"), [("zh", "总览"), ("en", "Overview")])
def test_language_follows_the_link(open_page: Open, language: str, title: str) -> None:
    """?lang= decides the language of titles, sidebar and widgets."""
    at = open_page("2_overview", language)
    assert at.title[0].value == title
    is_clean(at)


def test_language_switch_changes_every_page(open_page: Open) -> None:
    """The switch turns the page at once and holds after a page switch."""
    at = open_page("2_overview", "zh")
    at.segmented_control(key="lang").set_value("en").run()
    assert at.title[0].value == "Overview"
    at.switch_page("pages/8_methods.py").run()
    assert at.title[0].value == "Methods"


def test_a_link_is_a_scenario_on_any_page(open_page: Open) -> None:
    """Knobs in the link hold on pages that do not show their widgets, and survive a page switch."""
    at = open_page("8_methods", "en", "sample", period="28d", in_team="A")
    at.switch_page("pages/2_overview.py").run()
    assert at.selectbox(key="period.en").value == "28d"
    assert at.session_state["_kept"]["in_team"] == ["A"]


def test_a_bad_link_is_told_and_the_default_used(open_page: Open) -> None:
    """A value outside the bounds is named with its knob and what is allowed; nothing is clamped."""
    at = open_page("2_overview", "en", "sample", band_a="1000")
    assert any("A from" in each.value and "1000" in each.value for each in at.error)
    assert "band_a" not in at.session_state["_kept"]
    is_clean(at)


def test_anchors_out_of_order_are_told(open_page: Open) -> None:
    """A target on the wrong side of pass is refused in words, and the page still stands."""
    at = open_page("2_overview", "zh", "sample", target_fcr="0.1")
    assert any("一次解决率" in each.value for each in at.error)
    assert not at.exception


def test_period_and_filters_reach_the_figures(open_page: Open) -> None:
    """Reset is grey until something is turned; turned knobs stand in the session as codes."""
    at = open_page("2_overview", "zh", "sample")
    assert at.button(key="reset_period_filter").disabled
    at.selectbox(key="period.zh").set_value("7d").run()
    assert not at.button(key="reset_period_filter").disabled
    at.button(key="reset_period_filter").click().run()
    assert at.selectbox(key="period.zh").value == "all"


def test_sidebar_says_what_is_loaded(open_page: Open, reported: Callable[..., Report]) -> None:
    """Files, conversations, days, zone and freshness of the log stand in the sidebar."""
    at = open_page("8_methods", "en", "sample")
    said = " ".join(visible(at))
    assert "Sample shop" in said
    period = reported().measured.period
    assert f"{period.first} to {period.last}" in said
    assert "Asia/Shanghai" in said
