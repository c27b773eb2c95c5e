"""The peer: facts and cube of a message log in vectorised pandas and NumPy, as one would write them without the engine.

Ids are codes, the log is sorted once, every step is a mask, a groupby or a take: no ``apply``, no loop over rows. Columns are as narrow
as they can be and intermediates go out of scope with the function that made them. Missing codes are −1, missing stamps NaN.
``benchmarks.facts`` compares every cell with the engine's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

GAP_MS, SLOT_MS, DAY_MS = 300_000, 300_000, 86_400_000
CODES = {"customer_id": np.int32, "agent_id": np.int16, "channel": np.int8, "language": np.int8}
DIMENSIONS = ("agent", "local_day", "local_hour", "channel", "language")

Frames = dict[str, pd.DataFrame]


def facts(path: Path, offset_ms: int) -> Frames:
    """``conversations``, ``turns`` and ``activity`` of a log whose zone has one offset."""
    messages = _sorted(path)
    segments = int(messages["segment"].iloc[-1]) + 1
    asks = messages[messages["is_cust"]].drop_duplicates("segment")[["conv", "segment", "h", "sent"]]
    humans = messages.loc[messages["is_human"], ["conv", "segment", "agent", "sent"]]
    said = _said(messages)
    del messages
    spoken = _spoken(humans, asks, segments)
    agents = spoken[spoken["agent"] >= 0].groupby(["conv", "agent"], sort=False)["segment"].agg(["size", "min", "max"])
    agents = agents.reset_index()
    turns = _turns(asks, humans, segments)
    del asks, humans
    joined = said.join(_effort(spoken, agents, said)).join(_owners(agents))
    activity = spoken[["agent"]].assign(slot_no=(spoken["sent"] + offset_ms) // SLOT_MS)[spoken["agent"] >= 0]
    return {
        "conversations": _conversations(joined, offset_ms),
        "turns": turns,
        "activity": activity.drop_duplicates(ignore_index=True),
    }


def _sorted(path: Path) -> pd.DataFrame:
    """Messages by conversation, stamp and row, with their flags, their place and the number of human messages so far."""
    table = pq.read_table(path)
    conv, sent = (table.column(name).to_numpy() for name in ("conversation_id", "sent_at"))
    order = np.lexsort((table.column("seq").to_numpy(), sent, conv))
    frame = pd.DataFrame({"conv": conv[order].astype(np.int32), "sent": sent[order]})
    del conv, sent
    for name, kind in CODES.items():
        column = table.column(name).fill_null(-1).to_numpy().astype(kind)
        frame[name.removesuffix("_id")] = column[order]
    words = {name: table.column(name).combine_chunks() for name in ("sender", "automation", "event")}
    del table
    sender, automation, event = (
        _Words(column.dictionary.to_pylist(), column.indices.to_numpy()[order]) for column in words.values()
    )
    said, plain = event.are(""), automation.are("none")
    frame["is_cust"] = said & sender.are("customer")
    frame["is_human"] = said & sender.are("agent") & plain
    frame["is_greet"] = said & sender.are("agent") & automation.are("greeting")
    answers = automation.are("faq", "assistant") | (sender.are("bot") & ~automation.are("greeting", "off_hours"))
    frame["is_smart"] = said & ~sender.are("customer") & answers
    frame["is_msg"] = said & ~sender.are("system")
    frame["is_close"], frame["is_reopen"], frame["is_assign"] = (event.are(e) for e in ("close", "reopen", "assign"))
    return _placed(frame)


class _Words:
    """A coded text column."""

    def __init__(self, known: list[str], codes: NDArray[np.int32]) -> None:
        self.known, self.codes = known, codes.astype(np.int8)

    def are(self, *words: str) -> NDArray[np.bool_]:
        """Where one of some words stands."""
        wanted = [self.known.index(word) for word in words if word in self.known]
        return np.isin(self.codes, np.array(wanted, dtype=np.int8)) if wanted else np.zeros(len(self.codes), dtype=bool)


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    """Row number and human messages so far within the conversation; a segment begins with each conversation and human message."""
    conv, human = frame["conv"].to_numpy(), frame["is_human"].to_numpy()
    opens = np.r_[True, conv[1:] != conv[:-1]]
    first = np.flatnonzero(opens)
    size = np.diff(np.r_[first, len(conv)])
    frame["rn"] = (np.arange(len(conv)) - np.repeat(first, size)).astype(np.int32)
    total = np.cumsum(human, dtype=np.int32)
    frame["h"] = total - np.repeat(total[first] - human[first], size).astype(np.int32)
    # A conversation that begins with a human message has an empty segment 0, as everywhere else nobody asked yet.
    frame["segment"] = np.cumsum(opens.astype(np.int8) + human, dtype=np.int32) - 1
    return frame


def _first(messages: pd.DataFrame, mask: pd.Series, keep: str = "first") -> pd.Series:
    """Stamp of each conversation's first (or last) message of a kind; messages are sorted."""
    return messages.loc[mask, ["conv", "sent"]].drop_duplicates("conv", keep=keep).set_index("conv")["sent"]


def _said(m: pd.DataFrame) -> pd.DataFrame:
    """One row per conversation: ends, counts and places of each kind of message."""
    whole = m.groupby("conv", sort=False)
    said = whole[["customer", "channel", "language"]].max().rename(columns={"language": "any_language"})
    kinds = whole[["is_cust", "is_human", "is_smart", "is_msg", "is_close"]].sum()
    said = said.join(kinds.rename(columns=lambda name: name.replace("is_", "n_")))
    asks, opening = m["is_cust"], m["is_cust"] & (m["h"] == 0)
    opened = m.loc[opening].groupby("conv", sort=False)
    said["first_language"] = opened["language"].max()
    said["ask_language"] = m.loc[asks].groupby("conv", sort=False)["language"].max()
    said["open_cust_rn"], said["n_open_cust"] = opened["rn"].max(), opened.size()
    smart = m["is_smart"] & (m["h"] == 0)
    said["open_smart_rn"] = m.loc[smart].groupby("conv", sort=False)["rn"].max()
    said["opening_ms"] = _first(m, opening)
    for name, kind in (("human", "is_human"), ("close", "is_close")):
        said[f"first_{name}_ms"], said[f"last_{name}_ms"] = _first(m, m[kind]), _first(m, m[kind], "last")
    said["first_ms"], said["last_ms"] = _first(m, m["is_msg"]), _first(m, m["is_msg"], "last")
    said["first_smart_ms"], said["greet_ms"] = _first(m, m["is_smart"]), _after_ask(m, m["is_greet"])
    said["second_human_ms"] = _first(m, m["is_human"] & (m["h"] == 2))
    replies = (m["is_msg"] | m["is_smart"]) & ~m["is_cust"]
    said["any_reply_ms"] = _after_ask(m, replies)
    said["handed_ms"] = _after_ask(m, replies & ~m["is_human"] & ~m["is_greet"] & (m["h"] == 0), "last")
    said["reopen_ms"] = _first(m, m["is_reopen"], "last")
    said["early_reopen_ms"] = _first(m, m["is_reopen"] & (m["h"] == 0), "last")
    assigned = m.loc[m["is_assign"] & (m["agent"] >= 0), ["conv", "agent"]].drop_duplicates("conv", keep="last")
    said["assigned"] = assigned.set_index("conv")["agent"]
    return said


def _after_ask(m: pd.DataFrame, mask: pd.Series, keep: str = "first") -> pd.Series:
    """Stamp of each conversation's first (or last) message of a kind that stands after an ask."""
    asked = m.loc[m["is_cust"], ["conv", "rn"]].drop_duplicates("conv").set_index("conv")["rn"]
    found = m.loc[mask, ["conv", "rn", "sent"]]
    after = found["rn"].to_numpy() > asked.reindex(found["conv"]).to_numpy()
    return found[after].drop_duplicates("conv", keep=keep).set_index("conv")["sent"]


def _at(segments: int, rows: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """A column laid out by segment; NaN where the segment has no such row."""
    laid = np.full(segments + 1, np.nan)
    laid[rows["segment"].to_numpy()] = rows[column].to_numpy()
    return laid


def _turns(asks: pd.DataFrame, humans: pd.DataFrame, segments: int) -> pd.DataFrame:
    """One row per ask: the next segment of the same conversation begins with its answer."""
    following = asks["segment"].to_numpy() + 1
    same = _at(segments, humans, "conv")[following] == asks["conv"].to_numpy()
    answer = np.where(same, _at(segments, humans, "sent")[following], np.nan)
    agent = np.where(same, _at(segments, humans, "agent")[following], -1)
    columns = {"conv": asks["conv"], "turn_no": asks["h"], "ask_ms": asks["sent"]}
    return pd.DataFrame(columns | {"answer_ms": answer, "agent": agent.astype(np.int16)}).reset_index(drop=True)


def _spoken(humans: pd.DataFrame, asks: pd.DataFrame, segments: int) -> pd.DataFrame:
    """Human messages with the gap to the later of the agent's last message in the conversation and the ask it answers."""
    before = humans["segment"].to_numpy() - 1
    same = _at(segments, asks, "conv")[before] == humans["conv"].to_numpy()
    ask = np.where(same, _at(segments, asks, "sent")[before], np.nan)
    key = humans["conv"].to_numpy().astype(np.int64) * (1 << 16) + humans["agent"].to_numpy()
    own = humans["sent"].groupby(key, sort=False).shift().to_numpy()
    gap = np.nan_to_num(humans["sent"].to_numpy() - np.fmax(own, ask)).clip(max=GAP_MS)
    return humans[["conv", "segment", "agent", "sent"]].assign(gap_ms=gap.astype(np.int32))


def _effort(spoken: pd.DataFrame, agents: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """Gaps divided by the agent's conversations open at that moment: starts before, ends after messages of the same instant."""
    spans = said[["first_ms", "last_ms"]].reindex(agents["conv"])
    who = np.concatenate([agents["agent"], spoken["agent"], agents["agent"]])
    when = np.concatenate([spans["first_ms"].to_numpy(), spoken["sent"].to_numpy(), spans["last_ms"].to_numpy()])
    step = np.repeat(np.array([0, 1, 2], dtype=np.int8), [len(agents), len(spoken), len(agents)])
    order = np.lexsort((step, when, who))
    step = step[order]
    running = pd.Series(1 - step).groupby(who[order], sort=False).cumsum().to_numpy()
    rows = spoken.iloc[order[step == 1] - len(agents)]
    open_now = np.maximum(running[step == 1], 1)
    parts = np.floor(rows["gap_ms"].to_numpy() * 1_000_000.0 / open_now + 0.5).astype(np.int64)
    shares = pd.DataFrame({"conv": rows["conv"].to_numpy(), "handle_ms": parts, "open_sum": open_now})
    summed = shares.groupby("conv", sort=False).sum()
    summed["handle_ms"] = (summed["handle_ms"] + 500_000) // 1_000_000
    return summed


def _owners(agents: pd.DataFrame) -> pd.DataFrame:
    """Owner by most, by first and by last human message."""
    found = {}
    orders = {"most": (["size", "min"], [False, True]), "first": (["min"], [True]), "last": (["max"], [False])}
    for name, (columns, ascending) in orders.items():
        ranked = agents.sort_values(["conv", *columns], ascending=[True, *ascending])
        found[f"owner_{name}"] = ranked.drop_duplicates("conv").set_index("conv")["agent"]
    return pd.DataFrame(found).assign(n_agents=agents.groupby("conv", sort=False).size())


def _conversations(s: pd.DataFrame, offset_ms: int) -> pd.DataFrame:
    """One row per conversation with every clock."""
    s = s[s["opening_ms"].notna() | s["first_ms"].notna()]
    for name in ("first_language", "ask_language"):
        s[name] = s[name].fillna(-1)
    language = s["first_language"].where(s["first_language"] >= 0, s["ask_language"])
    names = ["channel", "assigned", "owner_most", "owner_first", "owner_last"]
    c = s[names].fillna(-1).astype(np.int16).assign(cust=s["customer"])
    c["language"] = language.where(language >= 0, s["any_language"]).astype(np.int8)
    c["start_ms"] = s["opening_ms"].fillna(s["first_ms"]).astype(np.int64)
    c["customer_started"] = ((s["n_msg"] == 0) | s["opening_ms"].notna()).astype(np.int8)
    stamps = ["first_human_ms", "last_human_ms", "first_smart_ms", "first_close_ms", "last_close_ms", "reopen_ms"]
    stamps += ["any_reply_ms", "second_human_ms", "handed_ms", "early_reopen_ms"]
    c[stamps] = s[stamps]
    c["greet_ms"] = s["greet_ms"].where(s["greet_ms"] >= s["opening_ms"])
    c["replied"] = (s["n_human"] > 0).astype(np.int8)
    bot_last = (s["open_smart_rn"] > s["open_cust_rn"]) & (s["n_cust"] == s["n_open_cust"].fillna(0))
    c["smart_solved"] = (bot_last & s["opening_ms"].notna()).astype(np.int8)
    counts = ["n_msg", "n_cust", "n_human", "n_smart", "n_close"]
    c[counts] = s[counts].astype(np.int32)
    c["n_agents"] = s["n_agents"].fillna(0).astype(np.int32)
    c["n_said"] = s["n_human"].where(s["n_human"] > 0)
    c[["first_ms", "last_ms", "handle_ms", "open_sum"]] = s[["first_ms", "last_ms", "handle_ms", "open_sum"]]
    c["last_ms"] = c["last_ms"].fillna(c["start_ms"])
    c["end_ms"] = c["last_close_ms"].fillna(c["last_ms"])
    c["closed"] = (c["last_close_ms"].notna() & ~(c["reopen_ms"] > c["last_close_ms"])).astype(np.int8)
    c["transfers"] = np.where(c["n_agents"] > 1, c["n_agents"] - 1, np.where(s["n_human"] > 0, 0, np.nan))
    local = c["start_ms"] + offset_ms
    c["local_day"] = (local // DAY_MS).astype(np.int32)
    c["local_minute"] = (local % DAY_MS // 60_000).astype(np.int32)
    return _contacts(c.drop(columns="reopen_ms").reset_index())


def _contacts(c: pd.DataFrame) -> pd.DataFrame:
    """The customer's next conversation, and the first one strictly after this one's end. The log names no issue: both kinds agree."""
    rows = np.flatnonzero((c["cust"] >= 0) & (c["customer_started"] == 1))
    cust, start, conv = (c[name].to_numpy()[rows] for name in ("cust", "start_ms", "conv"))
    order = np.lexsort((conv, start, cust))
    rows, cust, start = rows[order], cust[order].astype(np.int64), start[order]
    found = np.full((2, len(c)), np.nan)
    same = cust[1:] == cust[:-1]
    found[0, rows[:-1][same]] = start[1:][same]
    begun, span = int(start.min()), int(c["end_ms"].max() - start.min()) + 1
    ends = c["end_ms"].to_numpy()[rows].astype(np.int64)
    at = np.searchsorted(cust * span + start - begun, cust * span + ends - begun, side="right")
    inside = at < len(rows)
    at = np.where(inside, at, 0)
    inside &= cust[at] == cust
    found[1, rows[inside]] = start[at[inside]]
    return c.assign(next_ms=found[0], next_issue_ms=found[0], after_ms=found[1])


def cube(c: pd.DataFrame, rules: dict[str, int]) -> pd.DataFrame:
    """Sums per agent × local day × hour × channel × language under a rule set that judges repeats (no_repeat, auto owner)."""
    sums = _judged(c, rules)
    agent = np.where(c["assigned"] >= 0, c["assigned"], c["owner_most"])
    keys = dict(
        zip(DIMENSIONS, (agent, c["local_day"], c["local_minute"] // 60, c["channel"], c["language"]), strict=True)
    )
    code = np.zeros(len(c), dtype=np.int64)
    for values in keys.values():
        low, high = int(values.min()), int(values.max())
        code = code * (high - low + 1) + (np.asarray(values, dtype=np.int64) - low)
    summed = sums.groupby(code, sort=False).sum()
    first = np.sort(np.unique(code, return_index=True)[1])
    for name, values in keys.items():
        summed[name] = np.asarray(values)[first]
    return summed.reset_index(drop=True)


def _judged(c: pd.DataFrame, r: dict[str, int]) -> pd.DataFrame:
    """Every measure column of each conversation: flags and stamps as whole numbers, ready to be summed."""
    base = (c["customer_started"] == 1).to_numpy()
    smart = base & (c["smart_solved"] == 1).to_numpy()
    human, replied, closed = base & ~smart, (c["replied"] == 1).to_numpy(), (c["closed"] == 1).to_numpy()
    start, last_close, cust = (c[name].to_numpy() for name in ("start_ms", "last_close_ms", "cust"))
    clock = (c["first_human_ms"] - start).to_numpy()
    clock = np.where(clock >= 0, clock, np.nan)
    age, timed = r["horizon_ms"] - start, human & ~np.isnan(clock)
    answered = human & replied & ~(clock > r["window_ms"])
    late = human & (clock > r["window_ms"])
    pending = human & ~replied & ~closed & (age < r["window_ms"])
    greeted = np.where(human, np.fmin((c["greet_ms"] - start).to_numpy(), clock), np.nan)
    resolution = np.where(base, (last_close - start), np.nan)
    first_resolution = np.where(base, (c["first_close_ms"] - start).to_numpy(), np.nan)
    resolution, first_resolution = (np.where(x >= 0, x, np.nan) for x in (resolution, first_resolution))
    effort = np.where(c["n_human"] > 0, c["handle_ms"], np.nan)
    fcr_end = (c["end_ms"] + r["fcr_ms"]).to_numpy()
    fcr_of = human & (cust >= 0) & (fcr_end <= r["horizon_ms"])
    repeat_of = base & (cust >= 0) & (age >= r["repeat_ms"])
    transfer_of = base & replied & c["transfers"].notna().to_numpy()
    askable = base & ~smart & (closed | (age >= r["window_ms"]))
    flags = {
        "conversations": base, "agent_started": ~base, "bot_resolved": smart, "needs_human": human, "answered": answered, "late": late,
        "unanswered": human & ~replied & ~pending, "pending": pending, "bot_then_human": smart & replied,
        "responded": answered | smart if r["smart_counts"] else answered,
        "response_of": base & ~pending if r["smart_counts"] else base & ~pending & ~smart,
        "human_of": human & ~pending, "first_response_n": timed, "clocked": timed, "within": human & (clock <= r["within_ms"]),
        "within_of": human & ~pending & (timed | ~replied), "handled": replied,
        "fcr_of": fcr_of, "fcr_hits": fcr_of & ~(c["after_ms"].to_numpy() <= fcr_end),
        "repeat_of": repeat_of, "repeat_hits": repeat_of & (c["next_ms"].to_numpy() <= start + r["repeat_ms"]),
        "transfer_of": transfer_of, "transferred": transfer_of & (c["transfers"].to_numpy() > 0),
        "could_be_rated": askable, "complaint_of": base,
    }  # fmt: skip
    stamps = {"greeted": greeted, "resolution": resolution, "first_resolution": first_resolution, "handle": effort}
    found = {name: values.astype(np.int64) for name, values in flags.items()}
    found["messages"] = c["n_msg"].to_numpy(dtype=np.int64)
    found["first_response_ms"] = np.where(timed, clock, 0).astype(np.int64)
    for name, values in stamps.items():
        found[f"{name}_n"] = (~np.isnan(values)).astype(np.int64)
        found[f"{name}_ms"] = np.nan_to_num(values).astype(np.int64)
    return pd.DataFrame(found)
