"""Case mix: every agent beside what colleagues make of the same mix of cases.

Indirect standardisation. A case's expected value is the mean of the *other* agents' cases in the same situation: language × channel ×
shift × issue × hour. An agent who is far from everybody (fast and empty, say) is nobody's reference. A situation in which others have
fewer than ten cases is merged upward, one dimension at a time in a fixed order (hour first, language last), and the result says how
many cases found their reference where. An agent of whom fewer than half of the cases have colleagues in the same language, channel and
shift is not comparable with anybody and is not judged.

===============  ====================================================  =================================================
kind of figure   effect                                                interval
===============  ====================================================  =================================================
mean (seconds)   O/E, adjusted = overall × O/E                         days as blocks; the reference's own error added
share            O − E in points, adjusted = overall + (O − E)         Wilson's, moved (MOVER); the reference's error added
rare share       O/E of counts (overall at most 10 %)                  Byar's
===============  ====================================================  =================================================

Two agents' O/E compare each with the others on *his* mix, not with each other: `compare_within` does that, case by case in the
situations both have met, and finds pairs whose order flips (Simpson's paradox).

Sources: Breslow & Day 1987; Mantel & Haenszel 1959; Robins, Breslow & Greenland 1986; Zou & Donner 2008 (MOVER).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from core.fairness import byar, clustered_errors, normal_quantile, upper_tail, wilson
from core.trends import adjust, verdict_codes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MERGED_FIRST = ("hour", "category", "channel", "shift", "language")
"""Dimensions in the order in which they are given up."""
FIRM = ("channel", "shift", "language")
"""What must be the same for two cases to be comparable at all."""
REFERENCE_FROM = 10
SHARED_FROM = 0.5
RARE = 0.1
EVENTS_FROM = 5.0
EXTREME = 3.5
MOST_EXTREME = 5
MIN_AGENTS = 5


@dataclass(frozen=True)
class MixRules:
    """How agents are held against their mix.

    ``kind``: ``mean`` or ``share``. ``judged_from``: cases from which on there is a verdict. ``margin``: what is practically the same,
    relative for means and rare shares, absolute for shares.
    """

    kind: str = "mean"
    judged_from: float = 50.0
    margin: float = 0.1


@dataclass(frozen=True)
class Mixed:
    """Agents beside their mix.

    Args:
        rows: one row per agent: agent, n, value (raw), expected, ratio, ratio_low, ratio_high, difference, low, high (of the effect named
            by ``effect``), adjusted, adjusted_low, adjusted_high, overlap, p, p_adjusted (Holm), verdict, reason.
        merged: where cases found their reference, one row per level: level (dimensions kept, joined by ``+``; empty: all merged), cases,
            share.
        overall: figure of all together.
        effect: ``ratio`` or ``difference``: what low and high belong to.
        dimensions: the dimensions used, those with more than one label.
        family: how many agents were tested.
        left_out: agents so extreme that they are nobody's reference.
        reason: ``no_dimensions``, ``too_few_agents``, or empty.
    """

    rows: pd.DataFrame
    merged: pd.DataFrame
    overall: float
    effect: str
    dimensions: tuple[str, ...]
    family: int
    left_out: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Indirect:
    """One group against a standard: observed, expected, their ratio with log-normal interval, and the adjusted rate."""

    observed: float
    expected: float
    ratio: float
    low: float
    high: float
    adjusted: float


def indirect(
    counts: ArrayLike, sizes: ArrayLike, standard_counts: ArrayLike, standard_sizes: ArrayLike, *, level: float = 0.95
) -> Indirect:
    """Indirect standardisation of event counts over strata, as textbooks do it: O/E times the standard's crude rate.

    Called by no page: the textbook's form, by which the expected counts of `standardise` are compared with published answers.
    A stratum in which the standard has no cases adds nothing to the expected. Source: Selvin 2004; Breslow & Day 1987.

    >>> found = indirect([5, 10], [100, 100], [40, 60], [1000, 1000])
    >>> found.expected, found.ratio, round(found.adjusted, 4)
    (10.0, 1.5, 0.075)
    """
    count, size, base, of = (np.asarray(part, dtype=np.float64) for part in (counts, sizes, standard_counts, standard_sizes))
    expected = float((size * np.divide(base, of, out=np.zeros_like(base), where=of > 0)).sum())
    observed = float(count.sum())
    ratio = observed / expected if expected else float("nan")
    reach = float(np.exp(normal_quantile(level) / np.sqrt(observed))) if observed else float("nan")
    return Indirect(observed, expected, ratio, ratio / reach, ratio * reach, ratio * float(base.sum() / of.sum()))


# --- the mix of every agent ------------------------------------------------------------------------------------------------------


def standardise(cells: pd.DataFrame, rules: MixRules | None = None) -> Mixed:
    """Every agent against the others on the agent's own mix.

    Args:
        cells: one row per agent × day × dimensions (any of hour, category, channel, shift, language): ``agent``, ``day``, those that
            exist, ``n`` cases, ``total`` (sum of values, or hits), ``square`` (sum of squared values; needed for means). Missing
            values are refused.
        rules: see `MixRules`.

    Returns:
        A `Mixed`. Without any dimension that differs there is nothing to standardise for: reason ``no_dimensions``.
    """
    rules = rules or MixRules()
    cells = cells.drop(columns="square", errors="ignore") if rules.kind == "share" else cells
    used = tuple(name for name in MERGED_FIRST if name in cells and cells[name].nunique() > 1)
    overall = float(cells["total"].sum() / cells["n"].sum()) if len(cells) and cells["n"].sum() else float("nan")
    effect = "ratio" if rules.kind == "mean" or overall <= RARE else "difference"
    reason = "no_dimensions" if not used else "too_few_agents" if cells["agent"].nunique() < 2 else ""
    if reason:
        return Mixed(pd.DataFrame(), pd.DataFrame(), overall, effect, used, 0, reason=reason)
    left_out: tuple[str, ...] = ()
    found = _standardise(cells, rules, used, left_out)
    for _ in range(MOST_EXTREME):
        extreme = _most_extreme(found.rows[~found.rows["agent"].isin(left_out)], effect)
        if not extreme:
            break
        left_out = (*left_out, extreme)
        found = _standardise(cells, rules, used, left_out)
    return found


def _standardise(cells: pd.DataFrame, rules: MixRules, used: tuple[str, ...], left_out: tuple[str, ...]) -> Mixed:
    overall = float(cells["total"].sum() / cells["n"].sum())
    effect = "ratio" if rules.kind == "mean" or overall <= RARE else "difference"
    agents, agent = np.unique(cells["agent"].to_numpy(dtype=str), return_inverse=True)
    found = _references(cells, agent.astype(np.int64), used, ~cells["agent"].isin(left_out).to_numpy())
    n = np.bincount(agent, cells["n"], len(agents))
    frame = pd.DataFrame({"agent": agents, "n": n})
    frame["value"] = np.bincount(agent, cells["total"], len(agents)) / n
    expected = cells["n"].to_numpy(dtype=np.float64) * found.mean
    frame["expected"] = np.bincount(agent, expected, len(agents)) / n
    frame["overlap"] = np.bincount(agent, cells["n"] * found.firm, len(agents)) / n
    error = np.sqrt(found.variance) / n
    judge = {"mean": _means, "share": _rare if effect == "ratio" else _shares}[rules.kind]
    frame = judge(frame, error, cells.assign(agent=agent, expected=expected), overall)
    frame = _verdicts(frame, rules, effect)
    return Mixed(frame, _levels(found.level, cells["n"], used), overall, effect, used, int(frame["p"].notna().sum()), left_out)


def _most_extreme(rows: pd.DataFrame, effect: str) -> str:
    """The agent so far from all others (robust z above 3.5, and no chance) that everybody's reference would bend; else empty."""
    judged = rows[rows["p"].notna() & rows["ratio"].gt(0)]
    values = np.log(judged["ratio"]) if effect == "ratio" else judged["difference"]
    off = (values - values.median()).abs()
    far = judged.assign(off=off)[(off > EXTREME * 1.4826 * off.median()) & (judged["p_adjusted"] < 0.005)]
    return str(far.loc[far["off"].idxmax(), "agent"]) if len(judged) >= MIN_AGENTS and len(far) else ""


@dataclass(frozen=True)
class _Found:
    """Per row of cells: the others' mean, whether it is a firm one, at which level; per agent: variance of the expected total."""

    mean: Floats
    firm: NDArray[np.bool_]
    level: Ints
    variance: Floats


def _codes(cells: pd.DataFrame, kept: Sequence[str]) -> Ints:
    code = np.zeros(len(cells), dtype=np.int64)
    for name in kept:
        labels = np.unique(cells[name].to_numpy(), return_inverse=True)[1]
        code = np.unique(code * (labels.max() + 1) + labels, return_inverse=True)[1]
    return code.astype(np.int64)


def _references(cells: pd.DataFrame, agent: Ints, used: tuple[str, ...], member: NDArray[np.bool_]) -> _Found:
    """The finest level at which the others have ten cases, from all dimensions down to none."""
    size, agents = len(cells), int(agent.max()) + 1
    mean, level = np.full(size, np.nan), np.full(size, -1, dtype=np.int64)
    variance = np.zeros(agents)
    for at in range(len(used) + 1):
        own, whole = _own_and_all(cells, agent, used[at:], member)
        others = [part - mine for part, mine in zip(whole, own, strict=True)]
        fits = (level < 0) & (others[0] >= (REFERENCE_FROM if at < len(used) else 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            reference = others[1] / others[0]
        mean[fits], level[fits] = reference[fits], at
        situation = _codes(cells, used[at:]) * agents + agent
        variance += _reference_variance(cells["n"].to_numpy(dtype=np.float64), situation, agents, others, fits)
    firm = [name for name in used if name in FIRM] or [used[-1]]
    return _Found(mean, (level >= 0) & (level <= used.index(firm[0])), level, variance)


def _own_and_all(cells: pd.DataFrame, agent: Ints, kept: tuple[str, ...], member: NDArray[np.bool_]) -> tuple[list[Floats], list[Floats]]:
    """Cases, totals and squares in the row's situation: what the row's agent adds to the reference, and the whole reference."""
    code = _codes(cells, kept)
    mine = np.unique(code * (agent.max() + 1) + agent, return_inverse=True)[1]
    columns = [cells[name].to_numpy(dtype=np.float64) for name in ("n", "total", "square") if name in cells]
    columns = [np.where(member, column, 0.0) for column in columns]
    own, whole = ([np.bincount(place, c)[place].astype(np.float64) for c in columns] for place in (mine, code))
    return own, whole


def _reference_variance(
    size: Floats, situation: Ints, agents: int, others: list[Floats], fits: NDArray[np.bool_]
) -> Floats:
    """Variance of each agent's expected total that comes from the reference's own finite number of cases.

    ``situation`` is the row's situation × agents + its agent; shares come without sums of squares.
    """
    if not fits.any():
        return np.zeros(agents)
    n, total = others[0][fits], others[1][fits]
    smooth = (total + 0.5) / (n + 1)
    spread = smooth * (1 - smooth)
    if len(others) > 2:
        spread = np.maximum(others[2][fits] - total**2 / n, 0.0) / np.maximum(n - 1, 1)
    key, first, inverse = np.unique(situation[fits], return_index=True, return_inverse=True)
    weight = np.bincount(inverse, size[fits])
    return np.bincount(key % agents, weight**2 * (spread / n)[first], minlength=agents).astype(np.float64)


def _means(frame: pd.DataFrame, error: Floats, cells: pd.DataFrame, overall: float) -> pd.DataFrame:
    """O/E with days as blocks; one day has no spread between days."""
    days = cells.groupby(["agent", "day"], observed=True)[["total", "expected"]].sum().reset_index()
    _, ratio, se, whole, _ = clustered_errors(days["agent"], days["total"], days["expected"])
    # unequal days are fewer days: Kish's effective number of blocks
    blocks = whole**2 / np.bincount(days["agent"], days["expected"] ** 2, len(whole))
    relative = error / frame["expected"].to_numpy()
    # on the log scale: means of skewed durations are low where their spread is low, which a ratio's own scale takes for certainty
    spread, free = np.hypot(np.divide(se, ratio, out=np.full(len(se), np.nan), where=ratio > 0), relative), np.maximum(blocks - 1, 1)
    reach, narrow = (np.exp(spread * special.stdtrit(free, level)) for level in (0.975, 0.95))
    frame = frame.assign(ratio=ratio, ratio_low=ratio / reach, ratio_high=ratio * reach)
    frame = frame.assign(difference=frame["value"] - frame["expected"], low=frame["ratio_low"], high=frame["ratio_high"])
    frame = frame.assign(adjusted=overall * ratio, adjusted_low=overall * frame["low"], adjusted_high=overall * frame["high"])
    with np.errstate(divide="ignore", invalid="ignore"):  # the same wait every time has no spread to judge by
        t = np.abs(np.log(np.where(ratio > 0, ratio, np.nan))) / spread
    return frame.assign(p=2 * special.stdtr(free, -t), narrow_low=ratio / narrow, narrow_high=ratio * narrow)


def _shares(frame: pd.DataFrame, error: Floats, cells: pd.DataFrame, overall: float) -> pd.DataFrame:
    """O − E: Wilson's interval of the raw share, moved by the expected share, whose own error is added."""
    hits = (frame["value"] * frame["n"]).round().to_numpy()
    found: dict[str, Floats] = {}
    for name, level in (("", 0.95), ("narrow_", 0.90)):
        own, z = wilson(hits, frame["n"].to_numpy(), level), normal_quantile(level)
        shift = own.value - frame["expected"].to_numpy()
        found[f"{name}low"] = shift - np.hypot(own.value - own.low, z * error)
        found[f"{name}high"] = shift + np.hypot(own.high - own.value, z * error)
    frame = frame.assign(difference=frame["value"] - frame["expected"], **found)
    frame = frame.assign(ratio=frame["value"] / frame["expected"].where(frame["expected"] > 0), ratio_low=np.nan, ratio_high=np.nan)
    frame = frame.assign(adjusted=overall + frame["difference"])
    frame["adjusted_low"], frame["adjusted_high"] = (overall + frame[end] for end in ("low", "high"))
    frame[["adjusted", "adjusted_low", "adjusted_high"]] = frame[["adjusted", "adjusted_low", "adjusted_high"]].clip(0, 1)
    p = np.clip(frame["expected"].to_numpy(), 1e-9, 1 - 1e-9)
    n = frame["n"].to_numpy()
    return frame.assign(p=matched_p(hits, n * p, n * p * (1 - p) + (n * error) ** 2))


def matched_p(hits: Floats, mean: Floats, variance: Floats) -> Floats:
    """Two-sided mid-p of counts with a mean and a variance: tails of the binomial that has both; normal where no binomial has.

    >>> matched_p(np.array([8.0]), np.array([5.0]), np.array([2.5])).round(4).tolist()
    [0.0654]
    """
    upper = (upper_tail(hits, mean, variance) + upper_tail(hits + 1, mean, variance)) / 2
    normal = 2 * special.ndtr(-np.abs(hits - mean) / np.sqrt(variance))
    return np.asarray(np.where(variance < mean, np.minimum(2 * np.minimum(upper, 1 - upper), 1.0), normal), dtype=np.float64)


def _rare(frame: pd.DataFrame, error: Floats, cells: pd.DataFrame, overall: float) -> pd.DataFrame:
    """O/E of counts with Byar's interval, the reference's error added; too few expected events are not tested."""
    from scipy import stats

    observed, expected = (frame[name].to_numpy() * frame["n"].to_numpy() for name in ("value", "expected"))
    relative = np.divide(error, frame["expected"], out=np.full(len(frame), np.nan), where=frame["expected"].to_numpy() > 0)
    found: dict[str, Floats] = {}
    for name, level in (("", 0.95), ("narrow_", 0.90)):
        own, z = byar(observed.round(), expected, level), normal_quantile(level)
        found |= {f"{name}low": np.maximum(own.value - np.hypot(own.value - own.low, z * relative * own.value), 0.0),
                  f"{name}high": own.value + np.hypot(own.high - own.value, z * relative * own.value)}  # fmt: skip
    ratio = np.divide(observed, expected, out=np.full(len(frame), np.nan), where=expected > 0)
    # a Poisson count whose own mean is uncertain is a negative binomial: mean E, variance E + (error of E)²
    extra = np.maximum(np.nan_to_num(relative) ** 2, 1e-9)
    chance: Any = stats.nbinom(1 / extra, 1 / (1 + extra * np.maximum(expected, 1e-9)))
    seen = observed.round()
    half = chance.pmf(seen) / 2
    p = np.minimum(1.0, 2 * np.minimum(chance.cdf(seen) - half, chance.sf(seen - 1) - half))
    frame = frame.assign(ratio=ratio, difference=frame["value"] - frame["expected"], **found)
    frame = frame.assign(ratio_low=frame["low"], ratio_high=frame["high"], adjusted=overall * ratio)
    frame["adjusted_low"], frame["adjusted_high"] = (np.minimum(overall * frame[end], 1.0) for end in ("low", "high"))
    return frame.assign(p=p, enough=expected >= EVENTS_FROM)


def _verdicts(frame: pd.DataFrame, rules: MixRules, effect: str) -> pd.DataFrame:
    """Holm over the agents that can be judged; who shares too little with the others keeps only the raw figure."""
    enough = (frame["n"] >= rules.judged_from) & frame.pop("enough") if "enough" in frame else frame["n"] >= rules.judged_from
    apart = (frame["overlap"] < SHARED_FROM) | frame["expected"].isna()
    frame.loc[~enough | apart, "p"] = np.nan
    frame["p_adjusted"] = adjust(frame["p"])
    middle = 1.0 if effect == "ratio" else 0.0
    same = (frame.pop("narrow_low") >= middle - rules.margin) & (frame.pop("narrow_high") <= middle + rules.margin)
    frame["verdict"] = verdict_codes(frame["p"], frame["p_adjusted"], same, enough)
    frame["reason"] = np.select([~enough, apart, frame["p"].isna()], ["below_minimum", "no_overlap", "too_few_clusters"], "")
    refused = ["expected", "ratio", "ratio_low", "ratio_high", "difference", "low", "high", "adjusted", "adjusted_low", "adjusted_high"]
    frame.loc[apart, refused] = np.nan
    return frame


def _levels(level: Ints, n: pd.Series, used: tuple[str, ...]) -> pd.DataFrame:
    cases = np.bincount(level[level >= 0], n.to_numpy(dtype=np.float64)[level >= 0], minlength=len(used) + 1)
    names = ["+".join(used[at:]) for at in range(len(used) + 1)]
    return pd.DataFrame({"level": names, "cases": cases, "share": cases / n.sum()})


# --- two agents in the situations both have met ------------------------------------------------------------------------------------


def compare_within(cells: pd.DataFrame, dimensions: Sequence[str], kind: str = "mean") -> pd.DataFrame:
    """Every pair of agents, raw and within the situations both have met (Mantel–Haenszel weights).

    Args:
        cells: as for `standardise`.
        dimensions: what a situation is.
        kind: ``mean`` (needs ``square``) or ``share``.

    Returns:
        One row per pair: a, b, n_a, n_b, crude (a − b), crude_low, crude_high, within, within_low, within_high, overlap (share of
        the smaller-overlapping agent's cases in shared situations), p (of within), p_adjusted (BH over all pairs that share half their
        cases), finding: ``reversed`` (the order flips and holds within), ``explained`` (apart only in the raw figures), ``emerged``
        (apart only within), ``same``, or ``cannot_be_judged`` (less than half of a side's cases in shared situations).
    """
    agents, agent = np.unique(cells["agent"].to_numpy(dtype=str), return_inverse=True)
    code = _codes(cells, dimensions)
    shape = (len(agents), int(code.max()) + 1)
    place = agent * shape[1] + code
    names = ("n", "total", "square") if kind == "mean" else ("n", "total")
    columns = [cells[name].to_numpy(dtype=np.float64) for name in names]
    grids = [np.bincount(place, column, shape[0] * shape[1]).reshape(shape).astype(np.float64) for column in columns]
    crude, crude_error = _differences([grid.sum(axis=1, keepdims=True) for grid in grids], kind)[:2]
    within, error, shared = _differences(grids, kind)
    first, second = np.triu_indices(len(agents), 1)
    n = grids[0].sum(axis=1)
    overlap = np.minimum(shared / n[:, None], (shared / n[:, None]).T)
    z = normal_quantile(0.95)
    table = {"a": agents[first], "b": agents[second], "n_a": n[first], "n_b": n[second]}
    for name, value, se in (("crude", crude, crude_error), ("within", within, error)):
        ends = {f"{name}_low": value - z * se, f"{name}_high": value + z * se}
        table |= {key: grid[first, second] for key, grid in ({name: value} | ends).items()}
    frame = pd.DataFrame(table).assign(overlap=overlap[first, second])
    shares = frame["overlap"] >= SHARED_FROM
    with np.errstate(divide="ignore", invalid="ignore"):  # where all waits are the same there is nothing to test
        frame["p"] = np.where(shares, 2 * special.ndtr(-np.abs((within / error)[first, second])), np.nan)
    frame["p_adjusted"] = adjust(frame["p"], "bh")
    raw = (frame["crude_low"] > 0) | (frame["crude_high"] < 0)
    held = frame["p_adjusted"] < 0.05
    rules = [~shares, held & (frame["crude"] * frame["within"] < 0), held & ~raw, raw & ~held]
    frame["finding"] = np.select(rules, ["cannot_be_judged", "reversed", "emerged", "explained"], "same")
    return frame


def _differences(grids: list[Floats], kind: str) -> tuple[Floats, Floats, Floats]:
    """Weighted differences of all pairs over situations, their errors, and each agent's cases in situations the pair shares."""
    n, total = grids[0], grids[1]
    mean = np.divide(total, n, out=np.zeros_like(n), where=n > 0)
    variance = np.divide(_pooled(grids, kind) + np.zeros_like(n), n, out=np.zeros_like(n), where=n > 0)
    agents = len(n)
    value, error, shared = np.full((agents, agents), np.nan), np.full((agents, agents), np.nan), np.zeros((agents, agents))
    for at in range(agents):
        both = (n[at] > 0) & (n > 0)
        weight = np.where(both, n[at] * n / np.maximum(n[at] + n, 1), 0.0)
        whole = weight.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            value[at] = (weight * (mean[at] - mean)).sum(axis=1) / whole
            error[at] = np.sqrt((weight**2 * (variance[at] + variance)).sum(axis=1)) / whole
        shared[at] = (n[at] * both).sum(axis=1)
    return value, error, shared


def _pooled(grids: list[Floats], kind: str) -> Floats:
    """Variance of single cases within agent and situation, pooled over the agents of each situation."""
    n, total = grids[0], grids[1]
    if kind == "share":
        p = (total.sum(axis=0) + 0.5) / (n.sum(axis=0) + 1)
        return np.asarray(p * (1 - p))
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.maximum(np.where(n > 0, grids[2] - total**2 / n, 0.0), 0.0).sum(axis=0)
        free = np.maximum(n - 1, 0).sum(axis=0)
        return np.asarray(np.where(free > 0, inside / free, inside.sum() / max(free.sum(), 1.0)))


@dataclass(frozen=True)
class Stratified:
    """Odds of two groups, raw and within strata.

    ``crude_odds``, ``odds`` (Mantel–Haenszel) with ``low``, ``high``; ``chi2`` and ``p`` of the Mantel–Haenszel test (with continuity
    correction unless asked without); ``reversed``: raw and stratified odds lie on different sides of 1.
    """

    crude_odds: float
    odds: float
    low: float
    high: float
    chi2: float
    p: float
    reversed: bool


def mantel_haenszel(
    hits_a: ArrayLike, misses_a: ArrayLike, hits_b: ArrayLike, misses_b: ArrayLike, *, corrected: bool = True, level: float = 0.95
) -> Stratified:
    """Common odds ratio of two groups over strata; strata in which a group is absent say nothing.

    Called by no page, which speak of differences and ratios: the published answer to reversals, with which ours are compared.

    >>> found = mantel_haenszel([81, 6], [6, 73 - 2], [234, 55], [36, 25])
    >>> found.reversed
    False
    """
    a, b, c, d = (np.asarray(part, dtype=np.float64) for part in (hits_a, misses_a, hits_b, misses_b))
    n = a + b + c + d
    kept = ((a + b) > 0) & ((c + d) > 0)
    crude = float(a.sum() * d.sum() / (b.sum() * c.sum()))
    a, b, c, d, n = (part[kept] for part in (a, b, c, d, n))
    top, bottom = a * d / n, b * c / n
    odds = float(top.sum() / bottom.sum())
    same, other = (a + d) / n, (b + c) / n
    variance = (
        (same * top).sum() / (2 * top.sum() ** 2)
        + (same * bottom + other * top).sum() / (2 * top.sum() * bottom.sum())
        + (other * bottom).sum() / (2 * bottom.sum() ** 2)
    )
    reach = float(np.exp(normal_quantile(level) * np.sqrt(variance)))
    off = abs(float((a - (a + b) * (a + c) / n).sum()))
    spread = float(((a + b) * (c + d) * (a + c) * (b + d) / (n**2 * (n - 1))).sum())
    chi2 = max(off - 0.5 * corrected, 0.0) ** 2 / spread
    return Stratified(crude, odds, odds / reach, odds * reach, chi2, float(special.chdtrc(1, chi2)), (crude - 1) * (odds - 1) < 0)
