"""Who moves between two scenarios, and why. Nothing is computed here, only picked and worded."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import sensitivity, turning, views
from core.charts import Chart, Labels, cause_bars, grade_distribution
from core.errors import KefuError
from core.metrics import BY_KEY
from core.recompute import card_of, main_of
from core.scenario import KNOBS
from core.text import Text
from core.weights import robust
from core.whatif import WhatIf, gains
from pages import _desk as desk
from pages import _parts as parts
from pages import _scorecards as scorecards
from pages import _session as session
from pages import _widgets as widgets

MOST_DRAWN = 40
MOVES = {
    "agent": "", "grade": "", "score_a": "points", "score_b": "points", "move": "points", "rank_a": "count", "rank_b": "count",
}  # fmt: skip
GAINS = {
    "group": "", "n": "count", "up": "count", "down": "count", "same": "count", "mean_move": "points",
    "grades_up": "count", "grades_down": "count",
}  # fmt: skip
UNDO = {"agent": "", "back": "", "by_group": "", "by_kpi": "", "by_target": ""}
_UNDO_COLUMN = {"group_weight": "by_group", "weight": "by_kpi", "anchor": "by_target"}
MOST_NAMED = 8
MOST_CAUSES = 3
_EDGE = 1e-6
GROUPED_BY = ("team", "shift", "language", "channel")


def moves(text: Text) -> None:
    """From one scenario to another: who gains, who loses, what did it, what would undo it, what decides."""
    chosen = desk.sides("moves", text)
    if not desk.usable(text, chosen.a, chosen.b, chosen.also):
        return
    try:
        with st.spinner(text("whatif.busy")):
            found = {side: compared(chosen.a, side) for side in (chosen.b, chosen.also) if side}
    except KefuError as error:
        widgets.issues((error.issue,))
        return
    st.markdown("  \n".join(sentence(one, chosen.a, side, text) for side, one in found.items()))
    side = _looked_at(chosen, text)
    if not found[side].changed:
        return
    if sensitivity.moves(found[side]).graded < 2:
        st.info(text("whatif.moves.too_few"), icon=":material/person_off:")
        return
    _pictures(found[side], text)
    _table(found[side], text)
    _groups(found[side], text)
    _undo(found[side], text)


def compared(a: str, b: str) -> WhatIf:
    """What changes between the scenarios of two codes."""
    return session.whatif(desk.scenario_of(a), desk.scenario_of(b))


def _looked_at(chosen: desk.Sides, text: Text) -> str:
    """Which of two comparisons the pictures and tables are about."""
    if not chosen.also or chosen.also == chosen.b:
        return chosen.b
    a = desk.name_of(chosen.a, text)
    named = {b: text("whatif.moves.arrow", a=a, b=desk.name_of(b, text)) for b in (chosen.b, chosen.also)}
    return str(parts.choose("moves_side", list(named), text("whatif.moves.look_at"), named.__getitem__, look="pills"))


# --- sentences ---------------------------------------------------------------------------------------------------------------


def sentence(found: WhatIf, a: str, b: str, text: Text) -> str:
    """How many move, who wins, who loses, whether the order stays, and what decides who is first."""
    names = {"a": desk.name_of(a, text), "b": desk.name_of(b, text)}
    if not found.changed:
        return text("whatif.moves.same", **names)
    told = sensitivity.moves(found)
    facts = {name: getattr(told, name) for name in ("up", "down", "winners", "losers", "same")}
    facts |= {"n": told.up + told.down, "largest": text.number(told.largest)}
    lines = [text("whatif.moves.sentence", **names, **facts)]
    if widgets.known(told.tau):
        order = "same_order" if told.same_order else "other_order"
        lines.append(text(f"whatif.moves.{order}", tau=f"{told.tau:.2f}"))
    return " ".join([*lines, decides(b, text)])


def decides(code: str, text: Text) -> str:
    """Whether the data decide who is first, or the opinion about weights."""
    scenario = desk.scenario_of(code)
    card = session.answer(("card",), (scenario,), lambda: card_of(session.recalled().tables(scenario), scenario))
    if len(card) < 2:
        return ""
    sure = session.answer(("robust",), (scenario,), lambda: robust(card))
    first = sensitivity.leader(sure)
    return text(
        f"whatif.moves.{'data' if sure.decided else 'opinion'}", agent=first.agent, share=text.share(first.share, 0)
    )


# --- pictures and tables -----------------------------------------------------------------------------------------------------


def _pictures(found: WhatIf, text: Text) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        picture = causes_chart(found, text)
        if picture is None:
            st.info(text("whatif.moves.no_score_moves"), icon=":material/drag_handle:")
        else:
            widgets.show_chart(picture, text, key="causes")
    with right:
        labels = Labels(
            text.language,
            text("scores.chart.grades"),
            y=text("scores.chart.grades_axis"),
            note=text("whatif.moves.grades_note"),
        )
        frame = views.distribution(found.scores_a, found.scores_b)
        widgets.show_chart(grade_distribution(frame, labels, 260), text, key="grades_moved")
        st.markdown("  \n".join(moved_lines(found, text)))


def moved_lines(found: WhatIf, text: Text) -> list[str]:
    """Who changes grade and through which KPIs, the largest moves first."""
    rows = list(found.moved.itertuples())
    lines = [_moved(row, found, text) for row in rows[:MOST_NAMED]]
    if len(rows) > MOST_NAMED:
        lines.append(text("scores.sentence.more", n=len(rows) - MOST_NAMED))
    return lines


def _moved(row: Any, found: WhatIf, text: Text) -> str:
    facts = {
        side: scorecards.grade_name(getattr(row, f"grade_{at}"), text) for side, at in (("before", "a"), ("after", "b"))
    }
    if not widgets.known(row.move):
        return text("whatif.moves.one_unscored", agent=row.agent, **facts)
    largest = sensitivity.kpi_parts(found, row.agent).head(MOST_CAUSES)
    causes = scorecards.cause_words(zip(largest["key"], largest["change"], strict=True), text)
    return text(
        "scores.sentence.one", agent=row.agent, change=scorecards.signed_points(row.move, text), causes=causes, **facts
    )


def causes_chart(found: WhatIf, text: Text) -> Chart | None:
    """Who moves by how much, a segment a cause; None where no score moves."""
    frame = sensitivity.cause_rows(found, MOST_DRAWN)
    if frame.empty:
        return None
    told = frame.assign(part=[text(f"whatif.cause.{cause}") for cause in frame["cause"]])
    note = f"{text('whatif.moves.causes_note')} · {widgets.period_line(text)}"
    drawn, every = frame["agent"].nunique(), len(found.frame)
    if every > MOST_DRAWN:
        note = f"{text('whatif.moves.cut', shown=drawn, all=every)} · {note}"
    labels = Labels(text.language, text("whatif.moves.causes"), x=text("whatif.moves.causes_axis"), note=note)
    return cause_bars(told[["agent", "part", "change", "move"]], labels)


def _table(found: WhatIf, text: Text) -> None:
    st.markdown(f"**{text('scores.table.title')}**")
    splits = sensitivity.causes_shown(found)
    config = parts.headings("whatif", MOVES, text)
    config |= {name: parts.heading(text(f"whatif.cause.{name.removeprefix('by_')}"), "points") for name in splits}
    config["needed"] = parts.heading(text("whatif.column.needed"), "")
    shown = _moves_rows(found, text)[[*MOVES, *splits, "needed"]]
    widgets.table(shown, text, "moves", file=found.frame, column_config=config, **parts.roomy(shown))
    st.caption(text("whatif.moves.adds_up"))


def _moves_rows(found: WhatIf, text: Text) -> Any:
    cut = views.truncated(found.frame, ("score_a", "score_b"))
    pairs = zip(found.frame["grade_a"], found.frame["grade_b"], strict=True)
    grades = [grade_move(before, after, text) for before, after in pairs]
    needed = [_causes(each, text) for each in found.frame["needed"]]
    return cut.assign(grade=grades, needed=needed)


def grade_move(before: str, after: str, text: Text) -> str:
    """A grade, or the move from one to another."""
    names = [scorecards.grade_name(code, text) for code in (before, after)]
    return names[0] if before == after else " → ".join(names)


def _causes(causes: tuple[str, ...], text: Text) -> str:
    return text("scores.control.comma").join(text(f"whatif.cause.{cause}") for cause in causes)


def _groups(found: WhatIf, text: Text) -> None:
    known = [name for name in GROUPED_BY if session.values_of(name)]
    if not known:
        return
    st.markdown(f"**{text('whatif.moves.groups')}**")
    words = {name: text(f"pages.column.{name}") for name in known}
    by = parts.choose("gains_by", known, text("whatif.moves.by"), words.__getitem__, look="bare")
    of = session.answer(("main", by), (found.b,), lambda: main_of(session.observed(found.b), found.b, by))
    raw = gains(found, of)
    shown = raw.assign(group=[parts.member(name, text) for name in raw["group"]])
    widgets.table(shown[list(GAINS)], text, "gains", file=raw, column_config=parts.headings("whatif", GAINS, text))


# --- the smallest change that undoes it ---------------------------------------------------------------------------------------


def _undo(found: WhatIf, text: Text) -> None:
    with st.spinner(text("whatif.busy")):
        raw = session.answer(
            ("undo",), (found.a, found.b), lambda: turning.undo(session.recalled().tables(found.b), found)
        )
    if raw.empty:
        return
    st.markdown(f"**{text('whatif.moves.undo')}**")
    st.caption(text("whatif.moves.undo_help"))
    config = parts.headings("whatif", UNDO, text)
    widgets.table(
        views.listed(undo_rows(raw, text)),
        text,
        "undo_moves",
        file=raw,
        column_config=config,
        **parts.roomy(raw["agent"].unique()),
    )


def undo_rows(raw: Any, text: Text) -> list[dict[str, str]]:
    """One row per agent: the grade to go back to, and for each kind of knob the smallest turn that does it, in words."""
    rows: dict[str, dict[str, str]] = {}
    for row in raw.itertuples():
        own = rows.setdefault(row.agent, {"agent": row.agent, "back": grade_move(row.grade, row.wanted, text)})
        own[_UNDO_COLUMN[row.kind]] = turn_words(row, text)
    return list(rows.values())


def turn_words(row: Any, text: Text) -> str:
    """A turn of one knob in words: which, from where to where."""
    if not row.knob:
        return text("whatif.moves.no_turn")
    knob = KNOBS[row.knob]
    name = (
        widgets.metric_name(knob.metric, text, short=True)
        if knob.metric in BY_KEY
        else widgets.knob_words(knob, text)[0]
    )
    if abs(row.to - row.now) < _EDGE:
        return text("whatif.moves.turn_edge", knob=name)
    if not widgets.known(row.setting):
        return text("whatif.moves.turn_exact", knob=name, now=desk.setting(knob.key, row.now, text), to=f"{row.to:.6g}")
    ends = {side: desk.setting(knob.key, value, text) for side, value in (("now", row.now), ("to", row.setting))}
    return text("whatif.moves.turn", knob=name, **ends)
