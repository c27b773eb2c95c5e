"""Control charts against published answers, and what they do with gaps, ties, few points and nothing that varies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core import control
from tests.reference import case


def test_counts_give_the_published_limits(shared: Path) -> None:
    """The wafers of the NIST handbook: centre 16, limits 4 and 28, wafer 24 outside."""
    given, want, tolerance = case(shared, "spc.c.nist_wafers")
    chart = control.c_chart(given["counts"])
    got = [chart.centre[0], chart.upper[0], chart.lower[0]]
    assert got == pytest.approx([want["center"], want["ucl"], want["lcl"]], **tolerance)
    assert (np.flatnonzero(chart.beyond) + 1).tolist() == want["out_of_control_1based"]
    assert chart.kind == "c"


def test_shares_give_the_published_limits(shared: Path) -> None:
    """Montgomery's orange juice: trial limits, the samples outside, and the limits without them."""
    given, want, tolerance = case(shared, "spc.p.orangejuice")
    trial = control.p_chart(given["defectives"], given["n"])
    out = np.flatnonzero(trial.beyond) + 1
    assert out.tolist() == want["beyond_1based"]
    assert [trial.centre[0], trial.lower[0], trial.upper[0]] == pytest.approx([want["center"], want["lcl"], want["ucl"]], **tolerance)
    base = ~trial.beyond
    again = control.p_chart(given["defectives"], given["n"], base)
    revised = [want["center_revised"], want["lcl_revised"], want["ucl_revised"]]
    assert [again.centre[0], again.lower[0], again.upper[0]] == pytest.approx(revised, **tolerance)
    assert again.base == 28


def test_laney_gives_the_reference_limits(shared: Path) -> None:
    """NHS waits: σ_z 10.6, and limits ten times as wide as those of the plain chart."""
    given, want, tolerance = case(shared, "spc.laney_pprime.nhs_accidents")
    plain = control.p_chart(given["numerator"], given["denominator"])
    chart = control.laney(plain)
    assert chart.sigma_z == pytest.approx(want["sigma_z"], **tolerance)
    assert chart.centre[0] == pytest.approx(want["center"], **tolerance)
    for got, name in ((chart.upper, "ucl"), (chart.lower, "lcl"), (plain.upper, "ucl_plain"), (plain.lower, "lcl_plain")):
        np.testing.assert_allclose(got, want[name], rtol=tolerance["rel"], atol=tolerance["abs"])
    assert (plain.beyond.sum(), chart.beyond.sum()) == (16, 0)


def test_means_of_samples_give_the_reference_limits(shared: Path) -> None:
    """Montgomery's piston rings: σ from the ranges within samples."""
    given, want, tolerance = case(shared, "spc.xbar.pistonrings")
    chart = control.xbar(given["samples"])
    limits = [chart.lower[0], chart.upper[0]]
    assert [chart.centre[0], chart.sigma[0] * np.sqrt(5)] == pytest.approx([want["center"], want["sigma"]], **tolerance)
    assert limits == pytest.approx(want["limits"], **tolerance)


def test_single_values_give_the_published_limits() -> None:
    """The flow rates of the NIST handbook: 50.81, 55.8041, 45.8159."""
    chart = control.xmr([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    assert [chart.centre[0], chart.upper[0], chart.lower[0]] == pytest.approx([50.81, 55.8041, 45.8159], abs=5e-5)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 10, 25])
def test_mean_ranges_are_those_of_the_tables(n: int) -> None:
    """d₂ of the handbooks."""
    table = {2: 1.128, 3: 1.693, 4: 2.059, 5: 2.326, 10: 3.078, 25: 3.931}
    assert control.mean_range(n) == table[n]


def test_samples_of_unequal_size_have_their_own_limits() -> None:
    """A sample of one value makes no range, a larger one narrower limits; the centre weighs values, not samples."""
    chart = control.xbar([[1.0, 3.0, 2.0], [4.0, np.nan, np.nan], [2.0, 4.0, np.nan]])
    assert chart.centre[0] == pytest.approx(16 / 6)
    assert chart.sigma[1] == pytest.approx(chart.sigma[0] * np.sqrt(3))
    assert chart.sigma[2] * np.sqrt(2) == pytest.approx((2 / control.mean_range(3) + 2 / control.mean_range(2)) / 2)


def test_gaps_make_no_limit_and_no_point() -> None:
    """A day without cases is a gap: it is neither beyond nor part of the centre; moving ranges span it."""
    share = control.p_chart([5, 0, 6, 30], [10, 0, 10, 30])
    assert np.isnan(share.values[1])
    assert not share.beyond[1]
    assert share.centre[0] == pytest.approx(41 / 50)
    single = control.xmr([1.0, np.nan, 3.0, 2.0])
    assert single.sigma[0] == pytest.approx(1.5 / control.D2)
    assert control.laney(control.u_chart([4, 9, 0], [1, 2, 0])).sigma_z == pytest.approx(
        control.laney(control.u_chart([4, 9], [1, 2])).sigma_z
    )


def test_limits_stay_where_a_figure_can_be() -> None:
    """Shares between 0 and 1, counts not below 0."""
    share, count = control.p_chart([9, 10, 10], 10), control.c_chart([1, 0, 2, 1])
    assert share.upper.max() == 1.0
    assert count.lower.min() == 0.0
    assert np.isinf(control._chart("x", count.values, 1.0, np.inf, base=1).upper).all()


def test_limits_are_made_anew_only_at_a_change() -> None:
    """Two levels: each has its own limits; a stretch of 19 points has none and says why; a flat one has none either."""
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(10, 1, 40), rng.normal(16, 1, 30), rng.normal(5, 1, 19), np.full(20, 7.0)])
    parts = control.segmented(lambda part: control.xmr(x[part]), [40, 70, 89], len(x))
    assert [part.reason for part in parts] == ["", "", "too_few_points", "zero_variance"]
    assert [float(part.centre[0]) for part in parts] == pytest.approx([x[:40].mean(), x[40:70].mean(), x[70:89].mean(), 7.0])
    assert np.isnan(parts[2].upper).all()
    assert not parts[2].beyond.any()
    assert not parts[3].beyond.any()


PATTERNS = {
    "beyond": [0, 0, -3.1, 0],
    "two_of_three": [0, -2.1, 0.5, -2.2],
    "four_of_five": [0, 1.1, 1.2, -0.5, 1.3, 1.4],
    "eight_in_a_row": [-0.1, 0.1, 0.2, 0.1, 0.3, 0.1, 0.4, 0.1, 0.2],
    "six_steady": [0.5, -0.9, -0.6, -0.2, 0.1, 0.4, 0.8],
}


@pytest.mark.parametrize("rule", PATTERNS)
@pytest.mark.parametrize("side", [1, -1])
def test_each_rule_marks_its_pattern_and_no_other(rule: str, side: int) -> None:
    """The textbook pattern of a rule, on either side, is marked at its last point and by that rule alone; one point fewer is none."""
    z = side * np.array(PATTERNS[rule], dtype=float)
    marked = {name: np.flatnonzero(hit).tolist() for name, hit in control.runs(z).items() if hit.any()}
    assert marked == {rule: [2 if rule == "beyond" else len(z) - 1]}
    shorter = control.runs(z[1:-1] if rule != "beyond" else np.delete(z, 2))
    assert not any(hit.any() for hit in shorter.values())


def test_an_unknown_rule_is_refused() -> None:
    """A typo in a rule's name is an error, not silence."""
    with pytest.raises(ValueError, match="nine_in_a_row"):
        control.runs([0.0], ["nine_in_a_row"])


def test_false_alarms_of_charts_are_those_measured() -> None:
    """Ninety points without a change: a point beyond on 21, 63 and 91 of 100 charts at φ 0, 0.3 and 0.5; more rules, more alarms."""
    shares = [control.by_chance(90, phi) for phi in (0.0, 0.3, 0.5)]
    assert shares == pytest.approx([0.21, 0.63, 0.91], abs=0.05)
    assert control.by_chance(90, 0.0, control.RULES) > 0.5 > control.by_chance(20, 0.0)
    assert control.by_chance(90, 0.0, weekdays=True) == pytest.approx(0.30, abs=0.05)


def test_nothing_in_gives_nothing_out() -> None:
    """Empty series have empty charts without a warning."""
    for chart in (control.xmr([]), control.c_chart([]), control.p_chart([], []), control.laney(control.u_chart([], []))):
        assert (len(chart.values), chart.base, chart.beyond.sum()) == (0, 0, 0)
    assert control.runs([])["six_steady"].tolist() == []
