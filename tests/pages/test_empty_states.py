"""Every page that needs a log says so without one, and leads to one."""

from __future__ import annotations

import pytest

from core.text import Text
from tests.pages.conftest import Open, is_clean


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", ["nothing", "broken"])
@pytest.mark.parametrize("page", ["3_scores", "4_whatif", "5_compare", "6_trends", "7_staffing"])
def test_without_a_log_the_page_shows_the_way_out(open_page: Open, page: str, state: str, language: str) -> None:
    """Nothing loaded, or nothing but a broken file: no table, a button for the sample."""
    at = open_page(page, language, state)
    is_clean(at)
    assert not at.dataframe
    assert at.button(key="empty_sample").label == Text(language)("pages.empty.sample")


def test_dates_without_a_time_of_day_leave_the_plan_with_its_reason(open_page: Open) -> None:
    """A log of dates opens every page; the plan says why there is none, and the hours are empty."""
    rows = "".join(f"{n},c{n},Ann,2024-01-{n % 28 + 1:02d},5\n" for n in range(60))
    text = "Conversation ID,Customer ID,Agent,Started at,CSAT\n" + rows
    at = open_page("1_data", "en")
    at.file_uploader(key="files").upload("dates.csv", text.encode(), "text/csv").run()
    for page in ("2_overview", "6_trends", "7_staffing"):
        at.switch_page(f"pages/{page}.py").run()
        assert not at.exception
    assert any("time of day" in box.value for box in at.error)
