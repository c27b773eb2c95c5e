"""Data: upload, what was understood, the ledger, and what stays when a file is broken."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from core.consequences import consequences
from core.ingest import Choices, explain
from core.log import Log
from core.text import Text
from tests.pages.conftest import BROKEN, Open, is_clean, visible

LANGUAGES = ("zh", "en")
SMALL = "Agent,Started at,First human reply at,CSAT\n" + "".join(
    f"{agent},2024-01-{day:02d} 09:00,2024-01-{day:02d} 09:01,5\n" for agent in ("Ann", "Bob") for day in range(1, 11)
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_loaded(open_page: Open, language: str) -> None:
    """The page offers upload and sample and shows no empty tables."""
    at = open_page("1_data", language)
    is_clean(at)
    assert at.title[0].value == Text(language)("pages.data.title")
    assert at.button(key="sample").label == Text(language)("pages.data.sample")
    assert not at.dataframe


@pytest.mark.parametrize("language", LANGUAGES)
def test_broken_file_says_what_and_how_to_cure(open_page: Open, language: str) -> None:
    """A file that is no log is named with its headings and a cure; nothing is loaded."""
    at = open_page("1_data", language, "broken")
    is_clean(at)
    assert any("broken.csv" in each.value and "nonsense" in each.value for each in at.error)


@pytest.mark.parametrize("language", LANGUAGES)
def test_broken_file_keeps_what_was_loaded(open_page: Open, language: str) -> None:
    """After a failed upload the sample is still there and the page says so."""
    at = open_page("1_data", language, "sample")
    at.file_uploader(key="files").upload("broken.csv", BROKEN, "text/csv").run()
    is_clean(at)
    said = visible(at)
    assert Text(language)("pages.data.kept") in said
    assert any(Text(language)("pages.frame.sample_name") in each for each in said)


def test_an_upload_replaces_the_log_and_survives_a_page_switch(open_page: Open) -> None:
    """An uploaded file is read at once, its figures are on the Overview, and coming back loses nothing."""
    at = open_page("1_data", "en")
    at.file_uploader(key="files").upload("shop.csv", SMALL.encode(), "text/csv").run()
    is_clean(at)
    at.switch_page("pages/2_overview.py").run()
    assert {each.label: each.value for each in at.metric}["Conversations"] == "20"
    at.switch_page("pages/1_data.py").run()
    assert any("shop.csv" in each and "20 conversations" in each for each in visible(at))


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_name_what_is_missing(open_page: Open, language: str) -> None:
    """What the log cannot answer comes with the columns it would take."""
    at = open_page("1_data", language)
    at.file_uploader(key="files").upload("shop.csv", SMALL.encode(), "text/csv").run()
    text = Text(language)
    cannot = next(each for each in visible(at) if f"**{text('ingest.capability.quality')}**" in each)
    assert text("schema.table.reviews.name") in cannot
    is_clean(at)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", ["answers", "ledger", "matching", "preview"])
def test_every_part_is_in_words(open_page: Open, language: str, part: str) -> None:
    """Each part of the page runs on the sample in both languages without codes."""
    at = open_page("1_data", language, "sample")
    at.segmented_control(key=f"data_part.{language}").set_value(part).run()
    is_clean(at)


def test_ledger_adds_up_as_in_the_core(open_page: Open, sample_log: Log) -> None:
    """Read, kept and dropped of the table are those of the ledger, and read = kept + dropped."""
    at = open_page("1_data", "en", "sample")
    at.segmented_control(key="data_part.en").set_value("ledger").run()
    shown = at.dataframe[0].value
    assert shown["rows_read"].tolist() == [report.rows_read for report in sample_log.ledger.files]
    assert (shown["rows_read"] == shown["rows_kept"] + shown["rows_dropped"]).all()
    said = visible(at)
    for severity in ("warning", "note"):
        at.segmented_control(key="severity.en").set_value(severity).run()
        said += visible(at)
    for line, issue in enumerate(sample_log.ledger.issues, 1):
        assert f"**{line}** · {explain(issue, Text('en'))[0]}" in said


def test_preview_hides_customers(open_page: Open, sample_log: Log) -> None:
    """Neither preview shows a customer id of the file."""
    at = open_page("1_data", "en", "sample")
    at.segmented_control(key="data_part.en").set_value("preview").run()
    customers = set(sample_log.tables["conversations"].column("customer_id").to_pylist())
    assert len(at.dataframe) == 2
    assert len(customers) > 100
    for element in at.dataframe:
        assert not customers & {cell for column in element.value for cell in element.value[column]}


def test_a_wrong_match_can_be_corrected(open_page: Open) -> None:
    """Taking a column out in the table and applying reads the file again without it."""
    at = open_page("1_data", "en")
    at.file_uploader(key="files").upload("shop.csv", SMALL.encode(), "text/csv").run()
    at.segmented_control(key="data_part.en").set_value("matching").run()
    at.session_state["columns_1_shop.csv_conversations"] = {
        "edited_rows": {3: {"field": ""}},
        "added_rows": [],
        "deleted_rows": [],
    }
    at.button(key="apply").click().run()
    is_clean(at)
    at.switch_page("pages/2_overview.py").run()
    assert {each.label: each.value for each in at.metric}["Satisfaction"] == "–"


def test_zone_is_applied_to_the_days(open_page: Open) -> None:
    """Another zone is remembered with the log and shown in the sidebar."""
    at = open_page("1_data", "en")
    at.file_uploader(key="files").upload("shop.csv", SMALL.encode(), "text/csv").run()
    at.segmented_control(key="data_part.en").set_value("matching").run()
    at.selectbox(key="zone").set_value("Europe/Berlin").run()
    at.button(key="apply").click().run()
    assert any("Zone Europe/Berlin" in each for each in visible(at))


def test_an_unknown_zone_is_told_and_forgotten(open_page: Open) -> None:
    """A zone that does not exist is named; the log stays, and so does its zone for the next file."""
    at = open_page("1_data", "en")
    at.file_uploader(key="files").upload("shop.csv", SMALL.encode(), "text/csv").run()
    mapping = json.dumps(Choices(zone="Nowhere/Land").to_dict()).encode()
    at.file_uploader(key="mapping").upload("mapping.json", mapping, "application/json").run()
    assert any("Nowhere/Land" in each.value for each in at.error)
    assert any("Zone Asia/Shanghai" in each for each in visible(at))
    at.file_uploader(key="files").upload("more.csv", SMALL.encode(), "text/csv").run()
    assert not at.error


def test_a_mapping_file_goes_round(open_page: Open) -> None:
    """A mapping file is taken and the files in the box are read with it; another JSON is refused."""
    at = open_page("1_data", "en")
    at.file_uploader(key="files").upload("shop.csv", SMALL.encode(), "text/csv").run()
    mapping = json.dumps(Choices(zone="Europe/Paris").to_dict()).encode()
    at.file_uploader(key="mapping").upload("mapping.json", mapping, "application/json").run()
    assert any("Zone Europe/Paris" in each for each in visible(at))
    at.file_uploader(key="mapping").upload("other.json", b"[1]", "application/json").run()
    assert any("other.json" in each.value for each in at.error)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_log_without_conversations_is_told(open_page: Open, language: str) -> None:
    """A roster alone can be read but holds nothing to measure: it is told, and what was loaded stays."""
    at = open_page("1_data", language, "sample")
    roster = b"Agent,Shift start,Shift end\nAnn,2024-01-01 09:00,2024-01-01 17:00\n"
    at.file_uploader(key="files").upload("roster.csv", roster, "text/csv").run()
    is_clean(at)
    assert at.error
    assert Text(language)("pages.data.kept") in visible(at)


@pytest.fixture(scope="module")
def told_lines(sample_log: Log) -> pd.DataFrame:
    """What the core says each line of the sample's ledger does to the figures."""
    return consequences((), Choices(), sample_log)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ledger_says_what_its_lines_do_to_the_figures(open_page: Open, told_lines: pd.DataFrame, language: str) -> None:
    """Asked for, the ledger lists KPIs with and without the rows of a line, as the core has them; hidden, it computes nothing."""
    at = open_page("1_data", language, "sample")
    at.segmented_control(key=f"data_part.{language}").set_value("ledger").run()
    hidden = len(at.dataframe)
    at.session_state["fold_effects"] = True
    at.run()
    is_clean(at)
    frame = told_lines
    shown = at.dataframe[hidden].value
    told = frame[(frame["status"] == "ok") & (frame["now"] == "with")]
    assert len(told) > 3
    assert set(told["line"]) <= set(shown["line"])
    names = {Text(language)(f"metrics.{key}.name", n="30") for key in told["key"]}
    assert names <= set(shown["metric"])
