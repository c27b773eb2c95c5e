"""Charts and sentences of the Overview: the core's tables in, `core.charts` and words out. Nothing is computed here, only picked."""

from __future__ import annotations

from typing import Any

from core import views
from core.charts import Chart, Labels, heatmap, line_with_band
from core.metrics import metric
from core.text import Text
from pages import _session as session
from pages import _widgets as widgets

_SHOWN = ("group", "metric", "value", "low", "high", "n", "median", "p90", "label", "reason")
_AMOUNTS = ("value", "low", "high", "median", "p90")


def _note(text: Text) -> str:
    return widgets.period_line(text)


def by_day(key: str, text: Text) -> Chart:
    """A KPI of the shop by day, as a line; days without an observation are gaps."""
    name = widgets.metric_name(key, text)
    frame = session.measured().daily[["date", key]].rename(columns={"date": "x", key: "y"})
    return line_with_band(
        frame,
        Labels(text.language, text("pages.overview.day_title", metric=name), y=name, note=_note(text)),
        metric(key).unit,
        300,
        session.annotations(),
    )


def by_hour(key: str, text: Text) -> Chart:
    """A KPI of the shop by weekday and hour; cells below the KPI's minimum n are grey."""
    name = widgets.metric_name(key, text)
    frame = session.measured().heat.frame([key])[["weekday", "hour", "value", "n"]]
    labels = Labels(text.language, text("pages.overview.week_title", metric=name), y=name, note=_note(text))
    return heatmap(frame, labels, metric(key).unit, metric(key).min_n)


def counts_sentence(text: Text) -> str:
    """Who answered how many, with the identity that every conversation is in exactly one place."""
    counts = {name: text.number(value, 0) for name, value in session.measured().counts.items()}
    facts = {
        "n": counts["needs_human"],
        "smart": counts["bot_resolved"],
        "hours": f"{session.scenario().window_ms / 3_600_000:g}",
    }
    facts |= {name: counts[name] for name in ("answered", "late", "unanswered", "pending")}
    whole = text("pages.overview.identity", **facts | {"n": counts["conversations"]})
    holiday = (
        text("pages.overview.holiday", n=counts["holiday_mode"]) if session.measured().counts["holiday_mode"] else ""
    )
    return f"{text('pages.overview.unanswered_sentence', **facts)} {holiday}  \n{whole}"


def changes_sentence(text: Text) -> str:
    """What became better or worse against the period before, with intervals; says so when there is nothing to compare with."""
    if session.measured().before is None:
        return text("pages.overview.no_before")
    found = [
        text(
            f"pages.overview.change_{side}",
            names=text("pages.overview.change_comma").join(_change(row, text) for row in rows.itertuples()),
        )
        for side, rows in views.told_changes(session.measured().changes).items()
        if len(rows)
    ]
    return "  \n".join(found) or text("pages.overview.change_none")


def _change(row: Any, text: Text) -> str:
    shown = {name: widgets.signed(metric(row.key), getattr(row, name), text) for name in ("difference", "low", "high")}
    return text(
        "pages.overview.change_item",
        metric=widgets.metric_name(row.key, text),
        change=shown["difference"],
        low=shown["low"],
        high=shown["high"],
        verdict=text(f"pages.verdict_word.{row.verdict}"),
    )


def busiest_sentence(text: Text) -> str:
    """Weekday and hour with the most conversations."""
    frame = session.measured().heat.frame(["conversations"]).nlargest(1, "value")
    if frame.empty:
        return ""
    top = next(frame.itertuples())
    facts = {
        "weekday": text(f"pages.weekday.{int(top.weekday)}"),
        "hour": f"{int(top.hour):02d}",
        "n": text.number(top.value, 0),
    }
    return text("pages.overview.busiest", **facts)


def all_figures(text: Text) -> tuple[Any, Any]:
    """Every figure of the shop: in words for the screen, and as it is for the file."""
    raw = session.measured().shop.frame()
    shown = raw.assign(
        group=[text(f"grades.group.{metric(key).group}") for key in raw["key"]],
        metric=[widgets.metric_name(key, text) for key in raw["key"]],
        label=[text(f"pages.label.{label}") for label in raw["label"]],
        reason=[widgets.reason_words(reason, text) if reason else "" for reason in raw["reason"]],
    )
    for name in _AMOUNTS:
        shown[name] = [text.value(value, metric(key).unit) for value, key in zip(raw[name], raw["key"], strict=True)]
    return shown[list(_SHOWN)], raw
