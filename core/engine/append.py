"""Facts with the rows of a new day: what the new rows touch is made anew, everything else is taken over.

The definition is `facts.sql`, step by step as `build_facts` runs it, over narrower tables:

- messages: only conversations that new rows belong to (numbered, said, asks, humans, turns, spoken, agents, owners)
- effort: also conversations in which an agent wrote while one of those was open, or is no longer
- what comes next: all conversations of the customers of these; and of all of them together the rows of conversations

The result is, cell by cell, what a full build of all rows gives. Where that cannot be had piecemeal (conversations cut by silence, columns
or agents' roles that change with the new rows), all is built anew.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.embedded import temporary
from core.engine.instance import Database, instance
from core.engine.runner import STAGED, Facts, SlowKnobs, build_facts, localised, made, sql_text, statements
from core.engine.staging import BUILDERS, IDS, bots, id_type, needs_cut, register, show
from core.engine.zones import DAY_MS, transitions
from core.limits import limits
from core.log import Ledger, Log, Source

_PIECES = (*STAGED, "said", "turns", "spoken", "agents", "owners", "placed")
"""Tables by conversation whose rows depend on their own conversation alone."""
_OF_CONVERSATIONS = ("messages", "conversations", "transfers")


def together(log: Log, more: Log, digest: str = "") -> tuple[Log, dict[str, int]]:
    """A log and further rows of it as one log, and the first new ``seq`` of each table; the ledgers follow one another.

    ``digest`` is that of the whole where it is known; without, it is made of those of the parts.

    A table that lies on disk is written anew, next to the old one on temporary disk, and is there as long as the log is.

    >>> one = Log("a", "UTC", {"messages": pa.table({"sent_at": [5], "seq": [0]})})
    >>> both, since = together(one, one)
    >>> both.tables["messages"].to_pydict(), since
    ({'sent_at': [5, 5], 'seq': [0, 1]}, {'messages': 1})
    """
    since = {name: _end(log, name) for name in more.tables}
    tables = dict(log.tables) | {name: _longer(log.tables.get(name), source, since[name]) for name, source in more.tables.items()}
    moved = tuple(
        replace(each, seqs=(each.seqs[0] + since.get(each.table, 0), each.seqs[1] + since.get(each.table, 0))) for each in more.ledger.files
    )
    digest = digest or hashlib.sha256(f"{log.digest}+{more.digest}".encode()).hexdigest()
    both = Log(digest, log.zone, tables, Ledger((*log.ledger.files, *moved)))
    for name in more.tables:
        made_now = tables[name]
        if isinstance(made_now, Path) and made_now != more.tables[name]:
            weakref.finalize(both, made_now.unlink, missing_ok=True)
    if any(isinstance(source, Path) for source in tables.values()):
        outlive(both, log, more)
    return both, since


def outlive(made: Log, *brought: Log) -> None:
    """Have logs live as long as one made of their tables: files are there as long as the log that brought them."""
    weakref.finalize(made, _let_go, *brought)


def _let_go(*_: Log) -> None:
    """Nothing more is asked of these."""


def _end(log: Log, name: str) -> int:
    """The first ``seq`` that no row of a table has, nor had in its files."""
    source = log.tables.get(name)
    if source is None:
        return 0
    held = instance().database().cursor()
    show(held, "held", source)
    last = held.execute("SELECT max(seq) FROM held").fetchone()
    ends = [each.seqs[1] for each in log.ledger.files if each.table == name]
    return max(-1 if last is None or last[0] is None else int(last[0]), -1, *(end - 1 for end in ends)) + 1


def _longer(old: Source | None, new: Source, start: int) -> Source:
    if old is None:
        return new
    pieces = [old, new]
    if all(isinstance(each, pa.Table) for each in pieces):
        return pa.concat_tables([old, _moved(new, start)], promote_options="default")
    path = temporary("log-", limits()) / "longer.parquet"
    schemas = [each.schema if isinstance(each, pa.Table) else pq.read_schema(each) for each in pieces]
    schema = pa.unify_schemas(schemas, promote_options="default")
    with pq.ParquetWriter(path, schema) as writer:
        for place, each in enumerate(pieces):
            for table in _groups(each):
                full = pa.concat_tables([schema.empty_table(), _moved(table, start if place else 0)], promote_options="default")
                writer.write_table(full.select(schema.names).cast(schema))
    return path


def _groups(source: Source) -> Iterator[pa.Table]:
    if isinstance(source, pa.Table):
        yield source
        return
    file = pq.ParquetFile(source)
    for group in range(file.num_row_groups):
        yield file.read_row_group(group)


def _moved(table: Source, start: int) -> pa.Table:
    if isinstance(table, Path):
        table = pq.read_table(table)
    return table.set_column(table.column_names.index("seq"), "seq", pc.add(table.column("seq"), start)) if start else table


def appended(
    facts: Facts, more: Log, slow: SlowKnobs | None = None, grown: tuple[Log, Mapping[str, int]] | None = None
) -> Facts:
    """Facts of a log with further rows.

    Args:
        facts: those of the log so far, built with ``extendable``; they stay as they are, for whoever reads them.
        more: the new rows, imported on their own; their ``seq`` begins at 0.
        slow: the slow knobs under which the facts were built.
        grown: what `together` gave, where the log was put together already.

    Returns:
        Facts of all rows, extendable again: equal to ``build_facts`` of all rows in one log.
    """
    log, since = grown or together(facts.log, more)
    if not _piecemeal(facts, log):
        return build_facts(log, slow, extendable=True)
    return _Append(facts, log, since).facts()


def _piecemeal(facts: Facts, log: Log) -> bool:
    """Whether untouched conversations stay what they are: same columns, ids of one type, no cuts by silence, no agent turned bot."""
    old = facts.log
    if not facts.extendable or needs_cut(old) or needs_cut(log) or not (log.has("messages") or log.has("conversations")):
        return False
    of_old = {name: set(old.columns(name)) for name in _OF_CONVERSATIONS}
    if of_old != {name: set(log.columns(name)) for name in _OF_CONVERSATIONS}:
        return False
    return all(id_type(old, name) == id_type(log, name) for name in IDS) and _machines(old) == _machines(log)


def _machines(log: Log) -> frozenset[str]:
    """Ids that only ever wrote as a bot, where an assignment depends on that."""
    if not (log.has("conversations") and log.has("messages", "agent_id") and log.has("messages", "sender")):
        return frozenset()
    cursor = instance().database().cursor()
    show(cursor, "raw_senders", log.tables["messages"])
    return frozenset(row[0] for row in cursor.execute(f"SELECT CAST(agent AS VARCHAR) FROM {bots(log)} AS b").fetchall())


class _Append:
    """One append: the old facts, a workspace for what is made anew, and the new facts."""

    def __init__(self, facts: Facts, log: Log, since: Mapping[str, int]) -> None:
        self.old, self.log, self.since = facts, log, since
        self.new = instance().database()
        self.steps: dict[str, str] = {}

    def facts(self) -> Facts:
        """All facts."""
        touched = self._touched()
        for build in BUILDERS:
            self.con.execute(build(self.log, 0))
        self.steps = self._definition()
        work = self._pieces(touched)
        self._taken_over(work)
        changed = self._effort(work)
        self._followed(work, changed)
        con = self.new.cursor()
        register(con, self.log)
        con.execute(BUILDERS[0](self.log, 0))
        return Facts.of(self.log, self.new, con, extendable=True)

    def _definition(self) -> dict[str, str]:
        """The steps of facts.sql by the table they make; the shop's clock is known for all stamps, old and new."""
        span = self.con.execute(sql_text("span")).fetchone() or (None, None)
        ends = [(self.old.first_day - 2) * DAY_MS, self.old.horizon_ms + DAY_MS, *(each for each in span if each is not None)]
        steps = statements(localised(sql_text("facts"), transitions(self.log.zone, min(ends), max(ends))))
        return {made(step): step for step in steps if made(step)}

    def _ask(self, room: Database, *orders: str) -> None:
        cursor = room.cursor()
        for order in orders:
            cursor.execute(order)

    def _touched(self) -> Database:
        """A workspace with the conversations that new rows belong to, and all rows of these."""
        room = instance().database()
        self.con = con = room.cursor()
        self._given(con)
        kind = id_type(self.log, "conversation_id")
        found = [
            f"SELECT CAST({_key(self.log, name)} AS {kind}) AS conv FROM all_{name} WHERE seq >= {start}"
            for name, start in self.since.items()
            if name in _OF_CONVERSATIONS and self._named(name)
        ]
        nothing = f"SELECT CAST(NULL AS {kind}) AS conv"
        rows = " UNION ALL ".join([*found, nothing])
        con.execute(f"CREATE TABLE touched AS SELECT DISTINCT conv FROM ({rows}) AS t WHERE conv IS NOT NULL")
        for name in _OF_CONVERSATIONS:
            if self.log.has(name):
                mine = f"CAST({_key(self.log, name)} AS {kind}) IN (SELECT conv FROM touched)" if self._named(name) else "1 = 1"
                con.execute(f"CREATE TABLE raw_{name} AS SELECT * FROM all_{name} WHERE {mine}")
        return room

    def _named(self, name: str) -> bool:
        return name == "conversations" or self.log.has(name, "conversation_id")

    def _given(self, con: duckdb.DuckDBPyConnection) -> None:
        for name in _OF_CONVERSATIONS:
            source = self.log.tables.get(name)
            if source is not None:
                show(con, f"all_{name}", source)
        if self.log.has("messages"):
            con.execute("CREATE TEMP VIEW raw_senders AS SELECT * FROM all_messages")

    def _pieces(self, room: Database) -> Database:
        """All tables by conversation of what was touched."""
        for name in ("numbered", "said", "asks", "humans", "turns", "spoken", "agents", "activity", "owners", "known", "placed"):
            self.con.execute(self.steps[name])
        return room

    def _taken_over(self, work: Database) -> None:
        """The same tables of everything: old rows of what was not touched, and the new ones."""
        old, new = self.old.base.name, work.name
        self._ask(
            self.new,
            *(f"CREATE TABLE {name} AS {_replaced(f'{old}.{name}', f'{new}.{name}', f'{new}.touched')}" for name in _PIECES),
            f"CREATE TABLE activity AS SELECT * FROM {old}.activity UNION SELECT * FROM {new}.activity",
        )

    def _effort(self, work: Database) -> str:
        """Effort of what was touched, and of whatever was answered while an agent had more or fewer conversations open than before."""
        old, new, own = self.old.base.name, self.new.name, work.name
        room = self.workroom = instance().database()
        self._ask(
            room,
            f"""CREATE TABLE shifted AS SELECT agent, min(lo) AS lo, max(hi) AS hi FROM (
              SELECT coalesce(a.agent, b.agent) AS agent,
                CASE WHEN a.first_ms = b.first_ms THEN least(a.last_ms, b.last_ms) ELSE least(a.first_ms, b.first_ms) END AS lo,
                greatest(a.last_ms, b.last_ms) AS hi
              FROM (SELECT * FROM {old}.agents WHERE conv IN (SELECT conv FROM {own}.touched)) AS a
              FULL JOIN {own}.agents AS b ON a.conv = b.conv AND a.agent = b.agent
              WHERE a.first_ms IS DISTINCT FROM b.first_ms OR a.last_ms IS DISTINCT FROM b.last_ms) AS moved GROUP BY agent""",
            f"""CREATE TABLE changed AS SELECT conv FROM {own}.touched UNION
              SELECT s.conv FROM {new}.spoken AS s JOIN shifted AS m ON s.agent = m.agent WHERE s.human_ms BETWEEN m.lo AND m.hi""",
            f"CREATE TABLE spoken AS SELECT * FROM {new}.spoken WHERE conv IN (SELECT conv FROM changed)",
            f"""CREATE TABLE agents AS SELECT a.* FROM {new}.agents AS a JOIN (
              SELECT agent, min(human_ms) AS lo, max(human_ms) AS hi FROM spoken GROUP BY agent) AS seen
              ON a.agent = seen.agent WHERE a.first_ms <= seen.hi AND a.last_ms >= seen.lo""",
            self.steps["effort"],
        )
        self._ask(self.new, f"CREATE TABLE effort AS {_replaced(f'{old}.effort', f'{room.name}.effort', f'{room.name}.changed')}")
        return f"{room.name}.changed"

    def _followed(self, work: Database, changed: str) -> None:
        """What comes next for the customers concerned, and the conversations' rows."""
        old, new = self.old.base.name, self.new.name
        names = ("said", "stage_conversations", "stage_attributes", "stage_assigned", "stage_transfers", "owners", "effort")
        room = instance().database()
        self._ask(
            room,
            f"""CREATE TABLE customers AS SELECT cust FROM {new}.placed WHERE cust IS NOT NULL AND conv IN (SELECT conv FROM {changed})
              UNION SELECT cust FROM {old}.placed WHERE cust IS NOT NULL AND conv IN (SELECT conv FROM {work.name}.touched)""",
            f"""CREATE TABLE anew AS SELECT conv FROM {changed} UNION
              SELECT conv FROM {new}.placed WHERE cust IN (SELECT cust FROM customers)""",
            *(f"CREATE TABLE {name} AS SELECT * FROM {new}.{name} WHERE conv IN (SELECT conv FROM anew)" for name in (*names, "placed")),
            *(self.steps[name] for name in ("follow", "again", "conversations")),
        )
        rows = _replaced(f"{old}.conversations", f"{room.name}.conversations", f"{room.name}.anew")
        self._ask(self.new, f"CREATE TABLE conversations AS {rows}")


def _key(log: Log, table: str) -> str:
    """A row's conversation, as the staging names it."""
    row = "'row|' || CAST(seq AS VARCHAR)"
    if table != "conversations":
        return "conversation_id"
    return f"coalesce(CAST(conversation_id AS VARCHAR), {row})" if log.has(table, "conversation_id") else row


def _replaced(old: str, new: str, which: str) -> str:
    """Old rows of all conversations but some, and the new rows of these."""
    return f"SELECT * FROM {old} AS o ANTI JOIN {which} AS w ON o.conv = w.conv UNION ALL SELECT * FROM {new}"
