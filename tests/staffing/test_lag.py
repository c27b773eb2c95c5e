"""The load that lags behind the arrivals: closed form, conservation, and what it does to a plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ScenarioError
from core.staffing import StaffingKnobs, lagged_load, measure_demand, plan, sinusoidal_lag, sinusoidal_load
from core.staffing.simulation import poisson_arrivals
from tests.reference import case
from tests.staffing.test_planning import MONDAY, contacts


def test_sinusoidal_load_meets_the_reference(shared: Path) -> None:
    """The formula of Eick, Massey and Whitt, and how far the load peaks after the arrivals."""
    inputs, expected, tolerance = case(shared, "st.nonstationary.mt_m_inf")
    found = sinusoidal_load(inputs["a"], inputs["b"], inputs["g"], inputs["t"])
    assert found == pytest.approx(expected["load"], **tolerance)
    assert sinusoidal_lag(inputs["g"]) == pytest.approx(expected["lag"], **tolerance)


def test_slots_tend_to_the_closed_form() -> None:
    """With very short slots the load of slots is the sinusoidal one, at any handle time."""
    period, handle, n = 5.0, 0.7, 4_000
    middle = (np.arange(n) + 0.5) * period / n
    speed = 2 * np.pi / period
    rate = 30 + 20 * np.sin(speed * middle)
    expected = sinusoidal_load(30, 20, speed, middle, handle)
    assert lagged_load(rate, handle, period / n) == pytest.approx(expected, rel=1e-3)


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=40), st.floats(0.01, 20))
def test_work_is_neither_lost_nor_made(rate: list[float], handle: float) -> None:
    """Over the circle of slots the lagging load adds up to the plain one; it peaks no higher and reaches no lower."""
    load = lagged_load(rate, handle, 1.0)
    plain = np.array(rate) * handle
    assert load.sum() == pytest.approx(plain.sum(), rel=1e-6, abs=1e-9)
    assert load.max() <= plain.max() * (1 + 1e-9) + 1e-12
    assert load.min() >= plain.min() * (1 - 1e-9) - 1e-9


def test_short_contacts_do_not_lag_and_nonsense_is_refused() -> None:
    """Handle times far below a slot leave the load as it is; unknown slots stay unknown; no handle time is refused."""
    assert lagged_load([1, 5, 2], 1e-4, 1.0) == pytest.approx([1e-4, 5e-4, 2e-4], rel=1e-3)
    assert np.isnan(lagged_load([1, np.nan], 1.0, 1.0)).tolist() == [False, True]
    with pytest.raises(ScenarioError):
        lagged_load([1.0], 0.0, 1.0)


def test_the_load_of_a_played_day() -> None:
    """Contacts in service counted in a played day with ample staff are what the formula says."""
    rng = np.random.default_rng(3)
    rate = np.array([0.0, 200, 600, 100, 0, 0])
    seen = np.zeros(6)
    for _ in range(20):
        arrive = poisson_arrivals(rng, np.tile(rate, 2), 1.0)
        leave = arrive + rng.exponential(0.8, arrive.size)
        edges = np.arange(6, 13)
        inside = np.clip(leave[:, None], edges[:-1], edges[1:]) - np.clip(arrive[:, None], edges[:-1], edges[1:])
        seen += inside.sum(axis=0) / 20
    assert lagged_load(rate, 0.8, 1.0) == pytest.approx(seen, rel=0.03, abs=3)


def test_a_plan_follows_the_load() -> None:
    """Contacts of 40 minutes in half-hour slots: the peak needs fewer, the slot after it more; it is said."""
    talks = [contacts(MONDAY, hour, n, handle_s=2_400.0) for hour, n in ((9, 20), (10, 60), (11, 20))]

    log = pd.concat(talks)
    long, short = (plan(measure_demand(log.assign(handle_s=s), zone="UTC", period=(4, 10)), StaffingKnobs()) for s in (2_400.0, 240.0))
    assert "load_lags" in long.reasons
    assert "load_lags" not in short.reasons
    slots = long.slots.set_index(["weekday", "start"])
    plain = slots["contacts"] / 1_800 * slots["aht_s"]
    assert slots.loc[(0, 600), "load_erlang"] < plain[0, 600]
    assert slots.loc[(0, 660), "load_erlang"] > plain[0, 660]
    assert slots.loc[(0, 600), "planned_contacts"] == slots.loc[(0, 600), "contacts"]
