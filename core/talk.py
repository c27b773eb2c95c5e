"""What a lead and an agent can go by when they sit down: beside the own past, beside fair peers, the nearest step, and what cannot be said.

Codes and unrounded numbers only; `core.card` puts them into words. Nothing here says why a figure is as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.agreement import Agreement, agreement
from core.casemix import Mixed
from core.engine.reviews import rated_by
from core.fair import mixed
from core.metrics import BY_KEY, SCORED
from core.receipt import Receipt, receipt
from core.recompute import Report
from core.scoring import DUST, INSUFFICIENT, grade
from core.sensitivity import HEAVY
from core.views import SURE, Apart, apart

FIRM = ("evidence", "strong_evidence")
_PEERS = ("key", "n", "value", "expected", "change", "low", "high", "effect", "verdict", "way", "reason")


@dataclass(frozen=True)
class Company:
    """What all cards of a report share, asked once for everybody.

    Args:
        mixes: scored KPI → every agent beside colleagues on the same mix of work.
        apart: which scores can be told apart.
        ratings: self, superiors and colleagues over the period; no rows where the log has none.
    """

    mixes: Mapping[str, Mixed]
    apart: Apart
    ratings: Agreement


@dataclass(frozen=True)
class Limit:
    """Something that cannot be said, or only with care: a code and its facts.

    ``no_grade`` (reason), ``wide`` (low, high: grades at the interval's ends), ``unsure`` (share), ``one_kpi`` (key, share: it
    decides alone), ``few`` (rows of what is missing, share of the nominal weight it has), ``alike`` (n of all others), ``no_past`` (of the
    log), ``new`` (nothing of this agent before), ``no_peers`` (keys).
    """

    code: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Talk:
    """One agent's page for a talk.

    Args:
        past: KPIs against the period before: key, now, before, difference, low, high, verdict, way (1 better, −1 worse, 0 not told apart).
        peers: one row per KPI that counts: key, n, value, expected (colleagues on the same mix), change with low and high (95 %; ``ratio``
            − 1 or ``difference`` by ``effect``), verdict, way, reason (why it cannot be compared).
        limits: what cannot be said.
        rated: the agent's row of the ratings' agreement; None without ratings. alpha, persons: agreement over all.
    """

    receipt: Receipt
    past: pd.DataFrame
    peers: pd.DataFrame
    limits: tuple[Limit, ...]
    rated: Mapping[str, Any] | None
    alpha: float
    persons: int

    @property
    def graded(self) -> bool:
        """Whether there is a grade to talk about."""
        return self.receipt.grade != INSUFFICIENT


def company(report: Report) -> Company:
    """Fair peers, scores told apart, ratings of the period: what `talk` needs besides the report."""
    measured, scenario = report.measured, report.scenario
    mixes = {m.key: mixed(measured.observed, scenario, m.key) for m in SCORED}
    ratings = rated_by(measured.observed.facts)
    inside = ratings["local_day"].between(measured.period.first_day, measured.period.last_day) if len(ratings) else []
    return Company(mixes, apart(report.scores, report.doubt), agreement(ratings[inside] if len(ratings) else ratings))


def talk(report: Report, agent: str, beside: Company) -> Talk:
    """One agent's page. Raises ValueError for an agent without a row in the scores."""
    found = receipt(report, agent)
    peers = _peers(found, beside)
    rows = beside.ratings.rows
    own = rows[rows["agent"] == agent].to_dict("records")
    rated = {str(name): value for name, value in own[0].items()} if own else None
    return Talk(
        found, _past(found), peers, limits(report, found, peers, beside), rated, beside.ratings.alpha, beside.ratings.persons
    )  # fmt: skip


def _past(found: Receipt) -> pd.DataFrame:
    if found.past.empty:
        return pd.DataFrame(columns=["key", "now", "before", "difference", "low", "high", "verdict", "way"])
    counted = found.past[found.past["key"].isin(found.lines["key"])].reset_index(drop=True)
    return counted.assign(way=[_way(row.verdict, row.difference, row.key) for row in counted.itertuples()])


def _way(verdict: str, change: float, key: str) -> int:
    return int(np.sign(change)) * BY_KEY[key].better if verdict in FIRM else 0


def _peers(found: Receipt, beside: Company) -> pd.DataFrame:
    rows = [_beside(key, found.agent, beside.mixes[key]) for key in found.lines["key"]]
    return pd.DataFrame(rows, columns=list(_PEERS))


def _beside(key: str, agent: str, found: Mixed) -> dict[str, Any]:
    rows = found.rows[found.rows["agent"] == agent] if len(found.rows) else found.rows
    if rows.empty:
        return {"key": key, "verdict": "cannot_be_judged", "way": 0, "reason": found.reason or "no_data"}
    row = next(rows.itertuples())
    ratio = found.effect == "ratio"
    change = row.ratio - 1 if ratio else row.difference
    return {
        "key": key, "n": row.n, "value": row.value, "expected": row.expected, "change": change, "low": row.low - ratio,
        "high": row.high - ratio, "effect": found.effect, "verdict": row.verdict, "reason": row.reason,
        "way": _way(row.verdict, change, key),
    }  # fmt: skip


# --- what cannot be said -----------------------------------------------------------------------------------------------------


def limits(report: Report, found: Receipt, peers: pd.DataFrame, beside: Company) -> tuple[Limit, ...]:
    """Everything that makes a grade or a line of the card less than certain."""
    told = [*grade_limits(report, found.agent, beside.apart), _few(report, found)]
    if found.past.empty:
        told.append(Limit("no_past" if report.measured.agents_before is None else "new", {}))
    apart_from = peers.loc[peers["verdict"].isin(["cannot_be_judged", "not_enough_data"]), "key"].tolist()
    if apart_from:
        told.append(Limit("no_peers", {"keys": apart_from}))
    return tuple(limit for limit in told if limit is not None)


def grade_limits(report: Report, agent: str, told: Apart) -> list[Limit]:
    """What travels with a grade wherever it goes.

    None at all, an interval over several grades, a chance below 80 %, one KPI that decides, who is alike.
    """
    at, scores = report.scores.names.index(agent), report.scores
    letter = str(scores.grade[at])
    if letter == INSUFFICIENT:
        return [Limit("no_grade", {"reason": str(scores.reason[at])})]
    low, high = (grade(float(end[at]), scores.bands) for end in (report.doubt.low, report.doubt.high))
    share = float(report.doubt.probability[letter][at])
    found = [Limit("wide", {"low": low, "high": high})] if low != high else []
    found += [Limit("unsure", {"share": share})] if share < SURE else []
    most = int(scores.weights[at].argmax())
    share_of = float(scores.weights[at, most])
    found += [Limit("one_kpi", {"key": scores.keys[most], "share": share_of})] if share_of > HEAVY + DUST else []
    same = len(told.alike.get(agent, ()))
    return found + ([Limit("alike", {"n": same, "of": len(told.alike) - 1})] if same else [])


def _few(report: Report, found: Receipt) -> Limit | None:
    nominal = dict(zip(report.scores.keys, report.scores.nominal, strict=True))
    missing = found.missing[[nominal[key] > 0 for key in found.missing["key"]]]
    if missing.empty:
        return None
    return Limit("few", {"rows": missing.to_dict("records"), "share": float(sum(nominal[key] for key in missing["key"]))})


# --- for those who pay and promote -------------------------------------------------------------------------------------------


def payroll(report: Report, beside: Company) -> pd.DataFrame:
    """One row per agent, by name: everything that must not be parted from a grade.

    Columns: agent, grade, score, low, high, level, p_A, p_B, p_C, p_D, conversations, kpis (that count), weight_counted (share of the
    nominal weight they have), alike (colleagues whose score cannot be told apart), warnings (codes of `grade_limits`, and ``few``).
    """
    scores = report.scores
    rows = [_paid(report, at, beside) for at in np.argsort(np.array(scores.names)).tolist()]
    names = ["agent", "grade", "score", "low", "high", "level", *(f"p_{letter}" for letter in report.doubt.probability)]
    return pd.DataFrame(rows, columns=[*names, "conversations", "kpis", "weight_counted", "alike", "warnings"])


def _paid(report: Report, at: int, beside: Company) -> dict[str, Any]:
    scores, unsure = report.scores, report.doubt
    agent, graded = scores.names[at], scores.grade[at] != INSUFFICIENT
    used = ~np.isnan(scores.points[at])
    left = float(scores.nominal[used].sum())
    codes = [limit.code for limit in grade_limits(report, agent, beside.apart)]
    row = {"agent": agent, "grade": str(scores.grade[at]), "score": float(scores.score[at]) if graded else np.nan}
    row |= {"low": float(unsure.low[at]), "high": float(unsure.high[at]), "level": unsure.level}
    row |= {f"p_{letter}": float(share[at]) for letter, share in unsure.probability.items()}
    return row | {
        "conversations": round(float(scores.conversations[at])), "kpis": int(used.sum()), "weight_counted": left,
        "alike": len(beside.apart.alike.get(agent, ())), "warnings": tuple(codes + (["few"] if left < 1 - 1e-9 else [])),
    }  # fmt: skip
