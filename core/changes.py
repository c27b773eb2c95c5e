"""What somebody changed on a day, and the pilot that was planned around it: what is asked, of whom, and by which rule it is decided.

A pilot is written down before its figures are looked at: hypothesis, KPI, dates, groups, the rule of decision and how many cases the
planner asked for. Its verdict is final only at its end; looking earlier and stopping when it pleases finds effects that are none.

The rule, in this order:

====================  ==================================================================================================================
``too_early``         before the end, or without one before the planned cases are there
``not_enough_data``   fewer cases than the rule's least, or too few days; ``cannot_be_judged`` where no test exists
``adopt``             evidence of a change in the wanted direction, and the estimate is at least the margin
``do_not_adopt``      evidence of the other direction, of a change below the margin, or even the interval's better end (90 %) is below it
``no_evidence``       everything else: the figures neither show the gain nor rule it out
====================  ==================================================================================================================

What regression to the mean gives by itself is taken off before the estimate meets the margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite, isnan
from typing import Any

from core.errors import Issue, ScenarioError
from core.metrics import Metric, metric

_FIELDS = ("date", "agents", "controls", "name")
_PLANNED = ("hypothesis", "metric", "end", "direction", "margin", "least", "planned")
DIRECTIONS = ("higher", "lower")
OUTCOMES = ("too_early", "not_enough_data", "cannot_be_judged", "adopt", "do_not_adopt", "no_evidence")
_TOLD = ("evidence", "strong_evidence")
_LEAST = 30


@dataclass(frozen=True)
class Change:
    """Something that changed.

    Args:
        day: the first day under the change.
        agents: whom it touched; empty: the whole shop.
        controls: untouched agents to compare with; None: all others; empty: nobody.
        name: what it was, in the user's words.
    """

    day: date
    agents: tuple[str, ...] = ()
    controls: tuple[str, ...] | None = None
    name: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Change:
        """A change from plain values, as a file or the command line has them: date, agents, controls, name.

        Lists or text with commas; ``controls: none`` is nobody. Raises `ScenarioError` for what cannot be understood.

        >>> Change.of({"date": "2026-04-27", "agents": "Lin Xiao, Hu Bin"}).agents
        ('Lin Xiao', 'Hu Bin')
        """
        for name in values:
            if name not in _FIELDS:
                raise refused(str(name), "change", ", ".join(_FIELDS))
        agents, controls = _names(values.get("agents")) or (), _names(values.get("controls"))
        both = [name for name in agents if name in (controls or ())]
        if both or (controls and not agents):
            raise refused((both or list(controls or ()))[0], "controls", "agents without the change")
        return cls(_date(values.get("date")), agents, controls, str(values.get("name") or ""))


@dataclass(frozen=True)
class Pilot:
    """A change with a plan.

    Args:
        change: first day, whom it touches, whom they are compared with, name.
        metric: key of the KPI that decides.
        direction: ``higher`` or ``lower``: where the KPI is wanted to go.
        margin: the smallest gain worth having; of shares and points in their own unit, else as a part of the level before.
        end: last day; None: it ends with the planned cases.
        hypothesis: what is expected and why, in the user's words.
        least: cases on each side below which nothing is decided.
        planned: cases on each side that the planner asked for at creation; None where it could not.
    """

    change: Change
    metric: str
    direction: str
    margin: float
    end: date | None = None
    hypothesis: str = ""
    least: int = _LEAST
    planned: int | None = None

    @property
    def name(self) -> str:
        """The change's name."""
        return self.change.name

    @property
    def sign(self) -> int:
        """+1 when the KPI is wanted higher, −1 lower."""
        return 1 if self.direction == "higher" else -1

    def reach(self, before: float) -> float:
        """The margin in the KPI's unit."""
        return self.margin * (abs(before) if relative(metric(self.metric)) else 1.0)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Pilot:
        """A pilot from plain values: those of a change, and hypothesis, metric, end, direction, margin, least, planned.

        ``direction`` may be left out where one is better for the KPI. Raises `ScenarioError` for what cannot be understood, an end before
        the start, and a plan with neither an end nor planned cases.

        >>> plan = {"name": "training", "date": "2026-04-27", "end": "2026-05-24", "metric": "first_response", "margin": 0.1}
        >>> Pilot.of(plan).direction, Pilot.of(plan).to_dict() | plan == Pilot.of(plan).to_dict()
        ('lower', True)
        """
        for name in values:
            if name not in (*_FIELDS, *_PLANNED):
                raise refused(str(name), "pilot", ", ".join((*_FIELDS, *_PLANNED)))
        change = Change.of({name: values[name] for name in _FIELDS if name in values})
        found = metric(str(values.get("metric") or "first_response"))
        end = None if values.get("end") in (None, "") else _date(values["end"])
        planned = None if values.get("planned") is None else int(_number(values["planned"], "planned", 1))
        if not change.name:
            raise refused("", "name", "…")
        if end is not None and end < change.day:
            raise refused(str(end), "end", f"{change.day} –")
        if end is None and planned is None:
            raise refused("", "end", "YYYY-MM-DD")
        return cls(
            change, found.key, _direction(values.get("direction"), found), _number(values.get("margin"), "margin", 0.0), end,
            str(values.get("hypothesis") or ""), int(_number(values.get("least", _LEAST), "least", 1)), planned,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """The pilot as plain values, as `of` takes them and a file holds them."""
        controls = None if self.change.controls is None else list(self.change.controls) or "none"
        found: dict[str, Any] = {
            "name": self.name, "hypothesis": self.hypothesis, "metric": self.metric, "date": self.change.day.isoformat(),
            "end": self.end.isoformat() if self.end else None, "agents": list(self.change.agents), "controls": controls,
            "direction": self.direction, "margin": self.margin, "least": self.least, "planned": self.planned,
        }  # fmt: skip
        return {name: value for name, value in found.items() if value not in (None, "", [])}


def gaps(pilot_name: str, days: tuple[date, date | None], planned: int | None, taken: Sequence[str] = ()) -> tuple[str, ...]:
    """What a plan still lacks before it can be kept: ``no_name``, ``name_taken``, ``end_before_start``, ``no_end``.

    >>> gaps("", (date(2026, 4, 27), None), None), gaps("a", (date(2026, 4, 27), date(2026, 4, 1)), 9, ["a"])
    (('no_name', 'no_end'), ('name_taken', 'end_before_start'))
    """
    start, end = days
    said = {
        "no_name": not pilot_name.strip(), "name_taken": pilot_name.strip() in taken, "end_before_start": end is not None and end < start,
        "no_end": end is None and planned is None,
    }  # fmt: skip
    return tuple(code for code, wrong in said.items() if wrong)


def relative(found: Metric) -> bool:
    """Whether a KPI's margins are a part of its level; those of shares and points are in their own unit.

    >>> relative(metric("handle_time")), relative(metric("fcr"))
    (True, False)
    """
    return found.unit not in ("share", "points")


def refused(value: str, knob: str, allowed: str) -> ScenarioError:
    """What is raised for a value that cannot be used."""
    return ScenarioError(Issue("bad_knob", "error", value=value, facts={"knob": knob, "allowed": allowed}))


def _date(given: Any) -> date:
    try:
        return given if isinstance(given, date) else date.fromisoformat(str(given))
    except ValueError as error:
        raise refused(str(given), "date", "YYYY-MM-DD") from error


def _direction(given: Any, found: Metric) -> str:
    usual = {1: "higher", -1: "lower"}.get(found.better, "")
    told = str(given or usual)
    if told not in DIRECTIONS:
        raise refused(told, "direction", ", ".join(DIRECTIONS))
    return told


def _number(given: Any, knob: str, least: float) -> float:
    try:
        value = float(given)
    except (TypeError, ValueError) as error:
        raise refused(str(given), knob, f"{least:g} –") from error
    if not isfinite(value) or value < least:
        raise refused(str(given), knob, f"{least:g} –")
    return value


def _names(given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    parts = given.split(",") if isinstance(given, str) else given
    found = tuple(dict.fromkeys(str(name).strip() for name in parts if str(name).strip()))
    return () if found == ("none",) else found


# --- the decision ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decision:
    """What a pilot's rule says.

    Args:
        outcome: one of `OUTCOMES`. ``because``: code of the part of the rule that spoke.
        gain: change in the wanted direction beyond what needs no effect, in the KPI's unit; NaN where there is no estimate.
        margin: the rule's margin in the KPI's unit.
    """

    outcome: str
    because: str
    gain: float
    margin: float


def decide(pilot: Pilot, row: Mapping[str, Any], cases: int, final: bool) -> Decision:
    """The rule applied to one judged row (``shift``, ``low90``, ``high90``, ``expected``, ``before``, ``verdict``).

    ``cases``: of the side that has fewer. ``final``: whether the pilot is over.

    >>> plan = Pilot(Change(date(2026, 4, 27)), "first_response", "lower", 0.1, date(2026, 5, 24))
    >>> row = {"before": 60.0, "shift": -9.0, "low90": -12.0, "high90": -6.0, "expected": float("nan"), "verdict": "evidence"}
    >>> decide(plan, row, 400, True).outcome, decide(plan, row, 400, False).outcome, decide(plan, row, 9, True).because
    ('adopt', 'too_early', 'below_least')
    """
    due = 0.0 if isnan(row["expected"]) else float(row["expected"])
    gain, best = (pilot.sign * (float(value) - due) for value in (row["shift"], row["high90" if pilot.sign > 0 else "low90"]))
    margin = pilot.reach(float(row["before"]))
    outcome, because = _ruled(row["verdict"], gain, best, margin)
    if not final:
        outcome, because = "too_early", "not_over"
    elif cases < pilot.least:
        outcome, because = "not_enough_data", "below_least"
    return Decision(outcome, because, gain, margin)


def _ruled(verdict: str, gain: float, best: float, margin: float) -> tuple[str, str]:
    if verdict in ("not_enough_data", "cannot_be_judged"):
        return verdict, verdict
    if verdict in _TOLD and gain >= margin:
        return "adopt", "gain"
    if verdict in _TOLD:
        return "do_not_adopt", "too_small" if gain > 0 else "wrong_way"
    return ("do_not_adopt", "out_of_reach") if best < margin else ("no_evidence", "open")
