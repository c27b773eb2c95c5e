"""What engines answer: a bounded result as a frame, and an error as an issue with a cure."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from core.errors import InputError, Issue
from core.ingest.refusals import code_of, masked

_BUILDING = {"source_cut": "engine_cut", "source_failed": "engine_failed"}
_SAYS = (
    ("engine_no_java", r"JAVA_GATEWAY_EXITED|gateway process exited|JAVA_HOME"),
    ("engine_cancelled", r"interrupt|cancell?ed|user request"),
    ("engine_memory", r"out of memory|memory.limit|OutOfMemory|MEMORY_LIMIT|No space left|no disk space|max_temp_directory"),
    ("engine_cut", r"executor ?lost|SparkContext was (shut down|stopped)|job aborted|UNAVAILABLE|session.*(closed|not found|expired)"),
    ("source_no_table", r"TABLE_OR_VIEW_NOT_FOUND|UNKNOWN_TABLE|Table with name .* does not exist"),
    ("source_no_column", r"UNRESOLVED_COLUMN|UNKNOWN_IDENTIFIER|Referenced column .* not found"),
)


def addressed(address: str, environment: Mapping[str, str] = os.environ) -> str:
    """An address that is no database's, such as a Spark master; ``env:NAME`` is looked up.

    >>> addressed("env:SHOP_SPARK", {"SHOP_SPARK": "sc://spark.example:15002"})
    'sc://spark.example:15002'
    """
    if not address.startswith("env:"):
        return address.strip()
    variable = address.removeprefix("env:").strip()
    if not environment.get(variable, "").strip():
        raise InputError(Issue("source_no_variable", "error", value=variable))
    return environment[variable].strip()


def frame(table: pa.Table, most: int, name: str) -> pd.DataFrame:
    """A result as a frame with text as ``str``; a whole number with gaps is a float.

    Raises:
        InputError: ``engine_too_many_rows`` when it has more rows than asked for at most.
    """
    if table.num_rows > most:
        raise InputError(Issue("engine_too_many_rows", "error", file=name, value=f"{most:,}"))
    return table.to_pandas()


def refused(error: BaseException, name: str, secret: str = "") -> InputError:
    """What a driver raised, as an issue without secrets.

    >>> refused(RuntimeError("server closed the connection unexpectedly"), "postgresql://db/shop").issue.code
    'engine_cut'
    """
    if isinstance(error, InputError):
        return error
    said = str(error)
    code = _code(error, said)
    line = next((part.strip() for part in said.splitlines() if part.strip()), type(error).__name__)
    return InputError(Issue(code, "error", file=name, value=masked(line.replace(secret, "***") if secret else line)[:200]))


def _code(error: BaseException, said: str) -> str:
    """By the driver's own code where it has one that says enough, else by its words."""
    known = code_of(error, said)
    if getattr(error, "sqlstate", None) and known not in ("source_failed", "source_timeout"):
        return _BUILDING.get(known, known)
    found = next((code for code, words in _SAYS if re.search(words, said, re.IGNORECASE | re.DOTALL)), known)
    return _BUILDING.get(found, found)
