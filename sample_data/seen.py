"""What a newcomer sees when the written files go through the product with its defaults: grades, short hours, moves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from core.engine import Observed, build_facts, observe
from core.ingest import Choices, InputFile, load
from core.recompute import demand, measure, staffing_knobs
from core.scenario import Scenario
from core.scoring import persons, score
from core.staffing import plan
from sample_data.story import Story


def seen(files: list[Path], story: Story) -> dict[str, Any]:
    """Counts of grades, the range of handled_per_hour, and staffing before and after the change of roster.

    Only whole numbers and one decimal: the README quotes them, and they should not move with the last digit of a figure.
    """
    observed = observe(build_facts(load([InputFile.of(path) for path in files], Choices())))
    people = persons(measure(observed).agents)
    found = score(people)
    counts = found.distribution().set_index("grade")["count"]
    graded = people.column("handled_per_hour")[found.grade != "insufficient_data"]
    last = story.start + timedelta(days=7 * story.story_weeks - 1)
    before = _staffing(observed, {"to": last.isoformat()}, story.weekday)
    after = _staffing(observed, {"from": (last + timedelta(days=1)).isoformat()}, story.weekday)
    return {
        **{f"grade_{grade}": int(n) for grade, n in counts.items()},
        "handled_per_hour_lowest": round(float(graded.min()), 1),
        "handled_per_hour_highest": round(float(graded.max()), 1),
        **{f"{key}_before": value for key, value in before.items()},
        **{f"{key}_after": value for key, value in after.items()},
    }


def _staffing(observed: Observed, period: dict[str, str], weekday: int) -> dict[str, Any]:
    scenario = Scenario.of({"period": "custom"} | period)
    result = plan(demand(observed, scenario), staffing_knobs(scenario))
    slots = result.slots
    mine = slots[slots["weekday"] == weekday]
    return {
        "short": [int(start) // 60 for start in mine.loc[mine["gap"] < 0, "start"]],
        "short_elsewhere": int(((slots["weekday"] != weekday) & (slots["gap"] < 0)).sum()),
        "required": mine["required"].astype(int).tolist(),
        "supplied": mine["supplied"].round(2).tolist(),
        "under_hours": round(result.under_hours, 1),
        "over_hours": round(result.over_hours, 1),
        "moves": len(result.moves),
        "moved_hours": round(float(result.moves["hours"].sum()), 1),
    }
