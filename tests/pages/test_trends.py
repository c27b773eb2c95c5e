"""Trends: verdicts of the core in fixed words, the family and chance in the sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core import recompute
from core.closeup import closeups
from core.recompute import Report
from core.scenario import Scenario
from core.text import Text
from core.views import by_evidence, passed
from tests.pages.conftest import Open, charted, is_clean, visible

PAGE = "6_trends"
LANGUAGES = ("zh", "en")
Reported = Callable[..., Report]


@pytest.fixture
def open_page(open_page: Open) -> Open:
    """Open the page at the trends of one KPI."""

    def opened(page: str, language: str, state: str = "nothing", **link: str) -> AppTest:
        at = open_page(page, language, state, **link)
        pills = [each for each in at.segmented_control if each.key == f"trends_part.{language}"]
        return pills[0].set_value("groups").run() if pills else at

    return opened


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_holds_the_cores_verdicts(open_page: Open, reported: Reported, language: str) -> None:
    """One row per agent, those that say most first, with the core's p and weeks; the planted two are on top."""
    at = open_page(PAGE, language, "sample")
    is_clean(at)
    found = by_evidence(recompute.trends(reported().measured.observed, Scenario(), "first_response", "agent"))
    rows = at.dataframe[0].value
    assert rows["group"].tolist() == found["group"].tolist()
    assert rows["p_adjusted"].to_numpy() == pytest.approx(found["p_adjusted"].to_numpy(), nan_ok=True)
    assert set(rows["group"][:2]) == {"Chen Wei", "Wang Fang"}


def test_the_sentence_counts_the_family(open_page: Open, reported: Reported) -> None:
    """How many pass, of how many, and how many chance alone would give."""
    at = open_page(PAGE, "en", "sample")
    found = passed(recompute.trends(reported().measured.observed, Scenario(), "first_response", "agent"))
    said = visible(at)
    assert any(f"{found.passed} of {found.family} tests pass after correction" in each for each in said)
    assert any(f"about {found.by_chance:.1f} would by chance alone" in each for each in said)


def test_the_chart_holds_the_weekly_values_and_the_line(open_page: Open, reported: Reported) -> None:
    """Twelve weeks of the chosen agent, each with its interval, and a straight line with the verdict's slope."""
    at = open_page(PAGE, "zh", "sample")
    at.selectbox(key="trend_agent.zh").set_value("Wang Fang").run()
    frame = charted(at.get("vega_lite_chart")[0])
    observed = reported().measured.observed
    weekly = recompute.weekly(observed, Scenario(), "first_response", "agent")
    own = weekly[weekly["group"] == "Wang Fang"]
    assert frame["y"].tolist() == own["value"].tolist()
    verdicts = recompute.trends(observed, Scenario(), "first_response", "agent").set_index("group")
    assert frame["fit"].diff().dropna().to_numpy() == pytest.approx(verdicts.loc["Wang Fang", "slope_per_week"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("by", ["shop", "team", "channel"])
@pytest.mark.parametrize("key", ["satisfaction", "conversations"])
def test_other_splits_and_kpis_run(open_page: Open, language: str, by: str, key: str) -> None:
    """Shares and counts, the whole shop and its parts: in words, without codes."""
    at = open_page(PAGE, language, "sample")
    at.selectbox(key=f"trend_of.{language}").set_value(key)
    at.selectbox(key=f"trend_by.{language}").set_value(by).run()
    is_clean(at)
    assert len(at.dataframe[0].value) >= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_short_period_gives_slopes_but_no_verdicts(open_page: Open, language: str) -> None:
    """Four weeks are too few: everybody has not enough data, nobody a direction."""
    at = open_page(PAGE, language, "sample", period="28d")
    is_clean(at)
    assert set(at.dataframe[0].value["verdict"]) == {Text(language)("verdicts.names.not_enough_data")}


def test_no_whole_week_says_so(open_page: Open) -> None:
    """Three days hold no week: a sentence instead of an empty chart."""
    at = open_page(PAGE, "en", "sample", period="custom", **{"from": "2026-03-03", "to": "2026-03-05"})
    is_clean(at)
    assert any("no whole calendar week" in each.value for each in at.info)
    assert not at.dataframe


def test_the_margin_decides_practically_unchanged(open_page: Open) -> None:
    """With a margin of 50 % more of the flat agents are practically unchanged than with 1 %."""
    counts = []
    for margin in ("0.01", "0.5"):
        rows = open_page(PAGE, "en", "sample", margin=margin).dataframe[0].value
        counts.append(int((rows["verdict"] == Text("en")("verdicts.names.practically_unchanged")).sum()))
    assert counts[0] < counts[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_selection_without_conversations_says_so(open_page: Open, language: str) -> None:
    """A filter that fits nobody gives a sentence with the way back, no table and no error."""
    at = open_page(PAGE, language, "sample", in_agent="Nobody")
    is_clean(at)
    assert Text(language)("compare.sentence.empty") in [each.value for each in at.info]
    assert not at.dataframe


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", ["first_response", "conversations"])
def test_everyone_in_small_pictures(open_page: Open, reported: Reported, language: str, key: str) -> None:
    """All agents with whole weeks, those that say most first, each with its own weeks and its verdict's line."""
    at = open_page(PAGE, language, "sample")
    at.selectbox(key=f"trend_of.{language}").set_value(key)
    at.segmented_control(key=f"trend_look.{language}").set_value("everyone").run()
    is_clean(at)
    frame = charted(at.get("vega_lite_chart")[0])
    observed = reported().measured.observed
    verdicts = by_evidence(recompute.trends(observed, Scenario(), key, "agent"))
    assert frame["group"].drop_duplicates().tolist() == verdicts["group"].tolist()
    row = verdicts.iloc[0]
    own = frame[frame["group"] == row["group"]]
    assert own["fit"].diff().dropna().to_numpy() == pytest.approx(row["slope_per_week"])
    assert len(frame) <= 2000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_verdict_says_how_long_one_must_watch_and_opens_up(open_page: Open, reported: Reported, language: str) -> None:
    """Weeks needed in the sentence, the second line on demand, and in the fold tests, assumptions, season and the rows behind."""
    at = open_page(PAGE, language, "sample")
    at.selectbox(key=f"trend_by.{language}").set_value("team").run()
    text = Text(language)
    found = closeups(reported().measured.observed, Scenario(), "first_response", "team").set_index("group")
    found = found.loc[at.selectbox(key=f"trend_team.{language}").value]
    weeks = text.number(found["power_weeks"], 0)
    assert any(weeks in said and text.share(found["power_now"], 0) in said for said in visible(at))
    assert "second" not in charted(at.get("vega_lite_chart")[0])
    at.toggle(key="trend_second").set_value(True)
    at.session_state["fold_closeup"] = True
    at.run()
    is_clean(at)
    frame = charted(at.get("vega_lite_chart")[0])
    assert frame["second"].diff().dropna().to_numpy() == pytest.approx(found["hac_slope"])
    assert {"fit_low", "fit_high", "margin_low", "margin_high"} <= set(frame)
    said = " ".join(visible(at))
    assert text("closeup.season.stl") in said
    assert text.share(found["gaps"]) in said
    values = [each.value for each in at.dataframe]
    assert [len(each) for each in values[:2]] == [12, int(found["n_days"])]


@pytest.mark.parametrize("key", ["qa_score", "satisfaction"])
def test_the_closeup_of_thin_data_is_clean(open_page: Open, key: str) -> None:
    """A KPI with few values, the fold open: reasons in words, nothing breaks."""
    at = open_page(PAGE, "zh", "sample")
    at.session_state["fold_closeup"] = True
    at.selectbox(key="trend_of.zh").set_value(key).run()
    is_clean(at)
