"""Mapped tables → the staging SELECTs that facts.sql reads, in SQL that every engine takes: row_number, CASE, min and max.

The mirror of `core.engine.staging`, which writes for the embedded engine alone. What needs a regular expression (courtesy) is missing
here: what people wrote is never read at a source.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from core.engine.staging import ATTRIBUTES, KIND, SMART
from core.warehouse.build import STAGING
from core.warehouse.engines import Warehouse
from core.warehouse.mapping import Mapped, literal

_LAST = {"assigned": "assigned_agent", "csat": "csat"}
"""Of a conversation's messages the last one that says it."""


_ASKED_FIRST = "CASE v_sender WHEN 'customer' THEN 0 WHEN 'bot' THEN 1 WHEN 'system' THEN 2 ELSE 3 END"
"""Where nothing orders messages of one stamp: an answer does not stand before its question."""


class Staging:
    """The SELECTs of one log.

    Args:
        warehouse: the engine.
        tables: its tables in the schema's fields.
        gap_ms: the silence that ends a conversation where messages name none.
        nameless: tables some of whose rows name no conversation: messages are cut at silences, a conversation row is one by itself.
        bots: ids that only ever wrote as a bot.
    """

    def __init__(
        self, warehouse: Warehouse, tables: Mapping[str, Mapped], gap_ms: int, nameless: Collection[str], bots: tuple[str, ...] = ()
    ) -> None:  # fmt: skip
        self.warehouse, self.tables, self.gap_ms, self.bots = warehouse, tables, gap_ms, bots
        self.cut, self.loose = "messages" in nameless, "conversations" in nameless

    def selects(self) -> dict[str, str]:
        """Staging table → SELECT; a table that the log lacks is left out."""
        made: dict[str, str] = {}
        messages = self.tables.get("messages")
        if messages:
            made["stage_messages"] = self._messages(messages)
            if messages.has("event", "agent_id"):
                made["stage_assigned"] = self._assigned(messages)
            if any(name in messages.fields for name in (*ATTRIBUTES, "csat")):
                made["stage_attributes"] = self._attributes(messages)
        if "conversations" in self.tables:
            made["stage_conversations"] = self._conversations(self.tables["conversations"])
        if "transfers" in self.tables:
            handed = self.tables["transfers"].select()
            made["stage_transfers"] = (
                f"SELECT v_conversation_id AS conv, {self._typed('count(*)', 'integer')} AS n_transfers"
                f" FROM ({handed}) AS handed GROUP BY v_conversation_id"
            )
        return made

    def _typed(self, sql: str, code: str) -> str:
        return self.warehouse.typed(sql, code)

    def _pick(self, found: Mapped, name: str, code: str) -> str:
        """A field in the type that staging has, missing where the log lacks it."""
        return self._typed(f"v_{name}" if found.has(name) else "NULL", code)

    # ── messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def said(self, found: Mapped) -> str:
        """A SELECT of the messages with ``conv`` and ``seq``, each once, in an order that is whole within a conversation."""
        rows = f"({found.select()}) AS usable"
        if found.has("message_id"):
            once = "row_number() OVER (PARTITION BY v_message_id ORDER BY v_sent_at)"
            copies = f"SELECT usable.*, {once} AS far_copy FROM {rows}"
            rows = f"(SELECT * FROM ({copies}) AS copies WHERE far_copy = 1 OR v_message_id IS NULL) AS usable"
        line = self._line(found)
        order = [f"v_{name}" for name in ("seq", "message_id") if found.has(name)] or [_ASKED_FIRST]
        order += [f"v_{name}" for name in ("sender", "event", "agent_id", "automation", "customer_id") if found.has(name)]
        place = f"row_number() OVER (PARTITION BY {line} ORDER BY v_sent_at, {', '.join(order)})"
        numbered = f"SELECT usable.*, {'v_seq' if found.whole_seq else place} AS seq FROM {rows}"
        if not self.cut:
            return f"SELECT numbered.*, v_conversation_id AS conv FROM ({numbered}) AS numbered"
        return self._cut(numbered, line, found)

    def _line(self, found: Mapped) -> str:
        names = ("conversation_id", "customer_id", "channel") if self.cut else ("conversation_id",)
        return ", ".join(f"v_{name}" for name in names if found.has(name))

    def _cut(self, numbered: str, line: str, found: Mapped) -> str:
        """Conversations cut per customer and channel wherever the silence is longer than the gap; the same names as near."""
        given, who, where = (self._pick(found, name, "text") for name in ("conversation_id", "customer_id", "channel"))
        gap = f"v_sent_at - lag(nullif(v_sent_at, -1)) OVER (PARTITION BY {line} ORDER BY v_sent_at, seq)"
        marked = f"SELECT numbered.*, CASE WHEN {gap} <= {self.gap_ms} THEN 0 ELSE 1 END AS far_fresh FROM ({numbered}) AS numbered"
        ordered = f"PARTITION BY {line} ORDER BY v_sent_at, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
        count = self._typed(f"sum(far_fresh) OVER ({ordered})", "integer")
        name = f"'cut|' || coalesce({who}, '') || '|' || coalesce({where}, '') || '|' || {self._typed(count, 'text')}"
        return f"SELECT marked.*, coalesce({given}, {name}) AS conv FROM ({marked}) AS marked"

    def _messages(self, found: Mapped) -> str:
        sender = "CASE WHEN v_public = 0 THEN 'system' ELSE v_sender END" if found.has("public") else "v_sender"
        columns = {
            "conv": "conv", "seq": self._typed("seq", "integer"), "sent": "v_sent_at", "m_cust": self._pick(found, "customer_id", "text"),
            "m_channel": self._pick(found, "channel", "text"), "m_language": self._pick(found, "language", "text"),
            "m_agent": self._pick(found, "agent_id", "text"), "m_polite": self._typed("NULL", "small"), "far_sender": sender,
            "far_automation": self._pick(found, "automation", "text"), "far_event": f"coalesce({self._pick(found, 'event', 'text')}, '')",
        }  # fmt: skip
        inner = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        names = ", ".join(name for name in STAGING["stage_messages"] if name != "kind")
        kind = self._typed(_far(KIND.format(smart=SMART)), "small")
        return f"SELECT {names}, {kind} AS kind FROM (SELECT {inner} FROM ({self.said(found)}) AS said) AS spoken"

    def _attributes(self, found: Mapped) -> str:
        """One row per conversation with what its messages say about it."""
        known = {short: name for name, short in ATTRIBUTES.items()} | {"csat": "csat"}
        places = ", ".join(
            f"row_number() OVER (PARTITION BY conv, CASE WHEN v_{name} IS NULL THEN 1 ELSE 0 END"
            f" ORDER BY v_sent_at DESC, seq DESC) AS far_{short}_place"
            for short, name in _LAST.items()
            if found.has(name)
        )
        columns = []
        for short, code in STAGING["stage_attributes"].items():
            if short == "conv" or not found.has(known[short]):
                columns.append("conv" if short == "conv" else f"{self._typed('NULL', code)} AS {short}")
                continue
            one = f"v_{known[short]}"
            one = f"CASE WHEN far_{short}_place = 1 THEN {one} END" if short in _LAST else one
            columns.append(f"{self._typed(f'{self._of_all(short)}({one})', code)} AS {short}")
        rows = f"SELECT said.*, {places} FROM ({self.said(found)}) AS said" if places else self.said(found)
        return f"SELECT {', '.join(columns)} FROM ({rows}) AS placed GROUP BY conv"

    def _of_all(self, short: str) -> str:
        return "min" if short == "first_close_ms" else "max"

    def _assigned(self, found: Mapped) -> str:
        place = "row_number() OVER (PARTITION BY conv ORDER BY v_sent_at DESC, seq DESC)"
        named = f"FROM ({self.said(found)}) AS said WHERE v_event = 'assign' AND v_agent_id IS NOT NULL"
        return f"SELECT conv, v_agent_id AS agent FROM (SELECT conv, v_agent_id, {place} AS far_place {named}) AS given WHERE far_place = 1"

    # ── conversations ────────────────────────────────────────────────────────────────────────────────────────────────

    def _conversations(self, found: Mapped) -> str:
        """One row per conversation row; of an id that stands there several times the newest version."""
        pick = self._pick
        start = "v_started_at"
        columns = {"conv": "conv", "cust": pick(found, "customer_id", "text")}
        columns |= {name: pick(found, name, "text") for name in ("channel", "language")}
        columns |= {
            short: pick(found, name, STAGING["stage_conversations"][short])
            for name, short in ATTRIBUTES.items()
            if short not in ("assigned", "close_ms", "first_close_ms")
        }
        answered = pick(found, "answered", "small")
        reply = f"coalesce({self._after(found, 'first_human_reply_at')}, {start} + {self._ms(found, 'wait_s')})"
        columns |= {
            "first_close_ms": self._after(found, "first_closed_at"),
            "close_ms": f"coalesce({self._after(found, 'closed_at')}, {start} + {self._ms(found, 'resolution_s')})",
            "assigned": f"coalesce({self._person(found, 'assigned_agent')}, {self._person(found, 'agent_id')})",
            "start_ms": start,
            "first_human_ms": f"CASE WHEN {answered} = 0 THEN NULL ELSE {reply} END",
            "transfers_listed": self._typed(str(int("transfers" in self.tables)), "small"),
            "answered": answered,
            "reply_lost": self._typed("NULL", "small"),
            "needs_human": pick(found, "needs_human", "small"),
            "customer_started": self._started_by(found),
            "handle_ms": f"CASE WHEN {answered} = 0 THEN NULL ELSE {self._ms(found, 'handle_s')} END",
            "csat": pick(found, "csat", "number"),
            "is_call": self._typed("CASE WHEN v_channel = 'phone' THEN 1 END" if found.has("channel") else "NULL", "small"),
        }
        picked = ", ".join(f"{columns[name]} AS {name}" for name in STAGING["stage_conversations"])
        return f"SELECT {picked} FROM ({self._latest(found)}) AS latest"

    def _latest(self, found: Mapped) -> str:
        order = ", ".join(f"v_{name}" for name in ("started_at", "agent_id", "customer_id") if found.has(name))
        row = f"'row|' || {self._typed(f'row_number() OVER (ORDER BY {order})', 'text')}" if self.loose else self._typed("NULL", "text")
        rows = f"({found.select()}) AS usable"
        if not found.has("conversation_id"):
            return f"SELECT usable.*, {row} AS conv FROM {rows}"
        newest = [f"v_{name} DESC" for name in ("seq", "csat_at", "closed_at", "started_at") if found.has(name)]
        place = f"row_number() OVER (PARTITION BY v_conversation_id ORDER BY {', '.join(newest)})"
        placed = f"SELECT usable.*, {place} AS far_place, coalesce(v_conversation_id, {row}) AS conv FROM {rows}"
        return f"SELECT * FROM ({placed}) AS placed WHERE far_place = 1 OR v_conversation_id IS NULL"

    def _after(self, found: Mapped, name: str) -> str:
        """A clock that lies before the start is impossible: missing, as in the import."""
        if not found.has(name):
            return self._typed("NULL", "integer")
        return f"CASE WHEN v_{name} >= v_started_at THEN v_{name} END"

    def _ms(self, found: Mapped, name: str) -> str:
        return self._typed(f"round(v_{name} * 1000)" if found.has(name) else "NULL", "integer")

    def _person(self, found: Mapped, name: str) -> str:
        """An id, unless it only ever wrote as a bot: a conversation assigned to one of those belongs to no person."""
        column = self._pick(found, name, "text")
        if not (found.has(name) and self.bots):
            return column
        listed = ", ".join(literal(self.warehouse.kind, bot) for bot in self.bots)
        return f"CASE WHEN v_{name} IN ({listed}) THEN {self._typed('NULL', 'text')} ELSE v_{name} END"

    def _started_by(self, found: Mapped) -> str:
        told = "CASE WHEN v_started_by = 'agent' THEN 0 WHEN v_started_by IS NOT NULL THEN 1 END"
        return self._typed(told if found.has("started_by") else "NULL", "small")


def _far(kind: str) -> str:
    """The kinds of messages over the columns that staging names here."""
    for name in ("automation", "sender", "event"):
        kind = kind.replace(f"{name} ", f"far_{name} ").replace(f"{name},", f"far_{name},")
    return kind


def bots(found: Mapped) -> str:
    """A SELECT of the ids that only ever wrote as a bot."""
    return f"""SELECT v_agent_id AS agent FROM ({found.select()}) AS said WHERE v_agent_id IS NOT NULL GROUP BY v_agent_id
      HAVING sum(CASE WHEN v_sender = 'bot' THEN 1 ELSE 0 END) > 0 AND sum(CASE WHEN v_sender = 'agent' THEN 1 ELSE 0 END) = 0"""
