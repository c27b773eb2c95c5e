"""What goes with satisfaction: associations with intervals, crude and among like conversations. Nothing is computed here, only worded."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import movements
from core.comparisons import as_points
from core.metrics import metric
from core.text import Text
from pages import _moved as moved
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

UNITS = {
    "what": "", "verdict": "", "with_": "share", "without": "share", "crude": "", "within": "", "alike": "", "note": "", "odds": "ratio",
    "p_adjusted": "p", "n_with": "count", "n_without": "count",
}  # fmt: skip


def show(text: Text) -> None:
    """Which measured things go with a satisfied customer?"""
    found = session.movements("drivers")
    if moved.not_judged(found.reason, text):
        return
    rows = found.rows
    st.markdown(_said(found, text))
    st.caption(text("systemic.ratings.caveat", asked=text.number(found.asked, 0), rate=text.share(movements.response(found))))
    config = parts.headings("systemic", UNITS, text)
    widgets.table(_table(rows, found, text), text, "satisfaction_with", file=rows, column_config=config, **parts.roomy(rows))
    parts.how("ratings", ["satisfaction"], [text(f"systemic.ratings.how_{at}", family=found.family) for at in (1, 2, 3, 4)], text)


def _said(found: Any, text: Text) -> str:
    told = movements.told_apart(found.rows)
    facts = {"family": found.family, "rated": text.number(found.rated, 0)}
    lines = [text("systemic.ratings.found" if len(told) else "systemic.ratings.none", n=len(told), **facts)]
    lines += [_one(row, found, text) for row in told.itertuples()]
    seeming = [_name(row, found, text) for row in movements.seeming(found.rows).itertuples()]
    lines += [text("systemic.ratings.seeming", list=moved.listed(seeming, text))] if seeming else []
    return "  \n".join(lines)


def _one(row: Any, found: Any, text: Text) -> str:
    points = {name: _points(getattr(row, name), text) for name in ("within", "within_low", "within_high", "crude")}
    return text("systemic.ratings.one", what=_name(row, found, text), p=trendlines.p_value(row.p_adjusted, text), **points)


def _points(value: float, text: Text) -> str:
    return widgets.signed(metric("satisfaction"), value, text)


def _name(row: Any, found: Any, text: Text) -> str:
    """A driver and its level in words."""
    if row.level == "above" and row.driver == "messages":
        return text("systemic.driver.messages", cut=text.number(found.cuts["messages"], 0))
    if row.level == "above":
        return text("systemic.driver.above", what=widgets.metric_name(row.driver, text), cut=text.duration(found.cuts[row.driver]))
    if row.level == "yes":
        return text(f"systemic.driver.{row.driver}")
    level = text(f"systemic.daytime.{row.level}") if row.driver == "daytime" else parts.member(row.level, text)
    return text("systemic.driver.level", dimension=text(f"systemic.driver.{row.driver}"), level=level)


def _with_ends(rows: Any, name: str, text: Text) -> list[str]:
    ends = zip(rows[name], rows[f"{name}_low"], rows[f"{name}_high"], strict=True)
    return [_ends(each, text) if widgets.known(each[0]) else "–" for each in ends]


def _ends(each: tuple[float, float, float], text: Text) -> str:
    value, low, high = (text.number(as_points(part)) for part in each)
    return text("systemic.ratings.with_ends", value=value, low=low, high=high)


def _note(row: Any, text: Text) -> str:
    codes = [code for code in ("reversed", "vanishes", "uneven") if getattr(row, code)]
    return moved.listed([text(f"systemic.ratings.note.{code}") for code in codes[:2]], text)


def _table(rows: Any, found: Any, text: Text) -> Any:
    words: dict[str, Any] = {name: _with_ends(rows, name, text) for name in ("crude", "within", "alike")}
    words |= {"what": [_name(row, found, text) for row in rows.itertuples()], "note": [_note(row, text) for row in rows.itertuples()]}
    return rows.assign(verdict=moved.verdicts(rows, text), **words)[list(UNITS)]
