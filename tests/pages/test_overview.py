"""Overview: what it shows is what the core says."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from core.recompute import Report
from core.text import Text
from sample_data.generate import Story
from tests.pages.conftest import Open, cards, charted, is_clean, visible

STORY = Story()
LANGUAGES = ("zh", "en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["nothing", "broken"])
def test_without_data_the_page_says_so(open_page: Open, language: str, state: str) -> None:
    """Nothing loaded, or a file that could not be read: the way out, no figures, no error."""
    at = open_page("2_overview", language, state)
    is_clean(at)
    assert not at.metric
    assert at.button(key="empty_sample").label == Text(language)("pages.empty.sample")


def test_the_way_out_loads_the_sample(open_page: Open) -> None:
    """The button of the empty page loads the sample shop."""
    at = open_page("2_overview", "zh")
    at.button(key="empty_sample").click().run()
    assert "顾客咨询数" in cards(at)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", ["all", "28d"])
def test_cards_show_the_figures_of_the_core(
    open_page: Open, reported: Callable[..., Report], language: str, period: str
) -> None:
    """Every card shows the core's figure in the core's unit, in both languages and for any period."""
    text, shop = Text(language), reported(period=period).measured.shop
    at = open_page("2_overview", language, "sample", **({} if period == "all" else {"period": period}))
    is_clean(at)
    shown = cards(at)
    for key, unit in (
        ("conversations", "count"),
        ("first_response", "seconds"),
        ("satisfaction", "share"),
        ("handle_time", "seconds"),
    ):
        assert shown[text(f"metrics.{key}.name", n="30")] == text.value(shop.cell(0, key).value, unit)


@pytest.mark.parametrize("language", LANGUAGES)
def test_mean_never_stands_alone(open_page: Open, reported: Callable[..., Report], language: str) -> None:
    """Beside the mean first response stand median, p90, n and how many were never answered."""
    measured = reported().measured
    kpi, said = measured.shop.cell(0, "first_response"), " ".join(visible(open_page("2_overview", language, "sample")))
    text = Text(language)
    for figure in (
        text.duration(kpi.median),
        text.duration(kpi.p90),
        text.number(kpi.n, 0),
        text.number(measured.counts["unanswered"], 0),
    ):
        assert figure in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_identity_is_shown(open_page: Open, reported: Callable[..., Report], language: str) -> None:
    """Answered + late + unanswered + pending + smart = conversations, with the core's counts."""
    counts = reported().measured.counts
    parts = [counts[name] for name in ("answered", "late", "unanswered", "pending", "bot_resolved")]
    assert sum(parts) == counts["conversations"]
    wanted = " + ".join(f"{part:,}" for part in parts) + f" = {counts['conversations']:,}"
    assert any(wanted in each for each in visible(open_page("2_overview", language, "sample")))


def test_charts_hold_the_figures_of_the_core(open_page: Open, reported: Callable[..., Report]) -> None:
    """Daily line and week map carry the very numbers of the core; both have words for those who do not see them."""
    measured = reported().measured
    charts = open_page("2_overview", "zh", "sample").get("vega_lite_chart")
    daily, week = (charted(each) for each in charts)
    assert daily["y"].sum() == measured.counts["conversations"]
    assert week["value"].sum() == measured.counts["conversations"]
    assert all(json.loads(each.proto.spec) and each.proto.alt for each in charts)


def test_colour_of_the_week_map_can_be_another_figure(open_page: Open) -> None:
    """The map's KPI is chosen in words and keeps thin cells grey."""
    at = open_page("2_overview", "zh", "sample")
    at.selectbox(key="by_hour.zh").set_value("satisfaction").run()
    week = charted(at.get("vega_lite_chart")[1])
    assert set(week.loc[week["n"] < 20, "state"]) <= {"too_few", "empty"}
    is_clean(at)


@pytest.mark.parametrize("language", LANGUAGES)
def test_changes_are_told_with_their_doubt(open_page: Open, language: str) -> None:
    """A short period is compared with the one before; each card says how firm the change is."""
    at = open_page("2_overview", language, "sample", period="28d")
    assert any(element.delta for element in at.metric)
    verdict = Text(language)("pages.verdict_short.no_evidence")
    assert any(verdict in each for each in visible(at))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_backwards_period_in_a_link_is_told(open_page: Open, language: str) -> None:
    """A period that ends before it starts is said to be one, and the whole log is shown."""
    at = open_page("2_overview", language, "sample", **{"period": "custom", "from": "2026-05-01", "to": "2026-04-01"})
    is_clean(at)
    words = Text(language)("issues.period_backwards.message", **{"from": "2026-05-01", "to": "2026-04-01"})
    assert any(words in each for each in visible(at))
    assert at.metric


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "link",
    [
        {"in_agent": "Nobody"},
        {"period": "custom", "from": "2031-01-01", "to": "2031-01-31"},
    ],
)
def test_an_empty_selection_is_told(open_page: Open, language: str, link: dict[str, str]) -> None:
    """Filters or a period without conversations: a sentence and the way out, no broken chart, no invented figure."""
    at = open_page("2_overview", language, "sample", **link)
    is_clean(at)
    assert Text(language)("pages.empty.selection") in visible(at)
    assert not at.metric


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_below_its_minimum_says_that_it_cannot_be_judged(open_page: Open, language: str) -> None:
    """The agent with six conversations: the card shows the figure and says how many observations are needed."""
    at = open_page("2_overview", language, "sample", in_agent=STORY.thin)
    is_clean(at)
    told = Text(language)("pages.card.too_few", n=6, needed=20)
    assert any(told in each for each in visible(at))
