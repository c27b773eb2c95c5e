"""A typed value as the text a person would have written."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any


def cell_text(value: Any) -> str | None:
    """Text of a value from JSON or a database; whole floats lose their ``.0``, lists and objects stay JSON.

    >>> cell_text(12.0), cell_text(True), cell_text(None), cell_text([1])
    ('12', 'true', None, '[1]')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)
