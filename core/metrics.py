"""The KPI catalogue: what each figure is, declared once.

Slider, link, validation, table heading, help, methods page, export and command line are derived from this tuple. Words (name,
explanation, advice, who defines it differently) stand in ``locales/<lang>/metrics.toml`` under the metric's key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import Issue, ScenarioError, did_you_mean
from core.measures import Measure, count, mean, ratio, share

GROUPS = ("efficiency", "quality", "business")
ASPECTS = ("attitude", "knowledge", "communication", "efficiency")
"""What an indicator system has to cover."""
GOALS = ("customer", "revenue", "cost")
"""What the shop wants."""
GROUP_WEIGHTS = {"efficiency": 30.0, "quality": 40.0, "business": 30.0}

Needs = tuple[tuple[str, ...], ...]
"""Alternatives: a figure is available when the log has every ``table.column`` of at least one of them."""

_MESSAGES: Needs = (("messages.sent_at", "messages.sender"),)
_ANY: Needs = (("messages.sent_at", "messages.sender"), ("conversations.started_at",), ("agent_days.conversations",))
_REPLY: Needs = (
    *_MESSAGES,
    ("conversations.started_at", "conversations.first_human_reply_at"),
    ("conversations.wait_s",),
)
_ANSWERED: Needs = (*_REPLY, ("conversations.answered",))
_CSAT: Needs = (("messages.csat",), ("conversations.csat",))
_CUSTOMER: Needs = (
    ("messages.customer_id", "messages.sender"),
    ("conversations.customer_id", "conversations.started_at"),
)
_CLOSE: Needs = (
    ("messages.event",),
    ("messages.closed_at",),
    ("conversations.closed_at",),
    ("conversations.resolution_s",),
)


@dataclass(frozen=True)
class Anchors:
    """Points of a KPI: 100 at target, 60 at pass, 0 at floor, linear between, clipped outside."""

    target: float
    passing: float
    floor: float


@dataclass(frozen=True)
class Metric:
    """One KPI.

    Args:
        key: stable name, used in files, links and locale keys.
        group: ``efficiency``, ``quality``, ``business`` or ``volume`` (never scored).
        unit: ``seconds``, ``share``, ``count``, ``per_hour``, ``points``, ``rating``, ``money`` or ``ratio``.
        better: +1 higher is better, -1 lower is better, 0 neither.
        measure: how it is made of observations.
        needs: alternatives of ``table.column``; without one of them the KPI is unavailable, never zero.
        min_n: below it the KPI is shown grey and is never scored.
        statistic: the statistic that is scored: ``value`` (mean or share) or ``median``.
        anchors: default target, pass and floor; None for KPIs outside the default scorecard.
        weight: default weight inside its group; 0 for KPIs outside the default scorecard.
        owner: whose figure it is: ``owner``, ``answerer``, ``reviewed`` or ``sale``.
        low, high, step: bounds of its anchor knobs.
        counter: for a speed KPI the quality KPI and the re-contact KPI that must be read beside it; empty for all others.
        dimension: what of the work it tells most about, one of `ASPECTS`; empty where it tells about a result.
        goal: what the shop gains by it, one of `GOALS`; empty for volume.
    """

    key: str
    group: str
    unit: str
    better: int
    measure: Measure
    needs: Needs
    min_n: int = 20
    statistic: str = "value"
    anchors: Anchors | None = None
    weight: float = 0.0
    owner: str = "owner"
    low: float = 0.0
    high: float = 1.0
    step: float = 0.01
    counter: tuple[str, ...] = ()
    dimension: str = ""
    goal: str = ""

    @property
    def scored(self) -> bool:
        """Whether the default scorecard holds it."""
        return self.anchors is not None


def _c(column: str) -> Measure:
    return count("conversations", column)


def _share(hits: str, of: str) -> Measure:
    return share("conversations", hits, of)


def _mean(total: str, n: str, values: str) -> Measure:
    return mean("conversations", total, n, values)


_COUNTER = ("satisfaction", "repeat_rate")
"""Who is fast at the customer's cost shows in these."""
_TIME: dict[str, Any] = {"low": 0.0, "high": 3600.0, "step": 5.0}

METRICS: tuple[Metric, ...] = (
    # volume: counted, never scored
    Metric("conversations", "volume", "count", 0, _c("conversations"), _ANY, min_n=0),
    Metric("messages", "volume", "count", 0, _c("messages"), (*_MESSAGES, ("agent_days.messages",)), min_n=0),
    Metric("bot_resolved", "volume", "count", 0, _c("bot_resolved"), _ANSWERED, min_n=0),
    Metric("needs_human", "volume", "count", 0, _c("needs_human"), _ANSWERED, min_n=0),
    Metric("answered_24h_human", "volume", "count", 0, _c("answered"), _ANSWERED, min_n=0),
    Metric("late", "volume", "count", 0, _c("late"), _ANSWERED, min_n=0),
    Metric("unanswered", "volume", "count", 0, _c("unanswered"), _ANSWERED, min_n=0),
    Metric("pending", "volume", "count", 0, _c("pending"), _ANSWERED, min_n=0),
    # efficiency
    Metric(
        "first_response",
        "efficiency",
        "seconds",
        -1,
        _mean("first_response_s", "first_response_n", "first_response_v"),
        (*_REPLY, ("agent_days.first_response", "agent_days.first_response_n")),
        statistic="median",
        anchors=Anchors(30, 120, 600),
        weight=30,
        counter=_COUNTER,
        dimension="efficiency",
        goal="customer",
        **_TIME,
    ),
    Metric(
        "first_response_greeted",
        "efficiency",
        "seconds",
        -1,
        _mean("greeted_s", "greeted_n", "greeted_v"),
        _MESSAGES,
        counter=_COUNTER,
        dimension="efficiency",
        goal="customer",
    ),
    Metric(
        "reply_time",
        "efficiency",
        "seconds",
        -1,
        mean("turns", "reply_s", "reply_n", "reply_v"),
        (*_MESSAGES, ("agent_days.reply_time", "agent_days.reply_time_n")),
        statistic="median",
        anchors=Anchors(30, 90, 300),
        weight=20,
        owner="answerer",
        counter=_COUNTER,
        dimension="efficiency",
        goal="customer",
        **_TIME,
    ),
    Metric(
        "response_rate_24h",
        "efficiency",
        "share",
        1,
        _share("responded", "response_of"),
        (*_ANSWERED, ("agent_days.response_rate_24h", "agent_days.conversations")),
        anchors=Anchors(0.98, 0.90, 0.75),
        weight=20,
        counter=_COUNTER,
        dimension="efficiency",
        goal="customer",
    ),
    Metric(
        "human_response_rate_24h", "efficiency", "share", 1, _share("answered", "human_of"), _ANSWERED,
        counter=_COUNTER, dimension="efficiency", goal="customer",
    ),
    Metric(
        "within_Ns", "efficiency", "share", 1, _share("within", "within_of"), _REPLY,
        counter=_COUNTER, dimension="efficiency", goal="customer",
    ),
    Metric(
        "within_Ns_answered", "efficiency", "share", 1, _share("within", "clocked"), _REPLY,
        counter=_COUNTER, dimension="efficiency", goal="customer",
    ),
    Metric(
        "resolution_time",
        "efficiency",
        "seconds",
        -1,
        _mean("resolution_s", "resolution_n", "resolution_v"),
        _CLOSE,
        counter=_COUNTER,
        dimension="efficiency",
        goal="customer",
    ),
    Metric(
        "first_resolution_time",
        "efficiency",
        "seconds",
        -1,
        _mean("first_resolution_s", "first_resolution_n", "first_resolution_v"),
        _CLOSE,
        counter=_COUNTER,
        dimension="efficiency",
        goal="customer",
    ),
    Metric(
        "handle_time",
        "efficiency",
        "seconds",
        -1,
        _mean("handle_s", "handle_n", "handle_v"),
        (*_MESSAGES, ("conversations.handle_s",)),
        counter=_COUNTER,
        dimension="efficiency",
        goal="cost",
    ),
    Metric(
        "handled_per_hour",
        "efficiency",
        "per_hour",
        1,
        ratio("hours", "handled", "hours"),
        (
            ("roster.start_at", "roster.end_at"),
            *_MESSAGES,
            ("agent_days.conversations", "agent_days.hours"),
            ("agent_days.conversations", "agent_days.online_s"),
        ),
        anchors=Anchors(12, 6, 2),
        weight=15,
        low=0.0,
        high=60.0,
        step=0.5,
        counter=_COUNTER,
        dimension="efficiency",
        goal="cost",
    ),
    Metric(
        "fcr",
        "efficiency",
        "share",
        1,
        _share("fcr_hits", "fcr_of"),
        _CUSTOMER,
        anchors=Anchors(0.85, 0.70, 0.50),
        weight=15,
        dimension="knowledge",
        goal="cost",
    ),
    Metric("repeat_rate", "efficiency", "share", -1, _share("repeat_hits", "repeat_of"), _CUSTOMER, dimension="knowledge", goal="cost"),
    Metric(
        "resolved_rate",
        "efficiency",
        "share",
        1,
        _share("resolved", "resolved_of"),
        (("conversations.resolved",), ("agent_days.resolved", "agent_days.conversations"), ("messages.resolved",)),
        dimension="knowledge",
        goal="cost",
    ),
    Metric(
        "resolved_rate_answered",
        "efficiency",
        "share",
        1,
        _share("resolved_answered", "resolved_answered_of"),
        (
            ("conversations.resolved", "conversations.answered"),
            ("conversations.resolved", "conversations.first_human_reply_at"),
            ("conversations.resolved", "conversations.wait_s"),
            ("messages.resolved",),
            ("conversations.resolved", "messages.sender"),
        ),
        dimension="knowledge",
        goal="cost",
    ),
    Metric(
        "transfer_rate",
        "efficiency",
        "share",
        -1,
        _share("transferred", "transfer_of"),
        (("messages.agent_id", "messages.sender"), ("conversations.transfers",), ("transfers.requested_at",)),
        dimension="knowledge",
        goal="cost",
    ),
    Metric(
        "transfer_time",
        "efficiency",
        "seconds",
        -1,
        mean("transfers", "transfer_s", "transfer_n", "transfer_v"),
        (("transfers.requested_at", "transfers.accepted_at"),),
        dimension="efficiency",
        goal="cost",
    ),
    # quality
    Metric(
        "satisfaction",
        "quality",
        "share",
        1,
        share("ratings", "satisfied", "rated"),
        (*_CSAT, ("agent_days.satisfied", "agent_days.rated"), ("agent_days.satisfaction", "agent_days.rated")),
        anchors=Anchors(0.95, 0.85, 0.60),
        weight=50,
        dimension="attitude",
        goal="customer",
    ),
    Metric(
        "csat_mean",
        "quality",
        "rating",
        1,
        mean("ratings", "csat_sum", "rated", "csat_v"),
        (*_CSAT, ("agent_days.csat_mean", "agent_days.rated")),
        dimension="attitude",
        goal="customer",
    ),
    Metric("csat_coverage", "quality", "share", 1, _share("rated_of_asked", "could_be_rated"), _CSAT, goal="customer"),
    Metric(
        "qa_score",
        "quality",
        "points",
        1,
        mean("reviews", "qa_sum", "qa_n", "qa_v"),
        (("reviews.score",),),
        min_n=5,
        anchors=Anchors(95, 80, 50),
        weight=25,
        owner="reviewed",
        low=0.0,
        high=100.0,
        step=1.0,
        dimension="communication",
        goal="customer",
    ),
    Metric(
        "peer_review",
        "quality",
        "points",
        1,
        mean("ratings_360", "peer_sum", "peer_n", "peer_v"),
        (("reviews.score", "reviews.rater_type"),),
        min_n=3,
        anchors=Anchors(95, 80, 50),
        weight=0,
        owner="reviewed",
        low=0.0,
        high=100.0,
        step=1.0,
        dimension="communication",
        goal="customer",
    ),
    Metric(
        "complaint_rate",
        "quality",
        "share",
        -1,
        _share("complaints", "complaint_of"),
        (("conversations.complaint",), ("agent_days.complaints", "agent_days.conversations"), ("messages.complaint",)),
        min_n=50,
        anchors=Anchors(0.005, 0.02, 0.08),
        weight=15,
        step=0.001,
        dimension="attitude",
        goal="customer",
    ),
    Metric(
        "complaint_solved",
        "quality",
        "share",
        1,
        _share("complaints_solved", "complaints_judged"),
        (
            ("conversations.complaint", "conversations.complaint_solved"),
            ("messages.complaint", "messages.complaint_solved"),
        ),
        min_n=10,
        dimension="knowledge",
        goal="customer",
    ),
    Metric(
        "courtesy",
        "quality",
        "share",
        1,
        _share("courteous", "courtesy_of"),
        (("messages.text", "messages.sender"),),
        anchors=Anchors(0.95, 0.80, 0.40),
        weight=10,
        dimension="attitude",
        goal="customer",
    ),
    # business
    Metric(
        "conversion",
        "business",
        "share",
        1,
        share("sales", "converted", "inquirers"),
        (
            ("agent_days.conversion", "agent_days.inquirers"),
            ("orders.paid_at", "orders.customer_id", "messages.customer_id"),
            ("orders.paid_at", "orders.customer_id", "conversations.customer_id"),
        ),
        anchors=Anchors(0.35, 0.20, 0.05),
        weight=60,
        owner="sale",
        goal="revenue",
    ),
    Metric(
        "aov",
        "business",
        "ratio",
        1,
        ratio("sales", "relative_value", "related"),
        (
            ("orders.amount", "orders.customer_id", "messages.customer_id"),
            ("orders.amount", "orders.customer_id", "conversations.customer_id"),
        ),
        anchors=Anchors(1.15, 0.95, 0.60),
        weight=20,
        owner="sale",
        low=0.0,
        high=3.0,
        step=0.01,
        goal="revenue",
    ),
    Metric(
        "aov_amount",
        "business",
        "money",
        1,
        ratio("sales", "value", "buyers"),
        (
            ("orders.amount", "orders.customer_id", "messages.customer_id"),
            ("orders.amount", "orders.customer_id", "conversations.customer_id"),
        ),
        owner="sale",
        goal="revenue",
    ),
    Metric(
        "return_rate",
        "business",
        "share",
        -1,
        share("sales", "returned", "return_of"),
        (("orders.returned", "orders.customer_id"), ("orders.refunded_at", "orders.customer_id")),
        anchors=Anchors(0.03, 0.08, 0.20),
        weight=20,
        owner="sale",
        goal="revenue",
    ),
    Metric(
        "dispute_rate",
        "business",
        "share",
        -1,
        share("sales", "disputed", "return_of"),
        (("orders.disputed", "orders.customer_id"),),
        owner="sale",
        goal="revenue",
    ),
)

BY_KEY = {metric.key: metric for metric in METRICS}
SCORED = tuple(metric for metric in METRICS if metric.scored)


def metric(key: str) -> Metric:
    """The metric with this key; an unknown key is refused with the nearest known one.

    >>> metric("fcr").unit
    'share'
    """
    if key not in BY_KEY:
        facts = {"hint": did_you_mean(key, BY_KEY), "known": ", ".join(BY_KEY)}
        raise ScenarioError(Issue("unknown_metric", "error", value=key, facts=facts))
    return BY_KEY[key]


SHARES_FROM, TIMES_FROM = 30.0, 50.0
"""Cases from which on a share and a time are judged (statistics of small numbers: an interval is shown earlier)."""


def judged_from(found: Metric) -> float:
    """Cases from which on an agent's figure is judged.

    >>> [judged_from(BY_KEY[key]) for key in ("satisfaction", "complaint_rate", "first_response", "qa_score")]
    [30.0, 50.0, 50.0, 5.0]
    """
    if found.unit == "seconds":
        return TIMES_FROM
    return max(SHARES_FROM, float(found.min_n)) if found.measure.kind == "share" else float(found.min_n)
