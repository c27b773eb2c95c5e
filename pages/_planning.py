"""How much data does it take? A calculator that starts from the log's own figures, or from an example without one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.metrics import BY_KEY, metric
from core.planner import QUESTIONS, needed, usual_change
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

_FRIDAY = 4


def show(text: Text) -> None:
    """The fold; nothing is worked out while it is closed."""
    place = parts.fold(text("planner.title"), "planner", "event_upcoming")
    if not place.open:
        return
    with place:
        st.caption(text("planner.intro"))
        key, question, weekday = _asked(text)
        case = session.planned(key, question, weekday)
        if case.reason:
            st.info(text(f"planner.reason.{case.reason}", metric=widgets.metric_name(key, text)), icon=":material/info:")
            return
        st.caption(_source(case, weekday, text))
        turned, change, tests = _turned(case, weekday, text)
        st.markdown(_answer(turned, change, tests, weekday, text))


def _asked(text: Text) -> tuple[str, str, int]:
    one, two, three = st.columns([3, 3, 2], vertical_alignment="bottom")
    with one:
        names = {key: widgets.metric_name(key, text) for key in _offered()}
        key = parts.choose("plan_metric", list(names), text("planner.control.metric"), names.__getitem__)
    with two:
        words = {each: text(f"planner.question.{each}") for each in QUESTIONS}
        question = parts.choose("plan_question", QUESTIONS, text("planner.control.question"), words.__getitem__, look="pills")
    if question != "weekday":
        return key, question, _FRIDAY
    with three:
        days = {day: _weekday(day, text) for day in range(7)}
        return key, question, parts.choose("plan_weekday", list(days), text("planner.control.weekday"), days.__getitem__, first=_FRIDAY)


def _offered() -> list[str]:
    if session.log() is None:
        return [key for key, declared in BY_KEY.items() if declared.scored]
    return [key for key in parts.offered(volume=False) if BY_KEY[key].measure.denominator]


def _weekday(day: int, text: Text) -> str:
    return text(f"charts.weekday.{day}")


def _source(case: Any, weekday: int, text: Text) -> str:
    """Where the numbers the calculator starts from come from."""
    if session.log() is None:
        return text("planner.source.example")
    facts = {"design": text.number(case.design, 2), "pace": text.number(case.per_week)}
    part = text("planner.source.part", day=_weekday(weekday, text), part=text.share(case.part)) if case.question == "weekday" else ""
    return f"{widgets.period_line(text)}  \n{text(f'planner.source.{case.question}', **facts)} {part}".rstrip()


def _turned(case: Any, weekday: int, text: Text) -> tuple[Any, float, int]:
    """The case with what the reader turned, the change asked for, and how many comparisons are made together."""
    columns = st.columns(5, vertical_alignment="bottom")
    about = f"{case.key}_{case.question}_{weekday if case.question == 'weekday' else ''}"
    with columns[0]:
        change = _change(case, about, text)
    with columns[1]:
        name = "level" if case.scale == "share" else "spread"
        start = float(getattr(case, name))
        if case.scale == "share":
            first = st.slider(text("planner.control.level"), 0.0, 1.0, step=0.001, format="percent", **_tied(f"level_{about}", start))
        else:
            first = _number(f"spread_{case.scale}", f"spread_{about}", start, text)
    with columns[2]:
        pace = _number(f"pace_{case.question}", f"pace_{about}", case.per_week, text)
    with columns[3]:
        design = _number("design", f"design_{about}", case.design, text, least=1.0)
    with columns[4]:
        tests = st.number_input(
            text("planner.control.tests"), 1, 100_000, step=1, help=text("planner.control.tests_help"), **_tied("tests", 1)
        )
    return replace(case, **{name: first}, per_week=pace, design=design), change, int(tests)


def _change(case: Any, about: str, text: Text) -> float:
    start, label = usual_change(case, session.scenario()), text(f"planner.control.change_{case.scale}")
    tied = _tied(f"change_{about}", start)
    if case.scale == "plain":
        return float(st.number_input(label, step=0.1, format="%.2f", **tied))
    low = -0.5 if case.scale == "share" else -0.9
    high = 0.5 if case.scale == "share" else 2.0
    return float(st.slider(label, low, high, step=0.005, format="percent", **tied))


def _number(words: str, key: str, start: float, text: Text, least: float = 0.01) -> float:
    label, help_ = text(f"planner.control.{words}"), text(f"planner.control.{words}_help")
    return float(st.number_input(label, least, 1e9, step=0.1, format="%.2f", help=help_, **_tied(key, start)))


def _tied(name: str, start: float) -> dict[str, Any]:
    key = f"plan_{name}"
    return session.widget(key, session.remembered(key, start))


def _answer(case: Any, change: float, tests: int, weekday: int, text: Text) -> str:
    """What it takes, and what the period at hand would show."""
    found = needed(case, change, tests)
    if found.first != found.first:
        return text("planner.answer.out_of_range")
    if found.first == float("inf"):
        return text("planner.answer.no_change")
    facts: dict[str, Any] = {name: text.number(getattr(found, name), 0) for name in ("first", "second", "weeks", "conversations")}
    facts |= {"change": _size(case, change, text), "metric": widgets.metric_name(case.key, text), "day": _weekday(weekday, text)}
    lines = [text(f"planner.answer.{case.question}", **facts)]
    if case.per_conversation < 1:
        lines.append(text("planner.answer.conversations", **facts))
    if tests > 1:
        lines.append(text("planner.answer.tests", tests=text.number(tests, 0)))
    if session.log() is not None:
        lines.append(_smallest(case, found.smallest, text))
    return "  \n".join(lines)


def _smallest(case: Any, smallest: float, text: Text) -> str:
    weeks = text.number(case.weeks).removesuffix(".0")
    if not widgets.known(smallest):
        return text("planner.answer.smallest_none", weeks=weeks)
    return text(f"planner.answer.smallest_{case.question}", weeks=weeks, change=_size(case, smallest, text))


def _size(case: Any, change: float, text: Text) -> str:
    """A change on the case's scale: points of a share, a part of a duration, else the KPI's unit."""
    if case.scale == "log":
        return f"{'+' if change > 0 else ''}{text.share(change)}"
    return widgets.signed(metric(case.key), change, text)
