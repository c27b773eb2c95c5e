"""The furniture every page shares; declarations in, widgets out. No figure is computed here.

knob(key, text, look="")            slider, number, choice, dates or switch from its declaration; state and link come with it
filter_knobs(text), reset(rooms, text)
kpi_cards(keys, text)               value, target, change against the period before with its interval, sparkline
show_chart(chart, text, key, …)     heading, note, picture, PNG and CSV; returns the selection event
table(frame, text, key, columns, …) headings and units from the catalogue, CSV below it; returns the event
choose_metric(key, offered, label, text)   a KPI to look at
how_computed(keys, text)            definition, formula, what is left out, period, zone, n, rule set
issues(found)                       problems with what, where and cure
empty(text)                         nothing loaded: what to do
metric_name(key, text, short=False), knob_words(knob, text), period_line(text), kpi_value(text, kpi, key)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isnan
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.errors import Issue
from core.ingest.explain import explain
from core.metrics import BY_KEY, Metric, metric
from core.scenario import DIMENSIONS, KNOBS, Knob
from core.text import Text
from pages import _loading as loading
from pages import _session as session

if TYPE_CHECKING:
    from core.charts import Chart

ACCEPTED = (
    "csv", "tsv", "txt", "xlsx", "xlsm", "xls", "xlsb", "ods", "parquet", "json", "jsonl", "ndjson", "zip", "gz", "db", "sqlite", "sqlite3",
)  # fmt: skip
"""Endings of the files that can be read."""


# --- words of the declarations -----------------------------------------------------------------------------------------------


def metric_name(key: str, text: Text, short: bool = False) -> str:
    """A KPI's name in words, with the seconds of ``within_s`` filled in."""
    return text(f"metrics.{key}.{'short' if short else 'name'}", n=f"{session.scenario().get('within_s'):g}")


def metric_words(key: str, part: str, text: Text) -> str:
    """One of a KPI's explanations: ``what``, ``formula``, ``left_out``, ``advice``, ``others``."""
    return text(f"metrics.{key}.{part}", n=f"{session.scenario().get('within_s'):g}")


def knob_words(knob: Knob, text: Text) -> tuple[str, str]:
    """Name and help of a knob; knobs of a metric take their words from a template and the metric's name."""
    own = f"knobs.{knob.key}"
    if text.has(f"{own}.name"):
        return text(f"{own}.name"), text(f"{own}.help")
    template = f"knobs.of_metric.{knob.key.removesuffix('_' + knob.metric)}"
    name = metric_name(knob.metric, text)
    return text(f"{template}.name", metric=name), text(f"{template}.help", metric=name)


def option_name(knob: Knob, code: str, text: Text) -> str:
    """An option of a choice in words; rule sets by their own name, what is a value of the log as it stands."""
    for key in (f"knobs.{knob.key}.option.{code}", f"rules.{code}.name"):
        if text.has(key):
            return text(key)
    return code


def kpi_value(text: Text, value: float | None, key: str) -> str:
    """A KPI's value in its unit."""
    return text.value(value, metric(key).unit)


# --- knobs -------------------------------------------------------------------------------------------------------------------


def knob(key: str, text: Text, look: str = "", compact: bool = False) -> None:
    """Draw a knob from its declaration. Read it through `session.scenario`.

    Args:
        look: ``"number"`` for an exact field instead of a slider, ``"pills"`` for a choice as buttons.
        compact: label only as short name of the metric, no help.
    """
    declared = KNOBS[key]
    name, help_ = knob_words(declared, text)
    tied = session.widget(key, session.knob_value(key), words=declared.kind == "choice")
    common = {"label": name, "help": help_} | tied
    if compact:
        common |= {"label": metric_name(declared.metric, text, short=True) if declared.metric else name, "help": None}
    _DRAWN[declared.kind](declared, text, look, common)


def _number(knob: Knob, text: Text, look: str, common: Mapping[str, Any]) -> None:
    draw = st.number_input if look == "number" else st.slider
    draw(
        min_value=float(knob.low),
        max_value=float(knob.high),
        step=float(knob.step),
        format=_format(knob, look),
        **common,
    )


def _format(knob: Knob, look: str) -> str:
    if knob.unit == "share" and look != "number":
        return "percent"
    decimals = 0 if knob.step >= 1 else 1 if knob.step >= 0.1 else 2 if knob.step >= 0.01 else 3
    return f"%.{decimals}f"


def _choice(knob: Knob, text: Text, look: str, common: Mapping[str, Any]) -> None:
    words = {code: option_name(knob, code, text) for code in knob.options}
    if look == "pills":
        st.segmented_control(options=knob.options, format_func=words.__getitem__, required=True, **common)
    else:
        st.selectbox(options=knob.options, format_func=words.__getitem__, **common)


def _choices(knob: Knob, text: Text, look: str, common: Mapping[str, Any]) -> None:
    there = session.values_of(knob.key.removeprefix("in_"))
    options = list(dict.fromkeys([*there, *session.knob_value(knob.key)]))
    if options:
        st.multiselect(options=options, placeholder=text("pages.frame.everything"), **common)


def _date(knob: Knob, text: Text, look: str, common: Mapping[str, Any]) -> None:
    first, last = session.days_of_log()
    st.date_input(value=None, min_value=first, max_value=last, format="YYYY-MM-DD", **common)


def _flag(knob: Knob, text: Text, look: str, common: Mapping[str, Any]) -> None:
    st.toggle(**common)


def _words(knob: Knob, text: Text, look: str, common: Mapping[str, Any]) -> None:
    st.text_input(placeholder="2026-11-01..2026-11-11", **common)


_DRAWN = {"spans": _words, "number": _number, "choice": _choice, "choices": _choices, "date": _date, "flag": _flag}


def chosen_filters() -> int:
    """How many filters are set."""
    return sum(1 for name in DIMENSIONS if session.scenario().get(f"in_{name}"))


def filter_knobs(text: Text) -> None:
    """The filters this log can answer, below each other."""
    for name in DIMENSIONS:
        knob(f"in_{name}", text)


def reset(rooms: Sequence[str], text: Text) -> None:
    """A button that puts every knob of some rooms back to its default; grey when nothing is turned."""
    nothing = not session.scenario().part(*rooms).changed
    st.button(
        text("pages.frame.reset"),
        key=f"reset_{'_'.join(rooms)}",
        on_click=session.reset,
        args=(rooms,),
        icon=":material/restart_alt:",
        type="tertiary",
        disabled=nothing,
    )


# --- problems and emptiness --------------------------------------------------------------------------------------------------

_BOXES = {"error": (st.error, ":material/error:"), "warning": (st.warning, ":material/warning:")}


def issue_words(issue: Issue, text: Text) -> tuple[str, str]:
    """What is wrong and what to do about it."""
    named = replace(issue, facts=dict(issue.facts) | _knob_fact(issue, text))
    if text.has(f"issues.{issue.code}.message"):
        return explain(named, text)
    if text.has(f"pages.issue.{issue.code}.message"):
        facts = {name: getattr(issue, name) for name in ("file", "value")} | dict(named.facts)
        return text(f"pages.issue.{issue.code}.message", **facts), text(f"pages.issue.{issue.code}.cure", **facts)
    where = ", ".join(str(each) for each in (issue.file, issue.column, issue.value) if each)
    return text("pages.issue.other.message", code=issue.code.replace("_", " "), where=where), text(
        "pages.issue.other.cure"
    )


def _knob_fact(issue: Issue, text: Text) -> dict[str, str]:
    """The knob or KPI an issue is about, by its name."""
    key = issue.facts.get("knob")
    if key in KNOBS:
        return {"knob": knob_words(KNOBS[key], text)[0]}
    return {"knob": metric_name(issue.value, text)} if issue.value in BY_KEY else {}


def issues(found: Sequence[Issue]) -> None:
    """A box for each problem: what, where, value, cure."""
    text = session.text()
    for issue in found:
        draw, icon = _BOXES.get(issue.severity, (st.info, ":material/info:"))
        message, cure = issue_words(issue, text)
        draw(f"{message}  \n{cure}" if cure else message, icon=icon)


def upload_box(key: str, text: Text) -> Any:
    """The box files are dropped into; gives what it holds."""
    return st.file_uploader(
        text("pages.data.upload"),
        type=list(ACCEPTED),
        accept_multiple_files=True,
        help=text("pages.data.upload_help"),
        key=key,
    )


def empty(text: Text) -> None:
    """Nothing is loaded: three steps to the first figures, a box for files right here, and the sample."""
    with st.container(border=True):
        st.markdown(f"**{text('pages.empty.title')}**")
        st.markdown(text("pages.empty.steps"))
        given = upload_box("first_files", text)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                text("pages.empty.sample"),
                key="empty_sample",
                help=text("pages.data.sample_help"),
                icon=":material/science:",
                on_click=session.load_sample,
            )
            st.page_link("pages/1_data.py", label=text("pages.empty.go"), icon=":material/upload_file:")
    if given and session.is_new("first_files", tuple(file.file_id for file in given)):
        loading.order_uploads(given)
        st.switch_page("pages/1_data.py")


def has_conversations(text: Text) -> bool:
    """Whether period and filters leave anything to look at; if not, says so with a way back."""
    if session.measured().counts["conversations"]:
        return True
    st.info(text("pages.empty.selection"), icon=":material/filter_alt_off:")
    st.button(text("pages.empty.widen"), key="widen", on_click=session.reset, args=(("period", "filter"),))
    return False


def heading(path: str, text: Text) -> None:
    """A page's title, its question and the line that says which conversations the figures are about."""
    st.title(text(f"pages.{path}.title"), anchor=False)
    st.markdown(text(f"pages.{path}.question"))
    if path != "data" and loading.waiting():
        st.page_link("pages/1_data.py", label=text("pages.data.interrupted"), icon=":material/hourglass_top:")
    if session.log() is not None:
        st.caption(period_line(text))


# --- figures -----------------------------------------------------------------------------------------------------------------


def period_line(text: Text) -> str:
    """Period, zone, anchor, n and rule set in one line: what every figure below it is about."""
    shown = session.measured()
    facts = {
        "first": shown.period.first,
        "last": shown.period.last,
        "zone": shown.period.zone,
        "anchor": text(f"pages.anchor.{shown.period.anchor}"),
        "n": text.number(shown.counts["conversations"], 0),
        "rules": text(f"rules.{session.scenario().get('rules')}.name"),
    }
    return text("pages.frame.period_line", **facts)


def loaded_line(text: Text) -> str:
    """What is loaded, in the sidebar: files, conversations, days, zone, how fresh."""
    return text("pages.frame.loaded", **session.loaded_facts(text))


def kpi_cards(keys: Sequence[str], text: Text, columns: int = 4) -> None:
    """A grid of cards; a KPI the log cannot give says why instead of a figure."""
    with st.grid(columns, min_column_width=230, key=f"cards_{keys[0]}"):
        for key in keys:
            with st.container(border=True, height="stretch"):
                _card(metric(key), text)


def _card(declared: Metric, text: Text) -> None:
    kpi = session.shop_kpi(declared.key)
    change = session.change_of(declared.key)
    label, what = metric_name(declared.key, text), metric_words(declared.key, "what", text)
    if kpi.status == "unavailable":
        st.metric(label, "–", help=what)
        st.caption(reason_words(kpi.reason, text))
        return
    delta = {}
    if change is not None and known(change.difference):
        delta = {
            "delta": signed(declared, change.difference, text),
            "delta_description": text("pages.card.against_before"),
        }
    st.metric(
        label,
        kpi_value(text, kpi.value, declared.key),
        help=what,
        delta_color=_colour(declared, change),
        chart_data=session.sparkline(declared.key),
        **delta,
    )
    st.caption("  \n".join(_beside(declared, kpi, change, text)))


def reason_words(reason: str, text: Text) -> str:
    """Why a figure is not there."""
    for key in (f"pages.reason.{reason}", f"reasons.{reason}"):
        if text.has(key):
            return text(key)
    return text("pages.reason.other", reason=reason.replace("_", " ")) if reason else text("pages.reason.none")


def signed(declared: Metric, change: float, text: Text) -> str:
    """A change with its sign in the KPI's unit; shares in percentage points. What is shown as nought has no sign."""
    if not known(change):
        return "–"
    size = _size(declared, abs(change), text)
    seen = any(digit in size for digit in "123456789")
    return ("+" if change > 0 else "-") + size if seen else size


def known(value: float | None) -> bool:
    """Whether there is a figure (missing is NaN or None)."""
    return value is not None and not isnan(value)


def _size(declared: Metric, size: float, text: Text) -> str:
    if declared.unit == "per_hour":
        return text.number(size, 2)
    if declared.unit == "share":
        return text("pages.card.points", n=text.number(100 * size))
    return text.value(size, declared.unit)


def _colour(declared: Metric, change: Any) -> str:
    from core.views import EVIDENCE

    if change is None or change.verdict not in EVIDENCE or declared.better == 0:
        return "off"
    return "normal" if declared.better > 0 else "inverse"


def _beside(declared: Metric, kpi: Any, change: Any, text: Text) -> list[str]:
    lines = []
    if kpi.status == "too_few":
        lines.append(text("pages.card.too_few", n=text.number(kpi.n, 0), needed=declared.min_n))
    if known(kpi.low) and declared.measure.kind != "count":
        ends = {"low": kpi_value(text, kpi.low, declared.key), "high": kpi_value(text, kpi.high, declared.key)}
        lines.append(text("pages.card.interval", n=text.number(kpi.n, 0), **ends))
    elif known(kpi.value) and declared.measure.kind != "count" and kpi.status != "too_few":
        lines.append(text("pages.card.no_interval", n=text.number(kpi.n, 0)))
    if declared.measure.values and known(kpi.median) and declared.unit == "seconds":
        lines.append(text("pages.card.median", median=text.duration(kpi.median), p90=text.duration(kpi.p90)))
    if declared.key == "first_response":
        lines.append(text("pages.card.unanswered", n=text.number(session.measured().counts["unanswered"], 0)))
    if declared.anchors is not None:
        statistic = text(f"pages.card.statistic.{declared.statistic}") if declared.unit == "seconds" else ""
        target = kpi_value(text, session.scenario().get(f"target_{declared.key}"), declared.key)
        lines.append(text("pages.card.target", target=target, statistic=statistic))
    if change is not None:
        ends = {"low": signed(declared, change.low, text), "high": signed(declared, change.high, text)}
        spread = text("pages.card.change_interval", **ends) if known(change.low) else ""
        lines.append(text(f"pages.verdict_short.{change.verdict}") + spread)
    if kpi.label and kpi.label != "given":
        lines.append(text(f"pages.label.{kpi.label}"))
    return lines


def show_chart(chart: Chart, text: Text, key: str = "", **kwargs: Any) -> Any:
    """Heading, note, picture and its files. Extra arguments (``on_select``, ``selection_mode``) go to Streamlit; returns its event.

    ``key`` names widget and files; needed where a page shows two charts of one kind.
    """
    key = key or chart.key
    if chart.title:
        st.markdown(f"**{chart.title}**")
    event = st.vega_lite_chart(
        chart.data, chart.spec, key=f"chart_{key}", alt=chart.alt, width="stretch", height=chart.height, **kwargs
    )
    if chart.note:
        st.caption(chart.note)
    with st.container(horizontal=True):
        _download(text("pages.download.png"), f"{key}.png", "image/png", lambda: _png(chart))
        _download(text("pages.download.csv"), f"{key}.csv", "text/csv", lambda: _csv(chart.data))
    return event


def _png(chart: Chart) -> bytes:
    from core.exports import png

    return png(chart)


def _csv(frame: Any) -> bytes:
    from core.exports import csv_bytes

    return csv_bytes(frame)


def _download(label: str, name: str, mime: str, make: Any) -> None:
    st.download_button(
        label, make, name, mime, key=f"get_{name}", on_click="ignore", type="tertiary", icon=":material/download:"
    )


def download_text(label: str, name: str, make: Callable[[], str]) -> None:
    """A button for a text file that is made when it is asked for."""
    _download(label, name, "application/json", make)


def download(label: str, name: str, frame: Any) -> None:
    """A button for a table as CSV with full precision; the file is made when it is asked for."""
    _download(label, f"{name}.csv", "text/csv", lambda: _csv(frame))


def download_file(label: str, name: str, make: Callable[[], bytes]) -> None:
    """A button for a file of any kind, made when it is asked for; its name tells the kind."""
    _download(label, name, _KINDS[name.rsplit(".", 1)[1]], make)


_KINDS = {
    "csv": "text/csv", "json": "application/json", "html": "text/html", "zip": "application/zip", "ics": "text/calendar",
    "md": "text/markdown", "yaml": "application/yaml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


def download_made(label: str, name: str, make: Callable[[], Any]) -> None:
    """A button for a table as CSV that is too large to be made before it is asked for."""
    _download(label, f"{name}.csv", "text/csv", lambda: _csv(make()))


def choose_metric(key: str, offered: Sequence[str], label: str, text: Text) -> str:
    """A choice among the KPIs this log can give; kept over page switches. Returns the KPI's key."""
    there = [each for each in offered if session.shop_kpi(each).status != "unavailable"] or list(offered[:1])
    wanted = session.remembered(key)
    tied = session.widget(key, wanted if wanted in there else there[0], words=True)
    return st.selectbox(label, there, format_func=lambda each: metric_name(each, text), **tied)


def table(
    frame: Any, text: Text, key: str, columns: Mapping[str, str] | None = None, file: Any = None, **kwargs: Any
) -> Any:
    """A table with headings and units in words and a CSV below it; returns Streamlit's event.

    Args:
        frame: tidy, unrounded; columns that are KPI keys take name and unit from the catalogue, others from ``pages.column``.
        key: name of the widget and of the file.
        columns: units of columns outside the catalogue (``{"gap": "count"}``).
        file: what the CSV holds, where that is more exact than what is shown.
        kwargs: go to `st.dataframe` (``on_select``, ``selection_mode``, ``column_order`` …).
    """
    units = dict(columns or {})
    config = {name: _column(name, units.get(name, ""), text) for name in frame.columns}
    kwargs = {"hide_index": True, "width": "stretch", "placeholder": "–", "column_config": config} | kwargs
    event = st.dataframe(frame, key=key, **kwargs)
    download(text("pages.download.csv"), key, frame if file is None else file)
    return event


_FORMATS = {"share": "percent", "seconds": "%.1f", "count": "%.0f", "rating": "%.2f", "ratio": "%.2f", "money": "%.2f"}


def _column(name: str, unit: str, text: Text) -> Any:
    if name in BY_KEY:
        unit = unit or BY_KEY[name].unit
        label = metric_name(name, text, short=True)
        help_ = metric_words(name, "what", text)
    else:
        label = text(f"pages.column.{name}") if text.has(f"pages.column.{name}") else name
        help_ = None
    if not unit:
        return st.column_config.Column(label, help=help_)
    if text.has(f"pages.unit.{unit}"):
        label = text("pages.column.with_unit", name=label, unit=text(f"pages.unit.{unit}"))
    return st.column_config.NumberColumn(label, help=help_, format=_FORMATS.get(unit, "%.1f"))


def how_computed(keys: Sequence[str], text: Text) -> None:
    """Definition, formula and what is left out of each KPI on the page, with period, zone, n and rule set."""
    with st.expander(text("pages.how.title"), icon=":material/functions:"):
        if session.log() is not None:
            st.caption(period_line(text))
        for key in keys:
            st.markdown(metric_definition(key, text))
        st.page_link("pages/8_methods.py", label=text("pages.how.more"), icon=":material/menu_book:")


def metric_definition(key: str, text: Text) -> str:
    """A KPI in four lines: what, formula, left out, who defines it differently."""
    lines = [f"**{metric_name(key, text)}** — {metric_words(key, 'what', text)}"]
    for part in ("formula", "left_out", "others"):
        words = metric_words(key, part, text)
        if words and words != "–":
            lines.append(f"{text(f'pages.how.{part}')}{words}")
    return "  \n".join(lines)
