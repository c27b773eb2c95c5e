"""The scorecard as a tree of weights, and weights out of pairwise comparisons. Nothing is computed here, only picked and worded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import streamlit as st

from core import ahp, sensitivity
from core.metrics import GROUPS
from core.scenario import Scenario
from core.scoring import Scores
from core.text import Text
from pages import _parts as parts
from pages import _scorecards as scorecards
from pages import _session as session
from pages import _widgets as widgets

TREE = {
    "group": "", "part": "", "weight": "plain", "of_group": "share", "of_total": "share", "effective": "share", "decides": "share",
}  # fmt: skip
_TIMES = (9.0, 7.0, 5.0, 4.0, 3.0, 2.0, 1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 7, 1 / 9)


# --- the tree ----------------------------------------------------------------------------------------------------------------


def tree(text: Text) -> None:
    """Group → KPI: the sliders, and what each weight comes to once normalised and once what is missing has gone."""
    st.markdown(f"**{text('whatif.tree.title')}**")
    with st.container(border=True):
        for column, group in zip(st.columns(len(GROUPS), gap="large"), GROUPS, strict=True):
            with column:
                widgets.knob(f"w_{group}", text)
        st.markdown(scorecards.shares_line(text))
        place = parts.fold(text("whatif.tree.inside"), "tree_inside", "account_tree")
        if place.open:
            with place:
                _inside(text)
    for line in warnings(session.scores(), text):
        st.warning(line, icon=":material/warning:")
    for line in scorecards.spoiled(text):
        st.warning(line, icon=":material/warning:")
    tree_table(session.scores(), session.scenario(), text)


def tree_table(scores: Scores, scenario: Scenario, text: Text) -> None:
    """Every scored KPI with its weight as set, normalised, effective, and with what it decides."""
    raw = sensitivity.weight_tree(scores, scenario)
    most = sensitivity.decisive(raw)
    if most is not None:
        facts = {"share": text.share(most.effective, 0), "decides": text.share(most.decides, 0)}
        st.markdown(text("whatif.tree.decisive", metric=widgets.metric_name(most.key, text), **facts))
    config = parts.headings("whatif", TREE, text)
    widgets.table(_tree_rows(raw, text), text, "weights", file=raw, column_config=config, **parts.roomy(raw))
    st.caption(text("whatif.tree.note"))


def _inside(text: Text) -> None:
    lines = scorecards.kpi_share_lines(text)
    for column, group in zip(st.columns(len(GROUPS), gap="large"), GROUPS, strict=True):
        with column:
            st.markdown(f"**{text(f'grades.group.{group}')}**")
            for key in scorecards.scored_keys(group):
                widgets.knob(f"w_{key}", text, look="number", compact=True)
                st.caption(lines[key])


def _tree_rows(raw: Any, text: Text) -> Any:
    groups = [text(f"grades.group.{group}") for group in raw["group"]]
    names = [widgets.metric_name(key, text) for key in raw["key"]]
    return raw.assign(group=groups, part=names)[list(TREE)]


def warnings(scores: Scores, text: Text) -> list[str]:
    """A KPI that decides alone, and speed or sales without anything that shows their price (H29)."""
    alone = [
        text("whatif.tree.heavy", metric=widgets.metric_name(row.key, text), share=text.share(row.effective))
        for row in sensitivity.heavy(scores).itertuples()
    ]
    return alone + [_unguarded(row, text) for row in sensitivity.unguarded(scores).itertuples()]


def _unguarded(row: Any, text: Text) -> str:
    counter = text("scores.control.comma").join(widgets.metric_name(key, text, short=True) for key in row.counter)
    return text("whatif.tree.unguarded", metric=widgets.metric_name(row.key, text), list=counter)


# --- pairwise comparisons ----------------------------------------------------------------------------------------------------


def pairwise(text: Text) -> None:
    """Weights out of answers to "how many times more does one matter than the other"."""
    place = parts.fold(text("whatif.pairs.title"), "pairs", "balance")
    if not place.open:
        return
    with place:
        st.markdown(text("whatif.pairs.what"))
        levels = ("groups", *(group for group in GROUPS if len(scorecards.scored_keys(group)) > 1))
        named = {level: _level(level, text) for level in levels}
        level = parts.choose("pairs_of", levels, text("whatif.pairs.of"), named.__getitem__, look="pills")
        items = list(GROUPS) if level == "groups" else scorecards.scored_keys(level)
        found = ahp.compared(items, _answers(items, text))
        _outcome(found, text)


def _level(level: str, text: Text) -> str:
    if level == "groups":
        return text("whatif.pairs.groups")
    return text("whatif.pairs.inside", group=text(f"grades.group.{level}"))


def _item(key: str, text: Text) -> str:
    return text(f"grades.group.{key}") if key in GROUPS else widgets.metric_name(key, text, short=True)


def _answers(items: Sequence[str], text: Text) -> dict[tuple[str, str], float]:
    pairs = list(combinations(items, 2))
    columns = st.columns(2 if len(pairs) > 1 else 1, gap="large")
    found = {}
    for at, pair in enumerate(pairs):
        with columns[at % len(columns)]:
            found[pair] = _answer(pair, text)
    return found


def _answer(pair: tuple[str, str], text: Text) -> float:
    a, b = (_item(key, text) for key in pair)
    words = {times: how_much(a, b, times, text) for times in _TIMES}
    key = f"pair_{pair[0]}_{pair[1]}"
    tied = session.widget(key, session.remembered(key, 1.0), words=True)
    label = text("whatif.pairs.pair", a=a, b=b)
    return float(st.select_slider(label, _TIMES, format_func=words.__getitem__, **tied))


def how_much(a: str, b: str, times: float, text: Text) -> str:
    """How many times more one thing matters than another, in words."""
    if abs(times - 1) < 1e-9:
        return text("whatif.pairs.even")
    more, n = (a, times) if times > 1 else (b, 1 / times)
    return text("whatif.pairs.more", more=more, n=f"{n:.2g}")


def _outcome(found: ahp.Compared, text: Text) -> None:
    weights = [
        text("scores.control.share", group=_item(key, text), share=parts.whole_share(share, text))
        for key, share in found.weights.items()
    ]
    st.markdown(text("whatif.pairs.weights", list=text("scores.control.comma").join(weights)))
    verdict = text(f"whatif.pairs.{'consistent' if found.consistent else 'inconsistent'}", ratio=f"{found.ratio:.2f}")
    (st.success if found.consistent else st.warning)(verdict)
    if found.reconsider is not None and not found.consistent:
        st.markdown(_reconsider(found.reconsider, text))
    st.button(
        text("whatif.pairs.use"), key="use_pairs", icon=":material/check:", on_click=session.turn, args=(found.knobs(),)
    )


def _reconsider(worst: ahp.Comparison, text: Text) -> str:
    a, b = _item(worst.a, text), _item(worst.b, text)
    given, implied = (how_much(a, b, times, text) for times in (worst.given, worst.implied))
    return text("whatif.pairs.reconsider", given=given, implied=implied)
