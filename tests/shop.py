"""The sample shop, read and observed once for all tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from core.engine import Facts, Observed, build_facts, observe
from core.ingest import Choices, InputFile, load
from core.log import Log

FOLDER = Path(__file__).resolve().parent.parent / "sample_data" / "shop"


@cache
def log() -> Log:
    """All files of the sample shop, by the real import."""
    return load([InputFile.of(file) for file in sorted(FOLDER.glob("*.csv"))], Choices(zone="Asia/Shanghai"))


@cache
def facts() -> Facts:
    """Their facts."""
    return build_facts(log())


@cache
def observed() -> Observed:
    """Under the default rules."""
    return observe(facts())
