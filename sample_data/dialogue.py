"""The messages of every reception: built column-wise, part by part, then put in order of time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sample_data.receptions import DAY
from sample_data.story import CATEGORIES, Story

TURN_GAP, TURN_REPLY = 200.0, 32.0
IDLE_CLOSE = 560.0
WAIT_HOURS = 5.0


@dataclass
class Parts:
    """Message parts that are still to be put in order; every part is one column block for some conversations."""

    blocks: list[pd.DataFrame] = field(default_factory=list)

    def add(self, rows: np.ndarray, at: np.ndarray, sender: str, says: str = "", **more: object) -> None:
        """Add one message to each conversation in `rows` at second `at` (same length)."""
        coded = {"automation": "none", "event": "", "content_type": "text", "agent": -1} | more
        columns = {"row": rows, "at": at.astype(np.int64), "sender": sender, "says": says, **coded}
        self.blocks.append(pd.DataFrame(columns))

    def ordered(self) -> pd.DataFrame:
        """All messages by conversation, then time; ties keep the order in which the parts were added."""
        frame = pd.concat(self.blocks, ignore_index=True)
        order = np.lexsort((np.arange(len(frame)), frame["at"], frame["row"]))
        return frame.iloc[order].reset_index(drop=True)


def _gap(rng: np.random.Generator, median: float, sigma: float, size: int) -> np.ndarray:
    return np.rint(median * np.exp(sigma * rng.standard_normal(size))).astype(np.int64) + 2


def dialogue(frame: pd.DataFrame, crew: pd.DataFrame, story: Story, rng: np.random.Generator) -> pd.DataFrame:
    """All messages; writes into `frame` what the conversation table needs (first_close, close, transfer, waits)."""
    parts = Parts()
    _opening(parts, frame, rng)
    frame["last"] = _turns(parts, frame, crew, rng)
    frame["last"] = _handover(parts, frame, crew, story, rng)
    frame["last"] = _thanks(parts, frame, crew, rng)
    _closing(parts, frame, story, rng)
    messages = parts.ordered()
    return messages[messages["at"] < story.days * DAY].reset_index(drop=True)


def _opening(parts: Parts, frame: pd.DataFrame, rng: np.random.Generator) -> None:
    """First ask, automatic answers, a second line, the first human reply."""
    start, kind = frame["start"].to_numpy(), frame["kind"].to_numpy()
    row, n = np.arange(len(frame)), len(frame)
    own = kind == "agent_started"
    faq = np.isin(kind, ["bot", "bot_then_human", "faq_followup"])
    parts.add(row[faq], start[faq], "customer", "ask", content_type="faq_click")
    plain = ~faq & ~own
    parts.add(row[plain], start[plain], "customer", "ask", content_type=_content(rng, int(plain.sum())))
    smart = rng.random(n) < 0.4
    for code, chosen in (("assistant", smart), ("faq", ~smart)):
        parts.add(row[faq & chosen], start[faq & chosen] + 1, "bot", "faq", automation=code)
    greet = ~faq & ~own & (rng.random(n) < 0.3)
    agent = frame["agent"].to_numpy()
    for shop, who in ((greet & (agent % 2 == 0), "agent"), (greet & (agent % 2 == 1), "bot")):
        whose = agent[shop] if who == "agent" else -1
        parts.add(row[shop], start[shop] + 1, who, "greeting", automation="greeting", agent=whose)
    dark = plain & ~greet & (start % DAY < 8 * 3600) & (rng.random(n) < 0.25)
    parts.add(row[dark], start[dark] + 1, "bot", "off_hours", automation="off_hours")
    _first_reply(parts, frame, rng)
    parts.add(row[own], start[own], "agent", "follow_up", agent=agent[own])
    heard = own & (rng.random(n) < 0.5)
    parts.add(row[heard], start[heard] + _gap(rng, 900, 0.8, int(heard.sum())), "customer", "thanks")


def _content(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.choice(["text", "image", "order_card", "product_card"], n, p=[0.85, 0.05, 0.05, 0.05])


def _first_reply(parts: Parts, frame: pd.DataFrame, rng: np.random.Generator) -> None:
    start, kind = frame["start"].to_numpy(), frame["kind"].to_numpy()
    clock = np.nan_to_num(frame["clock"].to_numpy(), nan=90.0)
    row, n = np.arange(len(frame)), len(frame)
    second = (kind == "faq_followup") | (np.isin(kind, ["plain", "unanswered", "pending"]) & (rng.random(n) < 0.18))
    share = rng.uniform(0.35, 0.85, n)
    between = np.maximum(np.minimum(np.floor(clock * share), 600), 2)
    parts.add(row[second], (start + between)[second], "customer", "more")
    told = frame["clock"].notna().to_numpy()
    sorry = told & (clock > 150)
    for rows, says in ((told & ~sorry, "answer"), (sorry, "sorry_answer")):
        parts.add(row[rows], (start + clock)[rows], "agent", says, agent=frame["agent"].to_numpy()[rows])


def _turns(parts: Parts, frame: pd.DataFrame, crew: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Up to three further turns; returns the second of the last message of each conversation."""
    row, agent = np.arange(len(frame)), frame["agent"].to_numpy()
    last = (frame["start"] + frame["clock"].fillna(0)).to_numpy().astype(np.int64)
    talks = frame["clock"].notna().to_numpy() & (frame["kind"] != "bot_then_human").to_numpy()
    turns = np.minimum(rng.poisson(crew["turns"].to_numpy()[agent]), 3) * talks
    frame["turns"] = turns
    quick = np.sqrt(crew["pace"].to_numpy())[agent]
    for turn in range(3):
        here = turns > turn
        asked = last[here] + _gap(rng, TURN_GAP, 0.8, int(here.sum()))
        parts.add(row[here], asked, "customer", "more")
        last[here] = asked + np.rint(_gap(rng, TURN_REPLY, 0.6, int(here.sum())) * quick[here]).astype(np.int64) + 1
        parts.add(row[here], last[here], "agent", "more_answer", agent=agent[here])
    return last


def _handover(
    parts: Parts, frame: pd.DataFrame, crew: pd.DataFrame, story: Story, rng: np.random.Generator
) -> np.ndarray:
    """Transfers: a few to a colleague, most of the waiting category to another team that lets them wait."""
    last = frame["last"].to_numpy()
    n = len(frame)
    answered = frame["clock"].notna().to_numpy() & frame["kind"].isin(["plain", "faq_followup"]).to_numpy()
    waits = (frame["category"] == CATEGORIES.index(story.waiting_category)).to_numpy() & story.planted
    moved = answered & (rng.random(n) < np.where(waits, 0.75, 0.06)) & ~frame["holiday"].to_numpy()
    asked = last + rng.integers(20, 90, n)
    wait = np.where(waits, _gap(rng, WAIT_HOURS * 3600, 0.5, n), _gap(rng, 150, 0.6, n))
    frame["asked"], frame["accepted"] = np.where(moved, asked, -1), np.where(moved, asked + wait, -1)
    frame["colleague"] = np.where(moved & ~waits, _colleague(frame["agent"].to_numpy(), crew, rng), -1)
    row, agent = np.arange(n), frame["agent"].to_numpy()
    helped = moved & ~waits
    colleague = frame["colleague"].to_numpy()
    parts.add(row[helped], (asked + wait + 40)[helped], "agent", "more_answer", agent=colleague[helped])
    parts.add(row[moved], (asked + wait + 90)[moved], "agent", "done", agent=agent[moved])
    return np.where(moved, asked + wait + 90, last)


def _colleague(agent: np.ndarray, crew: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Somebody of the same shift and another team; nobody hands over to a newcomer."""
    team, shift, role = (crew[c].to_numpy() for c in ("team", "shift", "role"))
    fits = (shift[:, None] == shift) & (team[:, None] != team) & (role != "thin")
    reach = np.cumsum(fits, axis=1)[agent]
    return (reach < rng.random(len(agent))[:, None] * reach[:, -1:]).sum(axis=1)


def _thanks(parts: Parts, frame: pd.DataFrame, crew: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    last = frame["last"].to_numpy()
    row, agent, n = np.arange(len(frame)), frame["agent"].to_numpy(), len(frame)
    talks = (frame["clock"].notna() & (frame["kind"] != "bot_then_human")).to_numpy()
    good = crew["good"].to_numpy()[agent]
    happy = talks & (rng.random(n) < 0.5 * good)
    angry = talks & ~happy & (rng.random(n) < 0.35 * (1 - good) + 0.02)
    for rows, says in ((happy, "thanks"), (angry, "angry")):
        last = np.where(rows, last + _gap(rng, 25, 0.6, n), last)
        parts.add(row[rows], last[rows], "customer", says)
    bye = (happy & (rng.random(n) < 0.5)) | angry
    last = np.where(bye, last + _gap(rng, 12, 0.5, n), last)
    for rows, says in ((bye & happy, "bye"), (angry, "apology")):
        parts.add(row[rows], last[rows], "agent", says, agent=agent[rows])
    frame["angry"] = angry
    return last


def _closing(parts: Parts, frame: pd.DataFrame, story: Story, rng: np.random.Generator) -> None:
    """Close events; some conversations stay open, a few are opened again and closed a second time."""
    row, agent, n = np.arange(len(frame)), frame["agent"].to_numpy(), len(frame)
    kind, last = frame["kind"].to_numpy(), frame["last"].to_numpy()
    talks = (frame["clock"].notna() & (frame["kind"] != "bot_then_human")).to_numpy()
    silent = (kind == "unanswered") | (frame["holiday"].to_numpy() & ~talks)
    chance = np.select([kind == "pending", silent, kind == "agent_started"], [0.0, 0.7, 0.6], 0.95)
    shut = rng.random(n) < chance
    idle = np.where(
        talks, _gap(rng, IDLE_CLOSE, 0.5, n), np.where(silent, _gap(rng, 30 * 3600, 0.2, n), 1800 + row % 600)
    )
    close = np.where(kind == "agent_started", frame["start"] + 6 * 3600, last + idle)
    again = shut & talks & (rng.random(n) < 0.03)
    reopen = close + _gap(rng, 5 * 3600, 0.7, n)
    answer = reopen + _gap(rng, 120, 0.6, n)
    second = answer + _gap(rng, 300, 0.4, n)
    end = story.days * DAY
    parts.add(row[shut], close[shut], "system", event="close", content_type="")
    parts.add(row[again], reopen[again], "system", event="reopen", content_type="")
    parts.add(row[again], reopen[again] + 5, "customer", "more")
    parts.add(row[again], answer[again] + 5, "agent", "more_answer", agent=agent[again])
    parts.add(row[again], second[again] + 5, "system", event="close", content_type="")
    frame["first_close"] = np.where(shut & (close < end), close, -1)
    frame["reopened"] = again & (reopen < end)
    frame["close"] = np.where(frame["reopened"] & (second + 5 < end), second + 5, frame["first_close"])
