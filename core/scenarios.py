"""Named scenarios: presets to start from, what differs between two, a book of them with the seasons in which each applies, as a file.

The file is YAML with a version::

    version: 1
    scenarios:
      everyday: {w_quality: 40}
      double eleven: {w_efficiency: 50, w_quality: 30, w_business: 20}
    seasons:
      - {scenario: everyday, from: 2026-01-01}
      - {scenario: double eleven, from: 11-01, to: 11-12}
    annotations:
      - {date: 2026-04-27, name: re-rostering}
    pilots:
      - {name: training, metric: first_response, date: 2026-04-27, end: 2026-05-24, agents: [Lin Xiao], direction: lower, margin: 0.1}

A season's dates are whole (valid once) or month and day (every year, also across the new year); without ``to`` it lasts. Where seasons
overlap the later line wins, so a list of dated changes is a history of the weights. Annotations are named days for the charts
(`core.annotations`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from core.annotations import Annotation
from core.changes import Pilot
from core.errors import Issue, ScenarioError, did_you_mean
from core.scenario import KNOBS, VERSION, Scenario

CAUSES = ("weight", "target", "band", "minimum", "team", "rule", "period", "filter", "facts")
"""Kinds of decision that can move a score or a grade."""
_CAUSE_OF_ROOM = {
    "group_weight": "weight", "weight": "weight", "anchor": "target", "band": "band",
    "rules": "rule", "period": "period", "filter": "filter", "facts": "facts",
}  # fmt: skip
_CAUSE_OF_KNOB = {"min_conversations": "minimum", "team_share": "team"}
_FILE = Path(__file__).parent / "scenarios.toml"
_EVERY_YEAR = re.compile(r"\d{1,2}-\d{1,2}")
_LEAP_YEAR = 2000


def cause_of(key: str) -> str:
    """Which kind of decision a knob belongs to; empty for knobs that move no score.

    >>> cause_of("w_quality"), cause_of("team_share"), cause_of("margin")
    ('weight', 'team', '')
    """
    return _CAUSE_OF_KNOB.get(key) or _CAUSE_OF_ROOM.get(KNOBS[key].room, "")


@dataclass(frozen=True)
class Change:
    """One knob that two scenarios set differently, with both values and the kind of decision (see `CAUSES`)."""

    knob: str
    cause: str
    a: Any
    b: Any


def diff(a: Scenario, b: Scenario) -> tuple[Change, ...]:
    """What differs from ``a`` to ``b``, in the order in which the knobs are declared; empty when nothing does.

    >>> diff(Scenario(), Scenario.of({"band_a": 85, "w_quality": 50}))
    (Change(knob='w_quality', cause='weight', a=40.0, b=50.0), Change(knob='band_a', cause='band', a=90, b=85.0))
    """
    return tuple(Change(key, cause_of(key), a.get(key), b.get(key)) for key in KNOBS if a.get(key) != b.get(key))


@cache
def presets() -> Mapping[str, Scenario]:
    """The scenarios to start from, by code; words stand in ``locales/<lang>/whatif.toml`` under ``preset``.

    >>> presets()["small_team"].get("w_business")
    0.0
    """
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {name: Scenario.of(found["knobs"]) for name, found in data.items()}


def weighted_by(preset: Scenario, scenario: Scenario) -> Scenario:
    """A scenario with the preset's weights; period, filters, rules, targets and bands stay.

    >>> weighted_by(presets()["equal"], Scenario.of({"band_a": 85, "w_quality": 90})).get("w_quality"), KNOBS["band_a"].default
    (40.0, 90)
    """
    kept = {key: value for key, value in scenario.changed.items() if cause_of(key) != "weight"}
    return Scenario(dict(sorted((kept | dict(preset.changed)).items())))


# --- seasons -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Season:
    """When a scenario of the book applies: from ``start`` to ``end``, both included.

    Args:
        scenario: its name in the book.
        start, end: ``YYYY-MM-DD`` or, for every year, ``MM-DD``; an empty end lasts.
    """

    scenario: str
    start: str
    end: str = ""

    def __post_init__(self) -> None:
        yearly = {bool(_EVERY_YEAR.fullmatch(edge)) for edge in (self.start, self.end) if edge}
        try:
            dates = [_edge(edge) for edge in (self.start, self.end) if edge]
        except ValueError as error:
            raise self._refusal() from error
        backwards = yearly == {False} and dates != sorted(dates)
        if not self.start or len(yearly) > 1 or backwards or (yearly == {True} and not self.end):
            raise self._refusal()

    def _refusal(self) -> ScenarioError:
        facts = {"start": self.start, "end": self.end}
        return ScenarioError(Issue("bad_season", "error", value=self.scenario, facts=facts))

    def holds(self, day: date) -> bool:
        """Whether the season covers a day.

        >>> Season("year's end", "12-25", "01-05").holds(date(2027, 1, 3))
        True
        """
        if not _EVERY_YEAR.fullmatch(self.start):
            return _edge(self.start) <= day and (not self.end or day <= _edge(self.end))
        start, end, at = ((one.month, one.day) for one in (_edge(self.start), _edge(self.end), day))
        return start <= at <= end if start <= end else at >= start or at <= end


def _edge(text: str) -> date:
    if _EVERY_YEAR.fullmatch(text):
        month, day = text.split("-")
        return date(_LEAP_YEAR, int(month), int(day))
    return date.fromisoformat(text)


@dataclass(frozen=True)
class Stretch:
    """Days, both included, on which one scenario of the book applies; ``name`` is empty where none does."""

    name: str
    first: date
    last: date


@dataclass(frozen=True)
class Book:
    """Scenarios by name, the seasons in which they apply, named days, and pilots."""

    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    seasons: tuple[Season, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    pilots: tuple[Pilot, ...] = ()
    promotions: tuple[Annotation, ...] = ()

    def __post_init__(self) -> None:
        for season in self.seasons:
            self.named(season.scenario)

    def named(self, name: str) -> Scenario:
        """The scenario of a name; an unknown name is refused with the nearest known one."""
        if name not in self.scenarios:
            facts = {"hint": did_you_mean(name, self.scenarios), "known": ", ".join(self.scenarios)}
            raise ScenarioError(Issue("unknown_scenario", "error", value=name, facts=facts))
        return self.scenarios[name]

    def on(self, day: date) -> str:
        """Name of the scenario that applies on a day; the last season that covers it wins, empty where none does.

        >>> book = Book({"a": Scenario(), "b": Scenario()}, (Season("a", "2026-01-01"), Season("b", "11-01", "11-12")))
        >>> book.on(date(2026, 11, 11)), book.on(date(2026, 12, 1)), book.on(date(2025, 1, 1))
        ('b', 'a', '')
        """
        return next((season.scenario for season in reversed(self.seasons) if season.holds(day)), "")

    def stretches(self, first: date, last: date) -> tuple[Stretch, ...]:
        """Which scenario applies when, as stretches of days that follow each other from first to last."""
        found: list[Stretch] = []
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            name = self.on(day)
            start = found.pop().first if found and found[-1].name == name else day
            found.append(Stretch(name, start, day))
        return tuple(found)

    def with_scenario(self, name: str, scenario: Scenario) -> Book:
        """The book with one scenario added or replaced."""
        return replace(self, scenarios={**self.scenarios, name: scenario})

    def renamed(self, name: str, new: str) -> Book:
        """The book with a scenario under another name, in its place, its seasons with it; a name that is taken is refused.

        >>> list(Book({"a": Scenario(), "b": Scenario()}).renamed("a", "c").scenarios)
        ['c', 'b']
        """
        if new in self.scenarios and new != name:
            raise ScenarioError(Issue("scenario_name_taken", "error", value=new))
        self.named(name)
        kept = {new if old == name else old: scenario for old, scenario in self.scenarios.items()}
        moved = tuple(replace(s, scenario=new) if s.scenario == name else s for s in self.seasons)
        return replace(self, scenarios=kept, seasons=moved)

    def free_name(self, name: str) -> str:
        """The name with the first number that is not taken, for a copy.

        >>> Book({"plan": Scenario(), "plan 2": Scenario()}).free_name("plan")
        'plan 3'
        """
        return next(found for number in count(2) if (found := f"{name} {number}") not in self.scenarios)

    def without(self, name: str) -> Book:
        """The book without a scenario and its seasons."""
        kept = {old: scenario for old, scenario in self.scenarios.items() if old != name}
        return replace(self, scenarios=kept, seasons=tuple(season for season in self.seasons if season.scenario != name))

    def joined(self, other: Book) -> Book:
        """Both books in one: scenarios and pilots of ``other`` replace those of the same name, its seasons come after those there."""
        new = tuple(season for season in other.seasons if season not in self.seasons)
        scenarios = {**self.scenarios, **other.scenarios}
        found = replace(self.noted(*other.annotations), scenarios=scenarios, seasons=self.seasons + new)
        for pilot in other.pilots:
            found = found.with_pilot(pilot)
        return found.promoted(*other.promotions)

    def promoted(self, *more: Annotation) -> Book:
        """The book with more promotions, each in the place of the one of its name, in the order of the calendar.

        >>> book = Book().promoted(Annotation(date(2026, 6, 18), "618"), Annotation(date(2026, 4, 1), "spring"))
        >>> [each.name for each in book.promoted(Annotation(date(2026, 3, 1), "618")).promotions]
        ['618', 'spring']
        """
        found = {each.name: each for each in (*self.promotions, *more)}
        return replace(self, promotions=tuple(sorted(found.values(), key=lambda each: (each.day, each.name))))

    def without_promotion(self, name: str) -> Book:
        """The book without a promotion."""
        return replace(self, promotions=tuple(each for each in self.promotions if each.name != name))

    def noted(self, *more: Annotation) -> Book:
        """The book with more named days, in the order of the calendar; one that is there already is not doubled.

        >>> book = Book().noted(Annotation(date(2026, 5, 1), "b"), Annotation(date(2026, 4, 1), "a"))
        >>> [each.name for each in book.noted(Annotation(date(2026, 4, 1), "a")).annotations]
        ['a', 'b']
        """
        found = {*self.annotations, *more}
        return replace(self, annotations=tuple(sorted(found, key=lambda each: (each.day, each.name, each.last or each.day))))

    def with_pilot(self, pilot: Pilot) -> Book:
        """The book with a pilot added, or in the place of the one of its name."""
        kept = {one.name: one for one in self.pilots} | {pilot.name: pilot}
        return replace(self, pilots=tuple(kept.values()))

    def without_pilot(self, name: str) -> Book:
        """The book without a pilot."""
        return replace(self, pilots=tuple(one for one in self.pilots if one.name != name))

    def pilot(self, name: str) -> Pilot:
        """The pilot of a name; an unknown name is refused with the nearest known one."""
        names = [one.name for one in self.pilots]
        if name not in names:
            facts = {"hint": did_you_mean(name, names), "known": ", ".join(names)}
            raise ScenarioError(Issue("unknown_pilot", "error", value=name, facts=facts))
        return self.pilots[names.index(name)]

    def to_yaml(self) -> str:
        """The book as a file."""
        import yaml

        seasons = [
            {"scenario": season.scenario, "from": season.start} | ({"to": season.end} if season.end else {})
            for season in self.seasons
        ]
        knobs = {name: scenario.to_dict()["knobs"] for name, scenario in self.scenarios.items()}
        data: dict[str, Any] = {"version": VERSION, "scenarios": knobs, "seasons": seasons}
        if self.annotations:
            data["annotations"] = [each.to_dict() for each in self.annotations]
        if self.pilots:
            data["pilots"] = [pilot.to_dict() for pilot in self.pilots]
        if self.promotions:
            data["promotions"] = [each.to_dict() for each in self.promotions]
        return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))

    @classmethod
    def from_yaml(cls, text: str) -> Book:
        """The book of a file written by `to_yaml`; anything else is a `ScenarioError` that says what was found."""
        import yaml

        try:
            data = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise _not_a_book(str(error).splitlines()[0]) from error
        if not isinstance(data, Mapping) or data.get("version") != VERSION:
            raise _not_a_book(data.get("version") if isinstance(data, Mapping) else data)
        scenarios, seasons = data.get("scenarios"), data.get("seasons") or []
        notes, pilots, promotions = (data.get(name) or [] for name in ("annotations", "pilots", "promotions"))
        if not isinstance(scenarios, Mapping) or not all(isinstance(each, list) for each in (seasons, notes, pilots, promotions)):
            raise _not_a_book(sorted(map(str, data)))
        named = {str(name): Scenario.of(_mapping(knobs)) for name, knobs in scenarios.items()}
        found = cls(named, tuple(_season(_mapping(season)) for season in seasons)).noted(*(Annotation.of(_mapping(note)) for note in notes))
        promoted = tuple(Annotation.of(_mapping(one)) for one in promotions)
        return found.joined(cls(pilots=tuple(Pilot.of(_mapping(one)) for one in pilots), promotions=promoted))


def _not_a_book(found: object) -> ScenarioError:
    return ScenarioError(Issue("bad_scenario_book", "error", value=str(found), facts={"known": str(VERSION)}))


def _mapping(found: Any) -> Mapping[str, Any]:
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise _not_a_book(found)
    return found


def _season(found: Mapping[str, Any]) -> Season:
    # YAML reads 2026-11-01 as a date, 11-01 stays text
    start, end = (str(found.get(name) or "") for name in ("from", "to"))
    return Season(str(found.get("scenario", "")), start, end)
