"""Are planted facts found, and is nothing found where nothing was planted?

``python benchmarks/planted.py --stories 20 --nulls 200`` generates that many shops by seed, runs the same functions as the app, and counts.
A story plants another weekday, size and agents each time; a null shop plants nothing. Rates are per shop, so they are family-wise.

``python benchmarks/planted.py --causes 20 --first-seed 2000`` plants one cause a shop (volume, staff, handling, mix in turn) and lets the
waits follow from it: is the weekday found, and its main cause named? ``--without roster`` hides the roster (again ``messages``: these too).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.engine import build_facts, observe
from core.log import Log
from core.recompute import trends, weekdays
from core.scenario import Scenario
from core.slowdays import slow_day
from sample_data.generate import Story, cause_story, make, null_story, other_story

CALLED = ("evidence", "strong_evidence")
ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class Found:
    """What one shop's log said: named weekdays over all weeks and over the story's weeks, and agents with a trend."""

    weekdays: tuple[int, ...]
    story_weekdays: tuple[int, ...]
    agents: dict[str, str]


def log_of(tables: dict[str, pd.DataFrame]) -> Log:
    """Canonical tables in naive shop time as a Log, without the way through files."""
    return Log(
        "generated",
        ZONE,
        {name: pa.Table.from_pandas(_staged(table), preserve_index=False) for name, table in tables.items()},
    )


def _staged(table: pd.DataFrame) -> pd.DataFrame:
    out = table.drop_duplicates().reset_index(drop=True)
    if "csat_at" in out:  # rated twice: the last rating wins, as the import has it
        out = (
            out.sort_values("csat_at", na_position="first")
            .drop_duplicates("conversation_id", keep="last")
            .reset_index(drop=True)
        )
    for name in out.columns:
        if pd.api.types.is_datetime64_dtype(out[name]):
            utc = out[name].dt.tz_localize(ZONE).dt.tz_convert("UTC").dt.tz_localize(None)
            numbers = utc.astype("datetime64[ms]").to_numpy().astype("int64")
            out[name] = pd.array(numbers, dtype="Int64").copy()
            out.loc[utc.isna(), name] = pd.NA
        elif pd.api.types.is_bool_dtype(out[name]):
            out[name] = out[name].astype("Int8")
    if "sent_at" in out:
        out = out[out["sent_at"] > 946_684_800_000]
    return out.assign(seq=range(len(out)))


def look(story: Story) -> Found:
    """Generate a shop and ask it what the app would ask."""
    observed = observe(build_facts(log_of(make(story, texts=False))))
    whole = Scenario()
    last = pd.Timestamp(story.start) + pd.Timedelta(days=7 * story.story_weeks - 1)
    early = Scenario.of({"period": "custom", "to": last.date().isoformat()})
    verdicts = trends(observed, whole, "first_response")
    called = verdicts[verdicts["verdict"].isin(CALLED)]
    agents = dict(zip(called["group"], called["direction"], strict=True))
    return Found(weekdays(observed, whole)[0].named, weekdays(observed, early)[0].named, agents)


def main() -> int:
    """Print the rates; exit code 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", type=int, default=20)
    parser.add_argument("--nulls", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--causes", type=int, default=0, help="shops with one cause each, instead of stories and nulls")
    parser.add_argument("--without", action="append", default=[], help="a table the log does not have")
    words = parser.parse_args()
    if words.causes:
        return told(range(words.first_seed, words.first_seed + words.causes), words.without)
    start = time.perf_counter()
    stories = [other_story(words.first_seed + i) for i in range(words.stories)]
    found = [look(story) for story in stories]
    nulls = [look(null_story(words.first_seed + 500 + i)) for i in range(words.nulls)]
    rates = {
        "weekday found, story weeks": _rate(
            [story.weekday in f.story_weekdays for story, f in zip(stories, found, strict=True)]
        ),
        "weekday found, all weeks": _rate(
            [story.weekday in f.weekdays for story, f in zip(stories, found, strict=True)]
        ),
        "improving agent found": _rate(
            [f.agents.get(s.improving) == "down" for s, f in zip(stories, found, strict=True)]
        ),
        "declining agent found": _rate(
            [f.agents.get(s.declining) == "up" for s, f in zip(stories, found, strict=True)]
        ),
        "another agent called": _rate(
            [bool(f.agents.keys() - {s.improving, s.declining}) for s, f in zip(stories, found, strict=True)]
        ),
        "null: a weekday named": _rate([bool(f.weekdays) for f in nulls]),
        "null: an agent trend called": _rate([bool(f.agents) for f in nulls]),
    }
    for name, rate in rates.items():
        print(f"{name:32s} {rate:6.1%}")
    print(f"{words.stories} stories, {words.nulls} null shops, {time.perf_counter() - start:.0f} s")
    missed = [name for name, rate in rates.items() if (rate < 0.9 if " found" in name else rate > 0.07)]
    print("missed: " + (", ".join(missed) or "none"))
    return 1 if missed else 0


def explained(seed: int, without: Sequence[str] = ()) -> dict[str, Any]:
    """One shop with one cause: what was planted, and what the app says of it."""
    story = cause_story(seed)
    tables = {name: table for name, table in make(story, texts=False).items() if name not in without}
    found = slow_day(observe(build_facts(log_of(tables))), Scenario())
    split = found.causes
    right = bool(found.finding.named) and found.finding.named[0] == story.weekday
    shares = {row.cause: round(row.share, 2) for row in split.parts.itertuples()} if split else {}
    facts = {"seed": seed, "weekday": story.weekday, "planted": story.cause, "aimed": story.weekday_ratio}
    ratio = found.finding.weekdays["ratio_to_rest"][story.weekday]
    return facts | {"ratio": ratio, "found": right, "named": split.main if split and right else "", "shares": shares}


def told(seeds: Iterable[int], without: Sequence[str]) -> int:
    """Print every shop and the rates; exit code 1 when fewer than nine in ten are found or named."""
    rows = []
    for seed in seeds:
        rows.append(row := explained(seed, without))
        hit = "right" if row["named"] == row["planted"] else "MISSED"
        shares = " ".join(f"{cause} {share:+.2f}" for cause, share in row["shares"].items())
        print(
            f"{seed} weekday {row['weekday']} {row['planted']:9s} ratio {row['ratio']:.2f} found {row['found']!s:5s} "
            f"named {row['named'] or '-':11s} {hit:6s} {shares}",
            flush=True,
        )
    found, named = _rate([row["found"] for row in rows]), _rate([row["named"] == row["planted"] for row in rows])
    wrong = _rate([row["named"] not in (row["planted"], "") for row in rows])
    print(f"weekday found {found:.0%}, its main cause named {named:.0%}, another cause named {wrong:.0%} of {len(rows)}")
    return 0 if min(found, named) >= 0.9 else 1


def _rate(hits: list[bool]) -> float:
    return sum(hits) / len(hits) if hits else float("nan")


if __name__ == "__main__":
    raise SystemExit(main())
