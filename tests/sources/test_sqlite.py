"""SQLite by its address, and what holds for every kind of database: addresses, secrets, the command line, several sources at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.__main__ import main
from core.errors import InputError
from core.ingest import Choices, FileChoice, explain, load
from core.ingest.origin import Origin
from core.ingest.read import read
from core.ingest.source import Wanted, fetch, located, of_visitor, tables
from core.ingest.statement import reading
from core.text import LANGUAGES, Text


def refused(address: str, wanted: Wanted) -> str:
    """The code of the refusal; it has words in both languages."""
    with pytest.raises(InputError) as caught:
        fetch(address, wanted)
    for language in LANGUAGES:
        assert all("{" not in words and words for words in explain(caught.value.issue, Text(language)))
    return caught.value.issue.code


def test_the_same_log_gives_the_same_figures(messages_csv: Path, sqlite_address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file, a table and a query of the same messages: equal to the last digit."""
    answers = []
    for source in ([str(messages_csv)], ["--source", sqlite_address, "--table", "messages"],
                   ["--source", sqlite_address, "--query", "SELECT * FROM messages;"]):  # fmt: skip
        assert main(["kpis", *source, "--by", "agent,date", "--json"]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1] == answers[2]
    assert len(json.loads(answers[0])["rows"]) > 10


def test_a_database_stands_beside_files(messages_csv: Path, sqlite_address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Files and sources are read as one log; the ledger names both."""
    query = 'SELECT DISTINCT "Agent ID" AS "Agent ID", "Sent at" AS "Start at", "Sent at" AS "End at" FROM messages LIMIT 0'
    assert main(["inspect", str(messages_csv), "--source", sqlite_address, "--table", "messages", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["tables"]
    assert [(each["file"], each["encoding"]) for each in found] == [
        ("messages.csv", "utf-8"), ("sqlite://my_shop.db/messages", "sqlite"),
    ]  # fmt: skip
    assert main(["inspect", "--source", sqlite_address, "--query", query]) == 2


def test_a_mapping_is_about_a_source_by_its_name(sqlite_address: str) -> None:
    """The name in the ledger is the pattern of the mapping file."""
    file = fetch(sqlite_address, Wanted(table="messages"))
    decided = Choices(files=(FileChoice(file.name, "messages", {"Text": ""}),))
    (report,) = load([file], decided).ledger.files
    assert {match.name: match.field for match in report.columns}["Text"] == ""
    assert "my_shop.db" in json.dumps(decided.to_dict())


def test_bytes_and_impossible_numbers_are_nothing(sqlite_address: str) -> None:
    """A photo is no text, infinity no number; the reader is told about the photo."""
    (raw,) = read(fetch(sqlite_address, Wanted(table="odd")))
    assert [column.to_pylist() for column in raw.columns] == [["1", "2"], [None, None], ["12", None]]
    assert [(issue.code, issue.value) for issue in raw.issues] == [("source_binary", "photo")]


def test_nothing_is_written_and_nothing_made(sqlite_address: str, tmp_path: Path) -> None:
    """Writing is refused at both fences; a database that is not there is not made."""
    assert refused(sqlite_address, Wanted(query="DELETE FROM messages")) == "source_not_select"
    assert refused(sqlite_address, Wanted(query="ATTACH 'x.db' AS x")) == "source_not_select"
    assert refused(sqlite_address, Wanted(query="SELECT 1; DELETE FROM messages")) == "source_several_statements"
    assert refused(sqlite_address, Wanted(query="SELECT load_extension('x')")) == "source_write"
    assert refused(f"sqlite:///{tmp_path}/new.db", Wanted(table="messages")) == "source_no_database"
    assert not list(tmp_path.iterdir())


def test_the_file_itself_refuses_to_be_written(sqlite_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the first fence the read-only file holds."""
    monkeypatch.setattr("core.ingest.source.reading", lambda statement: statement)
    assert refused(sqlite_address, Wanted(query="DELETE FROM messages")) == "source_write"


def test_a_wrong_query_is_explained(sqlite_address: str, tmp_path: Path) -> None:
    """Table, column, grammar, time and a file that is no database are told apart."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    text = tmp_path / "a.db"
    text.write_text("no database at all, but long enough for a header " * 9, "utf-8")
    assert refused(sqlite_address, Wanted(query="SELECT * FROM mesages")) == "source_no_table"
    assert refused(sqlite_address, Wanted(query="SELECT no_such FROM messages")) == "source_no_column"
    assert refused(sqlite_address, Wanted(query="SELECT FROM")) == "source_syntax"
    assert refused(sqlite_address, Wanted(query=endless, seconds=0.3)) == "source_timeout"
    assert refused(f"sqlite:///{text}", Wanted(table="messages")) == "source_no_database"
    assert refused(sqlite_address, Wanted(table="mesages")) == "source_unknown_table"
    assert refused(sqlite_address, Wanted(table="messages", limit=0)) == "source_bad_limit"
    assert refused(sqlite_address, Wanted()) == refused(sqlite_address, Wanted("messages", "SELECT 1")) == "source_nothing_asked"


def test_the_unknown_table_gets_a_proposal(sqlite_address: str) -> None:
    """A slip of the pen is answered with the name that was meant."""
    with pytest.raises(InputError) as caught:
        fetch(sqlite_address, Wanted(table="mesages"))
    assert caught.value.issue.facts["like"] == "messages"
    assert tables(sqlite_address) == ("messages", "odd")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("", "source_bad_address"),
        ("owner:s3cret at host", "source_bad_address"),
        ("postgresql://owner:s3cret@host:port/shop", "source_bad_address"),
        ("env:NOT_SET_ANYWHERE", "source_no_variable"),
        ("oracle+nothing://owner:s3cret@host/shop", "source_unknown_kind"),
        ("mssql+pymssql://owner:s3cret@host/shop", "source_no_driver"),
    ],
)  # fmt: skip
def test_a_wrong_address_is_explained_without_its_secret(address: str, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No address, no variable, no such kind, no driver; and the command line says it without the password."""
    assert refused(address, Wanted(table="messages")) == code
    for words in (["--source", address, "--table", "messages"], [address or "."], ["--sorce", address]):
        try:
            assert main(["kpis", *words]) == 2
        except SystemExit as stopped:
            assert stopped.code == 2  # noqa: PT017 (wrong usage ends the program)
        assert "s3cret" not in "".join(capsys.readouterr()) or "at host" in address


def test_the_missing_driver_is_named_with_its_command() -> None:
    """What to install stands in the cure."""
    with pytest.raises(InputError) as caught:
        fetch("mssql+pymssql://owner:s3cret@host/shop", Wanted(table="messages"))
    assert "pip install" in explain(caught.value.issue, Text("zh"))[1]
    assert "pymssql" in explain(caught.value.issue, Text("en"))[1]


def test_a_source_without_a_question_is_refused(sqlite_address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An address without table or query, and a table without an address, are wrong usage."""
    assert main(["kpis", "--source", sqlite_address]) == 2
    assert main(["kpis", "--table", "messages"]) == 2
    assert main(["kpis"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a FROM t WHERE b = 'x; y'", "select \"update\", \"delete\" from t;", "WITH a AS (SELECT 1) SELECT * FROM a",
        "(SELECT 1) UNION (SELECT 2)", "-- per day; don't\nSELECT 1", "SELECT updated_at, deleted FROM t /* it's; fine */",
        "SELECT tags[1], extra->>'$.k' FROM t WHERE c LIKE '50%'",
    ],
)  # fmt: skip
def test_a_harmless_query_passes(query: str) -> None:
    """Quotation marks, comments, quoted columns and brackets do not stand in the way."""
    assert reading(query) == query.rstrip(";")


def test_a_note_of_origin_is_not_believed_blindly() -> None:
    """Parquet of others, or a spoiled note, is a Parquet file like any other."""
    assert Origin.of(None) is None
    assert Origin.of({b"kefulens.origin": b"[1]"}) is None
    assert Origin.of({b"kefulens.origin": b'{"system": "x"}'}) is None


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("sqlite:////data/shop.db", "source_file_closed"),
        ("sqlite://host/data/shop.db", "source_file_closed"),
        ("duckdb:////data/shop.db", "source_file_closed"),
        ("postgresql:///shop?host=/var/run/postgresql", "source_file_closed"),
        ("env:HOME", "source_variable_closed"),
        ("env: KEFULENS", "source_variable_closed"),
        ("env:KEFULENS_UNSET", "source_no_variable"),
        ("postgresql://owner@db.example/shop", "source_password"),
    ],
)
def test_a_visitor_opens_nothing_that_is_the_servers(address: str, code: str) -> None:
    """Files, sockets, variables and stored passwords of the server are not for visitors of its page."""
    with pytest.raises(InputError) as caught:
        of_visitor(address, {"HOME": "/root", "KEFULENS": "sqlite:///x.db"})
    assert caught.value.issue.code == code


def test_parameters_that_open_files_do_not_come_from_visitors() -> None:
    """Of a visitor's parameters only harmless ones are passed on."""
    asked = of_visitor("postgresql://a:b@h/d?sslmode=require&passfile=/p&service=s&host=/tmp&sslkey=/k&read_default_file=/f")
    assert dict(asked.query) == {"sslmode": "require"}


def test_a_parameter_cannot_load_anything() -> None:
    """Parameters of the address that would load code or open another file are not passed on."""
    assert located("postgresql://h/d?plugin=evil").query == {}
    with pytest.raises(InputError):
        fetch("sqlite:///file:/etc/passwd?mode=rwc&uri=true", Wanted(table="messages"))
