"""Staffing: how many agents a weekday × slot needs, how many were there, and which hours could move.

Slow half :func:`measure_demand` (arrivals, effort, concurrency, supply), fast half :func:`plan`; the queue formulas
stand on their own for calculators, the event simulation beside them for what no formula covers.
"""

from core.staffing.chat import ChatPool, chat_pool, required_chat_agents, useful_concurrency
from core.staffing.concurrency import Concurrency, chat_times, measure_concurrency
from core.staffing.demand import Demand, arrivals, known_days, measure_demand, unfinished
from core.staffing.forecast import Fitted, Outlook, coming_week, fit_forecast, outlook
from core.staffing.gap import CoverHours, cover_hours, moves
from core.staffing.lag import lagged_load, sinusoidal_lag, sinusoidal_load
from core.staffing.patience import ErlangA, erlang_a, required_agents_patience
from core.staffing.peaks import Peaks, find_peaks
from core.staffing.planning import StaffingKnobs, StaffingResult, patience_range, plan, staffing_table, worst_slots
from core.staffing.queues import (
    ErlangC,
    erlang_b,
    erlang_c,
    erlang_c_queue,
    erlang_c_surface,
    positions,
    required_agents,
)
from core.staffing.simulation import Simulated, lognormal_work, poisson_arrivals, simulate_calls, simulate_chats
from core.staffing.supply import Supply, measure_supply, roster_supply, seen_supply

__all__ = [
    "ChatPool",
    "Concurrency",
    "CoverHours",
    "Demand",
    "ErlangA",
    "ErlangC",
    "Fitted",
    "Outlook",
    "Peaks",
    "Simulated",
    "StaffingKnobs",
    "StaffingResult",
    "Supply",
    "arrivals",
    "chat_pool",
    "chat_times",
    "coming_week",
    "cover_hours",
    "erlang_a",
    "erlang_b",
    "erlang_c",
    "erlang_c_queue",
    "erlang_c_surface",
    "find_peaks",
    "fit_forecast",
    "known_days",
    "lagged_load",
    "lognormal_work",
    "measure_concurrency",
    "measure_demand",
    "measure_supply",
    "moves",
    "outlook",
    "patience_range",
    "plan",
    "poisson_arrivals",
    "positions",
    "required_agents",
    "required_agents_patience",
    "required_chat_agents",
    "roster_supply",
    "seen_supply",
    "simulate_calls",
    "simulate_chats",
    "sinusoidal_lag",
    "sinusoidal_load",
    "staffing_table",
    "unfinished",
    "useful_concurrency",
    "worst_slots",
]
