"""A slider move on the Staffing page in a real browser, against an app that shows the same charts and computes nothing.

``python -m benchmarks.slider_staffing FOLDER``: opens the sample shop's week plan, moves the service level target by the arrow key and
notes, in the page, the time from the key to the last change of a chart or of words plus one frame. Not every percent changes the plan, so
both are watched. The peer (``static_app/app.py``) gets the specs and frames the page showed for the same values. 20 moves after 2
warm-ups a side, in turns; medians. Needs Playwright and a Chromium (``CHROMIUM``, else /usr/bin/chromium).
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.slider import FRAME_MS, GOAL, MOVES, ROOT, STILL, WARM_UPS, opened, serving

KNOB, FIRST = "sl_target", 70


def frames(folder: Path) -> None:
    """What the Staffing page shows for every value of the run: specs once, and the data of each chart."""
    from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
    from streamlit.testing.v1 import AppTest

    folder.mkdir(parents=True, exist_ok=True)
    os.environ["KEFULENS_SAMPLE"] = "1"
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.query_params["lang"] = "en"
    app.run().switch_page("pages/7_staffing.py").run()
    for value in range(FIRST, FIRST + WARM_UPS + MOVES + 1):
        app.slider(key=KNOB).set_value(value / 100).run()
        assert not app.exception, app.exception
        charts = [element.proto for element in app.get("vega_lite_chart")]
        for at, chart in enumerate(charts):
            convert_arrow_bytes_to_pandas_df(chart.data.data).to_parquet(folder / f"{value}_{at}.parquet")
    heights = [getattr(chart, "height", 0) or "content" for chart in charts]
    found = [{"spec": json.loads(chart.spec), "height": height} for chart, height in zip(charts, heights, strict=True)]
    (folder / "charts.json").write_text(json.dumps(found), encoding="utf-8")


def move(page: Any) -> float:
    """One press of the arrow key: milliseconds to the last change of words or charts."""
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    seen = page.evaluate(STILL)
    last = max(seen["text"], seen["chart"])
    assert last > 0, "nothing was repainted"
    return float(last - seen["key"] + FRAME_MS)


def main() -> None:
    """Prepare, open both, move in turns, print medians and the ratio."""
    from playwright.sync_api import sync_playwright

    prepared = Path(sys.argv[1]) / "frames_staffing"
    frames(prepared)
    taken: dict[str, list[float]] = {"app": [], "static": []}
    with (
        serving("app.py", {"KEFULENS_SAMPLE": "1"}) as app,
        serving("benchmarks/static_app/app.py", {"FRAMES": str(prepared)}) as static,
        sync_playwright() as play,
    ):
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
        browser = play.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=flags)
        start = f"{app}/staffing?lang=en&{KNOB}={FIRST / 100}"
        pages = {"app": opened(browser, start), "static": opened(browser, static)}
        for page in pages.values():
            page.locator("[data-testid=stVegaLiteChart] svg, [data-testid=stVegaLiteChart] canvas").nth(1).wait_for(timeout=120_000)
            page.wait_for_timeout(3_000)
        for _ in range(WARM_UPS + MOVES):
            for name, page in pages.items():
                page.bring_to_front()
                taken[name].append(move(page))
        browser.close()
    medians = {}
    for name, times in taken.items():
        kept = times[WARM_UPS:]
        medians[name] = statistics.median(kept)
        print(f"{name:<7}{medians[name]:7.0f} ms [{min(kept):.0f}–{max(kept):.0f}]")
    ratio = medians["app"] / medians["static"]
    print(f"ratio of repaints {ratio:.2f} (goal ≤ {GOAL}: {'met' if ratio <= GOAL else 'MISSED'})")


if __name__ == "__main__":
    main()
