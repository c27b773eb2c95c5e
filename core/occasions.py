"""Days apart from the others: public holidays, the working days that make up for them, and promotions the user names.

A special day is compared like weekday with like weekday: with the ordinary days of its weekday in the weeks around it. Days resemble
their neighbours, so the error counts with the autocorrelation the ordinary days have, exactly for the days that were used. One past
promotion says how it was, not how the next one will be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from core.errors import Issue, ScenarioError, did_you_mean
from core.period import day_date, day_number
from core.trends import EPOCH_WEEKDAY, Floats, adjust, verdict_codes

KINDS = ("holiday", "makeup", "promotion")
_LANGUAGE_OF = {"zh": ("zh_CN", "zh_TW", "zh"), "en": ("en_US", "en_GB", "en")}


@dataclass(frozen=True)
class OccasionRules:
    """What a comparison of special days needs.

    Args:
        around: ordinary days within so many days before and after count.
        alike_min: ordinary days of the same weekday that each special day needs; a day with fewer is left out.
        ordinary_min: ordinary days in all, below which nothing is judged.
        margin: a difference within it (90 % interval) is practically unchanged.
        relative: whether the margin and the scale are those of a ratio; else the unit of the value.
    """

    around: int = 42
    alike_min: int = 3
    ordinary_min: int = 21
    margin: float = 0.10
    relative: bool = True


# --- which days are special ------------------------------------------------------------------------------------------------------


@cache
def _countries_of_zones() -> Mapping[str, tuple[str, ...]]:
    table = resources.files("tzdata.zoneinfo").joinpath("zone1970.tab").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return {zone: tuple(codes.split(",")) for codes, _, zone, *_ in lines}


def country_of(zone: str) -> str:
    """The country a time zone belongs to, first where it serves several; empty where the table of zones does not say.

    >>> country_of("Asia/Shanghai"), country_of("Europe/Berlin"), country_of("UTC")
    ('CN', 'DE', '')
    """
    return next(iter(_countries_of_zones().get(zone, ())), "")


@cache
def known_countries() -> tuple[str, ...]:
    """Codes of countries whose public holidays are known."""
    from holidays import list_supported_countries

    return tuple(sorted(list_supported_countries(include_aliases=False)))


def public_days(countries: Sequence[str], first_day: int, last_day: int, language: str = "en") -> pd.DataFrame:
    """Public holidays, and working days that make up for them (调休), between two local days, both included.

    Weekend days between two holidays count as holidays.

    Args:
        countries: ISO codes, e.g. ``CN``.
        language: of the names, where the calendar has them; else (and for an empty one) the country's own.

    Returns:
        One row per day × country: local_day, name, country, kind (``holiday`` or ``makeup``). Names of one country on one day are joined.
        An unknown country raises `ScenarioError`.

    >>> from datetime import date
    >>> found = public_days(["CN"], day_number(date(2026, 2, 14)), day_number(date(2026, 2, 17)), "zh")
    >>> found[["name", "kind"]].to_numpy().tolist()
    [['', 'makeup'], ['农历除夕', 'holiday'], ['春节', 'holiday']]
    """
    import holidays

    years = range(day_date(first_day).year, day_date(last_day).year + 1)
    rows: list[dict[str, Any]] = []
    for country in dict.fromkeys(countries):
        if country not in known_countries():
            facts = {"knob": "countries", "allowed": did_you_mean(country, known_countries()) or ", ".join(known_countries())}
            raise ScenarioError(Issue("bad_knob", "error", value=country, facts=facts))
        calendar = holidays.country_holidays(country, years=years, language=_spoken(country, language))
        makeup: Iterable[date] = getattr(calendar, "weekend_workdays", ())
        closed = _bridged(dict(calendar.items()), calendar.weekend, set(makeup))
        rows += [{"date": day, "name": name, "country": country, "kind": "holiday"} for day, name in closed.items()]
        rows += [{"date": day, "name": "", "country": country, "kind": "makeup"} for day in makeup]
    frame = pd.DataFrame(rows, columns=["date", "name", "country", "kind"])
    frame.insert(0, "local_day", [day_number(day) for day in frame.pop("date")])
    frame = frame[frame["local_day"].between(first_day, last_day)].astype({"local_day": "int64"})
    return frame.sort_values(["local_day", "country"], ignore_index=True)


def _bridged(named: Mapping[date, str], weekend: Iterable[int], makeup: set[date]) -> dict[date, str]:
    """Holidays with the weekend days between two of them, which calendars leave out because nobody would have worked anyway."""
    found = dict(named)
    for day, after in pairwise(sorted(named)):
        between = [day + timedelta(days=step) for step in range(1, (after - day).days)]
        if len(between) <= 2 and all(each.weekday() in weekend and each not in makeup for each in between):
            found |= dict.fromkeys(between, named[day])
    return found


def _spoken(country: str, language: str) -> str | None:
    import holidays

    calendar = holidays.country_holidays(country)  # asked without a language it takes that of the machine
    return next((code for code in _LANGUAGE_OF.get(language, ()) if code in calendar.supported_languages), calendar.default_language)


def occasions(public: pd.DataFrame, promotions: Iterable[tuple[str, int, int]]) -> pd.DataFrame:
    """Special days under the name they are judged by: each holiday with its days in a row, all make-up days of a country, each promotion.

    Args:
        public: as `public_days`.
        promotions: name, first and last local day of each.

    Returns:
        One row per occasion × day: kind, name, country, local_day.
    """
    public = public.assign(name=_runs(public))
    shared = {"kind": "promotion", "country": ""}
    rows = [pd.DataFrame(shared | {"name": name, "local_day": range(first, last + 1)}) for name, first, last in promotions]
    frame = pd.concat([public[["kind", "name", "country", "local_day"]], *rows], ignore_index=True)
    return frame.astype({"local_day": "int64"})


def _runs(public: pd.DataFrame) -> list[str]:
    """One name for holidays in a row: the one most of its days have, without what stands in brackets (observed, day off instead of …)."""
    plain = public["name"].str.replace(r"\s*[（(].*", "", regex=True)
    ordered = public.sort_values(["country", "kind", "local_day"])
    same = (ordered[["country", "kind"]] == ordered[["country", "kind"]].shift()).all(axis=1)
    run = (~((ordered["local_day"].diff() == 1) & same)).cumsum().reindex(public.index)
    return plain.groupby(run).transform(lambda names: names.value_counts(sort=False).idxmax()).tolist() if len(public) else []


# --- what they are compared with -------------------------------------------------------------------------------------------------


def compare(days: pd.DataFrame, special: pd.DataFrame, rules: OccasionRules | None = None) -> pd.DataFrame:
    """Each occasion against ordinary days of the same weekdays around it.

    The ordinary days are those that belong to no occasion at all. Values are compared as logarithms where all are positive and
    ``relative`` holds, else as they are.

    Args:
        days: one row per calendar day: local_day, value, n.
        special: as `occasions`.
        rules: what a comparison needs.

    Returns:
        One row per kind × name × country: kind, name, country, first_day, last_day, n_days (special days compared), n_alike (ordinary
        days they are compared with), value (mean of the special days), usual (value less the effect), ratio or NaN, difference, low,
        high (95 %, of the ratio where there is one, else of the difference), scale (``ratio`` or ``difference``), phi
        (autocorrelation of ordinary days), p, p_adjusted (Holm over the occasions judged), verdict, direction, reason.

    >>> day = np.arange(4, 4 + 84)
    >>> value = 100 + np.random.default_rng(0).normal(0, 4, 84) + 50 * np.isin(day, [40, 41, 42])
    >>> special = pd.DataFrame({"kind": "promotion", "name": "618", "country": "", "local_day": [40, 41, 42]})
    >>> found = compare(pd.DataFrame({"local_day": day, "value": value, "n": 50}), special).iloc[0]
    >>> int(found["n_days"]), round(float(found["ratio"]), 1), found["verdict"]
    (3, 1.5, 'strong_evidence')
    """
    return verdicts(effects_of(days, special, rules))


def effects_of(days: pd.DataFrame, special: pd.DataFrame, rules: OccasionRules | None = None) -> pd.DataFrame:
    """The rows of `compare` before they are judged: several KPIs can then be one family (`verdicts`)."""
    rules = rules or OccasionRules()
    known = days[days["value"].notna()].sort_values("local_day")
    scaled = _Scaled.of(known, special, rules)
    rows = []
    for (kind, name, country), those in special.groupby(["kind", "name", "country"], sort=False):
        mine = np.unique(those["local_day"].to_numpy(np.int64))
        edges = {"first_day": int(mine.min()), "last_day": int(mine.max())}
        rows.append({"kind": kind, "name": name, "country": country, **edges, **_effect(scaled, mine, rules)})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Scaled:
    """Day values on the scale they are compared on, and how ordinary days scatter around their weekday's level."""

    day: NDArray[np.int64]
    value: Floats
    y: Floats
    ordinary: NDArray[np.bool_]
    ratio: bool
    sigma: float
    phi: float
    df: float

    @classmethod
    def of(cls, known: pd.DataFrame, special: pd.DataFrame, rules: OccasionRules) -> _Scaled:
        day, value = known["local_day"].to_numpy(np.int64), known["value"].to_numpy(np.float64)
        ratio = rules.relative and len(value) > 0 and bool((value > 0).all())
        y = np.log(value) if ratio else value
        ordinary = ~np.isin(day, special["local_day"].to_numpy(np.int64))
        weekday = (day + EPOCH_WEEKDAY) % 7
        level = np.full(7, np.nan)
        for each in np.unique(weekday[ordinary]):
            level[each] = y[ordinary & (weekday == each)].mean()
        left, at = (y - level[weekday])[ordinary], day[ordinary]
        free = len(left) - int((~np.isnan(level)).sum())
        next_day = np.diff(at) == 1
        own = float((left**2).mean()) if len(left) else 0.0
        lag = float((left[:-1] * left[1:])[next_day].mean()) / own if own > 0 and next_day.any() else 0.0
        # levels are estimated too, which pulls the lag down: the usual correction for a short series
        phi = float(np.clip(lag + (1 + 3 * lag) / max(len(left), 1), 0.0, 0.8))
        sigma = float(np.sqrt((left**2).sum() / free)) if free > 0 else np.nan
        return cls(day, value, y, ordinary, ratio, sigma, phi, max(free * (1 - phi) / (1 + phi), 1.0))


def _effect(scaled: _Scaled, mine: NDArray[np.int64], rules: OccasionRules) -> dict[str, Any]:
    """The mean distance of special days from the ordinary days of their weekdays, with its error."""
    weight = np.zeros(len(scaled.day))
    used = 0
    near = np.flatnonzero(scaled.ordinary & (scaled.day >= mine.min() - rules.around) & (scaled.day <= mine.max() + rules.around))
    alike: set[int] = set()
    for at in np.flatnonzero(np.isin(scaled.day, mine)):
        match = near[(scaled.day[near] - scaled.day[at]) % 7 == 0]
        if len(match) >= rules.alike_min:
            weight[at] += 1
            weight[match] -= 1 / len(match)
            alike |= set(match.tolist())
            used += 1
    row: dict[str, Any] = {"n_days": used, "n_alike": len(alike), "scale": "ratio" if scaled.ratio else "difference", "phi": scaled.phi}
    row |= dict.fromkeys(("value", "usual", "ratio", "difference", "low", "high", "p"), np.nan) | {"unchanged": False}
    enough = used > 0 and int(scaled.ordinary.sum()) >= rules.ordinary_min
    row["reason"] = "" if enough else "not_in_log" if not np.isin(scaled.day, mine).any() else "too_few_alike"
    return row | (_sized(scaled, weight / used, rules) if enough else {})


def _sized(scaled: _Scaled, weight: Floats, rules: OccasionRules) -> dict[str, Any]:
    there = np.flatnonzero(weight)
    part, day = weight[there], scaled.day[there]
    shift = float(part @ scaled.y[there])
    alike = scaled.phi ** np.abs(day[:, None] - day) if scaled.phi > 0 else np.eye(len(day))
    error = scaled.sigma * float(np.sqrt(part @ alike @ part))
    value = float((part[part > 0] * scaled.value[there][part > 0]).sum())
    ends = {level: shift + np.array([-1, 1]) * float(special.stdtrit(scaled.df, level)) * error for level in (0.975, 0.95)}
    p = 2 * float(special.stdtr(scaled.df, -abs(shift) / error)) if error > 0 else (np.nan if shift == 0 else 0.0)
    if not scaled.ratio:
        inside = bool(np.abs(ends[0.95]).max() < rules.margin) and not rules.relative
        low, high = ends[0.975]
        return {"value": value, "usual": value - shift, "difference": shift, "low": low, "high": high, "p": p, "unchanged": inside}
    ratio = float(np.exp(shift))
    low, high = np.exp(ends[0.975])
    inside = bool(np.abs(np.exp(ends[0.95]) - 1).max() < rules.margin)
    told = {"value": value, "usual": value / ratio, "ratio": ratio, "difference": value - value / ratio}
    return told | {"low": low, "high": high, "p": p, "unchanged": inside}


def verdicts(effects: pd.DataFrame) -> pd.DataFrame:
    """Rows of `effects_of` with p_adjusted (Holm over all rows together), verdict and direction."""
    if effects.empty:
        return effects
    frame = effects.reset_index(drop=True)
    enough = (frame["reason"] == "").to_numpy()
    frame["p_adjusted"] = adjust(frame["p"])
    frame["verdict"] = verdict_codes(frame["p"].to_numpy(), frame["p_adjusted"].to_numpy(), frame.pop("unchanged"), enough)
    frame["direction"] = np.select([frame["difference"] > 0, frame["difference"] < 0], ["up", "down"], "none")
    frame["reason"] = np.where(frame["verdict"] == "cannot_be_judged", "zero_variance", frame["reason"])
    return frame
