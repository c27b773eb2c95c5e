"""The planted facts and what became of them in the finished tables; computed from raw rows, not from the plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import numpy as np
import pandas as pd

from sample_data.mess import EPOCH
from sample_data.story import ZONE, Story

DAY = pd.Timedelta(days=1)


def clocks(tables: dict[str, pd.DataFrame], story: Story) -> pd.DataFrame:
    """One row per customer-started conversation outside holiday mode: start, day, agent, clock in seconds, attributes.

    `counted` marks those that enter first_response (human needed and answered).
    """
    messages = tables["messages"].drop_duplicates()
    messages = messages[messages["sent_at"] > EPOCH].sort_values("sent_at", kind="stable")
    by = messages.groupby("conversation_id")
    opened = by["sender"].first()
    asked = messages[messages["sender"] == "customer"].groupby("conversation_id")["sent_at"].first()
    human = messages[(messages["sender"] == "agent") & (messages["automation"] == "none")]
    replied = human.groupby("conversation_id")["sent_at"].first()
    talks = tables["conversations"].sort_values("csat_at", kind="stable", na_position="first")
    talks = talks.drop_duplicates("conversation_id", keep="last").set_index("conversation_id").sort_index()
    out = talks.assign(start=asked, replied=replied, opened=opened)
    out = out[(out["opened"] == "customer") & ~out["holiday_mode"].astype(bool)]
    out["clock"] = (out["replied"] - out["start"]).dt.total_seconds()
    out["day"] = (out["start"].dt.normalize() - pd.Timestamp(story.start)) // DAY
    out["counted"] = out["needs_human"].astype(bool) & out["clock"].notna()
    return out


def ratio_to_rest(values: pd.Series, weekday: int) -> float:
    """Mean of the weekday's day values over the mean of the other workdays' (for a weekend day: all other days').

    `values` is indexed by days since the first Monday.

    >>> ratio_to_rest(pd.Series([1.0, 1, 1, 1, 2, 9, 9]), 4)
    2.0
    """
    of = values.index.to_numpy() % 7
    rest = (of != weekday) & ((of < 5) | (weekday >= 5))
    return float(values[of == weekday].mean() / values[rest].mean())


def truth(tables: dict[str, pd.DataFrame], story: Story) -> dict:
    """What was planted (`story`) and every realised figure, by group."""
    talks = clocks(tables, story)
    return {
        "story": asdict(story) | {"start": str(story.start)},
        "log": _log(tables, talks, story),
        "weekday": _weekday(tables, talks, story),
        "trends": _trends(talks, story),
        "fast_empty": _fast_empty(talks, story),
        "night": _night(talks, story),
        "thin": {"agent": story.thin, "conversations": int((talks["assigned_agent"] == story.thin).sum())},
        "six_ratings": {"agent": story.six_ratings} | _manner(talks, story.six_ratings),
        "equal": _equal(talks, story),
        "simpson": _simpson(talks, story),
        "waiting": _waiting(tables, talks, story),
        "mess": _mess(tables, talks),
    }


def _log(tables: dict[str, pd.DataFrame], talks: pd.DataFrame, story: Story) -> dict:
    counted = talks.loc[talks["counted"], "clock"]
    all_talks = tables["conversations"]["conversation_id"].nunique()
    return {
        "zone": ZONE, "first_day": str(story.start), "days": story.days, "conversations": all_talks,
        "customer_started": len(talks), "first_response_n": len(counted), "first_response_mean": counted.mean(),
        "first_response_median": counted.median(), "first_response_p90": counted.quantile(0.9),
        **{f"{name}_rows": len(frame) for name, frame in tables.items()},
        "agents": tables["roster"]["agent_id"].nunique(), "last_stamp": str(tables["messages"]["sent_at"].max()),
    }  # fmt: skip


def _weekday(tables: dict[str, pd.DataFrame], talks: pd.DataFrame, story: Story) -> dict:
    values = talks[talks["counted"]].groupby("day")["clock"].mean()
    volume = talks.groupby("day").size()
    shifts = tables["roster"]
    hours = (shifts["end_at"] - shifts["start_at"]).dt.total_seconds() / 3600
    staff = hours.groupby((shifts["start_at"].dt.normalize() - pd.Timestamp(story.start)) // DAY).sum()
    split = 7 * story.story_weeks
    moved = (_plan(shifts, story, story.weeks) - _plan(shifts, story, 1)).total()
    out: dict = {"weekday": story.weekday, "weeks_before": story.story_weeks, "weeks": story.weeks}
    out |= {"blocks_changed": moved, "hours_per_day": float(staff[0])}
    out |= {"weeks_after": story.weeks - story.story_weeks, "first_week_after": story.story_weeks + 1}
    for name, series in (("ratio", values), ("volume_ratio", volume), ("staff_ratio", staff)):
        out[f"{name}_before"] = ratio_to_rest(series[series.index < split], story.weekday)
        out[f"{name}_after"] = ratio_to_rest(series[series.index >= split], story.weekday)
    for when in ("before", "after"):
        out[f"load_ratio_{when}"] = out[f"volume_ratio_{when}"] / out[f"staff_ratio_{when}"]
    return out


def _plan(shifts: pd.DataFrame, story: Story, week: int) -> Counter:
    """Blocks of one week (1 = first) as weekday, start and end, whoever has them; the newcomer's do not count."""
    own = shifts[shifts["agent_id"] != story.thin]
    since = own["start_at"] - pd.Timestamp(story.start)
    mine = own[since // (7 * DAY) == week - 1]
    return Counter(
        zip(mine["start_at"].dt.day_of_week, mine["start_at"].dt.hour, mine["end_at"] - mine["start_at"], strict=True)
    )


def _trends(talks: pd.DataFrame, story: Story) -> dict:
    out: dict = {}
    for role, agent in (("improving", story.improving), ("declining", story.declining)):
        mine = talks[talks["counted"] & (talks["assigned_agent"] == agent)]
        weekly = mine.groupby(mine["day"] // 7)["clock"].mean()
        out |= {role: agent, f"{role}_first_week": weekly.iloc[0], f"{role}_last_week": weekly.iloc[-1]}
        out |= {f"{role}_n": len(mine), f"{role}_weekly": [float(v) for v in weekly]}
    return out


def _manner(talks: pd.DataFrame, agent: str) -> dict:
    mine = talks[talks["assigned_agent"] == agent]
    rated = mine["csat"].dropna()
    return {
        "conversations": len(mine), "ratings": len(rated), "satisfaction": (rated >= 4).mean(),
        "first_response_median": mine.loc[mine["counted"], "clock"].median(), "repeat_rate": repeats(talks)[mine.index].mean(),
    }  # fmt: skip


def repeats(talks: pd.DataFrame) -> pd.Series:
    """True where the same customer starts another conversation within seven days."""
    order = talks.sort_values("start", kind="stable")
    following = order.groupby("customer_id")["start"].shift(-1)
    return ((following - order["start"]) <= 7 * DAY).reindex(talks.index)


def _fast_empty(talks: pd.DataFrame, story: Story) -> dict:
    others = talks[talks["assigned_agent"].notna() & (talks["assigned_agent"] != story.fast_empty)]
    rated = others["csat"].dropna()
    return {"agent": story.fast_empty} | _manner(talks, story.fast_empty) | {
        "others_first_response_median": others.loc[others["counted"], "clock"].median(),
        "others_satisfaction": (rated >= 4).mean(),
        "others_repeat_rate": repeats(talks)[others.index].mean(),
    }  # fmt: skip


def _night(talks: pd.DataFrame, story: Story) -> dict:
    counted = talks[talks["counted"]]
    mine = counted["assigned_agent"] == story.night
    cells = counted.groupby(["shift", "language"])["clock"].mean().rename("expected").reset_index()
    peers = counted[~mine & (counted["shift"] == "night")]
    expected = counted[mine].merge(cells, on=["shift", "language"])["expected"]
    return {
        "agent": story.night, "n": int(mine.sum()), "first_response_mean": counted.loc[mine, "clock"].mean(),
        "shop_first_response_mean": counted["clock"].mean(), "night_peers_first_response_mean": peers["clock"].mean(),
        "ratio_to_shop": counted.loc[mine, "clock"].mean() / counted["clock"].mean(),
        "ratio_to_expected_same_shift_and_language": counted.loc[mine, "clock"].mean() / expected.mean(),
    }  # fmt: skip


def _equal(talks: pd.DataFrame, story: Story) -> dict:
    mine = talks[talks["counted"] & talks["assigned_agent"].isin(story.equal)]
    means = mine.groupby("assigned_agent")["clock"].mean()
    medians = mine.groupby("assigned_agent")["clock"].median()
    return {
        "agents": list(story.equal), "n": len(mine), "mean_lowest": means.min(), "mean_highest": means.max(),
        "median_lowest": medians.min(), "median_highest": medians.max(),
    }  # fmt: skip


def _simpson(talks: pd.DataFrame, story: Story) -> dict:
    better, other = story.simpson
    counted = talks[talks["counted"] & talks["assigned_agent"].isin(story.simpson)]
    cells = counted.groupby(["assigned_agent", "language"])["clock"].mean().unstack()
    pooled = counted.groupby("assigned_agent")["clock"].mean()
    both = cells.dropna(axis=1)
    out: dict = {"better_in_each_language": better, "better_pooled": other, "languages": list(both.columns)}
    out |= {"better_pooled_mean": pooled[better], "other_pooled_mean": pooled[other]}
    for language in both.columns:
        out |= {f"better_{language}": both.loc[better, language], f"other_{language}": both.loc[other, language]}
    return out


def _waiting(tables: dict[str, pd.DataFrame], talks: pd.DataFrame, story: Story) -> dict:
    moved = tables["transfers"].set_index("conversation_id")
    wait = (moved["accepted_at"] - moved["requested_at"]).dt.total_seconds().reindex(talks.index)
    span = (talks["first_closed_at"] - talks["started_at"]).dt.total_seconds()
    mine = (talks["category"] == story.waiting_category) & talks["counted"] & (span > 0)
    known = mine & wait.notna()
    rest = talks["counted"] & (talks["category"] != story.waiting_category) & (span > 0)
    return {
        "category": story.waiting_category, "team": story.waiting_team, "n": int(mine.sum()), "transferred": int(known.sum()),
        "wait_hours": wait[known].median() / 3600,
        "share_of_resolution_time": wait[known].sum() / span[mine].sum(),
        "resolution_median_s": span[mine].median(), "others_resolution_median_s": span[rest].median(),
    }  # fmt: skip


def _mess(tables: dict[str, pd.DataFrame], talks: pd.DataFrame) -> dict:
    messages, rows = tables["messages"], tables["conversations"]
    first = rows.drop_duplicates()
    horizon = messages["sent_at"].max()
    young = talks["start"] > horizon - DAY
    silent = talks["needs_human"].astype(bool) & talks["clock"].isna()
    pending = silent & young & talks["closed_at"].isna()
    by_person = (messages["sender"] == "agent") & (messages["automation"] == "none")
    bot = ~talks["needs_human"].astype(bool)
    return {
        "repeated_message_rows": int(messages.duplicated().sum()),
        "messages_stamped_1970": int((messages["sent_at"] == EPOCH).sum()),
        "human_messages_without_agent": int((by_person & messages["agent_id"].isna()).sum()),
        "repeated_conversation_rows": int(rows.duplicated().sum()),
        "conversations_rated_twice": int(first["conversation_id"].duplicated().sum()),
        "closed_before_start": int((first["closed_at"] < first["started_at"]).sum()),
        "replied_before_start": int((first["first_human_reply_at"] < first["started_at"]).sum()),
        "pending": int(pending.sum()), "unanswered": int((silent & ~pending).sum()),
        "bot_resolved": int(bot.sum()), "bot_then_human": int((bot & talks["clock"].notna()).sum()),
        "agent_started": int((first.drop_duplicates("conversation_id")["started_by"] == "agent").sum()),
        "holiday_mode": int(first.drop_duplicates("conversation_id")["holiday_mode"].sum()),
        "unrated": int(talks["csat"].isna().sum()), "rated": int(talks["csat"].notna().sum()),
        "late": int((talks["counted"] & (talks["clock"] > 86_400)).sum()),
        "longest_first_response": float(np.nanmax(talks.loc[talks["counted"], "clock"])),
    }  # fmt: skip
