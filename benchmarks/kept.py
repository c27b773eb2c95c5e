"""What keeping logs between starts saves, what it costs, and that no kill spoils it.

``python -m benchmarks.kept [--rows 1000000] [--repeats 3] [--folder FOLDER]`` reads a seeded CSV of so many messages with texts, and
the sample shop, to their facts: without anything kept (``off``), keeping it (``cold``), and from what was kept (``warm``). Each run is a
process of its own, in turns; imports are not timed. Medians of wall time, CPU time and peak memory, their ratios, the time until
everything is written (``kept after``), bytes on disk. The figures of all three must be equal.

``python -m benchmarks.kept --kills 30`` starts the command line on the sample shop, kills it at a random moment on its way (whatever it
is doing then: reading, building, writing), and runs the next two commands without a kill: their figures must be those of a run without
anything kept, with no word on standard error. Every other kill comes while something is being written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.importing import ROOT, ready

SIDES = ("off", "cold", "warm")
SHOP = tuple(sorted((ROOT / "sample_data" / "shop").glob("*.csv")))


def child(cache: str, files: Sequence[Path]) -> dict[str, Any]:
    """Files to facts once, as the app does it, after the imports."""
    from core.engine import SlowKnobs, build_facts
    from core.ingest import Choices, InputFile, load
    from core.limits import limits
    from core.store.shelf import facts_of, log_of, opened

    given, choices, slow = [InputFile.of(path) for path in files], Choices(), SlowKnobs()
    wall, cpu = time.perf_counter(), time.process_time()
    store = opened(limits({"KEFULENS_CACHE": cache}))
    log = log_of(store, given, choices, lambda: load(given, choices))
    facts = facts_of(store, log, slow, lambda: build_facts(log, slow))
    used = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if store is not None:
        store.settle()
    late = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    size = sum(each.bytes for each in store.kept()) if store is not None else 0
    notes = [note.code for note in store.notes] if store is not None else []
    return {
        **used, "rss": peak, "late_wall": late["wall"], "late_cpu": late["cpu"], "bytes": size, "notes": notes, "figures": figures(facts),
    }  # fmt: skip


def figures(facts: Any) -> str:
    """A digest of every figure of the shop and its agents."""
    from core.engine import observe
    from core.kpis import kpi_table
    from core.scenario import Scenario

    observed, total = observe(facts), hashlib.sha256()
    for by in ("shop", "agent"):
        table = kpi_table(observed, Scenario(), (by,))
        cells = (table.cell(at, metric.key) for at in range(len(table)) for metric in table.metrics)
        total.update(repr([(cell.value, cell.n, cell.low, cell.high, cell.median, cell.p90) for cell in cells]).encode())
    return total.hexdigest()


def alone(side: str, folder: Path, files: Sequence[Path]) -> dict[str, Any]:
    """One side once in a process of its own."""
    cache = "" if side == "off" else str(folder)
    command = [sys.executable, "-m", "benchmarks.kept", "--child", cache, *map(str, files)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure(files: Sequence[Path], repeats: int, folder: Path) -> dict[str, dict[str, Any]]:
    """Medians of each side, run in turns; a cold run has an empty folder, the warm run after it what that one kept."""
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for turn in range(repeats):
        with tempfile.TemporaryDirectory(dir=folder, prefix=f"kept{turn}-") as cache:
            for side in SIDES:
                runs[side].append(alone(side, Path(cache), files))
    told = {run["figures"] for done in runs.values() for run in done}
    noted = [note for done in runs.values() for run in done for note in run["notes"]]
    if len(told) > 1 or noted:
        raise SystemExit(f"figures differ, or something went wrong: {len(told)} digests, notes {noted}")
    numbers = [name for name in runs["off"][0] if name not in ("figures", "notes")]
    return {side: {name: statistics.median(run[name] for run in done) for name in numbers} for side, done in runs.items()}


def report(name: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    """The medians as text."""
    lines = [name]
    for side, used in found.items():
        lines.append(f"  {side:5} wall {used['wall']:6.2f} s  cpu {used['cpu']:6.2f} s  peak {used['rss'] / 1e6:6.0f} MB")
        if side == "cold":
            lines[-1] += f"  kept after {used['late_wall']:.2f} s (cpu {used['late_cpu']:.2f} s), {used['bytes'] / 1e6:.1f} MB"
    off, cold, warm = (found[side] for side in SIDES)
    saved = ", ".join(f"{each} {off[each] / warm[each]:.1f} ×" for each in ("wall", "cpu"))
    cost = ", ".join(f"{each} {cold[each] / off[each]:.2f}" for each in ("wall", "cpu"))
    lines.append(f"  a second start is quicker: {saved}; a first start by what it was: {cost}; figures equal")
    return "\n".join(lines)


# ── kills ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def command(cache: Path | None) -> tuple[list[str], dict[str, str]]:
    """The command line on the sample shop, and its environment."""
    words = [sys.executable, "-m", "core", "kpis", *map(str, SHOP), "--by", "agent", "--json"]
    return words, {**os.environ, "KEFULENS_CACHE": str(cache or "")}


def said(cache: Path | None) -> tuple[str, str, float]:
    """What the command says: standard output, standard error, and the seconds it took."""
    words, environment = command(cache)
    began = time.perf_counter()
    done = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr, time.perf_counter() - began


def _writing(folder: Path, seconds: float, at_most: float) -> None:
    """Wait until something is being written, and a little longer."""
    until = time.perf_counter() + at_most
    while time.perf_counter() < until and not any((folder / "kept").glob("*")):
        time.sleep(0.002)
    time.sleep(seconds)


def kills(times: int, seed: int, folder: Path) -> str:
    """Kill at random moments; after each the next command must be right."""
    drawn = np.random.default_rng(seed)
    truth, _, seconds = said(None)
    words, environment = command(folder)
    left, wrong = 0, 0
    for turn in range(times):
        subprocess.run([sys.executable, "-m", "core", "cache", "--purge"], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        running = subprocess.Popen(words, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        time.sleep(drawn.uniform(0.3, 1.0) * seconds) if turn % 2 else _writing(folder, drawn.uniform(0.0, 0.2), 5 * seconds)
        running.send_signal(signal.SIGKILL)
        running.wait()
        left += any((folder / "kept").glob("*"))
        printed, errors, _ = said(folder)
        wrong += printed != truth or bool(errors)
        again, errors, _ = said(folder)
        wrong += again != truth or bool(errors)
    told = f"{times} kills; {left} left something on disk"
    return f"{told}; commands after them wrong or complaining: {wrong}"


def main() -> None:
    """The command line."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rows", type=int, default=1_000_000, help="messages")
    words.add_argument("--repeats", type=int, default=3)
    words.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "importing")
    words.add_argument("--kills", type=int, default=0)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.child:
        print(json.dumps(child(given.child[0], [Path(each) for each in given.child[1:]])))
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.kills:
        with tempfile.TemporaryDirectory(dir=given.folder) as cache:
            print(kills(given.kills, given.seed, Path(cache)))
        return
    path = ready(given.folder, "messages", -(-given.rows // 3))
    for name, files in (("sample shop", SHOP), (f"{path.name}: {path.stat().st_size / 1e6:.0f} MB", [path])):
        print(report(name, measure(files, given.repeats, given.folder)), flush=True)


if __name__ == "__main__":
    main()
