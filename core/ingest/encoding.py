"""Which encoding a file has, decided from its bytes; how sure that is, is computed and said, never guessed in silence.

Confidence, 0–1. A mark at the start, plain ASCII or the user's word: 1. Bytes that are UTF-8 throughout: 1 − 12^−k for k characters
beyond ASCII, for one pair in twelve of another encoding would pass as UTF-8 too. Otherwise the posterior of the best candidate under
equal priors, each character weighed by how common its class is in that script (`_WEIGHTS`), times the share of characters beyond
ASCII that a writer of that script would use at all.
"""

from __future__ import annotations

import codecs
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from core.errors import InputError, Issue

SAMPLE = 200_000
SURE = 0.9
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CODECS = {"big5": "big5hkscs"}
_COMMON = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里客服您好请问谢订单买家消息内容时间"
    "這個們來為國說時會對於著過發後裡請問謝訂單買訊內間務員點開關還沒嗎"
)
_LATIN_LETTERS = frozenset("éèàçêâîôûùëïüöäßñáíóúãõåæøœ’‘“”–€£°")
_LATIN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝ¡¿ªº«»…—™©®·ìòýÿ¨´§¢¥")
_WEIGHTS: Mapping[str, tuple[float, float, float]] = {
    "han": (math.log(0.35 / 110), math.log(0.6 / 4500), math.log(0.05 / 20_000)),
    "latin": (math.log(0.8 / 32), math.log(0.15 / 60), math.log(0.05 / 100)),
}
"""Log weight of a common character, of an ordinary one and of any other, by script."""
_BEYOND = re.compile(rb"[\x80-\xff]")
_RUN = re.compile(r"[^\x00-\x7f]+")
_BROKEN = math.log(1e-6)
_NEIGHBOURS = math.log(0.03)
_ASCII = math.log(1 / 60)


@dataclass(frozen=True)
class Decoded:
    """Text of a file without zero characters, the encoding's name, how sure that is (0–1), and what is to be said about it."""

    text: str
    encoding: str
    confidence: float = 1.0
    issues: tuple[Issue, ...] = ()


def decode(name: str, data: bytes, wanted: str = "") -> Decoded:
    """Bytes as text, in the encoding the user wants or the one the bytes speak for.

    Args:
        name: the file's name, for the issues.
        data: the whole file.
        wanted: an encoding's name; empty to decide. A byte-order mark decides, then valid UTF-8, then UTF-16 where there are zero
            bytes, then the likeliest of UTF-8 with damage, GB18030, Big5 and cp1252.

    Raises:
        InputError: the bytes are no text, or the wanted encoding does not exist.

    >>> found = decode("a.csv", "客服".encode("gb18030"))
    >>> found.text, found.encoding, found.confidence > 0.9
    ('客服', 'gb18030', True)
    """
    if wanted:
        return _finished(name, data, _known(wanted), 1.0)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _finished(name, data, encoding, 1.0)
    if b"\0" in data[:SAMPLE] and (wide := _wide(data[:SAMPLE])):
        return _finished(name, data, *wide)
    text = _strict(data)
    if text is not None:
        _refuse_binary(name, text)
        return Decoded(text.replace("\0", ""), "utf-8", confidence(len(data) - len(text)))
    return _likeliest(name, data)


def confidence(continued: int) -> float:
    """How sure valid UTF-8 is, from the bytes in it that only continue a character.

    >>> confidence(0), confidence(3) < confidence(6) < confidence(48) == 1
    (1.0, True)
    """
    return 1 - 12.0 ** -math.ceil(continued / 3) if continued else 1.0


def settled_by(head: bytes, encoding: str) -> bool:
    """Whether the head of a longer file holds all that `decode` would look at to tell an older encoding."""
    beyond = _BEYOND.search(head)
    return encoding.startswith("utf-8") or (beyond is not None and beyond.start() + SAMPLE <= len(head))


def _known(wanted: str) -> str:
    try:
        found = codecs.lookup(wanted).name
        b"".decode(found)
    except LookupError as error:
        raise InputError(Issue("unknown_encoding", "error", value=wanted)) from error
    return {"gbk": "gb18030", "gb2312": "gb18030", "big5hkscs": "big5", "cp950": "big5"}.get(found, found)


def _finished(name: str, data: bytes, encoding: str, confidence: float, runner_up: str = "") -> Decoded:
    text = _lenient(data, encoding)
    _refuse_binary(name, text)
    broken = text.count("\ufffd") - data.count("\ufffd".encode()) * encoding.startswith("utf-8")
    issues = []
    if confidence < SURE:
        share = f"{confidence:.0%}"
        facts = {"share": share, "runner_up": runner_up}
        issues.append(Issue("encoding_doubtful", "warning", file=name, value=encoding, facts=facts))
    if broken > 0:
        issues.append(Issue("broken_characters", "warning", file=name, rows=broken, value=encoding))
    return Decoded(text.replace("\0", ""), encoding, confidence, tuple(issues))


def _lenient(data: bytes, encoding: str) -> str:
    """Text with a mark for every byte that does not fit; a character cut off at the end is left out."""
    return codecs.getincrementaldecoder(_CODECS.get(encoding, encoding))(errors="replace").decode(data)


def _strict(data: bytes) -> str | None:
    """The text of valid UTF-8, of which the last character may be cut off."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.start >= len(data) - 3 and error.reason == "unexpected end of data"
        return data[: error.start].decode("utf-8") if cut else None


# ── UTF-16 without a mark ────────────────────────────────────────────────────────────────────────────────────────────


def _wide(sample: bytes) -> tuple[str, float, str] | None:
    """UTF-16 in one of its two orders, where the text it gives is one that somebody could have written."""
    texts = {encoding: _lenient(sample, encoding) for encoding in ("utf-16-le", "utf-16-be")}
    best, runner_up, chance = _best(texts)
    written = sum(n for c, n in Counter(texts[best]).items() if " " <= c < "\x7f" or c in "\t\r\n" or c in _ordinary())
    share = written / max(len(texts[best]), 1)
    return (best, chance * share, runner_up) if share > 0.6 else None


# ── bytes of older encodings ─────────────────────────────────────────────────────────────────────────────────────────


@cache
def _ordinary() -> frozenset[str]:
    """Characters that people write: the first level of GB 2312 and of Big5, the punctuation and symbols of both."""
    simplified = _block("gb2312", range(0xA1, 0xD8))
    return _COMMON | simplified | _block("big5", range(0xA1, 0xC7)) | _LATIN_LETTERS


def _block(encoding: str, leads: range) -> frozenset[str]:
    pairs = b"".join(bytes((lead, trail)) for lead in leads for trail in (*range(0x40, 0x7F), *range(0xA1, 0xFF)))
    text = b"\n".join(pairs[at : at + 2] for at in range(0, len(pairs), 2)).decode(encoding, errors="ignore")
    return frozenset(character for character in text if character > "\x7f")


def _likeliest(name: str, data: bytes) -> Decoded:
    """The candidate that explains the bytes best."""
    beyond = _BEYOND.search(data)
    start = beyond.start() if beyond else 0
    sample = data[start : start + SAMPLE]
    texts = {encoding: _lenient(sample, encoding) for encoding in ("utf-8", "gb18030", "big5", "cp1252")}
    best, runner_up, chance = _best(texts)
    return _finished(name, data, best, chance * _usual(texts[best], best), runner_up)


def _best(texts: Mapping[str, str]) -> tuple[str, str, float]:
    """The likeliest reading, the second likeliest, and the posterior of the first under equal priors."""
    scores = {encoding: _score(text, "latin" if encoding == "cp1252" else "han") for encoding, text in texts.items()}
    best, runner_up = sorted(scores, key=lambda encoding: scores[encoding], reverse=True)[:2]
    return best, runner_up, 1 / sum(math.exp(max(score - scores[best], -50.0)) for score in scores.values())


def _score(text: str, script: str) -> float:
    """Log likelihood of a text read in one encoding; characters of ASCII weigh the same everywhere."""
    common, ordinary, rare = _WEIGHTS[script]
    usual, known = (_LATIN_LETTERS, _LATIN) if script == "latin" else (_COMMON, _ordinary())
    total = 0.0
    for character, count in Counter(text).items():
        weight = (
            _ASCII if character < "\x80" else common if character in usual else ordinary if character in known else rare
        )
        total += count * (_BROKEN if character == "\ufffd" else weight)
    if script == "latin":
        total += _NEIGHBOURS * sum(len(run) - 1 for run in _RUN.findall(text))
    return total


def _usual(text: str, encoding: str) -> float:
    """Share of the characters beyond ASCII that a writer of the script would use."""
    known = _LATIN_LETTERS | _LATIN if encoding == "cp1252" else _ordinary()
    beyond = {character: count for character, count in Counter(text).items() if character > "\x7f"}
    return sum(count for character, count in beyond.items() if character in known) / max(sum(beyond.values()), 1)


def _refuse_binary(name: str, text: str) -> None:
    sample = text[:4000]
    if sum(character < " " and character not in "\t\r\n\f\x1a" for character in sample) > 0.02 * len(sample):
        raise InputError(Issue("binary_file", "error", file=name))
