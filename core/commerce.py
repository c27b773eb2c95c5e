"""Orders joined to conversations: conversion, order value, returns and disputes.

The unit is the customer within the period (definitions: conversion). An inquirer placed no own order in the W before the first
conversation's start; converts when an order is paid between that start and W after the last conversation's start; a customer whose
window is still open at the horizon is pending and counted nowhere. An order belongs to the last person who wrote before it was paid.
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
        customer: code per row. start: UTC ms. replied: 1 where a person answered. row: its place in the caller's table.
    """

    customer: Ints
    start: Ints
    replied: Ints
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
    """One entry per inquirer: the conversation row that stands for it (owner and dimensions), and what it adds to each sum.

    ``sums`` holds inquirers, converted, buyers, value, relative_value, return_of, returned, disputed; ``pending`` counts customers
    whose window is still open.
    """

    row: Ints
    sums: Mapping[str, Floats]
    pending: int


def sales(visits: Visits, orders: Orders, window_ms: int, horizon_ms: int) -> Sales:
    """Who asked, who bought, and whose sale it was.

    >>> v = Visits(np.array([0, 1]), np.array([0, 0]), np.array([1, 1]), np.array([0, 1]))
    >>> o = Orders(np.array([0]), np.array([5]), np.array([6]), np.array([80.0]), np.array([0.0]), np.array([0.0]))
    >>> found = sales(v, o, 100, 1000)
    >>> found.sums["inquirers"].tolist(), found.sums["converted"].tolist()
    ([1.0, 1.0], [1.0, 0.0])
    """
    first = (
        np.flatnonzero(np.r_[True, visits.customer[1:] != visits.customer[:-1]])
        if len(visits.customer)
        else np.array([], np.int64)
    )
    last = np.r_[first[1:], len(visits.customer)] - 1
    unit = _unit_of(orders.customer, visits.customer[first])
    opened, closing = visits.start[first], visits.start[last] + window_ms
    known = unit >= 0
    prior = (
        known & (orders.created >= 0) & (orders.created < opened[unit]) & (orders.created >= opened[unit] - window_ms)
    )
    assisted = known & (orders.paid >= opened[unit]) & (orders.paid <= closing[unit])
    pending = closing > horizon_ms
    inquirer = ~pending & ~np.isin(np.arange(len(first)), unit[prior])
    assisted &= inquirer[np.maximum(unit, 0)] & known
    sums = _sums(orders, unit, assisted, len(first))
    row = _owners(visits, orders, unit, assisted, last)
    kept = {name: values[inquirer] for name, values in sums.items()}
    return Sales(row[inquirer], {"inquirers": np.ones(int(inquirer.sum())), **kept}, int(pending.sum()))


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
    buyers = (count > 0).astype(np.float64)
    value = added(np.nan_to_num(orders.amount))
    shop = value.sum() / buyers.sum() if buyers.sum() else np.nan
    return {
        "converted": buyers, "buyers": buyers, "value": value, "relative_value": value / shop if shop else value * np.nan,
        "return_of": count, "returned": added(orders.returned), "disputed": added(orders.disputed),
    }  # fmt: skip


def _owners(visits: Visits, orders: Orders, unit: Ints, assisted: NDArray[np.bool_], last: Ints) -> Ints:
    """The conversation that owns each unit: for buyers the last answered one before the first payment, else the last one."""
    row = visits.row[last].copy()
    answered = np.flatnonzero(visits.replied == 1)
    bought = np.flatnonzero(assisted)
    for order in bought[np.argsort(-orders.paid[bought], kind="stable")].tolist():
        low, high = np.searchsorted(visits.customer[answered], [orders.customer[order], orders.customer[order] + 1])
        before = np.searchsorted(visits.start[answered[low:high]], orders.paid[order], side="right")
        if before:
            row[unit[order]] = visits.row[answered[low + before - 1]]
    return row
