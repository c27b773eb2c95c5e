"""An issue in words: the sentence and the cure of its code, with field and table names in the reader's language."""

from __future__ import annotations

from typing import Any

from core.errors import Issue
from core.text import Text

_FIELDS = ("missing", "like_field", "needed", "either")
_TABLES = ("table", "other")


def explain(issue: Issue, text: Text) -> tuple[str, str]:
    """What is wrong and what to do about it; an unknown code gives its bare facts and no cure.

    >>> explain(Issue("empty_file", "error", file="a.csv"), Text("en"))[0]
    'a.csv is empty.'
    """
    facts = {name: getattr(issue, name) for name in ("table", "file", "column", "row", "rows", "value")}
    facts = _named({**facts, **issue.facts}, issue, text)
    if not text.has(f"issues.{issue.code}.message"):
        return issue.describe(), ""
    return text(f"issues.{issue.code}.message", **facts), text(f"issues.{issue.code}.cure", **facts)


def _named(facts: dict[str, Any], issue: Issue, text: Text) -> dict[str, Any]:
    named = dict(facts)
    for key in _TABLES:
        named[key] = _word(text, "table", str(facts.get(key, "")))
    for key in _FIELDS:
        fields = str(facts.get(key, "")).split(", ")
        named[key] = ", ".join(_word(text, "column", field) for field in fields)
    named["tables"] = " / ".join(_word(text, "table", name) for name in str(facts.get("tables", "")).split(", "))
    if issue.code == "matched_by_values":
        named["value"] = _word(text, "column", issue.value)
    if issue.code == "fill_refused":
        way = f"ingest.fill.{facts['way']}"
        named |= {"value": _word(text, "column", issue.value), "way": text(way) if text.has(way) else facts["way"]}
    if "order" in facts:
        named["order"] = text(f"ingest.order.{facts['order']}")
    if "order" in facts and "options" in facts:
        named["options"] = " / ".join(text(f"ingest.order.{order}") for order in str(facts["options"]).split("/"))
    return named


def _word(text: Text, room: str, name: str) -> str:
    key = f"schema.{room}.{name}.name"
    return text(key) if text.has(key) else name
