"""What this visitor has: a log, a language, a scenario; and what the core made of them.

The only place with ``st.session_state``, ``st.query_params`` and ``st.cache_*``. A page asks, this room answers:

    text()       -> Text             words in the visitor's language (browser first, then the switch)
    scenario()   -> Scenario         every knob: turned here, else given by the link, else the default
    log()        -> Log | None       what is loaded; None means: show `_widgets.empty`
    facts()      -> Facts            one row a conversation            cached by digest
    observed()   -> Observed         a rule set applied                cached by digest + rules
    measured()   -> Measured         every figure of the period        cached by digest + rules, filters, period
    scores()     -> Scores           points, groups, scores, grades    cached by digest + those and weights, anchors, bands
    doubt()      -> Doubt            how sure scores and grades are    cached by the same, worked out when asked for
    baseline()   -> Scenario         the scenario with scoring knobs at their defaults, for "before / what-if"
    book(), keep_book(book), undo()  named scenarios; the last change of a knob or of the book taken back
    whatif(a, b) -> WhatIf           who moves between two scenarios, and why    cached by digest + both scenarios
    trouble()    -> tuple[Issue]     what of the link or the knobs could not be used (defaults are used instead)
    load_files(files, choices), load_sample(name) -> tuple[Issue]     a failure keeps what was loaded

Why the link is written here and not by ``bind="query-params"``: a bound choice puts its *translated* label into the address, and
parameters bound to another page's widgets are removed on a page switch. Here the address holds codes, and all of them, on every page.
Widgets of knobs carry the knob's own key; those with options in words carry it with the language, e.g. ``period.zh``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

import streamlit as st

from core.errors import Issue, KefuError, ScenarioError
from core.period import day_date
from core.scenario import KNOBS, Scenario, written
from core.scenario import VERSION as SCENARIO_VERSION
from core.text import LANGUAGES, Text

# The rooms below load pandas, SciPy and DuckDB: they are opened when a figure is asked for, so that the first page comes at once.
if TYPE_CHECKING:
    from core.engine import Facts, Observed, SlowKnobs
    from core.ingest import Choices, InputFile
    from core.log import FileReport, Log
    from core.recompute import Measured, Recalled, Report
    from core.robustness import Doubt, Reliability
    from core.scenarios import Book
    from core.scoring import Scores
    from core.store.shelf import Store
    from core.talk import Company, Talk
    from core.views import Apart
    from core.warehouse.source import SourceFile
    from core.whatif import WhatIf

SAMPLES = Path(__file__).resolve().parent.parent / "sample_data"
SCORING_ROOMS = ("group_weight", "weight", "anchor", "band")
_SEEN_ROOMS = ("facts", "rules", "filter", "period")
_JUDGED_ROOMS = (*_SEEN_ROOMS, *SCORING_ROOMS)
_LANG = "lang"
_LOGS_KEPT = 4
_STEPS_KEPT = 50


# --- the frame ---------------------------------------------------------------------------------------------------------------


def framed_now(inside: bool | None = None) -> bool:
    """Whether the frame runs right now; with an argument, says so. Per run, never per session."""
    if inside is not None:
        st.session_state["_in_frame"] = inside
        st.session_state["_answers"] = {}
    return bool(st.session_state.get("_in_frame"))


# --- what is remembered ------------------------------------------------------------------------------------------------------
#
# Knobs and choices live in one dictionary, apart from the widgets that show them. A widget's own state dies with a page switch, and a
# choice's state is the *label*, so that another language would reset it; the dictionary knows codes only and outlives both.

_NOTHING = object()


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = st.session_state.setdefault("_kept", {})
    return kept


def remembered(key: str, default: Any = None) -> Any:
    """What the visitor last chose under this key."""
    return _kept().get(key, default)


def choose_instead(old: Any, new: Any) -> None:
    """Wherever a choice names one thing, it names another from now on: the thing has a new name."""
    _kept().update({key: new for key, value in _kept().items() if value == old and key not in KNOBS})


def point_at(**what: Any) -> None:
    """Choose something for the visitor, as if it had been chosen by hand; for callbacks."""
    _kept().update(what)


def hold(**what: Any) -> None:
    """Keep something for another room of the pages, apart from knobs and choices; `held` gives it back."""
    st.session_state.update({f"_held_{name}": value for name, value in what.items()})


def held(name: str, default: Any = None) -> Any:
    """What `hold` was given under this name."""
    return st.session_state.get(f"_held_{name}", default)


def adopt_pick(key: str, source: str, picked: Any) -> None:
    """Take over what was clicked in a chart or a table when it is new.

    ``key`` is what `remembered` gives, ``source`` where the click was.
    """
    seen = f"{key}.{source}"
    if picked is not None and picked != _kept().get(seen):
        _kept()[key] = picked
    _kept()[seen] = picked


def widget(key: str, value: Any, words: bool = False, place: str = "") -> dict[str, Any]:
    """Arguments that make a Streamlit widget show a value and remember what becomes of it.

    ``st.text_input("…", **session.widget("search", session.remembered("search", "")))``. ``words`` says that the widget's options are
    shown in words: its state then starts anew in another language. ``place`` tells two widgets of one choice apart that take turns on a
    page: a browser that draws one while it still holds the other may show the first option instead of the chosen one.
    """
    name = ".".join(each for each in (key, place, language() if words else "") if each)
    if st.session_state.get(name, _NOTHING) != value:
        st.session_state[name] = value
    return {"key": name, "on_change": _keep, "args": (key, name)}


def _keep(key: str, name: str) -> None:
    if key in KNOBS:
        _note_past()
    _kept()[key] = st.session_state[name]
    st.session_state["_refused"] = ()
    publish_link()


# --- language ----------------------------------------------------------------------------------------------------------------


def _browser_language() -> str:
    locale = st.context.locale or "zh"
    return "zh" if locale.lower().startswith("zh") else "en"


def language() -> str:
    """``zh`` or ``en``: the switch, else the link, else the browser's."""
    chosen = _kept().get(_LANG)
    return chosen if chosen in LANGUAGES else _browser_language()


def text() -> Text:
    """The words of the visitor's language."""
    return Text(language())


# --- the link and the scenario -----------------------------------------------------------------------------------------------


def adopt_link() -> None:
    """Take over what the address says where it differs from what we last wrote: a link, a reload, Back and Forward.

    A click in the navigation comes with another path and no parameters at all; it takes nothing back.
    """
    given = {key: st.query_params.get_all(key) for key in st.query_params}
    before = st.session_state.get("_link", {})
    path, st.session_state["_path"] = st.session_state.get("_path"), st.context.url
    if given == before or (not given and path != st.context.url):
        return
    st.session_state["_refused"] = ()
    for key in before.keys() - given.keys():
        _kept().pop(key, None)
    for key, values in given.items():
        if values != before.get(key):
            _adopt(key, values)
    st.session_state["_link"] = given


def _adopt(key: str, values: list[str]) -> None:
    if key == _LANG and values[0] in LANGUAGES:
        _kept()[key] = values[0]
    elif key in KNOBS:
        try:
            _kept()[key] = shown(key, KNOBS[key].check(values if KNOBS[key].kind == "choices" else values[0]))
        except ScenarioError as error:
            st.session_state["_refused"] += (error.issue,)
            _kept().pop(key, None)


def shown(key: str, value: Any) -> Any:
    """A knob's value as its widget holds it: numbers as floats, choices as lists."""
    kind = KNOBS[key].kind
    if kind == "number":
        return float(value)
    return list(value) if kind == "choices" else value


def publish_link() -> None:
    """Write the scenario and the language into the address: whoever opens it sees the same, on whatever page."""
    wanted = {key: written(value) for key, value in scenario().changed.items()}
    if language() != _browser_language():
        wanted[_LANG] = [language()]
    if wanted != {key: st.query_params.get_all(key) for key in st.query_params}:
        st.query_params.from_dict(wanted)
    st.session_state["_link"] = wanted


def _turned() -> tuple[dict[str, Any], tuple[Issue, ...]]:
    values: dict[str, Any] = {}
    refused: list[Issue] = []
    for key, value in _kept().items():
        if key in KNOBS:
            try:
                values[key] = KNOBS[key].check(value)
            except ScenarioError as error:
                refused.append(error.issue)
    return values, tuple(refused)


def _judged() -> tuple[Scenario, tuple[Issue, ...]]:
    """The scenario and its problems; worked out again only when a knob was turned, since a page asks a hundred times a run."""
    known = st.session_state.get("_judged")
    if known is None or known[0] != _kept():
        known = st.session_state["_judged"] = (dict(_kept()), _judge())
    return known[1]


def _judge() -> tuple[Scenario, tuple[Issue, ...]]:
    values, refused = _turned()
    found = Scenario.of(values)
    problems = found.problems()
    spoiled = {key for problem in problems for key in _keys_of(problem)}
    kept = {key: value for key, value in found.changed.items() if key not in spoiled}
    return (Scenario.of(kept) if spoiled else found), refused + problems


def _keys_of(problem: Issue) -> tuple[str, ...]:
    if problem.code == "bands_out_of_order":
        return ("band_a", "band_b", "band_c")
    if problem.code == "period_backwards":
        return ("from", "to")
    return tuple(f"{name}_{problem.value}" for name in ("target", "pass", "floor"))


def scenario() -> Scenario:
    """Everything the visitor decided; what cannot be used is left at its default and listed by `trouble`."""
    return _judged()[0]


def trouble() -> tuple[Issue, ...]:
    """What of the link or the knobs could not be used."""
    return tuple(st.session_state.get("_refused", ())) + _judged()[1]


def baseline() -> Scenario:
    """The scenario with every scoring knob at its default: what a what-if is compared with."""
    return Scenario({key: value for key, value in scenario().changed.items() if KNOBS[key].room not in SCORING_ROOMS})


def knob_value(key: str) -> Any:
    """A knob's value as its widget shows it, even where it spoils the scenario (then it can be mended)."""
    return _kept().get(key, shown(key, KNOBS[key].default))


def turn(values: Mapping[str, Any]) -> None:
    """Turn several knobs at once, for callbacks; each value is checked."""
    checked = {key: shown(key, KNOBS[key].check(value)) for key, value in values.items()}
    _note_past()
    _kept().update(checked)
    publish_link()


def reset(rooms: Sequence[str]) -> None:
    """Put every knob of some rooms back to its default; for callbacks."""
    _note_past()
    for key in [key for key in _kept() if key in KNOBS and KNOBS[key].room in rooms]:
        del _kept()[key]
    publish_link()


def take(decided: Scenario) -> None:
    """Make a scenario the present one, every knob of it; for callbacks."""
    _note_past()
    _forget_knobs()
    _kept().update({key: shown(key, value) for key, value in decided.changed.items()})
    publish_link()


def _forget_knobs() -> None:
    for key in [key for key in _kept() if key in KNOBS]:
        del _kept()[key]


def link() -> str:
    """The address that holds the present scenario."""
    address = str(st.context.url or "").split("?")[0]
    return f"{address}?{urlencode(st.session_state.get('_link', {}), doseq=True)}"


# --- named scenarios ---------------------------------------------------------------------------------------------------------


def book() -> Book:
    """The visitor's named scenarios and their seasons; they live as long as the visit and in the file."""
    from core.scenarios import Book

    found: Book = st.session_state.get("_book") or Book()
    return found


def keep_book(changed: Book) -> None:
    """Put another book in the place of the present one; for callbacks."""
    _note_past()
    st.session_state["_book"] = changed


def annotations() -> tuple[Any, ...]:
    """The named days that charts over time show."""
    return book().annotations


def read_book(name: str, data: bytes) -> tuple[Issue, ...]:
    """Join the scenarios of a file to those that are there; a file that is no book is told about and changes nothing."""
    from core.scenarios import Book

    try:
        found = Book.from_yaml(data.decode("utf-8-sig"))
    except KefuError as error:
        return (replace(error.issue, file=name),)
    except UnicodeDecodeError:
        return (Issue("bad_scenario_book", "error", file=name, value=name, facts={"known": str(SCENARIO_VERSION)}),)
    keep_book(book().joined(found))
    return ()


def _note_past() -> None:
    """Remember knobs and book as they are, for `undo`."""
    past = st.session_state.setdefault("_past", [])
    past.append(({key: value for key, value in _kept().items() if key in KNOBS}, st.session_state.get("_book")))
    del past[:-_STEPS_KEPT]


def steps_back() -> int:
    """How many changes of knobs or of the book can be taken back."""
    return len(st.session_state.get("_past", ()))


def undo() -> None:
    """Take the last change of a knob or of the book back; for callbacks."""
    if steps_back():
        knobs, st.session_state["_book"] = st.session_state["_past"].pop()
        _forget_knobs()
        _kept().update(knobs)
        publish_link()


# --- the log -----------------------------------------------------------------------------------------------------------------


def log() -> Log | None:
    """The loaded log, or None. With ``KEFULENS_SAMPLE=1`` the sample is there from the first moment."""
    if "_log" not in st.session_state and os.environ.get("KEFULENS_SAMPLE") == "1":
        load_sample()
    return st.session_state.get("_log")


def source() -> str:
    """Where the log came from: ``"files"``, a sample's folder name, or empty."""
    return str(st.session_state.get("_source", ""))


def choices() -> Choices:
    """What was decided at import: zone, columns, sender words; kept for the mapping file and for a second reading."""
    from core.ingest.choices import Choices

    return st.session_state.get("_choices") or Choices()


def files() -> tuple[InputFile, ...]:
    """The bytes of the last successful import, for reading them again with other choices."""
    return st.session_state.get("_files", ())


def import_trouble() -> tuple[Issue, ...]:
    """Why the last import failed; empty after a success."""
    return st.session_state.get("_import_trouble", ())


def forget_trouble() -> None:
    """The reader has seen why the last import failed and goes on with what is loaded."""
    st.session_state["_import_trouble"] = ()


def refused_reports() -> tuple[FileReport, ...]:
    """How the files were read whose import failed last; none when one of them could not even be opened."""
    return st.session_state.get("_refused_reports", ())


@st.cache_resource(show_spinner=False)
def store() -> Store | None:
    """What is kept between two starts, for all visitors; None where the operator asked to keep nothing."""
    from core.store.shelf import opened

    return opened()


@st.cache_resource(show_spinner=False)
def sweep() -> bool:
    """Once a start: what killed processes have left on temporary disk goes."""
    from core.limits import limits
    from core.scratch import sweep

    with suppress(OSError, KefuError):  # whoever needs temporary disk is told in words what is wrong with it
        sweep(limits().temp_folder)
    return True


@st.cache_resource(show_spinner=False)
def _shelf() -> Any:
    from core.turns import Shelf

    return Shelf(_LOGS_KEPT)


@st.cache_resource(show_spinner=False)
def _turns() -> Any:
    from core.turns import Turns

    return Turns(os.cpu_count() or 1)


def _look_up() -> None:
    """A point where a run that only waits can be ended by another click."""
    st.session_state.get("_in_frame")


def _read(
    digest: str, given: tuple[InputFile, ...], decided: Choices, progress: Callable[..., None] | None, made: Log | None = None
) -> Log:
    """The log of these bytes and decisions, read once for all visitors.

    A shelf instead of a cached function, because a cached function may not move a progress bar that stands outside it.
    """
    from core.ingest import load
    from core.store.shelf import log_of

    found: Log = _shelf().once(digest, lambda: log_of(store(), given, decided, lambda: made or load(given, decided, progress)), _look_up)
    return found


def _with_more(given: tuple[InputFile, ...], decided: Choices, progress: Callable[..., None] | None) -> Any:
    """The loaded log with further files, as `core.adding` has it; None where these are not what is loaded and more."""
    from core.adding import Loaded, added
    from core.ingest import load

    old, more = files(), given[len(files()) :]
    if not (old and more) or source() != "files" or given[: len(old)] != old or decided != choices():
        return None
    return added(Loaded(_loaded(), old), more, decided, lambda those: load(those, decided, progress))


def load_files(
    given: Sequence[InputFile],
    decided: Choices | None = None,
    progress: Callable[..., None] | None = None,
    came_from: str = "files",
) -> tuple[Issue, ...]:
    """Read files into the session's log. On failure returns (and keeps) the issues, and what was loaded before stays.

    Filters name agents, teams and channels of a log; they go back to all when other files come in, and stay when further ones do.
    """
    from core.ingest.choices import Choices, digest

    decided = decided or Choices()
    try:
        more = _with_more(tuple(given), decided, progress)
        loaded = _read(digest(given, decided), tuple(given), decided, progress, more and more.log)
        slow = scenario().part("facts")
        made = _told_facts(loaded, slow, progress, more)
        _facts(loaded.digest, slow.key, loaded, slow)
        del made
    except KefuError as error:
        st.session_state.update({"_import_trouble": (error.issue,), "_refused_reports": getattr(error, "reports", ())})
        return (error.issue,)
    if files() and files() != tuple(given)[: len(files())]:
        reset(("filter", "period"))
    hold(added=more)
    st.session_state.update(
        {"_files": tuple(given), "_choices": decided, "_log": loaded, "_source": came_from, "_import_trouble": ()}
    )
    return ()


def _told_facts(loaded: Log, decided: Scenario, progress: Callable[..., None] | None, more: Any = None) -> Facts:
    """The facts, with their steps told, for whoever asks the cache next; a cached function may not move a bar."""
    from core.engine import build_facts
    from core.recompute import slow_knobs
    from core.store.shelf import facts_of

    key, slow = (loaded.digest, decided.key), slow_knobs(decided)
    told = None if progress is None else lambda done, of, step, rows: progress(done, of, "", rows)
    found: Facts | None = _lines().get(key)
    if found is None:
        before = more and (more.before, decided.key)
        build = (lambda: more.facts(_extendable(before, slow), slow, told)) if more else lambda: build_facts(loaded, slow, told)
        found = _lines()[key] = facts_of(store(), loaded, slow, build)
    return found


def _extendable(key: tuple[str, str], slow: SlowKnobs) -> Facts | None:
    """The facts of what is loaded, such that further rows can be added to them; None where nobody has them."""
    found: Facts | None = _lines().get(key)
    kept = store()
    if kept is None or (found is not None and found.extendable):
        return found
    return kept.facts(_loaded(), slow, extendable=True)


def load_source(wanted: SourceFile, tell: Callable[[int, int, str], None]) -> tuple[Issue, ...]:
    """Look at a source and have its facts made there; the issues of a failure, after which what was loaded before stays.

    ``tell`` is called with (steps done, steps, table); what it raises cancels the work.
    """
    from core.recompute import slow_knobs
    from core.warehouse.far import load_far

    slow = scenario().part("facts")
    try:
        loaded, made = load_far(wanted, slow_knobs(slow), tell)
    except KefuError as error:
        return (error.issue,)
    known = _lines().setdefault((loaded.digest, slow.key), made)
    if known is not made:
        known.line.take(made.line)
    _facts(loaded.digest, slow.key, loaded, slow)
    if "_log" in st.session_state and far() != wanted:
        reset(("filter", "period"))
    st.session_state.update({"_files": (), "_log": loaded, "_source": "far", "_far": wanted, "_import_trouble": ()})
    return ()


def far() -> SourceFile | None:
    """The source whose log stays where it lies; None where files are loaded."""
    return st.session_state.get("_far") if source() == "far" else None


@st.cache_resource(show_spinner=False)
def _lines() -> WeakValueDictionary[tuple[str, tuple], Any]:
    """Facts in use; those at sources too: whoever loads the same rows again renews the session of all who look at them."""
    return WeakValueDictionary()


def load_sample(name: str = "shop", progress: Callable[..., None] | None = None) -> tuple[Issue, ...]:
    """Load a folder of ``sample_data`` as if its files had been uploaded."""
    given = sample_files(name)
    if not given:
        return (Issue("sample_missing", "error", file=name),)
    return load_files(given, None, progress, name)


def sample_files(name: str = "shop") -> list[InputFile]:
    """The files of a folder of ``sample_data``; none when it is not there."""
    from core.ingest.choices import InputFile

    return [InputFile.of(path) for path in sorted((SAMPLES / name).glob("*.csv"))]


def decide(decided: Choices) -> None:
    """Keep decisions for the next file."""
    st.session_state["_choices"] = decided


def let_go(upload: str) -> None:
    """Take an uploaded file out of the server's memory; its box goes on naming it."""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_file(context.session_id, upload)


def is_new(name: str, mark: Any) -> bool:
    """Whether an uploader holds something that was not tried yet; asks once only."""
    tried = st.session_state.setdefault("_tried", {})
    fresh = tried.get(name) != mark
    tried[name] = mark
    return fresh


def mapping(name: str, data: bytes) -> Choices | None:
    """The decisions of a mapping file; a file that is none is told about and changes nothing."""
    import json

    from core.ingest.choices import Choices

    try:
        decided = Choices.from_dict(json.loads(data))
    except (KefuError, ValueError, AttributeError):
        st.session_state["_import_trouble"] = (Issue("mapping_unreadable", "error", file=name, value=name),)
        return None
    return decided


def mapping_file() -> str:
    """The decisions of the import as a mapping file."""
    import json

    return json.dumps(choices().to_dict(), ensure_ascii=False, indent=2)


def zone_widget(zone: str) -> dict[str, Any]:
    """Arguments of the zone's widget: it starts with the zone under which the files were read."""
    st.session_state.setdefault("zone", zone)
    return {"key": "zone"}


def forget_zone() -> None:
    """The zone's widget starts anew: files were read again."""
    st.session_state.pop("zone", None)


# --- what the core makes of it -----------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=4, show_spinner=False)
def _facts(digest: str, key: tuple, _log: Log, _scenario: Scenario) -> Facts:
    from core.engine import build_facts
    from core.recompute import slow_knobs
    from core.store.shelf import facts_of

    if (digest, key) in _lines():
        return _lines()[digest, key]
    slow = slow_knobs(_scenario)
    return facts_of(store(), _log, slow, lambda: build_facts(_log, slow))


@st.cache_resource(max_entries=24, show_spinner=False)
def _observed(digest: str, key: tuple, _facts: Facts, _scenario: Scenario) -> Observed:
    from core.engine import observe

    return observe(_facts, _scenario)


@st.cache_resource(max_entries=24, show_spinner=False)
def _measured(digest: str, key: tuple, _observed: Observed, _scenario: Scenario) -> Measured:
    from core.recompute import measure

    return measure(_observed, _scenario)


@st.cache_resource(max_entries=64, show_spinner=False)
def _scores(digest: str, key: tuple, _measured: Measured, _scenario: Scenario) -> Scores:
    from core.recompute import score_of

    return score_of(_measured, _scenario)


@st.cache_resource(max_entries=16, show_spinner=False)
def _doubt(digest: str, key: tuple, _measured: Measured, _given: Scores, _scenario: Scenario) -> Doubt:
    from core.recompute import doubt_of

    return doubt_of(_measured, _given, _scenario)


def _loaded() -> Log:
    found = log()
    if found is None:
        raise KefuError(Issue("nothing_loaded", "error"))
    return found


def _once(name: str, used: Scenario, ask: Callable[[], Any]) -> Any:
    """An answer remembered for this run: a page asks for its scores dozens of times, and even a hit in Streamlit's cache takes its time."""
    return _at_hand((name, _loaded().digest, used.key), ask)


def _at_hand(key: tuple, ask: Callable[[], Any]) -> Any:
    known = st.session_state.setdefault("_answers", {})
    if key not in known:
        known[key] = ask()
    return known[key]


def facts(decided: Scenario | None = None) -> Facts:
    """One row a conversation, every clock; built once a log and slow knobs."""
    seen = (decided or scenario()).part("facts")
    return _once("facts", seen, lambda: _facts(_loaded().digest, seen.key, _loaded(), seen))


def observed(decided: Scenario | None = None) -> Observed:
    """The facts under the scenario's rule set."""
    seen = (decided or scenario()).part("facts", "rules")
    return _once("observed", seen, lambda: _observed(_loaded().digest, seen.key, facts(seen), seen))


def measured(decided: Scenario | None = None) -> Measured:
    """Every figure of the period: agents, teams, shop, the period before, days, hours."""
    seen = (decided or scenario()).part(*_SEEN_ROOMS)
    return _once("measured", seen, lambda: _measured(_loaded().digest, seen.key, observed(seen), seen))


def scores(decided: Scenario | None = None) -> Scores:
    """Points, groups, scores and grades of the agents; `scores(baseline())` is what a what-if is compared with."""
    used = (decided or scenario()).part(*_JUDGED_ROOMS)
    return _once("scores", used, lambda: _scores(_loaded().digest, used.key, measured(used), used))


def doubt(decided: Scenario | None = None) -> Doubt:
    """Intervals of the scores and probabilities of the grades, row for row as in `scores`."""
    used = (decided or scenario()).part(*_JUDGED_ROOMS)
    return _once("doubt", used, lambda: _doubt(_loaded().digest, used.key, measured(used), scores(used), used))


# --- what another decision changes -------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=_LOGS_KEPT, show_spinner=False)
def _recalled(digest: str, _log: Log) -> Recalled:
    from core.recompute import Recalled

    return Recalled(_log, observed)


def recalled() -> Recalled:
    """Scores of the loaded log under any scenario, without intervals."""
    return _recalled(_loaded().digest, _loaded())


@st.cache_resource(max_entries=240, show_spinner=False)
def _answer(digest: str, what: tuple, keys: tuple, _ask: Callable[[], Any]) -> Any:
    return _ask()


def answer(what: tuple[Any, ...], used: Sequence[Scenario], ask: Callable[[], Any]) -> Any:
    """An answer about scenarios, worked out once a log, question and scenarios.

    ``what`` names the question with everything besides the scenarios that it depends on.
    """
    key = (_loaded().digest, what, tuple(each.part(*_JUDGED_ROOMS).key for each in used))
    return _at_hand(key, lambda: _answer(*key, ask))


def whatif(a: Scenario, b: Scenario) -> WhatIf:
    """What changes from one scenario to another, agent by agent."""
    from core.whatif import whatif as compared

    sides = a.part(*_JUDGED_ROOMS), b.part(*_JUDGED_ROOMS)
    found: WhatIf = answer(("whatif",), sides, lambda: compared(recalled().scores, *sides))
    return found


# --- slower questions, each asked on one page only ----------------------------------------------------------------------------

_TREND_ROOMS = (*_SEEN_ROOMS, "trend")
_COMPARED_ROOMS = (*_TREND_ROOMS, "anchor")
_OF_DIALECTS = ("side_by_side", "flips")


def _about(what: tuple[Any, ...], rooms: Sequence[str], ask: Callable[[Observed, Scenario], Any], keep: Any = None) -> Any:
    """An answer about the log under some rooms of the scenario, worked out once; ``keep`` is another shelf than `_answer`.

    Such answers take their time, so they take turns; what a slider moves does not come this way.
    """
    used, turns = scenario().part(*rooms), _turns()

    def in_turn() -> Any:
        with turns.taken(_look_up):
            return ask(observed(used), used)

    with st.spinner(text()("pages.frame.next")) if turns.full else nullcontext():
        return (keep or _answer)(_loaded().digest, what, (used.key,), in_turn)


def trends(of: str, by: str) -> tuple[Any, Any]:
    """Trend verdicts of a KPI, one row a group, and the weekly values behind them."""
    from core import recompute as room

    found: tuple[Any, Any] = _about(
        ("trends", of, by), _TREND_ROOMS, lambda seen, used: (room.trends(seen, used, of, by), room.weekly(seen, used, of, by))
    )
    return found


def trend_closeups(of: str, by: str) -> Any:
    """What lies behind each trend of a KPI, and the day and week values it is judged on."""
    from core import closeup as room

    return _about(
        ("closeups", of, by), _TREND_ROOMS, lambda seen, used: (room.closeups(seen, used, of, by), *room.values(seen, used, of, by))
    )


def trend_season(of: str, by: str, group: str) -> Any:
    """A group's day values taken apart into weekday season, long run and rest."""
    from core.closeup import season

    _, days, _ = trend_closeups(of, by)
    own = days[days["group"] == group]
    with st.spinner(text()("pages.frame.comparing")):
        return _about(("season", of, by, group), _TREND_ROOMS, lambda *_: season(own["local_day"].to_numpy(), own["value"].to_numpy()))


def trend_board(bys: tuple[str, ...], keys: tuple[str, ...]) -> Any:
    """Trend verdicts of some KPIs for all groups of some groupings, judged as one family."""
    from core.board import board

    with st.spinner(text()("pages.frame.comparing")):
        return _about(("board", bys, keys), _TREND_ROOMS, lambda seen, used: board(seen, used, bys, keys))


def weekdays(of: str) -> tuple[Any, Any, Any]:
    """Which weekday differs in a KPI, what comes with it, and the day values behind it."""
    from core import recompute as room

    found: tuple[Any, Any, Any] = _about(
        ("weekdays", of), _TREND_ROOMS, lambda seen, used: (*room.weekdays(seen, used, of), room.day_values(seen, used, of))
    )
    return found


def slow_day(of: str, weekday: int) -> Any:
    """Which weekday differs in a KPI, or whether the one asked for does, and how its difference divides."""
    from core.slowdays import slow_day as asked

    return _about(("slow_day", of, weekday), _TREND_ROOMS, lambda seen, used: asked(seen, used, of, weekday))


def courses(of: str, by: str, unit: str) -> Any:
    """A KPI's control chart, change points and early warning, one course a group."""
    from core.course import courses as asked

    with st.spinner(text()("pages.frame.comparing")):
        return _about(("courses", of, by, unit), _TREND_ROOMS, lambda seen, used: asked(seen, used, of, by, unit))


def hours(of: str) -> Any:
    """Which hours of the day and cells of the week differ in a KPI."""
    from core.daysapart import hours_of

    return _about(("hours", of), _TREND_ROOMS, lambda seen, used: hours_of(seen, used, of))


def special_days(of: tuple[str, ...], promotions: tuple[Any, ...]) -> Any:
    """Holidays and promotions against like weekdays, all these KPIs as one family."""
    from core.daysapart import special_days as asked

    spoken = language()
    what = ("special_days", of, promotions, spoken)
    return _about(what, (*_TREND_ROOMS, "calendar"), lambda seen, used: asked(seen, used, of, promotions, spoken))


def day_of(number: int) -> date:
    """The calendar date of a local day."""
    return day_date(number)


def effects(change: Any, of: str, by: str) -> Any:
    """Whether a KPI is different since a change, one row for those it touched, each of them or each weekday."""
    from core.recompute import effects as asked

    with st.spinner(text()("pages.frame.comparing")):
        return _about(("effects", change, of, by), _TREND_ROOMS, lambda seen, used: asked(seen, used, change, of, by))


def effect_days(change: Any, of: str, row: Any) -> Any:
    """The values behind one row of `effects`."""
    from core.recompute import effect_days as asked

    used = scenario().part(*_TREND_ROOMS)
    return asked(observed(used), used, change, of, row)


def pilot(asked: Any) -> Any:
    """A pilot as far as it is, and what its rule says."""
    from core.trials import judge_pilot

    with st.spinner(text()("pages.frame.comparing")):
        return _about(("pilot", asked), _TREND_ROOMS, lambda seen, used: judge_pilot(seen, used, asked))


def pilot_plan(change: Any, of: str, gain: float) -> Any:
    """How many cases and weeks a gain takes to be seen, from the days before the change."""
    from core.trials import plan

    return _about(("pilot_plan", change, of, gain), _TREND_ROOMS, lambda seen, used: plan(seen, used, change, of, gain))


def trained(name: str, data: bytes) -> Any:
    """Agents and dates of a file."""
    from core.ingest import InputFile
    from core.trials import training_dates

    return training_dates(InputFile(name, data), values_of("agent"))


def training(days: Mapping[str, int], of: str) -> Any:
    """Agents around their own dates, and all together."""
    from core.trials import judge_training

    asked = tuple(sorted(days.items()))
    with st.spinner(text()("pages.frame.comparing")):
        return _about(("training", asked, of), _TREND_ROOMS, lambda seen, used: judge_training(seen, used, days, of))


def spans(this: Any, other: Any, keys: tuple[str, ...]) -> Any:
    """Two periods side by side."""
    from core.spans import compare_spans

    with st.spinner(text()("pages.frame.comparing")):
        return _about(("spans", this, other, keys), _TREND_ROOMS, lambda seen, used: compare_spans(seen, used, this, other, keys))


def groups(first: Mapping[str, Sequence[str]], second: Mapping[str, Sequence[str]], keys: tuple[str, ...]) -> Any:
    """Two groups over the period, side by side."""
    from core.spans import compare_groups

    what = ("groups", *(tuple((name, tuple(each)) for name, each in side.items()) for side in (first, second)), keys)
    with st.spinner(text()("pages.frame.comparing")):
        return _about(what, _TREND_ROOMS, lambda seen, used: compare_groups(seen, used, first, second, keys))


def latest() -> Any:
    """The log's last whole weeks that leave as many before them."""
    from core.spans import latest as found

    return found(observed(scenario().part(*_SEEN_ROOMS)).days)


def drawn(found: Any, groups: Any, of: str, names: tuple[str, str]) -> Any:
    """Day values behind two periods, or behind two groups, for a chart."""
    from core.spans import days_of_groups, days_of_spans

    used = scenario().part(*_TREND_ROOMS)
    seen = observed(used)
    return days_of_groups(seen, used, groups, of, names) if groups else days_of_spans(seen, used, found.spans, of, names)


def demand() -> Any:
    """Arrivals, effort, concurrency and supply of the period: what staffing plans with at slider speed."""
    from core import recompute as room

    return _about(("demand",), _SEEN_ROOMS, room.demand)


_CALENDAR_ROOMS = (*_SEEN_ROOMS, "calendar")


def forecast() -> Any:
    """Every forecasting model fitted to the contacts of the period: the slow half of `coming`."""
    from core import recompute as room

    measured, named = demand(), book().promotions
    with st.spinner(text()("pages.frame.comparing")):
        return _about(("forecast", named), _CALENDAR_ROOMS, lambda seen, used: room.forecast(seen, used, measured, named))


def coming(weeks: int) -> Any:
    """The forecast of the next weeks with its back-test, in the slots of the staffing knobs."""
    from core.staffing import outlook

    interval, fitted = int(scenario().get("slot_min")), forecast()
    return _about(("coming", weeks, interval, book().promotions), _CALENDAR_ROOMS, lambda _seen, _used: outlook(fitted, weeks, interval))


def peaks() -> Any:
    """Slots and days of the period with more contacts than their weekday explains."""
    from core import recompute as room

    measured, named = demand(), book().promotions
    return _about(("peaks", named), (*_CALENDAR_ROOMS, "staffing"), lambda seen, used: room.peaks(seen, used, measured, named))


def team() -> Any:
    """Agents with their languages, and today's week of the roster."""
    from core import rostering

    return _about(("team",), _SEEN_ROOMS, rostering.team)


def fewest_changes(ask: Any) -> Any:
    """The cheapest changes of today's week under what is asked."""
    return _rostered("fewest_changes", ask)


def new_week(ask: Any) -> Any:
    """A week drawn up anew under what is asked."""
    return _rostered("new_week", ask)


def study() -> Any:
    """Everything the one-page summary of staffing says."""
    from core.study import study as studied

    measured, who = demand(), team()
    return _about(("study",), (*_SEEN_ROOMS, "staffing"), lambda _seen, used: studied(measured, who, used))


def _rostered(name: str, ask: Any) -> Any:
    from core import recompute, rostering

    volume, measured, who = remembered("plan_volume", "mean"), demand(), team()
    function = getattr(rostering, name)
    with st.spinner(text()("roster.searching")):
        return _about(
            (name, ask, volume),
            (*_SEEN_ROOMS, "staffing"),
            lambda _seen, used: function(measured, recompute.staffing_knobs(used, volume), who, ask, used),
        )


def backtest(weeks: int | None) -> Any:
    """What earlier weeks predict for the last ones of the period, against what happened."""
    from core import recompute as room

    with st.spinner(text()("pages.frame.comparing")):
        return _about(("backtest", weeks), (*_SEEN_ROOMS, "staffing"), lambda seen, used: room.backtest(seen, used, weeks))


def fairly(name: str, *asked: Any) -> Any:
    """An answer of `core.fair` or `core.dialects` by its function's name, over period and filters: ``fairly("funnel", "satisfaction")``."""
    from core import dialects, fair

    function = getattr(dialects if name in _OF_DIALECTS else fair, name)
    with st.spinner(text()("pages.frame.comparing")):
        return _about((name, *asked), _COMPARED_ROOMS, lambda seen, used: function(seen, used, *asked))


def movements(name: str, *asked: Any) -> Any:
    """An answer of `core.movements` by its function's name: ``movements("systemic", "first_response")``."""
    from core import movements as room

    function = getattr(room, name)
    with st.spinner(text()("pages.frame.comparing")):
        return _about((name, *asked), _COMPARED_ROOMS, lambda seen, used: function(seen, used, *asked))


@st.cache_resource(max_entries=2, show_spinner=False)
def _large(digest: str, what: tuple, keys: tuple, _ask: Callable[[], Any]) -> Any:
    return _ask()


def all_pairs(of: str) -> Any:
    """Every pair of agents by one KPI; large teams have very many, so few answers are kept."""
    from core import fair

    with st.spinner(text()("pages.frame.comparing")):
        return _about(("pairs", of), _COMPARED_ROOMS, lambda seen, used: fair.pairs(seen, used, of), _large)


def spotchecks(per_agent: int, seed: int, pointed: float) -> Any:
    """Conversations of the period drawn for a quality review, customers masked."""
    from core.spotchecks import Draw
    from core.spotchecks import spotchecks as drawn

    wanted = Draw(per_agent, seed, pointed)
    return _about(
        ("spotchecks", per_agent, seed, pointed), _COMPARED_ROOMS, lambda seen, used: drawn(seen, used, wanted)
    )


def planned(key: str, question: str, weekday: int) -> Any:
    """What the period says about a KPI before a question is planned; an example where nothing is loaded."""
    from core.planner import case_of, example

    if log() is None:
        return example(key, question)
    return _about(
        ("planned", key, question, weekday), _SEEN_ROOMS, lambda seen, used: case_of(seen, used, key, question, weekday)
    )


def newest(agent: str) -> Any:
    """An agent's newest conversations of the period, customers masked."""
    from core import recompute as room

    return _about(("newest", agent), _SEEN_ROOMS, lambda seen, used: room.conversations(seen, used, agent=agent))


def counted(agent: str, of: str) -> Any:
    """An agent's newest conversations that a KPI counts; where it counts something else, the newest of all."""
    from core import recompute as room

    return _about(
        ("counted", agent, of), _SEEN_ROOMS, lambda seen, used: room.conversations(seen, used, of=of, agent=agent)
    )


# --- the live board ------------------------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=_LOGS_KEPT, show_spinner=False)
def _watched(mark: str, _take: Callable[..., Any]) -> Any:
    from core.looking import Place

    return Place(_take)


def watched(mark: str, take: Callable[..., Any]) -> Any:
    """A watched place, one for all visitors who watch the same under the same decisions; ``mark`` says what that is."""
    return _watched(mark, take)


def usual() -> Any:
    """When conversations of the loaded log began, for what is usual now; None where nothing is loaded, or no times of day are at hand."""
    from core.live import past_of

    if log() is None or not facts().near or not {"messages.sent_at", "conversations.started_at"} & facts().available:
        return None
    used = scenario().part("facts", "rules", "filter")
    return answer(("usual",), (used,), lambda: past_of(facts(used), used))


# --- an agent's receipt and talk ----------------------------------------------------------------------------------------------


def report() -> Report:
    """Figures, scores and doubt of the scenario in one."""
    from core.recompute import Report

    return Report(measured(), scores(), doubt(), scenario())


def company() -> Company:
    """What all agents' cards share: fair peers, scores told apart, ratings."""
    from core.talk import company as asked

    found: Company = answer(("company",), (scenario(),), lambda: asked(report()))
    return found


def talk(agent: str) -> Talk:
    """One agent's page for a talk, with the receipt in it."""
    from core.talk import talk as asked

    found: Talk = answer(("talk", agent), (scenario(),), lambda: asked(report(), agent, company()))
    return found


def apart() -> Apart:
    """Which scores can be told apart."""
    from core.views import apart as asked

    found: Apart = answer(("apart",), (scenario(),), lambda: asked(scores(), doubt()))
    return found


def reliable() -> Reliability:
    """How far the differences between the scores would come back with other weeks."""
    from core.robustness import reliability

    found: Reliability = answer(("reliable",), (scenario(),), lambda: reliability(scores(), doubt()))
    return found


def codes() -> dict[str, str]:
    """A code for every agent of the log, the same at every visit."""
    from core.privacy import pseudonyms

    return pseudonyms(scores().names, _loaded().digest)


@st.cache_resource(show_spinner=False)
def _weighed() -> dict[tuple[str, tuple], Any]:
    return {}


def consequences(progress: Callable[[int, int], None]) -> Any:
    """What each line of the ledger does to each KPI, over period and filters; worked out once a log and scenario."""
    from core import consequences as room

    used = scenario().part(*_SEEN_ROOMS)
    known, key = _weighed(), (_loaded().digest, used.key)
    if key not in known:
        known[key] = room.consequences(files(), choices(), _loaded(), used, facts=facts(used), progress=progress)
    for old in list(known)[:-_LOGS_KEPT]:
        known.pop(old, None)
    return known[key]


# --- what the frame and the cards ask for ------------------------------------------------------------------------------------


def days_of_log() -> tuple[date | None, date | None]:
    """First and last local day of the log; Nones when nothing is loaded."""
    return (day_date(facts().first_day), day_date(facts().last_day)) if log() is not None else (None, None)


def wall(ms: int, zone: str) -> datetime:
    """An instant as the shop's clocks showed it."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(zone))


def as_of() -> datetime:
    """The latest kept stamp of the whole log, in the shop's zone."""
    return wall(facts().horizon_ms, facts().zone)


def values_of(dimension: str) -> tuple[str, ...]:
    """The values a filter can take in this log; empty when the log does not tell them apart."""
    if log() is None:
        return ()
    labels = observed().labels[dimension]
    return labels if len(labels) > 1 else ()


def loaded_facts(text: Text) -> dict[str, str]:
    """What the sidebar says about the loaded log."""
    first, last = days_of_log()
    names = [report.file for report in _loaded().ledger.files]
    several = text("pages.frame.file_count", n=len(set(names)))
    name = text("pages.frame.sample_name") if source() == "shop" else names[0] if len(set(names)) == 1 else several
    name = far().name if far() is not None else name
    return {
        "files": name,
        "n": text.number(len_of_log(), 0),
        "first": str(first),
        "last": str(last),
        "zone": facts().zone,
        "asof": f"{as_of():%Y-%m-%d %H:%M}",
    }


def agents_of_log() -> int:
    """How many agents the whole log names."""
    from core.engine.observe import UNASSIGNED

    return sum(1 for name in observed().labels["agent"] if name != UNASSIGNED)


def len_of_log() -> int:
    """How many conversations the whole log holds, whatever the period and the filters."""
    return _length(_loaded().digest, scenario().part("facts").key, facts())


@st.cache_resource(max_entries=8, show_spinner=False)
def _length(digest: str, key: tuple, _facts: Facts) -> int:
    return int(_facts.frame("SELECT count(*) AS n FROM conversations")["n"].iloc[0])


def shop_kpi(key: str) -> Any:
    """One figure of the whole shop in the period."""
    return measured().shop.cell(0, key)


def change_of(key: str) -> Any:
    """The change of a shop figure against the period before; None when there is no such period."""
    shown = measured()
    if shown.before is None:
        return None
    return next((row for row in shown.changes.itertuples() if row.key == key), None)


def sparkline(key: str) -> list[float] | None:
    """A KPI's values by day, without days that have none."""
    daily = measured().daily
    return [float(value) for value in daily[key].dropna()] if key in daily else None
