"""Rule sets as data: which clock a platform reads, what it leaves out, and where that is written (definitions: the platform board).

Facts know no rule set; a rule set chooses among their clocks. Same log, another rule set, no second pass over the messages.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import Issue, ScenarioError, did_you_mean

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class RuleSet:
    """One platform's way of counting responses.

    Args:
        key: stable name.
        market, date, source, strength: where the rule applies, when it was read, who states it, how firm that is
            (``platform`` = the platform's own page, ``reported`` = second hand).
        window_h: hours within which a human reply counts as answered, inclusive.
        statistic: what the platform prints for first response, ``mean`` or ``median``.
        smart_counts: whether a conversation solved by smart reception counts as responded (else it is left out).
        clock: what the response clock reads: ``human`` start → first human reply; ``any`` start → first reply of any kind; ``turn`` each
            turn's first ask → its first human answer; ``agent_second`` as ``human``, but the second human message where the agent started;
            ``handed`` the last bot message or reopening before it → first human reply.
        rated: whether the platform states a rate at all.
        hours: local hours [from, to) in which a start counts for the rate; None for all day.
        cap_s: a single wait counts at most so long; None for no cap.
    """

    key: str
    market: str
    date: str
    source: str
    strength: str
    window_h: float = 24.0
    statistic: str = "mean"
    smart_counts: bool = True
    clock: str = "human"
    rated: bool = True
    hours: tuple[int, int] | None = None
    cap_s: float | None = None

    @property
    def board(self) -> bool:
        """Whether it counts as the platform board of the definitions does; the others bring a clock or a rate of their own."""
        return self.clock == "human" and self.rated and self.hours is None


RULE_SETS: tuple[RuleSet, ...] = (
    RuleSet("tiktok_24h", "UK, SEA", "2025-01-17", "TikTok Shop service analytics board", "platform"),
    RuleSet("tiktok_12h", "UK, SEA", "2025", "TikTok Shop 12-hour response rate", "reported", 12.0, smart_counts=False),
    RuleSet(
        "taobao_3min", "China", "2026-11", "Taobao/Tmall 3-minute human response rate", "reported", 0.05,
        smart_counts=False, clock="turn", hours=(8, 23), cap_s=600.0,
    ),
    RuleSet("jd_30s", "China", "2026-11", "JD 30-second response rate", "reported", 30 / 3600, clock="any", hours=(9, 23)),
    RuleSet(
        "zendesk", "international", "2026-11", "Zendesk first reply time", "reported", 24.0, "median", clock="agent_second", rated=False,
    ),
    RuleSet("gorgias", "international", "2026-11", "Gorgias first response time", "reported", 24.0, "median", rated=False),
    RuleSet("chatwoot", "international", "2026-11", "Chatwoot first response time", "reported", 24.0, clock="handed", rated=False),
)  # fmt: skip
_BY_KEY = {rule.key: rule for rule in RULE_SETS}


def rule_set(key: str) -> RuleSet:
    """The rule set with this key.

    >>> rule_set("tiktok_24h").window_h
    24.0
    """
    if key not in _BY_KEY:
        facts = {"hint": did_you_mean(key, _BY_KEY), "known": ", ".join(_BY_KEY)}
        raise ScenarioError(Issue("unknown_rules", "error", value=key, facts=facts))
    return _BY_KEY[key]
