"""An agent's receipt and page for a talk in words: lines, tables, one printable sheet, one archive for all, and the table for pay.

The words of `core.talk` and `core.receipt`; the app, the files and the command line say the same.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from core.charts import Chart, Labels, arrows, contribution_parts
from core.exports import Section, html_sheet
from core.levels import NONE
from core.metrics import BY_KEY
from core.receipt import Receipt
from core.recompute import Report
from core.scenario import Scenario
from core.scoring import GRADES, INSUFFICIENT, shown
from core.talk import FIRM, Company, Limit, Talk, payroll, talk
from core.text import Text
from core.views import kpi_shares

LOW = 108
"""Pixels of a picture with one line."""
MOST = 4
"""Lines of one list on a sheet; the rest is counted."""
STEPS = 3
NARROW = "\u00a0"
"""Keeps a number and its unit on one line."""
_ALPHA = ((0.8, "good"), (0.667, "tentative"), (-np.inf, "poor"))
"""Krippendorff's own customary limits (Content Analysis, 2004, p. 241)."""


@dataclass(frozen=True)
class Voice:
    """A language, the settings that names depend on, and how agents are called (``names``: agent → code for a meeting)."""

    text: Text
    scenario: Scenario
    names: Mapping[str, str] = field(default_factory=dict)

    def agent(self, name: str) -> str:
        """An agent's name, or code."""
        return self.names.get(name, name)

    def metric(self, key: str, short: bool = True) -> str:
        """A KPI's name."""
        return self.text(f"metrics.{key}.{'short' if short else 'name'}", n=f"{self.scenario.get('within_s'):g}")

    def value(self, value: float, key: str) -> str:
        """A KPI's value in its unit."""
        return self.text.value(value, BY_KEY[key].unit)

    def points(self, value: float) -> str:
        """A score as it is shown: cut after one decimal."""
        return self.text.number(None if np.isnan(value) else shown(value))

    def listed(self, parts: Sequence[str]) -> str:
        """Several things in a sentence."""
        return self.text("card.comma").join(parts)

    def reason(self, code: str) -> str:
        """Why a figure is missing or cannot be compared."""
        known = next((key for key in (f"card.reason.{code}", f"pages.reason.{code}") if self.text.has(key)), "pages.reason.none")
        return self.text(known)

    def no_grade(self, code: str) -> str:
        """Why there is no grade."""
        return self.text(f"scores.reason.{code}", least=f"{self.scenario.get('min_conversations'):g}")

    def change(self, size: float, effect: str, key: str) -> str:
        """A change with its sign: per cent of a ratio, points of a share, else the KPI's unit."""
        sign = "+" if size > 0 else "−" if size < 0 else ""
        if effect == "ratio":
            return sign + self.text.share(abs(size))
        if BY_KEY[key].unit == "share":
            return sign + self.text("pages.card.points", n=self.text.number(100 * abs(size)))
        return sign + self.value(abs(size), key) if not np.isnan(size) else self.text.number(None)


# --- the receipt -------------------------------------------------------------------------------------------------------------


def grade_lines(found: Receipt, voice: Voice) -> list[str]:
    """Grade, score with interval and the chances of all grades; or why there is none."""
    if found.grade == INSUFFICIENT:
        return [voice.text("card.grade.none", reason=voice.no_grade(found.reason))]
    facts = {name: voice.points(getattr(found, name)) for name in ("score", "low", "high")}
    facts |= {"grade": found.grade, "name": voice.text(f"grades.name.{found.grade}"), "level": voice.text.share(found.level, 0)}
    chances = [
        voice.text("card.grade.chance", grade=letter, share=voice.text.share(share, 0)) for letter, share in found.probability.items()
    ]
    lines = [voice.text("card.grade.line", **facts), voice.text("card.grade.chances", list=voice.listed(chances))]
    if found.team:
        parts = {"own": voice.points(found.own), "team": voice.points(found.team)}
        lines.append(voice.text("card.grade.team", **parts))
    return lines


def formula(line: Any, voice: Voice) -> str:
    """How one line of a receipt comes about, in words with its own numbers: value → points → contribution."""
    better = BY_KEY[line.key].better
    facts = {name: voice.value(getattr(line, name), line.key) for name in ("target", "passing", "floor")}
    facts["value"] = voice.value(line.counted, line.key)
    facts["points"] = voice.text.number(line.points, 2)
    part = _stretch(*(better * (line.counted - anchor) for anchor in (line.target, line.passing, line.floor)))
    weighed = voice.text(
        "card.formula.weight", weight=voice.text.share(line.weight), contribution=voice.text.number(line.contribution, 2)
    )
    told = f"{voice.text(f'card.formula.{part}', **facts)} {weighed}"
    by = voice.scenario.get("level_by")
    if by == NONE:
        return told
    raw = voice.value(line.value, line.key)
    return f"{voice.text('card.formula.level', raw=raw, value=facts['value'], by=voice.text(f'knobs.level_by.option.{by}'))} {told}"


def _stretch(over_target: float, over_pass: float, over_floor: float) -> str:
    if over_target >= 0:
        return "full"
    return "upper" if over_pass >= 0 else "lower" if over_floor > 0 else "zero"


def receipt_table(found: Receipt, voice: Voice) -> pd.DataFrame:
    """The lines of a receipt in words, the team's part as a line of its own, and the sum; headings are words."""
    rows = [_line(line, voice) for line in found.lines.itertuples()]
    two = voice.text.number
    if found.team:
        rows.append({"metric": voice.text("card.column.team"), "contribution": two(found.team, 2)})
    rows.append({"metric": voice.text("card.column.sum"), "contribution": two(found.own + found.team, 2)})
    frame = pd.DataFrame(rows, columns=list(_LINE)).fillna("")
    return frame.rename(columns={name: voice.text(f"card.column.{name}") for name in _LINE})


_LINE = ("metric", "value", "interval", "n", "anchors", "points", "weight", "contribution")


def _value(line: Any, voice: Voice) -> str:
    value = voice.value(line.value, line.key)
    counted = voice.value(line.counted, line.key)
    return value if value == counted else voice.text("card.column.counted", value=value, counted=counted)


def _line(line: Any, voice: Voice) -> dict[str, str]:
    ends = {name: voice.value(getattr(line, name), line.key) for name in ("low", "high", "floor", "passing", "target")}
    middle = line.statistic == "median"
    name = voice.metric(line.key)
    return {
        "metric": voice.text("card.column.median", metric=name) if middle else name,
        "value": _value(line, voice),
        "interval": voice.text("charts.interval", **{k: ends[k] for k in ("low", "high")}) if not np.isnan(line.low) else "–",
        "n": voice.text.number(line.n, 0),
        "anchors": voice.text("card.column.three", **{k: ends[k] for k in ("floor", "passing", "target")}),
        "points": voice.text.number(line.points, 2),
        "weight": voice.text.share(line.weight),
        "contribution": voice.text.number(line.contribution, 2),
    }


def outside_lines(found: Receipt, voice: Voice) -> list[str]:
    """What was counted but not judged, and the KPIs that are missing with the reason."""
    counted = [voice.text(f"card.left_out.{row.what}", n=row.n) for row in found.left_out.itertuples() if row.n]
    lines = [voice.text("card.left_out.line", list=voice.listed(counted))] if counted else []
    if len(found.missing):
        told = voice.listed([_absent(row, voice) for row in found.missing.to_dict("records")])
        lines.append(voice.text("card.left_out.missing", list=told))
    return lines


def _absent(row: Mapping[str, Any], voice: Voice) -> str:
    if row["status"] == "too_few":
        return voice.text("card.limit.few_one", metric=voice.metric(row["key"]), n=f"{row['n']:.0f}", min_n=row["min_n"])
    return voice.text("card.limit.absent_one", metric=voice.metric(row["key"]), reason=voice.reason(row["reason"]))


def source_line(found: Receipt, voice: Voice) -> str:
    """Which data and settings it came from: the same data and settings give the same figures."""
    facts = {name: getattr(found, name) for name in ("first", "last", "zone")}
    facts |= {"rules": voice.text(f"rules.{found.rules}.name"), "n": voice.text.number(found.conversations, 0)}
    return voice.text("card.source", settings=found.scenario_digest, data=found.data_digest, **facts)


def receipt_sheets(found: Receipt, voice: Voice) -> dict[str, pd.DataFrame]:
    """A receipt as sheets of a workbook with full precision: lines, what is missing, what was left out, and its source."""
    facts = {"agent": voice.agent(found.agent)} | {
        name: getattr(found, name)
        for name in (
            "score", "low", "high", "level", "grade", "reason", "own", "team", "conversations", "rules", "first", "last", "zone",
            "scenario_digest", "data_digest",
        )
    }  # fmt: skip
    facts |= {f"p_{letter}": share for letter, share in found.probability.items()}
    source = pd.DataFrame({"name": list(facts), "value": list(facts.values())})
    parts = {"lines": named(found.lines, voice), "missing": named(found.missing, voice), "left_out": found.left_out, "source": source}
    return {voice.text(f"card.workbook.{name}"): frame for name, frame in parts.items()}


def named(frame: pd.DataFrame, voice: Voice) -> pd.DataFrame:
    """A frame with keys of KPIs and their names beside them."""
    names = [voice.metric(key, short=False) for key in frame["key"]]
    kept = frame.copy()
    kept.insert(1, "name", np.array(names, dtype=object))
    return kept


# --- the talk ----------------------------------------------------------------------------------------------------------------


def told_lines(found: Talk, way: int, voice: Voice) -> list[str]:
    """Strengths (``way`` 1) or what could be better (−1): beside fair peers, then beside the own past; a sentence where there is none."""
    lines = [_peer(row, voice) for row in found.peers.itertuples() if row.way == way]
    lines += [_before(row, voice) for row in found.past.itertuples() if row.way == way]
    if not lines:
        lines = [voice.text("card.none.better" if way > 0 else "card.none.worse")]
    hints = _hints(found, way, voice)
    return lines + ([voice.text("card.none.hint", list=voice.listed(hints))] if hints else [])


def _peer(row: Any, voice: Voice) -> str:
    facts = {name: voice.change(getattr(row, name), row.effect, row.key) for name in ("change", "low", "high")}
    facts |= {name: voice.value(getattr(row, name), row.key) for name in ("value", "expected")}
    name = voice.text("card.column.mean", metric=voice.metric(row.key)) if BY_KEY[row.key].unit == "seconds" else voice.metric(row.key)
    return voice.text("card.peers", metric=name, n=voice.text.number(row.n, 0), **facts)


def _before(row: Any, voice: Voice) -> str:
    parts = {"change": row.difference, "low": row.low, "high": row.high}
    facts = {name: voice.change(size, "", row.key) for name, size in parts.items()}
    facts |= {name: voice.value(getattr(row, name), row.key) for name in ("now", "before")}
    return voice.text("card.past", metric=voice.metric(row.key), **facts)


def _hints(found: Talk, way: int, voice: Voice) -> list[str]:
    """KPIs whose difference is beyond chance only when looked at alone."""
    firm = {row.key for frame in (found.peers, found.past) for row in frame.itertuples() if row.verdict in FIRM}
    pairs = [(row.key, row.change, row.verdict) for row in found.peers.itertuples()]
    pairs += [(row.key, row.difference, row.verdict) for row in found.past.itertuples()]
    keys = [key for key, size, verdict in pairs if verdict == "some_evidence" and np.sign(size) * BY_KEY[key].better == way]
    return [voice.metric(key) for key in dict.fromkeys(keys) if key not in firm]


def step_lines(found: Talk, voice: Voice) -> list[str]:
    """The nearest steps to the next grade, what most colleagues already reach first; or why there is none."""
    one, text = found.receipt, voice.text
    if one.grade in (INSUFFICIENT, GRADES[0]):
        return [text("card.step.no_grade" if one.grade == INSUFFICIENT else "card.step.best")]
    rows = one.steps[one.steps["needed"].notna()].head(STEPS)
    facts = {"wanted": one.steps["wanted"].iloc[0], "missing": text.number(float(one.steps["missing"].iloc[0]), 2)}
    if rows.empty:
        return [text("card.step.none", **facts)]
    return [text("card.step.open", **facts), *(_step(row, voice) for row in rows.itertuples()), text("card.step.arithmetic")]


def _step(row: Any, voice: Voice) -> str:
    facts = {"metric": voice.metric(row.key)} | {name: voice.value(getattr(row, name), row.key) for name in ("value", "aim")}
    kind = "nobody" if not row.peers > 0 else "line"
    line = voice.text(f"card.step.{kind}", peers=voice.text.share(row.peers, 0), **facts)
    return line if np.isnan(row.before) else line + voice.text("card.step.before", before=voice.value(row.before, row.key))


def limit_lines(found: Talk, voice: Voice) -> list[str]:
    """What cannot be said, one sentence each."""
    return [_LIMITS.get(limit.code, _plain)(limit, found, voice) for limit in found.limits]


def _plain(limit: Limit, found: Talk, voice: Voice) -> str:
    facts = {"level": voice.text.share(found.receipt.level, 0)} | dict(limit.facts)
    return voice.text(f"card.limit.{limit.code}", **facts)


def _no_grade(limit: Limit, found: Talk, voice: Voice) -> str:
    return voice.text("card.limit.no_grade", reason=voice.no_grade(limit.facts["reason"]))


def _unsure(limit: Limit, found: Talk, voice: Voice) -> str:
    return voice.text("card.limit.unsure", grade=found.receipt.grade, share=voice.text.share(limit.facts["share"], 0))


def _one_kpi(limit: Limit, found: Talk, voice: Voice) -> str:
    return voice.text("card.limit.one_kpi", metric=voice.metric(limit.facts["key"]), share=voice.text.share(limit.facts["share"], 0))


def _few(limit: Limit, found: Talk, voice: Voice) -> str:
    told = voice.listed([_absent(row, voice) for row in limit.facts["rows"]])
    return voice.text("card.limit.few", list=told, share=voice.text.share(limit.facts["share"], 0))


def _no_peers(limit: Limit, found: Talk, voice: Voice) -> str:
    reasons = dict(zip(found.peers["key"], found.peers["reason"], strict=True))
    groups: dict[str, list[str]] = {}
    for key in limit.facts["keys"]:
        groups.setdefault(voice.reason(reasons[key]), []).append(voice.metric(key))
    parts = [voice.text("card.limit.absent_one", metric=voice.listed(names), reason=why) for why, names in groups.items()]
    return voice.text("card.limit.no_peers", list=voice.text("card.semicolon").join(parts))


_LIMITS: dict[str, Callable[[Limit, Talk, Voice], str]] = {
    "no_grade": _no_grade, "unsure": _unsure, "one_kpi": _one_kpi, "few": _few, "no_peers": _no_peers,
}  # fmt: skip


def rating_lines(found: Talk, voice: Voice) -> list[str]:
    """Self, superior and peers with how many, the gap with its interval, agreement over all, and their weight; empty without ratings."""
    if found.rated is None:
        return []
    rated, text = found.rated, voice.text
    kinds = [kind for kind in ("self", "superior", "peer") if rated[f"{kind}_n"]]
    parts = [text(f"card.rating.{kind}", mean=text.number(rated[kind]), n=rated[f"{kind}_n"]) for kind in kinds]
    ends = {name: voice.change(rated[name], "", "qa_score") for name in ("gap", "gap_low", "gap_high")}
    gap = text("card.rating.no_gap") if np.isnan(rated["gap"]) else text("card.rating.gap", **ends)
    shares = kpi_shares(voice.scenario).set_index("key")["of_total"]
    weight = text("card.rating.weight", share=text.share(float(shares["peer_review"])), page=text("pages.scores.title"))
    return [text("card.rating.line", list=voice.listed(parts)), gap, _agreed(found, text), weight]


def _agreed(found: Talk, text: Text) -> str:
    if np.isnan(found.alpha):
        return text("card.rating.no_alpha")
    word = next(word for least, word in _ALPHA if found.alpha >= least)
    return text("card.rating.alpha", alpha=text.number(found.alpha, 2), persons=found.persons, word=text(f"card.rating.{word}"))


def default_actions(text: Text) -> dict[str, str]:
    """What is agreed on for each grade until a lead writes something else."""
    return {grade: text(f"card.action.{grade}") for grade in (*GRADES, INSUFFICIENT)}


# --- pictures and files ------------------------------------------------------------------------------------------------------


def interval_chart(found: Receipt, bands: Mapping[str, float], voice: Voice) -> Chart:
    """The score with its interval over the lines between grades."""
    row = {"agent": voice.agent(found.agent), "baseline": found.score, "whatif": found.score, "low": found.low, "high": found.high}
    row |= {"grade_baseline": found.grade, "grade_whatif": found.grade} | {f"band_{name.lower()}": low for name, low in bands.items()}
    alt = " ".join(grade_lines(found, voice))
    drawn = arrows(pd.DataFrame([row]), Labels(voice.text.language, "", x=voice.text("scores.chart.arrows_axis"), alt=alt))
    return replace(drawn, height=LOW, spec=drawn.spec | {"height": LOW})


def parts_chart(found: Receipt, voice: Voice) -> Chart:
    """What each KPI brings to the score, over what it could bring; the team's part at the end."""
    rows = [
        (voice.metric(line.key), voice.text(f"grades.group.{line.group}"), line.contribution, 100 * line.weight)
        for line in found.lines.itertuples()
    ]
    if found.team:
        team = voice.text("card.column.team")
        rows.append((team, team, found.team, 100 * (1 - float(found.lines["weight"].sum()))))
    frame = pd.DataFrame(rows, columns=["part", "group", "points", "possible"])
    labels = Labels(voice.text.language, "", x=voice.text("scores.chart.parts_axis"), alt=voice.text("card.heading.parts"))
    return contribution_parts(frame, labels)


def _shortened(lines: Sequence[str], voice: Voice) -> list[str]:
    rest = len(lines) - MOST
    return [*lines[:MOST], voice.text("card.more", n=rest)] if rest > 0 else list(lines)


_HEADINGS = ("grade", "parts", "strengths", "weaknesses", "step", "limits", "ratings", "action")


def sections(found: Talk, bands: Mapping[str, float], action: str, voice: Voice) -> list[Section]:
    """The parts of an agent's sheet, in reading order; what the log has nothing for is left out."""
    one, heading = found.receipt, {name: voice.text(f"card.heading.{name}") for name in _HEADINGS}
    lines = {"strengths": told_lines(found, 1, voice), "weaknesses": told_lines(found, -1, voice)}
    parts = [Section(heading["grade"], grade_lines(one, voice), wide=not found.graded)]
    parts += [Section("", picture=interval_chart(one, bands, voice), wide=False)] if found.graded else []
    if len(one.lines):
        table = receipt_table(one, voice).drop(columns=[voice.text(f"card.column.{name}") for name in ("interval", "anchors")])
        narrow = table.replace(" ", NARROW, regex=True)
        parts += [Section(heading["parts"], table=narrow, wide=False), Section("", picture=parts_chart(one, voice), wide=False)]
    parts += [Section(heading[name], _shortened(told, voice), wide=False) for name, told in lines.items()]
    parts += [Section(heading["step"], step_lines(found, voice)), Section(heading["limits"], limit_lines(found, voice))]
    rated = rating_lines(found, voice)
    parts += [Section(heading["ratings"], [" ".join(rated)])] if rated else []
    return [*parts, Section(heading["action"], action.splitlines())]


def card_html(found: Talk, bands: Mapping[str, float], actions: Mapping[str, str], voice: Voice) -> bytes:
    """An agent's sheet as one HTML file for screen and A4.

    Args:
        actions: grade → what is to be agreed on; see `default_actions`.
    """
    one = found.receipt
    parts = sections(found, bands, actions[one.grade], voice)
    title = voice.text("card.title", agent=voice.agent(one.agent))
    footer = f"{voice.text('card.caution')} {source_line(one, voice)}"
    return html_sheet(title, voice.text("card.subtitle", first=one.first, last=one.last, zone=one.zone), parts, footer, voice.text.language)


def cards_zip(report: Report, beside: Company, actions: Mapping[str, str], voice: Voice) -> bytes:
    """Everybody's sheet in one ZIP, a file per agent, by name or code."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, agent in enumerate(sorted(report.scores.names, key=voice.agent), start=1):
            page = card_html(talk(report, agent, beside), report.scores.bands, actions, voice)
            archive.writestr(f"{place:02d}_{file_name(voice.agent(agent))}.html", page)
    return target.getvalue()


def file_name(name: str) -> str:
    """A name as a file may have it.

    >>> file_name("Lin/Xiao .."), file_name("林晓")
    ('Lin_Xiao', '林晓')
    """
    return re.sub(r"[^\w\-]+", "_", name).strip("_") or "agent"


def pay_table(report: Report, beside: Company, voice: Voice) -> pd.DataFrame:
    """The table for pay and promotion, headings and warnings in words: no grade without its interval, chances, n and warnings."""
    frame = payroll(report, beside)
    shares = [name for name in frame.columns if name.startswith("p_")]
    told = [voice.listed([voice.text(f"card.warning.{code}") for code in codes]) for codes in frame["warnings"]]
    frame = frame.assign(agent=[voice.agent(name) for name in frame["agent"]], warnings=told)
    frame["grade"] = [voice.text(f"grades.grade.{letter}") for letter in frame["grade"]]
    period = report.measured.period
    frame = frame.assign(
        first=str(period.first), last=str(period.last), rules=voice.text(f"rules.{report.scenario.get('rules')}.name")
    )
    names = {name: voice.text("card.pay.chance", grade=name.removeprefix("p_")) for name in shares}
    names |= {name: voice.text(f"card.pay.{name}") for name in frame.columns if name not in shares}
    return frame.rename(columns=names)
