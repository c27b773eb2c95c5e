"""Tables as CSV and Excel files that open well in a spreadsheet and cannot run anything there."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pandas as pd

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_WIDEST = 60


def escape_cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula, made harmless with a leading apostrophe; all else as it is.

    >>> escape_cell("=1+1"), escape_cell("-5 points"), escape_cell(-5.0), escape_cell("fine")
    ("'=1+1", "'-5 points", -5.0, 'fine')
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS_A_FORMULA) else value


def csv_bytes(frame: pd.DataFrame) -> bytes:
    r"""A frame as CSV in UTF-8 with the mark Excel needs for Chinese; unrounded, missing is empty, no index.

    >>> csv_bytes(pd.DataFrame({"客服": ["@cmd"], "n": [1]})).decode("utf-8-sig")
    "客服,n\r\n'@cmd,1\r\n"
    """
    safe = frame.rename(columns=escape_cell)
    texts = [index for index, kind in enumerate(safe.dtypes) if not pd.api.types.is_numeric_dtype(kind)]
    safe = safe.copy()
    for index in texts:
        safe.isetitem(index, safe.iloc[:, index].map(escape_cell, na_action="ignore"))
    # With these line ends, those of RFC 4180, a carriage return inside a cell is quoted as well.
    text: str = safe.to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8-sig")


def xlsx_bytes(sheets: Mapping[str, pd.DataFrame]) -> bytes:
    r"""Frames as one Excel workbook, a sheet each: bold heading row that stays in view, filters, widths that fit.

    Text stays text (no formulas, no links); values stay numbers.

    Raises:
        ValueError: from Excel's own limits: sheet names longer than 31 letters, or ``[]:*?/\`` in them.
    """
    target = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with pd.ExcelWriter(target, engine="xlsxwriter", engine_kwargs={"options": options}) as writer:
        for name, frame in sheets.items():
            frame.to_excel(writer, sheet_name=name, index=False)
            _furnish(writer.sheets[name], frame)
    return target.getvalue()


def _furnish(sheet: Any, frame: pd.DataFrame) -> None:
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(frame), max(len(frame.columns) - 1, 0))
    for index, heading in enumerate(frame.columns):
        sample = [str(heading), *frame.iloc[:200, index].dropna().astype(str)]
        sheet.set_column(index, index, min(_WIDEST, 2 + max(map(_cells, sample))))


def _cells(text: str) -> int:
    """Width in spreadsheet cells: a Chinese character takes two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
