"""What the analysis pages share beyond the common furniture: folds that run only when open, headings of tables, clicks, verdict words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.metrics import BY_KEY
from core.text import Text
from pages import _session as session
from pages import _widgets as widgets

_WHOLE = 26
_FORMATS = {
    "share": "percent",
    "points": "%.1f",
    "count": "%.0f",
    "seconds": "%.1f",
    "ratio": "%.2f",
    "p": "%.4f",
    "number": "%.2f",
    "plain": None,
}


def fold(label: str, key: str, icon: str = "") -> Any:
    """An expander that reruns the page when it is opened; draw its body only while ``.open`` holds: what is hidden costs nothing."""
    return st.expander(label, key=f"fold_{key}", icon=f":material/{icon}:" if icon else None, on_change="rerun")


def headings(section: str, units: Mapping[str, str], text: Text) -> dict[str, Any]:
    """Column settings of a table: words under ``<section>.column.<name>``, format by unit (empty: text)."""
    return {name: heading(text(f"{section}.column.{name}"), unit) for name, unit in units.items()}


def heading(label: str, unit: str) -> Any:
    """A column's settings: its label, and its format by unit (empty: text)."""
    if not unit:
        return st.column_config.Column(label)
    if unit == "when":
        return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm")
    if unit == "chance":
        return st.column_config.ProgressColumn(label, format="%.0f %%", min_value=0, max_value=100)
    return st.column_config.NumberColumn(label, format=_FORMATS[unit])


def roomy(frame: Any) -> dict[str, Any]:
    """Arguments that let a table of some dozens of rows stand whole, and scroll a longer one."""
    return {"height": "content" if len(frame) <= _WHOLE else 640}


def clicked_row(event: Any) -> int | None:
    """The row a reader picked in a table, if any."""
    rows = event["selection"]["rows"] if event else []
    return rows[0] if rows else None


def clicked_mark(event: Any, field: str) -> Any:
    """The value of the mark a reader clicked in a chart, if any."""
    picks = event["selection"].get("pick", []) if event else []
    return picks[0].get(field) if picks else None


def choose(
    key: str, options: Sequence[Any], label: str, words: Any, *, look: str = "", first: Any = None, place: str = ""
) -> Any:
    """A choice that is kept over page switches and survives when an option goes away.

    ``words`` names an option; ``look="pills"`` draws buttons, ``"bare"`` buttons without their
    label;
    ``first`` is chosen where nothing was (else the first option); ``place`` as in `session.widget`.
    """
    start = options[0] if first is None else first
    wanted = session.remembered(key, start)
    tied = session.widget(key, wanted if wanted in options else start, words=True, place=place)
    if look:
        shown = "collapsed" if look == "bare" else "visible"
        return st.segmented_control(
            label, options, format_func=words, required=True, label_visibility=shown, **tied
        )
    return st.selectbox(label, options, format_func=words, **tied)


def choose_or_not(key: str, options: Sequence[Any], label: str, words: Any) -> Any:
    """Buttons of which one or none is on: what a reader may open beside the main controls."""
    wanted = session.remembered(key)
    tied = session.widget(key, wanted if wanted in options else None, words=True)
    return st.segmented_control(label, options, format_func=words, label_visibility="collapsed", **tied)


def offered(volume: bool = True) -> list[str]:
    """KPIs this log can give, scored ones first; counts only where they can be compared."""
    keys = [key for key, declared in BY_KEY.items() if volume or declared.group != "volume"]
    order = sorted(keys, key=lambda key: (not BY_KEY[key].scored, BY_KEY[key].group == "volume"))
    return [key for key in order if session.shop_kpi(key).status != "unavailable"]


def nothing_here(text: Text) -> bool:
    """Whether period and filters leave no conversation; then says so."""
    if session.measured().counts["conversations"]:
        return False
    st.info(text("compare.sentence.empty"), icon=":material/filter_alt_off:")
    return True


def how(key: str, metrics: Sequence[str], lines: Sequence[str], text: Text) -> None:
    """How the page's figures come about: period, zone, anchor, n, rule set; the page's own lines; each KPI's definition."""
    place = fold(text("pages.how.title"), f"how_{key}", "functions")
    if not place.open:
        return
    with place:
        st.caption(widgets.period_line(text))
        st.markdown("\n".join(f"- {line}" for line in lines))
        for metric in metrics:
            st.markdown(widgets.metric_definition(metric, text))
        st.page_link("pages/8_methods.py", label=text("pages.how.more"), icon=":material/menu_book:")


def whole_share(share: float, text: Text) -> str:
    """A share without needless zeros: 30 %, 36.4 %."""
    return text.share(share).replace(".0 %", " %")


def interval(low: Sequence[float], high: Sequence[float], words: Any, text: Text) -> list[str]:
    """Both ends of intervals as they are read; a dash where there is none."""
    pairs = zip(low, high, strict=True)
    return [text("charts.interval", low=words(a), high=words(b)) if widgets.known(a) else "–" for a, b in pairs]


def member(name: str, text: Text) -> str:
    """A group's name as it is shown; codes of the engine in words."""
    return text(f"pages.member.{name}") if text.has(f"pages.member.{name}") else name


def statistic_name(key: str, statistic: str, text: Text) -> str:
    """A KPI's name with its statistic where it has more than one."""
    name = widgets.metric_name(key, text)
    several = BY_KEY[key].unit == "seconds" and BY_KEY[key].measure.values
    return (
        text("compare.with_statistic", metric=name, statistic=text(f"compare.statistic.{statistic}"))
        if several
        else name
    )
