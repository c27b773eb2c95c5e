"""What real exports look like: repeated rows, impossible times, ratings given twice, messages without an agent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sample_data.story import Story

REPEATED_MESSAGES, REPEATED_CONVERSATIONS = 60, 12
LOST_STAMPS, CLOSED_BEFORE_START, REPLIED_BEFORE_START = 12, 10, 8
RATED_TWICE, NAMELESS_MESSAGES = 25, 80
EPOCH = pd.Timestamp("1970-01-01")


def soil(tables: dict[str, pd.DataFrame], story: Story, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Add the mess; it never touches a first ask or a first human reply, so the planted sizes stay exact."""
    messages = _messages(tables["messages"], rng)
    return tables | {"messages": messages, "conversations": _conversations(tables["conversations"], rng)}


def _messages(messages: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """60 rows twice, 12 later agent messages stamped 1970, 80 later agent messages without a name."""
    by_person = (messages["sender"] == "agent") & (messages["automation"] == "none")
    nth = by_person.groupby(messages["conversation_id"]).cumsum()
    later = rng.permutation(np.flatnonzero(by_person & (nth >= 3)))
    out = messages.copy()
    out.loc[later[:LOST_STAMPS], "sent_at"] = EPOCH
    out.loc[later[LOST_STAMPS : LOST_STAMPS + NAMELESS_MESSAGES], "agent_id"] = None
    intact = np.flatnonzero(out["sent_at"] > EPOCH)
    twice = rng.choice(intact, REPEATED_MESSAGES, replace=False)
    place = np.sort(np.concatenate([np.arange(len(out)), twice]))
    return out.iloc[place].reset_index(drop=True)


def _conversations(talks: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """10 closed before their start, 8 answered before their start, 12 rows twice, 25 rated a second time (two rows)."""
    out = talks.copy()
    closed = rng.permutation(np.flatnonzero(out["closed_at"].notna() & out["csat"].isna() & ~out["reopened"]))
    early = closed[:CLOSED_BEFORE_START]
    for column in ("closed_at", "first_closed_at"):
        out.loc[early, column] = out.loc[early, "started_at"] - pd.Timedelta(hours=1)
    replied = closed[CLOSED_BEFORE_START:]
    replied = replied[out["first_human_reply_at"].notna().to_numpy()[replied]][:REPLIED_BEFORE_START]
    out.loc[replied, "first_human_reply_at"] = out.loc[replied, "started_at"] - pd.Timedelta(minutes=30)
    last = out["csat_at"].max()
    rated = np.flatnonzero(out["csat"].notna() & (out["csat_at"] < last - pd.Timedelta(days=3)))
    again = rng.choice(rated, RATED_TWICE, replace=False)
    second = out.iloc[again].copy()
    second["csat_at"] += pd.to_timedelta(rng.integers(3600, 2 * 86_400, RATED_TWICE), unit="s")
    second["csat"] = np.where(second["csat"] >= 4, rng.choice([2.0, 3.0, 4.0], RATED_TWICE), 5.0)
    repeated = out.iloc[rng.choice(len(out), REPEATED_CONVERSATIONS, replace=False)]
    return pd.concat([out, second, repeated]).sort_index(kind="stable").reset_index(drop=True)
