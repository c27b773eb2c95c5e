"""Layouts of platforms whose headings mean something else there: data files under ``presets/``, one a layout.

Most platforms need none, their headings speak for themselves (``headings.toml``). A preset applies where all headings of its
signature are there; the user's own mapping wins over it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.schema import normal

_FOLDER = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class Preset:
    """A layout of a platform's export.

    ``columns`` gives a field by normalised heading, an empty one for a column that is not to be used; it may hold nothing where the
    headings speak for themselves and the layout only tells whose export it is.
    """

    key: str
    platform: str
    market: str
    date: str
    source: str
    table: str
    signature: frozenset[str]
    columns: Mapping[str, str]


@cache
def presets() -> tuple[Preset, ...]:
    """All presets, by file name.

    >>> "shopify_orders" in [each.key for each in presets()]
    True
    """
    return tuple(_preset(path) for path in sorted(_FOLDER.glob("*.toml")))


def _preset(path: Path) -> Preset:
    data = tomllib.loads(path.read_text("utf-8"))
    return Preset(
        path.stem,
        data["platform"],
        data["market"],
        data["date"],
        data["source"],
        data["table"],
        frozenset(normal(heading) for heading in data["signature"]),
        {normal(heading): field for heading, field in data["columns"].items()},
    )


def preset_for(headings: Sequence[str]) -> Preset | None:
    """The preset with the longest signature that the headings fulfil.

    >>> preset_for(["Name", "Financial Status", "Created at", "Total", "Email"]).platform
    'Shopify'
    """
    there = {normal(heading) for heading in headings}
    fitting = [each for each in presets() if each.signature <= there]
    return max(fitting, key=lambda each: len(each.signature), default=None)
