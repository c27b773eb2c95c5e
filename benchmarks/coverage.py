"""Whether a score's 90 % interval holds the true score, and whether identical agents are told apart, in shops whose truth is known.

    python -m benchmarks.coverage --shops 500

Each shop has ten agents, 40 days with busy and slow ones, and conversations whose satisfaction depends on the wait: figures of one agent
hang together, and all agents share the days. The true score is the score of the true medians and shares. Fixed seeds.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.engine import build_facts, observe
from core.log import Log
from core.metrics import SCORED
from core.recompute import judge, measure
from core.robustness import alike
from core.scenario import Scenario
from core.scoring import INSUFFICIENT, score_values

Floats = NDArray[np.float64]
DAY_MS, FIRST_DAY, DAYS, AGENTS, BATCH = 86_400_000, 19_723, 40, 10, 50
NOISE = 0.9
SEED = 20_261_122
RULES = Scenario.of({"min_conversations": 20, "w_business": 0})


@dataclass(frozen=True)
class Truth:
    """What each agent is really like: log median of the wait, share answered, satisfaction's level, complaints, quality."""

    wait: Floats
    answered: Floats
    liking: Floats
    complaints: Floats
    quality: Floats

    def __len__(self) -> int:
        return len(self.wait)


def people(rng: np.random.Generator, size: int, identical: bool) -> Truth:
    """So many agents, different or all the same."""
    spread = 0.0 if identical else 1.0
    normal = [rng.standard_normal(size) * spread for _ in range(5)]
    return Truth(
        np.log(70) + 0.5 * normal[0],
        np.clip(0.93 + 0.04 * normal[1], 0.7, 0.995),
        2.0 + 0.6 * normal[2],
        np.clip(0.03 + 0.015 * normal[3], 0.004, 0.2),
        np.clip(85 + 5 * normal[4], 60, 98),
    )


def pleased(truth: Truth, who: NDArray[np.int64], log_wait: Floats) -> Floats:
    """Probability of a satisfied rating after such a wait."""
    return np.asarray(1 / (1 + np.exp(-truth.liking[who] + 0.8 * (log_wait - np.log(70)))), dtype=np.float64)


def tables(rng: np.random.Generator, truth: Truth, n: int, day_sd: float) -> dict[str, pa.Table]:
    """Conversations and reviews of all agents; every ten agents are a shop of their own with its own busy days."""
    who = np.repeat(np.arange(len(truth)), n)
    day = rng.integers(0, DAYS, len(who))
    shock = rng.normal(0, day_sd, (len(truth) // AGENTS, DAYS))
    log_wait = truth.wait[who] + shock[who // AGENTS, day] + rng.normal(0, NOISE, len(who))
    start = (FIRST_DAY + day) * DAY_MS + rng.integers(1 * 3_600_000, 13 * 3_600_000, len(who))
    replied = rng.random(len(who)) < truth.answered[who]
    rated = rng.random(len(who)) < 0.7
    liked = rng.random(len(who)) < pleased(truth, who, log_wait)
    names = np.array([f"s{each // AGENTS:03d}-{each % AGENTS}" for each in range(len(truth))], dtype=object)
    reply = np.where(replied, start + (np.exp(log_wait) * 1000).astype(np.int64), 0)
    conversations = pa.table({
        "seq": np.arange(len(who)), "file_row": np.arange(len(who)) + 2,
        "conversation_id": [f"c{each}" for each in range(len(who))], "agent_id": pa.array(names[who].tolist()),
        "started_at": start, "first_human_reply_at": pa.array(reply, mask=~replied),
        "csat": pa.array(np.where(liked, 5.0, 2.0), mask=~rated),
        "complaint": (rng.random(len(who)) < truth.complaints[who]).astype(np.int8),
    })  # fmt: skip
    seen = np.repeat(np.arange(len(truth)), max(n // 10, 6))
    reviews = pa.table({
        "seq": np.arange(len(seen)), "file_row": np.arange(len(seen)) + 2,
        "conversation_id": [f"c{each * n + at % n}" for at, each in enumerate(seen)],
        "agent_id": pa.array(names[seen].tolist()),
        "reviewed_at": (FIRST_DAY + rng.integers(0, DAYS, len(seen))) * DAY_MS + 20_000_000,
        "score": np.clip(truth.quality[seen] + rng.normal(0, 6, len(seen)), 0, 100),
    })  # fmt: skip
    return {"conversations": conversations, "reviews": reviews}


def true_values(truth: Truth, day_sd: float) -> dict[str, Floats]:
    """The scored statistics of each agent in an endless log."""
    rng = np.random.default_rng(1)
    noise = rng.normal(0, np.hypot(NOISE, day_sd), 20_000)
    each = np.arange(len(truth))
    liking = [pleased(truth, np.full(len(noise), one), truth.wait[one] + noise).mean() for one in each]
    quality = [np.clip(one + rng.normal(0, 6, 20_000), 0, 100).mean() for one in truth.quality]
    return {
        "first_response": np.exp(truth.wait), "response_rate_24h": truth.answered, "satisfaction": np.array(liking),
        "complaint_rate": truth.complaints, "qa_score": np.array(quality),
    }  # fmt: skip


def coverage(shops: int, n: int, day_sd: float, identical: bool = False) -> dict[str, float]:
    """Share of graded agents whose interval holds the true score; share of shops in which nobody is told apart; mean width."""
    inside: list[bool] = []
    together: list[bool] = []
    width: list[float] = []
    for at in range(0, shops, BATCH):
        size = min(BATCH, shops - at)
        rng = np.random.default_rng([SEED, n, at, identical, round(day_sd * 100)])
        truth = people(rng, size * AGENTS, identical)
        measured = measure(observe(build_facts(Log(f"{n}-{at}", "Asia/Shanghai", tables(rng, truth, n, day_sd)))))
        scores, unsure = judge(measured, RULES)
        usable = ~np.isnan(scores.points)
        real = true_values(truth, day_sd)
        values = np.column_stack([real.get(metric.key, np.full(len(truth), np.nan)) for metric in SCORED])
        target = score_values(values, usable & ~np.isnan(values), scores.conversations, scores.names, RULES).score
        graded = scores.grade != INSUFFICIENT
        inside += ((unsure.low <= target + 1e-9) & (target - 1e-9 <= unsure.high))[graded].tolist()
        width += (unsure.high - unsure.low)[graded].tolist()
        for shop in range(size):
            rows = np.arange(shop * AGENTS, (shop + 1) * AGENTS)
            together.append(bool(alike(scores.score[rows], unsure.drawn[:, rows]).all()))
    return {"covered": float(np.mean(inside)), "graded": len(inside), "alike": float(np.mean(together)), "width": float(np.mean(width))}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, default=500)
    shops = parser.parse_args().shops
    print("agents      n  day sd  covered  graded  nobody told apart  mean width")
    for identical in (False, True):
        for n in (30, 100, 400):
            for day_sd in (0.0, 0.2):
                found = coverage(shops, n, day_sd, identical)
                print(
                    f"{'identical' if identical else 'different'} {n:4d}  {day_sd:5.1f}  {found['covered']:7.3f}  {found['graded']:6.0f}"
                    f"  {found['alike']:17.3f}  {found['width']:10.2f}", flush=True,
                )  # fmt: skip


if __name__ == "__main__":
    main()
