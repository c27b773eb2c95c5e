"""The Compare page's question "A or B?", and who cannot be told apart."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core import comparisons
from core.metrics import metric
from core.text import Text
from core.views import statistics_of
from pages import _comparison as comparison
from pages import _fairness as fairness
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

SETTLED = (*comparisons.TOLD, "practically_unchanged")
LETTER_UNITS = {"agent": "", "value": "", "n": "count", "letters": ""}


def pair(text: Text) -> None:
    """Two agents and a KPI: difference, verdict, and how much more data it takes; below it the whole team."""
    fairness.heading("pair", text)
    key = fairness.kpi("pair", text)
    if not key:
        return
    standing = comparison.standing(key, statistics_of(metric(key))[0])
    names = comparisons.pairable(standing)
    if len(names) < 2:
        st.info(fairness.because("too_few_agents", text), icon=":material/info:")
        return
    left, right = st.columns(2)
    with left:
        a = parts.choose("pair_a", names, text("fair.pair.a"), str)
    with right:
        b = parts.choose("pair_b", names, text("fair.pair.b"), str, first=names[1])
    if a == b:
        st.info(text("fair.pair.twice"), icon=":material/info:")
    else:
        _duel(session.fairly("duel", key, a, b), key, text)
    _whole_team(standing, key, text)
    fairness.how("pair", [key], text)


def _duel(found: Any, key: str, text: Text) -> None:
    if found.reason:
        st.info(fairness.because(found.reason, text), icon=":material/info:")
        return
    row, name = found.row, parts.statistic_name(key, statistics_of(metric(key))[0], text)
    with st.container(border=True):
        st.caption(name)
        for column, side in zip(st.columns(3), ("a", "b", ""), strict=True):
            with column:
                _figure(row, side, key, text)
        lines = [_verdict(row, key, text), _superiority(row, key, text), _within(found, key, text), _until(found, key, text)]
        st.markdown("\n".join(f"- {line}" for line in lines if line))


def _figure(row: Any, side: str, key: str, text: Text) -> None:
    if side:
        st.metric(row[side], widgets.kpi_value(text, row[f"value_{side}"], key))
        st.caption(text(f"fair.pair.n_{_cases(key)}", n=text.number(row[f"n_{side}"], 0)))
        return
    st.metric(text("fair.pair.difference"), widgets.signed(metric(key), row["difference"], text))
    st.caption(text("fair.pair.interval", **_ends(row, key, text)) if widgets.known(row["low"]) else "–")


def _cases(key: str) -> str:
    return "ratings" if metric(key).measure.source == "ratings" else "cases"


def _ends(row: Any, key: str, text: Text, low: str = "low", high: str = "high") -> dict[str, str]:
    return {"low": widgets.signed(metric(key), row[low], text), "high": widgets.signed(metric(key), row[high], text)}


def _verdict(row: Any, key: str, text: Text) -> str:
    facts = {"a": row["a"], "b": row["b"], "p": trendlines.p_value(row["p"], text), "least": text.number(comparisons.least(key), 0)}
    facts |= _ends(row, key, text) | {name: text.number(row[name], 0) for name in ("n_a", "n_b")}
    code = row["verdict"]
    if row["ahead"]:
        front, back = (row["a"], row["b"]) if row["ahead"] == "a" else (row["b"], row["a"])
        return text(f"fair.verdict.{code}", front=front, back=back, **facts)
    if code in comparisons.TOLD:
        return text("fair.verdict.apart", **facts)
    return text(f"fair.verdict.{row['reason'] or code}", **facts)


def _superiority(row: Any, key: str, text: Text) -> str:
    if not widgets.known(row["superiority"]):
        return ""
    share, low, high = (text.share(part, 0) for part in comparisons.chance_better(row, metric(key).better))
    return text("fair.pair.superiority", a=row["a"], b=row["b"], share=share, low=low, high=high)


def _within(found: Any, key: str, text: Text) -> str:
    if found.within.empty:
        return ""
    row = comparisons.within_pair(found)
    if row is None:
        return text("fair.pair.strangers")
    facts = {"difference": widgets.signed(metric(key), row["within"], text)} | _ends(row, key, text, "within_low", "within_high")
    facts["metric"] = parts.statistic_name(key, "value", text)
    return text("fair.pair.within", share=parts.whole_share(row["overlap"], text), **facts)


def _until(found: Any, key: str, text: Text) -> str:
    """How much more data until the pair is decided; nothing when it is."""
    plan = found.decidable
    if found.row["verdict"] in SETTLED or not widgets.known(plan.needed):
        return ""
    if not comparisons.ever(plan.needed):
        return text("fair.pair.never")
    facts = {name: text.number(value, 0) for name, value in
             (("needed", plan.needed), ("more_a", plan.more_a), ("more_b", plan.more_b), ("team", found.whole_team.needed))}  # fmt: skip
    return text(f"fair.pair.until_{_cases(key)}", a=found.row["a"], b=found.row["b"], **facts)


def _whole_team(standing: Any, key: str, text: Text) -> None:
    """Groups of agents who cannot be told apart, by letters."""
    st.markdown(f"**{text('fair.letters.title')}**", help=text("fair.letters.help"))
    found = session.all_pairs(key)
    if found.reason or not found.family:
        st.caption(fairness.because(found.reason or "too_few_agents", text))
        return
    facts = {"family": text.number(found.family, 0), "told": text.number(comparisons.apart(found), 0)}
    st.markdown(text("fair.letters.found", least=text.number(comparisons.least(key), 0), **facts))
    frame = comparisons.grouped_letters(found, standing)
    if frame.empty:
        st.caption(text("fair.letters.none"))
        return
    read = partial(widgets.kpi_value, text, key=key)
    shown = frame.assign(value=[read(value) for value in frame["value"]])
    config = parts.headings("fair", LETTER_UNITS, text)
    widgets.table(shown, text, f"letters_{key}", file=frame, column_config=config, width="content")
    widgets.download_made(text("fair.letters.all"), f"pairs_{key}", lambda: session.all_pairs(key).rows)
