"""Charts, tables and sentences of the Staffing page. Nothing is computed here, only picked and worded."""

from __future__ import annotations

from typing import Any

from core import study, views
from core.charts import Chart, Labels, gap_chart, heatmap
from core.recompute import staffing_knobs
from core.staffing import StaffingResult, coming_week, patience_range, plan
from core.staffing.demand import VOLUMES
from core.text import Text
from pages import _session as session
from pages import _widgets as widgets

LEVEL_UNITS = {"agents": "count", "service_level": "", "prob_wait": "", "asa": "", "occupancy": ""}
LEVELS = ("service_level_minus_one", "service_level_required", "service_level_plus_one")
SLOT_COLUMNS = (
    "weekday", "start", "contacts", "aht_s", "concurrency", "load_erlang", "required", "positions", "supplied", "gap",
    "service_level", *LEVELS, "occupancy", "state", "n_days",
)  # fmt: skip


def planned(volume: str) -> StaffingResult:
    """The plan of the week under the knobs as they are."""
    ahead = coming_weeks()
    week = coming_week(session.coming(ahead), volume) if ahead else None
    return plan(session.demand(), staffing_knobs(session.scenario(), volume), week)


def coming_weeks() -> int:
    """How many coming weeks the plan is made for; 0: for the past ones."""
    return int(session.remembered("forecast_weeks", 4)) if session.remembered("plan_weeks", "past") == "coming" else 0


def weeks_words(text: Text) -> dict[str, str]:
    """Which weeks the plan can be made for, in words."""
    return {code: text(f"plan.weeks.{code}", weeks=session.remembered("forecast_weeks", 4)) for code in ("past", "coming")}


def coming_line(result: StaffingResult, text: Text) -> str:
    """That the plan is for coming weeks, and by which forecast; empty where it is for the past."""
    if not (ahead := coming_weeks()):
        return ""
    model = text(f"demand.model.{session.coming(ahead).model}")
    return text("plan.sentence.coming", weeks=ahead, model=model, volume=text(f"staffing.volume.{result.facts['volume']}"))


def volume_words(text: Text) -> dict[str, str]:
    """How busy a week the plan can carry, in words."""
    return {code: text(f"staffing.volume.{code}") for code in VOLUMES}


def _within(text: Text) -> str:
    return text.duration(session.scenario().get("sl_s"))


# --- sentences ---------------------------------------------------------------------------------------------------------------


def sentences(result: StaffingResult, text: Text) -> str:
    """Hours missing and to spare, never netted; what they cost, what patience and one agent more or less change."""
    more = (money(result, text), patience(text), small_pool(result, text))
    return " ".join(part for part in (study.hours_line(result, session.scenario(), text), *more) if part)


def small_pool(result: StaffingResult, text: Text) -> str:
    """One agent more or less where few work: the service level at n − 1, n, n + 1 in the busiest small slot."""
    found = views.small_pool(result)
    if found is None:
        return ""
    levels = {name.removeprefix("service_level_"): text.share(getattr(found, name), 0) for name in LEVELS}
    facts = {"weekday": text(f"pages.weekday.{found.weekday}"), "start": views.clock(found.start), "agents": text.number(found.required, 0)}
    return text("plan.sentence.small_pool", **facts, **levels)


def money(result: StaffingResult, text: Text) -> str:
    """What the missing and the spare hours cost, apart; empty without a cost of an hour."""
    wage = session.scenario().get("wage")
    if not wage or not widgets.known(result.under_hours):
        return ""
    costs = {name: text.value(hours * wage, "money") for name, hours in (("under", result.under_hours), ("over", result.over_hours))}
    return text("plan.sentence.money", wage=text.value(wage, "money"), **costs)


def patience(text: Text) -> str:
    """What is needed if customers are more or less patient than supposed; empty where nobody leaves."""
    knobs = staffing_knobs(session.scenario(), session.remembered("plan_volume", "mean"))
    found = patience_range(session.demand(), knobs)
    if not found:
        return ""
    hours = [text("plan.sentence.patience_one", patience=_waits(seconds, text), hours=text.number(n)) for seconds, n in found]
    return text("plan.sentence.patience", list=text("scores.control.comma").join(hours))


def _waits(seconds: float | None, text: Text) -> str:
    return text("plan.sentence.endless") if seconds is None else text.duration(seconds)


def slot_lines(result: StaffingResult, text: Text) -> list[str]:
    """The slots that lack most agents; where none does, the tightest ones."""
    heading, *lines = study.slot_lines(result, session.scenario(), text) or [""]
    return [heading, *(f"- {line}" for line in lines)]


def move_lines(result: StaffingResult, text: Text, most: int = 6) -> list[str]:
    """Agent-hours that could move, in words."""
    if result.moves.empty:
        return [text("staffing.moves.none" if widgets.known(result.under_hours) else "staffing.moves.unknown")]
    shown = list(result.moves.head(most).itertuples())
    evened = [row for row in shown if row.basis == "balance"]
    why = [text("staffing.moves.balance", weekday=text(f"pages.weekday.{evened[0].to_weekday}")), ""] if evened else []
    return [*why, *(f"- {_move(row, text)}" for row in shown), "", f":gray[{text('staffing.moves.note')}]"]


def _move(row: Any, text: Text) -> str:
    facts = {f"{side}_weekday": text(f"pages.weekday.{getattr(row, f'{side}_weekday')}") for side in ("from", "to")}
    facts |= {name: views.clock(getattr(row, name)) for name in ("from_start", "from_end", "to_start", "to_end")}
    return text("staffing.moves.one", agents=text.number(row.agents, 0), hours=text.number(row.hours), **facts)


def how_lines(result: StaffingResult, text: Text) -> list[str]:
    """Arrivals, model, service level, supply, and what the log says about several chats at once."""
    facts = result.facts
    goal = {"target": text.share(facts["target"], 0), "within": _within(text)}
    goal["occupancy"] = text.share(session.scenario().get("max_occupancy"), 0)
    models = [_model(code, facts, text) for code in facts["models"]]
    level = text(f"staffing.service_level.{facts['service_level_definition']}", within=_within(text))
    lines = [text("plan.how.arrivals", n=session.measured().period.days), *models, level]
    lines += [text("staffing.service_level.target", **goal), text(f"staffing.supply.{facts['supply_label']}")]
    return [*lines, *_chat_times(facts, text), text("plan.how.never_netted")]


def _model(code: str, facts: Any, text: Text) -> str:
    return text(f"staffing.model.{code}", k=facts["concurrency_used"], patience="–")


def _chat_times(facts: Any, text: Text) -> list[str]:
    if "chat" not in facts["models"] or not facts["chat_times_s"]:
        return []
    times = text("scores.control.comma").join(text.duration(seconds) for seconds in facts["chat_times_s"])
    return [text("staffing.chat_times.measured", times=times, n=text.number(facts["concurrency_n"], 0))]


# --- pictures ----------------------------------------------------------------------------------------------------------------


def map_chart(result: StaffingResult, what: str, text: Text, note: str = "plan.chart.map_note") -> Chart:
    """The week: one figure of the plan by weekday and slot; a gap has 0 as its neutral middle. ``note``: key of what is said below."""
    slot_min = int(session.scenario().get("slot_min"))
    name = text(f"plan.map.{what}")
    supply = text(f"staffing.supply.{result.facts['supply_label']}")
    said = text(note, supply=supply, n=result.facts["dates"])
    labels = Labels(
        text.language, text("plan.chart.map", what=name), y=name, note=f"{said} · {widgets.period_line(text)}"
    )
    frame = views.week_map(result, what, slot_min)
    return heatmap(frame, labels, "number", diverging=what == "gap", slot_min=slot_min)


def maps(result: StaffingResult) -> list[str]:
    """What the map can show; without a supply there is no gap."""
    known = widgets.known(result.under_hours)
    return [what for what in views.HEAT if known or what in ("required", "contacts")]


def day_chart(result: StaffingResult, weekday: int, text: Text) -> Chart:
    """One weekday: who is there and who is needed."""
    title = text("plan.chart.day", weekday=text(f"pages.weekday.{weekday}"))
    labels = Labels(text.language, title, y=text("plan.chart.day_axis"), note=text("plan.chart.day_note"))
    return gap_chart(views.day_plan(result, weekday), labels)


def slots_table(result: StaffingResult, text: Text) -> Any:
    """The whole plan as it is read."""
    frame = result.slots[list(SLOT_COLUMNS)]
    return frame.assign(
        weekday=[text(f"pages.weekday.{day}") for day in frame["weekday"]],
        start=[views.clock(minute) for minute in frame["start"]],
        state=[text(f"staffing.state.{code}") for code in frame["state"]],
        **{name: [text.share(share) for share in frame[name]] for name in ("service_level", *LEVELS)},
        occupancy=[text.share(share) for share in frame["occupancy"]],
    )


# --- the calculator ----------------------------------------------------------------------------------------------------------


def levels_table(found: views.Calculated, text: Text) -> Any:
    """Staff levels around the need as they are read; a queue that grows without limit has no mean wait."""
    frame = found.levels
    shares = {name: [text.share(v) for v in frame[name]] for name in ("service_level", "prob_wait", "occupancy")}
    waits = zip(frame["asa"], frame["stable"], strict=True)
    asa = [text.duration(seconds) if stable else text("plan.erlang.grows") for seconds, stable in waits]
    return frame.assign(**shares, asa=asa)[list(LEVEL_UNITS)]


def answer(found: views.Calculated, within: float, shrinkage: float, text: Text) -> str:
    """What Erlang C answers, in one sentence."""
    at = found.at_need
    facts = {"load": text.number(found.load, 2), "agents": found.agents, "positions": found.positions}
    facts |= {"shrinkage": text.share(shrinkage, 0), "within": text.duration(within), "asa": text.duration(at.asa)}
    facts |= {"service_level": text.share(at.service_level), "occupancy": text.share(at.occupancy)}
    return text("plan.erlang.answer", **facts)
