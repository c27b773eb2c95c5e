"""The live board beside a writer: seconds from a write to the page in a real browser, and memory over many looks.

``python -m benchmarks.live FOLDER [CONVERSATIONS] [APPENDS] [LOOKS] [EVERY_S]`` (100,000, 20, 200, 5):

- ``loaded``: a shop of so many conversations is loaded in the browser as history; a message log in a watched folder grows.
- ``beside``: the history lies in the watched folder itself, beside the growing log.

Each append writes three asks and the half of a fourth line; it is on the page when the card "waiting" shows the new count. Then, without a
browser, so many looks at a log that grows at each of them: memory of the process after the first fifth and after the last, and the
milliseconds of a look. Needs Playwright and a Chromium (``CHROMIUM``, else /usr/bin/chromium).
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.slider import serving, shop

HEAD = "Conversation ID,Customer ID,Sent at,Sender,Agent ID,Channel\n"
START = datetime(2026, 3, 30, 10, tzinfo=UTC)
ROWS, GOAL_S, WAIT_S = 3, 10.0, 120
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def asks(first: int, count: int) -> str:
    """Open asks, one a second from the start on, each in a conversation of its own."""
    stamps = [(START + timedelta(seconds=at)).strftime("%Y-%m-%d %H:%M:%S") for at in range(first, first + count)]
    return "".join(f"live{first + at},u{first + at},{stamp},customer,,chat\n" for at, stamp in enumerate(stamps))


class Writer:
    """A log that grows by some asks at a time, always with half a line at its end."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, 1
        whole = asks(0, 2)
        cut = len(asks(0, 1)) + 20
        path.write_text(HEAD + whole[:cut], "utf-8")
        self.torn = whole[cut:]

    def write(self) -> int:
        """Three more complete lines; how many asks there are then."""
        more = self.torn + asks(self.rows + 1, ROWS)
        cut = len(more) - 20
        with self.path.open("a", encoding="utf-8") as file:
            file.write(more[:cut])
            file.flush()
            os.fsync(file.fileno())
        self.torn, self.rows = more[cut:], self.rows + ROWS
        return self.rows


def latency(browser: Any, history: list[Path], folder: Path, plan: tuple[str, int, float]) -> list[float]:
    """Seconds from each write to the page."""
    where, appends, every = plan
    for old in folder.iterdir():
        old.unlink()
    if where == "beside":
        (folder / history[0].name).hardlink_to(history[0])
    writer = Writer(folder / "live_messages.csv")
    environment = {"KEFULENS_SAMPLE": "0", "KEFULENS_WATCH": str(folder), "KEFULENS_CACHE": ""}
    with serving("app.py", environment) as address:
        page = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-US").new_page()
        page.set_default_timeout(300_000)
        page.goto(f"{address}/{'data' if where == 'loaded' else 'live'}?live_every_s={every:g}&live_give_up_h=48")
        if where == "loaded":
            page.locator("input[type=file]").first.set_input_files(str(history[0]))
            page.locator("[data-testid=stSidebar]").get_by_text(f"{int(history[0].stem.split('_')[1]):,}").first.wait_for()
            page.locator("[data-testid=stSidebarNav] a[href*=live]").click()
        card = page.locator(".st-key-live_now [data-testid=stMetricValue]").first
        card.wait_for()
        taken = [_seen(card, writer.write()) for _ in range(appends + 1)]
        page.context.close()
    return taken[1:]


def _seen(card: Any, wanted: int) -> float:
    """Seconds until the card shows the count; the pauses between writes are no multiple of the interval."""
    began = time.perf_counter()
    while card.inner_text() != f"{wanted:,}":
        if time.perf_counter() - began > WAIT_S:
            raise SystemExit(f"{wanted} asks were not on the page within {WAIT_S} s")
        time.sleep(0.02)
    taken = time.perf_counter() - began
    time.sleep(0.37)
    return taken


def memory(folder: Path, looks: int) -> tuple[int, int, float]:
    """Bytes of the process after a fifth of the looks and after all, and the median milliseconds of a look with its board."""
    from core.growing import refreshed
    from core.ingest import Choices
    from core.looking import Place, viewed
    from core.scenario import Scenario

    for old in folder.iterdir():
        old.unlink()
    writer, scenario, choices = Writer(folder / "live_messages.csv"), Scenario.of({"live_give_up_h": 48}), Choices()
    place, view, taken, used = Place(lambda held, now: refreshed(held, folder, choices, now)), None, [], []
    for at in range(looks):
        wanted, began = writer.write(), time.perf_counter()
        view = viewed(view, place, scenario, at * 10_000)
        taken.append((time.perf_counter() - began) * 1000)
        assert view.board is not None
        assert view.board.figures["waiting"].value == wanted
        used.append(_resident())
    return used[looks // 5], used[-1], statistics.median(taken)


def _resident() -> int:
    """Memory of this process in bytes; 0 where the system does not say."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if status.exists() else 0


def main() -> None:
    """Prepare, measure, print."""
    from playwright.sync_api import sync_playwright

    place = Path(sys.argv[1])
    given = [*sys.argv[2:6], "", "", "", ""]
    size, appends, looks, every = (int(word or usual) for word, usual in zip(given, (100_000, 20, 200, 5), strict=False))
    folder = place / "watched"
    folder.mkdir(parents=True, exist_ok=True)
    history = shop(place, size, 50)
    print(f"{size:,} conversations of history, {appends} appends of {ROWS} rows, a look every {every} s; seconds from write to page")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS)
        for where in ("loaded", "beside"):
            taken = sorted(latency(browser, history, folder, (where, appends, every)))
            p95 = taken[max(0, -(-95 * len(taken) // 100) - 1)]
            told = f"{where:<8} median {statistics.median(taken):5.2f}  p95 {p95:5.2f}  max {taken[-1]:5.2f}"
            print(f"{told}  (goal ≤ {GOAL_S:g}: {'met' if taken[-1] <= GOAL_S else 'MISSED'})", flush=True)
        browser.close()
    early, late, median = memory(folder, looks)
    print(f"{looks} looks, all with rows: {early / 1e6:.0f} MB after {looks // 5}, {late / 1e6:.0f} MB after all; {median:.0f} ms a look")


if __name__ == "__main__":
    main()
