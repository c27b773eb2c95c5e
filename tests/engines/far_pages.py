"""Every page and every part of it on a log that stays where it lies: figures, or words; never a traceback.

``python -m tests.engines.far_pages [zh]`` opens all of them once with the sample shop at a source, and prints what each said.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import ROOT, is_clean, visible
from tests.warehouse import farshop

PARTS = {
    "1_data": ("data_part", ("answers", "ledger")),
    "2_overview": ("", ()),
    "3_scores": ("", ()),
    "4_whatif": ("", ()),
    "5_compare": ("compare_part", ("figures", "funnel", "same", "pair", "silence", "questions", "rules", "spots")),
    "6_trends": (
        "trends_part", ("board", "groups", "weekdays", "hours", "special", "change", "pilots", "periods", "course", "systemic"),
    ),
    "7_staffing": ("staffing_part", ("plan", "demand", "moves", "proof")),
    "8_methods": ("", ()),
    "9_live": ("", ()),
}  # fmt: skip


def visited(language: str) -> Iterator[tuple[str, str, AppTest]]:
    """Page, part and what it shows, one after the other in one session."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "shop.duckdb"
        columns = farshop.written(place)
        tables = "\n".join(f'{name} = "{name}"' for name in columns)
        text = f'engine = "duckdb"\naddress = "{place}"\nzone = "Asia/Shanghai"\nstamps = "UTC"\n[tables]\n{tables}\n'
        (Path(folder) / "Warehouse.toml").write_text(text, "utf-8")
        os.environ |= {"KEFULENS_SOURCES": folder, "KEFULENS_CACHE": "", "KEFULENS_SAMPLE": "0"}
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        at.query_params["lang"] = language
        at.switch_page("pages/1_data.py").run()
        at.button(key="far_use").click().run()
        for page, (key, parts) in PARTS.items():
            at.switch_page(f"pages/{page}.py").run()
            for part in parts or ("",):
                if part:
                    at.session_state["_kept"][key] = part
                    at.run()
                yield page, part, at


def main(language: str) -> None:
    """Opens everything; an exception on a page ends it."""
    for page, part, at in visited(language):
        is_clean(at)
        said = [each.value for each in at.error]
        print(f"{page} {part or '-'}: {len(visible(at))} texts" + "".join(f"; {each.splitlines()[0]}" for each in said))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "en")
