"""What a slow weekday is made of: sentence, bars, the way to its hours on the roster, and how it was found. Only picked and worded."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core import views
from core.causes import ELASTICITY_MAX, LEADS_MIN, SHARE_MIN
from core.charts import Labels, share_bars
from core.errors import UnavailableError
from core.metrics import metric
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _weekplan as weekplan
from pages import _widgets as widgets

PAIR_UNITS = {"pair": "", "z": "number", "p_holm": "p", "effect": "share", "direction": ""}
PART_UNITS = {"cause": "", "ratio": "ratio", "share": "", "interval": "", "amount": ""}


def sentence(seen: Any, key: str, text: Text) -> str:
    """The main cause with its share and interval, or that none stands out; empty where nothing is divided."""
    found = seen.causes
    if found is None:
        return ""
    if found.reason:
        return text(f"causes.reason.{found.reason}")
    rows = views.by_share(found.parts, found.main)
    first = rows[0]
    facts = {"day": trendlines.day_name(found.weekday, text), "ratio": text.number(found.ratio, 2)}
    facts |= {"difference": widgets.signed(metric(key), found.difference, text), "cause": _name(first["cause"], text)}
    facts |= {name: _share(first[f"share{end}"], text) for name, end in (("share", ""), ("low", "_low"), ("high", "_high"))}
    kind = found.main if found.main in ("", "unexplained") else "main"
    told = text(f"causes.sentence.{kind or 'nothing'}", **facts)
    rest = [text("causes.sentence.part", cause=_name(row["cause"], text), share=_share(row["share"], text)) for row in rows[1:]]
    others = text("causes.sentence.others", list=text("scores.control.comma").join(rest)) if rest else ""
    return " ".join(part for part in (told, others, _moved(seen, key, text)) if part)


def _share(value: float, text: Text) -> str:
    """A share in whole per cent, without the sign of a zero."""
    return text.share(round(value, 2) + 0.0, 0)


def _name(cause: str, text: Text) -> str:
    return text(f"causes.name.{cause}")


def _moved(seen: Any, key: str, text: Text) -> str:
    """Which labels come more often on that day, where the mix is the main cause."""
    if seen.causes.main != "mix":
        return ""
    told = []
    for row in views.risen(seen.shifts):
        shares = {name: text.share(row[name], 0) for name in ("share_day", "share_rest")}
        label = parts.member(row["label"], text)
        told.append(text("causes.sentence.moved", label=label, usual=widgets.kpi_value(text, row["usual"], key), **shares))
    return text("causes.sentence.mix", list=text("scores.control.comma").join(told)) if told else ""


def bars(seen: Any, text: Text) -> None:
    """The shares with their intervals."""
    found = seen.causes
    if found is None or found.reason:
        return
    names = [_name(cause, text) for cause in found.parts["cause"]]
    title = text("causes.chart.title", day=trendlines.day_name(found.weekday, text))
    note = f"{text('causes.chart.note')} · {widgets.period_line(text)}"
    labels = Labels(text.language, title, x=text("causes.chart.axis"), note=note)
    widgets.show_chart(share_bars(views.share_rows(found.parts, found.main, names), labels), text, key="weekday_causes")


def parts_table(seen: Any, key: str, text: Text) -> None:
    """Every part with what was measured of it, its share and its amount."""
    found = seen.causes
    if found is None or found.reason:
        return
    frame = found.parts
    words = {
        "cause": [_name(cause, text) for cause in frame["cause"]],
        "share": [_share(share, text) for share in frame["share"]],
        "interval": parts.interval(frame["share_low"], frame["share_high"], partial(_share, text=text), text),
        "amount": [widgets.signed(metric(key), amount, text) for amount in frame["amount"]],
    }
    config = parts.headings("causes", PART_UNITS, text)
    widgets.table(frame.assign(**words)[list(PART_UNITS)], text, f"causes_{key}", file=frame, column_config=config)


def staffing(seen: Any, text: Text) -> None:
    """The hours in which people are missing on that weekday, and the way there."""
    days = [seen.causes.weekday] if seen.causes is not None else list(seen.finding.named)
    if not days:
        return
    try:
        plan = weekplan.planned("mean")
    except UnavailableError:
        return
    if not widgets.known(plan.under_hours):
        return
    day = trendlines.day_name(days[0], text)
    short = views.short_slots(plan, days[0])
    slots = [
        text("causes.sentence.slot", start=views.clock(row.start), end=views.clock(row.end), gap=text.number(row.gap))
        for row in short.itertuples()
    ]
    hours = text.number(views.short_hours(plan, days[0]))
    told = text("causes.sentence.gap", day=day, hours=hours, slots=text("scores.control.comma").join(slots))
    st.markdown(told if slots else text("causes.sentence.no_gap", day=day))
    # a button that goes there, because a link would show the busiest day instead of this one
    go = {"plan_day": days[0], "staffing_part": "plan"}
    if st.button(text("causes.go.staffing", day=day), icon=":material/event_available:", on_click=session.point_at, kwargs=go):
        st.switch_page("pages/7_staffing.py")


def how(seen: Any, key: str, text: Text) -> None:
    """Tests, model and assumptions behind it, with every pair of weekdays."""
    place = parts.fold(text("causes.how.title"), "weekday_tests", "functions")
    if not place.open:
        return
    with place:
        st.caption(widgets.period_line(text))
        st.markdown("\n".join(f"- {line}" for line in _lines(seen, text)))
        frame = seen.pairs
        if len(frame):
            pairs = zip(frame["a"], frame["b"], strict=True)
            above = zip(frame["a"], frame["b"], frame["direction"], strict=True)
            words = {
                "pair": [f"{trendlines.day_name(a, text)} – {trendlines.day_name(b, text)}" for a, b in pairs],
                "direction": [trendlines.day_name(a if way == "above" else b, text) for a, b, way in above],
            }
            config = parts.headings("causes", PAIR_UNITS, text)
            widgets.table(frame.assign(**words)[list(PAIR_UNITS)], text, f"pairs_{key}", file=frame, column_config=config)
        st.markdown(widgets.metric_definition(key, text))


def _lines(seen: Any, text: Text) -> list[str]:
    finding, test = seen.finding, seen.omnibus
    lines = [trendlines.omnibus(finding, text)]
    friedman = trendlines.p_value(finding.p_friedman, text)
    lines.append(text("causes.how.friedman", weeks=finding.complete_weeks, p=friedman))
    if test is not None:
        facts = {"statistic": text.number(test.statistic, 2), "p": trendlines.p_value(test.p, text)}
        named = {"v": "cramers_v", "epsilon2": "epsilon2", "eta2": "eta2"}
        facts |= {name: text.number(test.effects[of], 3) for name, of in named.items() if of in test.effects}
        lines.append(text("causes.how.shares" if "v" in facts else "causes.how.kruskal", **facts))
    lines.append(text("causes.how.assumptions"))
    if seen.causes is None or seen.causes.reason:
        return lines
    used = seen.causes.elasticity
    told = text.number(used, 1) if widgets.known(used) else text("causes.how.no_elasticity")
    lines.append(text("causes.how.model", elasticity=told, most=text.number(ELASTICITY_MAX, 0)))
    lines.append(text("causes.how.staff"))
    return [*lines, text("causes.how.main", leads=text.share(LEADS_MIN, 0), share=text.share(SHARE_MIN, 0))]
