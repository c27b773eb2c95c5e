"""Pilots: the list, the verdict of one of them with its page for a meeting, and the way to plan another. Nothing is computed here."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core import views
from core.errors import KefuError
from core.exports import Section, html_sheet, markdown_sheet
from core.metrics import metric
from core.text import Text
from pages import _beforeafter as beforeafter
from pages import _parts as parts
from pages import _pilotplan as pilotplan
from pages import _session as session
from pages import _training as training
from pages import _trendlines as trendlines
from pages import _widgets as widgets

_LISTED = {"name": "", "metric": "", "dates": "", "state": "", "outcome": ""}
_BOXES = {"adopt": st.success, "too_early": st.warning, "do_not_adopt": st.error}
_PLAIN = str.maketrans("", "", "*")


def show(text: Text) -> None:
    """Pilots that are kept, a new one, or training dates."""
    st.caption(text("pilots.intro"))
    words = {view: text(f"pilots.view.{view}") for view in ("list", "new", "training")}
    view = parts.choose("pilots_view", list(words), text("pages.data.parts"), words.__getitem__, look="bare")
    {"list": _kept, "new": pilotplan.show, "training": training.show}[view](text)


def _kept(text: Text) -> None:
    book = session.book()
    if not book.pilots:
        st.info(text("pilots.none"), icon=":material/science:")
        return
    judged = {pilot.name: _judged(pilot) for pilot in book.pilots}
    _list(judged, text)
    name = parts.choose("pilot_shown", list(judged), text("pilots.which"), str)
    trial = judged[name]
    if isinstance(trial, KefuError):
        widgets.issues((trial.issue,))
    else:
        _verdict(trial, text)
    with st.container(horizontal=True):
        save = text("pilots.save_file")
        widgets.download_file(save, "scenarios.yaml", lambda: book.to_yaml().encode("utf-8"))
        gone = {"on_click": session.keep_book, "args": (book.without_pilot(name),)}
        st.button(text("pilots.remove"), key="remove_pilot", icon=":material/delete:", type="tertiary", **gone)


def _judged(pilot: Any) -> Any:
    """What became of a pilot; one whose agents this log does not know says so instead."""
    try:
        return session.pilot(pilot)
    except KefuError as error:
        return error


def _list(judged: Any, text: Text) -> None:
    rows = [_row(session.book().pilot(name), found, text) for name, found in judged.items()]
    st.dataframe(views.listed(rows), hide_index=True, width="stretch", column_config=parts.headings("pilots", _LISTED, text), key="pilots")


def _row(pilot: Any, found: Any, text: Text) -> dict[str, str]:
    told = {"state": "–", "outcome": "–"} if isinstance(found, KefuError) else {
        "state": text(f"pilots.state.{found.state}"), "outcome": text(f"pilots.outcome.{found.decision.outcome}")
    }  # fmt: skip
    dates = f"{pilot.change.day} – {pilot.end or ''}"
    return {"name": pilot.name, "metric": widgets.metric_name(pilot.metric, text), "dates": dates, **told}


# --- the verdict -----------------------------------------------------------------------------------------------------------------


def _verdict(trial: Any, text: Text) -> None:
    outcome, because = _outcome(trial, text)
    with st.container(border=True):
        st.subheader(trial.pilot.name, anchor=False)
        if trial.pilot.hypothesis:
            st.markdown(f"> {trial.pilot.hypothesis}")
        _BOXES.get(trial.decision.outcome, st.info)(f"**{outcome}**  \n{because}")
        st.markdown("  \n".join(_plan_lines(trial, text)))
        st.caption("  \n".join(_caveats(trial, text)))
    if not trial.row:
        return
    st.markdown(f"**{text('pilots.told.judged')}**  \n{beforeafter.sentence(trial.row, trial.pilot.metric, trial.pilot.change, text)}")
    picture = beforeafter.chart(trial.row, trial.pilot.metric, trial.pilot.change, text)
    widgets.show_chart(picture, text, key="pilot")
    beforeafter.table(views.listed([trial.row]), trial.pilot.metric, text, "pilot_figures")
    _files(trial, picture, text)


def _outcome(trial: Any, text: Text) -> tuple[str, str]:
    """The outcome's word, and which part of the rule spoke."""
    signed = partial(widgets.signed, metric(trial.pilot.metric), text=text)
    facts = {"gain": signed(trial.pilot.sign * trial.decision.gain), "margin": signed(trial.decision.margin).lstrip("+")}
    because = text(f"pilots.because.{trial.decision.because}", least=trial.pilot.least, **facts)
    return text(f"pilots.outcome.{trial.decision.outcome}"), because


def _plan_lines(trial: Any, text: Text) -> list[str]:
    """Rule, dates, groups and how far it is."""
    pilot = trial.pilot
    direction = text(f"pilots.direction.{pilot.direction}")
    facts = {"metric": widgets.metric_name(pilot.metric, text), "direction": direction, "least": pilot.least}
    who = text("pilots.told.touched", names=text("scores.control.comma").join(pilot.change.agents)) if pilot.change.agents else ""
    return [
        text("pilots.told.rule", margin=pilotplan.margin_words(pilot.metric, pilot.margin, text), **facts),
        _period(pilot, text),
        who or text("pilots.told.whole_shop"),
        _progress(trial, text),
    ]


def _period(pilot: Any, text: Text) -> str:
    if pilot.end is None:
        return text("pilots.told.open_end", first=pilot.change.day)
    return text("pilots.told.period", first=pilot.change.day, last=pilot.end)


def _progress(trial: Any, text: Text) -> str:
    before, after = (text.number(n, 0) for n in (trial.cases_before, trial.cases_after))
    planned = trial.pilot.planned
    told = text("pilots.told.cases", before=before, after=after)
    if planned:
        told = text("pilots.told.planned", before=before, after=after, planned=text.number(planned, 0))
    if not trial.pilot.end:
        return told
    return f"{told} · {text('pilots.told.days', done=trial.days_done, planned=text.number(trial.days_planned, 0))}"


def _caveats(trial: Any, text: Text) -> list[str]:
    lines = [text("pilots.told.short")] if trial.short else []
    return [*lines, text("pilots.told.family", pilots=len(session.book().pilots))]


# --- the page for a meeting --------------------------------------------------------------------------------------------------------


def _files(trial: Any, picture: Any, text: Text) -> None:
    sheet = _sheet(trial, picture, text)  # now: a file is made later, where no visitor is known
    with st.container(horizontal=True):
        widgets.download_file(text("pilots.file.html"), "pilot.html", lambda: html_sheet(*sheet, language=text.language))
        widgets.download_file(text("pilots.file.md"), "pilot.md", lambda: markdown_sheet(*sheet))


def _sheet(trial: Any, picture: Any, text: Text) -> tuple[str, str, list[Section], str]:
    """Title, subtitle, parts and footer of the page for a meeting."""
    outcome, because = _outcome(trial, text)
    said = beforeafter.sentence(trial.row, trial.pilot.metric, trial.pilot.change, text).translate(_PLAIN)
    lines = [line.replace(":gray[", "").rstrip("]") for line in said.split("  \n")]
    told = [Section(outcome, [because, *_caveats(trial, text)]), Section(text("pilots.told.rule_word"), _plan_lines(trial, text))]
    told += [Section(text("pilots.told.judged"), lines), Section(text("pilots.told.picture"), [picture.note], picture=picture)]
    told += [Section(text("pilots.told.figures"), table=_figures(trial, text))]
    return trial.pilot.name, trial.pilot.hypothesis, told, text("pilots.told.footer", period=widgets.period_line(text))


def _figures(trial: Any, text: Text) -> Any:
    """The judged row under its headings."""
    frame = beforeafter.worded(views.listed([trial.row]), trial.pilot.metric, text)
    frame = frame.assign(**{name: [trendlines.p_value(trial.row[name], text)] for name in ("p", "p_adjusted")})
    return frame.rename(columns={name: text(f"beforeafter.column.{name}") for name in frame.columns})
