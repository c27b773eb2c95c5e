"""The plan of a pilot: what is asked, what the planner says to it, and what is missing before it can be kept."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from core.changes import DIRECTIONS, Change, Pilot, gaps, relative
from core.errors import KefuError
from core.metrics import metric
from core.planner import judged_least
from core.text import Text
from core.trials import last_day
from pages import _beforeafter as beforeafter
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets


def show(text: Text) -> None:
    """Everything a pilot needs, the planner's answer beside it, and the button that keeps it."""
    kept = session.held("pilot_kept")
    if kept:
        st.success(text("pilots.kept", name=kept), icon=":material/check:")
    widgets.issues(session.held("pilot_trouble", ()))
    name, hypothesis = _told(text)
    key, direction, margin, least = _rule(text)
    start, agents, controls = _whom(text)
    change = Change(start, tuple(agents), tuple(controls) or None, name.strip())
    plan = _planned(change, key, margin, text)
    end = _end(change, plan, text)
    missing = gaps(name, (start, end), plan.cases, [pilot.name for pilot in session.book().pilots])
    for code in missing:
        st.caption(f":orange[{text(f'pilots.trouble.{code}')}]")
    asked = {"hypothesis": hypothesis, "metric": key, "end": end, "direction": direction, "margin": margin, "least": least}
    asked["planned"] = plan.cases
    st.button(text("pilots.control.save"), key="keep_pilot", disabled=bool(missing), on_click=_keep, args=(change, asked), type="primary")


def _told(text: Text) -> tuple[str, str]:
    name = st.text_input(text("pilots.control.name"), max_chars=60, **session.widget("pilot_name", session.remembered("pilot_name", "")))
    told = text("pilots.control.hypothesis")
    tied = session.widget("pilot_hypothesis", session.remembered("pilot_hypothesis", ""))
    return name or "", st.text_area(told, max_chars=500, height=80, placeholder=text("pilots.control.hypothesis_help"), **tied) or ""


def _rule(text: Text) -> tuple[str, str, float, int]:
    one, two, three, four = st.columns([3, 2, 3, 2], vertical_alignment="bottom")
    with one:
        names = {key: widgets.metric_name(key, text) for key in parts.offered()}
        key = parts.choose("pilot_metric", list(names), text("pilots.control.metric"), names.__getitem__)
    with two:
        words = {code: text(f"pilots.direction.{code}") for code in DIRECTIONS}
        usual = DIRECTIONS[1] if metric(key).better < 0 else DIRECTIONS[0]
        direction = parts.choose(f"pilot_direction_{key}", DIRECTIONS, text("pilots.control.direction"), words.__getitem__, first=usual)
    with three:
        margin = _margin(key, text)
    with four:
        label, help_ = text("pilots.control.least"), text("pilots.control.least_help")
        tied = session.widget(f"pilot_least_{key}", session.remembered(f"pilot_least_{key}", judged_least(key)))
        least = st.number_input(label, 1, 1_000_000, help=help_, **tied)
    return key, direction, float(margin), int(least)


def _margin(key: str, text: Text) -> float:
    label = text("pilots.control.margin")
    tied = f"pilot_margin_{key}"
    if relative(metric(key)) or metric(key).unit == "share":
        start = session.remembered(tied, 0.10 if relative(metric(key)) else 0.03)
        return float(st.slider(label, 0.01, 0.5, step=0.01, format="percent", **session.widget(tied, start)))
    return float(st.number_input(label, 0.1, 100.0, step=0.5, **session.widget(tied, session.remembered(tied, 3.0))))


def margin_words(key: str, margin: float, text: Text) -> str:
    """A rule's margin as it is read: a part of the level, points of a share, or the KPI's unit."""
    return parts.whole_share(margin, text) if relative(metric(key)) else widgets.signed(metric(key), margin, text).lstrip("+")


def _whom(text: Text) -> tuple[date, list[str], list[str]]:
    one, two, three = st.columns([2, 4, 4], vertical_alignment="bottom")
    with one:
        shown = session.measured().period.last
        tied = session.widget("pilot_start", session.remembered("pilot_start", shown))
        start = st.date_input(text("pilots.control.start"), format="YYYY-MM-DD", **tied)
    with two:
        agents = beforeafter.people("pilot_agents", session.values_of("agent"), "agents", text)
    with three:
        others = [name for name in session.values_of("agent") if name not in agents]
        controls = beforeafter.people("pilot_controls", others, "controls", text) if agents else []
    return start or shown, agents, controls


def _planned(change: Change, key: str, margin: float, text: Text) -> Any:
    plan = session.pilot_plan(change, key, margin)
    if plan.cases is None:
        st.caption(text(f"pilots.plan.{plan.reason}"))
        return plan
    facts = {"cases": text.number(plan.cases, 0), "weeks": text.number(plan.weeks, 0), "end": last_day(change, plan.weeks)}
    st.markdown(text("pilots.plan.needed", gain=margin_words(key, margin, text), **facts))
    return plan


def _end(change: Change, plan: Any, text: Text) -> date | None:
    tied = session.widget("pilot_end", session.remembered("pilot_end", last_day(change, plan.weeks)))
    found: date | None = st.date_input(text("pilots.control.end"), format="YYYY-MM-DD", help=text("pilots.control.end_help"), **tied)
    return found


def _keep(change: Change, asked: dict[str, Any]) -> None:
    try:
        controls = None if change.controls is None else list(change.controls)
        told = {"name": change.name, "date": change.day, "agents": list(change.agents), "controls": controls}
        session.keep_book(session.book().with_pilot(Pilot.of(told | asked)))
        session.hold(pilot_kept=change.name, pilot_trouble=())
        session.point_at(pilot_shown=change.name)
    except KefuError as error:
        session.hold(pilot_trouble=(error.issue,))
