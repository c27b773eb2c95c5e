"""An import in blocks that is killed says nothing and leaves nothing: what it wrote is swept, and the next try gives the figures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.__main__ import main
from core.ingest import blocks
from core.scratch import scratch
from tests.ingest.test_blocks import HEAD, line, small_blocks

MOMENTS = ("_Surveyor.see", "pq.write_table", "_completed", "Whole.conflicts", "runner.made")
"""Where it dies: in the first pass, in the second, while the parts become one file, once they are, in the facts."""
DYING = """
import os, signal, sys
import core.command, core.__main__, core.kpis, core.engine.observe
from pathlib import Path
from core.engine import build_facts, runner
from core.ingest import blocks, whole
from tests.ingest.test_blocks import small_blocks

def dying(place, name):
    real, calls = getattr(place, name), []
    def once(*given, **named):
        found = real(*given, **named)
        calls.append(1)
        if len(calls) == (1 if name == "conflicts" else 2):
            if name == "write_table":
                os.truncate(given[1], 100)
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    setattr(place, name, once)

def place(word):
    found = {"_Surveyor": blocks._Surveyor, "pq": blocks.pq, "Whole": whole.Whole, "runner": runner}
    return found.get(word, blocks)

file, folder = sys.argv[1:3]
os.environ["KEFULENS_TEMP"] = folder
for moment in sys.argv[3:]:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(write, 1)
        dying(place(moment.split(".")[0]), moment.split(".")[-1])
        with small_blocks(300):
            core.__main__.main(["kpis", file, "--by", "agent", "--json"])
        os._exit(0)
    os.close(write)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(code, len(os.listdir(folder)), len(list(Path(folder).glob("*/log-*"))), *os.read(read, 99).split())
"""


@pytest.mark.skipif(os.name == "nt", reason="processes are killed otherwise on this system")
def test_killed_at_any_moment(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """First pass, second, one file of all parts, facts: nothing is said, each start sweeps the last one's folder, the figures are right."""
    file, words = tmp_path / "a.csv", ["kpis", str(tmp_path / "a.csv"), "--by", "agent", "--json"]
    folder = tmp_path / "temp"
    file.write_text(HEAD + "".join(line(at, text="您好" if at % 7 else "Hello") for at in range(900)), encoding="utf-8")
    command = [sys.executable, "-c", DYING, str(file), str(folder), *MOMENTS]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2])
    assert done.stdout.splitlines() == [f"{-signal.SIGKILL} 1 1"] * len(MOMENTS)
    assert main(words) == 0
    quiet = capsys.readouterr().out
    assert list(folder.glob("*/log-*/*.parquet"))
    monkeypatch.setenv("KEFULENS_TEMP", str(folder))
    with small_blocks(300):
        assert main(words) == 0
    assert capsys.readouterr().out == quiet
    assert list(folder.iterdir()) == [scratch(folder)]
    assert not list(folder.glob("*/log-*"))


def test_temporary_disk_that_cannot_be_used_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be made: one line that names it and the variable, for logs in blocks too."""
    (tmp_path / "a file").touch()
    folder = tmp_path / "a file" / "below"
    (tmp_path / "a.csv").write_text(HEAD + "".join(line(at) for at in range(40)), encoding="utf-8")
    monkeypatch.setenv("KEFULENS_TEMP", str(folder))
    for large in (False, True):
        monkeypatch.setattr(blocks, "in_blocks", lambda files, allowed, large=large: large)
        assert main(["kpis", str(tmp_path / "a.csv")]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert str(folder) in said.err
        assert "KEFULENS_TEMP" in said.err
