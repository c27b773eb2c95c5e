"""Is A better than B? Differences of two agents, all pairs with correction, and who cannot be told apart.

===============  ====================================================  ==============================================
kind of figure   difference a − b                                      p-value
===============  ====================================================  ==============================================
share            Newcombe's hybrid score                               Fisher's exact (mid-p)
median           the two order-statistic intervals put together        superiority, days as blocks (Brunner & Munzel)
mean, ratio      the two day-blocked intervals put together            from that interval
===============  ====================================================  ==============================================

Superiority is the probability that a random case of A has a larger value than a random case of B (ties count half). All pairs of a team
are one family (Holm). Two agents share a letter exactly when no test tells them apart: letters are no ranks.

Sources: Newcombe 1998; Zou & Donner 2008; Brunner & Munzel 2000; DeLong et al. 1988; Piepho 2004 (letters); Cohen 1988 (arcsine).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from core.fairness import wilson
from core.trends import adjust, verdict_codes

Floats = NDArray[np.float64]
POWER = 0.8
MOST_COLUMNS = 60


@dataclass(frozen=True)
class Sides:
    """Agents' figures as tests take them: one entry per agent.

    ``value`` with ``low``, ``high`` (95 %) and ``n``; ``hits`` for shares; ``cases`` and ``days``: each agent's single values and the
    days they lie on, for medians.
    """

    names: tuple[str, ...]
    value: Floats
    low: Floats
    high: Floats
    n: Floats
    hits: Floats | None = None
    cases: tuple[Floats, ...] = ()
    days: tuple[NDArray[np.int64], ...] = ()


@dataclass(frozen=True)
class PairRules:
    """When and how a pair is judged.

    ``judged_from``: n of both sides from which on there is a verdict. ``margin``: what is practically the same, in the figure's unit.
    ``better``: +1 when higher is better, −1 when lower, 0 neither.
    """

    judged_from: float = 30.0
    margin: float = 0.03
    better: int = 1


def shares_of(names: Sequence[str], hits: ArrayLike, n: ArrayLike) -> Sides:
    """Agents with a share each.

    >>> shares_of(["a", "b"], [8, 9], [10, 10]).value.tolist()
    [0.8, 0.9]
    """
    hit, size = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    found = wilson(hit, size)
    return Sides(tuple(names), found.value, found.low, found.high, size, hits=hit)


def all_pairs(sides: Sides, rules: PairRules | None = None) -> pd.DataFrame:
    """Every pair of agents as one family.

    Returns:
        One row per pair: a, b, n_a, n_b, value_a, value_b, difference (a − b), low, high (95 %, of this pair alone), superiority
        with superiority_low, superiority_high (NaN where there are no single cases; for shares 0.5 + difference / 2), p, p_adjusted
        (Holm), family, verdict, ahead (``a``, ``b`` or empty: who does better, only where there is evidence).

    >>> found = all_pairs(shares_of(["a", "b", "c"], [95, 80, 12], [100, 100, 14]))
    >>> found["verdict"].tolist(), found["ahead"].tolist()
    (['strong_evidence', 'not_enough_data', 'not_enough_data'], ['a', '', ''])
    """
    rules = rules or PairRules()
    i, j = np.triu_indices(len(sides.names), 1)
    names = np.array(sides.names, dtype=object)
    frame = pd.DataFrame({"a": names[i], "b": names[j], "n_a": sides.n[i], "n_b": sides.n[j]})
    frame["value_a"], frame["value_b"] = sides.value[i], sides.value[j]
    frame["difference"] = sides.value[i] - sides.value[j]
    down = np.hypot(sides.value[i] - sides.low[i], sides.high[j] - sides.value[j])
    up = np.hypot(sides.high[i] - sides.value[i], sides.value[j] - sides.low[j])
    frame["low"], frame["high"] = frame["difference"] - down, frame["difference"] + up
    enough = (np.minimum(sides.n[i], sides.n[j]) >= rules.judged_from) & frame["difference"].notna().to_numpy()
    frame[["superiority", "superiority_low", "superiority_high", "p"]] = _tests(sides, i, j, frame, enough)
    frame.loc[~enough, "p"] = np.nan
    frame["p_adjusted"] = adjust(frame["p"])
    frame["family"] = int(frame["p"].notna().sum())
    narrow = special.ndtri(0.95) / special.ndtri(0.975)
    same = (frame["difference"] - narrow * down >= -rules.margin) & (frame["difference"] + narrow * up <= rules.margin)
    frame["verdict"] = verdict_codes(frame["p"], frame["p_adjusted"], same, enough)
    return frame.assign(ahead=_ahead(frame, rules.better))


def _ahead(frame: pd.DataFrame, better: int) -> NDArray[np.object_]:
    told = frame["verdict"].isin(["evidence", "strong_evidence"]) & (better != 0)
    side = np.sign(np.where(frame["superiority"].notna(), frame["superiority"] - 0.5, frame["difference"])) * (better or 1)
    return np.select([~told, side > 0, side < 0], ["", "a", "b"], "").astype(object)


def _tests(sides: Sides, i: NDArray[np.int64], j: NDArray[np.int64], frame: pd.DataFrame, enough: NDArray[np.bool_]) -> Floats:
    """Superiority, its interval and p per pair, by the kind of figure."""
    out = np.full((len(i), 4), np.nan)
    if sides.hits is not None:
        out[:, 0] = 0.5 + frame["difference"] / 2
        out[:, 1], out[:, 2] = 0.5 + frame["low"] / 2, 0.5 + frame["high"] / 2
        out[enough, 3] = fisher(sides.hits[i], sides.n[i], sides.hits[j], sides.n[j])[enough]
    elif sides.cases:
        order = [np.argsort(values, kind="stable") for values in sides.cases]
        cases = [values[at] for values, at in zip(sides.cases, order, strict=True)]
        days = [np.unique(day[at], return_inverse=True)[1] for day, at in zip(sides.days, order, strict=True)]
        for row in np.flatnonzero(enough):
            out[row] = superiority_test(cases[i[row]], days[i[row]], cases[j[row]], days[j[row]])
    else:
        reach = np.where(frame["difference"] > 0, frame["difference"] - frame["low"], frame["high"] - frame["difference"])
        with np.errstate(divide="ignore", invalid="ignore"):
            out[:, 3] = 2 * special.ndtr(-np.abs(frame["difference"]) / reach * special.ndtri(0.975))
    return out


def fisher(hits_a: ArrayLike, n_a: ArrayLike, hits_b: ArrayLike, n_b: ArrayLike, alternative: str = "two-sided") -> Floats:
    """Fisher's exact test with mid-p for many pairs at once: twice the smaller tail, half of the seen table counted.

    ``greater``: is the first share the larger one? ``exact``: the textbook's two-sided p (all tables not likelier than the seen one),
    without mid-p, as R gives it. NaN where a side has no cases.

    >>> fisher([9], [10], [3], [10], "exact").round(4).tolist()
    [0.0198]
    """
    from scipy import stats

    x, n, y, m = np.broadcast_arrays(*(np.asarray(part, dtype=np.float64) for part in (hits_a, n_a, hits_b, n_b)))
    known = (n > 0) & (m > 0)
    if alternative == "exact":
        tables = zip(x.ravel(), n.ravel(), y.ravel(), m.ravel(), strict=True)
        exact = [stats.fisher_exact([[a, b - a], [c, d - c]])[1] if b and d else np.nan for a, b, c, d in tables]
        return np.asarray(exact, dtype=np.float64)
    chance = stats.hypergeom(np.maximum(n + m, 1), x + y, np.maximum(n, 0))
    half = chance.pmf(x) / 2
    upper = chance.sf(x) + half
    p = upper if alternative == "greater" else np.minimum(1.0, 2 * np.minimum(upper, chance.cdf(x) - half))
    return np.where(known, p, np.nan)


def conditional_odds(hits_a: float, n_a: float, hits_b: float, n_b: float) -> float:
    """Odds ratio of a against b by conditional maximum likelihood, as it stands beside Fisher's test.

    Called by no page: the estimate that other programs print with that test, for who compares the two.
    0 or inf at the ends, NaN without data. Solved to 13 digits; R's ``fisher.test`` stops after four.

    >>> round(conditional_odds(9, 10, 3, 10), 3)
    17.269
    """
    low, high = max(0.0, hits_a + hits_b - n_b), min(n_a, hits_a + hits_b)
    if low == high:
        return float("nan")
    if hits_a in (low, high):
        return 0.0 if hits_a == low else float("inf")
    table = np.arange(low, high + 1)
    ways = -special.betaln(table + 1, n_a - table + 1) - special.betaln(hits_a + hits_b - table + 1, n_b - hits_a - hits_b + table + 1)

    def surplus(log_odds: float) -> float:
        weight = ways + table * log_odds
        chance = np.exp(weight - weight.max())
        return float(chance @ table / chance.sum() - hits_a)

    return float(np.exp(optimize.brentq(surplus, -60.0, 60.0, xtol=1e-13)))


def superiority_test(a: Floats, days_a: NDArray[np.int64], b: Floats, days_b: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """Probability that a case of ``a`` exceeds one of ``b``, its 95 % interval, and p of 0.5; ascending values, days counted from 0.

    Placements of each side in the other, their variance with days as blocks, Satterthwaite's degrees of freedom. Complete separation
    has no spread left: its error is that of half a case on the smaller side.

    >>> [round(part, 3) for part in superiority_test(np.arange(5.0, 45), np.arange(40) % 10, np.arange(40.0), np.arange(40) % 10)]
    [0.617, 0.555, 0.68, 0.001]
    """
    place_a = (np.searchsorted(b, a, "left") + np.searchsorted(b, a, "right")) / (2 * len(b))
    place_b = (np.searchsorted(a, b, "left") + np.searchsorted(a, b, "right")) / (2 * len(a))
    parts, free = zip(*(_blocked_variance(place, day) for place, day in ((place_a, days_a), (place_b, days_b))), strict=True)
    found = float(place_a.mean())
    floor = (0.5 / min(len(a), len(b))) ** 2 / 4
    spread = max(parts[0] + parts[1], floor)
    freedom = spread**2 / max(parts[0] ** 2 / free[0] + parts[1] ** 2 / free[1], 1e-300)
    error = float(np.sqrt(spread))
    half = error * float(special.stdtrit(min(freedom, 1e6), 0.975))
    p = 2 * float(special.stdtr(min(freedom, 1e6), -abs(found - 0.5) / error))
    return found, max(found - half, 0.0), min(found + half, 1.0), p


def _blocked_variance(place: Floats, day: NDArray[np.int64]) -> tuple[float, float]:
    """Variance of a mean of placements with days as blocks, and its degrees of freedom; one day falls back on single cases."""
    off = place - place.mean()
    blocks = int(day.max()) + 1
    if blocks < 2:
        return float((off**2).sum() / max(len(off) - 1, 1) / len(off)), max(len(off) - 1.0, 1.0)
    sums = np.bincount(day, off)
    return float((sums**2).sum() * blocks / (blocks - 1) / len(off) ** 2), blocks - 1.0


# --- how much more data ----------------------------------------------------------------------------------------------------------


def needed_cases(effect: float, tests: int = 1, share: float = 0.5, power: float = POWER) -> float:
    """Cases in all until two groups that differ by ``effect`` standard deviations are told apart; ``share`` of them lie in the first group.

    α = 0.05 / tests, two-sided; inf when nothing differs.

    >>> round(needed_cases(0.5))
    126
    """
    return float((_reach(tests, power) / effect) ** 2 * (1 / share + 1 / (1 - share))) if effect > 0 else float("inf")


def needed_share(a: float, b: float, tests: int = 1, power: float = POWER) -> float:
    """Ratings per side until two shares that truly differ like this are told apart (arcsine; α = 0.05 / tests, two-sided).

    >>> [int(np.ceil(needed_share(0.85, b))) for b in (0.87, 0.90, 0.93)], needed_share(0.85, 0.85)
    ([4720, 681, 233], inf)
    """
    return needed_cases(share_effect(a, b), tests, power=power) / 2


def share_effect(a: float, b: float) -> float:
    """The difference of two shares in standard deviations: on the arcsine scale, where every share scatters alike (Cohen's h).

    >>> round(share_effect(0.85, 0.90), 3)
    0.152
    """
    return float(2 * abs(np.arcsin(np.sqrt(a)) - np.arcsin(np.sqrt(b))))


def seen_effect(cases: float, tests: int = 1, share: float = 0.5, power: float = POWER) -> float:
    """The other way round: the difference in standard deviations that so many cases in all tell apart; inf without cases.

    >>> round(seen_effect(126), 2)
    0.5
    """
    return float(_reach(tests, power) * np.sqrt((1 / share + 1 / (1 - share)) / cases)) if cases > 0 else float("inf")


def _reach(tests: int, power: float) -> float:
    return float(special.ndtri(1 - 0.05 / (2 * max(tests, 1))) + special.ndtri(power))


@dataclass(frozen=True)
class Decidable:
    """Observations each side needs (``needed``), and how many more each has to wait for; inf when no difference is seen."""

    needed: float
    more_a: float
    more_b: float


def until_decidable(pair: pd.Series, tests: int = 1, is_share: bool = True) -> Decidable:
    """How much more data until the seen difference of a row of `all_pairs` would be told apart in 80 % of cases.

    Shares by the arcsine formula. Other figures by growth: an estimate's error shrinks with the root of n, so both sides must grow until
    the seen difference is (z_α + z_power) errors wide.

    >>> row = all_pairs(shares_of(["a", "b"], [45, 40], [50, 50])).iloc[0]
    >>> found = until_decidable(row)
    >>> round(found.needed), round(found.more_a)
    (195, 145)
    """
    if is_share:
        needed = needed_share(float(pair["value_a"]), float(pair["value_b"]), tests)
    else:
        seen = abs(special.ndtri(max(float(pair["p"]), 1e-300) / 2))
        smaller = min(float(pair["n_a"]), float(pair["n_b"]))
        needed = smaller * (_reach(tests, POWER) / seen) ** 2 if seen > 0 else float("inf")
    more = [float(np.ceil(max(needed - float(pair[name]), 0.0))) for name in ("n_a", "n_b")]
    return Decidable(float(needed), more[0], more[1])


# --- who cannot be told apart ----------------------------------------------------------------------------------------------------


def letters(names: Sequence[str], told: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Compact letters: two names share a letter exactly when they are not among the pairs ``told`` apart.

    Letters run in the order of the names given (best first, say): a, b, … z, then a1, b1 …. Insert and absorb (Piepho 2004).
    Raises ValueError when more than 60 groups would be needed: then letters say nothing.

    >>> letters(["x", "y", "z"], [("x", "z")])
    {'x': 'a', 'y': 'ab', 'z': 'b'}
    """
    bit = {name: 1 << at for at, name in enumerate(names)}
    groups = [(1 << len(bit)) - 1]
    place = {name: at for at, name in enumerate(names)}
    for one, other in sorted(told, key=lambda pair: sorted((place[pair[0]], place[pair[1]]))):
        both = bit[one] | bit[other]
        split = [part for group in groups if group & both == both for part in (group & ~bit[one], group & ~bit[other])]
        kept = [group for group in groups if group & both != both]
        groups = kept + _widest(split, kept)
        if len(groups) > MOST_COLUMNS:
            raise ValueError(f"more than {MOST_COLUMNS} groups; letters would say nothing.")
    ordered = sorted(groups, key=lambda group: [at for at in range(len(bit)) if group >> at & 1])
    marks = [chr(97 + at % 26) + (str(at // 26) if at >= 26 else "") for at in range(len(ordered))]
    return {name: "".join(mark for mark, group in zip(marks, ordered, strict=True) if group & bit[name]) for name in names}


def _widest(split: list[int], kept: list[int]) -> list[int]:
    """The new groups that lie in no other group."""
    unique = list(dict.fromkeys(split))
    return [
        one for one in unique
        if not any(one & other == one and one != other for other in unique) and not any(one & other == one for other in kept)
    ]  # fmt: skip
