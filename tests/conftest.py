"""Fixtures shared by all rooms."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

os.environ["KEFULENS_CACHE"] = ""  # no test writes into the cache of whoever runs it, nor reads from it
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `core` has it: set before the first test file loads NumPy
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of third-party logs and reference answers beside the project; tests that need it skip without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared folder with third-party logs is not beside the project")
    return folder


_READ: dict[tuple[str, ...], Any] = {}
"""Logs and facts that a command has read in this process: commands are tested by the dozen on the same files."""


@pytest.fixture
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of one process read the same files and ask the same rules once; everything after that runs as ever."""
    from core import command, engine

    load, build, observe = command.load, engine.build_facts, engine.observe

    def loaded(files: list[Any], choices: Any) -> Any:
        key = ("log", *(f"{file.name} {hash(file.read())}" for file in files), repr(choices))
        return _READ[key] if key in _READ else _READ.setdefault(key, load(files, choices))

    def built(log: Any, knobs: Any = None) -> Any:
        key = ("facts", log.digest, repr(knobs))
        if key not in _READ:
            _READ[key] = build(log, knobs) if knobs is not None else build(log)
        return _READ[key]

    def observed(facts: Any, scenario: Any = None) -> Any:
        key = ("observed", str(id(facts)), repr(scenario))
        return _READ[key] if key in _READ else _READ.setdefault(key, observe(facts, scenario))

    monkeypatch.setattr(command, "load", loaded)
    monkeypatch.setattr(engine, "build_facts", built)
    monkeypatch.setattr(engine, "observe", observed)
