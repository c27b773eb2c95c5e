"""Ratings that were never given: coverage, worst and best case, and what silent customers would have to think.

Most customers do not answer. Whatever they think lies between the worst case (all silent ones unsatisfied) and the best (all satisfied):
Manski's bounds need no assumption. The what-if in between supposes that silent customers are ``gap`` less often satisfied than those who
answered. Two agents' scores are comparable only if their response rates are within ten points of each other.

Source: Manski 1989.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from core.fairness import wilson

Floats = NDArray[np.float64]
COMPARABLE = 0.10


@dataclass(frozen=True)
class Bounds:
    """What a satisfied share can be when silence is taken seriously; arrays, one entry per group, NaN where nobody was asked.

    ``observed`` among those who answered, ``response`` how many of those asked did, ``low`` and ``high`` the worst and best case.
    """

    observed: Floats
    response: Floats
    low: Floats
    high: Floats


def manski(satisfied: ArrayLike, answered: ArrayLike, asked: ArrayLike) -> Bounds:
    """Worst and best case of the satisfied share of all who were asked. Raises ValueError unless satisfied ≤ answered ≤ asked.

    >>> found = manski([27], [30], [100])
    >>> found.observed.tolist(), found.low.tolist(), found.high.tolist()
    ([0.9], [0.27], [0.97])
    """
    good, said, all_ = (np.asarray(part, dtype=np.float64) for part in (satisfied, answered, asked))
    if (good > said).any() or (said > all_).any() or (good < 0).any():
        raise ValueError("must hold: 0 <= satisfied <= answered <= asked.")
    with np.errstate(divide="ignore", invalid="ignore"):
        return Bounds(good / said, said / all_, good / all_, (good + all_ - said) / all_)


def supposed(satisfied: ArrayLike, answered: ArrayLike, asked: ArrayLike, gap: float) -> Floats:
    """Satisfied share of all asked if silent customers are ``gap`` less often satisfied than those who answered; NaN without answers.

    ``gap`` is a share (0.1: ten points less; negative: more); the silent ones' share stays within 0…1.

    >>> supposed([90], [100], [400], 0.2).round(4).tolist()
    [0.75]
    """
    bounds = manski(satisfied, answered, asked)
    silent = np.clip(bounds.observed - gap, 0.0, 1.0)
    return np.asarray(bounds.response * bounds.observed + (1 - bounds.response) * silent, dtype=np.float64)


def panel(counts: pd.DataFrame, gap: float = 0.0) -> pd.DataFrame:
    """Coverage and bounds per group.

    Args:
        counts: one row per group: any label columns, ``satisfied``, ``answered``, ``asked``.
        gap: how much less often silent customers are satisfied (share).

    Returns:
        The labels with asked, answered, satisfied, observed (with low, high: Wilson), response (with response_low, response_high),
        worst, best, supposed, comparable (response rate within ten points of all groups together; False where nobody was asked).
    """
    labels = [name for name in counts.columns if name not in ("satisfied", "answered", "asked")]
    good, said, all_ = (counts[name].to_numpy(dtype=np.float64) for name in ("satisfied", "answered", "asked"))
    bounds, share, answered = manski(good, said, all_), wilson(good, said), wilson(said, all_)
    whole = said.sum() / all_.sum() if all_.sum() else np.nan
    frame = counts[[*labels, "asked", "answered", "satisfied"]].reset_index(drop=True)
    return frame.assign(
        observed=bounds.observed, low=share.low, high=share.high,
        response=bounds.response, response_low=answered.low, response_high=answered.high,
        worst=bounds.low, best=bounds.high, supposed=supposed(good, said, all_, gap),
        comparable=np.nan_to_num(np.abs(bounds.response - whole), nan=np.inf) <= COMPARABLE + 1e-12,
    )  # fmt: skip


def comparable(response_a: ArrayLike, response_b: ArrayLike) -> NDArray[np.bool_]:
    """Whether two response rates are near enough for their scores to be compared; unknown rates are not.

    >>> comparable([0.3, 0.3, 0.3], [0.4, 0.41, float("nan")]).tolist()
    [True, False, False]
    """
    apart = np.abs(np.asarray(response_a, dtype=np.float64) - np.asarray(response_b, dtype=np.float64))
    return np.asarray(np.nan_to_num(apart, nan=np.inf) <= COMPARABLE + 1e-12)
