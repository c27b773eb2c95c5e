"""Which encoding a file has, decided from its bytes; never guessed in silence."""

from __future__ import annotations

import codecs
import re

from core.errors import InputError, Issue

SAMPLE = 200_000
_COMMON = {
    "gb18030": set(
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里客服您好请问谢订单买家消息内容时间"
    ),
    "big5": set(
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡客服您好請問謝訂單買家訊息內容時間"
    ),
}


def decode(name: str, data: bytes) -> tuple[str, str, tuple[Issue, ...]]:
    """Text, name of the encoding, and a warning where the bytes do not settle it.

    A byte-order mark decides; else strict UTF-8, UTF-16 by its zero bytes, GB18030 or Big5 by pairs of high bytes and by the
    commonest characters; what is left is read as cp1252 with a warning.

    >>> decode("a.csv", "客服".encode("gb18030"))[:2]
    ('客服', 'gb18030')
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace"), encoding, _replaced(name, data, encoding)
    for encoding in (_wide(data), "utf-8"):
        text = _strict(data, encoding) if encoding else None
        if text is not None:
            _refuse_binary(name, text)
            return text, encoding, ()
    encoding = _legacy(data)
    text = _strict(data, encoding)
    if text is None or encoding == "cp1252":
        text, encoding = data.decode("cp1252", errors="replace"), "cp1252"
        _refuse_binary(name, text)
        return text, encoding, (Issue("encoding_guessed", "warning", file=name, value=encoding),)
    _refuse_binary(name, text)
    return text, encoding, ()


def _replaced(name: str, data: bytes, encoding: str) -> tuple[Issue, ...]:
    broken = data.decode(encoding, errors="replace").count("\ufffd") - data.count("\ufffd".encode())
    return (Issue("broken_characters", "warning", file=name, rows=broken, value=encoding),) if broken > 0 else ()


def _strict(data: bytes, encoding: str) -> str | None:
    for cut in (0, 1, 2, 3):
        try:
            return data[: len(data) - cut].decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(data) - 4:
                return None
    return None


def _wide(data: bytes) -> str:
    sample = data[:4000]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) < 0.2 * len(sample) / 2:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _legacy(data: bytes) -> str:
    sample = data[:SAMPLE]
    high = sum(b >= 0x80 for b in sample)
    paired = sum(len(run) // 2 * 2 for run in re.findall(rb"[\x80-\xff]{2,}", sample))
    if paired < 0.5 * high:
        return "cp1252"
    scores = {}
    for encoding, common in _COMMON.items():
        text = _strict(data[:SAMPLE], encoding)
        scores[encoding] = -1 if text is None else sum(character in common for character in text)
    return "big5" if scores["big5"] > scores["gb18030"] else "gb18030"


def _refuse_binary(name: str, text: str) -> None:
    sample = text[:4000]
    if sum(character < " " and character not in "\t\r\n\f\x1a" for character in sample) > 0.02 * len(sample):
        raise InputError(Issue("binary_file", "error", file=name))
