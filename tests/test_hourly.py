"""Hours of the day and cells of the week: what is found, what is not, and what is too thin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.hourly import HourRules, hours, week_cells


def cells(days: int = 70, seed: int = 0, slow: tuple[int, int] | None = None, factor: float = 1.5) -> pd.DataFrame:
    """Hours 8–15 with about 12 cases each; every day has its own level; ``slow`` is a weekday (-1 any) and an hour."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"local_day": np.repeat(4 + np.arange(days), 8), "hour": np.tile(range(8, 16), days)})
    frame["n"] = rng.poisson(12, len(frame)).astype(float)
    level = np.repeat(rng.lognormal(0, 0.2, days), 8)
    if slow is not None:
        there = (frame["hour"] == slow[1]) & ((slow[0] < 0) | ((frame["local_day"] + 3) % 7 == slow[0]))
        level = level * np.where(there, factor, 1.0)
    frame["total"] = frame["n"] * 60 * level * rng.normal(1, 0.1, len(frame))
    return frame[frame["n"] > 0]


def test_a_slow_hour_is_named_alone() -> None:
    """An hour half as long again stands out with its ratio; the others, whose rest now holds it, differ by little."""
    found = hours(cells(slow=(-1, 12))).set_index("hour")
    assert found.loc[12, "verdict"] == "strong_evidence"
    assert found.loc[12, "low"] < 1.5 < found.loc[12, "high"]
    assert found.loc[12, "direction"] == "up"
    assert (found.drop(index=12)["ratio"] < 1).all()


def test_figures_pool_and_add_up() -> None:
    """An hour's figure is its total over its cases; cases of all hours are those of the log."""
    frame = cells()
    found = hours(frame).set_index("hour")
    mine = frame[frame["hour"] == 10]
    assert found.loc[10, "value"] == pytest.approx(mine["total"].sum() / mine["n"].sum())
    assert found["n"].sum() == frame["n"].sum()
    assert week_cells(frame)["n"].sum() == frame["n"].sum()


def test_one_cell_of_the_week_is_named() -> None:
    """Wednesday at ten is slow on Wednesdays only: that cell is named and no other."""
    found = week_cells(cells(days=98, slow=(2, 10), factor=1.8))
    named = found[found["verdict"].isin(["evidence", "strong_evidence"])]
    assert named[["weekday", "hour"]].to_numpy().tolist() == [[2, 10]]


def test_levels_of_days_are_no_difference_between_hours() -> None:
    """Without a difference an hour is called, family-wise, in about as many logs as claimed; so is a cell."""
    called = [(hours(cells(56, seed)), week_cells(cells(56, seed))) for seed in range(60)]
    rates = [np.mean([(one["p_adjusted"] < 0.05).any() for one in side]) for side in zip(*called, strict=True)]
    assert max(rates) < 0.14


def test_thin_hours_are_not_judged() -> None:
    """Few cases or few days: shown with a reason, no p in the family."""
    frame = cells(70)
    thin = pd.DataFrame({"local_day": [4, 11], "hour": 3, "n": 1.0, "total": 50.0})
    found = hours(pd.concat([frame, thin])).set_index("hour")
    assert found.loc[3, ["verdict", "reason"]].tolist() == ["not_enough_data", "too_few_cases"]
    assert np.isnan(found.loc[3, "p_adjusted"])
    assert found["p_adjusted"].notna().sum() == 8


def test_shares_are_judged_as_differences() -> None:
    """A margin in points: a share of nothing anywhere has no ratio and no verdict, equal shares are unchanged."""
    frame = cells().assign(total=0.0)
    found = hours(frame, HourRules(margin=0.03, relative=False))
    assert found["ratio"].isna().all()
    assert (found["difference"] == 0).all()
    assert not found["verdict"].isin(["evidence", "strong_evidence"]).any()


def test_nothing_gives_nothing() -> None:
    """No rows, one day, one hour: empty or without verdict, never an error."""
    assert hours(cells().head(0)).empty
    assert (hours(cells(1))["verdict"] == "not_enough_data").all()
    only = cells(70)
    assert hours(only[only["hour"] == 9])["p"].isna().all()
