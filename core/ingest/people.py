"""Who is who: senders of messages, agents' names and teams from directories, machines, canned greetings, hand-over texts."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.ingest.choices import Choices
from core.ingest.convert import convert
from core.ingest.match import Match
from core.ingest.read import RawTable
from core.ingest.stage import Book, refuse

BOT_NAME = re.compile(
    r"机器人|智能客服|智能助手|店小蜜|小蜜机器人|chat ?bot|\bbot\b|robot|virtual (agent|assistant)|answer bot",
    re.IGNORECASE,
)
OPENING = re.compile(
    r"您好|你好|hello|^hi\b|欢迎|welcome|thank you for contacting|thanks for contacting", re.IGNORECASE
)
OFFER = re.compile(
    r"(有什么|什么|有啥)(可以|能)(帮|为)|很高兴为您服务|how (can|may) i (help|assist)"
    r"|(can|may) i help you|assist you today",
    re.IGNORECASE,
)
HAND_OVER = re.compile(
    r"正在为您转接|转接人工.{0,8}请稍|为您转接人工|transferring you to|connecting you (to|with)", re.IGNORECASE
)
NOT_UNDERSTOOD = re.compile(
    r"(没有?|未能|无法|不能|不太?)(听懂|看懂|理解|明白|识别)|听不懂"
    r"|(didn't|did not|don't|do not|couldn't|could not) (quite )?(understand|get that|catch that)",
    re.IGNORECASE,
)
"""A machine that says it did not understand has answered nothing: such a text only leads on to a person."""
REPEATED = 3
ENOUGH_ANSWERS = 20
LOOKED_AT = 50_000


@dataclass(frozen=True)
class Directory:
    """What the directories among the files say, by person id."""

    names: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    greetings: frozenset[str] = frozenset()
    bots: frozenset[str] = frozenset()
    whole: WholeFile | None = None


@dataclass(frozen=True)
class WholeFile:
    """What only a whole file of messages says, for one that is read in blocks.

    Args:
        names: agent id → name, where that is one to one.
        leads, lost: texts of machines that stand there often: they hand over, or did not understand.
        instant: agents who answer too quickly for a person, who may be proposed as machines.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    leads: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    instant: frozenset[str] = frozenset()


def directory(files: Sequence[tuple[RawTable, Match]], choices: Choices) -> Directory:
    """Reads the directories (people, groups) among the matched files."""
    groups: dict[str, str] = {}
    people = [each for each in files if each[1].table.name == "people"]
    for raw, found in files:
        if found.table.name == "groups":
            groups.update(zip(_cells(raw, found, "group_id"), _cells(raw, found, "name"), strict=True))
    total = Directory()
    for raw, found in people:
        total = _joined(total, _people(raw, found, groups))
    bots = total.bots if choices.bots is None else frozenset(choices.bots)
    return replace(total, bots=bots)


def _cells(raw: RawTable, found: Match, name: str) -> list[str]:
    if name not in found.fields:
        return [""] * len(raw.rows)
    values = convert(raw.columns[found.fields[name]], "id").values.to_pylist()
    return [value or "" for value in values]


def _people(raw: RawTable, found: Match, groups: Mapping[str, str]) -> Directory:
    ids, names, group = (_cells(raw, found, name) for name in ("person_id", "name", "group_id"))
    counts = pd.Series(names).value_counts()
    shown = [
        name if name and counts[name] == 1 else f"{name} ({key})".strip() for key, name in zip(ids, names, strict=True)
    ]
    roles = [convert(pa.array([cell]), "sender").values[0].as_py() or "" for cell in _cells(raw, found, "role")]
    teams = {key: groups.get(each, each) for key, each in zip(ids, group, strict=True) if each}
    bots = {key for key, name in zip(ids, names, strict=True) if BOT_NAME.search(name)}
    greetings = {text.strip() for text in _cells(raw, found, "auto_message") if text.strip()}
    known = {key: role for key, role in zip(ids, roles, strict=True) if role}
    return Directory(dict(zip(ids, shown, strict=True)), teams, known, frozenset(greetings), frozenset(bots))


def _joined(one: Directory, other: Directory) -> Directory:
    return Directory(
        {**one.names, **other.names},
        {**one.teams, **other.teams},
        {**one.roles, **other.roles},
        one.greetings | other.greetings,
        one.bots | other.bots,
        one.whole or other.whole,
    )


# ── senders ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def authored(raw: RawTable, found: Match, who: Directory) -> Match:
    """Messages that name only their author, where a directory among the files says who is a customer and who is not."""
    lacks_sender = [need[0] for need in found.lacking] == ["sender"]
    place = found.fields.get("sender_id", found.fields.get("customer_id"))
    if found.table.name != "messages" or not lacks_sender or place is None or not who.roles:
        return found
    authors = {author for author in convert(raw.columns[place], "id").values.unique().to_pylist() if author}
    if not authors & set(who.roles):
        return found
    fields = {name: at for name, at in found.fields.items() if at != place}
    columns = tuple(
        replace(each, field="sender_id", kind="id") if at == place else each for at, each in enumerate(found.columns)
    )
    return replace(found, fields={**fields, "sender_id": place}, columns=columns, lacking=())


def hide_internal(columns: dict[str, pa.Array], book: Book) -> None:
    """Notes that the customer never sees answer nothing: they become the system's."""
    if "public" not in columns or "sender" not in columns:
        return
    marks = pc.fill_null(pc.equal(columns["public"], 0), False)
    book.note("internal_note", "note", marks.to_numpy(zero_copy_only=False))
    columns["sender"] = pc.if_else(marks, "system", columns["sender"])


def name_senders(columns: dict[str, pa.Array], raw: RawTable, found: Match, book: Book, who: Directory) -> None:
    """Fills ``sender``, ``agent_id`` and ``customer_id`` of messages from what the file has; parts are used up.

    Raises:
        InputError: a sender word that is not known and is neither the row's agent nor its customer.
    """
    person, other = columns.pop("sender_id", None), columns.pop("receiver_id", None)
    inbound = columns.pop("from_customer", None)
    if "sender" in columns:
        columns["sender"] = _resolved(columns, raw, found, book)
    elif inbound is not None:
        columns["sender"] = pc.if_else(
            pc.equal(inbound, 1), "customer", pc.if_else(pc.equal(inbound, 0), "agent", None)
        )
    elif person is not None and who.roles:
        columns["sender"] = _mapped(person, who.roles, keep=False)
    if "sender" not in columns:
        return
    if person is not None:
        _assign_people(columns, person, other)
    book.drop("sender_missing", columns["sender"].is_null().to_numpy(zero_copy_only=False))


def _resolved(columns: dict[str, pa.Array], raw: RawTable, found: Match, book: Book) -> pa.Array:
    place = found.fields["sender"]
    cells = convert(raw.columns[place], "id").values
    sender = columns["sender"]
    for name in ("agent", "customer"):
        if f"{name}_id" in columns:
            same = pc.fill_null(pc.equal(cells, columns[f"{name}_id"]), False)
            sender = pc.if_else(pc.and_(pc.is_null(sender), same), name, sender)
    unknown = pc.and_(pc.is_null(sender), pc.is_valid(cells)).to_numpy(zero_copy_only=False)
    if unknown.any():
        words = pd.Series(cells.filter(pa.array(unknown)).to_pylist()).value_counts()
        first = int(np.flatnonzero(unknown)[0])
        shown = ", ".join(f"{word} ({count})" for word, count in words.head(5).items())
        raise refuse(
            "unknown_sender", book, column=raw.headings[place], row=int(raw.rows[first]), rows=int(unknown.sum()),
            value=str(words.index[0]), facts={"values": shown, "words": [str(word) for word in words.index[:50]]},
        )  # fmt: skip
    return sender


def _assign_people(columns: dict[str, pa.Array], person: pa.Array, other: pa.Array | None) -> None:
    from_customer = pc.equal(columns["sender"], "customer")
    nobody = pa.nulls(len(person), pa.string())
    if "customer_id" not in columns:
        columns["customer_id"] = pc.if_else(from_customer, person, nobody if other is None else other)
    if "agent_id" not in columns:
        columns["agent_id"] = pc.if_else(from_customer, nobody, person)


def thread(columns: dict[str, pa.Array]) -> bool:
    """Conversations from reply links where a file has message ids and no conversation ids; True when it did so."""
    if "conversation_id" in columns or not {"message_id", "reply_to"} <= set(columns):
        return False
    ids = columns["message_id"].to_pylist()
    roots: dict[str, str] = {}

    def root(key: str) -> str:
        while roots.setdefault(key, key) != key:
            roots[key] = roots[roots[key]]
            key = roots[key]
        return key

    for message, link in zip(ids, columns["reply_to"].to_pylist(), strict=True):
        if message and link:
            roots[root(message)] = root(link)
    columns["conversation_id"] = pa.array([root(key) if key else None for key in ids], pa.string())
    return True


# ── machines, greetings, hand-overs ──────────────────────────────────────────────────────────────────────────────────


def mark_machines(columns: dict[str, pa.Array], who: Directory, choices: Choices, book: Book) -> None:
    """Messages of agents that are machines become the bot's; each machine is named in the ledger."""
    if "agent_id" not in columns or "sender" not in columns:
        return
    bots = _bots(columns, who, choices)
    if bots:
        marks = _equal_any(columns["agent_id"], bots) & _is(columns["sender"], "agent")
        columns["sender"] = pc.if_else(pa.array(marks), "bot", columns["sender"])
        _note_bots(bots, who, book, marks)
    suspects = _suspects(columns, bots, who, choices)
    if suspects:
        marks = _equal_any(columns["agent_id"], suspects)
        _note_bots(suspects, who, book, marks, "bot_suspected")
    machine = _is(columns["sender"], "bot")
    columns["agent_id"] = pc.if_else(pa.array(machine), pa.scalar(None, pa.string()), columns["agent_id"])


def _note_bots(bots: set[str], who: Directory, book: Book, marks: np.ndarray, code: str = "bot_found") -> None:
    names = sorted(who.names.get(bot, bot) for bot in bots)
    book.note(code, "note", marks, value=", ".join(names), facts={"bots": names})


def _bots(columns: dict[str, pa.Array], who: Directory, choices: Choices) -> set[str]:
    agents = [agent for agent in columns["agent_id"].unique().to_pylist() if agent]
    named = _named_bots(agents, who, choices)
    if choices.bots is None and not named and "0" in agents and not _told("0", who, choices):
        return {"0"} & (instant(columns, 5, 0.6) if who.whole is None else who.whole.instant)
    return named


def _named_bots(agents: Sequence[str], who: Directory, choices: Choices) -> set[str]:
    """The agents that are machines: by the user's word on each, else by a list, else by their names."""
    bots = set()
    for agent in agents:
        told = _told(agent, who, choices)
        listed = agent in who.bots or who.names.get(agent, agent) in who.bots
        if told == "bot" or (not told and (listed or (choices.bots is None and BOT_NAME.search(agent)))):
            bots.add(agent)
    return bots


def _told(agent: str, who: Directory, choices: Choices) -> str:
    """What the user says of an agent, by name or id; empty where nothing."""
    return choices.roles.get(who.names.get(agent, agent)) or choices.roles.get(agent, "")


def _suspects(columns: dict[str, pa.Array], bots: set[str], who: Directory, choices: Choices) -> set[str]:
    """Agents who nearly always answer within a second: nobody types that fast; the user decides."""
    if choices.bots is not None:
        return set()
    quick = instant(columns, ENOUGH_ANSWERS, 0.8) if who.whole is None else who.whole.instant
    return {agent for agent in quick - bots if not _told(agent, who, choices)}


def instant(columns: Mapping[str, pa.Array], least: int, share: float) -> set[str]:
    """Agents of whose messages so large a share follows the message before within a second; looked for in the first messages only."""
    if "sent_at" not in columns or "conversation_id" not in columns:
        return set()
    names = ("conversation_id", "sent_at", "agent_id")
    frame = pd.DataFrame({name: columns[name][:LOOKED_AT].to_numpy(zero_copy_only=False) for name in names})
    frame = frame.sort_values(["conversation_id", "sent_at"], kind="stable")
    same = frame["conversation_id"].eq(frame["conversation_id"].shift())
    turned = frame["agent_id"].ne(frame["agent_id"].shift())
    gap = frame["sent_at"].diff()[same & turned & frame["agent_id"].notna()]
    quick = (gap <= 1000).groupby(frame["agent_id"]).agg(["size", "mean"])
    return set(quick.index[(quick["size"] >= least) & (quick["mean"] >= share)])


def mark_automation(columns: dict[str, pa.Array], who: Directory, choices: Choices, book: Book) -> None:
    """Fills ``automation``: the bot's answers, agents' canned greetings; hand-over texts become the system's."""
    if "sender" not in columns:
        return
    length = len(columns["sender"])
    given = columns.get("automation", pa.nulls(length, pa.string()))
    if "event" in columns:
        columns["event"] = pc.if_else(
            pc.equal(columns["event"], "message"), pa.scalar(None, pa.string()), columns["event"]
        )
    text = columns["text"].dictionary_encode() if "text" in columns else None
    if text is not None:
        _mark_hand_over(columns, text, book, who)
    code = pc.if_else(pc.is_null(given), pa.scalar("none"), given)
    plain = code.to_numpy(zero_copy_only=False) == "none"
    bot = _is(columns["sender"], "bot") & plain
    code = pc.if_else(pa.array(bot), "assistant", code)
    if text is not None and choices.greetings:
        canned = _greetings(columns, text, who) & plain & _is(columns["sender"], "agent")
        shown = columns["text"].filter(pa.array(canned))
        book.note("canned_greeting", "note", canned, value=str(shown[0].as_py())[:60] if len(shown) else "")
        code = pc.if_else(pa.array(canned), "greeting", code)
    columns["automation"] = code


def _often(text: pa.DictionaryArray, rows: pa.Array | None = None) -> dict[int, str]:
    """The texts that stand word for word so often (in some of the rows) that nobody types them each time, by their code."""
    codes = pc.drop_null(text.indices if rows is None else text.indices.filter(rows)).to_numpy(zero_copy_only=False)
    places = np.flatnonzero(np.bincount(codes, minlength=len(text.dictionary)) >= REPEATED)
    return dict(zip(places.tolist(), text.dictionary.take(pa.array(places)).to_pylist(), strict=True))


def _of_texts(text: pa.DictionaryArray, codes: Collection[int]) -> np.ndarray:
    """The rows that hold one of these texts."""
    marks = np.zeros(len(text.dictionary), dtype=bool)
    marks[list(codes)] = True
    return _spread(marks, text)


def hands_over(cell: str) -> bool:
    """Whether a text tells a customer to wait for a person."""
    return len(cell) < 60 and bool(HAND_OVER.search(cell))


def is_lost(cell: str) -> bool:
    """Whether a text says that it did not understand."""
    return len(cell) < 120 and bool(NOT_UNDERSTOOD.search(cell))


def _mark_hand_over(columns: dict[str, pa.Array], text: pa.DictionaryArray, book: Book, who: Directory) -> None:
    if who.whole is None:
        often = _often(text)
        leads = [code for code, cell in often.items() if hands_over(cell)]
        lost = [code for code, cell in often.items() if is_lost(cell)]
    else:
        words = text.dictionary.to_pylist()
        leads = [code for code, cell in enumerate(words) if cell in who.whole.leads]
        lost = [code for code, cell in enumerate(words) if cell in who.whole.lost]
    if not (leads or lost):
        return
    marks = _of_texts(text, leads) & ~_is(columns["sender"], "customer")
    marks |= _of_texts(text, lost) & _is(columns["sender"], "bot")
    shown = columns["text"].filter(pa.array(marks))
    book.note("hand_over_text", "note", marks, value=str(shown[0].as_py())[:60] if len(shown) else "")
    columns["sender"] = pc.if_else(pa.array(marks), "system", columns["sender"])


def _greetings(columns: dict[str, pa.Array], text: pa.DictionaryArray, who: Directory) -> np.ndarray:
    """Texts that a directory gives as automatic, or an opening with an offer of help that stands word for word three times."""
    codes = [code for code, cell in _often(text, pa.array(_is(columns["sender"], "agent"))).items() if greets(cell)]
    if who.greetings:
        codes += [place for place, cell in enumerate(text.dictionary.to_pylist()) if cell.strip() in who.greetings]
    return _of_texts(text, codes)


def may_be_canned(cell: str) -> bool:
    """Whether a text is taken for a machine's where it stands often enough (`REPEATED` times in a file).

    >>> may_be_canned("您好，请问有什么可以帮您？"), may_be_canned("The parcel left on Monday.")
    (True, False)
    """
    return greets(cell) or bool(HAND_OVER.search(cell) or NOT_UNDERSTOOD.search(cell))


def greets(cell: str) -> bool:
    """Whether a text is an opening with an offer of help."""
    said = cell.strip()
    return len(said) <= 120 and bool(OPENING.search(said) and OFFER.search(said))


def name_agents(columns: dict[str, pa.Array], who: Directory) -> None:
    """Agents' ids → their names from the directory (or from a name column where it is one to one), and their team."""
    if "agent_id" not in columns:
        return
    own = columns.pop("agent_name", None)
    names = dict(who.names) or (_own_names(columns["agent_id"], own) if who.whole is None else who.whole.names)
    for name in ("agent_id", "assigned_agent", "from_agent", "to_agent"):
        if name in columns:
            if name == "agent_id" and who.teams and "team" not in columns:
                columns["team"] = _mapped(columns[name], who.teams, keep=False)
            columns[name] = _mapped(columns[name], names, keep=True)


def _own_names(ids: pa.Array, names: pa.Array | None) -> dict[str, str]:
    if names is None:
        return {}
    return one_to_one(pd.DataFrame({"id": ids.to_pylist(), "name": names.to_pylist()}).dropna().drop_duplicates())


def one_to_one(pairs: pd.DataFrame) -> dict[str, str]:
    """The distinct pairs of ids and names as a dictionary; empty unless each id has one name and each name one id."""
    unique = len(pairs) == pairs["id"].nunique() == pairs["name"].nunique()
    return dict(zip(pairs["id"], pairs["name"], strict=True)) if unique else {}


def _mapped(column: pa.Array, names: Mapping[str, str], *, keep: bool) -> pa.Array:
    if not names:
        return column
    encoded = column.dictionary_encode()
    known = [names.get(cell, cell if keep else None) for cell in encoded.dictionary.to_pylist()]
    return pa.array(known, pa.string()).take(encoded.indices)


def free_machines(columns: dict[str, pa.Array], who: Directory, choices: Choices, book: Book) -> None:
    """Conversations whose agent is a machine have no agent: they belong to nobody."""
    if "agent_id" not in columns:
        return
    agents = [agent for agent in columns["agent_id"].unique().to_pylist() if agent]
    bots = _named_bots(agents, who, choices)
    marks = _equal_any(columns["agent_id"], bots)
    _note_bots(bots, who, book, marks)
    if marks.any():
        columns["agent_id"] = pc.if_else(pa.array(marks), pa.scalar(None, pa.string()), columns["agent_id"])


def _is(column: pa.Array, word: str) -> np.ndarray:
    return np.asarray(pc.fill_null(pc.equal(column, word), False).to_numpy(zero_copy_only=False))


def _equal_any(column: pa.Array, words: set[str]) -> np.ndarray:
    listed = pc.is_in(column, value_set=pa.array(sorted(words), pa.string()))
    return np.asarray(pc.fill_null(listed, False).to_numpy(zero_copy_only=False))


def _spread(marks: np.ndarray, encoded: pa.DictionaryArray) -> np.ndarray:
    index = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return np.where(index >= 0, marks[np.maximum(index, 0)], False) if len(marks) else np.zeros(len(index), dtype=bool)
