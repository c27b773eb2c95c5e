"""A process killed while it imports in blocks: nothing wrong is shown or kept, what it left is swept, the next try is right.

``python -m benchmarks.chaos FOLDER [--rows 500000] [--kills 30] [--servers 6] [--seed 7]``: a CSV of messages that is more than the
memory it is given is read by the command line, and by the app for a visitor who uploads it; each process is killed (SIGKILL) at a random
moment. Then the same is tried anew, in the same folders. A visitor also calls the import off, and has it go on. Printed for each: where
they stood, wrong (figures other than those of an undisturbed run, anything but these said by a process that was killed, a traceback),
leftover (what lies in the temporary folder after the next start, and half-kept parcels), recovered. Then the same with no room: a limit
of temporary disk, and, for root on Linux, disks that are full on the way. Every second command keeps the log, so that some die then.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.large import alone
from benchmarks.many_users import OPTIONS
from benchmarks.slider import ROOT, serving_with
from benchmarks.visitor import Run, Visitor, visiting

MEMORY = "200MB"
LEAST_ROWS = 500_000
"""Fewer rows are read at once within this memory, not in blocks."""
TINY_MB = (1, 4, 8, 12, 16)


@dataclass
class Count:
    """What became of the killed, and of those after them."""

    stood: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)

    def line(self, name: str) -> str:
        """The counts in one line."""
        kills = sum(n for stage, n in self.stood.items() if stage != "done")
        stood = ", ".join(f"{stage} {n}" for stage, n in self.stood.most_common())
        counts = ", ".join(f"{word} {self.told[word]}" for word in ("wrong", "leftover", "recovered"))
        return f"{name}: kills {kills} ({stood}), {counts}"


@dataclass(frozen=True)
class Place:
    """The folders of a run: temporary, and kept."""

    folder: Path

    @property
    def temp(self) -> Path:
        """Temporary disk."""
        return self.folder / "temp"

    @property
    def cache(self) -> Path:
        """What is kept."""
        return self.folder / "cache"

    def environment(self, keep: bool) -> dict[str, str]:
        """The variables of a process that works here."""
        cache = str(self.cache) if keep else ""
        return {"KEFULENS_TEMP": str(self.temp), "KEFULENS_MEMORY": MEMORY, "KEFULENS_CACHE": cache, "KEFULENS_SAMPLE": "0"}

    def stage(self) -> str:
        """What a process was at, by what it has written."""
        names = {path.name.split("-")[0] for path in self.temp.rglob("*") if path.is_file()}
        if "messages.parquet" in names:
            return "one file" if "part" in names else "facts"
        return "second pass" if "part" in names else "first pass" if "looks" in names else "before it"

    def leftover(self) -> list[str]:
        """What lies on temporary disk and belongs to nobody who lives, and what was begun to be kept."""
        begun = [path for path in (self.cache / "kept").glob("*") if not path.name.startswith(("log-", "facts-"))]
        return [str(path) for path in [*self.temp.glob("*"), *begun]]


def command(file: Path, place: Place, keep: bool, **more: str) -> subprocess.Popen[str]:
    """KPIs by agent, as JSON."""
    words = [sys.executable, "-m", "core", "kpis", str(file), "--by", "agent", "--json"]
    environment = {**os.environ, **place.environment(keep), **more}
    return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(running: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Its code, and what it said on both."""
    said, complaint = running.communicate()
    return running.returncode, said, complaint


def killed(running: subprocess.Popen[str], after: float, place: Place) -> tuple[str, str]:
    """Killed after so many seconds: what it was at (``done`` when it was faster), and what it had said."""
    stage = "done"
    try:
        said, _ = running.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        stage = place.stage()
        running.kill()
        said, _ = running.communicate()
    return stage if running.returncode == -signal.SIGKILL else "done", said


def by_command(file: Path, place: Place, kills: int, chance: random.Random) -> tuple[Count, str]:
    """The counts of the command line, and what the undisturbed command says."""
    count = Count()
    began = time.monotonic()
    code, wanted, complaint = ended(command(file, place, False))
    took = time.monotonic() - began
    assert code == 0, complaint
    for number in range(kills):
        keep = bool(number % 2)
        shutil.rmtree(place.cache, ignore_errors=True)
        stage, said = killed(command(file, place, keep), chance.uniform(0.0, took * (1.3 if keep else 1.0)), place)
        count.stood[stage] += 1
        count.told["wrong"] += said not in ("", wanted)
        code, said, complaint = ended(command(file, place, keep))
        right = code == 0 and said == wanted and not complaint
        count.told["recovered" if right else "wrong"] += 1
        count.told["leftover"] += len(place.leftover())
        if not right:
            print(code, said[:200], complaint[:500], flush=True)
    return count, wanted


# --- the app -----------------------------------------------------------------------------------------------------------------

Figures = tuple[str, ...]


def by_app(file: Path, place: Place, kills: int, chance: random.Random) -> tuple[Count, Count]:
    """The counts of the app's server: killed, and called off by its visitor."""
    count, called_off = Count(), Count()
    with served(place) as (address, _):
        began = time.monotonic()
        wanted = asyncio.run(overview(address, file))
        took = (time.monotonic() - began) * 0.9
    assert len(wanted) > 5, wanted
    for _ in range(kills):
        with served(place) as (address, process):
            count.stood[asyncio.run(shot(address, process, (file, place), chance.uniform(0.0, took)))] += 1
        with served(place) as (address, process):
            asyncio.run(looked(address))
            count.told["leftover"] += sum(f"-{process}-" not in path for path in place.leftover())
            count.told["recovered" if asyncio.run(overview(address, file)) == wanted else "wrong"] += 1
        with served(place) as (address, _):
            asyncio.run(let_be(address, (file, place), chance.uniform(1.0, took), (called_off, wanted)))
    return count, called_off


@contextmanager
def served(place: Place) -> Iterator[tuple[str, int]]:
    """The app in these folders; its address and process."""
    with serving_with(str(ROOT / "app.py"), place.environment(False), OPTIONS) as found:
        yield found


async def looked(address: str) -> Run:
    """The first page of a visitor who has nothing yet."""
    async with visiting(address, "data?lang=en") as one:
        return await one.run()


async def overview(address: str, file: Path) -> Figures:
    """What the Overview page shows a visitor who uploads the file."""
    async with visiting(address, "data?lang=en") as one:
        await one.run()
        await one.upload("files", [file])
        return await shown(one)


async def shown(one: Visitor) -> Figures:
    """Every figure and chart of the Overview page of what is loaded, and exceptions, if there are."""
    one.page, one.script, one.states = "overview", "", {}
    page = await one.run()
    figures = [f"{each.label}: {each.body}" for each in page.of("metric")]
    return (*figures, *(frame.to_csv() for frame in page.frames()), *map(str, page.of("exception")))


async def shot(address: str, process: int, about: tuple[Path, Place], after: float) -> str:
    """The server killed so many seconds after a visitor began to upload; what it was at."""
    file, place = about
    reading = asyncio.ensure_future(overview(address, file))
    await asyncio.wait({reading}, timeout=after)
    stage = "done" if reading.done() else place.stage()
    os.kill(process, signal.SIGKILL)
    with suppress(Exception):  # whatever the visitor sees of a server that is gone
        await reading
    return stage


async def let_be(address: str, about: tuple[Path, Place], after: float, counted: tuple[Count, Figures]) -> None:
    """A visitor calls the import off so many seconds after it began: nothing is shown, its parts go; then has it go on."""
    (file, place), (count, wanted) = about, counted
    async with visiting(address, "data?lang=en") as one:
        await one.run()
        reading = asyncio.ensure_future(one.upload("files", [file]))
        await asyncio.wait({reading}, timeout=after)
        stage = "done" if reading.done() or "cancel" not in one.ids else place.stage()
        count.stood[stage] += 1
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        if "cancel" not in one.ids:
            return
        page = await one.click("cancel")
        if "resume" in one.ids:
            count.told["wrong"] += len(page.of("metric")) + len(page.of("exception"))
            # A log that was read before its facts were called off is there to go on from.
            count.told["leftover"] += 0 if stage == "facts" else await stays(place)
            await one.click("resume")
        count.told["recovered" if await shown(one) == wanted else "wrong"] += 1


async def stays(place: Place) -> int:
    """Folders of an import that are there ten seconds after it was called off."""
    for _ in range(100):
        if not list(place.temp.glob("kefulens-*/log-*")):
            return 0
        await asyncio.sleep(0.1)
    return len(list(place.temp.glob("kefulens-*/log-*")))


# --- no room -----------------------------------------------------------------------------------------------------------------


def without_room(file: Path, place: Place, wanted: str) -> Iterator[str]:
    """Imports with too little temporary disk: refused in one line that names the folder, nothing left; with room it is right."""
    for size in ("1MB", "10MB"):
        yield _refused(f"a limit of {size}", file, place, KEFULENS_TEMP_LIMIT=size)
    for size in TINY_MB if hasattr(os, "geteuid") and os.geteuid() == 0 and sys.platform == "linux" else ():
        with small_disk(place.folder / "tiny", size) as tiny:
            yield _refused(f"a disk of {size} MB", file, Place(place.folder / "tiny-place"), KEFULENS_TEMP=str(tiny))
    code, said, _ = ended(command(file, place, False))
    yield f"with room: {'right' if (code, said) == (0, wanted) else 'WRONG'}"


def _refused(name: str, file: Path, place: Place, **more: str) -> str:
    code, said, complaint = ended(command(file, place, False, **more))
    folder = Path(more.get("KEFULENS_TEMP", place.temp))
    left = list(folder.glob("*"))
    fine = not left and (code == 0 if said else code == 2 and complaint.count("\n") == 1 and str(folder) in complaint)
    answer = "had room enough" if said and code == 0 else complaint.strip()
    return f"{name}: {'' if fine else 'WRONG '}exit {code}, left {len(left)}; {answer}"


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of so many megabytes."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def main() -> None:
    """Make the file; kill, and count."""
    words: Any = argparse.ArgumentParser(description=__doc__)
    words.add_argument("folder", type=Path)
    for name, usual in (("rows", LEAST_ROWS), ("kills", 30), ("servers", 6), ("seed", 7)):
        words.add_argument(f"--{name}", type=int, default=usual)
    given = words.parse_args()
    file = Path(alone("--make", str(given.folder), str(given.rows), "--csv").strip())
    place, chance = Place(given.folder / "chaos"), random.Random(given.seed)  # noqa: S311 (moments, not secrets)
    place.temp.mkdir(parents=True, exist_ok=True)
    count, wanted = by_command(file, place, given.kills, chance)
    print(count.line("command"), flush=True)
    for line in without_room(file, place, wanted):
        print(line, flush=True)
    killed_ones, called_off = by_app(file, place, given.servers, chance)
    print(killed_ones.line("app"), flush=True)
    print(called_off.line("app, called off"), flush=True)


if __name__ == "__main__":
    main()
