"""A slider move at a million conversations in a real browser, alone and beside twenty other visitors.

``python -m benchmarks.slider_large FOLDER [CONVERSATIONS] [AGENTS] [OTHERS]``: as `benchmarks.slider` (the peer shows the same charts and
computes nothing), with the goal of 1.5 times the peer; then both again while OTHERS sessions (default 20, over Streamlit's protocol, all
with the same file) each move a slider about once a second. Medians and 95th percentiles, ms from the key press to the last stroke.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.many_users import ENVIRONMENT, KNOBS, OPTIONS, STEPS
from benchmarks.slider import MOVES, WARM_UPS, at_scores, frames, move, opened, serving, serving_with, shop
from benchmarks.visitor import visiting

GOAL = 1.5
PAUSE_S = 1.0


async def crowd(address: str, paths: list[Path], many: int, ready: threading.Event, over: threading.Event) -> None:
    """So many sessions that move sliders until it is over; ready when all have opened the page."""
    start = asyncio.Barrier(many)

    async def one(seed: int) -> None:
        rng = np.random.default_rng(seed)
        async with visiting(address, "data?lang=en") as visitor:
            await visitor.run()
            await visitor.upload("files", paths)
            visitor.page, visitor.script = "scores", ""
            await visitor.run()
            await start.wait()
            ready.set()
            while not over.is_set():
                await visitor.move(str(rng.choice(KNOBS)), float(rng.choice(STEPS)))
                await asyncio.sleep(float(rng.exponential(PAUSE_S)))

    await asyncio.gather(*(one(seed) for seed in range(many)))


@contextmanager
def crowded(address: str, paths: list[Path], many: int) -> Iterator[None]:
    """The block runs beside the other sessions."""
    ready, over = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(crowd(address, paths, many, ready, over)))
    thread.start()
    while not ready.wait(1.0):
        assert thread.is_alive(), "the other sessions could not be opened"
    try:
        yield
    finally:
        over.set()
        thread.join()


def turns(pages: dict[str, Any]) -> dict[str, list[float]]:
    """Moves of both pages in turns: ms to the last stroke of a chart, without the warm-ups."""
    taken: dict[str, list[float]] = {name: [] for name in pages}
    for _ in range(WARM_UPS + MOVES):
        for name, page in pages.items():
            page.bring_to_front()
            taken[name].append(move(page)[1])
    return {name: times[WARM_UPS:] for name, times in taken.items()}


def tell(title: str, taken: dict[str, list[float]]) -> None:
    """Median, 95th percentile and range of both, and the ratio of the medians."""
    print(title)
    middle = {name: statistics.median(times) for name, times in taken.items()}
    for name, times in taken.items():
        late = float(np.quantile(times, 0.95))
        print(f"  {name:<8} median {middle[name]:6.0f}  p95 {late:6.0f}  [{min(times):.0f}–{max(times):.0f}] ms")
    ratio = middle["app"] / middle["static"]
    print(f"  ratio {ratio:.2f} (goal ≤ {GOAL}: {'met' if ratio <= GOAL else 'MISSED'})")


def main() -> None:
    """Prepare, open both, move alone, then in the crowd."""
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1])
    given = [*sys.argv[2:5], "", "", ""]
    size, agents, others = (int(one or usual) for one, usual in zip(given, (1_000_000, 50, 20), strict=False))
    folder.mkdir(parents=True, exist_ok=True)
    paths, prepared = shop(folder, size, agents), folder / f"frames_{size}_{agents}"
    frames(paths, prepared)
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    with (
        serving_with("app.py", {**ENVIRONMENT, "KEFULENS_SAMPLE": "0"}, OPTIONS) as (app, _),
        serving("benchmarks/static_app/app.py", {"FRAMES": str(prepared)}) as static,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=flags)
        pages = {"app": at_scores(browser, app, paths), "static": opened(browser, static)}
        for page in pages.values():
            page.locator("[data-testid=stVegaLiteChart] svg, [data-testid=stVegaLiteChart] canvas").nth(1).wait_for(timeout=300_000)
            page.wait_for_timeout(2_000)
        tell(f"{size:,} conversations, {agents} agents, {MOVES} moves, alone", turns(pages))
        back = {name: at_first(page) for name, page in pages.items()}
        with crowded(app, paths, others):
            tell(f"beside {others} other sessions", turns(back))
        browser.close()


def at_first(page: Any) -> Any:
    """The slider back where it began: the peer has frames for a few values only."""
    page.bring_to_front()
    page.get_by_role("slider").first.focus()
    for _ in range(WARM_UPS + MOVES):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(120)
    page.wait_for_timeout(6_000)
    return page


if __name__ == "__main__":
    main()
