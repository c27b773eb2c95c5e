"""Something changed on a day: are the figures different since, by how much, and is that more than chance and regression to the mean?

Day values are compared, like weekday with like weekday, never pooled chats. Which method judges is decided by the data and said:

=======================  =========================================================================================================
``did``                  at least five agents with the change and five without: difference of their changes, labels dealt out anew
``its``                  at least 28 days with a value on each side: step at the date beyond the line that ran before, AR(1) errors
``newcombe``             shares with 14 to 27 days: Newcombe's interval with the effective n of days that are restless or alike
``welch``                other figures with 14 to 27 days: Welch with the effective n of an AR(1)
``level``                two periods that need not touch (`judge_levels`): difference of their levels, AR(1) errors
``paired``               two groups on the same days (`judge_paired`): their daily differences, AR(1) errors
``weeks``                one weekday against its reference days of the same week: weeks dealt out anew, at least four on each side
``hodges_lehmann``       fewer: the shift with its interval, and no verdict
=======================  =========================================================================================================

Agents picked because their figures were bad come back towards the mean without anybody's doing. What is to be expected of that
(`core.shrinkage`) stands beside every change of named agents as ``expected_without_effect``; there is evidence only when the change
lies beyond all that regression can give, from none to the most (``expected_most``: reliability at its lower bound).

Plain Welch or Mann–Whitney on days cry wolf in 15 % of null series at an autocorrelation of 0.3, Newey–West in 16 %: not used.

Sources: Turner et al. 2021; Newcombe 1998; Hodges & Lehmann 1963; Barnett et al. 2005 (Int J Epidemiol 34:215) for the regression.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from core.effects import reference_days, week_grid
from core.fairness import Estimate, difference, newcombe, normal_quantile
from core.pairs import POWER
from core.regression import STEADY, ar1_reml
from core.shifts import hodges_lehmann, relabelled, walsh_middle
from core.shrinkage import expected_second, least_between, reliability, shrink_means
from core.trends import ALPHA, EPOCH_WEEKDAY, adjust, verdict_codes

Floats = NDArray[np.float64]
Due = tuple[float, float]
"""Change to be expected by regression to the mean, and the most it can give."""
NOTHING_DUE: Due = (float("nan"), float("nan"))
SPLITS = ("shop", "agent", "weekday")
DAYS_MIN, ITS_MIN, ARM_MIN, WEEKS_MIN = 14, 28, 5, 4
_ALIKE = 0.5  # of the spread between agents: so near an untouched agent starts to count as of equal starting value


@dataclass(frozen=True)
class EffectRules:
    """What a change is judged by.

    Args:
        day: first local day under the change.
        margin: what is practically no change; relative to the level before when ``relative``.
        better: +1 when higher is better, −1 when lower, 0 neither.
        share: whether the figure is a share of ``n``.
    """

    day: int
    margin: float = 0.10
    relative: bool = True
    better: int = 0
    share: bool = False

    def reach(self, level: float) -> float:
        """The margin in the figure's unit."""
        return self.margin * (abs(level) if self.relative else 1.0)


@dataclass(frozen=True)
class Shift:
    """One before against after.

    Args:
        before, after: mean of the day values (agents: of their figures; weeks: of the ratios), like weekdays weighing alike.
        shift: the change that is judged, beyond controls and a running line where the method has them; ``low``, ``high`` its 95 %
            interval, ``low90``, ``high90`` the 90 % one.
        p: two-sided p of no change, or of the most that regression gives, whichever is larger; NaN where it does not exist.
        expected: change to be expected without any effect, by regression to the mean; NaN where nobody was picked.
        expected_most: the most that regression can give, with the agents' reliability at its lower bound.
        method: see the module. ``why``: code of why that method.
        unit: what ``n_before`` and ``n_after`` count: ``days``, ``agents`` (with and without the change) or ``weeks``.
        rank: Hodges–Lehmann shift of the same values.
        autocorrelation: of neighbouring days; NaN where it plays no part.
        reason: why there is no verdict; else empty.
    """

    before: float
    after: float
    shift: float
    low: float
    high: float
    low90: float
    high90: float
    p: float
    method: str
    why: str
    unit: str
    n_before: int
    n_after: int
    rank: Estimate
    expected: float = np.nan
    expected_most: float = np.nan
    autocorrelation: float = np.nan
    reason: str = ""

    @property
    def explained(self) -> tuple[float, float]:
        """From where to where no effect is needed to explain a change."""
        known = [0.0, *(float(np.nan_to_num(each)) for each in (self.expected, self.expected_most))]
        return min(known), max(known)


def _unjudged(level: tuple[float, float], named: tuple[str, str, str], sizes: tuple[int, int], rank: Estimate) -> Shift:
    """A shift that is not judged yet: levels, what is counted and the rank shift; ``named``: method, why, unit."""
    return Shift(*level, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, *named, *sizes, rank)


def windows(day: int, first: int, last: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The whole weeks next to the change on both sides, so that each weekday counts alike; a side below a week stays as it is.

    >>> windows(100, 80, 130)
    ((86, 99), (100, 127))
    """
    before, after = max(day - first, 0), max(last - day + 1, 0)
    before, after = (days - days % 7 if days >= 7 else days for days in (before, after))
    return (day - before, day - 1), (day, day + after - 1)


# --- day values --------------------------------------------------------------------------------------------------------------------


def judge_days(series: pd.DataFrame, rules: EffectRules, controls: pd.DataFrame | None = None, expected: Due = NOTHING_DUE) -> Shift:
    """A series of day values before and after a day.

    Args:
        series: one row per day: local_day, value, n (observations behind it). ``controls``: the same of untouched agents; then the shift
            is how much more the series moved than theirs. ``expected``: change to be expected without effect, and the most.

    >>> day = np.arange(1000, 1056)
    >>> value = 60 - 15 * (day >= 1028) + np.random.default_rng(0).normal(0, 4, 56)
    >>> found = judge_days(pd.DataFrame({"local_day": day, "value": value, "n": 40}), EffectRules(1028))
    >>> found.method, round(found.shift), found.p < 0.001
    ('its', -14, True)
    """
    own = alike(series, rules.day)
    joined = own if controls is None else alike(_against(series, controls), rules.day)
    n_before, n_after = _sizes(joined, rules.day)
    fewest = min(n_before, n_after)
    level = _levels(own, rules.day)
    base = _unjudged(level, ("hodges_lehmann", "few_days", "days"), (n_before, n_after), _rank(joined, rules.day))
    base = replace(base, expected=expected[0], expected_most=expected[1])
    stopped = _stopped(joined, base)
    if stopped is not None:
        return stopped
    if fewest >= ITS_MIN:
        return _interrupted(joined, rules, base)
    if rules.share:
        return _shares(own, controls, rules, base)
    return _welch(joined, rules, base)


def alike(series: pd.DataFrame, day: int) -> pd.DataFrame:
    """Days in order, only those weekdays that have a value on both sides, with the column ``weekday``.

    >>> alike(pd.DataFrame({"local_day": [4, 5, 11], "value": [1.0, 2.0, 3.0], "n": 1}), 11)["local_day"].tolist()
    [4, 11]
    """
    frame = series[series["value"].notna()].sort_values("local_day", kind="stable").reset_index(drop=True)
    frame = frame.assign(weekday=(frame["local_day"] + EPOCH_WEEKDAY) % 7)
    after = frame["local_day"] >= day
    both = set(frame.loc[after, "weekday"]) & set(frame.loc[~after, "weekday"])
    return frame[frame["weekday"].isin(both)].reset_index(drop=True)


def _against(series: pd.DataFrame, controls: pd.DataFrame) -> pd.DataFrame:
    both = series.merge(controls, on="local_day", suffixes=("", "_c"))
    size = 1 / (1 / both["n"].clip(lower=1) + 1 / both["n_c"].clip(lower=1))
    return pd.DataFrame({"local_day": both["local_day"], "value": both["value"] - both["value_c"], "n": size})


def _sizes(frame: pd.DataFrame, day: int) -> tuple[int, int]:
    after = int((frame["local_day"] >= day).sum())
    return len(frame) - after, after


def _after(frame: pd.DataFrame, day: int) -> NDArray[np.bool_]:
    return np.asarray(frame["local_day"] >= day, dtype=bool)


def _weekdays(frame: pd.DataFrame) -> Floats:
    """One column per weekday but the first, each with mean 0, so that the other coefficients speak of the average day."""
    there = np.unique(frame["weekday"])[1:]
    columns = (frame["weekday"].to_numpy()[:, None] == there).astype(np.float64)
    return np.asarray(columns - columns.mean(axis=0), dtype=np.float64)


def _adjusted(frame: pd.DataFrame, day: int) -> Floats:
    """Values without what their weekday adds on both sides alike."""
    side, weekdays = _after(frame, day).astype(np.float64), _weekdays(frame)
    y = frame["value"].to_numpy(dtype=np.float64)
    fit = np.linalg.lstsq(np.column_stack([np.ones(len(y)), side, weekdays]), y, rcond=None)[0]
    return np.asarray(y - weekdays @ fit[2:], dtype=np.float64)


def _levels(frame: pd.DataFrame, day: int) -> tuple[float, float]:
    if not min(_sizes(frame, day)):
        return np.nan, np.nan
    after, y = _after(frame, day), _adjusted(frame, day)
    return float(y[~after].mean()), float(y[after].mean())


def _rank(frame: pd.DataFrame, day: int) -> Estimate:
    """Hodges–Lehmann shift of the weekday-adjusted values; its interval is widened where neighbouring days are alike."""
    if not min(_sizes(frame, day)):
        return Estimate(np.nan, np.nan, np.nan, 0, "hodges_lehmann", "no_data")
    after, y = _after(frame, day), _adjusted(frame, day)
    phi = _neighbours(frame, y, after)
    free = max(len(y) - 1 - len(np.unique(frame["weekday"])), 1)  # the weekdays took their part of the scatter
    small = (len(y) - 2) / free * (float(special.stdtrit(free, 0.975)) / normal_quantile(0.95)) ** 2
    return hodges_lehmann(y[after], y[~after], inflation=small * (1 + phi) / (1 - phi))


def _neighbours(frame: pd.DataFrame, y: Floats, after: NDArray[np.bool_]) -> float:
    """Autocorrelation of neighbouring days around both levels, 0 … 0.9, with the usual correction of its bias downwards."""
    off = y - np.where(after, y[after].mean(), y[~after].mean())
    next_day = (np.diff(frame["local_day"]) == 1) & (after[1:] == after[:-1])
    squares = float((off**2).sum())
    if next_day.sum() < 3 or squares <= 0:
        return 0.0
    raw = float((off[1:] * off[:-1])[next_day].sum() / next_day.sum() / (squares / len(off)))
    lost = 2 + len(np.unique(frame["weekday"]))
    return float(np.clip(raw + (1 + lost * max(raw, 0.0)) / len(off), 0.0, 0.9))


def _told(base: Shift, found: tuple[float, float, float], why: str, method: str, phi: float = np.nan) -> Shift:
    """The shift with intervals and p from its estimate, error and degrees of freedom; p against none and what was to be expected."""
    shift, se, freedom = found
    if not se > 0:
        return replace(base, shift=shift, method=method, why=why, reason="zero_variance")
    wide, narrow = (float(special.stdtrit(freedom, q)) * se for q in (0.975, 0.95))
    p = 2 * float(special.stdtr(freedom, -_beyond(shift, base) / se))
    ends: dict[str, Any] = {"low": shift - wide, "high": shift + wide, "low90": shift - narrow, "high90": shift + narrow}
    return replace(base, shift=shift, **ends, p=p, method=method, why=why, autocorrelation=phi)


def _beyond(shift: float, base: Shift) -> float:
    """How far a change lies outside what needs no effect; 0 inside."""
    least, most = base.explained
    return max(least - shift, shift - most, 0.0)


def _welch(frame: pd.DataFrame, rules: EffectRules, base: Shift) -> Shift:
    after, y = _after(frame, rules.day), _adjusted(frame, rules.day)
    phi = _neighbours(frame, y, after)
    lost = (len(np.unique(frame["weekday"])) - 1) / 2
    parts, free = [], []
    for side in (y[after], y[~after]):
        effective = max(len(side) * (1 - phi) / (1 + phi), 2.0)
        parts.append(float(((side - side.mean()) ** 2).sum()) / (len(side) - 1 - lost) / effective)
        free.append(max(effective - 1 - lost, 1.0))
    se2 = sum(parts)
    freedom = se2**2 / sum(part**2 / df for part, df in zip(parts, free, strict=True)) if se2 > 0 else 1.0
    shift = float(y[after].mean() - y[~after].mean())
    return _told(base, (shift, float(np.sqrt(se2)), freedom), "short", "welch", phi)


def segmented(local_day: Floats, day: int) -> Floats:
    """Design of an interrupted series: 1, days since the change (negative before), step, days since the step.

    >>> segmented(np.array([9.0, 10, 11]), 10).tolist()
    [[1.0, -1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]]
    """
    since = np.asarray(local_day, dtype=np.float64) - day
    step = (since >= 0).astype(np.float64)
    return np.column_stack([np.ones(len(since)), since, step, np.maximum(since, 0.0)])


def _interrupted(frame: pd.DataFrame, rules: EffectRules, base: Shift) -> Shift:
    days = frame["local_day"].to_numpy(dtype=np.float64)
    design = np.column_stack([segmented(days, rules.day), _weekdays(frame)])
    weight = frame["n"].to_numpy(dtype=np.float64) if rules.share else None
    fit = ar1_reml(design, frame["value"].to_numpy(dtype=np.float64), days, weight)
    found = float(fit.coefficients[2]), float(fit.se_careful[2]), float(fit.freedom)
    return _told(base, found, "long", "its", fit.autocorrelation)


def _shares(own: pd.DataFrame, controls: pd.DataFrame | None, rules: EffectRules, base: Shift) -> Shift:
    found = _share_shift(own, rules.day)
    if controls is not None:
        found = difference(found, _share_shift(alike(controls, rules.day), rules.day))
    wide = normal_quantile(0.95)
    down, up = (found.value - found.low) / wide, (found.high - found.value) / wide
    if not min(down, up) > 0:
        return replace(base, shift=found.value, method="newcombe", why="short_share", reason="zero_variance")
    far = _beyond(found.value, base) / (down if found.value > 0 else up)
    narrow = normal_quantile(0.90)
    ends: dict[str, Any] = {"low": found.low, "high": found.high, "low90": found.value - narrow * down, "high90": found.value + narrow * up}
    p = 2 * float(special.ndtr(-far))
    return replace(base, shift=found.value, **ends, p=p, method="newcombe", why="short_share")


def _share_shift(frame: pd.DataFrame, day: int) -> Estimate:
    """Newcombe's difference of the pooled shares, n made smaller by as much as days are restless or alike."""
    after, n = _after(frame, day), frame["n"].to_numpy(dtype=np.float64)
    hits = frame["value"].to_numpy(dtype=np.float64) * n
    sides = [(float(hits[part].sum()), float(n[part].sum())) for part in (after, ~after)]
    pooled = np.where(after, sides[0][0] / sides[0][1], sides[1][0] / sides[1][1])
    variance = pooled * (1 - pooled)
    z = (hits - n * pooled) / np.sqrt(np.where(variance > 0, n * variance, np.inf))
    phi = _neighbours(frame, z, after)
    design = max(1.0, float((z**2).sum()) / max(len(z) - 2, 1) * (1 + phi) / (1 - phi))
    return newcombe(*(part / design for side in sides for part in side))


# --- two periods, two groups -------------------------------------------------------------------------------------------------------

_FEW = 5  # hits or misses on a side below which a share is judged by its counts


def judge_levels(series: pd.DataFrame, rules: EffectRules) -> Shift:
    """Two periods that need not follow each other: do their levels differ, like weekday with like weekday, whatever ran before?

    Args:
        series: days of both periods, as in `judge_days`; those from ``rules.day`` on are the later period.

    From 14 days on each side; shares with hardly a hit or a miss are judged by their counts (``newcombe``).

    >>> day = np.r_[1000:1021, 1364:1385]
    >>> value = 60 - 10 * (day >= 1364) + np.random.default_rng(0).normal(0, 4, 42)
    >>> found = judge_levels(pd.DataFrame({"local_day": day, "value": value, "n": 40}), EffectRules(1364))
    >>> found.method, round(found.shift), found.p < 0.001
    ('level', -9, True)
    """
    own = alike(series, rules.day)
    sizes = _sizes(own, rules.day)
    base = _unjudged(_levels(own, rules.day), ("hodges_lehmann", "few_days", "days"), sizes, _rank(own, rules.day))
    stopped = _stopped(own, base)
    if stopped is not None:
        return stopped
    if rules.share and _rare(own, rules.day):
        return _shares(own, None, rules, base)
    side = _after(own, rules.day).astype(np.float64)
    return _fitted(own, np.column_stack([side, np.ones(len(own))]), rules, replace(base, method="level", why="level"))


def judge_paired(first: pd.DataFrame, second: pd.DataFrame, rules: EffectRules) -> Shift:
    """Two groups over the same days: is the first one's figure higher than the second's? ``before`` is the second's, ``after`` the first's.

    What moves all days alike falls out of the daily differences. From 14 common days on.

    >>> day = np.arange(1000, 1028)
    >>> b = pd.DataFrame({"local_day": day, "value": 60 + np.random.default_rng(0).normal(0, 4, 28), "n": 40})
    >>> found = judge_paired(b.assign(value=b["value"] + 5 + np.random.default_rng(1).normal(0, 1, 28)), b, EffectRules(0))
    >>> found.method, round(found.shift), found.n_before
    ('paired', 5, 28)
    """
    joined = _against(first, second).dropna().sort_values("local_day").reset_index(drop=True)
    joined["weekday"] = (joined["local_day"] + EPOCH_WEEKDAY) % 7
    sides = [side[side["local_day"].isin(joined["local_day"])]["value"] for side in (second, first)]
    level = (float(sides[0].mean()), float(sides[1].mean())) if len(joined) else (np.nan, np.nan)
    middle = walsh_middle(joined["value"]) if len(joined) else np.nan
    rank = Estimate(middle, np.nan, np.nan, len(joined), "pseudo_median", "no_interval")
    base = _unjudged(level, ("hodges_lehmann", "few_days", "days"), (len(joined), len(joined)), rank)
    stopped = _stopped(joined, base)
    if stopped is not None:
        return stopped
    return _fitted(joined, np.ones((len(joined), 1)), rules, replace(base, method="paired", why="paired"))


def _stopped(frame: pd.DataFrame, base: Shift) -> Shift | None:
    """The shift without a verdict where days are too few or all alike; None where it can be judged."""
    fewest = min(base.n_before, base.n_after)
    if fewest < DAYS_MIN:
        short = "too_few_days" if fewest else "no_days"
        return replace(base, shift=base.rank.value, low=base.rank.low, high=base.rank.high, reason=short)
    if float(frame["value"].std()) <= STEADY * float(frame["value"].abs().max()):
        return replace(base, shift=base.rank.value, reason="zero_variance")
    return None


def _rare(frame: pd.DataFrame, day: int) -> bool:
    after = _after(frame, day)
    hits, n = (frame["value"] * frame["n"]).to_numpy(dtype=np.float64), frame["n"].to_numpy(dtype=np.float64)
    return min(float(part[side].sum()) for part in (hits, n - hits) for side in (after, ~after)) < _FEW


def _fitted(frame: pd.DataFrame, design: Floats, rules: EffectRules, base: Shift) -> Shift:
    """The first column's coefficient beside weekdays, AR(1) errors; shares by the cases behind each day."""
    weight = frame["n"].clip(lower=1e-9).to_numpy(dtype=np.float64) if rules.share else None
    y, days = (frame[name].to_numpy(dtype=np.float64) for name in ("value", "local_day"))
    fit = ar1_reml(np.column_stack([design, _weekdays(frame)]), y, days, weight)
    found = float(fit.coefficients[0]), float(fit.se_careful[0]), float(fit.freedom)
    return _told(base, found, base.why, base.method, fit.autocorrelation)


# --- agents ------------------------------------------------------------------------------------------------------------------------


def expectations(agents: pd.DataFrame) -> pd.DataFrame:
    """Change of each agent to be expected without any effect: (1 − reliability) × (mean − figure before), and the most.

    Args:
        agents: one row per agent: before, before_se. Fewer than five agents: NaN, nobody knows the mean.

    Returns:
        The same rows with expected, and expected_most: with the spread between agents at its lower bound (one-sided 90 %).

    >>> found = expectations(pd.DataFrame({"before": [0.7, 0.8, 0.85, 0.9, 0.8], "before_se": 0.1}))
    >>> found["expected"].round(2).tolist()
    [0.11, 0.01, -0.04, -0.09, 0.01]
    """
    value, error = agents["before"].to_numpy(dtype=np.float64), agents["before_se"].to_numpy(dtype=np.float64)
    found = shrink_means(value, error, np.ones(len(value)))
    if found.reason:
        return agents.assign(expected=np.nan, expected_most=np.nan)
    weakest = reliability(error**2, np.ones(len(value)), float(np.sqrt(least_between(value, error))))
    second = [expected_second(value, found.mean, each) for each in (found.reliability, weakest)]
    return agents.assign(expected=second[0] - value, expected_most=second[1] - value)


def judge_agents(agents: pd.DataFrame) -> Shift:
    """Agents with the change against agents without: difference of their changes, labels dealt out anew, regression allowed for.

    Args:
        agents: one row per agent: touched (bool), before, after (pooled figures), expected, expected_most (see `expectations`).

    ``before`` and ``after`` are the means over the touched agents. Each agent's change counts less its own expected change, so that those
    picked for bad figures are not compared with those who had no reason to regress.

    >>> frame = pd.DataFrame({"touched": [True] * 5 + [False] * 7, "before": 60.0, "expected": 0.0, "expected_most": 0.0})
    >>> frame["after"] = [49, 51, 50, 48, 52, 60, 61, 59, 60, 62, 58, 60]
    >>> found = judge_agents(frame)
    >>> round(found.shift, 1), round(found.p, 4), found.method
    (-10.0, 0.0013, 'did')
    """
    touched = agents["touched"].to_numpy(dtype=bool)
    moved = (agents["after"] - agents["before"]).to_numpy(dtype=np.float64)
    due = agents["expected"].fillna(0.0).to_numpy(dtype=np.float64)
    rest = moved - due
    expected, most = (float(agents[name][touched].mean() - agents[name][~touched].mean()) for name in ("expected", "expected_most"))
    off = float(np.nan_to_num(expected))
    found = relabelled(rest[touched], rest[~touched], (0.0, -off, float(np.nan_to_num(most)) - off))
    own = agents[touched]
    steady = float(np.ptp(rest)) <= STEADY * float(np.abs(agents["before"]).max())
    return Shift(
        float(own["before"].mean()), float(own["after"].mean()), found.shift + off, found.low + off, found.high + off,
        found.low90 + off, found.high90 + off, np.nan if steady else found.p, "did", "controls", "agents",
        int(touched.sum()), int((~touched).sum()), hodges_lehmann(moved[touched], moved[~touched]), expected, most,
        reason="zero_variance" if steady else "",
    )  # fmt: skip


def equal_start(agents: pd.DataFrame) -> tuple[float, int]:
    """Mean change of untouched agents who started where the touched ones did, and how many those are; NaN and 0 where there are none.

    >>> frame = pd.DataFrame({"touched": [True, False, False], "before": [50.0, 51, 90], "after": [60.0, 58, 90]})
    >>> equal_start(frame)
    (7.0, 1)
    """
    own, others = (agents[agents["touched"] == side].dropna(subset=["before", "after"]) for side in (True, False))
    caliper = _ALIKE * float(agents["before"].std())
    if own.empty or others.empty or not caliper > 0:
        return np.nan, 0
    far = np.abs(others["before"].to_numpy()[:, None] - own["before"].to_numpy())
    near = others[(far <= caliper).any(axis=1)]
    return (float((near["after"] - near["before"]).mean()), len(near)) if len(near) else (np.nan, 0)


# --- weekdays ----------------------------------------------------------------------------------------------------------------------


def judge_weekdays(series: pd.DataFrame, rules: EffectRules, week_start: int = 0) -> dict[int, Shift]:
    """Each weekday against its reference days of the same week, before and after: did a weekday come nearer to the others?

    Values are ratios to the mean of the reference days (`core.effects.reference_days`). The weekday whose ratio moved most surely is set
    aside before the others are compared among themselves, so that a Friday that got better does not make Mondays look worse.

    >>> day = np.arange(4, 4 + 84)
    >>> value = 100 + 25 * ((day % 7 == 1) & (day < 60)) + np.random.default_rng(0).normal(0, 4, 84)
    >>> found = judge_weekdays(pd.DataFrame({"local_day": day, "value": value, "n": 9}), EffectRules(60))
    >>> round(found[4].before, 2), round(found[4].after, 2), round(found[4].p, 4)
    (1.27, 1.01, 0.002)
    """
    grids = [week_grid(part["local_day"], part["value"], week_start) for part in _halves(series, rules.day)]
    left = [day for day in range(7) if all((~np.isnan(grid[:, day])).any() for grid in grids)]
    seen = [day for day in range(7) if any((~np.isnan(grid[:, day])).any() for grid in grids)]
    found = {day: _weekday(grids, day, reference_days(day)) for day in seen}
    while len(left) > 2:
        tested = {day: _weekday(grids, day, reference_days(day, left)) for day in left}
        found |= tested
        best = min(left, key=lambda day: (np.nan_to_num(tested[day].p, nan=2.0), -abs(tested[day].shift)))
        if not tested[best].p * len(left) < ALPHA:
            break
        left.remove(best)
    return dict(sorted(found.items()))


def weekday_ratios(series: pd.DataFrame, weekday: int) -> pd.DataFrame:
    """A weekday's value over the mean of its reference days of the same calendar week (Monday first), if there are any."""
    frame = series.assign(weekday=(series["local_day"] + EPOCH_WEEKDAY) % 7, week=(series["local_day"] + EPOCH_WEEKDAY) // 7)
    rest = frame[frame["weekday"].isin(reference_days(weekday))].groupby("week")["value"].mean().rename("rest")
    own = frame[frame["weekday"] == weekday].join(rest, on="week")
    own = own[own["rest"] > 0]
    return own.assign(value=own["value"] / own["rest"])[["local_day", "value", "n"]].reset_index(drop=True)


def _halves(series: pd.DataFrame, day: int) -> list[pd.DataFrame]:
    return [series[series["local_day"] < day], series[series["local_day"] >= day]]


def _weekday(grids: list[Floats], day: int, rest: list[int]) -> Shift:
    before, after = (_ratios(grid, day, rest) for grid in grids)
    level = tuple(float(side.mean()) if len(side) else np.nan for side in (before, after))
    base = _unjudged((level[0], level[1]), ("weeks", "weekday", "weeks"), (len(before), len(after)), hodges_lehmann(after, before))
    base = replace(base, shift=level[1] - level[0])
    if min(len(before), len(after)) < WEEKS_MIN:
        return replace(base, reason="too_few_weeks")
    found = relabelled(after, before)
    ends: dict[str, Any] = {name: getattr(found, name) for name in ("low", "high", "low90", "high90", "p")}
    return replace(base, **ends)


def _ratios(grid: Floats, day: int, rest: list[int]) -> Floats:
    """The weekday over the mean of its reference days, one value per week that has both."""
    kept = grid[~np.isnan(grid[:, day]) & (~np.isnan(grid[:, rest])).any(axis=1)] if rest else grid[:0]
    middle = np.nanmean(kept[:, rest], axis=1) if len(kept) else np.empty(0)
    return np.asarray(kept[middle > 0, day] / middle[middle > 0], dtype=np.float64)


# --- verdicts ----------------------------------------------------------------------------------------------------------------------


def verdicts(shifts: list[Shift], rules: EffectRules | list[EffectRules]) -> pd.DataFrame:
    """One row per shift, judged as one family (Holm). ``rules``: of all of them, or one each.

    Returns:
        The fields of `Shift`, and p_adjusted, family, verdict, direction (``better``, ``worse``, or ``higher`` and ``lower`` where neither
        is; empty without evidence), hodges_lehmann with rank_low, rank_high, margin (in the figure's unit), needed (days, agents or weeks
        on each side until a change as large as the margin is seen in 80 % of cases).
    """
    names = [each.name for each in fields(Shift) if each.name != "rank"]
    frame = pd.DataFrame({name: [getattr(one, name) for one in shifts] for name in names})
    ranks, each = [one.rank for one in shifts], rules if isinstance(rules, list) else [rules] * len(shifts)
    frame = frame.assign(
        hodges_lehmann=[one.value for one in ranks], rank_low=[one.low for one in ranks], rank_high=[one.high for one in ranks],
        margin=[rule.reach(one.before) for rule, one in zip(each, shifts, strict=True)],
    )  # fmt: skip
    return settled(frame, [rule.better for rule in each])


def settled(frame: pd.DataFrame, better: list[int]) -> pd.DataFrame:
    """Rows as `verdicts` has them, judged as one family: p_adjusted, family, verdict, direction and needed; ``better``: of each row."""
    frame = frame.assign(p_adjusted=adjust(frame["p"]))
    frame["family"] = int(frame["p"].notna().sum())
    off = frame["expected"].fillna(0.0)
    inside = [(frame["low90"] - by >= -frame["margin"]) & (frame["high90"] - by <= frame["margin"]) for by in (0.0, off)]
    enough = ~frame["reason"].isin(["too_few_days", "no_days", "too_few_weeks", "too_few_agents"])
    frame["verdict"] = verdict_codes(frame["p"], frame["p_adjusted"], inside[0] & inside[1], enough)
    told = frame["verdict"].isin(["evidence", "strong_evidence"])
    wanted = np.array(better, dtype=np.int64)
    up = np.sign(frame["shift"] - off).to_numpy() * np.where(wanted == 0, 1, wanted) > 0
    words = np.where(wanted == 0, np.where(up, "higher", "lower"), np.where(up, "better", "worse"))
    frame["direction"] = np.where(told, words, "")
    frame["needed"] = _needed(frame)
    return frame


def leading(rows: pd.DataFrame) -> int:
    """The row to be read first: of weekdays the one with the smallest p (the first where none has one), else the first.

    >>> leading(pd.DataFrame({"by": "weekday", "p": [np.nan, 0.4, 0.02]})), leading(pd.DataFrame({"by": "agent", "p": [0.4, 0.02]}))
    (2, 0)
    """
    if rows["by"].iloc[0] != "weekday":
        return 0
    return int(rows["p"].fillna(np.inf).to_numpy().argmin())


def _needed(frame: pd.DataFrame) -> Floats:
    error = (frame["high"] - frame["low"]) / (2 * normal_quantile(0.95))
    reach = float(special.ndtri(1 - ALPHA / 2) + special.ndtri(POWER))
    with np.errstate(divide="ignore", invalid="ignore"):
        each = 2 / (1 / frame["n_before"] + 1 / frame["n_after"])
        found = np.ceil(each * (reach * error / frame["margin"]) ** 2)
    seen = np.isfinite(found) & (frame["margin"] > 1e-6 * error)  # no level, no margin to be seen
    return np.asarray(found.where(seen), dtype=np.float64)
