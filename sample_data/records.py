"""What the shop's other systems know: conversation attributes, ratings, transfers, orders, quality reviews."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sample_data.receptions import DAY
from sample_data.story import CATEGORIES, LANGUAGES, Story

REGIONS = ("CN", "US", "FR", "DE", "JP", "ES")
# criterion, highest score, weight, critical
CRITERIA = (
    ("greeting", 5, 1, False), ("accuracy", 5, 3, False), ("solution", 5, 3, False),
    ("tone", 5, 2, False), ("data_protection", 1, 1, True),
)  # fmt: skip
PRE_SALE = ("product", "size", "promo")
KEEN = (1.65, 0.55)  # how much more likely than the agent's mean those buy who ask before a sale, and after one
RETURNS = 0.06


def stamps(seconds: np.ndarray, story: Story) -> np.ndarray:
    """Seconds after the first midnight as shop time; negative or not before the export means not known (NaT)."""
    at = np.asarray(seconds).astype(np.int64)
    value = np.datetime64(story.start, "us") + at.astype("timedelta64[s]")
    return np.where((at < 0) | (at >= story.days * DAY), np.datetime64("NaT", "us"), value)


def conversations(frame: pd.DataFrame, crew: pd.DataFrame, story: Story, rng: np.random.Generator) -> pd.DataFrame:
    """One row per conversation with everything definitions §1 lists that a ticket system knows."""
    n, agent = len(frame), frame["agent"].to_numpy()
    name = crew["agent"].to_numpy()[agent].astype(object)
    kind = frame["kind"].to_numpy()
    bot = np.isin(kind, ["bot", "bot_then_human"])
    reply = np.where(frame["clock"].isna(), -1, frame["start"] + frame["clock"].fillna(0))
    frame["replied"] = (reply >= 0) & (reply < story.days * DAY)
    lost = rng.random(n) < 0.004
    out = pd.DataFrame(
        {
            "conversation_id": frame["conversation_id"],
            "customer_id": frame["customer_id"],
            "agent_id": np.where((frame["replied"] | (kind == "agent_started")) & ~lost, name, None),
            "assigned_agent": np.where((kind == "bot") | lost, None, name),
            "started_by": np.where(kind == "agent_started", "agent", "customer"),
            "started_at": stamps(frame["start"], story),
            "first_human_reply_at": stamps(reply, story),
            "first_closed_at": stamps(frame["first_close"], story),
            "closed_at": stamps(frame["close"], story),
            "channel": frame["channel"],
            "language": np.array(LANGUAGES)[frame["language"]],
            "region": np.array(REGIONS)[frame["language"]],
            "category": np.array(CATEGORIES)[frame["category"]],
            "priority": rng.choice(["normal", "high", "urgent"], n, p=[0.8, 0.15, 0.05]),
            "team": np.where(kind == "bot", None, crew["team"].to_numpy()[agent]),
            "shift": crew["shift"].to_numpy()[agent],
            "holiday_mode": frame["holiday"],
            "needs_human": ~bot & (kind != "agent_started"),
            "transfers": ((frame["asked"] >= 0) & (frame["asked"] < story.days * DAY)).astype(int),
            "reopened": frame["reopened"],
            "handle_s": np.where(frame["replied"], _effort(frame, story, rng), np.nan),
        }
    )
    return _outcomes(out, frame, crew, story, rng)


def _effort(frame: pd.DataFrame, story: Story, rng: np.random.Generator) -> np.ndarray:
    """Logged handling seconds: they depend on the turns, never on agent or load, and on the weekday only where the story says so."""
    more = np.where(frame["day"] % 7 == story.weekday, story.weekday_handling, 1.0)
    return np.rint(220 * more * (1 + 0.4 * frame["turns"]) * np.exp(0.35 * rng.standard_normal(len(frame))))


def _outcomes(
    out: pd.DataFrame, frame: pd.DataFrame, crew: pd.DataFrame, story: Story, rng: np.random.Generator
) -> pd.DataFrame:
    n, agent = len(frame), frame["agent"].to_numpy()
    human = (frame["replied"] & frame["kind"].isin(["plain", "faq_followup"])).to_numpy()
    bot = frame["kind"].isin(["bot", "bot_then_human"]).to_numpy()
    out["resolved"] = np.where(
        human, rng.random(n) < crew["resolves"].to_numpy()[agent], np.where(bot, rng.random(n) < 0.8, False)
    )
    complaint = human & (
        (rng.random(n) < crew["complains"].to_numpy()[agent]) | (frame["angry"] & (rng.random(n) < 0.08))
    )
    out["complaint"] = complaint
    out["complaint_solved"] = np.where(complaint, rng.random(n) < 0.7, None)
    closed = frame["first_close"].to_numpy()
    sent = (human & (rng.random(n) < 0.72)) | (bot & (rng.random(n) < 0.4))
    sent = sent & (closed >= 0)
    out["survey_sent"] = sent
    good = np.where(bot, 0.8, crew["good"].to_numpy()[agent])
    rated = sent & (rng.random(n) < np.where(bot, 0.3, 0.5))
    at = closed + rng.integers(20, 5400, n)
    rated = rated & (at < story.days * DAY)
    rated = _few_ratings(rated, frame, crew, story, rng)
    stars = np.where(rng.random(n) < good, rng.choice([5.0, 4.0], n, p=[0.68, 0.32]), rng.choice([1.0, 2.0, 3.0], n))
    out["csat"] = np.where(rated, stars, np.nan)
    out["csat_at"] = stamps(np.where(rated, at, -1), story)
    return out


def _few_ratings(
    rated: np.ndarray, frame: pd.DataFrame, crew: pd.DataFrame, story: Story, rng: np.random.Generator
) -> np.ndarray:
    """Leave the agent with few ratings exactly that many."""
    if not story.planted:
        return rated
    theirs = rated & (crew["role"].to_numpy()[frame["agent"]] == "six_ratings")
    ordinary = (frame["kind"].isin(["plain", "faq_followup"]) & ~frame["holiday"]).to_numpy()
    kept = rated & ~theirs
    kept[rng.permutation(np.flatnonzero(theirs & ordinary))[: story.ratings]] = True
    return kept


def transfers(frame: pd.DataFrame, crew: pd.DataFrame, story: Story) -> pd.DataFrame:
    """One row per hand-over: conversation_id, requested_at, accepted_at, from_agent, to_agent, to_team."""
    moved = frame[(frame["asked"] >= 0) & (frame["asked"] < story.days * DAY)]
    name, team = crew["agent"].to_numpy().astype(object), crew["team"].to_numpy().astype(object)
    to = moved["colleague"].to_numpy()
    return pd.DataFrame(
        {
            "conversation_id": moved["conversation_id"].to_numpy(),
            "requested_at": stamps(moved["asked"], story),
            "accepted_at": stamps(moved["accepted"], story),
            "from_agent": name[moved["agent"]],
            "to_agent": np.where(to < 0, None, name[to]),
            "to_team": np.where(to < 0, story.waiting_team, team[to]),
        }
    )


def orders(
    frame: pd.DataFrame, talks: pd.DataFrame, crew: pd.DataFrame, story: Story, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per order: earlier ones people write about, ones paid after a conversation, silent ones.

    Writes `order_id` into `talks` (the conversation table).
    """
    earlier, later, silent = _earlier(frame, talks, rng), _later(frame, talks, crew, rng), _silent(story, rng)
    out = pd.concat([earlier, later, silent], ignore_index=True)
    out = out[out["created"] < story.days * DAY].sort_values("created", kind="stable", ignore_index=True)
    out["order_id"] = [f"S{i:06d}" for i in range(1, len(out) + 1)]
    about = out[out["row"] >= 0]
    subject = pd.Series(about["order_id"].to_numpy(), index=about["row"].to_numpy())
    talks["order_id"] = subject.reindex(np.arange(len(talks))).to_numpy(dtype=object)
    return _order_columns(out, story, rng)


def _earlier(frame: pd.DataFrame, talks: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    after_sale = ~talks["category"].isin(PRE_SALE).to_numpy() & (rng.random(len(frame)) < 0.45)
    row = np.flatnonzero(after_sale)
    created = frame["start"].to_numpy()[row] - rng.integers(4 * DAY, 20 * DAY, len(row))
    return pd.DataFrame(
        {
            "row": row,
            "customer_id": talks["customer_id"].to_numpy()[row],
            "agent_id": None,
            "created": created,
            "uplift": 1.0,
            "returns": RETURNS,
        }
    )


def _later(frame: pd.DataFrame, talks: pd.DataFrame, crew: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    ask = (frame["replied"] & (frame["kind"] != "bot_then_human")).to_numpy()
    keen = np.where(talks["category"].isin(PRE_SALE), *KEEN)
    buys = ask & (rng.random(len(frame)) < keen * crew["converts"].to_numpy()[frame["agent"]])
    row = np.flatnonzero(buys)
    created = frame["last"].to_numpy()[row] + np.rint(5400 * np.exp(1.1 * rng.standard_normal(len(row)))).astype(
        np.int64
    )
    agent = np.where(rng.random(len(row)) < 0.6, talks["assigned_agent"].to_numpy()[row], None)
    return pd.DataFrame(
        {
            "row": -1,
            "customer_id": talks["customer_id"].to_numpy()[row],
            "agent_id": agent,
            "created": created,
            "uplift": crew["price"].to_numpy()[frame["agent"]][row],
            "returns": crew["returns"].to_numpy()[frame["agent"]][row],
        }
    )


def _silent(story: Story, rng: np.random.Generator) -> pd.DataFrame:
    n = story.conversations // 6
    customer = [f"C9{i:05d}" for i in rng.integers(0, 2 * n, n)]
    created = rng.integers(0, story.days * DAY, n)
    made = {"row": -1, "customer_id": customer, "agent_id": None, "created": created}
    return pd.DataFrame(made | {"uplift": 1.0, "returns": RETURNS})


def _order_columns(out: pd.DataFrame, story: Story, rng: np.random.Generator) -> pd.DataFrame:
    n, created, first = len(out), out["created"].to_numpy(), out["created"].min()
    amount = np.round(168 * out["uplift"].to_numpy() * np.exp(0.5 * rng.standard_normal(n)), 2)
    pays = rng.random(n) < 0.94
    paid = np.where(pays, created + rng.integers(20, 1800, n), first - 1)
    shipped = np.where(pays, paid + rng.integers(6 * 3600, 3 * DAY, n), first - 1)
    done = np.where(pays & (rng.random(n) < 0.9), shipped + rng.integers(3 * DAY, 12 * DAY, n), first - 1)
    returned = pays & (rng.random(n) < out["returns"].to_numpy())
    refund = np.where(returned, shipped + rng.integers(4 * DAY, 12 * DAY, n), first - 1)

    def when(at: np.ndarray) -> np.ndarray:
        # some orders are older than the log, so "negative" cannot mean "unknown" here
        value = np.datetime64(story.start, "us") + at.astype("timedelta64[s]")
        return np.where((at < first) | (at >= story.days * DAY), np.datetime64("NaT", "us"), value)

    known = refund < story.days * DAY
    return pd.DataFrame(
        {
            "order_id": out["order_id"], "customer_id": out["customer_id"], "agent_id": out["agent_id"].astype("str"),
            "created_at": when(created), "paid_at": when(paid), "shipped_at": when(shipped),
            "completed_at": when(done), "amount": amount,
            "refunded_amount": np.where(returned & known, amount, np.nan), "refunded_at": when(refund),
            "returned": returned & known, "disputed": pays & (rng.random(n) < 0.015),
        }
    )  # fmt: skip


def reviews(
    frame: pd.DataFrame, talks: pd.DataFrame, crew: pd.DataFrame, story: Story, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per reviewed conversation and criterion: twelve conversations of each agent, fewer where there are fewer."""
    able = np.flatnonzero(talks["agent_id"].notna() & frame["kind"].isin(["plain", "faq_followup"]))
    able = rng.permutation(able)
    nth = pd.Series(frame["agent"].to_numpy()[able]).groupby(frame["agent"].to_numpy()[able]).cumcount()
    row = np.sort(able[nth.to_numpy() < 12])
    k, m = len(CRITERIA), len(row)
    title, top, weight, critical = (np.tile(np.array(c), m) for c in zip(*CRITERIA, strict=True))
    row = np.repeat(row, k)
    skill = crew["qa"].to_numpy()[frame["agent"].to_numpy()[row]]
    score = np.where(critical, rng.random(m * k) < 0.996, rng.binomial(5, skill))
    skipped = ~critical & (rng.random(m * k) < 0.04)
    at = stamps(frame["start"].to_numpy()[row] + np.repeat(rng.integers(DAY, 4 * DAY, m), k), story)
    out = pd.DataFrame(
        {
            "review_id": np.repeat([f"Q{i:04d}" for i in range(1, m + 1)], k),
            "conversation_id": talks["conversation_id"].to_numpy()[row],
            "agent_id": talks["agent_id"].to_numpy()[row],
            "rater": np.repeat(rng.choice(["QA-1", "QA-2", "QA-3"], m), k),
            "rater_type": np.repeat(rng.choice(["qa", "superior", "peer", "self"], m, p=[0.7, 0.12, 0.1, 0.08]), k),
            "criterion": title, "score": np.where(skipped, np.nan, score), "min": 0, "max": top, "weight": weight,
            "critical": critical, "not_applicable": skipped, "reviewed_at": at,
        }
    )  # fmt: skip
    return out[out["reviewed_at"].notna()].reset_index(drop=True)
