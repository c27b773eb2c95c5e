"""The trend board: every KPI × group judged at once, as one family.

Two hundred and forty arrows hold twelve false ones. Here everything that stands on the board is one family: Holm's correction decides
what may have consequences, Benjamini-Hochberg's list says what is worth a look, and both print how many were tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.engine import Observed
from core.metrics import METRICS, metric
from core.recompute import series, trend_margin, trends_of
from core.scenario import Scenario
from core.trends import ALPHA, adjust, one_family
from core.views import ORDER, by_evidence

GROUPINGS = ("agent", "team", "channel", "language", "category", "shift")
"""What a board can be split by, besides the whole shop."""
TOLD = ORDER[:2]


def groupings(observed: Observed) -> tuple[str, ...]:
    """What this log tells apart, and the whole shop."""
    named = [by for by in GROUPINGS if len(observed.labels[by]) > 1]
    return (*named, "shop")


def board(observed: Observed, scenario: Scenario, bys: Sequence[str], keys: Sequence[str] = ()) -> pd.DataFrame:
    """Trend verdicts of all KPIs (or ``keys``) for all groups of some groupings, judged as one family.

    Returns one row per grouping × KPI × group, those that say most first: ``by``, ``key``, ``group``, the columns of
    `core.recompute.trends`, ``p_in_kpi`` (Holm over the groups of this KPI alone), ``q`` (Benjamini-Hochberg), ``worth_a_look``
    (q < 0.05 and not practically unchanged), ``told`` (the verdict, or ``worth_a_look`` where only that list holds it) and ``sense``:
    ``better``, ``worse``, ``moving`` (a KPI without a good side) or empty where nothing is told. KPIs the log cannot give are left out.
    Raises `ScenarioError` for an unknown KPI or grouping.
    """
    wanted = [metric(key).key for key in keys] if keys else [each.key for each in METRICS]
    found = [rows for by in dict.fromkeys(bys) for rows in _judged(observed, scenario, wanted, by) if len(rows)]
    if not found:
        return pd.DataFrame()
    rows = one_family(pd.concat(found, ignore_index=True))
    look = (rows["q"] < ALPHA) & (rows["verdict"] != "practically_unchanged")
    told = np.where(look & (rows["verdict"] == "some_evidence"), "worth_a_look", rows["verdict"])
    return by_evidence(rows.assign(worth_a_look=look, told=told, sense=senses(rows)))


def _judged(observed: Observed, scenario: Scenario, keys: Sequence[str], by: str) -> list[pd.DataFrame]:
    """Verdicts of one grouping, KPIs with the same margin in one call; the family of the KPI alone stands in ``p_in_kpi``."""
    daily, weekly = (series(observed, scenario, keys, by, unit) for unit in ("date", "week"))
    known = [key for key in keys if not (daily.status[:, daily.place(key)] == "unavailable").all()]
    classes: dict[tuple[float, bool], list[str]] = {}
    for key in known:
        classes.setdefault(trend_margin(metric(key), scenario), []).append(key)
    rows = [trends_of(daily, weekly, scenario, alike, by) for alike in classes.values()]
    return [each.assign(by=by, p_in_kpi=each.groupby("key")["p"].transform(adjust)) for each in rows]


def senses(rows: pd.DataFrame) -> NDArray[np.str_]:
    """Whether a trend goes the way its KPI should go."""
    good = np.array([metric(key).better for key in rows["key"]]) * rows["direction"].map({"up": 1, "down": -1, "none": 0}).to_numpy()
    told = rows["verdict"].isin(ORDER[:3]) & (rows["direction"] != "none")
    return np.select([~told, good > 0, good < 0], ["", "better", "worse"], "moving").astype(str)


@dataclass(frozen=True)
class Tally:
    """What a board says in numbers.

    Args:
        groups: groups on it. ``keys``: KPIs on it. ``cells``: one for each KPI of each group.
        family: tests made. ``passed``: of these with p < 0.05 after Holm. ``told``: of those not practically unchanged.
        raw: p < 0.05 each alone. ``by_chance``: how many of them chance alone would give. ``worth_a_look``: of Benjamini-Hochberg's list.
    """

    groups: int
    keys: int
    cells: int
    family: int
    passed: int
    told: int
    raw: int
    by_chance: float
    worth_a_look: int


def tally(rows: pd.DataFrame) -> Tally:
    """Count what stands on a board.

    >>> tally(pd.DataFrame()).family
    0
    """
    if rows.empty:
        return Tally(0, 0, 0, 0, 0, 0, 0, 0.0, 0)
    family = int(rows["p"].notna().sum())
    counts = {"groups": len(rows[["by", "group"]].drop_duplicates()), "keys": rows["key"].nunique(), "cells": len(rows), "family": family}
    counts |= {"passed": int((rows["p_adjusted"] < ALPHA).sum()), "told": int(rows["verdict"].isin(TOLD).sum())}
    counts |= {"raw": int((rows["p"] < ALPHA).sum()), "worth_a_look": int(rows["worth_a_look"].sum())}
    return Tally(by_chance=ALPHA * family, **counts)


ROWS = 60
"""Groups a board shows: more names than that fill many screens and say nothing at a glance; the table has everybody."""


def drawn(rows: pd.DataFrame, most: int) -> tuple[pd.DataFrame, int]:
    """The rows a picture has room for, whole groups only, and how many groups were left out; groups that say most come first.

    The order of groups is that of their strongest verdict, the order of KPIs that of the catalogue.
    """
    rows = by_evidence(rows)
    names = rows[["by", "group"]].drop_duplicates()
    room = max(1, min(ROWS, most // max(rows["key"].nunique(), 1)))
    kept = names.head(room).assign(place=np.arange(min(room, len(names))))
    shown = rows.merge(kept, on=["by", "group"], how="inner")
    order = {each.key: at for at, each in enumerate(METRICS)}
    shown = shown.assign(column=shown["key"].map(order)).sort_values(["place", "column"], kind="stable")
    return shown.reset_index(drop=True), max(len(names) - room, 0)


LISTS = ("passed", "look", "alone", "everything")
"""Which rows a list of the board holds: what passes Holm, Benjamini-Hochberg's list, each test by itself, all."""


def listed(rows: pd.DataFrame, rule: str) -> pd.DataFrame:
    """The rows of one of the `LISTS`, those that say most first.

    >>> rows = pd.DataFrame({"p": [0.001, 0.02], "verdict": ["evidence", "some_evidence"], "worth_a_look": [True, False]})
    >>> [len(listed(rows, rule)) for rule in LISTS]
    [1, 1, 2, 2]
    """
    kept = {"passed": rows["verdict"].isin(TOLD), "look": rows["worth_a_look"], "alone": rows["p"] < ALPHA}
    return rows[kept[rule]].reset_index(drop=True) if rule in kept else rows


def alone(rows: pd.DataFrame, by: str, key: str) -> int:
    """How many groups of a grouping were tested in one KPI: the family it would have by itself."""
    return int(rows["p"][(rows["by"] == by) & (rows["key"] == key)].notna().sum())


def cell(rows: pd.DataFrame, by: str, group: str, key: str) -> Any:
    """One row of a board; None where it does not stand there."""
    hit = rows[(rows["by"] == by) & (rows["group"] == group) & (rows["key"] == key)]
    return next(hit.itertuples(), None)
