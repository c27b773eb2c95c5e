"""Several groups at once: the answers of R, and what happens at the edges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.ranks import dunn, homogeneity, kruskal
from tests.reference import case


def test_kruskal_wallis_gives_reference_answers(shared: Path) -> None:
    """H, df, p, epsilon squared and eta squared agree with R."""
    given, wanted, near = case(shared, "weekday.kw.hollander_wolfe")
    found = kruskal(given["x"], given["group"])
    assert found.statistic == pytest.approx(wanted["H"], **near)
    assert (found.df, found.n) == (wanted["df"], 14)
    assert found.p == pytest.approx(wanted["p"], **near)
    assert found.effects["epsilon2"] == pytest.approx(wanted["epsilon2"], **near)
    assert found.effects["eta2"] == pytest.approx(wanted["eta2_H"], **near)


def test_small_groups_without_ties_give_reference_answers(shared: Path) -> None:
    """Kruskal-Wallis and Dunn's z and p of three groups of five agree with R."""
    given, wanted, near = case(shared, "weekday.kw.tie_free15")
    found, pairs = kruskal(given["x"], given["group"]), dunn(given["x"], given["group"])
    assert found.statistic == pytest.approx(wanted["H"], **near)
    assert found.p == pytest.approx(wanted["p_chi2"], **near)
    assert (pairs["a"] + " - " + pairs["b"]).tolist() == wanted["dunn_comparisons"]
    assert pairs["z"].tolist() == pytest.approx(wanted["dunn_Z"], **near)
    assert pairs["p"].tolist() == pytest.approx(wanted["dunn_p"], **near)


def test_dunn_with_many_ties_gives_reference_answers(shared: Path) -> None:
    """z, p, Holm and BH of home care visits, full of ties, agree with R and with scikit-posthocs."""
    given, wanted, near = case(shared, "weekday.dunn.homecare")
    found = dunn(given["x"], given["group"])
    assert (found["a"] + " - " + found["b"]).tolist() == wanted["comparisons"]
    for column, name in (("z", "Z"), ("p", "p_two_sided"), ("p_holm", "p_holm"), ("p_bh", "p_bh")):
        assert found[column].tolist() == pytest.approx(wanted[name], **near)


def test_shares_by_day_give_reference_answers(shared: Path) -> None:
    """Chi-square of homogeneity and Cramer's V agree with R."""
    given, wanted, near = case(shared, "weekday.chisq.sla_by_day")
    found = homogeneity(given["met"], given["missed"])
    assert (found.statistic, found.p) == pytest.approx((wanted["chi2"], wanted["p"]), **near)
    assert (found.df, found.effects["cramers_v"]) == (wanted["df"], pytest.approx(wanted["cramers_v"], **near))


def test_ties_and_gaps_as_scipy_has_them() -> None:
    """Rounded values with missing ones: H and p are SciPy's on what is there."""
    rng = np.random.default_rng(1)
    x, group = np.round(rng.normal(0, 1, 90), 1), rng.integers(0, 4, 90)
    x[::11] = np.nan
    known = ~np.isnan(x)
    wanted = stats.kruskal(*(x[known & (group == g)] for g in range(4)))
    found = kruskal(x, group)
    assert (found.statistic, found.p) == pytest.approx((wanted.statistic, wanted.pvalue))
    table = np.array([[5, 0, 9, 4], [7, 0, 3, 8]])
    wanted = stats.chi2_contingency(table[:, [0, 2, 3]], correction=False)
    assert homogeneity(*table).p == pytest.approx(wanted.pvalue)


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0, 2.0], [np.nan, np.nan]])
def test_nothing_to_tell_apart_has_no_p(values: list[float]) -> None:
    """No values, one value, all equal, all missing: no p and no warning."""
    groups = list("abab")[: len(values)]
    assert np.isnan(kruskal(values, groups).p)
    assert dunn(values, groups)["p"].isna().all()


def test_one_group_has_no_pairs() -> None:
    """A single group has no p and no pair; shares of one group neither, nor shares that are all hits."""
    assert np.isnan(kruskal([1, 2, 3], ["a"] * 3).p)
    assert dunn([1, 2, 3], ["a"] * 3).empty
    assert np.isnan(homogeneity([3], [4]).p)
    assert np.isnan(homogeneity([3, 5], [0, 0]).p)


def test_dunn_says_which_is_above() -> None:
    """The larger group is above, with the chance that it exceeds the other, whatever the labels are."""
    found = dunn(pd.Series([1.0, 2, 3, 11, 12, 13]), pd.Series([5, 5, 5, 4, 4, 4]))
    assert found[["a", "b", "direction"]].iloc[0].tolist() == [4, 5, "above"]
    assert found["effect"].iloc[0] == 1.0
