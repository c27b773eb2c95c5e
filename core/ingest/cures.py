"""The one-click cures of a line of the ledger: each is the choices to import with again.

Only cures that really change what the line is about are offered; a line that can be cured at its source alone has none. Their words
stand under ``ingest.cure.<code>``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from core.errors import Issue
from core.ingest.choices import Choices, FileChoice
from core.ingest.fill import WAYS, ways
from core.log import FileReport
from core.schema import table
from core.text import Text

SCALES = (
    (1.0, 5.0),
    (0.0, 5.0),
    (1.0, 10.0),
    (0.0, 10.0),
    (0.0, 100.0),
    (1.0, 3.0),
    (1.0, 4.0),
    (0.0, 1.0),
    (1.0, 7.0),
)
READINGS = ("mm:ss", "hh:mm", "%", "share", "1.000", "0.001")
UNITS = ("ms", "s", "min", "h", "day")
ENCODINGS = ("utf-8", "gb18030", "big5", "cp1252")
ZONES = (
    "UTC",
    "Asia/Shanghai",
    "America/New_York",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Tokyo",
)
"""Zones that exports are written in; the nearest to a suspected offset are offered."""
_NEAR_H = 3.0
_WINTER = dt.datetime(2024, 1, 15)


@dataclass(frozen=True)
class Cure:
    """One way out: its code, the facts its words need, and the choices to import with again."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    choices: Choices = field(default_factory=Choices)

    def words(self, text: Text) -> str:
        """What the button says.

        >>> Cure("keep_duplicates").words(Text("en"))
        'Keep equal rows'
        """
        facts = dict(self.facts)
        for name, room in (("order", "ingest.order"), ("unit", "ingest.unit"), ("way", "ingest.fill")):
            if name in facts:
                facts[name] = text(f"{room}.{facts[name]}")
        if "field" in facts:
            facts["field"] = text(f"schema.column.{facts['field']}.name")
        if "table" in facts:
            facts["table"] = text(f"schema.table.{facts['table']}.name")
        return text(f"ingest.cure.{self.code}", **facts)


Cures: TypeAlias = Iterator[Cure]
_ID = {"conversations": "conversation_id", "orders": "order_id"}
"""What makes rows of a table one thing: of equal rows under one id only one can count, whatever is chosen."""


def cures(issue: Issue, choices: Choices, report: FileReport | None = None) -> tuple[Cure, ...]:
    """The one-click cures of a ledger line, best first; empty where only the source can cure it.

    Args:
        issue: the line.
        choices: what the log was imported with; every cure keeps all of it but the one thing it changes.
        report: the report the line stands in; without it no column can be left out or taken for another field.

    >>> [cure.code for cure in cures(Issue("exact_duplicate_rows"), Choices())]
    ['keep_duplicates']
    >>> issue = Issue("ambiguous_date_order", file="a.csv", column="Date", facts={"order": "dmy", "options": "dmy/mdy"})
    >>> cures(issue, Choices())[0].choices.of("a.csv").orders
    {'Date': 'mdy'}
    """
    found = [cure for make in _CURES.get(issue.code, ()) for cure in make(issue, choices)]
    if issue.code == "ambiguous_date_order":
        found += _order(issue, choices, report)
    if report is not None and _ID.get(report.table) in {column.field for column in report.columns}:
        found = [cure for cure in found if cure.code != "keep_duplicates"]
    if report is not None and issue.column:
        found += _of_column(issue, choices, report)
    return tuple(cure for at, cure in enumerate(found) if cure.choices != choices and cure not in found[:at])


# ── by code ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _zone(issue: Issue, choices: Choices) -> Cures:
    """Stamps that say their zone show that the shop's is wrong; stamps that do not were written in another zone."""
    shift = float(issue.facts["shift"])
    if issue.facts.get("zoned"):
        for zone in _near(_offset(choices.zone) + shift):
            yield Cure("shop_zone", {"zone": zone}, replace(choices, zone=zone))
    else:
        for zone in _near(_offset(choices.zone) - shift):
            told = choices.about(issue.file, FileChoice(zones={"*": zone}))
            yield Cure("file_zone", {"zone": zone, "shop": choices.zone}, told)


def _column_zone(issue: Issue, choices: Choices) -> Cures:
    for zone in _near(_offset(choices.zone) - float(issue.facts["hours"])):
        told = choices.about(issue.file, FileChoice(zones={issue.column: zone}))
        yield Cure("column_zone", {"zone": zone, "column": issue.column}, told)


def _offset(zone: str) -> float:
    """Hours east of UTC in winter."""
    away = ZoneInfo(zone).utcoffset(_WINTER) or dt.timedelta()
    return away.total_seconds() / 3600


def _near(offset: float) -> list[str]:
    """Up to two usual zones near an offset, UTC first where it is as near as any.

    >>> _near(1.0), _near(8.5)
    (['Europe/Berlin', 'UTC'], ['Asia/Shanghai', 'Asia/Tokyo'])
    """
    away = {zone: abs((_offset(zone) - offset + 12) % 24 - 12) for zone in ZONES}
    return sorted((zone for zone in ZONES if away[zone] <= _NEAR_H), key=lambda zone: away[zone])[:2]


def _order(issue: Issue, choices: Choices, report: FileReport | None = None) -> Cures:
    """Other orders, for every column of the file that is as open: one export writes its dates in one order."""
    for order in _orders(issue):
        if order != issue.facts.get("order"):
            columns = [issue.column, *_as_open(issue, order, report)]
            told = choices.about(issue.file, FileChoice(orders=dict.fromkeys(columns, order)))
            yield Cure("date_order", {"order": order, "column": " / ".join(columns)}, told)


def _orders(issue: Issue) -> list[str]:
    return [order for order in str(issue.facts.get("options", "")).split("/") if order]


def _as_open(issue: Issue, order: str, report: FileReport | None) -> list[str]:
    """Other columns with the same question that allow the same order."""
    asked = [each for each in report.issues if each.code == issue.code == "ambiguous_date_order"] if report else []
    return [each.column for each in asked if each.column != issue.column and order in _orders(each)]


def _scale(issue: Issue, choices: Choices) -> Cures:
    """Other scales that hold the largest rating seen, the narrowest first."""
    seen = _figure(issue.facts.get("high")) or _figure(issue.value)
    fitting = sorted((scale for scale in SCALES if scale[1] >= (seen or 0)), key=lambda scale: scale[1])
    now = (_figure(issue.facts.get("low")), _figure(issue.facts.get("high")))
    for low, high in [scale for scale in fitting if scale != now][:3]:
        yield Cure("csat_scale", {"low": f"{low:g}", "high": f"{high:g}"}, replace(choices, csat_scale=(low, high)))


def _figure(value: Any) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _ratings_only(issue: Issue, choices: Choices) -> Cures:
    if issue.table in ("messages", "conversations") and issue.facts.get("field") == "csat":
        yield from _scale(issue, choices)


def _unit(issue: Issue, choices: Choices) -> Cures:
    """Other units of a duration: those the line names, else all."""
    named = str(issue.facts.get("units", "")).split("/")
    for unit in [each for each in named if each in (*UNITS, *READINGS)] or UNITS:
        if unit != issue.facts.get("unit"):
            told = choices.about(issue.file, FileChoice(units={issue.column: unit}))
            yield Cure("unit", {"unit": unit, "column": issue.column}, told)


def _bots(issue: Issue, choices: Choices, role: str = "agent") -> Cures:
    for name in issue.facts.get("bots", ()):
        told = replace(choices, roles={**choices.roles, str(name): role})
        yield Cure("is_person" if role == "agent" else "is_bot", {"name": str(name)}, told)


def _suspects(issue: Issue, choices: Choices) -> Cures:
    yield from _bots(issue, choices, "bot")


def _as_missing(issue: Issue, choices: Choices) -> Cures:
    said = issue.value or "0"
    kept = choices.of(issue.file).missing.get(issue.column, ())
    told = choices.about(issue.file, FileChoice(missing={issue.column: (*kept, said)}))
    yield Cure("as_missing", {"value": said, "column": issue.column}, told)


def _as_value(issue: Issue, choices: Choices) -> Cures:
    if issue.value and issue.facts.get("kind") in ("id", "category", "text"):
        kept = choices.of(issue.file).values.get(issue.column, ())
        told = choices.about(issue.file, FileChoice(values={issue.column: (*kept, issue.value)}))
        yield Cure("as_value", {"value": issue.value, "column": issue.column}, told)


def _encoding(issue: Issue, choices: Choices) -> Cures:
    likely = str(issue.facts.get("runner_up", ""))
    for encoding in dict.fromkeys((likely, *ENCODINGS)):
        if encoding not in ("", issue.value):
            told = choices.about(issue.file, FileChoice(encoding=encoding))
            yield Cure("encoding", {"encoding": encoding}, told)


def _unfill(issue: Issue, choices: Choices) -> Cures:
    name = str(issue.facts.get("field", ""))
    fewer = {key: way for key, way in choices.fill.items() if key != name}
    yield Cure("fill_off", {"field": name}, replace(choices, fill=fewer))
    for way in WAYS:
        if way in ways(issue.table, name):
            yield Cure("fill", {"field": name, "way": way}, replace(choices, fill={**choices.fill, name: way}))


_NAMED_ZONES = {
    "cst": ("Asia/Shanghai", "America/Chicago"), "ist": ("Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin"),
    "bst": ("Europe/London", "Asia/Dhaka"), "ast": ("America/Halifax", "Asia/Riyadh"),
}  # fmt: skip
"""Zones that share a name."""


def _named_zone(issue: Issue, choices: Choices) -> Cures:
    words = issue.value.lower().split()
    for zone in next((_NAMED_ZONES[word] for word in reversed(words) if word in _NAMED_ZONES), ()):
        told = choices.about(issue.file, FileChoice(zones={issue.column: zone}))
        yield Cure("column_zone", {"zone": zone, "column": issue.column}, told)


def _doubt(cure: str, code: str, way: str) -> Callable[[Issue, Choices], Cures]:
    def make(issue: Issue, choices: Choices) -> Cures:
        yield Cure(cure, {"column": issue.column}, choices.about(issue.file, FileChoice(doubts={code: way})))

    return make


def _units(issue: Issue, choices: Choices) -> Cures:
    """One unit for all columns that name none."""
    for unit in ("min", "ms", "s"):
        told = choices.about(issue.file, FileChoice(units=dict.fromkeys(issue.facts["columns"], unit)))
        yield Cure("units", {"unit": unit}, told)


def _read_as(issue: Issue, choices: Choices) -> Cures:
    """The readings of a file whose headings say nothing."""
    for each in issue.facts.get("readings", ()):
        table, field, column = each["table"], each["field"], each["column"]
        told = choices.about(issue.file, FileChoice(table=table, columns={column: field} if field else {}))
        yield Cure("read_field", {"column": column, "field": field}, told) if field else Cure("read_table", {"table": table}, told)


def _switch(code: str, **change: Any) -> Callable[[Issue, Choices], Cures]:
    def make(issue: Issue, choices: Choices) -> Cures:
        yield Cure(code, {}, replace(choices, **change))

    return make


_CURES: Mapping[str, tuple[Callable[[Issue, Choices], Cures], ...]] = {
    "zone_doubtful": (_zone,),
    "zones_differ": (_column_zone,),
    "date_order_from_other_column": (_order,),
    "csat_scale": (_scale,),
    "scale_doubtful": (_scale,),
    "out_of_range": (_ratings_only,),
    "clock_doubtful": (_unit,),
    "share_doubtful": (_unit,),
    "points_doubtful": (_unit,),
    "unit_from_stamps": (_unit,),
    "bot_found": (_bots,),
    "bot_suspected": (_suspects,),
    "many_zeros": (_as_missing,),
    "placeholder": (_as_value,),
    "exact_duplicate_rows": (_switch("keep_duplicates", keep_duplicates=True),),
    "possible_duplicates": (_switch("drop_duplicates", drop_duplicates=True),),
    "summary_row": (_switch("keep_summaries", keep_summaries=True),),
    "canned_greeting": (_switch("greetings_off", greetings=False),),
    "filled": (_unfill,),
    "zone_name_open": (_named_zone,),
    "half_turned_dates": (
        _doubt("turn_dates", "half_turned_dates", "turn"), _doubt("drop_turned", "half_turned_dates", "missing"),
        _doubt("keep_turned", "half_turned_dates", "keep"),
    ),
    "far_from_rest": (_doubt("keep_far", "far_from_rest", "keep"),),
    "unit_assumed": (_units,),
    "content_table": (_read_as,),
    "content_column": (_read_as,),
    "content_field": (_read_as,),
    "encoding_doubtful": (_encoding,),
    "broken_characters": (_encoding,),
}


# ── of a column ──────────────────────────────────────────────────────────────────────────────────────────────────────

_ABOUT_MEANING = frozenset((
    "matched_by_values", "unknown_value", "out_of_range", "id_is_no_key", "conflicting_conversation_values", "many_zeros", "csat_words",
    "zones_differ", "reply_before_start", "closed_before_start", "value_of_unanswered", "bad_date", "ids_lost_digits", "clock_doubtful",
    "share_doubtful", "points_doubtful", "unit_from_stamps",
    "csat_scale", "scale_doubtful",
))  # fmt: skip
"""Lines that may come from a column taken for something it is not."""
_LEAVES_HOLES = frozenset(("placeholder", "unknown_value", "out_of_range", "many_zeros"))


def _of_column(issue: Issue, choices: Choices, report: FileReport) -> Cures:
    found = next((each for each in report.columns if each.name == issue.column), None)
    if found is None or not found.field:
        return
    if issue.code in _ABOUT_MEANING:
        if found.runner_up:
            told = choices.about(issue.file, FileChoice(columns={issue.column: found.runner_up}))
            yield Cure("other_field", {"column": issue.column, "field": found.runner_up}, told)
        if not _needed(report, found.field):
            told = choices.about(issue.file, FileChoice(columns={issue.column: ""}))
            yield Cure("ignore_column", {"column": issue.column}, told)
    if issue.code in _LEAVES_HOLES and found.field not in choices.fill:
        for way in ways(report.table, found.field):
            told = replace(choices, fill={**choices.fill, found.field: way})
            yield Cure("fill", {"field": found.field, "way": way}, told)


def _needed(report: FileReport, field: str) -> bool:
    """Whether the table cannot be without this column: nothing else in the file fulfils the same need."""
    present = {column.field for column in report.columns}
    return any(field in need and len(present.intersection(need)) == 1 for need in table(report.table).needs)
