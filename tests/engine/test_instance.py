"""One engine for everybody: many threads, many logs, and nobody's query is another's."""

from __future__ import annotations

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from core.engine import Facts, build_facts, observe
from core.engine.instance import Instance, instance
from core.errors import InputError
from core.kpis import KpiTable, kpi_table
from core.limits import Limits, limits
from core.log import Log
from core.recompute import conversations
from core.scenario import Scenario
from tests.strategies import HOUR, MINUTE, as_log, instant

RULES = ("tiktok_24h", "taobao_3min", "zendesk")


def small(seed: int) -> Log:
    """A log of forty conversations that no other seed has."""
    rng = np.random.default_rng(seed)
    began = instant("2026-03-02 08:00:00")
    rows = []
    for number in range(40):
        start = began + number * 5 * HOUR + seed * 7
        who = {"conversation_id": f"c{number}", "customer_id": f"u{number % 17}", "channel": "chat"}
        rows += [
            who | {"sender": "customer", "sent_at": start},
            who | {"sender": "agent", "agent_id": f"a{rng.integers(0, 3)}", "sent_at": start + int(rng.integers(1, 90)) * MINUTE},
        ]
    return as_log({"messages": rows}, "Asia/Shanghai")


def asked(log: Log, rules: str) -> tuple[KpiTable, int]:
    """The way of a page: facts, a rule set, figures, rows."""
    facts, used = build_facts(log), Scenario.of({"rules": rules})
    observed = observe(facts, used)
    return kpi_table(observed, used), len(conversations(observed, used))


def same(one: tuple[KpiTable, int], other: tuple[KpiTable, int]) -> bool:
    """Whether two answers hold the same figures."""
    (table, rows), (beside, there) = one, other
    alike = (np.array_equal(table.numbers[name], beside.numbers[name], equal_nan=True) for name in table.numbers)
    return rows == there and table.groups.equals(beside.groups) and all(alike)


def databases() -> set[str]:
    """The logs' databases of the instance."""
    rows = instance().cursor().execute("SELECT database_name FROM duckdb_databases() WHERE NOT internal").fetchall()
    return {str(row[0]) for row in rows}


def test_threads_answer_as_one_alone() -> None:
    """Eight threads with logs and rule sets of their own, at the same time: every figure is what one thread alone gets."""
    work = [(small(seed), rules) for seed, rules in enumerate(RULES)]
    alone = [asked(*each) for each in work]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda turn: asked(*work[turn % 3]), range(8)))
    assert all(same(alone[turn % 3], found) for turn, found in enumerate(together))
    assert len({table.numbers["value"].tobytes() for table, _ in alone}) == 3


def test_everybody_stays_within_one_limit() -> None:
    """All logs are in one instance, whose memory is set once; limits of another kind make another instance."""
    one, other = build_facts(small(1)), build_facts(small(2))
    assert one.base.owner is other.base.owner
    assert one.base.name != other.base.name
    allowed = limits()
    assert instance(allowed) is one.base.owner
    assert instance(Limits(500 * 10**6, allowed.temp_folder, allowed.temp)) is not one.base.owner
    shown = one.cursor().execute("SELECT current_setting('memory_limit'), current_setting('temp_directory')").fetchone()
    assert shown == other.cursor().execute("SELECT current_setting('memory_limit'), current_setting('temp_directory')").fetchone()


def test_too_much_for_one_is_not_too_much_for_the_next() -> None:
    """A query that meets the limit of memory and of temporary disk fails alone; the logs of others answer as before."""
    usual = limits()
    tight = Instance(Limits(200 * 10**6, usual.temp_folder, 10**6))
    one, other = tight.database(), tight.database()
    one.cursor().execute("CREATE TABLE t AS SELECT range AS x FROM range(1000)")
    with pytest.raises(duckdb.Error):
        other.cursor().execute("CREATE TABLE big AS SELECT range AS x, range * 7 AS y FROM range(40000000)")
    assert one.cursor().execute("SELECT sum(x) FROM t").fetchone() == (499_500,)
    other.cursor().execute("CREATE TABLE big AS SELECT range AS x FROM range(1000)")
    assert other.cursor().execute("SELECT sum(x) FROM big").fetchone() == (499_500,)


def test_who_cancels_ends_only_his_own_query() -> None:
    """One cursor is interrupted in the midst of its query; another's goes on to its answer, and the log answers afterwards."""
    facts = build_facts(small(3))
    slow, other = facts.cursor(), facts.cursor()
    ended: list[BaseException] = []

    def run() -> None:
        try:
            slow.execute("SELECT sum(a.range * b.range) FROM range(1000000) AS a, range(1000000) AS b").fetchone()
        except duckdb.Error as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.1)
    slow.interrupt()
    assert other.execute("SELECT count(*) FROM conversations").fetchone() == (40,)
    thread.join(20)
    assert not thread.is_alive()
    assert [type(each) for each in ended] == [duckdb.InterruptException]
    slow.close()
    assert facts.frame("SELECT count(*) AS n FROM conversations")["n"].tolist() == [40]


def test_a_log_nobody_holds_gives_its_memory_back() -> None:
    """The database goes with the last who holds it, by `close`, and when facts could not be made; whoever still reads holds it."""
    gc.collect()
    before = databases()
    facts: Facts | None = build_facts(small(4))
    assert facts is not None
    held = observe(facts)
    (name,) = databases() - before
    facts = None
    assert name in databases()
    assert held.facts.frame("SELECT count(*) AS n FROM conversations")["n"].tolist() == [40]
    del held
    gc.collect()
    assert databases() == before
    other = build_facts(small(5))
    other.base.close()
    other.base.close()
    assert databases() == before
    with pytest.raises(duckdb.Error):
        other.frame("SELECT 1")


def test_a_build_that_is_left_halfway_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is stopped while facts are made: no database stays, and the next build is whole."""
    from core.engine import runner

    class Stopped(BaseException):
        """What ends a page's thread is no ordinary error."""

    def stop(*_: object) -> None:
        raise Stopped

    gc.collect()
    before = databases()
    with monkeypatch.context() as patched:
        patched.setattr(runner, "_span", stop)
        with pytest.raises(Stopped):
            build_facts(small(6))
    gc.collect()
    assert databases() == before
    assert len(build_facts(small(6)).frame("SELECT conv FROM conversations")) == 40


def test_a_question_without_room_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Facts that were made: whoever asks them for more than memory and temporary disk hold is told so; the next question is answered."""
    for name, value in (("MEMORY", "200MB"), ("TEMP_LIMIT", "1KB"), ("TEMP", str(tmp_path))):
        monkeypatch.setenv(f"KEFULENS_{name}", value)
    facts = build_facts(Log("d", "UTC", {"conversations": pa.table({"seq": [0], "started_at": [0], "agent_id": ["Ann"]})}))
    much = "SELECT hash(range) AS x, hash(range + 1) AS y FROM range(9000000) ORDER BY x"
    with pytest.raises(InputError) as refused:
        facts.frame(much)
    assert refused.value.issue.code == "temp_full"
    assert facts.frame("SELECT count(*) AS n FROM conversations")["n"].tolist() == [1]
