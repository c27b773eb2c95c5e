"""A log that stays where it lies: the same figures as from files, only sums and bounded rows come back, and words where rows are needed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from core.__main__ import main
from core.engine import Observed, SlowKnobs, build_facts, observe
from core.errors import InputError, KefuError, UnavailableError
from core.ingest import Choices, InputFile, explain, load
from core.log import Log
from core.recompute import conversations, demand
from core.scenario import Scenario
from core.text import LANGUAGES, Text
from core.warehouse import far
from core.warehouse.engines import opened
from tests import shop
from tests.warehouse import farshop

ROWS_OF_THE_LOG = 7_606
REFUSED = {"backtest", "dialects", "drivers", "forecast", "questions", "roster", "spotchecks", "staffing", "study"}
ANSWERED = {"inspect", "kpis", "score", "weekdays", "receipt", "rush", "room"}
"""Those that take longer are run beside the engines (tests/engines)."""
MORE: dict[str, list[str]] = {"receipt": ["--agent", "Lin Xiao"], "study": ["-o", "study.html"]}


class Spy:
    """An engine that writes down what came back of every question: whether ids, the bound, rows."""

    def __init__(self, kind: str, address: str) -> None:
        self.real = opened(kind, address)
        self.asked: list[tuple[bool, int, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def rows(self, select: str, most: int = 2_000_000) -> pd.DataFrame:
        """Asks, and remembers."""
        found = self.real.rows(select, most)
        named = any(found[name].astype("str").str.fullmatch(r"[KC]\d{6}|Q\d{4}").any() for name in found.select_dtypes(["object", "str"]))
        self.asked.append((named, most, len(found)))
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, Mapping[str, str]]]:
    """The shop in a database file, and its mapping."""
    path = tmp_path_factory.mktemp("far") / "shop.duckdb"
    return path, farshop.written(path)


@pytest.fixture(scope="module")
def spied(place: tuple[Path, Mapping[str, Mapping[str, str]]]) -> tuple[Log, Observed, Spy]:
    """The far log, what it says under the default rules, and who watched."""
    spies: list[Spy] = []

    def watched(kind: str, address: str) -> Spy:
        spies.append(Spy(kind, address))
        return spies[0]

    log = far.far_log(farshop.source(*place), opener=watched)
    return log, observe(build_facts(log)), spies[0]


@cache
def near() -> Observed:
    """The same files but the orders, which cannot stay at a source."""
    files = [InputFile.of(file) for file in sorted(shop.FOLDER.glob("*.csv")) if file.name != "orders.csv"]
    return observe(build_facts(load(files, Choices(zone="Asia/Shanghai"))))


def test_every_figure_is_that_of_the_files(spied: tuple[Log, Observed, Spy]) -> None:
    """Counts and sums to the last digit, medians and p90 within the width of a bucket, for every KPI and grouping."""
    apart = farshop.differing(near(), spied[1])
    quantile = apart["number"].isin(["median", "median_low", "median_high", "p90"])
    assert (apart["apart"][quantile] <= 0.004).all()
    assert set(apart["metric"][~quantile]) <= {"qa_score", "peer_review"}, "sums of fractions depend on the order of rows"
    assert (apart["apart"][~quantile] < 1e-12).all()
    assert spied[1].quantiles == "histogram"
    assert near().quantiles == "exact"


def test_only_sums_come_back(spied: tuple[Log, Observed, Spy]) -> None:
    """No answer holds the id of a conversation or a customer; a bound stands on every question."""
    _, seen, spy = spied
    assert spy.asked
    for named, most, rows in spy.asked:
        assert rows <= most <= far.MOST_CELLS
        assert not named, "an id of a conversation, a customer or a review came back"
    with pytest.raises(UnavailableError):
        seen.facts.cases("SELECT conv FROM conversations")
    with pytest.raises(UnavailableError):
        seen.facts.cursor()


def test_listed_rows_are_few_and_masked(spied: tuple[Log, Observed, Spy]) -> None:
    """The conversations behind a figure are the same as near, customers masked, never more than the bound."""
    log, seen, spy = spied
    listed = conversations(seen, Scenario(), 20, of="first_response", agent="Lin Xiao")
    here = conversations(near(), Scenario(), 20, of="first_response", agent="Lin Xiao")
    shown = ["conversation", "agent", "start_ms", "first_response_s", "resolution_s", "rating", "answered"]
    pd.testing.assert_frame_equal(listed[shown], here[shown], check_dtype=False)
    assert not listed["customer"].str.startswith("C0").any()
    many = conversations(seen, Scenario(), 10**9)
    assert len(many) == far.MOST_LISTED == spy.asked[-1][1]
    assert ROWS_OF_THE_LOG > far.MOST_LISTED
    assert log.digest


def test_labels_are_no_way_in(spied: tuple[Log, Observed, Spy]) -> None:
    """A label that looks like SQL is a label."""
    found = conversations(spied[1], Scenario(), 5, agent="x') OR 1 = 1 --")
    assert found.empty


@pytest.fixture(scope="module")
def toml(place: tuple[Path, Mapping[str, Mapping[str, str]]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a source file; nothing says which column is which."""
    path = tmp_path_factory.mktemp("toml") / "warehouse.toml"
    tables = "\n".join(f'{name} = "{name}"' for name in place[1])
    path.write_text(f'engine = "duckdb"\naddress = "{place[0]}"\nzone = "Asia/Shanghai"\nstamps = "UTC"\n[tables]\n{tables}\n', "utf-8")
    return path


@pytest.fixture
def made_once(spied: tuple[Log, Observed, Spy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands take the log, the facts and the cubes that are there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(far, "far_log", lambda source: spied[0])
    monkeypatch.setattr("core.engine.build_facts", lambda log, slow=None, progress=None: spied[1].facts)
    monkeypatch.setattr("core.recompute.build_facts", lambda log, slow=None, progress=None: spied[1].facts)
    monkeypatch.setattr("core.engine.observe", lambda facts, scenario=None: spied[1])


@pytest.mark.usefixtures("made_once")
@pytest.mark.parametrize("command", sorted(REFUSED | ANSWERED))
def test_every_command_answers_or_says_why_not(command: str, toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No command on a far log ends in a traceback: it answers, or it says that single conversations stay at the source."""
    code = main([command, *MORE.get(command, []), "--source", str(toml), "--json"])
    said = capsys.readouterr()
    assert (code == 2) == (command in REFUSED), said.err
    if command in REFUSED:
        assert "single conversations" in said.err
    else:
        assert json.loads(said.out)


def test_headings_are_matched_where_nothing_is_said(place: tuple[Path, Mapping[str, Mapping[str, str]]], toml: Path) -> None:
    """Columns called otherwise are found by the import's matcher, and what was guessed is told in both languages."""
    log = far.far_log(far_source(toml))
    issues = [issue for issue in log.ledger.issues if issue.code == "far_matched"]
    assert {issue.table for issue in issues} == set(place[1])
    assert any("sent_at = Sent at" in issue.value for issue in issues)
    assert all("{" not in " ".join(explain(issue, Text(language))) for issue in log.ledger.issues for language in LANGUAGES)
    assert sum(report.rows_read - report.rows_kept - report.rows_dropped for report in log.ledger.files) == 0


def far_source(path: Path) -> Any:
    """A source file as the command line reads it."""
    from core.warehouse.source import read_path

    return read_path(path)


def test_wrong_names_are_answered_with_near_ones(place: tuple[Path, Mapping[str, Mapping[str, str]]]) -> None:
    """A table or column that is not there: the refusal names the nearest one."""
    good = farshop.source(*place)
    lost = dataclasses.replace(good, tables={"messages": "mesages"}, columns={})
    torn = dataclasses.replace(good, tables={"messages": "messages"}, columns={"messages": {**good.columns["messages"], "sender": "Sendr"}})
    found = []
    for source in (lost, torn):
        with pytest.raises(InputError) as caught:
            far.far_log(source)
        found.append((caught.value.issue.code, caught.value.issue.facts["like"]))
    assert found == [("far_no_table", "messages"), ("far_no_column", "Sender")]


SMALL = """CREATE TABLE talk AS SELECT * FROM (VALUES
  ('c1', 'u1', 1767229200, '客户', 'A'), ('c1', 'u1', 1767229230, '坐席', 'A'), ('c1', 'u1', NULL, '客户', 'A'),
  (NULL, 'u2', 1767229200, '客户', 'B'), (NULL, 'u2', 1767229201, '坐席', 'B'), (NULL, 'u2', 1767229200 + 90000, '客户', 'B'),
  ('c3', 'u3', 1000, '客户', 'A')) AS t(session, visitor, at_s, who, seat)"""
COLUMNS = {"messages": {"conversation_id": "session", "customer_id": "visitor", "sent_at": "at_s", "sender": "who", "agent_id": "seat"}}


@pytest.fixture
def small(tmp_path: Path) -> Any:
    """A handful of messages: seconds since 1970, words of its own, ids that are missing, a stamp of 1970."""
    with duckdb.connect(str(tmp_path / "small.duckdb")) as con:
        con.execute(SMALL)
    values = {"sender": {"坐席": "agent"}}
    return dataclasses.replace(
        farshop.source(tmp_path / "small.duckdb", COLUMNS), tables={"messages": "talk"}, values=values, zone="Asia/Shanghai"
    )


def test_silence_cuts_and_bad_rows_are_left_out(small: Any) -> None:
    """Messages without an id are cut where 24 hours are silent; rows without a usable stamp are counted as left out."""
    log = far.far_log(small)
    report = log.ledger.files[0]
    facts = build_facts(log)
    found = facts.frame("SELECT conv, first_human_ms - start_ms AS wait FROM conversations ORDER BY conv")
    assert (report.rows_read, report.rows_kept, report.rows_dropped) == (7, 5, 2)
    assert found["conv"].tolist() == ["c1", "cut|u2||1", "cut|u2||2"]
    assert found["wait"].tolist()[:2] == [30_000, 1_000]
    assert log.cut_by_silence is False
    longer = build_facts(log, SlowKnobs(gap_h=48.0))
    assert len(longer.frame("SELECT conv FROM conversations")) == 2


def test_tables_may_be_called_as_the_facts_are(small: Any) -> None:
    """A user's table named like one of the facts' is read as what it is."""
    with duckdb.connect(small.address) as con:
        con.execute("ALTER TABLE talk RENAME TO conversations")
        con.execute("CREATE TABLE activity AS SELECT 'A' AS who, 1767229200000 AS a, 1767232800000 AS b")
    shifts = {"agent_id": "who", "start_at": "a", "end_at": "b"}
    named = {"messages": "conversations", "roster": "activity"}
    facts = build_facts(far.far_log(dataclasses.replace(small, tables=named, columns={**COLUMNS, "roster": shifts})))
    assert len(facts.frame("SELECT conv FROM conversations")) == 3
    assert facts.frame("SELECT agent_id FROM raw_roster")["agent_id"].tolist() == ["A"]


def test_words_nobody_explained_are_asked_for(small: Any) -> None:
    """Unknown senders decide who answered whom: refused with the words, in both languages."""
    with duckdb.connect(small.address) as con:
        con.execute("UPDATE talk SET who = 'zzz' WHERE session = 'c1'")
    with pytest.raises(InputError) as caught:
        far.far_log(small)
    issue = caught.value.issue
    assert (issue.code, issue.value, issue.rows) == ("far_unknown_words", "zzz", 3)
    assert "[values.sender]" in explain(issue, Text("zh"))[1]


def test_whoever_waits_can_cancel(small: Any) -> None:
    """Progress is told while the facts are made; what the teller raises ends the work, and the next try works."""
    told: list[tuple[int, int, str]] = []

    def stop(done: int, of: int, name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        far.load_far(small, SlowKnobs(), stop)
    log, facts = far.load_far(small, SlowKnobs(), lambda *at: told.append(at), 0.01)
    assert told
    assert far.is_far(log)
    assert facts.last_day >= facts.first_day


def test_a_cut_session_can_be_replaced(small: Any) -> None:
    """After the connection was lost the question is refused with words, and another session takes its place."""
    facts = build_facts(far.far_log(small))
    facts.warehouse.close()
    with pytest.raises(KefuError):
        facts.frame("SELECT count(*) AS n FROM conversations")
    facts.line.take(build_facts(far.far_log(small)).line)
    assert facts.frame("SELECT count(*) AS n FROM conversations")["n"].tolist() == [3]


def test_questions_of_single_rows_have_words(spied: tuple[Log, Observed, Spy]) -> None:
    """What reads the whole log is refused with what to do instead, in both languages."""
    with pytest.raises(UnavailableError) as caught:
        demand(spied[1], Scenario())
    for language in LANGUAGES:
        message, cure = explain(caught.value.issue, Text(language))
        assert "Warehouse" in message
        assert "--source" in cure
