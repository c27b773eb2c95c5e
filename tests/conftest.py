"""Fixtures shared by all rooms."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

os.environ["KEFULENS_CACHE"] = ""  # no test writes into the cache of whoever runs it, nor reads from it
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `core` has it: set before the first test file loads NumPy
ROOT = Path(__file__).resolve().parent.parent
WAITING = "tests/browser"
"""Tests that wait more than they work: one process takes all of them, from the start, while the others compute."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Between several processes: what waits comes first, then the files with many tests, so that no long file is left for the end."""
    if hasattr(config, "workerinput"):
        tests = Counter(unit(item.nodeid) for item in items)
        items.sort(key=lambda item: _late(unit(item.nodeid), tests))


def _late(name: str, tests: Counter[str]) -> tuple[bool, int, str]:
    return name != WAITING, -tests[name], name


def unit(nodeid: str) -> str:
    """What one process takes as a whole: a file, whose tests share what they have loaded, or all that waits."""
    return WAITING if nodeid.startswith(WAITING) else nodeid.split("::", 1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The order above and the units above, where files are dealt out."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Units(LoadFileScheduling):
        """Files, and what waits."""

        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    config.option.loadscopereorder = False
    return Units(config, log)


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

    def built(log: Any, knobs: Any = None, progress: Any = None) -> Any:  # nobody watches a command of a test
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
