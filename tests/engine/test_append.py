"""Facts with a new day's rows are the facts of all rows, cell by cell; what was there before stays for whoever reads it."""

from __future__ import annotations

import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from benchmarks import make_messages
from core.engine import Facts, append, build_facts
from core.engine.append import appended, together
from core.errors import InputError
from core.ingest.progress import CancelledError
from core.log import Log
from tests.strategies import Sample, samples

FUZZ = settings(
    max_examples=3, deadline=None, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
KEYS = {
    "conversations": ["conv"], "turns": ["conv", "turn_no"], "activity": ["agent", "slot_no"], "spoken": ["conv", "h"],
    "agents": ["conv", "agent"], "effort": ["conv"], "said": ["conv"], "placed": ["conv"], "owners": ["conv"],
}  # fmt: skip


def parts(log: Log, cut: float) -> tuple[Log, Log]:
    """The first rows of every table, and the others as an import of their own would number them."""
    first, rest = {}, {}
    for name, table in log.tables.items():
        assert isinstance(table, pa.Table)
        at = round(cut * table.num_rows)
        first[name], later = table.slice(0, at), table.slice(at)
        place = later.column_names.index("seq")
        rest[name] = later.set_column(place, "seq", pc.subtract(later.column("seq"), at))
    return Log("first", log.zone, first), Log("rest", log.zone, rest)


def same(one: Facts, other: Facts) -> None:
    """Every cell of every table agrees, and what is known of the log as a whole."""
    for name, keys in KEYS.items():
        frames = [facts.frame(f"SELECT * FROM {name} ORDER BY {', '.join(keys)}") for facts in (one, other)]
        pd.testing.assert_frame_equal(*frames, obj=name)
    for name in ("available", "horizon_ms", "first_day", "last_day"):
        assert getattr(one, name) == getattr(other, name)


def made(size: int) -> Log:
    """So many messages of a month of a dozen agents, who are always busy with several conversations."""
    rng = np.random.default_rng(7)
    days, first = [], 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_messages, "AGENTS", 12)
        for day in range(30):
            begins = make_messages.FIRST_MS + day * make_messages.DAY_MS
            talks = np.arange(first, first + size // 240)
            days.append(make_messages.day(rng, begins, talks, size // 20, sum(each.num_rows for each in days)))
            first += len(talks)
    return Log("made", "Europe/Berlin", {"messages": pa.concat_tables(days).unify_dictionaries()})


@pytest.fixture
def never_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """No append may fall back to a full build."""

    def refuse(*_: object, **__: object) -> Facts:
        raise AssertionError("built as a whole")

    monkeypatch.setattr(append, "build_facts", refuse)


@given(samples(), st.sampled_from((0.3, 0.5, 0.8)))
@FUZZ
def test_random_logs_in_two_parts_are_the_log_in_one(sample: Sample, cut: float) -> None:
    """Conversations that go on, stamps out of order, the same customers and agents again: the result is that of a full build."""
    first, rest = parts(sample.log, cut)
    try:
        before, whole = build_facts(first, extendable=True), build_facts(sample.log, extendable=True)
    except InputError as error:
        assume(error.issue.code != "no_conversations")
        raise
    same(appended(before, rest), whole)


def test_two_days_one_after_the_other_touch_only_what_they_must(never_whole: None) -> None:
    """An append to an append is exact, nothing is built as a whole, and the facts before it stay as they were."""
    log = made(4000)
    head, tail = parts(log, 0.9)
    second, third = parts(tail, 0.5)
    before = build_facts(head, extendable=True)
    rows = before.frame("SELECT count(*) AS n FROM conversations")["n"][0]
    after = appended(appended(before, second), third)
    same(after, build_facts(log, extendable=True))
    assert before.frame("SELECT count(*) AS n FROM conversations")["n"][0] == rows


def test_messages_on_disk_are_appended_on_disk(tmp_path: Path, never_whole: None) -> None:
    """A table that lies in a file stays in a file, in a row group of its own, and the facts are those of both."""
    log = made(1000)
    first, rest = parts(log, 0.7)
    pq.write_table(first.tables["messages"], tmp_path / "messages.parquet")
    lying = Log("lying", log.zone, {**first.tables, "messages": tmp_path / "messages.parquet"})
    both, since = together(lying, rest)
    assert isinstance(both.tables["messages"], Path)
    assert pq.read_table(both.tables["messages"]).num_rows == log.tables["messages"].num_rows
    assert since["messages"] == first.tables["messages"].num_rows
    same(appended(build_facts(lying, extendable=True), rest), build_facts(log, extendable=True))


def test_a_file_lives_as_long_as_a_log_that_reads_it(tmp_path: Path) -> None:
    """A log with further rows keeps the files of the log it was made of, and leaves none behind."""
    whole = made(1000)
    path = tmp_path / "messages.parquet"
    pq.write_table(whole.tables["messages"], path)
    lying = Log("lying", whole.zone, {"messages": path})
    weakref.finalize(lying, path.unlink)
    roster = Log("more", whole.zone, {"roster": pa.table({"agent_id": ["1"], "seq": [0]})})
    both, _ = together(lying, roster)
    del lying
    assert path.exists()
    longer, _ = together(both, Log("rest", whole.zone, {"messages": whole.tables["messages"].slice(0, 10)}))
    written = longer.tables["messages"]
    del longer, both
    assert not path.exists()
    assert not written.exists()


def test_building_tells_how_far_it_is_and_can_be_called_off() -> None:
    """Each step is told with its share; whoever raises stops the work and gets the own error back."""
    log = made(1000)
    told: list[tuple[int, int, str, int]] = []
    build_facts(log, None, lambda *now: told.append(now))
    assert told[-1][0] == told[-1][1] > 0

    def call_off(*_: object) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        build_facts(log, None, call_off)
