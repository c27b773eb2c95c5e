"""A loaded log with a further day's files is, cell by cell and with its ledger, the log of all files read at once."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from core import adding
from core.__main__ import main
from core.adding import Added, Loaded, added
from core.engine import Facts, SlowKnobs, build_facts, observe
from core.errors import InputError
from core.ingest import Choices, InputFile, load
from core.kpis import kpi_table
from core.log import Log
from core.scenario import Scenario
from core.store import shelf
from core.store.shelf import Store
from tests.shop import FOLDER
from tests.test_store import same_rows

CHOICES = Choices(zone="Asia/Shanghai")
READ = partial(load, choices=CHOICES)
FROM, CUT = "2026-05-19", "2026-05-21 15:00:00"
HEAD = "Conversation ID,Customer ID,Sent at,Sender,Agent ID"


def written(rows: list[list[str]]) -> bytes:
    """Rows as a CSV file."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


@cache
def day(name: str, column: str) -> tuple[InputFile, InputFile]:
    """The last fortnight of a table of the sample shop: before and after an afternoon on which many conversations go on."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    at = head.index(column)
    rows = [row for row in rows if row[at] >= FROM]
    first, rest = ([row for row in rows if (row[at] < CUT) is early] for early in (True, False))
    return InputFile(f"{name}1.csv", written([head, *first])), InputFile(f"{name}2.csv", written([head, *rest]))


def halves() -> tuple[tuple[InputFile, ...], tuple[InputFile, ...]]:
    """Messages, conversations and transfers of the days before, and of the days after."""
    pairs = [day("messages", "Sent at"), day("conversations", "Started at"), day("transfers", "Requested at")]
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)


@cache
def grown() -> tuple[Log, Added, Log]:
    """The log before, with the further days, and of all files at once."""
    old, new = halves()
    before = READ(old)
    return before, added(Loaded(before, old), new, CHOICES, READ), READ((*old, *new))


@cache
def built() -> tuple[Facts, Facts]:
    """Facts of the log before, and of all files at once, both ready for more."""
    before, _, whole = grown()
    return build_facts(before, extendable=True), build_facts(whole, extendable=True)


def same(one: Log, other: Log) -> None:
    """Tables, ledger and digest agree."""
    assert (one.digest, one.zone, set(one.tables)) == (other.digest, other.zone, set(other.tables))
    for name, table in one.tables.items():
        assert table.combine_chunks().equals(other.tables[name].combine_chunks()), name
    for mine, theirs in zip(one.ledger.files, other.ledger.files, strict=True):
        assert mine == theirs
        for issue, like in zip(mine.issues, theirs.issues, strict=True):
            assert np.array_equal(issue.row_numbers, like.row_numbers)


def table_of(facts: Facts) -> list[tuple[object, ...]]:
    """Every cell of every KPI by agent."""
    found = kpi_table(observe(facts, Scenario()), Scenario(), ("agent",))
    cells = [found.cell(row, metric.key) for row in range(len(found)) for metric in found.metrics]
    return [(cell.value, cell.n, cell.low, cell.high, cell.median, cell.p90, cell.status) for cell in cells]


def test_further_days_are_read_alone_and_make_the_log_of_all() -> None:
    """Conversations go on over the cut; rows, numbers, ledger with its findings across tables, and digest are those of one reading."""
    before, found, whole = grown()
    assert found.how == "appended"
    assert found.rows == sum(line.rows_kept for line in found.log.ledger.files[3:]) > 1000
    assert {"orphans", "start_differs"} & {issue.code for issue in whole.ledger.issues}
    ids = [set(table.column("conversation_id").to_pylist()) for table in (before.tables["messages"], found.more.tables["messages"])]
    assert len(ids[0] & ids[1]) > 5
    same(found.log, whole)


def test_facts_take_the_new_rows_in() -> None:
    """Every KPI of every agent is that of a full build, also one day after the other, and the facts are ready for the next one."""
    _, found, whole = grown()
    facts = found.facts(built()[0], SlowKnobs())
    assert facts.extendable
    assert facts.log.digest == whole.digest
    np.testing.assert_equal(table_of(facts), table_of(built()[1]))


def test_kept_facts_take_the_new_rows_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts that can be added to come back as they were, with what further rows need only where that is asked for; nothing is built."""
    before, found, _ = grown()
    kept = Store(tmp_path, 10**10)
    kept.keep_facts(built()[0])
    kept.settle()
    plain, known = kept.facts(before), kept.facts(before, extendable=True)
    assert plain is not None
    assert known is not None
    assert not plain.extendable
    assert "said" not in {row[0] for row in plain.cursor().execute("SHOW TABLES").fetchall()}
    monkeypatch.setattr(adding, "build_facts", None)
    facts = found.facts(known, SlowKnobs())
    assert {"activity", "conversations", "effort", "owners", "said", "turns"} <= set(same_rows(built()[1], facts))
    kept.keep_facts(facts)
    kept.settle()
    again = kept.facts(found.log, extendable=True)
    assert again is not None
    assert again.extendable
    assert same_rows(facts, again)


def test_plain_facts_are_not_kept_for_more(tmp_path: Path) -> None:
    """Facts that nobody will add to come back, but not as what they are not."""
    log = READ([InputFile("a.csv", f"{HEAD}\n1,u1,2026-01-01 09:00,customer,\n".encode())])
    kept = Store(tmp_path, 10**10)
    kept.keep_facts(build_facts(log))
    kept.settle()
    assert kept.facts(log) is not None
    assert kept.facts(log, extendable=True) is None
    assert kept.notes == ()


def test_a_day_added_twice_changes_nothing() -> None:
    """All its rows are booked as being there already: read = kept + dropped, no row and no figure changes."""
    old, new = halves()
    _, found, _ = grown()
    again = [replace(file, name=f"again-{file.name}") for file in new]
    twice = added(Loaded(found.log, (*old, *new)), again, CHOICES, READ)
    assert (twice.how, twice.rows) == ("appended", 0)
    for name, table in found.log.tables.items():
        assert twice.log.tables[name].equals(table)
    for line in twice.log.ledger.files[6:]:
        assert line.rows_kept == 0
        assert line.rows_read == line.rows_dropped
        assert "already_loaded" in {issue.code for issue in line.issues}
    same(twice.log, READ((*old, *new, *again)))


@pytest.mark.parametrize(
    ("how", "fresh", "choices"),
    [
        ("other_layout", "Conversation ID,Sent at,Sender,Agent ID\n9,2026-01-02 09:00,customer,\n", CHOICES),
        ("other_version", f"{HEAD}\n1,u1,2026-01-01 09:01,agent,Bo\n", CHOICES),
        ("by_silence", f"{HEAD}\n,u1,2026-01-02 09:01,agent,Bo\n", CHOICES),
        ("other_table", "Agent ID,Start at,End at\nAnn,2026-01-01 09:00,2026-01-01 17:00\n", CHOICES),
        ("filled", f"{HEAD}\n1,u1,2026-01-02 09:01,agent,Bo\n", replace(CHOICES, fill={"csat": "mean"})),
        ("refused", f"{HEAD}\n1,u1,2026-01-02 09:01,wizard,Bo\n", CHOICES),
    ],
)
def test_what_cannot_be_read_alone_is_read_with_all_the_others(how: str, fresh: str, choices: Choices) -> None:
    """Another layout, another version of a row, silence, another table, filling, an unknown word: the reason, and the log of all files."""
    read = partial(load, choices=choices)
    old = (InputFile("a.csv", f"{HEAD}\n1,u1,2026-01-01 09:00,customer,\n1,u1,2026-01-01 09:01,agent,Ann\n".encode()),)
    new = (InputFile("b.csv", fresh.encode()),)
    found = added(Loaded(read(old), old), new, choices, read)
    assert (found.how, found.more) == (how, None)
    same(found.log, read((*old, *new)))


def test_facts_without_room_for_more_are_built_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the memory does not carry facts that can be added to, plain ones are built; another failure is told."""
    from core.errors import Issue

    _, found, _ = grown()
    asked: list[bool] = []

    def build(log: Log, slow: SlowKnobs, progress: object = None, *, extendable: bool = False) -> str:
        asked.append(extendable)
        if extendable:
            raise InputError(Issue("memory_full" if len(asked) == 1 else "no_conversations", "error"))
        return log.digest

    monkeypatch.setattr(adding, "build_facts", build)
    assert found.facts(None, SlowKnobs()) == found.log.digest
    with pytest.raises(InputError):
        found.facts(None, SlowKnobs())
    assert asked == [True, False, True]


def test_the_command_line_adds_files(tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]) -> None:
    """``--further`` gives the figures of all files at once, also when a day is given twice."""
    folder = tmp_path_factory.mktemp("days")
    first, second = folder / "mon.csv", folder / "tue.csv"
    first.write_text(f"{HEAD}\n1,u1,2026-01-01 09:00,customer,\n1,u1,2026-01-01 09:01,agent,Ann\n2,u2,2026-01-01 23:59,customer,\n")
    second.write_text(f"{HEAD}\n2,u2,2026-01-02 00:04,agent,Bo\n3,u1,2026-01-02 09:00,customer,\n3,u1,2026-01-02 09:03,agent,Ann\n")
    answers = []
    for words in ([first, second], [first, "--further", second, second]):
        assert main(["kpis", *map(str, words), "--by", "agent", "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0]["rows"]
    assert answers[0] == answers[1]


def test_the_command_line_goes_on_from_what_it_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second further day is added to the kept facts of the first two, and gives the figures of all files read anew."""
    days = []
    texts = "1,u1,{},customer,\n1,u1,{}:30,agent,Ann\n2,u2,{},customer,", "2,u2,{},agent,Bo\n3,u1,{},customer,", "3,u1,{},agent,Ann"
    for at, rows in enumerate(texts):
        days.append(tmp_path / f"{at}.csv")
        days[-1].write_text(f"{HEAD}\n" + rows.replace("{}", f"2026-01-0{at + 1} 00:0{at}") + "\n", encoding="utf-8")
    monkeypatch.setenv("KEFULENS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(shelf, "LEAST", 0)
    told: list[str] = []
    for name in ("appended", "build_facts"):
        real = getattr(adding, name)
        monkeypatch.setattr(adding, name, lambda *given, name=name, real=real, **more: told.append(name) or real(*given, **more))
    answers = []
    for words in ([0, "--further", 1], [0, 1, "--further", 2], [0, 1, 2, "--no-cache"]):
        assert main(["kpis", *(str(days[each]) if isinstance(each, int) else each for each in words), "--by", "agent", "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert told == ["build_facts", "appended"]
    assert answers[0] != answers[1]
    assert answers[1] == answers[2]
