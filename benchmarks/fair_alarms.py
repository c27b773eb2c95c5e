"""How often fair comparison cries wolf where nothing is going on.

    python -m benchmarks.fair_alarms --teams 500 --shops 20

Teams of 20 equal agents: share of teams in which anybody (or any pair) is called out, per method, nominal at most 5 % (funnel: share of
agents outside 95 % and 99.8 %). Shops: the sample's generator with nothing planted, read as logs; every family of questions, the plane,
reversals and case mix. Fixed seeds.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
import pandas as pd

from benchmarks.planted import log_of
from core import fair
from core.casemix import MixRules, compare_within, standardise
from core.engine import build_facts, observe
from core.funnel import share_funnel
from core.pairs import all_pairs, shares_of
from core.questions import bunching, outstanding, picking, selective
from core.scenario import Scenario
from core.shrinkage import shrink_shares
from sample_data.generate import make, null_story

NAMES = [f"n{at}" for at in range(20)]
CALLED = ("evidence", "strong_evidence")
SEED = 20_260_702


def logged(rng: np.random.Generator, kind: str) -> pd.DataFrame:
    """Cases of equal agents with unlike mixes of three languages and two channels over 40 days with good and bad days."""
    agent = rng.integers(0, 20, 3000)
    leaning = rng.dirichlet(np.ones(3) * 2, 20)
    language = (rng.random(3000)[:, None] > leaning[agent].cumsum(axis=1)).sum(axis=1).clip(0, 2)
    channel, day = rng.integers(0, 2, 3000), rng.integers(0, 40, 3000)
    pace = np.log(np.array([40, 70, 110])[language]) + 0.2 * channel + rng.normal(0, 0.1, 40)[day]
    value = rng.lognormal(pace, 0.6) if kind == "mean" else rng.binomial(1, 0.95 - 0.1 * language).astype(float)
    frame = pd.DataFrame({"agent": np.array(NAMES, dtype=object)[agent], "language": language, "channel": channel, "day": day})
    return frame.assign(n=1.0, total=value, square=value**2).groupby(["agent", "language", "channel", "day"]).sum().reset_index()


def team(rng: np.random.Generator) -> dict[str, float]:
    """One team: 1 where a method calls anybody out; for the funnel the share of agents outside its limits."""
    n = rng.integers(40, 400, 20)
    hits = rng.binomial(n, 0.85)
    funnel = share_funnel(NAMES, hits, n).rows["verdict"]
    means, shares = logged(rng, "mean"), logged(rng, "share")
    sides = pd.DataFrame({"agent": NAMES, "good": n, "bad": n, "asked_good": rng.binomial(n, 0.5), "asked_bad": rng.binomial(n, 0.45)})
    size = rng.integers(0, 3, (20, 80))
    cells = pd.DataFrame({"agent": np.repeat(NAMES, 80), "situation": np.tile(np.arange(80), 20), "n": size.ravel()})
    cells["easy"] = rng.binomial(cells["n"], np.tile(rng.beta(4, 4, 80), 20))
    cases = pd.DataFrame({"agent": rng.choice(NAMES, 6000), "value": rng.lognormal(np.log(55), 0.6, 6000).round()})
    rare = pd.DataFrame({"agent": NAMES, "hits": rng.binomial(n, 0.02), "n": n})
    within = compare_within(means, ["language", "channel"])
    return {
        "funnel: agents outside 95 %": funnel.isin(["watch", "look_into"]).mean(), "funnel: outside 99.8 %": (funnel == "look_into").mean(),
        "shrinkage: anybody in an order": shrink_shares(hits, n).orderable.any(),
        "pairs told apart": all_pairs(shares_of(NAMES, hits, n))["verdict"].isin(CALLED).any(),
        "mix, means": standardise(means).rows["verdict"].isin(CALLED).any(),
        "mix, shares": standardise(shares, MixRules("share", 30, 0.03)).rows["verdict"].isin(CALLED).any(),
        "reversals": (within["finding"] == "reversed").any(),
        "bunching": len(bunching(cases, (30.0, 120.0), least=0.0).asked) > 0,
        "rare shares": len(outstanding("x", rare, least=0.0).asked) > 0, "surveys": len(selective(sides, least=0.0).asked) > 0,
        "easy cases": len(picking(cells, least=0.0).asked) > 0,
    }  # fmt: skip


def shop(seed: int) -> Counter[str]:
    """What is raised in one shop in which nothing was planted."""
    observed = observe(build_facts(log_of(make(null_story(seed)))))
    raised = Counter({f"question: {family.key}": int(len(family.asked) > 0) for family in fair.questions(observed, Scenario())})
    raised["plane"] = int(fair.plane(observed, Scenario())["asked"].any())
    for key in ("first_response", "satisfaction"):
        raised[f"reversal: {key}"] = int("reversed" in set(fair.reversals(observed, Scenario(), key)["finding"]))
        raised[f"mix: {key}"] = int(fair.mixed(observed, Scenario(), key).rows["verdict"].isin(CALLED).any())
    return raised


def main() -> int:
    """Print the rates; 1 when a method is above 7 % of teams."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--teams", type=int, default=300)
    words.add_argument("--shops", type=int, default=20)
    asked = words.parse_args()
    rng = np.random.default_rng(SEED)
    rates = pd.DataFrame([team(rng) for _ in range(asked.teams)]).astype(float).mean()
    print(f"share of {asked.teams} teams of equal agents")
    print(rates.map("{:.3f}".format).to_string())
    raised = sum((shop(seed) for seed in range(100, 100 + asked.shops)), Counter())
    print(f"shops of {asked.shops} in which nothing was planted")
    print(pd.Series(raised, dtype=object).to_string())
    return int((rates > 0.07).any())


if __name__ == "__main__":
    raise SystemExit(main())
