"""The house rules that nobody remembers: who may import whom, which words stand where."""

from __future__ import annotations

import ast
import functools
import re
import string
import sys
import tomllib
from pathlib import Path

import pytest

from core.text import LANGUAGES, words

ROOT = Path(__file__).resolve().parent.parent
LAYERS = (
    {"errors", "text", "log", "annotations", "limits", "scratch", "turns", "embedded"},
    {"schema", "measures", "fairness", "privacy", "regression", "slopes"},
    {"rules", "ingest", "metrics"},
    # The engine is asked with a scenario (slow knobs, filters, rule set) and joins orders, so both stand below it.
    {"scenario"},
    {"period", "commerce", "changes", "scenarios"},
    {"engine"},
    {"store"},
    {"grouped", "warehouse"},
    {"kpis"},
    {"resampling", "levels"},
    {"scoring", "robustness", "weights", "stability", "ahp", "overlap"},
    {"agreement", "trends", "effects", "control", "changepoints", "earlywarning", "staffing", "voice", "actions"},
    {"seeing", "systemic", "slowdowns", "anomalies", "associations", "headroom"},
    {"proportions", "funnel", "shrinkage", "casemix", "pairs", "nonresponse", "questions"},
    {"rush", "shifts", "ranks", "hourly", "occasions"},
    {"backtest", "beforeafter", "causes"},
    {"rollouts"},
    {"recompute", "views", "indicators", "slots"},
    {"fair", "rostering", "whatif", "board", "closeup", "spans", "course"},
    {"slowdays", "daysapart"},
    {"watch", "growing", "adding", "live", "alarms", "looking"},
    {"planner", "spotchecks", "drivers", "movements"},
    {"trials"},
    {"turning"},
    {"comparisons", "consequences", "dialects", "receipt", "sensitivity"},
    {"talk"},
    {"charts", "exports"},
    {"card", "study"},
    {"__main__", "command"},
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
HEAVY = {"pandas", "numpy", "scipy", "duckdb", "pyarrow", "altair", "statsmodels"}
BANNED_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}
# Headings, sender values and date signs that users' files contain are data of the import; the schema lists its aliases.
MAY_HOLD_CHINESE = {"schema.py", "ingest", "privacy.py"}
DISTRIBUTIONS = {"yaml": "pyyaml", "vl_convert": "vl-convert-python", "PIL": "pillow", "xdist": "pytest-xdist"}
# The language switch is read by people who do not read the other language.
BILINGUAL = {"语言 / Language", "中文"}
HAN = re.compile(r"[㐀-鿿]")
SENTENCE = re.compile(r"^[A-Z][^.!?]*(\s+\S+){4,}[.!?]$")

CORE = sorted((ROOT / "core").rglob("*.py"))
PAGES = [path for path in [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))] if path.exists()]
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@functools.cache
def imported(path: Path) -> frozenset[str]:
    """Every module a file names in an import, also those inside functions; ``from a import b`` counts as ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return frozenset(found)


def room(path: Path) -> str:
    """The room of core a file stands in."""
    return path.relative_to(ROOT / "core").parts[0].removesuffix(".py")


def rooms_used(path: Path) -> set[str]:
    """Rooms of core a file imports; a name taken from the package itself is not a room and is returned as it is."""
    return {module.split(".")[1] for module in imported(path) if module.startswith("core.")}


def graph() -> dict[str, set[str]]:
    """Which rooms each room imports."""
    edges: dict[str, set[str]] = {}
    for path in CORE:
        if room(path) != "__init__":
            edges.setdefault(room(path), set()).update(rooms_used(path) - {room(path)})
    return edges


@functools.cache
def strings(path: Path) -> tuple[ast.Constant, ...]:
    """Text constants of a file that are neither docstrings nor developer text of an exception."""
    module = tree(path)
    skipped = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Raise):
            skipped |= {id(part) for part in ast.walk(node)}
    texts = (node for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return tuple(node for node in texts if id(node) not in skipped)


@functools.cache
def locale_files(language: str) -> dict[str, dict[str, str]]:
    """The words of a language by file and dotted key."""
    folder = ROOT / "core" / "locales" / language
    return {
        path.name: {key: value for key, value in words(language).items() if key.startswith(f"{path.stem}.")}
        for path in sorted(folder.glob("*.toml"))
    }


def placeholders(sentence: str) -> set[str]:
    """The facts a sentence wants."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_core_knows_no_streamlit_and_no_page() -> None:
    """Core runs without the app: nothing in it imports Streamlit, the app or a page."""
    wrong = {
        (path.name, m) for path in CORE for m in imported(path) if m.split(".")[0] in {"streamlit", "pages", "app"}
    }
    assert not wrong


def test_every_room_has_a_place() -> None:
    """A new room is put into `LAYERS` on purpose."""
    assert set(graph()) - set(LEVEL) == set()


def test_nothing_imports_upwards() -> None:
    """A room imports rooms of its own layer or lower ones."""
    edges = [(one, other) for one, others in graph().items() for other in others]
    unknown = [(one, other) for one, other in edges if other not in LEVEL]
    assert unknown == []
    assert [(one, other) for one, other in edges if LEVEL[other] > LEVEL[one]] == []


def test_rooms_form_no_circle() -> None:
    """Rooms of one layer may use each other in one direction only."""
    left = graph()
    while left:
        free = {one for one, others in left.items() if not others & set(left)}
        assert free, f"circle among {sorted(left)}"
        left = {one: others for one, others in left.items() if one not in free}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_do_no_arithmetic(path: Path) -> None:
    """Pages show what core gives: they import no table, number or drawing library."""
    assert {module for module in imported(path) if module.split(".")[0] in HEAVY} == set()


def test_rooms_are_named_by_what_is_in_them() -> None:
    """No module is called util, helper, common or manager."""
    parts = {(part, path) for path in [*CORE, *PAGES, *TESTS] for part in path.relative_to(ROOT).with_suffix("").parts}
    assert [str(path) for part, path in parts if set(part.lower().strip("_").split("_")) & BANNED_NAMES] == []


def test_languages_have_the_same_files() -> None:
    """Each locale file exists in every language."""
    assert len({tuple(locale_files(language)) for language in LANGUAGES}) == 1


@pytest.mark.parametrize("name", locale_files("en"))
def test_languages_have_the_same_keys_and_placeholders(name: str) -> None:
    """A key exists in both languages, with the same facts to fill in and with words."""
    zh, en = locale_files("zh")[name], locale_files("en")[name]
    assert set(zh) == set(en)
    assert {key for key in zh if placeholders(zh[key]) != placeholders(en[key])} == set()


def test_locale_files_are_tables_of_text() -> None:
    """A locale file holds text and tables of text, so that every key is one sentence or word."""
    for path in sorted((ROOT / "core" / "locales").rglob("*.toml")):
        nodes = [tomllib.loads(path.read_text(encoding="utf-8"))]
        while nodes:
            node = nodes.pop()
            wrong = {key: value for key, value in node.items() if not isinstance(value, str | dict)}
            assert not wrong, path
            nodes += [value for value in node.values() if isinstance(value, dict)]


def test_keys_named_in_code_exist() -> None:
    """A key written out in a call (``t("charts.interval")``) has its words."""
    known, rooms = words("en"), {name.removesuffix(".toml") for name in locale_files("en")}
    missing = []
    for path in [*CORE, *PAGES]:
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Call)
                and node.args
                and isinstance(node.func, ast.Name)
                and node.func.id in {"t", "text"}
            ):
                key = getattr(node.args[0], "value", None)
                if isinstance(key, str) and key.split(".")[0] in rooms and key not in known:
                    missing.append((path.name, key))
    assert missing == []


def test_no_chinese_outside_the_locales() -> None:
    """Core holds no Chinese but what the import must recognise in users' files."""
    wrong = []
    for path in CORE:
        if path.relative_to(ROOT / "core").parts[0] not in MAY_HOLD_CHINESE:
            wrong += [(path.name, node.lineno, node.value) for node in strings(path) if HAN.search(node.value)]
    assert wrong == []


def test_no_sentence_outside_the_locales() -> None:
    """Core and pages hold no sentence for users; exceptions and docstrings speak to developers."""
    files = [*CORE, *PAGES]
    wrong = [(path.name, n.lineno, n.value) for path in files for n in strings(path) if SENTENCE.match(n.value.strip())]
    assert wrong == []


def test_pages_speak_through_the_locales() -> None:
    """Pages hold no Chinese: every word comes from a locale file."""
    found = [(path.name, n.value) for path in PAGES for n in strings(path) if HAN.search(n.value)]
    assert [(name, value) for name, value in found if value not in BILINGUAL] == []


def declared(name: str) -> set[str]:
    """The packages a requirements file names."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {re.split(r"[<>=!~\[ ]", line)[0].lower() for line in lines if line and not line.startswith("#")}


def third_party(paths: list[Path]) -> set[str]:
    """The packages that files import and that neither Python nor the project holds."""
    tops = {module.split(".")[0] for path in paths for module in imported(path)}
    own = {"core", "pages", "app", "run", "tests", "sample_data", "benchmarks"}
    return {DISTRIBUTIONS.get(top, top).lower() for top in tops - own - set(sys.stdlib_module_names)}


def test_what_is_imported_is_required() -> None:
    """The app imports only what requirements.txt names, an engine's adapter also its extra, the tests only what these files name."""
    app, tests = declared("requirements.txt"), declared("requirements-dev.txt")
    extras = {name for path in ROOT.glob("requirements-*.txt") if path.name != "requirements-dev.txt" for name in declared(path.name)}
    adapters = [path for path in CORE if room(path) == "warehouse"]
    assert third_party([path for path in [*CORE, *PAGES] if path not in adapters]) - app == set()
    assert third_party(adapters) - app - extras == set()
    assert third_party(TESTS) - app - tests - extras == set()


def test_the_bootstrap_needs_only_the_standard_library() -> None:
    """run.py runs before anything is installed."""
    assert third_party([ROOT / "run.py"]) == set()
    assert not {module for module in imported(ROOT / "run.py") if module.startswith("core")}
