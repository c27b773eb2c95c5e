"""What is planted in a sample log: weekday, sizes, agents. Everything else follows from it and its seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

AGENTS = (
    "Lin Xiao", "Chen Wei", "Zhao Min", "Wang Fang", "Liu Yang", "Sun Jie", "Zhou Ting", "Wu Hao", "Xu Jing",
    "Hu Bin", "Guo Lei", "He Qian", "Gao Ning", "Ma Rui", "Luo Dan", "Marie Dubois", "Anna Keller", "Yuki Tanaka",
    "Sofia Garcia", "Tom Baker", "Deng Yu", "Tang Kai", "Feng Lan", "Cao Peng", "Shen Yi",
)  # fmt: skip
CATEGORIES = ("shipping", "returns", "size", "refund", "product", "promo")
LANGUAGES = ("zh", "en", "fr", "de", "ja", "es")
CAUSES = ("volume", "staff", "handling", "mix")
OCCUPIED = 0.5  # how much of the time left for chats an ordinary day takes, where waits follow from load
# per cent more wait for one per cent more load on all hours, and for one per cent of the hours missing in the busy ones
ANSWER, ANSWER_OF_BUSY = 2.2, 2.8
ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class Story:
    """The planted facts of one sample log; agents are named, so no code needs to know which they are.

    Shares are 0–1. `*_change` is the relative change of an agent's typical first response from the first to the
    last day; `reroster_cost` is what every day pays for the agents moved to the planted weekday after `story_weeks`.
    `planted=False` keeps the shop and removes every effect (see `null_story`).

    With `follows` nobody scales the waits of the weekday to a ratio: they follow from that day's load by a real mechanism (see
    `sample_data.receptions`), and `cause` says what was changed: `weekday_volume`, `weekday_staff` (hours of duty),
    `weekday_handling` (seconds of work per conversation) or `weekday_mix` (how much of the day becomes `slow_label` of `slow_by`,
    which takes `slow_pace` times as long every day). `weekday_ratio` is then only what was aimed at.

    >>> Story().weekday, Story().weekday_ratio
    (4, 1.25)
    """

    seed: int = 8
    start: date = date(2026, 3, 2)
    weeks: int = 12
    conversations: int = 7900
    planted: bool = True
    weekday: int = 4
    weekday_ratio: float = 1.25
    weekday_volume: float = 1.35
    weekend_volume: float = 0.85
    cause: str = "volume"
    follows: bool = False
    weekday_staff: float = 1.0
    weekday_handling: float = 1.0
    weekday_mix: float = 0.0
    slow_by: str = "category"
    slow_label: str = "returns"
    slow_pace: float = 1.0
    story_weeks: int = 8
    reroster_cost: float = 0.045
    improving: str = "Chen Wei"
    improving_change: float = -0.7
    declining: str = "Wang Fang"
    declining_change: float = 2.4
    fast_empty: str = "Tom Baker"
    night: str = "Deng Yu"
    thin: str = "Shen Yi"
    thin_conversations: int = 6
    six_ratings: str = "Gao Ning"
    ratings: int = 6
    equal: tuple[str, ...] = (
        "Lin Xiao", "Zhao Min", "Liu Yang", "Sun Jie", "Zhou Ting", "Wu Hao", "Xu Jing", "Hu Bin", "Guo Lei", "He Qian",
    )  # fmt: skip
    simpson: tuple[str, str] = ("Yuki Tanaka", "Ma Rui")
    simpson_advantage: float = 0.2
    waiting_category: str = "refund"
    waiting_team: str = "Finance"
    holiday_language: str = "de"
    holiday_first_day: int = 37
    holiday_days: int = 4

    def __post_init__(self) -> None:
        """Refuse a start that is no Monday, unknown or doubled agents, and logs beyond the agreed size."""
        if self.start.weekday() != 0:
            raise ValueError(f"start must be a Monday, not {self.start:%A}")
        if not 0 < self.conversations <= 8000:
            raise ValueError("conversations must lie between 1 and 8,000")
        cast = self.cast
        if len(set(cast)) != len(cast) or not set(cast) <= set(AGENTS):
            raise ValueError("every role needs its own agent out of AGENTS")

    @property
    def cast(self) -> tuple[str, ...]:
        """Names with a role, each once: ten equal, improving, declining, six_ratings, thin, fast_empty, pair, night."""
        single = (self.improving, self.declining, self.six_ratings, self.thin, self.fast_empty)
        return (*self.equal, *single, *self.simpson, self.night)

    @property
    def days(self) -> int:
        """Number of local days the log covers."""
        return 7 * self.weeks


def null_story(seed: int) -> Story:
    """The same shop with nothing planted: no weekday effect, no trend, all agents equal, no re-rostering."""
    return Story(
        seed=seed, planted=False, weekday_ratio=1.0, weekday_volume=1.0, weekend_volume=1.0, story_weeks=12,
        reroster_cost=0.0, improving_change=0.0, declining_change=0.0, simpson_advantage=0.0,
    )  # fmt: skip


def other_story(seed: int) -> Story:
    """Another weekday, size and agents than the committed log, drawn from the seed (for power studies)."""
    rng = np.random.default_rng([seed, 7])
    names = [AGENTS[i] for i in rng.permutation(len(AGENTS))]
    return Story(
        seed=seed,
        weekday=int(rng.choice([0, 1, 2, 3, 5, 6])),
        weekday_ratio=round(float(rng.uniform(1.25, 1.4)), 2),
        weekday_volume=round(float(rng.uniform(1.25, 1.5)), 2),
        improving=names[10], declining=names[11], six_ratings=names[12], thin=names[13], fast_empty=names[14],
        simpson=(names[15], names[16]), night=names[17], equal=tuple(names[:10]),
        improving_change=round(float(rng.uniform(-0.76, -0.7)), 2),
        declining_change=round(float(rng.uniform(2.4, 3.0)), 2),
        waiting_category=str(rng.choice(CATEGORIES)),
    )  # fmt: skip


def cause_story(seed: int, cause: str = "") -> Story:
    """A slow weekday with one cause, whose waits follow from it: another weekday, size and agents with every seed.

    Without `cause` the seed takes its turn through `CAUSES`. The aimed ratio lies between 1.18 and 1.6.
    """
    rng = np.random.default_rng([seed, 11])
    other = other_story(seed)
    cause = cause or CAUSES[seed % len(CAUSES)]
    ratio = float(rng.uniform(1.18, 1.6))
    load = ratio ** (1 / ANSWER)
    by = str(rng.choice(["category", "language", "channel"]))
    label = {"category": "returns", "language": "fr", "channel": "social"}[by]
    pace = float(rng.uniform(2.5, 3.5))
    usual = {"category": 0.15, "language": 0.12, "channel": 0.15}[by]
    mix = min((ratio - 1) * (1 + usual * (pace - 1)) / ((pace - 1) * (1 - usual)), 0.95)
    planted = {
        "volume": {"weekday_volume": load}, "staff": {"weekday_staff": ratio ** (-1 / ANSWER_OF_BUSY)},
        "handling": {"weekday_handling": load},
        "mix": {"weekday_mix": mix, "slow_by": by, "slow_label": label, "slow_pace": pace},
    }  # fmt: skip
    plain = {"weekday_volume": 1.0, "weekend_volume": 1.0, "story_weeks": other.weeks, "reroster_cost": 0.0}
    sizes = {name: round(value, 3) if isinstance(value, float) else value for name, value in planted[cause].items()}
    return replace(
        other, **(plain | sizes), weekday=int(rng.integers(0, 7)), weekday_ratio=round(ratio, 2), cause=cause, follows=True
    )
