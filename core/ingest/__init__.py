"""Bytes → Log: `load` reads, understands and books whatever a team lead hands in.

- `choices`: what the user decided; remembered as a mapping file
- `encoding`: bytes → characters
- `read`: separator, sheet, header row → tables of text
- `quick`, `glance`: large files in blocks, and what their columns cannot hold
- `match`: headings → fields, and which table a file is, with the evidence
- `dates`, `convert`: cells → values
- `stage`: one file → typed columns and its accounts
- `people`: senders, names, machines, greetings
- `checks`: impossible and contradictory values
- `fill`: missing values filled, where the user wants it
- `cures`: what the user can do about a line of the ledger
- `answers`: what the log can and cannot answer
- `explain`: an issue in words
"""

from __future__ import annotations

from core.ingest.answers import Answer, answers
from core.ingest.choices import Choices, FileChoice, InputFile
from core.ingest.cures import Cure, cures
from core.ingest.explain import explain
from core.ingest.load import Preview, RefusedError, inspect, load, preview

__all__ = [
    "Answer",
    "Choices",
    "Cure",
    "FileChoice",
    "InputFile",
    "Preview",
    "RefusedError",
    "answers",
    "cures",
    "explain",
    "inspect",
    "load",
    "preview",
]
