"""Many visitors at once: no wrong number, nobody disconnected, memory flat.

``python -m benchmarks.many_users [--sessions 20] [--browsers 2] [--minutes 10] [--pause 1] [FILE …]``: a server of its own with the sample
shop (or the files, uploaded by every visitor). All sessions are on the Scores page and move the three group weights at random; two of
them are real browsers (Playwright, ``CHROMIUM`` or /usr/bin/chromium), the others speak Streamlit's protocol. Every page shown, the
agents' scores, intervals and grades of its chart are held against what ``python -m core score FILE … --scenario … --json`` says for the
scenario in the page's address; the command runs in the process of this program, its files read once. Reported: figures compared and
wrong, disconnections, exceptions, rerun times, memory of the server and its slope over the last two thirds of the time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import itertools
import json
import os
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from benchmarks.slider import ROOT, serving_with
from benchmarks.visitor import Run, Visitor, visiting

KNOBS = ("w_efficiency", "w_quality", "w_business")
STEPS = (10.0, 30.0, 60.0, 100.0)
ENVIRONMENT = {"KEFULENS_CACHE": "", "PYTHONHASHSEED": "0"}
OPTIONS = ("--server.enableXsrfProtection", "false")
SAMPLE_EVERY_S = 5.0
CLOSE = 1e-9
Figures = dict[str, tuple[float, ...]]
LOOK = """() => ({
  url: location.href,
  state: document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state'),
  labels: [...document.querySelectorAll('[data-testid=stVegaLiteChart]')[0].querySelectorAll('[aria-label]')]
    .map(one => one.getAttribute('aria-label')),
  exceptions: document.querySelectorAll('[data-testid=stException]').length,
})"""
POINT = re.compile(r"Score \(points\): ([-\d.]+); agent: ([^;]+);.*Grade: (?:[A-D]\W+)?([A-D])")


@dataclass
class Seen:
    """What happened: pages by scenario, times, memory, and what went wrong."""

    pages: dict[tuple[tuple[str, str], ...], dict[str, Figures]] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    troubles: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    minutes: float = 0.0
    until: float = 0.0

    @property
    def open(self) -> bool:
        """Whether the time is not over; it begins when first asked."""
        self.until = self.until or time.monotonic() + self.minutes * 60
        return time.monotonic() < self.until

    def keep(self, query: str, figures: Figures, seconds: float | None = None) -> None:
        """A page that was shown under a scenario; the same page twice is kept once."""
        self.runs += 1
        if seconds is not None:
            self.times.append(seconds)
        key = tuple(sorted((name, value) for name, value in parse_qsl(query.lstrip("?")) if name != "lang"))
        self.pages.setdefault(key, {})[repr(sorted(figures.items()))] = figures


def figures_of(page: Run) -> Figures:
    """Agent → score, both ends of its interval and grade, as the page's chart holds them."""
    for frame in page.frames():
        if "whatif" in frame:
            rows = zip(frame["agent"], frame["whatif"], frame["low"], frame["high"], frame["grade_whatif"], strict=True)
            return {str(agent): (*map(float, numbers), float(ord(grade))) for agent, *numbers, grade in rows}
    return {}


class CommandLine:
    """``python -m core score`` in this process, the files read once."""

    def __init__(self, files: list[str]) -> None:
        from core import command, engine

        self.files, self.folder = files, Path(tempfile.mkdtemp(prefix="answers-"))
        known: dict[str, Any] = {}
        load, build = command.load, engine.build_facts
        command.load = lambda *given: known.setdefault("log", None) or known.__setitem__("log", load(*given)) or known["log"]  # type: ignore[attr-defined]
        engine.build_facts = lambda *given: known.setdefault("facts", None) or known.__setitem__("facts", build(*given)) or known["facts"]

    def answer(self, scenario: Mapping[str, str]) -> Figures:
        """Agent → score, ends of the interval and grade; graded agents only."""
        from core.__main__ import main

        path = self.folder / "scenario.json"
        path.write_text(json.dumps({name: float(value) for name, value in scenario.items()}), encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()) as told:
            assert main(["score", *self.files, "--scenario", str(path), "--json"]) == 0, told.getvalue()
        rows = json.loads(told.getvalue())["rows"]
        return {row["agent"]: (row["score"], row["low"], row["high"], float(ord(row["grade"]))) for row in rows if row["grade"]}


async def moving(address: str, seen: Seen, start: asyncio.Barrier, words: argparse.Namespace, seed: int) -> None:
    """A session over WebSocket that moves a slider, looks, and waits a little."""
    rng = np.random.default_rng(seed)
    try:
        async with visiting(address, "scores?lang=en") as one:
            await opened(one, words.files)
            await start.wait()
            while seen.open:
                page = await one.move(str(rng.choice(KNOBS)), float(rng.choice(STEPS)))
                seen.troubles["exceptions"] += len(page.of("exception"))
                seen.keep(one.query, figures_of(page), page.seconds)
                await asyncio.sleep(float(rng.exponential(words.pause)))
    except Exception as error:  # noqa: BLE001 - whatever ends a session is counted, with its name
        seen.troubles[f"sessions ended: {type(error).__name__}"] += 1
        await start.abort()


async def opened(one: Visitor, files: list[str]) -> None:
    """The Scores page, with the files where some were given."""
    if files:
        one.page = "data"
        await one.run()
        await one.upload("upload", [Path(file) for file in files])
        one.page, one.script = "scores", ""
    await one.run()


async def browsing(browser: Any, address: str, seen: Seen, start: asyncio.Barrier, seed: int) -> None:
    """The same by a real browser, by the keys PageUp and PageDown on the sliders."""
    page = await browser.new_page(viewport={"width": 1440, "height": 1000}, locale="en-US")
    closing: list[bool] = []
    page.on("websocket", lambda socket: socket.on("close", lambda _: seen.troubles.update({"browser sockets closed": not closing})))
    rng = np.random.default_rng(seed)
    await page.goto(f"{address}/scores?lang=en")
    await page.locator("[data-testid=stVegaLiteChart] svg").nth(1).wait_for(timeout=300_000)
    await start.wait()
    while seen.open:
        await page.get_by_role("slider").nth(int(rng.integers(0, 3))).focus()
        await page.keyboard.press(str(rng.choice(["PageUp", "PageDown", "End"])))
        shown = await at_rest(page)
        found = [hit.groups() for hit in map(POINT.search, shown["labels"]) if hit]
        seen.troubles["exceptions"] += shown["exceptions"]
        seen.keep(urlsplit(shown["url"]).query, {agent: (float(score), float(ord(grade))) for score, agent, grade in found})
    closing.append(True)
    await page.close()


async def at_rest(page: Any) -> dict[str, Any]:
    """What the browser shows once nothing runs and nothing has changed for two looks: address and labels of one and the same moment."""
    before: dict[str, Any] = {}
    while True:
        await page.wait_for_timeout(1500)
        now: dict[str, Any] = await page.evaluate(LOOK)
        if now["state"] == "notRunning" and now == before:
            return now
        before = now


async def weighing(process: int, seen: Seen, start: asyncio.Barrier) -> None:
    """The server's memory (MB), every few seconds from when all sessions are open."""
    await start.wait()
    began = time.monotonic()
    while seen.open:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
        seen.memory.append((time.monotonic() - began, int(status.split("VmRSS:")[1].split()[0]) / 1024))
        await asyncio.sleep(min(SAMPLE_EVERY_S, max(seen.until - time.monotonic(), 0.1)))


@contextlib.asynccontextmanager
async def chromium(wanted: int) -> Any:
    """A browser, where one is wanted."""
    if not wanted:
        yield None
        return
    from playwright.async_api import async_playwright

    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    async with async_playwright() as play:
        yield await play.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=flags)


async def visits(address: str, process: int, words: argparse.Namespace) -> Seen:
    """All sessions for so long."""
    seen = Seen(minutes=words.minutes)
    async with chromium(words.browsers) as browser:
        start = asyncio.Barrier(words.sessions + 1)
        browsers = [browsing(browser, address, seen, start, seed) for seed in range(words.browsers)]
        others = [moving(address, seen, start, words, seed) for seed in range(words.browsers, words.sessions)]
        await asyncio.gather(*browsers, *others, weighing(process, seen, start))
    return seen


def wrong(seen: Seen, ask: CommandLine) -> Iterator[str]:
    """Figures of a page that the command line does not say; counts what was compared in ``seen``."""
    for scenario, pages in seen.pages.items():
        right = ask.answer(dict(scenario))
        for page in pages.values():
            seen.troubles["pages without figures"] += not page
            for agent, shown in page.items():
                said = right.get(agent, ())
                said = said if len(shown) == len(said) else (said[0], said[-1]) if said else ()
                seen.troubles["figures compared"] += len(shown)
                if len(said) != len(shown) or not np.allclose(said, shown, rtol=0, atol=CLOSE):
                    yield f"{dict(scenario)} {agent}: page {shown}, command line {said}"
            if page and page.keys() != right.keys():
                yield f"{dict(scenario)}: agents {sorted(page.keys() ^ right.keys())}"


def slope(memory: list[tuple[float, float]]) -> float:
    """MB a minute over the last two thirds of the time."""
    late = [point for point in memory if point[0] >= memory[-1][0] / 3]
    seconds, size = np.array(late).T
    return float(np.polyfit(seconds / 60, size, 1)[0]) if len(late) > 2 else float("nan")


def report(seen: Seen, mistakes: list[str], words: argparse.Namespace) -> None:
    """What there is to know, and whether it is as it must be."""
    times = sorted(seen.times)
    size = [each for _, each in seen.memory]
    print(f"{words.sessions} sessions, {words.browsers} of them browsers, {words.minutes:g} minutes")
    print(f"{seen.runs} pages shown under {len(seen.pages)} scenarios")
    print(f"figures compared {seen.troubles.pop('figures compared', 0)} (each different page once), wrong {len(mistakes)}")
    middle, late, longest = (float(each) * 1000 for each in (statistics.median(times), np.quantile(times, 0.95), times[-1]))
    print(f"reruns: median {middle:.0f} ms, p95 {late:.0f} ms, longest {longest:.0f} ms")
    print(f"server's memory: {size[0]:.0f} MB at first, {max(size):.0f} at most, {size[-1]:.0f} at last")
    print(f"its slope over the last two thirds of the time: {slope(seen.memory):+.1f} MB a minute")
    print("troubles: " + (", ".join(f"{what} {n}" for what, n in seen.troubles.items() if n) or "none"))
    for line in itertools.islice(mistakes, 10):
        print("  " + line)


def main() -> None:
    """Serve, visit, compare, report; ends with 1 when a number was wrong or a session ended."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("files", nargs="*", metavar="FILE")
    asked.add_argument("--sessions", type=int, default=20)
    asked.add_argument("--browsers", type=int, default=2)
    asked.add_argument("--minutes", type=float, default=10.0)
    asked.add_argument("--pause", type=float, default=1.0, help="seconds between two moves of a session, on average")
    words = asked.parse_args()
    own = {**ENVIRONMENT, "KEFULENS_SAMPLE": "0" if words.files else "1"}
    os.environ.update(own)
    with serving_with(str(ROOT / "app.py"), own, OPTIONS) as (address, process):
        seen = asyncio.run(visits(address, process, words))
    files = words.files or [str(path) for path in sorted((ROOT / "sample_data" / "shop").glob("*.csv"))]
    mistakes = list(wrong(seen, CommandLine(files)))
    report(seen, mistakes, words)
    bad = len(mistakes) + sum(n for what, n in seen.troubles.items() if n)
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
