"""What goes with satisfaction: the rated conversations as a small table of bins, asked by `core.associations`.

Durations are cut at the median of the rated conversations, so that a log of any size becomes one row per combination of bins; the
engine counts, nothing reads conversations one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from core.associations import associations, contrasts_of
from core.engine import Observed
from core.engine.observe import judged_sql
from core.grouped import only_days
from core.kpis import missing
from core.metrics import metric
from core.recompute import narrowed
from core.scenario import Scenario

HALVES = ("first_response", "reply_time", "handle_time", "resolution_time", "messages")
FLAGS = ("transferred", "came_back")
LEVELS = {"channel": "channel", "language": "language", "category": "category", "daytime": ""}


@dataclass(frozen=True)
class Drivers:
    """What goes with satisfied ratings.

    Args:
        rows: as `core.associations.associations`. ``cuts``: median of each duration (seconds) and of messages.
        rated, satisfied, asked, answered: of all. ``family``: contrasts judged.
        reason: ``missing_columns``, ``no_cases``, ``no_data``, ``too_few_ratings`` (no comparison has 30 on both sides); else empty.
    """

    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    cuts: dict[str, float] = field(default_factory=dict)
    rated: float = 0.0
    satisfied: float = 0.0
    asked: float = 0.0
    answered: float = 0.0
    family: int = 0
    reason: str = ""


_MEASURED = """SELECT j.*, r.reply_ms FROM ({judged}) AS j
  LEFT JOIN (SELECT conv AS reply_conv, avg(answer_ms - ask_ms) AS reply_ms FROM turns
    WHERE turn_no > 0 AND answer_ms IS NOT NULL GROUP BY conv) AS r
  ON j.conv = r.reply_conv WHERE {tests} AND bot_resolved = 0 AND (rated = 1 OR could_be_rated = 1)"""
_COLUMN = {
    "first_response": "first_response_ms", "reply_time": "reply_ms", "handle_time": "effort_ms", "resolution_time": "resolution_ms",
    "messages": "messages",
}  # fmt: skip


def rated_cells(observed: Observed, scenario: Scenario) -> tuple[pd.DataFrame, dict[str, float]]:
    """One row per combination of bins of the rated (or askable) conversations, and the medians they were cut at.

    Columns: agent, channel, language, category, daytime (0–3, quarters of the day), halves and flags (0, 1, missing), rated, satisfied,
    asked, answered.
    """
    tests, values = narrowed(observed, scenario)
    base = _MEASURED.format(judged=judged_sql(observed.facts, scenario), tests=tests)
    cursor = observed.facts.cursor()
    picked = ", ".join(f"median({column}) FILTER (WHERE rated = 1) AS {name}" for name, column in _COLUMN.items())
    cuts = cursor.execute(f"SELECT {picked} FROM ({base}) AS m", values).fetchone() or ()
    known = {name: float(cut) for name, cut in zip(_COLUMN, cuts, strict=False) if cut is not None}
    halves = ", ".join(_half(name, known) for name in HALVES)
    sql = f"""SELECT coalesce(CAST(agent AS VARCHAR), 'unassigned') AS agent, CAST(channel AS VARCHAR) AS channel,
      CAST(language AS VARCHAR) AS language, CAST(category AS VARCHAR) AS category, CAST(floor(local_minute / 360) AS INTEGER) AS daytime,
      {halves}, CASE WHEN transfer_of = 1 THEN transferred END AS transferred, CASE WHEN repeat_of = 1 THEN repeat_hit END AS came_back,
      sum(rated) AS rated, sum(satisfied) AS satisfied, sum(could_be_rated) AS asked, sum(rated_of_asked) AS answered
      FROM ({base}) AS m GROUP BY ALL ORDER BY ALL"""
    frame = cursor.execute(sql, values).df()
    numbers = [*HALVES, *FLAGS, "rated", "satisfied", "asked", "answered"]
    frame[numbers] = frame[numbers].astype("Float64").astype("float64")
    return frame, {name: cut if name == "messages" else cut / 1000 for name, cut in known.items()}


def _half(name: str, cuts: dict[str, float]) -> str:
    if name not in cuts:
        return f"CAST(NULL AS INTEGER) AS {name}"
    column = _COLUMN[name]
    return f"CASE WHEN {column} IS NULL THEN NULL WHEN {column} > {cuts[name]!r} THEN 1 ELSE 0 END AS {name}"


def drivers(observed: Observed, scenario: Scenario) -> Drivers:
    """What goes with satisfied ratings: associations with intervals, within the same agent and among like conversations.

    Slow against fast halves of the clocks, transfers, customers who came back, each channel, language, issue and quarter of the day.
    """
    if missing(metric("satisfaction"), observed.facts.available):
        return Drivers(reason="missing_columns")
    if not {"turns", "conversations"} <= set(_tables(observed)):
        return Drivers(reason="no_cases")
    cells, cuts = rated_cells(observed, scenario)
    if not cells["rated"].sum() > 0:
        return Drivers(reason="no_data")
    levels = {name: dimension for name, dimension in LEVELS.items() if name != "daytime" or not only_days(observed.facts.available)}
    contrasts = contrasts_of(cells, HALVES, FLAGS, levels)
    rows = associations(cells, contrasts, scenario.get("margin") * 0.3)
    rated, satisfied, asked, answered = (float(cells[name].sum()) for name in ("rated", "satisfied", "asked", "answered"))
    family = int(rows["p"].notna().sum()) if len(rows) else 0
    return Drivers(rows, cuts, rated, satisfied, asked, answered, family, "" if family else "too_few_ratings")


def _tables(observed: Observed) -> list[str]:
    return [str(row[0]) for row in observed.facts.cursor().execute("SHOW TABLES").fetchall()]
