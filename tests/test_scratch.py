"""Temporary disk: what a process leaves behind when it ends well, and when it is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

import core.scratch
from core.scratch import PREFIX, kept, scratch, sweep

HOLD = """import sys, time
from pathlib import Path
from core.scratch import scratch
print(scratch(Path(sys.argv[1])), flush=True)
time.sleep(60)"""


def test_a_folder_lives_as_long_as_its_process(tmp_path: Path) -> None:
    """Folders of the living are let be, one of a process that was killed goes, and its number says nothing: the lock does."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        folder = Path(running.stdout.readline().strip())
        (folder / "part.tmp").write_bytes(b"spilled")
        assert sweep(tmp_path) == []
        assert (folder / "part.tmp").exists()
        running.kill()
    assert folder.exists()
    assert sweep(tmp_path) == [folder]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_gone_after_a_good_end(tmp_path: Path) -> None:
    """At exit the folder goes with everything in it; asked twice, a process has one folder."""
    code = HOLD.replace("time.sleep(60)", "(scratch(Path(sys.argv[1])) / 'x').touch(); assert len(list(Path(sys.argv[1]).iterdir())) == 1")
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, stdout=subprocess.DEVNULL)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    """A folder that is just being made, and those with other names, are let be; an old one that never got its lock goes."""
    young, old, other = (tmp_path / name for name in (f"{PREFIX}1-young", f"{PREFIX}2-old", f"{PREFIX}answers-2"))
    for folder in (young, old, other):
        folder.mkdir()
    long_ago = time.time() - 3600
    for folder in (old, other):
        os.utime(folder, (long_ago, long_ago))
    assert sweep(tmp_path) == [old]
    assert young.exists()
    assert other.exists()


def test_a_folder_swept_before_it_was_locked_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many start at once: one that sweeps in the moment between a folder and its lock takes it for a dead one's, and takes it alone."""
    swept: list[Path] = []

    def late(lock: IO[str]) -> bool:
        monkeypatch.undo()
        swept.extend(sweep(tmp_path))
        return held(lock)

    held = core.scratch._locked
    monkeypatch.setattr(core.scratch, "_locked", late)
    folder = scratch(tmp_path)
    assert len(swept) == 1
    assert folder not in swept
    assert list(tmp_path.iterdir()) == [folder]
    assert sweep(tmp_path) == []


def test_the_folder_is_this_process_own(tmp_path: Path) -> None:
    """It says whose it is, for whoever looks at a full disk."""
    assert scratch(tmp_path).name.startswith(f"{PREFIX}{os.getpid()}-")


def test_equal_content_lies_there_once(tmp_path: Path) -> None:
    """Twenty visitors with the same file: one file on disk, there until the last one is gone."""
    paths = [kept(tmp_path, b"the same log" * 1000) for _ in range(20)]
    other = kept(tmp_path, b"another log")
    assert len({str(path) for path in paths}) == 1
    assert paths[0].read_bytes() == b"the same log" * 1000
    name = Path(str(paths.pop()))
    assert name.exists()
    paths.clear()
    assert not name.exists()
    assert other.exists()
    assert kept(tmp_path, b"the same log" * 1000).exists()
