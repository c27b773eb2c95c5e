"""The ledger of an import as plain data and back: whatever the Data page and the command line say of a log must be there after a restart.

Plain data is JSON; the numbers of the affected rows, which may be millions, stand in a table beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pyarrow as pa

from core.errors import Issue
from core.log import ColumnMatch, FileReport, Ledger

_SEVERAL = "several"
_ROWS = pa.schema([("issue", pa.int32()), ("row", pa.int64())])


def written(ledger: Ledger) -> tuple[list[Any], pa.Table]:
    """A ledger as plain data, and one row per affected row of an issue (``issue`` counts those that have rows, from 0; ``row``).

    Raises:
        TypeError: an issue holds a fact that plain data cannot say.

    >>> issue = Issue("bad_date", rows=2, examples=(3, 9), row_numbers=np.array([3, 9]))
    >>> data, rows = written(Ledger((FileReport("messages", "a.csv", issues=(issue,)),)))
    >>> rows.column("row").to_pylist(), read(data, rows).issues == (issue,)
    ([3, 9], True)
    """
    numbers: list[np.ndarray] = []
    data = [_plain(report, numbers) for report in ledger.files]
    sizes = [len(each) for each in numbers]
    columns = [np.repeat(np.arange(len(sizes), dtype=np.int32), sizes), np.concatenate(numbers or [np.zeros(0, dtype=np.int64)])]
    return data, pa.Table.from_arrays([pa.array(each) for each in columns], schema=_ROWS)


def read(data: list[Any], rows: pa.Table) -> Ledger:
    """The ledger that `written` wrote.

    Raises:
        TypeError, KeyError, ValueError, IndexError: the data are none of `written`'s.
    """
    issue, row = (rows.column(name).to_numpy() for name in _ROWS.names)
    ends = np.cumsum(np.bincount(issue)) if len(issue) else np.zeros(0, dtype=np.int64)
    numbers = np.split(row, ends[:-1]) if len(ends) else []
    return Ledger(tuple(_report(each, numbers) for each in data))


def _report(data: dict[str, Any], numbers: list[np.ndarray]) -> FileReport:
    given = _given(data)
    given["columns"] = tuple(ColumnMatch(**_given(each)) for each in given["columns"])
    given["issues"] = tuple(_issue(each, numbers) for each in given["issues"])
    return FileReport(**given)


def _issue(data: dict[str, Any], numbers: list[np.ndarray]) -> Issue:
    given = _given(data)
    place = given["row_numbers"]
    if place is not None:
        given["row_numbers"] = numbers[place] if place < len(numbers) else np.zeros(0, dtype=np.int64)
    return Issue(**given)


def _plain(value: Any, numbers: list[np.ndarray]) -> Any:
    """A value as JSON has it; a tuple says so, a record becomes its fields, row numbers their place in the table beside."""
    if isinstance(value, np.ndarray):
        numbers.append(value.astype(np.int64))
        return len(numbers) - 1
    if isinstance(value, (FileReport, ColumnMatch, Issue)):
        return {each.name: _plain(getattr(value, each.name), numbers) for each in fields(value)}
    if isinstance(value, (tuple, list)):
        found = [_plain(each, numbers) for each in value]
        return {_SEVERAL: found} if isinstance(value, tuple) else found
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(each, numbers) for key, each in value.items()}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"a ledger cannot hold {type(value).__name__}")


def _given(data: dict[str, Any]) -> dict[str, Any]:
    return {name: _told(value) for name, value in data.items()}


def _told(value: Any) -> Any:
    """What `_plain` made plain, but for the records in it."""
    if isinstance(value, list):
        return [_told(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {_SEVERAL}:
        return tuple(_told(each) for each in value[_SEVERAL])
    return _given(value)
