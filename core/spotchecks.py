"""Which conversations somebody should read: a sample per agent that anybody can draw again.

Every conversation has a lot, the MD5 of seed and id: an agent's sample are the smallest lots. So it depends on the seed and the ids alone,
not on the order of rows, on other agents, or on who draws. One part may be pointed at what may have gone wrong; it is drawn after the
random part and marked, for only the random part says how an agent works on average.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.engine import Observed
from core.engine.observe import judged_sql
from core.metrics import metric
from core.privacy import mask_cut, mask_id
from core.recompute import narrowed
from core.scenario import Scenario
from core.views import readable

SUSPECTS = ("low_rating", "unanswered", "long_wait")
LOW_RATING = 2
REVIEW = (
    "review_id", "conversation_id", "agent_id", "criterion", "score", "min", "max", "rater", "rater_type", "critical", "not_applicable",
    "reviewed_at", "remark",
)  # fmt: skip
ABOUT = ("drawn_for", "started", "customer", "channel", "language", "category", "first_response_s", "rating", "outcome", "order_id")


@dataclass(frozen=True)
class Draw:
    """How a sample is drawn: conversations per agent, the seed, and which part of them is pointed at suspects (0–1)."""

    per_agent: int = 5
    seed: int = 1
    pointed: float = 0.0

    @property
    def sought(self) -> int:
        """How many of an agent's conversations are sought among suspects."""
        return round(self.per_agent * min(max(self.pointed, 0.0), 1.0))


def spotchecks(observed: Observed, scenario: Scenario, draw: Draw) -> pd.DataFrame:
    """The drawn conversations of the period and filters, agents by name, in each the random ones first.

    Drawn from conversations that a person had to answer and that are not pending. Suspects: rated 1 or 2, never answered by a person, or
    waiting longer than what passes (`first_response`).

    Returns:
        One row per conversation: agent, conversation, drawn_for (``random``, ``low_rating``, ``unanswered``, ``long_wait``), started
        (shop clock), customer (masked), channel, language, category, first_response_s, resolution_s, handle_s, rating, outcome,
        order_id (missing where the log has none), pool (how many the agent's were drawn from).
    """
    tests, values = narrowed(observed, scenario)
    long_ms = scenario.anchors(metric("first_response")).passing * 1000
    sql = f"""WITH pool AS (SELECT j.*, md5('{int(draw.seed)}|' || CAST(j.conv AS VARCHAR)) AS lot,
        CASE WHEN j.rating <= {LOW_RATING} THEN 'low_rating' WHEN j.unanswered = 1 THEN 'unanswered'
          WHEN j.first_response_ms > {int(long_ms)} THEN 'long_wait' END AS suspect
        FROM ({judged_sql(observed.facts, scenario)}) AS j
        WHERE {tests} AND j.needs_human = 1 AND j.pending = 0 AND j.agent IS NOT NULL),
      placed AS (SELECT *, row_number() OVER (PARTITION BY agent ORDER BY lot, conv) AS place,
        count(*) OVER (PARTITION BY agent) AS pool, count(suspect) OVER (PARTITION BY agent) AS suspects FROM pool),
      parted AS (SELECT *, place <= {int(draw.per_agent)} - least({draw.sought}, suspects) AS random FROM placed),
      chosen AS (SELECT *, row_number() OVER (PARTITION BY agent, random, suspect IS NULL ORDER BY lot, conv) AS among FROM parted)
      SELECT CAST(p.agent AS VARCHAR) AS agent, CAST(p.conv AS VARCHAR) AS conversation, CAST(p.cust AS VARCHAR) AS cust,
        CASE WHEN p.random THEN 'random' ELSE p.suspect END AS drawn_for, p.local_day, p.local_minute, p.channel, p.language, p.category,
        p.first_response_ms / 1000.0 AS first_response_s, p.resolution_ms / 1000.0 AS resolution_s, p.effort_ms / 1000.0 AS handle_s,
        p.rating, p.answered, p.late, p.unanswered, p.pending, p.bot_resolved, CAST(c.order_id AS VARCHAR) AS order_id, p.pool
      FROM chosen AS p JOIN conversations AS c ON p.conv = c.conv
      WHERE p.random OR (p.suspect IS NOT NULL AND p.among <= least({draw.sought}, p.suspects))
      ORDER BY 1, NOT p.random, p.lot"""
    found = observed.facts.cases(sql, values)
    key = observed.facts.log.digest
    found["customer"] = [mask_id(one, key) if isinstance(one, str) else None for one in found.pop("cust")]
    found["conversation"] = [mask_cut(one, key) for one in found["conversation"]]
    kept = ["agent", "drawn_for", "order_id", "pool"]
    return pd.concat([found[kept], readable(found)], axis=1)


def review_sheet(
    drawn: pd.DataFrame, criteria: Sequence[str], highest: float = 5.0, words: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """A sheet to be filled in: one row per drawn conversation × criterion, read back by the import as reviews.

    Score, rater, flags and date are empty; the lowest score is 0, the highest ``highest``. ``words`` names columns (codes stay without).
    What was drawn for what stands behind them. Raises ValueError without a criterion.
    """
    if not criteria:
        raise ValueError("at least one criterion is needed.")
    rows = drawn.loc[drawn.index.repeat(len(criteria))].reset_index(drop=True)
    blank = pd.Series(np.nan, index=rows.index, dtype=object)
    sheet = rows.assign(
        review_id="S-" + rows["conversation"].astype("str"), conversation_id=rows["conversation"], agent_id=rows["agent"],
        criterion=list(criteria) * len(drawn), min=0.0, max=float(highest), rater_type="qa",
        **dict.fromkeys(("score", "rater", "critical", "not_applicable", "reviewed_at", "remark"), blank),
    )  # fmt: skip
    about = [name for name in ABOUT if sheet[name].notna().any()]
    return sheet[[*REVIEW, *about]].rename(columns=dict(words or {}))


def listed_criteria(given: str) -> list[str]:
    """Criteria as somebody lists them, each once.

    >>> listed_criteria("attitude, accuracy;attitude，")
    ['attitude', 'accuracy']
    """
    return list(dict.fromkeys(part.strip() for part in re.split(r"[,;\n\uff0c\u3001\uff1b]", given) if part.strip()))


@dataclass(frozen=True)
class Drawn:
    """A sample in figures: conversations, agents, how many were drawn for what, and agents who have fewer than was asked for."""

    conversations: int
    agents: int
    reasons: dict[str, int]
    short: int


def counted(drawn: pd.DataFrame, per_agent: int) -> Drawn:
    """Count a sample.

    >>> counted(pd.DataFrame({"agent": ["a", "a", "b"], "drawn_for": ["random", "low_rating", "random"]}), 2)
    Drawn(conversations=3, agents=2, reasons={'random': 2, 'low_rating': 1, 'unanswered': 0, 'long_wait': 0}, short=1)
    """
    size = drawn.groupby("agent").size()
    reasons = {name: int((drawn["drawn_for"] == name).sum()) for name in ("random", *SUSPECTS)}
    return Drawn(len(drawn), len(size), reasons, int((size < per_agent).sum()))
