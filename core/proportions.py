"""One share and the difference of two: every interval that a reader may want to check ours against.

The house shows Wilson's interval and Newcombe's difference (`core.fairness`). The others stand here under their names, because
platforms, papers and spreadsheets use them; none is clipped or corrected beyond what its source says. No page calls them: they are what
the house's own are compared with, here and by who takes the library for that.

=====================  ==============================================================================================
one share              ``wilson``, ``wilson_cc``, ``clopper_pearson``, ``jeffreys``, ``agresti_coull``
one count              ``garwood`` (exact), ``byar`` in `core.fairness`
difference of two      ``newcombe``, ``wald``, ``agresti_caffo``, ``miettinen_nurminen``, ``mee``
=====================  ==============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize, special

from core.fairness import Estimate, newcombe, normal_quantile, wilson

Ends = tuple[float, float]


def _wilson_cc(x: float, n: float, level: float) -> Ends:
    z, p = normal_quantile(level), x / n
    low = 2 * x + z**2 - 1 - z * np.sqrt(z**2 - 2 - 1 / n + 4 * p * (n - x + 1)) if x else np.nan
    high = 2 * x + z**2 + 1 + z * np.sqrt(z**2 + 2 - 1 / n + 4 * p * (n - x - 1)) if x < n else np.nan
    ends = [end / (2 * (n + z**2)) for end in (low, high)]
    return (0.0 if x == 0 else max(ends[0], 0.0)), (1.0 if x == n else min(ends[1], 1.0))


def _beta_ends(x: float, n: float, level: float, half: float) -> Ends:
    """Clopper and Pearson (half 0) or Jeffreys (half 0.5): quantiles of beta distributions, closed at the ends of the scale."""
    tail = (1 - level) / 2
    add = half or 1.0
    low = 0.0 if x == 0 else float(special.betaincinv(x + half, n - x + add, tail))
    high = 1.0 if x == n else float(special.betaincinv(x + add, n - x + half, 1 - tail))
    return low, high


def _agresti_coull(x: float, n: float, level: float) -> Ends:
    z = normal_quantile(level)
    size = n + z**2
    centre = (x + z**2 / 2) / size
    half = z * np.sqrt(centre * (1 - centre) / size)
    return float(centre - half), float(centre + half)


_ONE: dict[str, Callable[[float, float, float], Ends]] = {
    "wilson_cc": _wilson_cc,
    "clopper_pearson": lambda x, n, level: _beta_ends(x, n, level, 0.0),
    "jeffreys": lambda x, n, level: _beta_ends(x, n, level, 0.5),
    "agresti_coull": _agresti_coull,
}


def share_interval(hits: float, n: float, method: str = "wilson", level: float = 0.95) -> Estimate:
    """Share ``hits / n`` with the interval of a named method; ``n == 0`` gives NaN and ``no_data``.

    Agresti and Coull's interval may leave 0…1, as in its source. Raises ValueError for an unknown method or hits > n.
    Source: Newcombe 1998 (Stat Med 17:857); Brown, Cai & DasGupta 2001.

    >>> found = share_interval(0, 20, "clopper_pearson")
    >>> found.low, round(found.high, 4)
    (0.0, 0.1684)
    """
    base = wilson(hits, n, level)
    if method == "wilson" or base.reason:
        return base
    if method not in _ONE:
        raise ValueError(f"method == {method!r}, must be one of wilson, {', '.join(_ONE)}.")
    low, high = _ONE[method](hits, n, level)
    return Estimate(base.value, low, high, n, method)


def garwood(count: float, exposure: float = 1.0, level: float = 0.95) -> Estimate:
    """Poisson count per exposure with its exact interval. Source: Garwood 1936.

    >>> round(garwood(0).high, 4)
    3.6889
    """
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(special.gammaincinv(count, tail))
    high = float(special.gammaincinv(count + 1, 1 - tail))
    return Estimate(count / exposure, low / exposure, high / exposure, count, "garwood")


def share_difference(
    hits_a: float, n_a: float, hits_b: float, n_b: float, *, method: str = "newcombe", level: float = 0.95
) -> Estimate:
    """Difference of two shares, a − b, with the interval of a named method; no data on a side gives NaN and ``no_data``.

    ``miettinen_nurminen`` and ``mee`` invert the score test at the constrained maximum likelihood, the first with N/(N − 1).
    Raises ValueError for an unknown method. Source: Newcombe 1998 (Stat Med 17:873); Miettinen & Nurminen 1985; Agresti & Caffo 2000.

    >>> found = share_difference(9, 10, 3, 10, method="miettinen_nurminen")
    >>> round(found.low, 3), round(found.high, 3)
    (0.17, 0.841)
    """
    base = newcombe(hits_a, n_a, hits_b, n_b, level)
    if method == "newcombe" or base.reason:
        return base
    known = {"wald": _wald, "agresti_caffo": _agresti_caffo, "miettinen_nurminen": _score, "mee": _score}
    if method not in known:
        raise ValueError(f"method == {method!r}, must be one of newcombe, {', '.join(known)}.")
    factor = (n_a + n_b) / (n_a + n_b - 1) if method == "miettinen_nurminen" else 1.0
    low, high = known[method]((hits_a, n_a, hits_b, n_b), normal_quantile(level) * np.sqrt(factor))
    return Estimate(base.value, low, high, base.n, method)


def _wald(counts: tuple[float, ...], z: float) -> Ends:
    x, n, y, m = counts
    p, q = x / n, y / m
    half = z * np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    return float(p - q - half), float(p - q + half)


def _agresti_caffo(counts: tuple[float, ...], z: float) -> Ends:
    x, n, y, m = counts
    return _wald((x + 1, n + 2, y + 1, m + 2), z)


def _score(counts: tuple[float, ...], z: float) -> Ends:
    x, n, y, m = counts
    seen = x / n - y / m

    def beyond(delta: float) -> float:
        p = constrained(x, n, y, m, delta)
        q = p - delta
        error = np.sqrt(max(p * (1 - p) / n + q * (1 - q) / m, 1e-300))
        return float((seen - delta) / error)

    low = -1.0 if beyond(-1 + 1e-12) < z else float(optimize.brentq(lambda d: beyond(d) - z, -1 + 1e-12, seen, xtol=1e-14))
    high = 1.0 if beyond(1 - 1e-12) > -z else float(optimize.brentq(lambda d: beyond(d) + z, seen, 1 - 1e-12, xtol=1e-14))
    return low, high


def constrained(x: float, n: float, y: float, m: float, delta: float) -> float:
    """The likeliest first share when it is known to exceed the second by ``delta``.

    >>> round(constrained(8, 10, 2, 10, 0.0), 9)
    0.5
    """
    edge = 1e-13
    low, high = max(0.0, delta) + edge, min(1.0, 1 + delta) - edge

    def slope(p: float) -> float:
        q = p - delta
        return x / p - (n - x) / (1 - p) + y / q - (m - y) / (1 - q)

    if low >= high or slope(low) <= 0:
        return low
    return high if slope(high) >= 0 else float(optimize.brentq(slope, low, high, xtol=1e-15, rtol=8.9e-16))
