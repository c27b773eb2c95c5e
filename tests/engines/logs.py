"""Random logs with every edge of the definitions, staged once and written as Parquet, so that every engine reads the same rows."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.embedded import connect
from core.engine.staging import stage
from core.log import Log
from core.warehouse.build import STAGING
from tests.strategies import (
    ANCHORS,
    DAY,
    HOUR,
    MESSAGES,
    MINUTE,
    OPENINGS,
    SECOND,
    STEPS,
    ZONES,
    Tables,
    as_log,
    numbered,
)  # fmt: skip

AGENTS = ("Ada", "Bo", "Cy", "小李", "Zoë 🙂", None)
LANGUAGES = ("zh", "en", "xx-未知", "klingon", None)
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Staged:
    """A log as staging files in a folder; ``kinds`` says what is in them besides."""

    name: str
    zone: str
    folder: Path

    def files(self) -> dict[str, Path]:
        """Staging table → its Parquet file."""
        return {table: self.folder / f"{table}.parquet" for table in STAGING}


def _talk(rng: random.Random, name: str | None, anchor: int, most: int = 8) -> Rows:
    """Message rows of one conversation, with ties, midnights and all that may follow an end."""
    kinds = [*rng.choice(OPENINGS), *rng.choices((*MESSAGES, "ask", "answer", "answer", "plain"), k=rng.randrange(most))] or ["ask"]
    at = anchor + rng.choice((0, 0, MINUTE, HOUR, 4 * HOUR, DAY, 5 * DAY, 7 * DAY))
    fixed = {
        "conversation_id": name, "customer_id": rng.choice(("C1", "C2", "C3", "客户4", None)),
        "channel": rng.choice(("chat", "邮件", None)),
        "language": rng.choice(LANGUAGES), "category": rng.choice(("size", "退款", None)), "holiday_mode": rng.choice((0, 0, 0, 1, None)),
        "resolved": rng.choice((0, 1, None)), "complaint": rng.choice((0, 1, None)),
    }  # fmt: skip
    rows = []
    for kind in kinds:
        at += rng.choice(STEPS)
        row = {"sent_at": at, **fixed, "text": rng.choice(("谢谢", "hello", "?", None)), **MESSAGES[kind]}
        if row["sender"] == "agent" or kind == "assign":
            row["agent_id"] = rng.choice(AGENTS)
        row["csat"] = rng.choice((None, None, None, 1.0, 3.5, 4.0, 5.0))
        row["assigned_agent"] = rng.choice((None,) * 8 + AGENTS)
        rows.append(row)
    return rows


def _filed(rng: random.Random, name: str | None, anchor: int) -> dict[str, Any]:
    """A row of a conversation file, with more or fewer clocks."""
    start = anchor + rng.choice((0, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY))
    pick = {
        "agent_id": AGENTS, "customer_id": ("C1", "C2", None), "handle_s": (None, 120.0, 33.5), "wait_s": (None, 12.0),
        "first_human_reply_at": (None, start, start + 30 * SECOND, start + DAY, start + DAY + 1),
        "closed_at": (None, start + DAY, start + 7 * DAY), "csat": (None, 2.0, 4.5), "started_by": (None, "customer", "agent"),
        "transfers": (None, 0, 1, 3),
        "channel": ("chat", None), "language": LANGUAGES, "shift": ("night", "早班", None), "team": ("A", None),
        "order_id": ("o-1", None), "is_call": (None, 0, 1),
    }  # fmt: skip
    flags = ("reopened", "survey_sent", "complaint_solved", "needs_human", "answered", "resolved", "complaint", "holiday_mode")
    row = {"conversation_id": name, "started_at": start, **{key: rng.choice(values) for key, values in pick.items()}}
    return row | {flag: rng.choice((None, None, 0, 1)) for flag in flags}


def mixed(rng: random.Random, talks: int, files: int) -> Tables:
    """Messages of some conversations and file rows of some, partly the same ones; hand-overs and one file's id twice."""
    anchor = rng.choice(ANCHORS)
    rows = [row for at in range(talks) for row in _talk(rng, f"K{at}", anchor)]
    rng.shuffle(rows)
    listed = [_filed(rng, f"{rng.choice('KL')}{at}", anchor) for at in range(files)]
    handed = [{"conversation_id": f"K{rng.randrange(9)}", "requested_at": anchor, "accepted_at": anchor + 1} for _ in range(6)]
    found = {"messages": numbered(rows), "conversations": numbered([*listed, *listed[:2]])}
    return {name: rows for name, rows in found.items() if rows} | ({"transfers": numbered(handed)} if files else {})


def _nobody(rng: random.Random) -> Tables:
    """No customer has a name, half the agents neither."""
    tables = mixed(rng, 60, 0)
    return {"messages": [{**row, "customer_id": None} for row in tables["messages"]]}


def _machines(rng: random.Random) -> Tables:
    """No human ever wrote."""
    rows = [row for row in mixed(rng, 60, 0)["messages"] if row["sender"] != "agent"]
    return {"messages": rows}


def _skewed(rng: random.Random) -> Tables:
    """One customer has nearly all conversations and one agent nearly all messages, in a handful of moments."""
    tables = mixed(rng, 400, 0)
    rows = [{**row, "customer_id": "C1", "sent_at": row["sent_at"] - row["sent_at"] % HOUR} for row in tables["messages"]]
    return {"messages": [{**row, "agent_id": "Ada"} if row.get("agent_id") and rng.random() < 0.95 else row for row in rows]}


def _giant(rng: random.Random) -> Tables:
    """One conversation of 70,000 messages beside a few small ones; its effort does not fit a float."""
    at, rows = ANCHORS[0], mixed(rng, 8, 0)["messages"]
    for number in range(70_000):
        at += rng.choice((0, 1, 7, MINUTE, 4 * MINUTE, 6 * MINUTE, HOUR))
        said = {"sender": "agent", "automation": "none", "agent_id": rng.choice(("Ada", "Bo", None))}
        who = said if number % 3 else {"sender": "customer"}
        rows.append({"conversation_id": "G", "customer_id": "C1", "sent_at": at, **who})
    return {"messages": numbered(rows)}


def _one(rng: random.Random) -> Tables:
    """A single message of a customer."""
    return {"messages": numbered([{"conversation_id": "K", "customer_id": "C", "sender": "customer", "sent_at": rng.choice(ANCHORS)}])}


def _short(rng: random.Random) -> Tables:
    """Hundreds of conversations within two local hours around a midnight, so that ties and midnights are the rule."""
    anchor = rng.choice(ANCHORS)
    rows = [row for at in range(200) for row in _talk(rng, f"K{at}", anchor, 5)]
    return {"messages": numbered([{**row, "sent_at": anchor + (row["sent_at"] - anchor) % (2 * HOUR) // 1000 * 1000} for row in rows])}


_MAKERS: tuple[tuple[str, Callable[[random.Random], Tables]], ...] = (
    ("messages", lambda rng: mixed(rng, 120, 0)),
    ("file", lambda rng: mixed(rng, 0, 120)),
    ("both", lambda rng: mixed(rng, 80, 80)),
    ("around midnight", _short),
)
_EDGES: tuple[tuple[str, str, Callable[[random.Random], Tables]], ...] = (
    ("no customers", "Asia/Shanghai", _nobody),
    ("machines only", "Europe/Berlin", _machines),
    ("skewed key", "America/New_York", _skewed),
    ("giant conversation", "Asia/Shanghai", _giant),
    ("one message", "Europe/Berlin", _one),
)


def logs(seed: int) -> Iterator[tuple[str, Log]]:
    """Every log by its name: each zone with one of the ordinary kinds in turn, then the edges."""
    for place, zone in enumerate(ZONES[:4]):
        for step in (0, 1):
            kind, make = _MAKERS[(place + 2 * step) % len(_MAKERS)]
            yield f"{kind}, {zone}", as_log(make(random.Random(f"{seed}/{zone}/{kind}")), zone)  # noqa: S311 - repeatable on purpose
    for kind, zone, make in _EDGES:
        yield kind, as_log(make(random.Random(f"{seed}/{kind}")), zone)  # noqa: S311


def staged(name: str, log: Log, folder: Path) -> Staged:
    """The log's staging tables, as the app makes them, in files."""
    folder.mkdir(parents=True)
    con = connect()
    stage(con, log, DAY)
    for table, columns in STAGING.items():
        picked = ", ".join(f"CAST({column} AS {_TYPES[code]}) AS {column}" for column, code in columns.items())
        con.execute(f"COPY (SELECT {picked} FROM {table}) TO '{folder / table}.parquet' (FORMAT parquet)")
    con.close()
    (folder / "log.json").write_text(json.dumps({"name": name, "zone": log.zone}), "utf-8")
    return Staged(name, log.zone, folder)


_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "small": "SMALLINT"}


def found(folder: Path) -> list[Staged]:
    """The staged logs of a folder, in order."""
    notes = [(each.parent, json.loads(each.read_text("utf-8"))) for each in sorted(folder.glob("*/log.json"))]
    return [Staged(note["name"], note["zone"], place) for place, note in notes]
