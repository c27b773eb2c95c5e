"""Peaks: slots and days with more contacts than weekday and hour explain, held against a negative binomial.

The yardstick of a slot comes from the same weekday and slot on the other dates; its own day is left out, of the mean and of the
over-dispersion. The p-value is P(count ≥ observed); Holm over all slots of the period (days are a family of their own). With
Poisson instead, every busy day would be a peak: how many that would be is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from core.staffing.counts import Dispersion, at_least, dispersion
from core.staffing.demand import Demand, total_counts
from core.staffing.models import WEEK
from core.staffing.queues import FloatArray, IntArray
from core.staffing.special import ordinary_days
from core.trends import adjust

ALPHA = 0.05
DATES_MIN = 4
_PRIOR = 0.5


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks of a period.

    Args:
        periods: slots in a row that are peaks, as one row each: local_day, weekday, start, end (minutes), observed, expected, ratio,
            p_adjusted (smallest of its slots), kind and name_of (a special day's).
        days: days that are peaks as a whole: local_day, weekday, observed, expected, ratio, p, p_adjusted, kind, name_of.
        by_slot, by_day: over-dispersion of the usual slots and days.
        reason: ``too_few_dates`` where no weekday has enough dates; empty otherwise.
        facts: family sizes (``slots``, ``days_tested``);
            ``poisson_slots``, ``poisson_days`` and their sum ``poisson`` (called by a Poisson yardstick).
    """

    periods: pd.DataFrame
    days: pd.DataFrame
    by_slot: Dispersion
    by_day: Dispersion
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def all(self) -> pd.DataFrame:
        """Days and periods in one table, for a file: ``what`` is "day" or "slot"."""
        return pd.concat([self.days.assign(what="day"), self.periods.assign(what="slot")], ignore_index=True)


def yardstick(counts: IntArray, weekdays: IntArray, ordinary: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Mean and negative binomial size of every date × column from the other dates of its weekday.

    Half a contact is added to every sum, so that an hour that never had one does not make its first a wonder; the size allows for
    the error of the mean as well. NaN below `DATES_MIN` other dates. Special days are judged but are no yardstick.
    """
    mean = np.full(counts.shape, np.nan)
    n = np.zeros(len(counts))
    for day in range(WEEK):
        at = weekdays == day
        usual = counts[at & ordinary]
        own = np.where(ordinary[at, None], counts[at], 0)
        n[at] = len(usual) - ordinary[at]
        mean[at] = (usual.sum(axis=0) - own + _PRIOR) / np.maximum(n[at, None], 1)
    beyond = _beyond(counts, weekdays, ordinary)
    inverse = beyond[:, None] + (1 / mean + beyond[:, None]) / np.maximum(n[:, None], 1)
    mean[n < DATES_MIN] = np.nan
    return mean, 1 / inverse


def _beyond(counts: IntArray, weekdays: IntArray, ordinary: np.ndarray) -> FloatArray:
    """1 / θ from all days but the own one, per day: moments pooled over weekdays and columns; never negative."""
    excess, squares = np.zeros(len(counts)), np.zeros(len(counts))
    for day in range(WEEK):
        own = weekdays == day
        at = np.flatnonzero(own & ordinary)
        if len(at) < 2:
            continue
        whole = _moments(counts[at].sum(axis=0), (counts[at] ** 2).sum(axis=0), len(at))
        excess += whole[0]
        squares += whole[1]
        rest = counts[at].sum(axis=0) - counts[at], (counts[at] ** 2).sum(axis=0) - counts[at] ** 2
        without = _moments(*rest, len(at) - 1)
        excess[at] += without[0] - whole[0]
        squares[at] += without[1] - whole[1]
    return np.maximum(np.divide(excess, squares, out=np.zeros_like(excess), where=squares > 0), 0)


def _moments(total: IntArray, of_squares: IntArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Sums over columns of variance beyond Poisson and of squared means, by degrees of freedom; both without bias."""
    mean = total / n
    variance = (of_squares - n * mean**2) / max(n - 1, 1)
    return (n - 1) * (variance - mean).sum(axis=-1), (n - 1) * (mean**2 - variance / n).sum(axis=-1)


def find_peaks(demand: Demand, interval: int = 60, special_days: Mapping[int, tuple[str, str]] | None = None) -> Peaks:
    """Slots of ``interval`` minutes and days with more contacts than their weekday explains.

    Args:
        demand: from :func:`core.staffing.measure_demand`.
        interval: slot length, 15, 30 or 60 minutes.
        special_days: local day → (kind, name) of holidays and promotions: judged, but no yardstick for others.
    """
    apart = dict(special_days or {})
    quarters = total_counts(demand)
    counts = quarters.reshape(len(quarters), 1440 // interval, -1).sum(axis=2)
    ordinary = ordinary_days(demand.period[0], len(counts), apart)
    slots = _judged(counts, demand.weekdays, ordinary)
    days = _judged(counts.sum(axis=1, keepdims=True), demand.weekdays, ordinary)
    usual = demand.weekdays[ordinary]
    facts = {
        "slots": int(np.isfinite(slots["p"]).sum()), "days_tested": int(np.isfinite(days["p"]).sum()), "interval": interval,
        "poisson_slots": int((slots["poisson"] < ALPHA).sum()), "poisson_days": int((days["poisson"] < ALPHA).sum()),
    }  # fmt: skip
    facts["poisson"] = facts["poisson_slots"] + facts["poisson_days"]
    return Peaks(
        _named(_periods(slots, counts.shape[1], interval), demand, apart),
        _named(_days(days), demand, apart),
        dispersion(counts[ordinary], usual),
        dispersion(counts[ordinary].sum(axis=1, keepdims=True), usual),
        "" if facts["slots"] else "too_few_dates",
        facts,
    )


def _judged(counts: IntArray, weekdays: IntArray, ordinary: np.ndarray) -> pd.DataFrame:
    """One row per date × column: observed, expected, p and adjusted p by the negative binomial, adjusted p by Poisson."""
    mean, size = yardstick(counts, weekdays, ordinary)
    known = np.isfinite(mean)
    p, plain = np.full(counts.shape, np.nan), np.full(counts.shape, np.nan)
    p[known] = _unsure(at_least(counts[known], mean[known], size[known]), _freedom(weekdays, ordinary) * counts.shape[1])
    plain[known] = at_least(counts[known], mean[known], np.inf)
    frame = {"observed": counts.ravel(), "expected": mean.ravel(), "p": p.ravel()}
    return pd.DataFrame(frame | {"p_adjusted": adjust(p.ravel()), "poisson": adjust(plain.ravel())})


def _freedom(weekdays: IntArray, ordinary: np.ndarray) -> int:
    return int(np.maximum(np.bincount(weekdays[ordinary], minlength=WEEK) - 1, 0).sum())


def _unsure(p: FloatArray, free: int) -> FloatArray:
    """Tail probabilities with θ estimated instead of known: the normal score is read from a t distribution.

    Without it a peak is called among the days of 9 to 13 of 100 logs without any.
    """
    return np.asarray(special.stdtr(max(free, 1), special.ndtri(p)))


def _periods(slots: pd.DataFrame, columns: int, interval: int) -> pd.DataFrame:
    """Peak slots of a day that follow each other, as one."""
    at = np.flatnonzero((slots["p_adjusted"] < ALPHA).to_numpy())
    runs = [run for run in np.split(at, np.flatnonzero((np.diff(at) > 1) | (at[1:] % columns == 0)) + 1) if len(run)]
    rows = [_period(slots.iloc[run], run, columns, interval) for run in runs]
    return pd.DataFrame(rows, columns=["day", "start", "end", "observed", "expected", "ratio", "p_adjusted"])


def _period(rows: pd.DataFrame, run: IntArray, columns: int, interval: int) -> dict[str, Any]:
    observed, expected = int(rows["observed"].sum()), float(rows["expected"].sum())
    start = int(run[0] % columns) * interval
    return {
        "day": int(run[0] // columns), "start": start, "end": start + len(run) * interval, "observed": observed,
        "expected": expected, "ratio": observed / expected, "p_adjusted": float(rows["p_adjusted"].min()),
    }  # fmt: skip


def _days(days: pd.DataFrame) -> pd.DataFrame:
    found = days[days["p_adjusted"] < ALPHA]
    names = ["observed", "expected", "p", "p_adjusted"]
    return found[names].assign(ratio=found["observed"] / found["expected"], day=found.index)


def _named(frame: pd.DataFrame, demand: Demand, apart: Mapping[int, tuple[str, str]]) -> pd.DataFrame:
    """With date, weekday and what is known of the day; rarest first."""
    at = frame["day"].to_numpy(np.int64)
    days = demand.period[0] + at
    known = [apart.get(int(day), ("", "")) for day in days]
    named = frame.drop(columns="day").assign(kind=[kind for kind, _ in known], name_of=[name for _, name in known])
    named.insert(0, "local_day", days)
    named.insert(1, "weekday", demand.weekdays[at])
    return named.sort_values(["p_adjusted", "local_day"], kind="stable").reset_index(drop=True)
