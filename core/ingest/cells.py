"""A typed value as the text a person would have written."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from typing import Any


def cell_text(value: Any) -> str | None:
    """Text of a value from JSON or a database; whole floats lose their ``.0``, lists and objects stay JSON.

    Stamps with a zone are given in UTC, those without as they are; numbers keep every digit; bytes and what is no number are nothing.

    >>> cell_text(12.0), cell_text(True), cell_text(None), cell_text([1])
    ('12', 'true', None, '[1]')
    >>> cell_text(dt.datetime(2024, 1, 2, 9, tzinfo=dt.timezone(dt.timedelta(hours=8)))), cell_text(Decimal("1E+3"))
    ('2024-01-02 01:00:00Z', '1000')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=cell_text)
    if isinstance(value, bytes | bytearray | memoryview):
        return None
    return _moment(value)


def _number(value: float | Decimal) -> str | None:
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return None
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(int(value)) if value.is_integer() else str(value)


def _moment(value: Any) -> str:
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            return value.isoformat(" ")
        return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(" ") + "Z"
    if isinstance(value, dt.timedelta):
        return f"{value.total_seconds()} s"
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
