"""One trend from close by: its verdict, how long one must watch, the second line, what the tests lean on, its season, its rows."""

from __future__ import annotations

from math import isinf
from typing import Any

import streamlit as st

from core.charts import Labels, line_with_band
from core.closeup import adjusted, checks, extremes
from core.metrics import metric
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

_UNITS = {"weeks": "count", "autocorrelation": "ratio", "gaps": "share", "ties": "share", "alike": "share"}


def show(row: Any, weekly: Any, key: str, by: str, text: Text) -> None:
    """Verdict, watching time, chart with its second line, and the fold with everything behind it."""
    st.markdown(trendlines.verdict_sentence(row, key, by, text))
    found, days, weeks = session.trend_closeups(key, by)
    close = next((each for each in found.itertuples() if each.group == row.group), None)
    if close is None:
        if row.n_weeks:
            widgets.show_chart(trendlines.chart(row, weekly, key, by, text), text, key="trend")
        return
    st.markdown(_watching(row, close, key, text))
    tied = session.widget("trend_second", session.remembered("trend_second", False))
    second = st.toggle(text("closeup.second.name"), help=text("closeup.second.help"), **tied)
    drawn = trendlines.chart(row, weekly, key, by, text, second=close.hac_slope if second else None)
    widgets.show_chart(drawn, text, key="trend")
    if second:
        st.caption(_second(close, key, text))
    place = parts.fold(text("closeup.behind"), "closeup", "troubleshoot")
    if place.open:
        with place:
            _behind(row, close, text)
            _season(key, by, row.group, text)
            _rows(days[days["group"] == row.group], weeks[weeks["group"] == row.group], text)


def _watching(row: Any, close: Any, key: str, text: Text) -> str:
    """How many weeks a slope of this size needs, and what these weeks can show."""
    lines = []
    facts = {"slope": widgets.signed(metric(key), row.slope_per_week, text), "n": int(row.n_weeks)}
    if widgets.known(close.power_weeks):
        told = "endless" if isinf(close.power_weeks) else "needed"
        lines.append(text(f"closeup.watching.{told}", weeks=text.number(0 if told == "endless" else close.power_weeks, 0), **facts))
    if widgets.known(close.slope_seen):
        seen = widgets.signed(metric(key), close.slope_seen, text).lstrip("+")
        lines.append(text("closeup.watching.seen", seen=seen, chance=text.share(close.power_now, 0), **facts))
    return " ".join(lines)


def _second(close: Any, key: str, text: Text) -> str:
    if not widgets.known(close.hac_slope):
        return text("closeup.second.none")
    names = ("hac_slope", "hac_low", "hac_high", "ols_low", "ols_high")
    facts = {name: widgets.signed(metric(key), getattr(close, name), text) for name in names}
    return text("closeup.second.said", days=int(close.n_days), **facts)


def _behind(row: Any, close: Any, text: Text) -> None:
    told = {name: trendlines.p_value(getattr(row, name), text) for name in ("p_weekly", "p_blocked", "p", "p_adjusted")}
    lines = [text("closeup.test", family=int(row.family), weeks=int(row.n_weeks), n=text.number(row.n, 0), **told)]
    for code, number, fine in checks(close, row.n_weeks):
        said = text(f"closeup.check.{code}", value=text.value(number, _UNITS[code]))
        lines.append(text(f"closeup.{'fine' if fine else 'doubt'}", check=said))
    if widgets.known(close.pattern):
        lines.append(text("closeup.pattern", share=text.share(close.pattern, 0)))
    st.markdown("\n".join(f"- {line}" for line in lines))


def _season(key: str, by: str, group: str, text: Text) -> None:
    st.markdown(f"**{text('closeup.season.title')}**")
    found = session.trend_season(key, by, group)
    if found.reason:
        st.caption(text(f"closeup.season.{found.reason}"))
        return
    words = {}
    for name, (day, size) in zip(("high", "low"), extremes(found), strict=True):
        words |= {f"{name}_day": trendlines.day_name(day, text), name: widgets.signed(metric(key), size, text)}
    told = text("closeup.season.said", strength=text.share(found.strength, 0), filled=text.share(found.filled, 0), **words)
    method = "mstl" if "year" in found.days else "stl"
    st.markdown(f"{told} {text(f'closeup.season.{method}')}")
    title = text("closeup.season.chart", group=trendlines.group_name(group, by, text))
    labels = Labels(text.language, title, y=widgets.metric_name(key, text), note=widgets.period_line(text))
    widgets.show_chart(line_with_band(adjusted(found), labels, metric(key).unit, 240), text, key="season")
    widgets.download(text("closeup.season.csv"), f"season_{key}", found.days)


def _rows(days: Any, weeks: Any, text: Text) -> None:
    for name, frame in (("weeks", weeks), ("days", days)):
        st.markdown(f"**{text(f'closeup.rows.{name}')}**")
        shown = trendlines.dated(frame, name)
        config = parts.headings("closeup", {"date": "", "value": "number", "n": "count"}, text)
        widgets.table(shown, text, f"trend_{name}", file=frame, column_config=config, height=220)
