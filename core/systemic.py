"""Systemic or individual: does everybody move together, or do some agents move on their own?

The movements of a KPI over weeks are split into what all agents share (team-wide), what each agent does beside it (own), and what
chance does to figures of so many cases. The errors of the agent × week figures are known from their cases, widened where an agent's
days differ by more. The variances follow by equating sums of squares of a weighted two-way layout with their expectations (Henderson's
method III with known errors); their shares have generalised intervals (Weerahandi). Agents who move against the others are named one
after the other, each compared with the others without him and set aside once named; what is then left in common is tested by dealing
out each agent's weeks anew.

Sources: Searle, Casella & McCulloch 1992; Weerahandi 1993; Holm 1979.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from core.fairness import normal_quantile
from core.trends import ALPHA, adjust, verdict_codes, week_first_day, week_of

Floats = NDArray[np.float64]
TOLD = ("evidence", "strong_evidence")
PARTS = ("team", "own", "chance")
_AGENT_COLUMNS = ("agent", "weeks", "n", "p", "p_adjusted", "verdict", "since", "shift", "low", "high")


@dataclass(frozen=True)
class SplitRules:
    """What a split needs.

    Args:
        period: first and last local day; only whole weeks inside count.
        week_start: first weekday, 0 Monday.
        weeks_min, agents_min: whole weeks and agents that are needed.
        cell_min: cases an agent's week needs to count.
        share: whether the figures are shares of their n.
        draws, seed: of the permutation test and the intervals.
    """

    period: tuple[int, int]
    week_start: int = 0
    weeks_min: int = 4
    agents_min: int = 3
    cell_min: float = 5.0
    share: bool = False
    draws: int = 1999
    seed: int = 20_260_401


@dataclass(frozen=True)
class Step:
    """From when on a series lies elsewhere: first local day of that week, by how much (on the scale), 95 % interval."""

    since: int
    shift: float
    low: float
    high: float


@dataclass(frozen=True)
class Split:
    """Where the movements of a KPI come from.

    Args:
        verdict: ``systemic``, ``individual``, ``both``, ``neither``, ``not_enough_data`` or ``cannot_be_judged``.
        team, own: verdict code of each question alone; p and Holm-adjusted p of the two stand in ``p`` and ``p_adjusted`` (team, own).
        parts: one row per part (team, own, chance): part, sd (of an agent's week, on the scale), share, low, high.
        level: standard deviation between the agents' own levels, which does not move.
        agents: one row per agent: agent, weeks, n, p, p_adjusted (Holm over agents), verdict, since (first day of the week from which
            on he differs), shift, low, high (against the others, on the scale).
        named: who moves against the others, clearest first; empty unless ``own`` is told.
        weeks: one row per week: week (first local day), effect (common to all, on the scale), low, high, agents.
        step: from when on all are elsewhere, named agents left out; None without figures. ``same_side``: agents (not named) whose own
            figures moved to the same side then, of how many.
        n, n_agents, n_weeks: cases, agents and weeks used. ``restless``: standard deviation of an agent's days inside a week
            beyond chance; part of the errors.
        reason: ``too_few_agents``, ``too_few_weeks``, ``too_few_cases``, ``zero_variance``; empty where there is a verdict.
    """

    verdict: str
    team: str = "not_enough_data"
    own: str = "not_enough_data"
    p: tuple[float, float] = (np.nan, np.nan)
    p_adjusted: tuple[float, float] = (np.nan, np.nan)
    parts: pd.DataFrame = field(default_factory=pd.DataFrame)
    level: float = np.nan
    agents: pd.DataFrame = field(default_factory=pd.DataFrame)
    named: tuple[str, ...] = ()
    weeks: pd.DataFrame = field(default_factory=pd.DataFrame)
    step: Step | None = None
    same_side: tuple[int, int] = (0, 0)
    n: float = 0.0
    n_agents: int = 0
    n_weeks: int = 0
    restless: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Grid:
    """Figures of agents × weeks; NaN where there are too few cases. ``first``: local day each week begins."""

    agents: NDArray[Any]
    first: NDArray[np.int64]
    value: Floats
    error2: Floats
    n: Floats

    def pick(self, rows: NDArray[Any]) -> Grid:
        """Some of the agents."""
        return Grid(self.agents[rows], self.first, self.value[rows], self.error2[rows], self.n[rows])


# --- figures and their errors -----------------------------------------------------------------------------------------------------


def weekly_grid(rows: pd.DataFrame, rules: SplitRules) -> tuple[Grid, float]:
    """Agents × whole weeks with known errors, and the standard deviation of an agent's days inside a week beyond chance.

    Args:
        rows: one row per agent × local_day: n, total, square (sums of single cases; for shares total = square = hits).
    """
    first = int(week_of(rules.period[0] + 6, rules.week_start))
    span = max(int(week_of(rules.period[1] + 1, rules.week_start)) - first, 0)
    week = week_of(rows["local_day"], rules.week_start) - first
    rows = rows.assign(week=week)[(week >= 0) & (week < span)]
    agents, at = np.unique(rows["agent"].to_numpy(dtype=str), return_inverse=True)
    shape = (len(agents), span)
    n, total, square = (_laid(rows[name], at, rows["week"], shape) for name in ("n", "total", "square"))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n
        one = _single_variance(n, total, square, rules.share)
        restless, uneven = _restless(rows, at, mean, one)
        kept = n >= rules.cell_min
        grid = Grid(agents, week_first_day(first + np.arange(span), rules.week_start), np.where(kept, mean, np.nan),
                    np.where(kept, one[:, None] / n + restless * uneven, np.nan), np.where(kept, n, 0.0))  # fmt: skip
    return _usable(grid, rules), float(np.sqrt(restless))


def _laid(column: pd.Series, row: Any, at: pd.Series, shape: tuple[int, int]) -> Floats:
    place = row * shape[1] + at.to_numpy(dtype=np.int64)
    return np.bincount(place, column.to_numpy(dtype=np.float64), shape[0] * shape[1]).reshape(shape).astype(np.float64)


def _single_variance(n: Floats, total: Floats, square: Floats, share: bool) -> Floats:
    """Variance of a single case per agent, within his weeks; agents with few cases lean on all."""
    if share:
        overall = total.sum() / n.sum()
        own = (total.sum(axis=1) + 2 * overall) / (n.sum(axis=1) + 2)
        return np.asarray(own * (1 - own), dtype=np.float64)
    inside = np.where(n > 0, square - total**2 / np.where(n > 0, n, 1), 0.0).clip(min=0).sum(axis=1)
    free = np.maximum(n - 1, 0).sum(axis=1)
    common = inside.sum() / free.sum()
    return np.asarray((inside + 10 * common) / (free + 10), dtype=np.float64)


def _restless(rows: pd.DataFrame, at: Any, mean: Floats, one: Floats) -> tuple[float, Floats]:
    """Variance of an agent's days inside a week beyond single cases and common days; and what a unit of it adds to a week's figure."""
    n = rows["n"].to_numpy(dtype=np.float64)
    week, day = rows["week"].to_numpy(dtype=np.int64), rows["local_day"].to_numpy(dtype=np.int64)
    off = rows["total"].to_numpy(dtype=np.float64) / n - mean[at, week]
    place, cell = np.unique(day, return_inverse=True)[1], at * mean.shape[1] + week
    weight = n / one[at]
    of_day = np.bincount(place, weight)[place]
    of_week, squares = (np.bincount(cell, part, mean.size) for part in (n, n**2))
    off = off - np.bincount(place, weight * off)[place] / of_day
    with np.errstate(invalid="ignore", divide="ignore"):
        uneven = squares / of_week**2
    free = 1 - weight / of_day
    expected = float(((1 - n / of_week[cell]) * free).sum())
    slope = float((weight * (1 - 2 * n / of_week[cell] + uneven[cell]) * free).sum())
    beyond = float((weight * off**2).sum()) - expected
    return (max(beyond / slope, 0.0) if slope > 0 else 0.0), uneven.reshape(mean.shape)


def _usable(grid: Grid, rules: SplitRules) -> Grid:
    """Weeks with enough agents, then agents with enough of those weeks."""
    weeks = (~np.isnan(grid.value)).sum(axis=0) >= rules.agents_min
    grid = Grid(grid.agents, grid.first[weeks], *(part[:, weeks] for part in (grid.value, grid.error2, grid.n)))
    return grid.pick((~np.isnan(grid.value)).sum(axis=1) >= rules.weeks_min)


# --- variances --------------------------------------------------------------------------------------------------------------------


def additive(value: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Weighted least squares of agents + weeks, by turns; gaps weigh 0. The weeks' effects have the weighted mean 0.

    >>> level, common = additive(np.array([[1.0, 2.0], [3.0, 4.0]]), np.ones((2, 2)))
    >>> level.round(6).tolist(), common.round(6).tolist()
    ([1.5, 3.5], [-0.5, 0.5])
    """
    filled, common = np.where(weight > 0, value, 0.0), np.zeros(value.shape[1])
    rows, columns = weight.sum(axis=1), weight.sum(axis=0)
    rows, columns = (np.where(part > 0, part, 1.0) for part in (rows, columns))
    level = np.zeros(len(value))
    for _ in range(200):
        before = common
        level = (weight * (filled - common)).sum(axis=1) / rows
        common = (weight * (filled - level[:, None])).sum(axis=0) / columns
        if np.abs(common - before).max(initial=0.0) < 1e-12 * (1 + np.abs(filled).max(initial=0.0)):
            break
    centre = float((common * columns).sum() / columns.sum())
    return level + centre, common - centre


@dataclass(frozen=True)
class _Layout:
    """Sums of squares of a weighted two-way layout and their coefficients: of the own variance, of the known errors, of the factor."""

    ss: Floats
    own: Floats
    error: Floats
    factor: Floats
    free: Floats


def _layout(grid: Grid, weight: Floats) -> _Layout:
    """Rows: rest (agents + weeks fitted), weeks after agents, agents after weeks."""
    agent, week = np.nonzero(~np.isnan(grid.value))
    y, error2, w = (part[agent, week] for part in (grid.value, grid.error2, weight))
    design = np.zeros((len(y), sum(grid.value.shape)))
    design[np.arange(len(y)), agent] = design[np.arange(len(y)), len(grid.agents) + week] = 1.0
    scaled = design * np.sqrt(w)[:, None]
    inverse = np.linalg.pinv(scaled.T @ scaled, rcond=1e-12, hermitian=True)
    both = np.einsum("ij,jk,ik->i", scaled, inverse, scaled)
    fit = design @ (inverse @ (scaled.T @ (np.sqrt(w) * y)))
    rest = float((w * (y - fit) ** 2).sum())
    ss, leverage, factor = [rest], [1 - both], [0.0]
    for code in (agent, week):
        sums = np.bincount(code, w)
        alone = w / sums[code]
        mean = np.bincount(code, w * y)[code] / sums[code]
        ss.append(float((w * (y - mean) ** 2).sum()) - rest)
        leverage.append(both - alone)
        factor.append(float((w * (1 - alone)).sum()))
    own = [float((part * w).sum()) for part in leverage]
    error = [float((part * w * error2).sum()) for part in leverage]
    free = [float(part.sum()) for part in leverage]
    return _Layout(*(np.array(part) for part in (ss, own, error, factor, free)))


def _variances(found: _Layout, luck: Floats | float = 1.0) -> tuple[Any, Any, Any]:
    """Variances team-wide, own and of agents' levels; ``luck`` divides the sums of squares by draws of what chance does to them."""
    ss = found.ss * luck
    own = np.maximum((ss[..., 0] - found.error[0]) / found.own[0], 0.0)
    common = [np.maximum((ss[..., at] - found.error[at] - own * found.own[at]) / found.factor[at], 0.0) for at in (1, 2)]
    return common[0], own, common[1]


def _fitted(grid: Grid) -> tuple[_Layout, Floats]:
    """The layout with weights that fit the own variance, and those weights."""
    own = float(np.nanmedian(grid.error2))
    for _ in range(4):
        weight = np.nan_to_num(1 / (grid.error2 + own))
        found = _layout(grid, weight)
        own = float(_variances(found)[1])
    return found, weight


def _own_p(grid: Grid) -> float:
    """P of no own movements of anybody."""
    plain = _layout(grid, np.nan_to_num(1 / grid.error2))
    return float(special.chdtrc(plain.free[0], plain.ss[0]))


def _parts(grid: Grid, rest: Grid, rules: SplitRules) -> tuple[pd.DataFrame, float]:
    """Shares of team-wide (of those not named), own and chance with generalised intervals; the spread of levels."""
    (whole, weight), (common, _) = _fitted(grid), _fitted(rest)
    sizes = np.array([float(_variances(common)[0]), float(_variances(whole)[1]), float(np.nansum(weight * grid.error2) / weight.sum())])
    rng = np.random.default_rng(rules.seed)
    luck = [np.column_stack([free / rng.chisquare(free, rules.draws) for free in found.free]) for found in (common, whole)]
    drawn = [_variances(common, luck[0])[0], _variances(whole, luck[1])[1], np.full(rules.draws, sizes[2])]
    total = np.sum(drawn, axis=0)
    ends = np.array([np.quantile(part / total, [0.025, 0.975]) for part in drawn])
    table = {"part": list(PARTS), "sd": np.sqrt(sizes), "share": sizes / sizes.sum(), "low": ends[:, 0], "high": ends[:, 1]}
    return pd.DataFrame(table), float(np.sqrt(_variances(whole)[2]))


# --- who moves against the others -------------------------------------------------------------------------------------------------


def _apart(grid: Grid) -> tuple[Floats, Floats, float]:
    """Each agent's weeks against the others' common weeks: differences, their error variances, what agents usually move alone."""
    weight = np.nan_to_num(1 / grid.error2)
    level, _ = additive(grid.value, weight)
    off = np.where(weight > 0, grid.value - level[:, None], 0.0)
    rest = weight.sum(axis=0) - weight
    with np.errstate(invalid="ignore", divide="ignore"):
        others = ((weight * off).sum(axis=0) - weight * off) / rest
        off = np.where(rest > 0, grid.value - others, np.nan)
        error2 = grid.error2 + 1 / rest
        centred = off - (np.nansum(off / error2, axis=1) / np.nansum(np.where(np.isnan(off), np.nan, 1 / error2), axis=1))[:, None]
    seen = (~np.isnan(centred)).sum(axis=1)
    spread = np.nansum(centred**2, axis=1) / np.maximum(seen - 1, 1)
    usual = float(np.median(spread - np.nanmean(error2, axis=1)))
    return centred, error2, max(usual, 0.0)


def _strange(grid: Grid) -> Floats:
    """P per agent: do his weeks move against the others' by more than errors and what agents usually do?

    The smaller p of any movement and of a lasting step, doubled because there are two.
    """
    off, error2, usual = _apart(grid)
    weight = np.where(np.isnan(off), 0.0, 1 / (error2 + usual))
    off = np.nan_to_num(off)
    seen, sums = (weight > 0).sum(axis=1), weight.sum(axis=1, keepdims=True)
    off = np.where(weight > 0, off - (weight * off).sum(axis=1, keepdims=True) / sums, 0.0)
    any_p = special.chdtrc(np.maximum(seen - 1, 1), (weight * off**2).sum(axis=1))
    ahead, before = np.cumsum(weight, axis=1)[:, :-1], np.cumsum(weight * off, axis=1)[:, :-1]
    behind = sums - ahead
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where((ahead > 0) & (behind > 1e-9 * sums), -before * (1 / behind + 1 / ahead) / np.sqrt(1 / ahead + 1 / behind), 0.0)
    step_p = np.maximum(seen - 1, 1) * 2 * special.ndtr(-np.abs(z).max(axis=1))
    return np.asarray(np.minimum(2 * np.minimum(any_p, step_p), 1.0), dtype=np.float64)


def _stepdown(grid: Grid, rules: SplitRules) -> tuple[Floats, Floats, list[int]]:
    """P and Holm-adjusted p per agent; named agents are set aside, at most half of all."""
    size = len(grid.agents)
    p, p_adjusted = np.full(size, np.nan), np.full(size, np.nan)
    named: list[int] = []
    left, floor = np.arange(size), 0.0
    while len(left) >= rules.agents_min and len(named) <= size / 2:
        p[left] = _strange(grid.pick(left))
        p_adjusted[left] = np.fmax(adjust(p[left]), floor)
        best = int(left[np.argmin(p[left])])
        if not p_adjusted[best] < ALPHA:
            break
        named.append(best)
        floor = float(p_adjusted[best])
        left = left[left != best]
    return p, p_adjusted, named


def _best_step(off: Floats, error2: Floats, first: NDArray[np.int64]) -> Step | None:
    """The split of a series that explains most of it."""
    seen = np.flatnonzero(~np.isnan(off))
    if len(seen) < 2:
        return None
    w, x = 1 / error2[seen], off[seen]
    ahead, sums = np.cumsum(w)[:-1], np.cumsum(w * x)[:-1]
    behind = w.sum() - ahead
    shift, error = ((w * x).sum() - sums) / behind - sums / ahead, np.sqrt(1 / ahead + 1 / behind)
    at = int(np.argmax(np.abs(shift / error)))
    reach = normal_quantile(0.95) * float(error[at])
    return Step(int(first[seen[at + 1]]), float(shift[at]), float(shift[at]) - reach, float(shift[at]) + reach)


def _agent_rows(grid: Grid, tested: tuple[Floats, Floats, list[int]]) -> pd.DataFrame:
    p, p_adjusted, named = tested
    rest = np.setdiff1d(np.arange(len(grid.agents)), named)
    rows: list[dict[str, Any]] = []
    for at, agent in enumerate(grid.agents):
        off, error2, usual = _apart(grid.pick(np.append(rest[rest != at], at)))
        step = _best_step(off[-1], error2[-1] + usual, grid.first)
        found = {"since": -1, "shift": np.nan, "low": np.nan, "high": np.nan} if step is None else vars(step)
        seen = {"agent": str(agent), "weeks": int((grid.n[at] > 0).sum()), "n": float(grid.n[at].sum())}
        rows.append(seen | {"p": p[at], "p_adjusted": p_adjusted[at]} | found)
    frame = pd.DataFrame(rows)
    size = len(frame)
    frame["verdict"] = verdict_codes(frame["p"], frame["p_adjusted"], np.zeros(size, dtype=bool), np.ones(size, dtype=bool))
    order = [*named, *(at for at in np.argsort(p, kind="stable") if at not in named)]
    return frame.iloc[order][list(_AGENT_COLUMNS)].reset_index(drop=True)


# --- what all have in common ------------------------------------------------------------------------------------------------------


def _common_p(grid: Grid, rules: SplitRules) -> float:
    """P of the weeks being alike for all: each agent's weeks are dealt out to his weeks anew."""
    _, _, usual = _apart(grid)
    weight = np.nan_to_num(1 / (grid.error2 + usual))
    filled = np.where(weight > 0, grid.value, 0.0)
    off = np.where(weight > 0, filled - ((weight * filled).sum(axis=1) / weight.sum(axis=1))[:, None], 0.0)
    rng, draws = np.random.default_rng(rules.seed), rules.draws
    top, bottom = np.zeros((draws + 1, off.shape[1])), np.zeros((draws + 1, off.shape[1]))
    for value, own in zip(off, weight, strict=True):
        weeks = np.flatnonzero(own > 0)
        dealt = rng.permuted(np.tile(weeks, (draws + 1, 1)), axis=1)
        dealt[0] = weeks
        top[:, weeks] += (value * own)[dealt]
        bottom[:, weeks] += own[dealt]
    found = np.divide(top**2, bottom, out=np.zeros_like(top), where=bottom > 0).sum(axis=1)
    return float(((found[1:] >= found[0] * (1 - 1e-12)).sum() + 1) / (draws + 1))


def _week_rows(grid: Grid) -> tuple[pd.DataFrame, Step | None]:
    _, _, usual = _apart(grid)
    weight = np.nan_to_num(1 / (grid.error2 + usual))
    _, common = additive(grid.value, weight)
    error2 = 1 / weight.sum(axis=0)
    reach = normal_quantile(0.95) * np.sqrt(error2)
    ends = {"effect": common, "low": common - reach, "high": common + reach}
    frame = pd.DataFrame({"week": grid.first} | ends | {"agents": (weight > 0).sum(axis=0)})
    return frame, _best_step(common, error2, grid.first)


def _same_side(grid: Grid, step: Step | None) -> tuple[int, int]:
    """How many agents moved to the side of the common step, of those seen on both sides of it."""
    if step is None:
        return 0, 0
    later = grid.first >= step.since
    weight = np.nan_to_num(1 / grid.error2)
    sums = [weight[:, part].sum(axis=1) for part in (~later, later)]
    both = (sums[0] > 0) & (sums[1] > 0)
    filled = np.where(weight > 0, weight * grid.value, 0.0)
    shift = filled[both][:, later].sum(axis=1) / sums[1][both] - filled[both][:, ~later].sum(axis=1) / sums[0][both]
    return int((shift * step.shift > 0).sum()), int(both.sum())


def split(rows: pd.DataFrame, rules: SplitRules) -> Split:
    """Systemic or individual: where do the movements of a KPI over weeks come from?

    Args:
        rows: one row per agent × local_day: agent, local_day, n, total, square (sums of single cases on the scale of judgement).

    The two questions (does the team move, does anybody move alone) are one Holm family; whoever is named passed a Holm family of all
    agents besides. A diffuse own movement of many without a name counts as ``individual`` too.

    >>> rng, cells = np.random.default_rng(1), [(a, d) for a in range(6) for d in range(4, 4 + 84)]
    >>> rows = pd.DataFrame(cells, columns=["agent", "local_day"]).assign(n=20.0)
    >>> rows["total"] = 20 * (4 + 0.3 * (rows["local_day"] >= 46)) + rng.normal(0, np.sqrt(20) * 0.5, len(rows))
    >>> rows["square"] = rows["total"] ** 2 / 20 + 19 * 0.25
    >>> found = split(rows, SplitRules((4, 87)))
    >>> found.verdict, found.named, found.step.since, round(found.step.shift, 1)
    ('systemic', (), 46, 0.3)
    """
    if rows.empty:
        return Split("not_enough_data", reason="too_few_cases")
    grid, restless = weekly_grid(rows, rules)
    told = {"n": float(grid.n.sum()), "n_agents": len(grid.agents), "n_weeks": grid.value.shape[1], "restless": restless}
    reason = _too_little(rows, grid, rules)
    if reason:
        return Split("cannot_be_judged" if reason == "zero_variance" else "not_enough_data", reason=reason, **told)
    tested = _stepdown(grid, rules)
    agents = _agent_rows(grid, tested)
    rest = grid.pick(np.setdiff1d(np.arange(len(grid.agents)), tested[2]))
    parts, level = _parts(grid, rest, rules)
    weeks, step = _week_rows(rest)
    p = (_common_p(rest, rules), min(1.0, 2 * min(_own_p(grid), float(np.nanmin(tested[1])))))
    p_adjusted = adjust(p)
    team, own = verdict_codes(p, p_adjusted, [False, False], [True, True]).tolist()
    named = tuple(str(grid.agents[at]) for at in tested[2]) if own in TOLD else ()
    both = {(True, True): "both", (True, False): "systemic", (False, True): "individual"}
    return Split(
        both.get((team in TOLD, own in TOLD), "neither"), team, own, p, (float(p_adjusted[0]), float(p_adjusted[1])), parts, level, agents,
        named, weeks, step, _same_side(rest, step), **told,
    )  # fmt: skip


def _too_little(rows: pd.DataFrame, grid: Grid, rules: SplitRules) -> str:
    if rows["agent"].nunique() < rules.agents_min:
        return "too_few_agents"
    first, last = week_of(rules.period[0] + 6, rules.week_start), week_of(rules.period[1] + 1, rules.week_start)
    if int(last - first) < rules.weeks_min:
        return "too_few_weeks"
    if len(grid.agents) < rules.agents_min or grid.value.shape[1] < rules.weeks_min:
        return "too_few_cases"
    flat = not np.nanmax(grid.error2) > 0 or np.nanmax(grid.value) == np.nanmin(grid.value)
    return "zero_variance" if flat else ""
