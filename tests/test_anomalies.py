"""Unusual days: planted spikes are marked, ordinary, restless and stepping series are not."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest

from core import anomalies
from core.anomalies import DayRules, unusual_days
from tests.movements import FIRST

QUICK = DayRules(log=True, draws=499)


def series(seed: int, days: int = 84, alike: float = 0.0, spike: float = 0.0) -> pd.DataFrame:
    """Day values around 60 s with a slow Friday, noise of 10 % and a spike in the middle."""
    rng = np.random.default_rng([seed, days])
    noise = rng.normal(size=days + 30)
    for at in range(1, len(noise)):
        noise[at] += alike * noise[at - 1]
    day = np.arange(days)
    level = 4.1 + 0.15 * (day % 7 == 4) + spike * (day == days // 2) + 0.1 * np.sqrt(1 - alike**2) * noise[30:]
    return pd.DataFrame({"local_day": day + FIRST, "value": np.exp(level), "n": rng.poisson(60, days) + 1.0})


def test_examples_hold() -> None:
    """The examples in the module give what they say."""
    result = doctest.testmod(anomalies)
    assert (result.failed, result.attempted >= 1) == (0, True)


@pytest.mark.parametrize("alike", [0.0, 0.5])
def test_a_planted_spike_is_marked(alike: float) -> None:
    """A day at twice its usual value: marked, alone, above the band, with what is usual near the truth."""
    found = unusual_days(series(1, alike=alike, spike=0.7), QUICK)
    assert found.marked["local_day"].tolist() == [FIRST + 42]
    row = found.marked.iloc[0]
    assert row["value"] > row["high"]
    assert row["expected"] == pytest.approx(60, rel=0.2)


def test_ordinary_series_are_not_marked() -> None:
    """Forty series without spikes, half of them with days that resemble their neighbours: at most four have a mark."""
    found = [unusual_days(series(at, alike=0.5 * (at % 2)), QUICK).marked for at in range(40)]
    assert sum(len(rows) > 0 for rows in found) <= 4


def test_a_lasting_step_is_no_unusual_day() -> None:
    """From day 42 on all is 50 % slower: a change, not a row of unusual days."""
    frame = series(3)
    frame.loc[42:, "value"] *= 1.5
    assert len(unusual_days(frame, QUICK).marked) == 0


def test_days_of_few_cases_may_lie_farther_out() -> None:
    """The same value on a day of six cases says less than on one of six hundred, and a day of two is not judged."""
    frame = series(2, spike=0.55)
    p = []
    for n in (6.0, 600.0):
        frame.loc[42, "n"] = n
        p.append(unusual_days(frame, QUICK).days.loc[42, "p_adjusted"])
    assert p[0] > p[1]
    frame.loc[42, "n"] = 2.0
    row = unusual_days(frame, QUICK).days.loc[42]
    assert row["verdict"] == "not_enough_data"


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (series(1, days=20), "too_few_days"),
        (series(1).iloc[:0], "too_few_days"),
        (series(1).assign(value=60.0), "zero_variance"),
        (series(1).assign(value=np.nan), "too_few_days"),
        (series(1).assign(n=3.0), "too_few_days"),
    ],
)
def test_too_little_is_said(frame: pd.DataFrame, reason: str) -> None:
    """Twenty days, none, all equal, no values, hardly any cases: a reason and no marks."""
    found = unusual_days(frame, QUICK)
    assert (found.reason, len(found.marked)) == (reason, 0)


def test_gaps_and_order_do_not_matter() -> None:
    """Closed Sundays and shuffled rows: the spike is still the only mark."""
    frame = series(1, spike=0.7)
    frame = frame[(frame["local_day"] - FIRST) % 7 != 6].sample(frac=1, random_state=1)
    assert unusual_days(frame, QUICK).marked["local_day"].tolist() == [FIRST + 42]
