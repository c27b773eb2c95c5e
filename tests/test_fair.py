"""Fair comparison of the sample shop: what was planted comes out right, and what the log lacks says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.planted import log_of
from core import fair
from core.engine import Observed, build_facts, observe
from core.errors import ScenarioError
from core.kpis import kpi_table
from core.log import Log
from core.metrics import BY_KEY, METRICS, metric
from core.scenario import Scenario
from core.views import statistics_of
from sample_data.generate import Story, make, null_story
from tests import shop

STORY = Story()
TRUTH = json.loads((shop.FOLDER.parent / "truth.json").read_text(encoding="utf-8"))
CALLED = ("evidence", "strong_evidence")


@pytest.fixture(scope="module")
def seen() -> Observed:
    """The sample shop."""
    return shop.observed()


def test_the_agent_who_only_looks_slow_is_no_slower_than_expected(seen: Observed) -> None:
    """Nights and German and Japanese customers: half again the shop's time, and the expected one for that mix."""
    row = fair.mixed(seen, Scenario(), "first_response").rows.set_index("agent").loc[STORY.night]
    assert row["value"] == pytest.approx(TRUTH["night"]["first_response_mean"], rel=1e-6)
    assert row["ratio"] == pytest.approx(TRUTH["night"]["ratio_to_expected_same_shift_and_language"], abs=0.05)
    assert row["verdict"] in ("practically_unchanged", "no_evidence")
    assert row["adjusted"] < 0.75 * row["value"]
    assert row["overlap"] > 0.9


def test_the_planted_pair_is_the_only_reversal(seen: Observed) -> None:
    """Slower in total, faster in each language: this pair is flagged and no other."""
    found = fair.reversals(seen, Scenario(), "first_response")
    flipped = found[found["finding"] == "reversed"]
    assert flipped[["a", "b"]].to_numpy().tolist() == [sorted(STORY.simpson)]
    row = flipped.iloc[0]
    better, other = STORY.simpson
    assert (row["crude"] < 0 < row["within"]) == (row["a"] == other)
    assert better in (row["a"], row["b"])


def test_fast_and_empty_bends_nobody_elses_reference(seen: Observed) -> None:
    """The agent with a third of the time is left out of the reference; ten equal agents are not called out against their mix."""
    found = fair.mixed(seen, Scenario(), "first_response")
    assert found.left_out == (STORY.fast_empty,)
    rows = found.rows.set_index("agent")
    assert rows.loc[STORY.fast_empty, "ratio"] < 0.4
    assert rows.loc[list(STORY.equal), "verdict"].isin(CALLED).sum() <= 1
    assert rows.loc[STORY.thin, "verdict"] == "not_enough_data"
    assert found.merged["share"].sum() == pytest.approx(1)


def test_the_plane_asks_about_the_fast_but_empty_agent_alone(seen: Observed) -> None:
    """Fast with poor satisfaction and many repeats: one question, with all three figures beside the colleagues'."""
    found = fair.plane(seen, Scenario())
    assert found.loc[found["asked"], "agent"].tolist() == [STORY.fast_empty]
    row = found[found["asked"]].iloc[0]
    assert row["speed"] < row["speed_team"]
    assert row["quality"] < row["quality_team"]
    assert row["again"] > row["again_team"]


def test_questions_name_the_planted_agent_and_nobody_else(seen: Observed) -> None:
    """Empty first replies and pasted ones are asked about for one agent; every other family is quiet; all could be asked."""
    found = fair.questions(seen, Scenario())
    asked = {(family.key, name) for family in found for name in family.asked["agent"]}
    assert asked == {("empty_first_reply", STORY.fast_empty), ("pasted", STORY.fast_empty)}
    assert [family.reason for family in found] == [""] * len(found)
    row = found[1].asked.iloc[0]
    assert 0 < row["low"] < row["difference"] < row["high"]
    assert row["p_adjusted"] < 1e-6


def test_six_ratings_have_no_verdict_and_no_place(seen: Observed) -> None:
    """100 % of six ratings: shrunken far towards the mean, in no order, in no letters, in the funnel without a colour."""
    found = fair.fair(seen, Scenario(), "satisfaction")
    row = found.shrunk.rows.set_index("agent").loc[STORY.six_ratings]
    assert (row["value"], bool(row["orderable"])) == (1.0, False)
    assert row["shrunken"] < 0.93
    assert STORY.six_ratings not in found.pairs.letters
    assert found.funnel.rows.set_index("agent").loc[STORY.six_ratings, "verdict"] == "not_enough_data"
    assert found.funnel.rows.set_index("agent").loc[STORY.fast_empty, "verdict"] == "look_into"
    assert 5 < found.shrunk.needed_n < 100


def test_scores_with_unlike_response_rates_are_not_compared(seen: Observed) -> None:
    """Pairs whose customers answer at rates more than ten points apart cannot be judged, whatever their scores."""
    rates = fair.csat(seen, Scenario()).set_index("agent")["response"]
    rows = fair.pairs(seen, Scenario(), "satisfaction").rows
    apart = (rows["a"].map(rates) - rows["b"].map(rates)).abs() > 0.1 + 1e-9
    judged = rows["verdict"] != "not_enough_data"
    assert (rows.loc[apart & judged, "verdict"] == "cannot_be_judged").all()
    assert (apart & judged).sum() > 3
    assert (rows.loc[~apart, "reason"] == "").all()


def test_ten_equal_agents_share_a_letter(seen: Observed) -> None:
    """No pair of the ten equal agents is told apart, by time or by satisfaction."""
    for key in ("first_response", "satisfaction", "fcr"):
        rows = fair.pairs(seen, Scenario(), key).rows
        both = rows["a"].isin(STORY.equal) & rows["b"].isin(STORY.equal)
        assert both.sum() == 45
        assert not rows.loc[both, "verdict"].isin(CALLED).any()
        assert rows["family"].iloc[0] > 200


@pytest.mark.parametrize("key", [m.key for m in METRICS if m.measure.denominator])
def test_raw_figures_are_the_catalogues_own(seen: Observed, key: str) -> None:
    """Shrinkage, pairs and case mix show the very figure of the KPI table, for every KPI; nothing raises."""
    found = fair.fair(seen, Scenario(), key)
    table = kpi_table(seen, Scenario(), ("agent",), keys=(key,))
    if not len(found.shrunk.rows):
        assert found.shrunk.reason
        return
    want = pd.Series(table.column(key, statistics_of(metric(key))[0]), index=table.groups["agent"].astype(str))
    rows = found.shrunk.rows.set_index("agent")["value"].dropna()
    assert rows.to_numpy() == pytest.approx(want[rows.index].to_numpy())
    means = pd.Series(table.column(key), index=table.groups["agent"].astype(str))
    if len(found.mixed.rows):
        raw = found.mixed.rows.set_index("agent")["value"]
        assert raw.to_numpy() == pytest.approx(means[raw.index].to_numpy())


def test_a_named_pair_is_a_family_of_one_with_its_inside_view(seen: Observed) -> None:
    """The duel of the planted pair: raw, within languages, and how many more cases; the same names twice are no pair."""
    better, other = STORY.simpson
    found = fair.duel(seen, Scenario(), "first_response", better, other)
    assert found.row["family"] == 1
    assert found.within["finding"].tolist() == ["reversed"]
    assert found.whole_team.needed > found.decidable.needed
    assert fair.duel(seen, Scenario(), "first_response", better, better).reason == "no_data"
    assert fair.duel(seen, Scenario(), "first_response", better, "nobody").reason == "no_data"


def test_baselines_are_the_shops_own_figures_of_a_language(seen: Observed) -> None:
    """Every row's baseline is the KPI table by language; a period without anybody gives no rows."""
    rows = fair.baselines(seen, Scenario(), "first_response", "language")
    table = kpi_table(seen, Scenario(), ("language",), keys=("first_response",))
    want = dict(zip(table.groups["language"], table.column("first_response", "median"), strict=True))
    assert rows["baseline"].tolist() == [want[label] for label in rows["language"]]
    assert set(rows["language"]) == set(want) - {"unknown"}
    assert (rows["ratio"] * rows["baseline"]).to_numpy() == pytest.approx(rows["value"].to_numpy())


def test_filters_and_periods_hold_in_every_view(seen: Observed) -> None:
    """One language and two weeks: only those cases count, in sums, single cases, questions and ratings."""
    scenario = Scenario.of({"in_language": ["ja"], "period": "custom", "from": "2026-03-02", "to": "2026-03-15"})
    table = kpi_table(seen, scenario, ("shop",), keys=("first_response", "satisfaction"))
    mixed = fair.mixed(seen, scenario, "first_response")
    assert mixed.rows["n"].sum() == table.column("first_response", "n")[0]
    assert "language" not in mixed.dimensions
    assert fair.csat(seen, scenario)["answered"].sum() <= table.column("satisfaction", "n")[0]
    found = fair.questions(seen, scenario, ("empty_first_reply",))[0]
    assert found.rows["n"].sum() <= table.column("first_response", "n")[0] * 1.2


def test_ratings_by_agent_and_language_are_the_same_ratings(seen: Observed) -> None:
    """Asked and answered add up over languages to what they add up to over agents and unassigned."""
    by_language = fair.csat(seen, Scenario(), "language")
    table = kpi_table(seen, Scenario(), ("shop",), keys=("satisfaction",))
    assert by_language["answered"].sum() == table.column("satisfaction", "n")[0]
    harsh, kind = (fair.csat(seen, Scenario(), gap=gap)["supposed"] for gap in (0.3, 0.0))
    assert (harsh <= kind + 1e-12).all()


def test_handling_per_hundred_characters_levels_languages(seen: Observed) -> None:
    """Chinese says in 50 characters what English says in 120: per 100 characters each language has its own baseline."""
    rows, lacks = fair.per_length(seen, Scenario())
    assert lacks == ()
    base = rows.groupby("language")["baseline"].first()
    assert base["zh"] > 2 * base["en"]
    weight = rows["n"] * rows["characters"]
    pooled = (rows["value"] * weight).groupby(rows["language"]).sum() / weight.groupby(rows["language"]).sum()
    assert pooled.to_numpy() == pytest.approx(base.to_numpy())
    assert ((rows["low"] <= rows["value"]) | rows["low"].isna()).all()


@cache
def conversations_only() -> Observed:
    """A small log of conversations with agent and start alone."""
    starts = np.arange(120, dtype=np.int64) * 3_600_000 + 1_700_000_000_000
    names = {"conversation_id": [str(i) for i in range(120)], "agent_id": ["a", "b", "c"] * 40}
    table = pa.table(names | {"started_at": starts, "seq": np.arange(120)})
    return observe(build_facts(Log("d", "UTC", {"conversations": table})))


VIEWS: tuple[Callable[[Observed, Scenario, str], object], ...] = (
    fair.funnel, fair.shrunk, fair.mixed, fair.pairs, lambda o, s, key: fair.duel(o, s, key, "a", "b"),
)  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_what_the_log_lacks_is_said(view: Callable[[Observed, Scenario, str], object]) -> None:
    """No ratings, no texts, no reply times: every view has its reason instead of a figure."""
    assert view(conversations_only(), Scenario(), "satisfaction").reason == "missing_columns"  # type: ignore[attr-defined]


def test_questions_that_cannot_be_asked_name_the_columns() -> None:
    """Each family says what it lacks; the panel is empty; characters are missing."""
    found = fair.questions(conversations_only(), Scenario())
    assert all(family.reason for family in found)
    assert "messages.text" in next(family for family in found if family.key == "pasted").needs
    assert fair.csat(conversations_only(), Scenario()).empty
    assert fair.per_length(conversations_only(), Scenario())[1][0] == "messages.text"
    assert fair.reversals(conversations_only(), Scenario(), "satisfaction").empty


def test_an_unknown_metric_is_refused() -> None:
    """With the nearest known one, as everywhere."""
    with pytest.raises(ScenarioError):
        fair.funnel(conversations_only(), Scenario(), "satisfacton")


def test_every_speed_figure_has_a_quality_and_a_contact_beside_it() -> None:
    """Declared once in the catalogue: faster is never read alone."""
    efficiency = [m for m in METRICS if m.group == "efficiency"]
    fast = [m for m in efficiency if m.unit in ("seconds", "per_hour") or "response" in m.key or "within" in m.key]
    for found in fast:
        if found.key != "transfer_time":  # charged to the queue, nobody's speed
            quality, again = found.counter
            assert BY_KEY[quality].group == "quality"
            assert again in ("repeat_rate", "fcr")
    assert all(set(m.counter) <= set(BY_KEY) for m in METRICS)


@pytest.mark.parametrize("seed", [21, 22])
def test_a_shop_in_which_nothing_was_planted_raises_no_question(seed: int) -> None:
    """No question, no reversal and no agent fast at the customers' cost, texts included."""
    quiet = observe(build_facts(log_of(make(null_story(seed)))))
    assert [(f.key, name) for f in fair.questions(quiet, Scenario()) for name in f.asked["agent"]] == []
    assert not fair.plane(quiet, Scenario())["asked"].any()
    for key in ("first_response", "satisfaction"):
        assert "reversed" not in set(fair.reversals(quiet, Scenario(), key)["finding"])
        assert fair.mixed(quiet, Scenario(), key).left_out == ()


def shapes() -> dict[str, Callable[[Path], Log]]:
    """The same small shop as logs of different shapes: no conversation ids, Parquet, integer ids, a handful of rows, daily sums."""
    whole = log_of(make(null_story(23))).tables["messages"]
    assert isinstance(whole, pa.Table)
    messages = whole.slice(0, 9000)
    names = pd.Categorical(messages.column("agent_id").to_pandas())
    codes = pa.array([None if code < 0 else int(code) for code in names.codes], pa.int64())

    def parquet(folder: Path) -> Log:
        pq.write_table(messages, folder / "messages.parquet")
        return Log("p", "UTC", {"messages": folder / "messages.parquet"})

    rng = np.random.default_rng(1)
    columns = {name: rng.integers(low, low + 5, 90) for name, low in (("conversations", 9), ("rated", 5), ("satisfied", 0))}
    days = pa.table({"agent_id": ["a", "b", "c"] * 30, "date": np.repeat(np.arange(20_000, 20_030), 3), "seq": np.arange(90)} | columns)
    at = messages.schema.get_field_index("agent_id")
    return {
        "cut": lambda _: Log("c", "UTC", {"messages": messages.drop_columns(["conversation_id"])}),
        "parquet": parquet,
        "coded": lambda _: Log("i", "UTC", {"messages": messages.set_column(at, "agent_id", codes)}),
        "tiny": lambda _: Log("t", "UTC", {"messages": messages.slice(0, 12)}),
        "days": lambda _: Log("a", "UTC", {"agent_days": days}),
    }


@pytest.mark.parametrize("shape", ["cut", "parquet", "coded", "tiny", "days"])
def test_logs_of_every_shape_have_figures_or_reasons(shape: str, tmp_path: Path) -> None:
    """Nothing raises; a view without figures says why; texts are read wherever there are any."""
    found = observe(build_facts(shapes()[shape](tmp_path)))
    for key in ("first_response", "satisfaction", "handled_per_hour", "conversations", "fcr"):
        one = fair.fair(found, Scenario(), key)
        for part in (one.funnel, one.shrunk, one.mixed, one.pairs):
            assert len(part.rows) > 0 or part.reason
        assert fair.duel(found, Scenario(), key, "nobody", "else").reason
    asked = {family.key: family for family in fair.questions(found, Scenario())}
    assert all(family.reason or len(family.rows) for family in asked.values())
    assert (asked["pasted"].reason == "") == (shape in ("cut", "parquet", "coded"))


def test_the_conversations_behind_a_question_are_those_that_were_counted(seen: Observed) -> None:
    """As many as hits, all in period and filters; a family without single cases gives the agent's own."""
    asked = {family.key: family.asked.iloc[0] for family in fair.questions(seen, Scenario()) if len(family.asked)}
    for key, row in asked.items():
        assert len(fair.behind(seen, Scenario(), key, row["agent"], 10_000)) == row["hits"]
    listed = fair.behind(seen, Scenario.of({"in_language": ["ja"]}), "pasted", STORY.fast_empty, 10_000)
    assert 0 < len(listed) < asked["pasted"]["hits"]
    assert set(listed["language"]) == {"ja"}
    assert set(fair.behind(seen, Scenario(), "plane", STORY.fast_empty)["agent"]) == {STORY.fast_empty}
