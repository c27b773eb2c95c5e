"""Words, numbers and durations in zh and en. No sentence lives anywhere else.

A key's first part names the file: ``metrics.fcr.name`` stands in ``locales/<lang>/metrics.toml`` under ``[fcr] name``.
"""

from __future__ import annotations

import math
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("zh", "en")
MISSING = "–"
_FOLDER = Path(__file__).parent / "locales"


def _flatten(prefix: str, node: dict[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in node.items():
        name = f"{prefix}.{key}"
        flat.update(_flatten(name, value) if isinstance(value, dict) else {name: str(value)})
    return flat


@cache
def words(language: str) -> dict[str, str]:
    """All words of a language by dotted key; the files are read once.

    >>> set(words("zh")) == set(words("en"))
    True
    """
    flat: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.toml")):
        flat.update(_flatten(path.stem, tomllib.loads(path.read_text(encoding="utf-8"))))
    return flat


class Text:
    """The words of one language: ``t(key, **facts)`` and formats for numbers, shares, durations and dates.

    >>> Text("en").duration(95)
    '1 min 35 s'
    >>> Text("zh").duration(95)
    '1 分 35 秒'
    >>> Text("en").share(0.6667)
    '66.7 %'
    >>> Text("en").number(None)
    '–'
    """

    def __init__(self, language: str = "zh") -> None:
        self.language = language if language in LANGUAGES else "en"
        self._words = words(self.language)

    def __call__(self, key: str, /, **facts: object) -> str:
        """The sentence for a key with its facts filled in; an unknown key is an error, never shown raw."""
        sentence = self._words[key]
        return sentence.format(**facts) if facts else sentence

    def has(self, key: str) -> bool:
        """Whether the key exists."""
        return key in self._words

    def number(self, value: float | None, decimals: int = 1) -> str:
        """A number with thousands separators; missing is a dash."""
        return MISSING if _missing(value) else f"{value:,.{decimals}f}"

    def share(self, value: float | None, decimals: int = 1) -> str:
        """A share 0–1 in per cent; missing is a dash."""
        return MISSING if _missing(value) else f"{100 * float(value or 0):.{decimals}f} %"

    def megabytes(self, size: float) -> str:
        """Bytes as people speak of files: thousands of a thousand, whole where the tenth says nothing.

        >>> Text("en").megabytes(2_655_122), Text("en").megabytes(10**10)
        ('2.7 MB', '10 GB')
        """
        unit, part = ("GB", size / 1e9) if size >= 1e9 else ("MB", size / 1e6)
        return f"{part:,.{0 if part >= 99.5 or part == int(part) else 1}f} {unit}"

    def duration(self, seconds: float | None) -> str:
        """Seconds in the two largest units that matter; below a minute one decimal where it says something."""
        if seconds is None or _missing(seconds):
            return MISSING
        sign, left = ("-" if seconds < 0 else ""), abs(float(seconds))
        if round(left, 1) < 59.5:
            return f"{sign}{left:.{0 if left >= 10 or left == int(left) else 1}f} {self('units.second')}"
        return sign + self._two_units(round(left))

    def _two_units(self, seconds: int) -> str:
        sizes = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
        parts = []
        for name, size in sizes:
            count, seconds = divmod(seconds, size)
            parts.append((count, name))
        first = next(i for i, (count, _) in enumerate(parts) if count)
        shown = [part for part in parts[first : first + 2] if part[0]]
        return " ".join(f"{count} {self(f'units.{name}')}" for count, name in shown)

    def value(self, value: float | None, unit: str) -> str:
        """A value in its unit: share, seconds, count, points, rating, money, per_hour, ratio."""
        if unit == "share":
            return self.share(value)
        if unit == "seconds":
            return self.duration(value)
        decimals = 0 if unit == "count" else 2 if unit in ("rating", "ratio", "money") else 1
        return self.number(value, decimals)


def _missing(value: float | None) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))
