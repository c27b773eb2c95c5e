"""A log kept up to date from a folder that somebody writes into: always what the import makes of the same complete lines."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError, Issue
from core.growing import Held, latest, refetched, refreshed
from core.ingest import Choices, InputFile, load
from core.log import Log

HEAD = "Conversation ID,Customer ID,Sent at,Sender,Agent ID,Text,CSAT"
CHOICES = Choices(zone="UTC")
HELLO = '"Hello, how can I help you today?"'


def lines(size: int, seed: int = 1, first: int = 0) -> list[str]:
    """Messages of a shop in the order of their stamps: asks, canned greetings, answers with quotes and line breaks, ratings."""
    draw, rows = np.random.default_rng(seed), []
    for at in range(first, first + size):
        clock = f"2026-03-0{2 + at // 1440} {at // 60 % 24:02d}:{at % 60:02d}"
        conv, agent = f"c{at // 4}", draw.choice(["Ann", "Bo"])
        said, who, rating = f"question {at}", "customer", ""
        if at % 4 == 1:
            said, who = HELLO, "agent"
        elif at % 4 == 2:
            said, who = draw.choice([f'"see ""{at}"",\nplease"', f"answer {at}"]), "agent"
        elif at % 4 == 3:
            rating = draw.choice(["", "5", "4", "2"])
        rows.append(f"{conv},u{at % 7},{clock}:00,{who},{agent if who == 'agent' else ''},{said},{rating}\n")
    return rows


def content(log: Log | None) -> dict[str, Any]:
    """The tables without the numbers of their rows, as plain lists, and the counts of the ledger."""
    assert log is not None
    tables = {name: {k: v for k, v in table.to_pydict().items() if k not in ("seq", "file_row")} for name, table in log.tables.items()}
    counts = [(each.file, each.rows_read, each.rows_kept, each.rows_dropped) for each in log.ledger.files]
    return {"tables": tables, "counts": counts}


def test_line_by_line_it_is_the_whole_import(tmp_path: Path) -> None:
    """Appended in pieces that tear lines apart, the log is that of the finished file; most looks read the new lines alone."""
    draw, path = np.random.default_rng(3), tmp_path / "log.csv"
    start, more = "".join([HEAD + "\n", *lines(60)]).encode(), "".join(lines(200, 2, 60)).encode()
    path.write_bytes(start)
    held, how, done = refreshed(Held(), tmp_path, CHOICES, 0), [], 0
    while done < len(more):
        step = int(draw.integers(1, 2500))
        with path.open("ab") as file:
            file.write(more[done : done + step])
        done += step
        held = refreshed(held, tmp_path, CHOICES, done)
        how.append(held.how)
        assert not held.troubles
    assert content(held.log) == content(load([InputFile.of(path)], CHOICES))
    assert how.count("appended") > len(how) / 2
    assert held.log is not None
    assert held.log.tables["messages"].column("seq").to_pylist() == list(range(260))


def test_json_lines_grow_too(tmp_path: Path) -> None:
    """A file of JSON lines: a torn object is left, then read with its rest."""
    def row(at: int) -> str:
        told = {"conversation_id": f"c{at // 2}", "customer_id": "u", "sent_at": f"2026-03-02 10:{at:02d}:00"}
        return json.dumps(told | {"sender": "agent" if at % 2 else "customer", "agent_id": "Ann" if at % 2 else None}) + "\n"

    path = tmp_path / "log.jsonl"
    path.write_text("".join(map(row, range(20))) + row(20)[:30], "utf-8")
    held = refreshed(Held(), tmp_path, CHOICES, 0)
    assert held.rows == 20
    with path.open("a", encoding="utf-8") as file:
        file.write(row(20)[30:] + row(21))
    held = refreshed(held, tmp_path, CHOICES, 1)
    assert (held.how, held.rows) == ("appended", 22)
    assert content(held.log) == content(load([InputFile.of(path)], CHOICES))


SECOND_HELLO = "d{at},u1,2026-03-02 00:0{at}:30,agent,Ann,Hello! How can I help you?,\n"
WHOLE = {
    "a row that is there already": (lines(60)[4], {"whole"}),
    "the third time of what is canned from three on": (SECOND_HELLO.format(at=9), {"whole"}),
    "a stamp far from the rest": ("c9,u1,2035-01-01 10:00:00,customer,,later,\n", {"whole", "appended"}),
    "an agent called 0": ("c9,u1,2026-03-02 01:10:00,agent,0,hm,\n", {"whole"}),
    "one plain row more": ("c9,u1,2026-03-02 01:10:00,customer,,hm,\n", {"appended"}),
}


@pytest.mark.parametrize(("more", "how"), WHOLE.values(), ids=WHOLE)
def test_in_doubt_everything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, how: set[str]) -> None:
    """What only the whole file can explain is left to the import of the whole; the log is the same."""
    monkeypatch.setattr("core.growing.CONTEXT", 600)
    path = tmp_path / "log.csv"
    path.write_text("".join([HEAD + "\n", *(SECOND_HELLO.format(at=at) for at in (1, 2)), *lines(60)]), "utf-8")
    held = refreshed(Held(), tmp_path, CHOICES, 0)
    with path.open("a", encoding="utf-8") as file:
        file.write(more)
    held = refreshed(held, tmp_path, CHOICES, 1)
    assert held.how in how
    assert content(held.log) == content(load([InputFile.of(path)], CHOICES))


def test_conversations_that_are_exported_again_replace_themselves(tmp_path: Path) -> None:
    """A row with an id that is there is its newer version, as in every import; a new id is read alone."""
    path = tmp_path / "conv.csv"
    head = "Conversation ID,Customer ID,Agent ID,Started at,First human reply at,Closed at,CSAT\n"
    clock = "2026-03-02 {0}:{1}"
    begun = [(clock.format(8 + at // 6, f"{at % 6}0:00"), clock.format(8 + at // 6, f"{at % 6}1:00")) for at in range(30)]
    rows = [f"c{at},u{at},Ann,{start},{reply},,{at % 5 + 1}\n" for at, (start, reply) in enumerate(begun)]
    later = {"c30,u3,Bo,2026-03-02 13:00:00,,,\n": "appended", "c30,u3,Bo,2026-03-02 13:00:00,2026-03-02 13:02:00,,5\n": "whole"}
    path.write_text(head + "".join(rows), "utf-8")
    held = refreshed(Held(), tmp_path, CHOICES, 0)
    for more, how in later.items():
        with path.open("a", encoding="utf-8") as file:
            file.write(more)
        held = refreshed(held, tmp_path, CHOICES, 1)
        assert held.how == how
        assert content(held.log) == content(load([InputFile.of(path)], CHOICES))
    assert held.rows == 31


def test_the_last_good_log_stays(tmp_path: Path) -> None:
    """Written over by less, made nonsense, taken away: the log stays with the reason and since when; it goes on where the file is back."""
    path, full = tmp_path / "log.csv", "".join([HEAD + "\n", *lines(80)])
    path.write_text(full, "utf-8")
    good = refreshed(Held(), tmp_path, CHOICES, 1000)
    assert (good.how, good.rows, good.news_ms) == ("whole", 80, 1000)
    path.write_text("".join([HEAD + "\n", *lines(20)]), "utf-8")
    held = refreshed(good, tmp_path, CHOICES, 2000)
    assert (held.how, held.rows, codes(held)) == ("kept", 80, [("live_replaced", 2000)])
    held = refreshed(held, tmp_path, CHOICES, 3000)
    assert (held.how, held.rows, codes(held)) == ("whole", 20, [])
    path.write_text("just,nonsense\n1,2\n", "utf-8")
    held = refreshed(held, tmp_path, CHOICES, 4000)
    assert (held.how, held.rows, [since for _, since in codes(held)]) == ("kept", 20, [4000])
    again = refreshed(held, tmp_path, CHOICES, 5000)
    assert (again.how, codes(again)) == ("kept", codes(held))
    path.unlink()
    held = refreshed(again, tmp_path, CHOICES, 6000)
    assert (held.rows, codes(held)) == (20, [("live_file_gone", 6000)])
    assert codes(refreshed(held, tmp_path, CHOICES, 7000)) == [("live_file_gone", 6000)]
    path.write_text(full, "utf-8")
    held = refreshed(held, tmp_path, CHOICES, 8000)
    assert (held.how, held.rows, codes(held), held.looks) == ("appended", 80, [], 7)
    assert content(held.log) == content(load([InputFile.of(path)], CHOICES))


def test_a_log_that_begins_anew_is_taken_over(tmp_path: Path) -> None:
    """Rotated at midnight and written on and on, so that it never keeps still: after two looks its newer rows count."""
    path = tmp_path / "log.csv"
    path.write_text("".join([HEAD + "\n", *lines(80)]), "utf-8")
    held, new = refreshed(Held(), tmp_path, CHOICES, 0), lines(20, first=1500)
    seen = []
    for at in range(1, 5):
        path.write_text("".join([HEAD + "\n", *new[: 4 * at]]), "utf-8")
        held = refreshed(held, tmp_path, CHOICES, at)
        seen.append((held.how, held.rows, [code for code, _ in codes(held)]))
    assert seen == [("kept", 80, ["live_replaced"]), ("kept", 80, ["live_replaced"]), ("whole", 12, []), ("appended", 16, [])]


def codes(held: Held) -> list[tuple[str, int]]:
    """Each trouble's code and beginning."""
    return [(each.issue.code, each.since_ms) for each in held.troubles]


def test_a_workbook_half_copied_changes_nothing(tmp_path: Path) -> None:
    """The first half of a workbook is refused with its reason; whole, it counts; another file's rows count meanwhile."""
    import pandas as pd

    cells = [line.rstrip("\n").split(",") for line in lines(40) if '"' not in line]
    pd.DataFrame(cells, columns=HEAD.split(",")).to_excel(tmp_path / "copy.tmp.xlsx", index=False)
    data = (tmp_path / "copy.tmp.xlsx").read_bytes()
    (tmp_path / "copy.tmp.xlsx").unlink()
    (tmp_path / "log.csv").write_text("".join([HEAD + "\n", *lines(20, first=100)]), "utf-8")
    held = refreshed(Held(), tmp_path, CHOICES, 0)
    (tmp_path / "day.xlsx").write_bytes(data[: len(data) // 2])
    held = refreshed(held, tmp_path, CHOICES, 1)
    assert held.rows == 20
    assert [each.issue.file for each in held.troubles] == ["day.xlsx"]
    assert refreshed(held, tmp_path, CHOICES, 9).troubles == held.troubles
    (tmp_path / "day.xlsx").write_bytes(data)
    held = refreshed(held, tmp_path, CHOICES, 2)
    assert (held.rows, held.troubles) == (20 + len(cells), ())
    (tmp_path / "day.xlsx").write_bytes(data[: len(data) // 3])
    held = refreshed(held, tmp_path, CHOICES, 3)
    assert (held.how, held.rows, len(held.troubles)) == ("kept", 20 + len(cells), 1)


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    """Nothing there is no failure; a folder that is not there is named; both go on looking."""
    assert [each.issue.code for each in refreshed(Held(), tmp_path, CHOICES, 0).troubles] == ["live_nothing"]
    gone = refreshed(Held(), tmp_path / "no", CHOICES, 0)
    assert (gone.log, codes(gone)) == (None, [("live_folder_gone", 0)])


def test_a_source_is_asked_anew(tmp_path: Path) -> None:
    """An equal answer changes nothing; a cut connection keeps the last log with its reason; more rows come in."""
    answer: list[Any] = [InputFile("db", "".join([HEAD + "\n", *lines(20)]).encode())]
    held = refetched(Held(), lambda: answer, CHOICES, 1)
    assert (held.how, refetched(held, lambda: answer, CHOICES, 2).how) == ("whole", "same")

    def cut() -> Any:
        raise InputError(Issue("source_timeout", "error", file="db", value="1 s"))

    lost = refetched(held, cut, CHOICES, 3)
    assert (lost.rows, codes(lost)) == (20, [("source_timeout", 3)])
    answer[0] = InputFile("db", "".join([HEAD + "\n", *lines(24)]).encode())
    assert refetched(lost, lambda: answer, CHOICES, 4).rows == 24


def test_beside_a_writer_nothing_torn_is_ever_seen(tmp_path: Path) -> None:
    """A thread writes torn pieces, takes the file away and puts a copy there: rows only grow, and are a beginning of what it wrote."""
    path, rows = tmp_path / "log.csv", lines(300)
    whole = load([InputFile("log.csv", "".join([HEAD + "\n", *rows]).encode())], CHOICES).tables["messages"].column("text").to_pylist()
    path.write_text(HEAD + "\n" + "".join(rows[:40]), "utf-8")
    held, stop = refreshed(Held(), tmp_path, CHOICES, 0), threading.Event()

    def write() -> None:
        draw, data = np.random.default_rng(1), "".join(rows[40:]).encode()
        for at in range(0, len(data), 1500):
            with path.open("ab", buffering=0) as file:
                file.write(data[at : at + 1500])
            time.sleep(0.01)
            if draw.random() < 0.3:
                copy = path.read_bytes()
                path.unlink()
                time.sleep(0.003)
                path.write_bytes(copy)
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen, at = [held.rows], 0
    while not stop.is_set() or at < 2:
        held = refreshed(held, tmp_path, CHOICES, len(seen))
        at += stop.is_set()
        texts = held.log.tables["messages"].column("text").to_pylist() if held.log else []
        assert texts == whole[: len(texts)]
        seen.append(held.rows)
    writer.join()
    assert seen == sorted(seen)
    assert held.rows == 300
    assert latest(held.log) == latest(load([InputFile.of(path)], CHOICES)) if held.log else False
