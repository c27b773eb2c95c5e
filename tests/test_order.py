"""The order of files and of the rows in them changes no figure that is made of the whole log: fair comparison, what-if and doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import pandas as pd
import pytest

from core.engine import Observed, build_facts, observe
from core.fair import Fair, fair
from core.ingest import Choices, InputFile, load
from core.log import Log
from core.recompute import Recalled, judge, measure
from core.scenario import Scenario
from core.scoring import INSUFFICIENT
from core.whatif import whatif

HEAD = "Conversation id,Customer id,Agent,Team,Channel,Language,Started at,First human reply at,Closed at,Satisfaction score"
AGENTS, DAYS, A_DAY = ("Ada", "Bo", "Cy", "Di", "Ed", "Fay"), 42, 5
ORDERS = ("as written", "files turned", "rows shuffled", "files and rows")


def rows() -> list[str]:
    """Six agents over six weeks: waits, ratings, channels and languages by chance, some without reply or rating."""
    rng = np.random.default_rng(8)
    start = pd.Timestamp("2026-03-02")
    found = []
    for number in range(len(AGENTS) * DAYS * A_DAY):
        who, day = number % len(AGENTS), number // (len(AGENTS) * A_DAY)
        at = start + pd.Timedelta(days=day, seconds=int(rng.integers(9 * 3600, 18 * 3600)))
        wait, talk = rng.lognormal(4 + who / 6, 0.8, 1)[0], rng.integers(60, 900)
        reply = at + pd.Timedelta(seconds=int(wait))
        rating = rng.choice(["", "5", "5", "4", "2"], p=[0.4, 0.3, 0.1, 0.1, 0.1])
        ends = ["", at + pd.Timedelta(days=1)] if rng.random() < 0.04 else [reply, reply + pd.Timedelta(seconds=int(talk))]
        told = [f"T{number}", f"K{rng.integers(0, 400)}", AGENTS[who], "North" if who < 3 else "South", rng.choice(["chat", "phone"])]
        found.append(",".join([*told, rng.choice(["en", "zh", "ja"]), str(at), *map(str, ends), rating]))
    return found


def files(order: str) -> Iterator[InputFile]:
    """Both halves of the log as files, in one of the orders."""
    found, rng = rows(), np.random.default_rng(3)
    parts: list[tuple[str, Sequence[str]]] = [("a.csv", found[: len(found) // 2]), ("b.csv", found[len(found) // 2 :])]
    if order.startswith("files"):
        parts.reverse()
    for name, lines in parts:
        kept = rng.permutation(lines).tolist() if order.endswith(("shuffled", "rows")) else lines
        yield InputFile(name, ("\n".join([HEAD, *kept]) + "\n").encode())


@cache
def log_of(order: str) -> Log:
    """The log of one order."""
    return load(list(files(order)), Choices(zone="Asia/Shanghai"))


@cache
def seen(order: str) -> Observed:
    """Its facts under the default rules."""
    return observe(build_facts(log_of(order)))


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Equal tables up to what binary sums lose."""
    pd.testing.assert_frame_equal(one, other, check_dtype=False, rtol=1e-9, atol=1e-9)


def tables(found: Fair) -> dict[str, pd.DataFrame]:
    """All tables of a fair comparison."""
    return {
        "funnel": found.funnel.rows, "shrunk": found.shrunk.rows, "mixed": found.mixed.rows, "merged": found.mixed.merged,
        "reversals": found.reversals, "pairs": found.pairs.rows,
    }  # fmt: skip


@pytest.mark.parametrize("order", ORDERS[1:])
@pytest.mark.parametrize(("key", "filled"), [("first_response", 5), ("satisfaction", 6)])
def test_fair_comparison_knows_no_order(order: str, key: str, filled: int) -> None:
    """Funnel, shrinkage, case mix, reversals and pairs of all agents, row by row."""
    found, plain = (tables(fair(seen(each), Scenario(), key)) for each in (order, ORDERS[0]))
    assert sum(len(table) > 0 for table in plain.values()) == filled
    for name, table in plain.items():
        same(found[name], table)


@pytest.mark.parametrize("order", ORDERS[1:])
def test_what_if_knows_no_order(order: str) -> None:
    """Scores, grades and every cause's part of the move."""
    other = Scenario.of({"w_quality": 70, "target_first_response": 60, "band_a": 80, "team_share": 20, "in_channel": ["chat"]})
    found, plain = (whatif(Recalled(log_of(each)).scores, Scenario(), other) for each in (order, ORDERS[0]))
    assert plain.frame["move"].abs().min() > 0
    assert set(plain.splits()) == {"by_weight", "by_target", "by_team", "by_filter", "together"}
    same(found.frame, plain.frame)


@pytest.mark.parametrize("order", ORDERS[1:])
def test_doubt_knows_no_order(order: str) -> None:
    """Both ends of every score's interval and every grade's probability."""
    quality = Scenario.of({"w_business": 0})  # the log knows no orders: with their weight nobody would have a grade
    (scores, doubt), (plain, wanted) = (judge(measure(seen(each)), quality) for each in (order, ORDERS[0]))
    assert scores.names == plain.names == AGENTS
    assert INSUFFICIENT not in plain.grade
    assert (wanted.low < wanted.high).all()
    assert doubt.low == pytest.approx(wanted.low, abs=1e-9)
    assert doubt.high == pytest.approx(wanted.high, abs=1e-9)
    for grade, chance in wanted.probability.items():
        assert doubt.probability[grade] == pytest.approx(chance, abs=1e-9)
