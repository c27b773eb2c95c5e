"""Staffing: when are people missing?"""

import streamlit as st

from core import study
from core.errors import UnavailableError
from core.staffing import StaffingResult
from core.text import Text
from core.views import busiest_weekday, erlang_levels
from pages import _demand as demand
from pages import _parts as parts
from pages import _proof as proof
from pages import _roster as roster
from pages import _session as session
from pages import _weekdays as weekdays
from pages import _weekplan as weekplan
from pages import _widgets as widgets
from pages._shell import framed

SLOT_UNITS = {
    "weekday": "", "start": "", "contacts": "points", "aht_s": "seconds", "concurrency": "ratio", "load_erlang": "ratio",
    "required": "count", "positions": "count", "supplied": "points", "gap": "points", "service_level": "",
    "service_level_minus_one": "", "service_level_required": "", "service_level_plus_one": "",
    "occupancy": "", "state": "", "n_days": "count",
}  # fmt: skip


def _controls(text: Text) -> str:
    with st.container(border=True):
        columns = st.columns(4, vertical_alignment="bottom")
        for column, key in zip(columns, ("sl_target", "sl_s", "max_concurrency", "slot_min"), strict=True):
            with column:
                widgets.knob(key, text)
        place = parts.fold(text("plan.control.more"), "staffing", "tune")
        if place.open:
            with place:
                columns = st.columns(4, vertical_alignment="bottom")
                for at, key in enumerate(("max_occupancy", "shrinkage", "patience_s", "sl_meaning", "wage")):
                    with columns[at if at < 2 else at - 2]:
                        widgets.knob(key, text, look="number" if key == "wage" else "")
                with columns[2]:
                    words = weekplan.volume_words(text)
                    parts.choose("plan_volume", list(words), text("plan.control.volume"), words.__getitem__)
                with columns[3]:
                    weeks = weekplan.weeks_words(text)
                    parts.choose("plan_weeks", list(weeks), text("plan.control.weeks"), weeks.__getitem__)
                widgets.reset(("staffing",), text)
    return session.remembered("plan_volume", "mean")


def _map(result: StaffingResult, text: Text) -> None:
    words = {what: text(f"plan.map.{what}") for what in weekplan.maps(result)}
    what = parts.choose("plan_map", list(words), text("plan.control.map"), words.__getitem__, look="pills")
    widgets.show_chart(weekplan.map_chart(result, what, text), text, key="plan_map")


def _day(result: StaffingResult, text: Text) -> None:
    names = {day: text(f"pages.weekday.{day}") for day in range(7)}
    look = {"look": "pills", "first": busiest_weekday(result)}
    day = parts.choose("plan_day", list(names), text("plan.control.weekday"), names.__getitem__, **look)
    widgets.show_chart(weekplan.day_chart(result, day, text), text, key="plan_day")


def _moves(result: StaffingResult, text: Text) -> None:
    st.markdown(f"**{text('plan.sentence.moves')}**")
    st.markdown("\n".join(weekplan.move_lines(result, text)))
    if len(result.moves):
        widgets.download(text("pages.download.csv"), "moves", result.moves)


def _slots(result: StaffingResult, text: Text) -> None:
    place = parts.fold(text("pages.overview.table"), "slots", "table")
    if place.open:
        with place:
            config = parts.headings("staffing", SLOT_UNITS, text)
            widgets.table(weekplan.slots_table(result, text), text, "plan_slots", file=result.slots, column_config=config)


def _erlang(text: Text) -> None:
    place = parts.fold(text("plan.erlang.title"), "erlang", "calculate")
    if not place.open:
        return
    with place:
        st.caption(text("plan.erlang.help"))
        fields = {"arrivals": 100, "interval": 30, "aht": 180, "within": 20, "target": 80, "occupancy": 85, "shrinkage": 30}
        values = {}
        for column, (name, first) in zip(st.columns(len(fields), vertical_alignment="bottom"), fields.items(), strict=True):
            with column:
                values[name] = _number(name, first, text)
        shares = {name: values[name] / 100 for name in ("target", "occupancy", "shrinkage")}
        goal = (shares["target"], shares["occupancy"], shares["shrinkage"])
        found = erlang_levels(values["arrivals"], values["interval"], values["aht"], values["within"], goal)
        st.markdown(weekplan.answer(found, values["within"], shares["shrinkage"], text))
        config = parts.headings("plan", weekplan.LEVEL_UNITS, text)
        widgets.table(weekplan.levels_table(found, text), text, "erlang_levels", file=found.levels, column_config=config)


def _number(name: str, first: float, text: Text) -> float:
    bounds = {"target": (1.0, 99.9), "occupancy": (1.0, 100.0), "shrinkage": (0.0, 90.0), "arrivals": (0.0, 100_000.0)}
    low, high = bounds.get(name, (1.0, 86_400.0))
    tied = session.widget(f"erlang_{name}", float(first))
    return float(st.number_input(text(f"plan.erlang.{name}"), low, high, step=1.0, format="%g", **tied))


def _plan(text: Text) -> None:
    try:
        result = weekplan.planned(_controls(text))
    except UnavailableError as error:
        widgets.issues((error.issue,))
        _erlang(text)
        return
    st.markdown(weekplan.sentences(result, text))
    st.caption(weekplan.coming_line(result, text))
    _map(result, text)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _day(result, text)
    with right:
        st.markdown("\n".join(weekplan.slot_lines(result, text)))
        _moves(result, text)
    st.caption(study.caveats(result, text))
    widgets.download_file(text("study.download"), "staffing_study.html", lambda: study.study_html(session.study(), text))
    weekdays.one_sentence(text)
    _slots(result, text)
    _erlang(text)
    parts.how("staffing", ["first_response"], weekplan.how_lines(result, text), text)


PARTS = {"plan": _plan, "demand": demand.show, "moves": roster.show, "proof": proof.show}


def _body(text: Text) -> None:
    names = {part: text(f"plan.part.{part}") for part in PARTS}
    part = parts.choose("staffing_part", list(names), text("pages.data.parts"), names.__getitem__, look="pills")
    PARTS[part](text)


framed()
words = session.text()
widgets.heading("staffing", words)
if session.log() is None:
    widgets.empty(words)
elif not parts.nothing_here(words):
    _body(words)
