"""A real server with the sample shop and a real browser; skipped with the reason where there is no Chromium."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium_path() -> str | None:
    """Where a Chromium is, if anywhere."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
    return os.environ.get("CHROMIUM") or next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of the app with the sample shop loaded."""
    with served("1") as address:
        yield address


@pytest.fixture(scope="session")
def empty_server() -> Iterator[str]:
    """Address of the app with nothing loaded."""
    with served("0") as address:
        yield address


@contextmanager
def served(sample: str, **more: str) -> Iterator[str]:
    """The app on a free port, with further variables of the environment; ended afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = os.environ | {
        "KEFULENS_SAMPLE": sample,
        "STREAMLIT_SERVER_PORT": str(port),
        "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
        **more,
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.fileWatcherType", "none"]
    with subprocess.Popen(
        command, cwd=ROOT, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _healthy(f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _healthy(address: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310 (our own server)
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not start within 30 s")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium was found on this machine (set CHROMIUM to its path to run the browser tests)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


Visit = Callable[..., Any]


@pytest.fixture
def visit(browser: Any, server: str) -> Iterator[Visit]:
    """Open a page of the app as a new visitor: ``visit("scores", "zh-CN")``; every request is noted in ``page.asked``."""
    yield from _visits(browser, server)


@pytest.fixture
def visit_empty(browser: Any, empty_server: str) -> Iterator[Visit]:
    """The same where nothing is loaded."""
    yield from _visits(browser, empty_server)


def _visits(browser: Any, address: str) -> Iterator[Visit]:
    contexts = []

    def opened(path: str, locale: str = "zh-CN") -> Any:
        context = browser.new_context(locale=locale, viewport={"width": 1440, "height": 1000}, accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(40_000)
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(path if path.startswith("http") else f"{address}/{path}")
        page.wait_for_selector("[data-testid=stHeading]")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A small export as a shop has it: GBK, Chinese headings, 40 conversations of two agents, the last of them unanswered."""
    path = tmp_path / "会话导出.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["会话ID", "客户ID", "客服", "会话开始时间", "首次人工回复时间", "会话结束时间", "评价"])
        for at in range(40):
            day = f"2026-05-{at % 28 + 1:02d}"
            reply = f"{day} 10:00:{at % 50 + 5:02d}" if at < 39 else ""
            agent = ["小王", "小李"][at % 2]
            rows.writerow(
                [f"{at:05d}", f"客{at % 9}", agent, f"{day} 10:00:00", reply, f"{day} 10:20:00", 5 - at % 3]
            )
    return path
