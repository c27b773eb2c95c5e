"""Where a table came from that was fetched and not uploaded: a note that travels inside its Parquet bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from core.errors import Issue

_KEY = b"kefulens.origin"


@dataclass(frozen=True)
class Origin:
    """The database's kind, the row limit where it cut the result (0 when it did not), and columns without text.

    >>> Origin.of(Origin("postgresql", 500).note())
    Origin(system='postgresql', cut_at=500, binary=())
    """

    system: str
    cut_at: int = 0
    binary: tuple[str, ...] = ()

    def note(self) -> dict[bytes, bytes]:
        """The note as Parquet keeps it."""
        return {_KEY: json.dumps(asdict(self), ensure_ascii=False).encode()}

    @classmethod
    def of(cls, metadata: Mapping[bytes, bytes] | None) -> Origin | None:
        """The note of a Parquet file; None in a file that somebody made elsewhere."""
        try:
            found = json.loads((metadata or {})[_KEY])
            return cls(str(found["system"]), int(found["cut_at"]), tuple(map(str, found["binary"])))
        except (KeyError, ValueError, TypeError):
            return None

    def issues(self, name: str) -> tuple[Issue, ...]:
        """What the reader must know about the result."""
        found = []
        if self.cut_at:
            found.append(Issue("source_cut_at_limit", "warning", file=name, rows=self.cut_at))
        if self.binary:
            found.append(Issue("source_binary", "note", file=name, value=", ".join(self.binary)))
        return tuple(found)
