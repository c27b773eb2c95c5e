"""Least squares and AR(1) errors against R's answers and against themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.regression import ar1_reml, least_squares
from tests.reference import case


def test_an_interrupted_series_agrees_with_r(shared: Path) -> None:
    """Seat belts: coefficients, plain, Newey–West and small-sample errors, Durbin–Watson."""
    given, wanted, near = case(shared, "ba.its.seatbelts")
    t = np.arange(len(given["y"]), dtype=float)
    since = t - given["intervention_index"]
    design = np.column_stack([np.ones(len(t)), t, since >= 0, np.maximum(since, 0)])
    fit = least_squares(design, np.log(given["y"]), given["maxlags"])
    for seen, name in ((fit.coefficients, "coef"), (fit.se, "se_ols"), (fit.se_hac, "se_hac"), (fit.se_hac_small, "se_hac_small_sample")):
        assert seen.tolist() == pytest.approx(wanted[name], **near)
    assert fit.durbin_watson == pytest.approx(wanted["durbin_watson"], **near)


def test_reml_is_the_generalised_least_squares_at_its_autocorrelation() -> None:
    """Coefficients and errors are those of the full covariance matrix, over gaps too, and no other autocorrelation is likelier."""
    rng = np.random.default_rng(5)
    day = np.sort(rng.choice(120, 80, replace=False))
    design = np.column_stack([np.ones(80), day >= 60])
    y = 3 + 2 * (day >= 60) + np.convolve(rng.normal(size=200), 0.6 ** np.arange(20))[day]
    fit = ar1_reml(design, y, day)

    def full(phi: float) -> tuple[float, np.ndarray, np.ndarray]:
        inverse = np.linalg.inv(phi ** np.abs(day[:, None] - day))
        bread = np.linalg.inv(design.T @ inverse @ design)
        b = bread @ design.T @ inverse @ y
        rss = float((y - design @ b) @ inverse @ (y - design @ b))
        loss = 78 * np.log(rss) - np.linalg.slogdet(inverse)[1] - np.linalg.slogdet(bread)[1]
        return loss, b, np.sqrt(np.diag(bread) * rss / 78)

    _, b, se = full(fit.autocorrelation)
    assert fit.coefficients == pytest.approx(b)
    assert fit.se == pytest.approx(se)
    assert 0.3 < fit.autocorrelation < 0.8
    assert full(fit.autocorrelation)[0] <= min(full(phi)[0] for phi in np.linspace(0.01, 0.95, 95)) + 1e-6
    assert (fit.se_careful > 0.9 * fit.se).all()


def test_too_few_values_are_refused() -> None:
    """As many coefficients as values leave nothing to judge by."""
    for fit in (lambda: least_squares(np.eye(3), [1, 2, 3]), lambda: ar1_reml(np.eye(3), [1, 2, 3], [1, 2, 3])):
        with pytest.raises(ValueError, match="more values"):
            fit()
