"""The adapter of the embedded engine: a Log's columns, whatever it has of them, as the staging views that facts.sql reads."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.log import Log, Source, nulls

ATTRIBUTES = {
    "category": "category", "priority": "priority", "team": "team", "shift": "shift", "order_id": "order_id",
    "holiday_mode": "holiday", "survey_sent": "survey_sent", "resolved": "resolved", "complaint": "complaint",
    "complaint_solved": "complaint_solved", "transfers": "transfers", "reopened": "reopened", "assigned_agent": "assigned",
    "closed_at": "close_ms", "first_closed_at": "first_close_ms",
}  # fmt: skip
"""Conversation columns that may stand on every message row, and their names in the facts."""
_WHOLE = {
    "holiday",
    "survey_sent",
    "resolved",
    "complaint",
    "complaint_solved",
    "transfers",
    "reopened",
    "close_ms",
    "first_close_ms",
}


_WHILE_BUILDING = ("messages", "conversations")
"""Scanned where they lie while facts are made; the small tables are kept, since cursors do not see registered ones."""


def _type(log: Log, name: str) -> str:
    if name == "assigned":
        return id_type(log, "agent_id")
    if name.endswith("_ms"):
        return "BIGINT"
    if name in _WHOLE:
        return "SMALLINT"
    column = next(given for given, short in ATTRIBUTES.items() if short == name)
    # A text column that the log lacks is a column of nulls: the narrowest type there is.
    return "VARCHAR" if log.has("messages", column) or log.has("conversations", column) else "TINYINT"


@cache
def polite_pattern() -> str:
    """A regular expression of every greeting, thanks and apology in ``core/courtesy.toml``."""
    lists = tomllib.loads(resources.files("core").joinpath("courtesy.toml").read_text(encoding="utf-8"))
    words = sorted({word for group in lists.values() for words in group.values() for word in words})
    return "|".join(re.escape(word).replace("\\ ", " ") for word in words)


def register(con: duckdb.DuckDBPyConnection, log: Log) -> None:
    """Views ``raw_<table>`` over the log's tables, in memory or as Parquet where they lie."""
    for name, source in log.tables.items():
        if isinstance(source, Path) or name in _WHILE_BUILDING:
            show(con, f"raw_{name}", source)
        else:
            con.register(f"given_{name}", source)
            con.execute(f"CREATE TABLE raw_{name} AS SELECT * FROM given_{name}")
            con.unregister(f"given_{name}")


def show(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> None:
    """A table of a log under a name: one in memory for this cursor alone, a file as a view that all see."""
    if isinstance(source, Path):
        path = str(source).replace("'", "''")
        con.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}')")
    else:
        con.register(name, source)


def available(log: Log) -> frozenset[str]:
    """``table.column`` of every column that holds at least one value.

    >>> log = Log("d", "UTC", {"messages": pa.table({"sent_at": [1], "csat": pa.nulls(1)})})
    >>> sorted(available(log))
    ['messages.sent_at']
    """
    found = set()
    for name, source in log.tables.items():
        for column in log.columns(name):
            empty, rows = nulls(source, column)
            if empty < rows:
                found.add(f"{name}.{column}")
    return frozenset(found)


def stage(con: duckdb.DuckDBPyConnection, log: Log, gap_ms: int) -> None:
    """All staging tables of facts.sql; a table the log lacks becomes an empty one with the same columns."""
    register(con, log)
    if log.has("messages"):
        con.execute("CREATE TEMP VIEW raw_senders AS SELECT * FROM raw_messages")
    for build in BUILDERS:
        con.execute(build(log, gap_ms))
    con.execute("DROP VIEW IF EXISTS raw_senders")


def _picker(log: Log, table: str) -> Callable[..., str]:
    """Column by name, coded ids as narrow as they can be, or a NULL of the type the column has elsewhere in the log."""
    names = set(log.columns(table))

    def pick(column: str, kind: str = "") -> str:
        if column in names and kind:
            return f'"{column}"'
        found = f'"{column}"' if column in names else "NULL"
        return f"CAST({found} AS {kind or id_type(log, column)})"

    return pick


IDS = ("conversation_id", "customer_id", "channel", "language", "agent_id")
"""Columns whose type in the facts is the log's."""


def id_type(log: Log, column: str) -> str:
    """Ids are text unless the log holds coded ones: then empty tables take integers too, so that joins compare integers."""
    if column == "conversation_id" and log.has("messages") and needs_cut(log):
        return "VARCHAR"
    found = [_range(log.tables[table], column) for table in ("messages", "conversations") if log.has(table, column)]
    if not found or any(ends is None for ends in found):
        return "VARCHAR"
    top = max(max(-ends[0] - 1, ends[1]) for ends in found if ends)
    return next((kind for kind, bits in _INTEGERS.items() if top < 1 << bits), "BIGINT")


_INTEGERS = {"TINYINT": 7, "SMALLINT": 15, "INTEGER": 31}


def _range(source: Source, column: str) -> tuple[int, int] | None:
    """Lowest and highest code of an integer column; None for text. A file that does not say may hold anything."""
    if isinstance(source, pa.Table):
        if not pa.types.is_integer(source.schema.field(column).type):
            return None
        ends = pc.min_max(source.column(column))
        return (ends["min"].as_py() or 0, ends["max"].as_py() or 0)
    file = pq.ParquetFile(source)
    at = file.schema_arrow.get_field_index(column)
    if not pa.types.is_integer(file.schema_arrow.field(at).type):
        return None
    parts = [file.metadata.row_group(group).column(at).statistics for group in range(file.metadata.num_row_groups)]
    if not all(part is not None and (part.has_min_max or part.num_values == 0) for part in parts):
        return (0, 1 << 62)
    ends = [(part.min, part.max) for part in parts if part.has_min_max]
    return (min((low for low, _ in ends), default=0), max((high for _, high in ends), default=0))


def _stage_messages(log: Log, gap_ms: int) -> str:
    if not log.has("messages"):
        names = {
            "conversation_id": "conv",
            "customer_id": "m_cust",
            "channel": "m_channel",
            "language": "m_language",
            "agent_id": "m_agent",
        }
        return _EMPTY_MESSAGES.format(
            ids=", ".join(f"CAST(NULL AS {id_type(log, name)}) AS {short}" for name, short in names.items())
        )
    pick = _picker(log, "messages")
    words = polite_pattern().replace("'", "''")
    polite = f"CASE WHEN text IS NULL THEN NULL WHEN regexp_matches(lower(text), '{words}') THEN 1 ELSE 0 END"
    columns = f"""{conversation_key(log)} AS conv, {pick("seq")} AS seq, "sent_at" AS sent,
      {pick("customer_id")} AS m_cust, {pick("channel")} AS m_channel, {pick("language")} AS m_language,
      {pick("agent_id")} AS m_agent, {polite if log.has("messages", "text") else "CAST(NULL AS TINYINT)"} AS m_polite,
      "sender" AS sender, {pick("automation", "VARCHAR")} AS automation, coalesce({pick("event", "VARCHAR")}, '') AS event"""
    source = cut_messages(log, gap_ms) if needs_cut(log) else "raw_messages"
    return f"""CREATE VIEW stage_messages AS SELECT conv, seq, sent, m_cust, m_channel, m_language, m_agent, m_polite,
      CAST({KIND.format(smart=SMART)} AS TINYINT) AS kind
    FROM (SELECT {columns} FROM {source} WHERE "sent_at" IS NOT NULL) AS raw"""


KIND = """CASE WHEN event = 'close' THEN 7 WHEN event = 'reopen' THEN 8 WHEN event <> '' OR sender IS NULL THEN 0
  WHEN sender = 'customer' THEN 1 WHEN {smart} THEN CASE WHEN sender = 'system' THEN 5 ELSE 4 END WHEN sender = 'system' THEN 0
  WHEN sender <> 'agent' THEN 6 WHEN coalesce(automation, 'none') = 'none' THEN 2 WHEN automation = 'greeting' THEN 3
  ELSE 6 END"""
"""One code a message, see facts.sql; ``{smart}`` says what counts as an answer by a machine."""
SMART = "automation IN ('faq', 'assistant') OR (sender = 'bot' AND coalesce(automation, 'none') NOT IN ('greeting', 'off_hours'))"
"""What counts as an answer by a machine."""

_EMPTY_MESSAGES = (
    """CREATE VIEW stage_messages AS SELECT {ids}, 0 AS seq, 0 AS sent, 0 AS m_polite, 0 AS kind WHERE 1 = 0"""
)


def needs_cut(log: Log) -> bool:
    """Whether some messages lack a conversation id, so that conversations are cut at silences."""
    return log.has("messages") and log.cut_by_silence


def conversation_key(log: Log) -> str:
    """The SQL of a message row's conversation, as the facts name it."""
    return '"cut_id"' if needs_cut(log) else f"CAST(conversation_id AS {id_type(log, 'conversation_id')})"


def cut_ids(log: Log, gap_ms: int) -> str:
    """A SELECT of every message's conversation in the order of ``seq``, for a log that is cut by silence."""
    return f'SELECT "cut_id" FROM {cut_messages(log, gap_ms)} ORDER BY "seq"'


def cut_messages(log: Log, gap_ms: int) -> str:
    """Messages without conversation ids, cut per customer and channel wherever the silence is longer than the gap."""
    pick = _picker(log, "messages")
    customer, channel = pick("customer_id"), pick("channel")
    given = pick("conversation_id")
    return f"""(SELECT *, coalesce(CAST({given} AS VARCHAR), 'cut|' || coalesce(CAST({customer} AS VARCHAR), '') || '|' ||
        coalesce(CAST({channel} AS VARCHAR), '') || '|' || CAST(sum(fresh) OVER line AS VARCHAR)) AS cut_id
      FROM (SELECT *, CASE WHEN "sent_at" - lag("sent_at") OVER gaps <= {gap_ms} THEN 0 ELSE 1 END AS fresh FROM raw_messages
        WINDOW gaps AS (PARTITION BY {given}, {customer}, {channel} ORDER BY "sent_at", "seq")) AS marked
      WINDOW line AS (PARTITION BY {given}, {customer}, {channel} ORDER BY "sent_at", "seq"
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS cut"""


def _stage_attributes(log: Log, gap_ms: int) -> str:
    """One row per conversation with what its message rows say about it; the last rating and assignment win, other columns should agree."""
    names = set(log.columns("messages"))
    present = [name for name in (*ATTRIBUTES, "csat") if name in names]
    empty = ", ".join(f"CAST(NULL AS {_type(log, short)}) AS {short}" for short in ATTRIBUTES.values())
    if not present:
        kind = id_type(log, "conversation_id")
        return f"CREATE TABLE stage_attributes AS SELECT CAST(NULL AS {kind}) AS conv, {empty}, CAST(NULL AS DOUBLE) AS csat WHERE 1 = 0"
    columns = ", ".join(
        f"CAST({_agreed(name)} AS {_type(log, short)}) AS {short}"
        if name in names
        else f"CAST(NULL AS {_type(log, short)}) AS {short}"
        for name, short in ATTRIBUTES.items()
    )
    csat = _last("csat") if "csat" in names else "CAST(NULL AS DOUBLE)"
    source = cut_messages(log, gap_ms) if needs_cut(log) else "raw_messages"
    return f"CREATE TABLE stage_attributes AS SELECT {conversation_key(log)} AS conv, {columns}, {csat} AS csat FROM {source} GROUP BY 1"


def _agreed(name: str) -> str:
    """What a conversation's message rows say together: the last assignment, the first of the first closes, else the greatest."""
    known = {"assigned_agent": _last(name), "first_closed_at": f'min("{name}")'}
    return known.get(name, f'max("{name}")')


def _last(name: str) -> str:
    return f'arg_max("{name}", ("sent_at", "seq")) FILTER (WHERE "{name}" IS NOT NULL)'


def bots(log: Log) -> str:
    """Ids that only ever wrote as a bot: a conversation assigned to one of them belongs to no person."""
    if not (log.has("messages", "agent_id") and log.has("messages", "sender")):
        return "(SELECT CAST(NULL AS VARCHAR) AS agent WHERE 1 = 0)"
    return """(SELECT agent_id AS agent FROM raw_senders WHERE agent_id IS NOT NULL GROUP BY agent_id
      HAVING sum(CASE WHEN sender = 'bot' THEN 1 ELSE 0 END) > 0 AND sum(CASE WHEN sender = 'agent' THEN 1 ELSE 0 END) = 0)"""


def _stage_assigned(log: Log, gap_ms: int) -> str:
    kind, who = id_type(log, "conversation_id"), id_type(log, "agent_id")
    if not (log.has("messages", "event") and log.has("messages", "agent_id")):
        return f"CREATE TABLE stage_assigned AS SELECT CAST(NULL AS {kind}) AS conv, CAST(NULL AS {who}) AS agent WHERE 1 = 0"
    source = cut_messages(log, gap_ms) if needs_cut(log) else "raw_messages"
    return f"""CREATE TABLE stage_assigned AS SELECT {conversation_key(log)} AS conv,
      CAST(arg_max("agent_id", ("sent_at", "seq")) AS {who}) AS agent
      FROM {source} WHERE event = 'assign' AND agent_id IS NOT NULL GROUP BY 1"""


def _stage_conversations(log: Log, gap_ms: int) -> str:
    pick = _picker(log, "conversations")
    present = log.has("conversations")
    key = (
        f"coalesce({pick('conversation_id')}, 'row|' || CAST(seq AS VARCHAR))"
        if present
        else f"CAST(NULL AS {id_type(log, 'conversation_id')})"
    )
    columns = ", ".join(
        f"CAST({pick(name, _type(log, short))} AS {_type(log, short)}) AS {short}"
        for name, short in ATTRIBUTES.items()
        if short not in ("assigned", "close_ms")
    )
    solved = f"{pick('started_at', 'BIGINT')} + CAST(round({pick('resolution_s', 'DOUBLE')} * 1000) AS BIGINT)"
    columns += f", CAST(coalesce({pick('closed_at', 'BIGINT')}, {solved}) AS BIGINT) AS close_ms"
    start, wait, handle = pick("started_at", "BIGINT"), pick("wait_s", "DOUBLE"), pick("handle_s", "DOUBLE")
    answered, by = pick("answered", "BIGINT"), pick("started_by", "VARCHAR")
    return f"""CREATE TABLE stage_conversations AS SELECT {key} AS conv, {pick('customer_id')} AS cust,
      {pick('channel')} AS channel, {pick('language')} AS language, {columns},
      coalesce({_human(pick('assigned_agent', id_type(log, 'agent_id')), log)}, {_human(pick('agent_id'), log)}) AS assigned,
      {start} AS start_ms,
      CASE WHEN {answered} = 0 THEN NULL
        ELSE coalesce({pick('first_human_reply_at', 'BIGINT')}, {start} + CAST(round({wait} * 1000) AS BIGINT)) END AS first_human_ms,
      {int(log.has("transfers", "conversation_id"))} AS transfers_listed,
      {answered} AS answered, {pick('reply_time_lost', 'BIGINT')} AS reply_lost,
      CAST({pick('needs_human', 'BIGINT')} AS BIGINT) AS needs_human,
      CASE WHEN {by} = 'agent' THEN 0 WHEN {by} IS NOT NULL THEN 1 END AS customer_started,
      CAST(round({handle} * 1000) AS BIGINT) AS handle_ms, {pick('csat', 'DOUBLE')} AS csat, {pick('is_call', 'BIGINT')} AS is_call
    FROM {_latest(log) if present else '(SELECT 0 AS seq)'} WHERE {'1 = 1' if present else '1 = 0'}"""  # fmt: skip


def _latest(log: Log) -> str:
    """The conversation rows; where an id stands twice, the last one counts, so that no join multiplies it."""
    if not log.has("conversations", "conversation_id"):
        return "raw_conversations"
    return """(SELECT * FROM raw_conversations
      QUALIFY conversation_id IS NULL OR row_number() OVER (PARTITION BY conversation_id ORDER BY seq DESC) = 1) AS latest"""


def _human(column: str, log: Log) -> str:
    if column.startswith("CAST(NULL"):
        return column
    return f"CASE WHEN CAST({column} AS VARCHAR) IN (SELECT CAST(agent AS VARCHAR) FROM {bots(log)} AS bots) THEN NULL ELSE {column} END"


def _stage_transfers(log: Log, gap_ms: int) -> str:
    if not log.has("transfers", "conversation_id"):
        kind = id_type(log, "conversation_id")
        return f"CREATE TABLE stage_transfers AS SELECT CAST(NULL AS {kind}) AS conv, CAST(NULL AS BIGINT) AS n_transfers WHERE 1 = 0"
    return """CREATE TABLE stage_transfers AS SELECT conversation_id AS conv, CAST(count(*) AS BIGINT) AS n_transfers
      FROM raw_transfers WHERE conversation_id IS NOT NULL GROUP BY conversation_id"""


BUILDERS = (_stage_messages, _stage_attributes, _stage_assigned, _stage_conversations, _stage_transfers)
"""The statements that make the staging tables of a log, given the silence that cuts conversations without ids."""
