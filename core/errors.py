"""Every error of the project, and the one record that explains a problem to a person.

KefuError                 root: anything the user can be told about
├── InputError            a file, column or value that cannot be understood
├── ScenarioError         a knob outside its bounds, anchors out of order, an unknown key
└── UnavailableError      a figure that this log cannot give

This module imports nothing of the project, so every room can use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Issue:
    """One problem: what it is (code), where it is, what was found, and the facts its sentence needs.

    Words live in the locale files under ``issues.<code>.message`` and ``issues.<code>.cure``.

    Args:
        code: stable name of the problem, e.g. ``"reply_before_start"``.
        severity: ``"error"`` (nothing was loaded), ``"warning"`` (rows or cells were set aside), ``"note"``.
        table: table of the schema, e.g. ``"messages"``; empty when not known.
        file: name of the file as the user gave it.
        column: heading in the file.
        row: first affected row as a spreadsheet counts it (header is row 1); 0 when it is not about a row.
        rows: how many rows are affected.
        value: an example of the offending value, as text.
        examples: row numbers of further examples.
        facts: what else the sentence needs.
        row_numbers: every affected row as a spreadsheet counts it; None when the problem is not one of single rows. No part of what
            the issue is compared or printed by.

    >>> Issue("empty_file", "error", file="a.csv").describe()
    'empty_file: a.csv'
    """

    code: str
    severity: str = "warning"
    table: str = ""
    file: str = ""
    column: str = ""
    row: int = 0
    rows: int = 0
    value: str = ""
    examples: tuple[int, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    row_numbers: NDArray[np.int64] | None = field(default=None, compare=False, repr=False)

    def describe(self) -> str:
        """The issue in one language-free line, for logs and tracebacks."""
        where = [part for part in (self.file, self.column, f"row {self.row}" if self.row else "", self.value) if part]
        return f"{self.code}: {', '.join(where)}" if where else self.code


class KefuError(Exception):
    """Root of all errors that a person is told about; carries the issue that explains it."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.describe())
        self.issue = issue


class InputError(KefuError):
    """A file, a column or a value that cannot be understood; nothing loaded before is lost."""


class ScenarioError(KefuError):
    """A knob outside its bounds, anchors out of order, or a key that does not exist."""


class UnavailableError(KefuError):
    """A figure that this log cannot give, with the reason."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The closest known word, or an empty string.

    >>> did_you_mean("satisfacton", ["satisfaction", "fcr"])
    'satisfaction'
    >>> did_you_mean("zzz", ["fcr"])
    ''
    """
    matches = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else ""
