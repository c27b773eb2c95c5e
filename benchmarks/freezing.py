"""Whether one visitor's heavy work freezes another's page.

``python -m benchmarks.freezing [FOLDER] [ROWS]``: a probe moves a slider on the Scores page of the sample shop once a second; meanwhile
another visitor does one heavy thing after the other: uploads a conversation file of ROWS rows (default 1,000,000) as CSV and reads it,
opens the week plan, the forecast with its back-test, the roster, the trends board with all KPIs, the comparison of agents, and the same
pages of the large file. Reported for each: how long it took, and the probe's median, 95th percentile and longest rerun in that time.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.many_users import ENVIRONMENT, OPTIONS
from benchmarks.slider import ROOT, serving_with, shop
from benchmarks.visitor import Run, Visitor, visiting

GOAL_S = 1.0
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


async def beside(probe: Visitor, work: Callable[[], Awaitable[Run]]) -> tuple[float, list[float]]:
    """How long the work took, and the probe's reruns meanwhile."""
    doing = asyncio.ensure_future(work())
    began = asyncio.get_running_loop().time()
    times: list[float] = []
    value = 20.0
    while not doing.done() or not times:
        value = 20.0 + (value - 19.0) % 60
        times.append((await probe.move("w_efficiency", value)).seconds)
        await asyncio.wait({doing}, timeout=max(0.0, 1.0 - times[-1]))
    page = await doing
    assert not page.of("exception"), page.of("exception")
    return asyncio.get_running_loop().time() - began, times


async def run(address: str, file: Path) -> None:
    """Every heavy thing beside the probe."""

    async def quiet() -> Run:
        await asyncio.sleep(10)
        return Run()

    async with visiting(address, "scores?lang=en") as probe, visiting(address, "data?lang=en") as heavy:
        await probe.run()
        await heavy.run()
        for value in range(20, 30):
            await probe.move("w_efficiency", float(value))
        tell("nothing else", *await beside(probe, quiet))
        for name, asked in HEAVY.items():
            tell(f"sample: {name}", *await beside(probe, lambda asked=asked: part(heavy, *asked)))
        heavy.page, heavy.script = "data", ""
        await heavy.run()
        tell(f"upload and import of {file.stat().st_size / 1e6:.0f} MB of CSV", *await beside(probe, lambda: heavy.upload("files", [file])))
        tell("first scores of it", *await beside(probe, lambda: part(heavy, "scores", "", "")))
        for name, asked in HEAVY.items():
            tell(f"large: {name}", *await beside(probe, lambda asked=asked: part(heavy, *asked)))


def tell(name: str, took: float, times: list[float]) -> None:
    """One line."""
    middle, late = statistics.median(times), float(np.quantile(times, 0.95))
    word = "" if max(times) <= GOAL_S else "   FROZEN"
    probe = " ".join(f"{each * 1000:6.0f}" for each in (middle, late, max(times)))
    print(f"{name:<42}{took:7.1f} s   probe {probe} ms  n {len(times)}{word}", flush=True)


def main() -> None:
    """Make the file, serve, measure."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    file = csv_of(folder, int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
    print("what runs beside the probe, how long it took, and the probe's reruns: median, 95th percentile, longest")
    with serving_with(str(ROOT / "app.py"), {**ENVIRONMENT, "KEFULENS_SAMPLE": "1"}, OPTIONS) as (address, _):
        asyncio.run(run(address, file))


if __name__ == "__main__":
    main()
