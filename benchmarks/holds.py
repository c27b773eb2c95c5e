"""A Streamlit server that notes how long its interpreter was held: ``python -m benchmarks.holds FILE run app.py …``.

A thread of its own wants to run every two milliseconds. Where it comes late, somebody held the interpreter, or the machine was busy with
others; so what counts is the processor time of the busiest thread in between. Every hold of at least 20 ms becomes a line of FILE:
``{"at": seconds of the monotonic clock, "held": seconds, "where": innermost lines of that thread}``.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

EVERY_S, FROM_S, LINES = 0.002, 0.02, 3


def _used() -> dict[int, float]:
    """Thread → processor seconds so far, without the thread that asks."""
    found = {}
    for each in threading.enumerate():
        if each.ident is not None and each is not threading.current_thread() and each.is_alive():
            found[each.ident] = time.clock_gettime(time.pthread_getcpuclockid(each.ident))
    return found


def _where(thread: int) -> list[str]:
    frame = sys._current_frames().get(thread)
    steps = traceback.extract_stack(frame)[-LINES:] if frame else []
    return [f"{Path(step.filename).parent.name}/{Path(step.filename).name}:{step.lineno} {step.name}" for step in steps]


def watch(path: Path) -> None:
    """Write every hold to a file, for ever."""
    with path.open("a", encoding="utf-8") as file:
        before, began = _used(), time.monotonic()
        while True:
            time.sleep(EVERY_S)
            late = time.monotonic() - began - EVERY_S
            used = _used() if late >= FROM_S else {}
            spent = {thread: seconds - before.get(thread, seconds) for thread, seconds in used.items()}
            busiest = max(spent, key=lambda thread: spent[thread], default=0)
            held = min(late, spent.get(busiest, 0.0))
            if held >= FROM_S:
                file.write(json.dumps({"at": began, "held": held, "where": _where(busiest)}) + "\n")
                file.flush()
            before, began = _used(), time.monotonic()


def holds(path: Path, since: float) -> list[dict[str, Any]]:
    """What was held since a moment of the monotonic clock, the longest first."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = [one for one in map(json.loads, lines) if one["at"] >= since]
    return sorted(found, key=lambda one: -one["held"])


def main() -> None:
    """Watch, and be the server."""
    from streamlit.web.cli import main as streamlit

    path, sys.argv = Path(sys.argv[1]), ["streamlit", *sys.argv[2:]]
    threading.Thread(target=watch, args=(path,), daemon=True).start()
    streamlit()


if __name__ == "__main__":
    main()
