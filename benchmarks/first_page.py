"""Seconds from ``python3 run.py`` to the first page, with the environment already made (a second start).

``python -m benchmarks.first_page FOLDER [REPEATS]`` clones the project into FOLDER, starts it once so that the environment is made and the
sample has been read, then times fresh starts: from the command to the server's health and to the first figure card in a real browser that
is already open and has an empty cache. Needs git, Playwright and a Chromium (``CHROMIUM``, else /usr/bin/chromium).
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def cloned(folder: Path) -> Path:
    """The project's committed state in a folder of its own; an older clone is brought up to date and keeps its environment."""
    clone = folder / "clone"
    if (clone / ".git").exists():
        subprocess.run(["git", "-C", str(clone), "pull", "--quiet", "--ff-only"], check=True)
    else:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    return clone


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start(clone: Path, browser: Any, patience_s: float) -> tuple[float, float, float]:
    """One start and stop: seconds to health, to the page's heading, to its first figure."""
    port = free_port()
    given = {**os.environ, "STREAMLIT_SERVER_PORT": str(port), "STREAMLIT_SERVER_HEADLESS": "true"}
    page = browser.new_context(locale="en-US").new_page()
    began = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "run.py"], cwd=clone, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _healthy(f"http://127.0.0.1:{port}/_stcore/health", patience_s)
        healthy = time.perf_counter() - began
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator("h1").first.wait_for(timeout=60_000)
        heading = time.perf_counter() - began
        page.locator("[data-testid=stMetricValue]").first.wait_for(timeout=120_000)
        return healthy, heading, time.perf_counter() - began
    finally:
        server.terminate()
        server.wait()
        page.context.close()


def _healthy(address: str, patience_s: float) -> None:
    until = time.perf_counter() + patience_s
    while time.perf_counter() < until:
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310
                return
        except OSError:
            time.sleep(0.02)
    raise SystemExit("the server did not become healthy")


def main() -> None:
    """Start once untimed, then time."""
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1])
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    folder.mkdir(parents=True, exist_ok=True)
    clone = cloned(folder)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS)
        start(clone, browser, 900)
        found = [start(clone, browser, 60) for _ in range(repeats)]
        browser.close()
    for name, times in zip(("healthy", "heading", "first figure"), zip(*found, strict=True), strict=True):
        print(f"{name:<13}{statistics.median(times):6.2f} s  [{min(times):.2f}–{max(times):.2f}]")


if __name__ == "__main__":
    main()
