"""Is the indicator system complete, and what does it pull towards? Dimensions of the work and goals of the shop against the scorecard.

Each KPI of the catalogue tells most about one dimension (attitude, knowledge, communication, efficiency; results tell about none) and
serves one goal (customer, revenue, cost). A dimension or goal is ``covered`` when a KPI with weight and data stands for it,
``not_weighed`` when the log has data but the scorecard gives no weight, ``no_data`` when it is weighed but the log has nothing for it,
and ``missing`` when there is neither.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.kpis import KpiTable
from core.metrics import ASPECTS, GOALS, METRICS, SCORED
from core.scoring import INSUFFICIENT, Scores

KINDS = {"dimension": ASPECTS, "goal": GOALS}


def indicators(shop: KpiTable, scores: Scores) -> pd.DataFrame:
    """Every KPI that stands for a dimension or a goal.

    One row per KPI in the catalogue's order: key, dimension, goal, data (whether the shop has it), share (of the score as weights stand),
    effective (mean share in the scores of those with a grade: what is left once KPIs without data have gone; NaN when nobody has one).
    """
    told = [metric for metric in METRICS if metric.dimension or metric.goal]
    frame = pd.DataFrame({name: [getattr(metric, name) for metric in told] for name in ("key", "dimension", "goal")})
    frame["data"] = [shop.cell(0, metric.key).status != "unavailable" for metric in told]
    graded = scores.grade != INSUFFICIENT
    mean = scores.weights[graded].mean(axis=0) if graded.any() else np.full(len(SCORED), np.nan)
    places = [scores.keys.index(key) if key in scores.keys else -1 for key in frame["key"]]
    padded = {"share": np.append(scores.nominal, 0.0), "effective": np.append(mean, 0.0 if graded.any() else np.nan)}
    return frame.assign(**{name: weights[places] for name, weights in padded.items()})


def coverage(found: pd.DataFrame, kind: str) -> pd.DataFrame:
    """What stands for each ``dimension`` or ``goal``.

    One row per name: name, status, share and effective (sums over its KPIs), scored (keys with weight and data), unweighed (keys with
    data but no weight), lacking (keys with weight but no data).

    >>> rows = [("fcr", "knowledge", "cost", True, 0.1, 0.2), ("qa_score", "communication", "customer", False, 0.1, 0.0)]
    >>> frame = pd.DataFrame(rows, columns=["key", "dimension", "goal", "data", "share", "effective"])
    >>> coverage(frame, "dimension")["status"].tolist()
    ['missing', 'covered', 'no_data', 'missing']
    """
    return pd.DataFrame([_covered(name, found[found[kind] == name]) for name in KINDS[kind]])


def _covered(name: str, own: pd.DataFrame) -> dict[str, object]:
    data, weighed = own["data"].to_numpy(dtype=bool), own["share"].to_numpy() > 0
    picks = {"scored": data & weighed, "unweighed": data & ~weighed, "lacking": ~data & weighed}
    keys = {part: tuple(own["key"][pick]) for part, pick in picks.items()}
    states = {"scored": "covered", "lacking": "no_data", "unweighed": "not_weighed"}
    status = next((state for part, state in states.items() if keys[part]), "missing")
    return {"name": name, "status": status, "share": own["share"].sum(), "effective": own["effective"].sum(min_count=1)} | keys
