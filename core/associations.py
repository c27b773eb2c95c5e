"""What goes with a yes: differences in a share between cases with and without something, crude and among cases that are otherwise alike.

A difference can come from who or what else differs: agents, channels, languages, issues. So each one is told three times: crude, within the
same agent, and within the same agent, channel, language and issue (Mantel–Haenszel risk difference with Sato's variance, odds ratio
with that of Robins, Breslow & Greenland). Judged is the larger p of the two adjusted ones; where too few cases have a like, within
agents alone. A difference that changes sides is flagged. All this is association: it does not say what a change would do.

Sources: Mantel & Haenszel 1959; Robins, Breslow & Greenland 1986; Sato 1989; Newcombe 1998; Holm 1979.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from core.fairness import newcombe, normal_quantile
from core.trends import adjust, verdict_codes

Floats = NDArray[np.float64]
N_MIN, INFORMATIVE, GAP = 30.0, 0.5, 0.10
ALIKE = ("channel", "language", "category")


@dataclass(frozen=True)
class Contrast:
    """Cases with something (a level of a driver) against cases without it; rows where it is not known count on neither side.

    ``dimension``: which of the dimensions it is, so that it is not held alike against itself; empty for others.
    """

    driver: str
    level: str
    having: NDArray[np.bool_]
    known: NDArray[np.bool_]
    dimension: str = ""


@dataclass(frozen=True)
class Adjusted:
    """A risk difference and odds ratio over strata; ``informative``: share of cases in strata that have both sides."""

    difference: float
    low: float
    high: float
    odds: float
    odds_low: float
    odds_high: float
    p: float
    informative: float


def stratified(strata: NDArray[Any], having: NDArray[np.bool_], hits: Floats, n: Floats) -> Adjusted:
    """Mantel–Haenszel over strata: difference of shares (with − without), odds ratio, test of none (without continuity correction).

    >>> sex = np.array([0, 0, 1, 1])
    >>> found = stratified(sex, np.array([True, False] * 2), np.array([8.0, 6.0, 30.0, 20.0]), np.array([10.0, 10.0, 40.0, 40.0]))
    >>> round(found.difference, 3), round(found.odds, 3)
    (0.24, 2.935)
    """
    size = int(strata.max()) + 1 if len(strata) else 0
    sums = [np.bincount(strata, np.where(side, part, 0.0), size) for side in (having, ~having) for part in (hits, n)]
    cases = float(n.sum())
    kept = (sums[1] > 0) & (sums[3] > 0)
    a, m1, c, m0 = (np.asarray(part[kept], dtype=np.float64) for part in sums)
    total = m1 + m0
    if not kept.any():
        return Adjusted(np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, 0.0)
    difference, low, high = _difference(a, m1, c, m0)
    odds = _odds(a, m1 - a, c, m0 - c)
    spread = float((m1 * m0 * (a + c) * (total - a - c) / (total**2 * np.maximum(total - 1, 1))).sum())
    p = float(special.chdtrc(1, float((a - m1 * (a + c) / total).sum()) ** 2 / spread)) if spread > 0 else np.nan
    return Adjusted(difference, low, high, *odds, p, float(total.sum()) / cases if cases else 0.0)


def _difference(a: Floats, m1: Floats, c: Floats, m0: Floats) -> tuple[float, float, float]:
    total = m1 + m0
    weight = float((m1 * m0 / total).sum())
    found = float(((a * m0 - c * m1) / total).sum()) / weight
    first = (m1**2 * c - m0**2 * a + m1 * m0 * (m0 - m1) / 2) / total**2
    second = (a * (m0 - c) + c * (m1 - a)) / (2 * total)
    reach = normal_quantile(0.95) * float(np.sqrt(max(found * float(first.sum()) + float(second.sum()), 0.0))) / weight
    return found, max(found - reach, -1.0), min(found + reach, 1.0)


def _odds(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[float, float, float]:
    total = a + b + c + d
    top, bottom = a * d / total, b * c / total
    if not min(top.sum(), bottom.sum()) > 0:
        return np.nan, np.nan, np.nan
    same, other = (a + d) / total, (b + c) / total
    variance = (
        (same * top).sum() / (2 * top.sum() ** 2)
        + (same * bottom + other * top).sum() / (2 * top.sum() * bottom.sum())
        + (other * bottom).sum() / (2 * bottom.sum() ** 2)
    )
    odds, reach = float(top.sum() / bottom.sum()), float(np.exp(normal_quantile(0.95) * np.sqrt(variance)))
    return odds, odds / reach, odds * reach


def associations(cells: pd.DataFrame, contrasts: Sequence[Contrast], margin: float = 0.03) -> pd.DataFrame:
    """What goes with a yes, one row per contrast, clearest first.

    Args:
        cells: one row per combination: agent, rated (answers), satisfied (yes), asked, answered (of those asked), and those of channel,
            language, category that the log knows.
        margin: a difference inside it is practically none.

    Returns:
        driver, level, n_with, n_without, with_, without (shares of yes), crude, crude_low, crude_high, within, within_low, within_high
        (same agent), alike, alike_low, alike_high (and same channel, language, issue), informative (share of cases that have a
        like), odds, odds_low, odds_high (within agents), p, p_adjusted (Holm), verdict, reversed and vanishes (a clear crude difference
        changes sides, or its adjusted interval holds 0), response_with, response_without, uneven (response rates more than ten points
        apart). ``not_enough_data`` below 30 answers on a side.
    """
    rows = [_row(cells, each) for each in contrasts]
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    enough = frame[["n_with", "n_without"]].min(axis=1) >= N_MIN
    frame["p"] = frame["p"].where(enough)
    frame["p_adjusted"] = adjust(frame["p"])
    inside = (frame["within_low"] > -margin) & (frame["within_high"] < margin)
    frame["verdict"] = verdict_codes(frame["p"], frame["p_adjusted"], inside & (frame["p_adjusted"] >= 0.05), enough)
    return frame.sort_values(["p", "driver", "level"], kind="stable").reset_index(drop=True)


def _row(cells: pd.DataFrame, contrast: Contrast) -> dict[str, Any]:
    known = contrast.known
    part, having = cells[known], contrast.having[known]
    hits, n = (part[name].to_numpy(dtype=np.float64) for name in ("satisfied", "rated"))
    others = [name for name in ALIKE if name in part and name != contrast.dimension]
    within = stratified(_code(part, ["agent"]), having, hits, n)
    alike = stratified(_code(part, ["agent", *others]), having, hits, n)
    sides = [(float(hits[side].sum()), float(n[side].sum())) for side in (having, ~having)]
    crude = newcombe(*sides[0], *sides[1])
    found: dict[str, Any] = {"driver": contrast.driver, "level": contrast.level, "n_with": sides[0][1], "n_without": sides[1][1]}
    found |= {name: hit / size if size else np.nan for name, (hit, size) in zip(("with_", "without"), sides, strict=True)}
    found |= {"crude": crude.value, "crude_low": crude.low, "crude_high": crude.high}
    for name, each in (("within", within), ("alike", alike)):
        found |= {name: each.difference, f"{name}_low": each.low, f"{name}_high": each.high}
    found |= {"informative": alike.informative, "odds": within.odds, "odds_low": within.odds_low, "odds_high": within.odds_high}
    both = alike.informative >= INFORMATIVE
    found["p"] = float(np.fmax(within.p, alike.p)) if both else within.p
    judged = alike if both else within
    clear = bool(crude.low > 0 or crude.high < 0)
    found["reversed"] = clear and bool(crude.value * judged.difference < 0)
    found["vanishes"] = clear and bool(judged.low <= 0 <= judged.high)
    return found | _response(part, having)


def _code(part: pd.DataFrame, by: Sequence[str]) -> NDArray[np.int64]:
    return np.asarray(part.groupby(list(by), observed=True, dropna=False, sort=False).ngroup(), dtype=np.int64)


def _response(part: pd.DataFrame, having: NDArray[np.bool_]) -> dict[str, Any]:
    """Response rates of both sides."""
    asked, answered = (part[name].to_numpy(dtype=np.float64) for name in ("asked", "answered"))
    rates = [float(answered[side].sum() / asked[side].sum()) if asked[side].sum() > 0 else np.nan for side in (having, ~having)]
    return {"response_with": rates[0], "response_without": rates[1], "uneven": bool(abs(rates[0] - rates[1]) > GAP)}


def contrasts_of(cells: pd.DataFrame, halves: Sequence[str], flags: Sequence[str], levels: Mapping[str, str]) -> list[Contrast]:
    """Contrasts of a table of cells: halves (1 above the median), flags (1 yes), and each level of the named columns against all others.

    ``levels``: column → its dimension in `ALIKE` or empty. A column with one side only gives none; of two levels the rarer one is told.
    """
    found = []
    for names, level in ((halves, "above"), (flags, "yes")):
        for name in names:
            known = cells[name].notna().to_numpy()
            having = (cells[name] == 1).to_numpy(dtype=bool)
            if having[known].any() and not having[known].all():
                found.append(Contrast(name, level, having, known))
    for name, dimension in levels.items():
        counts = cells.groupby(name, observed=True)["rated"].sum().sort_values(kind="stable")
        counts = counts[counts >= N_MIN]
        for label in counts.index[: 1 if len(counts) == 2 else None] if len(counts) > 1 else []:
            found.append(Contrast(name, str(label), (cells[name] == label).to_numpy(dtype=bool), cells[name].notna().to_numpy(), dimension))
    return found
