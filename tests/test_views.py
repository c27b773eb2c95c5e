"""Views: frames hold core's figures, add up, and keep those apart who may not be ranked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import views
from core.ingest import InputFile, load
from core.kpis import KpiTable
from core.metrics import GROUPS, metric
from core.recompute import Measured, Report, judge, recompute
from core.scenario import Scenario
from core.scoring import INSUFFICIENT, Scores
from core.staffing import StaffingResult

ROOT = Path(__file__).resolve().parent.parent
TURNED = Scenario.of({"w_efficiency": 70, "w_satisfaction": 10})


@pytest.fixture(scope="module")
def report() -> Report:
    """The sample shop under the default scenario."""
    return recompute(load([InputFile.of(path) for path in sorted((ROOT / "sample_data" / "shop").glob("*.csv"))]))


@pytest.fixture(scope="module")
def measured(report: Report) -> Measured:
    """The sample's figures."""
    return report.measured


@pytest.fixture(scope="module")
def turned(measured: Measured) -> Scores:
    """The sample's scores under another weighting."""
    return judge(measured, TURNED)[0]


@pytest.fixture(scope="module")
def card(report: Report, measured: Measured, turned: Scores) -> pd.DataFrame:
    """Default against the other weighting."""
    return views.scorecard(report.scores, turned, judge(measured, TURNED)[1])


def plan_of(required: list[float], supplied: list[float], weekday: int = 4) -> StaffingResult:
    """A week with one weekday of four-hour slots."""
    slots = pd.DataFrame({"weekday": weekday, "start": np.arange(len(required)) * 240, "required": required, "supplied": supplied})
    slots = slots.assign(contacts=slots["required"] * 5, gap=slots["supplied"] - slots["required"], service_level=0.9, n_days=8)
    return StaffingResult(slots, 0.0, 0.0, pd.DataFrame())


@given(st.tuples(*[st.integers(1, 50)] * 3), st.sampled_from([0.5, 2, 1]))
def test_shares_forget_the_scale_of_weights(weights: tuple[int, int, int], scale: float) -> None:
    """3/4/3 and 30/40/30 are the same split, and a split adds up to one."""
    one, other = (
        views.group_shares(Scenario.of({f"w_{g}": w * k for g, w in zip(GROUPS, weights, strict=True)})) for k in (1, scale)
    )
    assert one == pytest.approx(other)
    assert sum(one.values()) == pytest.approx(1)


def test_no_weight_at_all_has_no_share() -> None:
    """Three zeros are not a third each."""
    shares = views.group_shares(Scenario.of({f"w_{group}": 0 for group in GROUPS}))
    assert np.isnan(list(shares.values())).all()


def test_kpi_shares_add_up(report: Report) -> None:
    """Shares inside each group and shares of the score add up to one; they are the weights scores use."""
    frame = views.kpi_shares(TURNED)
    assert frame.groupby("group")["of_group"].sum().to_numpy() == pytest.approx(1)
    assert frame["of_total"].sum() == pytest.approx(1)


def test_scorecard_holds_the_graded_best_first(card: pd.DataFrame, turned: Scores) -> None:
    """Everybody with a grade stands there once, best score first; nobody without a grade does."""
    graded = [name for name, grade in zip(turned.names, turned.grade, strict=True) if grade != INSUFFICIENT]
    assert sorted(card["agent"]) == sorted(graded)
    assert card["score"].is_monotonic_decreasing
    assert card["rank"].tolist() == sorted(card["rank"])
    assert ((card["low"] <= card["score"]) & (card["score"] <= card["high"])).mean() > 0.9
    assert card["probability"].between(0, 1).all()


def test_the_ungraded_stand_apart_with_a_reason(report: Report) -> None:
    """The agent with six conversations has no grade, no rank, and a reason."""
    frame = views.ungraded(report.scores)
    thin = frame.set_index("agent").loc["Shen Yi"]
    assert thin["conversations"] < 20
    assert thin["reason"] in ("few_conversations", "nothing_scored")


def test_causes_add_up_to_the_change(card: pd.DataFrame, report: Report, turned: Scores) -> None:
    """For every agent the changes of contributions are the change of the score, and the largest is the named cause."""
    for row in card.itertuples():
        found = views.causes(report.scores, turned, row.agent)
        assert sum(change for _, change in found) == pytest.approx(row.change)
        assert found[0][0] == row.cause


def test_parts_add_up_to_the_score(card: pd.DataFrame, turned: Scores) -> None:
    """An agent's contributions are the score, their weights are one, none exceeds what was possible."""
    for row in card.head(5).itertuples():
        frame = views.parts(turned, row.agent)
        assert frame["contribution"].sum() == pytest.approx(row.score)
        assert frame["weight"].sum() == pytest.approx(1)
        assert (frame["contribution"] <= frame["possible"] + 1e-9).all()


def test_unused_kpis_come_with_their_reason(report: Report, measured: Measured) -> None:
    """Used and unused KPIs are together the scorecard; each unused one says why."""
    agent = "Gao Ning"
    left = views.unused(measured.agents, report.scores, agent)
    used = views.parts(report.scores, agent)
    assert set(left["key"]) | set(used["key"]) == set(report.scores.keys)
    assert not set(left["key"]) & set(used["key"])
    assert (left["reason"] != "").all()


def test_summary_counts_what_the_card_shows(card: pd.DataFrame, turned: Scores) -> None:
    """Grades, moves and unsure grades are counted from the card; moves are up or down, never both."""
    found = views.summary(card, turned)
    assert sum(found.grades.values()) == found.graded == len(card)
    assert found.graded + found.insufficient == len(turned.names)
    assert found.up + found.down == len(views.regraded(card))
    assert found.largest == pytest.approx(card["change"].abs().max())


def test_distribution_counts_everybody_twice(report: Report, turned: Scores) -> None:
    """Under each scenario every agent holds one grade or none."""
    totals = views.distribution(report.scores, turned).groupby("scenario")["agents"].sum()
    assert totals.tolist() == [len(turned.names)] * 2


def standing(measured: Measured, key: str = "satisfaction") -> pd.DataFrame:
    """The sample's agents by one KPI."""
    return views.standing(measured.agents, measured.shop, key)


def test_standing_shows_the_tables_own_figures(measured: Measured) -> None:
    """Value, interval and n are those of the KPI table, the shop's figure is that of the shop."""
    for row in standing(measured).itertuples():
        cell = measured.agents.cell(measured.agents.row(row.agent), "satisfaction")
        assert (row.value, row.low, row.high, row.n) == pytest.approx((cell.value, cell.low, cell.high, cell.n), nan_ok=True)
        assert row.shop == measured.shop.cell(0, "satisfaction").value


def test_too_few_are_never_judged_nor_ranked(measured: Measured) -> None:
    """Whoever has too few ratings has no side and stands below everybody who has enough."""
    frame = standing(measured)
    few = frame[frame["status"] == "too_few"]
    assert {"Gao Ning"} <= set(few["agent"]) | set(frame["agent"][frame["status"] == "unavailable"])
    assert (few["side"] == "").all()
    ok = frame.index[frame["status"] == "ok"]
    assert ok.max() < few.index.min()
    assert frame.loc[ok, "value"].is_monotonic_decreasing


def test_exclusions_by_hand(measured: Measured) -> None:
    """Intervals that leave out the shop are counted by comparing both ends; the fast-but-empty agent is among the worse."""
    frame = standing(measured)
    judged = frame[frame["status"] == "ok"]
    by_hand = int(((judged["low"] > judged["shop"]) | (judged["high"] < judged["shop"])).sum())
    found = views.exclusions(frame, metric("satisfaction").better)
    assert (found.judged, found.outside, found.better + found.worse) == (len(judged), by_hand, by_hand)
    assert found.by_chance == pytest.approx(0.05 * len(judged))
    assert 1 <= found.family <= found.outside
    assert frame.set_index("agent").loc["Tom Baker", "side"] == "below"


def test_less_is_better_turns_the_direction() -> None:
    """For a KPI where less is better, the agent below the shop is the better one."""
    frame = pd.DataFrame({"side": ["below", "above", "above", "inside", ""], "difference": 1.0, "value": 1.0, "low": 0.9, "high": 1.1})
    found = views.exclusions(frame, -1)
    assert (found.judged, found.better, found.worse) == (4, 1, 2)


def test_counts_of_one_agent_are_not_compared_with_the_shop(measured: Measured) -> None:
    """An agent's conversations are a part of the shop's: no side, no figure of the shop."""
    frame = views.against_shop(measured.agents, measured.shop, "Lin Xiao").set_index("key")
    assert np.isnan(frame.loc["conversations", "shop"])
    assert frame.loc["conversations", "side"] == ""
    assert frame.loc["satisfaction", "shop"] == measured.shop.cell(0, "satisfaction").value


def test_trends_that_say_most_come_first() -> None:
    """Verdicts are ordered by what they say, then by p; those without a test are last."""
    codes = ["not_enough_data", "no_evidence", "strong_evidence", "evidence", "some_evidence"]
    frame = pd.DataFrame({"group": list("abcde"), "verdict": codes, "p": [np.nan, 0.5, 0.0001, 0.001, 0.03]})
    assert views.by_evidence(frame)["group"].tolist() == list("cdeba")


def test_the_fitted_line_goes_through_the_medians_and_keeps_gaps() -> None:
    """Theil–Sen's line passes the medians of week and value; a week without a value stays a gap."""
    dates = pd.to_datetime(["2026-03-02", "2026-03-09", "2026-03-23"])
    weekly = pd.DataFrame({"date": dates, "value": [1.0, 3.0, 7.0], "low": 0.0, "high": 9.0, "n": 5.0})
    frame = views.fitted(weekly, 2.0)
    assert frame["fit"].tolist() == [1.0, 3.0, 5.0, 7.0]
    assert np.isnan(frame["y"].iloc[2])
    assert "fit" not in views.fitted(weekly, float("nan"))


def test_flags_become_one_outcome() -> None:
    """A conversation has one outcome; the clock is the shop's."""
    flags = {"answered": [1, 0, 0], "late": [0, 1, 0], "unanswered": 0, "pending": 0, "bot_resolved": [0, 0, 1]}
    rest = {"conversation": list("abc"), "customer": "#1", "channel": "chat", "language": "zh", "category": "size"}
    numbers = dict.fromkeys(("first_response_s", "resolution_s", "handle_s", "rating"), 1.0)
    frame = views.readable(pd.DataFrame(rest | flags | numbers | {"local_day": 20514, "local_minute": 570}))
    assert frame["outcome"].tolist() == ["answered", "late", "bot_resolved"]
    assert str(frame["started"].iloc[0]) == "2026-03-02 09:30:00"


def test_the_tightest_day_is_the_one_that_lacks_most() -> None:
    """A day that lacks agents comes before one that merely needs more."""
    short, long = plan_of([2, 2], [1, 1], 4).slots, plan_of([9, 9], [10, 10], 1).slots
    both = StaffingResult(pd.concat([short, long], ignore_index=True), 0.0, 0.0, pd.DataFrame())
    assert views.busiest_weekday(both) == 4
    assert views.busiest_weekday(plan_of([9, 9], [10, 10], 1)) == 1


def test_hours_of_a_week_count_the_slots() -> None:
    """Agents × hours of a slot, added up."""
    assert views.agent_hours(plan_of([1, 2, 3], [1, 1, 1]), "required") == 24.0


def test_a_day_starts_where_something_happens() -> None:
    """Slots without contacts and people at both ends are left out, those in between stay."""
    frame = views.day_plan(plan_of([0, 2, 0, 1, 0], [0, 1, 0, 1, 0]), 4)
    assert frame["slot"].tolist() == ["04:00", "08:00", "12:00"]
    assert frame["required"].tolist() == [2, 0, 1]
    assert views.day_plan(plan_of([1.0], [1.0]), 0).empty


def test_the_map_has_a_cell_for_every_slot() -> None:
    """Weekday, number of the slot in the day, value."""
    frame = views.week_map(plan_of([1, 2], [3, 1]), "gap", 240)
    assert frame[["weekday", "hour", "value"]].to_numpy().tolist() == [[4, 0, 2], [4, 1, -1]]


def test_nobody_needed_is_answered_with_nobody() -> None:
    """No calls need no agents; the levels shown are still stable."""
    found = views.erlang_levels(0, 30, 180, 20, (0.8, 0.85, 0.3))
    assert (found.agents, found.positions, found.load) == (0, 0, 0)
    assert found.levels["stable"].all()


def test_the_likeliest_weekday_is_judged() -> None:
    """The strongest verdict wins; without any p there is no such day."""
    frame = pd.DataFrame({"weekday": [0, 1, 2], "p": [0.001, 0.01, np.nan], "verdict": ["no_evidence", "evidence", "not_enough_data"]})
    assert views.likeliest(frame) == 1
    assert views.likeliest(frame.assign(p=np.nan)) == -1


def test_persons_only(measured: Measured) -> None:
    """Conversations of nobody are no person's figures."""
    table: KpiTable = measured.agents
    assert "unassigned" not in set(views.standing(table, measured.shop, "fcr")["agent"])


def test_status_of_a_target_follows_the_interval(report: Report) -> None:
    """Reached and missed only where the whole interval says so; attainment turns round where less is better."""
    frame = views.attainment(report.measured.agents, Scenario())
    assert "unassigned" not in set(frame["agent"])
    judged = frame[~frame["status"].isin(["too_few", "unavailable"])]
    assert set(judged["status"]) == {"reached", "reached_unsure", "missed", "missed_unsure", "below_pass"}
    for row in judged.itertuples():
        better = metric(row.key).better
        worst, best = sorted(better * (end - row.target) for end in (row.low, row.high))
        assert row.status.startswith("reached") == (better * (row.value - row.target) >= -1e-9)
        assert row.status != "reached" or worst >= -1e-9
        assert row.status not in ("missed", "below_pass") or best < 0
        assert (row.status == "below_pass") == (max(better * (end - row.passing) for end in (row.low, row.high)) < -1e-9)
        if row.value:
            assert row.share == pytest.approx(row.value / row.target if better > 0 else row.target / row.value)
    one = views.attained_by(frame, "first_response")
    seen = one[~one["status"].isin(["too_few", "unavailable"])]["value"]
    assert seen.is_monotonic_increasing
    assert views.attained(one).judged == len(seen)


def test_pairs_told_apart_are_counted_once(report: Report) -> None:
    """Told and alike are all pairs; being alike is mutual; nobody is alike to oneself."""
    found = views.apart(report.scores, report.doubt)
    assert found.pairs == len(found.alike) * (len(found.alike) - 1) // 2
    assert found.told + sum(map(len, found.alike.values())) // 2 == found.pairs
    assert 0 < found.told < found.pairs
    assert all(one in found.alike[other] and one != other for one, others in found.alike.items() for other in others)
