"""Which column is what: the matches of an import as a table that can be corrected, for files that were loaded and for those refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core.ingest import Choices, FileChoice
from core.ingest.choices import ORDERS
from core.ingest.cures import ENCODINGS, SCALES, UNITS
from core.ingest.fill import WAYS, ways
from core.log import FileReport
from core.schema import TABLES
from core.schema import table as schema_table
from core.text import Text
from core.views import listed
from pages import _loading as loading
from pages import _session as session
from pages import _widgets as widgets
from pages._parts import choose

ZONES = (
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore", "Asia/Bangkok", "Asia/Jakarta", "Asia/Kuala_Lumpur", "Asia/Manila",
    "Asia/Ho_Chi_Minh", "Asia/Tokyo", "Asia/Seoul", "Asia/Dubai", "Asia/Kolkata", "Europe/London", "Europe/Berlin", "Europe/Paris",
    "Europe/Madrid", "Europe/Rome", "Europe/Moscow", "America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo",
    "America/Mexico_City", "Australia/Sydney", "UTC",
)  # fmt: skip
_SCALES = (None, *SCALES)
_SEPARATOR = "|"
_TIMES = ("instant", "date")
_AS_FOUND, _NO_QUESTION = "auto", "none"
"""Stand in cells where nothing was decided and where there is nothing to decide; Streamlit shows an empty choice as None."""


# --- the table ---------------------------------------------------------------------------------------------------------------


def _columns(report: FileReport, decided: Choices, text: Text) -> Any:
    """One row per heading: the field it was taken for and why, and what was decided about it."""
    chosen, filled = decided.of(_name(report)), decided.fill
    return listed([
        {
            "heading": match.name,
            "field": match.field or _AS_FOUND,
            "kind": text(f"schema.kind.{match.kind}") if match.kind else "–",
            "format": _format(match.format, text),
            "order": chosen.orders.get(match.name) or (_AS_FOUND if match.kind in _TIMES else _NO_QUESTION),
            "unit": chosen.units.get(match.name) or (_AS_FOUND if match.kind == "duration" else _NO_QUESTION),
            "zone": chosen.zones.get(match.name) or (_AS_FOUND if match.kind == "instant" else _NO_QUESTION),
            "missing": _SEPARATOR.join(chosen.missing.get(match.name, ())),
            "fill": filled.get(match.field) or (_AS_FOUND if ways(report.table, match.field) else _NO_QUESTION),
            "evidence": text("pages.data.comma").join(text(f"ingest.evidence.{each}") for each in match.evidence) or "–",
            "runner_up": field_name(match.runner_up, text) if match.runner_up else "–",
        }
        for match in report.columns
    ])  # fmt: skip


def _format(code: str, text: Text) -> str:
    """A date order or a unit in words; any other format as the import names it."""
    last = code.rpartition(" ")[2]
    known = next((key for key in (f"ingest.order.{last}", f"ingest.unit.{last}") if text.has(key)), "")
    return text(known) if known else code or "–"


def field_name(field: str, text: Text) -> str:
    """A field of the schema in words."""
    if not field:
        return text("ingest.page.unused")
    return text(f"schema.column.{field}.name") if text.has(f"schema.column.{field}.name") else field


def _settings(name: str, options: Sequence[str], words: tuple[str, Any], text: Text) -> Any:
    """A column of choices; ``words`` are that of no choice and a function for the others."""
    nothing, named = words
    return st.column_config.SelectboxColumn(
        text(f"pages.column.{name}"),
        options=[_AS_FOUND, *options, _NO_QUESTION],
        format_func=lambda code: "–" if code == _NO_QUESTION else nothing if code == _AS_FOUND else named(code),
        help=text(f"pages.data.{name}_help"),
    )


def _editor(report: FileReport, table: str, decided: Choices, text: Text) -> Any:
    """The matches as a table whose field, order, unit, zone, missing words and filling can be changed; returns it as edited."""
    frame = _columns(report, decided, text)
    config: dict[str, Any] = {
        name: st.column_config.TextColumn(text(f"pages.column.{name}"), disabled=True) for name in frame.columns
    }
    fields = [column.name for column in schema_table(table).columns] if table else []
    measures = (text("pages.data.automatic"), lambda code: _format(code, text))
    config |= {
        "field": _settings("field", fields, (field_name("", text), lambda field: field_name(field, text)), text),
        "order": _settings("order", ORDERS[1:], measures, text),
        "unit": _settings("unit", UNITS, measures, text),
        "zone": _settings("zone", ZONES, (text("pages.data.zone_of_shop"), str), text),
        "fill": _settings("fill", WAYS, (text("pages.data.no_fill"), lambda way: text(f"ingest.fill.{way}")), text),
        "missing": st.column_config.TextColumn(text("pages.column.missing"), help=text("pages.data.missing_help")),
    }
    key = "_".join(filter(None, ("columns", loading.stamp(), report.file, report.sheet, table)))
    return st.data_editor(frame, column_config=config, hide_index=True, width="stretch", key=key)


def _code(cell: Any) -> str:
    return "" if cell in {None, _AS_FOUND, _NO_QUESTION} else cell


def _changed(edited: Any, name: str, before: Mapping[str, str]) -> dict[str, str]:
    """Heading → value where a column of the table is no longer as it was."""
    pairs = zip(edited["heading"], map(_code, edited[name]), strict=True)
    return {heading: value for heading, value in pairs if before.get(heading, "") != value}


def _corrected(report: FileReport, about: tuple[str, str], edited: Any, decided: Choices) -> Choices:
    """The decisions with what was changed in the table and with the file's table and encoding."""
    name, (table, encoding) = _name(report), about
    chosen = decided.of(name)
    fields = _changed(edited, "field", {match.name: match.field for match in report.columns})
    orders = _changed(edited, "order", chosen.orders)
    units = _changed(edited, "unit", chosen.units)
    zones = _changed(edited, "zone", chosen.zones)
    kept = {heading: _SEPARATOR.join(words) for heading, words in chosen.missing.items()}
    missing = {heading: _words(cell) for heading, cell in _changed(edited, "missing", kept).items()}
    filled = _filled(edited, decided)
    if table != report.table or encoding != chosen.encoding or fields or orders or units or zones or missing:
        made = FileChoice(columns=fields, orders=orders, units=units, zones=zones, missing=missing)
        decided = decided.about(name, made)
        last = replace(decided.files[-1], table=table if table != report.table else chosen.table, encoding=encoding)
        decided = replace(decided, files=(*decided.files[:-1], last))
    return replace(decided, fill=filled)


def _words(cell: str) -> tuple[str, ...]:
    return tuple(word for word in (part.strip() for part in cell.split(_SEPARATOR)) if word)


def _filled(edited: Any, decided: Choices) -> dict[str, str]:
    """Field → how its missing values are filled."""
    pairs = zip(map(_code, edited["field"]), map(_code, edited["fill"]), strict=True)
    told = {field: way for field, way in pairs if field}
    return {field: way for field, way in {**decided.fill, **told}.items() if way}


def _name(report: FileReport) -> str:
    """What decisions about a table are filed under: the file's name, with the sheet where it has one."""
    return f"{report.file}#{report.sheet}" if report.sheet and "#" not in report.file else report.file


def mapping_name(decided: Choices) -> str:
    """The mapping file's name, with the platform's where it has one.

    >>> mapping_name(Choices(platform="Tmall 2024")), mapping_name(Choices())
    ('mapping_Tmall_2024.json', 'mapping.json')
    """
    return "_".join(filter(None, ("mapping", *decided.platform.replace("/", " ").split()))) + ".json"


# --- what is decided for the whole import ------------------------------------------------------------------------------------


def _file(found: Sequence[FileReport], text: Text) -> FileReport:
    """The table that is looked at; it stays chosen when the files are read again."""
    known = {(report.file, report.sheet, report.table): report for report in found}
    names = {place: " · ".join(filter(None, place[:2])) for place in known}
    return known[choose("matched_file", list(known), text("pages.column.file"), names.__getitem__)]


def _table_of(report: FileReport, text: Text) -> str:
    """Which table the file is: as recognised, or as the reader says."""
    known = [table.name for table in TABLES]
    options = known if report.table in known else ["", *known]
    return st.selectbox(
        text("pages.data.table"),
        options,
        index=options.index(report.table) if report.table in options else 0,
        format_func=lambda name: text(f"schema.table.{name}.name") if name else text("pages.data.table_open"),
        help=text("pages.data.table_help"),
        key="_".join(("table", loading.stamp(), report.file, report.sheet)),
    )


def _zone(decided: Choices, text: Text) -> str:
    return st.selectbox(
        text("pages.data.zone"),
        ZONES,
        help=text("pages.data.zone_help"),
        accept_new_options=True,
        **session.zone_widget(decided.zone),
    )


def _scale(decided: Choices, text: Text) -> tuple[float, float] | None:
    """Lowest and highest possible rating; None lets the values decide."""
    options = _SCALES if decided.csat_scale in _SCALES else (decided.csat_scale, *_SCALES)
    return st.selectbox(
        text("pages.data.scale"),
        options,
        index=options.index(decided.csat_scale),
        format_func=lambda ends: f"{ends[0]:g} – {ends[1]:g}" if ends else text("pages.data.automatic"),
        help=text("pages.data.scale_help"),
        key=f"scale_{loading.stamp()}",
    )


def _encoding(report: FileReport, decided: Choices, text: Text) -> str:
    """How the file's bytes are read: as recognised, or as the reader says."""
    told = decided.of(_name(report)).encoding
    options = list(dict.fromkeys(("", told, *ENCODINGS)))
    return st.selectbox(
        text("pages.data.encoding"),
        options,
        index=options.index(told),
        format_func=lambda name: name or text("pages.data.encoding_found", name=report.encoding or "–"),
        help=text("pages.data.encoding_help"),
        key="_".join(("encoding", loading.stamp(), report.file)),
    )


def _platform(report: FileReport, decided: Choices, text: Text) -> str:
    """Whose export it is: written into the mapping file, so that mappings can be told apart."""
    return st.text_input(
        text("pages.data.platform"),
        decided.platform,
        placeholder=report.platform or text("pages.data.platform_open"),
        help=text("pages.data.platform_help"),
        key=f"platform_{loading.stamp()}",
    ).strip()


def matching(text: Text) -> None:
    """Which column is what, editable; what holds for the whole file or import; apply and read again; the mapping file."""
    st.caption(text("pages.data.matching_help"))
    decided = loading.decided()
    found = [report for report in loading.reports() if report.columns]
    if not found:
        st.info(text("pages.data.no_columns"))
        return
    with st.grid(3, min_column_width=200):
        report = _file(found, text)
        table = _table_of(report, text)
        encoding = _encoding(report, decided, text)
        zone = _zone(decided, text)
        scale = _scale(decided, text)
        platform = _platform(report, decided, text)
    edited = _editor(report, table, decided, text)
    if _filled(edited, decided):
        st.warning(text("pages.data.fill_warning"), icon=":material/warning:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(text("pages.data.apply"), type="primary", key="apply", icon=":material/refresh:"):
            whole = replace(decided, zone=zone, csat_scale=scale, platform=platform)
            loading.change(_corrected(report, (table, encoding), edited, whole))
            st.rerun()
        widgets.download_text(text("pages.data.mapping_save"), mapping_name(decided), session.mapping_file)
