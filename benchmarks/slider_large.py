"""A slider move at a million conversations in a real browser, alone and beside twenty other visitors.

``python -m benchmarks.slider_large FOLDER [CONVERSATIONS] [AGENTS] [OTHERS]``, with the goal of 1.5 times the same page with static charts.
Peers, none of which computes anything; all but ``stock`` have the app's own settings:

    page     the whole Scores page, ready made: every slider, sentence, chart, table and button (``static_app/whole.py``)
    charts   a slider and the page's two charts alone (``static_app/app.py``)
    stock    the same with Streamlit's settings as they come, which collect garbage after each run

Then app and ``page`` again while OTHERS sessions (default 20, over Streamlit's protocol, all with the same file) each move a slider of the
app about once a second. Medians and 95th percentiles, ms from the key press to the last stroke; of the others, ms from the move to the end
of the rerun. What is known is printed at once; the crowd has `OPEN_S` to open the page and `TURNS_S` for the moves beside it.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.many_users import ENVIRONMENT, KNOBS, OPTIONS, STEPS
from benchmarks.slider import FLAGS, KNOB, MOVES, WARM_UPS, at_scores, frames, move, opened, serving, serving_with, shop
from benchmarks.visitor import visiting

GOAL = 1.5
PAUSE_S = 1.0
COLLECTING = ("--runner.postScriptGC", "true")
"""As Streamlit comes."""
OPEN_S = 90.0
"""How long the other sessions may take to open the page; those that have not by then are left out."""
TURNS_S = 110.0
"""How long moves beside them may take; fewer moves are counted then."""


@dataclass
class Crowd:
    """Sessions that move sliders until it is over: how many there are, and how long their reruns took (s)."""

    address: str
    paths: list[Path]
    many: int
    opened: int = 0
    seconds: list[float] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    async def live(self) -> None:
        """All of them, from the upload to the end."""
        await asyncio.gather(self.begin(), *(self.one(seed) for seed in range(self.many)))

    async def begin(self) -> None:
        """They begin to move when all have opened the page or the time for it is up."""
        until = time.monotonic() + OPEN_S
        while self.opened < self.many and time.monotonic() < until:
            await asyncio.sleep(0.2)
        self.begun.set()

    async def one(self, seed: int) -> None:
        """One session."""
        rng = np.random.default_rng(seed)
        async with visiting(self.address, "data?lang=en") as visitor:
            await visitor.run()
            await visitor.upload("files", self.paths)
            visitor.page, visitor.script = "scores", ""
            await visitor.run()
            self.opened += 1
            while not self.begun.is_set():
                await asyncio.sleep(0.2)
            while not self.over.is_set():
                shown = await visitor.move(str(rng.choice(KNOBS)), float(rng.choice(STEPS)))
                self.seconds.append(shown.seconds)
                await asyncio.sleep(float(rng.exponential(PAUSE_S)))


@contextmanager
def crowded(address: str, paths: list[Path], many: int) -> Iterator[Crowd]:
    """The block runs beside the other sessions."""
    crowd = Crowd(address, paths, many)
    thread = threading.Thread(target=lambda: asyncio.run(crowd.live()), daemon=True)
    thread.start()
    while not crowd.begun.wait(1.0):
        assert thread.is_alive(), "the other sessions could not be opened"
    try:
        yield crowd
    finally:
        crowd.over.set()
        thread.join(30.0)


def turns(pages: dict[str, Any], at_most_s: float = float("inf")) -> dict[str, list[float]]:
    """Moves of all pages in turns: ms to the last stroke of a chart, without the warm-ups."""
    taken: dict[str, list[float]] = {name: [] for name in pages}
    until = time.monotonic() + at_most_s
    for at in range(WARM_UPS + MOVES):
        if at > 2 * WARM_UPS and time.monotonic() > until:
            break
        for name, page in pages.items():
            page.bring_to_front()
            taken[name].append(move(page)[1])
    return {name: times[WARM_UPS:] for name, times in taken.items()}


def tell(title: str, taken: dict[str, list[float]]) -> None:
    """Median, 95th percentile and range of all, and the ratio of the medians; the goal is about moves alone, where all pages are there."""
    print(title, flush=True)
    for name, times in taken.items():
        print(f"  {name:<8} {quantiles(times)}  [{min(times):.0f}–{max(times):.0f}] ms, {len(times)} moves")
    middle = {name: statistics.median(times) for name, times in taken.items()}
    for name in list(middle)[1:]:
        ratio = middle["app"] / middle[name]
        alone = name == "page" and len(middle) > 2
        verdict = f" (goal ≤ {GOAL}: {'met' if ratio <= GOAL else 'MISSED'})" if alone else ""
        print(f"  ratio to {name} {ratio:.2f}{verdict}", flush=True)


def quantiles(times: list[float]) -> str:
    """Median and 95th percentile in words."""
    return f"median {statistics.median(times):6.0f}  p95 {float(np.quantile(times, 0.95)):6.0f}"


def main() -> None:
    """Prepare, open all, move alone, then in the crowd."""
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1])
    given = [*sys.argv[2:5], "", "", ""]
    size, agents, others = (int(one or usual) for one, usual in zip(given, (1_000_000, 50, 20), strict=False))
    folder.mkdir(parents=True, exist_ok=True)
    paths, prepared = shop(folder, size, agents), folder / f"frames_{size}_{agents}"
    frames(paths, prepared)
    print(f"{size:,} conversations, {agents} agents: files and frames are there", flush=True)
    still = {"FRAMES": str(prepared), "KNOB": KNOB}
    with (
        serving_with("app.py", {**ENVIRONMENT, "KEFULENS_SAMPLE": "0"}, OPTIONS) as (app, _),
        serving("benchmarks/static_app/whole.py", still) as whole,
        serving("benchmarks/static_app/app.py", still) as charts,
        serving_with("benchmarks/static_app/app.py", still, COLLECTING) as (stock, _),
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS)
        peers = {"page": whole, "charts": charts, "stock": stock}
        pages = {"app": at_scores(browser, app, paths)} | {name: opened(browser, address) for name, address in peers.items()}
        for page in pages.values():
            page.locator("[data-testid=stVegaLiteChart] svg, [data-testid=stVegaLiteChart] canvas").nth(1).wait_for(timeout=300_000)
            page.wait_for_timeout(2_000)
        tell(f"{MOVES} moves alone", turns(pages))
        if not others:
            return
        back = {name: at_first(pages[name]) for name in ("app", "page")}
        with crowded(app, paths, others) as crowd:
            tell(f"beside {crowd.opened} other sessions", turns(back, TURNS_S))
            times = [1000 * each for each in crowd.seconds]
            print(f"  theirs   {quantiles(times)}  [{min(times):.0f}–{max(times):.0f}] ms a rerun, {len(times)} moves", flush=True)
        browser.close()


def at_first(page: Any) -> Any:
    """The slider back where it began: the peer has frames for a few values only."""
    page.bring_to_front()
    page.get_by_role("slider").first.focus()
    for _ in range(WARM_UPS + MOVES):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(120)
    page.wait_for_timeout(4_000)
    return page


if __name__ == "__main__":
    main()
