"""How much of the machine this program may take: memory, temporary disk, and what it keeps between two starts.

Whoever runs the app decides, by variables of the environment; the command line has ``--memory`` beside them:

    KEFULENS_MEMORY        memory of the process; what does not fit is spilled to disk             3GB
    KEFULENS_TEMP          folder of spilled parts and of files being read                         the system's temporary folder
    KEFULENS_TEMP_LIMIT    temporary disk at most                                                  20GB
    KEFULENS_CACHE         folder of what is kept between starts; empty: nothing is kept           the user's own cache folder
    KEFULENS_CACHE_LIMIT   disk of what is kept at most; the longest unused goes first             10GB
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError, Issue

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)B?\s*", re.IGNORECASE)
LEAST_MEMORY = 200 * 10**6
"""Less than this and the engine cannot hold even its own buffers."""


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, and the folders they are about; ``cache_folder`` None: nothing is kept between starts."""

    memory: int = 3 * 10**9
    temp_folder: Path = Path(tempfile.gettempdir())
    temp: int = 20 * 10**9
    cache_folder: Path | None = None
    cache: int = 10 * 10**9

    @property
    def engine_memory(self) -> int:
        """What of the memory the engine takes; the rest is for the figures made of its answers, a third and at most 1 GB.

        >>> Limits(memory=3 * 10**9).engine_memory
        2000000000
        """
        return self.memory - min(self.memory // 3, 10**9)


def size(text: str, name: str = "") -> int:
    """Bytes that a size in words means; units are powers of a thousand, as the engine reads them.

    Raises:
        InputError: no size; ``name`` says where it stood.

    >>> size("3GB"), size("1.5 g"), size("800000")
    (3000000000, 1500000000, 800000)
    """
    found = _SIZE.fullmatch(text)
    if not found:
        raise InputError(Issue("bad_size", "error", column=name, value=text))
    return int(float(found[1]) * _UNITS[found[2].upper()])


def limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """What the environment allows; whatever it does not say has its default.

    Raises:
        InputError: a size that is none, or less memory than the engine itself needs.

    >>> limits({"KEFULENS_MEMORY": "1GB", "KEFULENS_CACHE": ""}).cache_folder is None
    True
    """
    usual = Limits()

    def read(name: str, default: int) -> int:
        given = environment.get(name, "").strip()
        return size(given, name) if given else default

    memory = read("KEFULENS_MEMORY", usual.memory)
    if memory < LEAST_MEMORY:
        raise InputError(Issue("too_little_memory", "error", column="KEFULENS_MEMORY", value=environment["KEFULENS_MEMORY"]))
    kept = environment.get("KEFULENS_CACHE")
    return Limits(
        memory,
        Path(environment.get("KEFULENS_TEMP", "").strip() or usual.temp_folder),
        read("KEFULENS_TEMP_LIMIT", usual.temp),
        _user_folder(environment) if kept is None else (Path(kept.strip()) if kept.strip() else None),
        read("KEFULENS_CACHE_LIMIT", usual.cache),
    )


def _user_folder(environment: Mapping[str, str]) -> Path | None:
    """Where programs of this user keep what they can make again; None for a user without a home, as in some containers."""
    try:
        if os.name == "nt":
            return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "KefuLens"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "KefuLens"
        return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kefulens"
    except RuntimeError:
        return None
