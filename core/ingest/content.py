"""Files whose headings say nothing, understood by their cells: which table, which column is what, or the question that settles it.

A field is given only to a column that alone can be it: by its kind (`core.ingest.looks`) and by what it is to the others — who fills it,
what it determines, which stamp never comes after which. Where two readings lie near each other nothing is loaded; the file is a question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, permutations

import numpy as np
import pyarrow as pa

from core.ingest.dates import DAY
from core.ingest.looks import MOST, Look, looks, persons
from core.schema import codes, normal_word

LEAST = 8
"""Rows below which cells show no pattern."""
HOUR = DAY / 24
ORDERED = 0.97
SAME = 0.98
STAFF = 200
OFTEN = 4.0
"""Rows per name from which a name is rather one of those who answer than one of those who ask."""
_SHIFT_HOURS = (1, 16)
_LONG_TALK = 12 * HOUR
_STAGES = {
    "conversations": ("started_at", "first_human_reply_at", "closed_at"),
    "orders": ("created_at", "paid_at", "shipped_at", "completed_at"),
}


@dataclass(frozen=True)
class Option:
    """One answer to a question: a table, and a column taken for a field (place -1 where the table alone is the answer)."""

    table: str
    field: str = ""
    place: int = -1


class Question(Exception):
    """Two readings lie near each other: ``code`` says what is open, ``options`` are the readings."""

    def __init__(self, code: str, options: Iterable[Option]) -> None:
        super().__init__(code)
        self.code, self.options = code, tuple(options)


@dataclass
class Content:
    """What a file is by its cells: table, place by field, which fields a relation to other columns decided, runners-up by place."""

    looks: Mapping[int, Look]
    table: str = ""
    fields: dict[str, int] = field(default_factory=dict)
    related: set[str] = field(default_factory=set)
    others: dict[int, str] = field(default_factory=dict)
    question: Question | None = None

    def free(self, *kinds: str) -> list[Look]:
        """Columns not yet taken, of these kinds or of any."""
        taken = set(self.fields.values())
        return [
            each for place, each in self.looks.items() if place not in taken and each.kind in (kinds or (each.kind,))
        ]

    def take(self, name: str, found: Look, related: bool = False) -> None:
        """Gives a field its column; what the user gave it stays."""
        if name not in self.fields:
            self.fields[name] = found.place
            self.related |= {name} if related else set()

    def given(self, name: str) -> Look | None:
        """The column of a field that has one."""
        return self.looks.get(self.fields.get(name, -1))

    def one(self, name: str, found: Sequence[Look]) -> Look | None:
        """The only column that can be this field, none, or the question which it is."""
        known = self.given(name)
        if known is not None or not found:
            return known
        if len(found) > 1:
            raise Question("content_column", [Option(self.table, name, each.place) for each in found])
        self.take(name, found[0])
        return found[0]


def by_content(columns: Sequence[pa.Array], fixed: Mapping[str, int], banned: set[int], table: str) -> Content | None:
    """What the cells of a file say; None where they say too little.

    Args:
        columns: the first rows of every column, as text.
        fixed: place by field as the user or a heading says.
        banned: columns that are not to be used.
        table: the table where the user names it, else empty.

    Returns:
        The reading; with a ``question`` it must not be loaded.
    """
    if not columns or len(columns[0]) < LEAST:
        return None
    seen = {place: each for place, each in looks(columns).items() if place not in banned}
    for read, tables in _READERS:
        found = Content(seen, table, dict(fixed))
        try:
            if table in ("", *tables) and read(found):
                return found
        except Question as question:
            found.question = question
            return found
    return None


# ── columns to each other ────────────────────────────────────────────────────────────────────────────────────────────


def determines(one: Look, other: Look, among: np.ndarray | None = None) -> bool:
    """Whether nearly every value of one column goes with one value of the other."""
    rows = one.filled & other.filled & (True if among is None else among)
    if not rows.any():
        return False
    pairs = np.unique(np.column_stack([one.codes[rows], other.codes[rows]]), axis=0)
    _, counts = np.unique(pairs[:, 0], return_counts=True)
    return bool((counts == 1).mean() >= SAME)


def _one_to_one(one: Look, other: Look) -> bool:
    return determines(one, other) and determines(other, one)


def _before(one: Look, other: Look) -> bool:
    """Whether one stamp hardly ever comes after the other where both are known."""
    both = np.isfinite(one.values) & np.isfinite(other.values)
    return int(both.sum()) >= 3 and bool((one.values[both] <= other.values[both]).mean() >= ORDERED)


def _chain(stamps: Sequence[Look]) -> list[Look] | None:
    """The stamps in the order of time, equal ones once; None where they have none."""
    distinct: list[Look] = []
    for each in stamps:
        if not any(_before(each, other) and _before(other, each) for other in distinct):
            distinct.append(each)
    ordered = sorted(distinct, key=lambda each: -sum(_before(each, other) for other in distinct))
    return ordered if all(_before(a, b) for a, b in pairwise(ordered)) else None


def _spans(key: Look, stamp: Look) -> np.ndarray:
    """Milliseconds from the first to the last row of every value of a key."""
    rows = key.filled & np.isfinite(stamp.values)
    size = len(key.words)
    first, last = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(first, key.codes[rows], stamp.values[rows])
    np.maximum.at(last, key.codes[rows], stamp.values[rows])
    return (last - first)[np.isfinite(first)]


# ── messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _messages(found: Content) -> bool:
    """One row per message: words for both sides, and a key under which both speak."""
    given = found.given("sender")
    senders = found.free("sender") if given is None else [given]
    asked = _asked(senders[0]) if senders else None
    keys = [each for each in found.free() if _talked(each, asked)] if asked is not None else []
    keyed = [found.looks[found.fields[name]] for name in ("conversation_id", "customer_id") if name in found.fields]
    if asked is None or not (keys or keyed) or not (found.free("stamp") or found.given("sent_at") or found.free("clock")):
        return False
    found.table = "messages"
    found.one("sender", senders)
    _answering(found, asked)
    key = _thread(found, [each for each in keys if each.place not in found.fields.values()], asked)
    _sent(found, key)
    _content_of(found, key)
    return True


def _asked(sender: Look) -> np.ndarray:
    """Rows of customers."""
    customers = [codes("sender").get(normal_word(word)) == "customer" for word in sender.words]
    return np.append(customers, False)[sender.codes].astype(bool)


def _talked(key: Look, asked: np.ndarray) -> bool:
    """Whether both sides speak under most values of a column that hardly any row lacks."""
    if not (key.label or key.whole) or key.share < MOST or key.unique:
        return False
    size = len(key.words)
    rows = key.filled
    of_customers = np.bincount(key.codes[rows & asked], minlength=size) > 0
    of_others = np.bincount(key.codes[rows & ~asked], minlength=size) > 0
    return bool((of_customers & of_others).mean() >= 0.5)


def _answering(found: Content, asked: np.ndarray) -> None:
    """Who answers stands in the rows of answers only."""
    those = [
        each
        for each in found.free("id", "name")
        if each.filled[asked].mean() <= 1 - SAME and each.filled[~asked].mean() >= 0.5 and not each.unique
    ]
    _agent(found, [each for each in those if each.kind == "id" or persons(each.words) >= 0.5])


def _thread(found: Content, keys: list[Look], asked: np.ndarray) -> Look:
    """The column that holds messages together, and who asked, or answered, in the whole of a conversation."""
    given = found.given("conversation_id")
    keys = sorted(keys, key=lambda each: (-len(each.words), each.place))
    key = given or (keys.pop(0) if keys else None)
    if key is None:
        return found.looks[found.fields["customer_id"]]
    rest = [each for each in keys if determines(key, each) and (each.kind == "id" or persons(each.words) > 0)]
    if not given and not rest and "customer_id" not in found.fields:
        found.take(_held_together(found, key), key, related=True)
        return key
    found.take("conversation_id", key, related=True)
    _sides(found, key, rest)
    authors = [each for each in found.free("id", "name") if each.share >= 0.9 and not each.unique and _speaks(key, each, asked)]
    if len(authors) == 1:
        found.take("sender_id", authors[0], related=True)
    return key


def _speaks(key: Look, author: Look, asked: np.ndarray) -> bool:
    """Whether a column names the speaker: one name for each side of a conversation."""
    return determines(key, author, asked) and not determines(key, author)


def _held_together(found: Content, key: Look) -> str:
    """A single key is a conversation where all its messages lie within hours, a customer where many lie days apart."""
    stamps = found.free("stamp") or [each for name in ("sent_at",) if (each := found.given(name)) is not None]
    if not stamps:
        return "conversation_id"
    late = float((_spans(key, stamps[0]) > _LONG_TALK).mean())
    if late <= 0.01:
        return "conversation_id"
    if late >= 0.2:
        return "customer_id"
    raise Question("content_field", [Option("messages", name, key.place) for name in ("conversation_id", "customer_id")])


def _sides(found: Content, key: Look, rest: list[Look]) -> None:
    """Of the columns a conversation determines: who asked, and who is assigned where no answer names anybody."""
    if "customer_id" in found.fields and "agent_id" in found.fields:
        return
    if "agent_id" in found.fields or "customer_id" in found.fields:
        name = "customer_id" if "agent_id" in found.fields else "agent_id"
        if rest:
            found.take(name, rest[0] if name == "customer_id" else rest[-1], related=True)
        return
    few = [each for each in rest if len(key.words) >= 5 * len(each.words) and persons(each.words) >= 0.8]
    many = [each for each in rest if len(key.words) <= 2 * len(each.words)]
    if len(few) == 1 and len(many) + len(few) == len(rest):
        found.take("agent_id", few[0], related=True)
    elif len(many) < len(rest):
        open_ones = [each for each in rest if each not in many]
        raise Question(
            "content_field", [Option("messages", name, open_ones[0].place) for name in ("customer_id", "agent_id")]
        )
    if many:
        found.take("customer_id", many[0], related=True)


def _sent(found: Content, key: Look) -> None:
    """The stamp that moves within a conversation; those that stand still are its start and its end."""
    stamps = found.free("stamp")
    if not stamps and found.free("date") and found.free("clock"):
        found.one("sent_date", found.free("date"))
        found.one("sent_time", found.free("clock"))
        return
    moving = [each for each in stamps if not determines(key, each)] if len(stamps) > 1 else stamps
    sent = found.one("sent_at", moving or stamps)
    still = [each for each in found.free("stamp") if sent is not None and determines(key, each)]
    for each in still:
        if sent is not None and _before(each, sent):
            found.take("started_at", each, related=True)
        elif sent is not None and _before(sent, each):
            found.take("closed_at", each, related=True)


def _content_of(found: Content, key: Look) -> None:
    """Ids, texts and ratings of messages."""
    ids = [each for each in found.free("id") if each.unique]
    if ids:
        found.take("message_id", ids[0])
    _text(found)
    ratings = [each for each in found.free("rating") if determines(key, each)]
    found.one("csat", ratings)
    found.one("channel", found.free("channel"))


def _text(found: Content) -> None:
    texts = found.free("text")
    if texts:
        found.take("text", max(texts, key=lambda each: sum(map(len, each.words)) / len(each.words)))


# ── who answers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _agent(found: Content, those: Sequence[Look]) -> None:
    """The agent of these candidates: one of them, an id beside its name, or the question which."""
    if "agent_id" in found.fields or not those:
        return
    if len(those) == 2 and _one_to_one(*those):
        first, second = sorted(those, key=lambda each: (each.kind != "id", each.place))
        found.take("agent_id", first, related=True)
        found.take("agent_name", second, related=True)
        return
    found.one("agent_id", those)


def _staff(found: Content) -> list[Look]:
    """Columns whose few names come often."""
    return [
        each
        for each in found.free("id", "name")
        if 2 <= len(each.words) <= STAFF and each.repeats >= OFTEN and each.share >= 0.5
    ]


def _answerer(found: Content) -> bool:
    """Gives the agent his column where the names read like people; codes and other words are asked about."""
    if "agent_id" in found.fields:
        return True
    staff = _staff(found)
    people = [each for each in staff if persons(each.words) >= 0.8]
    numbers = [each for each in staff if each.kind == "id" and each not in people]
    if len(people) == 1:
        named = [each for each in numbers if _one_to_one(each, people[0])]
        _agent(found, [*named[:1], people[0]])
        found.others.update({each.place: "agent_id" for each in numbers if each not in named})
    elif people:
        _agent(found, people)
    elif numbers:
        raise Question("content_column", [Option(found.table, "agent_id", each.place) for each in numbers])
    return "agent_id" in found.fields


# ── shifts and days ──────────────────────────────────────────────────────────────────────────────────────────────────


def _roster(found: Content) -> bool:
    """Names with both ends of a shift: hours apart, on round minutes, and nothing that names a single conversation."""
    if found.table != "roster" and (_identity(found) or found.free("text", "sender", "rating", "money", "duration")):
        return False
    ends, days, clocks = _chain(found.free("stamp")), found.free("date"), found.free("clock")
    if ends and len(ends) == 2 and _shift(*ends):
        names = ("start_at", "end_at")
    elif len(clocks) == 2 and len(days) == 1 and not ends:
        ends, names = clocks, ("start_clock", "end_clock")
    else:
        return False
    found.table = "roster"
    if not _answerer(found):
        return False
    for name, each in zip(names, ends, strict=True):
        found.take(name, each, related=True)
    if names[0] == "start_clock":
        found.take("start_date", days[0])
    return True


def _shift(start: Look, end: Look) -> bool:
    both = np.isfinite(start.values) & np.isfinite(end.values)
    hours = (end.values[both] - start.values[both]) / HOUR
    round_minutes = start.values[both] % 300_000 == 0
    low, high = _SHIFT_HOURS
    return both.any() and bool(((hours >= low) & (hours <= high)).mean() >= MOST and round_minutes.mean() >= 0.9)


def _identity(found: Content) -> list[Look]:
    """Columns that name every row apart."""
    return [each for each in found.free("id", "name") if each.unique]


def _agent_days(found: Content) -> bool:
    """One row per name and day with counts: which of them counts the conversations is the user's to say."""
    counts, days = [each for each in found.free("number", "rating") if _counts(each)], found.free("date")
    if _identity(found) or len(days) != 1 or found.free("stamp", "text", "sender", "clock"):
        return False
    if found.table != "agent_days" and not counts:
        return False
    found.table = "agent_days"
    if not _answerer(found):
        return False
    agent = found.looks[found.fields["agent_id"]]
    pairs = agent.codes.astype(np.int64) * (len(days[0].words) + 1) + days[0].codes
    if len(np.unique(pairs)) < SAME * len(pairs):
        return False
    found.take("date", days[0])
    if "conversations" not in found.fields:
        raise Question("content_column", [Option("agent_days", "conversations", each.place) for each in counts])
    return True


def _counts(each: Look) -> bool:
    known = each.values[np.isfinite(each.values)]
    return len(known) > 0 and bool((known == np.round(known)).all() and (known >= 0).all())


# ── conversations and orders ─────────────────────────────────────────────────────────────────────────────────────────


def _things(found: Content) -> bool:
    """One row per conversation or per order; which of them is asked where the cells leave it open."""
    stamps = found.free("stamp") or found.free("date")
    given = {"started_at", "created_at"} & set(found.fields)
    if not (_identity(found) or {"conversation_id", "order_id"} & set(found.fields)) or not (stamps or given):
        return False
    if not found.table:
        table = _grain(found, stamps)
        if not table:
            return False
        found.table = table
    (_conversations if found.table == "conversations" else _orders)(found, stamps)
    return True


def _grain(found: Content, stamps: list[Look]) -> str:
    """The table that the cells speak for; empty where they speak for none."""
    chain = _chain(stamps) or []
    people = [each for each in _staff(found) if persons(each.words) >= 0.8 or each.kind == "id"]
    waits = [each for each in found.free("number", "duration", "money") if _is_wait(each, chain)]
    paid = [each for each in found.free("money") if each not in waits]
    gap = _gap(chain[0], chain[-1]) if len(chain) > 1 else np.nan
    talk = 2 * bool(found.free("rating")) + 2 * bool(waits) + bool(found.free("text")) + bool(found.free("duration"))
    talk += bool(found.free("solved")) + bool(people and len(chain) >= 3) + bool(gap < 12 * HOUR)
    sale = 2 * bool(paid) + 2 * bool(found.free("state")) + bool(gap > 12 * HOUR)
    if people and talk >= 2 and talk >= sale + 2:
        return "conversations"
    if sale >= 2 and (sale >= talk + 2 or not people):
        return "orders"
    if people:
        raise Question("content_table", [Option("conversations"), Option("orders")])
    return ""


def _gap(start: Look, end: Look) -> float:
    both = np.isfinite(start.values) & np.isfinite(end.values)
    return float(np.median(end.values[both] - start.values[both])) if both.any() else float("nan")


def _is_wait(each: Look, chain: Sequence[Look]) -> bool:
    """Whether figures are the time between two of the stamps."""
    return any(_elapsed(each, a, b) for a, b in permutations(chain, 2))


def _elapsed(each: Look, start: Look, end: Look) -> bool:
    seconds = (end.values - start.values) / 1000
    good = np.isfinite(seconds) & np.isfinite(each.values) & (seconds > 0)
    if good.sum() < LEAST or not (seconds[good] != np.median(seconds[good])).any():
        return False
    ratio = seconds[good] / np.where(each.values[good] == 0, np.nan, each.values[good])
    return any(np.mean(np.abs(ratio / unit - 1) < 0.1) >= 0.8 for unit in (1.0, 60.0, 0.001))


def _conversations(found: Content, stamps: list[Look]) -> None:
    _stages(found, stamps)
    found.one("csat", found.free("rating"))
    if not _answerer(found):
        raise Question("content_column", [Option(found.table, "agent_id", each.place) for each in found.free("name", "id")])
    _durations(found)
    _key(found, "conversation_id")
    _customer(found)
    _text(found)
    found.one("resolved", found.free("solved"))
    found.one("channel", found.free("channel"))


def _orders(found: Content, stamps: list[Look]) -> None:
    _stages(found, stamps)
    _key(found, "order_id")
    _customer(found)
    if persons_of := [each for each in _staff(found) if persons(each.words) >= 0.8]:
        _agent(found, persons_of)
    _money(found)
    if states := found.free("state"):
        found.take("status", states[0])


def _stages(found: Content, stamps: list[Look]) -> None:
    """What comes first, next and last of the stamps of a thing."""
    names = _STAGES[found.table]
    chain = _chain(stamps)
    if chain is None or (chain and chain[0].share < MOST and names[0] not in found.fields):
        found.one(names[0], stamps)
        chain = _chain([each for each in stamps if each.place not in found.fields.values()]) or []
    elif chain:
        found.take(names[0], chain[0], related=len(chain) > 1)
        chain = [each for each in chain[1:] if each.place not in found.fields.values()]
    if found.table == "orders":
        _order_stages(found, chain)
    elif chain:
        _talk_stages(found, chain)


def _talk_stages(found: Content, chain: list[Look]) -> None:
    """Reply and end after the start; a last stamp that goes with the ratings is theirs."""
    ratings = found.free("rating")
    if len(chain) > 2 and ratings and (chain[-1].filled == ratings[0].filled).mean() >= SAME and ratings[0].share < MOST:
        found.take("csat_at", chain.pop(), related=True)
    open_ones = [name for name in _STAGES["conversations"][1:] if name not in found.fields]
    if len(chain) == 2 and len(open_ones) == 2:
        for name, each in zip(open_ones, chain, strict=True):
            found.take(name, each, related=True)
    elif len(chain) == 1 and len(open_ones) == 2:
        raise Question("content_field", [Option("conversations", name, chain[0].place) for name in open_ones])
    elif len(chain) > 2 and "first_human_reply_at" in open_ones:
        found.take("closed_at", chain[-1], related=True)
        raise Question("content_column", [Option("conversations", "first_human_reply_at", e.place) for e in chain[:-1]])
    elif chain and open_ones:
        found.take(open_ones[-1], chain[-1], related=True)


def _order_stages(found: Content, chain: list[Look]) -> None:
    """Payment follows an order within hours; of later stamps only a full row of four says which is which."""
    if len(chain) == 3:
        for name, each in zip(_STAGES["orders"][1:], chain, strict=True):
            found.take(name, each, related=True)
    elif chain and _gap(found.looks[found.fields["created_at"]], chain[0]) <= 2 * HOUR:
        found.take("paid_at", chain[0], related=True)
    for each in chain:
        if each.place not in found.fields.values():
            found.others[each.place] = "shipped_at"


def _durations(found: Content) -> None:
    """A wait that is the time between start and reply, or the shorter of two durations beside a single stamp."""
    start, reply = found.given("started_at"), found.given("first_human_reply_at")
    if start is not None and reply is not None:
        waits = [each for each in found.free("duration", "number", "money") if _elapsed(each, start, reply)]
        if waits:
            found.take("wait_s", waits[0], related=True)
    spent = found.free("duration")
    if reply is None and "closed_at" not in found.fields and len(spent) == 2:
        ordered = _chain(spent)
        for name, each in zip(("wait_s", "handle_s"), ordered or (), strict=False):
            found.take(name, each, related=True)
    found.others.update({each.place: "handle_s" for each in found.free("duration")})


def _key(found: Content, name: str) -> None:
    """The column that tells rows apart; beside another such, an id goes before a name."""
    unique = sorted(_identity(found), key=lambda each: (each.kind != "id", each.place))
    ids = [each for each in unique if each.kind == "id"]
    if name == "order_id" and len(ids) > 1:
        found.one(name, ids)
    elif unique:
        found.take(name, unique[0])


def _customer(found: Content) -> None:
    """Many names that come back now and then."""
    many = [
        each
        for each in found.free("id", "name")
        if each.repeats < OFTEN and each.share >= 0.5 and (each.kind == "id" or persons(each.words) > 0)
    ]
    back = [each for each in many if not each.unique] or many
    if len(back) == 1:
        found.take("customer_id", back[0])
    else:
        found.others.update({each.place: "customer_id" for each in back})


def _money(found: Content) -> None:
    """What was paid, and beside it what was paid back: never more, and mostly nothing."""
    sums = found.free("money")
    if len(sums) == 2:
        small, large = sorted(sums, key=lambda each: float(np.nansum(each.values)))
        returned = np.nan_to_num(small.values)
        if (returned <= np.nan_to_num(large.values)).all() and (returned == 0).mean() > 0.5:
            found.take("amount", large, related=True)
            found.take("refunded_amount", small, related=True)
            return
    found.one("amount", sums)


_READERS: tuple[tuple[Callable[[Content], bool], tuple[str, ...]], ...] = (
    (_messages, ("messages",)),
    (_roster, ("roster",)),
    (_agent_days, ("agent_days",)),
    (_things, ("conversations", "orders")),
)
