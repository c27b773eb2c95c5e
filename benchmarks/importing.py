"""Import of a large export into a Log, against the fastest plain parse of the same file, each run in a process of its own.

``python -m benchmarks.importing [--rows 1000000] [--repeats 3] [--folder FOLDER] [KIND ...]`` writes seeded files (kept between runs),
runs pyarrow, polars and the import in turns, and prints medians of wall time, CPU time and peak memory with their ratios. Plain parses
turn the cells into typed columns by their own inference, all with as many threads as they like. Imports are not timed; their memory
counts. Ratios carry over between machines, seconds do not.

Kinds: ``iso`` conversations with ISO stamps, ``gbk`` the same with day-first stamps, durations such as 2分30秒 and GBK bytes, ``messages``
three rows a conversation with texts; ``xlsx`` and ``jsonl`` are imported only, a tenth and three tenths of the rows.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
PLAIN = ("pyarrow", "polars")
SIDES = (*PLAIN, "ours")
GOALS = {"wall": 3.0, "rss": 4.0}
SHARE = {"iso": 1.0, "gbk": 1.0, "messages": 3.0, "xlsx": 0.1, "jsonl": 0.3}
ENDING = {"xlsx": "xlsx", "jsonl": "jsonl"}
ENCODING = {"gbk": "gb18030"}
Used = Mapping[str, float]
Words = NDArray[np.str_]
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_TEXTS = (
    "您好，请问有什么可以帮您？", "我的快递什么时候到", "这款还有货吗？", "已经为您登记，请稍等", "可以退货吗，尺码不合适", "好的，谢谢",
    "请提供一下订单号", "订单号是 {}", "优惠券怎么用不了，显示\"不可用\"", "亲，已经帮您催促仓库，\n预计明天发出",
)  # fmt: skip


# ── the files ────────────────────────────────────────────────────────────────────────────────────────────────────────


def ensure(folder: Path, kind: str, rows: int) -> Path:
    """The file of a kind for so many conversations, written unless it is there already."""
    path = folder / f"{kind}_{rows}.{ENDING.get(kind, 'csv')}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        _WRITERS[kind](partial, round(rows * SHARE[kind]))
        partial.rename(path)
    return path


def conversations(rows: int, *, day_first: bool) -> dict[str, Words]:
    """Cells of a conversation export by heading, in the order of their starts."""
    rng = np.random.default_rng(20_260_101)
    start = np.sort(rng.integers(0, 90 * 86_400, rows)) + np.datetime64("2025-01-01", "s").astype(np.int64)
    wait = np.maximum(rng.lognormal(3.4, 1.0, rows).astype(np.int64), 1)
    end = start + wait + rng.lognormal(6.2, 0.8, rows).astype(np.int64)
    answered = rng.random(rows) < 0.97
    agent = rng.integers(0, 120, rows)
    agents = np.array([f"{_SURNAMES[n % 32]}小{_SURNAMES[31 - n // 4]}{n:03d}" for n in range(120)])
    first = durations(wait) if day_first else stamps(start + wait)
    numbers = np.char.add("S2025", np.char.zfill(np.arange(rows).astype(str), 9))
    ratings = np.array(["", "1", "2", "3", "4", "5"])[rng.choice(6, rows, p=[0.55, 0.03, 0.02, 0.05, 0.1, 0.25])]
    return {
        "会话ID": numbers,
        "客服": agents[agent],
        "团队": np.array(["售前一组", "售前二组", "售后一组", "售后二组"])[agent % 4],
        "渠道": np.array(["天猫", "京东", "抖音", "微信", "官网"])[rng.integers(0, 5, rows)],
        "语言": np.array(["zh", "en"])[(rng.random(rows) < 0.05).astype(int)],
        "会话开始时间": stamps(start, day_first=day_first),
        "首次响应时长" if day_first else "首次响应时间": np.where(answered, first, ""),
        "会话结束时间": stamps(end, day_first=day_first),
        "满意度": ratings,
        "问题分类": np.array(["物流", "退换货", "商品咨询", "优惠活动", "发票", "质量问题"])[rng.integers(0, 6, rows)],
        "客户ID": np.char.add("buyer_", rng.integers(0, max(rows // 2, 1), rows).astype(str)),
    }


def stamps(seconds: NDArray[np.int64], *, day_first: bool = False) -> Words:
    """Local stamps as text: 2025-01-31 08:05:00, or 31/01/2025 08:05:00."""
    iso = np.char.replace(np.datetime_as_string(seconds.astype("datetime64[s]")), "T", " ")
    if not day_first:
        return iso
    letters = iso.view("U1").reshape(len(iso), -1)[:, :19]
    order = [8, 9, 4, 5, 6, 4, 0, 1, 2, 3, *range(10, 19)]
    moved = np.ascontiguousarray(letters[:, order]).view("U19").ravel()
    return np.char.replace(moved, "-", "/")


def durations(seconds: NDArray[np.int64]) -> Words:
    """Durations in words: 45秒, 2分30秒."""
    minutes = np.char.add((seconds // 60).astype(str), "分")
    rest = np.char.add((seconds % 60).astype(str), "秒")
    return np.where(seconds < 60, rest, np.char.add(minutes, rest))


def messages(rows: int) -> dict[str, Words]:
    """Cells of a message export by heading: three messages a conversation, with texts."""
    rng = np.random.default_rng(20_260_102)
    talk = np.arange(rows) // 3
    start = np.sort(rng.integers(0, 90 * 86_400, rows // 3 + 1)) + np.datetime64("2025-01-01", "s").astype(np.int64)
    sent = start[talk] + (np.arange(rows) % 3) * 40 + rng.integers(0, 30, rows)
    texts = np.array(_TEXTS)[rng.integers(0, len(_TEXTS), rows)]
    order = np.flatnonzero(texts == _TEXTS[7])
    texts[order] = np.char.add("订单号是 ", rng.integers(10**11, 10**12, len(order)).astype(str))
    agents = np.array([f"客服{n:03d}" for n in range(120)])
    return {
        "会话ID": np.char.add("S2025", np.char.zfill(talk.astype(str), 9)),
        "发送时间": stamps(sent),
        "发送方": np.array(["买家", "客服", "买家"])[np.arange(rows) % 3],
        "客服": agents[rng.integers(0, 120, rows // 3 + 1)[talk]],
        "消息内容": texts,
        "客户ID": np.char.add("buyer_", rng.integers(0, max(rows // 6, 1), rows // 3 + 1)[talk].astype(str)),
    }


def _write_text(path: Path, cells: Mapping[str, Words], encoding: str = "utf-8") -> None:
    import pandas as pd

    pd.DataFrame(cells).to_csv(path, index=False, encoding=encoding, lineterminator="\n")


def _write_workbook(path: Path, rows: int) -> None:
    import xlsxwriter

    cells = conversations(rows, day_first=False)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(cells))
        for row, record in enumerate(zip(*(column.tolist() for column in cells.values()), strict=True), start=1):
            sheet.write_row(row, 0, record)


def _write_lines(path: Path, rows: int) -> None:
    cells = conversations(rows, day_first=False)
    with path.open("w", encoding="utf-8") as file:
        for record in zip(*(column.tolist() for column in cells.values()), strict=True):
            file.write(json.dumps(dict(zip(cells, record, strict=True)), ensure_ascii=False) + "\n")


_WRITERS: Mapping[str, Callable[[Path, int], None]] = {
    "iso": lambda path, rows: _write_text(path, conversations(rows, day_first=False)),
    "gbk": lambda path, rows: _write_text(path, conversations(rows, day_first=True), "gb18030"),
    "messages": lambda path, rows: _write_text(path, messages(rows)),
    "xlsx": _write_workbook,
    "jsonl": _write_lines,
}


# ── the sides ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _pyarrow(path: Path, encoding: str) -> Callable[[], Any]:
    from pyarrow import csv

    quoted = csv.ParseOptions(newlines_in_values=path.name.startswith("messages"))
    return lambda: csv.read_csv(path, csv.ReadOptions(encoding=encoding), quoted)


def _polars(path: Path, encoding: str) -> Callable[[], Any]:
    import polars

    return lambda: polars.read_csv(path, encoding="utf8" if encoding == "utf-8" else encoding, try_parse_dates=True)


def _ours(path: Path, encoding: str) -> Callable[[], Any]:
    from core.ingest import InputFile, load

    return lambda: load([InputFile.of(path)]).tables["messages" if "messages" in path.name else "conversations"]


_START: Mapping[str, Callable[[Path, str], Callable[[], Any]]] = {"pyarrow": _pyarrow, "polars": _polars, "ours": _ours}


def child(side: str, path: Path) -> Used:
    """One side once, after its imports."""
    work = _START[side](path, ENCODING.get(path.name.split("_")[0], "utf-8"))
    wall, cpu = time.perf_counter(), time.process_time()
    kept = work()
    used = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * 1024
    return {**used, "rss": peak, "rows": len(kept)}


def alone(side: str, path: Path) -> Used:
    """One side once in a process of its own. The parent stays small: a child's peak memory starts at its parent's size."""
    command = [sys.executable, "-m", "benchmarks.importing", "--child", side, str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return {name: float(value) for name, value in json.loads(done.stdout).items()}


def ready(folder: Path, kind: str, rows: int) -> Path:
    """The file of a kind, written by a process of its own, so that this one stays small."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.importing",
        "--rows",
        str(rows),
        "--folder",
        str(folder),
        "--child",
        "write",
        kind,
    ]
    return Path(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip())


def measure(path: Path, sides: tuple[str, ...], repeats: int) -> dict[str, Used]:
    """Medians of each side, run in turns."""
    runs: dict[str, list[Used]] = {side: [] for side in sides}
    for _ in range(repeats):
        for side in sides:
            runs[side].append(alone(side, path))
    return {
        side: {name: statistics.median(run[name] for run in done) for name in done[0]} for side, done in runs.items()
    }


def report(path: Path, found: Mapping[str, Used]) -> str:
    """The medians as text; time against the faster plain parse, memory against the size of the file."""
    size = path.stat().st_size
    lines = [f"{path.name}: {size / 1e6:.1f} MB"]
    for side, used in found.items():
        lines.append(
            f"  {side:8} wall {used['wall']:6.2f} s  cpu {used['cpu']:6.2f} s  peak {used['rss'] / 1e6:7.0f} MB"
            f" ({used['rss'] / size:.2f} × file)  {used['rows']:,.0f} rows"
        )
    plain = [found[side] for side in PLAIN if side in found]
    if plain:
        ratio = {name: found["ours"][name] / min(used[name] for used in plain) for name in ("wall", "cpu")}
        lines.append(
            f"  ours / fastest plain parse: wall {ratio['wall']:.2f} (goal ≤ {GOALS['wall']:g}), cpu {ratio['cpu']:.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("kinds", nargs="*", default=["iso", "gbk", "messages"])
    words.add_argument("--rows", type=int, default=1_000_000)
    words.add_argument("--repeats", type=int, default=3)
    words.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "importing")
    words.add_argument("--child", nargs=2, metavar=("SIDE", "PATH"), help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.child and given.child[0] == "write":
        print(ensure(given.folder, given.child[1], given.rows))
        return
    if given.child:
        print(json.dumps(child(given.child[0], Path(given.child[1]))))
        return
    for kind in given.kinds:
        path = ready(given.folder, kind, given.rows)
        print(report(path, measure(path, SIDES if kind not in ENDING else ("ours",), given.repeats)), flush=True)


if __name__ == "__main__":
    main()
