"""What the command line answers: each command is a function from files and a scenario to plain values (the contract of the commands).

`core.__main__` parses words and prints; here figures become dictionaries. NaN becomes null; days, weeks become ISO dates.
"""

from __future__ import annotations

import json
import math
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from core.errors import InputError, Issue, ScenarioError, did_you_mean
from core.ingest import Choices, InputFile, load
from core.ingest.explain import explain
from core.ingest.refusals import masked
from core.log import Log
from core.metrics import BY_KEY, GROUPS
from core.period import day_date
from core.scenario import Scenario
from core.store.shelf import Store, facts_of, opened
from core.store.shelf import log_of as kept_log
from core.text import Text

if TYPE_CHECKING:
    from core.causes import Causes
    from core.changes import Change
    from core.engine import Facts, Observed, SlowKnobs
    from core.slowdays import SlowDay
    from core.weights import Acceptability

_DAYS = ("date", "week")


def plain(value: Any) -> Any:
    """A value as JSON has it: NaN and infinities are null, NumPy numbers are numbers, dates are ISO text.

    >>> plain({"a": np.float64("nan"), "b": np.int64(3)})
    {'a': None, 'b': 3}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value.isoformat() if hasattr(value, "isoformat") else value


def _file(path: str) -> Path:
    found = Path(path)
    if not found.is_file():
        raise InputError(Issue("file_not_found", "error", file=masked(path), value="no such file"))
    return found


def _settings(path: str) -> dict[str, Any]:
    """A JSON or YAML file of plain values."""
    text = _file(path).read_text(encoding="utf-8-sig")
    try:
        if path.lower().endswith((".yaml", ".yml")):
            import yaml

            found = yaml.safe_load(text)
        else:
            found = json.loads(text)
    except (ValueError, yaml_error()) as error:
        raise InputError(Issue("bad_settings_file", "error", file=path, value=str(error).splitlines()[0])) from error
    if not isinstance(found, dict):
        raise InputError(Issue("bad_settings_file", "error", file=path, value=type(found).__name__))
    return found


def yaml_error() -> type[Exception]:
    """The root error of the YAML reader."""
    import yaml

    root: type[Exception] = yaml.YAMLError
    return root


def scenario_of(words: Namespace, path: str = "") -> Scenario:
    """The scenario file's knobs, those of another file or preset, then what the command line says on top."""
    knobs: dict[str, Any] = {}
    for each in (words.scenario, path):
        knobs |= _knobs(each) if each else {}
    if words.rules:
        knobs["rules"] = words.rules
    if words.start or words.end:
        knobs |= {"period": "custom", "from": words.start, "to": words.end}
    scenario = Scenario.of(knobs)
    scenario.dates()
    return scenario


def _knobs(path: str) -> dict[str, Any]:
    from core.scenarios import presets

    if path in presets():
        return dict(presets()[path].changed)
    found = _settings(path)
    return dict((Scenario.from_dict(found) if "version" in found else Scenario.of(found)).changed)


def choices_of(words: Namespace) -> Choices:
    """The mapping file's decisions and the zone."""
    found = Choices.from_dict(_settings(words.map)) if words.map else Choices()
    return replace(found, zone=words.tz) if words.tz else found


def log_of(words: Namespace) -> Log:
    """The files and what the database gives as one log; kept for the next time, or as it was kept the last time.

    A source file (.toml) gives a log that stays where it lies.
    """
    if words.source and words.source.lower().endswith(".toml"):
        return _far_log(words)
    files, choices = [*(InputFile.of(_file(path)) for path in words.files), *_fetched(words)], choices_of(words)
    further = [InputFile.of(_file(path)) for path in getattr(words, "further", ())]
    return _grown_log(words, files, further, choices) if files and further else _kept_log(words, [*files, *further], choices)


def _kept_log(words: Namespace, files: Sequence[InputFile], choices: Choices) -> Log:
    return kept_log(store_of(words), files, choices, partial(_load, words, choices, files))


def _load(words: Namespace, choices: Choices, files: Sequence[InputFile]) -> Log:
    tell = getattr(words, "tell", None)
    return load(files, choices) if tell is None else load(files, choices, tell.reading)


def _grown_log(words: Namespace, files: Sequence[InputFile], further: Sequence[InputFile], choices: Choices) -> Log:
    """The log of files, as it was kept where it was, with further ones that alone are read; kept for the next time like any other."""
    from core.adding import Loaded, added

    def grow() -> Log:
        before = Loaded(_kept_log(words, files, choices), tuple(files))
        words.added = added(before, further, choices, partial(_load, words, choices)), before.log
        log: Log = words.added[0].log
        return log

    return kept_log(store_of(words), [*files, *further], choices, grow)


def store_of(words: Namespace) -> Store | None:
    """What is kept between two commands, one for the whole command; None where the environment or ``--no-cache`` asks for nothing."""
    if "store" not in words:
        words.store = None if getattr(words, "no_cache", False) else opened()
    store: Store | None = words.store
    return store


def _far_log(words: Namespace) -> Log:
    from core.warehouse.far import far_log
    from core.warehouse.source import read_path

    if words.files or words.table or words.query or words.map:
        raise InputError(Issue("far_alone", "error", file=masked(words.source)))
    source = read_path(Path(words.source))
    return far_log(replace(source, zone=words.tz, stamps=source.stamps_zone) if words.tz else source)


def _fetched(words: Namespace) -> list[InputFile]:
    from core.ingest.source import Wanted, fetch

    asked = [Wanted(table=name, limit=words.limit) for name in words.table]
    asked += [Wanted(query=query, limit=words.limit) for query in words.query]
    if bool(asked) != bool(words.source):
        raise InputError(Issue("source_nothing_asked" if words.source else "source_missing", "error"))
    return [fetch(words.source, each) for each in asked]


def inspect(words: Namespace) -> dict[str, Any]:
    """How each file was read and understood, and what became of its rows."""
    text = Text(words.lang)
    tables = []
    for report in log_of(words).ledger.files:
        fields = (
            "table", "file", "platform", "encoding", "encoding_confidence", "separator", "sheet", "rows_read", "rows_kept", "rows_dropped",
        )  # fmt: skip
        columns = [
            {
                "name": c.name,
                "field": c.field,
                "kind": c.kind,
                "format": c.format,
                "evidence": list(c.evidence),
                "runner_up": c.runner_up,
            }
            for c in report.columns
        ]
        issues = [
            {
                "code": i.code,
                "severity": i.severity,
                "column": i.column,
                "rows": i.rows,
                "message": sentence(i, text),
                "examples": i.examples,
            }
            for i in report.issues
        ]
        tables.append({name: getattr(report, name) for name in fields} | {"columns": columns, "issues": issues})
    return {"tables": tables}


def sentence(issue: Issue, text: Text) -> str:
    """An issue in one line: what, where, the value, and the cure."""
    return " ".join(part for part in explain(issue, text) if part)


def _observed(words: Namespace) -> tuple[Any, Scenario]:
    from core.engine import observe
    from core.recompute import slow_knobs

    scenario = scenario_of(words)
    log, slow = log_of(words), slow_knobs(scenario)
    return observe(facts_of(store_of(words), log, slow, partial(_built, words, log, slow)), scenario), scenario


def _built(words: Namespace, log: Log, slow: SlowKnobs) -> Facts:
    """The facts of the log; of one that was added to, those kept of the log before with the new rows, and ready for the next."""
    from core.engine import build_facts

    tell, store = getattr(words, "tell", None), store_of(words)
    progress = None if tell is None else tell.facts
    if "added" not in words:
        return build_facts(log, slow, progress)
    more, before = words.added
    known = store.facts(before, slow, extendable=True) if store is not None else None
    facts: Facts = more.facts(known, slow, progress)
    return facts


def kpis(words: Namespace) -> dict[str, Any]:
    """Every figure by a grouping, with the counts of the shop."""
    from core.kpis import kpi_table, missing
    from core.recompute import counts_of

    observed, scenario = _observed(words)
    by = tuple(part.strip() for part in (words.by or "shop").split(","))
    table = kpi_table(observed, scenario, by)
    shop = table if by == ("shop",) else kpi_table(observed, scenario, ("shop",))
    available = observed.facts.available
    rows = []
    for at in range(len(table)):
        cells = {}
        for metric in table.metrics:
            cell = table.cell(at, metric.key)
            cells[metric.key] = {
                name: getattr(cell, name) for name in ("value", "n", "low", "high", "median", "p90", "status", "label")
            }
            cells[metric.key] |= {
                "reason": cell.reason or None,
                "median_low": cell.median_low,
                "median_high": cell.median_high,
            }
            if cell.reason == "missing_columns":
                cells[metric.key]["needs"] = list(missing(metric, available))
        rows.append({"by": _group(table.groups.iloc[at]), "n": int(table.sums["conversations"][at]), "kpis": cells})
    period = {"from": table.period.first, "to": table.period.last, "tz": observed.zone, "anchor": table.period.anchor}
    counts = counts_of(shop)
    return {"rules": scenario.get("rules"), "period": period, "rows": rows, "counts": counts, "quantiles": observed.quantiles}


def _group(row: pd.Series) -> dict[str, Any]:
    return {name: day_date(int(value)).isoformat() if name in _DAYS else plain(value) for name, value in row.items()}


def score(words: Namespace) -> dict[str, Any]:
    """Scores, grades and how sure they are; contributions add up to the score."""
    from core.indicators import KINDS, coverage, indicators
    from core.recompute import judge, measure
    from core.robustness import reliability
    from core.scoring import INSUFFICIENT

    observed, scenario = _observed(words)
    measured = measure(observed, scenario)
    scores, doubt = judge(measured, scenario)
    rows = []
    for at in np.argsort(-np.nan_to_num(scores.score, nan=-1.0), kind="stable").tolist():
        used = scores.weights[at] > 0
        rows.append(
            {
                "agent": scores.names[at], "score": scores.score[at], "low": doubt.low[at], "high": doubt.high[at],
                "grade": None if scores.grade[at] == INSUFFICIENT else scores.grade[at],
                "grade_probability": {grade: share[at] for grade, share in doubt.probability.items()},
                "groups": dict(zip(GROUPS, scores.groups[at], strict=True)),
                "contributions": {key: scores.contributions[at, i] for i, key in enumerate(scores.keys) if used[i]},
                "points": {key: scores.points[at, i] for i, key in enumerate(scores.keys) if used[i]},
                "status": INSUFFICIENT if scores.grade[at] == INSUFFICIENT else "ok", "reason": scores.reason[at] or None,
            }
        )  # fmt: skip
    weights = dict(zip(scores.keys, scores.nominal, strict=True))
    found = indicators(measured.shop, scores)
    system = {f"{kind}s": coverage(found, kind).to_dict("records") for kind in KINDS}
    sure = reliability(scores, doubt)
    told = {name: getattr(sure, name) for name in ("value", "low", "high", "rows", "longer", "orderable")} | {"reason": sure.reason or None}
    return {"rows": rows, "weights": weights, "bands": scores.bands, "interval_level": doubt.level, "reliability": told} | system


def _metric(words: Namespace) -> str:
    from core.metrics import metric

    return metric(words.metric or "first_response").key


_TREND = (
    "slope_per_week", "low", "high", "p", "p_adjusted", "verdict", "method", "n_weeks", "reason", "n", "family", "direction", "statistic",
    "change", "change_low", "change_high", "p_weekly", "p_blocked", "below_margin", "preliminary",
)  # fmt: skip


def trends(words: Namespace) -> dict[str, Any]:
    """One trend verdict per group with what it rests on; with --board all KPIs × groups as one family."""
    from core.closeup import closeups
    from core.recompute import trends as judged

    if words.board:
        return _board(words)
    key = _metric(words)
    observed, scenario = _observed(words)
    by = words.by or "agent"
    frame = judged(observed, scenario, key, by)
    close = closeups(observed, scenario, key, by)
    frame = frame.merge(close, on="group", how="left") if len(close) else frame
    names = [*_TREND, *(name for name in close.columns if name != "group")]
    rows = [{"by": {by: row["group"]}, **{name: row[name] for name in names}} for row in frame.to_dict("records")]
    return {"metric": key, "unit": BY_KEY[key].unit, "rows": [row | {"reason": row["reason"] or None} for row in rows]}


def _board(words: Namespace) -> dict[str, Any]:
    from core.board import board, tally

    observed, scenario = _observed(words)
    bys = [part.strip() for part in (words.by or "agent").split(",")]
    frame = board(observed, scenario, bys, [part.strip() for part in words.metric.split(",")] if words.metric else ())
    counts = tally(frame)
    names = (*_TREND, "q", "worth_a_look", "sense", "p_in_kpi")
    rows = [
        {"by": {row["by"]: row["group"]}, "metric": row["key"], **{name: row[name] for name in names}} for row in frame.to_dict("records")
    ]
    told = {name: getattr(counts, name) for name in ("family", "passed", "told", "raw", "by_chance", "worth_a_look", "groups", "keys")}
    return {"rows": [row | {"reason": row["reason"] or None, "sense": row["sense"] or None} for row in rows], "tally": told}


def weekdays(words: Namespace) -> dict[str, Any]:
    """Which weekday differs, by how much, and what its difference is made of; or which hours, holidays and promotions."""
    from core.slowdays import slow_day

    key = _metric(words)
    observed, scenario = _observed(words)
    if words.hours:
        return _hours(observed, scenario, key)
    if words.holidays or words.promotion:
        return _special_days(observed, scenario, key, words)
    seen = slow_day(observed, scenario, key, -1 if words.weekday is None else words.weekday)
    found, drivers = seen.finding, seen.drivers
    names = (
        "weekday",
        "n_days",
        "mean",
        "ratio_to_rest",
        "low",
        "high",
        "p",
        "p_adjusted",
        "verdict",
        "difference",
        "superiority",
        "reason",
    )
    rows = [
        {name: row[name] for name in names} | {"reason": row["reason"] or None}
        for row in found.weekdays.to_dict("records")
    ]
    parts: dict[str, Any] = {
        row["driver"]: {name: row[name] for name in ("ratio", "low", "high", "p_adjusted", "verdict", "direction")}
        for row in drivers.to_dict("records")
    }
    if seen.causes is not None:
        parts |= divided(seen.causes, seen)
    return {
        "metric": key, "test": found.test, "p": found.p, "verdict": found.verdict, "named": list(found.named), "family": found.family,
        "weekdays": rows, "decomposition": parts, "reason": found.reason or None, "asked": dict(seen.asked) or None,
        "pairs": seen.pairs.to_dict("records"),
    }  # fmt: skip


def _hours(observed: Observed, scenario: Scenario, key: str) -> dict[str, Any]:
    """Hours of the day against the others, and cells of the week against the same hour on their reference days."""
    from core.daysapart import hours_of

    found = hours_of(observed, scenario, key)
    tables = {"hours": found.hours, "week": found.week}
    judged = {name: int(frame["p_adjusted"].notna().sum()) if len(frame) else 0 for name, frame in tables.items()}
    rows = {"rows": found.hours.to_dict("records"), "week": found.week.to_dict("records")}
    return {"metric": key, "unit": BY_KEY[key].unit, "family": judged, "reason": found.reason or None} | rows


def _special_days(observed: Observed, scenario: Scenario, key: str, words: Namespace) -> dict[str, Any]:
    """Special days against ordinary days of the same weekdays."""
    from core.annotations import Annotation
    from core.daysapart import countries, special_days

    if words.countries:
        chosen = tuple(code.strip().upper() for code in words.countries.split(","))
        scenario = Scenario.of(dict(scenario.changed) | {"countries": chosen})
    parts = [each.rsplit(":", 2) for each in words.promotion]
    promotions = [Annotation.of(dict(zip(("name", "date", "to"), part, strict=False))) for part in parts]
    frame = special_days(observed, scenario, (key,), promotions, words.lang)
    rows = [
        row | {"first_day": day_date(row["first_day"]), "last_day": day_date(row["last_day"]), "reason": row["reason"] or None}
        for row in frame.to_dict("records")
    ]
    return {"metric": key, "unit": BY_KEY[key].unit, "countries": list(countries(observed, scenario)), "rows": rows}


def divided(found: Causes, seen: SlowDay) -> dict[str, Any]:
    """How a weekday's difference divides, as plain values: weekday, main cause, shares that add up to 1, and the model behind them."""
    facts = {name: getattr(found, name) for name in ("weekday", "ratio", "difference", "elasticity", "n_weeks")}
    told = {"main_cause": found.main or None, "reason": found.reason or None}
    return facts | told | {"shares": found.parts.to_dict("records"), "mix_shifts": seen.shifts.to_dict("records")}


def control(words: Namespace) -> dict[str, Any]:
    """Control chart, change points and early warning of a KPI, one course a group."""
    from core.course import courses, steps, summary, warned

    key = _metric(words)
    observed, scenario = _observed(words)
    by = words.by or "shop"
    found = courses(observed, scenario, key, by, words.unit)
    warnings = [warned(one.watch) for one in found]
    lines = summary(found).to_dict("records")
    rows = [
        {"by": {by: row.pop("group")}, **row, "reason": row["reason"] or None, "warning": warning}
        for row, warning in zip(lines, warnings, strict=True)
    ]
    changes = [{"by": {by: row.pop("group")}, **row} for row in steps(found).to_dict("records")]
    tables = {one.group: one.points.assign(x=one.points["x"].dt.date).rename(columns={"x": "date"}) for one in found}
    points = [{"by": {by: group}, **point} for group, table in tables.items() for point in table.to_dict("records")]
    return {"metric": key, "unit": BY_KEY[key].unit, "points_are": words.unit, "rows": rows, "changes": changes, "points": points}


def effects(words: Namespace) -> dict[str, Any]:
    """Whether figures are different since a change: seen, expected without effect, interval and verdict."""
    from core.recompute import effects as judged

    pilot = _pilot(words)
    key = pilot.metric if pilot else _metric(words)
    observed, scenario = _observed(words)
    if words.trained:
        return _trained(words, observed, scenario, key)
    if pilot:
        return _judged(pilot, observed, scenario)
    change = change_of(words)
    frame = judged(observed, scenario, change, key, words.by or "")
    rows = [_effect(row) for row in frame.to_dict("records")]
    told: dict[str, Any] = {name: day_date(int(frame[f"{name}_day"].iloc[0])) if len(frame) else None for name in ("first", "last")}
    told |= {"date": change.day, "name": change.name or None, "agents": list(change.agents), "compared": told.copy()}
    return {"metric": key, "unit": BY_KEY[key].unit, "change": {n: told[n] for n in ("date", "name", "agents", "compared")}, "rows": rows}


def _whom(row: Mapping[str, Any]) -> Any:
    if row["by"] == "weekday":
        return int(row["group"])
    return row["group"].split(", ") if row["by"] == "agents" else row["group"]


def _effect(row: Mapping[str, Any]) -> dict[str, Any]:
    """A judged row in the contract's words."""
    named = {name: value for name, value in row.items() if name not in ("by", "group", "key", "first_day", "last_day", "expected")}
    return {"by": {row["by"]: _whom(row)}, **named, "expected_without_effect": row["expected"], "reason": row["reason"] or None}


def _pilot(words: Namespace) -> Any:
    """The pilot of ``--change``: a file with a plan, or a book of scenarios with the pilot called ``--name``; None for a bare change."""
    from core.changes import Pilot
    from core.scenarios import Book

    found = _settings(words.change) if words.change else {}
    if "pilots" in found:
        return Book.from_yaml(_file(words.change).read_text(encoding="utf-8-sig")).pilot(words.name or "")
    return Pilot.of(found) if "margin" in found else None


def _judged(pilot: Any, observed: Any, scenario: Scenario) -> dict[str, Any]:
    from core.trials import judge_pilot

    trial = judge_pilot(observed, scenario, pilot)
    told = {name: getattr(trial, name) for name in ("state", "cases_before", "cases_after", "days_done", "days_planned", "short")}
    decided = {"outcome": trial.decision.outcome, "because": trial.decision.because, "gain": trial.decision.gain}
    rows = [_effect(trial.row)] if trial.row else []
    return {"metric": pilot.metric, "unit": BY_KEY[pilot.metric].unit, "pilot": pilot.to_dict() | decided | told, "rows": rows}


def _trained(words: Namespace, observed: Any, scenario: Scenario, key: str) -> dict[str, Any]:
    """Agents of a file of training dates, each around the own date, and all together."""
    from core.trials import judge_training, training_dates

    trained = training_dates(InputFile.of(_file(words.trained)), observed.labels["agent"])
    frame = judge_training(observed, scenario, trained.days, key)
    rows = [_effect(row) | {"since": None if pd.isna(row["since"]) else row["since"].date()} for row in frame.to_dict("records")]
    told = {"unknown_agents": list(trained.strangers), "rows_without_date": trained.undated}
    return {"metric": key, "unit": BY_KEY[key].unit, "training": told, "rows": rows}


def periods(words: Namespace) -> dict[str, Any]:
    """Two periods, or two groups over one, side by side: every KPI with its difference, interval, verdict and what the mix explains."""
    from core.spans import CYCLES, Span, compare_groups, compare_spans

    observed, scenario = _observed(words)
    if bool(words.group) != bool(words.against) or not (words.group or (words.this and words.other)):
        raise InputError(Issue("periods_missing", "error"))
    keys = [part.strip() for part in (words.metrics or "").split(",") if part.strip()]
    if words.group:
        found = compare_groups(observed, scenario, _groups(words.group), _groups(words.against), keys)
    else:
        this = Span.of(words.this)
        other = this.back(words.other) if words.other in CYCLES else Span.of(words.other)
        found = compare_spans(observed, scenario, this, other, keys)
    spans = {side: {"from": span.first, "to": span.last} for side, span in zip(("before", "after"), found.spans, strict=True)}
    named = found.rows.rename(columns={"key": "metric"}).to_dict("records")
    rows = [row | {"unit": BY_KEY[row["metric"]].unit, "reason": row["reason"] or None} for row in named]
    return {"periods": spans, "notes": list(found.notes), "rows": rows}


def _groups(given: Sequence[str]) -> dict[str, list[str]]:
    """``team=South,East`` and the like, one or several."""
    parts = [each.partition("=") for each in given]
    return {name.strip(): [one.strip() for one in names.split(",") if one.strip()] for name, _, names in parts}


def change_of(words: Namespace) -> Change:
    """The change of a file, then what the command line says on top."""
    from core.changes import Change

    found = dict(_settings(words.change)) if words.change else {}
    found |= {name: given for name in ("date", "agents", "controls", "name") if (given := getattr(words, name)) is not None}
    return Change.of(found)


def systemic(words: Namespace) -> dict[str, Any]:
    """Does the team move together or some agents alone; hours and days bad for most at once; unusual days."""
    from core import movements

    key = _metric(words)
    observed, scenario = _observed(words)
    found = movements.systemic(observed, scenario, key)
    parts = {row["part"]: {name: row[name] for name in ("sd", "share", "low", "high")} for row in found.parts.to_dict("records")}
    names = ("team", "own", "named", "n", "n_agents", "n_weeks")
    told = {name: getattr(found, name) for name in names} | {"p": dict(zip(("team", "own"), found.p, strict=True))}
    told |= {"p_adjusted": dict(zip(("team", "own"), found.p_adjusted, strict=True)), "parts": parts}
    slow = movements.slow_together(observed, scenario, key)
    days = movements.unusual(observed, scenario, key)
    return {
        "metric": key, "unit": BY_KEY[key].unit, "relative": movements.relative(key),
        "verdict": found.verdict, "reason": found.reason or None,
        "rows": movements.steps(found, key).to_dict("records") if len(found.agents) else [],
        "weeks": movements.week_line(found, key).drop(columns="even").to_dict("records") if len(found.weeks) else [], **told,
        "slow_together": {"rows": movements.slow_rows(slow, key).to_dict("records"), "tested": slow.tested, "reason": slow.reason or None},
        "unusual_days": {
            "rows": movements.unusual_rows(days, key).to_dict("records"), "family": days.family, "reason": days.reason or None,
        },
    }  # fmt: skip


def drivers(words: Namespace) -> dict[str, Any]:
    """What goes with satisfaction: associations with intervals, crude and among like conversations; no claim of a cause."""
    from core import movements

    found = movements.drivers(*_observed(words))
    rows = [row | {"with": row.pop("with_")} for row in found.rows.to_dict("records")]
    told = {name: getattr(found, name) for name in ("cuts", "rated", "satisfied", "asked", "answered", "family")}
    return told | {"response": movements.response(found), "reason": found.reason or None, "rows": rows}


def rush(words: Namespace) -> dict[str, Any]:
    """Who is steadier than the others in the hours of the highest load per agent."""
    from core import movements

    key = _metric(words)
    found = movements.rush(*_observed(words), key)
    told = {"metric": key, "relative": movements.relative(key), "load": found.load, "rush_hours": found.slots[0], "hours": found.slots[1]}
    named = {name: found.named(name) for name in ("steadier", "gives_way")}
    rows = movements.rush_rows(found, key).to_dict("records") if len(found.rows) else []
    return told | {"team": movements.rush_told(found, key)} | named | {"family": found.family, "reason": found.reason or None, "rows": rows}


def room(words: Namespace) -> dict[str, Any]:
    """What the shop would gain if agents came up to the common figure: shrunken gaps times volume, ranked."""
    from core import movements

    key = _metric(words)
    found = movements.room(*_observed(words), key)
    told = {"metric": key, "baseline": found.baseline, "weeks": found.weeks, "gain_unit": movements.gain_unit(key) or None}
    rows = [row | {"reason": row["reason"] or None} for row in movements.room_rows(found, key).to_dict("records")]
    return told | {"reason": found.reason or None, "rows": rows}


def staffing(words: Namespace) -> dict[str, Any]:
    """Arrivals, effort, requirement, supply and gap per weekday × slot."""
    from core.recompute import demand, staffing_knobs
    from core.recompute import forecast as fitted
    from core.staffing import coming_week, outlook, plan

    observed, scenario = _observed(words)
    measured, knobs = demand(observed, scenario), staffing_knobs(scenario, words.volume)
    coming = None
    if words.ahead:
        ahead = outlook(fitted(observed, scenario, measured), words.ahead, knobs.interval_min)
        coming = coming_week(ahead, words.volume)
    found = plan(measured, knobs, coming)
    names = (
        "weekday", "start", "contacts", "aht_s", "concurrency", "load_erlang", "required", "supplied", "gap", "service_level", "occupancy",
        "model", "supply_label", "n_days", "planned_contacts",
    )  # fmt: skip
    slots = [{name: row[name] for name in names} for row in found.slots.to_dict("records")]
    hours = {"under": found.under_hours, "over": found.over_hours}
    return {"slots": slots, "gap_hours": hours, "moves": found.moves.to_dict("records"), "reasons": list(found.reasons)}


def backtest(words: Namespace) -> dict[str, Any]:
    """Whether the staffing model would have predicted the last weeks: per slot, calibration, error, assumption to doubt."""
    from core.recompute import backtest as held_against

    found = held_against(*_observed(words), words.weeks)
    days = {name: {"from": day_date(first), "to": day_date(last)} for name, (first, last) in (("fit", found.fit), ("held", found.held))}
    tables = {name: getattr(found, name).to_dict("records") for name in ("slots", "bins", "doubts")}
    told = {"verdict": found.verdict, "reason": found.reason or None, "doubt": found.doubt or None}
    return tables | told | days | {"errors": dict(found.errors), "facts": dict(found.facts)}


def roster(words: Namespace) -> dict[str, Any]:
    """A week's roster: today's with the fewest changes that close its gap, or drawn up anew; named shifts, cost, and how sure."""
    from core import rostering as room
    from core.recompute import demand, staffing_knobs
    from core.staffing.cheapest import Limits, Proposal

    observed, scenario = _observed(words)
    measured, knobs, who = demand(observed, scenario), staffing_knobs(scenario, words.volume), room.team(observed, scenario)
    given = {"limits": Limits(words.changes, not words.no_split, words.add), "rules": _shift_rules(words)}
    ask = room.Ask(languages=words.languages, limit_s=words.seconds, **given)
    before = room.sums(room.today_plan(measured, knobs, who), scenario)
    anew = words.new or (who.week is None and not words.add)
    found: Any = (room.new_week if anew else room.fewest_changes)(measured, knobs, who, ask, scenario)
    changed = isinstance(found, Proposal)
    shifts = room.changed_week(who, found.changes) if changed else found.shifts
    monday = who.next_monday if words.week is None else room.monday_of(words.week)
    dated = room.dated(shifts, monday, who.zone)
    paid = sum((row.end - row.start).total_seconds() / 3600 for row in dated.itertuples())
    return {
        "shifts": dated.to_dict("records"),
        "cost": paid * scenario.get("wage"),
        "paid_hours": paid,
        "gap_hours": {"under": found.under_hours, "over": found.over_hours},
        "optimal": found.optimal,
        "bound": found.bound,
        "value": found.value,
        "gap": found.gap,
        "seconds": found.seconds,
        "before": {"under": before.under, "over": before.over, "cost": before.cost},
        "changes": room.change_rows(found.changes) if changed else [],
        "holes": [] if changed else found.holes.to_dict("records"),
    }


def study(words: Namespace) -> dict[str, Any]:
    """Staffing on one printable page: demand, need, supply, gap, worst slots, changes, doubts, assumptions."""
    from core import rostering
    from core.recompute import demand
    from core.study import study as studied
    from core.study import study_html

    observed, scenario = _observed(words)
    made = study_html(studied(demand(observed, scenario), rostering.team(observed, scenario), scenario), Text(words.lang))
    _write(words.output, made)
    return {"file": words.output, "bytes": len(made)}


def _shift_rules(words: Namespace) -> Any:
    from core.staffing.patterns import ShiftRules

    rest = {"days_off": words.days_off, "break_min": words.rest, "together": not words.days_apart}
    return ShiftRules(tuple(words.lengths), words.start_every, words.earliest, words.latest, **rest)


def forecast(words: Namespace) -> dict[str, Any]:
    """Contacts of the next weeks by day and slot with their back-test, how they scatter, and past peaks."""
    from core.recompute import demand
    from core.recompute import forecast as fitted
    from core.recompute import peaks as found_peaks
    from core.staffing import outlook
    from core.staffing.special import effect_table

    observed, scenario = _observed(words)
    if words.promotions:
        scenario = Scenario.of(dict(scenario.changed) | {"promotions": words.promotions})
    measured, interval = demand(observed, scenario), int(scenario.get("slot_min"))
    models = fitted(observed, scenario, measured)
    found, past = outlook(models, words.weeks, interval), found_peaks(observed, scenario, measured)
    scatter = {name: _fields(getattr(past, name)) for name in ("by_slot", "by_day")}
    return {
        "model": found.model, "reason": found.reason or None, "slots": _dated(found.slots), "backtest": found.backtest,
        "interval": interval, "days": _dated(found.days), "models": found.trials.to_dict("records"), "dispersion": scatter,
        "peaks": {"periods": _dated(past.periods), "days": _dated(past.days), "reason": past.reason or None, **past.facts},
        "effects": effect_table(models.effects).to_dict("records"),
    }  # fmt: skip


def _fields(found: Any) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


def _dated(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with a date instead of a day number."""
    return [{"date": day_date(row.pop("local_day")), **row} for row in frame.to_dict("records")]


def dialects(words: Namespace) -> dict[str, Any]:
    """What every rule set makes of the same conversations."""
    from core.dialects import side_by_side

    return {"rows": side_by_side(*_observed(words)).to_dict("records")}


def whatif(words: Namespace) -> dict[str, Any]:
    """What a second scenario changes for each agent, and why; causes add up to the change of the score."""
    from core.recompute import Recalled, main_of
    from core.turning import undo
    from core.whatif import gains
    from core.whatif import whatif as compared

    a, b = (scenario_of(words, path) for path in (words.a, words.b))
    recalled = Recalled(log_of(words))
    found = compared(recalled.scores, a, b)
    rows = [_ledger_line(row, found.splits()) for row in found.frame.to_dict("records")]
    changed = [{"knob": each.knob, "cause": each.cause, "a": each.a, "b": each.b} for each in found.changed]
    by = words.by or "team"
    groups = gains(found, main_of(recalled.observed(b), b, by)).to_dict("records")
    back = undo(recalled.tables(b), found).to_dict("records")
    return {
        "rows": rows, "changed": changed, "agreement": found.agreement, "by": by, "groups": groups,
        "undo": [row | {"knob": row["knob"] or None, "reason": row["reason"] or None} for row in back],
    }  # fmt: skip


def _ledger_line(row: Mapping[str, Any], splits: Sequence[str]) -> dict[str, Any]:
    from core.scoring import INSUFFICIENT

    names = ("agent", "score_a", "score_b", "rank_a", "rank_b", "move")
    grades = {name: None if row[name] == INSUFFICIENT else row[name] for name in ("grade_a", "grade_b")}
    causes = {name.removeprefix("by_"): row[name] for name in splits if name != "together" or row[name]}
    turned = {f"grade_{name}": list(row[name]) for name in ("alone", "needed")}
    return {name: row[name] for name in names} | grades | {"causes": causes} | turned


def robustness(words: Namespace) -> dict[str, Any]:
    """Under which share of all weightings each agent takes each place and grade, and how far each weight may move."""
    from core.recompute import measure, score_of
    from core.sensitivity import sureness
    from core.stability import stability
    from core.weights import Space

    observed, scenario = _observed(words)
    measured, space = measure(observed, scenario), Space(words.weights, words.level, words.spread)
    scores, found = score_of(measured, scenario), sureness(measured, scenario, space, (words.weightings, words.with_draws))
    card, sure, sampled = found.card, found.weights, found.both
    low, high = sure.rank_range()
    rows = []
    for at in np.argsort(-np.nan_to_num(scores.score, nan=-1.0), kind="stable").tolist():
        row: dict[str, Any] = {
            "agent": scores.names[at],
            "score": scores.score[at],
            "reason": scores.reason[at] or None,
        }
        place = card.names.index(row["agent"]) if row["agent"] in card.names else -1
        rows.append(row | _acceptable(sure, sampled, place) | _range((low, high), place))
    steady = stability(card).to_dict("records")
    spans = {kind: {each["key"]: _span(each) for each in steady if each["kind"] == kind} for kind in ("kpi", "group")}
    return {
        "rows": rows, "stability": spans["kpi"], "group_stability": spans["group"], "decided": sure.decided,
        "weights": space.kind, "level": space.level, "spread": space.spread if space.kind == "around" else None,
        "weightings": sure.weightings, "exact": not sure.weightings, "standard_error": sure.error, "draws": sampled.draws,
    }  # fmt: skip


def _acceptable(sure: Acceptability, sampled: Acceptability, at: int) -> dict[str, Any]:
    if at < 0:
        return {"rank_acceptability": None, "grade_probability": None, "with_sample": None}
    both = [
        {
            "rank_acceptability": found.ranks[at],
            "grade_probability": {g: share[at] for g, share in found.grades.items()},
        }
        for found in (sure, sampled)
    ]
    return both[0] | {"with_sample": both[1]}


def _range(ends: tuple[Any, Any], at: int) -> dict[str, Any]:
    low, high = (end[at] if at >= 0 else None for end in ends)
    return {"rank_low": low, "rank_high": high}


def _span(row: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "low": "winner_low",
        "high": "winner_high",
        "now": "now",
        "order_low": "order_low",
        "order_high": "order_high",
    }
    return {name: row[column] for name, column in names.items()}


def erlang(words: Namespace) -> dict[str, Any]:
    """How many agents a load needs: Erlang C, Erlang A with patience, or the chat model with concurrency (and patience)."""
    from core.staffing import positions

    rate = words.arrivals / words.interval
    model = "chat" if words.concurrency else "erlang_a" if words.patience else "erlang_c"
    need, at = {"erlang_c": _erlang_c, "erlang_a": _erlang_a, "chat": _chat}[model](rate, words)
    agents = int(words.agents or need())
    base = {"model": model, "load_erlang": rate * words.aht, "positions": int(positions(agents, words.shrinkage)), "agents": agents}
    around = [{"agents": n} | {name: at(n)[name] for name in ("service_level", "occupancy")} for n in range(max(agents - 1, 0), agents + 2)]
    return base | at(agents) | {"around": around}


_Asked = tuple[Callable[[], Any], Callable[[int], dict[str, Any]]]


def _figures(queue: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(queue, name) for name in names}


def _erlang_c(rate: float, words: Namespace) -> _Asked:
    from core.staffing import erlang_c_queue, required_agents

    names = ("service_level", "prob_wait", "asa", "occupancy", "mean_queue", "wait_p90_all", "stable")
    return (
        lambda: required_agents(rate * words.aht, words.aht, words.within, words.target, words.max_occupancy),
        lambda agents: _figures(erlang_c_queue(rate, words.aht, agents, words.within), names),
    )


def _erlang_a(rate: float, words: Namespace) -> _Asked:
    from core.scenario import MEANINGS
    from core.staffing import erlang_a, required_agents_patience

    goal = {"target": words.target, "max_occupancy": words.max_occupancy, "meaning": words.meaning}
    names = ("prob_wait", "prob_abandon", "mean_wait", "occupancy", *MEANINGS)

    def at(agents: int) -> dict[str, Any]:
        found = _figures(erlang_a(rate, words.aht, words.patience, agents, words.within), names)
        return {"service_level": found[words.meaning], "meaning": words.meaning, "stable": True} | found

    return lambda: required_agents_patience(rate, words.aht, words.patience, words.within, **goal), at


def _chat(rate: float, words: Namespace) -> _Asked:
    from core.staffing import chat_pool, required_chat_agents

    times = words.concurrency if len(words.concurrency) > 1 else [words.aht] * int(words.concurrency[0])
    names = (
        "service_level", "prob_wait", "asa", "mean_chats_in_service", "mean_concurrency", "slot_occupancy", "effective_aht", "stable",
        "prob_abandon",
    )  # fmt: skip

    def at(agents: int) -> dict[str, Any]:
        pool = chat_pool(rate, times, agents, words.within, words.patience, meaning=words.meaning)
        return {"occupancy": pool.slot_occupancy} | _figures(pool, names)

    leaving = {"patience": words.patience, "meaning": words.meaning}
    return lambda: required_chat_agents(rate, times, words.within, words.target, words.max_occupancy, **leaving), at


def fair(words: Namespace) -> dict[str, Any]:
    """Agents compared fairly by one KPI: raw and adjusted, shrunken, funnel, pairs and letters."""
    from core.fair import fair as compared

    key = _metric(words)
    found = compared(*_observed(words), key)
    parts = {"shrunk": found.shrunk.rows, "mixed": found.mixed.rows, "funnel": found.funnel.rows}
    rows: dict[str, dict[str, Any]] = {}
    for name, part in parts.items():
        for row in part.to_dict("records"):
            agent = row.pop("agent")
            rows.setdefault(agent, {"agent": agent, "letters": found.pairs.letters.get(agent)})[name] = row
    pairs = {"family": found.pairs.family, "rows": found.pairs.rows.to_dict("records"), "reason": found.pairs.reason or None}
    flipped = found.reversals.to_dict("records") if len(found.reversals) else []
    return {
        "metric": key, "unit": BY_KEY[key].unit, "rows": list(rows.values()),
        "mixed": {"overall": found.mixed.overall, "effect": found.mixed.effect, "dimensions": found.mixed.dimensions,
                  "left_out": found.mixed.left_out, "family": found.mixed.family, "reason": found.mixed.reason or None,
                  "merged": found.mixed.merged.to_dict("records")},
        "funnel": {name: getattr(found.funnel, name) for name in
                   ("target", "phi", "tau", "method", "judged", "expected_watch", "expected_look", "counts")}
        | {"reason": found.funnel.reason or None},
        "shrunk": {name: getattr(found.shrunk, name) for name in ("mean", "tau", "needed_n", "method")}
        | {"reason": found.shrunk.reason or None},
        "reversals": [row for row in flipped if row["finding"] == "reversed"], "pairs": pairs,
    }  # fmt: skip


def questions(words: Namespace) -> dict[str, Any]:
    """Questions about speed bought at the customer's cost, with their evidence; never an accusation."""
    from core.fair import questions as asked

    found = asked(*_observed(words))
    rows = [{"family": family.key} | row for family in found for row in family.rows.to_dict("records")]
    families = [
        {"key": family.key, "tests": family.family, "asked": len(family.asked), "reason": family.reason or None, "needs": family.needs}
        for family in found
    ]
    return {"rows": sorted(rows, key=lambda row: (not row["asked"], row["family"], row["agent"])), "families": families}


def planner(words: Namespace) -> dict[str, Any]:
    """How much data a change takes to be seen: cases, conversations and weeks at the log's own pace."""
    from dataclasses import asdict

    from core.planner import case_of, needed, usual_change

    key = _metric(words)
    observed, scenario = _observed(words)
    case = case_of(observed, scenario, key, words.question, words.weekday)
    change = usual_change(case, scenario) if words.change is None else words.change
    asked = {name: getattr(words, name) for name in ("question", "tests", "power")}
    asked |= {"metric": key, "unit": BY_KEY[key].unit, "change": change, "weekday": words.weekday if words.question == "weekday" else None}
    now = {name: value for name, value in asdict(case).items() if name not in ("key", "question", "reason")}
    need = asdict(needed(case, change, words.tests, words.power)) if not case.reason else None
    return asked | {"now": now, "need": need, "reason": case.reason or None}


def _report(words: Namespace) -> Any:
    from core.recompute import Report, judge, measure

    observed, scenario = _observed(words)
    measured = measure(observed, scenario)
    return Report(measured, *judge(measured, scenario), scenario)


def _agent(words: Namespace, names: Sequence[str]) -> str:
    if words.agent not in names:
        near = did_you_mean(words.agent or "", names)
        raise InputError(Issue("agent_unknown", "error", value=words.agent or "", facts={"agents": near or ", ".join(sorted(names))}))
    return str(words.agent)


def receipt(words: Namespace) -> dict[str, Any]:
    """One agent's score, opened: lines that add up to it, what is missing, the past, the nearest steps, digests."""
    from core.receipt import as_dict
    from core.receipt import receipt as opened

    report = _report(words)
    return as_dict(opened(report, _agent(words, report.scores.names)))


def card(words: Namespace) -> dict[str, Any]:
    """One agent's page for a talk as HTML, or everybody's where the file of ``-o`` is a ZIP."""
    from core.card import Voice, card_html, cards_zip, default_actions
    from core.privacy import pseudonyms
    from core.talk import company, talk

    report, text = _report(words), Text(words.lang)
    beside, actions, names = company(report), default_actions(text), report.scores.names
    codes = pseudonyms(names, report.measured.observed.facts.log.digest) if words.codes else {}
    voice = Voice(text, report.scenario, codes)
    one = not words.output.lower().endswith(".zip")
    made = (
        card_html(talk(report, _agent(words, names), beside), report.scores.bands, actions, voice)
        if one
        else cards_zip(report, beside, actions, voice)
    )
    _write(words.output, made)
    return {"file": words.output, "bytes": len(made), "agents": 1 if one else len(names)}


def _write(path: str, made: bytes) -> None:
    try:
        Path(path).write_bytes(made)
    except OSError as error:
        raise InputError(Issue("file_not_written", "error", file=masked(path), value=str(error.strerror))) from error


def spotchecks(words: Namespace) -> dict[str, Any]:
    """Conversations to be read by somebody: a seeded sample per agent, customers masked."""
    from core.spotchecks import Draw, counted
    from core.spotchecks import spotchecks as drawn

    frame = drawn(*_observed(words), Draw(words.per_agent, words.seed, words.pointed))
    found = counted(frame, words.per_agent)
    asked = {name: getattr(words, name) for name in ("per_agent", "seed", "pointed")}
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return asked | {"reasons": found.reasons, "short": found.short, "rows": rows}


def cache(words: Namespace) -> dict[str, Any]:
    """What is kept between two starts: which logs, how large, the limit; --purge removes one of them or all."""
    store = store_of(words)
    if store is None:
        return {"rows": [], "folder": None, "bytes": 0, "limit": 0, "stayed": 0}
    stayed = 0 if words.purge is None else _purged(store, words.purge)
    kept = store.kept()
    rows = [
        {
            "digest": each.digest[:12], "files": list(each.files), "rows": each.rows, "bytes": each.bytes, "kept_at": _instant(each.since),
            "used_at": _instant(each.used), "data_as_of": None if each.horizon_ms is None else _instant(each.horizon_ms / 1000, each.zone),
            "facts": each.facts,
        }
        for each in kept
    ]  # fmt: skip
    total = sum(each.bytes for each in kept)
    return {"rows": rows, "folder": str(store.folder), "bytes": total, "limit": store.most_bytes, "stayed": stayed}


def _purged(store: Store, digest: str) -> int:
    """Logs that stayed, since another program is reading their files."""
    named = [each.digest for each in store.kept() if each.digest.startswith(digest)]
    if digest and len(named) != 1:
        raise InputError(Issue("not_kept_here", "error", value=digest, rows=len(named)))
    return store.purge(named[0] if digest else "")


def _instant(seconds: float, zone: str = "UTC") -> str:
    return datetime.fromtimestamp(seconds, ZoneInfo(zone)).isoformat(timespec="seconds")


def live(words: Namespace) -> dict[str, Any]:
    """A watched folder: what is waiting now and how today goes; every --interval seconds anew, or --once."""
    return next(looks(words))[1]


def looks(words: Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """One look after another at the folder: a line in words, and the same as plain values. Whoever asks decides when."""
    import time

    from core.growing import refreshed
    from core.looking import Place, line, told, viewed

    if len(words.files) != 1:
        raise InputError(Issue("no_files", "error"))
    scenario = Scenario.of(dict(scenario_of(words).changed) | {"live_every_s": words.interval})
    choices, text, view = choices_of(words), Text(words.lang), None
    place = Place(lambda held, now: refreshed(held, Path(words.files[0]), choices, now))
    while True:
        now = int(time.time() * 1000)
        view = viewed(view, place, scenario, now)
        yield line(view, scenario, now, text), told(view, scenario, now)


COMMANDS = {
    "inspect": inspect, "kpis": kpis, "score": score, "trends": trends, "weekdays": weekdays, "effects": effects, "periods": periods,
    "control": control, "systemic": systemic, "staffing": staffing, "backtest": backtest, "forecast": forecast, "roster": roster,
    "study": study,
    "fair": fair, "questions": questions, "receipt": receipt, "card": card,
    "dialects": dialects, "whatif": whatif, "robustness": robustness, "erlang": erlang, "planner": planner,
    "spotchecks": spotchecks,
    "drivers": drivers, "rush": rush, "room": room, "cache": cache, "live": live,
}  # fmt: skip


def check_knob(name: str, value: float, low: float, high: float) -> None:
    """Refuse a number outside its bounds, naming the option, the value and what is allowed."""
    if not low <= value <= high:
        raise ScenarioError(
            Issue("bad_knob", "error", value=f"{value:g}", facts={"knob": name, "allowed": f"{low:g} – {high:g}"})
        )


def rows_of(answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The answer's main list, flattened for a table: nested values become dotted columns."""
    lists = [value for value in answer.values() if isinstance(value, list)]
    main = next((value for value in lists if value and isinstance(value[0], Mapping)), [] if [] in lists else [answer])
    return [_flat(row) for row in main]


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in row.items():
        name = f"{prefix}{key}"
        found |= _flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return found
