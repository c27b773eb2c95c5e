"""The trend board: every KPI × group as one family, what passes, what is worth a look, and the trend behind a cell."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import board as boards
from core.charts import Chart, Labels, verdict_board
from core.charts.chart import LIMIT
from core.metrics import SCORED, metric
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

ALL = "all"
UNITS = {
    "group": "", "metric": "", "verdict": "", "slope": "", "interval": "", "p": "p", "p_adjusted": "p", "q": "p", "p_in_kpi": "p",
    "n_weeks": "count", "family": "count",
}  # fmt: skip
SEP = "|"


def show(text: Text) -> None:
    """Controls, the tally in a sentence, the board, its list, and the trend that was clicked."""
    bys, keys = _controls(text)
    rows = session.trend_board(bys, keys)
    found = boards.tally(rows)
    if not found.cells:
        st.info(text("effects.sentence.no_weeks"), icon=":material/info:")
        return
    st.markdown(_tally(found, text))
    shown, left = boards.drawn(rows, LIMIT)
    event = widgets.show_chart(_chart(shown, left, bys, text), text, key="board", on_select="rerun", selection_mode="pick")
    session.adopt_pick("board_cell", f"chart_{bys}_{len(keys)}", parts.clicked_mark(event, "cell"))
    place = st.container()
    _list(rows, bys, text)
    with place:
        _cell(rows, text)
    parts.how("board", [], _how(found, text), text)


def _controls(text: Text) -> tuple[tuple[str, ...], tuple[str, ...]]:
    known = trendlines.groupings()
    with st.container(border=True):
        left, middle, right = st.columns([3, 2, 3], vertical_alignment="bottom")
        with left:
            names = {by: text(f"effects.by.{by}") for by in known} | {ALL: text("board.by.all")}
            by = parts.choose("board_by", list(names), text("effects.control.by"), names.__getitem__)
        with middle:
            sets = {name: text(f"board.kpis.{name}") for name in ("scored", "all")}
            wanted = parts.choose("board_kpis", list(sets), text("board.control.kpis"), sets.__getitem__, look="pills")
        with right:
            widgets.knob("margin", text)
    scored = [each.key for each in SCORED]
    keys = tuple(key for key in parts.offered() if wanted == "all" or key in scored)
    return tuple(known) if by == ALL else (by,), keys


def _tally(found: boards.Tally, text: Text) -> str:
    if not found.family:
        return text("effects.sentence.none_judged")
    numbers = {name: getattr(found, name) for name in ("passed", "family", "raw", "worth_a_look", "groups", "keys")}
    lines = [text("board.sentence.passed", by_chance=text.number(found.by_chance, 0 if found.by_chance >= 2 else 1), **numbers)]
    lines += [text("board.sentence.small", n=found.passed - found.told)] if found.passed > found.told else []
    lines += [text("board.sentence.look", n=found.worth_a_look, family=found.family)]
    left = found.cells - found.family
    lines += [text("effects.sentence.not_judged", n=left)] if left else []
    return " ".join(lines)


def _chart(rows: Any, left: int, bys: tuple[str, ...], text: Text) -> Chart:
    words = {
        "cell": [SEP.join(one) for one in zip(rows["by"], rows["key"], rows["group"], strict=True)],
        "group": [_group(row, len(bys) > 1, text) for row in rows.itertuples()],
        "metric": [widgets.metric_name(key, text, short=True) for key in rows["key"]],
        "verdict_tip": [_verdict(row, text) for row in rows.itertuples()],
        "slope_tip": [_slope(row, text) for row in rows.itertuples()],
        "p_tip": [_ps(row, text) for row in rows.itertuples()],
    }
    kept = ["verdict", "sense", "direction", "slope_per_week", "low", "high", "p", "p_adjusted", "q"]
    note = text("board.chart.note") + (f" · {text('board.chart.left', n=left)}" if left else "")
    labels = Labels(text.language, text("board.chart.title"), note=f"{note} · {widgets.period_line(text)}")
    return verdict_board(rows[kept].assign(verdict=rows["told"], **words), labels)


def _group(row: Any, several: bool, text: Text) -> str:
    name = trendlines.group_name(row.group, row.by, text)
    return f"{text(f'effects.by.{row.by}')} · {name}" if several and row.by != "shop" else name


def _verdict(row: Any, text: Text) -> str:
    name = text("board.verdict.worth_a_look") if row.told == "worth_a_look" else text(f"verdicts.names.{row.verdict}")
    told = text(f"effects.direction.{row.direction if row.sense else 'none'}", verdict=name)
    return f"{told} ({text(f'trends.reasons.{row.reason}')})" if row.reason else told


def _slope(row: Any, text: Text) -> str:
    ends = [widgets.signed(metric(row.key), value, text) for value in (row.slope_per_week, row.low, row.high)]
    return text("board.cell.slope", slope=ends[0], low=ends[1], high=ends[2])


def _ps(row: Any, text: Text) -> str:
    if not widgets.known(row.p):
        return "–"
    facts = {name: trendlines.p_value(getattr(row, name), text) for name in ("p", "p_adjusted", "q")}
    return text("board.cell.p", family=int(row.family), **facts)


def _list(rows: Any, bys: tuple[str, ...], text: Text) -> None:
    if not boards.tally(rows).family:
        return
    st.markdown(f"**{text('board.list.title')}**")
    rules = {rule: text(f"board.list.{rule}") for rule in boards.LISTS}
    rule = parts.choose("board_list", list(rules), text("board.control.list"), rules.__getitem__, look="pills", first="look")
    kept = boards.listed(rows, rule)
    st.caption(text(f"board.list.{rule}_note", n=len(kept), family=boards.tally(rows).family))
    if kept.empty:
        return
    words = {
        "group": [_group(row, len(bys) > 1, text) for row in kept.itertuples()],
        "metric": [widgets.metric_name(key, text) for key in kept["key"]],
        "verdict": [_verdict(row, text) for row in kept.itertuples()],
        "slope": [widgets.signed(metric(row.key), row.slope_per_week, text) for row in kept.itertuples()],
        "interval": [_interval(row, text) for row in kept.itertuples()],
    }
    picking = {"on_select": "rerun", "selection_mode": "single-row", "column_config": parts.headings("board", UNITS, text)}
    event = widgets.table(kept.assign(**words)[list(UNITS)], text, f"board_{rule}", file=rows, **picking)
    row = parts.clicked_row(event)
    clicked = None if row is None else SEP.join(kept[["by", "key", "group"]].iloc[row])
    session.adopt_pick("board_cell", f"list_{bys}_{rule}", clicked)


def _interval(row: Any, text: Text) -> str:
    return parts.interval([row.low], [row.high], lambda value: widgets.signed(metric(row.key), value, text), text)[0]


def _cell(rows: Any, text: Text) -> None:
    """The trend behind the cell that was clicked; at first the one that says most."""
    by, key, group = str(session.remembered("board_cell", SEP * 2)).split(SEP, 2)
    row = boards.cell(rows, by, group, key)
    row = row if row is not None else next(rows.itertuples())
    st.markdown(trendlines.verdict_sentence(row, row.key, row.by, text))
    if widgets.known(row.p_in_kpi):
        alone = boards.alone(rows, row.by, row.key)
        st.caption(text("board.cell.in_kpi", p=trendlines.p_value(row.p_in_kpi, text), family=alone))
    _, weekly = session.trends(row.key, row.by)
    if row.n_weeks:
        widgets.show_chart(trendlines.chart(row, weekly, row.key, row.by, text), text, key="board_trend")
    st.button(
        text("board.cell.open"), icon=":material/open_in_full:", on_click=session.point_at,
        kwargs={"trends_part": "groups", "trend_of": row.key, "trend_by": row.by, f"trend_{row.by}": row.group},
    )  # fmt: skip


def _how(found: boards.Tally, text: Text) -> list[str]:
    sizes = {"family": found.family, "groups": found.groups, "keys": found.keys}
    lines = [text("trends.method.trend", family=found.family), text("board.how.family", **sizes), text("board.how.lists")]
    return [*lines, text("effects.how.weeks")]
