"""Silent customers: bounds against the published arithmetic, the what-if between them, and who may be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.nonresponse import comparable, manski, panel, supposed
from tests.reference import case

COUNTS = st.lists(st.integers(0, 200), min_size=3, max_size=3).map(sorted)


def test_bounds_give_reference_answers(shared: Path) -> None:
    """85 satisfied of 100 answers of 400 asked: anything from 21 % to 96 %."""
    given_, want, tolerance = case(shared, "bal.csat_nonresponse.manski_a")
    found = manski([given_["satisfied"]], [given_["responded"]], [given_["surveyed"]])
    read = [float(part[0]) for part in (found.observed, found.response, found.low, found.high)]
    assert read == pytest.approx([want[k] for k in ("observed_rate", "response_rate", "manski_lower", "manski_upper")], **tolerance)


@given(COUNTS, st.floats(-1, 1))
def test_what_is_supposed_lies_between_worst_and_best(counts: list[int], gap: float) -> None:
    """Whatever silent customers think, the bounds hold it; no gap is the observed share; no answers give no figure."""
    good, said, asked = counts
    bounds, found = manski([good], [said], [asked]), supposed([good], [said], [asked], gap).item()
    if said == 0:
        assert np.isnan(found)
        return
    assert bounds.low.item() - 1e-12 <= found <= bounds.high.item() + 1e-12
    assert supposed([good], [said], [asked], 0.0).item() == pytest.approx(good / said)


def test_the_panel_by_hand() -> None:
    """Two agents: 90 of 100 of 200 asked, and 9 of 10 of 100 asked; together 110 of 300 answered."""
    counts = pd.DataFrame({"agent": ["a", "b"], "satisfied": [90, 9], "answered": [100, 10], "asked": [200, 100]})
    found = panel(counts, gap=0.2).set_index("agent")
    assert found["response"].tolist() == [0.5, 0.1]
    assert found["worst"].tolist() == [0.45, 0.09]
    assert found["best"].tolist() == pytest.approx([0.95, 0.99])
    assert found["supposed"].tolist() == pytest.approx([0.5 * 0.9 + 0.5 * 0.7, 0.1 * 0.9 + 0.9 * 0.7])
    assert found["comparable"].tolist() == [False, False]
    assert not comparable(found["response"].iloc[[0]], found["response"].iloc[[1]]).any()


def test_impossible_counts_are_refused() -> None:
    """More answers than questions is an error of the caller."""
    with pytest.raises(ValueError, match="satisfied <= answered <= asked"):
        manski([1], [5], [4])
