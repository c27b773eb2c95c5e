"""A watched place as all its viewers share it: one look for all of them, one board for each way of looking at it.

`Place` keeps the log of the last look and a handful of boards, never more: a thousand looks need no more memory than one. It may be asked
by many threads at once; who comes while a look is under way waits for it and shares what it found.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc

from core.alarms import JUDGED, Entry, Light, changes, judged, noted
from core.engine.zones import DAY_MS, offset_ms
from core.errors import Issue, KefuError
from core.growing import Held, in_memory
from core.live import Board, Past, better, board, own_past
from core.log import Log
from core.scenario import Scenario
from core.text import Text

Take = Callable[[Held, int], Held]
"""One more look: what was known and the wall clock in ms → what is known."""
BOARDS = 8
SEEN = ("facts", "rules", "filter", "live")
_STAMPS = {"messages": "sent_at", "conversations": "started_at"}


@dataclass(frozen=True)
class View:
    """What one viewer sees after a look.

    Args:
        held: the log, its troubles, the times of the looks.
        board: None where there is nothing to show; then ``problems`` say why.
        lights: state of each judged figure.
        history: changes of state since this viewer began, newest last.
        used: the knobs it was made with, as `Scenario.key`.
    """

    held: Held
    board: Board | None
    problems: tuple[Issue, ...]
    lights: Mapping[str, Light]
    history: tuple[Entry, ...]
    used: tuple[Any, ...] = ()

    def age_s(self, now_ms: int) -> float:
        """How old the data are by the wall clock, seconds; negative where their stamps lie ahead of it."""
        return (now_ms - self.board.as_of_ms) / 1000 if self.board else float("nan")

    def state(self, key: str) -> str:
        """A judged figure's light; ``unjudged`` where nothing is lit because there is nothing to judge."""
        lit, reason = self.lights[key].state, self.board.figures[key].reason if self.board else ""
        return "unjudged" if lit == "normal" and reason not in ("", "nobody_waits") else lit

    def stale(self, scenario: Scenario) -> bool:
        """Whether so many intervals brought nothing new that the data count as old."""
        quiet = self.held.read_ms - self.held.news_ms
        return self.board is not None and quiet > 1000 * float(scenario.get("live_every_s")) * float(scenario.get("live_stale"))


class Place:
    """One watched folder or source."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._lock = threading.RLock()
        self._held = Held()
        self._boards: dict[tuple[Any, ...], Board] = {}
        self._pasts: dict[tuple[Any, ...], Past] = {}

    def look(self, now_ms: int, every_ms: int) -> Held:
        """What is known now; looks anew unless another viewer did within half the interval."""
        with self._lock:
            if not self._held.looks or now_ms - self._held.read_ms >= every_ms / 2:
                self._held = self._take(self._held, now_ms)
            return self._held

    def anew(self) -> None:
        """Forget what is known: the next look reads everything."""
        with self._lock:
            self._held = Held(version=self._held.version)

    def board(self, held: Held, scenario: Scenario, beside: Past | None = None) -> Board:
        """The board of a look; worked out once a log and scenario.

        Args:
            beside: what is usual by another log, taken where that knows more weeks.
        """
        with self._lock:
            if held.log is None:
                raise KefuError(Issue("live_nothing", "note"))
            used = scenario.part(*SEEN)
            key = (held.version, used.key)
            if key not in self._boards:
                self._boards[key] = board(held.log, used, self._past(held.log, used, beside))
            for old in list(self._boards)[:-BOARDS]:
                del self._boards[old]
            return self._boards[key]

    def _past(self, log: Log, scenario: Scenario, beside: Past | None) -> Past:
        """What is usual: made anew only when the day, the scenario or the number of rows before today changed."""
        day, before = _before_today(log)
        key = (day, before, scenario.part("facts", "rules", "filter").key)
        if key not in self._pasts:
            self._pasts[key] = own_past(log, scenario)
        for old in list(self._pasts)[:-BOARDS]:
            del self._pasts[old]
        return better(day, [self._pasts[key], *([beside] if beside else [])])


def _before_today(log: Log) -> tuple[int, int]:
    """The local day of the latest stamp, and how many rows lie before it."""
    stamps = [in_memory(log, name).column(column) for name, column in _STAMPS.items() if log.has(name, column)]
    latest = max((pc.max(each).as_py() or 0 for each in stamps), default=0)
    shift = offset_ms(log.zone, latest)
    day = (latest + shift) // DAY_MS
    return int(day), sum(pc.sum(pc.less(each, day * DAY_MS - shift)).as_py() or 0 for each in stamps)


def viewed(before: View | None, place: Place, scenario: Scenario, now_ms: int, beside: Past | None = None) -> View:
    """One more look by one viewer: the board, and what it does to the viewer's lights. Never raises for what lies in the place."""
    held, used = place.look(now_ms, int(1000 * float(scenario.get("live_every_s")))), scenario.part(*SEEN).key
    if before and (before.held.read_ms, before.held.version, before.used) == (held.read_ms, held.version, used):
        return before
    lights, history = (before.lights, before.history) if before else ({}, ())
    try:
        found = place.board(held, scenario, beside)
    except KefuError as error:
        said = held.troubles and error.issue.code == "live_nothing"
        return View(held, None, () if said else (error.issue,), lights, history, used)
    values = found.values()
    after = judged(lights, values, scenario) if held.how != "kept" else lights
    fresh = changes(lights, after, values, (found.as_of_ms, held.read_ms))
    return View(held, found, (), after, noted(history, fresh), used)


# ── a look in plain values and in a line ─────────────────────────────────────────────────────────────────────────────


def told(view: View, scenario: Scenario, now_ms: int) -> dict[str, Any]:
    """A look as plain values: times, figures with their state, today's KPIs, open asks, troubles."""
    shown = view.board
    figures = {} if shown is None else {
        each.key: {
            "value": each.value, "n": each.n, "low": each.low, "high": each.high, "unit": each.unit, "reason": each.reason or None,
            "state": view.state(each.key) if each.key in JUDGED else None,
        }
        for each in shown.figures.values()
    }  # fmt: skip
    troubles = [{"code": each.issue.code, "file": each.issue.file, "since": stamp(each.since_ms, "UTC")} for each in view.held.troubles]
    troubles += [{"code": each.code, "file": each.file, "since": stamp(view.held.read_ms, "UTC")} for each in view.problems]
    return {
        "as_of": stamp(shown.as_of_ms, shown.zone) if shown else None, "read": stamp(view.held.read_ms, shown.zone if shown else "UTC"),
        "age_s": view.age_s(now_ms), "stale": view.stale(scenario), "how": view.held.how, "rows": view.held.rows, "looks": view.held.looks,
        "figures": figures, "usual_days": shown.usual_days if shown else 0, "waits": waits(shown), "troubles": troubles,
    }  # fmt: skip


def waits(shown: Board | None, most: int = 10) -> list[dict[str, Any]]:
    """The longest open asks as plain rows."""
    if shown is None:
        return []
    rows = shown.waits.head(most).to_dict("records")
    return [{**row, "since_ms": stamp(int(row["since_ms"]), shown.zone)} | {} for row in rows]


def stamp(ms: int, zone: str) -> str:
    """An instant as ISO text in a zone.

    >>> stamp(0, "Asia/Shanghai")
    '1970-01-01T08:00:00+08:00'
    """
    return datetime.fromtimestamp(ms // 1000, UTC).astimezone(ZoneInfo(zone)).isoformat()


LINE = ("waiting", "longest_wait", "first_response", "within", "contacts_15", "busy", "agents_writing", "satisfaction")


def line(view: View, scenario: Scenario, now_ms: int, text: Text) -> str:
    """A look in one line: data time, age, the main figures with the mark of their state, what is wrong."""
    wrong = [text(f"live.short.{each}") if text.has(f"live.short.{each}") else each for each in _codes(view)]
    if view.board is None:
        return text("live.line.nothing", read=clock(view.held.read_ms, "UTC"), wrong=text("live.comma").join(wrong))
    facts = {"asof": clock(view.board.as_of_ms, view.board.zone, day=True), "age": text.duration(max(view.age_s(now_ms), 0))}
    shown = [_named(view, key, scenario, text) for key in LINE]
    old = [text("live.stale_short")] if view.stale(scenario) else []
    return text("live.line.look", figures=text("live.comma").join([*shown, *old, *wrong]), **facts)


def _codes(view: View) -> Sequence[str]:
    return [each.issue.code for each in view.held.troubles] + [each.code for each in view.problems]


def _named(view: View, key: str, scenario: Scenario, text: Text) -> str:
    found = view.board.figures[key] if view.board else None
    value = text.value(found.value, found.unit) if found else text.number(None)
    mark = text(f"live.mark.{view.state(key)}") if key in JUDGED and view.state(key) != "normal" else ""
    return f"{mark}{name(key, scenario, text)} {value}"


def name(key: str, scenario: Scenario, text: Text) -> str:
    """A figure's name, with the minutes and seconds of the knobs in it."""
    return text(f"live.figure.{key}", minutes=f"{scenario.get('live_window_min'):g}", seconds=f"{scenario.get('within_s'):g}")


def clock(ms: int, zone: str, *, day: bool = False) -> str:
    """Time of day in a zone, with the date where asked for.

    >>> clock(0, "Asia/Shanghai"), clock(0, "UTC", day=True)
    ('08:00:00', '1970-01-01 00:00:00')
    """
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S" if day else "%H:%M:%S")
