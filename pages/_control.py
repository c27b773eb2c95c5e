"""The course of a KPI: control chart, change points, early warning. Nothing is computed here, only picked and worded."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core import views
from core.charts import Chart, Labels, control_chart
from core.course import UNITS as POINTS
from core.course import Course, Tally, drawn, leading, steps, summary, tally, warned
from core.metrics import metric
from core.text import Text
from pages import _notes as notes
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

UNITS = {
    "group": "", "verdict": "", "changes": "count", "week": "", "level": "", "shift": "", "interval": "", "n": "count", "beyond": "count",
    "chance_beyond": "share", "signals": "count", "sigma_z": "ratio", "warning": "", "reason": "",
}  # fmt: skip
STEP_UNITS = {"group": "", "week": "", "before": "", "after": "", "shift": "", "interval": "", "n_before": "count", "n_after": "count"}
DRIFT = "0.5"
"""The drift the sentence speaks of, in standard deviations of a day per week."""


def show(text: Text) -> None:
    """Controls, the verdict in a sentence, the early warning, the chart, the groups, the changes, named days."""
    key, by, unit = _controls(text)
    found = session.courses(key, by, unit)
    if not found:
        st.info(text("control.sentence.nothing"), icon=":material/info:")
        return
    one = found[leading(found)]
    if len(found) > 1:
        st.markdown(_family(found, text))
        by_name = {each.group: each for each in found}
        names = {group: trendlines.group_name(group, by, text) for group in by_name}
        chosen = parts.choose(f"course_{by}", list(names), text("effects.control.group"), names.__getitem__, first=one.group)
        one = by_name[chosen]
    _told(one, tally(found), (key, by, unit), text)
    if len(found) > 1:
        _groups(found, key, by, text)
    _changes(found, key, by, text)
    notes.fold(text)
    parts.how("control", [key], _how(one, text), text)


def _controls(text: Text) -> tuple[str, str, str]:
    with st.container(border=True):
        left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
        with left:
            names = {key: widgets.metric_name(key, text) for key in parts.offered()}
            key = parts.choose("course_of", list(names), text("effects.control.metric"), names.__getitem__)
        with middle:
            splits = {by: text(f"effects.by.{by}") for by in ("shop", *trendlines.groupings()[:-1])}
            by = parts.choose("course_by", list(splits), text("effects.control.by"), splits.__getitem__)
        with right:
            units = {unit: text(f"control.unit.{unit}") for unit in POINTS}
            unit = parts.choose("course_unit", list(units), text("control.control.unit"), units.__getitem__, look="pills")
    return key, by, unit


def _told(one: Course, family: Tally, asked: tuple[str, str, str], text: Text) -> None:
    key, by, unit = asked
    st.markdown(_verdict(one, family, key, by, text))
    st.markdown(_warning(one, key, text))
    widgets.show_chart(_chart(one, asked, text), text, key="course")
    st.caption("  \n".join(_limits(one, text)))
    with parts.fold(text("control.points"), "course_points", "table") as place:
        if place.open:
            shown = one.points.drop(columns=["x", "stretch", "sigma"]).assign(local_day=one.points["x"], signals=_signals(one, text))
            names = {name: text(f"control.column.{name}") for name in shown.columns}
            widgets.table(shown.rename(columns=names), text, f"course_{key}_{by}_{unit}", file=one.points)


def _what(one: Course, key: str, by: str, text: Text) -> str:
    return f"{trendlines.group_name(one.group, by, text)} · {_figure(key, text)}"


def _figure(key: str, text: Text) -> str:
    return parts.statistic_name(key, views.statistics_of(metric(key))[0], text)


def _verdict(one: Course, family: Tally, key: str, by: str, text: Text) -> str:
    """The verdict on changes of level in its fixed words."""
    last = one.points["x"]
    facts: dict[str, Any] = {"what": _what(one, key, by, text), "n": one.changes.n, "family": family.judged}
    facts |= {"first": f"{last.min():%Y-%m-%d}", "last": f"{last.max():%Y-%m-%d}"} if len(last) else {"first": "–", "last": "–"}
    rows = [_step(row, key, text) for row in steps((one,)).to_dict("records")]
    facts |= {"steps": text("control.sentence.and").join(rows), "by_chance": text.number(family.by_chance)}
    facts |= {"unseen": widgets.signed(metric(key), one.unseen, text).lstrip("+")}
    told = text(f"control.verdict.{one.verdict}", **facts)
    return f"{told} {text(f'control.reason.{one.reason}')}" if one.reason else told


def _step(row: Any, key: str, text: Text) -> str:
    levels = {name: widgets.kpi_value(text, row[name], key) for name in ("before", "after")}
    shifts = {name: widgets.signed(metric(key), row[name], text) for name in ("shift", "low", "high")}
    return text("control.sentence.step", week=row["week"], **levels, **shifts)


def _warning(one: Course, key: str, text: Text) -> str:
    """What the early warning says, and what such a warning was measured to be worth."""
    found = warned(one.watch)
    told = {"base": found["base"], "watched": found["watched"], "since": found["since"]}
    told["direction"] = text(f"control.direction.{found['direction']}") if found["direction"] else ""
    told["by"] = text("control.sentence.and").join(text(f"control.sum.{each}") for each in found["by"])
    line = text(f"control.warning.{found['state']}", **told)
    if DRIFT not in found["drifts"]:
        return line
    known = found["drifts"][DRIFT]
    facts = {"drift": widgets.signed(metric(key), known["per_week"], text).lstrip("+"), "every": found["false_alarm_days"]}
    return f"{line}  \n:gray[{text('control.warning.worth', delay=known['delay'], lead=known['lead'], **facts)}]"


def _limits(one: Course, text: Text) -> list[str]:
    """How many points lie beyond, and on how many charts some would by chance; σ_z where the chart has it."""
    if not one.limited:
        return [text("control.limits.none")]
    chance = {f"chance_{name}": text.share(share, 0) for name, share in one.chance.items()}
    facts = {"beyond": int(one.points["beyond"].sum()), "n": one.limited, "phi": text.number(one.phi, 2)}
    facts |= {"signals": int((one.points["signals"] != "").sum())}
    lines = [text("control.limits.beyond", **facts, **chance), text("control.limits.rules", **facts, **chance)]
    if one.chart != "xmr":
        lines.append(text("control.limits.sigma_z", sigma_z=text.number(one.sigma_z, 2)))
    return lines


def _signals(one: Course, text: Text) -> list[str]:
    comma = text("scores.control.comma")
    return [comma.join(text(f"control.rule.{rule}") for rule in found.split(",") if rule) for found in one.points["signals"]]


def _chart(one: Course, asked: tuple[str, str, str], text: Text) -> Chart:
    key, by, unit = asked
    title = text(f"control.chart.title_{unit}", what=_what(one, key, by, text))
    kind = text(f"control.kind.{one.chart}")
    note = text("control.chart.note_adjusted" if one.adjusted else "control.chart.note", kind=kind)
    labels = Labels(text.language, title, y=_figure(key, text), note=f"{note} · {widgets.period_line(text)}")
    return control_chart(drawn(one), labels, metric(key).unit, 360, session.annotations())


def _family(found: tuple[Course, ...], text: Text) -> str:
    told = tally(found)
    facts = {"n": told.changed, "judged": told.judged, "by_chance": text.number(told.by_chance), "left": told.left}
    return text("control.sentence.family", **facts)


def _groups(found: tuple[Course, ...], key: str, by: str, text: Text) -> None:
    raw = summary(found)
    read = partial(_signed, key=key, text=text)
    words = {
        "group": [trendlines.group_name(group, by, text) for group in raw["group"]],
        "verdict": [text(f"verdicts.names.{code}") for code in raw["verdict"]],
        "week": [str(week) if week else "" for week in raw["week"]],
        "level": [widgets.kpi_value(text, value, key) for value in raw["centre"]],
        "shift": [read(value) for value in raw["shift"]],
        "interval": parts.interval(raw["low"], raw["high"], read, text),
        "warning": [text(f"control.state.{code}") for code in raw["warning"]],
        "reason": [text(f"control.reason.{code}") if code else "" for code in raw["reason"]],
    }
    config = parts.headings("control", UNITS, text)
    widgets.table(raw.assign(**words)[list(UNITS)], text, f"courses_{key}_{by}", file=raw, column_config=config)


def _signed(value: float, key: str, text: Text) -> str:
    return widgets.signed(metric(key), value, text)


def _changes(found: tuple[Course, ...], key: str, by: str, text: Text) -> None:
    raw = steps(found)
    if raw.empty:
        return
    read = partial(_signed, key=key, text=text)
    words: dict[str, Any] = {name: [widgets.kpi_value(text, value, key) for value in raw[name]] for name in ("before", "after")}
    words |= {"group": [trendlines.group_name(group, by, text) for group in raw["group"]], "week": [str(week) for week in raw["week"]]}
    words |= {"shift": [read(value) for value in raw["shift"]], "interval": parts.interval(raw["low"], raw["high"], read, text)}
    st.markdown(f"**{text('control.changes')}**")
    config = parts.headings("control", STEP_UNITS, text)
    widgets.table(raw.assign(**words)[list(STEP_UNITS)], text, f"steps_{key}_{by}", file=raw, column_config=config)


def _how(one: Course, text: Text) -> list[str]:
    lines = [text(f"control.how.{one.chart}"), *(text(f"control.how.{part}") for part in ("weekdays", "changes", "rules", "warning"))]
    return [*lines, text("control.how.named")]
