"""The scenario desk in a real browser: what was chosen is what is shown, on every part of the page."""

from __future__ import annotations

from typing import Any

from core.text import Text

EN = Text("en")
SETTLED = 60_000


def _shown(page: Any, label: str) -> Any:
    """The choice that stands under a label."""
    return page.get_by_role("combobox", name=label, exact=True).first


def test_a_saved_scenario_is_compared_and_every_part_shows_what_was_chosen(visit: Any) -> None:
    """Turn a weight, save it, go from part to part: from and to stay as chosen, and the moves are told."""
    page = visit("whatif?w_business=60", "en-US")
    page.get_by_label(EN("whatif.desk.name")).fill("sell more")
    page.get_by_role("button", name=EN("whatif.desk.save")).click()
    page.get_by_text(EN("whatif.desk.download")).wait_for(timeout=SETTLED)
    page.wait_for_timeout(1_500)
    for part in ("moves", "desk", "moves"):
        page.get_by_role("radio", name=EN(f"whatif.part.{part}"), exact=True).click()
        page.get_by_text(EN("whatif.moves.causes" if part == "moves" else "whatif.desk.name")).first.wait_for(
            timeout=SETTLED
        )
        page.wait_for_timeout(1_500)
        assert _shown(page, EN("whatif.side.a")).input_value() == EN("whatif.scenario.default")
        assert _shown(page, EN("whatif.side.b")).input_value() == EN("whatif.scenario.now")
    page.locator("[data-testid=stVegaLiteChart]").first.wait_for(timeout=SETTLED)
