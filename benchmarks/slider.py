"""A slider move on the Scores page in a real browser, against an app that shows the same charts and computes nothing.

``python -m benchmarks.slider FOLDER [CONVERSATIONS] [AGENTS]``: makes a conversation file, uploads it in the browser, moves the efficiency
weight by the arrow key and notes, in the page, the time from the key to the last change inside a chart plus one frame. The peer (see
``static_app/app.py``) gets the specs and frames that the app showed for the same slider values. Beside them the app with its doubt
switched off. 20 moves after 2 warm-ups a side, the three taken in turns; medians. Needs Playwright and a Chromium (``CHROMIUM``, else
/usr/bin/chromium).
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
KNOB, FIRST, WARM_UPS, MOVES, GOAL = "w_efficiency", 30, 2, 20, 2.0
DAYS = 84
WATCH = """
window.__seen = {key: 0, chart: 0, text: 0};
addEventListener('keydown', () => { window.__seen = {key: performance.now(), chart: 0, text: 0}; }, true);
const note = name => { window.__seen[name] = performance.now(); };
new MutationObserver(found => {
  for (const one of found) {
    const at = one.target.nodeType === 1 ? one.target : one.target.parentElement;
    if (!at) continue;
    if (at.closest('[data-testid=stVegaLiteChart]')) note('chart');
    else if (one.type !== 'attributes' && at.closest('[data-testid=stMarkdown]')) note('text');
  }
}).observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
for (const name of ['fillText', 'fillRect', 'fill', 'stroke']) {
  const plain = CanvasRenderingContext2D.prototype[name];
  CanvasRenderingContext2D.prototype[name] = function (...given) {
    if (this.canvas.closest && this.canvas.closest('[data-testid=stVegaLiteChart]')) note('chart');
    return plain.apply(this, given);
  };
}
"""
STILL = """async () => {
  const last = () => Math.max(window.__seen.key, window.__seen.chart, window.__seen.text);
  const waits = () => !(window.__seen.chart && window.__seen.text) && performance.now() - window.__seen.key < 30000;
  while (waits() || performance.now() - last() < 700) await new Promise(done => setTimeout(done, 50));
  return window.__seen;
}"""
FRAME_MS = 1000 / 60
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def shop(folder: Path, size: int, agents: int, seed: int = 5) -> list[Path]:
    """Twelve weeks of a shop: a conversation file and an order file; those of an earlier run are taken again."""
    paths = [folder / f"conversations_{size}.parquet", folder / f"orders_{size}.parquet"]
    if all(path.exists() for path in paths):
        return paths
    rng = np.random.default_rng(seed)
    begun = pd.Timestamp("2026-01-05") + pd.to_timedelta(np.sort(rng.integers(0, DAYS * 86_400, size)), unit="s")
    skill = rng.normal(0, 0.5, agents)
    agent = rng.integers(0, agents, size)
    wait = rng.lognormal(4.2 + skill[agent], 0.9)
    rating = np.clip(np.round(4.2 - 0.4 * skill[agent] + rng.normal(0, 0.8, size)), 1, 5)
    columns = {
        "conversation_id": [f"c{number:07d}" for number in range(size)],
        "customer_id": [f"u{number:06d}" for number in rng.integers(0, size * 6 // 10, size)],
        "agent_id": [f"agent {number:03d}" for number in agent],
        "channel": np.array(["chat", "email", "phone"])[rng.integers(0, 3, size)],
        "language": np.array(["zh", "en", "fr"])[rng.integers(0, 3, size)],
        "started_at": begun,
        "first_human_reply_at": begun + pd.to_timedelta(wait, unit="s").round("s"),
        "closed_at": begun + pd.to_timedelta(wait + rng.lognormal(6.5, 0.7, size), unit="s").round("s"),
        "csat": np.where(rng.random(size) < 0.4, rating, np.nan),
        "resolved": (rng.random(size) < 0.85).astype(int),
        "transfers": (rng.random(size) < 0.08).astype(int),
    }
    columns |= {"complaint": (rng.random(size) < 0.03).astype(int), "handle_s": rng.lognormal(5.5, 0.6, size).round(1)}
    frame = pd.DataFrame(columns)
    frame.to_parquet(paths[0], index=False)
    bought = frame.iloc[np.sort(rng.choice(size, size // 4, replace=False))]
    created = bought["closed_at"] + pd.to_timedelta(rng.integers(60, 86_400, len(bought)), unit="s")
    orders = {
        "order_id": [f"o{number}" for number in range(len(bought))],
        "customer_id": bought["customer_id"],
        "created_at": created,
    }
    orders |= {
        "paid_at": created,
        "amount": rng.lognormal(4, 0.8, len(bought)).round(2),
        "returned": (rng.random(len(bought)) < 0.06).astype(int),
    }
    pd.DataFrame(orders).to_parquet(paths[1], index=False)
    return paths


def frames(paths: list[Path], folder: Path) -> None:
    """What the Scores page shows for every slider value of the run: specs once, the data of charts and tables, and the page as a whole."""
    from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
    from streamlit.testing.v1 import AppTest

    from core.ingest import load
    from core.ingest.choices import Choices, InputFile

    folder.mkdir(exist_ok=True)
    given = tuple(InputFile(path.name, path.read_bytes()) for path in paths)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.session_state["_files"], app.session_state["_choices"] = given, Choices()
    app.session_state["_log"], app.session_state["_source"] = load(given, Choices()), "files"
    app.query_params["lang"] = "en"
    app.run().switch_page("pages/3_scores.py").run()
    for value in range(FIRST, FIRST + WARM_UPS + MOVES + 1):
        app.slider(key=KNOB).set_value(float(value)).run()
        assert not app.exception, app.exception
        charts = [element.proto for element in app.get("vega_lite_chart")]
        assert len(charts) == 2, f"{len(charts)} charts"
        for at, chart in enumerate(charts):
            convert_arrow_bytes_to_pandas_df(chart.data.data).to_parquet(folder / f"{value}_{at}.parquet")
        for at, table in enumerate(app.dataframe):
            table.value.to_parquet(folder / f"table_{value}_{at}.parquet")
        (folder / f"{value}.json").write_text(json.dumps(_recorded(app.main)), encoding="utf-8")
    heights = [getattr(chart, "height", 0) or "content" for chart in charts]
    found = [{"spec": json.loads(chart.spec), "height": height} for chart, height in zip(charts, heights, strict=True)]
    (folder / "charts.json").write_text(json.dumps(found), encoding="utf-8")


def _recorded(block: Any) -> list[dict[str, Any]]:
    """A page as nested blocks with what each element says, for a peer that shows all of it."""
    found = []
    for node in block.children.values():
        one = {"kind": node.type, "key": getattr(node, "key", None)}
        if hasattr(node, "children"):
            horizontal = node.type == "flex_container" and node.proto.flex_container.direction == node.proto.flex_container.HORIZONTAL
            one |= {"inside": _recorded(node), "horizontal": horizontal, "label": getattr(node, "label", "")}
            one["weight"] = getattr(node, "weight", 1)
        elif node.type == "slider":
            one |= {"label": node.label, "value": node.value, "range": (node.min, node.max, node.step)}
        elif node.type == "button_group":
            one["options"] = [option.content for option in node.proto.options]
        elif node.type not in ("vega_lite_chart", "dataframe"):
            one |= {"label": getattr(node, "label", ""), "value": node.value}
        found.append(one)
    return found


@contextmanager
def serving(script: str, environment: dict[str, str]) -> Iterator[str]:
    """A Streamlit server of its own; its address once it is healthy."""
    with serving_with(script, environment) as (address, _):
        yield address


@contextmanager
def serving_with(
    script: str, environment: dict[str, str], options: Sequence[str] = (), by: Sequence[str] = ("streamlit",)
) -> Iterator[tuple[str, int]]:
    """The same with further options, and by another module than Streamlit itself; address and process number."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", *by, "run", script, "--server.port", str(port), "--server.headless", "true", *options]
    server = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _healthy(address)
        yield address, server.pid
    finally:
        server.terminate()
        server.wait()


def _healthy(address: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{address} did not become healthy")


def opened(browser: Any, address: str) -> Any:
    """A page with the watch installed."""
    page = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-US").new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    return page


def move(page: Any) -> tuple[float, float]:
    """One press of the arrow key: milliseconds to the first words and to the last stroke of a chart."""
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    seen = page.evaluate(STILL)
    assert min(seen.values()) > 0, f"nothing was repainted: {seen}"
    return seen["text"] - seen["key"], seen["chart"] - seen["key"] + FRAME_MS


def at_scores(browser: Any, address: str, paths: list[Path]) -> Any:
    """The app with the files uploaded, on the Scores page."""
    page = opened(browser, f"{address}/data")
    page.locator("input[type=file]").first.set_input_files([str(path) for path in paths])
    size = int(paths[0].stem.split("_")[1])
    page.locator("[data-testid=stSidebar]").get_by_text(f"{size:,}").first.wait_for(timeout=300_000)
    page.locator("[data-testid=stSidebarNav] a[href*=scores]").click()
    return page


def without_doubt(page: Any) -> Any:
    """The Scores page with intervals and probabilities switched off."""
    page.get_by_text("How sure", exact=True).click()
    page.get_by_text("How sure the grades are is switched off.").wait_for(timeout=300_000)
    return page


def main() -> None:
    """Prepare, open both, move in turns, print medians and the ratio."""
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1])
    size, agents = (int(given or usual) for given, usual in zip([*sys.argv[2:4], "", ""], (100_000, 50), strict=False))
    prepared = folder / f"frames_{size}_{agents}"
    folder.mkdir(parents=True, exist_ok=True)
    paths = shop(folder, size, agents)
    frames(paths, prepared)
    taken: dict[str, list[tuple[float, float]]] = {"app": [], "plain": [], "static": []}
    with (
        serving("app.py", {"KEFULENS_SAMPLE": "0"}) as app,
        serving("benchmarks/static_app/app.py", {"FRAMES": str(prepared)}) as static,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS)
        plain = without_doubt(at_scores(browser, app, paths))
        pages = {"app": at_scores(browser, app, paths), "plain": plain, "static": opened(browser, static)}
        for page in pages.values():
            page.locator("[data-testid=stVegaLiteChart] svg, [data-testid=stVegaLiteChart] canvas").nth(1).wait_for(
                timeout=120_000
            )
            page.wait_for_timeout(2_000)
        for _ in range(WARM_UPS + MOVES):
            for name, page in pages.items():
                page.bring_to_front()
                taken[name].append(move(page))
        browser.close()
    report(taken, size, agents)


def report(taken: dict[str, list[tuple[float, float]]], size: int, agents: int) -> None:
    """Medians with their range, and the ratio."""
    print(f"{size:,} conversations, {agents} agents, {MOVES} moves, ms from key press (median [least–most])")
    medians = {}
    for name, moves in taken.items():
        for what, place in (("words", 0), ("charts", 1)):
            times = [one[place] for one in moves[WARM_UPS:]]
            medians[name, what] = statistics.median(times)
            print(f"{name:<7}{what:<7}{medians[name, what]:7.0f}  [{min(times):.0f}–{max(times):.0f}]")
    ratio = medians["app", "charts"] / medians["static", "charts"]
    print(f"ratio of repaints {ratio:.2f} (goal ≤ {GOAL}: {'met' if ratio <= GOAL else 'MISSED'})")
    doubt = medians["app", "charts"] / medians["plain", "charts"]
    print(f"with doubt against without {doubt:.2f} (goal ≤ {GOAL}: {'met' if doubt <= GOAL else 'MISSED'})")


if __name__ == "__main__":
    main()
