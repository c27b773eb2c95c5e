"""What a column is by its cells alone: sender words, stamps, times of day, durations, ratings, money, ids, names, text.

Nothing here knows a heading. What columns are to each other (which stamp comes first, which names answer) is for `core.ingest.content`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.ingest import dates
from core.ingest.convert import clock, duration, number, rating
from core.schema import MISSING, SUMMARY, codes, normal_word

MOST = 0.95
"""Share of the filled cells that must fit for a column to be of a kind."""
_YEARS = (1_262_304_000_000, 2_082_758_400_000)
_BARE = re.compile(r"\d+(?:\.\d+)?")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
_WITH_UNIT = re.compile(r"\d\s*[^\d\s.,:%￥¥$€]+\s*\d*[^\d]*$|^\d+:\d{2}:\d{2}$")
_MONEY_SIGN = re.compile(r"[¥￥$€£₫฿₱元]|\b(?:rm|rp|idr|vnd|thb|myr|php|cny|rmb)\b", re.IGNORECASE)
_CENTS = re.compile(r"\d+\.\d{2}")
_ID = re.compile(r"(?=.*\d)[\w@.:#/*-]+", re.ASCII)
_SENTENCE = re.compile(r"[，。？！、；?!~…]|[a-z],? [a-z]+ [a-z]|\.\s|[.]$")
_HAN = re.compile(r"[㐀-鿿]")
_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻苏潘葛范彭郎鲁韦马苗方俞任袁柳鲍史唐费廉岑薛雷贺倪汤"
    "罗毕郝安常乐于傅皮齐康伍余顾孟黄穆萧尹姚邵汪祁毛狄米贝戴宋庞熊纪舒项祝董梁杜阮蓝闵席季贾江童颜郭梅林钟徐邱骆高夏蔡田樊胡凌霍虞万卢莫"
    "房丁邓洪包左石崔吉龚程邢裴陆荣翁甄曲封段侯宁仇甘厉武刘景龙叶黎白蒲邰赖卓屠乔温庄晏柴阎易廖耿匡文欧聂关查盖"
)
_HAN_NAME = re.compile(r"[小阿老][㐀-鿿]{1,2}|[㐀-鿿]{2,3}")
_STAFF = re.compile(
    r"(?i)(?:agent|kf|cs|csr|seat|staff|emp|operator|rep)[-_ ]?\d+|.*(?:客服|坐席|座席|旺旺).*|.+[:：].+|[\w.+-]+@[\w-]+\.[\w.-]+"
)
_LETTERS = re.compile(r"[^\W\d_a-z][^\W\d_]+(?:[ .-]+[^\W\d_a-z][^\W\d_]*\.?){0,3}")
_TOPIC = re.compile(
    r"退|换货|物流|快递|发票|咨询|投诉|质量|尺码|优惠|售[后前]|其他|活动|支付|付款|配送|发货|商品|订单|部$|组$|班$|渠道|省|市$"
    r"|(?i:refund|return|ship|deliver|bill|pay|order|product|technical|account|complain|exchange|inquiry|other|general|quality|size|stock"
    r"|promo|discount|sale|support|team|shift|web|app|mobile|desktop|high|low|medium|urgent|normal|open|closed|pending|solved|cancel"
    r"|pengiriman|pengembalian|pembayaran|barang|giao|trả|hàng|envío|devol|pago|คืน|ส่ง|配達|返品|支払|배송|환불)"
)
_ORDER_STATES = re.compile(
    r"(?i)交易成功|交易关闭|(?:已|待|未)(?:付款|发货|收货|签收|退款|支付|完成|取消)|买家已|卖家已|"
    r"^(?:paid|unpaid|shipped|delivered|refunded|cancell?ed|completed|processing|to ship|to receive|fulfilled|returned)$"
)
_SOLVED = {"已解决", "未解决", "解决", "resolved", "unresolved", "solved", "unsolved", "not resolved", "not solved"}


@dataclass(frozen=True)
class Look:
    """A column by its cells: ``kind`` and, row by row, a code of the cell (-1 for none), and its number or milliseconds where it has one.

    Kinds: ``empty``, ``sender``, ``stamp``, ``date``, ``clock``, ``rating``, ``channel``, ``solved``, ``state``, ``duration``, ``money``,
    ``number``, ``id``, ``name``, ``text``.
    """

    place: int
    kind: str
    words: tuple[str, ...]
    codes: np.ndarray
    values: np.ndarray

    @cached_property
    def filled(self) -> np.ndarray:
        """Rows with a cell."""
        return np.asarray(self.codes >= 0)

    @property
    def share(self) -> float:
        """Share of rows with a cell."""
        return float(self.filled.mean()) if len(self.codes) else 0.0

    @property
    def unique(self) -> bool:
        """Whether hardly a cell stands twice; a few repeated rows do no harm."""
        return self.share >= MOST and len(self.words) >= 0.98 * int(self.filled.sum())

    @property
    def repeats(self) -> float:
        """Rows per distinct cell."""
        return int(self.filled.sum()) / max(len(self.words), 1)

    @property
    def label(self) -> bool:
        """Whether the cells may name somebody or something."""
        return self.kind in ("id", "name")

    @property
    def whole(self) -> bool:
        """Whether the cells are whole numbers."""
        known = self.values[np.isfinite(self.values)]
        return self.kind == "number" and bool((known == np.round(known)).all())


def look(place: int, column: pa.Array) -> Look:
    """What a column is by its cells.

    >>> look(0, pa.array(["买家", "客服", "买家"])).kind, look(1, pa.array(["2024-01-02 09:00", None])).kind
    ('sender', 'stamp')
    >>> [look(0, pa.array(cells)).kind for cells in (["¥12.00", "¥8.50"], ["2分10秒", "35秒"], ["小李", "小王"], ["SO1", "SO2"])]
    ['money', 'duration', 'name', 'id']
    """
    encoded = pc.utf8_trim_whitespace(column).dictionary_encode()
    said = [cell if _says(cell) else None for cell in encoded.dictionary.to_pylist()]
    places = np.cumsum([cell is not None for cell in said]) - 1
    places = np.where([cell is not None for cell in said], places, -1) if said else np.zeros(0, dtype=np.int64)
    rows = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    found = np.where(rows >= 0, places[rows], -1) if said else np.full(len(rows), -1)
    words = tuple(cell for cell in said if cell is not None)
    weights = np.bincount(found[found >= 0], minlength=len(words))
    kind, values = _kind(words, weights)
    return Look(place, kind, words, found, np.where(found >= 0, np.append(values, np.nan)[found], np.nan))


def _says(cell: str | None) -> bool:
    return bool(cell) and normal_word(str(cell)) not in MISSING | SUMMARY


def _kind(words: Sequence[str], weights: np.ndarray) -> tuple[str, np.ndarray]:
    """The kind of a column and the number of each of its words."""
    nothing = np.full(len(words), np.nan)
    if not words:
        return "empty", nothing
    coded = _coded(words)
    if coded:
        return coded, _numbers(words, rating) if coded == "rating" else nothing
    timed = _stamped(words, weights) or _timed(words, weights)
    if timed is not None:
        return timed
    figures = _numbers(words, number)
    if weights[np.isfinite(figures)].sum() >= MOST * weights.sum():
        return _figures(words, weights, figures), figures
    return _spelled(words, weights), nothing


def _timed(words: Sequence[str], weights: np.ndarray) -> tuple[str, np.ndarray] | None:
    """Times of day or durations with their seconds."""
    if _most(words, weights, lambda word: _CLOCK.fullmatch(word) is not None):
        return "clock", _numbers(words, clock)
    if _most(words, weights, lambda word: bool(_WITH_UNIT.search(word)) and duration(word) is not None):
        return "duration", _numbers(words, duration)
    return None


def _most(words: Sequence[str], weights: np.ndarray, fits: Callable[[str], bool]) -> bool:
    good = np.array([fits(word) for word in words], dtype=bool)
    return bool(weights[good].sum() >= MOST * weights.sum())


def _numbers(words: Sequence[str], read: Callable[[str], float | None]) -> np.ndarray:
    return np.array([np.nan if (value := read(word)) is None else value for word in words], dtype=float)


def _coded(words: Sequence[str]) -> str:
    """The kind of a column that holds nothing but known words."""
    if len(words) > 40:
        return ""
    said = {normal_word(word) for word in words}
    senders = {codes("sender").get(word) for word in said}
    if None not in senders and "customer" in senders and senders & {"agent", "bot"}:
        return "sender"
    known = {
        "solved": said <= _SOLVED,
        "state": all(_ORDER_STATES.search(word) for word in said),
        "rating": said <= set(codes("rating")) or all("★" in word or "⭐" in word for word in said),
        "channel": said <= set(codes("channel")),
    }
    return next((kind for kind, fits in known.items() if fits and len(said) > 1), "")


def _stamped(words: Sequence[str], weights: np.ndarray) -> tuple[str, np.ndarray] | None:
    """Stamps or dates with their milliseconds; bare numbers only where they can hardly be anything else."""
    figures = [word for word in words if _BARE.fullmatch(word)]
    bare = len(figures) > 0.05 * len(words)
    if bare and not _like_stamps(figures):
        return None
    stamps = dates.scan(pa.array(words, pa.string()))
    orders = dates.possible_orders(stamps)
    read = dates.instants(stamps, orders[0] if orders else "", "UTC")
    if weights[read.valid].sum() < MOST * weights.sum():
        return None
    millis = np.where(read.valid, read.millis.astype(float), np.nan)
    if bare and not ((millis[read.valid] >= _YEARS[0]) & (millis[read.valid] < _YEARS[1])).all():
        return None
    return ("date" if read.dated else "stamp"), millis


def _like_stamps(figures: Sequence[str]) -> bool:
    """Whether bare numbers are all written as 20240131, with a time behind, as seconds of an epoch or as a serial with a fraction."""
    wholes = {len(figure) for figure in figures if "." not in figure}
    serials = all(re.fullmatch(r"[34]\d{4}(?:\.\d{3,})?", figure) for figure in figures) and any("." in f for f in figures)
    return serials or (len(wholes) == 1 and wholes <= {8, 10, 12, 13, 14} and not any("." in figure for figure in figures))


def _figures(words: Sequence[str], weights: np.ndarray, figures: np.ndarray) -> str:
    """Money, ids of figures, ratings of one to five, or other numbers."""
    if _most(words, weights, lambda word: bool(_MONEY_SIGN.search(word))):
        return "money"
    if len(words) >= 5 and _most(words, weights, lambda word: _CENTS.fullmatch(word.replace(",", "")) is not None):
        return "money"
    whole = all(word.isdigit() for word in words)
    lengths = {len(word) for word in words}
    rows = int(weights.sum())
    if whole and len(words) >= 0.98 * rows and rows > 2:
        return "id"
    if whole and lengths and min(lengths) >= 4 and (max(lengths) >= 9 or (len(lengths) == 1 and len(words) >= 0.1 * rows)):
        return "id"
    known = figures[np.isfinite(figures)]
    steps = bool((known == np.round(known)).all()) and known.min() >= 1 and known.max() == 5
    return "rating" if steps and len(words) >= 3 and rows > len(words) else "number"


def _spelled(words: Sequence[str], weights: np.ndarray) -> str:
    """Ids, names or sentences."""
    sentences = np.array([len(word) > 40 or _SENTENCE.search(word) is not None for word in words])
    if weights[sentences].sum() > 0.15 * weights.sum():
        return "text"
    if _most(words, weights, lambda word: _ID.fullmatch(word) is not None):
        return "id"
    width = np.array([len(word) + len(_HAN.findall(word)) for word in words])
    return "text" if np.average(width, weights=weights) > 24 else "name"


def persons(words: Sequence[str]) -> float:
    """How far the cells read like people who answer: 0 where one of them names a topic, a team or a state.

    >>> persons(["小李", "王芳"]), persons(["Ann", "Bob Lee"]), persons(["退款", "物流"]), persons(["A1", "A2"])
    (1.0, 1.0, 0.0, 0.0)
    """
    if any(_TOPIC.search(word) for word in words if not _STAFF.fullmatch(word)):
        return 0.0
    return sum(_person(word) for word in words) / max(len(words), 1)


def _person(word: str) -> bool:
    if _STAFF.fullmatch(word):
        return True
    if _HAN.search(word):
        return bool(_HAN_NAME.fullmatch(word)) and (word[0] in _SURNAMES or word[0] in "小阿老")
    return _LETTERS.fullmatch(word) is not None or (not word.isascii() and " " not in word.strip() and len(word) <= 16)


def looks(columns: Sequence[pa.Array]) -> Mapping[int, Look]:
    """The looks of all columns by place."""
    return {place: look(place, column) for place, column in enumerate(columns)}
