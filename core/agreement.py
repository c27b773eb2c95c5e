"""Do those who rate a person agree? Self, superiors and colleagues side by side, and Krippendorff's alpha over all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from core.engine.reviews import QUALITATIVE
from core.fairness import welch

MIN_UNITS = 5
MIN_EACH = 3


@dataclass(frozen=True)
class Agreement:
    """Agreement of all raters, and each person's ratings by kind of rater.

    Args:
        alpha: Krippendorff's alpha for interval data, persons as units: 1 full agreement, 0 as by chance; NaN below five persons who were
            rated at least twice.
        persons: how many persons were rated at least twice.
        rows: one row per person: agent; mean and n of ``self``, ``superior``, ``peer`` (``self_n`` …); ``others``, ``others_n`` (superior
            and peer together); ``gap`` = self − others with ``gap_low``, ``gap_high`` (Welch 95 %), NaN below three reviews on a side.
    """

    alpha: float
    persons: int
    rows: pd.DataFrame


def krippendorff_alpha(units: ArrayLike, values: ArrayLike) -> float:
    """Krippendorff's alpha for interval data; units with one value say nothing. NaN without variation or pairs.

    Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", interval difference function.

    >>> krippendorff_alpha(["a", "a", "b", "b"], [1, 1, 5, 5])
    1.0
    >>> round(krippendorff_alpha(["a", "a", "b", "b"], [1, 5, 1, 5]), 3)
    -0.5
    """
    frame = pd.DataFrame({"unit": np.asarray(units), "value": np.asarray(values, dtype=np.float64)})
    size = frame.groupby("unit")["value"].transform("size")
    frame = frame[size > 1]
    n = len(frame)
    whole = float(frame["value"].var(ddof=1)) if n > 1 else 0.0
    if not whole > 0:
        return float("nan")
    # Σ (a − b)² over a unit's ordered pairs, divided by its ratings − 1, is 2 × ratings × variance
    observed = float(2 * frame.groupby("unit")["value"].transform("var").sum()) / n
    return 1 - observed / (2 * whole)


def agreement(ratings: pd.DataFrame) -> Agreement:
    """Agreement over ratings: one row per review with agent, rater_type (self, superior, peer) and value 0–100."""
    persons = int((ratings.groupby("agent")["value"].size() > 1).sum()) if len(ratings) else 0
    alpha = krippendorff_alpha(ratings["agent"], ratings["value"]) if persons >= MIN_UNITS else float("nan")
    rows = [_person(str(agent), part) for agent, part in ratings.groupby("agent", sort=True)]
    return Agreement(alpha, persons, pd.DataFrame(rows, columns=_COLUMNS))


_COLUMNS = [
    "agent", *(f"{kind}{part}" for kind in (*QUALITATIVE, "others") for part in ("", "_n")), "gap", "gap_low", "gap_high",
]  # fmt: skip


def _person(agent: str, part: pd.DataFrame) -> dict[str, object]:
    of = {kind: part.loc[part["rater_type"] == kind, "value"].to_numpy() for kind in QUALITATIVE}
    of["others"] = np.r_[of["superior"], of["peer"]]
    row: dict[str, object] = {"agent": agent}
    for kind, values in of.items():
        row |= {kind: float(values.mean()) if len(values) else np.nan, f"{kind}_n": len(values)}
    enough = min(len(of["self"]), len(of["others"])) >= MIN_EACH
    gap = welch(of["self"], of["others"]) if enough else None
    return row | {
        "gap": gap.value if gap else np.nan, "gap_low": gap.low if gap else np.nan, "gap_high": gap.high if gap else np.nan,
    }  # fmt: skip
