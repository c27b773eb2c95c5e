"""How sure grades, places and orders are: the sample's doubt and that of the weights. Nothing is computed here, only picked and worded."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import sensitivity, turning, views
from core.charts import Chart, Labels, grade_chances, reach_bars, weight_triangle
from core.errors import KefuError
from core.metrics import GROUPS
from core.overlap import doubles
from core.scenario import KNOBS, Scenario
from core.stability import grade_stability, stability
from core.text import Text
from core.weights import LEVELS, SPACES, Space
from pages import _desk as desk
from pages import _parts as parts
from pages import _scorecards as scorecards
from pages import _session as session
from pages import _weightings as weightings
from pages import _widgets as widgets

MOST_DRAWN = 24
MOST_TURNS = 14
MOST_NAMED = 5
STANDINGS = {
    "agent": "", "grade": "", "score": "points", "data": "chance", "weights": "chance", "both": "chance", "leads": "share",
    "rank": "count", "rank_low": "count", "rank_high": "count",
}  # fmt: skip
EDGES = {
    "agent": "", "grade": "", "score": "points", "low": "points", "high": "points", "edge": "points", "other": "", "chance": "chance",
}  # fmt: skip
ALIKE = {"places": "", "n": "count", "names": ""}
STEADY = {
    "part": "", "now": "share", "winner_low": "share", "winner_high": "share", "order_low": "share", "order_high": "share",
}  # fmt: skip
KEPT = {"part": "", "now": "share", "low": "share", "high": "share", "below": "", "above": ""}
DOUBLES = {"a": "", "b": "", "r": "number", "low": "number", "high": "number", "n": "count", "weight": "share"}


def certainty(text: Text) -> None:
    """One scenario looked at from all sides: chances, who cannot be told apart, room of the weights, map, single turns, doubles."""
    with st.container(border=True):
        left, right = st.columns([1, 2], vertical_alignment="bottom")
        with left:
            named = {code: desk.name_of(code, text) for code in desk.codes()}
            code = parts.choose("sure_of", list(named), text("whatif.sure.of"), named.__getitem__)
        with right:
            words = {name: text(f"whatif.sure.topic.{name}") for name in TOPICS}
            topic = parts.choose("sure_topic", list(TOPICS), text("whatif.sure.what"), words.__getitem__, look="pills")
    if not desk.usable(text, code):
        return
    try:
        scenario = desk.scenario_of(code)
        with st.spinner(text("whatif.busy")):
            sure = sureness(scenario)
    except KefuError as error:
        widgets.issues((error.issue,))
        return
    if len(sure.card) < 2:
        st.info(text("whatif.moves.too_few"), icon=":material/person_off:")
        return
    TOPICS[topic](scenario, sure, text)


def sureness(scenario: Scenario, space: Space | None = None) -> sensitivity.Sureness:
    """What holds under which share of the weightings of a space."""
    space = space or Space()
    key = ("sureness", space.kind, space.level, space.spread if space.kind == "around" else 0)
    found: sensitivity.Sureness = session.answer(
        key, (scenario,), lambda: sensitivity.sureness(session.measured(scenario), scenario, space)
    )
    return found


# --- chances -----------------------------------------------------------------------------------------------------------------


def _chances(scenario: Scenario, sure: sensitivity.Sureness, text: Text) -> None:
    with st.spinner(text("whatif.busy")):
        sure = sureness(scenario, _space(text))
    scores, doubt = session.scores(scenario), session.doubt(scenario)
    frame = sensitivity.standings(sure, scores, doubt)
    st.markdown("  \n".join(chance_sentences(sure, frame, text)))
    widgets.show_chart(chances_chart(sure, scores, doubt, text), text, key="chances")
    st.markdown(f"**{text('scores.table.title')}**")
    cut = views.truncated(frame, ("score",)).assign(
        **{name: 100 * frame[name] for name in sensitivity.SOURCES}, leads=frame["first"]
    )
    config = parts.headings("whatif", STANDINGS, text)
    widgets.table(cut[list(STANDINGS)], text, "standings", file=frame, column_config=config, **parts.roomy(cut))


def _space(text: Text) -> Space:
    columns = st.columns(3)
    with columns[0]:
        kinds = {kind: text(f"whatif.sure.space.{kind}") for kind in SPACES}
        kind = parts.choose("space_kind", list(kinds), text("whatif.sure.space.label"), kinds.__getitem__, look="pills")
    with columns[1]:
        levels = {level: text(f"whatif.sure.level.{level}") for level in LEVELS}
        level = parts.choose(
            "space_level", list(levels), text("whatif.sure.level.label"), levels.__getitem__, look="pills"
        )
    if kind != "around":
        return Space(kind, level)
    with columns[2]:
        tied = session.widget("space_spread", session.remembered("space_spread", 20))
        spread = st.slider(text("whatif.sure.spread"), 5, 50, step=5, format="± %d %%", **tied)
    return Space(kind, level, spread / 100)


def chance_sentences(sure: sensitivity.Sureness, frame: Any, text: Text) -> list[str]:
    """Who is first how often; how sure the best grade is; whose grade is more likely another."""
    first = sensitivity.leader(sure.weights)
    decided = "first_data" if sure.weights.decided else "first_opinion"
    lines = [text(f"whatif.sure.{decided}", agent=first.agent, share=text.share(first.share, 0))]
    best = frame[frame["grade"] == frame["grade"].iloc[0]].head(MOST_NAMED)
    named = [text("whatif.sure.one", agent=row.agent, share=text.share(row.weights, 0)) for row in best.itertuples()]
    grade = scorecards.grade_name(best["grade"].iloc[0], text)
    lines.append(text("whatif.sure.best", grade=grade, list=text("scores.control.comma").join(named)))
    shaky = sensitivity.shaky(frame)
    told = {source: len(shaky[source]) for source in sensitivity.SOURCES}
    lines.append(text("whatif.sure.shaky", n=len(frame), **told))
    return lines


def chances_chart(sure: sensitivity.Sureness, scores: Any, doubt: Any, text: Text) -> Chart:
    """Each grade's chance for everybody, from the sample, from the weights, from both."""
    frame = sensitivity.chances(sure, scores, doubt)
    names = list(dict.fromkeys(frame["agent"]))[:MOST_DRAWN]
    kept = frame[frame["agent"].isin(names)]
    kept = kept.assign(facet=[text(f"whatif.sure.source.{source}") for source in kept["source"]])
    tried = sure.weights.weightings
    note = text("whatif.sure.tried", n=text.number(tried, 0)) if tried else text("whatif.sure.exact")
    note = f"{text('whatif.sure.three_bars')} · {note} · {text('whatif.sure.drawn', n=doubt.draws)} · {widgets.period_line(text)}"
    if len(names) < len(sure.card):
        note = f"{text('whatif.moves.cut', shown=len(names), all=len(sure.card))} · {note}"
    labels = Labels(text.language, text("whatif.sure.chances"), x=text("whatif.sure.chances_axis"), note=note)
    return grade_chances(kept[["agent", "facet", "grade", "chance"]], labels)


# --- who cannot be told apart --------------------------------------------------------------------------------------------------


def _apart(scenario: Scenario, sure: sensitivity.Sureness, text: Text) -> None:
    scores, doubt = session.scores(scenario), session.doubt(scenario)
    groups = sensitivity.not_told_apart(scores, doubt)
    st.markdown(f"**{text('whatif.sure.alike')}**")
    st.markdown(text("whatif.sure.alike_sentence", n=len(sure.card), groups=len(groups), largest=max(map(len, groups))))
    config = parts.headings("whatif", ALIKE, text)
    widgets.table(views.listed(_alike_rows(groups, sure, text)), text, "alike", column_config=config)
    edges = sensitivity.near_edges(scores, doubt)
    st.markdown(f"**{text('whatif.sure.edges')}**")
    st.markdown(text("whatif.sure.edges_sentence", n=len(edges), all=len(sure.card)))
    if len(edges):
        cut = views.truncated(edges, ("score", "low", "high")).assign(chance=100 * edges["chance"])
        config = parts.headings("whatif", EDGES, text)
        widgets.table(cut[list(EDGES)], text, "edges", file=edges, column_config=config, **parts.roomy(cut))


def _alike_rows(groups: list[tuple[str, ...]], sure: sensitivity.Sureness, text: Text) -> list[dict[str, Any]]:
    places = sensitivity.places(groups)
    return [
        {
            "places": f"{low}–{high}" if low < high else str(low),
            "n": len(names),
            "names": text("scores.control.comma").join(names),
        }
        for (low, high), names in zip(places, groups, strict=True)
    ]


# --- room of the weights -------------------------------------------------------------------------------------------------------


def _room(scenario: Scenario, sure: sensitivity.Sureness, text: Text) -> None:
    with st.spinner(text("whatif.busy")):
        steady = session.answer(("stability",), (scenario,), lambda: stability(sure.card))
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        kinds = {kind: text(f"whatif.sure.level.{kind}") for kind in ("group", "kpi")}
        kind = parts.choose("room_of", list(kinds), text("whatif.sure.room_of"), kinds.__getitem__, look="pills")
    with right:
        wanted = {"winner": text("whatif.sure.winner"), "order": text("whatif.sure.order")}
        wanted |= {f"agent:{name}": text("whatif.sure.grade_of", agent=name) for name in sure.card.names}
        of = parts.choose("room_what", list(wanted), text("whatif.sure.room_what"), wanted.__getitem__)
    if of.startswith("agent:"):
        _grade_room(scenario, sure, (of.removeprefix("agent:"), kind), text)
        return
    rows = sensitivity.reaches(steady, kind, of)
    st.markdown(f"{text(f'whatif.sure.{of}_room')} {_tight(rows, text)}")
    widgets.show_chart(_reach_chart(rows, text(f"whatif.sure.{of}_chart"), text), text, key=f"room_{of}_{kind}")
    told = steady.assign(part=_weights_named(steady["key"], text))
    config = parts.headings("whatif", STEADY, text)
    widgets.table(told[list(STEADY)], text, "stability", file=steady, column_config=config, **parts.roomy(told))


def _grade_room(scenario: Scenario, sure: sensitivity.Sureness, of: tuple[str, str], text: Text) -> None:
    agent, kind = of
    with st.spinner(text("whatif.busy")):
        every = session.answer(("grade_stability",), (scenario,), lambda: grade_stability(sure.card))
    raw = sensitivity.grade_reaches(every, agent, kind)
    grade = scorecards.grade_name(raw["grade"].iloc[0], text)
    st.markdown(f"{text('whatif.sure.grade_room', agent=agent, grade=grade)} {_tight(raw, text)}")
    title = text("whatif.sure.grade_chart", agent=agent, grade=grade)
    widgets.show_chart(_reach_chart(raw, title, text), text, key=f"room_grade_{kind}")
    config = parts.headings("whatif", KEPT, text)
    told = raw.assign(part=_weights_named(raw["key"], text))
    widgets.table(told[list(KEPT)], text, "grade_room", file=raw, column_config=config)


def _tight(rows: Any, text: Text) -> str:
    n = sensitivity.tight(rows)
    return text("whatif.sure.tight", n=n) if n else text("whatif.sure.tight_none")


def _reach_chart(rows: Any, title: str, text: Text) -> Chart:
    told = rows.assign(part=_weights_named(rows["key"], text))
    labels = Labels(text.language, title, x=text("whatif.sure.share_axis"), note=text("whatif.sure.reach_note"))
    return reach_bars(told[["part", "low", "now", "high"]], labels, "share")


def _weights_named(keys: Any, text: Text) -> list[str]:
    return [
        text(f"grades.group.{key}") if key in GROUPS else widgets.metric_name(key, text, short=True) for key in keys
    ]


# --- the map of weights ----------------------------------------------------------------------------------------------------------


def _map(scenario: Scenario, sure: sensitivity.Sureness, text: Text) -> None:
    named = {"": text("whatif.sure.map_first")} | {
        name: text("whatif.sure.map_grade", agent=name) for name in sure.card.names
    }
    agent = parts.choose("map_of", list(named), text("whatif.sure.map_of"), named.__getitem__)
    frame = session.answer(("map", agent), (scenario,), lambda: sensitivity.weight_map(sure.card, agent))
    st.markdown(_map_sentence(frame, agent, text))
    left, _ = st.columns([3, 1])
    with left:
        widgets.show_chart(_map_chart(frame, agent, named[agent], text), text, key="map")


def _map_chart(frame: Any, agent: str, title: str, text: Text) -> Chart:
    corners = [text(f"grades.group.{group}") for group in GROUPS]
    if agent:
        holds = [scorecards.grade_name(code, text) for code in frame["grade"]]
        tips = [text("whatif.sure.map_score", score=scorecards.points(score, text)) for score in frame["score"]]
    else:
        holds = list(frame["first"])
        tips = [text("whatif.sure.map_lead", lead=text.number(lead)) for lead in frame["lead"]]
    labels = Labels(text.language, title, note=text("whatif.sure.map_note"))
    return weight_triangle(frame.assign(holds=holds, tip=tips), labels, (corners[0], corners[1], corners[2]))


def _map_sentence(frame: Any, agent: str, text: Text) -> str:
    shares = sensitivity.map_shares(frame, "grade" if agent else "first")
    named = [
        text("whatif.sure.one", agent=scorecards.grade_name(name, text) if agent else name, share=text.share(share, 0))
        for name, share in shares.items()
    ]
    told = text("scores.control.comma").join(named)
    return (
        text("whatif.sure.map_grades", agent=agent, list=told) if agent else text("whatif.sure.map_firsts", list=told)
    )


# --- one knob at a time ----------------------------------------------------------------------------------------------------------


def _turns(scenario: Scenario, sure: sensitivity.Sureness, text: Text) -> None:
    left, right = st.columns(2)
    with left:
        agent = parts.choose("turns_of", sure.card.names, text("scores.table.who"), str)
    with right:
        tied = session.widget("turns_by", session.remembered("turns_by", 20))
        by = st.slider(text("whatif.sure.turn_by"), 5, 50, step=5, format="± %d %%", **tied)
    with st.spinner(text("whatif.busy")):
        raw = session.answer(
            ("tornado", agent, by),
            (scenario,),
            lambda: turning.tornado(session.measured(scenario), scenario, agent, by / 100),
        )
    if raw.empty:
        st.info(text("whatif.sure.nothing_moves"), icon=":material/drag_handle:")
        return
    letter = sensitivity.letter(session.scores(scenario), agent)
    st.markdown(_turns_sentence(raw, (agent, letter), by, text))
    rows = sensitivity.swings(raw, MOST_TURNS)
    names = [widgets.knob_words(KNOBS[key], text)[0] for key in rows["knob"]]
    told = rows.assign(part=names, tip=[_turn_tip(row, text) for row in rows.itertuples()])
    labels = Labels(
        text.language,
        text("whatif.sure.turns_chart", agent=agent, by=by),
        x=text("scores.chart.arrows_axis"),
        note=text("whatif.sure.turns_note"),
    )
    widgets.show_chart(reach_bars(told[["part", "low", "now", "high", "tip"]], labels), text, key="turns")
    widgets.download(text("whatif.sure.turns_all"), "turns_all", raw)


def _turns_sentence(raw: Any, of: tuple[str, str], by: int, text: Text) -> str:
    agent, letter = of
    flips = sensitivity.flips(raw, letter)
    widest = next(raw.itertuples())
    name = widgets.knob_words(KNOBS[widest.knob], text)[0]
    return text(
        "whatif.sure.turns", agent=agent, by=by, knob=name, swing=text.number(widest.swing), n=flips, all=len(raw)
    )


def _turn_tip(row: Any, text: Text) -> str:
    ends = {side: desk.setting(row.knob, getattr(row, f"at_{side}"), text) for side in ("low", "high")}
    return text("whatif.sure.turn_tip", **ends)


# --- double counting -------------------------------------------------------------------------------------------------------------


def _double(scenario: Scenario, sure: sensitivity.Sureness, text: Text) -> None:
    scores = session.scores(scenario)
    for line in weightings.warnings(scores, text):
        st.warning(line, icon=":material/warning:")
    raw = doubles(scores)
    strong = sensitivity.strong(raw)
    st.markdown(_doubles_sentence(strong, len(raw), text))
    named = [_double_words(row, text) for row in strong.head(MOST_NAMED).itertuples()]
    if named:
        st.markdown("\n".join(f"- {each}" for each in named))
    told = raw.assign(a=[_metric(key, text) for key in raw["a"]], b=[_metric(key, text) for key in raw["b"]])
    config = parts.headings("whatif", DOUBLES, text)
    widgets.table(told[list(DOUBLES)], text, "doubles", file=raw, column_config=config)
    st.markdown(f"**{text('whatif.sure.importance')}**")
    weightings.tree_table(scores, scenario, text)


def _doubles_sentence(strong: Any, pairs: int, text: Text) -> str:
    return text("whatif.sure.doubles" if len(strong) else "whatif.sure.doubles_none", n=len(strong), pairs=pairs)


def _double_words(row: Any, text: Text) -> str:
    facts = {"r": f"{row.r:.2f}", "share": parts.whole_share(row.weight, text)}
    return text("whatif.sure.double", a=_metric(row.a, text), b=_metric(row.b, text), **facts)


def _metric(key: str, text: Text) -> str:
    return widgets.metric_name(key, text, short=True)


TOPICS = {"chances": _chances, "apart": _apart, "room": _room, "map": _map, "turns": _turns, "double": _double}
