"""Stamps in cells → integer UTC milliseconds: many spellings, one order of day and month for the whole column.

Every spelling is read with one regular expression over the distinct cells of a column; nothing is decided cell by cell. Which of
``3/4/2024``'s numbers is the day is decided by all cells together (`possible_orders`), and stays open where they do not say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.ingest.glance import spans

DAY = 86_400_000
ORDERS = ("dmy", "mdy", "ymd")
_MONTH_NAMES = (
    "jan ene gen 1月 一月",
    "feb fev 2月 二月",
    "mar mrt mae mac 3月 三月",
    "apr avr abr 4月 四月",
    "may mai mei mag 5月 五月",
    "jun juin giu 6月 六月",
    "jul juil lug 7月 七月",
    "aug aou ago agu ogo 8月 八月",
    "sep set 9月 九月",
    "oct okt out ott 10月 十月",
    "nov 11月 十一月",
    "dec dez dic des dis 12月 十二月",
)
_MONTHS = {name: month for month, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_ZONES = {
    "est": -5, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3,
    "sgt": 8, "hkt": 8, "jst": 9, "kst": 9, "wib": 7, "ict": 7, "aest": 10, "aedt": 11,
}  # fmt: skip
_UNCLEAR_ZONES = ("cst", "ist", "bst", "ast")
"""Names that several zones share; such a stamp is taken in the shop's zone, and the ledger says so."""
UNCLEAR_ZONE = rf"\d +(?i:{'|'.join(_UNCLEAR_ZONES)})(?: \d{{4}})?\s*$"
_NAMED = "|".join((*_ZONES, *_UNCLEAR_ZONES))
_ZONE = rf"(?P<z>Z|z|(?:UTC|GMT)?[+-]\d{{1,2}}(?::?\d{{2}})?|UTC|GMT|(?i:{_NAMED}))?"
_TIME = (
    r"(?:(?:T|[, :]+)(?P<pre>[AaPp][Mm])? *(?P<h>\d{1,2})(?::(?P<mi>\d{1,2})(?::(?P<s>\d{1,2})(?:[.,:](?P<f>\d{1,9}))?)?)?"
    r" *(?P<ap>[AaPp]\.?[Mm]\.?)?)? *" + _ZONE + "$"
)
_MONTH = r"(?P<mon>\p{L}{3,10}|\d{1,2}月|[一二三四五六七八九十]{1,2}月)"
_FAMILIES = {
    "ymd": r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + _TIME,
    "abc": r"^(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<c>\d{4}|\d{2})" + _TIME,
    "dMy": r"^(?:\p{L}{2,10}[.,]* +)?(?P<d>\d{1,2})(?:st|nd|rd|th|er|\.)?[- /]*" + _MONTH + r"[-, /.]*(?P<y>\d{4}|\d{2})" + _TIME,
    "Mdy": r"^(?:\p{L}{2,10}[.,]* +)?" + _MONTH + r"[-. ]+(?P<d>\d{1,2})(?:st|nd|rd|th)?[-, ]+(?P<y>\d{4})" + _TIME,
    "yMd": r"^(?P<y>\d{4})[-/. ]" + _MONTH + r"[-/. ]+(?P<d>\d{1,2})" + _TIME,
    "twitter": r"^\p{L}{3} " + _MONTH + r" +(?P<d>\d{1,2}) (?P<h>\d{2}):(?P<mi>\d{2}):(?P<s>\d{2}) *" + _ZONE + r" *(?P<y>\d{4})$",
    "yymmdd": r"^(?P<y>\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])" + _TIME,
    "compact": r"^(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})"
    r"(?:[T _-]*(?P<h>\d{2}):?(?P<mi>\d{2})(?::?(?P<s>\d{2})(?:[.,]?(?P<f>\d{1,6}))?)?)? *" + _ZONE + "$",
}  # fmt: skip
_PLAIN = {
    family: pattern.replace(_MONTH, r"(?P<mon>[A-Za-z]{3,10})").replace(r"\p{L}", "[A-Za-z]")
    for family, pattern in _FAMILIES.items()
}
"""The same for cells in ASCII: three times as quick."""
_FIGURES = ("ymd", "abc", "yymmdd", "compact")
"""Families that may consist of figures and points alone."""
_FIRST_DAY = int(np.datetime64("1801-01-01", "D").astype(np.int64))
_LAST_DAY = int(np.datetime64("2200-01-01", "D").astype(np.int64))
_FAR = 1 << 62
_NUMBER = r"^(?P<n>-?\d{1,19}(?:\.(?P<decimals>\d+))?(?:[eE]\+?(?P<power>\d{1,2}))?)$"
COARSE = 60_000
"""A number whose last written digit stands for more than a minute (1.70675E+12) gives the day at most."""
_EPOCH = {"s": 1000.0, "ms": 1.0, "us": 1e-3, "ns": 1e-6}


@dataclass(frozen=True)
class Stamps:
    """The distinct cells of a column, taken apart. Arrays are per distinct cell; ``codes`` maps rows to them (-1 for empty).

    ``day`` is the day number where the spelling is clear, ``abc`` the three numbers where the order is open, ``clock`` milliseconds
    since midnight (NaN for a date alone), ``offset`` milliseconds east of UTC (NaN where the cell says nothing). Where date and
    time could be read apart, the distinct things are dates alone and ``clocks`` holds milliseconds since midnight row by row.
    """

    codes: np.ndarray
    day: np.ndarray
    abc: np.ndarray
    clock: np.ndarray
    offset: np.ndarray
    spelling: tuple[str, ...]
    clocks: np.ndarray | None = None
    days_alone: np.ndarray | None = None

    @property
    def without_time(self) -> np.ndarray:
        """The rows that hold a date alone."""
        if self.clocks is None:
            return self.rows(np.isnan(self.clock) & (np.isfinite(self.day) | np.isfinite(self.abc[:, 0])))
        return np.zeros(len(self.codes), dtype=bool) if self.days_alone is None else self.days_alone

    def rows(self, marks: np.ndarray) -> np.ndarray:
        """Marks of distinct cells as marks of rows."""
        return (self.codes >= 0) & np.append(marks, False)[self.codes]

    @property
    def used(self) -> np.ndarray:
        """How many rows hold each distinct cell."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.day))


def scan(column: pa.Array) -> Stamps:
    """Takes every distinct cell apart; cells that are no stamp stay NaN.

    >>> stamps = scan(pa.array(["2024-02-01 10:00", "26-Aug-23", "x", None]))
    >>> np.isfinite(stamps.day).tolist(), stamps.spelling
    ([True, True, False], ('ymd', 'dMy'))
    """
    plain = None if pa.types.is_dictionary(column.type) else _iso(column) or _apart(column)
    if plain is not None:
        return plain
    encoded = column.dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    cells = _plain(encoded.dictionary)
    size = len(cells)
    day, clock, offset = (np.full(size, np.nan) for _ in range(3))
    abc = np.full((size, 3), np.nan)
    spelling = []
    figures = pc.all(pc.match_substring_regex(cells, r"^[\d.]*$")).as_py()
    plainly = pc.all(pc.string_is_ascii(cells)).as_py() is not False
    for family, pattern in (_PLAIN if plainly else _FAMILIES).items():
        if figures and family not in _FIGURES:
            continue
        if (np.isfinite(day) | np.isfinite(abc[:, 0])).all():
            break
        fits, found = _fields(cells, pattern)
        hit = fits & ~np.isfinite(day) & ~np.isfinite(abc[:, 0])
        if not hit.any():
            continue
        spelling.append(family)
        parts = _time_of(found, size)
        clock[hit], offset[hit] = parts[0][hit], parts[1][hit]
        if family == "abc":
            abc[hit] = np.column_stack([_number(found[key]) for key in "abc"])[hit]
        else:
            day[hit] = _days(_year(found["y"]), _month(found), _number(found["d"]))[hit]
    impossible = clock < 0
    day[impossible], abc[impossible], clock[impossible] = np.nan, np.nan, np.nan
    stamps = Stamps(codes, day, abc, clock, offset, tuple(spelling))
    return replace(stamps, spelling=(*spelling, *_numbers(cells, stamps)))


def _iso(column: pa.Array) -> Stamps | None:
    """The stamps of a column whose filled cells are all written 2024-02-01, with or without a time: row by row, the quick way."""
    codes, clocks = np.empty(len(column), dtype=np.int32), np.empty(len(column), dtype=np.int32)
    for start in range(0, len(column), SLICE):
        part = slice(start, start + SLICE)
        if not _iso_slice(column[part], codes[part], clocks[part]):
            return None
    known = codes != _NO_DAY
    if not known.any():
        return None
    first, last = int(codes.min(where=known, initial=_LAST_DAY)), int(codes.max(where=known, initial=_FIRST_DAY))
    codes -= first
    codes[~known] = -1
    days = np.arange(first, last + 1, dtype=np.float64)
    found = _by_date(codes, days, np.full((len(days), 3), np.nan), ("ymd",), clocks)
    short = pc.fill_null(pc.equal(pc.binary_length(column), 10), False).to_numpy(zero_copy_only=False)
    return replace(found, days_alone=short) if short.any() else found


def _iso_slice(column: pa.Array, days: np.ndarray, clocks: np.ndarray) -> bool:
    """Writes day numbers and milliseconds since midnight of a few rows; False when a filled cell is written otherwise."""
    lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
    filled = lengths > 0
    if not _ISO_LENGTHS[np.minimum(lengths, len(_ISO_LENGTHS) - 1)].all():
        return False
    if filled.any() and not _FOUR_DIGITS.match(column[int(filled.argmax())].as_py()):
        return False
    cells = column if filled.all() else pc.if_else(pa.array(filled), column, pa.scalar(None, pa.string()))
    try:
        millis = pc.fill_null(cells.cast(pa.timestamp("ms")).cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return False
    day = np.floor_divide(millis, DAY)
    days[:], clocks[:] = day, millis - day * DAY
    days[~filled] = _NO_DAY
    return bool(day.min() >= _FIRST_DAY and day.max() < _LAST_DAY)


SLICE = 1 << 16
"""Rows taken at a time, few enough for their numbers to stay in the cache."""
_NO_DAY = -(1 << 31)
_FOUR_DIGITS = re.compile(r"\d{4}-")
_ISO_LENGTHS = np.isin(np.arange(25), (0, 10, 16, 19, 20, 21, 22, 23))


def _by_date(
    codes: np.ndarray, day: np.ndarray, abc: np.ndarray, spelling: tuple[str, ...], clocks: np.ndarray
) -> Stamps:
    nothing = np.full(len(day), np.nan)
    return Stamps(codes, day, abc, nothing, nothing, spelling, clocks)


def _apart(column: pa.Array) -> Stamps | None:
    """The stamps of a long column whose filled cells are all figures, a date and a time: each read through its distinct words."""
    if len(column) < MANY or _DATE_AND_TIME.match(column[0].as_py() or column[-1].as_py() or "") is None:
        return None
    parts = _in_one_form(column) or _in_figures(column)
    if parts is None:
        return None
    dates, clocks = parts
    read = scan(dates.dictionary)
    rows = pc.fill_null(dates.indices, 0).to_numpy(zero_copy_only=False)
    codes = np.where(dates.is_null().to_numpy(zero_copy_only=False), -1, read.codes[rows]).astype(np.int32)
    return _by_date(codes, read.day, read.abc, read.spelling, clocks)


_Parts = tuple[pa.DictionaryArray, np.ndarray]
"""The dates of a column as codes of their distinct words, missing where a cell is empty, and milliseconds since midnight."""


def _in_one_form(column: pa.Array) -> _Parts | None:
    """The parts of a column whose filled cells all have the figures of their first one in the same places (31/01/2025 08:05:00)."""
    written, starts = spans(column)
    filled = np.diff(starts) > 0
    form = _DATE_AND_TIME.match(column[int(filled.argmax())].as_py() or "")
    if form is None or "." in form["time"] or "," in form["time"]:
        return None
    absent = column.is_null().to_numpy(zero_copy_only=False)
    if not (np.diff(starts)[filled] == len(form[0])).all() or filled[absent].any():
        return None
    keys, clocks = np.full(len(column), -1, dtype=np.int64), np.zeros(len(column), dtype=np.int32)
    for start in range(0, len(column), SLICE):
        part = slice(start, min(start + SLICE, len(column)))
        figures = _figures(written[starts[part.start] : starts[part.stop]].reshape(-1, len(form[0])), form[0])
        clock = _clock(*figures[3:]) if figures else None
        if figures is None or clock is None:
            return None
        keys[part][filled[part]] = (figures[0] * 10_000 + figures[1]) * 10_000 + figures[2]
        clocks[part][filled[part]] = clock
    coded = pa.array(keys, mask=~filled).dictionary_encode()
    words = [_written_as(key, form["date"]) for key in coded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(words, pa.string())), clocks


def _clock(hour: np.ndarray, minute: np.ndarray, second: np.ndarray | int = 0) -> np.ndarray | None:
    """Milliseconds since midnight; None where a cell holds no time of day."""
    if (hour > 24).any() or (minute > 59).any() or np.any(second > np.int64(60)):
        return None
    return np.asarray(1000 * ((hour * 60 + minute) * 60 + second))


def _figures(letters: np.ndarray, form: str) -> list[np.ndarray] | None:
    """The numbers in rows of letters that are figures where a form has figures and the same elsewhere; None where they are not."""
    numbers = []
    for run in re.finditer(r"\d+|\D", form):
        if not run[0].isdigit():
            if (letters[:, run.start()] != ord(run[0])).any():
                return None
            continue
        figures = letters[:, run.start() : run.end()] - np.uint8(ord("0"))
        if (figures > 9).any():
            return None
        numbers.append(figures.astype(np.int32) @ (10 ** np.arange(figures.shape[1])[::-1]))
    return numbers


def _written_as(key: int, form: str) -> str:
    """Three numbers in the places of another date's.

    >>> _written_as(3_0002_2025, "31/01/2024")
    '03/02/2025'
    """
    numbers = iter((key // 100_000_000, key // 10_000 % 10_000, key % 10_000))
    return re.sub(r"\d+", lambda run: str(next(numbers)).zfill(len(run[0])), form)


def _in_figures(column: pa.Array) -> _Parts | None:
    """The parts of a column whose filled cells are all a date and a time, whatever their widths."""
    dates, clocks = [], np.zeros(len(column), dtype=np.int32)
    for start in range(0, len(column), SLICE):
        cells = column[start : start + SLICE]
        found = pc.extract_regex(cells, _DATE_AND_TIME.pattern)
        missing = found.is_null()
        if not pc.all(pc.or_(pc.invert(missing), pc.equal(pc.fill_null(pc.binary_length(cells), 0), 0))).as_py():
            return None
        times = pc.struct_field(found, ["time"]).dictionary_encode()
        _, parts = _fields(pc.binary_join_element_wise("", times.dictionary, " "), f"^{_TIME}")
        clock = _time_of(parts, len(times.dictionary))[0] if len(times.dictionary) else np.zeros(1)
        if (clock < 0).any():
            return None
        words = pc.fill_null(times.indices, 0).to_numpy(zero_copy_only=False)
        clocks[start : start + SLICE] = clock.astype(np.int32)[words]
        dates.append(pc.struct_field(found, ["date"]).dictionary_encode())
    return pa.chunked_array(dates).unify_dictionaries().combine_chunks(), clocks


MANY = 5000
_DATE_AND_TIME = re.compile(
    r"^(?P<date>\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})[T ] *(?P<time>\d{1,2}:\d{1,2}(?::\d{1,2}(?:[.,]\d{1,9})?)?)$"
)


def _plain(cells: pa.Array) -> pa.Array:
    """Cells in plain ASCII spelling as far as that goes: width, accents, spoken Chinese times, remarks about the zone."""
    cells = _one_day(pc.utf8_trim_whitespace(cells))
    foreign = pc.all(pc.string_is_ascii(cells)).as_py() is False
    if foreign:
        cells = pc.utf8_normalize(cells, "NFKC")
    wordy = foreign or pc.any(pc.match_substring_regex(cells, r"[^0-9 /.:+-]|^\d{1,2}:")).as_py()
    for sign, pattern, plain in _SPELLINGS if wordy else ():
        if (foreign or sign.isascii()) and pc.any(pc.match_substring_regex(cells, sign)).as_py():
            cells = pc.replace_substring_regex(cells, pattern, plain)
    return pc.utf8_trim_whitespace(
        pc.replace_substring_regex(pc.utf8_normalize(cells, "NFD"), r"\p{Mn}", "") if foreign else cells
    )


_SPELLINGS = (
    (r"^'", r"^'", ""),
    (r"^/Date", r"^/Date\((-?\d+)[^)]*\)/$", r"\1"),
    (r"[])]$", r"\s*(?:\[[\w/+-]+\]|\([^)]*(?:[Tt]ime|[A-Z]{3,4}|时间|時間)\))$", ""),
    (r"\dh\d", r"(\d)h(\d\d)", r"\1:\2"),
    (r"(?:[aA][tTs]|um|kl) \d", r"(?i),? +(?:at|um|a las|à|às|kl) (\d)", r" \1"),
    (r" d[eo]l? ", r" d[eo]l? ", " "),
    (r"^\d+:\d\d", r"^(\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?),? +(\d+[-/.]\d+[-/.]\d+)$", r"\2 \1"),
    ("[时時](?:间|間)$", r"\s*\p{Han}+[时時][间間]$", ""),
    ("[月火水木金土日][)]", r"[(][月火水木金土日][)]", " "),
    (r" (?:SA|CH)$", r" SA$", " AM"),
    (r" (?:SA|CH)$", r" CH$", " PM"),
    ("[周週星礼禮]", r"[((]?(?:星期|周|週|礼拜|禮拜)[一二三四五六日天][))]?", " "),
    ("[午晨早晚오]", r"中午\s*(1[01])", r" AM \1"),
    ("[午晨早晚오]", r"(?:凌晨|清晨|早上|早晨|上午|午前|오전)\s*", " AM "),
    ("[午晨早晚오]", r"(?:下午|午后|午後|中午|傍晚|오후)\s*|晚上\s*([1-9]\D|1[01])", r" PM \1"),
    ("月.*年?", r"^(\d\d)年", r"20\1年"),
    ("[年月]", r"[年月]\s*(\d)", r"-\1"),
    ("日", r"日\s*", " "),
    ("[时時点點]", r"\s*[时時点點]\s*(\d)", r":\1"),
    ("分", r"\s*分\s*(\d)", r":\1"),
    ("[时時点點]$", r"[时時点點]$", ":00"),
    ("[秒分]", r"[秒分]", ""),
)
"""Signs that a spelling occurs at all, what it looks like, and how it is written here; in this order."""


def _one_day(cells: pa.Array) -> pa.Array:
    """Periods of a single day (``2024-01-02~2024-01-02``) as that day; longer ones stay what they are, which is no stamp."""
    if not pc.any(pc.match_substring_regex(cells, r"\d\s*[~～至]\s*\d")).as_py():
        return cells
    found = pc.extract_regex(
        cells, r"^(?P<a>\d{4}[-/.]\d{1,2}[-/.]\d{1,2})\s*[~～至]\s*(?P<b>\d{4}[-/.]\d{1,2}[-/.]\d{1,2})$"
    )
    first, last = (pc.struct_field(found, [name]) for name in "ab")
    return pc.if_else(pc.fill_null(pc.equal(first, last), False), first, cells)


def _fields(cells: pa.Array, pattern: str) -> tuple[np.ndarray, dict[str, pa.Array]]:
    """Which cells fit a pattern, and its named parts as text."""
    if len(cells) <= _FEW and not _may_fit(cells, pattern):
        return np.zeros(len(cells), dtype=bool), {}
    found = pc.extract_regex(cells, pattern)
    hit = pc.is_valid(found).to_numpy(zero_copy_only=False)
    names = [found.type.field(place).name for place in range(found.type.num_fields)]
    return hit, {name: pc.struct_field(found, [name]) for name in names}


def _may_fit(cells: pa.Array, pattern: str) -> bool:
    """Whether a few cells may fit: making the pattern ready for whole columns takes longer than looking at them one by one."""
    glance = re.compile(pattern.replace(r"\p{L}", r"[^\W\d_]"))
    return any(cell is not None and (len(cell) > _LONG or glance.search(cell)) for cell in cells.to_pylist())


_FEW, _LONG = 500, 64


def _number(cells: pa.Array) -> np.ndarray:
    filled = pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)
    return np.array(filled.cast(pa.float64()).to_numpy(zero_copy_only=False))


def _word_values(cells: pa.Array, value: Callable[[str], float]) -> np.ndarray:
    """A number for each cell through its few distinct words; NaN for empty ones."""
    encoded = cells.dictionary_encode()
    values = pa.array([value(word) for word in encoded.dictionary.to_pylist()], pa.float64())
    return np.array(values.take(encoded.indices).to_numpy(zero_copy_only=False))


def _year(cells: pa.Array) -> np.ndarray:
    return _full(_number(cells))


def _full(years: np.ndarray) -> np.ndarray:
    """Years of four digits: 24 is 2024, 99 is 1999.

    >>> _full(np.array([24.0, 99.0, 2024.0, 2567.0])).tolist()
    [2024.0, 1999.0, 2024.0, 2024.0]
    """
    years = np.where((years >= _BUDDHIST[0]) & (years < _BUDDHIST[1]), years - 543, years)
    return np.where(years < 70, years + 2000, np.where(years < 100, years + 1900, years))


_BUDDHIST = (2500, 2643)
"""Years of the Thai calendar, which no stamp of ours reaches."""


def _month(found: dict[str, pa.Array]) -> np.ndarray:
    if "m" in found:
        return _number(found["m"])
    return _word_values(found["mon"], _month_named)


def _month_named(word: str) -> float:
    """Number of a month's name or its beginning, in the languages of Latin exports and in Chinese.

    >>> _month_named("Sept"), _month_named("juillet"), _month_named("12月")
    (9, 7, 12)
    """
    name = word.lower()
    return next((_MONTHS[part] for part in (name, name[:4], name[:3]) if part in _MONTHS), float("nan"))


def _time_of(found: dict[str, pa.Array], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds since midnight (-1 where there is no such time) and the offset, each NaN where the cell has none."""
    nothing = np.full(size, np.nan)
    if "h" not in found:
        return nothing, nothing
    hour, minute, second = (_number(found[key]) for key in ("h", "mi", "s"))
    fraction = nothing
    if "f" in found:
        fraction = _number(pc.binary_join_element_wise(pa.scalar("0"), found["f"], "."))
    if "ap" in found:
        hour = _half_day(hour, pc.binary_join_element_wise(found["ap"], found["pre"], ""))
    minute = np.where(np.isfinite(hour), np.nan_to_num(minute), minute)
    bad = (hour > 24) | (minute > 59) | (np.nan_to_num(second) > 60)
    clock = 1000 * (hour * 3600 + minute * 60 + np.nan_to_num(second) + np.nan_to_num(fraction))
    offset = _word_values(found["z"], _offset) if "z" in found else nothing
    return np.where(bad, -1.0, np.round(clock)), offset


def _half_day(hour: np.ndarray, marks: pa.Array) -> np.ndarray:
    """Hours of a 24-hour day; a mark is 1 for the afternoon, 0 for the morning."""
    late = _word_values(marks, lambda mark: {"pm": 1.0, "am": 0.0}.get(mark.replace(".", "").lower(), float("nan")))
    return np.where((late == 1) & (hour < 12), hour + 12, np.where((late == 0) & (hour == 12), 0, hour))


def _offset(cell: str) -> float:
    """Milliseconds east of UTC of an offset or a zone's name; NaN for none and for names that several zones share.

    >>> _offset("UTC+8") / 3_600_000, _offset("-0530") / 3_600_000, _offset("CST")
    (8.0, -5.5, nan)
    """
    name = cell.lower()
    if name in ("", *_UNCLEAR_ZONES):
        return float("nan")
    digits = name.lstrip("utcgmz").replace(":", "")
    if not digits:
        return 0.0
    if name in _ZONES:
        return _ZONES[name] * 3_600_000.0
    hours, minutes = (digits[1:], "0") if len(digits) <= 3 else (digits[1:-2], digits[-2:])
    return (1 if digits[0] == "+" else -1) * (int(hours) * 60 + int(minutes)) * 60_000.0


def _days(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Day numbers since 1970-01-01; NaN for dates that do not exist."""
    fine = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1800) & (year <= 2200)
    months = np.where(fine, (year - 1970) * 12 + month - 1, 0).astype(np.int64).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    following = (months + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64)
    result = first + np.where(fine, day, 1) - 1
    return np.where(fine & (result < following), result, np.nan)


def _numbers(cells: pa.Array, stamps: Stamps) -> tuple[str, ...]:
    """Epoch stamps and Excel serials, filled in place; the unit is the one that fits most rows of the column."""
    day, clock = stamps.day, stamps.clock
    fits, found = _fields(cells, _NUMBER)
    hit = fits & ~np.isfinite(day) & ~np.isfinite(stamps.abc[:, 0])
    if not hit.any():
        return ()
    values = np.where(hit, _number(found["n"]), np.nan)
    power, decimals = _number(found["power"]), pc.fill_null(pc.binary_length(found["decimals"]), 0)
    unit = _unit(np.abs(values[hit]), stamps.used[hit])
    if not unit:
        return ()
    millis = np.round((values - 25569) * DAY if unit == "serial" else values * _EPOCH[unit])[hit]
    day[hit] = np.floor(millis / DAY)
    clock[hit] = millis - day[hit] * DAY
    last_digit = 10.0 ** (power - decimals.to_numpy(zero_copy_only=False)) * (DAY if unit == "serial" else _EPOCH[unit])
    coarse = hit & (last_digit >= COARSE)
    clock[coarse] = np.nan
    rounded = ("rounded",) if coarse.any() else ()
    if unit != "serial":
        stamps.offset[hit & ~coarse] = 0.0
        return (f"epoch_{unit}", *rounded)
    clock[hit & (values == np.floor(values))] = np.nan
    return ("excel_serial", *rounded)


def _unit(values: np.ndarray, used: np.ndarray) -> str:
    bounds = {
        "serial": (2.0e4, 8.0e4),
        "s": (6e8, 4.2e9),
        "ms": (6e11, 4.2e12),
        "us": (6e14, 4.2e15),
        "ns": (6e17, 4.2e18),
    }
    counts = {unit: used[(values >= low) & (values <= high)].sum() for unit, (low, high) in bounds.items()}
    best = max(counts, key=lambda unit: counts[unit])
    return best if counts[best] > 0.5 * used.sum() else ""


def order_days(stamps: Stamps, order: str) -> np.ndarray:
    """Day numbers per distinct cell under an order; NaN where the order makes no date of it."""
    if not np.isfinite(stamps.abc[:, 0]).any():
        return stamps.day
    a, b, c = stamps.abc.T
    year, month, day = {"dmy": (c, b, a), "mdy": (c, a, b), "ymd": (a, b, c)}[order]
    read = _days(_full(year), month, day)
    if order == "ymd":
        read = np.where(c > 31, np.nan, read)
    return np.where(np.isfinite(stamps.day), stamps.day, read)


def calendar(days: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Year, month and day of month of day numbers.

    >>> [part.tolist() for part in calendar(np.array([59.0]))]
    [[1970], [3], [1]]
    """
    day = days.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    months = month.astype(np.int64)
    return months // 12 + 1970, months % 12 + 1, (day - month).astype(np.int64) + 1


def turned(days: np.ndarray) -> np.ndarray:
    """Day numbers with day and month changed places; NaN stays NaN.

    >>> turned(np.array([59.0, np.nan])).tolist()
    [2.0, nan]
    """
    known = np.isfinite(days)
    year, month, day = (part.astype(float) for part in calendar(np.where(known, days, 0)))
    return np.where(known, _days(year, day, month), np.nan)


def possible_orders(stamps: Stamps) -> tuple[str, ...]:
    """The orders under which most cells are dates: one when the column decides, two or three when it does not, none without need.

    >>> possible_orders(scan(pa.array(["13/02/2024", "01/02/2024"])))
    ('dmy',)
    >>> possible_orders(scan(pa.array(["01/02/2024"])))
    ('dmy', 'mdy')
    >>> possible_orders(scan(pa.array(["2024-01-02"])))
    ()
    """
    open_cells = np.isfinite(stamps.abc[:, 0])
    if not open_cells.any():
        return ()
    used = stamps.used
    counts = {order: int(used[open_cells & np.isfinite(order_days(stamps, order))].sum()) for order in ORDERS}
    most = max(counts.values())
    return tuple(order for order in ORDERS if counts[order] == most and most)


def spread(stamps: Stamps, order: str) -> float:
    """Days between the first and the last date under an order: the wrong order tears a month over a year."""
    days = order_days(stamps, order)
    days = days[np.isfinite(days)]
    return float(days.max() - days.min()) if len(days) else float("inf")


@dataclass(frozen=True)
class Instants:
    """Rows as UTC milliseconds. ``valid`` is False for empty and unreadable cells; ``filled`` for empty ones.

    ``dated`` says that no cell has a time of day; ``doubled`` and ``skipped`` mark local times that a clock change made twice or never.
    """

    millis: np.ndarray
    valid: np.ndarray
    filled: np.ndarray
    dated: bool
    doubled: np.ndarray
    skipped: np.ndarray


def instants(stamps: Stamps, order: str, zone: str) -> Instants:
    """UTC milliseconds of a column under an order, naive stamps taken as local time of the zone.

    >>> instants(scan(pa.array(["2024-01-01 08:00", "1704067200000", None])), "", "Asia/Shanghai").millis[:1].tolist()
    [1704067200000]
    """
    if stamps.clocks is not None:
        return _rows_apart(stamps, order_days(stamps, order or "dmy"), stamps.clocks, zone)
    days = order_days(stamps, order or "dmy")
    clock = np.nan_to_num(stamps.clock)
    valid = np.isfinite(days)
    wall = np.where(valid, days, 0) * DAY + clock
    naive = valid & ~np.isfinite(stamps.offset)
    millis = (wall - np.nan_to_num(stamps.offset)).astype(np.int64)
    doubled, skipped = np.zeros(len(millis), dtype=bool), np.zeros(len(millis), dtype=bool)
    millis[naive], doubled[naive], skipped[naive] = to_utc(wall[naive].astype(np.int64), zone)
    known = stamps.codes >= 0
    row_valid = np.zeros(len(known), dtype=bool)
    row_valid[known] = valid[stamps.codes[known]]
    rows = np.where(known, stamps.codes, 0)
    result = millis[rows] if len(millis) else np.zeros(len(rows), dtype=np.int64)
    changed = [known & marks[rows] if marks.any() else np.zeros(len(rows), dtype=bool) for marks in (doubled, skipped)]
    dated = bool(valid.any()) and not (np.isfinite(stamps.clock) & (clock > 0))[valid].any()
    return Instants(result, row_valid, known, dated, changed[0], changed[1])


def _rows_apart(stamps: Stamps, days: np.ndarray, clocks: np.ndarray, zone: str) -> Instants:
    """UTC milliseconds where each row has a date, by its code, and a time of its own."""
    fine = np.isfinite(days)
    starts = np.where(fine, days, 0).astype(np.int64) * DAY
    millis, valid = np.empty(len(clocks), dtype=np.int64), np.empty(len(clocks), dtype=bool)
    for start in range(0, len(clocks), SLICE):
        part = slice(start, start + SLICE)
        codes = stamps.codes[part]
        millis[part] = starts[codes] + clocks[part]
        valid[part] = (codes >= 0) & fine[codes]
    dated = bool(valid.any()) and not clocks.max(where=valid, initial=0) > 0
    doubled, skipped = np.zeros(len(clocks), dtype=bool), np.zeros(len(clocks), dtype=bool)
    steady = _steady_offset(millis, ZoneInfo(zone), valid) if valid.any() else 0
    if steady is None:
        millis[valid], doubled[valid], skipped[valid] = to_utc(millis[valid], zone)
    else:
        millis -= steady
    return Instants(millis, valid, stamps.codes >= 0, dated, doubled, skipped)


def to_utc(wall: np.ndarray, zone: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Local wall milliseconds → UTC: doubled times are taken as the earlier one, skipped ones are the moment the clocks went forward.

    >>> utc, doubled, skipped = to_utc(np.array([0]), "Asia/Shanghai")
    >>> utc.tolist(), doubled.tolist()
    ([-28800000], [False])
    """
    import pandas as pd

    nothing = np.zeros(len(wall), dtype=bool)
    if not len(wall):
        return wall, nothing, nothing
    key = ZoneInfo(zone)
    steady = _steady_offset(wall, key)
    if steady is not None:
        return wall - steady, nothing, nothing
    index = pd.DatetimeIndex(wall.astype("datetime64[ms]"))
    strict = index.tz_localize(key, ambiguous="NaT", nonexistent="NaT")
    first = index.tz_localize(key, ambiguous=np.ones(len(index), dtype=bool), nonexistent="shift_forward")
    late = index.tz_localize(key, ambiguous=np.zeros(len(index), dtype=bool), nonexistent="shift_forward")
    doubled = np.asarray(first != late)
    skipped = np.asarray(strict.isna()) & ~doubled
    utc = np.array(first.tz_convert("UTC").tz_localize(None).as_unit("ms").asi8)
    utc[skipped] = _past_gap(wall[skipped], key)
    return utc, doubled, skipped


def _past_gap(wall: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """When clocks were put forward over these local times; pandas errs where it is not by an hour, or standard time changes too."""
    found, left = np.zeros(len(wall), dtype=np.int64), np.ones(len(wall), dtype=bool)
    while left.any():
        at = int(left.argmax())
        before, moment, after = _put_forward(int(wall[at]), zone)
        here = left & (wall >= moment + before) & (wall < moment + after)
        here[at] = True
        found[here] = moment
        left &= ~here
    return found


def _put_forward(wall: int, zone: ZoneInfo) -> tuple[int, int, int]:
    """Offset before, moment in UTC and offset after of the change of clocks that skips a local time, in milliseconds."""
    shown = datetime(1970, 1, 1) + timedelta(milliseconds=wall)
    before, after = (_milliseconds(shown.replace(tzinfo=zone, fold=fold).utcoffset()) for fold in (0, 1))
    early, moment = wall - after, wall - before
    while moment - early > 1:
        middle = (early + moment) // 2
        there = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=middle)).astimezone(zone).utcoffset()
        early, moment = (middle, moment) if _milliseconds(there) == before else (early, middle)
    return before, moment, after


def _milliseconds(offset: timedelta | None) -> int:
    return round(offset.total_seconds() * 1000) if offset is not None else 0


def _steady_offset(wall: np.ndarray, zone: ZoneInfo, marks: np.ndarray | bool = True) -> int | None:
    """Milliseconds east of UTC where the zone's clocks stand still over all the (marked) days, else None."""
    lowest, highest = wall.min(where=marks, initial=_FAR), wall.max(where=marks, initial=-_FAR)
    first, last = int(lowest) // DAY - 1, int(highest) // DAY + 2
    if last - first > 20_000:
        return None
    start = datetime(1970, 1, 1, 12)
    offsets = {(start + timedelta(days=day)).replace(tzinfo=zone).utcoffset() for day in range(first, last)}
    only = offsets.pop()
    return _milliseconds(only) if not offsets else None


def local_wall(millis: np.ndarray, zone: str) -> np.ndarray:
    """UTC milliseconds → local wall milliseconds of the zone.

    >>> local_wall(np.array([-28800000]), "Asia/Shanghai").tolist()
    [0]
    """
    import pandas as pd

    steady = _steady_offset(millis, ZoneInfo(zone)) if len(millis) else None
    if steady is not None:
        return millis + steady
    index = pd.DatetimeIndex(millis.astype("datetime64[ms]")).tz_localize("UTC").tz_convert(ZoneInfo(zone))
    return np.asarray(index.tz_localize(None).as_unit("ms").asi8)


def looks_dated(cells: Sequence[str]) -> float:
    """Share of the cells that can be read as a stamp.

    >>> looks_dated(["2024-01-01", "no"])
    0.5
    """
    stamps = scan(pa.array(list(cells), pa.string()))
    readable = np.isfinite(stamps.day) | np.isfinite(stamps.abc[:, 0])
    codes = stamps.codes[stamps.codes >= 0]
    return float(readable[codes].mean()) if len(codes) else 0.0
