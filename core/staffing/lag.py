"""Load that lags behind the arrivals: contacts of the last slot are still being served in this one.

An hour treated by itself takes load = arrivals × handle time. When contacts last longer than half a slot, the work of a
peak reaches into the next slots: the load of ample staff, m(t), rises later and less than the arrivals. Staffing for m(t)
instead is the modified offered load.

Source: S. Eick, W. Massey & W. Whitt (1993); L. Green, P. Kolesar & W. Whitt (2007).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from core.staffing.queues import FloatArray, out_of_range

# Above this share of a slot the slots are no longer taken each by itself.
LONG = 0.5


def sinusoidal_load(base: float, swing: float, speed: float, moment: ArrayLike, handle: float = 1.0) -> FloatArray:
    """Mean number of contacts in service at moments when arrivals are base + swing · sin(speed · t) and staff is ample.

    Args:
        base, swing: contacts per unit of time.
        speed: radians per unit of time.
        moment: t, number or array.
        handle: mean handle time, exponential.

    >>> sinusoidal_load(30, 20, 2 * np.pi / 5, [0, 2]).round(4).tolist()
    [20.2554, 42.4416]
    """
    turn = speed * handle
    t = speed * np.asarray(moment, float)
    return np.asarray(handle * (base + swing * (np.sin(t) - turn * np.cos(t)) / (1 + turn**2)))


def sinusoidal_lag(speed: float, handle: float = 1.0) -> float:
    """How long after the arrivals the load peaks.

    >>> round(sinusoidal_lag(2 * np.pi / 5), 4)
    0.7151
    """
    return float(np.arctan(speed * handle) / speed)


def lagged_load(rate: ArrayLike, handle: ArrayLike, slot: float) -> FloatArray:
    """Mean load of each slot when arrivals are even within slots, the slots repeat and handle times are exponential.

    Args:
        rate: contacts per unit of time and slot; NaN (unknown) is read as none and stays NaN in the result.
        handle: mean handle time, same unit, number or one per slot.
        slot: length of a slot, same unit.

    Returns:
        Erlang per slot. What comes in also goes out: over all slots it adds up to arrivals × handle time when the
        handle time is the same everywhere.

    Raises:
        ScenarioError: a slot or a handle time that is not positive.

    >>> lagged_load([0, 0, 12, 0], 1.0, 1.0).round(2).tolist()
    [1.8, 0.66, 4.66, 4.88]
    """
    arriving, lasts = np.broadcast_arrays(np.asarray(rate, float), np.asarray(handle, float))
    if not slot > 0 or not np.all(lasts > 0):
        raise out_of_range("handle", float(np.min(lasts)), 0, np.inf)
    target = np.nan_to_num(arriving) * lasts
    kept = np.exp(-slot / lasts)
    begin = _periodic(target, kept)
    mean_share = (1 - kept) * lasts / slot
    load = target + (begin - target) * mean_share
    return np.where(np.isnan(arriving), np.nan, load)


def _periodic(target: FloatArray, kept: FloatArray) -> FloatArray:
    """The load at the begin of each slot: b[i+1] = target[i] + (b[i] − target[i]) · kept[i], around the circle."""
    begin = np.zeros(target.size)
    for _ in range(2):  # the first round finds what one round adds to nothing, the second starts where the circle closes
        level = begin[0]
        for at in range(target.size):
            begin[at] = level
            level = target[at] + (level - target[at]) * kept[at]
        begin[0] = (level - begin[0] * np.prod(kept)) / max(1 - np.prod(kept), 1e-300)
    return begin
