"""The course of a figure: the right chart for each, planted agents found and nobody else, counts that are zero, groups as a family."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from core.course import (
    UNITS,
    Course,
    Points,
    chart_of,
    courses,
    drawn,
    leading,
    steps,
    summary,
    tally,
    warned,
    without_weekdays,
)
from core.errors import ScenarioError
from core.kpis import kpi_table
from core.metrics import METRICS
from core.scenario import Scenario
from tests.shop import observed


@cache
def asked(key: str, by: str = "shop", unit: str = "day") -> tuple[Course, ...]:
    """The sample shop's courses."""
    return courses(observed(), Scenario(), key, by, unit)


def test_every_figure_has_its_chart() -> None:
    """Shares p′, counts and rates per hour u′, the rest XmR."""
    kinds = {declared.key: chart_of(declared) for declared in METRICS}
    assert {kinds[each.key] for each in METRICS if each.measure.kind == "share"} == {"p_laney"}
    assert {kinds[each.key] for each in METRICS if each.measure.kind == "count"} == {"u_laney"}
    assert {kinds[each.key] for each in METRICS if each.unit in ("seconds", "rating", "money", "points")} == {"xmr"}


def test_points_are_the_figures_of_the_days() -> None:
    """What the chart shows as it was is the KPI of the day; its weekday pattern adds up to nothing."""
    one = asked("first_response")[0]
    table = kpi_table(observed(), Scenario(), ("date",), keys=("first_response",))
    assert one.points["raw"].tolist() == table.column("first_response", "median").tolist()
    taken = (one.points["raw"] - one.points["value"]).to_numpy()
    assert taken[:7].sum() == pytest.approx(0, abs=1e-9)
    assert taken[:7] == pytest.approx(taken[7:14])


@pytest.mark.parametrize("key", ["satisfaction", "conversations", "handled_per_hour", "csat_mean", "aov_amount"])
def test_the_shop_is_quiet(key: str) -> None:
    """No change of level is planted: none is found; Laney's σ_z says that days vary little more than their size explains."""
    one = asked(key)[0]
    assert one.verdict == "no_evidence"
    assert one.limited == one.points["upper"].notna().sum() > 80
    assert one.unseen > 0
    if one.chart != "xmr":
        assert 0.8 < one.sigma_z < 1.3


def test_the_planted_agents_change_and_nobody_else() -> None:
    """Of 25 agents the one who slows down and the one who gets faster; each stretch has limits of its own or says why not."""
    found = asked("first_response", "agent")
    told = summary(found).set_index("group")
    assert set(told.index[told["changes"] > 0]) == {"Chen Wei", "Wang Fang"}
    assert (told.loc["Chen Wei", "shift"] < 0 < told.loc["Wang Fang", "shift"]) is np.True_
    assert found[leading(found)].group in {"Chen Wei", "Wang Fang"}
    known = tally(found)
    assert (known.changed, known.judged + known.left, len(found)) == (2, 25, 25)
    assert known.by_chance == pytest.approx(0.05 * known.judged)
    listed = steps(found)
    assert listed["group"].value_counts().to_dict() == told.loc[told["changes"] > 0, "changes"].to_dict()
    assert told.loc["Shen Yi", "reason"] == "too_few_points"
    assert told.loc["Deng Yu", "reason"] == "too_few_days"
    chen = next(one for one in found if one.group == "Chen Wei")
    assert chen.points.groupby("stretch")["centre"].nunique().tolist() == [1] * (len(chen.changes.steps) + 1)


def test_weeks_are_whole_and_keep_the_days_verdict() -> None:
    """Twelve weeks have no limits, but the verdict on changes is that of the days; steps stand at the week nearest to them."""
    shop, agents = asked("first_response", unit="week")[0], asked("first_response", "agent", "week")
    assert (len(shop.points), shop.verdict, shop.reason) == (12, "no_evidence", "too_few_points")
    assert not shop.adjusted
    chen = next(one for one in agents if one.group == "Chen Wei")
    assert chen.verdict == "evidence"
    assert chen.points["stretch"].nunique() == len(chen.changes.steps) + 1
    assert np.isnan(shop.chance["beyond"])
    assert UNITS == ("day", "week")


def test_a_day_without_conversations_counts_zero() -> None:
    """A channel has every day of a count, quiet ones as zeros; an agent's day off is a gap."""
    channels, agents = asked("conversations", "channel"), asked("conversations", "agent")
    assert {len(one.points) for one in channels} == {84}
    assert min(len(one.points) for one in agents) < 40
    assert sum(one.points["raw"].sum() for one in channels) == asked("conversations")[0].points["raw"].sum()


def test_weekdays_leave_counts_as_ratios_and_shares_within_bounds() -> None:
    """A busy Monday is divided by what Mondays are, its exposure grows by the same; shares stay between 0 and 1; short series stay."""
    day = 18_631 + np.arange(56)
    ones = np.ones(56)
    busy = np.where((day + 3) % 7 == 0, 200.0, 100.0)
    counts = without_weekdays(Points(day, busy, busy, ones, busy), "u_laney")
    assert counts.value == pytest.approx(np.full(56, counts.value[0]))
    assert counts.value * counts.size == pytest.approx(busy)
    share = np.where((day + 3) % 7 == 0, 1.0, 0.6)
    assert without_weekdays(Points(day, share, share, 20 * ones, 20 * ones), "p_laney").value.max() <= 1.0
    short = Points(day[:27], share[:27], share[:27], ones[:27], ones[:27])
    assert without_weekdays(short, "p_laney") is short


def test_the_warning_comes_with_its_worth() -> None:
    """In plain figures: state, baseline, each drift's size in the figure's unit, delay and lead; nothing where nothing is watched."""
    found = warned(asked("first_response")[0].watch)
    assert (found["state"], found["base"], found["watched"], found["since"]) == ("quiet", 56, 28, None)
    assert found["drifts"]["0.5"]["per_week"] == pytest.approx(found["sd"] / 2)
    assert found["drifts"]["0.5"]["lead"] > 10
    shen = next(one for one in asked("first_response", "agent") if one.group == "Shen Yi")
    assert warned(shen.watch)["drifts"] == {}


def test_charts_take_what_they_can_draw() -> None:
    """Points under the names of the chart, never more than it draws."""
    frame = drawn(asked("first_response")[0])
    assert {"x", "y", "centre", "lower", "upper", "beyond", "stretch", "n"} <= set(frame)
    assert len(frame) <= 2000


def test_nothing_in_the_period_is_no_course() -> None:
    """A filter that leaves nothing has no course; a unit that is none is refused."""
    empty = Scenario.of({"period": "custom", "from": "2020-01-01", "to": "2020-01-31"})
    assert courses(observed(), empty, "first_response") == ()
    with pytest.raises(ScenarioError, match="unknown_grouping"):
        courses(observed(), Scenario(), "first_response", "shop", "month")
