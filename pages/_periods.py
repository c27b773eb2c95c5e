"""Two periods or two groups side by side: what is compared, what differs for sure, one KPI day by day. Nothing is computed here."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.charts import Chart, Labels, line_with_band
from core.errors import KefuError
from core.metrics import SCORED, metric
from core.scenario import DIMENSIONS
from core.spans import CYCLES, Span, differing, told
from core.text import Text
from pages import _beforeafter as beforeafter
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

UNITS = {
    "metric": "", "figure_before": "", "figure_after": "", "shift": "", "interval": "", "verdict": "", "p_adjusted": "p", "mix": "",
    "cases": "", "days": "", "method": "",
}  # fmt: skip
_NAMED = 6


def show(text: Text) -> None:
    """Choose two selections, read what differs."""
    st.caption(text("spans.intro"))
    words = {kind: text(f"spans.kind.{kind}") for kind in ("periods", "groups")}
    one, two = st.columns([3, 2], vertical_alignment="bottom")
    with one:
        kind = parts.choose("spans_kind", list(words), text("pages.data.parts"), words.__getitem__, look="bare")
    with two:
        sets = {each: text(f"spans.keys.{each}") for each in ("scored", "all")}
        which = parts.choose("spans_keys", list(sets), text("spans.control.keys"), sets.__getitem__)
    keys = tuple(each.key for each in SCORED) if which == "scored" else ()
    asked = _periods(text) if kind == "periods" else _groups(text)
    if asked is None:
        return
    try:
        found = session.spans(*asked, keys) if kind == "periods" else session.groups(*asked, keys)
    except KefuError:
        first, last = session.days_of_log()
        st.info(text("spans.refused", first=first, last=last), icon=":material/info:")
        return
    _found(found, kind, asked, text)


def _periods(text: Text) -> tuple[Span, Span] | None:
    one, two, three = st.columns([3, 2, 3], vertical_alignment="bottom")
    start = session.latest()
    with one:
        this = _range("spans_this", (start.first, start.last), text("spans.control.this"))
    with two:
        words = {cycle: text(f"spans.cycle.{cycle}") for cycle in (*CYCLES, "custom")}
        cycle = parts.choose("spans_cycle", list(words), text("spans.control.other"), words.__getitem__)
    if this is None:
        st.info(text("spans.half_chosen"), icon=":material/info:")
        return None
    if cycle != "custom":
        return this, this.back(cycle)
    with three:
        back = this.back("previous")
        other = _range("spans_other", (back.first, back.last), text("spans.control.custom"))
    return None if other is None else (this, other)


def _range(key: str, start: Any, label: str) -> Span | None:
    chosen = st.date_input(label, format="YYYY-MM-DD", **session.widget(key, session.remembered(key, start)))
    return Span(*chosen) if len(chosen) > 1 else None


def _groups(text: Text) -> tuple[dict[str, list[str]], dict[str, list[str]]] | None:
    by = {name: text(f"effects.by.{name}") for name in DIMENSIONS if len(_members(name, text)) > 1}
    if not by:
        st.info(text("spans.no_groups"), icon=":material/info:")
        return None
    one, two, three = st.columns([2, 4, 4], vertical_alignment="bottom")
    with one:
        name = parts.choose("spans_by", list(by), text("spans.control.by"), by.__getitem__)
    there = _members(name, text)
    with two:
        first = _side(f"spans_first_{name}", there, there[:1], text("spans.control.first"))
    with three:
        left = [each for each in there if each not in first]
        second = _side(f"spans_second_{name}", left, left[:1], text("spans.control.second"))
    if not first or not second:
        st.info(text("spans.half_chosen"), icon=":material/info:")
        return None
    return {name: first}, {name: second}


def _members(name: str, text: Text) -> list[str]:
    return [each for each in session.values_of(name) if parts.member(each, text) == each]


def _side(key: str, offered: list[str], start: list[str], label: str) -> list[str]:
    kept = [each for each in session.remembered(key, start) if each in offered]
    return list(st.multiselect(label, offered, **session.widget(key, kept)))


# --- what was found ----------------------------------------------------------------------------------------------------------------


def _found(found: Any, kind: str, asked: Any, text: Text) -> None:
    if found.rows.empty:
        st.info(text("spans.nothing"), icon=":material/info:")
        return
    names = _names(found, kind, asked, text)
    st.markdown(_summary(found, names, text))
    for note in found.notes:
        st.caption(f":orange[{text(f'spans.note.{note}')}]")
    rows = told(found.rows)
    _table(rows, names, text)
    words = {key: widgets.metric_name(key, text) for key in rows["key"]}
    key = parts.choose("spans_metric", list(words), text("beforeafter.control.metric"), words.__getitem__)
    row = next(row for row in rows.to_dict("records") if row["key"] == key)
    st.markdown(_sentence(row, names, kind, text))
    groups = (asked[1], asked[0]) if kind == "groups" else None
    widgets.show_chart(_chart(found, groups, row, names, text), text, key="spans_days")
    parts.how("spans", [key], [text(f"spans.how.{part}") for part in ("days", "levels", "family", "mix")], text)


def _names(found: Any, kind: str, asked: Any, text: Text) -> tuple[str, str]:
    """The earlier and the later period, or the second and the first group, as they are called."""
    if kind == "periods":
        earlier, later = (text("spans.span", first=span.first, last=span.last) for span in found.spans)
        return earlier, later
    first, second = (text("scores.control.comma").join(*side.values()) for side in asked)
    return second, first


def _summary(found: Any, names: tuple[str, str], text: Text) -> str:
    keys = differing(found.rows)
    facts = {"before": names[0], "after": names[1], "family": text.number(found.rows["family"].iloc[0], 0), "n": text.number(len(keys), 0)}
    listed = text("scores.control.comma").join(widgets.metric_name(key, text, short=True) for key in keys[:_NAMED])
    return text("spans.summary.some" if keys else "spans.summary.none", list=listed, **facts)


def _figure(row: Any, name: str, text: Text) -> str:
    value = row[name]
    if metric(row["key"]).measure.kind == "count" and widgets.known(value):
        return text("spans.per_day", n=text.number(value))
    return widgets.kpi_value(text, value, row["key"]) if widgets.known(value) else "–"


def _signed(row: Any, name: str, text: Text) -> str:
    return beforeafter.signed(row[name], {"by": "shop"}, row["key"], text)


def _table(rows: Any, names: tuple[str, str], text: Text) -> None:
    records = rows.to_dict("records")
    words: dict[str, Any] = {name: [_figure(row, name, text) for row in records] for name in ("figure_before", "figure_after")}
    words |= {name: [_signed(row, name, text) for row in records] for name in ("shift", "mix")}
    words["metric"] = [parts.statistic_name(row["key"], row["statistic"], text) for row in records]
    words["interval"] = [_ends(row, text) for row in records]
    words["verdict"] = [text(f"verdicts.names.{row['verdict']}") for row in records]
    words["method"] = [text(f"beforeafter.method.{row['method']}") for row in records]
    words["cases"] = [f"{text.number(row['cases_before'], 0)} / {text.number(row['cases_after'], 0)}" for row in records]
    words["days"] = [f"{row['n_before']} / {row['n_after']}" for row in records]
    config = parts.headings("spans", UNITS, text)
    config |= {name: parts.heading(label, "") for name, label in zip(("figure_before", "figure_after"), names, strict=True)}
    widgets.table(rows.assign(**words)[list(UNITS)], text, "spans", file=rows, column_config=config, **parts.roomy(rows))


def _ends(row: Any, text: Text) -> str:
    if not widgets.known(row["low"]):
        return "–"
    return text("charts.interval", low=_signed(row, "low", text), high=_signed(row, "high", text))


def _sentence(row: Any, names: tuple[str, str], kind: str, text: Text) -> str:
    """The verdict on one KPI, what the mix explains, and what it would take."""
    read = partial(_signed, row, text=text)
    facts: dict[str, Any] = {name: read(name) for name in ("shift", "low", "high", "mix")} | {"margin": read("margin").lstrip("+")}
    facts |= {"before": _figure(row, "figure_before", text), "after": _figure(row, "figure_after", text)}
    facts |= {"one": names[0], "other": names[1], "p": trendlines.p_value(row["p_adjusted"], text)}
    facts |= {name: text.number(row[name], 0) for name in ("family", "n_before", "n_after", "needed")}
    what = parts.statistic_name(row["key"], row["statistic"], text)
    lines = [text(f"spans.verdict.{row['verdict']}", what=what, **facts)]
    if row["reason"]:
        lines.append(text("effects.sentence.reason", reason=text(f"beforeafter.reason.{row['reason']}")))
    if widgets.known(row["mix"]):
        lines.append(text("spans.mix", **facts))
    lines.append(text(f"spans.no_cause.{kind}"))
    more = text("spans.needed", **facts) if widgets.known(row["needed"]) and widgets.known(row["p"]) else ""
    return f"{' '.join(lines)}  \n:gray[{text('beforeafter.why.' + row['why'])} {more}]"


def _chart(found: Any, groups: Any, row: Any, names: tuple[str, str], text: Text) -> Chart:
    what = parts.statistic_name(row["key"], row["statistic"], text)
    frame = session.drawn(found, groups, row["key"], names)
    title = text("spans.chart.title", metric=what, one=names[0], other=names[1])
    note = text(f"spans.chart.{'groups' if groups else 'periods'}", first=found.spans[1].first, last=found.spans[1].last)
    marks = session.annotations() if groups else ()  # two periods share one axis, and a day would stand for both
    return line_with_band(frame, Labels(text.language, title, y=what, note=note), metric(row["key"]).unit, 300, marks)
