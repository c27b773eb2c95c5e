"""All sides of the facts benchmark give the same cells, so that their times may be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.facts import SIDES, Frames, Used, differing, frames, growth, report
from benchmarks.make_messages import AUTOMATIONS, EVENTS, FIRST_MS, SENDERS, _schema, path_of, write

PEERS = SIDES[1:]


def edges(path: Path) -> None:
    """A log of coincidences.

    Few stamps, so that most messages tie; every sender with every automation and event; people and customers known and not; conversations
    that a person opens, one of a single message and one that holds a third of all.
    """
    rng = np.random.default_rng(7)
    n = 900
    columns = {
        "seq": rng.permutation(n), "conversation_id": rng.integers(0, 120, n), "sent_at": FIRST_MS + rng.integers(0, 400, n) * 60_000,
        "customer_id": rng.integers(-1, 12, n), "agent_id": rng.integers(-1, 4, n), "channel": rng.integers(-1, 2, n),
        "language": rng.integers(-1, 3, n),
    }  # fmt: skip
    columns["conversation_id"][:300], columns["conversation_id"][-1] = 120, 121
    words = {
        "sender": (SENDERS, [0.4, 0.4, 0.1, 0.1]), "automation": (AUTOMATIONS, [0.6, *[0.1] * 4]), "event": (EVENTS, [0.7, *[0.1] * 3]),
    }  # fmt: skip
    arrays = {name: pa.array(values, mask=values < 0) for name, values in columns.items()}
    for name, (known, odds) in words.items():
        arrays[name] = pa.DictionaryArray.from_arrays(pa.array(rng.choice(len(known), n, p=odds).astype(np.int32)), pa.array(known))
    pq.write_table(pa.table(arrays, schema=_schema()), path)


@pytest.fixture(scope="module", params=["usual", "edges"])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Frames]:
    """A log and the engine's results."""
    path = path_of(tmp_path_factory.mktemp(request.param), 6_000)
    write(path, 6_000, 1) if request.param == "usual" else edges(path)
    return path, frames("engine", path)


@pytest.mark.parametrize("side", PEERS)
def test_engine_and_peer_agree_in_every_cell(log: tuple[Path, Frames], side: str) -> None:
    """Conversations, turns, activity and cube of a log are the same numbers from the engine and from the peer."""
    cells, found = differing(log[1], frames(side, log[0]))
    assert not found
    assert cells > 10_000


def test_a_changed_cell_is_noticed(tmp_path: Path) -> None:
    """The comparison is not blind: one clock moved by a millisecond is reported with its column."""
    path = path_of(tmp_path, 3_000)
    write(path, 3_000, 3)
    ours, theirs = frames("engine", path), frames("pandas", path)
    theirs["turns"].loc[5, "ask_ms"] += 1
    assert differing(ours, theirs)[1] == ["turns.ask_ms: 1"]


def test_ratios_goals_and_growth_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten times the messages in ten times the seconds is a power of 1; a ratio above its goal is called missed."""
    small = {"engine": Used(2, 4, 100), "numpy": Used(1, 1, 100), "pandas": Used(4, 4, 400)}
    report(1, small)
    told = capsys.readouterr().out
    assert "engine/numpy wall 2.00 (goal ≤ 1.4: MISSED)" in told
    assert "engine/pandas rss 0.25 (goal ≤ 0.6: met)" in told
    growth({1: {"engine": small["engine"]}, 10: {"engine": Used(20, 40, 100)}})
    assert "wall ^1.00  cpu ^1.00  rss ^0.00" in capsys.readouterr().out
