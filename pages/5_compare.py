"""Compare agents: is the difference between agents real?"""

import streamlit as st

from core.metrics import metric
from core.text import Text
from core.views import statistics_of
from pages import _comparison as comparison
from pages import _fairness as fairness
from pages import _pairing as pairing
from pages import _parts as parts
from pages import _questions as questions
from pages import _receipts as receipts
from pages import _rulesets as rulesets
from pages import _scorecards as scorecards
from pages import _session as session
from pages import _silence as silence
from pages import _spotchecks as spotting
from pages import _trendlines as trendlines
from pages import _widgets as widgets
from pages._shell import framed

ROOM = 16  # rows beside the chart before the table scrolls


def _controls(text: Text) -> tuple[str, str]:
    with st.container(border=True):
        left, right = st.columns([3, 2], vertical_alignment="bottom")
        with left:
            names = {key: widgets.metric_name(key, text) for key in parts.offered(volume=False)}
            key = parts.choose("compare_by", list(names), text("compare.control.metric"), names.__getitem__)
        statistics = statistics_of(metric(key))
        if len(statistics) == 1:
            return key, statistics[0]
        with right:
            words = {each: text(f"compare.statistic.{each}") for each in statistics}
            chosen = parts.choose(
                "compare_statistic", statistics, text("compare.control.statistic"), words.__getitem__, look="pills"
            )
    return key, chosen


def _everybody(key: str, statistic: str, text: Text) -> str:
    frame = comparison.standing(key, statistic)
    st.markdown(comparison.sentences(frame, key, text))
    st.markdown(comparison.worth(frame, key, text), help=text("fair.worth.help"))
    left, right = st.columns([5, 6], gap="medium")
    with left:
        name = f"compare_{key}_{statistic}"
        event = widgets.show_chart(comparison.chart(frame, key, statistic, text), text, name, on_select="rerun")
        session.adopt_pick("who", "mark", parts.clicked_mark(event, "agent"))
    with right:
        config = parts.headings("compare", comparison.UNITS, text)
        height = 640 if len(frame) > ROOM else "content"
        picking = {"on_select": "rerun", "selection_mode": "single-row", "column_config": config, "height": height}
        event = widgets.table(comparison.table(frame, key, text), text, f"{name}_table", file=frame, **picking)
        row = parts.clicked_row(event)
        session.adopt_pick("who", f"row_{name}", None if row is None else frame["agent"].iloc[row])
        widgets.download(text("compare.card.all"), "kpis_of_all_agents", comparison.everything())
    return str(frame["agent"].iloc[0])


def _agent(first: str, key: str, text: Text) -> None:
    agent = parts.choose("who", session.scores().names, text("compare.control.who"), str, first=first)
    with st.container(border=True):
        st.subheader(agent, anchor=False)
        st.markdown(comparison.score_line(agent, text))
        names = ("tab_kpis", "tab_score", "tab_trend", "tab_receipt", "tab_talk", "tab_talks")
        tabs = st.tabs([text(f"compare.card.{name}") for name in names], key=f"card_{text.language}", on_change="rerun")
        for tab, draw in zip(tabs, (_kpis, _score, _trend, receipts.receipt, receipts.talk, _talks), strict=True):
            if tab.open:
                with tab:
                    draw(agent, key, text)


def _kpis(agent: str, key: str, text: Text) -> None:
    raw = comparison.kpis(agent)
    st.markdown(comparison.kpi_sentence(raw, text))
    config = parts.headings("compare", comparison.KPI_UNITS, text)
    widgets.table(comparison.kpi_table(raw, text), text, "agent_kpis", file=raw, column_config=config)


def _score(agent: str, key: str, text: Text) -> None:
    st.markdown("  \n".join(scorecards.part_lines(agent, text)))
    frame, raw = scorecards.parts_table(agent, text)
    if len(raw):
        widgets.show_chart(scorecards.parts_chart(agent, text), text, key="agent_parts")
        config = parts.headings("scores", scorecards.PART_UNITS, text)
        widgets.table(frame, text, "agent_parts_table", file=raw, column_config=config)


def _trend(agent: str, key: str, text: Text) -> None:
    verdicts, _ = session.trends(key, "agent")
    for row in verdicts[verdicts["group"] == agent].itertuples():
        st.markdown(trendlines.verdict_sentence(row, key, "agent", text))
    picture = comparison.weekly_chart(agent, key, text)
    if picture is None:
        st.info(text("effects.sentence.no_weeks"), icon=":material/info:")
    else:
        widgets.show_chart(picture, text, key="agent_weeks")


def _talks(agent: str, key: str, text: Text) -> None:
    frame = comparison.talks(agent, text)
    st.caption(text("compare.card.talks", n=len(frame)))
    config = parts.headings("compare", comparison.TALK_UNITS, text)
    widgets.table(frame, text, "agent_talks", column_config=config)


def _figures(text: Text) -> None:
    if not parts.offered(volume=False):
        st.info(text("fair.none.pair"), icon=":material/info:")
        return
    key, statistic = _controls(text)
    first = _everybody(key, statistic, text)
    _agent(first, key, text)
    parts.how("compare", [key], comparison.how_lines(text), text)


PARTS = {
    "figures": _figures,
    "funnel": fairness.funnel,
    "same": fairness.same_work,
    "pair": pairing.pair,
    "silence": silence.silence,
    "questions": questions.questions,
    "rules": rulesets.rule_sets,
    "spots": spotting.spotchecks,
}
OF_NOBODY = ("rules", "silence")  # what can be asked of a log that names no agents


def _body(text: Text) -> None:
    names = {part: text(f"fair.part.{part}") for part in PARTS}
    part = parts.choose("compare_part", list(names), text("pages.data.parts"), names.__getitem__, look="pills")
    if part not in OF_NOBODY and not session.scores().names:
        st.info(text("compare.sentence.nobody"), icon=":material/person_off:")
    else:
        PARTS[part](text)


framed()
words = session.text()
widgets.heading("compare", words)
if session.log() is None:
    widgets.empty(words)
elif not parts.nothing_here(words):
    _body(words)
