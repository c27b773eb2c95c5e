"""Spot checks: a sample anybody can draw again, of every agent, and a sheet the import reads back as reviews."""

from __future__ import annotations

import pandas as pd
import pytest

from core.engine import build_facts, observe
from core.exports import csv_bytes
from core.ingest import Choices, InputFile, load
from core.kpis import kpi_table
from core.recompute import conversations
from core.scenario import Scenario
from core.spotchecks import ABOUT, REVIEW, SUSPECTS, Draw, counted, review_sheet, spotchecks
from core.text import LANGUAGES, Text
from tests import shop

CUT = b"""Customer,Agent,Sender,Sent at,Text
alice,,customer,2026-03-02 09:00:00,hello
alice,Ann,agent,2026-03-02 09:01:00,hi
bob,,customer,2026-03-02 10:00:00,where is it
bob,Ann,agent,2026-03-02 10:05:00,on its way
"""


def drawn(**asked: float) -> pd.DataFrame:
    """A sample of the shop."""
    scenario = Scenario.of({"from": "2026-03-02", "to": "2026-03-29", "period": "custom"})
    return spotchecks(shop.observed(), scenario, Draw(**asked))


def test_the_same_seed_draws_the_same_and_another_seed_others() -> None:
    """Reproducible by the seed; more per agent keep those drawn before."""
    one, again, other, more = (set(drawn(per_agent=n, seed=s)["conversation"]) for n, s in ((3, 1), (3, 1), (3, 2), (6, 1)))
    assert one == again
    assert len(one & other) < len(one) / 4
    assert one < more


def test_filtering_to_one_agent_draws_what_was_drawn_for_all() -> None:
    """An agent's sample does not depend on the others."""
    everybody = spotchecks(shop.observed(), Scenario(), Draw(4, 7, 0.5))
    name = str(everybody["agent"].iloc[0])
    alone = spotchecks(shop.observed(), Scenario.of({"in_agent": [name]}), Draw(4, 7, 0.5))
    assert set(alone["conversation"]) == set(everybody["conversation"][everybody["agent"] == name])


def test_every_agent_has_as_many_random_and_pointed_as_asked_for() -> None:
    """Six per agent, half of them pointed: at most three suspects, never more than six, fewer only where there are no more."""
    found = drawn(per_agent=6, seed=1, pointed=0.5)
    assert found["conversation"].is_unique
    by = found.assign(pointed=found["drawn_for"].isin(SUSPECTS)).groupby("agent")
    assert by["pointed"].sum().max() == 3
    assert by.size().max() == 6
    short = by.size() < 6
    assert (by["pool"].first()[short] < 40).all()
    assert counted(found, 6).short == short.sum()
    assert (drawn(per_agent=6, seed=1)["drawn_for"] == "random").all()


def test_suspects_are_what_they_are_called() -> None:
    """Low ratings are 1 or 2, unanswered ones have no answer, long waits are longer than what passes."""
    found = drawn(per_agent=8, seed=3, pointed=1.0).set_index("drawn_for")
    assert found.loc["low_rating", "rating"].max() <= 2
    assert set(found.loc["unanswered", "outcome"]) == {"unanswered"}
    assert found.loc["long_wait", "first_response_s"].min() > 120


def test_the_random_part_is_like_the_whole() -> None:
    """Over many seeds the random part's share of suspects is that of all conversations: pointing does not spoil it."""
    whole = spotchecks(shop.observed(), Scenario(), Draw(100_000))
    rate = (whole["first_response_s"] > 120).mean()
    parts = [spotchecks(shop.observed(), Scenario(), Draw(10, seed, 0.5)) for seed in range(8)]
    random = pd.concat([part[part["drawn_for"] == "random"] for part in parts])
    weights = whole.groupby("agent").size() / len(whole)
    slow = (random["first_response_s"] > 120).groupby(random["agent"]).mean()
    assert (slow * weights).sum() == pytest.approx(rate, abs=0.04)


def test_no_customer_is_in_the_clear() -> None:
    """Customers are masked, and so are conversations that are named after their customer, here and in the newest conversations."""
    observed = observe(build_facts(load([InputFile("cut.csv", CUT)], Choices(zone="Asia/Shanghai"))))
    for frame in (spotchecks(observed, Scenario(), Draw()), conversations(observed, Scenario())):
        assert len(frame) == 2
        assert not frame.astype("str").apply(lambda column: column.str.contains("alice|bob")).any(axis=None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_filled_sheet_is_read_back_as_reviews(language: str) -> None:
    """The downloaded sheet, filled in, is a table of reviews: every column of its own recognised, empty rows left out and counted."""
    text = Text(language)
    words = {name: text(f"spots.heading.{name}") for name in (*REVIEW, *ABOUT)}
    found = drawn(per_agent=3, seed=1, pointed=0.3)
    sheet = review_sheet(found, text("spots.sheet.usual").replace("，", ",").split(","), 5.0, words)
    assert sheet[words["score"]].isna().all()
    sheet[words["score"]] = [n % 6 for n in range(len(sheet))]
    sheet[words["rater"]] = "QA-1"
    sheet.loc[sheet.index[-4:], words["score"]] = None
    log = load([InputFile("sheet.csv", csv_bytes(sheet))], Choices(zone="Asia/Shanghai"))
    report = log.ledger.files[0]
    assert (report.table, report.rows_read, report.rows_kept) == ("reviews", 4 * len(found), 4 * len(found) - 4)
    assert {column.field for column in report.columns if column.field} == set(REVIEW) - {"remark"}


def test_the_sheet_joins_the_log_it_was_drawn_from() -> None:
    """With the log, filled scores become the agents' quality score: everybody 4 of 5 is 80."""
    found = drawn(per_agent=5, seed=1)
    sheet = review_sheet(found, ["attitude"]).assign(score=4, rater="QA-1")
    files = [InputFile.of(file) for file in sorted(shop.FOLDER.glob("*.csv")) if file.stem != "reviews"]
    log = load([*files, InputFile("sheet.csv", csv_bytes(sheet))], Choices(zone="Asia/Shanghai"))
    table = kpi_table(observe(build_facts(log)), Scenario.of({"period": "all"}), ("shop",), keys=("qa_score",))
    assert table.cell(0, "qa_score").n == len(found)
    assert table.cell(0, "qa_score").value == pytest.approx(80)


def test_a_sheet_needs_a_criterion() -> None:
    """Nothing to score is refused."""
    with pytest.raises(ValueError, match="criterion"):
        review_sheet(drawn(per_agent=1), [])
