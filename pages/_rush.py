"""Steady in the rush, and room to improve: who holds when it is busy, and where an improvement would count. Nothing is computed here."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core import movements
from core.charts import Labels, bars_with_interval
from core.metrics import metric
from core.text import Text
from pages import _moved as moved
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

RUSH_UNITS = {
    "agent": "", "verdict": "", "rush": "", "other": "", "change": "", "interval": "", "shrunken": "", "p_adjusted": "p", "n_rush": "count",
    "n_other": "count",
}  # fmt: skip
ROOM_UNITS = {
    "rank": "count", "agent": "", "own": "", "shrunken": "", "gap": "", "gain": "", "interval": "", "shop": "", "n": "count", "note": "",
}  # fmt: skip


def rush(text: Text) -> None:
    """Who is steadier in the rush than the others?"""
    key = moved.kpi(text)
    found = session.movements("rush", key)
    if moved.not_judged(found.reason, text):
        return
    st.markdown(_said(found, key, text))
    rows = movements.rush_rows(found, key)
    config = parts.headings("systemic", RUSH_UNITS, text)
    widgets.table(_rush_table(rows, key, text), text, f"rush_{key}", file=rows, column_config=config, **parts.roomy(rows))
    facts = {"load": text.number(found.load), "family": found.family}
    parts.how("rush", [key], [text(f"systemic.rush.how_{at}", **facts) for at in (1, 2, 3)], text)


def _said(found: Any, key: str, text: Text) -> str:
    read = partial(moved.change, key=key, text=text)
    told = {name: read(value) for name, value in movements.rush_told(found, key).items()}
    facts = {"load": text.number(found.load), "hours": found.slots[0], "all": found.slots[1], "what": widgets.metric_name(key, text)}
    lines = [text("systemic.rush.team", **facts, **told)]
    for standing in ("steadier", "gives_way"):
        names = found.named(standing)
        if names:
            lines.append(text(f"systemic.rush.{standing}", list=moved.listed([f"**{name}**" for name in names], text)))
    if len(lines) == 1:
        lines.append(text("systemic.rush.nobody", family=found.family))
    return "  \n".join(lines)


def _rush_table(rows: Any, key: str, text: Text) -> Any:
    read, figure = partial(moved.change, key=key, text=text), partial(widgets.kpi_value, text, key=key)
    words: dict[str, Any] = {name: [figure(value) for value in rows[name]] for name in ("rush", "other")}
    words |= {name: [read(value) for value in rows[name]] for name in ("change", "shrunken")}
    pairs = zip(moved.verdicts(rows, text), rows["standing"], strict=True)
    words["verdict"] = [_standing(verdict, code, text) for verdict, code in pairs]
    words["interval"] = parts.interval(rows["low"], rows["high"], read, text)
    return rows.assign(**words)[list(RUSH_UNITS)]


def _standing(verdict: str, code: str, text: Text) -> str:
    return text("systemic.rush.verdict", verdict=verdict, standing=text(f"systemic.rush.standing.{code}")) if code else verdict


# --- room to improve -----------------------------------------------------------------------------------------------------------------


def room(text: Text) -> None:
    """Whose coming up to the common figure would gain the shop most?"""
    key = moved.kpi(text)
    found = session.movements("room", key)
    if moved.not_judged(found.reason, text):
        return
    rows = movements.room_rows(found, key)
    baseline = widgets.kpi_value(text, found.baseline, key)
    what = parts.statistic_name(key, "median", text)
    first = movements.foremost(rows)
    lines = [text("systemic.room.baseline", what=what, baseline=baseline, agents=len(rows))]
    lines += [_gain(row, key, text) for row in first.itertuples()] or [text("systemic.room.nobody")]
    st.markdown("  \n".join(lines))
    left, right = st.columns([4, 6], gap="large")
    with left:
        note = f"{text('systemic.room.note', baseline=baseline)} · {widgets.period_line(text)}"
        labels = Labels(text.language, text("systemic.room.chart", metric=what), x=what, note=note)
        shown = bars_with_interval(movements.room_bars(found), labels, metric(key).unit, metric(key).better > 0)
        widgets.show_chart(shown, text, key=f"room_{key}_chart")
    with right:
        config = parts.headings("systemic", ROOM_UNITS, text)
        widgets.table(_room_table(rows, key, text), text, f"room_{key}", file=rows, column_config=config, **parts.roomy(rows))
    parts.how("room", [key], [text(f"systemic.room.how_{at}") for at in (1, 2, 3)], text)


def _gain(row: Any, key: str, text: Text) -> str:
    facts = {"agent": row.agent, "shop": widgets.signed(metric(key), row.shop * metric(key).better, text)}
    unit = movements.gain_unit(key)
    if not unit:
        return text("systemic.room.told", **facts)
    ends = {name: text.number(getattr(row, name), 2) for name in ("gain", "gain_low", "gain_high")}
    return text(f"systemic.room.told_{unit}", **facts, **ends)


def _room_table(rows: Any, key: str, text: Text) -> Any:
    figure, signed = partial(widgets.kpi_value, text, key=key), partial(widgets.signed, metric(key), text=text)
    words: dict[str, Any] = {"own": [figure(value) for value in rows["value"]], "shrunken": [figure(value) for value in rows["shrunken"]]}
    words["gap"] = [signed(value * -metric(key).better) for value in rows["gap"]]
    words["shop"] = [signed(value * metric(key).better) for value in rows["shop"]]
    words["gain"] = [text.number(value, 2) for value in rows["gain"]]
    words["interval"] = parts.interval(rows["gain_low"], rows["gain_high"], partial(text.number, decimals=2), text)
    words["note"] = [text(f"systemic.room.reason.{reason}") if reason else "" for reason in rows["reason"]]
    return rows.assign(**words)[list(ROOM_UNITS)]
