"""The smallest turn of one knob that gives an agent another grade, and how far each knob alone moves a score.

A grade that hangs on two points of one weight says less than one that no single weight can undo; the answer names the knob and the setting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.metrics import BY_KEY, GROUPS, SCORED
from core.recompute import Judged, card_of, level_of, score_of
from core.scenario import KNOBS, Knob, Scenario
from core.scoring import DUST, GRADES, effective_weights, enough_weight, nominal_of, scored_values
from core.whatif import WhatIf

Floats = NDArray[np.float64]


def undo(tables: Judged, found: WhatIf) -> pd.DataFrame:
    """For each agent whose grade differs, the smallest changes of one knob of B that give the grade of A again; rows as `smallest`.

    Args:
        tables: of scenario B. Agents without a grade on either side are left out: no knob of the scorecard gives data.
    """
    rows = found.moved
    wanted = dict(zip(rows["agent"], rows["grade_a"], strict=True))
    return smallest(tables, found.b, {agent: letter for agent, letter in wanted.items() if letter in GRADES})


def smallest(tables: Judged, scenario: Scenario, wanted: Mapping[str, str]) -> pd.DataFrame:
    """The smallest change of one knob that gives an agent another grade: one row per agent × kind of knob.

    Columns: agent, grade, wanted, kind (``group_weight``, ``weight``, ``anchor``: a target), knob, now, to (where the grade turns), setting
    (the nearest step of the knob that does it; NaN where none does), size, reason. ``size`` is comparable inside a kind: of weights the
    share of the whole score that is moved, 0–1; of targets the move over the distance from target to floor. ``reason`` is
    ``none_within_bounds`` where no knob of the kind does it alone; then knob is empty. Agents without a grade, and wishes already
    fulfilled, have no rows.
    """
    trial = _Trial(tables, scenario, wanted)
    rows = [row for kind in KINDS for row in trial.best(kind)] if trial.names else []
    columns = ["agent", "grade", "wanted", "kind", "knob", "now", "to", "setting", "size", "reason"]
    return pd.DataFrame(rows, columns=columns).sort_values("agent", kind="stable").reset_index(drop=True)


KINDS = ("group_weight", "weight", "anchor")
_SCAN, _HALVINGS = 32, 40


class _Trial:
    """Agents who want another grade, and their scores when one knob stands elsewhere, for each agent at a place of its own."""

    def __init__(self, tables: Judged, scenario: Scenario, wanted: Mapping[str, str]) -> None:
        self.scenario, self.lows = scenario, np.array(list(scenario.bands().values()))
        scores, card = score_of(tables, scenario), card_of(tables, scenario)
        letters = dict(zip(scores.names, scores.grade, strict=True))
        keep = [at for at, name in enumerate(card.names) if wanted.get(name, letters[name]) != letters[name]]
        self.card = card.pick(keep)
        self.names = self.card.names
        self.grades, self.wanted = [letters[name] for name in self.names], [wanted[name] for name in self.names]
        self.values = scores.values[[scores.names.index(name) for name in self.names]]
        teams, known = self._teams(tables), list(tables.teams.groups[tables.teams.by[0]].astype("str"))
        lone = np.full(len(SCORED), np.nan)
        pairs = zip((tables.team_of.get(name, "") for name in self.names), self.card.part, strict=True)
        self.team_values = np.array([teams[known.index(team)] if part else lone for team, part in pairs]).reshape(
            -1, len(SCORED)
        )

    def _teams(self, tables: Judged) -> Floats:
        values, level = scored_values(tables.teams)[0], level_of(tables, self.scenario, tables.teams)
        return values if level is None else level.applied(values)

    def best(self, kind: str) -> list[dict[str, Any]]:
        """For each agent the knob of a kind with the smallest change that does it."""
        knobs = [knob for knob in KNOBS.values() if knob.room == kind and self._matters(knob)]
        to = np.array([self._nearest(knob) for knob in knobs]).reshape(len(knobs), len(self.names))
        sizes = np.array([self._size(knob, places) for knob, places in zip(knobs, to, strict=True)]).reshape(to.shape)
        known = np.where(np.isnan(to), np.inf, sizes)
        return [self._row(kind, knobs, to[:, at], known[:, at], at) for at in range(len(self.names))]

    def _matters(self, knob: Knob) -> bool:
        if knob.room == "anchor" and not knob.key.startswith("target_"):
            return False
        own = [at for at, metric in enumerate(SCORED) if knob.metric == metric.key or knob.key == f"w_{metric.group}"]
        return bool(np.any(~np.isnan(self.card.points[:, own])))

    def _row(self, kind: str, knobs: Sequence[Knob], to: Floats, sizes: Floats, at: int) -> dict[str, Any]:
        row = {"agent": self.names[at], "grade": self.grades[at], "wanted": self.wanted[at], "kind": kind}
        if not len(sizes) or np.isinf(sizes.min()):
            nothing = dict.fromkeys(("now", "to", "setting", "size"), np.nan)
            return row | {"knob": "", **nothing, "reason": "none_within_bounds"}
        knob, place = knobs[int(sizes.argmin())], float(to[int(sizes.argmin())])
        now = float(self.scenario.get(knob.key))
        setting = self._setting(knob, place, now, at)
        return row | {
            "knob": knob.key, "now": now, "to": place, "setting": setting, "size": float(sizes.min()), "reason": ""
        }  # fmt: skip

    def _setting(self, knob: Knob, place: float, now: float, at: int) -> float:
        steps = (place - knob.low) / knob.step
        step = np.ceil(steps - 1e-9) if place > now else np.floor(steps + 1e-9)
        setting = float(np.round(knob.low + step * knob.step, 9))
        low, high = self._bounds(knob)
        fits = low <= setting <= high and self._holds(knob, np.array([at]), np.array([setting]))[0]
        return setting if fits else float("nan")

    def _bounds(self, knob: Knob) -> tuple[float, float]:
        """The knob's own bounds; a target stays one step on the good side of pass."""
        if knob.room != "anchor":
            return knob.low, knob.high
        metric = BY_KEY[knob.metric]
        edge = self.scenario.anchors(metric).passing + metric.better * knob.step
        return (edge, knob.high) if metric.better > 0 else (knob.low, edge)

    def _nearest(self, knob: Knob) -> Floats:
        """Per agent the place nearest to the present one at which the wanted grade is reached; NaN where there is none."""
        now = float(self.scenario.get(knob.key))
        sides = [self._toward(knob, now, end) for end in self._bounds(knob)]
        far = [np.nan_to_num(np.abs(side - now), nan=np.inf) for side in sides]
        return np.where(far[0] <= far[1], *sides)

    def _toward(self, knob: Knob, now: float, end: float) -> Floats:
        """The same on one side: the first of many places that holds, then halved back to where the grade turns."""
        steps = np.linspace(now, end, _SCAN + 1)[1:]
        rows = np.arange(len(self.names))
        holds = self._holds(knob, np.repeat(rows, _SCAN), np.tile(steps, len(rows))).reshape(len(rows), _SCAN)
        first = holds.argmax(axis=1)
        inside, outside = steps[first], np.where(first > 0, steps[first - 1], now)
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            there = self._holds(knob, rows, middle)
            inside, outside = np.where(there, middle, inside), np.where(there, outside, middle)
        return np.where(holds.any(axis=1), inside, np.nan)

    def _holds(self, knob: Knob, rows: NDArray[np.int64], at: Floats) -> NDArray[np.bool_]:
        """Whether the agents of some rows have the wanted grade with the knob at some places."""
        shares = self._shares(knob, at)
        scores = self._scores(knob, rows, at, shares)[:, None]
        wanted = np.array([len(GRADES) - 1 - GRADES.index(letter) for letter in self.wanted])[rows]
        # on either side of the edge by half of what scoring forgives, so that the real score falls on the same side
        reached = [(scores >= self.lows - dust).sum(axis=1) == wanted for dust in (DUST / 2, DUST * 1.5)]
        left = (shares * ~np.isnan(self.card.points[rows])).sum(axis=1)
        return np.asarray(reached[0] & reached[1] & enough_weight(left))

    def _scores(self, knob: Knob, rows: NDArray[np.int64], at: Floats, shares: Floats) -> Floats:
        found = self._points(knob, self.card.points, self.values, rows, at)
        own, part = _scored_rows(found, shares), self.card.part[rows]
        if not part.any():
            return own
        team = self._points(knob, self.card.team, self.team_values, rows, at)
        return own * (1 - part) + part * _scored_rows(team, shares)

    def _shares(self, knob: Knob, at: Floats) -> Floats:
        """Nominal weights with the knob at each place: places × metrics; a target moves no weight, one row does for all."""
        keys = [f"w_{metric.key}" for metric in SCORED], [f"w_{group}" for group in GROUPS]
        size = 1 if knob.room == "anchor" else len(at)
        now = [np.array([self.scenario.get(key) for key in names], dtype=np.float64) for names in keys]
        inside, of_group = (np.tile(weights, (size, 1)) for weights in now)
        for names, weights in zip(keys, (inside, of_group), strict=True):
            if knob.key in names:
                weights[:, names.index(knob.key)] = at
        return nominal_of(inside, of_group)

    def _points(self, knob: Knob, found: Floats, values: Floats, rows: NDArray[np.int64], at: Floats) -> Floats:
        """Points with the knob at each place: a target only moves what lies beyond pass."""
        if knob.room != "anchor":
            return found[rows]
        column, metric = [metric.key for metric in SCORED].index(knob.metric), BY_KEY[knob.metric]
        passing, moved, value = self.scenario.anchors(metric).passing, found[rows], values[rows, column]
        beyond = (value - passing) * metric.better > 0
        share = np.clip((value - passing) / (at - passing), 0, 1)
        moved[:, column] = np.where(beyond & ~np.isnan(moved[:, column]), 60 + 40 * share, moved[:, column])
        return moved

    def _size(self, knob: Knob, to: Floats) -> Floats:
        now = np.full(len(to), float(self.scenario.get(knob.key)))
        if knob.room != "anchor":
            return np.asarray(np.abs(self._shares(knob, to) - self._shares(knob, now)).sum(axis=1) / 2)
        anchors = self.scenario.anchors(BY_KEY[knob.metric])
        return np.asarray(np.abs(to - now) / abs(anchors.target - anchors.floor))


def _scored_rows(found: Floats, shares: Floats) -> Floats:
    """Each row of points under its own weighting."""
    return np.asarray((effective_weights(~np.isnan(found), shares) * np.nan_to_num(found)).sum(axis=1))


def tornado(tables: Judged, scenario: Scenario, agent: str, by: float = 0.2) -> pd.DataFrame:
    """How far one agent's score moves when each knob of the scorecard alone is turned down and up by a part of itself.

    One row per knob that moves the score, widest first: knob, kind (room), now, low, high (the two settings, inside the knob's bounds),
    score (now), score_low, score_high, grade_low, grade_high, swing (widest distance between the three scores). A setting that would put
    target, pass and floor out of order has NaN and no grade. Raises KeyError for an agent without a row.
    """
    at = dict(zip(score_of(tables, scenario).names, range(len(tables.people)), strict=True))[agent]
    now = float(score_of(tables, scenario).score[at])
    knobs = [knob for knob in KNOBS.values() if knob.room in KINDS and knob.kind == "number"]
    frame = pd.DataFrame([_turned(tables, scenario, knob, (at, now, by)) for knob in knobs])
    frame = frame[frame["swing"] > DUST].sort_values("swing", ascending=False, kind="stable")
    return frame.reset_index(drop=True)


def _turned(tables: Judged, scenario: Scenario, knob: Knob, of: tuple[int, float, float]) -> dict[str, Any]:
    at, score, by = of
    now = float(scenario.get(knob.key))
    row: dict[str, Any] = {"knob": knob.key, "kind": knob.room, "now": now, "score": score}
    for side, factor in (("low", 1 - by), ("high", 1 + by)):
        setting = float(np.clip(now * factor, knob.low, knob.high))
        other = Scenario.of({**scenario.changed, knob.key: setting})
        usable = not other.problems()
        found = score_of(tables, other) if usable else None
        row[side] = setting
        row[f"score_{side}"] = float(found.score[at]) if found else np.nan
        row[f"grade_{side}"] = str(found.grade[at]) if found else ""
    scores = np.array([row["score_low"], score, row["score_high"]])
    return row | {"swing": float(np.nanmax(scores) - np.nanmin(scores)) if not np.isnan(score) else np.nan}
