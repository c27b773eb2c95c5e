"""Pilots on the Trends page: planned in the form, kept in the book, judged by their rule, written for a meeting; training dates."""

from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from core.changes import Change, Pilot
from core.scenarios import Book
from core.text import Text
from tests.pages.conftest import Open, is_clean, visible

LANGUAGES = ("zh", "en")
WHO = ("Lin Xiao", "Zhao Min", "Liu Yang", "Sun Jie", "Zhou Ting")
PILOT = Pilot(Change(date(2026, 4, 27), WHO, None, "training"), "first_response", "lower", 0.1, date(2026, 5, 24), planned=400)
RUNNING = Pilot(Change(date(2026, 5, 4), (), None, "bot"), "satisfaction", "higher", 0.03, date(2026, 7, 1), "more", 30, 4000)


def opened(open_page: Open, language: str, view: str = "list", *pilots: Pilot) -> AppTest:
    """The Trends page at pilots, with some in the book."""
    at = open_page("6_trends", language, "sample")
    if pilots:
        at.session_state["_book"] = Book(pilots=pilots)
    at.segmented_control(key=f"trends_part.{language}").set_value("pilots").run()
    if view != "list":
        at.segmented_control(key=f"pilots_view.{language}").set_value(view).run()
    return at


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pilot_that_is_over_has_its_verdict_and_files(open_page: Open, language: str) -> None:
    """The outcome, the rule, who took part, the row behind it; both files can be made."""
    at = opened(open_page, language, "list", PILOT, RUNNING)
    is_clean(at)
    text, said = Text(language), " ".join(visible(at))
    assert text("pilots.outcome.do_not_adopt") in said
    assert text("pilots.told.touched", names=text("scores.control.comma").join(WHO)) in said
    assert text("beforeafter.why.controls") in said
    assert at.dataframe[0].value["outcome"].tolist() == [text("pilots.outcome.do_not_adopt"), text("pilots.outcome.too_early")]
    assert {"get_pilot.html", "get_pilot.md"} <= {button.key for button in at.get("download_button")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_for_a_meeting_holds_verdict_rule_and_figures(open_page: Open, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """Both files say outcome, rule and figures in words, p included, and no code; the page also has the picture."""
    from pages import _widgets as widgets

    made: dict[str, bytes] = {}
    monkeypatch.setattr(widgets, "download_file", lambda label, name, make: made.setdefault(name, make()))
    opened(open_page, language, "list", PILOT)
    text = Text(language)
    page, words = made["pilot.html"].decode(), made["pilot.md"].decode()
    assert "<svg" in page
    for said in (text("pilots.outcome.do_not_adopt"), text("beforeafter.column.p_adjusted"), text("pilots.told.family", pilots=1)):
        assert said in page
        assert said in words
    assert "p_adjusted" not in words
    assert "pilots:" in made["scenarios.yaml"].decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_running_pilot_warns_of_peeking(open_page: Open, language: str) -> None:
    """Not decided yet, why, and how far it is; an agent nobody knows is said."""
    stranger = Pilot(Change(date(2026, 5, 4), ("Nobody",), None, "other"), "fcr", "higher", 0.03, date(2026, 5, 20))
    at = opened(open_page, language, "list", RUNNING, stranger)
    is_clean(at)
    text, said = Text(language), " ".join(visible(at))
    assert text("pilots.because.not_over") in said
    at.selectbox(key=f"pilot_shown.{language}").set_value("other").run()
    is_clean(at)
    assert "Nobody" in " ".join(visible(at))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pilot_is_planned_in_the_form(open_page: Open, language: str) -> None:
    """Without a name it cannot be kept; with one the book has it, with the planner's cases, and the list shows it."""
    at = opened(open_page, language, "new")
    is_clean(at)
    text = Text(language)
    assert at.button(key="keep_pilot").disabled
    assert any(text("pilots.trouble.no_name") in said for said in visible(at))
    at.text_input(key="pilot_name").set_value("templates").run()
    at.date_input(key="pilot_start").set_value(date(2026, 5, 4)).run()
    at.button(key="keep_pilot").click().run()
    is_clean(at)
    kept = at.session_state["_book"].pilot("templates")
    assert (kept.metric, kept.direction, kept.margin) == ("first_response", "lower", 0.1)
    assert (kept.planned or 0) > 100
    assert any(text("pilots.trouble.name_taken") in said for said in visible(at))
    at.segmented_control(key=f"pilots_view.{language}").set_value("list").run()
    is_clean(at)


@pytest.mark.parametrize("language", LANGUAGES)
def test_training_dates_are_loaded(open_page: Open, language: str) -> None:
    """Nothing loaded, nonsense, a table: each says what it is; the table gives everybody and all together."""
    at = opened(open_page, language, "training")
    is_clean(at)
    text = Text(language)
    assert text("pilots.training.none") in visible(at)
    at.file_uploader(key="training_file").upload("x.csv", b"a,b\n1,2\n", "text/csv").run()
    is_clean(at)
    table = "agent,date\n" + "".join(f"{name},2026-04-{20 + 2 * at_}\n" for at_, name in enumerate(WHO)) + "Nobody,2026-04-20\n"
    at.file_uploader(key="training_file").upload("t.csv", table.encode(), "text/csv").run()
    is_clean(at)
    said = " ".join(visible(at))
    assert "Nobody" in said
    assert text("beforeafter.why.rollout") in said
    assert len(at.dataframe[-1].value) == 6
