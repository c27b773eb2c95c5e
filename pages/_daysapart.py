"""Hours of the day, and days apart: holidays, make-up days, promotions. Nothing is computed here, only picked and worded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import streamlit as st

from core import views
from core.annotations import Annotation
from core.charts import Labels, heatmap
from core.errors import ScenarioError
from core.hourly import HourRules
from core.metrics import metric
from core.occasions import OccasionRules, country_of, known_countries
from core.scenario import KNOBS
from core.text import Text
from pages import _parts as parts
from pages import _session as session
from pages import _trendlines as trendlines
from pages import _widgets as widgets

COMPARED = ("first_response", "reply_time", "handle_time", "satisfaction", "conversations")
SPECIAL = ("conversations", "first_response", "handle_time", "satisfaction")
HOUR_UNITS = {
    "hour": "", "verdict": "", "value": "", "rest": "", "ratio": "ratio", "interval": "", "p_adjusted": "p", "n": "count",
    "n_days": "count", "reason": "",
}  # fmt: skip
SPECIAL_UNITS = {
    "name": "", "dates": "", "metric": "", "verdict": "", "value": "", "usual": "", "effect": "", "interval": "", "p_adjusted": "p",
    "n_days": "count", "n_alike": "count", "reason": "",
}  # fmt: skip


# --- hours -------------------------------------------------------------------------------------------------------------------


def hours(text: Text) -> None:
    """Which hours differ, where in the week, and the figures behind it."""
    st.caption(text("daysapart.hours.intro"))
    key = widgets.choose_metric("hours_of", COMPARED, text("plan.control.finding"), text)
    found = session.hours(key)
    if found.reason:
        st.info(text(f"daysapart.reason.{found.reason}"), icon=":material/info:")
        return
    st.markdown(_hours_told(found, key, text))
    names = {what: text(f"daysapart.map.{what}") for what in ("ratio", "value")}
    what = parts.choose("hours_map", list(names), text("daysapart.control.map"), names.__getitem__, look="pills")
    counted = metric(key).measure.kind == "count"
    least = HourRules().days_min if counted else HourRules().cell_min
    note = text("daysapart.hours.note", least=least, days=HourRules().days_min)
    title = text("daysapart.hours.title", metric=widgets.metric_name(key, text))
    labels = Labels(text.language, title, y=names[what], note=f"{note} · {widgets.period_line(text)}")
    unit = "ratio" if what == "ratio" else metric(key).unit
    widgets.show_chart(heatmap(views.cell_map(found.week, what), labels, unit, least), text, key="hours_week")
    config = parts.headings("daysapart", HOUR_UNITS, text)
    widgets.table(_hours_table(found.hours, key, text), text, f"hours_{key}", file=found.hours, column_config=config)
    widgets.download(text("causes.go.rows"), f"hours_week_{key}", found.week)
    rules = {"n": HourRules().n_min, "cell": HourRules().cell_min, "days": HourRules().days_min}
    parts.how("hours", [key], [text("daysapart.how.hours", **rules), text("daysapart.how.contrast")], text)


def _hours_told(found: Any, key: str, text: Text) -> str:
    name = widgets.metric_name(key, text)
    family, passed = views.family_of(found.hours), views.told_first(found.hours)
    if not family:
        return text("daysapart.hours.no_judged", metric=name)
    told = [_hour(row, text) for row in passed[:3]]
    facts = {"metric": name, "family": family, "passed": len(passed), "list": text("scores.control.comma").join(told)}
    line = text("daysapart.hours.found" if passed else "daysapart.hours.none", **facts)
    cells = views.told_first(found.week)
    named = [_cell(row, text) for row in cells[:4]]
    facts = {"family": views.family_of(found.week), "passed": len(cells), "list": text("scores.control.comma").join(named)}
    return f"{line}  \n{text('daysapart.hours.cells' if cells else 'daysapart.hours.cells_none', **facts)}"


def _hour(row: Any, text: Text) -> str:
    ratios = {name: text.number(row[name], 2) for name in ("ratio", "low", "high")}
    return text("daysapart.hours.one", hour=_clock(row), **ratios)


def _cell(row: Any, text: Text) -> str:
    day = trendlines.day_name(int(row["weekday"]), text)
    return text("daysapart.hours.cell", day=day, hour=_clock(row), ratio=text.number(row["ratio"], 2))


def _clock(row: Any) -> str:
    return f"{views.clock(60 * row['hour'])}–{views.clock(60 * row['hour'] + 60)}"


def _hours_table(frame: Any, key: str, text: Text) -> Any:
    words = {
        "hour": [_clock(row) for row in frame.to_dict("records")],
        "verdict": [text(f"verdicts.names.{code}") for code in frame["verdict"]],
        "reason": [text(f"daysapart.reason.{code}") if code else "" for code in frame["reason"]],
        "interval": parts.interval(*views.judged_ends(frame), partial(text.number, decimals=2), text),
    }
    words |= {name: [widgets.kpi_value(text, value, key) for value in frame[name]] for name in ("value", "rest")}
    return frame.assign(**words)[list(HOUR_UNITS)]


# --- days apart --------------------------------------------------------------------------------------------------------------


def special(text: Text) -> None:
    """Holidays of the chosen countries and promotions of the book, each KPI against like weekdays."""
    st.caption(text("daysapart.special.intro"))
    left, right = st.columns([2, 3], gap="large")
    with left:
        _own_countries(text)
    with right:
        _promotions(text)
    keys = tuple(key for key in SPECIAL if key in parts.offered())
    try:
        rows = session.special_days(keys, session.book().promotions)
    except ScenarioError as error:
        widgets.issues((error.issue,))
        return
    if rows.empty:
        st.info(text("daysapart.special.empty"), icon=":material/event_busy:")
        return
    st.markdown(_special_told(rows, text))
    config = parts.headings("daysapart", SPECIAL_UNITS, text)
    widgets.table(_special_table(rows, text), text, "special_days", file=rows, column_config=config, **parts.roomy(rows))
    lines = [text("daysapart.how.alike", around=OccasionRules().around), text("daysapart.how.error"), text("daysapart.how.contrast")]
    parts.how("special_days", list(keys), lines, text)


def _own_countries(text: Text) -> None:
    zone = session.facts().zone
    chosen = tuple(session.knob_value("countries")) or ((country_of(zone),) if country_of(zone) in known_countries() else ())
    if not chosen:
        st.caption(text("daysapart.special.no_country", zone=zone))
    countries(text, chosen)


def countries(text: Text, chosen: Sequence[str]) -> None:
    """Whose public holidays are set apart."""
    help_, hint = text("knobs.countries.help"), text("knobs.countries.none")
    tied = session.widget("countries", list(chosen))
    names = {code: widgets.option_name(KNOBS["countries"], code, text) for code in known_countries()}
    st.multiselect(text("knobs.countries.name"), list(names), help=help_, placeholder=hint, format_func=names.__getitem__, **tied)


def _promotions(text: Text) -> None:
    shown = session.measured().period
    place = st.form("promotion", clear_on_submit=True, border=False)
    with place:
        name, first, last, add = st.columns([3, 2, 2, 1], vertical_alignment="bottom")
        told = name.text_input(text("daysapart.control.promotion"), key="promotion_name", max_chars=80)
        days = {"min_value": shown.first - timedelta(days=366), "max_value": shown.last + timedelta(days=366), "format": "YYYY-MM-DD"}
        start = first.date_input(text("daysapart.control.first"), shown.first, key="promotion_first", **days)
        end = last.date_input(text("daysapart.control.last"), shown.first, key="promotion_last", **days)
        sent = add.form_submit_button(text("daysapart.control.add"))
    if sent:
        try:
            session.keep_book(session.book().promoted(Annotation(start, told, end)))
        except ScenarioError as error:
            widgets.issues((error.issue,))
    for each in session.book().promotions:
        line, gone = st.columns([5, 2], vertical_alignment="center")
        line.markdown(f"{each.name} · {each.day} – {each.last or each.day}")
        label = text("daysapart.control.remove", name=each.name)
        if gone.button(label, key=f"gone_{each.name}", icon=":material/delete:"):
            session.keep_book(session.book().without_promotion(each.name))
            st.rerun()
    st.caption(text("daysapart.control.keep"))


def _special_told(rows: Any, text: Text) -> str:
    family, passed = views.family_of(rows), views.told_first(rows)
    if not family:
        return text("daysapart.special.unknown")
    if not passed:
        return text("daysapart.special.none", family=family)
    return "  \n".join(_occasion(row, family, text) for row in passed[:6])


def _occasion(row: Any, family: int, text: Text) -> str:
    low, high = (_effect_end(row[name], row, text) for name in ("low", "high"))
    facts = {"name": _occasion_name(row, text), "dates": _dates(row), "metric": widgets.metric_name(row["key"], text)}
    facts |= {"verdict": text(f"verdicts.names.{row['verdict']}"), "ratio": _effect(row, text), "low": low, "high": high}
    return text("daysapart.special.found", p=trendlines.p_value(row["p_adjusted"], text), family=family, **facts)


def _effect(row: Any, text: Text) -> str:
    if row["scale"] == "ratio":
        return text("daysapart.special.times", ratio=text.number(row["ratio"], 2))
    return text("daysapart.special.apart", difference=widgets.signed(metric(row["key"]), row["difference"], text))


def _effect_end(value: float, row: Any, text: Text) -> str:
    return text.number(value, 2) if row["scale"] == "ratio" else widgets.signed(metric(row["key"]), value, text)


def _occasion_name(row: Any, text: Text) -> str:
    name = text("daysapart.special.makeup") if row["kind"] == "makeup" else row["name"]
    return f"{name} ({row['country']})" if row["country"] else name


def _dates(row: Any) -> str:
    first, last = (session.day_of(int(row[name])) for name in ("first_day", "last_day"))
    return f"{first}" if first == last else f"{first} – {last}"


def _special_table(rows: Any, text: Text) -> Any:
    records = rows.to_dict("records")
    words = {
        "name": [_occasion_name(row, text) for row in records],
        "dates": [_dates(row) for row in records],
        "metric": [widgets.metric_name(row["key"], text) for row in records],
        "verdict": [text(f"verdicts.names.{row['verdict']}") for row in records],
        "effect": [_effect(row, text) if widgets.known(row["difference"]) else "–" for row in records],
        "interval": [
            text("charts.interval", low=_effect_end(row["low"], row, text), high=_effect_end(row["high"], row, text))
            if widgets.known(row["low"])
            else "–"
            for row in records
        ],
        "reason": [text(f"daysapart.reason.{row['reason']}") if row["reason"] else "" for row in records],
    }
    words |= {name: [widgets.kpi_value(text, row[name], row["key"]) for row in records] for name in ("value", "usual")}
    return rows.assign(**words)[list(SPECIAL_UNITS)]
