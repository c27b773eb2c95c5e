"""The agents of the sample shop: shift, team, pace, manners; and who works on which day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sample_data.story import AGENTS, LANGUAGES, Story

SHIFTS = ("day", "evening", "night")
TEAMS = ("East", "West", "South")
# start and end of a planned shift in minutes after local midnight, and its break
HOURS = {"day": (470, 975, 45), "evening": (945, 1470, 45), "night": (0, 495, 30)}
MIX = (0.30, 0.30, 0.12, 0.10, 0.08, 0.10)
NIGHT_MIX = (0.15, 0.35, 0.15, 0.13, 0.10, 0.12)
HEAVY_NIGHT_MIX = (0.06, 0.24, 0.13, 0.26, 0.22, 0.09)
PAIR_MIX = ((0.15, 0.0, 0.0, 0.0, 0.85, 0.0), (0.85, 0.0, 0.0, 0.0, 0.15, 0.0))
NIGHT_PACE = 1.45


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


def _manners(frame: pd.DataFrame, story: Story, rng: np.random.Generator) -> pd.DataFrame:
    """Rate, pace, drift, satisfaction, repeat, turns, resolve and convert; equal for all in a null story."""
    n = len(frame)
    skill = rng.normal(0, 0.08, n)  # drawn in every story, so that the streams stay aligned
    frame = frame.assign(
        rate=1.0, pace=1.0, drift=0.0, good=0.88, repeat=0.07, turns=1.25, resolves=0.87, converts=0.28, complains=0.02
    )
    if not story.planted:
        return frame
    role = frame["role"]
    trend = role.isin(["improving", "declining"])
    frame["rate"] = np.select([trend, role == "thin"], [2.0, 0.0], 1.0)
    frame["pace"] = np.select(
        [role == "ordinary", role == "fast_empty", frame["shift"] == "night"], [np.exp(skill), 0.33, NIGHT_PACE], 1.0
    )
    changes = [np.log1p(story.improving_change), np.log1p(story.declining_change)]
    frame["drift"] = np.select([role == "improving", role == "declining"], changes, 0.0)
    empty = role == "fast_empty"
    for column, value in {"good": 0.45, "repeat": 0.5, "turns": 0.4, "resolves": 0.5, "converts": 0.12}.items():
        frame.loc[empty, column] = value
    frame.loc[empty, "complains"] = 0.08
    return frame


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


def duty(frame: pd.DataFrame, story: Story) -> np.ndarray:
    """True where an agent (row) is planned on a day (column, 0 = first Monday).

    After `story_weeks` five of those who had the planted weekday off work on it and rest on another workday.
    """
    day = np.arange(story.days)
    first = frame["first_off"].to_numpy()[:, None]
    off = ((day % 7) == first) | ((day % 7) == (first + 1) % 7)
    resting = np.flatnonzero(off[:, story.weekday])
    workdays = [w for w in range(5) if w != story.weekday]
    later = day >= 7 * story.story_weeks
    for k, agent in enumerate(resting[:5]):
        free = [w for w in workdays if not off[agent, w]]
        off[agent, later & (day % 7 == story.weekday)] = False
        off[agent, later & (day % 7 == free[k % len(free)])] = True
    on = ~off
    if story.planted:  # the thin agent is a newcomer of the last two weeks
        on[(frame["role"] == "thin").to_numpy(), : story.days - 14] = False
    return on


def roster(frame: pd.DataFrame, story: Story, on: np.ndarray) -> pd.DataFrame:
    """One row per planned shift: agent_id, start_at, end_at (shop time), team, break_minutes, activity."""
    agent, day = np.nonzero(on)
    hours = np.array([HOURS[s] for s in frame["shift"]])[agent]
    midnight = np.datetime64(story.start, "us") + day.astype("timedelta64[D]")
    shifts = pd.DataFrame(
        {
            "agent_id": frame["agent"].to_numpy()[agent],
            "start_at": midnight + hours[:, 0].astype("timedelta64[m]"),
            "end_at": midnight + hours[:, 1].astype("timedelta64[m]"),
            "team": frame["team"].to_numpy()[agent],
            "break_minutes": hours[:, 2],
            "activity": "chat",
        }
    )
    return shifts.sort_values(["start_at", "agent_id"], ignore_index=True)
