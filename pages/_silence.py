"""The Compare page's silent customers: what ratings leave open that were never given."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import comparisons, views
from core.charts import Labels, silence_bars
from core.text import Text
from pages import _fairness as fairness
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

UNITS = {"part": "", "response": "", "comparable": "", "observed": "", "bounds": "", "supposed": "", "answered": "count", "asked": "count"}
BY = ("agent", "language", "channel", "team", "category")


def silence(text: Text) -> None:
    """Who answers at all, what the score can be at worst and best, and what silence of another mind would do."""
    fairness.heading("silence", text)
    whole = session.fairly("csat", "shop")
    if whole.empty or comparisons.everybody_answered(whole.iloc[0]):
        st.info(_nobody_silent(whole, text), icon=":material/info:")
        return
    by, gap = _controls(text)
    found = session.fairly("csat", by, gap)
    if found.empty:
        st.info(text("fair.silence.nobody"), icon=":material/info:")
        return
    st.markdown(_said(found, by, gap, text))
    left, right = st.columns([1, 1], gap="large")
    rows = comparisons.silent_bars(found, by)
    with left:
        widgets.show_chart(_chart(rows, text), text, f"silence_{by}")
    with right:
        config = parts.headings("fair", UNITS, text)
        widgets.table(_table(rows, text), text, f"silence_{by}_table", file=rows, column_config=config, height=520)
    fairness.how("silence", ["satisfaction", "csat_coverage"], text)


def _nobody_silent(whole: Any, text: Text) -> str:
    """Why nothing can be said about silent customers."""
    if whole.empty:
        return text("fair.silence.none")
    return text("fair.silence.all", asked=text.number(whole["asked"].iloc[0], 0), observed=text.share(whole["observed"].iloc[0]))


def _controls(text: Text) -> tuple[str, float]:
    left, right = st.columns([1, 1], vertical_alignment="bottom", gap="large")
    with left:
        there = [name for name in BY if session.values_of(name)] or ["agent"]
        words = {name: text(f"pages.column.{name}") for name in there}
        by = parts.choose("silence_by", there, text("fair.silence.by"), words.__getitem__, look="pills")
    with right:
        tied = session.widget("silence_gap", session.remembered("silence_gap", 0))
        label, help_ = text("fair.silence.gap"), text("fair.silence.gap_help")
        points = st.slider(label, 0, 60, step=5, format=text("fair.silence.gap_format"), help=help_, **tied)
    return by, comparisons.as_share(points)


def _said(found: Any, by: str, gap: float, text: Text) -> str:
    whole = comparisons.silence(found, gap)
    shares = {name: text.share(whole[name]) for name in ("response", "observed", "worst", "best", "supposed")}
    facts = {"answered": text.number(whole["answered"], 0), "asked": text.number(whole["asked"], 0)} | shares
    lines = [text("fair.silence.found", **facts), text("fair.silence.bounds", **facts)]
    if gap:
        lines.append(text("fair.silence.supposed", gap=text("pages.card.points", n=text.number(comparisons.as_points(gap), 0)), **facts))
    strangers = [parts.member(str(name), text) for name in found.loc[~found["comparable"], by]]
    lines.append(text("fair.silence.apart" if strangers else "fair.silence.alike", n=len(strangers), list=fairness.joined(strangers, text)))
    return "\n".join(f"- {line}" for line in lines)


def _chart(rows: Any, text: Text) -> Any:
    title, note = text("fair.silence.title"), f"{text('fair.silence.note')} · {widgets.period_line(text)}"
    shown = views.charted(rows, rows["asked"])
    return silence_bars(shown.assign(part=_members(shown, text)), Labels(text.language, title, x=text("fair.silence.x"), note=note))


def _members(rows: Any, text: Text) -> list[str]:
    return [parts.member(str(name), text) for name in rows["part"]]


def _table(rows: Any, text: Text) -> Any:
    amounts = {name: [text.share(value) for value in rows[name]] for name in ("response", "observed", "supposed")}
    comparable = [text("fair.silence.yes" if known else "fair.silence.no") for known in rows["comparable"]]
    bounds = parts.interval(rows["worst"], rows["best"], text.share, text)
    return rows.assign(part=_members(rows, text), bounds=bounds, comparable=comparable, **amounts)[list(UNITS)]
