"""Tables behind the pictures of demand: the past and the coming days in one line, a week of arrivals as a map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from core.staffing.demand import Demand, arrivals
from core.staffing.forecast import Fitted, Outlook
from core.staffing.models import WEEK

SPREAD = ("mean", "p50", "p80", "p90", "sd")
PAST_WEEKS = 8


def course(fitted: Fitted, found: Outlook) -> pd.DataFrame:
    """Days that were and days to come: x (date), y (contacts; to come: P50), low and high (P10, P90), since (first day to come).

    At most eight weeks of the past; past days have no band.
    """
    past = fitted.counts.sum(axis=1)[-PAST_WEEKS * WEEK :].astype(float)
    ahead = found.days
    days = np.concatenate([fitted.first_day + len(fitted.counts) - len(past) + np.arange(len(past)), ahead["local_day"]])
    none = np.full(len(past), np.nan)
    dates = pd.to_datetime(days, unit="D").as_unit("us")
    frame = {"x": dates, "y": np.concatenate([past, ahead["p50"]])}
    frame |= {end: np.concatenate([none, ahead[name]]) for end, name in (("low", "p10"), ("high", "p90"))}
    return pd.DataFrame(frame).assign(since=dates[len(past)])


def arrivals_map(demand: Demand, interval: int, what: str) -> pd.DataFrame:
    """Contacts per date for the map: weekday, hour (number of the slot in the day), value, n (dates); ``what`` is one of `SPREAD`."""
    table = arrivals(demand, interval)
    return pd.DataFrame(
        {"weekday": table["weekday"], "hour": table["start"] // interval, "value": table[what].astype(float), "n": table["n_days"]}
    )


def told(fitted: Fitted, found: Outlook) -> dict[str, Any]:
    """What the headline needs: contacts a week to come and of as many weeks before, and the busiest coming day."""
    weeks = len(found.days) // WEEK
    before = fitted.counts.sum(axis=1)[-weeks * WEEK :]
    day = found.days.loc[found.days["p50"].idxmax()]
    return {
        "weeks": weeks, "past": len(before) // WEEK, "total": float(found.days["mean"].sum()),
        "per_week": float(found.days["mean"].sum()) / weeks, "before": float(before.sum()) / (len(before) / WEEK),
        **{name: float(day[name]) for name in ("p10", "p50", "p90")}, "weekday": int(day["weekday"]), "local_day": int(day["local_day"]),
    }  # fmt: skip
