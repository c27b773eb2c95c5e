"""The agents of the sample shop: shift, team, pace, manners; and who works on which day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sample_data.story import AGENTS, LANGUAGES, Story

SHIFTS = ("day", "evening", "night")
TEAMS = ("East", "West", "South")
# chat duty of one day in hours after local midnight; people do other work outside their block, and nobody chats 4–8
PLAN = {
    "day": ((8, 10), (10, 12), (10, 12), (12, 14), (14, 16), (14, 18)),
    "evening": ((16, 20), (20, 22), (22, 24)),
    "night": ((0, 4),),
}
# the same hours with more people, for shops whose waits follow from load; these can stay away without leaving an hour empty
FULL_PLAN = {
    "day": ((8, 12), (10, 14), (12, 16), (14, 18), (8, 12), (10, 14)),
    "evening": ((16, 20), (20, 24), (16, 20), (20, 24)),
    "night": ((0, 4), (0, 4)),
}
ABSENT = (("day", 8, 12), ("evening", 20, 24), ("night", 0, 4), ("evening", 16, 20), ("day", 10, 14))
# after `story_weeks`: what the planted weekday gains, and the block that begins two hours later on four other workdays
GAINS = {"day": ((10, 12), (12, 14)), "evening": ((20, 23),)}
TRIMMED = {(16, 20): (18, 20)}
CHANCE = 0.15  # in days of contacts
SHADOW = (10, 12)  # when the newcomer sits beside a colleague
MIX = (0.30, 0.30, 0.12, 0.10, 0.08, 0.10)
NIGHT_MIX = (0.15, 0.35, 0.15, 0.13, 0.10, 0.12)
HEAVY_NIGHT_MIX = (0.06, 0.24, 0.13, 0.26, 0.22, 0.09)
PAIR_MIX = ((0.15, 0.0, 0.0, 0.0, 0.85, 0.0), (0.85, 0.0, 0.0, 0.0, 0.15, 0.0))
NIGHT_PACE = 1.5
EQUAL_TALENT = -0.75


def crew(story: Story, rng: np.random.Generator) -> pd.DataFrame:
    """One row per agent, in shift order: name, role, shift, team, rate, pace, per-day drift, manners, off days."""
    spare = [a for a in AGENTS if a not in story.cast]
    roles = [("improving", story.improving), ("declining", story.declining)]
    roles += [("equal", a) for a in story.equal] + [("six_ratings", story.six_ratings), ("thin", story.thin)]
    evening = [("fast_empty", story.fast_empty), ("pair_better", story.simpson[0]), ("pair_other", story.simpson[1])]
    evening += [("ordinary", a) for a in spare[:4]]
    night = [("night", story.night)] + [("night_peer", a) for a in spare[4:]]
    frame = pd.DataFrame(roles + evening + night, columns=["role", "agent"])
    frame["shift"] = ["day"] * len(roles) + ["evening"] * len(evening) + ["night"] * len(night)
    frame["team"] = [TEAMS[i % 3] for i in range(len(frame))]
    frame["first_off"] = _first_day_off(frame, story)
    return _manners(frame, story, rng)


def _first_day_off(frame: pd.DataFrame, story: Story) -> list[int]:
    """First of two days off in a row: every weekday loses the same number of agents, the planted one included."""
    cycle = [1, 3, 5, 0, 2, 4, 6]  # pairs counted from the planted weekday; 0 and 6 have it off
    orders = {"day": [1, 3, *cycle, 1, 5, 2, 0, 4], "evening": cycle, "night": [0, 2, 4, 6]}
    offsets = [offset for shift in SHIFTS for offset in orders[shift][: int((frame["shift"] == shift).sum())]]
    return [(story.weekday + offset) % 7 for offset in offsets]


# how far above (below) the ordinary somebody is, in one number that moves all of quality and business; by order in a role
TALENT = {
    "equal": (EQUAL_TALENT,) * 10, "improving": (0.2,), "declining": (-1.2,), "six_ratings": (-1.1,), "pair_better": (-0.6,),
    "pair_other": (2.4,), "ordinary": (2.4, -1.3, -3.5, 2.4), "night": (0.5,), "night_peer": (0.3, -1.0, -3.4),
}  # fmt: skip
# value of an ordinary person, what one unit of talent adds to it (to its logarithm for rates that are better low), and bounds
SKILLS = {
    "good": (0.90, 0.037, 0.97),
    "converts": (0.28, 0.028, 0.34),
    "qa": (0.875, 0.035, 0.97),
    "price": (1.12, 0.045, 1.25),
}
RATES = {"complains": (0.010, -0.45), "returns": (0.06, -0.35)}
EMPTY = {
    "good": 0.45, "repeat": 0.5, "turns": 0.5, "resolves": 0.5, "converts": 0.12, "complains": 0.06, "qa": 0.6, "returns": 0.15,
}  # fmt: skip


def _manners(frame: pd.DataFrame, story: Story, rng: np.random.Generator) -> pd.DataFrame:
    """Rate, pace, drift and the skills behind quality and business; equal for all in a null story."""
    n = len(frame)
    skill = rng.normal(0, 0.08, n)  # drawn in every story, so that the streams stay aligned
    frame = frame.assign(rate=1.0, pace=1.0, drift=0.0, repeat=0.07, turns=1.5, resolves=0.87)
    role = frame["role"]
    frame = _skills(frame, _talent(role) if story.planted else np.full(n, EQUAL_TALENT))
    if not story.planted:
        return frame
    trend = role.isin(["improving", "declining"])
    frame["rate"] = np.select([trend, role == "thin"], [2.2, 0.0], 1.0)
    frame["pace"] = np.select(
        [role == "ordinary", role == "fast_empty", frame["shift"] == "night"], [np.exp(skill), 0.33, NIGHT_PACE], 1.0
    )
    changes = [np.log1p(story.improving_change), np.log1p(story.declining_change)]
    frame["drift"] = np.select([role == "improving", role == "declining"], changes, 0.0)
    for column, value in EMPTY.items():
        frame.loc[role == "fast_empty", column] = value
    return frame


def _talent(role: pd.Series) -> np.ndarray:
    nth = role.groupby(role).cumcount()
    known = [TALENT.get(name, (0.0,) * 25) for name in role]
    return np.array([values[k] for values, k in zip(known, nth, strict=True)])


def _skills(frame: pd.DataFrame, talent: np.ndarray) -> pd.DataFrame:
    better_high = {name: np.minimum(mean + step * talent, top) for name, (mean, step, top) in SKILLS.items()}
    better_low = {name: mean * np.exp(step * talent) for name, (mean, step) in RATES.items()}
    return frame.assign(**better_high, **better_low)


def languages(frame: pd.DataFrame, story: Story) -> np.ndarray:
    """Share of each language in an agent's conversations: one row per agent, columns as LANGUAGES."""
    mix = np.tile(np.array(MIX), (len(frame), 1))
    if not story.planted:
        return mix
    role = frame["role"].to_numpy()
    mix[role == "night_peer"] = NIGHT_MIX
    mix[role == "night"] = HEAVY_NIGHT_MIX
    mix[role == "pair_better"], mix[role == "pair_other"] = PAIR_MIX
    if mix.shape[1] != len(LANGUAGES):
        raise ValueError("one share per language")
    return mix


def present(frame: pd.DataFrame, story: Story) -> np.ndarray:
    """True where an agent (row) is at work on a day (column, 0 = first Monday): two days off a week, in a row."""
    day = np.arange(story.days)
    first = frame["first_off"].to_numpy()[:, None]
    on = ((day % 7) != first) & ((day % 7) != (first + 1) % 7)
    if story.planted:  # the thin agent never has a block alone
        on[(frame["role"] == "thin").to_numpy()] = False
    return on


def day_plan(story: Story, day: int) -> list[tuple[str, int, int]]:
    """Blocks of chat duty of one day: shift, first hour, end hour. The same every week, but for the change after `story_weeks`."""
    if story.follows:
        return _full_day(story, day)
    blocks = [(shift, *block) for shift in SHIFTS for block in PLAN[shift]]
    if not story.planted or day < 7 * story.story_weeks:
        return blocks
    if day % 7 == story.weekday:
        return blocks + [(shift, *block) for shift, gained in GAINS.items() for block in gained]
    givers = [w for w in range(5) if w != story.weekday][:4]
    return [(s, *TRIMMED.get((a, b), (a, b))) for s, a, b in blocks] if day % 7 in givers else blocks


def _full_day(story: Story, day: int) -> list[tuple[str, int, int]]:
    """Blocks of a day of the full plan; on the planted weekday some stay away, or leave early, until the hours are those of the story."""
    blocks = [(shift, *block) for shift in SHIFTS for block in FULL_PLAN[shift]]
    hours = sum(end - first for _, first, end in blocks)
    wanted = hours * (story.weekday_staff if day % 7 == story.weekday else 1.0)
    missing = round(hours - wanted)
    for shift, first, end in ABSENT:
        gone = min(missing, end - first)
        missing -= gone
        if gone:
            blocks.remove((shift, first, end))
        if 0 < gone < end - first:
            blocks.append((shift, first, end - gone))
    return blocks


def rota(frame: pd.DataFrame, story: Story, busy: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Who has which block of chat duty: day, agent (row of `frame`), first and end hour, `shadow` beside a colleague.

    The hours stand, the names rotate: a block goes to the one at work in its shift who has had least so far for their rate,
    with some chance in it, so that nobody always has the same weekdays.
    `busy` is the share of contacts by hour of the day, so that a lunch hour and a peak hour do not weigh the same.
    """
    on, rate = present(frame, story), np.maximum(frame["rate"].to_numpy(), 1e-9)
    had = np.zeros(len(frame))
    rows = []
    for day in range(story.days):
        taken: set[int] = set()
        for shift, first, end in sorted(day_plan(story, day), key=lambda block: -busy[block[1] : block[2]].sum()):
            free = [a for a in np.flatnonzero(on[:, day] & (frame["shift"] == shift).to_numpy()) if a not in taken]
            agent = free[int(np.argmin((had / rate)[free] + rng.normal(0, CHANCE, len(free))))]
            taken.add(agent)
            had[agent] += busy[first:end].sum()
            rows.append((day, agent, first, end, False))
    return pd.DataFrame(rows + _shadows(frame, story), columns=["day", "agent", "first", "end", "shadow"])


def _shadows(frame: pd.DataFrame, story: Story) -> list[tuple[int, int, int, int, bool]]:
    """The newcomer's two mornings in each of the last two weeks, never on the planted weekday."""
    if not story.planted:
        return []
    thin = int(np.flatnonzero(frame["role"] == "thin")[0])
    days = [w for w in range(5) if w != story.weekday][1:3]
    return [(story.days - 14 + 7 * week + w, thin, *SHADOW, True) for week in range(2) for w in days]


def on_duty(blocks: pd.DataFrame, story: Story, agents: int) -> np.ndarray:
    """True where an agent has a block: days × 24 hours × agents; shadows do not count."""
    out = np.zeros((story.days, 24, agents), dtype=bool)
    for row in blocks[~blocks["shadow"]].itertuples():
        out[row.day, row.first : row.end, row.agent] = True
    return out


def roster(frame: pd.DataFrame, story: Story, blocks: pd.DataFrame) -> pd.DataFrame:
    """One row per block of chat duty: agent_id, start_at, end_at (shop time), team, break_minutes, activity."""
    agent = blocks["agent"].to_numpy()
    midnight = np.datetime64(story.start, "us") + blocks["day"].to_numpy().astype("timedelta64[D]")
    shifts = pd.DataFrame(
        {
            "agent_id": frame["agent"].to_numpy()[agent],
            "start_at": midnight + blocks["first"].to_numpy().astype("timedelta64[h]"),
            "end_at": midnight + blocks["end"].to_numpy().astype("timedelta64[h]"),
            "team": frame["team"].to_numpy()[agent],
            "break_minutes": 0,
            "activity": "chat",
        }
    )
    return shifts.sort_values(["start_at", "agent_id"], ignore_index=True)
