"""A change that reached agents on different days: each around the own date, all together against those it had not reached.

Every agent's change (the time after the own date less the time before) is set against the change of the agents who were untouched over
those very days: never reached, or so early or late that the whole of both windows lies on one side of their date. The mean over the reached
agents is judged by dealing the dates out anew over all agents; with one date for all this is `core.beforeafter.judge_agents`. A common move
of the shop, and agents who differ for good, fall out; what regression to the mean gives is allowed for as there.

Sources: Cengiz et al. 2019 (stacked event studies with clean controls); Callaway & Sant'Anna 2021; Janssen 1997 for dealing under a t.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.beforeafter import ARM_MIN, Shift
from core.fairness import Estimate
from core.regression import STEADY
from core.shifts import SEED, edge, walsh_middle

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DEALS = 1_999
NEVER = -1


@dataclass(frozen=True)
class Rollout:
    """Agents × dates.

    Args:
        before, after: each agent's pooled figure in the windows around each date; NaN where there is too little.
        expected, expected_most: change of each to be expected without effect (`core.beforeafter.expectations`), and the most.
        own: place of each agent's date, `NEVER` where the change did not reach the agent.
        exposure: dates × (dates + 1): by how much the reached part of the window grows over date k for somebody with date j (last: never).
            1 on the diagonal; 0 where such a person is a clean control.
    """

    before: Floats
    after: Floats
    expected: Floats
    expected_most: Floats
    own: Ints
    exposure: Floats


def exposures(days: Ints, spans: list[tuple[int, int, int, int]]) -> Floats:
    """Exposure of people with each date (and of the never reached) in each window: part of the days after that are reached, less before.

    ``spans``: first and last day before, first and last day after, per date.

    >>> exposures(np.array([10, 20]), [(3, 9, 10, 16), (13, 19, 20, 26)]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    found = np.zeros((len(days), len(days) + 1))
    for k, (first, until, since, last) in enumerate(spans):
        for j, day in enumerate(days):
            sides = ((since, last), (first, until))
            reached = [max(0, end - max(start, int(day)) + 1) / (end - start + 1) for start, end in sides]
            found[k, j] = reached[0] - reached[1]
    return found


def judge_rollout(given: Rollout) -> Shift:
    """All reached agents together; ``n_before`` counts them, ``n_after`` the fewest clean controls of a date.

    Fewer than five of either: the estimate alone, reason ``too_few_agents``.
    """
    counted, moved = _counted(given)
    reached, clean = np.flatnonzero(counted != NEVER), _clean(given.exposure)
    controls = _fewest(counted, clean, moved)
    expected, most = (_statistic(np.nan_to_num(part), counted, clean)[0] for part in (given.expected, given.expected_most))
    gains = _gains(moved, counted, clean)
    rank = Estimate(walsh_middle(gains) if len(gains) else np.nan, np.nan, np.nan, len(gains), "pseudo_median", "no_interval")
    before, after = (float(side[reached, counted[reached]].mean()) if len(reached) else np.nan for side in (given.before, given.after))
    if not np.isfinite(given.expected).any():
        expected = most = np.nan
    seen = float(gains.mean()) if len(gains) else np.nan
    base = Shift(
        before, after, seen, *(np.nan,) * 5, "rollout", "rollout", "agents", len(reached), controls, rank, expected, most
    )
    if min(len(reached), controls) < ARM_MIN:
        return replace(base, reason="too_few_agents")
    rest = moved - np.nan_to_num(given.expected)
    if float(np.nanstd(rest)) <= STEADY * float(np.nanmax(np.abs(given.before))):
        return replace(base, reason="zero_variance")
    off, far = float(np.nan_to_num(expected)), float(np.nan_to_num(most))
    ends = _judged(given.exposure, rest, counted, (0.0, -off, far - off))
    return replace(base, **{name: end + off for name, end in ends.items() if name != "p"}, p=ends["p"])


def _counted(given: Rollout) -> tuple[Ints, Floats]:
    """Own dates and changes; who has no figure around the own date is neither reached nor a control."""
    moved = given.after - given.before
    unknown = (given.own != NEVER) & ~np.isfinite(moved[np.arange(len(given.own)), np.maximum(given.own, 0)])
    return np.where(unknown, NEVER, given.own), np.where(unknown[:, None], np.nan, moved)


def _clean(exposure: Floats) -> NDArray[np.bool_]:
    return exposure == 0


def _fewest(own: Ints, clean: NDArray[np.bool_], moved: Floats) -> int:
    """Clean controls with a figure, of the date that has fewest."""
    dates = np.unique(own[own != NEVER])
    return int(min((int((clean[k, own] & np.isfinite(moved[:, k])).sum()) for k in dates), default=0))


def _gains(values: Floats, own: Ints, clean: NDArray[np.bool_]) -> Floats:
    """Each reached agent's value at the own date less the clean controls' mean there."""
    reached = np.flatnonzero(own != NEVER)
    middle = _middles(values, own[None, :], clean)[0][0]
    return np.asarray((values[reached, own[reached]] - middle[own[reached]]), dtype=np.float64)


def _middles(values: Floats, deals: Ints, clean: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Mean of the clean controls at each date, and the variance of that mean; deals × dates."""
    there = np.isfinite(values)
    known = np.where(there, values, 0.0)
    means, errors = (np.full((len(deals), values.shape[1]), np.nan) for _ in range(2))
    for k in range(values.shape[1]):
        control = clean[k][deals] & there[:, k]
        n = control.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            means[:, k] = control @ known[:, k] / n
            errors[:, k] = np.maximum(control @ known[:, k] ** 2 / n - means[:, k] ** 2, 0.0) / (n - 1)
    return means, errors


def _statistic(values: Floats, own: Ints, clean: NDArray[np.bool_]) -> tuple[float, float]:
    """Mean gain and its t for one way to deal the dates."""
    found = _statistics(values, own[None, :], clean)
    return float(found[0][0]), float(found[1][0])


def _statistics(values: Floats, deals: Ints, clean: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Mean gain and |t| per deal (rows of ``deals``: place of each agent's date, `NEVER`)."""
    means, errors = _middles(values, deals, clean)
    reached, at = deals != NEVER, np.maximum(deals, 0)
    gain = values[np.arange(values.shape[0]), at] - np.take_along_axis(means, at, axis=1)
    used = reached & np.isfinite(gain)
    n = used.sum(axis=1)
    gain = np.where(used, gain, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = gain.sum(axis=1) / n
        spread = np.maximum((gain**2).sum(axis=1) / n - mean**2, 0.0) / (n - 1)
        counts = np.stack([(used & (at == k)).sum(axis=1) for k in range(values.shape[1])], axis=1) / n[:, None]
        error = spread + np.nansum(counts**2 * errors, axis=1)
        return mean, np.asarray(np.nan_to_num(np.abs(mean) / np.sqrt(error), nan=0.0), dtype=np.float64)


def _judged(exposure: Floats, rest: Floats, own: Ints, nulls: tuple[float, ...]) -> dict[str, Any]:
    """Mean gain, 95 % and 90 % interval, and p: dates dealt out anew among all agents with figures."""
    clean, people = _clean(exposure), np.isfinite(rest).any(axis=1)
    rest, own = rest[people], own[people]
    rng = np.random.default_rng(SEED)
    deals = np.stack([rng.permutation(own) for _ in range(DEALS)])
    reached = exposure[:, own].T  # what each agent's date adds to each window, per unit of effect

    def p_of(d: float) -> float:
        left = rest - d * reached
        seen = _statistic(left, own, clean)[1]
        far = _statistics(left, deals, clean)[1] >= seen * (1 - 1e-9)
        return float((far.sum() + 1) / (len(far) + 1))

    shift = _statistic(rest, own, clean)[0]
    reach = 4 * float(np.nanmax(rest) - np.nanmin(rest))
    p = 1.0 if min(nulls) < shift < max(nulls) else max(map(p_of, nulls))
    low, high, low90, high90 = (edge(p_of, shift, sign * reach, tail) for tail in (0.05, 0.10) for sign in (-1, 1))
    return {"shift": shift, "low": low, "high": high, "low90": low90, "high90": high90, "p": p}
