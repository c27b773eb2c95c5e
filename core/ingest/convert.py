"""Cells → values: durations, clock times, numbers, shares, ratings, flags and coded words.

Each function takes the text of one cell and gives the value, or None when it cannot; a column is converted through its distinct
cells (`by_cell`), so a million rows with a thousand different cells cost a thousand calls.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.ingest import glance, quick
from core.schema import MISSING, UNRATED, codes, normal_word

_UNITS = {
    "ms": 0.001, "毫秒": 0.001, "milliseconds": 0.001,
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "秒": 1, "秒钟": 1, "秒鐘": 1, "\"": 1, "′′": 1, "''": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "分": 60, "分钟": 60, "分鐘": 60, "'": 60, "′": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "小时": 3600, "时": 3600, "小時": 3600, "時": 3600, "个小时": 3600,
    "d": 86400, "day": 86400, "days": 86400, "天": 86400, "日": 86400, "w": 604800, "wk": 604800, "week": 604800,
    "weeks": 604800, "周": 604800,
    "sek": 1, "sekunde": 1, "sekunden": 1, "seconde": 1, "secondes": 1, "segundo": 1, "segundos": 1,
    "minuten": 60, "minuto": 60, "minutos": 60,
    "std": 3600, "stunde": 3600, "stunden": 3600, "heure": 3600, "heures": 3600, "hora": 3600, "horas": 3600, "时间": 3600,
    "giây": 1, "detik": 1, "saat": 1, "วินาที": 1, "초": 1, "phút": 60, "menit": 60, "minit": 60, "นาที": 60, "분": 60,
    "giờ": 3600, "jam": 3600, "ชั่วโมง": 3600, "시간": 3600, "時間": 3600, "ngày": 86400, "hari": 86400, "วัน": 86400, "일": 86400,
    "tag": 86400, "tage": 86400, "jour": 86400, "jours": 86400, "dia": 86400, "dias": 86400,
}  # fmt: skip
_DURATION_PART = re.compile(
    r"(\d+(?:[.,]\d+)?)\s*([a-z]+(?![a-z]|[^\x00-\x7f])|[一-鿿]+?(?=\d|\s|$)|[^\x00-\x7f一-鿿′][^\d\s.,]*"
    r"|[a-z]+[^\x00-\x7f][^\d\s.,]*|''|\"|'|′′|′)\.?"
)
_DAYS_AND_CLOCK = re.compile(
    r"^(\d+)(?:\s*(?:days?|d|天|日),?\s*(\d+:\d{2}(?::\d{2}(?:\.\d+)?)?)|[.:](\d{1,2}:\d{2}:\d{2}(?:\.\d+)?))$"
)
_ISO_DURATION = re.compile(r"^p(?:([\d.]+)w)?(?:([\d.]+)d)?t?(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?$")
_BARE_NUMBER = re.compile(r"^[+-]?[\d.,]+(e[+-]?\d+)?$")
_CLOCK = re.compile(r"^(-?)(\d+):(\d{1,2})(?::(\d{1,2}))?(\.\d+)?$")
_TWO_PARTS = r"^\s*\d+:\d{1,2}\s*$"
_SHORT_HOURS = re.compile(r"^(\d+)(h|小时)(\d{1,2})$")
_OLD_STAMP = re.compile(r"^(1899|190[01])-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d(?:\.\d+)?)$")
_HALF_DAY = re.compile(
    r"^(凌晨|早上|上午|中午|下午|晚上|am|pm)?\s*(\d{1,2})[:h](\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?\s*(am|pm|a\.m\.|p\.m\.|上午|下午)?$"
)
_FIGURES_CLOCK = re.compile(r"^(\d{1,2})(\d{2})(\d{2})?$")
_NEXT_DAY = re.compile(r"^(次日|翌日|第二天|隔日|\+1d?)\s*|\s*[(]?(次日|翌日|\+1d?|next day)[)]?$")
_SPOKEN_CLOCK = re.compile(r"^(\D{2})?\s*(\d{1,2})[点时點時](?:(\d{1,2})分?)?$")
_STARS = re.compile(r"^[★⭐]+[☆]*$")
_OUT_OF = re.compile(r"^([\d.]+)\s*(?:/|out of|of)\s*(\d+)$")
_GRADED = re.compile(
    r"^([\d.]+)\s*(?:stars?|points?|颗星|分|星|[★⭐])?\s*[-:=(]\s*[^\d]+$|^[^\d]+[-:=(]\s*([\d.]+)\s*(?:分|星|stars?)?\)?$"
)
_GRADE_SIGNS = re.compile(
    r"\s*(stars?|points?|颗星|점|点|điểm|bintang|puntos?|estrellas?|ดาว|คะแนน|[★⭐])$|^[★⭐]\s*|(withcomment|好评|中评|差评)$"
)
_MONEY = re.compile(
    r"[¥€£₩₫₹₱฿元块圆円'’\s]|(?:us|hk|nt|s|a|r|c|sg)?\$|rmb|cny|usd|eur|gbp|jpy|hkd|twd|sgd|myr|thb|idr|vnd|php|^rp\.?|^rm(?=\d)"
)
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})*,\d{3}|\d{1,4}(?:,\d{4})+)(?:\.\d+)?")
_NO_CENTS = re.compile(r"^rp|₫|idr|vnd")
_POINTED = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+")
_POINTS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3}){2,}")
_MINUS = str.maketrans("−–﹣", "---")
_DECIMAL_COMMA = re.compile(r"-?\d{1,3}(?:[. ]?\d{3})*,(?:\d{1,2}|\d{4,})")
_COUNTED = (
    ("%", 0.01), ("‰", 0.001), ("万", 1e4), ("w", 1e4), ("亿", 1e8), ("千", 1e3), ("k", 1e3), ("m", 1e6),
    ("分", 1.0), ("星", 1.0), ("人次", 1.0), ("次", 1.0),
    ("人", 1.0), ("单", 1.0), ("件", 1.0), ("个", 1.0), ("条", 1.0), ("笔", 1.0), ("通", 1.0), ("台", 1.0), ("倍", 1.0),
)  # fmt: skip
HEADING_UNITS = (
    ("ms", re.compile(r"毫秒|\bms\b|millisec|_ms$|milidetik|mili giây|ミリ秒", re.IGNORECASE)),
    ("min", re.compile(
        r"分钟|分鐘|[((][分분][))]|\bmin(ute)?s?\b|_min$|_minutes$|\b(?:menit|minit|minutos?|phút)\b|(?<!วิ)นาที", re.IGNORECASE
    )),
    ("h", re.compile(
        r"小时|小時|[((](?:时|時|時間|시간)[))]|\bhours?\b|\bhrs?\b|_h$|_hours$|[((](?:jam|giờ|horas?)[))]|ชั่วโมง", re.IGNORECASE
    )),
    ("day", re.compile(r"[((](?:天|日|일|hari|ngày|días?)[))]|\bdays?\b|_days$", re.IGNORECASE)),
)  # fmt: skip


def clock_parts(column: pa.Array, heading: str) -> str:
    """How 02:30 is to be read in a column of durations: ``mm:ss``, ``hh:mm``, ``mm:ss?`` where nothing says so, empty without such cells.

    >>> clock_parts(pa.array(["02:30", "1:02:30"]), "AHT"), clock_parts(pa.array(["02:30"]), "AHT"), clock_parts(pa.array(["9"]), "AHT")
    ('mm:ss', 'mm:ss?', '')
    """
    if not pc.any(pc.match_substring_regex(column, _TWO_PARTS)).as_py():
        return ""
    named = next((parts for parts, pattern in _HEADING_PARTS if pattern.search(heading)), "")
    three = pc.any(pc.match_substring_regex(column, r"^\s*\d+:\d{1,2}:\d{1,2}")).as_py()
    return named or ("mm:ss" if three else "mm:ss?")


_HEADING_PARTS = (
    ("mm:ss", re.compile(r"m+:ss|分:秒|分钟:秒", re.IGNORECASE)),
    ("hh:mm", re.compile(r"h+:mm(?!:)|时:分(?!:)|小时:分(?!:)|小时|\bhours?\b|\bhrs?\b", re.IGNORECASE)),
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
    >>> duration("1 phút 5 giây"), duration("2 menit"), duration("1นาที 5วินาที"), duration("1시간 5분"), unit_of("เวลารอ (วินาที)")
    (65.0, 120.0, 65.0, 3900.0, 's')
    >>> duration("1.5", "min"), duration("02:23", "hh:mm"), duration("1h05"), duration("1个半小时"), duration("1.02:03:04")
    (90.0, 8580.0, 3900.0, 5400.0, 93784.0)
    """
    text = normal_word(cell).replace(" and ", " ")
    plain = number(text) if _BARE_NUMBER.match(text) else None
    if plain is not None:
        return plain * _UNITS.get(unit, 1)
    text = _SHORT_HOURS.sub(
        r"\1h\3m", text.replace("个半小时", ".5小时").replace("半个小时", "半小时").replace("半小时", "0.5小时")
    )
    iso = _ISO_DURATION.match(text) if text[:1] == "p" and len(text) > 2 else None
    if iso:
        return float(
            sum(
                float(part or 0) * times for part, times in zip(iso.groups(), (604800, 86400, 3600, 60, 1), strict=True)
            )
        )
    days = _DAYS_AND_CLOCK.match(text)
    if days:
        rest = duration(days[2] or days[3])
        return None if rest is None else int(days[1]) * 86400.0 + rest
    clock = _CLOCK.match(text)
    return _clock_seconds(clock, unit == "hh:mm") if clock else _duration_in_words(text)


def _duration_in_words(text: str) -> float | None:
    old = _OLD_STAMP.match(text)
    if old:
        return _since_excel(old)
    parts = _DURATION_PART.findall(text)
    rest = _DURATION_PART.sub("", text).strip(" ,，")
    if not parts or rest or any(word not in _UNITS for _, word in parts):
        return None
    return float(sum(float(count.replace(",", ".")) * _UNITS[word] for count, word in parts))


def _clock_seconds(found: re.Match[str], hours: bool) -> float | None:
    """Seconds of 1:02:03 or of 02:03, which is hours and minutes only where the column says so."""
    sign, *parts, fraction = found.groups()
    first, second, third = (int(part or 0) for part in parts)
    if second > 59 or third > 59:
        return None
    seconds = first * 3600 + second * 60 + third if parts[2] or hours else first * 60 + second
    value = seconds + float(fraction or 0)
    return -value if sign else float(value)


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
    text = _SPOKEN_CLOCK.sub(lambda hit: f"{hit[1] or ''}{hit[2]}:{hit[3] or '00'}", text.removeprefix("t"))
    found = _HALF_DAY.match(_FIGURES_CLOCK.sub(lambda hit: ":".join(part for part in hit.groups() if part), text))
    if found:
        return _half_day_seconds(found)
    fraction = number(text)
    figure = "." in text or text == "0"
    return round(fraction * 86400, 3) if fraction is not None and 0 <= fraction < 1 and figure else None


def _half_day_seconds(found: re.Match[str]) -> float | None:
    before, hour_text, minute, second, after = found.groups()
    hour, mark = int(hour_text), (before or after or "").replace(".", "")
    if (mark in ("下午", "晚上", "pm") and hour < 12) or (mark == "中午" and hour < 11):
        hour += 12
    elif mark in ("凌晨", "早上", "上午", "am") and hour == 12:
        hour = 0
    if hour > 24 or int(minute) > 59:
        return None
    return hour * 3600 + int(minute) * 60 + float(second or 0)


def number(cell: str) -> float | None:
    """A number with thousands separators, decimal comma, currency, 万 or per cent.

    >>> [number(c) for c in ("1 234,5", "HK$12", "(12.5)", "20单", "1.2k", "1'234", "1,234-", "1.234.567", "1,2,3")]
    [1234.5, 12.0, -12.5, 20.0, 1200.0, 1234.0, -1234.0, 1234567.0, None]
    >>> [number(c) for c in ("1,234.5", "1.234,56", "￥12", "3.2万", "12.5%", "4.0分", "abc", "1e3")]
    [1234.5, 1234.56, 12.0, 32000.0, 0.125, 4.0, None, 1000.0]
    """
    said = normal_word(cell).translate(_MINUS)
    text = _MONEY.sub("", said)
    if _NO_CENTS.search(said) and _POINTED.fullmatch(text):
        text = text.replace(".", "")
    if text[:1] == "(" and text[-1:] == ")":
        text = f"-{text[1:-1]}"
    elif text[-1:] == "-":
        text = f"-{text[:-1]}"
    factor = 1.0
    for ending, times in _COUNTED:
        if text.endswith(ending):
            text, factor = text[: -len(ending)], times
            break
    text = _with_decimal_point(text)
    if not _PLAIN_NUMBER.fullmatch(text):
        return None
    value = float(text) * factor
    return value if math.isfinite(value) else None


def _with_decimal_point(text: str) -> str:
    """Thousands separators out, a decimal comma as a point; whatever is grouped in no known way stays, and is no number."""
    if "," in text and _DECIMAL_COMMA.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    if _GROUPED.fullmatch(text):
        return text.replace(",", "")
    return text.replace(".", "") if _POINTS.fullmatch(text) else text


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

    >>> rating("★★★☆☆"), rating("很满意"), rating("4 / 5"), rating("good"), rating("x"), rating("80%"), rating("5 - 非常满意")
    (3.0, 5.0, 4.0, 5.0, None, 80.0, 5.0)
    """
    text = normal_word(cell).replace("_", " ").rstrip("!.")
    if _STARS.match(text):
        return float(sum(character in "★⭐" for character in text))
    known = codes("rating").get(text)
    if known is None:
        graded = _GRADED.match(text)
        text = (graded[1] or graded[2]) if graded else _GRADE_SIGNS.sub("", _OUT_OF.sub(r"\1", text)).strip()
        known = codes("rating").get(text)
    return float(known) if known is not None else number(text.removesuffix("%"))


def rating_scale(cells: Iterable[str]) -> tuple[float, float] | None:
    """The scale that ratings themselves name: ``4 / 5``, ``9 out of 10``, ``80%``, ``★★★★☆``; None where they name none or several.

    >>> rating_scale(["3 / 10", "5 / 10"]), rating_scale(["80%"]), rating_scale(["★★★☆☆"]), rating_scale(["4", "5"])
    ((1.0, 10.0), (0.0, 100.0), (1.0, 5.0), None)
    """
    named = set()
    for cell in cells:
        text = normal_word(cell)
        out_of = _OUT_OF.match(text)
        if out_of:
            named.add(float(out_of[2]))
        elif text.endswith("%"):
            named.add(100.0)
        elif _STARS.match(text) and "☆" in text:
            named.add(float(len(text)))
    high = named.pop() if len(named) == 1 else 0.0
    return (0.0 if high >= 100 else 1.0, high) if high > 1 else None


def word(kind: str, cell: str, words: Mapping[str, str] | None = None) -> str | None:
    """The code of a coded word, the user's own words first.

    >>> word("sender", "买家"), word("sender", "Bob"), word("sender", "Bob", {"bob": "agent"})
    ('customer', None, 'agent')
    """
    text = normal_word(cell)
    return (words or {}).get(text) or codes(kind).get(text)


@dataclass(frozen=True)
class Converted:
    """A converted column; ``bad`` marks cells that held something that could not be understood, ``placeholders`` counts the words
    that stood for nothing.
    """

    values: pa.Array
    bad: np.ndarray
    placeholders: Mapping[str, int] = field(default_factory=dict)


def by_cell(
    column: pa.Array, convert: Callable[[str], Any], kind: pa.DataType, keep: Collection[str] = ()
) -> Converted:
    """A column converted through its distinct cells; words in ``keep`` are values though they look like placeholders.

    >>> by_cell(pa.array(["1", "-", "x", None]), number, pa.float64()).values.to_pylist()
    [1.0, None, None, None]
    """
    encoded = column.dictionary_encode()
    cells = encoded.dictionary.to_pylist()
    silent = MISSING - set(keep)
    absent = [not cell.strip() or normal_word(cell) in silent for cell in cells]
    values = [None if gone else convert(cell) for cell, gone in zip(cells, absent, strict=True)]
    bad = np.array([value is None and not gone for value, gone in zip(values, absent, strict=True)], dtype=bool)
    values = [
        None if isinstance(value, float) and math.isnan(value) else value for value in values
    ]  # understood: missing
    taken = pa.array(values, kind).take(encoded.indices)
    index = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    stood_for = [place for place, (cell, gone) in enumerate(zip(cells, absent, strict=True)) if gone and cell.strip()]
    return Converted(taken, _spread(bad, index), {cells[place]: int((index == place).sum()) for place in stood_for})


def _spread(marks: np.ndarray, index: np.ndarray) -> np.ndarray:
    if not marks.any():
        return np.zeros(len(index), dtype=bool)
    return np.where(index >= 0, marks[np.maximum(index, 0)], False)


@dataclass(frozen=True)
class Reading:
    """How the cells of a column are read: unit of bare figures, the user's words → codes, words that are values though they look empty."""

    unit: str = "s"
    words: Mapping[str, str] = field(default_factory=dict)
    keep: frozenset[str] = frozenset()


_PLAINLY = Reading()


def convert(column: pa.Array, kind: str, reading: Reading = _PLAINLY) -> Converted:
    """A column of a kind other than instant and date.

    Ids and text stay text (trimmed, empty is missing); flags become int8, the rest float64; coded words become their codes.
    """
    words = reading.words
    simple: dict[str, tuple[Callable[[str], Any], pa.DataType]] = {
        "duration": (partial(duration, unit=reading.unit), pa.float64()),
        "clock": (clock, pa.float64()),
        "number": (_count, pa.float64()),
        "share": (partial(share, percent=reading.unit == "%"), pa.float64()),
        "rating": (partial(_rating_or_missing, words), pa.float64()),
        "flag": (partial(flag, words=words), pa.int8()),
        "sender": (partial(word, kind, words=words), pa.string()),
        "automation": (partial(word, kind, words=words), pa.string()),
        "event": (partial(word, kind, words=words), pa.string()),
        "rater_type": (partial(word, kind, words=words), pa.string()),
    }
    keep = MISSING if kind == "automation" else reading.keep
    if kind in simple:
        function, arrow = simple[kind]
        return by_cell(column, function, arrow, keep)
    if kind == "channel":
        return _channel(column, words, keep)
    if kind == "id":
        return identifiers(column, keep)
    if kind == "text":
        cells = quick.text(column)
        empty = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(cells)), 0)
        return Converted(_or_null(cells, empty), np.zeros(len(cells), dtype=bool))
    return by_cell(column, partial(_category, words), pa.string(), keep)


def _category(words: Mapping[str, str], cell: str) -> str:
    return words.get(normal_word(cell), cell.strip())


def _count(cell: str) -> float | None:
    value = number(cell)
    return flag(cell) if value is None else value


def _rating_or_missing(words: Mapping[str, str], cell: str) -> float | None:
    text = normal_word(cell)
    if text in words:
        return number(words[text])
    return float("nan") if text in UNRATED else rating(cell)


def share(cell: str, percent: bool = False) -> float | None:
    """A share 0–1; bare numbers are per cent where the column is one of per cents, and those above 1 always.

    >>> share("87.5%"), share("0.875"), share("87.5"), share("1", percent=True), share("0.5%", percent=True)
    (0.875, 0.875, 0.875, 0.01, 0.005)
    """
    value = number(cell)
    bare = value is not None and cell.strip()[-1:] not in "%％‰"
    return value / 100 if value is not None and bare and (percent or value > 1) else value


def per_cents(column: pa.Array) -> bool:
    """Whether the bare figures of a column of shares are per cents: one of them is above 1.

    >>> per_cents(pa.array(["98", "1", "0.5"])), per_cents(pa.array(["0.98", "1"])), per_cents(pa.array(["98%", "1"]))
    (True, False, False)
    """
    cells = pc.drop_null(column).unique().to_pylist()
    return any((number(cell) or 0) > 1 for cell in cells if cell.strip()[-1:] not in ("%", "％", "‰"))


def identifiers(column: pa.Array, keep: Collection[str] = ()) -> Converted:
    """Ids as text, all rows at once; a float that came from a missing neighbour loses its ``.0``.

    >>> identifiers(pa.array([" 0012 ", "360006965034.0", "-", ""])).values.to_pylist()
    ['0012', '360006965034', None, None]
    """
    coded = pa.types.is_dictionary(column.type)
    values, stood_for, counts = _ids(column.dictionary if coded else column, keep)
    if coded:
        values = values.take(column.indices)
        counts = counted(column.filter(stood_for.take(column.indices)).dictionary_decode()) if counts else counts
    return Converted(values, np.zeros(len(column), dtype=bool), counts)


def _ids(column: pa.Array, keep: Collection[str]) -> tuple[pa.Array, pa.Array, dict[str, int]]:
    """Ids, which cells were placeholders, and how often each of those stands there."""
    cells = _trimmed(column)
    if glance.holds(cells, b".") and pc.any(pc.ends_with(cells, ".0")).as_py():
        cells = pc.replace_substring_regex(cells, r"^(\d{1,18})\.0$", r"\1")
    if any(glance.holds(cells, sign) for sign in (b"'", b"`")):
        cells = pc.replace_substring_regex(cells, r"^['`](\w*\d[\w-]*)$", r"\1")
    empty = pc.equal(cells, "")
    silent = pa.array(sorted(MISSING - set(keep)), pa.string())
    placeholder = pa.array(glance.where(cells, _SILENT, lambda each: pc.is_in(pc.utf8_lower(each), value_set=silent)))
    stood_for = pc.and_(placeholder, pc.invert(pc.fill_null(empty, True)))
    return _or_null(cells, pc.or_(empty, placeholder)), stood_for, counted(cells.filter(stood_for))


_SILENT = glance.openings(MISSING)


def _trimmed(column: pa.Array) -> pa.Array:
    """Cells without white space around them; the very column where there is none, so that a large one is not kept twice."""
    if not glance.loose(column):
        return column
    cells = pc.utf8_trim_whitespace(column)
    return column if pc.sum(pc.binary_length(cells)) == pc.sum(pc.binary_length(column)) else cells


def counted(cells: pa.Array) -> dict[str, int]:
    """How often each cell stands there.

    >>> counted(pa.array(["-", "-", "无"]))
    {'-': 2, '无': 1}
    """
    return {str(each["values"]): each["counts"] for each in pc.value_counts(cells).to_pylist()}


def _or_null(cells: pa.Array, gone: pa.Array) -> pa.Array:
    gone = pc.fill_null(gone, True)
    return pc.if_else(gone, pa.scalar(None, pa.string()), cells) if pc.any(gone).as_py() else cells


def _channel(column: pa.Array, words: Mapping[str, str], keep: Collection[str]) -> Converted:
    """Channels are brought to the known codes only where every word of the column is known; else they stay as they are."""
    coded = by_cell(column, partial(word, "channel", words=words), pa.string(), keep)
    return by_cell(column, partial(_category, words), pa.string(), keep) if coded.bad.any() else coded
