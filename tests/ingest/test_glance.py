"""A glance at a column's bytes spares work and never changes what comes out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ingest import glance, quick
from core.schema import MISSING, SUMMARY

WORDS = [*sorted(MISSING), *sorted(SUMMARY), "0", "Ａ", "K"]
CELLS = st.lists(
    st.one_of(
        st.none(),
        st.text(max_size=4),
        st.tuples(
            st.sampled_from(["", " ", "\t", "　"]), st.sampled_from(WORDS), st.sampled_from(["", " ", "x", "\n"])
        ).map("".join),
        st.sampled_from(WORDS).map(str.upper),
    ),
    max_size=12,
)


def listed(cells: pa.Array) -> pa.Array:
    """Whether a cell is one of the words, in either case and with white space around it."""
    return pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(cells)), value_set=pa.array([word.lower() for word in WORDS]))


@given(CELLS, st.integers(0, 3))
def test_no_listed_word_is_passed_over(cells: list[str | None], start: int) -> None:
    """Asked only of the cells that may be one, the question has the answer it has for all of them."""
    column = pa.array(cells, pa.string())[start:]
    everywhere = pc.fill_null(listed(column), False).to_pylist()
    assert glance.where(column, glance.openings(WORDS), listed).tolist() == everywhere


@given(CELLS, st.integers(0, 3))
def test_white_space_at_the_edges_is_seen(cells: list[str | None], start: int) -> None:
    """A column that is called tight is the same when it is trimmed."""
    column = pa.array(cells, pa.string())[start:]
    if not glance.loose(column):
        assert pc.utf8_trim_whitespace(column).equals(column)


@pytest.mark.parametrize("cells", [[], [None], [None, ""]])
def test_columns_without_a_cell(cells: list[str | None]) -> None:
    """A column of nothing has no word and no white space."""
    column = pa.array(cells, pa.string())
    assert not glance.loose(column)
    assert not len(glance.perhaps(column, glance.openings(WORDS)))


def test_the_glance_spares_ids() -> None:
    """Ids of a shop begin like no label and no placeholder: none of a hundred thousand is looked at."""
    ids = pa.array(np.char.add("S2025", np.arange(100_000).astype(str)))
    assert not len(glance.perhaps(ids, glance.openings([*MISSING, *SUMMARY])))


@given(CELLS, st.integers(0, 3))
def test_equal_cells_have_equal_prints(cells: list[str | None], start: int) -> None:
    """Two cells that are equal have one print, missing and empty being the same; as codes of words they have it too."""
    column = pa.array([*cells, *cells], pa.string())[start:]
    seen: dict[str, set[int]] = {}
    for cell, mark in zip(column.to_pylist(), glance.prints(column).tolist(), strict=True):
        seen.setdefault(cell or "", set()).add(mark)
    assert all(len(marks) == 1 for marks in seen.values())
    coded = pc.fill_null(column, "").dictionary_encode()
    assert glance.prints(coded).tolist() == glance.prints(column).tolist()


def test_different_cells_rarely_share_a_print() -> None:
    """Of fifty thousand stamps and ids that differ in one place each, none share one."""
    cells = [
        f"2025-01-{n % 28 + 1:02d} {n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}.{n:06d}" for n in range(50_000)
    ]
    assert len(set(glance.prints(pa.array([*cells, *map(str, range(50_000))])).tolist())) == 100_000


@given(st.lists(st.one_of(st.none(), st.text(max_size=2)), max_size=12), st.booleans())
def test_numbers_tell_cells_apart(cells: list[str | None], ordered: bool) -> None:
    """Rows have one number exactly where their cells are equal, whether the column is in order or not."""
    cells = sorted(cell for cell in cells if cell is not None) if ordered else cells
    numbers = quick.numbered(pa.array(cells, pa.string())).tolist()
    pairs = set(zip(cells, numbers, strict=True))
    assert len(pairs) == len(set(cells)) == len(set(numbers))
    assert all((cell is None) == (number == -1) for cell, number in pairs)
