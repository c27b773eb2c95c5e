"""Questions, not accusations: is a speed figure bought with something that the figure does not see?

Each family counts one thing per agent, sets it beside the colleagues' and tests it, Holm over the agents. An agent is asked about only
when the adjusted p is below 0.05 *and* the difference is large enough to matter. Agents differ for good reasons too (languages, shifts,
templates they were given): where the spread between agents exceeds chance, the test allows for it, so that only who stands out of that
spread is asked about. A question carries its evidence; what lies behind it is for people to find out.

=====================  ==========================================================  =============================================
family                 counted                                                     test
=====================  ==========================================================  =============================================
``bunching``           first replies just inside a target v just outside           exact binomial against the local slope
``empty_first_reply``  first replies far shorter than replies in that language     against colleagues of the same language
``pasted``             conversations that mostly repeat the agent's last texts     the same
``reopened``           closed, and back within 24 hours                            against colleagues, spread allowed for
``handed_over``        badly rated conversations begun but passed on               the same
``selective_survey``   asked (or answered) among quick and among long ones         Fisher within the agent, and against colleagues
``easy_cases``         easy issues taken v offered in the same hour                Mantel–Haenszel over hours
=====================  ==========================================================  =============================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from core.fairness import Estimate, difference, upper_tail, wilson
from core.funnel import between_variance, dispersion
from core.pairs import fisher
from core.trends import adjust

Floats = NDArray[np.float64]
FAMILIES = ("bunching", "empty_first_reply", "pasted", "reopened", "handed_over", "selective_survey", "easy_cases")
COUNTED_FROM = 10
LEAST = 0.05
MIN_AGENTS = 5
ALPHA = 0.05


@dataclass(frozen=True)
class Family:
    """One kind of question asked about all agents.

    Args:
        key: one of `FAMILIES`.
        rows: one row per agent: agent, hits, n, share, team (the colleagues' share, or what chance expects), difference with low, high,
            p, p_adjusted (Holm), asked (whether there is a question), and ``about`` (the target, or what was counted).
        family: how many agents (× targets) were tested.
        reason: why it cannot be asked: ``missing_columns``, ``too_coarse`` (stamps), ``too_few_agents``, ``no_dimension``; else empty.
        needs: the columns that are missing.
    """

    key: str
    rows: pd.DataFrame
    family: int = 0
    reason: str = ""
    needs: tuple[str, ...] = ()

    @property
    def asked(self) -> pd.DataFrame:
        """The agents there is a question about, strongest first."""
        return self.rows[self.rows["asked"]].sort_values("p", kind="stable") if len(self.rows) else self.rows


def unanswerable(key: str, reason: str, needs: Sequence[str] = ()) -> Family:
    """A family that the log cannot answer, and why."""
    return Family(key, pd.DataFrame(), reason=reason, needs=tuple(needs))


def outstanding(key: str, counts: pd.DataFrame, *, least: float = LEAST, about: str = "") -> Family:
    """Whose share of something is higher than the colleagues' in the same situations, beyond the spread that agents have anyway.

    Args:
        key: of the family.
        counts: one row per agent (× ``stratum``, where cases are compared only within one): ``agent``, ``hits``, ``n``.
        least: smallest difference of shares that is asked about.
        about: what was counted, for the reader.

    Returns:
        ``team``: the colleagues' share in the agent's own mix of strata. A stratum with a single agent says nothing and is left out. p is
        the larger of the exact-like one-sided p (sum of hypergeometrics, matched by a binomial of the same mean and variance) and that of
        a normal test widened by the variance between agents. Agents with fewer than ten cases are not tested; fewer than two tested:
        ``too_few_agents``.

    >>> found = outstanding("pasted", pd.DataFrame({"agent": list("abcdef"), "hits": [5, 4, 6, 60, 5, 5], "n": 100}))
    >>> found.asked["agent"].tolist(), found.family
    (['d'], 6)
    """
    counts = counts.assign(stratum=0) if "stratum" not in counts else counts
    whole = counts.groupby("stratum")[["hits", "n"]].transform("sum")
    agents, agent = np.unique(counts["agent"].to_numpy(dtype=str), return_inverse=True)
    own, size, hits, offered = (part.to_numpy(dtype=np.float64) for part in (counts["hits"], counts["n"], whole["hits"], whole["n"]))
    choice = (offered > size) & (size > 0)
    chance = np.divide(hits, offered, out=np.zeros_like(hits), where=choice)
    others = np.divide(hits - own, offered - size, out=np.zeros_like(hits), where=choice)
    spread = size * chance * (1 - chance) * np.divide(offered - size, offered - 1, out=np.zeros_like(size), where=offered > 1)

    def summed(values: Floats) -> Floats:
        return np.bincount(agent[choice], values[choice], len(agents)).astype(np.float64)

    seen, n, expected, variance = summed(own), summed(size), summed(size * chance), summed(spread)
    tested = (n >= COUNTED_FROM) & (variance > 0)
    if (n >= COUNTED_FROM).sum() < 2:
        return unanswerable(key, "too_few_agents")
    frame = _beside(agents, seen, n, summed(size * others), summed(offered - size))
    p = np.where(tested, np.maximum(upper_tail(seen, expected, variance), _widened(seen - expected, variance, tested)), 1.0)
    frame["p"] = np.where(n >= COUNTED_FROM, p, np.nan)
    return _asked(key, frame.assign(about=about), least)


def _beside(agents: NDArray[np.str_], hit: Floats, size: Floats, expected: Floats, rest: Floats) -> pd.DataFrame:
    """Shares beside the colleagues' (expected hits at their shares), difference with the hybrid score interval."""
    team = np.divide(expected, size, out=np.zeros_like(size), where=size > 0)
    own, others = wilson(hit, size), wilson(np.minimum(team * rest, rest), rest)
    frame = pd.DataFrame({"agent": list(agents), "hits": hit, "n": size, "share": own.value, "team": others.value})
    apart = [difference(own[at], others[at]) for at in range(len(own))]
    for name, part in (("difference", "value"), ("low", "low"), ("high", "high")):
        frame[name] = [getattr(one, part) for one in apart]
    return frame


def _widened(excess: Floats, variance: Floats, tested: NDArray[np.bool_]) -> Floats:
    """One-sided p of an excess when agents vary by more than chance; 0 where there is no such spread to allow for."""
    z = np.divide(excess, np.sqrt(variance), out=np.zeros_like(excess), where=variance > 0)
    if tested.sum() < MIN_AGENTS:
        return np.zeros(len(z))
    error = np.sqrt(variance[tested])
    # on the scale of shares an agent's error is √variance / cases; between_variance only needs errors up to a factor
    tau2 = between_variance(dispersion(z[tested]), 1 / error)
    return special.ndtr(-z / np.sqrt(1 + tau2 * variance)) if tau2 > 0 else np.zeros(len(z))


def _asked(key: str, frame: pd.DataFrame, least: float) -> Family:
    frame["p_adjusted"] = adjust(frame["p"])
    frame["asked"] = (frame["p_adjusted"] < ALPHA) & (frame["difference"] >= least)
    return Family(key, frame, int(frame["p"].notna().sum()))


# --- just inside a target ------------------------------------------------------------------------------------------------------------


def bunched(inside: ArrayLike, outside: ArrayLike, expected: float = 0.5) -> tuple[Floats, Floats]:
    """Share just inside among those just inside and just outside, and the exact one-sided p of more than ``expected``.

    NaN where there are none. Source: the caliper test (Gerber & Malhotra 2008).

    >>> share, p = bunched([33], [27])
    >>> share.tolist(), p.round(4).tolist()
    ([0.55], [0.2595])
    """
    near, off = np.asarray(inside, dtype=np.float64), np.asarray(outside, dtype=np.float64)
    n = near + off
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(n > 0, near / n, np.nan)
    p = np.where(near > 0, special.betainc(np.maximum(near, 1), off + 1, expected), 1.0)
    return share, np.where(n > 0, p, np.nan)


def caliper(values: Floats, target: float, width: float) -> tuple[int, int, float]:
    """How many values lie just inside (target − width, target], just outside (target, target + width], and the share expected inside.

    Expected from the slope of the windows beyond (log-linear), never below one half.

    >>> caliper(np.arange(1.0, 101), 50.0, 10.0)
    (10, 10, 0.5)
    """

    def within(low: float, high: float) -> int:
        return int(((values > low) & (values <= high)).sum())

    before, after = within(target - 2 * width, target - width), within(target + width, target + 2 * width)
    fall = np.log((before + 0.5) / (after + 0.5)) / 3
    expected = max(0.5, 1 / (1 + np.exp(-fall)))
    return within(target - width, target), within(target, target + width), float(expected)


def resolution(values: Floats) -> float:
    """The step in which times were written: 60 when nearly all are whole minutes, 1 for whole seconds, 0 for finer ones.

    >>> resolution(np.array([60.0, 120, 180])), resolution(np.array([61.0, 75])), resolution(np.array([0.25, 3.7]))
    (60.0, 1.0, 0.0)
    """
    for step in (3600.0, 60.0, 10.0, 5.0, 1.0):
        if len(values) and (values % step == 0).mean() > 0.95:
            return step
    return 0.0


def bunching(cases: pd.DataFrame, targets: Sequence[float], *, least: float = 0.1) -> Family:
    """Whose replies pile up just inside a target (window: a fifth of the target on each side).

    Args:
        cases: one row per reply: ``agent``, ``value`` (seconds).
        targets: seconds; each target is a row per agent, all in one family. A target that the stamps are too coarse for is left out;
            when all are, the reason is ``too_coarse``.
        least: smallest excess over the expected share that is asked about.
    """
    values, step = cases["value"].to_numpy(dtype=np.float64), resolution(cases["value"].to_numpy(dtype=np.float64))
    fine = [target for target in dict.fromkeys(targets) if target > 0 and 0.2 * target >= 3 * step]
    if not fine:
        return unanswerable("bunching", "too_coarse")
    parts = [_bunching_at(cases, values, target) for target in fine]
    frame = pd.concat(parts, ignore_index=True)
    return _asked("bunching", frame, least) if frame["p"].notna().any() else unanswerable("bunching", "too_few_agents")


def _bunching_at(cases: pd.DataFrame, values: Floats, target: float) -> pd.DataFrame:
    width = 0.2 * target
    near = cases["agent"][(values > target - width) & (values <= target)].value_counts()
    off = cases["agent"][(values > target) & (values <= target + width)].value_counts()
    agents = sorted(cases["agent"].unique())
    inside, outside = (found.reindex(agents, fill_value=0).to_numpy(dtype=np.float64) for found in (near, off))
    expected = caliper(values, target, width)[2]
    share, p = bunched(inside, outside, expected)
    own = wilson(inside, inside + outside)
    frame = pd.DataFrame({"agent": agents, "hits": inside, "n": inside + outside, "share": share, "team": expected})
    frame = frame.assign(difference=share - expected, low=own.low - expected, high=own.high - expected)
    return frame.assign(p=np.where(frame["n"] >= COUNTED_FROM, p, np.nan), about=f"{target:g}")


# --- asked selectively -----------------------------------------------------------------------------------------------------------------


def selective(counts: pd.DataFrame, *, about: str = "length", least: float = 0.1) -> Family:
    """Who asks (or is answered by) the customers of quick or untroubled conversations more than those of the others.

    Args:
        counts: one row per agent: ``agent``, ``asked_good``, ``good``, ``asked_bad``, ``bad``.
        about: what good and bad mean: ``length`` or ``outcome``.
        least: smallest excess over the colleagues' own difference that is asked about.

    Returns:
        ``share`` and ``team`` are differences (good − bad) of the agent and of the colleagues. p is the larger of Fisher's within the
        agent and that of the difference of the two differences, as customers of long conversations may answer less by themselves.
    """
    x, n, y, m = (counts[name].to_numpy(dtype=np.float64) for name in ("asked_good", "good", "asked_bad", "bad"))
    tested = (n >= COUNTED_FROM) & (m >= COUNTED_FROM)
    if tested.sum() < 2:
        return unanswerable("selective_survey", "too_few_agents")
    own = [difference(a, b) for a, b in zip(_each(x, n), _each(y, m), strict=True)]
    rest = [difference(a, b) for a, b in zip(_each(x.sum() - x, n.sum() - n), _each(y.sum() - y, m.sum() - m), strict=True)]
    apart = [difference(a, b) for a, b in zip(own, rest, strict=True)]
    frame = pd.DataFrame({"agent": counts["agent"].to_numpy(), "hits": x, "n": n + m})
    frame["share"], frame["team"] = [one.value for one in own], [one.value for one in rest]
    for name, part in (("difference", "value"), ("low", "low"), ("high", "high")):
        frame[name] = [getattr(one, part) for one in apart]
    reach = (frame["difference"] - frame["low"]) / special.ndtri(0.975)
    against = special.ndtr(-frame["difference"] / reach.where(reach > 0))
    frame["p"] = np.where(tested, np.maximum(fisher(x, n, y, m, "greater"), against), np.nan)
    return _asked("selective_survey", frame.assign(about=about), least)


def _each(hits: Floats, n: Floats) -> list[Estimate]:
    found = wilson(hits, n)
    return [found[at] for at in range(len(found))]


# --- easy cases ------------------------------------------------------------------------------------------------------------------------


def picking(cells: pd.DataFrame, *, least: float = LEAST) -> Family:
    """Who takes more of the easy cases than were offered while they worked.

    Args:
        cells: one row per agent × situation: ``agent``, ``situation`` (day × hour × language × channel), ``easy`` and ``n`` cases taken.
        least: smallest excess of the share of easy cases that is asked about.

    As `outstanding`: a situation with a single agent offers no choice.
    """
    counts = cells.rename(columns={"situation": "stratum", "easy": "hits"})
    return outstanding("easy_cases", counts, least=least, about="category")
