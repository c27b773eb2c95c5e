"""Pages under AppTest: the app from its entrance, in both languages, with nothing, the sample or a broken file."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from core.engine import build_facts
from core.ingest import InputFile, load
from core.log import Log
from core.recompute import Report, recompute, slow_knobs
from core.scenario import Scenario

ROOT = Path(__file__).resolve().parents[2]
BROKEN = b"just,nonsense\n1,2\n"
ROOMS = "|".join(sorted(path.stem for path in (ROOT / "core" / "locales" / "en").glob("*.toml")))
RAW_KEY = re.compile(rf"\b({ROOMS})\.[a-z_]+\.[a-z_A-Z0-9.]+")
Open = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def _packages_scanned_once() -> Iterator[None]:
    """Every AppTest reads the metadata of all installed packages in search of components: half of its time, for the same answer."""
    with pytest.MonkeyPatch.context() as patch:
        scan = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page of the app as a link to it does: ``open_page("2_overview", "zh", "sample", period="28d")``."""

    def opened(page: str, language: str, state: str = "nothing", **link: str) -> AppTest:
        monkeypatch.setenv("KEFULENS_SAMPLE", "1" if state == "sample" else "0")
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        at.query_params["lang"] = language
        for key, value in link.items():
            at.query_params[key] = value
        if state == "broken":
            at.run().switch_page("pages/1_data.py").run()
            at.file_uploader(key="files").upload("broken.csv", BROKEN, "text/csv").run()
        return at.switch_page(f"pages/{page}.py").run()

    return opened


@pytest.fixture(scope="session")
def sample_log() -> Log:
    """The sample shop, read by the core itself."""
    return load([InputFile.of(path) for path in sorted((ROOT / "sample_data" / "shop").glob("*.csv"))])


@pytest.fixture(scope="session")
def reported(sample_log: Log) -> Callable[..., Report]:
    """The core's own report of the sample under a scenario: what every page has to agree with. Each is made once."""
    facts, made = functools.cache(lambda slow: build_facts(sample_log, slow)), {}

    def report(**knobs: Any) -> Report:
        scenario = Scenario.of(knobs)
        key = repr(scenario)
        if key not in made:
            made[key] = recompute(sample_log, scenario, facts(slow_knobs(scenario)))
        return made[key]

    return report


def visible(at: AppTest) -> list[str]:
    """Everything a reader can read on the page and in the sidebar."""
    return list(_strings(at))


def _strings(at: AppTest) -> Iterator[str]:
    for kind in (
        "title",
        "header",
        "subheader",
        "markdown",
        "caption",
        "info",
        "warning",
        "error",
        "success",
        "metric",
    ):
        for element in getattr(at, kind):
            yield str(element.value)
            yield str(getattr(element, "label", "") or "")
    for kind in (
        "button",
        "selectbox",
        "slider",
        "number_input",
        "multiselect",
        "date_input",
        "text_input",
        "toggle",
        "expander",
    ):
        for element in getattr(at, kind, ()):
            yield str(element.label)
            yield str(getattr(element, "help", "") or "")


def is_clean(at: AppTest) -> None:
    """No exception, no raw locale key, no unfilled placeholder, no NaN, no None."""
    assert not at.exception, [element.value for element in at.exception]
    said = visible(at)
    assert [text for text in said if RAW_KEY.search(text)] == []
    assert [text for text in said if re.search(r"\{[a-z_]+\}|\bnan\b|\bNone\b|\bNaT\b", text)] == []


def cards(at: AppTest) -> dict[str, Any]:
    """Label → value of the cards."""
    return {element.label: element.value for element in at.metric}


def charted(element: Any) -> Any:
    """The frame a chart on the page draws."""
    proto = element.proto
    return convert_arrow_bytes_to_pandas_df(proto.datasets[0].data.data if proto.datasets else proto.data.data)
