"""Charts, tables and sentences of the Trends page and of the weekday question. Nothing is computed here, only picked and worded."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

from core import views
from core.board import senses
from core.charts import Chart, Labels, line_with_band, small_multiples
from core.charts.verdicts import room_for, toned
from core.closeup import fanned, second_line
from core.effects import WeekdayRules
from core.metrics import metric
from core.recompute import trend_margin
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _widgets as widgets

UNITS = {
    "group": "", "verdict": "", "slope": "", "interval": "", "change": "", "p": "p", "p_adjusted": "p",
    "n_weeks": "count", "n": "count", "reason": "",
}  # fmt: skip
DAY_UNITS = {
    "weekday": "", "verdict": "", "ratio": "ratio", "interval": "", "p_adjusted": "p", "n_days": "count", "mean": "",
}  # fmt: skip
TOLD = ("evidence", "strong_evidence")


def p_value(p: float, text: Text) -> str:
    """A p-value as it is read after the letter: with its sign."""
    if not widgets.known(p):
        return "–"
    return "< 0.0001" if p < 0.0001 else f"= {text.number(p, 4 if p < 0.01 else 3 if p < 0.1 else 2)}"


def groupings() -> list[str]:
    """What trends can be split by in this log."""
    named = [by for by in ("agent", "team", "channel", "language", "category", "shift") if session.values_of(by)]
    return [*named, "shop"]


def group_name(group: str, by: str, text: Text) -> str:
    """A group's name; the shop in words."""
    return text("effects.by.shop") if by == "shop" else parts.member(group, text)


def margin_words(key: str, text: Text) -> str:
    """The margin in the terms it is applied in."""
    margin, relative = trend_margin(metric(key), session.scenario())
    return parts.whole_share(margin, text) if relative else widgets.signed(metric(key), margin, text).lstrip("+")


def change_words(value: float, key: str, text: Text) -> str:
    """A change over the whole period: relative, or in the KPI's unit for shares and points."""
    if trend_margin(metric(key), session.scenario())[1]:
        return f"{'+' if value > 0 else ''}{text.share(value)}" if widgets.known(value) else "–"
    return widgets.signed(metric(key), value, text)


def family_sentence(verdicts: Any, text: Text) -> str:
    """How many trends pass, and how many would by chance."""
    found = views.passed(verdicts)
    if not found.family:
        return text("effects.sentence.none_judged")
    facts = {
        "family": found.family,
        "passed": found.passed,
        "raw": found.raw,
        "by_chance": text.number(found.by_chance),
    }
    told = text("effects.sentence.passed", **facts)
    left = found.groups - found.family
    return f"{told} {text('effects.sentence.not_judged', n=left)}" if left else told


def verdict_sentence(row: Any, key: str, by: str, text: Text) -> str:
    """One group's trend in the words fixed for its verdict, with slope, interval, n, p and the family."""
    what = f"{group_name(row.group, by, text)} · {parts.statistic_name(key, row.statistic, text)}"
    facts = {name: widgets.signed(metric(key), value, text) for name, value in _slopes(row).items()}
    facts |= {"what": what, "weeks": int(row.n_weeks), "n": text.number(row.n, 0), "family": int(row.family)}
    code = row.verdict if row.verdict != "not_enough_data" else _preliminary(row)
    lines = [text(f"trends.verdict.{code}", p=p_value(row.p_adjusted, text), **facts)]
    if row.verdict in TOLD and row.below_margin:
        lines.append(text("trends.verdict.small"))
    if row.reason:
        lines.append(text("effects.sentence.reason", reason=text(f"trends.reasons.{row.reason}")))
    return f"{' '.join(lines)}  \n:gray[{_evidence(row, key, text)}]"


def _preliminary(row: Any) -> str:
    """What is told where there are too few weeks: slope and interval, the slope alone, or neither."""
    if not widgets.known(row.slope_per_week):
        return "no_slope"
    return "not_enough_data" if widgets.known(row.low) else "no_interval"


def _slopes(row: Any) -> dict[str, float]:
    return {"slope": row.slope_per_week, "low": row.low, "high": row.high}


def _evidence(row: Any, key: str, text: Text) -> str:
    if not widgets.known(row.change_low) or row.verdict == "not_enough_data":
        return ""
    facts = {"change": row.change, "low": row.change_low, "high": row.change_high}
    worded = {name: change_words(value, key, text) for name, value in facts.items()}
    base = text("effects.sentence.base") if trend_margin(metric(key), session.scenario())[1] else ""
    change = text("effects.sentence.change", margin=margin_words(key, text), base=base, **worded)
    if not widgets.known(row.p):
        return change
    ps = {"weekly": row.p_weekly, "blocked": row.p_blocked, "adjusted": row.p_adjusted}
    return f"{change} {text('effects.sentence.p', **{name: p_value(p, text) for name, p in ps.items()})}"


def chart(row: Any, weekly: Any, key: str, by: str, text: Text, *, second: float | None = None) -> Chart:
    """A group's weeks with their intervals, the Theil–Sen line with its band, the margin, and where given the second line's slope."""
    frame = views.fitted(weekly[weekly["group"] == row.group], row.slope_per_week)
    frame = fanned(frame, row, *trend_margin(metric(key), session.scenario()))
    frame = frame if second is None else second_line(frame, second)
    name = parts.statistic_name(key, row.statistic, text)
    slope = widgets.signed(metric(key), row.slope_per_week, text)
    note = text("effects.chart.note", slope=slope) if "fit" in frame else text("effects.chart.note_flat")
    title = text("effects.chart.title", group=group_name(row.group, by, text), metric=name)
    labels = Labels(text.language, title, y=name, note=f"{note} · {widgets.period_line(text)}")
    return line_with_band(frame, labels, metric(key).unit, 320, session.annotations())


def everyone(verdicts: Any, weekly: Any, key: str, by: str, text: Text) -> Chart:
    """Every group's weeks and line in a small picture, those that say most first, all on one scale."""
    weeks = weekly["week"].nunique()
    frame, left = views.everyone(verdicts, weekly, room_for(weeks))
    tones = dict(zip(verdicts["group"], toned(verdicts.assign(sense=senses(verdicts)))["tone"], strict=True))
    names = {group: group_name(group, by, text) for group in frame["group"].unique()}
    frame = frame.assign(group=frame["group"].map(names), tone=frame["group"].map(tones))
    facts = {"metric": parts.statistic_name(key, verdicts["statistic"].iloc[0], text)}
    note = text("board.small.note") + (f" · {text('board.chart.left', n=left)}" if left else "")
    title = text("board.small.title", **facts)
    labels = Labels(text.language, title, y=facts["metric"], note=f"{note} · {widgets.period_line(text)}")
    return small_multiples(frame, labels, metric(key).unit)


def dated(frame: Any, unit: str) -> Any:
    """Day or week values with their date for reading."""
    start = 0 if session.scenario().get("week_start") == "monday" else 6
    return views.dated(frame, "week" if unit == "weeks" else "local_day", start)


def table(verdicts: Any, key: str, by: str, text: Text) -> Any:
    """All verdicts in words, those that say most first."""
    read = partial(_signed, key=key, text=text)
    words = {
        "group": [group_name(group, by, text) for group in verdicts["group"]],
        "verdict": [_verdict(row, text) for row in verdicts.itertuples()],
        "slope": [read(value) for value in verdicts["slope_per_week"]],
        "change": [change_words(v, key, text) for v in verdicts["change"].where(verdicts["verdict"] != "not_enough_data")],
        "reason": [text(f"trends.reasons.{reason}") if reason else "" for reason in verdicts["reason"]],
    }
    ends = parts.interval(verdicts["low"], verdicts["high"], read, text)
    return verdicts.assign(**words, interval=ends)[list(UNITS)]


def _signed(value: float, key: str, text: Text) -> str:
    return widgets.signed(metric(key), value, text)


def _verdict(row: Any, text: Text) -> str:
    word = text(f"verdicts.names.{row.verdict}")
    told = row.direction if row.verdict in (*TOLD, "some_evidence") else "none"
    return text(f"effects.direction.{told}", verdict=word)


def how_lines(verdicts: Any, key: str, text: Text) -> list[str]:
    """Tests, weeks and margin behind the verdicts."""
    family = views.passed(verdicts).family
    facts = {"margin": margin_words(key, text)}
    return [text("trends.method.trend", family=family), text("effects.how.weeks"), text("effects.how.margin", **facts)]


# --- weekdays ----------------------------------------------------------------------------------------------------------------


def weekday_sentence(finding: Any, key: str, text: Text) -> str:
    """Whether a weekday differs, by how much, how sure; the day that says most when none is named."""
    days = list(finding.named) or [views.likeliest(finding.weekdays)]
    if days == [-1]:
        return text("effects.weekday.nothing")
    return "  \n".join(_weekday(finding, day, key, text) for day in days)


def asked_sentence(seen: Any, key: str, text: Text) -> str:
    """A weekday that was chosen beforehand: one test, a family of one."""
    return _told_weekday(SimpleNamespace(**seen.asked), 1, key, text)


def _weekday(finding: Any, day: int, key: str, text: Text) -> str:
    row = next(row for row in finding.weekdays.itertuples() if row.weekday == day)
    return _told_weekday(row, finding.family, key, text)


def _told_weekday(row: Any, family: int, key: str, text: Text) -> str:
    ratios = {"ratio": row.ratio_to_rest, "low": row.low, "high": row.high}
    facts = {name: text.number(value, 2) for name, value in ratios.items()}
    facts |= {"what": widgets.metric_name(key, text), "day": day_name(int(row.weekday), text), "n_days": int(row.n_days)}
    facts |= {"p": p_value(row.p_adjusted, text), "family": family, "days_min": WeekdayRules().days_min}
    told = text(f"trends.weekday.{row.verdict}", **facts)
    if row.verdict == "some_evidence":
        return f"{told} {text('effects.weekday.blur')}"
    if row.verdict in TOLD:
        told = f"{told} {text('trends.weekday.superiority', day=facts['day'], share=text.share(row.superiority, 0))}"
        apart = {"difference": row.difference, "low": row.difference_low, "high": row.difference_high}
        return f"{told} {text('effects.weekday.apart', **{name: widgets.signed(metric(key), v, text) for name, v in apart.items()})}"
    return told


def day_name(day: int, text: Text) -> str:
    """A weekday in words."""
    return text(f"pages.weekday.{day}")


def driver_sentence(drivers: Any, text: Text) -> str:
    """What else differs on the named day; empty when no day is named."""
    told = drivers[drivers["ratio"].notna()] if len(drivers) else drivers
    if not len(told):
        return ""
    named = text("scores.control.comma").join(_driver(row, text) for row in told.itertuples())
    return f"{text('effects.weekday.drivers', list=named)} {text('effects.weekday.drivers_note')}"


def _driver(row: Any, text: Text) -> str:
    facts = {"driver": text(f"effects.driver.{row.driver}"), "ratio": text.number(row.ratio, 2)}
    return text("effects.weekday.driver", verdict=text(f"verdicts.names.{row.verdict}"), **facts)


def omnibus(finding: Any, text: Text) -> str:
    """The test of "do weekdays differ at all", and the method of the single days."""
    facts = {"weeks": finding.n_weeks, "complete": finding.complete_weeks, "p": p_value(finding.p, text)}
    line = text("effects.weekday.omnibus", test=text(f"trends.tests.{finding.test}"), **facts)
    return f"{line} {text('trends.method.weekday', family=finding.family)}"


def weekday_chart(finding: Any, days: Any, text: Text, asked: int = -1) -> Chart | None:
    """How the day that was asked for, else the one that says most, stood to the others, week by week."""
    day = asked if asked >= 0 else (list(finding.named) or [views.likeliest(finding.weekdays)])[0]
    if day < 0:
        return None
    start = 0 if session.scenario().get("week_start") == "monday" else 6
    frame = views.weekday_by_week(days, day, start).assign(even=1.0)
    words = {"day": day_name(day, text)}
    note = text("effects.weekday.by_week_note", **words)
    labels = Labels(
        text.language, text("effects.weekday.by_week", **words), y=text("effects.weekday.by_week_axis"), note=note
    )
    return line_with_band(frame, labels, "ratio", 240, session.annotations())


def weekday_table(finding: Any, key: str, text: Text) -> Any:
    """All seven weekdays in words."""
    frame = finding.weekdays.rename(columns={"ratio_to_rest": "ratio"})
    words = {
        "weekday": [day_name(int(day), text) for day in frame["weekday"]],
        "verdict": [text(f"verdicts.names.{code}") for code in frame["verdict"]],
        "mean": [widgets.kpi_value(text, value, key) for value in frame["mean"]],
        "interval": parts.interval(frame["low"], frame["high"], partial(text.number, decimals=2), text),
    }
    return frame.assign(**words)[list(DAY_UNITS)]
