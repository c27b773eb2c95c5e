"""Facts × rule set → Observed: the cubes every KPI is summed from, and the single values its quantiles come from.

A cube is plain arrays: a code per dimension and row, a sum per measure and row. Nothing on the slider path reads rows of messages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.commerce import Orders, Visits, Voices, sales
from core.engine.agent_days import cubes, only_agent_days, shown_values
from core.engine.dialects import NONE_OF_THEM, Reach, dialect_sql
from core.engine.histograms import histogram
from core.engine.hours import worked_hours
from core.engine.packed import Column, Gathered, Packed, Words, narrow
from core.engine.reviews import QUALITATIVE, reviewed
from core.engine.runner import Facts, sql_text
from core.engine.tensor import Rolled
from core.engine.zones import DAY_MS
from core.rules import rule_set
from core.scenario import Scenario

UNASSIGNED = "unassigned"
UNKNOWN = "unknown"
WEIGHT = "weight"
"""Column of single values that came as a histogram: how many each row stands for."""
TEXT_DIMENSIONS = ("agent", "team", "channel", "language", "category", "shift")
FCR_RULES = ("no_repeat", "customer_says", "one_reply", "closed_once", "resolved_15min")
OWNERS = ("auto", "first", "last", "most")
_VALUES = {
    "first_response_ms": "first_response_v", "resolution_ms": "resolution_v",
    "first_resolution_ms": "first_resolution_v", "effort_ms": "handle_v",
    "greeted_ms": "greeted_v",
}  # fmt: skip

_PERIODS_KEPT = 4
Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cube:
    """Rows of codes and numbers: one row per combination of dimensions (sums), or per observation (single values).

    Args:
        codes: dimension → code per row; an index into `Observed.labels` for text dimensions, the number itself for days and hours.
        numbers: column → number per row; NaN where a single value is missing.

    Both are `Packed` where they come from a log: narrow as they are kept, 64 bits wide as they are given.
    """

    codes: Mapping[str, Codes]
    numbers: Mapping[str, Floats]

    def __len__(self) -> int:
        return self.codes.rows if isinstance(self.codes, Packed) else len(next(iter(self.codes.values()), ()))

    def pick(self, rows: NDArray[Any]) -> Cube:
        """The rows where a mask is true; the cube itself where all are."""
        if rows.dtype == bool and len(rows) and rows.all():
            return self
        return Cube(_picked(self.codes, rows), _picked(self.numbers, rows))


def _picked(columns: Mapping[str, NDArray[Any]], rows: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
    if isinstance(columns, Packed):
        return columns.pick(rows)
    return {name: column[rows] for name, column in columns.items()}


@dataclass(frozen=True)
class Source:
    """Where a measure sums: the cube, and the single values for quantiles (empty where there are none)."""

    cube: Cube
    values: Cube

    def by(self, names: Collection[str]) -> Cube:
        """The sums by some dimensions and the day, added up once."""
        return self._rolled.by(names)

    def ascending(self, column: str) -> NDArray[np.int32]:
        """Rows of the single values in ascending order of a column, without those where it is missing; sorted once."""
        if column not in self._orders:
            values = self.values.numbers[column]
            known = np.flatnonzero(~np.isnan(values))
            self._orders[column] = known[np.argsort(values[known], kind="stable")].astype(np.int32)
        return self._orders[column]

    @cached_property
    def _rolled(self) -> Rolled:
        return Rolled(self.cube)

    @cached_property
    def _orders(self) -> dict[str, NDArray[np.int32]]:
        return {}


@dataclass(frozen=True)
class ShopFloor:
    """Customer-started conversations, the messages of persons to customers who bought (both by customer and time), and the orders."""

    visits: Cube
    voices: Cube
    orders: Orders


@dataclass(frozen=True)
class Observed:
    """A log seen through a rule set.

    Args:
        facts: where it came from.
        labels: text dimension → its labels in order of code.
        sources: name in `core.measures` → cube and values.
        labelled: measure column → ``given``, ``estimated`` or ``proxy`` where the figure needs the word.
        floor: visits and orders for sales figures; None without orders.
        conversion_ms: the W of conversion.
        given: figures per agent and day that came without an n: shown for their agent and day, never pooled.
    """

    facts: Facts
    labels: Mapping[str, tuple[str, ...]]
    sources: Mapping[str, Source]
    labelled: Mapping[str, str]
    floor: ShopFloor | None
    conversion_ms: int
    given: Cube | None = None

    @property
    def zone(self) -> str:
        """The shop's zone."""
        return self.facts.zone

    @property
    def quantiles(self) -> str:
        """What medians and p90 rest on: ``exact`` values, or a ``histogram`` made where the log lies (within 0.4 %)."""
        return "exact" if self.facts.near else "histogram"

    def source(self, name: str, first_day: int, last_day: int) -> Source | None:
        """A measure's source, not yet cut to the period of whole local days; None where the log has no such thing.

        Sales are units of customer × period, so they are made for the period asked, once for the last few.
        """
        if name != "sales" or name in self.sources:
            return self.sources[name]
        asked = first_day, last_day
        if asked not in self._sold:
            self._sold[asked] = self._sales(*asked)
            for old in list(self._sold)[:-_PERIODS_KEPT]:
                self._sold.pop(old, None)
        return self._sold.get(asked) or self._sales(*asked)

    @cached_property
    def _sold(self) -> dict[tuple[int, int], Source | None]:
        return {}

    def _sales(self, first_day: int, last_day: int) -> Source | None:
        if self.floor is None:
            return None
        asked, said = (
            part.pick((part.codes["day"] >= first_day) & (part.codes["day"] <= last_day))
            for part in (self.floor.visits, self.floor.voices)
        )
        place = np.arange(len(asked) + len(said), dtype=np.int64)
        customers, times = ([part.numbers[name].astype(np.int64) for part in (asked, said)] for name in ("customer", "time"))
        visits = Visits(customers[0], times[0], place[: len(asked)])
        voices = Voices(customers[1], times[1], place[len(asked) :])
        found = sales(visits, voices, self.floor.orders, self.conversion_ms, self.facts.horizon_ms)
        codes = {name: np.r_[asked.codes[name], said.codes[name]][found.row] for name in asked.codes}
        codes["agent"] = np.where(found.nobody, len(self.labels["agent"]) - 1, codes["agent"])
        cube = Cube(codes, found.sums)
        return Source(cube, cube.pick(np.zeros(len(cube), dtype=bool)))

    @cached_property
    def days(self) -> tuple[int, int]:
        """First and last local day with a conversation start."""
        return self.facts.first_day, self.facts.last_day


def observe(facts: Facts, scenario: Scenario | None = None) -> Observed:
    """Ask a rule set: cubes of conversations, ratings, turns, hours, reviews, transfers and sales.

    Depends on the scenario's rule knobs only; period, filters, weights and bands come later and are fast.
    """
    scenario = scenario or Scenario()
    judged = judged_sql(facts, scenario)
    if only_agent_days(facts):
        return _from_agent_days(facts)
    cubes = _gather(facts, judged)
    teams = _teams(cubes["conversations"], facts)
    frames: dict[str, pd.DataFrame | Gathered] = {
        **cubes,
        "hours": _hours(facts, cubes["conversations"]),
        "reviews": reviewed(facts),
        "ratings_360": reviewed(facts, QUALITATIVE, "peer"),
        "transfers": _transfers(facts, judged),
    }
    book = _Labels([*frames.values(), facts.frame("SELECT DISTINCT agent FROM activity")], teams)
    sources = {name: _source(frame, book) for name, frame in frames.items() if not name.endswith("_values")}
    for name in ("conversations", "ratings", "turns", "reviews", "ratings_360", "transfers"):
        sources[name] = Source(sources[name].cube, book.cube(frames.pop(f"{name}_values", frames[name])))
    labelled = {
        "handle_s": _handle_label(cubes["conversations"]),
        "handled": "given" if "roster.start_at" in facts.available else "proxy",
    }
    return Observed(
        facts,
        book.labels,
        sources,
        labelled,
        _shop_floor(facts, judged, book),
        int(scenario.get("conversion_d") * DAY_MS),
    )


def _from_agent_days(facts: Facts) -> Observed:
    """Cubes of a log that holds nothing finer than agent-days; sources it cannot feed stay empty."""
    fed = cubes(facts)
    shown = shown_values(facts)
    book = _Labels(
        (*fed.values(), shown), _teams(fed["conversations"], facts) if "team" in fed["conversations"] else {}
    )
    sources = {name: _source(frame, book) for name, frame in fed.items()}
    sources |= {
        name: _source(frame, book)
        for name, frame in {
            "reviews": reviewed(facts), "ratings_360": reviewed(facts, QUALITATIVE, "peer"), "transfers": _transfers(facts, ""),
        }.items()
    }
    return Observed(facts, book.labels, sources, {}, None, 0, book.cube(shown))


def judged_sql(facts: Reach, scenario: Scenario) -> str:
    """The facts seen through the scenario's rule set, as a SELECT of one row per conversation."""
    rule = rule_set(scenario.get("rules"))
    own = NONE_OF_THEM if rule.board else dialect_sql(rule, facts)
    return sql_text("judged").format(rules=_rules_sql(facts, scenario), own=own)


def _rules_sql(facts: Reach, scenario: Scenario) -> str:
    """The rule set and its switches as a SELECT of one row of integers."""
    rule = rule_set(scenario.get("rules"))
    numbers = {
        "own_rate": int(rule.rated and not rule.board),
        "own_clock": int(rule.clock not in ("human", "turn") or not rule.rated),
        "window_ms": scenario.window_ms,
        "within_ms": int(scenario.get("within_s") * 1000),
        "fcr_ms": int(scenario.get("fcr_h") * 3_600_000),
        "repeat_ms": int(scenario.get("repeat_d") * 86_400_000),
        "repeat_same_issue": int(scenario.get("repeat_same_issue")),
        "fcr_rule": FCR_RULES.index(scenario.get("fcr_rule")),
        "owner_rule": OWNERS.index(scenario.get("owner")),
        "smart_counts": int(rule.smart_counts),
        "horizon_ms": facts.horizon_ms,
    }
    return "SELECT " + ", ".join(f"CAST({value} AS BIGINT) AS {name}" for name, value in numbers.items())


def _gather(facts: Facts, judged: str) -> dict[str, Gathered]:
    turns = sql_text("turns").format(judged=judged)
    sums = {
        "conversations": sql_text("cube").format(judged=judged),
        "ratings": sql_text("ratings").format(judged=judged),
        "turns": sql_text("replies").format(turns=turns),
    }
    values = _values_here(facts, judged, turns) if facts.near else _histograms(facts, judged, turns)
    return {name: _sums(_read(facts, sql)) for name, sql in sums.items()} | values


def _values_here(facts: Facts, judged: str, turns: str) -> dict[str, Gathered]:
    picked = ", ".join(("agent", "rated_agent", _HOUR, *TEXT_DIMENSIONS[1:], *_VALUES, "rating"))
    values = _read(facts, f"SELECT {picked} FROM ({judged}) AS judged")
    rated = values.pick(~np.isnan(values.numbers["rating"].floats())).without(*_VALUES, "agent")
    replies = f"SELECT agent, {_HOUR}, {', '.join(TEXT_DIMENSIONS[1:])}, reply_ms FROM ({turns}) AS answered WHERE reply_ms IS NOT NULL"
    return {
        "conversations_values": _singles(values.without("rated_agent", "rating"), _VALUES),
        "ratings_values": _singles(_renamed(rated, {"rated_agent": "agent"}), {"rating": "csat_v"}),
        "turns_values": _singles(_read(facts, replies), {"reply_ms": "reply_v"}),
    }


def _histograms(facts: Facts, judged: str, turns: str) -> dict[str, Gathered]:
    """What medians and p90 need where single values stay at their source: durations in buckets, ratings by their value."""
    rated = _read(facts, sql_text("rating_counts").format(judged=judged))
    clocks = _read(facts, *(histogram(judged, name, place) for place, name in enumerate(_VALUES)))
    return {
        "conversations_values": _weighed(clocks, list(_VALUES.values())),
        "ratings_values": _renamed(rated, {"seen": WEIGHT, "stars": "csat_v"}),
        "turns_values": _weighed(_read(facts, histogram(turns, "reply_ms")), ["reply_v"]),
    }


def _weighed(found: Gathered, names: Sequence[str]) -> Gathered:
    """Rows of a histogram with a column per duration in seconds, missing in rows of other durations, and their weight."""
    seen = found.numbers["seen"]
    seconds, clock = found.numbers["sum_ms"].floats() / seen.floats() / 1000, found.numbers["clock_no"].ints()
    values = {name: Column(np.where(clock == place, seconds, np.nan)) for place, name in enumerate(names)}
    keys = {name: found.numbers[name] for name in ("local_day", "local_hour")}
    return Gathered(found.words, {**keys, **values, WEIGHT: seen})


_HOUR = "local_day, CAST((local_minute - mod(local_minute, 60)) / 60 AS INTEGER) AS local_hour"


def _read(facts: Facts, *sql: str) -> Gathered:
    return facts.gathered(sql, (*TEXT_DIMENSIONS, "rated_agent"))


def _renamed(found: Gathered, names: Mapping[str, str]) -> Gathered:
    return Gathered(
        {names.get(name, name): each for name, each in found.words.items()},
        {names.get(name, name): each for name, each in found.numbers.items()},
    )


def _singles(found: Gathered, names: Mapping[str, str]) -> Gathered:
    """Single values under their measures' names; milliseconds become seconds."""
    seconds = {name: each.over(1000) if name.endswith("_ms") else each for name, each in found.numbers.items()}
    return _renamed(Gathered(found.words, seconds), names)


def _sums(found: Gathered) -> Gathered:
    """Sums under their measures' names; milliseconds become seconds, and nothing summed is nought."""
    numbers = {}
    for name, each in found.numbers.items():
        short = name.removeprefix("sum_")
        in_ms = short.endswith("_ms")
        numbers[short.removesuffix("_ms") + "_s" if in_ms else short] = each.filled().over(1000) if in_ms else each
    return Gathered(found.words, numbers)


def _handle_label(conversations: Gathered) -> str:
    given, known = (conversations.numbers[name].ints().sum() for name in ("handle_given", "handle_n"))
    return "given" if given >= known else "estimated"


def _few(cube: Gathered, column: str, *keys: str) -> pd.DataFrame:
    """A sum per agent and another key, as a frame: agent, key, column; without those of nobody."""
    codes = [cube.words[key].codes.astype(np.int64) if key in cube.words else cube.numbers[key].ints() for key in keys]
    frame = pd.DataFrame({**dict(zip(keys, codes, strict=True)), column: cube.numbers[column].floats()})
    for key in (key for key in keys if key in cube.words):
        frame = frame[frame[key] >= 0]
    counted = frame.groupby(list(keys))[column].sum().reset_index()
    for key in (key for key in keys if key in cube.words):
        counted[key] = pd.Series([cube.words[key].words[code] for code in counted[key]], index=counted.index, dtype="str")
    return counted


def _teams(conversations: Gathered | pd.DataFrame, facts: Facts) -> dict[str, str]:
    """Agent → team: the roster's word, else the team most of the agent's conversations name."""
    if isinstance(conversations, Gathered):
        counted = _few(conversations, "conversations", "agent", "team")
    else:
        known = conversations.dropna(subset=["agent", "team"])
        counted = known.groupby(["agent", "team"])["conversations"].sum().reset_index()
    teams = dict(counted.sort_values(["conversations", "team"])[["agent", "team"]].itertuples(index=False, name=None))
    if "roster.team" in facts.available:
        rows = facts.frame(
            "SELECT agent_id, max(team) AS own_team FROM raw_roster WHERE team IS NOT NULL GROUP BY agent_id"
        )
        teams |= {str(agent): team for agent, team in rows.itertuples(index=False, name=None)}
    return teams


def _hours(facts: Facts, conversations: Gathered) -> pd.DataFrame:
    """One row per agent × local day: worked hours and the owned conversations with a human reply."""
    hours = worked_hours(facts)
    hours = hours.assign(agent=hours["agent"].astype("str"))
    handled = _few(conversations, "handled", "agent", "local_day")
    merged = hours.merge(handled, on=["agent", "local_day"], how="outer")
    covered = merged["agent"].isin(hours["agent"].unique())
    return merged[covered].fillna({"hours": 0.0, "handled": 0.0})


def _transfers(facts: Facts, judged: str) -> pd.DataFrame | Gathered:
    """One row per hand-over with a request and an acceptance; charged to nobody, dimensions from its conversation."""
    columns = ["agent", "local_day", "local_hour", *TEXT_DIMENSIONS[1:], "transfer_v", "transfer_s", "transfer_n"]
    if not {"transfers.requested_at", "transfers.accepted_at"} <= facts.available:
        return pd.DataFrame(
            {name: pd.Series(dtype="float64" if name.startswith(("transfer", "local")) else "str") for name in columns}
        )
    handed = f"""SELECT j.local_day, j.local_minute, j.channel, j.language, j.category, j.team, j.shift,
        t.accepted_at - t.requested_at AS wait_ms FROM raw_transfers AS t JOIN ({judged}) AS j ON t.conversation_id = j.conv
        WHERE t.accepted_at >= t.requested_at"""
    if not facts.near:
        return _transfers_far(facts, handed)
    rows = facts.frame(handed)
    rows["local_hour"] = rows.pop("local_minute") // 60
    rows["transfer_v"] = rows.pop("wait_ms") / 1000
    return rows.assign(agent=None, transfer_s=rows["transfer_v"], transfer_n=1.0)


def _transfers_far(facts: Facts, handed: str) -> Gathered:
    """The same hand-overs as a histogram."""
    nobody = f"SELECT {facts.nothing('text')} AS agent, h.* FROM ({handed}) AS h"
    found = _read(facts, histogram(nobody, "wait_ms"))
    weighed = _weighed(found, ["transfer_v"])
    sums = {"transfer_s": found.numbers["sum_ms"].over(1000), "transfer_n": found.numbers["seen"]}
    return Gathered(weighed.words, {**weighed.numbers, **sums})


def _shop_floor(facts: Facts, judged: str, book: _Labels) -> ShopFloor | None:
    if not {"orders.paid_at", "orders.customer_id"} <= facts.available:
        return None
    picked = ", ".join(f"j.{name}" for name in ("local_day", "local_minute", *TEXT_DIMENSIONS[1:]))
    asked = facts.frame(
        f"""SELECT CAST(cust AS VARCHAR) AS cust, start_ms AS time, conv AS tie, agent, {picked} FROM ({judged}) AS j
        WHERE conversations = 1 AND cust IS NOT NULL"""
    )
    bought = "j.conversations = 1 AND CAST(j.cust AS VARCHAR) IN (SELECT CAST(customer_id AS VARCHAR) FROM raw_orders)"
    said = facts.frame(
        f"""SELECT CAST(j.cust AS VARCHAR) AS cust, s.human_ms AS time, s.h AS tie, s.agent, {picked} FROM ({judged}) AS j
        JOIN spoken AS s ON s.conv = j.conv
        WHERE {bought}
        UNION ALL SELECT CAST(j.cust AS VARCHAR), coalesce(c.first_human_ms, j.start_ms), 0, j.agent, {picked} FROM ({judged}) AS j
        JOIN conversations AS c ON c.conv = j.conv WHERE {bought} AND c.has_messages = 0 AND c.replied = 1"""
    )
    codes = {name: code for code, name in enumerate(sorted(asked["cust"].unique().tolist()))}
    cubes = [book.cube(_by_customer(rows, codes)) for rows in (asked, said)]
    return ShopFloor(cubes[0], cubes[1], _orders(facts, codes))


def _by_customer(rows: pd.DataFrame, codes: Mapping[str, int]) -> pd.DataFrame:
    """Rows by customer, time and tie, with the customer as a code."""
    rows = rows.assign(customer=rows["cust"].map(codes).astype("int64"), local_hour=rows["local_minute"] // 60)
    ordered = rows.sort_values(["customer", "time", "tie"], kind="stable")
    return ordered.drop(columns=["cust", "tie", "local_minute"])


def _orders(facts: Facts, codes: Mapping[str, int]) -> Orders:
    def pick(name: str, default: str) -> str:
        return f'coalesce(CAST("{name}" AS DOUBLE), {default})' if f"orders.{name}" in facts.available else default

    flag = (
        pick("returned", "0")
        if "orders.returned" in facts.available
        else f"CASE WHEN {pick('refunded_at', '-1')} >= 0 THEN 1 ELSE 0 END"
    )
    rows = facts.frame(
        f"""SELECT CAST(customer_id AS VARCHAR) AS customer, {pick("created_at", "-1")} AS created, {pick("paid_at", "-1")} AS paid,
        {pick("amount", "CAST('nan' AS DOUBLE)")} AS amount,
        {flag} AS returned, {pick("disputed", "0")} AS disputed FROM raw_orders ORDER BY seq"""
    )
    customer = np.array([codes.get(name, -1) for name in rows["customer"].tolist()], dtype=np.int64)
    times = [rows[name].to_numpy(dtype=np.float64).astype(np.int64) for name in ("created", "paid")]
    return Orders(
        customer,
        times[0],
        times[1],
        *(rows[name].to_numpy(dtype=np.float64) for name in ("amount", "returned", "disputed")),
    )


class _Labels:
    """One list of labels a text dimension, shared by all sources, so that a code means the same everywhere."""

    def __init__(self, frames: Iterable[pd.DataFrame | Gathered], teams: Mapping[str, str]) -> None:
        self.teams = teams
        self.labels: dict[str, tuple[str, ...]] = {}
        frames = list(frames)
        for name in TEXT_DIMENSIONS:
            found = {label for frame in frames if name in frame for label in _words(frame, name).words}
            found |= set(teams.values()) if name == "team" else set()
            rest = UNASSIGNED if name == "agent" else UNKNOWN
            self.labels[name] = (*sorted(found - {rest}), rest)

    def cube(self, frame: pd.DataFrame | Gathered) -> Cube:
        """Rows as codes and numbers; a missing team is the agent's own."""
        codes: dict[str, NDArray[Any]] = {}
        for name in TEXT_DIMENSIONS:
            if name in frame:
                codes[name] = _words(frame, name).as_codes(self.labels[name], len(self.labels[name]) - 1)
        if "agent" in codes:
            codes["team"] = self._team_codes(codes)
        packed = {name: Column.of(each) for name, each in codes.items()}
        numbers = _numbers(frame)
        for name in ("local_day", "local_hour"):
            if name in numbers:
                packed[name.removeprefix("local_")] = Column.of(numbers[name].ints())
        rest = {name: each for name, each in numbers.items() if not name.startswith("local_")}
        return Cube(Packed(packed, whole=True), Packed(rest, whole=False))

    def _team_codes(self, codes: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        unknown = len(self.labels["team"]) - 1
        of_agent = [
            self.labels["team"].index(self.teams[label]) if label in self.teams else unknown
            for label in self.labels["agent"]
        ]
        own = narrow(np.array(of_agent, dtype=np.int64))[codes["agent"]]
        return np.where(codes["team"] == unknown, own, codes["team"]) if "team" in codes else own


def _words(frame: pd.DataFrame | Gathered, name: str) -> Words:
    """A text column as codes."""
    if isinstance(frame, Gathered):
        return frame.words[name]
    codes, words = pd.factorize(frame[name].astype("str").where(frame[name].notna()))
    return Words(tuple(words), codes)


def _numbers(frame: pd.DataFrame | Gathered) -> Mapping[str, Column]:
    if isinstance(frame, Gathered):
        return frame.numbers
    rest = [name for name in frame.columns if name not in TEXT_DIMENSIONS]
    whole = {name: pd.api.types.is_integer_dtype(frame[name].dtype) for name in rest}
    return {
        name: Column.of(frame[name].to_numpy() if whole[name] else frame[name].to_numpy(dtype=np.float64, na_value=np.nan))
        for name in rest
    }


def _source(frame: pd.DataFrame | Gathered, book: _Labels) -> Source:
    cube = book.cube(frame)
    return Source(cube, cube.pick(np.zeros(len(cube), dtype=bool)))
