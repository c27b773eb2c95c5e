"""Knobs declared once, and the frozen Scenario they make.

A knob's key is also its name in the link and in the scenario file. Slider, validation, help and command line are derived from the
declaration; its words stand in ``locales/<lang>/knobs.toml`` (metric knobs are named after their metric).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from core.errors import Issue, ScenarioError, did_you_mean
from core.metrics import GROUP_WEIGHTS, GROUPS, SCORED, Anchors, Metric
from core.rules import RULE_SETS, rule_set

VERSION = 1
PERIODS = ("all", "7d", "28d", "week", "month", "custom")
# What a service level is a share of: four meanings are in use.
MEANINGS = (
    "answered_within_t_of_offered", "answered_within_t_of_answered", "virtual_wait_le_t", "sl_excl_short_abandons",
)  # fmt: skip
LEVELS = ("none", "language", "channel", "category", "shift")
DIMENSIONS = ("team", "agent", "channel", "language", "category", "shift")


@dataclass(frozen=True)
class Knob:
    """One thing a user can turn.

    Args:
        key: name in session, link and file.
        kind: ``number``, ``choice`` (one of options), ``choices`` (any of the log's values), ``date``, ``flag`` or ``spans`` (dates and
            spans of dates, see `spans`).
        default: value when the link says nothing.
        low, high, step: bounds of a number.
        unit: unit of a number, as in the catalogue.
        room: where it is shown: ``period``, ``filter``, ``facts``, ``rules``, ``group_weight``, ``weight``, ``anchor``, ``band``,
            ``staffing``, ``trend``, ``calendar`` (days that are not usual) or ``live``.
        options: codes of a choice.
        metric: key of the metric it belongs to, if any.
    """

    key: str
    kind: str
    default: Any
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    unit: str = ""
    room: str = ""
    options: tuple[str, ...] = ()
    metric: str = ""

    def check(self, value: Any) -> Any:
        """The value in the knob's type, or a `ScenarioError` that names the knob, the value and what is allowed.

        >>> KNOBS["w_quality"].check("50")
        50.0
        """
        try:
            checked = _CHECKS[self.kind](self, value)
        except (TypeError, ValueError) as error:
            raise self._refusal(value) from error
        if checked is _REFUSED:
            raise self._refusal(value)
        return checked

    def _refusal(self, value: Any) -> ScenarioError:
        known = _ALLOWED | {"choice": ", ".join(self.options)}
        allowed = known.get(self.kind, f"{self.low:g} – {self.high:g}")
        return ScenarioError(Issue("bad_knob", "error", value=str(value), facts={"knob": self.key, "allowed": allowed}))


_REFUSED = object()
_ALLOWED = {"date": "YYYY-MM-DD", "flag": "true, false", "spans": "YYYY-MM-DD, YYYY-MM-DD..YYYY-MM-DD"}


def _number(knob: Knob, value: Any) -> Any:
    number = float(value)
    return number if math.isfinite(number) and knob.low <= number <= knob.high else _REFUSED


def _choice(knob: Knob, value: Any) -> Any:
    return str(value) if str(value) in knob.options else _REFUSED


def _choices(knob: Knob, value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(str(item) for item in value)


def _date(knob: Knob, value: Any) -> Any:
    if value in (None, ""):
        return None
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _flag(knob: Knob, value: Any) -> Any:
    return (
        value
        if isinstance(value, bool)
        else {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower(), _REFUSED)
    )


def spans(words: str) -> tuple[tuple[date, date], ...]:
    """First and last day, both included, of dates and spans of dates set apart by blanks or commas.

    Raises:
        ValueError: not a date, an end before its start, or a span of more than a year.

    >>> spans("2026-12-12, 2026-11-01..2026-11-11")[1][1]
    datetime.date(2026, 11, 11)
    """
    found = []
    for word in (each for each in re.split(r"[\s,，;；、]+", words) if each):
        start, _, end = word.partition("..")
        first, last = date.fromisoformat(start), date.fromisoformat(end or start)
        if not 0 <= (last - first).days <= _YEAR:
            raise ValueError(f"{word}, must end on or after its start and be at most a year.")
        found.append((first, last))
    return tuple(found)


_YEAR = 366


def _spans(knob: Knob, value: Any) -> Any:
    words = ((first.isoformat(), last.isoformat()) for first, last in spans(str(value or "")))
    return " ".join(first if first == last else f"{first}..{last}" for first, last in words)


_CHECKS = {"spans": _spans, "number": _number, "choice": _choice, "choices": _choices, "date": _date, "flag": _flag}


def _metric_knobs(metric: Metric) -> list[Knob]:
    anchors = metric.anchors or Anchors(0, 0, 0)
    bounds: dict[str, Any] = {
        "low": metric.low,
        "high": metric.high,
        "step": metric.step,
        "unit": metric.unit,
        "metric": metric.key,
    }
    points = (("target", anchors.target), ("pass", anchors.passing), ("floor", anchors.floor))
    weight = Knob(f"w_{metric.key}", "number", metric.weight, 0, 100, 1, "weight", "weight", metric=metric.key)
    return [weight] + [
        Knob(f"{name}_{metric.key}", "number", default, room="anchor", **bounds) for name, default in points
    ]


def _live_knobs() -> list[Knob]:
    """How often the live board looks, what it looks at, and where its lamps light; 0 switches a level off."""
    number, room = "number", "live"
    levels = {
        "waiting": (5, 10, 500, 1, "count"), "longest_wait": (120, 300, 86_400, 10, "seconds"),
        "first_response": (60, 180, 86_400, 5, "seconds"), "within": (0.8, 0.6, 1, 0.01, "share"),
        "busy": (1.5, 2, 20, 0.1, "ratio"), "satisfaction": (0.8, 0.7, 1, 0.01, "share"),
    }  # fmt: skip
    return [
        Knob("live_every_s", number, 5, 2, 300, 1, "seconds", room),
        Knob("live_window_min", number, 60, 5, 480, 5, "minutes", room),
        Knob("live_give_up_h", number, 2, 0.25, 48, 0.25, "hours", room),
        Knob("live_min_n", number, 5, 1, 100, 1, "count", room),
        Knob("live_stale", number, 60, 2, 1000, 1, "count", room),
        Knob("live_looks", number, 2, 1, 20, 1, "count", room),
        Knob("live_band", number, 0.2, 0.02, 0.9, 0.01, "share", room),
        *(
            Knob(f"{level}_{key}", number, starts[at], 0, starts[2], starts[3], starts[4], room)
            for key, starts in levels.items()
            for at, level in enumerate(("warn", "alarm"))
        ),
    ]  # fmt: skip


def _declare() -> dict[str, Knob]:
    number = "number"
    knobs = [
        Knob("period", "choice", "all", room="period", options=PERIODS),
        Knob("from", "date", None, room="period"),
        Knob("to", "date", None, room="period"),
        Knob("week_start", "choice", "monday", room="period", options=("monday", "sunday")),
        *(Knob(f"in_{name}", "choices", (), room="filter") for name in DIMENSIONS),
        Knob("gap_h", number, 24, 0.1, 168, 0.1, "hours", "facts"),
        Knob("rules", "choice", RULE_SETS[0].key, room="rules", options=tuple(rule.key for rule in RULE_SETS)),
        Knob("window_h", number, 0, 0, 168, 1, "hours", "rules"),
        Knob("within_s", number, 30, 1, 86400, 1, "seconds", "rules"),
        Knob("fcr_rule", "choice", "no_repeat", room="rules",
             options=("no_repeat", "customer_says", "one_reply", "closed_once", "resolved_15min")),
        Knob("fcr_h", number, 168, 1, 720, 1, "hours", "rules"),
        Knob("repeat_d", number, 7, 1, 30, 1, "days", "rules"),
        Knob("repeat_same_issue", "flag", False, room="rules"),
        Knob("owner", "choice", "auto", room="rules", options=("auto", "first", "last", "most")),
        Knob("conversion_d", number, 3, 1, 30, 1, "days", "rules"),
        *(Knob(f"w_{group}", number, GROUP_WEIGHTS[group], 0, 100, 1, "weight", "group_weight") for group in GROUPS),
        *(knob for metric in SCORED for knob in _metric_knobs(metric)),
        Knob("level_by", "choice", LEVELS[0], room="anchor", options=LEVELS),
        Knob("band_a", number, 90, 0, 100, 0.5, "points", "band"),
        Knob("band_b", number, 75, 0, 100, 0.5, "points", "band"),
        Knob("band_c", number, 60, 0, 100, 0.5, "points", "band"),
        Knob("min_conversations", number, 20, 0, 500, 1, "count", "band"),
        Knob("team_share", number, 0, 0, 100, 5, "percent", "band"),
        Knob("slot_min", "choice", "60", room="staffing", options=("15", "30", "60")),
        Knob("sl_target", number, 0.8, 0.5, 0.99, 0.01, "share", "staffing"),
        Knob("sl_s", number, 60, 5, 600, 5, "seconds", "staffing"),
        Knob("max_occupancy", number, 0.85, 0.5, 1.0, 0.01, "share", "staffing"),
        Knob("shrinkage", number, 0.0, 0.0, 0.6, 0.01, "share", "staffing"),
        Knob("max_concurrency", number, 3, 1, 8, 1, "count", "staffing"),
        Knob("patience_s", number, 0, 0, 3600, 10, "seconds", "staffing"),
        Knob("sl_meaning", "choice", MEANINGS[0], room="staffing", options=MEANINGS),
        Knob("wage", number, 0, 0, 1000, 0.5, "money", "staffing"),
        Knob("margin", number, 0.10, 0.0, 0.5, 0.01, "share", "trend"),
        Knob("promotions", "spans", "", room="calendar"),
        Knob("countries", "choices", (), room="calendar"),
        *_live_knobs(),
    ]  # fmt: skip
    return {knob.key: knob for knob in knobs}


KNOBS: dict[str, Knob] = _declare()


@dataclass(frozen=True)
class Scenario:
    """Everything a user decided; only what differs from the defaults is kept.

    >>> Scenario.of({"w_quality": 50}).get("w_quality")
    50.0
    >>> Scenario.of({}).get("band_a")
    90
    """

    changed: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Scenario:
        """A scenario from knob values; unknown keys and values out of bounds are refused, never clamped."""
        unknown = [key for key in values if key not in KNOBS]
        if unknown:
            facts = {"hint": did_you_mean(unknown[0], KNOBS)}
            raise ScenarioError(Issue("unknown_knob", "error", value=unknown[0], facts=facts))
        checked = {key: KNOBS[key].check(value) for key, value in values.items()}
        return cls({key: value for key, value in sorted(checked.items()) if value != KNOBS[key].default})

    def get(self, key: str) -> Any:
        """A knob's value: what the user set, else the default."""
        return self.changed.get(key, KNOBS[key].default)

    def to_dict(self) -> dict[str, Any]:
        """Plain values with the version, for a YAML or JSON file."""
        values = {key: _plain(value) for key, value in self.changed.items()}
        return {"version": VERSION, "knobs": values}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Scenario:
        """The scenario of a file written by `to_dict`."""
        if (
            not isinstance(data, Mapping)
            or data.get("version") != VERSION
            or not isinstance(data.get("knobs", {}), Mapping)
        ):
            version = data.get("version") if isinstance(data, Mapping) else data
            raise ScenarioError(Issue("bad_scenario_file", "error", value=str(version), facts={"known": str(VERSION)}))
        return cls.of(data.get("knobs", {}))

    @property
    def key(self) -> tuple[tuple[str, Any], ...]:
        """A hashable identity for caches."""
        return tuple(
            sorted((key, tuple(value) if isinstance(value, list) else value) for key, value in self.changed.items())
        )

    def part(self, *rooms: str) -> Scenario:
        """The scenario with only the knobs of some rooms: what a cached step depends on."""
        return Scenario({key: value for key, value in self.changed.items() if KNOBS[key].room in rooms})

    @property
    def window_ms(self) -> int:
        """Response window in ms: the window knob when set, else the rule set's own."""
        hours = self.get("window_h") or rule_set(self.get("rules")).window_h
        return int(hours * 3_600_000)

    def anchors(self, metric: Metric) -> Anchors:
        """Target, pass and floor of a scored metric; strictly ordered in its direction or refused."""
        found = Anchors(*(float(self.get(f"{name}_{metric.key}")) for name in ("target", "pass", "floor")))
        if not ordered(found, metric.better):
            facts = {"knob": metric.key, "target": found.target, "passing": found.passing, "floor": found.floor}
            raise ScenarioError(Issue("anchors_out_of_order", "error", value=metric.key, facts=facts))
        return found

    def bands(self) -> dict[str, float]:
        """Lower ends of A, B and C; strictly falling or refused."""
        bands = {name.upper(): float(self.get(f"band_{name}")) for name in "abc"}
        if not bands["A"] > bands["B"] > bands["C"]:
            raise ScenarioError(Issue("bands_out_of_order", "error", facts=dict(bands)))
        return bands

    def dates(self) -> tuple[date | None, date | None]:
        """From and to of a custom period; a period that ends before it starts is refused."""
        start, end = self.get("from"), self.get("to")
        if start and end and start > end:
            raise ScenarioError(
                Issue("period_backwards", "error", facts={"from": start.isoformat(), "to": end.isoformat()})
            )
        return start, end

    def problems(self) -> tuple[Issue, ...]:
        """Everything that makes the scenario unusable, as issues; empty when it is fine."""
        found = []
        checks: list[Callable[[], object]] = [
            self.dates,
            self.bands,
            *(partial(self.anchors, metric) for metric in SCORED),
        ]
        for check in checks:
            try:
                check()
            except ScenarioError as error:
                found.append(error.issue)
        return tuple(found)


def ordered(anchors: Anchors, better: int) -> bool:
    """Whether target, pass and floor are strictly ordered in the KPI's direction.

    >>> ordered(Anchors(30, 120, 600), -1), ordered(Anchors(30, 120, 120), -1)
    (True, False)
    """
    return (anchors.target - anchors.passing) * better > 0 and (anchors.passing - anchors.floor) * better > 0


def written(value: Any) -> list[str]:
    """A knob's value as a link has it; `Knob.check` reads it back as the very same value.

    >>> written(30.0), written(1 / 3), written(("South", "North"))
    (['30'], ['0.3333333333333333'], ['South', 'North'])
    """
    if isinstance(value, (tuple, list)):
        return [str(item) for item in value]
    if isinstance(value, float):
        short = f"{value:g}"
        return [short if float(short) == value else repr(value)]
    return [value.isoformat() if isinstance(value, date) else str(value)]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
