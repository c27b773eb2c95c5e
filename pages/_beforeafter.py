"""Before and after: something changed on a day for some agents or for all; are the figures different since? Nothing is computed here."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import streamlit as st

from core.beforeafter import ARM_MIN, DAYS_MIN, WEEKS_MIN, leading
from core.changes import Change
from core.charts import Chart, Labels, line_with_band
from core.metrics import metric
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

UNITS = {
    "group": "", "verdict": "", "before": "", "after": "", "shift": "", "interval": "", "expected": "", "p": "p", "p_adjusted": "p",
    "sizes": "", "method": "", "reason": "",
}  # fmt: skip


def show(text: Text) -> None:
    """A change on a day: what is asked, and the verdict."""
    st.caption(text("beforeafter.intro"))
    shown = session.measured().period
    if shown.days < 2:
        st.info(text("beforeafter.too_short"), icon=":material/info:")
        return
    key, change, by = _asked(shown, text)
    rows = session.effects(change, key, by)
    if rows.empty:
        st.info(text("beforeafter.nothing"), icon=":material/info:")
        return
    _told(rows, key, change, text)


def _asked(shown: Any, text: Text) -> tuple[str, Change, str]:
    one, two, three = st.columns([3, 2, 3], vertical_alignment="bottom")
    with one:
        names = {key: widgets.metric_name(key, text) for key in parts.offered()}
        key = parts.choose("change_of", list(names), text("beforeafter.control.metric"), names.__getitem__)
    with two:
        first, last = shown.first + timedelta(days=1), shown.last
        kept = session.remembered("change_day")
        start = kept if kept and first <= kept <= last else first + (last - first) * 2 // 3
        tied = session.widget("change_day", start)
        day = st.date_input(text("beforeafter.control.day"), min_value=first, max_value=last, format="YYYY-MM-DD", **tied)
    with three:
        words = {by: text(f"beforeafter.split.{by}") for by in ("agent", "weekday")}
        by = parts.choose("change_by", list(words), text("beforeafter.control.split"), words.__getitem__, look="pills")
    agents = people("change_agents", session.values_of("agent"), "agents", text)
    controls = None
    if agents and by == "agent":
        others = [name for name in session.values_of("agent") if name not in agents]
        controls = people("change_controls", others, "controls", text) or None
    split = by if agents or by == "weekday" else "shop"
    return key, Change(day or start, tuple(agents), tuple(controls) if controls else None), split


def people(key: str, names: Any, words: str, text: Text) -> list[str]:
    """A choice of agents, empty for what its placeholder says."""
    offered = [name for name in names if parts.member(name, text) == name]
    kept = [name for name in session.remembered(key, []) if name in offered]
    label, hint = text(f"beforeafter.control.{words}"), text(f"beforeafter.control.{words}_all")
    return list(st.multiselect(label, offered, placeholder=hint, **session.widget(key, kept)))


def _told(rows: Any, key: str, change: Change, text: Text) -> None:
    """Sentence, picture, table and how it was computed."""
    records = rows.to_dict("records")
    by_name = {row["group"]: row for row in records}
    row = main = records[leading(rows)]
    if len(records) > 1:
        names = {each: whom(one, text) for each, one in by_name.items()}
        label = text("effects.control.group")
        row = by_name[parts.choose(f"change_group_{main['by']}", list(names), label, names.__getitem__, first=main["group"])]
    st.markdown(sentence(row, key, change, text))
    widgets.show_chart(chart(row, key, change, text), text, key="before_after")
    table(rows, key, text, f"before_after_{key}")
    parts.how("beforeafter", [key], _how(row, rows, key, text), text)


def whom(row: Any, text: Text) -> str:
    """Whom a row is about."""
    if row["group"] == "all":
        return text("beforeafter.everybody", n=text.number(row["n_before"], 0))
    if row["by"] == "weekday":
        return trendlines.day_name(int(row["group"]), text)
    if row["by"] == "agents":
        return text("beforeafter.together", names=row["group"])
    return trendlines.group_name(row["group"], row["by"], text)


def _value(value: float, row: Any, key: str, text: Text) -> str:
    if not widgets.known(value):
        return "–"
    return text.number(value, 2) if row["by"] == "weekday" else widgets.kpi_value(text, value, key)


def signed(value: float, row: Any, key: str, text: Text) -> str:
    """A change in the row's unit with its sign."""
    if row["by"] != "weekday" or not widgets.known(value):
        return widgets.signed(metric(key), value, text)
    return f"{'+' if value > 0 else ''}{text.number(value, 2)}"


def _facts(row: Any, key: str, text: Text) -> dict[str, Any]:
    """A row's figures as they are read."""
    changes = {name: signed(row[name], row, key, text) for name in ("shift", "low", "high", "expected", "expected_most", "equal_start")}
    levels = {name: _value(row[name], row, key, text) for name in ("before", "after")}
    counted = {name: text.number(row[name], 0) for name in ("n_before", "n_after", "n_controls", "n_equal_start", "family", "needed")}
    least = WEEKS_MIN if row["by"] == "weekday" else ARM_MIN if row["unit"] == "agents" else DAYS_MIN
    named = {"unit": text(f"beforeafter.unit.{row['unit']}"), "margin": signed(row["margin"], row, key, text).lstrip("+"), "least": least}
    what = f"{whom(row, text)} · {_figure(row, key, text)}"
    return changes | levels | counted | named | {"what": what, "p": trendlines.p_value(row["p_adjusted"], text)}


def _figure(row: Any, key: str, text: Text) -> str:
    if row["by"] == "weekday":
        return text("beforeafter.ratio", metric=widgets.metric_name(key, text))
    return parts.statistic_name(key, row["statistic"], text)


def sentence(row: Any, key: str, change: Change, text: Text) -> str:
    """The verdict in its fixed words, what else could have done it, and how it was judged."""
    facts = _facts(row, key, text)
    told = text(f"beforeafter.direction.{row['direction']}") if row["direction"] else ""
    sizes = text("beforeafter.sizes_agents" if row["unit"] == "agents" else "beforeafter.sizes", **facts)
    lines = [text(f"beforeafter.verdict.{row['verdict']}", direction=told, sizes=sizes, **facts)]
    if row["reason"]:
        lines.append(text("effects.sentence.reason", reason=text(f"beforeafter.reason.{row['reason']}")))
    if row["direction"] and abs(row["shift"]) < row["margin"]:
        lines.append(text("beforeafter.small", **facts))
    if change.agents and widgets.known(row["expected"]):
        lines.append(text("beforeafter.expected", **facts))
    if row["n_equal_start"]:
        lines.append(text("beforeafter.equal_start", **facts))
    compared = row["n_controls"] > 0
    lines.append(text("beforeafter.controlled" if compared else "beforeafter.uncontrolled", **facts))
    return f"{' '.join(lines)}  \n:gray[{_method(row, facts, text)}]"


def _method(row: Any, facts: dict[str, Any], text: Text) -> str:
    why = text(f"beforeafter.why.{row['why']}", **facts)
    needed = text("beforeafter.needed", **facts) if widgets.known(row["needed"]) else ""
    return f"{why} {needed}".rstrip()


def chart(row: Any, key: str, change: Change, text: Text) -> Chart:
    """The values behind a row, the date, and the level of each side."""
    frame = session.effect_days(change, key, row)
    title = text("beforeafter.chart.title", what=whom(row, text), metric=_figure(row, key, text))
    note = text("beforeafter.chart.note_weeks" if row["by"] == "weekday" else "beforeafter.chart.note", date=change.day)
    labels = Labels(text.language, title, y=_figure(row, key, text), note=note)
    return line_with_band(frame, labels, "ratio" if row["by"] == "weekday" else metric(key).unit, 300, session.annotations())


def table(rows: Any, key: str, text: Text, file: str) -> None:
    """Judged rows in words, full figures in the file."""
    config = parts.headings("beforeafter", UNITS, text)
    widgets.table(worded(rows, key, text), text, file, file=rows, column_config=config)


def worded(rows: Any, key: str, text: Text) -> Any:
    """Judged rows as they are read."""
    records = rows.to_dict("records")
    read = partial(signed, row=records[0], key=key, text=text)
    words: dict[str, Any] = {name: [_value(row[name], row, key, text) for row in records] for name in ("before", "after")}
    words |= {name: [read(row[name]) for row in records] for name in ("shift", "expected")}
    words |= {
        "group": [whom(row, text) for row in records],
        "verdict": [text(f"verdicts.names.{row['verdict']}") for row in records],
        "sizes": [f"{row['n_before']} / {row['n_after']} {text('beforeafter.unit.' + row['unit'])}" for row in records],
        "method": [text(f"beforeafter.method.{row['method']}") for row in records],
        "reason": [text(f"beforeafter.reason.{row['reason']}") if row["reason"] else "" for row in records],
        "interval": parts.interval(rows["low"], rows["high"], read, text),
    }
    return rows.assign(**words)[list(UNITS)]


def _how(row: Any, rows: Any, key: str, text: Text) -> list[str]:
    """Method, rank shift, weekdays, margin and family behind the verdict."""
    rank = {name: signed(row[name], row, key, text) for name in ("hodges_lehmann", "rank_low", "rank_high")}
    lines = [text("beforeafter.how.methods"), text("beforeafter.how.rank", **rank), text("beforeafter.how.weekdays")]
    facts = _facts(row, key, text)
    return [*lines, text("beforeafter.how.margin", **facts), text("beforeafter.how.family", **facts), text("beforeafter.how.regression")]
