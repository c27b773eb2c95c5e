"""The Compare page's funnel and same work: is anybody outside chance, and what is left of a difference on the same work."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from core import comparisons, views
from core.charts import Labels, funnel_plot, raw_and_adjusted
from core.metrics import metric
from core.text import Text
from pages import _matching as matching
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

FUNNEL_UNITS = {"agent": "", "value": "", "verdict": "", "limits": "", "n": "count"}
MIX_UNITS = {"agent": "", "raw": "", "adjusted": "", "interval": "", "verdict": "", "n": "count", "overlap": ""}
OWN_UNITS = {"dimension": "", "label": "", "n": "count", "value": "", "interval": "", "baseline": "", "difference": ""}
LENGTH_UNITS = {"language": "", "value": "", "baseline": "", "ratio": "", "interval": "", "n": "count", "characters": "count"}
MOST_NAMED = 6
BASES = ("language", "shift", "channel")


# --- what all parts share ------------------------------------------------------------------------------------------------------------


def kpi(part: str, text: Text) -> str:
    """The KPI to look at among those that suit a part; empty (and said) when the log gives none."""
    keys = [key for key in parts.offered(volume=False) if comparisons.suits(part, key)]
    if not keys:
        st.info(text(f"fair.none.{part}"), icon=":material/info:")
        return ""
    names = {key: widgets.metric_name(key, text) for key in keys}
    first = "satisfaction" if part == "funnel" and "satisfaction" in keys else keys[0]
    return parts.choose("compare_by", keys, text("compare.control.metric"), names.__getitem__, first=first)


def because(reason: str, text: Text, needs: Sequence[str] = ()) -> str:
    """Why something cannot be compared; the columns that are missing by name."""
    if needs:
        return text("fair.reason.needs", columns=text("pages.data.answers_and").join(_either(each, text) for each in needs))
    return text(f"fair.reason.{reason}")


def _either(need: str, text: Text) -> str:
    named = (name.split(".") for name in need.split("|"))
    words = [f"{text(f'schema.table.{table}.name')} · {matching.field_name(field, text)}" for table, field in named]
    return text("pages.data.answers_or").join(words)


def joined(words: Sequence[str], text: Text) -> str:
    """Names one after the other; more than a few are only counted."""
    named = text("scores.control.comma").join(words[:MOST_NAMED])
    return named if len(words) <= MOST_NAMED else text("compare.card.and_more", list=named, n=len(words) - MOST_NAMED)


def verdict(code: str, reason: str, text: Text) -> str:
    """A verdict about a difference, with its reason where it is none."""
    words = text(f"fair.held.{code}")
    told = reason and reason != "below_minimum"  # what "not enough data" says already
    return text("fair.with_reason", verdict=words, reason=text(f"fair.reason.{reason}")) if told else words


def heading(key: str, text: Text) -> None:
    """What a part asks, in one line, with the terms explained."""
    st.markdown(f"**{text(f'fair.{key}.question')}**", help=text(f"fair.{key}.help"))


def how(key: str, metrics: Sequence[str], text: Text) -> None:
    """How a part's figures come about."""
    lines = [text(f"fair.{key}.how_{at}") for at in range(1, 9) if text.has(f"fair.{key}.how_{at}")]
    parts.how(f"compare_{key}", metrics, lines, text)


# --- funnel --------------------------------------------------------------------------------------------------------------------------


def funnel(text: Text) -> None:
    """Is anybody outside what chance allows?"""
    heading("funnel", text)
    key = kpi("funnel", text)
    found = session.fairly("funnel", key) if key else None
    if found is None:
        return
    if found.reason:
        st.info(because(found.reason, text), icon=":material/info:")
        return
    rows = comparisons.funnel_rows(found)
    st.markdown(_funnel_said(found, rows, key, text))
    left, right = st.columns([3, 2], gap="large")
    with left:
        event = widgets.show_chart(_funnel_chart(found, key, text), text, f"funnel_{key}", on_select="rerun")
        session.adopt_pick("who", "funnel", parts.clicked_mark(event, "agent"))
    with right:
        config = parts.headings("fair", FUNNEL_UNITS, text)
        widgets.table(_funnel_table(rows, key, text), text, f"funnel_{key}_table", file=rows, column_config=config, height=520)
    how("funnel", [key], text)


def _funnel_said(found: Any, rows: Any, key: str, text: Text) -> str:
    seen = comparisons.outside(found)
    if not found.judged:
        return text("fair.funnel.nobody", least=text.number(comparisons.least(key), 0))
    facts = {"judged": found.judged, "outside": seen.outside, "far": seen.far}
    facts |= {"expected": text.number(found.expected_watch), "expected_far": text.number(found.expected_look, 2)}
    lines = [text("fair.funnel.found" if seen.outside else "fair.funnel.inside", **facts)]
    for code in ("look_into", "watch"):
        named = [_placed(row, key, text) for row in rows[rows["verdict"] == code].itertuples()]
        lines += [text(f"fair.funnel.{code}", list=joined(named, text))] if named else []
    lines.append(text(f"fair.funnel.spread_{seen.spread}", phi=text.number(found.phi)))
    if seen.few:
        lines.append(text("fair.funnel.few", n=seen.few, least=text.number(comparisons.least(key), 0)))
    return "  \n".join(lines)


def _placed(row: Any, key: str, text: Text) -> str:
    value = widgets.kpi_value(text, row.value, key)
    return text("fair.funnel.placed", agent=row.agent, value=value, n=text.number(row.n, 0), side=text(f"fair.side.{row.side}"))


def _funnel_chart(found: Any, key: str, text: Text) -> Any:
    name = widgets.metric_name(key, text)
    note = f"{text('fair.funnel.note', target=widgets.kpi_value(text, found.target, key))} · {widgets.period_line(text)}"
    labels = Labels(text.language, text("fair.funnel.title", metric=name), x=text("fair.funnel.x"), y=name, note=note)
    return funnel_plot(found.rows, found.curve, found.target, labels, metric(key).unit)


def _funnel_table(rows: Any, key: str, text: Text) -> Any:
    read = partial(widgets.kpi_value, text, key=key)
    return rows.assign(
        value=[read(value) for value in rows["value"]],
        limits=parts.interval(rows["low_95"], rows["high_95"], read, text),
        verdict=[text(f"charts.funnel.{code}") for code in rows["verdict"]],
    )[list(FUNNEL_UNITS)]


# --- the same work -------------------------------------------------------------------------------------------------------------------


def same_work(text: Text) -> None:
    """What is left of a difference when everybody has the same work?"""
    heading("same", text)
    key = kpi("same", text)
    if not key:
        return
    found = session.fairly("mixed", key)
    first = None
    if found.reason:
        st.info(because(found.reason, text), icon=":material/info:")
    else:
        rows = comparisons.mix_rows(found)
        first = rows["agent"].iloc[0]
        st.markdown(_mix_said(found, rows, key, text))
        left, right = st.columns([1, 1], gap="large")
        with left:
            event = widgets.show_chart(_mix_chart(rows, key, text), text, f"same_{key}", on_select="rerun")
            session.adopt_pick("who", "same", parts.clicked_mark(event, "agent"))
        with right:
            config = parts.headings("fair", MIX_UNITS, text)
            widgets.table(_mix_table(rows, key, text), text, f"same_{key}_table", file=rows, column_config=config, height=520)
    _own_baselines(key, first, text)
    how("same", [key], text)


def _mix_said(found: Any, rows: Any, key: str, text: Text) -> str:
    read, better = partial(widgets.kpi_value, text, key=key), metric(key).better
    dimensions = _dimensions(found.dimensions, text)
    overall = {"metric": parts.statistic_name(key, "value", text), "overall": read(found.overall)}
    lines = [text("fair.same.beside", dimensions=dimensions, **overall)]
    told = [_held(row, found.effect, key, text) for row in comparisons.told_apart(rows).itertuples()]
    lines.append(text("fair.same.told" if told else "fair.same.told_none", n=len(told), list=joined(told, text), family=found.family))
    excused = [_excused(row, key, text) for row in comparisons.excused(rows, better).itertuples()]
    lines += [text("fair.same.excused", n=len(excused), list=joined(excused, text))] if excused else []
    lines += _turned(session.fairly("reversals", key), key, text)
    strangers = comparisons.strangers(rows)
    if strangers:
        lines.append(text("fair.same.strangers", n=len(strangers), list=joined(strangers, text)))
    if found.left_out:
        lines.append(text("fair.same.left_out", list=joined(found.left_out, text)))
    lines.append(f":gray[{text('fair.same.merged', list=_merged(found.merged, text))}]")
    return "\n".join(f"- {line}" for line in lines)


def _held(row: Any, effect: str, key: str, text: Text) -> str:
    own = text("fair.same.times", ratio=text.number(row.ratio, 2))
    return f"{row.agent} {own if effect == 'ratio' else widgets.signed(metric(key), row.raw - row.expected, text)}"


def _excused(row: Any, key: str, text: Text) -> str:
    names = ("raw", "adjusted", "low", "high")
    return text("fair.same.from_to", agent=row.agent, **{name: widgets.kpi_value(text, getattr(row, name), key) for name in names})


def _turned(found: Any, key: str, text: Text) -> list[str]:
    """Each pair whose order turns on the same work, in a sentence; and how many pairs were looked at."""
    seen, declared = comparisons.findings(found), metric(key)
    lines = []
    for row in comparisons.flipped(found, declared.better).itertuples():
        names = ("raw", "raw_low", "raw_high", "within", "within_low", "within_high")
        facts = {name: widgets.signed(declared, getattr(row, name), text) for name in names}
        lines.append(text("fair.same.reversed", front=row.front, back=row.back, share=parts.whole_share(row.overlap, text), **facts))
    return [*lines, text("fair.same.pairs", **seen)] if seen["n"] else lines


def _merged(merged: Any, text: Text) -> str:
    rows = [row for row in merged.itertuples() if row.cases]
    return text("fair.same.semicolon").join(_level(row, text) for row in rows)


def _level(row: Any, text: Text) -> str:
    words = _dimensions(row.level.split("+"), text) if row.level else text("fair.same.together")
    return text("fair.same.level", share=text.share(row.share, 0), dimensions=words)


def _dimensions(names: Sequence[str], text: Text) -> str:
    return text("fair.same.comma").join(text(f"pages.column.{name}").lower() for name in reversed(names))


def _mix_chart(rows: Any, key: str, text: Text) -> Any:
    name = parts.statistic_name(key, "value", text)
    note = f"{text('fair.same.note')} · {widgets.period_line(text)}"
    labels = Labels(text.language, text("fair.same.title", metric=name), x=name, note=note)
    return raw_and_adjusted(views.charted(rows, rows["n"]), labels, metric(key).unit)


def _mix_table(rows: Any, key: str, text: Text) -> Any:
    read = partial(widgets.kpi_value, text, key=key)
    return rows.assign(
        interval=parts.interval(rows["low"], rows["high"], read, text),
        overlap=[text.share(share, 0) for share in rows["overlap"]],
        verdict=[verdict(code, reason, text) for code, reason in zip(rows["verdict"], rows["reason"], strict=True)],
        **{name: [read(value) for value in rows[name]] for name in ("raw", "adjusted")},
    )[list(MIX_UNITS)]


# --- one agent beside the own language, shift and length of texts ------------------------------------------------------------------------


def _own_baselines(key: str, first: str | None, text: Text) -> None:
    st.markdown(f"**{text('fair.own.title')}**", help=text("fair.own.help"))
    agent = parts.choose("who", session.scores().names, text("fair.own.who"), str, first=first)
    there = [name for name in BASES if session.values_of(name)]
    frames = [session.fairly("baselines", key, name) for name in there]
    own = comparisons.beside_own(frames, agent)
    left, right = st.columns([3, 2], gap="large")
    with left:
        if len(own):
            st.caption(text("fair.own.caption", agent=agent, metric=parts.statistic_name(key, views.statistics_of(metric(key))[0], text)))
            config = parts.headings("fair", OWN_UNITS, text)
            widgets.table(_own_table(own, key, text), text, f"baseline_{key}", file=own, column_config=config)
        else:
            st.caption(text("fair.own.none"))
    with right:
        _per_length(agent, text)


def _own_table(own: Any, key: str, text: Text) -> Any:
    read = partial(widgets.kpi_value, text, key=key)
    return own.assign(
        dimension=[text(f"pages.column.{name}") for name in own["dimension"]],
        label=[parts.member(str(name), text) for name in own["label"]],
        interval=parts.interval(own["low"], own["high"], read, text),
        difference=[_enough(row, key, text) for row in own.itertuples()],
        **{name: [read(value) for value in own[name]] for name in ("value", "baseline")},
    )[list(OWN_UNITS)]


def _enough(row: Any, key: str, text: Text) -> str:
    return widgets.signed(metric(key), row.difference, text) if row.status == "ok" else text("compare.side.too_few")


def _per_length(agent: str, text: Text) -> None:
    rows, lacks = session.fairly("per_length")
    own = rows[rows["agent"] == agent] if len(rows) else rows
    if lacks or not len(own):
        st.caption(text("fair.length.none", reason=because("no_data", text, lacks)))
        return
    st.caption(text("fair.length.caption", agent=agent))
    shown = own.assign(
        language=[parts.member(name, text) for name in own["language"]],
        interval=parts.interval(own["low"], own["high"], text.duration, text),
        ratio=[text("fair.same.times", ratio=text.number(ratio, 2)) for ratio in own["ratio"]],
        **{name: [text.duration(value) for value in own[name]] for name in ("value", "baseline")},
    )
    config = parts.headings("fair", LENGTH_UNITS, text)
    widgets.table(shown[list(LENGTH_UNITS)], text, "per_length", file=rows, column_config=config)
