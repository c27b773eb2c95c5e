"""Two samples and paired ones against R's answers; exact tests against all arrangements; intervals that agree with their tests."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from core.fairness import newcombe
from core.pairs import superiority_test
from core.proportions import share_difference
from core.shifts import exact_sum_p, hodges_lehmann, mann_whitney, mcnemar, relabelled, signed_rank, two_shares
from tests.reference import case


def test_mann_whitney_with_ties(shared: Path) -> None:
    """U, both approximations, both exact p values and the Hodges–Lehmann shift of R's wilcox.test and coin."""
    given, wanted, near = case(shared, "ba.mannwhitney.ties")
    before, after = given["before"], given["after"]
    found = mann_whitney(before, after)
    seen = (found.u, found.p, found.p_plain, found.p_exact, exact_sum_p([*before, *after], 12), hodges_lehmann(before, after).value)
    names = ("U", "p_asymptotic_cc", "p_asymptotic_nocc", "p_exact_permutation_ranks", "p_exact_permutation_mean", "hodges_lehmann")
    assert seen == pytest.approx([wanted[name] for name in names], **near)


def test_friday_against_the_rest(shared: Path) -> None:
    """Mann–Whitney and Hodges–Lehmann of unequal sides."""
    given, wanted, near = case(shared, "weekday.friday_vs_rest.effect")
    found = mann_whitney(given["friday"], given["rest"])
    shift = hodges_lehmann(given["friday"], given["rest"])
    seen = (found.u, found.superiority, found.p, shift.value)
    assert seen == pytest.approx([wanted[n] for n in ("U", "prob_superiority", "p_two_sided_cc", "hodges_lehmann")], **near)
    assert 0 < shift.low < shift.value < shift.high


def test_brunner_and_munzel(shared: Path) -> None:
    """Days of one case make the test of pairs theirs."""
    given, wanted, near = case(shared, "ba.brunner_munzel.pain")
    x, y = (np.sort(np.array(given[name], dtype=float)) for name in ("y", "x"))
    found = superiority_test(x, np.arange(len(x)), y, np.arange(len(y)))
    assert found[2] <= 1
    error = (found[0] - found[1]) / stats.t.ppf(0.975, wanted["df"])
    assert (found[0], found[3]) == pytest.approx((wanted["prob_superiority"], wanted["p_two_sided"]), **near)
    assert (found[0] - 0.5) / error == pytest.approx(wanted["W"], rel=1e-6)


def test_signed_rank(shared: Path) -> None:
    """V, the exact p, the pseudo-median and its exact interval."""
    given, wanted, near = case(shared, "ba.signedrank.depression")
    v, p, middle = signed_rank(np.array(given["before"]) - np.array(given["after"]))
    assert (v, p, middle.value, middle.low, middle.high) == pytest.approx(
        (wanted["V"], wanted["p_two_sided_exact"], wanted["pseudo_median"], *wanted["ci"]), **near
    )


def test_signed_rank_with_ties_and_zeros() -> None:
    """R's approximation with both corrections, zeros left out; 40 differences are still exact; nothing but zeros gives nothing."""
    tied = [3, 3, -1, 2, 2, 0, 5, -2, 4, 1, 0, 6]
    v, p, middle = signed_rank(tied)
    r = stats.wilcoxon(tied, zero_method="wilcox", correction=True, method="approx")
    assert p == pytest.approx(r.pvalue)
    assert v == 55 - r.statistic
    assert middle.low < middle.value < middle.high
    many = np.random.default_rng(1).normal(0.3, 1, 40)
    assert signed_rank(many)[1] == pytest.approx(stats.wilcoxon(many, method="exact").pvalue)
    assert signed_rank([0, 0])[2].reason == "no_data"


def test_a_restless_small_side_does_not_cry_wolf() -> None:
    """Five with three times the spread against twelve: about as often as it says; the bare difference does so far more often."""
    rng = np.random.default_rng(5)
    called = [relabelled(rng.normal(0, 3, 5), rng.normal(0, 1, 12)).p < 0.05 for _ in range(30)]
    assert np.mean(called) <= 0.2


def test_labels_are_dealt_under_welchs_t() -> None:
    """The p is the share of all arrangements whose Welch t is as large, ties and constant sides included."""
    for a, b in (([1, 1, 2, 5], [0, 0, 3]), ([4, 4, 4], [1, 2, 2, 3]), ([1.5, 9, 2], [7, 7.5, 8, 1])):
        values, n = np.array([*a, *b], dtype=float), len(a)

        def welch(x: np.ndarray, y: np.ndarray) -> float:
            gap, error = abs(x.mean() - y.mean()), np.sqrt(x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y))
            return 0.0 if gap < 1e-12 else np.inf if error < 1e-12 else gap / error

        seen = welch(values[:n], values[n:])
        far = [welch(values[list(pick)], np.delete(values, pick)) >= seen * (1 - 1e-9) for pick in combinations(range(len(values)), n)]
        assert relabelled(a, b).p == pytest.approx(np.mean(far))


def test_mcnemar(shared: Path) -> None:
    """Those who changed their mind, corrected and exact."""
    given, wanted, near = case(shared, "ba.mcnemar.approval")
    assert mcnemar(given["yes_no"], given["no_yes"]) == pytest.approx([wanted[n] for n in ("chi2_cc", "p_cc", "p_exact")], **near)
    assert np.isnan(mcnemar(0, 0)[0])


def test_two_shares(shared: Path) -> None:
    """The z test without correction, Newcombe's interval and both score intervals of a share before and after."""
    given, wanted, near = case(shared, "ba.proportion.sla_change")
    counts = (given["x_after"], given["n_after"], given["x_before"], given["n_before"])
    found = newcombe(*counts)
    assert (*two_shares(*counts), found.value) == pytest.approx((wanted["chi2"], wanted["p"], wanted["diff"]), **near)
    assert (found.low, found.high) == pytest.approx(wanted["newcombe"], **near)
    for method in ("miettinen_nurminen", "mee"):
        ends = share_difference(*counts, method=method)
        assert (ends.low, ends.high) == pytest.approx(wanted[method], **near)
    assert np.isnan(two_shares(3, 3, 5, 5)[1])


def test_exact_rank_interval_is_rs() -> None:
    """R: wilcox.test(c(1.1,2.2,3.3,4.4,5.5,6.6), c(0.3,0.7,1.3,2.9,3.1), conf.int=TRUE) gives the 4th and the 27th of 30 differences."""
    a, b = np.array([1.1, 2.2, 3.3, 4.4, 5.5, 6.6]), np.array([0.3, 0.7, 1.3, 2.9, 3.1])
    gaps = np.sort((a[:, None] - b).ravel())
    found = hodges_lehmann(a, b)
    assert (found.low, found.high) == (gaps[3], gaps[26])
    inside = stats.mannwhitneyu(a - found.low - 1e-9, b, method="exact").pvalue
    outside = stats.mannwhitneyu(a - found.low + 1e-9, b, method="exact").pvalue
    assert outside < 0.05 <= inside or inside < 0.05 <= outside


def test_few_values_have_a_shift_and_no_interval() -> None:
    """Two against two cannot give 95 %; nothing gives nothing."""
    assert hodges_lehmann([3, 4], [1, 2]).reason == "interval_out_of_reach"
    assert hodges_lehmann([], [1]).reason == "no_data"


def test_inflation_widens() -> None:
    """Neighbouring days that are alike carry less: the same shift, a wider interval."""
    rng = np.random.default_rng(4)
    a, b = rng.normal(1, 1, 40), rng.normal(0, 1, 40)
    one, two = hodges_lehmann(a, b), hodges_lehmann(a, b, inflation=2.0)
    assert one.value == two.value
    assert two.low < one.low < one.high < two.high


def test_relabelling_looks_at_every_arrangement() -> None:
    """The p is the share of all arrangements as far out, the interval holds what p does not reject."""
    a, b = [9.0, 7.5, 8.0, 6.0], [3.0, 5.0, 6.5, 4.0, 2.0]
    found = relabelled(a, b)
    values = np.array(a + b)
    seen = abs(np.mean(a) - np.mean(b))
    far = [abs(values[list(pick)].mean() - np.delete(values, pick).mean()) >= seen - 1e-9 for pick in combinations(range(9), 4)]
    assert found.p == pytest.approx(np.mean(far))
    assert found.exact
    assert relabelled(np.array(a) - found.low - 0.01, b).p > 0.05 >= relabelled(np.array(a) - found.low + 0.01, b).p
    assert found.low < found.low90 < found.shift < found.high90 < found.high


def test_several_nulls_take_the_largest_p() -> None:
    """A change no larger than was to be expected is no evidence, however far it is from none."""
    a, b = np.arange(10.0, 20), np.arange(10.0)
    assert relabelled(a, b).p < 0.001
    assert relabelled(a, b, (0.0, 10.0)).p > 0.9
    assert relabelled(a, b, (0.0, 14.0)).p == 1.0
    assert relabelled(a, b, (0.0, 1.0)).p < 0.01
