"""The fast half: from measured demand and the knobs to one row per weekday × slot, at slider speed.

Voice contacts are staffed by Erlang C (Erlang A when a patience is set), all others by the chat model; where a log has
both, each is staffed on its own and the requirements add up. The service level is "answered within T of the contacts
offered" unless the knobs name another of its meanings. A supply of 2.5 agents on average is read as 2 on half of the dates
and 3 on the other half.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from core.scenario import MEANINGS
from core.staffing.balance import balancing
from core.staffing.chat import chat_pool, required_chat_agents, useful_concurrency
from core.staffing.concurrency import chat_times
from core.staffing.demand import MIN_EFFORT_N, VOLUMES, Demand, Group, measure_demand, slot_counts, volume
from core.staffing.gap import cover_hours, moves, propose
from core.staffing.lag import LONG, lagged_load
from core.staffing.patience import erlang_a, required_agents_patience
from core.staffing.queues import FloatArray, check_share, erlang_c_queue, out_of_range, positions, required_agents
from core.staffing.supply import INTERVALS

MODELS = ("auto", "erlang_c", "chat")
FEW_WEEKS = 4
_BUSY_MIN_S = 1800
_WAIT, _ROWS = 3, 4  # row of the waits among the predicted rows, and how many there are


@dataclass(frozen=True)
class StaffingKnobs:
    """What a manager can turn; every knob is fast. Shares are 0–1, times seconds unless the name says minutes.

    Args:
        interval_min: slot length, 15, 30 or 60 minutes.
        target: share of offered contacts to answer within ``within_s``.
        max_occupancy: highest share of time (chat: of chat places) in use.
        shrinkage: share of rostered time that is lost; applied to a given roster, never to agents seen working.
        model: "auto" (voice by Erlang, others by the chat model), or one model for all.
        max_concurrency: most chats an agent may hold; fewer are used when more were never seen.
        week_start: weekday of the first row, 0 = Monday.
        volume: "mean", "p50", "p80" or "p90" of the weeks: how busy a week the plan must carry.
        patience_s: mean patience of contacts in the queue; None = nobody leaves.
        meaning: which of ``MEANINGS`` the target is about; they differ only where contacts leave.
        wage: money an agent-hour costs, in any currency; 0 = unknown.
        open_from, open_to: opening hours in minutes of the day, over midnight when from > to; outside nobody is needed.

    Raises:
        ScenarioError: a knob outside its bounds.

    >>> StaffingKnobs(target=0.9).interval_min
    30
    """

    interval_min: int = 30
    target: float = 0.8
    within_s: float = 30.0
    max_occupancy: float = 0.85
    shrinkage: float = 0.0
    model: str = "auto"
    max_concurrency: int = 8
    week_start: int = 0
    volume: str = "mean"
    patience_s: float | None = None
    meaning: str = MEANINGS[0]
    wage: float = 0.0
    open_from: int = 0
    open_to: int = 1440

    def __post_init__(self) -> None:
        check_share("target", self.target, 1 - 1e-12)
        check_share("max_occupancy", self.max_occupancy)
        positions(1, self.shrinkage)
        self._check_choices()
        bounds = {"wage": (0, 1e9), "within_s": (0, 86_400), "max_concurrency": (1, 50), "week_start": (0, 6)}
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise out_of_range(name, getattr(self, name), low, high)

    def _check_choices(self) -> None:
        choices = {"interval_min": INTERVALS, "model": MODELS, "volume": VOLUMES, "meaning": MEANINGS}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise out_of_range(name, getattr(self, name), 0, len(known))
        if self.patience_s is not None and self.patience_s <= 0:
            raise out_of_range("patience_s", self.patience_s, 0, np.inf)


@dataclass(frozen=True, eq=False)
class StaffingResult:
    """Staffing of one average week.

    ``slots``: one row per weekday × slot (weekday, start in minutes, contacts per date, aht_s, concurrency,
    load_erlang, required, supplied, gap = supplied − required, service_level, occupancy and wait_s (mean seconds until an
    answer; infinite where the queue grows without limit) predicted at the supply, model, supply_label, n_days …).
    ``under_hours`` and ``over_hours``: agent-hours per week, never netted (NaN without
    supply). ``moves``: see :func:`core.staffing.gap.moves`. ``facts``: what the sentences need. ``reasons``: codes with
    words under ``staffing.reasons``.
    """

    slots: pd.DataFrame
    under_hours: float
    over_hours: float
    moves: pd.DataFrame
    facts: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Work:
    """One group of contacts by slot (flat, 7 × slots): what arrives, how long it takes, who is needed.

    ``contacts``: past ones per date. ``arriving``: planned for, per second; ``per_s``: those as they keep agents busy, later
    where contacts last long.
    """

    name: str
    model: str
    contacts: FloatArray
    arriving: FloatArray
    per_s: FloatArray
    aht: FloatArray
    shop_wide: np.ndarray
    curve: FloatArray
    mean_effort: float

    @property
    def load(self) -> FloatArray:
        return self.per_s * self.aht

    @property
    def pace(self) -> FloatArray:
        """A slot's handle time relative to the group's: the measured chat times are stretched by it."""
        return np.nan_to_num(self.aht / self.mean_effort, nan=1.0)


def _effort(group: Group, interval: int) -> tuple[FloatArray, np.ndarray]:
    """Mean handle seconds per slot (sums over counts), the group's own mean where a slot has too few; and where."""
    shape = (7, 1440 // interval, interval // 15)
    total, n = group.effort_sum.reshape(shape).sum(axis=2).ravel(), group.effort_n.reshape(shape).sum(axis=2).ravel()
    enough = n >= MIN_EFFORT_N
    return np.where(enough, total / np.maximum(n, 1), group.mean_effort), ~enough


def _model(group: Group, knobs: StaffingKnobs) -> str:
    model = {"voice": "erlang_c", "chat": "chat"}[group.name] if knobs.model == "auto" else knobs.model
    return "erlang_a" if model == "erlang_c" and knobs.patience_s else model


def _open(knobs: StaffingKnobs) -> np.ndarray:
    """Which slots lie in opening hours, flat over the week."""
    start = np.arange(0, 1440, knobs.interval_min)
    after, before = start >= knobs.open_from, start < knobs.open_to
    inside = after & before if knobs.open_from <= knobs.open_to else after | before
    return np.tile(inside, 7)


def _share(demand: Demand, group: Group, interval: int) -> FloatArray:
    """A group's part of all contacts per slot; of the whole week where a slot has none."""
    own = slot_counts(group, interval)
    of_slot = np.stack([own[demand.weekdays == day].sum(axis=0) for day in range(7)]).ravel()
    every = sum((slot_counts(each, interval) for each in demand.groups), np.zeros_like(own))
    total = np.stack([every[demand.weekdays == day].sum(axis=0) for day in range(7)]).ravel()
    return np.where(total > 0, of_slot / np.maximum(total, 1), own.sum() / max(every.sum(), 1))


def _work(demand: Demand, group: Group, knobs: StaffingKnobs, coming: FloatArray | None = None) -> _Work:
    counts = slot_counts(group, knobs.interval_min)
    contacts = volume(counts, demand.weekdays, "mean").ravel()
    planned = contacts if knobs.volume == "mean" else volume(counts, demand.weekdays, knobs.volume).ravel()
    if coming is not None:
        planned = coming.ravel() * _share(demand, group, knobs.interval_min)
    aht, shop_wide = _effort(group, knobs.interval_min)
    per_s = np.where(_open(knobs), planned, 0 * planned) / (knobs.interval_min * 60)
    exact = demand.facts["handle_label"] == "estimated"
    curve = chat_times(demand.concurrency, group.mean_effort, knobs.max_concurrency, effort_binds=exact)
    curve = curve[: useful_concurrency(curve)]
    model = _model(group, knobs)
    served = _with_lag(per_s, _served_s(demand, aht, curve if model == "chat" else None), knobs.interval_min * 60)
    return _Work(group.name, model, contacts, per_s, served, aht, shop_wide, curve, group.mean_effort)


def _served_s(demand: Demand, aht: FloatArray, curve: FloatArray | None) -> FloatArray:
    """Seconds a contact stays with an agent per slot: of a chat, those at the usual number of chats at once."""
    if curve is None or not curve.size or not np.isfinite(demand.concurrency.mean):
        return aht
    usual = float(np.interp(demand.concurrency.mean, np.arange(1, curve.size + 1), curve))
    return np.full(aht.size, usual)


def _with_lag(per_s: FloatArray, served_s: FloatArray, slot_s: int) -> FloatArray:
    """Contacts per second as the agents feel them: shifted into later slots where contacts outlast half a slot.

    Slots in which nobody comes stay empty: who is still being served then needs nobody new.
    """
    weight = np.nan_to_num(per_s)
    if not weight.sum() or not np.all(served_s > 0) or np.average(served_s, weights=weight) <= LONG * slot_s:
        return per_s
    return np.where(weight > 0, lagged_load(per_s, served_s, slot_s) / served_s, per_s)


def _required(work: _Work, knobs: StaffingKnobs) -> FloatArray:
    """Whole agents per slot; NaN where the weekday or the effort is unknown."""
    known = np.isfinite(work.per_s) & (work.aht > 0) | (work.per_s == 0)
    rate, aht = np.where(known, work.per_s, 0.0), np.where(work.aht > 0, work.aht, 1.0)
    goal: dict[str, Any] = {"target": knobs.target, "max_occupancy": knobs.max_occupancy}
    leaving: dict[str, Any] = {"meaning": knobs.meaning}
    if not np.any(rate > 0):
        agents = np.zeros(rate.size)
    elif work.model == "chat":
        leaving["patience"] = None if knobs.patience_s is None else knobs.patience_s / work.pace
        agents = required_chat_agents(rate * work.pace, work.curve, knobs.within_s / work.pace, **goal, **leaving)
    elif work.model == "erlang_a":
        agents = required_agents_patience(rate, aht, knobs.patience_s or np.inf, knobs.within_s, **goal, **leaving)
    else:
        agents = required_agents(rate * aht, aht, knobs.within_s, **goal)
    return np.where(known, agents, np.nan)


def _at_whole(work: _Work, knobs: StaffingKnobs, agents: FloatArray) -> tuple[FloatArray, ...]:
    """Service level, occupancy, seconds with an agent and seconds waited at whole staff; nobody there answers nobody."""
    rate = np.nan_to_num(work.per_s)
    aht = np.where(work.aht > 0, work.aht, 1.0)
    if work.model == "chat":
        patience = None if knobs.patience_s is None else knobs.patience_s / work.pace
        within = knobs.within_s / work.pace
        pool = chat_pool(rate * work.pace, work.curve, agents, within, patience, meaning=knobs.meaning)
        return pool.service_level, pool.slot_occupancy, pool.effective_aht * work.pace, pool.asa * work.pace
    if work.model == "erlang_a":
        queue = erlang_a(rate, aht, knobs.patience_s or np.inf, agents, knobs.within_s)
        return getattr(queue, knobs.meaning), queue.occupancy, aht, queue.mean_wait
    plain = erlang_c_queue(rate, aht, agents, knobs.within_s)
    return plain.service_level, plain.occupancy, aht, plain.asa


def _predict(work: _Work, knobs: StaffingKnobs, agents: FloatArray) -> FloatArray:
    """Service level, occupancy, seconds with an agent and seconds waited (four rows) at a mean staff between two whole numbers.

    A queue that grows without limit on some of the dates has an infinite mean wait.
    """
    known = np.isfinite(agents) & (work.per_s > 0) & (work.aht > 0)
    if not known.any():  # nobody knows how long the work takes, or there is none
        return np.full((_ROWS, known.size), np.nan)
    staff = np.where(known, agents, 0.0)
    low = np.floor(staff + 1e-9)
    share = np.maximum(staff - low, 0)
    below = np.stack(_at_whole(work, knobs, low))
    above = np.stack(_at_whole(work, knobs, low + 1))
    endless = np.isinf(below) | np.isinf(above) & (share > 0)
    below, above = np.where(endless, 0.0, below), np.where(np.isinf(above), 0.0, above)
    return np.where(known, np.where(endless, np.inf, below + share * (above - below)), np.nan)


def _weighted(values: list[FloatArray], weights: list[FloatArray]) -> FloatArray:
    """Mean over groups weighted by slot; a group without a value in a slot leaves both sums, none leaves NaN."""
    value, weight = np.stack(values), np.stack(weights)
    weight = np.where(np.isfinite(value), weight, 0.0)
    total = weight.sum(axis=0)
    sums = (np.nan_to_num(value) * weight).sum(axis=0)
    return np.asarray(np.divide(sums, total, out=np.full_like(total, np.nan), where=total > 0))


def _together(works: list[_Work], knobs: StaffingKnobs, required: list[FloatArray], agents: FloatArray) -> FloatArray:
    """Predicted rows of all groups, the staff split in proportion to what each group needs."""
    needed = np.maximum(np.nan_to_num(sum(required, np.zeros_like(agents))), 1e-12)
    rows = [_predict(work, knobs, agents * need / needed) for work, need in zip(works, required, strict=True)]
    weights = [np.nan_to_num(work.per_s) for work in works]
    endless = np.any([np.isinf(row[_WAIT]) for row in rows], axis=0)
    together = np.stack([_weighted([row[i] for row in rows], weights) for i in range(_ROWS)])
    together[_WAIT] = np.where(endless, np.inf, together[_WAIT])
    return together


def _concurrency(demand: Demand, interval: int) -> FloatArray:
    """Mean open conversations per slot while at least one is open; the shop's where a slot has under half an hour."""
    shape = (7, 1440 // interval, interval // 15)
    busy = demand.open_by_quarter.reshape(shape).sum(axis=2).ravel()
    chats = demand.chats_by_quarter.reshape(shape).sum(axis=2).ravel()
    return np.where(busy >= _BUSY_MIN_S, chats / np.maximum(busy, 1), demand.concurrency.mean)


def _supplied(demand: Demand, knobs: StaffingKnobs) -> FloatArray:
    """Agents present per slot: a given roster less shrinkage; agents seen working have shrunk already."""
    slots = 7 * 1440 // knobs.interval_min
    agents = demand.supply.agents.get(knobs.interval_min, np.full(slots, np.nan)).ravel()
    return agents * (1 - knobs.shrinkage) if demand.supply.label == "given" else agents


def _models(works: list[_Work]) -> np.ndarray:
    """Code of the model per slot: the one in use, or "mixed" where two groups have contacts."""
    codes = np.full(works[0].per_s.size if works else 0, works[0].model if works else "", dtype=object)
    for work in works[1:]:
        here = np.nan_to_num(work.contacts) > 0
        first = np.nan_to_num(works[0].contacts) > 0
        codes = np.where(here & first, "mixed", np.where(here, work.model, codes))
    return codes


def _state(table: pd.DataFrame, inside: np.ndarray) -> np.ndarray:
    """closed, nobody, unknown, under, met or over, one per slot."""
    supplied, gap = table["supplied"].to_numpy(), table["gap"].to_numpy()
    idle = ~(table["contacts"].to_numpy() > 0) & ~(supplied > 0)
    empty = (table["required"].to_numpy() > 0) & (supplied == 0)
    conditions = [~inside | idle, empty, ~np.isfinite(gap), gap < -1e-9, gap >= 1]
    return np.select(conditions, ["closed", "nobody", "unknown", "under", "over"], "met")


def _table(demand: Demand, works: list[_Work], knobs: StaffingKnobs) -> pd.DataFrame:
    slots = 1440 // knobs.interval_min
    zeros = np.where(np.repeat(demand.n_days, slots) > 0, 0.0, np.nan)
    need = [_required(work, knobs) for work in works]
    required, load = sum(need, zeros), sum((work.load * (work.per_s > 0) for work in works), zeros)
    contacts = sum((work.contacts for work in works), zeros)
    supplied = _supplied(demand, knobs)
    at_supply = _together(works, knobs, need, supplied) if works else np.full((_ROWS, zeros.size), np.nan)
    around = [_together(works, knobs, need, np.maximum(required + i, 0)) if works else at_supply for i in (-1, 0, 1)]
    chat = any(work.model == "chat" for work in works)
    table = pd.DataFrame({
        "weekday": np.repeat(np.arange(7), slots),
        "start": np.tile(np.arange(slots) * knobs.interval_min, 7),
        "contacts": contacts,
        "aht_s": _weighted([w.aht for w in works], [np.nan_to_num(w.contacts) for w in works]) if works else np.nan,
        "concurrency": _concurrency(demand, knobs.interval_min) if chat else 1.0,
        "load_erlang": load,
        "required": required,
        "supplied": supplied,
        "gap": supplied - required,
        "service_level": at_supply[0],
        "occupancy": at_supply[1],
        "model": _models(works) if works else "",
        "supply_label": demand.supply.label,
        "n_days": np.repeat(demand.n_days, slots),
        "planned_contacts": sum((work.arriving for work in works), zeros) * knobs.interval_min * 60,
        "positions": np.where(np.isfinite(required), positions(np.nan_to_num(required), knobs.shrinkage), np.nan),
        "chat_s": around[1][2],
        "wait_s": at_supply[_WAIT],
        "service_level_minus_one": around[0][0],
        "service_level_required": around[1][0],
        "service_level_plus_one": around[2][0],
        "aht_shop_wide": np.any([work.shop_wide & (work.contacts > 0) for work in works], axis=0) if works else False,
    })  # fmt: skip
    table["state"] = _state(table, _open(knobs))
    return table


def predict_at(
    demand: Demand, knobs: StaffingKnobs, times: FloatArray, least_per_s: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Share reached within each of several times at the staff that was there, and the mean wait.

    Args:
        times: seconds; one row of the first result each.
        least_per_s: contacts per second that a slot without any is read as, so that its staff has a service level.

    Returns:
        Times × slots of the week, and seconds per slot (infinite where the queue grows); NaN where staff or effort is
        unknown.
    """
    works = [replace(work, per_s=np.maximum(work.per_s, least_per_s)) for work in (_work(demand, g, knobs) for g in demand.groups)]
    need, supplied = [_required(work, knobs) for work in works], _supplied(demand, knobs)
    rows = [_together(works, replace(knobs, within_s=float(time)), need, supplied) for time in times]
    return np.stack([row[0] for row in rows]), rows[0][_WAIT]


def patience_range(demand: Demand, knobs: StaffingKnobs) -> list[tuple[float | None, float]]:
    """Agent-hours needed per week at half, once and twice the patience, and if nobody leaves (None).

    Patience is badly known: most who give up in a chat leave without a word.
    """
    if not knobs.patience_s:
        return []
    found: list[tuple[float | None, float]] = []
    for patience in (knobs.patience_s / 2, knobs.patience_s, knobs.patience_s * 2, None):
        turned = replace(knobs, patience_s=patience)
        needed = sum((_required(_work(demand, group, turned), turned) for group in demand.groups), np.zeros(1))
        found.append((patience, float(np.nansum(needed)) * knobs.interval_min / 60))
    return found


def plan(demand: Demand, knobs: StaffingKnobs | None = None, coming: FloatArray | None = None) -> StaffingResult:
    """Requirement, supply, gap and moves of one average week.

    Args:
        demand: from :func:`core.staffing.measure_demand`.
        knobs: see :class:`StaffingKnobs`; None = defaults.
        coming: contacts to plan for instead of past ones, 7 weekdays × slots, as from :func:`core.staffing.coming_week`; each
            group gets the part of a slot that it had in the past.

    Returns:
        A :class:`StaffingResult`; weekdays that the period lacks have NaN, slots without contacts need 0 agents.

    >>> talk = pd.DataFrame({"owner": "a", "customer_started": 1, "holiday_mode": 0, "bot_resolved": 0,
    ...     "local_day": 4, "local_minute": range(540, 600), "handle_s": 120.0, "first_human_ms": 4.0e8,
    ...     "last_human_ms": 4.0e8, "last_ms": 4.0e8, "closed_ms": None, "channel": "phone"})
    >>> result = plan(measure_demand(talk, zone="UTC", period=(4, 4)), StaffingKnobs(interval_min=60))
    >>> result.slots.loc[9, ["contacts", "load_erlang", "required"]].tolist()
    [60.0, 2.0, 4.0]
    """
    chosen = knobs or StaffingKnobs()
    works = [_work(demand, group, chosen, coming) for group in demand.groups]
    table = _table(demand, works, chosen)
    hours = cover_hours(table["required"], table["supplied"], chosen.interval_min / 60)
    unknown = demand.supply.label == "none"
    shape = (7, 1440 // chosen.interval_min)
    required, supplied = (table[key].to_numpy(float).reshape(shape) for key in ("required", "supplied"))
    facts = _facts(demand, works, table, chosen)
    order = np.argsort((table["weekday"].to_numpy() - chosen.week_start) % 7, kind="stable")
    return StaffingResult(
        table.take(order).reset_index(drop=True),
        np.nan if unknown else hours.under,
        np.nan if unknown else hours.over,
        _moves(demand, required, supplied, chosen),
        facts,
        tuple(code for code, holds in _reasons(demand, works, facts).items() if holds),
    )


def _moves(demand: Demand, required: FloatArray, supplied: FloatArray, knobs: StaffingKnobs) -> pd.DataFrame:
    """Moves towards slots below their requirement; where none is, towards weekdays with more contacts per agent."""
    found = moves(required, supplied, knobs.interval_min)
    if len(found) or np.nansum(np.maximum(required - supplied, 0)) > 0:
        return found
    daily = sum((group.counts.sum(axis=1) for group in demand.groups), np.zeros(len(demand.weekdays), np.int64))
    short, spare = balancing(daily, demand.weekdays, required, supplied)
    return propose(short, spare, knobs.interval_min, "balance")


def _facts(demand: Demand, works: list[_Work], table: pd.DataFrame, knobs: StaffingKnobs) -> dict[str, Any]:
    """Numbers behind the sentences; curves by group name, seconds and counts unrounded."""
    seen = demand.concurrency
    curves = {work.name: work.curve.tolist() for work in works if work.model == "chat"}
    states = table["state"].value_counts()
    return dict(demand.facts) | {
        "period": demand.period,
        "n_days": demand.n_days.tolist(),
        "weeks": int(demand.n_days.min()),
        "dates": int(min((n for n in demand.n_days if n), default=0)),  # of the rarest weekday that occurs
        "supply_label": demand.supply.label,
        "models": tuple(dict.fromkeys(work.model for work in works)),
        "target": knobs.target,
        "within_s": knobs.within_s,
        "volume": knobs.volume,
        "service_level_definition": knobs.meaning,
        "lagged": any(not np.array_equal(work.arriving, work.per_s, equal_nan=True) for work in works),
        "patience_s": knobs.patience_s,
        "mean_effort_s": {work.name: work.mean_effort for work in works},
        "chat_times_s": curves.get("chat", next(iter(curves.values()), [])),
        "concurrency": seen.mean,
        "concurrency_used": max((len(curve) for curve in curves.values()), default=1),
        "concurrency_ends": seen.ends.tolist(),
        "concurrency_n": seen.n,
        "concurrency_left_out": seen.left_out,
        "concurrency_by_agent": seen.by_agent,
        "max_concurrency": knobs.max_concurrency,
        "shop_wide_slots": int(table["aht_shop_wide"].sum()),
        "outside_contacts": float(table.loc[~_open(knobs), "contacts"].sum()),
        "nobody_slots": int(states.get("nobody", 0)),
        "overloaded_slots": int(((table["service_level"] <= 0) & (table["supplied"] > 0)).sum()),
    }


def _reasons(demand: Demand, works: list[_Work], facts: Mapping[str, Any]) -> dict[str, bool]:
    """Every caveat by code, and whether it holds."""
    chat = any(work.model == "chat" for work in works)
    label = demand.supply.label
    return {
        "no_contacts": not facts["contacts"],
        "weekday_missing": facts["weeks"] == 0,
        "few_weeks": 0 < facts["weeks"] < FEW_WEEKS,
        "no_supply": label == "none",
        "supply_proxy": label == "proxy",
        "effort_missing": facts["contacts"] > 0 and facts["handle_label"] == "missing",
        "effort_estimated": facts["handle_label"] in ("estimated", "mixed"),
        "effort_shop_wide": facts["shop_wide_slots"] > 0,
        "concurrency_not_measured": chat and not demand.concurrency.measured,
        "concurrency_limited": chat and demand.concurrency.measured
        and facts["concurrency_used"] < facts["max_concurrency"],
        "correspondence_left_out": chat and facts["concurrency_left_out"] > 0,
        "groups_summed": len(works) > 1,
        "load_lags": facts["lagged"],
        "erlang_c_for_chat": any(work.name == "chat" and work.model != "chat" for work in works),
        "outside_hours": facts["outside_contacts"] > 0,
        "nobody_there": facts["nobody_slots"] > 0,
        "overloaded": facts["overloaded_slots"] > 0,
    }  # fmt: skip


def worst_slots(result: StaffingResult, n: int = 3) -> pd.DataFrame:
    """The slots that lack most agents, worst first (ties: more contacts first); empty when none lacks any.

    >>> table = pd.DataFrame({"gap": [-1.0, 0.5, -2.0], "contacts": [3.0, 1.0, 2.0]})
    >>> worst_slots(StaffingResult(table, 3.0, 0.5, pd.DataFrame())).index.tolist()
    [2, 0]
    """
    lacking = result.slots[result.slots["gap"] < 0]
    return lacking.sort_values(["gap", "contacts"], ascending=[True, False], kind="stable").head(n)


def staffing_table(
    conversations: pd.DataFrame,
    activity: pd.DataFrame | None = None,
    roster: pd.DataFrame | None = None,
    knobs: StaffingKnobs | None = None,
    **where: Any,
) -> StaffingResult:
    """Measure and plan in one go, for the command line and reports; ``where`` is zone and period of the measuring.

    >>> talk = pd.DataFrame({"owner": ["a"], "customer_started": 1, "holiday_mode": 0, "bot_resolved": 0,
    ...     "local_day": 4, "local_minute": 540, "handle_s": 120.0, "first_human_ms": 4.0e8,
    ...     "last_human_ms": 4.0e8, "last_ms": 4.0e8, "closed_ms": None, "channel": "chat"})
    >>> staffing_table(talk, zone="UTC", period=(4, 10)).slots["required"].sum()
    np.float64(1.0)
    """
    return plan(measure_demand(conversations, activity, roster, **where), knobs)
