"""Cells → values: durations, clock times, numbers, shares, ratings, flags and coded words.

Each function takes the text of one cell and gives the value, or None when it cannot; a column is converted through its distinct
cells (`by_cell`), so a million rows with a thousand different cells cost a thousand calls.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.ingest import quick
from core.schema import MISSING, UNRATED, codes, normal_word

_UNITS = {
    "ms": 0.001, "毫秒": 0.001, "milliseconds": 0.001,
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "秒": 1, "秒钟": 1, "秒鐘": 1, "\"": 1, "′′": 1, "''": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "分": 60, "分钟": 60, "分鐘": 60, "'": 60, "′": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "小时": 3600, "时": 3600, "小時": 3600, "時": 3600, "个小时": 3600,
    "d": 86400, "day": 86400, "days": 86400, "天": 86400, "日": 86400,
}  # fmt: skip
_DURATION_PART = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-z]+|[一-鿿]+?(?=\d|\s|$)|''|\"|'|′′|′)\.?")
_DAYS_AND_CLOCK = re.compile(r"^(\d+)\s*(?:days?|d|天|日),?\s*(\d+:\d{2}(?::\d{2}(?:\.\d+)?)?)$")
_ISO_DURATION = re.compile(r"^p(?:(\d+)d)?t?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$")
_BARE_NUMBER = re.compile(r"^[+-]?[\d.,]+$")
_CLOCK = re.compile(r"^(-?)(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?$")
_OLD_STAMP = re.compile(r"^(1899|190[01])-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d(?:\.\d+)?)$")
_HALF_DAY = re.compile(r"^(上午|下午|am|pm)?\s*(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(am|pm|上午|下午)?$")
_NEXT_DAY = re.compile(r"^(次日|翌日|第二天|隔日|\+1d?)\s*|\s*[(]?(次日|翌日|\+1d?|next day)[)]?$")
_SPOKEN_CLOCK = re.compile(r"^(\d{1,2})[点时點時](?:(\d{1,2})分?)?$")
_STARS = re.compile(r"^[★⭐]+[☆]*$")
_MONEY = re.compile(r"[¥￥€£元,'’\s]|(?:us|hk|nt|s|a)?\$|rmb|cny|usd|eur|hkd|圆")
_DECIMAL_COMMA = re.compile(r"-?\d{1,3}(?:[. ]?\d{3})*,(?:\d{1,2}|\d{4,})")
_COUNTED = (
    ("%", 0.01), ("万", 1e4), ("亿", 1e8), ("千", 1e3), ("分", 1.0), ("星", 1.0), ("次", 1.0), ("人", 1.0), ("单", 1.0), ("件", 1.0),
    ("个", 1.0), ("条", 1.0), ("笔", 1.0), ("通", 1.0), ("k", 1e3),
)  # fmt: skip
HEADING_UNITS = (
    ("ms", re.compile(r"毫秒|\bms\b|millisec|_ms$", re.IGNORECASE)),
    ("min", re.compile(r"分钟|[((]分[))]|\bmin(ute)?s?\b|_min$|_minutes$", re.IGNORECASE)),
    ("h", re.compile(r"小时|[((]时[))]|\bhours?\b|\bhrs?\b|_h$|_hours$", re.IGNORECASE)),
    ("day", re.compile(r"[((]天[))]|\bdays?\b|_days$", re.IGNORECASE)),
)


def unit_of(heading: str) -> str:
    """Unit that a heading names, else seconds.

    >>> unit_of("首次响应时长(分钟)"), unit_of("Speed of answer in seconds")
    ('min', 's')
    """
    return next((unit for unit, pattern in HEADING_UNITS if pattern.search(heading)), "s")


def duration(cell: str, unit: str = "s") -> float | None:
    """Seconds of a duration, however it is written; a bare number has the column's unit.

    >>> [duration(c) for c in ("1分", "1 day, 0:02:03", "PT1M20S", "3 min. 20 sec.")]
    [60.0, 86523.0, 80.0, 200.0]
    >>> [duration(c) for c in ("2分30秒", "1h 5m", "0:02:23", "02:23", "1899-12-31 00:02:23", "90", "5 days 3 hours", "x")]
    [150.0, 3900.0, 143.0, 143.0, 143.0, 90.0, 442800.0, None]
    >>> duration("1.5", "min")
    90.0
    """
    text = normal_word(cell).replace(" and ", " ")
    plain = number(text) if _BARE_NUMBER.match(text) else None
    if plain is not None:
        return plain * _UNITS[unit]
    iso = _ISO_DURATION.match(text) if text[:1] == "p" and len(text) > 2 else None
    if iso:
        return float(
            sum(float(part or 0) * times for part, times in zip(iso.groups(), (86400, 3600, 60, 1), strict=True))
        )
    days = _DAYS_AND_CLOCK.match(text)
    if days:
        rest = duration(days[2])
        return None if rest is None else int(days[1]) * 86400.0 + rest
    return _duration_in_words(text)


def _duration_in_words(text: str) -> float | None:
    clock = _CLOCK.match(text)
    if clock:
        return _clock_seconds(clock)
    old = _OLD_STAMP.match(text)
    if old:
        return _since_excel(old)
    parts = _DURATION_PART.findall(text)
    rest = _DURATION_PART.sub("", text).strip(" ,，")
    if not parts or rest or any(word not in _UNITS for _, word in parts):
        return None
    return float(sum(float(count.replace(",", ".")) * _UNITS[word] for count, word in parts))


def _clock_seconds(found: re.Match[str]) -> float | None:
    sign, first, second, third = found.groups()
    if float(second) > 59 or float(third or 0) >= 60:
        return None
    parts = (int(first), int(second), float(third)) if third else (0, int(first), float(second))
    value = parts[0] * 3600 + parts[1] * 60 + parts[2]
    return -float(value) if sign else float(value)


def _since_excel(found: re.Match[str]) -> float:
    year, month, day, hour, minute, second = found.groups()
    days = np.datetime64(f"{year}-{month}-{day}") - np.datetime64("1899-12-31")
    return float(days.astype(int)) * 86400 + int(hour) * 3600 + int(minute) * 60 + float(second)


def clock(cell: str) -> float | None:
    """Seconds since midnight of a time of day, as text, as an Excel time cell or as a fraction of a day.

    >>> clock("次日06:00"), clock("9点"), clock("18点30分")
    (108000.0, 32400.0, 66600.0)
    >>> clock("9:05"), clock("下午 3:00"), clock("1899-12-31 09:12:58"), clock("0.5"), clock("25:00")
    (32700.0, 54000.0, 33178.0, 43200.0, None)
    """
    text = normal_word(cell)
    old = _OLD_STAMP.match(text)
    if old:
        return _since_excel(old) % 86400
    following = _NEXT_DAY.sub("", text)
    if following != text:
        rest = clock(following.strip())
        return None if rest is None else rest + 86400
    text = _SPOKEN_CLOCK.sub(lambda hit: f"{hit[1]}:{hit[2] or '00'}", text)
    found = _HALF_DAY.match(text)
    if found:
        return _half_day_seconds(found)
    fraction = number(text)
    return round(fraction * 86400, 3) if fraction is not None and 0 <= fraction < 1 and "." in text else None


def _half_day_seconds(found: re.Match[str]) -> float | None:
    before, hour_text, minute, second, after = found.groups()
    hour, mark = int(hour_text), before or after
    if mark in ("下午", "pm") and hour < 12:
        hour += 12
    elif mark in ("上午", "am") and hour == 12:
        hour = 0
    if hour > 24 or int(minute) > 59:
        return None
    return hour * 3600 + int(minute) * 60 + float(second or 0)


def number(cell: str) -> float | None:
    """A number with thousands separators, decimal comma, currency, 万 or per cent.

    >>> [number(c) for c in ("1 234,5", "HK$12", "(12.5)", "20单", "1.2k", "1'234")]
    [1234.5, 12.0, -12.5, 20.0, 1200.0, 1234.0]
    >>> [number(c) for c in ("1,234.5", "1.234,56", "￥12", "3.2万", "12.5%", "4.0分", "abc", "1e3")]
    [1234.5, 1234.56, 12.0, 32000.0, 0.125, 4.0, None, 1000.0]
    """
    text = normal_word(cell)
    if "," in text:
        bare = re.sub(r"[€£$¥%\s]+$|^[€£$¥\s]+", "", text)
        if _DECIMAL_COMMA.fullmatch(bare):
            text = text.replace(".", "").replace(" ", "").replace(",", ".")
    text = _MONEY.sub("", text)
    if text[:1] == "(" and text[-1:] == ")":
        text = f"-{text[1:-1]}"
    factor = 1.0
    for ending, times in _COUNTED:
        if text.endswith(ending):
            text, factor = text[: -len(ending)], times
            break
    try:
        value = float(text) * factor
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def flag(cell: str, words: Mapping[str, str] | None = None) -> float | None:
    """1 or 0 of a yes/no word.

    >>> flag("是"), flag("N"), flag("未解决"), flag("1.0"), flag("maybe")
    (1.0, 0.0, 0.0, 1.0, None)
    """
    text = normal_word(cell)
    code = {**codes("flag"), **(words or {})}.get(text)
    if code is not None:
        return float(code)
    value = number(text)
    return value if value in (0.0, 1.0) else None


def rating(cell: str) -> float | None:
    """A rating as a number: figures, stars or words; words that say "not rated" are handled as missing before.

    >>> rating("★★★☆☆"), rating("很满意"), rating("4 / 5"), rating("good"), rating("x")
    (3.0, 5.0, 4.0, 5.0, None)
    """
    text = normal_word(cell)
    if _STARS.match(text):
        return float(sum(character in "★⭐" for character in text))
    if text in codes("rating"):
        return float(codes("rating")[text])
    text = re.sub(r"\s*(/|out of|of)\s*\d+$|\s*(stars?|points?|颗星)$|withcomment$", "", text)
    return number(text)


def word(kind: str, cell: str, words: Mapping[str, str] | None = None) -> str | None:
    """The code of a coded word, the user's own words first.

    >>> word("sender", "买家"), word("sender", "Bob"), word("sender", "Bob", {"bob": "agent"})
    ('customer', None, 'agent')
    """
    text = normal_word(cell)
    return (words or {}).get(text) or codes(kind).get(text)


@dataclass(frozen=True)
class Converted:
    """A converted column; ``bad`` marks cells that held something that could not be understood, ``missing`` counts placeholders."""

    values: pa.Array
    bad: np.ndarray
    missing: int = 0
    placeholder: str = ""


def by_cell(
    column: pa.Array, convert: Callable[[str], Any], kind: pa.DataType, *, words_missing: bool = True
) -> Converted:
    """A column converted through its distinct cells.

    >>> by_cell(pa.array(["1", "-", "x", None]), number, pa.float64()).values.to_pylist()
    [1.0, None, None, None]
    """
    encoded = column.dictionary_encode()
    cells = encoded.dictionary.to_pylist()
    absent = [not cell.strip() or (words_missing and normal_word(cell) in MISSING) for cell in cells]
    values = [None if gone else convert(cell) for cell, gone in zip(cells, absent, strict=True)]
    bad = np.array([value is None and not gone for value, gone in zip(values, absent, strict=True)], dtype=bool)
    values = [
        None if isinstance(value, float) and math.isnan(value) else value for value in values
    ]  # understood: missing
    taken = pa.array(values, kind).take(encoded.indices)
    index = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    stood_for = np.array([gone and bool(cell.strip()) for cell, gone in zip(cells, absent, strict=True)], dtype=bool)
    shown = next((cell for cell, gone in zip(cells, stood_for, strict=True) if gone), "")
    return Converted(taken, _spread(bad, index), int(_spread(stood_for, index).sum()), shown)


def _spread(marks: np.ndarray, index: np.ndarray) -> np.ndarray:
    if not marks.any():
        return np.zeros(len(index), dtype=bool)
    return np.where(index >= 0, marks[np.maximum(index, 0)], False)


def convert(column: pa.Array, kind: str, unit: str = "s", words: Mapping[str, str] | None = None) -> Converted:
    """A column of a kind other than instant and date.

    Ids and text stay text (trimmed, empty is missing); flags become int8, the rest float64; coded words become their codes.
    """
    simple: dict[str, tuple[Callable[[str], Any], pa.DataType]] = {
        "duration": (partial(duration, unit=unit), pa.float64()),
        "clock": (clock, pa.float64()),
        "number": (_count, pa.float64()),
        "share": (share, pa.float64()),
        "rating": (partial(_rating_or_missing, words or {}), pa.float64()),
        "flag": (partial(flag, words=words), pa.int8()),
    }
    if kind in simple:
        function, arrow = simple[kind]
        return by_cell(column, function, arrow)
    if kind in ("sender", "automation", "event", "rater_type"):
        return by_cell(column, partial(word, kind, words=words), pa.string(), words_missing=kind != "automation")
    if kind == "channel":
        return _channel(column, words)
    if kind == "id":
        return identifiers(column)
    if kind == "text":
        cells = quick.text(column)
        empty = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(cells)), 0)
        return Converted(_or_null(cells, empty), np.zeros(len(cells), dtype=bool))
    return by_cell(column, partial(_category, words), pa.string())


def _category(words: Mapping[str, str] | None, cell: str) -> str:
    return (words or {}).get(normal_word(cell), cell.strip())


def _count(cell: str) -> float | None:
    value = number(cell)
    return flag(cell) if value is None else value


def _rating_or_missing(words: Mapping[str, str], cell: str) -> float | None:
    text = normal_word(cell)
    if text in words:
        return number(words[text])
    return float("nan") if text in UNRATED else rating(cell)


def share(cell: str) -> float | None:
    """A share 0–1; a bare number above 1 is taken as per cent.

    >>> share("87.5%"), share("0.875"), share("87.5")
    (0.875, 0.875, 0.875)
    """
    value = number(cell)
    return value / 100 if value is not None and value > 1 and "%" not in cell else value


def identifiers(column: pa.Array) -> Converted:
    """Ids as text, all rows at once; a float that came from a missing neighbour loses its ``.0``.

    >>> identifiers(pa.array([" 0012 ", "360006965034.0", "-", ""])).values.to_pylist()
    ['0012', '360006965034', None, None]
    """
    coded = pa.types.is_dictionary(column.type)
    values, stood_for, shown = _ids(column.dictionary if coded else column)
    if coded:
        values, stood_for = values.take(column.indices), stood_for.take(column.indices)
    return Converted(values, np.zeros(len(column), dtype=bool), pc.sum(stood_for).as_py() or 0, shown)


def _ids(column: pa.Array) -> tuple[pa.Array, pa.Array, str]:
    """Ids, which cells were placeholders, and the first of those."""
    cells = _trimmed(column)
    if holds(cells, b".") and pc.any(pc.ends_with(cells, ".0")).as_py():
        cells = pc.replace_substring_regex(cells, r"^(\d{1,18})\.0$", r"\1")
    empty = pc.equal(cells, "")
    placeholder = pc.is_in(pc.utf8_lower(cells), value_set=pa.array(sorted(MISSING)))
    stood_for = pc.and_(pc.fill_null(placeholder, False), pc.invert(pc.fill_null(empty, True)))
    shown = cells.filter(stood_for)[:1].to_pylist()
    return _or_null(cells, pc.or_(empty, placeholder)), stood_for, str(shown[0]) if shown else ""


def _trimmed(column: pa.Array) -> pa.Array:
    """Cells without white space around them; the very column where there is none, so that a large one is not kept twice."""
    cells = pc.utf8_trim_whitespace(column)
    return column if pc.sum(pc.binary_length(cells)) == pc.sum(pc.binary_length(column)) else cells


def holds(column: pa.Array, byte: bytes) -> bool:
    """Whether a byte may stand in a text column; False is certain.

    >>> holds(pa.array(["1.0"]), b"."), holds(pa.array(["10"]), b".")
    (True, False)
    """
    written = column.buffers()[2]
    return written is not None and bool((np.frombuffer(written, dtype=np.uint8) == byte[0]).any())


def _or_null(cells: pa.Array, gone: pa.Array) -> pa.Array:
    gone = pc.fill_null(gone, True)
    return pc.if_else(gone, pa.scalar(None, pa.string()), cells) if pc.any(gone).as_py() else cells


def _channel(column: pa.Array, words: Mapping[str, str] | None) -> Converted:
    """Channels are brought to the known codes only where every word of the column is known; else they stay as they are."""
    coded = by_cell(column, partial(word, "channel", words=words), pa.string())
    return by_cell(column, partial(_category, words), pa.string()) if coded.bad.any() else coded
