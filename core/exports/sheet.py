"""A printable sheet: headings, sentences, tables and pictures as one HTML file that needs nothing else and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from core.charts import Chart
from core.charts.theme import ACCENT, FONT
from core.exports.pictures import WIDTH, svg

HALF = 420
"""Pixels of a picture that takes half of the sheet's width: its letters stay readable on paper."""


@dataclass(frozen=True)
class Section:
    """One part of a sheet, in words: a heading, sentences, a table (headings are its columns) and a picture; each may be empty.

    ``wide`` parts take the whole width, others stand two in a row.
    """

    heading: str = ""
    lines: Sequence[str] = ()
    table: pd.DataFrame | None = None
    picture: Chart | None = None
    wide: bool = True


def html_sheet(title: str, subtitle: str, sections: Sequence[Section], footer: str, language: str) -> bytes:
    """The sheet as UTF-8 HTML for screen and A4; every text is escaped, numbers in tables are right-aligned.

    >>> b"&lt;b&gt;" in html_sheet("<b>", "", [Section("Lines", ["one"])], "", "en")
    True
    """
    body = "".join(_section(each) for each in sections)
    document = f"""<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<style>{_STYLE}</style></head><body><main><header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></header>
<div class="parts">{body}</div><footer>{escape(footer)}</footer></main></body></html>"""
    return document.encode("utf-8")


def markdown_sheet(title: str, subtitle: str, sections: Sequence[Section], footer: str) -> bytes:
    """The same sheet as Markdown, for a chat or a wiki: headings, sentences and tables; pictures stay with the HTML.

    >>> print(markdown_sheet("Pilot", "May", [Section("Verdict", ["adopt"], pd.DataFrame({"a": [1]}))], "end").decode())
    # Pilot
    <BLANKLINE>
    May
    <BLANKLINE>
    ## Verdict
    <BLANKLINE>
    adopt
    <BLANKLINE>
    | a |
    | --- |
    | 1 |
    <BLANKLINE>
    ---
    end
    <BLANKLINE>
    """
    blocks = [f"# {title}", subtitle]
    for part in sections:
        blocks += [f"## {part.heading}"] if part.heading else []
        blocks += ["\n\n".join(part.lines)] if part.lines else []
        blocks += [_piped(part.table)] if part.table is not None and len(part.table) else []
    return "\n\n".join([*filter(None, blocks), f"---\n{footer}\n"]).encode("utf-8")


def _piped(frame: pd.DataFrame) -> str:
    rows = [[str(name) for name in frame.columns], ["---"] * len(frame.columns)]
    rows += [[_shown(value).replace("|", "/") for value in values] for values in frame.itertuples(index=False, name=None)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _section(part: Section) -> str:
    heading = f"<h2>{escape(part.heading)}</h2>" if part.heading else ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in part.lines)
    table = _table(part.table) if part.table is not None and len(part.table) else ""
    picture = f"<figure>{svg(part.picture, WIDTH if part.wide else HALF)}</figure>" if part.picture is not None else ""
    return f'<section class="{"wide" if part.wide else "half"}">{heading}{lines}{picture}{table}</section>'


def _table(frame: pd.DataFrame) -> str:
    numeric = [pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]
    head = "".join(f"<th{_right(right)}>{escape(str(name))}</th>" for name, right in zip(frame.columns, numeric, strict=True))
    rows = "".join(_row(values, numeric) for values in frame.itertuples(index=False, name=None))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(values: tuple[Any, ...], numeric: Sequence[bool]) -> str:
    cells = (f"<td{_right(right)}>{escape(_shown(value))}</td>" for value, right in zip(values, numeric, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _right(right: bool) -> str:
    return ' class="n"' if right else ""


def _shown(value: Any) -> str:
    return "–" if pd.isna(value) else str(value)


_STYLE = f"""
@page {{ size: A4; margin: 12mm; }}
body {{ font: 9pt/1.36 "{FONT}", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", system-ui, sans-serif;
  color: #1c2733; margin: 0; background: #fff; }}
main {{ max-width: 186mm; margin: 0 auto; padding: 4mm; }}
header {{ border-bottom: 2px solid {ACCENT}; margin-bottom: 1.5mm; }}
h1 {{ font-size: 15pt; font-weight: 600; margin: 0; }}
header p {{ margin: 0.5mm 0 1mm; color: #55616e; }}
h2 {{ font-size: 10.5pt; font-weight: 600; margin: 2mm 0 0.6mm; color: {ACCENT}; }}
p {{ margin: 0 0 0.7mm; }}
.parts {{ display: flex; flex-wrap: wrap; column-gap: 6mm; }}
.wide {{ flex: 1 1 100%; }} .half {{ flex: 1 1 45%; max-width: 50%; }}
section {{ break-inside: avoid; min-width: 0; }}
figure {{ margin: 0.5mm 0; }} figure svg {{ display: block; max-width: 100%; height: auto; }}
figure svg text {{ font-family: "{FONT}", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", system-ui, sans-serif; }}
table {{ border-collapse: collapse; width: 100%; font-size: 8pt; }}
th, td {{ text-align: left; padding: 0.55mm 1.2mm; border-bottom: 1px solid #e3e8ee; vertical-align: top; }}
th {{ color: #55616e; font-weight: 500; }} .n {{ text-align: right; font-variant-numeric: tabular-nums; }}
footer {{ margin-top: 2mm; padding-top: 1mm; border-top: 1px solid #e3e8ee; color: #55616e; font-size: 7pt; }}
@media print {{ main {{ padding: 0; }} }}
"""
