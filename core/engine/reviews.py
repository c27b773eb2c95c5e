"""Quality reviews and qualitative ratings: a review's score from its criteria, 0–100, as the mean of reviews."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.engine.runner import Facts
from core.engine.zones import local_day


def score_reviews(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per review (its id, else agent × conversation × rater × day): qa = 100 · Σ(score−min)/(max−min)·w / Σw.

    A failed critical criterion (score at its minimum) makes the review 0, even one without weight. Criteria that do not apply are left
    out; a review without any applicable criterion is no review. Bounds missing: 0 and 100.

    >>> rows = pd.DataFrame({"review": [1, 1], "agent": ["a", "a"], "local_day": [0, 0], "score": [4.0, 5.0], "low": [0.0, 0.0],
    ...                      "high": [5.0, 5.0], "weight": [1.0, 3.0], "critical": [0, 0], "skipped": [0, 0]})
    >>> score_reviews(rows)["qa_v"].tolist()
    [95.0]
    """
    used = rows[(rows["skipped"] != 1) & rows["score"].notna() & (rows["high"] > rows["low"]) & (rows["weight"] >= 0)]
    share = ((used["score"] - used["low"]) / (used["high"] - used["low"])).clip(0, 1)
    failed = (used["critical"] == 1) & (used["score"] <= used["low"])
    parts = used.assign(part=share * used["weight"], failed=failed)
    scored = (
        parts.groupby(["review", "agent", "local_day"], dropna=False)[["part", "weight", "failed"]].sum().reset_index()
    )
    scored = scored[(scored["weight"] > 0) | (scored["failed"] > 0)]
    return scored.assign(qa_v=np.where(scored["failed"] > 0, 0.0, 100 * scored["part"] / scored["weight"]))


QUALITY = ("qa", "superior")
QUALITATIVE = ("self", "superior", "peer")
"""Whose sheets make the QA score, and whose the qualitative rating (self, superior, peer); customers rate conversations, not sheets."""


def reviewed(facts: Facts, raters: tuple[str, ...] = QUALITY, prefix: str = "qa") -> pd.DataFrame:
    """One row per review by such raters with its score, dated by reviewed_at (else the first day of the log)."""
    names = ("agent", "local_day", *(f"{prefix}_{part}" for part in ("v", "sum", "n")))
    if "reviews.score" not in facts.available or (prefix != "qa" and "reviews.rater_type" not in facts.available):
        return pd.DataFrame({name: pd.Series(dtype="str" if name == "agent" else "float64") for name in names})
    rows = _criteria(facts)
    scored = score_reviews(rows[rows["rater_type"].isin(raters)])
    values = scored["qa_v"]
    return scored[["agent", "local_day"]].assign(**dict(zip(names[2:], (values, values, 1.0), strict=True)))


def rated_by(facts: Facts) -> pd.DataFrame:
    """One row per qualitative review: agent, local_day, rater_type (self, superior, peer), value 0–100."""
    if not {"reviews.score", "reviews.rater_type"} <= facts.available:
        return pd.DataFrame({"agent": [], "local_day": [], "rater_type": [], "value": []})
    rows = _criteria(facts)
    parts = [
        score_reviews(rows[rows["rater_type"] == kind]).rename(columns={"qa_v": "value"}).assign(rater_type=kind)
        for kind in QUALITATIVE
    ]
    return pd.concat(parts, ignore_index=True)[["agent", "local_day", "rater_type", "value"]]


def _criteria(facts: Facts) -> pd.DataFrame:
    def pick(name: str, default: str) -> str:
        return f"coalesce({name}, {default})" if f"reviews.{name}" in facts.available else default

    rows = facts.frame(
        f"""SELECT agent_id AS agent, score, {pick("min", "0")} AS low, {pick("max", "100")} AS high, {pick("weight", "1")} AS weight,
        {pick("critical", "0")} AS critical, {pick("not_applicable", "0")} AS skipped, {pick("reviewed_at", "-1")} AS at_ms,
        {pick("conversation_id", "''")} AS conv, {pick("rater", "''")} AS rater, {pick("rater_type", "'qa'")} AS rater_type,
        {pick("review_id", "''")} AS given, {pick("seq", "0")} AS seq FROM raw_reviews WHERE agent_id IS NOT NULL"""
    )
    stamped = rows["at_ms"].to_numpy(dtype=np.int64)
    days = {at: local_day(at, facts.zone) if at >= 0 else facts.first_day for at in np.unique(stamped).tolist()}
    rows = rows.assign(local_day=[days[at] for at in stamped.tolist()])
    named = (rows["conv"] != "") | (rows["at_ms"] >= 0)
    whole = rows["conv"].astype("str") + "|" + rows["rater"].astype("str") + "|" + rows["rater_type"] + "|" + rows["at_ms"].astype("str")
    whole = whole.where(named, "row|" + rows["seq"].astype("str"))
    given = rows["given"].astype("str")
    return rows.assign(review=("id|" + given).where(given != "", whole))
