"""Orders joined to conversations: conversion, order value, returns and disputes.

The unit is the customer within the period (definitions: conversion). An inquirer placed no own order in the W before the first
conversation's start; converts when an order is paid between that start and W after the last conversation's start; a customer whose
window is still open at the horizon is pending and counted nowhere. A sale belongs to the last person who wrote before the first payment;
to nobody where no person had written by then. Who bought nothing stands with the owner of the last conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Visits:
    """Customer-started conversations, sorted by customer and start.

    Args:
        customer: code per row. start: UTC ms. row: its place in the caller's table.
    """

    customer: Ints
    start: Ints
    row: Ints


@dataclass(frozen=True)
class Voices:
    """Messages of persons, sorted by customer and time: code, UTC ms, and the place in the caller's table that stands for each."""

    customer: Ints
    at: Ints
    row: Ints


@dataclass(frozen=True)
class Orders:
    """Orders with the customer code of `Visits` (−1 for customers who never wrote); times in UTC ms, −1 where missing."""

    customer: Ints
    created: Ints
    paid: Ints
    amount: Floats
    returned: Floats
    disputed: Floats


@dataclass(frozen=True)
class Sales:
    """One entry per inquirer: the row that stands for it (whose it is, and dimensions), and what it adds to each sum.

    ``nobody`` marks sales that no person had a hand in.

    ``sums`` holds inquirers, converted, buyers (of orders whose amount is known), value, related and relative_value (both 0 where the
    shop's own order value is 0 or unknown), return_of, returned, disputed; ``pending`` counts customers whose window is still open.
    """

    row: Ints
    nobody: NDArray[np.bool_]
    sums: Mapping[str, Floats]
    pending: int


def sales(visits: Visits, voices: Voices, orders: Orders, window_ms: int, horizon_ms: int) -> Sales:
    """Who asked, who bought, and whose sale it was.

    >>> v = Visits(np.array([0, 1]), np.array([0, 0]), np.array([0, 1]))
    >>> said = Voices(np.array([0]), np.array([3]), np.array([7]))
    >>> o = Orders(np.array([0]), np.array([5]), np.array([6]), np.array([80.0]), np.array([0.0]), np.array([0.0]))
    >>> found = sales(v, said, o, 100, 1000)
    >>> found.sums["converted"].tolist(), found.row.tolist(), found.nobody.tolist()
    ([1.0, 0.0], [7, 1], [False, False])
    """
    fresh = np.r_[np.ones(min(len(visits.customer), 1), dtype=bool), visits.customer[1:] != visits.customer[:-1]]
    first = np.flatnonzero(fresh)
    last = np.r_[first[1:], len(visits.customer)][: len(first)] - 1
    unit = _unit_of(orders.customer, visits.customer[first])
    opened, closing = visits.start[first], visits.start[last] + window_ms
    known = unit >= 0
    since, until = (np.r_[times, 0][unit] for times in (opened, closing))
    prior = (
        known & (orders.created >= 0) & (orders.created < since) & (orders.created >= since - window_ms)
    )
    assisted = known & (orders.paid >= since) & (orders.paid <= until)
    pending = closing > horizon_ms
    inquirer = ~pending & ~np.isin(np.arange(len(first)), unit[prior])
    assisted &= np.isin(unit, np.flatnonzero(inquirer))
    sums = _sums(orders, unit, assisted, len(first))
    row, nobody = _owners(visits, voices, orders.paid[assisted], unit[assisted], last)
    kept = {name: values[inquirer] for name, values in sums.items()}
    return Sales(row[inquirer], nobody[inquirer], {"inquirers": np.ones(int(inquirer.sum())), **kept}, int(pending.sum()))


def _unit_of(customers: Ints, units: Ints) -> Ints:
    """Place of each order's customer among the units, −1 where there is none; the units ascend."""
    if not len(units):
        return np.full(len(customers), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(units, customers), len(units) - 1)
    return np.where((units[place] == customers) & (customers >= 0), place, -1)


def _sums(orders: Orders, unit: Ints, assisted: NDArray[np.bool_], units: int) -> dict[str, Floats]:
    def added(values: Floats) -> Floats:
        return np.bincount(unit[assisted], weights=values[assisted], minlength=units).astype(np.float64)

    count = added(np.ones(len(unit)))
    buyers = (added((~np.isnan(orders.amount)).astype(np.float64)) > 0).astype(np.float64)
    value = added(np.nan_to_num(orders.amount))
    share = buyers.sum() / value.sum() if value.sum() else 0.0
    return {
        "converted": (count > 0).astype(np.float64), "buyers": buyers, "value": value,
        "related": buyers * (share > 0), "relative_value": value * share,
        "return_of": count, "returned": added(orders.returned), "disputed": added(orders.disputed),
    }  # fmt: skip


def _owners(visits: Visits, voices: Voices, paid: Ints, unit: Ints, last: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """The row that stands for each unit, and which sales are nobody's: for buyers the last voice before the first payment."""
    row, nobody = visits.row[last].copy(), np.zeros(len(last), dtype=bool)
    first_paid = np.full(len(last), np.iinfo(np.int64).max)
    np.minimum.at(first_paid, unit, paid)
    buyers = np.unique(unit)
    low, high = (np.searchsorted(voices.customer, visits.customer[last][buyers], side=side) for side in ("left", "right"))
    said = _until(voices.at, low, high, first_paid[buyers])
    nobody[buyers] = said == low
    row[buyers[said > low]] = voices.row[said[said > low] - 1]
    return row, nobody


def _until(times: Ints, low: Ints, high: Ints, most: Ints) -> Ints:
    """End of the times not later than ``most`` in each of many ascending stretches, low to high: all halved at once.

    >>> _until(np.array([1, 3, 5, 2, 4]), np.array([0, 3]), np.array([3, 5]), np.array([3, 1])).tolist()
    [2, 3]
    """
    low, high = low.copy(), high.copy()
    while (open_ := low < high).any():
        middle = (low + high) // 2
        early = open_ & (times[np.minimum(middle, len(times) - 1)] <= most)
        low = np.where(early, middle + 1, low)
        high = np.where(open_ & ~early, middle, high)
    return low
