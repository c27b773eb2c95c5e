"""All or one: do all move together, were all slow at once, which days are unusual? Nothing is computed here, only worded."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core import movements
from core.charts import Chart, Labels, line_with_band
from core.metrics import metric
from core.text import Text
from pages import _drivers as drivers
from pages import _moved as moved
from pages import _parts as parts
from pages import _rush as rush
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

AGENT_UNITS = {
    "agent": "", "verdict": "", "since": "", "shift": "", "interval": "", "p": "p", "p_adjusted": "p", "weeks": "count", "n": "count",
}  # fmt: skip
SLOW_UNITS = {"when": "", "agents": "", "n": "count", "size": "", "interval": "", "p_adjusted": "p", "verdict": ""}
DAY_UNITS = {"when": "", "value": "", "expected": "", "beyond": "", "n": "count", "p_adjusted": "p", "verdict": ""}


def show(text: Text) -> None:
    """What is asked, by which KPI, and the answer."""
    names = {name: text(f"systemic.question.{name}") for name in QUESTIONS}
    label = text("systemic.control.question")
    asked = parts.choose("moves_asked", list(names), label, names.__getitem__, look="bare")
    st.caption(text(f"systemic.intro.{asked}"))
    QUESTIONS[asked](text)


# --- together or alone --------------------------------------------------------------------------------------------------------


def _together(text: Text) -> None:
    key = moved.kpi(text)
    found = session.movements("systemic", key)
    if moved.not_judged(found.reason, text):
        return
    st.markdown(_verdict(found, key, text))
    left, right = st.columns([6, 5], gap="large")
    rows = movements.steps(found, key)
    with left:
        widgets.show_chart(_common_chart(found, key, text), text, key="common_weeks")
    with right:
        config = parts.headings("systemic", AGENT_UNITS, text)
        widgets.table(_agent_table(rows, key, text), text, f"systemic_{key}", file=rows, column_config=config, height=380)
    parts.how("systemic", [key], [text(f"systemic.how.{line}", **_facts(found, key, text)) for line in HOW], text)


HOW = ("parts", "alone", "common", "errors", "family")


def _facts(found: Any, key: str, text: Text) -> dict[str, Any]:
    shares = {row.part: row for row in found.parts.itertuples()}
    facts = {part: parts.whole_share(row.share, text) for part, row in shares.items()}
    ends = {f"{part}_{end}": parts.whole_share(getattr(row, end), text) for part, row in shares.items() for end in ("low", "high")}
    ps = {f"p_{name}": trendlines.p_value(p, text) for name, p in zip(("team", "own"), found.p_adjusted, strict=True)}
    counted = {"n": text.number(found.n, 0), "agents": found.n_agents, "weeks": found.n_weeks}
    return facts | ends | ps | counted | {"what": widgets.metric_name(key, text)}


def _verdict(found: Any, key: str, text: Text) -> str:
    facts = _facts(found, key, text)
    lines = [text(f"systemic.verdict.{found.verdict}", **facts)]
    if found.verdict in ("systemic", "both"):
        lines.append(_common(found, key, text))
    if found.named:
        named = [_alone(row, key, text) for row in movements.steps(found, key).itertuples() if row.agent in found.named]
        lines.append(text("systemic.named", list=moved.listed(named, text)))
    elif found.verdict in ("individual", "both"):
        lines.append(text("systemic.diffuse"))
    return "  \n".join(lines) + f"  \n:gray[{text('systemic.shares', **facts)}]"


def _common(found: Any, key: str, text: Text) -> str:
    told = movements.step_told(found, key)
    facts = {name: moved.change(told[name], key, text) for name in ("shift", "low", "high")}
    facts |= {"direction": text(f"systemic.direction.{told['direction']}"), "since": told["since"]}
    return text("systemic.common", same=found.same_side[0], of=found.same_side[1], **facts)


def _alone(row: Any, key: str, text: Text) -> str:
    facts = {name: moved.change(getattr(row, name), key, text) for name in ("shift", "low", "high")}
    return text("systemic.alone", agent=row.agent, since=row.since, direction=text(f"systemic.direction.{row.direction}"), **facts)


def _common_chart(found: Any, key: str, text: Text) -> Chart:
    note = f"{text('systemic.chart.common_note')} · {widgets.period_line(text)}"
    what = text("systemic.chart.common_axis" if movements.relative(key) else "systemic.chart.common_axis_plain")
    title = text("systemic.chart.common", metric=widgets.metric_name(key, text))
    labels = Labels(text.language, title, y=what, note=note)
    unit = "share" if movements.relative(key) else metric(key).unit
    return line_with_band(movements.week_line(found, key), labels, unit, 320, session.annotations())


def _agent_table(rows: Any, key: str, text: Text) -> Any:
    read = partial(moved.change, key=key, text=text)
    words: dict[str, Any] = {
        "verdict": moved.verdicts(rows, text),
        "since": [str(day) if day else "–" for day in rows["since"]],
        "shift": [read(value) for value in rows["shift"]],
        "interval": parts.interval(rows["low"], rows["high"], read, text),
    }
    return rows.assign(**words)[list(AGENT_UNITS)]


# --- at the same time ------------------------------------------------------------------------------------------------------------


def _at_once(text: Text) -> None:
    key = moved.kpi(text)
    found = session.movements("slow_together", key)
    if moved.not_judged(found.reason, text):
        return
    rows = movements.slow_rows(found, key)
    facts = {"hours": found.tested.get("hour", 0), "days": found.tested.get("day", 0), "what": widgets.metric_name(key, text)}
    st.markdown(text("systemic.at_once.found" if len(rows) else "systemic.at_once.none", n=len(rows), **facts))
    if len(rows):
        config = parts.headings("systemic", SLOW_UNITS, text)
        widgets.table(_slow_table(rows, key, text), text, f"slow_together_{key}", file=rows, column_config=config, **parts.roomy(rows))
    parts.how("at_once", [key], [text(f"systemic.at_once.how_{at}") for at in (1, 2, 3)], text)


def _slow_table(rows: Any, key: str, text: Text) -> Any:
    read = partial(moved.change, key=key, text=text)
    words: dict[str, Any] = {
        "when": [_slot(row, text) for row in rows.itertuples()],
        "agents": [text("systemic.at_once.agents", worse=row.worse_agents, agents=row.agents) for row in rows.itertuples()],
        "size": [read(value) for value in rows["size"]],
        "interval": parts.interval(rows["low"], rows["high"], read, text),
        "verdict": moved.verdicts(rows, text),
    }
    return rows.assign(**words)[list(SLOW_UNITS)]


def _slot(row: Any, text: Text) -> str:
    if row.kind == "day":
        return text("systemic.at_once.day", date=row.date)
    return text("systemic.at_once.hour", date=row.date, start=f"{row.hour:02d}:00", end=f"{row.hour + row.hours:02d}:00")


# --- unusual days ------------------------------------------------------------------------------------------------------------------


def _unusual(text: Text) -> None:
    key = moved.kpi(text, volume=True)
    found = session.movements("unusual", key)
    if moved.not_judged(found.reason, text):
        return
    rows = movements.unusual_rows(found, key)
    facts = {"family": found.family, "what": parts.statistic_name(key, "median", text)}
    st.markdown(text("systemic.unusual.found" if len(rows) else "systemic.unusual.none", n=len(rows), **facts))
    title = text("systemic.unusual.chart", metric=facts["what"])
    note = f"{text('systemic.unusual.note')} · {widgets.period_line(text)}"
    labels = Labels(text.language, title, y=facts["what"], note=note)
    chart = line_with_band(movements.day_line(found), labels, metric(key).unit, 320, session.annotations())
    widgets.show_chart(chart, text, key="unusual_days")
    if len(rows):
        config = parts.headings("systemic", DAY_UNITS, text)
        widgets.table(_day_table(rows, key, text), text, f"unusual_{key}", file=rows, column_config=config, **parts.roomy(rows))
    lines = [text(f"systemic.unusual.how_{at}", alike=text.number(found.autocorrelation, 2), family=found.family) for at in (1, 2, 3)]
    parts.how("unusual", [key], lines, text)


def _day_table(rows: Any, key: str, text: Text) -> Any:
    days = [trendlines.day_name(day, text) for day in movements.weekdays_of(rows)]
    words = {name: [widgets.kpi_value(text, value, key) for value in rows[name]] for name in ("value", "expected")}
    words |= {
        "when": [text("systemic.unusual.day", date=date, day=day) for date, day in zip(rows["date"], days, strict=True)],
        "beyond": [_beyond(value, key, text) for value in rows["beyond"]],
        "verdict": moved.verdicts(rows, text),
    }
    return rows.assign(**words)[list(DAY_UNITS)]


def _beyond(value: float, key: str, text: Text) -> str:
    if not movements.on_ratios(key):
        return widgets.signed(metric(key), value, text)
    return f"{'+' if value > 0 else ''}{text.share(value)}"


QUESTIONS = {"together": _together, "at_once": _at_once, "unusual": _unusual, "rush": rush.rush, "room": rush.room, "ratings": drivers.show}
