"""Every page that needs a log says so without one, and leads to one."""

from __future__ import annotations

import pytest

from core.text import Text
from tests.pages.conftest import Open, is_clean


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", ["nothing", "broken"])
@pytest.mark.parametrize("page", ["3_scores", "5_compare", "6_trends", "7_staffing"])
def test_without_a_log_the_page_shows_the_way_out(open_page: Open, page: str, state: str, language: str) -> None:
    """Nothing loaded, or nothing but a broken file: no table, a button for the sample."""
    at = open_page(page, language, state)
    is_clean(at)
    assert not at.dataframe
    assert at.button(key="empty_sample").label == Text(language)("pages.empty.sample")
