"""What a visitor does, in a real browser: look, upload, turn a weight, come back, send the link, take a picture with them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from core.text import Text

ZH, EN = Text("zh"), Text("en")
SETTLED = 60_000


def _slider(page: Any, name: str) -> Any:
    return page.get_by_role("slider", name=name).first


def test_the_first_page_speaks_the_browsers_language_and_asks_nobody_else(visit: Any) -> None:
    """A Chinese browser gets Chinese, an English one English, and no request leaves the machine."""
    for locale, text in (("zh-CN", ZH), ("en-US", EN)):
        page = visit("", locale)
        page.get_by_role("heading", name=text("pages.overview.title")).wait_for()
        page.wait_for_selector(
            "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg", timeout=SETTLED
        )
        hosts = {urlparse(address).hostname for address in page.asked if address.startswith(("http", "ws"))}
        assert hosts == {"127.0.0.1"}


def test_an_uploaded_file_is_shown_and_a_broken_one_loses_nothing(visit: Any, export: Path, tmp_path: Path) -> None:
    """After an upload the sidebar counts its conversations; a broken file says why and the first stays loaded."""
    page = visit("data")
    page.set_input_files("input[type=file]", str(export))
    sidebar = page.locator("[data-testid=stSidebar]")
    sidebar.get_by_text(re.compile(r"\b40 ")).first.wait_for(timeout=SETTLED)
    broken = tmp_path / "broken.csv"
    broken.write_bytes(bytes(range(256)) * 20)
    page.set_input_files("input[type=file]", str(broken))
    page.get_by_text("broken.csv").first.wait_for(timeout=SETTLED)
    page.locator("[data-testid=stAlert]").first.wait_for(timeout=SETTLED)
    assert sidebar.get_by_text(re.compile(r"\b40 ")).count() >= 1


def test_a_turned_weight_survives_pages_and_travels_with_the_link(visit: Any) -> None:
    """A slider move changes the scores and the address; another page and back keeps it; the link gives a stranger the same."""
    page = visit("scores", "en-US")
    slider = _slider(page, EN("knobs.w_quality.name"))
    slider.wait_for(timeout=SETTLED)
    before = page.locator("[data-testid=stMain]").inner_text()
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.wait_for_url(re.compile("w_quality=50"), timeout=SETTLED)
    page.get_by_text("45.5 %").first.wait_for(timeout=SETTLED)
    assert page.locator("[data-testid=stMain]").inner_text() != before
    page.get_by_role("link", name=EN("pages.trends.title")).click()
    page.get_by_role("heading", name=EN("pages.trends.title")).wait_for(timeout=SETTLED)
    page.get_by_role("link", name=EN("pages.scores.title")).click()
    page.get_by_text("45.5 %").first.wait_for(timeout=SETTLED)
    assert _slider(page, EN("knobs.w_quality.name")).input_value() == "50"
    stranger = visit(page.url, "en-US")
    stranger.get_by_text("45.5 %").first.wait_for(timeout=SETTLED)
    assert _slider(stranger, EN("knobs.w_quality.name")).input_value() == "50"


def test_a_picture_with_chinese_words_can_be_taken_along(visit: Any, tmp_path: Path) -> None:
    """The PNG of a chart downloads, and its Chinese words are drawn: their ink is not that of empty boxes."""
    from PIL import Image

    page = visit("scores")
    button = page.get_by_role("button", name=ZH("pages.download.png")).first
    button.wait_for(timeout=SETTLED)
    with page.expect_download(timeout=SETTLED) as waiting:
        button.click()
    path = tmp_path / "chart.png"
    waiting.value.save_as(path)
    with Image.open(path) as picture:
        grey = picture.convert("L")
        assert min(picture.size) > 400
        title = grey.crop((0, 0, grey.width // 2, grey.height // 12))
        levels = title.getcolors(maxcolors=256) or []
        dark = sum(count for count, level in levels if level < 140)
    assert dark > 300
