"""The one-off study of staffing: sentences of the week's plan, and one printable page with demand, need, supply, gap and changes.

The page of the app, the file and the command line say the same sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core import views
from core.charts import Chart, Labels, heatmap
from core.exports import Section, html_sheet
from core.period import day_date
from core.recompute import staffing_knobs
from core.rostering import Ask, Team, fewest_changes, sums
from core.scenario import Scenario
from core.staffing import Demand, StaffingResult, plan, worst_slots
from core.staffing.changes import Change, Outcome, Shift
from core.staffing.cheapest import Proposal
from core.staffing.demand import MIN_EFFORT_N
from core.text import Text

HIGH = "p80"
MOST = 6
PICTURE = 230
"""Pixels of the map on the sheet: seven rows stay readable and the page stays one."""


@dataclass(frozen=True, eq=False)
class Study:
    """What the page is made from: the plan of an average and of a busy week, their sums, and the cheapest changes (None: nothing
    to change).
    """

    demand: Demand
    team: Team
    scenario: Scenario
    result: StaffingResult
    busy: StaffingResult
    sums: Outcome
    busy_sums: Outcome
    proposal: Proposal | None


def study(demand: Demand, team: Team, scenario: Scenario) -> Study:
    """Everything the page says, at once; the changes are searched for 10 seconds at most."""
    knobs = staffing_knobs(scenario)
    result, busy = plan(demand, knobs), plan(demand, replace(knobs, volume=HIGH))
    proposal = fewest_changes(demand, knobs, team, Ask(), scenario) if team.week is not None else None
    return Study(demand, team, scenario, result, busy, sums(result, scenario), sums(busy, scenario), proposal)


# --- sentences ---------------------------------------------------------------------------------------------------------------


def _within(scenario: Scenario, text: Text) -> str:
    return text.duration(scenario.get("sl_s"))


def hours_line(result: StaffingResult, scenario: Scenario, text: Text) -> str:
    """Hours needed, there, missing and to spare, never netted."""
    needed = views.agent_hours(result, "required")
    if np.isnan(result.under_hours):
        return text("staffing.gap.unknown", needed=text.number(needed))
    facts = {"target": text.share(scenario.get("sl_target"), 0), "within": _within(scenario, text)}
    facts |= {"needed": text.number(needed), "supplied": text.number(views.agent_hours(result, "supplied"))}
    hours = text("staffing.gap.hours", under=text.number(result.under_hours), over=text.number(result.over_hours))
    return f"{text('plan.sentence.needed', **facts)} {hours}"


def slot_lines(result: StaffingResult, scenario: Scenario, text: Text) -> list[str]:
    """A heading and the slots that lack most agents; where none does, the tightest ones; empty without either."""
    worst = worst_slots(result)
    if len(worst):
        return [text("plan.sentence.worst"), *(_worst(row, scenario, text) for row in worst.itertuples())]
    tight = views.tightest(result)
    if not len(tight):
        return []
    return [text("plan.sentence.tightest"), *(_slot("plan.sentence.tight", row, scenario, text) for row in tight.itertuples())]


def _worst(row: Any, scenario: Scenario, text: Text) -> str:
    overloaded = row.service_level <= 0 and row.supplied > 0
    return _slot("staffing.worst.overload" if overloaded else "staffing.worst.one", row, scenario, text)


def _slot(key: str, row: Any, scenario: Scenario, text: Text) -> str:
    end = row.start + int(scenario.get("slot_min"))
    facts = {"weekday": text(f"pages.weekday.{row.weekday}"), "start": views.clock(row.start), "end": views.clock(end)}
    facts |= {"required": text.number(row.required, 0), "supplied": text.number(row.supplied), "within": _within(scenario, text)}
    facts |= {"service_level": text.share(row.service_level), "contacts": text.number(row.contacts)}
    return text(key, n_days=row.n_days, **facts)


def caveats(result: StaffingResult, text: Text) -> str:
    """Everything a reader has to mind about these figures; empty when there is nothing."""
    facts = dict(result.facts) | {"min_effort_n": MIN_EFFORT_N}
    told = " ".join(text(f"staffing.reasons.{code}", **facts) for code in result.reasons)
    return text("plan.sentence.caveats", list=told) if told else ""


def change_words(change: Change, text: Text) -> str:
    """A change of the roster in a sentence, with what speaks against it."""
    facts = {"agent": change.agent or text("roster.control.anybody"), "from": span_words(change.before, text) if change.before else ""}
    facts |= {"to": text("roster.change.and").join(span_words(each, text) for each in change.after)}
    told = text(f"roster.change.{change.kind}", **facts)
    return f"{told} {text(f'roster.clash.{change.clash}')}" if change.clash else told


def span_words(shift: Shift, text: Text) -> str:
    """A shift's weekday and times."""
    facts = {"weekday": text(f"pages.weekday.{shift.weekday}"), "start": views.clock(shift.start), "end": views.clock(shift.end_clock)}
    return text("roster.change.span", **facts)


def proposal_lines(found: Proposal, text: Text) -> list[str]:
    """What the cheapest changes close and how sure that is; then each of them."""
    facts = {name: text.number(getattr(found, name)) for name in ("under_before", "under_hours", "over_before", "over_hours")}
    if not found.changes:
        return [text("roster.cheapest.none", **facts)]
    sure = text("roster.sure.proven" if found.optimal else "roster.sure.bound", gap=text.share(found.gap))
    told = text("roster.cheapest.closes", n=len(found.changes), **facts)
    return [f"{told} {sure}", *(change_words(each, text) for each in found.changes)]


# --- the page ----------------------------------------------------------------------------------------------------------------


def demand_lines(found: Study, text: Text) -> list[str]:
    """How much comes in a week, and when most."""
    slots, slot = found.result.slots, int(found.scenario.get("slot_min"))
    facts = found.demand.facts
    lines = [text("study.demand.contacts", n=text.number(facts["contacts"], 0), week=text.number(float(slots["contacts"].sum())))]
    if slots["contacts"].max() > 0:
        by_day = slots.groupby("weekday")["contacts"].sum()
        top = slots.loc[slots["contacts"].idxmax()]
        told = {"weekday": text(f"pages.weekday.{by_day.idxmax()}"), "day": text.number(float(by_day.max()))}
        told |= {"slot_day": text(f"pages.weekday.{top['weekday']}")}
        told |= {"start": views.clock(top["start"]), "end": views.clock(top["start"] + slot)}
        lines.append(text("study.demand.top", contacts=text.number(float(top["contacts"])), **told))
    aside = {name: text.number(facts[name], 0) for name in ("agent_started", "holiday_mode", "bot_resolved")}
    return [*lines, text("study.demand.aside", **aside)]


def gap_lines(found: Study, text: Text) -> list[str]:
    """Hours, money where a wage is known, service and waits as the model has them."""
    lines = [hours_line(found.result, found.scenario, text)]
    if np.isnan(found.result.under_hours):
        return lines
    lines.append(text("study.gap.service", answered=text.share(found.sums.answered), wait=_wait(found.sums, text)))
    if found.scenario.get("wage"):
        money = {name: text.value(getattr(found.sums, name), "money") for name in ("cost", "under_cost", "over_cost")}
        lines.append(text("study.gap.money", wage=text.value(found.scenario.get("wage"), "money"), **money))
    return lines


def _wait(out: Outcome, text: Text) -> str:
    return text.duration(out.wait_s) if np.isfinite(out.wait_s) else text("roster.figure.endless_wait")


def doubt_lines(found: Study, text: Text) -> list[str]:
    """What is uncertain: a busy week, few weeks, a proxy, estimated effort."""
    lines = [text("study.doubt.busy", volume=text(f"staffing.volume.{HIGH}"), needed=text.number(found.busy_sums.needed))]
    if not np.isnan(found.busy.under_hours):
        lines = [text("study.doubt.busy_gap", under=text.number(found.busy_sums.under), needed=text.number(found.busy_sums.needed))]
    told = caveats(found.result, text)
    return [*lines, *([told] if told else [])]


def assumption_lines(found: Study, text: Text) -> list[str]:
    """Models, target, supply and what the changes assume."""
    facts, scenario = found.result.facts, found.scenario
    goal = {"target": text.share(facts["target"], 0), "within": _within(scenario, text)}
    goal["occupancy"] = text.share(scenario.get("max_occupancy"), 0)
    patience = text.duration(facts["patience_s"]) if facts.get("patience_s") else "–"
    models = [text(f"staffing.model.{code}", k=facts["concurrency_used"], patience=patience) for code in facts["models"]]
    lines = [*models, text("staffing.service_level.target", **goal), text(f"staffing.supply.{facts['supply_label']}")]
    return [*lines, text("plan.how.never_netted")]


def gap_map(found: Study, text: Text) -> Chart:
    """The gap by weekday and slot; without supply the need."""
    what = "required" if np.isnan(found.result.under_hours) else "gap"
    slot_min, name = int(found.scenario.get("slot_min")), text(f"plan.map.{what}")
    labels = Labels(text.language, "", y=name, alt=text("plan.chart.map", what=name))
    drawn = heatmap(views.week_map(found.result, what, slot_min), labels, "number", diverging=what == "gap", slot_min=slot_min)
    return replace(drawn, height=PICTURE, spec=drawn.spec | {"height": PICTURE})


def gap_table(result: StaffingResult, text: Text) -> pd.DataFrame:
    """Per weekday: contacts, hours needed, there, missing and too many; the week as last row; headings are words."""
    slots = result.slots
    hour = float(np.diff(np.sort(slots["start"].unique())).min()) / 60
    known = not np.isnan(result.under_hours)
    columns = {"contacts": slots["contacts"], "needed": slots["required"] * hour, "there": slots["supplied"] * hour}
    columns |= {"under": (-slots["gap"]).clip(lower=0) * hour, "over": slots["gap"].clip(lower=0) * hour}
    by_day = pd.DataFrame(columns).groupby(slots["weekday"], sort=False).sum(min_count=1)
    by_day.loc["week"] = by_day.sum(min_count=1)
    if not known:
        by_day[["there", "under", "over"]] = np.nan
    shown = by_day.map(text.number)
    names = [text("study.table.week") if day == "week" else text(f"pages.weekday.{day}") for day in by_day.index]
    shown.insert(0, "weekday", names)
    return shown.rename(columns={name: text(f"study.table.{name}") for name in shown.columns})


def today_line(team: Team, text: Text) -> str:
    """Which week of the roster stands for today; "" without a roster."""
    if team.week is None:
        return ""
    shifts = team.week.shifts
    known = text("roster.today.roster", first=day_date(team.week.monday), n=len(shifts), agents=shifts["agent"].nunique())
    return known if all(team.week.known) else f"{known} {text('roster.today.cut')}"


def _moves(found: Study, text: Text) -> Sequence[str]:
    if found.proposal is None:
        return [text("study.moves.no_roster")]
    lines = [today_line(found.team, text), *proposal_lines(found.proposal, text)]
    more = len(lines) - 2 - MOST
    return [*lines[: MOST + 2], text("study.moves.more", n=more)] if more > 0 else lines


def study_html(found: Study, text: Text) -> bytes:
    """The page as HTML for screen and one sheet of A4, in the language of ``text``; nothing in it is loaded from elsewhere."""
    first, last = (day_date(day).isoformat() for day in found.demand.period)
    heading = {name: text(f"study.heading.{name}") for name in ("demand", "gap", "map", "worst", "moves", "doubt", "assumed")}
    worst = slot_lines(found.result, found.scenario, text)
    parts = [
        Section(heading["demand"], demand_lines(found, text), wide=False),
        Section(heading["gap"], gap_lines(found, text), wide=False),
        Section(heading["map"], picture=gap_map(found, text), table=gap_table(found.result, text)),
        Section(heading["worst"], worst[1:] or [text("staffing.worst.nothing")], wide=False),
        Section(heading["moves"], _moves(found, text), wide=False),
        Section(heading["doubt"], doubt_lines(found, text), wide=False),
        Section(heading["assumed"], assumption_lines(found, text), wide=False),
    ]
    subtitle = text("study.subtitle", first=first, last=last, zone=found.team.zone, weeks=found.result.facts["weeks"])
    return html_sheet(text("study.title"), subtitle, parts, text("study.footer"), text.language)
