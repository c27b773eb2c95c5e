"""Tables that stand another way than the schema: turned into one row per thing, or refused with the reason.

- a column per quality criterion → one row per criterion
- one cell with both ends of a shift, or one column per day → one row per shift
- one row per event of a case → one row per conversation

Only tables that nobody has mapped by hand are turned; what was turned is said in the table's issues.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InputError, Issue
from core.ingest import dates
from core.ingest.choices import Choices
from core.ingest.convert import number
from core.ingest.read import RawTable, is_day
from core.schema import codes, normal, normal_word, table

_SPAN = re.compile(
    r"^(\d{1,2}[:：]\d{2}(?::\d{2})?)\s*(?:[-–—~～至到]|to)\s*((?:次日|翌日|\+1)?\s*\d{1,2}[:：]\d{2}(?::\d{2})?(?:\s*\(?(?:次日|\+1)\)?)?)$"
)
_DAY_OFF = frozenset(
    ("休", "休息", "公休", "轮休", "调休", "年假", "请假", "病假", "事假", "假", "off", "rest", "leave", "holiday", "day off",
     "vacation", "x", "/", "-", "0")
)  # fmt: skip
_FULL_MARKS = re.compile(
    r"[((\[]\s*(?:满分|max\.?|/|out of)?\s*(\d+(?:\.\d+)?)\s*(?:分|points?|pts?)?\s*[))\]]$", re.IGNORECASE
)
_TOTALS = frozenset(
    map(normal, ("总分", "总得分", "合计得分", "最终得分", "质检得分", "质检总分", "质检分", "得分", "分数", "total", "total score",
                 "score", "qa score", "overall score", "overall", "final score", "quality score"))
)  # fmt: skip
_REVIEW_MARKS = ("质检", "qa", "quality", "evaluation", "review", "考核", "评审")
MIN_DAYS = 3


def reshaped(raw: RawTable, choices: Choices) -> RawTable:
    """The table as one row per thing; the same table where nothing has to be turned or the user has mapped it.

    Raises:
        InputError: a shape that cannot be turned without knowing more; the issue names what is lacking.
    """
    if not len(raw.rows):
        return raw
    raw = _unit_row(raw)
    if choices.of(raw.name).columns:
        return raw
    for turn in _TURNS:
        turned = turn(raw, choices)
        if turned is not None:
            return turned
    return raw


_UNIT_WORDS = frozenset(
    ("秒", "s", "sec", "seconds", "分", "分钟", "min", "minutes", "小时", "h", "hours", "毫秒", "ms", "天", "日", "days", "人", "人次",
     "个", "次", "条", "单", "笔", "%", "元", "分值", "-", "/", "")
)  # fmt: skip
_OF_TIME = frozenset(("秒", "s", "sec", "seconds", "分", "分钟", "min", "minutes", "小时", "h", "hours", "毫秒", "ms"))


def _unit_row(raw: RawTable) -> RawTable:
    """A second row of headings that names nothing but units belongs to the headings."""
    units = [(str(column[0].as_py() or "")).strip().lower() for column in raw.columns]
    if len(raw.rows) < 2 or not set(units) <= _UNIT_WORDS or not set(units) & _OF_TIME:
        return raw
    named = [f"{name}({unit})" if unit in _OF_TIME else name for name, unit in zip(raw.headings, units, strict=True)]
    note = _rows_issue("unit_row", raw, raw.rows[:1], value=", ".join(unit for unit in units if unit))
    return replace(
        raw,
        headings=tuple(named),
        columns=tuple(column[1:] for column in raw.columns),
        rows=raw.rows[1:],
        rejected=raw.rejected + 1,
        issues=(*raw.issues, note),
    )


def _place(raw: RawTable, table_name: str, field: str) -> int | None:
    """The first column whose heading is a name of the field."""
    known = {normal(alias) for alias in table(table_name).column(field).aliases}
    return next((place for place, heading in enumerate(raw.headings) if normal(heading) in known), None)


def _cells(column: pa.Array) -> list[str]:
    return [(cell or "").strip() for cell in column.to_pylist()]


# ── shifts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def span(cell: str) -> tuple[str, str] | None:
    """Both ends of a shift written in one cell.

    >>> span("09:00-18:00"), span("22:00~次日06:00"), span("早班")
    (('09:00', '18:00'), ('22:00', '次日06:00'), None)
    """
    found = _SPAN.match(cell.strip())
    return (found[1].replace("：", ":"), found[2].replace("：", ":")) if found else None


def _shift_cells(raw: RawTable, choices: Choices) -> RawTable | None:
    """A roster whose shift stands in one cell: ``09:00-18:00``."""
    agent, day = _place(raw, "roster", "agent_id"), _place(raw, "roster", "start_date")
    if agent is None or day is None or len(raw.headings) > 40:
        return None
    for place, column in enumerate(raw.columns):
        if place in (agent, day) or not _mostly_spans(column[:200]):
            continue
        names = [heading for each, heading in enumerate(raw.headings) if each != place]
        others = [each for other, each in enumerate(raw.columns) if other != place]
        return _roster(raw, (names, others), _cells(column), choices)
    return None


def _mostly_spans(column: pa.Array) -> bool:
    seen = [cell for cell in _cells(column.drop_null().unique()) if cell and normal_word(cell) not in _DAY_OFF]
    return bool(seen) and sum(span(cell) is not None for cell in seen) >= 0.8 * len(seen)


def _calendar(raw: RawTable, choices: Choices) -> RawTable | None:
    """A roster with one row per person and one column per day."""
    days = [place for place, heading in enumerate(raw.headings) if is_day(heading)]
    agent = _place(raw, "roster", "agent_id")
    if len(days) < MIN_DAYS or agent is None or len(days) > 400:
        return None
    size = len(raw.rows)
    kept = [place for place in range(len(raw.headings)) if place not in days]
    names = [*(raw.headings[place] for place in kept), "shift date"]
    columns = [pa.concat_arrays([raw.columns[place]] * len(days)) for place in kept]
    columns.append(pa.array(np.repeat([raw.headings[place][:10] for place in days], size), pa.string()))
    cells = [cell for place in days for cell in _cells(raw.columns[place])]
    tall = replace(raw, headings=tuple(names), columns=tuple(columns), rows=np.tile(raw.rows, len(days)))
    return _roster(tall, (names, columns), cells, choices)


def _roster(
    raw: RawTable, rest: tuple[Sequence[str], Sequence[pa.Array]], cells: list[str], choices: Choices
) -> RawTable:
    """The rows with both ends of their shift; days off are left out, names of shifts need their hours from the user."""
    hours = {normal_word(name): times for name, times in choices.value_map.get("shift_hours", {}).items()}
    ends = [span(hours.get(normal_word(cell), cell)) for cell in cells]
    off = np.array([not cell or normal_word(cell) in _DAY_OFF for cell in cells], dtype=bool)
    named = sorted({cell for cell, both, gone in zip(cells, ends, off, strict=True) if not gone and both is None})
    if named:
        raise InputError(
            Issue("shift_names_only", "error", "roster", raw.name, rows=len(named), value=", ".join(named[:8]))
        )
    work = pa.array(~off)
    names, columns = rest
    begin = pa.array([both[0] if both else None for both in ends], pa.string())
    finish = pa.array([both[1] if both else None for both in ends], pa.string())
    issues = list(raw.issues)
    if off.any():
        issues.append(_rows_issue("day_off", raw, raw.rows[off], table="roster"))
    return replace(
        raw,
        headings=(*names, "start clock", "end clock", "shift"),
        columns=tuple(column.filter(work) for column in (*columns, begin, finish, pa.array(cells, pa.string()))),
        rows=raw.rows[~off],
        rejected=raw.rejected + int(off.sum()),
        issues=tuple(issues),
    )


# ── quality criteria ─────────────────────────────────────────────────────────────────────────────────────────────────


def _criteria(raw: RawTable, choices: Choices) -> RawTable | None:
    """Reviews with a column per criterion, or with nothing but a total."""
    agent = _place(raw, "reviews", "agent_id")
    marked = _place(raw, "reviews", "rater") is not None or any(
        mark in normal(heading) for heading in raw.headings for mark in _REVIEW_MARKS
    )
    if agent is None or not marked or _place(raw, "reviews", "criterion") is not None or len(raw.headings) > 80:
        return None
    if any(_place(raw, name, field) is not None for name, field in _OTHER_GRAINS):
        return None
    totals = [place for place, heading in enumerate(raw.headings) if normal(heading) in _TOTALS]
    known = {normal(alias) for column in table("reviews").columns for alias in column.aliases}
    criteria = [
        place
        for place, heading in enumerate(raw.headings)
        if place not in totals and normal(heading) not in known and _all_numbers(raw.columns[place])
    ]
    marks = {place: _FULL_MARKS.search(raw.headings[place].strip()) for place in criteria}
    if len(criteria) >= 2 and all(marks.values()):
        full = {place: hit[1] for place, hit in marks.items() if hit}
        return _unpivoted(raw, criteria, full)
    if totals:
        return _unpivoted(raw, totals[:1], {})
    if len(criteria) >= 2:
        shown = ", ".join(raw.headings[place] for place in criteria[:6])
        raise InputError(
            Issue("criteria_without_maximum", "error", "reviews", raw.name, rows=len(criteria), value=shown)
        )
    return None


_OTHER_GRAINS = (
    ("messages", "sender"), ("agent_days", "conversations"), ("roster", "start_clock"), ("orders", "paid_at"),
    ("conversations", "first_human_reply_at"), ("conversations", "wait_s"), ("conversations", "closed_at"),
)  # fmt: skip


def _all_numbers(column: pa.Array) -> bool:
    seen = [
        cell
        for cell in _cells(column[:500].drop_null().unique())
        if cell and normal_word(cell) not in ("-", "n/a", "不适用")
    ]
    return bool(seen) and all(number(cell) is not None for cell in seen)


def _unpivoted(raw: RawTable, criteria: Sequence[int], full: Mapping[int, str]) -> RawTable:
    size, times = len(raw.rows), len(criteria)
    known = {normal(alias) for column in table("reviews").columns for alias in column.aliases}
    kept = [
        place
        for place, heading in enumerate(raw.headings)
        if place not in criteria and normal(heading) in known and normal(heading) not in _TOTALS
    ]
    names = [raw.headings[place] for place in kept]
    columns = [pa.concat_arrays([raw.columns[place]] * times) for place in kept]
    titles = [_FULL_MARKS.sub("", raw.headings[place]).strip() for place in criteria]
    extra: list[tuple[str, pa.Array]] = [
        ("criterion", pa.array(np.repeat(titles, size), pa.string())),
        ("score", pa.concat_arrays([raw.columns[place] for place in criteria])),
    ]
    if full:
        extra.append(("max", pa.array(np.repeat([full[place] for place in criteria], size), pa.string())))
    if _place(raw, "reviews", "review_id") is None:
        extra.append(("review id", pa.array(np.tile([f"{raw.name} {row}" for row in raw.rows], times), pa.string())))
    code = "criteria_unpivoted" if full else "only_total_score"
    about: dict[str, Any] = {"value": ", ".join(titles[:6]), "facts": {"criteria": times}}
    note = _rows_issue(code, raw, raw.rows, table="reviews", **about)
    return replace(
        raw,
        headings=(*names, *(name for name, _ in extra)),
        columns=(*columns, *(column for _, column in extra)),
        rows=np.tile(raw.rows, times),
        rejected=raw.rejected * times,
        issues=(*raw.issues, note),
    )


# ── events of a case ─────────────────────────────────────────────────────────────────────────────────────────────────


def _events(raw: RawTable, choices: Choices) -> RawTable | None:
    """A case log: one row per event, several per case."""
    case, stamp = _place(raw, "conversations", "conversation_id"), _place(raw, "messages", "sent_at")
    event = _place(raw, "messages", "event")
    if event is None:
        event = next((place for place, name in enumerate(raw.headings) if normal(name) in _EVENT_HEADINGS), None)
    talks = any(_place(raw, "messages", name) is not None for name in ("sender", "text", "from_customer", "automation"))
    agent = _place(raw, "conversations", "agent_id")
    if agent is None:
        raw, agent = _with_performer(raw)
    if case is None or stamp is None or event is None or agent is None or talks or len(raw.headings) > 80:
        return None
    encoded = raw.columns[event].dictionary_encode()
    kinds = [codes("case_event").get(normal_word(cell or "")) for cell in encoded.dictionary.to_pylist()]
    if not {"create", "assign"} & set(kinds) or not {"close", "reply"} & set(kinds):
        return None
    if sum(kind is not None for kind in kinds) < 0.6 * len(kinds):
        return None
    return _cases(raw, (case, stamp), pa.array(kinds, pa.string()).take(encoded.indices))


def _with_performer(raw: RawTable) -> tuple[RawTable, int | None]:
    """An event log names who did it the resource; as a heading of a conversation that is the agent."""
    place = next((place for place, name in enumerate(raw.headings) if normal(name) in _PERFORMERS), None)
    if place is None:
        return raw, None
    return replace(raw, headings=(*raw.headings[:place], "agent", *raw.headings[place + 1 :])), place


_PERFORMERS = frozenset(("resource", "orgresource", "performer", "执行人", "操作人", "处理者"))
_EVENT_HEADINGS = frozenset(
    map(normal, ("activity", "activity name", "status change", "to status", "new status", "节点", "活动", "环节"))
)


def _cases(raw: RawTable, places: tuple[int, int], kinds: pa.Array) -> RawTable | None:
    """One row per case: the last word of every column, and the times of its events."""
    import pandas as pd

    case, stamp = (raw.headings[place] for place in places)
    frame = _sorted_events(raw, places, kinds)
    cases = frame.groupby(case, sort=False)
    if not len(frame) or len(cases) > 0.8 * len(frame):
        return None
    rest = [heading for heading in raw.headings if heading not in (case, stamp) and not _is_event(heading)]
    ends = cases[rest].last() if rest else pd.DataFrame(index=cases.size().index)
    ends["started at"] = _times(frame, "create", case, stamp).first().combine_first(cases[stamp].first())
    ends["first human reply at"] = _times(frame, "reply", case, stamp).first()
    ends["first closed at"] = _times(frame, "close", case, stamp).first()
    ends["closed at"] = _times(frame, "close", case, stamp).last()
    ends["reopened"] = np.where(ends.index.isin(frame.loc[frame["_kind"] == "reopen", case]), "1", "0")
    rows = cases["_row"].min().reindex(ends.index).to_numpy(dtype=np.int64)
    ends = ends.reset_index()
    merged = np.sort(frame["_row"].to_numpy(dtype=np.int64)[~frame["_row"].isin(rows).to_numpy()])
    about: dict[str, Any] = {"table": "conversations", "column": case, "facts": {"cases": len(ends)}}
    note = _rows_issue("events_merged", raw, merged, **about)
    cells = [[None if pd.isna(cell) else str(cell) for cell in ends[name]] for name in ends]
    return replace(
        raw,
        headings=tuple(ends.columns),
        columns=tuple(pa.array(column, pa.string()) for column in cells),
        rows=rows,
        rejected=raw.rejected + len(raw.rows) - len(ends),
        issues=(*raw.issues, note, *_without_event(raw, case, stamp, frame)),
    )


def _rows_issue(code: str, raw: RawTable, numbers: np.ndarray, severity: str = "note", **about: Any) -> Issue:
    """An issue about rows of the file as it was before it was turned."""
    examples = tuple(int(row) for row in numbers[:5])
    given = {"file": raw.name, "row": examples[0], "rows": len(numbers), "examples": examples, "row_numbers": numbers}
    return Issue(code, severity, **{**given, **about})


def _without_event(raw: RawTable, case: str, stamp: str, used: Any) -> list[Issue]:
    """Events that belong to no case or have no readable time: said apart from those that were put together."""
    left = ~np.isin(raw.rows, used["_row"].to_numpy())
    cells = raw.columns[raw.headings.index(case)]
    said = pc.fill_null(pc.greater(pc.binary_length(pc.utf8_trim_whitespace(cells)), 0), False)
    nameless = left & ~said.to_numpy(zero_copy_only=False)
    issues = []
    for code, column, marks in (("missing_key", case, nameless), ("bad_date", stamp, left & ~nameless)):
        if marks.any():
            value = str(raw.columns[raw.headings.index(column)][int(np.flatnonzero(marks)[0])].as_py() or "")
            about = {"table": "conversations", "column": column, "value": value}
            issues.append(_rows_issue(code, raw, raw.rows[marks], "warning", **about))
    return issues


def _sorted_events(raw: RawTable, places: tuple[int, int], kinds: pa.Array) -> Any:
    import pandas as pd

    case, stamp = places
    scanned = dates.scan(raw.columns[stamp])
    orders = dates.possible_orders(scanned)
    when = dates.instants(scanned, orders[0] if orders else "", "UTC")
    cells = {name: column.to_pylist() for name, column in zip(raw.headings, raw.columns, strict=True)}
    frame = pd.DataFrame(cells, dtype=object)
    frame = frame.where(frame.map(lambda cell: bool(cell and str(cell).strip())), None)
    frame = frame.assign(_kind=kinds.to_pylist(), _at=when.millis, _row=raw.rows)[when.valid]
    return frame[frame[raw.headings[case]].notna()].sort_values("_at", kind="stable")


def _times(frame: Any, kind: str, case: str, stamp: str) -> Any:
    return frame[frame["_kind"] == kind].groupby(case)[stamp]


def _is_event(heading: str) -> bool:
    known = {normal(alias) for alias in table("messages").column("event").aliases} | _EVENT_HEADINGS
    return normal(heading) in known


_TURNS: tuple[Callable[[RawTable, Choices], RawTable | None], ...] = (_calendar, _shift_cells, _criteria, _events)
