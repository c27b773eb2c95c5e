"""Whether one visitor's heavy work freezes another's page.

``python -m benchmarks.freezing [FOLDER] [ROWS]``: a probe moves a slider on the Scores page of the sample shop once a second; meanwhile
another visitor does one heavy thing after the other: uploads a conversation file of ROWS rows (default 1,000,000) as CSV and reads it,
opens the week plan, the forecast with its back-test, the roster, the trends board with all KPIs, the comparison of agents, and the same
pages of the large file. Reported for each: how long it took; the probe's reruns in that time, median, 95th percentile and longest, beside
those with nothing else going on; and how long the interpreter was held at most (`benchmarks.holds`), with the place. What is not done
after `PATIENCE_S` in all is named and left out. A work shorter than a second has one move beside it: its percentile says no more than that.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.holds import holds
from benchmarks.many_users import ENVIRONMENT, OPTIONS
from benchmarks.slider import ROOT, serving_with, shop
from benchmarks.visitor import Run, Visitor, visiting

GOAL_S = 1.0
PATIENCE_S = 330.0
IDLE_S = 10.0
AGENTS = 50


def csv_of(folder: Path, rows: int) -> Path:
    """A conversation file of so many rows as CSV."""
    path = folder / f"conversations_{rows}.csv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pd.read_parquet(shop(folder, rows, AGENTS)[0]).to_csv(path, index=False)
    return path


async def part(one: Visitor, page: str, choice: str, wanted: str) -> Run:
    """A page's part chosen in its segmented control."""
    one.page, one.script, one.states = page, "", {}
    found = await one.run()
    if not choice:
        return found
    return await one.choose(choice, wanted)


HEAVY: dict[str, tuple[str, str, str]] = {
    "week plan": ("staffing", "", ""),
    "forecast and back-test": ("staffing", "staffing_part.en", "Demand and forecast"),
    "roster moves": ("staffing", "staffing_part.en", "Moves"),
    "proof": ("staffing", "staffing_part.en", "Proof"),
    "trends board, all KPIs": ("trends", "board_kpis.en", "All KPIs"),
    "all or one": ("trends", "trends_part.en", "All or one?"),
    "comparison, questions": ("compare", "compare_part.en", "Questions"),
    "comparison, same work": ("compare", "compare_part.en", "Same work"),
}


@dataclass(frozen=True)
class Line:
    """One work: how long it took, the probe's reruns meanwhile, the longest hold of the interpreter and where it was; all in seconds."""

    work: str
    took: float
    moves: list[float]
    held: float = 0.0
    where: str = ""


class Beside:
    """Works, one after the other, beside a probe."""

    def __init__(self, probe: Visitor, notes: Path) -> None:
        self.probe, self.notes, self.lines = probe, notes, list[Line]()
        self.value, self.until = 20.0, time.monotonic() + PATIENCE_S

    async def move(self) -> float:
        """The probe's slider moved on by one; the seconds until its page was there."""
        self.value = 20.0 + (self.value - 19.0) % 60
        return (await self.probe.move("w_efficiency", self.value)).seconds

    async def run(self, name: str, work: Callable[[], Awaitable[Run]]) -> None:
        """A work, and the probe's moves once a second until it is done."""
        if time.monotonic() > self.until:
            print(f"{name}: left out, the time is over", flush=True)
            return
        began, moves = time.monotonic(), list[float]()
        doing = asyncio.ensure_future(work())
        while not doing.done() or not moves:
            moves.append(await self.move())
            await asyncio.wait({doing}, timeout=max(0.0, 1.0 - moves[-1]))
        page = await doing
        assert not page.of("exception"), page.of("exception")
        took = time.monotonic() - began
        longest = next(iter(holds(self.notes, began)), {"held": 0.0, "where": []})
        self.lines.append(Line(name, took, moves, longest["held"], " > ".join(longest["where"][-2:])))
        print(f"{name}: {took:.1f} s", flush=True)


async def run(address: str, file: Path, notes: Path) -> list[Line]:
    """Every heavy thing beside the probe."""

    async def quiet() -> Run:
        await asyncio.sleep(IDLE_S)
        return Run()

    async with visiting(address, "scores?lang=en") as probe, visiting(address, "data?lang=en") as heavy:
        await probe.run()
        await heavy.run()
        beside = Beside(probe, notes)
        for _ in range(10):
            await beside.move()
        await beside.run("nothing else", quiet)
        for name, asked in HEAVY.items():
            await beside.run(f"sample: {name}", lambda asked=asked: part(heavy, *asked))
        heavy.page, heavy.script = "data", ""
        await heavy.run()
        await beside.run(f"upload, import of {file.stat().st_size / 1e6:.0f} MB CSV", lambda: heavy.upload("files", [file]))
        await beside.run("large: first scores", lambda: part(heavy, "scores", "", ""))
        for name, asked in HEAVY.items():
            await beside.run(f"large: {name}", lambda asked=asked: part(heavy, *asked))
    return beside.lines


def told(lines: list[Line]) -> str:
    """The table: one line a work, the probe in milliseconds.

    >>> print(told([Line("nothing else", 10.0, [0.2, 0.3]), Line("plan", 2.0, [0.4, 1.2], 0.15, "a.py:1 f")]))
    probe's reruns beside it, in ms            took s  median   p95  worst  moves   held  where held longest
    nothing else                                 10.0     250   295    300      2      0
    plan                                          2.0     800  1160   1200      2    150  a.py:1 f  FROZEN
    1 of 1 works with a rerun above 1 s; worst 1.2 s, idle 0.3 s; interpreter held 0.15 s at most
    """
    title = "probe's reruns beside it, in ms"
    rows = [f"{title:<42}{'took s':>7}{'median':>8}{'p95':>6}{'worst':>7}{'moves':>7}{'held':>7}  where held longest"]
    for one in lines:
        figures = [1000 * each for each in (statistics.median(one.moves), float(np.quantile(one.moves, 0.95)), max(one.moves))]
        cells = f"{one.took:7.1f}{figures[0]:8.0f}{figures[1]:6.0f}{figures[2]:7.0f}{len(one.moves):7d}{one.held * 1000:7.0f}"
        rows.append(f"{one.work:<42}{cells}  {one.where}{'  FROZEN' if max(one.moves) > GOAL_S else ''}".rstrip())
    idle, works = lines[0], lines[1:]
    frozen = sum(max(one.moves) > GOAL_S for one in works)
    worst, held = (max((each(one) for one in works), default=0.0) for each in (lambda one: max(one.moves), lambda one: one.held))
    ends = f"worst {worst:.1f} s, idle {max(idle.moves):.1f} s; interpreter held {held:.2f} s at most"
    return "\n".join([*rows, f"{frozen} of {len(works)} works with a rerun above {GOAL_S:.0f} s; {ends}"])


def main() -> None:
    """Make the file, serve, measure."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    file = csv_of(folder, int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
    notes = Path(tempfile.mkdtemp()) / "holds.jsonl"
    by = ("benchmarks.holds", str(notes))
    with serving_with(str(ROOT / "app.py"), {**ENVIRONMENT, "KEFULENS_SAMPLE": "1"}, OPTIONS, by) as (address, _):
        print(told(asyncio.run(run(address, file, notes))))


if __name__ == "__main__":
    main()
