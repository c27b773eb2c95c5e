"""Dunn's test with Holm, n = 1,000 in seven groups: CPU time of one call against scikit-posthocs.

``python -m benchmarks.dunn_speed`` runs both in turns, compares every p, and prints medians and their ratio.
Needs ``pip install scikit-posthocs``.
"""

from __future__ import annotations

import argparse
import sys
import time
from statistics import median

import numpy as np

from core.ranks import dunn

GOAL = 30.0


def main() -> int:
    """Exit code 1 when the answers differ or the ratio is below the goal, 2 when the peer is not installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=15)
    words = parser.parse_args()
    try:
        import scikit_posthocs
    except ImportError:
        print("scikit-posthocs is not installed: pip install scikit-posthocs")
        return 2
    rng = np.random.default_rng(7)
    groups = rng.integers(0, 7, words.n)
    values = np.round(rng.lognormal(4, 0.5, words.n) * (1 + 0.2 * (groups == 4)))
    split = [values[groups == day] for day in range(7)]
    times: dict[str, list[float]] = {"core": [], "peer": []}
    for _ in range(words.repeats):
        start = time.process_time()
        for _ in range(20):
            ours = dunn(values, groups)
        times["core"].append((time.process_time() - start) / 20)
        start = time.process_time()
        theirs = scikit_posthocs.posthoc_dunn(split, p_adjust="holm")
        times["peer"].append(time.process_time() - start)
    far = float(np.abs(theirs.to_numpy()[np.triu_indices(7, 1)] - ours["p_holm"].to_numpy()).max())
    core, peer = median(times["core"]), median(times["peer"])
    told = f"core {core * 1000:.3f} ms, scikit-posthocs {peer * 1000:.2f} ms, ratio {peer / core:.0f}"
    print(f"n {words.n}: {told}; largest difference {far:.1e}")
    return 0 if far < 1e-9 and peer / core >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
