"""Demand: the forecast of the core with its honesty, arrivals, peaks; with too little data a sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core import recompute
from core.recompute import Report
from core.scenario import Scenario
from core.staffing import Fitted, arrivals, outlook
from core.staffing.models import MODELS
from core.text import Text
from tests.pages.conftest import Open, charted, is_clean, visible

LANGUAGES = ("zh", "en")
Reported = Callable[..., Report]


@pytest.fixture(scope="module")
def fitted(reported: Reported) -> Fitted:
    """The core's own fit of the sample."""
    return recompute.forecast(reported().measured.observed, Scenario())


def opened(open_page: Open, language: str, weeks: int = 4, **link: str) -> AppTest:
    """The part of the Staffing page under test."""
    at = open_page("7_staffing", language, "sample", **link)
    at.segmented_control(key=f"staffing_part.{language}").set_value("demand").run()
    if weeks != 4:
        at.slider(key="forecast_weeks").set_value(weeks).run()
    return at


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_holds_the_cores_forecast(open_page: Open, reported: Reported, fitted: Fitted, language: str) -> None:
    """Four weeks to come with their band behind eight past ones, the method and its gain in words; eight weeks ahead cannot be tested."""
    at = opened(open_page, language)
    is_clean(at)
    observed, text = reported().measured.observed, Text(language)
    found = outlook(fitted, 4)
    frame = charted(at.get("vega_lite_chart")[0])
    assert frame["y"].tolist()[-28:] == found.days["p50"].tolist()
    assert frame["low"].isna().sum() == 56
    assert frame["high"].tolist()[-28:] == found.days["p90"].tolist()
    assert any(text(f"demand.model.{found.model}") in said and text.number(found.backtest["mase"], 2) in said for said in visible(at))
    table = arrivals(recompute.demand(observed, Scenario()), 60).set_index(["weekday", "start"])["mean"]
    cells = charted(at.get("vega_lite_chart")[1]).set_index(["weekday", "hour"])["value"]
    assert cells.sort_index().to_numpy() == pytest.approx(table.sort_index().to_numpy())
    at.session_state["fold_methods"] = True
    at.session_state["fold_how_demand"] = True
    at.slider(key="forecast_weeks").set_value(8).run()
    is_clean(at)
    untested = text("demand.sentence.untested", days=84, weeks=8, testable=6)
    assert untested in visible(at)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("last", ["2026-03-02", "2026-03-20"], ids=["one day", "19 days"])
def test_a_short_log_says_what_is_missing(open_page: Open, language: str, last: str) -> None:
    """One day has no forecast; three weeks have last week's figures, of unknown quality; neither has peaks."""
    at = opened(open_page, language, period="custom", to=last)
    is_clean(at)
    text = Text(language)
    if last == "2026-03-02":
        assert any(text("issues.forecast_too_short.message", days=1, needed=14) in each.value for each in at.error)
    else:
        assert text("demand.sentence.untestable", days=19) in visible(at)
    assert text("demand.peak.few") in visible(at)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plan_can_be_made_for_the_coming_weeks(open_page: Open, language: str) -> None:
    """Chosen in the settings, the plan says for which weeks and by which method; promotions and holidays are kept apart on the way."""
    at = opened(open_page, language, promotions="2026-04-10..2026-04-11", countries="CN")
    is_clean(at)
    text = Text(language)
    assert any(text("demand.effect.once") in said for said in visible(at))
    at.segmented_control(key=f"staffing_part.{language}").set_value("plan").run()
    at.session_state["fold_staffing"] = True
    at.run()
    at.selectbox(key=f"plan_weeks.{language}").set_value("coming").run()
    is_clean(at)
    volume, names = text("staffing.volume.mean"), [text(f"demand.model.{each}") for each in MODELS]
    said = {text("plan.sentence.coming", weeks=4, model=name, volume=volume) for name in names}
    assert said & set(visible(at))
