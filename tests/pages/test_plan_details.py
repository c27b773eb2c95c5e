"""What the plan says beside its map: patience and its range, money, one agent more or less."""

from __future__ import annotations

import pytest

from core.text import Text
from tests.pages.conftest import Open, is_clean, visible

PAGE = "7_staffing"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_patience_money_and_small_pools_are_told(open_page: Open, language: str) -> None:
    """With a patience its range is told, with a wage the money, and always what one agent more or less does."""
    plain = " ".join(visible(open_page(PAGE, language, "sample")))
    at = open_page(PAGE, language, "sample", patience_s="120", wage="30", sl_meaning="sl_excl_short_abandons")
    is_clean(at)
    said = " ".join(visible(at))
    text = Text(language)
    for words in (text.duration(60.0), text.duration(240.0), text("plan.sentence.endless"), text.value(30.0, "money")):
        assert words in said
    assert text("plan.sentence.endless") not in plain
    assert text("plan.sentence.small_pool", weekday="", start="", agents="", minus_one="", required="", plus_one="")[:6] in plain
