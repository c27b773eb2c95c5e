"""A command's memory is what it is told, and a long one says how far it is on a terminal and nowhere else."""

from __future__ import annotations

import io
import os
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from core import __main__ as commands
from core.limits import limits

SHOP = Path(__file__).resolve().parent.parent / "sample_data" / "fixture_t.csv"


def test_memory_is_said_per_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The option goes before the environment while the command runs, and leaves it as it was; a size that is none is refused in words."""
    monkeypatch.setenv("KEFULENS_MEMORY", "2GB")
    seen = []

    def noted(_: Namespace) -> dict[str, Any]:
        """A command."""
        seen.append(limits().memory)
        return {"tables": []}

    monkeypatch.setitem(commands.COMMANDS, "inspect", noted)
    assert commands.main(["inspect", str(SHOP), "--memory", "1GB"]) == 0
    assert (seen, os.environ["KEFULENS_MEMORY"]) == ([10**9], "2GB")
    assert commands.main(["inspect", str(SHOP), "--memory", "much"]) == 2
    assert "much" in capsys.readouterr().err


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        """It is one."""
        return True


def test_a_long_command_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal one line says it, and is gone at the end; the answer itself is untouched."""
    monkeypatch.setattr(commands, "SILENT", -1.0)
    terminal, answer = _Terminal(), io.StringIO()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr("sys.stdout", answer)
    assert commands.main(["kpis", str(SHOP), "--json", "--no-cache"]) == 0
    assert "fixture_t.csv" in terminal.getvalue()
    assert "100%" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
    assert answer.getvalue().startswith("{")
