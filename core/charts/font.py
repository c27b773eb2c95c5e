"""The Chinese font that travels with the project, so that a file looks the same on a machine that has none."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent.parent / "static" / "fonts"


@cache
def register() -> Path:
    """Tell the renderer about the shipped fonts, once per process; gives back their folder.

    >>> (register() / "NotoSansSC-Regular.otf").exists()
    True
    """
    import vl_convert

    vl_convert.register_font_directory(str(FOLDER))
    return FOLDER
