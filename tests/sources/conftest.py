"""A PostgreSQL of our own on loopback and the same shop in a SQLite file; skipped with the reason where there is no PostgreSQL."""

from __future__ import annotations

import csv
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

SHOP = Path(__file__).resolve().parents[2] / "sample_data" / "shop"
PASSWORD = "s3cr:et/p@ss%w"  # noqa: S105 (of a database that lives for one test run)
QUOTED = "s3cr%3Aet%2Fp%40ss%25w"
ROWS = 4000
MESSAGES = """
CREATE TABLE messages (
    "Conversation ID" text, "Customer ID" text, "Sent at" timestamptz, "Sender" text, "Agent ID" text, "Automation" text,
    "Event" text, "Content type" text, "Text" text
);
CREATE TABLE wall_messages AS SELECT * FROM messages;
ALTER TABLE wall_messages ALTER COLUMN "Sent at" TYPE timestamp;
"""
KINDS = """
CREATE TABLE kinds (id uuid, "order" numeric, tags text[], extra jsonb, photo bytea, took interval, day date, at time, done boolean,
    stamp timestamptz, "50%; -- 好" text);
INSERT INTO kinds VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 12345678901234567890.10, '{a,"b c"}', '{"k": [1, null]}', '\\x00ff',
    '1 minute 23 seconds', '2024-01-02', '09:00', true, '2024-01-02 09:00:00.123456+08', '100% :x'),
    (NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE SCHEMA archive;
CREATE TABLE archive."Old; DROP TABLE kinds" AS SELECT 1 AS id;
CREATE ROLE guest LOGIN PASSWORD 'guest';
CREATE VIEW public.agents AS SELECT DISTINCT "Agent ID" AS agent FROM messages;
"""


def messages() -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the first days of the sample shop."""
    with (SHOP / "messages.csv").open(encoding="utf-8", newline="") as source:
        reader = csv.reader(source)
        return next(reader), list(islice(reader, ROWS))


@pytest.fixture(scope="session")
def messages_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same messages as a CSV file."""
    path = tmp_path_factory.mktemp("csv") / "messages.csv"
    headings, rows = messages()
    with path.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([headings, *rows])
    return path


@pytest.fixture(scope="session")
def sqlite_address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of the messages in a SQLite file."""
    path = tmp_path_factory.mktemp("sqlite") / "my shop.db"
    headings, rows = messages()
    with closing(sqlite3.connect(path)) as made, made:
        columns = ", ".join(f'"{heading}"' for heading in headings)
        made.execute(f"CREATE TABLE messages ({columns})")
        made.executemany(f"INSERT INTO messages VALUES ({', '.join('?' * len(headings))})", rows)
        made.execute("CREATE TABLE odd (id INTEGER, photo BLOB, big REAL)")
        made.execute("INSERT INTO odd VALUES (1, x'00ff', 12.0), (2, NULL, 1e400)")
    return f"sqlite:///{path}"


def programs() -> Path | None:
    """The folder with PostgreSQL's programs, if there is one."""
    found = shutil.which("initdb")
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *([Path(found).parent] if found else [])]
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


def _somebody() -> dict[str, Any]:
    """PostgreSQL refuses to be run by root: then somebody else runs it."""
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    known = {each.pw_name for each in pwd.getpwall()}
    name = "postgres" if "postgres" in known else "nobody"
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """``host:port`` of a running PostgreSQL with the sample messages in the database ``shop`` of the user ``owner``."""
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed")
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt install postgresql)")
    somebody = _somebody()
    # a folder of its own: the test runner clears away its older ones, also those that another run is still using
    with tempfile.TemporaryDirectory(prefix="kefulens-postgres-", ignore_cleanup_errors=True) as made:
        yield from _served(bin_folder, Path(made), somebody)


def _served(bin_folder: Path, folder: Path, somebody: dict[str, Any]) -> Iterator[str]:
    if somebody:
        shutil.chown(folder, somebody["user"], somebody["group"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _made(bin_folder, folder, somebody)
    options = ["-c", "listen_addresses=127.0.0.1", "-p", str(port), "-c", "unix_socket_directories=", "-c", "fsync=off"]
    command = [str(bin_folder / "postgres"), "-D", str(folder / "data"), *options, "-c", "timezone=America/New_York"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **somebody
    ) as process:
        try:
            _filled(f"host=127.0.0.1 port={port} user=owner password='{PASSWORD}'")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _made(bin_folder: Path, folder: Path, somebody: dict[str, Any]) -> None:
    secret = folder / "secret"
    secret.write_text(PASSWORD + "\n", "utf-8")
    command = [str(bin_folder / "initdb"), "-D", str(folder / "data"), "-U", "owner", "-A", "scram-sha-256", "-E", "UTF8"]
    command += ["--locale=C", "--no-sync", f"--pwfile={secret}"]
    if somebody:
        shutil.chown(secret, somebody["user"])
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, **somebody)
    if done.returncode:
        pytest.skip(f"PostgreSQL could not be set up: {done.stderr.decode(errors='replace')[-300:]}")


def _ready(keys: str) -> Any:
    """Waits for the server, at most half a minute, and makes the database."""
    import psycopg

    for _ in range(300):
        try:
            made = psycopg.connect(f"{keys} dbname=postgres", autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            made.execute("CREATE DATABASE shop")
            return made
    return pytest.fail("PostgreSQL did not start within 30 s")


def _filled(keys: str) -> None:
    import psycopg

    _ready(keys).close()
    _, rows = messages()
    with psycopg.connect(f"{keys} dbname=shop") as made:
        made.execute("SET TIME ZONE 'Asia/Shanghai'")
        made.execute(MESSAGES)
        for name in ("messages", "wall_messages"):
            with made.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([cell or None for cell in row])
        made.execute(KINDS)


@pytest.fixture(scope="session")
def postgres_address(server: str) -> str:
    """Address of the messages in PostgreSQL, with its password."""
    return f"postgresql://owner:{QUOTED}@{server}/shop"
