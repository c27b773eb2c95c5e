"""Two periods and two groups: like with like, one family, no verdict from few days, and what the mix explains."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.__main__ import main
from core.beforeafter import EffectRules, judge_levels, judge_paired
from core.errors import ScenarioError
from core.kpis import kpi_table
from core.period import Period, day_number
from core.scenario import Scenario
from core.spans import CYCLES, Span, compare_groups, compare_spans, mix_part
from tests import shop

pytestmark = pytest.mark.usefixtures("read_once")

MAY, APRIL = Span.of("2026-04-27:2026-05-24"), Span.of("2026-03-30:2026-04-26")
KEYS = ("first_response", "fcr", "conversations")


def days(first: int, size: int, level: float, seed: int) -> pd.DataFrame:
    """Day values with slow Mondays."""
    day = first + np.arange(size)
    value = level + 10 * (day % 7 == 4) + np.random.default_rng(seed).normal(0, 3, size)
    return pd.DataFrame({"local_day": day, "value": value, "n": 30.0})


def test_periods_far_apart_are_compared_by_level() -> None:
    """A year apart, one with more Mondays: the difference lies in its interval and Mondays add nothing."""
    both = pd.concat([days(1000, 23, 60, 1), days(1364, 25, 54, 2)])
    found = judge_levels(both, EffectRules(1364))
    assert found.method == "level"
    assert found.low < -6 < found.high
    assert found.high < 0
    same = judge_levels(pd.concat([days(1000, 23, 60, 3), days(1364, 25, 60, 4)]), EffectRules(1364))
    assert same.p > 0.05


def test_few_days_and_rare_hits() -> None:
    """13 days give a shift and no p; a share with hardly a miss is judged by its counts."""
    assert judge_levels(pd.concat([days(1000, 13, 60, 1), days(1364, 30, 60, 2)]), EffectRules(1364)).reason == "too_few_days"
    rare = days(1000, 40, 0, 0).assign(value=1.0, n=20.0)
    rare.loc[3, "value"] = 0.95
    found = judge_levels(rare, EffectRules(1020, share=True))
    assert found.method == "newcombe"
    assert found.p > 0.05


def test_groups_on_the_same_days_share_what_moves_them() -> None:
    """Two groups under the same restless days: the difference is seen through, and few common days are not judged."""
    restless = np.random.default_rng(9).normal(0, 30, 28)
    one, two = (days(1000, 28, level, seed).assign(value=lambda f: f["value"] + restless) for level, seed in ((63, 1), (60, 2)))
    found = judge_paired(one, two, EffectRules(0))
    assert found.low < 3 < found.high
    assert found.high - found.low < 6
    assert judge_paired(one, two.iloc[15:], EffectRules(0)).reason == "too_few_days"
    assert judge_paired(one, two.iloc[:0], EffectRules(0)).reason == "no_days"
    assert judge_paired(one, one, EffectRules(0)).reason == "zero_variance"


def test_the_table_holds_the_cards_figures() -> None:
    """Pooled figures are those of the KPI table, counts are per day, all KPIs are one family, the earlier period comes first."""
    found = compare_spans(shop.observed(), Scenario(), MAY, APRIL, KEYS)
    assert found.spans == (APRIL, MAY)
    assert found.notes == ()
    rows = found.rows.set_index("key")
    assert rows["family"].tolist() == [3, 3, 3]
    for name, span in (("before", APRIL), ("after", MAY)):
        cards = kpi_table(shop.observed(), Scenario(), ("shop",), Period(day_number(span.first), day_number(span.last)))
        assert rows.loc["first_response", f"figure_{name}"] == cards.column("first_response", "median")[0]
        assert rows.loc["fcr", f"figure_{name}"] == cards.column("fcr")[0]
        assert rows.loc["conversations", f"figure_{name}"] == cards.column("conversations")[0] / 28
    assert (rows["low"] < rows["shift"]).all()
    assert set(rows["direction"]) == {""}


def test_what_limits_a_comparison_is_noted() -> None:
    """Unequal lengths, broken weeks, days outside the log and too few days are said; shared days and empty spans are refused."""
    found = compare_spans(shop.observed(), Scenario(), Span.of("2026-05-16:2026-06-30"), Span.of("2026-04-01:2026-04-12"), ["fcr"])
    assert found.notes == ("lengths_differ", "not_whole_weeks", "outside_log", "short")
    assert found.rows["verdict"].tolist() == ["not_enough_data"]
    for wrong in ("2026-05-20:2026-05-30", "2020-01-01:2020-01-31"):
        with pytest.raises(ScenarioError):
            compare_spans(shop.observed(), Scenario(), MAY, Span.of(wrong))
    for wrong in ("2026-05-20", "2026-05-20:2026-05-01", "a:b"):
        with pytest.raises(ScenarioError):
            Span.of(wrong)


@pytest.mark.parametrize("cycle", CYCLES)
def test_earlier_spans_start_on_the_same_weekday(cycle: str) -> None:
    """Whole weeks back, never overlapping, also for spans longer than the cycle."""
    for span in (MAY, Span(date(2026, 5, 1), date(2026, 5, 10)), Span(date(2026, 1, 1), date(2026, 3, 1))):
        back = span.back(cycle)
        assert back.first.weekday() == span.first.weekday()
        assert back.days == span.days
        assert back.last < span.first


def test_two_teams() -> None:
    """Teams over the same days with both figures; the same people twice, nobody, or an unknown dimension is refused."""
    found = compare_groups(shop.observed(), Scenario(), {"team": ["South"]}, {"team": ["East"]}, ("first_response", "fcr"))
    row = found.rows.set_index("key").loc["first_response"]
    assert row["method"] == "paired"
    assert row["figure_after"] - row["figure_before"] == pytest.approx(row["shift"], abs=3)
    teams = kpi_table(shop.observed(), Scenario(), ("team",))
    assert row["figure_after"] == teams.column("first_response", "median")[teams.row("South")]
    for wrong in ({"team": ["East", "South"]}, {"team": []}, {"colour": ["red"]}, {}):
        with pytest.raises(ScenarioError):
            compare_groups(shop.observed(), Scenario(), {"team": ["South"]}, wrong)


def test_mix_and_work_add_up() -> None:
    """Only other cases: all of it mix; only other work: nothing; a situation of one side alone moves by mix."""
    old = pd.DataFrame({"n": [80.0, 20], "value": [10.0, 60]}, index=["zh", "en"])
    assert mix_part(old, old.assign(value=[20.0, 70]))[0] == pytest.approx(0)
    assert mix_part(old, old.assign(n=[40.0, 60]))[1] == pytest.approx(1)
    mix, part = mix_part(old, pd.DataFrame({"n": [80.0, 20], "value": [12.0, 30]}, index=["zh", "fr"]))
    assert mix == pytest.approx(0.2 * 30 - 0.2 * 60)
    assert part == pytest.approx(mix / (0.8 * 2 + 0.2 * 30 - 0.2 * 60))
    assert np.isnan(mix_part(old, old)[1])
    assert np.isnan(mix_part(old.iloc[:0], old)[0])


def test_the_command_gives_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Both forms of the command; one half of a pair is refused with the cure."""
    files = [str(path) for path in sorted(Path(shop.FOLDER).glob("*.csv"))]
    asked = ["--tz", "Asia/Shanghai", "--metrics", "first_response,fcr", "--json"]
    assert main(["periods", *files, *asked, "--this", "2026-04-27:2026-05-24", "--other", "previous"]) == 0
    got = json.loads(capsys.readouterr().out)
    rows = compare_spans(shop.observed(), Scenario(), MAY, APRIL, ("first_response", "fcr")).rows
    assert [row["shift"] for row in got["rows"]] == pytest.approx(rows["shift"].tolist())
    assert got["periods"]["before"] == {"from": "2026-03-30", "to": "2026-04-26"}
    assert main(["periods", *files, *asked, "--group", "team=South"]) == 2
    assert "--against" in capsys.readouterr().err
