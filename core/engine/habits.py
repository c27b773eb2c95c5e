"""What agents do beside answering, counted per agent from the facts: the raw material of questions.

Every habit is a SELECT of single cases (``agent``, ``stratum``, ``conv``, ``hit``). Counted, its result is as small as the team, whatever
the log; `behind` lists the conversations that were counted against one agent. Only a period's conversations are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from core.engine.runner import Facts
from core.engine.staging import conversation_key, cut_messages, needs_cut

DAY = 86_400_000
WINDOW = 20
SHORT = 0.4
"""A first reply shorter than this part of the median reply in its language is a short one."""


def _cursor(facts: Facts) -> duckdb.DuckDBPyConnection:
    """A reader's own cursor that also sees the messages of a log held in memory."""
    source = facts.log.tables.get("messages")
    held = source is not None and not isinstance(source, Path)
    return facts.cursor(raw_messages=source) if held else facts.cursor()


def _replies(facts: Facts, chosen: str, gap_ms: int) -> str:
    """Messages that persons wrote, with their text and length, of the chosen conversations."""
    log = facts.log
    automation = "coalesce(automation, 'none')" if log.has("messages", "automation") else "'none'"
    event = "coalesce(event, '')" if log.has("messages", "event") else "''"
    source = cut_messages(log, gap_ms) if needs_cut(log) else "raw_messages"
    return f"""SELECT m.conv, m.sent_at, m.seq, CAST(m.agent_id AS VARCHAR) AS agent, trim(lower(m.text)) AS said,
      length(trim(m.text)) AS size, j.agent AS owner, coalesce(CAST(j.language AS VARCHAR), 'unknown') AS language
      FROM (SELECT *, {conversation_key(log)} AS conv FROM {source}
        WHERE sender = 'agent' AND {automation} = 'none' AND {event} = '' AND text IS NOT NULL AND agent_id IS NOT NULL) AS m
      JOIN ({chosen}) AS j ON m.conv = j.conv WHERE j.conversations = 1"""


def _counted(facts: Facts, cases: str, values: Sequence[Any], stratum: bool = False) -> pd.DataFrame:
    """Cases as one row per agent (× ``stratum``): ``hits`` of ``n``."""
    by = "agent, stratum" if stratum else "agent"
    sql = f"SELECT {by}, count(*) FILTER (WHERE hit) AS hits, count(*) AS n FROM ({cases}) AS cases GROUP BY {by} ORDER BY {by}"
    return _cursor(facts).execute(sql, list(values)).df()


def behind(facts: Facts, cases: str, values: Sequence[Any], agent: str) -> list[str]:
    """The conversations counted as a habit of one agent; ``cases`` is a SELECT of one of `CASES` with its parameters."""
    sql = f"SELECT DISTINCT CAST(conv AS VARCHAR) AS conv FROM ({cases}) AS cases WHERE hit AND agent = ? ORDER BY 1"
    return [str(conv) for conv in _cursor(facts).execute(sql, [*values, agent]).df()["conv"]]


def short_replies(facts: Facts, chosen: str, values: Sequence[Any], gap_ms: int) -> pd.DataFrame:
    """One row per agent × language (``stratum``): ``n`` first replies, ``hits`` of them far shorter than replies in that language are.

    ``chosen`` is a SELECT of judged conversations with its parameters ``values``; ``gap_ms`` cuts logs without conversation ids.
    """
    return _counted(facts, _short_cases(facts, chosen, gap_ms), values, stratum=True)


def _short_cases(facts: Facts, chosen: str, gap_ms: int) -> str:
    return f"""WITH r AS ({_replies(facts, chosen, gap_ms)}),
      usual AS (SELECT language, median(size) AS size FROM r GROUP BY language)
      SELECT f.agent, f.language AS stratum, f.conv, f.size < {SHORT} * u.size AS hit
      FROM (SELECT *, row_number() OVER (PARTITION BY conv ORDER BY sent_at, seq) AS place FROM r) AS f
      JOIN usual AS u ON f.language = u.language WHERE f.place = 1"""


def pasted_replies(facts: Facts, chosen: str, values: Sequence[Any], gap_ms: int) -> pd.DataFrame:
    """One row per agent × language (``stratum``): conversations of at least two replies (``n``) and those full of repeated ones (``hits``).

    A reply is repeated when it is, word for word, one of the agent's last 20 replies in that language, written in another conversation;
    a conversation counts when most of its replies are.
    """
    return _counted(facts, _pasted_cases(facts, chosen, gap_ms), values, stratum=True)


def _pasted_cases(facts: Facts, chosen: str, gap_ms: int) -> str:
    return f"""WITH r AS ({_replies(facts, chosen, gap_ms)}),
      placed AS (SELECT *, row_number() OVER (PARTITION BY agent, language ORDER BY sent_at, seq) AS place FROM r),
      looked AS (SELECT *, lag(place) OVER same AS before, lag(conv) OVER same AS of_conv FROM placed
        WINDOW same AS (PARTITION BY agent, language, said ORDER BY place)),
      talks AS (SELECT agent, language, conv, count(*) AS replies,
        count(*) FILTER (WHERE place - before <= {WINDOW} AND of_conv <> conv) AS again FROM looked GROUP BY agent, language, conv)
      SELECT agent, language AS stratum, conv, 2 * again > replies AS hit FROM talks WHERE replies >= 2"""


def written(facts: Facts, chosen: str, values: Sequence[Any], gap_ms: int) -> pd.DataFrame:
    """One row per agent × language × day: characters the owners wrote and the handling seconds of the same conversations.

    Columns: agent, language, day, n (conversations), characters, handle_s.
    """
    sql = f"""WITH r AS ({_replies(facts, chosen, gap_ms)}),
      talks AS (SELECT conv, owner, sum(size) AS characters FROM r WHERE agent = CAST(owner AS VARCHAR) GROUP BY conv, owner)
      SELECT CAST(t.owner AS VARCHAR) AS agent, coalesce(CAST(j.language AS VARCHAR), 'unknown') AS language, j.local_day AS day,
        count(*) AS n, sum(t.characters) AS characters, sum(j.effort_ms) / 1000.0 AS handle_s
      FROM talks AS t JOIN ({chosen}) AS j ON t.conv = j.conv WHERE j.effort_ms IS NOT NULL AND t.characters > 0
      GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
    return _cursor(facts).execute(sql, [*values, *values]).df()


def reopened(facts: Facts, chosen: str, values: Sequence[Any]) -> pd.DataFrame:
    """One row per agent: ``n`` closed conversations, ``hits`` of them opened again or with the customer back within 24 hours.

    Younger than 24 hours at the horizon does not count.
    """
    return _counted(facts, _reopened_cases(facts, chosen), values)


def _reopened_cases(facts: Facts, chosen: str, gap_ms: int = 0) -> str:
    return f"""SELECT CAST(j.agent AS VARCHAR) AS agent, c.conv,
        coalesce(c.n_close > 1 OR coalesce(c.reopened, 0) = 1 OR c.after_ms - c.end_ms <= {DAY}, false) AS hit
      FROM ({chosen}) AS j JOIN conversations AS c ON c.conv = j.conv
      WHERE j.conversations = 1 AND j.handled = 1 AND j.agent IS NOT NULL AND c.last_close_ms IS NOT NULL
        AND c.end_ms + {DAY} <= {facts.horizon_ms}"""


def handed_over(facts: Facts, chosen: str, values: Sequence[Any]) -> pd.DataFrame:
    """One row per agent who answered first: ``n`` conversations rated 1 to 3, ``hits`` of them owned by somebody else in the end."""
    return _counted(facts, _handed_cases(facts, chosen), values)


def _handed_cases(facts: Facts, chosen: str, gap_ms: int = 0) -> str:
    return f"""SELECT CAST(c.owner_first AS VARCHAR) AS agent, c.conv, CAST(j.agent AS VARCHAR) <> CAST(c.owner_first AS VARCHAR) AS hit
      FROM ({chosen}) AS j JOIN conversations AS c ON c.conv = j.conv
      WHERE j.rating <= 3 AND c.owner_first IS NOT NULL AND j.agent IS NOT NULL"""


CASES: dict[str, Callable[[Facts, str, int], str]] = {
    "empty_first_reply": _short_cases, "pasted": _pasted_cases, "reopened": _reopened_cases, "handed_over": _handed_cases,
}  # fmt: skip
"""Families of questions whose single cases can be listed."""


def surveyed(facts: Facts, chosen: str, values: Sequence[Any], asked: bool) -> pd.DataFrame:
    """One row per agent: who was asked for a rating (``asked``) or gave one, among quick and long, and among untroubled and troubled ones.

    Columns: agent, then asked_quick, quick, asked_long, long (by the median handling of all), asked_calm, calm, asked_trouble, trouble
    (a complaint, or another conversation of the customer within the repeat window).
    """
    base = "j.conversations = 1 AND j.bot_resolved = 0 AND j.handled = 1 AND j.agent IS NOT NULL"
    hit = "c.survey_sent = 1" if asked else "j.rated_of_asked = 1"
    base += " AND c.survey_sent IS NOT NULL" if asked else " AND j.could_be_rated = 1"
    trouble = "(j.complaints = 1 OR j.repeat_hit = 1)"
    sides = {"quick": "effort_ms <= half", "long": "effort_ms > half", "calm": "trouble = 0", "trouble": "trouble = 1"}
    counted = ", ".join(
        f"count(*) FILTER (WHERE {side} AND hit = 1) AS asked_{name}, count(*) FILTER (WHERE {side}) AS {name}"
        for name, side in sides.items()
    )
    sql = f"""SELECT agent, {counted} FROM (
      SELECT CAST(j.agent AS VARCHAR) AS agent, CASE WHEN {hit} THEN 1 ELSE 0 END AS hit, j.effort_ms,
        CASE WHEN {trouble} THEN 1 ELSE 0 END AS trouble, median(j.effort_ms) OVER () AS half
      FROM ({chosen}) AS j JOIN conversations AS c ON c.conv = j.conv WHERE {base}) AS looked
      GROUP BY agent ORDER BY agent"""
    return facts.cases(sql, values)
