"""Named days: what happened when, in the manager's own words (a promotion, a new tool, an outage), for every time axis.

They stand in the book of scenarios (`core.scenarios.Book`) under the key ``annotations``::

    annotations:
      - {date: 2026-04-27, name: re-rostering}
      - {date: 2026-11-01, to: 2026-11-11, name: double eleven}

A name says what happened, never what it did: no figure of the house depends on an annotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.errors import Issue, ScenarioError

LONGEST = 80
"""Letters of a name that are kept: a mark on a chart is no note."""


@dataclass(frozen=True)
class Annotation:
    """One named day, or several in a row.

    Args:
        day: the (first) day.
        name: what happened, in the user's words; blanks at the ends go, at most `LONGEST` letters stay.
        last: the last day, included; None for a single day.

    An empty name and an end before the start raise `ScenarioError`.

    >>> Annotation(date(2026, 4, 27), " re-rostering ").name
    're-rostering'
    """

    day: date
    name: str
    last: date | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", " ".join(self.name.split())[:LONGEST])
        if not self.name or (self.last is not None and self.last < self.day):
            raise _refusal(self.name, self.day, self.last)

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Annotation:
        """The annotation of a file's line: ``date``, ``name`` and, where it lasted, ``to``.

        >>> Annotation.of({"date": "2026-11-01", "to": "2026-11-11", "name": "double eleven"}).last
        datetime.date(2026, 11, 11)
        """
        name, *edges = (str(found.get(key) or "") for key in ("name", "date", "to"))
        try:
            day, last = (date.fromisoformat(edge) if edge else None for edge in edges)
        except ValueError as error:
            raise _refusal(name, *edges) from error
        if day is None:
            raise _refusal(name, *edges)
        return cls(day, name, last)

    def to_dict(self) -> dict[str, str]:
        """The line of a file, as `of` reads it."""
        until = {"to": self.last.isoformat()} if self.last else {}
        return {"date": self.day.isoformat()} | until | {"name": self.name}


def _refusal(name: str, start: object, end: object) -> ScenarioError:
    return ScenarioError(Issue("bad_annotation", "error", value=name, facts={"start": str(start or ""), "end": str(end or "")}))
