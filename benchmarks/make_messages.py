"""Seeded synthetic message logs with coded ids, as Parquet in a folder outside the project.

``python -m benchmarks.make_messages FOLDER 1000000`` writes ``FOLDER/messages_1000000.parquet``: about 7.9 messages a conversation over
90 days, 200 agents, 5 channels, 6 languages. Ids of conversation, customer, agent, channel and language are integers; sender, automation
and event are the words that the import writes. One row group a day, rows in the order of their stamps within the day a conversation began.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

DAYS, AGENTS, CHANNELS, LANGUAGES = 90, 200, 5, 6
FIRST_MS, DAY_MS = 1_735_689_600_000, 86_400_000
PER_CONVERSATION = 7.87
SENDERS = ("customer", "agent", "bot", "system")
AUTOMATIONS = ("none", "greeting", "faq", "assistant", "off_hours")
EVENTS = ("", "close", "reopen", "assign")
CUSTOMER, AGENT, BOT, SYSTEM = range(4)
NONE, GREETING, FAQ, ASSISTANT, OFF_HOURS = range(5)
SAID, CLOSE, REOPEN, ASSIGN = range(4)
HOURS = np.array([1, 1, 1, 1, 1, 1, 2, 4, 7, 9, 10, 9, 7, 8, 9, 9, 8, 8, 9, 10, 11, 10, 6, 3], dtype=float)

Ints = NDArray[np.int64]


def path_of(folder: Path, size: int) -> Path:
    """Where the log of a size lies."""
    return folder / f"messages_{size}.parquet"


def ensure(folder: Path, size: int, seed: int = 20_260_101) -> Path:
    """The log of a size, written unless it is there already."""
    path = path_of(folder, size)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write(path, size, seed)
    return path


def write(path: Path, size: int, seed: int) -> None:
    """Write about ``size`` messages, one row group a day."""
    rng = np.random.default_rng(seed)
    weekday = np.array([1.1, 1.05, 1.0, 1.0, 1.2, 0.9, 0.75])[np.arange(DAYS) % 7]
    counts = np.floor(size / PER_CONVERSATION * weekday / weekday.sum()).astype(int)
    customers = max(int(counts.sum() * 0.55), 1)
    row, partial = 0, path.with_suffix(".part")
    with pq.ParquetWriter(partial, _schema()) as writer:
        for number, count in enumerate(counts.tolist()):
            first = int(counts[:number].sum())
            table = day(rng, FIRST_MS + number * DAY_MS, np.arange(first, first + count), customers, row)
            row += table.num_rows
            writer.write_table(table)
    partial.rename(path)


def _schema() -> pa.Schema:
    word = pa.dictionary(pa.int32(), pa.string())
    types = {"seq": pa.int64(), "conversation_id": pa.int64(), "sent_at": pa.int64(), "customer_id": pa.int64()}
    types |= {"agent_id": pa.int64(), "channel": pa.int64(), "language": pa.int64()}
    return pa.schema({**types, "sender": word, "automation": word, "event": word})


def day(rng: np.random.Generator, begins: int, conversations: Ints, customers: int, first_row: int) -> pa.Table:
    """All messages of the conversations that begin on one day, in the order of their stamps."""
    size = rng.geometric(0.17, len(conversations)).clip(1, 60) + 2
    of = np.repeat(np.arange(len(size)), size)
    place = np.arange(len(of)) - np.repeat(np.cumsum(size) - size, size)
    kinds = _kinds(rng, size, of, place)
    sent = _stamps(rng, begins, size, of)
    columns = {"conversation_id": conversations[of], "sent_at": sent} | _people(
        rng, size, (of, place), kinds, customers
    )
    order = np.argsort(sent, kind="stable")
    arrays: dict[str, pa.Array] = {"seq": pa.array(np.arange(first_row, first_row + len(of)))}
    for name, values in columns.items():
        picked = values[order]
        arrays[name] = pa.array(picked, mask=picked < 0)
    words = (("sender", SENDERS), ("automation", AUTOMATIONS), ("event", EVENTS))
    for (name, known), codes in zip(words, kinds, strict=True):
        indices = pa.array(codes[order].astype(np.int32))
        arrays[name] = pa.DictionaryArray.from_arrays(indices, pa.array(known))
    return pa.table(arrays, schema=_schema())


def _kinds(rng: np.random.Generator, size: Ints, of: Ints, place: Ints) -> tuple[Ints, Ints, Ints]:
    """Sender, automation and event of each message: an ask, perhaps a greeting and FAQ answers, then both in turns, a close."""
    n, left = len(of), size[of] - 1 - place
    sender = np.where(rng.random(n) < 0.52, CUSTOMER, AGENT)
    automation, event = np.full(n, NONE), np.full(n, SAID)
    sender[(place == 0) & (rng.random(len(size)) < 0.97)[of]] = CUSTOMER
    greeted = (place == 1) & (rng.random(len(size)) < 0.5)[of]
    sender[greeted], automation[greeted] = AGENT, GREETING
    bot_only, abandoned = (rng.random(len(size)) < 0.12)[of], (rng.random(len(size)) < 0.04)[of]
    smart = (sender == AGENT) & ~greeted & (bot_only | ((place <= 2) & (rng.random(n) < 0.35)))
    sender[smart] = BOT
    automation[smart] = np.where(rng.random(n) < 0.6, FAQ, ASSISTANT)[smart]
    away = (sender == AGENT) & (automation == NONE) & (place <= 2) & (rng.random(n) < 0.05)
    sender[away], automation[away] = SYSTEM, OFF_HOURS
    sender[abandoned & (sender == AGENT)] = CUSTOMER
    closed, assigned = (left == 0) & (rng.random(n) < 0.8), (place == 1) & (rng.random(n) < 0.1)
    reopened = (left == 1) & (place > 3) & (rng.random(n) < 0.02)
    for rows, what in ((closed, CLOSE), (assigned & ~closed, ASSIGN), (reopened, REOPEN)):
        sender[rows], automation[rows], event[rows] = SYSTEM, NONE, what
    return sender, automation, event


def _stamps(rng: np.random.Generator, begins: int, size: Ints, of: Ints) -> Ints:
    """Stamps of each message: arrivals by hour of day, silences with a heavy tail, one in a hundred at the same instant."""
    hour = rng.choice(24, len(size), p=HOURS / HOURS.sum())
    start = begins + hour * 3_600_000 + rng.integers(0, 3_600_000, len(size))
    silence = (rng.lognormal(10.6, 1.3, len(of))).astype(np.int64)
    silence[rng.random(len(of)) < 0.01] = 0
    total, ends = np.cumsum(silence), np.cumsum(size)
    return np.asarray(start[of] + total - np.repeat(total[ends - size], size), dtype=np.int64)


def _people(
    rng: np.random.Generator, size: Ints, at: tuple[Ints, Ints], kinds: tuple[Ints, Ints, Ints], customers: int
) -> dict[str, Ints]:
    """Customer, agent, channel and language of each message; −1 where the log does not say."""
    of, place = at
    sender, automation, event = kinds
    customer = np.where(rng.random(len(size)) < 0.02, -1, rng.integers(0, customers, len(size)))
    first, second = rng.integers(0, AGENTS, (2, len(size)))
    moves = np.where(rng.random(len(size)) < 0.08, rng.integers(1, 12, len(size)), 1000)
    agent = np.where(place >= moves[of], second[of], first[of])
    nobody = ((sender != AGENT) | (automation == GREETING)) & (event != ASSIGN) | (rng.random(len(of)) < 0.005)
    language = np.where(rng.random(len(of)) < 0.05, -1, rng.integers(0, LANGUAGES, len(size))[of])
    return {
        "customer_id": customer[of],
        "agent_id": np.where(nobody, -1, agent),
        "channel": rng.integers(0, CHANNELS, len(size))[of],
        "language": np.where(sender == CUSTOMER, language, -1),
    }


def main() -> None:
    """Write one log a size."""
    folder, *sizes = sys.argv[1:]
    for size in sizes or ["1000000"]:
        print(ensure(Path(folder), int(size)))


if __name__ == "__main__":
    main()
