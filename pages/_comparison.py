"""Charts, tables and sentences of the Compare page. Nothing is computed here, only picked and worded."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from core import comparisons, views
from core.charts import Chart, Labels, bars_with_interval, line_with_band
from core.metrics import metric
from core.text import Text
from pages import _parts as parts
from pages import _scorecards as scorecards
from pages import _session as session
from pages import _widgets as widgets

UNITS = {"agent": "", "value": "", "interval": "", "side": "", "n": "count", "shrunken": "", "reliability": "ratio"}
CHARTED = ("agent", "value", "low", "high", "n", "status", "shop", "tone", "placed")
MOST_NAMED = 8
KPI_UNITS = {"metric": "", "value": "", "interval": "", "n": "count", "shop": "", "side": "", "group": ""}
TALK_UNITS = {
    "conversation": "", "started": "when", "customer": "", "channel": "", "language": "", "category": "",
    "first_response_s": "count", "resolution_s": "count", "handle_s": "count", "rating": "count", "outcome": "", "hit": "count",
}  # fmt: skip
_TONES = {"inside": "plain", "": "plain"}


def standing(key: str, statistic: str) -> Any:
    """Everybody with one KPI, beside the shop; in an order only where the figure is reliable enough for one."""
    frame = views.standing(session.measured().agents, session.measured().shop, key, statistic)
    if statistic != views.statistics_of(metric(key))[0]:
        return frame
    return comparisons.ordered(frame, session.fairly("shrunk", key))


def worth(frame: Any, key: str, text: Text) -> str:
    """How many figures are reliable enough for an order, and how much data that takes."""
    if "placed" not in frame:
        return ""
    found = session.fairly("shrunk", key)
    if found.reason:
        return text("fair.worth.too_few") if found.reason == "too_few_agents" else ""
    n = int(frame["placed"].sum())
    which = "found" if n else "nobody" if comparisons.ever(found.needed_n) else "equal"
    facts = {"n": n, "all": len(frame), "needed": text.number(found.needed_n, 0)}
    return text(f"fair.worth.{which}", **facts)


def sentences(frame: Any, key: str, text: Text) -> str:
    """How many intervals leave out the shop, how many would by chance, and what the figures are not."""
    found = views.exclusions(frame, metric(key).better)
    if not found.judged:
        return text("compare.sentence.none")
    lines = [_found(found, frame, key, text), text("compare.sentence.equal"), _few(frame, key, text)]
    told = " ".join(line for line in lines if line)
    return f"{told}  \n:gray[{text('compare.sentence.raw')} {_missing(frame, text)}]"


def _found(found: Any, frame: Any, key: str, text: Text) -> str:
    which = "found" if metric(key).better else "found_neutral"
    facts = {name: getattr(found, name) for name in ("judged", "outside", "better", "worse", "family")}
    facts["shop"] = widgets.kpi_value(text, float(frame["shop"].iloc[0]), key)
    facts["by_chance"] = text.number(found.by_chance)
    family = text("compare.sentence.family" if found.family else "compare.sentence.family_none", **facts)
    return f"{text(f'compare.sentence.{which}', **facts)} {family}"


def _few(frame: Any, key: str, text: Text) -> str:
    n = int((frame["status"] == "too_few").sum())
    return text("compare.sentence.few", n=n, min_n=metric(key).min_n) if n else ""


def _missing(frame: Any, text: Text) -> str:
    absent = frame["agent"][frame["status"] == "unavailable"]
    return text("compare.sentence.missing", list=text("scores.control.comma").join(absent)) if len(absent) else ""


def chart(frame: Any, key: str, statistic: str, text: Text) -> Chart:
    """Everybody's value with its interval, the shop as a line."""
    there = frame[frame["status"] != "unavailable"]
    better = metric(key).better
    name = parts.statistic_name(key, statistic, text)
    note = text("compare.chart.note" if better else "compare.chart.note_neutral")
    labels = Labels(
        text.language,
        text("compare.chart.title", metric=name),
        x=name,
        note=f"{note} · {widgets.period_line(text)}",
    )
    room = views.charted(there, views.telling(there))
    if len(room) < len(there):
        labels = replace(labels, note=f"{text('compare.chart.cut', shown=len(room), all=len(there))} · {labels.note}")
    told = room.assign(tone=[_tone(side, better) for side in room["side"]])
    kept = told[[name for name in CHARTED if name in told]]
    return bars_with_interval(kept, labels, metric(key).unit, ascending=better < 0)


def _tone(side: str, better: int) -> str:
    if side in _TONES or not better:
        return "plain"
    return "better" if (side == "above") == (better > 0) else "worse"


def table(frame: Any, key: str, text: Text) -> Any:
    """The same in words, units and all."""
    read = partial(_read, key=key, text=text)
    amounts = {"value": [read(value) for value in frame["value"]]}
    amounts["interval"] = parts.interval(frame["low"], frame["high"], read, text)
    if "shrunken" in frame:
        amounts["shrunken"] = [read(value) for value in frame["shrunken"]]
    return frame.assign(**amounts, side=_sides(frame, text))[[name for name in UNITS if name in frame or name in amounts]]


def _read(value: float, key: str, text: Text) -> str:
    return widgets.kpi_value(text, value, key)


def _sides(frame: Any, text: Text) -> list[str]:
    pairs = zip(frame["side"], frame["status"], strict=True)
    return [text(f"compare.side.{side or (status if status == 'too_few' else 'none')}") for side, status in pairs]


# --- one agent ---------------------------------------------------------------------------------------------------------------


def score_line(agent: str, text: Text) -> str:
    """An agent's score, grade, interval and rank; or why there is none."""
    card = scorecards.card()
    row = next((row for row in card.itertuples() if row.agent == agent), None)
    if row is None:
        reasons = views.ungraded(session.scores()).set_index("agent")["reason"]
        reason = scorecards.no_grade_reason(reasons[agent], text) if agent in reasons else "–"
        return text("compare.card.no_grade", reason=reason)
    facts = {name: scorecards.points(getattr(row, name), text) for name in ("score", "low", "high")}
    said = text("compare.card.score", grade=text(f"grades.grade.{row.grade}"), **facts)
    if not scorecards.ranked():
        return said
    return f"{said} · {text('compare.card.rank', rank=text.number(row.rank, 0), n=len(card))}"


def kpis(agent: str) -> Any:
    """Every KPI of one agent beside the shop's."""
    return views.against_shop(session.measured().agents, session.measured().shop, agent)


def kpi_sentence(raw: Any, text: Text) -> str:
    """Which KPIs can be told apart from the shop's."""
    found = views.differing(raw)
    told = found.rows
    by_chance = text("compare.card.of_chance", judged=found.judged, by_chance=text.number(found.by_chance))
    if told.empty:
        return f"{text('compare.card.differs_none')} {by_chance}"
    named = text("scores.control.comma").join(_differs(row, text) for row in told.head(MOST_NAMED).itertuples())
    if len(told) > MOST_NAMED:
        named = text("compare.card.and_more", list=named, n=len(told) - MOST_NAMED)
    return f"{text('compare.card.differs', n=len(told), list=named)} {by_chance}"


def _differs(row: Any, text: Text) -> str:
    return f"{widgets.metric_name(row.key, text, short=True)} {widgets.kpi_value(text, row.value, row.key)}"


def kpi_table(raw: Any, text: Text) -> Any:
    """Every KPI of one agent in words; what the log cannot give is left out."""
    there = raw[raw["reason"] != "missing_columns"]
    amounts = {
        name: [widgets.kpi_value(text, v, k) for v, k in zip(there[name], there["key"], strict=True)]
        for name in ("value", "low", "high", "shop")
    }
    ends = zip(amounts.pop("low"), amounts.pop("high"), strict=True)
    amounts["interval"] = ["–" if low == "–" else text("charts.interval", low=low, high=high) for low, high in ends]
    names = [parts.statistic_name(k, s, text) for k, s in zip(there["key"], there["statistic"], strict=True)]
    groups = [text(f"grades.group.{group}") for group in there["group"]]
    return there.assign(metric=names, **amounts, side=_sides(there, text), group=groups)[list(KPI_UNITS)]


def weekly_chart(agent: str, key: str, text: Text) -> Chart | None:
    """An agent's weeks with the fitted line; None without a whole week."""
    verdicts, weekly = session.trends(key, "agent")
    own = verdicts[verdicts["group"] == agent]
    frame = views.fitted(
        weekly[weekly["group"] == agent], float(own["slope_per_week"].iloc[0]) if len(own) else float("nan")
    )
    if frame.empty:
        return None
    name = parts.statistic_name(key, views.statistics_of(metric(key))[0], text)
    title = text("compare.chart.weekly", agent=agent, metric=name)
    return line_with_band(
        frame,
        Labels(text.language, title, y=name, note=text("compare.chart.weekly_note")),
        metric(key).unit,
        marks=session.annotations(),
    )


def talks(agent: str, text: Text) -> Any:
    """An agent's newest conversations as they are read; outcomes in words."""
    return talked(session.newest(agent), text)


def talked(conversations: Any, text: Text) -> Any:
    """Conversations as they are read; outcomes in words."""
    frame = views.readable(conversations)
    return frame.assign(outcome=[text(f"compare.outcome.{code}") for code in frame["outcome"]])


def everything() -> Any:
    """All KPIs of all agents, unrounded, for the file."""
    return session.measured().agents.frame()


def how_lines(text: Text) -> list[str]:
    """How intervals, chance and order come about."""
    return [text(f"compare.how.{part}") for part in ("interval", "chance", "order")]
