"""The same log under several rule sets side by side: what each platform would print, and which conversations flip and why.

Rule sets differ in when the clock starts and stops, in the window, and in what they leave out; a difference between two of them says
nothing about the people, only about the counting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.engine import Observed
from core.engine.dialects import LEFT_OUT, dialect_sql
from core.engine.observe import judged_sql
from core.fairness import wilson
from core.privacy import mask_cut
from core.recompute import narrowed
from core.rules import RULE_SETS, RuleSet, rule_set
from core.scenario import Scenario


def side_by_side(observed: Observed, scenario: Scenario, keys: Sequence[str] = ()) -> pd.DataFrame:
    """One row per rule set, over the scenario's period and filters.

    Columns: rules; rate with low, high (Wilson 95 %), hits and of (conversations, for ``taobao_3min`` turns), NaN where the platform
    knows no rate; statistic (``mean`` or ``median``), wait in seconds and wait_n; conversations; and how many are left out, by reason
    (``agent_started``, ``holiday_mode``, ``bot_resolved``, ``outside_hours``, ``pending``, ``unanswered``). ``reason`` is
    ``needs_messages`` where the log has no messages to find turns in; the figures are then NaN.
    """
    rules = [rule_set(key) for key in keys] if keys else list(RULE_SETS)
    return pd.DataFrame([_figures(observed, scenario, rule) for rule in rules])


def _figures(observed: Observed, scenario: Scenario, rule: RuleSet) -> dict[str, Any]:
    frame = _cases(observed, scenario, rule)
    hits, of = float(frame["hits"].sum()), float(frame["of"].sum())
    waits, n = frame["ms"].to_numpy(dtype=np.float64) / 1000, frame["n"].to_numpy(dtype=np.float64)
    usable = n > 0
    answered = observed.facts.frame("SELECT count(*) AS n FROM turns")["n"][0] > 0 or rule.clock != "turn"
    rate = wilson(hits, of) if rule.rated and answered else None
    mean = waits[usable].sum() / n[usable].sum() if usable.any() else np.nan
    left = {why: int((frame["out"] == code).sum()) for code, why in enumerate(LEFT_OUT) if why}
    return {
        "rules": rule.key, "rate": rate.value if rate else np.nan, "low": rate.low if rate else np.nan,
        "high": rate.high if rate else np.nan, "hits": hits, "of": of, "statistic": rule.statistic,
        "wait": mean if rule.statistic == "mean" or not usable.any() else float(np.median(waits[usable])),
        "wait_n": int(n.sum()), "conversations": len(frame), **left, "reason": "" if answered else "needs_messages",
    }  # fmt: skip


def _cases(observed: Observed, scenario: Scenario, rule: RuleSet) -> pd.DataFrame:
    """One row per conversation of the period: out, of, hits, ms, n under one rule set."""
    tests, values = narrowed(observed, scenario)
    sql = f"""SELECT CAST(j.conv AS VARCHAR) AS conversation, j.start_ms,
        own_out AS out, own_of AS of, own_hits AS hits, own_ms AS ms, own_n AS n
      FROM ({judged_sql(observed.facts, scenario)}) AS j JOIN ({dialect_sql(rule, observed.facts)}) AS d ON j.conv = d.own_conv
      WHERE {tests} ORDER BY j.start_ms, j.conv"""
    return observed.facts.cases(sql, values)


def flips(observed: Observed, scenario: Scenario, a: str, b: str) -> pd.DataFrame:
    """One row per conversation that two rule sets judge differently, oldest first.

    Where one of the two knows no rate, both are held to their waits: a conversation flips when only one of them times it or when their
    waits differ. Columns: conversation, start_ms; outcome_a, outcome_b (``in_time``, ``not_in_time``, ``left_out``; ``timed``, ``no_wait``
    where a platform knows no rate); out_a, out_b (why it is left out, else empty); wait_a, wait_b in seconds; cause: ``left_out`` (one of
    them leaves it out), ``clock`` (both count it, their clocks read differently) or ``window`` (same wait, another limit).
    """
    one, two = rule_set(a), rule_set(b)
    rated = one.rated and two.rated
    sides = [_outcomes(_cases(observed, scenario, rule), rated) for rule in (one, two)]
    both = sides[0].merge(sides[1], on=["conversation", "start_ms"], suffixes=("_a", "_b"))
    moved = ~np.isclose(both["wait_a"], both["wait_b"], equal_nan=True) & (both["outcome_a"] == "timed") & (both["outcome_b"] == "timed")
    found = both[(both["outcome_a"] != both["outcome_b"]) | moved].reset_index(drop=True)
    out = (found["outcome_a"] == "left_out") | (found["outcome_b"] == "left_out")
    same = np.isclose(found["wait_a"], found["wait_b"], equal_nan=True)
    found["cause"] = np.where(out, "left_out", np.where(same, "window", "clock")).astype(object)
    found["conversation"] = [mask_cut(one, observed.facts.log.digest) for one in found["conversation"]]
    return found


def _outcomes(frame: pd.DataFrame, rated: bool) -> pd.DataFrame:
    out = frame["out"] > 0
    if rated:
        outcome = np.where(out, "left_out", np.where(frame["hits"] == frame["of"], "in_time", "not_in_time"))
    else:
        outcome = np.where(out & (frame["out"] != LEFT_OUT.index("unanswered")), "left_out", np.where(frame["n"] > 0, "timed", "no_wait"))
    waits = frame["ms"].to_numpy(dtype=np.float64) / np.maximum(frame["n"].to_numpy(dtype=np.float64), 1) / 1000
    return frame[["conversation", "start_ms"]].assign(
        outcome=outcome.astype(object), out=np.array(LEFT_OUT, dtype=object)[frame["out"].to_numpy()], wait=waits
    )
