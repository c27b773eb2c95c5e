"""Lamps of the live board: a figure beyond its threshold lights one, and it goes out only when the figure is clearly back.

Each level (warning, alarm) is a lamp with two thresholds and a counter: it lights after ``looks`` consecutive looks at or above ``on``,
and goes out after as many at or below ``off`` < ``on``; between the two nothing changes. What a lamp does next depends on its state, its
counter and the next figure only. A figure that is missing or not judged counts as calm, so that a lamp does not stay lit on old news.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from core.scenario import Scenario

STATES = ("normal", "warning", "alarm")
JUDGED = ("waiting", "longest_wait", "first_response", "within", "busy", "satisfaction")
"""Figures with thresholds; each has the knobs ``warn_<key>`` and ``alarm_<key>``, where 0 switches the level off."""
SHARES = frozenset({"within", "satisfaction"})
"""Figures that are bad when low: they are judged by what is missing to one."""
MOST_ENTRIES = 500


@dataclass(frozen=True)
class Threshold:
    """Lights at ``on`` or above, goes out at ``off`` or below, either after ``looks`` consecutive looks."""

    on: float = math.inf
    off: float = math.inf
    looks: int = 1


@dataclass(frozen=True)
class Lamp:
    """Whether it is lit, and how many looks in a row spoke for the other state."""

    lit: bool = False
    looks: int = 0


@dataclass(frozen=True)
class Light:
    """The two lamps of a figure; the alarm's thresholds are never below the warning's, so an alarm is a warning too."""

    warning: Lamp = Lamp()
    alarm: Lamp = Lamp()

    @property
    def state(self) -> str:
        """``normal``, ``warning`` or ``alarm``."""
        return STATES[2 if self.alarm.lit else int(self.warning.lit)]


@dataclass(frozen=True)
class Entry:
    """One change of a figure's state: data time and time of the look (ms), the figure, from which state to which, and its value."""

    as_of_ms: int
    read_ms: int
    key: str
    before: str
    after: str
    value: float


def stepped(lamp: Lamp, value: float, threshold: Threshold) -> Lamp:
    """The lamp after one more look.

    >>> limit = Threshold(on=10, off=8, looks=2)
    >>> one = stepped(Lamp(), 12, limit); one, stepped(one, 11, limit), stepped(one, 9, limit)
    (Lamp(lit=False, looks=1), Lamp(lit=True, looks=0), Lamp(lit=False, looks=0))
    """
    calm = math.isnan(value) or value <= threshold.off
    against = calm if lamp.lit else not math.isnan(value) and value >= threshold.on
    if not against:
        return Lamp(lamp.lit)
    looks = lamp.looks + 1
    return Lamp(not lamp.lit) if looks >= threshold.looks else Lamp(lamp.lit, looks)


def thresholds(scenario: Scenario, key: str) -> tuple[Threshold, Threshold]:
    """Warning and alarm of a figure, on the scale on which more is worse (shares: what is missing to one).

    A warning set beyond its alarm lights with it.

    >>> warning, alarm = thresholds(Scenario.of({"warn_within": 0.9, "alarm_within": 0.8, "live_band": 0.2}), "within")
    >>> round(warning.on, 3), round(warning.off, 3), round(alarm.on, 3)
    (0.1, 0.08, 0.2)
    """
    given = [float(scenario.get(f"{level}_{key}")) for level in ("warn", "alarm")]
    lights = [math.inf if value == 0 else badness(key, value) for value in given]
    lights[0] = min(lights)
    goes_out, looks = 1 - float(scenario.get("live_band")), int(scenario.get("live_looks"))
    warning, alarm = (Threshold(on, on * goes_out, looks) for on in lights)
    return warning if given[0] else Threshold(), alarm


def badness(key: str, value: float) -> float:
    """A figure on the scale on which more is worse."""
    return 1 - value if key in SHARES else value


def lit_at(scenario: Scenario, key: str, level: str) -> tuple[float, float]:
    """At which figures a level lights and goes out, in the figure's own unit; NaN where it is switched off."""
    found = thresholds(scenario, key)[("warning", "alarm").index(level)]
    ends = (badness(key, found.on), badness(key, found.off))
    return ends if math.isfinite(found.on) else (math.nan, math.nan)


def judged(lights: Mapping[str, Light], values: Mapping[str, float], scenario: Scenario) -> dict[str, Light]:
    """The lights after one more look at the figures; a figure that is not there counts as calm.

    >>> judged({}, {"waiting": 99.0}, Scenario.of({"live_looks": 1}))["waiting"].state
    'alarm'
    """
    after = {}
    for key in JUDGED:
        before, value = lights.get(key, Light()), badness(key, values.get(key, math.nan))
        warning, alarm = thresholds(scenario, key)
        after[key] = Light(stepped(before.warning, value, warning), stepped(before.alarm, value, alarm))
    return after


def changes(
    before: Mapping[str, Light], after: Mapping[str, Light], values: Mapping[str, float], times: tuple[int, int]
) -> tuple[Entry, ...]:
    """What changed from one look to the next; ``times`` are data time and time of the look, ms."""
    pairs = {key: (before.get(key, Light()).state, light.state) for key, light in after.items()}
    return tuple(
        Entry(*times, key, old, new, values.get(key, math.nan)) for key, (old, new) in pairs.items() if old != new
    )


def noted(history: Sequence[Entry], fresh: Sequence[Entry]) -> tuple[Entry, ...]:
    """The history with the fresh entries, newest last; only the last 500 are kept."""
    return (*history, *fresh)[-MOST_ENTRIES:]


def history_table(history: Sequence[Entry]) -> pd.DataFrame:
    """One row per change, newest first: as_of, read (ISO, UTC), key, before, after, value."""
    rows = [
        {
            "as_of": _iso(each.as_of_ms), "read": _iso(each.read_ms), "key": each.key,
            "before": each.before, "after": each.after, "value": each.value,
        }
        for each in reversed(history)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["as_of", "read", "key", "before", "after", "value"])


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
