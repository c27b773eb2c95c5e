"""What a line of the ledger does to the figures: every KPI with the rows the line is about, and without them.

The import says what became of a row; this room says whether it matters. It is asked for on demand, never while a log is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.engine import Facts, build_facts, cut_conversations, observe
from core.errors import Issue, KefuError
from core.ingest import Choices, InputFile, cures, load
from core.kpis import KpiTable, kpi_table
from core.log import FileReport, Log, Source
from core.period import Period, choose
from core.recompute import slow_knobs
from core.scenario import Scenario

COLUMNS = (
    "line", "file", "table", "code", "column", "rows", "share", "conversations", "key", "with_value", "without_value", "difference",
    "n_with", "n_without", "now", "status", "reason",
)  # fmt: skip
ELSEWHERE = frozenset(
    ("already_loaded", "superseded", "older_version", "joined_by_id", "line_items", "line_items_summed", "repeated_key",
     "repeated_headings", "blank_rows", "events_merged", "day_off")
)  # fmt: skip
"""Lines whose rows hold nothing that another row does not say, or nothing at all: leaving them out takes nothing away."""
_KEPT_BY = {
    "exact_duplicate_rows": "keep_duplicates", "summary_row": "keep_summaries", "bot_found": "is_person",
    "canned_greeting": "greetings_off", "far_from_rest": "keep_far",
}  # fmt: skip
"""Lines that are a choice: the cure under which their rows count like all others."""

_READING = frozenset(("unit_assumed", "share_doubtful", "points_doubtful"))
"""Lines that doubt how a column's figures are read, not whether the rows are right."""

TALK = ("messages", "conversations")
"""Tables whose rows belong to conversations; rows of the others stand for themselves."""

Progress: TypeAlias = Callable[[int, int], None]
Marks: TypeAlias = NDArray[np.bool_]


def consequences(
    files: Sequence[InputFile],
    choices: Choices,
    log: Log,
    scenario: Scenario | None = None,
    *,
    facts: Facts | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The shop's KPIs with and without the rows of each ledger line, over the scenario's period and filters.

    What is compared depends on what became of the rows:

    - **kept** (doubtful, or with a cell changed or set missing): all of the log against the log without the conversations these rows
      belong to (of orders, reviews, shifts, transfers and agent-days: without the rows themselves);
    - **filled** values, and values whose **reading is assumed** (a duration without a unit): the log against the log with these cells
      empty, so that only they make the difference;
    - **left out or counted apart by a choice** (equal rows, summary rows, machines, canned greetings): the log against the same files
      imported with these rows counted like all others;
    - **left out because nobody can read them**: no figure is invented. ``share`` is the share of the file's rows that every KPI lacks.

    "With" is always with the rows, "without" without them; ``now`` says which of the two the app shows. Period and horizon stay those of
    the whole log.

    Args:
        files, choices: what the log was made of; the files are only read where a choice is undone.
        log: the loaded log with its ledger.
        scenario: period, filters and rules.
        facts: the log's facts, where they are there already.
        progress: called with (done, all) lines.

    Returns:
        One row per ledger line × KPI whose value or n changes, in `COLUMNS`: ``line`` counts from 1 in order of the ledger; ``rows`` of
        the line, ``share`` of the file's rows,
        ``conversations`` they belong to (NaN where that is no question), ``status`` ``ok``; a line without such a KPI has one row with an
        empty key and status ``no_effect`` or ``not_computed`` with a ``reason``: ``not_rows`` (about the file, not about rows),
        ``all_rows`` (nothing would be left), ``unknown_rows`` (they could not be read), ``counted_elsewhere``, ``no_cure``.

    Costs one measurement of the log per line, at most; lines about the same rows share it.
    """
    scenario = scenario or Scenario()
    base = facts or build_facts(log, slow_knobs(scenario))
    bench = _Bench(tuple(files), choices, scenario, base)
    lines = [(report, issue) for report in log.ledger.files for issue in report.issues]
    rows: list[dict[str, Any]] = []
    for done, (report, issue) in enumerate(lines):
        if progress:
            progress(done, len(lines))
        head = {"line": done + 1} | _head(report, issue)
        rows += [head | found for found in _line(bench, report, issue)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _head(report: FileReport, issue: Issue) -> dict[str, Any]:
    share = issue.rows / report.rows_read if report.rows_read and issue.row_numbers is not None else np.nan
    about = {"file": issue.file or report.file, "table": report.table, "code": issue.code, "column": issue.column}
    return about | {
        "rows": issue.rows,
        "share": share,
        "conversations": np.nan,
        "key": "",
        "now": "with",
        "status": "ok",
        "reason": "",
    }


def _line(bench: _Bench, report: FileReport, issue: Issue) -> Iterator[dict[str, Any]]:
    kept = _kept_rows(bench.log, report, issue)
    if issue.code in _KEPT_BY:
        yield from _undone(bench, report, issue, kept)
    elif issue.row_numbers is None:
        yield _no("not_rows")
    elif not kept.any():
        yield _no("counted_elsewhere" if issue.code in ELSEWHERE else "unknown_rows")
    elif issue.code == "filled":
        yield from _compared(bench.now, bench.unfilled(report.table, str(issue.facts["field"])), {})
    elif issue.code in _READING:
        yield from _compared(bench.now, bench.emptied(report.table, _fields(report, issue), kept), {})
    else:
        yield from _taken_out(bench, report, kept)


def _fields(report: FileReport, issue: Issue) -> tuple[str, ...]:
    """The fields of the columns that a line names."""
    named = issue.facts.get("columns", (issue.column,))
    return tuple(column.field for column in report.columns if column.name in named and column.field)


def _no(reason: str) -> dict[str, Any]:
    return {"status": "not_computed", "reason": reason}


def _kept_rows(log: Log, report: FileReport, issue: Issue) -> Marks:
    """Rows of the log's table that the line is about and that are in the log."""
    if issue.row_numbers is None or not log.has(report.table, "seq") or not log.has(report.table, "file_row"):
        return np.zeros(0, dtype=bool)
    table = _table(log, report.table)
    seq = table.column("seq").to_numpy()
    marks = (seq >= report.seqs[0]) & (seq < report.seqs[1])
    marks[marks] = np.isin(table.column("file_row").to_numpy()[marks], issue.row_numbers)
    return np.asarray(marks)


def _table(log: Log, name: str) -> pa.Table:
    source = log.tables[name]
    return pq.read_table(source) if isinstance(source, Path) else source


def _undone(bench: _Bench, report: FileReport, issue: Issue, kept: Marks) -> Iterator[dict[str, Any]]:
    """The log against the same files with the line's rows counted like all others."""
    decided = bench.choices
    for cure in cures(issue, bench.choices, report):
        if cure.code == _KEPT_BY[issue.code]:
            roles = {**decided.roles, **cure.choices.roles}
            decided = replace(cure.choices, roles=roles)
    if decided == bench.choices or not bench.files:
        yield _no("counted_elsewhere" if issue.code == "exact_duplicate_rows" and bench.files else "no_cure")
        return
    about: dict[str, Any] = {"now": "without"}
    if report.table in TALK and kept.any():
        about["conversations"] = float(len(bench.conversations(report.table, kept)))
    yield from _compared(bench.imported(decided), bench.now, about)


def _taken_out(bench: _Bench, report: FileReport, kept: Marks) -> Iterator[dict[str, Any]]:
    without, conversations = bench.without(report.table, kept)
    about = {"conversations": conversations}
    if without is None:
        yield about | _no("all_rows")
    else:
        yield from _compared(bench.now, without, about)


def _compared(given: KpiTable | None, taken: KpiTable | None, about: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One row per KPI whose value or n differs; one that says so when none does."""
    if given is None or taken is None:
        yield about | _no("all_rows")
        return
    touched = 0
    for key in given.keys:
        with_, without = given.cell(0, key), taken.cell(0, key)
        if not (_same(with_.value, without.value) and _same(with_.n, without.n)):
            touched += 1
            figures = {
                "with_value": with_.value,
                "without_value": without.value,
                "difference": with_.value - without.value,
            }
            yield about | {"key": key, **figures, "n_with": with_.n, "n_without": without.n}
    if not touched:
        yield about | {"status": "no_effect"}


def _same(one: float, other: float) -> bool:
    return bool(np.isclose(one, other, rtol=1e-12, atol=1e-12, equal_nan=True))


@dataclass
class _Bench:
    """Where logs are measured alike: same scenario, period and horizon; each variant once."""

    files: tuple[InputFile, ...]
    choices: Choices
    scenario: Scenario
    facts: Facts
    known: dict[Any, KpiTable | None] = field(default_factory=dict)
    keys: dict[str, pa.Array | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.period: Period = choose(self.scenario, self.facts.first_day, self.facts.last_day, self.facts.zone)
        self.now = kpi_table(observe(self.facts, self.scenario), self.scenario, ("shop",), self.period)

    @property
    def log(self) -> Log:
        """The log as it is."""
        return self.facts.log

    def measured(self, log: Log) -> KpiTable | None:
        """The shop's KPIs of another log over the same period; None where nothing is left to measure."""
        try:
            facts = build_facts(log, slow_knobs(self.scenario))
        except KefuError:
            return None
        facts = replace(facts, horizon_ms=self.facts.horizon_ms)
        try:
            return kpi_table(observe(facts, self.scenario), self.scenario, ("shop",), self.period)
        finally:
            facts.base.close()

    def imported(self, choices: Choices) -> KpiTable | None:
        """The KPIs of the same files under other choices."""
        key = str(choices.to_dict())
        if key not in self.known:
            self.known[key] = self.measured(load(self.files, choices))
        return self.known[key]

    def unfilled(self, table: str, name: str) -> KpiTable | None:
        """The KPIs with a field's filled cells empty again."""
        filled = _table(self.log, table).column(f"{name}_filled")
        return self.emptied(table, (name,), pc.equal(filled, 1).to_numpy())

    def emptied(self, table: str, names: Sequence[str], marks: Marks) -> KpiTable | None:
        """The KPIs with the cells of some fields empty in the marked rows."""
        source = _table(self.log, table)
        for name in names:
            values = source.column(name)
            real = pc.if_else(pa.array(marks), pa.scalar(None, values.type), values)
            source = source.set_column(source.column_names.index(name), name, real)
        return self.measured(replace(self.log, tables={**self.log.tables, table: source}))

    def without(self, table: str, marks: Marks) -> tuple[KpiTable | None, float]:
        """The KPIs without the conversations of the marked rows, and how many these are (NaN for a table that holds none)."""
        tables: dict[str, Source] = dict(self.log.tables)
        if table in TALK:
            gone = self.conversations(table, marks)
            key: Any = tuple(sorted(gone.to_pylist()))
            tables = {name: self._less(name, gone) for name in tables}
        else:
            gone, key = None, (table, marks.tobytes())
            tables[table] = _table(self.log, table).filter(pa.array(~marks))
        if key not in self.known:
            self.known[key] = self.measured(replace(self.log, tables=tables))
        return self.known[key], np.nan if gone is None else float(len(gone))

    def conversations(self, table: str, marks: Marks) -> pa.Array:
        """The conversations of the marked rows of messages or conversations."""
        keys = self._keys(table)
        return keys.filter(pa.array(marks)).unique() if keys is not None else pa.array([], pa.string())

    def _less(self, name: str, gone: pa.Array) -> Source:
        keys, source = self._keys(name), _table(self.log, name)
        return source if keys is None else source.filter(pc.invert(pc.is_in(keys, value_set=gone)))

    def _keys(self, name: str) -> pa.Array | None:
        if name not in self.keys:
            self.keys[name] = _conversation_keys(self.log, name, self.scenario)
        return self.keys[name]


def _conversation_keys(log: Log, name: str, scenario: Scenario) -> pa.Array | None:
    """The conversation of each row as text; a conversation row without an id is one of its own. None for tables that name none."""
    if name == "messages" and log.cut_by_silence:
        return cut_conversations(log, slow_knobs(scenario))
    table = _table(log, name)
    if "conversation_id" not in table.column_names and name not in TALK:
        return None
    own = pc.binary_join_element_wise("row", name, table.column("seq").cast(pa.string()), "|")
    ids = table.column("conversation_id").cast(pa.string()) if "conversation_id" in table.column_names else own
    return pc.coalesce(ids, own).combine_chunks()
