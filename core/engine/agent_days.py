"""Agent-days: figures a platform already computed, one row per agent and day, fed into the same cubes with what they can give.

A figure is pooled only with its own n (a rate with its denominator, a mean with its count). Without one it is shown for its agent and
day, never pooled, never scored. No hours of the day, no single values, no tests on rows come from here.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from core.engine.runner import Facts

_DIMENSIONS = ("team", "channel", "shift")
_MESSAGE_GRAIN = ("messages", "conversations")
SHOWN = (
    "resolution_time", "handle_time", "fcr", "resolved_rate", "transfer_rate", "aov_amount", "return_rate", "qa_score", "first_response",
    "reply_time", "satisfaction", "csat_mean", "response_rate_24h", "conversion",
)  # fmt: skip
"""KPIs an agent-day may bring without an n."""
_COLUMN_OF = {"aov_amount": "aov"}

Pick = Callable[[str], pd.Series]


def only_agent_days(facts: Facts) -> bool:
    """Whether the log's figures must come from agent-days: there is nothing finer."""
    return facts.log.has("agent_days") and not any(facts.log.has(name) for name in _MESSAGE_GRAIN)


def rows_of(facts: Facts) -> pd.DataFrame:
    """One row per agent × day as handed in, with agent and local_day."""
    rows = facts.frame("SELECT * FROM raw_agent_days")
    return rows.rename(columns={"agent_id": "agent", "date": "local_day"})


def cubes(facts: Facts) -> dict[str, pd.DataFrame]:
    """The cubes agent-days can feed: conversations, ratings, turns, hours and sales, with 0 where a figure or its n is missing."""
    rows = rows_of(facts)

    def pick(name: str) -> pd.Series:
        return rows[name].astype("float64") if name in rows else pd.Series(float("nan"), index=rows.index)

    keys = rows[[name for name in ("agent", "local_day", *_DIMENSIONS) if name in rows]]
    columns = {name: build(pick) for name, build in _BUILDERS.items()}
    return {
        name: keys.assign(**{key: values.fillna(0.0) for key, values in found.items()})
        for name, found in columns.items()
    }


def shown_values(facts: Facts) -> pd.DataFrame:
    """One row per agent × day: agent, local_day and a column per KPI as the platform gave it, whether or not it came with an n."""
    rows = rows_of(facts)
    present = {key: _COLUMN_OF.get(key, key) for key in SHOWN}
    return rows[["agent", "local_day"]].assign(
        **{key: rows[name].astype("float64") for key, name in present.items() if name in rows}
    )


def _weighted(pick: Pick, value: str, n: str) -> tuple[pd.Series, pd.Series]:
    """Total and n of a mean or rate, both missing where either is."""
    total = pick(value) * pick(n)
    return total, pick(n).where(total.notna())


def _conversations(pick: Pick) -> dict[str, pd.Series]:
    responded, response_of = _weighted(pick, "response_rate_24h", "conversations")
    waited, wait_n = _weighted(pick, "first_response", "first_response_n")
    zero = pick("conversations") * 0
    counted = {"conversations": pick("conversations"), "messages": pick("messages"), "handled": pick("conversations")}
    empty = (
        "holiday_mode",
        "bot_resolved",
        "needs_human",
        "answered",
        "late",
        "unanswered",
        "pending",
        "agent_started",
        "handle_given",
        "handle_n",
    )
    rates = {"responded": responded, "response_of": response_of, "first_response_s": waited, "first_response_n": wait_n}
    solved = {"resolved": pick("resolved"), "resolved_of": pick("conversations").where(pick("resolved").notna())}
    complained = {
        "complaints": pick("complaints"),
        "complaint_of": pick("conversations").where(pick("complaints").notna()),
    }
    return counted | dict.fromkeys(empty, zero) | rates | solved | complained


def _ratings(pick: Pick) -> dict[str, pd.Series]:
    satisfied, _ = _weighted(pick, "satisfaction", "rated")
    total, _ = _weighted(pick, "csat_mean", "rated")
    return {"rated": pick("rated"), "satisfied": pick("satisfied").fillna(satisfied), "csat_sum": total}


def _turns(pick: Pick) -> dict[str, pd.Series]:
    total, n = _weighted(pick, "reply_time", "reply_time_n")
    return {"reply_s": total, "reply_n": n, "turns": n}


def _hours(pick: Pick) -> dict[str, pd.Series]:
    hours = pick("hours").fillna(pick("online_s") / 3600)
    return {"hours": hours, "handled": pick("conversations").where(hours.notna())}


def _sales(pick: Pick) -> dict[str, pd.Series]:
    converted, n = _weighted(pick, "conversion", "inquirers")
    return {"converted": converted, "inquirers": n}


_BUILDERS: dict[str, Callable[[Pick], dict[str, pd.Series]]] = {
    "conversations": _conversations, "ratings": _ratings, "turns": _turns, "hours": _hours, "sales": _sales,
}  # fmt: skip
