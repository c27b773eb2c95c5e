"""Demand: what arrived and how it scatters, what is to come and how good such forecasts were, peaks. Nothing is computed here."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import views
from core.charts import Chart, Labels, heatmap, line_with_band
from core.errors import UnavailableError
from core.period import day_date, day_number
from core.staffing import Fitted, Outlook, Peaks
from core.staffing.frames import SPREAD, arrivals_map, course, told
from core.staffing.special import Effect
from core.text import Text
from pages import _daysapart as daysapart
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

UNITS = {
    "model": "", "origins": "count", "mae": "points", "wape": "share", "mase": "ratio", "naive_mase": "ratio", "pinball": "number",
    "coverage_80": "share", "winkler_80": "number", "gain": "share", "p": "p",
}  # fmt: skip
_PATTERN_P = 0.05
_PEAKS_SHOWN = 8


def show(text: Text) -> None:
    """Controls, the coming weeks, the past ones, peaks; each half stands where the other cannot be had."""
    weeks = _controls(text)
    try:
        demand = session.demand()
    except UnavailableError as error:
        widgets.issues((error.issue,))
        return
    try:
        _ahead(session.forecast(), session.coming(weeks), text)
    except UnavailableError as error:
        widgets.issues((error.issue,))
    if demand.groups:
        _past(demand, text)
        _peaks(session.peaks(), text)
        parts.how("demand", [], [text(f"demand.how.{each}", weeks=weeks) for each in ("models", "test", "band", "slots")], text)


def _controls(text: Text) -> int:
    with st.container(border=True):
        columns = st.columns([2, 1, 2, 3], vertical_alignment="bottom")
        with columns[0]:
            tied = session.widget("forecast_weeks", session.remembered("forecast_weeks", 4))
            weeks = st.slider(text("demand.control.weeks"), 1, 8, **tied)
        with columns[1]:
            widgets.knob("slot_min", text)
        with columns[2]:
            daysapart.countries(text, session.knob_value("countries"))
        with columns[3]:
            widgets.knob("promotions", text)
    return int(weeks)


# --- to come -----------------------------------------------------------------------------------------------------------------


def _ahead(fitted: Fitted, found: Outlook, text: Text) -> None:
    st.markdown(_headline(told(fitted, found), text))
    st.markdown(honesty(found, text))
    widgets.show_chart(_course(fitted, found, text), text, key="forecast")
    with st.container(horizontal=True):
        widgets.download(text("demand.table.days"), "forecast_days", found.days)
        widgets.download(text("demand.table.slots"), "forecast_slots", found.slots)
    for effect in fitted.effects:
        st.markdown(_effect(effect, text))
    st.caption(_doubts(fitted, found, text))
    _methods(found, text)


def _headline(facts: dict[str, Any], text: Text) -> str:
    names = ("total", "per_week", "before", "p50")
    said = {name: text.number(facts[name], 0) for name in names} | {"weeks": facts["weeks"], "past": facts["past"]}
    said |= {"low": text.number(facts["p10"], 0), "high": text.number(facts["p90"], 0), "date": day_date(facts["local_day"])}
    key = "demand.sentence.ahead" if facts["weeks"] > 1 else "demand.sentence.one_ahead"
    return text(key, weekday=text(f"pages.weekday.{facts['weekday']}"), **said)


def honesty(found: Outlook, text: Text) -> str:
    """Whether the forecast is better than last week's figures, by how much, or that nobody knows."""
    if found.reason == "too_few_origins":
        facts = {"days": found.facts["days"], "weeks": found.facts["weeks"], "testable": found.facts["testable_weeks"]}
        return text("demand.sentence.untested" if facts["testable"] else "demand.sentence.untestable", **facts)
    row = found.best
    if not row:
        return text("demand.sentence.only_naive")
    facts = {name: text.number(row[name], 2) for name in ("mase", "naive_mase")}
    facts |= {"model": text(f"demand.model.{row['model']}"), "origins": row["origins"], "gain": parts.whole_share(row["gain"], text)}
    facts |= {"coverage": text.share(found.backtest["coverage_80"], 0), "p": trendlines.p_value(row["p"], text)}
    return text(f"demand.sentence.{found.reason or 'better'}", others=len(found.trials) - 1, **facts)


def _doubts(fitted: Fitted, found: Outlook, text: Text) -> str:
    facts, lines = found.facts, []
    last = min(day_number(day) for day in (session.measured().period.last, session.days_of_log()[1]) if day)
    if fitted.last_day < last:
        lines.append(text("demand.sentence.broken", date=day_date(last)))
    if facts["ljung_box_p"] < _PATTERN_P:
        lines.append(text("demand.sentence.pattern", p=trendlines.p_value(facts["ljung_box_p"], text)))
    if facts["special_days"]:
        lines.append(text("demand.sentence.apart", n=facts["special_days"]))
    return " ".join(lines)


def _effect(effect: Effect, text: Text) -> str:
    facts = {name: text.number(getattr(effect, name), 2) for name in ("ratio", "low", "high")}
    kind = text(f"demand.effect.{effect.kind}")
    past = text("demand.effect.past", kind=kind, days=effect.days, events=effect.events, **facts)
    if not widgets.known(effect.next_ratio):
        return f"{past} {text('demand.effect.once')}"
    ahead = {name: text.number(getattr(effect, f"next_{name}"), 2) for name in ("ratio", "low", "high")}
    return f"{past} {text('demand.effect.next', **ahead)}"


def _course(fitted: Fitted, found: Outlook, text: Text) -> Chart:
    note = text("demand.chart.course_note", period=widgets.period_line(text))
    labels = Labels(text.language, text("demand.chart.course"), y=text("demand.chart.course_axis"), note=note)
    return line_with_band(course(fitted, found), labels, marks=session.annotations())


def _methods(found: Outlook, text: Text) -> None:
    if found.trials.empty:
        return
    place = parts.fold(text("demand.table.title"), "methods", "table")
    if place.open:
        with place:
            shown = found.trials[list(UNITS)].assign(model=[text(f"demand.model.{each}") for each in found.trials["model"]])
            config = parts.headings("demand", UNITS, text)
            widgets.table(shown, text, "forecast_methods", file=found.trials, column_config=config)


# --- the past ----------------------------------------------------------------------------------------------------------------


def _past(demand: Any, text: Text) -> None:
    words = {what: text(f"demand.spread.{what}") for what in SPREAD}
    what = parts.choose("demand_spread", list(words), text("demand.control.spread"), words.__getitem__, look="pills")
    interval = int(session.scenario().get("slot_min"))
    note = text("demand.chart.spread_note", n=int(demand.n_days.min()), period=widgets.period_line(text))
    title = text("demand.chart.spread", what=words[what])
    labels = Labels(text.language, title, y=text("demand.chart.course_axis"), note=note)
    chart = heatmap(arrivals_map(demand, interval, what), labels, "number", slot_min=interval)
    widgets.show_chart(chart, text, key="arrivals")


def _peaks(found: Peaks, text: Text) -> None:
    st.markdown(f"**{text('demand.peak.title')}**")
    st.markdown(_scatter(found, text))
    if found.reason:
        st.markdown(text("demand.peak.few"))
        return
    facts = {"slots": text.number(found.facts["slots"], 0), "days": text.number(found.facts["days_tested"], 0)}
    lines = [_peak("day", row, text) for row in found.days.itertuples()]
    lines += [_peak("slot", row, text) for row in found.periods.itertuples()]
    told_lines = [f"- {line}" for line in lines[:_PEAKS_SHOWN]]
    if len(lines) > _PEAKS_SHOWN:
        told_lines.append(f"- {text('demand.peak.more', n=len(lines[_PEAKS_SHOWN:]))}")
    st.markdown("\n".join(told_lines) if lines else text("demand.peak.none", **facts))
    if lines:
        widgets.download(text("demand.table.peaks"), "peaks", found.all)
    st.caption(text("demand.peak.how", poisson=found.facts["poisson"], **facts))


def _scatter(found: Peaks, text: Text) -> str:
    by_day = found.by_day
    if not widgets.known(by_day.index):
        return text("demand.sentence.few_dates")
    key = "scatter" if by_day.p < _PATTERN_P else "chance"
    return text(f"demand.sentence.{key}", index=text.number(by_day.index, 2), theta=text.number(by_day.theta, 0))


def _peak(kind: str, row: Any, text: Text) -> str:
    facts = {"observed": text.number(row.observed, 0), "expected": text.number(row.expected), "ratio": text.number(row.ratio)}
    facts |= {"weekday": text(f"pages.weekday.{row.weekday}"), "date": day_date(row.local_day)}
    facts["name"] = f" · {row.name_of}" if row.name_of else ""
    if kind == "slot":
        facts |= {"start": views.clock(row.start), "end": views.clock(row.end)}
    return text(f"demand.peak.{kind}", p=trendlines.p_value(row.p_adjusted, text), **facts)
