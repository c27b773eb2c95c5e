"""What is to come: contacts of the next one to eight weeks by day and by slot, and how well that would have worked before.

Slow half :func:`fit_forecast`: every model of `core.staffing.models` is fitted at the end of the log and at up to eleven earlier
Sundays (any weekday: whole weeks back from the end), each seeing only the days before it. Fast half :func:`outlook`: for N weeks
ahead all of them are held against the N weeks that followed; last week's figures (seasonal naive) are the yardstick. Another model
is shown only where it was better than that by a twentieth at least and not by luck alone (Diebold–Mariano); else the naive forecast
is shown, and said.

A slot's mean is the day's, shared out by the profile of its weekday. Quantiles are negative binomial; the width of the band is
corrected by what the held-out weeks say. Public holidays and promotions are kept apart (`core.staffing.special`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from core.errors import Issue, UnavailableError
from core.staffing.accuracy import coverage, diebold_mariano, errors, ljung_box, naive_scale, pinball, winkler
from core.staffing.counts import spread_quantile
from core.staffing.demand import Demand, total_counts
from core.staffing.models import NAIVE, WEEK, Path, paths
from core.staffing.queues import FloatArray, IntArray
from core.staffing.special import Effect, effects, next_effect, ordinary_days
from core.staffing.supply import weekday_of

WEEKS_MOST = 8
ORIGINS_MOST = 11
ORIGINS_MIN = 4
ORIGINS_SHARE = 0.75
TRAIN_WEEKS = 3
LEAST_WEEKS = 2
GAIN = 0.05
ALPHA = 0.05
SHARES = {"p10": 0.1, "p50": 0.5, "p80": 0.8, "p90": 0.9}
_LOSSES = ("p10", "p50", "p90")
_SCALE_BOUNDS = (0.7, 2.0)


@dataclass(frozen=True, eq=False)
class Origin:
    """One place to forecast from: ``at`` days are known; the models' paths; the naive error within those days."""

    at: int
    paths: Mapping[str, Path]
    scale: float


@dataclass(frozen=True, eq=False)
class Fitted:
    """The slow half: a log's days with every model fitted at the end and at earlier weeks.

    Args:
        first_day: local day of the first row of ``counts`` (days × 96 quarter hours).
        usual: contacts per day, special days replaced by what their weekday usually has.
        special: local day → kind ("holiday", "promotion") and its name, also of days to come.
        end: forecasts from the end of the log; ``origins`` from earlier weeks, latest first.
    """

    first_day: int
    counts: IntArray
    usual: FloatArray
    special: Mapping[int, tuple[str, str]]
    end: Origin
    origins: tuple[Origin, ...]
    effects: tuple[Effect, ...] = ()

    @property
    def last_day(self) -> int:
        """The last local day that the forecast knows."""
        return self.first_day + len(self.counts) - 1

    @property
    def ordinary(self) -> np.ndarray:
        """Which days of the log are neither holiday nor promotion."""
        return ordinary_days(self.first_day, len(self.counts), self.special)


@dataclass(frozen=True, eq=False)
class Outlook:
    """Contacts to come and what the held-out weeks say about such a forecast.

    Args:
        model: the model that is shown.
        reason: why the naive forecast is shown: ``too_few_origins`` (no back-test possible), ``not_better``; empty otherwise.
        days: one row per day: local_day, weekday, mean, p10, p50, p80, p90, kind and name of a special day.
        slots: one row per day × slot: local_day, weekday, start (minutes), mean, p10, p50, p80, p90.
        trials: one row per model over the same held-out days: model, mae, wape, mase, pinball, coverage_80, winkler, gain (share by
            which its mean absolute error is below the naive one's), p (one-sided Diebold–Mariano).
        backtest: mase, naive_mase, pinball, coverage_80, winkler, gain, p, origins, days of the shown model by day;
            ``slots``: the same by slot. NaN where nothing can be held out.
        held: the shown model on held-out days: local_day, weeks_ahead, actual, p10, p50, p90, naive.
        facts: numbers behind the sentences.
    """

    model: str
    reason: str
    days: pd.DataFrame
    slots: pd.DataFrame
    trials: pd.DataFrame
    backtest: Mapping[str, Any]
    held: pd.DataFrame
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def best(self) -> dict[str, Any]:
        """The line of `trials` a sentence is about: the shown model, or the nearest rival of the naive one; empty where none is."""
        others = self.trials[self.trials["gain"].notna() & (self.trials["model"] != NAIVE)]
        rows = others if self.model == NAIVE else others[others["model"] == self.model]
        return {} if rows.empty else dict(rows.loc[rows["gain"].idxmax()])


def fit_forecast(demand: Demand, special_days: Mapping[int, tuple[str, str]] | None = None) -> Fitted:
    """Fit every model at the end of the log and at earlier weeks; seconds, once a log.

    Args:
        demand: from :func:`core.staffing.measure_demand`; contacts of all groups are added up.
        special_days: local day → (kind, name), past and to come, that are not usual: kind "holiday" or "promotion".

    Raises:
        UnavailableError: less than two weeks of days, or no contact at all.
    """
    apart = dict(special_days or {})
    counts = total_counts(demand)
    first = demand.period[0]
    if not counts.sum():
        raise UnavailableError(Issue("staffing_no_contacts", "error", table="conversations"))
    if len(counts) < LEAST_WEEKS * WEEK:
        facts = {"days": len(counts), "needed": LEAST_WEEKS * WEEK}
        raise UnavailableError(Issue("forecast_too_short", "error", table="conversations", facts=facts))
    usual = usual_days(counts.sum(axis=1), ordinary_days(first, len(counts), apart))
    places = [len(counts) - WEEK * back for back in range(1, ORIGINS_MOST + 1)]
    origins = tuple(_origin(counts, usual, at) for at in places if at >= TRAIN_WEEKS * WEEK)
    end = _origin(counts, usual, len(counts))
    return Fitted(first, counts, usual, apart, end, origins, effects(counts.sum(axis=1), first, apart))


def usual_days(days: IntArray, ordinary: np.ndarray) -> FloatArray:
    """Counts per day; a special day is replaced by the mean of the two nearest ordinary days of its weekday on either side.

    >>> usual_days(np.array([1] * 7 + [9] + [1] * 13), np.arange(21) != 7)[7]
    np.float64(1.0)
    """
    filled = days.astype(float)
    for at in np.flatnonzero(~ordinary):
        like = np.flatnonzero(ordinary & (np.arange(len(days)) % WEEK == at % WEEK))
        near = like[np.argsort(np.abs(like - at), kind="stable")][:4]
        filled[at] = days[near].mean() if len(near) else days[ordinary].mean() if ordinary.any() else days[at]
    return filled


def _origin(counts: IntArray, usual: FloatArray, at: int) -> Origin:
    hours = counts[:at].reshape(at, 24, -1).sum(axis=2).astype(float)
    return Origin(at, paths(usual[:at], hours, WEEKS_MOST * WEEK), naive_scale(usual[:at], WEEK))


# --- days --------------------------------------------------------------------------------------------------------------------


def _variance(path: Path, days: FloatArray, ordinary: np.ndarray, horizon: int) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the days ahead; the noise is that of past one-step errors, Poisson's where too few are known."""
    mean = np.maximum(path.mean[:horizon], 0.0)
    noise = path.noise(days, ordinary[: len(days)])
    return mean, mean * path.growth[:horizon] * (noise if np.isfinite(noise) else 1.0)


def _quantiles(mean: FloatArray, variance: FloatArray) -> dict[str, FloatArray]:
    return {name: spread_quantile(mean, variance, share) for name, share in SHARES.items()}


def _day_quantiles(mean: FloatArray, variance: FloatArray) -> dict[str, FloatArray]:
    """Quantiles of days: the models' errors are even on both sides, so the middle is the mean; the ends are those of counts."""
    found = _quantiles(mean, variance)
    return found | {"p50": np.clip(np.round(mean), found["p10"], found["p80"])}


def _trial(fitted: Fitted, model: str, origin: Origin, weeks: int) -> pd.DataFrame:
    """One model from one origin over the days that followed, special days left out."""
    horizon = weeks * WEEK
    ahead = np.arange(origin.at, origin.at + horizon)
    mean, variance = _variance(origin.paths[model], fitted.usual[: origin.at], fitted.ordinary, horizon)
    naive = np.round(origin.paths[NAIVE].mean[:horizon])
    frame = pd.DataFrame(
        {"origin": origin.at, "at": ahead, "actual": fitted.counts[ahead].sum(axis=1), "mean": mean, "variance": variance, "naive": naive}
    )
    return frame[fitted.ordinary[ahead]]


def _held(fitted: Fitted, model: str, weeks: int) -> pd.DataFrame:
    """All held-out days of a model, quantiles included; each origin's band is as wide as the other origins' errors say."""
    held = pd.concat([_trial(fitted, model, each, weeks) for each in _able(fitted, weeks, model)], ignore_index=True)
    held["scored"] = (held["actual"] - held["mean"]) ** 2 / np.maximum(held["variance"], 1e-9)
    others = {at: _width(held[held["origin"] != at]) for at in held["origin"].unique()}
    variance = (held["variance"] * held["origin"].map(others)).to_numpy()
    return held.assign(**_day_quantiles(held["mean"].to_numpy(), variance))


def _width(held: pd.DataFrame) -> float:
    """By how much a band's variance is off: where 80 % of held-out errors end, with the doubt of so few weeks; 1 with too few."""
    weeks = held["at"].nunique() // WEEK
    if weeks < ORIGINS_MIN:
        return 1.0
    reach = float(np.quantile(np.sqrt(held["scored"]), 0.8)) / float(special.ndtri(0.9))
    doubt = float(special.stdtrit(weeks - 1, 0.9)) / float(special.ndtri(0.9))
    return float(np.clip(reach * doubt, *_SCALE_BOUNDS)) ** 2


def _able(fitted: Fitted, weeks: int, model: str = NAIVE) -> list[Origin]:
    """Origins that have so many weeks behind them and enough before them for the model."""
    return [each for each in fitted.origins if each.at + weeks * WEEK <= len(fitted.counts) and model in each.paths]


def _measures(held: pd.DataFrame, scale: float) -> dict[str, float]:
    """Errors, pinball loss (mean of P10, P50, P90), coverage and width of held-out rows with actual, quantiles and naive."""
    point = errors(held["actual"], held["p50"], scale)
    naive = errors(held["actual"], held["naive"], scale)
    losses = [pinball(held["actual"], held[name], SHARES[name]) for name in _LOSSES]
    return {
        "mae": point.mae, "rmse": point.rmse, "mape": point.mape, "wape": point.wape, "mase": point.mase, "naive_mase": naive.mase,
        "pinball": float(np.mean(losses)), "coverage_80": coverage(held["actual"], held["p10"], held["p90"]),
        "winkler_80": winkler(held["actual"], held["p10"], held["p90"]),
        "gain": 1 - point.mae / naive.mae if naive.mae > 0 else np.nan,
    }  # fmt: skip


def _better(held: pd.DataFrame) -> float:
    """One-sided Diebold–Mariano p over target dates, a date that several origins forecast counted once; a week of autocorrelation."""
    loss = held.assign(own=(held["actual"] - held["p50"]).abs(), other=(held["actual"] - held["naive"]).abs())
    by_date = loss.groupby("at")[["own", "other"]].mean()
    return diebold_mariano(by_date["own"], by_date["other"], WEEK)[1]


def _scale(origins: list[Origin]) -> float:
    return float(np.mean([each.scale for each in origins])) if origins else np.nan


def _trials(fitted: Fitted, weeks: int) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Every model from all origins that it can be fitted at, always beside the naive forecast of the same days."""
    held = {name: _held(fitted, name, weeks) for name in fitted.end.paths if _able(fitted, weeks, name)}
    held = {name: frame for name, frame in held.items() if len(frame)}
    rows = []
    for name, frame in held.items():
        able = _able(fitted, weeks, name)
        rows.append({"model": name, "origins": len(able)} | _measures(frame, _scale(able)) | {"p": _better(frame)})
    return pd.DataFrame(rows, columns=_COLUMNS), held


_COLUMNS = ["model", "origins", "mae", "rmse", "mape", "wape", "mase", "naive_mase", "pinball", "coverage_80", "winkler_80", "gain", "p"]


def _choice(trials: pd.DataFrame) -> tuple[str, str]:
    """The model that leaves the naive forecast behind furthest, and why it is the naive one where none does."""
    # A model that can be fitted at the latest origins only would be judged on other weeks than the rest.
    judged = trials[trials["origins"] >= max(ORIGINS_MIN, ORIGINS_SHARE * trials["origins"].max())] if len(trials) else trials
    if judged.empty:
        return NAIVE, "too_few_origins"
    better = judged[(judged["model"] != NAIVE) & (judged["gain"] >= GAIN) & (judged["p"] < ALPHA)]
    return (str(better.loc[better["gain"].idxmax(), "model"]), "") if len(better) else (NAIVE, "not_better")


# --- slots -------------------------------------------------------------------------------------------------------------------


def day_profile(counts: IntArray, weekdays: IntArray) -> FloatArray:
    """Share of a day's contacts per slot, one row per weekday: each weekday's own shares drawn towards those of all days.

    How far is settled by the data: weekdays whose shares differ by no more than chance get the common shares, others nearly their
    own (Dirichlet-multinomial by moments). A weekday without contacts gets the common shares; no contact at all gives equal ones.

    >>> day_profile(np.array([[9, 1], [8, 2]]), np.array([0, 1]))[[0, 1]].round(2).tolist()
    [[0.85, 0.15], [0.85, 0.15]]
    """
    table = np.stack([counts[weekdays == day].sum(axis=0) for day in range(WEEK)]).astype(float)
    size, column = table.sum(axis=1), table.sum(axis=0)
    if not column.sum():
        return np.full(table.shape, 1 / table.shape[1])
    common = column / column.sum()
    pull = _pull(table, common)
    if np.isinf(pull):
        return np.tile(common, (WEEK, 1))
    return np.asarray((table + pull * common) / np.maximum(size + pull, 1e-12)[:, None])


def _pull(table: FloatArray, common: FloatArray) -> float:
    """Contacts that the common shares are worth; infinite where weekdays differ by no more than chance."""
    seen, used = table.sum(axis=1), common > 0
    days = seen > 0
    free = (days.sum() - 1) * (used.sum() - 1)
    if free < 1:
        return np.inf
    expected = seen[days][:, None] * common[used]
    chi = float(((table[days][:, used] - expected) ** 2 / expected).sum()) / free
    rho = (chi - 1) / max(float(seen[days].mean()) - 1, 1e-12)
    return max(1 / rho - 1, 0.0) if rho > 0 else np.inf


def _slot_noise(counts: IntArray, mean: FloatArray, known: np.ndarray) -> float:
    """Squared coefficient of variation of slots beyond Poisson, pooled over past days with a one-step value; never negative."""
    rows, m = counts[known].astype(float), mean[known]
    squares = float((m**2).sum())
    return max(float(((rows - m) ** 2 - m).sum()) / squares, 0.0) if squares > 0 else 0.0


@dataclass(frozen=True, eq=False)
class _Shared:
    """Slots of the days ahead before quantiles: means and variances, days × slots."""

    mean: FloatArray
    variance: FloatArray


def _shared(fitted: Fitted, origin: Origin, model: str, days: tuple[FloatArray, FloatArray], slots: int) -> _Shared:
    """Day means shared out over slots by the profile of their weekday, seen from one origin."""
    path, at = origin.paths[model], origin.at
    counts = fitted.counts[:at].reshape(at, slots, -1).sum(axis=2)
    weekdays = weekday_of(np.arange(fitted.first_day, fitted.first_day + at + len(days[0])))
    usual = fitted.ordinary[:at]
    profile = day_profile(counts[usual], weekdays[:at][usual])
    known = usual & np.isfinite(path.fitted)
    past = np.maximum(np.nan_to_num(path.fitted), 0)[:, None] * profile[weekdays[:at]]
    noise = _slot_noise(counts, past, known)
    mean = days[0][:, None] * profile[weekdays[at:]]
    first = days[1] / np.maximum(path.growth[: len(days[0])], 1e-12)
    wander = np.maximum(days[1] - first, 0) / np.maximum(days[0], 1e-9) ** 2
    per_weekday = max(at / WEEK, 1.0)
    return _Shared(mean, mean * (1 + 1 / per_weekday) + mean**2 * (noise + wander[:, None]))


def _held_slots(fitted: Fitted, model: str, weeks: int, slots: int) -> pd.DataFrame:
    """All held-out slots of ordinary days; naive is the same slot a week before the origin."""
    parts = []
    for origin in _able(fitted, weeks, model):
        horizon = weeks * WEEK
        ahead = np.arange(origin.at, origin.at + horizon)
        keep = fitted.ordinary[ahead]
        days = _variance(origin.paths[model], fitted.usual[: origin.at], fitted.ordinary, horizon)
        shared = _shared(fitted, origin, model, days, slots)
        counts = fitted.counts.reshape(len(fitted.counts), slots, -1).sum(axis=2)
        naive = counts[origin.at - WEEK : origin.at][np.arange(horizon) % WEEK]
        columns = {"actual": counts[ahead], "naive": naive, "mean": shared.mean, "variance": shared.variance}
        parts.append(pd.DataFrame({name: values[keep].ravel() for name, values in columns.items()}))
    held = pd.concat(parts, ignore_index=True)
    return held.assign(**_quantiles(held["mean"].to_numpy(), held["variance"].to_numpy()))


def _slot_scale(fitted: Fitted, weeks: int, slots: int) -> float:
    counts = fitted.counts.reshape(len(fitted.counts), slots, -1).sum(axis=2).ravel()
    scales = [naive_scale(counts[: each.at * slots], WEEK * slots) for each in _able(fitted, weeks)]
    return float(np.mean(scales)) if scales else np.nan


# --- the answer --------------------------------------------------------------------------------------------------------------


def outlook(fitted: Fitted, weeks: int = 4, interval: int = 60) -> Outlook:
    """The forecast of the next ``weeks`` weeks in slots of ``interval`` minutes, and its back-test at that distance.

    Raises:
        UnavailableError: never; a log too short for a back-test gives last week's figures and says so.
    """
    trials, held = _trials(fitted, weeks)
    model, reason = _choice(trials)
    shown = held.get(model)
    width = _width(shown) if shown is not None else 1.0
    mean, variance = _variance(fitted.end.paths[model], fitted.usual, fitted.ordinary, weeks * WEEK)
    mean, variance, kinds = _with_effects(fitted, mean, variance * width)
    slots = _shared(fitted, fitted.end, model, (mean, variance), 1440 // interval)
    backtest = _backtest(fitted, trials, model, weeks, 1440 // interval)
    return Outlook(
        model,
        reason,
        _day_rows(fitted, (mean, variance), kinds),
        _slot_rows(fitted, slots, interval),
        trials,
        backtest,
        _held_rows(fitted, shown),
        _facts(fitted, model, weeks),
    )


def coming_week(found: Outlook, statistic: str) -> FloatArray:
    """Contacts of an average coming week, 7 weekdays × slots: the mean over the weeks ahead of ``mean``, ``p50``, ``p80`` or ``p90``."""
    slots = found.slots["start"].nunique()
    table = found.slots.groupby(["weekday", "start"])[statistic].mean()
    return np.asarray(table.to_numpy(float).reshape(WEEK, slots))


def _with_effects(fitted: Fitted, mean: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray, list[tuple[str, str]]]:
    """Days to come that are special: changed by the measured effect of their kind where several are known, else only named."""
    first = fitted.last_day + 1
    kinds = [fitted.special.get(first + at, ("", "")) for at in range(len(mean))]
    ratios = [next_effect(fitted.effects, kind) for kind, _ in kinds]
    ratio, doubt = (np.array([each[i] for each in ratios]) for i in range(2))
    return mean * ratio, variance * ratio + (mean * ratio * doubt) ** 2, kinds


def _day_rows(fitted: Fitted, days: tuple[FloatArray, FloatArray], kinds: list[tuple[str, str]]) -> pd.DataFrame:
    dates = fitted.last_day + 1 + np.arange(len(kinds))
    frame = {"local_day": dates, "weekday": weekday_of(dates), "mean": days[0]} | _day_quantiles(*days)
    return pd.DataFrame(frame).assign(kind=[kind for kind, _ in kinds], name=[name for _, name in kinds])


def _slot_rows(fitted: Fitted, slots: _Shared, interval: int) -> pd.DataFrame:
    rows, columns = slots.mean.shape
    days = fitted.last_day + 1 + np.arange(rows)
    frame = {
        "local_day": np.repeat(days, columns),
        "weekday": np.repeat(weekday_of(days), columns),
        "start": np.tile(np.arange(columns) * interval, rows),
        "mean": slots.mean.ravel(),
    }
    return pd.DataFrame(frame | _quantiles(slots.mean.ravel(), slots.variance.ravel()))


def _backtest(fitted: Fitted, trials: pd.DataFrame, model: str, weeks: int, slots: int) -> dict[str, Any]:
    own = trials[trials["model"] == model]
    if own.empty:
        nothing = dict.fromkeys(_COLUMNS[2:], np.nan)
        return nothing | {"origins": 0, "weeks": weeks, "slots": nothing}
    by_slot = _measures(_held_slots(fitted, model, weeks, slots), _slot_scale(fitted, weeks, slots))
    return own.iloc[0][_COLUMNS[1:]].to_dict() | {"weeks": weeks, "slots": by_slot}


def _held_rows(fitted: Fitted, held: pd.DataFrame | None) -> pd.DataFrame:
    names = ["actual", "p10", "p50", "p90", "naive"]
    if held is None:
        return pd.DataFrame(columns=["local_day", "days_ahead", *names])
    found = held[names].assign(local_day=fitted.first_day + held["at"], days_ahead=held["at"] - held["origin"] + 1)
    return found[["local_day", "days_ahead", *names]]


def _facts(fitted: Fitted, model: str, weeks: int) -> dict[str, Any]:
    """Days and weeks of the log, special days in it, and whether the errors of the model still follow a pattern (Ljung-Box, 14 days)."""
    path = fitted.end.paths[model]
    statistic, p = ljung_box(path.residuals(fitted.usual), 2 * WEEK)
    days = len(fitted.counts)
    return {
        "days": days, "weeks": weeks, "whole_weeks": days // WEEK, "special_days": int((~fitted.ordinary).sum()),
        "testable_weeks": max(days // WEEK - TRAIN_WEEKS - ORIGINS_MIN + 1, 0), "ljung_box": statistic, "ljung_box_p": p,
        "index": path.noise(fitted.usual, fitted.ordinary),
    }  # fmt: skip
