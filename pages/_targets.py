"""How far everybody is with each target: a fold of the Scores page."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core import views
from core.metrics import metric
from core.recompute import level_of
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

_UNITS = {"agent": "", "value": "", "interval": "", "n": "count", "target": "", "share": "share", "status": ""}


def draw(text: Text) -> None:
    """Pick a KPI: how many reach its target, then everybody with value, interval, attainment and status; all of it as a file."""
    place = parts.fold(text("scores.target.title"), "targets", "flag")
    if not place.open:
        return
    with place:
        measured, scenario = session.measured(), session.scenario()
        everything = views.attainment(measured.people, scenario, level_of(measured, scenario, measured.people))
        if everything.empty:
            st.caption(text("compare.sentence.none"))
            return
        names = {key: widgets.metric_name(key, text) for key in everything["key"].unique()}
        key = parts.choose("target_of", list(names), text("scores.target.pick"), names.__getitem__)
        frame = views.attained_by(everything, key)
        st.markdown(_sentence(frame, key, text))
        config = parts.headings("scores.target", _UNITS, text)
        widgets.table(_words(frame, key, text), text, f"targets_{key}", file=frame, column_config=config)
        st.caption(text("scores.target.note"))
        widgets.download(text("scores.target.all"), "targets_of_all_kpis", everything)


def _sentence(frame: Any, key: str, text: Text) -> str:
    found = views.attained(frame)
    goal = session.scenario().anchors(metric(key))
    facts = {name: widgets.kpi_value(text, getattr(goal, name), key) for name in ("target", "passing")}
    facts |= {name: getattr(found, name) for name in ("judged", "reached", "sure", "below")}
    return text("scores.target.sentence", metric=widgets.metric_name(key, text), **facts)


def _words(frame: Any, key: str, text: Text) -> Any:
    read = partial(widgets.kpi_value, text, key=key)
    status = [text(f"scores.target.status.{code}") for code in frame["status"]]
    shown = frame.assign(interval=parts.interval(frame["low"], frame["high"], read, text), status=status)
    amounts = {name: [read(value) for value in frame[name]] for name in ("value", "target")}
    return shown.assign(**amounts)[list(_UNITS)]


_LEVEL_UNITS = {"label": "", "level": "", "n": "count", "target": "", "passing": ""}


def levels(key: str, text: Text) -> None:
    """With whose level figures are compared, and what that makes of a KPI's target for each language, channel …"""
    with st.columns([2, 3])[0]:
        widgets.knob("level_by", text)
    measured, scenario = session.measured(), session.scenario()
    frame = views.label_targets(level_of(measured, scenario, measured.people), key, scenario)
    if frame is None:
        return
    if frame.empty:
        st.caption(text("scores.level.nothing", metric=widgets.metric_name(key, text)))
        return
    read = partial(widgets.kpi_value, text, key=key)
    amounts = {name: [read(value) for value in frame[name]] for name in ("level", "target", "passing")}
    shown = frame.assign(label=[parts.member(label, text) for label in frame["label"]], **amounts)[list(_LEVEL_UNITS)]
    config = parts.headings("scores.level", _LEVEL_UNITS, text)
    widgets.table(shown, text, f"levels_{key}", file=frame, column_config=config)
    st.caption(text("scores.level.note"))
