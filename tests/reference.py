"""Reference answers of other programs and of papers, read from the shared folder beside the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def case(shared: Path, name: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, float]]:
    """Inputs, expected figures and tolerance (``rel`` and ``abs``, as `pytest.approx` takes them) of one case."""
    found = json.loads((shared / "reference" / "reference_cases_open.json").read_text(encoding="utf-8"))["cases"]
    one = next(case for case in found if case["id"] == name)
    return one["inputs"], one["expected"], one["tolerance"]
