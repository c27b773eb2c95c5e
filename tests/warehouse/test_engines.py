"""Facts made on a warehouse: the same as the app's own, in tables of the session, with every refusal explained."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from core.engine import build_facts
from core.engine.runner import sql_text, statements
from core.errors import InputError
from core.ingest.dates import to_utc
from core.text import Text, words
from core.warehouse.build import FACTS, STAGING, built
from core.warehouse.engines import KINDS, Warehouse, opened
from core.warehouse.stamps import wall_as_utc
from tests.engines.loading import reading
from tests.engines.logs import Staged, mixed, staged
from tests.engines.parity import in_order
from tests.strategies import as_log

HOUR = 3_600_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """A small random log with messages and a conversation file, staged."""
    tables = mixed(random.Random(5), 20, 20)  # noqa: S311
    return staged("small", as_log(tables, "Europe/Berlin"), tmp_path_factory.mktemp("log") / "0")


@pytest.fixture
def warehouse() -> Warehouse:
    """An embedded engine without a file."""
    return opened("duckdb", "")


def test_a_warehouse_makes_the_facts_of_the_app(warehouse: Warehouse, log: Staged) -> None:
    """Step by step on a warehouse or at one go in the app: the same rows, the same reach."""
    mine = build_facts(as_log(mixed(random.Random(5), 20, 20), "Europe/Berlin"))  # noqa: S311
    seen: list[str] = []
    facts = built(warehouse, reading(warehouse, log), log.zone, lambda done, of, table: seen.append(f"{done}/{of} {table}"))
    for name in FACTS:
        one, two = (in_order(rows) for rows in (mine.frame(f"SELECT * FROM {name}"), warehouse.rows(f"SELECT * FROM {name}")))
        pd.testing.assert_frame_equal(one, two)
    assert (facts.horizon_ms, facts.first_day, facts.last_day) == (mine.horizon_ms, mine.first_day, mine.last_day)
    assert seen[0].endswith(" stage_messages")
    assert len(seen) == len(STAGING) + sum("CREATE TABLE" in step for step in statements(sql_text("facts")))


def test_only_facts_stay_and_a_failure_leaves_nothing(warehouse: Warehouse, log: Staged) -> None:
    """After a build no step is left over; a build that breaks in the middle leaves no table at all."""
    staging = reading(warehouse, log)
    built(warehouse, staging, log.zone)
    assert set(warehouse.rows("SELECT table_name FROM duckdb_tables()")["table_name"]) == set(FACTS)

    def stop(done: int, of: int, table: str) -> None:
        if table == "owners":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        built(warehouse, staging, log.zone, stop)
    assert warehouse.rows("SELECT table_name FROM duckdb_tables()").empty


def test_every_statement_is_a_step() -> None:
    """facts.sql holds nothing but tables made by a SELECT and tables dropped, so that a warehouse runs all of it."""
    steps = statements(sql_text("facts"))
    assert all(step.startswith(("CREATE TABLE ", "DROP TABLE ")) for step in steps)
    assert len(steps) > 20


def test_an_empty_log_is_refused(warehouse: Warehouse) -> None:
    """Without a single stamp there is nothing to count, and that is said."""
    with pytest.raises(InputError) as refused:
        built(warehouse, {}, "UTC")
    assert refused.value.issue.code == "no_conversations"


def test_a_file_is_only_read_and_searched_second(tmp_path: Path) -> None:
    """A database file is attached for reading; what it holds is found by its plain name, and a step never replaces it."""
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("CREATE TABLE said AS SELECT 1 AS n, CAST('2026-03-29 02:30:00' AS TIMESTAMP) AS at, true AS f, DATE '2026-01-01' AS d")
    warehouse = opened("duckdb", str(tmp_path / "shop.duckdb"))
    assert warehouse.columns("said") == {"n": "integer", "at": "stamp", "f": "flag", "d": "date"}
    warehouse.keep("said", "SELECT 5 AS n")
    warehouse.drop("said")
    assert warehouse.rows("SELECT n FROM said")["n"].tolist() == [1]
    with pytest.raises(InputError):
        warehouse.keep("two", "SELECT * FROM missing")
    warehouse.close()


def test_a_result_is_bounded(warehouse: Warehouse) -> None:
    """More rows than asked for at most are refused, exactly as many are not."""
    assert len(warehouse.rows("SELECT * FROM range(3)", 3)) == 3
    with pytest.raises(InputError) as refused:
        warehouse.rows("SELECT * FROM range(4)", 3)
    assert refused.value.issue.code == "engine_too_many_rows"


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Asia/Shanghai", "America/Sao_Paulo", "Australia/Lord_Howe", "Antarctica/Troll"]
)
def test_wall_clocks_are_read_as_the_import_reads_them(zone: str) -> None:
    """Every quarter of an hour of 2018 and 2026, the doubled and the missing ones included, becomes the same instant as in the import."""
    starts = (1_514_764_800_000, 1_767_225_600_000)
    wall = np.concatenate([np.arange(start, start + 365 * 24 * HOUR, HOUR // 4) for start in starts])
    frame = pd.DataFrame({"wall": wall})
    con = duckdb.connect()
    con.register("given", frame)
    found = con.execute(f"SELECT {wall_as_utc('wall', zone)} AS utc FROM given").fetchnumpy()["utc"]
    assert found.tolist() == to_utc(wall, zone)[0].tolist()


def test_a_kind_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing extra is named with the line for pip; an unknown kind with those there are."""
    monkeypatch.setattr("core.warehouse.engines.import_module", _missing)
    for kind in KINDS:
        with pytest.raises(InputError) as refused:
            opened(kind, "")
        issue = refused.value.issue
        assert issue.code == "engine_no_driver"
        assert issue.facts["package"] in Text("zh")("issues.engine_no_driver.cure", **issue.facts)
    with pytest.raises(InputError) as refused:
        opened("orcale", "")
    assert refused.value.issue.code == "engine_unknown_kind"


def _missing(name: str) -> None:
    raise ModuleNotFoundError(name=name)


def test_every_refusal_of_an_engine_has_words() -> None:
    """Whatever `answers` or an adapter may say is explained in both languages, with a cure."""
    codes = ("unknown_kind", "no_driver", "too_many_rows", "cancelled", "cut", "memory", "failed", "no_java", "other_master")
    for language in ("zh", "en"):
        assert {f"issues.engine_{code}.{part}" for code in codes for part in ("message", "cure")} <= set(words(language))
