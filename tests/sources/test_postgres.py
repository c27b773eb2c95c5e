"""PostgreSQL as a source: the same figures as from a file, every type, nothing written, and a cure for every refusal."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from core.__main__ import main
from core.errors import InputError
from core.ingest import Choices, explain, load
from core.ingest.source import Wanted, fetch, tables
from core.text import LANGUAGES, Text
from tests.sources.conftest import PASSWORD, QUOTED, ROWS


def code_of(address: str, query: str = "", seconds: float = 20.0, table: str = "") -> str:
    """The code of the refusal; its words, in both languages, hold no secret."""
    with pytest.raises(InputError) as caught:
        fetch(address, Wanted(query=query, table=table, seconds=seconds))
    issue = caught.value.issue
    for language in LANGUAGES:
        words = " ".join(explain(issue, Text(language)))
        assert "{" not in words
        assert PASSWORD not in words
        assert QUOTED not in words
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert PASSWORD not in repr(issue)
    return issue.code


def figures(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    """The answer of a command as JSON."""
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("table", ["messages", "wall_messages"])
def test_the_same_log_gives_the_same_figures(
    table: str, messages_csv: Path, postgres_address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    """Stamps with and without a zone, from a file and from a database whose session stands in New York: equal to the last digit."""
    monkeypatch.setenv("SHOP_DB", postgres_address)
    wanted = figures(capsys, "kpis", str(messages_csv), "--by", "agent,weekday")
    assert wanted["rows"]
    assert figures(capsys, "kpis", "--source", "env:SHOP_DB", "--table", table, "--by", "agent,weekday") == wanted
    query = f'SELECT * FROM {table} WHERE "Sent at" IS NOT NULL'
    assert figures(capsys, "kpis", "--source", "env:SHOP_DB", "--query", query, "--by", "agent,weekday") == wanted


def test_tables_views_and_other_schemas_are_listed(postgres_address: str) -> None:
    """The picker sees the usual schema by bare names, others with theirs; a strange name can be fetched and does no harm."""
    found = tables(postgres_address)
    assert found == ("agents", "kinds", "messages", "wall_messages", "archive.Old; DROP TABLE kinds")
    assert fetch(postgres_address, Wanted(table="archive.Old; DROP TABLE kinds")).size > 0
    assert tables(postgres_address) == found


def test_every_type_becomes_what_a_person_would_write(postgres_address: str) -> None:
    """Numbers keep their digits, stamps come in UTC, arrays and JSON stay JSON, bytes are set aside and named."""
    from core.ingest.read import read

    (raw,) = read(fetch(postgres_address, Wanted(query='SELECT *, "50%; -- 好" AS again FROM kinds WHERE \'a%s :b\' = \'a%s :b\'')))
    first = {heading: column.to_pylist()[0] for heading, column in zip(raw.headings, raw.columns, strict=True)}
    assert first == {
        "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "order": "12345678901234567890.10", "tags": '["a", "b c"]',
        "extra": '{"k": [1, null]}', "photo": None, "took": "83.0 s", "day": "2024-01-02", "at": "09:00:00", "done": "true",
        "stamp": "2024-01-02 01:00:00.123456Z", "50%; -- 好": "100% :x", "again": "100% :x",
    }  # fmt: skip
    assert all(column.to_pylist()[1] is None for column in raw.columns)
    assert [(issue.code, issue.value) for issue in raw.issues] == [("source_binary", "photo")]


def test_the_ledger_names_the_place_and_no_secret(server: str, postgres_address: str) -> None:
    """File, kind, limit and rows stand in the ledger; the password stands nowhere."""
    file = fetch(postgres_address, Wanted(table="messages", limit=100))
    log = load([file], Choices())
    (report,) = log.ledger.files
    assert (report.file, report.encoding) == (f"postgresql://{server.split(':', maxsplit=1)[0]}/shop/messages", "postgresql")
    assert (report.rows_read, report.issues[0].code, report.issues[0].rows) == (100, "source_cut_at_limit", 100)
    assert PASSWORD.encode() not in file.read() + repr((log.ledger, file.name)).encode()
    assert fetch(postgres_address, Wanted(table="messages", limit=100)).read() == file.read()


def test_a_limit_that_is_just_met_is_no_cut(postgres_address: str) -> None:
    """All rows and no more: nothing was cut."""
    (report,) = load([fetch(postgres_address, Wanted(table="messages", limit=ROWS))]).ledger.files
    assert "source_cut_at_limit" not in {issue.code for issue in report.issues}


def test_progress_is_told_and_can_cancel(postgres_address: str) -> None:
    """Chunks are reported as they come; what the listener raises ends the reading and nothing else."""
    seen: list[tuple[int, int]] = []
    numbers = Wanted(query="SELECT n, n AS m FROM generate_series(1, 25000) AS n")
    fetch(postgres_address, numbers, lambda done, of, name: seen.append((done, of)))
    assert seen == [(10_000, 1_000_000), (20_000, 1_000_000), (25_000, 1_000_000)]

    def stop(done: int, of: int, name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(postgres_address, numbers, stop)
    assert fetch(postgres_address, Wanted(query="SELECT 1 AS one")).size > 0


WRONG = {
    "SELECT * FROM mesages": "source_no_table",
    "SELECT nothing FROM messages": "source_no_column",
    "SELECT FROM WHERE": "source_syntax",
    "SELECT 1/0": "source_failed",
    "SELECT nextval('counter')": "source_no_table",
}


@pytest.mark.parametrize("query", WRONG)
def test_a_wrong_query_is_explained(query: str, postgres_address: str) -> None:
    """Table, column and grammar are told apart."""
    assert code_of(postgres_address, query) == WRONG[query]


def test_a_wrong_address_is_explained(server: str, postgres_address: str) -> None:
    """Password, user, database, host, port, right and name of a table are told apart."""
    host = server.split(":", maxsplit=1)[0]
    assert code_of(f"postgresql://owner:{QUOTED}x@{server}/shop", "SELECT 1") == "source_password"
    assert code_of(f"postgresql://nobody:{QUOTED}@{server}/shop", "SELECT 1") == "source_password"
    assert code_of(f"postgresql://owner:{QUOTED}@{server}/shops", "SELECT 1") == "source_no_database"
    assert code_of(f"postgresql://owner:{QUOTED}@no-such-host.invalid/shop", "SELECT 1") == "source_no_host"
    assert code_of(f"postgresql://owner:{QUOTED}@{host}:1/shop", "SELECT 1") == "source_unreachable"
    assert code_of(f"postgresql://guest:guest@{server}/shop", "SELECT * FROM messages") == "source_permission"
    assert code_of(postgres_address, table="message") == "source_unknown_table"


def test_a_slow_query_is_ended(postgres_address: str) -> None:
    """The database itself gives up at the time allowed."""
    begun = time.monotonic()
    assert code_of(postgres_address, "SELECT pg_sleep(30)", seconds=0.5) == "source_timeout"
    assert time.monotonic() - begun < 10


def test_a_connection_cut_while_reading_is_explained(postgres_address: str) -> None:
    """The server ends our session in the middle of the rows."""
    import psycopg

    def cut() -> None:
        with psycopg.connect(postgres_address, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                          " AND datname = 'shop'")

    def wait(done: int, of: int, name: str) -> None:
        if done == 10_000:
            thread = threading.Thread(target=cut)
            thread.start()
            thread.join()

    with pytest.raises(InputError) as caught:
        fetch(postgres_address, Wanted(query="SELECT n FROM generate_series(1, 900000) AS n"), wait)
    assert caught.value.issue.code == "source_cut"


WRITES = (
    "DROP TABLE messages",
    "DELETE FROM messages",
    "SELECT 1; DROP TABLE messages",
    "SELECT 1; COMMIT; DROP TABLE messages; --",
    "WITH gone AS (DELETE FROM messages RETURNING 1) SELECT * FROM gone",
    "WITH x AS (SELECT 1) INSERT INTO kinds SELECT NULL",
    "SELECT * INTO stolen FROM messages",
    "SELECT * FROM messages FOR UPDATE",
    "COPY messages TO PROGRAM 'true'",
    "SELECT '\\'; DROP TABLE messages; --'",
    "SELECT E'\\''; DROP TABLE messages; --'",
    "SELECT $$'$$; DROP TABLE messages; --'",
    "SELECT $a$'$a$; DROP TABLE messages; --'",
    "SELECT 1 /* /* */ ' */ ; DROP TABLE messages; --'",
    "SELECT 1 --'\n; DROP TABLE messages --'",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "SELECT pg_terminate_backend(1)",
    "SELECT \"a\"\"b\"; DROP TABLE messages",
    "EXPLAIN ANALYZE DELETE FROM messages",
)


@pytest.mark.parametrize("query", WRITES)
def test_nothing_is_ever_written(query: str, postgres_address: str) -> None:
    """Statements that write, hidden or open, are refused before they reach the database."""
    assert code_of(postgres_address, query) in ("source_write", "source_not_select", "source_several_statements")
    (report,) = load([fetch(postgres_address, Wanted(query="SELECT * FROM messages"))]).ledger.files
    assert report.rows_read == ROWS


@pytest.mark.parametrize("query", WRITES)
def test_the_database_would_refuse_as_well(query: str, postgres_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the first fence the read-only transaction and the cursor hold: all rows and tables are still there."""
    before = tables(postgres_address)
    with monkeypatch.context() as without:
        without.setattr("core.ingest.source.reading", lambda statement: statement)
        try:
            fetch(postgres_address, Wanted(query=query, seconds=20))
        except InputError as error:
            assert error.issue.code.startswith("source_")  # noqa: PT017 (some of them are harmless there)
    assert tables(postgres_address) == before
    (report,) = load([fetch(postgres_address, Wanted(query="SELECT * FROM messages"))]).ledger.files
    assert report.rows_read == ROWS
