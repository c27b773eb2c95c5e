"""The back-test on the Staffing page: the core's own figures in both languages, and what is said with too little."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core import recompute
from core.recompute import Report
from core.scenario import Scenario
from core.text import Text
from tests.pages.conftest import Open, charted, is_clean, visible

PAGE = "7_staffing"
LANGUAGES = ("zh", "en")


def at_proof(open_page: Open, language: str, **link: str):
    """The Staffing page with its back-test chosen."""
    at = open_page(PAGE, language, "sample", **link)
    at.segmented_control(key=f"staffing_part.{language}").set_value("proof").run()
    return at


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sample_after_its_new_roster(open_page: Open, reported: Callable[..., Report], language: str) -> None:
    """The weeks after the change of roster are predicted within five points, and the page says so with the core's figures."""
    at = at_proof(open_page, language)
    is_clean(at)
    found = recompute.backtest(reported().measured.observed, Scenario.of({}))
    assert found.verdict == "agrees"
    assert abs(found.errors["bias"]) < 0.05
    text = Text(language)
    said = " ".join(visible(at))
    for name in ("predicted", "actual", "in_band"):
        assert text.share(found.errors[name]) in said
    cells = charted(at.get("vega_lite_chart")[0])
    bins = cells[cells["group"] == "bin"]
    assert bins["actual"].tolist() == pytest.approx(found.bins["actual"].tolist())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_short_period_cannot_be_tested(open_page: Open, language: str) -> None:
    """Seven days are too few: one sentence, no chart."""
    at = at_proof(open_page, language, period="7d")
    is_clean(at)
    assert not at.get("vega_lite_chart")
    assert any(Text(language)("backtest.reason.few_earlier_days") in said for said in visible(at))
