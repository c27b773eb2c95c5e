"""A stranger with a raw file: three steps and a handful of clicks to the first chart, and a way back out of a long reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.text import Text

SETTLED = 60_000
CHART = "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"
FILES = {
    "shopzilla": ("shopzilla/Customer_support_data_20pct.csv",),
    "call_center": ("pwc_call_center/01 Call-Center-Dataset.xlsx",),
    "chat_cn": tuple(
        f"chat_cn/{name}.csv"
        for name in ("access", "chat_log", "conversation", "customer_service", "service_group", "work_time")
    ),
}


class Stranger:
    """A visitor who does one thing after another; steps and clicks are counted."""

    def __init__(self, page: Any) -> None:
        self.page, self.steps, self.clicks = page, 0, 0

    def choose_files(self, paths: list[Path]) -> None:
        """Step: press the upload button, mark the files, confirm (the system's dialog is two clicks)."""
        with self.page.expect_file_chooser(timeout=SETTLED) as asked:
            self.page.get_by_role("button", name="Upload", exact=True).click()
        asked.value.set_files([str(path) for path in paths])
        self.steps, self.clicks = self.steps + 1, self.clicks + 3

    def press(self, name: str) -> None:
        """Step: press a button."""
        self.page.get_by_role("button", name=name).first.click(timeout=SETTLED)
        self.steps, self.clicks = self.steps + 1, self.clicks + 1


@pytest.fixture(params=["gbk", *FILES])
def raw(request: pytest.FixtureRequest, export: Path) -> list[Path]:
    """What a stranger brings: a small GBK export, and logs of shops."""
    if request.param == "gbk":
        return [export]
    return [request.getfixturevalue("shared") / "data" / file for file in FILES[request.param]]


@pytest.mark.parametrize(("locale", "text"), [("zh-CN", Text("zh")), ("en-US", Text("en"))])
def test_from_a_raw_file_to_the_first_chart(visit_empty: Any, raw: list[Path], locale: str, text: Text) -> None:
    """Front page, files, what was understood, overview: at most three steps and five clicks, in both languages."""
    stranger = Stranger(visit_empty("", locale))
    stranger.choose_files(raw)
    stranger.page.get_by_text(text("pages.data.understood")).first.wait_for(timeout=SETTLED)
    stranger.press(text("pages.data.go_overview"))
    stranger.page.wait_for_selector(CHART, timeout=SETTLED)
    stranger.page.get_by_role("heading", name=text("pages.overview.title")).wait_for(timeout=SETTLED)
    assert stranger.steps <= 3
    assert stranger.clicks <= 5


def settle(page: Any, holds: Callable[[], bool]) -> None:
    """Waits until something holds: while a page is drawn anew, old and new parts stand there together for a moment."""
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(200)
    raise AssertionError("what should hold never did")


def at_rest(page: Any, part: Any) -> str:
    """The words of a part of the page once they have stayed the same for a second."""
    said: list[str] = []
    settle(page, lambda: said.append(part.inner_text()) is None and len(said) > 5 and len(set(said[-6:])) == 1)
    return said[-1]


@pytest.fixture
def long_log(tmp_path: Path) -> Path:
    """Conversations enough for some seconds of reading."""
    path = tmp_path / "long.csv"
    row = "{n},c{n},Agent {a},2024-{m:02d}-{d:02d} 09:{s:02d}:00,2024-{m:02d}-{d:02d} 09:{s:02d}:30,5\n"
    with path.open("w", encoding="utf-8") as file:
        file.write("Conversation id,Customer id,Agent,Started at,First human reply at,CSAT\n")
        file.writelines(row.format(n=n, a=n % 40, m=n % 12 + 1, d=n % 28 + 1, s=n % 60) for n in range(700_000))
    return path


def test_a_reading_can_be_cancelled_and_changes_nothing(visit: Any, long_log: Path) -> None:
    """Cancel ends a reading under way; the page says so, the sample is still there, and the file is not tried again by itself."""
    text = Text("en")
    page = visit("data", "en-US")
    sidebar = page.locator("[data-testid=stSidebar]")
    before = at_rest(page, sidebar)
    page.set_input_files("input[type=file]", str(long_log))
    page.get_by_role("button", name=text("pages.data.cancel")).click(timeout=SETTLED)
    page.get_by_text(text("pages.data.called_off")).first.wait_for(timeout=SETTLED)
    page.get_by_text(text("pages.data.understood")).first.wait_for(timeout=SETTLED)
    assert at_rest(page, sidebar) == before
    page.get_by_text(text("pages.data.ledger"), exact=True).first.click()
    page.get_by_text(re.compile(r"rows read")).first.wait_for(timeout=SETTLED)
    assert at_rest(page, sidebar) == before
