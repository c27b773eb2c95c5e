"""Data: questions, one-click cures and their undo, further files, refused files named by hand, readings that were interrupted."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core import adding
from core.engine.append import appended
from core.ingest import Choices, InputFile
from core.text import LANGUAGES, Text
from pages._loading import Job, together
from pages._matching import mapping_name
from tests.pages.conftest import Open, is_clean, visible
from tests.pages.test_data import SMALL

EN = Text("en")
HEAD = "Conversation ID,Agent,Started at,First human reply at,CSAT\n"
AMBIGUOUS = HEAD + "".join(
    f"{n},Ann,0{n % 9 + 1}/0{n % 7 + 1}/2024 09:00,0{n % 9 + 1}/0{n % 7 + 1}/2024 09:01,5\n" for n in range(60)
)
FOREIGN = "Nr,Wer,Wann,Note\n" + "".join(f"{n},Ann,2024-01-{n:02d} 09:00,{n % 5 + 1}\n" for n in range(1, 21))


def _rows(first: int, last: int) -> bytes:
    lines = [f"{n},Ann,2024-01-{n % 28 + 1:02d} 09:00,2024-01-{n % 28 + 1:02d} 09:01,5\n" for n in range(first, last)]
    return (HEAD + "".join(lines)).encode()


def _uploaded(open_page: Open, language: str, name: str, data: bytes) -> AppTest:
    at = open_page("1_data", language)
    return at.file_uploader(key="files").upload(name, data, "text/csv").run()


def _buttons(at: AppTest, start: str) -> list[str]:
    return [button.key for button in at.button if str(button.key).startswith(start)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_open_question_stands_on_top_with_its_answers(open_page: Open, language: str) -> None:
    """An ambiguous date order is asked about; answering reads the file again, and undo brings the question back."""
    at = _uploaded(open_page, language, "dates.csv", AMBIGUOUS.encode())
    is_clean(at)
    first = next(each for each in visible(at) if "dates.csv" in each)
    assert first.startswith(":material/help:")
    asked = _buttons(at, "ask_")
    at.button(key=asked[0]).click().run()
    is_clean(at)
    orders = at.session_state["_choices"].of("dates.csv").orders
    assert orders in (dict.fromkeys(("Started at", "First human reply at"), order) for order in ("dmy", "mdy"))
    assert not [line for line in at.session_state["_log"].ledger.issues if line.code == "reply_before_start"]
    at.segmented_control(key=f"data_part.{language}").set_value("ledger").run()
    at.button(key=_buttons(at, "undo_")[0]).click().run()
    assert at.session_state["_choices"] == Choices()
    assert len(_buttons(at, "ask_")) == len(asked)
    assert not _buttons(at, "undo_")


def test_a_question_can_be_settled_as_it_is(open_page: Open) -> None:
    """Keeping the assumed reading takes one question away and changes no decision."""
    at = _uploaded(open_page, "en", "dates.csv", AMBIGUOUS.encode())
    kept = _buttons(at, "ask_keep_")
    at.button(key=kept[0]).click().run()
    assert kept[0] not in _buttons(at, "ask_keep_")
    assert at.session_state["_choices"] == Choices()


def test_a_ledger_line_is_cured_by_its_button(open_page: Open) -> None:
    """Equal rows without an id are kept; the button of their line counts them once, and the figures follow."""
    at = _uploaded(open_page, "en", "twice.csv", SMALL.encode() + b"Ann,2024-01-01 09:00,2024-01-01 09:01,5\n" * 5)
    assert any("25 conversations" in each for each in visible(at))
    at.segmented_control(key="data_part.en").set_value("ledger").run()
    next(button for button in at.button if button.label == EN("ingest.cure.drop_duplicates")).click().run()
    is_clean(at)
    assert at.session_state["_choices"].drop_duplicates
    assert any("20 conversations" in each for each in visible(at))


def test_further_files_replace_or_join(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Further files are read alone and added, rows of both counted once and the period kept, or take the place of what is loaded."""
    taken_in = []
    monkeypatch.setattr(adding, "appended", lambda *given: taken_in.append(given[0]) or appended(*given))
    at = _uploaded(open_page, "en", "one.csv", _rows(1, 21))
    at.switch_page("pages/2_overview.py").run()
    at.switch_page("pages/1_data.py").run()
    at.segmented_control(key="joining.en").set_value("add").run()
    at.session_state["_kept"]["period"] = "28d"
    at.file_uploader(key="files").upload("two.csv", _rows(11, 31), "text/csv").run()
    is_clean(at)
    assert any("30 conversations" in each for each in visible(at))
    assert EN("adding.appended", n="10") in visible(at)
    assert at.session_state["_kept"]["period"] == "28d"
    at.file_uploader(key="files").upload("three.csv", _rows(31, 33), "text/csv").run()
    assert any("32 conversations" in each for each in visible(at))
    assert len(taken_in) == 1
    roster = b"Agent ID,Start at,End at\nAnn,2024-01-01 09:00,2024-01-01 17:00\n"
    at.file_uploader(key="files").upload("roster.csv", roster, "text/csv").run()
    is_clean(at)
    assert EN("adding.whole", why=EN("adding.why.other_table")) in visible(at)
    at.segmented_control(key="joining.en").set_value("replace").run()
    at.file_uploader(key="files").set_value(("four.csv", _rows(1, 6), "text/csv")).run()
    assert any("5 conversations" in each for each in visible(at))
    assert "period" not in at.session_state["_kept"]


def test_files_of_one_name_are_told_apart_and_equal_ones_kept_once() -> None:
    """The same bytes under the same name are one file; other bytes under a taken name get a number."""
    one, other = InputFile("a.csv", b"1"), InputFile("a.csv", b"2")
    assert [file.name for file in together([one], [one, other])] == ["a.csv", "a (2).csv"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refused_file_is_matched_by_hand(open_page: Open, language: str) -> None:
    """A file with unknown headings alone is no dead end: naming its agent column loads it."""
    at = _uploaded(open_page, language, "fremd.csv", FOREIGN.encode())
    assert at.error
    assert at.session_state["_held_refused"] is not None
    at.session_state["fold_mend"] = True
    at.run()
    is_clean(at)
    at.session_state["columns_1_fremd.csv_conversations"] = {
        "edited_rows": {1: {"field": "agent_id"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    at.button(key="apply").click().run()
    is_clean(at)
    assert not at.error
    assert any(Text(language)("pages.data.understood") in each for each in visible(at))
    assert sum(report.rows_kept for report in at.session_state["_log"].ledger.files) == 20


def test_giving_up_a_refused_file_goes_on_with_what_is_loaded(open_page: Open) -> None:
    """After a failure one button takes the message away; the former log was never gone."""
    at = _uploaded(open_page, "en", "one.csv", _rows(1, 21))
    at.file_uploader(key="files").set_value(("fremd.csv", FOREIGN.encode(), "text/csv")).run()
    assert at.error
    at.button(key="give_up").click().run()
    assert not at.error
    assert any("20 conversations" in each for each in visible(at))


def test_an_interrupted_reading_starts_again_and_a_cancelled_one_does_not(open_page: Open) -> None:
    """What was ordered is read in the next run, whatever came between; cancelled, it waits for the button that reads it after all."""
    at = _uploaded(open_page, "en", "one.csv", _rows(1, 21))
    job = Job((InputFile("two.csv", _rows(1, 11)),), Choices(), "files")
    at.session_state["_held_job"] = job
    at.switch_page("pages/2_overview.py").run()
    assert {each.label: each.value for each in at.metric}["Conversations"] == "20"
    at.switch_page("pages/1_data.py").run()
    assert any("10 conversations" in each for each in visible(at))
    at.session_state["_held_called_off"] = Job((InputFile("three.csv", _rows(1, 6)),), Choices(), "files")
    at.run()
    assert EN("pages.data.called_off") in visible(at)
    assert any("10 conversations" in each for each in visible(at))
    at.button(key="resume").click().run()
    assert EN("pages.data.called_off") not in visible(at)
    assert any("5 conversations" in each for each in visible(at))


def test_filling_is_off_and_warns(open_page: Open) -> None:
    """Nothing is filled by itself; choosing a filling shows the warning before it is applied, and applies it."""
    holes = _rows(1, 21).replace(b",5\n", b",\n", 3)
    at = _uploaded(open_page, "en", "holes.csv", holes)
    assert at.session_state["_choices"].fill == {}
    at.segmented_control(key="data_part.en").set_value("matching").run()
    assert EN("pages.data.fill_warning") not in visible(at)
    at.session_state["columns_1_holes.csv_conversations"] = {
        "edited_rows": {4: {"fill": "median"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    at.run()
    assert EN("pages.data.fill_warning") in visible(at)
    at.button(key="apply").click().run()
    assert at.session_state["_choices"].fill == {"csat": "median"}
    assert any(issue.code == "filled" for issue in at.session_state["_log"].ledger.issues)


def test_a_mapping_carries_its_platform(open_page: Open) -> None:
    """The platform's name is applied with the rest, stands in the mapping file's name, and comes back with the file."""
    at = _uploaded(open_page, "en", "one.csv", _rows(1, 21))
    at.segmented_control(key="data_part.en").set_value("matching").run()
    at.text_input(key="platform_1").set_value("My shop/EU").run()
    at.button(key="apply").click().run()
    is_clean(at)
    made = at.session_state["_choices"]
    assert made.platform == "My shop/EU"
    assert mapping_name(made) == "mapping_My_shop_EU.json"
    assert Choices.from_dict(made.to_dict()).platform == "My shop/EU"


def test_order_missing_words_and_encoding_are_set_in_the_matching_table(open_page: Open) -> None:
    """What the table of columns says of order and missing words, and the encoding beside it, is what the file is read with."""
    at = _uploaded(open_page, "en", "dates.csv", AMBIGUOUS.encode())
    at.segmented_control(key="data_part.en").set_value("matching").run()
    at.session_state["columns_1_dates.csv_conversations"] = {
        "edited_rows": {2: {"order": "mdy"}, 3: {"order": "mdy"}, 4: {"missing": "1 | n/a"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    at.selectbox(key="encoding_1_dates.csv").set_value("gb18030")
    at.button(key="apply").click().run()
    is_clean(at)
    told = at.session_state["_choices"].of("dates.csv")
    assert told.orders == {"Started at": "mdy", "First human reply at": "mdy"}
    assert told.missing == {"CSAT": ("1", "n/a")}
    report = at.session_state["_log"].ledger.files[0]
    assert report.encoding == "gb18030"
    assert {match.name: match.format.rpartition(" ")[2] for match in report.columns}["Started at"] == "mdy"
    at.selectbox(key="encoding_2_dates.csv").set_value("")
    at.button(key="apply").click().run()
    assert at.session_state["_choices"].of("dates.csv").encoding == ""
    assert at.session_state["_choices"].of("dates.csv").orders == told.orders


def test_a_mapping_without_a_file_is_kept_for_the_next(open_page: Open) -> None:
    """A mapping file that comes first is said to be kept, and the next file is read with it."""
    at = open_page("1_data", "en")
    mapping = b'{"version": 1, "zone": "Europe/Paris"}'
    at.file_uploader(key="mapping").upload("mapping.json", mapping, "application/json").run()
    assert [each.value for each in at.toast] == [EN("pages.data.mapping_kept")]
    at.file_uploader(key="files").upload("one.csv", _rows(1, 21), "text/csv").run()
    assert at.session_state["_log"].zone == "Europe/Paris"
