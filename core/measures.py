"""How a figure is made of observations, and how it pools: count, total, mean, share, ratio.

A measure names the columns of the cube (or of the observation table) it needs. All are sums of sums, so agents pool to teams and
days to weeks exactly; a mean of means cannot be formed. Quantiles come from the observations themselves, never from groups.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A figure = Σ numerator / Σ denominator over a source of observations.

    Args:
        source: cube the sums come from: ``conversations``, ``turns``, ``reviews``, ``sales`` or ``transfers``.
        numerator: column whose sum is divided (or is the figure itself for counts).
        denominator: column whose sum divides and is the n of the figure; empty for counts.
        values: column of single observations for median, p90 and order-statistic intervals; empty where there is none.
        kind: ``count``, ``share``, ``mean`` or ``ratio``; decides the interval (Byar, Wilson, day-blocked, day-blocked).

    >>> share("conversations", "fcr_hits", "fcr_of").kind
    'share'
    """

    source: str
    numerator: str
    denominator: str = ""
    values: str = ""
    kind: str = "count"

    @property
    def columns(self) -> tuple[str, ...]:
        """Cube columns this measure sums."""
        return (self.numerator, self.denominator) if self.denominator else (self.numerator,)


def count(source: str, column: str) -> Measure:
    """How many; the interval is Byar's for a Poisson count."""
    return Measure(source, column, kind="count")


def share(source: str, hits: str, of: str) -> Measure:
    """Hits among those that could be hits; Wilson interval."""
    return Measure(source, hits, of, kind="share")


def mean(source: str, total: str, n: str, values: str = "") -> Measure:
    """Total over n of observations; day-blocked interval; median and p90 when single values exist."""
    return Measure(source, total, n, values, kind="mean")


def ratio(source: str, total: str, of: str) -> Measure:
    """One total over another (e.g. conversations per worked hour); day-blocked interval."""
    return Measure(source, total, of, kind="ratio")
