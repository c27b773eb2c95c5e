"""E-mail, chat, a social network and the telephone in one log: four files with different columns, through saved mappings."""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import dataclass

import pytest

from core.ingest import Choices, FileChoice, InputFile, load
from core.log import Log
from core.recompute import recompute
from core.scenario import Scenario

EACH = 60
"""Conversations a channel: enough for every figure to have a value."""


@dataclass(frozen=True)
class Channel:
    """How one program writes its log: headings for the same six facts, and how quick it is there."""

    name: str
    headings: tuple[str, ...]
    seconds: int

    @property
    def mapping(self) -> FileChoice:
        """The saved decisions: no heading here speaks for itself."""
        fields = ("conversation_id", "agent_id", "customer_id", "started_at", "first_human_reply_at", "closed_at", "csat", "channel")
        return FileChoice(f"{self.name}*.csv", "conversations", dict(zip(self.headings, fields, strict=True)), platform=self.name)

    def file(self) -> InputFile:
        """A month of conversations, its replies as quick as the channel is."""
        dice = random.Random(self.seconds)  # noqa: S311
        rows = [",".join(self.headings)]
        for number in range(EACH):
            start = dt.datetime(2024, 1, 1 + number % 28, 10)
            reply = start + dt.timedelta(seconds=self.seconds + dice.randrange(self.seconds))
            close = reply + dt.timedelta(seconds=2 * self.seconds + dice.randrange(600))
            rating = dice.choice((1, 3, 4, 5)) if dice.random() < 0.6 else ""
            who = dice.choice(("Ann", "Bob", "小李"))
            rows.append(f"{self.name}-{number},{who},{self.name}-c{number % 40},{start},{reply},{close},{rating},{self.name}")
        return InputFile(f"{self.name}-2024-01.csv", ("\n".join(rows) + "\n").encode())


CHANNELS = (
    Channel("email", ("K1", "P", "Q", "A", "B", "C", "Z", "Via"), 3600),
    Channel("chat", ("编码甲", "坐席甲", "买家甲", "甲时", "乙时", "丙时", "星", "入口"), 30),
    Channel("social", ("key", "who", "whom", "t0", "t1", "t2", "stars", "net"), 600),
    Channel("phone", ("#", "op", "caller", "in", "up", "down", "mark", "line"), 10),
)
SAVED = Choices(zone="UTC", files=tuple(channel.mapping for channel in CHANNELS))


def saved() -> Choices:
    """The mapping as it comes back from its file."""
    return Choices.from_dict(json.loads(json.dumps(SAVED.to_dict(), ensure_ascii=False)))


@pytest.fixture(scope="module")
def together() -> Log:
    """All four in one log."""
    return load([channel.file() for channel in CHANNELS], saved())


def figures(log: Log, **knobs: object) -> dict[str, float | None]:
    """Every figure of the shop that has a value."""
    shop = recompute(log, Scenario.of(knobs)).measured.shop
    return {key: cell.value for key in shop.keys if (cell := shop.cell(0, key)).value is not None and cell.value == cell.value}


def test_the_mapping_brings_every_row_and_its_platform(together: Log) -> None:
    """Nothing is lost, and the ledger names each source."""
    reports = together.ledger.files
    assert [(report.platform, report.rows_kept) for report in reports] == [(channel.name, EACH) for channel in CHANNELS]


def test_totals_of_all_are_the_sums_of_the_files(together: Log) -> None:
    """Counted things of the combined log are the sums of the four logs read alone."""
    alone = [recompute(load([channel.file()], saved())).measured.shop for channel in CHANNELS]
    whole = recompute(together).measured.shop
    assert whole.sums["conversations"][0] == EACH * len(CHANNELS)
    for name in ("conversations", "needs_human", "answered", "late", "unanswered", "first_response_n", "resolution_n"):
        assert whole.sums[name][0] == sum(each.sums[name][0] for each in alone), name


def test_a_mean_of_all_is_no_mean_of_means(together: Log) -> None:
    """The combined first response time weighs every answered conversation once."""
    alone = [recompute(load([channel.file()], saved())).measured.shop.cell(0, "first_response") for channel in CHANNELS]
    weighed = sum(cell.value * cell.n for cell in alone) / sum(cell.n for cell in alone)
    assert recompute(together).measured.shop.cell(0, "first_response").value == pytest.approx(weighed, rel=1e-12)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda each: each.name)
def test_the_channel_filter_changes_every_figure(channel: Channel, together: Log) -> None:
    """Filtered to a channel, each figure is that of the channel's file alone, and none is still that of the whole."""
    whole = figures(together)
    filtered = figures(together, in_channel=[channel.name])
    assert filtered == pytest.approx(figures(load([channel.file()], saved())))
    varying = [key for key in filtered if key in whole and whole[key] not in (0.0, 1.0)]
    assert len(varying) >= 6
    assert [key for key in varying if filtered[key] == whole[key]] == []
