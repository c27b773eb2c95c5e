"""The two sides of the weightings benchmark count the same, so that their times may be compared."""

from __future__ import annotations

import numpy as np

from benchmarks.smaa import card, one_by_one
from core.weights import acceptability, weightings


def test_chunked_and_one_by_one_agree() -> None:
    """Places and grades of 25 agents under 700 weightings are the same shares from both."""
    given = card(25)
    shares = weightings(given, size=700)
    found, (places, reached) = acceptability(given, shares), one_by_one(given, shares)
    assert np.allclose(found.ranks, places)
    assert np.allclose([found.grades["A"], found.grades["A"] + found.grades["B"]], reached[:2])
