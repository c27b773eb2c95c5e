"""Damaged and hostile files: a log whose rows add up or a reason in words, and the judge that says so is itself judged."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fuzz_import import HEADINGS, PATIENCE_S, Case, Outcome, judge, make, run
from core.errors import InputError, Issue
from core.ingest import InputFile, load

SEED = 20_240_113


@pytest.mark.parametrize("part", range(10))
def test_five_hundred_files_come_to_a_good_end(part: int) -> None:
    """Loaded with every record accounted for, or refused in words, and never slowly."""
    for number in range(part * 50, part * 50 + 50):
        started = time.perf_counter()
        assert not Outcome(judge(make(SEED, number)), 0.0).bad, (
            f"file {number} of seed {SEED}: {judge(make(SEED, number))}"
        )
        assert time.perf_counter() - started < PATIENCE_S


def test_the_same_number_is_the_same_file() -> None:
    """A file that something happened to can be made again, also when the clock has moved on."""
    first = {number: make(3, number).data for number in range(60)}
    time.sleep(2.1)  # the stamps inside of ZIP files count in steps of two seconds
    assert [number for number, data in first.items() if make(3, number).data != data] == []
    assert len(set(first.values())) == 60


def test_records_that_vanish_or_appear_are_noticed() -> None:
    """The judge counts: one record more or less than the file holds is not passed."""
    data = b"Agent,Started at\nAnn,2024-01-02 09:00\nBob,2024-01-02 09:01\n"
    assert [judge(Case("a.csv", data, records)) for records in (-1, 1, 2, 3)] == [
        "loaded", "!records made up", "loaded", "!records lost",
    ]  # fmt: skip


def test_other_errors_and_missing_words_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything but an InputError is bad, and so is one without words."""

    def raising(error: Exception) -> str:
        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr("benchmarks.fuzz_import.load", fail)
        return judge(Case("a.csv", b"", -1))

    assert raising(ZeroDivisionError()) == "!ZeroDivisionError"
    assert raising(InputError(Issue("no_such_code", "error"))) == "!no words for no_such_code"
    assert raising(InputError(Issue("empty_file", "error", file="a.csv"))) == "empty_file"


def test_worker_processes_answer_for_every_file() -> None:
    """Each number has one outcome, the same as without processes."""
    found = {outcome.number: outcome.code for outcome in run(12, 5)}
    assert found == {number: judge(make(5, number)) for number in range(12)}


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(HEADINGS)), st.integers(0, 1), st.data())
def test_every_record_of_a_quoted_table_is_kept_or_booked(table: str, language: int, data: st.DataObject) -> None:
    """Whatever stands in quoted cells, kept + dropped is the number of records that hold anything."""
    headings = HEADINGS[table][language]
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(headings), max_size=len(headings)), min_size=1, max_size=8))
    rows = [["K1", *row[1:]] for row in rows]
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    text = "\n".join((",".join(headings), *lines)) + "\n"
    try:
        log = load([InputFile("a.csv", text.encode())])
    except InputError:
        return
    (report,) = log.ledger.files
    assert report.rows_read == report.rows_kept + report.rows_dropped == len(rows)
