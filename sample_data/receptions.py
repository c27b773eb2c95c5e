"""Every reception of the sample shop before its messages: when, who, which kind, how long until the first reply.

Where a story's waits follow from its load, agents share their time between the conversations they have: with ρ of the time for chats
taken, everything takes 1 / (1 − ρ) times as long (processor sharing). ρ of an hour is the day's contacts × the hour's usual share × the
seconds of work each takes, over the seconds that those on duty have for chats.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sample_data.crew import languages, on_duty
from sample_data.story import CATEGORIES, LANGUAGES, OCCUPIED, Story

DAY = 86_400
MEDIAN_REPLY = 50.0
SIGMA = 0.5
LANGUAGE_PACE = (0.88, 0.95, 1.05, 1.15, 1.6, 1.02)
CATEGORY_SHARE = (0.28, 0.15, 0.14, 0.15, 0.19, 0.09)
CHANNELS = ("chat", "marketplace", "email", "social")
CHANNEL_SHARE = (0.46, 0.27, 0.12, 0.15)
KINDS = ("plain", "faq_followup", "bot", "bot_then_human", "unanswered", "agent_started")
KIND_SHARE = (0.721, 0.13, 0.085, 0.012, 0.022, 0.03)
# conversations per hour of an ordinary day: quiet at lunch and at the change of shift, none while the chat is closed (4–8)
PROFILE = (
    3.2, 3.2, 3.1, 3.0, 0.0, 0.0, 0.0, 0.0, 3.2, 3.3, 9.4, 9.3, 3.9, 3.9, 6.0, 5.7, 3.0, 2.4, 2.3, 3.0, 4.0, 4.0, 3.9, 2.7,
)  # fmt: skip
BUSY = np.array(PROFILE) / sum(PROFILE)
EFFORT = 350.0  # seconds of work an ordinary conversation takes
FULLEST = 0.93
UNEVEN = 0.04


def receptions(story: Story, crew: pd.DataFrame, blocks: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One row per conversation in order of start (seconds after the first midnight); `clock` in whole seconds.

    `agent` is a row number of `crew`: one of those whose block of chat duty (`blocks`) holds the start.
    `clock` is NaN where nobody answers; weekday and pair sizes are exact in it.
    """
    n = story.conversations
    day = np.repeat(np.arange(story.days), _daily_counts(story, rng))
    kind = rng.choice(KINDS, n, p=np.array(KIND_SHARE))
    hour = _hours(day, kind, story, rng)
    agent = _pick(on_duty(blocks, story, len(crew))[day, hour].astype(float), rng)
    frame = pd.DataFrame({"day": day, "agent": agent, "kind": kind})
    frame["start"] = day * DAY + hour * 3600 + rng.integers(0, 3600, n)
    frame["language"] = _pick(languages(crew, story)[agent], rng)
    frame["category"] = rng.choice(len(CATEGORIES), n, p=CATEGORY_SHARE)
    frame["channel"] = rng.choice(CHANNELS, n, p=CHANNEL_SHARE)
    if story.follows:
        frame.loc[(day % 7 == story.weekday) & (rng.random(n) < story.weekday_mix), story.slow_by] = _slow_code(story)
        frame["stretch"] = _stretch(frame, on_duty(blocks, story, len(crew)), story)
    frame = frame.sort_values("start", kind="stable", ignore_index=True)
    frame["holiday"] = _holiday(frame, story)
    frame = _newcomer(frame, story, crew, blocks, rng)
    frame["kind"] = _pending(frame, story, rng)
    frame["clock"] = _clock(frame, story, crew, rng)
    frame["customer"] = _customers(frame, crew["repeat"].to_numpy()[frame["agent"]], rng)
    return frame


def _daily_counts(story: Story, rng: np.random.Generator) -> np.ndarray:
    weekday = np.arange(story.days) % 7
    weight = np.where(weekday >= 5, story.weekend_volume, 1.0) * np.where(
        weekday == story.weekday, story.weekday_volume, 1.0
    )
    if story.follows:  # as even as the days of a larger shop: waits answer to load more than twice as strongly as load moves
        return _even_counts(story.conversations, weight * np.maximum(rng.normal(1, UNEVEN, story.days), 0.5))
    return rng.multinomial(story.conversations, weight / weight.sum())


def _even_counts(total: int, weight: np.ndarray) -> np.ndarray:
    """Whole numbers in proportion to the weights that add up to the total."""
    reach = np.rint(np.cumsum(weight) / weight.sum() * total).astype(np.int64)
    return np.diff(reach, prepend=0)


def _hours(day: np.ndarray, kind: np.ndarray, story: Story, rng: np.random.Generator) -> np.ndarray:
    """Hour of each conversation: a weekday's kinds follow the curve before and after the change of roster, single days do not."""
    hour = np.zeros(len(day), dtype=np.int64)
    cell = day % 7 + 7 * (day >= 7 * story.story_weeks) + 14 * np.unique(kind, return_inverse=True)[1]
    for each in np.unique(cell):
        here = np.flatnonzero(cell == each)
        place = (rng.permutation(len(here)) + rng.random(len(here))) / len(here)
        hour[here] = np.searchsorted(np.cumsum(BUSY), place * (1 - 1e-12), side="right")
    return hour


def _pick(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One column per row, drawn with the row's weights."""
    reach = np.cumsum(weights, axis=1)
    return (reach < rng.random(len(weights))[:, None] * reach[:, -1:]).sum(axis=1)


def _holiday(frame: pd.DataFrame, story: Story) -> np.ndarray:
    """The storefront of one language is in holiday mode for some days."""
    since = frame["day"] - story.holiday_first_day
    mode = (frame["language"] == LANGUAGES.index(story.holiday_language)) & since.between(0, story.holiday_days - 1)
    return mode.to_numpy()


def _newcomer(
    frame: pd.DataFrame, story: Story, crew: pd.DataFrame, blocks: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Hand the thin agent exactly its few conversations out of those of colleagues while it sits beside them."""
    shadows = blocks[blocks["shadow"]]
    if shadows.empty:
        return frame
    donors = np.flatnonzero(~crew["role"].isin(["improving", "declining"]))
    hour = frame["start"] % DAY // 3600
    open_to = frame["day"].isin(shadows["day"]) & hour.between(shadows["first"].iloc[0], shadows["end"].iloc[0] - 1)
    open_to &= frame["agent"].isin(donors) & (frame["kind"] == "plain")
    chosen = rng.permutation(np.flatnonzero(open_to))[: story.thin_conversations]
    frame.loc[chosen, "agent"] = shadows["agent"].iloc[0]
    return frame


def _pending(frame: pd.DataFrame, story: Story, rng: np.random.Generator) -> pd.Series:
    """Ten conversations of the last 20 hours still wait for their first answer."""
    kind = frame["kind"].copy()
    young = np.flatnonzero((frame["start"] > story.days * DAY - 20 * 3600) & (kind == "plain") & ~frame["holiday"])
    kind.iloc[rng.choice(young, min(10, len(young)), replace=False)] = "pending"
    return kind


def _slow_code(story: Story) -> int | str:
    """The slow label as the frame holds it: categories and languages by number, channels by name."""
    coded = {"category": CATEGORIES, "language": LANGUAGES}.get(story.slow_by)
    return coded.index(story.slow_label) if coded else story.slow_label


def _stretch(frame: pd.DataFrame, duty: np.ndarray, story: Story) -> np.ndarray:
    """How many times as long everything takes in the hour a conversation starts in."""
    day, hour = frame["day"].to_numpy(), (frame["start"] // 3600 % 24).to_numpy()
    effort = EFFORT * np.where(np.arange(story.days) % 7 == story.weekday, story.weekday_handling, 1.0)
    work = np.bincount(day, minlength=story.days)[:, None] * BUSY * effort[:, None] / 3600
    people = np.maximum(duty.sum(axis=2), 1)
    ordinary = np.arange(story.days) % 7 != story.weekday
    usual = (work / people)[ordinary] @ BUSY
    taken = np.minimum(work / people * OCCUPIED / usual.mean(), FULLEST)
    stretch = (1 - OCCUPIED) / (1 - taken[day, hour])
    return stretch * np.where(frame[story.slow_by].to_numpy() == _slow_code(story), story.slow_pace, 1.0)


def _clock(frame: pd.DataFrame, story: Story, crew: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    n = len(frame)
    agent = frame["agent"].to_numpy()
    pace = crew["pace"].to_numpy()[agent] * np.array(LANGUAGE_PACE)[frame["language"]]
    drift = crew["drift"].to_numpy()[agent] * (frame["start"].to_numpy() / (story.days * DAY) - 0.5)
    clock = MEDIAN_REPLY * pace * np.exp(drift + SIGMA * rng.standard_normal(n))
    clock = np.where(frame["holiday"], rng.uniform(25, 60, n) * 3600, clock)
    silent = frame["kind"].isin(["bot", "unanswered", "pending", "agent_started"]).to_numpy()
    silent = silent | frame["holiday"].to_numpy() & (rng.random(n) < 0.5)
    counted = ~silent & frame["kind"].isin(["plain", "faq_followup"]).to_numpy() & ~frame["holiday"].to_numpy()
    if story.follows:
        clock = clock * frame["stretch"].to_numpy()
    elif story.planted:
        clock = _pair_sizes(clock, frame, story, crew, counted)
        clock = _weekday_size(clock, frame["day"].to_numpy(), counted, story)
    clock = np.maximum(np.rint(clock), 3.0)
    late = frame["kind"].to_numpy() == "bot_then_human"
    clock = np.where(late, np.rint(rng.uniform(300, 3600, n)), clock)
    return np.where(silent, np.nan, clock)


def _pair_sizes(
    clock: np.ndarray, frame: pd.DataFrame, story: Story, crew: pd.DataFrame, counted: np.ndarray
) -> np.ndarray:
    """Make one of the pair faster by the planted advantage in each language; the mix alone turns the total round."""
    role = crew["role"].to_numpy()[frame["agent"]]
    for language, pace in enumerate(LANGUAGE_PACE):
        for name, size in (("pair_better", 1 - story.simpson_advantage), ("pair_other", 1.0)):
            here = (role == name) & (frame["language"].to_numpy() == language)
            if (here & counted).any():
                target = MEDIAN_REPLY * np.exp(SIGMA**2 / 2) * pace * size
                clock = np.where(here, clock * target / clock[here & counted].mean(), clock)
    return clock


def _weekday_size(clock: np.ndarray, day: np.ndarray, counted: np.ndarray, story: Story) -> np.ndarray:
    """Scale the planted weekday of the first weeks until its ratio to the rest is the planted one."""
    early = day < 7 * story.story_weeks
    use = counted & early
    total = np.bincount(day[use], clock[use], minlength=story.days)
    count = np.bincount(day[use], minlength=story.days)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = total / count
    weekday = np.arange(story.days) % 7
    rest = (weekday != story.weekday) & ((weekday < 5) | (story.weekday >= 5))
    now = np.nanmean(value[weekday == story.weekday]) / np.nanmean(value[rest])
    clock = np.where(early, clock, clock * (1 + story.reroster_cost))
    return np.where(early & (day % 7 == story.weekday), clock * story.weekday_ratio / now, clock)


def _customers(frame: pd.DataFrame, repeat: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Customer number of each conversation: some come back within a week, as often as the agent's manner makes them."""
    n = len(frame)
    start = frame["start"].to_numpy()
    soon = rng.random(n) < repeat
    back = np.where(soon, rng.uniform(0.3, 6.0, n), rng.uniform(8.0, 45.0, n)) * DAY + start
    source = np.flatnonzero(soon | (rng.random(n) < 0.05))
    parent = np.arange(n)
    for language in range(len(LANGUAGES)):
        pool = np.flatnonzero(frame["language"] == language)
        mine = source[frame["language"].to_numpy()[source] == language]
        place = np.searchsorted(start[pool], back[mine])
        mine, place = mine[place < len(pool)], place[place < len(pool)]
        target, first = np.unique(pool[place], return_index=True)
        parent[target] = mine[first]
    while not np.array_equal(parent, parent[parent]):
        parent = parent[parent]
    return np.unique(parent, return_inverse=True)[1]
