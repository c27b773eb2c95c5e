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
    """

    key: str
    market: str
    date: str
    source: str
    strength: str
    window_h: float = 24.0
    statistic: str = "mean"
    smart_counts: bool = True


RULE_SETS: tuple[RuleSet, ...] = (
    RuleSet("tiktok_24h", "UK, SEA", "2025-01-17", "TikTok Shop service analytics board", "platform"),
    RuleSet("tiktok_12h", "UK, SEA", "2025", "TikTok Shop 12-hour response rate", "reported", 12.0, smart_counts=False),
)
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
