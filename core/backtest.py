"""Would the model have predicted last month's waits? Earlier weeks are measured, later weeks are held against them.

From the earlier weeks: arrivals, effort, concurrency, and how long an agent with a place to spare takes to reply (contacts
of slots in which the model sees hardly anybody queue). From the later weeks: who was there. A contact is answered in time
when queue and reply together take at most T; its chance is the model's wait spread over the measured reply times.

If the model is off, each assumption is exchanged for another one at a time, and the days say which of them fits better.
Every score is the mean squared difference between chance and outcome of a contact (Brier), compared day by day.

Source: G. W. Brier (1950); A. H. Murphy & R. L. Winkler (1977) on calibration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import bdtrik, betainc, gammaln, stdtr

from core.fairness import clustered_ratio, wilson
from core.staffing.demand import Demand, contacts_of, measure_demand
from core.staffing.planning import StaffingKnobs, predict_at
from core.staffing.queues import FloatArray, IntArray
from core.staffing.supply import Supply, seen_supply, weekday_of
from core.trends import adjust

TOLERANCE = 0.05
BAND = 0.9
MIN_CONTACTS = 200
MIN_DAYS = 7
MIN_FIT_DAYS = 14
MIN_QUIET = 100
QUIET = 0.05
LEVEL = 0.05
BINS = 6
# A slot in which nobody came in the earlier weeks is not a slot without anybody: it is read as hardly any.
_FLOOR_PER_S = 1e-6


@dataclass(frozen=True, eq=False)
class Backtest:
    """Predicted against actual of held-out days.

    ``slots``: one row per weekday × slot with contacts (weekday, start, n, predicted, actual, low, high of the ``BAND``,
    inside, predicted_wait_s, actual_wait_s); shares 0–1. ``bins``: slots put together by what was predicted (predicted,
    actual, low, high, n). ``errors``: bias (predicted − actual, with 95 % interval), mae, mae_chance (what chance alone
    would leave), in_band, wait_bias_s, dispersion (of the dates of a slot, 1 = separate contacts), n. ``doubts``: one row
    per other assumption (assumption, value, bias, gain, p, p_adjusted, verdict). ``verdict``: agrees, off,
    not_enough_data or cannot_be_judged. ``doubt``: the assumption that fits best when one fits better beyond chance,
    else "".
    """

    verdict: str
    fit: tuple[int, int]
    held: tuple[int, int]
    slots: pd.DataFrame = field(default_factory=pd.DataFrame)
    bins: pd.DataFrame = field(default_factory=pd.DataFrame)
    errors: Mapping[str, float] = field(default_factory=dict)
    doubts: pd.DataFrame = field(default_factory=pd.DataFrame)
    facts: Mapping[str, Any] = field(default_factory=dict)
    doubt: str = ""
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Sources:
    """The log's tables as `measure_demand` takes them, and the shop's zone; waits are in ``wait_s`` (NaN: no answer)."""

    conversations: pd.DataFrame
    activity: pd.DataFrame | None = None
    roster: pd.DataFrame | None = None
    zone: str = "Asia/Shanghai"

    def demand(self, days: tuple[int, int]) -> Demand:
        """What some days show."""
        return measure_demand(self.conversations, self.activity, self.roster, zone=self.zone, period=days)

    def outcomes(self, days: tuple[int, int], interval: int) -> pd.DataFrame:
        """The contacts of some days: day, slot of the week, wait_s. Who waits since a moment ago is left out."""
        rows = contacts_of(self.conversations, days)
        if "pending" in rows:
            rows = rows[rows["pending"].to_numpy() != 1]
        day = rows["local_day"].to_numpy(np.int64)
        slot = weekday_of(day) * (1440 // interval) + rows["local_minute"].to_numpy(np.int64) // interval
        return pd.DataFrame({"day": day, "slot": slot, "wait_s": rows["wait_s"].to_numpy(float, na_value=np.nan)})


@dataclass(frozen=True, eq=False)
class Assumed:
    """Everything a prediction rests on; an alternative exchanges one of them."""

    demand: Demand
    supply: Supply
    knobs: StaffingKnobs
    replies: tuple[FloatArray, ...]
    """Seconds until the reply of an agent with a place to spare, infinite where nobody ever replied; one array for all
    hours, or one for each of equally long parts of the day."""

    def predict(self) -> tuple[FloatArray, FloatArray]:
        """Share in time and mean seconds to the answer, per slot of the week; NaN where staff or effort is unknown."""
        within = self.knobs.within_s
        times = within * np.linspace(0, 1, 9)
        queue, wait = predict_at(replace(self.demand, supply=self.supply), self.knobs, times, _FLOOR_PER_S)
        slots = 1440 // self.knobs.interval_min
        part = np.arange(queue.shape[1]) % slots * len(self.replies) // slots
        level, waited = np.full(queue.shape[1], np.nan), wait.copy()
        for each, reply in enumerate(self.replies):
            left, here = within - reply[reply <= within], np.flatnonzero(part == each)
            level[here] = [np.interp(left, times, queue[:, slot]).sum() / max(reply.size, 1) for slot in here]
            waited[here] += reply[np.isfinite(reply)].mean() if np.isfinite(reply).any() else np.nan
        return level, waited


PARTS_OF_DAY = 4


@dataclass(frozen=True, eq=False)
class _Replies:
    """Waits of contacts that met hardly any queue, their part of the day, and whether such contacts were enough."""

    waits: FloatArray
    part: IntArray
    enough: bool

    def by_part(self) -> tuple[FloatArray, ...]:
        """Waits of each part of the day; all of them where a part has too few."""
        parts = [self.waits[self.part == each] for each in range(PARTS_OF_DAY)]
        return tuple(part if part.size >= MIN_QUIET // 2 else self.waits for part in parts)


def _reply_times(sources: Sources, demand: Demand, knobs: StaffingKnobs) -> _Replies:
    """Waits in quiet slots of some days; with too few of them in the quietest quarter of contacts."""
    seen = sources.outcomes(demand.period, knobs.interval_min)
    none, _ = predict_at(demand, knobs, np.zeros(1), _FLOOR_PER_S)
    waiting = 1 - none[0][seen["slot"].to_numpy()]
    waits = seen["wait_s"].fillna(np.inf).to_numpy(float)
    known = np.isfinite(waiting)
    quiet = known & (waiting <= QUIET)
    enough = int(quiet.sum()) >= MIN_QUIET
    if not enough and known.any():
        quiet = known & (waiting <= np.quantile(waiting[known], 0.25))
    slots = 1440 // knobs.interval_min
    part = seen["slot"].to_numpy() % slots * PARTS_OF_DAY // slots
    return _Replies(waits[quiet], part[quiet], enough)


def backtest(
    sources: Sources, knobs: StaffingKnobs, fit: tuple[int, int], held: tuple[int, int]
) -> Backtest:
    """Hold what earlier days lead one to expect against what later days brought.

    Args:
        sources: the log.
        knobs: the staffing knobs; slot length, T, patience, concurrency and shrinkage enter the prediction.
        fit: first and last local day that are measured.
        held: first and last local day that are predicted, after the fit.

    Returns:
        A :class:`Backtest`; too few days or contacts or an unknown staff are told by ``verdict`` and ``reason``.
    """
    if not fit[0] <= fit[1] < held[0] <= held[1]:
        return Backtest("not_enough_data", fit, held, reason="few_earlier_days")
    seen = sources.outcomes(held, knobs.interval_min)
    before, after = sources.demand(fit), sources.demand(held)
    reason = _missing(before, after, seen)
    if reason:
        verdict = "cannot_be_judged" if reason in ("no_supply", "effort_missing") else "not_enough_data"
        return Backtest(verdict, fit, held, reason=reason, facts={"contacts": len(seen)})
    replies = _reply_times(sources, before, knobs)
    reply = replies.waits
    base = Assumed(before, after.supply, knobs, (reply,))
    found = _judged(base, seen)
    others = _Others(base, after, sources, replies)
    doubts = _doubts(others, seen, _chances(base, seen))
    facts = {
        "contacts": len(seen), "quiet": replies.enough, "reply_n": int(np.isfinite(reply).sum()),
        "reply_median_s": float(np.quantile(reply, 0.5, method="lower")) if reply.size else np.nan,
        "supply_label": after.supply.label, "within_s": knobs.within_s, "tolerance": TOLERANCE, "band": BAND,
        "fit_days": fit[1] - fit[0] + 1, "held_days": held[1] - held[0] + 1,
    }  # fmt: skip
    better = doubts[doubts["verdict"] == "fits_better"]
    doubt = str(better.iloc[0]["assumption"]) if len(better) else ""
    return replace(found, fit=fit, held=held, doubts=doubts, facts=facts, doubt=doubt)


def split(first_day: int, last_day: int, weeks: int | None = None) -> tuple[tuple[int, int], tuple[int, int]]:
    """Days to measure and days to predict: the last weeks of a period are held out, by default a third, at most four.

    >>> split(0, 83), split(0, 83, 2), split(0, 20)
    (((0, 55), (56, 83)), ((0, 69), (70, 83)), ((0, 13), (14, 20)))
    """
    days = last_day - first_day + 1
    held = 7 * (weeks or max(1, min(4, days // 21)))
    return (first_day, last_day - held), (last_day - held + 1, last_day)


def _missing(before: Demand, after: Demand, seen: pd.DataFrame) -> str:
    """Why nothing can be said, or an empty text."""
    answered = int(seen["wait_s"].notna().sum())
    reasons = {
        "few_earlier_days": len(before.weekdays) < MIN_FIT_DAYS or int(before.n_days.min()) == 0,
        "few_later_days": len(after.weekdays) < MIN_DAYS,
        "few_contacts": answered < MIN_CONTACTS,
        "effort_missing": before.facts["handle_label"] == "missing",
        "no_supply": after.supply.label == "none" or before.supply.label == "none",
    }
    return next((code for code, holds in reasons.items() if holds), "")


def _chances(assumed: Assumed, seen: pd.DataFrame) -> FloatArray:
    """The chance of an answer in time of each contact; NaN where it cannot be predicted."""
    return assumed.predict()[0][seen["slot"].to_numpy()]


def _judged(assumed: Assumed, seen: pd.DataFrame) -> Backtest:
    """Slots, bins, errors and verdict."""
    level, wait = assumed.predict()
    interval = assumed.knobs.interval_min
    spread = _dispersion(seen, assumed.knobs.within_s)
    slots = _slots(seen, (level, wait), assumed.knobs, spread)
    chance = level[seen["slot"].to_numpy()]
    known = np.isfinite(chance)
    days = seen["day"].to_numpy()[known]
    hit = (seen["wait_s"].to_numpy() <= assumed.knobs.within_s)[known]
    sums = pd.DataFrame({"off": chance[known] - hit, "n": 1.0}).groupby(days).sum()
    bias = clustered_ratio(sums["off"], sums["n"])
    n = slots["n"].to_numpy(float)
    off = np.abs(slots["predicted"] - slots["actual"]).to_numpy()
    by_chance = binomial_deviation(slots["n"].to_numpy(), slots["predicted"].to_numpy()) * np.sqrt(spread)
    waited = np.isfinite(slots["predicted_wait_s"]) & np.isfinite(slots["actual_wait_s"])
    known_waits = slots[waited]
    total = max(float(known_waits["n"].sum()), 1.0)
    waits = {f"{name}_wait_s": float((known_waits[f"{name}_wait_s"] * known_waits["n"]).sum() / total) for name in ("predicted", "actual")}
    errors = {
        "n": int(known.sum()), "unpredicted": int((~known).sum()), "slots": len(slots),
        "predicted": float(chance[known].mean()), "actual": float(hit.mean()),
        "bias": bias.value, "bias_low": bias.low, "bias_high": bias.high,
        "mae": float((off * n).sum() / n.sum()), "mae_chance": float((by_chance * n).sum() / n.sum()),
        "in_band": float(slots["inside"].mean()),
        **waits, "wait_bias_s": waits["predicted_wait_s"] - waits["actual_wait_s"],
        "n_per_slot": float(n.mean()), "dispersion": spread,
    }  # fmt: skip
    fine = abs(bias.value) <= TOLERANCE and errors["mae"] - errors["mae_chance"] <= TOLERANCE
    slots = slots.assign(start=slots["slot"] % (1440 // interval) * interval)
    return Backtest("agrees" if fine else "off", (0, 0), (0, 0), slots.drop(columns="slot"), _bins(slots, spread), errors)


def _dispersion(seen: pd.DataFrame, within_s: float) -> float:
    """How much more the dates of a slot differ than separate contacts would (Pearson's χ² over its degrees of freedom, ≥ 1).

    Contacts of one hour share one queue: when it is long all of them wait.
    """
    hit = (seen["wait_s"] <= within_s).astype(float)
    dates = seen.assign(hit=hit).groupby(["slot", "day"])["hit"].agg(["size", "sum"])
    whole = dates.groupby("slot").transform("sum")
    share = whole["sum"] / whole["size"]
    mixed = (share > 0) & (share < 1)
    n, share = dates["size"][mixed], share[mixed]
    freedom = len(n) - n.index.get_level_values("slot").nunique()
    if freedom < MIN_DAYS:
        return 1.0
    return max(float(((dates["sum"][mixed] - n * share) ** 2 / (n * share * (1 - share))).sum() / freedom), 1.0)


def _slots(
    seen: pd.DataFrame, predicted: tuple[FloatArray, FloatArray], knobs: StaffingKnobs, spread: float
) -> pd.DataFrame:
    """Outcome and prediction of each slot of the week that had contacts and can be predicted."""
    hit = seen["wait_s"].to_numpy() <= knobs.within_s
    sums = seen.assign(hit=hit).groupby("slot").agg(n=("hit", "size"), hits=("hit", "sum"), waited=("wait_s", "mean"))
    slot = sums.index.to_numpy()
    table = pd.DataFrame({
        "weekday": slot // (1440 // knobs.interval_min),
        "slot": slot,
        "n": sums["n"].to_numpy(),
        "predicted": predicted[0][slot],
        "actual": (sums["hits"] / sums["n"]).to_numpy(),
        "predicted_wait_s": predicted[1][slot],
        "actual_wait_s": sums["waited"].to_numpy(),
    })  # fmt: skip
    table = table[np.isfinite(table["predicted"])].reset_index(drop=True)
    middle = table["predicted"].to_numpy()
    ends = binomial_band(table["n"].to_numpy(), middle, BAND)
    low, high = (np.clip(middle + (end - middle) * np.sqrt(spread), 0, 1) for end in ends)
    inside = (table["actual"] >= low - 1e-12) & (table["actual"] <= high + 1e-12)
    return table.assign(low=low, high=high, inside=inside)


def binomial_band(n: IntArray, p: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Shares that n contacts keep to with at least this probability when each is in time with chance p.

    >>> [x.round(2).tolist() for x in binomial_band(np.array([10, 10]), np.array([0.8, 1.0]), 0.9)]
    [[0.6, 1.0], [1.0, 1.0]]
    """
    tail = (1 - level) / 2
    count, chance = n.astype(float), np.clip(p, 1e-12, 1 - 1e-12)
    ends = [_binomial_quantile(q, count, chance) for q in (tail, 1 - tail)]
    return ends[0] / count, ends[1] / count


def _binomial_quantile(q: float, n: FloatArray, p: FloatArray) -> FloatArray:
    """Smallest count whose probability reaches q."""
    guess = np.clip(np.ceil(np.nan_to_num(bdtrik(q, n, p))), 0, n)
    lower = np.maximum(guess - 1, 0)
    found = np.where((guess > 0) & (_at_most(lower, n, p) >= q), lower, guess)
    return np.asarray(np.where(_at_most(found, n, p) < q, np.minimum(found + 1, n), found))


def _at_most(count: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """Binomial distribution function."""
    return np.asarray(np.where(count >= n, 1.0, betainc(np.maximum(n - count, 1), count + 1, 1 - p)))


def binomial_deviation(n: IntArray, p: FloatArray) -> FloatArray:
    """Mean |share − p| of n contacts by chance alone (A. de Moivre's closed form).

    >>> binomial_deviation(np.array([1, 100]), np.array([0.5, 0.5])).round(4).tolist()
    [0.5, 0.0398]
    """
    count, chance = n.astype(float), np.clip(p, 1e-12, 1 - 1e-12)
    k = np.minimum(np.floor(count * chance) + 1, count)
    logs = gammaln(count + 1) - gammaln(k + 1) - gammaln(count - k + 1)
    logs = logs + k * np.log(chance) + (count - k + 1) * np.log1p(-chance)
    return np.asarray(2 * k * np.exp(logs) / count)


def _bins(slots: pd.DataFrame, spread: float) -> pd.DataFrame:
    """Slots in order of what was predicted, cut into parts of equally many contacts; Wilson intervals of what happened."""
    order = slots.sort_values("predicted", kind="stable")
    n = order["n"].to_numpy(float)
    part = np.minimum(((np.cumsum(n) - n / 2) / n.sum() * BINS).astype(int), BINS - 1)
    rows = []
    for each in np.unique(part):
        here = order[part == each]
        total = float(here["n"].sum())
        hits = float((here["actual"] * here["n"]).sum())
        found = wilson(hits / spread, total / spread)
        predicted = float((here["predicted"] * here["n"]).sum() / total)
        rows.append((predicted, hits / total, found.low, found.high, int(total), len(here)))
    return pd.DataFrame(rows, columns=["predicted", "actual", "low", "high", "n", "slots"])


# --- which assumption to doubt -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Others:
    """The assumptions that can be exchanged, one at a time."""

    base: Assumed
    after: Demand
    sources: Sources
    replies: _Replies

    def each(self) -> Iterator[tuple[str, str, Assumed]]:
        """Assumption, value and everything else as it was."""
        yield from self._arrivals()
        yield from self._handle()
        yield from self._patience()
        yield from self._concurrency()
        yield from self._supply()
        yield from self._reply()

    def _arrivals(self) -> Iterator[tuple[str, str, Assumed]]:
        by_name = {group.name: group for group in self.after.groups}
        groups = tuple(
            replace(group, counts=by_name[group.name].counts) for group in self.base.demand.groups if group.name in by_name
        )
        demand = replace(self.base.demand, period=self.after.period, groups=groups)
        yield "arrivals", "as_held", replace(self.base, demand=demand)

    def _handle(self) -> Iterator[tuple[str, str, Assumed]]:
        for factor in (0.75, 1.25, 1.5, 2.0):
            yield "handle_time", f"{factor:g}", replace(self.base, demand=_longer(self.base.demand, factor))

    def _patience(self) -> Iterator[tuple[str, str, Assumed]]:
        now = self.base.knobs.patience_s
        for patience in (60.0, 180.0, 600.0) if now is None else (None, now / 3, now * 3):
            value = "none" if patience is None else f"{patience:g}"
            yield "patience", value, replace(self.base, knobs=replace(self.base.knobs, patience_s=patience))

    def _concurrency(self) -> Iterator[tuple[str, str, Assumed]]:
        if not any(group.name == "chat" for group in self.base.demand.groups):
            return
        now = self.base.knobs.max_concurrency
        for most in sorted({1, max(now - 1, 1), min(now + 1, 50)} - {now}):
            yield "concurrency", f"{most:d}", replace(self.base, knobs=replace(self.base.knobs, max_concurrency=most))

    def _supply(self) -> Iterator[tuple[str, str, Assumed]]:
        activity = self.sources.activity
        if self.base.supply.label == "given" and activity is not None and len(activity):
            yield "supply", "proxy", replace(self.base, supply=seen_supply(activity, self.after.period))
        for share in (0.8, 1.25):
            agents = {interval: agents * share for interval, agents in self.base.supply.agents.items()}
            yield "supply", f"{share:g}", replace(self.base, supply=replace(self.base.supply, agents=agents))

    def _reply(self) -> Iterator[tuple[str, str, Assumed]]:
        yield "reply", "by_hour", replace(self.base, replies=self.replies.by_part())
        later = _reply_times(self.sources, self.after, self.base.knobs)
        if later.waits.size:
            yield "reply", "as_held", replace(self.base, replies=(later.waits,))


def _longer(demand: Demand, factor: float) -> Demand:
    """The same demand with every contact taking longer."""
    groups = tuple(replace(group, effort_sum=group.effort_sum * factor) for group in demand.groups)
    return replace(demand, groups=groups, concurrency=replace(demand.concurrency, open_s=demand.concurrency.open_s * factor))


def _doubts(others: _Others, seen: pd.DataFrame, chance: FloatArray) -> pd.DataFrame:
    """Every other assumption: what it does to the error, and whether the days say that it fits better; best first."""
    days = seen["day"].to_numpy()
    hit = seen["wait_s"].to_numpy() <= others.base.knobs.within_s
    rows = [
        {"assumption": assumption, "value": value} | _compared(days, hit, chance, _chances(other, seen))
        for assumption, value, other in others.each()
    ]
    table = pd.DataFrame(rows)
    table["p_adjusted"] = adjust(table["p"].to_numpy(float))
    better = (table["p_adjusted"] < LEVEL) & (table["gain"] > 0)
    worse = (table["p_adjusted"] < LEVEL) & (table["gain"] < 0)
    table["verdict"] = np.select([better, worse], ["fits_better", "fits_worse"], "no_difference")
    return table.sort_values("gain", ascending=False, kind="stable").reset_index(drop=True)


def _compared(days: IntArray, hit: Any, now: FloatArray, then: FloatArray) -> dict[str, float]:
    """Bias and error under another assumption, gain in squared error per contact, p of that gain over days (t test)."""
    known = np.isfinite(now) & np.isfinite(then)
    outcome = hit[known].astype(float)
    gain = (now[known] - outcome) ** 2 - (then[known] - outcome) ** 2
    bias = float((then[known] - outcome).mean()) if known.any() else np.nan
    first = days.min()
    total = np.bincount(days[known] - first, weights=gain)
    total = total[np.bincount(days[known] - first) > 0]
    spread = total.std(ddof=1) / np.sqrt(total.size) if total.size > 1 else 0.0
    p = float(2 * stdtr(total.size - 1, -abs(total.mean()) / spread)) if spread > 1e-15 else 1.0
    return {"bias": bias, "gain": float(gain.mean()) if known.any() else 0.0, "p": p}
