"""The live board beside a writer, in a real browser: new rows within ten seconds, and nothing else on the page moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.text import Text
from tests.browser.conftest import served

TEXT, EVERY_S, SOON_S = Text("en"), 2, 10
HEAD = "Conversation ID,Customer ID,Sent at,Sender,Agent ID\n"
NOTE = """() => {
  window.__moved = 0;
  new MutationObserver(found => {
    window.__moved += found.filter(one => !(one.target.nodeType === 1 ? one.target : one.target.parentElement)
      .closest('.st-key-live_board')).length;
  }).observe(document.querySelector('[data-testid=stMainBlockContainer]'), {subtree: true, childList: true, characterData: true});
  window.__looks = 0;
  new MutationObserver(() => { window.__looks += 1; }).observe(
    document.querySelector('.st-key-live_board'), {subtree: true, childList: true, characterData: true});
}"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A watched folder with one open ask, and the address of an app that watches it."""
    (tmp_path / "log.csv").write_text(HEAD + asks(1), "utf-8")
    with served("0", KEFULENS_WATCH=str(tmp_path)) as address:
        yield tmp_path / "log.csv", address


def asks(count: int, first: int = 0) -> str:
    """Conversations that nobody has answered yet."""
    return "".join(f"c{at},u{at},2026-05-04 10:00:{at:02d},customer,\n" for at in range(first, first + count))


def soon(done: Callable[[], bool]) -> float:
    """Seconds until something is true; fails after the time within which new rows must be there."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < SOON_S
        time.sleep(0.05)
    return time.monotonic() - began


def test_new_rows_come_and_the_rest_stays_still(browser: Any, folder: tuple[Path, str]) -> None:
    """Rows appended beside a torn line, nonsense in the file's place, the file taken away and back: each on the page within ten seconds.

    Meanwhile a field outside the board keeps its focus, and no element outside it changes.
    """
    path, address = folder
    page = browser.new_context(locale="en-US", viewport={"width": 1440, "height": 1000}).new_page()
    page.goto(f"{address}/live?live_every_s={EVERY_S}")
    card = page.locator(".st-key-live_now [data-testid=stMetricValue]").first
    card.wait_for(timeout=30_000)
    assert card.inner_text() == "1"
    page.get_by_role("spinbutton", name="Look every (seconds)").focus()
    page.evaluate(NOTE)
    with path.open("a", encoding="utf-8") as file:
        file.write(asks(3, 1) + "c9,u9,2026-05-04 10:0")
    soon(lambda: card.inner_text() == "4")
    soon(lambda: page.evaluate("window.__looks") > 0)
    assert page.evaluate("window.__moved") == 0
    assert page.evaluate("document.activeElement.tagName") == "INPUT"
    warning = page.locator(".st-key-live_board [data-testid=stAlert]")
    path.write_text("just,nonsense\n1,2\n", "utf-8")
    soon(lambda: warning.count() == 1 and "log.csv" in warning.inner_text())
    path.unlink()
    gone = TEXT("issues.live_file_gone.message", file="log.csv")
    soon(lambda: warning.count() == 1 and gone in warning.inner_text())
    assert card.inner_text() == "4"
    path.write_text(HEAD + asks(6), "utf-8")
    soon(lambda: card.inner_text() == "6" and warning.count() == 0)
    assert page.evaluate("window.__moved") == 0
    assert page.evaluate("document.activeElement.tagName") == "INPUT"
    page.context.close()
