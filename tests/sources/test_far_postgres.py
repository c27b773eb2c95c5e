"""PostgreSQL as a source whose rows stay: the figures of the same messages read as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.engine import build_facts, observe
from core.errors import KefuError
from core.ingest import Choices, InputFile, load
from core.kpis import kpi_table
from core.warehouse import far
from core.warehouse.source import read
from tests.sources.conftest import PASSWORD, QUOTED, messages
from tests.warehouse import farshop

SOURCE = 'engine = "postgresql"\naddress = "env:KEFULENS_PG"\nzone = "Asia/Shanghai"\nname = "PG"\n[tables]\nmessages = "once"\n'


@pytest.fixture(scope="module")
def once(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A table and a file of the same messages, each message once; the table is gone afterwards, as others list what is there."""
    import psycopg

    with psycopg.connect(f"postgresql://owner:{QUOTED}@{server}/shop", autocommit=True) as made:
        made.execute("CREATE TABLE once AS SELECT DISTINCT * FROM messages")
        yield _written(tmp_path_factory.mktemp("once") / "messages.csv")
        made.execute("DROP TABLE once")


def _written(path: Path) -> Path:
    headings, rows = messages()
    with path.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([headings, *dict.fromkeys(map(tuple, rows))])
    return path


def test_figures_at_the_source_are_those_of_the_file(once: Path, postgres_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns are found by their headings, stamps with a zone are instants: counts and sums to the last digit, medians in their bucket."""
    monkeypatch.setenv("KEFULENS_PG", postgres_address)
    there = observe(build_facts(far.far_log(read(SOURCE.encode(), "pg.toml"))))
    here = observe(build_facts(load([InputFile.of(once)], Choices(zone="Asia/Shanghai"))))
    apart = farshop.differing(here, there)
    assert set(apart["number"]) <= {"median", "median_low", "median_high", "p90"}
    assert (apart["apart"] <= 0.004).all()
    assert np.nansum(kpi_table(there, by=("agent",)).column("conversations")) > 100


def test_a_cut_connection_is_told_and_the_next_try_works(
    once: Path, postgres_address: str, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """The server ends the session: a clear refusal without the password; another session gives the same figures."""
    import psycopg

    monkeypatch.setenv("KEFULENS_PG", postgres_address)
    log = far.far_log(read(SOURCE.encode(), "pg.toml"))
    facts = build_facts(log)
    count = "SELECT count(*) AS n FROM conversations"
    before = facts.frame(count)["n"].tolist()
    with psycopg.connect(postgres_address, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = " + str(facts.warehouse.con.info.backend_pid))
    with pytest.raises(KefuError) as caught:
        facts.frame(count)
    assert caught.value.issue.code == "engine_cut"
    assert PASSWORD not in repr(caught.value.issue)
    facts.line.take(build_facts(log).line)
    assert facts.frame(count)["n"].tolist() == before


def test_a_missing_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command line says which variable is not set, in one line and without a traceback."""
    monkeypatch.delenv("KEFULENS_PG", raising=False)
    path = tmp_path / "pg.toml"
    path.write_text(SOURCE, "utf-8")
    assert main(["kpis", "--source", str(path)]) == 2
    assert "KEFULENS_PG" in capsys.readouterr().err
