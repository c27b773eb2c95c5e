"""The floor: facts and cube of a message log in hand-written NumPy – one sort, then masks, takes and ``reduceat``.

What an engineer would write who knows this log and its machine: ids are small whole numbers, kinds come from one table of codes, every
sort is of whole numbers that hold the keys side by side, and who is alone in a conversation is not sorted at all. Every column of
`benchmarks.facts_pandas` is here, none is left out; missing codes are −1, missing stamps and counts `NONE`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

GAP_MS, SLOT_MS, DAY_MS = 300_000, 300_000, 86_400_000
NONE = np.iinfo(np.int64).min
CODES = {"customer_id": np.int32, "agent_id": np.int16, "channel": np.int8, "language": np.int8}
ASK, HUMAN, GREETING, SMART, SYSTEM_SMART, OTHER, CLOSE, REOPEN, ASSIGN = range(1, 10)
DIMENSIONS = ("agent", "local_day", "local_hour", "channel", "language")

Ints = NDArray[Any]
Marks = NDArray[np.bool_]
Columns = dict[str, Ints]


def facts(path: Path, offset_ms: int) -> dict[str, Columns]:
    """``conversations``, ``turns`` and ``activity`` of a log whose zone has one offset."""
    m = _sorted(path)
    place = _Place(m)
    said = _said(m, place)
    humans, asked = np.flatnonzero(m["kind"] == HUMAN), _asked(m, place)
    turns = _turns(m, place, asked, humans)
    spoken = {"of": place.of[humans], "h": place.h[humans], "agent": m["agent"][humans], "sent": m["sent"][humans]}
    spoken["ask"] = _before(m, place, asked, humans)
    conv = m["conv"][place.first]
    del m, place, asked, humans
    own = _own(spoken, len(conv))
    own |= _effort(spoken, said, len(conv))
    kept = spoken["agent"] >= 0
    slots = _distinct(spoken["agent"][kept], (spoken["sent"][kept] + offset_ms) // SLOT_MS)
    del spoken
    return {
        "conversations": _conversations(conv, said | own, offset_ms),
        "turns": turns,
        "activity": dict(zip(("agent", "slot_no"), slots, strict=True)),
    }


def _sorted(path: Path) -> Columns:
    """Messages by conversation, stamp and row."""
    table = pq.read_table(path).unify_dictionaries()
    conv, sent, seq = (table.column(name).to_numpy() for name in ("conversation_id", "sent_at", "seq"))
    # Rows that already lie in the order of seq need not be sorted by it: the sort is stable.
    keys = (sent, conv) if (seq[1:] > seq[:-1]).all() else (seq, sent, conv)
    order = np.lexsort(keys)
    found = {"conv": conv[order].astype(np.int32), "sent": sent[order], "kind": _kinds(table)[order]}
    for name, kind in CODES.items():
        found[name.removesuffix("_id")] = table.column(name).fill_null(-1).to_numpy().astype(kind)[order]
    return found


def _kinds(table: pa.Table) -> Ints:
    """One code a message by a table of sender × automation × event: see core/engine/facts.sql, and 9 for an assignment."""
    words = [table.column(name).combine_chunks() for name in ("sender", "automation", "event")]
    known = [column.dictionary.to_pylist() for column in words]
    codes = np.zeros([len(each) for each in known], dtype=np.int8)
    for at in np.ndindex(codes.shape):
        codes[at] = _kind(*(names[code] for names, code in zip(known, at, strict=True)))
    return codes[tuple(column.indices.to_numpy() for column in words)]


def _kind(sender: str, automation: str, event: str) -> int:
    if event:
        return {"close": CLOSE, "reopen": REOPEN, "assign": ASSIGN}.get(event, 0)
    if sender == "customer":
        return ASK
    if automation in ("faq", "assistant") or (sender == "bot" and automation not in ("greeting", "off_hours")):
        return SYSTEM_SMART if sender == "system" else SMART
    if sender == "agent":
        return {"none": HUMAN, "greeting": GREETING}.get(automation, OTHER)
    return 0 if sender == "system" else OTHER


class _Place:
    """Where each message stands: conversation, human messages and asks so far within it, and the segment a human message begins."""

    def __init__(self, m: Columns) -> None:
        opens = np.r_[True, m["conv"][1:] != m["conv"][:-1]]
        human = m["kind"] == HUMAN
        self.first = np.flatnonzero(opens)
        self.of = np.cumsum(opens, dtype=np.int32) - 1
        self.h, self.n_asked = (self._so_far(marks) for marks in (human, m["kind"] == ASK))
        self.segment = np.cumsum(opens.view(np.int8) + human, dtype=np.int32)

    def _so_far(self, marks: Marks) -> Ints:
        total = np.cumsum(marks, dtype=np.int32)
        total -= (total[self.first] - marks[self.first])[self.of]
        return total

    def rows(self, marks: Marks, last: bool = False) -> tuple[Ints, Ints]:
        """Conversations that have marked messages, and the first (or last) of these."""
        rows = np.flatnonzero(marks)
        of = self.of[rows]
        turn = of[1:] != of[:-1]
        kept = np.r_[turn, True][: len(of)] if last else np.r_[True, turn][: len(of)]
        return of[kept], rows[kept]

    def pick(self, values: Ints, marks: Marks, last: bool = False, missing: int = NONE) -> Ints:
        """A value of each conversation's first (or last) marked message."""
        of, rows = self.rows(marks, last)
        found = np.full(len(self.first), missing, dtype=np.int64)
        found[of] = values[rows]
        return found


def _said(m: Columns, p: _Place) -> Columns:
    """One row per conversation: ends, counts and places of each kind of message."""
    kind, sent, opening, answered = m["kind"], m["sent"], p.h == 0, p.n_asked > 0
    counts = np.bincount(p.of * np.int64(10) + kind, minlength=10 * len(p.first)).reshape(-1, 10)
    said = {"n_cust": counts[:, ASK], "n_human": counts[:, HUMAN], "n_close": counts[:, CLOSE]}
    said["n_smart"] = counts[:, SMART] + counts[:, SYSTEM_SMART]
    said["n_msg"] = counts[:, [ASK, HUMAN, GREETING, SMART, OTHER]].sum(axis=1)
    ask, smart, other = kind == ASK, (kind == SMART) | (kind == SYSTEM_SMART), kind == OTHER
    message, reply = (kind >= ASK) & (kind <= OTHER) & (kind != SYSTEM_SMART), (kind >= HUMAN) & (kind <= OTHER)
    for name, rows in {"cust": m["customer"], "channel": m["channel"], "any_language": m["language"]}.items():
        said[name] = np.maximum.reduceat(rows, p.first)
    for name, marks in {"ask_language": ask, "first_language": ask & opening}.items():
        said[name] = np.maximum.reduceat(np.where(marks, m["language"], np.int8(-1)), p.first)
    firsts = {
        "opening_ms": ask & opening, "first_ms": message, "first_human_ms": kind == HUMAN, "first_smart_ms": smart,
        "any_reply_ms": reply & answered, "second_human_ms": (kind == HUMAN) & (p.h == 2),
        "greet_ms": (kind == GREETING) & answered, "first_close_ms": kind == CLOSE,
    }  # fmt: skip
    lasts = {
        "last_ms": message, "last_human_ms": kind == HUMAN, "handed_ms": (smart | other) & opening & answered,
        "last_close_ms": kind == CLOSE, "early_reopen_ms": (kind == REOPEN) & opening,
    }  # fmt: skip
    said |= {name: p.pick(sent, marks) for name, marks in firsts.items()}
    said |= {name: p.pick(sent, marks, last=True) for name, marks in lasts.items()}
    said["n_smart_asked"] = p.pick(p.n_asked, smart & opening, last=True)
    at = np.arange(len(kind), dtype=np.int32)
    said["reopened_last"] = p.pick(at, kind == REOPEN, last=True) > p.pick(at, kind == CLOSE, last=True)
    said["assigned"] = p.pick(m["agent"], (kind == ASSIGN) & (m["agent"] >= 0), last=True, missing=-1)
    return said


def _asked(m: Columns, p: _Place) -> Ints:
    """The row of the first ask in each segment; −1 where nobody asked."""
    rows = np.flatnonzero(m["kind"] == ASK)[::-1]
    found = np.full(int(p.segment[-1]) + 2, -1, dtype=np.int32)
    found[p.segment[rows]] = rows
    return found


def _turns(m: Columns, p: _Place, asked: Ints, humans: Ints) -> Columns:
    """One row per ask: the next segment of the same conversation begins with its answer."""
    begins = np.full(len(asked), -1, dtype=np.int32)
    begins[p.segment[humans]] = humans
    segment = np.flatnonzero(asked >= 0)
    ask, answer = asked[segment], begins[segment + 1]
    same = (answer >= 0) & (p.of[answer] == p.of[ask])
    return {
        "conv": m["conv"][ask], "turn_no": p.h[ask], "ask_ms": m["sent"][ask],
        "answer_ms": np.where(same, m["sent"][answer], NONE), "agent": np.where(same, m["agent"][answer], -1),
    }  # fmt: skip


def _before(m: Columns, p: _Place, asked: Ints, humans: Ints) -> Ints:
    """The ask that each human message answers: the first of the segment before, in the same conversation."""
    rows = asked[p.segment[humans] - 1]
    return np.where((rows >= 0) & (p.of[rows] == p.of[humans]), m["sent"][rows], NONE)


def _own(spoken: Columns, size: int) -> Columns:
    """Who each conversation belongs to; ``spoken`` gets the gap of each message to the later of its ask and the agent's own last one."""
    of, agent, sent = spoken["of"], spoken["agent"], spoken["sent"]
    same = of[1:] == of[:-1]
    mixed = np.zeros(size, dtype=bool)
    mixed[of[1:][same & (agent[1:] != agent[:-1])]] = True
    before = np.full(len(of), NONE)
    before[1:][same] = sent[:-1][same]
    rows = np.flatnonzero(mixed[of])
    rows = rows[np.lexsort((agent[rows], of[rows]))]
    again = (of[rows][1:] == of[rows][:-1]) & (agent[rows][1:] == agent[rows][:-1])
    before[rows] = NONE
    before[rows[1:][again]] = sent[rows[:-1][again]]
    since = np.maximum(before, spoken.pop("ask"))
    spoken["gap"] = np.where(since == NONE, 0, np.minimum(sent - since, GAP_MS))
    alone = _people(spoken, np.flatnonzero(~mixed[of] & (agent >= 0)))
    several = _people(spoken, rows[agent[rows] >= 0])
    spoken["people"] = np.concatenate([alone, several], axis=1)
    return _owners(alone, several, size)


def _people(spoken: Columns, rows: Ints) -> Ints:
    """Conversation, agent, messages, first and last place of everybody who wrote; rows are in this order."""
    of, agent = spoken["of"][rows], spoken["agent"][rows]
    opens = np.flatnonzero(np.r_[True, (of[1:] != of[:-1]) | (agent[1:] != agent[:-1])][: len(of)])
    ends = np.r_[opens[1:], len(of)][: len(opens)] - 1
    return np.array([of[opens], agent[opens], ends - opens + 1, spoken["h"][rows[opens]], spoken["h"][rows[ends]]], dtype=np.int64)


def _owners(alone: Ints, several: Ints, size: int) -> Columns:
    """Owner by most, by first and by last human message; only conversations of several people are sorted."""
    of, agent, said, begun, ended = several
    orders = {"most": (begun, -said, of), "first": (begun, of), "last": (-ended, of)}
    found = {"n_agents": np.bincount(alone[0], minlength=size) + np.bincount(of, minlength=size)}
    for name, keys in orders.items():
        owner, order = np.full(size, -1), np.lexsort(keys)[::-1]
        owner[alone[0]] = alone[1]
        owner[of[order]] = agent[order]
        found[f"owner_{name}"] = owner
    return found


def _effort(spoken: Columns, said: Columns, size: int) -> Columns:
    """Gaps divided by the agent's conversations open at that moment: starts before, ends after messages of the same instant."""
    of, agent = spoken.pop("people")[:2]
    rows = np.flatnonzero(spoken["agent"] >= 0)
    shared = np.ones(len(spoken["of"]), dtype=np.int64)
    if len(rows):
        begun = said["first_ms"][of].min()
        said_by = spoken["agent"][rows].astype(np.int64), spoken["sent"][rows]
        parts = [(agent, said["first_ms"][of]), said_by, (agent, said["last_ms"][of])]
        key = np.concatenate([(who << 44) + ((when - begun) << 2) + step for step, (who, when) in enumerate(parts)])
        order = np.argsort(key)
        step = key[order] & 3
        # As many begin as end, so that the count is back at nought where the next agent starts.
        open_now = np.cumsum(1 - step)
        message = step == 1
        shared[rows[order[message] - len(of)]] = np.maximum(open_now[message], 1)
    nano = (spoken["gap"] * 2_000_000 + shared) // (2 * shared)
    opens = np.flatnonzero(np.r_[True, spoken["of"][1:] != spoken["of"][:-1]][: len(nano)])
    found = {}
    for name, values in {"handle_ms": nano, "open_sum": shared}.items():
        found[name] = np.full(size, NONE)
        found[name][spoken["of"][opens]] = np.add.reduceat(values, opens) if len(opens) else 0
    held = found["handle_ms"] != NONE
    found["handle_ms"][held] = (found["handle_ms"][held] + 500_000) // 1_000_000
    return found


def _distinct(agent: Ints, slot: Ints) -> tuple[Ints, Ints]:
    """Pairs that occur, by a table of marks: agents and five-minute slots are few."""
    low = int(slot.min()) if len(slot) else 0
    width = int(slot.max()) - low + 1 if len(slot) else 1
    marks = np.zeros(width * (int(agent.max(initial=0)) + 1), dtype=bool)
    marks[agent * np.int64(width) + (slot - low)] = True
    found = np.flatnonzero(marks)
    return found // width, found % width + low


def _conversations(conv: Ints, s: Columns, offset_ms: int) -> Columns:
    """One row per conversation with every clock."""
    kept = np.flatnonzero(s["first_ms"] != NONE)
    s = {name: values[kept] for name, values in s.items()}
    c = {name: s[name] for name in _SAME} | {"conv": conv[kept]}
    asked = np.where(s["ask_language"] >= 0, s["ask_language"], s["any_language"])
    c["language"] = np.where(s["first_language"] >= 0, s["first_language"], asked)
    opened, human = s["opening_ms"] != NONE, s["n_human"] > 0
    c["start_ms"] = np.where(opened, s["opening_ms"], s["first_ms"])
    c["customer_started"], c["replied"] = opened, human
    c["greet_ms"] = np.where(opened & (s["greet_ms"] >= s["opening_ms"]), s["greet_ms"], NONE)
    c["smart_solved"] = opened & (s["n_smart_asked"] == s["n_cust"])
    c["n_said"] = np.where(human, s["n_human"], NONE)
    over = s["last_close_ms"] != NONE
    c["end_ms"], c["closed"] = np.where(over, s["last_close_ms"], s["last_ms"]), over & ~s["reopened_last"]
    c["transfers"] = np.where(s["n_agents"] > 1, s["n_agents"] - 1, np.where(human, 0, NONE))
    local = c["start_ms"] + offset_ms
    c["local_day"], c["local_minute"] = local // DAY_MS, local % DAY_MS // 60_000
    return _contacts(c)


_SAME = (
    "cust", "channel", "assigned", "owner_most", "owner_first", "owner_last", "n_agents", "n_msg", "n_cust", "n_human", "n_smart",
    "n_close", "first_human_ms", "last_human_ms", "first_smart_ms", "first_close_ms", "last_close_ms", "any_reply_ms", "second_human_ms",
    "handed_ms", "early_reopen_ms", "first_ms", "last_ms", "handle_ms", "open_sum",
)  # fmt: skip


def _contacts(c: Columns) -> Columns:
    """The customer's next conversation, and the first one strictly after this one's end. The log names no issue: both kinds agree."""
    rows = np.flatnonzero((c["cust"] >= 0) & c["customer_started"])
    rows = rows[np.lexsort((c["start_ms"][rows], c["cust"][rows]))]
    cust, start, ends = c["cust"][rows].astype(np.int64), c["start_ms"][rows], c["end_ms"][rows]
    following, after = np.full(len(c["conv"]), NONE), np.full(len(c["conv"]), NONE)
    same = cust[1:] == cust[:-1]
    following[rows[:-1][same]] = start[1:][same]
    # Most contacts are over when the customer comes back, so the next one in line is the answer; the others are looked up, and so are
    # those that were closed before the customer spoke.
    begun = int(start.min(initial=0))
    span = int(ends.max(initial=0)) - begun + 1
    at = np.arange(1, len(rows) + 1)
    open_still = ends < start
    open_still[:-1] |= same & (start[1:] <= ends[:-1])
    line = cust * span + (start - begun)
    at[open_still] = np.searchsorted(line, cust[open_still] * span + (ends[open_still] - begun), side="right")
    inside = np.flatnonzero(at < len(rows))
    inside = inside[cust[at[inside]] == cust[inside]]
    after[rows[inside]] = start[at[inside]]
    return c | {"next_ms": following, "next_issue_ms": following, "after_ms": after}


def cube(c: Columns, rules: dict[str, int]) -> Columns:
    """Sums per agent × local day × hour × channel × language under a rule set that judges repeats (no_repeat, auto owner)."""
    agent = np.where(c["assigned"] >= 0, c["assigned"], c["owner_most"])
    dimensions = (agent, c["local_day"], c["local_minute"] // 60, c["channel"], c["language"])
    lows = [int(values.min()) for values in dimensions]
    widths = [int(values.max()) - low + 1 for values, low in zip(dimensions, lows, strict=True)]
    code = np.zeros(len(agent), dtype=np.int64)
    for values, low, width in zip(dimensions, lows, widths, strict=True):
        code = code * width + (values - low)
    order = np.argsort(code)
    code = code[order]
    opens = np.flatnonzero(np.r_[True, code[1:] != code[:-1]])
    found, left = {}, code[opens]
    for name, low, width in zip(DIMENSIONS[::-1], lows[::-1], widths[::-1], strict=True):
        found[name], left = left % width + low, left // width
    sums = _judged(c, rules)
    return found | {name: np.add.reduceat(values[order], opens, dtype=np.int64) for name, values in sums.items()}


def _judged(c: Columns, r: dict[str, int]) -> Columns:
    """Every measure of each conversation: flags, and stamps with nought where there is none."""
    base, smart = c["customer_started"], c["smart_solved"]
    human, known, replied, closed = base & ~smart, c["cust"] >= 0, c["replied"], c["closed"]
    start, age = c["start_ms"], r["horizon_ms"] - c["start_ms"]
    timed_at = c["first_human_ms"] >= start
    clock = np.where(timed_at, c["first_human_ms"] - start, 0)
    timed, late = human & timed_at, human & timed_at & (clock > r["window_ms"])
    answered = human & replied & ~late
    pending = human & ~replied & ~closed & (age < r["window_ms"])
    greeted = human & ((c["greet_ms"] != NONE) | timed_at)
    greet = np.where(c["greet_ms"] == NONE, clock, c["greet_ms"] - start)
    fcr_end = c["end_ms"] + r["fcr_ms"]
    fcr_of = human & known & (fcr_end <= r["horizon_ms"])
    repeat_of = base & known & (age >= r["repeat_ms"])
    transfer_of = base & replied & (c["transfers"] != NONE)
    resolved, first_resolved = base & (c["last_close_ms"] >= start), base & (c["first_close_ms"] >= start)
    effort = c["n_human"] > 0
    clocks = {
        "greeted": (greeted, np.where(timed_at, np.minimum(greet, clock), greet)), "resolution": (resolved, c["last_close_ms"] - start),
        "first_resolution": (first_resolved, c["first_close_ms"] - start), "handle": (effort, c["handle_ms"]),
        "first_response": (timed, clock),
    }  # fmt: skip
    found = {f"{name}_n": marks for name, (marks, _) in clocks.items()}
    found |= {f"{name}_ms": np.where(marks, values, 0) for name, (marks, values) in clocks.items()}
    return found | {
        "messages": c["n_msg"], "conversations": base, "agent_started": ~base, "bot_resolved": base & smart, "needs_human": human,
        "answered": answered, "late": late, "unanswered": human & ~replied & ~pending, "pending": pending,
        "bot_then_human": base & smart & replied, "responded": answered | (base & smart) if r["smart_counts"] else answered,
        "response_of": base & ~pending if r["smart_counts"] else human & ~pending, "human_of": human & ~pending, "clocked": timed,
        "within": timed & (clock <= r["within_ms"]), "within_of": human & ~pending & (timed | ~replied), "handled": replied,
        "fcr_of": fcr_of, "fcr_hits": fcr_of & ((c["after_ms"] == NONE) | (c["after_ms"] > fcr_end)),
        "repeat_of": repeat_of, "repeat_hits": repeat_of & (c["next_ms"] != NONE) & (c["next_ms"] <= start + r["repeat_ms"]),
        "transfer_of": transfer_of, "transferred": transfer_of & (c["transfers"] > 0),
        "could_be_rated": human & (closed | (age >= r["window_ms"])), "complaint_of": base,
    }  # fmt: skip
