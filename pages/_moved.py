"""What the questions about movements share: the KPI, a movement as it is read, why there is no answer."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import movements
from core.metrics import metric
from core.text import Text
from pages import _parts as parts
from pages import _widgets as widgets


def kpi(text: Text, volume: bool = False) -> str:
    """The KPI to look at."""
    names = {key: widgets.metric_name(key, text) for key in parts.offered(volume)}
    return str(parts.choose("moves_of", list(names), text("systemic.control.metric"), names.__getitem__))


def change(value: float, key: str, text: Text) -> str:
    """A movement as it is read: durations relative, all else in the KPI's unit."""
    if not widgets.known(value):
        return "–"
    if not movements.relative(key):
        return widgets.signed(metric(key), value, text)
    return f"{'+' if value > 0 else ''}{text.share(value)}"


def not_judged(reason: str, text: Text) -> bool:
    """Whether a question cannot be answered; then says why."""
    if reason:
        st.info(text(f"systemic.reason.{reason}"), icon=":material/info:")
    return bool(reason)


def verdicts(rows: Any, text: Text) -> list[str]:
    """Verdict codes of a table in words."""
    return [text(f"verdicts.names.{code}") for code in rows["verdict"]]


def listed(words: list[str], text: Text) -> str:
    """Words one after the other."""
    return text("scores.control.comma").join(words)
