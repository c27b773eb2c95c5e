"""The Methods page's entries, rendered from the declarations: one short text each, found by key or by any of its words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.metrics import BY_KEY
from core.rules import RULE_SETS, RuleSet
from core.scenario import KNOBS, Knob, Scenario
from core.text import Text
from pages import _widgets as widgets

Entries = Mapping[str, tuple[str, str]]
"""Anchor → title and Markdown body."""

METHODS = (
    "wilson", "byar", "order_statistics", "day_blocked", "theil_sen", "mann_kendall_weekly", "hirsch_slack", "holm",
    "weekday_effect", "period_change", "erlang_c", "chat_concurrency",
)  # fmt: skip
VERDICTS = (
    "not_enough_data", "cannot_be_judged", "no_evidence", "practically_unchanged", "some_evidence", "evidence", "strong_evidence",
)  # fmt: skip
LIVE = ("waiting", "longest_wait", "last_minutes", "agents_writing", "active", "busy", "today", "lamps", "times")
"""Figures that only the live board has, and how its lamps work."""


def entries(text: Text) -> dict[str, Entries]:
    """Everything the page explains, by section."""
    return {
        "metrics": {key: _metric(key, text) for key in BY_KEY},
        "grades": {part: ("", text(f"grades.method.{part}")) for part in ("points", "groups", "missing")}
        | {"bands": _bands_of(text)},
        "rules": {rule.key: _rule(rule, text) for rule in RULE_SETS},
        "tests": {name: (text(f"pages.method.{name}.name"), text(f"pages.method.{name}.what")) for name in METHODS},
        "verdicts": {name: (text(f"pages.verdict.{name}"), text(f"pages.verdict_what.{name}")) for name in VERDICTS},
        "live": {key: (text(f"live.what.{key}.name"), text(f"live.what.{key}.text")) for key in LIVE},
        "knobs": {key: _knob(knob, text) for key, knob in KNOBS.items()},
    }


def matching(found: Entries, word: str) -> Entries:
    """The entries whose key, title or text holds the word; all of them for an empty word."""
    word = word.strip().lower()
    return {key: each for key, each in found.items() if word in " ".join((key, *each)).lower()}


def show(section: str, found: Entries) -> None:
    """A section's entries below each other, each with an anchor a link can name."""
    for key, (title, body) in found.items():
        if title:
            st.subheader(title, anchor=f"{section}-{key}")
        st.markdown(body)


def _metric(key: str, text: Text) -> tuple[str, str]:
    declared = BY_KEY[key]
    lines = [widgets.metric_words(key, "what", text)]
    lines += [
        f"{text(f'pages.how.{part}')}{widgets.metric_words(key, part, text)}"
        for part in ("formula", "left_out", "others")
        if widgets.metric_words(key, part, text) != "–"
    ]
    if widgets.metric_words(key, "advice", text) != "–":
        lines.append(f"{text('pages.methods.advice')}{widgets.metric_words(key, 'advice', text)}")
    lines.append(_standing(key, text))
    return f"{widgets.metric_name(key, text)} · {text(f'grades.group.{declared.group}')}", "  \n".join(lines)


def _standing(key: str, text: Text) -> str:
    declared = BY_KEY[key]
    least = text("pages.methods.min_n", n=declared.min_n) if declared.min_n else text("pages.methods.no_min_n")
    if declared.anchors is None:
        return f"*{least}*"
    points = {
        name: widgets.kpi_value(text, getattr(declared.anchors, name), key) for name in ("target", "passing", "floor")
    }
    statistic = text(f"pages.methods.statistic.{declared.statistic}")
    weight = text("pages.methods.scored_on", statistic=statistic, weight=f"{declared.weight:g}")
    return f"*{text('pages.methods.anchors', **points)} · {weight} · {least}*"


def _bands_of(text: Text) -> tuple[str, str]:
    low = {name: text.number(value, 1) for name, value in Scenario().bands().items()}
    high = {"B": low["A"], "C": low["B"], "D": low["C"]}
    lines = [
        f"- {text(f'grades.band.{name}', low=low.get(name, ''), high=high.get(name, ''))} · {text(f'grades.name.{name}')}"
        for name in "ABCD"
    ]
    return "", f"{text('grades.method.bands')}\n\n" + "\n".join((*lines, f"- {text('grades.name.insufficient_data')}"))


def _rule(rule: RuleSet, text: Text) -> tuple[str, str]:
    facts = {"market": rule.market, "date": rule.date, "source": rule.source, "hours": f"{rule.window_h:g}"}
    line = text("pages.methods.rule_line", strength=text(f"pages.methods.strength.{rule.strength}"), **facts)
    return text(f"rules.{rule.key}.name"), f"{text(f'rules.{rule.key}.text')}  \n*{line}*"


def _knob(knob: Knob, text: Text) -> tuple[str, str]:
    name, help_ = widgets.knob_words(knob, text)
    return f"{name} · {text(f'knobs.room.{knob.room}')}", f"{help_}  \n*{_bounds(knob, text)} · `{knob.key}`*"


def _bounds(knob: Knob, text: Text) -> str:
    if knob.options:
        words = [widgets.option_name(knob, code, text) for code in (knob.default, *knob.options)]
        default, listed = words[0], " / ".join(words[1:])
        return f"{text('pages.methods.default', value=default)} · {text('pages.methods.options', options=listed)}"
    if knob.kind == "number":
        default, low, high = (_plain(value, knob, text) for value in (knob.default, knob.low, knob.high))
        return f"{text('pages.methods.default', value=default)} · {text('pages.methods.bounds', low=low, high=high)}"
    if knob.kind == "flag":
        return text("pages.methods.default", value=text(f"pages.flag.{str(knob.default).lower()}"))
    return text("pages.methods.no_default")


def _plain(value: Any, knob: Knob, text: Text) -> str:
    return text.value(value, knob.unit) if knob.unit in ("share", "seconds") else f"{value:g}"
